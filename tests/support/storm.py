"""Processes that do business until they are killed: bookings with vouchers, uses, cancellations, claims, settlements.

    python -m tests.support.storm prepare         an owner with instruments, a company with a voucher, budgets
    python -m tests.support.storm run SEED        business without an end; each thing that was answered is one line
    python -m tests.support.storm judge FOLDER    what the database holds against the lines of all runs

They work on the database that DATABASE_URL names, by the same actions as pages and programs.
"""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

INSTRUMENTS = 12
YEAR = 2026
HOURS = [[["00:00", "24:00"]]] * 7


def prepare() -> None:
    from tests.factories import make_instrument
    from tests.support.records import make_budget, make_scheme, make_voucher, make_world

    from headwater.accounts.models import User
    from headwater.booking.models import Policy
    from headwater.booking.policies import DEFAULT_TERMS
    from headwater.registry.models import Instrument

    world = make_world()
    technique = world.instrument.techniques.get()
    terms = {name: getattr(DEFAULT_TERMS, name) for name in DEFAULT_TERMS.__dataclass_fields__}
    terms |= {"approval_for": [], "needs_qualification": False, "horizon_days": 400}
    since = datetime(2025, 1, 1, tzinfo=UTC)
    for number in range(INSTRUMENTS):
        made = make_instrument(owner=world.lab, techniques=(technique,), value_minor=80_000_000, currency="CNY")
        Instrument.objects.filter(pk=made.pk).update(public_id=f"ins_storm{number}")
        Policy.objects.create(instrument=made, since=since, hours=HOURS, closed_days=[], made_at=since, **terms)
    User.objects.filter(pk=world.engineer.pk).update(email="engineer@storm.example")
    User.objects.filter(pk=world.officer.pk).update(email="officer@storm.example")
    papers = {"documents": ["report"], "claim_days": 3650, "user_year_cap": None}
    version = make_scheme(world.country, papers | {"stacks_with": "any"})
    refund = make_scheme(world.country, papers | {"delivery": "refund", "share": "0.2", "stacks_with": "any"})
    for one in (version, refund):
        for year in (YEAR, YEAR + 1):
            make_budget(one, world.home, 100_000_000, year=year)
    make_voucher(world, version, 20_000_000)


class Storm:
    """One process's business, on an instrument of its own."""

    def __init__(self, seed: int) -> None:
        from headwater.accounts.audit import Actor
        from headwater.accounts.models import User
        from headwater.registry.facts import viewer_of
        from headwater.registry.models import Instrument
        from headwater.support.facts import party_of

        self.random = random.Random(seed)
        self.instrument = Instrument.objects.select_related("owner").get(public_id=f"ins_storm{seed % INSTRUMENTS}")
        self.engineer = User.objects.get(email="engineer@storm.example")
        self.officer = User.objects.get(email="officer@storm.example")
        self.company = self.engineer.person.organisations.select_related("city__jurisdiction").get()
        self.parties = {one: party_of(one) for one in (self.engineer, self.officer)}
        self.acting: dict[str, Any] = {
            "viewer": viewer_of(self.engineer),
            "by": Actor(self.engineer, "api"),
        }
        self.at = datetime(YEAR, 1, 1, tzinfo=UTC)

    def once(self) -> None:
        """A booking and what comes of it. Time goes on by a month, so that there is one more to be settled."""
        from headwater.booking.actions.changing import cancel
        from headwater.booking.actions.reserving import Ask, book
        from headwater.booking.actions.using import start_use, stop_use

        start = self.at + timedelta(days=2)
        hours = self.random.randint(1, 7)
        ask = Ask(self.instrument.public_id, start, start + timedelta(hours=hours))
        row = book(ask, at=self.at, **self.acting)
        say("booked", row.public_id)
        if self.random.random() < 0.25:
            cancel(row.public_id, expected_version=None, at=self.at, **self.acting)
            say("cancelled", row.public_id)
        else:
            start_use(self.instrument.public_id, at=start, **self.acting)
            stop = start + timedelta(hours=self.random.randint(1, hours))
            stop_use(self.instrument.public_id, at=stop, **self.acting)
            say("used", row.public_id)
            self.claim(row.public_id, stop + timedelta(days=1))
        self.pay()
        before = self.at
        self.at += timedelta(days=31)
        if self.at.year > YEAR:
            hour, day = self.random.randint(0, 23), self.random.randint(1, 9)
            self.at = datetime(YEAR, 1, day, hour, tzinfo=UTC)
        self.settle(before)

    def claim(self, subject: str, at: datetime) -> None:
        from headwater.accounts.audit import Actor
        from headwater.support.actions.claims import add_document, decide_claim, submit_claim
        from headwater.support.models import Claim

        mine, by = self.parties[self.engineer], self.acting["by"]
        for claim in Claim.objects.filter(support__order__subject=subject):
            add_document(claim.public_id, "report", "r", b"x", mine, by=by, at=at)
            submit_claim(claim.public_id, mine, by=by, at=at)
            officer = Actor(self.officer, "api")
            decide_claim(claim.public_id, "approve", "", self.parties[self.officer], by=officer, at=at)
            say("paid", claim.public_id)

    def settle(self, month: datetime) -> None:
        from headwater.accounts.audit import SYSTEM
        from headwater.support.actions.settlement import settle

        made = settle(month.date(), "CNY", None, by=SYSTEM, at=month + timedelta(days=40))
        say("settled", made.public_id)

    def pay(self) -> None:
        from headwater.accounts.audit import SYSTEM
        from headwater.support.actions.ledger import Money, Payment, pay_once

        key = f"milestone-{self.random.randint(0, 20)}"
        payment = Payment(self.company.city.jurisdiction, self.instrument.owner, Money("CNY", 100), key)
        pay_once(key, payment, by=SYSTEM, at=self.at)
        say("milestone", key)


