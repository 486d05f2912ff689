"""Reads and writes single cells: texts, lists, dates, amounts, marks. What is unclear is refused, not guessed."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from headwater.core.decision import Reason
from headwater.core.money import Money, minor_digits

RUNS = (
    "=",
    "+",
    "-",
    "@",
    "＝",
    "＋",
    "－",
    "＠",
    "\t",
    "\r",
    "\n",
    "'",
)  # what a spreadsheet may run, and our own mark
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
SHORTEST_SHOWN = 60

_SEPARATORS = re.compile(r"[;；、|\n]")
_YEAR_FIRST = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_DAY_FIRST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})")
_MONTH_DAY = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_MIDNIGHT = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_NUMBER = r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_AMOUNT = re.compile(
    rf"(?P<before>[A-Za-z]{{3}}|[¥€£]|人民币)?\s*(?P<number>{_NUMBER})\s*(?P<times>万|亿)?\s*(?P<after>元|[A-Za-z]{{3}})?"
)
_TIMES = {"万": 10_000, "亿": 100_000_000, None: 1}
_SIGNS = {"€": ("EUR",), "£": ("GBP",), "¥": ("CNY", "JPY"), "人民币": ("CNY",), "元": ("CNY",), "RMB": ("CNY",)}
_CURRENCIES = frozenset(
    [
        "AED",
        "AUD",
        "BHD",
        "BRL",
        "CAD",
        "CHF",
        "CLP",
        "CNY",
        "CZK",
        "DKK",
        "EUR",
        "GBP",
        "HKD",
        "HUF",
        "IDR",
        "ILS",
        "INR",
        "JPY",
        "KRW",
        "KWD",
        "MOP",
        "MXN",
        "MYR",
        "NOK",
        "NZD",
        "PHP",
        "PLN",
        "RUB",
        "SAR",
        "SEK",
        "SGD",
        "THB",
        "TND",
        "TRY",
        "TWD",
        "USD",
        "VND",
        "ZAR",
    ]
)
_YES = {"yes", "true", "1", "y", "是"}
_NO = {"no", "false", "0", "n", "否", ""}


class CellError(ValueError):
    """A cell that can't be read; ``reason`` says why, in the registry's words."""

    def __init__(self, code: str, field: str, **facts: object) -> None:
        self.reason = Reason(code, facts={"field": field, **facts})
        super().__init__(code)


def shown(text: str) -> str:
    """A cell's text as a sentence quotes it: cut where it is long."""
    return text if len(text) <= SHORTEST_SHOWN else f"{text[:SHORTEST_SHOWN]}…"


# Texts ----------------------------------------------------------------------------------------------------------
def _needs_guard(text: str) -> bool:
    return text.startswith(RUNS) or text != text.strip()


def guarded(text: str) -> str:
    """``text`` as a cell that no spreadsheet runs and whose blanks survive: `unguarded` gives back exactly ``text``."""
    return f"'{text}" if text and _needs_guard(text) else text


def unguarded(cell: str) -> str:
    """The text of a cell: without the guard that an export put before it, else without surrounding blanks."""
    if cell.startswith("'") and _needs_guard(cell[1:]):
        return cell[1:]
    return cell.strip()


