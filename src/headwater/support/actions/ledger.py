"""The ledger's only writer. Whoever moves money locks all its accounts first, in one go, in the order of their keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused
from headwater.core.money import Money
from headwater.registry.models import Jurisdiction, Organisation
from headwater.support.facts import budget_key
from headwater.support.models import Account, AccountKind, Entry, Order, Posting, Scheme


@dataclass(frozen=True, slots=True)
class Named:
    """An account by name: its key and what it is; made when it is first needed."""

    key: str
    kind: AccountKind
    currency: str
    jurisdiction_id: int | None = None
    organisation_id: int | None = None
    scheme_id: int | None = None
    year: int | None = None


def of_scheme(kind: AccountKind, scheme: Scheme, payer: Jurisdiction, year: int, currency: str) -> Named:
    """A scheme's account of one payer and year: budget, reserved, claimable, paid."""
    key = budget_key(scheme.code, payer.code, year, currency).replace("budget:", f"{kind}:", 1)
    return Named(key, kind, currency, payer.pk, None, scheme.pk, year)


def of_jurisdiction(kind: AccountKind, one: Jurisdiction, currency: str) -> Named:
    return Named(f"{kind}:{one.code}:{currency}", kind, currency, one.pk)


def of_organisation(kind: AccountKind, one: Organisation, currency: str) -> Named:
    return Named(f"{kind}:{one.public_id}:{currency}", kind, currency, None, one.pk)


def customer_of(order: Order) -> str:
    """Who owes what an order costs: the organisation, or the person where there is none."""
    return order.organisation.public_id if order.organisation is not None else f"usr_{order.user_id}"


def of_account(one: Account) -> Named:
    """An account that there is, by name."""
    return Named(
        one.key, AccountKind(one.kind), one.currency, one.jurisdiction_id, one.organisation_id, one.scheme_id, one.year
    )


def of_customer(customer: str, provider: Organisation, currency: str) -> Named:
    """What one customer (an organisation's id, or a person's) owes one provider."""
    return Named(
        f"customer:{customer}@{provider.public_id}:{currency}", AccountKind.CUSTOMER, currency, None, provider.pk
    )


def opened(wanted: Iterable[Named]) -> dict[str, Account]:
    """The accounts by key, made where they are missing, and locked until the transaction ends."""
    by_key = {one.key: one for one in wanted}
    missing = set(by_key) - set(Account.objects.filter(key__in=by_key).values_list("key", flat=True))
    if missing:
        Account.objects.bulk_create(
            (
                Account(
                    key=one.key,
                    kind=one.kind,
                    currency=one.currency,
                    jurisdiction_id=one.jurisdiction_id,
                    organisation_id=one.organisation_id,
                    scheme_id=one.scheme_id,
                    year=one.year,
                )
                for one in sorted((by_key[key] for key in missing), key=lambda one: one.key)
            ),
            ignore_conflicts=True,
        )
    return locked(by_key)


def locked(keys: Iterable[str]) -> dict[str, Account]:
    """The accounts that there are of these keys, locked in the order of their keys."""
    rows = Account.objects.select_for_update(no_key=True).filter(key__in=list(keys)).order_by("key")
    return {one.key: one for one in rows}


def post(
    what: str,
    subject: str,
    moves: Iterable[tuple[Account, int]],
    *,
    by: Actor,
    at: datetime,
    ground: str = "",
    key: str | None = None,
) -> Entry | None:
    """Write one entry; None where nothing moves. The accounts must be locked. Raises `ValueError` out of balance."""
    sums: dict[int, int] = {}
    currencies: dict[str, int] = {}
    for account, minor in moves:
        sums[account.pk] = sums.get(account.pk, 0) + minor
        currencies[account.currency] = currencies.get(account.currency, 0) + minor
    if any(currencies.values()):
        raise ValueError(f"The entry {what} of {subject} does not add up: {currencies}.")
    sums = {account: minor for account, minor in sums.items() if minor}
    if not sums:
        return None
    entry = Entry.objects.create(at=at, what=what, subject=subject, key=key, ground=ground, by=by.user)
    Posting.objects.bulk_create(
        Posting(entry=entry, account_id=account, amount_minor=minor) for account, minor in sorted(sums.items())
    )
    return entry


def _hold_key(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"support.pay:{key}"])


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment by a jurisdiction or an organisation to an organisation."""

    payer: Jurisdiction | Organisation
    payee: Organisation
    amount: Money
    subject: str
    ground: str = ""


@transaction.atomic
def pay_once(key: str, payment: Payment, *, by: Actor, at: datetime) -> Entry:
    """Pay something once, in the caller's transaction: called again with the same key and payment nothing happens.

    The same key for another payment is refused. ``subject`` is the public id of what is paid for: a milestone, say.
    """
    _hold_key(key)
    currency, minor = payment.amount.currency, payment.amount.minor
    if minor <= 0 or not key.strip() or not payment.subject:
        raise Refused(Decision((Reason("pay.nothing"),)))
    source = (
        of_jurisdiction(AccountKind.GRANT, payment.payer, currency)
        if isinstance(payment.payer, Jurisdiction)
        else of_organisation(AccountKind.GRANT, payment.payer, currency)
    )
    target = of_organisation(AccountKind.BANK, payment.payee, currency)
    known = Entry.objects.filter(key=f"pay:{key}").first()
    if known is not None:
        moved = dict(known.postings.values_list("account__key", "amount_minor"))
        if known.subject != payment.subject or moved != {source.key: -minor, target.key: minor}:
            raise Refused(Decision((Reason("pay.key_reused", facts={"value": key}),)))
        return known
    found = opened((source, target))
    entry = post(
        "payment",
        payment.subject,
        ((found[source.key], -minor), (found[target.key], minor)),
        by=by,
        at=at,
        ground=payment.ground,
        key=f"pay:{key}",
    )
    assert entry is not None
    changes: Mapping[str, Any] = {"amount": [None, str(payment.amount.major)], "to": [None, payment.payee.public_id]}
    record(Act("money.paid", payment.subject, changes, ground=payment.ground), by=by, at=at)
    return entry
