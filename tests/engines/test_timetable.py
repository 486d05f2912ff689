"""The timetable engine against an independent search on the time-expanded graph, and its promises one by one."""

import heapq
import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from headwater.engines.timetable import (
    DAY_MIN,
    Hops,
    TimetableError,
    build_timetable,
    departure_profile,
    earliest_arrivals,
    hops_on_days,
    latest_departures,
    mirrored,
    travel_minutes,
)
from headwater.timetables.feed import day_of
from headwater.timetables.reading import bundled_folder, read_timetable

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def hops_of(rows):
    """Hops from (departs, arrives, leaves, reaches, trip) rows."""
    columns = np.array(rows, dtype=np.int32).reshape(-1, 5).T
    return Hops(*(np.ascontiguousarray(c) for c in columns))


class TimeExpanded:
    """Dijkstra on events (a train at a stop, a person at a station and minute): shares nothing with the engine."""

    def __init__(self, rows, interchange, walks):
        self.rows = rows
        self.interchange = interchange
        self.walks = defaultdict(list)
        for a, b, minutes in walks:
            self.walks[a].append((b, minutes))
        self.leaving = defaultdict(list)
        self.following = {}
        by_trip = defaultdict(list)
        for i, row in enumerate(rows):
            self.leaving[row[2]].append(i)
            by_trip[row[4]].append(i)
        for members in by_trip.values():
            self.following.update(itertools.pairwise(members))

    def earliest(self, origins, depart):
        """Earliest presence at each station of somebody free to board at an origin at ``depart``."""
        present = {}
        heap = []
        done = set()
        for s in origins:
            heapq.heappush(heap, (depart, 0, ("free", s, s)))
        count = 1
        while heap:
            now, _, node = heapq.heappop(heap)
            if node in done:
                continue
            done.add(node)
            after = []
            kind, x, start = node
            if kind in ("free", "walked"):
                # A person who may board at once: just begun, walked here, or has made the change. Walking out and back
                # is no way to change trains sooner than the station allows.
                present.setdefault(x, now)
                after += [(self.rows[i][0], ("aboard", i, None)) for i in self.leaving[x] if self.rows[i][0] >= now]
                after += [(now + m, ("walked", b, start)) for b, m in self.walks[x] if b != start]
            elif kind == "aboard":
                after.append((self.rows[x][1], ("arrived", x, None)))
            else:
                station = self.rows[x][3]
                present.setdefault(station, now)
                if x in self.following:
                    following = self.following[x]
                    after.append((self.rows[following][0], ("aboard", following, None)))
                after.append((now + self.interchange[station], ("free", station, station)))
                after += [(now + m, ("walked", b, station)) for b, m in self.walks[station] if b != station]
            for when, to in after:
                heapq.heappush(heap, (when, count, to))
                count += 1
        return present


@st.composite
def worlds(draw, zero_hops=False):
    """A few stations, walks, and trains that run past midnight, pass a station twice and share minutes."""
    stations = draw(st.integers(2, 6))
    least = 1 if zero_hops else 0
    interchange = draw(st.lists(st.integers(least, 6), min_size=stations, max_size=stations))
    place = st.integers(0, stations - 1)
    walks = draw(st.lists(st.tuples(place, place, st.integers(least, 15)), max_size=5))
    rows = []
    for trip in range(draw(st.integers(0, 7))):
        now = draw(st.integers(0, 60))
        at = draw(place)
        for _ in range(draw(st.integers(1, 4))):
            to = draw(place.filter(lambda s, at=at: s != at))
            arrive = now + draw(st.integers(0 if zero_hops else 1, 20))
            rows.append((now, arrive, at, to, trip))
            now = arrive + draw(st.integers(0, 3))
            at = to
    return rows, interchange, walks


def built(world):
    rows, interchange, walks = world
    return build_timetable(hops_of(rows), interchange_min=interchange, walks=walks)


def check_legs(world, legs, *, depart, arrive):
    """A journey must be ridable: real trains, time to change, end to end."""
    rows, interchange, _ = world
    timetable = built(world)
    walk = {}
    for a in range(len(interchange)):
        for w in range(timetable.out_start[a], timetable.out_start[a + 1]):
            walk[a, int(timetable.out_to[w])] = int(timetable.out_min[w])
    for leg in legs:
        if leg.trip < 0:
            assert leg.arrives - leg.departs == walk[leg.leaves, leg.reaches]
        else:
            ride = [r for r in rows if r[4] == leg.trip]
            starts = [i for i, r in enumerate(ride) if r[0] == leg.departs and r[2] == leg.leaves]
            ends = [i for i, r in enumerate(ride) if r[1] == leg.arrives and r[3] == leg.reaches]
            assert any(a <= b for a in starts for b in ends)
    for one, two in itertools.pairwise(legs):
        assert one.reaches == two.leaves
        wait = interchange[one.reaches] if one.trip >= 0 and two.trip >= 0 else 0
        assert two.departs - one.arrives >= wait
    assert legs[0].departs >= depart
    assert legs[-1].arrives == arrive


