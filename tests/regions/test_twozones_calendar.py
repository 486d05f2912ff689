"""Bookings in a region of two time zones, over the day on which its clocks change: Kentucky and Tennessee."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from tests.booking.made import Lab, acting, refused
from tests.factories import make_instrument, make_user

from headwater.booking.actions.reserving import Repeat, book_series
from headwater.booking.finding import soonest
from headwater.registry import loading
from headwater.registry.models import City

pytestmark = pytest.mark.django_db

EASTERN, CENTRAL = ZoneInfo("America/New_York"), ZoneInfo("America/Chicago")
AT = datetime(2026, 10, 26, 12, 0, tzinfo=UTC)  # the Monday before the clocks go back on 1 November
REGION = str(Path(__file__).parent / "twozones")


@pytest.fixture
def labs():
    """One instrument in Lexington, one in Nashville; by the house's rules, 08:00 to 18:00 on their own clocks."""
    loading.load(REGION)
    return [
        Lab(make_instrument(city=City.objects.get(code=code), visibility="public"), make_user(), make_user())
        for code in ("lexington", "nashville")
    ]


def at(zone, day, hour, month=10):
    return datetime(2026, month, day, hour, tzinfo=zone)


def test_each_instrument_opens_by_its_own_clocks_and_an_hour_later_in_utc_after_the_change(labs):
    east, west = labs
    ids = [one.instrument.pk for one in labs]
    for day, month, hours in ((30, 10, (12, 13)), (2, 11, (13, 14))):
        first = datetime(2026, month, day, 6, tzinfo=UTC)
        found = soonest(ids, 60, at=AT, not_before=first)
        assert [found[pk][0].astimezone(UTC).hour for pk in ids] == list(hours)
    assert "booking.closed" in refused(east.book, east.guest, at(CENTRAL, 30, 17), at(CENTRAL, 30, 18), at=AT)
    assert west.book(west.guest, at(CENTRAL, 30, 17), at(CENTRAL, 30, 18), at=AT).state == "confirmed"


def test_weekly_series_stays_at_nine_by_each_instrument_s_clocks(labs):
    for lab, zone in zip(labs, (EASTERN, CENTRAL), strict=True):
        made = book_series(lab.ask(at(zone, 28, 9), at(zone, 28, 10)), Repeat(7, 2), **acting(lab.guest), at=AT)
        starts = [one.start for one in made.booked]
        assert [one.astimezone(zone).hour for one in starts] == [9, 9]
        assert starts[1] - starts[0] == timedelta(days=7, hours=1)  # the week that is an hour longer


def test_night_of_the_change_is_booked_as_long_as_it_is(labs):
    lab = labs[0]
    lab.policy(week=[[["22:00", "06:00"]]] * 7, max_minutes=540, since=AT - timedelta(days=9))
    row = lab.book(lab.guest, at(EASTERN, 31, 22), at(EASTERN, 1, 6, 11), at=AT)
    assert row.end - row.start == timedelta(hours=9)
    # 01:30 comes twice that night; both are in the booking.
    twice = [datetime(2026, 11, 1, 1, 30, fold=fold, tzinfo=EASTERN).astimezone(UTC) for fold in (0, 1)]
    assert all(row.start <= one < row.end for one in twice)
    assert refused(lab.book, make_user(), twice[1], twice[1] + timedelta(hours=1), at=AT) == ("booking.taken",)


def test_week_shows_a_booking_by_both_clocks(labs):
    west = labs[1]
    west.book(west.guest, at(CENTRAL, 28, 9), at(CENTRAL, 28, 10), at=AT)
    page = f"/instruments/{west.instrument.public_id}/calendar/?week=2026-10-26"
    assert "09:00–10:00" in Client().get(page).content.decode()
    hers = Client().get(f"{page}&clocks=mine&zone=America/New_York").content.decode()
    assert "10:00–11:00" in hers
    assert "America/Chicago" in hers
