"""The pages of booking: what a person does, from the calendar to use, with what is refused and what stays hidden."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.booking.made import make_lab
from tests.booking.test_api import soon
from tests.factories import make_user

from headwater.booking.models import Course, Feed, Policy, Qualification, Reservation, Usage, WaitingWish

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    lab = make_lab()
    lab.policy(week=[[["08:00", "18:00"]]] * 7)
    return lab


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def clock(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


def span(start, end, **more):
    return {"start": clock(start), "end": clock(end), "zone": "Asia/Shanghai", "times": 1, "every_days": 7, **more}


def text_of(page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def path(lab, rest=""):
    return f"/instruments/{lab.instrument.public_id}/{rest}"


def test_free_cell_leads_to_the_form_and_the_form_books(lab):
    client = signed_in(lab.guest)
    week = client.get(path(lab, f"calendar/?week={soon():%Y-%m-%d}")).content.decode()
    start = f"{soon().astimezone(tz=None):%Y}"
    assert start in week
    link = re.search(rf'href="({re.escape(path(lab, "book/"))}\?start=[^"]+)"', week)[1]
    form = client.get(unescape(link))
    assert form.status_code == 200
    assert "This can be booked." in text_of(form)
    answer = client.post(path(lab, "book/"), span(soon(), soon(hour=11), project="Alloys"))
    row = Reservation.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/bookings/{row.public_id}/")
    assert (row.start, row.end, row.project) == (soon(), soon(hour=11), "Alloys")
    assert "Alloys" in text_of(client.get("/bookings/"))
    week = client.get(path(lab, f"calendar/?week={soon():%Y-%m-%d}"))
    assert "yours: confirmed" in text_of(week)
    assert "yours" not in text_of(signed_in(make_user()).get(path(lab, f"calendar/?week={soon():%Y-%m-%d}")))
    assert lab.guest.name not in text_of(Client().get(path(lab, f"calendar/?week={soon():%Y-%m-%d}")))


def test_refused_form_says_why_what_helps_and_how_to_wait(lab):
    lab.book(lab.guest, soon(), soon(hour=11), at=soon() - timedelta(days=2))
    client = signed_in(make_user())
    page = client.post(path(lab, "book/"), span(soon(hour=10), soon(hour=12)))
    assert page.status_code == 409
    said = text_of(page)
    assert "It is taken from" in said
    assert said.count("Free instead:") == 3
    assert "Join the waiting list" in said
    link = re.search(r'href="(/instruments/[^"]+/book/\?start=[^"]+)">Free', page.content.decode())[1]
    assert "This can be booked." in text_of(client.get(unescape(link)))
    assert Reservation.objects.count() == 1


def test_what_is_not_booked_has_no_form_but_for_its_managers():
    lab = make_lab(access="proposal")
    page = signed_in(lab.guest).get(path(lab, "book/"))
    assert "This instrument gives no time by booking." in text_of(page)
    assert 'name="start"' not in page.content.decode()
    assert path(lab, "book/") not in signed_in(lab.guest).get(path(lab, "calendar/")).content.decode()
    assert 'name="start"' in signed_in(lab.manager).get(path(lab, "book/")).content.decode()
    refused = signed_in(lab.guest).post(path(lab, "book/"), span(soon(hour=10), soon(hour=12)))
    assert refused.status_code == 409
    assert "Join the waiting list" not in text_of(refused)
    assert "Free instead:" not in text_of(refused)


def test_bad_forms_are_told_field_by_field(lab):
    client = signed_in(lab.guest)
    for given in (
        {},
        span(soon(), soon(hour=11)) | {"zone": "Mars/Olympus"},
        span(soon(), soon(hour=11)) | {"start": "tomorrow"},
        span(soon(), soon(hour=11)) | {"start": "0001-01-01T00:00"},
        span(soon(), soon(hour=11), without="some day"),
    ):
        page = client.post(path(lab, "book/"), given)
        assert page.status_code == 422
        assert "What stands in the way" in text_of(page)
    for week in ("9999-99-99", "0001-01-01", "'; DROP TABLE", ""):
        assert client.get(path(lab, "calendar/"), {"week": week}).status_code == 200
        assert client.get(path(lab, "calendar/"), {"month": week or "x", "zone": week}).status_code == 200
    assert client.get(path(lab, "book/"), {"start": "x", "end": "9999-12-31T23:59:59Z"}).status_code == 200


def test_series_by_form_skips_and_says_which(lab):
    lab.book(lab.guest, soon() + timedelta(days=7), soon(hour=10) + timedelta(days=7), at=soon() - timedelta(days=2))
    client = signed_in(make_user())
    given = span(soon(), soon(hour=10)) | {"times": 3, "without": ""}
    assert client.post(path(lab, "book/"), given).status_code == 409
    page = client.post(path(lab, "book/"), given | {"skip_conflicts": "on"}, follow=True)
    assert f"Left out, as they were not to be had: {soon() + timedelta(days=7):%Y-%m-%d}." in text_of(page)
    assert Reservation.objects.count() == 3


def test_decision_follows_the_form_as_a_fragment(lab):
    client = signed_in(lab.guest)
    page = client.get(path(lab, "book/decision/"), span(soon(), soon(hour=19)), headers={"HX-Request": "true"})
    assert "<html" not in page.content.decode()
    assert "opening hours" in text_of(page)
    assert "This can be booked." in text_of(client.get(path(lab, "book/decision/"), span(soon(), soon(hour=10))))
    assert client.get(path(lab, "book/decision/"), {"start": ""}).status_code == 200


def test_booking_is_moved_handed_over_and_given_up_on_its_page(lab):
    row = lab.book(lab.guest, soon(), soon(hour=11), at=soon() - timedelta(days=2))
    client, other = signed_in(lab.guest), make_user()
    own = f"/bookings/{row.public_id}/"
    assert client.get(own).status_code == 200
    assert signed_in(other).get(own).status_code == 404
    page = client.post(own + "move/", span(soon(hour=12), soon(hour=13)) | {"version": 7})
    assert page.status_code == 409
    assert "was changed while you looked at it" in text_of(page)
    assert client.post(own + "move/", {"version": 1, "zone": "x"}).status_code == 422
    client.post(own + "move/", span(soon(hour=12), soon(hour=13)) | {"version": 1})
    row.refresh_from_db()
    assert (row.start, row.sequence) == (soon(hour=12), 1)
    client.post(own + "hand-over/", {"to": "nobody@example.org", "version": 2})
    client.post(own + "hand-over/", {"to": other.email, "version": 2})
    row.refresh_from_db()
    assert row.holder == other
    assert client.get(own).status_code == 404
    assert client.post(own + "cancel/", {"version": 3}).status_code == 404
    signed_in(other).post(own + "cancel/", {"version": 3})
    row.refresh_from_db()
    assert row.state == "cancelled"


def test_waiting_page_holds_and_takes(lab):
    row = lab.book(lab.guest, soon(), soon(hour=17), at=soon() - timedelta(days=2))
    other = make_user()
    client = signed_in(other)
    client.post(path(lab, "wait/"), span(soon(hour=8), soon(hour=18)) | {"minutes": 600})  # it is not free so long
    assert WaitingWish.objects.filter(user=other, state="waiting").count() == 1
    client.post(f"/wishes/{WaitingWish.objects.get().public_id}/leave/")
    page = client.post(path(lab, "wait/"), span(soon(), soon(hour=12)) | {"minutes": 60}, follow=True)
    assert "You wait." in text_of(page)
    signed_in(lab.guest).post(f"/bookings/{row.public_id}/cancel/", {"version": 1})
    page = client.get("/bookings/")
    assert "Held for you" in text_of(page)
    hold = WaitingWish.objects.get(state="held").hold
    client.post(f"/bookings/{hold.public_id}/take/")
    hold.refresh_from_db()
    assert (hold.kind, hold.state) == ("booking", "confirmed")
    assert client.post(path(lab, "wait/"), span(soon(), soon(hour=12)) | {"minutes": 600}).status_code == 409


def test_manager_approves_in_bulk_and_what_changed_meanwhile_is_left(lab):
    lab.policy(approval_for=frozenset({"outside"}), since=soon() - timedelta(days=30))
    rows = [lab.book(make_user(), soon(hour=h), soon(hour=h + 1), at=soon() - timedelta(days=2)) for h in (9, 10, 11)]
    client = signed_in(lab.manager)
    assert all(row.public_id in client.get("/bookings/approvals/").content.decode() for row in rows)
    assert rows[0].public_id not in signed_in(lab.guest).get("/bookings/approvals/").content.decode()
    chosen = [f"{rows[0].public_id}:1", f"{rows[1].public_id}:1", f"{rows[2].public_id}:9"]
    page = client.post("/bookings/approvals/", {"chosen": chosen, "act": "approve"})
    assert page.status_code == 409
    assert "was changed while you looked at it" in text_of(page)
    assert [Reservation.objects.get(pk=row.pk).state for row in rows] == ["confirmed", "confirmed", "requested"]
    client.post("/bookings/approvals/", {"chosen": [f"{rows[2].public_id}:1"], "act": "decline"})
    assert Reservation.objects.get(pk=rows[2].pk).state == "declined"


def rules_of(client, lab, **more):
    """What the rules' form would send, as a browser fills it in."""
    page = client.get(path(lab, "rules/")).content.decode()
    form = page[page.index('<form method="post"', page.index("Set other rules")) :]
    given = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        if name and 'type="checkbox"' not in tag and name[1] != "csrfmiddlewaretoken":
            value = re.search(r'value="([^"]*)"', tag)
            given[name[1]] = unescape(value[1]) if value else ""
    given["closed_days"] = unescape(re.search(r"<textarea[^>]*closed_days[^>]*>\s*(.*?)</textarea>", form, re.S)[1])
    return given | more


