"""Density clusters beside scikit-learn and PyPI ``dbscan``: CPU time, peak memory, and whether labels agree.

    python benchmarks/clusters.py                          peers, 300,000 points, three worlds (two minutes)
    python benchmarks/clusters.py peers --points 5000000   the same at another size (four minutes; 8 GB)
    python benchmarks/clusters.py growth                   Headwater alone at 1, 5, 20 and 50 million points
    python benchmarks/clusters.py command                  ``headwater clusters`` on a Parquet file of 20 million
    python benchmarks/clusters.py bootstrap                200 resamples at 5 million points
    python benchmarks/clusters.py dask                     8 parts of 20 million on two worker processes, and on none

Each case takes ``--points`` and ``--world``; without a world it runs all three (``bootstrap``, ``command``, ``dask``:
rounded alone). Each measurement is a process of its own that reads its points from a file, so peak memory is that of
the points and the work alone. The worlds are made from 20,000 towns with Zipf populations spread over the land's
latitudes: *rounded* (addresses at 0.01°), *centroid* (nine in ten at fixed postcode points), *rooftop* (0.001°, hardly
any duplicates). Radius 13 km, minimum 4,500 per 20 million points.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

RADIUS_KM = 13.0
REGIMES = ("rounded", "centroid", "rooftop")
RESAMPLES, PARTS, WARM_UP = 200, 8, 3000


def world(regime, n, seed=1):
    """Latitudes and longitudes in random order."""
    rng = np.random.default_rng(seed)
    towns = 20_000
    population = 8e6 / np.arange(1, towns + 1) ** 0.85
    # Towns keep company: a third of them lie near one of the hundred largest.
    lat = np.degrees(np.arcsin(rng.uniform(-0.55, 0.85, towns)))
    lon = rng.uniform(-180, 180, towns)
    near, host = np.flatnonzero(rng.random(towns) < 1 / 3), rng.integers(0, 100, towns)
    lat[near] = lat[host[near]] + rng.normal(0, 0.5, near.size)
    lon[near] = lon[host[near]] + rng.normal(0, 0.5, near.size)
    town = rng.choice(towns, n, p=population / population.sum())
    y, x = rng.normal(0, 6.0, n), rng.normal(0, 6.0, n)
    step = 0.01 if regime == "rounded" else 0.001
    if regime == "centroid":
        centres = np.maximum(1, (population / 20_000).astype(int))
        base = np.concatenate([[0], np.cumsum(centres)])
        cy, cx = rng.normal(0, 6.0, base[-1]), rng.normal(0, 6.0, base[-1])
        pick = base[town] + (centres[town] * rng.random(n) ** 2.5).astype(int)
        on = rng.random(n) < 0.9
        y, x = np.where(on, cy[pick], y), np.where(on, cx[pick], x)
    la = np.round((lat[town] + y / 111.195) / step) * step
    lo = np.round((lon[town] + x / (111.195 * np.cos(np.radians(lat[town])))) / step) * step
    return np.clip(la, -90, 90), (lo + 180) % 360 - 180


def collapse(lat, lon):
    """Distinct coordinates in order of first occurrence, weights and the way back, by ``numpy.unique``."""
    key = np.rint((lat + 90) * 1000).astype(np.int64) * 400_000 + np.rint((lon + 180) * 1000).astype(np.int64)
    _, first, inverse, weight = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    order = np.argsort(first)
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    return lat[first[order]], lon[first[order]], weight[order].astype(float), place[inverse]


def by_headwater(lat, lon, least):
    from headwater.engines.clusters import prepare

    return prepare(lat, lon, RADIUS_KM).cluster(min_weight=least).labels()


def by_scikit_learn(lat, lon, least):
    from sklearn.cluster import DBSCAN

    eps = RADIUS_KM / 6371.0088
    found = DBSCAN(eps=eps, metric="haversine", algorithm="ball_tree", min_samples=least, n_jobs=-1)
    return found.fit(np.radians(np.column_stack([lat, lon]))).labels_


def by_scikit_learn_collapsed(lat, lon, least):
    from sklearn.cluster import DBSCAN

    la, lo, weight, inverse = collapse(lat, lon)
    eps = RADIUS_KM / 6371.0088
    found = DBSCAN(eps=eps, metric="haversine", algorithm="ball_tree", min_samples=least, n_jobs=-1)
    return found.fit(np.radians(np.column_stack([la, lo])), sample_weight=weight).labels_[inverse]


def by_dbscan(lat, lon, least):
    from dbscan import DBSCAN

    la, lo = np.radians(lat), np.radians(lon)
    xyz = np.column_stack([np.cos(la) * np.cos(lo), np.cos(la) * np.sin(lo), np.sin(la)])
    return DBSCAN(xyz, eps=2 * np.sin(RADIUS_KM / 6371.0088 / 2), min_samples=least)[0]


def by_bootstrap(lat, lon, least):
    """The base run and resamples of documents with three points each."""
    from headwater.engines.clusters import Method, bootstrap_ranks, divide_documents, prepare

    resamples = 1 if lat.size <= WARM_UP else RESAMPLES
    rng = np.random.default_rng(7)
    document = rng.integers(0, lat.size // 3, lat.size)
    prepared = prepare(lat, lon, RADIUS_KM)
    base = prepared.cluster(min_weight=least)
    credits_ = divide_documents(document, np.zeros(lat.size // 3, np.int64))
    bootstrap_ranks(prepared, base, credits_, None, Method(least), resamples=resamples, rng=rng)
    return base.labels()


METHODS = {
    "headwater": by_headwater,
    "scikit-learn collapsed": by_scikit_learn_collapsed,
    "scikit-learn raw": by_scikit_learn,
    "dbscan": by_dbscan,
    f"headwater + {RESAMPLES} resamples": by_bootstrap,
}


def minimum(n):
    return max(2, round(n * 4500 / 20_000_000))


def one(method, folder):
    """Run one method in this process on the points of a folder, and print its figures as JSON."""
    lat, lon = (np.load(Path(folder) / f"{name}.npy") for name in ("lat", "lon"))
    METHODS[method](lat[:WARM_UP], lon[:WARM_UP], 3)  # imports, and compiled kernels from disk
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    labels = METHODS[method](lat, lon, minimum(lat.size))
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = after.ru_maxrss / 2**20
    told = {"cpu": cpu, "wall": wall, "peak": peak, "clusters": int(labels.max()) + 1, "labels": digest(labels)}
    print(json.dumps(told))


def digest(labels):
    return hashlib.sha256(np.asarray(labels, np.int32).tobytes()).hexdigest()[:12]


def put(regime, n, folder, parts=0):
    """Write a world's points to a folder: as arrays, or as that many Parquet parts."""
    lat, lon = world(regime, n)
    if not parts:
        np.save(folder / "lat.npy", lat)
        np.save(folder / "lon.npy", lon)
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"lat": lat, "lon": lon}), folder / "all.parquet")
    (folder / "parts").mkdir()
    for k, low in enumerate(range(0, n, n // parts)):
        table = pa.table({"lat": lat[low : low + n // parts], "lon": lon[low : low + n // parts]})
        pq.write_table(table, folder / "parts" / f"part-{k:02}.parquet")


def myself(*words):
    return subprocess.run([sys.executable, __file__, *map(str, words)], capture_output=True, text=True, check=False)


def measured(method, folder):
    done = myself("--one", method, folder)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        print(f"  {method:27} FAILED: {last}", flush=True)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def importable(name):
    return subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


class points:
    """A folder with a world's points while it is needed, made by a process of its own."""

    def __init__(self, regime, n, parts=0):
        self.made = regime, n, parts

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="headwater-benchmark-")
        done = myself("--put", *self.made, self.folder.name)
        if done.returncode:
            raise SystemExit(done.stderr)
        return Path(self.folder.name)

    def __exit__(self, *_error):
        self.folder.cleanup()


def line(name, found, base=None):
    text = f"  {name:27} {found['cpu']:8.2f} CPU s  {found['wall']:8.2f} s  peak {found['peak']:5.2f} GB"
    if base is not None:
        same = "labels equal" if found["labels"] == base["labels"] else "LABELS DIFFER"
        text += f"  {found['cpu'] / base['cpu']:6.1f} × CPU  {found['wall'] / base['wall']:6.1f} × time"
        text += f"  {found['clusters']:5} clusters  {same}"
    print(text, flush=True)


# Cases ----------------------------------------------------------------------------------------------------------
def peers(regimes, n):
    """Headwater, scikit-learn (collapsed; raw where its memory allows) and ``dbscan`` on the same points."""
    have = {}
    for name, package in (("sklearn", "scikit-learn"), ("dbscan", "dbscan")):
        have[name] = importable(name)
        if not have[name]:
            print(f"!! {package} IS NOT IMPORTABLE, so it isn't measured. Install it with: pip install {package}\n")
    for regime in regimes:
        print(f"{regime}, {n:,} points")
        # Where hardly any points share a place, collapsing doesn't help scikit-learn: memory grows with the square.
        collapsed, raw = (1_000_000 if regime == "rooftop" else 5_000_000), 300_000
        methods = ["headwater"]
        methods += ["scikit-learn collapsed"] * (have["sklearn"] and n <= collapsed)
        methods += ["scikit-learn raw"] * (have["sklearn"] and n <= raw)
        methods += ["dbscan"] * have["dbscan"]
        base = None
        with points(regime, n) as folder:
            for method in methods:
                found = measured(method, folder)
                base = base or found
                if found is not None:
                    line(method, found, base)


def growth(regimes, n):
    """How time and memory grow with the points."""
    for regime in regimes:
        print(f"{regime}, Headwater alone")
        for size in [n] if n else [1_000_000, 5_000_000, 20_000_000, 50_000_000]:
            with points(regime, size) as folder:
                found = measured("headwater", folder)
            if found is not None:
                name = f"{size:,} points"
                line(name, found)
                each = f"{1e6 * found['cpu'] / size:.3f} CPU µs and {found['peak'] * 2**30 / size:.0f} bytes a point"
                print(f"  {'':27} {each}, {found['clusters']} clusters", flush=True)


def bootstrap(regimes, n):
    """The base run and its resamples; documents of three points each."""
    for regime in regimes:
        print(f"{regime}, {n:,} points, {RESAMPLES} resamples")
        with points(regime, n) as folder:
            base = measured("headwater", folder)
            line("headwater", base)
            found = measured(f"headwater + {RESAMPLES} resamples", folder)
            line(f"with {RESAMPLES} resamples", found)
        each = [(found[name] - base[name]) / RESAMPLES for name in ("cpu", "wall")]
        print(f"  {'':27} {each[0]:.2f} CPU s, {each[1]:.2f} s a resample", flush=True)


def commanded(folder, source, n, *more):
    """The whole of ``headwater clusters`` as a user runs it, labels written; and a digest of the labels."""
    labels = folder / "labels.parquet"
    code = "from headwater.site.cli import main; main()"
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    asked = [source, "--radius-km", RADIUS_KM, "--min-weight", minimum(n), "--labels", labels, *more]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, "clusters", *map(str, asked)],
        capture_output=True,
        text=True,
        check=False,
        env={**kept, "PYTHONPATH": str(Path(__file__).resolve().parents[1] / "src")},
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stderr)
    import pyarrow.parquet as pq

    found = np.asarray(pq.ParquetFile(labels).read().column("cluster"))
    return {
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "wall": wall,
        "peak": after.ru_maxrss / 2**20,
        "clusters": int(found.max()) + 1,
        "labels": digest(found),
    }


def command(regimes, n):
    """What a user waits for: start, read Parquet, find clusters, write labels."""
    for regime in regimes:
        print(f"{regime}, {n:,} points, headwater clusters POINTS.parquet --labels")
        done = myself("--command", regime, n)
        if done.returncode:
            raise SystemExit(done.stderr)
        engine, whole = map(json.loads, done.stdout.splitlines()[-2:])
        line("engine", engine)
        line("command, second run", whole, engine)


def command_alone(regime, n):
    """In a process of its own, which has no other children whose peak could count."""
    with tempfile.TemporaryDirectory(prefix="headwater-benchmark-") as name:
        folder = Path(name)
        lat, lon = world(regime, n)
        np.save(folder / "lat.npy", lat)
        np.save(folder / "lon.npy", lon)
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"lat": lat, "lon": lon}), folder / "all.parquet")
        del lat, lon
        commanded(folder, folder / "all.parquet", n)  # byte code and kernels, once a machine
        whole = commanded(folder, folder / "all.parquet", n)
        print(json.dumps(measured("headwater", folder)))
        print(json.dumps(whole))


