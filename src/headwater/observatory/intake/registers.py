"""ROR, GLEIF and PatentsView: research organisations, legal entities, patents with their inventors."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from headwater.observatory import geocode
from headwater.observatory.geocode import Nearest
from headwater.observatory.intake.base import (
    Batches,
    IntakeError,
    Outcome,
    Reader,
    RejectError,
    delimited,
    open_bytes,
)
from headwater.observatory.tables import key_of

Reject = Callable[[int, str], None]


def _objects(path: Path) -> Iterator[tuple[int, Any]]:
    """The objects of a JSON list, plain, .gz or as the largest .json in a .zip."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as packed:
            names = sorted(
                (one for one in packed.infolist() if one.filename.endswith(".json")), key=lambda o: o.file_size
            )
            if not names:
                raise IntakeError(f"{path} holds no .json file.")
            # A release has schema 1 and 2 side by side; 2 says so in its name.
            chosen = next((one for one in names if "schema_v2" in one.filename), names[-1])
            data = packed.read(chosen)
    else:
        with open_bytes(path) as file:
            data = file.read()
    try:
        held = json.loads(data)
    except ValueError as problem:
        raise IntakeError(f"{path} is no JSON: {problem}.") from problem
    if not isinstance(held, list):
        raise IntakeError(f"{path} holds no list of records.")
    yield from enumerate(held, 1)


def ror(cities: Sequence[Any]) -> Reader:
    """A reader of a ROR release, schema 2 (and 1). ROR's data are CC0."""
    near = Nearest(cities)

    def read(path: Path, batches: Batches, outcome: Outcome, reject: Reject) -> None:
        for place, row in _objects(path):
            outcome.read += 1
            try:
                made = _ror(row)
            except (RejectError, KeyError, TypeError, ValueError, AttributeError, IndexError) as problem:
                reject(place, str(problem) if isinstance(problem, RejectError) else "The record is not one of ROR's.")
                continue
            _count(outcome, made["lat"], "organisation without a place")
            batches.add("institutions", made | {"city": str(near.of([_nan(made["lat"])], [_nan(made["lon"])])[0])})

    return read


def _ror(row: Any) -> dict[str, Any]:
    if row.get("status", "active") != "active":
        raise RejectError(f"The organisation is {row['status']}.")
    identifier = str(row["id"]).rsplit("/", 1)[-1]
    if "names" in row:
        names = row["names"]
        shown = [one for one in names if "ror_display" in one.get("types", [])] or names
        details = (row.get("locations") or [{}])[0].get("geonames_details") or {}
        name, lat, lon = shown[0]["value"], details.get("lat"), details.get("lng")
        country = details.get("country_code") or ""
    else:
        first = (row.get("addresses") or [{}])[0]
        name, lat, lon = row["name"], first.get("lat"), first.get("lng")
        country = (row.get("country") or {}).get("country_code") or ""
    return {
        "id": identifier,
        "ror": identifier,
        "name": name,
        "kind": (row.get("types") or [""])[0].lower(),
        "country": country,
        "lat": None if lat is None else float(lat),
        "lon": None if lon is None else float(lon),
    }


def _nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _count(outcome: Outcome, lat: float | None, why: str) -> None:
    if lat is None:
        outcome.unplace(why)
    else:
        outcome.placed += 1


GLEIF = (
    "LEI",
    "Entity.LegalName",
    "Entity.LegalAddress.City",
    "Entity.LegalAddress.Country",
    "Entity.EntityStatus",
)


def gleif(cities: Sequence[Any]) -> Reader:
    """A reader of GLEIF's golden copy (level 1, CSV); places come from city names. GLEIF's data are CC0."""
    near = Nearest(cities)

    def read(path: Path, batches: Batches, outcome: Outcome, reject: Reject) -> None:
        for place, row in delimited(path, GLEIF):
            outcome.read += 1
            if len(row["LEI"] or "") != 20:
                reject(place, f"“{row['LEI']}” is no LEI; it has twenty characters.")
                continue
            country = row["Entity.LegalAddress.Country"] or ""
            at = geocode.find(row["Entity.LegalAddress.City"] or "", country)
            lat, lon = at if at is not None else (None, None)
            _count(outcome, lat, f"city not in the gazetteer ({country or 'no country'})")
            created = (row.get("Entity.EntityCreationDate") or "")[:10]
            try:
                founded = date.fromisoformat(created) if created else None
            except ValueError:
                reject(place, f"“{created}” is no date.")
                continue
            if row["Entity.EntityStatus"] == "INACTIVE" and not row.get("Entity.EntityExpirationDate"):
                reject(place, "The entity is inactive and says not since when.")
                continue
            ended = (row.get("Entity.EntityExpirationDate") or "")[:10]
            batches.add(
                "firms",
                {
                    "id": row["LEI"],
                    "name": row["Entity.LegalName"],
                    "founded": founded,
                    "closed": date.fromisoformat(ended) if ended else None,
                    "country": country,
                    "lat": lat,
                    "lon": lon,
                    "city": str(near.of([_nan(lat)], [_nan(lon)])[0]),
                    "zone": "",
                },
            )

    return read


