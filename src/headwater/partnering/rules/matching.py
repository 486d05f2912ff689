"""Who may stand in a ranking, answer an approach, propose, and be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from headwater.core.decision import Decision, Reason, Weight
from headwater.partnering.rules.challenges import may_decide, may_write_for
from headwater.partnering.rules.sight import ProposalSight, SightFacts, Viewer, may_see_challenge, may_see_proposal
from headwater.partnering.rules.states import may_move

BUSY = 0.9
MOST_RACING = 5


@dataclass(frozen=True, slots=True)
class CandidateFacts:
    """A group beside a challenge, before any score."""

    active: bool
    own_organisation: bool
    ownership_tie: bool
    conflict: str  # the ground of a declared conflict
    load: float
    travel_min: float | None
    reach_min: int | None


def may_be_candidate(facts: CandidateFacts) -> Decision:
    """Say whether a group may be shown as a candidate; what only speaks against it is a note."""
    found = []
    if not facts.active:
        found.append(Reason("candidate.inactive"))
    if facts.own_organisation:
        found.append(Reason("candidate.own_organisation"))
    if facts.conflict:
        found.append(Reason("candidate.conflict_declared", facts={"ground": facts.conflict}))
    if facts.ownership_tie:
        found.append(Reason("candidate.belongs_together", Weight.NOTE))
    if facts.load >= BUSY:
        found.append(Reason("candidate.busy", Weight.NOTE, {"share": round(100 * facts.load)}))
    if facts.travel_min is None:
        found.append(Reason("candidate.no_route", Weight.NOTE))
    elif facts.reach_min is not None and facts.travel_min > facts.reach_min:
        found.append(
            Reason("candidate.far", Weight.NOTE, {"minutes": round(facts.travel_min), "limit": facts.reach_min})
        )
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class AbsenceFacts:
    """Why a group does not stand among the first: its place, and what its score lacks beside the last one shown."""

    candidate: CandidateFacts
    indexed: bool
    rank: int | None
    shown: int
    score: float
    least_shown: float
    missing: tuple[str, ...]
    below: tuple[tuple[str, int, int], ...]  # technique, level held, level wanted
    weakest: tuple[tuple[str, float, float], ...]  # part, its own, the last shown one's


def why_absent(facts: AbsenceFacts) -> Decision:
    """All that keeps a group from the first places; an empty decision means that it is among them."""
    decision = may_be_candidate(facts.candidate)
    found = []
    if not facts.indexed and facts.candidate.active:
        found.append(Reason("candidate.not_indexed_yet", Weight.NOTE))
    if facts.rank is not None and facts.rank <= facts.shown and decision.allowed():
        return decision
    if facts.indexed and facts.rank is not None:
        found.append(
            Reason(
                "candidate.ranked_lower",
                Weight.NOTE,
                {
                    "rank": facts.rank,
                    "shown": facts.shown,
                    "score": f"{facts.score:.3f}",
                    "least": f"{facts.least_shown:.3f}",
                },
            )
        )
    found += [Reason("candidate.lacks_technique", Weight.NOTE, {"technique": name}) for name in facts.missing]
    found += [
        Reason("candidate.level_below", Weight.NOTE, {"technique": name, "have": have, "need": need})
        for name, have, need in facts.below
    ]
    found += [
        Reason(f"candidate.weak_{part}", Weight.NOTE, {"own": f"{own:.2f}", "least": f"{least:.2f}"})
        for part, own, least in facts.weakest
    ]
    return decision + Decision(tuple(found))


def may_invite(sight: SightFacts, candidate: CandidateFacts, known: bool, viewer: Viewer) -> Decision:
    """Say whether a group may be invited: while the challenge is open, and nothing but notes speaks against it."""
    decision = may_decide(sight, viewer)
    if "challenge.not_found" in decision.codes:
        return decision
    if sight.state != "published":
        decision += Decision((Reason("challenge.wrong_state", facts={"state": sight.state}),))
    if known:
        decision += Decision((Reason("approach.invited_before"),))
    return decision + may_be_candidate(candidate)


def may_answer(organisation_id: int, state: str, answer: str, challenge_state: str, viewer: Viewer) -> Decision:
    """Say whether the group's people may answer an approach so."""
    decision = may_write_for(organisation_id, viewer)
    if answer not in ("yes", "later", "no"):
        return decision + Decision((Reason("approach.answer_unknown", facts={"value": answer}),))
    if challenge_state != "published":
        decision += Decision((Reason("approach.too_late"),))
    if answer != state:
        decision += may_move("approach", state, answer)
    return decision


@dataclass(frozen=True, slots=True)
class ProposalFacts:
    """A proposal as drafted, beside the challenge."""

    lead_organisation_id: int
    company_id: int
    title: str
    plan: str
    price_minor: int
    currency: str
    months: int
    needs_agreement: bool
    bound: bool
    unknown_members: tuple[str, ...]
    conflicts: tuple[str, ...]
    state: str
    closes_at: datetime | None


