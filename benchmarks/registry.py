"""The registry, measured: loading, import and export, the list page and the API page at two sizes, beside a peer.

    python -m benchmarks.registry [--large 1000000] [--peer-python PATH --peer-folder FOLDER]

Runs on a database of its own in the server that DATABASE_URL names (or the embedded one), and drops it at the end.
CPU is that of this process (the web side); the wall clock includes the database's.
The peer is NEMO (https://pypi.org/project/NEMO/), a Django system for booking instruments: with a Python that has it
and a folder with a settings module and a seeded database, its tool list is timed in the same run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.database import own_database, start

ROUNDS = 30
GROWN_FROM = 1_000


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """CPU and wall seconds of ``work``, and what it gave."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return time.process_time() - cpu, time.perf_counter() - wall, result


def show(what: str, *figures: str) -> None:
    print(f"{what:<52}" + "  ".join(f"{one:>16}" for one in figures), flush=True)


def page(client: Any, path: str) -> tuple[int, float, float]:
    """Queries of one request, and the median CPU and wall milliseconds of many."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    queries = len(captured)  # now: the next request empties the log
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}; nothing was measured.")
    cpus, walls = [], []
    for _round in range(ROUNDS):
        cpu, wall, _answer = timed(partial(client.get, path))
        cpus.append(1000 * cpu)
        walls.append(1000 * wall)
    return queries, statistics.median(cpus), statistics.median(walls)


def pages(sizes: str) -> dict[str, tuple[int, float, float]]:
    """The list page and the API page, plain, narrowed and far down the list."""
    from django.core.cache import caches
    from django.test import Client

    from headwater.registry.models import City, Instrument, Technique

    middle = Instrument.objects.order_by("pk").values_list("pk", flat=True)[Instrument.objects.count() // 2]
    city = City.objects.filter(instruments__isnull=False).order_by("pk").values_list("code", flat=True)[0]
    technique = (
        Technique.objects.filter(instrument_links__isnull=False).order_by("pk").values_list("code", flat=True)[0]
    )
    found = {}
    client = Client(HTTP_HOST="localhost")
    for name, path in (
        ("home page", "/"),
        ("list page", "/instruments/"),
        ("list page, half way down", f"/instruments/?at=-100_0_{middle}"),
        ("list page, one city", f"/instruments/?city={city}"),
        ("list page, one technique", f"/instruments/?technique={technique}"),
        ("API page of 50", "/api/v1/instruments"),
        ("API page of 50, one city", f"/api/v1/instruments?city={city}"),
    ):
        caches["local"].clear()
        found[name] = page(client, path)
        queries, cpu, wall = found[name]
        show(f"{name}, {sizes}", f"{queries} queries", f"{cpu:.1f} ms CPU", f"{wall:.1f} ms wall")
    return found


def grow(to: int) -> None:
    """Copy made-up instruments inside the database until there are ``to``; for measuring only."""
    from django.db import connection

    from headwater.registry.models import Instrument

    columns = [
        one.column for one in Instrument._meta.concrete_fields if one.column not in ("id", "public_id", "local_id")
    ]
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        while (have := Instrument.objects.count()) < to:
            cursor.execute(
                f"INSERT INTO registry_instrument (public_id, local_id, {names}) "
                f"SELECT 'ins_b' || md5(id || '-' || %s), 'B' || id || '-' || %s, {names} FROM registry_instrument "
                "WHERE local_id <> '' ORDER BY id LIMIT %s",
                [str(have), str(have), to - have],
            )
            cursor.execute(
                "INSERT INTO registry_instrumenttechnique (instrument_id, technique_id, rank) "
                "SELECT i.id, (SELECT technique_id FROM registry_instrumenttechnique WHERE rank = 0 "
                "OFFSET i.id % 500 LIMIT 1), 0 FROM registry_instrument i "
                "WHERE NOT EXISTS (SELECT FROM registry_instrumenttechnique l WHERE l.instrument_id = i.id)"
            )
        cursor.execute("VACUUM ANALYZE registry_instrument")
        cursor.execute("VACUUM ANALYZE registry_instrumenttechnique")


def shrink(to: int) -> None:
    from headwater.catalogue.models import Entry
    from headwater.registry.models import Instrument, InstrumentTechnique

    keep = Instrument.objects.order_by("pk").values("pk")[:to]
    Entry.objects.exclude(instrument_id__in=keep)._raw_delete("default")
    InstrumentTechnique.objects.exclude(instrument_id__in=keep).delete()
    Instrument.objects.exclude(pk__in=keep)._raw_delete("default")


def load() -> None:
    """The region's 56,000 instruments and all its facts, from files to committed rows."""
    from headwater.registry import loading
    from headwater.registry.models import Instrument

    cpu, wall, _region = timed(lambda: loading.load("yrd"))
    rows = Instrument.objects.count()
    show(f"load of the region, {rows:,} instruments", f"{wall:.1f} s", f"{rows / wall:,.0f} rows/s", f"{cpu:.1f} s CPU")


