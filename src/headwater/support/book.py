"""Terms, rates and places as each process keeps them: read once, and never older than the money they decide on.

Versions of schemes and tables of rates never change, the database sees to that; what can happen is that one more is
there. So whoever needs the versions asks for their stamp first, in the same statement as whatever else it reads, and
the book is read again where the stamp is another. Names, sources and places may be a minute old.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from django.core.cache import caches
from django.db import connection
from django.db.models import Q

from headwater.engines.terms import Rates, Terms, read_rates, read_terms
from headwater.registry.models import Jurisdiction, Zone
from headwater.registry.queries import region
from headwater.support.models import RateTable, SchemeVersion

KEPT_S = 60
MOST_TABLES = 20_000
# How many versions there are, the last one's key, and the transaction that wrote it: a restored database has another.
STAMP = """
    count(*), max(id), (SELECT xmin::text FROM support_schemeversion ORDER BY id DESC LIMIT 1)
    FROM support_schemeversion
"""
Stamp = tuple[int, int | None, str | None]


# Places ---------------------------------------------------------------------------------------------------------
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


# Schemes --------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=5000)
def _terms(text: str) -> Terms:
    return read_terms(json.loads(text))


def terms_of(version: SchemeVersion) -> Terms:
    """A version's terms, kept by what they say: a key may come to mean another version when a database is restored."""
    return _terms(json.dumps(version.terms, sort_keys=True))


def source_of(version: SchemeVersion) -> str:
    """The article a version rests on, in the language it was written in first, so that every reader sees the same."""
    source = version.source
    return version.article_zh or version.article_en or source.title_zh or source.title_en or source.key


@dataclass(frozen=True, slots=True)
class Held:
    """A version with what a quote needs of it. The version is everybody's: nobody may change it."""

    version: SchemeVersion
    terms: Terms
    home: str
    within: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class Book:
    """All versions of all schemes by key, and those in force by day, as they are asked for."""

    stamp: Stamp
    read_at: float
    held: Mapping[int, Held]
    _days: dict[date, tuple[Held, ...]] = field(default_factory=dict)

    def in_force(self, day: date) -> tuple[Held, ...]:
        """The version of each scheme that holds on ``day``, in the order of their codes."""
        found = self._days.get(day)
        if found is None:
            last: dict[int, Held] = {}
            for one in self.held.values():  # by number
                if one.version.valid_from <= day:
                    last[one.version.scheme_id] = one
            living = (one for one in last.values() if one.version.valid_to is None or one.version.valid_to >= day)
            found = self._days[day] = tuple(sorted(living, key=lambda one: one.version.scheme.code))
        return found


_KEPT: dict[str, Any] = {"book": None}


def forget() -> None:
    """Drop what this process holds: for tests and benchmarks."""
    _KEPT["book"] = None
    _TABLES.clear()


def book_at(stamp: Stamp) -> Book:
    """The book that a stamp, just read, belongs to; read again where it is another or a minute old."""
    kept: Book | None = _KEPT["book"]
    if kept is None or kept.stamp != stamp or time.monotonic() - kept.read_at > KEPT_S:
        tree = jurisdiction_tree()
        rows = SchemeVersion.objects.select_related("scheme__jurisdiction", "source").order_by("scheme_id", "number")
        held = {}
        for one in rows:
            home = one.scheme.jurisdiction
            within = tree.within.get(home.pk, frozenset({home.code}))
            held[one.pk] = Held(one, terms_of(one), home.code, within, source_of(one))
        kept = _KEPT["book"] = Book(stamp, time.monotonic(), held)
    return kept


def book() -> Book:
    """The book of now; one short query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {STAMP}")
        return book_at(cursor.fetchone())


def versions_in_force(day: date) -> list[SchemeVersion]:
    """The version of each scheme that holds on ``day``, in the order of their codes."""
    return [one.version for one in book().in_force(day)]


# Rates ----------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=20_000)
def _rates(text: str) -> Rates:
    return read_rates(json.loads(text))


def rates_of(table: RateTable) -> Rates:
    """A table's rates, kept by what they say."""
    return _rates(json.dumps(table.rates, sort_keys=True))


_TABLES: dict[str, tuple[RateTable, Rates]] = {}


def tables_by_id(public_ids: Iterable[str]) -> dict[str, tuple[RateTable, Rates]]:
    """Tables with their rates by public id; no query for those that this process has read before."""
    wanted = set(public_ids)
    if missing := wanted - _TABLES.keys():
        if len(_TABLES) > MOST_TABLES:
            _TABLES.clear()
            missing = wanted
        for table in RateTable.objects.filter(public_id__in=missing).select_related("source"):
            _TABLES[table.public_id] = (table, rates_of(table))
    return {one: _TABLES[one] for one in wanted if one in _TABLES}


def rate_tables(
    pairs: Iterable[tuple[int, int | None]], day: date
) -> dict[tuple[int, int | None], tuple[RateTable, Rates]]:
    """The table in force for each (owner, instrument), with its rates: the instrument's own, else the owner's."""
    pairs = list(pairs)
    owners = {owner for owner, _instrument in pairs}
    instruments = {instrument for _owner, instrument in pairs if instrument is not None}
    rows = RateTable.objects.filter(Q(valid_to=None) | Q(valid_to__gte=day), valid_from__lte=day).filter(
        Q(owner_id__in=owners, instrument=None) | Q(instrument_id__in=instruments, owner_id__in=owners)
    )
    best: dict[tuple[int, int | None], str] = {}
    for owner, instrument, public_id in rows.order_by("number").values_list("owner_id", "instrument_id", "public_id"):
        best[owner, instrument] = public_id
    chosen = {pair: found for pair in pairs if (found := best.get(pair) or best.get((pair[0], None))) is not None}
    tables = tables_by_id(chosen.values())
    return {pair: tables[found] for pair, found in chosen.items() if found in tables}
