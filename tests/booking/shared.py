"""An owner with several instruments whose limits may count together, and groups, for the tests of limits."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.booking.made import ALWAYS, NOW
from tests.factories import make_city, make_instrument, make_jurisdiction, make_member, make_organisation, make_user

from headwater.accounts.audit import Actor
from headwater.accounts.models import User
from headwater.booking.actions import reserving
from headwater.booking.models import Group, GroupMember, Policy, Reservation
from headwater.booking.policies import DEFAULT_TERMS
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument, Organisation


@dataclass
class House:
    """An owner, its instruments, its manager."""

    owner: Organisation
    manager: User
    instruments: list[Instrument]
    groups: dict[str, Group] = field(default_factory=dict)

    def policy(
        self, instrument: Instrument | None = None, *, since: datetime = NOW - timedelta(days=400), **terms: Any
    ) -> Policy:
        """Rules for all of the owner's instruments, or for one, past the action: it may not write the past."""
        made = replace(DEFAULT_TERMS, **terms)
        values = {name: getattr(made, name) for name in made.__dataclass_fields__}
        return Policy.objects.create(
            instrument=instrument,
            owner=None if instrument else self.owner,
            since=since,
            hours=ALWAYS,
            made_at=NOW,
            **(values | {"approval_for": sorted(made.approval_for)}),
        )

    def ask(self, number: int, start: datetime, end: datetime, **more: Any) -> reserving.Ask:
        return reserving.Ask(self.instruments[number].public_id, start, end, **more)

    def book(self, user: User, number: int, start: datetime, end: datetime, **more: Any) -> Reservation:
        ask = self.ask(number, start, end, **{key: more.pop(key) for key in ("holder",) if key in more})
        return reserving.book(ask, viewer_of(user), by=Actor(user, "page"), at=NOW, **more)

    def group(self, code: str, *people: User) -> Group:
        """A group of these people, past the action."""
        made = self.groups.get(code)
        if made is None:
            made = self.groups[code] = Group.objects.create(
                public_id=f"grp_hw_{self.owner.pk}{code}", owner=self.owner, code=code, name_en=code, made_at=NOW
            )
        for one in people:
            GroupMember.objects.create(group=made, owner=self.owner, user=one, since=NOW)
        return made


def make_house(count: int = 3, *, zone: str = "Asia/Shanghai") -> House:
    owner = make_organisation(city=make_city(jurisdiction=make_jurisdiction(timezone=zone)), name_en="The Laboratory")
    manager = make_user(name="Mara Manager")
    make_member(manager, owner)
    return House(owner, manager, [make_instrument(owner=owner) for _one in range(count)])
