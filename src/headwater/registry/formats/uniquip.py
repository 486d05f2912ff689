"""UNIQUIP: the table in which universities of the United Kingdom publish shared equipment, in CSV and XLSX.

Both generations of its column titles are read (``ID`` and ``institutionID``, ``Web Address`` and ``webAddress``),
blanks and case apart. See https://equipment.data.ac.uk/uniquip and the data model of the Equipment Data Service.
What it has no column for stands in columns of our own, ``headwater:…``; a cell that was edited since wins over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headwater.core.decision import Reason
from headwater.registry.formats import cells, own
from headwater.registry.formats.cells import CellError
from headwater.registry.formats.own import plain_header

NAME = "uniquip"
PREFIX = "headwater:"
TEXTS = {
    "institutionID": "local_id",
    "manufacturerID": "manufacturer_id",
    "model": "model",
    "modelID": "model_id",
    "contactName": "contact_name",
    "contactTelephone": "contact_phone",
    "webAddress": "landing_page",
    "institutionName": "owner",
}
IN_TWO = {"name": "name", "description": "description", "manufacturer": "manufacturer", "location": "location"}
DATES = {"commissionedDate": "commissioned", "decommissionedDate": "decommissioned"}
COLUMNS = (
    *("type", "institutionID", "doi", "name", "description", "manufacturer", "manufacturerID", "model", "modelID"),
    *("commissionedDate", "decommissionedDate", "measuredVariables", "subject", "technique"),
    *("contactName", "contactTelephone", "contactEmail", "location", "webAddress", "institutionName"),
)
CONTACT = ("contactName", "contactTelephone", "contactEmail")
OUGHT = {"": "equipment", "equipment": "equipment", "设备": "equipment", "仪器": "equipment"}
# Columns that no field of ours holds; they are kept in ``extra`` and given back.
KEPT = (
    *("relatedFacilityID", "infraportalDiscipline", "contactID", "contactURL", "secondaryContactName"),
    *("secondaryContactTelephone", "secondaryContactURL", "secondaryContactEmail", "photo", "department"),
    *("managingDepartment", "siteLocation", "building", "serviceLevel"),
)
ALIASES = {
    "ID": "institutionID",
    "internal record ID": "institutionID",
    "digital object identifier": "doi",
    "digital object identifier (doi)": "doi",
    "subjects": "subject",
    "measured variable": "measuredVariables",
    "date commissioned": "commissionedDate",
    "date decommissioned": "decommissionedDate",
    "institution": "institutionName",
    "organisation": "institutionName",
}
HEADERS = {plain_header(name): name for name in (*COLUMNS, *KEPT)} | {
    plain_header(name): column for name, column in ALIASES.items()
}
EXTENSIONS = {plain_header(PREFIX + column): PREFIX + column for column in own.COLUMNS if column not in own.UNREAD}
DOI = ("https://doi.org/", "http://doi.org/", "https://dx.doi.org/", "http://dx.doi.org/", "doi:")


@dataclass(frozen=True, slots=True)
class Visible:
    """What UNIQUIP's own columns say: fields, other columns, words for techniques, problems."""

    fields: dict[str, Any]
    part: dict[str, Any] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    problems: tuple[Reason, ...] = ()


def bare_doi(text: str) -> str:
    for prefix in DOI:
        if text.casefold().startswith(prefix):
            return text[len(prefix) :]
    return text


