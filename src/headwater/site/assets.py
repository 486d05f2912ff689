"""The collected static files: named by their content and compressed, made anew only when a source has changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from headwater import __version__

STAMP = ".collected"


def collect() -> bool:
    """Collect the static files into STATIC_ROOT; False when they are as they should be. Django must be set up."""
    from django.conf import settings
    from django.contrib.staticfiles.management.commands.collectstatic import Command
    from django.core.management import call_command
    from whitenoise.storage import CompressedManifestStaticFilesStorage

    root = Path(settings.STATIC_ROOT)
    stamp, wanted = root / STAMP, _digest()
    if stamp.exists() and stamp.read_text() == wanted and (root / "staticfiles.json").exists():
        return False
    root.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    command = Command()
    # While nothing is collected the settings name the plain storage, which would name no file by its content.
    command.storage = CompressedManifestStaticFilesStorage()
    call_command(command, interactive=False, clear=True, verbosity=0)
    stamp.write_text(wanted)
    return True


def _digest() -> str:
    from django.contrib.staticfiles.finders import get_finders

    found = hashlib.sha256(__version__.encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = os.stat(storage.path(path))  # noqa: PTH116
            found.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return found.hexdigest()
