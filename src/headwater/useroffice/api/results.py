"""What came of it: publications and figures."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from headwater.registry.api.shapes import PROBLEMS
from headwater.useroffice import edges
from headwater.useroffice.actions import (
    visiting,
)
from headwater.useroffice.api.shapes import Body, acting, router
from headwater.useroffice.statistics import statistics_of


class OutputIn(Body):
    doi: str = Field(max_length=300)
    title: str = Field(max_length=1000)
    year: int
    authors: list[dict[str, str]] = Field([], max_length=5000)


class OutputOut(Schema):
    id: str
    doi: str
    title: str
    year: int


@router.post("/proposals/{public_id}/outputs", response={201: OutputOut, **PROBLEMS}, summary="Link a publication")
def link_output(request: HttpRequest, public_id: str, body: OutputIn) -> Any:
    from headwater.useroffice.outputfiles import plain_doi

    draft = visiting.OutputDraft(plain_doi(body.doi), body.title, body.year, authors=body.authors)
    made = visiting.link_output(public_id, draft, **acting(request))
    return Status(201, {"id": made.public_id, "doi": made.doi, "title": made.title, "year": made.year})


class EstimateOut(Schema):
    """A computed figure with what it rests on."""

    code: str
    value: float
    unit: str
    records: int
    synthetic_share: float
    as_of: date


@router.get("/facilities/{facility}/figures", response={200: list[EstimateOut], **PROBLEMS}, summary="A user programme")
def figures(request: HttpRequest, facility: str) -> Any:  # noqa: ARG001 (ninja passes it by name)
    from headwater.registry.models import Facility

    held = Facility.objects.filter(public_id=facility).first()
    if held is None:
        raise edges.missing("facility.not_found")
    found = statistics_of(held, today=timezone.now().date()).figures
    return [
        {
            "code": code,
            "value": one.value,
            "unit": one.unit,
            "records": one.records,
            "synthetic_share": one.synthetic_share,
            "as_of": one.as_of,
        }
        for code, one in found.items()
    ]
