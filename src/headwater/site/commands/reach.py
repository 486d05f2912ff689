"""``headwater reach``: which cities are within reach by train, and how."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from headwater.timetables.feed import Day, Feed
    from headwater.timetables.reach import Additions, Reached, Wish

DEFAULT_DOOR_MIN = 60


class Refused(click.ClickException):
    """A timetable or city that cannot be used: one sentence, and the exit code of wrong usage."""

    exit_code = 2


def _clock(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    """A time of day as minutes after midnight."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d{1,2}):([0-5]\d)", value)
    if match is None or int(match[1]) > 23:
        raise click.BadParameter(f'"{value}" is not a time of day; write HH:MM, from 00:00 to 23:59.')
    return int(match[1]) * 60 + int(match[2])


def _date(_ctx: click.Context, _param: click.Parameter, value: str | None) -> dt.date | None:
    """A calendar date."""
    if value is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return dt.date.fromisoformat(value)
    except ValueError:
        pass
    raise click.BadParameter(f'"{value}" is not a date of the calendar; write YYYY-MM-DD.')


@click.command("reach", short_help="Cities within reach by train, with the journeys.")
@click.argument("city", required=False)
@click.option("--minutes", type=click.IntRange(0, 100_000), help="Longest journey, door to door.  [default: 180]")
@click.option("--date", callback=_date, metavar="YYYY-MM-DD", help="The day; without it the day with most trains.")
@click.option(
    "--depart", callback=_clock, metavar="HH:MM", help="Leave the door then; minutes count from it, waiting included."
)
@click.option("--after", callback=_clock, metavar="HH:MM", help="Fastest journey that leaves the door then or later.")
@click.option("--arrive-by", callback=_clock, metavar="HH:MM", help="Be there by then, leaving as late as possible.")
@click.option("--to", "towards", is_flag=True, help="Reverse: from which cities is CITY within reach.")
@click.option("--back-same-day", is_flag=True, help="Only cities from which one is back before midnight.")
@click.option(
    "--on-site", type=click.FloatRange(0, 24), default=4, show_default=True, help="Hours there, with --back-same-day."
)
@click.option("--from-all", is_flag=True, help="Minutes between all cities, as a matrix.")
@click.option(
    "--timetable", type=click.Path(path_type=Path), help="Another timetable: folder of CSV, or GTFS folder or zip."
)
@click.option(
    "--door-to-door",
    type=click.IntRange(0, 1000),
    default=DEFAULT_DOOR_MIN,
    show_default=True,
    metavar="MINUTES",
    help="Minutes added to each journey: two thirds before the first train (way to the station, security), one third"
    " after the last (egress). 0 leaves the additions off.",
)
@click.option(
    "--interchange", type=click.IntRange(0, 600), default=10, show_default=True, help="Minutes to change trains."
)
@click.option(
    "--between-stations",
    type=click.IntRange(0, 600),
    default=60,
    show_default=True,
    help="Minutes between stations of a city.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    city: str | None,
    minutes: int | None,
    date: dt.date | None,
    depart: int | None,
    after: int | None,
    arrive_by: int | None,
    towards: bool,
    back_same_day: bool,
    on_site: float,
    from_all: bool,
    timetable: Path | None,
    door_to_door: int,
    interchange: int,
    between_stations: int,
    as_json: bool,
) -> None:
    """List the cities within reach of CITY (in Chinese or English) by train.

    Without --depart the fastest journey of the day counts: the least arrival minus departure over all departures from
    00:00 to 24:00, from any station of one city to any of the other. Changing trains takes the station's minutes, or
    --interchange; staying on a train takes none. Trains of the day after are used by journeys that last past midnight.

    The timetable that comes with Headwater is synthetic and covers the 41 cities of the Yangtze River Delta. Another
    one is given with --timetable, as GTFS (the names of its stations are the cities) or as a folder:

    \b
      stops.csv      train, station, sequence, arrive, depart, day_offset
                     and if wanted days: 12345 for Monday to Friday, or a
                     service of calendar.csv. Times HH:MM or HH:MM:SS, hours
                     over 24 count on; arrive may be empty at the first
                     stop, depart at the last. day_offset is the day of both
                     times after the train's first; a depart before its
                     arrive is on the day after. Lines in any order.
      stations.csv   station_zh, station_en, city, lat, lon, and if wanted
                     interchange_min; a city may be empty
      calendar.csv, calendar_dates.csv, cities.csv (city, city_zh) and
      source.json (title, vintage, source) where there are any.

    \b
    --json prints a list, sorted by minutes, then city:
      city, minutes  door to door; 0 for CITY itself, which has no legs
      depart, arrive HH:MM, door to door; hours over 24 are the next day
      legs           train, from, to, depart, arrive of each train (changes
                     of station show as a gap; a walk is a train "walk" only
                     at the start or end of a journey)
      back           with --back-same-day: depart, arrive, minutes, legs,
                     and last, when the last journey home leaves
    With --from-all: a list of from, to, minutes (null where nothing goes).
    The timetable's vintage and source then go to standard error.
    """
    from headwater.engines.timetable import TimetableError
    from headwater.timetables.feed import FeedError, day_of
    from headwater.timetables.reach import Additions, Wish, find_city, matrix, reach
    from headwater.timetables.reading import bundled_folder, read_timetable

    if city is None and not from_all:
        raise click.UsageError("Name a CITY, or ask for the matrix with --from-all.")
    if city is not None and from_all:
        raise click.UsageError("--from-all is about every city; leave CITY out.")
    for name, given in (
        ("--depart", depart),
        ("--arrive-by", arrive_by),
        ("--to", towards),
        ("--back-same-day", back_same_day),
    ):
        if from_all and given not in (None, False):
            raise click.UsageError(f"--from-all gives the best of the day; leave {name} out.")
    if depart is not None and after is not None:
        raise click.UsageError("--depart and --after contradict each other; give one.")
    additions = Additions.of(door_to_door)
    try:
        feed = read_timetable(timetable or bundled_folder())
        day = day_of(feed, date, interchange_min=interchange, between_min=between_stations)
        if from_all:
            _print_matrix(day, matrix(day, additions, leave_after=after or 0), minutes, as_json=as_json)
            return
        assert city is not None
        found_city = find_city(feed, city, _region_names())
        wish = Wish(
            limit_min=180 if minutes is None else minutes,
            leave_at=depart,
            leave_after=after or 0,
            arrive_by=arrive_by,
            additions=additions,
            on_site_min=round(on_site * 60) if back_same_day else None,
        )
        found = reach(day, found_city, wish, towards=towards)
    except (FeedError, TimetableError) as error:
        raise Refused(str(error)) from error
    if as_json:
        click.echo(json.dumps([_as_json(r) for r in found], ensure_ascii=False, indent=1))
        click.echo(_provenance(feed), err=True)
        return
    click.echo(_as_text(day, found_city, found, wish, towards=towards))


