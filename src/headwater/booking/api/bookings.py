"""Bookings, series and the waiting list."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from headwater.accounts.api import caller
from headwater.booking import queries
from headwater.booking.actions.changing import cancel, decide_request, hand_over, move
from headwater.booking.actions.reserving import Ask, Repeat, book, book_series, preview
from headwater.booking.actions.waiting import Wish, take_hold, wait, withdraw
from headwater.booking.api.shapes import (
    PROBLEMS,
    Body,
    Day,
    DecisionOut,
    Flag,
    Instant,
    Note,
    Project,
    PublicId,
    ReservationOut,
    Whole,
    WishOut,
    decision_out,
    expected_version,
    once,
    reservation_out,
    tagged,
    wish_out,
)
from headwater.booking.entries import sees_whose
from headwater.booking.models import Reservation
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.api.pages import viewer_for

router = Router(tags=["booking"])
MOST_LISTED = 1000


class AskIn(Body):
    """Time asked for. `holder` is the address of whom it is for (managers may); `terms` says how it is to be paid."""

    instrument: PublicId
    start: Instant
    end: Instant
    project: Project = ""
    note: Note = ""
    holder: str = Field("", max_length=254)
    terms: dict[str, Any] = Field({}, max_length=20)
    waive: list[str] = Field([], max_length=20, description="Codes of waivable reasons to pass; managers may.")
    ground: str = Field("", max_length=2000, description="On what ground rules are passed.")

    def ask(self) -> Ask:
        return Ask(self.instrument, self.start, self.end, self.project, self.note, self.holder, self.terms)


def _fresh(row: Reservation) -> Reservation:
    """The row as stored, with all that its shape names; one query."""
    found = queries.reservation(row.public_id)
    assert found is not None
    return found


def _shown(request: HttpRequest, public_id: str) -> Reservation:
    row = queries.reservation(public_id)
    if row is None or not sees_whose(row, row.instrument, viewer_for(request)):
        raise Refused(Decision((Reason("reservation.not_found"),)))
    return row


def _signed_in(request: HttpRequest) -> int:
    if request.user.pk is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    return int(request.user.pk)


@router.post("/bookings/decision", response={200: DecisionOut, **PROBLEMS}, summary="Ask whether time may be booked")
def post_decision(request: HttpRequest, body: AskIn) -> Any:
    """The decision that booking would come to now, with all reasons; nothing is booked."""
    return decision_out(preview(body.ask(), viewer_for(request), by=caller(request), at=timezone.now()))


@router.post("/bookings", response={201: ReservationOut, **PROBLEMS}, summary="Book time")
def post_booking(request: HttpRequest, response: HttpResponse, body: AskIn) -> Any:
    """Book. Send an `Idempotency-Key` header: a request that is sent again then books once."""

    def work() -> tuple[int, Any]:
        made = book(
            body.ask(),
            viewer_for(request),
            by=caller(request),
            at=timezone.now(),
            waive=tuple(body.waive),
            ground=body.ground,
        )
        return 201, reservation_out(made)

    status, answer = once(request, work)
    response["ETag"] = f'"{answer["version"]}"'
    return Status(status, answer)


class Mine(Schema):
    since: Instant | None = Field(None, description="Reservations that end after it; now where it is left out.")


@router.get("/bookings", response={200: list[ReservationOut], **PROBLEMS}, summary="List my reservations")
def list_bookings(request: HttpRequest, wanted: Query[Mine]) -> Any:
    """One's own reservations in order of time, at most 1,000."""
    rows = queries.reservations_of(_signed_in(request), since=wanted.since or timezone.now())
    return [reservation_out(one) for one in rows[:MOST_LISTED]]


@router.get("/bookings/{public_id}", response={200: ReservationOut, **PROBLEMS}, summary="Read a reservation")
def get_booking(request: HttpRequest, response: HttpResponse, public_id: PublicId) -> Any:
    row = _shown(request, public_id)
    tagged(response, row)
    return reservation_out(row)


class MoveIn(Body):
    """The new time; what is left out stays."""

    start: Instant | None = None
    end: Instant | None = None
    version: Whole | None = Field(None, ge=1, le=10**9, description="The version you read, or send it as `If-Match`.")
    waive: list[str] = Field([], max_length=20)
    ground: str = Field("", max_length=2000)


@router.patch("/bookings/{public_id}", response={200: ReservationOut, **PROBLEMS}, summary="Move or shorten a booking")
def patch_booking(request: HttpRequest, response: HttpResponse, public_id: PublicId, body: MoveIn) -> Any:
    row, version = _shown(request, public_id), expected_version(request, body.version)
    moved = move(
        public_id,
        body.start or row.start,
        body.end or row.end,
        viewer_for(request),
        expected_version=version,
        by=caller(request),
        at=timezone.now(),
        waive=tuple(body.waive),
        ground=body.ground,
    )
    tagged(response, moved)
    return reservation_out(_fresh(moved))


