"""How far cities are from each other by rail, from the newest travel table; by great circle where it has no word."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from headwater.partnering import queries
from headwater.registry.models import City

KMH = 100.0
OWN_CITY_MIN = 0.0


@dataclass(frozen=True, slots=True)
class Travel:
    """Minutes between all cities of the record; ``by_rail`` says where they come from a timetable."""

    row: dict[int, int]  # city's key to row
    minutes: NDArray[np.float64]
    by_rail: NDArray[np.bool_]
    source: str

    def between(self, start: int, end: int) -> float | None:
        """Door-to-door minutes from one city to another; None where nothing goes."""
        value = float(self.minutes[self.row[start], self.row[end]])
        return None if np.isnan(value) else value


_KEPT: dict[tuple[int, int], Travel] = {}


def _km(a: tuple[float, float], b: tuple[float, float]) -> float:
    lat_a, lon_a, lat_b, lon_b = map(radians, (*a, *b))
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * 6371.0 * asin(sqrt(half))


def travel() -> Travel:
    """Minutes between all cities; kept in the process until the table or the number of cities changes."""
    table = queries.travel_table()
    cities = list(City.objects.order_by("pk").values_list("pk", "code", "lat", "lon"))
    key = (table.pk if table else 0, hash(tuple(cities)))
    if key not in _KEPT:
        _KEPT.clear()
        _KEPT[key] = _made(table, cities)
    return _KEPT[key]


def _made(table: queries.TravelTable | None, cities: list[tuple[int, str, float, float]]) -> Travel:
    n = len(cities)
    minutes = np.zeros((n, n))
    by_rail = np.zeros((n, n), bool)
    at = {code: number for number, code in enumerate(table.cities)} if table else {}
    for i, (_pk, code, lat, lon) in enumerate(cities):
        for j, (_other_pk, other, other_lat, other_lon) in enumerate(cities):
            if i == j:
                minutes[i, j] = OWN_CITY_MIN
            elif table and code in at and other in at:
                value = table.minutes[at[code]][at[other]]
                minutes[i, j] = np.nan if value is None else value
                by_rail[i, j] = True
            else:
                minutes[i, j] = round(60 * _km((lat, lon), (other_lat, other_lon)) / KMH)
    return Travel({pk: row for row, (pk, *_rest) in enumerate(cities)}, minutes, by_rail, table.source if table else "")
