"""The writers of challenges: versions, triage, publishing, agreements, the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.engines.relevance import tokens
from headwater.partnering import drafts, queries
from headwater.partnering.actions import telling
from headwater.partnering.facts import seen_challenge
from headwater.partnering.models import (
    Agreement,
    AgreementState,
    Call,
    Challenge,
    ChallengeState,
    Form,
    Level,
    Part,
    PartName,
    Requirement,
    Target,
    Triage,
    Version,
)
from headwater.partnering.reading import text_for
from headwater.partnering.rules import challenges as rules, states
from headwater.partnering.rules.sight import Clearance
from headwater.registry.actions.instruments import declared_by
from headwater.registry.models import City, Organisation, Source, Technique
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer


def _draft_facts(draft: drafts.ChallengeDraft, known: Mapping[str, Technique], city: City | None) -> rules.DraftFacts:
    return rules.DraftFacts(
        title_zh=draft.title_zh,
        title_en=draft.title_en,
        texts={name: (part.level, part.zh, part.en) for name, part in draft.parts.items()},
        targets=[(one.name, one.value, one.test) for one in draft.targets],
        wanted=[(one.technique, one.technique in known, one.level) for one in draft.wanted],
        budget_minor=draft.budget_minor,
        currency=draft.currency,
        months=draft.months,
        city=draft.city,
        city_found=city is not None,
        reach_min=draft.reach_min,
        max_members=draft.max_members,
        min_jurisdictions=draft.min_jurisdictions,
    )


def _resolved(draft: drafts.ChallengeDraft) -> tuple[dict[str, Technique], City | None, Decision]:
    known = {one.code: one for one in Technique.objects.filter(code__in=[one.technique for one in draft.wanted])}
    city = City.objects.filter(code=draft.city).first() if draft.city else None
    decision = rules.is_sound(_draft_facts(draft, known, city))
    unknown = sorted(set(draft.parts) - set(PartName.values))
    found = [Reason("challenge.part_unknown", facts={"value": one}) for one in unknown]
    if draft.form not in Form.values:
        found.append(Reason("challenge.form_unknown", facts={"value": draft.form}))
    return known, city, decision + Decision(tuple(found))


def _write(
    challenge: Challenge, draft: drafts.ChallengeDraft, known: Mapping[str, Technique], city: City | None,
    *, number: int, by_broker: bool, by: Actor, at: datetime,
) -> Version:  # fmt: skip
    agreed = {} if by_broker else {"agreed_by": by.user, "agreed_at": at}
    version = Version.objects.create(
        challenge=challenge, number=number, by=by.user, by_broker=by_broker, at=at, note=draft.note,
        budget_minor=draft.budget_minor, currency=draft.currency if draft.budget_minor else "",
        willing_to_pay=draft.willing_to_pay, form=draft.form, months=draft.months, city=city,
        reach_min=draft.reach_min, max_members=draft.max_members, min_jurisdictions=draft.min_jurisdictions,
        lead_company=draft.lead_company, **agreed,
    )  # fmt: skip
    default = drafts.PartDraft(level=Level.REGISTERED)
    Part.objects.bulk_create(
        Part(version=version, name=name, level=part.level, text_zh=part.zh, text_en=part.en)
        for name in PartName.values
        for part in (draft.parts.get(name, default),)
    )
    Target.objects.bulk_create(
        Target(
            version=version, rank=rank, name=one.name, comparison=one.comparison, value=one.value, unit=one.unit,
            test=one.test,
        )
        for rank, one in enumerate(draft.targets)
    )  # fmt: skip
    Requirement.objects.bulk_create(
        Requirement(version=version, technique=known[one.technique], level=one.level, must=one.must, rank=rank)
        for rank, one in enumerate(draft.wanted)
    )
    challenge.name_zh, challenge.name_en = draft.title_zh.strip(), draft.title_en.strip()
    challenge.current, challenge.changed_at = version, at
    challenge.company_level = draft.parts.get(PartName.COMPANY, default).level
    words = _words(challenge, version)
    challenge.words_public, challenge.words_registered, challenge.words_agreement = words
    challenge.save()
    return version


def _words(challenge: Challenge, version: Version) -> tuple[list[str], list[str], list[str]]:
    """What may be searched, level by level: each holds the words of those below."""
    whole = Version.objects.prefetch_related("parts", "targets", "requirements__technique").get(pk=version.pk)
    out = []
    for level in (Clearance.PUBLIC, Clearance.REGISTERED, Clearance.AGREEMENT):
        texts = [challenge.name_zh, challenge.name_en, *text_for(whole, level).values()]
        readable = {
            part.name
            for part in whole.parts.all()
            if {"public": 1, "registered": 2, "agreement": 3}[part.level] <= level
        }
        if PartName.WANTED in readable:
            texts += [f"{one.technique.name_zh} 。{one.technique.name_en}" for one in whole.requirements.all()]
        if PartName.COMPANY in readable:
            texts += [challenge.organisation.name_zh, challenge.organisation.name_en]
        out.append(sorted({word for text in texts for word in tokens(text)}))
    return out[0], out[1], out[2]


@transaction.atomic
def add_challenge(
    organisation_id: str, draft: drafts.ChallengeDraft, viewer: Viewer, *, by: Actor, at: datetime,
    source: Source | None = None,
) -> Challenge:  # fmt: skip
    """Write a challenge down as a draft of one's organisation."""
    organisation = Organisation.objects.filter(public_id=organisation_id).first()
    if organisation is None:
        raise Refused(Decision((Reason("organisation.not_found"),)))
    known, city, decision = _resolved(draft)
    decision = rules.may_write_for(organisation.pk, viewer) + decision
    permit(decision)
    challenge = Challenge.objects.create(
        public_id=new_id(Challenge.KIND, node_prefix()), organisation=organisation, name_zh=draft.title_zh.strip(),
        name_en=draft.title_en.strip(), source=source or declared_by(organisation.pk), created_by=by.user,
        created_at=at, changed_at=at,
    )  # fmt: skip
    _write(challenge, draft, known, city, number=1, by_broker=False, by=by, at=at)
    record(Act("challenge.added", challenge.public_id, {"version": [None, 1]}, decision), by=by, at=at)
    return challenge


