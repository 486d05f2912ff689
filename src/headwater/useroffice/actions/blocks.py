"""The writers of blocks: opening one for an accepted group, naming and dividing, passing on and giving back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Max

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import Grant, Role, User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Instrument
from headwater.registry.queries import node_prefix
from headwater.useroffice import blocks, queries, rules
from headwater.useroffice.actions.shares import credit_pools, locked_block, note
from headwater.useroffice.actions.steps import locked_proposal
from headwater.useroffice.models import (
    Block,
    BlockMember,
    Call,
    CallStage,
    EntryKind,
    Feasibility,
    FormVersion,
    Mode,
    Proposal,
    State,
    SubProject,
    Track,
)

MOST_ASKED = 300
NO_QUESTIONS = 0  # the number of the form that asks nothing beyond the sub-project itself


@dataclass(frozen=True, slots=True)
class BlockDraft:
    """A block as the office wants it; its last day is inside."""

    shifts: int
    first_day: date
    last_day: date
    samples_open: bool = False


def path_of(block: Block) -> str:
    return f"/beamtime/blocks/{block.public_id}/"


def _fit_lines(proposal: Proposal) -> list[Instrument]:
    """The beamlines that the group chose and that its scientists found fit."""
    unfit = Feasibility.objects.filter(proposal=proposal, verdict__in=("infeasible", "unsafe"))
    barred = set(unfit.values_list("instrument", flat=True))
    chosen = [one.instrument_id for one in proposal.choices.all() if one.instrument_id not in barred]
    return list(Instrument.objects.filter(pk__in=chosen).select_related("city__jurisdiction").order_by("pk"))


def granted_to(proposal: Proposal) -> int:
    """What the panel gave it: its verdict's shifts, or what was asked."""
    verdict = queries.latest_verdicts([proposal.pk]).get(proposal.pk)
    return verdict.shifts if verdict is not None and verdict.shifts else proposal.requested


@transaction.atomic
def open_block(public_id: str, draft: BlockDraft, desk: rules.Desk, *, by: Actor, at: datetime) -> Block:
    """Give an accepted group its block: shifts for its life, and a call of its own for its sub-projects."""
    proposal = locked_proposal(public_id)
    group_call = proposal.call
    permit(rules.may_manage_calls(group_call.facility_id, desk))
    lines = _fit_lines(proposal)
    wanted = rules.OpenFacts(
        mode=group_call.mode,
        state=proposal.state,
        has_block=Block.objects.filter(proposal=proposal).exists(),
        shifts=draft.shifts,
        granted=granted_to(proposal),
        first_day=draft.first_day,
        last_day=draft.last_day,
        today=at.date(),
        beamlines=len(lines),
    )
    decision = rules.may_open_block(wanted)
    permit(decision)
    public = new_id(Block.KIND, node_prefix())
    form, _new = FormVersion.objects.get_or_create(
        facility=group_call.facility, number=NO_QUESTIONS, defaults={"questions": [], "made_at": at}
    )
    code = str(proposal.code)
    call = Call.objects.create(
        public_id=new_id(Call.KIND, node_prefix()),
        facility=group_call.facility,
        code=code if len(code) <= 20 else public[-20:],
        name_zh=f"机时组 {code}",
        name_en=f"Block {code}",
        mode=Mode.WITHIN,
        stage=CallStage.ANNOUNCED,
        opens_at=at,
        closes_at=_after(lines[0], draft.last_day),
        period_start=draft.first_day,
        period_end=draft.last_day,
        form=form,
        most_beamlines=min(10, len(lines)),
        most_shifts=min(MOST_ASKED, draft.shifts),
        synthetic=group_call.synthetic,
    )
    call.beamlines.set(lines)
    Track.objects.create(call=call, code="main", name_zh="主通道", name_en="Main track")
    block = Block.objects.create(
        public_id=public,
        proposal=proposal,
        call=call,
        shifts=draft.shifts,
        samples_open=draft.samples_open,
        made_at=at,
    )
    note(block, EntryKind.OPENED, draft.shifts, by=by, at=at)
    changes = {"block": [None, public], "shifts": [None, draft.shifts], "last_day": [None, f"{draft.last_day}"]}
    record(Act("block.opened", proposal.public_id, changes, decision), by=by, at=at)
    named = {"shifts": draft.shifts, "end": f"{draft.last_day}"}
    for place in proposal.team.all():
        if place.user is not None and place.accepted_at is not None:
            _tell(block, place.user, "block.opened", named, at=at, key=f"block:{block.pk}")
    return block


