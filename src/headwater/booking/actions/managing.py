"""The manager's part: the rules of instruments, and outages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from headwater.accounts.audit import Act, Actor, record
from headwater.booking import queries, rules
from headwater.booking.actions.changing import locked
from headwater.booking.actions.holding import clear_standing, give_up, promote, stamp
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.actions.settling import lock_calendar, settled
from headwater.booking.actions.telling import tell_holder
from headwater.booking.facts import asker_of, nearest_free
from headwater.booking.hours import HoursError, read_hours, write_line
from headwater.booking.models import Kind, Policy, Reservation, State
from headwater.booking.policies import TERMS, in_force, in_force_of, zone_of
from headwater.booking.telling import instant
from headwater.core.decision import Decision, Reason, permit
from headwater.core.identity import new_id
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

MOST_CLOSED_DAYS = 1000


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """Rules for one instrument from an instant on; ``for_owner`` sets them for all of its owner's instruments."""

    instrument: str
    since: datetime
    terms: rules.Terms
    week: Sequence[Sequence[Sequence[str]]]
    closed_days: tuple[date, ...] = ()
    qualification_days: int | None = None
    peak: Sequence[Sequence[Sequence[str]]] = ()
    for_owner: bool = False


def unreadable(draft: PolicyDraft) -> tuple[str, ...]:
    """The parts of a draft's opening and busy hours that can't be read."""
    wrong = []
    for week in (draft.week, draft.peak):
        try:
            if week or week is draft.week:
                read_hours(week, draft.closed_days)
        except (HoursError, TypeError, ValueError) as error:
            wrong.append(str(getattr(error, "value", error)))
    return tuple(wrong)


@settled
def set_policy(draft: PolicyDraft, viewer: Viewer, *, by: Actor, at: datetime) -> Policy:
    """Set the rules from ``since`` on; what is booked already stays as it was booked."""
    instrument = found_instrument(draft.instrument, viewer)
    wrong = unreadable(draft)
    facts = rules.PolicyFacts(asker_of(viewer, instrument.owner_id), draft.terms, wrong, draft.since)
    decision = rules.may_set_policy(facts, now=at)
    if len(draft.closed_days) > MOST_CLOSED_DAYS:
        decision += Decision((Reason("policy.too_large", facts={"field": "closed_days", "most": MOST_CLOSED_DAYS}),))
    permit(decision)
    old = in_force(instrument, draft.since)
    values = {name: getattr(draft.terms, name) for name in TERMS} | {"approval_for": sorted(draft.terms.approval_for)}
    policy = Policy.objects.create(
        instrument=None if draft.for_owner else instrument,
        owner=instrument.owner if draft.for_owner else None,
        since=draft.since,
        hours=[[list(span) for span in day] for day in draft.week],
        closed_days=list(draft.closed_days),
        peak=[[list(span) for span in day] for day in draft.peak],
        qualification_days=draft.qualification_days,
        made_by=by.user,
        made_at=at,
        **values,
    )
    new = in_force_of(policy, zone_of(instrument))
    changes: dict[str, object] = {"since": [None, draft.since.isoformat()]}
    for name in TERMS:
        before, after = getattr(old.terms, name), getattr(new.terms, name)
        if before != after:
            changes[name] = [sorted(one) if isinstance(one, frozenset) else one for one in (before, after)]
    for name, given in (("hours", policy.hours), ("peak", policy.peak)):
        if getattr(old, name) != getattr(new, name):
            changes[name] = [None, [write_line(day) for day in given]]
    if old.hours.closed != new.hours.closed:
        changes["closed_days"] = [None, [day.isoformat() for day in sorted(new.hours.closed)]]
    if old.qualification_days != new.qualification_days:
        changes["qualification_days"] = [old.qualification_days, new.qualification_days]
    subject = instrument.owner.public_id if draft.for_owner else instrument.public_id
    record(Act("policy.set", subject, changes, decision), by=by, at=at)
    return policy


