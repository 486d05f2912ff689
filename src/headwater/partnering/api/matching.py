"""Candidates, why not, teams, answers, proposals and awards by program."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from headwater.accounts import words
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.money import Money, MoneyError
from headwater.engines.matching import PARTS
from headwater.partnering import queries, ranking, teaming
from headwater.partnering.actions import matching as actions
from headwater.partnering.api.challenges import who
from headwater.partnering.api.shapes import Strict
from headwater.partnering.drafts import ProposalDraft
from headwater.partnering.facts import seen_challenge, sight_of
from headwater.partnering.models import Challenge, Proposal, Version
from headwater.partnering.rules.sight import may_see_whole
from headwater.registry.api.pages import viewer_for
from headwater.registry.api.shapes import PROBLEMS, named

router = Router(tags=["partnering"])


def _whole(request: HttpRequest, public_id: str) -> tuple[Challenge, Version]:
    viewer = viewer_for(request)
    challenge, sight = seen_challenge(public_id, viewer)
    permit(may_see_whole(sight, viewer))
    version = queries.version_with_all(challenge)
    assert version is not None
    return challenge, version


class CandidateOut(Schema):
    rank: int
    id: str
    name: str
    organisation: dict[str, str]
    city: str
    score: float
    parts: dict[str, float]
    techniques: list[dict[str, Any]]
    missing: list[str]
    instruments: list[str]
    works: list[str]
    ties: list[dict[str, str]]
    minutes: float | None
    by_rail: bool
    load: float
    schemes: list[dict[str, Any]]
    notes: list[dict[str, Any]]
    answer: str


class RankingOut(Schema):
    considered: int
    fitting: int
    weights: dict[str, float]
    items: list[CandidateOut]


def candidate_out(one: ranking.Candidate) -> dict[str, Any]:
    return {
        "rank": one.rank,
        "id": one.profile.public_id,
        "name": one.profile.name,
        "organisation": named(one.profile.organisation),
        "city": one.profile.city.code,
        "score": round(one.score, 6),
        "parts": {name: round(value, 6) for name, value in one.parts.items()},
        "techniques": [{"name": name, "level": level} for name, level in one.techniques],
        "missing": list(one.missing),
        "instruments": list(one.instruments),
        "works": [work.title for work in one.works],
        "ties": [{"kind": kind, "name": name} for kind, name in one.ties],
        "minutes": one.minutes,
        "by_rail": one.by_rail,
        "load": one.profile.load,
        "schemes": [
            {"name": scheme.name, "share": scheme.share, "verified": scheme.verified} for scheme in one.schemes
        ],
        "notes": [{**reason.as_json(), "sentence": words.sentence(reason)} for reason in one.notes.reasons],
        "answer": one.approach,
    }


@router.get("/challenges/{public_id}/candidates", response={200: RankingOut, **PROBLEMS}, summary="Rank candidates")
def candidates(request: HttpRequest, public_id: str, limit: int = 20) -> Any:
    challenge, version = _whole(request, public_id)
    found = ranking.rank(challenge, version, at=timezone.now(), count=max(1, min(limit, 200)))
    return {
        "considered": found.considered,
        "fitting": found.fitting,
        "weights": dict(found.weights),
        "items": [candidate_out(one) for one in found.candidates],
    }


@router.get(
    "/challenges/{public_id}/candidates/{profile_id}", response={200: dict, **PROBLEMS}, summary="Why not this one?"
)
def why_not(request: HttpRequest, public_id: str, profile_id: str) -> Any:
    challenge, version = _whole(request, public_id)
    profile = queries.profiles().filter(public_id=profile_id).first()
    if profile is None:
        raise Refused(Decision((Reason("profile.not_found", facts={"value": profile_id}),)))
    decision = ranking.absence(challenge, version, profile, at=timezone.now())
    return {
        "among_the_first": not decision.reasons,
        "reasons": [{**reason.as_json(), "sentence": words.sentence(reason)} for reason in decision.reasons],
    }


class TeamQuery(Schema):
    lead: Literal["company", "challenger", "anybody"] = "company"
    max_members: int | None = Field(6, ge=1, le=30)
    max_cost: int | None = Field(None, ge=0, description="Thousands of the currency.")
    min_jurisdictions: int = Field(1, ge=1, le=10)
    max_travel_min: int | None = Field(None, ge=0)
    pin: list[str] = Field([], max_length=30)
    ban: list[str] = Field([], max_length=200)


def team_out(team: teaming.TeamReading) -> dict[str, Any]:
    return {
        "total": round(team.total, 3),
        "cost": team.cost,
        "longest_min": team.longest_min,
        "jurisdictions": list(team.jurisdictions),
        "ties": team.ties,
        "missing": list(team.missing),
        "more": round(team.more, 3),
        "without": list(team.without),
        "instead": list(team.instead),
        "members": [
            {
                "organisation": named(one.organisation),
                "profile": one.profile.public_id if one.profile else None,
                "leads": one.leads,
                "brings": list(one.brings),
                "minutes": one.minutes,
                "cost": one.cost,
                "jurisdiction": one.organisation.city.jurisdiction.code,
            }
            for one in team.members
        ],
    }


def _conditions(rows: tuple[teaming.Condition, ...]) -> list[dict[str, Any]]:
    return [{"code": one.code, "value": one.value, "added": one.added, "total_without": one.without} for one in rows]


@router.get("/challenges/{public_id}/team", response={200: dict, **PROBLEMS}, summary="The smallest able consortium")
def team(request: HttpRequest, public_id: str, asked: Query[TeamQuery]) -> Any:
    challenge, version = _whole(request, public_id)
    wish = teaming.TeamWish(
        asked.lead, asked.max_members, asked.max_cost, asked.min_jurisdictions, asked.max_travel_min, tuple(asked.pin),
        tuple(asked.ban),
    )  # fmt: skip
    found = teaming.plan(challenge, version, wish, at=timezone.now())
    return {
        "candidates": found.candidates,
        "best": team_out(found.best) if found.best else None,
        "alternatives": [team_out(one) for one in found.alternatives],
        "conditions": _conditions(found.conditions),
        "clash": _conditions(found.clash),
    }


class InviteIn(Strict):
    profile: str = Field(max_length=40)
    note: str = Field("", max_length=1000)


@router.post("/challenges/{public_id}/invitations", response={201: dict, **PROBLEMS}, summary="Invite a group")
def invite(request: HttpRequest, public_id: str, body: InviteIn) -> Any:
    made = actions.invite(public_id, body.profile, body.note, **who(request))
    return Status(201, {"profile": body.profile, "state": made.state})


class AnswerIn(Strict):
    profile: str = Field(max_length=40)
    answer: Literal["yes", "later", "no"]
    words: str = Field("", max_length=1000)


@router.post("/challenges/{public_id}/answers", response={200: dict, **PROBLEMS}, summary="Answer for a group")
def answer(request: HttpRequest, public_id: str, body: AnswerIn) -> Any:
    made = actions.answer(public_id, body.profile, body.answer, body.words, **who(request))
    return {"profile": body.profile, "state": made.state}


class ProposalIn(Strict):
    lead: str = Field(max_length=40, description="The leading group's id.")
    title: str = Field(max_length=300)
    price: str = Field(max_length=30)
    currency: str = Field("CNY", max_length=3)
    months: int
    plan: str = Field("", max_length=50_000)
    evidence: str = Field("", max_length=20_000)
    promised: str = Field("", max_length=20_000)
    members: dict[str, str] = Field({}, description="Other groups' ids and tasks.")
    hand_in: bool = False


def proposal_out(one: Proposal) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "challenge": one.challenge.public_id,
        "lead": one.lead.public_id,
        "organisation": named(one.lead.organisation),
        "state": one.state,
        "title": one.title,
        "plan": one.plan,
        "evidence": one.evidence,
        "promised": one.promised,
        "price": str(Money(one.currency, one.price_minor).major),
        "currency": one.currency,
        "months": one.months,
        "members": {member.profile.public_id: member.task for member in one.members.all()},
    }


def _visible(request: HttpRequest, one: Proposal) -> Decision:
    return actions.sees_proposal(one, sight_of(one.challenge), viewer_for(request), at=timezone.now())


@router.get("/challenges/{public_id}/bids", response={200: list[dict], **PROBLEMS}, summary="Proposals you may read")
def proposals(request: HttpRequest, public_id: str) -> Any:
    challenge, sight = seen_challenge(public_id, viewer_for(request))
    rows = queries.proposals_of(challenge)
    now, viewer = timezone.now(), viewer_for(request)
    return [proposal_out(one) for one in rows if actions.sees_proposal(one, sight, viewer, at=now).allowed()]


@router.post("/challenges/{public_id}/bids", response={201: dict, **PROBLEMS}, summary="Propose")
def propose(request: HttpRequest, public_id: str, body: ProposalIn) -> Any:
    try:
        price = Money.parse(body.price, body.currency).minor
    except MoneyError as error:
        raise Refused(Decision((Reason("bid.price_wrong"),))) from error
    draft = ProposalDraft(
        lead=body.lead, title=body.title, price_minor=price, months=body.months, plan=body.plan,
        evidence=body.evidence, promised=body.promised, currency=body.currency, members=tuple(body.members.items()),
    )  # fmt: skip
    made = actions.propose(public_id, draft, hand_in=body.hand_in, **who(request))
    return Status(201, proposal_out(queries.with_team(Proposal.objects.filter(pk=made.pk)).get()))


@router.get("/bids/{public_id}", response={200: dict, **PROBLEMS}, summary="Read a proposal")
def get_proposal(request: HttpRequest, public_id: str) -> Any:
    one = queries.with_team(Proposal.objects.filter(public_id=public_id)).first()
    if one is None:
        raise Refused(Decision((Reason("bid.not_found"),)))
    permit(_visible(request, one))
    return proposal_out(one)


class LineIn(Strict):
    outcome: Literal["chosen", "racing", "not_chosen"]
    reason: str = Field(max_length=20_000)


class AwardIn(Strict):
    reasons: str = Field(max_length=20_000)
    lines: dict[str, LineIn] = Field(description="Outcome and reason of every open proposal, by its id.")


@router.post("/challenges/{public_id}/awards", response={201: dict, **PROBLEMS}, summary="Decide over the proposals")
def award(request: HttpRequest, public_id: str, body: AwardIn) -> Any:
    lines = {key: (one.outcome, one.reason) for key, one in body.lines.items()}
    made = actions.award(public_id, lines, body.reasons, **who(request))
    return Status(201, {"kind": made.kind})


class WeightsIn(Strict):
    weights: dict[str, float]
    ground: str = Field("", max_length=500)


@router.get("/matching/weights", response={200: dict, **PROBLEMS}, summary="The ranking's weights in force")
def get_weights(request: HttpRequest) -> Any:  # noqa: ARG001
    held = queries.weighting(timezone.now())
    return {"weights": ranking.weights_of(held), "team": held.team, "parts": list(PARTS)}


@router.post("/matching/weights", response={201: dict, **PROBLEMS}, summary="Let new weights hold")
def set_weights(request: HttpRequest, body: WeightsIn) -> Any:
    made = actions.set_weights(body.weights, body.ground, **who(request))
    return Status(201, {"weights": ranking.weights_of(made)})


class ConflictIn(Strict):
    organisations: list[str] = Field(min_length=2, max_length=2)
    ground: str = Field(max_length=500)


@router.post("/matching/conflicts", response={201: dict, **PROBLEMS}, summary="Declare a conflict of interest")
def declare_conflict(request: HttpRequest, body: ConflictIn) -> Any:
    actions.declare_conflict(*body.organisations, body.ground, **who(request))
    return Status(201, {"organisations": body.organisations})


@router.delete(
    "/matching/conflicts/{one}/{other}", response={204: None, **PROBLEMS}, summary="Withdraw a conflict of interest"
)
def withdraw_conflict(request: HttpRequest, one: str, other: str, ground: str = "") -> Any:
    actions.withdraw_conflict(one, other, ground, **who(request))
    return Status(204, None)


@router.get("/me/matches", response={200: list[dict], **PROBLEMS}, summary="What fits my groups")
def my_matches(request: HttpRequest) -> Any:
    viewer = viewer_for(request)
    if not viewer.signed_in:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    return [
        {
            "challenge": one.challenge.public_id,
            "title": one.challenge.name,
            "profile": one.profile.public_id,
            "origin": one.origin,
            "state": one.state,
        }
        for one in queries.approaches_to(viewer.memberships)[:100]
        if one.challenge.state != "withdrawn"
    ]
