"""The calendar's time and its money: written, undone and charged in the same transactions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import make_city, make_instrument, make_jurisdiction, make_member, make_organisation, make_user
from tests.support.records import World, make_budget, make_rates, make_scheme, make_voucher, make_world

from headwater.accounts.audit import Actor
from headwater.accounts.models import AuditEntry
from headwater.booking.actions.changing import cancel, move
from headwater.booking.actions.reserving import Ask, Repeat, book, book_series, preview
from headwater.booking.actions.training import qualify
from headwater.booking.actions.using import settle, start_use, stop_use
from headwater.booking.facts import qualified
from headwater.booking.models import Policy, Usage
from headwater.booking.policies import DEFAULT_TERMS
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of
from headwater.support.actions.charges import make_invoice
from headwater.support.actions.terms import RecognitionDraft, publish_recognition
from headwater.support.models import Account, Charge, Claim, Order, ServiceRecord

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
START = NOW + timedelta(days=3, hours=2)


@pytest.fixture
def world() -> World:
    found = make_world()
    values = {name: getattr(DEFAULT_TERMS, name) for name in DEFAULT_TERMS.__dataclass_fields__}
    Policy.objects.create(
        instrument=found.instrument,
        since=NOW - timedelta(days=400),
        hours=[[["00:00", "24:00"]]] * 7,
        closed_days=[],
        qualification_days=None,
        made_at=NOW,
        **(values | {"approval_for": [], "no_show_minutes": 30}),
    )
    version = make_scheme(found.country, {"delivery": "refund", "claim_days": 3650})
    make_budget(version, found.home, 1_000_000)
    return found


def acting(user):
    return {"viewer": viewer_of(user), "by": Actor(user, "page")}


def booked(world: World, *, hours: int = 4, **terms):
    ask = Ask(world.instrument.public_id, START, START + timedelta(hours=hours), terms=terms)
    return book(ask, at=NOW, **acting(world.engineer))


def left(kind: str) -> int:
    return sum(Account.objects.filter(kind=kind).values_list("balance_minor", flat=True))


def test_booking_reserves_and_its_use_charges(world):
    row = booked(world)
    order = Order.objects.get(subject=row.public_id)
    assert (order.gross_minor, order.organisation, order.user) == (200_000, world.company, world.engineer)
    assert (left("budget"), left("reserved")) == (900_000, 100_000)
    start_use(world.instrument.public_id, at=START, **acting(world.engineer))
    stop_use(world.instrument.public_id, at=START + timedelta(hours=3), **acting(world.engineer))
    assert Charge.objects.get().gross_minor == 150_000
    assert ServiceRecord.objects.get().hours == Decimal(3)
    assert (Claim.objects.get().amount_minor, left("budget"), left("reserved")) == (75_000, 925_000, 0)


def test_a_series_looks_its_parties_up_once(world):
    """However many occurrences there are, and each is decided, priced and reserved."""

    def lookups(times: int, start: datetime) -> tuple[int, int]:
        ask = Ask(world.instrument.public_id, start, start + timedelta(hours=1))
        with CaptureQueriesContext(connection) as caught:
            made = book_series(ask, Repeat(1, times), at=NOW, **acting(world.engineer))
        read = [one["sql"] for one in caught.captured_queries if 'FROM "registry_instrument"' in one["sql"]]
        return len(made.booked), len(read)

    assert lookups(2, START) == (2, 2)  # the calendar's own, and the money's
    assert lookups(5, START + timedelta(hours=3)) == (5, 2)
    assert Order.objects.filter(state="reserved").count() == 7


def test_cancelled_booking_gives_all_back(world):
    row = booked(world)
    cancel(row.public_id, expected_version=None, at=NOW, **acting(world.engineer))
    assert (left("budget"), left("reserved"), Charge.objects.count()) == (1_000_000, 0, 0)


def test_moved_booking_is_quoted_anew(world):
    row = booked(world)
    move(
        row.public_id,
        START,
        START + timedelta(hours=2),
        expected_version=None,
        at=NOW,
        **acting(world.engineer),
    )
    assert sorted(Order.objects.values_list("state", "gross_minor")) == [("released", 200_000), ("reserved", 100_000)]
    assert (left("budget"), left("reserved")) == (950_000, 50_000)


def test_booking_that_is_refused_reserves_nothing(world):
    booked(world)
    other = make_user()
    make_member(other, world.company)
    with pytest.raises(Refused):
        book(Ask(world.instrument.public_id, START, START + timedelta(hours=1)), at=NOW, **acting(other))
    assert (Order.objects.count(), left("reserved")) == (1, 100_000)


def test_price_that_changed_is_a_reason_of_the_booking_itself(world):
    ask = Ask(world.instrument.public_id, START, START + timedelta(hours=4), terms={"expected": "1.00"})
    decision = preview(ask, viewer_of(world.engineer), by=Actor(world.engineer, "page"), at=NOW)
    assert "order.price_changed" in decision.codes
    assert booked(world, expected="2000.00").public_id


def test_missed_booking_costs_what_the_owner_s_rates_say(world):
    make_rates(world.lab, {"currency": "CNY", "lines": [{"per": "hour", "price": "500"}], "no_show": "1"})
    booked(world)
    settle(at=START + timedelta(days=2))
    charge = Charge.objects.get()
    assert (charge.kind, charge.user_minor) == ("late_cancel", 200_000)
    assert (left("budget"), left("reserved")) == (1_000_000, 0)


def test_rates_hold_from_the_first_hour_of_their_day_by_the_instrument_s_clocks(world):
    home = make_jurisdiction(timezone="Asia/Shanghai", parent=world.country)
    owner = make_organisation(city=make_city(jurisdiction=home), kind="university")
    instrument = make_instrument(owner=owner)
    always = Policy.objects.get()
    always.pk, always.instrument = None, instrument
    always.save(force_insert=True)
    night = START.replace(hour=16)  # midnight in Shanghai
    make_rates(owner, valid_from=night.date() + timedelta(days=1))
    for start, orders in ((night - timedelta(hours=1), 0), (night, 1)):
        book(Ask(instrument.public_id, start, start + timedelta(hours=1)), at=NOW, **acting(world.engineer))
        assert Order.objects.count() == orders


def test_instrument_without_a_price_is_booked_without_an_order(world):
    free = make_instrument(owner=world.company)
    ask = Ask(free.public_id, START, START + timedelta(hours=1))
    assert book(ask, at=NOW, **acting(world.engineer)).public_id
    assert not Order.objects.exists()


def test_training_elsewhere_counts_where_a_verified_rule_says_so(world):
    technique = world.instrument.techniques.get()
    there = make_instrument(owner=world.company, techniques=(technique,))
    make_member(world.officer, world.company, "manager")
    qualify(there.public_id, world.engineer.email, at=NOW, **acting(world.officer))
    assert qualified(world.engineer.pk, world.instrument.pk, at=START) == (False, None)
    draft = RecognitionDraft(
        "sem", "qualification", world.home, world.abroad, (technique.code,), NOW.date(), article_en="Agreement, art. 3"
    )
    with pytest.raises(Refused):  # an officer of the place where it shall count decides that
        publish_recognition(draft, world.party(world.officer), by=Actor(world.officer, "page"), at=NOW)
    by = Actor(world.other_officer, "page")
    publish_recognition(draft, world.party(world.other_officer), by=by, at=NOW)
    assert qualified(world.engineer.pk, world.instrument.pk, at=START)[0] is True


def test_booking_page_shows_the_price_with_the_calendar_s_answer(client, world):
    client.force_login(world.engineer)
    day = (datetime.now(tz=UTC) + timedelta(days=2)).date().isoformat()
    given = {"start": f"{day}T10:00", "end": f"{day}T12:00", "zone": "Asia/Shanghai"}
    page = client.get(f"/instruments/{world.instrument.public_id}/book/decision/", given)
    assert page.status_code == 200
    assert "CNY 1,000.00" in page.content.decode()


# What is given up, missed, or used without a booking ------------------------------------------------------------
FEES = {
    "currency": "CNY",
    "lines": [{"per": "hour", "price": "500"}],
    "late_cancel": {"within_hours": 24, "share": "0.5"},
    "no_show": "1",
}


@pytest.mark.parametrize(
    ("hours_before", "who", "fee"),
    [
        (72, "engineer", 0),
        (24, "engineer", 0),
        (23, "engineer", 100_000),
        (0.5, "engineer", 100_000),
        (1, "manager", 0),
    ],
)
def test_late_cancellation_costs_the_user_what_the_rates_say_and_nobody_else_s_does(world, hours_before, who, fee):
    make_rates(world.lab, FEES)
    row = booked(world)
    at = START - timedelta(hours=hours_before)
    cancel(row.public_id, expected_version=None, at=at, **acting(getattr(world, who)))
    charges = list(Charge.objects.values_list("kind", "gross_minor", "supported_minor", "user_minor"))
    assert charges == ([("late_cancel", fee, 0, fee)] if fee else [])
    assert (left("budget"), left("reserved"), left("customer")) == (1_000_000, 0, fee)
    assert Order.objects.get().state == "released"


def test_booking_page_says_what_giving_it_up_would_cost_before_it_is_given_up(client, world):
    make_rates(world.lab, FEES)
    now = datetime.now(tz=UTC)
    soon = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=4)
    for days, costs in ((0, True), (5, False)):
        start = soon + timedelta(days=days)
        ask = Ask(world.instrument.public_id, start, start + timedelta(hours=4))
        row = book(ask, at=now, **acting(world.engineer))
        path = f"/bookings/{row.public_id}/"
        for user, told in ((world.engineer, True), (world.manager, False)):
            for language, dear, free in (
                ("en", "To give it up now costs CNY 1,000", "To give it up now costs nothing"),
                ("zh-hans", "须支付 CNY 1,000", "现在放弃不收取费用"),
            ):
                type(user).objects.filter(pk=user.pk).update(language=language)
                client.force_login(user)
                page = client.get(path).content.decode()
                assert (dear in page, free in page) == (told and costs, not (told and costs)), language


def test_late_cancellation_is_invoiced_like_any_charge(world):
    make_rates(world.lab, FEES)
    row = booked(world)
    cancel(row.public_id, expected_version=None, at=START - timedelta(hours=1), **acting(world.engineer))
    by, at = Actor(world.manager, "page"), START
    invoice = make_invoice(world.lab, world.company, "CNY", world.party(world.manager), by=by, at=at)
    assert invoice.total_minor == 100_000


def test_request_that_nobody_approved_costs_nothing_to_give_up(world):
    make_rates(world.lab, FEES)
    policy = Policy.objects.get()
    Policy.objects.filter(pk=policy.pk).update(approval_for=["external", "company", "academic", "internal"])
    row = booked(world)
    assert row.state == "requested"
    cancel(row.public_id, expected_version=None, at=START - timedelta(hours=1), **acting(world.engineer))
    assert not Charge.objects.exists()


def test_moving_one_s_time_away_at_the_last_moment_is_no_way_round_the_fee(world):
    make_rates(world.lab, FEES)
    row = booked(world)
    late = START - timedelta(hours=2)
    after = START + timedelta(days=5)
    move(row.public_id, after, after + timedelta(hours=4), expected_version=None, at=late, **acting(world.engineer))
    assert Charge.objects.get().user_minor == 100_000
    assert sorted(Order.objects.values_list("state", flat=True)) == ["released", "reserved"]


def test_missed_booking_gives_the_voucher_back_and_costs_the_share(world):
    make_rates(world.lab, FEES)
    version = make_scheme(world.country, {"claim_days": 3650, "share": "0.6"})
    make_budget(version, world.home, 1_000_000)
    make_voucher(world, version, 900_000)
    booked(world)
    assert left("voucher") == 900_000 - 120_000
    settle(at=START + timedelta(days=2))
    assert (left("voucher"), left("reserved"), left("customer")) == (900_000, 0, 200_000)
    assert Charge.objects.get().kind == "late_cancel"


def test_use_without_a_booking_is_charged_from_start_to_stop(world):
    start_use(world.instrument.public_id, at=START, **acting(world.engineer))
    stop_use(world.instrument.public_id, at=START + timedelta(hours=2), **acting(world.engineer))
    usage = Usage.objects.get()
    order = Order.objects.get()
    assert (order.subject, order.state, order.organisation, order.user) == (
        usage.public_id,
        "charged",
        world.company,
        world.engineer,
    )
    assert (Charge.objects.get().gross_minor, Claim.objects.get().amount_minor) == (100_000, 50_000)
    assert (left("budget"), left("reserved"), ServiceRecord.objects.get().hours) == (950_000, 0, Decimal(2))


def test_use_that_began_and_ended_at_once_or_has_no_price_costs_nothing(world):
    start_use(world.instrument.public_id, at=START, **acting(world.engineer))
    stop_use(world.instrument.public_id, at=START, **acting(world.engineer))
    free = make_instrument(owner=world.company)
    start_use(free.public_id, at=START, **acting(world.engineer))
    stop_use(free.public_id, at=START + timedelta(hours=1), **acting(world.engineer))
    assert not Order.objects.exists()


def test_use_without_a_booking_that_nobody_stopped_is_charged_when_it_is_settled(world):
    start_use(world.instrument.public_id, at=START, **acting(world.engineer))
    settle(at=START + timedelta(days=3))
    assert Charge.objects.get().gross_minor == Decimal(ServiceRecord.objects.get().hours) * 50_000


def test_use_whose_price_is_gone_when_it_stops_is_stopped_all_the_same_and_told_in_the_trail(world):
    start_use(world.instrument.public_id, at=START, **acting(world.engineer))
    make_rates(world.lab, {"currency": "CNY", "lines": [{"per": "sample", "price": "5"}]})
    stop_use(world.instrument.public_id, at=START + timedelta(hours=2), **acting(world.engineer))
    assert Usage.objects.get().stopped_at is not None
    if not Charge.objects.exists():
        assert AuditEntry.objects.filter(act="use.not_charged").count() == 1
