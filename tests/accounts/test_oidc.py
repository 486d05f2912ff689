"""Sign-in through an OpenID Connect provider: a real one, asked over real HTTP."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from tests.factories import PASSWORD, make_user

from headwater.accounts.models import User

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the provider's libraries announce their own deprecations
    import oidc_provider_mock

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore"),  # raised in the provider's thread
]
WAIT_S = 20


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider that knows Lin Yi, and Eve, who claims Ada's address."""
    people = (
        oidc_provider_mock.User(
            sub="lin", claims={"email": "Lin@Example.org", "email_verified": True, "name": "Lin Yi"}
        ),
        oidc_provider_mock.User(sub="eve", claims={"email": "ada@example.org", "email_verified": True, "name": "Eve"}),
        oidc_provider_mock.User(
            sub="unsure", claims={"email": "ada@example.org", "email_verified": False, "name": "U"}
        ),
    )
    with oidc_provider_mock.run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def site(live_server: Any, settings: Any, provider: str) -> str:
    """Headwater's address, with the provider's button on its sign-in page."""
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "sso",
                    "name": "Campus card",
                    "client_id": "headwater",
                    "secret": "quite-secret",
                    "settings": {"server_url": provider},
                }
            ],
        }
    }
    return str(live_server.url)


def _submit(
    browser: requests.Session, site: str, page: str, path: str, values: dict[str, str] | None = None
) -> requests.Response:
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    data = {**(values or {}), "csrfmiddlewaretoken": token[1]}
    return browser.post(site + path, data=data, headers={"Referer": site + path}, timeout=WAIT_S)


def come_through(browser: requests.Session, site: str, sub: str) -> requests.Response:
    """Press the button, say at the provider who one is, and come back."""
    page = browser.get(f"{site}/accounts/login/", timeout=WAIT_S)
    assert "Campus card" in page.text
    path = re.search(r'(/accounts/oidc/sso/login/[^"]*)"', page.text)
    assert path
    asked = _submit(browser, site, browser.get(site + path[1], timeout=WAIT_S).text, path[1])
    query = parse_qs(urlsplit(asked.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert {"openid", "email", "profile"} <= set(query["scope"][0].split())
    return browser.post(asked.url, data={"sub": sub}, timeout=WAIT_S)


def who(browser: requests.Session, site: str) -> str:
    """The address of whoever is signed in; empty for nobody."""
    page = browser.get(f"{site}/account/", timeout=WAIT_S)
    if urlsplit(page.url).path != "/account/":
        return ""
    return re.search(r'<p class="lead">([^<]+)</p>', page.text)[1]


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Accept-Language"] = "en"
        yield session


def test_newcomer_gets_an_account_with_the_provider_s_name(browser, site):
    come_through(browser, site, "lin")
    assert who(browser, site) == "lin@example.org"
    user = User.objects.get()
    assert (user.email, user.name, user.language, user.has_usable_password()) == (
        "lin@example.org",
        "Lin Yi",
        "en",
        False,
    )
    assert [(one.provider, one.uid) for one in user.socialaccount_set.all()] == [("sso", "lin")]


def test_second_visit_finds_the_same_account(browser, site):
    come_through(browser, site, "lin")
    with requests.Session() as again:
        again.headers["Accept-Language"] = "en"
        come_through(again, site, "lin")
        assert who(again, site) == "lin@example.org"
    assert User.objects.count() == 1


@pytest.mark.parametrize("sub", ["eve", "unsure"])
def test_existing_account_is_not_taken_over_by_its_address(browser, site, sub):
    ada = make_user("ada@example.org", name="Ada")
    came = come_through(browser, site, sub)
    assert who(browser, site) == ""
    assert list(User.objects.values_list("email", "name")) == [("ada@example.org", "Ada")]
    assert SocialAccount.objects.count() == 0
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)
    if urlsplit(came.url).path == "/accounts/3rdparty/signup/":  # nor by insisting
        _submit(browser, site, came.text, "/accounts/3rdparty/signup/", {"email": "ada@example.org", "name": "Eve"})
        assert who(browser, site) == ""
        assert SocialAccount.objects.count() == 0


def test_answer_to_another_browser_s_request_signs_nobody_in(browser, site):
    page = browser.get(f"{site}/accounts/login/", timeout=WAIT_S)
    path = re.search(r'(/accounts/oidc/sso/login/[^"]*)"', page.text)[1]
    asked = _submit(browser, site, browser.get(site + path, timeout=WAIT_S).text, path)
    answer = browser.post(asked.url, data={"sub": "lin"}, allow_redirects=False, timeout=WAIT_S)
    with requests.Session() as other, suppress(requests.TooManyRedirects):
        other.get(answer.headers["Location"], timeout=WAIT_S)
        assert who(other, site) == ""
    assert User.objects.count() == 0


def test_refusal_at_the_provider_signs_nobody_in(browser, site):
    page = browser.get(f"{site}/accounts/login/", timeout=WAIT_S)
    path = re.search(r'(/accounts/oidc/sso/login/[^"]*)"', page.text)[1]
    asked = _submit(browser, site, browser.get(site + path, timeout=WAIT_S).text, path)
    answer = browser.post(asked.url, data={"action": "deny"}, timeout=WAIT_S)
    assert urlsplit(answer.url).netloc == urlsplit(site).netloc
    assert answer.status_code == 401
    assert 'id="content"' in answer.text
    assert who(browser, site) == ""
    assert User.objects.count() == 0


def test_production_asks_for_the_address_to_be_confirmed_unless_the_provider_has(browser, site, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    come_through(browser, site, "lin")
    assert who(browser, site) == "lin@example.org"
