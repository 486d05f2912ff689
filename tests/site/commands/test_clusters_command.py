"""``headwater clusters`` from the outside: files in, files out, one sentence for each mistake."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sklearn.cluster import DBSCAN

from headwater import editions
from headwater.site.commands.clusters import command

PLACES = "name,lat,lon,population\nShanghai,31.22,121.48,24000000\nHangzhou,30.28,120.16,9000000\n"


@pytest.fixture
def folder(tmp_path):
    """Points around Shanghai and Hangzhou, three without a place, as CSV and Parquet, and the two cities."""
    rng = np.random.default_rng(1)
    town = np.repeat([0, 1], [60, 30])
    lat, lon = (np.round(rng.normal(np.array(centre)[town], 0.02), 4) for centre in ([31.2, 30.3], [121.5, 120.2]))
    lat, lon = np.append(lat, [np.nan, 95.0, 0.0]), np.append(lon, [1.0, 1.0, np.nan])
    table = pa.table(
        {
            "document": [f"d{k % 31}" for k in range(93)],
            "lat": pa.array(lat, from_pandas=True),
            "lon": pa.array(lon, from_pandas=True),
            "metric": ["patents" if k % 31 < 10 else "publications" for k in range(93)],
        }
    )
    pq.write_table(table, tmp_path / "points.parquet")
    pa_csv.write_csv(table, tmp_path / "points.csv")
    (tmp_path / "places.csv").write_text(PLACES, "utf-8")
    return tmp_path


def run(folder, *arguments, code=0):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(command, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize("points", ["points.csv", "points.parquet"])
def test_plain_labels_are_those_of_scikit_learn(folder, points):
    done = run(folder, points, "--radius-km", 2, "--min-weight", 8, "--labels", "labels.parquet")
    labels = pq.read_table(folder / "labels.parquet")
    assert labels.schema.field("cluster").type == pa.int32()
    table = pq.read_table(folder / "points.parquet").slice(0, 90)
    place = np.radians(np.column_stack([table["lat"].to_numpy(), table["lon"].to_numpy()]))
    expected = DBSCAN(eps=2 / 6371.0088, metric="haversine", algorithm="brute", min_samples=8).fit_predict(place)
    assert labels["cluster"].to_pylist() == [*expected.tolist(), -1, -1, -1]
    assert set(expected.tolist()) == {-1, 0, 1}
    assert "Without a place: 3 (2 missing, 1 out of range)." in done.output


def test_an_edition_gives_clusters_names_shares_and_shapes(folder):
    outs = ("--out", "c.parquet", "--out", "c.geojson", "--out", "c.csv", "--report", "r.json")
    run(folder, "points.csv", "--edition", "gii-2024", "--min-weight", 20, "--places", "places.csv", *outs)
    rows = pq.read_table(folder / "c.parquet").to_pylist()
    assert [(row["rank"], row["cluster"], row["name"]) for row in rows] == [(1, 0, "Shanghai"), (2, 1, "Hangzhou")]
    assert sum(row["share_patents"] for row in rows) == pytest.approx(1)
    assert sum(row["share_publications"] for row in rows) == pytest.approx(20 / 21)  # three thirds have no place
    features = json.loads((folder / "c.geojson").read_text("utf-8"))["features"]
    assert [one["properties"]["score"] for one in features] == [row["score"] for row in rows]
    assert [one["geometry"]["type"] for one in features] == ["Polygon", "Polygon"]
    assert pa_csv.read_csv(folder / "c.csv").column("weight").to_pylist() == [60, 30]
    report = json.loads((folder / "r.json").read_text("utf-8"))
    assert report["unlocated"] == {"missing": 2, "out_of_range": 1}
    for metric, documents in (("patents", 10), ("publications", 21)):
        found = report["metrics"][metric]
        assert found["world"] == pytest.approx(documents)
        assert found["in_clusters"] + found["noise"] + found["unlocated"] == pytest.approx(documents)
    assert "min_weight: 20 given here; the edition's is 4500." in report["choices"]
    assert any("never the same ranking" in line for line in report["choices"])


def test_merging_numbers_labels_by_the_first_cluster_in_them(folder):
    run(folder, "points.csv", "--radius-km", 10, "--min-weight", 9, "--merge-km", 300, "--labels", "l.parquet")
    assert pq.read_table(folder / "l.parquet")["cluster"].to_pylist() == [0] * 90 + [-1] * 3


def test_intervals_and_grid_show_in_the_report_and_repeat_to_the_byte(folder):
    asked = (
        "points.csv",
        "--radius-km",
        10,
        "--min-weight",
        20,
        "--places",
        "places.csv",
        "--bootstrap",
        20,
        "--grid",
        "5,10x9,20",
    )
    run(folder, *asked, "--report", "one.md", "--out", "c.parquet")
    run(folder, *asked, "--report", "two.md")
    text = (folder / "one.md").read_text("utf-8")
    assert text == (folder / "two.md").read_text("utf-8")
    assert "| 1 | 1–1 | 100% | 0 | Shanghai |" in text
    assert "| radius, km | minimum 9 | minimum 20 |" in text
    row = pq.read_table(folder / "c.parquet").to_pylist()[0]
    assert (row["rank_low"], row["rank_high"], row["found"]) == (1, 1, 1.0)
    assert row["score_low"] <= row["score"] <= row["score_high"]


def test_points_without_documents_count_their_weight(folder):
    (folder / "w.csv").write_text("lat,lon,weight\n1,1,5\n1,1,2\n8,8,1\n,,2\n", "utf-8")
    run(folder, "w.csv", "--radius-km", 1, "--min-weight", 7, "--places", "places.csv", "--report", "r.json")
    report = json.loads((folder / "r.json").read_text("utf-8"))
    assert report["metrics"]["documents"] == {"world": 10.0, "in_clusters": 7.0, "noise": 1.0, "unlocated": 2.0}
    assert report["clusters"][0]["share_documents"] == 0.7
    assert report["clusters"][0]["weight_share"] == 0.7


def test_the_same_id_in_two_metrics_is_two_documents(folder):
    text = "lat,lon,document,metric,person\n1,1,a,x,p\n1,1,a,y,p\n9,9,a,y,q\n9,9,a,y,\n1,1,,y,p\n"
    (folder / "d.csv").write_text(text, "utf-8")
    run(folder, "d.csv", "--radius-km", 1, "--min-weight", 3, "--places", "places.csv", "--report", "r.json")
    report = json.loads((folder / "r.json").read_text("utf-8"))
    assert report["metrics"]["x"]["world"] == pytest.approx(1)
    assert report["metrics"]["y"]["world"] == pytest.approx(2)
    assert report["metrics"]["y"]["in_clusters"] == pytest.approx(1 + 1 / 3)
    assert report["own_documents"] == 1


def test_a_file_without_points_gives_empty_results(folder):
    (folder / "none.csv").write_text("lat,lon\n", "utf-8")
    done = run(folder, "none.csv", "--radius-km", 1, "--min-weight", 1, "--labels", "l.parquet", "--out", "c.geojson")
    assert done.output.startswith("0 points at 0 locations: 0 clusters")
    assert pq.read_table(folder / "l.parquet").num_rows == 0
    assert json.loads((folder / "c.geojson").read_text("utf-8"))["features"] == []


PLAIN = ("--radius-km", "1", "--min-weight", "1")


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("lat,lon\n1,2\nx,3\n", PLAIN, "p.csv, line 3, column lat: 'x' is not a number."),
        ("lat,lon\n1,2\n1,2,3\n", PLAIN, "p.csv, line 3: 3 columns where the header has 2."),
        ("lat,lon\n" + 10 * "x,2\n1,2\n", PLAIN, "9 more lines are wrong: 4, 6, 8, 10, 12, 14, 16, 18, 20."),
        ("lat,lon\n1,2\nx,3\n1\n", PLAIN, "1 more line is wrong: 4."),
        ("", PLAIN, "p.csv is empty; it needs a header with lat, lon."),
        ("lat,long\n1,2\n", PLAIN, "p.csv, line 1: no column lon; found lat, long."),
        ("lat,lon,weight\n1,2,-3\n", PLAIN, "p.csv, line 2, column weight: a weight must be 0 or more, got -3.0."),
        ("lat,lon,weight\n" + 3 * "1,2,-3\n", PLAIN, "2 more lines are wrong: 3, 4."),
        ("lat,lon,weight\n1,2,inf\n", PLAIN, "line 2, column weight: a weight must be 0 or more, got inf."),
        ("lat,lon,person\n1,2,a\n", PLAIN, "p.csv has a column person but none called document"),
        ("lat,lon,metric\n1,2,\n", PLAIN, "p.csv, line 2, column metric: empty."),
        ("lat,lon,metric\n1,2,x\n", ("--edition", "gii-2024"), "'x' isn't a metric of edition gii-2024"),
        ("lat,lon\n", ("--radius-km", "1"), "--min-weight is missing: give it, or --edition."),
        ("lat,lon\n", ("--edition", "gii-1999"), "There is no edition 'gii-1999'."),
        ("lat,lon\n", ("--edition", "gii-2025"), "Edition gii-2025 leaves radius_km open"),
        ("lat,lon\n", ("--radius-km", "0", "--min-weight", "1"), "--radius-km must be above 0, got 0.0."),
        ("lat,lon\n1,2\n", ("--radius-km", "9999", "--min-weight", "1"), "radius_km must be above 0 and within"),
        ("lat,lon\n", (*PLAIN, "--out", "c.xlsx"), "--out c.xlsx: the name must end in .parquet, .csv or .geojson."),
        ("lat,lon\n", (*PLAIN, "--report", "r.md", "--grid", "1,2"), "--grid 1,2: write radii, an x, and minima"),
        ("lat,lon\n", (*PLAIN, "--grid", "1x2"), "--grid needs --report"),
        ("lat,lon\n1,2\n", (*PLAIN, "--labels", "no/such/l.parquet"), "no/such/l.parquet"),
    ],
)
def test_a_mistake_gets_one_sentence_and_code_2(folder, text, arguments, message):
    (folder / "p.csv").write_text(text, "utf-8")
    done = run(folder, "p.csv", *arguments, code=2)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_missing_or_broken_file_is_named(folder):
    assert "nowhere.csv is not a file." in run(folder, "nowhere.csv", *PLAIN, code=2).stderr
    (folder / "b.parquet").write_bytes(b"not parquet")
    assert "b.parquet cannot be read as Parquet" in run(folder, "b.parquet", *PLAIN, code=2).stderr
    (folder / "b.csv").write_bytes("lat,lon,naïve\n".encode("latin-1"))
    assert "b.csv is not UTF-8 text." in run(folder, "b.csv", *PLAIN, code=2).stderr
    pq.write_table(pa.table({"lat": ["a"], "lon": [1.0]}), folder / "s.parquet")
    assert "s.parquet, column lat: numbers are needed, found string." in run(folder, "s.parquet", *PLAIN, code=2).stderr


def test_columns_of_any_kind_of_number_with_and_without_gaps_give_the_same_points(folder):
    lat, lon = [31.0, 31.0, None, 30.0, 31.0], [121.0, 121.0, 121.0, 120.0, 121.0]
    schema = pa.schema({"lat": pa.float16(), "lon": pa.int32(), "weight": pa.uint8(), "document": pa.string()})
    rows = {"lat": lat, "lon": list(map(int, lon)), "weight": [1, 2, 3, 4, 5], "document": ["a", None, "b", "a", "a"]}
    pq.write_table(pa.table(rows, schema=schema), folder / "odd.parquet", row_group_size=2)
    run(folder, "odd.parquet", "--radius-km", 1, "--min-weight", 8, "--labels", "l.parquet", "--report", "r.json")
    assert pq.read_table(folder / "l.parquet")["cluster"].to_pylist() == [0, 0, -1, -1, 0]
    report = json.loads((folder / "r.json").read_text("utf-8"))
    assert (report["unlocated"]["missing"], report["own_documents"]) == (1, 1)
    assert report["metrics"]["documents"]["world"] == pytest.approx(3)


def test_editions_are_listed_with_their_standing(folder):
    listed = run(folder, "--editions").output
    assert "gii-2024: Global Innovation Index 2024" in listed
    assert "radius_km: 15 (secondary)" in listed
    assert "radius_km: open" in listed


@pytest.mark.parametrize("name", editions.shipped())
def test_a_shipped_edition_loads_under_its_name_and_sources_what_it_states(name):
    one = editions.load(name)
    assert one.id == name
    assert not one.verified
    stated = [*one.parameters.values(), *(metric.window for metric in one.metrics)]
    assert all(sourced.source for sourced in stated if sourced.value is not None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"join": {"value": "max", "standing": "chosen", "source": ""}}, "join must be"),
        ({"radius_km": {"value": None, "standing": "chosen", "source": ""}}, "null exactly where"),
        ({"radius_km": {"value": -1, "standing": "chosen", "source": ""}}, "radius_km must be a number of 0 or more"),
        ({"radius_km": {"value": 5, "standing": "rumour", "source": ""}}, "standing must be one of"),
    ],
)
def test_a_broken_edition_is_refused(tmp_path, change, message):
    raw = json.loads((editions.FOLDER / "gii-2024.json").read_text("utf-8"))
    raw["parameters"].update(change)
    (tmp_path / "mine.json").write_text(json.dumps(raw), "utf-8")
    with pytest.raises(editions.EditionError, match=message):
        editions.load(str(tmp_path / "mine.json"))


def test_the_page_s_example_gives_what_the_page_says(folder):
    page = (Path(__file__).parents[3] / "docs" / "engines" / "clusters.md").read_text("utf-8")
    (block,) = re.findall(r"^```csv\n(.*?)^```", page, re.M | re.S)
    (folder / "example.csv").write_text(block, "utf-8")
    asked = ("example.csv", "--radius-km", 13, "--min-weight", 3, "--labels", "l.parquet", "--places", "places.csv")
    said = run(folder, *asked, "--report", "-").output
    labels = pq.read_table(folder / "l.parquet")["cluster"].to_pylist()
    assert f"Labels: {', '.join(map(str, labels))}." in page
    assert "| patents | 2.0 | 1.5 | 0.0 | 0.5 |" in said
    assert "| publications | 2.0 | 1.5 | 0.5 | 0.0 |" in said
    assert "| 1 | 0 | Shanghai | 50.000 | 25.000 | 75.000 | 3 |" in said


def test_one_point_is_counted_in_the_singular(folder):
    (folder / "one.csv").write_text("lat,lon\n31,121\n", "utf-8")
    done = run(folder, "one.csv", "--radius-km", 1, "--min-weight", 1, "--merge-km", 0)
    assert done.output.startswith("1 point at 1 location: 1 cluster with")


def test_weight_that_is_missing_is_called_empty(folder):
    (folder / "gap.csv").write_text("lat,lon,weight\n31,121,2\n31,121,\n", "utf-8")
    done = run(folder, "gap.csv", "--radius-km", 1, "--min-weight", 1, code=2)
    assert "line 3, column weight: a weight must be 0 or more, got an empty cell." in done.output
