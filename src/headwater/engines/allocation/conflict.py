"""Which limits of a round cannot all hold: a set of them from which none can be left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.engines.allocation.columns import columns_of, may_force
from headwater.engines.allocation.flow import Question, solve_flow
from headwater.engines.allocation.model import AllocationError, Published, Round


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a round: its kind and the proposal, share or beamline it belongs to.

    Kinds: ``must``, ``pin``, ``blackouts``, ``ban`` of a proposal; ``min_share``, ``max_share``, ``min_shifts``,
    ``max_shifts`` of a share; ``reserve`` of a beamline.
    """

    kind: str
    about: str


class NoPlan(AllocationError):
    """No plan keeps all limits. ``conflict`` is an irreducible set: without any one of them the others can hold."""

    def __init__(self, conflict: tuple[Limit, ...]) -> None:
        self.conflict = conflict
        told = ", ".join(f"{limit.kind} of {limit.about}" for limit in conflict) or "the beam calendar alone"
        super().__init__(f"No plan keeps all of these limits together: {told}. Relax one of them.")


def limits_of(asked: Round) -> tuple[Limit, ...]:
    """The limits that can make a round impossible, those easiest to relax first."""
    found: list[Limit] = []
    for share in asked.shares:
        sides = ("min_share", "max_share", "min_shifts", "max_shifts")
        found += [Limit(side, share.id) for side in sides if getattr(share, side) is not None]
    found += [Limit("reserve", line.id) for line in asked.beamlines if line.reserve > 0]
    forced = [(one.id, may_force(one)) for one in asked.proposals]
    for kind in ("ban", "blackouts", "pin", "must"):
        found += [Limit(kind, name) for name, kinds in forced if kind in kinds]
    return tuple(found)


def find_conflict(asked: Round, published: Published | None = None, *, seed: int = 0) -> tuple[Limit, ...]:
    """An irreducible set of limits that cannot all hold; empty if they can.

    Computed by halving (QuickXplain, Junker 2004, AAAI): limits that turn out not to matter leave in groups. There may
    be other such sets. Cost: one feasibility model a step, about size of the set x log2 of the number of limits.
    """
    limits = list(limits_of(asked))
    if _possible(asked, published, limits, limits, seed):
        return ()
    if not _possible(asked, published, limits, [], seed):
        return ()
    return tuple(_explain(asked, published, limits, [], limits, seed, fresh=False))


def _explain(
    asked: Round,
    published: Published | None,
    every: list[Limit],
    kept: list[Limit],
    open_: list[Limit],
    seed: int,
    *,
    fresh: bool,
) -> list[Limit]:
    if fresh and not _possible(asked, published, every, kept, seed):
        return []
    if len(open_) == 1:
        return open_
    half = len(open_) // 2
    first, second = open_[:half], open_[half:]
    of_second = _explain(asked, published, every, kept + first, second, seed, fresh=True)
    of_first = _explain(asked, published, every, kept + of_second, first, seed, fresh=bool(of_second))
    return of_first + of_second


def _possible(asked: Round, published: Published | None, every: list[Limit], kept: list[Limit], seed: int) -> bool:
    """Whether some plan keeps these limits (and the calendar); the others are dropped."""
    gone = {(limit.kind, limit.about) for limit in every} - {(limit.kind, limit.about) for limit in kept}
    columns = columns_of(asked, published, without=gone)
    least = columns.forced.astype(float)
    empty = np.bincount(columns.proposal, minlength=len(least)) == 0
    if (columns.forced & empty).any():
        return False
    share_most = np.array([row.most for row in columns.rows])
    if not columns.forced.any() and (share_most >= 0).all():
        return True  # granting nothing keeps them all
    keep = np.arange(columns.size)
    if not (share_most < 0).any() and not len(share_most):
        keep = keep[columns.forced[columns.proposal]]
    if not len(keep):
        return False
    question = Question(keep, np.zeros(len(keep)), least, np.ones(len(least)), share_most)
    return solve_flow(columns, question, gap=1.0, seed=seed).status != "infeasible"
