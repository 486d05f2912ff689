"""Makes instruments up, to the number a region asks for: seeded, with sensible marginals, marked synthetic.

Pure: vocabularies and owners in, plain rows out. The same seed gives the same rows.

Owners get instruments in proportion to their kind and a skewed size of their own; techniques are skewed as real
parks are; makers and models are real ones, bought after they were introduced; the value lies within the model's
price range (log-uniform); a hospital leans to medicine, a company to testing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from headwater.registry.regionfiles import Row

KIND_WEIGHT = {
    "university": 10.0,
    "research_institute": 8.0,
    "laboratory": 5.0,
    "platform": 5.0,
    "hospital": 3.0,
    "company": 1.0,
}
LIFE = frozenset({"life_science", "genomics", "imaging_medical", "light_microscopy"})
TESTING = frozenset(
    {
        "mechanical_testing",
        "environmental_test",
        "electrical_and_electronic",
        "dimensional_metrology",
        "thermal_analysis",
    }
)
LEANINGS = {"hospital": (LIFE, 12.0), "company": (TESTING, 4.0)}
ACCESS = (("booking", 0.64), ("service", 0.26), ("internal", 0.08), ("proposal", 0.02))
STATUS = (("operating", 0.93), ("out_of_service", 0.04), ("decommissioned", 0.02), ("planned", 0.01))
VISIBILITY = (("public", 0.97), ("registered", 0.02), ("organisation", 0.01))
LEAST_VALUE = 300_000
FIRST_DAY, LAST_DAY = date(2004, 1, 1), date(2025, 11, 30)
UNITS = (
    ("分析测试中心", "Analysis and Testing Centre"),
    ("公共技术平台", "Core Facility"),
    ("重点实验室", "Key Laboratory"),
    ("微纳加工平台", "Micro- and Nanofabrication Platform"),
    ("工程研究中心", "Engineering Research Centre"),
)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom instruments may be given to."""

    code: str
    kind: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class MadeUp:
    """One instrument that does not exist."""

    serial: int
    owner: str
    technique: str
    name_zh: str
    name_en: str
    maker_zh: str
    maker_en: str
    maker_country: str
    model: str
    description_zh: str
    description_en: str
    value: int
    access: str
    status: str
    visibility: str
    commissioned: date | None


def _pick(rng: np.random.Generator, table: Sequence[tuple[str, float]], count: int) -> list[str]:
    return [str(one) for one in rng.choice([name for name, _p in table], size=count, p=[p for _name, p in table])]


def make_instruments(
    owners: Sequence[Owner],
    techniques: Sequence[Row],
    models: Sequence[Row],
    purposes: Sequence[Row],
    *,
    count: int,
    seed: int,
) -> Iterator[MadeUp]:
    """Make ``count`` instruments up.

    Raises
    ------
    ValueError
        No owner of a kind that has instruments, or no model to buy.
    """
    rng = np.random.default_rng(seed)
    owners = [owner for owner in owners if owner.kind in KIND_WEIGHT]
    if count and not owners:
        raise ValueError("No organisation is of a kind that owns instruments.")
    if count and not models:
        raise ValueError("models.csv is empty; there is nothing to make instruments from.")
    by_technique: dict[str, list[Row]] = {}
    for model in models:
        by_technique.setdefault(model["technique"], []).append(model)
    leaves = [row for row in techniques if row["code"] in by_technique]
    if not count:
        return
    popularity = 1.0 / np.arange(1, len(leaves) + 1) ** 0.55
    rng.shuffle(popularity)
    sizes = np.array([KIND_WEIGHT[owner.kind] for owner in owners]) * rng.lognormal(0.0, 1.0, len(owners))
    owner_of = rng.choice(len(owners), size=count, p=sizes / sizes.sum())
    chance = {kind: _leaning(popularity, leaves, kind) for kind in {owner.kind for owner in owners}}
    technique_of = np.empty(count, dtype=np.int64)
    kinds = np.array([owner.kind for owner in owners])[owner_of]
    for kind in sorted(chance):
        mask = kinds == kind
        technique_of[mask] = rng.choice(len(leaves), size=int(mask.sum()), p=chance[kind])
    model_draw, value_draw = rng.random(count), rng.random(count)
    day_draw = rng.beta(2.2, 1.4, count)
    access, status, visibility = (_pick(rng, table, count) for table in (ACCESS, STATUS, VISIBILITY))
    unit_of = rng.integers(len(UNITS), size=count)
    purpose_draw = rng.random((count, 2))
    for_group = _purposes(leaves, purposes)
    span = (LAST_DAY - FIRST_DAY).days
    for index in range(count):
        owner, leaf = owners[owner_of[index]], leaves[technique_of[index]]
        choices = by_technique[leaf["code"]]
        model = choices[int(model_draw[index] ** 1.6 * len(choices))]
        low, high = max(model["price_low_cny"], LEAST_VALUE), max(model["price_high_cny"], LEAST_VALUE)
        value = int(round(low * (high / low) ** value_draw[index], -3))
        day = FIRST_DAY + timedelta(days=int(day_draw[index] * span))
        if model["introduced"] and day.year < model["introduced"]:
            day = min(date(model["introduced"], day.month, min(day.day, 28)) + timedelta(days=200), LAST_DAY)
        fit = for_group[leaf["code"]]
        first, second = (fit[int(draw * len(fit))] for draw in purpose_draw[index])
        unit = UNITS[unit_of[index]]
        names = owner.name_zh or owner.name_en, owner.name_en or owner.name_zh
        yield MadeUp(
            serial=index + 1,
            owner=owner.code,
            technique=leaf["code"],
            name_zh=f"{model['maker_zh'] or model['maker_en']} {model['model']} {leaf['name_zh']}",
            name_en=f"{model['maker_en']} {model['model']} {leaf['name_en']}",
            maker_zh=model["maker_zh"],
            maker_en=model["maker_en"],
            maker_country=model["maker_country"],
            model=model["model"],
            description_zh=f"用于{first['zh']}、{second['zh']}的测试分析，由{names[0]}{unit[0]}管理。",
            description_en=f"For {first['en']} and {second['en']}; run by the {unit[1]} of {names[1]}.",
            value=max(value, LEAST_VALUE),
            access="proposal" if value > 30_000_000 and access[index] == "booking" else access[index],
            status=status[index],
            visibility=visibility[index],
            commissioned=None if status[index] == "planned" else day,
        )


def _leaning(popularity: np.ndarray, leaves: Sequence[Row], kind: str) -> np.ndarray:
    """How likely an owner of ``kind`` has each technique."""
    groups, factor = LEANINGS.get(kind, (frozenset(), 1.0))
    weights = popularity * np.array([factor if leaf["parent"] in groups else 1.0 for leaf in leaves])
    return weights / weights.sum()


def _purposes(leaves: Sequence[Row], purposes: Sequence[Row]) -> dict[str, list[Row]]:
    """The purposes that fit each technique: its group's own and those of any."""
    anything = [row for row in purposes if not row["group"]]
    return {
        leaf["code"]: [row for row in purposes if row["group"] == leaf["parent"]] * 3 + anything or list(purposes)
        for leaf in leaves
    }
