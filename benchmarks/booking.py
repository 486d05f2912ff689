"""The one calendar, measured: queries and CPU of a booking and of calendars, the race, bookings a second, free time.

    python -m benchmarks.booking [--rounds 10000] [--reservations 5000000] [--instruments 56000] [--seconds 5]
                                 [--peer-python PATH --peer-folder FOLDER] [--keep] [--filled]

Runs on a database of its own in the server that DATABASE_URL names (or the embedded one, with fsync on), and drops it
at the end. CPU is that of this process (the web side); the wall clock includes the database's. The peer is NEMO
(https://pypi.org/project/NEMO/): with a Python that has it and a folder with a settings module and a seeded database of
200 tools and 20,000 reservations, its own views do the same in the same run. The race is two users on one slot there,
threads in one process; here eight processes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from benchmarks.database import own_database, start

ROOT = Path(__file__).resolve().parents[1]
WRITERS = 8
WEEK = timedelta(days=7)
NEMO = r"""
import django, time, statistics, calendar, json, random, threading; django.setup()
from datetime import timedelta
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from NEMO.models import Tool, User, Reservation
random.seed(11)
users = list(User.objects.filter(username__startswith='u').order_by('id')[:40])
tools = list(Tool.objects.order_by('id')[:200])
clients = []
for user in users:
    client = Client(); client.force_login(user); client.get('/calendar/'); clients.append(client)
def epoch(at): return str(calendar.timegm(at.timetuple()))
def ask():
    start = timezone.localtime().replace(minute=random.choice([0, 30]), second=0, microsecond=0)
    start += timedelta(days=random.randint(1, 50), hours=random.randint(0, 23))
    end = start + timedelta(minutes=30)
    return {'start': epoch(start), 'end': epoch(end), 'item_type': 'tool', 'item_id': random.choice(tools).id}
queries, cpu = [], []
while len(cpu) < 100:
    client, body = random.choice(clients), ask()
    if len(queries) < 20:
        with CaptureQueriesContext(connection) as seen:
            answer = client.post('/create_reservation/', body)
        if answer.status_code == 200 and not answer.content: queries.append(len(seen))
        continue
    begun = time.process_time(); answer = client.post('/create_reservation/', body); took = time.process_time() - begun
    if answer.status_code == 200 and not answer.content: cpu.append(1000 * took)
print(f'create a booking|{statistics.median(queries):.0f}|{statistics.median(cpu):.2f}|1')
def feed(name, rounds, **more):
    # The seeded reservations lie around the day of seeding: the week that holds most of them.
    first = Reservation.objects.order_by('-start').values_list('start', flat=True)[10000].date()
    asked = {'event_type': 'reservations', 'start': str(first), 'end': str(first + timedelta(days=7)), **more}
    with CaptureQueriesContext(connection) as seen:
        answer = clients[0].get('/event_feed/', asked)
    queries, cpu = len(seen), []
    for _ in range(rounds):
        begun = time.process_time(); clients[0].get('/event_feed/', asked)
        cpu.append(1000 * (time.process_time() - begun))
    print(f'{name}|{queries}|{statistics.median(cpu):.2f}|{len(json.loads(answer.content))}')
feed('one instrument, one week', 20, item_type='tool', item_id=tools[3].id)
feed('all instruments, one week', 3, item_type='tool', all_tools='yes')
base = timezone.localtime().replace(hour=0, minute=5, second=0, microsecond=0) + timedelta(days=52)
double = 0
for number in range(40):
    tool, start = tools[number % 200], base
    Reservation.objects.filter(tool=tool, start__gte=base - timedelta(hours=3)).delete()
    body = {'start': epoch(start), 'end': epoch(start + timedelta(minutes=30)), 'item_type': 'tool', 'item_id': tool.id}
    gate = threading.Barrier(2)
    def go(client):
        gate.wait()
        try: client.post('/create_reservation/', body)
        finally: connections.close_all()
    threads = [threading.Thread(target=go, args=(clients[k],)) for k in (0, 1)]
    [one.start() for one in threads]; [one.join() for one in threads]
    double += Reservation.objects.filter(tool=tool, cancelled=False, start=start).count() > 1
