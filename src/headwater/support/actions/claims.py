"""The writers of claims: open, hand in, decide, pay, lapse."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.db import transaction

from headwater.accounts.audit import SYSTEM, Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.engines.terms.schemes import DOCUMENTS
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.actions import ledger
from headwater.support.actions.caps import give_back_caps
from headwater.support.actions.telling import amount_text, tell_members, tell_office
from headwater.support.book import terms_of
from headwater.support.models import (
    AccountKind,
    Charge,
    ChargeKind,
    Claim,
    ClaimDocument,
    ClaimState,
    ClaimStep,
    Due,
    Order,
    OrderSupport,
    SupportState,
    VoucherState,
)
from headwater.support.rules import Party


def draft_claim(support: OrderSupport, order: Order, *, by: Actor, at: datetime) -> Claim | None:
    """Open the claim of what a support pays; it is handed in by the user's people. In the caller's transaction."""
    claimant = order.provider if support.delivery == "reward" else order.organisation
    if claimant is None:
        return None
    terms = terms_of(support.version)
    claim = Claim.objects.create(
        public_id=new_id("clm", node_prefix()),
        support=support,
        organisation=claimant,
        office=support.payer,
        currency=order.currency,
        amount_minor=support.used_minor,
        due_by=at.date() + timedelta(days=terms.claim_days),
        made_at=at,
        made_by=by.user,
    )
    tell_members(
        claimant,
        "money.claim_open",
        {"amount": amount_text(claim.currency, claim.amount_minor), "day": claim.due_by.isoformat()},
        f"/support/claims/{claim.public_id}/",
        at,
        f"claim.open:{claim.public_id}",
    )
    return claim


def _locked_claim(public_id: str) -> Claim:
    claim = (
        Claim.objects.select_for_update(of=("self",))
        .select_related(
            "support__version__scheme__jurisdiction",
            "support__payer",
            "support__account",
            "support__voucher",
            "support__order__provider__city__jurisdiction",
            "support__order__organisation__city__jurisdiction",
            "organisation",
            "office",
        )
        .filter(public_id=public_id)
        .first()
    )
    if claim is None:
        raise Refused(Decision((Reason("claim.not_found"),)))
    return claim


@transaction.atomic
def add_document(
    public_id: str, kind: str, name: str, content: bytes, party: Party, *, by: Actor, at: datetime
) -> ClaimDocument:
    """Add a paper to a claim that is not handed in yet, or was returned."""
    claim = _locked_claim(public_id)
    facts = rules.DocumentFacts(
        claim.organisation_id, claim.state, kind in DOCUMENTS, len(content), claim.documents.count()
    )
    permit(rules.may_add_document(facts, party))
    digest = hashlib.sha256(content).hexdigest()
    document = ClaimDocument(
        claim=claim, kind=kind, name=name[:200], size=len(content), digest=digest, added_at=at, added_by=by.user
    )
    document.file.save(f"{claim.public_id}-{digest[:12]}", ContentFile(content), False)
    document.save()
    record(Act("claim.document", claim.public_id, {kind: [None, name], "sha256": [None, digest]}), by=by, at=at)
    return document


@transaction.atomic
def submit_claim(public_id: str, party: Party, *, by: Actor, at: datetime) -> Claim:
    """Hand a claim in."""
    claim = _locked_claim(public_id)
    terms = terms_of(claim.support.version)
    have = frozenset(claim.documents.values_list("kind", flat=True))
    decision = rules.may_submit(
        rules.SubmitFacts(claim.organisation_id, claim.state, claim.due_by, at.date(), terms.documents, have), party
    )
    permit(decision)
    before, claim.state, claim.submitted_at = claim.state, ClaimState.SUBMITTED, at
    claim.save(update_fields=["state", "submitted_at"])
    OrderSupport.objects.filter(pk=claim.support_id).update(state=SupportState.CLAIMED)
    record(Act("claim.submitted", claim.public_id, {"state": [before, claim.state]}, decision), by=by, at=at)
    organisation = claim.organisation
    tell_office(
        claim.office,
        "money.claim_submitted",
        {
            "who": {"zh": organisation.name_zh, "en": organisation.name_en},
            "amount": amount_text(claim.currency, claim.amount_minor),
        },
        f"/support/claims/{claim.public_id}/",
        at,
        f"claim.submitted:{claim.public_id}:{at.isoformat()}",
    )
    return claim


@transaction.atomic
def decide_claim(public_id: str, verdict: str, ground: str, party: Party, *, by: Actor, at: datetime) -> Claim:
    """Approve, refuse or return a claim. Approved for good, it is paid in the same transaction."""
    claim = _locked_claim(public_id)
    if verdict not in ClaimStep.Verdict.values:
        raise Refused(Decision((Reason("claim.verdict_unknown", facts={"value": verdict}),)))
    terms = terms_of(claim.support.version)
    since = claim.submitted_at or claim.made_at  # an approval counts for what was handed in, not for an earlier state
    approved = claim.steps.filter(verdict="approve", at__gte=since).values_list("by_id", flat=True)
    facts = rules.ClaimFacts(
        claim.office_id,
        claim.state,
        verdict,
        ground,
        claim.organisation_id,
        claim.amount_minor,
        terms.four_eyes_above,
        frozenset(approved),
    )
    decision = rules.may_decide_claim(facts, party)
    permit(decision)
    ClaimStep.objects.create(claim=claim, verdict=verdict, ground=ground.strip(), at=at, by=by.user)
    before, claim.state = claim.state, rules.CLAIM_MOVES[claim.state, facts.move]
    if claim.state in (ClaimState.PAID, ClaimState.REFUSED):
        claim.ended_at = at
    claim.save(update_fields=["state", "ended_at"])
    if claim.state == ClaimState.PAID:
        _pay(claim, by=by, at=at)
    elif claim.state == ClaimState.REFUSED:
        take_back(claim, SupportState.REFUSED, ground, by=by, at=at)
    changes = {"state": [before, claim.state]}
    record(Act(f"claim.{verdict}", claim.public_id, changes, decision, ground=ground), by=by, at=at)
    if claim.state != ClaimState.SECOND:
        tell_members(
            claim.organisation,
            f"money.claim_{claim.state}",
            {"amount": amount_text(claim.currency, claim.amount_minor), "ground": ground},
            f"/support/claims/{claim.public_id}/",
            at,
            f"claim.{claim.state}:{claim.public_id}:{at.isoformat()}",
        )
    return claim


def _pay(claim: Claim, *, by: Actor, at: datetime) -> None:
    """Pay an approved claim. The payee's home pays out; where another jurisdiction pays for it, it owes that home."""
    support, order = claim.support, claim.support.order
    payee = claim.organisation if support.delivery == "refund" else order.provider
    home = payee.city.jurisdiction
    scheme = support.version.scheme
    claimable = ledger.of_scheme(AccountKind.CLAIMABLE, scheme, support.payer, support.year, claim.currency)
    paid = ledger.of_scheme(AccountKind.PAID, scheme, support.payer, support.year, claim.currency)
    due = ledger.of_organisation(AccountKind.SUPPORT_DUE, payee, claim.currency)
    bank = ledger.of_organisation(AccountKind.BANK, payee, claim.currency)
    payable = ledger.of_jurisdiction(AccountKind.PAYABLE, support.payer, claim.currency)
    receivable = ledger.of_jurisdiction(AccountKind.RECEIVABLE, home, claim.currency)
    named = [claimable, paid]
    if support.delivery == "voucher":
        named += [due, bank]
    crosses = home.pk != support.payer_id
    if crosses:
        named += [payable, receivable]
    accounts = ledger.opened(named)
    amount = claim.amount_minor
    moves = [(accounts[claimable.key], -amount), (accounts[paid.key], amount)]
    if support.delivery == "voucher":
        moves += [(accounts[due.key], -amount), (accounts[bank.key], amount)]
    if crosses:
        moves += [(accounts[payable.key], -amount), (accounts[receivable.key], amount)]
        Due.objects.create(
            support=support,
            debtor=support.payer,
            creditor=home,
            currency=claim.currency,
            amount_minor=amount,
            on=at.date(),
        )
    ledger.post("claim_paid", claim.public_id, moves, by=by, at=at)
    OrderSupport.objects.filter(pk=support.pk).update(state=SupportState.PAID)


