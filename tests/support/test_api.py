"""The API of terms and money: the way of an order by programs, refusals in words, what is hidden, what costs."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.factories import make_token, make_user
from tests.support.records import DAY, World, make_budget, make_scheme, make_voucher, make_world

from headwater.support.facts import quote_for
from headwater.support.prices import hour_prices

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    found = make_world()
    version = make_scheme(found.country, {"documents": ["report"], "claim_days": 3650}, code="v")
    for year in (DAY.year, timezone.now().year):
        make_budget(version, found.home, 1_000_000, year=year)
    make_voucher(found, version, 500_000)
    return found


class Program:
    """A client with a token."""

    def __init__(self, client, user, *, scopes=("read", "write")) -> None:
        self.client, self.key = client, make_token(user, scopes=scopes)[1]

    def answer(self, method: str, path: str, body=None, **headers: str):
        return self.client.generic(
            method,
            f"/api/v1{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.key}"} | {k.replace("_", "-"): v for k, v in headers.items()},
        )

    def __call__(self, method: str, path: str, body=None, status: int = 200, **headers: str):
        answer = self.answer(method, path, body, **headers)
        assert answer.status_code == status, answer.content.decode()
        return answer.json()


def asked(world: World, **more):
    return {"instrument": world.instrument.public_id, "organisation": world.company.public_id, "hours": "4"} | more


def test_order_goes_its_way_by_programs(client, world):
    user, owner = Program(client, world.engineer), Program(client, world.manager)
    quote = user("POST", "/quotes", asked(world))
    assert (quote["gross"], quote["pays_now"]) == ("2000.00", "1000.00")
    user("POST", "/orders", asked(world, expected="1.00"), status=409)
    order = user("POST", "/orders", asked(world, expected="1000.00"), status=201)
    end = timezone.now() - timedelta(minutes=5)
    usage = {"started_at": (end - timedelta(hours=4)).isoformat(), "ended_at": end.isoformat()}
    user("POST", f"/orders/{order['id']}/use", usage, status=403)
    used = owner("POST", f"/orders/{order['id']}/use", usage)
    assert used["charges"][0]["user_pays"] == "1000.00"
    claim = used["supports"][0]["claim"]
    assert user("GET", f"/orders/{order['id']}/decision")["same"] is True
    missing = user("POST", f"/claims/{claim}/submit", {}, status=422)
    assert missing["reasons"][0]["sentence"] == (
        "A document is missing: service report. Add it and hand the claim in again."
    )
    assert user("GET", f"/claims/{claim}")["wanted"] == ["report"]


def used(user: Program, owner: Program, world: World) -> tuple[str, str]:
    """An order that was used, and its charge."""
    order = user("POST", "/orders", asked(world), status=201)["id"]
    end = timezone.now() - timedelta(minutes=5)
    usage = {"started_at": (end - timedelta(hours=4)).isoformat(), "ended_at": end.isoformat()}
    return order, owner("POST", f"/orders/{order}/use", usage)["charges"][0]["id"]


def test_order_tells_of_its_charges_what_the_charges_tell(client, world):
    user, owner = Program(client, world.engineer), Program(client, world.manager)
    order, charge = used(user, owner, world)
    dispute = user("POST", f"/charges/{charge}/dispute", {"text": "It was three hours."}, status=201)["id"]
    adjustment = owner("POST", f"/charges/{charge}/adjust", {"amount": "-100", "ground": "True."}, status=201)["id"]
    parties = {"provider": world.lab.public_id, "organisation": world.company.public_id}
    invoice = owner("POST", "/invoices", parties, status=201)["id"]
    told = user("GET", f"/orders/{order}")["charges"]
    assert [(one["id"], one["adjusts"], one["invoice"]) for one in told] == [
        (charge, "", invoice),
        (adjustment, charge, invoice),
    ]
    assert [one["id"] for one in told[0]["disputes"]] == [dispute]
    assert told[0]["disputes"][0]["text"] == "It was three hours."
    assert told[1]["disputes"] == []
    by_id = {one["id"]: one for one in user("GET", "/charges")["items"]}
    assert [by_id[one["id"]] for one in told] == told
    assert user("GET", "/orders")["items"][0]["charges"] == told


def test_orders_with_charges_read_a_fixed_number_of_times(client, world):
    user, owner = Program(client, world.engineer), Program(client, world.manager)
    parties = {"provider": world.lab.public_id, "organisation": world.company.public_id}
    counted = []
    for more in (1, 4):
        for _order in range(more):
            charge = used(user, owner, world)[1]
            user("POST", f"/charges/{charge}/dispute", {"text": "No."}, status=201)
            owner("POST", f"/charges/{charge}/adjust", {"amount": "-1", "ground": "True."}, status=201)
        owner("POST", "/invoices", parties, status=201)
        with CaptureQueriesContext(connection) as read:
            answer = user("GET", "/orders")
        counted.append((len(answer["items"]), sum(len(one["charges"]) for one in answer["items"]), len(read)))
    assert counted == [(1, 2, 8), (5, 10, 8)]


def test_cancelled_order_can_t_be_used(client, world):
    user, owner = Program(client, world.engineer), Program(client, world.manager)
    order = user("POST", "/orders", asked(world), status=201)
    assert user("POST", f"/orders/{order['id']}/cancel")["state"] == "released"
    end = timezone.now() - timedelta(minutes=5)
    usage = {"started_at": end.isoformat(), "ended_at": end.isoformat()}
    refused = owner("POST", f"/orders/{order['id']}/use", usage, status=409)
    assert refused["reasons"][0]["sentence"] == "The order is no longer open (cancelled)."


@pytest.mark.parametrize(
    ("more", "status", "code"),
    [
        ({"instrument": "ins_none"}, 404, "instrument.not_found"),
        ({"organisation": "org_none"}, 404, "organisation.not_found"),
        ({"schemes": ["nothing"]}, 404, "scheme.not_found"),
        ({"services": {"xrd": 1}}, 422, "rates.no_price"),
        ({"starts": "2026-03-10T09:00:00", "ends": "2026-03-10T10:00:00"}, 422, "usage.zone_missing"),
        ({"starts": "2026-03-10T09:00:00Z"}, 422, "usage.reversed"),
        ({"hours": "-1"}, 422, "request.invalid"),
        ({"hours": "1e99"}, 422, "request.invalid"),
        ({"expected": "much"}, 422, "amount.unreadable"),
        ({"shoes": 1}, 422, "request.invalid"),
    ],
)
def test_unsound_order_is_refused_with_its_reason(client, world, more, status, code):
    answer = Program(client, world.engineer)("POST", "/orders", asked(world, **more), status=status)
    assert answer["reasons"][0]["code"] == code


def test_nobody_orders_for_others_or_by_a_reading_token(client, world):
    stranger = Program(client, make_user())
    assert stranger("POST", "/orders", asked(world), status=403)["reasons"][0]["code"] == "order.not_a_member"
    reader = Program(client, world.engineer, scopes=("read",))
    assert reader("POST", "/orders", asked(world), status=403)["reasons"][0]["code"] == "token.scope_missing"
    client.logout()
    answer = client.post("/api/v1/orders", json.dumps(asked(world)), content_type="application/json")
    assert answer.status_code == 401


def test_what_is_others_is_not_seen(client, world):
    order = Program(client, world.engineer)("POST", "/orders", asked(world), status=201)
    stranger = Program(client, make_user())
    for path in (f"/orders/{order['id']}", f"/orders/{order['id']}/decision"):
        stranger("GET", path, status=404)
    for path in ("/orders", "/claims", "/vouchers", "/charges"):
        assert stranger("GET", path)["items"] == []
    stranger("GET", "/settlements", status=403)
    stranger("GET", "/schemes/v/budgets", status=403)
    officer = Program(client, world.officer)
    assert officer("GET", f"/orders/{order['id']}")["id"] == order["id"]  # her budget pays
    assert Program(client, world.other_officer)("GET", "/orders")["items"] == []


def test_officer_publishes_tries_and_funds_by_program(client, world):
    officer = Program(client, world.officer)
    day = (timezone.now().date() + timedelta(days=1)).isoformat()
    terms = {"currency": "CNY", "share": "0.1", "delivery": "refund"}
    body = {"code": "mine", "jurisdiction": world.home.code, "name_en": "Mine", "valid_from": day, "terms": terms}
    assert officer("POST", "/schemes", body, status=201)["number"] == 1
    assert officer("POST", "/schemes", body, status=201)["number"] == 2
    bad = officer("POST", "/schemes", body | {"terms": {"share": "2"}, "code": "x y"}, status=422)
    assert [one["code"] for one in bad["reasons"]] == ["terms.missing", "terms.wrong_value", "scheme.code_wrong"]
    assert officer("POST", "/schemes/mine/try", {"year": DAY.year, "terms": terms})["orders"] == 0
    budget = {"payer": world.home.code, "year": 2026, "amount": "10.50"}
    assert officer("POST", "/schemes/mine/budgets", budget, status=201)[0]["balance"] == "10.50"
    Program(client, world.other_officer)("POST", "/schemes/mine/budgets", budget, status=403)
    Program(client, world.other_officer)("POST", "/schemes", body, status=403)


def test_recognition_is_published_and_asked(client, world):
    officer = Program(client, world.other_officer)
    body = {
        "code": "laser",
        "kind": "safety_course",
        "granted_in": world.home.code,
        "counts_in": world.abroad.code,
        "codes": ["laser"],
        "valid_from": timezone.now().date().isoformat(),
    }
    path = f"/recognition?kind=safety_course&code=laser&granted_in={world.home.code}&wanted_in={world.abroad.code}"
    assert officer("GET", path)["allowed"] is False
    officer("POST", "/recognitions", body, status=201)
    assert officer("GET", path)["allowed"] is True
    assert officer("GET", path.replace("laser", "fire"))["allowed"] is False
    Program(client, world.officer)("POST", "/recognitions", body | {"code": "other"}, status=403)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_reasons_are_worded_in_the_reader_s_language(client, world, language):
    world.company.size_class = "large"
    world.company.save()
    key = make_token(world.engineer)[1]
    answer = client.post(
        "/api/v1/quotes",
        json.dumps(asked(world)),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "Accept-Language": language},
    ).json()
    sentence = answer["offers"][0]["decision"]["reasons"][0]["sentence"]
    assert sentence.startswith(
        {"en": "The scheme asks for another value of the size", "zh-hans": "该政策要求"}[language]
    )
    assert {"en": "micro, small, medium", "zh-hans": "微型"}[language] in sentence


def test_quote_and_price_list_read_a_fixed_number_of_times(world):
    counted = []
    for _more in range(2):
        quote_for(world.wanted())  # a process reads the versions again when there is one more
        with CaptureQueriesContext(connection) as one:
            quote_for(world.wanted())
        with CaptureQueriesContext(connection) as many:
            hour_prices([world.instrument.pk], world.company, day=DAY)
        counted.append((len(one), len(many)))
        for _scheme in range(10):
            make_scheme(world.country, {"delivery": "refund", "stacks_with": "any"})
    assert counted == [(2, 7), (2, 7)]


def test_price_list_says_what_a_quote_says(world):
    refund = make_scheme(world.country, {"delivery": "refund", "share": "0.3"})
    make_budget(refund, world.home, 10_000_000)
    listed = hour_prices([world.instrument.pk], world.company, day=DAY)[world.instrument.pk]
    said = quote_for(world.wanted("1", purpose="development")).quote
    assert (listed.gross_minor, listed.after_minor) == (said.gross_minor, said.pays_in_the_end_minor)
    stranger = hour_prices([world.instrument.pk], None, day=DAY)[world.instrument.pk]
    assert stranger.after_minor == stranger.gross_minor == 50_000
