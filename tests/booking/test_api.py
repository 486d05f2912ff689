"""The calendar by program: booking once, refusals with reasons, versions, series, waiting, using, managing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.booking.made import make_lab
from tests.factories import make_token, make_user

from headwater.booking.models import Answered, Course, Reservation, Usage

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")


def soon(days=3, hour=9, minute=0):
    """A Wednesday-to-come's working hour, from the real clock: the API takes its own time."""
    day = datetime.now(ZONE).replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=1)
    while day.weekday() != 2:
        day += timedelta(days=1)
    return day + timedelta(days=7 * (days // 7), hours=0)


class Caller:
    """Somebody with a token."""

    def __init__(self, user, *, scopes=("read", "write")):
        self.user = user
        self.client = Client()
        self.auth = f"Bearer {make_token(user, scopes=scopes)[1]}"

    def __call__(self, method, path, body=None, *, status=200, headers=None):
        answer = self.client.generic(
            method,
            f"/api/v1{path}",
            data="" if body is None else __import__("json").dumps(body, default=str),
            content_type="application/json",
            headers={"Authorization": self.auth, **(headers or {})},
        )
        assert answer.status_code == status, answer.content.decode()
        self.answer = answer
        return answer.json() if answer.content else None


@pytest.fixture
def lab():
    lab = make_lab()
    lab.policy(week=[[["08:00", "18:00"]]] * 7)
    return lab


@pytest.fixture
def guest(lab):
    return Caller(lab.guest)


@pytest.fixture
def manager(lab):
    return Caller(lab.manager)


def ask(lab, start, end, **more):
    return {"instrument": lab.instrument.public_id, "start": start.isoformat(), "end": end.isoformat(), **more}


def codes(answer):
    return [one["code"] for one in answer["reasons"] if one["weight"] != "note"]


def test_booking_is_made_read_and_listed(lab, guest):
    made = guest("POST", "/bookings", ask(lab, soon(), soon(hour=11), project="Alloys"), status=201)
    assert (made["state"], made["kind"], made["version"], made["project"]) == ("confirmed", "booking", 1, "Alloys")
    assert guest("GET", f"/bookings/{made['id']}") == made
    assert guest.answer["ETag"] == '"1"'
    assert guest("GET", "/bookings") == [made]


def test_refusal_is_a_conflict_with_all_reasons_and_what_would_help(lab, guest):
    guest("POST", "/bookings", ask(lab, soon(), soon(hour=11)), status=201)
    other = Caller(make_user())
    answer = other("POST", "/bookings", ask(lab, soon(hour=10), soon(hour=12)), status=409)
    assert codes(answer) == ["booking.taken"]
    assert [one["code"] for one in answer["reasons"]].count("booking.free_instead") == 3
    assert lab.guest.email not in other.answer.content.decode()
    said = other("POST", "/bookings/decision", ask(lab, soon(hour=10), soon(hour=12)))
    assert (said["allowed"], said["reasons"]) == (False, answer["reasons"])


def test_request_sent_again_books_once(lab, guest):
    body, key = ask(lab, soon(), soon(hour=11)), {"Idempotency-Key": "a-key"}
    first = guest("POST", "/bookings", body, status=201, headers=key)
    assert guest("POST", "/bookings", body, status=201, headers=key) == first
    assert Reservation.objects.count() == 1
    answer = guest("POST", "/bookings", ask(lab, soon(hour=12), soon(hour=13)), status=422, headers=key)
    assert codes(answer) == ["request.key_used"]
    # Another user's key is another key, and what was refused may be tried again.
    other = Caller(make_user())
    other("POST", "/bookings", body, status=409, headers=key)
    assert Answered.objects.count() == 1
    guest("POST", "/bookings", body, status=422, headers={"Idempotency-Key": "k" * 101})


def test_change_needs_the_version_that_was_read(lab, guest):
    made = guest("POST", "/bookings", ask(lab, soon(), soon(hour=11)), status=201)
    path, later = f"/bookings/{made['id']}", {"start": soon(hour=13).isoformat(), "end": soon(hour=15).isoformat()}
    assert codes(guest("PATCH", path, later, status=422)) == ["reservation.version_missing"]
    moved = guest("PATCH", path, later, headers={"If-Match": '"1"'})
    assert (moved["version"], moved["sequence"], moved["uid"]) == (2, 1, made["uid"])
    assert codes(guest("PATCH", path, {**later, "version": 1}, status=409)) == ["reservation.changed_meanwhile"]
    shorter = guest("PATCH", path, {"end": soon(hour=14).isoformat(), "version": 2})
    assert (shorter["start"], shorter["end"]) == (moved["start"], shorter["end"])
    assert guest("POST", f"{path}/cancel", {"version": 3})["state"] == "cancelled"
    assert codes(guest("POST", f"{path}/cancel", {"version": 4}, status=409)) == ["reservation.state_forbids"]
    guest("PATCH", path, {"version": 4}, status=422, headers={"If-Match": "tomorrow"})


def test_what_is_another_s_is_not_there(lab, guest):
    made = guest("POST", "/bookings", ask(lab, soon(), soon(hour=11), note="a secret"), status=201)
    other = Caller(make_user())
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"version": 1}),
        ("POST", "/cancel", {"version": 1}),
        ("POST", "/hand-over", {"version": 1, "to": other.user.email}),
        ("POST", "/decide", {"version": 1, "approve": True}),
        ("POST", "/take", None),
    ):
        answer = other(method, f"/bookings/{made['id']}{path}", body, status=404)
        assert codes(answer) == ["reservation.not_found"]
    window = f"?start={soon(hour=0):%Y-%m-%dT%H:%M:%SZ}&end={soon(hour=23):%Y-%m-%dT%H:%M:%SZ}"
    entry = other("GET", f"/instruments/{lab.instrument.public_id}/calendar{window}")["taken"][0]
    assert (entry["kind"], entry["mine"], entry["id"], entry["holder"], entry["note"]) == (
        "booking",
        False,
        None,
        None,
        None,
    )
    entry = Caller(lab.manager)("GET", f"/instruments/{lab.instrument.public_id}/calendar{window}")["taken"][0]
    assert (entry["id"], entry["holder"], entry["note"]) == (made["id"], str(lab.guest), "a secret")


