"""The search: prices from one linear model, exact models a beamline, then exact models of small groups of beamlines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from headwater.engines.allocation.columns import Columns, award_of, columns_of
from headwater.engines.allocation.conflict import NoPlan, find_conflict
from headwater.engines.allocation.flow import EXCESS, Found, Question, solve_flow
from headwater.engines.allocation.greedy import filled_up, greedy_plan, trim_to_shares
from headwater.engines.allocation.model import AllocationError, BoolArray, FloatArray, IntArray, Plan, Published, Round
from headwater.engines.allocation.prices import (
    Prices,
    by_start,
    line_bounds,
    linking_worth,
    moved_prices,
    shared_worth,
    valid_prices,
)

SMALL = 4000  # columns up to which the whole round is one model
MIP_GAP = 1e-4  # of one beamline or group; what it leaves is in the bound
NEAR = 0.02  # places that lose more than this part of a line's bound are first left out of its model
LARGEST_GROUP = 4
GROUP_S = 15.0

Progress = Callable[[str, float, float, float], None]


@dataclass
class _Lines:
    """The latest exact answer of each line under the prices."""

    bound: FloatArray
    worth: list[FloatArray | None]
    chosen: list[IntArray]


@dataclass
class _Search:
    asked: Round
    columns: Columns
    clock: Callable[[], float]
    seconds: float
    target_gap: float
    seed: int
    rng: np.random.Generator
    progress: Progress | None
    began: float = 0.0
    bound: float = np.inf
    plan: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    trace: list[tuple[str, float, float, float]] = field(default_factory=list)
    out_of_time: bool = False

    def __post_init__(self) -> None:
        self.began = self.clock()
        self.order = by_start(self.columns)
        self.penalty = EXCESS * max(float(np.abs(self.columns.value / self.columns.shifts).max(initial=1.0)), 1.0)
        self.share_most = np.array([row.most for row in self.columns.rows])
        self.typical = max(float(self.columns.shifts.mean()), 1.0) if self.columns.size else 1.0

    # what a plan is worth

    def value(self, plan: IntArray) -> float:
        return float(self.columns.value[plan].sum()) + self.columns.offset

    def excess(self, plan: IntArray) -> float:
        """How far a plan breaks shares (in shifts) and promises; 0 = feasible."""
        over = sum(max(0.0, float(row.coefficient[plan].sum()) - row.most) for row in self.columns.rows)
        missing = np.setdiff1d(np.flatnonzero(self.columns.forced), self.columns.proposal[plan])
        return (0.0 if over < 1e-7 else over) + 1e4 * len(missing)

    def offer(self, plan: IntArray) -> bool:
        """Take the plan if it is better than the one in hand."""
        mine, its = self.excess(self.plan), self.excess(plan)
        better = its < mine - 1e-7 or (its <= mine + 1e-7 and self.value(plan) > self.value(self.plan) + 1e-7)
        if better:
            self.plan = np.sort(plan)
        return better

    @property
    def objective(self) -> float:
        return self.value(self.plan) if self.excess(self.plan) == 0 else -np.inf

    def left(self) -> float:
        return self.seconds - (self.clock() - self.began)

    def finished(self) -> bool:
        if self.objective >= self.bound - max(self.target_gap * abs(self.bound), 1e-6):
            return True
        if self.left() <= 0:
            self.out_of_time = True
            return True
        return False

    def note(self, step: str) -> None:
        at = (step, self.clock() - self.began, self.objective, self.bound)
        self.trace.append(at)
        if self.progress:
            self.progress(*at)

    def lower_bound_to(self, bound: float) -> None:
        self.bound = min(self.bound, bound)

    # the steps

    def whole(self) -> None:
        """The round as one model, to the optimum."""
        question = self.question(np.arange(self.columns.size))
        found = solve_flow(self.columns, question, seconds=self.left(), seed=self.seed)
        if found.status == "infeasible":
            raise NoPlan(find_conflict(self.asked, self.published_or_none, seed=self.seed))
        self.lower_bound_to(found.bound + self.columns.offset)
        if found.chosen is not None:
            self.offer(found.chosen)
        self.note("whole round")

    published_or_none: Published | None = None

    def question(self, keep: IntArray) -> Question:
        least = self.columns.forced.astype(float)
        return Question(keep, self.columns.value[keep], least, np.ones(len(least)), self.share_most)

    def linear(self) -> tuple[Prices, FloatArray]:
        """Prices from the linear relaxation of the whole round, and the part of each place in it."""
        found = solve_flow(self.columns, self.question(np.arange(self.columns.size)), integer=False)
        if found.status == "infeasible":
            raise NoPlan(find_conflict(self.asked, self.published_or_none, seed=self.seed))
        prices = valid_prices(self.columns, found.proposal_dual, found.line_dual, found.share_dual)
        own, _ = line_bounds(self.columns, prices, self.order)
        self.lower_bound_to(float(own.sum()) + shared_worth(self.columns, prices))
        self.note("prices")
        return prices, found.part

    def at_home(self, prices: Prices, part: FloatArray) -> IntArray:
        """A plan by solving each line alone, each proposal on the line where the linear model gives it most."""
        n = len(self.columns.axis)
        given = np.zeros((len(self.columns.forced), n))
        np.add.at(given, (self.columns.proposal, self.columns.line), part)
        # where it gives it nothing, the line where it would lose least
        own, through = line_bounds(self.columns, prices, self.order)
        loss = np.full(given.shape, np.inf)
        np.minimum.at(loss, (self.columns.proposal, self.columns.line), own[self.columns.line] - through)
        home = np.where(given.sum(axis=1) > 1e-6, given.argmax(axis=1), loss.argmin(axis=1))
        free = Prices(np.where(self.columns.linked, 0.0, prices.proposal), prices.day, prices.share)
        worth = linking_worth(self.columns, free)
        allowed = home[self.columns.proposal] == self.columns.line
        chosen = []
        for b in np.argsort(-own, kind="stable").tolist():
            if self.left() <= 0:
                break
            least = (self.columns.forced & (home == b)).astype(float)
            chosen.append(self.one_line(b, worth, float(own[b]), through, least, allowed)[1])
        return np.concatenate(chosen) if chosen else np.empty(0, np.int64)

    def price_lines(self, prices: Prices, lines: _Lines) -> bool:
        """Solve each line whose prices changed exactly; False when the clock stops it."""
        worth = linking_worth(self.columns, prices)
        own, through = line_bounds(self.columns, prices, self.order)
        least = (self.columns.forced & ~self.columns.linked).astype(float)
        everywhere = np.ones(self.columns.size, bool)
        lines.bound = np.where([seen is not None for seen in lines.worth], lines.bound, own)
        for b in np.argsort(-own, kind="stable").tolist():
            mine = slice(int(self.columns.bounds[b]), int(self.columns.bounds[b + 1]))
            before = lines.worth[b]
            if before is not None and np.array_equal(before, worth[mine]):
                continue
            if self.left() <= 0:
                lines.bound[b] = own[b]
                lines.worth[b] = None
                self.out_of_time = True
                continue
            lines.bound[b], lines.chosen[b] = self.one_line(b, worth, float(own[b]), through, least, everywhere)
            lines.worth[b] = worth[mine].copy()
        self.lower_bound_to(float(lines.bound.sum()) + shared_worth(self.columns, prices))
        return not self.out_of_time

    def one_line(
        self, b: int, worth: FloatArray, own: float, through: FloatArray, least: FloatArray, allowed: BoolArray
    ) -> tuple[float, IntArray]:
        """The best of one line: a proved bound (if all its columns are allowed), and the columns chosen."""
        mine = np.arange(self.columns.bounds[b], self.columns.bounds[b + 1])
        mine = mine[allowed[mine]]
        if not len(mine):
            return 0.0, mine
        near = max(NEAR * abs(own), 1.0)
        bound, chosen = own, np.empty(0, np.int64)
        while True:
            keep = mine[through[mine] >= own - near]
            everything = len(keep) == len(mine)
            question = Question(keep, worth[keep], _here(self.columns, keep, least), np.ones(len(least)))
            found = solve_flow(self.columns, question, gap=MIP_GAP, seconds=max(self.left(), 0.5), seed=self.seed)
            if found.chosen is not None:
                # a plan that uses a column left out is worth at most own - near
                bound = min(bound, found.bound if everything else max(found.bound, own - near))
                chosen = found.chosen
            if everything and found.status == "infeasible" and not (least[self.columns.linked] > 0).any():
                raise NoPlan(find_conflict(self.asked, self.published_or_none, seed=self.seed))
            if everything or self.left() <= 0 or (found.chosen is not None and found.objective >= own - near):
                return bound, chosen
            near *= 4

    def combined(self, lines: _Lines) -> IntArray:
        """The lines' answers as one plan: a proposal chosen twice stays where it is dearest."""
        chosen = np.concatenate(lines.chosen) if lines.chosen else np.empty(0, np.int64)
        chosen = chosen[np.argsort(-self.columns.value[chosen], kind="stable")]
        _, first = np.unique(self.columns.proposal[chosen], return_index=True)
        return self.settled(chosen[first])

    def settled(self, chosen: IntArray) -> IntArray:
        """The plan with shares repaired as far as dropping helps, and what still fits added."""
        return filled_up(self.columns, trim_to_shares(self.columns, np.sort(chosen)), self.columns.value)

    def improve(self, prices: Prices, lines: _Lines, prices_differ: bool) -> None:
        """Solve groups of lines exactly with the rest as it is, first those that lose most against the bound."""
        partners = self.partners()
        version = np.zeros(len(lines.bound), np.int64)
        tried: dict[tuple[int, ...], tuple[int, ...]] = {}
        own, through = line_bounds(self.columns, prices, self.order)
        for size in range(1, LARGEST_GROUP + 1):
            again = True
            while again and not self.finished():
                again = False
                loss = self.losses(prices, lines)
                for b in np.argsort(-loss, kind="stable").tolist():
                    group = self.group(b, size, partners, loss)
                    if len(group) < size or tried.get(group) == tuple(version[list(group)]):
                        continue
                    lost = self.excess(self.plan) == 0 and loss[list(group)].sum() <= self.worthwhile(len(loss))
                    if self.finished() or lost:
                        continue
                    if self.group_solved(group, own, through):
                        version[list(group)] += 1
                        again = True
                    tried[group] = tuple(version[list(group)])
            self.note(f"groups of {size}{'' if prices_differ else ' again'}")
            if self.finished():
                return

    def worthwhile(self, n_lines: int) -> float:
        """Loss below which a group is left alone."""
        return 0.25 * self.target_gap * abs(self.bound) / max(n_lines, 1)

    def losses(self, prices: Prices, lines: _Lines) -> FloatArray:
        """How much each line's part of the plan stays under the line's bound; they add up to the gap but for slack."""
        worth = linking_worth(self.columns, prices)
        got = np.zeros(len(lines.bound))
        np.add.at(got, self.columns.line[self.plan], worth[self.plan])
        return np.asarray(lines.bound - got)

    def partners(self) -> FloatArray:
        """Number of proposals each two lines share."""
        n = len(self.columns.axis)
        pairs = np.zeros((len(self.columns.forced), n), bool)
        pairs[self.columns.proposal, self.columns.line] = True
        shared = (pairs.T.astype(np.int64) @ pairs.astype(np.int64)).astype(float)
        np.fill_diagonal(shared, 0.0)
        return shared

    def group(self, b: int, size: int, partners: FloatArray, loss: FloatArray) -> tuple[int, ...]:
        """The line and the partners that share and lose most; a little chance, so that repeats differ."""
        group = [b]
        tied = self.excess(self.plan) > 0 or bool(len(self.columns.rows))
        while len(group) < size:
            shared = partners[group].sum(axis=0) + (0.1 if tied else 0.0)
            score = shared * np.maximum(loss, 1e-3 * max(float(loss.max()), 1e-9)) * self.rng.uniform(0.5, 1, len(loss))
            score[group] = -1.0
            best = int(score.argmax())
            if score[best] <= 0:
                break
            group.append(best)
        return tuple(sorted(group))

    def group_solved(self, group: tuple[int, ...], own: FloatArray, through: FloatArray) -> bool:
        """Solve the group's lines with all others fixed; True if the plan became better."""
        columns = self.columns
        inside = np.isin(columns.line, group)
        fixed = self.plan[~inside[self.plan]]
        elsewhere = np.zeros(len(columns.forced), bool)
        elsewhere[columns.proposal[fixed]] = True
        near = max(self.bound - self.objective, 0.0) if np.isfinite(self.objective) else np.inf
        near_line = np.minimum(near, np.maximum(4 * NEAR * np.abs(own), 1.0)) if self.excess(self.plan) == 0 else np.inf
        keep = inside & ~elsewhere[columns.proposal] & (through >= (own - near_line)[columns.line] - 1e-6)
        keep[self.plan[inside[self.plan]]] = True
        kept = np.flatnonzero(keep)
        if not len(kept):
            return False
        least = (columns.forced & ~elsewhere).astype(float)
        used = np.array([float(row.coefficient[fixed].sum()) for row in columns.rows])
        question = Question(
            kept,
            columns.value[kept],
            _here(columns, kept, least),
            np.ones(len(least)),
            self.share_most - used if len(used) else None,
            self.penalty,
        )
        found = solve_flow(
            columns,
            question,
            gap=MIP_GAP / 2,
            seconds=min(max(self.left(), 0.3), GROUP_S),
            seed=self.seed,
            start=self.plan[inside[self.plan]],
        )
        if found.chosen is None:
            return False
        return self.offer(np.concatenate([fixed, found.chosen]))


