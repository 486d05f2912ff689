"""What takes time on instruments: small readers whose cost does not grow with the calendar's past."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from headwater.booking import hooks
from headwater.booking.models import (
    OCCUPYING,
    SYNTHETIC,
    Kind,
    Reservation,
    State,
)
from headwater.booking.queries.instruments import span_of
from headwater.registry.models import Instrument
from headwater.registry.queries import visible_instruments
from headwater.registry.rules import Viewer


def busy_of(
    instrument_ids: Sequence[int], start: datetime, end: datetime, *, most: int
) -> dict[int, tuple[list[int], list[int]]]:
    """The first ``most`` busy spans of each instrument between two instants, in seconds since 1970; one query."""
    with connection.cursor() as cursor:
        # What takes time on one instrument never overlaps, so that its order by end is its order by start too.
        cursor.execute(
            """SELECT wanted.id, found.starts, found.ends FROM unnest(%s::bigint[]) AS wanted(id) CROSS JOIN LATERAL (
                SELECT array_agg(one.begins) AS starts, array_agg(one.finishes) AS ends FROM (
                    SELECT floor(extract(epoch FROM lower(occupied)))::bigint AS begins,
                           ceil(extract(epoch FROM upper(occupied)))::bigint AS finishes
                    FROM booking_reservation
                    WHERE instrument_id = wanted.id AND state IN ('requested', 'confirmed', 'in_use', 'used')
                      AND upper(occupied) > %s AND lower(occupied) < %s
                    ORDER BY upper(occupied) LIMIT %s
                ) AS one
            ) AS found""",
            [list(instrument_ids), start, end, most],
        )
        return {pk: (starts or [], ends or []) for pk, starts, ends in cursor.fetchall()}


def has_synthetic() -> bool:
    """Whether calendars were filled with made-up reservations."""
    return Reservation.objects.filter(reference=SYNTHETIC).exists()


def occupying(instrument_ids: Collection[int] | int, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """What takes time on the instruments between ``start`` and ``end``, by instrument and time."""
    which = {"instrument": instrument_ids} if isinstance(instrument_ids, int) else {"instrument__in": instrument_ids}
    return Reservation.objects.filter(
        **which, state__in=OCCUPYING, occupied__endswith__gt=start, occupied__startswith__lt=end
    ).order_by("instrument", "occupied")


def everywhere(start: datetime, end: datetime) -> QuerySet[Reservation]:
    """What takes time on any instrument between ``start`` and ``end``; for calendars of many instruments."""
    return Reservation.objects.filter(state__in=OCCUPYING, occupied__overlap=span_of(start, end))


def taken_everywhere(
    viewer: Viewer, start: datetime, end: datetime, *, instrument: str = ""
) -> QuerySet[Reservation, tuple[Any, ...]]:
    """What is taken on every instrument that ``viewer`` may see, or on one: its id, span, kind and state; one query."""
    seen = visible_instruments(viewer)
    if instrument:
        rows = everywhere(start, end).filter(instrument=seen.filter(public_id=instrument).values("pk")[:1])
    else:
        rows = everywhere(start, end)
        rows = rows if viewer.operator else rows.filter(instrument__in=seen.values("pk"))
    return rows.order_by("instrument", "occupied").values_list("instrument__public_id", "occupied", "kind", "state")


def beamtime_of(references: Collection[str]) -> QuerySet[Reservation]:
    """The beamtime that stands for some references; a reference has at most one."""
    return (
        Reservation.objects.filter(kind=Kind.BEAMTIME, state__in=OCCUPYING, reference__in=list(references))
        .select_related("instrument__city__jurisdiction", "instrument__owner", "instrument__facility", "holder")
        .order_by("pk")
    )


def reservations_of(user_id: int, *, since: datetime) -> QuerySet[Reservation]:
    """Somebody's reservations that end after ``since``, in order of time, but beamtime she was not told of yet."""
    rows = Reservation.objects.filter(holder=user_id, span__endswith__gt=since)
    for references in hooks.untold(user_id):
        rows = rows.exclude(kind=Kind.BEAMTIME, reference__in=references)
    return rows.select_related(
        "instrument__city__jurisdiction", "instrument__owner", "holder", "organisation", "series"
    ).order_by("span", "pk")


def reservation(public_id: str) -> Reservation | None:
    return (
        Reservation.objects.filter(public_id=public_id)
        .select_related("instrument__city__jurisdiction", "instrument__owner", "holder", "organisation", "series")
        .first()
    )


def week_of(instrument: Instrument, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """One instrument's reservations between two instants, with what a calendar shows of each."""
    return occupying(instrument.pk, start, end).select_related("holder", "organisation", "series")


def on_instrument(instrument_id: int, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """What takes time on one instrument between two instants, with all that its shape in JSON names."""
    return occupying(instrument_id, start, end).select_related(
        "instrument__city__jurisdiction", "instrument__owner", "holder", "organisation", "series"
    )


def awaiting(owner_ids: Collection[int] | None) -> QuerySet[Reservation]:
    """What awaits approval on the instruments of some owners, or (None) of all; soonest first."""
    rows = Reservation.objects.filter(state=State.REQUESTED)
    if owner_ids is not None:
        rows = rows.filter(instrument__owner__in=owner_ids)
    return rows.select_related("instrument__city__jurisdiction", "holder", "organisation").order_by("span", "pk")


def lapsed_holds(at: datetime) -> QuerySet[Reservation]:
    return Reservation.objects.filter(kind=Kind.HOLD, state=State.CONFIRMED, held_until__lte=at).order_by("pk")


def begun(at: datetime, *, within: timedelta) -> QuerySet[Reservation]:
    """Bookings that have begun in the time before ``at`` and wait for an approval or a user still."""
    return (
        Reservation.objects.filter(
            kind=Kind.BOOKING,
            state__in=(State.REQUESTED, State.CONFIRMED),
            span__startswith__lte=at,
            span__startswith__gt=at - within,
        )
        .select_related("instrument__city__jurisdiction", "policy")
        .order_by("pk")
    )


def booked_between(instrument_id: int, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """Bookings that stood, were used or were missed between two instants, as they were made."""
    return (
        Reservation.objects.filter(
            instrument=instrument_id,
            kind=Kind.BOOKING,
            state__in=(*OCCUPYING, State.MISSED),
            span__overlap=span_of(start, end),
        )
        .select_related("holder", "organisation")
        .order_by("created_at", "pk")
    )


def booked_on(
    instrument_ids: Collection[int], start: datetime, end: datetime
) -> QuerySet[Reservation, tuple[Any, ...]]:
    """When, whose and since when are the bookings of some instruments between two instants: what limits counted."""
    return Reservation.objects.filter(
        instrument__in=list(instrument_ids),
        kind=Kind.BOOKING,
        state__in=(*OCCUPYING, State.MISSED),
        span__overlap=span_of(start, end),
    ).values_list("span", "holder", "organisation", "created_at")


def counted_between(instrument_id: int, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """All that took an instrument's time between two instants, and what was missed."""
    return Reservation.objects.filter(
        instrument=instrument_id, state__in=(*OCCUPYING, State.MISSED), span__overlap=span_of(start, end)
    ).order_by("span")
