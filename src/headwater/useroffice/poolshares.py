"""What each pool was promised, was allocated, got and lost; for any number of calls in a fixed number of queries.

An award counts in each pool whose rule its proposal fits, on the beamlines of the pool, as it does in the plan.
Beamtime of its own of a block's sub-project counts for its group; what a sub-project has inside of its group's beamtime
is in the group's award, and its hours in the group's visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import OuterRef, Subquery

from headwater.core.decision import Decision, Reason, Refused
from headwater.core.estimate import Estimate
from headwater.registry.models import Facility, Instrument
from headwater.registry.rules import Viewer
from headwater.useroffice import queries, rounds, rules
from headwater.useroffice.models import Award, Call, Pool, Proposal, ScheduleVersion, SubProject, Visit
from headwater.useroffice.rules.visits import HOURS_A_SHIFT


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One pool of a call, in all or on one beamline. Shifts; what was delivered and lost is in hours over eight.

    ``left`` is what is allocated to visits that are not done yet. ``judged`` stands in the row of the whole pool
    alone: the promise is for all its beamlines together.
    """

    pool: Pool
    beamline: Instrument | None
    total: int
    allocated: int
    delivered: Decimal
    lost: Decimal
    credited: int
    left: int
    judged: Decision | None
    records: int

    @property
    def part(self) -> float | None:
        return self.allocated / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class _Piece:
    """Beamtime that was allocated, with what its visit gave."""

    proposal: Proposal
    line: int
    shifts: int
    delivered: Decimal
    lost: Decimal
    credited: int
    done: bool


def share_rows(calls: Sequence[Call]) -> dict[int, list[ShareRow]]:
    """The rows of each call's pools: the whole pool first, then each beamline it counts on; nine queries."""
    keys = [one.pk for one in calls]
    held = list(
        Pool.objects.filter(call__in=keys).select_related("funder").prefetch_related("beamlines").order_by("pk")
    )
    pieces = _pieces(keys)
    lines = Instrument.objects.filter(calls__in=keys).distinct().order_by("name_en", "pk")
    on: dict[int, list[Instrument]] = {}
    known = {one.pk: one for one in lines}
    for call, line in Call.beamlines.through.objects.filter(call__in=keys).values_list("call", "instrument"):
        on.setdefault(call, []).append(known[line])
    region = rounds.home_jurisdictions() if held else frozenset()
    asking = _asking(keys)
    found: dict[int, list[ShareRow]] = {}
    for call in calls:
        own = [one for one in held if one.call_id == call.pk]
        tagged = [(one, rounds.tags_of(one.proposal, region, call, own)) for one in pieces.get(call.pk, ())]
        wanted = frozenset[str]().union(*(rounds.tags_of(one, region, call, own) for one in asking.get(call.pk, ())))
        order = sorted(on.get(call.pk, ()), key=lambda one: (one.name_en, one.pk))
        found[call.pk] = [row for pool in own for row in _rows(pool, order, tagged, asked=pool.code in wanted)]
    return found


def _rows(
    pool: Pool, lines: Sequence[Instrument], tagged: Sequence[tuple[_Piece, frozenset[str]]], *, asked: bool
) -> list[ShareRow]:
    on = {one.pk for one in pool.beamlines.all()} or {one.pk for one in lines}
    here = [(one, pool.code in tags) for one, tags in tagged if one.line in on]

    def row(line: Instrument | None) -> ShareRow:
        some = [(one, counts) for one, counts in here if line is None or one.line == line.pk]
        mine = [one for one, counts in some if counts]
        total, allocated = sum(one.shifts for one, _counts in some), sum(one.shifts for one in mine)
        judged = None
        if line is None:
            judged = rules.judge_share(promise_of(pool), total=total, allocated=allocated, asked=asked)
        return ShareRow(
            pool=pool,
            beamline=line,
            total=total,
            allocated=allocated,
            delivered=sum((one.delivered for one in mine), Decimal(0)),
            lost=sum((one.lost for one in mine), Decimal(0)),
            credited=pool.credit_shifts if line is None else sum(one.credited for one in mine),
            left=sum(one.shifts for one in mine if not one.done),
            judged=judged,
            records=len(some),
        )

    return [row(None), *(row(line) for line in lines if line.pk in on)]


def promise_of(pool: Pool) -> rules.Promise:
    """A pool's limits as the rule reads them."""
    return rules.Promise(
        None if pool.min_share is None else float(pool.min_share),
        None if pool.max_share is None else float(pool.max_share),
        pool.min_shifts,
        pool.max_shifts,
        pool.credit_shifts,
    )


