"""OpenAlex's snapshot: institutions and works, as JSON lines (.gz) or Parquet.

Works carry institutions, not coordinates: take institutions in first. OpenAlex's data are CC0.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from headwater.observatory.geocode import Nearest
from headwater.observatory.intake.base import Batches, Outcome, Reader, RejectError, json_lines, parquet_rows
from headwater.observatory.store import Store
from headwater.observatory.tables import key_of

ORIGIN_INSTITUTIONS, ORIGIN_WORKS = "openalex-institutions", "openalex-works"
Place = tuple[float | None, float | None, str, str]  # lat, lon, country, city of the record


def _rows(path: Path, reject: Callable[[int, str], None]) -> Iterator[tuple[int, Any]]:
    return parquet_rows(path) if path.suffix == ".parquet" else json_lines(path, reject)


def short(identifier: Any) -> str:
    """``I136199984`` of ``https://openalex.org/I136199984``."""
    return str(identifier or "").rsplit("/", 1)[-1]


def _list(value: Any) -> list[Any]:
    """A list, which some Parquet dumps hold as JSON text."""
    if isinstance(value, str):
        value = json.loads(value)
    return list(value or [])


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = json.loads(value)
    return dict(value or {})


def institutions(cities: Any) -> Reader:
    """A reader of institutions; each gets the city of the record it lies in."""
    near = Nearest(cities)

    def read(path: Path, batches: Batches, outcome: Outcome, reject: Callable[[int, str], None]) -> None:
        pending: list[dict[str, Any]] = []

        def settle() -> None:
            codes = near.of([_number(row["lat"]) for row in pending], [_number(row["lon"]) for row in pending])
            for row, code in zip(pending, codes, strict=True):
                batches.add("institutions", {**row, "city": str(code)})
            pending.clear()

        for place, row in _rows(path, reject):
            outcome.read += 1
            try:
                made = _institution(row)
            except (RejectError, TypeError, ValueError, AttributeError) as problem:
                reject(place, str(problem) or "The record is not an institution of OpenAlex.")
                continue
            if made["lat"] is None:
                outcome.unplace("institution without coordinates")
            else:
                outcome.placed += 1
            pending.append(made)
            if len(pending) >= 20_000:
                settle()
        settle()

    return read


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _institution(row: Any) -> dict[str, Any]:
    identifier = short(row.get("id"))
    if not identifier.startswith("I"):
        raise RejectError(f"“{row.get('id')}” is no institution's id.")
    geo = _object(row.get("geo"))
    lat, lon = geo.get("latitude"), geo.get("longitude")
    return {
        "id": identifier,
        "ror": short(row.get("ror")),
        "name": row.get("display_name") or "",
        "kind": row.get("type") or "",
        "country": row.get("country_code") or geo.get("country_code") or "",
        "lat": None if lat is None else float(lat),
        "lon": None if lon is None else float(lon),
    }


def known_institutions(store: Store) -> dict[str, Place]:
    """Places of the institutions taken in before, by id."""
    connection = store.connect()
    try:
        rows = connection.execute("SELECT id, lat, lon, country, city FROM institutions ORDER BY id, origin").fetchall()
    finally:
        connection.close()
    return {row[0]: (row[1], row[2], row[3] or "", row[4] or "") for row in rows}


def works(known: dict[str, Place]) -> Reader:
    """A reader of works; an authorship's institutions become its addresses, placed by ``known``."""

    def read(path: Path, batches: Batches, outcome: Outcome, reject: Callable[[int, str], None]) -> None:
        for place, row in _rows(path, reject):
            outcome.read += 1
            try:
                document, addresses = _work(row, known, outcome)
            except (RejectError, TypeError, ValueError, KeyError, AttributeError) as problem:
                reject(place, str(problem) or "The record is not a work of OpenAlex.")
                continue
            batches.add("documents", document)
            for one in addresses:
                batches.add("addresses", one)

    return read


def _work(row: Any, known: dict[str, Place], outcome: Outcome) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    identifier = short(row.get("id"))
    if not identifier.startswith("W"):
        raise RejectError(f"“{row.get('id')}” is no work's id.")
    if row.get("is_retracted"):
        raise RejectError("The work is retracted.")
    day = row.get("publication_date")
    if day is None and row.get("publication_year"):
        day = f"{int(row['publication_year'])}-01-01"
    if day is None:
        raise RejectError("The work has no date.")
    day = day if isinstance(day, date) else date.fromisoformat(str(day)[:10])
    source = _object(_object(row.get("primary_location")).get("source"))
    topic = _object(row.get("primary_topic"))
    key = key_of("publication", identifier)
    document = {
        "key": key,
        "id": identifier,
        "kind": "publication",
        "date": day,
        "venue": source.get("issn_l") or source.get("display_name"),
        "field": _object(topic.get("field")).get("display_name"),
    }
    authorships = _list(row.get("authorships"))
    addresses: list[dict[str, Any]] = []
    for number, given in enumerate(authorships):
        author = _object(given)
        leads = author.get("author_position") == "first" or bool(author.get("is_corresponding"))
        person = key_of("person", short(_object(author.get("author")).get("id")) or f"{identifier}#{number}")
        held = [_object(one) for one in _list(author.get("institutions"))] or [{}]
        # A work is worth one, each author an equal part of it, each of the author's institutions one of that.
        part = 1.0 / (len(authorships) * len(held))
        more = {"leads": leads, "person": person, "part": part}
        addresses += [_address(one, known, outcome) | more for one in held]
    for one in addresses:
        one |= {"document": key, "kind": "publication", "date": day}
    return document, addresses


def _address(institution: dict[str, Any], known: dict[str, Place], outcome: Outcome) -> dict[str, Any]:
    code = short(institution.get("id"))
    lat, lon, country, city = known.get(code, (None, None, institution.get("country_code") or "", ""))
    if lat is None:
        outcome.unplace(
            "author without an institution"
            if not code
            else "institution without coordinates"
            if code in known
            else "institution not taken in"
        )
    else:
        outcome.placed += 1
    return {
        "organisation": institution.get("display_name") or code,
        "lat": lat,
        "lon": lon,
        "country": country,
        "city": city,
    }
