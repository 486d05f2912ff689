"""A form as its office and its readers are shown it: entries in words, answers under their questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.useroffice.callform.wording import KINDS, answer_text, condition_said, label_of, limits_said
from headwater.useroffice.callform.work import lacking, parts_of
from headwater.useroffice.facts import questions_in
from headwater.useroffice.rules import questions_shown
from headwater.useroffice.rules.forms import SECTION

Entry = Mapping[str, Any]
LANGUAGES = {"zh": "中文", "en": "English"}


@dataclass(frozen=True, slots=True)
class EntryShown:
    """An entry in the reader's words, with the languages that lack a text; ``number`` counts questions."""

    entry: Entry
    number: int
    kind: object
    limits: str
    condition: str
    lacking: Sequence[str]


@dataclass(frozen=True, slots=True)
class PartShown:
    """A section with its questions; ``last`` is the key after which a new question goes."""

    head: EntryShown | None
    rows: Sequence[EntryShown]
    last: str


def entry_shown(entry: Entry, entries: Sequence[Entry], number: int) -> EntryShown:
    return EntryShown(
        entry,
        number,
        KINDS[entry["kind"]],
        limits_said(entry),
        condition_said(entry, tuple(entries)),
        [LANGUAGES[one] for one in lacking(entry)],
    )


def parts_shown(entries: Sequence[Entry]) -> list[PartShown]:
    """The form by sections; the questions before the first heading stand under none."""
    found, number = [], 0
    for part in parts_of(entries):
        head = part[0] if part[0]["kind"] == SECTION else None
        rows = []
        for one in part[1:] if head else part:
            number += 1
            rows.append(entry_shown(one, entries, number))
        found.append(PartShown(entry_shown(head, entries, 0) if head else None, rows, part[-1]["key"]))
    return found


def answers_shown(
    entries: Sequence[Entry], answers: Mapping[str, str], files: Mapping[str, str] | None = None
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The questions that were asked with their answers in words, by sections; files by name where they are given."""
    asked = {one.key for one in questions_shown(questions_in(entries), answers)}
    found = []
    for part in parts_of(entries):
        title = label_of(part[0]) if part[0]["kind"] == SECTION else ""
        rows = list(_rows((one for one in part if one["key"] in asked), answers, files))
        if rows:
            found.append((title, rows))
    return found


def _rows(
    entries: Iterable[Entry], answers: Mapping[str, str], files: Mapping[str, str] | None
) -> Iterable[tuple[str, str]]:
    for one in entries:
        if one["kind"] != "file":
            yield label_of(one), answer_text(one, answers.get(one["key"], ""))
        elif files is not None:
            yield label_of(one), files.get(one["key"], "")