@pytest.mark.parametrize("zero_hops", [False, True])
def test_earliest_arrivals_equal_dijkstra(zero_hops):
    @QUICK
    @given(worlds(zero_hops), st.integers(0, 70), st.data())
    def check(world, depart, data):
        rows, interchange, walks = world
        origins = data.draw(st.lists(st.integers(0, len(interchange) - 1), min_size=1, max_size=2))
        found = earliest_arrivals(built(world), origins, depart)
        expected = TimeExpanded(rows, interchange, walks).earliest(origins, depart)
        assert {s: m for s, m in enumerate(found.minutes) if not math.isnan(m)} == expected
        for s, minute in expected.items():
            legs = found.journey(s)
            if s in origins:
                assert legs == ()
            else:
                check_legs(world, legs, depart=depart, arrive=minute)
                assert legs[0].leaves in origins
                assert legs[-1].reaches == s

    check()


@QUICK
@given(worlds(), st.integers(10, 120), st.data())
def test_latest_departures_equal_a_search_over_every_minute(world, by, data):
    rows, interchange, walks = world
    goal = data.draw(st.integers(0, len(interchange) - 1))
    found = latest_departures(built(world), [goal], by)
    graph = TimeExpanded(rows, interchange, walks)
    for s in range(len(interchange)):
        fits = [t for t in range(by + 1) if graph.earliest([s], t).get(goal, math.inf) <= by]
        minute = found.minutes[s]
        assert (max(fits) if fits else None) == (int(minute) if minute >= 0 else None)
        if fits and s != goal:
            legs = found.journey(s)
            check_legs(world, legs, depart=max(fits), arrive=legs[-1].arrives)
            assert (legs[0].leaves, legs[0].departs, legs[-1].reaches) == (s, max(fits), goal)
            assert legs[-1].arrives <= by


@pytest.mark.parametrize("zero_hops", [False, True])
def test_profile_equals_dijkstra_from_every_minute(zero_hops):
    @QUICK
    @given(worlds(zero_hops), st.data())
    def check(world, data):
        rows, interchange, walks = world
        origin = data.draw(st.integers(0, len(interchange) - 1))
        window = (5, 50)
        profile = departure_profile(built(world), [origin], window=window)
        graph = TimeExpanded(rows, interchange, walks)
        reached = [graph.earliest([origin], t) for t in range(*window)]
        best = profile.best_minutes()
        for s in range(len(interchange)):
            if s == origin:
                assert best[s] == 0
                continue
            walk = profile.walk_min([s])
            # Leaving at t, the earliest arrival is the walk's or that of the last listed departure not before t; no
            # journey of the window leaves after its end.
            departs, arrives, handle = profile.pairs([s])
            assert (np.diff(departs) > 0).all()
            assert (np.diff(arrives) > 0).all()
            expected = []
            later = reached_after_window(graph, origin, s, window[1])
            for t in reversed(range(*window)):
                arrive = reached[t - window[0]].get(s, math.inf)
                if arrive < later and not arrive >= t + walk:
                    expected.append((t, arrive))
                later = min(later, arrive)
            listed = [(d, a) for d, a in zip(departs.tolist(), arrives.tolist(), strict=True) if not a >= d + walk]
            beaten = reached_after_window(graph, origin, s, window[1])
            assert [p for p in listed if p[1] < beaten] == expected[::-1]
            minutes = [a - d for d, a in listed] + ([walk] if not math.isnan(walk) else [])
            assert (best[s] if not math.isnan(best[s]) else None) == (min(minutes) if minutes else None)
            for d, a, k in zip(departs.tolist(), arrives.tolist(), handle.tolist(), strict=True):
                legs = profile.journey(k, [s])
                check_legs(world, legs, depart=d, arrive=a)
                assert (legs[0].leaves, legs[0].departs, legs[-1].reaches) == (origin, d, s)

    check()


def reached_after_window(graph, origin, station, end):
    """Earliest arrival of those who leave when the window is over."""
    return graph.earliest([origin], end).get(station, math.inf)


@QUICK
@given(worlds())
def test_travel_minutes_are_the_shortest_over_all_departures_and_stations(world):
    rows, interchange, walks = world
    n = len(interchange)
    groups = [list(range(0, n, 2)), list(range(1, n, 2))]
    matrix = travel_minutes(built(world), groups)
    graph = TimeExpanded(rows, interchange, walks)
    moments = sorted({r[0] for r in rows} | {r[0] - m for r in rows for m in range(61)} | {0})
    for i, j in ((0, 1), (1, 0)):
        times = [
            graph.earliest(groups[i], t)[s] - t
            for t in moments
            if t >= 0
            for s in groups[j]
            if s in graph.earliest(groups[i], t)
        ]
        expected = min(times, default=math.nan)
        assert matrix[i, j] == expected or (math.isnan(matrix[i, j]) and math.isnan(expected))
    assert matrix[0, 0] == matrix[1, 1] == 0


