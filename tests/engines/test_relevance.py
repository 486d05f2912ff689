"""Tokens, rankings, their fusion, and the measures that judge them."""

from __future__ import annotations

import csv
import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from headwater.engines.relevance import (
    METHODS,
    STOP_WORDS,
    RelevanceError,
    best_mean,
    bm25_vectors,
    build_index,
    expanded,
    match_texts,
    ndcg,
    paired_interval,
    rank_loss,
    ranker,
    ranking_terms,
    ranks,
    recall,
    reciprocal_fusion,
    singular,
    tfidf_vectors,
    tokens,
    weighted_fusion,
)

JUDGED = Path(__file__).parent / "judged"
WORDS = st.text("abc 的液相质谱-ＡéX1.,'", max_size=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("。，—!", []),
        ("LC-MS", ["lcms"]),
        ("LC‑MS and lc–ms", ["lcms", "and", "lcms"]),
        ("JEM-2100F D8 ADVANCE", ["jem2100f", "d8", "advance"]),
        ("液相色谱", ["液相", "相色", "色谱"]),
        ("扫 X射线衍射", ["扫", "x", "射线", "线衍", "衍射"]),
        ("蔡司nano", ["蔡司", "nano"]),
        ("ＳＥＭ　Ｈ₂Ｏ", ["sem", "h2o"]),
        ("Müller's 1.5T 10,000 a.b", ["muller", "1.5t", "10000", "a", "b"]),
        ("end- -start a--b", ["end", "start", "a", "b"]),
        ("カメラ 한국어", ["カメ", "メラ", "한국", "국어"]),
        ("snake_case", ["snake", "case"]),
        ("\x00TEM\x07", ["tem"]),
    ],
)
def test_tokens_split_both_languages(text, expected):
    assert tokens(text) == expected


@given(WORDS, WORDS)
def test_tokens_of_texts_apart_are_those_of_the_texts(one, other):
    assert tokens(f"{one}\n{other}") == tokens(one) + tokens(other)


@given(WORDS)
def test_tokens_do_not_depend_on_case_or_width(text):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text.upper())
    assert tokens(wide) == tokens(text)


@given(st.text(max_size=60))
def test_tokens_hold_no_space_and_are_never_empty(text):
    assert all(t and not any(c.isspace() for c in t) for t in tokens(text))


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("batteries", "battery"),
        ("alloys", "alloy"),
        ("stresses", "stress"),
        ("lenses", "lens"),
        ("lens", "lens"),
        ("phases", "phase"),
        ("gas", "gas"),
        ("mass", "mass"),
        ("status", "status"),
        ("analysis", "analysis"),
        ("gc2s", "gc2s"),
    ],
)
def test_singular_strips_plurals_only(word, expected):
    assert singular(word) == expected


def test_ranking_terms_drop_stop_words_and_add_pairs():
    assert ranking_terms("the residual stresses of thin films, alloys") == [
        "residual",
        "stress",
        "residual stress",
        "thin",
        "film",
        "thin film",
        "alloy",
    ]
    assert ranking_terms("residual stresses", pairs=False) == ["residual", "stress"]
    assert ranking_terms("材料的性能与结构") == ["材料", "性能", "结构"]
    assert ranking_terms("time-of-flight") == ["time", "flight", "timeofflight"]
    assert ranking_terms(" ".join(STOP_WORDS)) == []


def test_expanded_adds_the_names_a_text_does_not_hold():
    groups = [["TEM", "透射电镜"], ["XRD", "X-ray diffraction"]]
    assert expanded("用透射电镜看", groups) == "用透射电镜看 。TEM"
    assert expanded("STEM", groups) == "STEM"
    assert expanded("x-ray diffraction", groups) == "x-ray diffraction 。XRD"


def words(text):
    return text.split()


