"""Charts of a report as plain shapes: ranks and figures with their intervals, maps of clusters and of flows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import cos, radians, sqrt
from typing import Any, NamedTuple

from headwater.papers.drawing import Disc, Drawing, Ring, Shape, Stroke, Words

WIDTH = 480.0
LABEL, ROW, LINE, HEAD = 190.0, 14.0, 9.0, 16.0
ROOM = 36  # characters in a line of a label
NAMED = 12
Project = Callable[[float, float], tuple[float, float]]


class Span(NamedTuple):
    """A value with its interval, and the published one beside it where there is one."""

    label: str
    value: float
    low: float | None
    high: float | None
    text: str
    published: float | None = None


def spans(rows: Sequence[Span], caption: str, *, ticks: Sequence[float]) -> Drawing:
    """One line a row: a dot at the value, a bar over the interval, a second dot for the published value.

    ``ticks`` are the axis' marks, in rising order; its ends are the first and the last of them.
    """
    shapes: list[Shape] = []
    labels = [_wrapped(row.label) for row in rows]
    heights = [ROW + LINE * (len(lines) - 1) for lines in labels]
    bottom = HEAD + sum(heights)
    right = WIDTH - 60

    def scaled(value: float) -> float:
        first, last = ticks[0], ticks[-1]
        share = (value - first) / (last - first) if last > first else 0.5
        return LABEL + (right - LABEL) * min(1.0, max(0.0, share))

    for tick in ticks:
        x = scaled(tick)
        shapes.append(Stroke(x, HEAD, x, bottom, 0.4, "rule"))
        shapes.append(Words(x, HEAD - 5, f"{tick:g}", "middle", 7, "muted"))
    top = HEAD
    for row, lines, height in zip(rows, labels, heights, strict=True):
        y = top + height / 2
        top += height
        for at, line in enumerate(lines):
            shapes.append(Words(LABEL - 8, y + 3 + LINE * (at - (len(lines) - 1) / 2), line, "end"))
        if row.low is not None and row.high is not None:
            shapes.append(Stroke(scaled(row.low), y, scaled(row.high), y, 3.0, "soft"))
        if row.published is not None:
            shapes.append(Disc(scaled(row.published), y, 3.2, "other"))
        shapes.append(Disc(scaled(row.value), y, 3.2, "main"))
        shapes.append(Words(right + 8, y + 3, row.text, "start", 7.5, "muted"))
    return Drawing(WIDTH, bottom + 4, shapes, caption)


def _wrapped(text: str) -> list[str]:
    """A label in lines that its column holds, whole; a Chinese character takes the room of two.

    Lines break at spaces, or before a Chinese character; where there is no such place, between two letters.
    """
    lines, line, room = [], "", ROOM
    for character in text:
        wide = 2 if ord(character) > 0x2E80 else 1
        if room < wide:
            head, space, tail = ("", "", "") if wide == 2 else line.rpartition(" ")
            if character == " ":
                lines.append(line)
                line, room = "", ROOM
                continue
            lines.append(head if space else line)
            line = tail if space else ""
            room = ROOM - sum(2 if ord(one) > 0x2E80 else 1 for one in line)
        line += character
        room -= wide
    return [*lines, line]


def ticks(most: float, *, least: float = 0.0) -> list[float]:
    """Four to seven round marks from ``least`` up to at least ``most``."""
    span = max(most - least, 1e-9)
    step = 10.0 ** int(f"{span / 5:e}".split("e")[1])
    step *= next(by for by in (1, 2, 5, 10) if span / (step * by) <= 6)
    count = int(-(-span // step))
    return [round(least + step * k, 10) for k in range(count + 1)]


def cluster_map(region: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], caption: str) -> Drawing | None:
    """Hulls of the clusters in the region, with rank and name; None where none lies in it."""
    shapes, height, project = _ground(region)
    west, south, east, north = region["bounds"]
    inside = [row for row in rows if row["lat"] is not None and west <= row["lon"] <= east]
    inside = [row for row in inside if south <= row["lat"] <= north]
    if not inside:
        return None
    labels = _Labels()
    for row in inside:
        for ring in _rings(row["geometry"]):
            if len(ring) > 2:
                shapes.append(Ring([project(*corner[:2]) for corner in ring], "soft", "main"))
    for row in inside:
        x, y = project(row["lon"], row["lat"])
        shapes.append(Disc(x, y, 2.5, "main"))
        labels.put(shapes, x, y, f"{row['rank']} {row['name']}")
    return Drawing(WIDTH, height, shapes, caption)


def flow_map(
    region: Mapping[str, Any],
    places: Mapping[str, tuple[float, float, str, float]],
    pairs: Sequence[tuple[str, str, float]],
    caption: str,
) -> Drawing:
    """Cities (lat, lon, name, size) as circles by size, flows between them as lines by size."""
    shapes, height, project = _ground(region)
    most = max((flow for _one, _other, flow in pairs), default=0) or 1
    for one, other, flow in reversed(pairs):
        (x1, y1), (x2, y2) = (project(places[code][1], places[code][0]) for code in (one, other))
        shapes.append(Stroke(x1, y1, x2, y2, max(0.4, 5 * sqrt(flow / most)), "soft"))
    largest = max((size for *_rest, size in places.values()), default=0) or 1
    labels = _Labels()
    ordered = sorted(places.items(), key=lambda one: (-one[1][3], one[0]))
    for _code, (lat, lon, _name, size) in ordered:
        shapes.append(Disc(*project(lon, lat), max(1.5, 7 * sqrt(size / largest)), "main"))
    for _code, (lat, lon, name, _size) in ordered[:NAMED]:
        labels.put(shapes, *project(lon, lat), name)
    return Drawing(WIDTH, height, shapes, caption)


class _Labels:
    """Names beside their places; one that would cover another moves to a free side, or is left out."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, float, float, float]] = []

    def put(self, shapes: list[Shape], x: float, y: float, text: str) -> None:
        wide = sum(8.5 if ord(character) > 0x2E80 else 4.9 for character in text)
        for dx, dy, anchor in ((9, 3, "start"), (-9, 3, "end"), (0, -10, "middle"), (0, 16, "middle")):
            left = x + dx - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * wide
            box = (left, y + dy - 8, left + wide, y + dy + 2)
            free = all(
                box[2] < other[0] or other[2] < box[0] or box[3] < other[1] or other[3] < box[1] for other in self.taken
            )
            if free and left >= 0 and box[2] <= WIDTH:
                self.taken.append(box)
                shapes.append(Words(x + dx, y + dy, text, anchor))
                return


