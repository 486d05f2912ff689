"""Real processes at once, and killed in the middle: nothing is exceeded, lost, or done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Barrier, Thread
from urllib.parse import quote as escaped

import pytest
from django.db import connection, connections
from django.db.models import Sum
from tests.support.records import NOW, make_budget, make_scheme, make_voucher, make_world
from tests.support.test_histories import check_invariants

from headwater.accounts.audit import SYSTEM
from headwater.accounts.models import User
from headwater.core.decision import Refused
from headwater.core.money import Money
from headwater.registry.models import Instrument
from headwater.support.actions.ledger import Payment, pay_once
from headwater.support.actions.orders import place_order
from headwater.support.models import Account, CapUse, Charge, Claim, Entry, Order, OrderSupport

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
# The long form: HEADWATER_STORM_SECONDS=60 pytest tests/support/test_storms.py
SECONDS = float(os.environ.get("HEADWATER_STORM_SECONDS", "0"))


def at_once(count: int, work) -> list[object]:
    """Run ``work(n)`` in ``count`` threads that start together; what each returned or raised."""
    barrier, found = Barrier(count), [None] * count

    def run(number: int) -> None:
        barrier.wait()
        try:
            found[number] = work(number)
        except Exception as error:  # noqa: BLE001  # the test looks at it
            found[number] = error
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not any(thread.is_alive() for thread in threads), "a writer waits for ever"
    return found


def test_budget_is_never_exceeded_by_orders_at_once():
    world = make_world()
    versions = [
        make_scheme(world.country, {"delivery": "refund", "share": "0.5", "stacks_with": "any"}),
        make_scheme(world.country, {"delivery": "refund", "share": "0.3", "stacks_with": "any"}),
    ]
    for version in versions:
        make_budget(version, world.home, 250_000)  # two orders and a half of the first, four of the second
    party = world.party(world.engineer)
    found = at_once(8, lambda _n: place_order(world.wanted("4"), party, by=world.by, at=NOW))
    assert [one for one in found if not isinstance(one, Order)] == []
    reserved = OrderSupport.objects.values_list("version").annotate(sum=Sum("reserved_minor")).order_by("version")
    assert [minor for _version, minor in reserved] == [250_000, 250_000]
    check_invariants()


def test_cap_and_voucher_are_never_exceeded_by_orders_at_once():
    world = make_world()
    version = make_scheme(world.country, {"user_year_cap": "2500.00"})
    make_budget(version, world.home, 10_000_000)
    make_voucher(world, version, 9_000_000)
    party = world.party(world.engineer)
    at_once(8, lambda _n: place_order(world.wanted("4"), party, by=world.by, at=NOW))
    assert CapUse.objects.get(who="user").used_minor == 250_000
    assert Account.objects.get(kind="voucher").balance_minor == 9_000_000 - 250_000
    check_invariants()


def test_order_at_a_price_that_was_seen_is_charged_so_or_refused():
    world = make_world()
    version = make_scheme(world.country, {"share": "0.5"}, code="tight")
    make_budget(version, world.home, 150_000)
    make_voucher(world, version, 150_000)
    party = world.party(world.engineer)
    found = at_once(6, lambda _n: place_order(world.wanted("4"), party, expected_minor=100_000, by=world.by, at=NOW))
    assert sum(isinstance(one, Order) for one in found) == 1
    assert {one.decision.codes for one in found if isinstance(one, Refused)} == {("order.price_changed",)}


def test_payment_asked_for_at_once_is_made_once():
    world = make_world()
    payment = Payment(world.home, world.lab, Money("CNY", 500), "mil_1")
    found = at_once(8, lambda _n: pay_once("key", payment, by=SYSTEM, at=NOW).pk)
    assert len(set(found)) == 1
    assert Entry.objects.count() == 1


# Killed --------------------------------------------------------------------------------------------------------
def storm_url() -> str:
    """The test's own database as a URL for other processes."""
    given = connection.settings_dict
    return f"postgresql://{given['USER']}@/{given['NAME']}?host={escaped(given['HOST'], safe='')}"


def start(seed: int, folder: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """A storm of its own; what it says goes to a file, which outlives it."""
    environment = {**os.environ, "DATABASE_URL": storm_url(), "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    said, wrong = folder / f"{seed}.out", folder / f"{seed}.err"
    with said.open("wb") as out, wrong.open("wb") as err:
        command = [sys.executable, "-m", "tests.support.storm", str(seed), "100000"]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=err), said


def await_lines(process: subprocess.Popen[bytes], said: Path, least: int) -> None:
    end = time.monotonic() + 120
    while len(said.read_text().splitlines()) < least:
        assert process.poll() is None, said.with_suffix(".err").read_text()[-2000:]
        assert time.monotonic() < end, "the storm does nothing"
        time.sleep(0.05)


def test_killed_in_a_storm_nothing_is_lost_and_nothing_done_twice(tmp_path):
    world = make_world()
    Instrument.objects.filter(pk=world.instrument.pk).update(public_id="ins_storm")
    User.objects.filter(pk=world.engineer.pk).update(email="engineer@storm.example")
    User.objects.filter(pk=world.officer.pk).update(email="officer@storm.example")
    version = make_scheme(world.country, {"documents": ["report"], "claim_days": 3650})
    refund = make_scheme(
        world.country, {"documents": ["report"], "delivery": "refund", "share": "0.2", "claim_days": 3650}
    )
    for one in (version, refund):
        make_budget(one, world.home, 100_000_000)
    make_voucher(world, version, 20_000_000)
    running = [start(seed, tmp_path) for seed in range(2)]
    end, seed = time.monotonic() + SECONDS, 2
    while time.monotonic() < end or seed < 3:
        process, said_by = running.pop(0)
        await_lines(process, said_by, 8)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        running.append(start(seed, tmp_path))
        seed += 1
    for process, said_by in running:
        await_lines(process, said_by, 3)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    lines = [line for path in tmp_path.glob("*.out") for line in path.read_text().splitlines(keepends=True)]
    said = [line.split() for line in lines if line.endswith("\n")]
    _wait_for_sessions_to_end()
    done = {kind: {line[1] for line in said if line[0] == kind} for kind in ("placed", "used", "released", "paid")}
    assert done["placed"], "the storm did nothing"
    assert [line for line in said if line[0] == "trouble"] == []
    states = dict(Order.objects.values_list("subject", "state"))
    assert done["placed"] <= set(states)  # nothing that was answered is lost
    assert all(states[subject] == "charged" for subject in done["used"])
    assert all(states[subject] == "released" for subject in done["released"])
    assert done["paid"] <= set(Claim.objects.filter(state="paid").values_list("public_id", flat=True))
    charged = Order.objects.filter(state="charged").count()
    assert Charge.objects.filter(kind="usage").count() == charged  # nothing twice
    milestones = {line[1] for line in said if line[0] == "milestone"}
    assert milestones <= set(Entry.objects.filter(what="payment").values_list("subject", flat=True))
    assert Account.objects.get(kind="bank").balance_minor >= 100 * len(milestones)
    check_invariants()


def _wait_for_sessions_to_end() -> None:
    """A killed client's session ends when the server notices."""
    for _try in range(100):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if cursor.fetchone()[0] == 0:
                return
        time.sleep(0.1)
