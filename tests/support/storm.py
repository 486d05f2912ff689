"""A process that does business until it is killed: orders, uses, cancellations, vouchers, claims, settlements.

    python -m tests.support.storm SEED

Each thing that was committed is printed as one line before the next begins: those lines are the judge.
"""

from __future__ import annotations

import os
import random
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def main(seed: int, most: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.site.settings")
    import django

    django.setup()
    from django.db import OperationalError

    from headwater.accounts.audit import SYSTEM, Actor
    from headwater.accounts.models import User
    from headwater.core.decision import Refused
    from headwater.registry.models import Instrument
    from headwater.support.actions.claims import add_document, decide_claim, submit_claim
    from headwater.support.actions.ledger import Money, Payment, pay_once
    from headwater.support.actions.orders import Usage, place_order, release_order, use_order
    from headwater.support.facts import party_of
    from headwater.support.models import Claim, Order
    from headwater.support.quotes import OrderWanted

    by_chance = random.Random(seed)
    instrument = Instrument.objects.select_related(
        "owner__city__jurisdiction", "city__jurisdiction", "class_code", "source"
    ).get(public_id="ins_storm")
    people = {name: User.objects.get(email=f"{name}@storm.example") for name in ("engineer", "officer")}
    company = people["engineer"].person.organisations.select_related("city__jurisdiction").get()
    parties = {name: party_of(user) for name, user in people.items()}
    by = {name: Actor(user, "api") for name, user in people.items()}

    def say(*words: object) -> None:
        print(*words, flush=True)

    for number in range(most):
        subject = f"res_{seed}_{number}"
        wanted = OrderWanted(instrument.owner, instrument, company, NOW.date(), hours=Decimal(by_chance.randint(1, 9)))
        try:
            place_order(wanted, parties["engineer"], subject=subject, by=by["engineer"], at=NOW)
            say("placed", subject)
            if by_chance.random() < 0.3:
                release_order(subject, by=SYSTEM, at=NOW)
                say("released", subject)
                continue
            use_order(
                subject,
                Usage(NOW, NOW + timedelta(hours=by_chance.randint(1, 9))),
                by=SYSTEM,
                at=NOW + timedelta(days=1),
            )
            say("used", subject)
            for claim in Claim.objects.filter(support__order__subject=subject):
                add_document(claim.public_id, "report", "r", b"x", parties["engineer"], by=by["engineer"], at=NOW)
                submit_claim(claim.public_id, parties["engineer"], by=by["engineer"], at=NOW)
                decide_claim(
                    claim.public_id, "approve", "", parties["officer"], by=by["officer"], at=NOW + timedelta(days=1)
                )
                say("paid", claim.public_id)
            key = f"milestone-{by_chance.randint(0, 20)}"
            payment = Payment(company.city.jurisdiction, instrument.owner, Money("CNY", 100), key)
            pay_once(key, payment, by=SYSTEM, at=NOW)
            say("milestone", key)
        except Refused as refused:
            say("refused", *refused.decision.codes)
        except OperationalError as error:
            say("trouble", str(error).splitlines()[0])
    assert Order.objects.exists()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
