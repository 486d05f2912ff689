"""Why each proposal got what it got: read off the plan itself, not off the search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headwater.engines.allocation.columns import Columns, award_of, columns_of, starts_on
from headwater.engines.allocation.model import (
    AllocationError,
    Answer,
    Award,
    BoolArray,
    FloatArray,
    IntArray,
    Proposal,
    Published,
    Reason,
    Round,
)

SLACK = 1e-7
MOST_EXCHANGES = 200  # places of one proposal for which the shares after an exchange are added up


@dataclass(frozen=True, slots=True)
class _Standing:
    """The plan on the lines' axes."""

    asked: Round
    columns: Columns
    chosen: IntArray
    of_proposal: IntArray
    used: IntArray
    sums: FloatArray
    # merit of blocks begun before, and ended by, each index of each line's axis
    begun: tuple[FloatArray, ...]
    ended: tuple[FloatArray, ...]
    pinned_begun: tuple[IntArray, ...]
    pinned_ended: tuple[IntArray, ...]
    days_begun: tuple[IntArray, ...]
    days_ended: tuple[IntArray, ...]


def explain_plan(asked: Round, awards: Sequence[Award], *, published: Published | None = None) -> tuple[Answer, ...]:
    """For each proposal what it got, which limit bit, and what would have to change.

    Parameters
    ----------
    asked : Round
    awards : sequence of Award
        A plan within all limits of the round.
    published : Published, optional
        As given to the solver.

    Returns
    -------
    tuple of Answer
        In the order of the round. Codes of reasons and their facts:

        ``as_asked``; ``alternative`` (beamline, preferred): an alternative beamline;
        ``carry_over``; ``pinned``;
        ``banned`` (beamlines): banned by the office;
        ``no_free_run`` (beamline, needed_days, longest_days): no run of beam long enough outside its blackouts;
        ``full_above`` (beamline, start, end, shifts, displaced, weight_needed): every place is held by proposals worth
        more; the cheapest place, and the weight above which it would win that place;
        ``held`` (beamline): every place is held by promised proposals, carry-over or pinned;
        ``share`` (share, side, beamline, start, shifts): a place is free, or cheap, but a share would break;
        ``reserve`` (beamline, start, shifts): a place is free, or could be won, but its days belong to the standby
        reserve;
        ``no_merit`` (beamline, start, shifts): a place is free, but taking it would gain nothing;
        ``not_proved`` (beamline, start, shifts, gain): one exchange would gain merit; the search ended before;
        ``shorter_would_fit`` (beamline, start, shifts): fewer shifts than its minimum would fit into the plan.

    Raises
    ------
    AllocationError
        An award is not among the places of the round.

    Notes
    -----
    Each reason is checked against the plan by exchanging this proposal for those in its way; chains of exchanges are
    the solver's business. Cost: linear in the places.
    """
    columns = columns_of(asked, published)
    standing = _standing(asked, columns, awards)
    before = {award.proposal: award for award in published.awards} if published else {}
    order = np.argsort(columns.proposal, kind="stable")
    ends = np.searchsorted(columns.proposal[order], np.arange(len(asked.proposals) + 1))
    answers = []
    for p, one in enumerate(asked.proposals):
        column = int(standing.of_proposal[p])
        award = award_of(asked, columns, column) if column >= 0 else None
        mine = order[ends[p] : ends[p + 1]]
        outcome, reasons = _answer(standing, p, one, award, mine)
        change = _change(before.get(one.id), award) if published else None
        answers.append(Answer(one.id, outcome, award, tuple(reasons), change))
    return tuple(answers)


def _standing(asked: Round, columns: Columns, awards: Sequence[Award]) -> _Standing:
    number = {line.id: b for b, line in enumerate(asked.beamlines)}
    index = {one.id: p for p, one in enumerate(asked.proposals)}
    key = {
        (int(p), int(b), int(shifts), int(columns.axis[b][start])): c
        for c, (p, b, shifts, start) in enumerate(
            zip(columns.proposal, columns.line, columns.shifts, columns.start, strict=True)
        )
    }
    chosen = []
    for award in awards:
        place = (index.get(award.proposal, -1), number.get(award.beamline, -1), award.shifts, award.start)
        if place not in key:
            raise AllocationError(f"award of {award.proposal} on {award.beamline}, day {award.start}: no place of its.")
        chosen.append(key[place])
    plan = np.array(chosen, np.int64)
    of_proposal = np.full(len(asked.proposals), -1, np.int64)
    of_proposal[columns.proposal[plan]] = plan
    used = np.zeros(len(columns.axis), np.int64)
    np.add.at(used, columns.line[plan], columns.days[plan])
    forced = columns.forced[columns.proposal[plan]].astype(np.int64)
    sides: list[list[FloatArray | IntArray]] = [[], [], [], [], [], []]
    for b, axis in enumerate(columns.axis):
        here = columns.line[plan] == b
        start, days = columns.start[plan[here]], columns.days[plan[here]]
        for k, at in enumerate((start + 1, start + days)):
            merit = np.bincount(at, columns.value[plan[here]], minlength=len(axis) + 1)
            sides[k].append(np.cumsum(merit))
            sides[2 + k].append(np.cumsum(np.bincount(at, forced[here], minlength=len(axis) + 1)).astype(np.int64))
            sides[4 + k].append(np.cumsum(np.bincount(at, days, minlength=len(axis) + 1)).astype(np.int64))
    return _Standing(
        asked,
        columns,
        plan,
        of_proposal,
        used,
        np.array([float(row.coefficient[plan].sum()) for row in columns.rows]),
        *(tuple(side) for side in sides),  # type: ignore[arg-type]
    )


