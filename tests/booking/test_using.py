"""At the instrument, and what the rules settle when nobody does: no-shows, forgotten uses, lapsed holds, late gifts."""

from __future__ import annotations

import http.server
import json
import threading
from datetime import timedelta

import pytest
from tests.booking.made import NOW, acting, make_lab, refused, shanghai
from tests.factories import make_member, make_user

from headwater.accounts.audit import Actor
from headwater.accounts.models import AuditEntry, Notice
from headwater.booking import hooks
from headwater.booking.actions.changing import cancel, decide_request, hand_over, move
from headwater.booking.actions.interlocks import Undelivered, deliver, set_interlock, signature
from headwater.booking.actions.training import disqualify, qualify, warn_of_expiry
from headwater.booking.actions.using import forget_answers, settle, start_use, stop_use
from headwater.booking.actions.waiting import Wish, take_hold, wait, withdraw
from headwater.booking.models import Reservation, Signal, Usage, WaitingWish
from headwater.booking.utilisation import utilisation_of
from headwater.registry.facts import viewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    lab = make_lab()
    lab.policy()
    return lab


def start(lab, user, at):
    return start_use(lab.instrument.public_id, **acting(user), at=at)


def stop(lab, user, at):
    return stop_use(lab.instrument.public_id, **acting(user), at=at)


def wish(lab, user, start, end, minutes, at=NOW):
    return wait(Wish(lab.instrument.public_id, start, end, minutes), **acting(user), at=at)


def state(row):
    return Reservation.objects.get(pk=row.pk).state


def told(user):
    return [one.code for one in Notice.objects.filter(user=user).order_by("pk")]


# Using ----------------------------------------------------------------------------------------------------------
def test_use_is_recorded_against_the_booking_and_its_rest_is_free_again(lab):
    row = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 13))
    waiting = wish(lab, make_user(), shanghai(2, 9), shanghai(2, 13), 60)
    use = start(lab, lab.guest, shanghai(2, 8, 50))
    assert (use.reservation, state(row)) == (row, "in_use")
    stop(lab, lab.guest, shanghai(2, 11))
    row.refresh_from_db()
    assert (row.state, row.occupied.upper, row.end) == ("used", shanghai(2, 11), shanghai(2, 13))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.hold.start) == ("held", shanghai(2, 11))


def test_others_time_is_not_started_and_untrained_hands_neither(lab):
    lab.book(lab.guest, shanghai(2, 9), shanghai(2, 13))
    other = make_user()
    assert refused(start, lab, other, shanghai(2, 10)) == ("usage.reserved",)
    assert start(lab, other, shanghai(2, 14)).reservation is None
    lab.policy(needs_qualification=True, since=NOW - timedelta(days=1))
    assert refused(start, lab, make_user(), shanghai(3, 14)) == ("usage.in_use", "booking.not_qualified")


def test_manager_stops_another_s_use(lab):
    use = start(lab, lab.guest, shanghai(2, 10))
    assert stop(lab, lab.manager, shanghai(2, 11)).pk == use.pk
    assert refused(stop, lab, lab.guest, shanghai(2, 12)) == ("usage.none",)


# By rule --------------------------------------------------------------------------------------------------------
def test_booking_nobody_takes_up_is_missed_and_its_rest_offered(lab):
    lab.policy(no_show_minutes=30, most_missed=1, since=NOW - timedelta(days=1))
    row = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 13))
    waiting = wish(lab, make_user(), shanghai(2, 9), shanghai(2, 13), 60)
    assert settle(at=shanghai(2, 9, 29))["bookings"] == 0
    assert settle(at=shanghai(2, 9, 30))["bookings"] == 1
    assert settle(at=shanghai(2, 9, 31))["bookings"] == 0
    waiting.refresh_from_db()
    assert (state(row), waiting.state, waiting.hold.start) == ("missed", "held", shanghai(2, 9, 30))
    assert told(lab.guest) == ["booking.missed"]
    codes = refused(lab.book, lab.guest, shanghai(3, 9), shanghai(3, 10), at=shanghai(2, 20))
    assert codes == ("booking.too_many_missed",)


