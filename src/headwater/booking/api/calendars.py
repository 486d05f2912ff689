"""Calendars: what is taken, what is open, and the soonest free time."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from headwater.booking import queries
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.api.shapes import PROBLEMS, Instant, PublicId, text
from headwater.booking.entries import entries
from headwater.booking.facts import instants
from headwater.booking.finding import MOST_ASKED, soonest
from headwater.booking.policies import in_force_with
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.api.pages import viewer_for

router = Router(tags=["booking"])
MOST_DAYS = 100
MOST_DAYS_EVERYWHERE = 31
MOST_ENTRIES = 20_000


class Between(Schema):
    start: Instant
    end: Instant


class Free(Schema):
    start: str
    end: str


class EntryOut(Schema):
    """Taken time. Whose it is, is told to its holder and to the instrument's managers alone."""

    start: str
    end: str
    kind: str
    state: str
    mine: bool
    id: str | None
    holder: str | None
    project: str | None
    note: str | None


class CalendarOut(Schema):
    """An instrument's calendar between two instants; `open` are its opening hours, laid out."""

    instrument: str
    zone: str
    step_minutes: int
    min_minutes: int
    max_minutes: int
    open: list[Free]
    taken: list[EntryOut]


def _sound(wanted: Between, most_days: int) -> None:
    if wanted.end <= wanted.start:
        raise Refused(Decision((Reason("booking.ends_before_start"),)))
    if wanted.end - wanted.start > timedelta(days=most_days):
        raise Refused(Decision((Reason("calendar.too_long", facts={"most": most_days}),)))


@router.get("/instruments/{public_id}/calendar", response={200: CalendarOut, **PROBLEMS}, summary="Read a calendar")
def get_calendar(request: HttpRequest, public_id: PublicId, wanted: Query[Between]) -> Any:
    _sound(wanted, MOST_DAYS)
    viewer = viewer_for(request)
    instrument = found_instrument(public_id, viewer, ruled_at=timezone.now())
    rules = in_force_with(instrument)
    rows = queries.week_of(instrument, wanted.start, wanted.end)
    return {
        "instrument": instrument.public_id,
        "zone": instrument.city.timezone,
        "step_minutes": rules.terms.step_minutes,
        "min_minutes": rules.terms.min_minutes,
        "max_minutes": rules.terms.max_minutes,
        "open": [
            {"start": text(start), "end": text(end)} for start, end in instants(rules.opened(wanted.start, wanted.end))
        ],
        "taken": [
            {
                "start": text(one.start),
                "end": text(one.end),
                "kind": one.kind,
                "state": one.state,
                "mine": one.mine,
                "id": one.row.public_id if one.row else None,
                "holder": str(one.row.holder) if one.row and one.row.holder else None,
                "project": one.row.project if one.row else None,
                "note": one.row.note if one.row else None,
            }
            for one in entries(rows, instrument, viewer)
        ],
    }


class Everything(Schema):
    """What is taken on all instruments or on one; each entry is instrument, start, end, kind, state."""

    columns: list[str]
    taken: list[list[str]]


class Everywhere(Between):
    instrument: PublicId = Field("", description="Narrows it to one instrument.")


@router.get("/calendar", response={200: Everything, **PROBLEMS}, summary="Read all calendars at once")
def get_everything(request: HttpRequest, wanted: Query[Everywhere]) -> Any:
    _sound(wanted, MOST_DAYS_EVERYWHERE)
    found = queries.taken_everywhere(viewer_for(request), wanted.start, wanted.end, instrument=wanted.instrument)
    rows = list(found[: MOST_ENTRIES + 1])
    if len(rows) > MOST_ENTRIES:
        raise Refused(Decision((Reason("calendar.too_many", facts={"most": MOST_ENTRIES}),)))
    taken = [[one, text(span.lower), text(span.upper), kind, state] for one, span, kind, state in rows]
    body = {"columns": ["instrument", "start", "end", "kind", "state"], "taken": taken}
    return HttpResponse(json.dumps(body), content_type="application/json")  # sound by its making; a page has 20,000


class Soonest(Schema):
    minutes: int = Field(ge=1, le=86_400)
    instrument: list[PublicId] = Field(min_length=1, max_length=MOST_ASKED)
    not_before: Instant | None = None


class SoonestOut(Schema):
    """The soonest free span on one instrument; null where its rules and its calendar leave none."""

    instrument: str
    start: str | None
    end: str | None


@router.get("/soonest", response={200: list[SoonestOut], **PROBLEMS}, summary="Find the soonest free time")
def get_soonest(request: HttpRequest, wanted: Annotated[Soonest, Query()]) -> Any:
    """The soonest free span of so many minutes on each of up to 200 instruments, soonest first."""
    seen = dict(
        queries.bookable(viewer_for(request)).filter(public_id__in=wanted.instrument).values_list("pk", "public_id")
    )
    now = timezone.now()
    found = soonest(seen, wanted.minutes, at=now, not_before=max(wanted.not_before or now, now))
    spans = [(span[0] if span else None, seen[pk], span) for pk, span in found.items()]
    spans.sort(key=lambda one: (one[0] is None, one[0] or now, one[1]))
    return [
        {"instrument": one, "start": text(span[0]) if span else None, "end": text(span[1]) if span else None}
        for _start, one, span in spans
    ]