def _region_names() -> dict[str, str]:
    """Chinese and English names of the region's cities, for timetables that know only one of them."""
    from headwater.timetables.reading import bundled_folder

    path = bundled_folder() / "cities.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["city_zh"]: row["city"] for row in csv.DictReader(file)}


def _provenance(feed: Feed) -> str:
    return " ".join([feed.source.sentence(), *feed.notes])


def _as_json(reached: Reached) -> dict[str, Any]:
    answer: dict[str, Any] = {"city": reached.city, **_journey(reached)}
    if reached.back is not None:
        from headwater.timetables.reach import clock

        last = reached.last_back
        answer["back"] = {**_journey(reached.back), "last": None if last is None else clock(last)}
    return answer


def _journey(reached: Reached) -> dict[str, Any]:
    from headwater.timetables.reach import clock

    ends = (0, len(reached.rides) - 1)
    return {
        "minutes": reached.minutes,
        "depart": clock(reached.depart),
        "arrive": clock(reached.arrive),
        "legs": [
            {"train": r.train, "from": r.start, "to": r.end, "depart": clock(r.departs), "arrive": clock(r.arrives)}
            for i, r in enumerate(reached.rides)
            if r.train != "walk" or i in ends
        ],
    }


def _as_text(day: Day, city: str, found: list[Reached], wish: Wish, *, towards: bool) -> str:
    from headwater.timetables.reach import clock

    way = "To" if towards else "From"
    lines = [
        f"{way} {city} within {wish.limit_min} minutes on {day.said}: {len(found)} of {len(day.feed.cities)} cities."
    ]
    width = max(len(r.city) for r in found)
    lines.append(f"{'city':<{width}}  min  leave  there  next   journey")
    for r in found:
        following = "  -  " if r.following is None else clock(r.following)
        times = f"{r.minutes:>3}  {clock(r.depart)}  {clock(r.arrive)}  {following}"
        lines.append(f"{r.city:<{width}}  {times}  {_legs_text(r)}".rstrip())
        if r.back is not None:
            last = "" if r.last_back is None else f"; the last journey home leaves at {clock(r.last_back)}"
            lines.append(
                f"{'':<{width}}  back {r.back.minutes} min, {clock(r.back.depart)} to {clock(r.back.arrive)}:"
                f" {_legs_text(r.back)}{last}"
            )
    return "\n".join([*lines, "", *_assumptions(day, wish.additions), _provenance(day.feed)])


def _legs_text(reached: Reached) -> str:
    from headwater.timetables.reach import clock

    return ", ".join(f"{r.train} {r.start} {clock(r.departs)} - {r.end} {clock(r.arrives)}" for r in reached.rides)


def _assumptions(day: Day, additions: Additions) -> list[str]:
    total = additions.before + additions.after
    doors = (
        f"Door to door: {additions.before} min before the first train (way to the station, security) and"
        f" {additions.after} min after the last are added."
        if total
        else "Station to station: nothing is added for access, security and egress."
    )
    return [
        doors,
        (
            f"Changing trains takes {day.interchange_min} min in a station and {day.between_min} min between stations"
            " of a city, unless the timetable states its own."
        ),
    ]


def _print_matrix(day: Day, minutes: list[list[int | None]], limit: int | None, *, as_json: bool) -> None:
    cities = day.feed.cities
    if as_json:
        cells = [
            {"from": cities[i], "to": cities[j], "minutes": m}
            for i, row in enumerate(minutes)
            for j, m in enumerate(row)
            if limit is None or (m is not None and m <= limit)
        ]
        click.echo(json.dumps(cells, ensure_ascii=False, indent=1))
    else:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["from", *cities])
        for name, row in zip(cities, minutes, strict=True):
            writer.writerow([name, *("" if m is None or (limit is not None and m > limit) else m for m in row)])
        click.echo(text.getvalue(), nl=False)
    click.echo(_provenance(day.feed), err=True)