def test_hand_over_gives_it_to_a_colleague_who_may(lab, guest):
    made = guest("POST", "/bookings", ask(lab, soon(), soon(hour=11)), status=201)
    other = Caller(make_user())
    handed = guest("POST", f"/bookings/{made['id']}/hand-over", {"version": 1, "to": other.user.email})
    assert (handed["holder"], handed["uid"], handed["sequence"]) == (other.user.email, made["uid"], 1)
    guest("GET", f"/bookings/{made['id']}", status=404)
    assert other("GET", f"/bookings/{made['id']}")["version"] == 2


def test_series_says_what_it_left_out(lab, guest):
    guest("POST", "/bookings", ask(lab, soon() + timedelta(days=7), soon(hour=10) + timedelta(days=7)), status=201)
    body = ask(lab, soon(), soon(hour=10), times=3)
    other = Caller(make_user())
    assert "booking.taken" in codes(other("POST", "/series", body, status=409))
    made = other("POST", "/series", {**body, "skip_conflicts": True}, status=201)
    assert [len(made["booked"]), len(made["skipped"])] == [2, 1]
    assert codes(made["skipped"][0]["decision"]) == ["booking.taken"]


def test_waiting_cancelling_and_taking(lab, guest):
    made = guest("POST", "/bookings", ask(lab, soon(), soon(hour=16)), status=201)
    other = Caller(make_user())
    wish = other("POST", "/wishes", ask(lab, soon(), soon(hour=12), minutes=120), status=201)
    assert (wish["state"], wish["hold"]) == ("waiting", None)
    guest("POST", f"/bookings/{made['id']}/cancel", {"version": 1})
    wish = other("GET", "/wishes")[0]
    assert wish["state"] == "held"
    guest("POST", "/bookings", ask(lab, soon(), soon(hour=11)), status=409)
    guest("POST", f"/bookings/{wish['hold']}/take", status=404)
    taken = other("POST", f"/bookings/{wish['hold']}/take")
    assert (taken["kind"], taken["state"]) == ("booking", "confirmed")
    assert other("GET", "/wishes") == []


def test_start_and_stop_record_use_without_a_reservation_too(lab, guest):
    path = f"/instruments/{lab.instrument.public_id}"
    use = guest("POST", f"{path}/start", status=201)
    assert (use["reservation"], use["stopped_at"]) == (None, None)
    assert codes(Caller(make_user())("POST", f"{path}/start", status=409)) == ["usage.in_use"]
    assert codes(Caller(make_user())("POST", f"{path}/stop", status=409)) == ["usage.none"]
    assert guest("POST", f"{path}/stop")["stopped_at"] is not None
    assert Usage.objects.get().stopped_at is not None


def test_read_token_books_nothing_and_stranger_signs_in_first(lab):
    reader = Caller(lab.guest, scopes=("read",))
    assert codes(reader("POST", "/bookings", ask(lab, soon(), soon(hour=11)), status=403)) == ["token.scope_missing"]
    answer = Client().post("/api/v1/bookings", ask(lab, soon(), soon(hour=11)), content_type="application/json")
    assert answer.status_code == 401
    assert Client().get("/api/v1/bookings").status_code == 401
    assert Reservation.objects.count() == 0


@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        ("tomorrow", "2030-01-01T10:00:00Z", 422),
        ("2030-01-01T09:00:00", "2030-01-01T10:00:00Z", 422),  # without its offset
        ("0001-01-01T09:00:00Z", "0001-01-01T10:00:00Z", 422),
        ("9999-12-31T09:00:00Z", "9999-12-31T23:59:59Z", 422),
        ("2030-01-01T10:00:00Z", "2030-01-01T09:00:00Z", 422),
        ("2030-01-01T09:00:00Z", "2190-01-01T10:00:00Z", 409),
        ("2001-01-01T09:00:00Z", "2001-01-01T10:00:00Z", 422),
    ],
)
def test_times_that_make_no_sense_are_one_clear_answer(lab, guest, start, end, status):
    body = {"instrument": lab.instrument.public_id, "start": start, "end": end}
    assert guest("POST", "/bookings", body, status=status)["reasons"]


