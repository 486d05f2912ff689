"""Gathers what quotes and rules need to know: who asks, what it costs, which schemes are in force, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.cache import caches
from django.db.models import Q

from headwater.accounts.models import Grant, Role
from headwater.core.decision import Decision, Reason, Weight
from headwater.core.money import Money
from headwater.engines.terms import (
    FACTS,
    FactKind,
    Price,
    Quote,
    Rates,
    Scheme,
    Terms,
    Wanted,
    peak_hours,
    price,
    quote,
    read_rates,
    read_terms,
)
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument, InstrumentTechnique, Jurisdiction, Organisation, Tie, Zone
from headwater.registry.queries import region
from headwater.support.models import Account, CapUse, RateTable, SchemeVersion, Voucher
from headwater.support.rules import NOBODY, OrderFacts, Party, says_order

KEPT_S = 60
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


# What is read once ----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class JurisdictionTree:
    """Jurisdictions by key: code, and the codes of those that lie within (itself among them)."""

    codes: Mapping[int, str]
    within: Mapping[int, frozenset[str]]


def jurisdiction_tree() -> JurisdictionTree:
    """The jurisdictions, read once a minute and process."""
    kept: JurisdictionTree | None = caches["local"].get("support.jurisdictions")
    if kept is None:
        rows = list(Jurisdiction.objects.values_list("pk", "code", "parent_id"))
        parents = {pk: parent for pk, _code, parent in rows}
        codes = {pk: code for pk, code, _parent in rows}
        within: dict[int, set[str]] = {pk: set() for pk in codes}
        for pk in codes:
            at: int | None = pk
            while at is not None:
                within[at].add(codes[pk])
                at = parents[at]
        kept = JurisdictionTree(codes, {pk: frozenset(found) for pk, found in within.items()})
        caches["local"].set("support.jurisdictions", kept, KEPT_S)
    return kept


def zones_by_city() -> Mapping[int, frozenset[str]]:
    """The codes of the zones each city belongs to, read once a minute and process."""
    kept: dict[int, frozenset[str]] | None = caches["local"].get("support.zones")
    if kept is None:
        found: dict[int, set[str]] = {}
        for city, code in Zone.cities.through.objects.values_list("city_id", "zone__code"):  # type: ignore[attr-defined]
            found.setdefault(city, set()).add(code)
        kept = {city: frozenset(codes) for city, codes in found.items()}
        caches["local"].set("support.zones", kept, KEPT_S)
    return kept


def home_currency() -> str:
    held = region()
    return held.currency if held else "CNY"


_TERMS: dict[int, Terms] = {}
_RATES: dict[int, Rates] = {}


def terms_of(version: SchemeVersion) -> Terms:
    """A version's terms. Versions never change, so each is read once a process."""
    found = _TERMS.get(version.pk)
    if found is None:
        found = _TERMS[version.pk] = read_terms(version.terms)
    return found


def rates_of(table: RateTable) -> Rates:
    """A table's rates; tables never change either."""
    found = _RATES.get(table.pk)
    if found is None:
        if len(_RATES) > 20_000:
            _RATES.clear()
        found = _RATES[table.pk] = read_rates(table.rates)
    return found


# What is asked for ----------------------------------------------------------------------------------------------
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
    vouchers: Mapping[str, Voucher]

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


