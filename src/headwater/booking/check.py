"""Booking's steps of the main job: find free time, book it, contest it, give it up to who waits, use it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


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


def _token(visit: Visit, key: str) -> str:
    """A token of one of the demo's people, made on her account page."""
    visit.sign_in(key)
    page = visit.submit("/account/", {"name": "booking check", "scopes": ["read", "write"], "days": 30})
    found = re.search(r'<pre id="key">([^<]+)</pre>', page.text)
    _need(found, "The new token is not shown.")
    assert found is not None
    visit.seen[f"{key} revoke"] = re.findall(r'action="(/account/tokens/\d+/revoke/)"', page.text)[0]
    return found[1]


def find_free_time(visit: Visit) -> str:
    """The soonest free hour on some of the instruments that are booked."""
    for key in ("researcher", "company"):
        visit.seen[f"{key} token"] = _token(visit, key)
    items = visit.get("/api/v1/instruments?access=booking&status=operating&limit=50").json()["items"]
    asked = "&".join(f"instrument={one['id']}" for one in items)
    after = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = visit.get(f"/api/v1/soonest?minutes=60&not_before={after}&{asked}").json()
    free = [one for one in found if one["start"]]
    _need(free, "No instrument has a free hour.")
    best, token = free[0], visit.seen["researcher token"]
    for one in free:  # the first that its rules let the researcher book
        said = visit.send("POST", "/api/v1/bookings/decision", one, status=200, token=token).json()
        if said["allowed"] and not said["reasons"]:
            best = one
            break
    visit.seen |= {"instrument": best["instrument"], "start": best["start"], "end": best["end"]}
    visit.seen["usable"] = " ".join([best["instrument"], *(one["instrument"] for one in free if one is not best)])
    page = visit.get(f"/instruments/{best['instrument']}/calendar/?week={best['start'][:10]}").text
    _need('class="week"' in page, "The calendar does not show its week.")
    return f"{len(free)} of {len(found)} instruments have a free hour, the soonest at {best['start']}"


def _ask(visit: Visit) -> dict[str, str]:
    return {name: visit.seen[name] for name in ("instrument", "start", "end")}


def contest_time(visit: Visit) -> str:
    """Two people ask for the same hour at the same moment: one gets it, the other is told why and what is free."""
    tokens = {key: visit.seen[f"{key} token"] for key in ("researcher", "company")}

    def book(key: str) -> Any:
        try:
            return visit.send("POST", "/api/v1/bookings", _ask(visit), status=201, token=tokens[key]).json()
        except Exception:  # noqa: BLE001  the loser's refusal is looked at below
            return None

    with ThreadPoolExecutor(2) as both:
        made = dict(zip(tokens, both.map(book, tokens), strict=True))
    winners = [key for key, row in made.items() if row is not None]
    _need(len(winners) == 1, f"{len(winners)} of two got the same hour.")
    loser = next(key for key in tokens if key not in winners)
    refused = visit.send("POST", "/api/v1/bookings", _ask(visit), status=409, token=tokens[loser]).json()
    codes = [one["code"] for one in refused["reasons"]]
    _need("booking.taken" in codes, "The loser is refused for another reason.")
    visit.seen |= {"winner": winners[0], "loser": loser, "booking": made[winners[0]]["id"]}
    return f"the {winners[0]} got it; the {loser} is offered {codes.count('booking.free_instead')} other times"


def wait_and_be_served(visit: Visit) -> str:
    """The loser waits; when the winner cancels, the time is hers to take in the same instant."""
    winner, loser = (visit.seen[f"{visit.seen[who]} token"] for who in ("winner", "loser"))
    wish = {**_ask(visit), "minutes": 60}
    wish_id = visit.send("POST", "/api/v1/wishes", wish, status=201, token=loser).json()["id"]
    path = f"/api/v1/bookings/{visit.seen['booking']}"
    visit.send("POST", f"{path}/cancel", {"version": 1}, status=200, token=winner)
    mine = next(one for one in visit.get("/api/v1/wishes", token=loser).json() if one["id"] == wish_id)
    _need(mine["state"] == "held", "The freed time is not held for who waits.")
    refused = visit.send("POST", "/api/v1/bookings", _ask(visit), status=409, token=winner).json()
    taken = visit.send("POST", f"/api/v1/bookings/{mine['hold']}/take", {}, status=200, token=loser).json()
    _need(taken["kind"] == "booking", "The held time was not taken.")
    visit.seen |= {"booking": taken["id"], "version": str(taken["version"])}
    return f"held until {mine['held_until']} and taken; the {visit.seen['winner']}: {refused['reasons'][0]['sentence']}"


def use_and_leave(visit: Visit) -> str:
    """Use is started and stopped, on the first instrument that nobody has just now; what was booked is given up, and
    the tokens are revoked."""
    token = visit.seen[f"{visit.seen['loser']} token"]
    refused = ValueError("No instrument can be used now.")
    for instrument in visit.seen["usable"].split():
        try:
            visit.send("POST", f"/api/v1/instruments/{instrument}/start", {}, status=201, token=token)
        except Exception as error:  # noqa: BLE001  somebody has it: the next one
            refused = ValueError(str(error))
            continue
        break
    else:
        raise refused
    used = visit.send("POST", f"/api/v1/instruments/{instrument}/stop", {}, status=200, token=token).json()
    row = visit.get(f"/api/v1/bookings/{visit.seen['booking']}", token=token).json()
    if row["state"] in ("requested", "confirmed"):
        cancel = {"version": row["version"]}
        visit.send("POST", f"/api/v1/bookings/{row['id']}/cancel", cancel, status=200, token=token)
    for key in ("researcher", "company"):
        visit.sign_in(key)
        visit.submit(visit.seen[f"{key} revoke"], {}, form="/account/")
    return f"{used['id']}, from {used['started_at']} to {used['stopped_at']}"


STEPS = (
    ("Find the soonest free time", find_free_time),
    ("Two people, one hour", contest_time),
    ("Wait, and be served when it is given up", wait_and_be_served),
    ("Use the instrument", use_and_leave),
)
