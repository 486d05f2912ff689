"""The limits of a week: of a person, her organisation and her group, on one instrument or on an owner's together."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given, strategies as st
from tests.booking.made import ALWAYS, NOW, SHANGHAI, acting, make_lab, refused, shanghai
from tests.booking.shared import House, make_house
from tests.factories import make_instrument, make_member, make_organisation, make_user

from headwater.booking import rules
from headwater.booking.actions.changing import cancel, hand_over, move
from headwater.booking.actions.managing import PolicyDraft
from headwater.booking.actions.reserving import Repeat, book_series, preview
from headwater.booking.actions.using import settle
from headwater.booking.actions.waiting import Wish, take_hold, wait
from headwater.booking.hours import read_hours
from headwater.booking.limits import Whose, quotas_within
from headwater.booking.models import GroupMember, Reservation
from headwater.booking.policies import DEFAULT_TERMS, NEVER, InForce
from headwater.booking.queries import Spender
from headwater.booking.replay import replayed
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def house() -> House:
    return make_house()


def reasons_of(call, *args, **more):
    with pytest.raises(Refused) as caught:
        call(*args, **more)
    return {one.code: dict(one.facts) for one in caught.value.decision.reasons}


# Rules ----------------------------------------------------------------------------------------------------------
def quota(who="person", when="week", *, have=0, asked=60, most=120, **more):
    return rules.Quota(who, when, "2026-06-01", "2026-06-08", asked, have, most, **more)


def facts(*quotas, for_other=False, manages=False):
    return rules.BookFacts(
        asker=rules.Asker(signed_in=True, may_write=True, manages=manages),
        holder_kind="outside",
        for_other=for_other,
        access="booking",
        status="operating",
        start=shanghai(2, 9),
        end=shanghai(2, 10),
        zone=SHANGHAI,
        terms=DEFAULT_TERMS,
        quotas=quotas,
    )


@pytest.mark.parametrize("who", ["person", "organisation", "group"])
@pytest.mark.parametrize(("when", "part"), [("week", ""), ("peak", "_peak"), ("off_peak", "_off_peak")])
@pytest.mark.parametrize(("owner", "end"), [("", ""), ("The Laboratory", "_together")])
def test_each_limit_has_its_reason(who, when, part, owner, end):
    full = quota(who, when, have=90, owner=owner)
    decision = rules.may_book(facts(full), now=NOW)
    assert decision.codes == (f"booking.{who}{part}_quota{end}",)
    known = {"week": "2026-06-01", "until": "2026-06-08", "asked": 60, "have": 90, "left": 30, "most": 120}
    assert dict(decision.reasons[0].facts) == known | ({"owner": owner} if owner else {})
    assert not decision.allowed()
    assert decision.allowed(waived=decision.codes)


@given(st.integers(0, 300), st.integers(1, 300), st.integers(0, 300), st.integers(0, 300))
def test_a_greater_limit_and_less_booked_never_refuse_what_was_allowed(have, asked, most, less):
    before = rules.may_book(facts(quota(have=have, asked=asked, most=most)), now=NOW)
    after = rules.may_book(facts(quota(have=max(have - less, 0), asked=asked, most=most + less)), now=NOW)
    assert before.allowed() == (have + asked <= most)
    assert after.allowed() or not before.allowed()


def test_how_much_somebody_else_has_booked_is_not_told():
    full = quota("group", have=90, whose="Catalysis"), quota("person", have=100)
    stranger = rules.may_take_over(facts(*full, for_other=True))
    assert [(one.code, dict(one.facts)) for one in stranger.reasons] == [
        ("booking.their_quota", {"week": "2026-06-01"})
    ]
    manager = rules.may_take_over(facts(*full, for_other=True, manages=True))
    assert manager.codes == ("booking.group_quota", "booking.person_quota")


def test_limits_on_many_instruments_may_be_longer_than_a_week():
    asker = rules.Asker(signed_in=True, may_write=True, manages=True)

    def codes(**terms):
        made = rules.Terms(**terms)
        return rules.may_set_policy(rules.PolicyFacts(asker, made, (), NOW), now=NOW).codes

    assert codes(group_week_minutes=7 * 1440) == ()
    assert codes(group_week_minutes=7 * 1440 + 1) == ("policy.too_large",)
    assert codes(group_week_minutes=100_000, limits_together=True) == ()
    assert codes(group_week_minutes=1_000_001, limits_together=True) == ("policy.too_large",)


# Counting against a plain count of minutes ----------------------------------------------------------------------
@dataclass(frozen=True)
class Piece:
    start: datetime
    end: datetime
    person: bool
    organisation: bool
    group: bool


ZONES = ("Asia/Shanghai", "Europe/Berlin")  # the second changes its clocks on 2026-03-29
PEAK = read_hours([[["09:00", "17:00"]]] * 5 + [[], [["22:00", "02:00"]]])


@st.composite
def histories(draw):
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    base = datetime(2026, 3, 23, tzinfo=zone).astimezone(UTC)
    starts = st.integers(-72, 400)
    pieces = [
        Piece(base + HOUR * start / 2, base + HOUR * (start + length) / 2, *whose)
        for start, length, whose in draw(
            st.lists(st.tuples(starts, st.integers(1, 60), st.tuples(*[st.booleans()] * 3)), max_size=8)
        )
    ]
    start, length = draw(starts), draw(st.integers(1, 80))
    return zone, pieces, base + HOUR * start / 2, base + HOUR * (start + length) / 2


def brute(zone, spans, monday, when):
    """Half hours of spans that lie in a week's part, each span by itself."""
    count = 0
    for start, end in spans:
        at = start
        while at < end:
            local = at.astimezone(zone)
            in_week = monday <= local.date() < monday + timedelta(days=7)
            late = (local.weekday() == 6 and local.hour >= 22) or (local.weekday() == 0 and local.hour < 2)
            busy = (local.weekday() < 5 and 9 <= local.hour < 17) or late
            count += in_week and (when == "week" or busy == (when == "peak"))
            at += HOUR / 2
    return 30 * count