def _order_facts(wanted: OrderWanted, found: Mapping[str, Any]) -> dict[str, Any]:
    instrument = wanted.instrument
    techniques: set[str] = set()
    if instrument is not None:
        rows = InstrumentTechnique.objects.filter(instrument=instrument)
        for code, parent in rows.values_list("technique__code", "technique__parent__code"):
            techniques |= {code, parent} - {None}
    related = False
    if wanted.organisation is not None:
        ends = (wanted.organisation.pk, wanted.provider.pk)
        related = (
            ends[0] == ends[1]
            or Tie.objects.filter(
                Q(start_id=ends[0], end_id=ends[1]) | Q(start_id=ends[1], end_id=ends[0]), kind="ownership"
            ).exists()
        )
    user, provider = found.get("user.jurisdiction"), found.get("provider.jurisdiction")
    code = instrument.class_code.code if instrument is not None and instrument.class_code_id else ""
    return {
        "order.techniques": frozenset(techniques),
        "order.classes": class_codes(code),
        "order.access": instrument.access if instrument is not None else None,
        "order.purpose": wanted.purpose or None,
        "order.cross_border": None if user is None or provider is None else user != provider,
        "order.related": related,
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


# Rates ----------------------------------------------------------------------------------------------------------
def tables_in_force(day: date) -> Any:
    return RateTable.objects.filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day)


def rate_tables(pairs: Iterable[tuple[int, int | None]], day: date) -> dict[tuple[int, int | None], RateTable]:
    """The table in force for each (owner, instrument): the instrument's own, else the owner's; one query."""
    pairs = list(pairs)
    owners = {owner for owner, _instrument in pairs}
    instruments = {instrument for _owner, instrument in pairs if instrument is not None}
    rows = tables_in_force(day).filter(
        Q(owner_id__in=owners, instrument=None) | Q(instrument_id__in=instruments, owner_id__in=owners)
    )
    best: dict[tuple[int, int | None], RateTable] = {}
    for table in rows.select_related("source").order_by("number"):
        best[table.owner_id, table.instrument_id] = table
    return {
        (owner, instrument): found
        for owner, instrument in pairs
        if (found := best.get((owner, instrument)) or best.get((owner, None))) is not None
    }


# Schemes --------------------------------------------------------------------------------------------------------
def versions_in_force(day: date) -> list[SchemeVersion]:
    """The version of each scheme that holds on ``day``; one query."""
    rows = (
        SchemeVersion.objects.filter(valid_from__lte=day)
        .select_related("scheme__jurisdiction", "source")
        .order_by("scheme_id", "-number")
        .distinct("scheme_id")
    )
    return sorted((one for one in rows if one.valid_to is None or one.valid_to >= day), key=lambda one: one.scheme.code)


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
    vouchers: Mapping[str, Voucher]
    payers: Mapping[str, Mapping[str, Decimal]]


def considered(facts: Mapping[str, Any], organisation: Organisation | None, day: date) -> Considered:
    """Every scheme in force on ``day``; a voucher brings the version that it was issued under. Two queries."""
    tree = jurisdiction_tree()
    versions = {one.scheme.code: one for one in versions_in_force(day)}
    vouchers: dict[str, Voucher] = {}
    if organisation is not None:
        rows = (
            Voucher.objects.filter(organisation=organisation, state="issued", account__balance_minor__gt=0)
            .filter(valid_to__gte=day)
            .select_related("version__scheme__jurisdiction", "version__source", "account", "payer")
            .order_by("-valid_to", "-pk")
        )
        for one in rows:  # the one that lapses first comes last
            vouchers[one.version.scheme.code] = one
            versions[one.version.scheme.code] = one.version
    schemes, payers = [], {}
    for code, version in sorted(versions.items()):
        terms = terms_of(version)
        voucher = vouchers.get(code)
        home = version.scheme.jurisdiction
        payers[code] = payers_of(terms, facts, home.code)
        schemes.append(
            Scheme(
                code=code,
                version=f"{code}/{version.number}",
                terms=terms,
                valid_from=version.valid_from,
                # A voucher issued in time is good until it lapses, even where the scheme has ended.
                valid_to=None if voucher else version.valid_to,
                home=home.code,
                within=tree.within.get(home.pk, frozenset({home.code})),
                verified=version.verified,
                source=version.article or str(version.source),
                voucher=voucher.public_id if voucher else "",
            )
        )
    return Considered(tuple(schemes), versions, vouchers, payers)


