"""Every place a proposal could have: the columns of the model, and the rows of the shares over them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from headwater.engines.allocation.model import (
    SHARE_UNIT,
    Award,
    BoolArray,
    FloatArray,
    IntArray,
    Proposal,
    Published,
    Round,
)


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One side of a share: the sum of ``coefficient`` over chosen columns is at most ``most``."""

    share: int
    side: str
    coefficient: FloatArray
    most: float


@dataclass(frozen=True, slots=True)
class Columns:
    """All places, sorted by beamline, then proposal, length and start.

    Attributes
    ----------
    proposal, line, shifts, start, days : array of int, shape (c,)
        Indices into the round; shifts granted; index of the first beam day on the line's axis; beam days taken.
    value : array, shape (c,)
        What choosing it adds to the objective.
    bundle : array of int, shape (c,)
        Number of its (line, proposal, length).
    offset : float
        Part of the objective that no choice changes.
    bounds : array of int, shape (lines + 1,)
        Columns of line b are ``bounds[b]:bounds[b + 1]``.
    axis : tuple of array
        Calendar day of each beam day of each line.
    most_days : array of int, shape (lines,)
    forced : array of bool, shape (proposals,)
        Must have a column.
    linked : array of bool, shape (proposals,)
        Has columns on more than one line.
    rows : tuple of ShareRow
    """

    proposal: IntArray
    line: IntArray
    shifts: IntArray
    start: IntArray
    days: IntArray
    value: FloatArray
    bundle: IntArray
    offset: float
    bounds: IntArray
    axis: tuple[IntArray, ...]
    most_days: IntArray
    forced: BoolArray
    linked: BoolArray
    rows: tuple[ShareRow, ...]

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.proposal)


def starts_on(
    axis: IntArray, bridge: int, n: int, blackouts: Collection[tuple[int, int]], *, open_from: int = 0
) -> IntArray:
    """Indices on the axis where ``n`` beam days can start without a gap above ``bridge`` days or a blackout."""
    if n > len(axis):
        return np.empty(0, np.int64)
    first = np.arange(len(axis) - n + 1)
    run = np.concatenate([[0], np.cumsum(np.diff(axis) > bridge + 1)])
    fits = (run[first] == run[first + n - 1]) & (axis[first] >= open_from)
    for begin, end in blackouts:
        fits &= (axis[first] >= end) | (axis[first + n - 1] < begin)
    return np.asarray(first[fits], np.int64)


def columns_of(
    asked: Round,
    published: Published | None = None,
    *,
    without: Collection[tuple[str, str]] = (),
) -> Columns:
    """Lay out all places. Cost: proposals x beamlines x lengths x days.

    ``without`` drops limits by (kind, id): ``must``, ``pin``, ``blackouts``, ``ban`` of a proposal, ``share`` sides
    as (``min`` or ``max`` and so on, id), ``reserve`` of a beamline. It is for finding out which limits conflict.
    """
    gone = set(without)
    number = {line.id: b for b, line in enumerate(asked.beamlines)}
    axis = tuple(np.array(line.beam_days, np.int64) for line in asked.beamlines)
    known = {award.proposal: award for award in published.awards} if published else {}
    open_from = published.open_from if published else 0
    parts: list[IntArray] = []
    forced = np.zeros(len(asked.proposals), bool)
    for p, one in enumerate(asked.proposals):
        forced[p] = (one.must and ("must", one.id) not in gone) or (one.pin is not None and ("pin", one.id) not in gone)
        parts.extend(_places(asked, number, axis, p, open_from, known.get(one.id), gone))
    table = np.concatenate(parts) if parts else np.empty((0, 5), np.int64)
    table = table[np.lexsort((table[:, 3], table[:, 2], table[:, 0], table[:, 1]))]
    proposal, line, shifts, start, days = (np.ascontiguousarray(c) for c in table.T)
    weights = np.array([one.weight for one in asked.proposals], float)
    value = weights[proposal] * shifts if len(table) else np.empty(0)
    offset = 0.0
    if published:
        index = {one.id: p for p, one in enumerate(asked.proposals)}
        for award in published.awards:
            if award.proposal not in index:
                continue
            offset -= published.drop_cost
            mine = np.flatnonzero(proposal == index[award.proposal])
            kept = (line[mine] == number.get(award.beamline, -1)) & (shifts[mine] == award.shifts)
            kept &= np.array([axis[line[c]][start[c]] == award.start for c in mine], bool)
            value[mine] += published.drop_cost - np.where(kept, 0.0, published.change_cost)
            forced[index[award.proposal]] |= bool(kept.any()) and award.start < open_from
    lines = len(asked.beamlines)
    most = [len(one.beam_days) if ("reserve", one.id) in gone else one.most_days for one in asked.beamlines]
    pairs = np.unique(np.stack([proposal, line], axis=1), axis=0)
    key = (line * len(asked.proposals) + proposal) * (int(shifts.max(initial=0)) + 1) + shifts
    return Columns(
        proposal=proposal,
        line=line,
        shifts=shifts,
        start=start,
        days=days,
        value=value,
        bundle=np.unique(key, return_inverse=True)[1].astype(np.int64),
        offset=offset,
        bounds=np.searchsorted(line, np.arange(lines + 1)),
        axis=axis,
        most_days=np.array(most, np.int64),
        forced=forced,
        linked=np.bincount(pairs[:, 0], minlength=len(asked.proposals)) > 1,
        rows=_share_rows(asked, number, proposal, line, shifts, gone),
    )


