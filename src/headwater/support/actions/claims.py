"""The writers of vouchers and claims: apply, issue, claim, decide, lapse."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import SYSTEM, Act, Actor, record
from headwater.accounts.models import Grant, Role, User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.core.money import Money
from headwater.engines.terms import why_not
from headwater.engines.terms.schemes import DOCUMENTS
from headwater.registry.models import Jurisdiction, Organisation
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.actions import ledger
from headwater.support.actions.caps import give_back_caps
from headwater.support.book import terms_of, versions_in_force
from headwater.support.facts import payers_of, user_facts
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
    Voucher,
    VoucherState,
)
from headwater.support.rules import Party


def _amount(currency: str, minor: int) -> str:
    return f"{currency} {Money(currency, minor).major:,}"


def _tell_members(
    organisation: Organisation, code: str, facts: dict[str, Any], path: str, at: datetime, key: str
) -> None:
    """Tell an organisation's people who may act for it."""
    for user in User.objects.filter(person__memberships__organisation=organisation, person__memberships__until=None):
        tell(user, code, facts, path=path, at=at, key=key)


def _tell_office(office: Jurisdiction, code: str, facts: dict[str, Any], path: str, at: datetime, key: str) -> None:
    """Tell a jurisdiction's officers."""
    grants = Grant.objects.filter(role=Role.JURISDICTION_OFFICER, scope=office.public_id).select_related("user")
    for grant in grants:
        tell(grant.user, code, facts, path=path, at=at, key=key)


# Vouchers -------------------------------------------------------------------------------------------------------
@transaction.atomic
def apply_for_voucher(
    scheme: str, organisation: Organisation, amount_minor: int, purpose: str, party: Party, *, by: Actor, at: datetime
) -> Voucher:
    """Apply for a voucher of a scheme in force; eligibility is decided on what is known of the organisation now."""
    Organisation.objects.select_for_update(no_key=True, of=("self",)).get(pk=organisation.pk)
    version = next((one for one in versions_in_force(at.date()) if one.scheme.code == scheme), None)
    if version is None:
        raise Refused(Decision((Reason("scheme.not_found", facts={"value": scheme}),)))
    terms = terms_of(version)
    known = user_facts(organisation, at.date())
    payer_code = next(iter(payers_of(terms, known, version.scheme.jurisdiction.code)), None)
    payer = Jurisdiction.objects.filter(code=payer_code or "").first()
    reasons = why_not(terms.eligible, known)
    if payer is None:
        reasons = (*reasons, Reason("voucher.payer_unknown"))
    open_ = Voucher.objects.filter(
        organisation=organisation, version__scheme=version.scheme, state=VoucherState.APPLIED
    ).count()
    facts = rules.VoucherFacts(
        organisation.pk,
        terms.delivery,
        amount_minor,
        terms.voucher_most,
        reasons,
        in_force=True,
        open_applications=open_,
    )
    decision = rules.may_apply(facts, party)
    permit(decision)
    assert payer is not None
    voucher = Voucher.objects.create(
        public_id=new_id("vou", node_prefix()),
        version=version,
        organisation=organisation,
        payer=payer,
        currency=terms.currency,
        amount_minor=amount_minor,
        purpose=purpose,
        decision=decision.as_json() | {"facts": {name: _plain(value) for name, value in known.items()}},
        applied_at=at,
        applied_by=by.user,
    )
    record(Act("voucher.applied", voucher.public_id, {"amount": [None, amount_minor]}, decision), by=by, at=at)
    _tell_office(
        payer,
        "money.voucher_applied",
        {
            "who": {"zh": organisation.name_zh, "en": organisation.name_en},
            "amount": _amount(terms.currency, amount_minor),
        },
        "/support/office/",
        at,
        f"voucher.applied:{voucher.public_id}",
    )
    return voucher


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return value if isinstance(value, str | bool | int | None) else str(value)


