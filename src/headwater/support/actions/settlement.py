"""The writer of settlements: each month, what jurisdictions owe one another is netted and cleared, once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Sum

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.engines.terms import Debt, net_positions
from headwater.registry.models import Jurisdiction
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.actions import ledger
from headwater.support.models import Account, AccountKind, Due, Settlement, SettlementLine
from headwater.support.rules import NOBODY, Party

SETTLE_LOCK = 7_301_885  # one settlement at a time, over all processes


def month_end(month: date) -> date:
    """The last day of the month that ``month`` lies in."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


@transaction.atomic
def settle(month: date, currency: str, party: Party | None, *, by: Actor, at: datetime) -> Settlement:
    """Settle everything open up to the end of a month. ``party`` None: the operator's command or the system.

    Net positions add up to nothing; the transfers clear them; all of it is one entry in the ledger.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SETTLE_LOCK])
    month, end = month.replace(day=1), month_end(month)
    open_ = Due.objects.filter(settlement=None, currency=currency, on__lte=end)
    sums = list(
        open_.values_list("debtor_id", "creditor_id")
        .annotate(minor=Sum("amount_minor"), count=Count("pk"))
        .order_by("debtor_id", "creditor_id")
    )
    settled = Settlement.objects.filter(month=month, currency=currency).exists()
    facts = rules.SettleFacts(end, at.date(), settled, sum(count for *_pair, count in sums))
    decision = rules.may_settle(facts, party or NOBODY, command=party is None)
    permit(decision)
    homes = {one.pk: one for one in Jurisdiction.objects.all()}
    codes = {one.code: one for one in homes.values()}
    debts = [Debt(homes[debtor].code, homes[creditor].code, currency, minor) for debtor, creditor, minor, _n in sums]
    positions, transfers = net_positions(debts)
    settlement = Settlement(
        public_id=new_id("stl", node_prefix()),
        month=month,
        currency=currency,
        debts=facts.debts,
        made_at=at,
        made_by=by.user,
    )
    settlement.entry = _post(settlement, debts, positions, codes, by=by, at=at)
    settlement.save(force_insert=True)
    marked = open_.update(settlement=settlement)
    if marked != facts.debts:  # a debt of a month that is over came in meanwhile: settle again
        raise Refused(Decision((Reason("settlement.moved_meanwhile"),)))
    SettlementLine.objects.bulk_create(
        [
            SettlementLine(
                settlement=settlement,
                kind="debt",
                debtor_id=debtor,
                creditor_id=creditor,
                amount_minor=minor,
                count=count,
            )
            for debtor, creditor, minor, count in sums
        ]
        + [
            SettlementLine(
                settlement=settlement,
                kind="transfer",
                debtor=codes[one.debtor],
                creditor=codes[one.creditor],
                amount_minor=one.minor,
            )
            for one in transfers
        ]
    )
    changes = {"debts": [None, facts.debts], "transfers": [None, len(transfers)]}
    record(Act("settlement.made", settlement.public_id, changes, decision), by=by, at=at)
    return settlement


def _post(
    settlement: Settlement,
    debts: list[Debt],
    positions: dict[tuple[str, str], int],
    codes: dict[str, Jurisdiction],
    *,
    by: Actor,
    at: datetime,
) -> ledger.Entry | None:
    currency = settlement.currency

    def named(kind: AccountKind, code: str) -> ledger.Named:
        return ledger.of_jurisdiction(kind, codes[code], currency)

    kinds = (AccountKind.PAYABLE, AccountKind.RECEIVABLE, AccountKind.CLEARING)
    accounts = ledger.opened(named(kind, code) for code, _currency in positions for kind in kinds)
    moves: list[tuple[Account, int]] = []
    for one in debts:
        moves += [
            (accounts[named(AccountKind.PAYABLE, one.debtor).key], one.minor),
            (accounts[named(AccountKind.RECEIVABLE, one.creditor).key], -one.minor),
        ]
    moves += [
        (accounts[named(AccountKind.CLEARING, code).key], position) for (code, _currency), position in positions.items()
    ]
    return ledger.post("settlement", settlement.public_id, moves, by=by, at=at)
