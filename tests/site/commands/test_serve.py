"""`headwater serve` refuses what must not serve real users."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from tests.factories import make_user

from headwater.site import environment
from headwater.site.commands import serve

SAFE = {
    "HEADWATER_MODE": "production",
    "HEADWATER_SECRET_KEY": "k" * 60,
    "HEADWATER_HOSTS": "lab.example.org",
    "HEADWATER_BASE_URL": "https://lab.example.org",
    "DATABASE_URL": "postgresql:///x",
    "HEADWATER_EMAIL_URL": "smtp://mail.example.org:587",
}


@pytest.mark.parametrize("missing", [name for name in SAFE if name != "HEADWATER_MODE"])
def test_serve_names_the_unsafe_setting(monkeypatch, missing):
    values = {**environment.DEFAULTS, **SAFE, missing: environment.DEFAULTS[missing]}
    monkeypatch.setattr(environment, "read", lambda: environment.Environment(values))
    done = CliRunner().invoke(serve.command, [])
    assert done.exit_code == 1
    assert f"- {missing}" in done.output
    assert done.output.count("\n  - ") == 1


@pytest.mark.django_db
def test_serve_refuses_a_database_with_the_demos_sign_ins():
    assert not serve.demo_sign_ins()
    make_user("researcher@demo.headwater.example", is_demo=True)
    assert serve.demo_sign_ins()
