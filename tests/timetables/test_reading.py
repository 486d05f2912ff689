"""Timetables read from folders and GTFS: what they mean, and one sentence with its place for each thing wrong."""

import datetime as dt
import zipfile

import pytest

from headwater.timetables.feed import FeedError, Service, day_of
from headwater.timetables.reach import Wish, find_city, matrix, reach
from headwater.timetables.reading import read_timetable

STATIONS = (
    "station_zh,station_en,city,lat,lon\n甲,A,Aton,31,120\n乙,B,Bton,31.5,120\n丙,C,Cton,32,120\n丁,D,Cton,32.1,120\n"
)
STOPS = (
    "train,station,sequence,arrive,depart,day_offset\n"
    "T1,A,1,,08:00,0\nT1,乙,2,08:30,08:32,0\nT1,C,3,09:00:30,,0\n"
    "T2,B,1,,08:45,0\nT2,D,2,09:05,,0\n"
)
CALENDAR = (
    "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "wk,1,1,1,1,1,0,0,20250101,20251231\n"
)
GTFS = {
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    "p,Port,31,120,1,\np1,Port 1,31,120,0,p\np2,Port 2,31,120,0,p\nq,Quay,31.1,120,0,\nr,Rise,31.2,120,0,\n",
    "routes.txt": "route_id,route_short_name,route_long_name\nL,L7,Line seven\n",
    "trips.txt": "trip_id,service_id,route_id\nt1,wk,L\nt2,wk,L\n",
    "calendar.txt": CALENDAR,
    "calendar_dates.txt": "service_id,date,exception_type\nwk,20250106,2\nwk,20250104,1\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "t1,23:50:00,23:50:00,p1,1\nt1,,,q,5\nt1,24:10:00,24:10:00,r,9\n"
    "t2,24:20:00,24:20:00,r,1\nt2,24:40:00,24:40:00,p2,2\n",
    "feed_info.txt": "feed_publisher_name,feed_publisher_url,feed_lang,feed_version\nPort Lines,http://example.org,en,v7\n",
}


def folder(path, **files):
    """A timetable folder; names come with __ for the dot."""
    texts = {"stations.csv": STATIONS, "stops.csv": STOPS} | {k.replace("__", "."): v for k, v in files.items()}
    path.mkdir(exist_ok=True)
    for name, text in texts.items():
        if text is not None:
            (path / name).write_text(text, encoding="utf-8")
    return path


