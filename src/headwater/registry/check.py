"""The registry's steps of the main job: read the record, share an instrument, be refused what is not one's own."""

from __future__ import annotations

import re
from typing import Any, Protocol

NUMBER = "headwater-check"


class Visit(Protocol):
    """The browser without a screen that the steps use."""

    seen: dict[str, str]

    def get(self, path: str, *, status: int = ..., language: str = ..., token: str = ...) -> Any: ...
    def send(self, method: str, path: str, body: object, *, status: int, token: str) -> Any: ...
    def submit(self, path: str, values: dict[str, object], *, status: int = ..., form: str = ...) -> Any: ...
    def sign_in(self, key: str) -> Any: ...


def _need(condition: object, otherwise: str) -> None:
    if not condition:
        raise ValueError(otherwise)


def read_home(visit: Visit) -> str:
    """The home page, in both languages."""
    english, chinese = visit.get("/").text, visit.get("/", language="zh-hans").text
    _need('<html lang="en">' in english and '<html lang="zh-Hans">' in chinese, "A language is not answered.")
    _need("<svg" in english, "The map is missing.")
    counts = re.findall(r'<b class="num"><a href="(/\w+/)">([\d,]+)</a></b>', english)
    _need(counts, "The home page counts nothing.")
    return ", ".join(f"{number} {path.strip('/')}" for path, number in counts)


def find_instrument(visit: Visit) -> str:
    """The list, narrowed to a technique, and one instrument in both languages."""
    everything = visit.get("/api/v1/instruments?limit=1").json()
    group = visit.get("/api/v1/techniques").json()
    leaf = next(one for one in group if one["parent"])
    narrowed = visit.get(f"/api/v1/instruments?limit=5&technique={leaf['parent']}").json()
    _need(0 < narrowed["total"] <= everything["total"], "A filter by technique does not narrow the list.")
    one = narrowed["items"][0]
    for language in ("en", "zh-hans"):
        page = visit.get(f"/instruments/{one['id']}/", language=language).text
        _need(one["id"] in page, "The instrument's page does not show its id.")
        _need(not one["synthetic"] or 'class="chip synthetic"' in page, "A synthetic record does not say so.")
    least = "at least " if everything["total_is_least"] else ""
    return f"{least}{everything['total']:,} instruments, {narrowed['total']:,} of them in {leaf['parent']}"


def read_facility(visit: Visit) -> str:
    """A facility with its beamlines."""
    for one in visit.get("/api/v1/facilities").json():
        lines = visit.get(f"/api/v1/instruments?facility={one['id']}&limit=200").json()["items"]
        if lines:
            page = visit.get(f"/facilities/{one['id']}/").text
            _need(all(line["id"] in page for line in lines), "The facility's page lacks a beamline.")
            return f"{one['name']}, {len(lines)} beamlines, access by {lines[0]['access']}"
    raise ValueError("No facility has a beamline.")


def walk_pages(visit: Visit) -> str:
    """Three pages of the API's list, by cursor, without a repetition."""
    seen: list[str] = []
    cursor = ""
    for _page in range(3):
        page = visit.get(f"/api/v1/instruments?limit=100&cursor={cursor}").json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"] or ""
        if not cursor:
            break
    _need(len(seen) == len(set(seen)), "A page repeats what another showed.")
    return f"{len(seen)} instruments, each once"


def share_instrument(visit: Visit) -> str:
    """A manager adds an instrument by program, changes it, and is told of a stale version."""
    visit.sign_in("manager")
    page = visit.submit("/account/", {"name": "check", "scopes": ["read", "write"], "days": 30})
    token = re.search(r'<pre id="key">([^<]+)</pre>', page.text)
    _need(token, "The new token is not shown.")
    assert token is not None
    visit.seen["token"] = token[1]
    visit.seen["revoke"] = re.findall(r'action="(/account/tokens/\d+/revoke/)"', page.text)[0]
    me = visit.get("/api/v1/me", token=token[1]).json()
    owner = me["manages"][0]["id"]
    name = {"name_en": "Headwater's check", "name_zh": "自检仪器"}
    body = {"owner": owner, **name, "local_id": NUMBER, "access": "booking", "visibility": "organisation"}
    known = visit.get(f"/api/v1/instruments?owner={owner}&limit=200&synthetic=no", token=token[1]).json()["items"]
    mine = [one for one in known if one["name_en"] == name["name_en"]]
    made = mine[0] if mine else visit.send("POST", "/api/v1/instruments", body, status=201, token=token[1]).json()
    change = {"version": made["version"], "description_en": f"Seen as version {made['version']}."}
    changed = visit.send("PATCH", f"/api/v1/instruments/{made['id']}", change, status=200, token=token[1]).json()
    stale = visit.send("PATCH", f"/api/v1/instruments/{made['id']}", change, status=409, token=token[1]).json()
    _need(
        stale["reasons"][0]["code"] == "instrument.changed_meanwhile", "A stale change is refused for another reason."
    )
    trail = visit.get(f"/api/v1/instruments/{made['id']}/trail", token=token[1]).json()
    visit.seen["hidden"] = made["id"]
    return f"{made['id']} is now version {changed['version']}, {len(trail)} entries in its trail; a stale one refused"


def be_refused(visit: Visit) -> str:
    """What is another organisation's can't be changed; what is hidden is not seen."""
    token = visit.seen["token"]
    mine = {one["id"] for one in visit.get("/api/v1/me", token=token).json()["manages"]}
    others = visit.get("/api/v1/instruments?limit=200").json()["items"]
    other = next(one for one in others if one["owner"]["id"] not in mine)
    change = {"version": other["version"], "name_en": "Taken over"}
    refused = visit.send("PATCH", f"/api/v1/instruments/{other['id']}", change, status=403, token=token).json()
    visit.submit(visit.seen["revoke"], {}, form="/account/")
    visit.get("/api/v1/me", status=401, token=token)
    visit.sign_in("analyst")
    visit.get(f"/instruments/{visit.seen['hidden']}/", status=404)
    return f"{refused['reasons'][0]['sentence']} The token is revoked; the hidden record stays hidden."


STEPS = (
    ("Read the home page in both languages", read_home),
    ("Find an instrument", find_instrument),
    ("Read a facility with its beamlines", read_facility),
    ("Walk the API's list", walk_pages),
    ("Share an instrument by program", share_instrument),
    ("Be refused what is another's", be_refused),
)
