"""What a timetable says: stations, cities, trains, the days they run, where it is from and how old it is."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headwater.engines.timetable import DAY_MIN, Hops, Timetable, build_timetable, hops_on_days

__all__ = [
    "DEFAULT_BETWEEN_MIN",
    "DEFAULT_INTERCHANGE_MIN",
    "Day",
    "Feed",
    "FeedError",
    "Service",
    "Source",
    "Station",
    "day_of",
]

DEFAULT_INTERCHANGE_MIN = 10
DEFAULT_BETWEEN_MIN = 60
# A Monday to stand for "some week" where the timetable names weekdays but no dates.
_SOME_MONDAY = dt.date(2024, 1, 1)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class FeedError(ValueError):
    """A timetable that cannot be used; ``problems`` holds one sentence each."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - 1
        rest = "" if more < 1 else f" (and {more} more problem{'s' if more > 1 else ''} like it)"
        super().__init__(self.problems[0] + rest)


@dataclass(frozen=True, slots=True)
class Station:
    """A station.

    ``city`` is empty where trains stop that serve no city one may ask about; ``interchange_min`` is None where the
    timetable leaves it to the default.
    """

    name_zh: str
    name_en: str
    city: str
    lat: float
    lon: float
    interchange_min: int | None = None

    @property
    def name(self) -> str:
        """The English name, or the Chinese one where there is no other."""
        return self.name_en or self.name_zh


@dataclass(frozen=True, slots=True)
class Service:
    """The days on which trains start: weekdays (Monday first) within dates, more days and fewer."""

    weekdays: tuple[bool, ...] = (True,) * 7
    first: dt.date | None = None
    last: dt.date | None = None
    added: frozenset[dt.date] = frozenset()
    removed: frozenset[dt.date] = frozenset()

    def runs_on(self, date: dt.date) -> bool:
        """Whether trains of this service start on ``date``."""
        if date in self.added:
            return True
        if date in self.removed or not self.weekdays[date.weekday()]:
            return False
        return (self.first is None or date >= self.first) and (self.last is None or date <= self.last)

    @property
    def daily(self) -> bool:
        """Whether it runs every day without end."""
        return all(self.weekdays) and self.first is None and self.last is None and not self.removed


@dataclass(frozen=True, slots=True)
class Source:
    """Where a timetable is from, and of when."""

    title: str
    vintage: str = "not stated"
    source: str = "not stated"
    synthetic: bool = False

    def sentence(self) -> str:
        """One line that every answer carries."""
        if self.synthetic:
            return f"{self.title}, vintage {self.vintage}, {self.source}."
        return f"Timetable: {self.title}; vintage: {self.vintage}; source: {self.source}."


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """A whole timetable.

    Attributes
    ----------
    stations : tuple of Station
    cities : tuple of str
        Every city with a station, in order of first mention.
    city_names : mapping
        Other names of cities (Chinese, say) and the city each means.
    trains : tuple of str
        The number by which passengers know each train; need not be unique.
    hops : Hops
        ``trip`` is the position in ``trains``; minutes count from midnight of the day the train starts.
    train_service : array, shape (trains,)
        Position in ``services``.
    services : tuple of Service
    walks : mapping
        Minutes from station to station where the timetable states them.
    no_walks : frozenset
        Pairs of stations the timetable forbids to change between.
    walk_limit_km : float
        Stations of one city farther apart than this are not joined by a walk.
    source : Source
    notes : tuple of str
        What was left out on reading, one sentence each.
    """

    stations: tuple[Station, ...]
    cities: tuple[str, ...]
    city_names: Mapping[str, str]
    trains: tuple[str, ...]
    hops: Hops
    train_service: NDArray[np.int32]
    services: tuple[Service, ...]
    source: Source
    walks: Mapping[tuple[int, int], int] = field(default_factory=dict)
    no_walks: frozenset[tuple[int, int]] = frozenset()
    walk_limit_km: float = math.inf
    notes: tuple[str, ...] = ()

    def stations_of(self, city: str) -> list[int]:
        """Positions of the stations of a city; empty if it has none."""
        return [i for i, station in enumerate(self.stations) if station.city == city]

    def usual_date(self) -> tuple[dt.date, str]:
        """The date to show when none is asked for, and how it was chosen, in words.

        The day on which most trains start; the earliest of equals. Where no dates are given, a weekday stands for all
        its dates.
        """
        if all(service.daily for service in self.services):
            return _SOME_MONDAY, "any day (every train is taken to run daily)"
        dates = {d for s in self.services for d in (s.first, s.last, *s.added) if d is not None}
        if not dates:
            choice = [_SOME_MONDAY + dt.timedelta(days=i) for i in range(7)]
            date = self._busiest(choice)
            return date, f"any {_WEEKDAYS[date.weekday()]} (the weekday with the most trains)"
        start, end = min(dates), min(max(dates), min(dates) + dt.timedelta(days=400))
        date = self._busiest([start + dt.timedelta(days=i) for i in range((end - start).days + 1)])
        return date, f"{date.isoformat()} (the day of the timetable with the most trains)"

    def _busiest(self, dates: list[dt.date]) -> dt.date:
        sizes = np.bincount(self.train_service, minlength=len(self.services))
        counts = [sum(int(n) for s, n in zip(self.services, sizes, strict=True) if s.runs_on(d)) for d in dates]
        return dates[counts.index(max(counts))]

    def running(self, date: dt.date) -> NDArray[np.bool_]:
        """Which trains start on ``date``, shape (trains,)."""
        by_service = np.array([service.runs_on(date) for service in self.services], dtype=bool)
        return by_service[self.train_service] if len(self.services) else np.zeros(0, dtype=bool)

    def covered(self) -> tuple[dt.date, dt.date] | None:
        """The first and the last date the timetable names; None if it names none."""
        dates = [d for s in self.services for d in (s.first, s.last, *s.added) if d is not None]
        return (min(dates), max(dates)) if dates else None

    def span(self) -> str:
        """The dates the timetable covers, in words; empty if it names none."""
        covered = self.covered()
        return f"{covered[0].isoformat()} to {covered[1].isoformat()}" if covered else ""


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """A timetable laid out for one date, ready for the engine.

    Attributes
    ----------
    feed : Feed
    date : date
    said : str
        The date in words, with how it was chosen.
    timetable : Timetable
        Trains that start on the days before and are still running, of the date itself, and of the day after.
    trip_train : array, shape (trips,)
        Which train each trip is.
    groups : tuple of lists of int
        The stations of each city, in the order of ``feed.cities``.
    interchange_min, between_min : int
        The defaults in force.
    """

    feed: Feed
    date: dt.date
    said: str
    timetable: Timetable
    trip_train: NDArray[np.int32]
    groups: tuple[list[int], ...]
    interchange_min: int
    between_min: int

    def train(self, trip: int) -> str:
        """The train's number; "walk" where the engine walks."""
        return "walk" if trip < 0 else self.feed.trains[int(self.trip_train[trip])]


