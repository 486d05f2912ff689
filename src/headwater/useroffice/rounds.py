"""From a call's proposals, calendar and pools to the engine's round, and from its plan back to days and beamlines."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from headwater.booking.queries import zone_of
from headwater.engines.allocation import Award, Beamline, Pin, Proposal as Asked, Published, Round, Share
from headwater.engines.allocation.columns import starts_on
from headwater.registry.models import Instrument
from headwater.useroffice import queries
from headwater.useroffice.facts import spans_of
from headwater.useroffice.models import (
    Award as Dated,
    BeamPeriod,
    BeamPeriodKind,
    Call,
    Feasibility,
    Pin as Fixed,
    PoolRule,
    Proposal,
    ScheduleVersion,
    State,
    SubProject,
)

FIRST_HOUR = 8  # a day's first shift begins at eight on the facility's clocks
SHIFTS_A_DAY = 3
CHANGE_OVER = 1
BRIDGE = 1
TOP_WEIGHT, LEAST_WEIGHT, BEND = 100.0, 10.0, 1.5
STANDBY_PART = 0.5  # a proposal on the standby list weighs half of what its rank would give it
IN_ROUND = (State.RECOMMENDED, State.STANDBY, State.SCHEDULED)
BEGUN = (State.RUNNING, State.REPORTING, State.EVALUATION, State.CLOSED)
CHANGE_IN_MEANS = 1.0
DROP_IN_MEANS = 2.0


def weight_of(rank: int, of: int) -> float:
    """Merit of a shift by the panel's rank: 100 for the first, falling to 10, steeper at the top.

    The form is that of the rounds the engine was measured on; an office that wants another weighs by ranking.
    """
    return LEAST_WEIGHT + (TOP_WEIGHT - LEAST_WEIGHT) * (1 - (rank - 1) / max(of, 1)) ** BEND


def days_of(call: Call) -> int:
    return (call.period_end - call.period_start).days + 1


def beam_days(
    call: Call, instrument_id: int, periods: Sequence[BeamPeriod], taken: Iterable[tuple[date, date]]
) -> tuple[int, ...]:
    """Days with beam for users, from the period's first: runs, less studies, shutdown, maintenance and what is taken.

    Without any run in the calendar the whole period counts as run.
    """
    n = days_of(call)
    mine = [one for one in periods if one.instrument_id in (None, instrument_id)]
    runs = [one for one in mine if one.kind == BeamPeriodKind.RUN]
    has_runs = any(one.kind == BeamPeriodKind.RUN for one in periods)
    open_days = set() if has_runs else set(range(n))
    for one in runs:
        open_days |= _inside(call, one.start, one.end)
    for one in mine:
        if one.kind != BeamPeriodKind.RUN:
            open_days -= _inside(call, one.start, one.end)
    for start, end in taken:
        open_days -= _inside(call, start, end)
    return tuple(sorted(open_days))


def part_days(part: SubProject, line: Instrument) -> tuple[date, date]:
    """The days of a sub-project that is placed on the line; the end is one past the last."""
    zone, early = zone_of(line), timedelta(hours=FIRST_HOUR)
    first, end = ((one - early).astimezone(zone) for one in (part.starts_at, part.ends_at))
    return first.date(), (end - timedelta(seconds=1)).date() + timedelta(days=1)


def _inside(call: Call, start: date, end: date) -> set[int]:
    first = max(0, (start - call.period_start).days)
    return set(range(first, min(days_of(call), (end - call.period_start).days)))


def longest_run(call: Call, instruments: Sequence[Instrument], blackouts: Sequence[tuple[date, date]]) -> int:
    """Beam days of the longest run that any of the beamlines has outside the blackouts."""
    import numpy as np

    periods = list(queries.beam_periods(call.facility))
    away = [
        ((start - call.period_start).days, (end - call.period_start).days + 1)
        for start, end in blackouts
        if start <= end
    ]
    best = 0
    for one in instruments:
        axis = np.array(beam_days(call, one.pk, periods, ()), np.int64)
        while best < len(axis) and len(starts_on(axis, BRIDGE, best + 1, away)):
            best += 1
    return best


def tags_of(proposal: Proposal, region: frozenset[int], call: Call, pools: Sequence[Any]) -> frozenset[str]:
    """Codes of the pools in which a proposal counts. ``region`` are the keys of the region's jurisdictions."""
    organisation = proposal.organisation
    found = set()
    for pool in pools:
        rule = pool.rule
        counts = (
            (
                rule == PoolRule.INDUSTRY
                and (call.mode == "industry" or (organisation and organisation.kind == "company"))
            )
            or (rule == PoolRule.IN_HOUSE and organisation and organisation.pk == call.facility.operator_id)
            or (rule == PoolRule.FUNDER and organisation and organisation.pk == pool.funder_id)
            or (rule == PoolRule.REGION and organisation and organisation.city.jurisdiction_id in region)
            or (rule == PoolRule.OUTSIDE and organisation and organisation.city.jurisdiction_id not in region)
            or (rule == PoolRule.DISCRETIONARY and proposal.discretionary)
        )
        if counts:
            found.add(pool.code)
    return frozenset(found)


