"""Corrected scores: against dense algebra, on simulated panels, and what must hold always."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import kendalltau, norm

from headwater.engines.scores import ScoreError, correct_scores


def simulated(seed, proposals=120, reviewers=24, each=3, merit=1.0, severity=0.8, noise=0.6):
    """Proposals with true merits, reviewers with true severities, and scores of random pairs."""
    rng = np.random.default_rng(seed)
    true, hard = rng.normal(0, merit, proposals), rng.normal(0, severity, reviewers)
    p = np.repeat(np.arange(proposals), each)
    r = np.concatenate([rng.choice(reviewers, each, replace=False) for _ in range(proposals)])
    return p, r, 3 + true[p] - hard[r] + rng.normal(0, noise, len(p)), true, hard


@cache
def panel(seed, severity=0.8):
    """A simulated panel and what the engine makes of it."""
    p, r, y, true, hard = simulated(seed, severity=severity)
    return corrected(p, r, y, 120, 24), true, hard


def corrected(p, r, y, n, m):
    return correct_scores(p, r, y, n_proposals=n, n_reviewers=m)


def test_corrected_ranking_beats_the_raw_mean_on_simulated_panels():
    gains = []
    for seed in range(20):
        got, true, _ = panel(seed)
        gains.append(kendalltau(got.merit, true).statistic - kendalltau(got.raw_mean, true).statistic)
    assert np.mean(gains) > 0.05
    assert np.mean(np.array(gains) > 0) >= 0.95


def test_corrected_ranking_costs_nothing_where_all_reviewers_are_alike():
    gains = []
    for seed in range(15):
        got, true, _ = panel(seed, severity=0.0)
        gains.append(kendalltau(got.merit, true).statistic - kendalltau(got.raw_mean, true).statistic)
    assert np.mean(gains) > -0.005


def test_stated_errors_are_right():
    inside = {0.5: [], 0.9: []}
    for seed in range(20):
        got, true, hard = panel(seed)
        for part, seen in inside.items():
            width = norm.ppf(0.5 + part / 2)
            seen.append(np.abs(got.merit - 3 - true) <= width * got.merit_error)
            seen.append(np.abs(got.severity - hard) <= width * got.severity_error)
    for part, seen in inside.items():
        assert np.concatenate(seen).mean() == pytest.approx(part, abs=0.04)


def test_spreads_are_found():
    found = []
    for seed in range(20):
        got, _, _ = panel(seed)
        found.append((got.merit_spread, got.severity_spread, got.noise))
    assert np.mean(found, axis=0) == pytest.approx((1.0, 0.8, 0.6), abs=0.06)


def test_effects_equal_generalised_least_squares_written_out():
    p, r, y, *_ = simulated(3, proposals=12, reviewers=5)
    got = corrected(p, r, y, 12, 5)
    a, b = np.eye(12)[p], np.eye(5)[r]
    m2, s2, e2 = got.merit_spread**2, got.severity_spread**2, got.noise**2
    weight = np.linalg.inv(m2 * a @ a.T + s2 * b @ b.T + e2 * np.eye(len(y)))
    one = np.ones(len(y))
    mean = one @ weight @ y / (one @ weight @ one)
    assert got.merit == pytest.approx(mean + m2 * a.T @ weight @ (y - mean))
    assert got.severity == pytest.approx(-s2 * b.T @ weight @ (y - mean))
    # error of prediction: what is known of a merit, and of the mean
    project = weight - np.outer(weight @ one, one @ weight) / (one @ weight @ one)
    known = m2 * a.T @ project @ a * m2
    slope = 1 - m2 * a.T @ weight @ one
    expected = m2 - np.diag(m2 * a.T @ weight @ a * m2) + slope**2 / (one @ weight @ one)
    assert got.merit_error**2 == pytest.approx(expected)
    assert np.all(np.diag(known) >= 0)


def test_full_panel_keeps_the_order_of_the_raw_means():
    rng = np.random.default_rng(4)
    p, r = (axis.ravel() for axis in np.indices((15, 6)))
    got = corrected(p, r, rng.normal(0, 1, 15)[p] - rng.normal(0, 1, 6)[r] + rng.normal(0, 0.5, 90), 15, 6)
    assert np.argsort(got.merit).tolist() == np.argsort(got.raw_mean).tolist()


def test_a_number_added_to_all_scores_is_added_to_all_merits():
    p, r, y, *_ = simulated(5)
    one, other = corrected(p, r, y, 120, 24), corrected(p, r, y + 40, 120, 24)
    assert other.merit - 40 == pytest.approx(one.merit, abs=1e-6)  # the search ends within its tolerance
    assert other.severity == pytest.approx(one.severity, abs=1e-6)


def test_order_of_the_reviews_does_not_matter():
    p, r, y, *_ = simulated(6)
    order = np.random.default_rng(0).permutation(len(y))
    assert corrected(p[order], r[order], y[order], 120, 24).merit == pytest.approx(
        corrected(p, r, y, 120, 24).merit, abs=1e-4
    )


def test_a_better_review_never_lowers_the_merit():
    p, r, y, *_ = simulated(7)
    before = corrected(p, r, y, 120, 24)
    y[10] += 0.5
    assert corrected(p, r, y, 120, 24).merit[p[10]] > before.merit[p[10]]


def test_missing_equal_and_parted_scores():
    got = corrected([0, 0, 2], [0, 1, 2], [3.0, 3.0, 3.0], 4, 3)
    assert np.nan_to_num(got.merit, nan=-1).tolist() == [3.0, -1.0, 3.0, -1.0]
    assert got.part.tolist() == [0, -1, 1, -1]
    assert got.reviews.tolist() == [2, 0, 1, 0]
    empty = corrected(np.empty(0, int), np.empty(0, int), [], 2, 1)
    assert np.isnan(empty.merit).all()
    alone = corrected([0], [0], [4.0], 1, 1)
    assert alone.merit.tolist() == [4.0]
    pair = corrected([0, 1], [0, 0], [1.0, 5.0], 2, 1)
    assert pair.merit[0] < pair.merit[1]


@pytest.mark.parametrize(
    ("p", "r", "y", "sentence"),
    [
        ([0, 1], [0], [1.0, 2.0], "one length"),
        ([0, 3], [0, 0], [1.0, 2.0], "proposal must lie in 0 to 2, got 0 to 3"),
        ([0.5, 1], [0, 0], [1.0, 2.0], "whole numbers"),
        ([0, 1], [0, 0], [1.0, np.nan], "finite"),
        ([0, 0], [0, 0], [1.0, 2.0], "twice"),
    ],
)
def test_wrong_scores_say_what_is_wrong(p, r, y, sentence):
    with pytest.raises(ScoreError, match=sentence):
        corrected(p, r, y, 3, 2)