def may_propose(facts: ProposalFacts, sight: SightFacts, viewer: Viewer, *, now: datetime) -> Decision:
    """Say whether a proposal may be written or changed for the leading group."""
    seen = may_see_challenge(sight, viewer)
    if not seen.allowed():
        return seen
    decision = may_write_for(facts.lead_organisation_id, viewer)
    found = []
    if sight.state != "published":
        found.append(Reason("challenge.wrong_state", facts={"state": sight.state}))
    if facts.lead_organisation_id == facts.company_id:
        found.append(Reason("candidate.own_organisation"))
    if facts.closes_at is not None and now >= facts.closes_at:
        found.append(Reason("opencall.closed", facts={"at": f"{facts.closes_at:%Y-%m-%d %H:%M}"}))
    if facts.state not in ("", "draft", "withdrawn"):
        found.append(Reason("bid.wrong_state", facts={"state": facts.state}))
    if not facts.title.strip() or len(facts.title) > 300:
        found.append(Reason("bid.title_missing"))
    if not 0 <= facts.price_minor < 2**62:
        found.append(Reason("bid.price_wrong"))
    if len(facts.currency) != 3 or not facts.currency.isupper():
        found.append(Reason("challenge.currency_unknown", facts={"value": facts.currency}))
    if not 1 <= facts.months <= 120:
        found.append(Reason("challenge.months_wrong", facts={"value": facts.months}))
    found += [Reason("bid.member_unknown", facts={"value": one}) for one in facts.unknown_members]
    found += [Reason("candidate.conflict_declared", facts={"ground": one}) for one in facts.conflicts]
    return decision + Decision(tuple(found))


def may_submit_proposal(facts: ProposalFacts, sight: SightFacts, viewer: Viewer, *, now: datetime) -> Decision:
    """Say whether the proposal may be handed in: it says how, and its side has signed where that is needed."""
    decision = may_propose(facts, sight, viewer, now=now)
    found = []
    if not facts.plan.strip():
        found.append(Reason("bid.plan_missing"))
    if facts.needs_agreement and not facts.bound:
        found.append(Reason("challenge.agreement_needed"))
    return decision + Decision(tuple(found))


def may_withdraw_proposal(facts: ProposalSight, viewer: Viewer, *, now: datetime) -> Decision:
    """Say whether the leading group may take its proposal back."""
    seen = may_see_proposal(facts, viewer, now=now)
    if not seen.allowed():
        return seen
    return may_write_for(facts.lead_id, viewer) + may_move("proposal", facts.state, "withdraw")


@dataclass(frozen=True, slots=True)
class AwardFacts:
    """A decision over the proposals, as asked for: each one's outcome and reason."""

    outcomes: Mapping[str, str]
    lacking_reason: tuple[str, ...]
    unknown: tuple[str, ...]
    left_out: int
    reasons: str
    racing: int
    race_teams: int
    closes_at: datetime | None


def may_award(facts: AwardFacts, sight: SightFacts, viewer: Viewer, *, now: datetime) -> Decision:
    """Say whether the decision may be recorded: over all proposals at once, each with its reason.

    One is chosen, or, where the call races teams, two to its number go on to the gate; after the gate one is chosen or
    none. Turning everybody down is a decision too.
    """
    decision = may_decide(sight, viewer)
    if not decision.allowed():
        return decision
    chosen = sum(outcome == "chosen" for outcome in facts.outcomes.values())
    racing = sum(outcome == "racing" for outcome in facts.outcomes.values())
    found = []
    if sight.state != "published":
        found.append(Reason("challenge.wrong_state", facts={"state": sight.state}))
    if facts.closes_at is not None and now < facts.closes_at:
        found.append(Reason("opencall.still_open", facts={"until": f"{facts.closes_at:%Y-%m-%d %H:%M}"}))
    if not facts.outcomes:
        found.append(Reason("award.no_proposals"))
    found += [Reason("bid.not_found", facts={"value": one}) for one in facts.unknown]
    if facts.left_out:
        found.append(Reason("award.left_out", facts={"count": facts.left_out}))
    if not facts.reasons.strip():
        found.append(Reason("award.reasons_missing"))
    found += [Reason("award.line_reason_missing", facts={"title": one}) for one in facts.lacking_reason]
    if chosen > 1 or (chosen and racing):
        found.append(Reason("award.one_winner"))
    if racing and (facts.racing or racing < 2 or racing > min(facts.race_teams, MOST_RACING)):
        found.append(Reason("award.race_size", facts={"have": racing, "most": facts.race_teams}))
    return decision + Decision(tuple(found))