def begun_awards(version: ScheduleVersion | None) -> list[Dated]:
    """What a version granted to experiments that have begun or ended since: it is no more the plan's to change."""
    return [one for one in queries.awards_of(version) if one.proposal.state in BEGUN]


def today_of(call: Call, at: datetime) -> date:
    """The day on the facility's clocks."""
    line = call.beamlines.select_related("city").order_by("pk").first()
    return at.astimezone(zone_of(line)).date() if line is not None else at.date()


def in_run(call: Call, today: date | None) -> bool:
    """Whether the call's beamtime has begun and is not over."""
    return today is not None and call.period_start < today <= call.period_end


def build_round(call: Call, *, today: date | None = None) -> Round:
    """The round as the records are now; ids in it are public ids. Eleven queries.

    Experiments that have begun hold their days and are asked no more. With ``today`` inside the call's period nothing
    is to be had before it but the days of published beamtime that has not begun.
    """
    beamlines = list(call.beamlines.order_by("pk"))
    periods = list(queries.beam_periods(call.facility))
    standing = list(queries.awards_of(queries.published(call)))
    begun = {one.proposal_id: one for one in standing if one.proposal.state in BEGUN}
    taken: dict[int, list[tuple[date, date]]] = {}
    for award in (*queries.awards_elsewhere(call), *begun.values()):
        taken.setdefault(award.instrument_id, []).append((award.start, award.end))
    first = (today - call.period_start).days if in_run(call, today) else 0
    known: dict[int, set[int]] = {}
    for award in standing:
        if award.proposal_id not in begun:
            known.setdefault(award.instrument_id, set()).update(_inside(call, award.start, award.end))
    for part in queries.parts_placed(call):
        taken.setdefault(part.instrument_id, []).append(part_days(part, part.instrument))
    pools = list(call.pools.prefetch_related("beamlines"))
    region = home_jurisdictions()
    proposals = list(
        call.proposals.filter(Q(state__in=IN_ROUND) | Q(pk__in=begun))
        .select_related("organisation__city", "pin")
        .prefetch_related("choices")
        .order_by("submitted_at", "code")
    )
    verdicts = queries.latest_verdicts([one.pk for one in proposals])
    unfit = set(
        Feasibility.objects.filter(proposal__in=proposals, verdict__in=["infeasible", "unsafe"]).values_list(
            "proposal", "instrument"
        )
    )
    names = {one.pk: one.public_id for one in beamlines}
    order = sorted(proposals, key=lambda one: _rank_key(one, verdicts))
    asked = []
    spent: dict[str, int] = {}
    for position, one in enumerate(order, 1):
        if one.pk in begun:  # ranked with the others, so that their weights stay what they were
            for tag in tags_of(one, region, call, pools):
                spent[tag] = spent.get(tag, 0) + begun[one.pk].shifts
            continue
        accepts = [choice.instrument_id for choice in one.choices.all() if choice.instrument_id in names]
        accepts = [key for key in accepts if (one.pk, key) not in unfit]
        if not accepts:
            continue
        verdict = verdicts.get(one.pk)
        weight = weight_of(position, len(order))
        if verdict is not None and verdict.kind == "reserve":
            weight *= STANDBY_PART
        tags = tags_of(one, region, call, pools)
        asked.append(_asked(one, [names[key] for key in accepts], names, weight, call, verdict, tags))
    used = {tag for one in asked for tag in one.tags}
    shares = tuple(share for pool in pools if (share := _share(pool, names, used, spent.get(pool.code, 0))) is not None)
    return Round(
        days_of(call),
        tuple(
            Beamline(
                one.public_id,
                tuple(
                    day
                    for day in beam_days(call, one.pk, periods, taken.get(one.pk, ()))
                    if day >= first or day in known.get(one.pk, ())
                ),
                SHIFTS_A_DAY,
                CHANGE_OVER,
                float(call.reserve),
                BRIDGE,
            )
            for one in beamlines
        ),
        tuple(asked),
        shares,
    )


def _rank_key(one: Proposal, verdicts: Mapping[int, Any]) -> tuple[Any, ...]:
    verdict = verdicts.get(one.pk)
    standby = verdict is not None and verdict.kind == "reserve"
    rank = verdict.rank if verdict is not None and verdict.rank is not None else 10**6
    return (standby, rank, one.submitted_at, one.code)