# PatentsView ----------------------------------------------------------------------------------------------------
PATENTS = "g_patent"
INVENTORS = "g_inventor_disambiguated"
LOCATIONS = "g_location_disambiguated"


def patentsview_folder(folder: Path) -> dict[str, Path]:
    """The three tables of a folder, whatever they are packed in.

    Raises
    ------
    IntakeError
        One is missing.
    """
    found = {}
    for name in (PATENTS, INVENTORS, LOCATIONS):
        paths = sorted(folder.glob(f"{name}.tsv*"))
        if not paths:
            raise IntakeError(f"{folder} has no {name}.tsv (or .tsv.zip). PatentsView's tables are needed together.")
        found[name] = paths[0]
    return found


def patentsview(folder: Path, cities: Sequence[Any]) -> Reader:
    """A reader of PatentsView's inventors, with the dates and places of two tables beside. CC BY 4.0."""
    near = Nearest(cities)
    tables = patentsview_folder(folder)

    def read(path: Path, batches: Batches, outcome: Outcome, reject: Reject) -> None:
        places, dates = _locations(tables[LOCATIONS], near), _dates(tables[PATENTS], reject)
        inventors: dict[str, int] = {}
        for _place, row in delimited(path, ("patent_id",)):
            inventors[row["patent_id"]] = inventors.get(row["patent_id"], 0) + 1
        seen: set[str] = set()
        for place, row in delimited(path, ("patent_id", "inventor_sequence", "inventor_id", "location_id")):
            outcome.read += 1
            number = row["patent_id"]
            day = dates.get(number)
            if day is None:
                reject(place, f"Patent {number} is not in {PATENTS}, so it has no date.")
                continue
            key = key_of("patent", number)
            if number not in seen:
                seen.add(number)
                batches.add("documents", {"key": key, "id": number, "kind": "patent", "date": day})
            lat, lon, country, city = places.get(row["location_id"] or "", (None, None, "", ""))
            _count(
                outcome, lat, "inventor without a location" if not row["location_id"] else "location not in the table"
            )
            batches.add(
                "addresses",
                {
                    "document": key,
                    "kind": "patent",
                    "date": day,
                    "person": key_of("inventor", row["inventor_id"] or f"{number}#{row['inventor_sequence']}"),
                    "leads": row["inventor_sequence"] in ("0", ""),
                    "part": 1.0 / inventors[number],
                    "lat": lat,
                    "lon": lon,
                    "country": country,
                    "city": city,
                },
            )

    return read


def _locations(path: Path, near: Nearest) -> dict[str, tuple[float | None, float | None, str, str]]:
    held = {}
    rows = list(delimited(path, ("location_id", "disambig_country", "latitude", "longitude")))
    lat = [float(row["latitude"]) if row["latitude"] else float("nan") for _place, row in rows]
    lon = [float(row["longitude"]) if row["longitude"] else float("nan") for _place, row in rows]
    for (_place, row), code, a, b in zip(rows, near.of(lat, lon), lat, lon, strict=True):
        known = a == a and b == b
        held[row["location_id"]] = (
            a if known else None,
            b if known else None,
            row["disambig_country"] or "",
            str(code),
        )
    return held


def _dates(path: Path, reject: Reject) -> dict[str, date]:
    found = {}
    for place, row in delimited(path, ("patent_id", "patent_date")):
        try:
            found[row["patent_id"]] = date.fromisoformat(row["patent_date"])
        except ValueError:
            reject(place, f"{PATENTS}: “{row['patent_date']}” is no date.")
    return found
