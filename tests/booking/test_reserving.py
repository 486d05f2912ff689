"""Taking time: what is booked, what is refused and why, and that nothing is written where it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from tests.booking.made import NOW, acting, make_lab, refused, shanghai
from tests.factories import make_member, make_organisation, make_user

from headwater.accounts.audit import Actor
from headwater.accounts.models import AuditEntry
from headwater.booking import queries
from headwater.booking.actions import reserving
from headwater.booking.actions.reserving import Repeat, book_series
from headwater.booking.models import Qualification, Reservation
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of
from headwater.registry.rules import ANYBODY

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make_lab()


def test_booking_stands_with_its_trail(lab):
    made = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11), project="Alloys", note="two samples")
    row = Reservation.objects.get()
    assert (row.public_id, row.start, row.end) == (made.public_id, shanghai(2, 9), shanghai(2, 11))
    assert (row.kind, row.state, row.holder, row.made_by) == ("booking", "confirmed", lab.guest, lab.guest)
    assert (row.project, row.note, row.version, row.sequence) == ("Alloys", "two samples", 1, 0)
    entry = AuditEntry.objects.get(subject=made.public_id)
    assert (entry.act, entry.actor, entry.at) == ("booking.made", lab.guest, NOW)
    assert entry.decision == {"allowed": True, "reasons": []}


def test_taken_time_is_refused_with_what_stands_there_and_the_nearest_free(lab):
    lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    other = make_user()
    with pytest.raises(Refused) as caught:
        lab.book(other, shanghai(2, 10), shanghai(2, 12))
    assert caught.value.decision.codes == ("booking.taken", *["booking.free_instead"] * 3)
    taken, *free = (dict(reason.facts) for reason in caught.value.decision.reasons)
    assert (taken["start"], taken["end"]) == ("2026-06-02 09:00", "2026-06-02 11:00")
    assert [one["start"] for one in free] == ["2026-06-02 11:00", "2026-06-01 16:00", "2026-06-03 08:00"]
    assert lab.guest.name not in str(caught.value.decision.as_json())
    assert Reservation.objects.count() == 1


def test_every_suggested_span_can_be_booked(lab):
    lab.policy(week=[[["08:00", "12:00"], ["13:00", "17:00"]]] * 7, setup_minutes=15, cleanup_minutes=30)
    lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    with pytest.raises(Refused) as caught:
        lab.book(make_user(), shanghai(2, 9), shanghai(2, 11))
    free = [reason.facts for reason in caught.value.decision.reasons if reason.code == "booking.free_instead"]
    assert len(free) == 3
    for one in free:
        start, end = (datetime.fromisoformat(one[name]) for name in ("start_at", "end_at"))
        assert lab.book(make_user(), start, end).state == "confirmed"


def test_time_that_touches_is_free(lab):
    lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    lab.book(lab.guest, shanghai(2, 11), shanghai(2, 12))
    lab.book(lab.guest, shanghai(2, 8), shanghai(2, 9))
    assert Reservation.objects.count() == 3


def test_set_up_and_clean_up_keep_others_away(lab):
    lab.policy(setup_minutes=15, cleanup_minutes=30)
    made = lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    assert (made.occupied.lower, made.occupied.upper) == (shanghai(2, 8, 45), shanghai(2, 11, 30))
    assert "booking.taken" in refused(lab.book, make_user(), shanghai(2, 11, 30), shanghai(2, 12, 30))
    assert lab.book(make_user(), shanghai(2, 11, 45), shanghai(2, 12, 45)).state == "confirmed"


def test_all_reasons_come_at_once(lab):
    lab.policy(
        week=[[["08:00", "18:00"]]] * 7,
        max_minutes=120,
        horizon_days=10,
        needs_qualification=True,
        person_week_minutes=60,
    )
    codes = refused(lab.book, lab.guest, shanghai(13, 16, 7), shanghai(13, 19))
    assert codes == (
        "booking.too_far",
        "booking.too_long",
        "booking.off_grid",
        "booking.closed",
        "booking.person_quota",
        "booking.not_qualified",
    )
    assert Reservation.objects.count() == 0
    assert not AuditEntry.objects.filter(act="booking.made").exists()


def test_manager_passes_rules_on_a_written_ground_alone(lab):
    lab.policy(max_minutes=60)
    start, end = shanghai(2, 9), shanghai(2, 11)
    assert refused(lab.book, lab.manager, start, end, waive=["booking.too_long"]) == (
        "booking.too_long",
        "waiver.ground_missing",
    )
    more = {"waive": ["booking.too_long"], "ground": "A long measurement, agreed by phone."}
    assert refused(lab.book, lab.guest, start, end, **more) == ("waiver.not_yours", "booking.too_long")
    made = lab.book(lab.manager, start, end, **more)
    entry = AuditEntry.objects.get(subject=made.public_id)
    assert (entry.waived, entry.ground) == (["booking.too_long"], "A long measurement, agreed by phone.")


def test_nobody_passes_time_that_is_taken(lab):
    lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    codes = refused(
        lab.book, lab.manager, shanghai(2, 9), shanghai(2, 11), waive=["booking.taken"], ground="I am the manager."
    )
    assert codes[0] == "booking.taken"


def test_quota_of_a_week_counts_what_falls_into_it(lab):
    lab.policy(person_week_minutes=300, max_minutes=600)
    lab.book(lab.guest, shanghai(7, 22), shanghai(8, 2))  # Sunday to Monday: two hours in each week
    assert refused(lab.book, lab.guest, shanghai(9, 9), shanghai(9, 13)) == ("booking.person_quota",)
    lab.book(lab.guest, shanghai(9, 9), shanghai(9, 12))
    assert refused(lab.book, lab.guest, shanghai(10, 9), shanghai(10, 10)) == ("booking.person_quota",)
    assert lab.book(make_user(), shanghai(10, 9), shanghai(10, 10)).state == "confirmed"


def test_quota_of_an_organisation_counts_all_its_people(lab):
    lab.policy(organisation_week_minutes=180)
    company = make_organisation(kind="company")
    people = [make_user(), make_user()]
    for one in people:
        make_member(one, company, "member")
    lab.book(people[0], shanghai(2, 9), shanghai(2, 11))
    assert refused(lab.book, people[1], shanghai(3, 9), shanghai(3, 11)) == ("booking.organisation_quota",)
    assert lab.book(people[1], shanghai(3, 9), shanghai(3, 10)).organisation == company


@pytest.mark.parametrize(
    ("expires", "codes"),
    [
        (None, ()),
        (shanghai(1, 12), ("booking.qualification_ends",)),
        (NOW - timedelta(days=1), ("booking.not_qualified",)),
    ],
)
def test_qualification_must_last_until_the_end(lab, expires, codes):
    lab.policy(needs_qualification=True)
    Qualification.objects.create(
        user=lab.guest, instrument=lab.instrument, granted_at=NOW - timedelta(days=9), expires_at=expires
    )
    if codes:
        assert refused(lab.book, lab.guest, shanghai(2, 9), shanghai(2, 10)) == codes
    else:
        assert lab.book(lab.guest, shanghai(2, 9), shanghai(2, 10)).state == "confirmed"


def test_approval_depends_on_the_kind_of_user(lab):
    lab.policy(approval_for=frozenset({"company"}))
    engineer, student = make_user(), make_user()
    make_member(engineer, make_organisation(kind="company"), "member")
    make_member(student, make_organisation(), "member")
    assert lab.book(engineer, shanghai(2, 9), shanghai(2, 10)).state == "requested"
    assert lab.book(student, shanghai(2, 10), shanghai(2, 11)).state == "confirmed"
    assert refused(lab.book, student, shanghai(2, 9), shanghai(2, 10))[0] == "booking.taken"


def test_only_managers_book_for_others(lab):
    assert refused(lab.book, lab.guest, shanghai(2, 9), shanghai(2, 10), holder=lab.manager.email) == (
        "booking.for_other",
    )
    made = lab.book(lab.manager, shanghai(2, 9), shanghai(2, 10), holder=lab.guest.email)
    assert (made.holder, made.made_by) == (lab.guest, lab.manager)


def test_stranger_is_asked_to_sign_in(lab):
    ask = lab.ask(shanghai(2, 9), shanghai(2, 10))
    assert refused(reserving.book, ask, ANYBODY, by=Actor(None, "page"), at=NOW) == ("sign_in.needed",)


def test_hidden_instrument_is_as_if_it_were_not_there():
    hidden = make_lab(visibility="organisation")
    codes = refused(hidden.book, hidden.guest, shanghai(2, 9), shanghai(2, 10))
    assert codes == ("instrument.not_found",)
    assert hidden.book(hidden.manager, shanghai(2, 9), shanghai(2, 10)).state == "confirmed"


def test_beamlines_are_not_booked_and_what_is_down_is_not_either():
    lab = make_lab(access="proposal", status="out_of_service")
    codes = refused(lab.book, lab.guest, shanghai(2, 9), shanghai(2, 10))
    assert codes == ("booking.not_by_booking", "booking.not_operating")


def helped(lab, start, end):
    with pytest.raises(Refused) as caught:
        lab.book(lab.guest, start, end)
    return [
        one for one in caught.value.decision.reasons if one.code in ("booking.free_instead", "booking.shorter_instead")
    ]


def test_no_other_time_helps_where_nothing_is_booked():
    lab = make_lab(access="proposal")
    lab.book(lab.manager, shanghai(2, 9), shanghai(2, 10))
    assert helped(lab, shanghai(2, 9), shanghai(2, 10)) == []


def test_other_times_are_no_longer_than_a_limit_ever_lets_have(lab):
    lab.policy(person_week_minutes=130, step_minutes=60)
    other = make_user()
    lab.book(other, shanghai(2, 9), shanghai(2, 10))
    found = helped(lab, shanghai(2, 9), shanghai(2, 15))
    lengths = {
        datetime.fromisoformat(one.facts["end_at"]) - datetime.fromisoformat(one.facts["start_at"]) for one in found
    }
    assert found
    assert lengths == {timedelta(hours=2)}


# The database's own guarantee -----------------------------------------------------------------------------------
def row(lab, start, end, *, state="confirmed", **more):
    return Reservation(
        public_id=f"res_{start.isoformat()}{state}",
        instrument=lab.instrument,
        span=queries.span_of(start, end),
        occupied=queries.span_of(start, end),
        kind="booking",
        state=state,
        holder=lab.guest,
        created_at=NOW,
        updated_at=NOW,
        **more,
    )


@pytest.mark.parametrize("state", ["requested", "confirmed", "in_use", "used"])
def test_database_refuses_overlap_whoever_writes(lab, state):
    lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    with pytest.raises(IntegrityError, match="reservation_never_twice"), transaction.atomic():
        row(lab, shanghai(2, 10), shanghai(2, 12), state=state).save()
    row(lab, shanghai(2, 10), shanghai(2, 12), state="cancelled").save()
    row(make_lab(), shanghai(2, 10), shanghai(2, 12), state=state).save()
    assert Reservation.objects.count() == 3


def test_collision_past_the_lock_is_told_as_taken(lab, monkeypatch):
    """A writer that never took the lock stands in the way: the action does not see it, the constraint does."""
    seen = reserving.load_of
    calls = []

    def blind(*args, **more):
        calls.append(1)
        if len(calls) == 1:
            row(lab, shanghai(2, 9), shanghai(2, 10)).save()
            return reserving.Load()
        return seen(*args, **more)

    monkeypatch.setattr(reserving, "load_of", blind)
    with pytest.raises(IntegrityError, match="reservation_never_twice"), transaction.atomic():
        lab.book(lab.guest, shanghai(2, 9), shanghai(2, 10))  # inside a caller's transaction: his to do anew
    assert len(calls) == 1


# Clocks ---------------------------------------------------------------------------------------------------------
def berlin(month, day, hour, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo("Europe/Berlin"))


def test_opening_hours_follow_the_clocks_over_the_change():
    lab = make_lab(zone="Europe/Berlin")
    at = datetime(2026, 3, 20, tzinfo=UTC)
    for day in (27, 30):  # the clocks change on the 29th: 08:00 is 07:00 UTC before and 06:00 UTC after
        assert lab.book(lab.guest, berlin(3, day, 8), berlin(3, day, 10), at=at).state == "confirmed"
    assert "booking.closed" in refused(lab.book, lab.guest, berlin(3, 31, 7), berlin(3, 31, 9), at=at)
    starts = Reservation.objects.order_by("span").values_list("span", flat=True)
    assert [one.lower.astimezone(UTC).hour for one in starts] == [7, 6]


def test_booking_over_midnight_and_the_change_is_as_long_as_it_is():
    lab = make_lab(zone="Europe/Berlin")
    lab.policy(week=[[["22:00", "06:00"]]] * 7, max_minutes=420, since=datetime(2026, 1, 1, tzinfo=UTC))
    at = datetime(2026, 3, 20, tzinfo=UTC)
    short = lab.book(lab.guest, berlin(3, 28, 22), berlin(3, 29, 6), at=at)  # the night that lacks an hour
    assert short.end.astimezone(UTC) - short.start.astimezone(UTC) == timedelta(hours=7)
    assert refused(lab.book, lab.guest, berlin(3, 30, 22), berlin(3, 31, 6), at=at) == ("booking.too_long",)


# Series ---------------------------------------------------------------------------------------------------------
def test_series_keeps_the_wall_clock_over_the_change():
    lab = make_lab(zone="Europe/Berlin")
    at = datetime(2026, 3, 20, tzinfo=UTC)
    made = book_series(lab.ask(berlin(3, 24, 9), berlin(3, 24, 10)), Repeat(7, 3), **acting(lab.guest), at=at)
    starts = [one.start.astimezone(ZoneInfo("Europe/Berlin")) for one in made.booked]
    assert [(one.day, one.hour) for one in starts] == [(24, 9), (31, 9), (7, 9)]
    assert len({one.astimezone(UTC).hour for one in starts}) == 2
    assert {one.series for one in made.booked} == {made.series}


def test_series_is_all_or_nothing_and_names_the_days(lab):
    lab.book(make_user(), shanghai(9, 9), shanghai(9, 10))
    with pytest.raises(Refused) as caught:
        book_series(lab.ask(shanghai(2, 9), shanghai(2, 10)), Repeat(7, 3), **acting(lab.guest), at=NOW)
    assert caught.value.decision.codes[:2] == ("series.day", "booking.taken")
    assert caught.value.decision.reasons[0].facts == {"day": "2026-06-09"}
    assert Reservation.objects.count() == 1


def test_series_skips_what_is_taken_where_asked_and_says_which(lab):
    lab.book(make_user(), shanghai(9, 9), shanghai(9, 10))
    repeat = Repeat(7, 4, without=frozenset({date(2026, 6, 16)}), skip_conflicts=True)
    made = book_series(lab.ask(shanghai(2, 9), shanghai(2, 10)), repeat, **acting(lab.guest), at=NOW)
    assert [one.start for one in made.booked] == [shanghai(2, 9), shanghai(23, 9)]
    assert [(day, decision.codes[0]) for day, decision in made.skipped] == [(date(2026, 6, 9), "booking.taken")]


def test_series_counts_its_own_bookings_against_the_quota(lab):
    lab.policy(person_week_minutes=180)
    ask = lab.ask(shanghai(1, 9), shanghai(1, 10))
    assert "booking.person_quota" in refused(book_series, ask, Repeat(1, 4), **acting(lab.guest), at=NOW)
    made = book_series(ask, Repeat(1, 4, skip_conflicts=True), **acting(lab.guest), at=NOW)
    assert (len(made.booked), len(made.skipped)) == (3, 1)


def test_series_of_any_other_shape_is_refused(lab):
    ask = lab.ask(shanghai(2, 9), shanghai(2, 10))
    for repeat in (Repeat(0, 3), Repeat(7, 1), Repeat(7, 61)):
        assert refused(book_series, ask, repeat, **acting(lab.guest), at=NOW) == ("series.shape",)


def test_preview_decides_as_booking_does_and_writes_nothing(lab):
    ask = lab.ask(shanghai(2, 9), shanghai(2, 20))
    decision = reserving.preview(ask, viewer_of(lab.guest), by=Actor(lab.guest, "page"), at=NOW)
    with pytest.raises(Refused) as caught:
        lab.book(lab.guest, ask.start, ask.end)
    assert decision == caught.value.decision
    assert Reservation.objects.count() == 0
