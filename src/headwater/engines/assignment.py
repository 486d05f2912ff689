"""Reviewers to proposals: the best total fit with the highest floor, within loads and without conflicts."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

UNIT = 1_000_000  # affinities are whole millionths inside, so that totals are exact
MOST_AFFINITY = 1_000.0
LOWEST = -(1 << 60)  # below every score, and can be negated
NEAREST = 30  # arcs a proposal starts with; the others are priced afterwards
SPLIT = 60  # parts of a review when reviews are drawn by chance: 1/2, 1/3, 1/4, 1/5, 0.05 are whole numbers of them


class AssignmentError(ValueError):
    """An assignment that cannot be read, or cannot be made."""


class TooFewReviewers(AssignmentError):
    """No assignment keeps the loads and conflicts.

    Attributes
    ----------
    proposals : tuple of int
        Proposals that together, or alone, cannot get enough reviews.
    reviewers : tuple of int
        All the reviewers who may review any of them.
    needed, room : int
        Reviews those proposals need, and the most those reviewers may give them.
    idle : tuple of int
        Reviewers who cannot reach their least load (then the other fields are empty).
    """

    def __init__(
        self, proposals: tuple[int, ...], reviewers: tuple[int, ...], needed: int, room: int, idle: tuple[int, ...] = ()
    ) -> None:
        self.proposals, self.reviewers = proposals, reviewers
        self.needed, self.room, self.idle = needed, room, idle
        if idle:
            told = f"reviewers {_few(idle)} cannot all reach their least load"
        else:
            told = (
                f"proposals {_few(proposals)} need {needed} reviews; the {len(reviewers)} reviewers free of conflict "
                f"with them may give {room}"
            )
        super().__init__(f"No assignment keeps the loads and conflicts: {told}.")


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Pairs that may not meet: index of the proposal, of the reviewer, and of the kind of conflict; equal lengths.

    A pair may appear with several kinds.
    """

    proposal: IntArray
    reviewer: IntArray
    kind: IntArray


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who reviews what.

    Attributes
    ----------
    pairs : array of int, shape (k, 2)
        Proposal and reviewer, sorted.
    total : float
        Sum of the pairs' affinity.
    floor : float
        Least affinity that any pair could be held to; -inf where it was not raised.
    proposal_price, reviewer_price : array
        Duals. No assignment at this floor has a total above `bound`.
    bound : float
        Total of the best assignment (with a cap: expected total of the best draw).
    probability : array, shape (k,), or None
        With a cap: the chance that the draw gives each pair.
    """

    pairs: IntArray
    total: float
    floor: float
    proposal_price: FloatArray
    reviewer_price: FloatArray
    bound: float
    probability: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a reviewer does not review a proposal.

    ``code``: ``conflict`` (kinds), ``floor`` (affinity below the floor), ``load`` (is full with reviews that are worth
    more), ``chosen_by_chance`` (with a cap), ``worse`` (the proposal has better ones, or as good).
    """

    proposal: int
    reviewer: int
    affinity: float
    code: str
    kinds: tuple[int, ...] = ()


