"""Money's steps of the main job: a cross-border service paid in part by a voucher, claimed, settled, reported."""

from __future__ import annotations

import re
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
    """A token of one of the demo's people, made on her account page; kept for the other steps."""
    if f"token.{key}" not in visit.seen:
        visit.sign_in(key)
        page = visit.submit("/account/", {"name": "check of money", "scopes": ["read", "write"], "days": 30})
        found = re.search(r'<pre id="key">([^<]+)</pre>', page.text)
        _need(found, "The new token is not shown.")
        assert found is not None
        visit.seen[f"token.{key}"] = found[1]
        visit.seen[f"revoke.{key}"] = re.findall(r'action="(/account/tokens/\d+/revoke/)"', page.text)[0]
    return visit.seen[f"token.{key}"]


def _company(visit: Visit) -> str:
    """The demo company's id and home, from its own pages."""
    visit.sign_in("company")
    page = visit.get("/support/").text
    found = re.search(r"/support/registrations/(org_\w+)/", page)
    _need(found, "The demo company's engineer belongs to no company.")
    assert found is not None
    return found[1]


def quote_across(visit: Visit) -> str:
    """A quote across a border, with a scheme that would pay if the company did something about it."""
    company, token = _company(visit), _token(visit, "company")
    body = {"size_class": "small", "high_tech": True, "sectors": ["new_materials"]}
    visit.send("PUT", f"/api/v1/registrations/{company}", body, status=200, token=token)
    city = visit.get(f"/api/v1/organisations/{company}").json()["city"]
    home = next(one["jurisdiction"] for one in visit.get("/api/v1/cities").json() if one["code"] == city)
    manager = visit.get("/api/v1/me", token=_token(visit, "manager")).json()["manages"][0]["id"]
    owner_city = visit.get(f"/api/v1/organisations/{manager}").json()["city"]
    away = next(one["jurisdiction"] for one in visit.get("/api/v1/cities").json() if one["code"] == owner_city)
    _need(home != away, f"The demo company and the demo manager are both in {home}; nothing crosses a border.")
    hit = visit.get(f"/api/v1/instruments?owner={manager}&limit=1&synthetic=yes").json()["items"][0]
    visit.seen |= {"company": company, "instrument": hit["id"], "owner": manager}
    asked = {"instrument": hit["id"], "organisation": company, "hours": "4", "samples": 2, "purpose": "development"}
    quote = visit.send("POST", "/api/v1/quotes", asked, status=200, token=token).json()
    offers = {one["scheme"]: one for one in quote["offers"]}
    said = [one["code"] for one in offers["yrd-voucher-2021"]["decision"]["reasons"]]
    paying = [one["scheme"] for one in quote["offers"] if one["pays"] != "0.00"]
    _need(paying or "scheme.voucher_missing" in said, f"The region's voucher says something else: {said}.")
    visit.sign_in("company")
    for language in ("en", "zh-hans"):
        page = visit.get(f"/instruments/{hit['id']}/quote/?hours=4&organisation={company}", language=language)
        _need("yrd-voucher-2021" in page.text, "The quote's page does not show the region's voucher.")
    return f"{home} to {away}: {quote['currency']} {quote['gross']} for 4 h; {len(offers)} schemes answer"


def pay_by_voucher(visit: Visit) -> str:
    """Apply, be issued by an officer of one's home, order, and pay less."""
    company, token = visit.seen["company"], _token(visit, "company")
    officer = _token(visit, "officer")
    waiting = visit.get("/api/v1/vouchers?limit=200", token=token).json()["items"]
    good = [one for one in waiting if one["state"] == "issued" and float(one["left"]) >= 5000]
    if not good:
        open_ = [one for one in waiting if one["state"] == "applied"]
        body = {"scheme": "yrd-voucher-2021", "organisation": company, "amount": "40000.00", "purpose": "check"}
        made = open_[0] if open_ else visit.send("POST", "/api/v1/vouchers", body, status=201, token=token).json()
        visit.send("POST", f"/api/v1/vouchers/{made['id']}/decide", {"issue": True}, status=200, token=officer)
    asked = {
        "instrument": visit.seen["instrument"],
        "organisation": company,
        "hours": "4",
        "purpose": "development",
        "schemes": ["yrd-voucher-2021"],
    }
    quote = visit.send("POST", "/api/v1/quotes", asked, status=200, token=token).json()
    wrong = {**asked, "expected": "0.01"}
    visit.send("POST", "/api/v1/orders", wrong, status=409, token=token)
    right = {**asked, "expected": quote["pays_now"]}
    order = visit.send("POST", "/api/v1/orders", right, status=201, token=token).json()
    _need(float(order["pays_now"]) < float(order["gross"]), "The voucher does not lower what the user pays.")
    visit.seen["order"] = order["id"]
    return f"{order['id']}: pays {order['pays_now']} of {order['gross']}, the rest by voucher; another price is refused"


