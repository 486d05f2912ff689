"""A made-up world of documents, firms, suppliers and users, with clusters that are known because it made them.

Pure: the region's record and a seed in, tables out; the same seed gives the same rows. Every row is marked synthetic.
Centres are real cities so that maps read well; what happens in them is invented. Stocks that are large in reality are
made at a fiftieth of a plausible size, so counts are not comparable with published ones and aren't meant to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from headwater.observatory.tables import TABLES

ORIGIN = "synthetic-world"
RADIUS_KM, MIN_WEIGHT, MERGE_KM = 15.0, 300.0, 5.0
FIRST, LAST = date(2020, 1, 1), date(2025, 12, 31)
FIELDS = (
    "materials",
    "chemistry",
    "physics",
    "biology",
    "medicine",
    "computing",
    "electronics",
    "mechanics",
    "energy",
    "environment",
    "agriculture",
    "aerospace",
)
LEADING = ("integrated_circuits", "biomedicine", "artificial_intelligence")
INDUSTRIES = (*LEADING, "new_energy_vehicles", "aviation", "new_materials", "equipment", "software", "optics", "other")
BOARDS = ("STAR", "ChiNext", "SSE main", "SZSE main", "BSE")
TOP_JOURNALS = 12
JOURNALS = 240
KM_PER_DEGREE = 111.195
_PER_KIND = (("publication", 0.7), ("patent", 0.27), ("deal", 0.03))


@dataclass(frozen=True, slots=True)
class Centre:
    """A place where documents are dense by design; ``size`` is its part of the world's documents."""

    name: str
    lat: float
    lon: float
    city: str
    country: str
    size: float


