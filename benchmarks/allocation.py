"""A round of beamtime beside rank order with cut-off and the plain time-indexed model: merit, bound, gap, time, memory.

    python benchmarks/allocation.py                  one round of 600 proposals on 30 beamlines: 30 s and 120 s
    python benchmarks/allocation.py --seeds 5 11     other rounds
    python benchmarks/allocation.py --reference 300  the reference model on HiGHS too, for so many seconds
    python benchmarks/allocation.py --small          60 proposals on 6 beamlines, to see that it runs

Each method runs in a process of its own; seconds are wall clock, memory is the process's peak with all it imports.
Every plan is looked at again by the independent checker. The last question takes a published plan, takes a beamline
away for two weeks, and plans again with few changes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from headwater.engines.allocation import Award, Beamline, Proposal, Published, Round, Share, check_plan, solve_round

ROOT = Path(__file__).resolve().parents[1]
FAILURE_DAYS = 14
LENGTHS = np.array([6, 9, 12, 12, 15, 18, 18, 21, 24, 30, 36])


def synthetic_round(seed: int, proposals: int = 600, lines: int = 30, days: int = 180) -> Round:
    """A round of six months: Mondays off, a shutdown, a week off a line, few popular lines, shares of four kinds."""
    rng = np.random.default_rng(seed)
    calendar = np.ones((lines, days), bool)
    calendar[:, ::7] = False
    calendar[:, 84:98] = False
    for b in range(lines):
        week = int(rng.integers(0, days - 7))
        calendar[b, week : week + 7] = False
        for day in np.flatnonzero(rng.random(days) < 0.05).tolist():
            calendar[b, day : day + 3] = False
    beamlines = tuple(
        Beamline(f"BL{b + 1:02d}", tuple(np.flatnonzero(calendar[b]).tolist()), reserve=0.05) for b in range(lines)
    )
    popular = 1 / np.arange(1, lines + 1) ** 0.55
    popular /= popular.sum()
    asked = []
    for p, rank in enumerate(rng.permutation(proposals).tolist()):
        accepts = [int(rng.choice(lines, p=popular))]
        if lines > 1 and rng.random() < 0.3:
            accepts.append(int(rng.choice(np.setdiff1d(np.arange(lines), accepts))))
        requested = int(rng.choice(LENGTHS))
        kind = rng.choice(["academic", "industry", "in_house"], p=[0.78, 0.12, 0.10])
        home = "outside" if rng.random() < 0.12 else "region"
        away = [(int(d), int(d) + int(rng.integers(4, 15))) for d in rng.integers(0, days, rng.choice([0, 1, 1, 2, 3]))]
        asked.append(
            Proposal(
                f"P{p + 1:04d}",
                weight=float(round(10 + 90 * (1 - rank / proposals) ** 1.5)),
                requested=requested,
                beamlines=tuple(f"BL{b + 1:02d}" for b in accepts),
                minimum=max(3, requested - int(rng.choice([0, 0, 3, 6, 9]))),
                blackouts=tuple(away),
                tags=frozenset([str(kind), home]),
                must=bool(rng.random() < 0.04),
            )
        )
    # a promise can only be carried over to where some run of beam is long enough
    runs = {line.id: _longest_run(line) for line in beamlines}
    kept = [
        replace(one, must=one.must and not one.blackouts and runs[one.beamlines[0]] >= beamlines[0].days_for(36))
        for one in asked
    ]
    shares = (
        Share("industry", "industry", min_share=0.06, max_share=0.15),
        Share("in-house", "in_house", max_share=0.12),
        Share("outside", "outside", max_share=0.12),
    )
    return Round(days, beamlines, tuple(kept), shares)


def _longest_run(line: Beamline) -> int:
    best = run = 1
    for before, day in pairwise(line.beam_days):
        run = run + 1 if day - before <= line.bridge + 1 else 1
        best = max(best, run)
    return best


def rank_order(asked: Round) -> list[Award]:
    """What an office does by hand: promises first, then the panel's order, each at the first free place it accepts.

    The cut-off of a capped share comes when the share is full of the shifts that will be granted at most.
    """
    free = {line.id: set(line.beam_days) for line in asked.beamlines}
    lines = {line.id: line for line in asked.beamlines}
    room = {line.id: line.most_days for line in asked.beamlines}
    total = 0.9 * sum(line.most_days * line.shifts_a_day for line in asked.beamlines)
    held = {share.id: 0 for share in asked.shares}
    awards = []
    for one in sorted(asked.proposals, key=lambda one: (not one.forced, -one.weight, one.id)):
        capped = [s for s in asked.shares if s.tag in one.tags and s.max_share is not None]
        for shifts, name in ((n, name) for n in one.lengths for name in one.beamlines):
            if not one.must and any(held[s.id] + shifts > s.max_share * total * 0.9 for s in capped):
                continue
            award = _first_place(one, lines[name], shifts, free[name], room[name])
            if award is not None:
                days = {d for d in lines[name].beam_days if award.start <= d < award.end}
                free[name] -= days
                room[name] -= len(days)
                for s in capped:
                    held[s.id] += shifts
                awards.append(award)
                break
    return awards


def _first_place(one: Proposal, line: Beamline, shifts: int, free: set[int], room: int) -> Award | None:
    n = line.days_for(shifts)
    if n > room:
        return None
    for k in range(len(line.beam_days) - n + 1):
        days = line.beam_days[k : k + n]
        whole = all(b - a <= line.bridge + 1 for a, b in pairwise(days))
        away = any(days[0] < end and begin <= days[-1] for begin, end in one.blackouts)
        if whole and not away and free.issuperset(days):
            return Award(one.id, line.id, days[0], days[-1] + 1, shifts)
    return None


def reference_model(asked: Round, seconds: float) -> tuple[list[Award], float]:
    """The time-indexed model as in the books, given whole to HiGHS: a column a place, a row a day of a line."""
    import highspy
    from scipy.sparse import csc_matrix

    number = {line.id: b for b, line in enumerate(asked.beamlines)}
    first_row = np.cumsum([0] + [len(line.beam_days) for line in asked.beamlines])
    n = len(asked.proposals)
    places: list[tuple[int, Award]] = []
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    sides = [(s, side) for s in asked.shares for side in ("min_share", "max_share") if getattr(s, side) is not None]
    base_line = n + int(first_row[-1])
    base_share = base_line + len(asked.beamlines)
    for p, one in enumerate(asked.proposals):
        for name in one.beamlines:
            line, b = asked.beamlines[number[name]], number[name]
            for shifts in one.lengths:
                k_days = line.days_for(shifts)
                for k in range(len(line.beam_days) - k_days + 1):
                    days = line.beam_days[k : k + k_days]
                    if any(d2 - d1 > line.bridge + 1 for d1, d2 in pairwise(days)):
                        continue
                    if any(days[0] < end and begin <= days[-1] for begin, end in one.blackouts):
                        continue
                    c = len(places)
                    places.append((p, Award(one.id, name, days[0], days[-1] + 1, shifts)))
                    entries = [(p, 1.0), *((n + int(first_row[b]) + u, 1.0) for u in range(k, k + k_days))]
                    entries.append((base_line + b, float(k_days)))
                    for r, (share, side) in enumerate(sides):
                        sign = 1.0 if side == "max_share" else -1.0
                        entries.append(
                            (base_share + r, sign * ((share.tag in one.tags) - getattr(share, side)) * shifts)
                        )
                    for row, value in entries:
                        rows.append(row)
                        columns.append(c)
                        values.append(value)
    present = {p for p, _ in places}
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(places), base_share + len(sides)
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.array([asked.proposals[p].weight * award.shifts for p, award in places])
    lp.col_lower_, lp.col_upper_ = np.zeros(len(places)), np.ones(len(places))
    low = [1.0 if one.must and p in present else 0.0 for p, one in enumerate(asked.proposals)]
    lp.row_lower_ = np.concatenate([low, np.full(lp.num_row_ - n, -np.inf)])
    lp.row_upper_ = np.concatenate(
        [np.ones(base_line), [float(line.most_days) for line in asked.beamlines], np.zeros(len(sides))]
    )
    matrix = csc_matrix((values, (rows, columns)), shape=(lp.num_row_, lp.num_col_))
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    lp.integrality_ = [highspy.HighsVarType.kInteger] * len(places)
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("time_limit", seconds)
    highs.setOptionValue("mip_rel_gap", 1e-4)
    highs.passModel(lp)
    highs.run()
    chosen = np.flatnonzero(np.array(highs.getSolution().col_value or [0.0]) > 0.5)
    return [places[c][1] for c in chosen.tolist()], float(highs.getInfo().mip_dual_bound)


def worst_failure(published: tuple[Award, ...]) -> tuple[str, int, int]:
    """The beamline and the first day of the two weeks without beam that touch most awards."""
    most: tuple[int, str, int] = (0, "", 0)
    for line in sorted({a.beamline for a in published}):
        for start in range(14, max(a.end for a in published) - FAILURE_DAYS, 7):
            hit = sum(a.beamline == line and a.start < start + FAILURE_DAYS and a.end > start for a in published)
            most = max(most, (hit, line, start))
    return most[1], most[2], most[0]


def failed(asked: Round, line: str, start: int, end: int) -> Round:
    """The round without beam on a line for a while."""
    lines = tuple(
        replace(one, beam_days=tuple(d for d in one.beam_days if not start <= d < end)) if one.id == line else one
        for one in asked.beamlines
    )
    return replace(asked, beamlines=lines)


def run_one(method: str, seed: int, seconds: float, small: bool, plan_file: Path | None) -> dict:
    """One method on one round, in this process."""
    asked = synthetic_round(seed, 60, 6, 60) if small else synthetic_round(seed)
    began = time.perf_counter()
    bound, objective = float("nan"), None
    changes: dict[str, int] = {}
    if method == "rank":
        awards = rank_order(asked)
    elif method == "reference":
        awards, bound = reference_model(asked, seconds)
    elif method == "ours":
        plan = solve_round(asked, seconds=seconds, clock=time.monotonic, target_gap=1e-4)
        awards, bound, objective = list(plan.awards), plan.bound, plan.objective
        if plan_file:
            plan_file.write_text(json.dumps([[a.proposal, a.beamline, a.start, a.end, a.shifts] for a in awards]))
    else:
        published = tuple(Award(*row) for row in json.loads(plan_file.read_text()))
        line, start, touched = worst_failure(published)
        asked = failed(asked, line, start, start + FAILURE_DAYS)
        began = time.perf_counter()
        cost = float(np.mean([a.shifts for a in published])) * 100
        plan = solve_round(
            asked,
            published=Published(published, change_cost=cost, drop_cost=2 * cost, open_from=start),
            seconds=seconds,
            clock=time.monotonic,
            target_gap=1e-3,
        )
        awards, bound, objective = list(plan.awards), plan.bound, plan.objective
        now = {a.proposal: a for a in awards}
        changes = {
            "touched": touched,
            "kept": sum(now.get(a.proposal) == a for a in published),
            "moved": sum(a.proposal in now and now[a.proposal] != a for a in published),
            "dropped": sum(a.proposal not in now for a in published),
        }
    took = time.perf_counter() - began
    weight = {one.id: one.weight for one in asked.proposals}
    merit = sum(weight[a.proposal] * a.shifts for a in awards)
    faults = check_plan(asked, awards)
    return {
        "merit": merit,
        "objective": merit if objective is None else objective,
        "bound": bound,
        "seconds": took,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "granted": len(awards),
        "faults": sorted({f"{fault.code} {fault.about}" for fault in faults}),
        "changes": changes,
    }


def apart(method: str, seed: int, seconds: float, small: bool, plan_file: Path | None = None) -> dict:
    """The same in a process of its own, so that memory is its own."""
    words = [sys.executable, "-m", "benchmarks.allocation", "--one", method, "--seeds", str(seed)]
    words += ["--seconds", str(seconds), *(["--small"] if small else [])]
    words += ["--plan", str(plan_file)] if plan_file else []
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    """Print one line a method and round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[5])
    parser.add_argument("--seconds", type=float, nargs="+", default=[30.0, 120.0], help="budgets of the engine")
    parser.add_argument("--reference", type=float, nargs="*", default=[60.0], help="budgets of the reference model")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--plan", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(run_one(asked.one, asked.seeds[0], asked.seconds[0], asked.small, asked.plan)))
        return
    print("seed method                     merit     bound   gap %  seconds  peak MB  granted  limits broken")
    plan_file = ROOT / "var" / "benchmark-plan.json"
    plan_file.parent.mkdir(mode=0o700, exist_ok=True)
    for seed in asked.seeds:
        rows = [("rank order with cut-off", apart("rank", seed, 0, asked.small))]
        rows += [(f"headwater, {s:g} s", apart("ours", seed, s, asked.small, plan_file)) for s in asked.seconds]
        again = apart("again", seed, 15.0, asked.small, plan_file)
        rows += [(f"reference, {s:g} s", apart("reference", seed, s, asked.small)) for s in asked.reference]
        best = min(row["bound"] for _, row in rows if np.isfinite(row["bound"]))
        for name, row in rows:
            gap = 100 * (best - row["merit"]) / best
            print(
                f"{seed:>4} {name:<25}{row['merit']:>9.0f} {row['bound']:>9.0f} {gap:>7.2f} {row['seconds']:>8.1f} "
                f"{row['megabytes']:>8} {row['granted']:>8}  {', '.join(row['faults']) or '-'}",
                flush=True,
            )
        gap = 100 * (again["bound"] - again["objective"]) / abs(again["bound"])
        print(
            f"{seed:>4} again after a failure: {again['seconds']:.1f} s, {again['changes']}, gap {gap:.2f} %, "
            f"broken {', '.join(again['faults']) or '-'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