def assign_reviewers(
    affinity: ArrayLike,
    *,
    per_proposal: int | ArrayLike,
    max_load: ArrayLike,
    min_load: ArrayLike | None = None,
    conflicts: Conflicts | None = None,
    raise_floor: bool = True,
    cap: float | None = None,
    rng: np.random.Generator | None = None,
) -> Assignment:
    """Assign reviewers to proposals at the greatest total affinity, after raising the floor as high as it goes.

    Parameters
    ----------
    affinity : array, shape (p, r)
        Fit of each reviewer for each proposal. Finite, from -1000 to 1000; compared to a millionth.
    per_proposal : int or array of int, shape (p,)
        Reviews each proposal gets. >= 0.
    max_load, min_load : array of int, shape (r,)
        Most and fewest reviews of each reviewer. ``min_load`` 0 where left out.
    conflicts : Conflicts, optional
        Pairs that may not meet.
    raise_floor : bool
        First find the highest floor such that every pair can have at least that affinity.
    cap : float, optional
        No pair is assigned with a greater chance: a guard against collusion. 0.05 to 1, rounded down to sixtieths. The
        pairs are then drawn with ``rng``.
    rng : numpy.random.Generator, optional
        Needed with ``cap``.

    Returns
    -------
    Assignment

    Raises
    ------
    AssignmentError
        Shapes, signs or values are wrong.
    TooFewReviewers
        Loads and conflicts leave too few; says which proposals (a set that fails together) or reviewers.

    Notes
    -----
    The floor is that of the worst pair, which bounds the worst proposal; the greatest sum of the worst proposal is a
    hard problem (Garg et al. 2010, Algorithmica 58, 119-136). Method: bisection with maximum flows for the floor;
    successive shortest paths with prices (Edmonds & Karp 1972, J. ACM 19, 248-264) on each proposal's nearest
    reviewers; then every pair left out is priced, those that could gain come in, and it is solved again: at the end
    the prices prove the total over all pairs. With a cap the flow is in sixtieths, and drawn by dependent rounding
    (Gandhi et al. 2006, J. ACM 53, 324-360), which keeps all loads and every chance; the idea is that of Jecmen et al.
    (2020, NeurIPS). Conserves: every proposal gets exactly its reviews. Deterministic but for the draw. Cost: about 1 s
    of CPU for 3,000 x 500.
    """
    score, need, least, most, banned = _read(affinity, per_proposal, max_load, min_load, conflicts)
    parts, pair_parts = 1, 1
    if cap is not None:
        if not 0.05 <= cap <= 1:
            raise AssignmentError(f"cap must be from 0.05 to 1, got {cap}. Per cent?")
        if rng is None:
            raise AssignmentError("cap needs rng: the assignment is drawn. Pass numpy.random.default_rng(seed).")
        parts, pair_parts = SPLIT, int(np.floor(cap * SPLIT + 1e-9))
    allowed = ~banned
    carried = _carried(allowed, need, least, most, parts, pair_parts)
    if carried is None:
        raise _shortage(allowed, need, least, most, parts, pair_parts)
    floor = int(score[allowed].min()) if allowed.any() else 0
    raised = raise_floor and bool(need.any())
    if raised:
        floor, carried = _highest_floor(score, allowed, need, least, most, parts, pair_parts, carried)
        allowed &= score >= floor
    p, r, flow, price_p, price_r = _best(score, allowed, need, least, most, parts, pair_parts, carried)
    expected = float((flow * score[p, r]).sum()) / parts / UNIT
    pairs = np.column_stack([p, r])
    probability: FloatArray | None = None
    if cap is not None and rng is not None:
        chosen = _drawn(p, r + len(need), flow, len(need) + len(most), parts, rng.random(4 * len(p) + 16))
        probability = flow[chosen] / parts
    else:
        chosen = flow > 0
    pairs = pairs[chosen]
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    pairs = pairs[order]
    return Assignment(
        pairs=pairs,
        total=float(score[pairs[:, 0], pairs[:, 1]].sum()) / UNIT,
        floor=floor / UNIT if raised else -np.inf,
        proposal_price=price_p / UNIT,
        reviewer_price=price_r / UNIT,
        bound=expected,
        probability=None if probability is None else probability[order],
    )


def explain_left_out(
    affinity: ArrayLike, assignment: Assignment, *, max_load: ArrayLike, conflicts: Conflicts | None = None
) -> tuple[LeftOut, ...]:
    """Each reviewer who fits a proposal better than the worst it got, and does not review it: why.

    Parameters
    ----------
    affinity : array, shape (p, r)
        As given to `assign_reviewers`.
    assignment : Assignment
    max_load : array of int, shape (r,)
    conflicts : Conflicts, optional
        As given to `assign_reviewers`.

    Returns
    -------
    tuple of LeftOut
        By proposal, then by affinity, the best first. Every kind of a conflict is kept.
    """
    fit = np.asarray(affinity, float)
    n, m = fit.shape
    given = np.zeros((n, m), bool)
    given[assignment.pairs[:, 0], assignment.pairs[:, 1]] = True
    full = given.sum(axis=0) >= np.asarray(max_load)
    worst = np.where(given.any(axis=1), np.where(given, fit, np.inf).min(axis=1), -np.inf)
    kinds: dict[tuple[int, int], list[int]] = {}
    if conflicts is not None:
        for p, r, kind in zip(
            conflicts.proposal.tolist(), conflicts.reviewer.tolist(), conflicts.kind.tolist(), strict=True
        ):
            kinds.setdefault((p, r), []).append(kind)
    p, r = np.nonzero(~given & (fit > worst[:, None]))
    found = []
    for k in np.lexsort((r, -fit[p, r], p)).tolist():
        pair = (int(p[k]), int(r[k]))
        value = float(fit[pair])
        if pair in kinds:
            found.append(LeftOut(*pair, value, "conflict", tuple(sorted(set(kinds[pair])))))
        elif value < assignment.floor:
            found.append(LeftOut(*pair, value, "floor"))
        elif assignment.probability is not None:
            found.append(LeftOut(*pair, value, "chosen_by_chance"))
        else:
            found.append(LeftOut(*pair, value, "load" if full[pair[1]] else "worse"))
    return tuple(found)


