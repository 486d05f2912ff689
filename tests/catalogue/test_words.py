"""The text of an instrument's tsvector."""

from __future__ import annotations

from hypothesis import given, strategies as st

from headwater.catalogue.words import BANDS, LONGEST, Texts, band_of, standing_of, vector
from headwater.engines.relevance import tokens


def texts(*names: str, measured: tuple[str, ...] = (), places: tuple[str, ...] = ()) -> Texts:
    return Texts(names=names, measured=measured, places=places, descriptions=())


def test_each_token_stands_once_with_its_places_and_weights():
    found = vector(texts("LC-MS", "LCMS 8060", places=("LC-MS lab",)), ["#c3"])
    assert found == "'lcms':1A,4A,8C '8060':5A 'lab':9C '#c3'"


def test_chinese_stands_in_pairs():
    assert vector(texts("扫描电镜"), []) == "'扫描':1A '描电':2A '电镜':3A"


def test_no_phrase_runs_from_one_text_into_the_next():
    assert vector(texts("红外", "光谱"), []) == "'红外':1A '光谱':4A"


def test_chief_technique_weighs_more_than_the_others():
    assert vector(texts("x"), ["#c1", "#c1"], ["#t5", "#t6"]).endswith("'#t5':1A '#t6':2B '#c1'")


@given(st.text(max_size=300))
def test_any_text_becomes_a_vector_without_quotes_inside(text):
    found = vector(texts(text), [])
    assert found.count("'") == 2 * len({token[:LONGEST] for token in tokens(text)})
    assert "\\" not in found


def test_a_very_long_word_is_cut_not_refused():
    assert vector(texts("a" * 5000), []) == f"'{'a' * LONGEST}':1A"


def test_bands_begin_at_their_bounds():
    assert [band_of(value) for value in (None, 0, BANDS[1] - 1, BANDS[1], 10**9)] == [None, 0, 0, 1, len(BANDS) - 1]


def test_what_can_be_used_stands_first():
    assert standing_of("operating", "booking") > standing_of("operating", "internal") > 0
    assert standing_of("operating", "booking") > standing_of("decommissioned", "booking") > 0
