"""The writers of charges after the usage: adjustments, disputes, invoices, payments."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Max, Sum

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.core.money import Money
from headwater.registry.models import Organisation
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.actions import ledger
from headwater.support.models import AccountKind, Charge, ChargeKind, Dispute, Invoice, InvoiceLine
from headwater.support.rules import Party


def _locked_charge(public_id: str) -> Charge:
    charge = (
        Charge.objects.select_for_update(of=("self",))
        .select_related("order__provider", "order__organisation", "order__user")
        .filter(public_id=public_id)
        .first()
    )
    if charge is None:
        raise Refused(Decision((Reason("charge.not_found"),)))
    return charge


@transaction.atomic
def adjust_charge(public_id: str, amount_minor: int, ground: str, party: Party, *, by: Actor, at: datetime) -> Charge:
    """Adjust a charge by ``amount_minor`` (below nothing: a reduction) with a charge of its own; nothing is edited."""
    charge = _locked_charge(public_id)
    order = charge.order
    now = charge.user_minor + (
        charge.adjustments.filter(supported_minor=0).aggregate(sum=Sum("user_minor"))["sum"] or 0
    )
    facts = rules.AdjustFacts(order.provider_id, amount_minor, now, ground, charge.kind == ChargeKind.ADJUSTMENT)
    decision = rules.may_adjust(facts, party)
    permit(decision)
    customer = ledger.of_customer(ledger.customer_of(order), order.provider, charge.currency)
    income = ledger.of_organisation(AccountKind.INCOME, order.provider, charge.currency)
    accounts = ledger.opened((customer, income))
    entry = ledger.post(
        "adjustment",
        charge.public_id,
        ((accounts[customer.key], amount_minor), (accounts[income.key], -amount_minor)),
        by=by,
        at=at,
        ground=ground,
    )
    made = Charge.objects.create(
        public_id=new_id("chg", node_prefix()),
        order=order,
        kind=ChargeKind.ADJUSTMENT,
        adjusts=charge,
        currency=charge.currency,
        gross_minor=amount_minor,
        user_minor=amount_minor,
        ground=ground.strip(),
        entry=entry,
        issued_at=at,
        by=by.user,
    )
    changes = {"amount": [now, now + amount_minor]}
    record(Act("charge.adjusted", charge.public_id, changes, decision, ground=ground), by=by, at=at)
    if order.user is not None:
        amount = f"{charge.currency} {Money(charge.currency, amount_minor).major:,}"
        path = f"/support/orders/{order.public_id}/"
        tell(order.user, "money.charge_adjusted", {"amount": amount, "ground": ground}, path=path, at=at)
    return made


@transaction.atomic
def open_dispute(public_id: str, text: str, party: Party, *, by: Actor, at: datetime) -> Dispute:
    """Object to a charge."""
    charge = _locked_charge(public_id)
    order = charge.order
    is_open = charge.disputes.filter(upheld=None).exists()
    facts = rules.DisputeFacts(order.organisation_id, order.user_id, text, is_open)
    permit(rules.may_dispute(facts, party))
    dispute = Dispute.objects.create(
        public_id=new_id("dsp", node_prefix()), charge=charge, text=text.strip(), opened_at=at, opened_by=by.user
    )
    record(Act("charge.disputed", charge.public_id, {"dispute": [None, dispute.public_id]}), by=by, at=at)
    return dispute


@transaction.atomic
def answer_dispute(public_id: str, *, upheld: bool, answer: str, party: Party, by: Actor, at: datetime) -> Dispute:
    """Answer an objection; where it is upheld the owner adjusts the charge beside it."""
    dispute = (
        Dispute.objects.select_for_update(of=("self",))
        .select_related("charge__order", "opened_by")
        .filter(public_id=public_id)
        .first()
    )
    if dispute is None:
        raise Refused(Decision((Reason("charge.not_found"),)))
    order = dispute.charge.order
    permit(rules.may_answer(order.provider_id, dispute.upheld is not None, answer, party))
    dispute.answer, dispute.upheld = answer.strip(), upheld
    dispute.answered_at, dispute.answered_by = at, by.user
    dispute.save()
    record(Act("dispute.answered", dispute.charge.public_id, {"upheld": [None, upheld]}, ground=answer), by=by, at=at)
    path = f"/support/orders/{order.public_id}/"
    tell(dispute.opened_by, "money.dispute_answered", {"answer": answer.strip()}, path=path, at=at)
    return dispute


@transaction.atomic
def make_invoice(
    provider: Organisation, organisation: Organisation, currency: str, party: Party, *, by: Actor, at: datetime
) -> Invoice:
    """Put every charge of a user organisation that stands on no invoice yet on one, with the owner's next number."""
    Organisation.objects.select_for_update(no_key=True, of=("self",)).get(pk=provider.pk)
    decision = rules.may_manage_money(provider.pk, party)
    charges = list(
        Charge.objects.filter(
            order__provider=provider, order__organisation=organisation, currency=currency, invoice_line=None
        )
    )
    if not charges:
        decision += Decision((Reason("invoice.nothing"),))
    permit(decision)
    last = Invoice.objects.filter(provider=provider).aggregate(last=Max("number"))["last"] or 0
    invoice = Invoice.objects.create(
        public_id=new_id("inv", node_prefix()),
        provider=provider,
        organisation=organisation,
        number=last + 1,
        currency=currency,
        total_minor=sum(one.user_minor for one in charges),
        issued_at=at,
        by=by.user,
    )
    InvoiceLine.objects.bulk_create(InvoiceLine(invoice=invoice, charge=one) for one in charges)
    record(Act("invoice.issued", invoice.public_id, {"total": [None, invoice.total_minor]}, decision), by=by, at=at)
    return invoice


@transaction.atomic
def mark_paid(public_id: str, party: Party, *, by: Actor, at: datetime) -> Invoice:
    """Write down that an invoice was paid; a second time changes nothing."""
    invoice = (
        Invoice.objects.select_for_update(of=("self",))
        .select_related("provider", "organisation")
        .filter(public_id=public_id)
        .first()
    )
    if invoice is None:
        raise Refused(Decision((Reason("invoice.not_found"),)))
    permit(rules.may_manage_money(invoice.provider_id, party))
    if invoice.paid_at is not None:
        return invoice
    customer = ledger.of_customer(invoice.organisation.public_id, invoice.provider, invoice.currency)
    bank = ledger.of_organisation(AccountKind.BANK, invoice.provider, invoice.currency)
    accounts = ledger.opened((customer, bank))
    ledger.post(
        "invoice_paid",
        invoice.public_id,
        ((accounts[customer.key], -invoice.total_minor), (accounts[bank.key], invoice.total_minor)),
        by=by,
        at=at,
    )
    invoice.paid_at = at
    invoice.save(update_fields=["paid_at"])
    record(Act("invoice.paid", invoice.public_id, {"total": [None, invoice.total_minor]}), by=by, at=at)
    return invoice
