"""Relevance: one challenge over many profiles, tokenising, and quality on the judged set, beside plain BM25.

    python benchmarks/relevance.py            50,000 profiles
    python benchmarks/relevance.py --full     200,000 profiles

The peer for speed is `bm25s` if it can be imported, otherwise that is said. The peers for quality are plain BM25
and plain TF-IDF over the bare tokens, as written here in a few lines. Times are CPU seconds of this process.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import time
from pathlib import Path

import numpy as np

from headwater.engines.relevance import (
    METHODS,
    build_index,
    expanded,
    match_texts,
    ndcg,
    paired_interval,
    rank_loss,
    ranker,
    recall,
    tokens,
)

JUDGED = Path(__file__).parents[1] / "tests" / "engines" / "judged"


def judged_set() -> tuple[list[dict], list[dict], np.ndarray, list[list[str]]]:
    """Challenges, capabilities, grades and names of the project's own judged set."""
    challenges, capabilities = (
        [json.loads(line) for line in (JUDGED / name).read_text(encoding="utf-8").splitlines()]
        for name in ("challenges.jsonl", "capabilities.jsonl")
    )
    row = {c["id"]: i for i, c in enumerate(challenges)}
    column = {c["id"]: i for i, c in enumerate(capabilities)}
    grades = np.zeros((len(row), len(column)))
    with (JUDGED / "grades.csv").open(encoding="utf-8", newline="") as file:
        for item in csv.DictReader(file):
            grades[row[item["challenge"]], column[item["capability"]]] = float(item["grade"])
    names = [line.split(";") for line in (JUDGED / "synonyms.txt").read_text(encoding="utf-8").splitlines()]
    return challenges, capabilities, grades, names


def plain(queries: list[str], documents: list[str], *, bm25: bool) -> np.ndarray:
    """Textbook BM25 (k1 1.2, b 0.75) or TF-IDF cosine (raw counts) over bare tokens, title glued to text."""
    bags = [tokens(d) for d in documents]
    terms = sorted({t for bag in bags for t in bag})
    at = {t: i for i, t in enumerate(terms)}
    counts = np.zeros((len(bags), len(terms)))
    for i, bag in enumerate(bags):
        for t in bag:
            counts[i, at[t]] += 1
    holders = (counts > 0).sum(axis=0)
    n = len(bags)
    asked = np.zeros((len(queries), len(terms)))
    for i, query in enumerate(queries):
        for t in tokens(query):
            if t in at:
                asked[i, at[t]] += 1
    if bm25:
        length = counts.sum(axis=1, keepdims=True)
        part = counts * 2.2 / (counts + 1.2 * (0.25 + 0.75 * length / length.mean()))
        return asked @ (part * np.log(1 + (n - holders + 0.5) / (holders + 0.5))).T
    idf = np.log((1 + n) / (1 + holders)) + 1
    a, d = asked * idf, counts * idf
    a /= np.maximum(np.linalg.norm(a, axis=1, keepdims=True), 1e-12)
    return a @ (d / np.linalg.norm(d, axis=1, keepdims=True)).T