def dask(regimes, n):
    """Parts on the workers of a Dask scheduler, beside one process on one file."""
    from distributed import LocalCluster

    for regime in regimes:
        print(f"{regime}, {n:,} points, one process; then {PARTS} parts on two Dask workers of one thread each")
        with points(regime, n, PARTS) as folder:
            base = commanded(folder, folder / "all.parquet", n)
            line("one process", base, base)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
                found = commanded(folder, folder / "parts", n, "--dask", cluster.scheduler_address)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            # Workers count once they have ended.
            found["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            found["peak"] = after.ru_maxrss / 2**20
            line("Dask, workers included", found, base)


CASES = {
    "peers": (peers, 300_000, REGIMES),
    "growth": (growth, None, REGIMES),
    "command": (command, 20_000_000, ("rounded",)),
    "bootstrap": (bootstrap, 5_000_000, ("rounded",)),
    "dask": (dask, 20_000_000, ("rounded",)),
}


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("case", nargs="?", choices=CASES, default="peers")
    asked.add_argument("--points", type=int, help="how many")
    asked.add_argument("--world", choices=REGIMES, help="one world alone")
    asked.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked.add_argument("--put", nargs=4, help=argparse.SUPPRESS)
    asked.add_argument("--command", nargs=2, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        one(*given.one)
    elif given.put:
        regime, n, parts, folder = given.put
        put(regime, int(n), Path(folder), int(parts))
    elif given.command:
        command_alone(given.command[0], int(given.command[1]))
    else:
        run, n, regimes = CASES[given.case]
        run((given.world,) if given.world else regimes, given.points or n)


if __name__ == "__main__":
    main()
