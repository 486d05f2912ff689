"""Reads schemes, recognitions and formulas from files, CSV or JSON; every fault is told with its line. No database."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from headwater.core.decision import Decision, Reason
from headwater.engines.terms import TermsError, read_formula, read_terms, terms_as_data

SCHEME = (
    *("code", "jurisdiction", "name_zh", "name_en", "version", "valid_from", "valid_to", "terms"),
    *("article_zh", "article_en", "note_zh", "note_en", "verified", "source"),
)
RECOGNITION = (
    *("code", "kind", "granted_in", "counts_in", "codes", "valid_from", "valid_to"),
    *("article_zh", "article_en", "verified", "source"),
)
FORMULA = (
    *("code", "version", "jurisdiction", "name_zh", "name_en", "from_year", "value_from", "formula"),
    *("note_zh", "note_en", "verified", "source"),
)
NEEDED = frozenset(
    {"code", "jurisdiction", "valid_from", "terms", "kind", "granted_in", "counts_in", "formula", "from_year"}
)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """The sound rows of a file (each with its ``line``), and what is wrong with the others."""

    rows: tuple[Row, ...]
    faults: tuple[tuple[int, Decision], ...]


def _table(text: str) -> list[tuple[int, Row]]:
    """The rows of a CSV or a JSON list, each with its line (of JSON: its number in the list)."""
    if text.lstrip()[:1] in ("[", "{"):
        found = json.loads(text)
        rows = found if isinstance(found, list) else [found]
        return [(number, dict(row)) for number, row in enumerate(rows, 1) if isinstance(row, Mapping)]
    reader = csv.DictReader(io.StringIO(text, newline=""))
    return [(reader.line_num, {str(key): value or "" for key, value in row.items()}) for row in reader]


def _cell(name: str, value: Any) -> Any:
    if name in ("valid_from", "valid_to"):
        return date.fromisoformat(str(value)) if value else None
    if name in ("version", "from_year"):
        return int(value or 1)
    if name == "value_from":
        return str(value or 0)
    if name == "verified":
        if isinstance(value, bool):
            return value
        if str(value) not in ("yes", "no", ""):
            raise ValueError(value)
        return value == "yes"
    if name == "codes":
        return value if isinstance(value, list) else [one.strip() for one in str(value).split(";") if one.strip()]
    if name == "terms":
        data = value if isinstance(value, Mapping) else json.loads(value)
        return terms_as_data(read_terms(data))
    if name == "formula":
        data = value if isinstance(value, Mapping) else json.loads(value)
        read_formula(data)
        return data
    return str(value or "").strip()


def _row(given: Row, columns: Sequence[str]) -> tuple[Row, list[Reason]]:
    row: Row = {}
    faults: list[Reason] = []
    for name in columns:
        value = given.get(name, "")
        if name in NEEDED and value in ("", None):
            faults.append(Reason("terms.missing", facts={"where": name, "want": name}))
            continue
        try:
            row[name] = _cell(name, value)
        except TermsError as error:
            faults += error.decision.reasons
        except json.JSONDecodeError as error:
            facts = {"where": name, "line": error.lineno, "column": error.colno}
            faults.append(Reason("terms.not_json", facts=facts))
        except (ValueError, TypeError):
            want = {"verified": "yes, no", "version": "1"}.get(name, "2025-09-01")
            faults.append(Reason("terms.wrong_value", facts={"where": name, "got": str(value)[:60], "want": want}))
    unknown = [name for name in given if name not in columns]
    faults += [
        Reason("terms.unknown_field", facts={"where": str(name), "want": ", ".join(columns)}) for name in unknown
    ]
    return row, faults


def read_rows(content: bytes, columns: Sequence[str]) -> Read:
    """Read a file of schemes, recognitions or formulas; UTF-8, a byte order mark or not."""
    try:
        table = _table(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Read((), ((1, Decision((Reason("import.encoding_unknown"),))),))
    except json.JSONDecodeError as error:
        facts = {"line": error.lineno, "column": error.colno}
        return Read((), ((error.lineno, Decision((Reason("import.not_json", facts=facts),))),))
    except csv.Error:
        return Read((), ((1, Decision((Reason("file.no_rows"),))),))
    rows: list[Row] = []
    faults: list[tuple[int, Decision]] = []
    for line, given in table:
        row, found = _row(given, columns)
        if found:
            faults.append((line, Decision(tuple(found))))
        else:
            rows.append(row | {"line": line})
    if not table:
        faults.append((1, Decision((Reason("file.no_rows"),))))
    return Read(tuple(rows), tuple(faults))
