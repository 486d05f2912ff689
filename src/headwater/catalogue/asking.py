"""What somebody asks for, as it stands in an address: read, checked, written back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from headwater.catalogue import offers
from headwater.catalogue.journeys import (
    DEFAULT_DOOR,
    DEFAULT_MINUTES,
    DEFAULT_STAY_H,
    LEAST_MINUTES,
    MOST_DOOR,
    MOST_MINUTES,
    MOST_STAY_H,
    Trip,
)
from headwater.catalogue.query import normal
from headwater.catalogue.rules import MOST_LETTERS
from headwater.catalogue.vocabulary import Vocabulary
from headwater.catalogue.words import BANDS
from headwater.core.decision import Reason
from headwater.registry.models import Access, InstrumentStatus, OrganisationKind

FACETS = ("technique", "city", "jurisdiction", "kind", "access", "band", "class", "status")
PLAIN = ("owner", "facility", "synthetic")
SORTS = ("relevance", "reach")  # and those of `offers`
VIEWS = ("list", "map")
MOST_VALUES = 20
FIRST_YEAR, LAST_YEAR = 1900, 2999
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as people put it: words, filters by code, where she is and how far she goes.

    ``wrong`` are the parts of the address that could not be meant; they are left out.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origin: str = ""
    trip: Trip = field(default_factory=Trip)
    sort: str = "relevance"
    view: str = "list"
    exact: bool = False
    at: tuple[int, int, int] | None = None
    wrong: tuple[Reason, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing in particular is asked for."""
        return not (self.text or self.origin or any(self.filters.values()))

    def pairs(self, *, position: bool = False) -> list[tuple[str, str]]:
        """The address's parameters, in one order, defaults left out."""
        out = [("q", self.text)] if self.text else []
        out += [(name, value) for name in (*FACETS, *PLAIN) for value in sorted(self.filters.get(name, ()))]
        if self.origin:
            trip, plain = self.trip, Trip()
            out.append(("from", self.origin))
            out += [("minutes", str(trip.minutes))] if trip.minutes != plain.minutes else []
            out += [("date", trip.date.isoformat())] if trip.date else []
            out += [("leave", trip.leave)] if trip.leave_after != plain.leave_after else []
            out += [("back", "1"), ("stay", str(trip.stay_h))] if trip.back else []
            out += [("door", str(trip.door))] if trip.door != plain.door else []
        out += [("sort", self.sort)] if self.sort != "relevance" else []
        out += [("exact", "1")] if self.exact else []
        if position:
            out += [("view", self.view)] if self.view != "list" else []
        return out

    @property
    def address(self) -> str:
        """The question alone: what is saved and shared."""
        return urlencode(self.pairs())

    @property
    def page_address(self) -> str:
        """The question as this page shows it, ready for a position."""
        return urlencode(self.pairs(position=True))

    def but(self, **changes: object) -> str:
        """The page's address with something changed."""
        return urlencode(replace(self, at=None, **changes).pairs(position=True))  # type: ignore[arg-type]

    @property
    def cleared(self) -> str:
        """The page's address without any filter."""
        return self.but(filters={})

    @property
    def literally(self) -> str:
        """The page's address with the words taken as they were typed."""
        return self.but(exact=True)

    def toggled(self, name: str, value: str) -> str:
        """The page's address with one filter's value put on or taken off."""
        chosen = self.filters.get(name, ())
        values = tuple(one for one in chosen if one != value) if value in chosen else (*chosen, value)
        return self.but(filters={**self.filters, name: values})


def cursor_text(place: tuple[int, int, int]) -> str:
    """A position in a list, for an address."""
    return "_".join(str(part) for part in place)


def read_cursor(text: str) -> tuple[int, int, int] | None:
    """The position in an address; None where it is none."""
    if not re.fullmatch(r"-?\d{1,9}_-?\d{1,9}_\d{1,18}", text):
        return None
    first, second, key = map(int, text.split("_"))
    return first, second, key


