"""What people are told: once, in their language, on the page and by mail as they choose; and nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import translation
from procrastinate.contrib.django.models import ProcrastinateJob
from tests.factories import AT, make_token, make_user

from headwater.accounts import notices as words
from headwater.accounts.actions.notices import choose_mails, mail_notice, tell
from headwater.accounts.models import Notice
from headwater.accounts.notices import NOTICES, TOPICS, NoticeWording

pytestmark = pytest.mark.django_db
FACTS = {
    "what": {"zh": "冷冻电镜", "en": "Cryo microscope"},
    "when": {"at": "2025-03-01T08:00:00+00:00", "zone": "Asia/Shanghai"},
}


@pytest.fixture(autouse=True)
def _trial_topic(monkeypatch):
    monkeypatch.setitem(TOPICS, "trial", "Trials")
    monkeypatch.setitem(NOTICES, "trial.begun", NoticeWording("%(what)s begins", "%(what)s begins at %(when)s."))


def told(user, **more):
    return tell(user, "trial.begun", FACTS, **({"path": "/figures/", "at": AT} | more))


def due() -> list[int]:
    return [job.args["notice_id"] for job in ProcrastinateJob.objects.filter(task_name="accounts.send_mail")]


def test_notice_is_kept_and_its_mail_queued_in_the_same_transaction():
    user = make_user()
    notice = told(user)
    assert (notice.mail, due()) == ("due", [notice.pk])
    with transaction.atomic():
        told(user)
        transaction.set_rollback(True)
    assert (Notice.objects.count(), len(due())) == (1, 1)


def test_same_key_tells_once():
    user, other = make_user(), make_user()
    assert told(user, key="trial-1") is not None
    assert told(user, key="trial-1", at=AT + timedelta(days=1)) is None
    assert told(other, key="trial-1") is not None
    assert (Notice.objects.count(), len(due())) == (2, 2)


def test_notice_without_words_is_refused():
    with pytest.raises(ValueError, match=r"trial\.unheard"):
        tell(make_user(), "trial.unheard", {}, path="/", at=AT)


def test_mail_is_in_the_reader_s_language_and_goes_once(settings):
    settings.BASE_URL = "https://lab.example.org"
    notice = told(make_user("ada@example.org", language="zh-hans"))
    assert [mail_notice(notice.pk, at=AT), mail_notice(notice.pk, at=AT)] == [True, False]
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["ada@example.org"], "冷冻电镜 begins")
    assert "冷冻电镜 begins at 2025-03-01 16:00 (Asia/Shanghai).\n\nhttps://lab.example.org/figures/\n" in sent.body
    assert sent.message()["Message-ID"].startswith(f"<notice-{notice.pk}.")
    notice.refresh_from_db()
    assert (notice.mail, notice.mailed_at) == ("sent", AT)


def test_no_mail_where_the_topic_is_not_wanted():
    user = make_user()
    choose_mails(user, [])
    assert (told(user).mail, due()) == ("unwanted", [])
    choose_mails(user, ["trial"])
    assert told(user).mail == "due"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SMTPRecipientsRefused({"ada@example.org": (550, b"no such user")}), "refused"),
        (SMTPRecipientsRefused({"ada@example.org": (451, b"later")}), None),
        (SMTPServerDisconnected("gone"), None),
    ],
)
def test_mail_that_fails_is_kept_for_another_try_unless_refused_for_good(monkeypatch, error, state):
    notice = told(make_user())

    def fail(*_args):
        raise error

    monkeypatch.setattr(EmailBackend, "send_messages", fail)
    if state is None:
        with pytest.raises(type(error)):
            mail_notice(notice.pk, at=AT)
    else:
        assert mail_notice(notice.pk, at=AT)
    notice.refresh_from_db()
    assert notice.mail == (state or "due")


def test_page_shows_one_s_own_notices_alone_and_marks_them_read(client, django_assert_num_queries):
    user, other = make_user(), make_user()
    mine, theirs = told(user), told(other)
    client.force_login(user)
    page = client.get("/account/notices/").content.decode()
    assert page.count("Cryo microscope begins at 2025-03-01 16:00 (Asia/Shanghai).") == 1
    assert 'Notices <span class="chip">1</span>' in page
    assert client.get(f"/account/notices/{theirs.pk}/").status_code == 404
    assert client.get(f"/account/notices/{mine.pk}/")["Location"] == "/figures/"
    assert 'class="chip">1<' not in client.get("/account/notices/").content.decode()
    theirs.refresh_from_db()
    assert theirs.read_at is None
    for _ in range(20):
        told(user)
    with django_assert_num_queries(5):
        client.get("/account/notices/")


def test_choice_is_made_on_the_page(client):
    user = make_user()
    client.force_login(user)
    client.post("/account/notices/mails/", {"topic": []})
    assert told(user).mail == "unwanted"
    page = client.get("/account/notices/").content.decode()
    assert re.search(r'value="trial">', page)
    told(user)
    client.post("/account/notices/read/")
    assert not user.notices.filter(read_at=None).exists()


def test_program_reads_and_marks(client):
    user = make_user()
    first, second = told(user), told(user)
    told(make_user())
    header = {"HTTP_AUTHORIZATION": f"Bearer {make_token(user, scopes=('read', 'write'))[1]}"}
    page = client.get("/api/v1/notices?limit=1", **header).json()
    assert ([one["id"] for one in page["items"]], page["next"]) == ([second.pk], second.pk)
    assert page["items"][0]["subject"] == "Cryo microscope begins"
    page = client.get(f"/api/v1/notices?before={page['next']}", **header).json()
    assert ([one["id"] for one in page["items"]], page["next"]) == ([first.pk], None)
    body = {"data": {"ids": [first.pk]}, "content_type": "application/json"}
    assert client.post("/api/v1/notices/read", **body, **header).json() == {"read": 1}
    assert len(client.get("/api/v1/notices?unread=true", **header).json()["items"]) == 1
    assert client.get("/api/v1/notices").status_code == 401
    reader = {"HTTP_AUTHORIZATION": f"Bearer {make_token(user)[1]}"}
    assert client.post("/api/v1/notices/read", **body, **reader).status_code == 403


@pytest.mark.parametrize("code", sorted(NOTICES))
def test_notice_is_worded_in_both_languages_with_the_same_facts(code):
    said = {}
    for language in ("en", "zh-hans"):
        with translation.override(language):
            said[language] = f"{NOTICES[code].subject} {NOTICES[code].sentence}"
            assert str(TOPICS[words.topic_of(code)])
    placeholders = [sorted(set(re.findall(r"%\((\w+)\)s", text))) for text in said.values()]
    assert placeholders[0] == placeholders[1]
    assert re.search("[\u4e00-\u9fff]", said["zh-hans"]), "not in Chinese yet"
