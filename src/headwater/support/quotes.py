"""What is asked for and what was answered: orders wanted, quotes, and a stored quote made again by its own rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from headwater.core.decision import Decision
from headwater.core.money import Money
from headwater.engines.terms import FACTS, FactKind, Price, Quote, Scheme, Wanted, price, quote
from headwater.registry.models import Instrument, Organisation
from headwater.support.book import jurisdiction_tree, rates_of, source_of, terms_of
from headwater.support.models import RateTable, SchemeVersion


@dataclass(frozen=True, slots=True)
class OrderWanted:
    """What somebody wants a quote for, or orders. ``day`` decides which rules hold; ``schemes`` None: the best.

    With ``starts`` and ``ends`` the hours and peak hours follow from them.
    """

    provider: Organisation
    instrument: Instrument | None
    organisation: Organisation | None
    day: date
    starts: datetime | None = None
    ends: datetime | None = None
    hours: Decimal = Decimal(0)
    samples: int = 0
    setups: int = 0
    services: Mapping[str, int] = field(default_factory=dict)
    purpose: str = ""
    schemes: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class HeldVoucher:
    """A voucher somebody may pay with, as a quote needs it; keys are the database's."""

    key: int
    public_id: str
    version_id: int
    payer: str
    account: str
    currency: str
    left_minor: int


@dataclass(frozen=True, slots=True)
class Quoted:
    """A quote with all it rests on; ``as_json`` is what an order keeps, `requote` makes the quote again of it."""

    wanted: OrderWanted
    facts: Mapping[str, Any]
    amounts: Wanted
    table: RateTable | None
    price: Price
    schemes: tuple[Scheme, ...]
    quote: Quote
    versions: Mapping[str, SchemeVersion]
    vouchers: Mapping[str, HeldVoucher]

    @property
    def decision(self) -> Decision:
        return self.price.decision

    def as_json(self) -> dict[str, Any]:
        return {
            "facts": facts_as_json(self.facts),
            "wanted": {
                "user_kind": self.amounts.user_kind,
                "hours": str(self.amounts.hours),
                "peak_hours": str(self.amounts.peak_hours),
                "samples": self.amounts.samples,
                "setups": self.amounts.setups,
                "services": dict(self.amounts.services),
            },
            "rate_table": self.table.pk if self.table else None,
            "lines": [line.as_json() for line in self.price.lines],
            "only": list(self.wanted.schemes) if self.wanted.schemes is not None else None,
            "schemes": [
                {
                    "version": self.versions[one.code].pk,
                    "budget_left": one.budget_left,
                    "voucher": one.voucher,
                    "voucher_left": one.voucher_left,
                    "user_year_used": one.user_year_used,
                    "provider_year_used": one.provider_year_used,
                }
                for one in self.schemes
            ],
            "quote": self.quote.as_json(),
        }


def facts_as_json(facts: Mapping[str, Any]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, frozenset):
            return sorted(value)
        return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value

    return {name: plain(value) for name, value in facts.items()}


def facts_from_json(stored: Mapping[str, Any]) -> dict[str, Any]:
    read = {
        FactKind.WORDS: frozenset,
        FactKind.DAY: date.fromisoformat,
        FactKind.NUMBER: lambda value: Decimal(str(value)),
    }
    return {
        name: value if value is None or FACTS[name] not in read else read[FACTS[name]](value)
        for name, value in stored.items()
        if name in FACTS
    }


def requote(stored: Mapping[str, Any], versions: Mapping[int, SchemeVersion], table: RateTable | None) -> Quote:
    """A stored quote made again by the rules of its day from the facts of its day."""
    tree = jurisdiction_tree()
    facts = facts_from_json(stored["facts"])
    given = stored["wanted"]
    amounts = Wanted(
        given["user_kind"],
        Decimal(given["hours"]),
        Decimal(given["peak_hours"]),
        given["samples"],
        given["setups"],
        given["services"],
    )
    gross = price(rates_of(table), amounts).total_minor if table else 0
    schemes = []
    for one in stored["schemes"]:
        version = versions[one["version"]]
        home = version.scheme.jurisdiction
        schemes.append(
            Scheme(
                version.scheme.code,
                f"{version.scheme.code}/{version.number}",
                terms_of(version),
                version.valid_from,
                None if one["voucher"] else version.valid_to,
                home.code,
                tree.within.get(home.pk, frozenset({home.code})),
                version.verified,
                source_of(version),
                one["budget_left"],
                one["voucher"],
                one["voucher_left"],
                one["user_year_used"],
                one["provider_year_used"],
            )
        )
    return quote(schemes, facts, Money(stored["quote"]["currency"], gross), stored["only"])


def same_answer(again: Quote, stored: Mapping[str, Any]) -> bool:
    """Whether a quote made again says what the stored one said; how a law's title is written may have been mended."""
    return _without_titles(again.as_json()) == _without_titles(stored)


def _without_titles(said: Mapping[str, Any]) -> dict[str, Any]:
    offers = []
    for one in said["offers"]:
        reasons = [row | {"source": ""} for row in one["decision"]["reasons"]]
        offers.append(one | {"decision": one["decision"] | {"reasons": reasons}})
    return dict(said) | {"offers": offers}