class Parameters:
    """An address's parameters, whoever parsed them."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def one(self, name: str) -> str:
        found = self._values.get(name) or [""]
        return str(found[-1]).strip()

    def all(self, name: str) -> tuple[str, ...]:
        found = (str(value).strip() for value in self._values.get(name) or ())
        return tuple(dict.fromkeys(value for value in found if value))[:MOST_VALUES]


def whole_number(given: str, name: str, low: int, high: int, default: int, wrong: list[Reason]) -> int:
    """A number within bounds; another one is noted and the default taken."""
    if not given:
        return default
    if re.fullmatch(r"\d{1,5}", given) and low <= int(given) <= high:
        return int(given)
    wrong.append(Reason("reach.number_wrong", facts={"value": given[:40], "field": name, "low": low, "high": high}))
    return default


def _date(given: str, wrong: list[Reason]) -> dt.date | None:
    """A day; another text is noted and left out."""
    if not given:
        return None
    try:
        date = dt.date.fromisoformat(given)
    except ValueError:
        date = None
    if date is None or not FIRST_YEAR <= date.year <= LAST_YEAR:
        wrong.append(Reason("reach.date_wrong", facts={"value": given[:40]}))
        return None
    return date


def read_trip(values: Parameters, wrong: list[Reason]) -> Trip:
    """How far somebody goes."""
    leave = values.one("leave")
    match = _TIME.fullmatch(leave)
    if leave and not match:
        wrong.append(Reason("reach.time_wrong", facts={"value": leave[:40]}))
    return Trip(
        date=_date(values.one("date"), wrong),
        minutes=whole_number(values.one("minutes"), "minutes", LEAST_MINUTES, MOST_MINUTES, DEFAULT_MINUTES, wrong),
        leave_after=int(match[1]) * 60 + int(match[2]) if match else 0,
        back=values.one("back") in ("1", "on", "true", "yes"),
        stay_h=whole_number(values.one("stay"), "stay", 0, MOST_STAY_H, DEFAULT_STAY_H, wrong),
        door=whole_number(values.one("door"), "door", 0, MOST_DOOR, DEFAULT_DOOR, wrong),
    )


def read(values: Parameters, vocabulary: Vocabulary) -> Ask:
    """Read a question; what can't be meant is left out and noted in ``wrong``."""
    wrong: list[Reason] = []
    filters: dict[str, tuple[str, ...]] = {}
    for name in (*FACETS, *PLAIN):
        known = []
        for value in values.all(name):
            if _is_value(name, value, vocabulary):
                known.append(value)
            else:
                wrong.append(Reason("find.filter_unknown", facts={"field": name, "value": value[:80]}))
        if known:
            filters[name] = tuple(known)
    origin = values.one("from")
    if origin and vocabulary.by_code("cities", origin) is None:
        wrong.append(Reason("reach.origin_unknown", facts={"value": origin[:80]}))
        origin = ""
    trip = read_trip(values, wrong)
    sort = values.one("sort") or SORTS[0]
    if sort not in SORTS and offers.named(sort) is None:
        known_sorts = ", ".join((*SORTS, *(offer.code for offer in offers.known())))
        wrong.append(Reason("find.sort_unknown", facts={"value": sort[:40], "known": known_sorts}))
        sort = SORTS[0]
    elif sort == "reach" and not origin:
        wrong.append(Reason("reach.sort_needs_origin"))
        sort = SORTS[0]
    at = values.one("at")
    position = read_cursor(at) if at else None
    if at and position is None:
        wrong.append(Reason("find.cursor_unknown"))
    text = values.one("q")
    view = values.one("view")
    return Ask(
        text=normal(text) if len(text) <= MOST_LETTERS else text,
        filters=filters,
        origin=origin,
        trip=trip,
        sort=sort,
        view=view if view in VIEWS else VIEWS[0],
        exact=values.one("exact") == "1",
        at=position,
        wrong=tuple(wrong),
    )


def _is_value(name: str, value: str, vocabulary: Vocabulary) -> bool:
    if name in ("technique", "city", "jurisdiction", "class"):
        return vocabulary.by_code(PLURAL[name], value) is not None
    if name in KINDS:
        return re.fullmatch(rf"{KINDS[name]}_\w{{1,36}}", value) is not None
    return value in CHOICES[name]


KINDS = {"owner": "org", "facility": "fac"}
PLURAL = {"technique": "techniques", "city": "cities", "jurisdiction": "jurisdictions", "class": "classes"}
CHOICES: Mapping[str, Iterable[str]] = {
    "kind": frozenset(OrganisationKind.values),
    "access": frozenset(Access.values),
    "status": frozenset(InstrumentStatus.values),
    "synthetic": frozenset(("yes", "no")),
    "band": frozenset(str(number) for number in range(len(BANDS))),
}
