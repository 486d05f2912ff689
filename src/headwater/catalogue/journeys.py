"""How far the cities are by rail: the stored timetable, laid out once in each process, and what it answers."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _

from headwater.catalogue.models import Timetable
from headwater.catalogue.vocabulary import Label, Labels, Vocabulary
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.models.base import in_language
from headwater.timetables.feed import Day, FeedError, day_of
from headwater.timetables.reach import Additions, Reached, Wish, clock, find_city, reach
from headwater.timetables.reading import read_timetable

DEFAULT_MINUTES, LEAST_MINUTES, MOST_MINUTES = 180, 15, 1440
DEFAULT_DOOR, MOST_DOOR = 60, 240
DEFAULT_STAY_H, MOST_STAY_H = 4, 20
KEPT_ANSWERS = 512
KEPT_DAYS = 16
MINUTES_OFFERED = (60, 90, 120, 150, 180, 240, 300, 360)


@dataclass(frozen=True, slots=True)
class About:
    """What every answer says of the timetable."""

    digest: str
    title: str
    vintage: str
    source: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Laid:
    """The timetable ready to be asked, with the region's cities in it: the record's key to the timetable's name.

    ``day`` is its usual day; others are laid out when they are asked about.
    """

    about: About
    day: Day
    name_of: Mapping[int, str]
    key_of: Mapping[str, int]
    answers: dict[tuple[int, Trip, bool], Mapping[int, Reached]] = field(
        default_factory=dict, compare=False, repr=False
    )
    days: dict[dt.date, Day] = field(default_factory=dict, compare=False, repr=False)

    @property
    def daily(self) -> bool:
        """Whether every day is alike."""
        return all(service.daily for service in self.day.feed.services)

    def date_of(self, trip: Trip) -> dt.date | None:
        """The day asked about; None where every day is alike."""
        return None if self.daily else trip.date or self.day.date

    def on(self, date: dt.date | None) -> Day:
        """The timetable on a day, or on its usual one. Raises `Refused` for a day without trains."""
        if date is None or date == self.day.date or self.daily:
            return self.day
        feed, covered = self.day.feed, self.day.feed.covered()
        if covered and not covered[0] <= date <= covered[1]:
            facts = {"date": date.isoformat(), "first": covered[0].isoformat(), "last": covered[1].isoformat()}
            raise Refused(Decision((Reason("reach.date_outside", facts=facts),)))
        if date not in self.days:
            if not feed.running(date).any():
                raise Refused(Decision((Reason("reach.no_trains", facts={"date": date.isoformat()}),)))
            if len(self.days) >= KEPT_DAYS:
                self.days.clear()
            self.days[date] = day_of(feed, date)
        return self.days[date]


@dataclass(frozen=True, slots=True)
class Trip:
    """What a traveller asks; minutes after midnight where it is a time of day; without a date the usual day."""

    minutes: int = DEFAULT_MINUTES
    leave_after: int = 0
    back: bool = False
    stay_h: int = DEFAULT_STAY_H
    door: int = DEFAULT_DOOR
    date: dt.date | None = None

    @property
    def wish(self) -> Wish:
        return Wish(
            limit_min=self.minutes,
            leave_after=self.leave_after,
            additions=Additions.of(self.door),
            on_site_min=self.stay_h * 60 if self.back else None,
        )

    @property
    def leave(self) -> str:
        return clock(self.leave_after)


def laid(cities: Labels) -> Laid | None:
    """The timetable in force; None where none is loaded. One small query; the rest is kept by its digest."""
    row = Timetable.objects.order_by("-loaded_at").values_list("digest", flat=True).first()
    if row is None:
        return None
    return _laid(row, tuple((one.key, one.name_zh, one.name_en) for one in cities.values()))


@lru_cache(maxsize=4)
def _laid(digest: str, cities: tuple[tuple[int, str, str], ...]) -> Laid:
    stored = Timetable.objects.get(digest=digest)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "timetable.zip"
        path.write_bytes(bytes(stored.feed))
        feed = read_timetable(path)
    feed = replace(feed, source=replace(feed.source, title=stored.title))
    name_of: dict[int, str] = {}
    for key, zh, en in cities:
        for name in filter(None, (zh, en)):
            try:
                name_of[key] = find_city(feed, name)
            except FeedError:
                continue
            break
    about = About(stored.digest, stored.title, stored.vintage, stored.source, stored.synthetic)
    return Laid(about, day_of(feed), name_of, {name: key for key, name in name_of.items()})


def within(held: Laid, city: int, trip: Trip, *, towards: bool = False) -> Mapping[int, Reached]:
    """The region's cities within reach of one, by key, nearest first; with ``towards`` those it is within reach of.

    Raises `Refused` for a day without trains.
    """
    key = (city, trip, towards)
    if key not in held.answers:
        if len(held.answers) >= KEPT_ANSWERS:
            held.answers.clear()
        found = reach(held.on(trip.date), held.name_of[city], trip.wish, towards=towards)
        held.answers[key] = {held.key_of[one.city]: one for one in found if one.city in held.key_of}
    return held.answers[key]


@dataclass(frozen=True, slots=True)
class Row:
    """A city within reach: as the timetable answered, and as a page shows it."""

    city: Label
    found: Reached
    journey: Journey


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is within reach of a city, nearest first; ``unknown`` are cities without a station."""

    origin: Label
    about: About
    date: dt.date | None
    rows: Mapping[int, Row]
    unknown: tuple[Label, ...]


