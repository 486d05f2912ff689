"""The smallest able consortium: who, together, can do what a challenge asks, at the least total price.

`smallest_team` gives the optimum over all leads; `plan_team` adds the next best teams, the price of each condition,
and, where no team exists, an irreducible set of conditions that clash.
"""

from headwater.engines.teams.problem import (
    Candidates,
    Challenge,
    ConditionPrice,
    Plan,
    Team,
    TeamError,
    Weights,
)
from headwater.engines.teams.search import plan_team, smallest_team

__all__ = [
    "Candidates",
    "Challenge",
    "ConditionPrice",
    "Plan",
    "Team",
    "TeamError",
    "Weights",
    "plan_team",
    "smallest_team",
]