def _few(ids: tuple[int, ...]) -> str:
    return ", ".join(map(str, ids[:10])) + (f" and {len(ids) - 10} more" if len(ids) > 10 else "")


def _whole(name: str, values: ArrayLike, n: int) -> IntArray:
    got = np.asarray(values)
    if got.shape == ():
        got = np.full(n, got)
    if got.shape != (n,):
        raise AssignmentError(f"{name} must have shape ({n},), got {got.shape}. Proposals and reviewers swapped?")
    if got.dtype.kind not in "iu" and not (got.dtype.kind == "f" and np.array_equal(got, np.floor(got))):
        raise AssignmentError(f"{name} must be whole numbers, got {got.dtype}.")
    if n and got.min() < 0:
        raise AssignmentError(f"{name} must be >= 0, got {got.min()}.")
    return got.astype(np.int64)


def _read(
    affinity: ArrayLike,
    per_proposal: int | ArrayLike,
    max_load: ArrayLike,
    min_load: ArrayLike | None,
    conflicts: Conflicts | None,
) -> tuple[IntArray, IntArray, IntArray, IntArray, BoolArray]:
    fit = np.asarray(affinity, float)
    if fit.ndim != 2:
        raise AssignmentError(f"affinity must be (proposals, reviewers), got shape {fit.shape}.")
    n, m = fit.shape
    if not np.isfinite(fit).all() or np.abs(fit).max(initial=0.0) > MOST_AFFINITY:
        raise AssignmentError(f"affinity must be finite, from -{MOST_AFFINITY:g} to {MOST_AFFINITY:g}. A missing pair?")
    need = _whole("per_proposal", per_proposal, n)
    most = _whole("max_load", max_load, m)
    least = _whole("min_load", 0 if min_load is None else min_load, m)
    if (least > most).any():
        raise AssignmentError(f"min_load is above max_load for reviewer {int(np.argmax(least > most))}.")
    banned = np.zeros((n, m), bool)
    if conflicts is not None:
        p, r = np.asarray(conflicts.proposal), np.asarray(conflicts.reviewer)
        if not p.shape == r.shape == np.shape(conflicts.kind):
            raise AssignmentError("conflicts: proposal, reviewer and kind must have one length.")
        if len(p) and (min(p.min(), r.min()) < 0 or p.max() >= n or r.max() >= m):
            raise AssignmentError(f"conflicts: indices must lie in ({n}, {m}). Proposals and reviewers swapped?")
        banned[p, r] = True
    return np.rint(fit * UNIT).astype(np.int64), need, least, most, banned


def _network(
    allowed: BoolArray, need: IntArray, least: IntArray, most: IntArray, parts: int, pair_parts: int
) -> csr_matrix:
    """Source, proposals, reviewers, a node for loads beyond the least, sink."""
    n, m = allowed.shape
    p, r = np.nonzero(allowed)
    total = int(need.sum())
    extra, sink = n + m + 1, n + m + 2
    rows: list[ArrayLike] = [np.zeros(n, np.int64), 1 + p, 1 + n + np.arange(m), 1 + n + np.arange(m), [extra]]
    cols: list[ArrayLike] = [1 + np.arange(n), 1 + n + r, np.full(m, sink), np.full(m, extra), [sink]]
    beyond = max(total - int(least.sum()), 0)
    capacity: list[ArrayLike] = [
        need * parts,
        np.full(len(p), pair_parts),
        least * parts,
        (most - least) * parts,
        [beyond * parts],
    ]
    shape = (n + m + 3, n + m + 3)
    matrix = coo_matrix((np.concatenate(capacity), (np.concatenate(rows), np.concatenate(cols))), shape=shape)
    return csr_matrix(matrix, dtype=np.int32)


