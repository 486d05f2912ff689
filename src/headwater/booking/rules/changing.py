"""What may be done to time that is taken, along the declared table; and who may use an instrument now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from headwater.booking.rules.terms import Asker, Standing, Terms, may_write, span_facts
from headwater.core.decision import Decision, Reason, Weight

# Which act takes a reservation from which state to which. What is not here is refused.
MOVES = {
    ("requested", "approve"): "confirmed",
    ("requested", "decline"): "declined",
    ("requested", "change"): "requested",
    ("requested", "cancel"): "cancelled",
    ("requested", "expire"): "expired",
    ("confirmed", "change"): "confirmed",
    ("confirmed", "ask_anew"): "requested",
    ("confirmed", "cancel"): "cancelled",
    ("confirmed", "start"): "in_use",
    ("confirmed", "miss"): "missed",
    ("confirmed", "expire"): "expired",
    ("in_use", "stop"): "used",
}


MOST_WINDOW_DAYS = 62
MOST_WISHES = 20


@dataclass(frozen=True, slots=True)
class ChangeFacts:
    """A stored reservation that somebody wants to do something to."""

    asker: Asker
    is_holder: bool
    kind: str
    state: str
    version: int
    expected_version: int | None
    act: str


def may_change(facts: ChangeFacts) -> Decision:
    """Say whether the act may be done to the reservation as it is now.

    Strangers are refused as if it were not there. Approving, declining and whatever is done to an outage are the
    managers'.
    """
    found = list(may_write(facts.asker).reasons)
    if not facts.is_holder and not facts.asker.manages:
        return Decision((*found, Reason("reservation.not_found")))
    if (facts.act in ("approve", "decline") or facts.kind == "outage") and not facts.asker.manages:
        found.append(Reason("organisation.not_yours"))
    if facts.expected_version is not None and facts.expected_version != facts.version:
        known = {"yours": facts.expected_version, "now": facts.version}
        found.append(Reason("reservation.changed_meanwhile", facts=known))
    if (facts.state, facts.act) not in MOVES:
        found.append(Reason("reservation.state_forbids", facts={"state": facts.state}))
    return Decision(tuple(found))


def is_late(start: datetime, terms: Terms, *, now: datetime) -> bool:
    """Whether giving up time that begins at ``start`` counts as late."""
    return now > start - timedelta(minutes=terms.late_cancel_minutes)


@dataclass(frozen=True, slots=True)
class StartFacts:
    """An instrument that somebody wants to start to use, with or without a reservation."""

    asker: Asker
    status: str
    in_use: bool
    reserved_until: datetime | None
    others_reserve: tuple[Standing, ...]
    needs_qualification: bool
    qualified: bool
    zone: tzinfo


def may_start(facts: StartFacts) -> Decision:
    """Say whether use may start now."""
    found = list(may_write(facts.asker).reasons)
    if facts.status != "operating":
        found.append(Reason("booking.not_operating", facts={"status": facts.status}))
    if facts.in_use:
        found.append(Reason("usage.in_use"))
    found += [
        Reason("usage.reserved", facts=span_facts(one.start, one.end, facts.zone)) for one in facts.others_reserve
    ]
    if facts.needs_qualification and not facts.qualified and not facts.asker.manages:
        found.append(Reason("booking.not_qualified"))
    if facts.reserved_until is None:
        found.append(Reason("usage.without_reservation", Weight.NOTE))
    return Decision(tuple(found))


def may_wait(asker: Asker, *, minutes_asked: int, window: timedelta, over: bool, waiting: int) -> Decision:
    """Say whether a wish may join the waiting list."""
    found = list(may_write(asker).reasons)
    if over:
        found.append(Reason("booking.in_the_past"))
    if minutes_asked <= 0 or timedelta(minutes=minutes_asked) > window:
        found.append(Reason("wish.does_not_fit", facts={"minutes": minutes_asked}))
    if window > timedelta(days=MOST_WINDOW_DAYS):
        found.append(Reason("wish.window_too_long", facts={"most": MOST_WINDOW_DAYS}))
    if waiting >= MOST_WISHES:
        found.append(Reason("wish.too_many", facts={"have": waiting}))
    return Decision(tuple(found))
