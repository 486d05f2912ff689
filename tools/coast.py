"""Cut the coast of a region out of Natural Earth's land, as GeoJSON.

The land comes as TopoJSON from the npm package ``world-atlas`` (``npm pack world-atlas``; Natural Earth 1:10m, public
domain). Each ring is clipped to the box on its own (Sutherland and Hodgman, 1974), so a ring that leaves the box and
comes back keeps an edge along the box's side: right for filling land, and the reason why outlines need no care.

    python tools/coast.py land-10m.json --box=114.5,26.9,123.4,35.4 --out src/headwater/regions/yrd/coast.json
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Point = tuple[float, float]
Ring = list[Point]
Box = tuple[float, float, float, float]
SOURCE = "Natural Earth 1:10m land (public domain), as packed in world-atlas"


class CoastError(ValueError):
    """The topology or the box can't be used."""


def decode_arcs(topology: Mapping[str, Any]) -> list[Ring]:
    """The topology's arcs as longitude and latitude, degrees: the delta coding and the scale undone."""
    transform = topology.get("transform")
    if transform is None:
        return [[(float(x), float(y)) for x, y, *_ in arc] for arc in topology["arcs"]]
    (scale_x, scale_y), (move_x, move_y) = transform["scale"], transform["translate"]
    arcs = []
    for deltas in topology["arcs"]:
        x = y = 0
        arc = []
        for step in deltas:
            x, y = x + step[0], y + step[1]
            arc.append((x * scale_x + move_x, y * scale_y + move_y))
        arcs.append(arc)
    return arcs


def join_arcs(numbers: Sequence[int], arcs: Sequence[Ring]) -> Ring:
    """The closed ring that the numbered arcs make; a number below zero, ``~n``, is arc n backwards."""
    ring: Ring = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        ring.extend(arc[1:] if ring else arc)
    return ring


def land_polygons(topology: Mapping[str, Any]) -> list[list[Ring]]:
    """Every polygon of the topology's objects: a list of rings, the outer one first."""
    if topology.get("type") != "Topology":
        raise CoastError(f"the file must be a TopoJSON Topology, got {topology.get('type')!r}. GeoJSON instead?")
    arcs = decode_arcs(topology)
    found: list[list[Ring]] = []

    def walk(geometry: Mapping[str, Any]) -> None:
        if geometry["type"] == "GeometryCollection":
            for part in geometry["geometries"]:
                walk(part)
        elif geometry["type"] in ("Polygon", "MultiPolygon"):
            polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
            found.extend([join_arcs(ring, arcs) for ring in polygon] for polygon in polygons)

    for geometry in topology["objects"].values():
        walk(geometry)
    return found


def clip_ring(ring: Ring, box: Box) -> Ring:
    """The part of a closed ring inside the box, closed again; empty where nothing is left."""
    west, south, east, north = box
    points = ring[:-1] if len(ring) > 1 and ring[0] == ring[-1] else list(ring)
    for axis, limit, sign in ((0, west, 1), (0, east, -1), (1, south, 1), (1, north, -1)):
        kept: Ring = []
        for index, point in enumerate(points):
            before = points[index - 1]
            inside, was_inside = sign * point[axis] >= sign * limit, sign * before[axis] >= sign * limit
            if inside != was_inside:
                share = (limit - before[axis]) / (point[axis] - before[axis])
                crossing = [before[other] + share * (point[other] - before[other]) for other in (0, 1)]
                crossing[axis] = limit
                kept.append((crossing[0], crossing[1]))
            if inside:
                kept.append(point)
        points = kept
    return [*points, points[0]] if points else []


def rounded(ring: Ring, decimals: int) -> Ring:
    """The ring with rounded coordinates, neighbours that fell together kept once; empty below a triangle."""
    points: Ring = []
    for longitude, latitude in ring:
        point = (round(longitude, decimals), round(latitude, decimals))
        if not points or points[-1] != point:
            points.append(point)
    return points if len(points) >= 4 else []


def ring_area(ring: Ring) -> float:
    """The area inside a closed ring in square degrees (the shoelace formula), positive if anticlockwise."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring)) / 2


def wound(ring: Ring, *, outer: bool) -> Ring:
    """The ring as RFC 7946 wants it: anticlockwise outside, clockwise for a hole."""
    return ring if (ring_area(ring) > 0) == outer else ring[::-1]


def cut_coast(topology: Mapping[str, Any], box: Box, *, decimals: int = 3, smallest: float = 0.0002) -> dict[str, Any]:
    """The land inside the box as a GeoJSON MultiPolygon, with its ``source`` beside the coordinates.

    ``smallest`` is in square degrees (0.0002 is some 2 km² at 31° north); smaller islands, and lakes, are left out.
    """
    west, south, east, north = box
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise CoastError(f"box must be west,south,east,north in degrees, west < east and south < north, got {box}")
    polygons = []
    for polygon in land_polygons(topology):
        rings = [rounded(clip_ring(ring, box), decimals) for ring in polygon]
        kept = [wound(ring, outer=index == 0) for index, ring in enumerate(rings) if abs(ring_area(ring)) >= smallest]
        if abs(ring_area(rings[0])) >= smallest:
            polygons.append(kept)
    return {"type": "MultiPolygon", "source": SOURCE, "bbox": list(box), "coordinates": polygons}


def read_box(text: str) -> Box:
    """The four numbers of ``--box``."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"“{text}” must be four numbers: west,south,east,north") from error
    return west, south, east, north


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Cut the coast of a region out of Natural Earth's land.")
    parser.add_argument("land", type=Path, help="land-10m.json of world-atlas")
    parser.add_argument(
        "--box",
        type=read_box,
        required=True,
        help="west,south,east,north in degrees; write --box=… where west is below zero",
    )
    parser.add_argument("--out", type=Path, required=True, help="the GeoJSON file to write")
    parser.add_argument("--smallest", type=float, default=0.0002, help="leave out rings below this, square degrees")
    given = parser.parse_args(arguments)
    try:
        coast = cut_coast(json.loads(given.land.read_text(encoding="utf-8")), given.box, smallest=given.smallest)
    except (OSError, json.JSONDecodeError, CoastError) as error:
        print(f"{given.land}: {error}", file=sys.stderr)
        return 2
    given.out.write_text(json.dumps(coast, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