def test_rules_are_tried_on_last_month_and_then_set(lab):
    lab.book(lab.guest, soon(), soon(hour=12), at=soon() - timedelta(days=2))
    row = Reservation.objects.get()
    past = timedelta(days=21)  # a booking of last month, made the day before
    Reservation.objects.filter(pk=row.pk).update(
        span=type(row.span)(row.start - past, row.end - past),
        occupied=type(row.span)(row.start - past, row.end - past),
        created_at=row.start - past - timedelta(days=1),
    )
    client = signed_in(lab.manager)
    given = rules_of(client, lab, max_minutes=120, act="try")
    page = client.post(path(lab, "rules/"), given)
    assert page.status_code == 200
    assert "Of the 1 bookings of the last 31 days these rules would have refused 1; 0 would" in text_of(page)
    assert Policy.objects.count() == 1
    page = client.post(path(lab, "rules/"), given | {"act": "save", "closed_days": "2030-10-01..2030-10-07"})
    assert "The rules are set." in text_of(client.get(page["Location"]))
    made = Policy.objects.latest("pk")
    assert (made.max_minutes, len(made.closed_days), made.hours[0]) == (120, 7, [["08:00", "18:00"]])
    wrong = client.post(path(lab, "rules/"), given | {"act": "save", "open_2": "eight to six", "step_minutes": 7})
    assert wrong.status_code == 422
    assert "is not a span of hours" in text_of(wrong)
    assert signed_in(lab.guest).post(path(lab, "rules/"), given).status_code == 403
    assert "Set other rules" not in text_of(Client().get(path(lab, "rules/")))