def _after(line: Instrument, last_day: date) -> datetime:
    """The end of a day on the facility's clocks, as the first hour of the shifts after it."""
    return blocks.instant(line, last_day + timedelta(days=1))


def _tell(block: Block, user: User, code: str, facts: Mapping[str, object], *, at: datetime, key: str = "") -> None:
    named = {"proposal": block.proposal.number, "title": block.proposal.title, **facts}
    tell(user, code, named, path=path_of(block), at=at, key=key)


def _held(public_id: str, *, at: datetime) -> tuple[Block, rules.BlockFacts]:
    """The block, locked, with what the rules look at."""
    seen = Block.objects.filter(public_id=public_id).first()
    if seen is None:
        raise Refused(Decision((Reason("block.not_found"),)))
    block = locked_block(seen.pk)
    return block, blocks.block_facts(block, at=at)


@transaction.atomic
def change_block(public_id: str, draft: BlockDraft, reason: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Block:
    """The office makes a block larger or smaller, longer or shorter, or opens its samples to its members."""
    block, about = _held(public_id, at=at)
    permit(rules.may_see_block(about, desk))
    permit(rules.may_manage_calls(about.facility_id, desk))
    latest = SubProject.objects.filter(member__block=block).aggregate(last=Max("ends_at"))["last"]
    permit(
        rules.may_change_block(
            about,
            shifts=draft.shifts,
            first_day=draft.first_day,
            last_day=draft.last_day,
            today=at.date(),
            latest=latest.date() if latest else None,
            reason=reason,
        )
    )
    line = block.call.beamlines.select_related("city__jurisdiction").order_by("pk")[0]
    changes = {
        "shifts": [block.shifts, draft.shifts],
        "last_day": [f"{block.call.period_end}", f"{draft.last_day}"],
        "samples_open": [block.samples_open, draft.samples_open],
    }
    note(block, EntryKind.CHANGED, draft.shifts - block.shifts, reason=reason, by=by, at=at)
    Block.objects.filter(pk=block.pk).update(shifts=draft.shifts, samples_open=draft.samples_open)
    Call.objects.filter(pk=block.call_id).update(
        period_start=draft.first_day,
        period_end=draft.last_day,
        closes_at=_after(line, draft.last_day),
        most_shifts=min(MOST_ASKED, draft.shifts),
    )
    record(Act("block.changed", block.public_id, changes, ground=reason[:500]), by=by, at=at)
    block.refresh_from_db()
    return block


@transaction.atomic
def name_member(
    public_id: str,
    name: str,
    organisation: str,
    email: str,
    desk: rules.Desk,
    *,
    member: int | None = None,
    by: Actor,
    at: datetime,
) -> BlockMember:
    """Name a laboratory with the person who answers for it, or change what stands of ``member``."""
    block, about = _held(public_id, at=at)
    permit(rules.may_lead_block(about, desk))
    held = block.members.filter(pk=member).first() if member is not None else None
    if member is not None and held is None:
        raise Refused(Decision((Reason("block.member_unknown"),)))
    name = name.strip()[:200]
    home = queries.organisation_named(organisation)
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    others = block.members.exclude(pk=held.pk if held else None)
    decision = rules.may_name_member(
        name=name,
        taken=others.filter(name__iexact=name).exists(),
        organisation_found=home is not None,
        person_found=user is not None,
        email=email,
        members=others.count(),
    )
    permit(decision)
    assert home is not None
    assert user is not None
    if held is None:
        held = BlockMember.objects.create(block=block, name=name, organisation=home, user=user)
    else:
        held.name, held.organisation, held.user = name, home, user
        held.save(update_fields=["name", "organisation", "user"])
    changes = {"member": [None, name], "person": [None, user.email]}
    record(Act("block.member_set", block.public_id, changes, decision), by=by, at=at)
    _tell(block, user, "block.member", {"name": name}, at=at, key=f"block-member:{held.pk}:{user.pk}")
    return held


@transaction.atomic
def divide(
    public_id: str, shares: Mapping[int, int], reason: str, desk: rules.Desk, *, by: Actor, at: datetime
) -> Block:
    """Divide a block: members' shares by their keys; who is not named keeps hers. Changes are kept with the reason."""
    block, about = _held(public_id, at=at)
    permit(rules.may_lead_block(about, desk))
    members = list(blocks.members_of(block))
    if set(shares) - {one.pk for one in members}:
        raise Refused(Decision((Reason("block.member_unknown"),)))
    wanted = {one.pk: max(0, shares.get(one.pk, one.share)) for one in members}
    decision = rules.may_divide(
        [rules.ShareFacts(one.name, wanted[one.pk], one.used) for one in members], shifts=block.shifts, reason=reason
    )
    permit(decision)
    for one in members:
        more = wanted[one.pk] - one.share
        if not more:
            continue
        BlockMember.objects.filter(pk=one.pk).update(share=wanted[one.pk])
        note(block, EntryKind.DIVIDED, more, member=one, reason=reason, by=by, at=at)
        changes = {"member": [one.name, one.name], "share": [one.share, wanted[one.pk]]}
        record(Act("block.divided", block.public_id, changes, decision, ground=reason[:500]), by=by, at=at)
        _tell(block, one.user, "block.share", {"name": one.name, "shifts": wanted[one.pk], "reason": reason}, at=at)
    Block.objects.filter(pk=block.pk).update(divided=sum(wanted.values()))
    block.refresh_from_db()
    return block


@transaction.atomic
def pass_on(
    public_id: str, giver: int, taker: int, shifts: int, reason: str, desk: rules.Desk, *, by: Actor, at: datetime
) -> Block:
    """Pass unused shifts from one member's share to another's."""
    block, about = _held(public_id, at=at)
    members = {one.pk: one for one in blocks.members_of(block)}
    if giver not in members or taker not in members:
        permit(rules.may_see_block(about, desk))
        raise Refused(Decision((Reason("block.member_unknown"),)))
    one, other = members[giver], members[taker]
    decision = rules.may_pass_on(
        about,
        desk,
        member_id=one.pk,
        same=one == other,
        name=one.name,
        shifts=shifts,
        left=one.left,
        reason=reason,
    )
    permit(decision)
    BlockMember.objects.filter(pk=one.pk).update(share=F("share") - shifts)
    BlockMember.objects.filter(pk=other.pk).update(share=F("share") + shifts)
    note(block, EntryKind.PASSED, shifts, member=one, to_member=other, reason=reason, by=by, at=at)
    changes = {"member": [one.name, other.name], "shifts": [None, shifts]}
    record(Act("block.passed", block.public_id, changes, decision, ground=reason[:500]), by=by, at=at)
    named = {"shifts": shifts, "giver": one.name, "taker": other.name, "reason": reason}
    for user in {one.user_id: one.user, other.user_id: other.user}.values():
        if user.pk != (by.user.pk if by.user else None):
            _tell(block, user, "block.passed", named, at=at)
    return block


@transaction.atomic
def give_back(
    public_id: str, member: int | None, shifts: int, reason: str, desk: rules.Desk, *, by: Actor, at: datetime
) -> Block:
    """Return unused shifts to the facility: of a member's share, or undivided ones. The block shrinks by them.

    They come back as hours lost do, to the most of the pools in which the group counts, and the office is told, with
    how many wait on the standby list.
    """
    block, about = _held(public_id, at=at)
    held = block.members.select_related("user").filter(pk=member).first() if member is not None else None
    if member is not None and held is None:
        permit(rules.may_see_block(about, desk))
        raise Refused(Decision((Reason("block.member_unknown"),)))
    left = held.left if held else block.undivided
    decision = rules.may_return(
        about,
        desk,
        member_id=held.pk if held else None,
        name=held.name if held else "",
        shifts=shifts,
        left=left,
        reason=reason,
    )
    permit(decision)
    shared = shifts if held else 0
    if held is not None:
        BlockMember.objects.filter(pk=held.pk).update(share=F("share") - shifts)
    Block.objects.filter(pk=block.pk).update(
        shifts=F("shifts") - shifts, divided=F("divided") - shared, returned=F("returned") + shifts
    )
    note(block, EntryKind.RETURNED, -shifts, member=held, reason=reason, by=by, at=at)
    call = block.proposal.call
    codes = credit_pools(block.proposal, set(block.proposal.choices.values_list("instrument", flat=True)), shifts)
    changes = {"shifts": [block.shifts, block.shifts - shifts], "pools": [None, codes]}
    record(Act("block.returned", block.public_id, changes, decision, ground=reason[:500]), by=by, at=at)
    waiting = call.proposals.filter(state=State.STANDBY).count()
    named = {"shifts": shifts, "name": held.name if held else block.proposal.number, "number": waiting}
    for user in _officers(call.facility.public_id):
        _tell(block, user, "block.returned", named, at=at)
    block.refresh_from_db()
    return block


def _officers(facility: str) -> list[User]:
    grants = Grant.objects.filter(role=Role.USER_OFFICE, scope=facility, user__is_active=True)
    return [one.user for one in grants.select_related("user").order_by("pk")]
