"""What became of an instrument's open hours: booked, used, idle, down; and how much of it served outsiders."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from headwater.booking import queries
from headwater.booking.policies import in_force
from headwater.engines import intervals
from headwater.registry.models import Instrument


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Hours between two instants; shares are None where there is nothing to share."""

    open_h: float
    booked_h: float
    used_h: float
    idle_h: float
    outage_h: float
    utilisation: float | None
    outside_share: float | None
    bookings: int
    missed: int

    def as_json(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def utilisation_of(instrument: Instrument, start: datetime, end: datetime, *, at: datetime) -> Utilisation:
    """Computed, not modelled, by the rules in force now; what has not happened yet counts as booked, not as idle.

    Open hours are those of the rules less outages; use outside of them counts as use, not as utilisation. Four queries.
    """
    held = in_force(instrument, at)
    rows = list(queries.counted_between(instrument.pk, start, end).values_list("kind", "state", "span"))
    usages = list(queries.usages_in([instrument.pk], start, end).values_list("user", "started_at", "stopped_at"))
    members = queries.members_of(instrument.owner_id) if usages else set()
    window = queries.seconds([(start, end)])
    outages = queries.seconds((span.lower, span.upper) for kind, _state, span in rows if kind == "outage")
    opened = intervals.subtract(held.opened(start, end), outages)
    booked = queries.seconds((s.lower, s.upper) for kind, _state, s in rows if kind in ("booking", "beamtime"))
    booked = intervals.intersect(booked, window)
    spans = [(user, begun, stopped or max(at, begun)) for user, begun, stopped in usages]
    used = intervals.intersect(queries.seconds((begun, over) for _user, begun, over in spans), window)
    outside = intervals.intersect(
        queries.seconds((begun, over) for user, begun, over in spans if user not in members), window
    )
    past = intervals.intersect(booked, queries.seconds([(start, min(max(at, start), end))]))
    share = intervals.utilisation(opened, used)
    return Utilisation(
        open_h=_hours(opened),
        booked_h=_hours(booked),
        used_h=_hours(used),
        idle_h=_hours(intervals.subtract(past, used)),
        outage_h=_hours(intervals.intersect(outages, window)),
        utilisation=None if math.isnan(share) else share,
        outside_share=intervals.total(outside) / intervals.total(used) if len(used) else None,
        bookings=sum(kind in ("booking", "beamtime") for kind, _state, _span in rows),
        missed=sum(state == "missed" for _kind, state, _span in rows),
    )


def _hours(spans: object) -> float:
    return intervals.total(spans) / 3600
