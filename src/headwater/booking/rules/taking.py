"""Who may take time on an instrument, and why not. Facts in, decisions out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from headwater.booking.rules.terms import (
    LONGEST_NOTE,
    LONGEST_PROJECT,
    Asker,
    Standing,
    Terms,
    may_write,
    minutes,
    shown,
    span_facts,
)
from headwater.core.decision import Decision, Reason, Weight

STANDING = {"outage": "booking.outage", "hold": "booking.held"}


# Whose minutes a week count, and which of them: all, those in the busy hours, those outside of them.
QUOTAS = {
    ("person", "week"): "booking.person_quota",
    ("person", "peak"): "booking.person_peak_quota",
    ("person", "off_peak"): "booking.person_off_peak_quota",
    ("organisation", "week"): "booking.organisation_quota",
    ("organisation", "peak"): "booking.organisation_peak_quota",
    ("organisation", "off_peak"): "booking.organisation_off_peak_quota",
    ("group", "week"): "booking.group_quota",
    ("group", "peak"): "booking.group_peak_quota",
    ("group", "off_peak"): "booking.group_off_peak_quota",
}
# The same where an owner's instruments count together.
TOGETHER = {
    ("person", "week"): "booking.person_quota_together",
    ("person", "peak"): "booking.person_peak_quota_together",
    ("person", "off_peak"): "booking.person_off_peak_quota_together",
    ("organisation", "week"): "booking.organisation_quota_together",
    ("organisation", "peak"): "booking.organisation_peak_quota_together",
    ("organisation", "off_peak"): "booking.organisation_off_peak_quota_together",
    ("group", "week"): "booking.group_quota_together",
    ("group", "peak"): "booking.group_peak_quota_together",
    ("group", "off_peak"): "booking.group_off_peak_quota_together",
}


@dataclass(frozen=True, slots=True)
class Quota:
    """One limit in one calendar week that the asked span touches: what it asks and what is booked, in minutes.

    ``until`` is the day from which the next week counts. ``whose`` names the organisation or the group that is counted,
    ``owner`` that of the instruments that count together; empty where it is a person, or one instrument alone.
    """

    who: str
    when: str
    monday: str
    until: str
    asked: int
    have: int
    most: int
    whose: str = ""
    owner: str = ""

    @property
    def code(self) -> str:
        return (TOGETHER if self.owner else QUOTAS)[self.who, self.when]

    @property
    def left(self) -> int:
        return max(self.most - self.have, 0)

    @property
    def full(self) -> bool:
        return self.have + self.asked > self.most


@dataclass(frozen=True, slots=True)
class Beside:
    """A similar instrument that is free: how far it is, and how long one goes there where a timetable says so."""

    instrument: str
    name: str
    km: int
    minutes: int | None
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class BookFacts:
    """All that `may_book` looks at."""

    asker: Asker
    holder_kind: str
    for_other: bool
    access: str
    status: str
    start: datetime
    end: datetime
    zone: tzinfo
    terms: Terms
    held: tuple[datetime, datetime] | None = None
    closed_minutes: int = 0
    standing: tuple[Standing, ...] = ()
    free: tuple[tuple[datetime, datetime], ...] = ()
    shorter: tuple[datetime, datetime] | None = None
    quotas: tuple[Quota, ...] = ()
    qualified: bool = False
    qualified_until: datetime | None = None
    missed: int = 0
    project_length: int = 0
    note_length: int = 0
    next_course: tuple[str, datetime, int] | None = None
    beside: tuple[Beside, ...] = ()
    money: Decision | None = None


def may_book(facts: BookFacts, *, now: datetime) -> Decision:
    """Say whether the span may be booked, with every reason against it and what would help.

    What a manager of the instrument may pass on a written ground is waivable; time that is taken, past or
    malformed is not.
    """
    found = list(may_write(facts.asker).reasons)
    if facts.for_other and not facts.asker.manages:
        found.append(Reason("booking.for_other"))
    if facts.access != "booking" and not facts.asker.manages:
        found.append(Reason("booking.not_by_booking", facts={"access": facts.access}))
    if facts.status != "operating":
        found.append(Reason("booking.not_operating", facts={"status": facts.status}))
    for code, have, most in (
        ("booking.project_too_long", facts.project_length, LONGEST_PROJECT),
        ("booking.note_too_long", facts.note_length, LONGEST_NOTE),
    ):
        if have > most:
            found.append(Reason(code, facts={"have": have, "most": most}))
    if facts.end <= facts.start:
        return Decision((*found, Reason("booking.ends_before_start")))
    found += _time(facts, now)
    found += _load(facts)
    found += _person(facts)
    if facts.holder_kind in facts.terms.approval_for and not facts.asker.manages:
        found.append(Reason("booking.needs_approval", Weight.NOTE))
    found += facts.money.reasons if facts.money is not None else ()
    found += _help(facts)
    return Decision(tuple(found))


def _help(facts: BookFacts) -> list[Reason]:
    """What would help: other times, a shorter one, the next training, an instrument beside it."""
    found = [
        Reason("booking.free_instead", Weight.NOTE, span_facts(start, end, facts.zone)) for start, end in facts.free
    ]
    if facts.shorter is not None:
        found.append(Reason("booking.shorter_instead", Weight.NOTE, span_facts(*facts.shorter, facts.zone)))
    if facts.next_course is not None:
        course, starts, left = facts.next_course
        known = {"course": course, "start": shown(starts, facts.zone), "zone": str(facts.zone), "left": left}
        found.append(Reason("booking.next_course", Weight.NOTE, known))
    for one in facts.beside:
        known = {"instrument": one.instrument, "name": one.name, "km": one.km}
        known |= span_facts(one.start, one.end, facts.zone)
        code = "booking.similar_instead" if one.km else "booking.similar_here"
        if one.minutes is not None:
            code, known["minutes"] = "booking.similar_by_rail", one.minutes
        found.append(Reason(code, Weight.NOTE, known))
    return found


def _time(facts: BookFacts, now: datetime) -> list[Reason]:
    """Is the span one that may be asked for at all? Of time that is held already a part may be kept at any notice."""
    terms, length = facts.terms, minutes(facts.end - facts.start)
    found = []
    inside = facts.held is not None and facts.held[0] <= facts.start and facts.end <= facts.held[1]
    begun = facts.held is not None and facts.held[0] == facts.start and facts.end > now
    if facts.start < now and not begun:
        found.append(Reason("booking.in_the_past"))
    elif not inside and minutes(facts.start - now) < terms.notice_minutes:
        found.append(Reason("booking.too_soon", Weight.WAIVABLE, {"notice": terms.notice_minutes}))
    if facts.end > now + timedelta(days=terms.horizon_days):
        found.append(Reason("booking.too_far", Weight.WAIVABLE, {"days": terms.horizon_days}))
    if length < terms.min_minutes:
        found.append(Reason("booking.too_short", Weight.WAIVABLE, {"asked": length, "least": terms.min_minutes}))
    if length > terms.max_minutes:
        found.append(Reason("booking.too_long", Weight.WAIVABLE, {"asked": length, "most": terms.max_minutes}))
    if any(not _on_grid(at.astimezone(facts.zone), terms.step_minutes) for at in (facts.start, facts.end)):
        found.append(Reason("booking.off_grid", Weight.WAIVABLE, {"step": terms.step_minutes}))
    if facts.closed_minutes:
        found.append(Reason("booking.closed", Weight.WAIVABLE, {"minutes": facts.closed_minutes}))
    return found


def _on_grid(local: datetime, step: int) -> bool:
    return local.second == local.microsecond == 0 and (60 * local.hour + local.minute) % step == 0


def _load(facts: BookFacts) -> list[Reason]:
    """Is the time free, and does it fit into the quotas?"""
    found = [
        Reason(STANDING.get(one.kind, "booking.taken"), facts=span_facts(one.start, one.end, facts.zone))
        for one in facts.standing
    ]
    full = [one for one in facts.quotas if one.full]
    if facts.for_other and not facts.asker.manages:
        # How much somebody else has booked is hers, her group's and her organisation's to know.
        weeks = sorted({one.monday for one in full})
        return found + [Reason("booking.their_quota", Weight.WAIVABLE, {"week": week}) for week in weeks]
    return found + [Reason(one.code, Weight.WAIVABLE, quota_facts(one)) for one in full]


def quota_facts(quota: Quota) -> dict[str, object]:
    """A limit for people and for programs: which it is, how much of it is booked, and when it counts anew."""
    known: dict[str, object] = {
        "week": quota.monday,
        "until": quota.until,
        "asked": quota.asked,
        "have": quota.have,
        "left": quota.left,
        "most": quota.most,
    }
    if quota.whose:
        known["whose"] = quota.whose
    if quota.owner:
        known["owner"] = quota.owner
    return known


def _person(facts: BookFacts) -> list[Reason]:
    """May this person use this instrument?"""
    found = []
    if facts.terms.needs_qualification:
        if not facts.qualified:
            found.append(Reason("booking.not_qualified", Weight.WAIVABLE))
        elif facts.qualified_until is not None and facts.qualified_until < facts.end:
            until = shown(facts.qualified_until, facts.zone)
            found.append(Reason("booking.qualification_ends", Weight.WAIVABLE, {"until": until}))
    if facts.terms.most_missed is not None and facts.missed >= facts.terms.most_missed:
        found.append(Reason("booking.too_many_missed", Weight.WAIVABLE, {"missed": facts.missed}))
    return found


def may_take_over(facts: BookFacts) -> Decision:
    """Say whether somebody else may become the holder of time that is booked already: her quotas, her qualification."""
    own = replace(facts, standing=(), free=(), shorter=None, beside=(), closed_minutes=0)
    found = [*_load(own), *_person(own)]
    if facts.holder_kind in facts.terms.approval_for and not facts.asker.manages:
        found.append(Reason("booking.needs_approval", Weight.NOTE))
    return Decision(tuple(found))
