"""The writers of vouchers: apply, issue, refuse, lapse."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from headwater.accounts.audit import SYSTEM, Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.engines.terms import why_not
from headwater.registry.models import Jurisdiction, Organisation
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.actions import ledger
from headwater.support.actions.telling import amount_text, tell_members, tell_office
from headwater.support.book import terms_of, versions_in_force
from headwater.support.facts import payers_of, user_facts
from headwater.support.models import (
    AccountKind,
    Voucher,
    VoucherState,
)
from headwater.support.rules import Party


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
    tell_office(
        payer,
        "money.voucher_applied",
        {
            "who": {"zh": organisation.name_zh, "en": organisation.name_en},
            "amount": amount_text(terms.currency, amount_minor),
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
    facts = {"amount": amount_text(voucher.currency, voucher.amount_minor), "ground": ground}
    tell_members(
        voucher.organisation, f"money.{act.replace('.', '_')}", facts, "/support/vouchers/", at, f"{act}:{public_id}"
    )
    return voucher


def lapse_vouchers(*, at: datetime) -> int:
    """Give what is left of vouchers past their day back to the budget it came from; says how many lapsed. Each in a
    transaction of its own: nobody waits for all of them."""
    late = Voucher.objects.filter(state=VoucherState.ISSUED, valid_to__lt=at.date()).order_by("pk")
    return sum(_lapse(key, at=at) for key in list(late.values_list("pk", flat=True)))


@transaction.atomic
def _lapse(key: int, *, at: datetime) -> bool:
    rows = Voucher.objects.select_for_update(of=("self",)).select_related("version__scheme", "payer", "account")
    voucher = rows.filter(pk=key, state=VoucherState.ISSUED).first()
    if voucher is None:
        return False
    assert voucher.account is not None
    year = voucher.account.year or at.year
    budget = ledger.of_scheme(AccountKind.BUDGET, voucher.version.scheme, voucher.payer, year, voucher.currency)
    accounts = ledger.opened((budget, ledger.of_account(voucher.account)))
    left = accounts[voucher.account.key].balance_minor
    moves = ((accounts[voucher.account.key], -left), (accounts[budget.key], left))
    ledger.post("voucher_lapse", voucher.public_id, moves, by=SYSTEM, at=at)
    voucher.state = VoucherState.LAPSED
    voucher.save(update_fields=["state"])
    record(Act("voucher.lapsed", voucher.public_id, {"left": [left, 0]}), by=SYSTEM, at=at)
    return True
