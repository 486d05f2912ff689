"""The catalogue's steps of the main job: find by words, by a slip, within reach; keep a search."""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Protocol
from urllib.parse import quote


class Visit(Protocol):
    """The browser without a screen that the steps use."""

    seen: dict[str, str]

    def get(self, path: str, *, status: int = ..., language: str = ..., token: str = ...) -> Any: ...
    def submit(self, path: str, values: dict[str, object], *, status: int = ..., form: str = ...) -> Any: ...
    def sign_in(self, key: str) -> Any: ...


def _need(condition: object, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def _search(visit: Visit, query: str, more: str = "") -> Any:
    return visit.get(f"/api/v1/search?limit=5&q={quote(query)}{more}").json()


def find_by_words(visit: Visit) -> str:
    """A query in two scripts and its page, with counts and a map."""
    found = _search(visit, "cryoEM 上海")
    _need(found["total"], "'cryoEM 上海' finds nothing.")
    _need(all(one["city"] == "shanghai" for one in found["items"]), "A hit is not in Shanghai.")
    same = _search(visit, "冷冻电镜 Shanghai")
    _need(same["total"] == found["total"], "The same question in other words has another answer.")
    page = visit.get(f"/instruments/?q={quote('cryoEM 上海')}&view=map").text
    _need("<svg" in page, "The map of the hits is missing.")
    _need(all(one["id"] in page for one in found["items"]), "The page does not show what the API answers.")
    return f"'cryoEM 上海': {found['total']} instruments, first {found['items'][0]['name']}"


def find_by_slips(visit: Visit) -> str:
    """Queries with slips of the finger find what was meant."""
    told = []
    for typed in ("扫面电镜", "Xray difraction"):
        found = _search(visit, typed)
        _need(found["total"] and found["instead"], f"{typed!r} finds nothing.")
        exact = _search(visit, found["instead"])
        _need(exact["total"] == found["total"], f"{typed!r} is not answered as {found['instead']!r}.")
        told.append(f"{typed} → {found['instead']}: {found['total']:,}")
    refused = visit.get(f"/api/v1/search?q={'x' * 400}", status=422).json()
    _need(refused["reasons"][0]["code"] == "query.too_long", "A long query is refused for another reason.")
    return "; ".join(told)


def find_within_reach(visit: Visit) -> str:
    """Within three hours from Hefei, leaving after seven, back the same day with four hours on site."""
    trip = "&from=hefei&minutes=180&leave=07:00&back=1&stay=4&sort=reach"
    everything = _search(visit, "XRD")
    found = _search(visit, "XRD", trip)
    _need(0 < found["total"] < everything["total"], "Reach does not narrow the hits.")
    away = next((one for one in _far(visit, trip) if one["journey"]["legs"]), None)
    _need(away, "No hit is reached by train.")
    assert away is not None
    way = away["journey"]
    _need(way["minutes"] <= 180 and way["depart"] >= "07:00" and way["back"], "A journey is not what was asked for.")
    reach = visit.get("/api/v1/reach/hefei?minutes=180").json()
    page = visit.get("/reach/?from=hefei&minutes=180", language="zh-hans").text
    _need('type="range"' in page and "<svg" in page, "The page of reach lacks its slider or map.")
    other = visit.get(f"/api/v1/instruments/{away['id']}/reach?minutes=180").json()
    _need("hefei" in [one["city"] for one in other["cities"]], "Who reaches the instrument lacks Hefei.")
    return (
        f"{found['total']} of {everything['total']} XRD within 3 h of Hefei and back, e.g. {away['city']} in"
        f" {way['minutes']} min by {way['legs'][0]['train']}; {len(reach['cities'])} cities in reach"
    )


def _far(visit: Visit, trip: str) -> list[Any]:
    """Hits in other cities than the one she starts from, if need be on a later page."""
    cities = [one["city"] for one in visit.get("/api/v1/reach/hefei?minutes=180").json()["cities"]]
    more = "".join(f"&city={city}" for city in cities if city != "hefei")
    found: list[Any] = _search(visit, "XRD", trip + more)["items"]
    return found


def take_and_compare(visit: Visit) -> str:
    """The hits as a table, and two of them side by side."""
    table = visit.get("/instruments/found.csv?q=XRD&from=hefei").text
    rows = list(csv.DictReader(io.StringIO(table.lstrip("\ufeff"))))
    _need(len(rows) > 1 and rows[0]["minutes"] != "", "The table of hits is empty or names no minutes.")
    pick = "&".join(f"pick={row['id']}" for row in rows[:2])
    page = visit.get(f"/instruments/compare/?{pick}&from=hefei").text
    _need(all(row["id"] in page for row in rows[:2]), "An instrument is missing in the comparison.")
    return f"{len(rows)} rows of CSV; two instruments side by side"


def keep_a_search(visit: Visit) -> str:
    """A signed-in reader keeps a search and deletes it."""
    visit.sign_in("analyst")
    page = visit.submit(
        "/searches/", {"address": "q=XRD&city=hefei", "name": "check"}, form="/instruments/?q=XRD&city=hefei"
    )
    kept = re.findall(r'action="(/searches/sea_\w+/delete/)"', page.text)
    _need(kept and "check" in page.text, "The search was not kept.")
    visit.submit(kept[0], {}, form="/searches/")
    return "kept and deleted"


STEPS = (
    ("Find by words in two scripts", find_by_words),
    ("Find in spite of slips", find_by_slips),
    ("Find within reach of Hefei", find_within_reach),
    ("Take the hits away and compare two", take_and_compare),
    ("Keep a search", keep_a_search),
)
