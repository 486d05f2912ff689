"""Loads a region: reads its folder, checks it whole, writes it in one transaction."""

from __future__ import annotations

from django.utils import timezone

from headwater.accounts.audit import COMMAND, Actor
from headwater.registry import regionfiles
from headwater.registry.actions.regions import Progress, load_region
from headwater.registry.models import Region


def _silent(_step: str, _done: int, _of: int) -> None:
    return


def load(code_or_path: str, *, by: Actor = COMMAND, progress: Progress = _silent) -> Region:
    """Load a region, or load it anew; raises `regionfiles.RegionError` and changes nothing if its files are wrong."""
    files = regionfiles.read_region(regionfiles.folder_of(code_or_path))
    return load_region(files, by=by, at=timezone.now(), progress=progress)


def load_if_needed(code_or_path: str, *, by: Actor = COMMAND, progress: Progress = _silent) -> Region | None:
    """Load a region unless these very files were loaded before; None where there was nothing to do."""
    digest = regionfiles.digest_of(regionfiles.folder_of(code_or_path))
    if Region.objects.filter(digest=digest).exists():
        return None
    return load(code_or_path, by=by, progress=progress)