@QUICK
@given(worlds(), st.randoms(use_true_random=False))
def test_order_of_the_trains_changes_no_answer(world, random):
    rows, interchange, walks = world
    trips = sorted({r[4] for r in rows})
    random.shuffle(trips)
    turned = [r for trip in trips for r in rows if r[4] == trip]
    same = departure_profile(built(world), [0]).best_minutes()
    other = departure_profile(built((turned, interchange, walks[::-1])), [0]).best_minutes()
    np.testing.assert_array_equal(same, other)


@QUICK
@given(worlds(), st.integers(0, 60))
def test_more_trains_never_make_anybody_later(world, depart):
    rows, interchange, walks = world
    fewer = [r for r in rows if r[4] % 2]
    all_trains = earliest_arrivals(built(world), [0], depart).minutes
    some = earliest_arrivals(built((fewer, interchange, walks)), [0], depart).minutes
    known = ~np.isnan(some)
    assert (all_trains[known] <= some[known]).all()


@QUICK
@given(worlds(), st.integers(0, 60))
def test_leaving_later_never_arrives_earlier(world, depart):
    soon = earliest_arrivals(built(world), [0], depart).minutes
    late = earliest_arrivals(built(world), [0], depart + 7).minutes
    assert (np.isnan(late) | (soon <= late)).all()


@QUICK
@given(worlds())
def test_mirroring_twice_gives_the_timetable_back(world):
    once = built(world)
    twice = mirrored(mirrored(once))
    for name in ("departs", "arrives", "leaves", "reaches", "trip"):
        np.testing.assert_array_equal(getattr(once.hops, name), getattr(twice.hops, name))
    np.testing.assert_array_equal(once.by_arrival, twice.by_arrival)
    np.testing.assert_array_equal(once.slots, twice.slots)


@QUICK
@given(worlds(), st.data())
def test_days_side_by_side_keep_every_hop_of_a_running_train(world, data):
    rows, _, _ = world
    trains = max((r[4] for r in rows), default=-1) + 1
    runs = np.array(
        data.draw(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=trains, max_size=trains)),
        dtype=bool,
    ).reshape(trains, 3)
    hops, train, day = hops_on_days(hops_of(rows), runs, first_day=-1)
    expected = sorted(
        (r[0] + DAY_MIN * d, r[1] + DAY_MIN * d, r[2], r[3], r[4], d)
        for r in rows
        for d in (-1, 0, 1)
        if runs[r[4], d + 1] and r[0] + DAY_MIN * d >= 0
    )
    got = sorted(
        zip(
            hops.departs.tolist(), hops.arrives.tolist(), hops.leaves.tolist(), hops.reaches.tolist(),
            train[hops.trip].tolist(), day[hops.trip].tolist(), strict=True,
        )
    )  # fmt: skip
    assert got == expected


def test_staying_on_a_train_costs_no_change():
    rows = [(0, 10, 0, 1, 0), (11, 20, 1, 2, 0), (11, 15, 1, 2, 1)]
    timetable = build_timetable(hops_of(rows), interchange_min=[5, 5, 5])
    assert earliest_arrivals(timetable, [0], 0).minutes.tolist() == [0, 10, 20]
    assert departure_profile(timetable, [0]).best_minutes().tolist() == [0, 10, 20]


def test_profile_prefers_the_fewest_trains_among_equals():
    rows = [(0, 10, 0, 1, 0), (20, 30, 1, 2, 1), (0, 12, 0, 1, 2), (13, 30, 1, 2, 2)]
    profile = departure_profile(build_timetable(hops_of(rows), interchange_min=[2, 2, 2]), [0])
    departs, arrives, handle = profile.pairs([2])
    assert (departs.tolist(), arrives.tolist()) == ([0], [30])
    assert [leg.trip for leg in profile.journey(int(handle[0]), [2])] == [2]


def test_walks_are_closed_under_chaining():
    timetable = build_timetable(hops_of([]), interchange_min=[1] * 4, walks=[(0, 1, 5), (1, 2, 6), (0, 2, 20)])
    assert earliest_arrivals(timetable, [0], 100).minutes.tolist()[:3] == [100, 105, 111]
    assert math.isnan(earliest_arrivals(timetable, [0], 100).minutes[3])
    assert departure_profile(timetable, [0]).walk_min([2, 3]) == 11


