"""Tables of rates as files, CSV or XLSX: a rate a row. Reads them strictly and writes what it reads again. No database.

Rows that name the same instrument and the same first day are one table. What holds for a table (currency, minimum, peak
hours, fees) may stand in each of its rows or in one; two different values are a fault.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from headwater.core.decision import Reason
from headwater.engines.terms import TermsError, rates_as_data, read_rates
from headwater.registry.formats.cells import CellError, guarded, read_date, sheet_text, unguarded
from headwater.registry.formats.files import REJECT_COLUMNS, FileError, open_table

LINE = ("per", "service", "for", "price", "peak")
TABLE = (
    *("currency", "minimum", "shift_hours", "peak_days", "peak_from", "peak_to"),
    *("late_within_hours", "late_share", "no_show"),
)
KEY = ("instrument", "valid_from", "valid_to")
COLUMNS = (*KEY, *LINE, *TABLE)
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class RateRow:
    """One row of a file, as it was, and the faults of it alone."""

    line: int
    cells: tuple[str, ...]
    values: Mapping[str, str]
    faults: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RateDraft:
    """One table as a file has it: its rows; its rates, or what is wrong with it."""

    instrument: str
    valid_from: date | None
    valid_to: date | None
    rates: Mapping[str, Any]
    rows: tuple[RateRow, ...]
    faults: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RateFile:
    header: tuple[str, ...]
    drafts: tuple[RateDraft, ...]


def read_file(path: Path) -> RateFile:
    """Read a file of rates; raises `FileError` where it is none."""
    header: tuple[str, ...] = ()
    groups: dict[tuple[str, str], list[RateRow]] = {}
    count = 0
    for line, cells, faults in open_table(path):
        texts = [unguarded(cell).strip() for cell in cells]
        if not any(texts):
            continue
        if not header:
            header = _header(texts)
            continue
        count += 1
        if count > MOST_ROWS:
            raise FileError("rates.file_too_long", most=MOST_ROWS)
        values = {name: text for name, text in zip(header, texts, strict=False) if name in COLUMNS}
        row = RateRow(line, tuple(cells), values, faults)
        groups.setdefault((values.get("instrument", ""), values.get("valid_from", "")), []).append(row)
    if not groups:
        raise FileError("file.no_rows")
    return RateFile(header, tuple(_draft(rows) for rows in groups.values()))


def _header(texts: Sequence[str]) -> tuple[str, ...]:
    names = tuple(text.lower().replace(" ", "_") if text not in REJECT_COLUMNS else text for text in texts)
    missing = [name for name in ("per", "price", "valid_from", "currency") if name not in names]
    unknown = [name for name in names if name and name not in COLUMNS and name not in REJECT_COLUMNS]
    if missing or unknown:
        raise FileError("rates.file_columns", missing=", ".join(missing) or "—", unknown=", ".join(unknown[:5]) or "—")
    return names


def _day(text: str, name: str, faults: list[Reason]) -> date | None:
    try:
        return read_date(text, name) if text else None
    except CellError:
        faults.append(Reason("terms.wrong_value", facts={"where": name, "got": text[:60], "want": "2026-09-01"}))
        return None


def _draft(rows: Sequence[RateRow]) -> RateDraft:
    faults: list[Reason] = [fault for row in rows for fault in row.faults]
    told: dict[str, str] = {}
    for name in ("valid_to", *TABLE):
        values = {row.values.get(name, "") for row in rows} - {""}
        if len(values) > 1:
            faults.append(Reason("rates.file_two_values", facts={"where": name, "got": " / ".join(sorted(values)[:3])}))
        told[name] = min(values, default="")
    first = rows[0].values
    since = _day(first.get("valid_from", ""), "valid_from", faults)
    until = _day(told["valid_to"], "valid_to", faults)
    if since is None and not first.get("valid_from"):
        faults.append(Reason("terms.missing", facts={"where": "valid_from", "want": "2026-09-01"}))
    lines = [{name: row.values[name] for name in LINE if row.values.get(name)} for row in rows]
    rates: dict[str, Any] = {}
    try:
        rates = rates_as_data(read_rates(_as_data(lines, told)))
    except TermsError as error:
        faults += [_at_line(reason, rows) for reason in error.decision.reasons]
    return RateDraft(first.get("instrument", ""), since, until, rates, tuple(rows), tuple(faults))


def _as_data(lines: list[dict[str, str]], told: Mapping[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {"lines": lines}
    for name in ("currency", "minimum", "shift_hours", "no_show"):
        if told[name]:
            data[name] = told[name].upper() if name == "currency" else told[name]
    if told["peak_days"] or told["peak_from"] or told["peak_to"]:
        days = [one.strip() for one in told["peak_days"].replace(";", " ").replace(",", " ").split()]
        data["peak"] = {
            "days": [int(one) if one.isdigit() else one for one in days],
            "from": told["peak_from"][:5],
            "to": told["peak_to"][:5],
        }
    if told["late_within_hours"] or told["late_share"]:
        hours = told["late_within_hours"]
        data["late_cancel"] = {
            "within_hours": int(hours) if hours.isdigit() else hours,
            "share": told["late_share"] or "1",
        }
    return data


def _at_line(reason: Reason, rows: Sequence[RateRow]) -> Reason:
    """A fault of ``lines[3].price`` told by the file's own line."""
    where = str(reason.facts.get("where", ""))
    if not where.startswith("lines["):
        return reason
    number, _mark, rest = where.removeprefix("lines[").partition("]")
    line = rows[int(number)].line
    return Reason(reason.code, reason.weight, {**reason.facts, "where": f"{line}{rest}", "line": line}, reason.source)


# Written --------------------------------------------------------------------------------------------------------
def rows_of(instrument: str, valid_from: date, valid_to: date | None, rates: Mapping[str, Any]) -> list[list[str]]:
    """A stored table as the rows of a file."""
    peak, late = rates.get("peak") or {}, rates.get("late_cancel") or {}
    table = {
        "currency": rates["currency"],
        "minimum": rates.get("minimum", ""),
        "shift_hours": rates.get("shift_hours", ""),
        "peak_days": " ".join(map(str, peak.get("days", []))),
        "peak_from": peak.get("from", ""),
        "peak_to": peak.get("to", ""),
        "late_within_hours": late.get("within_hours", ""),
        "late_share": late.get("share", ""),
        "no_show": rates.get("no_show") or "",
    }
    key = {"instrument": instrument, "valid_from": valid_from.isoformat()}
    key["valid_to"] = valid_to.isoformat() if valid_to else ""
    return [[str((key | table | line).get(name, "")) for name in COLUMNS] for line in rates["lines"]]


def as_csv(rows: Iterable[Sequence[str]], header: Sequence[str] = COLUMNS) -> bytes:
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(header)
    out.writerows([guarded(cell) for cell in row] for row in rows)
    return ("\ufeff" + text.getvalue()).encode()


def as_xlsx(rows: Iterable[Sequence[str]], header: Sequence[str] = COLUMNS) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("rates")
    sheet.append(list(header))
    for row in rows:
        sheet.append([sheet_text(cell) for cell in row])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()
