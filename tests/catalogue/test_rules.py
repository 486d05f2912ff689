"""What may be searched for, compared and kept."""

from __future__ import annotations

import pytest

from headwater.catalogue.rules import may_compare, may_save_search, may_search


@pytest.mark.parametrize(
    ("letters", "codes"), [(0, set()), (300, set()), (301, {"query.too_long"}), (10_000, {"query.too_long"})]
)
def test_text_has_an_end(letters, codes):
    assert set(may_search("x" * letters).codes) == codes


@pytest.mark.parametrize(
    ("chosen", "seen", "codes"),
    [
        (0, 0, []),
        (5, 5, []),
        (6, 6, ["compare.too_many"]),
        (3, 2, ["compare.not_found"]),
        (20, 1, ["compare.too_many"]),
    ],
)
def test_up_to_five_that_are_seen_are_compared(chosen, seen, codes):
    assert list(may_compare(chosen, seen).codes) == codes


SOUND = {"signed_in": True, "may_write": True, "asks": True, "fits": 3, "kept": 0, "name": "XRD"}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"signed_in": False}, ["sign_in.needed"]),
        ({"may_write": False}, ["token.scope_missing"]),
        ({"asks": False}, ["search.nothing_asked"]),
        ({"fits": 2000}, []),
        ({"fits": 2001}, ["search.too_broad"]),
        ({"kept": 50}, ["search.too_many"]),
        ({"name": ""}, ["search.name_missing"]),
        ({"name": "x" * 121}, ["search.name_missing"]),
        ({"asks": False, "kept": 50, "name": ""}, ["search.nothing_asked", "search.too_many", "search.name_missing"]),
    ],
)
def test_all_that_stands_in_the_way_of_keeping_is_said(change, codes):
    assert list(may_save_search(**{**SOUND, **change}).codes) == codes