@settled
def record_outage(
    instrument_id: str, start: datetime, end: datetime, note: str, viewer: Viewer, *, by: Actor, at: datetime
) -> tuple[Reservation, tuple[Reservation, ...]]:
    """Record that an instrument is down; bookings in its way end, their holders told and offered new times."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    instrument = found_instrument(instrument_id, viewer)
    lock_calendar(instrument.pk)
    standing = clear_standing(instrument, start, end, at=at) if start < end else []
    zone = zone_of(instrument)
    immovable = tuple(
        Reason("outage.stands", facts=rules.span_facts(one.start, one.end, zone))
        for one in standing
        if one.kind in (Kind.OUTAGE, Kind.BEAMTIME) or one.state in (State.IN_USE, State.USED)
    )
    asker = asker_of(viewer, instrument.owner_id)
    permit(rules.may_record_outage(asker, start, end, now=at, note_length=len(note)) + Decision(immovable))
    row = _outage(instrument, start, end, note, standing, by=by, at=at)
    offer_new_times(instrument, standing, by=by, at=at)
    for one in standing:
        promote(instrument, one.occupied.lower, one.occupied.upper, at=at)
    return row, tuple(standing)


def _outage(
    instrument: Instrument,
    start: datetime,
    end: datetime,
    note: str,
    standing: Sequence[Reservation],
    *,
    by: Actor,
    at: datetime,
) -> Reservation:
    for one in standing:
        give_up(one, instrument, by=by, at=at, act="booking.displaced")
    row = Reservation(
        public_id=new_id(Reservation.KIND, queries.node()),
        instrument=instrument,
        span=queries.span_of(start, end),
        occupied=queries.span_of(start, end),
        kind=Kind.OUTAGE,
        state=State.CONFIRMED,
        made_by=by.user,
        note=note,
        created_at=at,
        updated_at=at,
    )
    row.save(force_insert=True)
    changes = {"instrument": [None, instrument.public_id], "span": [None, [start.isoformat(), end.isoformat()]]}
    record(Act("outage.recorded", row.public_id, changes), by=by, at=at)
    return row


def offer_new_times(instrument: Instrument, displaced: Sequence[Reservation], *, by: Actor, at: datetime) -> None:
    """Tell those whose time an outage took, with the nearest free time of the same length."""
    if not displaced:
        return
    in_use = in_force(instrument, at)
    for one in displaced:
        found = nearest_free(instrument, in_use, one.start, one.end, now=at)
        if found:
            begins, ends = (instant(edge, instrument) for edge in found[0])
            tell_holder(one, instrument, "booking.displaced", by=by, at=at, new_start=begins, new_end=ends)
        else:
            tell_holder(one, instrument, "booking.displaced_for_long", by=by, at=at)


@settled
def end_outage(public_id: str, viewer: Viewer, *, until: datetime, by: Actor, at: datetime) -> Reservation:
    """End an outage earlier than it was recorded for, or take back one that has not begun; its time is free again."""
    row, decision = locked(public_id, viewer, "cancel", None)
    if row.kind != Kind.OUTAGE:
        decision += Decision((Reason("reservation.kind_forbids", facts={"kind": row.kind}),))
    permit(decision)
    freed = row.occupied
    if until <= row.start:
        give_up(row, row.instrument, by=by, at=at, act="outage.ended")
        promote(row.instrument, freed.lower, freed.upper, at=at)
    elif until < row.end:
        stamp(row, at, state=row.state)
        row.span = row.occupied = queries.span_of(row.start, until)
        row.save(update_fields=["state", "version", "sequence", "updated_at", "span", "occupied"])
        changes = {"end": [freed.upper.isoformat(), until.isoformat()]}
        record(Act("outage.ended", row.public_id, changes), by=by, at=at)
        promote(row.instrument, until, freed.upper, at=at)
    return row
