"""What a person typed, as terms and as a tsquery."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from headwater.catalogue.lexicon import Concept, Kind, Lexicon
from headwater.catalogue.query import (
    MOST_TERMS,
    Term,
    any_of,
    corrected,
    in_a_row,
    literal,
    parse,
    rank_query,
    sought,
    taken_apart,
    with_beginnings,
)

LEXICON = Lexicon(
    [
        Concept(
            Kind.TECHNIQUE,
            ("#t1",),
            ("冷冻电子显微术", "cryogenic electron microscopy", "cryo-EM", "冷冻电镜", "cryoEM"),
        ),
        Concept(Kind.TECHNIQUE, ("#t2",), ("X射线衍射", "X-ray diffraction", "XRD")),
        Concept(Kind.TECHNIQUE, ("#t3",), ("扫描电子显微术", "scanning electron microscopy", "SEM", "扫描电镜")),
        Concept(Kind.CITY, ("#c1",), ("上海市", "Shanghai", "上海")),
        Concept(Kind.ORGANISATION, ("#o1",), ("上海大学", "Shanghai University")),
        Concept(Kind.QUANTITY, ("#t2", "#t3"), ("粒径", "particle size")),
        Concept(Kind.MAKER, (), ("日本电子", "JEOL")),
    ]
)


def read(text: str) -> list[tuple[str, str | None, bool]]:
    return [(term.text, term.kind, term.required) for term in parse(text, LEXICON).terms]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("cryoEM 上海", [("cryoem", "technique", True), ("上海", "city", True)]),
        ("cryo EM上海", [("cryo em", "technique", True), ("上海", "city", True)]),
        ("上海大学冷冻电镜", [("上海大学", "organisation", True), ("冷冻电镜", "technique", True)]),
        ("Ｘ－ｒａｙ diffraction", [("xray diffraction", "technique", True)]),
        ("JEOL JEM-2100", [("jeol", "maker", True), ("jem2100", None, True)]),
        ("SEM analysis service", [("sem", "technique", True), ("analysis", None, False), ("service", None, False)]),
        ("instrument", [("instrument", None, True)]),
        ("请问哪里有冷冻电镜", [("冷冻电镜", "technique", True)]),
        ("particle size", [("particle size", "quantity", True)]),
        ('"large sample chamber"', [("“large sample chamber”", None, True)]),
    ],
)
def test_query_is_cut_by_the_longest_known_names(text, terms):
    assert read(text) == terms


def test_same_technique_in_two_languages_asks_the_same():
    codes = [parse(text, LEXICON).terms[0].codes for text in ("冷冻电镜", "cryo-EM", "cryogenic electron microscopy")]
    assert codes == [("#t1",)] * 3


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        ("", ()),
        ("   ", ()),
        ("the of and", ("stop_words",)),
        ("的", ("stop_words",)),
        ("!!! ---", ("no_words",)),
        ("XRD\x00\x07", ("control_characters",)),
        (" ".join(f"word{n}" for n in range(40)), ("too_many_terms",)),
    ],
)
def test_what_is_left_out_is_remarked(text, remarks):
    assert parse(text, LEXICON).remarks == remarks


def test_terms_are_limited():
    assert len(parse(" ".join(f"word{n}" for n in range(40)), LEXICON).terms) == MOST_TERMS


def test_term_is_any_of_its_alternatives_and_all_terms_are_asked_for():
    scanning, maker = parse("SEM JEOL", LEXICON).terms
    assert any_of(maker) == "('jeol' | ('日本' <-> '本电' <-> '电子'))"
    assert any_of(scanning).startswith("('#t3' | 'sem' | ('scanning' <-> 'electron' <-> 'microscopy') | ")


def test_index_is_asked_for_the_rarest_two_of_a_phrase():
    (maker,) = parse("JEOL", LEXICON).terms
    assert sought(maker, {}) == "('jeol' | ('日本' & '本电' & '电子'))"
    assert sought(maker, {"电子": 0.3, "日本": 0.2}) == "('jeol' | ('日本' & '本电'))"
    assert in_a_row(maker)
    (coating,) = parse("coating", LEXICON).terms
    assert sought(coating, {"coating": 0.5}) == "('coating' | 'coatings')"
    assert not in_a_row(coating)


def test_index_is_not_asked_for_what_another_alternative_takes_in():
    term = Term("x", phrases=(("a", "b", "c"), ("b", "a", "d"), ("b", "a")), typed=("a",))
    assert sought(term, {"c": 0.9, "d": 0.8, "b": 0.1, "a": 0.2}) == "('a' & 'b')"


@pytest.mark.parametrize("text", ["scanning electron mic", "扫描电", "mic"])
def test_index_is_asked_for_a_beginning_only_where_nothing_else_is_there(text):
    begun = with_beginnings(parse(text, LEXICON)).terms[-1]
    assert (":*" in sought(begun, {})) == (len(begun.typed) == 1)


def test_english_word_is_asked_for_in_singular_and_plural():
    (term,) = parse("coating", LEXICON).terms
    assert any_of(term) == "('coating' | 'coatings')"


def test_ranking_asks_for_the_words_as_typed():
    assert rank_query(parse("XRD 上海", LEXICON).terms) == "'#t2' | 'xrd'"


def test_slips_are_mended_where_the_term_was_lost():
    parsed = parse("Xray difraction", LEXICON)
    assert corrected(parsed, parsed.terms, LEXICON) == "xray diffraction"
    parsed = parse("扫面电镜", LEXICON)
    assert corrected(parsed, parsed.terms, LEXICON) == "扫描电镜"
    parsed = parse("unheardof", LEXICON)
    assert corrected(parsed, parsed.terms, LEXICON) is None


def test_last_word_may_be_a_beginning():
    begun = with_beginnings(parse("spectro", LEXICON))
    assert any_of(begun.terms[0]) == "'spectro':*"
    assert with_beginnings(parse("XRD", LEXICON)) is None
    assert with_beginnings(parse("", LEXICON)) is None


def test_loosened_query_asks_for_any_term_and_any_pair():
    assert [term.text for term in taken_apart(parse("coating furnace", LEXICON).terms)] == ["coating", "furnace"]
    (whole,) = parse("天地玄黄", LEXICON).terms
    assert [any_of(term) for term in taken_apart([whole])][1:] == ["'天地'", "'地玄'", "'玄黄'"]


@pytest.mark.parametrize("text", ["'; DROP TABLE x; --", "a & b | !c <-> (d:*", "\\' \\\\", "%s %(x)s {}"])
def test_what_looks_like_a_query_language_is_plain_words(text):
    found = " ".join(any_of(term) + sought(term, {}) for term in parse(text, LEXICON).terms)
    assert ";" not in found
    assert "DROP" not in found


def test_literal_quotes_what_needs_it():
    assert literal("it's \\ so") == "'it''s \\\\ so'"


@given(st.text(max_size=120))
def test_any_text_is_read(text):
    parsed = parse(text, LEXICON)
    assert len(parsed.terms) <= MOST_TERMS
    assert all(term.codes or term.phrases for term in parsed.terms)
    corrected(parsed, parsed.terms, LEXICON)