_SHEET_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NOT_IN_XML = re.compile(r"[\r\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def sheet_text(text: str) -> str:
    """A text as a workbook writes it: XML would lose some characters, which are escaped as ``_x000D_``."""
    return _NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def text_of_sheet(text: str) -> str:
    """The text that `sheet_text` wrote."""
    return _SHEET_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def by_script(text: str) -> str:
    """``zh`` for a text with Chinese characters, else ``en``."""
    return "zh" if HAN.search(text) else "en"


# Lists and JSON -------------------------------------------------------------------------------------------------
def write_list(items: Sequence[str]) -> str:
    """Items joined by ``; ``; as a JSON list where an item itself would come apart."""
    plain = all(
        item and item == item.strip() and not _SEPARATORS.search(item) and item[0] not in "['" for item in items
    )
    return guarded("; ".join(items)) if plain else json.dumps(list(items), ensure_ascii=False)


def read_list(cell: str, field: str) -> tuple[str, ...]:
    """Items parted by semicolon, ideographic comma, bar or line; or a JSON list of texts."""
    text = unguarded(cell)
    if text.startswith("["):
        found = read_json(text, field, list)
        if not all(isinstance(item, str) for item in found):
            raise CellError("import.shape_wrong", field, want='["…", "…"]')
        return tuple(found)
    return tuple(item for part in _SEPARATORS.split(text) if (item := part.strip()))


def write_json(value: object) -> str:
    """JSON, or an empty cell for what is empty."""
    return json.dumps(value, ensure_ascii=False) if value else ""


def read_json(cell: str, field: str, kind: type) -> Any:
    """A JSON list or object; an empty cell is an empty one."""
    if not cell.strip():
        return kind()
    want = "[…]" if kind is list else "{…}"
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise CellError("import.shape_wrong", field, want=f"JSON, {want}") from error
    if not isinstance(value, kind):
        raise CellError("import.shape_wrong", field, want=f"JSON, {want}")
    return value


# Dates ----------------------------------------------------------------------------------------------------------
def _month(name: str) -> int:
    name = name.lower()
    found = [
        number
        for number, month in enumerate(_MONTHS, 1)
        if month.startswith(name[:3]) and (name in (month, month[:3]) or name == "sept")
    ]
    return found[0] if found else 0


def read_date(cell: str, field: str) -> date | None:
    """A day in one of the styles that mean one day only; numbers alone are read day first.

    2024-05-31, 2024/5/31, 2024.5.31, 2024年5月31日, 20240531, 31/05/2024, 31.5.2024, 31 May 2024, May 31, 2024;
    a time of day after an ISO date is dropped. A month given first in numbers (05/31/2024) is refused: beside
    it, 05/06/2024 would be misread without anybody noticing.
    """
    text = _MIDNIGHT.sub("", unicodedata.normalize("NFKC", unguarded(cell)).strip())
    if not text:
        return None
    for pattern, order in (
        (_YEAR_FIRST, "ymd"),
        (_COMPACT, "ymd"),
        (_DAY_FIRST, "dmy"),
        (_DAY_MONTH, "dmy"),
        (_MONTH_DAY, "mdy"),
    ):
        match = pattern.fullmatch(text)
        if match:
            parts = dict(zip(order, match.groups(), strict=True))
            month = int(parts["m"]) if parts["m"].isdecimal() else _month(parts["m"])
            try:
                return date(int(parts["y"]), month, int(parts["d"]))
            except ValueError:
                break
    raise CellError("instrument.date_unreadable", field, value=shown(cell.strip()))


def write_date(value: date | None) -> str:
    return value.isoformat() if value else ""


# Numbers and money ----------------------------------------------------------------------------------------------
def read_number(cell: str, field: str) -> float | None:
    """A finite decimal number with a point."""
    text = unicodedata.normalize("NFKC", unguarded(cell)).strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value - value != 0.0 or "_" in text:
        raise CellError("instrument.number_unreadable", field, value=shown(cell.strip()))
    return value


def write_number(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def read_amount(cell: str, field: str, *, currency: str, default: str, times: int = 1) -> tuple[int | None, str]:
    """An amount in minor units and its currency; ``(None, "")`` for an empty cell.

    ``currency`` is what the row itself says, ``default`` what holds where it says nothing. Thousands may be parted
    by commas; 万 and 亿 are known; what would have to be rounded or guessed (``1.2M``, ``1,5``) is refused.
    """
    text = unicodedata.normalize("NFKC", unguarded(cell)).strip()
    if not text:
        return None, ""
    match = _AMOUNT.fullmatch(text)
    wrong = CellError("instrument.amount_unreadable", field, value=shown(cell.strip()))
    if not match:
        raise wrong
    chosen = currency or default
    for sign in filter(None, (match["before"], match["after"])):
        means = _SIGNS.get(sign.upper(), (sign.upper(),))
        if not currency and len(means) == 1 and means[0] in _CURRENCIES:
            chosen = means[0]
        if chosen not in means:
            raise wrong
    minor = Decimal(match["number"].replace(",", "")) * _TIMES[match["times"]] * times
    minor = minor.scaleb(minor_digits(chosen))
    if minor != minor.to_integral_value():
        raise wrong
    return int(minor), chosen


def write_amount(minor: int | None, currency: str) -> str:
    return "" if minor is None else str(Money(currency, minor).major)


# Marks and choices ----------------------------------------------------------------------------------------------
def read_mark(cell: str, field: str) -> bool:
    """Yes or no, in English or Chinese; empty is no."""
    word = unguarded(cell).casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise CellError("import.shape_wrong", field, want="yes / no")


def read_choice(cell: str, words: dict[str, str], default: str) -> str:
    """A declared choice by its code or by one of the words people use for it; an unknown one stays as it is."""
    word = unguarded(cell)
    code = word.casefold().replace(" ", "_")
    return words.get(code, code) if word else default


def unique(names: Iterable[str]) -> list[str]:
    """``names`` with a number behind each that came before."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def moment_text(value: datetime | date) -> str:
    """A spreadsheet's own date as text."""
    return (value.date() if isinstance(value, datetime) else value).isoformat()