def _ground(region: Mapping[str, Any]) -> tuple[list[Shape], float, Project]:
    """The region's land, the drawing's height, and where a longitude and latitude fall in it."""
    west, south, east, north = region["bounds"]
    squeeze = cos(radians((south + north) / 2))
    scale = WIDTH / ((east - west) * squeeze)
    height = (north - south) * scale

    def project(lon: float, lat: float) -> tuple[float, float]:
        # What lies outside is drawn at the edge: neither a page nor a PDF clips it.
        x, y = (lon - west) * squeeze * scale, (north - lat) * scale
        return min(WIDTH, max(0.0, x)), min(height, max(0.0, y))

    land = (region.get("coast") or {}).get("coordinates", [])
    shapes: list[Shape] = [
        Ring([project(*corner[:2]) for corner in ring], "land", "rule") for polygon in land for ring in polygon[:1]
    ]
    frame = [(0.0, 0.0), (WIDTH, 0.0), (WIDTH, height), (0.0, height)]
    return [*shapes, Ring(frame, None, "rule")], height, project


def _rings(geometry: Mapping[str, Any] | None) -> list[Any]:
    if geometry is None:
        return []
    if geometry["type"] == "Polygon":
        return list(geometry["coordinates"][:1])
    if geometry["type"] == "MultiPolygon":
        return [polygon[0] for polygon in geometry["coordinates"]]
    return []
