"""Gathers what quotes and rules need to know: who asks, what it costs, which schemes are in force, what is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from headwater.accounts.models import Grant, Role
from headwater.core.decision import Decision, Reason, Weight
from headwater.core.money import Money
from headwater.engines.terms import Price, Rates, Scheme, Terms, Wanted, peak_hours, price, quote
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument, Jurisdiction, Organisation
from headwater.support.book import book_at, home_currency, jurisdiction_tree, tables_by_id, zones_by_city
from headwater.support.models import RateTable, SchemeVersion
from headwater.support.quotes import HeldVoucher, OrderWanted, Quoted
from headwater.support.rules import NOBODY, OrderFacts, Party, says_order
from headwater.support.standing import Standing, left_in, standing_for

ACADEMIC = frozenset({"university", "research_institute", "laboratory", "hospital", "education"})
HOURS = Decimal("0.0001")


# Who asks -------------------------------------------------------------------------------------------------------
def party_of(user: Any, *, token_scopes: list[str] | None = None) -> Party:
    """The party that a request's user is; three queries for a signed-in one."""
    viewer = viewer_of(user, token_scopes=token_scopes)
    if viewer.user_id is None:
        return NOBODY
    scopes = Grant.objects.filter(user_id=viewer.user_id, role=Role.JURISDICTION_OFFICER).values("scope")
    offices = frozenset(Jurisdiction.objects.filter(public_id__in=scopes).values_list("pk", flat=True))
    return Party(viewer.user_id, viewer.operator, viewer.memberships, offices, viewer.may_write)


def user_kind(organisation: Organisation | None, provider: Organisation) -> str:
    """Which rates hold for her."""
    if organisation is None:
        return "other"
    if organisation.pk == provider.pk:
        return "internal"
    if organisation.kind in ACADEMIC:
        return "academic"
    return "company" if organisation.kind == "company" else "other"


def _age_years(organisation: Organisation, founded: date | None, day: date) -> Decimal | None:
    if founded is not None:
        return Decimal((day - founded).days) / Decimal("365.25")
    text = organisation.founded[:4]
    return Decimal(day.year - int(text)) if text.isdigit() else None


def user_facts(organisation: Organisation | None, day: date) -> dict[str, Any]:
    """What is known of the user's organisation: its registration first, then the record."""
    if organisation is None:
        return {}
    declared = getattr(organisation, "registration", None)
    if declared is not None and declared.valid_to is not None and declared.valid_to < day:
        declared = None
    size = (declared.size_class if declared else "") or organisation.size_class
    return {
        "user.organisation": organisation.public_id,
        "user.jurisdiction": jurisdiction_tree().codes.get(organisation.city.jurisdiction_id),
        "user.city": organisation.city.code,
        "user.zones": zones_by_city().get(organisation.city_id, frozenset()),
        "user.kind": organisation.kind,
        "user.size": size or None,
        "user.age_years": _age_years(organisation, declared.founded if declared else None, day),
        "user.sectors": frozenset(declared.sectors) if declared else None,
        "user.high_tech": declared.high_tech if declared else None,
    }


def provider_facts(provider: Organisation, instrument: Instrument | None) -> dict[str, Any]:
    place = instrument.city if instrument is not None else provider.city
    return {
        "provider.organisation": provider.public_id,
        "provider.jurisdiction": jurisdiction_tree().codes.get(place.jurisdiction_id),
        "provider.city": place.code,
        "provider.zones": zones_by_city().get(place.pk, frozenset()),
        "provider.kind": provider.kind,
    }


def class_codes(code: str) -> frozenset[str]:
    """A class and all it lies in: 010203, 0102, 01."""
    return frozenset(code[:length] for length in range(2, len(code) + 1, 2)) | {code} if code else frozenset()


