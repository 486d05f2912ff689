"""Calendars as iCalendar (RFC 5545) text: one's own reservations, an instrument's, and bare free/busy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from headwater.booking.entries import Entry
from headwater.booking.models import Kind, Reservation, State
from headwater.registry.models import Instrument

CANCELLED = (State.CANCELLED, State.DECLINED, State.EXPIRED, State.MISSED)
STATUS = {State.REQUESTED: "TENTATIVE"} | dict.fromkeys(CANCELLED, "CANCELLED")
FOLD = 75
BUSY_AHEAD = timedelta(days=90)


def _escaped(text: str) -> str:
    plain = "".join(one for one in text if one in "\n\t" or one.isprintable())
    for raw, told in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        plain = plain.replace(raw, told)
    return plain


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: str) -> Iterator[bytes]:
    """A line in pieces of at most 75 octets; no character is cut."""
    piece, size = b"", FOLD
    for one in line:
        octets = one.encode()
        if len(piece) + len(octets) > size:
            yield piece
            piece, size = b" ", FOLD
        piece += octets
    yield piece


def _calendar(name: str, body: Iterable[str]) -> bytes:
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Headwater//Booking//EN", "CALSCALE:GREGORIAN")
    lines = [*head, *([f"X-WR-CALNAME:{_escaped(name)}"] if name else []), *body, "END:VCALENDAR"]
    return b"".join(piece + b"\r\n" for line in lines for piece in _folded(line))


def _event(
    uid: str,
    start: datetime,
    end: datetime,
    summary: str,
    *,
    status: str,
    sequence: int,
    changed: datetime,
    at: datetime,
    more: Iterable[str] = (),
) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTAMP:{_instant(at)}",
        f"LAST-MODIFIED:{_instant(changed)}",
        f"SEQUENCE:{sequence}",
        f"DTSTART:{_instant(start)}",
        f"DTEND:{_instant(end)}",
        f"SUMMARY:{_escaped(summary)}",
        f"STATUS:{status}",
        *more,
        "END:VEVENT",
    ]


def own_calendar(rows: Iterable[Reservation], *, at: datetime) -> bytes:
    """One's own reservations; those given up stay for a while as cancelled, so that calendars drop them."""
    body: list[str] = []
    for row in rows:
        where = _escaped(row.instrument.location or row.instrument.owner.name)
        more = [f"LOCATION:{where}"]
        if row.project:
            more.append(f"DESCRIPTION:{_escaped(row.project)}")
        if settings.BASE_URL:
            more.append(f"URL:{settings.BASE_URL}/bookings/{row.public_id}/")
        body += _event(
            row.uid,
            row.start,
            row.end,
            row.instrument.name,
            status=STATUS.get(State(row.state), "CONFIRMED"),
            sequence=row.sequence,
            changed=row.updated_at,
            at=at,
            more=more,
        )
    return _calendar(_("My instrument time"), body)


def instrument_calendar(found: Iterable[Entry], instrument: Instrument, *, at: datetime) -> bytes:
    """An instrument's reservations as the feed's owner may see them."""
    body: list[str] = []
    for one in found:
        summary = str(Kind(one.kind).label)
        row, more = one.row, []
        if row is not None and row.holder is not None:
            summary = f"{summary}: {row.holder}"
        if one.kind == Kind.OUTAGE and one.note:
            more.append(f"DESCRIPTION:{_escaped(one.note)}")
        uid = row.uid if row is not None else f"{instrument.public_id}-{int(one.start.timestamp())}@headwater"
        body += _event(
            uid,
            one.start,
            one.end,
            summary,
            status=STATUS.get(State(one.state), "CONFIRMED"),
            sequence=row.sequence if row is not None else 0,
            changed=row.updated_at if row is not None else at,
            at=at,
            more=more,
        )
    return _calendar(instrument.name, body)


def free_busy(spans: Iterable[Any], instrument: Instrument, *, at: datetime) -> bytes:
    """When an instrument is taken in the next 90 days, and nothing else."""
    busy = [f"FREEBUSY;FBTYPE=BUSY:{_instant(one.lower)}/{_instant(one.upper)}" for one in spans]
    return _calendar(
        "",
        [
            "BEGIN:VFREEBUSY",
            f"UID:{instrument.public_id}-freebusy@headwater",
            f"DTSTAMP:{_instant(at)}",
            f"DTSTART:{_instant(at - timedelta(days=1))}",
            f"DTEND:{_instant(at + BUSY_AHEAD)}",
            *busy,
            "END:VFREEBUSY",
        ],
    )
