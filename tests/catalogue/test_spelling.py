"""The nearest known word."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from headwater.catalogue.spelling import Speller, allowed_distance, distance

WORDS = ["diffraction", "spectroscopy", "microscopy", "扫描电镜", "质谱", "液相色谱", "raman", "sem"]


def brute(one: str, two: str) -> int:
    """Optimal string alignment by the book, without bounds."""
    table = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(two) + 1)}
    for i in range(1, len(one) + 1):
        for j in range(1, len(two) + 1):
            cost = one[i - 1] != two[j - 1]
            best = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + cost)
            if i > 1 and j > 1 and one[i - 1] == two[j - 2] and one[i - 2] == two[j - 1]:
                best = min(best, table[i - 2, j - 2] + 1)
            table[i, j] = best
    return table[len(one), len(two)]


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(0, 3))
def test_distance_equals_the_unbounded_one_as_far_as_it_counts(one, two, most):
    assert distance(one, two, most) == min(brute(one, two), most + 1)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("difraction", "diffraction"),
        ("diffrcation", "diffraction"),
        ("spectrosocpy", "spectroscopy"),
        ("ramna", "raman"),
        ("扫面电镜", "扫描电镜"),
        ("raman", "raman"),
        ("sen", None),  # too short to guess
        ("质铺", None),
        ("holography", None),
        ("x" * 500, None),
        ("", None),
    ],
)
def test_nearest_known_word_is_found_or_none(typed, meant):
    assert Speller(WORDS).nearest(typed) == meant


@given(st.lists(st.text("abcd", min_size=4, max_size=9), max_size=8), st.text("abcd", min_size=4, max_size=9))
def test_index_finds_what_measuring_every_word_finds(words, typed):
    found = Speller(words).nearest(typed)
    near = [
        word
        for word in words
        if distance(typed, word, allowed_distance(typed)) <= min(allowed_distance(typed), allowed_distance(word))
    ]
    assert (found is not None) == bool(near)
    if found is not None:
        assert found in near
        least = min(distance(typed, word, 3) for word in near)
        assert distance(typed, found, 3) == least
