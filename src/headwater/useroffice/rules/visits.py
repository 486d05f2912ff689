"""The visit, and what is due afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from headwater.core.decision import Decision, Reason, Weight

MOST_HOURS = 10_000
LONGEST = 20_000
HOURS_A_SHIFT = 8


def may_begin_visit(
    *, state: str, members: int, uncleared: Sequence[str], samples_open: Sequence[str], early: str = ""
) -> Decision:
    """Say whether an experiment may begin: everybody cleared, every sample approved, its first day come.

    ``early`` is the first day where that is still to come.
    """
    found = []
    if state != "planned":
        found.append(Reason("visit.wrong_state"))
    if not members:
        found.append(Reason("visit.nobody_comes"))
    found += [Reason("visit.not_cleared", facts={"name": name}) for name in uncleared]
    found += [Reason("visit.sample_not_approved", Weight.WAIVABLE, {"name": name}) for name in samples_open]
    if early:
        found.append(Reason("visit.too_early", Weight.WAIVABLE, {"start": early}))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class FinishFacts:
    state: str
    shifts: int
    hours_given: Decimal
    hours_lost: Decimal
    lost_reason: str
    handover: str


def may_finish_visit(facts: FinishFacts) -> Decision:
    """Say whether a visit's hours may be written down so."""
    found = []
    if facts.state != "running":
        found.append(Reason("visit.wrong_state"))
    if not (0 <= facts.hours_given <= MOST_HOURS and 0 <= facts.hours_lost <= MOST_HOURS):
        found.append(Reason("visit.hours_wrong", facts={"field": "hours_given"}))
    if facts.hours_lost > facts.shifts * HOURS_A_SHIFT:
        most = {"field": "hours_lost", "shifts": facts.shifts, "most": facts.shifts * HOURS_A_SHIFT}
        found.append(Reason("visit.hours_lost_too_many", facts=most))
    if facts.hours_lost and not facts.lost_reason:
        found.append(Reason("visit.lost_reason_missing", facts={"field": "lost_reason"}))
    if not facts.handover.strip():
        found.append(Reason("visit.handover_missing", facts={"field": "handover"}))
    return Decision(tuple(found))


def may_report(*, state: str, proposal_state: str, text: str) -> Decision:
    """Say whether the report may be handed in."""
    found = []
    if proposal_state != "reporting" or state == "accepted":
        found.append(Reason("report.not_due"))
    if not text.strip():
        found.append(Reason("report.text_missing", facts={"field": "text"}))
    if len(text) > LONGEST:
        found.append(Reason("draft.text_too_long", facts={"field": "text", "have": len(text), "most": LONGEST}))
    return Decision(tuple(found))
