"""The embedded server: private, restartable after anything, shared without collisions."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from headwater.site import embedded, environment, pgsql, systemfolders
from headwater.site.embedded import EmbeddedError

FAST = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"}
ROOT = os.getuid() == 0
NOBODY = 65534


@pytest.fixture
def home() -> Iterator[Path]:
    """A data folder to be, below a folder with a short path that others may enter."""
    folder = Path(tempfile.mkdtemp(prefix="hw-"))
    folder.chmod(0o755)
    yield folder / "var"
    embedded.stop(folder / "var")
    shutil.rmtree(folder)


@pytest.fixture
def private_home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hw-"))
    yield folder / "var"
    embedded.stop(folder / "var")
    shutil.rmtree(folder)


@pytest.fixture
def system_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hw-system-"))
    folder.chmod(0o755)
    monkeypatch.setattr(pgsql, "SYSTEM_ROOT", folder)
    yield folder
    shutil.rmtree(folder)


def modes_above(path: Path) -> dict[Path, int]:
    return {one: one.stat().st_mode for one in path.resolve().parents}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def as_other_user(uid: int, act: Callable[[], None], report: Path) -> str:
    """Run ``act`` in a forked process of another user; "" or its traceback."""
    report.touch()
    report.chmod(0o666)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            act()
            code = 0
        except BaseException:  # noqa: BLE001  it is the parent's to raise
            report.write_text(traceback.format_exc())
        finally:
            os._exit(code)
    _pid, status = os.waitpid(child, 0)
    return report.read_text() or ("" if status == 0 else f"ended with {status}")


def test_url_starts_and_writes_nothing(home: Path) -> None:
    assert embedded.url(home) == f"postgresql:///headwater?host={home}/postgres/socket&user=headwater"
    assert not home.exists()
    assert embedded.status(home).running is False


def test_server_runs_behind_a_private_socket_and_changes_no_folder_above(home: Path) -> None:
    before = modes_above(home)
    url = embedded.start(home, settings=FAST)
    assert url == embedded.url(home)
    assert ask(url, "SHOW listen_addresses") == ""
    assert (
        ask(url, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()")
        == "bC.UTF-8"
    )
    assert ask(url, "SELECT lower('ÄÖ') || '上海' < 'z'") is False
    assert ask(url, "SHOW server_encoding") == "UTF8"
    for folder in (home / "postgres", home / "postgres" / "data", home / "postgres" / "socket", home / "run"):
        assert mode(folder) == 0o700
    assert modes_above(home) == before
    assert mode(home) == (0o711 if ROOT else 0o700)
    assert psutil.Process(embedded.status(home).pid).uids().real != 0


def test_starting_again_finds_the_running_server_and_stopping_keeps_the_data(home: Path) -> None:
    url = embedded.start(home, settings=FAST)
    first = embedded.status(home).pid
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    assert embedded.start(home, settings=FAST) == url
    assert embedded.status(home).pid == first
    assert embedded.stop(home) is True
    assert embedded.status(home).running is False
    assert embedded.stop(home) is False
    assert ask(embedded.start(home, settings=FAST), "SELECT seven FROM kept") == 7


def test_server_killed_with_9_starts_again_whoever_has_its_number_now(home: Path) -> None:
    url = embedded.start(home, settings=FAST)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    pid = embedded.status(home).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while embedded.status(home).running:
        time.sleep(0.01)
    note = home / "postgres" / "data" / "postmaster.pid"
    lines = note.read_text().splitlines()
    note.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")  # our number, as after a reboot
    assert ask(embedded.start(home, settings=FAST), "SELECT seven FROM kept") == 7
    assert embedded.status(home).pid not in (pid, os.getpid(), None)


def test_two_processes_starting_at_once_share_one_server(home: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from headwater.site import embedded; "
        "home = Path(sys.argv[1]); embedded.start(home); print(embedded.status(home).pid)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)}
    command = [sys.executable, "-c", code, str(home)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) for _ in range(2)]
    said = {one.communicate(timeout=120)[0].strip() for one in both}
    assert said == {str(embedded.status(home).pid)}


def test_half_made_data_folder_is_made_anew(home: Path) -> None:
    embedded.prepare_home(home)
    (home / "postgres").mkdir(mode=0o700)
    (home / "postgres" / "data.new-dead").mkdir()
    (home / "postgres" / "data.new-dead" / "PG_VERSION").write_text("18\n")
    if ROOT:
        os.chown(home / "postgres", pgsql.system_user(), -1)
    embedded.start(home, settings=FAST)
    assert sorted(one.name for one in (home / "postgres").iterdir()) == ["data", "server.log", "socket"]


def test_long_path_gets_a_short_private_socket_folder(home: Path) -> None:
    long = home / ("x" * 100) / "a, 'b' \"c\""
    long.mkdir(parents=True)
    url = embedded.start(long / "var", settings=FAST)
    socket = embedded.status(long / "var").socket
    try:
        assert ask(url, "SELECT 1") == 1
        assert embedded.url(long / "var") == url
        assert len(bytes(socket)) < 80
        assert mode(socket) == 0o700
    finally:
        embedded.stop(long / "var")
    assert not socket.exists()


def test_data_of_another_version_is_refused_with_what_to_do(home: Path) -> None:
    embedded.prepare_home(home)
    (home / "postgres" / "data").mkdir(parents=True)
    (home / "postgres" / "data" / "PG_VERSION").write_text("16\n")
    if ROOT:
        os.chown(home / "postgres", pgsql.system_user(), -1)
    with pytest.raises(EmbeddedError, match=r"was made by PostgreSQL 16, this is 18; make a backup"):
        embedded.start(home)


def test_server_that_cannot_start_shows_the_end_of_its_log(home: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"(?s)did not start in .*shared_buffers"):
        embedded.start(home, settings={"shared_buffers": "nonsense"})
    assert embedded.status(home).running is False


def test_last_user_to_let_go_stops_the_server(home: Path) -> None:
    first = embedded.Use(home, settings=FAST)
    second = embedded.Use(home, settings=FAST)
    assert first.url == second.url
    assert first.release() is False
    assert embedded.status(home).running is True
    assert second.release() is True
    assert embedded.status(home).running is False
    assert second.release() is False


def test_server_that_is_kept_outlives_its_users(home: Path) -> None:
    embedded.keep(home, True)
    with embedded.use(home, settings=FAST):
        pass
    assert embedded.status(home).running is True
    embedded.keep(home, False)
    with embedded.use(home, settings=FAST):
        pass
    assert embedded.status(home).running is False


def test_ensure_leaves_an_operators_own_server_alone(home: Path) -> None:
    embedded.ensure(environment.read({"DATABASE_URL": "postgresql://db/x", "HEADWATER_HOME": str(home)}))
    assert not home.exists()


def test_unreadable_record_is_named(home: Path) -> None:
    embedded.prepare_home(home)
    (home / "database.json").write_text("{")
    with pytest.raises(EmbeddedError, match=r"database\.json cannot be read"):
        embedded.url(home)
    (home / "database.json").unlink()


@pytest.mark.skipif(not ROOT, reason="only root keeps databases outside HEADWATER_HOME")
def test_root_with_a_private_home_keeps_the_database_outside_and_opens_no_folder(
    private_home: Path, system_root: Path
) -> None:
    before = modes_above(private_home)
    url = embedded.start(private_home, settings=FAST)
    folder = embedded.status(private_home).folder
    assert folder.parent.parent == system_root
    assert ask(url, "SELECT 1") == 1
    assert modes_above(private_home) == before
    assert not (private_home / "postgres").exists()
    assert mode(folder) == 0o700
    assert folder.stat().st_uid == pgsql.system_user()
    (found,) = systemfolders.databases()
    assert (found.home, found.gone, found.size_bytes > 10_000_000) == (private_home, False, True)
    shutil.rmtree(private_home)
    (found,) = systemfolders.databases()
    assert found.gone is True
    systemfolders.remove(found)
    assert systemfolders.databases() == []
    assert not folder.exists()


@pytest.mark.skipif(not ROOT, reason="only root may become another user")
def test_ordinary_user_runs_the_server_as_himself_and_others_are_refused(
    home: Path, system_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = pgsql.server_programs(NOBODY)
    monkeypatch.setattr(pgsql, "wheel_programs", lambda: programs)
    theirs = home.parent / "theirs"
    theirs.mkdir(mode=0o755)
    os.chown(theirs, NOBODY, NOBODY)
    before = modes_above(theirs / "var")

    def run() -> None:
        url = embedded.start(theirs / "var", settings=FAST)
        assert ask(url, "SELECT 1") == 1
        assert psutil.Process(embedded.status(theirs / "var").pid).uids().real == NOBODY

    def intrude() -> None:
        with pytest.raises(psycopg.OperationalError, match="Permission denied"):
            psycopg.connect(embedded.url(home))
        with pytest.raises(EmbeddedError, match="HEADWATER_HOME"):
            embedded.start(home)

    assert as_other_user(NOBODY, run, home.parent / "report") == ""
    assert modes_above(theirs / "var") == before
    # Root finds a user's server and takes it as it is.
    assert ask(embedded.start(theirs / "var"), "SELECT 2") == 2
    assert embedded.stop(theirs / "var") is True
    embedded.start(home, settings=FAST)
    assert as_other_user(NOBODY, intrude, home.parent / "report") == ""


@pytest.mark.skipif(not ROOT, reason="only root copies the programs")
def test_programs_in_a_private_folder_are_copied_once_and_run(
    private_home: Path, system_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = pgsql.wheel_programs().parent.parent
    private = private_home.parent / "site-packages"
    for name in (pgsql.WHEEL, f"{pgsql.WHEEL}.libs"):
        if (package.parent / name).exists():
            shutil.copytree(
                package.parent / name, private / name, symlinks=True, ignore=shutil.ignore_patterns("pginstall")
            )
    monkeypatch.setattr(pgsql, "wheel_programs", lambda: private / pgsql.WHEEL / pgsql.INSTALL / "bin")
    before = modes_above(private / "x")
    found = pgsql.server_programs(pgsql.system_user())
    assert found.is_relative_to(system_root)
    assert modes_above(private / "x") == before
    made = found.stat().st_mtime_ns
    assert pgsql.server_programs(pgsql.system_user()) == found
    assert found.stat().st_mtime_ns == made
    assert [one.name for one in system_root.iterdir() if one.name.startswith(".")] == []


@pytest.mark.skipif(not ROOT, reason="only root makes the system's folder")
def test_system_folder_that_others_may_write_is_refused(system_root: Path) -> None:
    system_root.chmod(0o777)
    with pytest.raises(EmbeddedError, match="must be a folder that root alone can write"):
        pgsql.make_system_root()