def say(*words: object) -> None:
    print(*words, flush=True)


def run(seed: int) -> None:
    """Business until the process is killed; where the database is, it waits for it to come back."""
    from django.db import InterfaceError, OperationalError, connection

    from headwater.core.decision import Refused

    storm = Storm(seed)
    while True:
        try:
            storm.once()
        except Refused as refused:
            say("refused", *refused.decision.codes)
            storm.at += timedelta(days=3)
        except (OperationalError, InterfaceError) as error:
            say("trouble", str(error).splitlines()[0])
            connection.close()
            storm.at += timedelta(days=3)  # what became of it is not known; the next thing is another
            time.sleep(0.05)


def judge(folder: Path) -> None:
    """Fail where something that was answered is lost, or was done twice, or money does not add up."""
    from django.db.models import Count, Sum
    from tests.support.test_histories import check_invariants

    from headwater.booking.models import Reservation
    from headwater.support.models import Account, Charge, Claim, Due, Entry, Order, Settlement, SettlementLine

    lines = [line for path in folder.glob("*.out") for line in path.read_text().splitlines(keepends=True)]
    said = [line.split() for line in lines if line.endswith("\n")]
    done: dict[str, set[str]] = {}
    for kind, *words in said:
        done.setdefault(kind, set()).add(words[0])
    for kind in ("booked", "used", "cancelled", "paid", "settled", "milestone"):
        assert done.get(kind), f"the storm {kind} nothing: {sorted(done)}"
    # What was answered is there.
    reservations = dict(Reservation.objects.values_list("public_id", "state"))
    assert done["booked"] <= set(reservations)
    assert {reservations[one] for one in done["used"]} == {"used"}
    assert {reservations[one] for one in done["cancelled"]} == {"cancelled"}
    assert done["paid"] <= set(Claim.objects.filter(state="paid").values_list("public_id", flat=True))
    assert done["settled"] <= set(Settlement.objects.values_list("public_id", flat=True))
    paid = set(Entry.objects.filter(what="payment").values_list("subject", flat=True))
    assert done["milestone"] <= paid
    # A reservation and its money are one: each has its order, in the state that belongs to it; none has two.
    belongs = {"confirmed": "reserved", "in_use": "reserved", "used": "charged", "cancelled": "released"}
    orders = list(Order.objects.values_list("subject", "state"))
    assert len(orders) == len(dict(orders))
    assert {subject: belongs[state] for subject, state in reservations.items()} == dict(orders)
    # Nothing twice: one charge a use, one payment a key, one claim a support, one settlement a month.
    assert Charge.objects.filter(kind="usage").count() == sum(state == "charged" for _subject, state in orders)
    assert Entry.objects.filter(what="payment").count() == len(paid)
    twice = Claim.objects.values("support").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twice.exists()
    crossed = Claim.objects.filter(state="paid", support__delivery="voucher")  # refunds are paid at home
    assert Due.objects.count() == crossed.count()
    # Settlements hold every debt once, and net to nothing.
    held = Due.objects.exclude(settlement=None).aggregate(n=Count("pk"), minor=Sum("amount_minor"))
    told = SettlementLine.objects.filter(kind="debt").aggregate(n=Sum("count"), minor=Sum("amount_minor"))
    assert (held["n"], held["minor"]) == (told["n"], told["minor"])
    assert sum(Account.objects.filter(kind="clearing").values_list("balance_minor", flat=True)) == 0
    assert sum(Account.objects.filter(kind__in=["payable", "receivable"]).values_list("balance_minor", flat=True)) == 0
    check_invariants()


def main(act: str, *rest: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.site.settings")
    import django

    django.setup()
    if act == "prepare":
        prepare()
    elif act == "run":
        run(int(rest[0]))
    else:
        judge(Path(rest[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
