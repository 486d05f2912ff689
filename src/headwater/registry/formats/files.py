"""Opens a file of instruments: finds out what it is, in which encoding, and where its table begins."""

from __future__ import annotations

import codecs
import csv
import itertools
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from headwater.core.decision import Reason
from headwater.registry.formats import cells, own, pidinst, uniquip

FORMATS = (own.NAME, uniquip.NAME, pidinst.NAME)
LARGEST_CELL = 16 * 1024**2  # of a CSV; a larger one is a quote that was never closed
MOST_UNPACKED = 400 * 1024**2  # of an XLSX
HEADER_WITHIN = 20
WIDEST = 2000
SERIALS = range(10_000, 80_000)  # days since 1900 that are taken for a date: 1927 to 2119
REJECT_COLUMNS = ("headwater:line", "headwater:codes", "headwater:reasons")
BLOCK = 1 << 20
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
MAGIC = (
    (b"\xd0\xcf\x11\xe0", "xls"),
    (b"%PDF", "pdf"),
    (b"\x1f\x8b", "compressed"),
    (b"7z\xbc\xaf", "compressed"),
    (b"Rar!", "compressed"),
)


class FileError(ValueError):
    """A file that can't be read at all; ``reason`` says why, in the registry's words."""

    def __init__(self, code: str, **facts: object) -> None:
        self.reason = Reason(code, facts=facts)
        super().__init__(code)


class Numeric(str):
    """A spreadsheet's number, as text."""

    __slots__ = ()


