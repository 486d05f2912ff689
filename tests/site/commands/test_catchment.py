"""``headwater catchment``: two sets and their overlap, from a file, without a database."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

from headwater.site.commands.catchment import command

PLACES = (
    "name,lat,lon,city,weight\nHefei,31.86,117.28,,1\nSea,31.0,123.5,,2\nSuzhou,,,苏州,4\nFar,23,113,,1\nNowhere,,,,2\n"
)


def run(*arguments, code=0):
    done = CliRunner().invoke(command, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_sets_and_their_overlap(tmp_path):
    (tmp_path / "p.csv").write_text(PLACES, "utf-8")
    asked = (tmp_path / "p.csv", "--from", "Shanghai", "--at", "30.9,121.9", "--km", 300, "--minutes", 200)
    answer = json.loads(run(*asked, "--json", "--out", tmp_path / "o.csv"))
    assert {row["name"]: row["set"] for row in answer["places"]} == {
        "Hefei": "rail",
        "Sea": "distance",
        "Suzhou": "rail",  # by its city alone: its distance is not known
        "Far": "neither",
        "Nowhere": "neither",
    }
    assert answer["weights"] == {"both": 0, "only_distance": 2, "only_rail": 5, "neither": 3}
    assert answer["shares"] == {"distance": 0.2, "rail": 0.5, "both": 0}
    assert answer["unplaced"] == 1
    with (tmp_path / "o.csv").open(encoding="utf-8") as file:
        assert [row["set"] for row in csv.DictReader(file)] == [row["set"] for row in answer["places"]]
    assert "within 300 km: 20.0%" in run(*asked)


@pytest.mark.parametrize(
    ("text", "more", "said"),
    [
        ("name\nx\n", (), "columns lat and lon, or city, are needed"),
        ("lat,lon\n95,1\n", (), "line 2: 95.0, 1.0 is not on the earth"),
        ("lat,lon,weight\n1,1,-1\n", (), "column weight: a weight must be 0 or more"),
        ("lat,lon\nx,1\n", (), "'x' is not a number"),
        ("city\nAtlantis\n", (), "line 2, column city"),
        ("lat,lon\n1,1\n", ("--at", "1"), "write a latitude, a comma"),
        ("lat,lon\n1,1\n", ("--from", "Atlantis"), "Atlantis"),
    ],
)
def test_mistake_is_one_sentence(tmp_path, text, more, said):
    (tmp_path / "p.csv").write_text(text, "utf-8")
    assert said in run(tmp_path / "p.csv", "--from", "Shanghai", *more, code=2)
