"""The API of finding: what a page shows, for programs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.factories import make_instrument, make_token, make_user

from headwater.catalogue.models import SavedSearch

pytestmark = pytest.mark.django_db


@pytest.fixture
def few(places: dict[str, Any]) -> dict[str, Any]:
    for number, city in enumerate(("hefei", "nanjing", "shanghai", "nanjing")):
        make_instrument(
            public_id=f"ins_x{number}",
            name_en=f"Diffractometer {number}",
            name_zh=f"衍射仪{number}",
            owner=places[f"lab_{city}"],
            techniques=(places["xrd"],),
        )
    make_instrument(
        public_id="ins_hid", owner=places["lab_hefei"], techniques=(places["xrd"],), visibility="organisation"
    )
    return places


def get(client: Any, path: str, status: int = 200, **headers: str) -> Any:
    answer = client.get(f"/api/v1{path}", headers=headers)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_search_answers_hits_facets_and_journeys(client, few):
    found = get(client, "/search?q=XRD&from=hefei&door=0&minutes=90&sort=reach")
    assert [one["id"] for one in found["items"]] == ["ins_x0", "ins_x1", "ins_x3"]
    assert found["total"] == 3
    assert found["items"][1]["journey"] == {
        "minutes": 60,
        "depart": "08:00",
        "arrive": "09:00",
        "changes": 0,
        "legs": [
            {"train": "D1", "from": "Hefei South", "to": "Nanjing South", "depart": "08:00", "arrive": "09:00"},
        ],
        "next": "12:00",
        "back": None,
        "last_back": None,
    }
    city = next(one for one in found["facets"] if one["name"] == "city")
    assert {one["code"]: one["count"] for one in city["values"]} == {"nanjing": 2, "hefei": 1}
    assert found["timetable"]["synthetic"] is True
    assert found["cities_without_station"] == ["Zhoushan"]
    assert found["query"] == "q=XRD&from=hefei&minutes=90&door=0&sort=reach"
    assert {one["code"] for one in found["items"][0]["offered"]} == {"soonest"}


def test_search_is_walked_by_cursor(client, few):
    seen: list[str] = []
    cursor = ""
    while True:
        page = get(client, f"/search?q=XRD&limit=3&cursor={cursor}")
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert sorted(seen) == ["ins_x0", "ins_x1", "ins_x2", "ins_x3"]


def test_what_can_t_be_meant_is_told_beside_the_hits(client, few):
    found = get(client, "/search?q=XRD&city=atlantis&leave=7&from=hefei")
    assert [one["code"] for one in found["ignored"]] == ["find.filter_unknown", "reach.time_wrong"]
    chinese = get(client, "/search?q=XRD&city=atlantis", **{"Accept-Language": "zh-hans"})
    assert chinese["ignored"][0]["sentence"] == "“atlantis”不是筛选项city的取值。"


def test_refusals_are_problem_documents(client, few):
    for path, code, status in (
        ("/search?q=" + "x" * 301, "query.too_long", 422),
        ("/search?from=zhoushan", "reach.no_station", 422),
        ("/reach/atlantis", "reach.origin_unknown", 422),
        ("/reach/zhoushan", "reach.no_station", 422),
        ("/reach/hefei?leave=25:99", "reach.time_wrong", 422),
        ("/reach/hefei?date=2026-02-30", "reach.date_wrong", 422),
        ("/instruments/ins_hid/reach", "instrument.not_found", 404),
        ("/compare?id=ins_x0&id=ins_hid", "compare.not_found", 404),
        ("/searches", "sign_in.needed", 401),
    ):
        assert [one["code"] for one in get(client, path, status)["reasons"]] == [code], path


def test_reach_names_cities_nearest_first(client, few):
    found = get(client, "/reach/Hefei?minutes=150&door=0&back=1&stay=4")
    assert [(one["city"], one["minutes"]) for one in found["cities"]] == [
        ("hefei", 0),
        ("nanjing", 60),
        ("shanghai", 150),
    ]
    assert found["cities"][2]["back"]["depart"] == "17:00"
    assert found["date"] is None
    turned = get(client, "/reach/合肥?minutes=150&door=0&towards=true")
    assert [(one["city"], one["depart"]) for one in turned["cities"][1:]] == [
        ("nanjing", "18:30"),
        ("shanghai", "17:00"),
    ]


def test_instrument_is_reached_from_cities(client, few):
    found = get(client, "/instruments/ins_x2/reach?minutes=100&door=0")
    assert [one["city"] for one in found["cities"]] == ["shanghai", "nanjing"]
    assert found["towards"] is True


def test_compare_gives_each_with_its_journey(client, few):
    found = get(client, "/compare?id=ins_x2&id=ins_x0&from=hefei&door=0")
    assert [(one["id"], one["journey"]["minutes"]) for one in found] == [("ins_x2", 150), ("ins_x0", 0)]


def test_timetable_in_force_is_told(client, few):
    assert get(client, "/timetable") == {
        "title": "Three cities",
        "vintage": "2025",
        "source": "a test",
        "synthetic": True,
    }


def test_searches_are_kept_by_program(client, few):
    user = make_user()
    _token, key = make_token(user, scopes=("read", "write"))
    _token, reading = make_token(user, scopes=("read",))
    headers, only_reading = ({"Authorization": f"Bearer {one}"} for one in (key, reading))
    body = {"address": "q=XRD&city=nanjing", "name": "Near"}
    made = client.post("/api/v1/searches", body, content_type="application/json", headers=headers)
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["found"]) == ("Near", 2)
    other = {"address": "q=SEM"}
    refused = client.post("/api/v1/searches", other, content_type="application/json", headers=only_reading)
    assert refused.status_code == 403
    assert [one["id"] for one in get(client, "/searches", **headers)] == [made.json()["id"]]
    gone = f"/api/v1/searches/{made.json()['id']}"
    assert client.delete(gone, headers=only_reading).status_code == 403
    assert client.delete(gone, headers=headers).status_code == 204
    assert client.delete(gone, headers=headers).status_code == 404
    assert not SavedSearch.objects.exists()
