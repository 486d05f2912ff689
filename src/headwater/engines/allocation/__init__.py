"""Beamtime: which proposals get how many shifts, on which beamline, when; with a proved bound.

`solve_round` plans, `check_plan` looks again without knowing how, `explain_plan` says for each proposal which limit
bit, `find_conflict` which limits cannot all hold.
"""

from headwater.engines.allocation.check import Fault, check_plan
from headwater.engines.allocation.conflict import Limit, NoPlan, find_conflict
from headwater.engines.allocation.explain import explain_plan
from headwater.engines.allocation.model import (
    AllocationError,
    Answer,
    Award,
    Beamline,
    Pin,
    Plan,
    Proposal,
    Published,
    Reason,
    Round,
    Share,
)
from headwater.engines.allocation.solve import solve_round

__all__ = [
    "AllocationError",
    "Answer",
    "Award",
    "Beamline",
    "Fault",
    "Limit",
    "NoPlan",
    "Pin",
    "Plan",
    "Proposal",
    "Published",
    "Reason",
    "Round",
    "Share",
    "check_plan",
    "explain_plan",
    "find_conflict",
    "solve_round",
]
