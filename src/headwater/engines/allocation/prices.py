"""Prices on what beamlines share, and the bound they prove.

A proposal that fits on two lines, and the shares, tie the lines together. With a price on each the round falls apart
into beamlines; whatever the prices, the sum of the lines' best values and the prices' own worth is a bound (Lagrange).
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from headwater.engines.allocation.columns import Columns
from headwater.engines.allocation.model import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Prices:
    """Multipliers: of granting each proposal once, of a beam day of each line, of each share row. Merit."""

    proposal: FloatArray
    day: FloatArray
    share: FloatArray


def valid_prices(columns: Columns, proposal: FloatArray, day: FloatArray, share: FloatArray) -> Prices:
    """The nearest prices that prove a bound: none below 0, but of proposals that must be granted."""
    return Prices(
        np.where(columns.forced, proposal, np.maximum(proposal, 0.0)), np.maximum(day, 0.0), np.maximum(share, 0.0)
    )


@numba.njit(cache=True)
def _through(
    bounds: IntArray, order: IntArray, start: IntArray, days: IntArray, worth: FloatArray, long: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Best path of each line, and the best path through each column."""
    lines = len(long)
    best = np.zeros(lines)
    through = np.empty(len(start))
    for b in range(lines):
        n = long[b]
        ahead = np.zeros(n + 1)
        after = np.zeros(n + 1)
        at = bounds[b + 1] - 1
        for u in range(n - 1, -1, -1):
            after[u] = after[u + 1]
            while at >= bounds[b] and start[order[at]] == u:
                c = order[at]
                after[u] = max(after[u], worth[c] + after[u + days[c]])
                at -= 1
        at = bounds[b]
        for u in range(n):
            ahead[u + 1] = max(ahead[u + 1], ahead[u])
            while at < bounds[b + 1] and start[order[at]] == u:
                c = order[at]
                end = u + days[c]
                ahead[end] = max(ahead[end], ahead[u] + worth[c])
                through[c] = ahead[u] + worth[c] + after[end]
                at += 1
        best[b] = after[0]
    return best, through


def by_start(columns: Columns) -> IntArray:
    """Columns ordered by line, then start."""
    return np.asarray(np.lexsort((columns.start, columns.line)), np.int64)


def linking_worth(columns: Columns, prices: Prices) -> FloatArray:
    """What each column is worth to its line once it has paid for what it shares with other lines."""
    worth = columns.value - np.where(columns.linked, prices.proposal, 0.0)[columns.proposal]
    for price, row in zip(prices.share, columns.rows, strict=True):
        worth -= price * row.coefficient
    return worth


def shared_worth(columns: Columns, prices: Prices) -> float:
    """The prices' own part of the bound."""
    shares = sum(price * row.most for price, row in zip(prices.share.tolist(), columns.rows, strict=True))
    return float(prices.proposal[columns.linked].sum() + shares + columns.offset)


def line_bounds(columns: Columns, prices: Prices, order: IntArray) -> tuple[FloatArray, FloatArray]:
    """Upper bounds on each line's value, and on its value with each column, by longest paths.

    Returns
    -------
    lines : array, shape (lines,)
        With `shared_worth`, the sum is a bound on the round.
    columns : array, shape (columns,)
        The same for plans that use the column.
    """
    alone = ~columns.linked
    worth = linking_worth(columns, prices)
    worth -= np.where(alone, prices.proposal, 0.0)[columns.proposal] + prices.day[columns.line] * columns.days
    long = np.array([len(axis) for axis in columns.axis], np.int64)
    best, through = _through(columns.bounds, order, columns.start, columns.days, worth, long)
    own = prices.day * columns.most_days + best
    home = np.full(len(columns.forced), -1)
    home[columns.proposal] = columns.line
    mine = alone & (home >= 0)
    np.add.at(own, home[mine], prices.proposal[mine])
    return own, through + (own - best)[columns.line]


def moved_prices(columns: Columns, prices: Prices, chosen: BoolArray, length: float, typical_shifts: float) -> Prices:
    """One subgradient step: dearer what the lines took too often, cheaper what was left over.

    ``length`` is Polyak's numerator: a part of the gap between bound and plan.
    """
    times = np.bincount(columns.proposal[chosen], minlength=len(columns.forced))
    over = np.where(columns.linked, times - 1.0, 0.0)
    over[(over < 0) & (prices.proposal <= 0) & ~columns.forced] = 0.0
    beyond = np.array([(row.coefficient[chosen].sum() - row.most) / typical_shifts for row in columns.rows])
    beyond = np.where((beyond < 0) & (prices.share <= 0), 0.0, beyond)
    norm = float((over**2).sum() + (beyond**2).sum())
    if norm == 0:
        return prices
    step = length / norm
    return valid_prices(
        columns, prices.proposal + step * over, prices.day, prices.share + step * beyond / typical_shifts
    )
