"""The writers of orders: reserve the money. In the caller's transaction.

Whoever orders a thing (a booking, a beamtime) calls `place_order` with that thing's public id as ``subject``, then
`usage.use_order` or `usage.release_order` with the same. Locks are taken in one order everywhere: the order, accounts
by key, caps by key. Who writes several orders in one transaction calls `hold_accounts` first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.core.money import Money
from headwater.engines.terms import Offer
from headwater.registry.models import Jurisdiction
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.actions import ledger
from headwater.support.actions.caps import locked_caps
from headwater.support.book import terms_of
from headwater.support.facts import (
    assemble,
    considered,
    gather,
    order_facts,
    payers_of,
    quote_for,
    with_balances,
)
from headwater.support.models import (
    Account,
    AccountKind,
    CapUse,
    Order,
    OrderState,
    OrderSupport,
)
from headwater.support.quotes import OrderWanted, Quoted
from headwater.support.rules import Party


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
        held = supports_of(order)
        supports += held
        named += [account_of(one, AccountKind.RESERVED) for one in held] + [
            ledger.of_account(one.account) for one in held
        ]
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


def locked_order(subject: str) -> Order:
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


def supports_of(order: Order) -> list[OrderSupport]:
    return list(
        order.supports.select_related("version__scheme__jurisdiction", "payer", "account", "voucher__account").order_by(
            "pk"
        )
    )


def account_of(support: OrderSupport, kind: AccountKind) -> ledger.Named:
    return ledger.of_scheme(kind, support.version.scheme, support.payer, support.year, support.account.currency)
