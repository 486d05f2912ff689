"""Quotes, orders, vouchers and claims of users."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Form, Router, Schema, Status, UploadedFile
from ninja.params import Query
from pydantic import ConfigDict, Field

from headwater.accounts.api import caller
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry import queries as registry
from headwater.registry.api.pages import Cursor, page, viewer_for
from headwater.registry.api.shapes import PROBLEMS
from headwater.support import queries, rules
from headwater.support.actions.claims import add_document, submit_claim
from headwater.support.actions.orders import place_order
from headwater.support.actions.ownorders import cancel_own, charge_own
from headwater.support.actions.terms import Declared, register
from headwater.support.actions.usage import Usage
from headwater.support.actions.vouchers import apply_for_voucher
from headwater.support.api.shapes import (
    ClaimDetail,
    ClaimPage,
    DecisionOut,
    OrderOut,
    OrderPage,
    QuoteOut,
    VoucherOut,
    VoucherPage,
    claim_detail,
    claim_out,
    decision_out,
    minor_of,
    order_out,
    organisation_of,
    party_for,
    quote_out,
    voucher_out,
    with_money,
)
from headwater.support.book import home_currency
from headwater.support.facts import quote_for
from headwater.support.models import Claim, Order, SchemeVersion
from headwater.support.quotes import OrderWanted, requote, same_answer
from headwater.support.recognition import recognised

router = Router(tags=["support"])
Number = Annotated[int, Field(ge=0, le=100_000)]


class OrderAsked(Schema):
    """What is asked for. With `starts` and `ends` hours and peak hours follow; else give `hours`."""

    model_config = ConfigDict(extra="forbid")

    instrument: str = Field(max_length=40)
    organisation: str = Field("", max_length=40, description="Whose order it is: an organisation of yours.")
    starts: datetime | None = None
    ends: datetime | None = None
    day: date | None = Field(None, description="Which day's rules hold; today where not given and no start is.")
    hours: Decimal = Field(Decimal(0), ge=0, le=100_000, max_digits=12, decimal_places=4)
    samples: Number = 0
    setups: Number = 0
    services: dict[str, Number] = Field({}, max_length=20)
    purpose: str = Field("", max_length=30)
    schemes: list[str] | None = Field(None, max_length=20, description="Only these schemes; null: the best set.")


class OrderIn(OrderAsked):
    """`expected` is the `pays_now` that you saw: an order that would cost anything else is refused."""

    expected: str | None = Field(None, max_length=40)


def _wanted(request: HttpRequest, asked: OrderAsked) -> OrderWanted:
    viewer, party = viewer_for(request), party_for(request)
    found = registry.visible_instruments(viewer).filter(public_id=asked.instrument).first()
    if found is None:
        raise Refused(Decision((Reason("instrument.not_found"),)))
    instrument = with_money(found)
    organisation = organisation_of(asked.organisation) if asked.organisation else None
    if organisation is not None and not party.belongs(organisation.pk):
        code = "order.not_a_member" if party.user_id is not None else "sign_in.needed"
        raise Refused(Decision((Reason(code),)))
    starts, ends = asked.starts, asked.ends
    if any(one is not None and one.tzinfo is None for one in (starts, ends)):
        raise Refused(Decision((Reason("usage.zone_missing"),)))
    if (starts is None) != (ends is None) or (starts and ends and ends < starts):
        raise Refused(Decision((Reason("usage.reversed"),)))
    day = asked.day or (starts.astimezone(_zone(instrument)).date() if starts else timezone.now().date())
    return OrderWanted(
        provider=instrument.owner,
        instrument=instrument,
        organisation=organisation,
        day=day,
        starts=starts,
        ends=ends,
        hours=asked.hours,
        samples=asked.samples,
        setups=asked.setups,
        services=asked.services,
        purpose=asked.purpose,
        schemes=tuple(asked.schemes) if asked.schemes is not None else None,
    )


def _zone(instrument: Any) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(instrument.city.timezone)


@router.post("/quotes", response={200: QuoteOut, **PROBLEMS}, summary="Ask for a quote; nothing is held")
def post_quote(request: HttpRequest, body: OrderAsked) -> Any:
    return quote_out(quote_for(_wanted(request, body)))


@router.post("/orders", response={201: OrderOut, **PROBLEMS}, summary="Order a service; its money is reserved")
def post_order(request: HttpRequest, body: OrderIn) -> Any:
    wanted = _wanted(request, body)
    expected = None if body.expected is None else minor_of(body.expected, home_currency())
    made = place_order(wanted, party_for(request), expected_minor=expected, by=caller(request), at=timezone.now())
    return Status(201, order_out(queries.with_order(Order.objects.filter(pk=made.pk)).get()))


@router.get("/orders", response={200: OrderPage, **PROBLEMS}, summary="List orders that you may see")
def list_orders(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    return page(queries.with_order(queries.visible_orders(party_for(request))), wanted, order_out)


def _order(request: HttpRequest, public_id: str) -> Order:
    found = queries.with_order(queries.visible_orders(party_for(request))).filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("order.not_found"),)))
    return found


@router.get("/orders/{public_id}", response={200: OrderOut, **PROBLEMS}, summary="Read an order")
def get_order(request: HttpRequest, public_id: str) -> Any:
    return order_out(_order(request, public_id))


class Again(Schema):
    """The stored decision, and the same made again by the rules of its day."""

    facts: dict[str, Any]
    stored: dict[str, Any]
    again: dict[str, Any]
    same: bool


@router.get("/orders/{public_id}/decision", response={200: Again, **PROBLEMS}, summary="Decide an order again")
def get_order_decision(request: HttpRequest, public_id: str) -> Any:
    order = _order(request, public_id)
    keys = [one["version"] for one in order.quote["schemes"]]
    rows = SchemeVersion.objects.select_related("scheme__jurisdiction", "source").filter(pk__in=keys)
    again = requote(order.quote, {one.pk: one for one in rows}, order.rate_table)
    stored = order.quote["quote"]
    same = same_answer(again, stored)
    return {"facts": order.quote["facts"], "stored": stored, "again": again.as_json(), "same": same}


class UsageIn(Schema):
    model_config = ConfigDict(extra="forbid")

    started_at: datetime
    ended_at: datetime
    hours: Decimal | None = Field(None, ge=0, le=100_000, max_digits=12, decimal_places=4)
    samples: Number = 0
    setups: Number = 0
    services: dict[str, Number] = Field({}, max_length=20)
    content_zh: str = Field("", max_length=200)
    content_en: str = Field("", max_length=200)


@router.post("/orders/{public_id}/use", response={200: OrderOut, **PROBLEMS}, summary="Charge an order from its usage")
def post_usage(request: HttpRequest, public_id: str, body: UsageIn) -> Any:
    if body.started_at.tzinfo is None or body.ended_at.tzinfo is None:
        raise Refused(Decision((Reason("usage.zone_missing"),)))
    charge_own(public_id, Usage(**body.dict()), party_for(request), by=caller(request), at=timezone.now())
    return order_out(_order(request, public_id))


@router.post("/orders/{public_id}/cancel", response={200: OrderOut, **PROBLEMS}, summary="Cancel a service order")
def post_cancel(request: HttpRequest, public_id: str) -> Any:
    cancel_own(public_id, party_for(request), by=caller(request), at=timezone.now())
    return order_out(_order(request, public_id))


# Vouchers -------------------------------------------------------------------------------------------------------
class VoucherIn(Schema):
    model_config = ConfigDict(extra="forbid")

    scheme: str = Field(max_length=60)
    organisation: str = Field(max_length=40)
    amount: str = Field(max_length=40)
    purpose: str = Field("", max_length=2000)


@router.get("/vouchers", response={200: VoucherPage, **PROBLEMS}, summary="List vouchers that you may see")
def list_vouchers(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    return page(queries.with_voucher(queries.visible_vouchers(party_for(request))), wanted, voucher_out)


@router.post("/vouchers", response={201: VoucherOut, **PROBLEMS}, summary="Apply for a voucher")
def post_voucher(request: HttpRequest, body: VoucherIn) -> Any:
    made = apply_for_voucher(
        body.scheme,
        organisation_of(body.organisation),
        minor_of(body.amount, home_currency()),
        body.purpose,
        party_for(request),
        by=caller(request),
        at=timezone.now(),
    )
    return Status(201, voucher_out(made))


# Claims ---------------------------------------------------------------------------------------------------------
@router.get("/claims", response={200: ClaimPage, **PROBLEMS}, summary="List claims that you may see")
def list_claims(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    return page(queries.with_claim(queries.visible_claims(party_for(request))), wanted, claim_out)


def seen_claim(request: HttpRequest, public_id: str) -> Claim:
    found = queries.with_claim(queries.visible_claims(party_for(request))).filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("claim.not_found"),)))
    return found


@router.get("/claims/{public_id}", response={200: ClaimDetail, **PROBLEMS}, summary="Read a claim")
def get_claim(request: HttpRequest, public_id: str) -> Any:
    return claim_detail(seen_claim(request, public_id))


@router.post("/claims/{public_id}/documents", response={201: ClaimDetail, **PROBLEMS}, summary="Add a document")
def post_document(
    request: HttpRequest, public_id: str, kind: Annotated[str, Form()], file: Annotated[UploadedFile, File()]
) -> Any:
    claim = seen_claim(request, public_id)
    content = file.read(rules.MOST_DOCUMENT_BYTES + 1)
    add_document(
        claim.public_id,
        kind,
        file.name or kind,
        content,
        party_for(request),
        by=caller(request),
        at=timezone.now(),
    )
    return Status(201, claim_detail(seen_claim(request, public_id)))


@router.post("/claims/{public_id}/submit", response={200: ClaimDetail, **PROBLEMS}, summary="Hand a claim in")
def post_submit(request: HttpRequest, public_id: str) -> Any:
    seen_claim(request, public_id)
    submit_claim(public_id, party_for(request), by=caller(request), at=timezone.now())
    return claim_detail(seen_claim(request, public_id))


# What a company says of itself ----------------------------------------------------------------------------------
class RegistrationIn(Schema):
    model_config = ConfigDict(extra="forbid")

    size_class: str = Field("", max_length=10)
    high_tech: bool | None = None
    sectors: list[str] = Field([], max_length=10)
    founded: date | None = None
    valid_to: date | None = None


class RegistrationOut(RegistrationIn):
    organisation: str


@router.put(
    "/registrations/{public_id}", response={200: RegistrationOut, **PROBLEMS}, summary="Declare size and standing"
)
def put_registration(request: HttpRequest, public_id: str, body: RegistrationIn) -> Any:
    given = body.dict()
    declared = Declared(**{**given, "sectors": tuple(given["sectors"])})
    register(organisation_of(public_id), declared, party_for(request), by=caller(request), at=timezone.now())
    return {"organisation": public_id, **given}


@router.get("/recognition", response={200: DecisionOut, **PROBLEMS}, summary="Does it count there?")
def get_recognition(
    request: HttpRequest,  # noqa: ARG001
    kind: str,
    granted_in: str,
    wanted_in: str,
    code: str = "",
    day: date | None = None,
) -> Any:
    """Whether a qualification, a safety course or a contract template granted in one jurisdiction counts in another."""
    found = recognised(kind, code, granted_in=granted_in, wanted_in=wanted_in, day=day or timezone.now().date())
    return decision_out(found)
