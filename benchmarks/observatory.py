"""The full catalogue of indicators over many documents, and OpenAlex's JSON lines in.

    python benchmarks/observatory.py              1 million documents, 40 MB of works (a minute)
    python benchmarks/observatory.py --full       10 million documents (goal: under 60 s), 400 MB of works

The region is a made-up one of 41 cities; nothing is read from a database. Beside the intake stands the plain reading
of the same lines by ``json.loads``, its lower bound, and beside the catalogue DuckDB's own count of the addresses.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.site.settings")
os.environ.setdefault("HEADWATER_HOME", tempfile.mkdtemp(prefix="headwater-benchmark-"))

CHUNK = 500_000


def django():
    """The catalogue's texts are translations, so Django must be set up; its database is never asked."""
    import django as framework

    framework.setup()


def snapshot():
    from headwater.observatory.records import Snapshot

    rng = np.random.default_rng(1)
    cities = [
        {
            "code": f"city-{k}",
            "name_en": f"City {k}",
            "name_zh": f"城{k}",
            "jurisdiction": f"J{k % 4}",
            "lat": float(rng.uniform(28, 34)),
            "lon": float(rng.uniform(116, 122)),
            "population": int(rng.integers(1e6, 2e7)),
            "population_year": 2020,
            "area_km2": 8000.0,
            "synthetic": False,
        }
        for k in range(41)
    ]
    zone = {"kind": "park", "area_km2": 20.0, "area_as_of": "", "area_verified": True, "lat": 31.0, "lon": 121.0}
    named = {"name_en": "x", "name_zh": "x", "synthetic": False}
    return Snapshot(
        region={
            **named,
            "code": "none",
            "country": "CN",
            "currency": "CNY",
            "bounds": [114, 26, 124, 36],
            "rail": [],
            "digest": "",
        },
        jurisdictions=[{**named, "code": f"J{k}", "kind": "province"} for k in range(4)],
        cities=cities,
        zones=[
            {**named, **zone, "code": "park", "cities": ["city-0"]},
            {**named, **zone, "code": "corridor", "kind": "corridor", "cities": [f"city-{k}" for k in range(9)]},
        ],
        facilities=[
            {
                **named,
                "code": "source",
                "city": "city-0",
                "status": "operating",
                "field": "laser",
                "lat": None,
                "lon": None,
                "verified": True,
            }
        ],
        organisations=[],
        instruments=[{"city": "city-0", "access": "booking", "status": "operating", "synthetic": False, "count": 10}],
        ties=[],
        figures=[],
        as_of="2026-01-01",
    )


