"""Questions in terms of cities: how far is each, by which trains, and can one be back the same day."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from headwater.engines.timetable import DAY_MIN, Leg, Profile, departure_profile, travel_minutes
from headwater.timetables.feed import Day, Feed, FeedError

__all__ = ["NOTHING_ADDED", "Additions", "Reached", "Ride", "Wish", "clock", "find_city", "matrix", "reach"]


@dataclass(frozen=True, slots=True)
class Additions:
    """Minutes from the door to the first train (way to the station, security), and from the last train to the door."""

    before: int = 0
    after: int = 0

    @classmethod
    def of(cls, total: int) -> Additions:
        """Split a total: two thirds before the first train (access and security), one third after the last (egress)."""
        after = total // 3
        return cls(total - after, after)


NOTHING_ADDED = Additions()


@dataclass(frozen=True, slots=True)
class Ride:
    """A train (or "walk") between two stations, minutes after midnight of the day asked for."""

    train: str
    start: str
    end: str
    departs: int
    arrives: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A city within reach and the journey to it.

    Attributes
    ----------
    city : str
    minutes : int
        From door to door: ``arrive - depart``.
    depart, arrive : int
        Minutes after midnight of the day asked for, additions included.
    rides : tuple of Ride
        Walks included. Empty for the city asked about.
    following : int or None
        When the next journey leaves that no other beats.
    back : Reached or None
        The fastest journey back, when one was asked for.
    last_back : int or None
        When the last journey leaves that is back the same day.
    """

    city: str
    minutes: int
    depart: int
    arrive: int
    rides: tuple[Ride, ...] = ()
    following: int | None = None
    back: Reached | None = None
    last_back: int | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What the traveller wants.

    Attributes
    ----------
    limit_min : int
        Longest journey, door to door, each way.
    leave_at : int or None
        Leave the door at this minute; minutes then count from it, waiting included. None: the fastest of the day.
    leave_after : int
        For the fastest of the day: leave the door at this minute or later.
    arrive_by : int or None
        Be at the far door by this minute, leaving as late as possible unless ``leave_at`` says when.
    additions : Additions
    on_site_min : int or None
        Come back the same day (before 24:00) after so long on site. None: no way back is looked for.
    """

    limit_min: int = 180
    leave_at: int | None = None
    leave_after: int = 0
    arrive_by: int | None = None
    additions: Additions = NOTHING_ADDED
    on_site_min: int | None = None


def reach(day: Day, city: str, wish: Wish, *, towards: bool = False) -> list[Reached]:
    """The cities within reach of a city, or, with ``towards``, those from which it is within reach.

    Parameters
    ----------
    day : Day
    city : str
        One of ``day.feed.cities``.
    wish : Wish
    towards : bool
        Journeys from the other cities to this one. The way back then starts in ``city``.

    Returns
    -------
    list of Reached
        Sorted by minutes, then city. The city itself comes first, with 0 minutes.

    Notes
    -----
    Of equally fast journeys the earliest is taken. Exact. Cost: one profile of the day, and one for each other city
    where the question runs towards the city or a way back is wanted.
    """
    names = day.feed.cities
    here = names.index(city)
    start = wish.leave_at if wish.leave_at is not None else wish.leave_after
    found = [Reached(city, 0, start, start)]
    profiles: dict[tuple[int, tuple[int, int]], Profile] = {}

    def leaving(number: int, window: tuple[int, int]) -> Profile:
        if (number, window) not in profiles:
            profiles[number, window] = departure_profile(day.timetable, day.groups[number], window=window)
        return profiles[number, window]

    for other, name in enumerate(names):
        if other == here:
            continue
        start_at, end_at = (other, here) if towards else (here, other)
        out = _journeys(day, leaving(start_at, _window(wish)), end_at, wish)
        if wish.on_site_min is None:
            best = _fastest(out, wish)
        elif out:
            back = _returns(day, leaving(end_at, (0, 2 * DAY_MIN)), start_at, wish)
            best = _day_trip(out, back, wish)
        else:
            best = None
        if best is not None:
            found.append(_told(day, best, name))
    return sorted(found, key=lambda r: (r.minutes, r.city != city, r.city))


def matrix(day: Day, additions: Additions = NOTHING_ADDED, *, leave_after: int = 0) -> list[list[int | None]]:
    """Door-to-door minutes between all cities, best of the day.

    Returns
    -------
    list of lists, in the order of ``day.feed.cities``
        Row: from; column: to. 0 on the diagonal, None where nothing goes.
    """
    first = leave_after + additions.before
    best = travel_minutes(day.timetable, day.groups, window=(first, DAY_MIN + additions.before))
    more = additions.before + additions.after
    return [
        [None if math.isnan(m) else int(m) + (more if i != j else 0) for j, m in enumerate(row)]
        for i, row in enumerate(best.tolist())
    ]


# --- journeys -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Option:
    """A journey by its doors; its legs are told only when it is chosen."""

    depart: int
    arrive: int
    profile: Profile
    handle: int
    to: int
    following: int | None = None
    back: _Option | None = None
    last_back: int | None = None

    @property
    def minutes(self) -> int:
        return self.arrive - self.depart


def _window(wish: Wish) -> tuple[int, int]:
    """Departures of first trains that keep the door inside the day (or within a day of the minute asked for)."""
    before = wish.additions.before
    if wish.leave_at is not None:
        return wish.leave_at + before, wish.leave_at + before + DAY_MIN
    return wish.leave_after + before, DAY_MIN + before


def _journeys(day: Day, profile: Profile, to: int, wish: Wish) -> list[_Option]:
    """All journeys worth considering, by rising departure, with the minute counted from where the wish says."""
    add = wish.additions
    departs, arrives, handles = profile.pairs(day.groups[to])
    options = [
        _Option(d - add.before, a + add.after, profile, k, to)
        for d, a, k in zip(departs.tolist(), arrives.tolist(), handles.tolist(), strict=True)
    ]
    options = [
        replace(option, following=options[i + 1].depart if i + 1 < len(options) else None)
        for i, option in enumerate(options)
    ]
    walk = profile.walk_min(day.groups[to])
    if not math.isnan(walk):
        start = wish.leave_at if wish.leave_at is not None else wish.leave_after
        if wish.arrive_by is not None and wish.leave_at is None:
            start = max(start, wish.arrive_by - int(walk))
        options.append(_Option(start, start + int(walk), profile, -1, to))
    if wish.leave_at is not None:
        options = [replace(option, depart=wish.leave_at) for option in options]
    by = math.inf if wish.arrive_by is None else wish.arrive_by
    return [option for option in options if option.minutes <= wish.limit_min and option.arrive <= by]


def _fastest(options: Iterable[_Option], wish: Wish) -> _Option | None:
    if wish.arrive_by is not None and wish.leave_at is None:
        return max(options, key=lambda o: (o.depart, -o.arrive), default=None)
    return min(options, key=lambda o: (o.minutes, o.depart), default=None)


def _returns(day: Day, profile: Profile, to: int, wish: Wish) -> list[_Option]:
    plain = replace(wish, leave_at=None, arrive_by=None, leave_after=0)
    return [o for o in _journeys(day, profile, to, plain) if o.arrive <= DAY_MIN and o.depart >= 0]


def _day_trip(out: list[_Option], returns: list[_Option], wish: Wish) -> _Option | None:
    """The best way out that leaves time on site and a way back, with the fastest such way back."""
    assert wish.on_site_min is not None
    fits: list[_Option] = []
    for option in out:
        ready = option.arrive + wish.on_site_min
        later = [r if r.handle >= 0 else replace(r, depart=ready, arrive=ready + r.minutes) for r in returns]
        later = [r for r in later if r.depart >= ready and r.arrive <= DAY_MIN]
        if later:
            back = min(later, key=lambda o: (o.minutes, o.depart))
            fits.append(replace(option, back=back, last_back=max(o.depart for o in later)))
    return _fastest(fits, wish)


def _told(day: Day, option: _Option, city: str) -> Reached:
    back = None if option.back is None else _told(day, option.back, day.feed.cities[option.back.to])
    return Reached(
        city,
        option.minutes,
        option.depart,
        option.arrive,
        _rides(day, option),
        option.following,
        back,
        option.last_back,
    )


def _rides(day: Day, option: _Option) -> tuple[Ride, ...]:
    goal = day.groups[option.to]
    if option.handle >= 0:
        return _ridden(day, option.profile.journey(option.handle, goal))
    walk = option.profile.walk(goal, option.depart)
    return () if walk is None else _ridden(day, (walk,))


def _ridden(day: Day, legs: Iterable[Leg]) -> tuple[Ride, ...]:
    name = [station.name for station in day.feed.stations]
    return tuple(
        Ride(day.train(leg.trip), name[leg.leaves], name[leg.reaches], leg.departs, leg.arrives) for leg in legs
    )


def clock(minute: int) -> str:
    """Minutes after midnight as HH:MM; hours go over 24 after the next midnight."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


