"""From a quote to a settled claim: what is reserved, charged, given back, and how the ledger stands."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.support.records import (
    DAY,
    NOW,
    World,
    add_papers,
    later,
    make_budget,
    make_scheme,
    make_voucher,
    make_world,
)

from headwater.accounts.audit import Actor
from headwater.core.decision import Refused
from headwater.support.actions.claims import decide_claim, lapse_claims, submit_claim
from headwater.support.actions.orders import place_order
from headwater.support.actions.settlement import settle
from headwater.support.actions.usage import Usage, release_order, use_order
from headwater.support.facts import quote_for
from headwater.support.models import Account, CapUse, Charge, Claim, Due, Posting, ServiceRecord

pytestmark = pytest.mark.django_db
USED = Usage(NOW, NOW + timedelta(hours=4))


@pytest.fixture
def world() -> World:
    return make_world()


def balances(*, nothing: bool = False) -> dict[str, int]:
    """Each account's balance by the first part of its key."""
    found: dict[str, int] = {}
    for one in Account.objects.all():
        kind = one.key.split(":")[0]
        found[kind] = found.get(kind, 0) + one.balance_minor
    return {kind: minor for kind, minor in found.items() if minor or nothing}


def order(world: World, **more):
    return place_order(world.wanted(), world.party(world.engineer), by=world.by, at=NOW, **more)


def test_cross_border_order_is_paid_in_part_claimed_and_settled(world):
    version = make_scheme(world.country)
    make_budget(version, world.home, 1_000_000)
    make_voucher(world, version, 500_000)
    quoted = quote_for(world.wanted())
    assert (quoted.quote.gross_minor, quoted.quote.pays_now_minor) == (200_000, 100_000)
    placed = order(world, expected_minor=100_000)
    assert balances() == {"treasury": -1_000_000, "budget": 500_000, "voucher": 400_000, "reserved": 100_000}
    use_order(placed.subject, USED, by=Actor(world.manager, "api"), at=later(hours=5))
    charge = Charge.objects.get()
    assert (charge.gross_minor, charge.supported_minor, charge.user_minor) == (200_000, 100_000, 100_000)
    assert (balances()["claimable"], balances()["customer"], balances()["income"]) == (100_000, 100_000, -200_000)
    claim = Claim.objects.get()
    assert (claim.organisation, claim.amount_minor) == (world.company, 100_000)
    add_papers(world, claim)
    submit_claim(claim.public_id, world.party(world.engineer), by=world.by, at=later(days=1))
    decide_claim(
        claim.public_id, "approve", "", world.party(world.officer), by=Actor(world.officer, "page"), at=later(days=2)
    )
    due = Due.objects.get()
    assert (due.debtor, due.creditor, due.amount_minor) == (world.home, world.abroad, 100_000)
    settlement = settle(DAY, "CNY", world.party(world.officer), by=Actor(world.officer, "page"), at=later(days=30))
    assert settlement.lines.filter(kind="transfer").get().amount_minor == 100_000
    found = balances(nothing=True)
    assert (found["payable"], found["receivable"], found["clearing"]) == (0, 0, 0)
    assert sum(Posting.objects.values_list("amount_minor", flat=True)) == 0
    assert ServiceRecord.objects.get().cross_border is True


def test_company_that_is_no_small_one_is_told_what_would_help(world):
    make_budget(make_scheme(world.country), world.home, 1_000_000)
    world.company.size_class = "large"
    world.company.save()
    offer = quote_for(world.wanted()).quote.offers[0]
    assert offer.decision.codes == ("terms.fact_not_among", "scheme.voucher_missing")
    assert offer.pays_minor == 0


def test_order_within_one_province_gets_no_cross_border_support(world):
    make_budget(make_scheme(world.country, {"delivery": "refund"}), world.home, 1_000_000)
    world.company.city = world.lab.city
    world.company.save()
    assert quote_for(world.wanted()).quote.offers[0].decision.codes == (
        "scheme.only_cross_border",
        "scheme.nothing_left",
    )


def test_cancelling_restores_every_balance_and_cap(world):
    version = make_scheme(world.country, {"delivery": "refund"})
    make_budget(version, world.home, 150_000)
    before = balances()
    placed = order(world)
    assert balances()["budget"] == 50_000
    assert CapUse.objects.get(who="user").used_minor == 100_000
    release_order(placed.subject, by=world.by, at=NOW)
    release_order(placed.subject, by=world.by, at=NOW)  # a second time changes nothing
    assert balances() == before
    assert set(CapUse.objects.values_list("used_minor", flat=True)) == {0}


def test_late_cancellation_costs_by_the_owner_s_rates(world):
    placed = order(world)
    release_order(placed.subject, hours_before=Decimal(3), by=world.by, at=NOW)
    charge = Charge.objects.get()
    assert (charge.kind, charge.user_minor) == ("late_cancel", 100_000)
    assert balances() == {"customer": 100_000, "income": -100_000}


