"""What may be set, and what production refuses to start with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from headwater.site import environment

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "HEADWATER_MODE": "production",
    "HEADWATER_SECRET_KEY": "k" * 25 + "0123456789" * 3,
    "HEADWATER_HOSTS": "lab.example.org",
    "HEADWATER_BASE_URL": "https://lab.example.org",
    "DATABASE_URL": "postgresql://headwater@db.example.org/headwater",
    "HEADWATER_EMAIL_URL": "smtp://user:password@mail.example.org:587",
}
OIDC = {
    "HEADWATER_OIDC_ISSUER": "https://id.example.org",
    "HEADWATER_OIDC_CLIENT_ID": "headwater",
    "HEADWATER_OIDC_CLIENT_SECRET": "secret",
}


def problems(**given: str) -> list[str]:
    """The first word of each problem: the setting's name."""
    return [one.split()[0] for one in environment.read(given).problems()]


def test_defaults_are_a_sound_demo():
    assert problems() == []


def test_safe_production_settings_are_taken():
    assert problems(**SAFE) == []
    assert problems(**SAFE, **OIDC) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HEADWATER_SECRET_KEY", ""),
        ("HEADWATER_SECRET_KEY", "k" * 49),
        ("HEADWATER_HOSTS", "localhost,127.0.0.1,[::1]"),
        ("HEADWATER_HOSTS", "*"),
        ("HEADWATER_HOSTS", "lab.example.org, *"),
        ("HEADWATER_HOSTS", ".example.org"),
        ("HEADWATER_HOSTS", " , "),
        ("HEADWATER_BASE_URL", ""),
        ("HEADWATER_BASE_URL", "http://lab.example.org"),
        ("DATABASE_URL", ""),
        ("HEADWATER_EMAIL_URL", ""),
        ("HEADWATER_MODE", "prod"),
        ("HEADWATER_MODE", ""),
        ("HEADWATER_TRUSTED_PROXY", "true"),
        ("HEADWATER_LOG_FORMAT", "xml"),
        ("HEADWATER_LOG_LEVEL", "info"),
        ("HEADWATER_WEB_PROCESSES", "0"),
        ("HEADWATER_WEB_PROCESSES", "two"),
        ("HEADWATER_WEB_PROCESSES", "-1"),
        ("HEADWATER_NODE", "x"),
        ("HEADWATER_NODE", "toolongname"),
        ("HEADWATER_NODE", "YRD"),
        ("HEADWATER_NODE", "y-d"),
        ("HEADWATER_OIDC_ISSUER", "http://id.example.org"),
    ],
)
def test_production_refuses_one_unsafe_setting_by_its_name(name, value):
    given = {**SAFE, **(OIDC if "OIDC" in name else {}), name: value}
    assert problems(**given) == [name]


@pytest.mark.parametrize("missing", OIDC)
def test_openid_connect_is_set_whole_or_not_at_all(missing):
    given = {name: value for name, value in OIDC.items() if name != missing}
    assert [
        one for one in environment.read(SAFE | given).problems() if not one.startswith("HEADWATER_OIDC_ISSUER must")
    ] == ["OpenID Connect needs HEADWATER_OIDC_ISSUER, _CLIENT_ID and _CLIENT_SECRET together."]


@pytest.mark.parametrize(
    "name", ["HEADWATER_SECRET_KEY", "HEADWATER_HOSTS", "HEADWATER_BASE_URL", "DATABASE_URL", "HEADWATER_EMAIL_URL"]
)
def test_demo_asks_for_none_of_them(name):
    assert problems(**{name: ""}) == []


def test_all_problems_are_told_at_once():
    assert problems(HEADWATER_MODE="production") == [
        "HEADWATER_SECRET_KEY",
        "HEADWATER_HOSTS",
        "HEADWATER_BASE_URL",
        "DATABASE_URL",
        "HEADWATER_EMAIL_URL",
    ]


def test_settings_do_not_show_their_secrets():
    assert "0123456789" not in repr(environment.read(SAFE))


def run(*arguments: str, given: dict[str, str], home: Path) -> subprocess.CompletedProcess[str]:
    """A process of its own with these settings alone."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HEADWATER_") and name != "DATABASE_URL"
    }
    env = {
        **kept,
        "PYTHONPATH": str(ROOT / "src"),
        "HEADWATER_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "headwater.site.settings",
    }
    return subprocess.run(
        [sys.executable, *arguments], env=env | given, capture_output=True, text=True, timeout=120, check=False
    )


SERVE = ("-c", "from headwater.site.cli import main; main()", "serve")


@pytest.mark.parametrize("arguments", [SERVE, ("-m", "django", "check")], ids=["serve", "check"])
def test_process_refuses_to_start_and_says_which(arguments, tmp_path):
    done = run(*arguments, given={**SAFE, "HEADWATER_HOSTS": "*", "HEADWATER_EMAIL_URL": ""}, home=tmp_path / "home")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "Headwater does not start with these settings:" in said
    assert "HEADWATER_HOSTS must name each host" in said
    assert "HEADWATER_EMAIL_URL is empty" in said
    assert "HEADWATER_SECRET_KEY" not in said
    assert not (tmp_path / "home").exists()


LOOK = """
import io, json, django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
call_command("check", deploy=True, fail_level="WARNING", stdout=io.StringIO())
client = Client(SERVER_NAME="lab.example.org")
plain = client.get("/accounts/login/")
page = client.get("/accounts/login/", secure=True)
chosen = client.get("/?lang=en", secure=True)
client.cookies.clear()
cookies = {**page.cookies, **chosen.cookies}
other = Client(SERVER_NAME="evil.example").get("/accounts/login/", secure=True)
print(json.dumps({
    "plain": [plain.status_code, plain.headers.get("Location")],
    "healthz": client.get("/healthz").status_code,
    "status": page.status_code,
    "other host": other.status_code,
    "hsts": page.headers.get("Strict-Transport-Security"),
    "cookies": {name: [bool(one["secure"]), bool(one["httponly"]), one["samesite"]] for name, one in cookies.items()},
    "session": [settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE],
    "verification": settings.ACCOUNT_EMAIL_VERIFICATION,
    "debug": settings.DEBUG,
    "notice": "A demonstration" in page.content.decode(),
    "form-action": [one for one in page["Content-Security-Policy"].split("; ") if one.startswith("form-action")],
}))
"""


@pytest.mark.django_db
def test_production_s_cookies_and_headers_are_safe(tmp_path, settings):
    database: dict[str, Any] = settings.DATABASES["default"]
    asked = {"host": database["HOST"], "user": database["USER"], "password": database["PASSWORD"]}
    asked["port"] = database["PORT"] or "5432"
    given = {
        **SAFE,
        **OIDC,
        "DATABASE_URL": f"postgresql:///{database['NAME']}?{urlencode(asked)}",
        "HEADWATER_LOG_LEVEL": "ERROR",
    }
    (tmp_path / "static").mkdir()
    done = run("-W", "ignore", "-c", LOOK, given=given, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "plain": [301, "https://lab.example.org/accounts/login/"],
        "healthz": 200,
        "status": 200,
        "other host": 400,
        "hsts": "max-age=31536000",
        "cookies": {"csrftoken": [True, True, "Lax"], "django_language": [True, False, "Lax"]},
        "session": [True, True, "Lax"],
        "verification": "mandatory",
        "debug": False,
        "notice": False,
        "form-action": ["form-action 'self' https://id.example.org"],
    }
