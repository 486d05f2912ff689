"""A calendar's entries as somebody may see them, for pages, programs and feeds alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from headwater.booking.facts import asker_of
from headwater.booking.models import Reservation
from headwater.booking.rules import SeeFacts, may_see_whose
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer


@dataclass(frozen=True, slots=True)
class Entry:
    """Taken time; ``row`` is there for those who may see whose it is, and for nobody else."""

    start: datetime
    end: datetime
    kind: str
    state: str
    mine: bool
    row: Reservation | None = None
    synthetic: bool = False

    @property
    def note(self) -> str:
        """Why an instrument is down, which everybody may read; other notes are the holder's own."""
        return self.row.note if self.row is not None else ""


def sees_whose(row: Reservation, instrument: Instrument, viewer: Viewer) -> bool:
    is_holder = viewer.signed_in and row.holder_id == viewer.user_id
    return may_see_whose(SeeFacts(asker_of(viewer, instrument.owner_id), is_holder)).allowed()


def entries(rows: Iterable[Reservation], instrument: Instrument, viewer: Viewer) -> list[Entry]:
    """One instrument's reservations as ``viewer`` may see them, in order of time."""
    asker = asker_of(viewer, instrument.owner_id)
    found = []
    for row in rows:
        mine = viewer.signed_in and row.holder_id == viewer.user_id
        shown = row.kind == "outage" or may_see_whose(SeeFacts(asker, mine)).allowed()
        span = row.span if mine else row.occupied  # to others it is taken with its set-up and clean-up
        found.append(Entry(span.lower, span.upper, row.kind, row.state, mine, row if shown else None, row.synthetic))
    return found
