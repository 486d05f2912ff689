"""CSV tables read line by line, with every problem placed: file, line, column."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from headwater.timetables.feed import FeedError

__all__ = ["Problems", "Row", "Table", "Tables", "open_tables"]

_TIME = re.compile(r"(\d{1,3}):([0-5]\d)(?::[0-5]\d)?")
_ENOUGH = 200


@dataclass
class Problems:
    """Collects what is wrong; stops reading a table that is wrong throughout."""

    found: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """Note one problem; give up when there are very many."""
        self.found.append(sentence)
        if len(self.found) >= _ENOUGH:
            self.stop()

    def stop(self) -> None:
        """Raise what was found, if anything."""
        if self.found:
            raise FeedError(self.found)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    table: str
    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def at(self, column: str) -> str:
        """Where a cell stands, for a sentence."""
        return f"{self.table} line {self.line}, column {column}"

    def minutes(self, column: str, problems: Problems) -> int | None:
        """A time of day as minutes (seconds are dropped); None where empty or dashes, or after noting a problem."""
        text = self[column]
        if not text.strip("-— "):
            return None
        match = _TIME.fullmatch(text)
        if match is None:
            problems.add(f'{self.at(column)}: "{text[:40]}" is not a time; write HH:MM or HH:MM:SS.')
            return None
        return int(match[1]) * 60 + int(match[2])

    def whole(self, column: str, problems: Problems, *, low: int, high: int, empty: int | None = None) -> int | None:
        """A whole number in a range; ``empty`` where empty (a problem if that is None)."""
        text = self[column]
        if not text and empty is not None:
            return empty
        if not re.fullmatch(r"-?\d{1,9}", text) or not low <= int(text) <= high:
            problems.add(f'{self.at(column)}: "{text[:40]}" must be a whole number from {low} to {high}.')
            return None
        return int(text)

    def degrees(self, column: str, limit: float, problems: Problems) -> float:
        """A latitude or longitude; nan where empty."""
        text = self[column]
        if not text:
            return float("nan")
        try:
            value = float(text)
        except ValueError:
            value = float("inf")
        if not -limit <= value <= limit:
            problems.add(f'{self.at(column)}: "{text[:40]}" must be degrees from -{limit:g} to {limit:g}.')
        return value

    def date(self, column: str, problems: Problems) -> dt.date | None:
        """A date, YYYYMMDD or YYYY-MM-DD; None where empty or after noting a problem."""
        text = self[column]
        if not text:
            return None
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            problems.add(f'{self.at(column)}: "{text[:40]}" is not a date; write YYYY-MM-DD or YYYYMMDD.')
            return None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a header."""

    name: str
    columns: tuple[str, ...]
    text: str

    def rows(self, problems: Problems) -> Iterator[Row]:
        """All lines but the empty ones; too long a line is a problem."""
        reader = csv.reader(io.StringIO(self.text))
        try:
            next(reader)
            for cells in reader:
                if not any(cells):
                    continue
                if len(cells) > len(self.columns):
                    problems.add(
                        f"{self.name} line {reader.line_num}: {len(cells)} cells under {len(self.columns)} columns;"
                        " is a comma not quoted?"
                    )
                    continue
                yield Row(self.name, reader.line_num, {c: v.strip() for c, v in zip(self.columns, cells, strict=False)})
        except csv.Error as error:
            problems.add(f"{self.name} line {reader.line_num}: cannot be read as CSV ({error}).")


@dataclass(frozen=True, slots=True)
class Tables:
    """The files of a folder or zip, by name."""

    place: str
    names: frozenset[str]
    _folder: Path | None
    _zip: Path | None
    _inside: str

    def read(self, name: str) -> str:
        """The text of a file that exists."""
        if self._folder is not None:
            raw = (self._folder / name).read_bytes()
        else:
            assert self._zip is not None
            with ZipFile(self._zip) as archive:
                raw = archive.read(self._inside + name)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise FeedError([f"{name} line {line}: not UTF-8 text; save the file as UTF-8."]) from error

    def table(self, name: str, needed: Sequence[str]) -> Table:
        """A table whose header has the needed columns; FeedError otherwise."""
        if name not in self.names:
            raise FeedError([f"{self.place} has no {name}, which every such timetable needs."])
        text = self.read(name)
        try:
            header = next(csv.reader(io.StringIO(text)), [])
        except csv.Error as error:
            raise FeedError([f"{name} line 1: cannot be read as CSV ({error})."]) from error
        columns = tuple(cell.strip() for cell in header)
        if not any(columns):
            raise FeedError([f"{name} is empty; its first line must name the columns {', '.join(needed)}."])
        missing = [column for column in needed if column not in columns]
        if missing:
            raise FeedError([f"{name} line 1: no column {', '.join(missing)}; it has {', '.join(columns)[:200]}."])
        return Table(name, columns, text)


def open_tables(path: Path) -> Tables:
    """Look into a folder or zip file.

    Raises
    ------
    FeedError
        It does not exist, or is neither.
    """
    if path.is_dir():
        return Tables(str(path), frozenset(p.name for p in path.iterdir() if p.is_file()), path, None, "")
    if not path.exists():
        raise FeedError([f"{path} does not exist; give a folder or a GTFS zip file."])
    try:
        with ZipFile(path) as archive:
            files = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
    except (BadZipFile, OSError) as error:
        raise FeedError([f"{path} is neither a folder nor a zip file that opens ({error})."]) from error
    # Many feeds are zipped with the folder around them.
    tops = {name.split("/")[0] for name in files}
    inside = f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in files) else ""
    names = frozenset(n.removeprefix(inside) for n in files if "/" not in n.removeprefix(inside))
    return Tables(str(path), names, None, path, inside)