def _order_facts(wanted: OrderWanted, found: Mapping[str, Any], standing: Standing) -> dict[str, Any]:
    instrument = wanted.instrument
    user, provider = found.get("user.jurisdiction"), found.get("provider.jurisdiction")
    code = instrument.class_code.code if instrument is not None and instrument.class_code_id else ""
    return {
        "order.techniques": standing.techniques,
        "order.classes": class_codes(code),
        "order.access": instrument.access if instrument is not None else None,
        "order.purpose": wanted.purpose or None,
        "order.cross_border": None if user is None or provider is None else user != provider,
        "order.related": standing.related,
        "order.day": wanted.day,
        "instrument.value": instrument.value_minor if instrument is not None else None,
    }


def zone_of(wanted: OrderWanted) -> ZoneInfo:
    place = wanted.instrument.city if wanted.instrument is not None else wanted.provider.city
    return ZoneInfo(place.timezone)


def amounts_of(wanted: OrderWanted, rates: Rates | None, kind: str) -> Wanted:
    hours, peak = wanted.hours, Decimal(0)
    if wanted.starts is not None and wanted.ends is not None:
        hours = (Decimal(round((wanted.ends - wanted.starts).total_seconds())) / 3600).quantize(HOURS)
        if rates is not None:
            zone = zone_of(wanted)
            peak = peak_hours(rates, wanted.starts.astimezone(zone), wanted.ends.astimezone(zone))
    return Wanted(kind, hours, peak, wanted.samples, wanted.setups, dict(wanted.services))


# Schemes --------------------------------------------------------------------------------------------------------
def payers_of(terms: Terms, facts: Mapping[str, Any], home: str) -> dict[str, Decimal]:
    """Which jurisdictions pay an order under the terms, each with its share; none where one is not known."""
    ends = {
        "user_home": facts.get("user.jurisdiction"),
        "provider_home": facts.get("provider.jurisdiction"),
        "scheme_home": home,
    }
    found: dict[str, Decimal] = {}
    for who, share in terms.pays:
        if (code := ends[who]) is None:
            return {}
        found[code] = found.get(code, Decimal(0)) + share
    return found


def budget_key(scheme: str, payer: str, year: int, currency: str) -> str:
    return f"budget:{scheme}:{payer}:{year}:{currency}"


def _left(payers: Mapping[str, Decimal], balances: Mapping[str, int]) -> int:
    """How much an order may take so that each payer's share fits its budget."""
    if not payers:
        return 0
    return min(int(Decimal(balances.get(code, 0)) / share) for code, share in payers.items())


@dataclass(frozen=True, slots=True)
class Considered:
    """The schemes in force for an order before what is left in them is known."""

    schemes: tuple[Scheme, ...]
    versions: Mapping[str, SchemeVersion]
    vouchers: Mapping[str, HeldVoucher]
    payers: Mapping[str, Mapping[str, Decimal]]


def considered(
    facts: Mapping[str, Any], organisation: Organisation | None, day: date, standing: Standing | None = None
) -> Considered:
    """Every scheme in force on ``day``; a voucher brings the version that it was issued under. One query, or none where
    what stands is known already."""
    if standing is None:
        standing = standing_for(organisation, day)
    book = book_at(standing.stamp)
    held = {one.version.scheme.code: one for one in book.in_force(day)}
    vouchers: dict[str, HeldVoucher] = {}
    for voucher in standing.vouchers:  # the one that lapses first comes last
        one = book.held[voucher.version_id]
        vouchers[one.version.scheme.code] = voucher
        held[one.version.scheme.code] = one
    schemes, payers = [], {}
    for code, one in sorted(held.items()):
        voucher_id = vouchers[code].public_id if code in vouchers else ""
        payers[code] = payers_of(one.terms, facts, one.home)
        schemes.append(
            Scheme(
                code=code,
                version=f"{code}/{one.version.number}",
                terms=one.terms,
                valid_from=one.version.valid_from,
                # A voucher issued in time is good until it lapses, even where the scheme has ended.
                valid_to=None if voucher_id else one.version.valid_to,
                home=one.home,
                within=one.within,
                verified=one.version.verified,
                source=one.source,
                voucher=voucher_id,
            )
        )
    return Considered(tuple(schemes), {code: one.version for code, one in held.items()}, vouchers, payers)


