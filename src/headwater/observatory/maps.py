"""Maps of flows, reach and clusters as plain shapes; a template draws them, without a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians, sqrt
from typing import Any

WIDTH = 720.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A flow; ``width`` by its size."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A place; ``kind`` is the class it is drawn with."""

    x: float
    y: float
    radius: float
    title: str
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Drawing:
    width: float
    height: float
    land: str
    lines: tuple[Line, ...] = ()
    spots: tuple[Spot, ...] = ()
    ring: str = ""
    shapes: tuple[tuple[str, str], ...] = ()


def _ground(
    bounds: Sequence[float], coast: Mapping[str, Any]
) -> tuple[float, str, Callable[[float, float], Point], float]:
    west, south, east, north = bounds
    squeeze = cos(radians((south + north) / 2))
    scale = WIDTH / ((east - west) * squeeze)

    def project(lon: float, lat: float) -> Point:
        return (lon - west) * squeeze * scale, (north - lat) * scale

    land = "".join(
        "M" + "L".join("{:.1f} {:.1f}".format(*project(lon, lat)) for lon, lat, *_z in ring) + "Z"
        for polygon in coast.get("coordinates", [])
        for ring in polygon
    )
    return round((north - south) * scale, 1), land, project, scale


def draw_flows(
    bounds: Sequence[float],
    coast: Mapping[str, Any],
    places: Mapping[str, tuple[float, float, str, float]],
    pairs: Sequence[tuple[str, str, float, str]],
) -> Drawing:
    """Cities (lat, lon, name, size) as circles, flows between them (two codes, size, title) as lines."""
    height, land, project, _scale = _ground(bounds, coast)
    most = max((flow for _a, _b, flow, _title in pairs), default=0) or 1
    lines = []
    for one, other, flow, title in pairs:
        (x1, y1), (x2, y2) = (project(places[code][1], places[code][0]) for code in (one, other))
        lines.append(Line(x1, y1, x2, y2, max(0.6, 7 * sqrt(flow / most)), title))
    largest = max((size for *_rest, size in places.values()), default=0) or 1
    spots = []
    for rank, (lat, lon, name, size) in enumerate(sorted(places.values(), key=lambda one: -one[3])):
        x, y = project(lon, lat)
        spots.append(Spot(x, y, max(2, 10 * sqrt(size / largest)), name, "dot", name if rank < 12 else ""))
    return Drawing(WIDTH, height, land, tuple(reversed(lines)), tuple(spots))


def draw_reach(
    bounds: Sequence[float],
    coast: Mapping[str, Any],
    origin: tuple[float, float, str],
    limit_km: float,
    places: Sequence[tuple[float, float, float, str, str]],
) -> Drawing:
    """Places (lat, lon, weight, title, set) coloured by the set they are in, and the circle of the distance."""
    height, land, project, scale = _ground(bounds, coast)
    most = max((weight for _lat, _lon, weight, _title, _kind in places), default=0) or 1
    west, south, east, north = bounds
    spots = [
        Spot(*project(lon, lat), max(2.5, 8 * sqrt(weight / most)) if weight < most or most > 1 else 3.5, title, kind)
        for lat, lon, weight, title, kind in places
        if west <= lon <= east and south <= lat <= north
    ]
    x, y = project(origin[1], origin[0])
    spots.append(Spot(x, y, 5, origin[2], "origin", origin[2]))
    up = scale * limit_km / 111.195
    across = up * cos(radians((south + north) / 2)) / cos(radians(origin[0]))
    half = f"a{across:.1f} {up:.1f} 0 1 0"
    ring = f"M{x - across:.1f} {y:.1f}{half} {2 * across:.1f} 0{half} {-2 * across:.1f} 0"
    return Drawing(WIDTH, height, land, (), tuple(spots), ring)


def draw_world(clusters: Sequence[Mapping[str, Any]], title: Callable[[Mapping[str, Any]], str]) -> Drawing:
    """Clusters over the whole world, sized by score; an equal-angle ground with its graticule."""
    height = WIDTH / 2
    grid = "".join(
        [f"M{(lon + 180) * 2:.0f} 0V{height:.0f}" for lon in range(-150, 180, 30)]
        + [f"M0 {(90 - lat) * 2:.0f}H{WIDTH:.0f}" for lat in range(-60, 90, 30)]
    )
    most = max((row["score"] for row in clusters), default=0) or 1
    spots = [
        Spot(
            (row["lon"] + 180) * 2,
            (90 - row["lat"]) * 2,
            max(2.5, 14 * sqrt(row["score"] / most)),
            title(row),
            "dot",
            str(row["rank"]) if row["rank"] <= 20 else "",
        )
        for row in clusters
        if row["lat"] is not None
    ]
    return Drawing(WIDTH, height, "", (), tuple(reversed(spots)), grid)


def draw_shapes(
    bounds: Sequence[float],
    coast: Mapping[str, Any],
    clusters: Sequence[Mapping[str, Any]],
    title: Callable[[Mapping[str, Any]], str],
) -> Drawing:
    """The clusters' hulls within the region; where names would meet, the lower rank keeps its number."""
    height, land, project, _scale = _ground(bounds, coast)
    west, south, east, north = bounds
    shapes, spots, taken = [], [], []
    for row in clusters:
        if row["lat"] is None or not (west <= row["lon"] <= east and south <= row["lat"] <= north):
            continue
        shapes.append((_outline(row["geometry"], project), title(row)))
        x, y = project(row["lon"], row["lat"])
        full, short = f"{row['rank']} {row['name']}", str(row["rank"])
        label = next((text for text in (full, short) if _is_free(x, y, text, taken)), "")
        spots.append(Spot(x, y, 2, title(row), "dot", label))
    return Drawing(WIDTH, height, land, (), tuple(spots), "", tuple(shapes))


def _is_free(x: float, y: float, text: str, taken: list[tuple[float, float, float]]) -> bool:
    """Whether a label has room beside its place, which it then takes: (left, right, middle) of those before."""
    end = x + 8 + sum(14 if ord(character) > 0x2E80 else 7.5 for character in text)
    if any(x < right and left < end and abs(y - middle) < 15 for left, right, middle in taken):
        return False
    taken.append((x, end, y))
    return True


def _outline(geometry: Mapping[str, Any], project: Callable[[float, float], Point]) -> str:
    if geometry["type"] == "Polygon":
        rings = geometry["coordinates"]
    elif geometry["type"] == "MultiPolygon":
        rings = [ring for polygon in geometry["coordinates"] for ring in polygon]
    elif geometry["type"] == "LineString":
        rings = [geometry["coordinates"]]
    else:
        rings = [[geometry["coordinates"]]] if geometry["type"] == "Point" else []
    return "".join(
        "M" + "L".join("{:.1f} {:.1f}".format(*project(lon, lat)) for lon, lat, *_z in ring) + "Z" for ring in rings
    )
