"""What a manager may set: policies, outages, courses, interlocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from headwater.booking.rules.terms import LONGEST_NOTE, Asker, Terms, may_manage_time, may_write, shown, span_facts
from headwater.core.decision import Decision, Reason


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A policy that a manager wants to set, beside what no policy may be."""

    asker: Asker
    terms: Terms
    hours_wrong: tuple[str, ...]
    since: datetime


LONGEST_MINUTES = 60 * 24 * 60
MOST_TOGETHER = 10**6
KINDS = frozenset({"own", "company", "outside"})


def may_set_policy(facts: PolicyFacts, *, now: datetime) -> Decision:
    """Say whether the policy may be set: it is a manager's, it is sound, and it changes nothing in the past."""
    terms = facts.terms
    found = list(may_manage_time(facts.asker).reasons)
    found += [Reason("policy.hours_unreadable", facts={"value": value}) for value in facts.hours_wrong]
    if facts.since < now:
        found.append(Reason("policy.in_the_past"))
    if not 0 < terms.min_minutes <= terms.max_minutes <= LONGEST_MINUTES:
        found.append(Reason("policy.lengths", facts={"least": terms.min_minutes, "most": terms.max_minutes}))
    if not 0 < terms.step_minutes <= 1440 or 1440 % terms.step_minutes:
        found.append(Reason("policy.step", facts={"step": terms.step_minutes}))
    if not 0 < terms.horizon_days <= 3660:
        found.append(Reason("policy.horizon", facts={"days": terms.horizon_days}))
    if not 0 < terms.hold_minutes <= 7 * 1440:
        found.append(Reason("policy.hold", facts={"minutes": terms.hold_minutes}))
    found += [Reason("policy.too_large", facts={"field": name, "most": most}) for name, most in _too_large(terms)]
    if not terms.approval_for <= KINDS:
        unknown = ", ".join(sorted(terms.approval_for - KINDS))
        found.append(Reason("policy.kind_unknown", facts={"value": unknown}))
    return Decision(tuple(found))


def _too_large(terms: Terms) -> Iterable[tuple[str, int]]:
    # On one instrument nobody has more than a week of a week; on many together they may.
    week = MOST_TOGETHER if terms.limits_together else 7 * 1440
    for name, most in (
        ("setup_minutes", 1440),
        ("cleanup_minutes", 1440),
        ("notice_minutes", LONGEST_MINUTES),
        ("late_cancel_minutes", LONGEST_MINUTES),
        ("no_show_minutes", LONGEST_MINUTES),
        ("forgotten_minutes", LONGEST_MINUTES),
        ("person_week_minutes", week),
        ("organisation_week_minutes", week),
        ("group_week_minutes", week),
        ("person_peak_minutes", week),
        ("person_off_peak_minutes", week),
        ("organisation_peak_minutes", week),
        ("organisation_off_peak_minutes", week),
        ("group_peak_minutes", week),
        ("group_off_peak_minutes", week),
        ("most_missed", 1000),
    ):
        value = getattr(terms, name)
        if value is not None and not 0 <= value <= most:
            yield name, most


def may_record_outage(asker: Asker, start: datetime, end: datetime, *, now: datetime, note_length: int) -> Decision:
    """Say whether an outage may be recorded: it may have begun, not be over."""
    found = list(may_manage_time(asker).reasons)
    if end <= start:
        found.append(Reason("booking.ends_before_start"))
    elif end <= now:
        found.append(Reason("booking.in_the_past"))
    if note_length > LONGEST_NOTE:
        found.append(Reason("booking.note_too_long", facts={"have": note_length, "most": LONGEST_NOTE}))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """A set of beamtime that somebody wants to place at once, beside what stands in its way."""

    may_write: bool
    not_theirs: tuple[str, ...] = ()
    unsound: tuple[str, ...] = ()
    unknown_people: tuple[str, ...] = ()
    overlapping: tuple[str, ...] = ()
    standing: tuple[tuple[str, str, datetime, datetime, tzinfo], ...] = ()


def may_place_beamtime(facts: PlaceFacts) -> Decision:
    """Say whether the whole set may be placed; every instrument's managers and its facility's user office may."""
    found = [] if facts.may_write else [Reason("token.scope_missing", facts={"scope": "write"})]
    found += [Reason("beamtime.not_yours", facts={"instrument": one}) for one in facts.not_theirs]
    found += [Reason("beamtime.unsound", facts={"reference": one}) for one in facts.unsound]
    found += [Reason("person.not_found", facts={"email": one}) for one in facts.unknown_people]
    found += [Reason("beamtime.overlaps_itself", facts={"reference": one}) for one in facts.overlapping]
    found += [
        Reason("beamtime.stands", facts={"instrument": name, "kind": kind, **span_facts(start, end, zone)})
        for name, kind, start, end, zone in facts.standing
    ]
    return Decision(tuple(found))


MOST_PLACES = 500
MOST_COURSE_DAYS = 31


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """A course that a manager wants to give."""

    asker: Asker
    start: datetime
    end: datetime
    places: int
    taken: int = 0


def may_give_course(facts: CourseFacts, *, now: datetime) -> Decision:
    """Say whether a course may be announced or changed so."""
    found = list(may_manage_time(facts.asker).reasons)
    if facts.end <= facts.start:
        found.append(Reason("booking.ends_before_start"))
    elif facts.end <= now:
        found.append(Reason("booking.in_the_past"))
    elif facts.end - facts.start > timedelta(days=MOST_COURSE_DAYS):
        found.append(Reason("course.too_long", facts={"most": MOST_COURSE_DAYS}))
    if not 0 < facts.places <= MOST_PLACES:
        found.append(Reason("course.places", facts={"most": MOST_PLACES}))
    if facts.places < facts.taken:
        found.append(Reason("course.fewer_than_taken", facts={"taken": facts.taken}))
    return Decision(tuple(found))


def may_sign_up(asker: Asker, *, state: str, starts: datetime, places: int, taken: int, now: datetime) -> Decision:
    """Say whether somebody may take one of a course's places."""
    found = list(may_write(asker).reasons)
    if state != "open" or starts <= now:
        found.append(Reason("course.closed"))
    if taken >= places:
        found.append(Reason("course.full", facts={"places": places}))
    return Decision(tuple(found))


def may_settle_course(asker: Asker, *, state: str, starts: datetime, zone: tzinfo, now: datetime) -> Decision:
    """Say whether it may be written down who passed a course: by a manager, once it has begun."""
    found = list(may_manage_time(asker).reasons)
    if state == "cancelled":
        found.append(Reason("course.was_cancelled"))
    elif starts > now:
        found.append(Reason("course.not_begun", facts={"start": shown(starts, zone), "zone": str(zone)}))
    return Decision(tuple(found))


def may_set_interlock(asker: Asker, *, host: str, allowed: bool, readable: bool) -> Decision:
    """Say whether starts and stops may be told to an address: by a manager, on a host of the operator's list."""
    found = list(may_manage_time(asker).reasons)
    if not readable:
        found.append(Reason("interlock.unreadable"))
    elif not allowed:
        found.append(Reason("interlock.host_forbidden", facts={"host": host}))
    return Decision(tuple(found))