def test_manager_sets_rules_sees_their_effect_and_records_an_outage(lab, guest, manager):
    path = f"/instruments/{lab.instrument.public_id}"
    made = guest("POST", "/bookings", ask(lab, soon(), soon(hour=11)), status=201)
    rules = {"hours": [[["08:00", "20:00"]]] * 5 + [[], []], "max_minutes": 60}
    assert guest("POST", f"{path}/policy", rules, status=403)
    assert manager("POST", f"{path}/policy/trial", rules)["bookings"] == 0
    assert manager("POST", f"{path}/policy", rules, status=201)["own"] is True
    assert guest("GET", f"{path}/policy")["max_minutes"] == 60
    wrong = manager("POST", f"{path}/policy", {**rules, "hours": [[["8", "x"]]] * 7, "step_minutes": 7}, status=422)
    assert codes(wrong) == ["policy.hours_unreadable", "policy.step"]
    outage = manager(
        "POST", f"{path}/outages", {"start": soon(hour=8), "end": soon(hour=12), "note": "A pump"}, status=201
    )
    assert outage["displaced"] == [made["id"]]
    assert guest("GET", f"/bookings/{made['id']}")["state"] == "cancelled"
    assert manager("POST", f"/outages/{outage['outage']['id']}/end", {})["state"] == "cancelled"


def test_training_qualifies_and_a_full_course_takes_nobody(lab, guest, manager):
    path = f"/instruments/{lab.instrument.public_id}"
    lab.policy(needs_qualification=True, qualification_days=365, since=datetime.now(ZONE) - timedelta(days=1))
    course = {"start": soon(hour=14), "end": soon(hour=16), "places": 1, "room": "B 12"}
    guest("POST", f"{path}/courses", course, status=403)
    made = manager("POST", f"{path}/courses", course, status=201)
    refused = guest("POST", "/bookings", ask(lab, soon(), soon(hour=11)), status=403)
    assert codes(refused) == ["booking.not_qualified"]
    assert [one["facts"]["course"] for one in refused["reasons"] if one["code"] == "booking.next_course"] == [
        made["id"]
    ]
    guest("POST", f"/courses/{made['id']}/sign-up")
    guest("POST", f"/courses/{made['id']}/sign-up")
    full = Caller(make_user())("POST", f"/courses/{made['id']}/sign-up", status=409)
    assert codes(full) == ["course.full"]
    assert guest("GET", f"{path}/courses")[0]["left"] == 0
    early = manager("POST", f"/courses/{made['id']}/results", {"passed": [lab.guest.email]}, status=409)
    assert codes(early) == ["course.not_begun"]
    Course.objects.update(starts_at=datetime.now(UTC) - timedelta(minutes=5))
    manager("POST", f"/courses/{made['id']}/results", {"passed": [lab.guest.email]})
    assert guest("POST", "/bookings", ask(lab, soon(), soon(hour=11)), status=201)["state"] == "confirmed"


def test_calendar_of_a_week_costs_the_same_for_1_and_20_entries(lab, guest):
    window = f"?start={soon(hour=0):%Y-%m-%dT%H:%M:%SZ}&end={soon(hour=0) + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
    counts, one = [], f"&instrument={lab.instrument.public_id}"
    guest("GET", "/me")  # a token's first use is written down
    for more in (1, 19):
        for number in range(more):
            day, slot = divmod(number + (0 if more == 1 else 1), 4)
            start = soon(hour=8 + 2 * slot) + timedelta(days=day)
            Caller(make_user())("POST", "/bookings", ask(lab, start, start + timedelta(hours=2)), status=201)
        for path in (f"/instruments/{lab.instrument.public_id}/calendar{window}", f"/calendar{window}{one}"):
            with CaptureQueriesContext(connection) as seen:
                found = guest("GET", path)
            counts.append(len(seen))
    assert counts == [4, 3, 4, 3]
    assert len(found["taken"]) == 20
    assert len(guest("GET", f"/instruments/{lab.instrument.public_id}/calendar{window}")["taken"]) == 20


def test_soonest_and_utilisation_are_read(lab, guest, manager):
    path = f"/instruments/{lab.instrument.public_id}"
    found = guest("GET", f"/soonest?minutes=60&instrument={lab.instrument.public_id}&instrument=ins_none")
    assert [one["instrument"] for one in found] == [lab.instrument.public_id]
    assert found[0]["start"]
    window = f"?start={soon(hour=0):%Y-%m-%dT%H:%M:%SZ}&end={soon(hour=0) + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
    guest("GET", f"{path}/utilisation{window}", status=403)
    assert manager("GET", f"{path}/utilisation{window}")["open_h"] == 70
    assert manager("GET", f"{path}/usage{window}") == []
    guest("GET", f"{path}/calendar?start=2026-01-01T00:00:00Z&end=2027-01-01T00:00:00Z", status=422)
