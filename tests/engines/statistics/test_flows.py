"""Flows: they conserve, match a loop, and the gravity model matches a likelihood maximised another way."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import minimize

from headwater.engines.statistics import (
    StatisticsError,
    centrality,
    gravity,
    great_circles,
    leading,
    led_documents,
    shared_documents,
    strongest,
)

addresses = st.lists(st.tuples(st.integers(0, 6), st.integers(-1, 3), st.booleans()), max_size=30)


def columns(rows):
    return (np.array([row[k] for row in rows], kind) for k, kind in enumerate((int, int, bool)))


@given(addresses)
def test_shared_documents_match_a_loop_and_fractional_ones_conserve(rows):
    document, region, _lead = columns(rows)
    full, part = np.zeros((4, 4)), np.zeros((4, 4))
    shared = 0
    for one in {row[0] for row in rows}:
        places = sorted({row[1] for row in rows if row[0] == one and row[1] >= 0})
        shared += len(places) > 1
        for a, b in combinations(places, 2):
            for x, y in ((a, b), (b, a)):
                full[x, y] += 1
                part[x, y] += 2 / (len(places) * (len(places) - 1))
    assert shared_documents(document, region, regions=4) == pytest.approx(full)
    fractional = shared_documents(document, region, regions=4, counting="fractional")
    assert fractional == pytest.approx(part)
    assert fractional.sum() / 2 == pytest.approx(shared)


@given(addresses)
def test_led_documents_match_a_loop(rows):
    document, region, lead = columns(rows)
    expected = np.zeros((4, 4))
    for one in {row[0] for row in rows}:
        mine = [row for row in rows if row[0] == one and row[1] >= 0]
        for a in {row[1] for row in mine if row[2]}:
            for b in {row[1] for row in mine}:
                expected[a, b] += a != b
    assert led_documents(document, region, lead, regions=4) == pytest.approx(expected)


def test_betweenness_of_a_star_is_its_middle():
    flow = np.zeros((4, 4))
    flow[0, 1:] = flow[1:, 0] = [1, 2, 3]
    found = centrality(flow)
    assert found.betweenness.tolist() == [1, 0, 0, 0]
    assert found.degree.tolist() == [3, 1, 1, 1]
    assert found.strength.tolist() == [6, 1, 2, 3]
    with pytest.raises(StatisticsError, match="symmetric"):
        centrality([[0, 1], [0, 0]])


def test_leading_shares_and_reach():
    far = great_circles([0, 0, 0], [0, 1, 2])
    found = leading([[0, 3, 1], [1, 0, 0], [0, 0, 0]], far)
    assert found.share.tolist() == [0.8, 0.25, 0.0]
    assert found.net.tolist() == [3, -2, -1]
    assert found.reach_km[0] == pytest.approx((3 * far[0, 1] + far[0, 2]) / 4)
    assert np.isnan(found.reach_km[2])
    assert found.partners.tolist() == [2, 1, 0]


def test_strongest_pairs_come_in_order():
    flow = np.array([[0, 2, 5], [2, 0, 2], [5, 2, 0]])
    assert strongest(flow, most=2).tolist() == [[0, 2], [0, 1]]


def world(seed, decay=1.3, m=9):
    rng = np.random.default_rng(seed)
    far = great_circles(rng.uniform(28, 34, m), rng.uniform(116, 122, m))
    size = rng.gamma(2, 30, m)
    mean = np.outer(size, size) * np.maximum(far, 1) ** -decay
    flow = np.triu(rng.poisson(mean), 1).astype(float)
    return flow + flow.T, far


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_gravity_conserves_each_region_s_flow_and_maximises_the_likelihood(seed):
    flow, far = world(seed)
    found = gravity(flow, far)
    used = found.used
    assert np.nansum(found.expected, axis=1)[used] == pytest.approx(flow.sum(axis=1)[used], rel=1e-6)
    one, other = np.triu_indices(used.sum(), 1)
    seen, log_far = flow[np.ix_(used, used)][one, other], np.log(np.maximum(far[np.ix_(used, used)][one, other], 1))

    def loss(at):
        log_mean = at[one] + at[other] - at[-1] * log_far
        return np.sum(np.exp(log_mean) - seen * log_mean) / seen.size

    def slope(at):
        over = (np.exp(at[one] + at[other] - at[-1] * log_far) - seen) / seen.size
        m = used.sum()
        return np.append(np.bincount(one, over, m) + np.bincount(other, over, m), -(over * log_far).sum())

    best = minimize(loss, np.append(np.full(used.sum(), 3.0), 1.0), jac=slope, method="BFGS", options={"gtol": 1e-8})
    assert found.decay == pytest.approx(best.x[-1], abs=1e-3)
    assert found.decay_low < found.decay < found.decay_high


def test_gravity_finds_the_decay_it_was_made_with():
    flow, far = world(4, decay=0.8, m=25)
    found = gravity(flow, far)
    assert found.decay_low - 0.05 < 0.8 < found.decay_high + 0.05
    with pytest.raises(StatisticsError, match="four regions"):
        gravity(np.zeros((3, 3)), np.zeros((3, 3)))
