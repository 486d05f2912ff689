"""What a process keeps of terms and rates is never older than what the database holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.records import DAY, make_budget, make_rates, make_scheme, make_world

from headwater.engines.terms import read_terms
from headwater.support import book
from headwater.support.facts import quote_for
from headwater.support.models import RateTable, SchemeVersion
from headwater.support.prices import hour_prices

pytestmark = pytest.mark.django_db
REFUND = {"delivery": "refund", "share": "0.5"}


@pytest.fixture
def world():
    return make_world()


def paid(world) -> int:
    return quote_for(world.wanted("1")).quote.comes_back_minor


def test_version_that_another_process_publishes_holds_at_the_next_quote(world):
    version = make_scheme(world.country, REFUND)
    make_budget(version, world.home, 10_000_000)
    assert paid(world) == 25_000
    make_scheme(world.country, REFUND | {"share": "0.2"}, code=version.scheme.code)  # past any action of this process
    assert paid(world) == 10_000
    listed = hour_prices([world.instrument.pk], world.company, day=DAY)[world.instrument.pk]
    assert listed.after_minor == 40_000


def test_version_of_a_day_to_come_waits_for_its_day(world):
    version = make_scheme(world.country, REFUND)
    make_budget(version, world.home, 10_000_000)
    assert paid(world) == 25_000
    make_scheme(world.country, REFUND | {"share": "0.2"}, code=version.scheme.code, valid_from=DAY + timedelta(days=9))
    assert paid(world) == 25_000
    assert quote_for(world.wanted("1", day=DAY + timedelta(days=9))).quote.comes_back_minor == 10_000


def test_rates_published_elsewhere_hold_at_the_next_quote(world):
    assert quote_for(world.wanted("1")).price.total_minor == 50_000
    make_rates(world.lab, {"currency": "CNY", "lines": [{"per": "hour", "price": "600"}]})
    assert quote_for(world.wanted("1")).price.total_minor == 60_000
    make_rates(world.lab, {"currency": "CNY", "lines": [{"per": "hour", "price": "70"}]}, instrument=world.instrument)
    assert quote_for(world.wanted("1")).price.total_minor == 7_000


def test_key_that_means_another_version_brings_that_version_s_terms(world):
    """Keys come again when a database is restored under a running process, or emptied in a test."""
    one, other = make_scheme(world.country, REFUND), make_scheme(world.country, REFUND | {"share": "0.2"})
    assert book.terms_of(one) == read_terms(one.terms)
    again = SchemeVersion(pk=one.pk, terms=other.terms)
    assert book.terms_of(again) == read_terms(other.terms)
    cheap = make_rates(world.lab, {"currency": "CNY", "lines": [{"per": "hour", "price": "1"}]})
    assert book.rates_of(cheap) != book.rates_of(RateTable(pk=cheap.pk, rates=make_rates(world.company).rates))
