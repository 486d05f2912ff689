"""Leaving at one given minute: earliest arrivals, and their mirror image, latest departures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from headwater.engines.timetable.journeys import Leg, legs_of, origin_walk, turned
from headwater.engines.timetable.network import (
    NEVER,
    NONE,
    ORIGIN,
    Floats,
    Ints,
    Timetable,
    mirrored,
    station_numbers,
)


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """When every station is reached by somebody who leaves at one given minute.

    Attributes
    ----------
    minutes : array, shape (n,)
        Earliest presence at each station, minutes after midnight; nan where it cannot be reached. For
        `latest_departures`: the latest minute at which one may still be there; nan likewise.
    """

    minutes: Floats
    _timetable: Timetable
    _by_train: Ints
    _board: Ints
    _exit: Ints
    _ready_from: Ints
    _walked_from: Ints
    _origin: Ints
    _backwards: bool

    def journey(self, station: int) -> tuple[Leg, ...]:
        """The trains and walks to ``station`` (from it, for `latest_departures`) in travel order.

        Parameters
        ----------
        station : int
            A station number.

        Returns
        -------
        tuple of Leg
            Empty at an origin, and where ``minutes`` is nan. Each walk follows the arrival before it at once; a walk
            from the origin starts as late as its train allows.
        """
        if np.isnan(self.minutes[station]):
            return ()
        h = self._timetable.hops
        steps: list[tuple[int, int]] = []
        at = station
        end_walk = None
        source = int(self._walked_from[at])
        if source == ORIGIN:
            only = origin_walk(self._timetable, self._origin, at, int(self.minutes[station]), self._backwards)
            return turned(only) if self._backwards else only
        if source != at:
            end_walk = (source, at)
            at = source
        while True:
            board, leave = int(self._board[at]), int(self._exit[at])
            steps.append((board, leave))
            at = int(h.leaves[board])
            source = int(self._ready_from[at])
            if source == ORIGIN:
                break
            at = source
        legs = legs_of(self._timetable, steps[::-1], self._origin, end_walk)
        return turned(legs) if self._backwards else legs


def earliest_arrivals(timetable: Timetable, origins: Sequence[int], depart: int) -> Arrivals:
    """Earliest arrival at every station, leaving any of the origins at ``depart`` or later.

    Parameters
    ----------
    timetable : Timetable
    origins : sequence of int
        Station numbers, at least one; the traveller is free to start at any.
    depart : int
        Minutes after midnight.

    Returns
    -------
    Arrivals
        ``minutes`` at an origin is ``depart``.

    Raises
    ------
    TimetableError
        No origin, or one that is no station.

    Notes
    -----
    Never gets earlier when ``depart`` gets later. Among journeys that arrive at the same minute the one found first is
    kept, which need not have the fewest changes; `departure_profile` does keep the fewest. Cost: one pass over the
    hops that depart after ``depart``. Source: Dibbelt et al. (2013), section 3.
    """
    return _arrivals(timetable, station_numbers(timetable, origins, "origins"), int(depart), backwards=False)


def latest_departures(
    timetable: Timetable, destinations: Sequence[int], arrive_by: int, *, mirror: Timetable | None = None
) -> Arrivals:
    """Latest minute at which one may still leave every station and be at a destination by ``arrive_by``.

    Parameters
    ----------
    timetable : Timetable
    destinations : sequence of int
        Station numbers, at least one; being at any will do.
    arrive_by : int
        Minutes after midnight.
    mirror : Timetable, optional
        ``mirrored(timetable)``, when many questions are asked of one timetable.

    Returns
    -------
    Arrivals
        ``minutes`` is the latest departure; journeys run from the station to the destination.

    Raises
    ------
    TimetableError
        No destination, or one that is no station.

    Notes
    -----
    Mirror image of `earliest_arrivals`; the same cost.
    """
    back = mirrored(timetable) if mirror is None else mirror
    return _arrivals(back, station_numbers(timetable, destinations, "destinations"), -int(arrive_by), backwards=True)


def _arrivals(timetable: Timetable, origin: Ints, depart: int, *, backwards: bool) -> Arrivals:
    t, h = timetable, timetable.hops
    first = int(np.searchsorted(h.departs, depart))
    present, walked, by_train, board, leave, ready_from = _scan_earliest(
        first, h.departs, h.arrives, h.leaves, h.reaches, h.trip, t.trips,
        t.interchange_min, t.out_start, t.out_to, t.out_min, origin, np.int32(depart),
    )  # fmt: skip
    minutes = np.where(present == NEVER, np.nan, present.astype(np.float64))
    return Arrivals(
        -minutes if backwards else minutes, t, by_train, board, leave, ready_from, walked, origin, backwards
    )


@njit(cache=True)
def _scan_earliest(  # type: ignore[no-untyped-def]  # pragma: no cover
    first, departs, arrives, leaves, reaches, trip, trips, change, out_start, out_to, out_min, origin, depart
):
    n = len(change)
    present = np.full(n, NEVER, np.int32)
    walked = np.full(n, NONE, np.int32)
    by_train = np.full(n, NEVER, np.int32)
    ready = np.full(n, NEVER, np.int32)
    ready_from = np.full(n, NONE, np.int32)
    board = np.full(n, NONE, np.int32)
    leave = np.full(n, NONE, np.int32)
    boarded = np.full(trips, NONE, np.int32)
    for s in origin:
        present[s] = depart
        ready[s] = depart
        walked[s] = ORIGIN
        ready_from[s] = ORIGIN
    for s in origin:
        for w in range(out_start[s], out_start[s + 1]):
            to, there = out_to[w], depart + out_min[w]
            if there < ready[to]:
                ready[to] = there
                ready_from[to] = ORIGIN
                present[to] = there
                walked[to] = ORIGIN
    for c in range(first, len(departs)):
        k = trip[c]
        if boarded[k] == NONE:
            if ready[leaves[c]] > departs[c]:
                continue
            boarded[k] = c
        s, at = reaches[c], arrives[c]
        if at >= by_train[s]:
            continue
        by_train[s] = at
        board[s] = boarded[k]
        leave[s] = c
        if at < present[s]:
            present[s] = at
            walked[s] = s
        if at + change[s] < ready[s]:
            ready[s] = at + change[s]
            ready_from[s] = s
        for w in range(out_start[s], out_start[s + 1]):
            to, there = out_to[w], at + out_min[w]
            if there < ready[to]:
                ready[to] = there
                ready_from[to] = s
            if there < present[to]:
                present[to] = there
                walked[to] = s
    return present, walked, by_train, board, leave, ready_from