def _places(
    asked: Round,
    number: dict[str, int],
    axis: tuple[IntArray, ...],
    p: int,
    open_from: int,
    known: Award | None,
    gone: set[tuple[str, str]],
) -> list[IntArray]:
    """Places of one proposal: rows of proposal, line, shifts, start, days."""
    one = asked.proposals[p]
    pin = None if ("pin", one.id) in gone else one.pin
    blackouts = () if ("blackouts", one.id) in gone else one.blackouts
    found = []
    for name in one.beamlines:
        if (name in one.banned and ("ban", one.id) not in gone) or (pin and pin.beamline not in (None, name)):
            continue
        b = number[name]
        line = asked.beamlines[b]
        for shifts in one.lengths:
            if pin and pin.shifts not in (None, shifts):
                continue
            n = line.days_for(shifts)
            at = starts_on(axis[b], line.bridge, n, blackouts)
            begun = known is not None and known.beamline == name and known.shifts == shifts
            stays = known.start if known is not None and begun and known.start < open_from else -1
            at = at[(axis[b][at] >= open_from) | (axis[b][at] == stays)]
            if stays >= 0 and (axis[b][at] == stays).any():
                return [_block(p, b, shifts, at[axis[b][at] == stays], n)]
            if pin and pin.start is not None:
                at = at[axis[b][at] == pin.start]
            found.append(_block(p, b, shifts, at, n))
    return found


def _block(p: int, b: int, shifts: int, at: IntArray, n: int) -> IntArray:
    rows = np.empty((len(at), 5), np.int64)
    rows[:] = (p, b, shifts, 0, n)
    rows[:, 3] = at
    return rows


def share_part(share: float) -> int:
    """A share in ten-thousandths, exactly."""
    return int(Fraction(str(share)) * SHARE_UNIT)


def _share_rows(
    asked: Round,
    number: dict[str, int],
    proposal: IntArray,
    line: IntArray,
    shifts: IntArray,
    gone: set[tuple[str, str]],
) -> tuple[ShareRow, ...]:
    rows: list[ShareRow] = []
    for s, share in enumerate(asked.shares):
        tagged = np.array([share.tag in one.tags for one in asked.proposals], bool)[proposal]
        where = np.ones(len(line), bool)
        if share.beamlines is not None:
            where = np.isin(line, [number[name] for name in share.beamlines])
        held = np.where(where & tagged, shifts, 0).astype(float)
        granted = np.where(where, shifts, 0).astype(float)
        sides: list[tuple[str, FloatArray, float]] = []
        if share.max_share is not None:
            sides.append(("max_share", held - share_part(share.max_share) * granted / SHARE_UNIT, 0.0))
        if share.min_share is not None:
            sides.append(("min_share", share_part(share.min_share) * granted / SHARE_UNIT - held, 0.0))
        if share.max_shifts is not None:
            sides.append(("max_shifts", held, float(share.max_shifts)))
        if share.min_shifts is not None:
            sides.append(("min_shifts", -held, -float(share.min_shifts)))
        rows.extend(ShareRow(s, side, held_, most) for side, held_, most in sides if (side, share.id) not in gone)
    return tuple(rows)


def award_of(asked: Round, columns: Columns, column: int) -> Award:
    """The column as an award in calendar days."""
    b = int(columns.line[column])
    start = int(columns.start[column])
    axis = columns.axis[b]
    return Award(
        proposal=asked.proposals[int(columns.proposal[column])].id,
        beamline=asked.beamlines[b].id,
        start=int(axis[start]),
        end=int(axis[start + int(columns.days[column]) - 1]) + 1,
        shifts=int(columns.shifts[column]),
    )


def may_force(one: Proposal) -> tuple[str, ...]:
    """The limits of a proposal that can make a round impossible."""
    kinds = [kind for kind, on in (("must", one.must), ("pin", one.pin is not None)) if on]
    if kinds and one.blackouts:
        kinds.append("blackouts")
    if kinds and one.banned & set(one.beamlines):
        kinds.append("ban")
    return tuple(kinds)
