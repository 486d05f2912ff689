"""Writes instruments out, in constant memory: Headwater's own table, UNIQUIP in CSV and XLSX, PIDINST JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import F, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from headwater.registry.drafts import COLUMNS
from headwater.registry.formats import cells, own, pidinst, uniquip
from headwater.registry.models import Instrument, InstrumentTechnique, SourceKind
from headwater.registry.queries import InstrumentFilter, narrowed, visible_instruments
from headwater.registry.rules import Viewer, may_see_contact

FORMATS = (own.NAME, uniquip.NAME, "uniquip-xlsx", pidinst.NAME)
CHUNK = 2000
LONGEST_SHEET_CELL = 32_767
MOST_SHEET_ROWS = 1_048_575


class ExportError(ValueError):
    """What can't be written in the form that was asked for."""


# Records ----------------------------------------------------------------------------------------------------------
READ = (*(name for name in COLUMNS if name != "pid"), "public_id")
NAMED = {
    "owner": F("owner__public_id"),
    "facility": F("facility__public_id"),
    "city": F("city__code"),
    "owner_name": Coalesce(NullIf(F("owner__name_en"), Value("")), F("owner__name_zh")),
    "owner_name_zh": F("owner__name_zh"),
    "city_name": Coalesce(NullIf(F("city__name_en"), Value("")), F("city__name_zh")),
    "owner_ror": F("owner__ror"),
    "source_kind": F("source__kind"),
}
# A column's alias may not be the name of a field; these are given their own names after reading.
ALIASED = tuple(f"{name}_as" for name in NAMED)
TUPLES = ("measured_zh", "measured_en", "subjects", "related_ids")


def records(instruments: QuerySet[Instrument], *, with_names: bool = False) -> Iterator[dict[str, Any]]:
    """Each instrument as draft fields with ``public_id`` and ``synthetic``, and the names that people read.

    One query, read in chunks; ``with_names`` adds the techniques' names.
    """
    links = InstrumentTechnique.objects.filter(instrument=OuterRef("pk")).order_by("rank")
    found: dict[str, Any] = {f"{name}_as": expression for name, expression in NAMED.items()}
    found["techniques_as"] = ArraySubquery(links.values("technique__code"))
    if with_names:
        found["technique_names_as"] = ArraySubquery(
            links.values_list(Coalesce(NullIf(F("technique__name_en"), Value("")), F("technique__name_zh")))
        )
    classes = ("class_code__vocabulary", "class_code__version", "class_code__code")
    names = (*READ, "pid", *classes, *found)
    keys = tuple(name.removesuffix("_as") for name in names)
    rows = instruments.order_by("pk").annotate(**found).values_list(*names)
    for row in rows.iterator(chunk_size=CHUNK):
        one = dict(zip(keys, row, strict=True))
        one["pid"] = one["pid"] or ""
        one["facility"] = one["facility"] or ""
        one["class_code"] = ":".join(one[name] for name in classes) if one[classes[2]] else ""
        one["synthetic"] = one["source_kind"] == SourceKind.SYNTHETIC
        yield one


def _kept_columns(instruments: QuerySet[Instrument], section: str, may: Callable[[str], bool]) -> list[str]:
    """The columns that imports of this format kept, over all of ``instruments``; one query."""
    sql, params = instruments.order_by().values("extra").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT jsonb_object_keys(x.extra -> %s) FROM ({sql}) AS x"  # noqa: S608 — Django's own SQL
            " WHERE jsonb_typeof(x.extra -> %s) = 'object'",
            [section, *params, section],
        )
        return sorted(key for (key,) in cursor.fetchall() if may(key))


# Tables -----------------------------------------------------------------------------------------------------------
Rows = Generator[list[str], None, None]
Table = tuple[list[str], Rows]


def _may_be_own(key: str) -> bool:
    plain = own.plain_header(key)
    return bool(plain) and plain not in own.HEADERS and key == key.strip() and not key.startswith((uniquip.PREFIX, "'"))


def own_table(instruments: QuerySet[Instrument], *, contact: bool = True) -> Table:
    """Headwater's own table: header and rows. Without ``contact`` its columns are not there at all."""
    columns = [name for name in own.COLUMNS if contact or name not in own.CONTACT]
    kept = _kept_columns(instruments, own.NAME, _may_be_own)
    write = own.writer(columns)

    def rows() -> Rows:
        for one in records(instruments):
            row = write(one)
            if kept:
                held = one["extra"].get(own.NAME)
                texts = held if isinstance(held, dict) else {}
                row += [cells.guarded(text) if isinstance(text := texts.get(key), str) else "" for key in kept]
            yield row

    return [*columns, *map(cells.guarded, kept)], rows()


