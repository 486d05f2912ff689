"""Gathers what the rules of booking need to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from headwater.booking import finding, hooks, queries
from headwater.booking.limits import Whose, limited, quotas_of, quotas_within, weeks_of, whose_of
from headwater.booking.models import Group, Reservation
from headwater.booking.policies import UNTRAINED, InForce, Trained, blocked, in_force_on, midnight
from headwater.booking.rules import QUOTAS, TOGETHER, Asker, BookFacts, Quota, Standing, Terms
from headwater.engines import intervals
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

FREE_SHOWN = 3
LOOK_AROUND = timedelta(days=7)
MISSED_WITHIN = timedelta(days=90)
MOMENT = timedelta(minutes=1)
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
FARTHEST = timedelta(days=4000)  # of what lies beyond it no week is looked at
TIME_REASONS = frozenset(
    {
        *("booking.taken", "booking.held", "booking.outage", "booking.closed", "booking.too_long", "booking.too_soon"),
        *("booking.too_far", "booking.off_grid", "booking.in_the_past"),
        *(*QUOTAS.values(), *TOGETHER.values(), "booking.their_quota"),
    }
)


def asker_of(viewer: Viewer, owner_id: int) -> Asker:
    return Asker(
        signed_in=viewer.signed_in,
        may_write=viewer.may_write,
        manages=viewer.operator or viewer.manages(owner_id),
        kind="own" if owner_id in viewer.memberships else "outside",
    )


def kind_of(viewer: Viewer, owner_id: int, terms: Terms) -> str:
    """What kind of user somebody is to an instrument's owner; asks the database only where a rule does."""
    if owner_id in viewer.memberships:
        return "own"
    if "company" in terms.approval_for and viewer.memberships and queries.is_company(tuple(viewer.memberships)):
        return "company"
    return "outside"


def organisation_of(viewer: Viewer, owner_id: int) -> int | None:
    """The organisation somebody books for: the instrument's own where she belongs to it, else her first."""
    if owner_id in viewer.memberships:
        return owner_id
    return min(viewer.memberships, default=None)


def free_spans(
    instrument: Instrument, rules: InForce, start: datetime, end: datetime, *, but: int | None = None
) -> NDArray[np.int64]:
    """Open time in which a booking may lie, in seconds since 1970: its set-up and clean-up touch nobody's time."""
    before, after = timedelta(minutes=rules.terms.cleanup_minutes), timedelta(minutes=rules.terms.setup_minutes)
    rows = queries.occupying(instrument.pk, start - after, end + before).exclude(pk=but)
    busy = queries.seconds((one.lower - before, one.upper + after) for one in rows.values_list("occupied", flat=True))
    return intervals.subtract(rules.opened(start, end), busy)


def instants(spans: NDArray[np.int64]) -> list[tuple[datetime, datetime]]:
    return [(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC)) for start, end in spans.tolist()]


def nearest_free(
    instrument: Instrument,
    rules: InForce,
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    but: int | None = None,
    full: NDArray[np.int64] | None = None,
) -> tuple[tuple[datetime, datetime], ...]:
    """Free spans of the asked length nearest to the asked one, outside of weeks that are ``full`` of her quotas."""
    length = end - start
    first = max(now + timedelta(minutes=rules.terms.notice_minutes), start - LOOK_AROUND)
    last = min(now + timedelta(days=rules.terms.horizon_days), end + LOOK_AROUND)
    if length <= timedelta(0) or first >= last:
        return ()
    free = free_spans(instrument, rules, first, last, but=but)
    if full is not None:
        free = intervals.subtract(free, full)
    starts = intervals.nearest_starts(
        free,
        int(length.total_seconds()),
        around=int(start.timestamp()),
        not_before=int(first.timestamp()) + 1,
        count=FREE_SHOWN,
        step=60 * rules.terms.step_minutes,
        origin=int(midnight(start, rules.zone).timestamp()),
    )
    found = (datetime.fromtimestamp(one, UTC) for one in starts)
    return tuple((one, one + length) for one in found)


@dataclass(frozen=True, slots=True)
class Load:
    """What lies on an asked span, and the limits of the weeks it touches, with what counts against them.

    ``lapsed`` says that a hold among the former has run out: end it, and look again.
    """

    standing: tuple[Standing, ...] = ()
    quotas: tuple[Quota, ...] = ()
    lapsed: bool = False


