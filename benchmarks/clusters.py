"""Density clusters beside scikit-learn and PyPI ``dbscan``: CPU time, peak memory, and whether labels agree.

    python benchmarks/clusters.py               300,000 points, three worlds (about two minutes)
    python benchmarks/clusters.py --full        0.1 to 20 million, bootstrap (half an hour; 8 GB)

Each measurement is a process of its own, so that peak memory is its own. The worlds are made from 20,000 towns with
Zipf populations spread over the land's latitudes: *rounded* (addresses at 0.01°), *centroid* (nine in ten at fixed
postcode points), *rooftop* (0.001°, hardly any duplicates). Radius 13 km, minimum 4,500 per 20 million points.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

RADIUS_KM = 13.0
REGIMES = ("rounded", "centroid", "rooftop")


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


def bootstrap(lat, lon, least):
    """Ten resamples of documents with three points each; the time printed is for all ten and the base."""
    from headwater.engines.clusters import Method, bootstrap_ranks, divide_documents, prepare

    rng = np.random.default_rng(7)
    document = rng.integers(0, lat.size // 3, lat.size)
    prepared = prepare(lat, lon, RADIUS_KM)
    base = prepared.cluster(min_weight=least)
    credits_ = divide_documents(document, np.zeros(lat.size // 3, np.int64))
    bootstrap_ranks(prepared, base, credits_, None, Method(least), resamples=10, rng=rng)
    return base.labels()


METHODS = {
    "headwater": by_headwater,
    "scikit-learn collapsed": by_scikit_learn_collapsed,
    "scikit-learn raw": by_scikit_learn,
    "dbscan": by_dbscan,
    "headwater + 10 resamples": bootstrap,
}


def one(method, regime, n):
    """Run one method in this process and print its figures as JSON."""
    lat, lon = world(regime, n)
    least = max(2, round(n * 4500 / 20_000_000))
    METHODS[method](lat[:3000], lon[:3000], 3)  # imports, and compiled kernels from disk
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    labels = METHODS[method](lat, lon, least)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    digest = hashlib.sha256(np.asarray(labels, np.int32).tobytes()).hexdigest()[:12]
    peak = after.ru_maxrss / 2**20
    print(json.dumps({"cpu": cpu, "wall": wall, "peak": peak, "clusters": int(labels.max()) + 1, "labels": digest}))


def measured(method, regime, n):
    done = subprocess.run(
        [sys.executable, __file__, "--one", method, regime, str(n)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        print(f"  {method:26} FAILED: {last}")
        return None
    return json.loads(done.stdout.splitlines()[-1])


def importable(name):
    return subprocess.run([sys.executable, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--full", action="store_true", help="0.1, 1, 5 and 20 million points")
    asked.add_argument("--points", type=int, help="one size instead, in points")
    asked.add_argument("--one", nargs=3, metavar=("METHOD", "REGIME", "N"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        one(given.one[0], given.one[1], int(given.one[2]))
        return
    peers = []
    for name, package in (("sklearn", "scikit-learn"), ("dbscan", "dbscan")):
        if importable(name):
            peers.append(name)
        else:
            print(f"!! {package} IS NOT IMPORTABLE, so it isn't measured. Install it with: pip install {package}\n")
    sizes = [given.points] if given.points else [100_000, 1_000_000, 5_000_000, 20_000_000] if given.full else [300_000]
    for n in sizes:
        for regime in REGIMES:
            compare(regime, n, peers, full=given.full)


def compare(regime, n, peers, *, full):
    print(f"{regime}, {n:,} points")
    methods = ["headwater"]
    if "sklearn" in peers and n <= 5_000_000:
        methods.append("scikit-learn collapsed")
        if n <= 100_000:
            methods.append("scikit-learn raw")
    if "dbscan" in peers and n <= 5_000_000:
        methods.append("dbscan")
    if full and n == 5_000_000:
        methods.append("headwater + 10 resamples")
    base = None
    for method in methods:
        found = measured(method, regime, n)
        if found is None:
            continue
        base = base or found
        same = "labels equal" if found["labels"] == base["labels"] else "LABELS DIFFER"
        print(
            f"  {method:26} {found['cpu']:8.2f} CPU s  {found['wall']:8.2f} s  peak {found['peak']:5.2f} GB  "
            f"{found['cpu'] / base['cpu']:6.1f} × CPU  {found['clusters']:5} clusters  {same}",
            flush=True,
        )


if __name__ == "__main__":
    main()