@given(histories())
def test_quotas_match_a_count_of_half_hours(history):
    zone, pieces, start, end = history
    limits = {f"{who}_{when}_minutes": 600 for who, when in rules.QUOTAS}
    held = InForce(1, rules.Terms(**limits), NEVER, zone, None, PEAK)
    whose = Whose(Spender(1, 2, 3, None), "Catalysis", "The Laboratory")
    found = quotas_within(pieces, held, start, end, whose)
    told = {(one.who, one.when, one.monday): (one.asked, one.have) for one in found}
    expected = {}
    monday = start.astimezone(zone).date() - timedelta(days=start.astimezone(zone).weekday())
    while monday <= end.astimezone(zone).date():
        for who, when in rules.QUOTAS:
            asked = brute(zone, [(start, end)], monday, when)
            have = brute(zone, [(one.start, one.end) for one in pieces if getattr(one, who)], monday, when)
            if asked:
                expected[who, when, monday.isoformat()] = (asked, have)
        monday += timedelta(days=7)
    assert told == expected
    assert all(one.owner == "The Laboratory" for one in found)
    assert {one.whose for one in found} <= {"", "Catalysis"}


def test_random_bookings_match_a_count_by_hand(house):
    """Four people on four instruments, who move and cancel too: what is let through is what a count of all that stands
    would let through."""
    rng = random.Random(20260601)
    people = [make_user() for _one in range(4)]
    team = make_organisation()
    for one in people[:2]:
        make_member(one, team, "member")
    house.group("A", *people[1:3])
    house.instruments.append(make_instrument(owner=house.owner))
    house.policy(
        person_week_minutes=360, organisation_week_minutes=480, group_week_minutes=420, limits_together=True,
        max_minutes=600, horizon_days=60,
    )  # fmt: skip
    house.policy(house.instruments[3], max_minutes=600)  # stands apart
    counts = {"booked": 0, "refused": 0}

    def room(user, start, end, but=None):
        """By hand: is there room for this in each week, for her, her organisation, her group?"""
        standing = [
            row
            for row in Reservation.objects.filter(state__in=("confirmed", "requested")).select_related("holder")
            if row.instrument_id != house.instruments[3].pk and row != but
        ]
        sets = [({user}, 360)]
        sets += [(set(people[:2]), 480)] if user in people[:2] else []
        sets += [(set(people[1:3]), 420)] if user in people[1:3] else []
        for week in range(5):
            begins, ends = shanghai(1 + 7 * week, 0), shanghai(8 + 7 * week, 0)
            asked = max(min(end, ends) - max(start, begins), timedelta(0))
            for who, most in sets:
                used = sum(
                    (
                        max(min(row.end, ends) - max(row.start, begins), timedelta(0))
                        for row in standing
                        if row.holder in who
                    ),
                    timedelta(0),
                )
                if asked and used + asked > timedelta(minutes=most):
                    return False
        return True

    for _one in range(120):
        user, number = rng.choice(people), rng.randrange(4)
        start = shanghai(2, 0) + HOUR * rng.randrange(13 * 24)
        end = start + timedelta(minutes=30 * rng.randint(1, 8))
        free = not Reservation.objects.filter(
            instrument=house.instruments[number], state="confirmed", occupied__overlap=(start, end)
        ).exists()
        mine = list(Reservation.objects.filter(holder=user, state="confirmed", instrument=house.instruments[number]))
        act = rng.random()
        if act < 0.15 and mine:
            cancel(rng.choice(mine).public_id, expected_version=None, **acting(user), at=NOW)
            continue
        row = rng.choice(mine) if act < 0.3 and mine else None
        if row is not None:
            free = not Reservation.objects.filter(
                instrument=row.instrument, state="confirmed", occupied__overlap=(start, end)
            ).exclude(pk=row.pk).exists()  # fmt: skip
        expected = free and (number == 3 or room(user, start, end, row))
        try:
            if row is None:
                house.book(user, number, start, end)
            else:
                move(row.public_id, start, end, expected_version=None, **acting(user), at=NOW)
            done = True
        except Refused:
            done = False
        assert done == expected, (user, number, start, end, row)
        counts["booked" if done else "refused"] += 1
    assert counts["booked"] > 30
    assert counts["refused"] > 30


