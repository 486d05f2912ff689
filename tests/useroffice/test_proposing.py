"""Proposers: beamlines by technique or by words, what is checked while writing, people without an account."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.factories import make_instrument, make_member, make_technique, make_user
from tests.useroffice.builders import AFTER, NOW, by, make_office
from tests.useroffice.test_access import codes
from tests.useroffice.test_pages import applied, go, now_office, page  # noqa: F401 (a fixture)

from headwater.accounts.models import Notice, User
from headwater.useroffice import finding, queries
from headwater.useroffice.actions import proposals
from headwater.useroffice.models import Call, Proposal, TeamMember
from headwater.useroffice.tasks import mail_invitation

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(now_office):  # noqa: F811
    """Three beamlines of an open call, each with a technique of its own, two of one group."""
    office = now_office
    group = make_technique(code="scattering", name_en="Scattering", name_zh="散射")
    given = (
        ("saxs", "Small-angle X-ray scattering", "小角X射线散射", ["SAXS"], group),
        ("waxs", "Wide-angle X-ray scattering", "广角X射线散射", ["WAXS"], group),
        ("mx", "Macromolecular crystallography", "生物大分子晶体学", ["MX"], None),
    )
    found = []
    for k, (code, name_en, name_zh, short, parent) in enumerate(given):
        technique = make_technique(code=code, name_en=name_en, name_zh=name_zh, synonyms_en=short, parent=parent)
        line = make_instrument(
            owner=office.facility.operator,
            facility=office.facility,
            access="proposal",
            techniques=(technique,),
            name_en=f"BL{k + 11} Line",
            name_zh=f"第{k + 11}线站",
        )
        found.append(line)
    office.call.beamlines.set(found)
    return office, found


def test_beamlines_are_found_by_technique_and_by_words_in_both_languages(lines):
    office, (saxs, waxs, crystal) = lines
    rows = queries.lines_of_calls([office.call])
    assert set(rows) == {saxs, waxs, crystal}
    assert [one.technique.code for one in finding.facets_of(rows)] == ["mx", "saxs", "waxs"]
    assert finding.found_lines(rows, technique="saxs") == [saxs]
    assert set(finding.found_lines(rows, technique="scattering")) == {saxs, waxs}
    assert finding.found_lines(rows, text="SAXS") == [saxs]
    assert finding.found_lines(rows, text="crystallography of a protein") == [crystal]
    assert finding.found_lines(rows, text="大分子晶体学") == [crystal]
    assert set(finding.found_lines(rows, text="scattering")) == {saxs, waxs}
    assert finding.found_lines(rows, text="neutron") == []
    assert rows[0].taking == [office.call]


def test_page_leads_from_a_technique_or_a_hit_to_a_draft_for_the_beamline(lines):
    office, (saxs, waxs, crystal) = lines
    client = page()
    path = reverse("open_beamlines")
    text = client.get(path, {"q": "SAXS"}).content.decode()
    assert saxs.name in text
    assert crystal.name not in text.split("<tbody>")[1]
    assert f"{reverse('apply', args=[office.call.public_id])}?beamline={saxs.public_id}" in text
    only = client.get(path, {"beamline": waxs.public_id}).content.decode()
    assert f"?beamline={waxs.public_id}" in only
    assert saxs.public_id not in only
    hits = client.get(reverse("instruments"), {"q": waxs.name_en}).content.decode()
    assert f"{path}?beamline={waxs.public_id}" in hits or "No instrument" in hits
    assert (
        f"{path}?beamline={waxs.public_id}" in client.get(reverse("instrument", args=[waxs.public_id])).content.decode()
    )
    form = (
        page(office.proposer())
        .get(reverse("apply", args=[office.call.public_id]), {"beamline": waxs.public_id})
        .context["form"]
    )
    assert form["beamline_0"].value() == waxs.public_id
    Call.objects.update(closes_at=timezone.now() - timedelta(seconds=1))
    assert b"No call is open for this beamline now." in client.get(path, {"beamline": waxs.public_id}).content


def test_draft_chooses_beamlines_in_order_and_no_more_than_the_call_allows(lines):
    office, (saxs, waxs, crystal) = lines
    user = office.proposer()
    made = applied(office, user, beamline_0="")
    client, path = page(user), reverse("choose_beamlines", args=[made.public_id])

    def chosen():
        return [one.instrument for one in made.choices.order_by("rank")]

    for place, line, after in (
        ("last", saxs, [saxs]),
        ("last", waxs, [saxs, waxs]),
        ("first", waxs, [waxs, saxs]),
        ("off", waxs, [saxs]),
        ("first", crystal, [crystal, saxs]),
    ):
        assert client.post(path, {place: line.public_id}).status_code == 302
        assert chosen() == after
    full = client.post(path, {"last": waxs.public_id})
    assert full.status_code == 422
    assert "Choose at most 2 beamlines." in full.content.decode()
    assert client.post(path, {"last": office.lines[0].public_id}).status_code == 422  # not of this call
    made.refresh_from_db()
    assert made.version == 6
    other = page(office.proposer())
    assert other.get(path).status_code == 404
    assert other.post(path, {"off": saxs.public_id}).status_code == 404
    assert chosen() == [crystal, saxs]


def test_draft_is_checked_while_it_is_written_and_nothing_is_kept(now_office):  # noqa: F811
    office = now_office
    user = office.proposer()
    make_member(user, office.home, "member")
    client, path = page(user), reverse("check_draft", args=[office.call.public_id])
    data = {"title": "Strain", "language": "en", "track": "main", "requested": "60", "minimum": "6"}
    text = client.post(path, {**data, "q_equipment": "yes"}).content.decode()
    assert "<html" not in text
    for said in (
        "Before it may be submitted:",
        "The abstract is missing.",
        "Choose a beamline.",
        "Ask for 1 to 36 shifts.",
        "Which equipment, with its power and gas</i>: This question must be answered.",
    ):
        assert said in text, said
    assert Proposal.objects.count() == 0
    whole = {
        **data,
        "requested": "9",
        "abstract": "x",
        "organisation": office.home.public_id,
        "beamline_0": office.lines[0].public_id,
        "q_aim": "x",
        "q_method": "x",
        "q_equipment": "no",
    }
    assert "It may be submitted." in client.post(path, whole).content.decode()
    assert "Enter a valid date." in client.post(path, {**whole, "away_0_first": "soon"}).content.decode()
    half = client.post(path, {**whole, "away_1_last": "2031-06-07", "sample_0_quantity": "2 g"}).content.decode()
    assert "Give the first day too." in half
    assert "Give the sample a name." in half
    made = applied(office, user)
    held = {**whole, "proposal": made.public_id, "abstract": ""}
    assert "The abstract is missing." in client.post(path, held).content.decode()
    made.refresh_from_db()
    assert made.abstract == "We follow the strain."
    stranger = page(office.proposer())
    assert stranger.post(path, held).status_code == 404
    form = go(client, "edit_proposal", made.public_id, status=200).content.decode()
    assert f'hx-post="{path}"' in form


def test_person_without_an_account_is_mailed_registers_and_lands_on_the_team(settings):
    settings.BASE_URL = "https://lab.example.org"
    office = make_office()
    user = office.proposer()
    made = office.begun(user, language="zh-hans", title="薄膜应变")
    proposals.invite(made.public_id, "new@example.org", "", may_edit=True, at=NOW, **by(user))
    member = TeamMember.objects.get(email="new@example.org")
    assert Notice.objects.count() == 0
    mail_invitation(member_id=member.pk)
    sent = mail.outbox[-1]
    assert sent.to == ["new@example.org"]
    assert "薄膜应变" in sent.body  # in the proposal's language
    assert re.search("[\u4e00-\u9fff]", sent.subject)
    address = re.search(r"https?://[^\s，。]+/accounts/signup/", sent.body)[0]
    client = Client()
    signup = "/" + address.split("/", 3)[3]
    fields = {"email": "new@example.org", "password1": "a long enough pass phrase", "name": "Nova New"}
    fields["password2"] = fields["password1"]
    answer = client.post(signup, fields)
    assert answer.status_code == 302, re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())[:800]
    confirm = next(one for one in reversed(mail.outbox) if "confirm-email" in one.body)
    link = "/" + re.search(r"https?://\S+/confirm-email/\S+", confirm.body)[0].split("/", 3)[3]
    client.get(link)
    client.post(link)
    invited = User.objects.get(email="new@example.org")
    client.force_login(invited)
    home = client.get(reverse("beamtime")).content.decode()
    assert "薄膜应变" in home
    answer = client.post(reverse("answer_invitation", args=[member.pk]), {"answer": "yes"})
    assert answer.url == reverse("proposal", args=[made.public_id])
    member.refresh_from_db()
    assert (member.user, member.accepted_at is not None, member.name) == (invited, True, str(invited))
    assert client.get(reverse("edit_proposal", args=[made.public_id])).status_code == 200
    # once answered, a mail that is sent late goes nowhere
    before = len(mail.outbox)
    mail_invitation(member_id=member.pk)
    assert len(mail.outbox) == before


def test_invitation_that_is_declined_leaves_no_place():
    office = make_office()
    user, invited = office.proposer(), make_user()
    made = office.begun(user)
    proposals.invite(made.public_id, invited.email, "", at=NOW, **by(user))
    assert Notice.objects.get(user=invited).code == "proposal.invitation"
    place = made.team.get(proposer=False)
    proposals.answer_invitation(place.pk, False, by=by(invited)["by"], at=NOW)
    assert made.team.count() == 1
    answer = lambda: proposals.answer_invitation(place.pk, True, by=by(invited)["by"], at=AFTER)  # noqa: E731
    assert codes(answer) == {"invitation.not_found"}