def gtfs(path, **files):
    texts = GTFS | {k.replace("__", "."): v for k, v in files.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            if text is not None:
                archive.writestr(f"inner/{name}", text)
    return path


def test_folder_is_read_with_names_in_either_language(tmp_path):
    feed = read_timetable(folder(tmp_path / "f"))
    assert feed.trains == ("T1", "T2")
    assert feed.hops.departs.tolist() == [480, 512, 525]
    assert feed.hops.arrives.tolist() == [510, 540, 545]
    assert feed.cities == ("Aton", "Bton", "Cton")
    assert matrix(day_of(feed)) == [[0, 30, 60], [None, 0, 20], [None, None, 0]]


def test_day_offset_counts_from_the_first_day_and_a_depart_before_its_arrive_is_a_day_later(tmp_path):
    stops = (
        "train,station,sequence,arrive,depart,day_offset\n"
        "N,A,1,,23:30,0\nN,B,2,23:58,00:03,0\nN,C,3,00:40,--,1\nM,A,1,,24:10,\nM,B,2,24:50,,\n"
    )
    feed = read_timetable(folder(tmp_path / "f", stops__csv=stops))
    assert feed.hops.departs.tolist() == [1410, 1443, 1450]
    assert feed.hops.arrives.tolist() == [1438, 1480, 1490]
    # Yesterday's train is on the way just after midnight.
    found = reach(day_of(feed), "Bton", Wish(leave_at=0))
    assert [(r.city, r.depart, r.arrive) for r in found] == [("Bton", 0, 0), ("Cton", 0, 40)]


def test_days_of_running_and_calendars_decide_who_runs(tmp_path):
    stops = (
        "train,station,sequence,arrive,depart,day_offset,days\n"
        "W,A,1,,08:00,0,12345\nW,B,2,08:30,,0,12345\nS,A,1,,09:00,0,67\nS,B,2,09:20,,0,67\n"
        "X,A,1,,10:00,0,wk\nX,B,2,10:10,,0,wk\n"
    )
    feed = read_timetable(folder(tmp_path / "f", stops__csv=stops, calendar__csv=CALENDAR))
    assert [feed.running(dt.date(2025, 3, d)).tolist() for d in (3, 8)] == [[True, False, True], [False, True, False]]
    saturday = reach(day_of(feed, dt.date(2025, 3, 8)), "Aton", Wish())
    assert [(r.city, r.minutes) for r in saturday] == [("Aton", 0), ("Bton", 20)]
    assert feed.usual_date() == (dt.date(2025, 1, 1), "2025-01-01 (the day of the timetable with the most trains)")


def test_service_has_ends_additions_and_removals():
    day = dt.date(2025, 5, 5)
    service = Service(first=day, last=day, added=frozenset({dt.date(2025, 6, 1)}))
    assert [service.runs_on(d) for d in (day, dt.date(2025, 5, 6), dt.date(2025, 6, 1))] == [True, False, True]
    assert not Service(removed=frozenset({day})).runs_on(day)


def test_stations_of_one_city_are_joined_and_interchange_is_the_stations_own(tmp_path):
    stations = (
        "station_zh,station_en,city,lat,lon,interchange_min\n甲,A,Aton,31,120,\n乙,B,Bton,31,120,13\n乙二,B2,Bton,31,120,\n"
        "丙,C,Cton,32,120,\n丁,D,Dton,32.1,120,\n戊,E,,32,120,\n"
    )
    stops = (
        "train,station,sequence,arrive,depart,day_offset\n"
        "T1,A,1,,08:00,0\nT1,B,2,08:30,,0\nT2,B,1,,08:42,0\nT2,C,2,09:00,,0\nT3,B,1,,08:43,0\nT3,C,2,09:30,,0\n"
        "T4,B2,1,,09:29,0\nT4,D,2,09:40,,0\nT5,B2,1,,09:30,0\nT5,D,2,10:00,,0\n"
    )
    feed = read_timetable(folder(tmp_path / "f", stations__csv=stations, stops__csv=stops))
    assert feed.cities == ("Aton", "Bton", "Cton", "Dton")
    found = reach(day_of(feed), "Aton", Wish())
    assert [(r.city, r.arrive, [x.train for x in r.rides]) for r in found] == [
        ("Aton", 0, []),
        ("Bton", 510, ["T1"]),
        ("Cton", 570, ["T1", "T3"]),
        ("Dton", 600, ["T1", "walk", "T5"]),
    ]


def test_gtfs_joins_platforms_fills_times_and_goes_past_midnight(tmp_path):
    feed = read_timetable(gtfs(tmp_path / "g.zip"))
    assert feed.cities == ("Port", "Quay", "Rise")
    assert feed.trains == ("L7", "L7")
    assert feed.source.sentence() == ("Timetable: g.zip; vintage: v7, 2025-01-01 to 2025-12-31; source: Port Lines.")
    assert feed.hops.departs.tolist() == [1430, 1440, 1460]
    found = reach(day_of(feed, dt.date(2025, 1, 3)), "Port", Wish())
    assert [(r.city, r.depart, r.arrive) for r in found] == [("Port", 0, 0), ("Quay", 1430, 1440), ("Rise", 1430, 1450)]
    back = reach(day_of(feed, dt.date(2025, 1, 3)), "Rise", Wish())
    assert [(r.city, r.depart, r.arrive) for r in back] == [("Rise", 0, 0), ("Port", 20, 40)]
    assert [feed.running(dt.date(2025, 1, d)).tolist() for d in (4, 6)] == [[True, True], [False, False]]


def test_gtfs_transfers_join_forbid_and_slow(tmp_path):
    transfers = "from_stop_id,to_stop_id,transfer_type,min_transfer_time\np1,p2,2,200\np1,q,2,90\nq,r,3,\n"
    feed = read_timetable(gtfs(tmp_path / "g.zip", transfers__txt=transfers))
    assert feed.stations[0].interchange_min == 4
    assert dict(feed.walks) == {(0, 1): 2}
    assert feed.no_walks == {(1, 2)}
    found = reach(day_of(feed, dt.date(2025, 1, 3)), "Port", Wish())
    assert [(r.city, r.minutes, [x.train for x in r.rides]) for r in found][1] == ("Quay", 2, ["walk"])


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"stops__csv": ""}, "stops.csv is empty; its first line must name the columns train, station,"),
        ({"stops__csv": "train,station,sequence,arrive,depart,day_offset\n"}, "stops.csv has no line below its header"),
        ({"stops__csv": "train,station\nT,A\n"}, "stops.csv line 1: no column sequence, arrive, depart, day_offset"),
        ({"stops__csv": STOPS.replace("T2,B", "T2,Z")}, 'stops.csv line 5, column station: station "Z" is not in stat'),
        ({"stops__csv": STOPS.replace("08:30", "8.30")}, 'stops.csv line 3, column arrive: "8.30" is not a time'),
        ({"stops__csv": STOPS.replace("08:30", "08:75")}, 'stops.csv line 3, column arrive: "08:75" is not a time'),
        (
            {"stops__csv": STOPS.replace("乙,2", "乙,1")},
            "stops.csv line 3, column sequence: train T1 has another stop 1 in line 2;",
        ),
        (
            {"stops__csv": STOPS.replace("乙,2", "乙,0")},
            "stops.csv line 2, column arrive: train T1 arrives 08:00 but left the stop before at 08:32",
        ),
        ({"stops__csv": STOPS.replace("乙,2", "乙,x")}, 'column sequence: "x" must be a whole number from 0'),
        ({"stops__csv": STOPS.replace("09:00:30", "07:00")}, "stops.csv line 4, column arrive: train T1 arrives 07:00"),
        ({"stops__csv": STOPS.replace("08:30,08:32", ",")}, "stops.csv line 3, column arrive: both arrive and depart"),
        ({"stops__csv": STOPS.replace("09:05,,0", "09:05,,-1")}, 'line 6, column day_offset: "-1" must be a whole'),
        ({"stops__csv": STOPS.replace("09:05,,0", "09:05,,0,9")}, "stops.csv line 6: 7 cells under 6 columns"),
        (
            {"stops__csv": STOPS.replace("day_offset\n", "day_offset,days\n").replace("08:45,0", "08:45,0,89")},
            'days: "89"',
        ),
        (
            {"stations__csv": STATIONS.replace("丁,D", "丙,D")},
            "stations.csv line 5, column station_zh: station 丙 is listed twice",
        ),
        (
            {"stations__csv": STATIONS.replace("31.5", "north")},
            'stations.csv line 3, column lat: "north" must be degrees',
        ),
        ({"stations__csv": None}, "has no stations.csv"),
        (
            {"cities__csv": "city,city_zh\nAton,甲\nZton,子\n"},
            "cities.csv line 3, column city: city Zton has no station",
        ),
        ({"source__json": "{"}, "source.json line 1, column 2: not JSON"),
    ],
)
def test_wrong_folders_are_refused_with_file_line_and_column(tmp_path, files, sentence):
    with pytest.raises(FeedError) as caught:
        read_timetable(folder(tmp_path / "f", **files))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"stop_times__txt": None}, "has no stop_times.txt"),
        ({"stop_times__txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"}, "the timetable is empty"),
        ({"calendar__txt": None, "calendar_dates__txt": None}, "has neither calendar.txt nor calendar_dates.txt"),
        (
            {"trips__txt": GTFS["trips.txt"].replace("t2,wk", "t2,no")},
            'trips.txt line 3, column service_id: "no" is in',
        ),
        ({"stop_times__txt": GTFS["stop_times.txt"].replace(",q,", ",z,")}, 'line 3, column stop_id: stop "z"'),
        (
            {"stop_times__txt": GTFS["stop_times.txt"].replace("24:40:00,24", "soon,24")},
            'arrival_time: "soon" is not a time',
        ),
        (
            {"frequencies__txt": "trip_id,start_time\nt1,06:00:00\n"},
            "frequencies.txt line 2, column trip_id: trips by headway",
        ),
        (
            {"calendar__txt": CALENDAR.replace("20251231", "20251331")},
            'line 2, column end_date: "20251331" is not a date',
        ),
    ],
)
def test_wrong_gtfs_is_refused_with_file_line_and_column(tmp_path, files, sentence):
    with pytest.raises(FeedError) as caught:
        read_timetable(gtfs(tmp_path / "g.zip", **files))
    assert sentence in str(caught.value)