def test_late_cancellation_counts_and_an_early_one_does_not(lab):
    lab.policy(late_cancel_minutes=24 * 60, most_missed=1, since=NOW - timedelta(days=1))
    early = lab.book(lab.guest, shanghai(5, 9), shanghai(5, 10))
    assert cancel(early.public_id, expected_version=1, **acting(lab.guest), at=NOW).late is False
    late = lab.book(lab.guest, shanghai(1, 20), shanghai(1, 21))
    assert cancel(late.public_id, expected_version=1, **acting(lab.guest), at=NOW).late is True
    assert refused(lab.book, lab.guest, shanghai(5, 9), shanghai(5, 10)) == ("booking.too_many_missed",)


def test_forgotten_use_ends_at_its_booking_s_end_and_without_one_after_the_longest(lab):
    lab.policy(forgotten_minutes=60, max_minutes=120, since=NOW - timedelta(days=1))
    row = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 10))
    start(lab, lab.guest, shanghai(2, 9))
    assert settle(at=shanghai(2, 10, 59))["uses"] == 0
    assert settle(at=shanghai(2, 11))["uses"] == 1
    use = Usage.objects.get()
    assert (use.stopped_at, use.settled, state(row)) == (shanghai(2, 10), True, "used")
    assert told(lab.guest) == ["booking.use_settled"]
    start(lab, lab.guest, shanghai(3, 9))
    assert settle(at=shanghai(3, 12))["uses"] == 1
    assert Usage.objects.latest("pk").stopped_at == shanghai(3, 11)


def test_request_nobody_approves_expires_when_it_begins(lab):
    lab.policy(approval_for=frozenset({"outside"}), since=NOW - timedelta(days=1))
    row = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 10))
    assert told(lab.manager) == ["approval.asked"]
    settle(at=shanghai(2, 9))
    assert (state(row), told(lab.guest)) == ("expired", ["booking.expired"])


def test_decision_of_a_manager_is_told_once(lab):
    lab.policy(approval_for=frozenset({"outside"}), since=NOW - timedelta(days=1))
    rows = [lab.book(lab.guest, shanghai(2, hour), shanghai(2, hour + 1)) for hour in (9, 10)]
    for row, approve in zip(rows, (True, False), strict=True):
        decide_request(row.public_id, approve=approve, expected_version=1, **acting(lab.manager), at=NOW)
        again = {"approve": True, "expected_version": None, **acting(lab.manager), "at": NOW}
        codes = refused(decide_request, row.public_id, **again)
        assert codes == ("reservation.state_forbids",)
    assert [state(row) for row in rows] == ["confirmed", "declined"]
    assert told(lab.guest) == ["booking.approved", "booking.declined"]
    assert refused(
        decide_request, rows[0].public_id, approve=True, expected_version=None, **acting(make_user()), at=NOW
    ) == ("reservation.not_found",)


# The waiting list -----------------------------------------------------------------------------------------------
def test_first_who_fits_is_held_in_the_transaction_of_the_cancellation(lab):
    row = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 13))
    first, second, third = make_user(), make_user(), make_user()
    too_long = wish(lab, first, shanghai(2, 9), shanghai(2, 18), 600 - 60)
    fits = wish(lab, second, shanghai(2, 8), shanghai(2, 14), 180, at=NOW + timedelta(minutes=1))
    rest = wish(lab, third, shanghai(2, 9), shanghai(2, 13), 60, at=NOW + timedelta(minutes=2))
    cancel(row.public_id, expected_version=1, **acting(lab.guest), at=NOW + timedelta(minutes=3))
    for one in (too_long, fits, rest):
        one.refresh_from_db()
    assert [one.state for one in (too_long, fits, rest)] == ["waiting", "held", "held"]
    assert (fits.hold.start, fits.hold.held_until) == (shanghai(2, 8), NOW + timedelta(minutes=123))
    assert rest.hold.start == shanghai(2, 11)
    assert told(second) == ["waiting.held"]
    entries = AuditEntry.objects.filter(act__in=("booking.cancelled", "hold.made")).order_by("pk")
    assert [one.act for one in entries] == ["booking.cancelled", "hold.made", "hold.made"]


