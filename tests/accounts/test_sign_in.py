"""Signing up, in and out; passwords, mails, second factor."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from tests.factories import PASSWORD, make_user

from headwater.accounts.models import User
from headwater.site import settings as shipped

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"login": email, "password": password}, **more)


def signed_in(client: Client) -> str:
    """Whose account page it is, or empty for nobody."""
    page = client.get("/account/")
    return page.context["user"].email if page.status_code == 200 else ""


@pytest.fixture
def production(settings: Any) -> Iterator[Any]:
    """The running settings as if HEADWATER_MODE were production."""
    settings.ENVIRONMENT = replace(
        settings.ENVIRONMENT, values={**settings.ENVIRONMENT.values, "HEADWATER_MODE": "production"}
    )
    return settings


# Signing up -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("header", "language"), [("en", "en"), ("zh-CN,zh;q=0.9", "zh-hans")])
def test_sign_up_keeps_name_and_language_and_signs_in(client, header, language):
    wanted = {"email": "New.Person@Example.org", "name": " Lin Yi ", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/accounts/signup/", wanted, HTTP_ACCEPT_LANGUAGE=header)
    assert answer.status_code == 302, answer.content.decode()
    user = User.objects.get()
    assert (user.email, user.name, user.language, user.is_demo) == ("new.person@example.org", "Lin Yi", language, False)
    assert signed_in(client) == "new.person@example.org"


@pytest.mark.parametrize("password", ["short-one", "password1234", "new.person@example"])
def test_sign_up_refuses_a_weak_password(client, password):
    wanted = {"email": "new.person@example.org", "name": "Lin Yi", "password1": password, "password2": password}
    assert client.post("/accounts/signup/", wanted).status_code == 200
    assert User.objects.count() == 0


def test_sign_up_in_production_does_not_tell_who_has_an_account(client, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    make_user("ada@example.org")
    wanted = {"email": "ADA@example.org", "name": "Eve", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/accounts/signup/", wanted)
    assert "already" not in answer.content.decode()
    assert User.objects.count() == 1
    assert signed_in(client) == ""
    assert [sent.to for sent in mail.outbox] == [["ada@example.org"]]


def test_passwords_are_kept_by_a_slow_hash_in_real_life():
    assert shipped.PASSWORD_HASHERS[0] == "django.contrib.auth.hashers.ScryptPasswordHasher"


# Signing in and out ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("typed", ["ada@example.org", "ADA@Example.ORG", " ada@example.org "])
def test_sign_in_takes_the_address_in_any_case(client, typed):
    make_user("Ada@example.org")
    answer = sign_in(client, typed)
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    assert signed_in(client) == "ada@example.org"


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.org", "wrong wrong wrong"), ("nobody@example.org", PASSWORD)]
)
def test_sign_in_refuses_alike_a_wrong_password_and_an_unknown_address(client, email, password):
    make_user("ada@example.org")
    answer = sign_in(client, email, password)
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors() == [
        "The email address and/or password you specified are not correct."
    ]
    assert signed_in(client) == ""


def test_sign_in_refuses_somebody_who_was_made_inactive(client):
    user = make_user("ada@example.org")
    user.is_active = False
    user.save()
    sign_in(client, "ada@example.org")
    assert signed_in(client) == ""


def test_sign_in_is_throttled_after_five_wrong_passwords(client):
    make_user("ada@example.org")
    for _ in range(5):
        sign_in(client, "ada@example.org", "wrong wrong wrong")
    answer = sign_in(client, "ada@example.org")
    assert answer.context["form"].non_field_errors() == ["Too many failed login attempts. Try again later."]
    assert signed_in(client) == ""
    assert signed_in(Client()) == ""


def test_throttling_counts_in_the_cache_that_all_processes_share(client):
    from django.db import connection

    make_user("ada@example.org")
    sign_in(client, "ada@example.org", "wrong wrong wrong")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM site_cache WHERE cache_key LIKE '%%login_failed%%'")
        assert cursor.fetchone()[0] == 2  # by address of the machine, and by the account


def test_throttling_of_one_account_leaves_another_alone(client):
    make_user("ada@example.org")
    make_user("bob@example.org")
    for _ in range(5):
        sign_in(client, "ada@example.org", "wrong wrong wrong")
    sign_in(client, "bob@example.org")
    assert signed_in(client) == "bob@example.org"


def test_sign_out_is_by_post_alone(client):
    client.force_login(make_user("ada@example.org"))
    assert client.get("/accounts/logout/").status_code == 200
    assert signed_in(client) == "ada@example.org"
    client.post("/accounts/logout/")
    assert signed_in(client) == ""


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/instruments/?city=x", "/instruments/?city=x"),
        ("https://evil.example/", "/account/"),
        ("//evil.example/", "/account/"),
    ],
)
def test_sign_in_goes_on_to_a_page_of_this_site_alone(client, wanted, reached):
    make_user("ada@example.org")
    answer = client.post(LOGIN, {"login": "ada@example.org", "password": PASSWORD, "next": wanted})
    assert answer["Location"] == reached


def test_demo_people_sign_in_to_a_demo(client):
    make_user("ada@example.org", is_demo=True)
    sign_in(client, "ada@example.org")
    assert signed_in(client) == "ada@example.org"


def test_demo_people_do_not_sign_in_to_production(client, production):
    make_user("ada@example.org", is_demo=True)
    answer = sign_in(client, "ada@example.org")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/inactive/")
    assert signed_in(client) == ""


def test_demo_people_s_open_sessions_and_tokens_end_in_production(client, settings):
    from tests.factories import make_token

    user = make_user("ada@example.org", is_demo=True)
    _token, key = make_token(user)
    client.force_login(user)
    assert signed_in(client) == "ada@example.org"
    assert client.get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {key}").status_code == 200
    settings.ENVIRONMENT = replace(
        settings.ENVIRONMENT, values={**settings.ENVIRONMENT.values, "HEADWATER_MODE": "production"}
    )
    assert signed_in(client) == ""
    assert client.get("/api/v1/me", HTTP_AUTHORIZATION=f"Bearer {key}").status_code == 401


# Passwords and mails --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "header", "chinese"), [("en", "zh-CN", False), ("zh-hans", "en", True), ("zh-hans", "zh-CN", True)]
)
def test_password_reset_comes_in_the_user_s_language_and_works(client, language, header, chinese):
    make_user("ada@example.org", language=language)
    client.post("/accounts/password/reset/", {"email": "ADA@example.org"}, HTTP_ACCEPT_LANGUAGE=header)
    [sent] = mail.outbox
    assert sent.to == ["ada@example.org"]
    assert bool(re.search("[\u4e00-\u9fff]", sent.subject)) is chinese
    assert bool(re.search("[\u4e00-\u9fff]", sent.body)) is chinese
    link = urlsplit(re.search(r"http://testserver(\S+)", sent.body)[0]).path
    form = client.get(link, follow=True)
    new = "quite another pass phrase"
    client.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    client.logout()
    sign_in(client, "ada@example.org", new)
    assert signed_in(client) == "ada@example.org"


def test_password_reset_for_a_stranger_looks_alike(client):
    make_user("ada@example.org")
    known = client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


# Second factor --------------------------------------------------------------------------------------------------
def totp(secret: str, at: datetime, step: int = 0) -> str:
    """RFC 6238, from its text: HMAC-SHA-1 of the number of half minutes, six digits."""
    counter = struct.pack(">Q", int(at.timestamp()) // 30 + step)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


def test_totp_of_the_standard_s_own_example():
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert totp(secret, datetime.fromtimestamp(1111111109, UTC)) == "081804"


def enrol(client: Client) -> tuple[str, list[str]]:
    """Turn the second factor on; its secret and the recovery codes."""
    asked = client.get("/accounts/2fa/totp/activate/")
    assert urlsplit(asked["Location"]).path == "/accounts/reauthenticate/"  # an open session is not enough
    client.post(asked["Location"], {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    done = client.post("/accounts/2fa/totp/activate/", {"code": totp(secret, datetime.now(UTC))})
    assert done.status_code == 302, done.context["form"].errors
    codes = client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    return secret, list(codes)


@pytest.fixture
def enrolled(client: Client) -> Iterator[tuple[Client, str, list[str]]]:
    """A fresh visitor, and the secret and codes of ada@example.org."""
    from django.core.cache import cache

    make_user("ada@example.org")
    sign_in(client, "ada@example.org")
    secret, codes = enrol(client)
    cache.clear()  # the code just used may not be used again within its half minute
    return Client(), secret, codes


def test_second_factor_is_asked_for_after_the_password(enrolled):
    visitor, secret, _codes = enrolled
    answer = sign_in(visitor, "ada@example.org")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/authenticate/")
    assert signed_in(visitor) == ""
    visitor.post("/accounts/2fa/authenticate/", {"code": totp(secret, datetime.now(UTC))})
    assert signed_in(visitor) == "ada@example.org"


def test_second_factor_refuses_a_wrong_code(enrolled):
    visitor, secret, _codes = enrolled
    right = {totp(secret, datetime.now(UTC), step) for step in (-1, 0, 1)}
    wrong = next(f"{n:06d}" for n in range(9) if f"{n:06d}" not in right)
    sign_in(visitor, "ada@example.org")
    answer = visitor.post("/accounts/2fa/authenticate/", {"code": wrong})
    assert answer.context["form"].errors == {"code": ["Incorrect code."]}
    assert signed_in(visitor) == ""


def test_recovery_code_opens_once(enrolled):
    visitor, _secret, codes = enrolled
    assert len(codes) == len(set(codes)) == 10
    sign_in(visitor, "ada@example.org")
    visitor.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert signed_in(visitor) == "ada@example.org"
    again = Client()
    sign_in(again, "ada@example.org")
    again.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert signed_in(again) == ""
