"""`headwater booking`, as an operator or a script types it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from tests.booking.made import ALWAYS, make_lab
from tests.factories import make_operator, make_user

from headwater.accounts.models import AuditEntry
from headwater.booking.models import Reservation
from headwater.site.commands.booking import command

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch):
    for module in ("headwater.site.cli", "headwater.site.commands.booking"):
        monkeypatch.setattr(f"{module}.with_django", lambda: None)  # the test has made Django ready
    return lambda *words: CliRunner().invoke(command, [*map(str, words)])


@pytest.fixture
def lab():
    lab = make_lab()
    lab.policy(week=ALWAYS)
    return lab


def local(hours: int) -> str:
    """A full hour to come by the instrument's clocks, without an offset."""
    at = datetime.now(ZoneInfo("Asia/Shanghai")).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    return (at + timedelta(hours=hours)).isoformat(timespec="minutes")


def test_book_list_and_cancel_by_command(run, lab):
    made = run("book", lab.instrument.public_id, local(30), local(32), "--as", lab.guest.email, "--project", "p")
    assert made.exit_code == 0, made.output
    row = Reservation.objects.get()
    assert (row.holder, row.project, row.end - row.start) == (lab.guest, "p", timedelta(hours=2))
    assert AuditEntry.objects.get(act="booking.made").way == "command"
    for words in (("--instrument", lab.instrument.public_id), ("--for", lab.guest.email)):
        assert row.public_id in run("list", *words).output
        assert json.loads(run("list", *words, "--json").output)[0]["id"] == row.public_id
    assert run("list", "--instrument", lab.instrument.public_id, "--past").output == ""
    gone = run("cancel", row.public_id, "--as", lab.guest.email)
    assert (gone.exit_code, gone.output) == (0, f"{row.public_id} is cancelled.\n")
    assert run("list", "--instrument", lab.instrument.public_id).output == ""


def test_refusal_names_all_reasons_and_ends_1(run, lab):
    ask = "book", lab.instrument.public_id, local(30), local(32)
    run(*ask, "--as", make_user().email)
    refused = run(*ask, "--as", lab.guest.email)
    assert refused.exit_code == 1
    assert "It is taken from" in refused.output
    assert "Free instead" in refused.output
    tried = run(*ask, "--as", lab.guest.email, "--dry-run", "--json")
    assert (tried.exit_code, '"allowed": false' in tried.output) == (1, True)
    free = run("book", lab.instrument.public_id, local(40), local(41), "--as", lab.guest.email, "--dry-run")
    assert (free.exit_code, Reservation.objects.count()) == (0, 1)


def test_only_who_may_books_for_others_and_cancels(run, lab):
    other = make_user()
    ask = "book", lab.instrument.public_id, local(30), local(32), "--for", other.email
    assert run(*ask, "--as", lab.guest.email).exit_code == 1
    assert run(*ask, "--as", make_operator().email).exit_code == 0
    row = Reservation.objects.get(holder=other)
    stranger = run("cancel", row.public_id, "--as", lab.guest.email)
    assert (stranger.exit_code, row.state) == (1, "confirmed")
    assert run("cancel", row.public_id, "--as", lab.manager.email).exit_code == 0


def test_free_names_the_soonest_time_on_each(run, lab):
    busy = make_lab()
    busy.policy(week=[[]] * 7)
    found = run("free", lab.instrument.public_id, busy.instrument.public_id, "--minutes", 90)
    first, second = found.output.splitlines()
    assert first.startswith(lab.instrument.public_id)
    assert "no such time" in second
    spans = json.loads(run("free", lab.instrument.public_id, "--not-before", local(50), "--json").output)
    assert spans[0]["start"] >= datetime.now(ZoneInfo("UTC")).isoformat()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("free", "ins_none"), "There is no such instrument"),
        (("list",), "Give --instrument or --for."),
        (("cancel", "res_none", "--as", "who@example.org"), "no such"),
    ],
)
def test_bad_input_is_told_in_a_sentence(run, lab, words, said):
    answer = run(*words)
    assert answer.exit_code != 0
    assert said in answer.output
    assert "Traceback" not in answer.output


def test_times_that_are_none_are_told(run, lab):
    answer = run("book", lab.instrument.public_id, "tomorrow", local(3), "--as", lab.guest.email)
    assert (answer.exit_code, "'tomorrow' is no time" in answer.output) == (2, True)
