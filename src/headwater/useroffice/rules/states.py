"""The states of a proposal: one table for each mode of access, and what its proposer is told of them."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.core.decision import Decision, Reason

# What every mode has: writing, submitting, the visit and what follows.
_COMMON = {
    ("draft", "submit"): "submitted",
    ("submitted", "reopen"): "draft",
    ("submitted", "withdraw"): "withdrawn",
    ("feasibility", "withdraw"): "withdrawn",
    ("review", "withdraw"): "withdrawn",
    ("panel", "withdraw"): "withdrawn",
    ("recommended", "withdraw"): "withdrawn",
    ("standby", "withdraw"): "withdrawn",
    ("submitted", "check"): "feasibility",
    ("feasibility", "infeasible"): "infeasible",
    ("recommended", "schedule"): "scheduled",
    ("standby", "schedule"): "scheduled",
    ("recommended", "left_over"): "standby",
    ("scheduled", "unschedule"): "standby",
    ("standby", "close"): "declined",
    ("scheduled", "start"): "running",
    ("running", "finish"): "reporting",
    ("reporting", "accept_report"): "closed",
}
_REVIEWED = _COMMON | {
    ("feasibility", "feasible"): "review",
    ("review", "reviewed"): "panel",
    ("panel", "recommend"): "recommended",
    ("panel", "reserve"): "standby",
    ("panel", "decline"): "declined",
    ("recommended", "back"): "panel",
    ("standby", "back"): "panel",
    ("declined", "back"): "panel",
}
# No review before the beam: the office decides, and urgent access is evaluated afterwards.
_DIRECT = _COMMON | {
    ("feasibility", "feasible"): "panel",
    ("panel", "recommend"): "recommended",
    ("panel", "reserve"): "standby",
    ("panel", "decline"): "declined",
    ("recommended", "back"): "panel",
    ("standby", "back"): "panel",
    ("declined", "back"): "panel",
}
# A sub-project of a block: its group was reviewed, so the beamlines' scientists alone look at it.
_WITHIN = {
    ("draft", "submit"): "submitted",
    ("submitted", "check"): "feasibility",
    ("submitted", "withdraw"): "withdrawn",
    ("feasibility", "withdraw"): "withdrawn",
    ("recommended", "withdraw"): "withdrawn",
    ("feasibility", "feasible"): "recommended",
    ("feasibility", "infeasible"): "infeasible",
    ("recommended", "schedule"): "scheduled",
    ("scheduled", "unschedule"): "recommended",
    ("scheduled", "start"): "running",
    ("running", "finish"): "reporting",
    ("reporting", "accept_report"): "closed",
}
_URGENT = {**_DIRECT, ("reporting", "accept_report"): "evaluation", ("evaluation", "evaluate"): "closed"}

STEPS: Mapping[str, Mapping[tuple[str, str], str]] = {
    "general": _REVIEWED,
    "rolling": _REVIEWED,
    "key": _REVIEWED,
    "block": _REVIEWED,
    "urgent": _URGENT,
    "industry": _DIRECT,
    "partner": _DIRECT,
    "within": _WITHIN,
}
# Modes in which each proposal is looked at when it comes in, without waiting for a deadline.
AT_ONCE = frozenset({"rolling", "urgent", "industry", "partner", "within"})
# Steps by which a sub-project gives its shifts back to its member's share.
GIVES_BACK = frozenset({"withdraw", "infeasible"})


def may_move(mode: str, state: str, act: str) -> Decision:
    """Say whether a proposal in ``state`` may take the step ``act``."""
    if (state, act) in STEPS[mode]:
        return Decision()
    return Decision((Reason("proposal.wrong_state", facts={"state": state, "act": act}),))


def moved(mode: str, state: str, act: str) -> str:
    """The state after the step; the step must be on the table."""
    return STEPS[mode][state, act]


def public_state(state: str, told: str) -> str:
    """What the proposer sees of the state: decisions only once she has been told of them.

    ``told`` is the state of the latest letter. Internal states are all ``under_review``. A sub-project of a block is
    told that it was accepted before it has days; whatever else is recommended is not.
    """
    if state in ("running", "reporting", "evaluation", "closed", "draft", "submitted", "withdrawn"):
        return state
    if told and told == state:
        return state
    if told == "scheduled" and state == "standby":
        return "standby"  # taken off a published schedule: she is told with the version
    return "under_review"
