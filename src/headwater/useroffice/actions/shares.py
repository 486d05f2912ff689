"""The writers of a block's shifts, each change under its lock and kept as an entry, and of what comes back to pools."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import F, Sum

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Actor
from headwater.core.decision import permit
from headwater.useroffice import blocks, rounds, rules
from headwater.useroffice.models import Block, BlockEntry, BlockMember, EntryKind, Proposal, SubProject, Visit
from headwater.useroffice.rules.states import GIVES_BACK


def locked_block(pk: int) -> Block:
    """The block, locked before anything of it is read: its shifts are scarce, so one at a time decides on them.

    Whoever locks a proposal too does that first.
    """
    held = Block.objects.select_for_update(of=("self",)).get(pk=pk)
    return Block.objects.select_related("call__facility", "proposal__call__facility").get(pk=held.pk)


def note(
    block: Block,
    kind: EntryKind,
    shifts: int,
    *,
    member: BlockMember | None = None,
    to_member: BlockMember | None = None,
    proposal: Proposal | None = None,
    reason: str = "",
    by: Actor,
    at: datetime,
) -> None:
    """Keep what happened to shifts of the block."""
    BlockEntry.objects.create(
        block=block,
        kind=kind,
        member=member,
        to_member=to_member,
        proposal=proposal,
        shifts=shifts,
        reason=reason.strip()[:500],
        by=by.user,
        at=at,
    )


def settle(proposal: Proposal, act: str, *, by: Actor, at: datetime) -> None:
    """What a step of a sub-project does to its member's share; in the step's transaction.

    Submitting takes its shifts, refused with what is left where they are too few. Withdrawn or not feasible it gives
    them back; what the machine lost comes back with the end of its visit.
    """
    if act not in ("submit", "finish", *GIVES_BACK):
        return
    part = SubProject.objects.select_related("member").get(proposal=proposal)
    block = locked_block(part.member.block_id)
    if act == "submit":
        permit(rules.may_take(blocks.take_facts(proposal)))
        _hold(block, part, proposal.requested, EntryKind.TAKEN, by=by, at=at)
        _tell_leaders(block, part, proposal, by=by, at=at)
    elif act == "finish":
        credited = Visit.objects.filter(proposal=proposal).aggregate(n=Sum("credited_shifts"))["n"] or 0
        _hold(block, part, -min(credited, part.shifts), EntryKind.CREDITED, by=by, at=at)
    else:
        _hold(block, part, -part.shifts, EntryKind.GIVEN_BACK, by=by, at=at)


def _tell_leaders(block: Block, part: SubProject, proposal: Proposal, *, by: Actor, at: datetime) -> None:
    """Tell those who lead the group that shifts were taken, with what the share has left."""
    left = BlockMember.objects.get(pk=part.member_id).left
    named = {"proposal": proposal.number, "name": part.member.name, "shifts": proposal.requested, "left": left}
    path, key = f"/beamtime/blocks/{block.public_id}/", f"taken:{proposal.pk}:{proposal.submitted_at:%s}"
    leaders = block.proposal.team.filter(may_submit=True, accepted_at__isnull=False).select_related("user")
    for place in leaders:
        if place.user is not None and place.user != by.user:
            tell(place.user, "block.taken", named, path=path, at=at, key=key)


def _hold(block: Block, part: SubProject, more: int, kind: EntryKind, *, by: Actor, at: datetime) -> None:
    """Have a sub-project hold so many shifts more, or fewer: on its own row, its member's and the block's."""
    if not more:
        return
    SubProject.objects.filter(pk=part.pk).update(shifts=F("shifts") + more)
    BlockMember.objects.filter(pk=part.member_id).update(used=F("used") + more)
    Block.objects.filter(pk=block.pk).update(used=F("used") + more)
    note(block, kind, more, member=part.member, proposal=part.proposal, by=by, at=at)


def credited_inside(proposal: Proposal, visit: Visit) -> int:
    """Shifts that sub-projects inside of a group's own beamtime got back already: those count once."""
    inside = Visit.objects.filter(
        proposal__part__member__block__proposal=proposal, proposal__part__own=False, instrument=visit.instrument_id
    )
    return inside.aggregate(n=Sum("credited_shifts"))["n"] or 0


def credit_pools(proposal: Proposal, lines: Collection[int], shifts: int) -> list[str]:
    """Give shifts back to the most of the pools in which a proposal counts and that hold on one of the beamlines.

    In the caller's transaction; returns the codes of those pools.
    """
    pools = list(proposal.call.pools.prefetch_related("beamlines"))
    tags = rounds.tags_of(proposal, rounds.home_jurisdictions(), proposal.call, pools)
    reached = []
    for pool in pools:
        own = {line.pk for line in pool.beamlines.all()}
        if pool.code in tags and (not own or not own.isdisjoint(lines)):
            reached.append(pool)
    proposal.call.pools.filter(pk__in=[pool.pk for pool in reached]).update(credit_shifts=F("credit_shifts") + shifts)
    return sorted(pool.code for pool in reached)
