"""``headwater reach`` as a person meets it: its words, its JSON, and one sentence for each thing wrong."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from headwater.site.commands.reach import command

STATIONS = "station_zh,station_en,city,lat,lon\n甲,A,Aton,31,120\n乙,B,Bton,31.5,120\n丙,C,Cton,32,120\n"
STOPS = (
    "train,station,sequence,arrive,depart,day_offset\n"
    "T1,A,1,,08:00,0\nT1,B,2,08:30,08:32,0\nT1,C,3,09:00,,0\nT2,C,1,,10:30,0\nT2,A,2,11:20,,0\n"
    "T3,C,1,,23:30,0\nT3,A,2,00:20,,1\nT4,B,1,,08:35,0\nT4,C,2,08:50,,0\nT5,A,1,,07:50,0\nT5,B,2,08:25,,0\n"
)
SAID = "Timetable: rail; vintage: 2020; source: the railway."


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "rail"
    path.mkdir()
    (path / "stations.csv").write_text(STATIONS, encoding="utf-8")
    (path / "stops.csv").write_text(STOPS, encoding="utf-8")
    (path / "source.json").write_text(json.dumps({"vintage": "2020", "source": "the railway"}), encoding="utf-8")
    return path


def run(*words):
    return CliRunner().invoke(command, [str(w) for w in words])


def answer(folder, *words):
    result = run(*words, "--timetable", folder, "--json", "--door-to-door", 0)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == SAID + "\n"
    return json.loads(result.stdout)


def test_json_lists_cities_with_minutes_and_legs(folder):
    leg = {"train": "T1", "from": "A", "depart": "08:00"}
    assert answer(folder, "Aton") == [
        {"city": "Aton", "minutes": 0, "depart": "00:00", "arrive": "00:00", "legs": []},
        {
            "city": "Bton", "minutes": 30, "depart": "08:00", "arrive": "08:30",
            "legs": [{**leg, "to": "B", "arrive": "08:30"}],
        },
        {
            "city": "Cton", "minutes": 60, "depart": "07:50", "arrive": "08:50",
            "legs": [
                {"train": "T5", "from": "A", "to": "B", "depart": "07:50", "arrive": "08:25"},
                {"train": "T4", "from": "B", "to": "C", "depart": "08:35", "arrive": "08:50"},
            ],
        },
    ]  # fmt: skip


def test_a_longer_interchange_takes_the_direct_train(folder):
    found = answer(folder, "Aton", "--interchange", 11)
    assert [leg["train"] for leg in found[2]["legs"]] == ["T1"]


def test_leaving_at_a_minute_counts_from_it_and_after_gives_the_fastest_from_then(folder):
    assert [(r["minutes"], r["depart"], r["arrive"]) for r in answer(folder, "Cton", "--depart", "10:00")][1] == (
        80, "10:00", "11:20",
    )  # fmt: skip
    assert [(r["minutes"], r["depart"]) for r in answer(folder, "Cton", "--after", "10:00")][1] == (50, "10:30")
    assert [(r["depart"], r["arrive"]) for r in answer(folder, "Cton", "--after", "11:00")][1] == ("23:30", "24:20")


def test_reverse_and_arrive_by(folder):
    assert [(r["city"], r["minutes"]) for r in answer(folder, "Cton", "--to")] == [
        ("Cton", 0),
        ("Bton", 15),
        ("Aton", 60),
    ]
    late = answer(folder, "Cton", "--to", "--arrive-by", "09:00")
    assert [(r["city"], r["depart"], r["arrive"]) for r in late][1:] == [
        ("Bton", "08:35", "08:50"),
        ("Aton", "08:00", "09:00"),
    ]


def test_back_the_same_day_needs_time_on_site_and_a_train_home(folder):
    found = answer(folder, "Aton", "--back-same-day", "--on-site", "1.5")
    assert [r["city"] for r in found] == ["Aton", "Cton"]
    assert found[1]["back"] == {
        "minutes": 50, "depart": "10:30", "arrive": "11:20", "last": "10:30",
        "legs": [{"train": "T2", "from": "C", "to": "A", "depart": "10:30", "arrive": "11:20"}],
    }  # fmt: skip
    assert [r["city"] for r in answer(folder, "Aton", "--back-same-day", "--on-site", "2")] == ["Aton"]


def test_limit_is_kept_and_additions_count(folder):
    assert [r["city"] for r in answer(folder, "Aton", "--minutes", 59)] == ["Aton", "Bton"]
    result = run("Aton", "--timetable", folder, "--json", "--minutes", 119, "--door-to-door", 60)
    assert [(r["city"], r["minutes"], r["depart"], r["arrive"]) for r in json.loads(result.stdout)] == [
        ("Aton", 0, "00:00", "00:00"), ("Bton", 90, "07:20", "08:50"),
    ]  # fmt: skip


def test_matrix_as_csv_and_json(folder):
    result = run("--from-all", "--timetable", folder, "--door-to-door", 0)
    # From C to B only by way of the next morning.
    assert list(csv.reader(io.StringIO(result.stdout))) == [
        ["from", "Aton", "Bton", "Cton"],
        ["Aton", "0", "30", "60"],
        ["Bton", "165", "0", "15"],
        ["Cton", "50", "535", "0"],
    ]
    cells = json.loads(run("--from-all", "--timetable", folder, "--door-to-door", 0, "--json").stdout)
    assert len(cells) == 9
    assert cells[1] == {"from": "Aton", "to": "Bton", "minutes": 30}
    short = json.loads(run("--from-all", "--timetable", folder, "--door-to-door", 0, "--json", "--minutes", 30).stdout)
    assert [(c["from"], c["to"]) for c in short if c["minutes"]] == [("Aton", "Bton"), ("Bton", "Cton")]


def test_text_states_assumptions_vintage_and_source(folder):
    result = run("Aton", "--timetable", folder, "--between-stations", 45)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "From Aton within 180 minutes on any day (every train is taken to run daily): 3 of 3 cities."
    assert lines[3] == "Bton   90  07:20  08:50    -    T1 A 08:00 - B 08:30"
    assert lines[-3:] == [
        (
            "Door to door: 40 min before the first train (way to the station, security) and 20 min after the last are"
            " added."
        ),
        (
            "Changing trains takes 10 min in a station and 45 min between stations of a city, unless the timetable"
            " states its own."
        ),
        SAID,
    ]
    assert "nothing is added" in run("Aton", "--timetable", folder, "--door-to-door", 0).stdout


def test_bundled_timetable_covers_the_region_and_says_it_is_synthetic():
    result = run("上海", "--minutes", 180)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Synthetic timetable, vintage 2025, made from published facts of lines."
    every = run("Shanghai", "--minutes", 1440, "--json", "--door-to-door", 0)
    found = json.loads(every.stdout)
    assert len(found) == 41
    assert [(r["minutes"], r["city"]) for r in found[1:]] == sorted((r["minutes"], r["city"]) for r in found[1:])
    assert "synthetic" in every.stderr.lower()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Name a CITY, or ask for the matrix with --from-all."),
        (("Aton", "--from-all"), "--from-all is about every city; leave CITY out."),
        (("--from-all", "--depart", "07:00"), "--from-all gives the best of the day; leave --depart out."),
        (("Aton", "--depart", "25:00"), '"25:00" is not a time of day; write HH:MM, from 00:00 to 23:59.'),
        (("Aton", "--depart", "07:00", "--after", "08:00"), "--depart and --after contradict each other; give one."),
        (("Aton", "--date", "2025-02-30"), '"2025-02-30" is not a date of the calendar; write YYYY-MM-DD.'),
        (("Atone",), 'The timetable has no city called "Atone". Did you mean Aton or Cton or Bton?'),
        (("Zhoushan",), "The timetable has no station in Zhoushan (舟山)."),
        (("x'; DROP TABLE cities; --",), "The timetable has no city called"),
        (("A" * 10_000,), "The timetable has no city called"),
    ],
)
def test_wrong_questions_get_one_sentence_and_exit_code_two(folder, words, sentence):
    result = run(*words, "--timetable", folder)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stdout == ""
    assert len(result.stderr) < 600


def test_wrong_timetables_get_one_sentence_and_exit_code_two(folder):
    (folder / "stops.csv").write_text(STOPS.replace("08:30", "8h30"), encoding="utf-8")
    result = run("Aton", "--timetable", folder)
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        2, 'Error: stops.csv line 3, column arrive: "8h30" is not a time; write HH:MM or HH:MM:SS.',
    )  # fmt: skip


def test_hops_of_no_minutes_need_a_minute_to_change(folder):
    (folder / "stops.csv").write_text(STOPS.replace("08:30,08:32", "08:00,08:32"), encoding="utf-8")
    assert run("Aton", "--timetable", folder, "--interchange", 1).exit_code == 0
    result = run("Aton", "--timetable", folder, "--interchange", 0)
    assert result.exit_code == 2
    assert "takes 0 minutes" in result.stderr


def test_help_documents_the_columns():
    text = run("--help").stdout
    assert all(word in text for word in ("stops.csv", "day_offset", "stations.csv", "legs", "--door-to-door"))
