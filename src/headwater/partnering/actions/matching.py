"""The writers between both sides: who is told and invited, what they answer, proposals, awards, weights, conflicts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.engines.matching import PARTS
from headwater.partnering import drafts, queries, ranking, reach
from headwater.partnering.actions import telling
from headwater.partnering.facts import candidate_facts, is_bound, proposal_sight, seen_challenge, sight_of
from headwater.partnering.models import (
    Approach,
    ApproachOrigin,
    ApproachState,
    Award,
    AwardKind,
    AwardLine,
    Challenge,
    Conflict,
    Level,
    Profile,
    Proposal,
    ProposalMember,
    ProposalState,
    Weighting,
)
from headwater.partnering.rules import challenges as challenge_rules, matching as rules, states
from headwater.partnering.rules.sight import Clearance, SightFacts, may_see_proposal
from headwater.registry.models import Organisation
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer

TOLD_AT_MOST = 10
LEAST_SCORE = 0.25


def tell_fitting(challenge: Challenge, *, by: Actor, at: datetime) -> int:
    """Tell the groups that fit best, as far as signed-in people may read; says how many groups were told.

    The ranking behind it is made of what any signed-in reader sees, so that being told gives nothing away.
    """
    version = queries.version_with_all(challenge)
    assert version is not None
    first = ranking.rank(
        challenge, version, at=at, clearance=Clearance.REGISTERED, count=3 * TOLD_AT_MOST, explain=False
    )
    known = set(challenge.approaches.values_list("profile_id", flat=True))
    told = 0
    for one in first.candidates:
        fits = one.score >= LEAST_SCORE and one.notes.allowed() and one.profile.tells
        if not fits or one.profile.pk in known or told >= TOLD_AT_MOST:
            continue
        approach = Approach.objects.create(
            public_id=new_id("apr", node_prefix()), challenge=challenge, profile=one.profile,
            origin=ApproachOrigin.TOLD, by=by.user, at=at,
        )  # fmt: skip
        telling.labs(
            challenge, [one.profile.organisation_id], "match.fits", {"group": telling.both(one.profile)}, at=at,
            key=f"match.fits:{approach.public_id}",
        )  # fmt: skip
        told += 1
    return told


def _candidate(challenge: Challenge, profile: Profile) -> rules.CandidateFacts:
    ties = queries.earlier_ties(challenge.organisation_id)
    return candidate_facts(
        profile,
        challenge,
        conflicts=queries.conflicts_with(challenge.organisation_id),
        owned={key for key, rows in ties.items() if any(kind == "ownership" for kind, _name in rows)},
        minutes=reach.travel().between(profile.city_id, challenge.organisation.city_id),
        reach_min=None,
    )


@transaction.atomic
def invite(public_id: str, profile_id: str, note: str, viewer: Viewer, *, by: Actor, at: datetime) -> Approach:
    """Invite a group. Invited organisations come under agreement as soon as they sign."""
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    profile = queries.profiles().filter(public_id=profile_id).first()
    if profile is None:
        raise Refused(Decision((Reason("profile.not_found", facts={"value": profile_id}),)))
    before = Approach.objects.filter(challenge=challenge, profile=profile).first()
    known = before is not None and before.origin == ApproachOrigin.INVITED
    decision = rules.may_invite(sight, _candidate(challenge, profile), known, viewer)
    permit(decision)
    if before is not None:
        before.origin, before.note = ApproachOrigin.INVITED, note[:1000]
        before.save(update_fields=["origin", "note"])
        made = before
    else:
        made = Approach.objects.create(
            public_id=new_id("apr", node_prefix()), challenge=challenge, profile=profile,
            origin=ApproachOrigin.INVITED, note=note[:1000], by=by.user, at=at,
        )  # fmt: skip
    record(Act("match.invited", public_id, {"group": [None, profile.public_id]}, decision), by=by, at=at)
    telling.labs(
        challenge, [profile.organisation_id], "match.invited", {"group": telling.both(profile)}, at=at,
        key=f"match.invited:{made.public_id}",
    )  # fmt: skip
    return made


@transaction.atomic
def answer(
    public_id: str, profile_id: str, said: str, words: str, viewer: Viewer, *, by: Actor, at: datetime
) -> Approach:
    """Answer for a group: yes, no, later. Whoever was not approached comes of its own accord by saying yes."""
    challenge, _sight = seen_challenge(public_id, viewer)
    profile = Profile.objects.filter(public_id=profile_id, active=True).first()
    if profile is None:
        raise Refused(Decision((Reason("profile.not_found", facts={"value": profile_id}),)))
    approach = Approach.objects.select_for_update(of=("self",)).filter(challenge=challenge, profile=profile).first()
    state = approach.state if approach else ApproachState.OPEN
    decision = rules.may_answer(profile.organisation_id, state, said, challenge.state, viewer)
    if approach is None:
        decision += rules.may_be_candidate(_candidate(challenge, profile))
    permit(decision)
    if approach is None:
        approach = Approach(
            public_id=new_id("apr", node_prefix()), challenge=challenge, profile=profile,
            origin=ApproachOrigin.OWN, by=by.user, at=at,
        )  # fmt: skip
    approach.state, approach.answer = said, words[:1000]
    approach.answered_by, approach.answered_at = by.user, at
    approach.save()
    changes = {"group": [None, profile.public_id], "answer": [state, said]}
    record(Act("match.answered", public_id, changes, decision), by=by, at=at)
    telling.deciders(challenge, f"match.answered_{said}", {"group": telling.both(profile)}, at=at)
    return approach


# Proposals ------------------------------------------------------------------------------------------------------
def _proposal_facts(
    challenge: Challenge, draft: drafts.ProposalDraft, lead: Profile, members: Mapping[str, Profile], state: str
) -> rules.ProposalFacts:
    conflicts = queries.conflicts_with(challenge.organisation_id)
    sides = [lead, *members.values()]
    call = getattr(challenge, "call", None)
    version = queries.version_with_all(challenge)
    parts = version.parts.all() if version else ()
    needs = any(part.level == Level.AGREEMENT and (part.text_zh or part.text_en) for part in parts)
    needs = needs or any(one.level == Level.AGREEMENT for one in queries.attachments_of(challenge))
    return rules.ProposalFacts(
        lead_organisation_id=lead.organisation_id,
        company_id=challenge.organisation_id,
        title=draft.title,
        plan=draft.plan,
        price_minor=draft.price_minor,
        currency=draft.currency,
        months=draft.months,
        needs_agreement=needs,
        bound=is_bound(challenge, lead.organisation_id),
        unknown_members=tuple(one for one, _task in draft.members if one not in members or members[one].pk == lead.pk),
        conflicts=tuple(conflicts[one.organisation_id] for one in sides if one.organisation_id in conflicts),
        state=state,
        closes_at=call.closes_at if call else None,
    )


@transaction.atomic
def propose(
    public_id: str, draft: drafts.ProposalDraft, viewer: Viewer, *, hand_in: bool, by: Actor, at: datetime
) -> Proposal:
    """Write a group's proposal, or change it while it is a draft; and hand it in where asked."""
    challenge, sight = seen_challenge(public_id, viewer)
    lead = Profile.objects.select_related("organisation").filter(public_id=draft.lead, active=True).first()
    if lead is None:
        raise Refused(Decision((Reason("profile.not_found", facts={"value": draft.lead}),)))
    proposal = Proposal.objects.select_for_update(of=("self",)).filter(challenge=challenge, lead=lead).first()
    asked = [one for one, _task in draft.members]
    members = {one.public_id: one for one in Profile.objects.filter(public_id__in=asked, active=True)}
    facts = _proposal_facts(challenge, draft, lead, members, proposal.state if proposal else "")
    may = rules.may_submit_proposal if hand_in else rules.may_propose
    decision = may(facts, sight, viewer, now=at)
    permit(decision)
    before = proposal.state if proposal else None
    if proposal is None:
        proposal = Proposal(
            public_id=new_id(Proposal.KIND, node_prefix()), challenge=challenge, lead=lead, by=by.user, at=at
        )
    proposal.title, proposal.plan, proposal.evidence = draft.title.strip(), draft.plan, draft.evidence
    proposal.promised, proposal.price_minor, proposal.currency = draft.promised, draft.price_minor, draft.currency
    proposal.months = draft.months
    proposal.state = ProposalState.SUBMITTED if hand_in else ProposalState.DRAFT
    proposal.submitted_at = at if hand_in else None
    proposal.save()
    proposal.members.all().delete()
    ProposalMember.objects.bulk_create(
        ProposalMember(proposal=proposal, profile=members[one], task=task[:300]) for one, task in draft.members
    )
    code = "bid.submitted" if hand_in else "bid.written"
    changes = {"state": [before, proposal.state], "members": [None, sorted(members)]}
    record(Act(code, proposal.public_id, changes, decision), by=by, at=at)
    if hand_in:
        telling.deciders(challenge, "match.proposed", {}, at=at)
    return proposal