def load_of(
    instrument: Instrument,
    rules: InForce,
    start: datetime,
    end: datetime,
    *,
    whose: Whose,
    now: datetime,
) -> Load:
    """What a booking of the span would meet; one query.

    It holds while the instrument is locked, and the limits while its pool is, where they count together.
    """
    weeks = None
    if start < end <= now + FARTHEST and limited(rules, whose.spender):
        weeks = weeks_of(rules, start, end)
    spent = queries.spent_around(instrument.pk, blocked(start, end, rules.terms), weeks, whose.spender, at=now)
    return Load(
        tuple(Standing(one.kind, one.start, one.end) for one in spent if not one.shared),
        quotas_within([one for one in spent if one.shared], rules, start, end, whose) if weeks else (),
        any(one.kind == "hold" and one.held_until is not None and one.held_until <= now for one in spent),
    )


def standing_of(rows: Sequence[Reservation]) -> tuple[Standing, ...]:
    return tuple(Standing(one.kind, one.occupied.lower, one.occupied.upper) for one in rows)


def taken_of(row: Reservation, owner_id: int, memo: dict[str, object] | None = None) -> hooks.Taken:
    """A stored reservation as listeners hear of it; ``memo`` is what they found out when they were asked about it."""
    return hooks.Taken(
        row.pk,
        row.public_id,
        row.kind,
        row.state,
        row.instrument_id,
        owner_id,
        row.holder_id,
        row.organisation_id,
        row.start,
        row.end,
        row.project,
        row.reference,
        row.terms,
        {} if memo is None else memo,
    )


