"""What a figure is about: a region, province, city, zone, facility or organisation; and over which time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

KINDS = ("region", "jurisdiction", "city", "zone", "facility", "organisation")
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?")


class SubjectError(ValueError):
    """A subject or period that can't be understood; ``code`` names a worded reason."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code, self.facts = code, facts
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a figure is about.

    ``cities`` are the codes of the registry's cities that belong to it; ``corridor`` says whether it is no more than
    these cities, so that what lies in them lies in it.
    """

    kind: str
    code: str
    name_zh: str
    name_en: str
    cities: tuple[str, ...] = ()
    corridor: bool = False
    area_km2: float | None = None
    lat: float | None = None
    lon: float | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.code}"

    @property
    def whole_cities(self) -> bool:
        return self.kind in ("region", "jurisdiction", "city") or self.corridor


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``start`` up to but not including ``end``."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    def __str__(self) -> str:
        if (self.start.month, self.start.day, self.end) == (1, 1, date(self.start.year + 1, 1, 1)):
            return str(self.start.year)
        return f"{self.start}..{self.last}"

    @classmethod
    def read(cls, text: str) -> Period:
        """Read ``2024``, ``2024-03``, ``2024-03-05`` or two of them joined by ``..``, both included.

        Raises
        ------
        SubjectError
            It is none of these, or ends before it begins.
        """
        first, _, last = text.strip().partition("..")
        try:
            start, end = spans(first)[0], spans(last or first)[1]
        except ValueError:
            raise SubjectError("period.unreadable", given=text) from None
        if end <= start:
            raise SubjectError("period.backwards", given=text)
        return cls(start, end)


def spans(text: str) -> tuple[date, date]:
    """First day of what is named, and the day after its last."""
    match = _PERIOD.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    year, month, day = int(match[1]), match[2], match[3]
    if not 1900 <= year <= 2199:
        raise ValueError(text)
    if month is None:
        return date(year, 1, 1), date(year + 1, 1, 1)
    if day is None:
        first = date(year, int(month), 1)
        return first, (first + timedelta(days=32)).replace(day=1)
    only = date(year, int(month), int(day))
    return only, only + timedelta(days=1)
