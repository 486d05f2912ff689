"""What jurisdictions' officers do: schemes, budgets, vouchers, claims, settlements."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from headwater.accounts.api import caller
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.money import Money
from headwater.engines.terms import TermsError, read_terms
from headwater.registry.api.shapes import PROBLEMS
from headwater.registry.models import Jurisdiction
from headwater.support import queries, rules
from headwater.support.actions.claims import decide_claim
from headwater.support.actions.settlement import settle
from headwater.support.actions.terms import (
    RecognitionDraft,
    SchemeDraft,
    fund_budget,
    publish_recognition,
    publish_scheme,
)
from headwater.support.actions.vouchers import decide_voucher
from headwater.support.api.orders import seen_claim
from headwater.support.api.shapes import (
    ClaimDetail,
    SchemeOut,
    SettlementOut,
    VersionOut,
    VoucherOut,
    claim_detail,
    major,
    minor_of,
    party_for,
    scheme_out,
    settlement_out,
    version_out,
    voucher_out,
)
from headwater.support.models import Recognition, Scheme
from headwater.support.reading import month_of
from headwater.support.tryout import try_terms

router = Router(tags=["support"])


def jurisdiction_of(code: str) -> Jurisdiction:
    found = Jurisdiction.objects.filter(code=code).first()
    if found is None:
        raise Refused(Decision((Reason("jurisdiction.not_found", facts={"value": code}),)))
    return found


def scheme_of(code: str) -> Scheme:
    found = queries.schemes().filter(code=code).first()
    if found is None:
        raise Refused(Decision((Reason("scheme.not_found", facts={"value": code}),)))
    return found


@router.get("/schemes", response=list[SchemeOut], summary="List schemes with their versions")
def list_schemes(request: HttpRequest) -> Any:  # noqa: ARG001
    return [scheme_out(one) for one in queries.schemes()]


@router.get("/schemes/{code}", response={200: SchemeOut, **PROBLEMS}, summary="Read a scheme")
def get_scheme(request: HttpRequest, code: str) -> Any:  # noqa: ARG001
    return scheme_out(scheme_of(code))


class SchemeIn(Schema):
    """A version of a scheme. docs/support.md has the words of `terms`."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=60)
    jurisdiction: str = Field(max_length=20)
    name_zh: str = Field("", max_length=300)
    name_en: str = Field("", max_length=300)
    valid_from: date
    valid_to: date | None = None
    terms: dict[str, Any]
    article_zh: str = Field("", max_length=20_000)
    article_en: str = Field("", max_length=20_000)
    note_zh: str = Field("", max_length=20_000)
    note_en: str = Field("", max_length=20_000)
    source_title: str = Field("", max_length=500)
    source_url: str = Field("", max_length=1000)
    source_published: str = Field("", max_length=40)
    verified: bool = True


@router.post("/schemes", response={201: VersionOut, **PROBLEMS}, summary="Publish a version of a scheme")
def post_scheme(request: HttpRequest, body: SchemeIn) -> Any:
    given = body.dict()
    draft = SchemeDraft(**{**given, "jurisdiction": jurisdiction_of(given["jurisdiction"])})
    made = publish_scheme(draft, party_for(request), by=caller(request), at=timezone.now())
    return Status(201, version_out(made))


class TryIn(Schema):
    model_config = ConfigDict(extra="forbid")

    year: int = Field(ge=2000, le=2100)
    terms: dict[str, Any]


class TryOut(Schema):
    """What the draft would have paid for a year's charged orders, beside what the scheme paid."""

    orders: int
    paid_orders: int
    paid_minor: int
    would_orders: int
    would_minor: int
    users_more: int
    users_less: int
    why_not: dict[str, int]
    cut: bool


@router.post("/schemes/{code}/try", response={200: TryOut, **PROBLEMS}, summary="Try a change on a year's orders")
def post_try(request: HttpRequest, code: str, body: TryIn) -> Any:
    scheme = scheme_of(code)
    permit(rules.may_read_office(scheme.jurisdiction_id, party_for(request)))
    try:
        terms = read_terms(body.terms)
    except TermsError as error:
        raise Refused(error.decision) from error
    found = try_terms(scheme, code, scheme.jurisdiction, terms, body.year)
    return {name: getattr(found, name) for name in TryOut.model_fields}


class BudgetIn(Schema):
    model_config = ConfigDict(extra="forbid")

    payer: str = Field(max_length=20)
    year: int = Field(ge=2000, le=2100)
    amount: str = Field(max_length=40, description="Below nothing: free money is taken out.")
    ground: str = Field("", max_length=2000)


class BudgetOut(Schema):
    payer: str
    year: int | None
    kind: str
    balance: str
    currency: str


def _budgets(scheme: Scheme) -> list[dict[str, Any]]:
    return [
        {
            "payer": one.jurisdiction.code if one.jurisdiction else "",
            "year": one.year,
            "kind": one.kind,
            "balance": major(one.currency, one.balance_minor),
            "currency": one.currency,
        }
        for one in queries.budgets_of(scheme)
    ]


