"""The writers of consortia and joint centres: founding, plan, shared time, milestones and their payment, the end."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Max

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.partnering import queries
from headwater.partnering.actions import challenges as challenge_actions, ledger, telling
from headwater.partnering.actions.joining import seen, start_when_all_confirmed
from headwater.partnering.drafts import MilestoneDraft, PartnershipDraft
from headwater.partnering.facts import milestone_facts, partnership_facts, seen_challenge
from headwater.partnering.models import (
    Challenge,
    LineOutcome,
    Milestone,
    MilestoneState,
    Partnership,
    PartnershipInstrument,
    PartnershipKind,
    PartnershipMember,
    Profile,
    Result,
    ResultKind,
    SharedUse,
)
from headwater.partnering.rules import consortia as rules, states
from headwater.partnering.rules.sight import MANAGING
from headwater.registry.actions.instruments import declared_by
from headwater.registry.models import Instrument, Organisation, Source
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer


def _organisations(draft: PartnershipDraft) -> tuple[dict[str, Organisation], dict[str, Profile], tuple[str, ...]]:
    names = {one.organisation for one in draft.members}
    organisations = {one.public_id: one for one in Organisation.objects.filter(public_id__in=names)}
    asked = {one.profile for one in draft.members if one.profile}
    profiles = {one.public_id: one for one in Profile.objects.filter(public_id__in=asked)}
    unknown = [one.organisation for one in draft.members if one.organisation not in organisations]
    unknown += [
        one.profile
        for one in draft.members
        if one.profile
        and one.organisation in organisations
        and (one.profile not in profiles or profiles[one.profile].organisation_id != organisations[one.organisation].pk)
    ]
    return organisations, profiles, tuple(unknown)


@transaction.atomic
def found(
    draft: PartnershipDraft, viewer: Viewer, *, by: Actor, at: datetime, source: Source | None = None
) -> Partnership:
    """Found a consortium, joint centre or project; for a challenge it is its contract."""
    challenge: Challenge | None = None
    if draft.challenge:
        challenge, _sight = seen_challenge(draft.challenge, viewer, lock=True)
    organisations, profiles, unknown = _organisations(draft)
    lead = next(
        (
            organisations[one.organisation]
            for one in draft.members
            if one.role == "lead" and one.organisation in organisations
        ),
        None,
    )
    winner = None
    if challenge is not None:
        line = challenge.awards.filter(lines__outcome=LineOutcome.CHOSEN).order_by("-pk").first()
        chosen = line and line.lines.filter(outcome=LineOutcome.CHOSEN).select_related("proposal__lead").first()
        winner = chosen.proposal.lead.organisation_id if chosen else None
    facts = rules.FoundingFacts(
        title=draft.name_zh or draft.name_en,
        kind_known=draft.kind in PartnershipKind.values,
        members=tuple(organisations[one.organisation].pk for one in draft.members if one.organisation in organisations),
        unknown=unknown,
        lead_id=lead.pk if lead else None,
        starts=draft.starts,
        ends=draft.ends,
        challenge_state=challenge.state if challenge else "",
        chosen_lead=winner,
        company_id=challenge.organisation_id if challenge else None,
        sees_challenge=True,
    )
    decision = rules.may_found(facts, viewer)
    permit(decision)
    assert lead is not None
    partnership = Partnership.objects.create(
        public_id=new_id(Partnership.KIND, node_prefix()), kind=draft.kind, name_zh=draft.name_zh,
        name_en=draft.name_en, field_zh=draft.field_zh, field_en=draft.field_en, agreement=draft.agreement,
        agreed_on=draft.agreed_on, starts=draft.starts, ends=draft.ends, road_map=draft.road_map, created_at=at,
        source=source or declared_by(lead.pk),
        state="forming",
    )  # fmt: skip
    spoken_for = {key for key, role in viewer.memberships.items() if role in MANAGING} | {winner}
    roles: dict[int, PartnershipMember] = {}
    for one in draft.members:
        organisation = organisations[one.organisation]
        if organisation.pk not in roles or one.role == "lead":
            roles[organisation.pk] = PartnershipMember(
                partnership=partnership, organisation=organisation, profile=profiles.get(one.profile), role=one.role,
                task=one.task,
                **({"confirmed_at": at, "confirmed_by": by.user} if organisation.pk in spoken_for
                   else {"standing": PartnershipMember.Standing.INVITED}),
            )  # fmt: skip
    PartnershipMember.objects.bulk_create(roles.values())
    start_when_all_confirmed(partnership)
    if challenge is not None:
        partnership.challenges.add(challenge)
        challenge_actions.move_for_partnership(challenge, "contract", by=by, at=at)
    changes = {"members": [None, sorted(organisations)], "kind": [None, draft.kind]}
    record(Act("partnership.founded", partnership.public_id, changes, decision), by=by, at=at)
    waiting = {key for key, one in roles.items() if one.standing == PartnershipMember.Standing.INVITED}
    telling.members(partnership, set(roles) - waiting, "consortium.founded", {}, at=at)
    telling.members(partnership, waiting, "consortium.invited", {}, at=at)
    return partnership


@transaction.atomic
def sign(public_id: str, agreement: str, agreed_on: date, viewer: Viewer, *, by: Actor, at: datetime) -> Partnership:
    """Write the agreement down; the partnership runs from now on."""
    partnership = seen(public_id)
    decision = rules.may_run(partnership_facts(partnership), viewer, move="start")
    if not agreement.strip():
        decision += Decision((Reason("partnership.agreement_missing"),))
    permit(decision)
    partnership.agreement, partnership.agreed_on, partnership.state = agreement, agreed_on, "running"
    partnership.save(update_fields=["agreement", "agreed_on", "state"])
    record(Act("partnership.signed", public_id, {"state": ["forming", "running"]}, decision), by=by, at=at)
    return partnership


@transaction.atomic
def plan_road(public_id: str, road_map: str, viewer: Viewer, *, by: Actor, at: datetime) -> Partnership:
    """Write the road map."""
    partnership = seen(public_id)
    decision = rules.may_run(partnership_facts(partnership), viewer)
    permit(decision)
    partnership.road_map = road_map[:20_000]
    partnership.save(update_fields=["road_map"])
    record(Act("partnership.road_map", public_id, {}, decision), by=by, at=at)
    return partnership


@transaction.atomic
def renew(public_id: str, ends: date, viewer: Viewer, *, by: Actor, at: datetime) -> Partnership:
    """Let it run on until a later day."""
    partnership = seen(public_id)
    decision = rules.may_run(partnership_facts(partnership), viewer, move="renew")
    if partnership.ends is not None and ends <= partnership.ends:
        decision += Decision((Reason("partnership.renewal_earlier", facts={"ends": partnership.ends.isoformat()}),))
    permit(decision)
    changes = {"ends": [partnership.ends and partnership.ends.isoformat(), ends.isoformat()]}
    partnership.state, partnership.ends = "renewed", ends
    partnership.save(update_fields=["state", "ends"])
    record(Act("partnership.renewed", public_id, changes, decision), by=by, at=at)
    return partnership


@transaction.atomic
def end(public_id: str, reason: str, viewer: Viewer, *, by: Actor, at: datetime) -> Partnership:
    """End it, with the reason. Nothing of it is accepted or paid afterwards."""
    partnership = seen(public_id)
    decision = rules.may_run(partnership_facts(partnership), viewer, move="end")
    if not reason.strip():
        decision += Decision((Reason("partnership.end_reason_missing"),))
    permit(decision)
    before = partnership.state
    partnership.state, partnership.ended_on, partnership.end_reason = "ended", at.date(), reason
    partnership.save(update_fields=["state", "ended_on", "end_reason"])
    record(Act("partnership.ended", public_id, {"state": [before, "ended"]}, decision), by=by, at=at)
    return partnership


# Shared instruments ---------------------------------------------------------------------------------------------
@transaction.atomic
def share(
    public_id: str, instrument_id: str, hours: int, viewer: Viewer, *, by: Actor, at: datetime
) -> PartnershipInstrument:
    """Put an instrument of a member in, with the hours a year that are shared."""
    partnership = seen(public_id)
    facts = partnership_facts(partnership)
    instrument = Instrument.objects.filter(public_id=instrument_id, owner_id__in=facts.confirmed_ids).first()
    decision = rules.may_run(facts, viewer)
    if instrument is None:
        decision += Decision((Reason("shared.instrument_unknown", facts={"value": instrument_id}),))
    if not 0 <= hours <= 8784:
        decision += Decision((Reason("shared.hours_wrong"),))
    permit(decision)
    made, _new = PartnershipInstrument.objects.update_or_create(
        partnership=partnership, instrument=instrument, defaults={"hours_a_year": hours}
    )
    changes = {"instrument": [None, instrument_id], "hours_a_year": [None, hours]}
    record(Act("partnership.shared", public_id, changes, decision), by=by, at=at)
    return made


@transaction.atomic
def use_shared(
    public_id: str,
    instrument_id: str,
    organisation_id: str,
    on: date,
    hours: int,
    viewer: Viewer,
    *,
    by: Actor,
    at: datetime,
) -> SharedUse:
    """Write down shared hours a member took; the instrument's row is locked, so the year can't be overdrawn."""
    partnership = seen(public_id)
    shared = (
        PartnershipInstrument.objects.select_for_update(of=("self",))
        .filter(partnership=partnership, instrument__public_id=instrument_id)
        .first()
    )
    organisation = Organisation.objects.filter(public_id=organisation_id).first()
    if shared is None or organisation is None:
        raise Refused(Decision((Reason("shared.instrument_unknown", facts={"value": instrument_id}),)))
    left = shared.hours_a_year - queries.hours_used(shared, on.year)
    decision = rules.may_use_shared(hours, left, organisation.pk, partnership_facts(partnership), viewer)
    permit(decision)
    made = SharedUse.objects.create(instrument=shared, organisation=organisation, on=on, hours=hours, by=by.user)
    changes = {"instrument": [None, instrument_id], "hours": [None, hours]}
    record(Act("partnership.used", public_id, changes, decision), by=by, at=at)
    return made


# Milestones -----------------------------------------------------------------------------------------------------
@transaction.atomic
def add_milestone(public_id: str, draft: MilestoneDraft, viewer: Viewer, *, by: Actor, at: datetime) -> Milestone:
    """Add a milestone with its acceptance test and the payment that acceptance releases."""
    partnership = seen(public_id)
    facts = partnership_facts(partnership)
    sides = {one.public_id: one for one in Organisation.objects.filter(public_id__in=(draft.payer, draft.payee))}
    payer, payee = sides.get(draft.payer), sides.get(draft.payee)
    sound = rules.is_sound_milestone(
        rules.MilestoneDraftFacts(
            title=draft.title,
            test=draft.test,
            amount_minor=draft.amount_minor,
            currency=draft.currency,
            payer_id=payer.pk if payer else None,
            payee_id=payee.pk if payee else None,
            payer_inside=payer is not None and payer.pk in facts.member_ids,
            payee_inside=payee is not None and payee.pk in facts.member_ids,
        )
    )
    decision = rules.may_run(facts, viewer)
    permit(decision + sound)
    number = (partnership.milestones.aggregate(last=Max("number"))["last"] or 0) + 1
    pays = draft.amount_minor > 0
    made = Milestone.objects.create(
        public_id=new_id(Milestone.KIND, node_prefix()), partnership=partnership, number=number,
        title=draft.title.strip()[:300], due=draft.due, test=draft.test, amount_minor=draft.amount_minor,
        currency=draft.currency if pays else "", payer=payer, payee=payee,
    )  # fmt: skip
    record(Act("milestone.added", made.public_id, {"due": [None, draft.due.isoformat()]}, decision), by=by, at=at)
    return made


def _locked(milestone_id: str) -> Milestone:
    milestone = (
        Milestone.objects.select_for_update(of=("self",))
        .select_related("partnership", "payer", "payee")
        .filter(public_id=milestone_id)
        .first()
    )
    if milestone is None:
        raise Refused(Decision((Reason("milestone.not_found"),)))
    return milestone


@transaction.atomic
def hand_in(milestone_id: str, report: str, viewer: Viewer, *, by: Actor, at: datetime) -> Milestone:
    """Hand a milestone's result in, for whoever delivers it."""
    milestone = _locked(milestone_id)
    facts = milestone_facts(milestone, partnership_facts(milestone.partnership), report)
    decision = rules.may_hand_in(facts, viewer)
    permit(decision)
    before = milestone.state
    milestone.state = states.after("milestone", before, "hand_in")
    milestone.report, milestone.handed_in_at = report[:20_000], at
    milestone.save(update_fields=["state", "report", "handed_in_at"])
    record(Act("milestone.handed_in", milestone_id, {"state": [before, milestone.state]}, decision), by=by, at=at)
    if facts.judge_id:
        telling.members(
            milestone.partnership, [facts.judge_id], "consortium.handed_in", {"number": milestone.number}, at=at
        )
    return milestone


