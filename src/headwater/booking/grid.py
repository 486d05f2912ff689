"""A week and a month laid out for reading: clock times by days, each cell free, closed or taken. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from headwater.engines import intervals

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Block:
    """Taken time as the grid shows it; ``key`` tells blocks apart."""

    key: str
    start: datetime
    end: datetime
    css: str
    label: str
    url: str = ""


@dataclass(slots=True)
class Cell:
    """One cell of a day's column, ``rows`` high."""

    state: str
    start: datetime
    end: datetime
    rows: int = 1
    block: Block | None = None


@dataclass(slots=True)
class Row:
    """One row: its clock time in both zones, and the cells that begin in it, one a day or none."""

    clock: str
    other: str
    on_hour: bool
    cells: list[tuple[date, Cell | None]] = field(default_factory=list)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _minutes(
    spans: NDArray[np.int64], blocks: Sequence[Block], days: Sequence[date], zone: ZoneInfo
) -> tuple[int, int]:
    """The first and last minute of a day that any of the week needs; whole days where something spans midnight."""
    first, last = 24 * 60, 0
    spots = [(datetime.fromtimestamp(a, zone), datetime.fromtimestamp(b, zone)) for a, b in spans.tolist()]
    spots += [(one.start.astimezone(zone), one.end.astimezone(zone)) for one in blocks]
    begins = datetime.combine(days[0], time(), tzinfo=zone)
    ends = datetime.combine(days[-1] + timedelta(days=1), time(), tzinfo=zone)
    for start, end in spots:
        start, end = max(start, begins), min(end, ends)
        if start >= end:
            continue
        until = (end - timedelta(seconds=1)).astimezone(zone)
        if until.date() != start.date():
            return 0, 24 * 60
        first = min(first, 60 * start.hour)
        last = max(last, 60 * (until.hour + 1))
    return (8 * 60, 18 * 60) if last <= first else (first, last)


def week(
    days: Sequence[date],
    zone: ZoneInfo,
    other: ZoneInfo,
    opened: NDArray[np.int64],
    blocks: Sequence[Block],
    *,
    now: datetime,
    row_minutes: int = 30,
) -> list[Row]:
    """The rows of a week. Clock times that the zone skips have no cell; those it shows twice share one.

    ``opened`` are open spans in seconds since 1970, ``blocks`` what is taken, in order of time.
    """
    first, last = _minutes(opened, blocks, days, zone)
    marks = list(range(first, last, row_minutes))
    rows = []
    for minute in marks:
        clock = _at(days[0], minute, zone)
        away = clock.astimezone(other)
        text = f"{minute // 60:02d}:{minute % 60:02d}"
        rows.append(Row(text, "" if zone == other else f"{away:%H:%M}", minute % 60 == 0))
    for day in days:
        edges = [_at(day, minute, zone) for minute in [*marks, last]]
        column = _column(edges, opened, blocks, now)
        for row, cell in zip(rows, column, strict=True):
            row.cells.append((day, cell))
    return rows


def _at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    plain = datetime.combine(day + timedelta(days=minute // 1440), time(minute % 1440 // 60, minute % 60))
    return datetime.fromtimestamp(plain.replace(tzinfo=zone).timestamp(), zone)


def _column(
    edges: Sequence[datetime], opened: NDArray[np.int64], blocks: Sequence[Block], now: datetime
) -> list[Cell | None]:
    column: list[Cell | None] = []
    last: Cell | None = None
    for start, end in pairwise(edges):
        begins, ends = int(start.timestamp()), int(end.timestamp())
        hit = next((one for one in blocks if one.start.timestamp() < ends and one.end.timestamp() > begins), None)
        if hit is not None:
            state = "taken"
        elif ends <= begins or not bool(((opened[:, 0] <= begins) & (opened[:, 1] >= ends)).any()):
            state = "closed"
        else:
            state = "past" if begins < now.timestamp() else "free"
        if last is not None and state != "free" and last.state == state and last.block == hit:
            last.rows += 1
            last.end = end
            column.append(None)
        else:
            last = Cell(state, start, end, 1, hit)
            column.append(last)
    return column


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a month: its open, taken and free hours; free ones from now on alone."""

    day: date
    inside: bool
    open_h: float
    taken_h: float
    free_h: float


def month(
    first: date, zone: ZoneInfo, opened: NDArray[np.int64], taken: NDArray[np.int64], *, now: datetime
) -> list[list[Day]]:
    """The weeks of the month that begins on ``first``, Monday to Sunday."""
    day, weeks = monday_of(first), []
    while day < first or day.month == first.month:
        days = []
        for _one in range(7):
            begins = int(_at(day, 0, zone).timestamp())
            ends = int(_at(day, 1440, zone).timestamp())
            open_today = intervals.intersect(opened, [[begins, ends]])
            busy = intervals.intersect(taken, [[begins, ends]])
            free = intervals.subtract(open_today, taken)
            ahead = intervals.intersect(free, [[max(begins, min(ends, int(now.timestamp()))), ends]])
            days.append(
                Day(day, day.month == first.month, *(intervals.total(one) / 3600 for one in (open_today, busy, ahead)))
            )
            day += timedelta(days=1)
        weeks.append(days)
    return weeks