# Together, and apart --------------------------------------------------------------------------------------------
def test_each_instrument_has_limits_of_its_own_unless_they_count_together(house):
    user = make_user()
    house.policy(person_week_minutes=120)
    for number in range(3):
        house.book(user, number, shanghai(2, 9), shanghai(2, 11))
    assert refused(house.book, user, 0, shanghai(3, 9), shanghai(3, 10)) == ("booking.person_quota",)


def test_limits_together_count_all_of_the_owner_s_instruments(house):
    user = make_user()
    house.policy(person_week_minutes=180, limits_together=True)
    beside = make_lab()  # another owner's, in the same week
    beside.book(user, shanghai(2, 9), shanghai(2, 17))
    house.book(user, 0, shanghai(2, 9), shanghai(2, 11))
    assert preview(house.ask(1, shanghai(2, 9), shanghai(2, 10)), **acting(user), at=NOW).allowed()
    found = reasons_of(house.book, user, 1, shanghai(2, 9), shanghai(2, 11))
    assert found["booking.person_quota_together"] == {
        "week": "2026-06-01",
        "until": "2026-06-08",
        "asked": 120,
        "have": 120,
        "left": 60,
        "most": 180,
        "owner": "The Laboratory",
    }
    assert found["booking.shorter_instead"]["end"] == "2026-06-02 10:00"
    house.book(user, 1, shanghai(2, 9), shanghai(2, 10))  # two instruments at once count twice
    assert refused(house.book, user, 2, shanghai(7, 23), shanghai(8, 0)) == ("booking.person_quota_together",)
    house.book(user, 2, shanghai(8, 0), shanghai(8, 3))
    house.book(make_user(), 2, shanghai(2, 9), shanghai(2, 12))


