"""Trains assembled from their stops, for every form of timetable."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from headwater.engines.timetable import Hops
from headwater.timetables.tables import Problems, Row

__all__ = ["Stop", "Train", "hops_of"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A train at a station; minutes count from midnight of the day the train starts."""

    row: Row
    station: int
    arrives: int
    departs: int


@dataclass(slots=True)
class Train:
    """A train and its stops in travel order."""

    name: str
    service: int
    stops: list[Stop] = field(default_factory=list)


def hops_of(trains: list[Train], arrive: str, depart: str, problems: Problems) -> Hops:
    """The trains' hops; times that go back are noted, with the column they stand in."""
    columns: list[list[int]] = [[], [], [], [], []]
    for number, train in enumerate(trains):
        for one, two in zip(train.stops, train.stops[1:], strict=False):
            if two.arrives < one.departs:
                problems.add(
                    f"{two.row.at(arrive)}: train {train.name} arrives {_clock(two.arrives)} but left the stop before"
                    f" at {_clock(one.departs)}; is a day missing?"
                )
                break
            if two.departs < two.arrives:
                problems.add(
                    f"{two.row.at(depart)}: train {train.name} departs {_clock(two.departs)}, before it arrives"
                    f" ({_clock(two.arrives)})."
                )
                break
            if one.station == two.station:
                continue
            for column, value in zip(
                columns, (one.departs, two.arrives, one.station, two.station, number), strict=True
            ):
                column.append(value)
    return Hops(*(np.array(column, dtype=np.int32) for column in columns))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
