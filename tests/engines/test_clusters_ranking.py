"""Documents, shares, ranks, resampling and the stability grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from headwater.engines.clusters import (
    ClusterError,
    Counts,
    Credits,
    Method,
    bootstrap_ranks,
    cluster_weights,
    count_documents,
    divide_documents,
    match_clusters,
    merge_near,
    prepare,
    prepare_locations,
    rank_clusters,
    stability_grid,
)


@st.composite
def papers(draw):
    n = draw(st.integers(1, 30))
    document = np.array(draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)))
    person = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)))
    weight = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), float)
    return document, person, weight


@given(papers(), st.booleans(), st.booleans())
def test_documents_are_conserved_when_divided(one, by_person, by_weight):
    document, person, weight = one
    divided = divide_documents(
        document, np.zeros(6, int), person=person if by_person else None, weight=weight if by_weight else None
    )
    total = np.bincount(document, weights=divided.credit, minlength=6)
    held = np.bincount(document, weights=weight if by_weight else None, minlength=6) > 0
    np.testing.assert_allclose(total, held.astype(float), rtol=1e-12)


def test_a_document_is_divided_among_persons_first():
    divided = divide_documents([0, 0, 0], [0], person=[7, 7, 9])
    assert divided.credit.tolist() == [0.25, 0.25, 0.5]


def test_counts_lose_nothing_to_noise_or_missing_places():
    divided = divide_documents([0, 0, 1, 1, 2], [0, 0, 1], metrics=2)
    counts = count_documents(divided, np.array([0, 1, 1, -1, 2], np.int32), np.array([0, 1, -1], np.int32), 2)
    assert counts.cluster.tolist() == [[0.5, 0.0], [1.0, 0.0]]
    assert (counts.noise.tolist(), counts.unlocated.tolist(), counts.world.tolist()) == (
        [0.0, 1.0],
        [0.5, 0.0],
        [2.0, 1.0],
    )


def ranked(cluster, weight, join="sum"):
    cluster = np.array(cluster, float)
    counts = Counts(cluster, np.zeros(cluster.shape[1]), np.zeros(cluster.shape[1]), np.full(cluster.shape[1], 10.0))
    return rank_clusters(counts, np.array(weight, float), join=join)


def test_ties_end_in_weight_then_in_number():
    ranking = ranked([[1, 1], [2, 0], [0, 2], [5, 0]], [3, 9, 3, 1])
    assert ranking.rank.tolist() == [3, 2, 4, 1]
    assert ranking.order.tolist() == [3, 1, 0, 2]
    np.testing.assert_allclose(ranking.score, [0.2, 0.2, 0.2, 0.5])


def test_sum_and_mean_rank_alike():
    cluster, weight = [[3, 1], [2, 9], [0, 2]], [1, 1, 1]
    total, mean = ranked(cluster, weight), ranked(cluster, weight, "mean")
    assert total.rank.tolist() == mean.rank.tolist() == [2, 1, 3]
    np.testing.assert_allclose(total.score, 2 * mean.score)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8), st.data())
def test_more_documents_never_lower_a_rank(cluster, data):
    weight = [1] * len(cluster)
    before = ranked(cluster, weight).rank
    chosen = data.draw(st.integers(0, len(cluster) - 1))
    more = [(one + (k == chosen), other) for k, (one, other) in enumerate(cluster)]
    assert ranked(more, weight).rank[chosen] <= before[chosen]
    assert sorted(before) == list(range(1, len(cluster) + 1))


def test_a_metric_without_documents_has_share_zero():
    counts = Counts(np.array([[1.0, 0.0]]), np.zeros(2), np.zeros(2), np.array([2.0, 0.0]))
    assert rank_clusters(counts, np.ones(1)).share.tolist() == [[0.5, 0.0]]


def test_an_unknown_join_is_refused():
    with pytest.raises(ClusterError, match='join must be "sum" or "mean", got'):
        ranked([[1.0]], [1.0], "product")


def test_clusters_are_matched_one_to_one_by_overlap():
    base = np.array([0, 0, 0, 1, 1, 2, -1], np.int32)
    other = np.array([1, 1, 0, 0, 0, 0, 2], np.int32)
    assert match_clusters(base, other, np.ones(7), 3, 3).tolist() == [1, 0, -1]


TOWNS = np.array([[31.2, 121.5], [30.3, 120.2], [32.1, 118.8], [39.9, 116.4]])


def world(sizes, seed=1):
    rng = np.random.default_rng(seed)
    town = np.repeat(np.arange(len(sizes)), sizes)
    lat, lon = (np.round(rng.normal(TOWNS[town, k], 0.03), 3) for k in (0, 1))
    document = rng.integers(0, sum(sizes) // 3, sum(sizes))
    return lat, lon, document


def test_resampling_is_repeatable_and_ranks_clear_cases_surely():
    lat, lon, document = world([900, 300, 100, 33])
    prepared = prepare(lat, lon, 13.0)
    base = prepared.cluster(min_weight=20)
    divided = divide_documents(document, np.zeros(int(document.max()) + 1, int))
    drawn = [
        bootstrap_ranks(
            prepared, base, divided, None, Method(20.0), resamples=40, rng=np.random.default_rng(seed), level=0.9
        )
        for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(drawn[0].ranks, drawn[1].ranks)
    np.testing.assert_array_equal(drawn[0].score_low, drawn[1].score_low)
    assert not np.array_equal(drawn[0].score_low, drawn[2].score_low)
    assert drawn[0].rank_low.tolist() == drawn[0].rank_high.tolist() == [1, 2, 3, 4]
    assert drawn[0].found[:3].tolist() == [1.0, 1.0, 1.0]
    assert 0.5 < drawn[0].found[3] <= 1.0
    assert (drawn[0].score_low < drawn[0].score_high).all()


def test_a_cluster_that_is_never_found_again_has_no_interval():
    lat, lon, document = world([60, 10, 0, 0])
    prepared = prepare(lat, lon, 13.0)
    base = prepared.cluster(min_weight=10)
    divided = divide_documents(document, np.zeros(int(document.max()) + 1, int))
    drawn = bootstrap_ranks(
        prepared, base, divided, None, Method(50.0), resamples=5, rng=np.random.default_rng(0), level=0.9
    )
    assert (drawn.found[1], drawn.rank_low[1], drawn.rank_high[1]) == (0.0, 0, 0)
    assert np.isnan(drawn.score_low[1])


def test_resampled_weights_are_the_drawn_documents():
    """One document: every resample draws it once, so each repeats the base exactly."""
    lat, lon, _ = world([50, 20, 0, 0])
    prepared = prepare(lat, lon, 13.0)
    base = prepared.cluster(min_weight=5)
    divided = divide_documents(np.zeros(70, int), [0])
    drawn = bootstrap_ranks(prepared, base, divided, None, Method(5.0), resamples=4, rng=np.random.default_rng(0))
    counts = count_documents(divided, prepared.locations.location_of, base.location_label, base.count)
    ranking = rank_clusters(counts, cluster_weights(base, prepared.locations.gather()))
    np.testing.assert_array_equal(drawn.ranks, np.tile(ranking.rank, (4, 1)))
    np.testing.assert_allclose(drawn.score_low, ranking.score)


@pytest.mark.parametrize(("resamples", "level"), [(0, 0.9), (5, 1.0)])
def test_resampling_refuses_what_makes_no_interval(resamples, level):
    prepared = prepare([1.0], [1.0], 1.0)
    base = prepared.cluster(min_weight=1)
    one = Credits(np.zeros(1, np.int64), np.zeros(1, np.int64), 1, np.ones(1))
    with pytest.raises(ClusterError):
        bootstrap_ranks(
            prepared, base, one, None, Method(1.0), resamples=resamples, rng=np.random.default_rng(0), level=level
        )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_the_stability_grid_holds_what_single_runs_give(seed):
    lat, lon, document = world([300, 200, 60, 30], seed)
    prepared = prepare(lat, lon, 13.0)
    merge = prepare_locations(prepared.locations, 150.0)
    base = merge_near(prepared.cluster(min_weight=25), merge).clustering
    divided = divide_documents(document, np.zeros(int(document.max()) + 1, int))
    grid = stability_grid(base, divided, None, [5.0, 13.0], [25.0, 100.0], merge=merge)
    for r, radius in enumerate((5.0, 13.0)):
        for m, least in enumerate((25.0, 100.0)):
            single = merge_near(
                prepare_locations(prepared.locations, radius).cluster(min_weight=least), merge
            ).clustering
            assert grid.clusters[r, m] == single.count
            inside = (single.labels() >= 0).sum() / 590
            assert grid.inside[r, m] == pytest.approx(inside)
    counts = count_documents(divided, prepared.locations.location_of, base.location_label, base.count)
    ranking = rank_clusters(counts, cluster_weights(base, prepared.locations.gather()))
    assert grid.rank[1, 0].tolist() == ranking.rank.tolist()
    assert (grid.inside[:, 0] >= grid.inside[:, 1]).all()
