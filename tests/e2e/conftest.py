"""A real browser, and a running site that holds a small region."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, Response, sync_playwright
from tests.e2e.windows import Site, Visit, Visitor

REGION = Path(__file__).resolve().parents[1] / "regions" / "twozones"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
)
WAIT_MS = 15_000


def find_browser() -> str:
    """Any Chrome or Chromium; empty where there is none."""
    for name in (os.environ.get("HEADWATER_BROWSER", ""), *NAMES, *PLACES):
        if name and (found := shutil.which(name)):
            return found
    return ""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    # Its loop runs in this thread, in which the tests ask the database too.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as running:
        yield running
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The browser; without one each test is skipped by name, and the run says so loudly."""
    path = find_browser()
    if not path:
        print("\n*** NO CHROME OR CHROMIUM: THE BROWSER TESTS ARE SKIPPED ***", file=sys.__stderr__)
        pytest.skip("no Chrome or Chromium here; install one or name it in HEADWATER_BROWSER")
    started: Playwright = request.getfixturevalue("playwright")
    sandbox = ("--no-sandbox",) if hasattr(os, "getuid") and os.getuid() == 0 else ()
    browser = started.chromium.launch(executable_path=path, args=[*QUIET, *sandbox])
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """One running site for all tests of a module; what they write stays until its end."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections
    from django.test import Client, override_settings
    from pytest_django.live_server_helper import LiveServer
    from tests import emptying, factories

    from headwater.registry import loading
    from headwater.registry.models import Facility, Instrument, Organisation

    cheap = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=cheap):
        loading.load(str(REGION))
        owner = Organisation.objects.get(code="bluegrass-university")
        manager = factories.make_user("manager@example.org", name="Mina Manager")
        factories.make_member(manager, owner)
        operator = factories.make_operator(email="operator@example.org", name="Olu Operator")
        instrument = Instrument.objects.filter(owner=owner).exclude(name_en="").order_by("pk").first()
        facility = Facility.objects.get(code="cumberland-light-source")
        sessions = {}
        for user in (manager, operator):
            client = Client()
            client.force_login(user)
            sessions[user.email] = client.cookies[settings.SESSION_COOKIE_NAME].value
        paths = {
            "instrument": f"/instruments/{instrument.public_id}/",
            "organisation": f"/organisations/{owner.public_id}/",
            "facility": f"/facilities/{facility.public_id}/",
        }
        server = LiveServer("127.0.0.1")
        yield Site(server.url, paths, manager.email, operator.email, factories.PASSWORD, sessions)
        server.stop()
        with emptying.allowed():
            # Keys go on as after any other test: what a process keeps by key may never mean another row.
            call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
        connections.close_all()


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Visitor]:
    """Opens fresh browser windows; at the end none may have complained or asked another host."""
    opened: list[tuple[BrowserContext, Visit]] = []

    def start(*, email: str = "", may_ask: tuple[str, ...] = (), **options: Any) -> Visit:
        given = {"locale": "en-GB", "viewport": {"width": 1200, "height": 900}} | options
        context = chromium.new_context(**given)
        context.set_default_timeout(WAIT_MS)
        if email:
            context.add_cookies([{"name": "sessionid", "value": site.sessions[email], "url": site.url}])
        page = context.new_page()
        made = Visit(page, site)
        own = urlsplit(site.url).netloc

        def asked(request: Any) -> None:
            parts = urlsplit(request.url)
            if urlsplit(page.url).netloc in may_ask:
                return  # another site's own page
            if parts.scheme not in ("data", "blob") and parts.netloc not in (own, *may_ask):
                made.complaints.append(f"asked another host: {request.url}")

        def answered(response: Response) -> None:
            ours = urlsplit(response.url).netloc == own
            if ours and response.status >= 400 and response.request.resource_type != "document":
                made.complaints.append(f"{response.status}: {response.url}")

        def said(message: Any) -> None:
            # The status of a page is the test's own matter, those of its parts are looked at above.
            ours = urlsplit(page.url).netloc == own
            if ours and message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
                made.complaints.append(f"{page.url}: {message.text}")

        if may_ask:
            context.route(lambda url: urlsplit(url).netloc not in (own, *may_ask), lambda route: route.abort())
        page.on("request", asked)
        page.on("response", answered)
        page.on("console", said)
        page.on("pageerror", lambda error: made.complaints.append(f"{page.url}: {error}"))
        opened.append((context, made))
        return made

    yield start
    for context, _made in opened:
        context.close()
    assert [complaint for _context, made in opened for complaint in made.complaints] == []