def test_an_instrument_with_rules_of_its_own_stands_apart_or_counts_too(house):
    user = make_user()
    apart, along = house.instruments[1:]
    house.policy(person_week_minutes=180, limits_together=True)
    house.policy(apart, person_week_minutes=60)
    house.policy(along, person_week_minutes=240, limits_together=True)
    house.book(user, 1, shanghai(2, 9), shanghai(2, 10))
    assert refused(house.book, user, 1, shanghai(3, 9), shanghai(3, 10)) == ("booking.person_quota",)
    house.book(user, 0, shanghai(2, 9), shanghai(2, 12))
    assert refused(house.book, user, 0, shanghai(3, 9), shanghai(3, 10)) == ("booking.person_quota_together",)
    house.book(user, 2, shanghai(3, 9), shanghai(3, 10))  # its own limit is higher
    assert refused(house.book, user, 2, shanghai(3, 10), shanghai(3, 11)) == ("booking.person_quota_together",)


def test_what_is_given_up_is_free_again_and_what_is_missed_is_not(house):
    user = make_user()
    house.policy(person_week_minutes=120, limits_together=True, no_show_minutes=15)
    first = house.book(user, 0, shanghai(1, 9), shanghai(1, 10))
    second = house.book(user, 1, shanghai(2, 9), shanghai(2, 10))
    assert refused(house.book, user, 2, shanghai(3, 9), shanghai(3, 10)) == ("booking.person_quota_together",)
    settle(at=shanghai(1, 9, 30))
    first.refresh_from_db()
    assert first.state == "missed"
    assert refused(house.book, user, 2, shanghai(3, 9), shanghai(3, 10)) == ("booking.person_quota_together",)
    cancel(second.public_id, expected_version=None, **acting(user), at=NOW)
    house.book(user, 2, shanghai(3, 9), shanghai(3, 10))


def test_moving_counts_the_others_and_not_itself(house):
    user = make_user()
    house.policy(person_week_minutes=180, limits_together=True)
    row = house.book(user, 0, shanghai(2, 9), shanghai(2, 11))
    house.book(user, 1, shanghai(3, 9), shanghai(3, 10))
    args = {"expected_version": None, **acting(user), "at": NOW}
    longer = (row.public_id, shanghai(2, 9), shanghai(2, 12))
    assert refused(move, *longer, **args) == ("booking.person_quota_together",)
    assert move(row.public_id, shanghai(4, 9), shanghai(4, 11), **args).start == shanghai(4, 9)


def test_a_series_counts_what_it_made_itself_on_top_of_the_others(house):
    user = make_user()
    house.policy(person_week_minutes=180, limits_together=True)
    house.book(user, 1, shanghai(2, 9), shanghai(2, 10))
    ask = house.ask(0, shanghai(2, 12), shanghai(2, 13))
    assert refused(book_series, ask, Repeat(1, 3), **acting(user), at=NOW) == ("booking.person_quota_together",)
    made = book_series(ask, Repeat(1, 3, skip_conflicts=True), **acting(user), at=NOW)
    assert (len(made.booked), len(made.skipped)) == (2, 1)


def test_a_hold_counts_and_nobody_is_served_past_a_limit(house):
    """Freed time goes to the first who waits and has room left over all of the owner's instruments."""
    first, second, holder = make_user(), make_user(), make_user()
    house.policy(person_week_minutes=120, limits_together=True)
    row = house.book(holder, 0, shanghai(2, 9), shanghai(2, 11))
    house.book(first, 1, shanghai(2, 9), shanghai(2, 10))
    for user in (first, second):
        wait(Wish(house.instruments[0].public_id, shanghai(2, 9), shanghai(2, 11), 120), **acting(user), at=NOW)
    cancel(row.public_id, expected_version=None, **acting(holder), at=NOW)
    hold = Reservation.objects.get(kind="hold", state="confirmed")
    assert hold.holder == second
    assert refused(house.book, second, 1, shanghai(3, 9), shanghai(3, 10)) == ("booking.person_quota_together",)
    assert take_hold(hold.public_id, **acting(second), at=NOW).kind == "booking"


