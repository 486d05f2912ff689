"""At the instrument: start, stop, and what was used; calendar addresses."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status

from headwater.accounts.api import caller
from headwater.booking import queries
from headwater.booking.actions.feeds import close_feed, open_feed
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.actions.using import start_use, stop_use
from headwater.booking.api.calendars import MOST_DAYS, Between, _sound
from headwater.booking.api.shapes import PROBLEMS, Body, PublicId, once, text
from headwater.booking.facts import asker_of
from headwater.booking.models import Usage
from headwater.booking.rules import may_manage_time
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.api.pages import viewer_for

router = Router(tags=["booking"])


class UsageOut(Schema):
    """Use from start to stop; `settled` says that nobody stopped it and the rules did."""

    id: str
    instrument: str
    reservation: str | None
    user: str
    started_at: str
    stopped_at: str | None
    hours: float | None
    settled: bool


def usage_out(row: Usage, instrument: str) -> dict[str, Any]:
    hours = None if row.stopped_at is None else round((row.stopped_at - row.started_at).total_seconds() / 3600, 4)
    return {
        "id": row.public_id,
        "instrument": instrument,
        "reservation": row.reservation.public_id if row.reservation else None,
        "user": row.user.email,
        "started_at": text(row.started_at),
        "stopped_at": text(row.stopped_at) if row.stopped_at else None,
        "hours": hours,
        "settled": row.settled,
    }


@router.post("/instruments/{public_id}/start", response={201: UsageOut, **PROBLEMS}, summary="Start to use it")
def post_start(request: HttpRequest, public_id: PublicId) -> Any:
    """Start, against one's reservation where there is one. An interlock may call this with its user's token."""

    def work() -> tuple[int, Any]:
        return 201, usage_out(
            start_use(public_id, viewer_for(request), by=caller(request), at=timezone.now()), public_id
        )

    return Status(*once(request, work))


@router.post("/instruments/{public_id}/stop", response={200: UsageOut, **PROBLEMS}, summary="Stop using it")
def post_stop(request: HttpRequest, public_id: PublicId) -> Any:
    def work() -> tuple[int, Any]:
        return 200, usage_out(
            stop_use(public_id, viewer_for(request), by=caller(request), at=timezone.now()), public_id
        )

    return Status(*once(request, work))


@router.get("/instruments/{public_id}/usage", response={200: list[UsageOut], **PROBLEMS}, summary="Read what was used")
def get_usage(request: HttpRequest, public_id: PublicId, wanted: Query[Between]) -> Any:
    """For the instrument's managers."""
    _sound(wanted, MOST_DAYS)
    viewer = viewer_for(request)
    instrument = found_instrument(public_id, viewer)
    permit(may_manage_time(asker_of(viewer, instrument.owner_id)))
    rows = queries.usages_in([instrument.pk], wanted.start, wanted.end).select_related("user", "reservation")
    return [usage_out(one, public_id) for one in rows]


class FeedIn(Body):
    """Which calendar: an instrument's, or one's own where it is left out."""

    instrument: PublicId = ""


class FeedOut(Schema):
    id: int
    instrument: str | None
    made_at: str


class FeedMade(FeedOut):
    """The secret address is told this once."""

    path: str


@router.post("/feeds", response={201: FeedMade, **PROBLEMS}, summary="Make a calendar address")
def post_feed(request: HttpRequest, body: FeedIn) -> Any:
    feed, secret = open_feed(viewer_for(request), instrument_id=body.instrument, by=caller(request), at=timezone.now())
    return Status(201, {**_feed_out(feed), "path": f"/calendars/{secret}.ics"})


def _feed_out(feed: Any) -> dict[str, Any]:
    instrument = feed.instrument.public_id if feed.instrument else None
    return {"id": feed.pk, "instrument": instrument, "made_at": text(feed.made_at)}


@router.get("/feeds", response={200: list[FeedOut], **PROBLEMS}, summary="List my calendar addresses")
def list_feeds(request: HttpRequest) -> Any:
    if request.user.pk is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    return [_feed_out(one) for one in queries.feeds_of(request.user.pk)]


@router.delete("/feeds/{feed_id}", response={204: None, **PROBLEMS}, summary="Revoke a calendar address")
def delete_feed(request: HttpRequest, feed_id: int) -> Any:
    if request.user.pk is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    if not 0 <= feed_id < 2**63:
        raise Refused(Decision((Reason("record.not_found"),)))
    close_feed(feed_id, viewer_for(request), by=caller(request), at=timezone.now())
    return Status(204, None)
