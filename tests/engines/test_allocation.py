"""Beamtime rounds against a brute force that shares no code with the solver, and what must hold always."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from headwater.engines.allocation import (
    AllocationError,
    Award,
    Beamline,
    Limit,
    NoPlan,
    Pin,
    Proposal,
    Published,
    Round,
    Share,
    check_plan,
    explain_plan,
    find_conflict,
    solve_round,
)

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEWER = settings(FEW, max_examples=25)


@st.composite
def rounds(draw, most=5, forcing=True):
    days = draw(st.integers(4, 9))
    lines = []
    for b in range(draw(st.integers(1, 2))):
        off = draw(st.sets(st.integers(0, days - 1), max_size=3))
        lines.append(
            Beamline(
                f"b{b}",
                tuple(d for d in range(days) if d not in off),
                shifts_a_day=draw(st.sampled_from([1, 3])),
                change_over=draw(st.integers(0, 1)),
                reserve=draw(st.sampled_from([0.0, 0.0, 0.25])),
                bridge=draw(st.integers(0, 1)),
            )
        )
    proposals = []
    for i in range(draw(st.integers(1, most))):
        requested = draw(st.integers(1, 7))
        least = draw(st.integers(1, requested))
        accepts = draw(st.permutations([line.id for line in lines]))[: draw(st.integers(1, len(lines)))]
        begin = draw(st.integers(0, days - 1))
        proposals.append(
            Proposal(
                f"p{i}",
                weight=float(draw(st.integers(0, 9))),
                requested=requested,
                beamlines=tuple(accepts),
                minimum=least,
                blackouts=((begin, begin + draw(st.integers(1, 3))),) if draw(st.booleans()) else (),
                tags=frozenset(draw(st.sets(st.sampled_from(["ind", "out"]), max_size=2))),
                must=forcing and draw(st.integers(0, 7)) == 0,
                pin=Pin(beamline=accepts[0]) if forcing and draw(st.integers(0, 9)) == 0 else None,
                banned=frozenset(accepts[:1]) if draw(st.integers(0, 9)) == 0 else frozenset(),
            )
        )
    tags = {tag for one in proposals for tag in one.tags}
    shares = []
    if draw(st.booleans()):
        shares.append(Share("most ind", "ind", max_share=draw(st.sampled_from([0.3, 0.5]))))
    if "out" in tags and draw(st.booleans()):
        shares.append(Share("some out", "out", min_share=draw(st.sampled_from([0.1, 0.5]))))
    if "ind" in tags and draw(st.integers(0, 5)) == 0:
        shares.append(Share("pool", "ind", frozenset(["b0"]), min_shifts=draw(st.integers(0, 4)), max_shifts=5))
    return Round(days, tuple(lines), tuple(proposals), tuple(shares))


def places(one, line):
    """Every award of a proposal on a line, day by day."""
    found = []
    for shifts in sorted({one.requested, one.minimum or one.requested}):
        needed = -(-(shifts + line.change_over) // line.shifts_a_day)
        for k in range(len(line.beam_days) - needed + 1):
            run = line.beam_days[k : k + needed]
            whole = all(later - day <= line.bridge + 1 for day, later in itertools.pairwise(run))
            away = any(begin <= day < end for begin, end in one.blackouts for day in range(run[0], run[-1] + 1))
            if whole and not away and line.id in one.beamlines and line.id not in one.banned:
                found.append((line.id, run, shifts))
    return found


def brute_force(asked, price=lambda one, place: 0.0):
    """The best merit less price of any plan; None if no plan keeps the limits."""
    best = None
    lines = {line.id: line for line in asked.beamlines}
    choices = []
    for one in asked.proposals:
        own = [place for line in asked.beamlines for place in places(one, line)]
        if one.pin is not None:
            own = [place for place in own if one.pin.beamline in (None, place[0])]
        choices.append(own if one.must or one.pin is not None else [None, *own])

    def kept(plan):
        for share in asked.shares:
            here = [
                (one, place)
                for one, place in zip(asked.proposals, plan, strict=True)
                if place and (share.beamlines is None or place[0] in share.beamlines)
            ]
            total = sum(place[2] for _, place in here)
            held = sum(place[2] for one, place in here if share.tag in one.tags)
            if share.max_share is not None and held > Fraction(str(share.max_share)) * total:
                return False
            if share.min_share is not None and held < Fraction(str(share.min_share)) * total:
                return False
            if not (share.min_shifts or 0) <= held <= (share.max_shifts if share.max_shifts is not None else held):
                return False
        return all(
            sum(len(place[1]) for place in plan if place and place[0] == name)
            <= (1 - Fraction(str(line.reserve))) * len(line.beam_days)
            for name, line in lines.items()
        )

    def search(k, plan, taken, merit):
        nonlocal best
        if k == len(choices):
            if kept(plan) and (best is None or merit > best):
                best = merit
            return
        one = asked.proposals[k]
        for place in choices[k]:
            cells = {(place[0], day) for day in place[1]} if place else set()
            if cells & taken:
                continue
            gain = one.weight * place[2] if place else 0.0
            search(k + 1, [*plan, place], taken | cells, merit + gain - price(one, place))

    search(0, [], set(), 0.0)
    return best


@FEW
@given(rounds())
def test_solve_round_equals_the_brute_force(asked):
    best = brute_force(asked)
    if best is None:
        with pytest.raises(NoPlan) as caught:
            solve_round(asked)
        assert caught.value.conflict == find_conflict(asked)
        return
    plan = solve_round(asked)
    assert (plan.merit, plan.objective) == (best, best)
    assert plan.bound == pytest.approx(best)
    assert check_plan(asked, plan.awards) == ()


@FEWER
@given(rounds(most=6))
def test_prices_and_groups_keep_the_limits_and_bound_the_best(asked):
    best = brute_force(asked)
    if best is None:
        with pytest.raises(NoPlan):
            solve_round(asked, exact_below=0, max_passes=2)
        return
    plan = solve_round(asked, exact_below=0, max_passes=2, target_gap=0.0)
    assert check_plan(asked, plan.awards) == ()
    assert plan.objective <= best <= plan.bound + 1e-6
    # two beamlines at most: the last groups are the whole round
    assert plan.objective == best


@FEWER
@given(rounds(), st.data())
def test_published_plan_changes_only_for_gain(asked, data):
    if brute_force(asked) is None:
        return
    first = solve_round(asked)
    line = asked.beamlines[0]
    if len(line.beam_days) < 2:
        return
    lost = data.draw(st.sampled_from(line.beam_days))
    failed = replace(line, beam_days=tuple(day for day in line.beam_days if day != lost))
    after = replace(asked, beamlines=(failed, *asked.beamlines[1:]))
    published = Published(first.awards, change_cost=4.0, drop_cost=11.0)
    known = {award.proposal: award for award in first.awards}

    def price(one, place):
        if one.id not in known:
            return 0.0
        if place is None:
            return 11.0
        old = known[one.id]
        return 0.0 if (place[0], place[1][0], place[2]) == (old.beamline, old.start, old.shifts) else 4.0

    best = brute_force(after, price)
    if best is None:
        with pytest.raises(NoPlan):
            solve_round(after, published=published)
        return
    plan = solve_round(after, published=published)
    assert plan.objective == pytest.approx(best)
    assert check_plan(after, plan.awards) == ()
    answers = explain_plan(after, plan.awards, published=published)
    changes = {answer.proposal: answer.change for answer in answers}
    paid = sum({"moved": 4.0, "dropped": 11.0}.get(change, 0.0) for change in changes.values())
    assert plan.objective == pytest.approx(plan.merit - paid)


@FEWER
@given(rounds(forcing=False), st.randoms(use_true_random=False))
def test_merit_does_not_depend_on_the_order_of_the_input(asked, random):
    if brute_force(asked) is None:
        return
    shuffled = replace(
        asked,
        proposals=tuple(random.sample(asked.proposals, len(asked.proposals))),
        beamlines=tuple(random.sample(asked.beamlines, len(asked.beamlines))),
    )
    assert solve_round(shuffled).merit == solve_round(asked).merit


@FEWER
@given(rounds(forcing=False))
def test_without_shares_more_beam_never_lowers_the_merit(asked):
    free = replace(asked, shares=())
    whole = tuple(replace(line, beam_days=tuple(range(asked.days))) for line in free.beamlines)
    assert solve_round(replace(free, beamlines=whole)).merit >= solve_round(free).merit


@FEWER
@given(rounds())
def test_conflict_is_irreducible(asked):
    conflict = find_conflict(asked)
    assert (conflict == ()) == (brute_force(asked) is not None)
    for limit in conflict:
        assert brute_force(relaxed(asked, limit)) is not None or find_conflict(relaxed(asked, limit)) != conflict


def relaxed(asked, limit):
    """The round without one limit."""
    one = {
        "must": {"must": False},
        "pin": {"pin": None},
        "blackouts": {"blackouts": ()},
        "ban": {"banned": frozenset()},
    }
    if limit.kind in one:
        return replace(
            asked,
            proposals=tuple(replace(p, **one[limit.kind]) if p.id == limit.about else p for p in asked.proposals),
        )
    if limit.kind == "reserve":
        lines = tuple(replace(line, reserve=0.0) if line.id == limit.about else line for line in asked.beamlines)
        return replace(asked, beamlines=lines)
    shares = tuple(replace(s, **{limit.kind: None}) if s.id == limit.about else s for s in asked.shares)
    kept = [s for s in shares if (s.min_share, s.max_share, s.min_shifts, s.max_shifts) != (None,) * 4]
    return replace(asked, shares=tuple(kept))


@FEWER
@given(rounds())
def test_explanations_cover_every_proposal_with_a_reason(asked):
    if brute_force(asked) is None:
        return
    plan = solve_round(asked)
    answers = explain_plan(asked, plan.awards)
    assert [answer.proposal for answer in answers] == [one.id for one in asked.proposals]
    granted = {award.proposal: award for award in plan.awards}
    for answer, one in zip(answers, asked.proposals, strict=True):
        assert answer.award == granted.get(one.id)
        assert answer.reasons
        # an optimum has no exchange left that gains
        assert "not_proved" not in {reason.code for reason in answer.reasons}


TWO_LINES = (Beamline("a", tuple(range(10))), Beamline("b", tuple(range(10)), reserve=0.2))


def planned(proposals, shares=(), lines=TWO_LINES, days=10):
    asked = Round(days, lines, tuple(proposals), tuple(shares))
    plan = solve_round(asked)
    return {answer.proposal: answer for answer in explain_plan(asked, plan.awards)}


def codes(answer):
    return [reason.code for reason in answer.reasons]


def test_explain_names_the_rank_that_was_needed():
    got = planned([Proposal("high", 9, 29, ("a",)), Proposal("low", 5, 29, ("a",))])
    assert (got["high"].outcome, codes(got["high"])) == ("granted", ["as_asked"])
    assert (got["low"].outcome, codes(got["low"])) == ("not", ["full_above"])
    facts = got["low"].reasons[0].facts
    assert (facts["displaced"], facts["weight_needed"], facts["beamline"]) == (("high",), 9.0, "a")


def test_explain_names_the_blackout_run():
    got = planned([Proposal("away", 9, 14, ("a",), blackouts=((2, 8),))])
    assert got["away"].reasons[0].code == "no_free_run"
    assert got["away"].reasons[0].facts == {"beamline": "a", "needed_days": 5, "longest_days": 2}
    assert got["away"].reasons[1].code == "shorter_would_fit"
    assert got["away"].reasons[1].facts == {"beamline": "a", "start": 0, "shifts": 5}


def test_explain_names_the_share():
    firm = Proposal("firm", 1, 8, ("a",), tags=frozenset(["industry"]))
    got = planned([firm, Proposal("lab", 9, 8, ("a",))], [Share("few firms", "industry", max_share=0.15)])
    assert codes(got["firm"]) == ["share", "shorter_would_fit"]
    assert (got["firm"].reasons[0].facts["share"], got["firm"].reasons[0].facts["side"]) == ("few firms", "max_share")


def test_explain_names_the_reserve_and_the_shortening():
    got = planned([Proposal("long", 3, 29, ("b",), minimum=20)])
    assert (got["long"].outcome, got["long"].award.shifts, codes(got["long"])) == ("shortened", 20, ["reserve"])


def test_explain_names_the_reserve_where_winning_a_place_would_eat_it():
    # p1's four days would win p0's place by merit; only the reserve of one day keeps it from them
    lines = (
        Beamline("b0", tuple(range(4)), shifts_a_day=1, change_over=0),
        Beamline("b1", tuple(range(4)), shifts_a_day=1, change_over=0, reserve=0.25),
    )
    proposals = [
        Proposal("p0", 1, 1, ("b1",)),
        Proposal("p1", 1, 4, ("b0", "b1"), minimum=1, must=True, banned=frozenset(["b0"])),
    ]
    got = planned(proposals, lines=lines, days=4)
    assert (got["p0"].outcome, got["p1"].outcome) == ("granted", "shortened")
    assert codes(got["p1"]) == ["carry_over", "alternative", "banned", "reserve"]


def test_explain_names_the_alternative():
    got = planned([Proposal("x", 9, 20, ("a", "b")), Proposal("y", 9, 29, ("a",))])
    assert (got["x"].outcome, codes(got["x"])) == ("elsewhere", ["alternative", "full_above"])


def test_explain_names_the_ban_and_the_promise():
    got = planned(
        [
            Proposal("out", 9, 5, ("a",), banned=frozenset(["a"])),
            Proposal("old", 0, 29, ("a",), must=True),
            Proposal("new", 9, 29, ("a",)),
        ]
    )
    assert (codes(got["out"]), codes(got["old"]), codes(got["new"])) == (["banned"], ["carry_over"], ["held"])


def test_conflict_names_two_carry_overs_on_one_line():
    asked = Round(
        10,
        TWO_LINES,
        (
            Proposal("x", 1, 18, ("a",), must=True),
            Proposal("y", 1, 18, ("a",), must=True),
            Proposal("z", 1, 6, ("b",), must=True),
        ),
        (Share("few", "industry", max_share=0.2),),
    )
    with pytest.raises(NoPlan, match=r"must of x, must of y\. Relax one of them") as caught:
        solve_round(asked)
    assert caught.value.conflict == (Limit("must", "x"), Limit("must", "y"))


def test_conflict_names_a_blackout_with_its_carry_over():
    asked = Round(10, TWO_LINES, (Proposal("x", 1, 18, ("a",), must=True, blackouts=((3, 7),)),))
    assert find_conflict(asked) == (Limit("blackouts", "x"), Limit("must", "x"))


def test_frozen_days_keep_what_began():
    first = (Award("old", "a", 0, 4, 9), Award("later", "a", 4, 8, 9))
    asked = Round(
        10,
        TWO_LINES[:1],
        (Proposal("old", 1, 9, ("a",)), Proposal("later", 1, 9, ("a",)), Proposal("new", 99, 29, ("a",))),
    )
    plan = solve_round(asked, published=Published(first, 0.0, 0.0, open_from=3))
    assert plan.awards[0] == first[0]
    assert all(award.start >= 3 for award in plan.awards[1:])


def test_same_generator_gives_the_same_plan():
    rng = np.random.default_rng(3)
    lines = tuple(Beamline(f"b{b}", tuple(range(40)), reserve=0.05) for b in range(3))
    proposals = tuple(
        Proposal(
            f"p{i:02d}",
            float(rng.integers(10, 100)),
            int(rng.integers(6, 30)),
            tuple(f"b{b}" for b in rng.permutation(3)[: rng.integers(1, 3)]),
            minimum=5,
            tags=frozenset(["ind"] if rng.random() < 0.3 else []),
        )
        for i in range(30)
    )
    asked = Round(40, lines, proposals, (Share("ind", "ind", None, 0.1, 0.2),))
    plans = [
        solve_round(asked, exact_below=0, max_passes=1, rng=np.random.default_rng(7), target_gap=1e-3) for _ in range(2)
    ]
    assert plans[0] == plans[1]
    assert check_plan(asked, plans[0].awards) == ()
    assert plans[0].gap < 0.03


FAULTY = Round(
    10,
    (Beamline("a", (0, 1, 2, 5, 6, 7, 8), reserve=0.3), Beamline("b", tuple(range(10)))),
    (
        Proposal("x", 1, 5, ("a",), minimum=2, blackouts=((8, 9),), tags=frozenset(["ind"])),
        Proposal("y", 1, 5, ("a", "b"), must=True, banned=frozenset(["b"])),
        Proposal("z", 1, 8, ("a",), pin=Pin(start=5)),
    ),
    (Share("ind", "ind", max_share=0.3),),
)


@pytest.mark.parametrize(
    ("award", "code"),
    [
        (Award("nobody", "a", 0, 2, 5), "unknown"),
        (Award("x", "b", 0, 2, 5), "beamline"),
        (Award("y", "b", 0, 2, 5), "banned"),
        (Award("x", "a", 0, 2, 4), "length"),
        (Award("x", "a", 0, 3, 5), "span"),
        (Award("x", "a", 3, 6, 2), "no_beam"),
        (Award("x", "a", 2, 6, 5), "gap"),
        (Award("x", "a", 7, 9, 5), "blackout"),
        (Award("x", "a", 0, 2, 5), "share"),
        (Award("z", "a", 0, 3, 8), "pin"),
        (Award("z", "a", 0, 3, 8), "must"),
    ],
)
def test_check_plan_finds_the_fault(award, code):
    assert code in [fault.code for fault in check_plan(FAULTY, [award])]


def test_check_plan_finds_overlap_twice_and_reserve():
    found = {fault.code for fault in check_plan(FAULTY, [Award("y", "a", 0, 2, 5), Award("x", "a", 1, 3, 5)])}
    assert found == {"overlap", "pin", "share"}
    twice = [Award("y", "a", 0, 2, 5), Award("y", "a", 5, 7, 5), Award("z", "a", 5, 8, 8)]
    assert {fault.code for fault in check_plan(FAULTY, twice)} == {"twice", "overlap", "reserve"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"days": 0}, "days must be from 1"),
        ({"beamlines": (Beamline("a", (0, 10)),)}, "beam_days must lie in 0 to 9, got 10"),
        ({"beamlines": (Beamline("a", (3, 3)),)}, "must ascend"),
        ({"beamlines": (Beamline("a", (3,), reserve=5),)}, "reserve must be from 0 to 1"),
        ({"beamlines": (Beamline("a", (3,)), Beamline("a", (3,)))}, "used twice"),
        ({"proposals": (Proposal("x", 1, 5, ("c",)),)}, '"c" is not in the round'),
        ({"proposals": (Proposal("x", -1, 5, ("a",)),)}, "weight must be a number >= 0, got -1"),
        ({"proposals": (Proposal("x", 1, 0, ("a",)),)}, "requested must be >= 1 shift, got 0"),
        ({"proposals": (Proposal("x", 1, 5, ("a",), minimum=6),)}, "minimum must be from 1 to requested"),
        ({"proposals": (Proposal("x", 1, 5, ()),)}, "name at least one"),
        ({"proposals": (Proposal("x", 1, 5, ("a",), blackouts=((4, 4),)),)}, "must end after it starts"),
        ({"proposals": (Proposal("x", 1, 5, ("a",), pin=Pin("b")),)}, "which it does not accept"),
        ({"proposals": (Proposal("x", 1, 5, ("a",), pin=Pin(shifts=4)),)}, "pinned to 4 shifts"),
        ({"shares": (Share("s", "t"),)}, "limits nothing"),
        ({"shares": (Share("s", "t", max_share=15),)}, "Per cent"),
        ({"shares": (Share("s", "t", min_share=0.2),)}, 'no proposal has the tag "t"'),
    ],
)
def test_round_says_what_is_wrong(change, sentence):
    base = Round(10, TWO_LINES, (Proposal("x", 1, 5, ("a",)),))
    with pytest.raises(AllocationError, match=sentence):
        replace(base, **change)


def test_seconds_need_a_clock():
    with pytest.raises(AllocationError, match="needs a clock"):
        solve_round(Round(10, TWO_LINES, ()), seconds=5)
    assert solve_round(Round(10, TWO_LINES, ())).awards == ()