print(f'contested slots booked twice, of 40|0|0|{double}')
"""


def show(what: str, *figures: str) -> None:
    print(f"{what:<58}" + "  ".join(f"{one:>18}" for one in figures), flush=True)


def median_cpu(work: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """The median CPU and wall milliseconds of ``work``."""
    cpus, walls = [], []
    for _round in range(rounds):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        cpus.append(1000 * (time.process_time() - cpu))
        walls.append(1000 * (time.perf_counter() - wall))
    return statistics.median(cpus), statistics.median(walls)


# The same as the peer: 200 instruments, 20,000 reservations -----------------------------------------------------
def people(count: int) -> list[Any]:
    from tests.factories import make_user

    return [make_user() for _one in range(count)]


def instruments(count: int) -> list[int]:
    """So many instruments in one city, by COPY's like; for measuring only."""
    from django.db import connection
    from tests.factories import make_instrument

    first = make_instrument()
    names = [
        one.column for one in first._meta.concrete_fields if one.column not in ("id", "public_id", "local_id", "pid")
    ]
    listed = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO registry_instrument (public_id, local_id, {listed}) "
            f"SELECT 'ins_b' || n, 'B' || n, {listed} FROM registry_instrument, generate_series(2, %s) AS n "
            "WHERE id = %s",
            [count, first.pk],
        )
        cursor.execute("ANALYZE registry_instrument")
        cursor.execute("SELECT id FROM registry_instrument ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def fill(ids: list[int], count: int, holder: int, start: datetime, days: int, *, zipf: bool) -> float:
    """So many reservations that never overlap, by COPY, more of them on popular instruments; seconds it took."""
    import numpy as np
    from django.db import connection

    rng = np.random.default_rng(7)
    weights = 1 / np.arange(1, len(ids) + 1) ** 0.6 if zipf else np.ones(len(ids))
    shares = np.minimum(rng.multinomial(count, weights / weights.sum()), days * 10)  # up to ten a day
    begun, now, base = time.perf_counter(), datetime.now(UTC).isoformat(), int(start.timestamp())
    columns = (
        "public_id, instrument_id, span, occupied, kind, state, holder_id, project, note, reference, terms, late,"
        " sequence, version, created_at, updated_at"
    )
    serial = 0
    with connection.cursor() as cursor:
        sql = f"COPY booking_reservation ({columns}) FROM STDIN"
        with cursor.copy(sql) as copy:
            for pk, share in zip(ids, shares.tolist(), strict=True):
                lines = []
                # A tenth of a day each, of it one to two hours.
                for slot in np.sort(rng.choice(days * 10, size=share, replace=False)).tolist():
                    begins = base + slot * 8640
                    span = f"[{_utc(begins)},{_utc(begins + 3600 + 900 * (serial % 5))})"
                    serial += 1
                    lines.append(
                        f"res_b{serial}\t{pk}\t{span}\t{span}\tbooking\tconfirmed\t{holder}\t\t\t\t{{}}\tf\t0\t1\t{now}\t{now}\n"
                    )
                copy.write("".join(lines))
    return time.perf_counter() - begun


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S+00")


def pages(peer: dict[str, tuple[int, float, int]]) -> None:
    """Create, one week, all weeks: queries and CPU beside the peer's."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from tests.booking.made import ALWAYS
    from tests.factories import make_region, make_token

    from headwater.booking.models import Policy, Qualification
    from headwater.booking.policies import DEFAULT_TERMS, TERMS
    from headwater.registry.models import Instrument

    make_region()
    ids, users = instruments(200), people(40)
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=60)
    fill(ids, 20_000, users[0].pk, start, 120, zipf=False)
    now = datetime.now(UTC)
    values = {name: getattr(DEFAULT_TERMS, name) for name in TERMS}
    values |= {"approval_for": [], "needs_qualification": True, "person_week_minutes": 100_000, "max_minutes": 720}
    owner = Instrument.objects.get(pk=ids[0]).owner
    Policy.objects.create(owner=owner, since=start, hours=ALWAYS, made_at=now, **values)
    Qualification.objects.bulk_create(
        Qualification(user=user, instrument_id=pk, granted_at=start) for user in users for pk in ids
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    names = dict(Instrument.objects.values_list("pk", "public_id"))
    rng = random.Random(11)
    tokens = [make_token(user, scopes=("read", "write"))[1] for user in users]
    clients = [(Client(HTTP_HOST="localhost"), {"Authorization": f"Bearer {token}"}) for token in tokens]

    def create() -> bool:
        client, headers = rng.choice(clients)
        begins = now.replace(minute=0, second=0, microsecond=0) + timedelta(minutes=30 * rng.randrange(48, 50 * 48))
        body = {
            "instrument": names[rng.choice(ids)],
            "start": begins.isoformat(),
            "end": (begins + timedelta(minutes=30)).isoformat(),
        }
        answer = client.post("/api/v1/bookings", json.dumps(body), content_type="application/json", headers=headers)
        return answer.status_code == 201

    for _warm in range(60):
        create()
    queries = []
    while len(queries) < 20:
        with CaptureQueriesContext(connection) as seen:
            made = create()
        if made:
            queries.append(len(seen))
    cpus, walls = [], []
    while len(cpus) < 200:
        cpu, wall = time.process_time(), time.perf_counter()
        if create():
            cpus.append(1000 * (time.process_time() - cpu))
            walls.append(1000 * (time.perf_counter() - wall))
    _beside(
        "create a booking", int(statistics.median(queries)), statistics.median(cpus), statistics.median(walls), 1, peer
    )
    client, headers = clients[0]
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0)
    # As wide as the peer's: 20,000 reservations over 120 days are some 1,170 a week.
    window = f"start={monday:%Y-%m-%dT%H:%M:%SZ}&end={monday + WEEK:%Y-%m-%dT%H:%M:%SZ}"
    for what, path, rounds in (
        ("one instrument, one week", f"/api/v1/calendar?{window}&instrument={names[ids[3]]}", 100),
        (
            "one instrument, one week, with hours and whose it is",
            f"/api/v1/instruments/{names[ids[3]]}/calendar?{window}",
            100,
        ),
        ("all instruments, one week", f"/api/v1/calendar?{window}", 20),
    ):
        with CaptureQueriesContext(connection) as seen:
            answer = client.get(path, headers=headers)
        count = len(seen)
        cpu, wall = median_cpu(partial(client.get, path, headers=headers), rounds)
        _beside(what, count, cpu, wall, len(answer.json()["taken"]), peer)


def _beside(
    what: str, queries: int, cpu: float, wall: float, entries: int, peer: dict[str, tuple[int, float, int]]
) -> None:
    show(what, f"{queries} queries", f"{cpu:.2f} ms CPU", f"{wall:.2f} ms wall", f"{entries} entries")
    if what in peer and peer[what][0]:
        theirs = peer[what]
        show(f"  NEMO: {what}", f"{theirs[0]} queries", f"{theirs[1]:.2f} ms CPU", "", f"{theirs[2]} entries")
        show("  ours of theirs", f"{queries / theirs[0]:.2f}", f"{cpu / theirs[1]:.3f}")


def measured_peer(python: str, folder: str) -> dict[str, tuple[int, float, int]]:
    """NEMO's own views in a process of its own, on its own seeded database."""
    done = subprocess.run(
        [python, "-c", NEMO],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": folder, "DJANGO_SETTINGS_MODULE": "nemo_settings"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    if done.returncode:
        print(f"The peer could not be measured: {done.stderr.strip().splitlines()[-1:]}")
    rows = [line.split("|") for line in done.stdout.splitlines() if line.count("|") == 3]
    return {name: (int(queries), float(cpu), int(count)) for name, queries, cpu, count in rows}


# The race, and how many a second --------------------------------------------------------------------------------
def environment(**more: str) -> dict[str, str]:
    """What a process of ours needs to work on the measured database."""
    from django.db import connection

    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}:{parts['PASSWORD']}@/{parts['NAME']}?host={parts['HOST']}"
    if parts["PORT"]:
        url += f"&port={parts['PORT']}"
    return {
        **os.environ,
        "DATABASE_URL": url,
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "PYTHONWARNINGS": "ignore",
        **more,
    }


def storm(act: str, plan: dict[str, Any], argument: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="headwater-storm-"))
    (folder / "plan.json").write_text(json.dumps(plan))
    command = [sys.executable, "-m", "tests.booking.storm", act, str(folder), argument]
    subprocess.run(command, check=True, env=environment(), cwd=ROOT)
    return folder


