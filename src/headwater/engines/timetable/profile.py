"""All sensible departures of a day, from one place to every station, and the matrix of best times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from headwater.engines.timetable.journeys import Leg, legs_of
from headwater.engines.timetable.network import (
    DAY_MIN,
    NEVER,
    NONE,
    Floats,
    Ints,
    Timetable,
    TimetableError,
    station_numbers,
    walk_minutes,
)

# A departure and the number of trains share one sortable number; no journey has this many trains.
SCALE = 4096
_NO_KEY = np.int64(-(2**60))


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """All sensible departures from the origins to every station within a window; made by `departure_profile`.

    Attributes
    ----------
    origins : array
        The stations from which one may start.
    window : (int, int)
        First minute, and the minute after the last, at which a journey may depart.
    """

    origins: Ints
    window: tuple[int, int]
    _timetable: Timetable
    _count: Ints
    _arrives: Ints
    _key: NDArray[np.int64]
    _board: Ints
    _exit: Ints
    _previous: Ints

    def pairs(self, stations: Sequence[int]) -> tuple[Ints, Ints, Ints]:
        """Departures and arrivals that no other journey beats, to whichever of the stations comes first.

        Parameters
        ----------
        stations : sequence of int
            Station numbers, at least one: the stations of a city, say.

        Returns
        -------
        departs, arrives : arrays, shape (p,)
            Both strictly increasing: a journey is left out if another departs no earlier and arrives no later. Empty
            where no train goes, and when one of the stations is an origin. Walks without a train start at any minute
            and are not listed; see `walk_min`.
        handle : array, shape (p,)
            What `journey` takes.

        Raises
        ------
        TimetableError
            A station that does not exist, or none.
        """
        t = self._timetable
        chosen = station_numbers(t, stations, "stations")
        if np.isin(chosen, self.origins).any():
            empty = np.empty(0, dtype=np.int32)
            return empty, empty, empty
        near = {int(s): 0 for s in chosen}
        for s in chosen:
            for w in range(t.in_start[s], t.in_start[s + 1]):
                at, minutes = int(t.in_from[w]), int(t.in_min[w])
                near[at] = min(minutes, near.get(at, minutes))
        slot = np.concatenate([np.arange(t.slots[at], t.slots[at] + self._count[at], dtype=np.int32) for at in near])
        arrives = self._arrives[slot] + np.repeat(
            np.array(list(near.values()), dtype=np.int32), [int(self._count[at]) for at in near]
        )
        key = self._key[slot]
        order = np.lexsort((slot, -key, arrives))
        departs = _depart_of(key[order])
        best = order[np.diff(np.maximum.accumulate(departs), prepend=_NO_KEY) > 0]
        return _depart_of(key[best]).astype(np.int32), arrives[best], slot[best]

    def journey(self, handle: int, stations: Sequence[int]) -> tuple[Leg, ...]:
        """The trains and walks of one pair, in travel order; among equals the one with the fewest trains.

        Parameters
        ----------
        handle : int
            From `pairs`.
        stations : sequence of int
            The stations given to `pairs`.

        Returns
        -------
        tuple of Leg
            A walk after a train follows it at once; one before the first train starts as late as the train allows.
        """
        t = self._timetable
        steps: list[tuple[int, int]] = []
        slot = int(handle)
        while slot != NONE:
            steps.append((int(self._board[slot]), int(self._exit[slot])))
            slot = int(self._previous[slot])
        steps.reverse()
        last = int(t.hops.reaches[steps[-1][1]])
        ends = [(minutes, int(s)) for s in stations if (minutes := walk_minutes(t, last, int(s))) is not None]
        end = min(ends)[1]
        return legs_of(t, steps, self.origins, None if end == last else (last, end))

    def walk(self, stations: Sequence[int], depart: int = 0) -> Leg | None:
        """The shortest walk from the origins to the stations, starting at ``depart``; None where no walk leads."""
        t = self._timetable
        known = [
            (minutes, int(s), int(to))
            for s in self.origins
            for to in stations
            if (minutes := walk_minutes(t, int(s), int(to))) is not None
        ]
        if not known:
            return None
        minutes, start, end = min(known)
        return Leg(-1, start, end, depart, depart + minutes)

    def walk_min(self, stations: Sequence[int]) -> float:
        """Minutes of the shortest walk from the origins to the stations; 0 at an origin, nan where no walk leads."""
        walk = self.walk(stations)
        return float("nan") if walk is None else float(walk.arrives - walk.departs)

    def best_minutes(self) -> Floats:
        """Shortest time on the way to every station over all departures of the window.

        Returns
        -------
        array, shape (n,)
            Minutes; 0 at the origins; nan where nothing goes. Walks without a train count.
        """
        t = self._timetable
        best = _best(
            self._count, self._arrives, self._key, t.slots, t.in_start, t.in_from, t.in_min, t.out_start, t.out_to,
            t.out_min, self.origins,
        )  # fmt: skip
        return np.where(best == NEVER, np.nan, best.astype(np.float64))


def departure_profile(
    timetable: Timetable, origins: Sequence[int], *, window: tuple[int, int] = (0, DAY_MIN)
) -> Profile:
    """All Pareto-optimal departures of a day, from the origins to every station.

    Parameters
    ----------
    timetable : Timetable
    origins : sequence of int
        Station numbers, at least one.
    window : (int, int)
        First minute, and the minute after the last, at which a journey may depart.

    Returns
    -------
    Profile

    Raises
    ------
    TimetableError
        No origin or one that is no station, or an empty window.

    Notes
    -----
    Exact: a departure is listed if and only if no journey of the window leaves then or later and arrives then or
    earlier; of equal ones that with the fewest trains is kept, then the one whose last hop comes first by arrival.
    Cost: one pass over the hops, one look-up each. Source: Dibbelt et al. (2013), section 4, mirrored in time so that
    one origin, not one destination, is fixed; the number of trains rides along as a second key.
    """
    low, high = int(window[0]), int(window[1])
    if low >= high:
        raise TimetableError(f"window must be (first, end) with first < end, got ({low}, {high}). Swapped?")
    origin = station_numbers(timetable, origins, "origins")
    t, h = timetable, timetable.hops
    found = _scan_profile(
        t.by_arrival, h.departs, h.arrives, h.leaves, h.reaches, h.trip, t.trips, t.interchange_min, t.in_start,
        t.in_from, t.in_min, t.out_start, t.out_to, t.out_min, t.slots, origin, low, high,
    )  # fmt: skip
    return Profile(origin, (low, high), t, *found)


def travel_minutes(
    timetable: Timetable, groups: Sequence[Sequence[int]], *, window: tuple[int, int] = (0, DAY_MIN)
) -> Floats:
    """Shortest time on the way between groups of stations (cities), over all departures of the window.

    Parameters
    ----------
    timetable : Timetable
    groups : sequence of sequences of int, length g
        The stations of each group, at least one each.
    window : (int, int)
        As for `departure_profile`.

    Returns
    -------
    array, shape (g, g)
        Minutes from the row's group to the column's, any station to any; 0 on the diagonal; nan where nothing goes.

    Raises
    ------
    TimetableError
        A group without a station, or with one that does not exist.

    Notes
    -----
    Never grows when trains are added. Cost: g profiles.
    """
    members = [station_numbers(timetable, group, "groups") for group in groups]
    answer = np.full((len(members), len(members)), np.nan)
    if not members:
        return answer
    flat = np.concatenate(members)
    starts = np.concatenate(([0], np.cumsum([len(m) for m in members])))[:-1]
    for row, origin in enumerate(members):
        best = departure_profile(timetable, [int(s) for s in origin], window=window).best_minutes()
        answer[row] = np.fmin.reduceat(best[flat], starts)
    return answer


def _depart_of(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """The departure in a key ``departure * SCALE - trains``."""
    return -((-key) // SCALE)


@njit(cache=True)
def _latest(arrives, low, count, by):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The last of ``count`` slots from ``low`` that arrives at ``by`` or before; -1 if none."""
    lo, hi = low, low + count
    while lo < hi:
        mid = (lo + hi) // 2
        if arrives[mid] <= by:
            lo = mid + 1
        else:
            hi = mid
    return lo - 1 if lo > low else -1