@dataclass(frozen=True, slots=True)
class World:
    """The tables, and the centres that a cluster search has to find."""

    tables: Mapping[str, pa.Table]
    centres: tuple[Centre, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What the world is built around: the region's cities, its zones and facilities, and the rest of the world."""

    country: str
    cities: Sequence[Mapping[str, Any]]
    zones: Sequence[Mapping[str, Any]]
    facilities: Sequence[Mapping[str, Any]]
    abroad: Sequence[tuple[str, float, float, str, float]]  # name, lat, lon, country, population
    hubs: Sequence[tuple[str, str]] = ()  # organisations known for their partners: code, city


def make_world(record: Record, *, documents: int, seed: int) -> World:
    """Make the world up.

    Raises
    ------
    ValueError
        The record has no city.
    """
    if not record.cities:
        raise ValueError("The region has no city to put anything in.")
    rng = np.random.default_rng(seed)
    centres = _centres(record)
    papers, addresses = _documents(record, centres, documents, rng)
    firms = _firms(record, rng)
    tables = {
        "documents": papers,
        "addresses": addresses,
        "firms": firms,
        **_lists(record, rng),
        **_uses(record, rng),
    }
    return World({name: _marked(name, columns) for name, columns in tables.items()}, tuple(centres))


def _marked(name: str, columns: Mapping[str, Any]) -> pa.Table:
    schema = TABLES[name]
    size = len(next(iter(columns.values())))
    whole = {**columns, "origin": [ORIGIN] * size, "synthetic": np.ones(size, np.bool_)}
    return pa.table(
        [
            _column(whole[field.name], field.type) if field.name in whole else pa.nulls(size, field.type)
            for field in schema
        ],
        schema=schema,
    )


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    """Values as one column; made-up days may be Python's or NumPy's."""
    if pa.types.is_date(kind):
        return pa.array(np.asarray(values, dtype="datetime64[D]"), kind)
    return pa.array(values, kind, from_pandas=True)


def _days(rng: np.random.Generator, count: int, *, rising: float = 0.0) -> Any:
    """Days between the first and the last; with ``rising`` later ones are likelier."""
    span = (LAST - FIRST).days
    return np.datetime64(FIRST) + (rng.random(count) ** (1 / (1 + rising)) * span).astype("timedelta64[D]")


def _far(lat: float, lon: float, others: Sequence[Centre], least_km: float) -> bool:
    for one in others:
        north = (lat - one.lat) * KM_PER_DEGREE
        east = ((lon - one.lon + 180) % 360 - 180) * KM_PER_DEGREE * np.cos(np.radians(lat))
        if north * north + east * east < least_km * least_km:
            return False
    return True


def _centres(record: Record) -> list[Centre]:
    """The region's eight largest cities and sixteen far from them, sized by Zipf's law over both in turn."""
    held: list[Centre] = []
    home = sorted(record.cities, key=lambda row: (-(row["population"] or 0), row["code"]))
    for row in home:
        if len(held) < 8 and _far(row["lat"], row["lon"], held, 60):
            held.append(
                Centre(row["name_en"] or row["name_zh"], row["lat"], row["lon"], row["code"], record.country, 0)
            )
    mine = len(held)
    for name, lat, lon, country, _population in sorted(record.abroad, key=lambda one: (-one[4], one[0])):
        if len(held) < mine + 16 and _far(lat, lon, held, 600):
            held.append(Centre(name, lat, lon, "", country, 0))
    order = [k for pair in zip(range(mine), range(mine, 2 * mine), strict=False) for k in pair if k < len(held)]
    order += [k for k in range(len(held)) if k not in order]
    size = {k: 1 / (rank + 2) ** 0.8 for rank, k in enumerate(order)}
    total = sum(size.values()) / 0.92
    return [Centre(one.name, one.lat, one.lon, one.city, one.country, size[k] / total) for k, one in enumerate(held)]


def _documents(
    record: Record, centres: Sequence[Centre], documents: int, rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, Any]]:
    small = [row for row in record.cities if row["code"] not in {one.city for one in centres}]
    lat = np.array([one.lat for one in centres] + [row["lat"] for row in small])
    lon = np.array([one.lon for one in centres] + [row["lon"] for row in small])
    city = np.array([one.city for one in centres] + [row["code"] for row in small], dtype=object)
    country = np.array([one.country for one in centres] + [record.country] * len(small), dtype=object)
    sizes = np.array([one.size for one in centres])
    # What is no centre shares what they leave, so thinly that no town of it is a cluster.
    rest = max(0.0, 1 - sizes.sum())
    chance = np.append(sizes, np.full(len(small), rest / max(1, len(small))))
    chance /= chance.sum()
    home = np.array([bool(code) for code in city])
    lead = rng.choice(chance.size, documents, p=chance)
    number = 1 + rng.poisson(1.9, documents)
    kind = rng.choice(len(_PER_KIND), documents, p=[p for _name, p in _PER_KIND])
    number[kind == 2] = 1
    document = np.repeat(np.arange(documents), number)
    first = np.r_[True, document[1:] != document[:-1]]
    place = np.where(first, lead[document], -1)
    draw = rng.random(document.size)
    stay = ~first & (draw < 0.62)
    place[stay] = lead[document[stay]]
    near = ~first & (draw >= 0.62) & (draw < 0.86) & home[lead[document]]
    place[near] = _partners(rng, lead[document[near]], lat, lon, chance * home)
    left = place < 0
    place[left] = rng.choice(chance.size, int(left.sum()), p=chance)
    spread = np.clip(rng.normal(0, 3.2, (document.size, 2)), -8, 8)
    y = np.round(lat[place] + spread[:, 0] / KM_PER_DEGREE, 3)
    x = np.round(lon[place] + spread[:, 1] / (KM_PER_DEGREE * np.cos(np.radians(lat[place]))), 3)
    lost = rng.random(document.size) < 0.015
    day = _days(rng, documents, rising=0.4)
    mix = rng.dirichlet(np.full(len(FIELDS), 0.8), chance.size)
    field = (mix[lead].cumsum(axis=1) > rng.random((documents, 1))).argmax(axis=1)
    venue = np.minimum((JOURNALS * rng.random(documents) ** 1.7).astype(int), JOURNALS - 1)
    venues = np.array([f"Journal {k + 1}" for k in range(JOURNALS)], dtype=object)[::-1]
    leads = first | ((rng.random(document.size) < 0.2) & ~first)
    keys = np.arange(documents, dtype=np.int64) + 1
    kinds = np.array([name for name, _p in _PER_KIND], dtype=object)
    papers = {
        "key": keys,
        "id": [f"synthetic-{k}" for k in keys],
        "kind": kinds[kind],
        "date": day,
        "venue": np.where(kind == 0, venues[venue], None),
        "field": np.array(FIELDS, dtype=object)[field],
    }
    addresses = {
        "document": keys[document],
        "kind": kinds[kind[document]],
        "date": day[document],
        "person": rng.integers(1, documents * 2, document.size),
        "organisation": np.array([f"Synthetic institution {k}" for k in range(len(lat))], dtype=object)[place],
        "leads": leads,
        "part": 1.0 / number[document],
        "city": np.where(lost, "", city[place]),
        "country": np.where(lost, "", country[place]),
        "lat": np.where(lost, np.nan, y),
        "lon": np.where(lost, np.nan, x),
    }
    return papers, addresses


