"""From a figure back to its records: which origins stand behind it, and where they can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from headwater.observatory import live
from headwater.observatory.store import Part, Store
from headwater.observatory.tables import TABLES
from headwater.observatory.wording import TRACES


@dataclass(frozen=True, slots=True)
class Origin:
    """What one origin has in one table; ``page`` lists the records themselves where the platform has them."""

    table: str
    name: str
    rows: int
    bytes: int
    synthetic: int
    unplaced: int | None
    first: Any
    last: Any
    parts: tuple[Part, ...]
    page: str

    @property
    def synthetic_share(self) -> float:
        return self.synthetic / self.rows if self.rows else 0.0

    @property
    def is_platform(self) -> bool:
        return self.name == live.ORIGIN


def origins(store: Store, tables: tuple[str, ...] = ()) -> Iterator[Origin]:
    """Origins of all tables, or of these; one query a table that holds anything."""
    parts = store.parts()
    held = {(one.table, one.origin): one for one in store.held(tables)}
    connection = store.connect(parts)
    try:
        for table, schema in TABLES.items():
            if not any(name == table for name, _origin in held):
                continue
            lost = "count(*) FILTER (lat IS NULL OR isnan(lat))" if "lat" in schema.names else "NULL"
            days = [name for name in ("date", "since", "as_of", "founded") if name in schema.names]
            span = f"min({days[0]}), max({days[0]})" if days else "NULL, NULL"
            for name, made, unplaced, first, last in connection.execute(
                f'SELECT origin, count(*) FILTER (synthetic), {lost}, {span} FROM "{table}" GROUP BY 1 ORDER BY 1'  # noqa: S608
            ).fetchall():
                one = held.get((table, name))
                if one is None:
                    continue
                mine = tuple(part for part in parts if (part.table, part.origin) == (table, name))
                page = _page(table) if name == live.ORIGIN else ""
                yield Origin(table, name, one.rows, one.bytes, made, unplaced, first, last, mine, page)
    finally:
        connection.close()


def _page(table: str) -> str:
    name = next((page for tables, page in TRACES.values() if tables == (table,) and page), "")
    return reverse(name) if name else ""


def of(needs: str, store: Store) -> Iterator[Origin | str]:
    """What stands behind an indicator: origins of the store, or the address of the record's own list."""
    tables, page = TRACES.get(needs, ((), ""))
    if tables:
        yield from origins(store, tables)
    if page and needs in ("facilities", "instruments", "clusters"):
        yield reverse(page)