def take_back(claim: Claim, state: SupportState, ground: str, *, by: Actor, at: datetime) -> None:
    """Give a claim's money back to where it came from; what a voucher had taken off, the user owes her provider."""
    support, order, amount = claim.support, claim.support.order, claim.amount_minor
    claimable = ledger.of_scheme(
        AccountKind.CLAIMABLE, support.version.scheme, support.payer, support.year, claim.currency
    )
    source = ledger.of_scheme(AccountKind.BUDGET, support.version.scheme, support.payer, support.year, claim.currency)
    voucher = support.voucher
    back = ledger.of_account(support.account) if voucher and voucher.state == VoucherState.ISSUED else source
    named = [claimable, back]
    customer = ledger.of_customer(ledger.customer_of(order), order.provider, claim.currency)
    due = ledger.of_organisation(AccountKind.SUPPORT_DUE, order.provider, claim.currency)
    if support.delivery == "voucher":
        named += [customer, due]
    accounts = ledger.opened(named)
    moves = [(accounts[claimable.key], -amount), (accounts[back.key], amount)]
    if support.delivery == "voucher":
        moves += [(accounts[due.key], -amount), (accounts[customer.key], amount)]
    entry = ledger.post("claim_refused", claim.public_id, moves, by=by, at=at)
    if support.delivery == "voucher":
        Charge.objects.create(
            public_id=new_id("chg", node_prefix()),
            order=order,
            kind=ChargeKind.ADJUSTMENT,
            adjusts=order.charges.filter(kind=ChargeKind.USAGE).first(),
            currency=claim.currency,
            gross_minor=0,
            supported_minor=-amount,
            user_minor=amount,
            ground=ground.strip() or "-",
            entry=entry,
            issued_at=at,
            by=by.user,
        )
    give_back_caps([(support, amount)])
    OrderSupport.objects.filter(pk=support.pk).update(state=state)


def lapse_claims(*, at: datetime) -> int:
    """End claims that were not handed in by their day, or not again after they were returned; says how many. Each in a
    transaction of its own."""
    late = Claim.objects.filter(state__in=[ClaimState.DRAFT, ClaimState.RETURNED], due_by__lt=at.date()).order_by("pk")
    return sum(_lapse(public_id, at=at) for public_id in list(late.values_list("public_id", flat=True)))


@transaction.atomic
def _lapse(public_id: str, *, at: datetime) -> bool:
    claim = _locked_claim(public_id)
    if (claim.state, "lapse") not in rules.CLAIM_MOVES:
        return False
    before, claim.state, claim.ended_at = claim.state, ClaimState.REFUSED, at
    claim.save(update_fields=["state", "ended_at"])
    take_back(claim, SupportState.LAPSED, f"{claim.due_by.isoformat()}", by=SYSTEM, at=at)
    record(Act("claim.lapsed", claim.public_id, {"state": [before, claim.state]}), by=SYSTEM, at=at)
    return True
