"""A question as it stands in an address: read, checked, written back."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from headwater.catalogue.asking import Parameters, cursor_text, read, read_cursor
from headwater.catalogue.journeys import Trip
from headwater.catalogue.vocabulary import vocabulary

pytestmark = pytest.mark.django_db


def ask(address: str):
    return read(Parameters(parse_qs(address)), vocabulary())


@pytest.mark.parametrize(
    "address",
    [
        "",
        "q=XRD+%E4%B8%8A%E6%B5%B7",
        "q=a&technique=cryo_em&city=hefei&city=nanjing&jurisdiction=CN-X&kind=university&access=booking&band=2&status=planned",
        "owner=org_1&facility=fac_1&synthetic=no",
        "q=XRD&from=hefei&minutes=120&date=2026-03-02&leave=07%3A30&back=1&stay=6&door=30&sort=reach&exact=1",
    ],
)
def test_address_is_read_and_written_back(places, address):
    read_once = ask(address)
    assert read_once.wrong == ()
    assert read_once.address == address
    assert ask(read_once.address) == read_once


@pytest.mark.parametrize(
    ("address", "codes"),
    [
        ("city=atlantis", ["find.filter_unknown"]),
        ("owner=1%3BDROP", ["find.filter_unknown"]),
        ("from=atlantis", ["reach.origin_unknown"]),
        ("from=hefei&minutes=5", ["reach.number_wrong"]),
        ("from=hefei&minutes=-1", ["reach.number_wrong"]),
        ("from=hefei&minutes=1e3", ["reach.number_wrong"]),
        ("from=hefei&leave=25%3A00", ["reach.time_wrong"]),
        ("from=hefei&leave=noon", ["reach.time_wrong"]),
        ("from=hefei&date=tomorrow", ["reach.date_wrong"]),
        ("from=hefei&date=2026-02-30", ["reach.date_wrong"]),
        ("from=hefei&date=0001-01-01", ["reach.date_wrong"]),
        ("from=hefei&stay=99&door=999", ["reach.number_wrong", "reach.number_wrong"]),
        ("sort=size", ["find.sort_unknown"]),
        ("sort=reach", ["reach.sort_needs_origin"]),
        ("at=x", ["find.cursor_unknown"]),
        ("city=atlantis&from=atlantis&leave=x", ["find.filter_unknown", "reach.origin_unknown", "reach.time_wrong"]),
    ],
)
def test_what_can_t_be_meant_is_left_out_and_said(places, address, codes):
    found = ask(address)
    assert [reason.code for reason in found.wrong] == codes
    assert found.sort == "relevance"
    assert found.at is None


def test_positions_are_read_back_and_others_are_none():
    assert read_cursor(cursor_text((-950, 0, 12))) == (-950, 0, 12)
    assert [read_cursor(text) for text in ("", "1", "1_2", "a_b_c", "1_2_3_4", "1" * 30 + "_0_1")] == [None] * 6


def test_times_of_day_are_minutes_after_midnight(places):
    assert ask("from=hefei&leave=7%3A05").trip == Trip(leave_after=425)


def test_filter_is_put_on_and_taken_off(places):
    asked = ask("q=a&city=hefei")
    assert asked.toggled("city", "nanjing") == "q=a&city=hefei&city=nanjing"
    assert asked.toggled("city", "hefei") == "q=a"
    assert asked.cleared == "q=a"
