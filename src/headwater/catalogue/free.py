"""When hits are free next: the calendar's offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _, gettext_lazy

from headwater.booking.finding import soonest
from headwater.catalogue.offers import Offer, Offered
from headwater.catalogue.queries import bookable
from headwater.registry.rules import Viewer

HOURS = 2  # of free time in a row; the page says so


def fetch(keys: Sequence[int], viewer: Viewer, at: datetime) -> Mapping[int, Offered]:  # noqa: ARG001
    """The soonest time that is free for `HOURS`, of those among the instruments that can be booked."""
    zones = bookable(keys)
    found = soonest(list(zones), HOURS * 60, at=at) if zones else {}
    return {
        key: Offered(
            rank=span[0].timestamp(),
            text=f"{span[0].astimezone(ZoneInfo(zones[key])):%Y-%m-%d %H:%M}",
            note=_("free for %(hours)s h") % {"hours": HOURS},
            value=span[0].isoformat(),
        )
        for key, span in found.items()
        if span is not None
    }


OFFER = Offer("soonest", gettext_lazy("Soonest free"), gettext_lazy("soonest free time"), fetch)
