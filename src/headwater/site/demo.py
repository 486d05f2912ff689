"""The whole of Headwater on one's own machine: database, region, web server and worker under one supervisor."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from headwater.site import alive, embedded, supervisor
from headwater.site.environment import Environment
from headwater.site.supervisor import Supervisor, SupervisorError

if TYPE_CHECKING:
    from headwater.site.demo_people import DemoPerson

PORTS_TRIED = 50
READY_WAIT_S = 120
# A child that ends this often before the first page is broken, not unlucky.
EARLY_FAILURES = 3
CHILD_PATIENCE_S = 7

Say = Callable[[str], None]


class Stopped(BaseException):
    """Somebody asked the demo to end: Ctrl-C, or a signal."""


class Heed:
    """Turns the first SIGINT, SIGTERM or SIGHUP into `Stopped`; later ones do not disturb the clearing up."""

    NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self._holding = self._asked = False

    def __enter__(self) -> Heed:
        self._before = {number: signal.signal(number, self._stop) for number in self.NUMBERS}
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let a step end that must not be cut, such as starting a server; `Stopped` comes after it."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self._asked:
            self._asked = False
            raise Stopped

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        for number in self.NUMBERS:
            signal.signal(number, signal.SIG_IGN)
        if self._holding:
            self._asked = True
        else:
            raise Stopped


@contextmanager
def running(
    environment: Environment, say: Say, heed: Heed, *, port: int | None = None
) -> Iterator[tuple[str, Supervisor]]:
    """Start everything, give the address once it answers, and stop everything at the end.

    Raises `SupervisorError` when a demo of this home runs already or when the web server does not come up.
    """
    home = embedded.prepare_home(environment.home)
    lock = supervisor.Running(home)
    try:
        if cleared := supervisor.clear_leftovers(home):
            say(f"Ended {cleared} processes that a killed demo had left.")
        database = None
        try:
            with heed.hold():
                database = None if environment["DATABASE_URL"] else embedded.Use(home)
            prepare(environment, say)
            given_host, _, given_port = environment["HEADWATER_BIND"].rpartition(":")
            host = given_host or "127.0.0.1"
            free = free_port(host, port if port is not None else int(given_port))
            address = f"http://{host}:{free}"
            children = Supervisor(home, child_environment(environment, address), say)
            web = children.add(
                "web", "headwater.site.commands.serve", f"--bind={host}:{free}", f"--patience={CHILD_PATIENCE_S}"
            )
            children.add("worker", "headwater.site.commands.worker", f"--patience={CHILD_PATIENCE_S}")
            try:
                _await_ready(environment, address, children, web)
                lock.note(address)
                yield address, children
            finally:
                with heed.hold():
                    children.stop()
        finally:
            if database is not None:
                with heed.hold():
                    _close_connections()
                    database.release()
    finally:
        lock.release()


def prepare(environment: Environment, say: Say) -> None:
    """Migrate, load the region, make the demo's people, collect static files: whatever is not done yet."""
    setup()
    from django.utils import timezone

    from headwater.observatory.actions import WORLD_SEED, ask_world_if_needed
    from headwater.registry.loading import load_if_needed
    from headwater.site import assets

    migrate(say)
    with _progress() as progress:
        if (region := load_if_needed(environment["HEADWATER_REGION"], progress=progress)) is not None:
            say(f"Loaded the region {region.code}.")
    make_findable(environment["HEADWATER_REGION"], say)
    load_history(say)
    from headwater.partnering.loading import load_demo_network, load_travel

    load_travel()
    load_demo_network(say=say)
    if assets.collect():
        say("Collected the static files.")
    if ask_world_if_needed(WORLD_SEED, at=timezone.now()) is not None:
        say("The worker makes a synthetic world of papers, firms and suppliers; its pages fill in a minute.")


