"""Measures terms and money: a quote, the prices of a search's hits, a month's settlement.

    python -m benchmarks.support                 the issue's sizes: 20 schemes, 200 hits, 1,000,000 charges
    python -m benchmarks.support --small         a tenth of the charges
    python -m benchmarks.support --charges N

It makes a database of its own beside yours and drops it at the end; it needs the embedded server or DATABASE_URL.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
DAY = NOW.date()
NAME = "headwater_bench_support"


@contextmanager
def database() -> Iterator[None]:
    """An empty database with the schema, dropped at the end."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.site.settings")
    from headwater.site import embedded, environment

    embedded.ensure(environment.read())
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection, connections

    own = dict(connection.settings_dict)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME}")
        cursor.execute(f"CREATE DATABASE {NAME}")
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = NAME
    try:
        call_command("migrate", interactive=False, verbosity=0)
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = own["NAME"]
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def timed(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Of ``times`` runs the median ms of wall clock, and of CPU in this process: what a busy machine does not blur."""
    wall, cpu = [], []
    work()
    for _time in range(times):
        begun, used = time.perf_counter(), time.process_time()
        work()
        wall.append((time.perf_counter() - begun) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    return statistics.median(wall), statistics.median(cpu)


def queries_of(work: Callable[[], object]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        work()
    return len(asked)


def quotes() -> None:
    from tests.factories import make_city, make_instrument, make_organisation, make_technique
    from tests.support.records import make_rates, make_world

    from headwater.core.money import Money
    from headwater.engines.terms import quote
    from headwater.support.facts import quote_for
    from headwater.support.prices import hour_prices

    _forget()
    world = make_world()
    leaf = make_technique(parent=make_technique())
    labs = [make_organisation(city=make_city(jurisdiction=world.abroad if n % 2 else world.home)) for n in range(100)]
    for n, lab in enumerate(labs):  # every owner has a price of her own, every instrument a value
        make_rates(lab, {"currency": "CNY", "lines": [{"per": "hour", "price": str(300 + 7 * n)}]})
    hits = [
        make_instrument(
            owner=labs[n % 100], techniques=(leaf,), value_minor=25_000_000 + n * 1_000_000, currency="CNY"
        ).pk
        for n in range(200)
    ]
    print("A quote for one instrument, and the prices of a search's hits (database and all)")
    have = 0
    for count in (5, 20, 40):
        _more(world, have, count)
        have = count
        wanted = world.wanted("4")
        median, cpu = timed(lambda wanted=wanted: quote_for(wanted), 40)
        quoted = quote_for(wanted)
        _wall, pure = timed(
            lambda quoted=quoted: quote(quoted.schemes, quoted.facts, Money("CNY", quoted.price.total_minor)), 40
        )
        asked = queries_of(lambda wanted=wanted: quote_for(wanted))
        print(
            f"  {count:>3} schemes  wall {median:6.2f} ms  CPU {cpu:6.2f} ms  {asked} queries;"
            f" of it the rules alone {pure:5.2f} ms   (goal at 20: 5 ms)"
        )
        for many in (20, 200):
            median, cpu = timed(lambda many=many: hour_prices(hits[:many], world.company, day=DAY), 15)
            asked = queries_of(lambda many=many: hour_prices(hits[:many], world.company, day=DAY))
            print(
                f"       prices of {many:>3} hits  wall {median:6.2f} ms  CPU {cpu:6.2f} ms  {asked} queries"
                + ("   (goal at 20 schemes: 50 ms)" if many == 200 else "")
            )


def _more(world: object, have: int, count: int) -> None:
    """Schemes up to ``count``: a third by a voucher that the company has, a third refunds, a third is not for her."""
    from tests.support.records import make_budget, make_scheme, make_voucher

    for number in range(have, count):
        delivery = ("voucher", "refund", "refund")[number % 3]
        terms = {
            "share": f"0.{10 + number}",
            "delivery": delivery,
            "user_year_cap": "300000",
            "counts": {"fact": "instrument.value", "at_least": "300000"},
            "excludes": [{"fact": "order.related", "is": True}],
            "eligible": {"fact": "user.size", "in": ["large"] if number % 3 == 2 else ["small"]},
        }
        version = make_scheme(world.country, terms, code=f"s-{number:02}")  # type: ignore[attr-defined]
        make_budget(version, world.home, 10**10)  # type: ignore[attr-defined]
        if delivery == "voucher":
            make_voucher(world, version, 10**8)  # type: ignore[arg-type]


def orders() -> None:
    from tests.support.records import make_budget, make_scheme, make_voucher, make_world

    from headwater.accounts.audit import SYSTEM
    from headwater.support.actions.orders import place_order
    from headwater.support.actions.usage import release_order

    _forget()
    world = make_world()
    version = make_scheme(world.country)
    make_budget(version, world.home, 10**11)
    make_voucher(world, version, 10**10)
    party = world.party(world.engineer)

    def once() -> None:
        order = place_order(world.wanted("4"), party, by=world.by, at=NOW)
        release_order(order.subject, by=SYSTEM, at=NOW)

    median, cpu = timed(once, 30)
    print(f"Reserve an order's money and give it back\n       wall {median:6.2f} ms  CPU {cpu:6.2f} ms")


def settlement(charges: int) -> None:
    """Write ``charges`` approved claims across borders past the actions, then settle the month by the action."""
    from django.db import connection
    from tests.support.records import make_scheme, make_world

    from headwater.accounts.audit import SYSTEM
    from headwater.registry.models import Jurisdiction
    from headwater.support.actions.settlement import settle
    from headwater.support.models import Account, Settlement

    _forget()
    world = make_world()
    version = make_scheme(world.country)
    homes = list(Jurisdiction.objects.filter(kind="province").order_by("-pk")[:4])
    while len(homes) < 4:
        from tests.factories import make_jurisdiction

        homes.append(make_jurisdiction(parent=world.country))
    keys = [home.pk for home in homes]
    account = Account.objects.create(key="bench", kind="treasury", currency="CNY")
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        with cursor.copy(
            "COPY support_order (public_id, subject, organisation_id, provider_id, state, day, currency, gross_minor,"
            " quote, made_at) FROM STDIN"
        ) as rows:
            for number in range(charges):
                name = f"ord_bench{number}"
                rows.write_row((name, name, world.company.pk, world.lab.pk, "charged", DAY, "CNY", 1000, "{}", NOW))
        cursor.execute(
            "INSERT INTO support_ordersupport (order_id, version_id, payer_id, account_id, delivery, year,"
            " reserved_minor, used_minor, state) SELECT id, %s, (%s::bigint[])[1 + id %% 4], %s, 'voucher', 2026, 500,"
            " 500, 'paid' FROM support_order WHERE public_id LIKE 'ord_bench%%'",
            [version.pk, keys, account.pk],
        )
        cursor.execute(
            'INSERT INTO support_due (support_id, debtor_id, creditor_id, currency, amount_minor, "on")'
            " SELECT id, payer_id, (%s::bigint[])[1 + (order_id + 1 + (order_id / 4) %% 3) %% 4], 'CNY',"
            " 100 + (order_id * order_id) %% 397, %s"
            " FROM support_ordersupport WHERE account_id = %s",
            [keys, DAY, account.pk],
        )
        cursor.execute("SELECT debtor_id, creditor_id, sum(amount_minor) FROM support_due GROUP BY 1, 2")
        _owe(cursor.fetchall())
        cursor.execute("ANALYZE")
    print(f"Settle a month of {charges:,} charges (written in {time.perf_counter() - begun:.0f} s)")
    begun, used = time.perf_counter(), time.process_time()
    made = settle(date(2026, 3, 1), "CNY", None, by=SYSTEM, at=datetime(2026, 4, 2, tzinfo=UTC))
    took, cpu = time.perf_counter() - begun, time.process_time() - used
    net = Account.objects.filter(kind="clearing").values_list("balance_minor", flat=True)
    assert sum(net) == 0
    assert Settlement.objects.get(pk=made.pk).debts == charges
    transfers = made.lines.filter(kind="transfer").count()
    print(
        f"       wall {took:6.2f} s  CPU {cpu:5.2f} s (the rest is PostgreSQL's)  {charges / took:,.0f} charges/s,"
        f" {transfers} transfers,"
        f" net {sum(net)}   (goal at 1,000,000: 60 s)"
    )


def _owe(sums: list[tuple[int, int, Decimal]]) -> None:
    """What the approvals would have posted, in one entry a pair."""
    from headwater.accounts.audit import SYSTEM
    from headwater.registry.models import Jurisdiction
    from headwater.support.actions import ledger
    from headwater.support.models import AccountKind

    homes = {one.pk: one for one in Jurisdiction.objects.all()}
    for debtor, creditor, minor in sums:
        named = (
            ledger.of_jurisdiction(AccountKind.PAYABLE, homes[debtor], "CNY"),
            ledger.of_jurisdiction(AccountKind.RECEIVABLE, homes[creditor], "CNY"),
        )
        found = ledger.opened(named)
        moves = ((found[named[0].key], -int(minor)), (found[named[1].key], int(minor)))
        ledger.post("claim_paid", "bench", moves, by=SYSTEM, at=NOW)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--charges", type=int, default=1_000_000)
    parser.add_argument("--small", action="store_true")
    given = parser.parse_args()
    charges = given.charges // 10 if given.small else given.charges
    with database():
        from tests.factories import make_region

        make_region()
        quotes()
        orders()
        for size in (charges // 10, charges):
            with _undone():
                settlement(size)


def _forget() -> None:
    """Places are read once a minute; new ones were just made."""
    from django.core.cache import caches

    from headwater.support import book

    caches["local"].clear()
    book.forget()


@contextmanager
def _undone() -> Iterator[None]:
    """Undo what was written inside."""
    from django.db import transaction

    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        return


class _Undo(Exception):
    """Rolls back."""


if __name__ == "__main__":
    main()
