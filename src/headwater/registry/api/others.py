"""Everything else of the record: organisations, facilities, places, vocabularies, figures."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router
from pydantic import Field

from headwater.core.decision import Decision, Reason, Refused
from headwater.registry import queries
from headwater.registry.api.pages import Cursor, page, viewer_for
from headwater.registry.api.shapes import (
    PROBLEMS,
    CityOut,
    FacilityOut,
    FigureOut,
    JurisdictionOut,
    Me,
    OrganisationOut,
    OrganisationPage,
    RecordOut,
    TechniqueOut,
    ZoneOut,
    columns,
    named,
    record_out,
    source_out,
)
from headwater.registry.models import City, Facility, Figure, Jurisdiction, Organisation, Technique, Zone

router = Router(tags=["registry"])

ORGANISATION = tuple(
    name for name in OrganisationOut.model_fields if name not in RecordOut.model_fields and name != "city"
)
CITY = tuple(name for name in CityOut.model_fields if name not in RecordOut.model_fields and name != "jurisdiction")
ZONE = tuple(name for name in ZoneOut.model_fields if name not in RecordOut.model_fields and name != "cities")
FACILITY = tuple(
    name for name in FacilityOut.model_fields if name not in RecordOut.model_fields and name not in ("city", "operator")
)


class OrganisationQuery(Cursor):
    kind: str = Field("", max_length=20)
    city: str = Field("", description="A city's code.", max_length=60)


def _organisation(one: Organisation) -> dict[str, Any]:
    return {**record_out(one), **columns(one, ORGANISATION), "city": one.city.code}


@router.get("/organisations", response={200: OrganisationPage, **PROBLEMS}, summary="List organisations")
def list_organisations(request: HttpRequest, wanted: Query[OrganisationQuery]) -> Any:  # noqa: ARG001
    rows = queries.organisations()
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.city:
        rows = rows.filter(city__code=wanted.city)
    return page(rows, wanted, _organisation)


@router.get("/organisations/{public_id}", response={200: OrganisationOut, **PROBLEMS}, summary="Read an organisation")
def get_organisation(request: HttpRequest, public_id: str) -> Any:  # noqa: ARG001
    return _organisation(get_object_or_404(queries.organisations(), public_id=public_id))


def _facility(one: Facility) -> dict[str, Any]:
    return {**record_out(one), **columns(one, FACILITY), "city": one.city.code, "operator": named(one.operator)}


@router.get("/facilities", response=list[FacilityOut], summary="List facilities")
def list_facilities(request: HttpRequest) -> Any:  # noqa: ARG001
    return [_facility(one) for one in queries.facilities()]


@router.get("/facilities/{public_id}", response={200: FacilityOut, **PROBLEMS}, summary="Read a facility")
def get_facility(request: HttpRequest, public_id: str) -> Any:  # noqa: ARG001
    return _facility(get_object_or_404(queries.facilities(), public_id=public_id))


@router.get("/jurisdictions", response=list[JurisdictionOut], summary="List jurisdictions")
def list_jurisdictions(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: Jurisdiction) -> dict[str, Any]:
        return {
            **record_out(one),
            "code": one.code,
            "kind": one.kind,
            "parent": one.parent and one.parent.code,
            "timezone": one.timezone,
        }

    return [write(one) for one in queries.jurisdictions().select_related("parent")]


@router.get("/cities", response=list[CityOut], summary="List cities")
def list_cities(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: City) -> dict[str, Any]:
        return {**record_out(one), **columns(one, CITY), "jurisdiction": one.jurisdiction.code}

    return [write(one) for one in queries.cities()]


@router.get("/zones", response=list[ZoneOut], summary="List parks, science cities and corridors")
def list_zones(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: Zone) -> dict[str, Any]:
        return {**record_out(one), **columns(one, ZONE), "cities": [city.code for city in one.cities.all()]}

    return [write(one) for one in queries.zones()]


@router.get("/techniques", response=list[TechniqueOut], summary="List techniques")
def list_techniques(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: Technique) -> dict[str, Any]:
        return {
            **columns(one, tuple(name for name in TechniqueOut.model_fields if name != "parent")),
            "parent": one.parent and one.parent.code,
        }

    return [write(one) for one in queries.techniques()]


@router.get("/figures", response=list[FigureOut], summary="List published figures")
def list_figures(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: Figure) -> dict[str, Any]:
        names = tuple(name for name in FigureOut.model_fields if name != "sources")
        return {**columns(one, names), "sources": [source_out(source) for source in one.sources.all()]}

    return [write(one) for one in queries.figures()]


@router.get("/me", response={200: Me, **PROBLEMS}, summary="Who am I here?")
def me(request: HttpRequest) -> Any:
    viewer = viewer_for(request)
    if not viewer.signed_in:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    managed = queries.managed_organisations(viewer) if viewer.managed else []
    return {
        "name": str(request.user),
        "email": request.user.email,
        "roles": sorted(viewer.roles),
        "may_write": viewer.may_write,
        "manages": [named(one) for one in managed],
    }