def exchange() -> None:
    """Files in and out: new rows, the same again, and every form written."""
    from benchmarks.exchange import measure

    for figure in measure():
        rate = f"{figure.rows / figure.wall_s:,.0f} rows/s"
        show(f"{figure.what}, {figure.rows:,} rows", f"{figure.wall_s:.1f} s", rate, f"{figure.cpu_s:.1f} s CPU")


def peer(python: str, folder: str) -> None:
    """NEMO's page of tools and its API's, in its own process, on its own seeded database."""
    script = (
        "import django,time,statistics;django.setup()\n"
        "from django.db import connection;from django.test import Client\n"
        "from django.test.utils import CaptureQueriesContext;from django.contrib.auth import get_user_model\n"
        "from NEMO.models import Tool\n"
        "u=get_user_model().objects.first();u.is_superuser=u.is_staff=True;u.save()\nc=Client();c.force_login(u)\n"
        "n=Tool.objects.count()\n"
        "for name,path in (('page with the tool list','/calendar/'),('API page of 1000 tools','/api/tools/')):\n"
        "  with CaptureQueriesContext(connection) as log: r=c.get(path)\n"
        "  q,t=len(log),[]\n"
        "  for _ in range(3):\n"
        "    b=time.process_time();c.get(path);t.append(1000*(time.process_time()-b))\n"
        "  print(f'{name}, {n} tools|{r.status_code}|{q}|{statistics.median(t):.1f}')\n"
    )
    done = subprocess.run(
        [python, "-c", script],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": folder, "DJANGO_SETTINGS_MODULE": "nemo_settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"The peer could not be measured: {done.stderr.strip().splitlines()[-1:]}")
    for line in done.stdout.splitlines():
        name, status, queries, cpu = line.split("|")
        show(f"NEMO: {name} ({status})", f"{queries} queries", f"{cpu} ms CPU")


def main() -> None:
    """Measure everything and print it."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--large", type=int, default=1_000_000, help="The size of the large catalogue.")
    parse.add_argument("--peer-python", default="", help="A Python with NEMO installed.")
    parse.add_argument("--peer-folder", default="", help="A folder with nemo_settings.py and its seeded database.")
    given = parse.parse_args()
    start()
    with own_database():
        load()
        exchange()
        small = _at(GROWN_FROM, shrink)
        large = _at(given.large, grow)
        print("\nlarge against small, CPU")
        for what, (queries, cpu, _wall) in large.items():
            same = "same queries" if queries == small[what][0] else f"{small[what][0]} → {queries} queries"
            show(what, f"{cpu / small[what][1]:.2f} ×", same)
    if given.peer_python:
        peer(given.peer_python, given.peer_folder)
    else:
        print("\nNo peer was measured: give --peer-python and --peer-folder.")


def _at(size: int, change: Callable[[int], None]) -> dict[str, tuple[int, float, float]]:
    from headwater.catalogue.actions.index import reindex, repack

    change(size)
    reindex()
    repack()
    print()
    return pages(f"{size:,}")


if __name__ == "__main__":
    sys.exit(main())
