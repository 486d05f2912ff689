"""What instruments' owners do: rates, charges, invoices."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from headwater.accounts.api import caller
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.api.pages import Cursor, page
from headwater.registry.api.shapes import PROBLEMS, Named, PageOut, named
from headwater.registry.models import Instrument
from headwater.support import queries, rules
from headwater.support.actions.charges import adjust_charge, answer_dispute, make_invoice, mark_paid, open_dispute
from headwater.support.actions.terms import publish_rates
from headwater.support.api.shapes import (
    ChargeOut,
    RatesOut,
    charge_out,
    major,
    minor_of,
    organisation_of,
    party_for,
    rates_out,
)
from headwater.support.models import Charge, Dispute, Invoice

router = Router(tags=["support"])


class RatesIn(Schema):
    """A table of rates for one instrument, or for all of an owner's. docs/support.md has the words of `rates`."""

    model_config = ConfigDict(extra="forbid")

    owner: str = Field(max_length=40)
    instrument: str = Field("", max_length=40)
    valid_from: date
    valid_to: date | None = None
    rates: dict[str, Any]


@router.get("/rates", response={200: list[RatesOut], **PROBLEMS}, summary="List an owner's rates")
def list_rates(request: HttpRequest, owner: str) -> Any:  # noqa: ARG001
    return [rates_out(one) for one in queries.rate_tables_of(organisation_of(owner))[:200]]


@router.post("/rates", response={201: RatesOut, **PROBLEMS}, summary="Publish rates")
def post_rates(request: HttpRequest, body: RatesIn) -> Any:
    owner = organisation_of(body.owner)
    instrument = None
    if body.instrument:
        instrument = Instrument.objects.filter(public_id=body.instrument, owner=owner).first()
        if instrument is None:
            raise Refused(Decision((Reason("instrument.not_found"),)))
    made = publish_rates(
        owner,
        instrument,
        body.rates,
        body.valid_from,
        body.valid_to,
        party_for(request),
        by=caller(request),
        at=timezone.now(),
    )
    return Status(201, rates_out(made))


class ChargePage(PageOut):
    items: list[ChargeOut]


@router.get("/charges", response={200: ChargePage, **PROBLEMS}, summary="List charges that you may see")
def list_charges(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    rows = queries.with_charge(queries.visible_charges(party_for(request))).select_related("adjusts")
    return page(rows, wanted, charge_out)


def _charge(request: HttpRequest, public_id: str) -> Charge:
    rows = queries.with_charge(queries.visible_charges(party_for(request)))
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("charge.not_found"),)))
    return found


class AdjustIn(Schema):
    model_config = ConfigDict(extra="forbid")

    amount: str = Field(max_length=40, description="By how much: below nothing is a reduction.")
    ground: str = Field(max_length=2000)


@router.post("/charges/{public_id}/adjust", response={201: ChargeOut, **PROBLEMS}, summary="Adjust a charge")
def post_adjustment(request: HttpRequest, public_id: str, body: AdjustIn) -> Any:
    charge = _charge(request, public_id)
    amount = minor_of(body.amount, charge.currency)
    made = adjust_charge(public_id, amount, body.ground, party_for(request), by=caller(request), at=timezone.now())
    return Status(201, charge_out(_charge(request, made.public_id)))


class DisputeIn(Schema):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=5000)


class DisputeOut(Schema):
    id: str
    charge: str
    text: str
    upheld: bool | None
    answer: str


def _dispute_out(one: Dispute) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "charge": one.charge.public_id,
        "text": one.text,
        "upheld": one.upheld,
        "answer": one.answer,
    }


@router.post("/charges/{public_id}/dispute", response={201: DisputeOut, **PROBLEMS}, summary="Object to a charge")
def post_dispute(request: HttpRequest, public_id: str, body: DisputeIn) -> Any:
    _charge(request, public_id)
    made = open_dispute(public_id, body.text, party_for(request), by=caller(request), at=timezone.now())
    return Status(201, _dispute_out(made))


class AnswerIn(Schema):
    model_config = ConfigDict(extra="forbid")

    upheld: bool
    answer: str = Field(max_length=5000)


@router.post("/disputes/{public_id}/answer", response={200: DisputeOut, **PROBLEMS}, summary="Answer an objection")
def post_answer(request: HttpRequest, public_id: str, body: AnswerIn) -> Any:
    party = party_for(request)
    known = Dispute.objects.filter(public_id=public_id, charge__in=queries.visible_charges(party).values("pk")).exists()
    if not known:
        raise Refused(Decision((Reason("charge.not_found"),)))
    made = answer_dispute(
        public_id, upheld=body.upheld, answer=body.answer, party=party, by=caller(request), at=timezone.now()
    )
    return _dispute_out(made)


class InvoiceIn(Schema):
    model_config = ConfigDict(extra="forbid")

    provider: str = Field(max_length=40)
    organisation: str = Field(max_length=40)
    currency: str = Field("CNY", min_length=3, max_length=3)


class InvoiceOut(Schema):
    id: str
    number: str
    provider: Named
    organisation: Named
    currency: str
    total: str
    paid: bool
    charges: list[str]


def _invoice_out(one: Invoice) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "number": str(one),
        "provider": named(one.provider),
        "organisation": named(one.organisation),
        "currency": one.currency,
        "total": major(one.currency, one.total_minor),
        "paid": one.paid_at is not None,
        "charges": list(one.lines.order_by("pk").values_list("charge__public_id", flat=True)),
    }


@router.post("/invoices", response={201: InvoiceOut, **PROBLEMS}, summary="Invoice what is not invoiced yet")
def post_invoice(request: HttpRequest, body: InvoiceIn) -> Any:
    made = make_invoice(
        organisation_of(body.provider),
        organisation_of(body.organisation),
        body.currency,
        party_for(request),
        by=caller(request),
        at=timezone.now(),
    )
    return Status(201, _invoice_out(made))


def seen_invoice(party: rules.Party, public_id: str) -> Invoice:
    rows = queries.visible_invoices(party).select_related("provider__city", "organisation__city")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("invoice.not_found"),)))
    return found


@router.get("/invoices/{public_id}", response={200: InvoiceOut, **PROBLEMS}, summary="Read an invoice")
def get_invoice(request: HttpRequest, public_id: str) -> Any:
    return _invoice_out(seen_invoice(party_for(request), public_id))


@router.post("/invoices/{public_id}/paid", response={200: InvoiceOut, **PROBLEMS}, summary="Write down a payment")
def post_paid(request: HttpRequest, public_id: str) -> Any:
    party = party_for(request)
    invoice = seen_invoice(party, public_id)
    permit(rules.may_manage_money(invoice.provider_id, party))
    mark_paid(public_id, party, by=caller(request), at=timezone.now())
    return _invoice_out(seen_invoice(party, public_id))
