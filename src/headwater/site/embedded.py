"""The embedded PostgreSQL server: started for one HEADWATER_HOME, reached through a socket its owner alone can open.

Nothing here runs at import, and `url` starts nothing. `start` and `stop` hold a lock in the data folder, so that two
processes at once are as good as one. Every process that needs the server holds a shared lock while it lives; the last
one to let go stops it.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import secrets
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from headwater.site import pgsql
from headwater.site.environment import Environment
from headwater.site.pgsql import EmbeddedError

USER = DATABASE = "headwater"
PORT = 5432
RECORD = "database.json"
# Linux takes 107 bytes of a socket's path, macOS 103; the server appends a name of 14 bytes to the folder's.
SOCKET_PATH_BYTES = 100
START_WAIT_S, STALE_WAIT_S = 90, 20
SERVER_LOG_BYTES = 5 * 1024 * 1024
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "100",
    # As much as a million instruments are read from, taken when it is first needed; an eighth of a smaller machine.
    "shared_buffers": f"{min(2048, max(64, psutil.virtual_memory().total // 2**23))}MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
}

__all__ = ["EmbeddedError", "Status", "ensure", "prepare_home", "start", "status", "stop", "url", "use"]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one home's database lies."""

    folder: Path
    socket: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"


@dataclass(frozen=True, slots=True)
class Status:
    """What can be seen of one home's server."""

    running: bool
    pid: int | None
    folder: Path
    socket: Path


def url(home: Path) -> str:
    """The address of this home's database, for libpq and for Django; the server may be down, or not made yet."""
    return _url(_placement(home))


def status(home: Path) -> Status:
    """Whether this home's server runs, and where its files are."""
    place = _placement(home)
    pid = _postmaster(place.data)
    return Status(pid is not None, pid, place.folder, place.socket)


def start(home: Path, *, settings: Mapping[str, str] | None = None) -> str:
    """Start this home's server unless it runs already, make its database, and return the address.

    ``settings`` are PostgreSQL's own, beside or instead of `SETTINGS`. Raises `EmbeddedError`.
    """
    home = prepare_home(home)
    with _lock(home):
        place = _place(home)
        if _comes_up(place):
            _make_database(place)
            return _url(place)
        owner = _owner(place.folder)
        programs = pgsql.server_programs(owner)
        given = {**SETTINGS, **(settings or {})}
        if not place.data.exists():
            _make_data(programs, place, owner, sync=given.get("fsync") != "off")
        _check_version(place)
        _clear_stale(place)
        _run_server(programs, place, owner, given)
        _make_database(place)
        return _url(place)


def stop(home: Path) -> bool:
    """Stop this home's server; open connections are cut, what was committed stays. False when none ran."""
    home = Path(home).resolve()
    if not (home / "run").exists():
        return False
    with _lock(home):
        return stop_folder(_placement(home))


def stop_folder(place: Placement) -> bool:
    """Stop the server of one placement; the caller holds the lock."""
    pid = _postmaster(place.data)
    if pid is None:
        return False
    process = psutil.Process(pid)
    for how, wait_s in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        try:
            process.send_signal(how)
        except psutil.NoSuchProcess:
            break
        if _ends(place.data, wait_s):
            break
    else:
        raise EmbeddedError(f"PostgreSQL (process {pid}) does not end; end it by hand.")
    if place.socket.parent != place.folder:
        shutil.rmtree(place.socket, ignore_errors=True)
    return True


# Users of the server -------------------------------------------------------------------------------------------


