"""Telling people what became of their time: once, in their language, in the transaction that did it."""

from __future__ import annotations

from datetime import datetime

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Actor
from headwater.accounts.models import User
from headwater.booking import queries
from headwater.booking.models import Reservation
from headwater.booking.telling import facts_of, path_of
from headwater.registry.models import Instrument


def tell_holder(
    row: Reservation, instrument: Instrument, code: str, *, by: Actor, at: datetime, **more: object
) -> None:
    """Tell a reservation's holder what somebody else, or the system, did to it; what she did herself she knows."""
    if row.holder_id is None or (by.user is not None and by.user.pk == row.holder_id):
        return
    holder = row.holder
    assert holder is not None
    tell_user(holder, row, instrument, code, at=at, **more)


def tell_user(user: User, row: Reservation, instrument: Instrument, code: str, *, at: datetime, **more: object) -> None:
    facts = facts_of(row, instrument) | more
    tell(user, code, facts, path=path_of(row), at=at, key=f"{code}:{row.public_id}:{row.version}")


def tell_managers(row: Reservation, instrument: Instrument, code: str, *, at: datetime) -> None:
    """Tell those who approve for the instrument's owner; one query to find them."""
    for user in queries.managers_of(instrument.owner_id):
        tell(
            user,
            code,
            facts_of(row, instrument) | {"holder": str(row.holder)},
            path=f"/bookings/approvals/#{row.public_id}",
            at=at,
            key=f"{code}:{row.public_id}:{row.version}",
        )
