"""Reads what a change of a scheme would have done to the orders of a year, without writing anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from headwater.core.money import Money
from headwater.engines.terms import Scheme, Terms, quote
from headwater.support.book import jurisdiction_tree
from headwater.support.models import Order, Scheme as StoredScheme
from headwater.support.quotes import facts_from_json

MOST_ORDERS = 20_000


@dataclass(frozen=True, slots=True)
class Tryout:
    """Orders looked at, how many the scheme paid for and would have paid for, how much, and why not, by reason."""

    orders: int
    paid_orders: int
    paid_minor: int
    would_orders: int
    would_minor: int
    users_more: int
    users_less: int
    why_not: Mapping[str, int]
    cut: bool


def try_terms(stored: StoredScheme | None, code: str, home: Any, terms: Terms, year: int) -> Tryout:
    """Ask the draft ``terms`` of every charged order of ``year``, one after the other, caps of the year counted.

    The draft is asked alone: budgets, vouchers and what other schemes paid are left out of it. A voucher is taken as
    held by everybody.
    """
    tree = jurisdiction_tree()
    orders = Order.objects.filter(state="charged", day__year=year).prefetch_related("supports__version", "charges")
    rows = list(orders.order_by("day", "pk")[: MOST_ORDERS + 1])
    used: Counter[tuple[str, str]] = Counter()
    why: Counter[str] = Counter()
    paid_orders = paid = would_orders = would = 0
    more, less = set[str](), set[str]()
    draft = Scheme(
        code=code,
        version=f"{code}/draft",
        terms=terms,
        valid_from=date(year, 1, 1),
        valid_to=date(year, 12, 31),
        home=home.code,
        within=tree.within.get(home.pk, frozenset({home.code})),
        voucher="draft" if terms.delivery == "voucher" else "",
    )
    for order in rows[:MOST_ORDERS]:
        facts = facts_from_json(order.quote["facts"])
        gross = next((one.gross_minor for one in order.charges.all() if one.kind == "usage"), order.gross_minor)
        user, provider = str(facts.get("user.organisation") or ""), str(facts.get("provider.organisation") or "")
        asked = replace(draft, user_year_used=used["user", user], provider_year_used=used["provider", provider])
        said = quote([asked], facts, Money(order.currency, gross))
        offer = said.offers[0]
        had = sum(one.used_minor for one in order.supports.all() if stored and one.version.scheme_id == stored.pk)
        paid, paid_orders = paid + had, paid_orders + bool(had)
        would, would_orders = would + offer.pays_minor, would_orders + bool(offer.pays_minor)
        used["user", user] += offer.pays_minor
        used["provider", provider] += offer.pays_minor
        if offer.pays_minor > had:
            more.add(user)
        elif offer.pays_minor < had:
            less.add(user)
        why.update(one.code for one in offer.decision.reasons if not offer.pays_minor and one.weight != "note")
    return Tryout(
        min(len(rows), MOST_ORDERS),
        paid_orders,
        paid,
        would_orders,
        would,
        len(more),
        len(less),
        dict(why.most_common()),
        len(rows) > MOST_ORDERS,
    )
