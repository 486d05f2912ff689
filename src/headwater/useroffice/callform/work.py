"""What an edit does to a form's list of entries. Plain lists in and out; the rules say which may be kept.

Keys are made here, from a question's text, and stay with it afterwards: answers are kept under them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from headwater.useroffice.rules.forms import SECTION

Entry = Mapping[str, Any]
WORDS_IN_KEY, LONGEST_KEY = 4, 30
COPY = {"label_zh": "（副本）", "label_en": " (copy)"}


def key_for(text: str, taken: Collection[str], *, otherwise: str = "question") -> str:
    """A key that nobody has, from the first words of a text; ``otherwise`` with a number where it has no letters."""
    words = re.findall(r"[a-z0-9]+", text.lower())[:WORDS_IN_KEY]
    stem = "_".join(words)[:LONGEST_KEY].strip("_")
    if not stem[:1].isalpha():
        stem, number = otherwise, 1
    elif stem not in taken:
        return stem
    else:
        number = 2
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"


def entry_of(entries: Iterable[Entry], key: str) -> Entry | None:
    return next((one for one in entries if one["key"] == key), None)


def place_of(entries: Sequence[Entry], key: str) -> int:
    """Where the entry stands; one past the last where there is none."""
    return next((n for n, one in enumerate(entries) if one["key"] == key), len(entries))


def added(entries: Sequence[Entry], entry: Entry, after: str | None) -> list[Entry]:
    """The entry put after another one; first where that is empty, at the end where it is not there."""
    at = 0 if after == "" else min(place_of(entries, after or "") + 1, len(entries))
    return [*entries[:at], entry, *entries[at:]]


def replaced(entries: Iterable[Entry], key: str, entry: Entry) -> list[Entry]:
    return [entry if one["key"] == key else one for one in entries]


def removed(entries: Iterable[Entry], key: str) -> list[Entry]:
    """Without the entry; the questions under a heading that goes join the part above."""
    return [one for one in entries if one["key"] != key]


def copied(entries: Sequence[Entry], key: str, new_key: str) -> list[Entry]:
    """A question once more, below itself, under a key of its own and marked a copy; a heading alone."""
    held = entry_of(entries, key)
    if held is None:
        return list(entries)
    marked = {name: f"{held[name]}{mark}" for name, mark in COPY.items() if held.get(name)}
    return added(entries, {**held, **marked, "key": new_key}, key)


def parts_of(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The entries by parts: each begins with its heading, the first may have none."""
    parts: list[list[Entry]] = [[]]
    for one in entries:
        if one["kind"] == SECTION:
            parts.append([])
        parts[-1].append(one)
    return [part for part in parts if part]


def moved(entries: Sequence[Entry], key: str, up: bool) -> list[Entry]:
    """A question one place up or down, a heading with its whole part past the neighbouring part."""
    held = entry_of(entries, key)
    if held is None:
        return list(entries)
    units: list[list[Entry]] = parts_of(entries) if held["kind"] == SECTION else [[one] for one in entries]
    at = next(n for n, unit in enumerate(units) if held in unit)
    to = at - 1 if up else at + 1
    if 0 <= to < len(units):
        units[at], units[to] = units[to], units[at]
    return [one for unit in units for one in unit]


def placed(entries: Sequence[Entry], key: str, after: str) -> list[Entry]:
    """A question put after another entry, or first where ``after`` is empty."""
    held = entry_of(entries, key)
    rest = removed(entries, key)
    if held is None or (after and entry_of(rest, after) is None):
        return list(entries)
    return added(rest, held, after)


def before_it(entries: Sequence[Entry], key: str) -> str:
    """The key of the entry before this one, empty for the first; of the last where this one is not there."""
    at = place_of(entries, key)
    return str(entries[at - 1]["key"]) if at else ""


def lacking(entry: Entry) -> list[str]:
    """The languages, ``zh`` or ``en``, in which the entry lacks a text that it has in the other or must have."""
    found = []
    for language in ("zh", "en"):
        other = "en" if language == "zh" else "zh"
        choices = entry.get("choices") or ()
        lacks_help = bool(entry.get(f"help_{other}")) and not entry.get(f"help_{language}")
        lacks_choice = any(not each.get(f"label_{language}") for each in choices)
        if not entry.get(f"label_{language}") or lacks_help or lacks_choice:
            found.append(language)
    return found


def named_keys(entries: Iterable[Entry], taken: Collection[str]) -> list[Entry]:
    """Entries of a file, each with a key: one that has none gets it from its text."""
    there = {*taken, *(str(one.get("key")) for one in entries if one.get("key"))}
    found = []
    for one in entries:
        key = one.get("key")
        if not key:
            key = key_for(str(one.get("label_en") or ""), there, otherwise=_otherwise(one))
            there.add(key)
        found.append({**one, "key": key})
    return found


def _otherwise(entry: Entry) -> str:
    return "section" if entry.get("kind") == SECTION else "question"
