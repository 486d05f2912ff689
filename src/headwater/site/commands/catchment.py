"""``headwater catchment``: which places of a file lie within a distance and within a rail time of a city or point."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from headwater.timetables.feed import Feed


class Unusable(click.ClickException):
    """A file or place that can't be used: one sentence, exit code 2."""

    exit_code = 2


NEAR_KM = 60.0


@click.command("catchment", short_help="Places of a file within a distance and within a rail time.")
@click.argument("places_file", metavar="PLACES", type=click.Path(path_type=Path))
@click.option("--from", "origin", required=True, metavar="CITY", help="The city that trains are counted to.")
@click.option(
    "--at", "at", metavar="LAT,LON", help="Where the distance is counted from.  [default: the city's station]"
)
@click.option("--km", type=click.FloatRange(0, 20_016, min_open=True), default=400.0, show_default=True)
@click.option("--minutes", type=click.IntRange(1, 100_000), default=180, show_default=True, help="Door to door.")
@click.option("--timetable", type=click.Path(path_type=Path), help="Another timetable, as for headwater reach.")
@click.option("--door-to-door", type=click.IntRange(0, 1000), default=60, show_default=True, metavar="MINUTES")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Each place with its set, as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    places_file: Path,
    origin: str,
    at: str | None,
    km: float,
    minutes: int,
    timetable: Path | None,
    door_to_door: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Say which share of the places in PLACES lies within --km, within --minutes by train, and in both.

    A circle and a rail time are two different sets. Minutes are those from the place to the city, the fastest of the
    day. Needs no database.

    \b
    PLACES (CSV in UTF-8 with a header)
      name     optional
      lat,lon  degrees; empty = not known
      city     a city of the timetable whose trains it uses; empty or left
               out = the nearest with a station within 60 km
      weight   0 or more; 1 if left out

    \b
    --json prints shares, weights (both, only_distance, only_rail, neither),
    unplaced, timetable, and places: name, city, km, minutes, weight, set.
    """
    from headwater.engines import statistics
    from headwater.engines.timetable import TimetableError
    from headwater.timetables.feed import FeedError, day_of
    from headwater.timetables.reach import Additions, Wish, find_city, reach
    from headwater.timetables.reading import bundled_folder, read_timetable

    try:
        feed = read_timetable(timetable or bundled_folder())
        city = find_city(feed, origin)
        day = day_of(feed)
        found = reach(day, city, Wish(limit_min=100_000, additions=Additions.of(door_to_door)), towards=True)
    except (FeedError, TimetableError) as problem:
        raise Unusable(str(problem)) from problem
    minutes_of = {one.city: one.minutes for one in found}
    centre = _point(at) if at else _station(feed, city)
    rows = _read(places_file, feed)
    _near(rows, feed)
    for row in rows:
        row["km"] = _km(centre, (row["lat"], row["lon"])) if row["lat"] is not None else None
        row["minutes"] = minutes_of.get(row["city"])
    within_km = [row["km"] is not None and row["km"] <= km for row in rows]
    within_min = [row["minutes"] is not None and row["minutes"] <= minutes for row in rows]
    both = statistics.overlap([row["weight"] for row in rows], within_km, within_min)
    names = {(True, True): "both", (True, False): "distance", (False, True): "rail", (False, False): "neither"}
    for row, near, quick in zip(rows, within_km, within_min, strict=True):
        row["set"] = names[near, quick]
    total = both.total or 1.0
    answer = {
        "from": city,
        "km": km,
        "minutes": minutes,
        "shares": {"distance": both.first / total, "rail": both.second / total, "both": both.both / total},
        "weights": {
            "both": both.both,
            "only_distance": both.only_first,
            "only_rail": both.only_second,
            "neither": both.neither,
        },
        "unplaced": sum(row["lat"] is None and not row["city"] for row in rows),
        "timetable": feed.source.sentence(),
        "places": rows,
    }
    if out is not None:
        _write(out, rows)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else _said(answer))


def _point(text: str) -> tuple[float, float]:
    try:
        lat, lon = (float(one) for one in text.split(","))
    except ValueError:
        raise Unusable(f"--at {text}: write a latitude, a comma and a longitude, such as 30.9,121.9.") from None
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise Unusable(f"--at {text} is not on the earth. Are latitude and longitude swapped?")
    return lat, lon


def _station(feed: Feed, city: str) -> tuple[float, float]:
    stations = [feed.stations[k] for k in feed.stations_of(city)]
    lat, lon = (sum(getattr(one, axis) for one in stations) / len(stations) for axis in ("lat", "lon"))
    if not (math.isfinite(lat) and math.isfinite(lon)):
        raise Unusable(f"The timetable does not say where {city} is. Give --at LAT,LON.")
    return lat, lon


def _km(one: tuple[float, float], other: tuple[float, float]) -> float:
    a, b = (tuple(math.radians(value) for value in place) for place in (one, other))
    half = math.sin((a[0] - b[0]) / 2) ** 2 + math.cos(a[0]) * math.cos(b[0]) * math.sin((a[1] - b[1]) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(min(1.0, half)))


def _read(path: Path, feed: Feed) -> list[dict[str, Any]]:
    from headwater.timetables.feed import FeedError
    from headwater.timetables.reach import find_city

    rows: list[dict[str, Any]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            head = reader.fieldnames or []
            if not ({"lat", "lon"} <= set(head) or "city" in head):
                raise Unusable(f"{path}, line 1: columns lat and lon, or city, are needed; found {', '.join(head)}.")
            for row in reader:
                where = f"{path}, line {reader.line_num}"
                lat, lon = (_number(row.get(name), where, name) for name in ("lat", "lon"))
                if lat is not None and lon is not None and not (abs(lat) <= 90 and abs(lon) <= 180):
                    raise Unusable(f"{where}: {lat}, {lon} is not on the earth. Are they swapped?")
                weight = _number(row.get("weight"), where, "weight")
                if weight is not None and weight < 0:
                    raise Unusable(f"{where}, column weight: a weight must be 0 or more, got {weight}.")
                city = (row.get("city") or "").strip()
                if city:
                    try:
                        city = find_city(feed, city)
                    except FeedError as problem:
                        raise Unusable(f"{where}, column city: {problem}") from problem
                known = lat is not None and lon is not None
                rows.append(
                    {
                        "name": row.get("name") or "",
                        "lat": lat if known else None,
                        "lon": lon if known else None,
                        "city": city,
                        "weight": 1.0 if weight is None else weight,
                    }
                )
    except (OSError, UnicodeDecodeError) as problem:
        raise Unusable(f"{path} can't be read as CSV in UTF-8: {problem}.") from problem
    return rows


def _number(text: str | None, where: str, column: str) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Unusable(f"{where}, column {column}: {text!r} is not a number. Leave it empty where it isn't known.")
    return value


def _near(rows: list[dict[str, Any]], feed: Feed) -> None:
    """Give places without a city the nearest one with a station."""
    places = [(station, station.city) for station in feed.stations if station.city and math.isfinite(station.lat)]
    for row in rows:
        if row["city"] or row["lat"] is None or not places:
            continue
        far, city = min((_km((row["lat"], row["lon"]), (one.lat, one.lon)), name) for one, name in places)
        if far <= NEAR_KM:
            row["city"] = city


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    names = ["name", "lat", "lon", "city", "weight", "km", "minutes", "set"]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(rows)
    except OSError as problem:
        raise Unusable(f"{path} can't be written: {problem.strerror}.") from problem


def _said(answer: dict[str, Any]) -> str:
    shares = answer["shares"]
    return "\n".join(
        [
            f"Of {len(answer['places']):,} places, by weight, from {answer['from']}:",
            f"  within {answer['km']:g} km: {shares['distance']:.1%}",
            f"  within {answer['minutes']} minutes by rail: {shares['rail']:.1%}",
            f"  in both: {shares['both']:.1%}",
            f"Without a place: {answer['unplaced']:,}.",
            answer["timetable"],
        ]
    )