class Formula(str):
    """A spreadsheet's formula that has no value, or an error."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, what it says, what is wrong with it, and its cells as they were.

    ``fields`` are draft fields, ``public_id`` and ``synthetic`` among them; ``part`` are values of columns that no
    field holds; ``hints`` are words that may name techniques.
    """

    line: int
    original: Sequence[str] | Mapping[str, Any]
    fields: Mapping[str, Any]
    part: Mapping[str, Any]
    hints: tuple[str, ...]
    problems: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that can be read: its format and encoding, its header (empty for JSON), its rows in order."""

    file_format: str
    encoding: str
    header: tuple[str, ...]
    rows: Iterable[Row]


# What is it? ----------------------------------------------------------------------------------------------------
def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _looks_western(head: bytes) -> bool:
    """Whether high bytes stand mostly alone, as accents do, and not in pairs, as Chinese does."""
    pairs = len(re.findall(rb"[\x81-\xfe][\xa1-\xfe]", head))
    return len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", head)) > pairs


def encoding_of(path: Path) -> str:
    """UTF-8 (with or without mark), UTF-16 with mark, GB18030, or Windows-1252; raises `FileError` for none of them."""
    with path.open("rb") as file:
        head = file.read(BLOCK)
    for mark, encoding in BOMS:
        if head.startswith(mark):
            if _decodes(path, encoding):
                return encoding
            raise FileError("import.encoding_broken", encoding=encoding.removesuffix("-sig").upper())
    if head[:4000].count(0) > len(head[:4000]) // 4:
        raise FileError("import.encoding_unknown")
    if _decodes(path, "utf-8"):
        return "utf-8"
    if not _looks_western(head) and _decodes(path, "gb18030"):
        return "gb18030"
    if _decodes(path, "cp1252"):
        return "cp1252"
    raise FileError("import.encoding_unknown")


def open_file(path: Path, *, file_format: str = "", currency: str = "") -> Opened:
    """Open a file of instruments; ``currency`` is what amounts are in where a row doesn't say.

    Raises
    ------
    FileError
        The file is empty, broken, or nothing that can be read; its reason is one sentence.
    """
    with path.open("rb") as file:
        head = file.read(1024)
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise FileError("import.empty")
    if head.startswith(b"PK"):
        return _table(_sheet(path), file_format, "XLSX", currency)
    for magic, what in MAGIC:
        if head.startswith(magic):
            raise FileError(f"import.is_{what}")
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as text:
        start = text.read(4096).lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        raise FileError("import.is_web_page")
    if file_format == pidinst.NAME or (not file_format and start.startswith(("{", "["))):
        return Opened(pidinst.NAME, encoding, (), _objects(path, encoding))
    return _table(_csv_rows(path, encoding), file_format, encoding, currency)


def open_table(path: Path) -> Iterator[tuple[int, list[str], tuple[Reason, ...]]]:
    """The rows of any CSV or XLSX as text, each with its line and what is wrong with it, the header among them: for
    tables of other things than instruments. Raises `FileError`, also while it is read."""
    with path.open("rb") as file:
        head = file.read(1024)
    if not head.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise FileError("import.empty")
    for magic, what in MAGIC:
        if head.startswith(magic):
            raise FileError(f"import.is_{what}")
    return _sheet(path) if head.startswith(b"PK") else _csv_rows(path, encoding_of(path))


# JSON -----------------------------------------------------------------------------------------------------------
def _objects(path: Path, encoding: str) -> list[Row]:
    try:
        value = json.loads(path.read_text(encoding=encoding).lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        raise FileError("import.not_json", line=error.lineno, column=error.colno) from error
    except (RecursionError, ValueError) as error:
        raise FileError("import.not_json", line=1, column=1) from error
    items = value.get("instruments", [value]) if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise FileError("import.no_instruments")
    if not items:
        raise FileError("import.no_rows")
    rows = []
    for line, item in enumerate(items, 1):
        if isinstance(item, dict):
            read = pidinst.parse(item)
            rows.append(Row(line, item, read.fields, read.part, read.hints, read.problems))
        else:
            wrong = Reason("import.shape_wrong", facts={"field": f"instruments[{line}]", "want": "{…}"})
            rows.append(Row(line, {"value": item}, {}, {}, (), (wrong,)))
    return rows


# CSV ------------------------------------------------------------------------------------------------------------
Grid = Iterator[tuple[int, list[str], tuple[Reason, ...]]]


def _delimiter(lines: Sequence[str]) -> str:
    """The mark that parts the first lines into most cells, quotes apart."""
    bare = re.sub(r'"[^"]*"', "", "".join(lines))
    return max((",", "\t", ";"), key=bare.count)


def _csv_rows(path: Path, encoding: str) -> Grid:
    with path.open(encoding=encoding, newline="") as text:
        first = list(itertools.islice(text, HEADER_WITHIN))
        told = re.fullmatch(r"\ufeff?sep=(.)\r?\n?", first[0]) if first else None
        delimiter = told[1] if told else _delimiter(first)
        quotes = 0

        def lines() -> Iterator[str]:
            nonlocal quotes
            for line in itertools.chain(first, text):
                quotes += line.count('"')
                yield line

        csv.field_size_limit(LARGEST_CELL)
        reader = csv.reader(lines(), delimiter=delimiter)
        before, quotes_before = 0, 0
        held: tuple[int, list[str], tuple[Reason, ...]] | None = None
        try:
            for row in reader:
                if held is not None:
                    yield held
                held = (before + 1, row, ())
                spans, odd = reader.line_num - before > 1, (quotes - quotes_before) % 2 == 1
                if before == 0 and row:
                    row[0] = row[0].removeprefix("\ufeff")
                before, quotes_before = reader.line_num, quotes
        except csv.Error as error:
            raise FileError("import.csv_broken", line=before + 1) from error
        if held is not None:
            open_quote = (Reason("import.quote_open", facts={"line": held[0]}),) if spans and odd else ()
            yield (held[0], held[1], open_quote)


# XLSX -----------------------------------------------------------------------------------------------------------
def _check_package(path: Path) -> bool:
    """Look at the package before anything is unpacked; says whether a sheet has formulas."""
    formulas = False
    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            if "xl/workbook.xml" not in names:
                raise FileError("import.not_xlsx")
            if sum(one.file_size for one in package.infolist()) > MOST_UNPACKED:
                raise FileError("import.xlsx_too_large", most=MOST_UNPACKED // 1024**2)
            for name in names:
                if name.endswith((".xml", ".rels")):
                    with package.open(name) as part:
                        if b"<!DOCTYPE" in part.read(2048):
                            raise FileError("import.not_xlsx")
                if name.startswith("xl/worksheets/") and name.endswith(".xml") and not formulas:
                    with package.open(name) as part:
                        formulas = _holds(part, b"<f>", b"<f ", b"<f/")
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise FileError("import.xlsx_broken") from error
    return formulas


def _holds(file: IO[bytes], *wanted: bytes) -> bool:
    rest = b""
    while block := file.read(BLOCK):
        if any(one in rest + block for one in wanted):
            return True
        rest = block[-8:]
    return False


def _cell_text(value: object, formula: object, kind: str) -> str:
    if kind == "e":
        return Formula(value if formula is None else formula)
    if value is None:
        return Formula(formula) if isinstance(formula, str) and formula.startswith("=") else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return Numeric(value)
    if isinstance(value, float):
        return Numeric(int(value) if value.is_integer() and abs(value) < 1e15 else repr(value))
    if isinstance(value, (datetime, date)):
        return cells.moment_text(value)
    if isinstance(value, time):
        return value.isoformat()
    return cells.text_of_sheet(str(value))


def _sheet(path: Path) -> Grid:
    """The cells of the first sheet that holds something, as text; formulas by the value last computed."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    formulas = _check_package(path)
    with path.open("rb") as raw, path.open("rb") as raw_twin:
        try:
            book = load_workbook(raw, read_only=True, data_only=True)
            twin = load_workbook(raw_twin, read_only=True, data_only=False) if formulas else None
            yield from _first_filled(book, twin)
        except (*BROKEN, InvalidFileException) as error:
            raise FileError("import.xlsx_broken") from error


BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    ValueError,
    TypeError,
    IndexError,
    AttributeError,
    EOFError,
    OSError,
    ParseError,
)


def _first_filled(book: Any, twin: Any) -> Grid:
    """The rows of the first sheet that has any; ``twin`` is the same workbook with formulas in place of values."""
    for name in book.sheetnames:
        sheet = book[name]
        if not hasattr(sheet, "iter_rows"):
            continue
        sheet.reset_dimensions()
        pairs = itertools.repeat(()) if twin is None else _rows_of(twin[name])
        found = False
        for line, (row, exact) in enumerate(zip(sheet.iter_rows(), pairs, strict=False), 1):
            texts = [
                _cell_text(cell.value, exact[at].value if at < len(exact) else None, cell.data_type)
                for at, cell in enumerate(row[:WIDEST])
            ]
            if any(texts):
                found = True
                yield line, texts, ()
        if found:
            return


def _rows_of(sheet: Any) -> Iterator[Any]:
    sheet.reset_dimensions()
    return iter(sheet.iter_rows())


# Tables ---------------------------------------------------------------------------------------------------------
def _columns(header: Sequence[str], file_format: str) -> list[str]:
    """What each column of a header is called in a format; unknown ones keep the name they have."""
    known = own.HEADERS if file_format == own.NAME else uniquip.HEADERS | uniquip.EXTENSIONS
    names = []
    for at, cell in enumerate(header, 1):
        text = cells.unguarded(cell)
        names.append(known.get(own.plain_header(text)) or text or f"column {at}")
    for name in known.values():
        if names.count(name) > 1:
            twice = [cells.shown(cell.strip()) for cell, found in zip(header, names, strict=True) if found == name]
            raise FileError("import.column_twice", column=" / ".join(twice))
    return cells.unique(names)


def _known_in(header: Sequence[str], file_format: str) -> set[str]:
    known = own.HEADERS if file_format == own.NAME else uniquip.HEADERS | uniquip.EXTENSIONS
    return {known[plain] for cell in header if (plain := own.plain_header(cells.unguarded(cell))) in known}


