"""Settling what jurisdictions owe one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Debt:
    """What ``debtor`` owes ``creditor``, in minor units of ``currency``."""

    debtor: str
    creditor: str
    currency: str
    minor: int


def net_positions(debts: Iterable[Debt]) -> tuple[dict[tuple[str, str], int], tuple[Debt, ...]]:
    """Each one's net position by (name, currency), and the fewest transfers a simple rule finds that clear it.

    A position above 0 is received, below 0 paid; the positions of each currency add up to nothing. Transfers: the
    largest payer pays the largest receiver, again and again; equal ones by name. At most one transfer less than there
    are parties.
    """
    positions: dict[tuple[str, str], int] = defaultdict(int)
    for one in debts:
        positions[one.debtor, one.currency] -= one.minor
        positions[one.creditor, one.currency] += one.minor
    transfers: list[Debt] = []
    for currency in sorted({currency for _name, currency in positions}):
        open_ = {name: minor for (name, of), minor in positions.items() if of == currency and minor}
        while open_:
            payer = min(open_, key=lambda name: (open_[name], name))
            receiver = min(open_, key=lambda name: (-open_[name], name))
            amount = min(-open_[payer], open_[receiver])
            transfers.append(Debt(payer, receiver, currency, amount))
            for name, change in ((payer, amount), (receiver, -amount)):
                open_[name] += change
                if not open_[name]:
                    del open_[name]
    return dict(positions), tuple(transfers)