def _partners(rng: np.random.Generator, lead: Any, lat: Any, lon: Any, chance: Any) -> Any:
    """Partners within the region: likelier where large and near."""
    found = np.empty(lead.size, np.int64)
    for one in np.unique(lead):
        mine = lead == one
        north = (lat - lat[one]) * KM_PER_DEGREE
        east = (lon - lon[one]) * KM_PER_DEGREE * np.cos(np.radians(lat[one]))
        pull = chance / np.maximum(np.hypot(north, east), 20) ** 0.9
        pull[one] = 0
        found[mine] = rng.choice(lat.size, int(mine.sum()), p=pull / pull.sum()) if pull.sum() > 0 else one
    return found


def _scattered(rng: np.random.Generator, lat: Any, lon: Any, km: float) -> tuple[Any, Any]:
    off = rng.normal(0, km, (lat.size, 2))
    return (
        np.round(lat + off[:, 0] / KM_PER_DEGREE, 4),
        np.round(lon + off[:, 1] / (KM_PER_DEGREE * np.cos(np.radians(lat))), 4),
    )


def _firms(record: Record, rng: np.random.Generator) -> dict[str, Any]:
    """Firms of the region's cities by their people, and the rest of the country without a city of the record."""
    people = np.array([row["population"] or 500_000 for row in record.cities], float) ** 1.15
    home, away = 24_000, 15_000
    of = np.append(rng.choice(people.size, home, p=people / people.sum()), np.full(away, -1))
    lat0 = np.array([row["lat"] for row in record.cities])
    lon0 = np.array([row["lon"] for row in record.cities])
    lat, lon = _scattered(rng, lat0[of], lon0[of], 9.0)
    inside = of >= 0
    size = of.size
    high_tech = rng.random(size) < np.where(inside, 0.12, 0.45)
    # New firms of the years shown, and an older stock.
    new = rng.random(size) < 0.7
    old = np.datetime64(date(1995, 1, 1)) + (rng.random(size) * 9100).astype("timedelta64[D]")
    founded = np.where(new & inside, _days(rng, size, rising=0.3), old)
    closed = founded + (rng.exponential(4200, size)).astype("timedelta64[D]")
    board = np.full(size, None, dtype=object)
    listed = rng.random(size) < np.where(inside, 0.012, 0.05)
    board[listed] = np.array(BOARDS, dtype=object)[rng.choice(5, int(listed.sum()), p=[0.28, 0.25, 0.22, 0.15, 0.1])]
    gone = (closed <= np.datetime64(LAST)) & ~listed
    zone = np.full(size, "", dtype=object)
    codes = [row["code"] for row in record.cities]
    for row in record.zones:
        if row["kind"] == "corridor" or not row["cities"]:
            continue
        here = np.isin(of, [codes.index(code) for code in row["cities"] if code in codes]) & (zone == "")
        zone[here & (rng.random(size) < 0.12)] = row["code"]
    return {
        "id": [f"synthetic-firm-{k + 1}" for k in range(size)],
        "name": [f"Synthetic firm {k + 1}" for k in range(size)],
        "founded": founded,
        "closed": np.where(gone, closed, np.datetime64("NaT")),
        "industry": np.array(INDUSTRIES, dtype=object)[rng.integers(0, len(INDUSTRIES), size)],
        "high_tech": high_tech,
        "technology": high_tech | (rng.random(size) < 0.6),
        "board": board,
        "employees": np.minimum(np.exp(rng.normal(3.2, 1.1, size)), 60_000).astype(np.int32),
        "zone": zone,
        "city": np.where(inside, np.array([*codes, ""], dtype=object)[of], ""),
        "country": [record.country] * size,
        "lat": np.where(inside, lat, np.nan),
        "lon": np.where(inside, lon, np.nan),
    }


