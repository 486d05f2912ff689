"""Setting a call up: tracks with weighted stages, pools, and the facility's beam calendar."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Status
from pydantic import Field

from headwater.registry.api.shapes import PROBLEMS
from headwater.useroffice.actions import beamcalendar, pools, tracks
from headwater.useroffice.api.shapes import Body, Done, Key, acting, router


class CriterionIn(Body):
    key: str = Field(max_length=40)
    weight: float = Field(1, gt=0, lt=1000)
    label_zh: str = Field(max_length=200)
    label_en: str = Field(max_length=200)


class ReviewStageIn(Body):
    name_zh: str = Field(max_length=300)
    name_en: str = Field(max_length=300)
    weight: Decimal = Field(Decimal(1), gt=0, lt=1000, decimal_places=2)
    needed: int = Field(3, ge=1, le=12)
    criteria: list[CriterionIn] = Field(max_length=12)


class TrackIn(Body):
    """A way through review; its stages stand as given here, the first first."""

    name_zh: str = Field(max_length=300)
    name_en: str = Field(max_length=300)
    panel: Key = ""
    stages: list[ReviewStageIn] = Field([], max_length=6)


@router.put("/calls/{public_id}/tracks/{code}", response={200: Done, **PROBLEMS}, summary="Set a track")
def set_track(request: HttpRequest, public_id: str, code: str, body: TrackIn) -> Any:
    stages = [tracks.StageDraft(**one.dict()) for one in body.stages]
    draft = tracks.TrackDraft(code[:40], body.name_zh, body.name_en, body.panel, stages)
    tracks.set_track(public_id, draft, **acting(request))
    return {"number": len(stages)}


class PoolIn(Body):
    """A pool; `funder` is a public id or a name, `beamlines` are ids, none for all."""

    name_zh: str = Field(max_length=300)
    name_en: str = Field(max_length=300)
    rule: Literal["funder", "industry", "region", "outside", "in_house", "discretionary"]
    funder: str = Field("", max_length=300)
    beamlines: list[Key] = Field([], max_length=200)
    min_share: Decimal | None = Field(None, ge=0, le=1, decimal_places=4)
    max_share: Decimal | None = Field(None, ge=0, le=1, decimal_places=4)
    min_shifts: int | None = Field(None, ge=0, le=1_000_000)
    max_shifts: int | None = Field(None, ge=0, le=1_000_000)


@router.put("/calls/{public_id}/pools/{code}", response={200: Done, **PROBLEMS}, summary="Set a pool")
def set_pool(request: HttpRequest, public_id: str, code: str, body: PoolIn) -> Any:
    pools.set_pool(public_id, pools.PoolDraft(code[:20], **body.dict()), **acting(request))
    return {"number": 1}


class PeriodIn(Body):
    """Days of the beam calendar, the last one inside; `beamline` by id, empty for all."""

    kind: Literal["run", "studies", "shutdown", "maintenance"]
    first_day: date
    last_day: date
    beamline: Key = ""
    note: str = Field("", max_length=200)


class PeriodsIn(Body):
    periods: list[PeriodIn] = Field(max_length=2000)


@router.post(
    "/facilities/{facility}/beam-calendar", response={201: Done, **PROBLEMS}, summary="Add to the beam calendar"
)
def add_periods(request: HttpRequest, facility: str, body: PeriodsIn) -> Any:
    """All or none."""
    drafts = [
        beamcalendar.PeriodDraft(one.kind, one.first_day, one.last_day + timedelta(days=1), one.beamline, one.note)
        for one in body.periods
    ]
    return Status(201, {"number": beamcalendar.set_periods(facility, drafts, **acting(request))})
