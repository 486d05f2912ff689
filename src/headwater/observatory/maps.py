"""Maps of flows, reach and clusters as plain shapes; a template draws them, without a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians, sqrt
from typing import Any

WIDTH, KM_PER_DEGREE = 720.0, 111.195
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
        # The turn of the globe that is nearest to the middle: bounds may reach over the date line.
        turn = 360 * round(((west + east) / 2 - lon) / 360)
        return (lon + turn - west) * squeeze * scale, (north - lat) * scale

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
    up = scale * limit_km / KM_PER_DEGREE
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
    *,
    before: Sequence[Mapping[str, Any]] = (),
) -> Drawing:
    """The clusters' hulls within some bounds; where names would meet, the lower rank keeps its number.

    ``before`` are clusters of another run, whose outlines are drawn dashed.
    """
    height, land, project, _scale = _ground(bounds, coast)
    shapes, spots, taken = [], [], []
    for row in clusters:
        if not is_inside(bounds, row):
            continue
        shapes.append((_outline(row["geometry"], project), title(row)))
        x, y = project(row["lon"], row["lat"])
        full, short = f"{row['rank']} {row['name']}", str(row["rank"])
        label = next((text for text in (full, short) if _is_free(x, y, text, taken)), "")
        spots.append(Spot(x, y, 2, title(row), "dot", label))
    ring = "".join(_outline(row["geometry"], project) for row in before if is_inside(bounds, row))
    return Drawing(WIDTH, height, land, (), tuple(spots), ring, tuple(shapes))


def is_inside(bounds: Sequence[float], row: Mapping[str, Any]) -> bool:
    """Whether a cluster's centre lies within west, south, east, north; bounds may reach over the date line."""
    west, south, east, north = bounds
    return row["lat"] is not None and south <= row["lat"] <= north and (row["lon"] - west) % 360 <= east - west


def around(row: Mapping[str, Any], least_km: float) -> tuple[float, float, float, float]:
    """Bounds that show a cluster with its neighbourhood: its hull with as much room again, at least so many km."""
    lat, lon = max(-80.0, min(80.0, row["lat"])), row["lon"]
    squeeze = cos(radians(lat))
    corners = [corner for ring in _rings(row["geometry"]) for corner in ring]
    up = max((abs(corner[1] - lat) for corner in corners), default=0.0)
    across = max((abs((corner[0] - lon + 180) % 360 - 180) * squeeze for corner in corners), default=0.0)
    tall = min(max(2 * up, 2 * across / 1.6, least_km / KM_PER_DEGREE), 60.0)
    wide = min(1.6 * tall / squeeze, 180.0)
    return lon - wide, max(-89.0, lat - tall), lon + wide, min(89.0, lat + tall)


def width_km(bounds: Sequence[float]) -> float:
    """How wide an extent is in its middle latitude."""
    west, south, east, north = bounds
    return (east - west) * cos(radians((south + north) / 2)) * KM_PER_DEGREE


def meets(bounds: Sequence[float], other: Sequence[float]) -> bool:
    """Whether two extents have anything in common."""
    return bounds[0] <= other[2] and other[0] <= bounds[2] and bounds[1] <= other[3] and other[1] <= bounds[3]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a heat map; ``depth`` is how opaque it is filled."""

    x: float
    y: float
    depth: str
    text: str
    title: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Heat:
    """A heat map: columns and rows with their labels, cells of one size."""

    width: float
    height: float
    cell_width: float
    cell_height: float
    columns: tuple[tuple[float, str], ...]
    rows: tuple[tuple[float, str], ...]
    cells: tuple[Cell, ...]


def draw_heat(
    columns: Sequence[str],
    rows: Sequence[str],
    values: Sequence[Sequence[float | None]],
    words: Sequence[Sequence[tuple[str, str]]],
    chosen: tuple[int, int] | None = None,
) -> Heat:
    """A heat map: the greater a cell's value (0 to 1), the deeper its colour; none stays empty.

    ``words`` are each cell's text and its title; ``chosen`` is the row and column that is framed.
    """
    left, top, wide, tall = 90.0, 26.0, 130.0, 48.0
    cells = tuple(
        Cell(
            left + wide * c,
            top + tall * r,
            f"{0.08 + 0.5 * min(1.0, max(0.0, value)):.2f}" if value is not None else "0",
            *words[r][c],
            (r, c) == chosen,
        )
        for r, line in enumerate(values)
        for c, value in enumerate(line)
    )
    return Heat(
        left + wide * len(columns) + 2,
        top + tall * len(rows) + 2,
        wide,
        tall,
        tuple((left + wide * (c + 0.5), text) for c, text in enumerate(columns)),
        tuple((top + tall * (r + 0.5), text) for r, text in enumerate(rows)),
        cells,
    )


def _is_free(x: float, y: float, text: str, taken: list[tuple[float, float, float]]) -> bool:
    """Whether a label has room beside its place, which it then takes: (left, right, middle) of those before."""
    end = x + 8 + sum(14 if ord(character) > 0x2E80 else 7.5 for character in text)
    if any(x < right and left < end and abs(y - middle) < 15 for left, right, middle in taken):
        return False
    taken.append((x, end, y))
    return True


def _rings(geometry: Mapping[str, Any]) -> list[Any]:
    if geometry["type"] == "Polygon":
        return list(geometry["coordinates"])
    if geometry["type"] == "MultiPolygon":
        return [ring for polygon in geometry["coordinates"] for ring in polygon]
    if geometry["type"] == "LineString":
        return [geometry["coordinates"]]
    return [[geometry["coordinates"]]] if geometry["type"] == "Point" else []


def _outline(geometry: Mapping[str, Any], project: Callable[[float, float], Point]) -> str:
    return "".join(
        "M" + "L".join("{:.1f} {:.1f}".format(*project(lon, lat)) for lon, lat, *_z in ring) + "Z"
        for ring in _rings(geometry)
    )
