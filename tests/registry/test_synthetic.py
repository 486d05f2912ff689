"""The generator of made-up instruments: seeded, plausible, counted. No database."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from headwater.registry.regionfiles import folder_of, read_region
from headwater.registry.synthetic import LAST_DAY, LEAST_VALUE, Owner, make_instruments


@pytest.fixture(scope="module")
def tables():
    return read_region(folder_of("yrd")).tables


@pytest.fixture(scope="module")
def owners(tables):
    return [Owner(row["code"], row["kind"], row["name_zh"], row["name_en"]) for row in tables["organisations"]]


def make(tables, owners, *, count=3000, seed=5):
    return list(
        make_instruments(owners, tables["techniques"], tables["models"], tables["purposes"], count=count, seed=seed)
    )


def test_same_seed_gives_the_same_instruments(tables, owners):
    assert make(tables, owners, count=200) == make(tables, owners, count=200)


def test_another_seed_gives_other_instruments(tables, owners):
    assert make(tables, owners, count=200) != make(tables, owners, count=200, seed=6)


def test_instruments_are_of_real_models_within_their_price_and_time(tables, owners):
    models = {(row["technique"], row["maker_en"], row["model"]): row for row in tables["models"]}
    for one in make(tables, owners):
        model = models[one.technique, one.maker_en, one.model]
        assert (
            max(LEAST_VALUE, model["price_low_cny"]) - 1000
            <= one.value
            <= max(LEAST_VALUE, model["price_high_cny"]) + 1000
        )
        if one.status == "planned":
            assert one.commissioned is None
        else:
            assert date(max(2004, model["introduced"] or 0), 1, 1) <= one.commissioned <= LAST_DAY


def test_owners_are_skewed_by_kind_and_every_kind_of_owner_may_have(tables, owners):
    kind_of = {owner.code: owner.kind for owner in owners}
    kinds = Counter(kind_of[one.owner] for one in make(tables, owners, count=8000))
    assert kinds.most_common(1)[0][0] == "university"
    assert {"hospital", "company", "laboratory", "research_institute"} <= set(kinds)
    assert not set(kinds) & {"government", "nonprofit", "education", "other"}


def test_hospitals_lean_to_medicine(tables, owners):
    group_of = {row["code"]: row["parent"] for row in tables["techniques"]}
    kind_of = {owner.code: owner.kind for owner in owners}
    made = make(tables, owners, count=8000)

    def share(kind):
        groups = [group_of[one.technique] for one in made if kind_of[one.owner] == kind]
        return sum(
            group in ("life_science", "genomics", "imaging_medical", "light_microscopy") for group in groups
        ) / len(groups)

    assert share("hospital") > 2 * share("university")


def test_names_and_texts_stand_in_both_languages(tables, owners):
    for one in make(tables, owners, count=300):
        assert one.model in one.name_zh
        assert one.model in one.name_en
        assert one.description_zh.endswith("。")
        assert one.description_en.endswith(".")


def test_none_asked_for_gives_none(tables, owners):
    assert make(tables, owners, count=0) == []


def test_no_owner_is_an_error_not_an_empty_region(tables):
    with pytest.raises(ValueError, match="No organisation is of a kind that owns instruments"):
        make(tables, [Owner("a", "government", "", "A")])


def test_no_model_is_an_error(tables, owners):
    with pytest.raises(ValueError, match=r"models\.csv is empty"):
        list(make_instruments(owners, tables["techniques"], [], tables["purposes"], count=5, seed=1))