@router.get("/schemes/{code}/budgets", response={200: list[BudgetOut], **PROBLEMS}, summary="Read a scheme's budgets")
def get_budgets(request: HttpRequest, code: str) -> Any:
    scheme = scheme_of(code)
    party = party_for(request)
    found = _budgets(scheme)
    if party.operator or scheme.jurisdiction_id in party.offices:
        return found
    mine = set(queries.offices_of(party).values_list("code", flat=True)) if party.offices else set()
    permit(rules.may_read_office(scheme.jurisdiction_id, party) if not mine else Decision())
    return [one for one in found if one["payer"] in mine]


@router.post("/schemes/{code}/budgets", response={201: list[BudgetOut], **PROBLEMS}, summary="Change a budget")
def post_budget(request: HttpRequest, code: str, body: BudgetIn) -> Any:
    scheme, payer = scheme_of(code), jurisdiction_of(body.payer)
    currency = str(next(iter(scheme.versions.all())).terms["currency"])
    fund_budget(
        scheme,
        payer,
        body.year,
        Money(currency, minor_of(body.amount, currency)),
        party_for(request),
        ground=body.ground,
        by=caller(request),
        at=timezone.now(),
    )
    return Status(201, [one for one in _budgets(scheme) if one["payer"] == payer.code])


class VoucherDecision(Schema):
    model_config = ConfigDict(extra="forbid")

    issue: bool
    ground: str = Field("", max_length=2000)


@router.post(
    "/vouchers/{public_id}/decide", response={200: VoucherOut, **PROBLEMS}, summary="Issue or refuse a voucher"
)
def post_voucher_decision(request: HttpRequest, public_id: str, body: VoucherDecision) -> Any:
    party = party_for(request)
    if not queries.visible_vouchers(party).filter(public_id=public_id).exists():
        raise Refused(Decision((Reason("voucher.not_found"),)))
    made = decide_voucher(
        public_id, issue=body.issue, ground=body.ground, party=party, by=caller(request), at=timezone.now()
    )
    return voucher_out(queries.with_voucher(queries.visible_vouchers(party)).get(pk=made.pk))


class ClaimDecision(Schema):
    model_config = ConfigDict(extra="forbid")

    verdict: Literal["approve", "refuse", "return"]
    ground: str = Field("", max_length=2000)


@router.post("/claims/{public_id}/decide", response={200: ClaimDetail, **PROBLEMS}, summary="Decide on a claim")
def post_claim_decision(request: HttpRequest, public_id: str, body: ClaimDecision) -> Any:
    seen_claim(request, public_id)
    decide_claim(public_id, body.verdict, body.ground, party_for(request), by=caller(request), at=timezone.now())
    return claim_detail(seen_claim(request, public_id))


@router.get("/settlements", response={200: list[SettlementOut], **PROBLEMS}, summary="List settlements")
def list_settlements(request: HttpRequest) -> Any:
    party = party_for(request)
    if not party.offices and not party.operator:
        raise Refused(Decision((Reason("office.not_yours" if party.user_id else "sign_in.needed"),)))
    return [settlement_out(one) for one in queries.settlements()[:200]]


class SettleIn(Schema):
    model_config = ConfigDict(extra="forbid")

    month: str = Field(max_length=10, description="e.g. `2026-03`")
    currency: str = Field("CNY", min_length=3, max_length=3)


@router.post("/settlements", response={201: SettlementOut, **PROBLEMS}, summary="Settle a month")
def post_settlement(request: HttpRequest, body: SettleIn) -> Any:
    party = party_for(request)
    made = settle(month_of(body.month), body.currency, party, by=caller(request), at=timezone.now())
    return Status(201, settlement_out(queries.settlements().get(pk=made.pk)))


class RecognitionIn(Schema):
    """What is granted in one jurisdiction counts in another; `codes` empty: all of the kind."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=60)
    kind: str = Field(max_length=20)
    granted_in: str = Field(max_length=20)
    counts_in: str = Field(max_length=20)
    codes: list[str] = Field([], max_length=100)
    valid_from: date
    valid_to: date | None = None
    article_zh: str = Field("", max_length=500)
    article_en: str = Field("", max_length=500)


class RecognitionOut(Schema):
    code: str
    kind: str
    granted_in: str
    counts_in: str
    codes: list[str]
    valid_from: date
    valid_to: date | None
    article: str
    verified: bool
    source: str


def _recognition_out(one: Recognition) -> dict[str, Any]:
    return {
        **{
            name: getattr(one, name)
            for name in ("code", "kind", "codes", "valid_from", "valid_to", "article", "verified")
        },
        "granted_in": one.granted_in.code,
        "counts_in": one.counts_in.code,
        "source": str(one.source),
    }


@router.get("/recognitions", response=list[RecognitionOut], summary="List what counts where")
def list_recognitions(request: HttpRequest) -> Any:  # noqa: ARG001
    rows = Recognition.objects.select_related("granted_in", "counts_in", "source").order_by("kind", "code")
    return [_recognition_out(one) for one in rows]


@router.post("/recognitions", response={201: RecognitionOut, **PROBLEMS}, summary="Publish a recognition")
def post_recognition(request: HttpRequest, body: RecognitionIn) -> Any:
    given = body.dict()
    for name in ("granted_in", "counts_in"):
        given[name] = jurisdiction_of(given[name])
    draft = RecognitionDraft(**{**given, "codes": tuple(given["codes"])})
    return Status(
        201, _recognition_out(publish_recognition(draft, party_for(request), by=caller(request), at=timezone.now()))
    )
