"""Counting: it conserves documents, and is what a plain loop counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from headwater.engines.statistics import StatisticsError, fractional_counts, full_counts, listed_share

addresses = st.lists(st.tuples(st.integers(0, 8), st.integers(-1, 3)), max_size=40)


def columns(rows):
    return np.array([row[0] for row in rows], int), np.array([row[1] for row in rows], int)


@given(addresses)
def test_fractional_counts_conserve_documents_and_match_a_loop(rows):
    document, region = columns(rows)
    found = fractional_counts(document, region, regions=4)
    assert found.sum() == pytest.approx(len(set(document.tolist())))
    expected = [0.0] * 5
    for one in set(document.tolist()):
        mine = [place for code, place in rows if code == one]
        for place in mine:
            expected[place if place >= 0 else 4] += 1 / len(mine)
    assert found == pytest.approx(expected)


@given(addresses)
def test_full_counts_match_a_loop_and_are_no_less_than_fractional(rows):
    document, region = columns(rows)
    found = full_counts(document, region, regions=4)
    assert found.tolist() == [len({code for code, place in rows if place == one}) for one in range(4)]
    assert (found >= fractional_counts(document, region, regions=4)[:4] - 1e-9).all()


@given(addresses, st.randoms())
def test_counts_do_not_depend_on_order(rows, random):
    other = list(rows)
    random.shuffle(other)
    for count in (full_counts, fractional_counts):
        assert count(*columns(rows), regions=4) == pytest.approx(count(*columns(other), regions=4))


def test_list_that_is_too_short_says_so():
    assert listed_share(["a", "b"], {"b"}, first=20) == (1, 2)
    with pytest.raises(StatisticsError, match="first must be 1"):
        listed_share([], (), first=0)


@pytest.mark.parametrize(
    ("document", "region"),
    [([0], [4]), ([0, 1], [0]), ([0.5], [0]), ([-1], [0])],
    ids=["region", "length", "kind", "negative"],
)
def test_wrong_columns_are_refused(document, region):
    with pytest.raises(StatisticsError):
        fractional_counts(document, region, regions=4)