def uniquip_table(instruments: QuerySet[Instrument], *, contact: bool = True) -> Table:
    """UNIQUIP's columns, those that imports kept, and our own behind them: header and rows."""
    kept = _kept_columns(instruments, uniquip.NAME, uniquip.may_be_column)
    kept = [key for key in kept if key not in uniquip.COLUMNS]
    hidden = () if contact else (*uniquip.CONTACT, *(uniquip.PREFIX + name for name in own.CONTACT))
    columns = [name for name in (*uniquip.COLUMNS, *kept, *uniquip.EXTENSIONS.values()) if name not in hidden]

    def rows() -> Rows:
        for one in records(instruments, with_names=True):
            row = uniquip.write(one)
            yield [row.get(name, "") for name in columns]

    return [cells.guarded(name) for name in columns], rows()


def _csv(table: Table) -> Iterator[bytes]:
    """A table as CSV: UTF-8 with a mark, by which spreadsheets know it."""
    header, rows = table
    buffer = StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(header)
    while True:
        chunk = list(islice(rows, CHUNK))
        writer.writerows(chunk)
        if text := buffer.getvalue():
            yield text.encode()
        buffer.seek(0)
        buffer.truncate()
        if not chunk:
            return


def write_xlsx(table: Table, path: Path) -> None:
    """A table as an XLSX workbook, written row by row."""
    from openpyxl import Workbook

    header, rows = table
    book = Workbook(write_only=True)
    sheet = book.create_sheet("instruments")
    sheet.append([cells.sheet_text(name) for name in header])
    try:
        # Closed at once when a row is refused: the database's cursor would else be closed some time, in another's work.
        with closing(rows):
            for line, row in enumerate(rows, 2):
                sheet.append([_sheet_cell(sheet, text, name, line) for name, text in zip(header, row, strict=True)])
    except ExportError:
        sheet.close()  # openpyxl keeps a temporary file open until then
        raise
    book.save(path)


def _sheet_cell(sheet: Any, text: str, name: str, line: int) -> Any:
    """A cell of text, whatever it looks like."""
    from openpyxl.cell import WriteOnlyCell

    if line > MOST_SHEET_ROWS:
        raise ExportError(
            f"A sheet holds {MOST_SHEET_ROWS:,} rows, and there are more instruments. Export CSV instead."
        )
    text = cells.sheet_text(text)
    if len(text) > LONGEST_SHEET_CELL:
        raise ExportError(
            f"In line {line} the text of {name} has {len(text):,} characters; a sheet's cell holds "
            f"{LONGEST_SHEET_CELL:,}. Export CSV instead."
        )
    if not text:
        return None
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell


# PIDINST ----------------------------------------------------------------------------------------------------------
def _pidinst(instruments: QuerySet[Instrument], *, contact: bool) -> Iterator[bytes]:
    yield b'{"instruments": ['
    before = "\n"
    for one in records(instruments, with_names=True):
        item = pidinst.write_for(one, with_contact=contact)
        yield f"{before}{json.dumps(item, ensure_ascii=False)}".encode()
        before = ",\n"
    yield b"\n]}\n"


# What is asked for ------------------------------------------------------------------------------------------------
def export(instruments: QuerySet[Instrument], file_format: str, *, contact: bool = True) -> Iterator[bytes]:
    """The instruments as a file of a format that streams (all but XLSX), in pieces."""
    if file_format == own.NAME:
        return _csv(own_table(instruments, contact=contact))
    if file_format == uniquip.NAME:
        return _csv(uniquip_table(instruments, contact=contact))
    if file_format == pidinst.NAME:
        return _pidinst(instruments, contact=contact)
    raise ExportError(
        f"{file_format!r} is none of the formats that stream: {own.NAME}, {uniquip.NAME}, {pidinst.NAME}."
    )


def export_for(viewer: Viewer, wanted: InstrumentFilter) -> Iterator[bytes]:
    """A filtered list as a table of our own: what ``viewer`` may see of it, contacts only for who is signed in."""
    instruments = narrowed(visible_instruments(viewer), wanted)
    return export(instruments, own.NAME, contact=may_see_contact(viewer).allowed())
