"""What goes out: hits, facets, journeys, saved searches in JSON, and how they are filled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import Field

from headwater.accounts.words import sentence
from headwater.catalogue.finding import Answer, Hit
from headwater.catalogue.journeys import About, Asked, Journey
from headwater.catalogue.models import SavedSearch
from headwater.catalogue.offers import Offered, known
from headwater.registry.api.shapes import InstrumentOut, instrument_out


class LegOut(Schema):
    """A train, or a way on foot (`train` is `walk`)."""

    train: str
    from_: str = Field(alias="from", serialization_alias="from")
    to: str
    depart: str
    arrive: str


class WayOut(Schema):
    """One way, door to door. Times are HH:MM of the day asked about; hours over 24 are the next day's."""

    minutes: int
    depart: str
    arrive: str
    changes: int
    legs: list[LegOut]


class JourneyOut(WayOut):
    next: str | None = Field(description="When the next journey leaves that no other beats.")
    back: WayOut | None = Field(description="The way back, where one was asked for.")
    last_back: str | None = Field(description="When the last journey leaves that is back the same day.")


class OfferedOut(Schema):
    """What a part of Headwater offers of an instrument: its soonest free time, its price after support."""

    code: str
    text: str
    note: str
    value: str


class HitOut(InstrumentOut):
    journey: JourneyOut | None
    offered: list[OfferedOut]


class ValueOut(Schema):
    code: str
    label: str
    count: int
    chosen: bool


class FacetOut(Schema):
    name: str
    values: list[ValueOut]


class TimetableOut(Schema):
    """The timetable that journeys rest on; `synthetic` says that no such trains run."""

    title: str
    vintage: str
    source: str
    synthetic: bool


class ReasonOut(Schema):
    code: str
    sentence: str


class SearchOut(Schema):
    """`total_is_least`: there are more hits than were counted and ranked. `instead`: what was searched for in place
    of a text that nothing holds. `remarks`: codes of what was left out or loosened. `ignored`: parts of the address
    that could not be meant."""

    query: str
    total: int
    total_is_least: bool
    sorted_of: int | None = Field(description="With an offer's order: how many hits it covers, the most relevant.")
    items: list[HitOut]
    next: str | None
    facets: list[FacetOut]
    also_searched: list[str]
    instead: str
    remarks: list[str]
    ignored: list[ReasonOut]
    date: str | None = Field(description="The day of the journeys; null where every day is alike.")
    timetable: TimetableOut | None
    cities_without_station: list[str]


class ReachedOut(WayOut):
    city: str = Field(description="A city's code.")
    name: str
    next: str | None
    back: WayOut | None
    last_back: str | None


class ReachOut(Schema):
    """Cities within reach, nearest first; the first is the city asked about, with no way to go."""

    city: str
    towards: bool = Field(description="Journeys from the cities to this one.")
    date: str | None = Field(description="The day asked about; null where every day is alike.")
    cities: list[ReachedOut]
    cities_without_station: list[str]
    timetable: TimetableOut


class SavedOut(Schema):
    id: str
    name: str
    address: str = Field(description="What is asked, as the parameters of `/search`.")
    found: int
    created_at: datetime
    looked_at: datetime


def way_out(journey: Journey) -> dict[str, Any]:
    return {
        "minutes": journey.minutes,
        "depart": journey.depart,
        "arrive": journey.arrive,
        "changes": journey.changes,
        "legs": [
            {"train": leg.train, "from": leg.start, "to": leg.end, "depart": leg.departs, "arrive": leg.arrives}
            for leg in journey.legs
        ],
    }


def journey_out(journey: Journey | None) -> dict[str, Any] | None:
    if journey is None:
        return None
    return {
        **way_out(journey),
        "next": journey.following or None,
        "back": way_out(journey.back) if journey.back else None,
        "last_back": journey.last_back or None,
    }


def _offered_out(code: str, said: Offered) -> dict[str, str]:
    return {"code": code, "text": said.text, "note": said.note, "value": said.value}


def hit_out(hit: Hit) -> dict[str, Any]:
    return {
        **instrument_out(hit.instrument),
        "journey": journey_out(hit.journey),
        "offered": [
            _offered_out(offer.code, said) for offer, said in zip(known(), hit.offered, strict=True) if said is not None
        ],
    }


def timetable_out(about: About | None) -> dict[str, Any] | None:
    if about is None:
        return None
    return {"title": about.title, "vintage": about.vintage, "source": about.source, "synthetic": about.synthetic}


def search_out(answer: Answer) -> dict[str, Any]:
    return {
        "query": answer.ask.address,
        "total": answer.total,
        "total_is_least": answer.capped,
        "sorted_of": answer.sorted_of,
        "items": [hit_out(hit) for hit in answer.hits],
        "next": answer.following or None,
        "facets": [
            {
                "name": facet.name,
                "values": [
                    {"code": one.code, "label": str(one.label), "count": one.count, "chosen": one.chosen}
                    for one in (*facet.values, *facet.folded)
                ],
            }
            for facet in answer.facets
        ],
        "also_searched": list(answer.also),
        "instead": answer.instead,
        "remarks": list(answer.remarks),
        "ignored": [{"code": reason.code, "sentence": sentence(reason)} for reason in answer.ask.wrong],
        "date": answer.date.isoformat() if answer.date else None,
        "timetable": timetable_out(answer.about),
        "cities_without_station": list(answer.unreached),
    }


def reach_out(found: Asked, *, towards: bool) -> dict[str, Any]:
    return {
        "city": found.origin.code,
        "towards": towards,
        "date": found.date.isoformat() if found.date else None,
        "cities": [
            {"city": row.city.code, "name": row.city.name, **(journey_out(row.journey) or {})}
            for row in found.rows.values()
        ],
        "cities_without_station": [one.code for one in found.unknown],
        "timetable": timetable_out(found.about),
    }


def saved_out(search: SavedSearch) -> dict[str, Any]:
    return {
        "id": search.public_id,
        "name": search.name,
        "address": search.address,
        "found": search.found,  # type: ignore[attr-defined]
        "created_at": search.created_at,
        "looked_at": search.looked_at,
    }
