"""Tiles: whatever the cut and the parts, labels are those of one machine."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from headwater.engines.clusters import ClusterError, prepare
from headwater.engines.clusters.locations import collapse_points
from headwater.engines.clusters.tiles import (
    Tile,
    histogram,
    join_tiles,
    piece_of,
    plan_tiles,
    split_piece,
    tile_cores,
    tile_labels,
)


def by_tiles(lat, lon, weight, radius, least, parts, tiles):
    """Labels of points that were cut into parts and tiles."""
    edges = np.linspace(0, lat.size, parts + 1).astype(int)
    spans = list(pairwise(edges))
    held = [collapse_points(lat[a:b], lon[a:b], threads=1) for a, b in spans]
    pieces = [
        piece_of(one, None if weight is None else weight[a:b], a) for one, (a, b) in zip(held, spans, strict=True)
    ]
    plan = plan_tiles(sum(histogram(one) for one in pieces), tiles=tiles)
    split = [split_piece(one, plan, radius) for one in pieces]
    cores = [
        tile_cores(tile, [one[k] for one in split], radius_km=radius, min_weight=least, threads=1)
        for k, tile in enumerate(plan)
    ]
    joined = join_tiles([(one.earliest, one.shared_lat, one.shared_lon, one.shared_group) for one in cores])
    labels = []
    found = [tile_labels(one, joined.cluster[k], [piece[k].lat.size for piece in split]) for k, one in enumerate(cores)]
    for p, one in enumerate(held):
        label = np.full(one.size, -2, np.int32)
        for k, tile in enumerate(plan):
            entries = np.flatnonzero(tile.near(one.lat, one.lon, 2 * radius))
            mine, of = found[k].by_piece[p]
            assert (label[entries[mine]] == -2).all()  # each location is one tile's own
            label[entries[mine]] = of
        assert (label > -2).all()
        labels.append(one.spread(label))
    return np.concatenate(labels) if labels else np.empty(0, np.int32), plan


@st.composite
def worlds(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n = draw(st.integers(1, 250))
    kind = draw(st.sampled_from(["sphere", "north", "south", "date line", "town", "grid", "seam"]))
    lat, lon = rng.uniform(-90, 90, n), rng.uniform(-180, 180, n)
    if kind == "north":
        lat = 90 - np.abs(rng.normal(0, 0.4, n))
    elif kind == "south":
        lat = np.round(-90 + np.abs(rng.normal(0, 0.4, n)), 1)
    elif kind == "date line":
        lat, lon = rng.normal(10, 0.4, n), (360 + rng.normal(0, 0.5, n)) % 360 - 180
    elif kind == "town":
        lat, lon = rng.normal(31, 0.1, n), rng.normal(121, 0.1, n)
    elif kind == "grid":
        lat, lon = np.round(rng.normal(31, 0.6, n), 1), np.round(rng.normal(121, 0.6, n), 1)
    elif kind == "seam":
        lat, lon = np.round(rng.normal(30, 0.02, n), 2), np.round(rng.normal(120, 0.02, n), 2)
    weight = None if draw(st.booleans()) else rng.integers(0, 5, n).astype(float)
    if draw(st.booleans()) and n > 3:
        lat[rng.integers(0, n, 2)] = np.nan
    return lat, lon, weight


@settings(max_examples=60)
@given(
    worlds(),
    st.sampled_from([0.5, 5, 13, 60, 400]),
    st.integers(1, 14),
    st.integers(1, 5),
    st.sampled_from([1, 2, 6, 16]),
)
def test_tiles_give_the_labels_of_one_machine(world, radius, least, parts, tiles):
    lat, lon, weight = world
    one = prepare(lat, lon, radius, threads=1)
    expected = one.cluster(one.locations.gather(weight), min_weight=least).labels()
    found, _plan = by_tiles(lat, lon, weight, radius, least, parts, tiles)
    assert found.tolist() == expected.tolist()


def test_cluster_that_runs_through_many_tiles_is_one():
    lon = np.arange(-180, 180, 0.05)
    lat = np.zeros(lon.size)
    found, plan = by_tiles(lat, lon, None, 6.0, 2, 4, 25)
    assert len(plan) > 4
    assert set(found.tolist()) == {0}


def test_plan_covers_the_sphere_once():
    rng = np.random.default_rng(3)
    lat = np.concatenate([rng.uniform(-90, 90, 500), [90, -90, 0, 0]])
    lon = np.concatenate([rng.uniform(-180, 180, 500), [180, -180, 180, -180]])
    plan = plan_tiles(histogram(piece_of(collapse_points(lat, lon), None, 0)), tiles=12)
    assert sum(tile.holds(lat, lon).astype(int) for tile in plan).tolist() == [1] * lat.size
    with pytest.raises(ClusterError, match="tiles must be"):
        plan_tiles(np.zeros((360, 720), np.int64), tiles=0)


def test_halo_holds_all_that_is_near():
    rng = np.random.default_rng(4)
    for south, north, west, east in ((30, 31, 120, 121), (88, 90, -180, 0), (-1, 1, 179, 180), (-90, -60, -180, 180)):
        tile = Tile(south, north, west, east)
        lat, lon = rng.uniform(south, north, 400), rng.uniform(west, east, 400)
        bearing, far = rng.uniform(0, 2 * np.pi, 400), 50 / 6371.0088
        up = np.radians(lat)
        there = np.arcsin(np.sin(up) * np.cos(far) + np.cos(up) * np.sin(far) * np.cos(bearing))
        across = np.arctan2(np.sin(bearing) * np.sin(far) * np.cos(up), np.cos(far) - np.sin(up) * np.sin(there))
        other = (lon + np.degrees(across) + 180) % 360 - 180
        assert tile.near(np.degrees(there), other, 50.0001).all()