def claim_and_be_paid(visit: Visit) -> str:
    """The owner charges what was used; the company claims with its papers; an officer approves."""
    end = datetime.now(UTC) - timedelta(minutes=1)
    usage = {"started_at": (end - timedelta(hours=3)).isoformat(), "ended_at": end.isoformat()}
    path = f"/api/v1/orders/{visit.seen['order']}"
    order = visit.send("POST", f"{path}/use", usage, status=200, token=_token(visit, "manager")).json()
    claim = order["supports"][0]["claim"]
    visit.send("POST", f"/api/v1/claims/{claim}/submit", {}, status=422, token=_token(visit, "company"))
    visit.sign_in("company")
    for kind in ("contract", "invoice", "report"):
        _upload(visit, claim, kind)
    token, officer = _token(visit, "company"), _token(visit, "officer")
    visit.send("POST", f"/api/v1/claims/{claim}/submit", {}, status=200, token=token)
    body = {"verdict": "approve"}
    paid = visit.send("POST", f"/api/v1/claims/{claim}/decide", body, status=200, token=officer).json()
    _need(paid["state"] == "paid", f"The claim is {paid['state']}, not paid.")
    again = visit.get(f"{path}/decision", token=token).json()
    _need(again["same"], "Decided again by the rules of its day, the order comes out differently.")
    return f"{claim}: {paid['currency']} {paid['amount']} paid after 3 documents; decided again it is the same"


def _upload(visit: Visit, claim: str, kind: str) -> None:
    """Add a paper by the page's form, as a browser does."""
    path = f"/support/claims/{claim}/"
    page = visit.get(path)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    _need(token, f"{path} shows no form.")
    assert token is not None
    session, address = visit.session, visit.address  # type: ignore[attr-defined]
    answer = session.post(
        address + path,
        data={"kind": kind, "csrfmiddlewaretoken": token[1]},
        files={"file": (f"{kind}.pdf", b"%PDF-1.4 a paper of the check")},
        headers={"Referer": address + path},
        timeout=60,
    )
    _need(answer.status_code == 200, f"The document {kind} was not taken: {answer.status_code}.")


def see_settlement(visit: Visit) -> str:
    """What the two jurisdictions owe is open, and this month can't be settled before it is over."""
    visit.sign_in("officer")
    page = visit.get("/support/settlements/").text
    rows = re.findall(r"<td>([\w-]+)</td><td>([\w-]+)</td>", page)
    _need(rows, "Nothing is open between the jurisdictions.")
    month = f"{datetime.now(UTC):%Y-%m}"
    body = {"month": month, "currency": "CNY"}
    refused = visit.send("POST", "/api/v1/settlements", body, status=409, token=_token(visit, "officer")).json()
    _need(refused["reasons"][0]["code"] == "settlement.month_not_over", "The month is refused for another reason.")
    return f"{rows[0][0]} owes {rows[0][1]}; {refused['reasons'][0]['sentence']}"


def report_services(visit: Visit) -> str:
    """The unit's records in the national shape, checked, and the assessment that rests on them."""
    visit.sign_in("manager")
    page = visit.submit("/support/reports/", {"owner": visit.seen["owner"], "target": "nrii"})
    report = re.search(r"<code>(rep_\w+)</code>", page.text)
    _need(report, "The report's receipt shows no id.")
    assert report is not None
    year = datetime.now(UTC).year
    assessed = visit.get(f"/support/assessments/{visit.seen['owner']}/?year={year}").text
    points = re.findall(r'<b class="num">([\d.]+)</b> / 100', assessed)
    _need(points, "The assessment shows no points.")
    for key in ("company", "manager", "officer"):
        visit.sign_in(key)
        visit.submit(visit.seen[f"revoke.{key}"], {}, form="/account/")
    return f"{report[1]}: made-up records are rejected with their reason; assessed at {', '.join(points)} points"


STEPS = (
    ("Ask what an instrument across the border costs", quote_across),
    ("Pay in part by a voucher", pay_by_voucher),
    ("Charge, claim and be paid", claim_and_be_paid),
    ("See what the jurisdictions owe", see_settlement),
    ("Report and assess", report_services),
)
