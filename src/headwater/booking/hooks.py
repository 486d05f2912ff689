"""Where another part of the house reckons with time: it hears of each reservation in the transaction that writes it.

An app adds a `Listener` when it starts. What a listener writes is written or undone with the reservation; where it
raises `core.decision.Refused`, nothing is written and its reasons are shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from headwater.accounts.audit import Actor
from headwater.core.decision import Decision


@dataclass(frozen=True, slots=True)
class Taken:
    """Time on an instrument, asked for or reserved, as those outside of booking see it; keys are the database's.

    ``reservation_id`` and ``public_id`` are empty while it is only asked for. ``memo`` is the same object when a
    listener is asked about time and when that is reserved: what it found out it need not find out again.
    """

    reservation_id: int | None
    public_id: str
    kind: str
    state: str
    instrument_id: int
    owner_id: int
    holder_id: int | None
    organisation_id: int | None
    start: datetime
    end: datetime
    project: str = ""
    reference: str = ""
    terms: Mapping[str, object] = field(default_factory=dict)
    memo: dict[str, object] = field(default_factory=dict, compare=False)


class Listener:
    """Hears of reservations; each method runs in the booking's own transaction and is empty unless overridden."""

    def may_reserve(self, asked: Taken, *, at: datetime) -> Decision:
        """Reasons to add to the decision on time that is asked for, a new or a moved one; also asked by a preview."""
        return Decision()

    def expected(self, coming: Sequence[Taken], going: Sequence[str], *, at: datetime) -> None:
        """Before several reservations are written in one transaction: take what locks they need, in one go.

        ``coming`` are those that will be made, or moved to; ``going`` the public ids of those that end or move.
        """

    def may_start(self, asked: Taken, *, at: datetime) -> Decision:
        """Reasons to add when somebody begins to use an instrument, with a reservation or without."""
        return Decision()

    def reserved(self, taken: Taken, *, by: Actor, at: datetime) -> None:
        """Time was booked, requested, held or given as beamtime: reserve the money."""

    def changed(self, before: Taken, after: Taken, *, by: Actor, at: datetime) -> None:
        """It moved, became longer or shorter, changed its holder, or was approved."""

    def used(self, taken: Taken, started_at: datetime, stopped_at: datetime, *, by: Actor, at: datetime) -> None:
        """It was used: charge what was used."""

    def walked_in(self, taken: Taken, *, by: Actor, at: datetime) -> None:
        """Time was used without a reservation, from ``start`` to ``end``: charge it. ``public_id`` is the use's."""

    def released(self, taken: Taken, *, given_up: bool, missed: bool, by: Actor, at: datetime) -> None:
        """It was cancelled, declined, displaced, never approved, lapsed, or nobody came.

        ``given_up``: its holder had it for sure and cancelled it herself.
        """

    def recognised(self, user_id: int, instrument_id: int, *, at: datetime) -> tuple[bool, datetime | None]:
        """Whether a qualification granted elsewhere counts on the instrument, and until when (None: no end)."""
        return False, None

    def minutes_away(self, city_id: int, others: Collection[int]) -> Mapping[int, int]:
        """How many minutes one goes from a city to others, door to door; those that nobody knows are left out."""
        return {}

    def untold(self, user_id: int) -> Iterable[str]:
        """The references of beamtime that its holder was not told of yet, best as a query's values: no query more."""
        return ()


LISTENERS: list[Listener] = []


def add(listener: Listener) -> None:
    """Let a listener hear of every reservation from now on; one of its class is there once."""
    if not any(type(one) is type(listener) for one in LISTENERS):
        LISTENERS.append(listener)


def may_reserve(asked: Taken, *, at: datetime) -> Decision:
    return sum((one.may_reserve(asked, at=at) for one in LISTENERS), Decision())


def may_start(asked: Taken, *, at: datetime) -> Decision:
    return sum((one.may_start(asked, at=at) for one in LISTENERS), Decision())


def expected(coming: Sequence[Taken], going: Sequence[str], *, at: datetime) -> None:
    for one in LISTENERS:
        one.expected(coming, going, at=at)


def reserved(taken: Taken, *, by: Actor, at: datetime) -> None:
    for one in LISTENERS:
        one.reserved(taken, by=by, at=at)


def changed(before: Taken, after: Taken, *, by: Actor, at: datetime) -> None:
    for one in LISTENERS:
        one.changed(before, after, by=by, at=at)


def used(taken: Taken, started_at: datetime, stopped_at: datetime, *, by: Actor, at: datetime) -> None:
    for one in LISTENERS:
        one.used(taken, started_at, stopped_at, by=by, at=at)


def walked_in(taken: Taken, *, by: Actor, at: datetime) -> None:
    for one in LISTENERS:
        one.walked_in(taken, by=by, at=at)


def released(taken: Taken, *, given_up: bool = False, missed: bool = False, by: Actor, at: datetime) -> None:
    for one in LISTENERS:
        one.released(taken, given_up=given_up, missed=missed, by=by, at=at)


def recognised(user_id: int, instrument_id: int, *, at: datetime) -> tuple[bool, datetime | None]:
    """The first recognition that counts."""
    for one in LISTENERS:
        found = one.recognised(user_id, instrument_id, at=at)
        if found[0]:
            return found
    return False, None


def minutes_away(city_id: int, others: Collection[int]) -> dict[int, int]:
    """What any listener knows of the way; nothing is asked where there are no others."""
    found: dict[int, int] = {}
    for one in LISTENERS if others else ():
        found |= one.minutes_away(city_id, others)
    return found


def untold(user_id: int) -> list[Iterable[str]]:
    """The references of beamtime that a user does not know of yet, one collection a listener."""
    return [one.untold(user_id) for one in LISTENERS]
