"""What other parts say of the hits: when an instrument is free next, what it costs after support.

The catalogue knows neither calendar nor money. A part that does adds an `Offer` when its app starts; from then on each
hit shows what it says, and hits can be sorted by it. Nothing is shown, and no order is offered, for a part that is not
there. An offer is asked once for all hits of a page (20 as a rule), or for the `SORTED` most relevant ones where
hits are sorted by it: the same few queries, however many hits. The calendar's offer is in `catalogue.free`, that of the
price after support in `catalogue.prices`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from headwater.registry.rules import Viewer

SORTED = 200  # the most relevant hits are sorted by an offer, not all: the page says so


@dataclass(frozen=True, slots=True)
class Offered:
    """What is offered of one instrument. Smaller ``rank`` comes first; ``value`` is what the API gives."""

    rank: float
    text: str
    note: str = ""
    value: str = ""


Fetch = Callable[[Sequence[int], Viewer, datetime], Mapping[int, Offered]]


@dataclass(frozen=True, slots=True)
class Offer:
    """A column of the results and an order for them.

    Attributes
    ----------
    code : str
        Its name in addresses: ``sort=soonest``.
    title, sort_title : str (lazy)
        Over the column, and in the choice of orders.
    fetch : callable
        Instruments' keys, the viewer and the time to what is offered; instruments that offer nothing are left out.
    """

    code: str
    title: object
    sort_title: object
    fetch: Fetch


_OFFERS: dict[str, Offer] = {}


def add(offer: Offer) -> None:
    """Have hits show an offer; to be called when an app starts."""
    _OFFERS[offer.code] = offer


def known() -> tuple[Offer, ...]:
    """All offers, in the order they were added."""
    return tuple(_OFFERS.values())


def named(code: str) -> Offer | None:
    """The offer of a code."""
    return _OFFERS.get(code)