def test_tfidf_cosines_match_the_formula_written_out():
    documents = [{"t": "a a b"}, {"t": "b c"}, {"t": ""}]
    index = build_index(documents, ["t"], terms=words)
    got = tfidf_vectors(index, {"t": 1.0}).toarray()
    idf = {"a": math.log(4 / 2) + 1, "b": math.log(4 / 3) + 1, "c": math.log(4 / 2) + 1}
    first = np.array([(1 + math.log(2)) * idf["a"], idf["b"], 0])
    second = np.array([0, idf["b"], idf["c"]])
    expected = np.array([first / np.linalg.norm(first), second / np.linalg.norm(second), np.zeros(3)])
    np.testing.assert_allclose(got[:, [index.vocabulary[w] for w in "abc"]], expected, rtol=1e-12)


def test_bm25_matches_the_formula_written_out():
    documents = [{"t": "a a b"}, {"t": "b"}]
    index = build_index(documents, ["t"], terms=words)
    got = bm25_vectors(index, {"t": 1.0}, k1=1.2, b=0.75).toarray()

    def part(count, length, holders):
        idf = math.log(1 + (2 - holders + 0.5) / (holders + 0.5))
        scaled = count / (0.25 + 0.75 * length / 2)
        return idf * 2.2 * scaled / (scaled + 1.2)

    expected = [[part(2, 3, 1), part(1, 3, 2)], [0, part(1, 1, 2)]]
    np.testing.assert_allclose(got[:, [index.vocabulary[w] for w in "ab"]], expected, rtol=1e-12)


def test_sections_stay_apart_and_weigh_as_told():
    documents = [{"title": "laser", "text": "steel"}, {"title": "steel", "text": "laser"}]
    index = build_index(documents, ["title", "text"], terms=words)
    for method in ("tfidf", "bm25"):
        by_title = ranker(index, {"title": 1.0}, method=method, terms=words).scores("laser")
        assert by_title[0] > 0
        assert by_title[1] == 0
        both = ranker(index, {"title": 3.0, "text": 1.0}, method=method, terms=words).scores("laser")
        assert both[0] > both[1] > 0


TEXTS = st.lists(
    st.sampled_from(["laser steel", "laser", "battery cell", "cell of steel", "", "激光焊接"]), min_size=1, max_size=4
)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from(METHODS))
@settings(deadline=None, max_examples=60)
def test_match_texts_equals_all_pairs_one_by_one(queries, documents, method):
    sides = [[[{"text": t} for t in thing] for thing in side] for side in (queries, documents)]
    got = list(match_texts(*sides, weights={"text": 1.0}, method=method, best=2))
    if method == "fused":
        parts = [list(match_texts(*sides, weights={"text": 1.0}, method=m, best=2)) for m in ("tfidf", "bm25")]
        for line, cosine, bm25 in zip(got, *parts, strict=True):
            expected = sum(p / p.max() / 2 if p.max() > 0 else p for p in (cosine, bm25))
            np.testing.assert_allclose(line, expected, rtol=1e-12)
        return
    every = [{"text": t} for side in (queries, documents) for thing in side for t in thing]
    index = build_index(every, ["text"])
    found = (tfidf_vectors if method == "tfidf" else bm25_vectors)(index, {"text": 1.0}).toarray()
    asked = found if method == "tfidf" else index.counts["text"].toarray()
    n = sum(map(len, queries))
    of_query = np.repeat(np.arange(len(queries)), [len(q) for q in queries])
    of_document = np.repeat(np.arange(len(documents)), [len(d) for d in documents])
    pairs = asked[:n] @ found[n:].T
    for q, d in itertools.product(range(len(queries)), range(len(documents))):
        top = sorted(pairs[of_query == q][:, of_document == d].ravel(), reverse=True)[:2]
        assert got[q][d] == pytest.approx(np.mean(top), rel=1e-12, abs=1e-15)


@given(st.permutations(range(5)))
@settings(deadline=None)
def test_match_texts_does_not_depend_on_the_order_of_documents(order):
    documents = [[{"text": t}] for t in ("laser steel", "laser", "battery cell", "cell of steel", "激光焊接")]
    queries = [[{"text": "steel laser"}, {"text": "cell"}]]
    [line] = match_texts(queries, documents, weights={"text": 1.0})
    [moved] = match_texts(queries, [documents[i] for i in order], weights={"text": 1.0})
    np.testing.assert_allclose(moved, line[list(order)], rtol=1e-12)


