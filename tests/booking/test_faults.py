"""What must hold when many processes write at once, and when they are killed: real processes, a real server.

HEADWATER_ROUNDS and HEADWATER_STORM_S make the contest and the storm longer; `benchmarks.booking` runs 10,000 rounds.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import requests
from django.db import connection
from tests.booking.made import make_lab
from tests.booking.shared import make_house
from tests.booking.storm import slot
from tests.factories import make_member, make_organisation, make_user

from headwater.booking.models import Reservation
from headwater.site import embedded, pgsql

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("HEADWATER_ROUNDS", "150"))
LIMIT_STORM_S = float(os.environ.get("HEADWATER_STORM_S", "3"))
STORM_S = float(os.environ.get("HEADWATER_STORM_S", "12"))
OVERLAPS = """
    SELECT count(*) FROM booking_reservation a JOIN booking_reservation b
    ON a.instrument_id = b.instrument_id AND a.id < b.id AND a.occupied && b.occupied
    WHERE a.state IN ('requested', 'confirmed', 'in_use', 'used')
      AND b.state IN ('requested', 'confirmed', 'in_use', 'used')
"""


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", **more}


def run(*arguments: str, **more: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], check=True, env=environment(**more), cwd=ROOT, timeout=600)


# Eight writers on one slot --------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_eight_processes_on_one_slot_one_wins_and_all_others_are_told_why(tmp_path):
    lab = make_lab()
    lab.policy(horizon_days=3660)
    users = [make_user().email for _one in range(8)]
    plan = {"instruments": [lab.instrument.public_id], "users": users}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}@/{parts['NAME']}?host={parts['HOST']}"
    run("tests.booking.storm", "contest", str(tmp_path), str(ROUNDS), DATABASE_URL=url)
    answers = [(tmp_path / f"answers-{number}").read_text().split("\n")[:ROUNDS] for number in range(8)]
    for this in range(ROUNDS):
        said = [one[this].split()[1:] for one in answers]
        assert Counter(one[0] for one in said) == {"won": 1, "lost": 7}, (this, said)
        assert all("booking.taken" in one for one in said if one[0] == "lost"), (this, said)
    spans = [(row.start, row.end) for row in Reservation.objects.order_by("span")]
    assert spans == [slot(this) for this in range(ROUNDS)]


# Eight writers on eight instruments, for what is left of a limit that counts together ----------------------------
LIMIT_ROUNDS = max(10, ROUNDS // 15)
LIMIT_H = 3


def _deadlocks() -> int:
    """How many deadlocks PostgreSQL has broken in this database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def _limited(who: str) -> dict[str, list[str]]:
    """Eight people (one where it is a person's limit) on eight instruments whose limits count together."""
    house = make_house(8)
    people = [make_user() for _one in range(1 if who == "person" else 8)]
    team = make_organisation()
    for one in people if who == "organisation" else ():
        make_member(one, team, "member")
    if who == "group":
        house.group("A", *people)
    limit = {f"{who}_week_minutes": 60 * LIMIT_H}
    house.policy(limits_together=True, horizon_days=3660, hold_minutes=1, **limit)
    emails = [one.email for one in people] * (8 // len(people))
    return {"instruments": [one.public_id for one in house.instruments], "users": emails}


def _overrun(most_h: int) -> list[Any]:
    """The owners' weeks in which more stands than may: each owner has one limit for all who book there."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT one.owner_id, date_trunc('week', lower(span) AT TIME ZONE 'Asia/Shanghai') AS week,
                      sum(upper(span) - lower(span)) FROM booking_reservation
            JOIN registry_instrument AS one ON one.id = instrument_id
            WHERE state IN ('requested', 'confirmed', 'in_use', 'used', 'missed')
            GROUP BY 1, 2 HAVING sum(upper(span) - lower(span)) > make_interval(hours => %s)""",
            [most_h],
        )
        return cursor.fetchall()


