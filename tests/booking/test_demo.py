"""The demo's made-up calendars: marked, once, never over what is booked, and nobody is told or charged."""

from __future__ import annotations

import pytest
from django.test import Client
from tests.booking.made import NOW, make_lab, shanghai

from headwater.accounts.audit import SYSTEM
from headwater.accounts.models import Notice, User
from headwater.booking.actions.demo import load_synthetic_calendars
from headwater.booking.models import Reservation, Usage
from headwater.support.models import Order

pytestmark = pytest.mark.django_db


def test_calendars_are_filled_once_and_marked_and_leave_booked_days_alone():
    lab, other = make_lab(), make_lab()
    own = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    made = load_synthetic_calendars(lab.instrument.owner, "demo.example", by=SYSTEM, at=NOW)
    rows = Reservation.objects.exclude(pk=own.pk)
    assert rows.count() == made > 50
    assert {row.reference for row in rows} == {"synthetic"}
    assert set(rows.values_list("instrument", flat=True)) == {lab.instrument.pk, other.instrument.pk}
    assert not any(row.start.date() == own.start.date() for row in rows.filter(instrument=lab.instrument))
    past = rows.filter(kind="booking", span__endswith__lte=NOW)
    assert set(past.values_list("state", flat=True)) <= {"used", "missed"}
    assert Usage.objects.count() == past.filter(state="used").count() > 20
    assert not User.objects.get(email="synthetic1@demo.example").has_usable_password()
    assert not Notice.objects.exists()
    assert not Order.objects.exists()
    assert load_synthetic_calendars(lab.instrument.owner, "demo.example", by=SYSTEM, at=NOW) == 0


@pytest.mark.parametrize(("language", "word"), [("en", "taken · synthetic"), ("zh-hans", "已占用 · 合成")])
def test_calendar_says_what_was_made_up(language, word):
    lab = make_lab()
    load_synthetic_calendars(lab.instrument.owner, "demo.example", by=SYSTEM, at=NOW)
    page = Client().get(
        f"/instruments/{lab.instrument.public_id}/calendar/?week=2026-05-25", headers={"accept-language": language}
    )
    assert word in page.content.decode()
    found = Client().get(
        f"/api/v1/instruments/{lab.instrument.public_id}/calendar?start=2026-05-25T00:00:00Z&end=2026-06-01T00:00:00Z"
    )
    assert {one["synthetic"] for one in found.json()["taken"]} == {True}