def day_of(
    feed: Feed,
    date: dt.date | None = None,
    *,
    interchange_min: int = DEFAULT_INTERCHANGE_MIN,
    between_min: int = DEFAULT_BETWEEN_MIN,
) -> Day:
    """Lay a timetable out for one date.

    Parameters
    ----------
    feed : Feed
    date : date, optional
        Without one, `Feed.usual_date`.
    interchange_min : int
        Minutes to change trains in a station that states none itself.
    between_min : int
        Minutes between two stations of one city, where the timetable states none.

    Returns
    -------
    Day

    Raises
    ------
    FeedError
        No train runs on the date.
    """
    said = ""
    if date is None:
        date, said = feed.usual_date()
    back = int(feed.hops.arrives.max()) // DAY_MIN if len(feed.hops.trip) else 0
    days = range(-back, 2)
    runs = np.stack([feed.running(date + dt.timedelta(days=d)) for d in days], axis=1)
    if not runs[:, back].any():
        span = feed.span()
        covers = f"; it covers {span}" if span else ""
        raise FeedError([f"No train of the timetable runs on {date.isoformat()}{covers}. Choose another --date."])
    hops, trip_train, _ = hops_on_days(feed.hops, runs, first_day=-back)
    change = [interchange_min if s.interchange_min is None else s.interchange_min for s in feed.stations]
    groups: dict[str, list[int]] = {city: [] for city in feed.cities}
    for i, station in enumerate(feed.stations):
        if station.city:
            groups[station.city].append(i)
    timetable = build_timetable(hops, interchange_min=change, walks=_walks(feed, groups.values(), between_min))
    return Day(
        feed,
        date,
        said or date.isoformat(),
        timetable,
        trip_train,
        tuple(groups.values()),
        interchange_min,
        between_min,
    )


def _walks(feed: Feed, groups: Iterable[list[int]], between_min: int) -> list[tuple[int, int, int]]:
    walks = dict(feed.walks)
    for group in groups:
        for a in group:
            for b in group:
                if a == b or (a, b) in walks or (a, b) in feed.no_walks:
                    continue
                if math.isinf(feed.walk_limit_km) or _km(feed.stations[a], feed.stations[b]) <= feed.walk_limit_km:
                    walks[a, b] = between_min
    return [(a, b, minutes) for (a, b), minutes in sorted(walks.items())]


def _km(a: Station, b: Station) -> float:
    """Great-circle distance; nan where a place is unknown."""
    lat1, lon1, lat2, lon2 = map(math.radians, (a.lat, a.lon, b.lat, b.lon))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(half))
