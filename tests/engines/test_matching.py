"""Ranking of groups: order and bounds hold, context never lifts who can do nothing, equal ones keep their order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import sparse

from headwater.engines.matching import (
    CONTEXT,
    PARTS,
    Groups,
    MatchingError,
    Thesaurus,
    Wanted,
    best_first,
    build_groups,
    score_groups,
)

WEIGHTS = dict.fromkeys(PARTS, 1.0)
WORDS = ("weld", "crack", "laser", "plasma", "焊缝", "质谱")


def made(n: int, rng: np.random.Generator, techniques: int = 4) -> Groups:
    texts = [{"title": " ".join(rng.choice(WORDS, 2)), "summary": " ".join(rng.choice(WORDS, 3))} for _one in range(n)]
    works = [(int(at), {"title": " ".join(rng.choice(WORDS, 2))}) for at in np.sort(rng.integers(0, n, 2 * n))]
    levels = sparse.csr_array(rng.integers(0, 6, (techniques, n)).astype(float))
    tools = sparse.csr_array((rng.random((techniques, n)) < 0.3).astype(float))
    return build_groups(
        texts, works, levels, tools, rng.integers(0, 3, n), rng.integers(0, 5, n), np.round(rng.random(n), 2)
    )


def asked(rng: np.random.Generator) -> Wanted:
    minutes = rng.choice([0.0, 60.0, 400.0, np.nan], 3)
    return Wanted({1.0: " ".join(rng.choice(WORDS, 3))}, [(0, 3, True), (2, 4, False)], minutes, 180.0, {1: 0.8})


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_scores_lie_between_nothing_and_one_and_context_lifts_nobody(seed, n):
    rng = np.random.default_rng(seed)
    groups, wanted = made(n, rng), asked(rng)
    found = score_groups(groups, wanted, WEIGHTS)
    for part in (found.total, *found.parts.values()):
        assert ((part >= 0) & (part <= 1 + 1e-12)).all()
    substance = sum(found.parts[name] for name in PARTS if name not in CONTEXT)
    assert (found.total[substance == 0] == 0).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_nearer_freer_and_better_known_never_score_less(seed):
    rng = np.random.default_rng(seed)
    groups, wanted = made(8, rng), asked(rng)
    before = score_groups(groups, wanted, WEIGHTS).total
    nearer = replace(wanted, minutes=np.zeros(3), tied=dict.fromkeys(range(5), 1.0))
    after = score_groups(replace(groups, load=np.zeros(8)), nearer, WEIGHTS).total
    assert (after >= before - 1e-12).all()


def test_group_that_masters_more_of_what_is_asked_stands_first():
    levels = sparse.csr_array(np.array([[3.0, 3.0, 1.0], [0.0, 4.0, 0.0]]))
    nobody = sparse.csr_array((2, 3))
    groups = build_groups([{}] * 3, [], levels, nobody, np.zeros(3, int), np.arange(3), np.zeros(3))
    found = score_groups(groups, Wanted({1.0: ""}, [(0, 3, True), (1, 4, True)], np.zeros(1)), {"techniques": 1.0})
    assert found.total == pytest.approx([0.5, 1.0, 1 / 6])


def test_likeness_reaches_a_group_without_a_common_word():
    levels = sparse.csr_array(np.array([[4.0, 4.0, 0.0], [0.0, 0.0, 4.0]]))
    texts = [{"summary": "welded seams"}, {"summary": "焊接接头"}, {"summary": "海洋生物"}]
    groups = build_groups(texts, [], levels, sparse.csr_array((2, 3)), np.zeros(3, int), np.arange(3), np.zeros(3))
    wanted = Wanted({1.0: "cracks of welded seams"}, [], np.zeros(1))
    alone = score_groups(groups, wanted, {"text": 1.0}).total
    liked = score_groups(groups, wanted, {"text": 1.0, "likeness": 0.5}).total
    assert list(alone > 0) == [True, False, False]
    assert list(liked > 0) == [True, True, False]


def test_past_work_counts_the_best_three():
    texts = [{"title": "laser"}] * 3 + [{"title": "plasma"}]
    works = [(0, texts[0]), *((1, one) for one in texts)]
    none = sparse.csr_array((1, 2))
    groups = build_groups([{}, {}], works, none, none, np.zeros(2, int), np.arange(2), np.zeros(2))
    found = score_groups(groups, Wanted({1.0: "laser"}, [], np.zeros(1)), {"past_work": 1.0})
    assert found.total == pytest.approx([1 / 3, 1.0])


def test_equal_scores_keep_the_order_given():
    scores = np.array([0.2, 0.5, 0.5, 0.0, 0.5])
    allowed = np.array([True, True, True, True, False])
    assert best_first(scores, allowed, 2).tolist() == [1, 2]
    assert best_first(scores, allowed, 9).tolist() == [1, 2, 0]


def test_thesaurus_finds_names_whole_and_gives_the_others():
    names = Thesaurus([["scanning electron microscopy", "扫描电镜", "SEM"], ["XRD", "x-ray diffraction"], ["EM"]])
    assert names.held("断口用扫描电镜观察") == [0]
    assert names.held("semantics of diffraction") == []
    assert names.held("an EM lens") == []  # two Latin letters are held by chance
    assert names.others("X-ray diffraction maps") == "XRD 。x-ray diffraction"


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"luck": 1.0}, "luck"),
        ({"text": -1.0}, "finite"),
        ({"text": float("nan")}, "finite"),
        ({"ties": 1.0}, "above 0"),
        ({"likeness": 1.0}, "above 0"),
    ],
)
def test_weights_that_make_no_sense_are_told(weights, said):
    rng = np.random.default_rng(1)
    with pytest.raises(MatchingError, match=said):
        score_groups(made(2, rng), asked(rng), weights)


def test_transposed_tables_are_told():
    table = sparse.csr_array((3, 2))
    with pytest.raises(MatchingError, match="Transposed"):
        build_groups([{}] * 3, [], table, table, np.zeros(3, int), np.zeros(3, int), np.zeros(3))


def test_work_of_nobody_is_told():
    table = sparse.csr_array((1, 1))
    with pytest.raises(MatchingError, match="owned"):
        build_groups([{}], [(1, {})], table, table, np.zeros(1, int), np.zeros(1, int), np.zeros(1))