def race(rounds: int, peer: dict[str, tuple[int, float, int]]) -> None:
    """Eight processes on one slot, so many rounds: exactly one may win each."""
    from tests.booking.made import make_lab

    lab = make_lab()
    lab.policy(horizon_days=3660)
    plan = {"instruments": [lab.instrument.public_id], "users": [one.email for one in people(WRITERS)]}
    begun = time.perf_counter()
    folder = storm("contest", plan, str(rounds))
    took = time.perf_counter() - begun
    answers = [(folder / f"answers-{number}").read_text().splitlines() for number in range(WRITERS)]
    wins = Counter(sum(one[this].split()[1] == "won" for one in answers) for this in range(rounds))
    told = sum("booking.taken" in line for one in answers for line in one)
    show(f"contested slots booked twice, of {rounds:,}, 8 processes", str(sum(n for won, n in wins.items() if won > 1)))
    show("  slots nobody got", str(wins[0]), f"{told:,} refusals", f"{rounds / took:,.0f} rounds/s")
    if (theirs := peer.get("contested slots booked twice, of 40")) is not None:
        show("  NEMO: contested slots booked twice, of 40, 2 threads", str(theirs[2]))


def rates(seconds: float) -> None:
    """Bookings a second, by action and by HTTP, spread and on one instrument, beside PostgreSQL's constraint alone."""
    from tests.booking.made import make_lab
    from tests.factories import make_token

    from headwater.booking.models import Reservation
    from headwater.registry.models import Instrument

    lab = make_lab()
    lab.policy(horizon_days=3660)
    many = list(Instrument.objects.filter(public_id__startswith="ins_b").values_list("public_id", flat=True)[:5000])
    Instrument.objects.filter(public_id__in=many).update(owner=lab.instrument.owner)
    lab.instrument.policies.update(instrument=None, owner=lab.instrument.owner)
    users = people(WRITERS)
    plan = {"users": [one.email for one in users]}
    ways = (("spread over instruments", many), ("all on one", [lab.instrument.public_id]))
    for what, names in ways:
        folder = storm("book", {**plan, "instruments": names}, str(seconds))
        _counted(f"through the action, 8 processes, {what}", folder, seconds)
    plan["tokens"] = [make_token(one, scopes=("read", "write"))[1] for one in users]
    with served() as (address, workers):
        for what, names in ways:
            Reservation.objects.all().delete()
            folder = storm("call", {**plan, "instruments": names, "address": address}, str(seconds))
            _counted(f"through HTTP, 8 clients, {workers}, {what}", folder, seconds)
    for what, count in (("spread over instruments", 5000), ("all on one", 1)):
        booked, asked = _alone(seconds, count)
        show(
            f"PostgreSQL's constraint alone, 8 processes, {what}", f"{booked:,.0f} booked/s", f"{asked:,.0f} decided/s"
        )


