"""Orders that are no booking's: a service ordered by itself. The order's own id is its subject."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Actor
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.support import rules
from headwater.support.actions.usage import Usage, release_order, use_order
from headwater.support.models import Order
from headwater.support.queries import visible_orders
from headwater.support.rules import Party


def _own(public_id: str, party: Party) -> Order:
    order = visible_orders(party).filter(public_id=public_id).first()
    if order is None:
        raise Refused(Decision((Reason("order.not_found"),)))
    if order.subject != order.public_id:
        raise Refused(Decision((Reason("order.of_a_booking", facts={"subject": order.subject}),)))
    return order


@transaction.atomic
def charge_own(public_id: str, usage: Usage, party: Party, *, by: Actor, at: datetime) -> Order:
    """Charge a service order from what was used; the provider's managers may."""
    order = _own(public_id, party)
    permit(rules.may_manage_money(order.provider_id, party))
    return use_order(order.subject, usage, by=by, at=at)


@transaction.atomic
def cancel_own(public_id: str, party: Party, *, by: Actor, at: datetime) -> Order:
    """Cancel a service order; either side may, without a fee: no time was held."""
    order = _own(public_id, party)
    decision = rules.may_write(party)
    if (
        not party.belongs(order.organisation_id)
        and not party.manages(order.provider_id)
        and order.user_id != party.user_id
    ):
        decision += Decision((Reason("order.not_a_member"),))
    permit(decision)
    return release_order(order.subject, by=by, at=at)
