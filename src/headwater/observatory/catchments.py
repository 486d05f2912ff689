"""Reach: which weighted places lie within so many kilometres, within so many minutes by rail, within both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from headwater.engines import statistics
from headwater.observatory.records import Records
from headwater.observatory.subjects import Subject, SubjectError
from headwater.observatory.travel import Travel, travel


@dataclass(frozen=True, slots=True)
class Place:
    """A weighted place; ``city`` is the city of the record whose trains it uses, empty where it has none."""

    name: str
    lat: float | None
    lon: float | None
    city: str
    weight: float
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Reached:
    """A place with its distance and rail minutes from the origin; None where they are not known."""

    place: Place
    km: float | None
    minutes: float | None
    within_km: bool
    within_min: bool

    @property
    def set_code(self) -> str:
        return {(True, True): "both", (True, False): "distance", (False, True): "rail"}.get(
            (self.within_km, self.within_min), "neither"
        )


@dataclass(frozen=True, slots=True)
class Catchment:
    """What lies within reach of an origin, by distance and by rail: two different sets, and their overlap."""

    reached: tuple[Reached, ...]
    overlap: statistics.Overlap
    limit_km: float
    limit_min: float
    timetable: str
    unplaced: int
    synthetic_share: float

    @property
    def shares(self) -> dict[str, float]:
        total = self.overlap.total
        names = {
            "distance": self.overlap.first,
            "rail": self.overlap.second,
            "both": self.overlap.both,
            "neither": self.overlap.neither,
        }
        return {name: value / total if total else 0.0 for name, value in names.items()}


def catchment(
    records: Records,
    origin: tuple[float, float, str],
    places: Sequence[Place],
    *,
    limit_km: float,
    limit_min: float,
) -> Catchment:
    """Sort places by whether they lie within the distance and within the rail time of an origin (lat, lon, city)."""
    held = rail(records)
    lat = [origin[0]] + [0.0 if place.lat is None else place.lat for place in places]
    lon = [origin[1]] + [0.0 if place.lon is None else place.lon for place in places]
    km = _from_first(lat, lon)
    reached = []
    for place, far in zip(places, km, strict=True):
        known = place.lat is not None
        minutes = held.between(place.city, origin[2]) if held is not None and place.city else float("nan")
        reached.append(
            Reached(
                place,
                float(far) if known else None,
                float(minutes) if np.isfinite(minutes) else None,
                known and far <= limit_km,
                bool(minutes <= limit_min),
            )
        )
    both = statistics.overlap(
        [place.weight for place in places], [one.within_km for one in reached], [one.within_min for one in reached]
    )
    return Catchment(
        tuple(reached),
        both,
        limit_km,
        limit_min,
        held.source if held is not None else "",
        sum(place.lat is None and not place.city for place in places),
        sum(place.synthetic for place in places) / len(places) if places else 0.0,
    )


def _from_first(lat: Sequence[float], lon: Sequence[float]) -> Any:
    """Great-circle kilometres from the first place to each other one."""
    a, b = np.radians(np.asarray(lat)), np.radians(np.asarray(lon))
    half = np.sin((a[1:] - a[0]) / 2) ** 2 + np.cos(a[0]) * np.cos(a[1:]) * np.sin((b[1:] - b[0]) / 2) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def rail(records: Records) -> Travel | None:
    return travel(str(records.snapshot.region["code"]), records.snapshot.cities, records.store.root)


SETS = ("suppliers", "organisations", "universities", "firms", "people")


def places_of(records: Records, name: str, plant: str = "") -> list[Place]:
    """One of the sets of places that the record and the store know."""
    city = records.city
    if name == "suppliers":
        rows = records.rows(
            """SELECT name, lat, lon, city, weight, synthetic FROM suppliers
               WHERE plant = ? OR ? = '' ORDER BY name, lat, lon""",
            plant,
            plant,
        )
        return [Place(*row[:3], row[3] or "", row[4] if row[4] is not None else 1.0, bool(row[5])) for row in rows]
    if name in ("organisations", "universities"):
        return [
            Place(row["name_en"] or row["name_zh"], row["lat"], row["lon"], row["city"], 1.0, row["synthetic"])
            for row in records.snapshot.organisations
            if name == "organisations" or row["kind"] == "university"
        ]
    if name == "firms":
        rows = records.rows(
            "SELECT city, count(*), bool_and(synthetic) FROM firms WHERE high_tech AND city <> '' GROUP BY 1 ORDER BY 1"
        )
        return [
            Place(city[code]["name_en"], city[code]["lat"], city[code]["lon"], code, float(number), bool(made))
            for code, number, made in rows
            if code in city
        ]
    return [
        Place(row["name_en"] or row["name_zh"], row["lat"], row["lon"], row["code"], float(row["population"] or 0))
        for row in records.snapshot.cities
    ]


def instrument_access(records: Records, *, limit_min: float) -> list[dict[str, Any]]:
    """Shared instruments per million people within reach by rail: two-step floating catchment (Luo & Wang 2003)."""
    held = rail(records)
    cities = [row for row in records.snapshot.cities if row["population"]]
    if held is None or not cities:
        return []
    supply = {row["code"]: 0 for row in cities}
    made = 0
    for row in records.snapshot.instruments:
        if row["city"] in supply and row["access"] != "internal" and row["status"] == "operating":
            supply[row["city"]] += row["count"]
            made += row["count"] if row["synthetic"] else 0
    codes = [row["code"] for row in cities]
    minutes = np.array([[held.between(one, other) for other in codes] for one in codes])
    people = np.array([row["population"] for row in cities], float)
    reach = statistics.float_catchment(list(supply.values()), people, minutes, limit_min=limit_min)
    return [
        {"city": code, "instruments": supply[code], "people": int(people[k]), "per_million": 1e6 * float(reach[k])}
        for k, code in enumerate(codes)
    ]


def given_places(records: Records, rows: Sequence[dict[str, Any]]) -> list[Place]:
    """Places that somebody gives: with coordinates, a city of the record, or both; the nearest city's trains serve."""
    from headwater.observatory.geocode import Nearest

    lat = [np.nan if row["lat"] is None else row["lat"] for row in rows]
    lon = [np.nan if row["lon"] is None else row["lon"] for row in rows]
    near = Nearest(records.snapshot.cities).of(lat, lon)
    places = []
    for row, found in zip(rows, near, strict=True):
        city = row["city"] or str(found)
        if city and city not in records.city:
            raise SubjectError("subject.unknown", given=f"city:{city}")
        known = row["lat"] is not None and row["lon"] is not None
        centre = records.city[city] if city else None
        at = (row["lat"], row["lon"]) if known else (centre["lat"], centre["lon"]) if centre else (None, None)
        places.append(Place(row["name"], *at, city, row["weight"]))
    return places