def test_hold_not_taken_goes_to_the_next_and_is_told(lab):
    row = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 10))
    first, second = make_user(), make_user()
    one = wish(lab, first, shanghai(2, 9), shanghai(2, 10), 60)
    two = wish(lab, second, shanghai(2, 9), shanghai(2, 10), 60, at=NOW + timedelta(minutes=1))
    cancel(row.public_id, expected_version=1, **acting(lab.guest), at=NOW + timedelta(minutes=2))
    one.refresh_from_db()
    late = NOW + timedelta(minutes=122)
    assert refused(take_hold, one.hold.public_id, **acting(first), at=late) == ("hold.lapsed",)
    assert settle(at=late)["holds"] == 1
    two.refresh_from_db()
    assert two.state == "held"
    assert told(first) == ["waiting.held", "waiting.lapsed"]
    taken = take_hold(two.hold.public_id, **acting(second), at=late)
    assert (taken.kind, taken.state, taken.holder) == ("booking", "confirmed", second)
    assert WaitingWish.objects.get(pk=two.pk).state == "booked"


def test_lapsed_hold_never_stands_in_the_way_of_a_booking(lab):
    row = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 10))
    wish(lab, make_user(), shanghai(2, 9), shanghai(2, 10), 60)
    cancel(row.public_id, expected_version=1, **acting(lab.guest), at=NOW)
    assert "booking.held" in refused(lab.book, lab.guest, shanghai(2, 9), shanghai(2, 10))
    made = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 10), at=NOW + timedelta(hours=3))
    assert made.state == "confirmed"


def test_wish_withdrawn_frees_its_hold_and_wishes_are_not_without_end(lab):
    one = wish(lab, lab.guest, shanghai(2, 9), shanghai(2, 10), 60)
    assert one.state == "held"
    withdraw(one.public_id, **acting(lab.guest), at=NOW)
    assert state(one.hold) == "cancelled"
    assert refused(withdraw, one.public_id, **acting(make_user()), at=NOW) == ("wish.not_found",)
    assert refused(wish, lab, lab.guest, shanghai(2, 9), shanghai(2, 10), 61) == ("wish.does_not_fit",)
    assert refused(wish, lab, lab.guest, shanghai(2, 9), shanghai(2, 9), 0) == ("wish.does_not_fit",)
    row = lab.book(make_user(), shanghai(9, 9), shanghai(9, 10))
    assert row.state == "confirmed"
    for _one in range(20):
        wish(lab, lab.guest, shanghai(9, 9), shanghai(9, 10), 60)
    assert refused(wish, lab, lab.guest, shanghai(9, 9), shanghai(9, 10), 60) == ("wish.too_many",)


# Changing -------------------------------------------------------------------------------------------------------
def test_begun_booking_may_be_shortened_and_not_stretched_into_the_past(lab):
    row = lab.book(lab.guest, shanghai(1, 9), shanghai(1, 12))
    at = shanghai(1, 10)
    moved = move(row.public_id, shanghai(1, 9), shanghai(1, 11), expected_version=1, **acting(lab.guest), at=at)
    assert moved.end == shanghai(1, 11)
    codes = refused(
        move, row.public_id, shanghai(1, 8), shanghai(1, 11), expected_version=2, **acting(lab.guest), at=at
    )
    assert codes == ("booking.in_the_past",)