def fill(store, record, documents):
    """The made-up world, with as many documents, in parts of half a million."""
    from headwater.observatory import world
    from headwater.observatory.tables import TABLES

    rng = np.random.default_rng(2)
    abroad = [(f"Abroad {k}", float(rng.uniform(-40, 60)), float(rng.uniform(-120, 100)), "XX", 1e6) for k in range(60)]
    made = world.Record("CN", record.cities, record.zones, record.facilities, abroad)
    small = world.make_world(made, documents=1000, seed=1)
    for name, rows in small.tables.items():
        if name not in ("documents", "addresses"):
            store.put(name, "world", rows)
    for number in range(max(1, documents // CHUNK)):
        size = min(CHUNK, documents)
        papers, addresses = world._documents(made, small.centres, size, np.random.default_rng(number))
        for name, columns, key in (("documents", papers, "key"), ("addresses", addresses, "document")):
            columns[key] = columns[key] + number * CHUNK
            with store.writing(name, f"part-{number:03}") as writer:
                kinds = {field.name: field.type for field in TABLES[name]}
                rows = {one: world._column(values, kinds[one]) for one, values in columns.items()}
                rows["synthetic"] = pa.array(np.ones(len(rows[key]), bool))
                writer.write(pa.table(rows))


def catalogue(folder, documents):
    from headwater.observatory import evaluate
    from headwater.observatory.indicators import CATALOGUE
    from headwater.observatory.records import Records
    from headwater.observatory.store import Store
    from headwater.observatory.subjects import Period

    record, store = snapshot(), Store(folder)
    begun = time.perf_counter()
    fill(store, record, documents)
    print(f"made {documents:,} documents in {time.perf_counter() - begun:.0f} s", flush=True)
    records = Records(record, store, store.parts())
    period = Period(date(2024, 1, 1), date(2025, 1, 1))
    begun = time.perf_counter()
    (addresses,) = records.one("SELECT count(*) FROM addresses WHERE lat IS NOT NULL AND date >= DATE '2024-01-01'")
    counted = time.perf_counter() - begun
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    begun = time.perf_counter()
    taken = []
    for key in ("region", "jurisdiction:J0", "city:city-0", "zone:park", "zone:corridor", "facility:source"):
        subject = records.subject(key)
        for code, indicator in CATALOGUE.items():
            if subject.kind in indicator.subjects:
                before = time.perf_counter()
                evaluate.evaluate(records, code, subject, period)
                taken.append((time.perf_counter() - before, f"{code} of {key}"))
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
    print(
        f"full catalogue, six subjects, {len(taken)} figures over {addresses:,} addresses of 2024: {wall:.1f} s "
        f"({used:.1f} CPU s), peak {after.ru_maxrss / 2**20:.2f} GB; one count of them by DuckDB alone {counted:.2f} s"
    )
    for seconds, name in sorted(taken, reverse=True)[:5]:
        print(f"  {seconds:6.2f} s  {name}")


def works(path, megabytes):
    """Works in OpenAlex's shape until the lines reach that size; how many bytes there are."""
    rng = np.random.default_rng(3)
    size = 0
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        number = 0
        while size < megabytes * 1e6:
            number += 1
            row = {
                "id": f"https://openalex.org/W{number}",
                "doi": f"https://doi.org/10.1000/{number}",
                "title": "A title of an ordinary length about an ordinary matter of materials",
                "publication_date": "2024-05-06",
                "publication_year": 2024,
                "type": "article",
                "is_retracted": False,
                "primary_location": {
                    "source": {"id": "https://openalex.org/S1", "issn_l": "0028-0836", "display_name": "J"}
                },
                "primary_topic": {"id": "https://openalex.org/T1", "field": {"display_name": "Materials Science"}},
                "abstract_inverted_index": {f"word{k}": [k] for k in range(60)},
                "referenced_works": [f"https://openalex.org/W{k}" for k in range(30)],
                "authorships": [
                    {
                        "author_position": "first" if k == 0 else "middle",
                        "is_corresponding": k == 0,
                        "author": {"id": f"https://openalex.org/A{number}{k}", "display_name": "Somebody"},
                        "institutions": [
                            {"id": f"https://openalex.org/I{int(i)}", "display_name": "Institute", "country_code": "CN"}
                        ],
                        "raw_affiliation_strings": ["Department of Matters, Institute, City, Country"],
                    }
                    for k, i in enumerate(rng.integers(1, 5000, 5))
                ],
            }
            line = json.dumps(row) + "\n"
            size += len(line)
            file.write(line)
    return size, number


def intake(folder, megabytes):
    from headwater.observatory.intake import openalex
    from headwater.observatory.intake.base import Job, take_in
    from headwater.observatory.store import Store

    path = folder / "works.jsonl.gz"
    size, number = works(path, megabytes)
    known = {f"I{k}": (31.0, 121.0, "CN", "city-0") for k in range(5000)}
    before = time.process_time()
    with gzip.open(path) as lines:
        for line in lines:
            json.loads(line)
    plain = time.process_time() - before
    before, begun = time.process_time(), time.perf_counter()
    job = Job("works", [path], openalex.works(known), ("documents", "addresses"))
    outcome = take_in(Store(folder / "store"), job, rejects=None, progress=lambda *_told: None)
    cpu, wall = time.process_time() - before, time.perf_counter() - begun
    assert outcome.rows["documents"] == number
    print(
        f"OpenAlex in: {number:,} works, {size / 1e6:.0f} MB of lines: {size / 1e6 / cpu:.0f} MB/s of CPU time "
        f"({size / 1e6 / wall:.0f} MB/s by the wall clock), {cpu / plain:.1f} × json.loads alone"
    )


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--full", action="store_true", help="10 million documents, 400 MB")
    asked.add_argument("--documents", type=int, help="another number of documents")
    given = asked.parse_args()
    django()
    with tempfile.TemporaryDirectory() as folder:
        intake(Path(folder), 400 if given.full else 40)
    with tempfile.TemporaryDirectory() as folder:
        catalogue(Path(folder), given.documents or (10_000_000 if given.full else 1_000_000))


if __name__ == "__main__":
    main()
