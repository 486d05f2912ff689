"""Blocks that laboratories share, and their sub-projects."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema, Status
from pydantic import Field

from headwater.accounts.api import scopes_of
from headwater.registry.api.pages import Cursor, page
from headwater.registry.api.shapes import PROBLEMS, PageOut
from headwater.registry.facts import viewer_of
from headwater.useroffice import blocks as readers, edges, rules
from headwater.useroffice.actions import blocks, parts, proposals
from headwater.useroffice.api.proposals import ProposalDetail, SampleIn, proposal_detail
from headwater.useroffice.api.shapes import Body, Done, Key, Text, acting, desk_of_request, router
from headwater.useroffice.models import Block

Reason = Field(max_length=500, description="Kept with the change.")


class BlockIn(Body):
    """A block; its last day is inside."""

    shifts: int = Field(ge=1, le=10_000)
    first_day: date
    last_day: date
    samples_open: bool = Field(False, description="Members see one another's sub-projects and samples.")


class BlockChange(BlockIn):
    reason: str = Reason


class BlockOut(Schema):
    """A block with what is left of it."""

    id: str
    proposal: str
    number: str
    title: str
    first_day: date
    last_day: date
    shifts: int
    divided: int
    used: int
    returned: int
    samples_open: bool


class BlockDetail(BlockOut):
    members: list[dict[str, Any]]
    parts: list[dict[str, Any]] = Field(description="Titles and samples are null where they are not shown to you.")
    hours_given: float
    hours_lost: float
    credited: int
    outputs: list[str]
    entries: list[dict[str, Any]] = Field(description="What happened to its shifts, the newest first.")


class BlockPage(PageOut):
    items: list[BlockOut]


def _block_out(block: Block) -> dict[str, Any]:
    return {
        "id": block.public_id,
        "proposal": block.proposal.public_id,
        "number": block.proposal.number,
        "title": block.proposal.title,
        "first_day": block.call.period_start,
        "last_day": block.call.period_end,
        **{name: getattr(block, name) for name in ("shifts", "divided", "used", "returned", "samples_open")},
    }


def _part_out(row: readers.PartRow, desk: rules.Desk) -> dict[str, Any]:
    part, proposal = row.part, row.part.proposal
    mine = any(one.user_id == desk.user_id for one in proposal.team.all())
    hosts = row.link and not mine
    whole = row.shown == "whole"
    return {
        "proposal": proposal.public_id if row.link else None,
        "number": proposal.number,
        "member": part.member_id,
        "title": row.title or None,
        "samples": [{"name": one.name, "hazards": one.hazards} for one in row.samples] if whole else None,
        "shifts": part.shifts,
        "state": proposal.state if hosts else rules.public_state(proposal.state, proposal.told_state),
        "beamline": part.instrument.public_id if part.instrument else None,
        "starts_at": part.starts_at,
        "ends_at": part.ends_at,
        "own": part.own,
    }


def _detail(public_id: str, desk: rules.Desk) -> dict[str, Any]:
    block, about = readers.seen_block(public_id, desk, at=timezone.now())
    totals = readers.totals_of(block)
    return {
        **_block_out(block),
        "members": [
            {
                "id": one.pk,
                "name": one.name,
                "organisation": one.organisation.public_id,
                "person": str(one.user),
                "share": one.share,
                "used": one.used,
                "left": one.left,
            }
            for one in readers.members_of(block)
        ],
        "parts": [_part_out(row, desk) for row in readers.part_rows(block, about, desk)],
        "hours_given": float(totals.hours_given),
        "hours_lost": float(totals.hours_lost),
        "credited": totals.credited,
        "outputs": [one.doi for one in readers.outputs_of(block)],
        "entries": [
            {
                "at": one.at,
                "kind": one.kind,
                "shifts": one.shifts,
                "member": one.member_id,
                "to_member": one.to_member_id,
                "number": one.proposal.number if one.proposal else None,
                "reason": one.reason,
                "by": str(one.by) if one.by else None,
            }
            for one in readers.entries_of(block)[:500]
        ],
    }


@router.get("/blocks", response={200: BlockPage, **PROBLEMS}, summary="List the blocks you may see")
def list_blocks(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    desk = desk_of_request(request)
    if not desk.signed_in:
        raise edges.missing("sign_in.needed")
    return page(readers.my_blocks(desk), wanted, _block_out)


@router.get("/blocks/{public_id}", response={200: BlockDetail, **PROBLEMS}, summary="Read a block")
def get_block(request: HttpRequest, public_id: str) -> Any:
    """Its totals, shares and history, and its sub-projects as far as they are shown to you."""
    return _detail(public_id, desk_of_request(request))


@router.post("/proposals/{public_id}/block", response={201: BlockDetail, **PROBLEMS}, summary="Open a group's block")
def open_block(request: HttpRequest, public_id: str, body: BlockIn) -> Any:
    by = acting(request)
    made = blocks.open_block(public_id, blocks.BlockDraft(**body.dict()), **by)
    return Status(201, _detail(made.public_id, by["desk"]))


@router.patch("/blocks/{public_id}", response={200: BlockDetail, **PROBLEMS}, summary="Change a block")
def change_block(request: HttpRequest, public_id: str, body: BlockChange) -> Any:
    by = acting(request)
    draft = blocks.BlockDraft(**body.dict(exclude={"reason"}))
    blocks.change_block(public_id, draft, body.reason, **by)
    return _detail(public_id, by["desk"])


class BlockMemberIn(Body):
    """A laboratory; `organisation` by id or whole name, `email` of who answers for it; `member` changes that one."""

    name: str = Field(max_length=200)
    organisation: str = Field(max_length=300)
    email: str = Field(max_length=254)
    member: int | None = Field(None, ge=1, lt=2**63)


@router.post("/blocks/{public_id}/members", response={200: BlockDetail, **PROBLEMS}, summary="Name a member of a block")
def name_member(request: HttpRequest, public_id: str, body: BlockMemberIn) -> Any:
    by = acting(request)
    blocks.name_member(public_id, **body.dict(), **by)
    return _detail(public_id, by["desk"])


class ShareIn(Body):
    member: int = Field(ge=1, lt=2**63)
    share: int = Field(ge=0, le=10_000)


class DivisionIn(Body):
    """Members who are not named keep their shares."""

    shares: list[ShareIn] = Field(min_length=1, max_length=100)
    reason: str = Reason


@router.put("/blocks/{public_id}/division", response={200: BlockDetail, **PROBLEMS}, summary="Divide a block")
def divide(request: HttpRequest, public_id: str, body: DivisionIn) -> Any:
    by = acting(request)
    blocks.divide(public_id, {one.member: one.share for one in body.shares}, body.reason, **by)
    return _detail(public_id, by["desk"])


class PassIn(Body):
    giver: int = Field(ge=1, lt=2**63)
    taker: int = Field(ge=1, lt=2**63)
    shifts: int = Field(ge=1, le=10_000)
    reason: str = Reason


@router.post("/blocks/{public_id}/passing", response={200: BlockDetail, **PROBLEMS}, summary="Pass shifts on")
def pass_on(request: HttpRequest, public_id: str, body: PassIn) -> Any:
    by = acting(request)
    blocks.pass_on(public_id, body.giver, body.taker, body.shifts, body.reason, **by)
    return _detail(public_id, by["desk"])


class ReturnIn(Body):
    """Unused shifts of a member's share, or with no member undivided ones."""

    member: int | None = Field(None, ge=1, lt=2**63)
    shifts: int = Field(ge=1, le=10_000)
    reason: str = Reason


