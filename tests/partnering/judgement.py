"""The judged set of challenges and profiles: reads it, ranks it by the engine and by plain BM25 and TF-IDF.

75 challenges and 75 profiles of 25 fields, half in each language, written for this purpose by the ranker's own authors:
it shows mistakes, not merit. Two profiles of a challenge's field have grade 3, its neighbour 2, those of related
fields 1. A third of the challenges name no capability, as before a broker has been at work.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from headwater.engines.matching import Groups, Thesaurus, Wanted, build_groups, score_groups
from headwater.engines.relevance import ndcg, paired_interval, tokens

HERE = Path(__file__).parent / "judged" / "topics.jsonl"
VOCABULARY = Path(__file__).parents[2] / "src/headwater/registry/vocabularies/techniques.csv"
WEIGHTS = {"text": 1.0, "techniques": 1.0, "instruments": 0.3, "past_work": 0.6, "likeness": 0.5}
GRADES = (3.0, 3.0, 2.0)


@dataclass(frozen=True, slots=True)
class Judged:
    """Challenges, profiles and grades, shape (challenges, profiles); technique names by code."""

    challenges: list[dict]
    profiles: list[dict]
    grades: np.ndarray
    names: dict[str, list[str]]


def read() -> Judged:
    """The set with the vocabulary of techniques."""
    topics = [json.loads(line) for line in HERE.read_text(encoding="utf-8").splitlines()]
    with VOCABULARY.open(encoding="utf-8", newline="") as file:
        names = {
            row["code"]: [
                row["name_zh"], row["name_en"], *filter(None, row["synonyms_zh"].split(";")),
                *filter(None, row["synonyms_en"].split(";")),
            ]
            for row in csv.DictReader(file)
        }  # fmt: skip
    challenges = [{**one, "topic": topic["topic"]} for topic in topics for one in topic["challenges"]]
    profiles = [
        {**one, "topic": topic["topic"], "grade": grade}
        for topic in topics
        for one, grade in zip(topic["profiles"], GRADES, strict=True)
    ]
    near = {topic["topic"]: set(topic["near"]) for topic in topics}
    grades = np.array(
        [
            [
                one["grade"]
                if one["topic"] == challenge["topic"]
                else float(one["topic"] in near[challenge["topic"]] and one["grade"] == 3)
                for one in profiles
            ]
            for challenge in challenges
        ]
    )
    return Judged(challenges, profiles, grades, names)


def named(judged: Judged, codes: Sequence[str]) -> str:
    """Techniques as a plain text would have them: their two names."""
    return " 。".join(name for code in codes for name in judged.names[code][:2])


def groups_of(judged: Judged) -> Groups:
    """The profiles indexed as the platform indexes them."""
    row = {code: at for at, code in enumerate(judged.names)}
    cells = [
        (row[code], at, level) for at, one in enumerate(judged.profiles) for code, level in one["techniques"].items()
    ]
    at_row, at_group, level = zip(*cells, strict=True)
    shape, n = (len(row), len(judged.profiles)), len(judged.profiles)
    texts = [
        {
            "title": one["title"],
            "summary": one["summary"],
            "techniques": " 。".join(name for code in one["techniques"] for name in judged.names[code]),
        }
        for one in judged.profiles
    ]
    works = [(at, {"title": title}) for at, one in enumerate(judged.profiles) for title in one["works"]]
    empty = sparse.csr_array(shape)
    levels = sparse.csr_array((np.array(level, float), (at_row, at_group)), shape)
    return build_groups(texts, works, levels, empty, np.zeros(n, np.int64), np.arange(n), np.zeros(n))


def scores(judged: Judged, weights: Mapping[str, float] = WEIGHTS, *, structured: bool = True) -> np.ndarray:
    """The engine's scores, shape (challenges, profiles); without structure the wants count as words alone."""
    groups = groups_of(judged)
    row = {code: at for at, code in enumerate(judged.names)}
    thesaurus = Thesaurus(list(judged.names.values()))
    out = []
    for one in judged.challenges:
        texts = {2.0: one["title"], 1.0: one["problem"], 1.5: named(judged, one["wanted"])}
        texts[0.4] = thesaurus.others(" 。".join(texts.values()))
        wanted = [(row[code], 3, True) for code in one["wanted"]] if structured else []
        out.append(score_groups(groups, Wanted(texts, wanted, np.zeros(1)), weights).total)
    return np.array(out)


def plain(judged: Judged, *, bm25: bool) -> np.ndarray:
    """Textbook BM25 (k1 1.2, b 0.75) or TF-IDF cosine over bare tokens, everything of each side glued into one text."""
    documents = [
        " 。".join((one["title"], one["summary"], *one["works"], named(judged, list(one["techniques"]))))
        for one in judged.profiles
    ]
    queries = [" 。".join((one["title"], one["problem"], named(judged, one["wanted"]))) for one in judged.challenges]
    bags = [tokens(text) for text in documents]
    at = {term: i for i, term in enumerate(sorted({term for bag in bags for term in bag}))}
    counts, asked = np.zeros((len(bags), len(at))), np.zeros((len(queries), len(at)))
    for table, texts in ((counts, bags), (asked, [tokens(text) for text in queries])):
        for i, bag in enumerate(texts):
            for term in bag:
                if term in at:
                    table[i, at[term]] += 1
    holders, n = (counts > 0).sum(axis=0), len(bags)
    if bm25:
        length = counts.sum(axis=1, keepdims=True)
        part = counts * 2.2 / (counts + 1.2 * (0.25 + 0.75 * length / length.mean()))
        return asked @ (part * np.log(1 + (n - holders + 0.5) / (holders + 0.5))).T
    idf = np.log((1 + n) / (1 + holders)) + 1
    a, d = asked * idf, counts * idf
    return (a / np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-12)) @ (
        d / np.linalg.norm(d, axis=1, keepdims=True)
    ).T


def gains(found: np.ndarray, judged: Judged) -> np.ndarray:
    """nDCG@10 of each challenge."""
    return np.array([ndcg(score, grade, 10) for score, grade in zip(found, judged.grades, strict=True)])


def table() -> list[tuple[str, float, float, float, float]]:
    """Method, nDCG@10, and its gain over plain BM25 with a 95 % interval (bootstrap over challenges)."""
    judged = read()
    runs = {
        "plain BM25": plain(judged, bm25=True),
        "plain TF-IDF": plain(judged, bm25=False),
        "engine, words alone": scores(judged, {"text": 1.0, "past_work": 0.6}, structured=False),
        "engine, no likeness": scores(judged, {**WEIGHTS, "likeness": 0.0}),
        "engine, all parts": scores(judged),
    }
    base = gains(runs["plain BM25"], judged)
    rows = []
    for name, run in runs.items():
        own = gains(run, judged)
        found = paired_interval(own, base, np.ones(len(own)), rng=np.random.default_rng(0))
        rows.append((name, float(own.mean()), *found))
    return rows
