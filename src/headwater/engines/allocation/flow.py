"""The model HiGHS solves: each beamline is a path through its beam days, taking experiments or idle days.

The day rows are flow conservation, so that a place has two entries there however long it is, and places of one length
on one line meet the other limits through one count. That is the time-indexed model with a quarter of its entries.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from scipy.sparse import csc_matrix

from headwater.engines.allocation.columns import Columns
from headwater.engines.allocation.model import AllocationError, BoolArray, FloatArray, IntArray

EXCESS = 50.0  # what a shift beyond a share costs in an elastic model, in units of the greatest weight of a place


@dataclass(frozen=True, slots=True)
class Question:
    """A part of the round for HiGHS.

    Attributes
    ----------
    keep : array of int
        Columns that may be chosen, ascending.
    worth : array, shape (k,)
        What each adds.
    least, most : array, shape (proposals,)
        How many columns of a proposal must and may be chosen.
    share_most : array, shape (rows,) or None
        Right sides of the share rows; ``None``: leave the shares out.
    penalty : float or None
        Cost of a shift beyond a share, and of a forced proposal left out per shift; ``None``: no such thing.
    """

    keep: IntArray
    worth: FloatArray
    least: FloatArray
    most: FloatArray
    share_most: FloatArray | None = None
    penalty: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What HiGHS found: ``chosen`` is None without a plan; ``part`` of each kept column and duals only if linear."""

    status: str
    chosen: IntArray | None
    part: FloatArray
    objective: float
    bound: float
    proposal_dual: FloatArray
    line_dual: FloatArray
    share_dual: FloatArray


@dataclass(frozen=True, slots=True)
class _Matrix:
    matrix: csc_matrix
    cost: FloatArray
    row_low: FloatArray
    row_high: FloatArray
    n_places: int
    integer: BoolArray
    upper: FloatArray
    proposals: IntArray
    lines: IntArray
    first_row: tuple[int, int, int]


def _matrix(columns: Columns, asked: Question) -> _Matrix:
    keep = asked.keep
    p, b = columns.proposal[keep], columns.line[keep]
    lines, at = np.unique(b, return_inverse=True)
    long = np.array([len(columns.axis[line]) for line in lines], np.int64)
    offset = np.concatenate([[0], np.cumsum(long + 1)])
    bundles, first, bundle = np.unique(columns.bundle[keep], return_index=True, return_inverse=True)
    proposals, bundle_p = np.unique(p[first], return_inverse=True)
    nx, ni, nz = len(keep), int(long.sum()), len(bundles)
    idle = np.concatenate([offset[i] + np.arange(n) for i, n in enumerate(long)]) if ni else np.empty(0, np.int64)
    x, i, z = np.arange(nx), nx + np.arange(ni), nx + ni + np.arange(nz)
    r_link = int(offset[-1])
    r_proposal = r_link + nz
    r_line = r_proposal + len(proposals)
    r_share = r_line + len(lines)
    node = offset[at] + columns.start[keep]
    one = np.ones
    entries = [
        (node, x, one(nx)),
        (node + columns.days[keep], x, -one(nx)),
        (idle, i, one(ni)),
        (idle + 1, i, -one(ni)),
        (r_link + bundle, x, one(nx)),
        (r_link + np.arange(nz), z, -one(nz)),
        (r_proposal + bundle_p, z, one(nz)),
        (r_line + at[first], z, columns.days[keep][first].astype(float)),
    ]
    low = [np.zeros(r_link), np.zeros(nz), asked.least[proposals], np.full(len(lines), -np.inf)]
    high = [np.zeros(r_link), np.zeros(nz), asked.most[proposals], columns.most_days[lines].astype(float)]
    for ends, sign in ((offset[:-1], 1.0), (offset[1:] - 1, -1.0)):
        low[0][ends] += sign
        high[0][ends] += sign
    # HiGHS branches on the counts, not on single places: they are integer and carry what all places of theirs are worth
    common = np.full(nz, np.inf)
    np.minimum.at(common, bundle, asked.worth)
    more = asked.worth - common[bundle]
    cost = [np.where(more > 1e-9, more, 0.0), np.zeros(ni), common]
    n_columns = nx + ni + nz
    if asked.share_most is not None:
        for s, row in enumerate(columns.rows):
            held = row.coefficient[keep][first]
            entries.append((np.full(nz, r_share + s), z, held))
        low.append(np.full(len(columns.rows), -np.inf))
        high.append(asked.share_most)
    if asked.penalty is not None:
        # forced proposals may go missing, shares may be passed: at a price no merit pays
        missing = np.flatnonzero(asked.least[proposals] > 0)
        entries.append((r_proposal + missing, n_columns + np.arange(len(missing)), one(len(missing))))
        cost.append(np.full(len(missing), -asked.penalty * int(columns.shifts.max(initial=1)) * 4))
        n_columns += len(missing)
        if asked.share_most is not None:
            n = len(columns.rows)
            entries.append((r_share + np.arange(n), n_columns + np.arange(n), -one(n)))
            cost.append(np.full(n, -asked.penalty))
            n_columns += n
    rows, cols, values = (np.concatenate([entry[k] for entry in entries]) for k in range(3))
    row_low, row_high = np.concatenate(low), np.concatenate(high)
    matrix = csc_matrix((values, (rows, cols)), shape=(len(row_low), n_columns))
    matrix.eliminate_zeros()
    integer = np.zeros(n_columns, bool)
    integer[x] = integer[z] = True
    upper = np.full(n_columns, np.inf)
    upper[: nx + ni + nz] = 1.0  # an idle day needs no bound, but with it HiGHS sees cliques and probes far less
    where = (r_proposal, r_line, r_share)
    return _Matrix(matrix, np.concatenate(cost), row_low, row_high, nx, integer, upper, proposals, lines, where)


