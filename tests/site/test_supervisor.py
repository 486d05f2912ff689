"""Children that are restarted, stopped, never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from headwater.site import demo, environment, supervisor
from headwater.site.supervisor import Supervisor, SupervisorError

MODULES = {
    "sleeper": "import time\nprint('awake', flush=True)\ntime.sleep(600)\n",
    "quitter": "raise SystemExit(3)\n",
    "stubborn": (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('awake', flush=True)\ntime.sleep(600)\n"
    ),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def children(home: Path, said: list[str]) -> Iterator[Supervisor]:
    paths = os.pathsep.join([str(home), *(one for one in sys.path if one)])
    running = Supervisor(home, {**os.environ, "PYTHONPATH": paths}, said.append)
    yield running
    running.stop()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def awake(children: Supervisor, child: supervisor.Child) -> Callable[[], bool]:
    return lambda: children.log(child).exists() and "awake" in children.log(child).read_text()


def test_child_that_is_killed_is_started_again_and_it_is_said(
    children: Supervisor, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_S", 0)
    child = children.add("sleeper", "sleeper")
    children.tick()
    until(awake(children, child))
    assert child.process is not None
    first = child.process.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: children.tick() or (child.process is not None and child.process.pid != first))
    assert said == [f"sleeper was ended by signal 9; it is started again in 0 s. Its log: {children.log(child)}"]


def test_child_that_keeps_ending_waits_longer_each_time(children: Supervisor, said: list[str]) -> None:
    child = children.add("quitter", "quitter")
    for failures in (1, 2, 3):
        child.due_at = 0.0
        children.tick()
        until(lambda: child.process is None or child.process.poll() is not None)
        children.tick()
        assert child.failures == failures
    assert [one.split("again in ")[1].split(".")[0] for one in said] == ["1 s", "2 s", "4 s"]
    assert child.process is None
    assert child.due_at > time.monotonic()


def test_stop_ends_a_stubborn_child_and_what_it_started(
    children: Supervisor, said: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_WAIT_S", 0.3)
    child = children.add("stubborn", "stubborn")
    children.tick()
    until(awake(children, child))
    assert child.process is not None
    family = [psutil.Process(child.process.pid), *psutil.Process(child.process.pid).children()]
    assert len(family) == 2
    children.stop()
    until(lambda: not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family))
    assert said == ["stubborn does not end within 0.3 s; it is killed."]
    assert not (home / "run" / "demo.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_children_end_when_their_supervisor_is_killed(children: Supervisor, home: Path) -> None:
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom headwater.site.supervisor import Supervisor\n"
        "one = Supervisor(Path(sys.argv[1]), os.environ, print)\none.add('sleeper', 'sleeper')\none.tick()\n"
        "print(one.children[0].process.pid, flush=True)\ntime.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True, env=children.env
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    until(lambda: (home / "logs" / "sleeper.log").read_text())
    parent.kill()
    parent.communicate()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_leftovers_are_ended_and_strangers_with_their_number_are_not(children: Supervisor, home: Path) -> None:
    child = children.add("sleeper", "sleeper")
    children.tick()
    assert child.process is not None
    born = psutil.Process(child.process.pid).create_time()
    note = home / "run" / "demo.json"
    assert json.loads(note.read_text()) == [{"pid": child.process.pid, "created": born}]
    note.write_text(json.dumps([{"pid": child.process.pid, "created": born - 100}]))
    assert supervisor.clear_leftovers(home) == 0
    assert child.process.poll() is None
    note.write_text(json.dumps([{"pid": child.process.pid, "created": born}]))
    assert supervisor.clear_leftovers(home) == 1
    assert not psutil.pid_exists(child.process.pid)
    assert supervisor.clear_leftovers(home) == 0


def test_second_demo_is_told_where_the_first_one_is(home: Path) -> None:
    assert supervisor.running_address(home) is None
    first = supervisor.Running(home)
    assert supervisor.running_address(home) == ""
    with pytest.raises(SupervisorError, match=rf"already starting for {home} \(process {os.getpid()}\)"):
        supervisor.Running(home)
    first.note("http://127.0.0.1:8003")
    assert supervisor.running_address(home) == "http://127.0.0.1:8003"
    with pytest.raises(SupervisorError, match=r"already running at http://127\.0\.0\.1:8003 since \d{4}-"):
        supervisor.Running(home)
    first.release()
    assert supervisor.running_address(home) is None
    supervisor.Running(home).release()


def test_log_past_its_size_is_set_aside_and_the_oldest_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LOG_BYTES", 3)
    log = tmp_path / "web.log"
    for text in ("abc", "1234", "5678", "9012", "3456"):
        log.write_text(text)
        supervisor.rotate(log)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {
        "web.log.1": "3456",
        "web.log.2": "9012",
        "web.log.3": "5678",
    }
    log.write_text("abc")
    supervisor.rotate(log)
    assert log.read_text() == "abc"


def test_free_port_is_the_first_that_nobody_has() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < demo.free_port("127.0.0.1", port) < port + demo.PORTS_TRIED


def test_signal_during_a_held_step_comes_after_it() -> None:
    reached = []
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(demo.Stopped), demo.Heed() as heed:  # noqa: PT012
        with heed.hold():
            os.kill(os.getpid(), signal.SIGTERM)
            reached.append("the end of the step")
        reached.append("beyond")
    assert reached == ["the end of the step"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_children_see_the_data_folder_whole() -> None:
    found = environment.read({"HEADWATER_HOME": "./somewhere"})
    seen = demo.child_environment(found, "http://127.0.0.1:8000")
    assert seen["HEADWATER_HOME"] == str(Path("somewhere").resolve())
    assert seen["HEADWATER_BASE_URL"] == "http://127.0.0.1:8000"  # mails lead back to the demo
    there = demo.child_environment(environment.read({"HEADWATER_BASE_URL": "https://lab.example.org"}), "http://x")
    assert there["HEADWATER_BASE_URL"] == "https://lab.example.org"
