"""What happens to time that is booked: moved, handed over, cancelled, approved, declined."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from headwater.accounts.audit import Act, Actor, record
from headwater.booking import hooks, queries, rules
from headwater.booking.actions.holding import clear_standing, give_up, promote, span_texts, stamp
from headwater.booking.actions.reserving import found_user
from headwater.booking.actions.settling import lock_calendar, lock_pool, settled
from headwater.booking.actions.telling import tell_holder, tell_managers, tell_user
from headwater.booking.facts import asker_of, book_facts, organisation_of, standing_of, taken_of, with_help
from headwater.booking.models import Kind, Reservation, State
from headwater.booking.policies import blocked, in_force
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.facts import viewer_of
from headwater.registry.rules import Viewer


def locked(public_id: str, viewer: Viewer, act: str, expected: int | None) -> tuple[Reservation, Decision]:
    """One reservation with its instrument locked, and whether ``viewer`` may do ``act``; hidden ones are not there."""
    row = queries.reservation(public_id)
    if row is None:
        raise Refused(Decision((Reason("reservation.not_found"),)))
    lock_calendar(row.instrument_id)
    row = queries.reservation(public_id)  # as it is now that nobody else may change it
    assert row is not None
    facts = rules.ChangeFacts(
        asker=asker_of(viewer, row.instrument.owner_id),
        is_holder=viewer.signed_in and row.holder_id == viewer.user_id,
        kind=row.kind,
        state=row.state,
        version=row.version,
        expected_version=expected,
        act=act,
    )
    decision = rules.may_change(facts)
    if "reservation.not_found" in decision.codes:
        raise Refused(decision)
    return row, decision


@settled
def cancel(public_id: str, viewer: Viewer, *, expected_version: int | None, by: Actor, at: datetime) -> Reservation:
    """Give time up; the first who waits and fits gets a hold on it before anybody else can see it free."""
    row, decision = locked(public_id, viewer, "cancel", expected_version)
    permit(decision)
    late = row.kind == Kind.BOOKING and rules.is_late(row.start, in_force(row.instrument, row.created_at).terms, now=at)
    give_up(row, row.instrument, by=by, at=at, act="booking.cancelled", late=late, decision=decision)
    tell_holder(row, row.instrument, "booking.cancelled", by=by, at=at)
    promote(row.instrument, row.occupied.lower, row.occupied.upper, at=at)
    return row


@settled
def move(
    public_id: str,
    start: datetime,
    end: datetime,
    viewer: Viewer,
    *,
    expected_version: int | None,
    by: Actor,
    at: datetime,
    waive: Collection[str] = (),
    ground: str = "",
) -> Reservation:
    """Move, shorten or lengthen a booking; the calendar entry stays the same one. The rules are those in force now."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    row, decision = locked(public_id, viewer, "change", expected_version)
    instrument, in_use = row.instrument, in_force(row.instrument, at)
    if row.kind != Kind.BOOKING or row.holder is None:
        raise Refused(decision + Decision((Reason("reservation.kind_forbids", facts={"kind": row.kind}),)))
    lock_pool(instrument.owner_id, together=in_use.terms.limits_together)
    span = blocked(start, end, in_use.terms)
    standing = clear_standing(instrument, *span, at=at, but=row.pk) if start < end else []
    holder = viewer if row.holder_id == viewer.user_id else viewer_of(row.holder)
    facts = book_facts(
        instrument,
        in_use,
        start,
        end,
        asker=viewer,
        holder=holder,
        standing=standing_of(standing),
        now=at,
        but=row.pk,
        held=(row.start, row.end),
        project=row.project,
        terms_given=row.terms,
    )
    said = rules.may_book(facts, now=at)
    if not said.allowed(waived=waive):
        facts = with_help(facts, said.codes, instrument, in_use, asker=viewer, now=at, but=row.pk)
        said = rules.may_book(facts, now=at)
    decision += rules.may_waive(facts.asker, waive) + said
    permit(decision, waive=waive, ground=ground)
    before, freed, was = taken_of(row, instrument.owner_id), row.occupied, span_texts(row)
    # Giving up a part of what was approved needs no new approval.
    less = row.start <= start and end <= row.end
    state = State.REQUESTED if "booking.needs_approval" in decision.codes and not less else row.state
    stamp(row, at, state=state)
    row.span, row.occupied, row.policy_id = queries.span_of(start, end), queries.span_of(*span), in_use.policy_id
    row.save(update_fields=["state", "version", "sequence", "updated_at", "span", "occupied", "policy"])
    changes = {"span": [was, [start.isoformat(), end.isoformat()]]}
    record(Act("booking.moved", row.public_id, changes, decision, tuple(waive), ground), by=by, at=at)
    hooks.changed(before, taken_of(row, instrument.owner_id), by=by, at=at)
    tell_holder(row, instrument, "booking.moved", by=by, at=at)
    if state == State.REQUESTED:
        tell_managers(row, instrument, "approval.asked", at=at)
    promote(instrument, freed.lower, freed.upper, at=at)
    return row