def _pieces(calls: Sequence[int]) -> dict[int, list[_Piece]]:
    """What the newest schedules of the calls award, and beamtime of its own of their groups' sub-projects."""
    newest = ScheduleVersion.objects.filter(call=OuterRef("version__call")).order_by("-number").values("pk")[:1]
    awards = Award.objects.filter(version__call__in=calls, version=Subquery(newest)).select_related(
        "proposal__organisation__city"
    )
    apart = SubProject.objects.filter(own=True, member__block__proposal__call__in=calls).select_related(
        "member__block__proposal__organisation__city", "proposal"
    )
    rows = [(one.proposal, one.proposal_id, one.instrument_id, one.shifts) for one in awards]
    rows += [
        (one.member.block.proposal, one.proposal_id, one.instrument_id or 0, one.proposal.requested) for one in apart
    ]
    visits = {
        one.proposal_id: one
        for one in Visit.objects.filter(proposal__in=[key for _who, key, _line, _n in rows], state="done")
    }
    found: dict[int, list[_Piece]] = {}
    for proposal, key, line, shifts in rows:
        visit = visits.get(key)
        given = (visit.hours_given or Decimal(0)) / HOURS_A_SHIFT if visit else Decimal(0)
        lost = visit.hours_lost / HOURS_A_SHIFT if visit else Decimal(0)
        credited = visit.credited_shifts if visit else 0
        found.setdefault(proposal.call_id, []).append(
            _Piece(proposal, line, shifts, given, lost, credited, visit is not None)
        )
    return found


def _asking(calls: Sequence[int]) -> dict[int, list[Proposal]]:
    """What is in the round of each call, whether it got beamtime or not."""
    rows = Proposal.objects.filter(call__in=calls, state__in=rounds.IN_ROUND)
    found: dict[int, list[Proposal]] = {}
    for one in rows.select_related("organisation__city"):
        found.setdefault(one.call_id, []).append(one)
    return found


# Who sees them --------------------------------------------------------------------------------------------------
RUNS_SHOWN = 20


def _seen(calls: Sequence[Call], desk: rules.Desk, viewer: Viewer) -> dict[int, list[ShareRow]]:
    """The rows she may see: the office all, those who manage a funding organisation that funder's pools."""
    funders = Pool.objects.filter(call__in=calls).exclude(funder=None).values_list("pk", "funder")
    own = {pool for pool, funder in funders if viewer.manages(funder)}
    office = {one.facility_id for one in calls if desk.office(one.facility_id)}
    rows = share_rows(calls)
    mine = {one.pk for one in calls if one.facility_id in office}
    return {key: [one for one in held if key in mine or one.pool.pk in own] for key, held in rows.items()}


def seen_shares(public_id: str, desk: rules.Desk, viewer: Viewer) -> tuple[Call, list[ShareRow]]:
    """A call with its rows, where any are for her."""
    call = queries.visible_calls(desk).select_related("facility").filter(public_id=public_id).first()
    if call is None:
        raise Refused(Decision((Reason("call.not_found"),)))
    rows = _seen([call], desk, viewer)[call.pk]
    if not rows and not desk.office(call.facility_id):
        raise Refused(Decision((Reason("share.not_yours"),)))
    return call, rows


def seen_runs(public_id: str, desk: rules.Desk, viewer: Viewer) -> tuple[Facility, list[tuple[Call, list[ShareRow]]]]:
    """A facility's newest calls with the rows of whole pools, where any are for her."""
    facility = Facility.objects.filter(public_id=public_id).first()
    if facility is None:
        raise Refused(Decision((Reason("facility.not_found"),)))
    held = facility.calls.filter(pools__isnull=False).distinct().select_related("facility")
    calls = list(held.order_by("-period_start", "-pk")[:RUNS_SHOWN])
    rows = _seen(calls, desk, viewer)
    runs = [(one, [row for row in rows[one.pk] if row.beamline is None]) for one in calls]
    runs = [(one, some) for one, some in runs if some]
    if not runs and not desk.office(facility.pk):
        raise Refused(Decision((Reason("share.not_yours"),)))
    return facility, runs


# For statistics -------------------------------------------------------------------------------------------------
def parts_by_rule(facility: Facility, *, today: date) -> dict[str, Estimate]:
    """Which part of the shifts allocated in a facility's calls the pools of each rule got, over all its calls.

    A call counts for a rule where it has a pool of it; of two pools of one rule both count.
    """
    calls = list(facility.calls.filter(pools__isnull=False).distinct().select_related("facility"))
    sums: dict[str, list[int]] = {}
    rows = share_rows(calls)
    for call in calls:
        for row in rows[call.pk]:
            if row.beamline is None and row.total:
                held = sums.setdefault(row.pool.rule, [0, 0, 0, 0])
                held[0] += row.allocated
                held[1] += row.total
                held[2] += row.records
                held[3] += row.records if call.synthetic else 0
    return {
        f"part_{rule}": Estimate(allocated / total, "share", records, made_up / records, today)
        for rule, (allocated, total, records, made_up) in sums.items()
    }