def with_balances(
    found: Considered, organisation: Organisation | None, provider: Organisation, day: date
) -> tuple[Scheme, ...]:
    """The schemes with what is left in budgets, vouchers and caps; one query."""
    known, used = left_in(_source_keys(found, day), organisation, provider, day)
    filled = []
    for one in found.schemes:
        scheme_id, voucher = found.versions[one.code].scheme_id, found.vouchers.get(one.code)
        left = {
            payer: known.get(budget_key(one.code, payer, day.year, one.terms.currency), 0)
            for payer in found.payers[one.code]
        }
        filled.append(
            replace(
                one,
                budget_left=_left(found.payers[one.code], left),
                voucher_left=known.get(voucher.account, 0) if voucher else None,
                user_year_used=used.get((scheme_id, "user"), 0),
                provider_year_used=used.get((scheme_id, "provider"), 0),
            )
        )
    return tuple(filled)


def _source_keys(found: Considered, day: date) -> list[str]:
    """The keys of the accounts that an order may take money from."""
    keys = [
        budget_key(one.code, payer, day.year, one.terms.currency)
        for one in found.schemes
        for payer in found.payers[one.code]
    ]
    return keys + [one.account for one in found.vouchers.values()]


# Quotes ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Gathered:
    """Facts and price of an order, and what stood when they were read; what is left in schemes apart."""

    standing: Standing
    facts: Mapping[str, Any]
    table: RateTable | None
    amounts: Wanted
    price: Price


def gather(wanted: OrderWanted) -> Gathered:
    """Facts and price of an order, schemes apart; one query, where its rates were read before."""
    standing = standing_for(wanted.organisation, wanted.day, wanted.provider, wanted.instrument)
    found = user_facts(wanted.organisation, wanted.day) | provider_facts(wanted.provider, wanted.instrument)
    found |= _order_facts(wanted, found, standing)
    table, rates = tables_by_id([standing.table])[standing.table] if standing.table else (None, None)
    amounts = amounts_of(wanted, rates, user_kind(wanted.organisation, wanted.provider))
    if rates is None:
        counted = Price(home_currency(), (), 0, Decision((Reason("rates.none", Weight.NOTE),)))
    else:
        counted = price(rates, amounts)
    found["order.amount"] = counted.total_minor
    return Gathered(standing, found, table, amounts, counted)


def quote_for(wanted: OrderWanted) -> Quoted:
    """A quote as things stand, without holding anything."""
    gathered = gather(wanted)
    schemes = considered(gathered.facts, wanted.organisation, wanted.day, gathered.standing)
    filled = with_balances(schemes, wanted.organisation, wanted.provider, wanted.day)
    return assemble(wanted, gathered, schemes, filled)


def assemble(wanted: OrderWanted, gathered: Gathered, found: Considered, filled: Sequence[Scheme]) -> Quoted:
    counted = gathered.price
    said = quote(filled, gathered.facts, Money(counted.currency, counted.total_minor), wanted.schemes)
    return Quoted(
        wanted,
        gathered.facts,
        gathered.amounts,
        gathered.table,
        counted,
        tuple(filled),
        said,
        found.versions,
        found.vouchers,
    )


def order_facts(quoted: Quoted, expected_minor: int | None) -> OrderFacts:
    """What decides whether an order may be placed by a quote."""
    asked = quoted.wanted.schemes or ()
    known = {one.scheme for one in quoted.quote.offers}
    paying = {one.scheme for one in quoted.quote.offers if one.pays_minor}
    return OrderFacts(
        organisation_id=quoted.wanted.organisation.pk if quoted.wanted.organisation else None,
        priced=quoted.decision,
        expected_minor=expected_minor,
        now_minor=quoted.quote.pays_now_minor,
        unknown_schemes=tuple(code for code in asked if code not in known),
        not_paying=tuple(code for code in asked if code in known and code not in paying),
    )


def order_decision(quoted: Quoted, expected_minor: int | None) -> Decision:
    """What a quote says against an order, whoever asks."""
    return says_order(order_facts(quoted, expected_minor))
