"""Any table of the store from a CSV or Parquet file with its columns; places from coordinates or from city names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from headwater.observatory import geocode
from headwater.observatory.geocode import Nearest
from headwater.observatory.intake.base import Batches, IntakeError, Outcome, Reader, delimited, parquet_rows
from headwater.observatory.tables import TABLES, key_of

# What a file must have for each table; the others may be left out.
NEEDED = {
    "documents": ("id", "kind", "date"),
    "addresses": ("document", "kind", "date"),
    "firms": ("id",),
    "listed": ("list", "member", "rank"),
    "presences": ("firm", "zone"),
    "suppliers": ("plant", "name"),
    "projects": ("facility", "id", "date"),
    "uses": ("date", "instrument_city", "user_city", "hours"),
    "payments": ("date", "from_city", "to_city", "amount_cny"),
    "alliances": ("kind", "name", "member"),
    "challenges": ("id", "date", "state"),
    "institutions": ("id", "name"),
}
KINDS = ("publication", "patent", "deal")
YES, NO = {"yes", "true", "1", "是"}, {"no", "false", "0", "否", ""}


def table(name: str, cities: Sequence[Any]) -> Reader:
    """A reader for one of the store's tables.

    Besides the table's columns a file may have ``place`` (a city's name; with ``country`` it is looked up in the
    gazetteer where coordinates are missing). ``city`` may be a city's code, Chinese or English name. In ``addresses``
    the column ``document`` is the id of a document, and ``part`` may be left out: each document is then divided
    equally among its addresses of the file.
    """
    if name not in NEEDED:
        raise IntakeError(f"There is no table {name}. Tables: {', '.join(NEEDED)}.")
    near, schema = Nearest(cities), TABLES[name]
    known = {
        alias.casefold(): row["code"]
        for row in cities
        for alias in (row["code"], row["name_en"], row["name_zh"])
        if alias
    }
    placed = "lat" in schema.names

    def read(path: Path, batches: Batches, outcome: Outcome, reject: Callable[[int, str], None]) -> None:
        rows = _rows(path, NEEDED[name])
        sizes = _sizes(path) if name == "addresses" else {}
        for place, given in rows:
            outcome.read += 1
            try:
                made = _row(name, schema, given, known, sizes)
            except ValueError as problem:
                reject(place, str(problem))
                continue
            if placed:
                _place(made, given, near, cities, outcome)
            batches.add(name, made)

    return read


def _rows(path: Path, needed: Sequence[str]) -> Any:
    if path.suffix != ".parquet":
        return delimited(path, needed)
    import pyarrow.parquet as pq

    names = pq.read_schema(path).names
    missing = [name for name in needed if name not in names]
    if missing:
        raise IntakeError(f"{path}: there is no column {', '.join(missing)}; found {', '.join(names)}.")
    return parquet_rows(path)


def _sizes(path: Path) -> dict[str, int]:
    """How many addresses each document has in the file."""
    found: dict[str, int] = {}
    for _place, row in _rows(path, ("document", "kind")):
        code = f"{row['kind']}:{row['document']}"
        found[code] = found.get(code, 0) + 1
    return found


def _row(
    name: str, schema: pa.Schema, given: dict[str, Any], known: dict[str, str], sizes: dict[str, int]
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for field in schema:
        if field.name in ("key", "origin") or (name == "addresses" and field.name == "document"):
            continue
        value = given.get(field.name)
        if field.name == "person":
            made["person"] = key_of("person", str(value)) if value not in (None, "") else None
            continue
        made[field.name] = _value(field, value)
    if made["synthetic"] is None:
        del made["synthetic"]
    for column in NEEDED[name]:
        if column != "document" and made.get(column) in (None, ""):
            raise ValueError(f"Column {column} is empty.")
    if name in ("documents", "addresses") and made["kind"] not in KINDS:
        raise ValueError(f"Column kind: “{made['kind']}” is none of {', '.join(KINDS)}.")
    if name == "documents":
        made["key"] = key_of(made["kind"], made["id"])
    if name == "addresses":
        if given["document"] in (None, ""):
            raise ValueError("Column document is empty.")
        made["document"] = key_of(made["kind"], str(given["document"]))
        if made["part"] is None:
            made["part"] = 1.0 / sizes[f"{given['kind']}:{given['document']}"]
    if name == "suppliers" and made["weight"] is None:
        made["weight"] = 1.0
    for column in ("city", "instrument_city", "user_city", "from_city", "to_city"):
        if made.get(column):
            code = known.get(str(made[column]).casefold())
            if code is None and column != "city":
                raise ValueError(f"Column {column}: “{made[column]}” is no city of the record.")
            made[column] = code or ""
    return made


def _value(field: pa.Field, value: Any) -> Any:
    """A cell as the column's kind; raises ValueError with the column's name."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        if pa.types.is_date(field.type):
            return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
        if pa.types.is_boolean(field.type):
            if isinstance(value, bool):
                return value
            text = str(value).strip().casefold()
            if text not in YES | NO:
                raise ValueError
            return text in YES
        if pa.types.is_floating(field.type):
            number = float(value)
            if not math.isfinite(number):
                raise ValueError
            return number
        if pa.types.is_integer(field.type):
            return int(value)
    except ValueError:
        raise ValueError(f"Column {field.name}: “{value}” can't be read as {_said(field.type)}.") from None
    return str(value).strip()


def _said(kind: pa.DataType) -> str:
    if pa.types.is_date(kind):
        return "a day (2024-03-05)"
    if pa.types.is_boolean(kind):
        return "yes or no"
    return "a number"


def _place(
    made: dict[str, Any],
    given: dict[str, Any],
    near: Nearest,
    cities: Sequence[Any],
    outcome: Outcome,
) -> None:
    """Fill in coordinates from a city or a place's name, and the city from coordinates."""
    lat, lon = made.get("lat"), made.get("lon")
    if (lat is None) != (lon is None) or (lat is not None and not (abs(lat) <= 90 and abs(lon or 0) <= 180)):
        lat = lon = None
        why = "coordinates not on the earth"
    else:
        why = "no coordinates and no place"
    if lat is None and made.get("city"):
        row = next(row for row in cities if row["code"] == made["city"])
        lat, lon = row["lat"], row["lon"]
    elif lat is None and given.get("place"):
        at = geocode.find(str(given["place"]), str(given.get("country") or ""))
        lat, lon = at if at is not None else (None, None)
        why = "place not in the gazetteer"
    made["lat"], made["lon"] = lat, lon
    if lat is None:
        outcome.unplace(why)
        made["city"] = made.get("city") or ""
        return
    outcome.placed += 1
    if not made.get("city"):
        made["city"] = str(near.of([lat], [lon])[0])
