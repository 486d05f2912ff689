"""The user office's steps of the main job: from a call to a published schedule and one output, with its figures."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

PLAN_WAIT_S = 90


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


def _token(visit: Visit, key: str) -> tuple[str, str]:
    """Sign in and make a token: the key, and where it is revoked."""
    visit.sign_in(key)
    page = visit.submit("/account/", {"name": "check", "scopes": ["read", "write"], "days": 30})
    found = re.search(r'<pre id="key">([^<]+)</pre>', page.text)
    _need(found, "The new token is not shown.")
    assert found is not None
    return found[1], re.findall(r'action="(/account/tokens/\d+/revoke/)"', page.text)[0]


def _api(visit: Visit, method: str, path: str, body: object, *, status: int = 200, who: str = "office") -> Any:
    return visit.send(method, f"/api/v1{path}", body, status=status, token=visit.seen[f"token:{who}"]).json()


def open_call(visit: Visit) -> str:
    """The office prepares and announces a partner call of a month of its own, for two beamlines."""
    visit.seen["token:office"], visit.seen["revoke:office"] = _token(visit, "office")
    offices = re.findall(r'href="/beamtime/offices/(\w+)/"', visit.get("/beamtime/").text)
    _need(offices, "The demo's user office has no facility.")
    visit.seen["facility"] = offices[0]
    lines = visit.get(f"/api/v1/instruments?facility={offices[0]}&limit=50").json()["items"]
    lines = [one for one in lines if one["access"] == "proposal"][:2]
    _need(len(lines) == 2, "The facility has no two beamlines by proposal.")
    now = datetime.now(UTC)
    number = int(now.timestamp())
    # every run has days of its own, far ahead, so that checks made before never stand in the way
    first = datetime(2040, 1, 1, tzinfo=UTC).date() + timedelta(days=28 * (number // 60 % 400))
    body = {
        "code": f"C{number}",
        "name_zh": "自检征集",
        "name_en": "Headwater's check",
        "mode": "partner",
        "opens_at": (now - timedelta(minutes=5)).isoformat(),
        "closes_at": None,
        "period_start": first.isoformat(),
        "period_end": (first + timedelta(days=27)).isoformat(),
        "beamlines": [one["id"] for one in lines],
    }
    call = _api(visit, "POST", f"/facilities/{offices[0]}/calls", body, status=201)
    _own_run(visit, first.isoformat(), (first + timedelta(days=27)).isoformat())
    _api(visit, "POST", f"/calls/{call['id']}/stage", {"stage": "announced"})
    visit.seen["call"], visit.seen["line"] = call["id"], lines[0]["id"]
    officer = visit.sign_in("office")
    for line in lines:
        visit.submit(f"/beamtime/beamlines/{line['id']}/scientists/", {"email": officer.email})
    return f"{call['code']}, {len(lines)} beamlines, open"


def _own_run(visit: Visit, first: str, last: str) -> None:
    """Where the beam calendar names runs, days outside them bear no beam: enter one for the check's own period."""
    path = f"/beamtime/offices/{visit.seen['facility']}/calendar/"
    visit.sign_in("office")
    if "<td>run for users</td>" not in visit.get(path, language="en").text:
        return
    days = {"add": "1", "kind": "run", "start": first, "last": last, "beamline": "", "note": "check"}
    visit.submit(path, dict(days))
    visit.seen["run"] = first


def _drop_run(visit: Visit) -> None:
    """Take the check's own run out of the beam calendar again."""
    first = visit.seen.pop("run", "")
    if not first:
        return
    path = f"/beamtime/offices/{visit.seen['facility']}/calendar/"
    rows = re.findall(r"<tr>.*?</tr>", visit.get(path, language="en").text, re.DOTALL)
    own = (re.search(r'name="drop" value="(\d+)"', row) for row in rows if first in row and "<td>check</td>" in row)
    for found in own:
        if found is not None:
            visit.submit(path, {"drop": found[1]})


