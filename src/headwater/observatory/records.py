"""All that figures are computed from: a snapshot of the region's record and the micro-records of the store.

Nothing here knows the database: `queries.snapshot` reads the registry once, and from then on a figure is a pure
function of the snapshot, the store's parts, the timetable that ships, and its parameters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from headwater.observatory.store import Part, Store
from headwater.observatory.subjects import Subject, SubjectError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """The region's record as plain rows; of instruments only counts of what everybody may see."""

    region: Row
    jurisdictions: Sequence[Row]
    cities: Sequence[Row]
    zones: Sequence[Row]
    facilities: Sequence[Row]
    organisations: Sequence[Row]
    instruments: Sequence[Row]
    ties: Sequence[Row]
    figures: Sequence[Row]
    as_of: str

    def text(self) -> str:
        """The same text for the same record."""
        return json.dumps(vars(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Snapshot:
        return cls(**json.loads(text))


@dataclass
class Records:
    """A snapshot and a state of the store, open for reading."""

    snapshot: Snapshot
    store: Store
    parts: Sequence[Part]
    cluster_run: Row | None = None
    threads: int | None = None
    kept: dict[Any, Any] = field(default_factory=dict)

    @property
    def as_of(self) -> date:
        return date.fromisoformat(self.snapshot.as_of)

    @cached_property
    def connection(self) -> Any:
        return self.store.connect(self.parts, threads=self.threads)

    def rows(self, sql: str, *given: Any) -> list[tuple[Any, ...]]:
        """Rows of one SELECT over the store's tables."""
        return self.connection.execute(sql, list(given)).fetchall()  # type: ignore[no-any-return]

    def one(self, sql: str, *given: Any) -> tuple[Any, ...]:
        found = self.connection.execute(sql, list(given)).fetchone()
        return found if found is not None else ()

    def columns(self, sql: str, *given: Any) -> dict[str, Any]:
        """NumPy columns of one SELECT."""
        return self.connection.execute(sql, list(given)).fetchnumpy()  # type: ignore[no-any-return]

    def close(self) -> None:
        if "connection" in self.__dict__:
            self.connection.close()

    @cached_property
    def city(self) -> dict[str, Row]:
        return {row["code"]: row for row in self.snapshot.cities}

    def subject(self, key: str) -> Subject:
        """The subject named ``kind:code``; a region's code may be left out.

        Raises
        ------
        SubjectError
            There is none of that name.
        """
        kind, _, code = key.partition(":")
        found = next((one for one in self.subjects if one.kind == kind and one.code == (code or one.code)), None)
        if found is None:
            raise SubjectError("subject.unknown", given=key)
        return found

    @cached_property
    def subjects(self) -> list[Subject]:
        """Everything a figure can be about, in the order of the record."""
        snap = self.snapshot
        every = tuple(row["code"] for row in snap.cities)
        found = [
            Subject(
                "region",
                snap.region["code"],
                snap.region["name_zh"],
                snap.region["name_en"],
                every,
                area_km2=_sum_of(snap.cities),
            )
        ]
        for row in snap.jurisdictions:
            mine = [city for city in snap.cities if city["jurisdiction"] == row["code"]]
            if mine:
                codes = tuple(city["code"] for city in mine)
                found.append(
                    Subject("jurisdiction", row["code"], row["name_zh"], row["name_en"], codes, area_km2=_sum_of(mine))
                )
        found += [
            Subject(
                "city",
                row["code"],
                row["name_zh"],
                row["name_en"],
                (row["code"],),
                False,
                *_where(row, row["area_km2"]),
            )
            for row in snap.cities
        ]
        found += [
            Subject(
                "zone",
                row["code"],
                row["name_zh"],
                row["name_en"],
                tuple(row["cities"]),
                row["kind"] == "corridor" and len(row["cities"]) > 1,
                *_where(row, row["area_km2"]),
            )
            for row in snap.zones
        ]
        for kind, rows in (("facility", snap.facilities), ("organisation", snap.organisations)):
            found += [
                Subject(
                    kind, row["code"], row["name_zh"], row["name_en"], (row["city"],), lat=row["lat"], lon=row["lon"]
                )
                for row in rows
            ]
        return found


def _where(row: Row, area_km2: float | None) -> tuple[float | None, float | None, float | None]:
    return area_km2, row["lat"], row["lon"]


def _sum_of(cities: Sequence[Row]) -> float | None:
    areas = [row["area_km2"] for row in cities]
    return sum(areas) if areas and all(areas) else None


def open_records(snapshot: Snapshot, root: Path, *, cluster_run: Row | None = None) -> Records:
    """Records over all that the store holds now."""
    store = Store(root)
    return Records(snapshot, store, store.parts(), cluster_run)