def test_move_onto_taken_time_leaves_it_where_it_was(lab):
    lab.book(make_user(), shanghai(2, 9), shanghai(2, 10))
    row = lab.book(lab.guest, shanghai(2, 10), shanghai(2, 11))
    args = (row.public_id, shanghai(2, 9, 30), shanghai(2, 10, 30))
    assert refused(move, *args, expected_version=1, **acting(lab.guest), at=NOW) == ("booking.taken",)
    row.refresh_from_db()
    assert (row.start, row.version) == (shanghai(2, 10), 1)


def test_hand_over_asks_for_the_new_holder_s_quota_and_training(lab):
    lab.policy(needs_qualification=True, person_week_minutes=120, since=NOW - timedelta(days=1))
    other = make_user()
    for user in (lab.guest, other):
        qualify(lab.instrument.public_id, user.email, **acting(lab.manager), at=NOW)
    row = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    mine = lab.book(other, shanghai(3, 9), shanghai(3, 10))
    args = (row.public_id, other.email)
    assert refused(hand_over, *args, expected_version=1, **acting(lab.guest), at=NOW) == ("booking.their_quota",)
    cancel(mine.public_id, expected_version=1, **acting(other), at=NOW)
    disqualify(lab.instrument.public_id, other.email, **acting(lab.manager), at=NOW)
    assert refused(hand_over, *args, expected_version=1, **acting(lab.guest), at=NOW) == ("booking.not_qualified",)
    qualify(lab.instrument.public_id, other.email, **acting(lab.manager), at=NOW)
    assert hand_over(*args, expected_version=1, **acting(lab.guest), at=NOW).holder == other
    assert told(other)[-1] == "booking.handed_to_you"


def test_peak_and_off_peak_are_counted_apart(lab):
    peak = [[["09:00", "17:00"]]] * 5 + [[], []]
    made = lab.policy(person_peak_minutes=120, person_off_peak_minutes=60, since=NOW - timedelta(days=1))
    made.peak = peak
    made.save()
    lab.book(lab.guest, shanghai(2, 8), shanghai(2, 11))  # one hour outside of the busy ones, two within
    assert refused(lab.book, lab.guest, shanghai(3, 9), shanghai(3, 10)) == ("booking.person_peak_quota",)
    assert refused(lab.book, lab.guest, shanghai(3, 18), shanghai(3, 19)) == ("booking.person_off_peak_quota",)
    assert lab.book(lab.guest, shanghai(10, 9), shanghai(10, 11)).state == "confirmed"


def test_qualification_that_ends_soon_is_told_once(lab):
    lab.policy(needs_qualification=True, qualification_days=60, since=NOW - timedelta(days=1))
    qualify(lab.instrument.public_id, lab.guest.email, **acting(lab.manager), at=NOW)
    assert warn_of_expiry(at=NOW + timedelta(days=10)) == 0
    assert warn_of_expiry(at=NOW + timedelta(days=31)) == 1
    assert warn_of_expiry(at=NOW + timedelta(days=32)) == 0
    assert told(lab.guest) == ["training.qualified", "training.expires"]


class Elsewhere(hooks.Listener):
    """A training that another house gave."""

    def recognised(self, user_id, instrument_id, *, at):
        return True, None


def test_training_recognised_from_elsewhere_opens_the_gate(lab, monkeypatch):
    lab.policy(needs_qualification=True, since=NOW - timedelta(days=1))
    assert refused(lab.book, lab.guest, shanghai(2, 9), shanghai(2, 10)) == ("booking.not_qualified",)
    monkeypatch.setattr(hooks, "LISTENERS", [Elsewhere()])
    assert lab.book(lab.guest, shanghai(2, 9), shanghai(2, 10)).state == "confirmed"


