"""Intervals: against SciPy's own, and against what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.stats import binomtest, poisson

from headwater.engines.statistics import StatisticsError, quotient_interval, rate_interval, share_interval


@given(st.integers(0, 60), st.integers(0, 60), st.sampled_from([0.8, 0.95, 0.99]))
def test_share_interval_is_wilson_s_of_scipy(hits, misses, level):
    low, high = share_interval(hits, hits + misses, level=level)
    if hits + misses:
        expected = binomtest(hits, hits + misses).proportion_ci(level, method="wilson")
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)
        assert low <= hits / (hits + misses) + 1e-12
        assert hits / (hits + misses) - 1e-12 <= high
    else:
        assert (low, high) == (0, 1)


@given(st.integers(0, 200), st.floats(0.5, 400))
def test_rate_interval_leaves_two_and_a_half_per_cent_on_each_side(count, exposure):
    low, high = rate_interval(count, exposure)
    assert poisson.cdf(count, high * exposure) == pytest.approx(0.025, abs=1e-8)
    if count:
        assert poisson.sf(count - 1, low * exposure) == pytest.approx(0.025, abs=1e-8)
    assert low <= count / exposure <= high


def test_quotient_interval_covers_the_true_quotient_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hit = 0
    for _round in range(400):
        part, base = rng.binomial(200, 0.3), rng.binomial(3000, 0.2)
        low, high = quotient_interval(part, 200, base, 3000)
        hit += low <= 1.5 <= high
    assert 0.92 <= hit / 400 <= 0.98
    assert quotient_interval(0, 5, 1, 9) == (0, math.inf)


@pytest.mark.parametrize(
    "call",
    [
        lambda: share_interval(3, 2),
        lambda: rate_interval(1, 0),
        lambda: share_interval(1, 2, level=1),
        lambda: quotient_interval(3, 2, 1, 1),
    ],
)
def test_impossible_counts_are_refused(call):
    with pytest.raises(StatisticsError):
        call()
