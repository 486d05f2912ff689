"""The databases that root keeps under /var/lib/headwater because their HEADWATER_HOME is closed to other users."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from headwater.site import embedded, pgsql


@dataclass(frozen=True, slots=True)
class SystemDatabase:
    """One database outside its home."""

    folder: Path
    home: Path
    size_bytes: int
    gone: bool


def databases() -> list[SystemDatabase]:
    """All of them, by folder. One is gone when its home is, or when that home's record names another."""
    if not pgsql.SYSTEM_ROOT.is_dir():
        return []
    found = []
    for folder in sorted(pgsql.SYSTEM_ROOT.iterdir()):
        note = folder / "home"
        if not re.fullmatch(r"[0-9a-f]{16}", folder.name) or not note.exists():
            continue
        try:
            home = Path(note.read_text())
        except PermissionError:
            raise pgsql.EmbeddedError(f"{pgsql.SYSTEM_ROOT} is root's; run this as root.") from None
        size = sum(one.lstat().st_size for one in folder.rglob("*") if one.is_file() and not one.is_symlink())
        found.append(SystemDatabase(folder, home, size, gone=_token(home) != folder.name))
    return found


def remove(one: SystemDatabase) -> None:
    """Stop its server if it runs, and remove its files."""
    if not _still_gone(one):
        raise pgsql.EmbeddedError(f"{one.folder} has changed meanwhile; list again.")
    place = one.folder / "postgres"
    embedded.stop_folder(embedded.Placement(place, place / "socket"))
    shutil.rmtree(one.folder)


def _still_gone(one: SystemDatabase) -> bool:
    """Whether it is still there and still gone from its home."""
    return (one.folder / "home").exists() and _token(one.home) != one.folder.name


def _token(home: Path) -> str | None:
    try:
        return str(json.loads((home / embedded.RECORD).read_text()).get("token"))
    except (OSError, ValueError):
        return None