def test_places_that_are_no_timetable_are_refused(tmp_path):
    (tmp_path / "not.zip").write_text("no zip")
    (tmp_path / "latin").mkdir()
    folder(tmp_path / "latin")
    (tmp_path / "latin" / "stations.csv").write_bytes("station_zh\n\xe9".encode("latin-1"))
    for path, words in (
        (tmp_path / "none", "does not exist"),
        (tmp_path / "not.zip", "neither a folder nor a zip file"),
        (tmp_path, "is no timetable"),
        (tmp_path / "latin", "stations.csv line 2: not UTF-8"),
    ):
        with pytest.raises(FeedError, match=words):
            read_timetable(path)


def test_all_problems_are_kept_and_the_first_is_said(tmp_path):
    stops = STOPS.replace("08:30", "x").replace("T2,B", "T2,Z")
    with pytest.raises(FeedError) as caught:
        read_timetable(folder(tmp_path / "f", stops__csv=stops))
    assert len(caught.value.problems) == 2
    assert str(caught.value).endswith("(and 1 more problem like it)")


def test_a_train_with_one_stop_is_left_out_and_said(tmp_path):
    feed = read_timetable(folder(tmp_path / "f", stops__csv=STOPS + "T3,A,1,,10:00,0\n"))
    assert feed.trains == ("T1", "T2")
    assert feed.notes == ("1 train with a single stop left out.",)


