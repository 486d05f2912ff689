"""Beamtime in the one calendar: a whole set placed, moved and released at once, or nothing of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.booking import hooks, queries, rules
from headwater.booking.actions.holding import clear_standing, give_up, promote, span_texts, stamp
from headwater.booking.actions.managing import offer_new_times
from headwater.booking.actions.settling import lock_calendars, settled
from headwater.booking.facts import organisation_of, taken_of
from headwater.booking.models import Kind, Reservation, State
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

MOST_PLACED = 5_000


@dataclass(frozen=True, slots=True)
class Beamtime:
    """One piece of beamtime: on which instrument, from when to when, for whom, and for which award.

    ``reference`` tells it apart from all other beamtime: by it a new version of a schedule finds the piece again and
    moves it, so that its calendar entry stays the same one. ``holder`` is the address of whoever comes.
    """

    reference: str
    instrument: str
    start: datetime
    end: datetime
    holder: str
    project: str = ""
    note: str = ""
    terms: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))


@dataclass(frozen=True, slots=True)
class Placed:
    """What a new version of a schedule changed in the calendar."""

    made: tuple[Reservation, ...]
    moved: tuple[Reservation, ...]
    kept: tuple[Reservation, ...]
    released: tuple[Reservation, ...]
    displaced: tuple[Reservation, ...]


@settled
def place_beamtime(
    wanted: Sequence[Beamtime],
    viewer: Viewer,
    *,
    instead_of: Collection[str] = (),
    displace: bool = False,
    by: Actor,
    at: datetime,
) -> Placed:
    """Place a set of beamtime, all or none, and release what it replaces, in one transaction.

    ``instead_of`` are the references of the version before: those that are not wanted any more are released, those
    that are wanted again are moved where they differ (same identity, rising sequence) and left alone where they don't.
    Bookings in the way refuse the whole set, unless ``displace``: then they are cancelled, and their holders told and
    offered new times. Outages, other beamtime and use are never displaced.
    """
    names = {one.instrument for one in wanted}
    references = {*instead_of, *(one.reference for one in wanted)} - {""}
    known = list(queries.beamtime_of(references))
    instruments = {
        one.public_id: one
        for one in queries.bookable(viewer).filter(public_id__in=names | {row.instrument.public_id for row in known})
    }
    lock_calendars({one.pk for one in instruments.values()} | {row.instrument_id for row in known})
    known = list(queries.beamtime_of(references))  # as it is now that nobody else may change it
    holders = {one.email.lower(): one for one in queries.people({want.holder for want in wanted})}
    by_reference = {row.reference: row for row in known}
    standing = _standing(wanted, instruments, {row.pk for row in known}, at=at)
    _permit(wanted, viewer, instruments, known, holders, standing, displace)

    displaced = {one.pk: one for rows in standing.values() for one in rows}
    going = [one.public_id for one in (*known, *displaced.values())]
    hooks.expected([_asked(want, instruments, holders) for want in wanted], going, at=at)
    for one in displaced.values():
        give_up(one, one.instrument, by=by, at=at, act="booking.displaced")
    fresh = {want.reference for want in wanted}
    moved, kept, freed = [], [], []
    # What moves steps aside first, so that two may change places.
    for want in wanted:
        row = by_reference.get(want.reference)
        if row is not None and _differs(row, want, holders):
            freed.append((row.instrument, row.occupied.lower, row.occupied.upper))
            Reservation.objects.filter(pk=row.pk).update(state=State.CANCELLED)
            moved.append((row, want))
        elif row is not None:
            kept.append(row)
    released = [row for row in known if row.reference not in fresh]
    for row in released:
        freed.append((row.instrument, row.occupied.lower, row.occupied.upper))
        give_up(row, row.instrument, by=by, at=at, act="beamtime.released")
    for row, want in moved:
        _move(row, want, instruments[want.instrument], holders[want.holder.lower()], by=by, at=at)
    made = [
        _make(want, instruments[want.instrument], holders[want.holder.lower()], by=by, at=at)
        for want in wanted
        if want.reference not in by_reference
    ]
    for instrument, start, end in [*freed, *((one.instrument, one.start, one.end) for one in displaced.values())]:
        promote(instrument, start, end, at=at)
    for instrument in {one.instrument for one in displaced.values()}:
        offer_new_times(instrument, [one for one in displaced.values() if one.instrument == instrument], by=by, at=at)
    return Placed(
        tuple(made), tuple(row for row, _want in moved), tuple(kept), tuple(released), tuple(displaced.values())
    )


def _standing(
    wanted: Sequence[Beamtime], instruments: Mapping[str, Instrument], own: Collection[int], *, at: datetime
) -> dict[str, list[Reservation]]:
    """What is in the way of each piece, by its reference, the set's own earlier version apart."""
    found = {}
    for want in wanted:
        instrument = instruments.get(want.instrument)
        if instrument is not None and want.start < want.end:
            rows = clear_standing(instrument, want.start, want.end, at=at)
            found[want.reference] = [row for row in rows if row.pk not in own]
            for row in found[want.reference]:
                row.instrument = instrument
    return found


