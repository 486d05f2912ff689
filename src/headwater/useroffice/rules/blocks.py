"""Blocks that laboratories share: who sees and divides them, and when a sub-project may take shifts and days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from headwater.core.decision import Decision, Reason
from headwater.useroffice.rules.access import Desk, writing

ACCEPTED = frozenset({"recommended", "scheduled", "running", "reporting", "evaluation", "closed"})
LONGEST_LIFE_DAYS = 2200
MOST_SHIFTS = 10_000
MOST_MEMBERS = 100
MOST_WISHES = 20


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """A block as the rules look at it.

    ``leaders`` may submit for the group, ``team`` is all of it; ``members`` are the keys of those members that each
    person answers for; ``over`` says that its last day is past.
    """

    facility_id: int
    leaders: frozenset[int] = frozenset()
    team: frozenset[int] = frozenset()
    members: Mapping[int, frozenset[int]] = field(default_factory=dict)
    beamlines: frozenset[int] = frozenset()
    samples_open: bool = False
    shifts: int = 0
    divided: int = 0
    over: bool = False


def _leads(facts: BlockFacts, desk: Desk) -> bool:
    return desk.office(facts.facility_id) or desk.user_id in facts.leaders


def _answers_for(facts: BlockFacts, desk: Desk, member_id: int) -> bool:
    return member_id in facts.members.get(desk.user_id or 0, frozenset())


def may_see_block(facts: BlockFacts, desk: Desk) -> Decision:
    """Say whether she may read its totals: the group, its members, the office, the scientists of its beamlines."""
    inside = desk.user_id is not None and (desk.user_id in facts.team or desk.user_id in facts.members)
    if inside or desk.office(facts.facility_id) or desk.beamlines & facts.beamlines:
        return Decision()
    return Decision((Reason("block.not_found"),))


def may_lead_block(facts: BlockFacts, desk: Desk) -> Decision:
    """Say whether she may name members and divide the block: the office, and who may submit for the group."""
    decision = may_see_block(facts, desk)
    found = writing(desk)
    if decision.allowed() and desk.signed_in and not _leads(facts, desk):
        found.append(Reason("block.not_yours"))
    return decision + Decision(tuple(found))


def part_shown(facts: BlockFacts, desk: Desk, *, member_id: int, team: frozenset[int], lines: frozenset[int]) -> str:
    """How much of a sub-project she sees on the block's page: ``whole``, its ``title``, or that it ``counts``.

    Its own people, the office and the scientists of its beamlines see all; others' samples show where the block is
    open; the leader knows what each is about.
    """
    own = desk.user_id in team or _answers_for(facts, desk, member_id)
    if own or desk.office(facts.facility_id) or desk.beamlines & lines or facts.samples_open:
        return "whole"
    return "title" if desk.user_id in facts.leaders else "counts"


@dataclass(frozen=True, slots=True)
class OpenFacts:
    """A block as somebody wants it opened, beside the accepted proposal; ``granted`` is what the panel gave."""

    mode: str
    state: str
    has_block: bool
    shifts: int
    granted: int
    first_day: date
    last_day: date
    today: date
    beamlines: int


def may_open_block(facts: OpenFacts) -> Decision:
    """Say whether the accepted proposal of a group becomes a block."""
    found = []
    if facts.mode != "block":
        found.append(Reason("block.other_mode"))
    elif facts.state not in ACCEPTED:
        found.append(Reason("block.not_accepted"))
    if facts.has_block:
        found.append(Reason("block.there_already"))
    if not 1 <= facts.shifts <= facts.granted:
        found.append(Reason("block.shifts_above_granted", facts={"field": "shifts", "most": facts.granted}))
    found += _life(facts.first_day, facts.last_day, facts.today)
    if not facts.beamlines:
        found.append(Reason("block.no_beamline"))
    return Decision(tuple(found))


def _life(first: date, last: date, today: date) -> list[Reason]:
    if last < first:
        return [Reason("call.period_reversed", facts={"field": "last_day"})]
    if last < today:
        return [Reason("block.life_past", facts={"field": "last_day"})]
    if (last - first).days >= LONGEST_LIFE_DAYS:
        return [Reason("block.life_too_long", facts={"field": "last_day", "most": LONGEST_LIFE_DAYS})]
    return []


def may_change_block(
    facts: BlockFacts, *, shifts: int, first_day: date, last_day: date, today: date, latest: date | None, reason: str
) -> Decision:
    """Say whether the office may make it larger, smaller, longer or shorter; ``latest`` is the last day placed."""
    found = _life(first_day, last_day, today)
    if not 1 <= shifts <= MOST_SHIFTS or shifts < facts.divided:
        least = max(1, facts.divided)
        found.append(Reason("block.below_divided", facts={"field": "shifts", "least": least, "most": MOST_SHIFTS}))
    if latest is not None and last_day < latest:
        found.append(Reason("block.ends_before_placed", facts={"field": "last_day", "day": f"{latest}"}))
    return Decision(tuple(found)) + _reasoned(reason)


def _reasoned(reason: str) -> Decision:
    return Decision() if reason.strip() else Decision((Reason("block.reason_missing", facts={"field": "reason"}),))


def may_name_member(
    *, name: str, taken: bool, organisation_found: bool, person_found: bool, email: str, members: int
) -> Decision:
    """Say whether a laboratory may stand among the members."""
    found = []
    if not name.strip():
        found.append(Reason("visit.name_missing", facts={"field": "name"}))
    if taken:
        found.append(Reason("block.member_there", facts={"field": "name", "name": name[:200]}))
    if not organisation_found:
        found.append(Reason("block.organisation_unknown", facts={"field": "organisation"}))
    if not person_found:
        found.append(Reason("person.not_found", facts={"field": "email", "email": email[:100]}))
    if members >= MOST_MEMBERS:
        found.append(Reason("block.too_many_members", facts={"most": MOST_MEMBERS}))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class ShareFacts:
    """One member's share as somebody wants it."""

    name: str
    wanted: int
    used: int


