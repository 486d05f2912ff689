"""What the actions share: locking a proposal, moving its state, telling its team."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.useroffice import queries, rules
from headwater.useroffice.actions.shares import settle
from headwater.useroffice.models import Call, Mode, Proposal


def locked_call(public_id: str, *, within: bool = False) -> Call:
    """The call, locked: what is scarce in it (shares, loads, versions) is decided by one at a time.

    A block's own call is run from the block alone; only submitting to it takes this way, with ``within``.
    """
    call = Call.objects.select_for_update(of=("self",)).select_related("facility").filter(public_id=public_id).first()
    if call is None or (call.mode == Mode.WITHIN and not within):
        raise Refused(Decision((Reason("call.not_found"),)))
    return call


def locked_proposal(public_id: str) -> Proposal:
    """The proposal, locked, with what the rules look at."""
    held = Proposal.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
    if held is None:
        raise Refused(Decision((Reason("proposal.not_found"),)))
    return queries.with_all(Proposal.objects.filter(pk=held.pk)).get()


def step(
    proposal: Proposal,
    act: str,
    *,
    by: Actor,
    at: datetime,
    decision: Decision | None = None,
    changes: Mapping[str, object] | None = None,
    waived: tuple[str, ...] = (),
    ground: str = "",
) -> None:
    """Move the state along its table and write it down; refused where the table has no such step."""
    mode = proposal.call.mode
    permit(rules.may_move(mode, proposal.state, act))
    old, proposal.state, proposal.state_at = proposal.state, rules.moved(mode, proposal.state, act), at
    proposal.save(update_fields=["state", "state_at"])
    if mode == Mode.WITHIN:
        settle(proposal, act, by=by, at=at)
    record(
        Act(
            f"proposal.{act}",
            proposal.public_id,
            {"state": [old, proposal.state], **(changes or {})},
            decision,
            waived,
            ground,
        ),
        by=by,
        at=at,
    )


def path_of(proposal: Proposal) -> str:
    return f"/beamtime/proposals/{proposal.public_id}/"


def tell_team(proposal: Proposal, code: str, facts: Mapping[str, object], *, at: datetime, key: str = "") -> int:
    """Tell everybody on the team who has accepted; says how many were told."""
    told = 0
    for member in proposal.team.all():
        if member.user is not None and member.accepted_at is not None:
            named = {"proposal": proposal.number, "title": proposal.title, **facts}
            told += tell(member.user, code, named, path=path_of(proposal), at=at, key=key) is not None
    return told


def names_of(record_: object) -> dict[str, str]:
    """A record's two names, as a notice keeps them."""
    return {"zh": getattr(record_, "name_zh", ""), "en": getattr(record_, "name_en", "")}