def _lists(record: Record, rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    """Journals that count as top, two lists of pharmaceutical firms, and who of them is where."""
    as_of = date(2025, 1, 1)
    rows = [("top-journals", f"Journal {k + 1}", k + 1) for k in range(TOP_JOURNALS)]
    rows += [("pharma-global", f"synthetic-global-{k + 1}", k + 1) for k in range(50)]
    rows += [("pharma-national", f"synthetic-national-{k + 1}", k + 1) for k in range(100)]
    parks = [row["code"] for row in record.zones if row["kind"] in ("park", "science_city")] or [""]
    present: list[tuple[str, str, str, date]] = []
    for name, member, _rank in rows[TOP_JOURNALS:]:
        for park in rng.choice(parks, size=min(2, len(parks)), replace=False):
            if rng.random() < 0.5:
                kind = "open innovation centre" if name == "pharma-global" else "site"
                present.append((member, str(park), kind, date(2015 + int(rng.integers(0, 10)), 6, 1)))
    return {
        "listed": {
            "list": [row[0] for row in rows],
            "member": [row[1] for row in rows],
            "rank": [row[2] for row in rows],
            "as_of": [as_of] * len(rows),
        },
        "presences": {name: [row[k] for row in present] for k, name in enumerate(("firm", "zone", "kind", "since"))},
    }


def _uses(record: Record, rng: np.random.Generator) -> dict[str, dict[str, Any]]:
    """Suppliers of plants, projects at facilities, hours of instruments, money and alliances."""
    cities = record.cities
    codes = np.array([row["code"] for row in cities], dtype=object)
    lat0, lon0 = (np.array([row[axis] for row in cities]) for axis in ("lat", "lon"))
    people = np.array([row["population"] or 500_000 for row in cities], float)

    def drawn(count: int, power: float = 1.0) -> Any:
        return rng.choice(codes.size, count, p=people**power / (people**power).sum())

    plants = [row["code"] for row in record.zones if row["kind"] == "park" and row["lat"] is not None] or [""]
    of = np.where(rng.random(400) < 0.55, drawn(400), -1)
    lat, lon = _scattered(rng, lat0[of], lon0[of], 12.0)
    inside = of >= 0
    suppliers = {
        "plant": [plants[k % len(plants)] for k in range(400)],
        "name": [f"Synthetic supplier {k + 1}" for k in range(400)],
        "weight": np.ones(400),
        "city": np.where(inside, np.append(codes, "")[of], ""),
        "country": [record.country] * 400,
        "lat": np.where(inside, lat, 22 + 20 * rng.random(400)).round(4),
        "lon": np.where(inside, lon, 102 + 11 * rng.random(400)).round(4),
    }
    projects: dict[str, list[Any]] = {
        name: [] for name in ("facility", "id", "date", "users", "hours_asked", "hours", "city", "country")
    }
    operating = [row for row in record.facilities if row["status"] == "operating"]
    for row in operating:
        count = 900 if row is operating[0] else 60
        asked = rng.gamma(2.0, 18.0, count).round(1)
        met = rng.random(count) < 0.45
        where = np.where(rng.random(count) < 0.52, drawn(count, 1.2), -1)
        projects["facility"] += [row["code"]] * count
        projects["id"] += [f"synthetic-{row['code']}-{k + 1}" for k in range(count)]
        projects["date"] += list(_days(rng, count))
        projects["users"] += (1 + rng.poisson(2.2, count)).tolist()
        projects["hours_asked"] += asked.tolist()
        projects["hours"] += np.where(met, (asked * rng.uniform(0.4, 0.8, count)).round(1), 0.0).tolist()
        projects["city"] += np.append(codes, "")[where].tolist()
        projects["country"] += np.where((where >= 0) | (rng.random(count) < 0.8), record.country, "").tolist()
    far = np.hypot((lat0[:, None] - lat0) * KM_PER_DEGREE, (lon0[:, None] - lon0) * KM_PER_DEGREE * 0.86)
    pull = people * np.exp(-far / 120)
    start = drawn(6000, 1.1)
    end = np.array([rng.choice(codes.size, p=pull[k] / pull[k].sum()) for k in start])
    pay_start, pay = drawn(1500, 1.1), drawn(1500, 1.4)
    kinds = ("university", "company", "research_institute")
    alliances = []
    for kind, count, members in (("consortium", 12, 6), ("joint_centre", 60, 2), ("partnership", 90, 2)):
        where = drawn(count * members)
        for k in range(count * members):
            name = f"Synthetic {kind.replace('_', ' ')} {k // members + 1}"
            member, who, at = f"synthetic-{kind}-{k}", kinds[k % 3], str(codes[where[k]])
            if record.hubs and kind != "consortium" and k % members == 0 and rng.random() < 0.6:
                member, at = record.hubs[k % len(record.hubs)]
                who = "research_institute"
            alliances.append((kind, name, member, who, at))
    made = {
        "suppliers": suppliers,
        "projects": projects,
        "uses": {
            "date": _days(rng, 6000, rising=0.5),
            "user_city": codes[start],
            "instrument_city": codes[end],
            "hours": rng.gamma(1.5, 4.0, 6000).round(1),
        },
        "payments": {
            "date": _days(rng, 1500, rising=0.5),
            "kind": ["voucher"] * 1500,
            "from_city": codes[pay_start],
            "to_city": codes[pay],
            "amount_cny": np.exp(rng.normal(10.3, 0.8, 1500)).round(),
        },
        "alliances": {
            "kind": [row[0] for row in alliances],
            "name": [row[1] for row in alliances],
            "member": [row[2] for row in alliances],
            "member_kind": [row[3] for row in alliances],
            "city": [row[4] for row in alliances],
            "since": list(_days(rng, len(alliances))),
        },
    }
    # Drawn last, so that what was made before stays the same.
    own, other = rng.integers(0, 40, (2, 6000))
    inside = rng.random(6000) < 0.55
    names = np.array([f"synthetic-organisation-{k + 1}" for k in range(40)], dtype=object)
    made["uses"] |= {"owner": names[own], "user": names[np.where(inside, own, other)]}
    stages = ("published", "matched", "contracted", "accepted", "closed")
    stage = rng.choice(len(stages), 80, p=[0.4, 0.2, 0.2, 0.12, 0.08])
    made["challenges"] = {
        "id": [f"synthetic-challenge-{k + 1}" for k in range(80)],
        "date": _days(rng, 80, rising=0.5),
        "state": [stages[k] for k in stage],
        "outcome": ["solved" if stages[k] == "accepted" else None for k in stage],
        "city": np.where(rng.random(80) < 0.5, codes[drawn(80)], "").tolist(),
    }
    return made