@transaction.atomic
def judge(milestone_id: str, move: str, judgement: str, viewer: Viewer, *, by: Actor, at: datetime) -> Milestone:
    """Accept a milestone or send it back. Acceptance releases its payment, once, in this very transaction.

    The milestone is locked first; two who accept at once are one acceptance and one refusal, and the payment's own
    constraint has the last word.
    """
    milestone = _locked(milestone_id)
    facts = milestone_facts(milestone, partnership_facts(milestone.partnership), judgement)
    decision = rules.may_judge(facts, move, viewer)
    permit(decision)
    before = milestone.state
    milestone.state = states.after("milestone", before, move)
    milestone.judgement, milestone.judged_by, milestone.judged_at = judgement[:20_000], by.user, at
    milestone.save(update_fields=["state", "judgement", "judged_by", "judged_at"])
    changes: dict[str, object] = {"state": [before, milestone.state]}
    if milestone.state == MilestoneState.ACCEPTED and milestone.amount_minor:
        payment = ledger.release(milestone, by=by, at=at)
        changes["payment"] = [None, payment.key]
    record(Act(f"milestone.{milestone.state}", milestone_id, changes, decision), by=by, at=at)
    doers = [facts.doer_id] if facts.doer_id else sorted(facts.partnership.member_ids)
    telling.members(milestone.partnership, doers, f"consortium.{milestone.state}", {"number": milestone.number}, at=at)
    if milestone.state == MilestoneState.ACCEPTED:
        _finish(milestone.partnership, by=by, at=at)
    return milestone


