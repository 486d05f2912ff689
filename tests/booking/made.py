"""One instrument with its people, and times that are easy to read, for the tests of booking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.factories import make_city, make_instrument, make_jurisdiction, make_member, make_organisation, make_user

from headwater.accounts.audit import Actor
from headwater.accounts.models import User
from headwater.booking.actions import reserving
from headwater.booking.models import Policy
from headwater.booking.policies import DEFAULT_TERMS
from headwater.core.decision import Refused, Weight
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)  # a Monday, 08:00 in Shanghai
ALWAYS = [[["00:00", "24:00"]]] * 7


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """A time in June 2026 by Shanghai's clocks."""
    return datetime(2026, 6, 1, tzinfo=SHANGHAI) + timedelta(days=day - 1, hours=hour, minutes=minute)


@dataclass
class Lab:
    """An instrument, its manager, and somebody from outside."""

    instrument: Instrument
    manager: User
    guest: User

    def ask(self, start: datetime, end: datetime, **more: Any) -> reserving.Ask:
        return reserving.Ask(self.instrument.public_id, start, end, **more)

    def book(self, user: User, start: datetime, end: datetime, *, at: datetime = NOW, **more: Any):
        ask = self.ask(start, end, **{key: more.pop(key) for key in ("project", "note", "holder") if key in more})
        return reserving.book(ask, viewer_of(user), by=Actor(user, "page"), at=at, **more)

    def policy(self, *, week: Any = None, since: datetime = NOW - timedelta(days=400), **terms: Any) -> Policy:
        """Put a policy in force, past the action: it may not write the past."""
        closed, days = terms.pop("closed_days", []), terms.pop("qualification_days", None)
        made = replace(DEFAULT_TERMS, **terms)
        values = {name: getattr(made, name) for name in made.__dataclass_fields__}
        return Policy.objects.create(
            instrument=self.instrument,
            since=since,
            hours=ALWAYS if week is None else week,
            closed_days=closed,
            qualification_days=days,
            made_at=NOW,
            **(values | {"approval_for": sorted(made.approval_for)}),
        )


def make_lab(*, zone: str = "Asia/Shanghai", **more: Any) -> Lab:
    city = make_city(jurisdiction=make_jurisdiction(timezone=zone))
    owner = make_organisation(city=city)
    manager = make_user(name="Mara Manager")
    make_member(manager, owner)
    return Lab(make_instrument(owner=owner, **more), manager, make_user(name="Gus Guest"))


def acting(user: User) -> dict[str, Any]:
    """How an action is told who acts by which way."""
    return {"viewer": viewer_of(user), "by": Actor(user, "page")}


def refused(call: Any, *args: Any, **more: Any) -> tuple[str, ...]:
    """The codes of the reasons that stop, of the refusal that the call must end in; what would help is left out."""
    with pytest.raises(Refused) as caught:
        call(*args, **more)
    return tuple(one.code for one in caught.value.decision.reasons if one.weight is not Weight.NOTE)
