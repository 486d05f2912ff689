"""The writers of sub-projects: drafting one on a member's share, and giving it days in the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.booking.actions.placing import Beamtime, place_beamtime
from headwater.booking.actions.settling import settled
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer
from headwater.useroffice import blocks, facts, queries, rounds, rules
from headwater.useroffice.actions.proposals import ProposalDraft, SampleDraft, begin_draft, write_draft
from headwater.useroffice.actions.shares import locked_block
from headwater.useroffice.actions.steps import locked_proposal, names_of, step
from headwater.useroffice.actions.telling import tell_state
from headwater.useroffice.actions.visits import keep_visit
from headwater.useroffice.models import (
    Block,
    BlockMember,
    Feasibility,
    Proposal,
    ScheduleVersion,
    State,
    SubProject,
    Visit,
    VisitState,
)


@dataclass(frozen=True, slots=True)
class PartDraft:
    """A sub-project as its people want it; beamlines by public id, ``wished`` spans with both days inside."""

    title: str
    abstract: str = ""
    language: str = "en"
    beamlines: Sequence[str] = ()
    shifts: int = 1
    wished: Sequence[tuple[date, date]] = ()
    samples: Sequence[SampleDraft] = ()


def _as_proposal(draft: PartDraft, organisation: str) -> ProposalDraft:
    return ProposalDraft(
        title=draft.title,
        abstract=draft.abstract,
        language=draft.language,
        organisation=organisation,
        beamlines=draft.beamlines,
        requested=draft.shifts,
        minimum=draft.shifts,
        samples=draft.samples,
    )


@transaction.atomic
def begin_part(
    block_id: str, member_id: int, draft: PartDraft, desk: rules.Desk, *, by: Actor, at: datetime
) -> Proposal:
    """Begin a sub-project on a member's share, as a draft of whoever answers for the member; nothing is taken yet."""
    block, about = blocks.seen_block(block_id, desk, at=at)
    member = BlockMember.objects.select_related("organisation").filter(block=block, pk=member_id).first()
    permit(rules.may_begin_part(about, desk, member_id=member.pk if member else -1))
    assert member is not None
    track = block.call.tracks.order_by("pk")[0]
    proposal = begin_draft(block.call, track, draft.title, by=by, at=at)
    SubProject.objects.create(proposal=proposal, member=member, wished=_spans(draft))
    write_draft(proposal, _as_proposal(draft, member.organisation.public_id))
    return proposal


def _spans(draft: PartDraft) -> list[list[str]]:
    return [[start.isoformat(), end.isoformat()] for start, end in draft.wished]


@transaction.atomic
def change_part(public_id: str, draft: PartDraft, desk: rules.Desk, *, by: Actor, at: datetime) -> Proposal:
    """Write a sub-project's draft anew."""
    proposal = locked_proposal(public_id)
    permit(rules.may_change_proposal(facts.proposal_facts(proposal, desk, at=at), desk))
    part = part_of(proposal)
    SubProject.objects.filter(pk=part.pk).update(wished=_spans(draft))
    write_draft(proposal, _as_proposal(draft, part.member.organisation.public_id))
    proposal.version += 1
    proposal.save(update_fields=["version"])
    changes = {"version": [proposal.version - 1, proposal.version]}
    record(Act("proposal.changed", proposal.public_id, changes), by=by, at=at)
    return proposal


