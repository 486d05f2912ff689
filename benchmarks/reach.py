"""How fast the timetable engine answers, beside pyraptor on the same trains in the same run.

    python -m benchmarks.reach                         the bundled timetable, and 10 times it
    python -m benchmarks.reach --full                  and 100 times it
    python -m benchmarks.reach --pyraptor-python PATH  beside pyraptor, from an environment of its own:
                                                       pip install pyraptor "numpy<2" attrs

Figures are CPU seconds of this process (of the peer's process for the peer), median and 95th percentile.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from headwater.engines.timetable import (  # noqa: E402
    Hops,
    build_timetable,
    departure_profile,
    earliest_arrivals,
    hops_on_days,
    travel_minutes,
)
from headwater.timetables.feed import Feed, day_of  # noqa: E402
from headwater.timetables.reading import bundled_folder, read_timetable  # noqa: E402

# What the peer runs: its own reader, its own search, the same questions.
PEER = r"""
import json, sys, time
try:
    from loguru import logger
    logger.remove()
except ImportError:
    pass
from pyraptor.gtfs.timetable import gtfs_to_pyraptor_timetable, read_gtfs_timetable
from pyraptor.model.raptor import RaptorAlgorithm
folder, questions = sys.argv[1], json.load(open(sys.argv[2]))
start = time.process_time()
timetable = gtfs_to_pyraptor_timetable(read_gtfs_timetable(folder, "20250106", ["Peer"]))
load = time.process_time() - start
times, arrivals = [], []
for name, depart in questions:
    stops = timetable.stations.get(name).stops
    start = time.process_time()
    algorithm = RaptorAlgorithm(timetable)
    bags = algorithm.run(stops, depart * 60, 4)
    times.append(time.process_time() - start)
    last = bags[max(bags)]
    best = {}
    for stop, label in last.items():
        t = label.earliest_arrival_time
        if t < 10**6:
            best[stop.station.name] = min(t, best.get(stop.station.name, 10**9))
    arrivals.append(best)
