"""Prices after support for a list of instruments: what hits show and are sorted by. Few queries, however many hits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from headwater.core.money import Money
from headwater.engines.terms import Rates, Scheme, Wanted, best_support, compiled, price
from headwater.engines.terms.conditions import facts_of
from headwater.engines.terms.quoting import reach_of
from headwater.registry.models import Instrument, InstrumentTechnique, Organisation, Tie
from headwater.support.facts import (
    ACADEMIC,
    Considered,
    budget_key,
    class_codes,
    considered,
    jurisdiction_tree,
    payers_of,
    rate_tables,
    rates_of,
    user_facts,
    zones_by_city,
)
from headwater.support.models import Account, CapUse

MOST = 1000


@dataclass(frozen=True, slots=True)
class HourPrice:
    """What an hour on an instrument costs, without and with the support there may be, in minor units."""

    currency: str
    gross_minor: int
    after_minor: int
    synthetic: bool


def _kind(organisation: Organisation | None, owner_id: int) -> str:
    if organisation is None:
        return "other"
    if organisation.pk == owner_id:
        return "internal"
    if organisation.kind in ACADEMIC:
        return "academic"
    return "company" if organisation.kind == "company" else "other"


def _hourly(rates: Rates, kind: str) -> int | None:
    """An hour's price at off-peak, without the minimum; of a shift its hour's part."""
    counted = price(replace(rates, minimum=0), Wanted(kind, hours=Decimal(1)))
    if not counted.decision.allowed():
        return None
    by_shift = counted.lines[0].per == "shift"
    return (
        Money(rates.currency, counted.total_minor).times(1 / rates.shift_hours).minor
        if by_shift
        else counted.total_minor
    )


class _Asked:
    """The schemes in force for one user, asked of many instruments."""

    def __init__(self, organisation: Organisation | None, day: date) -> None:
        self.organisation, self.day = organisation, day
        self.user = user_facts(organisation, day)
        found: Considered = considered(self.user, organisation, day)
        self.found = found
        probe = {**self.user, "order.day": day}
        self.schemes: list[Scheme] = []
        self.tests: dict[str, Any] = {}
        for one in found.schemes:
            terms = one.terms
            if terms.share is None or terms.delivery == "reward" or (terms.delivery == "voucher" and not one.voucher):
                continue
            if day < one.valid_from or (one.valid_to is not None and day > one.valid_to):
                continue
            eligible = compiled(terms.eligible)
            if all(name.startswith("user.") for name in facts_of(terms.eligible)) and not eligible(probe):
                continue  # nothing about an instrument can help
            excludes = tuple((compiled(part), frozenset(facts_of(part))) for part in terms.excludes)
            self.tests[one.code] = (eligible, compiled(terms.counts), excludes)
            self.schemes.append(one)
        self._balances()

    def _balances(self) -> None:
        codes = jurisdiction_tree().codes.values()
        keys = [budget_key(one.code, code, self.day.year, one.terms.currency) for one in self.schemes for code in codes]
        vouchers = [one.account.key for one in self.found.vouchers.values() if one.account]
        self.balance = dict(Account.objects.filter(key__in=keys + vouchers).values_list("key", "balance_minor"))
        rows = CapUse.objects.filter(
            year=self.day.year, scheme_id__in={self.found.versions[one.code].scheme_id for one in self.schemes}
        ).filter(Q(who="provider") | Q(who="user", organisation=self.organisation))
        self.used = {
            (scheme, who, org): minor
            for scheme, who, org, minor in rows.values_list("scheme_id", "who", "organisation_id", "used_minor")
        }
        self._kept: dict[tuple[int, str], list[Scheme]] = {}

    def schemes_for(self, provider_id: int, provider_home: str) -> list[Scheme]:
        """The schemes with what is left in them for orders at one provider."""
        key = (provider_id, provider_home)
        if key not in self._kept:
            self._kept[key] = [self._filled(one, provider_id, provider_home) for one in self.schemes]
        return self._kept[key]

    def _filled(self, one: Scheme, provider_id: int, provider_home: str) -> Scheme:
        version, voucher = self.found.versions[one.code], self.found.vouchers.get(one.code)
        payers = payers_of(one.terms, {**self.user, "provider.jurisdiction": provider_home}, one.home)
        lefts = [
            int(Decimal(self.balance.get(budget_key(one.code, code, self.day.year, one.terms.currency), 0)) / share)
            for code, share in payers.items()
        ]
        user_id = self.organisation.pk if self.organisation is not None else 0
        return replace(
            one,
            budget_left=min(lefts, default=0),
            voucher_left=self.balance.get(voucher.account.key, 0) if voucher and voucher.account else None,
            user_year_used=self.used.get((version.scheme_id, "user", user_id), 0),
            provider_year_used=self.used.get((version.scheme_id, "provider", provider_id), 0),
        )

    def support(self, provider_id: int, facts: Mapping[str, Any], gross: Money) -> int:
        reach = reach_of(facts)
        ends = {facts.get("user.jurisdiction"), facts.get("provider.jurisdiction")}
        schemes = self.schemes_for(provider_id, str(facts.get("provider.jurisdiction")))
        payable = []
        for one in schemes:
            eligible, counts, excludes = self.tests[one.code]
            payable.append(
                one.terms.currency == gross.currency
                and one.terms.reach in ("both", reach)
                and not ends.isdisjoint(one.within)
                and eligible(facts)
                and counts(facts)
                and not any(
                    test(facts) or (len(names) == 1 and facts.get(next(iter(names))) is None)
                    for test, names in excludes
                )
            )
        return best_support(schemes, payable, gross)


def hour_prices(
    keys: Sequence[int], organisation: Organisation | None, *, day: date, purpose: str = "development"
) -> dict[int, HourPrice]:
    """What an hour costs on each instrument of ``keys`` that has a price, for orders of an organisation.

    At most `MOST` instruments. Support is counted as for an order of one hour for ``purpose``; what a full quote would
    say may differ where a cap or the minimum bites. A fixed number of queries.
    """
    rows = list(
        Instrument.objects.filter(pk__in=list(keys)[:MOST]).values_list(
            "pk",
            "owner_id",
            "owner__public_id",
            "owner__kind",
            "city_id",
            "city__code",
            "city__jurisdiction__code",
            "access",
            "value_minor",
            "class_code__code",
        )
    )
    tables = rate_tables([(row[1], row[0]) for row in rows], day)
    if not tables:
        return {}
    techniques: dict[int, set[str]] = {}
    links = InstrumentTechnique.objects.filter(instrument_id__in=[row[0] for row in rows])
    for pk, code, parent in links.values_list("instrument_id", "technique__code", "technique__parent__code"):
        techniques.setdefault(pk, set()).update(filter(None, (code, parent)))
    asked = _Asked(organisation, day)
    related: set[int] = set()
    if organisation is not None:
        ties = Tie.objects.filter(Q(start=organisation) | Q(end=organisation), kind="ownership")
        related = {end for pair in ties.values_list("start_id", "end_id") for end in pair}
    zones = zones_by_city()
    found: dict[int, HourPrice] = {}
    hourly: dict[tuple[int, str], int | None] = {}
    for pk, owner, owner_id, owner_kind, city, city_code, home, access, value, class_code in rows:
        table = tables.get((owner, pk))
        if table is None:
            continue
        rates, kind = rates_of(table), _kind(organisation, owner)
        if (table.pk, kind) not in hourly:
            hourly[table.pk, kind] = _hourly(rates, kind)
        gross = hourly[table.pk, kind]
        if gross is None:
            continue
        facts = {
            **asked.user,
            "provider.organisation": owner_id,
            "provider.kind": owner_kind,
            "provider.jurisdiction": home,
            "provider.city": city_code,
            "provider.zones": zones.get(city, frozenset()),
            "instrument.value": value,
            "order.amount": gross,
            "order.access": access,
            "order.techniques": techniques.get(pk, set()),
            "order.classes": class_codes(class_code or ""),
            "order.purpose": purpose,
            "order.day": day,
            "order.related": owner in related or (organisation is not None and owner == organisation.pk),
            "order.cross_border": None if not asked.user else asked.user.get("user.jurisdiction") != home,
        }
        support = asked.support(owner, facts, Money(rates.currency, gross)) if asked.schemes else 0
        found[pk] = HourPrice(rates.currency, gross, gross - support, table.synthetic)
    return found
