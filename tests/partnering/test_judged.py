"""The judged set: the engine ranks it better than plain BM25 and plain TF-IDF, and says by how much."""

from __future__ import annotations

from tests.partnering.judgement import read, table


def test_judged_set_is_large_enough_and_in_both_languages():
    judged = read()
    assert len(judged.challenges) >= 60
    chinese = sum(any("\u4e00" <= letter <= "\u9fff" for letter in one["problem"]) for one in judged.challenges)
    assert 0.3 < chinese / len(judged.challenges) < 0.7
    assert ((judged.grades == 3).sum(axis=1) == 2).all()
    assert sum(not one["wanted"] for one in judged.challenges) >= 20


def test_engine_beats_plain_bm25_and_tfidf():
    rows = {name: (gain, low) for name, gain, _difference, low, _high in table()}
    own, low = rows["engine, all parts"]
    assert own > rows["plain BM25"][0] + 0.03
    assert own > rows["plain TF-IDF"][0] + 0.03
    assert low > 0  # the whole interval of the gain over BM25, challenges drawn again