def test_usage_shorter_than_ordered_gives_the_rest_back(world):
    version = make_scheme(world.country, {"delivery": "refund"})
    make_budget(version, world.home, 150_000)
    placed = order(world)
    use_order(placed.subject, Usage(NOW, NOW + timedelta(hours=1)), by=world.by, at=later(hours=2))
    assert (balances()["budget"], balances()["claimable"]) == (125_000, 25_000)
    assert CapUse.objects.get(who="provider").used_minor == 25_000
    assert Charge.objects.get().user_minor == 50_000


def test_usage_longer_than_ordered_is_charged_but_supported_as_reserved(world):
    version = make_scheme(world.country, {"delivery": "refund"})
    make_budget(version, world.home, 1_000_000)
    placed = order(world)
    use_order(placed.subject, Usage(NOW, NOW + timedelta(hours=10)), by=world.by, at=later(hours=11))
    assert (Charge.objects.get().gross_minor, balances()["claimable"]) == (500_000, 100_000)


def test_charging_twice_charges_once(world):
    placed = order(world)
    for _time in range(2):
        use_order(placed.subject, USED, by=world.by, at=later(hours=5))
    assert Charge.objects.count() == 1


def test_changed_price_refuses_and_reserves_nothing(world):
    make_budget(make_scheme(world.country, {"delivery": "voucher"}), world.home, 1_000_000)
    with pytest.raises(Refused) as refused:
        order(world, expected_minor=100_000)
    assert refused.value.decision.codes == ("order.price_changed",)
    assert "reserved" not in balances()


def test_claim_above_the_threshold_needs_two_officers(world):
    version = make_scheme(world.country, {"delivery": "refund", "four_eyes_above": "500.00", "documents": ["report"]})
    make_budget(version, world.home, 1_000_000)
    placed = order(world)
    use_order(placed.subject, USED, by=world.by, at=later(hours=5))
    claim = Claim.objects.get()
    add_papers(world, claim, ("report",))
    submit_claim(claim.public_id, world.party(world.engineer), by=world.by, at=later(days=1))

    def approve(user):
        decide_claim(claim.public_id, "approve", "", world.party(user), by=Actor(user, "page"), at=later(days=2))
        claim.refresh_from_db()

    approve(world.officer)
    assert claim.state == "second"
    with pytest.raises(Refused) as refused:
        approve(world.officer)
    assert refused.value.decision.codes == ("claim.same_eyes",)
    with pytest.raises(Refused) as refused:
        approve(world.other_officer)
    assert refused.value.decision.codes == ("office.not_yours",)
    approve(world.second)
    assert (claim.state, balances()["paid"]) == ("paid", 100_000)


def test_refused_claim_is_the_user_s_to_pay(world):
    version = make_scheme(world.country)
    make_budget(version, world.home, 1_000_000)
    make_voucher(world, version, 500_000)
    placed = order(world)
    use_order(placed.subject, USED, by=world.by, at=later(hours=5))
    claim = Claim.objects.get()
    add_papers(world, claim)
    submit_claim(claim.public_id, world.party(world.engineer), by=world.by, at=later(days=1))
    by = Actor(world.officer, "page")
    decide_claim(claim.public_id, "refuse", "No report.", world.party(world.officer), by=by, at=later(days=2))
    found = balances()
    assert (found["customer"], found["voucher"], found.get("claimable", 0)) == (200_000, 500_000, 0)
    assert CapUse.objects.get(who="user").used_minor == 0
    assert Charge.objects.get(kind="adjustment").user_minor == 100_000


def test_claim_not_handed_in_lapses(world):
    version = make_scheme(world.country, {"delivery": "refund", "claim_days": 10})
    make_budget(version, world.home, 1_000_000)
    placed = order(world)
    use_order(placed.subject, USED, by=world.by, at=later(hours=5))
    assert (lapse_claims(at=later(days=9)), lapse_claims(at=later(days=12)), lapse_claims(at=later(days=13))) == (
        0,
        1,
        0,
    )
    assert balances()["budget"] == 1_000_000


def test_missing_documents_are_all_named(world):
    version = make_scheme(world.country, {"delivery": "refund"})
    make_budget(version, world.home, 1_000_000)
    placed = order(world)
    use_order(placed.subject, USED, by=world.by, at=later(hours=5))
    with pytest.raises(Refused) as refused:
        submit_claim(Claim.objects.get().public_id, world.party(world.engineer), by=world.by, at=later(days=1))
    assert [one.facts["document"] for one in refused.value.decision.reasons] == ["contract", "invoice", "report"]


def test_month_is_settled_once_and_only_when_over(world):
    by, party = Actor(world.officer, "page"), world.party(world.officer)
    with pytest.raises(Refused) as refused:
        settle(date(2026, 3, 1), "CNY", party, by=by, at=NOW)
    assert refused.value.decision.codes == ("settlement.month_not_over", "settlement.nothing")
