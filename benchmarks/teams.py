"""The smallest able consortium beside a greedy cover: price, time and memory, on synthetic candidates.

    python benchmarks/teams.py            10,000 and 56,000 candidates, 12 capabilities
    python benchmarks/teams.py --full     100,000 too, and more questions

Times are CPU seconds of this process, compilation apart. The greedy cover takes, for a lead, the member who covers
most per price until all is covered, within the same conditions. It is run from the one lead that is cheapest for what
it holds, and from the best 300 of them.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from headwater.engines.teams import Candidates, Challenge, Weights, plan_team, smallest_team

SKILLS = 400
PLACES = 41
KINDS = 4
JURISDICTIONS = 4


def region(n: int, seed: int, k: int) -> tuple[Candidates, np.ndarray]:
    """Candidates with 2 to 8 of 400 skills (the common ones more often), costs, places, and one tie each."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, SKILLS + 1) ** 0.6
    share /= share.sum()
    asked = np.full(SKILLS, -1)
    asked[rng.choice(SKILLS, k, p=share, replace=False)] = np.arange(k)
    number = rng.integers(2, 9, n)
    skill = asked[rng.choice(SKILLS, number.sum(), p=share)]
    who = np.repeat(np.arange(n), number)
    level = np.zeros((n, k))
    level[who[skill >= 0], skill[skill >= 0]] = rng.integers(1, 6, (skill >= 0).sum())
    at = rng.uniform(0, 300, (PLACES, 2))
    place = rng.integers(0, PLACES, n)
    ties = np.column_stack([rng.integers(0, n // 2, n) * 2, rng.integers(0, n // 2, n) * 2 + 1])
    candidates = Candidates(
        cost=rng.integers(5, 60, n),
        place=place,
        kind=rng.integers(0, KINDS, n),
        jurisdiction=place % JURISDICTIONS,
        level=level,
        load=rng.random(n),
        ties=ties,
    )
    return candidates, np.rint(np.linalg.norm(at[:, None] - at[None], axis=2))


def greedy(who: Candidates, asked: Challenge, travel: np.ndarray, weights: Weights, leads: int = 300) -> float:
    """Total price of the best greedy cover; inf if none keeps the conditions."""
    holds = who.level >= asked.need
    mask = (holds.astype(np.int64) << np.arange(holds.shape[1])).sum(axis=1)
    full = (1 << holds.shape[1]) - 1
    own = weights.cost * who.cost + weights.member + weights.load * who.load
    may = np.flatnonzero(np.isin(who.kind, list(asked.lead_kinds)) if asked.lead_kinds else np.ones(len(own), bool))
    counts = np.array([bin(m).count("1") for m in range(full + 1)])
    tried = may[np.argsort(own[may] - 15 * counts[mask[may]], kind="stable")[:leads]]
    able = np.flatnonzero(mask)
    near = asked.max_travel_min if asked.max_travel_min is not None else np.inf
    partners: dict[int, set[int]] = {}
    for a, b in who.ties.tolist():
        partners.setdefault(a, set()).add(b)
        partners.setdefault(b, set()).add(a)
    best = np.inf
    for lead in tried.tolist():
        minutes = travel[who.place[able], who.place[lead]]
        price = np.where(minutes <= near, own[able] + weights.travel_min * minutes, np.inf)
        tied = np.isin(able, list(partners.get(lead, ())))
        price = np.maximum(0, price - weights.tie * tied)
        held, total, members, homes = int(mask[lead]), own[lead], 1, {int(who.jurisdiction[lead])}
        while held != full:
            gain = counts[mask[able] & ~held] / (price + 1e-9)
            pick = int(gain.argmax())
            if gain[pick] == 0:
                break
            held |= int(mask[able[pick]])
            total += price[pick]
            members += 1
            homes.add(int(who.jurisdiction[able[pick]]))
        kept = held == full and len(homes) >= asked.min_jurisdictions and members <= (asked.max_members or members)
        if kept:
            best = min(best, float(total))
    return best


def timed(call, *arguments):
    """Result and CPU seconds."""
    start = time.process_time()
    result = call(*arguments)
    return result, time.process_time() - start


def main() -> None:
    """Print one line a question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="100,000 candidates too, ten questions each")
    full = parser.parse_args().full
    k = 12
    small, travel = region(300, 0, k)
    question = Challenge(np.ones(k), lead_kinds=frozenset([0]), min_jurisdictions=2, max_members=9, max_cost=600)
    _, compiled = timed(plan_team, small, question, travel)
    print(
        f"compiled or loaded in {compiled:.1f} s; {k} capabilities, level 2 of 5, {PLACES} places, one tie a candidate"
    )
    weights = Weights()
    print("                                       | greedy, 1 lead | greedy, 300    |")
    print("candidates question      optimum   CPU s | dearer   CPU s | dearer   CPU s | plan CPU s peak MB")
    ratios: dict[int, list[float]] = {1: [], 300: []}
    for n in (10_000, 56_000, 100_000) if full else (10_000, 56_000):
        for seed in range(10 if full else 3):
            who, travel = region(n, seed, k)
            free = Challenge(np.full(k, 2.0))
            bound = Challenge(
                np.full(k, 2.0), lead_kinds=frozenset([0]), min_jurisdictions=3, max_travel_min=180, max_members=9
            )
            for name, asked in (("free", free), ("conditions", bound)):
                team, seconds = timed(smallest_team, who, asked, travel, weights)
                line = f"{n:>10,} {name:<11}{team.price:>9.1f} {seconds:>7.2f} |"
                for leads, dearer in ratios.items():
                    other, greedy_s = timed(greedy, who, asked, travel, weights, leads)
                    dearer.append(other / team.price)
                    line += f" {100 * (other / team.price - 1):>6.0f} % {greedy_s:>5.2f} |"
                _, plan_s = timed(plan_team, who, asked, travel, weights)
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                print(f"{line} {plan_s:>9.2f} {peak:>8}", flush=True)
    for leads, dearer in ratios.items():
        kept = [r for r in dearer if np.isfinite(r)]
        print(
            f"greedy from {leads} lead(s): {100 * (np.mean(kept) - 1):.0f} % dearer on average where it found a team, "
            f"none {len(dearer) - len(kept)} of {len(dearer)} times"
        )


if __name__ == "__main__":
    main()
