"""Judging: feasibility, reviews, decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema, Status
from pydantic import Field

from headwater.core.decision import permit
from headwater.registry.api.shapes import PROBLEMS
from headwater.useroffice import edges, facts, queries, rules
from headwater.useroffice.actions import (
    checking,
    deciding,
    discussing,
    reviewing,
)
from headwater.useroffice.api.proposals import ProposalOut, proposal_out
from headwater.useroffice.api.shapes import Body, Done, Key, Text, acting, desk_of_request, router
from headwater.useroffice.models import Proposal, Review

VerdictWord = Literal["recommend", "reserve", "decline"]


class FeasibilityIn(Body):
    beamline: Key
    verdict: Literal["feasible", "conditional", "infeasible", "unsafe"]
    conditions: Text = ""
    shifts: int | None = Field(None, ge=1, le=1000)


@router.post("/proposals/{public_id}/feasibility", response={200: ProposalOut, **PROBLEMS}, summary="Judge feasibility")
def judge(request: HttpRequest, public_id: str, body: FeasibilityIn) -> Any:
    by = acting(request)
    held = checking.judge_feasibility(public_id, **body.dict(), **by)
    return proposal_out(queries.with_all(Proposal.objects.filter(pk=held.proposal_id)).get(), by["desk"])


class AskedOut(Schema):
    """What is asked of a beamline's scientist; in conflict she may not judge, and reads no title."""

    proposal: str
    number: str | None
    title: str | None
    beamline: str
    requested: int
    verdict: str
    conflicts: list[str]


@router.get("/feasibility", response={200: list[AskedOut], **PROBLEMS}, summary="Feasibility asked of you")
def list_feasibility(request: HttpRequest) -> Any:
    """What waits comes first."""
    desk = desk_of_request(request)
    if not desk.signed_in:
        raise edges.missing("sign_in.needed")
    return [
        {
            "proposal": one.proposal.public_id,
            "number": one.proposal.code,
            "title": None if kinds else one.proposal.title,
            "beamline": one.instrument.public_id,
            "requested": one.proposal.requested,
            "verdict": one.verdict,
            "conflicts": list(kinds),
        }
        for one, kinds in facts.feasibilities_for(desk)[:500]
    ]


class ConflictIn(Body):
    reason: str = Field(min_length=1, max_length=500)


@router.post("/proposals/{public_id}/conflict", response={200: Done, **PROBLEMS}, summary="Declare a conflict")
def declare(request: HttpRequest, public_id: str, body: ConflictIn) -> Any:
    """The proposal is closed to you from then on; a review asked of you is taken back."""
    reviewing.declare_conflict(public_id, body.reason, **acting(request))
    return {"number": 1}


class DecisionIn(Body):
    kind: VerdictWord
    rank: int | None = Field(None, ge=1, le=1_000_000)
    shifts: int | None = Field(None, ge=1, le=1000)
    reason: str = Field("", max_length=5000)
    ground: str = Field("", max_length=500, description="Passes missing reviews.")


@router.post("/proposals/{public_id}/decision", response={200: ProposalOut, **PROBLEMS}, summary="Decide")
def decide(request: HttpRequest, public_id: str, body: DecisionIn) -> Any:
    by = acting(request)
    judgement = deciding.Judgement(body.kind, body.rank, body.reason, body.shifts)
    waive = ("panel.reviews_missing",) if body.ground else ()
    made = deciding.decide(public_id, judgement, waive=waive, ground=body.ground, **by)
    return proposal_out(queries.with_all(Proposal.objects.filter(pk=made.proposal_id)).get(), by["desk"])


class ReviewOut(Schema):
    id: str
    proposal: str
    number: str
    state: str
    stage: str
    criteria: list[dict[str, Any]]
    scores: dict[str, int]


def _review_out(one: Review) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "proposal": one.proposal.public_id,
        "number": one.proposal.number,
        "state": one.state,
        "stage": one.stage.name,
        "criteria": one.stage.criteria,
        "scores": one.scores,
    }


@router.get("/reviews", response={200: list[ReviewOut], **PROBLEMS}, summary="Your reviews")
def list_reviews(request: HttpRequest) -> Any:
    desk = desk_of_request(request)
    if desk.user_id is None:
        raise edges.missing("sign_in.needed")
    return [_review_out(one) for one in queries.my_reviews(desk.user_id)[:500]]


class ReviewIn(Body):
    scores: dict[str, int]
    for_panel: Text
    for_proposer: Text = ""


@router.put("/reviews/{public_id}", response={200: ReviewOut, **PROBLEMS}, summary="Give a review")
def give_review(request: HttpRequest, public_id: str, body: ReviewIn) -> Any:
    return _review_out(
        reviewing.give_review(public_id, body.scores, body.for_panel, body.for_proposer, **acting(request))
    )


class DeclineIn(Body):
    reason: str = Field("", max_length=500)
    conflict: bool = Field(False, description="A conflict of interest: it binds from now on.")


@router.post("/reviews/{public_id}/decline", response={200: ReviewOut, **PROBLEMS}, summary="Decline a review")
def decline_review(request: HttpRequest, public_id: str, body: DeclineIn) -> Any:
    return _review_out(reviewing.decline_review(public_id, body.reason, conflict=body.conflict, **acting(request)))


class HandOnIn(Body):
    email: str = Field(max_length=254, description="Another member of the panel.")


@router.post("/reviews/{public_id}/hand-on", response={200: Done, **PROBLEMS}, summary="Hand a review on")
def hand_on(request: HttpRequest, public_id: str, body: HandOnIn) -> Any:
    reviewing.delegate_review(public_id, body.email, **acting(request))
    return {"number": 1}


class RemarkOut(Schema):
    """A remark; `by` is a name, or a number where names are not shown to you."""

    by: str
    at: datetime
    text: str


class RemarkIn(Body):
    text: str = Field(max_length=5000)


def _remarks(public_id: str, desk: rules.Desk) -> list[dict[str, Any]]:
    proposal, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_discuss(about, desk))
    rows = edges.remarks_named(proposal, about, desk)
    return [{"by": str(who), "at": one.at, "text": one.text} for who, _mine, one in rows]


@router.get("/proposals/{public_id}/discussion", response={200: list[RemarkOut], **PROBLEMS}, summary="The discussion")
def list_remarks(request: HttpRequest, public_id: str) -> Any:
    """For the office, the panel, and reviewers once their own review is in."""
    return _remarks(public_id, desk_of_request(request))


@router.post("/proposals/{public_id}/discussion", response={201: list[RemarkOut], **PROBLEMS}, summary="Say something")
def add_remark(request: HttpRequest, public_id: str, body: RemarkIn) -> Any:
    by = acting(request)
    discussing.add_remark(public_id, body.text, **by)
    return Status(201, _remarks(public_id, by["desk"]))
