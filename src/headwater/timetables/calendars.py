"""Days of running: weekdays in digits, and calendars in the columns GTFS made common."""

from __future__ import annotations

import datetime as dt
import re

from headwater.timetables.feed import Service
from headwater.timetables.tables import Problems, Row, Tables

__all__ = ["service_of_digits", "services_of"]

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def service_of_digits(text: str) -> Service | None:
    """The service that runs on weekdays 1 (Monday) to 7, as in "12345"; None if the text is no such thing."""
    if not re.fullmatch(r"[1-7]{1,7}", text) or len(set(text)) != len(text):
        return None
    return Service(tuple(str(day) in text for day in range(1, 8)))


def services_of(tables: Tables, ending: str, problems: Problems) -> dict[str, Service]:
    """Services by name from calendar and calendar_dates, each optional; ``ending`` is ".txt" or ".csv".

    The name's column is ``service_id`` or ``service``. Problems are noted, not raised.
    """
    found: dict[str, Service] = {}
    if f"calendar{ending}" in tables.names:
        table = tables.table(f"calendar{ending}", [*_DAYS, "start_date", "end_date"])
        for row in table.rows(problems):
            found[_name(row)] = Service(
                tuple(row.whole(day, problems, low=0, high=1) == 1 for day in _DAYS),
                row.date("start_date", problems),
                row.date("end_date", problems),
            )
    if f"calendar_dates{ending}" in tables.names:
        added: dict[str, set[dt.date]] = {}
        removed: dict[str, set[dt.date]] = {}
        for row in tables.table(f"calendar_dates{ending}", ["date", "exception_type"]).rows(problems):
            date = row.date("date", problems)
            kind = row.whole("exception_type", problems, low=1, high=2)
            if date is not None and kind is not None:
                (added if kind == 1 else removed).setdefault(_name(row), set()).add(date)
        for name in added.keys() | removed.keys():
            base = found.get(name, Service((False,) * 7))
            found[name] = Service(
                base.weekdays,
                base.first,
                base.last,
                frozenset(added.get(name, ())),
                frozenset(removed.get(name, ())),
            )
    return found


def _name(row: Row) -> str:
    return row["service_id"] or row["service"]
