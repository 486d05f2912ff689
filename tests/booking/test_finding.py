"""The soonest free span on many instruments equals what looking minute by minute finds."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.booking.made import NOW, make_lab, shanghai
from tests.factories import make_technique, make_user

from headwater.booking.finding import soonest
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of

pytestmark = pytest.mark.django_db


def first_by_trying(lab, minutes):
    """The first start, quarter hour by quarter hour, that booking would allow."""
    from headwater.accounts.audit import Actor
    from headwater.booking.actions.reserving import preview

    start = NOW
    while start < NOW + timedelta(days=9):
        ask = lab.ask(start, start + timedelta(minutes=minutes))
        if preview(ask, viewer_of(lab.guest), by=Actor(lab.guest, "page"), at=NOW).allowed():
            return ask.start, ask.end
        start += timedelta(minutes=15)
    return None


@pytest.mark.parametrize("minutes", [30, 150])
def test_soonest_is_the_first_that_booking_would_allow(minutes):
    lab = make_lab()
    lab.policy(
        week=[[["08:00", "12:00"], ["13:00", "17:30"]]] * 5 + [[["22:00", "06:00"]], []],
        closed_days=[shanghai(3, 0).date()],
        setup_minutes=15,
        cleanup_minutes=30,
        notice_minutes=90,
    )
    for day, start, end in ((1, 10, 11), (1, 14, 16), (2, 8, 9), (2, 13, 17), (4, 8, 12)):
        lab.book(make_user(), shanghai(day, start, 30), shanghai(day, end, 0 if end > start + 1 else 30))
    assert soonest([lab.instrument.pk], minutes, at=NOW)[lab.instrument.pk] == first_by_trying(lab, minutes)


def test_many_instruments_cost_as_many_queries_as_one():
    labs = [make_lab() for _one in range(12)]
    labs[3].policy(min_minutes=300)
    for lab in labs[:6]:
        lab.book(lab.guest, shanghai(1, 9), shanghai(1, 10)) if lab is not labs[3] else None
    for few in ([labs[0].instrument.pk], [lab.instrument.pk for lab in labs]):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            found = soonest(few, 120, at=NOW)
        assert len(seen) == 3
    assert found[labs[0].instrument.pk][0] == shanghai(1, 10)
    assert found[labs[7].instrument.pk][0] == shanghai(1, 8)
    assert found[labs[3].instrument.pk] is None


def test_full_calendar_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr("headwater.booking.finding.FIRST_LOOK", 2)
    lab = make_lab()
    for hour in (8, 10, 12, 14, 16):
        lab.book(make_user(), shanghai(1, hour), shanghai(1, hour + 2))
    assert soonest([lab.instrument.pk], 60, at=NOW)[lab.instrument.pk] == (shanghai(2, 8), shanghai(2, 9))


def test_times_follow_the_clocks_of_each_instrument():
    east, west = make_lab(), make_lab(zone="Europe/Berlin")
    found = soonest([east.instrument.pk, west.instrument.pk], 60, at=NOW)
    assert found[east.instrument.pk][0] == shanghai(1, 8)
    assert found[west.instrument.pk][0].astimezone(ZoneInfo("Europe/Berlin")).hour == 8


def test_refusal_names_a_free_similar_instrument_near_by_and_no_hidden_one():
    technique = make_technique()
    lab, near, far, hidden, busy = (make_lab() for _one in range(5))
    for one, lat, visibility in (
        (lab, 31.0, "public"),
        (near, 31.2, "public"),
        (far, 33.0, "public"),
        (hidden, 31.01, "organisation"),
        (busy, 31.02, "public"),
    ):
        one.instrument.lat, one.instrument.lon, one.instrument.visibility = lat, 121.0, visibility
        one.instrument.save()
        one.instrument.technique_links.create(technique=technique, rank=0)
    for one in (lab, busy):
        one.book(make_user(), shanghai(2, 9), shanghai(2, 11))
    with pytest.raises(Refused) as caught:
        lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    similar = [one.facts for one in caught.value.decision.reasons if one.code == "booking.similar_instead"]
    assert [(one["instrument"], one["km"]) for one in similar] == [
        (near.instrument.public_id, 22),
        (far.instrument.public_id, 222),
    ]
    near.instrument.lat = 31.001
    near.instrument.save()
    with pytest.raises(Refused) as caught:
        lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    here = [one.facts for one in caught.value.decision.reasons if one.code == "booking.similar_here"]
    assert [one["instrument"] for one in here] == [near.instrument.public_id]
