"""A database of its own for a benchmark, in the server that DATABASE_URL names or in an embedded one made for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def start() -> None:
    """Set the application up, quietly, with a home of its own unless one is named."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.site.settings")
    os.environ.setdefault("HEADWATER_LOG_LEVEL", "ERROR")
    if "HEADWATER_HOME" not in os.environ:
        home = Path(tempfile.mkdtemp(prefix="headwater-bench-"))
        home.chmod(0o711)  # processes of another user may pass through
        os.environ["HEADWATER_HOME"] = str(home)
    from headwater.site.cli import with_django

    with_django()


@contextmanager
def own_database(*, filled: bool = False, keep: bool = False) -> Iterator[str]:
    """An empty database, dropped at the end; yields its name. ``filled``: the one kept before; ``keep``: leave it."""
    from django.db import connection

    name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False, keepdb=filled)
    connection.force_debug_cursor = False
    try:
        yield str(name)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0, keepdb=keep)
