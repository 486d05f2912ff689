"""``headwater clusters --dask`` on several worker processes gives what one machine gives."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from headwater.site.commands.clusters import command

PARTS = 4


@pytest.fixture(scope="module")
def scheduler():
    """The address of a scheduler with two worker processes."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    """One file, and the same rows in parts; documents and persons straddle the parts."""
    folder = tmp_path_factory.mktemp("points")
    rng = np.random.default_rng(8)
    n = 6000
    centre = rng.integers(0, 14, n)
    lat = np.round(rng.uniform(-89, 89, 14)[centre] + rng.normal(0, 0.06, n), 2).clip(-90, 90)
    lon = np.round(rng.choice([-179.95, 0.0, 121.4, 179.9], 14)[centre] + rng.normal(0, 0.06, n), 2)
    lon = (lon + 180) % 360 - 180
    lat[rng.random(n) < 0.02] = np.nan
    lat[rng.random(n) < 0.01] = 99
    document = rng.integers(0, n // 3, n)
    table = pa.table(
        {
            "lat": pa.array(lat, from_pandas=True),
            "lon": lon,
            "weight": rng.integers(1, 4, n).astype(float),
            "document": pa.array([None if k % 97 == 0 else f"d{document[k]}" for k in range(n)]),
            "metric": ["patents" if d % 3 else "publications" for d in document],
            "person": [f"p{k}" for k in rng.integers(0, 900, n)],
        }
    )
    pq.write_table(table, folder / "all.parquet")
    (folder / "parts").mkdir()
    for k, (low, high) in enumerate(
        zip(*(np.linspace(0, n, PARTS + 1).astype(int)[s] for s in (slice(-1), slice(1, None))), strict=True)
    ):
        pq.write_table(table.slice(low, high - low), folder / "parts" / f"part-{k}.parquet")
    return folder


def run(*arguments, code=0):
    done = CliRunner().invoke(command, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize("merge", [0, 40])
def test_labels_clusters_and_counts_are_those_of_one_machine(points, scheduler, tmp_path, merge):
    asked = ("--radius-km", 12, "--min-weight", 40, "--merge-km", merge)
    told = {}
    for name, path, more in (("one", "all.parquet", ()), ("many", "parts", ("--dask", scheduler))):
        outs = (
            "--out",
            tmp_path / name,
            "--labels",
            tmp_path / f"{name}.labels",
            "--report",
            tmp_path / f"{name}.json",
        )
        told[name] = run(points / path, *asked, *outs, *more).output
    assert told["one"] == told["many"]
    one, many = (pq.read_table(tmp_path / f"{name}.labels")["cluster"].to_numpy() for name in ("one", "many"))
    assert one.tolist() == many.tolist()
    assert one.max() > 3
    one, many = (pq.read_table(tmp_path / name / "clusters.parquet").to_pylist() for name in ("one", "many"))
    assert [row["cluster"] for row in one] == [row["cluster"] for row in many]
    for a, b in zip(one, many, strict=True):
        assert a == pytest.approx(b)
    shapes = [json.loads((tmp_path / name / "clusters.geojson").read_text())["features"] for name in ("one", "many")]
    assert [one["geometry"] for one in shapes[0]] == [one["geometry"] for one in shapes[1]]
    reports = [json.loads((tmp_path / f"{name}.json").read_text()) for name in ("one", "many")]
    for key in ("points", "locations", "unlocated", "own_documents", "density_clusters", "choices"):
        assert reports[0][key] == reports[1][key]
    for metric, counted in reports[0]["metrics"].items():
        assert counted == pytest.approx(reports[1]["metrics"][metric])


def test_points_without_documents_count_their_weight(points, scheduler, tmp_path):
    table = pq.read_table(points / "all.parquet", columns=["lat", "lon", "weight"])
    (tmp_path / "parts").mkdir()
    pq.write_table(table, tmp_path / "one.parquet")
    for k in range(2):
        pq.write_table(table.slice(k * 3000, 3000), tmp_path / "parts" / f"{k}.parquet")
    for name, more in (("one.parquet", ()), ("parts", ("--dask", scheduler))):
        run(tmp_path / name, "--radius-km", 8, "--min-weight", 30, "--report", tmp_path / f"{name}.json", *more)
    one, many = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("one.parquet", "parts"))
    assert one["metrics"]["documents"] == pytest.approx(many["metrics"]["documents"])
    assert len(one["clusters"]) == len(many["clusters"]) > 3


def test_mistakes_are_one_sentence(points, scheduler, tmp_path):
    asked = ("--radius-km", 8, "--min-weight", 30)
    assert (
        "goes with neither"
        in run(points / "parts", *asked, "--dask", scheduler, "--bootstrap", 5, "--report", "-", code=2).output
    )
    assert "reads Parquet" in run(points / "x.csv", *asked, "--dask", scheduler, code=2).output
    assert "holds no file" in run(tmp_path, *asked, "--dask", scheduler, code=2).output
    (tmp_path / "bad").mkdir()
    pq.write_table(pa.table({"lat": ["x"], "lon": [1.0]}), tmp_path / "bad" / "a.parquet")
    assert "numbers are needed" in run(tmp_path / "bad", *asked, "--dask", scheduler, code=2).output
