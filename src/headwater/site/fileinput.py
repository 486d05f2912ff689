"""What the file forms of the engines share: reading a file, a JSON value or a table, and saying what is wrong."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

MOST_BYTES = 200_000_000


class Unusable(click.ClickException):
    """Input that cannot be read: one sentence with the place, exit code 2."""

    exit_code = 2


class Finite(click.FloatRange):
    """An option's number in a range; "nan" lies in none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value} is no number.", param, ctx)
        return found


def text_of(path: Path) -> str:
    """The file's text."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Unusable(f"{path} is larger than {MOST_BYTES // 1_000_000} MB; is it the right file?")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Unusable(f"{path}: there is no such file.") from None
    except IsADirectoryError:
        raise Unusable(f"{path} is a folder; name a file.") from None
    except UnicodeDecodeError as error:
        raise Unusable(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8.") from None
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from None
    if "\0" in text:
        raise Unusable(f"{path} holds zero bytes, which no text does; is it the right file?")
    return text


def write_text(path: Path, text: str) -> None:
    """Write the file whole or not at all."""
    if path.is_dir():
        raise Unusable(f"{path} is a folder; name a file.")
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True) if beside.parent.is_dir() else None
        raise Unusable(f"{path} cannot be written: {error.strerror}.") from None


def json_of(path: Path) -> Any:
    """The file's JSON, keys that repeat refused."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen:
                raise Unusable(f'{path}: the key "{key}" stands twice in one object; keep one.')
            seen[key] = value
        return seen

    def no_number(word: str) -> float:
        raise Unusable(f"{path}: {word} is not a number that JSON knows; write a finite number.")

    def finite(word: str) -> float:
        value = float(word)
        if not math.isfinite(value):
            raise Unusable(f"{path}: {shown(word)} is too large a number to be read; write a finite number.")
        return value

    text = text_of(path)
    if not text.strip():
        raise Unusable(f"{path} is empty; it must hold a JSON object.")
    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=no_number, parse_float=finite)
    except json.JSONDecodeError as error:
        raise Unusable(f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}).") from None
    except RecursionError:
        raise Unusable(f"{path}: nested too deeply.") from None
    except ValueError:
        raise Unusable(f"{path}: a whole number has more digits than can be read.") from None


def shown(value: object) -> str:
    """A value as it stands in the file, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


class Reader:
    """Reads values out of one JSON file; every complaint names the file and the place."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def wrong(self, where: str, needed: str, value: object) -> Unusable:
        """The complaint."""
        return Unusable(f"{self.path}: {where} must be {needed}, got {shown(value)}.")

    def mapping(self, where: str, value: object, known: Sequence[str], needed: Sequence[str] = ()) -> dict[str, Any]:
        """An object with known keys."""
        if not isinstance(value, dict):
            raise self.wrong(where, "a JSON object", value)
        if strange := sorted(set(value) - set(known)):
            raise Unusable(f'{self.path}: {where} has an unknown key "{strange[0]}"; known are {", ".join(known)}.')
        if missing := [key for key in needed if key not in value]:
            raise Unusable(f'{self.path}: {where} lacks "{missing[0]}".')
        return value

    def items(self, where: str, value: object) -> list[Any]:
        """A list."""
        if not isinstance(value, list):
            raise self.wrong(where, "a list", value)
        return value

    def text(self, where: str, value: object) -> str:
        """A text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(where, "a text that is not empty", value)
        return value.strip()

    def texts(self, where: str, value: object) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(self.text(f"{where}[{k}]", one) for k, one in enumerate(self.items(where, value)))

    def whole(self, where: str, value: object, least: int, most: int = 10**6) -> int:
        """A whole number in a range."""
        sound = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
        if not sound or not least <= value <= most:  # type: ignore[operator]
            raise self.wrong(where, f"a whole number from {least} to {most}", value)
        return int(value)  # type: ignore[call-overload,no-any-return]

    def number(self, where: str, value: object, least: float, most: float) -> float:
        """A number in a range."""
        sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not sound or not least <= value <= most:  # type: ignore[operator]
            raise self.wrong(where, f"a number from {least:g} to {most:g}", value)
        return float(value)  # type: ignore[arg-type]

    def yes(self, where: str, value: object) -> bool:
        """True or false."""
        if not isinstance(value, bool):
            raise self.wrong(where, "true or false", value)
        return value


def table_of(path: Path, needed: Sequence[str]) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns of a CSV file, and its rows with their line numbers; empty lines are left out."""
    reader = csv.reader(io.StringIO(text_of(path), newline=""), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    header: list[str] = []
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if not header:
                header = [value.strip().lower() for value in values]
                _check_header(path, header, needed)
                continue
            if len(values) > len(header) and any(v.strip() for v in values[len(header) :]):
                raise Unusable(
                    f"{path}, line {reader.line_num}: {len(values)} values for {len(header)} columns; put values that "
                    "hold a comma in quotes."
                )
            padded = [value.strip() for value in values] + [""] * (len(header) - len(values))
            rows.append((reader.line_num, dict(zip(header, padded, strict=False))))
    except csv.Error as error:
        raise Unusable(f"{path}, line {reader.line_num}: not CSV ({error}).") from None
    if not header:
        raise Unusable(f"{path} is empty; its first line must name the columns: {', '.join(needed)}.")
    return header, rows


def _check_header(path: Path, header: Sequence[str], needed: Iterable[str]) -> None:
    for name in needed:
        if name not in header:
            raise Unusable(f"{path}, line 1: column {name} is missing; the columns there are {', '.join(header)}.")
    for name in header:
        if name and header.count(name) > 1:
            raise Unusable(f"{path}, line 1: column {name} stands twice.")
