"""A region's map as plain shapes: coast, rail lines, cities by size. A template draws it, without a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians, sqrt
from typing import Any

WIDTH = 720.0
LEAST_RADIUS, MOST_RADIUS = 2.5, 20.0
LETTER_WIDTH, LETTER_HEIGHT = 7.2, 14.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Dot:
    """A city on the map; ``count`` sets its size."""

    x: float
    y: float
    radius: float
    name: str
    url: str
    count: int
    label_x: float | None = None
    label_y: float | None = None
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the template draws; lengths in the view box's units."""

    width: float
    height: float
    land: str
    rail: tuple[str, ...]
    dots: tuple[Dot, ...]


def _path(points: Sequence[Point], *, closed: bool) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + ("Z" if closed else "")


def draw(
    bounds: tuple[float, float, float, float],
    coast: Mapping[str, Any],
    rail: Sequence[Sequence[Sequence[float]]],
    places: Sequence[tuple[float, float, int, str, str]],
) -> Drawing:
    """Draw the region on an equal-distance ground about its middle.

    ``bounds`` are west, south, east, north in degrees; ``coast`` a GeoJSON MultiPolygon or empty; ``rail`` runs of
    lon, lat; ``places`` are lat, lon, count, name, address. The largest places are named as far as there is room.
    """
    west, south, east, north = bounds
    squeeze = cos(radians((south + north) / 2))
    scale = WIDTH / ((east - west) * squeeze)
    height = (north - south) * scale

    def project(lon: float, lat: float) -> Point:
        return (lon - west) * squeeze * scale, (north - lat) * scale

    land = "".join(
        _path([project(lon, lat) for lon, lat, *_z in ring], closed=True)
        for polygon in coast.get("coordinates", [])
        for ring in polygon
    )
    lines = tuple(_path([project(*stop) for stop in line], closed=False) for line in rail if len(line) > 1)
    largest = max((count for _lat, _lon, count, _name, _url in places), default=0) or 1
    dots: list[Dot] = []
    boxes: list[tuple[float, float, float, float]] = []
    for lat, lon, count, name, url in sorted(places, key=lambda place: (-place[2], place[3])):
        x, y = project(lon, lat)
        radius = max(LEAST_RADIUS, MOST_RADIUS * sqrt(count / largest))
        spot = _room_for(name, x, y, radius, height, boxes)
        boxes.append((x - radius, y - radius, x + radius, y + radius))
        label_x, label_y, anchor = spot or (None, None, "start")
        dots.append(Dot(x, y, radius, name, url, count, label_x, label_y, anchor))
    return Drawing(WIDTH, round(height, 1), land, lines, tuple(dots))


def _room_for(
    name: str, x: float, y: float, radius: float, height: float, boxes: list[tuple[float, float, float, float]]
) -> tuple[float, float, str] | None:
    """Where the name fits beside its dot without covering another; None where it does not."""
    width = sum(LETTER_HEIGHT if ord(letter) > 0x2E80 else LETTER_WIDTH for letter in name)
    for side, anchor in ((1, "start"), (-1, "end")):
        left = x + side * (radius + 4) - (width if side < 0 else 0)
        box = (left, y - LETTER_HEIGHT / 2, left + width, y + LETTER_HEIGHT / 2)
        inside = box[0] >= 0 and box[2] <= WIDTH and box[1] >= 0 and box[3] <= height
        if inside and not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in boxes
        ):
            boxes.append(box)
            return x + side * (radius + 4), y + LETTER_HEIGHT / 3, anchor
    return None