def load_history(say: Say) -> None:
    """Give the demo's user office its made-up past, once."""
    from django.utils import timezone

    from headwater.accounts.audit import COMMAND
    from headwater.registry.models import Facility
    from headwater.useroffice.actions.history import load_past

    facility = Facility.objects.filter(status="operating").order_by("pk").first()
    if facility is not None and (loaded := load_past(facility, by=COMMAND, at=timezone.now())):
        say(f"Made up {loaded:,} past projects of {facility}.")


def make_findable(region: str, say: Say) -> None:
    """Load the region's timetable and complete the index, where that is not done yet."""
    from django.utils import timezone

    from headwater.accounts.audit import COMMAND
    from headwater.catalogue.actions.index import bring_up_to_date
    from headwater.catalogue.actions.timetables import load_timetable_of

    if (timetable := load_timetable_of(region, by=COMMAND, at=timezone.now())) is not None:
        say(f"Loaded the timetable of {region}: {timetable.title}.")
    if made := bring_up_to_date():
        say(f"Put {made:,} instruments into the index anew.")


def setup() -> None:
    """Make Django ready in this process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.site.settings")
    import django

    django.setup()


def migrate(say: Say) -> int:
    """Bring the database to this version; says something only when there was something to do."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if waiting:
        say(f"Preparing the database: {waiting} migrations.")
        call_command("migrate", interactive=False, verbosity=0)
    return waiting


def people() -> list[DemoPerson]:
    """The demo's sign-ins, made when they are missing."""
    from headwater.site import demo_people

    found: list[DemoPerson] = demo_people.ensure()
    return found


def watch(children: Supervisor) -> None:
    """Keep the children running until a signal comes."""
    while True:
        children.tick()
        time.sleep(0.5)


def free_port(host: str, first: int) -> int:
    """The first port from ``first`` on that nobody listens on."""
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((host.strip("[]"), port))
            except PermissionError:
                raise SupervisorError(
                    f"Port {port} is not yours to open; set HEADWATER_BIND to one above 1024."
                ) from None
            except OSError as error:
                if isinstance(error, socket.gaierror):
                    raise SupervisorError(f"HEADWATER_BIND names no address of this machine: {host!r}.") from None
                continue
            return port
    raise SupervisorError(
        f"All ports from {first} to {first + PORTS_TRIED - 1} on {host} are taken; set HEADWATER_BIND."
    )


def child_environment(environment: Environment, address: str) -> dict[str, str]:
    """What the web server and the worker see: the same settings, with the data folder spelled out.

    Mails lead back to ``address`` where no public address is set.
    """
    base = environment["HEADWATER_BASE_URL"] or address
    own = {"HEADWATER_HOME": str(environment.home), "HEADWATER_BASE_URL": base, "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **own}


def _await_ready(environment: Environment, address: str, children: Supervisor, web: supervisor.Child) -> None:
    deadline = time.monotonic() + READY_WAIT_S
    while True:
        children.tick()
        if alive.answers(environment, address, "/readyz"):
            return
        if web.failures >= EARLY_FAILURES or time.monotonic() > deadline:
            log = children.log(web)
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else "(nothing)"
            raise SupervisorError(f"The web server does not come up. The end of {log}:\n{tail}")
        time.sleep(0.1)


def _close_connections() -> None:
    if "django.db" in sys.modules:
        from django.db import connections

        connections.close_all()


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """One bar for each step of a load; where the output is no terminal, one line each."""
    from tqdm import tqdm

    bars: dict[str, tqdm] = {}

    def show(step: str, done: int, of: int) -> None:
        if not sys.stderr.isatty():
            if step not in bars:
                bars[step] = tqdm(disable=True)
                print(f"Loading {step} ({of:,})", flush=True)
            return
        if step not in bars:
            for bar in bars.values():
                bar.update(max(0, (bar.total or 0) - bar.n))
                bar.close()
            bars[step] = tqdm(total=of, desc=f"Loading {step}", unit="", unit_scale=True, leave=True)
        bars[step].update(done - bars[step].n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()
