"""What programs send by mistake, twice or with ill intent: nothing fails, nothing leaks, nothing is paid twice."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone
from tests.factories import make_member, make_user
from tests.support.records import DAY, World, make_budget, make_scheme, make_voucher, make_world
from tests.support.test_api import Program, asked

from headwater.support.models import Account, Charge, Dispute, Invoice, Order, Voucher

pytestmark = pytest.mark.django_db
ODD = [
    *(None, True, -1, 0, 10**30, 1e308, "NaN", "-5", "1e400"),
    *("\u0000", "a\u0007b", "\ud800", "x" * 100_000, [], {}, {"a": 1}),
]


@pytest.fixture
def world() -> World:
    found = make_world()
    version = make_scheme(found.country, {"documents": ["report"], "claim_days": 3650}, code="v")
    for year in {DAY.year, timezone.now().year}:
        make_budget(version, found.home, 1_000_000, year=year)
    make_voucher(found, version, 500_000)
    return found


def charged(client, world: World) -> tuple[str, str]:
    """An order that was used, and its charge."""
    order = Program(client, world.engineer)("POST", "/orders", asked(world), status=201)["id"]
    end = timezone.now() - timedelta(minutes=5)
    usage = {"started_at": (end - timedelta(hours=4)).isoformat(), "ended_at": end.isoformat()}
    return order, Program(client, world.manager)("POST", f"/orders/{order}/use", usage)["charges"][0]["id"]


def money() -> tuple[object, ...]:
    """All that a request could have moved."""
    balances = tuple(Account.objects.order_by("pk").values_list("pk", "balance_minor"))
    return balances, *(model.objects.count() for model in (Order, Voucher, Charge, Invoice, Dispute))


def bodies(world: World, order: str, charge: str) -> dict[str, dict[str, object]]:
    day = timezone.now().date().isoformat()
    return {
        "/quotes": asked(world, samples=1, services={}, schemes=[], purpose="", day=day, starts=None, ends=None),
        "/orders": asked(world, samples=1, expected="1.00", services={}, schemes=[], purpose="", day=day),
        f"/orders/{order}/use": {"started_at": day, "ended_at": day, "hours": "1", "samples": 1, "services": {}},
        "/vouchers": {"scheme": "v", "organisation": world.company.public_id, "amount": "1", "purpose": ""},
        "/schemes": {"code": "mine", "jurisdiction": world.home.code, "valid_from": day, "terms": {}, "name_en": "M"},
        "/schemes/v/try": {"year": 2026, "terms": {}},
        "/schemes/v/budgets": {"payer": world.home.code, "year": 2026, "amount": "1", "ground": ""},
        "/rates": {"owner": world.lab.public_id, "instrument": "", "valid_from": day, "rates": {}},
        f"/charges/{charge}/adjust": {"amount": "-1", "ground": "Because."},
        f"/charges/{charge}/dispute": {"text": "No."},
        "/invoices": {"provider": world.lab.public_id, "organisation": world.company.public_id, "currency": "CNY"},
        "/settlements": {"month": "2026-01", "currency": "CNY"},
    }


def test_no_odd_value_makes_the_server_fail(client, world):
    order, charge = charged(client, world)
    people = [Program(client, one) for one in (world.engineer, world.manager, world.officer)]
    wrong = []
    for path, body in bodies(world, order, charge).items():
        who = people[1] if path.startswith(("/rates", "/charges", "/invoices", f"/orders/{order}")) else people[0]
        who = people[2] if path.startswith(("/schemes", "/settlements")) else who
        for field, value in product(body, ODD):
            answer = who.answer("POST", path, body | {field: value})
            if answer.status_code >= 500 or (answer.status_code >= 400 and not answer.json().get("reasons")):
                wrong.append((path, field, repr(value)[:40], answer.status_code))
        wrong += [
            (path, "", repr(value)[:40], 500)
            for value in (*ODD, "not json")
            if who.answer("POST", path, value).status_code >= 500
        ]
    assert not wrong


def test_odd_ids_are_not_found(client, world):
    officer = Program(client, world.officer)
    for place, odd in product(
        ("orders", "claims", "invoices", "schemes"), ("%00", "nothing", "1", "%F0%9F%92%B0", "x" * 500)
    ):
        assert officer.answer("GET", f"/{place}/{odd}").status_code in (404, 422), (place, odd)


def test_what_is_sent_again_moves_money_once(client, world):
    _order, charge = charged(client, world)
    user, owner, officer = (Program(client, one) for one in (world.engineer, world.manager, world.officer))
    budget = {"payer": world.home.code, "year": 2026, "amount": "10.00"}
    for number, (who, path, body) in enumerate(
        (
            (user, "/orders", asked(world, hours="1")),
            (user, "/vouchers", {"scheme": "v", "organisation": world.company.public_id, "amount": "1.00"}),
            (officer, "/schemes/v/budgets", budget),
            (owner, f"/charges/{charge}/adjust", {"amount": "-10.00", "ground": "A broken hour."}),
        )
    ):
        before = money()
        first = who("POST", path, body, status=201, Idempotency_Key=f"key-{number}")
        after = money()
        assert after != before, path
        assert who("POST", path, body, status=201, Idempotency_Key=f"key-{number}") == first, path
        assert money() == after, path
        other = who("POST", path, body | {"extra": 1}, status=422, Idempotency_Key=f"key-{number}")
        assert other["reasons"][0]["code"] == "request.invalid", path
        if path != "/vouchers":  # one application waits at a time
            who("POST", path, body, status=201, Idempotency_Key=f"another-{number}")
            assert money() != after, path
    answer = user("POST", "/orders", asked(world, hours="2"), status=422, Idempotency_Key="key-0")
    assert answer["reasons"][0]["code"] == "request.key_used"


def test_others_neither_see_nor_move_what_is_not_theirs(client, world):
    order, charge = charged(client, world)
    owner, user = Program(client, world.manager), Program(client, world.engineer)
    invoice = owner(
        "POST", "/invoices", {"provider": world.lab.public_id, "organisation": world.company.public_id}, 201
    )
    dispute = user("POST", f"/charges/{charge}/dispute", {"text": "It stood still."}, status=201)["id"]
    claim = user("GET", f"/orders/{order}")["supports"][0]["claim"]
    voucher = user("GET", "/vouchers")["items"][0]["id"]
    foreign = make_user()  # manages another owner's instruments
    make_member(foreign, make_world(region=False).lab, "manager")
    others = [Program(client, one) for one in (make_user(), foreign, world.other_officer)]
    day = timezone.now().isoformat()
    tries = [
        ("GET", f"/orders/{order}", None),
        ("GET", f"/orders/{order}/decision", None),
        ("GET", f"/claims/{claim}", None),
        ("GET", f"/invoices/{invoice['id']}", None),
        ("POST", f"/orders/{order}/use", {"started_at": day, "ended_at": day}),
        ("POST", f"/orders/{order}/cancel", None),
        ("POST", f"/charges/{charge}/adjust", {"amount": "-1", "ground": "Mine."}),
        ("POST", f"/charges/{charge}/dispute", {"text": "Mine."}),
        ("POST", f"/disputes/{dispute}/answer", {"upheld": True, "answer": "Yes."}),
        ("POST", f"/claims/{claim}/submit", None),
        ("POST", f"/claims/{claim}/decide", {"verdict": "approve"}),
        ("POST", f"/vouchers/{voucher}/decide", {"issue": True}),
        ("POST", f"/invoices/{invoice['id']}/paid", None),
        ("POST", "/invoices", {"provider": world.lab.public_id, "organisation": world.company.public_id}),
        ("POST", "/rates", {"owner": world.lab.public_id, "valid_from": day[:10], "rates": {"currency": "CNY"}}),
        ("POST", "/schemes/v/budgets", {"payer": world.home.code, "year": 2026, "amount": "1"}),
    ]
    before, wrong = money(), []
    for number, who in enumerate(others):
        for method, path, body in tries:
            answer = who.answer(method, path, body)
            if answer.status_code not in (403, 404) or "2000.00" in answer.content.decode():
                wrong.append((number, method, path, answer.status_code, answer.content[:200]))
    assert not wrong
    assert money() == before
