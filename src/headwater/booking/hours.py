"""Opening hours on an instrument's own clocks, laid out on the line of instants. Pure: no clock, no database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

DAYS = 7
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
SPAN = re.compile(r"(\S+?)\s*[-–—]\s*(\S+)")
MOST_SPANS = 12


class HoursError(ValueError):
    """Opening hours that can't be read; ``value`` is the part that can't."""

    def __init__(self, value: str) -> None:
        self.value = value
        super().__init__(f"{value!r} is not a span of opening hours such as 08:00-18:00.")


@dataclass(frozen=True, slots=True)
class Hours:
    """For each weekday from Monday its spans in minutes after midnight; days that stay closed.

    A span that goes on after midnight ends after minute 1440; it belongs to the day it begins on.
    """

    week: tuple[tuple[tuple[int, int], ...], ...]
    closed: frozenset[date] = frozenset()


def _minute(text: str) -> int:
    found = CLOCK.fullmatch(text)
    if found is None:
        raise HoursError(text)
    return 60 * int(text[:2]) + int(text[3:])


def _span(start: str, end: str) -> tuple[int, int]:
    first, last = _minute(start), _minute(end)
    if first == 1440:
        raise HoursError(start)
    return first, last if last > first else last + 1440


def read_hours(week: Sequence[Sequence[Sequence[str]]], closed: Sequence[date] = ()) -> Hours:
    """Hours as stored: seven days of ``["08:00", "18:00"]`` spans. Raises `HoursError`."""
    if len(week) != DAYS or any(len(day) > MOST_SPANS for day in week):
        raise HoursError(str(week)[:80])
    return Hours(tuple(tuple(_span(*span) for span in day) for day in week), frozenset(closed))


def read_line(text: str) -> list[list[str]]:
    """One day as people write it, ``08:00-12:00, 13:00-18:00``; empty where it is closed. Raises `HoursError`."""
    spans = []
    for part in filter(None, (part.strip() for part in re.split(r"[,，;；]", text))):
        found = SPAN.fullmatch(part)
        if found is None:
            raise HoursError(part)
        _span(*found.groups())
        spans.append(list(found.groups()))
    if len(spans) > MOST_SPANS:
        raise HoursError(text[:80])
    return spans


def write_line(day: Sequence[Sequence[str]]) -> str:
    """One day as people read it."""
    return ", ".join("–".join(span) for span in day)


def _instant(day: date, minute: int, zone: tzinfo) -> int:
    """The instant at which the clocks of ``zone`` show it; one that they skip is that much after the skip."""
    shown = datetime.combine(day + timedelta(days=minute // 1440), time(minute % 1440 // 60, minute % 60), tzinfo=zone)
    return int(shown.timestamp())


def open_spans(hours: Hours, zone: tzinfo, start: datetime, end: datetime) -> NDArray[np.int64]:
    """The open time from ``start`` until ``end``, in seconds since 1970; a clock change shifts it."""
    first, last = int(start.timestamp()), int(end.timestamp())
    day = (start.astimezone(zone) - timedelta(days=1)).date()  # a span of the day before may reach into it
    final = end.astimezone(zone).date()
    rows = []
    while day <= final:
        if day not in hours.closed:
            for begins, ends in hours.week[day.weekday()]:
                row = max(_instant(day, begins, zone), first), min(_instant(day, ends, zone), last)
                if row[0] < row[1]:
                    rows.append(row)
        day += timedelta(days=1)
    return np.array(rows, dtype=np.int64).reshape(-1, 2)
