"""A database server of a test's own, to be killed: the tests' common one must live."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
from django.db import connection

from headwater.site import embedded, pgsql

# A kill takes the processes, not the machine: what was handed to the kernel is there. Commits are waited for.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB"}


class OwnServer:
    """An embedded server that holds the tests' schema, empty."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = embedded.start(home, settings=SETTINGS)

    def kill(self) -> None:
        """PostgreSQL and all of its processes, by signal 9, as the kernel does when memory ends."""
        pid = embedded.status(self.home).pid
        assert pid is not None
        family = [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=10)

    def start_again(self) -> None:
        embedded.start(self.home, settings=SETTINGS)

    def fill(self) -> None:
        """Put the tests' schema in: quicker than to migrate once more."""
        parts = connection.settings_dict
        programs = pgsql.wheel_programs()
        source = f"postgresql://{parts['USER']}@/{parts['NAME']}?host={parts['HOST']}"
        dump = [programs / "pg_dump", f"--dbname={source}", "--no-owner"]
        with subprocess.Popen(dump, stdout=subprocess.PIPE) as given:
            restore = [programs / "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", self.url]
            subprocess.run(restore, stdin=given.stdout, stdout=subprocess.DEVNULL, check=True, timeout=120)
        assert given.returncode == 0


@contextmanager
def own_server(name: str) -> Iterator[OwnServer]:
    """A server beside the tests' own, in a folder that its socket's path is short in; gone at the end."""
    home = Path(os.environ["HEADWATER_HOME"]).parent / f"hw-{name}-{os.getpid()}"
    home.mkdir(mode=0o711)
    server = None
    try:
        server = OwnServer(home)
        server.fill()
        yield server
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)
