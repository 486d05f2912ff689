"""Real processes at once, and killed in the middle: nothing is exceeded, lost, or done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from django.db import connections, transaction
from django.db.models import Sum
from tests.servers import own_server
from tests.support.records import NOW, make_budget, make_scheme, make_voucher, make_world
from tests.support.test_histories import check_invariants

from headwater.accounts.audit import SYSTEM
from headwater.core.decision import Refused
from headwater.core.money import Money
from headwater.support.actions.ledger import Payment, pay_once
from headwater.support.actions.orders import hold_accounts, place_order
from headwater.support.actions.usage import release_order
from headwater.support.models import Account, CapUse, Entry, Order, OrderSupport

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


def orders_of_days(world, days, place) -> list[Order]:
    """What a series does: several orders in one transaction, in the order of ``days``; ``place`` waits in between."""
    party = world.party(world.engineer)
    wanted = [world.wanted("4", day=day) for day in days]
    with transaction.atomic():
        hold_accounts(wanted, ())
        made = []
        for one in wanted:
            made.append(place_order(one, party, by=world.by, at=NOW))
            place()
        return made


def test_series_that_need_each_other_s_money_do_not_wait_for_each_other():
    """Two years' budgets, in either order. Without the locks taken first, one of the two is a deadlock's victim."""
    world = make_world()
    version = make_scheme(world.country, {"delivery": "refund", "user_year_cap": None})
    days = (NOW.date(), NOW.date().replace(year=NOW.year + 1))
    for day in days:
        make_budget(version, world.home, 10_000_000, year=day.year)
    first = Barrier(2)

    def meet() -> None:
        with suppress(BrokenBarrierError):
            first.wait(timeout=1)

    found = at_once(2, lambda n: orders_of_days(world, days[:: 1 if n else -1], meet))
    assert [one for one in found if not isinstance(one, list)] == []
    assert Order.objects.filter(state="reserved").count() == 4
    check_invariants()


def test_many_supports_are_given_back_while_others_are_taken():
    """Releases and new orders of several schemes at once: their caps are locked in one order, so nobody is a victim."""
    world = make_world()
    for share in ("0.5", "0.3", "0.1"):
        version = make_scheme(world.country, {"delivery": "refund", "share": share, "stacks_with": "any"})
        make_budget(version, world.home, 10_000_000)
    party = world.party(world.engineer)
    placed = [place_order(world.wanted("4"), party, by=world.by, at=NOW) for _n in range(4)]

    def work(number: int) -> object:
        if number % 2:
            return release_order(placed[number // 2].subject, by=SYSTEM, at=NOW)
        return place_order(world.wanted("2"), party, by=world.by, at=NOW)

    found = at_once(8, work)
    assert [one for one in found if not isinstance(one, Order)] == []
    check_invariants()


def test_payment_asked_for_at_once_is_made_once():
    world = make_world()
    payment = Payment(world.home, world.lab, Money("CNY", 500), "mil_1")
    found = at_once(8, lambda _n: pay_once("key", payment, by=SYSTEM, at=NOW).pk)
    assert len(set(found)) == 1
    assert Entry.objects.count() == 1


# Killed --------------------------------------------------------------------------------------------------------
def environment(url: str) -> dict[str, str]:
    path = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    return {**os.environ, "DATABASE_URL": url, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore"}


def run(url: str, *arguments: str) -> None:
    """One act of `tests.support.storm`, to its end."""
    command = [sys.executable, "-m", "tests.support.storm", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment(url), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def start(url: str, seed: int, folder: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """A storm of its own; what it says goes to a file, which outlives it."""
    said, wrong = folder / f"{seed}.out", folder / f"{seed}.err"
    with said.open("wb") as out, wrong.open("wb") as err:
        command = [sys.executable, "-m", "tests.support.storm", "run", str(seed)]
        return subprocess.Popen(command, cwd=ROOT, env=environment(url), stdout=out, stderr=err), said


def await_lines(process: subprocess.Popen[bytes], said: Path, least: int) -> None:
    """Wait until a storm has said so many lines, from the beginning of its file."""
    end = time.monotonic() + 240
    while len(said.read_text().splitlines()) < least:
        assert process.poll() is None, said.with_suffix(".err").read_text()[-2000:]
        assert time.monotonic() < end, "the storm does nothing"
        time.sleep(0.05)


def await_more(process: subprocess.Popen[bytes], said: Path, more: int) -> None:
    await_lines(process, said, len(said.read_text().splitlines()) + more)


def kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_killed_in_a_storm_nothing_is_lost_and_nothing_done_twice(tmp_path):
    """Bookings with vouchers, claims and settlements by two processes. One is killed, then PostgreSQL under both, then
    both. What was answered before is the judge."""
    with own_server("money") as server:
        run(server.url, "prepare")
        running = [start(server.url, seed, tmp_path) for seed in range(2)]
        end, seed = time.monotonic() + SECONDS, 2
        try:
            while time.monotonic() < end or seed < 3:
                process, said_by = running.pop(0)
                await_lines(process, said_by, 9)
                kill(process)
                running.append(start(server.url, seed, tmp_path))
                seed += 1
                for process, said_by in running:
                    await_lines(process, said_by, 3)
                server.kill()
                server.start_again()
                for process, said_by in running:
                    await_more(process, said_by, 6)
        finally:
            for process, _said_by in running:
                kill(process)
        run(server.url, "judge", str(tmp_path))
    assert any("trouble" in path.read_text() for path in tmp_path.glob("*.out")), "nobody felt the kill"
