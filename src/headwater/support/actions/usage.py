"""The writers of what becomes of an order: charged from what was really used, or given back, with a fee or without.

In the caller's transaction, like `orders`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import permit
from headwater.core.identity import new_id
from headwater.core.money import Money
from headwater.engines.terms import late_fee, price
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.actions import ledger
from headwater.support.actions.caps import give_back_caps
from headwater.support.actions.claims import draft_claim
from headwater.support.actions.orders import account_of, locked_order, supports_of
from headwater.support.book import rates_of, terms_of
from headwater.support.facts import (
    HOURS,
    amounts_of,
    user_kind,
)
from headwater.support.models import (
    Account,
    AccountKind,
    Charge,
    ChargeKind,
    Order,
    OrderState,
    OrderSupport,
    ServiceRecord,
    SupportState,
)
from headwater.support.quotes import OrderWanted


@dataclass(frozen=True, slots=True)
class Usage:
    """What was really used of an order."""

    started_at: datetime
    ended_at: datetime
    hours: Decimal | None = None  # None: from start to end
    samples: int = 0
    setups: int = 0
    services: Mapping[str, int] = field(default_factory=dict)
    content_zh: str = ""
    content_en: str = ""


@transaction.atomic
def release_order(subject: str, *, hours_before: Decimal | None = None, by: Actor, at: datetime) -> Order:
    """Give back all that an order holds. ``hours_before`` its start a late fee may be due by the owner's rates;
    None: no fee. Released already, nothing happens."""
    order = locked_order(subject)
    if order.state == OrderState.RELEASED:
        return order
    permit(rules.may_move_order(order.state, "release"))
    supports = supports_of(order)
    fee = 0
    if hours_before is not None and order.rate_table is not None:
        fee = late_fee(rates_of(order.rate_table), order.gross_minor, hours_before)
    customer = ledger.of_customer(ledger.customer_of(order), order.provider, order.currency)
    income = ledger.of_organisation(AccountKind.INCOME, order.provider, order.currency)
    accounts = ledger.opened(
        [*(account_of(one, AccountKind.RESERVED) for one in supports), *([customer, income] if fee else [])]
        + [ledger.of_account(one.account) for one in supports]
    )
    moves: list[tuple[Account, int]] = []
    for one in supports:
        moves += [
            (accounts[account_of(one, AccountKind.RESERVED).key], -one.reserved_minor),
            (accounts[one.account.key], one.reserved_minor),
        ]
    give_back_caps((one, one.reserved_minor) for one in supports)
    order.supports.update(state=SupportState.RELEASED)
    ledger.post("release", order.public_id, moves, by=by, at=at)
    if fee:
        entry = ledger.post(
            "late_cancel",
            order.public_id,
            ((accounts[customer.key], fee), (accounts[income.key], -fee)),
            by=by,
            at=at,
        )
        _charge(order, ChargeKind.LATE_CANCEL, fee, 0, (), entry, by=by, at=at)
    order.state, order.ended_at = OrderState.RELEASED, at
    order.save(update_fields=["state", "ended_at"])
    record(Act("order.released", order.public_id, {"fee": [None, fee]}), by=by, at=at)
    return order


def _charge(
    order: Order,
    kind: ChargeKind,
    gross: int,
    supported: int,
    lines: Sequence[Any],
    entry: Any,
    *,
    by: Actor,
    at: datetime,
) -> Charge:
    return Charge.objects.create(
        public_id=new_id("chg", node_prefix()),
        order=order,
        kind=kind,
        currency=order.currency,
        gross_minor=gross,
        supported_minor=supported,
        user_minor=gross - supported,
        lines=list(lines),
        entry=entry,
        issued_at=at,
        by=by.user,
    )


def used_of(supports: Sequence[OrderSupport], gross: int) -> dict[int, int]:
    """What each support pays of a gross that may differ from the quoted one: its share of it, never more than was
    reserved, together never more than the gross."""
    by_version: dict[int, list[OrderSupport]] = {}
    for one in supports:
        by_version.setdefault(one.version_id, []).append(one)
    found: dict[int, int] = {}
    left = gross
    for rows in by_version.values():
        reserved = sum(one.reserved_minor for one in rows)
        terms = terms_of(rows[0].version)
        share = Money(terms.currency, gross).times(terms.share or Decimal(0)).minor
        on_top = terms.delivery == "reward"
        amount = min(reserved, share) if on_top else min(reserved, share, left)
        left -= 0 if on_top else amount
        # Each payer's part shrinks alike; what rounding leaves over goes to whoever has room, in order.
        parts = {one.pk: amount * one.reserved_minor // reserved for one in rows}
        for one in rows:
            extra = min(amount - sum(parts.values()), one.reserved_minor - parts[one.pk])
            parts[one.pk] += extra
        found |= parts
    return found


@transaction.atomic
def use_order(subject: str, usage: Usage, *, by: Actor, at: datetime) -> Order:
    """Charge an order from what was really used, at the rates it was ordered at, and open its claims.

    Used already, nothing happens: a retried request charges once.
    """
    order = locked_order(subject)
    if order.state == OrderState.CHARGED:
        return order
    decision = rules.may_move_order(order.state, "use") + rules.is_sound_usage(
        rules.UsageFacts(
            float(usage.hours or 0), usage.ended_at >= usage.started_at, usage.ended_at > at, usage.samples
        )
    )
    permit(decision)
    rates = rates_of(order.rate_table) if order.rate_table is not None else None
    wanted = OrderWanted(
        order.provider,
        order.instrument,
        order.organisation,
        order.day,
        usage.started_at,
        usage.ended_at,
        samples=usage.samples,
        setups=usage.setups,
        services=usage.services,
    )
    amounts = amounts_of(wanted, rates, user_kind(order.organisation, order.provider))
    if usage.hours is not None:
        amounts = replace(amounts, hours=usage.hours.quantize(HOURS))
    counted = price(rates, amounts) if rates is not None else None
    if counted is not None:
        permit(counted.decision)
    gross = counted.total_minor if counted is not None else 0
    supports = supports_of(order)
    used = used_of(supports, gross)
    entry = _post_usage(order, supports, used, gross, by=by, at=at)
    supported = sum(used[one.pk] for one in supports if one.delivery == "voucher")
    lines = [line.as_json() for line in counted.lines] if counted is not None else []
    _charge(order, ChargeKind.USAGE, gross, supported, lines, entry, by=by, at=at)
    _service_record(order, usage, amounts.hours, gross, at=at)
    order.state, order.ended_at = OrderState.CHARGED, at
    order.save(update_fields=["state", "ended_at"])
    give_back_caps((one, one.reserved_minor - used[one.pk]) for one in supports)
    for one in supports:
        one.used_minor = used[one.pk]
        one.state = SupportState.USED if one.used_minor else SupportState.RELEASED
        one.save(update_fields=["used_minor", "state"])
        if one.used_minor:
            draft_claim(one, order, by=by, at=at)
    changes = {"gross": [order.gross_minor, gross], "supported": [None, supported]}
    record(Act("order.charged", order.public_id, changes, decision), by=by, at=at)
    return order


def _post_usage(
    order: Order, supports: Sequence[OrderSupport], used: Mapping[int, int], gross: int, *, by: Actor, at: datetime
) -> Any:
    currency, provider = order.currency, order.provider
    customer = ledger.of_customer(ledger.customer_of(order), provider, currency)
    due = ledger.of_organisation(AccountKind.SUPPORT_DUE, provider, currency)
    income = ledger.of_organisation(AccountKind.INCOME, provider, currency)
    accounts = ledger.opened(
        [customer, due, income]
        + [account_of(one, kind) for one in supports for kind in (AccountKind.RESERVED, AccountKind.CLAIMABLE)]
        + [ledger.of_account(one.account) for one in supports]
    )
    moves: list[tuple[Account, int]] = []
    for one in supports:
        moves += [
            (accounts[account_of(one, AccountKind.RESERVED).key], -one.reserved_minor),
            (accounts[account_of(one, AccountKind.CLAIMABLE).key], used[one.pk]),
            (accounts[one.account.key], one.reserved_minor - used[one.pk]),
        ]
    by_voucher = sum(used[one.pk] for one in supports if one.delivery == "voucher")
    moves += [
        (accounts[customer.key], gross - by_voucher),
        (accounts[due.key], by_voucher),
        (accounts[income.key], -gross),
    ]
    return ledger.post("usage", order.public_id, moves, by=by, at=at)


def _service_record(order: Order, usage: Usage, hours: Decimal, gross: int, *, at: datetime) -> ServiceRecord:
    facts = order.quote["facts"]
    return ServiceRecord.objects.create(
        public_id=new_id("srv", node_prefix()),
        order=order,
        instrument=order.instrument,
        owner=order.provider,
        organisation=order.organisation,
        started_at=usage.started_at,
        ended_at=usage.ended_at,
        hours=hours,
        samples=usage.samples,
        outside=order.organisation_id != order.provider_id,
        cross_border=bool(facts.get("order.cross_border")),
        purpose=facts.get("order.purpose") or "",
        content_zh=usage.content_zh,
        content_en=usage.content_en,
        amount_minor=gross,
        currency=order.currency,
        recorded_at=at,
    )
