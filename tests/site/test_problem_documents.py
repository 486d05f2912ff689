"""How the API refuses: RFC 9457 problem documents in the reader's language."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from tests.factories import make_member, make_organisation, make_token, make_user

pytestmark = pytest.mark.django_db
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize(
    ("path", "status", "codes"),
    [
        ("/api/v1/instruments/none", 404, ["instrument.not_found"]),
        ("/api/v1/organisations/none", 404, ["record.not_found"]),
        ("/api/v1/instruments?cursor=%C3%BC", 422, ["cursor.unknown"]),
        ("/api/v1/instruments?limit=0", 422, ["request.invalid"]),
        ("/api/v1/instruments?limit=many&access=by-magic", 422, ["request.invalid", "request.invalid"]),
        ("/api/v1/me", 401, ["sign_in.needed"]),
        ("/api/v1/nowhere", 404, None),
        ("/api/nowhere", 404, None),
    ],
)
def test_refusal_is_a_problem_document_in_both_languages(client, path, status, codes, language):
    answer = client.get(path, HTTP_ACCEPT_LANGUAGE=language, HTTP_X_REQUEST_ID="trace-1")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    body = answer.json()
    assert (body["type"], body["status"], body["instance"]) == ("about:blank", status, "urn:request:trace-1")
    assert ([one["code"] for one in body["reasons"]] if codes else body.get("reasons")) == codes
    for reason in body.get("reasons", []):
        assert sorted(reason) == ["code", "facts", "sentence", "source", "weight"]
    assert bool(CHINESE.search(body["title"])) is (language == "zh-Hans")
    assert ("WWW-Authenticate" in answer) is (status == 401)


def test_refused_request_names_each_wrong_field(client):
    answer = client.get("/api/v1/instruments?limit=many&access=by-magic")
    assert [reason["facts"]["field"] for reason in answer.json()["reasons"]] == ["limit", "access"]
    assert answer.json()["title"] == answer.json()["reasons"][0]["sentence"]


@pytest.fixture
def key() -> tuple[str, str]:
    """A writing token, and the organisation that it writes for."""
    user, organisation = make_user(), make_organisation()
    make_member(user, organisation)
    return make_token(user, scopes=("write",))[1], organisation.public_id


def test_refused_draft_carries_all_reasons_with_their_facts(client, key):
    token, owner = key
    body = {
        "owner": owner,
        "techniques": ["dowsing"],
        "city": "atlantis",
        "lat": 95.0,
        "lon": 2.0,
        "value": "-3",
        "currency": "CNY",
    }
    answer = client.post(
        "/api/v1/instruments", body, content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {token}"
    )
    assert answer.status_code == 422
    assert [(one["code"], one["facts"]["field"]) for one in answer.json()["reasons"]] == [
        ("instrument.name_missing", "name_en"),
        ("instrument.city_unknown", "city"),
        ("instrument.technique_unknown", "techniques"),
        ("instrument.value_negative", "value"),
        ("instrument.off_the_earth", "lat"),
    ]
    assert answer.json()["detail"] == " ".join(one["sentence"] for one in answer.json()["reasons"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"owner": "x", "colour": "red"}, "colour"),
        ({}, "owner"),
        ({"owner": 7}, "owner"),
        ({"owner": "x", "lat": "north"}, "lat"),
    ],
)
def test_refused_body_names_its_field(client, key, body, field):
    answer = client.post(
        "/api/v1/instruments", body, content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {key[0]}"
    )
    assert answer.status_code == 422
    assert [reason["facts"]["field"] for reason in answer.json()["reasons"]] == [field]


@pytest.mark.parametrize("sent", ["{", "[]", '"text"', "", "\x00"])
def test_body_that_is_no_object_is_refused_clearly(client, key, sent):
    answer = client.post(
        "/api/v1/instruments", sent, content_type="application/json", HTTP_AUTHORIZATION=f"Bearer {key[0]}"
    )
    assert answer.status_code in (400, 422)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


def test_method_that_is_not_offered_is_refused(client):
    answer = client.delete("/api/v1/instruments")
    assert answer.status_code == 405
    assert sorted(answer["Allow"].split(", ")) == ["GET", "POST"]


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_failure_on_our_side_leaks_nothing(client, language):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_zone RENAME TO secret_table")
    answer = client.get("/api/v1/zones", HTTP_ACCEPT_LANGUAGE=language, HTTP_X_REQUEST_ID="trace-1")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert sorted(answer.json()) == ["instance", "status", "title", "type"]
    assert answer.json()["instance"] == "urn:request:trace-1"
    assert bool(CHINESE.search(answer.json()["title"])) is (language == "zh-Hans")
    for leak in ("registry_zone", "Traceback", "SELECT", "psycopg"):
        assert leak not in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_page_that_fails_says_under_which_id(client, language):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_zone RENAME TO secret_table")
    client.raise_request_exception = False
    answer = client.get("/zones/", HTTP_ACCEPT_LANGUAGE=language, HTTP_X_REQUEST_ID="trace-1")
    text = answer.content.decode()
    assert answer.status_code == 500
    assert f'<html lang="{language}">' in text
    assert "<code>trace-1</code>" in text
    assert bool(CHINESE.search(text)) is (language == "zh-Hans")
    for leak in ("registry_zone", "Traceback", "SELECT", "psycopg"):
        assert leak not in text
