"""The pages of finding: results, map, table, comparison, reach, kept searches."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import make_instrument, make_user

from headwater.catalogue.models import SavedSearch, Timetable

pytestmark = pytest.mark.django_db


def text(page: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.content.decode())))


@pytest.fixture
def two(places: dict[str, Any]) -> dict[str, Any]:
    here = {"owner": places["lab_nanjing"], "techniques": (places["xrd"],)}
    one = make_instrument(public_id="ins_one", name_en="MiniFlex", name_zh="=衍射仪", model="600", **here)
    two = make_instrument(public_id="ins_two", name_en="SmartLab", name_zh="衍射站", **here)
    hidden = make_instrument(public_id="ins_hid", name_en="Secret diffractometer", visibility="organisation", **here)
    return places | {"one": one, "two": two, "hidden": hidden}


def test_results_show_journeys_facets_and_orders(client, two):
    page = client.get("/instruments/?q=XRD&from=hefei&minutes=180&door=0&back=1&stay=4&sort=reach")
    shown = text(page)
    assert page.status_code == 200
    for part in (
        "2 instruments",
        "1 h 00 08:00 → 09:00 D1",
        "direct",
        "next best leaves 12:00",
        "last way home leaves 20:00",
    ):
        assert part in shown, part
    assert "back 18:30 → 19:30" in shown or "back 20:00 → 21:00" in shown
    assert "Journeys by the timetable “Three cities”, as of 2025, from: a test." in shown
    assert "No such trains run" in shown
    assert "Without a station in it: Zhoushan." in shown
    assert "soonest free time" in shown
    assert "Secret" not in shown


def test_order_by_reach_is_offered_where_somebody_starts_somewhere(client, two):
    assert ">reach<" not in client.get("/instruments/?q=XRD").content.decode()
    assert ">reach<" in client.get("/instruments/?q=XRD&from=hefei").content.decode()


def test_hidden_instrument_shows_in_no_hit_count_map_table_or_guess(client, two):
    for address in (
        "/instruments/?q=diffractometer",
        "/instruments/?q=Secret",
        "/instruments/?view=map",
        "/instruments/found.csv",
    ):
        page = client.get(address)
        body = b"".join(page.streaming_content).decode() if page.streaming else page.content.decode()
        assert "Secret diffractometer" not in body
        assert "ins_hid" not in body
    assert "3 instruments" not in text(client.get("/instruments/"))
    assert "2 instruments" in text(client.get("/instruments/"))


def test_map_follows_the_filters_and_narrows(client, two):
    page = client.get("/instruments/?q=XRD&view=map").content.decode()
    links = re.findall(r'<a href="([^"]+)"><title>Nanjing: 2</title>', page)
    assert [unescape(one) for one in links] == ["/instruments/?q=XRD&city=nanjing&view=map"]
    assert "<svg" not in client.get("/instruments/?q=XRD&city=hefei&view=map").content.decode()


@pytest.mark.parametrize("htmx", [False, True])
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("q=" + "x" * 10_000, "The query has 10000 characters; the most is 300."),
        ("q=XRD&from=zhoushan", "The timetable has no station in Zhoushan"),
        ("q=XRD&from=atlantis", "No city is known as “atlantis”."),
        ("q=XRD&from=hefei&leave=noon", "“noon” is not a time of day. Write it as 07:30."),
        ("q=XRD&city=atlantis", "“atlantis” is not a value of the filter city."),
    ],
)
def test_bad_input_is_one_clear_answer(client, two, htmx, address, said):
    page = client.get(f"/instruments/?{address}", headers={"HX-Request": "true"} if htmx else {})
    assert text(page).count(said) == 1
    assert page.status_code in ((200,) if htmx else (200, 422))
    assert 'role="alert"' in page.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "' OR 1=1 --",
        "'; DROP TABLE catalogue_entry; --",
        "a:*",
        "!!",
        "(((",
        "\\",
        "%",
        "%s",
        "\x00\x01",
        "\u202e",
        "😀",
        "the of and",
    ],
)
def test_odd_queries_answer_as_any_other(client, two, query):
    page = client.get("/instruments/", {"q": query})
    assert page.status_code == 200
    assert client.get("/api/v1/search", {"q": query}).status_code == 200


def test_query_of_ten_thousand_chinese_characters_is_refused(client, two):
    page = client.get("/instruments/", {"q": "显" * 10_000})
    assert page.status_code == 422
    assert "The query has 10000 characters" in text(page)


def test_table_has_a_row_a_hit_guards_formulas_and_names_the_journey(client, two):
    page = client.get("/instruments/found.csv?q=XRD&from=hefei&door=0")
    rows = list(csv.DictReader(io.StringIO(b"".join(page.streaming_content).decode("utf-8-sig"))))
    assert page["Content-Type"] == "text/csv; charset=utf-8"
    assert [row["id"] for row in rows] == ["ins_one", "ins_two"]
    assert rows[0]["name_zh"] == "'=衍射仪"
    assert (rows[0]["minutes"], rows[0]["leave"], rows[0]["trains"]) == ("60", "08:00", "D1")


def test_list_with_journeys_costs_the_same_with_one_and_with_twenty(client, places):
    make_instrument(owner=places["lab_hefei"], techniques=(places["xrd"],))
    address = "/instruments/?q=XRD&from=hefei"
    client.get(address)
    counted = []
    for more in (0, 19):
        for _ in range(more):
            make_instrument(owner=places["lab_nanjing"], techniques=(places["xrd"],))
        caches["local"].clear()
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        counted.append(len(asked))
    assert counted == [10, 10]


# Side by side ---------------------------------------------------------------------------------------------------
def test_instruments_stand_side_by_side_with_their_journeys(client, two):
    shown = text(client.get("/instruments/compare/?pick=ins_two&pick=ins_one&from=hefei&door=0&minutes=15"))
    assert shown.index("SmartLab") < shown.index("MiniFlex")
    assert shown.count("08:00 → 09:00") == 2


def test_only_what_one_sees_is_compared(client, two):
    page = client.get("/instruments/compare/?pick=ins_one&pick=ins_hid")
    assert page.status_code == 404
    assert "Secret" not in page.content.decode()
    six = "&".join(f"pick=ins_{n}" for n in range(6))
    assert client.get(f"/instruments/compare/?{six}").status_code == 422


# Reach ----------------------------------------------------------------------------------------------------------
def test_reach_page_shows_map_table_and_minutes(client, two):
    page = client.get("/reach/?from=hefei&minutes=150&door=0")
    shown = text(page)
    assert "3 cities are within 150 minutes of Hefei, itself included." in shown
    html = page.content.decode()
    states = dict(re.findall(r"<title>(\w+)[^<]*</title><circle class=\"dot (\w+)\"", html))
    assert states == {"Hefei": "origin", "Nanjing": "middle", "Shanghai": "far", "Zhoushan": "out"}
    assert 'type="range"' in html
    assert 'href="/instruments/?from=hefei&amp;minutes=150&amp;door=0"' in html


def test_reach_page_turns_round(client, two):
    shown = text(client.get("/reach/?from=hefei&minutes=150&door=0&towards=1"))
    assert "Hefei is within 150 minutes of 3 cities, itself included." in shown
    assert "17:00 → 19:30" in shown


def test_instrument_s_page_leads_to_who_reaches_it(client, two):
    assert 'href="/instruments/ins_one/reach/"' in client.get("/instruments/ins_one/").content.decode()
    shown = text(client.get("/instruments/ins_one/reach/?minutes=60&door=0"))
    assert "Nanjing is within 60 minutes of 2 cities" in shown
    over_midnight = text(client.get("/instruments/ins_one/reach/?minutes=80&door=0"))
    assert "Nanjing is within 80 minutes of 3 cities" in over_midnight
    assert "23:30 → 24:50" in over_midnight
    assert client.get("/instruments/ins_hid/reach/").status_code == 404


@pytest.mark.parametrize("path", ["/reach/?from=hefei", "/instruments/ins_one/reach/", "/instruments/?from=hefei"])
def test_without_a_timetable_it_says_so(client, two, path):
    Timetable.objects.all().delete()
    assert "No timetable is loaded yet" in text(client.get(path))


# Kept searches --------------------------------------------------------------------------------------------------
def test_search_is_kept_once_and_deleted(client, two):
    user = make_user()
    client.force_login(user)
    for _ in range(2):
        page = client.post("/searches/", {"address": "q=XRD&view=map&at=1_2_3"}, follow=True)
        assert page.status_code == 200
    kept = SavedSearch.objects.get(user=user)
    assert (kept.address, kept.name, kept.fits.count()) == ("q=XRD", "XRD", 2)
    assert 'href="/instruments/?q=XRD"' in client.get("/searches/").content.decode()
    client.post(f"/searches/{kept.public_id}/delete/")
    assert not SavedSearch.objects.exists()


def test_kept_search_is_one_s_own(client, two):
    owner = make_user()
    client.force_login(owner)
    client.post("/searches/", {"address": "q=XRD"})
    kept = SavedSearch.objects.get()
    client.force_login(make_user())
    assert "XRD" not in text(client.get("/searches/"))
    assert client.post(f"/searches/{kept.public_id}/delete/").status_code == 404
    assert SavedSearch.objects.exists()


def test_search_for_nothing_in_particular_is_not_kept(client, two):
    client.force_login(make_user())
    page = client.post("/searches/", {"address": ""})
    assert page.status_code == 422
    assert "This search asks for nothing in particular." in text(page)
    assert not SavedSearch.objects.exists()


def test_stranger_is_led_to_sign_in(client, two):
    assert client.get("/searches/").status_code == 302
    assert client.post("/searches/", {"address": "q=XRD"}).status_code == 302
