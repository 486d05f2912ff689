"""The timetable as a network: trains stop by stop, stations, walks; checked and sorted so that it can be scanned."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

DAY_MIN = 1440
# In the arrays of the scans: not reached; from an origin; by nothing.
NEVER = np.int32(2**30)
ORIGIN = np.int32(-2)
NONE = np.int32(-1)


class TimetableError(ValueError):
    """A timetable or a question about it that cannot be meant."""


@dataclass(frozen=True, slots=True, eq=False)
class Hops:
    """Trains between consecutive stops; every array has shape (m,) and type int32.

    Hops of one trip stand in travel order; trips may be interleaved.

    Attributes
    ----------
    departs, arrives : minutes after midnight.
    leaves, reaches : station numbers, from 0.
    trip : trip numbers, from 0.
    """

    departs: Ints
    arrives: Ints
    leaves: Ints
    reaches: Ints
    trip: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Timetable:
    """A timetable ready to be scanned; make it with `build_timetable`.

    Attributes
    ----------
    hops : Hops
        Sorted by departure (then arrival, then given order). m hops.
    by_arrival : array, shape (m,)
        The hops' order by arrival (then departure, then given order).
    interchange_min : array, shape (n,)
        Minutes to change trains within a station.
    out_start, out_to, out_min : arrays, shapes (n + 1,), (w,), (w,)
        Walks by the station they leave, closed under chaining.
    in_start, in_from, in_min : arrays, shapes (n + 1,), (w,), (w,)
        The same walks by the station they reach.
    slots : array, shape (n + 1,)
        Where the arrivals of a station begin when all are listed by station.
    trips : int
        Number of trips.
    """

    hops: Hops
    by_arrival: Ints
    interchange_min: Ints
    out_start: Ints
    out_to: Ints
    out_min: Ints
    in_start: Ints
    in_from: Ints
    in_min: Ints
    slots: Ints
    trips: int

    @property
    def stations(self) -> int:
        """Number of stations."""
        return len(self.interchange_min)


def hops_on_days(hops: Hops, runs: ArrayLike, *, first_day: int) -> tuple[Hops, Ints, Ints]:
    """Lay the trains of several days one after the other on the clock of one day.

    Parameters
    ----------
    hops : Hops
        ``trip`` is the train; times count from midnight of the day on which the train starts.
    runs : array of bool, shape (trains, days)
        Whether the train starts on that day.
    first_day : int
        The day of the first column, counted from the day asked for: -1 is the day before.

    Returns
    -------
    hops : Hops
        Times count from midnight of the day asked for. Hops that depart before it are left out.
    train, day : arrays, shape (trips,)
        Which train each trip is, and on which day it starts.

    Raises
    ------
    TimetableError
        ``runs`` has not one row for each train.

    Notes
    -----
    Keeps every hop of a running train that departs at or after minute 0. Cost: hops times days.
    """
    runs = np.asarray(runs, dtype=bool)
    trains = int(hops.trip.max()) + 1 if len(hops.trip) else 0
    if runs.ndim != 2 or runs.shape[0] < trains:
        raise TimetableError(f"runs must be (trains, days) with {trains} trains or more, got {runs.shape}. Transposed?")
    parts: list[tuple[Ints, ...]] = []
    train_of: list[Ints] = []
    day_of: list[Ints] = []
    made = 0
    for column in range(runs.shape[1]):
        day = first_day + column
        departs = hops.departs + np.int32(day * DAY_MIN)
        keep = runs[hops.trip, column] & (departs >= 0)
        trains_kept, trip = np.unique(hops.trip[keep], return_inverse=True)
        parts.append(
            (
                departs[keep],
                hops.arrives[keep] + np.int32(day * DAY_MIN),
                hops.leaves[keep],
                hops.reaches[keep],
                (trip.ravel() + made).astype(np.int32),
            )
        )
        train_of.append(trains_kept.astype(np.int32))
        day_of.append(np.full(len(trains_kept), day, dtype=np.int32))
        made += len(trains_kept)
    if not parts:
        empty = np.empty(0, dtype=np.int32)
        return Hops(empty, empty, empty, empty, empty), empty, empty
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Hops(*joined), np.concatenate(train_of), np.concatenate(day_of)


def build_timetable(hops: Hops, *, interchange_min: ArrayLike, walks: Iterable[tuple[int, int, int]] = ()) -> Timetable:
    """Check and sort hops and walks so that they can be scanned.

    Parameters
    ----------
    hops : Hops
        May be empty: then nothing is reached but by walking.
    interchange_min : array, shape (n,)
        Minutes to change trains in each station, >= 0. Its length is the number of stations.
    walks : iterable of (from, to, minutes)
        One way each, minutes >= 0. The shortest of several counts; chains of walks are added.

    Returns
    -------
    Timetable

    Raises
    ------
    TimetableError
        Arrays differ in length; a station does not exist; a hop arrives before it departs; a trip leaves before it has
        arrived or from another station than it reached; a cost is negative; or the timetable has hops of zero minutes
        together with changes or walks of zero minutes (then "before" and "after" within one minute are not defined).

    Notes
    -----
    Conserves hops: the result holds every one, reordered. Cost: sorting, and one search from each station with walks.
    """
    given = Hops(*(np.ascontiguousarray(a, dtype=np.int32) for a in _columns(hops)))
    change = np.ascontiguousarray(interchange_min, dtype=np.int32)
    if change.ndim != 1:
        raise TimetableError(f"interchange_min must be (stations,), got {change.shape}. One value each station?")
    closed = _closed_walks(walks, len(change))
    _check(given, change, closed)
    place = np.arange(len(given.trip))
    order = np.lexsort((place, given.arrives, given.departs))
    sorted_hops = Hops(*(a[order] for a in _columns(given)))
    by_arrival = np.lexsort((np.arange(len(order)), sorted_hops.departs, sorted_hops.arrives)).astype(np.int32)
    return Timetable(
        sorted_hops,
        by_arrival,
        change,
        *_by_station([(a, b, m) for a, b, m in closed], len(change)),
        *_by_station([(b, a, m) for a, b, m in closed], len(change)),
        _starts(sorted_hops.reaches, len(change)),
        int(given.trip.max()) + 1 if len(given.trip) else 0,
    )


def mirrored(timetable: Timetable) -> Timetable:
    """The same timetable with time running backwards: who arrives now departs, and minute t is minute -t.

    Parameters
    ----------
    timetable : Timetable

    Returns
    -------
    Timetable
        Trips keep their numbers. Mirroring twice gives the timetable back.
    """
    h = timetable.hops
    # Trips run through their stops the other way round, so the given order turns too.
    turned = Hops(*(a[::-1] for a in (-h.arrives, -h.departs, h.reaches, h.leaves, h.trip)))
    order = np.lexsort((np.arange(len(h.trip)), turned.arrives, turned.departs))
    hops = Hops(*(np.ascontiguousarray(a[order]) for a in _columns(turned)))
    return Timetable(
        hops,
        np.lexsort((np.arange(len(order)), hops.departs, hops.arrives)).astype(np.int32),
        timetable.interchange_min,
        timetable.in_start,
        timetable.in_from,
        timetable.in_min,
        timetable.out_start,
        timetable.out_to,
        timetable.out_min,
        _starts(hops.reaches, timetable.stations),
        timetable.trips,
    )


def _columns(hops: Hops) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    return hops.departs, hops.arrives, hops.leaves, hops.reaches, hops.trip


def _check(hops: Hops, change: Ints, walks: list[tuple[int, int, int]]) -> None:
    sizes = {a.shape for a in _columns(hops)}
    if len(sizes) != 1 or len(next(iter(sizes))) != 1:
        raise TimetableError(f"The five arrays of hops must be (hops,) each, got {sorted(sizes)}.")
    if (change < 0).any():
        raise TimetableError(f"interchange_min must be >= 0, got {int(change.min())} at {int(change.argmin())}.")
    if not len(hops.trip):
        return
    if hops.trip.min() < 0:
        raise TimetableError(f"trip must be >= 0, got {int(hops.trip.min())}.")
    low = int(min(hops.leaves.min(), hops.reaches.min()))
    high = int(max(hops.leaves.max(), hops.reaches.max()))
    if low < 0 or high >= len(change):
        raise TimetableError(
            f"Stations must be 0 to {len(change) - 1}, got {low} to {high}. interchange_min too short?"
        )
    takes = hops.arrives - hops.departs
    if (takes < 0).any():
        k = int(takes.argmin())
        raise TimetableError(
            f"Hop {k} departs at {hops.departs[k]} and arrives at {hops.arrives[k]}; it must not arrive before it"
            " departs. Over midnight without 1440 more?"
        )
    if (takes == 0).any() and ((change == 0).any() or any(m == 0 for _, _, m in walks)):
        raise TimetableError(
            f"Hop {int(takes.argmin())} takes 0 minutes; then every change and walk must take 1 minute or more, got 0."
        )
    order = np.argsort(hops.trip, kind="stable")
    same = hops.trip[order][1:] == hops.trip[order][:-1]
    early = same & (hops.departs[order][1:] < hops.arrives[order][:-1])
    astray = same & (hops.leaves[order][1:] != hops.reaches[order][:-1])
    if (early | astray).any():
        k = int(order[1:][early | astray][0])
        raise TimetableError(
            f"Hop {k} of trip {hops.trip[k]} must start where and after its trip's hop before ended. Hops out of order?"
        )


def _closed_walks(walks: Iterable[tuple[int, int, int]], stations: int) -> list[tuple[int, int, int]]:
    """All walks, chains included, each pair once with its shortest minutes."""
    near: dict[int, dict[int, int]] = {}
    for a, b, minutes in walks:
        if minutes < 0 or not (0 <= a < stations and 0 <= b < stations):
            raise TimetableError(
                f"A walk must join two of {stations} stations in >= 0 minutes, got {a} to {b} in {minutes}."
            )
        if a != b:
            near.setdefault(a, {})[b] = min(minutes, near.get(a, {}).get(b, minutes))
    closed: list[tuple[int, int, int]] = []
    for start in sorted(near):
        best = {start: 0}
        heap = [(0, start)]
        while heap:
            so_far, at = heapq.heappop(heap)
            if so_far > best[at]:
                continue
            for there, minutes in near.get(at, {}).items():
                if so_far + minutes < best.get(there, int(NEVER)):
                    best[there] = so_far + minutes
                    heapq.heappush(heap, (so_far + minutes, there))
        closed.extend((start, there, minutes) for there, minutes in sorted(best.items()) if there != start)
    return closed


def _by_station(walks: list[tuple[int, int, int]], stations: int) -> tuple[Ints, Ints, Ints]:
    rows = np.array(sorted(walks), dtype=np.int32).reshape(-1, 3)
    return (
        _starts(rows[:, 0], stations),
        np.ascontiguousarray(rows[:, 1]),
        np.ascontiguousarray(rows[:, 2]),
    )


def _starts(station: Ints, stations: int) -> Ints:
    starts = np.zeros(stations + 1, dtype=np.int32)
    np.cumsum(np.bincount(station, minlength=stations), out=starts[1:])
    return starts


def station_numbers(timetable: Timetable, given: Sequence[int], name: str) -> Ints:
    """Station numbers, sorted and each once; TimetableError where there is none or one that does not exist."""
    chosen = np.unique(np.asarray(given, dtype=np.int64))
    if not len(chosen) or chosen[0] < 0 or chosen[-1] >= timetable.stations:
        raise TimetableError(
            f"{name} must be one or more of the stations 0 to {timetable.stations - 1}, got {list(given)}."
        )
    return chosen.astype(np.int32)


def walk_minutes(timetable: Timetable, a: int, b: int) -> int | None:
    """Minutes of the walk from a to b; 0 within a station; None where there is none."""
    if a == b:
        return 0
    for w in range(timetable.out_start[a], timetable.out_start[a + 1]):
        if timetable.out_to[w] == b:
            return int(timetable.out_min[w])
    return None