def quality() -> None:
    """Print nDCG@10, recall@10 and the rank loss of each method, and the paired interval against plain BM25."""
    challenges, capabilities, grades, names = judged_set()
    whole = [f"{c['title']}\n{c['text']}" for c in capabilities]
    asked = [c["text"] for c in challenges]
    documents = [[{"title": c["title"], "text": c["text"]}] for c in capabilities]
    runs = {"plain BM25": plain(asked, whole, bm25=True), "plain TF-IDF": plain(asked, whole, bm25=False)}
    for method in METHODS:
        runs[method] = np.array(list(match_texts([[{"text": q}] for q in asked], documents, method=method)))
    named = [expanded(q, names) for q in asked]
    runs["plain BM25, names"] = plain(named, whole, bm25=True)
    runs["tfidf, names"] = np.array(list(match_texts([[{"text": q}] for q in named], documents)))
    print(f"\nQuality: {len(challenges)} challenges, {len(capabilities)} capabilities, half of them in each language")
    print("method              nDCG@10  recall@10  rank loss   less plain BM25, 95 % interval")
    lost = {name: np.array([rank_loss(s, g) for s, g in zip(run, grades, strict=True)]) for name, run in runs.items()}
    base = lost["plain BM25"]
    for name, run in runs.items():
        gain = np.mean([ndcg(s, g, 10) for s, g in zip(run, grades, strict=True)])
        found = np.mean([recall(s, g, 10) for s, g in zip(run, grades, strict=True)])
        pairs = lost[name]
        rng = np.random.default_rng(0)
        difference, low, high = paired_interval(pairs[:, 0], base[:, 0], base[:, 1], rng=rng)
        loss = pairs[:, 0].sum() / pairs[:, 1].sum()
        print(f"{name:<19} {gain:>7.3f} {found:>10.3f} {loss:>10.3f}   {difference:+.3f} ({low:+.3f} to {high:+.3f})")
    print("names: synonyms of techniques, expanded in the challenge; without them nothing crosses languages.")


def profiles(n: int) -> list[dict[str, str]]:
    """Synthetic profiles: two capabilities of the judged set shuffled into one, with noise words (Zipf)."""
    _, capabilities, _, _ = judged_set()
    rng = np.random.default_rng(1)
    noise = np.array([f"term{i}" for i in range(30_000)])
    picks = rng.integers(0, len(capabilities), (n, 2))
    extra = noise[np.minimum(rng.zipf(1.3, (n, 20)) - 1, len(noise) - 1)]
    return [
        {
            "title": capabilities[a]["title"],
            "text": f"{capabilities[a]['text']} {capabilities[b]['text']} {' '.join(e)}",
        }
        for (a, b), e in zip(picks.tolist(), extra, strict=True)
    ]


def speed(n: int) -> None:
    """Print what tokenising, indexing and single queries cost, beside bm25s."""
    documents = profiles(n)
    whole = [f"{d['title']} {d['text']}" for d in documents]
    print(f"Speed: {n:,} profiles of {np.mean([len(w) for w in whole]):.0f} characters")
    start = time.process_time()
    bags = [tokens(w) for w in whole]
    print(f"  tokens               {time.process_time() - start:>8.2f} s")
    start = time.process_time()
    index = build_index(documents, ["title", "text"])
    print(f"  index (terms, pairs) {time.process_time() - start:>8.2f} s, {len(index.vocabulary):,} terms")
    queries = [c["text"] for c in judged_set()[0]]
    for method in ("tfidf", "bm25"):
        ready = ranker(index, {"title": 2.0, "text": 1.0}, method=method)
        report(f"  {method}, 1 challenge", lambda q, ready=ready: np.argpartition(-ready.scores(q), 20)[:20], queries)
    try:
        import bm25s
    except ImportError:
        print("  bm25s is NOT installed here, so there is no peer for speed: pip install bm25s in another environment.")
    else:
        start = time.process_time()
        peer = bm25s.BM25()
        peer.index(bags, show_progress=False)
        print(f"  bm25s index          {time.process_time() - start:>8.2f} s (tokens given)")
        report("  bm25s, 1 challenge", lambda q: peer.retrieve([tokens(q)], k=20, show_progress=False), queries)
    print(f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def report(name: str, call, queries: list[str]) -> None:
    """Print p50 and p95 of one call a query, three rounds after a first one."""
    took = []
    for turn in range(4):
        for query in queries:
            start = time.perf_counter()
            call(query)
            if turn:
                took.append(time.perf_counter() - start)
    p50, p95 = np.quantile(took, [0.5, 0.95]) * 1000
    print(f"{name:<22} p50 {p50:>6.2f} ms   p95 {p95:>6.2f} ms")


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="200,000 profiles")
    speed(200_000 if parser.parse_args().full else 50_000)
    quality()


if __name__ == "__main__":
    main()
