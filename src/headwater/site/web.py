"""The web server: gunicorn around the WSGI application, with its log lines and metrics among the application's own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import psutil
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from headwater.site.environment import Environment

THREADS = 8
REQUEST_TIMEOUT_S = 60


class PlainLogger(Logger):  # type: ignore[misc]
    """Hands gunicorn's lines to the application's logging, so that one format holds for all."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True


class WebServer(BaseApplication):  # type: ignore[misc]
    """Serves the WSGI application until told to end."""

    def __init__(self, environment: Environment, bind: str, *, patience_s: int) -> None:
        self.environment, self.bind, self.patience_s = environment, bind, patience_s
        super().__init__()

    def load_config(self) -> None:
        trusted = self.environment.trusted_proxy
        given = {
            "bind": self.bind,
            "workers": int(self.environment["HEADWATER_WEB_PROCESSES"]),
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": REQUEST_TIMEOUT_S,
            "graceful_timeout": self.patience_s,
            "preload_app": True,
            "accesslog": None,
            "logger_class": PlainLogger,
            "proc_name": "headwater",
            "control_socket_disable": True,
            # A long query is for the application to answer, in the reader's language; 8190 is the most there may be.
            "limit_request_line": 8190,
            # A proxy's word on who asks and how is taken from a proxy alone, and never on which program is asked.
            "forwarded_allow_ips": "*" if trusted else "",
            "forwarder_headers": "",
            "child_exit": _forget_metrics,
        }
        for name, value in given.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from headwater.site.wsgi import application

        return application


def share_metrics(home: Path) -> None:
    """Have the web processes add up their metrics through files; call before anything imports `prometheus_client`."""
    base = home / "run" / "metrics"
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in base.iterdir():
        number = re.fullmatch(r"\d+", old.name)
        if number is None or int(old.name) == os.getpid() or not psutil.pid_exists(int(old.name)):
            shutil.rmtree(old, ignore_errors=True)
    own = base / str(os.getpid())
    own.mkdir(mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(own)


def _forget_metrics(_server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