def test_ranker_agrees_with_match_texts_where_rarity_is_the_same():
    documents = [{"text": t} for t in ("laser steel", "laser weld", "battery cell", "激光焊接")]
    index = build_index(documents, ["text"])
    line = ranker(index, {"text": 1.0}).scores("laser")
    vectors = tfidf_vectors(index, {"text": 1.0})
    assert line.tolist() == vectors[:, [index.vocabulary["laser"]]].toarray().ravel().tolist()
    assert ranker(index, {"text": 1.0}).scores("zzz").tolist() == [0, 0, 0, 0]
    assert ranker(index, {"text": 1.0}).scores("laser zzz")[0] < line[0]


def test_best_mean_takes_the_best_few_of_each_owner():
    scores = np.array([[1.0, 0], [4, 0], [3, 9], [2, 1], [7, 7]])
    got = best_mean(scores, [0, 0, 0, 0, 2], 3, best=3)
    assert got.tolist() == [[3.0, 10 / 3], [0, 0], [7, 7]]


def test_ranks_share_the_mean_place():
    assert ranks([3.0, 1, 3, 2]).tolist() == [1.5, 4, 1.5, 3]


def test_reciprocal_fusion_adds_places():
    assert reciprocal_fusion([[2.0, 1], [5.0, 9]], k=60).tolist() == [1 / 61 + 1 / 62] * 2


@given(st.lists(st.integers(0, 5), min_size=2, max_size=6), st.integers(0, 5))
def test_fusions_rise_with_a_score(scores, which):
    i = which % len(scores)
    other = list(range(len(scores)))
    higher = [s + (3 if j == i else 0) for j, s in enumerate(scores)]
    before, after = (reciprocal_fusion([np.array(s, float), other])[i] for s in (scores, higher))
    assert after >= before
    before, after = (weighted_fusion({"a": s, "b": other}, {"a": 2.0, "b": 1.0})[i] for s in (scores, higher))
    assert after >= before


def test_weighted_fusion_keeps_distances():
    got = weighted_fusion({"a": [2.0, 1, 0], "b": [0, 0, 0], "c": [0, 9, 9]}, {"a": 3.0, "b": 1.0})
    assert got.tolist() == [0.75, 0.375, 0]


GRADED = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=5)


@given(GRADED, st.integers(1, 6))
def test_ndcg_is_the_mean_over_all_orders_of_ties(pairs, k):
    scores, grades = zip(*pairs, strict=True)

    def gain(order):
        return sum((2 ** grades[i] - 1) / math.log2(2 + place) for place, i in enumerate(order[:k]))

    orders = list(itertools.permutations(range(len(pairs))))
    ideal = max(map(gain, orders))
    if ideal == 0:
        assert math.isnan(ndcg(scores, grades, k))
        return
    allowed = [o for o in orders if all(scores[a] >= scores[b] for a, b in itertools.pairwise(o))]
    assert ndcg(scores, grades, k) == pytest.approx(sum(map(gain, allowed)) / len(allowed) / ideal)


def test_recall_counts_what_is_found_among_the_first():
    assert recall([4, 3, 2, 1], [1, 0, 1, 0], 2) == 0.5
    assert recall([4, 3, 3, 1], [0, 1, 0, 0], 2) == 0.5
    assert recall([4, 0, 0], [0, 1, 1], 3) == 0
    assert math.isnan(recall([1, 2], [0, 0], 2))


@given(GRADED)
def test_rank_loss_of_the_reverse_is_the_rest(pairs):
    scores, grades = map(np.array, zip(*pairs, strict=True))
    lost, total = rank_loss(scores, grades)
    assert rank_loss(-scores, grades) == (total - lost, total)
    expected = sum(
        abs(grades[a] - grades[b])
        * (0.5 if scores[a] == scores[b] else (scores[a] < scores[b]) == (grades[a] > grades[b]))
        for a, b in itertools.combinations(range(len(scores)), 2)
        if grades[a] != grades[b]
    )
    assert lost == expected


