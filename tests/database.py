"""pytest's database: one embedded server in a temporary folder for each run, shared by all of its processes.

Loaded by `-p tests.database`, before Django reads its settings. A developer's own HEADWATER_... and DATABASE_URL are
set aside; to test against a server of one's own, give HEADWATER_TEST_DATABASE=postgresql://user@host/postgres.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import psutil
import pytest

from headwater.site import embedded, pgsql

RUN = "HEADWATER_TEST_RUN"  # the folder of the running tests; set by the first process, inherited by the others
OWN_SERVER = "HEADWATER_TEST_DATABASE"
PREFIX = "headwater-tests-"
# A test's data need not survive a power cut.
SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}

_CONTROLLER = RUN not in os.environ
_given = os.environ.get(OWN_SERVER, "")


def _folder() -> Path:
    # A socket's path is short, which a TMPDIR need not be.
    parent = tempfile.gettempdir() if len(tempfile.gettempdir()) < 40 else "/tmp"
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    if os.getuid() == 0:
        folder.chmod(0o711)  # root's server runs as a user of its own
    (folder / "pid").write_text(str(os.getpid()))
    return folder


def _remove(folder: Path) -> None:
    embedded.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _clear_killed_runs(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            if folder.stat().st_uid == os.getuid() and not psutil.pid_exists(int((folder / "pid").read_text())):
                _remove(folder)
        except (OSError, ValueError, pgsql.EmbeddedError):
            continue


if _CONTROLLER:
    for _name in [name for name in os.environ if name.startswith("HEADWATER_") or name == "DATABASE_URL"]:
        if _name != OWN_SERVER:
            del os.environ[_name]
    _home = _folder()
    os.environ[RUN] = os.environ["HEADWATER_HOME"] = str(_home)
    os.environ["DATABASE_URL"] = _given or embedded.url(_home)
    atexit.register(shutil.rmtree, _home, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Start the server, in the process that all others come from."""
    if not _CONTROLLER or _given or config.option.collectonly or config.option.help:
        return
    _clear_killed_runs(_home.parent)
    embedded.start(_home, settings=SETTINGS)
    atexit.register(_remove, _home)


def pytest_unconfigure() -> None:
    """Stop it, also after Ctrl-C."""
    if _CONTROLLER:
        _remove(_home)
