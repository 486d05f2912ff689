"""Hulls, areas, the date line, the poles, and names."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from headwater.engines.clusters import EARTH_RADIUS_KM, ClusterError, cluster_shapes, name_clusters, prepare


def shapes_of(lat, lon, radius_km=400.0):
    return cluster_shapes(prepare(lat, lon, radius_km).cluster(min_weight=1))


def ring_area(ring):
    """Signed area of a ring in degrees squared."""
    return 0.5 * sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring))


def rings_of(shape):
    if shape.geometry["type"] == "Polygon":
        return [shape.geometry["coordinates"][0]]
    return [part[0] for part in shape.geometry["coordinates"]]


def holds(ring, lon, lat):
    """Whether a point is in a ring, edges counted loosely: even-odd rule."""
    inside = False
    for (x, y), (u, v) in itertools.pairwise(ring):
        if (y > lat) != (v > lat) and lon < x + (lat - y) / (v - y) * (u - x):
            inside = not inside
    return inside


def test_a_square_degree_at_the_equator_has_its_area():
    (shape,) = shapes_of([0.0, 0.0, 1.0, 1.0, 0.5], [10.0, 11.0, 10.0, 11.0, 10.5])
    exact = EARTH_RADIUS_KM**2 * math.radians(1) * math.sin(math.radians(1))
    assert shape.area_km2 == pytest.approx(exact, rel=1e-4)  # its northern edge is a great circle, not a parallel
    assert (shape.locations, shape.weight) == (5, 5.0)
    assert (shape.lat, shape.lon) == (pytest.approx(0.5, abs=1e-3), pytest.approx(10.5, abs=1e-3))
    assert shape.geometry == {
        "type": "Polygon",
        "coordinates": [
            [[10.0, 0.0], [11.0, 0.0], [11.0, 1.0], [10.0, 1.0], [10.0, 0.0]],
        ],
    }


def test_points_and_lines_have_no_area():
    point, line = shapes_of([0.0, 40.0, 40.5], [0.0, 0.0, 0.0], 60.0)
    assert point.geometry == {"type": "Point", "coordinates": [0.0, 0.0]}
    assert line.geometry == {"type": "LineString", "coordinates": [[0.0, 40.0], [0.0, 40.5]]}
    assert (point.area_km2, line.area_km2, point.reach_km) == (0.0, 0.0, 0.0)


def test_a_line_across_the_date_line_is_cut_there():
    (shape,) = shapes_of([0.0, 0.0], [179.6, -179.6])
    assert shape.geometry == {
        "type": "MultiLineString",
        "coordinates": [[[179.6, 0.0], [180.0, 0.0]], [[-180.0, 0.0], [-179.6, 0.0]]],
    } or shape.geometry == {
        "type": "MultiLineString",
        "coordinates": [[[-179.6, 0.0], [-180.0, 0.0]], [[180.0, 0.0], [179.6, 0.0]]],
    }


def test_a_hull_across_the_date_line_is_cut_in_two():
    (shape,) = shapes_of([0.0, 0.0, 1.0, 1.0], [179.5, -179.5, 179.5, -179.5])
    assert shape.geometry["type"] == "MultiPolygon"
    east, west = sorted(rings_of(shape), key=lambda ring: ring[0][0])
    for ring in (east, west):
        assert ring[0] == ring[-1]
        assert ring_area(ring) == pytest.approx(0.5, abs=1e-3)
    assert {round(abs(lon), 6) for ring in (east, west) for lon, _ in ring} == {179.5, 180.0}


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_hull_around_a_pole_reaches_it(side):
    (shape,) = shapes_of([side * 88.0] * 4, [-135.0, -45.0, 45.0, 135.0])
    (ring,) = rings_of(shape)
    assert ring_area(ring) > 0
    assert [180.0, side * 90.0] in ring
    assert [-180.0, side * 90.0] in ring
    assert shape.lat == pytest.approx(side * 90.0, abs=1e-6)
    assert holds(ring, 0.0, side * 89.5)
    assert not holds(ring, 0.0, side * 87.0)


@given(st.integers(0, 2**32 - 1), st.floats(-80, 80), st.floats(-180, 180), st.floats(0.05, 8.0))
@settings(max_examples=40, deadline=None)
def test_hulls_run_counterclockwise_and_hold_their_members(seed, lat, lon, spread):
    rng = np.random.default_rng(seed)
    lats = np.clip(rng.normal(lat, spread / 4, 30), -89, 89)
    lons = (rng.normal(lon, spread / 4, 30) + 180) % 360 - 180
    (shape,) = shapes_of(lats, lons, 4000.0)
    rings = rings_of(shape)
    assert all(ring[0] == ring[-1] and ring_area(ring) > 0 for ring in rings)
    assert all(-180 <= x <= 180 and -90 <= y <= 90 for ring in rings for x, y in ring)
    held = sum(any(holds(ring, x, y) for ring in rings) for x, y in zip(lons, lats, strict=True))
    corners = sum(len(ring) for ring in rings)
    assert held >= 30 - corners  # corners lie on the edge, where the rule may say either


def test_members_around_the_globe_have_no_hull():
    (shape,) = shapes_of([0.0] * 180, list(range(-180, 180, 2)), 300.0)
    assert shape.geometry is None
    assert math.isnan(shape.area_km2)
    assert math.isnan(shape.lat)


def towns():
    return prepare([31.2, 31.25, 30.3, 10.0], [121.5, 121.5, 120.2, 10.0], 13.0).cluster(min_weight=1)


CITIES = {
    "name": ["Suzhou", "Shanghai", "Pudong", "Hangzhou", "Xiacheng"],
    "lat": [31.24, 31.22, 31.21, 30.29, 30.31],
    "lon": [121.51, 121.49, 121.52, 120.2, 120.2],
    "population": [5e6, 2.4e7, 1e6, 9e6, 9e6],
}


def test_clusters_are_named_after_their_largest_cities():
    assert name_clusters(towns(), **CITIES) == ["Shanghai–Suzhou", "Hangzhou–Xiacheng", "near Xiacheng"]
    assert name_clusters(towns(), **CITIES, most=1) == ["Shanghai", "Hangzhou", "near Xiacheng"]
    assert name_clusters(towns(), **CITIES, least_share=0.0)[0] == "Shanghai–Suzhou–Pudong"


def test_without_cities_clusters_are_numbered():
    assert name_clusters(towns(), [], [], [], []) == ["cluster 0", "cluster 1", "cluster 2"]


def test_cities_without_a_place_are_refused():
    with pytest.raises(ClusterError, match="must be finite"):
        name_clusters(towns(), ["A"], [float("nan")], [1.0], [1.0])