def test_no_train_at_all_is_an_answer():
    timetable = build_timetable(hops_of([]), interchange_min=[1, 1])
    profile = departure_profile(timetable, [0])
    assert [len(part) for part in profile.pairs([1])] == [0, 0, 0]
    assert math.isnan(profile.walk_min([1]))
    np.testing.assert_array_equal(travel_minutes(timetable, [[0], [1]]), [[0, math.nan], [math.nan, 0]])
    assert travel_minutes(timetable, []).shape == (0, 0)


@pytest.mark.parametrize(
    ("rows", "interchange", "walks", "words"),
    [
        ([(10, 5, 0, 1, 0)], [1, 1], [], "Hop 0 departs at 10 and arrives at 5"),
        ([(0, 5, 0, 2, 0)], [1, 1], [], "Stations must be 0 to 1, got 0 to 2"),
        ([(0, 5, 0, 1, 0), (3, 8, 1, 0, 0)], [1, 1], [], "Hop 1 of trip 0"),
        ([(0, 5, 0, 1, 0), (6, 8, 0, 1, 0)], [1, 1], [], "Hop 1 of trip 0"),
        ([(0, 5, 0, 1, -1)], [1, 1], [], "trip must be >= 0, got -1"),
        ([(0, 5, 0, 1, 0)], [1, -1], [], "interchange_min must be >= 0, got -1 at 1"),
        ([(0, 0, 0, 1, 0)], [1, 0], [], "takes 0 minutes"),
        ([(0, 0, 0, 1, 0)], [1, 1], [(0, 1, 0)], "takes 0 minutes"),
        ([], [1, 1], [(0, 2, 5)], "A walk must join two of 2 stations"),
        ([], [1, 1], [(0, 1, -5)], "0 to 1 in -5"),
        ([], [[1, 1]], [], "interchange_min must be (stations,), got (1, 2)"),
    ],
)
def test_impossible_timetables_are_refused_with_the_place(rows, interchange, walks, words):
    with pytest.raises(TimetableError) as caught:
        build_timetable(hops_of(rows), interchange_min=interchange, walks=walks)
    assert words in str(caught.value)


def test_arrays_of_unequal_length_are_refused():
    whole = hops_of([(0, 5, 0, 1, 0)])
    with pytest.raises(TimetableError, match="The five arrays of hops"):
        build_timetable(
            Hops(whole.departs, whole.arrives[:0], whole.leaves, whole.reaches, whole.trip), interchange_min=[1, 1]
        )


def test_questions_about_no_station_are_refused():
    timetable = build_timetable(hops_of([]), interchange_min=[1, 1])
    with pytest.raises(TimetableError, match="origins must be one or more"):
        earliest_arrivals(timetable, [], 0)
    with pytest.raises(TimetableError, match="destinations must be one or more"):
        latest_departures(timetable, [2], 0)
    with pytest.raises(TimetableError, match="window must be"):
        departure_profile(timetable, [0], window=(9, 9))
    with pytest.raises(TimetableError, match="runs must be"):
        hops_on_days(hops_of([(0, 5, 0, 1, 0)]), np.ones((0, 3)), first_day=0)


# --- the bundled timetable ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundled():
    """The bundled timetable laid out for a day, and the same trains for the independent search."""
    day = day_of(read_timetable(bundled_folder()))
    h = day.timetable.hops
    rows = list(zip(*(getattr(h, name).tolist() for name in Hops.__slots__), strict=True))
    t = day.timetable
    walks = [
        (a, int(t.out_to[w]), int(t.out_min[w]))
        for a in range(t.stations)
        for w in range(t.out_start[a], t.out_start[a + 1])
    ]
    return day, TimeExpanded(rows, t.interchange_min.tolist(), walks)


@pytest.mark.parametrize(("city", "depart"), [("Shanghai", 420), ("Huangshan", 1200), ("Bozhou", 0)])
def test_bundled_earliest_arrivals_equal_dijkstra(bundled, city, depart):
    day, graph = bundled
    origins = day.feed.stations_of(city)
    found = earliest_arrivals(day.timetable, origins, depart)
    assert {s: m for s, m in enumerate(found.minutes) if not math.isnan(m)} == graph.earliest(origins, depart)
    assert len(graph.earliest(origins, depart)) == day.timetable.stations


def test_bundled_best_of_the_day_equals_dijkstra_from_every_departure(bundled):
    day, graph = bundled
    origins = day.feed.stations_of("Zhoushan")
    departs = sorted({row[0] for s in origins for row in (graph.rows[i] for i in graph.leaving[s]) if row[0] < DAY_MIN})
    reached = [(t, graph.earliest(origins, t)) for t in departs]
    best = [min(r[s] - t for t, r in reached for s in group) for group in day.groups]
    matrix = travel_minutes(day.timetable, day.groups)
    row = day.feed.cities.index("Zhoushan")
    assert matrix[row].tolist() == [0 if i == row else m for i, m in enumerate(best)]
