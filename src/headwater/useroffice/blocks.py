"""The readers of blocks: whose they are, what they hold, who sees which sub-project; fixed numbers of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, Sum

from headwater.booking.queries import zone_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.models import Instrument
from headwater.useroffice import queries, rounds, rules
from headwater.useroffice.facts import spans_of
from headwater.useroffice.models import (
    Award,
    BeamlineChoice,
    Block,
    BlockEntry,
    BlockMember,
    Output,
    Proposal,
    Sample,
    State,
    SubProject,
    TeamMember,
    Visit,
)

SHIFT = timedelta(hours=8)
HELD = (State.DRAFT, State.WITHDRAWN)


# Whose it is ----------------------------------------------------------------------------------------------------
def block_facts(block: Block, *, at: datetime) -> rules.BlockFacts:
    """A block for the rules; three queries."""
    team = TeamMember.objects.filter(proposal=block.proposal_id, user__isnull=False, accepted_at__isnull=False)
    places = list(team.values_list("user", "may_submit"))
    members: dict[int, set[int]] = {}
    for key, user in BlockMember.objects.filter(block=block).values_list("pk", "user"):
        members.setdefault(user, set()).add(key)
    return rules.BlockFacts(
        facility_id=block.call.facility_id,
        leaders=frozenset(user for user, leads in places if leads),
        team=frozenset(user for user, _leads in places),
        members={user: frozenset(keys) for user, keys in members.items()},
        beamlines=frozenset(block.call.beamlines.values_list("pk", flat=True)),
        samples_open=block.samples_open,
        shifts=block.shifts,
        divided=block.divided,
        over=block.call.closes_at is not None and block.call.closes_at <= at,
    )


def seen_block(public_id: str, desk: rules.Desk, *, at: datetime) -> tuple[Block, rules.BlockFacts]:
    """The block and its facts, where she may read it; a hidden one is as if it were not there."""
    rows = Block.objects.select_related("call__facility", "proposal__call__facility", "proposal__organisation")
    block = rows.filter(public_id=public_id).first()
    if block is None:
        raise Refused(Decision((Reason("block.not_found"),)))
    about = block_facts(block, at=at)
    permit(rules.may_see_block(about, desk))
    return block, about


def my_blocks(desk: rules.Desk) -> QuerySet[Block]:
    """The blocks that `rules.may_see_block` lets her see."""
    if desk.user_id is None:
        return Block.objects.none()
    team = TeamMember.objects.filter(user_id=desk.user_id, accepted_at__isnull=False).values("proposal")
    seen = Q(proposal__in=team) | Q(pk__in=BlockMember.objects.filter(user_id=desk.user_id).values("block"))
    seen |= Q(call__facility_id__in=desk.offices) | Q(call__beamlines__in=desk.beamlines)
    rows = Block.objects.filter(seen).select_related("call__facility", "proposal").distinct()
    return rows.order_by("-pk")


def members_of(block: Block) -> QuerySet[BlockMember]:
    return block.members.select_related("organisation", "user").order_by("pk")


def entries_of(block: Block) -> QuerySet[BlockEntry]:
    return block.entries.select_related("member", "to_member", "proposal", "by").order_by("-pk")


# Its sub-projects -----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class PartRow:
    """A sub-project as one reader sees it; ``title`` and ``samples`` are empty where they are not shown to her."""

    part: SubProject
    shown: str
    title: str
    samples: Sequence[Sample]
    link: bool


def part_rows(block: Block, about: rules.BlockFacts, desk: rules.Desk) -> list[PartRow]:
    """All sub-projects, each as far as it is shown; drafts to their own people alone. Five queries."""
    rows = SubProject.objects.filter(member__block=block).exclude(proposal__state=State.WITHDRAWN)
    rows = rows.select_related("proposal__call", "member", "instrument__city__jurisdiction").prefetch_related(
        Prefetch("proposal__team", TeamMember.objects.order_by("pk")),
        Prefetch("proposal__samples", Sample.objects.order_by("pk")),
        Prefetch("proposal__choices", BeamlineChoice.objects.order_by("rank")),
    )
    found = []
    for one in rows.order_by("proposal__submitted_at", "pk"):
        team = frozenset(each.user_id for each in one.proposal.team.all() if each.user_id is not None)
        lines = frozenset(each.instrument_id for each in one.proposal.choices.all())
        shown = rules.part_shown(about, desk, member_id=one.member_id, team=team, lines=lines)
        own = desk.user_id in team
        if one.proposal.state == State.DRAFT and not own:
            continue
        link = own or desk.office(about.facility_id) or bool(desk.beamlines & lines)
        title = one.proposal.title if shown in ("whole", "title") else ""
        found.append(PartRow(one, shown, title, one.proposal.samples.all() if shown == "whole" else (), link))
    return found


def outputs_of(block: Block) -> QuerySet[Output]:
    """Publications of the group: its own and its sub-projects'."""
    own = Q(links__proposal=block.proposal_id) | Q(links__proposal__part__member__block=block)
    return Output.objects.filter(own).distinct().order_by("-year", "pk")


