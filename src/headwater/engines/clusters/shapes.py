"""Where clusters lie and what they look like: centres, hulls, areas, GeoJSON, and names after their largest cities."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.clusters.compiled import compiled
from headwater.engines.clusters.density import Clustering
from headwater.engines.clusters.errors import ClusterError, column, positive, weight_column
from headwater.engines.clusters.locations import EARTH_RADIUS_KM

_STEP = math.radians(1.0)
_THINNED_FROM = 200_000
_DIGITS = 6

Ring = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Shape:
    """Place and outline of one cluster.

    Attributes
    ----------
    lat, lon : float
        Weighted centre on the sphere, degrees; nan where the members balance out (all around the globe).
    reach_km : float
        Greatest distance from the centre to a member, km.
    area_km2 : float
        Area of the convex hull, km²; 0 for a point or a line, nan without a hull.
    locations : int
        Distinct coordinates in the cluster.
    weight : float
        Weight in the cluster.
    geometry : dict or None
        GeoJSON geometry of the convex hull (RFC 7946: longitude first, degrees, counterclockwise, cut at the date
        line): Polygon, MultiPolygon, or LineString or Point where there is no area. None where members don't fit
        a hemisphere.
    """

    lat: float
    lon: float
    reach_km: float
    area_km2: float
    locations: int
    weight: float
    geometry: dict[str, Any] | None


def cluster_shapes(clustering: Clustering, weight: Any = None) -> list[Shape]:
    """Centre, hull and area of every cluster.

    Parameters
    ----------
    clustering : Clustering
        Labelled locations.
    weight : array, shape (u,), optional
        Weight of each location; the points there when not given.

    Returns
    -------
    list of Shape
        One per cluster, in the order of their numbers.

    Raises
    ------
    ClusterError
        A weight is negative or not finite, or the length differs.

    Notes
    -----
    The hull is the convex hull on the sphere: in the gnomonic projection around the centre great circles are straight,
    so that the plane's hull (Andrew 1979) is the sphere's. It covers what lies between members, water included.
    """
    places = clustering.locations
    w = places.gather() if weight is None else weight_column("weight", weight, places.size)
    members = np.flatnonzero(clustering.location_label >= 0)
    label = clustering.location_label[members]
    members = members[np.argsort(label, kind="stable")]
    edges = np.concatenate([[0], np.cumsum(np.bincount(label, minlength=clustering.count))])
    return [
        _shape(places.lat[own], places.lon[own], w[own])
        for own in (members[edges[k] : edges[k + 1]] for k in range(clustering.count))
    ]


def _unit(lat_deg: NDArray[np.float64], lon_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    lat, lon = np.radians(lat_deg), np.radians(lon_deg)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def _shape(lat: NDArray[np.float64], lon: NDArray[np.float64], weight: NDArray[np.float64]) -> Shape:
    xyz = _unit(lat, lon)
    total = float(weight.sum())
    mean = (weight if total > 0 else np.ones(lat.size)) @ xyz
    length = float(np.linalg.norm(mean))
    if length <= 1e-9 * max(total, lat.size):
        return Shape(math.nan, math.nan, math.nan, math.nan, lat.size, total, None)
    centre = mean / length
    chord = float(np.sqrt(((xyz - centre) ** 2).sum(axis=1)).max())
    reach = 2.0 * math.asin(min(1.0, 0.5 * chord))
    centre_lat, centre_lon = math.degrees(math.asin(centre[2])), math.degrees(math.atan2(centre[1], centre[0]))
    if reach > math.radians(85):
        return Shape(centre_lat, centre_lon, reach * EARTH_RADIUS_KM, math.nan, lat.size, total, None)
    east = np.array([-centre[1], centre[0], 0.0])
    norm = float(np.linalg.norm(east))
    east = east / norm if norm > 1e-12 else np.array([1.0, 0.0, 0.0])
    north = np.cross(centre, east)
    depth = xyz @ centre
    x, y = (xyz @ east) / depth, (xyz @ north) / depth
    hull = _hull(x, y, np.lexsort((y, x)))
    corner = xyz[hull]
    area = _area(centre, corner) * EARTH_RADIUS_KM**2 if hull.size > 2 else 0.0
    geometry = _geometry([(float(lon[k]), float(lat[k])) for k in hull], corner)
    return Shape(centre_lat, centre_lon, reach * EARTH_RADIUS_KM, area, lat.size, total, geometry)


@compiled
def _hull(x: Any, y: Any, order: Any) -> Any:
    """Corners of the convex hull, counterclockwise; one or two where all points coincide or lie on a line."""
    n = order.size
    found = np.empty(2 * n + 1, np.int64)
    used = 0
    for turn in range(2):
        base = used
        for step in range(n):
            k = order[step] if turn == 0 else order[n - 1 - step]
            while used - base >= 2:
                a, b = found[used - 2], found[used - 1]
                if (x[b] - x[a]) * (y[k] - y[a]) - (y[b] - y[a]) * (x[k] - x[a]) > 0.0:
                    break
                used -= 1
            found[used] = k
            used += 1
        used -= 1  # the last corner of one chain opens the other
    if used == 0:
        used = 1
    return found[:used].copy()


def _area(centre: NDArray[np.float64], corner: NDArray[np.float64]) -> float:
    """Solid angle of a convex polygon, as a fan of spherical triangles (Van Oosterom & Strackee 1983)."""
    a, b = corner, np.roll(corner, -1, axis=0)
    volume = np.cross(a, b) @ centre
    return abs(float((2.0 * np.arctan2(volume, 1.0 + (a * b).sum(1) + b @ centre + a @ centre)).sum()))


def _geometry(corner: Ring, xyz: NDArray[np.float64]) -> dict[str, Any]:
    if len(corner) == 1 or (len(corner) == 2 and float(np.abs(xyz[0] - xyz[1]).max()) < 1e-15):
        return {"type": "Point", "coordinates": [round(corner[0][0], _DIGITS), round(corner[0][1], _DIGITS)]}
    if len(corner) == 2:
        return _line([*_along(corner[0], xyz[0], xyz[1]), corner[1]])
    ring: Ring = []
    for k, start in enumerate(corner):
        after = (k + 1) % len(corner)
        ring.extend(_along(start, xyz[k], xyz[after]))
    rings = [_closed(part) for part in _cut_ring(_unwrapped(ring))]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings}
    return {"type": "MultiPolygon", "coordinates": [[part] for part in rings]}


def _line(ring: Ring) -> dict[str, Any]:
    path: list[Ring] = [[ring[0]]]
    for before, after in itertools.pairwise(ring):
        jump = after[0] - before[0]
        if abs(jump) > 180.0:
            side = math.copysign(180.0, before[0])
            gap = 360.0 - abs(jump)
            lat = before[1] + (after[1] - before[1]) * ((180.0 - abs(before[0])) / gap if gap > 0 else 0.0)
            path[-1].append((side, lat))
            path.append([(-side, lat)])
        path[-1].append(after)
    lines = [[[round(lon, _DIGITS), round(lat, _DIGITS)] for lon, lat in part] for part in path]
    if len(lines) == 1:
        return {"type": "LineString", "coordinates": lines[0]}
    return {"type": "MultiLineString", "coordinates": lines}


def _along(start: tuple[float, float], a: NDArray[np.float64], b: NDArray[np.float64]) -> Iterator[tuple[float, float]]:
    """Points of a great circle from start, end left out, at most a degree apart, so that maps draw the true edge."""
    angle = 2.0 * math.asin(min(1.0, 0.5 * float(np.linalg.norm(a - b))))
    pieces = max(1, math.ceil(angle / _STEP))
    yield start
    for piece in range(1, pieces):
        share = piece / pieces
        between = (math.sin((1 - share) * angle) * a + math.sin(share * angle) * b) / math.sin(angle)
        yield (
            math.degrees(math.atan2(between[1], between[0])),
            math.degrees(math.asin(max(-1.0, min(1.0, between[2])))),
        )


def _unwrapped(ring: Ring) -> Ring:
    """The ring with its first corner again at the end and longitudes that run on past ±180.

    A corner on a pole has no longitude: it is crossed at that of the corner before, then at that of the corner after.
    """
    corners: Ring = []
    for k, (lon, lat) in enumerate(ring):
        if abs(lat) > 90.0 - 1e-9:
            corners.append((ring[k - 1][0], lat))
            corners.append((ring[(k + 1) % len(ring)][0], lat))
        else:
            corners.append((lon, lat))
    run = [corners[0]]
    for lon, lat in [*corners[1:], corners[0]]:
        turn = (lon - run[-1][0] + 180.0) % 360.0 - 180.0
        run.append((run[-1][0] + turn, lat))
    return run


def _cut_ring(run: Ring) -> list[Ring]:
    """Rings within ±180° of longitude that cover the same area."""
    turn = run[-1][0] - run[0][0]
    if abs(turn) > 180.0:
        return [_around_pole(run[:-1], 90.0 if turn > 0 else -90.0)]
    run = run[:-1]
    rings = []
    for shift in (-360.0, 0.0, 360.0):
        moved = [(lon + shift, lat) for lon, lat in run]
        if max(lon for lon, _ in moved) <= -180.0 or min(lon for lon, _ in moved) >= 180.0:
            continue
        part = _clip(_clip(moved, -180.0, keep_above=True), 180.0, keep_above=False)
        if len(part) > 2:
            rings.append(part)
    return rings


def _clip(ring: Ring, at: float, *, keep_above: bool) -> Ring:
    """The part of a ring on one side of a meridian (Sutherland & Hodgman 1974)."""
    kept: Ring = []
    for k, (lon, lat) in enumerate(ring):
        before_lon, before_lat = ring[k - 1]
        inside, was_inside = (
            (lon >= at) == keep_above or lon == at,
            (before_lon >= at) == keep_above or before_lon == at,
        )
        if inside != was_inside:
            share = (at - before_lon) / (lon - before_lon)
            kept.append((at, before_lat + share * (lat - before_lat)))
        if inside:
            kept.append((lon, lat))
    return kept


def _around_pole(ring: Ring, pole: float) -> Ring:
    """A ring that goes around a pole, closed along the date line and the pole."""
    eastward = pole > 0
    wrapped = sorted(((lon + 180.0) % 360.0 - 180.0, lat) for lon, lat in ring)
    first, last = wrapped[0], wrapped[-1]
    gap = first[0] + 360.0 - last[0]
    edge = last[1] + (first[1] - last[1]) * ((180.0 - last[0]) / gap if gap > 0 else 0.0)
    outline = [(-180.0, edge), *wrapped, (180.0, edge)]
    if eastward:
        return [*outline, (180.0, pole), (-180.0, pole)]
    return [*outline[::-1], (-180.0, pole), (180.0, pole)]


def _closed(ring: Ring) -> list[list[float]]:
    corners = [[round(lon, _DIGITS), round(lat, _DIGITS)] for lon, lat in ring]
    kept = [corner for k, corner in enumerate(corners) if corner != corners[k - 1]] or corners[:1]
    return [*kept, kept[0]]


def name_clusters(
    clustering: Clustering,
    name: Sequence[str],
    lat: Any,
    lon: Any,
    population: Any,
    *,
    reach_km: float = 5.0,
    most: int = 3,
    least_share: float = 0.15,
) -> list[str]:
    """Name clusters after their largest cities.

    Parameters
    ----------
    clustering : Clustering
        Labelled locations.
    name : sequence of str
        Name of each city.
    lat, lon : arrays, shape (cities,)
        Degrees, finite.
    population : array, shape (cities,)
        Inhabitants, finite, >= 0.
    reach_km : float
        A city belongs to the cluster of the nearest member if that is no farther. Above 200,000 members the nearest is
        known to about a kilometre.
    most : int
        Cities in a name, at most.
    least_share : float
        Population, as a part of the largest city's, from which a further city is named, 0..1.

    Returns
    -------
    list of str
        Largest first, joined by an en dash; equal populations in the order of names. "near X" with the nearest city
        where none is within reach, and "cluster k" where there are no cities at all.

    Raises
    ------
    ClusterError
        Lengths differ or a value is out of range.
    """
    cities = len(name)
    city_lat, city_lon = column("lat", lat, cities), column("lon", lon, cities)
    people = weight_column("population", population, cities)
    if cities and not (np.isfinite(city_lat).all() and np.isfinite(city_lon).all()):
        raise ClusterError("lat and lon of cities must be finite; leave out cities without a place")
    angle = positive("reach_km", reach_km, most=5000.0, unit="km") / EARTH_RADIUS_KM
    members = np.flatnonzero(clustering.location_label >= 0)
    if not cities or not members.size:
        return [f"cluster {k}" for k in range(clustering.count)]
    places = clustering.locations
    label = clustering.location_label[members]
    if members.size > _THINNED_FROM:
        code = (np.rint((places.lat[members] + 90) * 100) * 36001 + np.rint((places.lon[members] + 180) * 100)).astype(
            np.int64
        )
        _, kept = np.unique(code * clustering.count + label, return_index=True)
        members, label = members[kept], label[kept]
    member_xyz, city_xyz = _unit(places.lat[members], places.lon[members]), _unit(city_lat, city_lon)
    # The tree's bound is exclusive; the next number up makes the reach inclusive.
    bound = math.nextafter(2.0 * math.sin(0.5 * angle), 4.0)
    from scipy.spatial import cKDTree  # half a second, which a run without names need not pay

    distance, nearest = cKDTree(member_xyz).query(city_xyz, distance_upper_bound=bound)
    inside: list[list[int]] = [[] for _ in range(clustering.count)]
    for city in sorted(np.flatnonzero(np.isfinite(distance)), key=lambda k: (-people[k], name[int(k)], k)):
        inside[label[nearest[city]]].append(int(city))
    names = []
    for k, own in enumerate(inside):
        if own:
            named = [name[city] for city in own[:most] if people[city] >= least_share * people[own[0]]]
            names.append("–".join(named))
        else:
            centre = member_xyz[label == k].mean(axis=0)
            names.append(f"near {name[int(((city_xyz - centre) ** 2).sum(axis=1).argmin())]}")
    return names
