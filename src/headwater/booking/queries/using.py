"""Use, waiting lists, interlocks, and the calendars that programs read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from headwater.booking.models import (
    Feed,
    Interlock,
    Reservation,
    Signal,
    Usage,
    WaitingWish,
)
from headwater.booking.queries.instruments import span_of
from headwater.booking.queries.time import reservations_of, week_of
from headwater.registry.models import Instrument


def wishes_waiting(instrument_id: int, start: datetime, end: datetime) -> QuerySet[WaitingWish]:
    """The waiting list for a span, first come first."""
    return (
        WaitingWish.objects.filter(instrument=instrument_id, state="waiting", window__overlap=span_of(start, end))
        .select_related("user")
        .order_by("made_at", "pk")
    )


def wishes_of(user_id: int) -> QuerySet[WaitingWish]:
    """Somebody's wishes that are not settled yet."""
    return (
        WaitingWish.objects.filter(user=user_id, state__in=("waiting", "held"))
        .select_related("instrument__city__jurisdiction", "hold")
        .order_by("made_at", "pk")
    )


def open_usage(instrument_id: int) -> Usage | None:
    """Who has the instrument in hands now."""
    return Usage.objects.filter(instrument=instrument_id, stopped_at=None).select_related("reservation").first()


def feeds_of(user_id: int) -> QuerySet[Feed]:
    return Feed.objects.filter(user=user_id, revoked_at=None).select_related("instrument").order_by("pk")


def next_signal(interlock_id: int) -> Signal | None:
    """The oldest signal that an interlock does not know, locked."""
    return (
        Signal.objects.select_for_update(of=("self",))
        .select_related("interlock")
        .filter(interlock=interlock_id, delivered_at=None)
        .order_by("pk")
        .first()
    )


def usages_open() -> QuerySet[Usage]:
    return Usage.objects.filter(stopped_at=None).select_related("reservation", "instrument__city__jurisdiction")


def usages_in(instrument_ids: Sequence[int], start: datetime, end: datetime) -> QuerySet[Usage]:
    """Use of some instruments that was going on between two instants."""
    return (
        Usage.objects.filter(instrument__in=instrument_ids, started_at__lt=end)
        .filter(Q(stopped_at=None) | Q(stopped_at__gt=start))
        .order_by("instrument", "started_at")
    )


FEED_BACK, FEED_AHEAD = timedelta(days=90), timedelta(days=400)

MOST_IN_FEED = 2000


def live_feed(digest: str) -> Feed | None:
    return Feed.objects.filter(digest=digest, revoked_at=None).select_related("user", "instrument").first()


def feed_rows(user_id: int, at: datetime) -> QuerySet[Reservation]:
    """What one's own feed tells: from three months back on, given-up ones among them."""
    return reservations_of(user_id, since=at - FEED_BACK)[:MOST_IN_FEED]


def instrument_feed_rows(instrument: Instrument, at: datetime) -> QuerySet[Reservation]:
    return week_of(instrument, at - FEED_BACK, at + FEED_AHEAD)[:MOST_IN_FEED]


def interlock_url(instrument_id: int) -> str:
    return Interlock.objects.filter(instrument=instrument_id).values_list("url", flat=True).first() or ""


def signals_waiting(instrument_id: int) -> int:
    """How many starts and stops an instrument's interlock was not told of yet."""
    return Signal.objects.filter(interlock__instrument=instrument_id, delivered_at=None).count()
