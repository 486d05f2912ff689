"""Free time, overlap and utilisation of half-open spans on a line of whole numbers (seconds, minutes, shifts).

A set of spans is an int64 array of shape (n, 2): each row ``[start, end)`` with ``start <= end``. An empty span
(``start == end``) holds nothing and is dropped. Functions say where they need the rows sorted and disjoint, which is
what `merge` returns. Computed, not modelled: every result is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba as nb
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "IntervalError",
    "first_start",
    "first_starts",
    "intersect",
    "merge",
    "nearest_starts",
    "subtract",
    "time_within",
    "total",
    "utilisation",
]

Spans = NDArray[np.int64]
LATEST = 2**62  # sums of two such still fit into 64 bits


class IntervalError(ValueError):
    """Spans or lengths that mean nothing."""


def _spans(given: object, name: str) -> Spans:
    """``given`` as an (n, 2) array of int64, or an error that names it."""
    array = np.asarray(given)
    if array.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise IntervalError(f"{name} must have shape (n, 2), got {array.shape}. One row a span: [start, end).")
    if not np.issubdtype(array.dtype, np.integer):
        raise IntervalError(f"{name} must hold whole numbers, got {array.dtype}. Seconds as float?")
    spans = array.astype(np.int64, copy=False)
    if bool((spans[:, 0] > spans[:, 1]).any()):
        row = int(np.argmax(spans[:, 0] > spans[:, 1]))
        raise IntervalError(f"{name}[{row}] ends before it starts: {spans[row].tolist()}. Swapped?")
    if spans.min() < -LATEST or spans.max() > LATEST:
        raise IntervalError(f"{name} must stay within ±2**62, got {spans.min()} to {spans.max()}. Nanoseconds?")
    return spans


def _positive(value: int, name: str) -> int:
    if not 0 < value <= LATEST:
        raise IntervalError(f"{name} must be a whole number from 1 to 2**62, got {value}.")
    return int(value)


def merge(spans: object) -> Spans:
    """The same points as sorted, disjoint spans; spans that touch become one.

    Parameters
    ----------
    spans : array, shape (n, 2)
        Any order, overlapping or not.

    Returns
    -------
    merged : array, shape (k, 2)
        Sorted, with a gap between every two rows; k <= n.

    Raises
    ------
    IntervalError
        The shape is wrong, values are not whole, or a span ends before it starts.

    Notes
    -----
    Conserves the covered points. O(n log n).

    >>> merge([[5, 9], [1, 3], [3, 4]])
    array([[1, 4],
           [5, 9]])
    """
    given = _spans(spans, "spans")
    given = given[given[:, 0] < given[:, 1]]
    if len(given) == 0:
        return given
    given = given[np.argsort(given[:, 0], kind="stable")]
    furthest = np.maximum.accumulate(given[:, 1])
    begins = np.r_[True, given[1:, 0] > furthest[:-1]]
    firsts = np.flatnonzero(begins)
    lasts = np.r_[firsts[1:] - 1, len(given) - 1]
    return np.column_stack((given[firsts, 0], furthest[lasts]))


def intersect(a: object, b: object) -> Spans:
    """The points in both sets, as sorted, disjoint spans; either may be in any order. O((n + m) log)."""
    left, right = merge(_spans(a, "a")), merge(_spans(b, "b"))
    if len(left) == 0 or len(right) == 0:
        return np.empty((0, 2), dtype=np.int64)
    # Rows of `right` that each row of `left` meets are neighbours, as both are sorted and disjoint.
    first = np.searchsorted(right[:, 1], left[:, 0], side="right")
    after = np.searchsorted(right[:, 0], left[:, 1], side="left")
    met = np.maximum(after - first, 0)
    rows = np.repeat(np.arange(len(left)), met)
    columns = np.arange(met.sum()) - np.repeat(np.cumsum(met) - met, met) + np.repeat(first, met)
    return np.column_stack((np.maximum(left[rows, 0], right[columns, 0]), np.minimum(left[rows, 1], right[columns, 1])))


def subtract(a: object, b: object) -> Spans:
    """The points of ``a`` that are not in ``b``, as sorted, disjoint spans: open hours minus busy time is free time.

    Conserves: `total` of the result and of ``intersect(a, b)`` add up to that of ``merge(a)``. O((n + m) log).

    >>> subtract([[0, 10]], [[2, 3], [8, 12]])
    array([[0, 2],
           [3, 8]])
    """
    left, right = merge(_spans(a, "a")), merge(_spans(b, "b"))
    if len(left) == 0 or len(right) == 0:
        return left
    edges = np.r_[-LATEST, right.ravel(), LATEST]
    return intersect(left, edges.reshape(-1, 2))


def total(spans: object) -> int:
    """How many points the spans cover; what two of them cover counts once."""
    merged = merge(spans)
    return int((merged[:, 1] - merged[:, 0]).sum())


def time_within(spans: object, within: object) -> int:
    """How much of each span lies in ``within``, added up: what two spans cover counts twice.

    Parameters
    ----------
    spans : array, shape (n, 2)
        Any order, overlapping or not.
    within : array, shape (m, 2)
        Any order; what two of its rows cover is there once.

    Returns
    -------
    time : int
        The sum over ``spans`` of what ``within`` covers of each. Where no two spans overlap it is the `total` of
        their `intersect`.

    Raises
    ------
    IntervalError
        As `merge`.

    Notes
    -----
    Additive: the spans of two sets count as much together as apart. O((n + m) log m).

    >>> time_within([[0, 4], [2, 6]], [[1, 3], [5, 9]])
    4
    """
    given, base = _spans(spans, "spans"), merge(_spans(within, "within"))
    if len(given) == 0 or len(base) == 0:
        return 0
    lengths = np.r_[0, np.cumsum(base[:, 1] - base[:, 0])]
    # How much of `within` lies before each edge: the whole rows before it, and the part of the one it is in.
    rows = np.searchsorted(base[:, 0], given, side="right")
    ends = base[np.maximum(rows - 1, 0), 1]
    before = np.where(rows == 0, 0, lengths[rows] - np.maximum(ends - given, 0))
    return int((before[:, 1] - before[:, 0]).sum())


def utilisation(opened: object, used: object) -> float:
    """The share of the opened time that was used, from 0 to 1; nan where nothing was open.

    Use outside the opened time does not count, and two uses at once count once.
    """
    base = total(opened)
    return total(intersect(opened, used)) / base if base else float("nan")


def _aligned(start: Spans, step: int, origin: int) -> Spans:
    """The first points of the grid ``origin + k * step`` that are not before ``start``."""
    return start + (origin - start) % step


def first_start(free: object, length: int, *, not_before: int, step: int = 1, origin: int = 0) -> int | None:
    """The earliest start of ``length`` points in a row within one free span.

    Parameters
    ----------
    free : array, shape (n, 2)
        Free time, any order.
    length : int
        How much is needed, > 0.
    not_before : int
        No earlier start counts.
    step, origin : int
        Starts lie on the grid ``origin + k * step``; step > 0.

    Returns
    -------
    start : int or None
        None where no span is long enough.

    Raises
    ------
    IntervalError
        A length or step is not positive, or the spans are unsound.

    Notes
    -----
    Never later when more is free, never earlier when more is asked. O(n log n).

    >>> first_start([[0, 2], [5, 9]], 3, not_before=0, step=2)
    6
    """
    found = _starts(free, length, not_before, step, origin)
    return int(found[0, 0]) if len(found) else None


def _starts(free: object, length: int, not_before: int, step: int, origin: int) -> Spans:
    """Each free span that fits: its first and its last start on the grid, sorted."""
    length, step = _positive(length, "length"), _positive(step, "step")
    spans = merge(_spans(free, "free"))
    first = _aligned(np.maximum(spans[:, 0], not_before), step, origin)
    last = spans[:, 1] - length
    last = last - (last - origin) % step
    return np.column_stack((first, last))[first <= last]


def nearest_starts(
    free: object, length: int, *, around: int, not_before: int, count: int, step: int = 1, origin: int = 0
) -> list[int]:
    """The starts nearest to ``around``, at most one a free span, nearest first; of two as near the earlier first.

    Parameters
    ----------
    free : array, shape (n, 2)
        Free time, any order.
    length : int
        How much is needed, > 0.
    around : int
        The start that was wished for.
    not_before : int
        No earlier start counts.
    count : int
        At most so many, >= 0.
    step, origin : int
        Starts lie on the grid ``origin + k * step``; step > 0.

    Returns
    -------
    starts : list of int
        Empty where nothing fits.
    """
    found = _starts(free, length, not_before, step, origin)
    offset = (around - origin) % step
    below, above = around - offset, around - offset + (step if offset else 0)
    choices = []
    for first, last in found.tolist():
        inside = [min(max(wish, first), last) for wish in (below, above)]
        best = min(inside, key=lambda start: (abs(start - around), start))
        choices.append((abs(best - around), best))
    return [start for _far, start in sorted(choices)[:count]]


def first_starts(
    opened: Sequence[object],
    opened_of: object,
    busy: object,
    busy_offsets: object,
    length: int,
    *,
    not_before: int,
    step: int = 1,
    origin: int = 0,
) -> NDArray[np.int64]:
    """The earliest start on each of many calendars at once, as `first_start` of open minus busy time gives it.

    Parameters
    ----------
    opened : sequence of arrays, each of shape (k, 2)
        Open hours; calendars that keep the same hours share an entry. Any order.
    opened_of : array, shape (n,)
        Which entry of ``opened`` each calendar keeps.
    busy : array, shape (m, 2)
        Busy spans of all calendars, one calendar after the other, each sorted by start. They may overlap.
    busy_offsets : array, shape (n + 1,)
        Calendar i's busy spans are ``busy[busy_offsets[i]:busy_offsets[i + 1]]``.
    length : int
        How much is needed, > 0.
    not_before : int
        No earlier start counts.
    step, origin : int
        Starts lie on the grid ``origin + k * step``; step > 0.

    Returns
    -------
    starts : array, shape (n,), int64
        -2**62 - 1 is never a start: it marks a calendar without any.

    Raises
    ------
    IntervalError
        Shapes disagree, or values are unsound.

    Notes
    -----
    O(k + m) a calendar, compiled.
    """
    length, step = _positive(length, "length"), _positive(step, "step")
    merged = [merge(_spans(one, f"opened[{number}]")) for number, one in enumerate(opened)]
    which = np.asarray(opened_of, dtype=np.int64)
    offsets = np.asarray(busy_offsets, dtype=np.int64)
    taken = _spans(busy, "busy")
    if offsets.shape != (len(which) + 1,) or offsets[0] != 0 or offsets[-1] != len(taken):
        raise IntervalError(
            f"busy_offsets must have n + 1 = {len(which) + 1} entries from 0 to {len(taken)}, "
            f"got {offsets.shape}: {offsets[:1].tolist()} to {offsets[-1:].tolist()}."
        )
    if len(which) and not (which.min() >= 0 and which.max() < len(merged)):
        raise IntervalError(f"opened_of must name one of {len(merged)} entries, got {which.min()} to {which.max()}.")
    heads = np.cumsum([0, *(len(one) for one in merged)], dtype=np.int64)
    hours = np.concatenate([*merged, np.empty((0, 2), dtype=np.int64)])
    return np.asarray(_first_starts(hours, heads, which, taken, offsets, length, not_before, step, origin))


@nb.njit(cache=True)  # type: ignore[untyped-decorator,unused-ignore]
def _first_starts(
    hours: Spans,
    heads: NDArray[np.int64],
    which: NDArray[np.int64],
    busy: Spans,
    offsets: NDArray[np.int64],
    length: int,
    not_before: int,
    step: int,
    origin: int,
) -> NDArray[np.int64]:
    found = np.full(len(which), -LATEST - 1, dtype=np.int64)
    for one in range(len(which)):
        at = offsets[one]
        until = offsets[one + 1]
        for row in range(heads[which[one]], heads[which[one] + 1]):
            start = max(hours[row, 0], not_before)
            start += (origin - start) % step
            end = hours[row, 1]
            while start + length <= end:
                while at < until and busy[at, 1] <= start:
                    at += 1
                # A span that starts later may still reach over one that is passed: look on until one starts after.
                hit = np.int64(-LATEST - 1)
                look = at
                while look < until and busy[look, 0] < start + length:
                    if busy[look, 1] > start and busy[look, 0] < busy[look, 1] and busy[look, 1] > hit:
                        hit = busy[look, 1]
                    look += 1
                if hit < -LATEST:
                    break
                start = hit + (origin - hit) % step
            if start + length <= end:
                found[one] = start
                break
    return found
