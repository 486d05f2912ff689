"""Assignment of reviewers against a brute force, and what must hold always."""

from __future__ import annotations

import itertools
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from headwater.engines.assignment import (
    AssignmentError,
    Conflicts,
    TooFewReviewers,
    assign_reviewers,
    explain_left_out,
)

FEW = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def tasks(draw):
    n, m = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    fit = np.array(draw(st.lists(st.integers(-3, 9), min_size=n * m, max_size=n * m)), float).reshape(n, m) / 4
    need = np.array([draw(st.integers(0, min(2, m))) for _ in range(n)])
    most = np.array([draw(st.integers(0, 3)) for _ in range(m)])
    least = np.array([draw(st.integers(0, min(1, int(k)))) for k in most])
    banned = np.array(draw(st.lists(st.integers(0, 5), min_size=n * m, max_size=n * m))).reshape(n, m) == 0
    return fit, need, least, most, banned


def conflicts_of(banned):
    p, r = np.nonzero(banned)
    return Conflicts(p, r, np.zeros(len(p), np.int64))


def plans(fit, need, least, most, banned):
    """Every assignment within the limits, as lists of pairs."""
    n, m = fit.shape
    options = [
        [two for two in itertools.combinations(range(m), int(need[p])) if not any(banned[p, r] for r in two)]
        for p in range(n)
    ]
    for plan in itertools.product(*options):
        loads = np.bincount([r for two in plan for r in two], minlength=m)
        if (loads <= most).all() and (loads >= least).all():
            yield [(p, r) for p, two in enumerate(plan) for r in two]


def called(task, **options):
    fit, need, least, most, banned = task
    return assign_reviewers(
        fit, per_proposal=need, max_load=most, min_load=least, conflicts=conflicts_of(banned), **options
    )


@FEW
@given(tasks())
def test_assignment_equals_the_brute_force(task):
    fit = task[0]
    every = list(plans(*task))
    if not every:
        with pytest.raises(TooFewReviewers):
            called(task)
        return
    plain = called(task, raise_floor=False)
    best = max(sum(fit[pair] for pair in plan) for plan in every)
    assert plain.total == pytest.approx(best)
    assert plain.bound == pytest.approx(best)
    raised = called(task)
    if not task[1].any():
        assert raised.pairs.size == 0
        return
    floor = max(min(fit[pair] for pair in plan) for plan in every if plan)
    over = max(sum(fit[pair] for pair in plan) for plan in every if min(fit[pair] for pair in plan) >= floor)
    assert (raised.floor, raised.total) == (pytest.approx(floor), pytest.approx(over))
    assert [tuple(pair) for pair in raised.pairs.tolist()] in [sorted(plan) for plan in every]


@FEW
@given(tasks(), st.randoms(use_true_random=False))
def test_total_does_not_depend_on_the_order(task, random):
    fit, need, least, most, banned = task
    if not any(True for _ in plans(*task)):
        return
    p, r = random.sample(range(len(need)), len(need)), random.sample(range(len(most)), len(most))
    other = (fit[np.ix_(p, r)], need[p], least[r], most[r], banned[np.ix_(p, r)])
    assert called(other).total == pytest.approx(called(task).total)


@FEW
@given(tasks())
def test_a_conflict_more_never_raises_the_total(task):
    fit, need, least, most, banned = task
    if not any(True for _ in plans(*task)) or not need.any():
        return
    first = called(task, raise_floor=False)
    more = banned.copy()
    more[tuple(first.pairs[0])] = True
    with suppress(TooFewReviewers):
        assert called((fit, need, least, most, more), raise_floor=False).total <= first.total + 1e-9


@FEW
@given(tasks(), st.integers(0, 9))
def test_draw_keeps_loads_conflicts_and_the_cap(task, seed):
    _, need, least, most, banned = task
    try:
        got = called(task, cap=0.6, rng=np.random.default_rng(seed))
    except TooFewReviewers:
        return
    assert np.bincount(got.pairs[:, 0], minlength=len(need)).tolist() == need.tolist()
    loads = np.bincount(got.pairs[:, 1], minlength=len(most))
    assert (loads <= most).all()
    assert (loads >= least).all()
    assert not banned[got.pairs[:, 0], got.pairs[:, 1]].any()
    assert got.probability.max(initial=0) <= 0.6