@njit(cache=True)
def _scan_profile(  # type: ignore[no-untyped-def]  # pragma: no cover
    order, departs, arrives, leaves, reaches, trip, trips, change, in_start, in_from, in_min, out_start, out_to,
    out_min, slots, origin, first, end,
):  # fmt: skip
    n, m = len(change), len(order)
    count = np.zeros(n, np.int32)
    when = np.empty(m, np.int32)
    key = np.empty(m, np.int64)
    board = np.empty(m, np.int32)
    leave = np.empty(m, np.int32)
    previous = np.empty(m, np.int32)
    trip_key = np.full(trips, _NO_KEY, np.int64)
    trip_board = np.full(trips, NONE, np.int32)
    trip_previous = np.full(trips, NONE, np.int32)
    access = np.full(n, NEVER, np.int32)
    for s in origin:
        for w in range(out_start[s], out_start[s + 1]):
            access[out_to[w]] = min(access[out_to[w]], out_min[w])
    for s in origin:
        access[s] = 0
    for c in order:
        k, s, dep = trip[c], leaves[c], departs[c]
        best, source = trip_key[k], np.int32(-3)
        if access[s] != NEVER:
            start = dep - access[s]
            if first <= start < end and start * SCALE - 1 > best:
                best, source = start * SCALE - 1, np.int32(NONE)
        # Arrivals of a station are kept in order of time and rising key, so the last in time is the best one.
        found = _latest(when, slots[s], count[s], dep - change[s])
        if found >= 0 and key[found] - 1 > best:
            best, source = key[found] - 1, np.int32(found)
        for w in range(in_start[s], in_start[s + 1]):
            near = in_from[w]
            found = _latest(when, slots[near], count[near], dep - in_min[w])
            if found >= 0 and key[found] - 1 > best:
                best, source = key[found] - 1, np.int32(found)
        if source != -3:
            trip_key[k], trip_board[k], trip_previous[k] = best, c, source
        if best == _NO_KEY:
            continue
        to = reaches[c]
        at = slots[to] + count[to]
        if count[to] > 0 and key[at - 1] >= best:
            continue
        if count[to] > 0 and when[at - 1] == arrives[c]:
            at -= 1
        else:
            count[to] += 1
        when[at], key[at], board[at], leave[at] = arrives[c], best, trip_board[k], c
        previous[at] = trip_previous[k]
    return count, when, key, board, leave, previous


@njit(cache=True)
def _best(  # type: ignore[no-untyped-def]  # pragma: no cover
    count, when, key, slots, in_start, in_from, in_min, out_start, out_to, out_min, origin
):
    n = len(count)
    own = np.full(n, NEVER, np.int32)
    for s in range(n):
        for i in range(slots[s], slots[s] + count[s]):
            own[s] = min(own[s], when[i] + ((-key[i]) // SCALE))
    best = own.copy()
    for s in range(n):
        for w in range(in_start[s], in_start[s + 1]):
            if own[in_from[w]] != NEVER:
                best[s] = min(best[s], own[in_from[w]] + in_min[w])
    for s in origin:
        for w in range(out_start[s], out_start[s + 1]):
            best[out_to[w]] = min(best[out_to[w]], out_min[w])
    for s in origin:
        best[s] = 0
    return best
