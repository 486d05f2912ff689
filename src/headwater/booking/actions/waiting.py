"""The waiting list: joined, left, its holds taken or lapsed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from headwater.accounts.audit import Act, Actor, record
from headwater.booking import hooks, queries, rules
from headwater.booking.actions.changing import locked
from headwater.booking.actions.holding import give_up, lapse_hold, promote, stamp
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.actions.settling import lock_calendar, lock_pool, settled
from headwater.booking.actions.telling import tell_managers
from headwater.booking.facts import asker_of, book_facts, taken_of
from headwater.booking.models import Kind, Reservation, State, WaitingWish, WishState
from headwater.booking.policies import in_force
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer


@dataclass(frozen=True, slots=True)
class Wish:
    """So many minutes within a window, on one instrument."""

    instrument: str
    start: datetime
    end: datetime
    minutes: int
    project: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))


@settled
def wait(wish: Wish, viewer: Viewer, *, by: Actor, at: datetime) -> WaitingWish:
    """Join the waiting list; time that is free already is held at once."""
    instrument = found_instrument(wish.instrument, viewer)
    if by.user is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    lock_calendar(instrument.pk)
    waiting = queries.wishes_of(by.user.pk).count()
    decision = rules.may_wait(
        asker_of(viewer, instrument.owner_id),
        minutes_asked=wish.minutes,
        window=max(wish.end - wish.start, timedelta(0)),
        over=wish.end <= at,
        waiting=waiting,
    )
    permit(decision)
    row = WaitingWish.objects.create(
        public_id=new_id(WaitingWish.KIND, queries.node()),
        instrument=instrument,
        user=by.user,
        window=queries.span_of(wish.start, wish.end),
        minutes=wish.minutes,
        project=wish.project[: rules.LONGEST_PROJECT],
        made_at=at,
    )
    window = [wish.start.isoformat(), wish.end.isoformat()]
    record(Act("wish.made", row.public_id, {"window": [None, window], "minutes": [None, wish.minutes]}), by=by, at=at)
    promote(instrument, wish.start, wish.end, at=at)
    row.refresh_from_db()
    return row


@settled
def withdraw(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> WaitingWish:
    """Leave the waiting list; a hold one had is given up."""
    row = WaitingWish.objects.select_related("instrument").filter(public_id=public_id, user=viewer.user_id).first()
    if row is None or viewer.user_id is None:
        raise Refused(Decision((Reason("wish.not_found"),)))
    permit(rules.may_write(asker_of(viewer, row.instrument.owner_id)))
    lock_calendar(row.instrument_id)
    row.refresh_from_db()
    if row.state == WishState.HELD and row.hold is not None:
        hold = queries.reservation(row.hold.public_id)
        assert hold is not None
        give_up(hold, hold.instrument, by=by, at=at, act="booking.cancelled")
        promote(hold.instrument, hold.occupied.lower, hold.occupied.upper, at=at)
    elif row.state == WishState.WAITING:
        WaitingWish.objects.filter(pk=row.pk).update(state=WishState.WITHDRAWN)
        record(Act("wish.withdrawn", row.public_id, {"state": ["waiting", "withdrawn"]}), by=by, at=at)
    row.refresh_from_db()
    return row


@settled
def take_hold(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Reservation:
    """Turn a hold into a booking, by the rules as they are now; the span is already one's own."""
    row, decision = locked(public_id, viewer, "change", None)
    if row.kind != Kind.HOLD or row.holder is None:
        raise Refused(decision + Decision((Reason("reservation.kind_forbids", facts={"kind": row.kind}),)))
    if row.held_until is not None and row.held_until <= at:
        # The lapse is left to whoever sweeps: a refusal undoes what is written here.
        raise Refused(Decision((Reason("hold.lapsed"),)))
    in_use = in_force(row.instrument, at)
    lock_pool(row.instrument.owner_id, together=in_use.terms.limits_together)
    holder = viewer if row.holder_id == viewer.user_id else viewer_of(row.holder)
    facts = book_facts(
        row.instrument,
        in_use,
        row.start,
        row.end,
        asker=viewer,
        holder=holder,
        standing=(),
        now=at,
        but=row.pk,
        held=(row.start, row.end),
        project=row.project,
        terms_given=row.terms,
    )
    decision += rules.may_book(facts, now=at)
    permit(decision)
    before = taken_of(row, row.instrument.owner_id)
    asked = "booking.needs_approval" in decision.codes
    stamp(row, at, state=State.REQUESTED if asked else State.CONFIRMED)
    row.kind, row.held_until, row.made_by = Kind.BOOKING, None, by.user
    row.save(update_fields=["kind", "held_until", "made_by", "state", "version", "sequence", "updated_at"])
    WaitingWish.objects.filter(hold=row).update(state=WishState.BOOKED)
    record(Act("hold.taken", row.public_id, {"state": ["hold", row.state]}, decision), by=by, at=at)
    hooks.changed(before, taken_of(row, row.instrument.owner_id), by=by, at=at)
    if asked:
        tell_managers(row, row.instrument, "approval.asked", at=at)
    return row


@settled
def end_hold(public_id: str, *, at: datetime) -> None:
    """End one hold that has lapsed; nothing where it was taken or given up meanwhile."""
    row = queries.reservation(public_id)
    if row is None:
        return
    lock_calendar(row.instrument_id)
    row = queries.reservation(public_id)
    if row and row.kind == Kind.HOLD and row.state == State.CONFIRMED and row.held_until and row.held_until <= at:
        instrument: Instrument = row.instrument
        lapse_hold(row, instrument, at=at)