def test_lines_may_stand_in_any_order_and_twice(tmp_path):
    head, *lines = STOPS.splitlines()
    mixed = "\n".join([head, *sorted(lines, reverse=True), lines[1], lines[0]]) + "\n"
    stations = STATIONS + STATIONS.splitlines()[1] + "\n"
    plain = read_timetable(folder(tmp_path / "plain"))
    feed = read_timetable(folder(tmp_path / "mixed", stops__csv=mixed, stations__csv=stations))
    assert feed.notes == ("2 lines of stops.csv that stood there twice left out.",)

    def hops(one):
        h = one.hops
        rows = zip(h.departs, h.arrives, h.leaves, h.reaches, h.trip, strict=True)
        return sorted((d, a, x, y, one.trains[t]) for d, a, x, y, t in rows)

    assert hops(feed) == hops(plain)


@pytest.mark.parametrize("offset", [0, 1])
def test_a_stop_over_midnight_may_bear_either_day(tmp_path, offset):
    stops = (
        "train,station,sequence,arrive,depart,day_offset\n"
        f"K1,甲,1,,22:30,0\nK1,乙,2,23:58,00:03,{offset}\nK1,丙,3,01:30,,1\n"
    )
    feed = read_timetable(folder(tmp_path / "f", stops__csv=stops))
    assert list(zip(feed.hops.departs.tolist(), feed.hops.arrives.tolist(), strict=True)) == [
        (1350, 1438),
        (1443, 1530),
    ]


def test_a_date_without_trains_is_said(tmp_path):
    with pytest.raises(FeedError) as caught:
        day_of(read_timetable(gtfs(tmp_path / "g.zip")), dt.date(2031, 1, 1))
    assert str(caught.value) == (
        "No train of the timetable runs on 2031-01-01; it covers 2025-01-01 to 2025-12-31. Choose another --date."
    )


def test_romanised_twins_need_the_chinese_name(tmp_path):
    stations = STATIONS.replace("丁,D", "丁,C")
    with pytest.raises(FeedError, match="two stations are called C; write the Chinese name"):
        read_timetable(folder(tmp_path / "f", stations__csv=stations))
    chinese = STOPS.replace("T1,C", "T1,丙").replace("T2,D", "T2,丁")
    assert read_timetable(folder(tmp_path / "f", stations__csv=stations, stops__csv=chinese)).trains == ("T1", "T2")


def test_cities_are_found_by_either_name_and_twins_are_told_apart(tmp_path):
    stations = (
        "station_zh,station_en,city,lat,lon\n苏州,Suzhou,苏州,31,120\n泰州,Taizhou,Taizhou (Jiangsu),32,120\n"
        "台州,Taizhou,Taizhou (Zhejiang),28,121\n六安,Lu'an,Lu'an,31,116\n"
    )
    stops = "train,station,sequence,arrive,depart,day_offset\nT,苏州,1,,08:00,0\nT,泰州,2,09:00,,0\n"
    feed = read_timetable(folder(tmp_path / "f", stations__csv=stations, stops__csv=stops))
    region = {"合肥": "Hefei", "泰州": "Taizhou (Jiangsu)"}
    assert [find_city(feed, n, region) for n in ("suzhou", "苏州市", "luan", "LU’AN", "六安", "泰州")] == [
        "苏州", "苏州", "Lu'an", "Lu'an", "Lu'an", "Taizhou (Jiangsu)",
    ]  # fmt: skip
    for name, words in (
        ("Taizhou", "Taizhou may be Taizhou (Jiangsu) or Taizhou (Zhejiang); give the whole name."),
        ("Hefei", "The timetable has no station in Hefei (合肥)."),
        ("Luann", 'The timetable has no city called "Luann". Did you mean Lu\'an?'),
        (" ", "Name a city, in Chinese or English."),
    ):
        with pytest.raises(FeedError) as caught:
            find_city(feed, name, region)
        assert str(caught.value) == words