class VersionIn(Body):
    version: Whole | None = Field(None, ge=1, le=10**9, description="The version you read, or send it as `If-Match`.")


@router.post("/bookings/{public_id}/cancel", response={200: ReservationOut, **PROBLEMS}, summary="Cancel a reservation")
def post_cancel(request: HttpRequest, public_id: PublicId, body: VersionIn) -> Any:
    """Give time up; whoever waits for it is served in the same instant."""
    version = expected_version(request, body.version)
    row = cancel(public_id, viewer_for(request), expected_version=version, by=caller(request), at=timezone.now())
    return reservation_out(_fresh(row))


class HandIn(VersionIn):
    to: str = Field(max_length=254, description="The address of whom it is handed to.")


@router.post("/bookings/{public_id}/hand-over", response={200: ReservationOut, **PROBLEMS}, summary="Hand it over")
def post_hand_over(request: HttpRequest, public_id: PublicId, body: HandIn) -> Any:
    version = expected_version(request, body.version)
    row = hand_over(
        public_id, body.to, viewer_for(request), expected_version=version, by=caller(request), at=timezone.now()
    )
    return reservation_out(_fresh(row))


class DecideIn(VersionIn):
    approve: Flag


@router.post("/bookings/{public_id}/decide", response={200: ReservationOut, **PROBLEMS}, summary="Approve or decline")
def post_decide(request: HttpRequest, public_id: PublicId, body: DecideIn) -> Any:
    row = decide_request(
        public_id,
        viewer_for(request),
        approve=body.approve,
        expected_version=expected_version(request, body.version),
        by=caller(request),
        at=timezone.now(),
    )
    return reservation_out(_fresh(row))


@router.post("/bookings/{public_id}/take", response={200: ReservationOut, **PROBLEMS}, summary="Take time held for me")
def post_take(request: HttpRequest, public_id: PublicId) -> Any:
    """Turn time that is held for a waiting wish into a booking, before the hold ends."""
    row = take_hold(public_id, viewer_for(request), by=caller(request), at=timezone.now())
    return reservation_out(_fresh(row))


# Series ---------------------------------------------------------------------------------------------------------
class SeriesIn(AskIn):
    """A booking that is made again every so many days, at the same time by the instrument's clocks."""

    every_days: Whole = Field(7, ge=1, le=366)
    times: Whole = Field(ge=2, le=60)
    without: list[Day] = Field([], max_length=60, description="Days to leave out.")
    skip_conflicts: Flag = Field(False, description="Book what is free and say what is not; else all or nothing.")


class SkippedOut(Schema):
    day: str
    decision: DecisionOut


class SeriesOut(Schema):
    id: str
    booked: list[ReservationOut]
    skipped: list[SkippedOut]


@router.post("/series", response={201: SeriesOut, **PROBLEMS}, summary="Book a series")
def post_series(request: HttpRequest, body: SeriesIn) -> Any:
    def work() -> tuple[int, Any]:
        repeat = Repeat(body.every_days, body.times, frozenset(body.without), body.skip_conflicts)
        made = book_series(body.ask(), repeat, viewer_for(request), by=caller(request), at=timezone.now())
        return 201, {
            "id": made.series.public_id,
            "booked": [reservation_out(one) for one in made.booked],
            "skipped": [{"day": day.isoformat(), "decision": decision_out(why)} for day, why in made.skipped],
        }

    return Status(*once(request, work))


# The waiting list -----------------------------------------------------------------------------------------------
class WishIn(Body):
    """So many minutes within a window; time that is free already is held at once."""

    instrument: PublicId
    start: Instant
    end: Instant
    minutes: Whole = Field(ge=1, le=86_400)
    project: Project = ""


@router.post("/wishes", response={201: WishOut, **PROBLEMS}, summary="Join a waiting list")
def post_wish(request: HttpRequest, body: WishIn) -> Any:
    def work() -> tuple[int, Any]:
        wish = Wish(body.instrument, body.start, body.end, body.minutes, body.project)
        return 201, wish_out(wait(wish, viewer_for(request), by=caller(request), at=timezone.now()))

    return Status(*once(request, work))


@router.get("/wishes", response={200: list[WishOut], **PROBLEMS}, summary="List what I wait for")
def list_wishes(request: HttpRequest) -> Any:
    return [wish_out(one) for one in queries.wishes_of(_signed_in(request))]


@router.delete("/wishes/{public_id}", response={200: WishOut, **PROBLEMS}, summary="Leave a waiting list")
def delete_wish(request: HttpRequest, public_id: PublicId) -> Any:
    return wish_out(withdraw(public_id, viewer_for(request), by=caller(request), at=timezone.now()))
