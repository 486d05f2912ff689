"""The demo's made-up round: there once, marked all through, nobody mailed, something on each of the office's pages."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.factories import make_facility, make_instrument, make_organisation, make_technique, make_user

from headwater.accounts import actions as accounts
from headwater.accounts.audit import SYSTEM
from headwater.accounts.models import Mail, Notice, Role, User
from headwater.useroffice import demo, queries
from headwater.useroffice.actions.callforms import FIRST_FORM, new_form
from headwater.useroffice.actions.demo import load_synthetic_round
from headwater.useroffice.actions.demoblock import load_synthetic_block
from headwater.useroffice.facts import desk_of
from headwater.useroffice.models import (
    Call,
    Feasibility,
    Panel,
    Pool,
    Proposal,
    Remark,
    Review,
    Scenario,
    SubProject,
    Track,
    Verdict,
)
from headwater.useroffice.ranking import ranking_of

pytestmark = pytest.mark.django_db
MARK = re.compile(r"synthetic|合成", re.IGNORECASE)


@pytest.fixture
def made():
    """A facility with its round, the demo's sign-ins, and how many proposals were made."""
    facility, technique = make_facility(), make_technique()
    for number in range(4):
        line = {"owner": facility.operator, "facility": facility, "access": "proposal", "techniques": (technique,)}
        make_instrument(**line, name_en=f"BL{number}")
    make_organisation(kind="university")
    office, manager, researcher = (make_user(name=name) for name in ("Office", "Manager", "Researcher"))
    accounts.grant(office, Role.USER_OFFICE, scope=facility.public_id, by=SYSTEM, at=timezone.now())
    cast = (facility, office, manager, researcher)
    return cast, load_synthetic_round(*cast, "demo.example", at=timezone.now())


def test_round_is_made_once_marked_all_through_and_gives_each_sign_in_her_part(made):
    (facility, office, manager, researcher), number = made
    assert number == demo.PROPOSALS == 24
    assert load_synthetic_round(facility, office, manager, researcher, "demo.example", at=timezone.now()) == 0
    assert list(Call.objects.order_by("code").values_list("code", "synthetic")) == [("DEMO-1", True), ("DEMO-2", True)]
    assert queries.open_calls(timezone.now()).get().beamlines.count() == 3
    waiting = Proposal.objects.filter(call__code="DEMO-1")
    states = Counter(waiting.values_list("state", flat=True))
    assert states == {"feasibility": 2, "infeasible": 1, "recommended": 12, "declined": 2, "panel": 7}
    assert Review.objects.filter(state="submitted").count() == Review.objects.count() == 21 * 3
    assert (Feasibility.objects.exclude(verdict="").count(), Remark.objects.count(), Verdict.objects.count()) == (
        *(Feasibility.objects.count() - 2, 12),
        14,
    )
    texts = [
        *Call.objects.values_list("name_zh", "name_en", "text_zh"),
        *Panel.objects.values_list("name_zh", "name_en"),
        *Track.objects.values_list("name_zh", "name_en"),
        *Pool.objects.values_list("name_zh", "name_en"),
        *Review.objects.values_list("for_panel", "for_proposer"),
        *Proposal.objects.values_list("title", "abstract"),
        *Remark.objects.values_list("text"),
        *Verdict.objects.values_list("reason"),
        *Feasibility.objects.filter(verdict__in=["conditional", "infeasible"]).values_list("conditions"),
        *Scenario.objects.values_list("name"),
        *User.objects.filter(email__endswith="@demo.example").values_list("name"),
    ]
    assert [text for row in texts for text in row if not MARK.search(text) and "程序生成" not in text] == []
    people = User.objects.filter(email__endswith="@demo.example")
    assert people.count() == 1 + len(demo.SEVERITY) + demo.PROPOSERS
    assert not any(one.has_usable_password() for one in people)
    assert not Notice.objects.exclude(mail=Mail.UNWANTED).exists()
    assert not Notice.objects.filter(user__in=[office, manager, researcher]).exists()
    assert mail.outbox == []
    draft = Proposal.objects.get(team__user=researcher)
    assert (draft.form.number, waiting[0].form.number) == (2, 1)
    assert [one["key"] for one in draft.form.questions if "when" in one] == ["equipment_kind", "toxic_gas"]
    assert (draft.state, draft.call.code) == ("draft", "DEMO-2")
    assert Panel.objects.get().members.get(chair=True).user == manager
    assert queries.feasibilities_of(manager.beamlines.values_list("instrument", flat=True)).filter(verdict="").exists()
    found = ranking_of(Call.objects.get(code="DEMO-1"), desk_of(office))
    severities = [one.severity for one in found.severities]
    assert len(severities) == len(demo.SEVERITY)
    assert max(severities) - min(severities) > 0.8
    scenario = Scenario.objects.get()
    assert (scenario.state, 6 <= len(scenario.plan["awards"]) < 12) == ("solved", True)


