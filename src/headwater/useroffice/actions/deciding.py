"""The writers of a panel's decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Actor
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.useroffice import facts, queries, rules
from headwater.useroffice.actions.steps import locked_call, locked_proposal, step
from headwater.useroffice.models import (
    Call,
    State,
    Verdict,
)

ACT_OF = {"recommend": "recommend", "reserve": "reserve", "decline": "decline"}


@transaction.atomic
def open_panel(
    call_id: str, desk: rules.Desk, *, waive: Sequence[str] = (), ground: str = "", by: Actor, at: datetime
) -> int:
    """Hand everything in review to the panel; reviews that are missing can be passed with a ground."""
    call = locked_call(call_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    waiting = list(
        queries.with_all(call.proposals.select_for_update(of=("self",)).filter(state=State.REVIEW)).prefetch_related(
            "track__stages", "reviews"
        )
    )
    missing = [one for one in waiting if (due := facts.reviews_due(one, one.reviews.all()))[0] < due[1]]
    if missing and "panel.reviews_missing" not in waive:
        told = {"have": len(waiting) - len(missing), "need": len(waiting)}
        permit(Decision((Reason("panel.proposals_lack_reviews", facts=told),)))
    if missing and not ground.strip():
        raise Refused(Decision((Reason("waiver.ground_missing"),)))
    for proposal in waiting:
        passed = tuple(waive) if proposal in missing else ()
        step(proposal, "reviewed", by=by, at=at, waived=passed, ground=ground if passed else "")
    return len(waiting)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a panel decides of one proposal."""

    kind: str
    rank: int | None = None
    reason: str = ""
    shifts: int | None = None


@transaction.atomic
def decide(
    public_id: str,
    judgement: Judgement,
    desk: rules.Desk,
    *,
    waive: Sequence[str] = (),
    ground: str = "",
    by: Actor,
    at: datetime,
) -> Verdict:
    """Write the panel's decision. Decided before, it goes back first: every version is kept, none is told yet."""
    proposal = locked_proposal(public_id)
    seen = facts.proposal_facts(proposal, desk, at=at)
    own = list(proposal.reviews.all())
    given, due = facts.reviews_due(proposal, own)
    if judgement.kind not in ACT_OF:
        raise Refused(Decision((Reason("panel.kind_unknown", facts={"field": "kind"}),)))
    decision = rules.may_decide(
        office=desk.office(proposal.call.facility_id),
        on_panel=proposal.track.panel_id in desk.panels,
        conflicts=seen.conflicts,
        reviews_in=given,
        reviews_due=0 if proposal.call.mode in rules.WITHOUT_REVIEW else due,
        reason=judgement.reason,
        kind=judgement.kind,
    )
    if not desk.may_write:
        decision += Decision((Reason("token.scope_missing", facts={"scope": "write"}),))
    permit(decision, waive=waive, ground=ground)
    if proposal.state in ("recommended", "standby", "declined"):
        step(proposal, "back", by=by, at=at)
    verdict = Verdict.objects.create(
        proposal=proposal,
        kind=judgement.kind,
        rank=judgement.rank,
        shifts=judgement.shifts,
        reason=judgement.reason[:5000],
        by=by.user,
        at=at,
    )
    changes = {"rank": [None, judgement.rank], "kind": [None, judgement.kind]}
    step(
        proposal,
        ACT_OF[judgement.kind],
        by=by,
        at=at,
        decision=decision,
        changes=changes,
        waived=(passed := tuple(code for code in waive if code in decision.codes)),
        ground=ground if passed else "",
    )
    return verdict


@transaction.atomic
def decide_by_rank(
    call_id: str, order: Sequence[str], recommend: int, reason: str, desk: rules.Desk, *, by: Actor, at: datetime
) -> int:
    """Decide a whole list in one pass: the first ``recommend`` are recommended, the rest go to the standby list.

    Proposals in conflict with whoever decides are left for somebody else.
    """
    call = locked_call(call_id)
    done = 0
    rows = {one.public_id: one for one in call.proposals.filter(public_id__in=order, state=State.PANEL)}
    if by.user is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    conflicts = facts.conflicts_between(rows.values(), [by.user.pk])
    for rank, public_id in enumerate(order, 1):
        held = rows.get(public_id)
        if held is None or (held.pk, by.user.pk) in conflicts:
            continue
        kind = "recommend" if rank <= recommend else "reserve"
        waive = ("panel.reviews_missing",)
        decide(public_id, Judgement(kind, rank, reason), desk, waive=waive, ground=reason, by=by, at=at)
        done += 1
    return done


def close_standby(call: Call, *, by: Actor, at: datetime) -> None:
    """When a call is completed, what stayed on the standby list is declined; in the caller's transaction."""
    for proposal in queries.with_all(call.proposals.filter(state=State.STANDBY)):
        step(proposal, "close", by=by, at=at)
