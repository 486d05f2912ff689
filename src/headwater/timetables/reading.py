"""A timetable by its path, whichever form it has; and the one that comes with a region."""

from __future__ import annotations

from pathlib import Path

from headwater.timetables.feed import Feed, FeedError
from headwater.timetables.folder import read_folder
from headwater.timetables.gtfs import read_gtfs
from headwater.timetables.tables import open_tables

__all__ = ["bundled_folder", "read_timetable"]


def read_timetable(path: Path) -> Feed:
    """Read a folder or a zip file, in Headwater's form (``stops.csv``) or GTFS (``stop_times.txt``).

    Raises
    ------
    FeedError
        It is neither, or something in it is wrong; every problem in one sentence with its place.
    """
    tables = open_tables(path)
    if "stops.csv" in tables.names:
        return read_folder(tables)
    if tables.names & {"stop_times.txt", "stops.txt", "trips.txt"}:
        return read_gtfs(tables)
    if "stations.csv" in tables.names:
        raise FeedError([f"{path} has stations.csv but no stops.csv, which lists the trains' stops."])
    raise FeedError([f"{path} is no timetable: it has neither stops.csv (Headwater's form) nor stop_times.txt (GTFS)."])


def bundled_folder(region: str = "yrd") -> Path:
    """The folder of the timetable that comes with a region."""
    return Path(__file__).resolve().parent.parent / "regions" / region / "rail"