def _here(columns: Columns, keep: IntArray, least: FloatArray) -> FloatArray:
    """``least``, but 0 for proposals that have no column among ``keep``."""
    present = np.zeros(len(least), bool)
    present[columns.proposal[keep]] = True
    return np.where(present, least, 0.0)


def solve_round(
    asked: Round,
    *,
    published: Published | None = None,
    seconds: float = np.inf,
    clock: Callable[[], float] | None = None,
    target_gap: float = 5e-4,
    max_passes: int = 12,
    rng: np.random.Generator | None = None,
    exact_below: int = SMALL,
    progress: Progress | None = None,
) -> Plan:
    """Plan a round of beamtime: who gets how many shifts, on which beamline, when.

    Maximises the sum of weight x shifts granted, less the cost of changes to a published plan, within all limits of
    the round, and proves a bound that no plan exceeds.

    Parameters
    ----------
    asked : Round
    published : Published, optional
        A plan people know; then few changes are made to it.
    seconds : float
        Time after which the search stops, on ``clock``. One small model may still finish.
    clock : callable, optional
        Returns seconds; needed for a finite ``seconds``.
    target_gap : float
        Stop when the objective is this near the bound, relative. >= 0.
    max_passes : int
        Most rounds of new prices. >= 1.
    rng : numpy.random.Generator, optional
        Breaks ties among groups of beamlines, and seeds HiGHS. Default: seed 0.
    exact_below : int
        Rounds with at most so many places are solved as one model, to the optimum.
    progress : callable, optional
        Called with step, clock, objective, bound.

    Returns
    -------
    Plan

    Raises
    ------
    AllocationError
        ``seconds`` without ``clock``, or options out of range.
    NoPlan
        The limits cannot all hold; its ``conflict`` is an irreducible set of them.

    Notes
    -----
    Deterministic for a given generator when ``seconds`` is infinite; a time limit makes the result depend on the
    machine.
    Cost: one linear model of all places, then some 0.2 to 2 s a beamline, again for each pass. Memory: some 3 kB a
    place. Sources: time-indexed packing, Sousa & Wolsey (1992), Math. Programming 54, 353-367; Lagrangian bounds,
    Geoffrion (1974), Math. Programming Study 2, 82-114; the step length, Polyak (1969); groups solved exactly with the
    rest fixed, large neighbourhood search, Shaw (1998).
    """
    if np.isfinite(seconds) and clock is None:
        raise AllocationError("seconds needs a clock; pass time.monotonic or time.process_time.")
    if not (target_gap >= 0 and max_passes >= 1):
        raise AllocationError(f"target_gap must be >= 0 and max_passes >= 1, got {target_gap} and {max_passes}.")
    rng = rng or np.random.default_rng(0)
    columns = columns_of(asked, published)
    search = _Search(
        asked, columns, clock or _no_clock, float(seconds), target_gap, int(rng.integers(2**30)), rng, progress
    )
    search.published_or_none = published
    if np.any(columns.forced & (np.bincount(columns.proposal, minlength=len(columns.forced)) == 0)):
        raise NoPlan(find_conflict(asked, published, seed=search.seed))
    search.offer(filled_up(columns, greedy_plan(asked, columns), columns.value))
    search.note("rank order")
    if columns.size == 0:
        search.lower_bound_to(columns.offset)
        if search.excess(search.plan) > 0:
            raise NoPlan(find_conflict(asked, published, seed=search.seed))
    elif columns.size <= exact_below:
        search.whole()
    else:
        _by_prices(search, max_passes)
    if search.excess(search.plan) > 0:
        _rescue(search, published)
    return _plan(search, asked)


