"""What companies, brokers and labs do: states along their tables, every refusal with all its reasons."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from tests.factories import (
    AT,
    make_instrument,
    make_member,
    make_operator,
    make_organisation,
    make_technique,
    make_user,
)
from tests.partnering.makers import (
    LATER,
    acts,
    draft_of,
    make_broker,
    make_challenge,
    make_company,
    make_lab,
    make_proposal,
)

from headwater.accounts.models import AuditEntry, Notice
from headwater.core.decision import Refused
from headwater.engines.matching import PARTS
from headwater.partnering import queries, ranking
from headwater.partnering.actions import challenges, consortia, files, joining, matching, profiles
from headwater.partnering.drafts import (
    CallDraft,
    MemberDraft,
    MilestoneDraft,
    PartDraft,
    PartnershipDraft,
    ProfileDraft,
    TargetDraft,
)
from headwater.partnering.models import Award, Challenge, Conflict, Milestone, Payment, Profile, Proposal, Triage
from headwater.support.models import Entry, Posting

pytestmark = pytest.mark.django_db


def refused(call, *args, **kwargs) -> set[str]:
    """The codes of a refusal."""
    with pytest.raises(Refused) as caught, transaction.atomic():
        call(*args, **kwargs)
    return set(caught.value.decision.codes)


@pytest.fixture
def scene():
    technique = make_technique(name_en="laser welding")
    company, owner = make_company()
    profile, researcher = make_lab(technique)
    return {
        "technique": technique, "company": company, "owner": owner, "broker": make_broker(), "profile": profile,
        "researcher": researcher,
    }  # fmt: skip


# Versions and triage --------------------------------------------------------------------------------------------
def test_broker_distils_and_company_agrees(scene):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], state="submitted")
    distilled = draft_of(scene["technique"], title_en="Cracks below 0.1 mm", note="Value added")
    challenges.write_version(one.public_id, distilled, expected_number=1, at=AT, **acts(scene["broker"]))
    ready = (one.public_id, "ready", ("clear",), "")
    assert refused(challenges.triage, *ready, at=AT, **acts(scene["broker"])) == {"triage.not_agreed"}
    challenges.agree_version(one.public_id, at=AT, **acts(scene["owner"]))
    challenges.triage(*ready, at=AT, **acts(scene["broker"]))
    one.refresh_from_db()
    assert (one.state, one.name_en) == ("ready", "Cracks below 0.1 mm")
    assert [row.number for row in queries.versions_of(one)] == [2, 1]
    old = queries.version_with_all(one, 1)
    assert old.targets.get().name == "crack length"


def test_two_who_write_at_once_are_one_version_and_one_refusal(scene):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], state="draft")
    draft = draft_of(scene["technique"])
    challenges.write_version(one.public_id, draft, expected_number=1, at=AT, **acts(scene["owner"]))
    again = {"expected_number": 1, "at": AT, **acts(scene["owner"])}
    assert refused(challenges.write_version, one.public_id, draft, **again) == {"challenge.changed_meanwhile"}


def test_not_ready_says_all_that_is_missing(scene):
    bare = draft_of(willing_to_pay=False, targets=(TargetDraft("length", "1"),), parts={"problem": PartDraft("public")})
    one = make_challenge(scene["company"], scene["owner"], state="submitted", draft=bare)
    found = refused(challenges.triage, one.public_id, "ready", ("clear",), "", at=AT, **acts(scene["broker"]))
    assert found == {
        "triage.not_willing_to_pay", "triage.problem_missing", "triage.wanted_missing", "triage.test_missing",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "reasons", "codes"),
    [
        ("refine", ("clear",), {"triage.reason_wrong"}),
        ("long_term", (), {"triage.reason_missing"}),
        ("not_research", ("known_solution",), set()),
        ("long_term", ("basic_research", "beyond_horizon"), set()),
    ],
)
def test_triage_needs_reasons_of_its_outcome(scene, outcome, reasons, codes):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], state="submitted")
    call = (one.public_id, outcome, reasons, "In words.")
    if codes:
        assert refused(challenges.triage, *call, at=AT, **acts(scene["broker"])) == codes
    else:
        made = challenges.triage(*call, at=AT, **acts(scene["broker"]))
        assert Challenge.objects.get(pk=one.pk).state == outcome
        assert len(made.reason_labels) == len(reasons)
        assert Notice.objects.filter(user=scene["owner"], code=f"challenge.triaged_{outcome}").count() == 1


def test_published_challenge_can_t_be_rewritten(scene):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"])
    again = {"expected_number": None, "at": AT, **acts(scene["owner"])}
    assert refused(challenges.write_version, one.public_id, draft_of(), **again) == {"challenge.wrong_state"}


def test_broker_of_the_company_can_t_judge_it(scene):
    make_member(scene["broker"], scene["company"], "member")
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], state="submitted")
    found = refused(challenges.triage, one.public_id, "ready", ("clear",), "", at=AT, **acts(scene["broker"]))
    assert "broker.own_company" in found


def test_draft_tells_every_fault_at_once(scene):
    from headwater.partnering.drafts import WantedDraft

    draft = replace(
        draft_of(), title_en="", months=500, reach_min=0, max_members=99, city="nowhere", currency="yuan",
        wanted=(WantedDraft("alchemy"), WantedDraft("alchemy")), form="duel", min_jurisdictions=0,
        parts={"poem": PartDraft("public"), "problem": PartDraft("x")},
    )  # fmt: skip
    found = refused(challenges.add_challenge, scene["company"].public_id, draft, at=AT, **acts(scene["owner"]))
    assert found == {
        "challenge.title_missing", "challenge.months_wrong", "challenge.reach_wrong", "challenge.members_wrong",
        "challenge.city_unknown", "challenge.currency_unknown", "challenge.technique_unknown", "challenge.wanted_twice",
        "challenge.part_unknown", "challenge.level_unknown", "challenge.form_unknown", "challenge.jurisdictions_wrong",
    }  # fmt: skip


# Files ----------------------------------------------------------------------------------------------------------
def test_file_is_kept_under_a_name_nobody_guesses_and_removed_whole(scene, django_capture_on_commit_callbacks):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], state="draft")
    made = files.attach(
        one.public_id, SimpleUploadedFile("..\\..\\plan\u202egnp.exe", b"x"), "agreement", at=AT, **acts(scene["owner"])
    )
    assert made.name == "plangnp.exe"
    stored = made.file.name
    assert made.file.storage.exists(stored)
    assert "plan" not in stored
    with django_capture_on_commit_callbacks(execute=True):
        files.remove(one.public_id, made.public_id, at=AT, **acts(scene["owner"]))
    assert not made.file.storage.exists(stored)


def test_file_of_a_stranger_or_none_is_refused(scene, settings):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], state="draft")
    settings.UPLOAD_MAX_BYTES = 3
    big = SimpleUploadedFile("a.txt", b"1234")
    found = refused(files.attach, one.public_id, big, "secret", at=AT, **acts(scene["owner"]))
    assert found == {"attachment.too_large", "challenge.level_unknown"}
    stranger = acts(make_user())
    assert refused(files.attach, one.public_id, big, "public", at=AT, **stranger) == {"challenge.not_found"}


# Approaches -----------------------------------------------------------------------------------------------------
def test_fitting_lab_is_told_once_and_answers(scene):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"])
    assert Notice.objects.filter(user=scene["researcher"], code="match.fits").count() == 1
    call = (one.public_id, scene["profile"].public_id)
    matching.answer(*call, "later", "In spring.", at=AT, **acts(scene["researcher"]))
    made = matching.answer(*call, "yes", "", at=AT, **acts(scene["researcher"]))
    assert (made.state, made.origin) == ("yes", "told")
    assert refused(matching.answer, *call, "maybe", "", at=AT, **acts(scene["researcher"])) == {
        "approach.answer_unknown"
    }
    assert refused(matching.answer, *call, "no", "", at=AT, **acts(make_user())) == {"organisation.not_yours"}


def test_lab_that_wants_no_notices_is_not_told(scene):
    Profile.objects.filter(pk=scene["profile"].pk).update(tells=False)
    one = make_challenge(scene["company"], scene["owner"], scene["technique"])
    assert one.approaches.count() == 0


def test_invited_lab_is_under_agreement_as_soon_as_it_signs(scene):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"])
    lab = scene["profile"].organisation
    ask = (one.public_id, lab.public_id)
    assert challenges.ask_agreement(*ask, at=AT, **acts(scene["researcher"])).state == "asked"
    challenges.decide_agreement(*ask, "refuse", at=AT, **acts(scene["owner"]))
    matching.invite(one.public_id, scene["profile"].public_id, "Please.", at=AT, **acts(scene["broker"]))
    assert challenges.ask_agreement(*ask, at=AT, **acts(scene["researcher"])).state == "in_force"
    challenges.decide_agreement(*ask, "end", at=AT, **acts(scene["owner"]))
    invite = (one.public_id, scene["profile"].public_id, "")
    assert refused(matching.invite, *invite, at=AT, **acts(scene["broker"])) == {"approach.invited_before"}


def test_conflict_of_interest_bars_ranking_invitation_and_proposal(scene):
    lab = scene["profile"].organisation
    matching.declare_conflict(
        scene["company"].public_id, lab.public_id, "Sister company", at=AT, **acts(scene["broker"])
    )
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"])
    found = ranking.rank(one, queries.version_with_all(one), at=AT)
    assert found.candidates == ()
    reasons = ranking.absence(one, queries.version_with_all(one), scene["profile"], at=AT)
    assert reasons.codes[0] == "candidate.conflict_declared"
    invite = (one.public_id, scene["profile"].public_id, "")
    assert "candidate.conflict_declared" in refused(matching.invite, *invite, at=AT, **acts(scene["broker"]))
    with pytest.raises(Refused) as caught, transaction.atomic():
        make_proposal(one, scene["profile"], scene["researcher"])
    assert "candidate.conflict_declared" in caught.value.decision.codes


def test_conflict_of_interest_is_withdrawn_by_who_declared_it_or_a_broker(scene):
    sides = (scene["company"].public_id, scene["profile"].organisation.public_id)
    matching.declare_conflict(*sides, "Rivals", at=AT, **acts(scene["owner"]))
    take_back = partial(matching.withdraw_conflict, at=AT)
    assert refused(take_back, *sides, "", **acts(scene["researcher"])) == {
        "interest.not_yours",
        "interest.withdrawal_ground_missing",
    }
    assert refused(take_back, *sides, "x", **acts(make_user())) == {"interest.not_found"}
    take_back(*reversed(sides), "They made peace", **acts(scene["broker"]))
    assert not Conflict.objects.exists()
    kept = AuditEntry.objects.filter(subject__in=sides, act__startswith="interest.").order_by("pk")
    assert [one.act for one in kept] == ["interest.declared", "interest.withdrawn"]
    assert "Rivals" in str(kept[1].changes)
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"])
    assert ranking.rank(one, queries.version_with_all(one), at=AT).candidates


# Proposals and awards -------------------------------------------------------------------------------------------
def race(scene, teams: int = 2):
    call = CallDraft(AT + timedelta(days=10), True, teams, "Least crack after 100 h", (AT + timedelta(days=90)).date())
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"], call=call)
    proposals = [make_proposal(one, *make_lab(scene["technique"])) for _one in range(3)]
    return one, proposals


def test_teams_race_to_the_gate_and_one_wins(scene):
    one, (first, second, third) = race(scene)
    lines = {
        first.public_id: ("racing", "Strong."), second.public_id: ("racing", "Cheap."),
        third.public_id: ("not_chosen", "No test."),
    }  # fmt: skip
    early = refused(matching.award, one.public_id, lines, "Two ways.", at=AT, **acts(scene["broker"]))
    assert early == {"opencall.still_open"}
    made = matching.award(one.public_id, lines, "Two ways.", at=LATER, **acts(scene["broker"]))
    assert (made.kind, Challenge.objects.get(pk=one.pk).state) == ("race", "published")
    gate = {first.public_id: ("not_chosen", "0.3 mm."), second.public_id: ("chosen", "0.05 mm.")}
    made = matching.award(one.public_id, gate, "The gate.", at=LATER, **acts(scene["broker"]))
    assert (made.kind, Challenge.objects.get(pk=one.pk).state) == ("gate", "matched")
    states = [Proposal.objects.get(pk=row.pk).state for row in (first, second, third)]
    assert states == ["not_chosen", "chosen", "not_chosen"]


@pytest.mark.parametrize(
    ("outcomes", "reasons", "codes"),
    [
        (("chosen", "chosen", "not_chosen"), "R", {"award.one_winner"}),
        (("chosen", "racing", "racing"), "R", {"award.one_winner"}),
        (("racing", "not_chosen", "not_chosen"), "R", {"award.race_size"}),
        (("racing", "racing", "racing"), "R", {"award.race_size"}),
        (("chosen", "not_chosen"), "R", {"award.left_out"}),
        (("chosen", "not_chosen", "not_chosen"), " ", {"award.reasons_missing"}),
    ],
)
def test_decision_is_over_all_with_reasons(scene, outcomes, reasons, codes):
    one, proposals = race(scene)
    lines = {row.public_id: (outcome, "Why.") for row, outcome in zip(proposals, outcomes, strict=False)}
    assert refused(matching.award, one.public_id, lines, reasons, at=LATER, **acts(scene["broker"])) == codes
    assert Award.objects.count() == 0


def test_who_is_turned_down_is_told_why(scene):
    one, (first, second, third) = race(scene)
    lines = {row.public_id: ("not_chosen", "") for row in (first, second)} | {third.public_id: ("chosen", "Best.")}
    found = refused(matching.award, one.public_id, lines, "R", at=LATER, **acts(scene["broker"]))
    assert found == {"award.line_reason_missing"}


def test_broker_with_a_side_decides_nothing(scene):
    one, (first, *_rest) = race(scene)
    sided = make_broker()
    make_member(sided, first.lead.organisation, "member")
    lines = {first.public_id: ("chosen", "Ours.")}
    assert "broker.has_a_side" in refused(matching.award, one.public_id, lines, "R", at=LATER, **acts(sided))


def test_proposal_keeps_to_the_call_and_the_agreement(scene):
    call = CallDraft(AT + timedelta(days=10))
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"], call=call)
    from headwater.partnering.drafts import ProposalDraft

    draft = ProposalDraft(scene["profile"].public_id, "T", 1, 1, plan="P")
    who = acts(scene["researcher"])
    assert refused(matching.propose, one.public_id, draft, hand_in=True, at=AT, **who) == {"challenge.agreement_needed"}
    late = refused(matching.propose, one.public_id, draft, hand_in=False, at=LATER, **who)
    assert late == {"opencall.closed"}
    own = matching.propose(one.public_id, draft, hand_in=False, at=AT, **who)
    assert own.state == "draft"
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.create(
            public_id="x",
            challenge=one,
            lead=scene["profile"],
            title="t",
            price_minor=1,
            currency="CNY",
            months=1,
            at=AT,
        )


# Consortia and milestones ---------------------------------------------------------------------------------------
@pytest.fixture
def contract(scene):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"])
    proposal = make_proposal(one, scene["profile"], scene["researcher"])
    lines = {proposal.public_id: ("chosen", "Best.")}
    matching.award(one.public_id, lines, "One sound plan.", at=AT, **acts(scene["owner"]))
    lab = scene["profile"].organisation
    members = (MemberDraft(lab.public_id, "lead", scene["profile"].public_id), MemberDraft(scene["company"].public_id))
    terms = {"challenge": one.public_id, "agreed_on": AT.date(), "agreement": "A"}
    draft = PartnershipDraft("project", name_en="Seams", members=members, **terms)
    made = consortia.found(draft, at=AT, **acts(scene["owner"]))
    plan = MilestoneDraft("First", AT.date(), "Three samples", 5000, "CNY", scene["company"].public_id, lab.public_id)
    milestone = consortia.add_milestone(made.public_id, plan, at=AT, **acts(scene["researcher"]))
    return scene | {"challenge": one, "partnership": made, "milestone": milestone, "lab": lab}


def test_acceptance_pays_once_and_finishes_the_challenge(contract):
    key = contract["milestone"].public_id
    owner, researcher = acts(contract["owner"]), acts(contract["researcher"])
    assert Challenge.objects.get(pk=contract["challenge"].pk).state == "contracted"
    assert refused(consortia.judge, key, "accept", "Good", at=AT, **owner) == {"milestone.wrong_state"}
    consortia.hand_in(key, "Here.", at=AT, **researcher)
    own = refused(consortia.judge, key, "accept", "Good", at=AT, **researcher)
    assert own == {"milestone.not_judge", "milestone.own_work"}
    consortia.judge(key, "send_back", "One cracked.", at=AT, **owner)
    consortia.hand_in(key, "Again.", at=AT, **researcher)
    consortia.judge(key, "accept", "It holds.", at=AT, **owner)
    assert refused(consortia.judge, key, "accept", "Once more", at=AT, **owner) == {"milestone.wrong_state"}
    assert Payment.objects.get().amount_minor == 5000
    assert Entry.objects.filter(subject=key).count() == 1
    moved = dict(Posting.objects.filter(entry__subject=key).values_list("account__organisation_id", "amount_minor"))
    assert moved == {contract["company"].pk: -5000, contract["lab"].pk: 5000}
    told = sorted([(contract["company"].pk, "CNY", 5000, 0), (contract["lab"].pk, "CNY", 0, 5000)])
    assert queries.money_of(contract["partnership"]) == told
    assert Challenge.objects.get(pk=contract["challenge"].pk).state == "accepted"
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(
            milestone=contract["milestone"], key="other", payer=contract["company"], payee=contract["lab"],
            amount_minor=1, currency="CNY", at=AT,
        )  # fmt: skip


def test_ended_partnership_pays_nothing(contract):
    consortia.hand_in(contract["milestone"].public_id, "Here.", at=AT, **acts(contract["researcher"]))
    consortia.end(contract["partnership"].public_id, "Money ran out.", at=AT, **acts(contract["researcher"]))
    found = refused(
        consortia.judge, contract["milestone"].public_id, "accept", "Good", at=AT, **acts(contract["owner"])
    )
    assert found == {"partnership.wrong_state"}
    assert Payment.objects.count() == 0


def test_milestone_is_whole_or_refused(contract):
    bare = MilestoneDraft(" ", AT.date(), "", 100, "CNY", contract["company"].public_id, contract["company"].public_id)
    found = refused(
        consortia.add_milestone, contract["partnership"].public_id, bare, at=AT, **acts(contract["researcher"])
    )
    assert found == {"milestone.title_missing", "milestone.test_missing", "milestone.sides_missing"}
    outside = MilestoneDraft(
        "T", AT.date(), "t", 100, "CNY", contract["company"].public_id, make_organisation().public_id
    )
    found = refused(
        consortia.add_milestone, contract["partnership"].public_id, outside, at=AT, **acts(contract["researcher"])
    )
    assert found == {"milestone.sides_outside"}


def test_shared_hours_never_exceed_the_year(contract):
    instrument = make_instrument(owner=contract["lab"])
    key = (contract["partnership"].public_id, instrument.public_id)
    consortia.share(*key, 10, at=AT, **acts(contract["researcher"]))
    use = {"at": AT, **acts(contract["owner"])}
    own = contract["company"].public_id
    consortia.use_shared(*key, own, AT.date(), 7, **use)
    assert refused(consortia.use_shared, *key, own, AT.date(), 4, **use) == {"shared.over_year"}
    consortia.use_shared(*key, own, AT.date() + timedelta(days=365), 10, **use)


def test_winner_must_be_a_member_of_the_contract(scene):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"])
    proposal = make_proposal(one, scene["profile"], scene["researcher"])
    matching.award(one.public_id, {proposal.public_id: ("chosen", "B")}, "R", at=AT, **acts(scene["owner"]))
    members = (MemberDraft(scene["company"].public_id, "lead"), MemberDraft(make_organisation().public_id))
    draft = PartnershipDraft("project", name_en="Other", challenge=one.public_id, members=members)
    assert refused(consortia.found, draft, at=AT, **acts(scene["owner"])) == {"partnership.winner_missing"}


def test_renewal_goes_on_and_an_end_says_why(contract):
    key = contract["partnership"].public_id
    who = {"at": AT, **acts(contract["researcher"])}
    consortia.renew(key, AT.date() + timedelta(days=400), **who)
    assert refused(consortia.renew, key, AT.date(), **who) == {"partnership.renewal_earlier"}
    assert refused(consortia.end, key, " ", **who) == {"partnership.end_reason_missing"}
    assert consortia.end(key, "Done.", **who).state == "ended"


def standing(partnership):
    return dict(partnership.members.values_list("organisation_id", "standing"))


def test_member_listed_by_another_is_invited_until_it_or_a_document_says_so(scene):
    company, lab, third = scene["company"], scene["profile"].organisation, make_organisation()
    members = (MemberDraft(company.public_id, "lead"), MemberDraft(lab.public_id), MemberDraft(third.public_id))
    draft = PartnershipDraft("consortium", name_en="C", members=members, agreement="A", agreed_on=AT.date())
    owner, researcher, broker = (acts(scene[one]) for one in ("owner", "researcher", "broker"))
    made = consortia.found(draft, at=AT, **owner)
    key = made.public_id
    assert standing(made) == {company.pk: "confirmed", lab.pk: "invited", third.pk: "invited"}
    assert made.state == "forming"
    assert lab.pk not in queries.earlier_ties(company.pk)
    assert refused(joining.confirm, key, lab.public_id, "Letter", at=AT, **owner) == {"organisation.not_yours"}
    assert refused(joining.decline, key, third.public_id, at=AT, **broker) == {"organisation.not_yours"}
    assert refused(consortia.sign, key, "A", AT.date(), at=AT, **owner) == {"partnership.members_waiting"}
    instrument = make_instrument(owner=lab)
    shared = refused(consortia.share, key, instrument.public_id, 10, at=AT, **owner)
    assert shared == {"shared.instrument_unknown"}
    plan = MilestoneDraft("First", AT.date(), "Three samples", 5000, "CNY", company.public_id, lab.public_id)
    step = consortia.add_milestone(key, plan, at=AT, **owner).public_id
    assert refused(consortia.hand_in, step, "Done", at=AT, **researcher) == {"partnership.confirm_first"}
    joining.confirm(key, lab.public_id, "", at=AT, **researcher)
    assert refused(joining.confirm, key, lab.public_id, "", at=AT, **researcher) == {"partnership.not_invited"}
    assert lab.pk in queries.earlier_ties(company.pk)
    assert refused(joining.confirm, key, third.public_id, " ", at=AT, **broker) == {"partnership.document_missing"}
    joining.confirm(key, third.public_id, "Letter of 3 May", at=AT, **broker)
    made.refresh_from_db()
    assert made.state == "running"
    assert made.members.get(organisation=third).document == "Letter of 3 May"
    told = set(scene["owner"].notices.values_list("code", flat=True))
    assert "consortium.confirmed" in told
    assert "consortium.invited" in set(scene["researcher"].notices.values_list("code", flat=True))


def test_invited_member_declines_and_invited_lead_runs_nothing(scene):
    company, lab = scene["company"], scene["profile"].organisation
    members = (MemberDraft(company.public_id, "lead"), MemberDraft(lab.public_id))
    owner, researcher, broker = (acts(scene[one]) for one in ("owner", "researcher", "broker"))
    made = consortia.found(PartnershipDraft("project", name_en="P", members=members), at=AT, **broker)
    key = made.public_id
    assert refused(consortia.plan_road, key, "R", at=AT, **owner) == {"partnership.confirm_first"}
    joining.confirm(key, company.public_id, "", at=AT, **owner)
    joining.decline(key, lab.public_id, at=AT, **researcher)
    assert standing(made) == {company.pk: "confirmed"}
    assert "consortium.declined" in set(scene["owner"].notices.values_list("code", flat=True))
    with pytest.raises(IntegrityError), transaction.atomic():
        made.members.update(standing="perhaps")


# Profiles and weights -------------------------------------------------------------------------------------------
def test_instrument_of_another_owner_is_refused_in_a_profile(scene):
    other = make_instrument()
    draft = ProfileDraft(scene["profile"].organisation.public_id, name_en="G", instruments=(other.public_id, "ins_no"))
    found = refused(profiles.add_profile, draft, at=AT, **acts(scene["researcher"]))
    assert found == {"profile.instrument_not_own", "profile.instrument_unknown"}


def test_new_profile_stands_in_the_next_ranking(scene):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"])
    version = queries.version_with_all(one)
    before = {row.profile.pk for row in ranking.rank(one, version, at=AT).candidates}
    made, _user = make_lab(scene["technique"])
    after = {row.profile.pk for row in ranking.rank(one, version, at=AT).candidates}
    assert after - before == {made.pk}


def test_weights_are_added_and_change_the_ranking(scene):
    near, _user = make_lab(scene["technique"], level=1)
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], broker=scene["broker"])
    version = queries.version_with_all(one)
    assert ranking.rank(one, version, at=AT).candidates[0].profile == scene["profile"]
    weights = dict.fromkeys(PARTS, 0) | {"techniques": 1}
    made = matching.set_weights(weights, "Technique alone", at=AT, **acts(scene["broker"]))
    scores = {row.profile.pk: row.score for row in ranking.rank(one, version, at=AT).candidates}
    assert scores == {scene["profile"].pk: 1.0, near.pk: pytest.approx(1 / 3)}
    assert queries.weighting(AT) == made
    zero = dict.fromkeys(weights, 0)
    assert refused(matching.set_weights, zero, "", at=AT, **acts(scene["broker"])) == {"weights.all_zero"}
    wrong = {**weights, "text": float("nan")}
    assert refused(matching.set_weights, wrong, "", at=AT, **acts(scene["broker"])) == {"weights.out_of_range"}
    assert refused(matching.set_weights, weights, "", at=AT, **acts(scene["owner"])) == {"broker.needed"}


def test_operator_without_a_role_in_the_company_writes_nothing(scene):
    one = make_challenge(scene["company"], scene["owner"], scene["technique"], state="draft")
    who = acts(make_operator())
    assert refused(challenges.submit, one.public_id, at=AT, **who) == {"challenge.not_found"}


def test_every_step_leaves_its_entry(contract):
    acts_done = set(AuditEntry.objects.values_list("act", flat=True))
    assert {
        "challenge.added", "challenge.submitted", "challenge.triaged", "challenge.published", "bid.submitted",
        "challenge.awarded", "partnership.founded", "challenge.contracted", "milestone.added", "profile.added",
    } <= acts_done  # fmt: skip
    assert Triage.objects.get().reasons == ["clear"]
    assert Milestone.objects.get().number == 1