def _asked(
    one: Proposal,
    accepts: list[str],
    names: Mapping[int, str],
    weight: float,
    call: Call,
    verdict: Any,
    tags: frozenset[str],
) -> Asked:
    requested = min(one.requested, verdict.shifts) if verdict is not None and verdict.shifts else one.requested
    minimum = min(one.minimum, requested)
    fixed: Fixed | None = getattr(one, "pin", None)
    away = tuple(
        ((start - call.period_start).days, (end - call.period_start).days + 1)
        for start, end in spans_of(one.blackouts)
        if start <= end
    )
    pin = None
    banned: frozenset[str] = frozenset()
    if fixed is not None:
        banned = frozenset(names[key] for key in fixed.banned if key in names)
        if fixed.instrument_id or fixed.day or fixed.shifts:
            pin = Pin(
                names.get(fixed.instrument_id) if fixed.instrument_id else None,
                (fixed.day - call.period_start).days if fixed.day else None,
                fixed.shifts,
            )
    between = range(minimum + SHIFTS_A_DAY, requested, SHIFTS_A_DAY)
    if pin is not None and pin.shifts is not None:
        between = [*between, pin.shifts] if minimum <= pin.shifts <= requested else between
    return Asked(
        id=one.public_id,
        weight=round(weight, 3),
        requested=requested,
        beamlines=tuple(accepts),
        minimum=minimum,
        between=tuple(between),
        blackouts=away,
        tags=tags,
        must=one.carry_over,
        pin=pin,
        banned=banned,
    )


def _share(pool: Any, names: Mapping[int, str], used: set[str], spent: int) -> Share | None:
    """The pool as a share; a least share of what nobody asked for is left out, as nothing could meet it.

    ``spent`` shifts went to experiments that have begun. Parts of the whole are of what is still to be granted.
    """
    lines = frozenset(names[one.pk] for one in pool.beamlines.all() if one.pk in names) or None
    there = pool.code in used
    share = Share(
        pool.code,
        pool.code,
        lines,
        float(pool.min_share) if pool.min_share is not None and there else None,
        float(pool.max_share) if pool.max_share is not None else None,
        max(0, pool.min_shifts - spent) if there and pool.min_shifts is not None else None,
        None if pool.max_shifts is None else max(0, pool.max_shifts + pool.credit_shifts - spent),
    )
    limits = (share.min_share, share.max_share, share.min_shifts, share.max_shifts)
    return None if all(one is None for one in limits) else share


def home_jurisdictions() -> frozenset[int]:
    """Keys of the jurisdictions of the region this node holds: those with a facility or city in its record."""
    from headwater.registry.models import City

    return frozenset(City.objects.values_list("jurisdiction", flat=True).distinct())


def published_of(call: Call, version: ScheduleVersion | None, asked: Round, open_from: date | None) -> Published | None:
    """The published version as the engine wants it: changes cost the mean merit of an award, dropping twice that."""
    if version is None:
        return None
    weight = {one.id: one.weight for one in asked.proposals}
    awards = tuple(
        Award(
            one.proposal.public_id,
            one.instrument.public_id,
            (one.start - call.period_start).days,
            (one.end - call.period_start).days,
            one.shifts,
        )
        for one in queries.awards_of(version)
        if one.proposal.public_id in weight
    )
    merits = [weight.get(one.proposal, 0.0) * one.shifts for one in awards]
    mean = sum(merits) / len(merits) if merits else 0.0
    first = max(0, (open_from - call.period_start).days) if open_from else 0
    return Published(awards, CHANGE_IN_MEANS * mean, DROP_IN_MEANS * mean, first)


def day(call: Call, number: int) -> date:
    return call.period_start + timedelta(days=number)


def round_json(asked: Round) -> dict[str, Any]:
    """The round in the engine's file form, so that what was asked can be asked again."""
    return {
        "days": asked.days,
        "beamlines": [
            {
                "id": line.id,
                "beam": list(line.beam_days),
                "shifts_a_day": line.shifts_a_day,
                "change_over": line.change_over,
                "reserve": line.reserve,
                "bridge": line.bridge,
            }
            for line in asked.beamlines
        ],
        "proposals": [
            {
                "id": one.id,
                "weight": one.weight,
                "requested": one.requested,
                "beamlines": list(one.beamlines),
                "minimum": one.minimum,
                "between": list(one.between),
                "blackouts": [list(span) for span in one.blackouts],
                "tags": sorted(one.tags),
                "must": one.must,
                "pin": dataclasses.asdict(one.pin) if one.pin else None,
                "banned": sorted(one.banned),
            }
            for one in asked.proposals
        ],
        "shares": [
            {**dataclasses.asdict(share), "beamlines": sorted(share.beamlines) if share.beamlines else None}
            for share in asked.shares
        ],
    }
