"""Floating catchments: they conserve supply, and are those of PySAL's ``access``."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st

from headwater.engines.statistics import StatisticsError, float_catchment, overlap


@st.composite
def worlds(draw):
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    numbers = st.floats(0, 100)
    return (
        np.array(draw(st.lists(numbers, min_size=m, max_size=m))),
        np.array(draw(st.lists(st.integers(0, 50), min_size=n, max_size=n)), float),
        np.array(draw(st.lists(st.integers(0, 120), min_size=n * m, max_size=n * m)), float).reshape(n, m),
    )


@given(worlds(), st.integers(1, 90))
def test_catchment_conserves_supply(world, limit):
    supply, demand, travel = world
    used = ((travel <= limit).T @ demand) > 0
    access = float_catchment(supply, demand, travel, limit_min=limit)
    assert demand @ access == pytest.approx(supply[used].sum())


@given(worlds(), st.integers(1, 90))
def test_more_supply_never_means_less_access(world, limit):
    supply, demand, travel = world
    more = float_catchment(supply + 1, demand, travel, limit_min=limit)
    assert (more >= float_catchment(supply, demand, travel, limit_min=limit) - 1e-12).all()


def test_catchment_is_that_of_access():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd
        from access.fca import two_stage_fca
    rng = np.random.default_rng(3)
    supply, demand = rng.uniform(1, 50, 6), rng.integers(1, 900, 9).astype(float)
    travel = rng.uniform(0, 120, (9, 6))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = two_stage_fca(
            pd.DataFrame({"demand": demand}, index=pd.RangeIndex(9, name="geoid")),
            pd.DataFrame({"supply": supply}, index=pd.RangeIndex(6, name="geoid")),
            pd.DataFrame(
                [(i, j, travel[i, j]) for i in range(9) for j in range(6)], columns=["origin", "dest", "cost"]
            ),
            max_cost=60,
        )
    ours = float_catchment(supply, demand, travel, limit_min=60)
    assert ours == pytest.approx(theirs.reindex(range(9)).fillna(0).to_numpy())


def test_no_route_is_no_reach_and_shapes_must_agree():
    assert float_catchment([5.0], [1.0, 1.0], [[np.nan], [np.inf]], limit_min=60).tolist() == [0, 0]
    with pytest.raises(StatisticsError, match="Transposed"):
        float_catchment([5.0], [1.0, 1.0], [[1.0, 1.0]], limit_min=60)


def test_overlap_sums_to_the_whole():
    found = overlap([1, 2, 3, 4], [1, 1, 0, 0], [1, 0, 1, 0])
    assert (found.both, found.only_first, found.only_second, found.neither) == (1, 2, 3, 4)
    assert (found.first, found.second, found.total) == (3, 4, 10)
