"""The rules in force on instruments: a policy's, or the house's defaults, ready for the engine and the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from headwater.booking import queries
from headwater.booking.hours import Hours, open_spans, read_hours
from headwater.booking.models import Policy
from headwater.booking.queries import zone_of
from headwater.booking.rules import Terms
from headwater.registry.models import Instrument

DEFAULT_TERMS = Terms()
DEFAULT_WEEK = [[["08:00", "18:00"]]] * 5 + [[], []]
TERMS = tuple(one.name for one in fields(Terms))
NEVER = Hours(((),) * 7)


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that hold on an instrument: its policy's, or the house's defaults."""

    policy_id: int | None
    terms: Terms
    hours: Hours
    zone: ZoneInfo
    qualification_days: int | None = None
    peak: Hours = NEVER

    def opened(self, start: datetime, end: datetime) -> NDArray[np.int64]:
        return open_spans(self.hours, self.zone, start, end)


def terms_of(policy: Policy) -> Terms:
    values = {name: getattr(policy, name) for name in TERMS}
    return Terms(**(values | {"approval_for": frozenset(policy.approval_for)}))


def in_force_of(policy: Policy | None, zone: ZoneInfo) -> InForce:
    if policy is None:
        return InForce(None, DEFAULT_TERMS, _default_hours(), zone)
    hours = read_hours(policy.hours, policy.closed_days)
    peak = read_hours(policy.peak) if policy.peak else NEVER
    return InForce(policy.pk, terms_of(policy), hours, zone, policy.qualification_days, peak)


@lru_cache(maxsize=1)
def _default_hours() -> Hours:
    return read_hours(DEFAULT_WEEK)


@dataclass(frozen=True, slots=True)
class Trained:
    """Somebody's qualification for one instrument, where the rules ask for one."""

    live: bool
    until: datetime | None


UNTRAINED = Trained(False, None)
_KEPT: dict[tuple[int, datetime, str], InForce] = {}
MOST_KEPT = 20_000


def in_force(instrument: Instrument, at: datetime) -> InForce:
    """The rules of one instrument at an instant; one query, and one more for rules that this process never saw."""
    return in_force_for(instrument, None, at)[0]


def in_force_for(instrument: Instrument, user_id: int | None, at: datetime) -> tuple[InForce, Trained]:
    """The rules of one instrument, and whether somebody is trained for it; a policy is never changed, so it is kept."""
    zone = zone_of(instrument)
    ruling = queries.ruling_of(instrument, at, user_id)
    if ruling is None:
        return in_force_of(None, zone), UNTRAINED
    return _kept(ruling.policy_id, ruling.made_at, zone), Trained(ruling.trained, ruling.trained_until)


def in_force_with(instrument: Instrument) -> InForce:
    """The rules of an instrument that was read with its ruling (`queries.ruled`); no query for rules seen before."""
    zone = zone_of(instrument)
    if instrument.ruling is None:  # type: ignore[attr-defined]
        return in_force_of(None, zone)
    return _kept(instrument.ruling, instrument.ruling_made, zone)  # type: ignore[attr-defined]


def _kept(policy_id: int, made_at: datetime, zone: ZoneInfo) -> InForce:
    key = policy_id, made_at, zone.key
    found = _KEPT.get(key)
    if found is None:
        if len(_KEPT) >= MOST_KEPT:
            _KEPT.clear()
        found = _KEPT[key] = in_force_of(queries.policy(policy_id), zone)
    return found


def in_force_on(instruments: Sequence[tuple[int, int, str]], at: datetime) -> Mapping[int, InForce]:
    """The rules of many instruments, each its key, its owner's and its zone; one query. Equal rules are one object."""
    own, owners = queries.policies_of([one[0] for one in instruments], {one[1] for one in instruments}, at)
    made: dict[tuple[int | None, str], InForce] = {}
    found = {}
    for pk, owner_id, zone in instruments:
        policy = own.get(pk) or owners.get(owner_id)
        key = (None if policy is None else policy.pk, zone)
        if key not in made:
            made[key] = in_force_of(policy, ZoneInfo(zone))
        found[pk] = made[key]
    return found


def midnight(at: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(at.astimezone(zone).date(), time(), tzinfo=zone)


def weeks_between(start: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[date, datetime, datetime]]:
    """The calendar weeks a span touches, Monday to Monday on the instrument's clocks."""
    first = start.astimezone(zone).date()
    monday = first - timedelta(days=first.weekday())
    found = []
    while True:
        begins = datetime.combine(monday, time(), tzinfo=zone)
        ends = datetime.combine(monday + timedelta(days=7), time(), tzinfo=zone)
        found.append((monday, begins.astimezone(UTC), ends.astimezone(UTC)))
        if ends >= end:
            return found
        monday += timedelta(days=7)


def blocked(start: datetime, end: datetime, terms: Terms) -> tuple[datetime, datetime]:
    """The span with its set-up and clean-up."""
    return start - timedelta(minutes=terms.setup_minutes), end + timedelta(minutes=terms.cleanup_minutes)
