"""A terminal beside an instrument: nobody is signed in on it, and whoever guesses at it gets nowhere."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from tests.booking.made import NOW, acting, make_lab, refused, shanghai
from tests.factories import make_user

from headwater.accounts.models import AuditEntry, Notice
from headwater.booking.actions.terminals import (
    Shown,
    drop_pass,
    make_terminal,
    revoke_terminal,
    set_pass,
    use_terminal,
)
from headwater.booking.models import Pass, Terminal, Usage
from headwater.booking.rules import may_set_pin, pause_after, rests_until

pytestmark = pytest.mark.django_db
PIN, BADGE = "304159", "CARD-0042-77"


@pytest.fixture
def lab():
    return make_lab()


@pytest.fixture
def secret(lab):
    return make_terminal(lab.instrument.public_id, "left of the door", **acting(lab.manager), at=NOW)[1]


@pytest.fixture
def person(lab):
    set_pass(pin=PIN, badge=BADGE, **acting(lab.guest), at=NOW)
    return lab.guest


def by_pin(user, pin=PIN):
    return Shown(person=user.email.upper(), pin=pin)


# Rules ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("pin", "codes"),
    [
        ("304159", ()),
        ("30415", ("pin.shape",)),
        ("1234567890123", ("pin.shape",)),
        ("30415a", ("pin.shape",)),
        ("３０４１５９", ("pin.shape",)),
        ("111111", ("pin.weak",)),
        ("121212", ("pin.weak",)),
        ("345678", ("pin.weak",)),
        ("987654", ("pin.weak",)),
    ],
)
def test_pin_that_is_guessed_first_is_refused(pin, codes):
    assert may_set_pin(pin).codes == codes


def test_pauses_double_up_to_a_day():
    assert [pause_after(wrong) / timedelta(minutes=15) for wrong in (0, 4, 5, 6, 10, 15, 500)] == [0, 0, 1, 0, 2, 4, 96]


def test_terminal_rests_for_the_rest_of_the_hour_after_ten_wrong_ones():
    until = NOW + timedelta(hours=1)
    assert rests_until(9, NOW, now=NOW) is None
    assert rests_until(10, NOW, now=NOW) == until
    assert rests_until(10, NOW, now=until) is None


# At the terminal ------------------------------------------------------------------------------------------------
def test_badge_and_pin_start_and_stop_in_the_person_s_name(lab, secret, person):
    started = use_terminal(secret, "start", by_pin(person), at=NOW)
    assert (started.user, started.instrument) == (person, lab.instrument)
    stopped = use_terminal(secret, "stop", Shown(badge=BADGE), at=NOW + timedelta(hours=1))
    assert stopped.stopped_at == NOW + timedelta(hours=1)
    ways = AuditEntry.objects.filter(act__startswith="use.").values_list("actor", "way")
    assert set(ways) == {(person.pk, "terminal")}


def test_terminal_keeps_the_rules_of_the_instrument(lab, secret, person):
    other = make_user()
    lab.book(other, shanghai(1, 8), shanghai(1, 9))
    assert refused(use_terminal, secret, "start", by_pin(person), at=NOW) == ("usage.reserved",)
    assert refused(use_terminal, secret, "stop", by_pin(person), at=NOW) == ("usage.none",)


@pytest.mark.parametrize("shown", ["wrong pin", "nobody", "no pin", "wrong badge", "nothing", "left"])
def test_all_who_are_not_known_get_the_same_answer(lab, secret, person, shown):
    if shown == "left":
        person.is_active = False
        person.save()
    what = {
        "wrong pin": by_pin(person, "304158"),
        "nobody": Shown(person="nobody@example.org", pin=PIN),
        "no pin": Shown(person=make_user().email, pin=PIN),
        "wrong badge": Shown(badge="CARD-0042-78"),
        "nothing": Shown(),
        "left": by_pin(person),
    }[shown]
    assert refused(use_terminal, secret, "start", what, at=NOW) == ("terminal.not_known",)
    assert not Usage.objects.exists()
    assert Terminal.objects.get().wrong == 1


def test_after_five_wrong_pins_not_even_the_right_one_is_taken_for_a_while_and_she_is_told(lab, secret, person):
    for _one in range(5):
        refused(use_terminal, secret, "start", by_pin(person, "999333"), at=NOW)
    assert refused(use_terminal, secret, "start", by_pin(person), at=NOW) == ("terminal.not_known",)
    told = Notice.objects.get(user=person)
    assert (told.code, told.facts["wrong"]) == ("booking.pin_paused", 5)
    later = NOW + timedelta(minutes=15)
    assert use_terminal(secret, "start", by_pin(person), at=later).user == person
    assert Pass.objects.get().wrong == 0


def test_new_pin_ends_the_pause(lab, secret, person):
    for _one in range(5):
        refused(use_terminal, secret, "start", by_pin(person, "999333"), at=NOW)
    set_pass(pin="271828", **acting(person), at=NOW)
    assert use_terminal(secret, "start", by_pin(person, "271828"), at=NOW).user == person


def test_terminal_takes_ten_wrong_ones_an_hour_whoever_is_right_in_between(lab, secret, person):
    for number in range(10):
        refused(use_terminal, secret, "start", Shown(badge=f"GUESS-{number:04d}"), at=NOW)
        if number < 9:
            use_terminal(secret, "stop" if number % 2 else "start", Shown(badge=BADGE), at=NOW)
    assert refused(use_terminal, secret, "stop", Shown(badge=BADGE), at=NOW) == ("terminal.rests",)
    assert AuditEntry.objects.filter(act="terminal.rested").count() == 1
    assert use_terminal(secret, "stop", Shown(badge=BADGE), at=NOW + timedelta(hours=1)).user == person


def test_nothing_readable_is_stored(lab, secret, person):
    kept = json.dumps([*Pass.objects.values("pin", "badge"), *Terminal.objects.values("digest")])
    kept += json.dumps([*AuditEntry.objects.values_list("changes", flat=True)])
    assert not [one for one in (PIN, BADGE, secret) if one in kept]


# Setting up -----------------------------------------------------------------------------------------------------
def test_revoked_terminal_is_as_if_it_had_never_been(lab, secret, person):
    one = Terminal.objects.get()
    for _again in range(2):
        revoke_terminal(lab.instrument.public_id, one.pk, **acting(lab.manager), at=NOW)
    assert refused(use_terminal, secret, "start", by_pin(person), at=NOW) == ("terminal.unknown",)
    assert Client().get(f"/terminals/{secret}/").status_code == 404
    assert AuditEntry.objects.filter(act="terminal.revoked").count() == 1


def test_only_managers_set_terminals_up_and_revoke_them(lab, secret):
    ask = lab.instrument.public_id, "mine"
    assert refused(make_terminal, *ask, **acting(lab.guest), at=NOW) == ("organisation.not_yours",)
    gone = lab.instrument.public_id, Terminal.objects.get().pk
    assert refused(revoke_terminal, *gone, **acting(lab.guest), at=NOW) == ("organisation.not_yours",)
    assert refused(make_terminal, lab.instrument.public_id, " ", **acting(lab.manager), at=NOW) == ("terminal.name",)
    for number in range(19):
        make_terminal(lab.instrument.public_id, str(number), **acting(lab.manager), at=NOW)
    assert refused(make_terminal, *ask, **acting(lab.manager), at=NOW) == ("terminal.too_many",)


def test_badge_is_one_person_s_and_what_is_empty_stays(lab, person):
    other = make_user()
    assert refused(set_pass, badge=BADGE, **acting(other), at=NOW) == ("badge.taken",)
    assert refused(set_pass, badge="short", **acting(other), at=NOW) == ("badge.shape",)
    assert refused(set_pass, **acting(other), at=NOW) == ("pin.shape",)
    set_pass(pin="271828", **acting(person), at=NOW)
    assert Pass.objects.get(user=person).badge is not None
    drop_pass(**acting(person), at=NOW)
    set_pass(badge=BADGE, **acting(other), at=NOW)
    assert Pass.objects.get().user == other


# Pages and programs ---------------------------------------------------------------------------------------------
def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(("language", "words"), [("en", "Nobody uses it."), ("zh-hans", "无人使用。")])
def test_page_needs_no_sign_in_and_names_nobody(lab, secret, person, language, words):
    holder = make_user(name="Hanna Holder")
    client = Client(headers={"accept-language": language})
    page = client.get(f"/terminals/{secret}/").content.decode()
    assert words in page
    sent = {"act": "start", "badge": BADGE, "person": "", "pin": ""}
    answer = client.post(f"/terminals/{secret}/", sent, follow=True)
    assert answer.status_code == 200
    assert Usage.objects.get().user == person
    assert person.name not in answer.content.decode()
    assert holder.name not in answer.content.decode()
    assert "_auth_user_id" not in client.session
    assert client.post(f"/terminals/{secret}/", {**sent, "badge": "CARD-0042-78"}).status_code == 403


def test_manager_sets_a_terminal_up_on_a_page_and_revokes_it(lab):
    page = f"/instruments/{lab.instrument.public_id}/terminals/"
    client = signed_in(lab.manager)
    shown = client.post(page, {"name": "by the window"}).content.decode()
    address = shown.partition('<pre id="address">')[2].partition("<")[0]
    assert Client().get(address.removeprefix("http://testserver")).status_code == 200
    assert address not in client.get(page).content.decode()
    client.post(f"{page}{Terminal.objects.get().pk}/revoke/")
    assert Client().get(address.removeprefix("http://testserver")).status_code == 404
    assert signed_in(lab.guest).get(page).status_code == 403


def test_person_sets_her_pin_on_a_page(lab):
    client = signed_in(lab.guest)
    assert "This PIN is among the first" in client.post("/bookings/pass/", {"pin": "111111"}).content.decode()
    client.post("/bookings/pass/", {"pin": PIN, "badge": ""})
    assert "You have a PIN." in client.get("/bookings/pass/").content.decode()
    client.post("/bookings/pass/", {"act": "drop"})
    assert not Pass.objects.exists()


def test_badge_reader_starts_and_stops_by_program_without_a_token(lab, secret, person):
    def use(act, **shown):
        body = json.dumps({"terminal": secret, "act": act, **shown})
        return Client().post("/api/v1/terminals/use", body, content_type="application/json")

    assert use("start", badge=BADGE).json()["user"] == person.email
    assert use("stop", person=person.email, pin=PIN).status_code == 200
    for _one in range(10):
        assert use("start", badge="CARD-9999-99").status_code == 403
    assert use("start", badge=BADGE).status_code == 429
