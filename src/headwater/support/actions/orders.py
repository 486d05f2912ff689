"""The writers of orders: reserve the money, charge what was used, give back what was not. In the caller's transaction.

Whoever orders a thing (a booking, a beamtime) calls `place_order` with that thing's public id as ``subject``, then
`use_order` or `release_order` with the same. Locks are taken in one order everywhere: the order, accounts by key,
caps by key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.core.money import Money
from headwater.engines.terms import Offer, late_fee, price
from headwater.registry.models import Jurisdiction
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.actions import ledger
from headwater.support.actions.caps import give_back_caps, locked_caps
from headwater.support.actions.claims import draft_claim
from headwater.support.book import rates_of, terms_of
from headwater.support.facts import (
    HOURS,
    amounts_of,
    assemble,
    considered,
    gather,
    order_facts,
    payers_of,
    quote_for,
    user_kind,
    with_balances,
)
from headwater.support.models import (
    Account,
    AccountKind,
    CapUse,
    Charge,
    ChargeKind,
    Order,
    OrderState,
    OrderSupport,
    ServiceRecord,
    SupportState,
)
from headwater.support.quotes import OrderWanted, Quoted
from headwater.support.rules import Party


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


def portions(amount: int, payers: Mapping[str, Decimal], room: Mapping[str, int]) -> dict[str, int]:
    """``amount`` shared among payers: each its share rounded down, what is left over to whoever has most room."""
    found = {code: int(amount * share) for code, share in payers.items()}
    for _left in range(amount - sum(found.values())):
        code = max(found, key=lambda one: (room.get(one, 0) - found[one], one))
        found[code] += 1
    return {code: minor for code, minor in found.items() if minor}


def _paying(quoted: Quoted) -> list[Offer]:
    return [one for one in quoted.quote.offers if one.pays_minor]


def _accounts_of(
    quoted: Quoted, offers: Sequence[Offer], jurisdictions: Mapping[str, Jurisdiction]
) -> list[ledger.Named]:
    """The accounts money would be reserved in, beside those that it would be taken from."""
    named: list[ledger.Named] = []
    for offer in offers:
        version, day = quoted.versions[offer.scheme], quoted.wanted.day
        scheme = next(one for one in quoted.schemes if one.code == offer.scheme)
        voucher = quoted.vouchers.get(offer.scheme)
        codes = [voucher.payer] if voucher else sorted(_payers(quoted, offer.scheme))
        kinds = (AccountKind.RESERVED,) if voucher else (AccountKind.BUDGET, AccountKind.RESERVED)
        named += [
            ledger.of_scheme(kind, version.scheme, jurisdictions[code], day.year, scheme.terms.currency)
            for code in codes
            for kind in kinds
        ]
        if voucher is not None:
            named.append(ledger.Named(voucher.account, AccountKind.VOUCHER, voucher.currency))
    return named


def _payers(quoted: Quoted, scheme: str) -> Mapping[str, Decimal]:
    version = quoted.versions[scheme]
    return payers_of(terms_of(version), quoted.facts, version.scheme.jurisdiction.code)


@transaction.atomic
def place_order(
    wanted: OrderWanted,
    party: Party,
    *,
    subject: str = "",
    expected_minor: int | None = None,
    holder: User | None = None,
    by: Actor,
    at: datetime,
) -> Order:
    """Reserve an order's money. ``subject`` is the public id of what is ordered; empty: the order's own. ``holder`` is
    whose order it is, where somebody else acts for her; ``party`` is hers.

    With ``expected_minor``, what the user was told she pays now, an order that would cost anything else is refused.
    Raises `Refused` with every reason; then nothing is reserved.
    """
    gathered = gather(wanted)
    found = considered(gathered.facts, wanted.organisation, wanted.day, gathered.standing)
    quoted = assemble(wanted, gathered, found, with_balances(found, wanted.organisation, wanted.provider, wanted.day))
    jurisdictions = {one.code: one for one in Jurisdiction.objects.all()}
    # Every scheme that could pay is locked, then asked again: what was left may be gone by now.
    could = [one for one in quoted.quote.offers if one.could_minor]
    accounts: dict[str, Account] = {}
    if could:
        accounts = ledger.opened(_accounts_of(quoted, could, jurisdictions))
        caps = locked_caps([(quoted, could)])
        filled = with_balances(found, wanted.organisation, wanted.provider, wanted.day)
        quoted = assemble(wanted, gathered, found, filled)
    else:
        caps = []
    decision = rules.may_order(order_facts(quoted, expected_minor), party)
    permit(decision)
    public_id = new_id("ord", node_prefix())
    order = Order.objects.create(
        public_id=public_id,
        subject=subject or public_id,
        organisation=wanted.organisation,
        provider=wanted.provider,
        instrument=wanted.instrument,
        user=holder or by.user,
        rate_table=quoted.table,
        day=wanted.day,
        currency=quoted.price.currency,
        gross_minor=quoted.price.total_minor,
        quote=quoted.as_json(),
        made_at=at,
    )
    _reserve(order, quoted, accounts, caps, jurisdictions, by=by, at=at)
    changes = {
        "gross": [None, str(Money(order.currency, order.gross_minor).major)],
        "support": [None, {one.scheme: one.pays_minor for one in _paying(quoted)}],
    }
    record(Act("order.placed", order.public_id, changes, decision), by=by, at=at)
    return order


def hold_accounts(coming: Sequence[OrderWanted], going: Sequence[str]) -> None:
    """Take at once, in the order that everybody keeps, the locks that a transaction needs which is going to release the
    orders of the subjects ``going`` and to place ``coming``: one after the other, two such transactions could each
    wait for the other."""
    orders = Order.objects.select_for_update(of=("self",)).filter(subject__in=going, state=OrderState.RESERVED)
    supports: list[OrderSupport] = []
    named: list[ledger.Named] = []
    for order in orders.select_related("provider", "organisation").order_by("pk"):
        held = _supports(order)
        supports += held
        named += [_named(one, AccountKind.RESERVED) for one in held] + [ledger.of_account(one.account) for one in held]
    asked = []
    jurisdictions = {one.code: one for one in Jurisdiction.objects.all()}
    for wanted in coming:
        quoted = quote_for(wanted)
        could = [one for one in quoted.quote.offers if one.could_minor]
        named += _accounts_of(quoted, could, jurisdictions)
        asked.append((quoted, could))
    if named:
        ledger.opened(named)
        locked_caps(asked, supports)


def _reserve(
    order: Order,
    quoted: Quoted,
    accounts: Mapping[str, Account],
    caps: Sequence[CapUse],
    jurisdictions: Mapping[str, Jurisdiction],
    *,
    by: Actor,
    at: datetime,
) -> None:
    moves: list[tuple[Account, int]] = []
    supports = []
    for offer in _paying(quoted):
        version, voucher = quoted.versions[offer.scheme], quoted.vouchers.get(offer.scheme)
        year = quoted.wanted.day.year

        def account(kind: AccountKind, code: str, version: Any = version, year: int = year) -> Account:
            named = ledger.of_scheme(kind, version.scheme, jurisdictions[code], year, order.currency)
            return accounts[named.key]

        if voucher is not None:
            shares = {voucher.payer: offer.pays_minor}
            sources = {voucher.payer: accounts[voucher.account]}
        else:
            payers = _payers(quoted, offer.scheme)
            sources = {code: account(AccountKind.BUDGET, code) for code in payers}
            shares = portions(offer.pays_minor, payers, {code: one.balance_minor for code, one in sources.items()})
        for code, minor in shares.items():
            moves += [(sources[code], -minor), (account(AccountKind.RESERVED, code), minor)]
            supports.append(
                OrderSupport(
                    order=order,
                    version=version,
                    payer=jurisdictions[code],
                    account=sources[code],
                    voucher_id=voucher.key if voucher is not None else None,
                    delivery=offer.delivery,
                    year=year,
                    reserved_minor=minor,
                )
            )
        for row in caps:
            if row.scheme_id == version.scheme_id:
                terms = terms_of(version)
                most = terms.user_year_cap if row.who == "user" else terms.provider_year_cap
                used = row.used_minor + offer.pays_minor
                CapUse.objects.filter(pk=row.pk).update(
                    used_minor=used, most_minor=None if most is None else max(most, row.used_minor)
                )
    OrderSupport.objects.bulk_create(supports)
    ledger.post("reserve", order.public_id, moves, by=by, at=at)


def _locked_order(subject: str) -> Order:
    order = (
        Order.objects.select_for_update(of=("self",))
        .select_related("provider__city__jurisdiction", "organisation", "instrument__city__jurisdiction", "rate_table")
        .filter(subject=subject)
        .order_by("-pk")
        .first()
    )
    if order is None:
        raise Refused(Decision((Reason("order.not_found"),)))
    return order


def _supports(order: Order) -> list[OrderSupport]:
    return list(
        order.supports.select_related("version__scheme__jurisdiction", "payer", "account", "voucher__account").order_by(
            "pk"
        )
    )


def _named(support: OrderSupport, kind: AccountKind) -> ledger.Named:
    return ledger.of_scheme(kind, support.version.scheme, support.payer, support.year, support.account.currency)


@transaction.atomic
def release_order(subject: str, *, hours_before: Decimal | None = None, by: Actor, at: datetime) -> Order:
    """Give back all that an order holds. ``hours_before`` its start a late fee may be due by the owner's rates;
    None: no fee. Released already, nothing happens."""
    order = _locked_order(subject)
    if order.state == OrderState.RELEASED:
        return order
    permit(rules.may_move_order(order.state, "release"))
    supports = _supports(order)
    fee = 0
    if hours_before is not None and order.rate_table is not None:
        fee = late_fee(rates_of(order.rate_table), order.gross_minor, hours_before)
    customer = ledger.of_customer(ledger.customer_of(order), order.provider, order.currency)
    income = ledger.of_organisation(AccountKind.INCOME, order.provider, order.currency)
    accounts = ledger.opened(
        [*(_named(one, AccountKind.RESERVED) for one in supports), *([customer, income] if fee else [])]
        + [ledger.of_account(one.account) for one in supports]
    )
    moves: list[tuple[Account, int]] = []
    for one in supports:
        moves += [
            (accounts[_named(one, AccountKind.RESERVED).key], -one.reserved_minor),
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
    order = _locked_order(subject)
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
    supports = _supports(order)
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
        + [_named(one, kind) for one in supports for kind in (AccountKind.RESERVED, AccountKind.CLAIMABLE)]
        + [ledger.of_account(one.account) for one in supports]
    )
    moves: list[tuple[Account, int]] = []
    for one in supports:
        moves += [
            (accounts[_named(one, AccountKind.RESERVED).key], -one.reserved_minor),
            (accounts[_named(one, AccountKind.CLAIMABLE).key], used[one.pk]),
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
