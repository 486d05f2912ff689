"""Searching and comparing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from headwater.catalogue import finding
from headwater.catalogue.api.shapes import HitOut, SearchOut, hit_out, search_out
from headwater.catalogue.asking import Ask, Parameters, read
from headwater.catalogue.rules import may_compare
from headwater.catalogue.vocabulary import vocabulary
from headwater.core.decision import Decision, permit
from headwater.registry.api.pages import viewer_for
from headwater.registry.api.shapes import PROBLEMS
from headwater.registry.queries import visible_instruments, with_all

router = Router(tags=["catalogue"])


class SearchQuery(Schema):
    """A question, with the same names as the page's address. Filters may be repeated: any of their values fits."""

    q: str = Field("", description="Words in Chinese or English; up to 300 characters.")
    technique: list[str] = Field([], description="Codes of techniques or their groups.")
    city: list[str] = []
    jurisdiction: list[str] = []
    kind: list[str] = Field([], description="Kinds of owners.")
    access: list[str] = []
    band: list[str] = Field([], description="Bands of value, 0 to 5, in the region's currency.")
    class_: list[str] = Field([], alias="class", description="`vocabulary:version:code`")
    status: list[str] = []
    owner: list[str] = []
    facility: list[str] = []
    synthetic: list[str] = Field([], description="`no` leaves made-up records out.")
    from_: str = Field("", alias="from", description="Where she is: a city's code.")
    minutes: str = Field("", description="Longest way there, door to door; 180 unless given.")
    date: str = Field("", description="The day of the journey, YYYY-MM-DD; the timetable's usual one unless given.")
    leave: str = Field("", description="Leave the door then or later, HH:MM.")
    back: str = Field("", description="`1`: only what leaves time on site and a way back the same day.")
    stay: str = Field("", description="Hours on site with `back`; 4 unless given.")
    door: str = Field("", description="Minutes added to each way, door to door; 60 unless given.")
    sort: str = Field("", description="`relevance`, `reach` (with `from`), or an offer's code.")
    exact: str = Field("", description="`1`: forgive no typos.")
    cursor: str = Field("", description="`next` of the page before.", max_length=200)
    limit: int = Field(20, ge=1, le=200)
    facets: bool = Field(True, description="Count the facets' values.")


def _ask(wanted: Schema) -> Ask:
    values: dict[str, list[str]] = {}
    for name, value in wanted.dict().items():
        values[name.rstrip("_")] = value if isinstance(value, list) else [str(value)]
    values["at"] = values.pop("cursor", [])
    return read(Parameters(values), vocabulary())


@router.get("/search", response={200: SearchOut, **PROBLEMS}, summary="Find instruments", by_alias=True)
def search(request: HttpRequest, wanted: Query[SearchQuery]) -> Any:
    ask = _ask(wanted)
    answer = finding.answer(ask, viewer_for(request), at=timezone.now(), size=wanted.limit, facets=wanted.facets)
    return search_out(answer)


class CompareQuery(Schema):
    id: list[str] = Field(description="Up to five instruments.", max_length=20)
    from_: str = Field("", alias="from", description="Where she is: a city's code; adds the journey to each.")
    date: str = ""
    leave: str = ""
    back: str = ""
    stay: str = ""
    door: str = ""


@router.get("/compare", response={200: list[HitOut], **PROBLEMS}, summary="Compare instruments", by_alias=True)
def compare(request: HttpRequest, wanted: Query[CompareQuery]) -> Any:
    viewer = viewer_for(request)
    picked = list(dict.fromkeys(wanted.id))
    shown = {one.public_id: one for one in with_all(visible_instruments(viewer).filter(public_id__in=picked))}
    ask = _ask(wanted)
    permit(may_compare(len(picked), len(shown)) + Decision(ask.wrong))
    columns = finding.side_by_side([shown[one] for one in picked], ask, viewer, at=timezone.now())
    return [hit_out(one) for one in columns]
