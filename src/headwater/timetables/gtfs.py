"""GTFS schedules, from a folder or a zip file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from headwater.timetables.calendars import services_of
from headwater.timetables.feed import Feed, FeedError, Service, Source, Station
from headwater.timetables.stops import Stop, Train, hops_of
from headwater.timetables.tables import Problems, Row, Tables

__all__ = ["read_gtfs"]

# Stops that only share a common name ("Church Street") are not one place; nobody walks between them.
_SAME_PLACE_KM = 5.0


def read_gtfs(tables: Tables) -> Feed:
    """Read a GTFS schedule.

    Parameters
    ----------
    tables : Tables
        ``stops.txt``, ``trips.txt``, ``stop_times.txt``, ``calendar.txt`` or ``calendar_dates.txt``; ``routes.txt``,
        ``transfers.txt`` and ``feed_info.txt`` where there are any.

    Returns
    -------
    Feed
        Platforms are joined to their parent station; a "city" is the name of the station. Stops without times are
        given times evenly between their neighbours. Seconds are dropped.

    Raises
    ------
    FeedError
        Every problem, one sentence each, with file, line and column.

    Notes
    -----
    ``frequencies.txt`` is refused, for a timetable of headways has no departures that could be stated. Of
    ``transfers.txt``: type 2 gives minutes, type 3 forbids, types 0 and 1 take the station's default; rules for single
    routes or trips are not applied.
    """
    problems = Problems()
    if "frequencies.txt" in tables.names:
        for row in tables.table("frequencies.txt", ["trip_id"]).rows(problems):
            raise FeedError(
                [f"{row.at('trip_id')}: trips by headway are not read; write their departures into stop_times.txt."]
            )
    stations, station_of = _stations(tables, problems)
    problems.stop()
    services, trains, by_trip = _trips(tables, problems)
    problems.stop()
    _stop_times(tables, station_of, by_trip, problems)
    problems.stop()
    kept = [train for train in trains if len(train.stops) > 1]
    if not kept:
        raise FeedError(["stop_times.txt has no trip with two stops or more; the timetable is empty."])
    hops = hops_of(kept, "arrival_time", "departure_time", problems)
    walks, banned, change = _transfers(tables, station_of, problems)
    problems.stop()
    for i, minutes in change.items():
        s = stations[i]
        stations[i] = Station(s.name_zh, s.name_en, s.city, s.lat, s.lon, minutes)
    left = len(trains) - len(kept)
    return Feed(
        tuple(stations),
        tuple(dict.fromkeys(station.city for station in stations)),
        {},
        tuple(train.name for train in kept),
        hops,
        np.array([train.service for train in kept], dtype=np.int32),
        tuple(services),
        _source(tables, services, problems),
        walks=walks,
        no_walks=frozenset(banned),
        walk_limit_km=_SAME_PLACE_KM,
        notes=(f"{left} trip{'s' if left > 1 else ''} with fewer than two stops left out.",) if left else (),
    )


def _stations(tables: Tables, problems: Problems) -> tuple[list[Station], dict[str, int]]:
    rows = list(tables.table("stops.txt", ["stop_id"]).rows(problems))
    if not rows:
        problems.add("stops.txt has no line below its header; the timetable is empty.")
    parents = {row["stop_id"]: row for row in rows if row["location_type"] == "1"}
    stations: list[Station] = []
    station_of: dict[str, int] = {}
    main_of: dict[str, int] = {}
    for row in rows:
        if row["location_type"] not in ("", "0", "1"):
            continue
        parent = row["parent_station"]
        if parent and parent not in parents:
            problems.add(f'{row.at("parent_station")}: "{parent[:40]}" is no station of stops.txt.')
            continue
        main = parents[parent] if parent else row
        if not main["stop_name"]:
            problems.add(f"{main.at('stop_name')}: the stop has no name.")
            continue
        if main["stop_id"] not in main_of:
            main_of[main["stop_id"]] = len(stations)
            lat, lon = main.degrees("stop_lat", 90, problems), main.degrees("stop_lon", 180, problems)
            stations.append(Station("", main["stop_name"], main["stop_name"], lat, lon))
        if row["stop_id"] in station_of:
            problems.add(f"{row.at('stop_id')}: {row['stop_id']} is listed twice.")
        station_of[row["stop_id"]] = main_of[main["stop_id"]]
    return stations, station_of


def _trips(tables: Tables, problems: Problems) -> tuple[list[Service], list[Train], dict[str, Train]]:
    if not tables.names & {"calendar.txt", "calendar_dates.txt"}:
        raise FeedError(
            [f"{tables.place} has neither calendar.txt nor calendar_dates.txt; no day of running is known."]
        )
    named = services_of(tables, ".txt", problems)
    number_of = {name: i for i, name in enumerate(named)}
    lines: dict[str, str] = {}
    if "routes.txt" in tables.names:
        for row in tables.table("routes.txt", ["route_id"]).rows(problems):
            lines[row["route_id"]] = row["route_short_name"] or row["route_long_name"]
    by_trip: dict[str, Train] = {}
    for row in tables.table("trips.txt", ["trip_id", "service_id"]).rows(problems):
        if row["service_id"] not in number_of:
            problems.add(f'{row.at("service_id")}: "{row["service_id"][:40]}" is in neither calendar file.')
            continue
        if row["trip_id"] in by_trip:
            problems.add(f"{row.at('trip_id')}: {row['trip_id']} is listed twice.")
            continue
        label = row["trip_short_name"] or lines.get(row["route_id"], "") or row["trip_id"]
        by_trip[row["trip_id"]] = Train(label, number_of[row["service_id"]])
    return list(named.values()), list(by_trip.values()), by_trip


def _stop_times(tables: Tables, station_of: dict[str, int], by_trip: dict[str, Train], problems: Problems) -> None:
    columns = ["trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"]
    calls: dict[str, dict[int, Row]] = {}
    for row in tables.table("stop_times.txt", columns).rows(problems):
        if row["trip_id"] not in by_trip:
            problems.add(f'{row.at("trip_id")}: trip "{row["trip_id"][:40]}" is not in trips.txt.')
            continue
        if row["stop_id"] not in station_of:
            problems.add(f'{row.at("stop_id")}: stop "{row["stop_id"][:40]}" is not in stops.txt.')
            continue
        sequence = row.whole("stop_sequence", problems, low=0, high=10_000_000)
        if sequence is None:
            continue
        # GTFS may list a trip's stops in any order, but each place in the sequence once.
        if sequence in calls.setdefault(row["trip_id"], {}):
            problems.add(f"{row.at('stop_sequence')}: trip {row['trip_id']} has {sequence} twice.")
        calls[row["trip_id"]][sequence] = row
    for trip, rows in calls.items():
        by_trip[trip].stops.extend(_timed([rows[k] for k in sorted(rows)], station_of, problems))


def _timed(rows: list[Row], station_of: dict[str, int], problems: Problems) -> list[Stop]:
    """Stops with times; those without get theirs evenly between their neighbours."""
    before = len(problems.found)
    times: list[tuple[int, int] | None] = []
    for row in rows:
        arrive, depart = row.minutes("arrival_time", problems), row.minutes("departure_time", problems)
        known = arrive if arrive is not None else depart
        if known is None:
            times.append(None)
        else:
            times.append((known, depart if depart is not None else known))
    if len(problems.found) > before:
        return []
    stops: list[Stop] = []
    fixed = [i for i, t in enumerate(times) if t is not None]
    if not fixed or fixed[0] != 0 or fixed[-1] != len(rows) - 1:
        end = rows[0] if not fixed or fixed[0] != 0 else rows[-1]
        problems.add(f"{end.at('arrival_time')}: the first and the last stop of a trip need a time.")
        return []
    for i, row in enumerate(rows):
        here = times[i]
        if here is None:
            a = max(k for k in fixed if k < i)
            b = min(k for k in fixed if k > i)
            left, right = times[a], times[b]
            assert left is not None
            assert right is not None
            moment = left[1] + (right[0] - left[1]) * (i - a) // (b - a)
            here = (moment, moment)
        stops.append(Stop(row, station_of[row["stop_id"]], *here))
    return stops


def _transfers(
    tables: Tables, station_of: dict[str, int], problems: Problems
) -> tuple[dict[tuple[int, int], int], set[tuple[int, int]], dict[int, int]]:
    walks: dict[tuple[int, int], int] = {}
    banned: set[tuple[int, int]] = set()
    change: dict[int, int] = {}
    if "transfers.txt" not in tables.names:
        return walks, banned, change
    for row in tables.table("transfers.txt", ["from_stop_id", "to_stop_id", "transfer_type"]).rows(problems):
        kind = row.whole("transfer_type", problems, low=0, high=5, empty=0)
        if any(row[c] for c in ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id")) or kind in (4, 5):
            continue
        ends = []
        for column in ("from_stop_id", "to_stop_id"):
            if row[column] not in station_of:
                problems.add(f'{row.at(column)}: stop "{row[column][:40]}" is not in stops.txt.')
            else:
                ends.append(station_of[row[column]])
        if len(ends) < 2 or kind is None:
            continue
        a, b = ends
        if kind == 3:
            banned.add((a, b))
        elif kind == 2:
            seconds = row.whole("min_transfer_time", problems, low=0, high=86_400)
            minutes = max(1, math.ceil((seconds or 0) / 60))
            if a == b:
                # Platforms of one station differ; the longest change is the one that always works.
                change[a] = max(minutes, change.get(a, 0))
            else:
                walks[a, b] = max(minutes, walks.get((a, b), 0))
    return {pair: m for pair, m in walks.items() if pair not in banned}, banned, change


def _source(tables: Tables, services: list[Service], problems: Problems) -> Source:
    title = publisher = version = ""
    if "feed_info.txt" in tables.names:
        for row in tables.table("feed_info.txt", ["feed_publisher_name"]).rows(problems):
            publisher = row["feed_publisher_name"]
            version = row["feed_version"]
    dates = [d for s in services for d in (s.first, s.last, *s.added) if d is not None]
    span = f"{min(dates).isoformat()} to {max(dates).isoformat()}" if dates else ""
    vintage = ", ".join(part for part in (version, span) if part)
    title = Path(tables.place).name or tables.place
    return Source(title, vintage or "not stated", publisher or "not stated")
