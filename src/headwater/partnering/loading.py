"""Loads what partnering needs beside the record: travel by rail, published consortia, and the made-up network."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from django.utils import timezone

from headwater.accounts.audit import COMMAND, Actor
from headwater.partnering.actions.network import Say, load_network, put_travel
from headwater.registry import queries as registry
from headwater.registry.models import City
from headwater.timetables.feed import day_of
from headwater.timetables.reach import Additions, matrix
from headwater.timetables.reading import bundled_folder, read_timetable

SEED = 20251126
DOOR_MIN = 60  # way to the station, security, way from the last one
REGIONS = Path(__file__).resolve().parents[1] / "regions"


def load_travel(timetable: Path | None = None) -> str:
    """Minutes between the record's cities from a timetable; the region's own bundled one where none is given.

    A Tuesday of the timetable counts; door to door, with an hour for both ends. Says where they come from.
    """
    region = registry.region()
    folder = timetable or bundled_folder(region.code if region else "yrd")
    feed = read_timetable(folder)
    codes = {one.name_en: one.code for one in City.objects.all()}
    minutes = matrix(day_of(feed, date(2025, 11, 25)), Additions.of(DOOR_MIN))
    kept = [at for at, name in enumerate(feed.cities) if name in codes]
    source = getattr(feed.source, "title", "") or folder.name
    put_travel(
        [codes[feed.cities[at]] for at in kept],
        [[minutes[one][other] for other in kept] for one in kept],
        source,
        at=timezone.now(),
    )
    return source


def load_demo_network(seed: int = SEED, *, by: Actor = COMMAND, say: Say = lambda _text: None) -> dict[str, int]:
    """The region's published consortia and a made-up network; nothing where this seed was loaded before."""
    region = registry.region()
    facts = REGIONS / region.code / "consortia.csv" if region else None
    return load_network(seed, facts if facts and facts.exists() else None, by=by, at=timezone.now(), say=say)