def _carried(
    allowed: BoolArray, need: IntArray, least: IntArray, most: IntArray, parts: int, pair_parts: int
) -> BoolArray | None:
    """Pairs of some assignment within the loads; None if there is none."""
    n, m = allowed.shape
    if int(least.sum()) > int(need.sum()):
        return None
    result = maximum_flow(_network(allowed, need, least, most, parts, pair_parts), 0, n + m + 2)
    if result.flow_value < int(need.sum()) * parts:
        return None
    return np.asarray((result.flow[1 : n + 1, n + 1 : n + m + 1] > 0).toarray(), bool)


def _shortage(
    allowed: BoolArray, need: IntArray, least: IntArray, most: IntArray, parts: int, pair_parts: int
) -> TooFewReviewers:
    """What fails, read off a minimum cut."""
    n, m = allowed.shape
    own = np.minimum(allowed.sum(axis=1) * pair_parts, need * parts)
    alone = np.flatnonzero(own < need * parts)
    if len(alone):
        p = int(alone[0])
        reviewers = tuple(np.flatnonzero(allowed[p]).tolist())
        return TooFewReviewers((p,), reviewers, int(need[p]), int(len(reviewers) * pair_parts // parts))
    network = _network(allowed, need, np.zeros_like(least), most, parts, pair_parts)
    result = maximum_flow(network, 0, n + m + 2)
    if result.flow_value < int(need.sum()) * parts:
        left = csr_matrix(network - result.flow)
        left.data = np.maximum(left.data, 0)
        left.eliminate_zeros()
        side = np.zeros(n + m + 3, bool)
        side[breadth_first_order(left, 0, return_predecessors=False)] = True
        proposals = np.flatnonzero(side[1 : n + 1])
        near = np.flatnonzero(allowed[proposals].any(axis=0))
        given = np.minimum(allowed[proposals].sum(axis=0) * pair_parts // parts, most)
        inside = side[n + 1 : n + m + 1]
        room = int(most[inside].sum() + np.where(inside, 0, given)[near].sum())
        return TooFewReviewers(tuple(proposals.tolist()), tuple(near.tolist()), int(need[proposals].sum()), room)
    short = allowed.sum(axis=0) * pair_parts < least * parts
    idle = np.flatnonzero(short if short.any() else least > 0)
    return TooFewReviewers((), (), 0, 0, tuple(idle.tolist()))


def _highest_floor(
    score: IntArray,
    allowed: BoolArray,
    need: IntArray,
    least: IntArray,
    most: IntArray,
    parts: int,
    pair_parts: int,
    carried: BoolArray,
) -> tuple[int, BoolArray]:
    """The greatest value that all pairs of some assignment reach, and such an assignment's pairs."""
    kept = np.where(allowed, score, LOWEST)
    # no floor can pass any proposal's weakest necessary reviewer
    depth = -(-need * parts // pair_parts)
    ranked = -np.sort(-kept, axis=1)
    asked = np.flatnonzero(depth > 0)
    top = int(ranked[asked, depth[asked] - 1].min())
    best = int(score[carried].min())
    levels = np.unique(score[allowed & (score > best) & (score <= top)])
    low, high = 0, len(levels)  # levels[:low] can be held, levels[high:] cannot; the top is the likeliest
    at = high - 1
    while low < high:
        held = _carried(allowed & (score >= levels[at]), need, least, most, parts, pair_parts)
        if held is None:
            high = at
        else:
            carried, best, low = held, int(levels[at]), at + 1
        at = (low + high) // 2
    return best, carried


def _best(
    score: IntArray,
    allowed: BoolArray,
    need: IntArray,
    least: IntArray,
    most: IntArray,
    parts: int,
    pair_parts: int,
    carried: BoolArray,
) -> tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]:
    """The assignment of greatest total over all allowed pairs: pairs, flow in parts, prices."""
    n, m = score.shape
    top = int(score[allowed].max()) if allowed.any() else 0
    arcs = carried.copy()
    kept = np.where(allowed, score, LOWEST)
    for axis, k in ((1, NEAREST), (0, 2 * NEAREST)):
        k = min(k, score.shape[axis])
        if k:
            near = np.argpartition(-kept, k - 1, axis=axis)
            near = near[:, :k] if axis == 1 else near[:k]
            np.put_along_axis(arcs, near, True, axis=axis)
    arcs &= allowed
    beyond = 4 * (n + m + 2) * max(top - int(score[allowed].min(initial=0)), 1)
    while True:
        p, r = np.nonzero(arcs)
        cost = top - score[p, r]
        by_reviewer = np.argsort(r, kind="stable")
        flow, price_p, price_r = _cheapest_flow(
            np.searchsorted(p, np.arange(n + 1)),
            r,
            cost,
            by_reviewer,
            np.searchsorted(r[by_reviewer], np.arange(m + 1)),
            p,
            need * parts,
            least * parts,
            most * parts,
            pair_parts,
            beyond,
        )
        # an arc left out could gain where its cost is below what the prices allow
        gains = allowed & ~arcs & (top - score + price_p[:, None] - price_r[None, :] < 0)
        if not gains.any():
            used = flow > 0
            return p[used], r[used], flow[used], price_p.astype(float), price_r.astype(float)
        arcs |= gains


@numba.njit(cache=True)
def _push(heap: IntArray, key: IntArray, size: int, node: int, value: int) -> int:
    at = size
    while at > 0:
        up = (at - 1) >> 1
        if key[up] <= value:
            break
        key[at], heap[at] = key[up], heap[up]
        at = up
    key[at], heap[at] = value, node
    return size + 1


@numba.njit(cache=True)
def _pop(heap: IntArray, key: IntArray, size: int) -> int:
    size -= 1
    value, node = key[size], heap[size]
    at = 0
    while True:
        down = 2 * at + 1
        if down >= size:
            break
        if down + 1 < size and key[down + 1] < key[down]:
            down += 1
        if key[down] >= value:
            break
        key[at], heap[at] = key[down], heap[down]
        at = down
    key[at], heap[at] = value, node
    return size


@numba.njit(cache=True)
def _cheapest_flow(
    first: IntArray,
    head: IntArray,
    cost: IntArray,
    by_reviewer: IntArray,
    first_in: IntArray,
    tail: IntArray,
    need: IntArray,
    least: IntArray,
    most: IntArray,
    pair_most: int,
    beyond: int,
) -> tuple[IntArray, IntArray, IntArray]:
    """Successive shortest paths: each proposal's reviews take the cheapest way to a reviewer with room.

    A review within the least load is free, one beyond it costs ``beyond``: so least loads fill first. Prices keep all
    residual costs >= 0. Nodes: proposals, then reviewers, then the sink.
    """
    n, m = len(need), len(most)
    sink = n + m
    price = np.zeros(sink + 1, np.int64)
    flow = np.zeros(len(head), np.int64)
    load = np.zeros(m, np.int64)
    far = np.int64(1) << 61
    distance = np.full(sink + 1, far, np.int64)
    via = np.full(sink + 1, -1, np.int64)
    seen = np.empty(sink + 1, np.int64)
    done = np.zeros(sink + 1, np.bool_)
    heap = np.empty(4 * len(head) + 4 * sink + 16, np.int64)
    key = np.empty_like(heap)
    for source in range(n):
        left = need[source]
        while left > 0:
            n_seen = 1
            seen[0] = source
            distance[source] = 0
            size = _push(heap, key, 0, source, 0)
            reached = False
            while size > 0:
                node, d = heap[0], key[0]
                size = _pop(heap, key, size)
                if done[node] or d > distance[node]:
                    continue
                done[node] = True
                if node == sink:
                    reached = True
                    break
                if node < n:
                    for e in range(first[node], first[node + 1]):
                        other = n + head[e]
                        if flow[e] < pair_most and not done[other]:
                            new = d + cost[e] + price[node] - price[other]
                            if new < distance[other] and new < distance[sink]:
                                if distance[other] == far:
                                    seen[n_seen] = other
                                    n_seen += 1
                                distance[other] = new
                                via[other] = e
                                size = _push(heap, key, size, other, new)
                else:
                    r = node - n
                    if load[r] < most[r]:
                        extra = 0 if load[r] < least[r] else beyond
                        new = d + extra + price[node] - price[sink]
                        if new < distance[sink]:
                            if distance[sink] == far:
                                seen[n_seen] = sink
                                n_seen += 1
                            distance[sink] = new
                            via[sink] = r
                            size = _push(heap, key, size, sink, new)
                    for k in range(first_in[r], first_in[r + 1]):
                        e = by_reviewer[k]
                        other = tail[e]
                        if flow[e] > 0 and not done[other]:
                            new = d - cost[e] + price[node] - price[other]
                            if new < distance[other] and new < distance[sink]:
                                if distance[other] == far:
                                    seen[n_seen] = other
                                    n_seen += 1
                                distance[other] = new
                                via[other] = e
                                size = _push(heap, key, size, other, new)
            end = distance[sink]
            for k in range(n_seen):
                node = seen[k]
                if done[node]:
                    price[node] += distance[node] - end
            if reached:
                r = via[sink]
                amount = min(left, (least[r] if load[r] < least[r] else most[r]) - load[r])
                node = n + r
                while node != source:
                    e = via[node]
                    if node >= n:
                        amount = min(amount, pair_most - flow[e])
                        node = tail[e]
                    else:
                        amount = min(amount, flow[e])
                        node = n + head[e]
                load[r] += amount
                left -= amount
                node = n + r
                while node != source:
                    e = via[node]
                    if node >= n:
                        flow[e] += amount
                        node = tail[e]
                    else:
                        flow[e] -= amount
                        node = n + head[e]
            for k in range(n_seen):
                distance[seen[k]] = far
                done[seen[k]] = False
            if not reached:
                left = 0
    return flow, price[:n].copy(), price[n:sink].copy()


@numba.njit(cache=True)
def _drawn(tail: IntArray, head: IntArray, flow: IntArray, nodes: int, parts: int, chance: FloatArray) -> BoolArray:
    """Dependent rounding: each arc is taken with chance flow / parts, and every node keeps its whole sum.

    Walks along fractional arcs until a node repeats or the walk ends, and shifts parts around that cycle or path: each
    step settles one arc. Sums that are not whole stay between their neighbours.
    """
    value = flow.copy()
    degree = np.zeros(nodes + 1, np.int64)
    for e in range(len(tail)):
        degree[tail[e] + 1] += 1
        degree[head[e] + 1] += 1
    first = np.cumsum(degree)
    arcs = np.empty(2 * len(tail), np.int64)
    last = first[:-1].copy()
    for e in range(len(tail)):
        for node in (tail[e], head[e]):
            arcs[last[node]] = e
            last[node] += 1
    draws = 0
    step_of = np.full(nodes, -1, np.int64)
    trail = np.empty(nodes + 1, np.int64)
    walked = np.empty(nodes + 1, np.int64)
    for begin in range(len(tail)):
        while 0 < value[begin] < parts:
            # a path is walked from one of its ends, so the first walk only looks for an end or a cycle
            start = tail[begin]
            low, high = 0, 0
            for attempt in range(2):
                node, length, before = start, 0, -1
                step_of[node] = 0
                walked[0] = node
                closed = -1
                while True:
                    found = -1
                    for k in range(first[node], last[node]):
                        e = arcs[k]
                        if e != before and 0 < value[e] < parts:
                            found = e
                            break
                    if found < 0:
                        break
                    node = head[found] if tail[found] == node else tail[found]
                    trail[length] = found
                    length += 1
                    before = found
                    if step_of[node] >= 0:
                        closed = step_of[node]
                        break
                    step_of[node] = length
                    walked[length] = node
                for k in range(length + 1):
                    if k < length or closed < 0:
                        step_of[walked[k]] = -1
                low, high = (closed if closed >= 0 else 0), length
                if closed >= 0 or attempt == 1:
                    break
                start = node
            up, down = parts, parts
            for k in range(low, high):
                e = trail[k]
                if (k - low) % 2 == 0:
                    up, down = min(up, parts - value[e]), min(down, value[e])
                else:
                    up, down = min(up, value[e]), min(down, parts - value[e])
            shift = up if chance[draws % len(chance)] * (up + down) < down else -down
            draws += 1
            for k in range(low, high):
                value[trail[k]] += shift if (k - low) % 2 == 0 else -shift
    taken: BoolArray = value == parts
    return taken
