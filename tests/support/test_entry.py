"""What an owner asks of people first: the booking's gate, what counts from elsewhere, who may write it down."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.factories import make_instrument, make_member, make_organisation, make_token, make_user
from tests.support.records import World, make_world

from headwater.accounts.audit import Actor
from headwater.booking.actions.reserving import Ask, book, preview
from headwater.booking.actions.using import start_use
from headwater.booking.models import Policy
from headwater.booking.policies import DEFAULT_TERMS
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of
from headwater.support.actions.entry import (
    ProofDraft,
    RequirementDraft,
    end_requirement,
    grant_proof,
    require,
    revoke_proof,
)
from headwater.support.actions.terms import RecognitionDraft, publish_recognition
from headwater.support.models import Proof, Recognition, Requirement
from headwater.support.rules import EntryFacts, ProofFacts, RecognitionFacts, WantedProof, may_enter

NOW = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
START = NOW + timedelta(days=3, hours=2)
DAY = START.date()
COURSE = WantedProof("safety_course", "laser", "激光安全", "Laser safety")
CONTRACT = WantedProof("contract_template", "frame", "框架合同", "Frame contract")


# The rule -------------------------------------------------------------------------------------------------------
def proof(kind="safety_course", code="laser", home="A", by=7, since=date(2026, 1, 1), until=None):
    return ProofFacts(kind, code, home, frozenset({home}), by, since, until)


def rule(*, verified=True, codes=(), since=date(2026, 1, 1), until=None, kind="safety_course"):
    return RecognitionFacts("r1", kind, "A", "B", frozenset(codes), since, until, "Article 3", verified)


MISSING = "entry.safety_course_missing"


@pytest.mark.parametrize(
    ("wanted", "proofs", "rules", "codes"),
    [
        ((), (), (), ()),
        ((COURSE,), (), (), (MISSING,)),
        ((COURSE,), (proof(home="B"),), (), ()),
        ((COURSE,), (proof(home="B", code="other"),), (), (MISSING,)),
        ((COURSE,), (proof(by=1),), (), ()),  # the owner's own course, wherever it was given
        ((COURSE,), (proof(),), (), (MISSING, "recognition.none")),
        ((COURSE,), (proof(),), (rule(),), ("recognition.by_rule",)),
        ((COURSE,), (proof(),), (rule(codes=("laser",)),), ("recognition.by_rule",)),
        ((COURSE,), (proof(),), (rule(codes=("x-ray",)),), (MISSING, "recognition.none")),
        ((COURSE,), (proof(),), (rule(verified=False),), (MISSING, "recognition.unverified")),
        ((COURSE,), (proof(),), (rule(until=date(2026, 6, 2)),), (MISSING, "recognition.none")),
        ((COURSE,), (proof(),), (rule(kind="contract_template"),), (MISSING, "recognition.none")),
        ((COURSE,), (proof(home="B", until=date(2026, 6, 3)),), (), (MISSING, "entry.lapsed")),
        ((COURSE,), (proof(home="B", since=date(2026, 6, 5)),), (), (MISSING,)),
        ((COURSE, CONTRACT), (proof(home="B"),), (), ("entry.contract_template_missing",)),
        ((COURSE, CONTRACT), (), (), (MISSING, "entry.contract_template_missing")),
    ],
)
def test_entry_by_table(wanted, proofs, rules, codes):
    decision = may_enter(EntryFacts(1, "B", DAY, wanted, proofs, rules))
    assert decision.codes == codes
    missing = {code for code in codes if code.endswith("_missing")}
    assert decision.allowed() is not bool(missing)
    assert decision.allowed(waived=missing)


# The gate -------------------------------------------------------------------------------------------------------
@pytest.fixture
def world(db) -> World:
    found = make_world()
    values = {name: getattr(DEFAULT_TERMS, name) for name in DEFAULT_TERMS.__dataclass_fields__}
    Policy.objects.create(
        instrument=found.instrument,
        since=NOW - timedelta(days=400),
        hours=[[["00:00", "24:00"]]] * 7,
        closed_days=[],
        made_at=NOW,
        **(values | {"approval_for": [], "needs_qualification": False}),
    )
    return found


def acting(user):
    return {"viewer": viewer_of(user), "by": Actor(user, "page"), "at": NOW}


def managing(world, user=None):
    user = user or world.manager
    return {"party": world.party(user), "by": Actor(user, "page"), "at": NOW}


def ask(world):
    return Ask(world.instrument.public_id, START, START + timedelta(hours=2))


def asked_first(world, wanted=COURSE, instrument=""):
    draft = RequirementDraft(wanted.kind, wanted.code, wanted.name_zh, wanted.name_en, instrument)
    return require(world.lab, draft, **managing(world))


def school_at(world):
    """A university where the company sits, and its manager."""
    school, teacher = make_organisation(city=world.company.city, kind="university"), make_user()
    make_member(teacher, school, "manager")
    return school, teacher


def test_course_from_elsewhere_opens_the_gate_when_an_officer_lets_it_count(world):
    asked_first(world)
    with pytest.raises(Refused) as refused:
        book(ask(world), **acting(world.engineer))
    assert refused.value.decision.codes == (MISSING,)
    school, teacher = school_at(world)
    draft = ProofDraft("safety_course", "laser", world.engineer.email, NOW.date(), None, "No. 7")
    grant_proof(school, draft, **managing(world, teacher))
    with pytest.raises(Refused) as refused:
        book(ask(world), **acting(world.engineer))
    assert refused.value.decision.codes == (MISSING, "recognition.none")
    counts = RecognitionDraft("laser-1", "safety_course", world.home, world.abroad, ("laser",), NOW.date())
    with pytest.raises(Refused):  # an officer of the place where it was granted does not decide that
        publish_recognition(counts, **managing(world, world.officer))
    publish_recognition(counts, **managing(world, world.other_officer))
    viewer, by = viewer_of(world.engineer), Actor(world.engineer, "page")
    decision = preview(ask(world), viewer, by=by, at=NOW)
    assert "recognition.by_rule" in decision.codes
    assert book(ask(world), **acting(world.engineer)).public_id


def test_rule_that_nobody_verified_opens_nothing(world):
    asked_first(world)
    school, teacher = school_at(world)
    grant_proof(
        school, ProofDraft("safety_course", "laser", world.engineer.email, NOW.date()), **managing(world, teacher)
    )
    Recognition.objects.create(
        public_id="rec_x",
        code="x",
        kind="safety_course",
        granted_in=world.home,
        counts_in=world.abroad,
        valid_from=date(2020, 1, 1),
        source=world.lab.source,
    )
    with pytest.raises(Refused) as refused:
        book(ask(world), **acting(world.engineer))
    assert refused.value.decision.codes == (MISSING, "recognition.unverified")


def test_contract_is_the_organisation_s_and_the_owner_needs_none_with_itself(world):
    asked_first(world, CONTRACT)
    with pytest.raises(Refused) as refused:
        book(ask(world), **acting(world.engineer))
    assert refused.value.decision.codes == ("entry.contract_template_missing",)
    own = make_user()
    make_member(own, world.lab, "member")
    assert preview(ask(world), viewer_of(own), by=Actor(own, "page"), at=NOW).allowed()
    grant_proof(
        world.lab, ProofDraft("contract_template", "frame", world.company.public_id, NOW.date()), **managing(world)
    )
    assert book(ask(world), **acting(world.engineer)).public_id


def test_owner_s_manager_waives_it_in_writing(world):
    asked_first(world)
    asking = Ask(world.instrument.public_id, START, START + timedelta(hours=2), holder=world.engineer.email)
    assert book(asking, **acting(world.manager), waive=[MISSING], ground="Shown on paper.").public_id


def test_course_taken_back_stops_who_would_begin(world):
    asked_first(world)
    made = grant_proof(
        world.lab, ProofDraft("safety_course", "laser", world.engineer.email, NOW.date()), **managing(world)
    )
    book(ask(world), **acting(world.engineer))
    revoke_proof(made.public_id, **managing(world))
    begin = acting(world.engineer) | {"at": START}
    with pytest.raises(Refused) as refused:
        start_use(world.instrument.public_id, **begin)
    assert MISSING in refused.value.decision.codes


def test_requirement_of_one_instrument_leaves_the_others_alone_and_can_be_ended(world):
    other = make_instrument(owner=world.lab)
    made = asked_first(world, instrument=other.public_id)
    assert preview(ask(world), viewer_of(world.engineer), by=Actor(world.engineer, "page"), at=NOW).allowed()
    there = Ask(other.public_id, START, START + timedelta(hours=2))
    found = preview(there, viewer_of(world.engineer), by=Actor(world.engineer, "page"), at=NOW)
    assert MISSING in found.codes
    end_requirement(made.public_id, **managing(world))
    found = preview(there, viewer_of(world.engineer), by=Actor(world.engineer, "page"), at=NOW)
    assert MISSING not in found.codes


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"kind": "dance"}, ("entry.kind_unknown", "entry.holder_not_found")),
        ({"code": "激光"}, ("entry.code_wrong",)),
        ({"holder": "nobody@example.org"}, ("entry.holder_not_found",)),
        ({"granted_on": date(2030, 1, 1)}, ("entry.in_the_future",)),
        ({"valid_to": date(2020, 1, 1)}, ("version.dates_reversed",)),
    ],
)
def test_proof_that_is_none_is_refused_with_every_reason(world, change, codes):
    given = {"kind": "safety_course", "code": "laser", "holder": world.engineer.email, "granted_on": NOW.date()}
    with pytest.raises(Refused) as refused:
        grant_proof(world.lab, ProofDraft(**(given | change)), **managing(world))
    assert refused.value.decision.codes == codes
    assert not Proof.objects.exists()


def test_company_does_not_certify_its_own_people_and_strangers_ask_nothing(world):
    boss = make_user()
    make_member(boss, world.company, "manager")
    draft = ProofDraft("safety_course", "laser", world.engineer.email, NOW.date())
    with pytest.raises(Refused) as refused:
        grant_proof(world.company, draft, **managing(world, boss))
    assert refused.value.decision.codes == ("entry.granter_not_trusted",)
    with pytest.raises(Refused) as refused:
        require(world.lab, RequirementDraft("safety_course", "laser", "", "Laser"), **managing(world, boss))
    assert refused.value.decision.codes == ("organisation.not_yours",)


# Pages and programs ---------------------------------------------------------------------------------------------
def test_owner_asks_and_writes_down_by_page_and_the_holder_sees_where_it_counts(client, world):
    client.force_login(world.manager)
    path = f"/support/entry/{world.lab.public_id}/"
    given = {"require": "1", "ask-kind": "safety_course", "ask-code": "laser", "ask-name_en": "Laser safety"}
    assert client.post(path, given).status_code == 302
    refused = client.post(path, given)
    assert refused.status_code == 422
    assert "asked for already" in refused.content.decode()
    day = NOW.date() - timedelta(days=300)
    proof_given = {"grant": "1", "proof-kind": "safety_course", "proof-code": "laser", "proof-granted_on": day}
    assert client.post(path, proof_given | {"proof-holder": "nobody@example.org"}).status_code == 422
    assert client.post(path, proof_given | {"proof-holder": world.engineer.email}).status_code == 302
    page = client.get(path).content.decode()
    assert "Laser safety" in page
    made = Proof.objects.get()
    client.force_login(world.engineer)
    assert client.get(path).status_code == 403
    assert client.post(f"/support/proofs/{made.public_id}/revoke/").status_code == 403
    assert "laser" in client.get("/support/proofs/").content.decode()
    client.force_login(world.manager)
    assert client.post(f"/support/requirements/{Requirement.objects.get().public_id}/end/").status_code == 302
    assert client.post(f"/support/proofs/{made.public_id}/revoke/").status_code == 302
    client.force_login(world.engineer)
    assert "laser" not in client.get("/support/proofs/").content.decode()


def test_officer_publishes_what_counts_in_her_jurisdiction_by_page(client, world):
    day = (datetime.now(UTC) + timedelta(days=2)).date()
    given = {
        "code": "laser-1",
        "kind": "safety_course",
        "granted_in": world.home.code,
        "counts_in": world.abroad.code,
        "codes": "laser， x-ray",
        "valid_from": day,
        "article_en": "Agreement, article 3",
    }
    client.force_login(world.engineer)
    assert client.post("/support/recognitions/", given).status_code == 403
    client.force_login(world.officer)  # of the other end: the form does not offer it
    assert client.post("/support/recognitions/", given).status_code == 422
    client.force_login(world.other_officer)
    assert client.post("/support/recognitions/", given).status_code == 302
    assert Recognition.objects.get().codes == ["laser", "x-ray"]
    assert "Agreement, article 3" in client.get("/support/recognitions/").content.decode()


def test_program_asks_and_writes_down(client, world):
    def header(user):
        return {"headers": {"Authorization": f"Bearer {make_token(user, scopes=('read', 'write'))[1]}"}}

    body = {"owner": world.lab.public_id, "kind": "safety_course", "code": "laser", "name_en": "Laser safety"}
    sent = {"content_type": "application/json"}
    assert client.post("/api/v1/requirements", body, **sent, **header(world.engineer)).status_code == 403
    made = client.post("/api/v1/requirements", body, **sent, **header(world.manager))
    assert made.status_code == 201, made.content
    listed = client.get(f"/api/v1/requirements?owner={world.lab.public_id}", **header(world.engineer)).json()
    assert [one["code"] for one in listed] == ["laser"]
    body = {
        "granted_by": world.lab.public_id,
        "kind": "safety_course",
        "code": "laser",
        "holder": world.engineer.email,
        "granted_on": "2026-01-05",
    }
    granted = client.post("/api/v1/proofs", body, **sent, **header(world.manager))
    assert granted.status_code == 201, granted.content
    mine = client.get("/api/v1/proofs", **header(world.engineer)).json()["items"]
    assert [(one["code"], one["granted_in"]) for one in mine] == [("laser", world.abroad.code)]
    assert client.get("/api/v1/proofs", **header(world.manager)).json()["items"] == []
    ended = client.post(f"/api/v1/requirements/{made.json()['id']}/end", {}, **sent, **header(world.manager))
    assert ended.status_code == 200
    taken = client.post(f"/api/v1/proofs/{granted.json()['id']}/revoke", {}, **sent, **header(world.manager))
    assert taken.json()["revoked"] is True
