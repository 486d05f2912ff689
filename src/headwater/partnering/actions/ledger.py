"""The one way a milestone's payment is released: once, in the ledger, by a key."""

from __future__ import annotations

from datetime import datetime

from headwater.accounts.audit import Actor
from headwater.core.money import Money
from headwater.partnering.models import Milestone, Payment
from headwater.support.actions.ledger import Payment as Transfer, pay_once


def release(milestone: Milestone, *, by: Actor, at: datetime) -> Payment:
    """Release the payment of an accepted milestone in the caller's transaction.

    Released before, it is found again and nothing is paid: the milestone is unique here, its key in the ledger.
    """
    assert milestone.payer is not None
    assert milestone.payee is not None
    key = f"milestone:{milestone.public_id}"
    amount = Money(milestone.currency, milestone.amount_minor)
    pay_once(key, Transfer(milestone.payer, milestone.payee, amount, milestone.public_id), by=by, at=at)
    payment, _is_new = Payment.objects.get_or_create(
        milestone=milestone,
        defaults={
            "key": key,
            "payer": milestone.payer,
            "payee": milestone.payee,
            "amount_minor": milestone.amount_minor,
            "currency": milestone.currency,
            "at": at,
        },
    )
    return payment
