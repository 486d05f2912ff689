"""Minutes by rail between the cities of the record, from the region's timetable; worked out once and kept.

Door to door: 40 minutes before the first train and 20 after the last, as `headwater reach` takes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DOOR_TO_DOOR_MIN = 60


@dataclass(frozen=True)
class Travel:
    """Minutes between cities; nan where nothing goes. ``source`` says which timetable it is."""

    codes: tuple[str, ...]
    minutes: NDArray[np.float64]
    source: str
    synthetic: bool
    digest: str

    def between(self, start: str, end: str) -> float:
        if start == end:
            return 0.0
        if start not in self.codes or end not in self.codes:
            return float("nan")
        return float(self.minutes[self.codes.index(start), self.codes.index(end)])


def digest_of(folder: Path) -> str:
    """SHA-256 over the names and bytes of a timetable's files."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*")):
        if path.is_file():
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(maxsize=4)
def _computed(region: str, keep: str, names: tuple[tuple[str, str, str], ...]) -> Travel | None:
    from headwater.timetables.reading import bundled_folder

    folder = bundled_folder(region)
    if not (folder / "stops.csv").is_file():
        return None
    digest = digest_of(folder)
    kept = Path(keep) / f"travel-{digest}.json"
    if kept.is_file():
        held = json.loads(kept.read_text("utf-8"))
    else:
        held = _matrix(folder)
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".draft")
        draft.write_text(json.dumps(held, ensure_ascii=False), "utf-8")
        draft.rename(kept)
    by_name = {name: code for code, *both in names for name in both if name}
    place = [by_name.get(city) or by_name.get(held["chinese"].get(city, "")) for city in held["cities"]]
    rows = [k for k, code in enumerate(place) if code]
    minutes = np.array([[np.nan if m is None else m for m in row] for row in held["minutes"]], np.float64)
    codes = tuple(str(place[k]) for k in rows)
    return Travel(codes, minutes[np.ix_(rows, rows)], held["source"], held["synthetic"], digest)


def _matrix(folder: Path) -> dict[str, Any]:
    from headwater.timetables.feed import day_of
    from headwater.timetables.reach import Additions, matrix
    from headwater.timetables.reading import read_timetable

    feed = read_timetable(folder)
    day = day_of(feed, None)
    return {
        "cities": list(feed.cities),
        "chinese": {city: name for name, city in feed.city_names.items()},
        "minutes": matrix(day, Additions.of(DOOR_TO_DOOR_MIN)),
        "source": feed.source.sentence(),
        "synthetic": bool(feed.source.synthetic),
    }


def travel(region: str, cities: Sequence[Any], keep: Path) -> Travel | None:
    """Rail minutes between the record's cities; None where the region has no timetable."""
    return _computed(region, str(keep), tuple((row["code"], row["name_en"], row["name_zh"]) for row in cities))