def _finish(partnership: Partnership, *, by: Actor, at: datetime) -> None:
    """With the last milestone accepted, the challenges it was for are accepted too."""
    open_ones = partnership.milestones.exclude(state__in=(MilestoneState.ACCEPTED, MilestoneState.DROPPED))
    if open_ones.exists():
        return
    for challenge in partnership.challenges.filter(state="contracted"):
        challenge_actions.move_for_partnership(challenge, "accept", by=by, at=at)


@transaction.atomic
def drop(milestone_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Milestone:
    """Drop a milestone that will not be reached, as who runs the partnership."""
    milestone = _locked(milestone_id)
    decision = rules.may_run(partnership_facts(milestone.partnership), viewer)
    decision += states.may_move("milestone", milestone.state, "drop")
    permit(decision)
    before = milestone.state
    milestone.state = states.after("milestone", before, "drop")
    milestone.save(update_fields=["state"])
    record(Act("milestone.dropped", milestone_id, {"state": [before, milestone.state]}, decision), by=by, at=at)
    return milestone


@transaction.atomic
def add_result(
    public_id: str, kind: str, title: str, year: int, identifier: str, viewer: Viewer, *, by: Actor, at: datetime
) -> Result:
    """Write down what came of it."""
    partnership = seen(public_id)
    decision = rules.may_run(partnership_facts(partnership), viewer)
    if kind not in ResultKind.values or not title.strip() or not 1990 <= year <= at.year:
        decision += Decision((Reason("result.incomplete"),))
    permit(decision)
    made = Result.objects.create(
        partnership=partnership, kind=kind, title=title.strip()[:500], year=year, identifier=identifier[:200]
    )
    record(Act("partnership.result", public_id, {"kind": [None, kind]}, decision), by=by, at=at)
    return made
