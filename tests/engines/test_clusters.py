"""Density clusters against scikit-learn, number by number, on all kinds of worlds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.cluster import DBSCAN

from headwater.engines.clusters import (
    EARTH_RADIUS_KM,
    ClusterError,
    collapse_points,
    merge_near,
    prepare,
    prepare_locations,
)

WORLDS = settings(max_examples=70, deadline=None)


def reference(lat, lon, radius_km, min_weight, weight=None, algorithm="brute"):
    if weight is not None and not np.any(weight):  # scikit-learn refuses such weights; none of the points is a core
        return np.full(len(lat), -1), np.empty(0, np.int64)
    found = DBSCAN(
        eps=radius_km / EARTH_RADIUS_KM, metric="haversine", algorithm=algorithm, min_samples=min_weight
    ).fit(np.radians(np.column_stack([lat, lon])), sample_weight=weight)
    return found.labels_, found.core_sample_indices_


def ours(lat, lon, radius_km, min_weight, weight=None, threads=1):
    world = prepare(lat, lon, radius_km, threads=threads)
    found = world.cluster(world.locations.gather(weight), min_weight=min_weight)
    return found.labels(), np.flatnonzero(found.location_core[world.locations.location_of])


def assert_same(lat, lon, radius_km, min_weight, weight=None, algorithm="brute"):
    labels, cores = ours(lat, lon, radius_km, min_weight, weight)
    expected, expected_cores = reference(lat, lon, radius_km, min_weight, weight, algorithm)
    np.testing.assert_array_equal(labels, expected)
    np.testing.assert_array_equal(cores, expected_cores)


@st.composite
def lattices(draw):
    """Points on a lattice whose step is the radius or a part of it: duplicates, and ties at exactly the radius."""
    n = draw(st.integers(1, 60))
    step = draw(st.sampled_from([0.01, 0.5, 1.0, 5.0, 15.0]))
    south = draw(st.sampled_from([0.0, 47.3, 75.0, -75.0, 90.0, -90.0]))
    west = draw(st.sampled_from([0.0, 121.47, 180.0]))
    rows = draw(st.lists(st.integers(-5, 5), min_size=n, max_size=n))
    columns = draw(st.lists(st.integers(-5, 5), min_size=n, max_size=n))
    lat = np.clip(south + step * np.array(rows, float), -90, 90)
    lon = (west + step * np.array(columns, float) + 180) % 360 - 180
    lon[draw(st.lists(st.integers(0, n - 1), max_size=5))] = 180.0
    times = draw(st.sampled_from([1.0, 1.0, 2.0, 3.0, 0.7]))
    return lat, lon, min(float(np.radians(step)) * times * EARTH_RADIUS_KM, 5000.0)


@given(lattices(), st.integers(1, 9), st.data())
@WORLDS
def test_labels_equal_scikit_learn_on_lattices_with_ties_poles_and_the_date_line(world, least, data):
    lat, lon, radius_km = world
    weight = None
    if data.draw(st.booleans()):
        weight = np.array(data.draw(st.lists(st.integers(0, 4), min_size=lat.size, max_size=lat.size)), float)
    assert_same(lat, lon, radius_km, least, weight)


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["sphere", "pole", "date line", "town", "towns"]),
    st.floats(0.05, 400.0),
    st.integers(1, 40),
)
@settings(max_examples=40, deadline=None)
def test_labels_equal_scikit_learn_on_random_worlds(seed, kind, radius_km, least):
    lat, lon = random_world(np.random.default_rng(seed), kind, 1500)
    assert_same(lat, lon, radius_km, least, algorithm="ball_tree")


def random_world(rng, kind, n):
    if kind == "sphere":
        return np.degrees(np.arcsin(rng.uniform(-1, 1, n))), rng.uniform(-180, 180, n)
    if kind == "pole":
        lat = np.degrees(np.arcsin(rng.choice([1, -1], n) * (1 - rng.uniform(0, 1e-3, n))))
        return lat, rng.uniform(-180, 180, n)
    if kind == "date line":
        lon = 180 - rng.exponential(0.5, n) * rng.choice([1, -1], n)
        return rng.normal(0, 3, n), (lon + 180) % 360 - 180
    towns = 1 if kind == "town" else 40
    centre_lat, centre_lon = rng.uniform(25, 35, towns), rng.uniform(115, 123, towns)
    town = rng.integers(0, towns, n)
    return np.round(rng.normal(centre_lat[town], 0.1), 3), np.round(rng.normal(centre_lon[town], 0.1), 3)


def test_labels_equal_scikit_learn_in_a_crowded_town_cut_into_blocks():
    rng = np.random.default_rng(5)
    lat, lon = rng.normal(31.2, 0.12, 12_000), rng.normal(121.5, 0.14, 12_000)
    for least in (300, 1200, 2500):
        assert_same(lat, lon, 6.0, least, algorithm="ball_tree")


def test_weights_count_as_repeated_points():
    rng = np.random.default_rng(2)
    lat, lon = random_world(rng, "towns", 400)
    weight = rng.integers(1, 5, 400)
    repeated = np.repeat(np.arange(400), weight)
    labels, _ = ours(lat, lon, 9.0, 12, weight.astype(float))
    of_repeated, _ = ours(lat[repeated], lon[repeated], 9.0, 12)
    np.testing.assert_array_equal(labels[repeated], of_repeated)
    assert labels.max() > 1


def test_threads_do_not_change_anything():
    lat, lon = random_world(np.random.default_rng(8), "towns", 40_000)
    one, three = (ours(lat, lon, 4.0, 60, threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one[0], three[0])
    np.testing.assert_array_equal(one[1], three[1])
    assert one[0].max() >= 1


@given(st.integers(0, 2**32 - 1), st.floats(1.0, 60.0), st.integers(2, 30))
@settings(max_examples=40, deadline=None)
def test_reordering_points_keeps_cores_and_their_partition(seed, radius_km, least):
    rng = np.random.default_rng(seed)
    lat, lon = random_world(rng, "towns", 500)
    order = rng.permutation(500)
    labels, cores = ours(lat, lon, radius_km, least)
    mixed, mixed_cores = ours(lat[order], lon[order], radius_km, least)
    np.testing.assert_array_equal(np.sort(order[mixed_cores]), cores)
    back = np.empty(500, int)
    back[order] = mixed
    pairs = set(zip(labels[cores].tolist(), back[cores].tolist(), strict=True))
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})
    np.testing.assert_array_equal(labels >= 0, back >= 0)


@given(st.integers(0, 2**32 - 1), st.floats(1.0, 40.0), st.integers(2, 20))
@settings(max_examples=40, deadline=None)
def test_more_radius_or_less_minimum_never_loses_a_core(seed, radius_km, least):
    lat, lon = random_world(np.random.default_rng(seed), "towns", 400)
    _, cores = ours(lat, lon, radius_km, least)
    _, wider = ours(lat, lon, radius_km * 1.3, least)
    _, easier = ours(lat, lon, radius_km, least - 1)
    assert set(cores) <= set(wider)
    assert set(cores) <= set(easier)


def test_one_grid_serves_many_weightings():
    rng = np.random.default_rng(4)
    lat, lon = random_world(rng, "towns", 800)
    world = prepare(lat, lon, 12.0)
    seen = set()
    for _ in range(5):
        weight = rng.integers(0, 4, 800).astype(float)
        labels = world.cluster(world.locations.gather(weight), min_weight=20).labels()
        np.testing.assert_array_equal(labels, reference(lat, lon, 12.0, 20, weight)[0])
        seen.add(labels.tobytes())
    assert len(seen) == 5


def test_skipping_weightless_locations_is_leaving_them_out():
    rng = np.random.default_rng(14)
    lat, lon = random_world(rng, "towns", 600)
    weight = rng.integers(0, 3, 600).astype(float)
    world = prepare(lat, lon, 12.0)
    by_location = world.locations.gather(weight)
    labels = world.cluster(by_location, min_weight=14, skip_weightless=True).labels()
    kept = by_location[world.locations.location_of] > 0
    np.testing.assert_array_equal(labels[kept], reference(lat[kept], lon[kept], 12.0, 14, weight[kept])[0])
    assert (labels[~kept] == -1).all()
    assert not np.array_equal(labels, world.cluster(by_location, min_weight=14).labels())


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, -0.0, 31.2, 90.0, np.nan, 90.5, np.inf]),
            st.sampled_from([0.0, -0.0, 121.5, 180.0, -180.0, np.nan, 181.0]),
        ),
        max_size=40,
    )
)
def test_collapsing_conserves_points_and_says_which_have_no_place(points):
    lat, lon = np.array([one for one, _ in points], float), np.array([other for _, other in points], float)
    found = collapse_points(lat, lon)
    placed = (np.abs(lat) <= 90) & (np.abs(lon) <= 180)
    np.testing.assert_array_equal(found.location_of >= 0, placed)
    assert found.missing == int((np.isnan(lat) | np.isnan(lon)).sum())
    assert int(found.count.sum()) + found.missing + found.out_of_range == len(points)
    distinct = list(dict.fromkeys(zip((lat[placed] + 0.0).tolist(), (lon[placed] + 0.0).tolist(), strict=True)))
    assert sorted(zip(found.lat.tolist(), found.lon.tolist(), strict=True)) == sorted(distinct)
    np.testing.assert_array_equal(found.lat[found.location_of[placed]], lat[placed] + 0.0)
    np.testing.assert_array_equal(found.location_of[found.first], np.arange(found.size))
    assert found.first.tolist() == [int(np.flatnonzero(found.location_of == k)[0]) for k in range(found.size)]


def test_collapsing_many_points_agrees_with_unique():
    rng = np.random.default_rng(0)
    lat, lon = rng.integers(-90, 90, 60_000).astype(float), rng.integers(-60, 60, 60_000).astype(float)
    found = collapse_points(lat, lon, threads=3)
    expected, counts = np.unique(np.column_stack([lat, lon]), axis=0, return_counts=True)
    order = np.lexsort((found.lon, found.lat))
    np.testing.assert_array_equal(np.column_stack([found.lat, found.lon])[order], expected)
    np.testing.assert_array_equal(found.count[order], counts)


def test_no_points_make_no_clusters():
    world = prepare([], [], 13.0)
    assert world.cluster(min_weight=1).labels().tolist() == []
    placeless = prepare([np.nan, 95.0], [0.0, 0.0], 13.0)
    found = placeless.cluster(min_weight=1)
    assert (found.labels().tolist(), found.count, placeless.locations.unlocated) == ([-1, -1], 0, 2)


@pytest.mark.parametrize(
    ("lat", "lon", "radius_km", "message"),
    [
        ([1.0], [1.0, 2.0], 1.0, "lon must have one entry per point: needed 1, got 2"),
        ([[1.0]], [1.0], 1.0, "lat must have one dimension, got shape (1, 1)"),
        ([1.0], [1.0], 0.0, "radius_km must be above 0 and within 0.001..5000 km, got 0.0"),
        ([1.0], [1.0], 9000.0, "radius_km must be above 0 and within 0.001..5000 km, got 9000.0"),
    ],
)
def test_wrong_input_is_named(lat, lon, radius_km, message):
    with pytest.raises(ClusterError) as raised:
        prepare(lat, lon, radius_km)
    assert str(raised.value) == message


def test_wrong_weights_are_named():
    world = prepare([1.0, 2.0], [1.0, 1.0], 1.0)
    with pytest.raises(ClusterError, match=r"weight\[1\] must be finite and >= 0, got"):
        world.cluster([1.0, -2.0], min_weight=1)
    with pytest.raises(ClusterError, match=r"min_weight must be above 0, got 0"):
        world.cluster(min_weight=0)


def merged_by_hand(lat, lon, labels, merge_km):
    """Single linkage over all pairs of members."""
    into = list(range(labels.max() + 1))
    lat, lon = np.radians(lat), np.radians(lon)
    half = np.sin(0.5 * (lat[:, None] - lat)) ** 2
    half += np.cos(lat)[:, None] * np.cos(lat) * np.sin(0.5 * (lon[:, None] - lon)) ** 2
    near = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half)) <= merge_km
    member = labels >= 0
    for i, j in np.argwhere(near & member[:, None] & member):
        low, high = sorted((into[labels[i]], into[labels[j]]))
        into = [low if one == high else one for one in into]
    number = {root: k for k, root in enumerate(sorted(set(into)))}
    return np.array([number[into[label]] if label >= 0 else -1 for label in labels])


@given(st.integers(0, 2**32 - 1), st.floats(2.0, 60.0), st.integers(2, 5), st.floats(0.5, 120.0))
@settings(max_examples=40, deadline=None)
def test_merging_is_single_linkage_of_members(seed, radius_km, least, merge_km):
    lat, lon = random_world(np.random.default_rng(seed), "towns", 70)
    world = prepare(lat, lon, radius_km)
    density = world.cluster(min_weight=least)
    merging = merge_near(density, prepare_locations(world.locations, merge_km))
    np.testing.assert_array_equal(merging.clustering.labels(), merged_by_hand(lat, lon, density.labels(), merge_km))
    assert merging.clustering.count == len(set(merging.into.tolist()))
    members = density.labels() >= 0
    np.testing.assert_array_equal(merging.into[density.labels()[members]], merging.clustering.labels()[members])


def test_merging_refuses_other_locations():
    world = prepare([1.0], [1.0], 1.0)
    with pytest.raises(ClusterError, match="own locations"):
        merge_near(world.cluster(min_weight=1), prepare([1.0], [1.0], 1.0))


def test_radians_are_numpys_and_vectors_are_closer_than_the_margin():
    rng = np.random.default_rng(4)
    corners = [0.0, -0.0, 45, -45, 90, -90, 135, -135, 180, -180, 1e-12]
    lat = np.concatenate([[one for one in corners if abs(one) <= 90], rng.uniform(-90, 90, 5000)])
    lon = np.concatenate([corners, rng.uniform(-180, 180, lat.size - len(corners))])
    world = prepare(lat, lon, 13.0, threads=1)
    grid, places = world.grid, world.locations
    north, east = np.radians(places.lat[grid.order]), np.radians(places.lon[grid.order])
    np.testing.assert_array_equal(grid.lat, north)
    np.testing.assert_array_equal(grid.lon, east)
    exact = np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
    assert np.abs(grid.xyz - exact).max() < 1e-15
