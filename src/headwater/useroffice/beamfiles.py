"""Reads a beam calendar from a CSV or iCal file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice

from dateutil.rrule import rrulestr

from headwater.core.decision import Decision, Reason, Refused
from headwater.useroffice.actions.beamcalendar import PeriodDraft

# Words of a calendar's summaries by kind, the more special first.
WORDS = (
    ("maintenance", ("maintenance", "维护", "检修")),
    ("shutdown", ("shutdown", "停机", "停机检修")),
    ("studies", ("studies", "study", "machine development", "机器研究")),
    ("run", ("run", "user", "供光", "供束", "用户")),
)
MOST_REPEATS = 500
MOST_TOLD = 20
BEAMLINE = re.compile(r"\b(BL\w+|ins_\w+)\b")


def _unreadable(line: int) -> Refused:
    return Refused(Decision((Reason("beam.unreadable", facts={"field": "file", "line": line}),)))


def read_periods(content: bytes) -> list[PeriodDraft]:
    """The periods of a file: CSV with kind, start, end (the last day), beamline, note; or iCal events,
    repeated ones too.

    Raises `Refused` with the lines that can't be read.
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
        wrong: list[Reason] = []
        for row in reader:
            days = {name: _iso(row[name]) for name in ("start", "end")}
            wrong += [
                Reason(
                    "beam.day_wrong",
                    facts={"field": "file", "line": reader.line_num, "column": name, "value": (row[name] or "")[:40]},
                )
                for name, day in days.items()
                if day is None
            ]
            if len(wrong) >= MOST_TOLD:
                break
            start, last = days["start"], days["end"]
            if start is None or last is None:
                continue
            yield PeriodDraft(
                _kind(row["kind"] or ""),
                start,
                last + timedelta(days=1),
                (row.get("beamline") or "").strip(),
                (row.get("note") or "").strip(),
            )
        if wrong:
            raise Refused(Decision(tuple(wrong)))
    except csv.Error as error:
        raise _unreadable(reader.line_num) from error


def _iso(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None


def _kind(text: str) -> str:
    """A kind by its code or by its word; what is none of them stays as it is, and is told."""
    given = text.strip().casefold()
    return next((kind for kind, words in WORDS if given in words), given)


def _ical(text: str) -> Iterator[PeriodDraft]:
    """Events, each once for every day it repeats on; an event's kind is the first that its summary names.

    Its beamline is the first code in the summary. What an event holds inside (alarms) is left out.
    """
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    event: dict[str, list[str]] = {}
    inside: list[str] = []
    for number, line in enumerate(unfolded.splitlines(), 1):
        name, _sep, value = line.partition(":")
        key, value = name.partition(";")[0].strip().upper(), value.strip()
        if key == "BEGIN":
            inside.append(value.upper())
            if value.upper() == "VEVENT":
                event = {}
        elif key == "END":
            if value.upper() == "VEVENT":
                yield from _events(event, number)
            if inside:
                inside.pop()
        elif inside and inside[-1] == "VEVENT":
            event.setdefault(key, []).append(value)


def _day(text: str) -> date:
    return datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007 (a whole day has no zone)


def _events(event: Mapping[str, Sequence[str]], number: int) -> Iterator[PeriodDraft]:
    summary = event.get("SUMMARY", [""])[0].replace("\\,", ",").replace("\\;", ";")
    try:
        start = _day(event["DTSTART"][0])
        end = _end(event, start)
        starts = _repeated(event, start)
    except (KeyError, ValueError) as error:
        raise _unreadable(number) from error
    if len(starts) > MOST_REPEATS:
        reason = Reason("beam.endless", facts={"field": "file", "line": number, "most": MOST_REPEATS})
        raise Refused(Decision((reason,)))
    low = summary.casefold()
    kind = next((kind for kind, words in WORDS if any(word in low for word in words)), summary[:20])
    line = BEAMLINE.search(summary)
    for day in starts:
        yield PeriodDraft(kind, day, day + (end - start), line[1] if line else "", summary[:200])


def _end(event: Mapping[str, Sequence[str]], start: date) -> date:
    """One past the event's last day: given so for whole days; an event with hours takes each day it touches."""
    if "DTEND" in event:
        text = event["DTEND"][0]
        hours = text[8:].strip("TZ0")
        return _day(text) + timedelta(days=1 if hours else 0)
    found = re.fullmatch(r"P(?:(\d+)W)?(?:(\d+)D)?", event.get("DURATION", [""])[0])
    days = 7 * int(found[1] or 0) + int(found[2] or 0) if found else 0
    return start + timedelta(days=max(days, 1))


def _repeated(event: Mapping[str, Sequence[str]], start: date) -> list[date]:
    """The days on which the event starts; one more than are allowed where it has no end."""
    if "RRULE" not in event:
        return [start]
    without_zone = re.sub(r"(UNTIL=\d{8})(T\d{6}Z?)?", r"\1T235959", event["RRULE"][0].upper())
    days = rrulestr(without_zone, dtstart=datetime.combine(start, time()))
    away = {_day(part) for text in event.get("EXDATE", ()) for part in text.split(",") if part}
    found = list(islice((day.date() for day in days), MOST_REPEATS + 1))
    return found if len(found) > MOST_REPEATS else [day for day in found if day not in away]