# --- names ----------------------------------------------------------------------------------------------------------


def find_city(feed: Feed, name: str, region: Mapping[str, str] | None = None) -> str:
    """The city a person means.

    Parameters
    ----------
    feed : Feed
    name : str
        In any of the languages the timetable has; case, spaces and apostrophes do not matter, nor does 市.
    region : mapping, optional
        Chinese names and English names of cities, for timetables that give only one.

    Returns
    -------
    str
        One of ``feed.cities``.

    Raises
    ------
    FeedError
        No such city, or several: one sentence with the names that are near.
    """
    asked = _plain(name)
    if not asked:
        raise FeedError(["Name a city, in Chinese or English."])
    known: dict[str, str] = {}
    for other, city in feed.city_names.items():
        known.setdefault(_plain(other), city)
    for city in feed.cities:
        known[_plain(city)] = city
    if asked in known:
        return known[asked]
    twins = sorted({city for city in feed.cities if _plain(re.sub(r"[(（].*", "", city)) == asked})
    if len(twins) == 1:
        return twins[0]
    if twins:
        raise FeedError([f"{name} may be {' or '.join(twins)}; give the whole name."])
    for chinese, english in (region or {}).items():
        if asked in (_plain(chinese), _plain(english)):
            match = known.get(_plain(chinese)) or known.get(_plain(english))
            if match:
                return match
            raise FeedError([f"The timetable has no station in {english} ({chinese})."])
    for station in feed.stations:
        if asked in (_plain(station.name_en), _plain(station.name_zh)):
            where = (
                f"is a station of {station.city}; ask for the city" if station.city else "is a station of no city here"
            )
            raise FeedError([f"{name} {where}."])
    near = difflib.get_close_matches(asked, known, n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(dict.fromkeys(known[k] for k in near))}?" if near else ""
    few = f" It has {', '.join(feed.cities[:6])}{', …' if len(feed.cities) > 6 else ''}." if not near else ""
    raise FeedError([f'The timetable has no city called "{name[:60]}".{hint}{few}'])


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.casefold()).removesuffix("市")