def _counted(what: str, folder: Path, seconds: float) -> None:
    found = [json.loads((folder / f"counted-{number}.json").read_text()) for number in range(WRITERS)]
    times = sorted(one for each in found for one in each["times"])
    booked = sum(one["booked"] for one in found)
    asked = booked + sum(one["refused"] for one in found)
    show(
        what,
        f"{booked / seconds:,.0f} booked/s",
        f"{asked / seconds:,.0f} decided/s",
        f"p50 {1000 * statistics.median(times):.1f} ms",
        f"p95 {1000 * times[int(0.95 * len(times))]:.1f} ms",
    )


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """The web server as an operator starts it, on the measured database: its address, and how many workers it has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    web = subprocess.Popen(
        [sys.executable, "-m", "headwater.site.commands.serve", "--bind", bind],
        env=environment(HEADWATER_LOG_LEVEL="ERROR"),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _try in range(300):
            with suppress(OSError), urllib.request.urlopen(f"http://{bind}/healthz", timeout=1):
                break
            time.sleep(0.1)
        else:
            raise SystemExit("The web server did not start.")
        yield f"http://{bind}", f"{len(psutil.Process(web.pid).children())} workers"
    finally:
        web.terminate()
        web.wait(timeout=60)


def _alone(seconds: float, instruments_count: int) -> tuple[float, float]:
    """Bare inserts into a table of two columns with the same constraint: what the database gives at most."""
    import psycopg
    from django.db import connection

    parts = connection.settings_dict
    link = {"host": parts["HOST"], "dbname": parts["NAME"], "user": parts["USER"]}
    link |= {name: parts[key] for name, key in (("password", "PASSWORD"), ("port", "PORT")) if parts[key]}
    with psycopg.connect(**link, autocommit=True) as one:
        one.execute("DROP TABLE IF EXISTS bare")
        one.execute(
            "CREATE TABLE bare (id bigserial PRIMARY KEY, i bigint, t tstzrange,"
            " EXCLUDE USING gist (int8range(i, i, '[]') WITH &&, t WITH &&))"
        )
    forked = multiprocessing.get_context("fork")
    queue: Any = forked.Queue()
    workers = [
        forked.Process(target=_insert, args=(link, seconds, instruments_count, n, queue)) for n in range(WRITERS)
    ]
    for one in workers:
        one.start()
    found = [queue.get(timeout=seconds + 60) for _one in workers]
    for one in workers:
        one.join()
    return sum(one[0] for one in found) / seconds, sum(sum(one) for one in found) / seconds


def _insert(link: dict[str, Any], seconds: float, count: int, number: int, queue: Any) -> None:
    import psycopg

    rng, booked, refused = random.Random(number), 0, 0
    start = datetime(2026, 6, 1, tzinfo=UTC)
    with psycopg.connect(**link, autocommit=True) as one:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            begins = start + timedelta(minutes=15 * rng.randrange(180 * 96))
            ends = begins + timedelta(minutes=30 * rng.randint(1, 8))
            try:
                one.execute(
                    "INSERT INTO bare (i, t) VALUES (%s, tstzrange(%s, %s))", [rng.randrange(count), begins, ends]
                )
                booked += 1
            except psycopg.errors.ExclusionViolation:
                refused += 1
            except psycopg.errors.DeadlockDetected:
                refused += 1
    queue.put((booked, refused))


# Soonest free time ----------------------------------------------------------------------------------------------
def free_time(count: int, reservations: int, *, filled: bool = False) -> None:
    """The soonest free span for 200 hits, at a tenth of the reservations and at all of them, or as it was filled."""
    from django.db import connection

    from headwater.booking.finding import soonest
    from headwater.registry.models import Instrument

    if filled:
        ids = list(Instrument.objects.order_by("pk").values_list("pk", flat=True))
    else:
        ids, holder = instruments(count), people(1)[0].pk
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=180)
    rng = random.Random(5)
    for size in (0,) if filled else (reservations // 10, reservations):
        took = 0.0
        with connection.cursor() as cursor:
            if not filled:
                cursor.execute("TRUNCATE booking_reservation CASCADE")
                took = fill(ids, size, holder, start, 365, zipf=True)
                cursor.execute("VACUUM ANALYZE booking_reservation")
            cursor.execute("SELECT count(*) FROM booking_reservation")
            have = cursor.fetchone()[0]
        now = datetime.now(UTC)
        for popular in (False, True):
            # Hits of a search: any instruments, or the most asked for, whose calendars are the fullest.
            hits = [rng.sample(ids[:2000] if popular else ids, 200) for _one in range(100)]
            soonest(hits[0], 120, at=now)
            walls, cpus = [], []
            for one in hits:
                cpu, wall = time.process_time(), time.perf_counter()
                soonest(one, 120, at=now)
                walls.append(1000 * (time.perf_counter() - wall))
                cpus.append(1000 * (time.process_time() - cpu))
            walls.sort()
            show(
                f"soonest free span, 200 {'popular ' if popular else ''}hits, {have:,} reservations",
                f"p50 {statistics.median(walls):.1f} ms",
                f"p95 {walls[94]:.1f} ms",
                f"{statistics.median(cpus):.1f} ms CPU",
                f"loaded in {took:.0f} s",
            )


def main() -> None:
    """Measure everything and print it."""
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--rounds", type=int, default=10_000, help="Rounds of the race.")
    parse.add_argument("--seconds", type=float, default=5.0, help="How long each storm lasts.")
    parse.add_argument("--reservations", type=int, default=5_000_000)
    parse.add_argument("--instruments", type=int, default=56_000)
    parse.add_argument("--only", default="pages,race,rates,free", help="Which parts, joined by commas.")
    parse.add_argument("--keep", action="store_true", help="Leave the database there, for --filled.")
    parse.add_argument("--filled", action="store_true", help="Free time on the database that an earlier run kept.")
    parse.add_argument("--peer-python", default="", help="A Python with NEMO installed.")
    parse.add_argument("--peer-folder", default="", help="A folder with nemo_settings.py and its seeded database.")
    given = parse.parse_args()
    start()
    peer = measured_peer(given.peer_python, given.peer_folder) if given.peer_python else {}
    if not peer:
        print("No peer was measured: give --peer-python and --peer-folder.\n")
    parts = {
        "pages": partial(pages, peer),
        "race": partial(race, given.rounds, peer),
        "rates": partial(rates, given.seconds),
        "free": partial(free_time, given.instruments, given.reservations, filled=given.filled),
    }
    for part in given.only.split(","):
        with own_database(filled=given.filled, keep=given.keep):
            if part == "rates":
                instruments(5_000)
            parts[part]()


if __name__ == "__main__":
    sys.exit(main())
