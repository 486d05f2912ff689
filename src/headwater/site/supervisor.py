"""Keeps child processes running: starts, restarts and stops them, and clears what a killed supervisor left."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

LOG_BYTES = 5 * 1024 * 1024
LOGS_KEPT = 3
STOP_WAIT_S = 10
# A child that lived this long has earned a quick restart.
STEADY_S = 60
LONGEST_PAUSE_S = 30


class SupervisorError(RuntimeError):
    """The children could not be run; the message is one sentence for the operator."""


@dataclass(slots=True)
class Child:
    """One module to keep running."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    due_at: float = field(default=0.0)


class Supervisor:
    """Runs modules as children in sessions of their own, with their output in ``home/logs/<name>.log``."""

    def __init__(self, home: Path, env: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.home, self.env, self.say = home, dict(env), say
        self.children: list[Child] = []

    def add(self, name: str, module: str, *arguments: str) -> Child:
        """Name a child; `tick` starts it."""
        child = Child(name, module, arguments)
        self.children.append(child)
        return child

    def log(self, child: Child) -> Path:
        """Where a child's output goes."""
        return self.home / "logs" / f"{child.name}.log"

    def tick(self) -> None:
        """Start what is due; notice what ended, and say so. Call it often."""
        changed = False
        for child in self.children:
            code = None if child.process is None else child.process.poll()
            if child.process is not None and code is not None:
                self._ended(child, code)
            if child.process is None and time.monotonic() >= child.due_at:
                self._start(child)
                changed = True
        if changed:
            self._note()

    def stop(self) -> None:
        """End all children: asked first, killed after `STOP_WAIT_S`."""
        running = [child for child in self.children if child.process is not None]
        for child in running:
            _signal_session(child.process, signal.SIGTERM, leader_only=True)
        deadline = time.monotonic() + STOP_WAIT_S
        for child in running:
            assert child.process is not None
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} does not end within {STOP_WAIT_S} s; it is killed.")
            # The leader's own children too, whatever state it left them in.
            _signal_session(child.process, signal.SIGKILL)
            child.process.wait()
            child.process = None
        _notes(self.home).unlink(missing_ok=True)

    def _start(self, child: Child) -> None:
        log = self.log(child)
        log.parent.mkdir(mode=0o700, exist_ok=True)
        rotate(log)
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:  # noqa: PTH123
            child.process = subprocess.Popen(  # noqa: S603  our own modules
                [sys.executable, "-m", "headwater.site.follow", str(os.getpid()), child.module, *child.arguments],
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C at the terminal is the supervisor's to pass on, in order
            )
        child.started_at = time.monotonic()

    def _ended(self, child: Child, code: int) -> None:
        _signal_session(child.process, signal.SIGKILL)
        child.process = None
        steady = time.monotonic() - child.started_at >= STEADY_S
        child.failures = 1 if steady else child.failures + 1
        pause_s = min(LONGEST_PAUSE_S, 2 ** (child.failures - 1))
        child.due_at = time.monotonic() + pause_s
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        self.say(f"{child.name} {how}; it is started again in {pause_s} s. Its log: {self.log(child)}")

    def _note(self) -> None:
        alive = []
        for child in self.children:
            if child.process is not None:
                try:
                    alive.append({"pid": child.process.pid, "created": psutil.Process(child.process.pid).create_time()})
                except psutil.NoSuchProcess:
                    continue
        path = _notes(self.home)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(alive))
        fresh.replace(path)


def clear_leftovers(home: Path) -> int:
    """End the children of a killed supervisor, known by number and birth. Returns how many there were."""
    try:
        noted = json.loads(_notes(home).read_text())
    except FileNotFoundError:
        return 0
    except ValueError:
        noted = []
    ended = []
    for one in noted:
        try:
            process = psutil.Process(int(one["pid"]))
            if abs(process.create_time() - float(one["created"])) > 1 or process.status() == psutil.STATUS_ZOMBIE:
                continue
            for member in (*process.children(recursive=True), process):
                member.kill()
                ended.append(member)
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(ended, timeout=5)
    _notes(home).unlink(missing_ok=True)
    return len(ended)


def rotate(log: Path) -> None:
    """Set a log that has grown past `LOG_BYTES` aside, keeping the last few."""
    if not log.exists() or log.stat().st_size <= LOG_BYTES:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    log.replace(log.with_name(f"{log.name}.1"))


class Running:
    """The lock that one demo holds for its life, with a note of where it answers."""

    def __init__(self, home: Path) -> None:
        self.path = home / "run" / "demo.lock"
        self._held = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._held)
            raise SupervisorError(describe(home)) from None
        self.note("")

    def note(self, address: str) -> None:
        """Write down who runs, since when, and where it answers."""
        since = datetime.now(UTC).isoformat(timespec="seconds")
        text = json.dumps({"pid": os.getpid(), "since": since, "address": address}).encode()
        os.ftruncate(self._held, 0)
        os.pwrite(self._held, text, 0)

    def release(self) -> None:
        """Let the next one in."""
        os.ftruncate(self._held, 0)
        os.close(self._held)


def running_address(home: Path) -> str | None:
    """Where a running demo answers; "" while it is starting, None where none runs."""
    path = home / "run" / "demo.lock"
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return str(_read(path).get("address", ""))
    except FileNotFoundError:
        return None
    return None


def describe(home: Path) -> str:
    """One sentence on the demo that runs."""
    found = _read(home / "run" / "demo.lock")
    if not found.get("address"):
        return f"Headwater is already starting for {home} (process {found.get('pid', 'unknown')}); give it a minute."
    since = datetime.fromisoformat(str(found["since"])).astimezone()
    return (
        f"Headwater is already running at {found['address']} since {since:%Y-%m-%d %H:%M} "
        f"(process {found['pid']}, data in {home}); stop it there with Ctrl-C."
    )


def _read(path: Path) -> dict[str, object]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def _notes(home: Path) -> Path:
    return home / "run" / "demo.json"


def _signal_session(process: subprocess.Popen[bytes] | None, number: int, *, leader_only: bool = False) -> None:
    if process is None:
        return
    try:
        (os.kill if leader_only else os.killpg)(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return