def may_divide(shares: Sequence[ShareFacts], *, shifts: int, reason: str) -> Decision:
    """Say whether the block may be divided so: no share below what it used, together no more than the block."""
    found = []
    for one in shares:
        if one.wanted < one.used:
            about = {"field": "share", "name": one.name, "used": one.used, "wanted": one.wanted}
            found.append(Reason("block.share_below_used", facts=about))
    total = sum(one.wanted for one in shares)
    if total > shifts:
        found.append(Reason("block.shares_above_block", facts={"field": "share", "wanted": total, "shifts": shifts}))
    return Decision(tuple(found)) + _reasoned(reason)


def may_pass_on(
    facts: BlockFacts, desk: Desk, *, member_id: int, same: bool, name: str, shifts: int, left: int, reason: str
) -> Decision:
    """Say whether shifts may go from one member to another: who answers for the giver, the leader, the office."""
    decision = may_see_block(facts, desk)
    found = writing(desk)
    if decision.allowed() and desk.signed_in and not (_leads(facts, desk) or _answers_for(facts, desk, member_id)):
        found.append(Reason("block.not_your_share"))
    if same:
        found.append(Reason("block.passes_to_itself", facts={"field": "to"}))
    if not 1 <= shifts <= left:
        found.append(Reason("block.not_so_many_left", facts={"field": "shifts", "name": name, "left": left}))
    return decision + Decision(tuple(found)) + _reasoned(reason)


def may_return(
    facts: BlockFacts, desk: Desk, *, member_id: int | None, name: str, shifts: int, left: int, reason: str
) -> Decision:
    """Say whether unused shifts may go back to the facility: of a share, or of what is undivided (leader, office)."""
    decision = may_see_block(facts, desk)
    found = writing(desk)
    own = member_id is not None and _answers_for(facts, desk, member_id)
    if decision.allowed() and desk.signed_in and not (_leads(facts, desk) or own):
        found.append(Reason("block.not_your_share" if member_id is not None else "block.not_yours"))
    if not 1 <= shifts <= left:
        code = "block.not_so_many_left" if member_id is not None else "block.not_so_many_undivided"
        found.append(Reason(code, facts={"field": "shifts", "name": name, "left": left}))
    return decision + Decision(tuple(found)) + _reasoned(reason)


def may_begin_part(facts: BlockFacts, desk: Desk, *, member_id: int) -> Decision:
    """Say whether she may begin a sub-project on that member's share."""
    decision = may_see_block(facts, desk)
    found = writing(desk)
    if decision.allowed() and desk.signed_in and not _answers_for(facts, desk, member_id):
        found.append(Reason("block.not_your_share"))
    if facts.over:
        found.append(Reason("block.over"))
    return decision + Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class TakeFacts:
    """A sub-project that asks for shifts, beside its member's share and the block's life."""

    member: str
    asked: int
    left: int
    samples: int
    period: tuple[date, date]
    wished: tuple[tuple[date, date], ...] = ()


def may_take(facts: TakeFacts) -> Decision:
    """Say whether it may take its shifts of the share, with what is left where they are too few."""
    found = []
    if facts.asked > facts.left:
        about = {"field": "requested", "asked": facts.asked, "left": facts.left, "name": facts.member}
        found.append(Reason("part.share_too_small", facts=about))
    if not facts.samples:
        found.append(Reason("part.samples_missing", facts={"field": "samples"}))
    if len(facts.wished) > MOST_WISHES:
        found.append(Reason("part.too_many_wishes", facts={"field": "wished", "most": MOST_WISHES}))
    first, last = facts.period
    for start, end in facts.wished:
        if end < start:
            found.append(Reason("part.wish_reversed", facts={"field": "wished", "day": f"{start}"}))
        elif start < first or end > last:
            about = {"field": "wished", "day": f"{start}", "first": f"{first}", "last": f"{last}"}
            found.append(Reason("part.wish_outside", facts=about))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """Where a sub-project shall be in the calendar.

    ``group_shifts`` is what the group's own beamtime there has left for sub-projects, None where it has none at that
    time; ``in_the_way`` are numbers of sub-projects there already; ``dark`` is the first day without beam.
    """

    state: str
    own: bool
    shifts: int
    beamline_fits: bool
    inside_life: bool
    group_shifts: int | None = None
    in_the_way: tuple[str, ...] = ()
    dark: date | None = None


def may_place_part(facts: PlaceFacts) -> Decision:
    """Say whether it may have these days: found fit there, beam on all of them, inside the group's time or free."""
    found = []
    if facts.state not in ("recommended", "scheduled"):
        found.append(Reason("part.not_ready"))
    if not facts.beamline_fits:
        found.append(Reason("part.beamline_unfit", facts={"field": "beamline"}))
    if not facts.inside_life:
        found.append(Reason("part.outside_life", facts={"field": "day"}))
    if facts.dark is not None:
        found.append(Reason("part.no_beam", facts={"field": "day", "day": f"{facts.dark}"}))
    if not facts.own and facts.group_shifts is None:
        found.append(Reason("part.outside_group_time", facts={"field": "day"}))
    elif not facts.own and facts.group_shifts is not None and facts.shifts > facts.group_shifts:
        about = {"field": "day", "asked": facts.shifts, "left": facts.group_shifts}
        found.append(Reason("part.group_time_full", facts=about))
    found += [Reason("part.in_the_way", facts={"field": "day", "proposal": code}) for code in facts.in_the_way]
    return Decision(tuple(found))
