"""The judged queries, and how well an answer does by them. Used by the tests and by `benchmarks/catalogue.py`."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path

FILE = Path(__file__).parent / "judged" / "queries.csv"
EXACT, NEAR = 3, 1


@dataclass(frozen=True, slots=True)
class Judged:
    """One query with its meaning."""

    query: str
    language: str
    kind: str
    techniques: frozenset[str]
    near: frozenset[str]
    cities: frozenset[str]
    maker: str
    model: str
    purposes: tuple[str, ...]
    owner_kind: str
    owner: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What judging looks at in an instrument."""

    key: int
    techniques: frozenset[str]
    city: str
    maker: str
    model: str
    description: str
    owner_kind: str
    owner: str


def judged() -> list[Judged]:
    """The set."""

    def many(text: str) -> frozenset[str]:
        return frozenset(filter(None, text.split(";")))

    with FILE.open(encoding="utf-8", newline="") as file:
        return [
            Judged(
                row["query"],
                row["language"],
                row["kind"],
                many(row["techniques"]),
                many(row["near"]),
                many(row["cities"]),
                row["maker"],
                row["model"],
                tuple(sorted(many(row["purposes"]))),
                row["owner_kind"],
                row["owner"],
            )
            for row in csv.DictReader(file)
        ]


def facts() -> Iterator[Facts]:
    """Every public instrument's facts, from the record."""
    from headwater.registry.models import Instrument, InstrumentTechnique

    done: dict[int, set[str]] = {}
    for key, code in InstrumentTechnique.objects.values_list("instrument_id", "technique__code"):
        done.setdefault(key, set()).add(code)
    rows = Instrument.objects.filter(visibility="public").values_list(
        "pk", "city__code", "manufacturer_en", "model", "description_en", "owner__kind", "owner__code"
    )
    for key, *said in rows.iterator(chunk_size=5000):
        yield Facts(key, frozenset(done.get(key, ())), *said)


def grade(one: Judged, of: Facts) -> int:
    """How well an instrument answers a query: `EXACT`, `NEAR` or 0."""
    if one.cities and of.city not in one.cities:
        return 0
    if (one.maker and of.maker != one.maker) or (one.model and of.model != one.model):
        return 0
    if (one.owner_kind and of.owner_kind != one.owner_kind) or (one.owner and of.owner != one.owner):
        return 0
    if one.purposes and not any(purpose in of.description for purpose in one.purposes):
        return 0
    if not one.techniques or one.techniques & of.techniques:
        return EXACT
    return NEAR if one.near & of.techniques else 0


def ndcg(found: Sequence[int], grades: dict[int, int], *, at: int = 10) -> float:
    """Normalised discounted cumulative gain of the first hits; nan where nothing is relevant."""

    def gain(values: Sequence[int]) -> float:
        return sum((2**value - 1) / log2(place + 2) for place, value in enumerate(values[:at]))

    best = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(key, 0) for key in found]) / best if best else float("nan")


def recall(found: Sequence[int], grades: dict[int, int], *, at: int = 50) -> float:
    """The share of what answers exactly that the first hits hold, of as many as they could; nan where nothing does."""
    right = {key for key, value in grades.items() if value == EXACT}
    return len(right & set(found[:at])) / min(at, len(right)) if right else float("nan")


def quality(
    queries: Sequence[Judged], records: Sequence[Facts], search: Callable[[str], Sequence[int]]
) -> list[tuple[Judged, float, float]]:
    """nDCG@10 and recall@50 of each query that something answers exactly; ``search`` gives keys, best first."""
    out = []
    for one in queries:
        grades = {record.key: value for record in records if (value := grade(one, record))}
        if EXACT in grades.values():
            found = search(one.query)
            out.append((one, ndcg(found, grades), recall(found, grades)))
    return out
