"""Freed time: given up, lapsed, and held for those who wait, in the transaction that freed it."""

from __future__ import annotations

from datetime import datetime, timedelta

from headwater.accounts.audit import SYSTEM, Act, Actor, record
from headwater.booking import hooks, queries, rules
from headwater.booking.actions.settling import lock_pool
from headwater.booking.actions.telling import tell_holder
from headwater.booking.facts import book_facts, free_spans, instants, organisation_of, taken_of
from headwater.booking.models import Kind, Reservation, State, WaitingWish, WishState
from headwater.booking.policies import InForce, blocked, in_force, midnight
from headwater.booking.telling import instant
from headwater.core.decision import Decision
from headwater.core.identity import new_id
from headwater.engines import intervals
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument

MOST_TRIED = 50
LEAST_HELD = timedelta(minutes=15)  # time that has begun already can still be taken


def span_texts(row: Reservation) -> list[str]:
    return [row.start.isoformat(), row.end.isoformat()]


def clear_standing(
    instrument: Instrument, start: datetime, end: datetime, *, at: datetime, but: int | None = None
) -> list[Reservation]:
    """What occupies the span once holds that have lapsed are gone; whoever waits next is served first."""
    standing = list(queries.occupying(instrument.pk, start, end).exclude(pk=but))
    lapsed = [one for one in standing if one.kind == Kind.HOLD and one.held_until is not None and one.held_until <= at]
    if not lapsed:
        return standing
    for one in lapsed:
        lapse_hold(one, instrument, at=at)
    return list(queries.occupying(instrument.pk, start, end).exclude(pk=but))


def stamp(row: Reservation, at: datetime, *, state: str) -> None:
    row.state, row.version, row.sequence, row.updated_at = state, row.version + 1, row.sequence + 1, at


def give_up(
    row: Reservation,
    instrument: Instrument,
    *,
    by: Actor,
    at: datetime,
    act: str,
    late: bool = False,
    decision: Decision | None = None,
) -> None:
    """End a reservation in the caller's transaction; who waits is not yet served."""
    was = row.state
    stamp(row, at, state=State.CANCELLED)
    row.late = late
    row.save(update_fields=["state", "version", "sequence", "updated_at", "late"])
    if row.kind == Kind.HOLD:
        WaitingWish.objects.filter(hold=row, state=WishState.HELD).update(state=WishState.WITHDRAWN)
    changes = {"state": [was, row.state], "late": [False, late]}
    record(Act(act, row.public_id, changes, decision), by=by, at=at)
    given_up = was == State.CONFIRMED and by.user is not None and by.user.pk == row.holder_id
    hooks.released(taken_of(row, instrument.owner_id), given_up=given_up, by=by, at=at)


# Holds for the waiting list -------------------------------------------------------------------------------------
def lapse_hold(hold: Reservation, instrument: Instrument, *, at: datetime) -> None:
    """End a hold that nobody took in time and offer its span to whoever waits next; the instrument is locked."""
    hold.state, hold.version, hold.updated_at = State.EXPIRED, hold.version + 1, at
    hold.save(update_fields=["state", "version", "updated_at"])
    WaitingWish.objects.filter(hold=hold, state=WishState.HELD).update(state=WishState.EXPIRED)
    record(Act("hold.lapsed", hold.public_id, {"state": ["confirmed", "expired"]}), by=SYSTEM, at=at)
    hooks.released(taken_of(hold, instrument.owner_id), by=SYSTEM, at=at)
    tell_holder(hold, instrument, "waiting.lapsed", by=SYSTEM, at=at)
    promote(instrument, hold.occupied.lower, hold.occupied.upper, at=at)


def promote(instrument: Instrument, start: datetime, end: datetime, *, at: datetime) -> list[Reservation]:
    """Hold freed time for those who wait, first come first, in the transaction that freed it; instrument locked."""
    wishes = list(queries.wishes_waiting(instrument.pk, max(start, at), end)[:MOST_TRIED]) if end > at else []
    if not wishes:
        return []
    in_use = in_force(instrument, at)
    lock_pool(instrument.owner_id, together=in_use.terms.limits_together)
    made = []
    for wish in wishes:
        hold = _hold_for(wish, instrument, in_use, at=at)
        if hold is not None:
            made.append(hold)
    return made


def _hold_for(wish: WaitingWish, instrument: Instrument, in_use: InForce, *, at: datetime) -> Reservation | None:
    """A hold on the first free span that fits the wish and that its owner may book; None where there is none."""
    terms = in_use.terms
    earliest = max(wish.window.lower, at + timedelta(minutes=terms.notice_minutes))
    if earliest >= wish.window.upper:
        return None
    begins = intervals.first_start(
        free_spans(instrument, in_use, earliest, wish.window.upper),
        60 * wish.minutes,
        not_before=-(-int(earliest.timestamp()) // 60) * 60,
        step=60 * terms.step_minutes,
        origin=int(midnight(wish.window.lower, in_use.zone).timestamp()),
    )
    if begins is None:
        return None
    ((start, end),) = instants(intervals.merge([[begins, begins + 60 * wish.minutes]]))
    holder = viewer_of(wish.user)
    facts = book_facts(
        instrument, in_use, start, end, asker=holder, holder=holder, standing=(), now=at, project=wish.project
    )
    decision = rules.may_book(facts, now=at)
    if not decision.allowed():
        return None
    hold = Reservation(
        public_id=new_id(Reservation.KIND, queries.node()),
        instrument=instrument,
        span=queries.span_of(start, end),
        occupied=queries.span_of(*blocked(start, end, terms)),
        kind=Kind.HOLD,
        state=State.CONFIRMED,
        holder=wish.user,
        organisation_id=organisation_of(holder, instrument.owner_id),
        project=wish.project,
        policy_id=in_use.policy_id,
        held_until=min(at + timedelta(minutes=terms.hold_minutes), max(start, at + LEAST_HELD), end),
        created_at=at,
        updated_at=at,
    )
    hold.save(force_insert=True)
    wish.state, wish.hold = WishState.HELD, hold
    wish.save(update_fields=["state", "hold"])
    changes = {"wish": [None, wish.public_id], "span": [None, span_texts(hold)]}
    record(Act("hold.made", hold.public_id, changes, decision), by=SYSTEM, at=at)
    hooks.reserved(taken_of(hold, instrument.owner_id), by=SYSTEM, at=at)
    assert hold.held_until is not None
    tell_holder(hold, instrument, "waiting.held", by=SYSTEM, at=at, until=instant(hold.held_until, instrument))
    return hold