@transaction.atomic
def withdraw_proposal(proposal_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Proposal:
    """Take one's proposal back."""
    proposal = queries.with_team(Proposal.objects.filter(public_id=proposal_id)).first()
    if proposal is None:
        raise Refused(Decision((Reason("bid.not_found", facts={"value": proposal_id}),)))
    locked = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    proposal.state = locked.state
    decision = rules.may_withdraw_proposal(proposal_sight(proposal, sight_of(proposal.challenge)), viewer, now=at)
    permit(decision)
    locked.state = ProposalState.WITHDRAWN
    locked.save(update_fields=["state"])
    record(Act("bid.withdrawn", proposal_id, {"state": [proposal.state, locked.state]}, decision), by=by, at=at)
    return locked


MOVES = {"chosen": "choose", "racing": "race", "not_chosen": "turn_down"}


@transaction.atomic
def award(
    public_id: str, lines: Mapping[str, tuple[str, str]], reasons: str, viewer: Viewer, *, by: Actor, at: datetime
) -> Award:
    """Decide over all open proposals at once: each one's outcome and why. Who is turned down is told why.

    ``lines`` maps a proposal's id to its outcome and reason. The challenge is locked first, so that two people can't
    decide at once.
    """
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    open_states = (ProposalState.SUBMITTED, ProposalState.RACING)
    standing = {
        one.public_id: one
        for one in queries.proposals_of(challenge).filter(state__in=open_states).select_for_update(of=("self",))
    }
    call = getattr(challenge, "call", None)
    racing = sum(one.state == ProposalState.RACING for one in standing.values())
    facts = rules.AwardFacts(
        outcomes={key: outcome for key, (outcome, _reason) in lines.items() if key in standing},
        lacking_reason=tuple(
            standing[key].title for key, (_outcome, reason) in lines.items() if key in standing and not reason.strip()
        ),
        unknown=tuple(key for key, (outcome, _r) in lines.items() if key not in standing or outcome not in MOVES),
        left_out=len(set(standing) - set(lines)),
        reasons=reasons,
        racing=racing,
        race_teams=call.race_teams if call else 1,
        closes_at=call.closes_at if call else None,
    )
    decision = rules.may_award(facts, sight, viewer, now=at)
    for key, (outcome, _reason) in lines.items():
        if key in standing and outcome in MOVES:
            decision += states.may_move("proposal", standing[key].state, MOVES[outcome])
    permit(decision)
    outcomes = {outcome for outcome, _reason in lines.values()}
    kind = AwardKind.RACE if "racing" in outcomes else AwardKind.NONE if "chosen" not in outcomes else AwardKind.CHOICE
    if racing and kind is AwardKind.CHOICE:
        kind = AwardKind.GATE
    made = Award.objects.create(challenge=challenge, kind=kind, reasons=reasons, by=by.user, at=at)
    for key, (outcome, reason) in lines.items():
        proposal = standing[key]
        AwardLine.objects.create(award=made, proposal=proposal, outcome=outcome, reason=reason)
        proposal.state = states.after("proposal", proposal.state, MOVES[outcome])
        proposal.save(update_fields=["state"])
        team = {proposal.lead.organisation_id, *(one.profile.organisation_id for one in proposal.members.all())}
        telling.labs(challenge, team, f"match.{outcome}", {}, at=at)
    if kind in (AwardKind.CHOICE, AwardKind.GATE):
        before = challenge.state
        challenge.state = states.after("challenge", before, "award")
        challenge.changed_at = at
        challenge.save(update_fields=["state", "changed_at"])
    changes = {"kind": [None, kind.value], "proposals": [None, {key: one for key, (one, _reason) in lines.items()}]}
    record(Act("challenge.awarded", public_id, changes, decision), by=by, at=at)
    return made


def sees_proposal(proposal: Proposal, sight: SightFacts, viewer: Viewer, *, at: datetime) -> Decision:
    """The decision over a proposal's sight."""
    return may_see_proposal(proposal_sight(proposal, sight), viewer, now=at)


# Weights and conflicts ------------------------------------------------------------------------------------------
@transaction.atomic
def set_weights(weights: Mapping[str, float], ground: str, viewer: Viewer, *, by: Actor, at: datetime) -> Weighting:
    """Let new weights hold from now on; the old ones stay on record."""
    decision = challenge_rules.may_set_weights(weights, viewer)
    if unknown := sorted(set(weights) - set(PARTS)):
        decision += Decision((Reason("weights.unknown", facts={"value": unknown[0]}),))
    permit(decision)
    before = ranking.weights_of(queries.weighting(at))
    made = Weighting.objects.create(since=at, by=by.user, ground=ground[:500], **{**before, **weights})
    changes = {name: [before[name], value] for name, value in weights.items() if before[name] != value}
    record(Act("weights.set", f"wgt_{made.pk}", changes, decision, ground=ground), by=by, at=at)
    return made


@transaction.atomic
def declare_conflict(one: str, other: str, ground: str, viewer: Viewer, *, by: Actor, at: datetime) -> Conflict:
    """Declare that two organisations may not meet over a challenge, as one of them or as a broker."""
    found = {row.public_id: row for row in Organisation.objects.filter(public_id__in=(one, other))}
    if one == other:
        raise Refused(Decision((Reason("interest.same"),)))
    if len(found) != 2:
        raise Refused(Decision((Reason("organisation.not_found"),)))
    decision = challenge_rules.signed_writer(viewer)
    managed = any(challenge_rules.may_write_for(row.pk, viewer).allowed() for row in found.values())
    if viewer.signed_in and not managed and "broker" not in viewer.roles:
        decision += Decision((Reason("organisation.not_yours"),))
    if not ground.strip():
        decision += Decision((Reason("interest.ground_missing"),))
    permit(decision)
    low, high = sorted(found.values(), key=lambda row: row.pk)
    made, is_new = Conflict.objects.get_or_create(
        one=low, other=high, defaults={"ground": ground[:500], "by": by.user, "at": at}
    )
    if is_new:
        changes = {"organisations": [None, [low.public_id, high.public_id]]}
        record(Act("interest.declared", low.public_id, changes, decision), by=by, at=at)
    return made


@transaction.atomic
def withdraw_conflict(one: str, other: str, ground: str, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Take a declared conflict back, as whoever declared it or as a broker; the trail keeps both."""
    rows = queries.conflicts_seen(viewer).select_for_update(of=("self",))
    held = rows.filter(one__public_id__in=(one, other), other__public_id__in=(one, other)).first()
    if held is None:
        raise Refused(Decision((Reason("interest.not_found"),)))
    decision = challenge_rules.signed_writer(viewer)
    if "broker" not in viewer.roles and held.by_id != viewer.user_id:
        decision += Decision((Reason("interest.not_yours"),))
    if not ground.strip():
        decision += Decision((Reason("interest.withdrawal_ground_missing"),))
    permit(decision)
    changes = {"organisations": [[held.one.public_id, held.other.public_id], None], "ground": [held.ground, None]}
    held.delete()
    record(Act("interest.withdrawn", held.one.public_id, changes, decision, ground=ground[:500]), by=by, at=at)
