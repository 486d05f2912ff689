"""The writer of timetables: checked whole, then kept beside the record."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import datetime
from pathlib import Path

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.catalogue.models import Timetable
from headwater.registry import regionfiles
from headwater.registry.queries import region
from headwater.timetables.feed import day_of
from headwater.timetables.reading import read_timetable
from headwater.timetables.tables import open_tables

OWN = ("stops.csv", "stations.csv", "cities.csv", "calendar.csv", "calendar_dates.csv", "source.json")
GTFS = ("agency", "stops", "stop_times", "trips", "routes", "calendar", "calendar_dates", "transfers", "feed_info")
READ = frozenset((*OWN, *(f"{name}.txt" for name in GTFS), "frequencies.txt"))
NO_REGION = "-"


def _packed(path: Path) -> bytes:
    """The files of a timetable as a zip that is the same for the same files."""
    tables = open_tables(path)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(tables.names & READ):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), tables.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


@transaction.atomic
def load_timetable(path: Path, *, by: Actor, at: datetime) -> tuple[Timetable, bool]:
    """Put a folder or a GTFS zip in the place of the region's timetable; also whether it differs from the one before.

    Raises `headwater.timetables.feed.FeedError`, and changes nothing, where it can't be used.
    """
    feed = read_timetable(path)
    day_of(feed)
    packed = _packed(path)
    digest = hashlib.sha256(packed).hexdigest()
    held = region()
    code = held.code if held else NO_REGION
    old = Timetable.objects.select_for_update().filter(region=code).first()
    if old is not None and old.digest == digest:
        return old, False
    said = feed.source
    values = {
        "digest": digest,
        "file_name": path.name[:200] or "timetable",
        "title": said.title[:500],
        "vintage": said.vintage[:200],
        "source": said.source,
        "synthetic": said.synthetic,
        "feed": packed,
        "loaded_at": at,
    }
    timetable, _new = Timetable.objects.update_or_create(region=code, defaults=values)
    changes = {"digest": [old.digest if old else None, digest], "vintage": [old.vintage if old else None, said.vintage]}
    record(Act("timetable.loaded", f"reg_{code}", changes), by=by, at=at)
    return timetable, True


def load_timetable_of(code_or_path: str, *, by: Actor, at: datetime) -> Timetable | None:
    """Load the timetable in a region's folder ``rail``; None where it has none or it is loaded already."""
    folder = regionfiles.folder_of(code_or_path) / "rail"
    if not folder.is_dir():
        return None
    timetable, is_new = load_timetable(folder, by=by, at=at)
    return timetable if is_new else None