@pytest.mark.django_db(transaction=True)
def test_eight_processes_on_eight_instruments_never_pass_a_limit_that_counts_together(tmp_path):
    """The last hours of a person's, an organisation's and a group's limit: as many get one as there are, all others are
    told why, and nobody meets a deadlock, whatever else they do."""
    deadlocks = _deadlocks()
    plan = {"phases": [_limited(who) for who in ("person", "organisation", "group")]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    parts = connection.settings_dict
    url = f"postgresql://{parts['USER']}@/{parts['NAME']}?host={parts['HOST']}"
    run("tests.booking.storm", "limits", str(tmp_path), str(LIMIT_ROUNDS), DATABASE_URL=url)
    answers = [(tmp_path / f"answers-{number}").read_text().splitlines() for number in range(8)]
    for this in range(3 * LIMIT_ROUNDS):
        said = [one[this].split() for one in answers]
        code = f"booking.{('person', 'organisation', 'group')[this // LIMIT_ROUNDS]}_quota_together"
        assert Counter(one[0] for one in said) == {"won": LIMIT_H, "lost": 8 - LIMIT_H}, (this, said)
        assert all(code in one for one in said if one[0] == "lost"), (this, said)
    assert _overrun(LIMIT_H) == []
    run("tests.booking.storm", "mix", str(tmp_path), str(LIMIT_STORM_S), DATABASE_URL=url)
    counts = sum(
        (Counter(json.loads((tmp_path / f"counted-{number}.json").read_text())) for number in range(8)), Counter()
    )
    assert _overrun(LIMIT_H) == []
    assert counts["booking.collided"] == 0
    assert min(counts[act] for act in ("book", "move", "over", "cancel", "series", "wait")) > 0, counts
    assert _deadlocks() == deadlocks


# Killed in the middle of a storm --------------------------------------------------------------------------------
class Client:
    """Books, moves and cancels like a careful program: each request has its key and is sent again until answered."""

    def __init__(self, address: str, token: str, instrument: str, seed: int, over: threading.Event) -> None:
        self.address, self.instrument, self.over = address, instrument, over
        self.rng = random.Random(seed)
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.held: dict[str, dict[str, Any]] = {}  # what was answered last of each booking
        self.unsure: set[str] = set()  # changes that were sent and whose answer never came
        self.seen: Counter[int] = Counter()
        self.faults = 0

    def send(self, method: str, path: str, body: Any, *, key: str = "") -> requests.Response | None:
        """One request; None where no answer came. A 5xx or a cut line is no answer."""
        try:
            headers = {"Idempotency-Key": key} if key else {}
            url = f"{self.address}/api/v1{path}"
            answer = self.session.request(method, url, json=body, headers=headers, timeout=10)
        except requests.RequestException:
            self.faults += 1
            return None
        self.seen[answer.status_code] += 1
        if answer.status_code >= 500:
            self.faults += 1
            return None
        return answer

    def surely(self, method: str, path: str, body: Any) -> requests.Response | None:
        """The same request with the same key until it is answered, whatever is killed meanwhile."""
        key = str(uuid.uuid4())
        for _one in range(200):
            answer = self.send(method, path, body, key=key)
            if answer is not None:
                return answer
            time.sleep(0.1)
        return None

    def run(self) -> None:
        while not self.over.is_set():
            act = self.rng.random()
            sure = [one for one in self.held if one not in self.unsure]
            if act < 0.55 or not sure:
                self.book()
            elif act < 0.8:
                self.change(self.rng.choice(sure), "PATCH", "", self.span())
            elif act < 0.95:
                self.change(self.rng.choice(sure), "POST", "/cancel", {})
            else:
                self.surely("POST", "/wishes", {"instrument": self.instrument, "minutes": 60, **self.span(hours=12)})

    def span(self, *, hours: int = 0) -> dict[str, str]:
        begins = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=2)
        start = begins + timedelta(minutes=30 * self.rng.randrange(14 * 48))
        end = start + (timedelta(hours=hours) if hours else timedelta(minutes=30 * self.rng.randint(1, 6)))
        return {"start": start.isoformat(), "end": end.isoformat()}

    def book(self) -> None:
        answer = self.surely("POST", "/bookings", {"instrument": self.instrument, **self.span()})
        if answer is not None and answer.status_code == 201:
            row = answer.json()
            self.held[row["id"]] = row

    def change(self, public_id: str, method: str, rest: str, body: dict[str, Any]) -> None:
        version = self.held[public_id]["version"]
        answer = self.send(method, f"/bookings/{public_id}{rest}", {**body, "version": version})
        if answer is None:
            self.unsure.add(public_id)
        elif answer.status_code == 200:
            row = answer.json()
            if row["state"] == "cancelled":
                self.held[public_id] = row
                self.unsure.discard(public_id)
            else:
                self.held[public_id] = row