def propose(visit: Visit) -> str:
    """A researcher drafts, is told what is missing, submits, and gets a receipt and a paper."""
    visit.seen["token:researcher"], visit.seen["revoke:researcher"] = _token(visit, "researcher")
    home = visit.get("/account/").text
    _need(home, "The account page is empty.")
    me = visit.get("/api/v1/me", token=visit.seen["token:researcher"]).json()
    _need(me["may_write"], "The researcher's token may not write.")
    call = visit.seen["call"]
    page = visit.get(f"/beamtime/calls/{call}/apply/").text
    organisation = re.search(r'<option value="(org_\w+)"', page)
    _need(organisation, "The researcher has no organisation to apply for.")
    assert organisation is not None
    answers = {"aim": "To see that it works.", "method": "One pass.", "equipment": "no"}
    body: dict[str, object] = {"title": "Does it hold together?", "answers": answers, "requested": 9, "minimum": 6}
    made = _api(visit, "POST", f"/calls/{call}/proposals", body, status=201, who="researcher")
    missing = [one["code"] for one in made["check"]["reasons"]]
    _need("draft.beamlines_missing" in missing, "A draft without a beamline is not told so.")
    body |= {
        "abstract": "The check proposes.",
        "organisation": organisation[1],
        "beamlines": [visit.seen["line"]],
        "samples": [{"name": "nothing", "hazards": ["none"]}],
        "version": made["version"],
    }
    changed = _api(visit, "PATCH", f"/proposals/{made['id']}", body, who="researcher")
    _need(changed["check"]["allowed"], f"The draft may not be submitted: {changed['check']['reasons']}")
    receipt = _api(visit, "POST", f"/proposals/{made['id']}/submission", {}, status=201, who="researcher")
    paper = visit.get(f"/beamtime/proposals/{made['id']}/papers/1.pdf")
    _need(paper.content.startswith(b"%PDF-"), "The paper is no PDF.")
    visit.seen["proposal"], visit.seen["number"] = made["id"], receipt["number"]
    return f"{receipt['number']}, {len(missing)} things were missing first; paper of {len(paper.content):,} bytes"


def schedule(visit: Visit) -> str:
    """Feasibility, decision, plan, publication; the proposer learns of it from the letter, not before."""
    proposal, call = visit.seen["proposal"], visit.seen["call"]
    judged = {"beamline": visit.seen["line"], "verdict": "feasible"}
    _api(visit, "POST", f"/proposals/{proposal}/feasibility", judged)
    _api(visit, "POST", f"/proposals/{proposal}/decision", {"kind": "recommend", "rank": 1, "reason": "It is a check."})
    plan = _api(visit, "POST", f"/calls/{call}/scenarios", {"name": "Check", "seconds": 5}, status=202)
    deadline = time.monotonic() + PLAN_WAIT_S
    while plan["state"] == "queued":
        _need(time.monotonic() < deadline, "The worker made no plan in time.")
        time.sleep(0.5)
        plan = visit.get(f"/api/v1/scenarios/{plan['id']}", token=visit.seen["token:office"]).json()
    _need(plan["state"] == "solved" and plan["awards"], f"The plan is {plan['state']}.")
    published = _api(visit, "POST", f"/scenarios/{plan['id']}/publication", {"note": "check"}, status=201)
    before = visit.get(f"/api/v1/proposals/{proposal}", token=visit.seen["token:researcher"]).json()["state"]
    _need(before == "under_review", f"The proposer sees {before} before she was told.")
    told = _api(visit, "POST", f"/calls/{call}/letters", {})["number"]
    after = visit.get(f"/api/v1/proposals/{proposal}", token=visit.seen["token:researcher"]).json()["state"]
    _need(after == "scheduled", f"The proposer sees {after} after the letter.")
    page = visit.get(f"/beamtime/calls/{call}/schedule/").text
    _need(visit.seen["number"] in page, "The published schedule does not show the proposal.")
    award = published["awards"][0]
    return (
        f"version {published['version']}: {award['shifts']} shifts from {award['first_day']}, gap {plan['gap']:.4f}, "
        f"{told} letter"
    )


def have_result(visit: Visit) -> str:
    """One output, and the figures of the programme beside the published ones."""
    proposal, facility = visit.seen["proposal"], visit.seen["facility"]
    body = {"doi": f"10.5555/{visit.seen['number'].lower()}", "title": "It holds together", "year": 2026}
    output = _api(visit, "POST", f"/proposals/{proposal}/outputs", body, status=201, who="researcher")
    found = {one["code"]: one for one in visit.get(f"/api/v1/facilities/{facility}/figures").json()}
    page = visit.get(f"/beamtime/offices/{facility}/figures/").text
    _need("<svg" in page, "The figures' picture is missing.")
    for who in ("researcher", "office"):
        visit.sign_in(who)
        if who == "office":
            _drop_run(visit)
        visit.submit(visit.seen[f"revoke:{who}"], {}, form="/account/")
    projects, share = found["projects"], found["regional_share"]
    return (
        f"{output['doi']}; {projects['value']:,.0f} projects ({100 * projects['synthetic_share']:.2f} % synthetic), "
        f"{100 * share['value']:.1f} % from the region"
    )


STEPS = (
    ("Open a call for beamtime", open_call),
    ("Propose", propose),
    ("Plan, publish and tell", schedule),
    ("Link a result, and read the figures", have_result),
)
