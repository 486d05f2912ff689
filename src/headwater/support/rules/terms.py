"""When terms may be published and budgets changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from headwater.core.decision import Decision, Reason
from headwater.support.rules.parties import Party, may_office, when


@dataclass(frozen=True, slots=True)
class DatesFacts:
    """When a new version is to hold."""

    valid_from: date
    valid_to: date | None
    today: date
    last_from: date | None


def may_publish(facts: DatesFacts) -> Decision:
    """Say whether a version may be published: never for days gone by, whose decisions stand."""
    found = when(facts.valid_from < facts.today, "version.in_the_past", day=facts.valid_from.isoformat())
    if facts.valid_to is not None and facts.valid_to < facts.valid_from:
        found += Decision((Reason("version.dates_reversed"),))
    if facts.last_from is not None and facts.valid_from < facts.last_from:
        found += Decision((Reason("version.before_the_last", facts={"day": facts.last_from.isoformat()}),))
    return found


@dataclass(frozen=True, slots=True)
class FundFacts:
    """Money to be put into a budget, or taken out of it."""

    jurisdiction_id: int
    amount_minor: int
    balance_minor: int


def may_fund(facts: FundFacts, party: Party) -> Decision:
    """Say whether a budget may be changed by so much."""
    decision = may_office(facts.jurisdiction_id, party)
    decision += when(facts.amount_minor == 0, "budget.nothing")
    return decision + when(
        facts.balance_minor + facts.amount_minor < 0, "budget.too_little", have=facts.balance_minor / 100
    )
