"""Reads a region's folder: small CSV files of facts, each row with its source. No database.

Every file is read whole and checked before anything is written; `RegionError` tells all problems at once,
each with file, line and what to do.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from headwater.core.identity import valid_orcid, valid_ror

MOST_PROBLEMS = 50
VOCABULARIES = Path(__file__).parent / "vocabularies"


class RegionError(ValueError):
    """A region's folder that can't be loaded; ``problems`` are whole sentences."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        shown = [f"  {one}" for one in self.problems[:MOST_PROBLEMS]]
        if len(self.problems) > MOST_PROBLEMS:
            shown.append(f"  … and {len(self.problems) - MOST_PROBLEMS} more.")
        super().__init__("The region can't be loaded; nothing was changed:\n" + "\n".join(shown))


def text(cell: str) -> str:
    return cell


def words(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(";") if word.strip()]


def number(cell: str) -> float | None:
    return float(cell) if cell else None


def whole(cell: str) -> int | None:
    return int(cell) if cell else None


def yes(cell: str) -> bool:
    if cell not in ("yes", "no"):
        raise ValueError("must be yes or no")
    return cell == "yes"


def ror(cell: str) -> str | None:
    if cell and not valid_ror(cell):
        raise ValueError("is no ROR id; its check digits are wrong")
    return cell or None


def orcid(cell: str) -> str | None:
    if cell and not valid_orcid(cell):
        raise ValueError("is no ORCID iD; its check digit is wrong")
    return cell or None


def web_page(cell: str) -> str:
    """An address that a page may link to."""
    if cell and not cell.lower().startswith(("https://", "http://")):
        raise ValueError("is no web address; begin it with https:// or http://")
    return cell


def uscc(cell: str) -> str | None:
    from stdnum.cn import uscc as credit_code

    if cell and not credit_code.is_valid(cell):
        raise ValueError("is no Unified Social Credit Code; its check digit is wrong")
    return cell or None