print("RESULT" + json.dumps({"load": load, "times": times, "arrivals": arrivals}))
"""


def spent(action, repeat):
    """CPU seconds of each run."""
    times = []
    for k in range(repeat):
        start = time.process_time()
        action(k)
        times.append(time.process_time() - start)
    return times


def show(what, times, unit=1e3, name="ms"):
    print(
        f"  {what:<58} median {np.median(times) * unit:9.3f} {name}  p95 {np.percentile(times, 95) * unit:9.3f} {name}"
    )
    return float(np.median(times))


def grown(feed: Feed, factor: int) -> tuple[Hops, list[int], list[list[int]], list[tuple[int, int, int]]]:
    """The timetable ``factor`` times side by side, neighbours joined by walks at one station: a larger country."""
    one = feed.hops
    n, trains = len(feed.stations), len(feed.trains)
    k = np.repeat(np.arange(factor, dtype=np.int32), len(one.trip))
    parts = [np.tile(a, factor) for a in (one.departs, one.arrives, one.leaves, one.reaches, one.trip)]
    # Each copy is some minutes later, so that changes between copies are real ones.
    hops = Hops(parts[0] + k % 60, parts[1] + k % 60, parts[2] + k * n, parts[3] + k * n, parts[4] + k * trains)
    groups = [[s + i * n for s in feed.stations_of(city)] for i in range(factor) for city in feed.cities]
    walks = [(a, b, 60) for group in groups for a in group for b in group if a != b] + [
        w for i in range(factor - 1) for w in (((i * n), (i + 1) * n, 15), ((i + 1) * n, i * n, 15))
    ]
    return hops, [10] * (n * factor), groups, walks


def measure(feed: Feed, factor: int, rng: np.random.Generator) -> None:
    hops, change, groups, walks = grown(feed, factor)
    back = int(hops.arrives.max()) // 1440
    days, _, _ = hops_on_days(hops, np.ones((len(feed.trains) * factor, back + 2), dtype=bool), first_day=-back)
    start = time.process_time()
    timetable = build_timetable(days, interchange_min=change, walks=walks)
    built = time.process_time() - start
    stations = len(change)
    print(
        f"{factor} x: {stations} stations, {len(feed.trains) * factor} trains, {len(hops.trip)} hops of one day,"
        f" {len(days.trip)} in the days searched; built in {built:.3f} s"
    )
    one_day = build_timetable(hops, interchange_min=change, walks=walks)
    earliest_arrivals(timetable, [0], 0)
    travel_minutes(timetable, groups[:2])
    few = max(3, 300 // factor)
    origins, departs = rng.integers(0, stations, few), rng.integers(360, 1200, few)
    show(
        "one to all, earliest arrival",
        spent(lambda k: earliest_arrivals(timetable, [int(origins[k])], int(departs[k])), few),
    )
    show(
        "one to all, trains of one day only",
        spent(lambda k: earliest_arrivals(one_day, [int(origins[k])], int(departs[k])), few),
    )
    show("full-day profile from one station", spent(lambda k: departure_profile(timetable, [int(origins[k])]), few))
    one_region = groups[: len(feed.cities)]
    show(
        f"matrix of {len(one_region)} cities, best of the day",
        spent(lambda _: travel_minutes(timetable, one_region), 3),
    )
    if 1 < factor <= 10:
        show(f"matrix of {len(groups)} cities, best of the day", spent(lambda _: travel_minutes(timetable, groups), 1))


def write_gtfs(feed: Feed, folder: Path) -> None:
    """The same trains in the dialect of GTFS that pyraptor reads."""

    def clock(m: int) -> str:
        return f"{m // 60:02d}:{m % 60:02d}:00"

    def write(name: str, lines: list[str]) -> None:
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    write("agency.txt", ["agency_id,agency_name,agency_url,agency_timezone", "1,Peer,http://example.org,Asia/Shanghai"])
    write("routes.txt", ["route_id,agency_id,route_short_name,route_long_name,route_type", "1,1,R,R,2"])
    write("calendar_dates.txt", ["service_id,date,exception_type", "1,20250106,1"])
    write(
        "calendar.txt",
        [
            "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date",
            "1,1,1,1,1,1,1,1,20250101,20251231",
        ],
    )
    stops = ["stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,platform_code,stop_code"]
    for i, s in enumerate(feed.stations):
        stops += [
            f"{2 * i + 1},s{i},{s.lat},{s.lon},1,,,c{i}",
            f"{2 * i + 2},s{i},{s.lat},{s.lon},0,{2 * i + 1},1,c{i}",
        ]
    write("stops.txt", stops)
    trips = ["route_id,service_id,trip_id,trip_short_name,trip_headsign,trip_long_name"]
    times = ["trip_id,stop_sequence,stop_id,stop_headsign,arrival_time,departure_time,shape_dist_traveled"]
    h = feed.hops
    for t in range(len(feed.trains)):
        mine = np.flatnonzero(h.trip == t)
        trips.append(f"1,1,{t + 1},{t + 1},x,Train")
        for place, k in enumerate(mine):
            arrive = int(h.arrives[mine[place - 1]]) if place else int(h.departs[k])
            times.append(
                f"{t + 1},{place + 1},{2 * int(h.leaves[k]) + 2},x,{clock(arrive)},{clock(int(h.departs[k]))},0"
            )
        end = mine[-1]
        last = clock(int(h.arrives[end]))
        times.append(f"{t + 1},{len(mine) + 1},{2 * int(h.reaches[end]) + 2},x,{last},{last},0")
    write("trips.txt", trips)
    write("stop_times.txt", times)


def beside_pyraptor(feed: Feed, python: Path | None, rng: np.random.Generator, questions_n: int) -> None:
    print("Beside pyraptor, one to all at a given minute, at most 4 trains")
    if python is None:
        print("  NOT COMPARED: no --pyraptor-python given. Make an environment: pip install pyraptor 'numpy<2' attrs")
        return
    questions = [
        (f"s{int(s)}", int(m))
        for s, m in zip(
            rng.integers(0, len(feed.stations), questions_n), rng.integers(360, 1200, questions_n), strict=True
        )
    ]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "feed").mkdir()
        write_gtfs(feed, folder / "feed")
        (folder / "questions.json").write_text(json.dumps(questions))
        (folder / "peer.py").write_text(PEER)
        done = subprocess.run(
            [str(python), str(folder / "peer.py"), str(folder / "feed"), str(folder / "questions.json")],
            capture_output=True,
            text=True,
            check=False,
        )
    line = next((x for x in done.stdout.splitlines() if x.startswith("RESULT")), None)
    if line is None:
        print(
            "  NOT COMPARED: pyraptor did not run there:", done.stderr.strip().splitlines()[-1:] or done.stdout[-300:]
        )
        return
    said = json.loads(line.removeprefix("RESULT"))
    peer = show("pyraptor", said["times"])
    # The peer changes trains within a station in no time and knows no walks between stations here: the same for us.
    timetable = build_timetable(feed.hops, interchange_min=[0] * len(feed.stations))
    ours = show(
        "Headwater, the same questions",
        spent(lambda k: earliest_arrivals(timetable, [int(questions[k][0][1:])], questions[k][1]), questions_n),
    )
    equal = later = earlier = 0
    for (name, depart), theirs in zip(questions, said["arrivals"], strict=True):
        found = earliest_arrivals(timetable, [int(name[1:])], depart).minutes
        for i, minute in enumerate(found):
            other = theirs.get(f"s{i}")
            if (other is None and np.isnan(minute)) or (other is not None and other == minute * 60):
                equal += 1
            elif other is None or other > minute * 60:
                later += 1
            else:
                earlier += 1
    print(f"  ratio {peer / ours:.0f}; pyraptor loads in {said['load']:.2f} s CPU")
    print(
        f"  answers: {equal} equal, {later} where pyraptor is later or finds none (four trains at most), {earlier}"
        " where it is earlier"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="also 100 times the timetable")
    parser.add_argument("--pyraptor-python", type=Path, help="the python of an environment that has pyraptor")
    parser.add_argument("--questions", type=int, default=30, help="questions for pyraptor")
    args = parser.parse_args()
    rng = np.random.default_rng(20250106)
    start = time.process_time()
    feed = read_timetable(bundled_folder())
    read = time.process_time() - start
    start = time.process_time()
    day_of(feed, dt.date(2025, 1, 6))
    print(f"Bundled timetable: read in {read:.3f} s, laid out for a day in {time.process_time() - start:.3f} s (CPU)")
    for factor in (1, 10, 100) if args.full else (1, 10):
        measure(feed, factor, rng)
    beside_pyraptor(feed, args.pyraptor_python, rng, args.questions)
    print(f"Peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
