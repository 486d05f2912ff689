"""Reviewers to proposals beside an open assignment in random order: total, worst pair, time and memory.

    python benchmarks/assignment.py           3,000 proposals, 500 reviewers, 3 reviews each
    python benchmarks/assignment.py --small   300 x 60 x 3
    python benchmarks/assignment.py --linear  the linear model on HiGHS too, over each proposal's nearest 40 reviewers

Times are CPU seconds of this process, compilation apart. Affinities come from 40 topics, 1.5 % of the pairs are in
conflict, loads are 14 to 28.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from headwater.engines.assignment import Conflicts, assign_reviewers

EACH = 3
TOPICS = 40
NEAREST = 40


def task(n: int, m: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Affinities from 0 to 1 in thousandths, conflicts and loads."""
    rng = np.random.default_rng(seed)
    centre = 2 * rng.normal(size=(TOPICS, 32))
    proposal = rng.normal(size=(n, 32)) + centre[rng.integers(0, TOPICS, n)]
    reviewer = rng.normal(size=(m, 32)) + centre[rng.integers(0, TOPICS, (m, 3))].sum(axis=1)
    proposal /= np.linalg.norm(proposal, axis=1, keepdims=True)
    reviewer /= np.linalg.norm(reviewer, axis=1, keepdims=True)
    fit = np.round(np.clip((proposal @ reviewer.T + 1) / 2, 0, 1), 3)
    load = rng.integers(14, 29, m)
    return fit, rng.random((n, m)) < 0.015, np.maximum(load, -(-load * n * EACH * 11 // (10 * load.sum())))


def random_order(fit: np.ndarray, banned: np.ndarray, load: np.ndarray) -> np.ndarray:
    """Each proposal in turn, in random order, takes the best reviewer with room; as many rounds as reviews."""
    rng = np.random.default_rng(0)
    room = load.copy()
    pairs = []
    free = ~banned
    order = np.argsort(-fit, axis=1)
    for _ in range(EACH):
        for p in rng.permutation(len(fit)).tolist():
            for r in order[p]:
                if room[r] > 0 and free[p, r]:
                    room[r] -= 1
                    free[p, r] = False
                    pairs.append((p, r))
                    break
    return np.array(pairs)


def linear(fit: np.ndarray, banned: np.ndarray, load: np.ndarray) -> np.ndarray:
    """The linear model on HiGHS over each proposal's nearest reviewers and each reviewer's nearest proposals."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_matrix

    kept = np.where(banned, -1.0, fit)
    arcs = np.zeros(fit.shape, bool)
    np.put_along_axis(arcs, np.argpartition(-kept, NEAREST, axis=1)[:, :NEAREST], True, axis=1)
    np.put_along_axis(arcs, np.argpartition(-kept, 2 * NEAREST, axis=0)[: 2 * NEAREST], True, axis=0)
    p, r = np.nonzero(arcs & ~banned)
    at = np.arange(len(p))
    found = linprog(
        -fit[p, r],
        A_ub=coo_matrix((np.ones(len(p)), (r, at)), shape=(fit.shape[1], len(p))),
        b_ub=load,
        A_eq=coo_matrix((np.ones(len(p)), (p, at)), shape=(fit.shape[0], len(p))),
        b_eq=np.full(len(fit), EACH),
        bounds=(0, 1),
        method="highs",
    )
    used = found.x > 0.5
    return np.column_stack([p[used], r[used]])


def ours(fit: np.ndarray, keywords: Mapping[str, Any], **options: Any) -> np.ndarray:
    """The engine's pairs."""
    return assign_reviewers(fit, **keywords, **options).pairs


def main() -> None:
    """Print one line a method and round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--linear", action="store_true")
    asked = parser.parse_args()
    n, m = (300, 60) if asked.small else (3000, 500)
    small = task(30, 10, 0)
    start = time.process_time()
    assign_reviewers(
        small[0], per_proposal=EACH, max_load=small[2], cap=0.9, rng=np.random.default_rng(0), raise_floor=False
    )
    print(f"compiled or loaded in {time.process_time() - start:.1f} s; {n} proposals x {m} reviewers x {EACH} reviews")
    print("seed method                      total   floor  worst proposal  CPU s  peak MB")
    for seed in range(3):
        fit, banned, load = task(n, m, seed)
        conflicts = Conflicts(*np.nonzero(banned), np.zeros(banned.sum(), np.int64))
        keywords = {"per_proposal": EACH, "max_load": load, "conflicts": conflicts}
        draw = {"cap": 0.5, "rng": np.random.default_rng(seed)}
        methods: dict[str, Callable[[], np.ndarray]] = {
            "headwater, floor raised": partial(ours, fit, keywords),
            "headwater, no floor": partial(ours, fit, keywords, raise_floor=False),
            "headwater, drawn, cap 0.5": partial(ours, fit, keywords, **draw),
            "random order, greedy": partial(random_order, fit, banned, load),
        }
        if asked.linear:
            methods["linear model, nearest 40"] = partial(linear, fit, banned, load)
        for name, method in methods.items():
            start = time.process_time()
            pairs = method()
            took = time.process_time() - start
            got = fit[pairs[:, 0], pairs[:, 1]]
            sums = np.bincount(pairs[:, 0], got, minlength=n)
            loads = np.bincount(pairs[:, 1], minlength=m)
            sound = (np.bincount(pairs[:, 0], minlength=n) == EACH).all() and (loads <= load).all()
            assert not banned[pairs[:, 0], pairs[:, 1]].any()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            note = "" if sound else "  (left proposals short)"
            print(
                f"{seed:>4} {name:<26}{got.sum():>8.2f} {got.min():>7.3f} {sums.min():>15.3f} "
                f"{took:>6.2f} {peak:>8}{note}",
                flush=True,
            )


if __name__ == "__main__":
    main()
