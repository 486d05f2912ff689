"""Asks this machine's web server whether it is well; `python -m headwater.site.alive` is a container's health check."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

from headwater.site import environment
from headwater.site.environment import Environment

WAIT_S = 10


def local_address(bind: str) -> str:
    """Where a server bound to ``bind`` is reached from this machine."""
    host, _, port = bind.rpartition(":")
    reached = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104  compared, not bound
    return f"http://{reached}:{port}"


def answers(settings: Environment, address: str, path: str) -> bool:
    """Whether ``path`` answers 200 there, asked by a host name that the settings allow."""
    request = urllib.request.Request(f"{address}{path}")  # noqa: S310  our own address
    host = address.removeprefix("http://").rpartition(":")[0]
    if settings.hosts and host not in settings.hosts:
        request.add_header("Host", settings.hosts[0])
    try:
        with urllib.request.urlopen(request, timeout=WAIT_S) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    found = environment.read()
    sys.exit(not answers(found, local_address(found["HEADWATER_BIND"]), "/healthz"))
