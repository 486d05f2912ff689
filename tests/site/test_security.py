"""What a browser is told it may do, and what the site refuses."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client
from tests.factories import make_instrument, make_member, make_operator, make_organisation, make_user

SRC = Path(__file__).resolve().parents[2] / "src" / "headwater"
TEMPLATES = sorted(SRC.rglob("templates/**/*.html"))
POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/instruments/", 200),
        ("/instruments/new/", 200),
        ("/accounts/login/", 200),
        ("/accounts/signup/", 302),
        ("/accounts/2fa/", 200),
        ("/account/", 200),
        ("/api/docs", 200),
        ("/api/v1/instruments", 200),
        ("/nowhere/", 404),
    ],
)
def test_every_answer_carries_the_strict_policy(client, path, status):
    user = make_operator()
    make_organisation()
    if path not in ("/", "/accounts/login/"):
        client.force_login(user)
    answer = client.get(path)
    assert answer.status_code == status
    parts = (part.split() for part in answer["Content-Security-Policy"].split(";"))
    assert {name: values for name, *values in parts} == POLICY
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


class Inline(HTMLParser):
    """Finds what the policy would stop: inline scripts, styles and handlers, and other hosts' files."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.in_script = tag == "script" and "src" not in given and given.get("type") != "application/json"
        if tag == "style":
            self.found.append("<style>")
        for name, value in given.items():
            if name == "style" or name.startswith("on"):
                self.found.append(f"{tag} {name}")
            if name in ("href", "src", "action") and str(value).strip().lower().startswith("javascript:"):
                self.found.append(f"{tag} {name}={value}")
            if tag in ("script", "link", "img") and name in ("src", "href") and re.match(r"(https?:)?//", str(value)):
                self.found.append(f"{tag} {value}")

    def handle_data(self, data: str) -> None:
        if self.in_script and data.strip():
            self.found.append(f"script: {data.strip()[:40]}")


def inline_parts(html: str) -> list[str]:
    parser = Inline()
    parser.feed(html)
    return parser.found


def test_the_search_for_inline_parts_finds_each_kind():
    bad = (
        '<p style="x" onclick="y"><style>z</style><script>w</script><a href="javascript:v"></a>'
        '<script src="//u/t.js"></script>'
    )
    assert inline_parts(bad) == [
        "p style",
        "p onclick",
        "<style>",
        "script: w",
        "a href=javascript:v",
        "script //u/t.js",
    ]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(SRC).as_posix())
def test_template_has_no_inline_script_or_style(path):
    assert inline_parts(re.sub(r"{%.*?%}", "", path.read_text())) == []  # a tag's words are no attributes


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/api/docs",
        "/accounts/email/",
        "/accounts/2fa/",
        "/accounts/password/change/",
        "/accounts/logout/",
        "/account/",
    ],
)
def test_page_from_others_templates_has_no_inline_script_or_style(client, path):
    if path not in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        client.force_login(make_user())
    page = client.get(path)
    assert page.status_code == 200
    assert inline_parts(page.content.decode()) == []


# Cross-site requests --------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(("language", "heading"), [("en", "Not done"), ("zh-Hans", None)])
def test_form_without_its_token_is_refused_with_a_page_that_helps(language, heading):
    client = Client(enforce_csrf_checks=True, HTTP_ACCEPT_LANGUAGE=language)
    answer = client.post("/accounts/login/", {"login": "a@example.org", "password": "x"})
    text = answer.content.decode()
    assert answer.status_code == 403
    assert f'<html lang="{language}">' in text
    if heading:
        assert f"<h1>{heading}</h1>" in text
    else:
        assert re.search(r"<h1>[\u4e00-\u9fff]+</h1>", text)
    assert 'id="content"' in text


@pytest.mark.django_db
def test_session_writes_through_the_api_only_with_its_csrf_token():
    client = Client(enforce_csrf_checks=True)
    user, organisation = make_user(), make_organisation()
    make_member(user, organisation)
    client.force_login(user)
    body = {"owner": organisation.public_id, "name_en": "Balance"}
    refused = client.post("/api/v1/instruments", body, content_type="application/json")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert refused.json()["title"] == "The CSRF token is missing or wrong. Programs send a bearer token instead."
    assert organisation.instruments.count() == 0
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/account/").content.decode())[1]
    done = client.post("/api/v1/instruments", body, content_type="application/json", HTTP_X_CSRFTOKEN=token)
    assert done.status_code == 201
    assert organisation.instruments.count() == 1


@pytest.mark.django_db
def test_session_reads_through_the_api_without_a_csrf_token():
    client = Client(enforce_csrf_checks=True)
    user = make_user()
    client.force_login(user)
    assert client.get("/api/v1/me").json()["email"] == user.email


# The request's id -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("given", ["trace-42", "A.b_c-1", "x" * 40])
def test_request_id_of_a_proxy_is_kept(client, given):
    assert client.get("/api/docs", HTTP_X_REQUEST_ID=given)["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 41, "two words", "a\nb", 'q"uote', "<script>", "编号"])
def test_request_id_of_another_form_is_replaced(client, given):
    found = client.get("/api/docs", HTTP_X_REQUEST_ID=given)["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{16}", found)


def test_request_ids_differ(client):
    assert len({client.get("/api/docs")["X-Request-ID"] for _ in range(20)}) == 20


def test_log_lines_of_a_request_carry_its_id(client, caplog):
    from headwater.site.logs import RequestIdFilter

    caplog.handler.addFilter(RequestIdFilter())
    with caplog.at_level("INFO", logger="headwater.access"):
        client.get("/healthz", HTTP_X_REQUEST_ID="quiet-1")
        client.get("/api/docs", HTTP_X_REQUEST_ID="trace-7")
    # A live server's thread that another test left may log too; it is not asked here.
    ours = [one for one in caplog.records if one.request_id in ("quiet-1", "trace-7")]
    assert [(one.getMessage(), one.request_id, one.path, one.status) for one in ours] == [
        ("GET /api/docs 200", "trace-7", "/api/docs", 200)
    ]


# Signed-in pages ------------------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/account/", "/instruments/new/", "/accounts/email/", "/accounts/2fa/"])
def test_page_of_one_s_own_asks_to_sign_in_and_comes_back(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path}")


@pytest.mark.django_db
def test_page_with_a_token_on_it_is_never_cached(client):
    client.force_login(make_user())
    assert "no-store" in client.get("/account/")["Cache-Control"]


@pytest.mark.django_db
def test_text_of_a_record_is_shown_as_text(client):
    made = make_instrument(name_en="<script>alert(1)</script>", description_en='"><img src=x onerror=alert(1)>')
    text = client.get(f"/instruments/{made.public_id}/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert inline_parts(text) == []
    assert "<img" not in text


@pytest.mark.django_db
def test_web_page_of_a_record_is_linked_only_as_http(client):
    made = make_instrument(landing_page="javascript:alert(1)")
    assert inline_parts(client.get(f"/instruments/{made.public_id}/").content.decode()) == []
