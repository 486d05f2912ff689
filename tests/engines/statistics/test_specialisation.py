"""Specialisation and complexity, against a second library and the formulas written out."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from headwater.engines.statistics import StatisticsError, complexity, krugman_index, location_quotients

COUNTS = np.random.default_rng(5).gamma(0.6, 20, (14, 9)).round()


def test_location_quotients_weigh_to_one():
    found = location_quotients(COUNTS)
    mix = COUNTS.sum(axis=0) / COUNTS.sum()
    assert np.nansum(found * mix, axis=1) == pytest.approx(np.ones(14))


def test_krugman_index_is_nought_for_the_common_mix():
    assert krugman_index(np.outer([1, 2, 3], [4, 5])) == pytest.approx([0, 0, 0])
    assert krugman_index([[1, 0], [0, 3]])[0] == pytest.approx(1.5)


def test_complexity_is_that_of_a_second_library():
    found = complexity(COUNTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from ecomplexity import ecomplexity

        frame = pd.DataFrame(
            [(0, str(r), str(c), COUNTS[r, c]) for r in range(14) for c in range(9)], columns=["t", "l", "p", "v"]
        )
        theirs = ecomplexity(frame, {"time": "t", "loc": "l", "prod": "p", "val": "v"})
    eci = theirs.groupby("l").eci.first()
    assert found.region == pytest.approx([eci[str(r)] for r in range(14)], abs=1e-6)


def test_relatedness_is_the_formula_written_out():
    found = complexity(COUNTS)
    holds = location_quotients(COUNTS) >= 1
    together = holds.T.astype(float) @ holds
    near = together / np.maximum.outer(holds.sum(axis=0), holds.sum(axis=0))
    np.fill_diagonal(near, 0)  # a class is not related to itself; the second library above counts it in
    assert found.relatedness == pytest.approx((holds @ near) / near.sum(axis=0))
    assert np.corrcoef(found.region, holds.sum(axis=1))[0, 1] > 0


def test_empty_rows_are_left_out_and_too_little_is_refused():
    padded = np.vstack([COUNTS, np.zeros(9)])
    found = complexity(padded)
    assert np.isnan(found.region[-1])
    assert found.region[:-1] == pytest.approx(complexity(COUNTS).region)
    with pytest.raises(StatisticsError, match="three regions"):
        complexity(np.eye(2))