def test_draw_has_the_chances_it_says():
    fit = np.eye(4)
    count = np.zeros((4, 4))
    for seed in range(300):
        rng = np.random.default_rng(seed)
        got = assign_reviewers(fit, per_proposal=1, max_load=np.ones(4, int), cap=0.5, rng=rng, raise_floor=False)
        count[got.pairs[:, 0], got.pairs[:, 1]] += 1
    assert np.diag(count) / 300 == pytest.approx(0.5, abs=0.09)


def test_prices_prove_the_total():
    rng = np.random.default_rng(2)
    fit = rng.random((60, 25)).round(3)
    most = rng.integers(7, 12, 25)
    got = assign_reviewers(fit, per_proposal=3, max_load=most, raise_floor=False)
    assert got.total == pytest.approx(got.bound)
    # a second look by a linear model
    from scipy.optimize import linprog
    from scipy.sparse import block_diag, hstack, identity

    per_p = block_diag([np.ones((1, 25))] * 60)
    per_r = hstack([identity(25)] * 60)
    found = linprog(-fit.ravel(), A_ub=per_r, b_ub=most, A_eq=per_p, b_eq=np.full(60, 3), bounds=(0, 1), method="highs")
    assert got.total == pytest.approx(-found.fun)


def test_left_out_says_why():
    fit = np.array([[0.9, 0.8, 0.1, 0.7], [0.9, 0.5, 0.4, 0.6]])
    conflicts = Conflicts(np.array([0, 0]), np.array([1, 1]), np.array([2, 0]))
    most = np.array([1, 2, 2, 1])
    got = assign_reviewers(fit, per_proposal=1, max_load=most, conflicts=conflicts, raise_floor=False)
    assert got.pairs.tolist() == [[0, 3], [1, 0]] or got.pairs.tolist() == [[0, 0], [1, 3]]
    left = explain_left_out(fit, got, max_load=most, conflicts=conflicts)
    assert {(one.proposal, one.reviewer, one.code, one.kinds) for one in left} >= {(0, 1, "conflict", (0, 2))}
    assert {one.code for one in left} <= {"conflict", "load"}


def test_too_few_names_a_set_that_fails_together():
    banned = np.zeros((4, 3), bool)
    banned[:3, 1:] = True
    with pytest.raises(TooFewReviewers) as caught:
        assign_reviewers(np.ones((4, 3)), per_proposal=1, max_load=np.array([2, 2, 2]), conflicts=conflicts_of(banned))
    assert (caught.value.proposals, caught.value.reviewers) == ((0, 1, 2), (0,))
    assert (caught.value.needed, caught.value.room) == (3, 2)
    with pytest.raises(TooFewReviewers) as idle:
        assign_reviewers(np.ones((1, 2)), per_proposal=1, max_load=np.array([2, 2]), min_load=np.array([1, 1]))
    assert idle.value.idle == (0, 1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"affinity": np.ones(3)}, "must be"),
        ({"affinity": np.array([[np.nan, 1.0]])}, "finite"),
        ({"per_proposal": np.array([1, 1])}, "swapped"),
        ({"per_proposal": 1.5}, "whole numbers"),
        ({"max_load": np.array([-1, 2])}, ">= 0"),
        ({"min_load": np.array([3, 0])}, "above max_load for reviewer 0"),
        ({"cap": 3.0}, "Per cent"),
        ({"cap": 0.5}, "needs rng"),
        ({"conflicts": Conflicts(np.array([1]), np.array([0]), np.array([0]))}, "swapped"),
    ],
)
def test_wrong_input_says_what_is_wrong(change, sentence):
    task = {"affinity": np.ones((1, 2)), "per_proposal": 1, "max_load": np.array([1, 1]), **change}
    with pytest.raises(AssignmentError, match=sentence):
        assign_reviewers(task.pop("affinity"), **task)
