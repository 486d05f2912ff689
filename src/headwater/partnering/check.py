"""Partnering's steps of the main job: a challenge, its ranking, a consortium across three jurisdictions, a payment."""

from __future__ import annotations

import re
import time
from datetime import date, timedelta
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
    visit.sign_in(key)
    page = visit.submit("/account/", {"name": f"check {key}", "scopes": ["read", "write"], "days": 30})
    token = re.search(r'<pre id="key">([^<]+)</pre>', page.text)
    _need(token, "The new token is not shown.")
    assert token is not None
    visit.seen[f"partnering.revoke.{key}"] = re.findall(r'action="(/account/tokens/\d+/revoke/)"', page.text)[0]
    return token[1]


def write_challenge(visit: Visit) -> str:
    """A company writes a challenge, part of it under agreement; a broker judges and publishes it as an open call."""
    visit.seen["partnering.company"] = company = _token(visit, "company")
    me = visit.get("/api/v1/me", token=company).json()
    visit.seen["partnering.organisation"] = owner = me["manages"][0]["id"]
    body = {
        "organisation": owner,
        "title_en": "Headwater's check: cracks under heat",
        "title_zh": "自检：受热开裂",
        "parts": {
            "problem": {"level": "public", "en": "Parts crack when they are heated; show the phases while it happens."},
            "tried": {"level": "agreement", "en": "confidential-of-the-check"},
        },
        "targets": [{"name": "crack length", "value": "0.1", "unit": "mm", "test": "three parts", "comparison": "le"}],
        "wanted": [
            {"technique": "x_ray_diffraction", "level": 2},
            {"technique": "scanning_electron_microscopy", "level": 2},
            {"technique": "transmission_electron_microscopy", "level": 2, "must": False},
        ],
        "budget": "3000000",
        "willing_to_pay": True,
    }
    made = visit.send("POST", "/api/v1/challenges", body, status=201, token=company).json()
    visit.seen["partnering.challenge"] = key = made["id"]
    visit.send("POST", f"/api/v1/challenges/{key}/moves/submit", {}, status=200, token=company)
    visit.seen["partnering.broker"] = broker = _token(visit, "broker")
    triage = {"outcome": "ready", "reasons": ["clear"]}
    visit.send("POST", f"/api/v1/challenges/{key}/triage", triage, status=200, token=broker)
    visit.send("POST", f"/api/v1/challenges/{key}/publish", {}, status=200, token=broker)
    visit.sign_in("analyst")
    for path in (f"/challenges/{key}/", f"/api/v1/challenges/{key}", "/challenges/?q=confidential"):
        _need("confidential-of-the-check" not in visit.get(path).text, f"{path} shows what is under agreement.")
    return f"{key} is published; a reader without agreement sees its title and not what was tried"


def rank_candidates(visit: Visit) -> str:
    """The broker's ranking, why each, and why another is not there."""
    key, token = visit.seen["partnering.challenge"], visit.seen["partnering.broker"]
    visit.get(f"/api/v1/challenges/{key}/candidates?limit=1", token=token)
    begun = time.perf_counter()
    found = visit.get(f"/api/v1/challenges/{key}/candidates?limit=20", token=token).json()
    took = time.perf_counter() - begun
    _need(found["items"], "Nobody fits.")
    first = found["items"][0]
    _need(first["techniques"] and first["parts"], "The first candidate does not say why.")
    scores = [one["score"] for one in found["items"]]
    _need(scores == sorted(scores, reverse=True), "The ranking is not in order.")
    others = visit.get("/api/v1/capabilities?limit=200").json()["items"]
    shown = {one["id"] for one in found["items"]}
    other = next(one for one in others if one["id"] not in shown)
    why = visit.get(f"/api/v1/challenges/{key}/candidates/{other['id']}", token=token).json()
    _need(why["reasons"], "Nothing says why another is not there.")
    return (
        f"{found['considered']:,} groups in {took * 1000:.0f} ms; first {first['name']} ({first['score']:.3f}); "
        f"another is not there: {why['reasons'][0]['sentence']}"
    )


def _choose(visit: Visit, key: str, organisation: str, group: str) -> None:
    """The laboratory signs, proposes, and is chosen with a reason."""
    lab, company = visit.seen["partnering.lab"], visit.seen["partnering.company"]
    path = f"/api/v1/challenges/{key}"
    visit.send("POST", f"{path}/agreements", {"organisation": organisation}, status=200, token=lab)
    grant = {"organisation": organisation, "move": "grant"}
    visit.send("POST", f"{path}/agreements", grant, status=200, token=company)
    opened = visit.get(path, token=lab).text
    _need("confidential-of-the-check" in opened, "An agreement in force opens nothing.")
    proposal = {"lead": group, "title": "Watch it crack", "price": "900000", "months": 9, "plan": "Heat and look."}
    made = visit.send("POST", f"{path}/bids", {**proposal, "hand_in": True}, status=201, token=lab).json()
    lines = {made["id"]: {"outcome": "chosen", "reason": "It shows the phases."}}
    visit.send("POST", f"{path}/awards", {"reasons": "One sound plan.", "lines": lines}, status=201, token=company)