Reader = Callable[[str], Any]
FILES: Mapping[str, Mapping[str, Reader]] = {
    "sources": dict.fromkeys(
        ("key", "kind", "title_zh", "title_en", "publisher", "url", "published", "accessed", "licence", "note"), text
    )
    | {"url": web_page},
    "jurisdictions": dict.fromkeys(("code", "parent", "kind", "name_zh", "name_en", "timezone", "source"), text),
    "cities": {
        **dict.fromkeys(("code", "jurisdiction", "name_zh", "name_en"), text),
        "lat": number,
        "lon": number,
        "population": whole,
        "population_year": whole,
        "population_verified": yes,
        "population_source": text,
        "area_km2": number,
        "area_year": whole,
        "area_verified": yes,
        "area_source": text,
        "source": text,
    },
    "zones": {
        **dict.fromkeys(("code", "kind", "name_zh", "name_en"), text),
        "cities": words,
        "area_km2": number,
        "area_as_of": text,
        "area_verified": yes,
        "lat": number,
        "lon": number,
        **dict.fromkeys(("location_accuracy", "polygon", "note_zh", "note_en"), text),
        "verified": yes,
        "source": text,
    },
    "organisations": {
        **dict.fromkeys(("code", "kind", "name_zh", "name_en", "city"), text),
        "lat": number,
        "lon": number,
        "location_accuracy": text,
        "ror": ror,
        "uscc": uscc,
        **dict.fromkeys(("size_class", "founded", "listed_on"), text),
        "website": web_page,
        "verified": yes,
        "source": text,
    },
    "facilities": {
        **dict.fromkeys(
            (
                "code",
                "name_zh",
                "name_en",
                "city",
                "operator",
                "field",
                "description_zh",
                "description_en",
                "status",
                "since",
            ),
            text,
        ),
        "lat": number,
        "lon": number,
        "location_accuracy": text,
        "verified": yes,
        **dict.fromkeys(("source", "note_zh", "note_en"), text),
    },
    "beamlines": {
        **dict.fromkeys(("code", "facility", "name_zh", "name_en"), text),
        "techniques": words,
        "measured_zh": words,
        "measured_en": words,
        **dict.fromkeys(("energy_range", "status", "phase"), text),
        "verified": yes,
        **dict.fromkeys(("source", "note"), text),
    },
    "ties": {
        **dict.fromkeys(("kind", "from", "to", "role", "name_zh", "name_en", "since", "until"), text),
        "verified": yes,
        "source": text,
    },
    "figures": {
        **dict.fromkeys(("code", "subject_kind", "subject", "statement_zh", "statement_en"), text),
        "claimed": number,
        "value": number,
        **dict.fromkeys(("comparison", "unit_zh", "unit_en", "as_of", "verdict", "source", "note_zh", "note_en"), text),
    },
    "class_codes": {
        **dict.fromkeys(("vocabulary", "version", "code", "parent", "name_zh", "name_en"), text),
        "verified": yes,
        "source": text,
    },
    "class_crosswalk": dict.fromkeys(
        ("vocabulary", "from_version", "from_code", "to_version", "to_code", "relation"), text
    ),
    "technique_classes": dict.fromkeys(("technique", "vocabulary", "version", "code"), text),
}
VOCABULARY_FILES: Mapping[str, Mapping[str, Reader]] = {
    "techniques": {
        **dict.fromkeys(("code", "parent", "name_zh", "name_en"), text),
        **dict.fromkeys(("synonyms_zh", "synonyms_en", "measures_zh", "measures_en"), words),
    },
    "models": {
        **dict.fromkeys(("technique", "maker_zh", "maker_en", "maker_country", "model"), text),
        "price_low_cny": whole,
        "price_high_cny": whole,
        "introduced": whole,
    },
    "purposes": dict.fromkeys(("group", "zh", "en"), text),
}
KEYS = {
    "sources": ("key",),
    "class_codes": ("vocabulary", "version", "code"),
    "ties": ("kind", "from", "to", "role", "name_en", "since"),
    "class_crosswalk": ("vocabulary", "from_version", "from_code", "to_version", "to_code"),
    "technique_classes": ("technique", "vocabulary", "version", "code"),
    "models": ("technique", "maker_en", "model"),
    "purposes": ("group", "zh", "en"),
}
# A cell of the first must name a row of the second.
REFERENCES = (
    ("jurisdictions", "parent", "jurisdictions"),
    ("cities", "jurisdiction", "jurisdictions"),
    ("cities", "population_source", "sources"),
    ("cities", "area_source", "sources"),
    ("zones", "cities", "cities"),
    ("organisations", "city", "cities"),
    ("facilities", "city", "cities"),
    ("facilities", "operator", "organisations"),
    ("beamlines", "facility", "facilities"),
    ("beamlines", "techniques", "techniques"),
    ("ties", "from", "organisations"),
    ("ties", "to", "organisations"),
    ("technique_classes", "technique", "techniques"),
    ("models", "technique", "techniques"),
)
SOURCED = ("jurisdictions", "cities", "zones", "organisations", "facilities", "beamlines", "ties", "class_codes")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RegionFiles:
    """A region's folder, read and checked: settings, and the rows of each file."""

    code: str
    settings: Mapping[str, Any]
    tables: Mapping[str, Sequence[Row]]
    coast: Mapping[str, Any]
    rail: Sequence[Sequence[tuple[float, float]]]
    digest: str = field(repr=False)
    folder: Path = field(default=Path(), repr=False)


def folder_of(code_or_path: str) -> Path:
    """The folder of a shipped region's code, or the folder itself."""
    shipped = Path(str(resources.files("headwater"))) / "regions" / code_or_path
    folder = shipped if "/" not in code_or_path and shipped.is_dir() else Path(code_or_path)
    if not (folder / "region.json").is_file():
        raise RegionError([f"{folder} is no region: it has no region.json. Give a shipped region's code or a folder."])
    return folder


def digest_of(folder: Path) -> str:
    """The digest of all files that a load reads; another digest means that the region must be loaded again."""
    digest = hashlib.sha256()
    for path in sorted((*folder.rglob("*.csv"), *folder.rglob("*.json"), *VOCABULARIES.glob("*.csv"))):
        digest.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _rows(path: Path, columns: Mapping[str, Reader], problems: list[str]) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines)
        header = next(reader, [])
        missing = [name for name in columns if name not in header]
        if missing:
            problems.append(f"{path.name} line 1 lacks the column {', '.join(missing)}.")
            return
        for cells in reader:
            if not any(cells):
                continue
            where = f"{path.name} line {reader.line_num}"
            if len(cells) != len(header):
                problems.append(
                    f"{where} has {len(cells)} cells, its header {len(header)}; look for a stray quote or comma."
                )
                continue
            given = dict(zip(header, cells, strict=True))
            row: Row = {"_where": where}
            for name, read in columns.items():
                try:
                    row[name] = read(given[name].strip())
                except ValueError as error:
                    why = str(error) if "must" in str(error) or "is no " in str(error) else "can't be read as a number"
                    problems.append(f"{where}, column {name}: “{given[name]}” {why}.")
                    break
            else:
                yield row