def test_outage_displaces_tells_and_ends(lab):
    lab.book(lab.guest, soon(), soon(hour=11), at=soon() - timedelta(days=2))
    client = signed_in(lab.manager)
    assert signed_in(lab.guest).get(path(lab, "outages/")).status_code == 403
    page = client.post(path(lab, "outages/"), span(soon(hour=8), soon(hour=12)) | {"note": "A pump"}, follow=True)
    assert "1 booking was cancelled, its holder told." in text_of(page)
    assert "had to be cancelled. Free instead:" in text_of(signed_in(lab.guest).get("/account/notices/"))
    assert "A pump" in text_of(Client().get(path(lab, f"calendar/?week={soon():%Y-%m-%d}")))
    outage = Reservation.objects.get(kind="outage")
    client.post(f"/outages/{outage.public_id}/end/")
    outage.refresh_from_db()
    assert outage.state == "cancelled"


def test_course_is_announced_filled_held_and_qualifies(lab):
    manager, guest = signed_in(lab.manager), signed_in(lab.guest)
    manager.post(path(lab, "training/"), span(soon(), soon(hour=12)) | {"places": 2, "room": "B 12", "act": "announce"})
    course = Course.objects.get()
    assert "B 12" in text_of(guest.get(path(lab, "training/")))
    guest.post(f"/courses/{course.public_id}/", {"act": "sign_up"})
    guest.post(f"/courses/{course.public_id}/", {"act": "leave"})
    guest.post(f"/courses/{course.public_id}/", {"act": "sign_up"})
    assert guest.get(f"/courses/{course.public_id}/").status_code == 403
    assert lab.guest.email in text_of(manager.get(f"/courses/{course.public_id}/"))
    assert guest.post(f"/courses/{course.public_id}/", {"act": "results", "passed": [lab.guest.pk]}).status_code == 403
    early = manager.post(f"/courses/{course.public_id}/", {"act": "results", "passed": [lab.guest.pk]})
    assert (early.status_code, Qualification.objects.count()) == (409, 0)
    Course.objects.update(starts_at=datetime.now(UTC) - timedelta(minutes=5))
    manager.post(f"/courses/{course.public_id}/", {"act": "results", "passed": [lab.guest.pk]})
    assert Qualification.objects.get().user == lab.guest
    assert "You are qualified for this instrument" in text_of(guest.get(path(lab, "training/")))
    assert lab.guest.email not in text_of(signed_in(make_user()).get(path(lab, "training/")))
    manager.post(path(lab, "training/revoke/"), {"person": lab.guest.email})
    assert Qualification.objects.get().revoked_at is not None