def _answer(
    standing: _Standing, p: int, one: Proposal, award: Award | None, mine: IntArray
) -> tuple[str, list[Reason]]:
    columns = standing.columns
    promised = [Reason("carry_over")] if one.must else []
    promised += [Reason("pinned")] if one.pin is not None else []
    if award is None:
        return "not", _why_not(standing, p, one, mine) + _shorter(standing, one)
    preferred = one.beamlines[0]
    moved = award.beamline != preferred
    aside = [Reason("alternative", {"beamline": award.beamline, "preferred": preferred})] if moved else []
    if award.shifts < one.requested:
        longer = mine[columns.shifts[mine] > award.shifts]
        return "shortened", promised + aside + _why_not(standing, p, one, longer, least=award.shifts + 1)
    if moved:
        there = mine[
            (columns.shifts[mine] == one.requested)
            & (columns.line[mine] == [line.id for line in standing.asked.beamlines].index(preferred))
        ]
        return "elsewhere", promised + aside + _why_not(standing, p, one, there, lines=(preferred,), least=award.shifts)
    return "granted", promised or [Reason("as_asked")]


def _why_not(
    standing: _Standing,
    p: int,
    one: Proposal,
    wanted: IntArray,
    *,
    lines: tuple[str, ...] | None = None,
    least: int | None = None,
) -> list[Reason]:
    """Which limit keeps the proposal from each of the places it would rather have: one reason of a kind."""
    columns = standing.columns
    reasons = []
    names = one.beamlines if lines is None else lines
    if banned := [name for name in names if name in one.banned]:
        reasons.append(Reason("banned", {"beamlines": tuple(banned)}))
    if not len(wanted):
        return reasons + _no_run(standing, one, [name for name in names if name not in one.banned], least)
    own = int(standing.of_proposal[p])
    got = columns.value[own] if own >= 0 else 0.0
    displaced, days_back, held = _in_the_way(standing, wanted, own)
    gain = columns.value[wanted] - got - displaced
    days = standing.used[columns.line[wanted]] + columns.days[wanted] - days_back
    if own >= 0:
        days = days - np.where(columns.line[wanted] == columns.line[own], columns.days[own], 0)
    free = (displaced == 0) & ~held
    # those in the way give their days back, and still the longer stay may eat into the reserve
    over = ~held & (days > columns.most_days[columns.line[wanted]])
    worthy = ~held & ~over & (gain > SLACK)
    broken = [(int(place), _broken_share(standing, int(place), own)) for place in wanted[worthy][:MOST_EXCHANGES]]
    gainful = next((place for place, row in broken if row is None), None)
    if gainful is not None:
        reasons.append(_at(standing, "not_proved", gainful, gain=float(gain[wanted == gainful][0])))
    elif broken:
        place, row = broken[0]
        share = columns.rows[row or 0]
        told = {"share": standing.asked.shares[share.share].id, "side": share.side}
        reasons.append(_at(standing, "share", place, **told))
    if over.any():
        reasons.append(_at(standing, "reserve", int(wanted[np.where(over, displaced, np.inf).argmin()])))
    beaten = ~held & ~over & ~free & (gain <= SLACK)
    idle = free & ~over & (gain <= SLACK)
    if idle.any():
        reasons.append(_at(standing, "no_merit", int(wanted[idle][0])))
    if beaten.any() and not free.any():
        # the place that would take the least weight to win
        price = (displaced + got) / columns.shifts[wanted]
        place = int(wanted[np.where(beaten, price, np.inf).argmin()])
        reasons.append(
            _at(
                standing,
                "full_above",
                place,
                displaced=_those_in_the_way(standing, place, own),
                weight_needed=float(price[wanted == place][0]),
            )
        )
    if held.all():
        reasons.append(Reason("held", {"beamline": standing.asked.beamlines[int(columns.line[wanted[0]])].id}))
    return reasons


