"""The team search against a brute force that shares no code with it, and what must hold whatever the numbers."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from headwater.engines.teams import Candidates, Challenge, TeamError, Weights, plan_team, smallest_team

FEW = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Question:
    candidates: Candidates
    challenge: Challenge
    travel: np.ndarray
    weights: Weights


def pairs(draw, n, most):
    chosen = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=most))
    return np.array([p for p in chosen if p[0] != p[1]], np.int64).reshape(-1, 2)


@st.composite
def questions(draw, most_candidates=7):
    n = draw(st.integers(1, most_candidates))
    k = draw(st.integers(1, 4))
    places = draw(st.integers(1, 3))
    ints = lambda lo, hi: np.array(draw(st.lists(st.integers(lo, hi), min_size=n, max_size=n)), np.int64)  # noqa: E731
    level = np.array(draw(st.lists(st.lists(st.integers(0, 3), min_size=k, max_size=k), min_size=n, max_size=n)), float)
    travel = draw(
        st.lists(
            st.lists(st.sampled_from([0.0, 20.0, 60.0, 200.0, np.nan]), min_size=places, max_size=places),
            min_size=places,
            max_size=places,
        )
    )
    travel = np.array(travel)
    np.fill_diagonal(travel, 0.0)
    candidates = Candidates(
        cost=ints(0, 9),
        place=ints(0, places - 1),
        kind=ints(0, 1),
        jurisdiction=ints(0, 2),
        level=level,
        load=ints(0, 2) / 2,
        ties=pairs(draw, n, 5),
        conflicts=pairs(draw, n, 3),
    )
    maybe = lambda strategy: draw(st.none() | strategy)  # noqa: E731
    pinned = tuple(draw(st.lists(st.integers(0, n - 1), max_size=2))) if draw(st.booleans()) else ()
    challenge = Challenge(
        need=np.array(draw(st.lists(st.integers(1, 2), min_size=k, max_size=k)), float),
        worth=np.array(draw(st.lists(st.sampled_from([np.inf, np.inf, 3.0]), min_size=k, max_size=k))),
        lead_kinds=maybe(st.just(frozenset([0]))),
        lead=maybe(st.integers(0, n - 1)) if draw(st.integers(0, 4)) == 0 else None,
        max_members=maybe(st.integers(1, 4)),
        max_cost=maybe(st.integers(0, 25)),
        min_jurisdictions=draw(st.integers(1, 3)),
        max_travel_min=maybe(st.sampled_from([20.0, 60.0])),
        pinned=pinned,
        banned=tuple(draw(st.lists(st.integers(0, n - 1), max_size=1))),
    )
    weights = Weights(
        cost=1.0,
        travel_min=draw(st.sampled_from([0.0, 0.1])),
        member=draw(st.sampled_from([0.0, 2.0])),
        load=1.0,
        tie=draw(st.sampled_from([0.0, 3.0])),
        strength=draw(st.sampled_from([0.0, 0.5])),
    )
    return Question(candidates, challenge, travel, weights)


def able_teams(question):
    """Every able team as {members: least price over leads}, by trying all of them."""
    who, asked, weights, travel = question.candidates, question.challenge, question.weights, question.travel
    n, k = who.level.shape
    holds = who.level >= asked.need
    tied = {frozenset(pair) for pair in who.ties.tolist()}
    rivals = [frozenset(pair) for pair in who.conflicts.tolist()]
    must_in = set(asked.pinned) | ({asked.lead} if asked.lead is not None else set())

    def own(i):
        surplus = [who.level[i, c] - asked.need[c] for c in range(k) if holds[i, c]]
        mean = sum(surplus) / len(surplus) if surplus else 0.0
        price = weights.cost * who.cost[i] + weights.member + weights.load * who.load[i] - weights.strength * mean
        return round(max(price, 0.0) * 1000)

    found = {}
    for size in range(1, n + 1):
        for members in itertools.combinations(range(n), size):
            team = frozenset(members)
            if not must_in <= team or team & set(asked.banned) or any(pair <= team for pair in rivals):
                continue
            held = [any(holds[i, c] for i in team) for c in range(k)]
            if any(np.isinf(asked.worth[c]) and not held[c] for c in range(k)):
                continue
            if asked.max_members is not None and size > asked.max_members:
                continue
            if asked.max_cost is not None and sum(int(who.cost[i]) for i in team) > asked.max_cost:
                continue
            if len({int(who.jurisdiction[i]) for i in team}) < asked.min_jurisdictions:
                continue
            missing = sum(round(asked.worth[c] * 1000) for c in range(k) if not held[c])
            for lead in team:
                if asked.lead is not None and lead != asked.lead:
                    continue
                if asked.lead_kinds is not None and int(who.kind[lead]) not in asked.lead_kinds:
                    continue
                rest = team - {lead}
                if any(not holds[i].any() and i not in must_in for i in rest):
                    continue
                minutes = {i: travel[who.place[i], who.place[lead]] for i in rest}
                far = asked.max_travel_min if asked.max_travel_min is not None else np.inf
                if any(np.isnan(m) or m > far for m in minutes.values()):
                    continue
                price = own(lead) + missing
                for i in rest:
                    way = own(i) + round(weights.travel_min * minutes[i] * 1000)
                    price += max(0, way - round(weights.tie * 1000)) if frozenset((i, lead)) in tied else way
                found[team] = min(found.get(team, price), price)
    return found


def ranked(teams, n):
    """The n best of which none contains an earlier one: prices only, since equal prices may come in any order."""
    out = []
    for team, price in sorted(teams.items(), key=lambda item: (item[1], len(item[0]), sorted(item[0]))):
        if not any(earlier <= team for earlier, _ in out):
            out.append((team, price))
    return [price / 1000 for _, price in out[:n]]


@FEW
@given(questions())
def test_smallest_team_matches_brute_force(question):
    teams = able_teams(question)
    team = smallest_team(question.candidates, question.challenge, question.travel, question.weights)
    if not teams:
        assert team is None
        return
    assert team is not None
    assert team.price == min(teams.values()) / 1000
    assert teams[frozenset(team.members)] / 1000 == team.price


@FEW
@given(questions(6))
def test_plan_gives_true_prices_and_an_irreducible_clash(question):
    asked = question.challenge
    plan = plan_team(question.candidates, asked, question.travel, question.weights)
    teams = able_teams(question)
    if teams:
        assert plan.clash == ()
        assert plan.best.price == min(teams.values()) / 1000
        for one, other in itertools.combinations((plan.best, *plan.alternatives), 2):
            assert not set(one.members) <= set(other.members)
            assert one.price <= other.price
        for alternative in plan.alternatives:
            assert teams[frozenset(alternative.members)] / 1000 == alternative.price
        lacking = [price for team, price in teams.items() if not set(plan.best.members) <= team]
        assert bool(plan.alternatives) == bool(lacking)
        if lacking:
            assert plan.alternatives[0].price == min(lacking) / 1000
        for item in plan.condition_prices:
            looser = able_teams(without(question, item.condition))
            if not looser:  # an unpinned member who holds nothing may no longer stand in for a jurisdiction
                assert (item.price_without, item.added) == (None, None)
                continue
            assert item.price_without == min(looser.values()) / 1000
            assert item.added == round(plan.best.price - item.price_without, 3)
        return
    assert plan.best is None
    assert plan.clash
    rest = question
    for name in every_condition(question):
        if name not in plan.clash:
            rest = without(rest, name)
    assert not able_teams(rest)
    for name in plan.clash:
        assert able_teams(without(rest, name))
    for item in plan.condition_prices:
        looser = able_teams(without(question, item.condition))
        assert item.price_without == (min(looser.values()) / 1000 if looser else None)


def every_condition(question):
    asked = question.challenge
    names = [f"capability:{c}" for c in range(len(asked.need)) if np.isinf(asked.worth[c])]
    names += [f"pinned:{i}" for i in set(asked.pinned)]
    return [
        *names,
        *[
            "lead_kinds",
            "lead",
            "max_members",
            "max_cost",
            "min_jurisdictions",
            "max_travel_min",
            "banned",
            "conflicts",
        ],
    ]


def without(question, name):
    asked = question.challenge
    kind, _, which = name.partition(":")
    if kind == "conflicts":
        return replace(question, candidates=replace(question.candidates, conflicts=np.empty((0, 2), np.int64)))
    if kind == "capability":
        worth = asked.worth.copy()
        worth[int(which)] = 0.0
        return replace(question, challenge=replace(asked, worth=worth))
    if kind == "pinned":
        kept = tuple(i for i in asked.pinned if i != int(which))
        return replace(question, challenge=replace(asked, pinned=kept))
    plain = {"min_jurisdictions": 1, "banned": ()}
    return replace(question, challenge=replace(asked, **{kind: plain.get(kind)}))


@FEW
@given(questions(), st.randoms(use_true_random=False))
def test_smallest_team_does_not_depend_on_the_order_of_candidates(question, random):
    who, asked = question.candidates, question.challenge
    n = len(who.cost)
    order = list(range(n))
    random.shuffle(order)
    new = np.argsort(order)  # new position of each old candidate
    again = Candidates(
        cost=who.cost[order],
        place=who.place[order],
        kind=who.kind[order],
        jurisdiction=who.jurisdiction[order],
        level=who.level[order],
        load=who.load[order],
        ties=new[who.ties],
        conflicts=new[who.conflicts],
    )
    moved = replace(
        asked,
        lead=None if asked.lead is None else int(new[asked.lead]),
        pinned=tuple(int(new[i]) for i in asked.pinned),
        banned=tuple(int(new[i]) for i in asked.banned),
    )
    one = smallest_team(who, asked, question.travel, question.weights)
    other = smallest_team(again, moved, question.travel, question.weights)
    assert (one and one.price) == (other and other.price)


@FEW
@given(questions(), st.integers(0, 6))
def test_a_cheaper_candidate_never_makes_the_team_dearer(question, which):
    who = question.candidates
    i = which % len(who.cost)
    cost = who.cost.copy()
    cost[i] = max(0, cost[i] - 3)
    before = smallest_team(who, question.challenge, question.travel, question.weights)
    after = smallest_team(replace(who, cost=cost), question.challenge, question.travel, question.weights)
    if before is not None:
        assert after is not None
        assert after.price <= before.price


def region(n, seed, k=8, places=12):
    rng = np.random.default_rng(seed)
    level = rng.integers(1, 6, (n, k)) * (rng.random((n, k)) < 0.12)
    xy = rng.uniform(0, 300, (places, 2))
    place = rng.integers(0, places, n)
    return Candidates(
        cost=rng.integers(5, 60, n),
        place=place,
        kind=rng.integers(0, 3, n),
        jurisdiction=place % 4,
        level=level.astype(float),
        load=rng.random(n),
        ties=rng.integers(0, n // 2, (n, 2)) * 2 + [0, 1],
    ), np.rint(np.linalg.norm(xy[:, None] - xy[None], axis=2))


def integer_programme(who, asked, travel, weights):
    """Optimum by a mixed-integer programme per lead place and kind: another method, another solver."""
    import highspy

    n, k = who.level.shape
    holds = who.level >= asked.need
    tied = {frozenset(p) for p in who.ties.tolist()}
    best = np.inf
    own = who.cost + weights.member + weights.load * who.load
    for lead in np.flatnonzero(np.isin(who.kind, list(asked.lead_kinds))):
        minutes = travel[who.place, who.place[lead]]
        usable = [i for i in range(n) if i != lead and holds[i].any() and minutes[i] <= asked.max_travel_min]
        price = {i: round(own[i] * 1000) + round(weights.travel_min * minutes[i] * 1000) for i in usable}
        for i in usable:
            if frozenset((i, int(lead))) in tied:
                price[i] = max(0, price[i] - round(weights.tie * 1000))
        far_homes = set(who.jurisdiction[usable].tolist()) - {int(who.jurisdiction[lead])}
        open_caps = [c for c in range(k) if not holds[lead, c]]
        if not all(holds[usable, c].any() for c in open_caps) or len(far_homes) < asked.min_jurisdictions - 1:
            continue
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        x = {i: solver.addBinary(obj=price[i]) for i in usable}
        home = {j: solver.addBinary() for j in far_homes}
        for c in open_caps:
            solver.addConstr(sum(x[i] for i in usable if holds[i, c]) >= 1)
        for j, y in home.items():
            solver.addConstr(sum((x[i] for i in usable if who.jurisdiction[i] == j), start=-1 * y) >= 0)
        solver.addConstr(sum(home.values()) >= asked.min_jurisdictions - 1)
        solver.addConstr(sum(x.values()) <= asked.max_members - 1)
        solver.addConstr(sum(int(who.cost[i]) * x[i] for i in usable) <= asked.max_cost - int(who.cost[lead]))
        solver.run()
        if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            best = min(best, round(solver.getInfo().objective_function_value) + round(own[lead] * 1000))
    return best / 1000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_smallest_team_matches_integer_programme(seed):
    who, travel = region(60, seed, k=6, places=5)
    asked = Challenge(
        need=np.full(6, 2.0),
        lead_kinds=frozenset([0]),
        max_members=5,
        max_cost=10_000,
        min_jurisdictions=3,
        max_travel_min=250.0,
    )
    dearest = smallest_team(who, asked, travel)
    asked = replace(asked, max_cost=dearest.cost - 1)  # so that the money is what decides
    team = smallest_team(who, asked, travel)
    assert team.price > dearest.price
    assert team.price == integer_programme(who, asked, travel, Weights())


def test_team_reports_who_holds_what_and_what_is_missing():
    who = Candidates(
        cost=np.array([10, 20, 30, 90]),
        place=np.array([0, 1, 1, 0]),
        kind=np.array([0, 1, 1, 0]),
        jurisdiction=np.array([0, 1, 1, 0]),
        level=np.array([[0, 0, 0], [3, 2, 0], [3, 0, 0], [3, 3, 3.0]]),
        ties=np.array([[1, 0]]),
    )
    asked = Challenge(need=np.array([3.0, 2, 1]), worth=np.array([np.inf, np.inf, 4]), lead_kinds=frozenset([0]))
    team = smallest_team(who, asked, np.array([[0, 90.0], [90, 0]]))
    # lead 10 + 5, member 20 + 5 + 9 - 5, missing 4
    assert (team.lead, team.members, team.price, team.cost) == (0, (0, 1), 48.0, 30)
    assert (team.held_by, team.missing, team.ties) == (((1,), (1,), ()), (2,), 1)
    assert (team.longest_travel_min, team.jurisdictions) == (90.0, (0, 1))


def test_an_idle_member_joins_only_for_a_jurisdiction():
    who = Candidates(
        cost=np.array([10, 20, 30]),
        place=np.zeros(3, int),
        kind=np.zeros(3, int),
        jurisdiction=np.array([0, 1, 1]),
        level=np.array([[1.0], [1], [1]]),
    )
    travel = np.zeros((1, 1))
    assert smallest_team(who, Challenge(np.ones(1)), travel).members == (0,)
    assert smallest_team(who, Challenge(np.ones(1), min_jurisdictions=2), travel).members == (0, 1)
    assert smallest_team(who, Challenge(np.ones(1), min_jurisdictions=3), travel) is None


def test_a_tie_may_save_more_than_the_lead_costs():
    who = Candidates(
        cost=np.array([0, 3]),
        place=np.zeros(2, int),
        kind=np.zeros(2, int),
        jurisdiction=np.array([0, 1]),
        level=np.array([[0.0, 0], [0, 2]]),
        ties=np.array([[1, 0]]),
    )
    asked = Challenge(np.ones(2), worth=np.array([3, np.inf]), min_jurisdictions=2)
    weights = Weights(travel_min=0, member=0, tie=3)
    team = smallest_team(who, asked, np.zeros((1, 1)), weights)
    assert (team.lead, team.members, team.price) == (0, (0, 1), 3.0)


def test_a_condition_can_cost_exactly_what_the_plan_says():
    who = Candidates(
        cost=np.array([10, 50]),
        place=np.zeros(2, int),
        kind=np.array([1, 0]),
        jurisdiction=np.zeros(2, int),
        level=np.ones((2, 1)),
    )
    plan = plan_team(who, Challenge(np.ones(1), lead_kinds=frozenset([0]), max_cost=55), np.zeros((1, 1)))
    assert [(p.condition, p.price_without, p.added) for p in plan.condition_prices] == [
        ("lead_kinds", 15.0, 40.0),
        ("max_cost", 55.0, 0.0),
    ]
    assert plan.alternatives == ()


def good():
    return Candidates(
        cost=np.array([1, 2]),
        place=np.zeros(2, int),
        kind=np.zeros(2, int),
        jurisdiction=np.zeros(2, int),
        level=np.ones((2, 1)),
    )


@pytest.mark.parametrize(
    ("candidates", "challenge", "travel", "words"),
    [
        (replace(good(), cost=np.array([1.5, 2])), Challenge(np.ones(1)), np.zeros((1, 1)), "cost must be whole"),
        (replace(good(), cost=np.array([-1, 2])), Challenge(np.ones(1)), np.zeros((1, 1)), "cost must be >= 0, got -1"),
        (replace(good(), kind=np.zeros(3, int)), Challenge(np.ones(1)), np.zeros((1, 1)), "kind must be one value"),
        (replace(good(), level=np.ones((1, 2))), Challenge(np.ones(1)), np.zeros((1, 1)), "level must have shape"),
        (replace(good(), place=np.array([0, 1])), Challenge(np.ones(1)), np.zeros((1, 1)), "place must be below 1"),
        (replace(good(), ties=np.array([[0, 2]])), Challenge(np.ones(1)), np.zeros((1, 1)), "ties must name"),
        (replace(good(), ties=np.array([[1, 1]])), Challenge(np.ones(1)), np.zeros((1, 1)), "ties must join"),
        (good(), Challenge(np.zeros(1)), np.zeros((1, 1)), "need must be finite and > 0"),
        (good(), Challenge(np.ones(17)), np.zeros((1, 1)), "need must hold 1 to 16|level must have"),
        (good(), Challenge(np.ones(1), max_members=0), np.zeros((1, 1)), "max_members must be >= 1, got 0"),
        (good(), Challenge(np.ones(1), pinned=(2,)), np.zeros((1, 1)), "candidates 0..1, got 2"),
        (good(), Challenge(np.ones(1), worth=-np.ones(1)), np.zeros((1, 1)), "worth must be"),
        (good(), Challenge(np.ones(1)), np.zeros((1, 2)), "travel_min must be \\(places, places\\)"),
        (good(), Challenge(np.ones(1)), np.full((1, 1), np.inf), "nan \\(not inf\\)"),
    ],
)
def test_a_question_that_cannot_be_read_is_refused(candidates, challenge, travel, words):
    with pytest.raises(TeamError, match=words):
        smallest_team(candidates, challenge, travel)


def test_weights_must_be_finite():
    with pytest.raises(TeamError, match="weight tie must be finite and >= 0, got nan"):
        smallest_team(good(), Challenge(np.ones(1)), np.zeros((1, 1)), Weights(tie=float("nan")))
