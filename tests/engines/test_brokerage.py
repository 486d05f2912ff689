"""Brokerage equals a count over all triples, and does not depend on how ties are written."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from headwater.engines.brokerage import BrokerageError, brokerage


@st.composite
def networks(draw):
    n = draw(st.integers(2, 8))
    pairs = list(combinations(range(n), 2))
    ties = draw(st.lists(st.sampled_from(pairs), max_size=20))
    return n, ties, draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))


def counted(n: int, ties: list[tuple[int, int]], group: list[int]) -> np.ndarray:
    tied = {frozenset(pair) for pair in ties}
    out = np.zeros((4, n), int)
    for broker in range(n):
        others = [one for one in range(n) if frozenset((one, broker)) in tied]
        for a, b in combinations(others, 2):
            if frozenset((a, b)) in tied:
                continue
            of = (group[a], group[b], group[broker])
            if len(set(of)) == 1:
                kind = 0
            elif len(set(of)) == 3:
                kind = 3
            else:
                kind = 2 if of[0] == of[1] else 1
            out[kind, broker] += 1
    return out


@settings(max_examples=80, deadline=None)
@given(networks())
def test_brokerage_equals_a_count_over_triples(network):
    n, ties, group = network
    found = brokerage(n, ties, group)
    expected = counted(n, ties, group)
    assert (
        np.array([found.coordinator, found.gatekeeper, found.consultant, found.liaison]).tolist() == expected.tolist()
    )
    turned = brokerage(n, [(b, a) for a, b in reversed([*ties, *ties])], group)
    assert turned.total.tolist() == found.total.tolist()
    assert found.across.tolist() == (expected[1] + expected[3]).tolist()


def test_tie_to_oneself_or_to_nobody_is_told():
    for pair in ((1, 1), (0, 9)):
        with pytest.raises(BrokerageError, match="two different nodes"):
            brokerage(3, [pair], [0, 0, 0])
    with pytest.raises(BrokerageError, match="shape"):
        brokerage(3, [], [0, 0])