@dataclass(frozen=True, slots=True)
class Totals:
    """What a block came to: shifts held, on beam, lost and credited, and the hours its visits gave."""

    placed: int
    done: int
    credited: int
    hours_given: Any
    hours_lost: Any


def totals_of(block: Block) -> Totals:
    """Two queries."""
    parts = SubProject.objects.filter(member__block=block)
    by_state = dict(parts.values_list("proposal__state").annotate(n=Sum("shifts")))
    visits = Visit.objects.filter(proposal__part__member__block=block, state="done")
    sums = visits.aggregate(given=Sum("hours_given"), lost=Sum("hours_lost"), credited=Sum("credited_shifts"))
    done = sum(by_state.get(state, 0) for state in (State.REPORTING, State.CLOSED))
    placed = sum(by_state.get(state, 0) for state in (State.SCHEDULED, State.RUNNING))
    return Totals(placed, done, sums["credited"] or 0, sums["given"] or 0, sums["lost"] or 0)


def take_facts(proposal: Proposal) -> rules.TakeFacts:
    """A sub-project beside its share, as they are at this moment."""
    part = SubProject.objects.select_related("member").get(proposal=proposal)
    return rules.TakeFacts(
        member=part.member.name,
        asked=proposal.requested,
        left=part.member.left + part.shifts,
        samples=proposal.samples.count(),
        period=(proposal.call.period_start, proposal.call.period_end),
        wished=spans_of(part.wished),
    )


# Days -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Span:
    """Days and instants of a place in the calendar; ``dark`` is the first day without beam, None where all have."""

    first: date
    end: date
    starts_at: datetime
    ends_at: datetime
    dark: date | None


def instant(line: Instrument, day: date, shift: int = 1) -> datetime:
    """When a day's shift begins; its first is shift 1."""
    begins = datetime(day.year, day.month, day.day, rounds.FIRST_HOUR, tzinfo=zone_of(line))
    return begins + SHIFT * (shift - 1)


def own_span(block: Block, part: SubProject, line: Instrument, day: date) -> Span:
    """Beamtime of its own from that day: whole beam days, one shift for the change-over, as in schedules."""
    call = block.call
    taken = [(one.start, one.end) for one in queries.awards_elsewhere(call) if one.instrument_id == line.pk]
    taken += [
        rounds.part_days(one, line)
        for one in queries.parts_placed(call)
        if one.instrument_id == line.pk and one != part
    ]
    axis = _beam(call, line, taken)
    needed = -(-(part.proposal.requested + rounds.CHANGE_OVER) // rounds.SHIFTS_A_DAY)
    days = [one for one in axis if one >= day][:needed]
    dark = day if not days or days[0] != day else None
    for before, after in pairwise(days):
        if dark is None and (after - before).days > 1 + rounds.BRIDGE:
            dark = before + timedelta(days=1)
    if dark is None and len(days) < needed:
        dark = days[-1] + timedelta(days=1)
    end = (days[-1] if days else day) + timedelta(days=1)
    return Span(day, end, instant(line, day), instant(line, end), dark)


def inner_span(block: Block, part: SubProject, line: Instrument, day: date, shift: int) -> Span:
    """A place inside of the group's own beamtime, to the shift."""
    starts_at = instant(line, day, shift)
    last = shift - 1 + part.proposal.requested
    end = day + timedelta(days=-(-last // rounds.SHIFTS_A_DAY))
    axis = set(_beam(block.proposal.call, line, ()))
    dark = next((one for one in _days(day, end) if one not in axis), None)
    return Span(day, end, starts_at, starts_at + SHIFT * part.proposal.requested, dark)


def _beam(call: Any, line: Instrument, taken: Sequence[tuple[date, date]]) -> list[date]:
    periods = list(queries.beam_periods(call.facility))
    return [rounds.day(call, number) for number in rounds.beam_days(call, line.pk, periods, taken)]


def _days(first: date, end: date) -> list[date]:
    return [first + timedelta(days=k) for k in range((end - first).days)]


def group_award(block: Block, line: Instrument, span: Span) -> Award | None:
    """The group's own beamtime that holds the span, change-over apart; None where it has none there."""
    rows = queries.awards_of(queries.published(block.proposal.call)).filter(proposal=block.proposal, instrument=line)
    for one in rows:
        ends = instant(line, one.end) - SHIFT * rounds.CHANGE_OVER
        if instant(line, one.start) <= span.starts_at and span.ends_at <= ends:
            return one
    return None


def parts_inside(block: Block) -> QuerySet[SubProject]:
    """Sub-projects that were placed in the group's own beamtime."""
    return SubProject.objects.filter(member__block=block, own=False).select_related("proposal", "instrument")


def parts_at(line: Instrument, span: Span, but: SubProject) -> QuerySet[SubProject]:
    """Other sub-projects that hold that time on the beamline."""
    rows = SubProject.objects.filter(instrument=line, own__isnull=False).exclude(pk=but.pk)
    return rows.filter(starts_at__lt=span.ends_at, ends_at__gt=span.starts_at).select_related("proposal")
