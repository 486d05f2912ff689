"""What a change of rules would have done to what was booked: the same rules on the same facts, before it is saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from headwater.booking import queries, rules
from headwater.booking.facts import asker_of
from headwater.booking.hours import HoursError, read_hours
from headwater.booking.limits import Whose, limited, pool_beside, quotas_within, weeks_of
from headwater.booking.models import Group, Reservation
from headwater.booking.policies import NEVER, InForce, blocked
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.engines import intervals
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

DAYS = 31


@dataclass(frozen=True, slots=True)
class Replay:
    """How many bookings there were, which the rules would have refused and why, and how many wait for approval."""

    days: int
    bookings: int
    refused: tuple[tuple[Reservation, Decision], ...]
    awaiting_approval: int
    reasons: Mapping[str, int]


def rules_of(draft: object, instrument: Instrument) -> InForce:
    """A draft's rules as if they were in force. Raises `Refused` where its hours can't be read."""
    week, peak, closed = draft.week, draft.peak, draft.closed_days  # type: ignore[attr-defined]
    try:
        hours = read_hours(week, closed)
        busy = read_hours(peak) if peak else NEVER
    except (HoursError, TypeError, ValueError) as error:
        facts = {"value": str(getattr(error, "value", error))}
        raise Refused(Decision((Reason("policy.hours_unreadable", facts=facts),))) from error
    return InForce(None, draft.terms, hours, queries.zone_of(instrument), None, busy)  # type: ignore[attr-defined]


def replayed(draft: object, viewer: Viewer, *, at: datetime) -> Replay:
    """Last month's bookings of an instrument, each decided anew by the draft's rules as it was when it was made.

    Those that the rules let through count against the quotas of later ones, as they would have; where limits count
    together, so does what had been booked by then on the other instruments, as it stands. Who is in which group is as
    it is now. A fixed number of queries, however many bookings there were.
    """
    from headwater.booking.actions.reserving import found_instrument

    instrument = found_instrument(draft.instrument, viewer)  # type: ignore[attr-defined]
    asker = asker_of(viewer, instrument.owner_id)
    held = rules_of(draft, instrument)
    permit(rules.may_set_policy(rules.PolicyFacts(asker, held.terms, (), at), now=at))
    rows = list(queries.booked_between(instrument.pk, at - timedelta(days=DAYS), at))
    kinds = queries.kinds_of({row.holder_id for row in rows if row.holder_id}, instrument.owner_id)
    trained = queries.trained_for(instrument.pk)
    spent = _Spent(queries.membership_in(instrument.owner_id))
    if held.terms.limits_together:
        beside = pool_beside(instrument, for_owner=draft.for_owner, at=at)  # type: ignore[attr-defined]
        for span, *whose in queries.booked_on(beside, at - timedelta(days=DAYS) - WEEK, at):
            spent.add(span.lower, span.upper, *whose)
    kept: list[Reservation] = []
    refused, awaiting = [], 0
    reasons: Counter[str] = Counter()
    for row in rows:
        decision = rules.may_book(_facts(row, instrument, held, kept, spent, kinds, trained), now=row.created_at)
        if decision.allowed():
            kept.append(row)
            spent.add(row.start, row.end, row.holder_id, row.organisation_id, row.created_at)
            awaiting += "booking.needs_approval" in decision.codes
        else:
            refused.append((row, decision))
            reasons.update({one.code for one in decision.reasons if not Decision((one,)).allowed()})
    return Replay(DAYS, len(rows), tuple(refused), awaiting, dict(reasons))


WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Time that counted, and against whose limits."""

    start: datetime
    end: datetime
    person: bool
    organisation: bool
    group: bool


class _Spent:
    """What was booked, by the week it lies in, so that a booking looks at its own weeks alone."""

    def __init__(self, groups: Mapping[int, Group]) -> None:
        self.groups = groups
        self.weeks: dict[int, list[tuple[int, datetime, datetime, int | None, int | None, datetime]]] = {}
        self.count = 0

    def add(
        self, start: datetime, end: datetime, holder: int | None, organisation: int | None, made_at: datetime
    ) -> None:
        self.count += 1  # two alike, on two instruments, are two
        for week in _weeks(start, end):
            self.weeks.setdefault(week, []).append((self.count, start, end, holder, organisation, made_at))

    def against(self, row: Reservation, held: InForce, whose: Whose) -> list[_Piece]:
        """What had been booked when ``row`` was, in its weeks, and counts against one of its limits."""
        if not limited(held, whose.spender):
            return []
        found = {
            one
            for week in _weeks(*weeks_of(held, row.start, row.end))
            for one in self.weeks.get(week, ())
            if one[-1] <= row.created_at
        }
        pieces = []
        for _count, start, end, holder, organisation, _made_at in found:
            person = holder is not None and holder == whose.spender.person
            theirs = organisation is not None and organisation == whose.spender.organisation
            group = self.groups.get(holder or 0)
            ours = group is not None and group.pk == whose.spender.group
            if person or theirs or ours:
                pieces.append(_Piece(start, end, person, theirs, ours))
        return pieces


def _weeks(start: datetime, end: datetime) -> range:
    """The weeks since 1970 that a span touches; only a way to find it again."""
    length = int(WEEK.total_seconds())
    return range(int(start.timestamp()) // length, int(end.timestamp()) // length + 1)


def _facts(
    row: Reservation,
    instrument: Instrument,
    held: InForce,
    kept: list[Reservation],
    spent: _Spent,
    kinds: Mapping[int, str],
    trained: Mapping[int, tuple[datetime, datetime | None]],
) -> rules.BookFacts:
    terms, (first, last) = held.terms, blocked(row.start, row.end, held.terms)
    spans = [(one.kind, *blocked(one.start, one.end, terms)) for one in kept]
    standing = [rules.Standing(kind, begins, ends) for kind, begins, ends in spans if begins < last and ends > first]
    length = int((row.end - row.start).total_seconds())
    kind = kinds.get(row.holder_id or 0, "outside")
    granted = trained.get(row.holder_id or 0)
    live = granted is not None and granted[0] <= row.created_at
    group = spent.groups.get(row.holder_id or 0)
    spender = queries.Spender(row.holder_id, row.organisation_id, group.pk if group else None)
    owner = instrument.owner.name if terms.limits_together else ""
    whose = Whose(spender, group.name if group else "", owner)
    return rules.BookFacts(
        asker=rules.Asker(signed_in=True, may_write=True, manages=False, kind=kind),
        holder_kind=kind,
        for_other=False,
        access="booking",
        status="operating",
        start=row.start,
        end=row.end,
        zone=held.zone,
        terms=terms,
        closed_minutes=-(-(length - intervals.total(held.opened(row.start, row.end))) // 60),
        standing=tuple(standing),
        quotas=quotas_within(spent.against(row, held, whose), held, row.start, row.end, whose),
        qualified=live,
        qualified_until=granted[1] if granted is not None and live else None,
    )