class Server:
    """A database and a web server of the test's own, to be killed and started again."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = embedded.start(home)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.given = {"HEADWATER_HOME": str(home), "DATABASE_URL": self.url, "HEADWATER_LOG_LEVEL": "ERROR"}
        self.web: subprocess.Popen[bytes] | None = None

    def serve(self) -> None:
        with (self.home / "web.log").open("ab") as log:
            self.web = subprocess.Popen(
                [sys.executable, "-m", "headwater.site.commands.serve", "--bind", f"127.0.0.1:{self.port}"],
                env=environment(**self.given),
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                if requests.get(f"{self.address}/healthz", timeout=1).ok:
                    return
            time.sleep(0.1)
        raise AssertionError((self.home / "web.log").read_text()[-2000:])

    def kill_one_worker(self) -> None:
        assert self.web is not None
        psutil.Process(self.web.pid).children()[0].kill()

    def kill_web(self) -> None:
        """The whole web server at once, by signal 9."""
        assert self.web is not None
        family = [*psutil.Process(self.web.pid).children(recursive=True), psutil.Process(self.web.pid)]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.web.wait()

    def kill_database(self) -> None:
        """PostgreSQL and all of its processes, by signal 9, as the kernel does when memory ends."""
        pid = embedded.status(self.home).pid
        assert pid is not None
        family = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=10)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as link:
            return link.execute(sql).fetchall()

    def stop(self) -> None:
        if self.web is not None and self.web.poll() is None:
            self.kill_web()
        embedded.stop(self.home)


def copied(url: str) -> None:
    """The tests' database, migrated and empty, in another server: quicker than to migrate once more."""
    parts = connection.settings_dict
    programs = pgsql.wheel_programs()
    dump = [programs / "pg_dump", f"--dbname=postgresql://{parts['USER']}@/{parts['NAME']}?host={parts['HOST']}"]
    with subprocess.Popen([*dump, "--no-owner"], stdout=subprocess.PIPE) as given:
        restore = [programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", url]
        subprocess.run(restore, stdin=given.stdout, stdout=subprocess.DEVNULL, check=True, timeout=120)
    assert given.returncode == 0


@pytest.fixture
def server(tmp_path, django_db_setup):
    home = Path(os.environ["HEADWATER_HOME"]).parent / f"hw-storm-{os.getpid()}"
    home.mkdir(mode=0o711)
    made = Server(home)
    try:
        copied(made.url)
        run("tests.booking.storm", "prepare", str(tmp_path), **made.given)
        made.serve()
        yield made
    finally:
        made.stop()
        subprocess.run(["rm", "-rf", str(home)], check=False)


def test_nothing_confirmed_is_lost_when_web_and_database_are_killed_in_a_storm(server, tmp_path):
    plan = json.loads((tmp_path / "plan.json").read_text())
    over = threading.Event()
    clients = [
        Client(server.address, token, plan["instruments"][0], number, over)
        for number, token in enumerate(plan["tokens"])
    ]
    threads = [threading.Thread(target=one.run) for one in clients]
    for one in threads:
        one.start()
    try:
        time.sleep(STORM_S / 4)
        server.kill_one_worker()
        time.sleep(STORM_S / 4)
        server.kill_database()
        embedded.start(server.home)
        time.sleep(STORM_S / 4)
        server.kill_web()
        server.serve()
        time.sleep(STORM_S / 4)
    finally:
        over.set()
        for one in threads:
            one.join(60)
    seen = sum((one.seen for one in clients), Counter())
    told = {public_id: row for one in clients for public_id, row in one.held.items()}
    unsure = {public_id for one in clients for public_id in one.unsure}
    assert seen[201] > 20, seen
    assert sum(one.faults for one in clients) > 0, "nothing was killed under a request"

    # No overlap, whatever was killed.
    assert server.rows(OVERLAPS) == [(0,)]
    # The client's list is the judge: what was answered last is what stands, unless a later change got no answer.
    stored = {
        row[0]: row[1:]
        for row in server.rows("SELECT public_id, state, lower(span), upper(span), version FROM booking_reservation")
    }
    lost = [public_id for public_id in told if public_id not in stored]
    assert lost == []
    differs = [
        (row, stored[public_id])
        for public_id, row in told.items()
        if public_id not in unsure
        and (
            row["state"],
            datetime.fromisoformat(row["start"]),
            datetime.fromisoformat(row["end"]),
            row["version"],
        )
        != stored[public_id]
    ]
    assert differs == []
    # A change without an answer happened once or not at all.
    assert all(0 <= stored[one][3] - told[one]["version"] <= 1 for one in unsure)
    # A request that was sent again booked once: nothing stands that no client was told of.
    booked = {row[0] for row in server.rows("SELECT public_id FROM booking_reservation WHERE kind = 'booking'")}
    assert booked - set(told) == set()
    # Quotas add up: nobody has more than 900 minutes in a week.
    week = server.rows(
        "SELECT max(minutes) FROM (SELECT sum(extract(epoch FROM upper(part) - lower(part)) / 60) AS minutes FROM ("
        " SELECT holder_id, monday, span * tstzrange(monday, monday + interval '7 days') AS part"
        " FROM booking_reservation, generate_series(date_trunc('week', now() AT TIME ZONE 'Asia/Shanghai')"
        " AT TIME ZONE 'Asia/Shanghai', now() + interval '40 days', interval '7 days') AS monday"
        " WHERE state IN ('requested', 'confirmed', 'in_use', 'used') AND kind IN ('booking', 'hold')) AS parts"
        " WHERE NOT isempty(part) GROUP BY holder_id, monday) AS sums"
    )
    assert 0 < week[0][0] <= 900
    # No hold leaked: each belongs to a wish, and when their time is up they are gone.
    assert server.rows(
        "SELECT count(*) FROM booking_reservation r"
        " LEFT JOIN booking_waitingwish w ON w.hold_id = r.id AND w.state = 'held'"
        " WHERE r.kind = 'hold' AND r.state = 'confirmed' AND w.id IS NULL"
    ) == [(0,)]
    run("tests.booking.storm", "settle", str(tmp_path), **server.given)
    assert server.rows(
        "SELECT count(*) FROM booking_reservation WHERE kind = 'hold' AND state = 'confirmed' AND held_until < now()"
    ) == [(0,)]
    # The trail and the rows tell the same: as many bookings were made as are written down.
    made = server.rows("SELECT count(*) FROM accounts_auditentry WHERE act = 'booking.made'")
    assert made == [(len(told),)]
