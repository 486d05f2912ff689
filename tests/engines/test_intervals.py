"""Spans on a line: against sets of points, one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from headwater.engines import intervals

NONE = -(2**62) - 1
POINTS = range(-3, 40)


@st.composite
def spans(draw, most=6):
    rows = draw(st.lists(st.tuples(st.integers(-3, 30), st.integers(0, 9)), max_size=most))
    return np.array([(start, start + length) for start, length in rows], dtype=np.int64).reshape(-1, 2)


def points(rows):
    return {point for start, end in np.asarray(rows).tolist() for point in range(start, end)}


def sound(rows):
    """Sorted, none empty, a gap between every two."""
    flat = np.asarray(rows).ravel()
    return bool((np.diff(flat) > 0).all())


@given(spans())
def test_merge_keeps_the_points_and_no_more(rows):
    merged = intervals.merge(rows)
    assert points(merged) == points(rows)
    assert sound(merged)
    assert intervals.total(rows) == len(points(rows))


@given(spans(), st.randoms())
def test_merge_does_not_mind_the_order(rows, random):
    shuffled = rows.tolist()
    random.shuffle(shuffled)
    assert np.array_equal(intervals.merge(rows), intervals.merge(shuffled))


@given(spans(), spans())
def test_intersection_and_difference_are_those_of_the_points(a, b):
    both, rest = intervals.intersect(a, b), intervals.subtract(a, b)
    assert points(both) == points(a) & points(b)
    assert points(rest) == points(a) - points(b)
    assert sound(rest)
    assert intervals.total(both) + intervals.total(rest) == intervals.total(a)
    assert np.array_equal(both, intervals.intersect(b, a))


@given(spans(), spans(), spans())
def test_time_within_counts_each_span_by_itself(a, b, within):
    alone = [len(points([row]) & points(within)) for row in a.tolist()]
    assert intervals.time_within(a, within) == sum(alone)
    both = intervals.time_within(np.concatenate((a, b)), within)
    assert both == intervals.time_within(a, within) + intervals.time_within(b, within)
    disjoint = intervals.merge(a)
    assert intervals.time_within(disjoint, within) == intervals.total(intervals.intersect(disjoint, within))


def brute_start(free, length, not_before, step, origin):
    inside = points(free)
    for start in POINTS:
        if start >= not_before and (start - origin) % step == 0 and set(range(start, start + length)) <= inside:
            return start
    return None


asked = st.tuples(st.integers(1, 8), st.integers(-5, 30), st.integers(1, 5), st.integers(-4, 4))


@given(spans(), asked)
def test_first_start_is_the_earliest_that_fits(free, wish):
    length, not_before, step, origin = wish
    found = intervals.first_start(free, length, not_before=not_before, step=step, origin=origin)
    assert found == brute_start(free, *wish)


@given(spans(), spans(), asked)
def test_more_free_time_is_never_later(free, more, wish):
    length, not_before, step, origin = wish
    few = intervals.first_start(free, length, not_before=not_before, step=step, origin=origin)
    many = intervals.first_start(np.concatenate((free, more)), length, not_before=not_before, step=step, origin=origin)
    assert few is None or (many is not None and many <= few)


@given(spans(), asked, st.integers(-3, 30))
def test_nearest_starts_begin_with_the_nearest_of_all(free, wish, around):
    length, not_before, step, origin = wish
    inside = points(free)
    fitting = [
        start
        for start in POINTS
        if start >= not_before and (start - origin) % step == 0 and set(range(start, start + length)) <= inside
    ]
    found = intervals.nearest_starts(
        free, length, around=around, not_before=not_before, count=3, step=step, origin=origin
    )
    assert found[:1] == sorted(fitting, key=lambda start: (abs(start - around), start))[:1]
    assert set(found) <= set(fitting)
    assert len(found) == min(3, len({row for start in fitting for row in [_row(free, start)]}))


def _row(free, start):
    merged = intervals.merge(free)
    return int(np.searchsorted(merged[:, 0], start, side="right"))


@settings(deadline=None)
@given(st.lists(st.tuples(spans(), spans()), min_size=1, max_size=4), asked)
def test_many_calendars_at_once_say_what_each_says_alone(calendars, wish):
    length, not_before, step, origin = wish
    busy = [rows[np.argsort(rows[:, 0], kind="stable")] for _hours, rows in calendars]
    found = intervals.first_starts(
        [hours for hours, _rows in calendars],
        range(len(calendars)),
        np.concatenate(busy),
        np.cumsum([0, *map(len, busy)]),
        length,
        not_before=not_before,
        step=step,
        origin=origin,
    )
    alone = [
        intervals.first_start(intervals.subtract(*one), length, not_before=not_before, step=step, origin=origin)
        for one in calendars
    ]
    assert [None if start == NONE else start for start in found.tolist()] == alone


def test_calendars_may_share_their_hours():
    found = intervals.first_starts([[[0, 10]]], [0, 0], [[0, 4]], [0, 1, 1], 3, not_before=0)
    assert found.tolist() == [4, 0]


@given(spans(), spans())
def test_utilisation_is_the_share_of_open_points_used(opened, used):
    share = intervals.utilisation(opened, used)
    if not points(opened):
        assert math.isnan(share)
    else:
        assert share == len(points(opened) & points(used)) / len(points(opened))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: intervals.merge([[3, 1]]), r"spans[0] ends before it starts: [3, 1]. Swapped?"),
        (lambda: intervals.merge([1, 2, 3]), "spans must have shape (n, 2), got (3,). One row a span: [start, end)."),
        (lambda: intervals.merge([[0.5, 1.0]]), "spans must hold whole numbers, got float64. Seconds as float?"),
        (
            lambda: intervals.merge([[0, 2**63 - 1]]),
            f"spans must stay within ±2**62, got 0 to {2**63 - 1}. Nanoseconds?",
        ),
        (
            lambda: intervals.first_start([], 0, not_before=0),
            "length must be a whole number from 1 to 2**62, got 0.",
        ),
        (
            lambda: intervals.first_starts([[[0, 1]]], [0], [[0, 1]], [0, 2], 1, not_before=0),
            "busy_offsets must have n + 1 = 2 entries from 0 to 1, got (2,): [0] to [2].",
        ),
        (
            lambda: intervals.first_starts([[[0, 1]]], [1], [], [0, 0], 1, not_before=0),
            "opened_of must name one of 1 entries, got 1 to 1.",
        ),
    ],
)
def test_unsound_input_is_named(call, said):
    with pytest.raises(intervals.IntervalError) as caught:
        call()
    assert str(caught.value) == said


def test_nothing_free_has_no_start():
    assert intervals.first_start([], 1, not_before=0) is None
    assert intervals.nearest_starts([], 1, around=0, not_before=0, count=3) == []
