"""Decided now, told together: each letter once, in its reader's language, and nothing before it."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from tests.useroffice.builders import AFTER, NOW, by, make_office
from tests.useroffice.test_access import codes

from headwater.accounts.models import Notice
from headwater.accounts.tasks import send_mail
from headwater.booking import queries as booking
from headwater.useroffice import queries
from headwater.useroffice.actions import checking, proposals, scheduling, telling
from headwater.useroffice.models import Letter, Visit

pytestmark = pytest.mark.django_db
HAN = re.compile("[\u4e00-\u9fff]")


def mails() -> list[tuple[str, str, str]]:
    """What goes out of the notices that wait: to whom, subject, text."""
    before = len(mail.outbox)
    for notice in Notice.objects.filter(code__startswith="decision.", mail="due").order_by("pk"):
        send_mail(notice_id=notice.pk)
    return [(one.to[0], one.subject, one.body) for one in mail.outbox[before:]]


@pytest.fixture
def decided():
    """Beamtime for a proposal whose team reads both languages, standby, a refusal, and one that can't be done."""
    office = make_office()
    english, chinese = office.proposer(name="Eve English"), office.proposer(name="陈中文", language="zh-hans")
    one = office.begun(english, title="Granted")
    proposals.invite(one.public_id, chinese.email, "", at=NOW, **by(english))
    proposals.answer_invitation(one.team.get(proposer=False).pk, True, by=by(chinese)["by"], at=NOW)
    proposals.submit_proposal(one.public_id, at=NOW, **by(english))
    one.refresh_from_db()
    two, three = office.submitted(english, title="Waiting"), office.submitted(chinese, title="Refused")
    four = office.submitted(english, title="Impossible")
    office.checked(one, two, three)
    line = four.choices.get().instrument.public_id
    checking.judge_feasibility(four.public_id, line, "unsafe", "Explosive.", at=AFTER, **by(office.scientist))
    office.reviewed()
    office.decided(one)
    office.decided(two, kind="reserve")
    office.decided(three, kind="decline")
    barred = two.choices.get().instrument.public_id
    scheduling.set_pin(two.public_id, banned=[barred], reason="A spare part.", at=AFTER, **by(office.officer))
    office.published()
    office.others |= {"english": english, "chinese": chinese, "proposals": (one, two, three, four)}
    return office


def test_nothing_is_told_before_the_letters_and_each_goes_once_in_its_readers_language(decided):
    office = decided
    english, chinese = office.others["english"], office.others["chinese"]
    one, two, three, four = office.others["proposals"]
    acting = {"at": AFTER, **by(office.officer)}
    assert mails() == []
    for user in (english, chinese):
        assert list(booking.reservations_of(user.pk, since=NOW)) == []
        assert not queries.visits_of((), (), user.pk)
        client = Client()
        client.force_login(user)
        page = client.get(reverse("schedule", args=[office.call.public_id])).content.decode()
        assert one.code not in page
        assert client.get(reverse("visit", args=[Visit.objects.get(proposal=one).public_id])).status_code == 404
    told = Client().get(f"/api/v1/calls/{office.call.public_id}/schedule").json()
    # nobody learns from the public schedule whose beamtime it is, though days and beamlines are there
    assert [award["number"] for award in told["awards"]] == [""] * len(told["awards"])

    telling.note_letter(one.public_id, "欢迎前来。", "Welcome.", **acting)
    assert telling.send_letters(office.call.public_id, **acting) == 4
    sent = mails()
    assert sorted((to, subject) for to, subject, _body in sent) == sorted(
        [
            (english.email, f"Beamtime for {one.code}"),
            (chinese.email, next(subject for to, subject, body in sent if to == chinese.email and "Granted" in body)),
            (english.email, f"{two.code} is on the standby list"),
            (chinese.email, next(subject for to, subject, body in sent if to == chinese.email and "Refused" in body)),
            (english.email, f"Decision on {four.code}"),
        ]
    )
    for to, subject, body in sent:
        assert bool(HAN.search(subject)) == (to == chinese.email)
        assert ("Welcome." in body) == (to == english.email and "Granted" in body)
        assert ("欢迎前来。" in body) == (to == chinese.email and "Granted" in body)
    # pressed again, or later, nothing goes twice
    assert codes(lambda: telling.send_letters(office.call.public_id, **acting)) == {"letters.none"}
    assert mails() == []
    assert Letter.objects.exclude(sent_at=None).count() == Letter.objects.count() == 4
    assert [row.reference for row in booking.reservations_of(english.pk, since=NOW)] == [one.public_id]
    assert [visit.proposal for visit in queries.visits_of((), (), chinese.pk)] == [one]
    told = Client().get(f"/api/v1/calls/{office.call.public_id}/schedule").json()
    assert [award["number"] for award in told["awards"] if award["number"]] == [one.code]
    assert three.team.count() == 1


def test_office_reads_letters_in_both_languages_before_they_go(decided):
    office = decided
    client = Client()
    client.force_login(office.officer)
    one, _two, three, _four = office.others["proposals"]
    note = reverse("letter", args=[one.public_id])
    assert client.post(note, {"note_en": "Welcome.", "note_zh": ""}).status_code == 422
    assert client.post(note, {"note_en": "Welcome.", "note_zh": "欢迎前来。"}).status_code == 302
    text = client.get(reverse("letters", args=[office.call.public_id])).content.decode()
    english = re.findall(r'<div lang="en">(.*?)</div>', text, re.DOTALL)
    chinese = re.findall(r'<div lang="zh-Hans">(.*?)</div>', text, re.DOTALL)
    assert len(english) == len(chinese) == 4
    assert all(HAN.search(one_) for one_ in chinese)
    assert "Welcome." in "".join(english)
    assert "欢迎前来。" in "".join(chinese)
    assert three.code in text
    assert mails() == []
