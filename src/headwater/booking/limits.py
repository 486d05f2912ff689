"""What counts against the limits of a week: a person's, her organisation's and her group's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from headwater.booking import queries
from headwater.booking.hours import open_spans
from headwater.booking.policies import InForce, weeks_between
from headwater.booking.queries import Spender
from headwater.booking.rules import QUOTAS, Quota
from headwater.engines import intervals
from headwater.registry.models import Instrument


class Counted(Protocol):
    """Time that counts, and against whose limits it does."""

    @property
    def start(self) -> datetime: ...
    @property
    def end(self) -> datetime: ...
    @property
    def person(self) -> bool: ...
    @property
    def organisation(self) -> bool: ...
    @property
    def group(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose limits an asked span counts against, over which instruments, and how those are called."""

    spender: Spender
    group: str = ""
    owner: str = ""


def limited(rules: InForce, spender: Spender) -> dict[tuple[str, str], int]:
    """The limits that the rules set and somebody falls under, in minutes a week."""
    keys = {"person": spender.person, "organisation": spender.organisation, "group": spender.group}
    return {key: most for key, most in _set(rules).items() if keys[key[0]] is not None}


def _set(rules: InForce) -> dict[tuple[str, str], int]:
    return {
        (who, when): most for who, when in QUOTAS if (most := getattr(rules.terms, f"{who}_{when}_minutes")) is not None
    }


def whose_of(instrument: Instrument, rules: InForce, holder_id: int | None, organisation_id: int | None) -> Whose:
    """Whose limits hold, by those that the rules set: nobody else's time is read, and a group asked for only then."""
    kinds = {who for who, _when in _set(rules)}
    group = None
    if holder_id is not None and "group" in kinds:
        group = queries.group_of(holder_id, instrument.owner_id)
    together = rules.terms.limits_together
    spender = Spender(
        holder_id if "person" in kinds else None,
        organisation_id if "organisation" in kinds else None,
        group.pk if group else None,
        instrument.owner_id if together else None,
    )
    return Whose(spender, group.name if group else "", instrument.owner.name if together else "")


def weeks_of(rules: InForce, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The whole of the calendar weeks that a span touches."""
    touched = weeks_between(start, end, rules.zone)
    return touched[0][1], touched[-1][2]


def quotas_within(
    spent: Sequence[Counted], rules: InForce, start: datetime, end: datetime, whose: Whose, *, all_limits: bool = False
) -> tuple[Quota, ...]:
    """The limits that a span touches, each with what of ``spent`` counts against it.

    Each piece of time counts by itself: somebody may have two instruments at once. With ``all_limits`` those of the
    span's weeks that it does not touch are told too, such as the busy hours' for a span outside of them.
    """
    limits = limited(rules, whose.spender)
    if not limits or end <= start:
        return ()
    touched = weeks_between(start, end, rules.zone)
    counted = {
        who: queries.seconds((one.start, one.end) for one in spent if getattr(one, who))
        for who in {who for who, _when in limits}
    }
    asked = queries.seconds([(start, end)])
    peak = open_spans(rules.peak, rules.zone, touched[0][1], touched[-1][2])
    found = []
    for monday, begins, ends in touched:
        week = queries.seconds([(begins, ends)])
        parts = {"week": week, "peak": intervals.intersect(week, peak), "off_peak": intervals.subtract(week, peak)}
        for (who, when), most in limits.items():
            wanted = _minutes(asked, parts[when])
            if wanted or all_limits:
                have = _minutes(counted[who], parts[when])
                until = (monday + timedelta(days=7)).isoformat()
                called = whose.group if who == "group" else ""
                found.append(Quota(who, when, monday.isoformat(), until, wanted, have, most, called, whose.owner))
    return tuple(found)


def quotas_of(
    instrument: Instrument,
    rules: InForce,
    start: datetime,
    end: datetime,
    whose: Whose,
    *,
    at: datetime,
    but: int | None = None,
    all_limits: bool = False,
) -> tuple[Quota, ...]:
    """The limits that a span touches, with what counts against them now; one query, none where there are no limits."""
    if end <= start or not limited(rules, whose.spender):
        return ()
    spent = queries.spent_by(instrument.pk, weeks_of(rules, start, end), whose.spender, at=at, but=but)
    return quotas_within(spent, rules, start, end, whose, all_limits=all_limits)


def pool_beside(instrument: Instrument, *, for_owner: bool, at: datetime) -> list[int]:
    """The other instruments whose limits would count together with one's, if rules were set that say so.

    ``for_owner`` sets them for all of the owner's that have none of their own. Two queries.
    """
    keys = queries.keys_of(instrument.owner_id)
    own, owners = queries.policies_of(keys, [instrument.owner_id], at)
    theirs = owners.get(instrument.owner_id)
    default = for_owner or (theirs is not None and theirs.limits_together)
    return [pk for pk in keys if pk != instrument.pk and (own[pk].limits_together if pk in own else default)]


def _minutes(spans: NDArray[np.int64], within: NDArray[np.int64]) -> int:
    return -(-intervals.time_within(spans, within) // 60)