def _no_clock() -> float:
    return 0.0


def _by_prices(search: _Search, max_passes: int) -> None:
    prices, part = search.linear()
    at_home = search.at_home(prices, part)
    search.offer(at_home)
    search.offer(search.settled(at_home))
    search.note("lines at home")
    n = len(search.columns.axis)
    lines = _Lines(np.full(n, np.inf), [None] * n, [np.empty(0, np.int64)] * n)
    best_prices, best_bound, theta = prices, np.inf, 1.0
    for turn in range(max_passes):
        if search.finished():
            return
        if not search.price_lines(prices, lines):
            search.offer(search.combined(lines))
            search.note(f"lines, pass {turn + 1}, stopped")
            return
        reached = float(lines.bound.sum()) + shared_worth(search.columns, prices)
        search.offer(search.combined(lines))
        search.note(f"lines, pass {turn + 1}")
        search.improve(prices, lines, turn == 0)
        if reached < best_bound - 1e-6:
            best_prices, best_bound = prices, reached
        else:
            theta /= 2
        chosen = np.zeros(search.columns.size, bool)
        for mine in lines.chosen:
            chosen[mine] = True
        goal = search.objective if np.isfinite(search.objective) else best_bound * (1 - 1e-3)
        moved = moved_prices(search.columns, prices, chosen, theta * max(reached - goal, 0.0), search.typical)
        prices = moved if reached <= best_bound + 0.5 * max(best_bound - goal, 0.0) else best_prices