@transaction.atomic
def write_version(
    public_id: str,
    draft: drafts.ChallengeDraft,
    viewer: Viewer,
    *,
    expected_number: int | None,
    by: Actor,
    at: datetime,
) -> Version:
    """Write the challenge anew as its next version: by the company, or by the broker who distils it with her.

    A broker's version holds once the company agrees to it.
    """
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    number = challenge.current.number if challenge.current else 0
    decision = rules.may_write_version(sight, viewer, expected_number=expected_number, number=number)
    known, city, sound = _resolved(draft)
    permit(decision + sound)
    own = challenge.organisation_id in viewer.memberships
    version = _write(challenge, draft, known, city, number=number + 1, by_broker=not own, by=by, at=at)
    changes = {"version": [number, number + 1]}
    record(Act("challenge.written", public_id, changes, decision), by=by, at=at)
    if not own:
        telling.company(challenge, "challenge.distilled", {"number": number + 1}, at=at)
    return version


@transaction.atomic
def agree_version(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Version:
    """Agree to the broker's wording, for the company."""
    challenge, _sight = seen_challenge(public_id, viewer, lock=True)
    decision = rules.may_write_for(challenge.organisation_id, viewer)
    version = challenge.current
    if version is None or version.agreed_at is not None:
        decision += Decision((Reason("challenge.nothing_to_agree"),))
    permit(decision)
    assert version is not None
    version.agreed_by, version.agreed_at = by.user, at
    version.save(update_fields=["agreed_by", "agreed_at"])
    record(Act("challenge.agreed", public_id, {"version": [None, version.number]}, decision), by=by, at=at)
    telling.broker(challenge, "challenge.agreed", {"number": version.number}, at=at)
    return version


def _move(challenge: Challenge, move: str, *, at: datetime) -> list[str]:
    before = challenge.state
    challenge.state = states.after("challenge", before, move)
    challenge.changed_at = at
    return [before, challenge.state]


@transaction.atomic
def submit(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Challenge:
    """Hand the challenge to the brokers."""
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    decision = rules.may_move_as_company(sight, viewer, "submit")
    permit(decision)
    changes = {"state": _move(challenge, "submit", at=at)}
    challenge.save(update_fields=["state", "changed_at"])
    record(Act("challenge.submitted", public_id, changes, decision), by=by, at=at)
    telling.brokers(challenge, "challenge.submitted", {}, at=at)
    return challenge


@transaction.atomic
def take_on(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Challenge:
    """Become the challenge's broker."""
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    decision = rules.may_act_as_broker(sight, viewer)
    permit(decision)
    before = str(challenge.broker) if challenge.broker else None
    challenge.broker = by.user
    challenge.save(update_fields=["broker"])
    record(Act("challenge.taken_on", public_id, {"broker": [before, by.name]}, decision), by=by, at=at)
    return challenge


@transaction.atomic
def triage(
    public_id: str, outcome: str, reasons: tuple[str, ...], note: str, viewer: Viewer, *, by: Actor, at: datetime
) -> Triage:
    """Judge the current version: ready, to be refined, long-term, or not a research problem; with reasons."""
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    version = queries.version_with_all(challenge)
    assert version is not None
    targets = list(version.targets.all())
    facts = rules.TriageFacts(
        outcome=outcome,
        reasons=reasons,
        agreed=version.agreed_at is not None,
        willing_to_pay=version.willing_to_pay,
        targets=len(targets),
        tests=sum(bool(one.test.strip()) for one in targets),
        wanted=len(version.requirements.all()),
        problem=any(one.name == PartName.PROBLEM and (one.text_zh or one.text_en) for one in version.parts.all()),
    )
    decision = rules.may_triage(facts, sight, viewer)
    permit(decision)
    made = Triage.objects.create(
        challenge=challenge, version=version, outcome=outcome, reasons=list(reasons), note=note, by=by.user, at=at
    )
    changes = {"state": _move(challenge, f"triage_{outcome}", at=at), "reasons": [None, list(reasons)]}
    challenge.broker = challenge.broker or by.user
    challenge.save(update_fields=["state", "changed_at", "broker"])
    record(Act("challenge.triaged", public_id, changes, decision), by=by, at=at)
    telling.company(challenge, f"challenge.triaged_{outcome}", {}, at=at)
    return made


@transaction.atomic
def publish(public_id: str, call: drafts.CallDraft, viewer: Viewer, *, by: Actor, at: datetime) -> Challenge:
    """Publish the challenge; with an end it is an open call, with more teams a race. Fitting labs are told."""
    from headwater.partnering.actions.matching import tell_fitting  # that module writes what this one opens

    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    facts = rules.CallFacts(call.closes_at, call.race_teams, call.gate, call.gate_on)
    decision = rules.may_publish(facts, sight, viewer, now=at)
    permit(decision)
    changes: dict[str, object] = {"state": _move(challenge, "publish", at=at)}
    challenge.published_at = at
    challenge.save(update_fields=["state", "changed_at", "published_at"])
    if call.closes_at is not None:
        Call.objects.update_or_create(
            challenge=challenge,
            defaults={
                "opens_at": at, "closes_at": call.closes_at, "sealed": call.sealed, "race_teams": call.race_teams,
                "gate": call.gate, "gate_on": call.gate_on,
            },
        )  # fmt: skip
        changes["closes_at"] = [None, call.closes_at.isoformat()]
        changes["race_teams"] = [None, call.race_teams]
    record(Act("challenge.published", public_id, changes, decision), by=by, at=at)
    told = tell_fitting(challenge, by=by, at=at)
    telling.company(challenge, "challenge.published", {"count": told}, at=at)
    return challenge


@transaction.atomic
def withdraw(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Challenge:
    """Take the challenge back, for the company: it is shown to nobody else from now on."""
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    decision = rules.may_move_as_company(sight, viewer, "withdraw")
    permit(decision)
    changes = {"state": _move(challenge, "withdraw", at=at)}
    challenge.closed_at = at
    challenge.save(update_fields=["state", "changed_at", "closed_at"])
    record(Act("challenge.withdrawn", public_id, changes, decision), by=by, at=at)
    return challenge


@transaction.atomic
def close(public_id: str, outcome: str, lessons: str, viewer: Viewer, *, by: Actor, at: datetime) -> Challenge:
    """Close the challenge with what came of it: solved, partly, not."""
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    decision = rules.may_decide(sight, viewer) + states.may_move("challenge", challenge.state, "close")
    if outcome not in ("solved", "partly", "not_solved"):
        decision += Decision((Reason("challenge.outcome_unknown", facts={"value": outcome}),))
    permit(decision)
    changes = {"state": _move(challenge, "close", at=at), "outcome": ["", outcome]}
    challenge.outcome, challenge.lessons, challenge.closed_at = outcome, lessons, at
    challenge.save(update_fields=["state", "changed_at", "outcome", "lessons", "closed_at"])
    record(Act("challenge.closed", public_id, changes, decision), by=by, at=at)
    return challenge


def move_for_partnership(challenge: Challenge, move: str, *, by: Actor, at: datetime) -> None:
    """Move the challenge on in the caller's transaction: its consortium was founded, its last milestone accepted."""
    locked = Challenge.objects.select_for_update(of=("self",)).get(pk=challenge.pk)
    decision = states.may_move("challenge", locked.state, move)
    permit(decision)
    changes = {"state": _move(locked, move, at=at)}
    locked.save(update_fields=["state", "changed_at"])
    challenge.state = locked.state
    record(Act(f"challenge.{locked.state}", locked.public_id, changes, decision), by=by, at=at)


# Agreements -----------------------------------------------------------------------------------------------------
@transaction.atomic
def ask_agreement(public_id: str, organisation_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Agreement:
    """Promise confidentiality for one's organisation. Whoever was invited is under agreement at once."""
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    organisation = Organisation.objects.filter(public_id=organisation_id).first()
    if organisation is None:
        raise Refused(Decision((Reason("organisation.not_found"),)))
    before = Agreement.objects.filter(challenge=challenge, organisation=organisation).first()
    state = before.state if before else ""
    decision = rules.may_ask_agreement(sight, organisation.pk, challenge.organisation_id, viewer, state)
    permit(decision)
    invited = challenge.approaches.filter(profile__organisation=organisation, origin="invited").exists()
    new = AgreementState.IN_FORCE if invited else AgreementState.ASKED
    made, _is_new = Agreement.objects.update_or_create(
        challenge=challenge, organisation=organisation,
        defaults={"state": new, "asked_by": by.user, "asked_at": at, "decided_by": None, "decided_at": None},
    )  # fmt: skip
    changes = {"organisation": [None, organisation.public_id], "state": [state or None, new.value]}
    record(Act("agreement.asked", public_id, changes, decision), by=by, at=at)
    if not invited:
        telling.deciders(challenge, "challenge.agreement_asked", {"organisation": telling.both(organisation)}, at=at)
    return made


@transaction.atomic
def decide_agreement(
    public_id: str, organisation_id: str, move: str, viewer: Viewer, *, by: Actor, at: datetime
) -> Agreement:
    """Grant, refuse or end an organisation's agreement, for the company or as its broker."""
    challenge, sight = seen_challenge(public_id, viewer, lock=True)
    agreement = Agreement.objects.filter(challenge=challenge, organisation__public_id=organisation_id).first()
    if agreement is None:
        raise Refused(Decision((Reason("agreement.not_found"),)))
    decision = rules.may_decide(sight, viewer) + states.may_move("agreement", agreement.state, move)
    permit(decision)
    before = agreement.state
    agreement.state = states.after("agreement", before, move)
    agreement.decided_by, agreement.decided_at = by.user, at
    agreement.save(update_fields=["state", "decided_by", "decided_at"])
    changes = {"organisation": [None, organisation_id], "state": [before, agreement.state]}
    record(Act("agreement.decided", public_id, changes, decision), by=by, at=at)
    telling.user(agreement.asked_by, challenge, f"challenge.agreement_{agreement.state}", {}, at=at)
    return agreement


def adopt(challenge: Challenge, state: ChallengeState, *, at: datetime) -> None:
    """Put a made-up challenge of the demonstration into a state, in the caller's transaction."""
    challenge.state = state
    if state in ("published", "matched", "contracted", "accepted", "closed"):
        challenge.published_at = at
    challenge.save(update_fields=["state", "published_at"])


def write_first(
    challenge: Challenge,
    draft: drafts.ChallengeDraft,
    known: Mapping[str, Technique],
    city: City,
    *,
    by: Actor,
    at: datetime,
) -> Version:
    """Write the first version of a made-up challenge, in the caller's transaction."""
    return _write(challenge, draft, known, city, number=1, by_broker=False, by=by, at=at)