class Use:
    """One process's claim on the server; `release` stops the server when nobody else claims it."""

    def __init__(self, home: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.home = prepare_home(home)
        self._held: int | None = _open_lock(self.home, "database.users")
        self._pid = os.getpid()
        try:
            # Waits while the last user of before is stopping the server.
            fcntl.flock(self._held, fcntl.LOCK_SH)
            place = _placement(self.home)
            self.url = _url(place) if _accepts(place, DATABASE) else start(self.home, settings=settings)
        except BaseException:
            self._let_go()
            raise

    def release(self) -> bool:
        """Let go; True when this stopped the server."""
        if self._held is None or os.getpid() != self._pid:  # a forked child does not speak for its parent
            return False
        with _lock(self.home):
            try:
                fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                last = not _read_record(self.home).get("kept")
            except BlockingIOError:
                last = False
            try:
                return stop_folder(_placement(self.home)) if last else False
            finally:
                self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


@contextmanager
def use(home: Path, *, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """Hold the server for a block and give its address."""
    held = Use(home, settings=settings)
    try:
        yield held.url
    finally:
        held.release()


_ensured: Use | None = None


def ensure(environment: Environment) -> None:
    """Have a database for the rest of this process: the operator's own, or the embedded server.

    Returns at once where DATABASE_URL is set. Otherwise the embedded server is running when this returns, and is
    stopped when the last process that asked for it ends.
    """
    global _ensured
    if environment["DATABASE_URL"] or _ensured is not None:
        return
    _ensured = Use(environment.home)
    atexit.register(_ensured.release)
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        # Python's default dies of it without running what atexit holds.
        signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def keep(home: Path, kept: bool) -> None:
    """Say whether the server outlives its users, as `headwater database start` asks."""
    home = prepare_home(home)
    with _lock(home):
        _write_record(home, {**_read_record(home), "kept": kept})


# Places --------------------------------------------------------------------------------------------------------


def prepare_home(home: Path) -> Path:
    """Make HEADWATER_HOME when it is missing: closed to others; root's can be passed through by its database user."""
    home = Path(home).resolve()
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            home.mkdir(mode=0o711 if os.getuid() == 0 else 0o700)
        with suppress(FileExistsError):
            (home / "run").mkdir(mode=0o700)
    except OSError as error:
        raise EmbeddedError(
            f"Cannot make {error.filename or home} ({error.strerror}); set HEADWATER_HOME to a folder of yours."
        ) from None
    return home


def _read_record(home: Path) -> dict[str, object]:
    try:
        record = json.loads((home / RECORD).read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise EmbeddedError(f"{home / RECORD} cannot be read ({error}); it says where the database is.") from None
    return dict(record)


def _write_record(home: Path, record: Mapping[str, object]) -> None:
    if record == _read_record(home):
        return
    fresh = home / f".{RECORD}.{os.getpid()}"
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
        json.dump(record, file)
    fresh.replace(home / RECORD)


def _placement(home: Path) -> Placement:
    home = Path(home).resolve()
    record = _read_record(home)
    folder = pgsql.SYSTEM_ROOT / str(record["token"]) / "postgres" if record.get("token") else home / "postgres"
    given = record.get("socket")
    return Placement(folder, Path(str(given)) if given else folder / "socket")


def _place(home: Path) -> Placement:
    """Choose, make and record where the database goes; a choice made before is kept."""
    record = dict(_read_record(home))
    if not record.get("token") and not (home / "postgres").exists():
        if os.getuid() == 0 and not _others_may_enter(home):
            record["token"] = secrets.token_hex(8)
        else:
            _make_private(home / "postgres", pgsql.system_user() if os.getuid() == 0 else os.getuid())
    if record.get("token"):
        _make_system_folder(str(record["token"]), home)
    _write_record(home, record)
    place = _placement(home)
    owner = _owner(place.folder)
    if record.get("socket") and _is_private(place.socket, owner):
        return place
    record.pop("socket", None)
    _write_record(home, record)
    place = _placement(home)
    if len(os.fsencode(place.socket / f".s.PGSQL.{PORT}")) > SOCKET_PATH_BYTES:
        record["socket"] = str(_short_socket_folder(owner))
        _write_record(home, record)
        return _placement(home)
    if not place.socket.exists():
        _make_private(place.socket, owner)
    return place


def _others_may_enter(folder: Path) -> bool:
    return all(one.stat().st_mode & 0o001 for one in (folder, *folder.parents))


def _make_private(folder: Path, owner: int) -> None:
    folder.mkdir(mode=0o700)
    if owner != os.getuid():
        os.chown(folder, owner, -1, follow_symlinks=False)


def _is_private(folder: Path, owner: int) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return folder.is_dir() and not folder.is_symlink() and found.st_uid == owner and not found.st_mode & 0o077


def _make_system_folder(token: str, home: Path) -> None:
    pgsql.make_system_root()
    folder = pgsql.SYSTEM_ROOT / token
    if not folder.exists():
        folder.mkdir()
        folder.chmod(0o755)
    note = folder / "home"
    if not note.exists() or note.read_text() != str(home):
        note.write_text(str(home))
        note.chmod(0o600)
    if not (folder / "postgres").exists():
        _make_private(folder / "postgres", pgsql.system_user())


def _short_socket_folder(owner: int) -> Path:
    for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108  mkdtemp makes a private folder with a fresh name
        if len(os.fsencode(parent)) + 40 <= SOCKET_PATH_BYTES:
            folder = Path(tempfile.mkdtemp(prefix="headwater-", dir=parent))
            if owner != os.getuid():
                os.chown(folder, owner, -1)
            return folder
    raise EmbeddedError("No folder with a path short enough for the database's socket; set TMPDIR to /tmp.")


def _owner(folder: Path) -> int:
    """The user that runs the server: whoever owns its folder."""
    owner = folder.stat().st_uid
    if os.getuid() == 0 and owner == 0:
        raise EmbeddedError(
            f"{folder} belongs to root, and PostgreSQL does not run as root; give it to {pgsql.SYSTEM_USER}."
        )
    if os.getuid() not in (0, owner):
        raise EmbeddedError(
            f"{folder} belongs to another user (uid {owner}); run as that user, or set HEADWATER_HOME "
            "to a folder of yours."
        )
    return owner


# The server ----------------------------------------------------------------------------------------------------


def _url(place: Placement) -> str:
    return f"postgresql:///{DATABASE}?host={quote(str(place.socket), safe='/')}&user={USER}"


def _open_lock(home: Path, name: str) -> int:
    path = home / "run" / name
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise EmbeddedError(
            f"Cannot open {path} ({error.strerror}); HEADWATER_HOME must be a folder of yours."
        ) from None


@contextmanager
def _lock(home: Path) -> Iterator[None]:
    held = _open_lock(home, "database.lock")
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _make_data(programs: Path, place: Placement, owner: int, *, sync: bool) -> None:
    for half_made in place.folder.glob("data.new-*"):
        shutil.rmtree(half_made)
    fresh = place.folder / f"data.new-{secrets.token_hex(4)}"
    done = pgsql.run_as(
        owner,
        [programs / "initdb", "-D", fresh, "-U", USER, "--auth=trust", "--encoding=UTF8", "--locale=C",
         "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
         *([] if sync else ["--no-sync"])],
        cwd=place.folder,
        timeout=300,
    )  # fmt: skip
    if done.returncode:
        raise EmbeddedError(f"PostgreSQL's data folder {place.data} could not be made: {_last_lines(done.stderr)}")
    fresh.rename(place.data)


def _check_version(place: Placement) -> None:
    found = (place.data / "PG_VERSION").read_text().strip()
    if found != pgsql.MAJOR:
        raise EmbeddedError(
            f"{place.data} was made by PostgreSQL {found}, this is {pgsql.MAJOR}; make a backup with the Headwater "
            "that made it, move the folder away and restore."
        )


def _run_server(programs: Path, place: Placement, owner: int, settings: Mapping[str, str]) -> None:
    if place.log.exists() and place.log.lstat().st_size > SERVER_LOG_BYTES:
        place.log.replace(place.log.with_suffix(".log.1"))
    # A list of folders to PostgreSQL: quoted, so that a comma in a path stays one.
    doubled = str(place.socket).replace('"', '""')
    given = {**settings, "unix_socket_directories": f'"{doubled}"'}
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in given.items())
    done = pgsql.run_as(
        owner,
        # pg_ctl hands these to a shell: the folder by environment and the log by a bare name need no quoting.
        [
            programs / "pg_ctl",
            "start",
            "--wait",
            "--silent",
            "--timeout=90",
            "--log=server.log",
            f"--options={options}",
        ],
        cwd=place.folder,
        env={"PGDATA": str(place.data)},
    )
    if done.returncode:
        tail = _last_lines(place.log.read_text(errors="replace") if place.log.exists() else done.stderr)
        raise EmbeddedError(f"PostgreSQL did not start in {place.folder}. The end of its log:\n{tail}")


def _make_database(place: Placement) -> None:
    import psycopg

    with psycopg.connect(
        host=str(place.socket), port=PORT, user=USER, dbname="postgres", autocommit=True
    ) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _accepts(place: Placement, database: str) -> bool:
    import psycopg

    try:
        psycopg.connect(host=str(place.socket), port=PORT, user=USER, dbname=database, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _comes_up(place: Placement) -> bool:
    """Whether a server that is there answers, after recovery if need be; False when there is none."""
    deadline = time.monotonic() + START_WAIT_S
    while (pid := _postmaster(place.data)) is not None:
        if _accepts(place, "postgres"):
            return True
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"PostgreSQL (process {pid}) runs in {place.folder} and does not answer; see {place.log}."
            )
        time.sleep(0.1)
    return False


def _ends(data: Path, wait_s: float) -> bool:
    deadline = time.monotonic() + wait_s
    while _postmaster(data) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _members(data: Path) -> list[psutil.Process]:
    """The processes of the server of one data folder: each has it as its working folder."""
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if (process.info["name"] or "").startswith("postgres") and process.cwd() == str(data):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _postmaster(data: Path) -> int | None:
    """The server's process, or None when it is down, whatever a file of an earlier life says."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(data)
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return pid if alive else None


def _clear_stale(place: Placement) -> None:
    """Remove what a killed server left, once none of its processes is left either.

    PostgreSQL believes its lock files when any process has that number now: in a container another program, or the
    dead server itself where nobody collects the dead.
    """
    deadline = time.monotonic() + STALE_WAIT_S
    while left := _members(place.data):
        if time.monotonic() > deadline:
            numbers = ", ".join(str(one.pid) for one in left)
            raise EmbeddedError(f"Processes of a killed PostgreSQL do not end ({numbers}); end them by hand.")
        time.sleep(0.1)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (place.socket / name).unlink(missing_ok=True)


def _last_lines(text: str, count: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-count:]) or "(nothing)"
