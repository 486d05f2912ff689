"""The one way a milestone's payment is released: once, by a key the ledger knows it by."""

from __future__ import annotations

from datetime import datetime

from headwater.accounts.audit import Actor
from headwater.partnering.models import Milestone, Payment


def release(milestone: Milestone, *, by: Actor, at: datetime) -> Payment:  # noqa: ARG001
    """Release the payment of an accepted milestone in the caller's transaction.

    Released before, it is found again and nothing is paid: the milestone and the key are unique in the database.
    """
    payment, _is_new = Payment.objects.get_or_create(
        milestone=milestone,
        defaults={
            "key": f"milestone:{milestone.public_id}",
            "payer_id": milestone.payer_id,
            "payee_id": milestone.payee_id,
            "amount_minor": milestone.amount_minor,
            "currency": milestone.currency,
            "at": at,
        },
    )
    return payment