def from_subject(
    records: Records, origin: Subject, places: Sequence[Place], *, limit_km: float, limit_min: float
) -> Catchment:
    """The catchment of a subject with a place and a city to take trains from.

    Raises
    ------
    SubjectError
        It has neither coordinates nor a city.
    """
    if not origin.cities or origin.kind in ("region", "jurisdiction") or origin.corridor:
        raise SubjectError("indicator.not_for_subject", kind=origin.kind, kinds="city, zone, facility, organisation")
    city = records.city[origin.cities[0]]
    lat, lon = (
        (origin.lat, origin.lon) if origin.lat is not None and origin.lon is not None else (city["lat"], city["lon"])
    )
    return catchment(records, (lat, lon, city["code"]), places, limit_km=limit_km, limit_min=limit_min)


def as_json(found: Catchment) -> dict[str, Any]:
    return {
        "limit_km": found.limit_km,
        "limit_min": found.limit_min,
        "timetable": found.timetable,
        "shares": found.shares,
        "weights": {
            "both": found.overlap.both,
            "only_distance": found.overlap.only_first,
            "only_rail": found.overlap.only_second,
            "neither": found.overlap.neither,
        },
        "unplaced": found.unplaced,
        "synthetic_share": found.synthetic_share,
        "places": [
            {
                "name": one.place.name,
                "city": one.place.city,
                "lat": one.place.lat,
                "lon": one.place.lon,
                "weight": one.place.weight,
                "km": None if one.km is None else round(one.km, 3),
                "minutes": one.minutes,
                "set": one.set_code,
            }
            for one in found.reached
        ],
    }