def test_asking_for_somebody_else_does_not_tell_what_she_has_booked(house):
    """Nobody but a manager books for others, and the refusal is the same however much of a limit is left."""
    user, nosy = make_user(), make_user()
    house.policy(person_week_minutes=180, limits_together=True)
    house.book(user, 1, shanghai(2, 9), shanghai(2, 11))

    def told(asker):
        ask = house.ask(0, shanghai(3, 9), shanghai(3, 11), holder=user.email)
        return [(one.code, dict(one.facts)) for one in preview(ask, **acting(asker), at=NOW).reasons]

    assert told(nosy) == [("booking.for_other", {}), ("booking.their_quota", {"week": "2026-06-01"})]
    assert told(house.manager)[0][0] == "booking.person_quota_together"


# Groups ---------------------------------------------------------------------------------------------------------
def test_a_group_shares_one_limit_on_one_instrument(house):
    one, other, stranger = (make_user() for _one in range(3))
    house.group("Catalysis", one, other)
    house.policy(group_week_minutes=180)
    house.book(one, 0, shanghai(2, 9), shanghai(2, 11))
    house.book(one, 1, shanghai(2, 9), shanghai(2, 12))  # each instrument by itself
    found = reasons_of(house.book, other, 0, shanghai(3, 9), shanghai(3, 11))["booking.group_quota"]
    known = {"week": "2026-06-01", "until": "2026-06-08", "asked": 120, "have": 120, "left": 60, "most": 180}
    assert found == known | {"whose": "Catalysis"}
    house.book(stranger, 0, shanghai(3, 9), shanghai(3, 11))
    assert stranger.group_memberships.count() == 0


def test_a_group_counts_whoever_is_in_it_now(house):
    one, other = make_user(), make_user()
    house.group("Catalysis", one)
    house.policy(group_week_minutes=180, limits_together=True)
    house.book(other, 0, shanghai(2, 9), shanghai(2, 11))
    house.book(one, 1, shanghai(2, 9), shanghai(2, 12))
    house.group("Catalysis", other)  # brings her bookings along: over the limit is allowed here, and nothing more
    assert refused(house.book, other, 1, shanghai(3, 9), shanghai(3, 10)) == ("booking.group_quota_together",)
    GroupMember.objects.filter(user=one).delete()
    house.book(other, 1, shanghai(3, 9), shanghai(3, 10))
    house.book(one, 1, shanghai(4, 9), shanghai(4, 13))  # in no group any more: no limit of a group


def test_a_group_s_busy_hours_count_apart(house):
    user = make_user()
    house.group("Catalysis", user)
    policy = house.policy(group_peak_minutes=60, group_off_peak_minutes=60, limits_together=True)
    type(policy).objects.update(peak=[[["09:00", "17:00"]]] * 5 + [[], []])
    house.book(user, 0, shanghai(2, 16, 30), shanghai(2, 17, 30))
    args = user, 1, shanghai(3, 16), shanghai(3, 18)
    assert refused(house.book, *args) == ("booking.group_peak_quota_together", "booking.group_off_peak_quota_together")


def test_hand_over_counts_the_new_holder_s_group_and_does_not_say_how_much(house):
    giver, taker, mate = (make_user() for _one in range(3))
    house.group("Catalysis", taker, mate)
    house.policy(group_week_minutes=120, limits_together=True)
    house.book(mate, 1, shanghai(2, 9), shanghai(2, 10))
    row = house.book(giver, 0, shanghai(3, 9), shanghai(3, 11))
    more = {"expected_version": None, "at": NOW}
    found = reasons_of(hand_over, row.public_id, taker.email, **more, **acting(giver))
    assert found == {"booking.their_quota": {"week": "2026-06-01"}}
    seen = reasons_of(hand_over, row.public_id, taker.email, **more, **acting(house.manager))
    assert seen["booking.group_quota_together"]["whose"] == "Catalysis"