# What it was used for -------------------------------------------------------------------------------------------
def test_utilisation_adds_up(lab):
    lab.policy(week=[[["08:00", "18:00"]]] * 7, since=NOW - timedelta(days=1))
    inside, outside = make_user(), lab.guest
    make_member(inside, lab.instrument.owner, "member")
    lab.book(inside, shanghai(2, 8), shanghai(2, 12))
    lab.book(outside, shanghai(2, 14), shanghai(2, 18))
    start(lab, inside, shanghai(2, 8))
    stop(lab, inside, shanghai(2, 11))
    start(lab, outside, shanghai(2, 14))
    stop(lab, outside, shanghai(2, 15))
    found = utilisation_of(lab.instrument, shanghai(2, 0), shanghai(3, 0), at=shanghai(3, 0))
    assert (found.open_h, found.booked_h, found.used_h, found.idle_h) == (10, 8, 4, 4)
    assert (found.utilisation, found.outside_share, found.bookings) == (0.4, 0.25, 2)


def test_old_answers_are_forgotten():
    assert forget_answers(at=NOW) == 0


# The interlock --------------------------------------------------------------------------------------------------
class Lock(http.server.BaseHTTPRequestHandler):
    """A device that locks an instrument."""

    took: list = []
    answers: list = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.took.append((dict(self.headers), body))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.end_headers()

    def log_message(self, *_args):
        pass


@pytest.fixture
def device(settings):
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lock)
    Lock.took, Lock.answers = [], []
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    values = {**settings.ENVIRONMENT.values, "HEADWATER_INTERLOCK_HOSTS": "127.0.0.1, lock.example.org"}
    settings.ENVIRONMENT = type(settings.ENVIRONMENT)(values)
    yield f"http://127.0.0.1:{served.server_address[1]}/lock"
    served.shutdown()
    served.server_close()
    thread.join()


def test_interlock_is_told_of_start_and_stop_in_order_and_signed(lab, device):
    interlock, secret = set_interlock(lab.instrument.public_id, device, **acting(lab.manager), at=NOW)
    row = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    use = start(lab, lab.guest, shanghai(2, 9))
    stop(lab, lab.guest, shanghai(2, 10))
    Lock.answers = [503]  # the device is not ready, and is told again later
    with pytest.raises(Undelivered, match="HTTP 503"):
        deliver(interlock.pk, at=NOW)
    assert deliver(interlock.pk, at=NOW) == 2
    assert deliver(interlock.pk, at=NOW) == 0
    bodies = [json.loads(body) for _headers, body in Lock.took]
    assert [one["event"] for one in bodies] == ["use.started", "use.started", "use.stopped"]
    assert bodies[0] == bodies[1]
    assert (bodies[0]["usage"], bodies[0]["reservation"]) == (use.public_id, row.public_id)
    for headers, body in Lock.took:
        assert headers["Headwater-Signature"] == signature(secret, body)
    assert Signal.objects.filter(delivered_at=None).count() == 0


def test_interlock_that_is_away_keeps_what_it_is_to_be_told(lab, device):
    interlock, _secret = set_interlock(lab.instrument.public_id, device + "x", **acting(lab.manager), at=NOW)
    interlock.url = "http://127.0.0.1:9/"  # nobody listens there
    interlock.save()
    start(lab, lab.guest, shanghai(2, 9))
    with pytest.raises(Undelivered, match="Connection"):
        deliver(interlock.pk, at=NOW)
    signal = Signal.objects.get()
    assert (signal.delivered_at, signal.tries) == (None, 1)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://10.0.0.1/admin", "interlock.host_forbidden"),
        ("http://user:secret@127.0.0.1/", "interlock.unreadable"),
        ("file:///etc/passwd", "interlock.unreadable"),
        ("http://[::1", "interlock.unreadable"),
        ("http://127.0.0.1:99999/", "interlock.unreadable"),
        ("lock", "interlock.unreadable"),
    ],
)
def test_interlock_reaches_no_host_that_the_operator_did_not_name(lab, device, url, code):
    assert refused(set_interlock, lab.instrument.public_id, url, **acting(lab.manager), at=NOW) == (code,)
    args = {"viewer": viewer_of(lab.guest), "by": Actor(lab.guest, "page"), "at": NOW}
    assert refused(set_interlock, lab.instrument.public_id, device, **args) == ("organisation.not_yours",)