def _in_the_way(standing: _Standing, places: IntArray, own: int) -> tuple[FloatArray, IntArray, BoolArray]:
    """Merit and beam days of the awards that overlap each place, and whether a promised one is there; its own apart."""
    columns = standing.columns
    merit = np.zeros(len(places))
    days = np.zeros(len(places), np.int64)
    held = np.zeros(len(places), np.int64)
    for b in np.unique(columns.line[places]).tolist():
        at = columns.line[places] == b
        start = columns.start[places[at]]
        end = start + columns.days[places[at]]
        merit[at] = standing.begun[b][end] - standing.ended[b][start]
        days[at] = standing.days_begun[b][end] - standing.days_ended[b][start]
        held[at] = standing.pinned_begun[b][end] - standing.pinned_ended[b][start]
    if own >= 0:
        mine = (columns.line[places] == columns.line[own]) & (
            (columns.start[places] < columns.start[own] + columns.days[own])
            & (columns.start[own] < columns.start[places] + columns.days[places])
        )
        merit -= np.where(mine, columns.value[own], 0.0)
        days -= np.where(mine, columns.days[own], 0)
        held -= (mine & columns.forced[columns.proposal[own]]).astype(np.int64)
    return np.where(np.abs(merit) < SLACK, 0.0, merit), days, held > 0


def _those_in_the_way(standing: _Standing, place: int, own: int) -> tuple[str, ...]:
    columns, plan = standing.columns, standing.chosen
    end = columns.start[place] + columns.days[place]
    overlap = (columns.line[plan] == columns.line[place]) & (columns.start[plan] < end) & (plan != own)
    overlap &= columns.start[plan] + columns.days[plan] > columns.start[place]
    return tuple(sorted(standing.asked.proposals[p].id for p in columns.proposal[plan[overlap]].tolist()))


def _broken_share(standing: _Standing, place: int, own: int) -> int | None:
    """The first share that the exchange would break, or None."""
    columns, plan = standing.columns, standing.chosen
    end = columns.start[place] + columns.days[place]
    gone = (columns.line[plan] == columns.line[place]) & (columns.start[plan] < end)
    gone &= columns.start[plan] + columns.days[plan] > columns.start[place]
    gone |= plan == own
    for r, row in enumerate(columns.rows):
        after = standing.sums[r] - row.coefficient[plan[gone]].sum() + row.coefficient[place]
        if after > row.most + SLACK:
            return r
    return None


def _at(standing: _Standing, code: str, place: int, **facts: object) -> Reason:
    award = award_of(standing.asked, standing.columns, place)
    where = {"beamline": award.beamline, "start": award.start, "end": award.end, "shifts": award.shifts}
    return Reason(code, {**where, **facts})


def _no_run(standing: _Standing, one: Proposal, names: list[str], least: int | None) -> list[Reason]:
    reasons = []
    asked = standing.asked
    shortest = min(length for length in one.lengths if least is None or length >= least)
    for name in names:
        line = next(line for line in asked.beamlines if line.id == name)
        axis = np.array(line.beam_days, np.int64)
        needed = line.days_for(shortest)
        longest = 0
        while longest < len(axis) and len(starts_on(axis, line.bridge, longest + 1, one.blackouts)):
            longest += 1
        if longest < needed:
            facts = {"beamline": name, "needed_days": needed, "longest_days": longest}
            reasons.append(Reason("no_free_run", facts))
    return reasons


def _shorter(standing: _Standing, one: Proposal) -> list[Reason]:
    """The longest grant below the minimum that would fit into the plan as it is."""
    asked, columns = standing.asked, standing.columns
    best: tuple[int, str, int] | None = None
    for b, line in enumerate(asked.beamlines):
        if line.id not in one.beamlines or line.id in one.banned:
            continue
        taken = np.zeros(len(columns.axis[b]), bool)
        for column in standing.chosen[columns.line[standing.chosen] == b].tolist():
            start = int(columns.start[column])
            taken[start : start + int(columns.days[column])] = True
        free = columns.axis[b][~taken]
        room = int(columns.most_days[b] - standing.used[b])
        # a day taken by another parts two runs of free days as a day without beam does
        blocked = [*one.blackouts, *((int(day), int(day) + 1) for day in columns.axis[b][taken])]
        for n in range(min(room, line.days_for(one.lengths[-1]) - 1), 0, -1):
            shifts = min(n * line.shifts_a_day - line.change_over, one.lengths[-1] - 1)
            at = starts_on(free, line.bridge, n, blocked) if shifts > 0 else np.empty(0, np.int64)
            if len(at):
                if best is None or shifts > best[0]:
                    best = (shifts, line.id, int(free[at[0]]))
                break
    if best is None:
        return []
    return [Reason("shorter_would_fit", {"beamline": best[1], "start": best[2], "shifts": best[0]})]


def _change(before: Award | None, now: Award | None) -> str | None:
    if before is None:
        return "new" if now is not None else None
    if now is None:
        return "dropped"
    same = (before.beamline, before.start, before.shifts) == (now.beamline, now.start, now.shifts)
    return "kept" if same else "moved"