def _rescue(search: _Search, published: Published | None) -> None:
    """No plan within all limits yet: find one for its own sake, or prove that there is none."""
    everything = search.question(np.arange(search.columns.size))
    blank = Question(
        everything.keep, np.zeros(search.columns.size), everything.least, everything.most, search.share_most
    )
    found: Found = solve_flow(search.columns, blank, gap=1.0, seed=search.seed)
    if found.chosen is None:
        raise NoPlan(find_conflict(search.asked, published, seed=search.seed))
    search.offer(found.chosen)
    search.offer(filled_up(search.columns, search.plan, search.columns.value))
    search.note("any plan")


def _plan(search: _Search, asked: Round) -> Plan:
    columns = search.columns
    filled = filled_up(columns, search.plan, columns.value)
    search.offer(filled)
    plan = search.plan[np.lexsort((columns.start[search.plan], columns.line[search.plan]))]
    weights = np.array([one.weight for one in asked.proposals])
    objective = search.value(plan)
    return Plan(
        awards=tuple(award_of(asked, columns, c) for c in plan.tolist()),
        merit=float((weights[columns.proposal[plan]] * columns.shifts[plan]).sum()) if len(plan) else 0.0,
        objective=objective,
        bound=max(search.bound, objective),
        trace=tuple(search.trace),
        out_of_time=search.out_of_time,
    )
