"""Taking time: one booking, or a series."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.booking import hooks, queries, rules
from headwater.booking.actions.holding import clear_standing, span_texts
from headwater.booking.actions.settling import lock_pool, locking, settled
from headwater.booking.actions.telling import tell_holder, tell_managers
from headwater.booking.facts import Load, book_facts, load_of, organisation_of, taken_of, with_help
from headwater.booking.limits import Whose, whose_of
from headwater.booking.models import Kind, Reservation, Series, State
from headwater.booking.policies import InForce, Trained, blocked, in_force_for
from headwater.core.decision import Decision, Reason, Refused, Weight, permit
from headwater.core.identity import new_id
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

MOST_OCCURRENCES = 60


@dataclass(frozen=True, slots=True)
class Ask:
    """Time that somebody asks for; ``holder`` is the address of whom it is for, empty for herself."""

    instrument: str
    start: datetime
    end: datetime
    project: str = ""
    note: str = ""
    holder: str = ""
    terms: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Python takes two times of one zone apart by their clocks, not by the hours between them.
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))


def found_instrument(
    public_id: str, viewer: Viewer, *, locked: bool = False, ruled_at: datetime | None = None
) -> Instrument:
    """The instrument if ``viewer`` may see it; ``locked``: its calendar is hers until the transaction ends.

    With ``ruled_at`` it knows which rules are in force then, for `policies.in_force_with`.
    """
    rows = queries.decided(viewer)
    if ruled_at is not None:
        rows = queries.ruled(rows, ruled_at)
    if locked:
        rows = locking(rows)
    instrument = rows.filter(public_id=public_id).order_by().first()
    if instrument is None:
        raise Refused(Decision((Reason("instrument.not_found"),)))
    return instrument


def found_user(email: str) -> User:
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if user is None:
        raise Refused(Decision((Reason("person.not_found", facts={"email": email}),)))
    return user


def _write(
    instrument: Instrument,
    in_use: InForce,
    facts: rules.BookFacts,
    ask: Ask,
    holder: User,
    organisation: int | None,
    *,
    by: Actor,
    at: datetime,
    series: Series | None,
    decision: Decision,
    waived: Collection[str],
    ground: str,
    memo: dict[str, object],
) -> Reservation:
    asked = "booking.needs_approval" in decision.codes
    row = Reservation(
        public_id=new_id(Reservation.KIND, queries.node()),
        instrument=instrument,
        span=queries.span_of(facts.start, facts.end),
        occupied=queries.span_of(*blocked(facts.start, facts.end, facts.terms)),
        kind=Kind.BOOKING,
        state=State.REQUESTED if asked else State.CONFIRMED,
        holder=holder,
        organisation_id=organisation,
        made_by=by.user,
        project=ask.project,
        note=ask.note,
        terms=dict(ask.terms),
        series=series,
        policy_id=in_use.policy_id,
        created_at=at,
        updated_at=at,
    )
    row.save(force_insert=True)
    changes = {"instrument": [None, instrument.public_id], "span": [None, span_texts(row)], "state": [None, row.state]}
    record(
        Act("booking.made", row.public_id, changes, decision, tuple(waived), ground),
        by=by,
        at=at,
    )
    hooks.reserved(taken_of(row, instrument.owner_id, memo), by=by, at=at)
    tell_holder(row, instrument, "booking.made_for_you", by=by, at=at)
    if asked:
        tell_managers(row, instrument, "approval.asked", at=at)
    return row


def _decide(
    ask: Ask,
    instrument: Instrument,
    in_use: InForce,
    viewer: Viewer,
    holder: Viewer,
    *,
    at: datetime,
    trained: Trained,
    whose: Whose,
    memo: dict[str, object],
) -> tuple[rules.BookFacts, Decision]:
    """Decide on one asked span of a locked instrument."""
    load = Load()
    if ask.start < ask.end:
        span = instrument, in_use, ask.start, ask.end
        load = load_of(*span, whose=whose, now=at)
        if load.lapsed:
            lock_pool(instrument.owner_id, together=in_use.terms.limits_together)  # whoever waits next is served
            clear_standing(instrument, *blocked(ask.start, ask.end, in_use.terms), at=at)
            load = load_of(*span, whose=whose, now=at)
    facts = book_facts(
        instrument,
        in_use,
        ask.start,
        ask.end,
        asker=viewer,
        holder=holder,
        standing=load.standing,
        quotas=load.quotas,
        trained=trained,
        now=at,
        project=ask.project,
        note=ask.note,
        terms_given=dict(ask.terms),
        memo=memo,
    )
    return facts, rules.may_book(facts, now=at)


@dataclass(frozen=True, slots=True)
class _Decided:
    """A decision that was come to while the instrument was locked, and what it looked at."""

    instrument: Instrument
    in_use: InForce
    facts: rules.BookFacts
    decision: Decision

    def with_help(self, viewer: Viewer, *, at: datetime) -> Decision:
        """The same decision and, where it is a refusal, what would help: looked up when nobody waits for it."""
        if self.decision.allowed():
            return self.decision
        facts = with_help(self.facts, self.decision.codes, self.instrument, self.in_use, asker=viewer, now=at)
        return rules.may_book(facts, now=at)


def _holder(ask: Ask, viewer: Viewer, by: Actor) -> tuple[User, Viewer]:
    """Whom the time is for, as a user and as a viewer."""
    if by.user is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    if not ask.holder or ask.holder.strip().lower() == by.user.email.lower():
        return by.user, viewer
    user = found_user(ask.holder)
    return user, viewer_of(user)


def book(
    ask: Ask, viewer: Viewer, *, by: Actor, at: datetime, waive: Collection[str] = (), ground: str = ""
) -> Reservation:
    """Book a span, or refuse it with all reasons and the nearest free spans."""
    done = _book(ask, viewer, by=by, at=at, waive=waive, ground=ground)
    if isinstance(done, Reservation):
        return done
    decision = rules.may_waive(done.facts.asker, waive) + done.with_help(viewer, at=at)
    permit(decision, waive=waive, ground=ground)
    raise Refused(decision)


@settled
def _book(
    ask: Ask, viewer: Viewer, *, by: Actor, at: datetime, waive: Collection[str], ground: str
) -> Reservation | _Decided:
    """The booking, or the decision against it; while the instrument is locked, nothing is done that can wait."""
    holder, held_by = _holder(ask, viewer, by)
    instrument = found_instrument(ask.instrument, viewer, locked=True)
    in_use, trained = in_force_for(instrument, holder.pk, at)
    lock_pool(instrument.owner_id, together=in_use.terms.limits_together)
    organisation = organisation_of(held_by, instrument.owner_id)
    whose = whose_of(instrument, in_use, holder.pk, organisation)
    memo: dict[str, object] = {}
    known = {"at": at, "trained": trained, "whose": whose, "memo": memo}
    facts, decision = _decide(ask, instrument, in_use, viewer, held_by, **known)
    decided = _Decided(instrument, in_use, facts, decision)
    decision = rules.may_waive(facts.asker, waive) + decision
    try:
        permit(decision, waive=waive, ground=ground)
    except Refused:
        return decided
    return _write(
        instrument,
        in_use,
        facts,
        ask,
        holder,
        organisation,
        by=by,
        at=at,
        series=None,
        decision=decision,
        waived=waive,
        ground=ground,
        memo=memo,
    )


def preview(ask: Ask, viewer: Viewer, *, by: Actor, at: datetime) -> Decision:
    """The decision that `book` would come to now; writes nothing but the end of holds that have lapsed."""
    return _preview(ask, viewer, by=by, at=at).with_help(viewer, at=at)


@settled
def _preview(ask: Ask, viewer: Viewer, *, by: Actor, at: datetime) -> _Decided:
    user, held_by = _holder(ask, viewer, by)
    instrument = found_instrument(ask.instrument, viewer, locked=True)
    in_use, trained = in_force_for(instrument, user.pk, at)
    whose = whose_of(instrument, in_use, user.pk, organisation_of(held_by, instrument.owner_id))
    known = {"at": at, "trained": trained, "whose": whose, "memo": {}}
    facts, decision = _decide(ask, instrument, in_use, viewer, held_by, **known)
    return _Decided(instrument, in_use, facts, decision)


@dataclass(frozen=True, slots=True)
class Repeat:
    """How a series goes on: so many times, every so many days, at the same time by the instrument's clocks."""

    every_days: int
    times: int
    without: frozenset[date] = frozenset()
    skip_conflicts: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a series: what was booked, and for each day that was not, why."""

    series: Series
    booked: tuple[Reservation, ...]
    skipped: tuple[tuple[date, Decision], ...]


def _occurrences(ask: Ask, repeat: Repeat, in_use: InForce) -> list[Ask]:
    """Every span of the series: wall-clock times stay, whatever the clocks do in between."""
    first, last = ask.start.astimezone(in_use.zone), ask.end.astimezone(in_use.zone)
    found = []
    for number in range(repeat.times):
        start = first + timedelta(days=repeat.every_days * number)
        end = last + timedelta(days=repeat.every_days * number)
        if start.date() not in repeat.without:
            # Arithmetic on local time keeps the wall clock; a zone's offset is looked up anew when it is read.
            found.append(replace(ask, start=start, end=end))
    return found


def _may_repeat(repeat: Repeat) -> Decision:
    if 1 <= repeat.every_days <= 366 and 2 <= repeat.times <= MOST_OCCURRENCES:
        return Decision()
    return Decision((Reason("series.shape", facts={"most": MOST_OCCURRENCES}),))


@settled
def book_series(ask: Ask, repeat: Repeat, viewer: Viewer, *, by: Actor, at: datetime) -> Made:
    """Book a series: all of it or none, or, where asked, what is free, saying which days were left out and why."""
    permit(_may_repeat(repeat))
    holder, held_by = _holder(ask, viewer, by)
    instrument = found_instrument(ask.instrument, viewer, locked=True)
    in_use, trained = in_force_for(instrument, holder.pk, at)
    lock_pool(instrument.owner_id, together=in_use.terms.limits_together)
    organisation = organisation_of(held_by, instrument.owner_id)
    whose = whose_of(instrument, in_use, holder.pk, organisation)
    series = Series.objects.create(
        public_id=new_id(Series.KIND, queries.node()),
        instrument=instrument,
        holder=holder,
        every_days=repeat.every_days,
        made_at=at,
    )
    booked: list[Reservation] = []
    skipped: list[tuple[date, Decision]] = []
    occurrences = _occurrences(ask, repeat, in_use)
    parties: dict[str, object] = {}  # what listeners look up once for all of them
    if hooks.LISTENERS:
        who = (instrument.pk, instrument.owner_id, holder.pk, organisation)
        coming = [
            hooks.Taken(
                *(None, "", "booking", "requested", *who, one.start, one.end, one.project, "", one.terms),
                {"parties": parties},
            )
            for one in occurrences
        ]
        hooks.expected(coming, (), at=at)
    for one in occurrences:
        memo: dict[str, object] = {"parties": parties}
        known = {"at": at, "trained": trained, "whose": whose, "memo": memo}
        facts, decision = _decide(one, instrument, in_use, viewer, held_by, **known)
        if decision.allowed():
            booked.append(
                _write(
                    instrument,
                    in_use,
                    facts,
                    one,
                    holder,
                    organisation,
                    by=by,
                    at=at,
                    series=series,
                    decision=decision,
                    waived=(),
                    ground="",
                    memo=memo,
                )
            )
        else:
            skipped.append((one.start.astimezone(in_use.zone).date(), decision))
    if (skipped and not repeat.skip_conflicts) or not booked:
        raise Refused(_of_days(skipped))
    return Made(series, tuple(booked), tuple(skipped))


def _of_days(skipped: Sequence[tuple[date, Decision]]) -> Decision:
    """All that stands in a series' way, each day's reasons after a note that names the day."""
    found = []
    for day, decision in skipped:
        found.append(Reason("series.day", Weight.NOTE, {"day": day.isoformat()}))
        found += decision.reasons
    return Decision(tuple(found)) if found else Decision((Reason("series.empty"),))
