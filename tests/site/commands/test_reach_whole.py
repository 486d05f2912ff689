"""`headwater reach --json` on files, against a search of our own that shares no code with it."""

from __future__ import annotations

import csv
import heapq
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from headwater.site.commands.reach import command

CHANGE, BETWEEN, DAY = 10, 60, 1440


def write(folder: Path, dice: random.Random) -> Path:
    """A timetable such as outsiders have: two stations in some cities, trains over midnight, lines in no order."""
    folder.mkdir()
    stations = [
        ("甲", "A", "Ay"),
        ("甲南", "A South", "Ay"),
        ("乙", "B", "Bee"),
        ("丙", "C", "Cee"),
        ("丁", "D", "Dee"),
    ]
    stations += [("丁北", "D North", "Dee"), ("戊", "E", "Ee")]
    lines = []
    for number in range(30):
        route = dice.sample(range(len(stations)), dice.randint(2, 5))
        at = dice.choice([dice.randint(300, 1300), dice.randint(1350, 1439)])
        for sequence, place in enumerate(route, 1):
            arrive, depart = at, at + dice.randint(1, 8)
            first, last = sequence == 1, sequence == len(route)
            if first:
                arrive = depart
            clocks = [f"{minute % DAY // 60:02d}:{minute % 60:02d}" for minute in (arrive, depart)]
            day = (depart if first else arrive) // DAY
            times = ["" if first else clocks[0], "" if last else clocks[1]]
            lines.append([f"T{number}", stations[place][number % 2], sequence, *times, day])
            at = depart + dice.randint(15, 90)
    dice.shuffle(lines)
    with (folder / "stops.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["train", "station", "sequence", "arrive", "depart", "day_offset"], *lines])
    with (folder / "stations.csv").open("w", encoding="utf-8", newline="") as file:
        rows = [[zh, en, city, 31, 118] for zh, en, city in stations]
        csv.writer(file).writerows([["station_zh", "station_en", "city", "lat", "lon"], *rows])
    return folder


def read(folder: Path) -> tuple[dict[str, str], dict[str, list[tuple[str, int, int]]]]:
    """City by station, and each train's stops with minutes: read anew, by the words of the file's description."""
    with (folder / "stations.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    name = {row[key]: row["station_zh"] for row in rows for key in ("station_zh", "station_en")}
    trains: dict[str, list[tuple[int, str, int, int]]] = {}
    with (folder / "stops.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):

            def minute(text: str, day: int) -> int | None:
                return int(text[:2]) * 60 + int(text[3:]) + DAY * day if text else None

            day = int(row["day_offset"])
            arrive, depart = minute(row["arrive"], day), minute(row["depart"], day)
            arrive = depart if arrive is None else arrive
            depart = arrive if depart is None else depart
            depart += DAY if depart < arrive else 0
            trains.setdefault(row["train"], []).append((int(row["sequence"]), name[row["station"]], arrive, depart))
    city = {row["station_zh"]: row["city"] for row in rows}
    return city, {train: [stop[1:] for stop in sorted(stops)] for train, stops in trains.items()}


def fastest(folder: Path, origin: str) -> dict[str, int]:
    """Least minutes to each city over all departures of the day: Dijkstra's search on (train of a day, stop)."""
    city, trains = read(folder)
    rides = {
        (train, day): [(at, arrive + DAY * day, depart + DAY * day) for at, arrive, depart in stops]
        for train, stops in trains.items()
        for day in (-2, -1, 0, 1)
    }
    boarding = [(ride, n) for ride, stops in rides.items() for n in range(len(stops) - 1)]
    best: dict[str, int] = {}
    for ride, n in boarding:
        at, _arrive, start = rides[ride][n]
        if city[at] != origin or not 0 <= start < DAY:
            continue
        heap, done = [(start, ride, n)], set()
        while heap:
            _time, now, stop = heapq.heappop(heap)
            if (now, stop) in done:
                continue
            done.add((now, stop))
            here, arrive, _depart = rides[now][stop + 1]
            minutes = arrive - start
            if city[here] != origin:
                best[city[here]] = min(minutes, best.get(city[here], minutes))
            if stop + 2 < len(rides[now]):
                heapq.heappush(heap, (rides[now][stop + 1][2], now, stop + 1))
            for other, m in boarding:
                there, _arrives, leaves = rides[other][m]
                wait = CHANGE if there == here else BETWEEN if city[there] == city[here] else None
                if wait is not None and other != now and leaves >= arrive + wait:
                    heapq.heappush(heap, (leaves, other, m))
    return best


@pytest.mark.parametrize("seed", range(4))
def test_command_answers_what_a_search_of_our_own_finds(tmp_path, seed):
    folder = write(tmp_path / "rail", random.Random(seed))
    for origin in ("Ay", "Dee", "Cee"):
        words = [origin, "--minutes", "400", "--timetable", str(folder), "--json", "--door-to-door", "0"]
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output
        answer = json.loads(done.stdout)
        want = {city: minutes for city, minutes in fastest(folder, origin).items() if minutes <= 400}
        assert {one["city"]: one["minutes"] for one in answer} == {origin: 0, **want}
        for one in answer:
            assert set(one) == {"city", "minutes", "depart", "arrive", "legs"}
            for leg in one["legs"]:
                assert set(leg) == {"train", "from", "to", "depart", "arrive"}
            if one["legs"]:
                assert (one["legs"][0]["depart"], one["legs"][-1]["arrive"]) == (one["depart"], one["arrive"])
