"""The soonest free time on many instruments at once, opening hours included; reads a fixed number of times."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from headwater.booking import hooks, queries
from headwater.booking.policies import InForce, blocked, in_force_on, midnight
from headwater.booking.rules import Beside
from headwater.engines import intervals
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

MOST_ASKED = 200
FIRST_LOOK = 48  # busy spans read of each calendar at first; few calendars are fuller before their first gap
WHOLE = 100_000
BESIDE = 2
BESIDE_TRIED = 12

Spans = tuple[list[int], list[int]]


def soonest(
    instrument_ids: Collection[int], minutes: int, *, at: datetime, not_before: datetime | None = None
) -> dict[int, tuple[datetime, datetime] | None]:
    """The soonest free span of ``minutes`` on each of up to 200 instruments; None where there is none to be had.

    Opening hours, closed days, set-up and clean-up, notice, horizon, step and the greatest length of each instrument's
    rules are kept. Three queries, and one more where calendars are very full; quotas and qualifications are not asked.
    """
    rows = queries.zones_of(list(dict.fromkeys(instrument_ids))[:MOST_ASKED])
    rules = in_force_on(rows, at)
    ids = [pk for pk, _owner, _zone in rows]
    last = max((at + timedelta(days=one.terms.horizon_days) for one in set(rules.values())), default=at)
    day = timedelta(days=1)
    busy = queries.busy_of(ids, at - day, last + day, most=FIRST_LOOK)
    found = _soonest(ids, rules, busy, minutes, at=at, not_before=not_before or at)
    beyond = [
        pk for pk in ids if len(busy[pk][0]) == FIRST_LOOK and (found[pk] is None or _ends(found[pk]) > busy[pk][0][-1])
    ]
    if beyond:  # a calendar that is full as far as it was read
        busy = queries.busy_of(beyond, at - day, last + day, most=WHOLE)
        found |= _soonest(beyond, rules, busy, minutes, at=at, not_before=not_before or at)
    return found


def _ends(span: tuple[datetime, datetime] | None) -> float:
    assert span is not None
    return span[1].timestamp() + 86_400  # with room for any clean-up


def _soonest(
    ids: Sequence[int],
    rules: Mapping[int, InForce],
    busy: dict[int, Spans],
    minutes: int,
    *,
    at: datetime,
    not_before: datetime,
) -> dict[int, tuple[datetime, datetime] | None]:
    """The soonest spans by busy times in hand; instruments that keep the same rules go through the engine at once."""
    groups: dict[InForce, list[int]] = {}
    for pk in ids:
        groups.setdefault(rules[pk], []).append(pk)
    found: dict[int, tuple[datetime, datetime] | None] = {}
    for one, members in groups.items():
        terms = one.terms
        first = max(not_before, at + timedelta(minutes=terms.notice_minutes))
        last = at + timedelta(days=terms.horizon_days)
        if not terms.min_minutes <= minutes <= terms.max_minutes or first >= last:
            found |= dict.fromkeys(members)
            continue
        spans = [np.array(busy[pk], dtype=np.int64).T.reshape(-1, 2) for pk in members]
        offsets = np.cumsum([0, *map(len, spans)])
        taken = np.concatenate(spans) + np.array([-60 * terms.cleanup_minutes, 60 * terms.setup_minutes])
        starts = intervals.first_starts(
            [one.opened(first, last)],
            np.zeros(len(members), dtype=np.int64),
            taken,
            offsets,
            60 * minutes,
            not_before=-(-int(first.timestamp()) // 60) * 60,
            step=60 * terms.step_minutes,
            origin=int(midnight(first, one.zone).timestamp()),
        )
        for pk, begins in zip(members, starts.tolist(), strict=True):
            if begins < 0:
                found[pk] = None
            else:
                start = datetime.fromtimestamp(begins, UTC)
                found[pk] = start, start + timedelta(minutes=minutes)
    return found


def free_beside(
    instrument: Instrument, start: datetime, end: datetime, viewer: Viewer, *, at: datetime
) -> tuple[Beside, ...]:
    """Instruments of the same chief technique, nearest first, that are open and free for just that span.

    Each with its distance, and with the minutes from door to door where a timetable knows both cities. Those that ask
    for a qualification are left out.
    """
    near = queries.similar(instrument, viewer, most=BESIDE_TRIED)
    if not near:
        return ()
    rules = in_force_on([(one.pk, one.owner_id, one.city.timezone) for one, _km in near], at)
    day = timedelta(days=1)
    busy = queries.busy_of([one.pk for one, _km in near], start - day, end + day, most=WHOLE)
    free = [(one, km) for one, km in near if _is_free(rules[one.pk], busy[one.pk], start, end, at=at)][:BESIDE]
    away = hooks.minutes_away(instrument.city_id, {one.city_id for one, _km in free} - {instrument.city_id})
    return tuple(Beside(one.public_id, one.name, round(km), away.get(one.city_id), start, end) for one, km in free)


def _is_free(rules: InForce, busy: Spans, start: datetime, end: datetime, *, at: datetime) -> bool:
    terms = rules.terms
    length = (end - start) // timedelta(minutes=1)
    if terms.needs_qualification or not terms.min_minutes <= length <= terms.max_minutes:
        return False
    if start < at + timedelta(minutes=terms.notice_minutes) or end > at + timedelta(days=terms.horizon_days):
        return False
    first, last = (int(one.timestamp()) for one in blocked(start, end, terms))
    if any(begins < last and finishes > first for begins, finishes in zip(*busy, strict=True)):
        return False
    return intervals.total(rules.opened(start, end)) == int(end.timestamp()) - int(start.timestamp())
