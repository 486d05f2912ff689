"""Gathers what partnering's rules need to know."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.core.decision import Decision, Reason, Refused
from headwater.partnering import queries
from headwater.partnering.models import Agreement, AgreementState, Challenge, Milestone, Partnership, Profile, Proposal
from headwater.partnering.rules.consortia import MilestoneFacts, PartnershipFacts
from headwater.partnering.rules.matching import CandidateFacts
from headwater.partnering.rules.sight import ProposalSight, SightFacts, may_see_challenge
from headwater.registry.rules import Viewer


def sight_of_many(challenges: Sequence[Challenge]) -> dict[int, SightFacts]:
    """What decides over each challenge's sight; two queries however many there are."""
    keys = [one.pk for one in challenges]
    bound, proposing = queries.bound_organisations(keys), queries.proposing_organisations(keys)
    return {
        one.pk: SightFacts(
            one.organisation_id,
            one.state,
            one.published_at is not None,
            frozenset(bound[one.pk]),
            frozenset(proposing[one.pk]),
        )
        for one in challenges
    }


def sight_of(challenge: Challenge) -> SightFacts:
    return sight_of_many([challenge])[challenge.pk]


def seen_challenge(public_id: str, viewer: Viewer, *, lock: bool = False) -> tuple[Challenge, SightFacts]:
    """The challenge and its sight, if ``viewer`` may see it; a hidden one is refused as if it were not there."""
    rows = Challenge.objects.select_related("organisation__city", "source", "current", "call", "broker")
    if lock:
        rows = rows.select_for_update(of=("self",))
    challenge = rows.filter(public_id=public_id).first()
    if challenge is None:
        raise Refused(Decision((Reason("challenge.not_found"),)))
    sight = sight_of(challenge)
    decision = may_see_challenge(sight, viewer)
    if not decision.allowed():
        raise Refused(decision)
    return challenge, sight


def proposal_sight(proposal: Proposal, sight: SightFacts) -> ProposalSight:
    """What decides over a proposal's sight; read it with its team and its challenge's call."""
    call = getattr(proposal.challenge, "call", None)
    return ProposalSight(
        sight,
        proposal.state,
        proposal.lead.organisation_id,
        frozenset(one.profile.organisation_id for one in proposal.members.all()),
        call.closes_at if call is not None and call.sealed else None,
    )


def candidate_facts(
    profile: Profile,
    challenge: Challenge,
    *,
    conflicts: dict[int, str],
    owned: set[int],
    minutes: float | None,
    reach_min: int | None,
) -> CandidateFacts:
    """A group beside a challenge; ``owned`` are organisations tied to the company by ownership."""
    return CandidateFacts(
        active=profile.active,
        own_organisation=profile.organisation_id == challenge.organisation_id,
        ownership_tie=profile.organisation_id in owned,
        conflict=conflicts.get(profile.organisation_id, ""),
        load=profile.load,
        travel_min=minutes,
        reach_min=reach_min,
    )


def agreement_state(challenge: Challenge, organisation_id: int) -> str:
    row = Agreement.objects.filter(challenge=challenge, organisation_id=organisation_id).first()
    return row.state if row else ""


def is_bound(challenge: Challenge, organisation_id: int) -> bool:
    return agreement_state(challenge, organisation_id) == AgreementState.IN_FORCE


def partnership_facts(partnership: Partnership) -> PartnershipFacts:
    members = list(partnership.members.all())
    lead = next((one.organisation_id for one in members if one.role == "lead"), None)
    return PartnershipFacts(
        lead,
        frozenset(one.organisation_id for one in members),
        partnership.state,
        frozenset(one.organisation_id for one in members if one.standing == "invited"),
    )


def milestone_facts(milestone: Milestone, partnership: PartnershipFacts, text: str) -> MilestoneFacts:
    judge = milestone.payer_id or partnership.lead_id
    return MilestoneFacts(milestone.state, judge, milestone.payee_id, partnership, text)
