"""A made-up past and future for the demo's calendars, so that a newcomer sees a region at work; all marked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

from django.db import transaction

from headwater.accounts.actions import make_user
from headwater.accounts.audit import Act, Actor, record, record_many
from headwater.accounts.models import User
from headwater.booking import queries
from headwater.booking.actions.settling import lock_calendars
from headwater.booking.models import SYNTHETIC, Kind, Reservation, State, Usage
from headwater.core.identity import new_id
from headwater.registry.actions.people import give_role
from headwater.registry.models import Instrument, Organisation
from headwater.registry.rules import ANYBODY

WEEKS_BACK, WEEKS_AHEAD = 8, 3
MOST_INSTRUMENTS = 240
OWN = 2
NAMES = ("Synthetic Colleague", "Synthetic Visitor", "Synthetic Student", "Synthetic Engineer", "Synthetic Partner")
PROJECTS = (
    "合成的预约 Synthetic booking: survey",
    "合成的预约 Synthetic booking: series",
    "合成的预约 Synthetic booking: test",
)
OUTAGE = "合成的停机 Synthetic outage: service"
DAY_SLOTS = (
    (8, 2),
    (10, 2),
    (12, 1),
    (13, 3),
    (16, 2),
)  # the hours a day is cut into, within the house's opening hours


def synthetic_people(domain: str, *, by: Actor, at: datetime) -> list[User]:
    """The made-up holders; none of them can sign in."""
    return [
        make_user(f"synthetic{number}@{domain}", name=name, password=None, is_demo=True, by=by, at=at)
        for number, name in enumerate(NAMES, start=1)
    ]


@transaction.atomic
def load_synthetic_calendars(owner: Organisation | None, domain: str, *, by: Actor, at: datetime) -> int:
    """Fill calendars around ``at`` once, those of ``owner`` first; says how many reservations were made.

    Nothing is charged for them and nobody is told; what is booked already stays, and its days are left alone.
    """
    if queries.has_synthetic():
        return 0
    people = synthetic_people(domain, by=by, at=at)
    for one in people[:OWN] if owner is not None else ():
        give_role(owner, one, "member", by=by, at=at)  # so that not everybody comes from outside
    instruments = queries.bookable(ANYBODY).filter(access="booking", status="operating")
    chosen = [*instruments.filter(owner=owner).order_by("pk")[:MOST_INSTRUMENTS]] if owner is not None else []
    chosen += instruments.exclude(pk__in=[one.pk for one in chosen]).order_by("public_id")[
        : MOST_INSTRUMENTS - len(chosen)
    ]
    made: list[Reservation] = []
    lock_calendars(one.pk for one in chosen)
    for instrument in sorted(chosen, key=lambda one: one.pk):
        made += _calendar(instrument, people, at)
    Reservation.objects.bulk_create(made, batch_size=1000)
    Usage.objects.bulk_create([_usage(row) for row in made if row.state == State.USED], batch_size=1000)
    record_many((Act("booking.made", row.public_id, {"synthetic": [None, True]}) for row in made), by=by, at=at)
    record(Act("calendar.made_up", "synthetic", {"reservations": [None, len(made)]}), by=by, at=at)
    return len(made)


def _calendar(instrument: Instrument, people: Sequence[User], at: datetime) -> Iterator[Reservation]:
    """One instrument's made-up weeks; the same for the same instrument and day."""
    zone = queries.zone_of(instrument)
    rng = random.Random(f"{instrument.public_id} {at:%Y-%m-%d}")  # noqa: S311  nothing secret
    popular = rng.uniform(0.15, 0.75)
    today = at.astimezone(zone).date()
    first = today - timedelta(days=today.weekday() + 7 * WEEKS_BACK)
    days = [first + timedelta(days=number) for number in range(7 * (WEEKS_BACK + 1 + WEEKS_AHEAD))]
    begins = datetime.combine(first, time(), tzinfo=zone)
    standing = queries.occupying(instrument.pk, begins, begins + timedelta(days=len(days)))
    booked = {span.lower.astimezone(zone).date() for span in standing.values_list("span", flat=True)}
    for day in days:
        if day.weekday() > 4 or day in booked:
            continue
        if rng.random() < 0.02:
            start = datetime.combine(day, time(8), tzinfo=zone)
            yield _row(instrument, None, start, start + timedelta(hours=10), at, Kind.OUTAGE, OUTAGE)
            continue
        share = popular * (1 if day <= today else 0.6)
        for hour, hours in DAY_SLOTS:
            if rng.random() < share:
                start = datetime.combine(day, time(hour), tzinfo=zone)
                end = start + timedelta(hours=hours - 0.5 * (rng.random() < 0.3))
                yield _row(instrument, rng.choice(people), start, end, at, Kind.BOOKING, rng.choice(PROJECTS))


def _row(
    instrument: Instrument, holder: User | None, start: datetime, end: datetime, at: datetime, kind: str, text: str
) -> Reservation:
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    over = end <= at and kind == Kind.BOOKING
    state = (State.MISSED if start.day % 19 == 0 else State.USED) if over else State.CONFIRMED
    return Reservation(
        public_id=new_id(Reservation.KIND, queries.node()),
        instrument=instrument,
        span=queries.span_of(start, end),
        occupied=queries.span_of(start, end),
        kind=kind,
        state=state,
        holder=holder,
        project=text if kind == Kind.BOOKING else "",
        note=text if kind == Kind.OUTAGE else "",
        reference=SYNTHETIC,
        created_at=min(at, start - timedelta(days=3)),
        updated_at=at,
    )


def _usage(row: Reservation) -> Usage:
    """Use that began a little late and ended a little early, as it does."""
    length = row.end - row.start
    return Usage(
        public_id=new_id(Usage.KIND, queries.node()),
        instrument=row.instrument,
        user=row.holder,
        reservation=row,
        started_at=row.start + length * 0.05,
        stopped_at=row.end - length * 0.1,
    )