def found_consortium(visit: Visit) -> str:
    """The smallest able consortium across three jurisdictions with the demo's laboratory pinned; it is founded."""
    key, token = visit.seen["partnering.challenge"], visit.seen["partnering.broker"]
    visit.seen["partnering.lab"] = lab = _token(visit, "manager")
    own = visit.get("/api/v1/me", token=lab).json()["manages"][0]["id"]
    groups = visit.get(f"/api/v1/capabilities?organisation={own}&limit=1").json()["items"]
    _need(groups, "The demo's laboratory keeps no capability profile.")
    _choose(visit, key, own, groups[0]["id"])
    asked = f"lead=challenger&max_members=6&min_jurisdictions=3&pin={groups[0]['id']}"
    answer = visit.get(f"/api/v1/challenges/{key}/team?{asked}", token=token).json()
    best = answer["best"]
    _need(best, f"No team: {answer['clash']}")
    places = {one["jurisdiction"] for one in best["members"]}
    _need(len(places) >= 3, "The team is of fewer than three jurisdictions.")
    members = [
        {
            "organisation": one["organisation"]["id"],
            "role": "lead" if one["leads"] else "member",
            "profile": one["profile"] or "",
        }
        for one in best["members"]
    ]
    body = {
        "kind": "consortium",
        "name_en": f"Headwater's check {key}",
        "name_zh": f"自检{key}",
        "members": members,
        "challenge": key,
        "agreement": "Made by the check.",
        "agreed_on": date.today().isoformat(),  # noqa: DTZ011 - the check runs on its own clock
    }
    made = visit.send("POST", "/api/v1/consortia", body, status=201, token=token).json()
    visit.seen["partnering.consortium"] = made["id"]
    visit.seen["partnering.member"] = own
    _confirm(visit, made)
    alternatives = len(answer["alternatives"])
    return (
        f"{len(members)} members of {', '.join(sorted(places))}, total {best['total']}, cost {best['cost']}; "
        f"{alternatives} alternatives, {len(answer['conditions'])} conditions priced"
    )


def _confirm(visit: Visit, made: dict[str, Any]) -> None:
    """The company confirms its membership itself, the broker the others' by document; then the agreement runs."""
    path = f"/api/v1/consortia/{made['id']}"
    waiting = [one["id"] for one in made["members"] if one["standing"] == "invited"]
    owner, broker = visit.seen["partnering.organisation"], visit.seen["partnering.broker"]
    _need(owner in waiting and made["state"] == "forming", "A member that never agreed is not only invited.")
    listed = visit.get("/api/v1/consortia?kind=consortium&state=forming&limit=100").json()["items"]
    shown = [one["id"] for row in listed if row["id"] == made["id"] for one in row["members"]]
    _need(shown, "The consortium that was founded is not in the list.")
    _need(not set(waiting) & set(shown), "Everybody reads who is only invited.")
    visit.send("POST", f"{path}/members/confirm", {"organisation": owner}, status=422, token=broker)
    for one in waiting:
        body = {"organisation": one, "document": "" if one == owner else "Letter made by the check."}
        token = visit.seen["partnering.company"] if one == owner else broker
        made = visit.send("POST", f"{path}/members/confirm", body, status=200, token=token).json()
    _need(made["state"] == "running", "All members have confirmed, and the agreement does not run.")


def pay_milestone(visit: Visit) -> str:
    """A milestone with its test is handed in and accepted; its payment is released once."""
    consortium, company = visit.seen["partnering.consortium"], visit.seen["partnering.company"]
    broker, owner = visit.seen["partnering.broker"], visit.seen["partnering.organisation"]
    today = date.today()  # noqa: DTZ011 - the check runs on its own clock
    body = {
        "title": "First samples",
        "due": (today + timedelta(days=90)).isoformat(),
        "test": "Three parts without a crack.",
        "amount": "120000",
        "payer": owner,
        "payee": visit.seen["partnering.member"],
    }
    made = visit.send("POST", f"/api/v1/consortia/{consortium}/milestones", body, status=201, token=broker).json()
    key = made["id"]
    lab = visit.seen["partnering.lab"]
    early = visit.send("POST", f"/api/v1/milestones/{key}/accept", {"text": "Good."}, status=409, token=company).json()
    visit.send("POST", f"/api/v1/milestones/{key}/hand_in", {"text": "Three parts, no crack."}, status=200, token=lab)
    visit.send("POST", f"/api/v1/milestones/{key}/accept", {"text": "I paid myself."}, status=403, token=lab)
    paid = visit.send(
        "POST", f"/api/v1/milestones/{key}/accept", {"text": "It holds."}, status=200, token=company
    ).json()
    _need(paid["payment"], "Acceptance released no payment.")
    visit.send("POST", f"/api/v1/milestones/{key}/accept", {"text": "Again."}, status=409, token=company)
    state = visit.get(f"/api/v1/challenges/{visit.seen['partnering.challenge']}", token=company).json()["state"]
    for one in ("broker", "company", "manager"):
        visit.sign_in(one)
        visit.submit(visit.seen[f"partnering.revoke.{one}"], {}, form="/account/")
    return (
        f"CNY {paid['amount']} released once as {paid['payment']['key']}; before the report: "
        f"{early['reasons'][0]['code']}; the challenge is {state}"
    )


STEPS = (
    ("Write and publish a challenge", write_challenge),
    ("Rank candidates, and say why", rank_candidates),
    ("Find a consortium of three jurisdictions", found_consortium),
    ("Pay a milestone once", pay_milestone),
)