def part_of(proposal: Proposal) -> SubProject:
    """The sub-project that the proposal is; refused where it is none."""
    rows = SubProject.objects.select_related("member__organisation", "instrument__city__jurisdiction", "proposal__call")
    part = rows.filter(proposal=proposal).first()
    if part is None:
        raise Refused(Decision((Reason("part.not_found"),)))
    return part


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sub-project shall be: a beamline, a day, and inside of the group's time the day's shift, 1 to 3."""

    beamline: str
    day: date
    shift: int = 1
    own: bool = False


def _hosts(proposal: Proposal, desk: rules.Desk, *, at: datetime) -> None:
    permit(rules.may_visit(facts.proposal_facts(proposal, desk, at=at), desk, contact=False))


@settled
def place_part(
    public_id: str, place: Place, desk: rules.Desk, viewer: Viewer, *, by: Actor, at: datetime
) -> SubProject:
    """Give a sub-project its days: in the group's beamtime, to the shift, or as beamtime of its own in the calendar.

    A scientist of the beamline may do the first; beamtime of its own stands in the one calendar, where the office
    places. Its shifts were counted when it was submitted. Its people are told at once.
    """
    proposal = locked_proposal(public_id)
    _hosts(proposal, desk, at=at)
    part = part_of(proposal)
    block = locked_block(part.member.block_id)
    lines = block.call.beamlines.select_related("city__jurisdiction", "facility")
    line = lines.filter(public_id=place.beamline).first()
    if line is None:
        raise Refused(Decision((Reason("part.beamline_unfit", facts={"field": "beamline"}),)))
    shift = place.shift if 1 <= place.shift <= 3 else 1
    span = (
        blocks.own_span(block, part, line, place.day)
        if place.own
        else blocks.inner_span(block, part, line, place.day, shift)
    )
    decision = rules.may_place_part(_place_facts(block, part, line, span, own=place.own))
    permit(decision)
    _in_calendar(proposal, part, line, span, own=place.own, viewer=viewer, by=by, at=at)
    SubProject.objects.filter(pk=part.pk).update(
        instrument=line, starts_at=span.starts_at, ends_at=span.ends_at, own=place.own
    )
    keep_visit(proposal, line, span.first, span.end, proposal.requested)
    changes = {"beamline": [None, line.name_en or line.public_id], "start": [None, span.starts_at.isoformat()]}
    if proposal.state == State.SCHEDULED:
        record(Act("part.moved", proposal.public_id, changes, decision), by=by, at=at)
    else:
        step(proposal, "schedule", by=by, at=at, decision=decision, changes=changes)
    named = {"beamline": names_of(line), "start": span.first.isoformat(), "shifts": proposal.requested}
    tell_state(proposal, "decision.placed", named, at=at)
    part.refresh_from_db()
    return part


def _place_facts(block: Block, part: SubProject, line: Instrument, span: blocks.Span, *, own: bool) -> rules.PlaceFacts:
    proposal = part.proposal
    chosen = any(one.instrument_id == line.pk for one in proposal.choices.all())
    fit = Feasibility.objects.filter(proposal=proposal, instrument=line, verdict__in=("feasible", "conditional"))
    left = None
    if not own and (award := blocks.group_award(block, line, span)) is not None:
        inside = [one for one in blocks.parts_inside(block) if one.instrument_id == line.pk and one.pk != part.pk]
        first, end = blocks.instant(line, award.start), blocks.instant(line, award.end)
        held = sum(one.proposal.requested for one in inside if one.starts_at and first <= one.starts_at < end)
        left = award.shifts - held
    return rules.PlaceFacts(
        state=proposal.state,
        own=own,
        shifts=proposal.requested,
        beamline_fits=chosen and fit.exists(),
        inside_life=block.call.period_start <= span.first and span.end <= block.call.period_end + timedelta(days=1),
        group_shifts=left,
        in_the_way=tuple(one.proposal.number for one in blocks.parts_at(line, span, part)),
        dark=span.dark,
    )


def _in_calendar(
    proposal: Proposal,
    part: SubProject,
    line: Instrument,
    span: blocks.Span,
    *,
    own: bool,
    viewer: Viewer,
    by: Actor,
    at: datetime,
) -> None:
    """Beamtime of its own as a reservation; one it had before is moved, or released where it goes into the group's."""
    wanted = [
        Beamtime(
            reference=proposal.public_id,
            instrument=line.public_id,
            start=span.starts_at,
            end=span.ends_at,
            holder=next(one.email for one in proposal.team.all() if one.proposer),
            project=proposal.number,
        )
    ]
    had = [proposal.public_id] if part.own else []
    if own or had:
        place_beamtime(wanted if own else [], viewer, instead_of=had, by=by, at=at)


@settled
def unplace_part(
    public_id: str, reason: str, desk: rules.Desk, viewer: Viewer, *, by: Actor, at: datetime
) -> SubProject:
    """Take a sub-project off its days; it keeps its shifts and waits for others."""
    proposal = locked_proposal(public_id)
    _hosts(proposal, desk, at=at)
    part = part_of(proposal)
    locked_block(part.member.block_id)
    permit(rules.may_move(proposal.call.mode, proposal.state, "unschedule"))
    if not reason.strip():
        raise Refused(Decision((Reason("block.reason_missing", facts={"field": "reason"}),)))
    if part.own:
        place_beamtime([], viewer, instead_of=[proposal.public_id], by=by, at=at)
    _off(proposal, part, reason, by=by, at=at)
    part.refresh_from_db()
    return part


def _off(proposal: Proposal, part: SubProject, reason: str, *, by: Actor, at: datetime) -> None:
    SubProject.objects.filter(pk=part.pk).update(instrument=None, starts_at=None, ends_at=None, own=None)
    Visit.objects.filter(proposal=proposal, state=VisitState.PLANNED).update(state=VisitState.CANCELLED)
    step(proposal, "unschedule", by=by, at=at, ground=reason[:500])
    tell_state(proposal, "decision.unplaced", {"reason": reason[:500]}, at=at)


def follow_schedule(version: ScheduleVersion, *, by: Actor, at: datetime) -> None:
    """Take off their days the sub-projects whose group's beamtime a new version moved away; in its transaction."""
    groups = Block.objects.filter(proposal__call=version.call).select_related("proposal__call", "call")
    for block in groups:
        held = {(one.instrument_id): one for one in queries.awards_of(version).filter(proposal=block.proposal)}
        for one in blocks.parts_inside(block).filter(proposal__state=State.SCHEDULED):
            line = Instrument.objects.select_related("city__jurisdiction").get(pk=one.instrument_id)
            first, end = rounds.part_days(one, line)
            award = held.get(line.pk)
            if award is None or first < award.start or end > award.end:
                proposal = locked_proposal(one.proposal.public_id)
                _off(proposal, one, f"{version.call.code} {version.number}", by=by, at=at)
