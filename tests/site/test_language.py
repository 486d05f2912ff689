"""Which language a page is in, and that switching it keeps the place."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PAGE = "/instruments/"


def language(client: Client, **headers: str) -> str:
    page = client.get(PAGE, **headers)
    return re.search(r'<html lang="([^"]+)">', page.content.decode())[1]


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [
        ("", "en"),
        ("en-GB", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.1", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("fr", "en"),
        ("fr,zh;q=0.5", "zh-Hans"),
    ],
)
def test_stranger_reads_the_browser_s_language(client, accepted, shown):
    assert language(client, HTTP_ACCEPT_LANGUAGE=accepted) == shown


@pytest.mark.parametrize(
    ("cookie", "own", "accepted", "shown"),
    [
        (None, "zh-hans", "en", "zh-Hans"),
        (None, "en", "zh-CN", "en"),
        ("zh-hans", "en", "en", "zh-Hans"),
        ("en", "zh-hans", "zh-CN", "en"),
        ("en", None, "zh-CN", "en"),
        ("xx", None, "zh-CN", "zh-Hans"),
    ],
)
def test_cookie_goes_before_the_user_s_own_before_the_browser_s(client, cookie, own, accepted, shown):
    if own:
        client.force_login(make_user(language=own))
    if cookie:
        client.cookies["django_language"] = cookie
    assert language(client, HTTP_ACCEPT_LANGUAGE=accepted) == shown


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/instruments/?lang=zh-hans", "/instruments/"),
        ("/instruments/?city=x&lang=zh-hans&after=30", "/instruments/?city=x&after=30"),
        ("/instruments/?a=1&a=2&lang=zh-hans", "/instruments/?a=1&a=2"),
        ("/?q=%E4%BB%AA%E5%99%A8&lang=zh-hans", "/?q=%E4%BB%AA%E5%99%A8"),
        ("/nowhere/%3Fx/?lang=zh-hans", "/nowhere/%3Fx/"),
        ("/%2Fevil.example/?lang=zh-hans", "/%2Fevil.example/"),
        ("/%2F%2Fevil.example/?lang=zh-hans", "/%2F/evil.example/"),
        ("/%5Cevil.example/?lang=zh-hans", "/%5Cevil.example/"),
    ],
)
def test_switching_keeps_the_place_and_never_leaves_the_site(client, asked, reached):
    answer = client.get(asked)
    assert (answer.status_code, answer["Location"]) == (302, reached)
    cookie = answer.cookies["django_language"]
    assert (cookie.value, cookie["samesite"], cookie["max-age"]) == ("zh-hans", "Lax", 365 * 24 * 3600)
    assert language(client) == "zh-Hans"


def test_switch_on_a_page_with_two_slashes_stays_on_the_site(client):
    page = client.get("/%2Fevil.example/")
    assert page.status_code == 404
    assert 'href="/%2Fevil.example/?lang=zh-hans"' in page.content.decode()


def test_switching_is_kept_for_the_user(client):
    user = make_user(language="en")
    client.force_login(user)
    client.get("/?lang=zh-hans")
    user.refresh_from_db()
    assert user.language == "zh-hans"
    elsewhere = Client()
    elsewhere.force_login(user)
    assert language(elsewhere, HTTP_ACCEPT_LANGUAGE="en") == "zh-Hans"


@pytest.mark.parametrize("unknown", ["fr", "", "zh", "javascript:alert(1)"])
def test_unknown_language_is_not_chosen(client, unknown):
    answer = client.get(PAGE, {"lang": unknown})
    assert answer.status_code == 200
    assert "django_language" not in answer.cookies


def test_form_that_is_sent_is_not_lost_to_the_switch(client):
    answer = client.post("/accounts/login/?lang=zh-hans", {"login": "x", "password": "y"})
    assert (answer.status_code, "django_language" in answer.cookies) == (200, False)


def test_api_answers_in_the_language_asked_for_and_sets_no_cookie(client):
    client.force_login(make_user(language="zh-hans"))
    answers = [
        client.get("/api/v1/instruments/none?lang=zh-hans", HTTP_ACCEPT_LANGUAGE=one) for one in ("en", "zh-Hans")
    ]
    assert [bool(re.search("[\u4e00-\u9fff]", answer.json()["title"])) for answer in answers] == [False, True]
    assert ["django_language" in answer.cookies for answer in answers] == [False, False]
    assert [answer["Content-Language"] for answer in answers] == ["en", "zh-hans"]
