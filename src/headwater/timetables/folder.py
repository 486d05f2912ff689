"""Headwater's own form: a folder with ``stops.csv`` and ``stations.csv``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from headwater.timetables.calendars import service_of_digits, services_of
from headwater.timetables.feed import Feed, FeedError, Service, Source, Station
from headwater.timetables.stops import Stop, Train, hops_of
from headwater.timetables.tables import Problems, Row, Tables

__all__ = ["read_folder"]

_AMBIGUOUS = -1


def read_folder(tables: Tables) -> Feed:
    """Read a folder of CSV.

    Parameters
    ----------
    tables : Tables
        ``stops.csv`` (train, station, sequence, arrive, depart, day_offset, optionally days), ``stations.csv``
        (station_zh, station_en, city, lat, lon, optionally interchange_min), and where wanted ``calendar.csv``,
        ``calendar_dates.csv``, ``cities.csv`` (city, city_zh) and ``source.json``.

    Returns
    -------
    Feed

    Raises
    ------
    FeedError
        Every problem, one sentence each, with file, line and column.

    Notes
    -----
    Lines may stand in any order: ``sequence`` puts a train's stops in theirs. ``day_offset`` is the day of the row's
    times, counted from the train's first day; a departure that is earlier in the day than the arrival of its row is on
    the day after. Hours over 24 count on from the row's day. A train with a single stop goes nowhere: it is left out
    and counted in ``notes``, as are lines that stand there twice. A station with an empty city is a place to stop
    and to change trains, not one to ask about.
    """
    problems = Problems()
    stations, by_name = _stations(tables, problems)
    city_names = _cities(tables, stations, problems)
    problems.stop()
    services: list[Service] = []
    trains, repeated = _trains(tables, by_name, services, problems)
    problems.stop()
    if not trains:
        raise FeedError(["stops.csv has no line below its header; a timetable needs at least one train."])
    kept = [train for train in trains if len(train.stops) > 1]
    if not kept:
        raise FeedError(["stops.csv has no train with two stops or more; check the column train."])
    hops = hops_of(kept, "arrive", "depart", problems)
    problems.stop()
    left = len(trains) - len(kept)
    notes = [f"{left} train{'s' if left > 1 else ''} with a single stop left out."] if left else []
    if repeated:
        notes.append(f"{repeated} line{'s' if repeated > 1 else ''} of stops.csv that stood there twice left out.")
    return Feed(
        tuple(stations),
        tuple(dict.fromkeys(station.city for station in stations if station.city)),
        city_names,
        tuple(train.name for train in kept),
        hops,
        np.array([train.service for train in kept], dtype=np.int32),
        tuple(services),
        _source(tables),
        notes=tuple(notes),
    )


def _stations(tables: Tables, problems: Problems) -> tuple[list[Station], dict[str, int]]:
    table = tables.table("stations.csv", ["station_zh", "station_en", "city", "lat", "lon"])
    stations: list[Station] = []
    chinese: dict[str, int] = {}
    english: dict[str, int] = {}
    seen: dict[str, Row] = {}
    for row in table.rows(problems):
        zh, en = row["station_zh"], row["station_en"]
        if not zh and not en:
            problems.add(f"{row.at('station_zh')}: the station has no name in either language.")
            continue
        if zh in chinese or (not zh and en in english):
            first = seen.get(zh or en)
            if first is None or first.cells != row.cells:
                problems.add(f"{row.at('station_zh')}: station {zh or en} is listed twice, and not alike.")
            continue
        seen[zh or en] = row
        change = row.whole("interchange_min", problems, low=0, high=600, empty=-1)
        here = len(stations)
        stations.append(
            Station(
                zh,
                en,
                row["city"],
                row.degrees("lat", 90, problems),
                row.degrees("lon", 180, problems),
                None if change is None or change < 0 else change,
            )
        )
        if zh:
            chinese[zh] = here
        if en:
            english[en] = _AMBIGUOUS if en in english else here
    if not stations and not problems.found:
        problems.add("stations.csv has no line below its header; a timetable needs stations.")
    elif not any(station.city for station in stations) and not problems.found:
        problems.add("stations.csv line 2, column city: no station has a city, so there is no place to ask about.")
    # Two places may share a romanised name (苏州 and 宿州); their Chinese names keep them apart.
    return stations, {**english, **chinese}


def _cities(tables: Tables, stations: list[Station], problems: Problems) -> dict[str, str]:
    names: dict[str, str] = {}
    known = {station.city for station in stations}
    if "cities.csv" in tables.names:
        for row in tables.table("cities.csv", ["city", "city_zh"]).rows(problems):
            if row["city"] not in known:
                problems.add(f"{row.at('city')}: city {row['city'] or '(no name)'} has no station in stations.csv.")
            elif row["city_zh"]:
                names[row["city_zh"]] = row["city"]
        return names
    for station in stations:
        # The main station usually carries the city's bare name, so its other name is the city's too.
        if station.city == station.name_zh and station.name_en:
            names.setdefault(station.name_en, station.city)
        elif station.city == station.name_en and station.name_zh:
            names.setdefault(station.name_zh, station.city)
    return names


def _trains(
    tables: Tables, by_name: dict[str, int], services: list[Service], problems: Problems
) -> tuple[list[Train], int]:
    """The trains, each with its stops by `sequence`, however the lines are sorted; and how many lines stood twice."""
    named = services_of(tables, ".csv", problems)
    number_of: dict[str, int] = {}
    days_of: dict[str, str] = {}
    trains: dict[str, Train] = {}
    numbered: dict[str, dict[int, Stop]] = {}
    repeated = [0]
    for row in tables.table(
        "stops.csv", ["train", "station", "sequence", "arrive", "depart", "day_offset"]
    ).rows(problems):  # fmt: skip
        name, days = row["train"], row["days"]
        if not name:
            problems.add(f"{row.at('train')}: the train has no number.")
            continue
        if name not in trains:
            if days not in number_of:
                service = _service(row, named, problems)
                number_of[days] = len(services)
                services.append(service)
            trains[name] = Train(name, number_of[days])
            days_of[name] = days
        elif days != days_of[name]:
            problems.add(f'{row.at("days")}: train {name} has "{days}" here and "{days_of[name]}" before.')
        sequence = row.whole("sequence", problems, low=0, high=1_000_000)
        stop = _stop(row, by_name, problems)
        if sequence is None or stop is None:
            continue
        other = numbered.setdefault(name, {}).setdefault(sequence, stop)
        if other is stop:
            continue
        if (other.station, other.arrives, other.departs) == (stop.station, stop.arrives, stop.departs):
            repeated[0] += 1
        else:
            problems.add(
                f"{row.at('sequence')}: train {name} has another stop {sequence} in line {other.row.line};"
                " number its stops apart, or give two trains two names."
            )
    for name, stops in numbered.items():
        trains[name].stops.extend(_in_order([stops[number] for number in sorted(stops)]))
    return list(trains.values()), repeated[0]


def _in_order(stops: list[Stop]) -> list[Stop]:
    """Stops as they follow each other: where a train stands over midnight, `day_offset` may mean either day.

    It is taken for the departure's day where the train would otherwise be a whole day on its way to that stop.
    """
    found: list[Stop] = []
    for stop in stops:
        over_midnight = stop.departs // 1440 > stop.arrives // 1440
        if found and over_midnight and stop.arrives - 1440 >= found[-1].departs:
            stop = Stop(stop.row, stop.station, stop.arrives - 1440, stop.departs - 1440)
        found.append(stop)
    return found


def _service(row: Row, named: dict[str, Service], problems: Problems) -> Service:
    days = row["days"]
    if not days:
        return Service()
    service = named.get(days) or service_of_digits(days)
    if service is None:
        problems.add(
            f'{row.at("days")}: "{days[:40]}" is neither weekdays in digits (1 is Monday, 1234567 daily) nor a service'
            " of calendar.csv."
        )
        return Service()
    return service


def _stop(row: Row, by_name: dict[str, int], problems: Problems) -> Stop | None:
    station = by_name.get(row["station"])
    if station is None:
        problems.add(f'{row.at("station")}: station "{row["station"][:40]}" is not in stations.csv.')
        return None
    if station == _AMBIGUOUS:
        problems.add(f"{row.at('station')}: two stations are called {row['station']}; write the Chinese name.")
        return None
    before = len(problems.found)
    day = row.whole("day_offset", problems, low=0, high=30, empty=0)
    arrive, depart = row.minutes("arrive", problems), row.minutes("depart", problems)
    if len(problems.found) > before or day is None:
        return None
    if arrive is None and depart is None:
        problems.add(f"{row.at('arrive')}: both arrive and depart are empty; a stop needs one of them.")
        return None
    if arrive is None:
        arrive = depart
    elif depart is None:
        depart = arrive
    elif depart < arrive:
        depart += 1440
    assert arrive is not None
    assert depart is not None
    return Stop(row, station, day * 1440 + arrive, day * 1440 + depart)


def _source(tables: Tables) -> Source:
    title = Path(tables.place).name or tables.place
    if "source.json" not in tables.names:
        return Source(title)
    try:
        said = json.loads(tables.read("source.json"))
    except json.JSONDecodeError as error:
        raise FeedError([f"source.json line {error.lineno}, column {error.colno}: not JSON ({error.msg})."]) from error
    if not isinstance(said, dict):
        raise FeedError(["source.json line 1: must be an object with title, vintage and source."])
    words = {key: str(said[key]) for key in ("title", "vintage", "source") if said.get(key)}
    return Source(**{"title": title, **words}, synthetic=said.get("synthetic") is True)
