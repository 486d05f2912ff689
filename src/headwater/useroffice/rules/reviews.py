"""Assigning reviewers, giving reviews, deciding, and telling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headwater.core.decision import Decision, Reason, Weight

from .access import Desk, ReviewFacts, writing

LONGEST = 10_000
SCORES = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class GivenReview:
    """What a reviewer gives: a score for each criterion, and words."""

    scores: Mapping[str, object]
    for_panel: str
    for_proposer: str


def may_give_review(
    facts: ReviewFacts, desk: Desk, *, given: GivenReview | None = None, criteria: Sequence[str] = ()
) -> Decision:
    """Say whether she may give, decline or delegate the review that is asked of her."""
    if facts.reviewer_id != desk.user_id:
        return Decision((Reason("review.not_found"),))
    found = writing(desk)
    if facts.conflicts:
        found.append(Reason("proposal.conflict", facts={"kinds": ", ".join(facts.conflicts)}))
    if facts.state not in ("assigned", "submitted"):
        found.append(Reason("review.not_asked"))
    if facts.proposal_state != "review":
        found.append(Reason("review.closed"))
    if given is None:
        return Decision(tuple(found))
    found += [
        Reason("review.score_missing", facts={"field": f"c_{key}", "key": key})
        for key in criteria
        if given.scores.get(key) not in SCORES
    ]
    if not given.for_panel.strip():
        found.append(Reason("review.text_missing", facts={"field": "for_panel"}))
    for about, text in (("for_panel", given.for_panel), ("for_proposer", given.for_proposer)):
        if len(text) > LONGEST:
            found.append(Reason("draft.text_too_long", facts={"field": about, "have": len(text), "most": LONGEST}))
    return Decision(tuple(found))


def may_leave_review(facts: ReviewFacts, desk: Desk, *, hand_on: bool = False) -> Decision:
    """Say whether she may decline or hand on the review: while it is asked of her and not given yet.

    Somebody in conflict may decline, but not choose who reviews in her stead.
    """
    if facts.reviewer_id != desk.user_id:
        return Decision((Reason("review.not_found"),))
    found = writing(desk)
    if facts.state != "assigned":
        found.append(Reason("review.given_already" if facts.state == "submitted" else "review.not_asked"))
    if facts.proposal_state != "review":
        found.append(Reason("review.closed"))
    if hand_on and facts.conflicts:
        found.append(Reason("proposal.conflict", facts={"kinds": ", ".join(facts.conflicts)}))
    return Decision(tuple(found))


def may_assign(*, conflicts: Sequence[str], load: int, most: int, state: str, on_panel: bool) -> Decision:
    """Say whether a review may be asked of somebody. A conflict can't be passed; a full load can, with a ground."""
    found = []
    if conflicts:
        found.append(Reason("proposal.conflict", facts={"kinds": ", ".join(conflicts)}))
    if state not in ("feasibility", "review"):
        found.append(Reason("review.closed"))
    if not on_panel:
        found.append(Reason("review.not_on_panel"))
    if load >= most:
        found.append(Reason("review.load_full", Weight.WAIVABLE, {"load": load, "most": most}))
    return Decision(tuple(found))


def may_decide(
    *, office: bool, on_panel: bool, conflicts: Sequence[str], reviews_in: int, reviews_due: int, reason: str, kind: str
) -> Decision:
    """Say whether a panel's decision may be written: by its members or the office, none in conflict, with a reason."""
    found = []
    if not office and not on_panel:
        found.append(Reason("panel.not_yours"))
    if conflicts:
        found.append(Reason("proposal.conflict", facts={"kinds": ", ".join(conflicts)}))
    if reviews_in < reviews_due:
        found.append(Reason("panel.reviews_missing", Weight.WAIVABLE, {"have": reviews_in, "need": reviews_due}))
    if kind != "recommend" and not reason.strip():
        found.append(Reason("panel.reason_missing", facts={"field": "reason"}))
    return Decision(tuple(found))


def may_send_letters(*, pending: int, undecided: int) -> Decision:
    """Say whether the pending letters may go out together; proposals without a decision are named."""
    found = []
    if not pending:
        found.append(Reason("letters.none"))
    if undecided:
        found.append(Reason("letters.undecided", Weight.WAIVABLE, {"number": undecided}))
    return Decision(tuple(found))