NAMING = {own.NAME: {"name_zh", "name_en", "public_id"}, uniquip.NAME: {"name", "description", "institutionID"}}
# What only UNIQUIP has: each counts twice, for many of its other titles are words that we know too.
TELLING = {"type", "institutionID", "institutionName", *uniquip.KEPT, *uniquip.EXTENSIONS.values()}


def _find_header(head: Sequence[Sequence[str]], file_format: str) -> tuple[int, str]:
    """Which of the first rows is the header, and whose table it is: the row with most names that are known."""
    best = (0, 0, "", 0)
    for at, row in enumerate(head):
        for name in (own.NAME, uniquip.NAME):
            if file_format in ("", name):
                known = _known_in(row, name)
                if known & NAMING[name]:
                    telling = len(known & TELLING) if name == uniquip.NAME else 0
                    best = max(best, (len(known) + telling, -at, name, at))
    if not best[2]:
        raise FileError("import.no_header")
    return best[3], best[2]


def _table(grid: Grid, file_format: str, encoding: str, currency: str) -> Opened:
    if file_format == pidinst.NAME:
        raise FileError("import.not_json", line=1, column=1)
    head = list(itertools.islice((one for one in grid if any(cell.strip() for cell in one[1])), HEADER_WITHIN))
    at, found = _find_header([row for _line, row, _problems in head], file_format)
    header = list(head[at][1])
    while header and not header[-1].strip():
        header.pop()
    columns = _columns(header, found)
    rest = itertools.chain(head[at + 1 :], grid)
    first = next(rest, None)
    if first is None:
        raise FileError("import.no_rows")
    rows = itertools.chain([first], rest)
    return Opened(found, encoding, tuple(header), _table_rows(rows, columns, found, encoding, currency))


def _table_rows(
    rows: Grid | Iterable[Any], columns: Sequence[str], file_format: str, encoding: str, currency: str
) -> Iterator[Row]:
    width = len(columns)
    days = {at for at, name in enumerate(columns) if name.removeprefix(uniquip.PREFIX) in (*own.DATES, *uniquip.DATES)}
    for line, cells_of_row, broken in rows:
        row = list(cells_of_row)
        if not any(cell.strip() for cell in row):
            continue
        while len(row) > width and not row[-1].strip():
            row.pop()
        if encoding == "XLSX":
            row += [""] * (width - len(row))
        if broken or len(row) != width:
            short = (Reason("import.row_short", facts={"have": len(row), "want": width}),) if len(row) != width else ()
            yield Row(line, row, {}, {}, (), broken + short)
            continue
        yield _table_row(line, row, columns, days, file_format, currency)


def _serial_day(cell: str) -> str:
    """A spreadsheet's day number as a day; any other number is left for the reader to refuse."""
    from openpyxl.utils.datetime import from_excel

    return cells.moment_text(from_excel(int(cell))) if cell.isdecimal() and int(cell) in SERIALS else str(cell)


def _table_row(
    line: int, row: list[str], columns: Sequence[str], days: set[int], file_format: str, currency: str
) -> Row:
    formulas = []
    for at, cell in enumerate(row):
        if isinstance(cell, Formula):
            formulas.append(Reason("import.formula", facts={"field": columns[at], "value": cells.shown(cell)}))
        elif at in days and isinstance(cell, Numeric):
            row[at] = _serial_day(cell)
    if formulas:
        return Row(line, row, {}, {}, (), tuple(formulas))
    named = {name: cell for name, cell in zip(columns, row, strict=True) if name not in REJECT_COLUMNS}
    if file_format == uniquip.NAME:
        read = uniquip.parse(named, currency=currency)
        return Row(line, row, read.fields, read.part, read.hints, read.problems)
    parsed = own.parse(named, currency=currency)
    known = own.COLUMN_NAMES
    part = {name: cells.unguarded(cell) for name, cell in named.items() if name not in known}
    return Row(line, row, parsed.fields, part, (), parsed.problems)