def test_kiosk_starts_and_stops(lab):
    client = signed_in(lab.guest)
    assert "Nobody uses it." in text_of(client.get(path(lab, "kiosk/")))
    client.post(path(lab, "kiosk/"), {"act": "start"})
    assert Usage.objects.get().stopped_at is None
    other = signed_in(make_user())
    assert other.post(path(lab, "kiosk/"), {"act": "start"}).status_code == 409
    assert lab.guest.name not in text_of(other.get(path(lab, "kiosk/")))
    client.post(path(lab, "kiosk/"), {"act": "stop"})
    assert Usage.objects.get().stopped_at is not None
    assert lab.guest.name in text_of(signed_in(lab.manager).get(path(lab, "use/")))
    assert signed_in(lab.guest).get(path(lab, "use/")).status_code == 403


def test_calendar_address_is_shown_once_and_can_be_revoked(lab):
    client = signed_in(lab.guest)
    page = client.post("/bookings/calendars/")
    address = re.search(r'<pre id="address">http://testserver([^<]+)</pre>', page.content.decode())[1]
    assert Client().get(address).status_code == 200
    assert address not in client.get("/bookings/").content.decode()
    client.post(f"/bookings/calendars/{Feed.objects.get().pk}/revoke/")
    assert Client().get(address).status_code == 404
    signed_in(make_user()).post(f"/bookings/calendars/{Feed.objects.get().pk}/revoke/")


@pytest.mark.parametrize(
    ("address", "queries"),
    [("calendar/?week={day}", 7), ("calendar/?month={day}", 7)],
)
def test_calendar_costs_the_same_for_1_and_20_bookings(lab, address, queries):
    client, at = signed_in(lab.guest), soon() - timedelta(days=2)
    counts = []
    for first, more in ((0, 1), (1, 20)):
        for number in range(first, more):
            day, slot = divmod(number, 4)
            start = soon(hour=8 + 2 * slot) + timedelta(days=day)
            lab.book(make_user() if number % 2 else lab.guest, start, start + timedelta(hours=2), at=at)
        with CaptureQueriesContext(connection) as seen:
            client.get(path(lab, address.format(day=f"{soon():%Y-%m-%d}")))
        counts.append(len(seen))
    assert counts == [queries, queries]


def test_my_bookings_and_approvals_cost_the_same_for_1_and_20(lab):
    lab.policy(approval_for=frozenset({"outside"}), since=soon() - timedelta(days=30))
    client, counts = signed_in(lab.guest), []
    for first, more in ((0, 1), (1, 20)):
        for number in range(first, more):
            day, slot = divmod(number, 4)
            start = soon(hour=8 + 2 * slot) + timedelta(days=day)
            lab.book(lab.guest, start, start + timedelta(hours=2), at=soon() - timedelta(days=2))
        for who, page in ((client, "/bookings/"), (signed_in(lab.manager), "/bookings/approvals/")):
            with CaptureQueriesContext(connection) as seen:
                who.get(page)
            counts.append(len(seen))
    assert counts[:2] == counts[2:] == [8, 5]
