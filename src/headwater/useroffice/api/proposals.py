"""Proposals: drafting, submitting, reading."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from headwater.accounts.api import told
from headwater.registry.api.pages import Cursor, page
from headwater.registry.api.shapes import PROBLEMS, PageOut
from headwater.useroffice import edges, facts, queries, rules
from headwater.useroffice.actions import (
    proposals,
)
from headwater.useroffice.api.shapes import Body, Key, Text, acting, desk_of_request, router
from headwater.useroffice.models import Proposal, SubProject, TeamMember


class SampleIn(Body):
    name: str = Field(max_length=200)
    quantity: str = Field("", max_length=60)
    hazards: list[str] = Field([], max_length=20)


class ProposalIn(Body):
    """A draft; `organisation`, `beamlines` (the preferred first) and `earlier` are ids."""

    title: str = Field(max_length=300)
    abstract: Text = ""
    language: Literal["en", "zh-hans"] = "en"
    track: str = Field("", max_length=20)
    organisation: Key = ""
    beamlines: list[Key] = Field([], max_length=10)
    requested: int = Field(3, ge=1, le=1000)
    minimum: int = Field(3, ge=1, le=1000)
    blackouts: list[tuple[date, date]] = Field([], max_length=100)
    answers: dict[str, Text] = {}
    samples: list[SampleIn] = Field([], max_length=100)
    earlier: list[Key] = Field([], max_length=50)
    earlier_results: Text = ""


class ProposalChange(ProposalIn):
    version: int | None = Field(None, description="The version you read; refused where it is another by now.")


class ProposalOut(Schema):
    """A proposal. `state` is the proposer's word for its team, the office's for those who judge."""

    id: str
    number: str | None = Field(description="Null until it is submitted.")
    call: str
    title: str
    state: str
    version: int
    beamlines: list[str]
    requested: int
    minimum: int
    submitted_at: datetime | None


class ProposalDetail(ProposalOut):
    abstract: str
    language: str
    team: list[dict[str, Any]] | None = Field(description="For its team: who is on it, with which rights.")
    proposers: list[str] | None = Field(description="Null where the call is anonymous to you.")
    organisation: str | None
    blackouts: list[list[str]]
    answers: dict[str, str]
    samples: list[dict[str, Any]]
    papers: list[dict[str, Any]]
    check: dict[str, Any] | None = Field(description="For a draft: what the call's rules say of it.")
    part: dict[str, Any] | None = Field(description="For a sub-project: its block, member, wished days and place.")


class ProposalPage(PageOut):
    items: list[ProposalOut]


def state_of(proposal: Proposal, desk: rules.Desk) -> str:
    mine = any(one.user_id == desk.user_id for one in proposal.team.all())
    return rules.public_state(proposal.state, proposal.told_state) if mine else proposal.state


def proposal_out(proposal: Proposal, desk: rules.Desk) -> dict[str, Any]:
    return {
        "id": proposal.public_id,
        "number": proposal.code,
        "call": proposal.call.public_id,
        "title": proposal.title,
        "state": state_of(proposal, desk),
        "version": proposal.version,
        "beamlines": [one.instrument.public_id for one in proposal.choices.all()],
        "requested": proposal.requested,
        "minimum": proposal.minimum,
        "submitted_at": proposal.submitted_at,
    }


def _member_out(one: TeamMember) -> dict[str, Any]:
    accepted = one.accepted_at is not None
    rights = {"may_edit": one.may_edit, "may_submit": one.may_submit}
    return {"name": str(one), "email": one.email, "proposer": one.proposer, "accepted": accepted, **rights}


def proposal_detail(public_id: str, desk: rules.Desk) -> dict[str, Any]:
    at = timezone.now()
    proposal, about = edges.seen_proposal(public_id, desk, at=at)
    named_ = rules.may_see_identities(about, desk).allowed()
    decision = proposals.check_draft(proposal, at=at) if proposal.state == "draft" else None
    check = {"allowed": decision.allowed(), "reasons": told(decision)} if decision is not None else None
    mine = desk.user_id in about.team
    return {
        **proposal_out(proposal, desk),
        "abstract": proposal.abstract,
        "language": proposal.language,
        "team": [_member_out(one) for one in proposal.team.all()] if mine else None,
        "proposers": [str(one) for one in proposal.team.all()] if named_ else None,
        "organisation": proposal.organisation.public_id if proposal.organisation and named_ else None,
        "blackouts": proposal.blackouts,
        "answers": proposal.answers,
        "samples": list(proposal.samples.values("name", "quantity", "hazards", "state")),
        "papers": list(proposal.submissions.values("number", "at", "sha256")) if named_ else [],
        "check": check,
        "part": _part_out(proposal),
    }


def _part_out(proposal: Proposal) -> dict[str, Any] | None:
    part = SubProject.objects.select_related("member__block", "instrument").filter(proposal=proposal).first()
    if part is None:
        return None
    return {
        "block": part.member.block.public_id,
        "member": part.member_id,
        "wished": part.wished,
        "beamline": part.instrument.public_id if part.instrument else None,
        "starts_at": part.starts_at,
        "ends_at": part.ends_at,
        "own": part.own,
    }


def _draft(body: ProposalIn) -> proposals.ProposalDraft:
    given = body.dict(exclude={"version", "samples"})
    samples = [proposals.SampleDraft(one.name, one.hazards, one.quantity) for one in body.samples]
    return proposals.ProposalDraft(**given, samples=samples)


@router.get("/proposals", response={200: ProposalPage, **PROBLEMS}, summary="List the proposals you may see")
def list_proposals(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    """Those in conflict with you are left out."""
    desk = desk_of_request(request)
    if not desk.signed_in:
        raise edges.missing("sign_in.needed")
    found = page(queries.with_all(queries.visible_proposals(desk)), wanted, lambda one: one)
    mine = {one.pk for one in found["items"] if any(place.user_id == desk.user_id for place in one.team.all())}
    judged = [one for one in found["items"] if one.pk not in mine and not desk.office(one.call.facility_id)]
    barred = {pair[0] for pair in facts.conflicts_between(judged, [desk.user_id or 0])}
    found["items"] = [proposal_out(one, desk) for one in found["items"] if one.pk not in barred]
    return found


@router.get("/proposals/{public_id}", response={200: ProposalDetail, **PROBLEMS}, summary="Read a proposal")
def get_proposal(request: HttpRequest, public_id: str) -> Any:
    return proposal_detail(public_id, desk_of_request(request))


@router.post("/calls/{public_id}/proposals", response={201: ProposalDetail, **PROBLEMS}, summary="Begin a draft")
def add_proposal(request: HttpRequest, public_id: str, body: ProposalIn) -> Any:
    by = acting(request)
    made = proposals.start_proposal(public_id, _draft(body), **by)
    return Status(201, proposal_detail(made.public_id, by["desk"]))


@router.patch("/proposals/{public_id}", response={200: ProposalDetail, **PROBLEMS}, summary="Write a draft anew")
def change_proposal(request: HttpRequest, public_id: str, body: ProposalChange) -> Any:
    by = acting(request)
    proposals.change_proposal(public_id, _draft(body), expected_version=body.version, **by)
    return proposal_detail(public_id, by["desk"])


class ReceiptOut(Schema):
    """What a submission is answered with."""

    number: str
    submission: int
    at: datetime
    sha256: str


@router.post("/proposals/{public_id}/submission", response={201: ReceiptOut, **PROBLEMS}, summary="Submit")
def submit(request: HttpRequest, public_id: str) -> Any:
    made = proposals.submit_proposal(public_id, **acting(request))
    receipt = {"number": made.content["code"], "submission": made.number, "at": made.at, "sha256": made.sha256}
    return Status(201, receipt)


class ReasonIn(Body):
    reason: str = Field("", max_length=500)


@router.post("/proposals/{public_id}/withdrawal", response={200: ProposalDetail, **PROBLEMS}, summary="Withdraw")
def withdraw(request: HttpRequest, public_id: str, body: ReasonIn) -> Any:
    by = acting(request)
    proposals.withdraw_proposal(public_id, body.reason, **by)
    return proposal_detail(public_id, by["desk"])


@router.post(
    "/proposals/{public_id}/reopening", response={200: ProposalDetail, **PROBLEMS}, summary="Take back to a draft"
)
def reopen(request: HttpRequest, public_id: str) -> Any:
    """While the call is open; submitted again it keeps its number."""
    by = acting(request)
    proposals.reopen_proposal(public_id, **by)
    return proposal_detail(public_id, by["desk"])


class InvitationIn(Body):
    email: str = Field(max_length=254)
    name: str = Field("", max_length=200)
    may_edit: bool = False
    may_submit: bool = False


@router.post("/proposals/{public_id}/team", response={201: ProposalDetail, **PROBLEMS}, summary="Invite a co-proposer")
def invite(request: HttpRequest, public_id: str, body: InvitationIn) -> Any:
    """Somebody without an account is asked by mail to sign up."""
    by = acting(request)
    proposals.invite(public_id, **body.dict(), **by)
    return Status(201, proposal_detail(public_id, by["desk"]))
