"""Prices after support for a list of instruments: what hits show and are sorted by. Few queries, however many hits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q

from headwater.core.money import Money
from headwater.engines.terms import Rates, Scheme, Wanted, amount_of, best_support, compiled, price
from headwater.engines.terms.conditions import ALWAYS, facts_of
from headwater.engines.terms.quoting import reach_of
from headwater.registry.models import Instrument, InstrumentTechnique, Organisation, Tie
from headwater.support.book import jurisdiction_tree, rate_tables, zones_by_city
from headwater.support.facts import ACADEMIC, Considered, budget_key, class_codes, considered, payers_of, user_facts
from headwater.support.models import Account, CapUse

MOST = 1000
Test = Callable[[Mapping[str, Any]], bool]


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
    """The schemes in force for one user, asked of many instruments. What many instruments share is worked out once."""

    def __init__(self, organisation: Organisation | None, day: date, providers: Collection[int]) -> None:
        self.organisation, self.day = organisation, day
        self.user = user_facts(organisation, day)
        self.found: Considered = considered(self.user, organisation, day)
        probe = {**self.user, "order.day": day}
        self.schemes: list[Scheme] = []
        self.tests: list[tuple[Test, ...]] = []
        self.excludes: list[tuple[tuple[Test, frozenset[str]], ...]] = []
        for one in self.found.schemes:
            terms = one.terms
            if terms.share is None or terms.delivery == "reward" or (terms.delivery == "voucher" and not one.voucher):
                continue
            if day < one.valid_from or (one.valid_to is not None and day > one.valid_to):
                continue
            told = all(name.startswith("user.") for name in facts_of(terms.eligible))
            eligible = compiled(terms.eligible)
            if told and not eligible(probe):
                continue  # nothing about an instrument can help
            tests = [] if told else [eligible]
            if terms.counts != ALWAYS:
                tests.append(compiled(terms.counts))
            self.schemes.append(one)
            self.tests.append(tuple(tests))
            self.excludes.append(tuple((compiled(part), frozenset(facts_of(part))) for part in terms.excludes))
        self._balances(providers)
        self._open: dict[str | None, list[int]] = {}
        self._left: dict[tuple[str | None, int], list[Scheme]] = {}
        self._amounts: dict[tuple[str | None, int, Money], list[int]] = {}
        self._best: dict[tuple[tuple[int, ...], tuple[int, ...], Money], int] = {}

    def _balances(self, providers: Collection[int]) -> None:
        codes = jurisdiction_tree().codes.values()
        keys = [budget_key(one.code, code, self.day.year, one.terms.currency) for one in self.schemes for code in codes]
        self.balance = dict(Account.objects.filter(key__in=keys).values_list("key", "balance_minor")) if keys else {}
        rows = CapUse.objects.filter(
            year=self.day.year, scheme_id__in={self.found.versions[one.code].scheme_id for one in self.schemes}
        ).filter(Q(who="provider", organisation_id__in=providers) | Q(who="user", organisation=self.organisation))
        self.used = {
            (scheme, who, org): minor
            for scheme, who, org, minor in rows.values_list("scheme_id", "who", "organisation_id", "used_minor")
        }
        self.used_by = {org for _scheme, who, org in self.used if who == "provider"}

    def _filled(self, one: Scheme, provider_id: int, provider_home: str | None) -> Scheme:
        scheme_id, voucher = self.found.versions[one.code].scheme_id, self.found.vouchers.get(one.code)
        payers = payers_of(one.terms, {**self.user, "provider.jurisdiction": provider_home}, one.home)
        lefts = [
            int(Decimal(self.balance.get(budget_key(one.code, code, self.day.year, one.terms.currency), 0)) / share)
            for code, share in payers.items()
        ]
        user_id = self.organisation.pk if self.organisation is not None else 0
        return replace(
            one,
            budget_left=min(lefts, default=0),
            voucher_left=voucher.left_minor if voucher else None,
            user_year_used=self.used.get((scheme_id, "user", user_id), 0),
            provider_year_used=self.used.get((scheme_id, "provider", provider_id), 0),
        )

    def _amounts_at(self, provider_id: int, home: str | None, gross: Money) -> list[int]:
        """What each scheme could pay of ``gross`` at a provider; those who had nothing of any yet are all alike."""
        provider_id = provider_id if provider_id in self.used_by else 0
        found = self._amounts.get((home, provider_id, gross))
        if found is None:
            left = self._left.get((home, provider_id))
            if left is None:
                left = self._left[home, provider_id] = [self._filled(one, provider_id, home) for one in self.schemes]
            found = self._amounts[home, provider_id, gross] = [amount_of(one, gross) for one in left]
        return found

    def _reaching(self, home: str | None) -> list[int]:
        """The numbers of the schemes that reach an order with a provider in ``home``."""
        if home not in self._open:
            facts = {**self.user, "provider.jurisdiction": home}
            reach, ends = reach_of(facts), {self.user.get("user.jurisdiction"), home}
            self._open[home] = [
                number
                for number, one in enumerate(self.schemes)
                if one.terms.reach in ("both", reach) and not ends.isdisjoint(one.within)
            ]
        return self._open[home]

    def support(self, provider_id: int, facts: Mapping[str, Any], gross: Money) -> int:
        home = facts.get("provider.jurisdiction")
        amounts = self._amounts_at(provider_id, home, gross)
        paying = [
            number
            for number in self._reaching(home)
            if amounts[number]
            and all(test(facts) for test in self.tests[number])
            and not any(
                test(facts) or (len(names) == 1 and facts.get(next(iter(names))) is None)
                for test, names in self.excludes[number]
            )
        ]
        if len(paying) < 2:
            return min(gross.minor, sum(amounts[number] for number in paying))
        could = tuple(amounts[number] for number in paying)
        found = self._best.get((tuple(paying), could, gross))
        if found is None:
            found = best_support([self.schemes[number] for number in paying], could, gross.minor)
            self._best[tuple(paying), could, gross] = found
        return found


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
    asked = _Asked(organisation, day, {owner for owner, _instrument in tables})
    related: set[int] = set()
    if organisation is not None:
        ties = Tie.objects.filter(Q(start=organisation) | Q(end=organisation), kind="ownership")
        related = {end for pair in ties.values_list("start_id", "end_id") for end in pair}
    zones = zones_by_city()
    found: dict[int, HourPrice] = {}
    hourly: dict[tuple[int, str], int | None] = {}
    for pk, owner, owner_id, owner_kind, city, city_code, home, access, value, class_code in rows:
        if (owner, pk) not in tables:
            continue
        table, rates = tables[owner, pk]
        kind = _kind(organisation, owner)
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
