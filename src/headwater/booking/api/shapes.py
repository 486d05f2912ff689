"""What goes in and out: times, reservations and decisions in JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic_core import PydanticCustomError

from headwater.accounts import words
from headwater.booking.actions.settling import answer_once
from headwater.booking.models import Reservation, WaitingWish
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.api.shapes import PROBLEMS, Named

__all__ = ["PROBLEMS", "Named"]
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _written(given: object) -> object:
    """A day or an instant as text: a bare number would be taken for seconds, or for milliseconds."""
    if isinstance(given, str) and not given.strip().lstrip("+-").replace(".", "").isdigit():
        return given
    if isinstance(given, date):
        return given
    raise PydanticCustomError("datetime_type", "Input should be a date or time in ISO 8601")


class Body(BaseModel):
    """What a request carries: an object with the fields that are named, and no others.

    Not ninja's own `Schema`: that reads attributes too, so that it takes a list for an object without fields.
    """

    model_config = ConfigDict(extra="forbid")


Whole, Flag = StrictInt, StrictBool  # JSON tells numbers, truth and text apart
Day = Annotated[date, BeforeValidator(_written)]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_written),
    Field(ge=FIRST, le=LAST, description="With its offset, e.g. `2026-05-31T09:00:00+08:00`; from 2000 to 2199."),
]
PublicId = Annotated[str, Field(max_length=40)]
Project = Annotated[str, Field(max_length=400)]
Note = Annotated[str, Field(max_length=20_000)]
LONGEST_KEY = 100


class ReasonOut(Schema):
    """One reason: its stable code, its weight (`blocks`, `waivable`, `note`), its facts, and its sentence."""

    code: str
    weight: str
    facts: dict[str, Any]
    source: str
    sentence: str


class DecisionOut(Schema):
    """A decision with all its reasons."""

    allowed: bool
    reasons: list[ReasonOut]


def decision_out(decision: Decision) -> dict[str, Any]:
    return {
        "allowed": decision.allowed(),
        "reasons": [{**one.as_json(), "sentence": words.sentence(one)} for one in decision.reasons],
    }


class ReservationOut(Schema):
    """A reservation, to its holder and its instrument's managers. Send `version` back when you change it."""

    id: str
    uid: str = Field(description="The identity of its calendar entry; it stays the same however often it moves.")
    instrument: Named
    start: str
    end: str
    zone: str
    occupied_from: str
    occupied_until: str
    kind: str
    state: str
    holder: str | None
    organisation: Named | None
    project: str
    note: str
    reference: str
    terms: dict[str, Any]
    series: str | None
    held_until: str | None
    late: bool
    sequence: int
    version: int


def text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def reservation_out(row: Reservation) -> dict[str, Any]:
    """A reservation as JSON; read it by `queries.reservation` or a list of the same columns."""
    return {
        "id": row.public_id,
        "uid": row.uid,
        "instrument": {"id": row.instrument.public_id, "name": row.instrument.name},
        "start": text(row.start),
        "end": text(row.end),
        "zone": row.instrument.city.timezone,
        "occupied_from": text(row.occupied.lower),
        "occupied_until": text(row.occupied.upper),
        "kind": row.kind,
        "state": row.state,
        "holder": row.holder.email if row.holder else None,
        "organisation": {"id": row.organisation.public_id, "name": row.organisation.name} if row.organisation else None,
        "project": row.project,
        "note": row.note,
        "reference": row.reference,
        "terms": row.terms,
        "series": row.series.public_id if row.series else None,
        "held_until": text(row.held_until) if row.held_until else None,
        "late": row.late,
        "sequence": row.sequence,
        "version": row.version,
    }


class WishOut(Schema):
    """A wish on a waiting list; with a hold it names the reservation to take."""

    id: str
    instrument: Named
    start: str
    end: str
    minutes: int
    project: str
    state: str
    hold: str | None
    held_until: str | None


def wish_out(row: WaitingWish) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "instrument": {"id": row.instrument.public_id, "name": row.instrument.name},
        "start": text(row.window.lower),
        "end": text(row.window.upper),
        "minutes": row.minutes,
        "project": row.project,
        "state": row.state,
        "hold": row.hold.public_id if row.hold else None,
        "held_until": text(row.hold.held_until) if row.hold and row.hold.held_until else None,
    }


def expected_version(request: HttpRequest, given: int | None) -> int:
    """The version that a change was meant for: from ``If-Match`` or the body. One of them must be there."""
    header = request.headers.get("If-Match", "")
    if header:
        found = re.fullmatch(r'(?:W/)?"?(\d{1,9})"?', header.strip())
        if found is None:
            raise Refused(Decision((Reason("request.invalid", facts={"field": "If-Match", "what": header[:40]}),)))
        return int(found[1])
    if given is None:
        raise Refused(Decision((Reason("reservation.version_missing"),)))
    return given


def tagged(response: HttpResponse, row: Reservation) -> None:
    response["ETag"] = f'"{row.version}"'


def once(request: HttpRequest, work: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
    """Do ``work``, for one ``Idempotency-Key`` of one user once: sent again, the first answer comes again."""
    key = request.headers.get("Idempotency-Key", "")
    if not key or not request.user.is_authenticated:
        return work()
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Refused(Decision((Reason("request.key_too_long", facts={"most": LONGEST_KEY}),)))
    asked = f"{request.method} {request.path}\n".encode() + request.body
    return answer_once(request.user, key, asked, work, at=timezone.now())
