"""Pinning, and publishing a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from headwater.core.decision import Decision, Reason


@dataclass(frozen=True, slots=True)
class PinFacts:
    """What the office wants to fix for a proposal."""

    state: str
    accepts: frozenset[int]
    beamline_id: int | None
    day: date | None
    period: tuple[date, date]
    shifts: int | None
    range: tuple[int, int]
    reason: str
    banned: frozenset[int] = frozenset()


def may_pin(facts: PinFacts) -> Decision:
    """Say whether it may be fixed so."""
    found = []
    if facts.state not in ("recommended", "standby", "scheduled"):
        found.append(Reason("pin.wrong_state"))
    if facts.beamline_id is not None and facts.beamline_id not in facts.accepts:
        found.append(Reason("pin.beamline_not_accepted", facts={"field": "beamline"}))
    if facts.beamline_id is not None and facts.beamline_id in facts.banned:
        found.append(Reason("pin.banned_too", facts={"field": "banned"}))
    if facts.day is not None and not facts.period[0] <= facts.day <= facts.period[1]:
        found.append(Reason("pin.day_outside", facts={"field": "day"}))
    if facts.shifts is not None and not facts.range[0] <= facts.shifts <= facts.range[1]:
        least, most = facts.range
        found.append(Reason("pin.shifts_wrong", facts={"field": "shifts", "least": least, "most": most}))
    if not facts.reason.strip():
        found.append(Reason("pin.reason_missing", facts={"field": "reason"}))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class PublishFacts:
    """A plan beside the world as it is now."""

    state: str
    faults: Sequence[str]
    stale: Sequence[str]
    newer_version: bool


def may_publish(facts: PublishFacts) -> Decision:
    """Say whether the plan may become the schedule: planned, within every limit as they are now, and not overtaken."""
    found = []
    if facts.state != "solved":
        found.append(Reason("schedule.not_planned"))
    found += [Reason("schedule.fault", facts={"what": fault}) for fault in facts.faults]
    found += [Reason("schedule.stale", facts={"proposal": code}) for code in facts.stale]
    if facts.newer_version:
        found.append(Reason("schedule.overtaken"))
    return Decision(tuple(found))