def in_scripts(stem: str, items: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Items by the language of their script; Chinese ones are only named where there are some."""
    found: dict[str, tuple[str, ...]] = {f"{stem}_en": ()}
    for item in items:
        key = f"{stem}_{cells.by_script(item)}"
        found[key] = (*found.get(key, ()), item)
    return found


def read_visible(row: Mapping[str, str]) -> Visible:
    """Read a row's cells by column; what is not there is not in the fields."""
    fields: dict[str, Any] = {}
    part: dict[str, Any] = {}
    hints: tuple[str, ...] = ()
    problems = []
    for column, cell in row.items():
        try:
            text = cells.unguarded(cell)
            if column == "type":
                if text.casefold() not in OUGHT:
                    problems.append(
                        Reason("import.not_an_instrument", facts={"field": "type", "value": cells.shown(text)})
                    )
            elif column in IN_TWO:
                fields[f"{IN_TWO[column]}_{cells.by_script(text)}"] = text
            elif column in TEXTS:
                fields[TEXTS[column]] = text
            elif column in DATES:
                fields[DATES[column]] = cells.read_date(cell, column)
            elif column == "doi":
                fields["pid"], fields["pid_type"] = bare_doi(text), "DOI" if text else ""
            elif column == "contactEmail":
                fields["contact_email"] = text.removeprefix("mailto:")
            elif column == "measuredVariables":
                fields |= in_scripts("measured", cells.read_list(cell, column))
            elif column == "subject":
                fields["subjects"] = cells.read_list(cell, column)
            else:
                part[column] = text
                if column == "technique":
                    hints = tuple(
                        word for piece in cells.read_list(cell, column) for word in (piece, *piece.split(","))
                    )
        except CellError as error:
            problems.append(error.reason)
    return Visible(fields, part, hints, tuple(problems))


def may_be_column(key: str) -> bool:
    """Whether a kept column may stand beside ours under its own name, and be read as the same again."""
    plain = plain_header(key)
    known = HEADERS.get(plain)
    return (
        bool(plain)
        and key == key.strip()
        and not key.startswith((PREFIX, "'"))
        and (known is None or key in (*KEPT, "technique"))
    )


def kept_texts(fields: Mapping[str, Any]) -> dict[str, str]:
    """The texts of the columns that no field of ours holds, as they were kept in ``extra``."""
    kept = fields["extra"].get(NAME) if fields["extra"] else None
    if not isinstance(kept, dict):
        return {}
    return {key: text for key, text in kept.items() if isinstance(text, str) and may_be_column(key)}


def write_visible(fields: Mapping[str, Any]) -> dict[str, str]:
    """UNIQUIP's own cells of a record, by column; ``technique_names`` and ``owner_name`` where they are known."""
    kept = kept_texts(fields)
    row = {key: cells.guarded(text) for key, text in kept.items()}
    row["type"] = "equipment"
    for column, name in TEXTS.items():
        row[column] = cells.guarded(fields[name] if name != "owner" else fields.get("owner_name", ""))
    for column, stem in IN_TWO.items():
        row[column] = cells.guarded(fields[f"{stem}_en"] or fields[f"{stem}_zh"])
    for column, name in DATES.items():
        row[column] = cells.write_date(fields[name])
    row["doi"] = cells.guarded(fields["pid"]) if fields["pid_type"].upper() == "DOI" else ""
    row["contactEmail"] = cells.guarded(fields["contact_email"])
    row["measuredVariables"] = cells.write_list(fields["measured_en"] or fields["measured_zh"])
    row["subject"] = cells.write_list(fields["subjects"])
    if "technique" not in kept:
        row["technique"] = cells.write_list(fields.get("technique_names", ()))
    return row


def write(fields: Mapping[str, Any]) -> dict[str, str]:
    """All cells of a record: UNIQUIP's and the columns of our own."""
    mine = own.write(fields)
    return write_visible(fields) | {column: mine[column.removeprefix(PREFIX)] for column in EXTENSIONS.values()}


def parse(row: Mapping[str, str], *, currency: str) -> Visible:
    """Read a row: the exact values of our own columns where it has them, changed by the cells edited since."""
    exact = {column.removeprefix(PREFIX): cell for column, cell in row.items() if column.startswith(PREFIX)}
    plain = read_visible({column: cell for column, cell in row.items() if not column.startswith(PREFIX)})
    if not exact:
        return plain
    parsed = own.parse(exact, currency=currency)
    base = {name: getattr(own.EMPTY, name) for name in own.EMPTY.__slots__} | parsed.fields
    told = read_visible(write_visible(base))
    fields = parsed.fields | {
        name: value
        for name, value in plain.fields.items()
        if value != told.fields.get(name) and not (name == "owner" and "owner" in parsed.fields)
    }
    part = {
        key: text
        for key, text in plain.part.items()
        if text != told.part.get(key, "") and not (key == "technique" and "techniques" in parsed.fields)
    }
    return Visible(fields, part, (), (*parsed.problems, *plain.problems))
