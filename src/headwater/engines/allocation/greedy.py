"""Rank order: the best proposal first, each at the first place that is free."""

from __future__ import annotations

import numpy as np

from headwater.engines.allocation.columns import Columns
from headwater.engines.allocation.model import BoolArray, FloatArray, IntArray, Round


class Occupancy:
    """Which beam days are taken, and by which column."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.holder = [np.full(len(axis), -1, np.int64) for axis in columns.axis]
        self.used = np.zeros(len(columns.axis), np.int64)

    def span(self, column: int) -> slice:
        """The column's beam days on its line's axis."""
        start = int(self.columns.start[column])
        return slice(start, start + int(self.columns.days[column]))

    def fits(self, column: int) -> bool:
        """Whether the days are free and the reserve stays."""
        b = int(self.columns.line[column])
        if self.used[b] + self.columns.days[column] > self.columns.most_days[b]:
            return False
        return bool((self.holder[b][self.span(column)] < 0).all())

    def put(self, column: int) -> None:
        """Take the column's days."""
        b = int(self.columns.line[column])
        self.holder[b][self.span(column)] = column
        self.used[b] += self.columns.days[column]


def rank_order(asked: Round, columns: Columns) -> IntArray:
    """Proposals as an office reads them: forced first, then by weight, then by id."""
    key = [(not columns.forced[p], -one.weight, one.id) for p, one in enumerate(asked.proposals)]
    return np.array(sorted(range(len(key)), key=key.__getitem__), np.int64)


def greedy_plan(asked: Round, columns: Columns) -> IntArray:
    """A plan in rank order: the most valuable length first, then the preferred beamline, then the earliest day.

    The maximum sides of the shares are kept on the way to whole shifts of the final sum only as far as dropping the
    least valuable awards at the end repairs them; the plan may still break a share or miss a forced proposal.

    Returns
    -------
    array of int
        Columns chosen.
    """
    places = _by_proposal(columns, len(asked.proposals))
    number = {line.id: b for b, line in enumerate(asked.beamlines)}
    room = Occupancy(columns)
    chosen: list[int] = []
    for p in rank_order(asked, columns).tolist():
        mine = places[p]
        liking = np.zeros(len(columns.axis), np.int64)
        for k, name in enumerate(asked.proposals[p].beamlines):
            liking[number[name]] = k
        mine = mine[np.lexsort((columns.start[mine], liking[columns.line[mine]], -columns.value[mine]))]
        for column in mine.tolist():
            if (columns.value[column] > 0 or columns.forced[p]) and room.fits(column):
                room.put(column)
                chosen.append(column)
                break
    return trim_to_shares(columns, np.array(chosen, np.int64))


def trim_to_shares(columns: Columns, chosen: IntArray) -> IntArray:
    """Drop awards, the least valuable per shift of relief first, until no share is passed or nothing helps."""
    chosen = chosen.copy()
    for row in columns.rows:
        while len(chosen) and row.coefficient[chosen].sum() > row.most + 1e-7:
            relief = row.coefficient[chosen]
            may = (relief > 0) & ~columns.forced[columns.proposal[chosen]]
            if not may.any():
                break
            cost = np.where(may, columns.value[chosen] / np.where(may, relief, 1.0), np.inf)
            chosen = np.delete(chosen, int(cost.argmin()))
    return chosen


def filled_up(columns: Columns, chosen: IntArray, worth: FloatArray, allowed: BoolArray | None = None) -> IntArray:
    """Add what still fits, the most valuable first, without passing a share. Cost: linear in the columns."""
    room = Occupancy(columns)
    for column in chosen.tolist():
        room.put(column)
    granted = set(columns.proposal[chosen].tolist())
    sums = [float(row.coefficient[chosen].sum()) for row in columns.rows]
    free = np.ones(columns.size, bool) if allowed is None else allowed.copy()
    free &= ~np.isin(columns.proposal, chosen if not granted else list(granted)) & (worth > 0)
    for b, holder in enumerate(room.holder):
        taken = np.concatenate([[0], np.cumsum(holder >= 0)])
        mine = slice(int(columns.bounds[b]), int(columns.bounds[b + 1]))
        start = columns.start[mine]
        free[mine] &= taken[start + columns.days[mine]] == taken[start]
    added = []
    candidates = np.flatnonzero(free)
    for column in candidates[np.argsort(-worth[candidates], kind="stable")].tolist():
        p = int(columns.proposal[column])
        if p in granted or not room.fits(column):
            continue
        after = [total + float(row.coefficient[column]) for total, row in zip(sums, columns.rows, strict=True)]
        if any(new > max(old, row.most) + 1e-7 for new, old, row in zip(after, sums, columns.rows, strict=True)):
            continue
        sums = after
        room.put(column)
        granted.add(p)
        added.append(column)
    return np.concatenate([chosen, np.array(added, np.int64)])


def _by_proposal(columns: Columns, n: int) -> list[IntArray]:
    order = np.argsort(columns.proposal, kind="stable")
    ends = np.searchsorted(columns.proposal[order], np.arange(n + 1))
    return [order[ends[p] : ends[p + 1]] for p in range(n)]
