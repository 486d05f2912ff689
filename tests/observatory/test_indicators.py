"""Indicators: each is evaluated, counts what it says, and never takes a published figure in."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from tests.factories import make_instrument

from headwater.observatory import evaluate, queries
from headwater.observatory.indicators import CATALOGUE
from headwater.observatory.store import Store
from headwater.observatory.subjects import Period, SubjectError

YEAR = Period(date(2024, 1, 1), date(2025, 1, 1))
# One subject of each kind; which of them an indicator is defined for is its own matter.
SUBJECTS = (
    "region",
    "jurisdiction:CN-SH",
    "city:hangzhou",
    "zone:corridor",
    "zone:plane-park",
    "facility:ssrf",
    "organisation:nice",
)
# A cluster run and lines on the map are not part of the small world.
LACKING = {"cluster-rank", "rail-length"}


def value(records, code, subject, period=YEAR):
    made = evaluate.evaluate(records, code, records.subject(subject), period).answer.estimate
    return None if made is None else made.value


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_indicator_is_evaluated_somewhere_with_its_records_and_share(records, code):
    indicator = CATALOGUE[code]
    found = []
    for key in SUBJECTS:
        subject = records.subject(key)
        if subject.kind in indicator.subjects:
            found.append(evaluate.evaluate(records, code, subject, YEAR))
    made = [one.answer.estimate for one in found if one.answer.estimate is not None]
    assert found
    assert bool(made) is (code not in LACKING)
    for one in made:
        assert one.unit == indicator.unit
        assert one.records > 0
        assert one.low is None or one.low <= one.value <= one.high
    for one in found:
        assert evaluate.as_json(one)["lacks"] is None or one.answer.estimate is None


def test_every_definition_is_whole():
    from headwater.observatory.wording import GROUPS, KINDS, LACKS, UNITS

    for one in CATALOGUE.values():
        assert all(str(text) for text in (one.title, one.formula, one.counting, one.caveat, one.reference))
        assert one.unit in UNITS
        assert one.group in GROUPS
        assert set(one.subjects) <= set(KINDS)
        assert one.needs in LACKS


def test_figures_of_the_made_up_world_are_wholly_synthetic_and_those_of_the_record_are_not(records):
    made = evaluate.evaluate(records, "high-tech-firms", records.subject("city:shanghai"), YEAR).answer.estimate
    held = evaluate.evaluate(records, "facilities-by-status", records.subject("region"), YEAR).answer.estimate
    assert made.synthetic_share == 1
    assert (held.value, held.synthetic_share) == (3, 0)


def test_facilities_are_counted_by_status(records):
    found = evaluate.evaluate(records, "facilities-by-status", records.subject("region"), YEAR)
    assert [(part.label, part.value) for part in found.answer.parts] == [
        ("construction", 1),
        ("operating", 1),
        ("planned", 1),
    ]


def test_only_instruments_that_everybody_may_see_and_use_are_counted(records, region):
    assert value(records, "shared-instruments", "region") == 1  # not the internal one, not the hidden one
    make_instrument(owner=region["shanghai"].organisations.get(), city=region["hefei"], access="service")
    again = queries.snapshot()
    assert sum(row["count"] for row in again.instruments if row["city"] == "hefei") == 1


def test_published_figure_stands_beside_and_is_not_taken_in(records):
    found = evaluate.evaluate(records, "facilities-by-status", records.subject("jurisdiction:CN-SH"), YEAR)
    assert found.answer.estimate.value == 2
    assert [row["value"] for row in found.published] == [20.0]
    elsewhere = evaluate.evaluate(records, "facilities-by-status", records.subject("region"), YEAR)
    assert elsewhere.published == ()


def test_statements_are_evaluated_for_their_own_subject_and_day(records):
    found = {one.figure["code"]: one for one in evaluate.statements(records)}
    (made,) = found["facilities-shanghai"].computed
    assert (made.subject.key, str(made.period)) == ("jurisdiction:CN-SH", "2025")
    assert [one.indicator.code for one in found["nice-universities"].computed] == ["partner-universities"]


def put(store, table, **columns):
    rows = pa.table(columns | {"synthetic": [False] * len(next(iter(columns.values())))})
    Store(store).put(table, "hand", rows)


def test_top_journal_shares_count_fully_and_by_parts(region, store):
    day = date(2024, 3, 1)
    put(store, "listed", list=["top-journals"], member=["Nature"], rank=pa.array([1], pa.int32()))
    put(
        store,
        "documents",
        key=[1, 2, 3],
        id=["1", "2", "3"],
        kind=["publication"] * 3,
        date=[day] * 3,
        venue=["Nature", "Nature", "Other"],
    )
    put(
        store,
        "addresses",
        document=[1, 1, 1, 2, 3],
        kind=["publication"] * 5,
        date=[day] * 5,
        part=[1 / 3, 1 / 3, 1 / 3, 1.0, 1.0],
        city=["shanghai", "", "", "", "shanghai"],
        country=["CN", "CN", "US", "CN", "CN"],
    )
    records = queries.records()
    assert value(records, "top-journal-share-full", "city:shanghai") == 50
    assert value(records, "top-journal-share-fractional", "city:shanghai") == pytest.approx(100 * (1 / 3) / (5 / 3))
    made = evaluate.evaluate(records, "top-journal-share-full", records.subject("city:shanghai"), YEAR).answer.estimate
    assert (made.records, made.synthetic_share) == (2, 0)


def test_births_are_per_day_of_the_period(region, store):
    put(
        store,
        "firms",
        id=["a", "b", "c"],
        founded=[date(2024, 1, 5), date(2024, 2, 1), date(2023, 12, 31)],
        technology=[True, True, True],
        city=["shanghai", "shanghai", "shanghai"],
        country=["CN"] * 3,
    )
    records = queries.records()
    january = Period.read("2024-01")
    assert value(records, "technology-firm-births", "city:shanghai", january) == pytest.approx(1 / 31)
    made = evaluate.evaluate(
        records, "technology-firm-births", records.subject("city:shanghai"), january
    ).answer.estimate
    assert made.low * 31 == pytest.approx(0.0253, abs=1e-4)
    assert made.high * 31 == pytest.approx(5.5716, abs=1e-4)


def test_national_shares_count_the_country_and_not_the_world(region, store):
    put(
        store,
        "firms",
        id=["a", "b", "c", "d"],
        high_tech=[True, True, True, False],
        city=["hefei", "", "", "hefei"],
        country=["CN", "CN", "US", "CN"],
    )
    assert value(queries.records(), "high-tech-share", "zone:corridor") == 50


def test_suppliers_within_distance_and_within_rail_time_are_two_sets(region, rails):
    # Hefei is 440 km from the park but on the rails; the point at sea is near but off them.
    put(
        rails,
        "suppliers",
        plant=["plane-park"] * 4,
        name=["Hefei", "Sea", "Suzhou", "Far"],
        weight=[1.0, 2.0, 4.0, 1.0],
        city=["hefei", "", "suzhou-js", ""],
        lat=[31.86, 31.0, 31.3, 23.0],
        lon=[117.28, 123.0, 120.6, 113.0],
    )
    records = queries.records()
    shares = {
        which: value(records, f"suppliers-within-{which}", "zone:plane-park")
        for which in ("distance", "rail-time", "both")
    }
    assert shares == {"distance": 75, "rail-time": 62.5, "both": 50}


@pytest.mark.parametrize(
    ("code", "subject", "reason"),
    [
        ("no-such", "region", "indicator.unknown"),
        ("facility-projects", "region", "indicator.not_for_subject"),
    ],
)
def test_what_cannot_be_evaluated_says_why(records, code, subject, reason):
    with pytest.raises(SubjectError) as refused:
        evaluate.evaluate(records, code, records.subject(subject), YEAR)
    assert refused.value.code == reason


def test_unknown_subject_is_refused(records):
    with pytest.raises(SubjectError) as refused:
        records.subject("city:atlantis")
    assert refused.value.code == "subject.unknown"


@pytest.mark.parametrize(
    ("text", "start", "end", "days"),
    [
        ("2024", date(2024, 1, 1), date(2025, 1, 1), 366),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1), 29),
        ("2024-12", date(2024, 12, 1), date(2025, 1, 1), 31),
        ("2024-02-29", date(2024, 2, 29), date(2024, 3, 1), 1),
        ("2023..2024-06", date(2023, 1, 1), date(2024, 7, 1), 547),
    ],
)
def test_period_is_read(text, start, end, days):
    found = Period.read(text)
    assert (found.start, found.end, found.days) == (start, end, days)
    assert Period.read(str(found)) == found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "period.unreadable"),
        ("2024-13", "period.unreadable"),
        ("24", "period.unreadable"),
        ("2024..2023", "period.backwards"),
    ],
)
def test_bad_period_is_refused(text, code):
    with pytest.raises(SubjectError) as refused:
        Period.read(text)
    assert refused.value.code == code


def test_snapshot_costs_the_same_whatever_it_holds(region, django_assert_num_queries):
    for more in (0, 5):
        for _ in range(more):
            make_instrument(owner=region["shanghai"].organisations.get(), city=region["hefei"])
        with django_assert_num_queries(11):
            queries.snapshot()