def _permit(
    wanted: Sequence[Beamtime],
    viewer: Viewer,
    instruments: Mapping[str, Instrument],
    known: Sequence[Reservation],
    holders: Mapping[str, User],
    standing: Mapping[str, Sequence[Reservation]],
    displace: bool,
) -> None:
    if len(wanted) > MOST_PLACED:
        raise Refused(Decision((Reason("beamtime.too_many", facts={"have": len(wanted), "most": MOST_PLACED}),)))
    offices = queries.offices_of(viewer.user_id)
    touched = {one.public_id: one for one in (*instruments.values(), *(row.instrument for row in known))}
    not_theirs = {one.instrument for one in wanted} - set(touched)
    for public_id, one in touched.items():
        facility = one.facility.public_id if one.facility else None
        office = "" in offices or (facility is not None and facility in offices)
        if not (viewer.operator or viewer.manages(one.owner_id) or office):
            not_theirs.add(public_id)
    seen: set[str] = set()
    unsound = []
    for want in wanted:
        if not want.reference or len(want.reference) > 60 or want.reference in seen or want.end <= want.start:
            unsound.append(want.reference or "?")
        seen.add(want.reference)
    movable = (Kind.BOOKING, Kind.HOLD) if displace else ()
    in_the_way = [
        row
        for rows in standing.values()
        for row in rows
        if row.kind not in movable or row.state in (State.IN_USE, State.USED)
    ]
    running = [row for row in known if row.state not in (State.CONFIRMED, State.REQUESTED)]
    permit(
        rules.may_place_beamtime(
            rules.PlaceFacts(
                may_write=viewer.may_write,
                not_theirs=tuple(sorted(not_theirs)),
                unsound=tuple(unsound),
                unknown_people=tuple(sorted({one.holder for one in wanted if one.holder.lower() not in holders})),
                overlapping=_overlapping(wanted),
                standing=tuple(
                    (row.instrument.name, row.kind, row.start, row.end, queries.zone_of(row.instrument))
                    for row in (*in_the_way, *_touched(running, wanted, holders))
                ),
            )
        )
    )


def _touched(
    running: Sequence[Reservation], wanted: Sequence[Beamtime], holders: Mapping[str, User]
) -> list[Reservation]:
    """Beamtime that has begun or is over and that the new version would change or release."""
    by_reference = {one.reference: one for one in wanted}
    return [
        row
        for row in running
        if row.reference not in by_reference or _differs(row, by_reference[row.reference], holders)
    ]


def _overlapping(wanted: Sequence[Beamtime]) -> tuple[str, ...]:
    """The references of pieces that lie on another of the same set."""
    found = []
    ordered = sorted(wanted, key=lambda one: (one.instrument, one.start, one.reference))
    for before, after in pairwise(ordered):
        if before.instrument == after.instrument and after.start < before.end:
            found.append(after.reference)
    return tuple(found)


def _differs(row: Reservation, want: Beamtime, holders: Mapping[str, User]) -> bool:
    holder = holders.get(want.holder.lower())
    return (row.instrument.public_id, row.start, row.end, row.holder_id, row.project, row.note) != (
        want.instrument,
        want.start,
        want.end,
        holder.pk if holder else None,
        want.project,
        want.note,
    )


def _move(row: Reservation, want: Beamtime, instrument: Instrument, holder: User, *, by: Actor, at: datetime) -> None:
    before = taken_of(row, row.instrument.owner_id)
    changes = {
        "instrument": [row.instrument.public_id, instrument.public_id],
        "span": [span_texts(row), [want.start.isoformat(), want.end.isoformat()]],
        "holder": [str(row.holder), str(holder)],
    }
    stamp(row, at, state=row.state)
    row.instrument, row.holder = instrument, holder
    row.organisation_id = organisation_of(viewer_of(holder), instrument.owner_id)
    row.span = row.occupied = queries.span_of(want.start, want.end)
    row.project, row.note, row.terms = want.project, want.note, dict(want.terms)
    row.save()
    record(Act("beamtime.moved", row.public_id, changes), by=by, at=at)
    hooks.changed(before, taken_of(row, instrument.owner_id), by=by, at=at)


def _asked(want: Beamtime, instruments: Mapping[str, Instrument], holders: Mapping[str, User]) -> hooks.Taken:
    """Beamtime that will be placed, as listeners hear of it."""
    instrument, holder = instruments[want.instrument], holders[want.holder.lower()]
    organisation = organisation_of(viewer_of(holder), instrument.owner_id) if hooks.LISTENERS else None
    return hooks.Taken(
        *(None, "", "beamtime", "confirmed", instrument.pk, instrument.owner_id, holder.pk, organisation),
        *(want.start, want.end, want.project, want.reference, dict(want.terms)),
    )


def _make(want: Beamtime, instrument: Instrument, holder: User, *, by: Actor, at: datetime) -> Reservation:
    row = Reservation(
        public_id=new_id(Reservation.KIND, queries.node()),
        instrument=instrument,
        span=queries.span_of(want.start, want.end),
        occupied=queries.span_of(want.start, want.end),
        kind=Kind.BEAMTIME,
        state=State.CONFIRMED,
        holder=holder,
        organisation_id=organisation_of(viewer_of(holder), instrument.owner_id),
        made_by=by.user,
        project=want.project,
        note=want.note,
        reference=want.reference,
        terms=dict(want.terms),
        created_at=at,
        updated_at=at,
    )
    row.save(force_insert=True)
    changes = {
        "instrument": [None, instrument.public_id],
        "span": [None, span_texts(row)],
        "reference": [None, want.reference],
    }
    record(Act("beamtime.placed", row.public_id, changes), by=by, at=at)
    hooks.reserved(taken_of(row, instrument.owner_id), by=by, at=at)
    return row
