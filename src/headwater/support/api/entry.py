"""What owners ask of people before they come, and who has it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from headwater.accounts.api import caller
from headwater.registry.api.pages import Cursor, page
from headwater.registry.api.shapes import PROBLEMS, Named, PageOut, named
from headwater.support import queries
from headwater.support.actions.entry import (
    ProofDraft,
    RequirementDraft,
    end_requirement,
    grant_proof,
    require,
    revoke_proof,
)
from headwater.support.api.shapes import organisation_of, party_for
from headwater.support.models import Proof, Requirement

router = Router(tags=["support"])


class RequirementIn(Schema):
    """What an owner asks of people first, on one instrument or on all: `kind` is safety_course or contract_template."""

    model_config = ConfigDict(extra="forbid")

    owner: str = Field(max_length=40)
    instrument: str = Field("", max_length=40)
    kind: str = Field(max_length=20)
    code: str = Field(max_length=80)
    name_zh: str = Field("", max_length=300)
    name_en: str = Field("", max_length=300)


class RequirementOut(Schema):
    id: str
    owner: str
    instrument: str
    kind: str
    code: str
    name_zh: str
    name_en: str
    ended_at: datetime | None


def _requirement_out(one: Requirement) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in ("kind", "code", "name_zh", "name_en", "ended_at")},
        "id": one.public_id,
        "owner": one.owner.public_id,
        "instrument": one.instrument.public_id if one.instrument else "",
    }


@router.get("/requirements", response={200: list[RequirementOut], **PROBLEMS}, summary="List what an owner asks first")
def list_requirements(request: HttpRequest, owner: str) -> Any:  # noqa: ARG001
    return [_requirement_out(one) for one in queries.requirements_of(organisation_of(owner)).select_related("owner")]


@router.post("/requirements", response={201: RequirementOut, **PROBLEMS}, summary="Ask something of people first")
def post_requirement(request: HttpRequest, body: RequirementIn) -> Any:
    given = body.dict()
    owner = organisation_of(given.pop("owner"))
    made = require(owner, RequirementDraft(**given), party_for(request), by=caller(request), at=timezone.now())
    return Status(201, _requirement_out(made))


@router.post(
    "/requirements/{public_id}/end", response={200: RequirementOut, **PROBLEMS}, summary="Ask something no more"
)
def post_requirement_end(request: HttpRequest, public_id: str) -> Any:
    return _requirement_out(end_requirement(public_id, party_for(request), by=caller(request), at=timezone.now()))


class ProofIn(Schema):
    """A course passed (`holder`: a person's e-mail address) or a contract signed (`holder`: an organisation's id)."""

    model_config = ConfigDict(extra="forbid")

    granted_by: str = Field(max_length=40)
    kind: str = Field(max_length=20)
    code: str = Field(max_length=80)
    holder: str = Field(max_length=254)
    granted_on: date
    valid_to: date | None = None
    reference: str = Field("", max_length=120)


class ProofOut(Schema):
    id: str
    kind: str
    code: str
    organisation: Named | None
    granted_by: Named
    granted_in: str
    granted_on: date
    valid_to: date | None
    reference: str
    revoked: bool


def _proof_out(one: Proof) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in ("kind", "code", "granted_on", "valid_to", "reference")},
        "id": one.public_id,
        "organisation": named(one.organisation) if one.organisation else None,
        "granted_by": named(one.granted_by),
        "granted_in": one.granted_in.code,
        "revoked": one.revoked_at is not None,
    }


class ProofPage(PageOut):
    items: list[ProofOut]


@router.get("/proofs", response={200: ProofPage, **PROBLEMS}, summary="List your courses and contracts")
def list_proofs(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    return page(queries.proofs_of(party_for(request)), wanted, _proof_out)


@router.post("/proofs", response={201: ProofOut, **PROBLEMS}, summary="Write down a course or a contract")
def post_proof(request: HttpRequest, body: ProofIn) -> Any:
    given = body.dict()
    granted_by = organisation_of(given.pop("granted_by"))
    made = grant_proof(granted_by, ProofDraft(**given), party_for(request), by=caller(request), at=timezone.now())
    return Status(201, _proof_out(made))


@router.post("/proofs/{public_id}/revoke", response={200: ProofOut, **PROBLEMS}, summary="Take a proof back")
def post_proof_revoke(request: HttpRequest, public_id: str) -> Any:
    return _proof_out(revoke_proof(public_id, party_for(request), by=caller(request), at=timezone.now()))
