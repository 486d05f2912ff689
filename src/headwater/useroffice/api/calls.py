"""Calls: setting up, announcing, and the office's steps with a whole call."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from headwater.registry.api.pages import Cursor, page
from headwater.registry.api.shapes import PROBLEMS, Named, PageOut, named
from headwater.useroffice import edges, facts, queries
from headwater.useroffice.actions import (
    assigning,
    calls,
    checking,
    deciding,
    telling,
)
from headwater.useroffice.api.shapes import Body, Done, GroundIn, Key, Text, acting, desk_of_request, router
from headwater.useroffice.models import Call
from headwater.useroffice.ranking import ranking_of

ModeWord = Literal["general", "rolling", "urgent", "key", "industry", "block", "partner"]


class CallIn(Body):
    """A call; beamlines by id, days inclusive."""

    code: str = Field(max_length=20)
    name_zh: str = Field(max_length=300)
    name_en: str = Field(max_length=300)
    mode: ModeWord = "general"
    opens_at: datetime
    closes_at: datetime | None = None
    period_start: date
    period_end: date
    beamlines: list[Key] = Field(max_length=200)
    text_zh: Text = ""
    text_en: Text = ""
    most_beamlines: int = Field(2, ge=1, le=10)
    most_shifts: int = Field(36, ge=1, le=300)
    reserve: Decimal = Field(Decimal(0), ge=0, le=1, decimal_places=4)
    names_shown: Literal["always", "own_review", "panel", "decision"] = Field(
        "always", description="From when on reviewers and panel see who proposes."
    )
    reviewers_shown: Literal["office", "committee", "proposers"] = "office"
    see_record: bool = True
    chance_cap: Decimal | None = Field(None, ge=Decimal("0.05"), le=1, decimal_places=2)


class CallOut(Schema):
    id: str
    code: str
    name: str
    facility: Named
    mode: str
    stage: str
    open: bool
    opens_at: datetime
    closes_at: datetime | None
    period_start: date
    period_end: date
    beamlines: list[str]
    most_shifts: int
    questions: list[dict[str, Any]]


class CallPage(PageOut):
    items: list[CallOut]


def _call_out(call: Call) -> dict[str, Any]:
    return {
        "id": call.public_id,
        "code": call.code,
        "name": call.name,
        "facility": named(call.facility),
        "mode": call.mode,
        "stage": call.stage,
        "open": facts.call_is_open(call, timezone.now()),
        "opens_at": call.opens_at,
        "closes_at": call.closes_at,
        "period_start": call.period_start,
        "period_end": call.period_end,
        "beamlines": [one.public_id for one in call.beamlines.all()],
        "most_shifts": call.most_shifts,
        "questions": call.form.questions,
    }


@router.get("/calls", response={200: CallPage, **PROBLEMS}, summary="List calls")
def list_calls(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    rows = (
        queries.visible_calls(desk_of_request(request)).select_related("facility", "form").prefetch_related("beamlines")
    )
    return page(rows, wanted, _call_out)


@router.get("/calls/{public_id}", response={200: CallOut, **PROBLEMS}, summary="Read a call")
def get_call(request: HttpRequest, public_id: str) -> Any:
    return _call_out(edges.seen_call(public_id, desk_of_request(request)))


@router.post("/facilities/{facility}/calls", response={201: CallOut, **PROBLEMS}, summary="Prepare a call")
def add_call(request: HttpRequest, facility: str, body: CallIn) -> Any:
    made = calls.make_call(calls.CallDraft(facility=facility, **body.dict()), **acting(request))
    return Status(201, _call_out(made))


class StageIn(Body):
    stage: Literal["announced", "done"]


@router.post("/calls/{public_id}/stage", response={200: CallOut, **PROBLEMS}, summary="Announce or complete a call")
def set_stage(request: HttpRequest, public_id: str, body: StageIn) -> Any:
    return _call_out(calls.set_call_stage(public_id, body.stage, **acting(request)))


@router.post("/calls/{public_id}/checks", response={200: Done, **PROBLEMS}, summary="Ask for feasibility")
def begin_checks(request: HttpRequest, public_id: str) -> Any:
    return {"number": checking.begin_checks(public_id, **acting(request))}


class SeedIn(Body):
    seed: int = Field(0, ge=0, lt=2**31)


class AssignedOut(Schema):
    reviews: int
    total: float
    floor: float | None
    pairs_in_conflict: int


@router.post("/calls/{public_id}/assignment", response={200: AssignedOut, **PROBLEMS}, summary="Assign reviewers")
def assign(request: HttpRequest, public_id: str, body: SeedIn) -> Any:
    found = assigning.assign(public_id, seed=body.seed, **acting(request))
    return {key: getattr(found, key) for key in AssignedOut.model_fields}


@router.post("/calls/{public_id}/panel", response={200: Done, **PROBLEMS}, summary="Hand to the panel")
def open_panel(request: HttpRequest, public_id: str, body: GroundIn) -> Any:
    waive = ("panel.reviews_missing",) if body.ground else ()
    return {"number": deciding.open_panel(public_id, waive=waive, ground=body.ground, **acting(request))}


@router.post("/calls/{public_id}/letters", response={200: Done, **PROBLEMS}, summary="Tell the decisions")
def send_letters(request: HttpRequest, public_id: str, body: GroundIn) -> Any:
    waive = ("letters.undecided",) if body.ground else ()
    return {"number": telling.send_letters(public_id, waive=waive, ground=body.ground, **acting(request))}


class RankedOut(Schema):
    rank: int
    proposal: str
    number: str
    raw: float | None
    corrected: float | None
    error: float | None
    given: int
    due: int
    verdict: str | None


@router.get("/calls/{public_id}/ranking", response={200: list[RankedOut], **PROBLEMS}, summary="The panel's table")
def ranking(request: HttpRequest, public_id: str) -> Any:
    """For the office and the panel; rows in conflict with you are left out."""
    desk = desk_of_request(request)
    call = edges.seen_call(public_id, desk)
    if not desk.office(call.facility_id) and not desk.panels & set(call.tracks.values_list("panel", flat=True)):
        raise edges.missing("panel.not_yours")
    return [
        {
            "rank": row.rank,
            "proposal": row.proposal.public_id,
            "number": row.proposal.number,
            "raw": row.raw,
            "corrected": row.merit,
            "error": row.error,
            "given": row.given,
            "due": row.due,
            "verdict": row.verdict.kind if row.verdict else None,
        }
        for row in ranking_of(call, desk).rows
        if not row.conflict
    ]
