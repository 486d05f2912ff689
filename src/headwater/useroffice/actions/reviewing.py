"""The writers of reviews and of conflicts that a reviewer declares."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.useroffice import facts, rules
from headwater.useroffice.actions.assigning import ask
from headwater.useroffice.actions.steps import locked_proposal
from headwater.useroffice.models import (
    DeclaredConflict,
    Proposal,
    Review,
    State,
)
from headwater.useroffice.rules.access import LIVE


def _held_review(public_id: str) -> tuple[Review, Proposal, rules.ReviewFacts]:
    review = Review.objects.select_for_update(of=("self",)).select_related("stage").filter(public_id=public_id).first()
    if review is None:
        raise Refused(Decision((Reason("review.not_found"),)))
    proposal = locked_proposal(review.proposal.public_id)
    conflicts = facts.conflicts_between([proposal], [review.reviewer_id]).get((proposal.pk, review.reviewer_id), ())
    return review, proposal, rules.ReviewFacts(review.reviewer_id, review.state, proposal.state, conflicts)


@transaction.atomic
def give_review(
    public_id: str,
    scores: Mapping[str, object],
    for_panel: str,
    for_proposer: str,
    desk: rules.Desk,
    *,
    by: Actor,
    at: datetime,
) -> Review:
    """Give a review, or change it while the proposal is in review."""
    review, proposal, about = _held_review(public_id)
    criteria = {one["key"]: float(one.get("weight", 1)) for one in review.stage.criteria}
    given = rules.GivenReview(scores, for_panel, for_proposer)
    decision = rules.may_give_review(about, desk, given=given, criteria=tuple(criteria))
    permit(decision)
    kept = {key: int(str(scores[key])) for key in criteria}
    review.scores, review.for_panel, review.for_proposer = kept, for_panel, for_proposer
    review.score = sum(criteria[key] * kept[key] for key in criteria) / sum(criteria.values())
    review.state, review.given_at = "submitted", at
    review.save()
    record(Act("review.given", proposal.public_id, {"review": [None, review.public_id]}, decision), by=by, at=at)
    return review


@transaction.atomic
def decline_review(
    public_id: str, reason: str, desk: rules.Desk, *, conflict: bool = False, by: Actor, at: datetime
) -> Review:
    """Decline a review with a reason; with ``conflict`` that is declared too, and binds from now on."""
    review, proposal, about = _held_review(public_id)
    decision = rules.may_leave_review(about, desk)
    if not reason.strip():
        decision += Decision((Reason("review.reason_missing", facts={"field": "reason"}),))
    permit(decision)
    review.state, review.reason = "declined", reason[:500]
    review.save(update_fields=["state", "reason"])
    if conflict:
        DeclaredConflict.objects.get_or_create(
            proposal=proposal, person=review.reviewer, by_reviewer=True, defaults={"reason": reason[:500], "at": at}
        )
    changes = {"review": [review.public_id, None], "conflict": [None, conflict]}
    record(Act("review.declined", proposal.public_id, changes, ground=reason[:500]), by=by, at=at)
    return review


@transaction.atomic
def delegate_review(public_id: str, email: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Review:
    """Hand a review on to another member of the panel who may give it."""
    review, proposal, about = _held_review(public_id)
    permit(rules.may_leave_review(about, desk, hand_on=True))
    if email.strip().lower() == review.reviewer.email.lower():
        raise Refused(Decision((Reason("review.to_herself", facts={"field": "email"}),)))
    made = ask(proposal, email, by=by, at=at)
    review.state, review.delegated_to = "delegated", made.reviewer
    review.save(update_fields=["state", "delegated_to"])
    return made


@transaction.atomic
def declare_conflict(public_id: str, reason: str, desk: rules.Desk, *, by: Actor, at: datetime) -> None:
    """Declare a conflict of one's own with a proposal one would judge.

    Her review is taken back: one given counts no longer while the proposal is not decided, its words are kept.
    """
    proposal = locked_proposal(public_id)
    seen = rules.may_see_proposal(facts.proposal_facts(proposal, desk, at=at), desk)
    if "proposal.not_found" in seen.codes or by.user is None:
        raise Refused(seen if seen.reasons else Decision((Reason("sign_in.needed"),)))
    DeclaredConflict.objects.get_or_create(
        proposal=proposal, person=by.user, by_reviewer=True, defaults={"reason": reason[:500], "at": at}
    )
    undecided = proposal.state in (State.REVIEW, State.PANEL)
    taken = proposal.reviews.filter(reviewer=by.user, state__in=LIVE if undecided else ["assigned"])
    taken.update(state="declined", reason=reason[:500])
    record(
        Act("conflict.declared", proposal.public_id, {"person": [None, by.user.email]}, ground=reason[:500]),
        by=by,
        at=at,
    )