def book_facts(
    instrument: Instrument,
    rules: InForce,
    start: datetime,
    end: datetime,
    *,
    asker: Viewer,
    holder: Viewer,
    standing: tuple[Standing, ...],
    now: datetime,
    but: int | None = None,
    held: tuple[datetime, datetime] | None = None,
    project: str = "",
    note: str = "",
    terms_given: Mapping[str, object] | None = None,
    quotas: tuple[Quota, ...] | None = None,
    trained: Trained | None = None,
    memo: dict[str, object] | None = None,
) -> BookFacts:
    """The facts of one asked span. ``standing`` is what occupies it; quotas hold while the instrument, and where its
    limits count together with others' the pool, is locked.

    ``quotas`` are the limits it touches and ``trained`` the holder's own qualification, where they are known.
    """
    terms = rules.terms
    sound = start < end <= now + FARTHEST
    closed = 0
    if sound:
        length = int(end.timestamp()) - int(start.timestamp())
        closed = -(-(length - intervals.total(rules.opened(start, end))) // 60)
    missed, live, until = 0, False, None
    if holder.user_id is not None:
        if terms.needs_qualification:
            live, until = qualified(holder.user_id, instrument.pk, at=now, trained=trained)
        if terms.most_missed is not None:
            missed = queries.missed_by(holder.user_id, instrument.owner_id, since=now - MISSED_WITHIN)
    organisation = organisation_of(holder, instrument.owner_id)
    if quotas is None and sound:
        whose = whose_of(instrument, rules, holder.user_id, organisation)
        quotas = quotas_of(instrument, rules, start, end, whose, at=now, but=but)
    money = None
    if hooks.LISTENERS and sound:
        asked = hooks.Taken(
            *(but, "", "booking", "requested", instrument.pk, instrument.owner_id, holder.user_id, organisation),
            *(start, end, project, "", terms_given or {}, {} if memo is None else memo),
        )
        money = hooks.may_reserve(asked, at=now)
    return BookFacts(
        asker=asker_of(asker, instrument.owner_id),
        holder_kind=kind_of(holder, instrument.owner_id, terms),
        for_other=holder.user_id != asker.user_id,
        access=instrument.access,
        status=instrument.status,
        start=start,
        end=end,
        zone=rules.zone,
        terms=terms,
        held=held,
        closed_minutes=closed,
        standing=standing,
        quotas=quotas or (),
        qualified=live,
        qualified_until=until,
        missed=missed,
        project_length=len(project),
        note_length=len(note),
        money=money,
    )


def limits_left(
    instrument: Instrument, rules: InForce, viewer: Viewer, week: datetime, *, at: datetime
) -> tuple[Quota, ...]:
    """All limits that somebody falls under on an instrument in an instant's week; two queries, none without limits."""
    if viewer.user_id is None or not MOMENT < week - FIRST < FARTHEST * 20:
        return ()
    whose = whose_of(instrument, rules, viewer.user_id, organisation_of(viewer, instrument.owner_id))
    return quotas_of(instrument, rules, week, week + MOMENT, whose, at=at, all_limits=True)


def group_left(group: Group, *, at: datetime) -> tuple[list[int], list[tuple[Quota, ...]]]:
    """The keys of the instruments on which a group's limits count together, and what this week and the next leave.

    Both empty where each instrument counts alone. As many queries as there are rules, however many instruments.
    """
    pool = queries.pool_of(group.owner_id, at)
    held = in_force_on(queries.zones_of(pool), at) if pool else {}
    seen = {
        (rules.policy_id, str(rules.zone)): (pk, rules) for pk, rules in sorted(held.items(), key=lambda one: -one[0])
    }
    spender = queries.Spender(None, None, group.pk, group.owner_id)
    whose = Whose(spender, group.name, group.owner.name)
    left = []
    for pk, rules in seen.values():
        for week in (at, at + timedelta(days=7)) if limited(rules, spender) else ():
            end = week + MOMENT
            spent = queries.spent_by(pk, weeks_of(rules, week, end), spender, at=at)
            found = quotas_within(spent, rules, week, end, whose, all_limits=True)
            if found not in left:
                left.append(found)
    return pool, left


def qualified(
    user_id: int, instrument_id: int, *, at: datetime, trained: Trained | None = None
) -> tuple[bool, datetime | None]:
    """Whether somebody may use an instrument by training, here or recognised, and until when."""
    if trained is None:
        found = queries.qualification_of(user_id, instrument_id)
        trained = UNTRAINED if found is None else Trained(True, found.expires_at)
    if trained.live and (trained.until is None or trained.until > at):
        return True, trained.until
    return hooks.recognised(user_id, instrument_id, at=at)


def with_help(
    facts: BookFacts,
    codes: Sequence[str],
    instrument: Instrument,
    rules: InForce,
    *,
    asker: Viewer,
    now: datetime,
    but: int | None = None,
) -> BookFacts:
    """The same facts and what would help where they lead to a refusal: other times, a course, an instrument beside."""
    if facts.for_other and not facts.asker.manages:
        return facts  # no time would help, and which would fit is somebody else's to know
    helped: dict[str, object] = {}
    sound = facts.start < facts.end <= now + FARTHEST
    if sound and TIME_REASONS & set(codes) and (facts.access == "booking" or facts.asker.manages):
        length = _within_limits(facts, rules)
        full = _full_weeks(facts, rules)
        helped["free"] = nearest_free(instrument, rules, facts.start, facts.start + length, now=now, but=but, full=full)
        helped["shorter"] = _shorter(facts, instrument, rules, now=now, but=but)
        if facts.access == "booking" and {"booking.taken", "booking.held", "booking.outage"} & set(codes):
            helped["beside"] = finding.free_beside(instrument, facts.start, facts.end, asker, at=now)
    if "booking.not_operating" in codes and sound:
        helped["beside"] = finding.free_beside(instrument, facts.start, facts.end, asker, at=now)
    if "booking.not_qualified" in codes or "booking.qualification_ends" in codes:
        helped["next_course"] = queries.next_course(instrument.pk, after=now)
    return replace(facts, **helped) if helped else facts  # type: ignore[arg-type]


def _within_limits(facts: BookFacts, rules: InForce) -> timedelta:
    """The asked length, or as much of it as the rules would ever let have at once, in whole steps."""
    asked = facts.end - facts.start
    most = timedelta(minutes=min([rules.terms.max_minutes, *(one.most for one in facts.quotas)]))
    return asked if asked <= most else most - most % timedelta(minutes=rules.terms.step_minutes)


def _full_weeks(facts: BookFacts, rules: InForce) -> NDArray[np.int64]:
    """The weeks in which the asked length does not fit into a quota."""
    mondays = {one.monday for one in facts.quotas if one.full}
    starts = (datetime.combine(date.fromisoformat(one), time(), tzinfo=rules.zone) for one in mondays)
    return queries.seconds((one, one + timedelta(days=7)) for one in starts)


def _shorter(
    facts: BookFacts, instrument: Instrument, rules: InForce, *, now: datetime, but: int | None
) -> tuple[datetime, datetime] | None:
    """The longest span from the asked start that quotas, the greatest length and what stands there leave."""
    terms = rules.terms
    most = [facts.end - facts.start, timedelta(minutes=terms.max_minutes)]
    most += [timedelta(minutes=one.most - one.have) for one in facts.quotas]
    if min(most) < timedelta(minutes=terms.min_minutes) or facts.start < now + timedelta(minutes=terms.notice_minutes):
        return None
    end = facts.start + min(most)
    spans = instants(free_spans(instrument, rules, facts.start, end, but=but))
    if not spans or spans[0][0] != facts.start:
        return None
    length = spans[0][1] - facts.start
    length -= length % timedelta(minutes=terms.step_minutes)
    if length < timedelta(minutes=terms.min_minutes) or length >= facts.end - facts.start:
        return None
    return facts.start, facts.start + length
