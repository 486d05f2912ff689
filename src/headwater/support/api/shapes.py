"""What goes out: the shapes of money's records in JSON, and how they are filled."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from headwater.accounts import words
from headwater.accounts.api import scopes_of
from headwater.core.decision import Decision, Reason, Refused
from headwater.core.money import Money, MoneyError
from headwater.registry.api.shapes import Named, PageOut, named
from headwater.registry.models import Instrument, Organisation
from headwater.support.facts import party_of
from headwater.support.models import Charge, Claim, Order, RateTable, Scheme, SchemeVersion, Settlement, Voucher
from headwater.support.quotes import Quoted
from headwater.support.rules import Party


def party_for(request: HttpRequest) -> Party:
    return party_of(request.user, token_scopes=scopes_of(request))


def major(currency: str, minor: int) -> str:
    return str(Money(currency, minor).major)


def minor_of(text: str, currency: str) -> int:
    """An amount that a caller wrote, in minor units; refused in words where it is none."""
    try:
        found = Money.parse(text, currency).minor
    except MoneyError as error:
        raise Refused(Decision((Reason("amount.unreadable", facts={"value": text[:60]}),))) from error
    if abs(found) > 10**15:
        raise Refused(Decision((Reason("amount.unreadable", facts={"value": text[:60]}),)))
    return found


def organisation_of(public_id: str) -> Organisation:
    found = (
        Organisation.objects.select_related("city__jurisdiction", "registration", "source")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise Refused(Decision((Reason("organisation.not_found"),)))
    return found


def with_money(instrument: Instrument) -> Instrument:
    """The instrument with what a quote looks at."""
    return (
        Instrument.objects.select_related("owner__city__jurisdiction", "city__jurisdiction", "class_code", "source")
        .filter(pk=instrument.pk)
        .get()
    )


def decision_out(decision: Decision) -> dict[str, Any]:
    """A decision with the sentence of each reason."""
    return {
        "allowed": decision.allowed(),
        "reasons": [{**one.as_json(), "sentence": words.sentence(one)} for one in decision.reasons],
    }


class DecisionOut(Schema):
    allowed: bool
    reasons: list[dict[str, Any]]


class LineOut(Schema):
    per: str
    service: str
    peak: bool
    quantity: str
    unit: str
    amount: str


class OfferOut(Schema):
    """What one scheme says: `pays` of the order, or why not. `could` is what it would pay alone."""

    scheme: str
    version: str
    name: str
    verified: bool
    delivery: str
    voucher: str
    could: str
    pays: str
    decision: DecisionOut


class QuoteOut(Schema):
    """`pays_now` is due to the provider, `comes_back` is refunded after a claim."""

    currency: str
    gross: str
    pays_now: str
    comes_back: str
    pays_in_the_end: str
    synthetic: bool = Field(description="True where the rates are made up.")
    rates: str
    lines: list[LineOut]
    offers: list[OfferOut]
    decision: DecisionOut


def quote_out(quoted: Quoted) -> dict[str, Any]:
    said, currency = quoted.quote, quoted.quote.currency
    return {
        "currency": currency,
        "gross": major(currency, said.gross_minor),
        "pays_now": major(currency, said.pays_now_minor),
        "comes_back": major(currency, said.comes_back_minor),
        "pays_in_the_end": major(currency, said.pays_in_the_end_minor),
        "synthetic": bool(quoted.table and quoted.table.synthetic),
        "rates": quoted.table.public_id if quoted.table else "",
        "lines": [
            {
                "per": one.per,
                "service": one.service,
                "peak": one.peak,
                "quantity": str(one.quantity),
                "unit": major(currency, one.unit_minor),
                "amount": major(currency, one.amount_minor),
            }
            for one in quoted.price.lines
        ],
        "offers": [
            {
                "scheme": one.scheme,
                "version": one.version,
                "name": quoted.versions[one.scheme].scheme.name,
                "verified": quoted.versions[one.scheme].verified,
                "delivery": one.delivery,
                "voucher": one.voucher,
                "could": major(currency, one.could_minor),
                "pays": major(currency, one.pays_minor),
                "decision": decision_out(one.decision),
            }
            for one in said.offers
        ],
        "decision": decision_out(quoted.decision),
    }


class SupportOut(Schema):
    scheme: str
    payer: str
    delivery: str
    state: str
    voucher: str
    reserved: str
    used: str
    claim: str


class ChargeOut(Schema):
    id: str
    order: str
    kind: str
    adjusts: str
    currency: str
    gross: str
    supported: str
    user_pays: str
    ground: str
    issued_at: datetime
    invoice: str
    disputes: list[dict[str, Any]]


class OrderOut(Schema):
    id: str
    subject: str
    organisation: Named | None
    provider: Named
    instrument: Named | None
    state: str
    day: date
    currency: str
    gross: str
    pays_now: str
    comes_back: str
    supports: list[SupportOut]
    charges: list[ChargeOut]


class OrderPage(PageOut):
    items: list[OrderOut]


def charge_out(one: Charge) -> dict[str, Any]:
    line = getattr(one, "invoice_line", None)
    return {
        "id": one.public_id,
        "order": one.order.public_id,
        "kind": one.kind,
        "adjusts": one.adjusts.public_id if one.adjusts_id and one.adjusts else "",
        "currency": one.currency,
        "gross": major(one.currency, one.gross_minor),
        "supported": major(one.currency, one.supported_minor),
        "user_pays": major(one.currency, one.user_minor),
        "ground": one.ground,
        "issued_at": one.issued_at,
        "invoice": line.invoice.public_id if line else "",
        "disputes": [
            {"id": dispute.public_id, "text": dispute.text, "upheld": dispute.upheld, "answer": dispute.answer}
            for dispute in one.disputes.all()
        ],
    }


def order_out(one: Order) -> dict[str, Any]:
    said = one.quote["quote"]
    return {
        "id": one.public_id,
        "subject": one.subject,
        "organisation": named(one.organisation) if one.organisation else None,
        "provider": named(one.provider),
        "instrument": {"id": one.instrument.public_id, "name": one.instrument.name} if one.instrument else None,
        "state": one.state,
        "day": one.day,
        "currency": one.currency,
        "gross": major(one.currency, one.gross_minor),
        "pays_now": major(one.currency, said["pays_now_minor"]),
        "comes_back": major(one.currency, said["comes_back_minor"]),
        "supports": [
            {
                "scheme": support.version.scheme.code,
                "payer": support.payer.code,
                "delivery": support.delivery,
                "state": support.state,
                "voucher": support.voucher.public_id if support.voucher else "",
                "reserved": major(one.currency, support.reserved_minor),
                "used": major(one.currency, support.used_minor),
                "claim": support.claim.public_id if hasattr(support, "claim") else "",
            }
            for support in one.supports.all()
        ],
        "charges": [charge_out(charge) for charge in one.charges.all()],
    }


class VoucherOut(Schema):
    id: str
    scheme: str
    organisation: Named
    payer: str
    state: str
    currency: str
    amount: str
    left: str
    ground: str
    valid_to: date | None


class VoucherPage(PageOut):
    items: list[VoucherOut]


def voucher_out(one: Voucher) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "scheme": one.version.scheme.code,
        "organisation": named(one.organisation),
        "payer": one.payer.code,
        "state": one.state,
        "currency": one.currency,
        "amount": major(one.currency, one.amount_minor),
        "left": major(one.currency, one.account.balance_minor if one.account else 0),
        "ground": one.ground,
        "valid_to": one.valid_to,
    }


class ClaimOut(Schema):
    id: str
    scheme: str
    order: str
    organisation: Named
    office: str
    state: str
    currency: str
    amount: str
    due_by: date


class ClaimDetail(ClaimOut):
    wanted: list[str]
    documents: list[dict[str, Any]]
    steps: list[dict[str, Any]]


class ClaimPage(PageOut):
    items: list[ClaimOut]


def claim_out(one: Claim) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "scheme": one.support.version.scheme.code,
        "order": one.support.order.public_id,
        "organisation": named(one.organisation),
        "office": one.office.code,
        "state": one.state,
        "currency": one.currency,
        "amount": major(one.currency, one.amount_minor),
        "due_by": one.due_by,
    }


def claim_detail(one: Claim) -> dict[str, Any]:
    return {
        **claim_out(one),
        "wanted": list(one.support.version.terms.get("documents", [])),
        "documents": [
            {"kind": paper.kind, "name": paper.name, "size": paper.size, "sha256": paper.digest}
            for paper in one.documents.order_by("pk")
        ],
        "steps": [
            {"verdict": step.verdict, "ground": step.ground, "at": step.at.isoformat(), "by": str(step.by)}
            for step in one.steps.select_related("by").order_by("pk")
        ],
    }


class VersionOut(Schema):
    number: int
    valid_from: date
    valid_to: date | None
    terms: dict[str, Any]
    article: str
    note: str
    verified: bool
    source: str
    source_url: str


class SchemeOut(Schema):
    code: str
    id: str
    name: str
    jurisdiction: str
    versions: list[VersionOut]


def version_out(one: SchemeVersion) -> dict[str, Any]:
    return {
        "number": one.number,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "terms": one.terms,
        "article": one.article,
        "note": one.note,
        "verified": one.verified,
        "source": str(one.source),
        "source_url": one.source.url,
    }


def scheme_out(one: Scheme) -> dict[str, Any]:
    return {
        "code": one.code,
        "id": one.public_id,
        "name": one.name,
        "jurisdiction": one.jurisdiction.code,
        "versions": [version_out(version) for version in one.versions.all()],
    }


class RatesOut(Schema):
    id: str
    owner: str
    instrument: str
    number: int
    valid_from: date
    valid_to: date | None
    synthetic: bool
    rates: dict[str, Any]


def rates_out(one: RateTable) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "owner": one.owner.public_id,
        "instrument": one.instrument.public_id if one.instrument else "",
        "number": one.number,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "synthetic": one.synthetic,
        "rates": one.rates,
    }


class SettlementOut(Schema):
    id: str
    month: str
    currency: str
    debts: int
    lines: list[dict[str, Any]]


def settlement_out(one: Settlement) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "month": f"{one.month:%Y-%m}",
        "currency": one.currency,
        "debts": one.debts,
        "lines": [
            {
                "kind": line.kind,
                "debtor": line.debtor.code,
                "creditor": line.creditor.code,
                "amount": major(one.currency, line.amount_minor),
                "count": line.count,
            }
            for line in one.lines.all()
        ],
    }