def test_each_page_of_the_office_shows_the_round_as_made_up(made):
    (facility, office, _manager, _researcher), _number = made
    call, talked = Call.objects.get(code="DEMO-1"), Remark.objects.first().proposal
    pages = [(name, call) for name in ("call_desk", "panel", "tracks", "scenarios", "letters", "call")]
    pages += [("beamtime_office", facility), ("office_figures", facility), ("discussion", talked)]
    pages += [("scenario", Scenario.objects.get())]
    for language, mark in (("en", "synthetic"), ("zh-hans", "合成")):
        office.language = language
        office.save(update_fields=["language"])
        client = Client(headers={"Accept-Language": language})
        client.force_login(office)
        for name, about in pages:
            text = client.get(reverse(name, args=[about.public_id])).content.decode()
            assert mark in text.lower(), name
            assert 'class="empty"' not in text, name
        assert f'<span class="chip synthetic">{mark}</span>' in client.get(reverse("beamtime")).content.decode()


def test_facility_with_one_beamline_or_an_office_that_has_worked_gets_no_round():
    facility, person = make_facility(), make_user()
    made = {"owner": facility.operator, "facility": facility, "access": "proposal"}
    make_instrument(**made)
    assert load_synthetic_round(facility, person, person, person, "demo.example", at=timezone.now()) == 0
    make_instrument(**made)
    new_form(facility, FIRST_FORM, by=SYSTEM, at=timezone.now())
    assert load_synthetic_round(facility, person, person, person, "demo.example", at=timezone.now()) == 0
    assert not Call.objects.exists()


def test_group_is_made_once_with_its_block_two_members_and_a_sub_project(made):
    (facility, office, manager, researcher), _number = made
    at = timezone.now()
    block = load_synthetic_block(facility, office, researcher, "demo.example", at=at)
    assert load_synthetic_block(facility, office, researcher, "demo.example", at=at) is None
    assert (block.shifts, block.divided, block.used) == (24, 22, 3)
    assert list(block.members.values_list("share", "used")) == [(14, 3), (8, 0)]
    assert block.members.get(user=researcher).left == 8
    part = SubProject.objects.get()
    assert (part.own, part.proposal.state, part.proposal.visit.state) == (False, "scheduled", "planned")
    texts = [part.proposal.title, part.proposal.abstract, block.proposal.title, block.proposal.abstract]
    texts += block.members.values_list("name", flat=True)
    assert all(MARK.search(text) for text in texts)
    assert block.call.synthetic
    connection.check_constraints()
    assert mail.outbox == []
    for language, mark in (("en", "synthetic"), ("zh-hans", "合成")):
        for user in (researcher, manager, office):
            user.language = language
            user.save(update_fields=["language"])
            client = Client(headers={"Accept-Language": language})
            client.force_login(user)
            text = client.get(reverse("block", args=[block.public_id])).content.decode()
            assert f'<span class="chip synthetic">{mark}</span>' in text


def test_group_needs_a_round():
    facility, person = make_facility(), make_user()
    assert load_synthetic_block(facility, person, person, "demo.example", at=timezone.now()) is None