class _Quiet(highspy.Highs):  # type: ignore[misc]
    """HiGHS without its banner, which it prints on standard output when its callbacks are made."""

    def enableCallbacks(self) -> None:  # noqa: N802 (the name is HiGHS's)
        self.silent()
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def solve_flow(
    columns: Columns,
    asked: Question,
    *,
    integer: bool = True,
    gap: float = 0.0,
    seconds: float = np.inf,
    seed: int = 0,
    start: IntArray | None = None,
) -> Found:
    """Solve one part of the round with HiGHS.

    Parameters
    ----------
    columns : Columns
    asked : Question
    integer : bool
        False: the linear relaxation, with its duals.
    gap : float
        Relative gap at which to stop.
    seconds : float
        HiGHS's own wall-clock limit.
    seed : int
        HiGHS's random seed. >= 0.
    start : array of int, optional
        Columns of a plan to start from.

    Returns
    -------
    Found
        ``status`` is ``optimal``, ``infeasible`` or ``limit``.

    Raises
    ------
    AllocationError
        HiGHS refused the model: a number in it is not finite.

    Notes
    -----
    One thread; the same input gives the same output unless the time limit stops it.
    """
    parts = _matrix(columns, asked)
    n_rows, n_columns = parts.matrix.shape
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = n_rows, n_columns
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = parts.cost
    lp.col_lower_ = np.zeros(n_columns)
    # in the linear model bounds would carry duals that belong to the rows, and the prices would prove less
    lp.col_upper_ = parts.upper if integer else np.full(n_columns, np.inf)
    lp.row_lower_, lp.row_upper_ = parts.row_low, parts.row_high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = parts.matrix.indptr, parts.matrix.indices
    lp.a_matrix_.value_ = parts.matrix.data
    if integer:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[whole] for whole in parts.integer.tolist()]
    highs = _Quiet()  # type: ignore[no-untyped-call]
    options: dict[str, str | float] = {
        "threads": 1,
        "random_seed": seed,
        "mip_rel_gap": gap,
        "mip_abs_gap": 1e-6,
        "solver": "choose",
    }
    if not integer:
        options["solver"] = "simplex"
    for name, value in options.items():
        highs.setOptionValue(name, value)
    if np.isfinite(seconds):
        highs.setOptionValue("time_limit", max(0.05, float(seconds)))
    if highs.passModel(lp) == highspy.HighsStatus.kError:
        raise AllocationError("HiGHS refused the model. Is a weight too large to be a number?")
    if start is not None and integer:
        chosen = np.flatnonzero(np.isin(asked.keep, start))
        highs.setSolution(len(chosen), chosen.astype(np.int32), np.ones(len(chosen)))
    highs.run()
    return _found(highs, columns, asked, parts, integer)


def _found(highs: highspy.Highs, columns: Columns, asked: Question, parts: _Matrix, integer: bool) -> Found:
    status = highs.getModelStatus()
    info = highs.getInfo()
    words = {highspy.HighsModelStatus.kOptimal: "optimal", highspy.HighsModelStatus.kInfeasible: "infeasible"}
    has_plan = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    proposal_dual = np.zeros(len(asked.least))
    line_dual = np.zeros(len(columns.axis))
    share_dual = np.zeros(len(columns.rows))
    chosen, value = None, np.empty(0)
    if has_plan:
        solution = highs.getSolution()
        value = np.array(solution.col_value[: parts.n_places])
        chosen = asked.keep[value > 0.5]
        if not integer:
            dual = np.array(solution.row_dual)
            r_proposal, r_line, r_share = parts.first_row
            proposal_dual[parts.proposals] = dual[r_proposal : r_proposal + len(parts.proposals)]
            line_dual[parts.lines] = dual[r_line : r_line + len(parts.lines)]
            if asked.share_most is not None:
                share_dual = dual[r_share : r_share + len(columns.rows)]
    bound = float(info.mip_dual_bound if integer else info.objective_function_value)
    return Found(
        status=words.get(status, "limit"),
        chosen=chosen,
        part=value,
        objective=float(info.objective_function_value) if has_plan else -np.inf,
        bound=bound if np.isfinite(bound) else np.inf,
        proposal_dual=proposal_dual,
        line_dual=line_dual,
        share_dual=share_dual,
    )
