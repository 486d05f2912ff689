from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from headwater.core.money import Money, MoneyError, minor_digits


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1,250.50", "CNY", 125050),
        ("1，250．5".replace("．", "."), "CNY", 125050),
        (" 7 ", "CNY", 700),
        (12, "EUR", 1200),
        (Decimal("0.125"), "CNY", 12),
        ("0.115", "CNY", 12),
        ("0.125", "CNY", 12),
        ("0.135", "CNY", 14),
        ("-0.125", "CNY", -12),
        ("1500", "JPY", 1500),
        ("1500.5", "JPY", 1500),
        ("1501.5", "JPY", 1502),
        ("1.2345", "KWD", 1234),
        ("1e3", "CNY", 100000),
    ],
)
def test_money_reads_amounts_and_rounds_half_to_even(text, currency, minor):
    assert Money.parse(text, currency) == Money(currency, minor)


@pytest.mark.parametrize("text", ["", "much", "12 CNY", "1.2.3", "nan", "inf", "--1", "9" * 40, "1e30", "1e999999"])
def test_money_refuses_what_is_no_amount(text):
    with pytest.raises(MoneyError) as error:
        Money.parse(text, "CNY")
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("currency", ["", "cny", "CN", "YUAN"])
def test_money_refuses_what_is_no_currency(currency):
    with pytest.raises(MoneyError) as error:
        Money.parse("1", currency)
    assert str(error.value) == f"{currency!r} is not an ISO 4217 currency."


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)])
def test_minor_digits_are_the_currency_s(currency, digits):
    assert minor_digits(currency) == digits


def test_money_of_two_currencies_can_not_be_added():
    with pytest.raises(MoneyError) as error:
        Money("CNY", 1) + Money("EUR", 1)
    assert str(error.value) == "CNY and EUR can't be added."


def test_money_sorts_by_amount_within_a_currency():
    assert sorted([Money("CNY", 30), Money("CNY", -1), Money("CNY", 2)]) == [
        Money("CNY", -1),
        Money("CNY", 2),
        Money("CNY", 30),
    ]


amounts = st.integers(-(10**17), 10**17)
currencies = st.sampled_from(["CNY", "JPY", "KWD"])


@given(amounts, currencies)
def test_money_s_major_amount_reads_back_as_it_was(minor, currency):
    assert Money.parse(Money(currency, minor).major, currency) == Money(currency, minor)


@given(amounts, amounts, amounts)
def test_money_adds_up_in_any_order(a, b, c):
    one, two, three = (Money("CNY", minor) for minor in (a, b, c))
    assert (one + two) + three == three + (two + one) == Money("CNY", a + b + c)


@pytest.mark.parametrize(("factor", "minor"), [("0.5", 2), ("1.5", 8), ("0.1", 0), ("0.7", 4), ("-0.5", -2)])
def test_product_rounds_half_to_even(factor, minor):
    assert Money("CNY", 5).times(Decimal(factor)) == Money("CNY", minor)


def test_product_beyond_measure_is_refused():
    with pytest.raises(MoneyError):
        Money("CNY", 5).times(Decimal("1e40"))
