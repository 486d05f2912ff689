"""Alive, ready, and the figures for Prometheus."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from headwater import __version__


def test_healthz_answers_without_a_database(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive", "version": __version__})


@pytest.mark.django_db
def test_readyz_wants_every_migration(client):
    assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (200, {"status": "ready"})
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE id = (SELECT max(id) FROM django_migrations)")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert answer.json()["cause"].endswith("migrations are waiting")


@pytest.mark.django_db
def test_statements_are_planned_as_they_are_written():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('join_collapse_limit'), current_setting('jit')")
        assert cursor.fetchone() == ("5", "off")


@pytest.fixture
def token(settings: Any) -> str:
    """The metrics' token, set."""
    settings.ENVIRONMENT = replace(
        settings.ENVIRONMENT, values={**settings.ENVIRONMENT.values, "HEADWATER_METRICS_TOKEN": "m-secret"}
    )
    return "m-secret"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"REMOTE_ADDR": "::1"}, 200),
        ({"REMOTE_ADDR": "10.0.0.9"}, 403),
        ({"HTTP_X_FORWARDED_FOR": "10.0.0.9"}, 403),
    ],
)
def test_metrics_without_a_token_are_for_this_machine_alone(client, headers, status):
    answer = client.get("/metrics", **headers)
    assert answer.status_code == status
    assert (b"django_http_requests" in answer.content) is (status == 200)


@pytest.mark.parametrize(
    ("header", "status"),
    [("", 403), ("Bearer wrong", 403), ("m-secret", 403), ("Bearer m-sécret", 403), ("Bearer m-secret", 200)],
)
def test_metrics_with_a_token_are_for_whoever_holds_it(client, token, header, status):
    answer = client.get("/metrics", REMOTE_ADDR="10.0.0.9", HTTP_AUTHORIZATION=header)
    assert answer.status_code == status
    assert (b"django_http_requests" in answer.content) is (status == 200)