def with_balances(
    found: Considered,
    organisation: Organisation | None,
    provider: Organisation,
    day: date,
    *,
    accounts: Mapping[str, Account] | None = None,
) -> tuple[Scheme, ...]:
    """The schemes with what is left in budgets, vouchers and caps; two queries. ``accounts`` are locked ones by key."""
    if accounts is None:
        accounts = {one.key: one for one in Account.objects.filter(key__in=source_keys(found, day))}
    used: dict[tuple[int, str], int] = {}
    ends = Q(who="provider", organisation=provider)
    if organisation is not None:
        ends |= Q(who="user", organisation=organisation)
    for scheme, who, minor in CapUse.objects.filter(ends, year=day.year).values_list("scheme_id", "who", "used_minor"):
        used[scheme, who] = minor
    filled = []
    for one in found.schemes:
        version, voucher = found.versions[one.code], found.vouchers.get(one.code)
        balances = {
            payer: accounts[key].balance_minor
            for payer in found.payers[one.code]
            if (key := budget_key(one.code, payer, day.year, one.terms.currency)) in accounts
        }
        filled.append(
            replace(
                one,
                budget_left=_left(found.payers[one.code], balances),
                voucher_left=accounts[voucher.account.key].balance_minor if voucher and voucher.account else None,
                user_year_used=used.get((version.scheme_id, "user"), 0),
                provider_year_used=used.get((version.scheme_id, "provider"), 0),
            )
        )
    return tuple(filled)


def source_keys(found: Considered, day: date) -> list[str]:
    """The keys of the accounts that an order may take money from."""
    keys = [
        budget_key(one.code, payer, day.year, one.terms.currency)
        for one in found.schemes
        for payer in found.payers[one.code]
    ]
    return keys + [one.account.key for one in found.vouchers.values() if one.account]


# Quotes ---------------------------------------------------------------------------------------------------------
def gather(wanted: OrderWanted) -> tuple[dict[str, Any], RateTable | None, Wanted, Price]:
    """Facts and price of an order, schemes apart."""
    found = user_facts(wanted.organisation, wanted.day) | provider_facts(wanted.provider, wanted.instrument)
    found |= _order_facts(wanted, found)
    instrument = wanted.instrument.pk if wanted.instrument is not None else None
    table = rate_tables([(wanted.provider.pk, instrument)], wanted.day).get((wanted.provider.pk, instrument))
    rates = rates_of(table) if table else None
    amounts = amounts_of(wanted, rates, user_kind(wanted.organisation, wanted.provider))
    if rates is None:
        counted = Price(home_currency(), (), 0, Decision((Reason("rates.none", Weight.NOTE),)))
    else:
        counted = price(rates, amounts)
    found["order.amount"] = counted.total_minor
    return found, table, amounts, counted


def quote_for(wanted: OrderWanted) -> Quoted:
    """A quote as things stand, without holding anything."""
    found, table, amounts, counted = gather(wanted)
    schemes = considered(found, wanted.organisation, wanted.day)
    filled = with_balances(schemes, wanted.organisation, wanted.provider, wanted.day)
    return assemble(wanted, (found, table, amounts, counted), schemes, filled)


def assemble(
    wanted: OrderWanted,
    gathered: tuple[Mapping[str, Any], RateTable | None, Wanted, Price],
    found: Considered,
    filled: Sequence[Scheme],
) -> Quoted:
    facts, table, amounts, counted = gathered
    said = quote(filled, facts, Money(counted.currency, counted.total_minor), wanted.schemes)
    return Quoted(wanted, facts, amounts, table, counted, tuple(filled), said, found.versions, found.vouchers)


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
                version.article or str(version.source),
                one["budget_left"],
                one["voucher"],
                one["voucher_left"],
                one["user_year_used"],
                one["provider_year_used"],
            )
        )
    return quote(schemes, facts, Money(stored["quote"]["currency"], gross), stored["only"])


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