@settled
def hand_over(
    public_id: str, email: str, viewer: Viewer, *, expected_version: int | None, by: Actor, at: datetime
) -> Reservation:
    """Hand a booking to somebody else who may use the instrument; her quotas and her qualification count."""
    row, decision = locked(public_id, viewer, "change", expected_version)
    if row.kind != Kind.BOOKING:
        raise Refused(decision + Decision((Reason("reservation.kind_forbids", facts={"kind": row.kind}),)))
    user = found_user(email)
    holder, in_use = viewer_of(user), in_force(row.instrument, at)
    lock_pool(row.instrument.owner_id, together=in_use.terms.limits_together)
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
        project=row.project,
        terms_given=row.terms,
    )
    decision += rules.may_take_over(facts)
    permit(decision)
    before, was = taken_of(row, row.instrument.owner_id), row.holder.email if row.holder else ""
    asked = "booking.needs_approval" in decision.codes
    stamp(row, at, state=State.REQUESTED if asked else row.state)
    row.holder, row.organisation_id = user, organisation_of(holder, row.instrument.owner_id)
    row.save(update_fields=["state", "version", "sequence", "updated_at", "holder", "organisation"])
    record(Act("booking.handed_over", row.public_id, {"holder": [was, user.email]}, decision), by=by, at=at)
    hooks.changed(before, taken_of(row, row.instrument.owner_id), by=by, at=at)
    tell_user(user, row, row.instrument, "booking.handed_to_you", at=at, giver=str(by.user or was))
    if asked:
        tell_managers(row, row.instrument, "approval.asked", at=at)
    return row


@settled
def decide_request(
    public_id: str, viewer: Viewer, *, approve: bool, expected_version: int | None, by: Actor, at: datetime
) -> Reservation:
    """Approve a booking that awaits it, or decline it and offer its time to whoever waits."""
    act = "approve" if approve else "decline"
    row, decision = locked(public_id, viewer, act, expected_version)
    permit(decision)
    before = taken_of(row, row.instrument.owner_id)
    stamp(row, at, state=rules.MOVES[row.state, act])
    row.save(update_fields=["state", "version", "sequence", "updated_at"])
    done = "booking.approved" if approve else "booking.declined"
    record(Act(done, row.public_id, {"state": ["requested", row.state]}, decision), by=by, at=at)
    tell_holder(row, row.instrument, done, by=by, at=at)
    now = taken_of(row, row.instrument.owner_id)
    if approve:
        hooks.changed(before, now, by=by, at=at)
    else:
        hooks.released(now, by=by, at=at)
        promote(row.instrument, row.occupied.lower, row.occupied.upper, at=at)
    return row


def decide_many(
    asked: Sequence[tuple[str, int | None]], viewer: Viewer, *, approve: bool, by: Actor, at: datetime
) -> tuple[list[Reservation], list[tuple[str, Decision]]]:
    """Approve or decline several, each in a transaction of its own; what could not be decided comes back with why."""
    done, refused = [], []
    for public_id, version in asked:
        try:
            done.append(decide_request(public_id, viewer, approve=approve, expected_version=version, by=by, at=at))
        except Refused as error:
            refused.append((public_id, error.decision))
    return done, refused
