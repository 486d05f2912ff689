"""Calendar feeds, read by a program that is not ours: icalendar and recurring-ical-events."""

from __future__ import annotations

from datetime import UTC, timedelta

import icalendar
import pytest
import recurring_ical_events
from django.test import Client
from django.utils import timezone
from tests.booking.made import acting, make_lab, refused
from tests.booking.test_api import soon
from tests.factories import make_user

from headwater.accounts.audit import Actor
from headwater.booking.actions.changing import cancel, move
from headwater.booking.actions.feeds import MOST_FEEDS, close_feed, open_feed
from headwater.booking.actions.managing import record_outage
from headwater.booking.actions.reserving import Repeat, book_series
from headwater.registry.facts import viewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    lab = make_lab(name_en="A diffractometer; with commas, and “quotes”, and a name longer than any line may be " * 2)
    lab.policy()
    return lab


def read(secret) -> icalendar.Calendar:
    answer = Client().get(f"/calendars/{secret}.ics")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))
    assert b"\n" not in answer.content.replace(b"\r\n", b"")
    return icalendar.Calendar.from_ical(answer.content)


def opened(user, **more):
    return open_feed(viewer_of(user), by=Actor(user, "page"), at=timezone.now(), **more)[1]


def events(calendar):
    return {str(one["UID"]): one for one in calendar.walk("VEVENT")}


def test_entry_keeps_its_identity_through_every_change(lab):
    secret, at = opened(lab.guest), timezone.now()
    row = lab.book(lab.guest, soon(), soon(hour=11), at=at, project="Alloys, with 50 % of\nnickel; 合金")
    seen = []
    for change in (
        lambda: None,
        lambda: move(row.public_id, soon(hour=13), soon(hour=14), expected_version=1, **acting(lab.guest), at=at),
        lambda: cancel(row.public_id, expected_version=2, **acting(lab.guest), at=at),
    ):
        change()
        ((uid, event),) = events(read(secret)).items()
        assert str(event["DESCRIPTION"]) == "Alloys, with 50 % of\nnickel; 合金"
        assert str(event["SUMMARY"]) == lab.instrument.name
        seen.append((uid, event["SEQUENCE"], str(event["STATUS"]), event.decoded("DTSTART").astimezone(UTC)))
    assert seen == [
        (row.uid, 0, "CONFIRMED", soon()),
        (row.uid, 1, "CONFIRMED", soon(hour=13)),
        (row.uid, 2, "CANCELLED", soon(hour=13)),
    ]


def test_series_is_there_occurrence_by_occurrence(lab):
    book_series(lab.ask(soon(), soon(hour=10)), Repeat(7, 4), **acting(lab.guest), at=timezone.now())
    found = recurring_ical_events.of(read(opened(lab.guest))).between(soon(hour=0), soon() + timedelta(days=60))
    assert [one.decoded("DTSTART") for one in found] == [soon() + timedelta(days=7 * week) for week in range(4)]


def test_instrument_s_feed_names_people_to_managers_alone(lab):
    lab.book(lab.guest, soon(), soon(hour=11), at=timezone.now(), note="secret")
    public_id, at = lab.instrument.public_id, timezone.now()
    record_outage(public_id, soon(hour=14), soon(hour=16), "A pump", **acting(lab.manager), at=at)
    mine = events(read(opened(lab.manager, instrument_id=lab.instrument.public_id)))
    assert sorted(str(one["SUMMARY"]) for one in mine.values()) == [f"booking: {lab.guest}", "outage"]
    other = Client().get(f"/calendars/{opened(make_user(), instrument_id=lab.instrument.public_id)}.ics")
    assert lab.guest.name not in other.content.decode()
    assert b"secret" not in other.content
    assert sorted(str(one["SUMMARY"]) for one in icalendar.Calendar.from_ical(other.content).walk("VEVENT")) == [
        "booking",
        "outage",
    ]


def test_free_and_busy_is_public_without_names_and_hidden_with_the_instrument(lab):
    lab.book(lab.guest, soon(), soon(hour=11), at=timezone.now(), project="secret")
    answer = Client().get(f"/instruments/{lab.instrument.public_id}/freebusy.ics")
    (busy,) = icalendar.Calendar.from_ical(answer.content).walk("VFREEBUSY")
    periods = busy["FREEBUSY"] if isinstance(busy["FREEBUSY"], list) else [busy["FREEBUSY"]]
    assert [(one.dt if hasattr(one, "dt") else one.dts[0].dt) for one in periods] == [(soon(), soon(hour=11))]
    assert lab.guest.name not in answer.content.decode()
    assert b"secret" not in answer.content
    hidden = make_lab(visibility="organisation")
    assert Client().get(f"/instruments/{hidden.instrument.public_id}/freebusy.ics").status_code == 404


def test_address_of_somebody_who_left_or_may_no_longer_look_is_dead(lab):
    other = make_user()
    own, of_instrument = opened(other), opened(other, instrument_id=lab.instrument.public_id)
    lab.instrument.visibility = "organisation"
    lab.instrument.save()
    assert Client().get(f"/calendars/{of_instrument}.ics").status_code == 404
    read(own)
    other.is_active = False
    other.save()
    assert Client().get(f"/calendars/{own}.ics").status_code == 404
    assert Client().get("/calendars/guessed.ics").status_code == 404


def test_feeds_are_one_s_own_and_not_without_end(lab):
    secrets = {opened(lab.guest) for _one in range(MOST_FEEDS)}
    assert len(secrets) == MOST_FEEDS
    assert refused(opened, lab.guest) == ("feed.too_many",)
    feed, secret = open_feed(viewer_of(lab.manager), by=Actor(lab.manager, "page"), at=timezone.now())
    close_feed(feed.pk, **acting(lab.guest), at=timezone.now())
    read(secret)
    close_feed(feed.pk, **acting(lab.manager), at=timezone.now())
    assert Client().get(f"/calendars/{secret}.ics").status_code == 404
