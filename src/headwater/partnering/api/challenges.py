"""Challenges by program: the same reading and the same actions as the pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import Field

from headwater.accounts.api import caller
from headwater.accounts.queries import trail_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.money import MoneyError
from headwater.partnering import queries
from headwater.partnering.actions import challenges as actions
from headwater.partnering.api.shapes import (
    ChallengeOut,
    ChallengePage,
    NewChallenge,
    NewVersion,
    Strict,
    challenge_out,
    challenge_row,
)
from headwater.partnering.drafts import CallDraft, ChallengeDraft
from headwater.partnering.facts import seen_challenge
from headwater.partnering.models import ChallengeState
from headwater.partnering.reading import read, read_many
from headwater.partnering.rules.sight import may_see_whole
from headwater.registry.api.pages import Cursor, page, viewer_for
from headwater.registry.api.shapes import PROBLEMS, EntryOut

router = Router(tags=["partnering"])
TRAIL_SHOWN = 100
Move = Literal["submit", "agree", "take_on", "withdraw"]


def who(request: HttpRequest) -> dict[str, Any]:
    """Who looks, who acts, and when."""
    return {"viewer": viewer_for(request), "by": caller(request), "at": timezone.now()}


def _draft(body: NewChallenge | NewVersion) -> ChallengeDraft:
    try:
        return body.draft()
    except MoneyError as error:
        raise Refused(Decision((Reason("challenge.budget_wrong"),))) from error


def _out(request: HttpRequest, public_id: str) -> dict[str, Any]:
    viewer = viewer_for(request)
    challenge, sight = seen_challenge(public_id, viewer)
    return challenge_out(read(challenge, sight, viewer))


class ChallengeQuery(Cursor):
    q: str = Field("", description="Words; only those you may read count.", max_length=200)
    state: str = Field("", max_length=14)


@router.get("/challenges", response={200: ChallengePage, **PROBLEMS}, summary="List challenges")
def list_challenges(request: HttpRequest, wanted: Query[ChallengeQuery]) -> Any:
    viewer = viewer_for(request)
    rows = queries.searched(queries.visible_challenges(viewer), wanted.q, viewer)
    if wanted.state in ChallengeState.values:
        rows = rows.filter(state=wanted.state)
    cut = page(queries.with_listing(rows), wanted, lambda one: one)
    return cut | {"items": [challenge_row(one) for one in read_many(cut["items"], viewer)]}


@router.post("/challenges", response={201: ChallengeOut, **PROBLEMS}, summary="Write a challenge down")
def add_challenge(request: HttpRequest, body: NewChallenge) -> Any:
    made = actions.add_challenge(body.organisation, _draft(body), **who(request))
    return Status(201, _out(request, made.public_id))


@router.get("/challenges/{public_id}", response={200: ChallengeOut, **PROBLEMS}, summary="Read a challenge")
def get_challenge(request: HttpRequest, public_id: str) -> Any:
    return _out(request, public_id)


@router.put("/challenges/{public_id}", response={200: ChallengeOut, **PROBLEMS}, summary="Write its next version")
def put_version(request: HttpRequest, public_id: str, body: NewVersion) -> Any:
    actions.write_version(public_id, _draft(body), expected_number=body.version, **who(request))
    return _out(request, public_id)


@router.post("/challenges/{public_id}/moves/{move}", response={200: ChallengeOut, **PROBLEMS}, summary="Move it on")
def move_challenge(request: HttpRequest, public_id: str, move: Move) -> Any:
    step = {
        "submit": actions.submit,
        "agree": actions.agree_version,
        "take_on": actions.take_on,
        "withdraw": actions.withdraw,
    }[move]
    step(public_id, **who(request))
    return _out(request, public_id)


class TriageIn(Strict):
    outcome: Literal["ready", "refine", "long_term", "not_research"]
    reasons: list[str] = Field(min_length=1, max_length=10)
    note: str = Field("", max_length=5000)


@router.post("/challenges/{public_id}/triage", response={200: ChallengeOut, **PROBLEMS}, summary="Judge it")
def triage(request: HttpRequest, public_id: str, body: TriageIn) -> Any:
    actions.triage(public_id, body.outcome, tuple(body.reasons), body.note, **who(request))
    return _out(request, public_id)


class CallIn(Strict):
    closes: datetime | None = Field(None, description="With an end it is an open call.")
    sealed: bool = True
    race_teams: int = 1
    gate: str = Field("", max_length=1000)
    gate_on: date | None = None


@router.post("/challenges/{public_id}/publish", response={200: ChallengeOut, **PROBLEMS}, summary="Publish it")
def publish(request: HttpRequest, public_id: str, body: CallIn) -> Any:
    closes = body.closes
    if closes is not None and timezone.is_naive(closes):
        closes = timezone.make_aware(closes)
    draft = CallDraft(closes, body.sealed, body.race_teams, body.gate, body.gate_on)
    actions.publish(public_id, draft, **who(request))
    return _out(request, public_id)


class CloseIn(Strict):
    outcome: Literal["solved", "partly", "not_solved"]
    lessons: str = Field("", max_length=20_000)


@router.post("/challenges/{public_id}/close", response={200: ChallengeOut, **PROBLEMS}, summary="Close it")
def close(request: HttpRequest, public_id: str, body: CloseIn) -> Any:
    actions.close(public_id, body.outcome, body.lessons, **who(request))
    return _out(request, public_id)


class AgreementIn(Strict):
    organisation: str = Field(max_length=40)
    move: Literal["ask", "grant", "refuse", "end"] = "ask"


@router.post(
    "/challenges/{public_id}/agreements", response={200: dict, **PROBLEMS}, summary="Ask for or decide an agreement"
)
def agreement(request: HttpRequest, public_id: str, body: AgreementIn) -> Any:
    if body.move == "ask":
        made = actions.ask_agreement(public_id, body.organisation, **who(request))
    else:
        made = actions.decide_agreement(public_id, body.organisation, body.move, **who(request))
    return {"organisation": body.organisation, "state": made.state}


@router.get("/challenges/{public_id}/trail", response={200: list[EntryOut], **PROBLEMS}, summary="Who changed what")
def trail(request: HttpRequest, public_id: str) -> Any:
    viewer = viewer_for(request)
    challenge, sight = seen_challenge(public_id, viewer)
    permit(may_see_whole(sight, viewer))
    return [
        {
            "at": entry.at.isoformat(),
            "actor": entry.actor_name,
            "way": entry.way,
            "act": entry.act,
            "changes": entry.changes,
            "decision": entry.decision,
            "ground": entry.ground,
        }
        for entry in trail_of(challenge.public_id)[:TRAIL_SHOWN]
    ]