@router.post("/blocks/{public_id}/return", response={200: BlockDetail, **PROBLEMS}, summary="Return unused shifts")
def give_back(request: HttpRequest, public_id: str, body: ReturnIn) -> Any:
    by = acting(request)
    blocks.give_back(public_id, body.member, body.shifts, body.reason, **by)
    return _detail(public_id, by["desk"])


class PartIn(Body):
    """A sub-project on a member's share; `beamlines` are ids, the preferred first, wished days inclusive."""

    title: str = Field(max_length=300)
    abstract: Text = ""
    language: Literal["en", "zh-hans"] = "en"
    beamlines: list[Key] = Field([], max_length=10)
    shifts: int = Field(1, ge=1, le=300)
    wished: list[tuple[date, date]] = Field([], max_length=20)
    samples: list[SampleIn] = Field([], max_length=100)

    def draft(self) -> parts.PartDraft:
        samples = [proposals.SampleDraft(one.name, one.hazards, one.quantity) for one in self.samples]
        return parts.PartDraft(
            self.title, self.abstract, self.language, self.beamlines, self.shifts, self.wished, samples
        )


class NewPartIn(PartIn):
    member: int = Field(ge=1, lt=2**63)


@router.post("/blocks/{public_id}/parts", response={201: ProposalDetail, **PROBLEMS}, summary="Begin a sub-project")
def begin_part(request: HttpRequest, public_id: str, body: NewPartIn) -> Any:
    """A draft; it takes its shifts when it is submitted, as every proposal is."""
    by = acting(request)
    made = parts.begin_part(public_id, body.member, body.draft(), **by)
    return Status(201, proposal_detail(made.public_id, by["desk"]))


@router.put(
    "/proposals/{public_id}/part", response={200: ProposalDetail, **PROBLEMS}, summary="Write a sub-project anew"
)
def change_part(request: HttpRequest, public_id: str, body: PartIn) -> Any:
    by = acting(request)
    parts.change_part(public_id, body.draft(), **by)
    return proposal_detail(public_id, by["desk"])


class DaysIn(Body):
    """Days of a sub-project: inside of the group's beamtime from a shift of the day, or beamtime of its own."""

    beamline: Key
    day: date
    shift: int = Field(1, ge=1, le=3)
    own: bool = False


class DaysOut(Schema):
    beamline: str
    starts_at: datetime
    ends_at: datetime
    own: bool


@router.put("/proposals/{public_id}/days", response={200: DaysOut, **PROBLEMS}, summary="Give a sub-project its days")
def place(request: HttpRequest, public_id: str, body: DaysIn) -> Any:
    viewer = viewer_of(request.user, token_scopes=scopes_of(request))
    made = parts.place_part(public_id, parts.Place(**body.dict()), viewer=viewer, **acting(request))
    return {"beamline": body.beamline, "starts_at": made.starts_at, "ends_at": made.ends_at, "own": made.own}


class OffIn(Body):
    reason: str = Reason


@router.post("/proposals/{public_id}/days/off", response={200: Done, **PROBLEMS}, summary="Take it off its days")
def unplace(request: HttpRequest, public_id: str, body: OffIn) -> Any:
    viewer = viewer_of(request.user, token_scopes=scopes_of(request))
    parts.unplace_part(public_id, body.reason, viewer=viewer, **acting(request))
    return {"number": 1}
