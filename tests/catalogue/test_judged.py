"""The judged queries are sound, and search answers them well."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

import pytest
from tests.catalogue.judging import FILE, Facts, Judged, facts, grade, judged, ndcg, quality, recall

import headwater
from headwater.accounts.audit import SYSTEM
from headwater.catalogue import finding, offers
from headwater.catalogue.asking import Ask
from headwater.registry import regionfiles
from headwater.registry.actions.regions import load_region
from headwater.registry.rules import ANYBODY

AT = datetime(2025, 3, 3, tzinfo=UTC)
ROOT = Path(headwater.__file__).parent


def column(name: str, path: str) -> set[str]:
    with (ROOT / path).open(encoding="utf-8", newline="") as file:
        return {row[name] for row in csv.DictReader(file)}


def test_set_is_large_in_both_languages_and_no_query_stands_twice():
    queries = judged()
    assert len({one.query for one in queries}) == len(queries) >= 120
    assert min(Counter(one.language for one in queries).values()) >= 60
    assert sum(one.kind == "slips" for one in queries) >= 6
    assert sum(one.kind == "mixed" for one in queries) >= 6


def test_every_meaning_names_what_there_is():
    queries = judged()
    techniques = column("code", "registry/vocabularies/techniques.csv")
    assert {code for one in queries for code in one.techniques | one.near} <= techniques
    assert {code for one in queries for code in one.cities} <= column("code", "regions/yrd/cities.csv")
    assert {one.maker for one in queries} - {""} <= column("maker_en", "registry/vocabularies/models.csv")
    assert {one.model for one in queries} - {""} <= column("model", "registry/vocabularies/models.csv")
    assert {said for one in queries for said in one.purposes} <= column("en", "registry/vocabularies/purposes.csv")
    assert {one.owner for one in queries} - {""} <= column("code", "regions/yrd/organisations.csv")
    assert FILE.name == "queries.csv"


def test_grades_are_by_facts():
    asks = Judged("q", "en", "", frozenset({"a"}), frozenset({"b"}), frozenset({"x"}), "", "", (), "", "")
    here = Facts(1, frozenset({"a"}), "x", "M", "1", "", "university", "o")
    assert [grade(asks, here), grade(asks, Facts(2, frozenset({"b"}), "x", "M", "1", "", "", ""))] == [3, 1]
    assert grade(asks, Facts(3, frozenset({"a"}), "y", "M", "1", "", "", "")) == 0


def test_measures_are_those_of_the_books():
    assert ndcg([1, 2], {1: 3, 2: 1}) == 1.0
    assert ndcg([9, 1], {1: 3}) == pytest.approx(1 / 1.58496, abs=1e-5)
    assert recall([1, 9], {1: 3, 2: 3, 3: 1}) == 0.5


@pytest.mark.django_db
def test_search_answers_the_judged_queries_well():
    files = regionfiles.read_region(regionfiles.folder_of("yrd"))
    files.settings["synthetic"]["instruments"] = 2500
    load_region(files, by=SYSTEM, at=AT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(offers, "_OFFERS", {})

        def search(query: str) -> list[int]:
            answer = finding.answer(Ask(text=query), ANYBODY, at=AT, size=50, facets=False)
            return [hit.instrument.pk for hit in answer.hits]

        found = quality(judged(), list(facts()), search)
    assert len(found) > 90
    for language in ("zh", "en"):
        mine = [(gain, recalled) for one, gain, recalled in found if one.language == language]
        assert mean(gain for gain, _recalled in mine) > 0.93
        assert mean(recalled for _gain, recalled in mine) > 0.9
