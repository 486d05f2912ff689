"""Journeys told as legs: the trains taken and the walks between them."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.engines.timetable.network import Ints, Timetable, TimetableError, walk_minutes


@dataclass(frozen=True, slots=True)
class Leg:
    """One train (``trip`` >= 0) or one walk (``trip`` = -1) of a journey."""

    trip: int
    leaves: int
    reaches: int
    departs: int
    arrives: int


def origin_walk(timetable: Timetable, origin: Ints, to: int, at: int, backwards: bool) -> tuple[Leg, ...]:
    """The walk from the nearest origin that ends at ``to`` at minute ``at``; nothing at an origin itself."""
    if to in origin:
        return ()
    near = [(minutes, int(s)) for s in origin if (minutes := walk_minutes(timetable, int(s), to)) is not None]
    minutes, start = min(near)
    end = -at if backwards else at
    return (Leg(-1, start, to, end - minutes, end),)


def legs_of(
    timetable: Timetable, steps: list[tuple[int, int]], origin: Ints, end: tuple[int, int] | None
) -> tuple[Leg, ...]:
    """Trains from (first hop, last hop) pairs in order, with the walks before, between and after them."""
    h = timetable.hops
    legs: list[Leg] = []
    first = steps[0][0]
    start = int(h.leaves[first])
    if start not in origin:
        legs.extend(origin_walk(timetable, origin, start, int(h.departs[first]), backwards=False))
    for board, leave in steps:
        here = int(h.leaves[board])
        if legs and legs[-1].reaches != here:
            _add_walk(timetable, legs, here)
        legs.append(Leg(int(h.trip[board]), here, int(h.reaches[leave]), int(h.departs[board]), int(h.arrives[leave])))
    if end is not None:
        _add_walk(timetable, legs, end[1])
    return tuple(legs)


def _add_walk(timetable: Timetable, legs: list[Leg], to: int) -> None:
    at, now = legs[-1].reaches, legs[-1].arrives
    minutes = walk_minutes(timetable, at, to)
    if minutes is None:
        raise TimetableError(f"No walk leads from station {at} to station {to}.")
    legs.append(Leg(-1, at, to, now, now + minutes))


def turned(legs: tuple[Leg, ...]) -> tuple[Leg, ...]:
    """Legs found on the mirrored timetable, in real time."""
    return tuple(Leg(leg.trip, leg.reaches, leg.leaves, -leg.arrives, -leg.departs) for leg in reversed(legs))
