"""What the demo has beside the region: officers of each province, and made-up money in the budgets."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import SYSTEM
from headwater.core.money import Money
from headwater.registry.models import Jurisdiction
from headwater.support.actions.ledger import of_scheme
from headwater.support.actions.terms import fund_budget
from headwater.support.book import terms_of, versions_in_force
from headwater.support.models import Account, AccountKind

BUDGET_MINOR = 5_000_000_00
GROUND = "合成的预算，非真实资金 Synthetic: made-up money of the demo"


@transaction.atomic
def fund_demo(*, at: datetime) -> int:
    """Put made-up money into this year's budget of every scheme that knows its share, once; says how many."""
    provinces = list(Jurisdiction.objects.filter(kind="province").order_by("pk"))
    made = 0
    for version in versions_in_force(at.date()):
        terms = terms_of(version)
        if terms.share is None:
            continue
        home = version.scheme.jurisdiction
        for payer in provinces if home.kind == "country" else [home]:
            key = of_scheme(AccountKind.BUDGET, version.scheme, payer, at.year, terms.currency).key
            if not Account.objects.filter(key=key).exists():
                amount = Money(terms.currency, BUDGET_MINOR)
                fund_budget(version.scheme, payer, at.year, amount, None, ground=GROUND, by=SYSTEM, at=at)
                made += 1
    return made
