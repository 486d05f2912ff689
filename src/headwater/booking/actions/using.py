"""At the instrument: starting, stopping, and settling by rule what nobody stopped, took up or approved."""

from __future__ import annotations

from datetime import datetime, timedelta

from headwater.accounts.audit import SYSTEM, Act, Actor, record
from headwater.booking import hooks, queries, rules
from headwater.booking.actions.holding import clear_standing, promote, stamp
from headwater.booking.actions.interlocks import signal
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.actions.settling import lock_calendar, settled
from headwater.booking.actions.telling import tell_holder
from headwater.booking.actions.waiting import end_hold
from headwater.booking.facts import asker_of, organisation_of, qualified, taken_of
from headwater.booking.models import Answered, Kind, Reservation, State, Usage
from headwater.booking.policies import in_force
from headwater.booking.telling import instant
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

EARLY = timedelta(minutes=30)
MOMENT = timedelta(minutes=1)
LOOK_BACK = timedelta(days=62)


@settled
def start_use(instrument_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Usage:
    """Start to use an instrument, against one's reservation where there is one; at most one use at once."""
    instrument = found_instrument(instrument_id, viewer)
    if by.user is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    lock_calendar(instrument.pk)
    in_use = in_force(instrument, at)
    near = clear_standing(instrument, at, at + EARLY, at=at)
    mine = next((one for one in near if one.holder_id == by.user.pk and one.state == State.CONFIRMED), None)
    others = [one for one in near if one is not mine and one.occupied.lower <= at < one.occupied.upper]
    needed = in_use.terms.needs_qualification
    trained = needed and qualified(by.user.pk, instrument.pk, at=at)[0]
    decision = rules.may_start(
        rules.StartFacts(
            asker=asker_of(viewer, instrument.owner_id),
            status=instrument.status,
            in_use=queries.open_usage(instrument.pk) is not None,
            reserved_until=mine.end if mine else None,
            others_reserve=tuple(rules.Standing(one.kind, one.start, one.end) for one in others),
            needs_qualification=needed,
            qualified=trained,
            zone=in_use.zone,
        )
    )
    if hooks.LISTENERS:
        decision += hooks.may_start(_begun(mine, instrument, viewer, at), at=at)
    permit(decision)
    if mine is not None:
        stamp(mine, at, state=rules.MOVES[mine.state, "start"])
        mine.save(update_fields=["state", "version", "sequence", "updated_at"])
    usage = Usage.objects.create(
        public_id=new_id(Usage.KIND, queries.node()),
        instrument=instrument,
        user=by.user,
        reservation=mine,
        started_at=at,
    )
    changes = {"instrument": [None, instrument.public_id], "reservation": [None, mine.public_id if mine else None]}
    record(Act("use.started", usage.public_id, changes, decision), by=by, at=at)
    signal("use.started", usage, instrument, at=at)
    return usage


def _begun(mine: Reservation | None, instrument: Instrument, viewer: Viewer, at: datetime) -> hooks.Taken:
    """A use that is to begin: against its reservation, or for an hour at first."""
    if mine is not None:
        return taken_of(mine, instrument.owner_id)
    organisation = organisation_of(viewer, instrument.owner_id)
    return hooks.Taken(
        *(None, "", "use", "requested", instrument.pk, instrument.owner_id, viewer.user_id, organisation),
        *(at, at + timedelta(hours=1)),
    )


def _walk_in(usage: Usage, instrument: Instrument, until: datetime) -> hooks.Taken:
    """A use without a reservation, as listeners hear of it."""
    organisation = organisation_of(viewer_of(usage.user), instrument.owner_id)
    return hooks.Taken(
        *(None, usage.public_id, "use", "used", instrument.pk, instrument.owner_id, usage.user_id, organisation),
        *(usage.started_at, until),
    )


def _end(usage: Usage, instrument: Instrument, stopped_at: datetime, *, settled: bool, by: Actor, at: datetime) -> None:
    """Stop a use; what it leaves of its reservation is free again, and offered to whoever waits. Instrument locked."""
    usage.stopped_at, usage.settled = stopped_at, settled
    usage.save(update_fields=["stopped_at", "settled"])
    signal("use.stopped", usage, instrument, at=at)
    if usage.reservation_id is None:
        if hooks.LISTENERS:
            hooks.walked_in(_walk_in(usage, instrument, stopped_at), by=by, at=at)
        return
    row = Reservation.objects.select_for_update(of=("self",)).get(pk=usage.reservation_id)
    if row.state != State.IN_USE:
        return
    cleanup = row.occupied.upper - row.end
    until = min(row.occupied.upper, max(stopped_at, row.occupied.lower + MOMENT) + cleanup)
    freed = until, row.occupied.upper
    stamp(row, at, state=rules.MOVES[row.state, "stop"])
    row.occupied = queries.span_of(row.occupied.lower, until)
    row.save(update_fields=["state", "version", "sequence", "updated_at", "occupied"])
    hooks.used(taken_of(row, instrument.owner_id), usage.started_at, stopped_at, by=by, at=at)
    if settled:
        tell_holder(row, instrument, "booking.use_settled", by=by, at=at, until=instant(stopped_at, instrument))
    if freed[0] < freed[1]:
        promote(instrument, *freed, at=at)


@settled
def stop_use(instrument_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> Usage:
    """Stop the use that is going on: one's own, or as a manager anybody's."""
    instrument = found_instrument(instrument_id, viewer)
    lock_calendar(instrument.pk)
    asker = asker_of(viewer, instrument.owner_id)
    permit(rules.may_write(asker))
    usage = queries.open_usage(instrument.pk)
    if usage is None or (usage.user_id != viewer.user_id and not asker.manages):
        raise Refused(Decision((Reason("usage.none"),)))
    _end(usage, instrument, max(at, usage.started_at), settled=False, by=by, at=at)
    record(Act("use.stopped", usage.public_id, {"stopped_at": [None, at.isoformat()]}), by=by, at=at)
    return usage


# By rule --------------------------------------------------------------------------------------------------------
@settled
def _settle_use(usage_pk: int, *, at: datetime) -> bool:
    """Settle one use that was never stopped: at its reservation's end, else after the longest time allowed."""
    usage = queries.usages_open().filter(pk=usage_pk).first()
    if usage is None:
        return False
    lock_calendar(usage.instrument_id)
    usage = queries.usages_open().filter(pk=usage_pk).first()
    if usage is None:
        return False
    terms = in_force(usage.instrument, usage.started_at).terms
    if usage.reservation is not None:
        due = max(usage.reservation.end, usage.started_at)
    else:
        due = usage.started_at + timedelta(minutes=terms.max_minutes)
    if at < due + timedelta(minutes=terms.forgotten_minutes):
        return False
    _end(usage, usage.instrument, due, settled=True, by=SYSTEM, at=at)
    record(Act("use.settled", usage.public_id, {"stopped_at": [None, due.isoformat()]}), by=SYSTEM, at=at)
    return True


@settled
def _settle_begun(public_id: str, *, at: datetime) -> bool:
    """Settle one booking whose time has begun: never approved, it expires; not taken up in time, it is missed."""
    row = queries.reservation(public_id)
    if row is None:
        return False
    lock_calendar(row.instrument_id)
    row = queries.reservation(public_id)
    if row is None or row.kind != Kind.BOOKING or row.start > at:
        return False
    if row.state == State.REQUESTED:
        act, done = "expire", "booking.expired"
    elif row.state == State.CONFIRMED:
        grace = in_force(row.instrument, row.created_at).terms.no_show_minutes
        if grace is None or at < row.start + timedelta(minutes=grace):
            return False
        act, done = "miss", "booking.missed"
    else:
        return False
    was = row.state
    stamp(row, at, state=rules.MOVES[was, act])
    row.save(update_fields=["state", "version", "sequence", "updated_at"])
    record(Act(done, row.public_id, {"state": [was, row.state]}), by=SYSTEM, at=at)
    hooks.released(taken_of(row, row.instrument.owner_id), missed=act == "miss", by=SYSTEM, at=at)
    tell_holder(row, row.instrument, done, by=SYSTEM, at=at)
    promote(row.instrument, max(row.occupied.lower, at), row.occupied.upper, at=at)
    return True


def settle(*, at: datetime) -> dict[str, int]:
    """Settle all that is due at ``at``, each in a transaction of its own, and count it; done again it finds nothing."""
    holds = list(queries.lapsed_holds(at).values_list("public_id", flat=True))
    for public_id in holds:
        end_hold(public_id, at=at)
    begun = queries.begun(at, within=LOOK_BACK).values_list("public_id", flat=True)
    return {
        "holds": len(holds),
        "bookings": sum(_settle_begun(public_id, at=at) for public_id in list(begun)),
        "uses": sum(_settle_use(pk, at=at) for pk in list(queries.usages_open().values_list("pk", flat=True))),
    }


KEPT = timedelta(days=7)


def forget_answers(*, at: datetime) -> int:
    """Forget what requests were answered a week ago and more; says how many."""
    return Answered.objects.filter(at__lt=at - KEPT).delete()[0]
