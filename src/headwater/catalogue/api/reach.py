"""How far one comes by rail."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from headwater.catalogue.api.shapes import ReachOut, TimetableOut, reach_out, timetable_out
from headwater.catalogue.asking import Parameters, read_trip
from headwater.catalogue.journeys import Trip, asked_reach, laid
from headwater.catalogue.vocabulary import vocabulary
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.api.pages import viewer_for
from headwater.registry.api.shapes import PROBLEMS
from headwater.registry.queries import visible_instruments

router = Router(tags=["catalogue"])


class TripQuery(Schema):
    """How far somebody goes."""

    minutes: str = Field("", description="Longest way, door to door; 180 unless given.")
    date: str = Field("", description="The day, YYYY-MM-DD; the timetable's usual one unless given.")
    leave: str = Field("", description="Leave the door then or later, HH:MM.")
    back: str = Field("", description="`1`: only where there is time on site and a way back the same day.")
    stay: str = Field("", description="Hours on site with `back`; 4 unless given.")
    door: str = Field("", description="Minutes added to each way, door to door; 60 unless given.")


class ReachQuery(TripQuery):
    towards: bool = Field(False, description="Journeys from the other cities to this one.")


def _trip(wanted: TripQuery) -> Trip:
    wrong: list[Reason] = []
    trip = read_trip(Parameters({name: [str(value)] for name, value in wanted.dict().items()}), wrong)
    permit(Decision(tuple(wrong)))
    return trip


@router.get("/timetable", response={200: TimetableOut, **PROBLEMS}, summary="The timetable in force")
def get_timetable(request: HttpRequest) -> Any:  # noqa: ARG001
    held = laid(vocabulary().cities)
    if held is None:
        raise Refused(Decision((Reason("reach.no_timetable"),)))
    return timetable_out(held.about)


@router.get("/reach/{city}", response={200: ReachOut, **PROBLEMS}, summary="Cities within reach", by_alias=True)
def get_reach(request: HttpRequest, city: str, wanted: Query[ReachQuery]) -> Any:  # noqa: ARG001
    known = vocabulary()
    found = asked_reach(known, known.city_code(city) or city, _trip(wanted), towards=wanted.towards)
    return reach_out(found, towards=wanted.towards)


@router.get(
    "/instruments/{public_id}/reach",
    response={200: ReachOut, **PROBLEMS},
    summary="Who can reach an instrument",
    by_alias=True,
)
def get_instrument_reach(request: HttpRequest, public_id: str, wanted: Query[TripQuery]) -> Any:
    seen = visible_instruments(viewer_for(request)).filter(public_id=public_id).values_list("city__code").first()
    if seen is None:
        raise Refused(Decision((Reason("instrument.not_found"),)))
    return reach_out(asked_reach(vocabulary(), seen[0], _trip(wanted), towards=True), towards=True)
