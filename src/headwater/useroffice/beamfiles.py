"""Reads a beam calendar from a CSV or iCal file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from headwater.core.decision import Decision, Reason, Refused
from headwater.useroffice.actions.calls import PeriodDraft
from headwater.useroffice.models import BeamPeriodKind

# Words of a calendar's summaries by kind, the more special first.
WORDS = (
    ("maintenance", ("maintenance", "维护", "检修")),
    ("shutdown", ("shutdown", "停机", "停机检修")),
    ("studies", ("studies", "study", "machine development", "机器研究")),
    ("run", ("run", "user", "供光", "供束", "用户")),
)
BEAMLINE = re.compile(r"\b(BL\w+|ins_\w+)\b")


def _unreadable(line: int) -> Refused:
    return Refused(Decision((Reason("beam.unreadable", facts={"field": "file", "line": line}),)))


def read_periods(content: bytes) -> list[PeriodDraft]:
    """The periods of a file: CSV with kind, start, end (the last day), beamline, note; or iCal events of whole days.

    Raises `Refused` with the line that can't be read.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(0) from error
    return list(_ical(text) if text.lstrip().upper().startswith("BEGIN:VCALENDAR") else _csv(text))


def _csv(text: str) -> Iterator[PeriodDraft]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        if not {"kind", "start", "end"} <= set(names):
            raise _unreadable(1)
        reader.fieldnames = names
        for row in reader:
            try:
                start, last = (date.fromisoformat((row[name] or "").strip()) for name in ("start", "end"))
            except ValueError as error:
                raise _unreadable(reader.line_num) from error
            yield PeriodDraft(
                (row["kind"] or "").strip().lower(),
                start,
                last + timedelta(days=1),
                (row.get("beamline") or "").strip(),
                (row.get("note") or "").strip(),
            )
    except csv.Error as error:
        raise _unreadable(reader.line_num) from error


def _ical(text: str) -> Iterator[PeriodDraft]:
    """Events of whole days; an event's kind is the first that its summary names, its beamline the first code in it."""
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    event: dict[str, str] = {}
    for number, line in enumerate(unfolded.splitlines(), 1):
        name, _sep, value = line.partition(":")
        key = name.partition(";")[0].upper()
        if line.strip().upper() == "BEGIN:VEVENT":
            event = {}
        elif line.strip().upper() == "END:VEVENT":
            yield _event(event, number)
        else:
            event[key] = value.strip()


def _event(event: dict[str, str], number: int) -> PeriodDraft:
    summary = event.get("SUMMARY", "").replace("\\,", ",").replace("\\;", ";")
    try:
        start = datetime.strptime(event["DTSTART"][:8], "%Y%m%d").date()  # noqa: DTZ007 (a whole day has no zone)
        end = (
            datetime.strptime(event["DTEND"][:8], "%Y%m%d").date()  # noqa: DTZ007
            if "DTEND" in event
            else start + timedelta(days=1)
        )
    except (KeyError, ValueError) as error:
        raise _unreadable(number) from error
    if "T" in event.get("DTEND", ""):
        end += timedelta(days=1)
    low = summary.casefold()
    kind = next((kind for kind, words in WORDS if any(word in low for word in words)), summary[:20])
    line = BEAMLINE.search(summary)
    return PeriodDraft(
        kind if kind in BeamPeriodKind.values else summary[:20], start, end, line[1] if line else "", summary[:200]
    )
