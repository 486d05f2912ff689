"""What a sound call, pool and beam period is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from headwater.core.decision import Decision, Reason


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A call as the office wants it."""

    code: str
    code_taken: bool
    name_zh: str
    name_en: str
    mode: str
    opens_at: datetime
    closes_at: datetime | None
    period_start: date
    period_end: date
    beamlines: int
    foreign_beamlines: tuple[str, ...]
    most_beamlines: int
    most_shifts: int
    days: int


def is_sound_call(facts: CallFacts) -> Decision:
    """Say whether the call may be kept so."""
    found = []
    if not facts.name_zh or not facts.name_en:
        found.append(Reason("call.name_missing", facts={"field": "name_en" if facts.name_zh else "name_zh"}))
    if not re.fullmatch(r"[A-Za-z0-9-]{1,20}", facts.code):
        found.append(Reason("call.code_wrong", facts={"field": "code", "value": facts.code}))
    if facts.code_taken:
        found.append(Reason("call.code_taken", facts={"field": "code", "value": facts.code}))
    if facts.closes_at is None and facts.mode in ("general", "key", "block"):
        found.append(Reason("call.deadline_missing", facts={"field": "closes_at"}))
    if facts.closes_at is not None and facts.closes_at <= facts.opens_at:
        found.append(Reason("call.closes_before_it_opens", facts={"field": "closes_at"}))
    if facts.period_end < facts.period_start:
        found.append(Reason("call.period_reversed", facts={"field": "period_end"}))
    elif facts.days > 800:
        found.append(Reason("call.period_too_long", facts={"field": "period_end", "days": facts.days}))
    if not facts.beamlines:
        found.append(Reason("call.beamlines_missing", facts={"field": "beamlines"}))
    found += [
        Reason("call.beamline_foreign", facts={"field": "beamlines", "name": name}) for name in facts.foreign_beamlines
    ]
    if not 1 <= facts.most_beamlines <= 10:
        found.append(Reason("call.number_wrong", facts={"field": "most_beamlines", "least": 1, "most": 10}))
    if not 1 <= facts.most_shifts <= 300:
        found.append(Reason("call.number_wrong", facts={"field": "most_shifts", "least": 1, "most": 300}))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class PoolFacts:
    """A pool as the office wants it."""

    rule: str
    funder_found: bool
    shares: tuple[float | None, float | None]
    shifts: tuple[int | None, int | None]


def may_set_pool(facts: PoolFacts) -> Decision:
    """Say whether the pool may stand so."""
    found = []
    if facts.rule == "funder" and not facts.funder_found:
        found.append(Reason("pool.funder_missing", facts={"field": "funder"}))
    if all(one is None for one in (*facts.shares, *facts.shifts)):
        found.append(Reason("pool.limits_nothing", facts={"field": "max_share"}))
    if any(one is not None and not 0 <= one <= 1 for one in facts.shares):
        found.append(Reason("pool.share_wrong", facts={"field": "max_share"}))
    for low, high in (facts.shares, facts.shifts):
        if low is not None and high is not None and low > high:
            found.append(Reason("pool.least_above_most", facts={"field": "max_share"}))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """Days of the beam calendar as somebody wants them."""

    kind: str
    kinds: tuple[str, ...]
    start: date
    end: date
    beamline: str
    beamline_found: bool


def may_set_period(facts: PeriodFacts) -> Decision:
    """Say whether the days may stand in the calendar."""
    found = []
    if facts.kind not in facts.kinds:
        found.append(Reason("beam.kind_unknown", facts={"value": facts.kind, "kinds": ", ".join(facts.kinds)}))
    if facts.end <= facts.start:
        found.append(Reason("beam.ends_before_start", facts={"start": f"{facts.start}"}))
    elif (facts.end - facts.start).days > 800:
        found.append(Reason("beam.too_long", facts={"start": f"{facts.start}"}))
    if facts.beamline and not facts.beamline_found:
        found.append(Reason("beam.beamline_unknown", facts={"value": facts.beamline}))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """Somebody's place on a panel."""

    max_load: int
    languages: tuple[str, ...]


def may_complete_call(*, undecided: int) -> Decision:
    """Say whether a call may be completed: every proposal that was submitted has an outcome."""
    return Decision((Reason("call.undecided", facts={"number": undecided}),)) if undecided else Decision()