def start_of(known: Vocabulary, code: str) -> tuple[Laid, Label]:
    """The timetable, and a city with a station; raises `Refused` where either is missing."""
    origin = known.by_code("cities", code)
    if origin is None:
        raise Refused(Decision((Reason("reach.origin_unknown", facts={"value": code[:80]}),)))
    held = laid(known.cities)
    if held is None:
        raise Refused(Decision((Reason("reach.no_timetable"),)))
    if origin.key not in held.name_of:
        raise Refused(Decision((Reason("reach.no_station", facts={"city": origin.name}),)))
    return held, origin


def asked_reach(known: Vocabulary, code: str, trip: Trip, *, towards: bool = False) -> Asked:
    """The cities within reach of one with their journeys; raises `Refused` where nothing can be said."""
    held, origin = start_of(known, code)
    rows = {
        key: Row(known.cities[key], found, journey(held, found))
        for key, found in within(held, origin.key, trip, towards=towards).items()
    }
    unknown = tuple(label for key, label in known.cities.items() if key not in held.name_of)
    return Asked(origin, held.about, held.date_of(trip), rows, unknown)


# For pages and the API --------------------------------------------------------------------------------------------
def told_minutes(minutes: int) -> str:
    """A length of time as people say it."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s min") % {"minutes": rest}
    return _("%(hours)s h %(minutes)s") % {"hours": hours, "minutes": f"{rest:02d}"}


@dataclass(frozen=True, slots=True)
class Leg:
    """One train of a journey, or a way on foot."""

    train: str
    start: str
    end: str
    departs: str
    arrives: str

    @property
    def walk(self) -> bool:
        return self.train == "walk"


@dataclass(frozen=True, slots=True)
class Journey:
    """A journey as a page shows it."""

    minutes: int
    depart: str
    arrive: str
    legs: tuple[Leg, ...]
    following: str
    back: Journey | None
    last_back: str
    stay_min: int

    @property
    def here(self) -> bool:
        """Whether no journey is needed."""
        return not self.legs and self.minutes == 0

    @property
    def told(self) -> str:
        return told_minutes(self.minutes)

    @property
    def stay(self) -> str:
        return told_minutes(self.stay_min)

    @property
    def trains(self) -> str:
        return " → ".join(leg.train for leg in self.legs if not leg.walk)

    @property
    def changes(self) -> int:
        return max(0, sum(not leg.walk for leg in self.legs) - 1)


def journey(held: Laid, found: Reached) -> Journey:
    """What the timetable answered, with stations in the reader's language and times of day."""
    names = {one.name: in_language(one.name_zh, one.name_en)[0] for one in held.day.feed.stations}
    legs = tuple(
        Leg(
            ride.train,
            names.get(ride.start, ride.start),
            names.get(ride.end, ride.end),
            clock(ride.departs),
            clock(ride.arrives),
        )
        for ride in found.rides
    )
    back = journey(held, found.back) if found.back else None
    return Journey(
        found.minutes,
        clock(found.depart),
        clock(found.arrive),
        legs,
        "" if found.following is None else clock(found.following),
        back,
        "" if found.last_back is None else clock(found.last_back),
        found.back.depart - found.arrive if found.back else 0,
    )
