from datetime import date
from typing import Any

import pytest

from headwater.core.estimate import Estimate

DAY = date(2025, 5, 31)


def estimate(**given: Any) -> Estimate:
    return Estimate(**({"value": 3, "unit": "instruments", "records": 3, "synthetic_share": 0.5, "as_of": DAY} | given))


def test_estimate_keeps_what_it_rests_on():
    found = estimate(low=2.0, high=4.0)
    assert (found.value, found.unit, found.records, found.synthetic_share, found.as_of) == (
        3,
        "instruments",
        3,
        0.5,
        DAY,
    )
    assert (found.low, found.high) == (2.0, 4.0)


@pytest.mark.parametrize(
    "given", [{"synthetic_share": 0.0}, {"synthetic_share": 1.0}, {"records": 0}, {"low": 3.0, "high": 3.0}]
)
def test_estimate_takes_what_is_at_the_edge(given):
    assert estimate(**given).unit == "instruments"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"synthetic_share": 1.01}, "synthetic_share must be within 0 and 1, got 1.01."),
        ({"synthetic_share": -0.1}, "synthetic_share must be within 0 and 1, got -0.1."),
        ({"synthetic_share": float("nan")}, "synthetic_share must be within 0 and 1, got nan."),
        ({"records": -1}, "records must not be negative, got -1."),
        ({"low": 2.0, "high": 1.0}, "The interval is upside down: 2.0 > 1.0."),
    ],
)
def test_estimate_refuses_what_can_not_be(given, said):
    with pytest.raises(ValueError) as error:
        estimate(**given)
    assert str(error.value) == said