def _key(table: str, row: Row) -> tuple[str, ...]:
    return tuple(str(row[part]) for part in KEYS.get(table, ("code",)))


def _check(tables: Mapping[str, Sequence[Row]], problems: list[str]) -> None:
    known = {table: {_key(table, row) for row in rows} for table, rows in tables.items()}
    for table, rows in tables.items():
        seen: set[tuple[str, ...]] = set()
        for row in rows:
            if (key := _key(table, row)) in seen:
                problems.append(f"{row['_where']}: “{' / '.join(key)}” stands there already.")
            seen.add(key)
    for table, column, other in REFERENCES:
        problems.extend(
            f"{row['_where']}, column {column}: there is no “{word}” in {other}.csv."
            for row in tables[table]
            for word in (row[column] if isinstance(row[column], list) else [row[column]])
            if word and (word,) not in known[other]
        )
    for table in SOURCED:
        problems.extend(
            f"{row['_where']}: its source “{first}” is not in sources.csv; each row needs one."
            for row in tables[table]
            if ((first := row["source"].split(";")[0]),) not in known["sources"]
        )
    classes = known["class_codes"]
    problems.extend(
        f"{row['_where']}: its parent class “{row['parent']}” does not exist."
        for row in tables["class_codes"]
        if row["parent"] and (row["vocabulary"], row["version"], row["parent"]) not in classes
    )
    problems.extend(
        f"{row['_where']}: there is no class “{row['code']}” of version “{row['version']}”."
        for row in tables["technique_classes"]
        if (row["vocabulary"], row["version"], row["code"]) not in classes
    )
    problems.extend(
        f"{row['_where']}: there is no class “{row[f'{end}_code']}” of version “{row[f'{end}_version']}”."
        for row in tables["class_crosswalk"]
        for end in ("from", "to")
        if (row["vocabulary"], row[f"{end}_version"], row[f"{end}_code"]) not in classes
    )


def _rail(folder: Path, problems: list[str]) -> list[list[tuple[float, float]]]:
    """The rail lines as runs of points, where the region ships them: for the map's ground only."""
    stations_file, lines_file = folder / "rail" / "stations.csv", folder / "rail" / "line_stations.csv"
    if not (stations_file.is_file() and lines_file.is_file()):
        return []
    stations = {
        row["station_en"]: (row["lon"], row["lat"])
        for row in _rows(stations_file, {"station_en": text, "lat": number, "lon": number}, problems)
    }
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in _rows(lines_file, {"line": text, "station_en": text}, problems):
        if row["station_en"] not in stations:
            problems.append(f"{row['_where']}: there is no station “{row['station_en']}” in stations.csv.")
            continue
        lines.setdefault(row["line"], []).append(stations[row["station_en"]])
    return list(lines.values())


def read_region(folder: Path) -> RegionFiles:
    """Read and check a region's folder; raises `RegionError` with all that is wrong."""
    problems: list[str] = []
    try:
        settings = json.loads((folder / "region.json").read_text(encoding="utf-8"))
        wanted = ("code", "name_zh", "name_en", "node", "country", "currency", "bounds", "synthetic")
        problems.extend(f"region.json lacks “{name}”." for name in wanted if name not in settings)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RegionError([f"region.json is not JSON: {error}."]) from error
    tables: dict[str, list[Row]] = {}
    for where, files in ((folder, FILES), (VOCABULARIES, VOCABULARY_FILES)):
        for name, columns in files.items():
            path = folder / f"{name}.csv" if (folder / f"{name}.csv").is_file() else where / f"{name}.csv"
            if not path.is_file():
                problems.append(f"The file {name}.csv is missing.")
                tables[name] = []
                continue
            try:
                tables[name] = list(_rows(path, columns, problems))
            except UnicodeDecodeError as error:
                tables[name] = []
                problems.append(f"{path.name} is not UTF-8: {error}.")
    if not problems:
        _check(tables, problems)
    coast_file = folder / "coast.json"
    coast = json.loads(coast_file.read_text(encoding="utf-8")) if coast_file.is_file() else {}
    rail = _rail(folder, problems)
    if problems:
        raise RegionError(problems)
    return RegionFiles(settings["code"], settings, tables, coast, rail, digest_of(folder), folder)