def test_nobody_is_in_two_groups_of_an_owner_nor_in_a_group_of_another(house):
    user, beside = make_user(), make_house(1)
    group = house.group("A", user)
    beside.group("A", user)
    with pytest.raises(IntegrityError, match="group_member_once"), transaction.atomic():
        house.group("B", user)
    other = make_user()
    connection.cursor().execute("SET CONSTRAINTS group_member_of_its_owner IMMEDIATE")
    with pytest.raises(IntegrityError, match="group_member_of_its_owner"), transaction.atomic():
        GroupMember.objects.create(group=group, owner=beside.owner, user=other, since=NOW)


# What it costs --------------------------------------------------------------------------------------------------
def queries_of(house: House, user, number: int, day: int) -> int:
    with CaptureQueriesContext(connection) as caught:
        house.book(user, number, shanghai(day, 9), shanghai(day, 10))
    return len([one for one in caught.captured_queries if "SAVEPOINT" not in one["sql"]])


def test_new_limits_cost_two_queries_more_and_none_where_there_are_none(house):
    user = make_user()
    house.group("A", user)
    house.policy(person_week_minutes=6000)
    house.book(user, 0, shanghai(2, 9), shanghai(2, 10))
    alone = queries_of(house, user, 0, 3)
    house.policy(person_week_minutes=6000, group_week_minutes=6000, limits_together=True, since=NOW - HOUR)
    house.book(user, 0, shanghai(4, 9), shanghai(4, 10))
    assert queries_of(house, user, 0, 5) == alone + 2
    assert queries_of(house, user, 2, 6) == alone + 2


# Tried on last month --------------------------------------------------------------------------------------------
def draft(house: House, number: int, *, for_owner: bool = True, **terms):
    made = replace(DEFAULT_TERMS, **terms)
    return PolicyDraft(house.instruments[number].public_id, shanghai(30, 0), made, ALWAYS, for_owner=for_owner)


def test_a_trial_counts_together_what_was_booked_by_then(house):
    one, other = make_user(), make_user()
    house.group("A", one, other)
    house.policy(max_minutes=600)
    house.policy(house.instruments[2])  # of its own: it would stay apart
    house.book(one, 1, shanghai(2, 9), shanghai(2, 11))
    house.book(one, 2, shanghai(2, 9), shanghai(2, 17))
    kept = house.book(other, 0, shanghai(2, 9), shanghai(2, 10))
    late = house.book(one, 0, shanghai(3, 9), shanghai(3, 10))
    house.book(one, 0, shanghai(9, 9), shanghai(9, 10))
    stamps = {kept.pk: NOW + HOUR, late.pk: NOW + 2 * HOUR}
    for pk, at in stamps.items():
        Reservation.objects.filter(pk=pk).update(created_at=at)
    at = shanghai(20, 0)

    def tried(**terms):
        with CaptureQueriesContext(connection) as caught:
            found = replayed(draft(house, 0, **terms), viewer_of(house.manager), at=at)
        return [row.pk for row, _why in found.refused], dict(found.reasons), len(caught)

    apart = tried(group_week_minutes=180)
    assert apart[:2] == ([], {})
    together = tried(group_week_minutes=180, limits_together=True)
    assert together[:2] == ([late.pk], {"booking.group_quota_together": 1})
    assert tried(person_week_minutes=120, limits_together=True)[:2] == (
        [late.pk],
        {"booking.person_quota_together": 1},
    )
    # Set for this instrument alone nobody else's limits would count with its own.
    assert tried(group_week_minutes=180, limits_together=True, for_owner=False)[:2] == ([], {})
    house.book(one, 1, shanghai(16, 9), shanghai(16, 11))
    assert tried(group_week_minutes=180, limits_together=True)[2] == together[2]
