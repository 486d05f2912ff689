"""Terms and money as pure computation: conditions, rates, quotes, settling, assessing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from headwater.core.money import Money
from headwater.engines.terms import (
    FACTS,
    Debt,
    FactKind,
    Scheme,
    TermsError,
    Wanted,
    amount_of,
    as_data,
    assess,
    best_support,
    compiled,
    holds,
    late_fee,
    net_positions,
    peak_hours,
    price,
    quote,
    rates_as_data,
    read_condition,
    read_formula,
    read_rates,
    read_terms,
    terms_as_data,
    why_not,
)

DAY = date(2026, 3, 10)
BASE = {"currency": "CNY", "share": "0.5", "delivery": "refund"}
FACTS_OF_AN_ORDER = {
    "user.jurisdiction": "CN-AH",
    "provider.jurisdiction": "CN-SH",
    "user.size": "small",
    "user.age_years": Decimal(3),
    "user.sectors": frozenset({"biomedicine"}),
    "user.high_tech": True,
    "order.purpose": "development",
    "order.related": False,
    "order.cross_border": True,
    "order.techniques": frozenset({"sem", "electron_microscopy"}),
    "order.day": DAY,
    "instrument.value": 50_000_000,
}


def scheme(code="a", terms=None, **more):
    given = {"valid_from": date(2020, 1, 1), "valid_to": None, "home": "CN", "budget_left": 10**12} | more
    given.setdefault("within", frozenset({"CN", "CN-AH", "CN-SH"}))
    return Scheme(code, f"{code}/1", read_terms(BASE | (terms or {})), **given)


# Conditions -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("data", "codes"),
    [
        ({"all": []}, ()),
        ({"fact": "user.size", "in": ["micro", "small"]}, ()),
        ({"fact": "user.size", "in": ["large"]}, ("terms.fact_not_among",)),
        ({"fact": "user.size", "not_in": ["small"]}, ("terms.fact_among",)),
        ({"fact": "user.age_years", "at_most": 5}, ()),
        ({"fact": "user.age_years", "at_least": 5}, ("terms.fact_too_small",)),
        ({"fact": "user.age_years", "at_most": 2}, ("terms.fact_too_large",)),
        ({"fact": "instrument.value", "at_least": "300000"}, ()),
        ({"fact": "instrument.value", "at_least": "500000.01"}, ("terms.fact_too_small",)),
        ({"fact": "user.high_tech", "is": False}, ("terms.fact_not_so",)),
        ({"fact": "user.jurisdiction", "same_as": "provider.jurisdiction"}, ("terms.fact_not_same",)),
        ({"fact": "user.jurisdiction", "other_than": "provider.jurisdiction"}, ()),
        ({"fact": "user.sectors", "in": ["biomedicine", "software"]}, ()),
        ({"fact": "order.techniques", "not_in": ["sem"]}, ("terms.fact_among",)),
        ({"fact": "order.day", "at_least": "2026-03-11"}, ("terms.fact_too_small",)),
        ({"fact": "user.kind", "in": ["company"]}, ("terms.fact_unknown",)),
        ({"fact": "user.kind", "not_in": ["company"]}, ("terms.fact_unknown",)),
        ({"not": {"fact": "order.purpose", "in": ["development"]}}, ("terms.excluded",)),
        ({"not": {"fact": "order.purpose", "in": ["teaching"]}}, ()),
        (
            {"all": [{"fact": "user.size", "in": ["large"]}, {"fact": "user.high_tech", "is": False}]},
            ("terms.fact_not_among", "terms.fact_not_so"),
        ),
        (
            {
                "any": [
                    {"all": [{"fact": "user.size", "in": ["large"]}, {"fact": "user.high_tech", "is": False}]},
                    {"fact": "user.age_years", "at_most": 1},
                ]
            },
            ("terms.fact_too_large",),
        ),
    ],
)
def test_condition_says_all_that_stands_against_it(data, codes):
    condition = read_condition(data, "CNY")
    assert tuple(one.code for one in why_not(condition, FACTS_OF_AN_ORDER)) == codes
    assert holds(condition, FACTS_OF_AN_ORDER) is compiled(condition)(FACTS_OF_AN_ORDER) is (not codes)


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        ("x", ["terms.not_a_condition"]),
        ({}, ["terms.not_a_condition"]),
        ({"all": {}}, ["terms.not_a_list"]),
        ({"any": []}, ["terms.empty_any"]),
        ({"fact": "user.shoe", "in": ["x"]}, ["terms.unknown_fact"]),
        ({"fact": "user.size", "at_least": 3}, ["terms.unknown_operator"]),
        ({"fact": "user.size", "in": "small"}, ["terms.wrong_value"]),
        ({"fact": "user.size", "in": []}, ["terms.wrong_value"]),
        ({"fact": "user.high_tech", "is": "yes"}, ["terms.wrong_value"]),
        ({"fact": "user.age_years", "at_least": True}, ["terms.wrong_value"]),
        ({"fact": "user.age_years", "at_least": "nan"}, ["terms.wrong_value"]),
        ({"fact": "order.day", "at_least": "soon"}, ["terms.wrong_value"]),
        ({"fact": "user.size", "same_as": "user.age_years"}, ["terms.wrong_value"]),
        ({"all": [{"fact": "a", "in": ["x"]}, {"fact": "b", "in": ["x"]}]}, ["terms.unknown_fact"] * 2),
        ({"fact": "user.size", "in": ["small"], "__import__": "os"}, ["terms.not_a_condition"]),
    ],
)
def test_unsound_condition_is_refused_with_a_reason_a_fault(data, codes):
    with pytest.raises(TermsError) as refused:
        read_condition(data, "CNY")
    assert list(refused.value.decision.codes) == codes


def test_condition_too_deep_is_refused():
    data: object = {"all": []}
    for _level in range(20):
        data = {"not": data}
    with pytest.raises(TermsError, match=r"terms\.too_deep"):
        read_condition(data, "CNY")


WORDS = sorted(name for name, kind in FACTS.items() if kind in (FactKind.WORD, FactKind.WORDS))
leaves = st.one_of(
    st.builds(
        lambda fact, test, words: {"fact": fact, test: sorted(words)},
        st.sampled_from(WORDS),
        st.sampled_from(["in", "not_in"]),
        st.sets(st.sampled_from(["small", "CN-AH", "sem", "development"]), min_size=1),
    ),
    st.builds(lambda yes: {"fact": "user.high_tech", "is": yes}, st.booleans()),
    st.builds(lambda n: {"fact": "user.age_years", "at_least": str(n)}, st.integers(0, 9)),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


@given(conditions)
def test_condition_is_the_same_after_writing_and_reading(data):
    condition = read_condition(data, "CNY")
    assert read_condition(as_data(condition, "CNY"), "CNY") == condition


@given(conditions)
def test_condition_holds_exactly_where_nothing_stands_against_it(data):
    condition = read_condition(data, "CNY")
    assert holds(condition, FACTS_OF_AN_ORDER) is (why_not(condition, FACTS_OF_AN_ORDER) == ())
    assert compiled(condition)(FACTS_OF_AN_ORDER) is holds(condition, FACTS_OF_AN_ORDER)


# Terms ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"share": "1.2"}, ["terms.wrong_value"]),
        ({"share": "0"}, ["terms.wrong_value"]),
        ({"share": "half"}, ["terms.wrong_value"]),
        ({"currency": "yuan"}, ["terms.wrong_value"]),
        ({"currency": ""}, ["terms.missing"]),
        ({"order_cap": "-1"}, ["terms.wrong_value"]),
        ({"order_cap": 0.1}, ["terms.wrong_value"]),
        ({"oder_cap": "10"}, ["terms.unknown_field"]),
        ({"pays": {"user_home": "0.5"}}, ["terms.wrong_value"]),
        ({"pays": {"user_home": "0.5", "provider_home": "0.5"}, "delivery": "voucher"}, ["terms.voucher_split"]),
        ({"documents": ["selfie"]}, ["terms.wrong_value"]),
        ({"stacks_with": "some"}, ["terms.wrong_value"]),
        ({"claim_days": "0"}, ["terms.wrong_value"]),
        ({"eligible": {"fact": "x", "in": ["y"]}, "share": "x"}, ["terms.wrong_value", "terms.unknown_fact"]),
    ],
)
def test_unsound_terms_are_refused_with_a_reason_a_fault(more, codes):
    with pytest.raises(TermsError) as refused:
        read_terms(BASE | more)
    assert sorted(refused.value.decision.codes) == sorted(codes)


@pytest.mark.parametrize("data", [None, [], "terms", 3])
def test_what_is_no_object_is_no_terms(data):
    for read in (read_terms, read_rates, read_formula):
        with pytest.raises(TermsError, match=r"terms\.not_terms"):
            read(data)


def test_terms_are_the_same_after_writing_and_reading():
    full = {
        **BASE,
        "share": "25 %",
        "eligible": {"fact": "user.size", "in": ["small"]},
        "excludes": [{"fact": "order.related", "is": True}],
        "pays": {"user_home": "0.4", "provider_home": "0.6"},
        "order_cap": "1000.50",
        "user_year_cap": "2000",
        "four_eyes_above": "10",
        "stacks_with": "any",
    }
    terms = read_terms(full)
    assert read_terms(terms_as_data(terms)) == terms
    assert terms.share == Decimal("0.25")


# Rates ----------------------------------------------------------------------------------------------------------
RATES = {
    "currency": "CNY",
    "lines": [
        {"per": "hour", "price": "300", "peak": "450"},
        {"per": "hour", "for": "academic", "price": "200"},
        {"per": "sample", "price": "33.33"},
        {"per": "service", "service": "tem", "price": "500"},
    ],
    "minimum": "100",
    "peak": {"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "17:00"},
    "late_cancel": {"within_hours": 24, "share": "0.5"},
    "no_show": "1",
}


@pytest.mark.parametrize(
    ("wanted", "total", "codes"),
    [
        (Wanted("company", Decimal(2)), 60_000, ()),
        (Wanted("company", Decimal(2), Decimal(1)), 75_000, ()),
        (Wanted("company", Decimal(2), Decimal(5)), 90_000, ()),
        (Wanted("academic", Decimal(2), Decimal(1)), 40_000, ()),
        (Wanted("company", samples=3), 10_000, ("rates.minimum",)),
        (Wanted("company", Decimal("0.1")), 10_000, ("rates.minimum",)),
        (Wanted("company", services={"tem": 2}), 100_000, ()),
        (Wanted("company", services={"xrd": 1}), 0, ("rates.no_price",)),
        (Wanted("company", setups=1), 0, ("rates.no_price",)),
        (Wanted("company"), 0, ()),
    ],
)
def test_price_adds_up_line_by_line(wanted, total, codes):
    found = price(read_rates(RATES), wanted)
    assert (found.total_minor, found.decision.codes) == (total, codes)
    assert sum(line.amount_minor for line in found.lines) == found.total_minor


def test_hours_without_an_hourly_price_are_begun_shifts():
    rates = read_rates({"currency": "CNY", "lines": [{"per": "shift", "price": "1000"}], "shift_hours": "8"})
    assert price(rates, Wanted("other", Decimal("8.5"))).total_minor == 200_000


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"lines": []}, "terms.wrong_value"),
        ({"lines": [{"per": "hour", "price": "x"}]}, "terms.wrong_value"),
        ({"lines": [{"per": "hour", "price": "1"}, {"per": "hour", "price": "2"}]}, "rates.twice"),
        ({"lines": [{"per": "sample", "price": "1", "peak": "2"}]}, "rates.peak_not_hourly"),
        ({"lines": [{"per": "service", "price": "1"}]}, "rates.service_unnamed"),
        ({"lines": [{"per": "hour", "price": "1", "peak": "2"}], "peak": None}, "rates.peak_without_hours"),
        ({"peak": {"days": [8], "from": "09:00", "to": "17:00"}}, "terms.wrong_value"),
        ({"late_cancel": {"within_hours": 24}}, "terms.wrong_value"),
    ],
)
def test_unsound_rates_are_refused(more, code):
    with pytest.raises(TermsError) as refused:
        read_rates(RATES | more)
    assert code in refused.value.decision.codes


def test_rates_are_the_same_after_writing_and_reading():
    rates = read_rates(RATES)
    assert read_rates(rates_as_data(rates)) == rates


@pytest.mark.parametrize(
    ("start", "hours", "peak"),
    [
        ((2026, 3, 10, 8), 10, 8),  # a Tuesday
        ((2026, 3, 10, 16), 17, 1),  # over midnight, until nine
        ((2026, 3, 14, 9), 8, 0),  # a Saturday
        ((2026, 3, 9, 9), 24 * 7, 40),
    ],
)
def test_peak_hours_are_counted_by_the_instrument_s_clock(start, hours, peak):
    begin = datetime(*start, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert peak_hours(read_rates(RATES), begin, begin + timedelta(hours=hours)) == peak


def test_peak_hours_are_real_hours_where_clocks_change():
    rates = read_rates(RATES | {"peak": {"days": [7], "from": "00:00", "to": "06:00"}})
    zone = ZoneInfo("America/New_York")
    spring = datetime(2026, 3, 8, 0, tzinfo=zone)
    assert peak_hours(rates, spring, spring.astimezone(UTC).astimezone(zone) + timedelta(hours=12)) == 5


@pytest.mark.parametrize(("hours", "fee"), [("48", 0), ("24", 0), ("23.9", 500), ("0", 500), ("-1", 1000)])
def test_late_cancellation_costs_its_share(hours, fee):
    assert late_fee(read_rates(RATES), 1000, Decimal(hours)) == fee


# Quotes ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("terms", "more", "codes"),
    [
        ({}, {}, ()),
        ({}, {"valid_to": date(2025, 1, 1)}, ("scheme.not_in_force",)),
        ({"currency": "USD"}, {}, ("scheme.other_currency", "scheme.nothing_left")),
        ({"reach": "inside"}, {}, ("scheme.only_inside",)),
        ({"reach": "cross_border"}, {}, ()),
        ({}, {"within": frozenset({"CN-ZJ"})}, ("scheme.outside",)),
        ({"delivery": "voucher"}, {}, ("scheme.voucher_missing",)),
        ({"share": None}, {}, ("scheme.share_unknown",)),
        ({}, {"budget_left": 0}, ("scheme.nothing_left",)),
        ({}, {"verified": False}, ("scheme.unverified",)),
        ({"order_cap": "1.00"}, {}, ("scheme.capped",)),
        ({"user_year_cap": "10.00"}, {"user_year_used": 1000}, ("scheme.nothing_left",)),
        ({"excludes": [{"fact": "order.purpose", "in": ["development"]}]}, {}, ("terms.excluded",)),
        ({"excludes": [{"fact": "user.kind", "in": ["company"]}]}, {}, ("terms.fact_unknown",)),
        ({"excludes": [{"fact": "order.related", "is": True}]}, {}, ()),
    ],
)
def test_scheme_says_all_its_reasons(terms, more, codes):
    said = quote([scheme(terms=terms, **more)], FACTS_OF_AN_ORDER, Money("CNY", 10_000))
    assert said.offers[0].decision.codes == codes


def test_user_pays_what_vouchers_leave_and_refunds_come_back():
    schemes = [
        scheme("v", {"delivery": "voucher", "stacks_with": ["r"]}, voucher="vou_1", voucher_left=3000),
        scheme("r", {"share": "0.2", "stacks_with": ["v"]}),
    ]
    said = quote(schemes, FACTS_OF_AN_ORDER, Money("CNY", 10_000))
    assert (said.pays_now_minor, said.comes_back_minor, said.pays_in_the_end_minor) == (7000, 2000, 5000)


def test_schemes_that_may_not_be_combined_leave_the_better_one():
    schemes = [scheme("a", {"share": "0.3"}), scheme("b", {"share": "0.4", "stacks_with": "any"})]
    said = quote(schemes, FACTS_OF_AN_ORDER, Money("CNY", 1000))
    assert [(one.scheme, one.pays_minor) for one in said.offers] == [("b", 400), ("a", 0)]
    assert said.offers[1].decision.reasons[-1].facts["others"] == ["b"]


def test_reward_goes_to_the_provider_on_top():
    schemes = [scheme("w", {"delivery": "reward", "share": "1"}), scheme("r", {"share": "1"})]
    said = quote(schemes, FACTS_OF_AN_ORDER, Money("CNY", 1000))
    assert {one.scheme: one.pays_minor for one in said.offers} == {"w": 1000, "r": 1000}
    assert said.comes_back_minor == 1000


def test_only_the_chosen_schemes_pay():
    schemes = [scheme("a", {"share": "0.5"}), scheme("b", {"share": "0.1"})]
    said = quote(schemes, FACTS_OF_AN_ORDER, Money("CNY", 1000), only=["b"])
    assert {one.scheme: one.pays_minor for one in said.offers} == {"a": 0, "b": 100}


@st.composite
def worlds(draw):
    codes = ["a", "b", "c", "d", "e"][: draw(st.integers(1, 5))]
    made = []
    for code in codes:
        friends = draw(st.one_of(st.just("any"), st.lists(st.sampled_from(codes), unique=True)))
        terms = {"share": str(Decimal(draw(st.integers(1, 100))) / 100), "stacks_with": friends}
        if draw(st.booleans()):
            terms["order_cap"] = str(draw(st.integers(1, 50)))
        left = draw(st.integers(0, 8000))
        delivery = draw(st.sampled_from(["refund", "voucher"]))
        more = {"voucher": f"vou_{code}", "voucher_left": left} if delivery == "voucher" else {"budget_left": left}
        made.append(scheme(code, {**terms, "delivery": delivery}, **more))
    return made, draw(st.integers(1, 10_000))


def together(schemes):
    return all(
        (one.terms.stacks_with is None or two.code in one.terms.stacks_with)
        and (two.terms.stacks_with is None or one.code in two.terms.stacks_with)
        for one, two in combinations(schemes, 2)
    )


@given(worlds())
def test_quote_pays_the_most_that_any_allowed_set_pays_and_never_more_than_the_limits(world):
    schemes, gross = world
    said = quote(schemes, FACTS_OF_AN_ORDER, Money("CNY", gross))
    could = {one.scheme: one.could_minor for one in said.offers}
    best = max(
        min(gross, sum(could[one.code] for one in chosen))
        for size in range(len(schemes) + 1)
        for chosen in combinations(schemes, size)
        if together(chosen)
    )
    pays = {one.scheme: one.pays_minor for one in said.offers}
    assert sum(pays.values()) == best
    assert together([one for one in schemes if pays[one.code]])
    for one in schemes:
        left = one.voucher_left if one.voucher else one.budget_left
        assert pays[one.code] <= min(left, one.terms.order_cap or 10**12)
    assert said.pays_now_minor + sum(pays[one.code] for one in schemes if one.voucher) == gross
    allowed = [said_of.decision.allowed() or said_of.could_minor > 0 for said_of in said.offers]
    by_code = dict(zip([one.scheme for one in said.offers], allowed, strict=True))
    amounts = [amount_of(one, Money("CNY", gross)) if by_code[one.code] else 0 for one in schemes]
    payable = [(one, amount) for one, amount in zip(schemes, amounts, strict=True) if amount]
    assert best_support([one for one, _amount in payable], [amount for _one, amount in payable], gross) == best


@given(worlds())
def test_order_of_schemes_does_not_matter(world):
    schemes, gross = world
    assert quote(schemes, FACTS_OF_AN_ORDER, Money("CNY", gross)) == quote(
        schemes[::-1], FACTS_OF_AN_ORDER, Money("CNY", gross)
    )


@given(worlds(), st.integers(1, 5000))
def test_more_money_never_pays_less(world, more):
    schemes, gross = world
    richer = [
        replace(one, **{name: (getattr(one, name) or 0) + more for name in ("voucher_left", "budget_left")})
        for one in schemes
    ]

    def pays(given):
        return sum(one.pays_minor for one in quote(given, FACTS_OF_AN_ORDER, Money("CNY", gross)).offers)

    assert pays(richer) >= pays(schemes)


# Settling and assessing ------------------------------------------------------------------------------------------
debts = st.lists(
    st.builds(
        lambda pair, minor: Debt(pair[0], pair[1], "CNY", minor),
        st.permutations("ABCD").map(lambda letters: letters[:2]),
        st.integers(1, 10**9),
    ),
    max_size=30,
)


@given(debts)
def test_net_positions_add_up_to_nothing_and_transfers_clear_them(given):
    positions, transfers = net_positions(given)
    assert sum(positions.values()) == 0
    for one in transfers:
        positions[one.debtor, "CNY"] += one.minor
        positions[one.creditor, "CNY"] -= one.minor
    assert set(positions.values()) <= {0}
    assert len(transfers) <= 3


@given(debts)
def test_order_of_debts_does_not_matter(given):
    assert net_positions(given)[1] == net_positions(given[::-1])[1]


FORMULA = {
    "measures": [
        {"code": "a", "measure": "outside_hours", "over": "hours", "target": "0.3", "weight": "60"},
        {"code": "b", "measure": "users", "target": "20", "weight": "40"},
    ],
    "grades": {"excellent": "85", "pass": "60"},
}


@pytest.mark.parametrize(
    ("figures", "points", "grade"),
    [
        ({"hours": 100, "outside_hours": 30, "users": 20}, "100.00", "excellent"),
        ({"hours": 100, "outside_hours": 15, "users": 15}, "60.00", "pass"),
        ({"hours": 100, "outside_hours": 90, "users": 0}, "60.00", "pass"),
        ({}, "0.00", "fail"),
    ],
)
def test_assessment_counts_each_part_up_to_its_weight(figures, points, grade):
    found = assess(read_formula(FORMULA), {name: Decimal(value) for name, value in figures.items()})
    assert (str(found.points), found.grade) == (points, grade)


@pytest.mark.parametrize(
    ("measures", "code"),
    [
        ([{"code": "a", "measure": "users", "target": "20", "weight": "40"}], "formula.weights"),
        ([{"code": "a", "measure": "shoes", "target": "20", "weight": "100"}], "terms.wrong_value"),
        ([{"code": "a", "measure": "users", "target": "0", "weight": "100"}], "terms.wrong_value"),
        ([], "terms.wrong_value"),
    ],
)
def test_unsound_formula_is_refused(measures, code):
    with pytest.raises(TermsError) as refused:
        read_formula(FORMULA | {"measures": measures})
    assert code in refused.value.decision.codes
