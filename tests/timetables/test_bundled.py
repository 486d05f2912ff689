"""The synthetic timetable of the region: whole, marked, and true to the published times it was made from."""

import csv
import importlib.util
from pathlib import Path

import pytest

from headwater.timetables.feed import day_of
from headwater.timetables.reach import Wish, matrix, reach
from headwater.timetables.reading import bundled_folder, read_timetable

ROOT = Path(__file__).resolve().parents[2]
WITHIN_MIN = 5


@pytest.fixture(scope="module")
def feed():
    return read_timetable(bundled_folder())


def table(name):
    with (bundled_folder() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def direct_min(feed, start, end):
    """Fastest train without a change between two cities."""
    h = feed.hops
    from_city = set(feed.stations_of(start))
    to_city = set(feed.stations_of(end))
    best, boarded = [], {}
    for k in range(len(h.trip)):
        trip = int(h.trip[k])
        if int(h.leaves[k]) in from_city:
            boarded[trip] = int(h.departs[k])
        if trip in boarded and int(h.reaches[k]) in to_city:
            best.append(int(h.arrives[k]) - boarded[trip])
    return min(best)


def test_all_cities_reach_each_other(feed):
    minutes = matrix(day_of(feed))
    assert len(feed.cities) == len(minutes) == 41
    assert all(m is not None and m > 0 for i, row in enumerate(minutes) for j, m in enumerate(row) if i != j)
    assert max(m for row in minutes for m in row) < 12 * 60


@pytest.mark.parametrize("fact", table("facts.csv"), ids=lambda f: f"{f['from']}-{f['to']}-{f['minutes']}")
def test_fastest_times_meet_what_was_published(feed, fact):
    best = next(
        r.minutes for r in reach(day_of(feed), fact["from"], Wish(limit_min=600)) if r.city == fact["to"]
    )  # fmt: skip
    published = int(fact["minutes"])
    if fact["use"] == "met" and "Hangzhou West" in fact["published"]:
        west = [i for i, station in enumerate(feed.stations) if station.name_en == "Hangzhou West"]
        assert west_min(feed, west[0]) == pytest.approx(published, abs=WITHIN_MIN)
    elif fact["use"] == "met":
        assert best == pytest.approx(published, abs=WITHIN_MIN)
        assert direct_min(feed, fact["from"], fact["to"]) == pytest.approx(published, abs=WITHIN_MIN)
    elif fact["use"] == "direct train only":
        assert direct_min(feed, fact["from"], fact["to"]) == pytest.approx(published, abs=WITHIN_MIN)
        assert best < published
    elif fact["use"] == "at most":
        assert best <= published
    elif fact["use"] == "superseded":
        assert best < published - WITHIN_MIN
    else:
        assert fact["use"].startswith("not met: ")
        assert best > published


def west_min(feed, station):
    """Fastest train from Shanghai to one station."""
    h = feed.hops
    start = set(feed.stations_of("Shanghai"))
    boarded = {int(h.trip[k]): int(h.departs[k]) for k in range(len(h.trip)) if int(h.leaves[k]) in start}
    return min(
        int(h.arrives[k]) - boarded[int(h.trip[k])]
        for k in range(len(h.trip))
        if int(h.reaches[k]) == station and int(h.trip[k]) in boarded
    )


def test_it_says_that_it_is_synthetic(feed):
    assert feed.source.sentence() == "Synthetic timetable, vintage 2025, made from published facts of lines."
    assert all(name.startswith(("S", "coach ")) for name in feed.trains)
    assert [s.name_en for s in feed.stations if s.city == "Zhoushan"] == ["Zhoushan Dinghai coach station"]


def test_it_is_of_a_likely_size_and_some_trains_run_past_midnight(feed):
    assert 300 <= len(feed.trains) <= 700
    assert sum(f.stat().st_size for f in bundled_folder().iterdir()) < 2_000_000
    assert 5 * 60 < feed.hops.departs.min() <= 6 * 60 + 10
    assert feed.hops.arrives.max() > 1440


def test_lines_and_stops_name_known_stations(feed):
    names = {s.name_en for s in feed.stations}
    codes = {line["code"] for line in table("lines.csv")}
    assert {row["station_en"] for row in table("line_stations.csv")} <= names
    assert {row["line"] for row in table("line_stations.csv")} == codes
    assert {int(s) for s in (*feed.hops.leaves, *feed.hops.reaches)} == set(range(len(feed.stations)))


def test_the_generator_writes_the_same_files_again(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("rail", ROOT / "tools" / "rail.py")
    rail = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "rail", rail)
    spec.loader.exec_module(rail)
    monkeypatch.setattr(rail, "HERE", tmp_path)
    rail.main()
    made = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    assert made == {name: (bundled_folder() / name).read_bytes() for name in made}
    assert set(made) == {p.name for p in bundled_folder().iterdir()}
