"""Two clusterings of the same places compared."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from headwater.engines.clusters import Change, ClusterError, compare_labels


def compare(before, after, weight=None):
    before, after = np.asarray(before, np.int32), np.asarray(after, np.int32)
    weights = np.ones(before.size) if weight is None else np.asarray(weight, np.float64)
    return compare_labels(
        before, after, weights, befores=int(before.max(initial=-1)) + 1, afters=int(after.max(initial=-1)) + 1
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([0, 0, 1], [1, 1, 0], [((0,), (1,), "kept"), ((1,), (0,), "kept")]),
        ([0, 0, 1, 1], [0, 0, 0, 0], [((0, 1), (0,), "joined")]),
        ([0, 0, 0, 0], [0, 0, 1, 1], [((0,), (0, 1), "split")]),
        ([0, 0, -1], [-1, -1, 0], [((0,), (), "vanished"), ((), (0,), "appeared")]),
        # A fringe that went over to a neighbour joins nothing.
        ([0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1], [((0,), (0,), "kept"), ((1,), (1,), "kept")]),
        ([0, 0, 0, 1, 1, 1, 1], [0, 0, 1, 1, 1, 2, 2], [((0,), (0,), "kept"), ((1,), (1, 2), "split")]),
        # The second half of 0 went with 1, which lost a piece of its own: nobody can say which became which.
        ([0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1], [((0, 1), (0, 1), "regrouped")]),
        ([], [], []),
    ],
)
def test_each_cluster_is_found_again_where_most_of_it_went(before, after, expected):
    assert [(one.before, one.after, one.kind) for one in compare(before, after)] == expected


def test_weight_decides_and_places_of_no_weight_do_not():
    assert compare([0, 0], [0, 1], [1, 0]) == [Change((0,), (0,)), Change((), (1,))]


def test_arrays_of_two_lengths_are_refused():
    with pytest.raises(ClusterError, match="differ in length"):
        compare([0, 0], [0])


@given(
    st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4), st.integers(0, 3)), max_size=30),
)
def test_each_cluster_is_in_one_change_and_turning_the_sides_turns_the_changes(rows):
    before, after, weight = (np.array([row[k] for row in rows], np.int32) for k in range(3))
    found = compare_labels(before, after, weight.astype(np.float64), befores=5, afters=5)
    assert sorted(k for one in found for k in one.before) == list(range(5))
    assert sorted(k for one in found for k in one.after) == list(range(5))
    turned = compare_labels(after, before, weight.astype(np.float64), befores=5, afters=5)
    assert {(one.before, one.after) for one in found} == {(one.after, one.before) for one in turned}
    same = compare_labels(before, before, np.ones(before.size), befores=5, afters=5)
    assert {one.kind for one in same if one.before and one.before[0] in set(before.tolist())} <= {"kept"}
