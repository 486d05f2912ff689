"""Consortia, milestones and the programme by program."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import Field

from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.estimate import Estimate
from headwater.core.money import Money, MoneyError
from headwater.partnering import network, queries
from headwater.partnering.actions import consortia as actions, joining
from headwater.partnering.api.challenges import who
from headwater.partnering.api.shapes import PartnershipOut, PartnershipPage, Strict, partnership_out
from headwater.partnering.drafts import MemberDraft, MilestoneDraft, PartnershipDraft
from headwater.partnering.facts import partnership_facts
from headwater.partnering.models import Milestone
from headwater.partnering.rules.consortia import is_inside, may_see_inside
from headwater.partnering.rules.sight import may_see_programme
from headwater.registry.api.pages import Cursor, page, viewer_for
from headwater.registry.api.shapes import PROBLEMS, named

router = Router(tags=["partnering"])


class PartnershipQuery(Cursor):
    kind: str = Field("", max_length=14)
    state: str = Field("", max_length=10)


@router.get("/consortia", response={200: PartnershipPage, **PROBLEMS}, summary="List consortia and joint centres")
def list_partnerships(request: HttpRequest, wanted: Query[PartnershipQuery]) -> Any:  # noqa: ARG001
    rows = queries.partnerships()
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    return page(rows, wanted, partnership_out)


def _one(public_id: str) -> Any:
    found = queries.partnership_with_all(public_id)
    if found is None:
        raise Refused(Decision((Reason("partnership.not_found"),)))
    return found


@router.get("/consortia/{public_id}", response={200: PartnershipOut, **PROBLEMS}, summary="Read one")
def get_partnership(request: HttpRequest, public_id: str) -> Any:
    one = _one(public_id)
    return partnership_out(one, inside=is_inside(partnership_facts(one), viewer_for(request)))


class MemberIn(Strict):
    organisation: str = Field(max_length=40)
    role: Literal["lead", "member", "sponsor"] = "member"
    profile: str = Field("", max_length=40)
    task: str = Field("", max_length=300)


class PartnershipIn(Strict):
    kind: Literal["consortium", "joint_centre", "project"]
    name_zh: str = Field("", max_length=300)
    name_en: str = Field("", max_length=300)
    field_zh: str = Field("", max_length=300)
    field_en: str = Field("", max_length=300)
    members: list[MemberIn] = Field(max_length=60)
    challenge: str = Field("", max_length=40)
    agreement: str = Field("", max_length=50_000)
    agreed_on: date | None = None
    starts: date | None = None
    ends: date | None = None
    road_map: str = Field("", max_length=20_000)


@router.post("/consortia", response={201: PartnershipOut, **PROBLEMS}, summary="Found one")
def found(request: HttpRequest, body: PartnershipIn) -> Any:
    members = tuple(MemberDraft(one.organisation, one.role, one.profile, one.task) for one in body.members)
    made = actions.found(PartnershipDraft(**body.dict(exclude={"members"}), members=members), **who(request))
    return Status(201, partnership_out(_one(made.public_id), inside=True))


class ConfirmIn(Strict):
    organisation: str = Field(max_length=40)
    document: str = Field("", max_length=500, description="The document in which it agreed; a broker must name it.")


@router.post(
    "/consortia/{public_id}/members/{move}",
    response={200: PartnershipOut, **PROBLEMS},
    summary="Confirm or decline an invited member",
)
def answer_invitation(
    request: HttpRequest, public_id: str, move: Literal["confirm", "decline"], body: ConfirmIn
) -> Any:
    if move == "confirm":
        joining.confirm(public_id, body.organisation, body.document, **who(request))
    else:
        joining.decline(public_id, body.organisation, **who(request))
    one = _one(public_id)
    return partnership_out(one, inside=is_inside(partnership_facts(one), viewer_for(request)))


def milestone_out(one: Milestone) -> dict[str, Any]:
    payment = getattr(one, "payment", None)
    return {
        "id": one.public_id,
        "number": one.number,
        "title": one.title,
        "due": one.due,
        "test": one.test,
        "state": one.state,
        "amount": str(Money(one.currency, one.amount_minor).major) if one.amount_minor else None,
        "currency": one.currency or None,
        "payer": named(one.payer) if one.payer else None,
        "payee": named(one.payee) if one.payee else None,
        "report": one.report,
        "judgement": one.judgement,
        "payment": {"key": payment.key, "at": payment.at} if payment else None,
    }


@router.get("/consortia/{public_id}/milestones", response={200: list[dict], **PROBLEMS}, summary="Its milestones")
def milestones(request: HttpRequest, public_id: str) -> Any:
    one = _one(public_id)
    permit(may_see_inside(partnership_facts(one), viewer_for(request)))
    return [milestone_out(row) for row in one.milestones.all()]


class MilestoneIn(Strict):
    title: str = Field(max_length=300)
    due: date
    test: str = Field(max_length=20_000)
    amount: str = Field("0", max_length=30)
    currency: str = Field("CNY", max_length=3)
    payer: str = Field("", max_length=40)
    payee: str = Field("", max_length=40)


@router.post("/consortia/{public_id}/milestones", response={201: dict, **PROBLEMS}, summary="Add a milestone")
def add_milestone(request: HttpRequest, public_id: str, body: MilestoneIn) -> Any:
    try:
        amount = Money.parse(body.amount, body.currency).minor
    except MoneyError as error:
        raise Refused(Decision((Reason("milestone.amount_wrong"),))) from error
    draft = MilestoneDraft(body.title, body.due, body.test, amount, body.currency, body.payer, body.payee)
    return Status(201, milestone_out(actions.add_milestone(public_id, draft, **who(request))))


class ReportIn(Strict):
    text: str = Field(max_length=20_000)


@router.post("/milestones/{public_id}/{move}", response={200: dict, **PROBLEMS}, summary="Hand in, accept, send back")
def move_milestone(
    request: HttpRequest, public_id: str, move: Literal["hand_in", "accept", "send_back"], body: ReportIn
) -> Any:
    if move == "hand_in":
        actions.hand_in(public_id, body.text, **who(request))
    else:
        actions.judge(public_id, move, body.text, **who(request))
    return milestone_out(Milestone.objects.select_related("payer", "payee", "payment").get(public_id=public_id))


def _estimate(one: Estimate) -> dict[str, Any]:
    return {
        "value": one.value,
        "unit": one.unit,
        "records": one.records,
        "synthetic_share": round(one.synthetic_share, 6),
        "as_of": one.as_of,
    }


@router.get("/programme", response={200: dict, **PROBLEMS}, summary="The funnel and the network")
def programme(request: HttpRequest) -> Any:
    permit(may_see_programme(viewer_for(request)))
    today = timezone.now().date()
    held = network.network(today)
    return {
        "funnel": [{"step": one.code, **_estimate(one.estimate), "share": one.share} for one in network.funnel(today)],
        "triage": [{"outcome": code, "count": count, "share": share} for code, count, share in network.triage_shares()],
        "milestones": [
            {"currency": currency, "state": state, "count": count, "amount": str(Money(currency, amount).major)}
            for currency, state, count, amount in queries.milestone_sums()
        ],
        "network": {code: _estimate(one) for code, one in held.kinds.items()},
        "ties": _estimate(held.ties),
        "across_jurisdictions": _estimate(held.across),
        "between_jurisdictions": {"codes": held.jurisdictions, "ties": [row for _code, row in held.matrix]},
        "brokers": [
            {
                "organisation": named(one.organisation),
                "ties": one.ties,
                "pairs": one.total,
                "across": one.across,
                "liaison": one.liaison,
            }
            for one in network.named_brokers(held)
        ],
    }