@transaction.atomic
def decide_voucher(public_id: str, *, issue: bool, ground: str, party: Party, by: Actor, at: datetime) -> Voucher:
    """Issue or refuse a voucher that was applied for; issued, its money leaves the year's budget."""
    voucher = (
        Voucher.objects.select_for_update(of=("self",))
        .select_related("version__scheme__jurisdiction", "payer", "organisation")
        .filter(public_id=public_id)
        .first()
    )
    if voucher is None:
        raise Refused(Decision((Reason("voucher.not_found"),)))
    terms = terms_of(voucher.version)
    budget = ledger.of_scheme(AccountKind.BUDGET, voucher.version.scheme, voucher.payer, at.year, voucher.currency)
    own = ledger.Named(
        f"voucher:{voucher.public_id}",
        AccountKind.VOUCHER,
        voucher.currency,
        voucher.payer_id,
        voucher.organisation_id,
        voucher.version.scheme_id,
        at.year,
    )
    accounts = ledger.opened((budget, own) if issue else (budget,))
    decision = rules.may_decide_voucher(
        rules.VoucherDecisionFacts(
            voucher.payer_id,
            voucher.state,
            issue,
            ground,
            voucher.organisation_id,
            voucher.amount_minor,
            accounts[budget.key].balance_minor,
        ),
        party,
    )
    permit(decision)
    voucher.state = VoucherState.ISSUED if issue else VoucherState.REFUSED
    voucher.ground, voucher.decided_at, voucher.decided_by = ground.strip(), at, by.user
    if issue:
        voucher.account = accounts[own.key]
        voucher.valid_to = at.date() + timedelta(days=terms.voucher_days)
        ledger.post(
            "voucher",
            voucher.public_id,
            ((accounts[budget.key], -voucher.amount_minor), (accounts[own.key], voucher.amount_minor)),
            by=by,
            at=at,
        )
    voucher.save()
    act = "voucher.issued" if issue else "voucher.refused"
    record(Act(act, voucher.public_id, {"state": ["applied", voucher.state]}, decision, ground=ground), by=by, at=at)
    facts = {"amount": _amount(voucher.currency, voucher.amount_minor), "ground": ground}
    _tell_members(
        voucher.organisation, f"money.{act.replace('.', '_')}", facts, "/support/vouchers/", at, f"{act}:{public_id}"
    )
    return voucher


@transaction.atomic
def lapse_vouchers(*, at: datetime) -> int:
    """Give what is left of vouchers past their day back to the budget it came from; says how many lapsed."""
    rows = (
        Voucher.objects.select_for_update(of=("self",))
        .select_related("version__scheme", "payer", "account")
        .filter(state=VoucherState.ISSUED, valid_to__lt=at.date())
        .order_by("pk")
    )
    count = 0
    for voucher in rows:
        assert voucher.account is not None
        year = voucher.account.year or at.year
        budget = ledger.of_scheme(AccountKind.BUDGET, voucher.version.scheme, voucher.payer, year, voucher.currency)
        accounts = ledger.opened((budget, ledger.of_account(voucher.account)))
        left = accounts[voucher.account.key].balance_minor
        ledger.post(
            "voucher_lapse",
            voucher.public_id,
            ((accounts[voucher.account.key], -left), (accounts[budget.key], left)),
            by=SYSTEM,
            at=at,
        )
        voucher.state = VoucherState.LAPSED
        voucher.save(update_fields=["state"])
        record(Act("voucher.lapsed", voucher.public_id, {"left": [left, 0]}), by=SYSTEM, at=at)
        count += 1
    return count


# Claims ---------------------------------------------------------------------------------------------------------
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
    _tell_members(
        claimant,
        "money.claim_open",
        {"amount": _amount(claim.currency, claim.amount_minor), "day": claim.due_by.isoformat()},
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
    _tell_office(
        claim.office,
        "money.claim_submitted",
        {
            "who": {"zh": organisation.name_zh, "en": organisation.name_en},
            "amount": _amount(claim.currency, claim.amount_minor),
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
        _tell_members(
            claim.organisation,
            f"money.claim_{claim.state}",
            {"amount": _amount(claim.currency, claim.amount_minor), "ground": ground},
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


@transaction.atomic
def lapse_claims(*, at: datetime) -> int:
    """End claims that were not handed in by their day, or not again after they were returned; says how many."""
    today: date = at.date()
    waiting = Claim.objects.filter(state__in=[ClaimState.DRAFT, ClaimState.RETURNED], due_by__lt=today)
    count = 0
    for public_id in list(waiting.order_by("pk").values_list("public_id", flat=True)):
        claim = _locked_claim(public_id)
        if (claim.state, "lapse") not in rules.CLAIM_MOVES:
            continue
        before, claim.state, claim.ended_at = claim.state, ClaimState.REFUSED, at
        claim.save(update_fields=["state", "ended_at"])
        take_back(claim, SupportState.LAPSED, f"{claim.due_by.isoformat()}", by=SYSTEM, at=at)
        record(Act("claim.lapsed", claim.public_id, {"state": [before, claim.state]}), by=SYSTEM, at=at)
        count += 1
    return count
