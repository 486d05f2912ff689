"""The registry's API: reading by cursor, writing by token, refusing with all reasons."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.factories import (
    make_city,
    make_facility,
    make_instrument,
    make_member,
    make_operator,
    make_organisation,
    make_region,
    make_source,
    make_technique,
    make_token,
    make_user,
)

from headwater.registry.models import Instrument

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    make_region()
    return make_organisation()


def call(method, path, token="", body=None, language="en"):
    headers = {"accept-language": language} | ({"authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body) if body is not None else None
    answer = (
        getattr(Client(), method)(f"/api/v1{path}", data=data, content_type="application/json", headers=headers)
        if body is not None
        else getattr(Client(), method)(f"/api/v1{path}", headers=headers)
    )
    return answer.status_code, answer.json()


def token_for(organisation=None, role="manager", scopes=("read", "write")):
    user = make_user()
    if organisation is not None:
        make_member(user, organisation, role)
    return make_token(user, scopes=scopes)[1]


def codes(problem):
    return [reason["code"] for reason in problem["reasons"]]


def test_cursor_walks_the_whole_list_once(owner):
    made = [make_instrument(owner=owner).public_id for _one in range(7)]
    seen, cursor = [], ""
    while True:
        status, page = call("get", f"/instruments?limit=3&cursor={cursor}")
        assert status == 200
        assert (page["total"], page["total_is_least"]) == (7, False)
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == made


@pytest.mark.parametrize("cursor", ["x", "YWZ0ZXI6eA", "!!!!", "YWZ0ZXI6LTE", "%00"])
def test_cursor_that_is_none_is_refused(owner, cursor):
    status, problem = call("get", f"/instruments?cursor={cursor}")
    assert (status, codes(problem)) == (422, ["cursor.unknown"])


@pytest.mark.parametrize("rows", [1, 20])
def test_list_reads_the_same_number_of_times_whatever_it_shows(owner, rows):
    technique = make_technique()
    for _one in range(rows):
        make_instrument(owner=make_organisation(), techniques=(technique,), source=make_source())
    with CaptureQueriesContext(connection) as queries:
        status, page = call("get", "/instruments")
    assert (status, len(page["items"])) == (200, rows)
    assert len(queries) == 3


def test_filters_narrow_and_groups_take_their_leaves_in(owner):
    group = make_technique()
    leaf, other = make_technique(parent=group), make_technique()
    wanted = make_instrument(owner=owner, techniques=(other, leaf), access="service")
    make_instrument(owner=owner, techniques=(other,))
    facility = make_facility()
    line = make_instrument(owner=facility.operator, facility=facility, access="proposal")
    for query, found in (
        (f"technique={group.code}", [wanted]),
        (f"technique={leaf.code}&access=service", [wanted]),
        (f"technique={leaf.code}&access=booking", []),
        (f"facility={facility.public_id}", [line]),
        (f"city={line.city.code}", [line]),
        (f"jurisdiction={line.city.jurisdiction.code}", [line]),
        (f"owner={facility.operator.public_id}", [line]),
        ("city=nowhere", []),
    ):
        assert [one["id"] for one in call("get", f"/instruments?{query}")[1]["items"]] == [
            one.public_id for one in found
        ], query


def test_synthetic_records_say_so_and_can_be_left_out(owner):
    real, made = make_instrument(owner=owner), make_instrument(owner=owner, source=make_source(kind="synthetic"))
    assert {one["id"]: one["synthetic"] for one in call("get", "/instruments")[1]["items"]} == {
        real.public_id: False,
        made.public_id: True,
    }
    assert [one["id"] for one in call("get", "/instruments?synthetic=no")[1]["items"]] == [real.public_id]
    assert [one["id"] for one in call("get", "/instruments?synthetic=yes")[1]["items"]] == [made.public_id]


def test_names_follow_the_language_asked_for(owner):
    one = make_instrument(owner=owner, name_zh="电镜", name_en="Microscope")
    only = make_instrument(owner=owner, name_zh="质谱", name_en="")
    assert call("get", f"/instruments/{one.public_id}", language="zh-hans")[1]["name"] == "电镜"
    assert call("get", f"/instruments/{one.public_id}", language="en")[1]["name"] == "Microscope"
    fallen_back = call("get", f"/instruments/{only.public_id}", language="en")[1]
    assert (fallen_back["name"], fallen_back["name_language"]) == ("质谱", "zh")


def test_hidden_instrument_leaks_nowhere(owner):
    hidden = make_instrument(owner=owner, visibility="organisation", name_en="Secret prototype", contact_name="Wang")
    stranger = token_for(make_organisation())
    for token in ("", stranger):
        assert call("get", "/instruments", token)[1]["items"] == []
        assert call("get", f"/instruments?owner={owner.public_id}", token)[1]["total"] == 0
        for path in (f"/instruments/{hidden.public_id}", f"/instruments/{hidden.public_id}/trail"):
            status, problem = call("get", path, token)
            assert (status, codes(problem)) == (404, ["instrument.not_found"])
    status, problem = call("patch", f"/instruments/{hidden.public_id}", stranger, {"version": 1, "model": "x"})
    assert (status, codes(problem)) == (404, ["instrument.not_found"])
    assert call("get", f"/instruments/{hidden.public_id}", token_for(owner, "member"))[1]["name"] == "Secret prototype"


def test_contact_is_for_signed_in_people(owner):
    one = make_instrument(owner=owner, contact_name="Li Wei", contact_email="li@lab.example", contact_phone="021-1")
    anonymous = call("get", f"/instruments/{one.public_id}")[1]
    assert [anonymous[name] for name in ("contact_name", "contact_email", "contact_phone")] == ["", "", ""]
    assert call("get", f"/instruments/{one.public_id}", token_for())[1]["contact_email"] == "li@lab.example"


def test_manager_adds_reads_and_changes(owner):
    token = token_for(owner)
    make_technique(code="sem", synonyms_zh=["扫描电镜"])
    body = {
        "owner": owner.public_id,
        "name_en": "SEM 5",
        "techniques": ["扫描电镜"],
        "value": "1250000.50",
        "currency": "CNY",
    }
    status, made = call("post", "/instruments", token, body)
    assert (status, made["techniques"], made["value"], made["version"]) == (201, ["sem"], "1250000.50", 1)
    assert made["id"].startswith("ins_tst")
    status, changed = call("patch", f"/instruments/{made['id']}", token, {"version": 1, "value": "99"})
    assert (status, changed["value"], changed["currency"], changed["techniques"], changed["version"]) == (
        200,
        "99.00",
        "CNY",
        ["sem"],
        2,
    )
    status, problem = call("patch", f"/instruments/{made['id']}", token, {"version": 1, "value": "1"})
    assert (status, codes(problem)) == (409, ["instrument.changed_meanwhile"])
    status, trail = call("get", f"/instruments/{made['id']}/trail", token)
    assert [entry["act"] for entry in trail] == ["instrument.changed", "instrument.added"]
    assert trail[0]["changes"] == {"value_minor": [125000050, 9900]}


def test_refusal_carries_every_reason_with_its_sentence(owner):
    body = {"owner": owner.public_id, "lat": 200, "lon": 5, "techniques": ["alchemy"]}
    status, problem = call("post", "/instruments", token_for(owner), body)
    assert status == 422
    assert codes(problem) == ["instrument.name_missing", "instrument.technique_unknown", "instrument.off_the_earth"]
    assert (
        problem["reasons"][1]["sentence"] == "No technique is known as “alchemy”. Take one from the list of techniques."
    )
    assert Instrument.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"value": "many", "currency": "CNY"}, 422, "instrument.amount_unreadable"),
        ({"value": "NaN", "currency": "CNY"}, 422, "instrument.amount_unreadable"),
        ({"value": "1e30", "currency": "CNY"}, 422, "instrument.amount_unreadable"),
        ({"value": "5"}, 422, "instrument.currency_unknown"),
        ({"color": "red"}, 422, "request.invalid"),
        ({"access": "often"}, 422, "request.invalid"),
        ({"name_en": "a\x00b"}, 422, "instrument.control_characters"),
        ({"model": "x" * 300}, 422, "instrument.text_too_long"),
        ({"lat": "north", "lon": 1}, 422, "request.invalid"),
    ],
)
def test_unsound_body_is_refused_in_words(owner, body, status, code):
    answer, problem = call("post", "/instruments", token_for(owner), {"owner": owner.public_id, "name_en": "A", **body})
    assert (answer, codes(problem)) == (status, [code])


def test_writing_needs_a_token_that_may_write_and_a_manager_behind_it(owner):
    body = {"owner": owner.public_id, "name_en": "A"}
    for token, status, found in (
        ("", 401, ["sign_in.needed"]),
        (token_for(owner, scopes=("read",)), 403, ["token.scope_missing"]),
        (token_for(owner, "member"), 403, ["organisation.not_yours"]),
        (token_for(make_organisation()), 403, ["organisation.not_yours"]),
        ("hw_wrong", 401, ["token.unknown"]),
    ):
        answer, problem = call("post", "/instruments", token, body)
        assert (answer, codes(problem)) == (status, found)
    operator = make_token(make_operator(), scopes=("read", "write"))[1]
    assert call("post", "/instruments", operator, body)[0] == 201


def test_everything_else_reads(owner):
    facility = make_facility(operator=owner)
    city = make_city()
    assert call("get", f"/organisations?city={owner.city.code}&kind=university")[1]["items"][0]["id"] == owner.public_id
    assert call("get", f"/organisations/{owner.public_id}")[1]["city"] == owner.city.code
    assert call("get", f"/facilities/{facility.public_id}")[1]["operator"]["id"] == owner.public_id
    assert {one["code"] for one in call("get", "/cities")[1]} == {owner.city.code, city.code}
    for path in ("/facilities", "/jurisdictions", "/zones", "/techniques", "/figures"):
        assert call("get", path)[0] == 200
    status, problem = call("get", "/organisations/org_none")
    assert (status, codes(problem)) == (404, ["record.not_found"])


def test_me_says_what_a_token_may(owner):
    status, me = call("get", "/me", token_for(owner, scopes=("read",)))
    assert (status, me["may_write"], [one["id"] for one in me["manages"]]) == (200, False, [owner.public_id])
    assert call("get", "/me")[0] == 401


def test_openapi_description_names_every_answer():
    described = Client().get("/api/v1/openapi.json").json()
    assert described["info"]["title"] == "Headwater"
    assert set(described["paths"]["/api/v1/instruments"]) == {"get", "post"}
    assert set(described["paths"]["/api/v1/instruments/{public_id}"]["patch"]["responses"]) == {
        "200",
        "400",
        "401",
        "403",
        "404",
        "409",
        "422",
    }