def test_paired_interval_covers_the_difference_and_repeats_with_its_seed():
    one, other, total = np.array([1.0, 2, 3, 0]), np.array([2.0, 2, 5, 1]), np.full(4, 5.0)
    got = paired_interval(one, other, total, rng=np.random.default_rng(7))
    assert got == paired_interval(one, other, total, rng=np.random.default_rng(7))
    assert got[0] == -0.2
    assert -0.4 <= got[1] < got[0] < got[2] <= 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: build_index([{}], []), "sections must name"),
        (lambda: tfidf_vectors(build_index([{}], ["a"]), {"b": 1.0}), "weights name section 'b'"),
        (lambda: tfidf_vectors(build_index([{}], ["a"]), {"a": -1.0}), "must be finite and >= 0, got -1.0"),
        (lambda: bm25_vectors(build_index([{}], ["a"]), {"a": 1.0}, b=2), "b from 0 to 1"),
        (lambda: list(match_texts([], [], method="best")), "method must be one of"),
        (lambda: best_mean([[1.0]], [3], 2), "owner must be from 0 to 1"),
        (lambda: reciprocal_fusion([]), "lines of one length"),
        (lambda: weighted_fusion({"a": [1.0]}, {"b": 1.0}), "weights name 'b'"),
        (lambda: weighted_fusion({"a": [-1.0]}, {"a": 1.0}), "must be finite, >= 0"),
        (lambda: ndcg([1.0], [1, 2]), "lines of one length"),
        (lambda: ndcg([1.0], [-1]), "grades must be finite"),
        (lambda: paired_interval([1], [1], [0], rng=np.random.default_rng(0)), "sum above 0"),
    ],
)
def test_what_cannot_be_ranked_is_refused(call, words):
    with pytest.raises(RelevanceError, match=words):
        call()


def judged():
    def lines(name):
        return [json.loads(line) for line in (JUDGED / name).read_text(encoding="utf-8").splitlines()]

    challenges, capabilities = lines("challenges.jsonl"), lines("capabilities.jsonl")
    row = {c["id"]: i for i, c in enumerate(challenges)}
    column = {c["id"]: i for i, c in enumerate(capabilities)}
    grades = np.zeros((len(row), len(column)))
    with (JUDGED / "grades.csv").open(encoding="utf-8", newline="") as file:
        for item in csv.DictReader(file):
            grades[row[item["challenge"]], column[item["capability"]]] = float(item["grade"])
    synonyms = [line.split(";") for line in (JUDGED / "synonyms.txt").read_text(encoding="utf-8").splitlines()]
    return challenges, capabilities, grades, synonyms


def mean_ndcg(challenges, capabilities, grades, synonyms=(), **options):
    queries = [[{"text": expanded(c["text"], synonyms)}] for c in challenges]
    documents = [[{"title": c["title"], "text": c["text"]}] for c in capabilities]
    scored = match_texts(queries, documents, **options)
    return float(np.mean([ndcg(s, g, 10) for s, g in zip(scored, grades, strict=True)]))


def test_judged_set_is_large_enough_and_fully_graded():
    challenges, capabilities, grades, _ = judged()
    assert len(challenges) >= 30
    assert len(capabilities) == 44
    assert (grades == 3).sum(axis=1).tolist() == [2] * len(challenges)


def test_ranking_is_good_on_the_judged_set_and_synonyms_carry_it_across_languages():
    challenges, capabilities, grades, synonyms = judged()
    plain = {m: mean_ndcg(challenges, capabilities, grades, method=m) for m in METHODS}
    crossed = mean_ndcg(challenges, capabilities, grades, synonyms)
    bare = mean_ndcg(challenges, capabilities, grades, terms=tokens)
    assert min(plain.values()) > 0.6
    assert plain["tfidf"] > bare - 0.02
    assert crossed > plain["tfidf"] + 0.1
