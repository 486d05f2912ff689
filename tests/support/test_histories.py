"""Random histories of orders, vouchers, claims and settlements: after each step the money adds up."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Sum
from tests.support.records import (
    NOW,
    RATES,
    World,
    make_budget,
    make_rates,
    make_scheme,
    make_world,
    officer_of,
)

from headwater.accounts.audit import SYSTEM, Actor
from headwater.core.decision import Refused
from headwater.core.money import Money
from headwater.support.actions import ledger
from headwater.support.actions.charges import adjust_charge, answer_dispute, make_invoice, mark_paid, open_dispute
from headwater.support.actions.claims import add_document, decide_claim, lapse_claims, submit_claim
from headwater.support.actions.ledger import Payment, pay_once
from headwater.support.actions.orders import place_order
from headwater.support.actions.settlement import settle
from headwater.support.actions.usage import Usage, release_order, use_order
from headwater.support.actions.vouchers import apply_for_voucher, decide_voucher, lapse_vouchers
from headwater.support.facts import quote_for
from headwater.support.models import (
    Account,
    CapUse,
    Charge,
    Claim,
    Dispute,
    Due,
    Entry,
    InvoiceLine,
    Order,
    OrderSupport,
    Posting,
    RateTable,
    SchemeVersion,
    Settlement,
    SettlementLine,
    Voucher,
)
from headwater.support.quotes import requote

pytestmark = pytest.mark.django_db


def check_invariants() -> None:
    """What must hold after every step of every history."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert (Posting.objects.aggregate(sum=Sum("amount_minor"))["sum"] or 0) == 0
    posted = dict(Posting.objects.values_list("account_id").annotate(sum=Sum("amount_minor")).order_by())
    for one in Account.objects.all():
        assert one.balance_minor == posted.get(one.pk, 0), one.key
        if one.kind in ("budget", "voucher", "reserved", "claimable", "receivable"):
            assert one.balance_minor >= 0, one.key
    assert not CapUse.objects.filter(used_minor__gt=F("most_minor")).exists()
    held = OrderSupport.objects.filter(state="reserved").aggregate(sum=Sum("reserved_minor"))["sum"] or 0
    assert sum(Account.objects.filter(kind="reserved").values_list("balance_minor", flat=True)) == held
    waiting = OrderSupport.objects.filter(state__in=["used", "claimed"]).aggregate(sum=Sum("used_minor"))["sum"] or 0
    assert sum(Account.objects.filter(kind="claimable").values_list("balance_minor", flat=True)) == waiting
    for row in CapUse.objects.all():
        lives = OrderSupport.objects.exclude(state__in=["released", "refused", "lapsed"]).filter(
            version__scheme=row.scheme_id, year=row.year
        )
        lives = (
            lives.filter(order__organisation=row.organisation_id)
            if row.who == "user"
            else lives.filter(order__provider=row.organisation_id)
        )
        counted = sum(one.reserved_minor if one.state == "reserved" else one.used_minor for one in lives)
        assert row.used_minor == counted


def check_charges() -> None:
    """Nobody is charged twice, nor below nothing, and what users owe is what they were charged and have not paid."""
    for order in Order.objects.prefetch_related("charges"):
        first = [one for one in order.charges.all() if one.kind != "adjustment"]
        assert len(first) <= 1, order
        assert sum(one.user_minor for one in order.charges.all()) >= 0, order
        assert {one.kind for one in first} <= {"charged": {"usage"}, "released": {"late_cancel"}}.get(
            order.state, set()
        )
        if order.state == "charged":
            assert [one.kind for one in first] == ["usage"]
    entries = list(Charge.objects.exclude(entry=None).values_list("entry_id", flat=True))
    assert len(entries) == len(set(entries))
    billed = list(InvoiceLine.objects.values_list("charge_id", flat=True))
    assert len(billed) == len(set(billed))
    asked = Charge.objects.aggregate(sum=Sum("user_minor"))["sum"] or 0
    paid = Charge.objects.filter(invoice_line__invoice__paid_at__isnull=False).aggregate(sum=Sum("user_minor"))["sum"]
    owed = sum(Account.objects.filter(kind="customer").values_list("balance_minor", flat=True))
    assert owed == asked - (paid or 0)


class History:
    """A world in which things happen at random."""

    def __init__(self, seed: int) -> None:
        self.world: World = make_world()
        self.random = random.Random(seed)
        self.now = NOW
        self.schemes = [
            make_scheme(self.world.country, {"order_cap": "800.00", "stacks_with": ["s-refund"]}, code="s-voucher"),
            make_scheme(
                self.world.country,
                {
                    "delivery": "refund",
                    "share": "0.33",
                    "pays": {"user_home": "0.37", "provider_home": "0.63"},
                    "user_year_cap": "2500.00",
                    "stacks_with": ["s-voucher"],
                    "claim_days": 5,
                    "four_eyes_above": "300.00",
                },
                code="s-refund",
            ),
            make_scheme(
                self.world.country, {"delivery": "reward", "share": "0.1", "pays": "provider_home"}, code="s-reward"
            ),
        ]
        for version in self.schemes:
            for payer in (self.world.home, self.world.abroad):
                make_budget(version, payer, self.random.randint(20_000, 400_000))
        make_rates(self.world.lab, RATES | {"no_show": "1"})
        self.happened: set[str] = set()
        self.officers = [self.world.officer, self.world.second, self.world.other_officer, officer_of(self.world.abroad)]

    def step(self) -> None:
        self.now += timedelta(hours=self.random.randint(1, 30))
        steps = (self.order, self.order, self.use, self.use, self.release, self.voucher, self.decide, self.claim)
        try:
            with transaction.atomic():
                later = (self.claim, self.judge, self.judge, self.rest, self.walk_in, self.object, self.answer)
                what = self.random.choice((*steps, *later))
                what()
                self.happened.add(what.__name__)
        except Refused:
            pass  # a refusal is an answer; nothing of it may stay behind

    def by(self, user) -> Actor:
        return Actor(user, "api")

    def order(self) -> None:
        hours = Decimal(self.random.randint(1, 60)) / 4
        wanted = self.world.wanted(str(hours), day=self.now.date(), samples=self.random.randint(0, 3))
        said = quote_for(wanted).quote
        place_order(
            wanted,
            self.world.party(self.world.engineer),
            expected_minor=said.pays_now_minor,
            by=self.by(self.world.engineer),
            at=self.now,
        )

    def use(self) -> None:
        order = Order.objects.filter(state="reserved").order_by("?").first()
        if order is None:
            return
        honest = self.random.random() < 0.5
        given = order.quote["wanted"]
        hours = Decimal(given["hours"]) if honest else Decimal(self.random.randint(0, 80)) / 4
        samples = given["samples"] if honest else self.random.randint(0, 5)
        usage = Usage(self.now - timedelta(hours=1), self.now, hours, samples)
        use_order(order.subject, usage, by=self.by(self.world.manager), at=self.now)
        if honest:  # a quote honoured charges what it said
            charge = order.charges.get(kind="usage")
            said = order.quote["quote"]
            assert (charge.gross_minor, charge.user_minor) == (said["gross_minor"], said["pays_now_minor"])

    def release(self) -> None:
        order = Order.objects.filter(state="reserved").order_by("pk").last()
        if order is None:
            return
        hours = self.random.choice((None, Decimal(-1), Decimal(0), Decimal(self.random.randint(1, 40))))
        for _again in range(2):  # a second time changes nothing
            release_order(order.subject, hours_before=hours, by=SYSTEM, at=self.now)
        share = {None: 0, Decimal(-1): 1}.get(hours, Decimal("0.5") if hours is not None and hours < 24 else 0)
        fee = order.charges.aggregate(sum=Sum("user_minor"))["sum"] or 0
        assert fee == Money("CNY", order.gross_minor).times(Decimal(share)).minor
        if fee:
            self.happened.add("missed" if hours == -1 else "given up late")

    def walk_in(self) -> None:
        """Use without a reservation: ordered and charged at once, as the calendar does."""
        hours = Decimal(self.random.randint(1, 40)) / 4
        wanted = self.world.wanted(str(hours), day=self.now.date())
        subject, by = f"use_{self.random.getrandbits(40)}", self.by(self.world.engineer)
        usage = Usage(self.now - timedelta(hours=1), self.now, hours)
        place_order(wanted, self.world.party(self.world.engineer), subject=subject, by=by, at=self.now)
        for _again in range(2):
            use_order(subject, usage, by=by, at=self.now)
        with pytest.raises(Refused):  # what was used is not given back
            release_order(subject, by=by, at=self.now)

    def object(self) -> None:
        charge = Charge.objects.order_by("pk").last()
        if charge is not None:
            party, by = self.world.party(self.world.engineer), self.by(self.world.engineer)
            open_dispute(charge.public_id, "No.", party, by=by, at=self.now)

    def answer(self) -> None:
        """An objection that is right is followed by an adjustment, of all or of a part."""
        dispute = Dispute.objects.filter(upheld=None).select_related("charge").order_by("pk").first()
        if dispute is None:
            return
        party, by = self.world.party(self.world.manager), self.by(self.world.manager)
        upheld, charge = self.random.random() < 0.7, dispute.charge
        answer_dispute(dispute.public_id, upheld=upheld, answer="Yes.", party=party, by=by, at=self.now)
        self.happened.add("answered")
        if upheld and charge.kind != "adjustment":
            left = charge.user_minor + sum(charge.adjustments.values_list("user_minor", flat=True))
            less = left if self.random.random() < 0.5 else self.random.randint(0, left)
            adjust_charge(charge.public_id, -less, "Right.", party, by=by, at=self.now)
            with pytest.raises(Refused):  # no more is given back than was charged
                adjust_charge(charge.public_id, less - left - 1, "More.", party, by=by, at=self.now)
            self.happened.add("adjusted")

    def voucher(self) -> None:
        apply_for_voucher(
            "s-voucher",
            self.world.company,
            self.random.randint(1, 150_000),
            "",
            self.world.party(self.world.engineer),
            by=self.by(self.world.engineer),
            at=self.now,
        )

    def decide(self) -> None:
        voucher = Voucher.objects.filter(state="applied").first()
        if voucher is not None:
            decide_voucher(
                voucher.public_id,
                issue=self.random.random() < 0.8,
                ground="Because.",
                party=self.world.party(self.world.officer),
                by=self.by(self.world.officer),
                at=self.now,
            )

    def claim(self) -> None:
        claim = Claim.objects.filter(state__in=["draft", "returned"]).order_by("pk").first()
        if claim is None:
            return
        user = self.world.engineer if claim.organisation_id == self.world.company.pk else self.world.manager
        if not claim.documents.exists():
            for kind in ("contract", "invoice", "report"):
                add_document(claim.public_id, kind, kind, b"x", self.world.party(user), by=self.by(user), at=self.now)
        submit_claim(claim.public_id, self.world.party(user), by=self.by(user), at=self.now)

    def judge(self) -> None:
        claim = Claim.objects.filter(state__in=["submitted", "second"]).order_by("pk").first()
        if claim is not None:
            user = self.random.choice(self.officers)
            verdict = self.random.choice(("approve", "approve", "approve", "refuse", "return"))
            decide_claim(claim.public_id, verdict, "Because.", self.world.party(user), by=self.by(user), at=self.now)

    def rest(self) -> None:
        what = self.random.randint(0, 4)
        party, by = self.world.party(self.world.manager), self.by(self.world.manager)
        charge = Charge.objects.filter(kind="usage").order_by("pk").last()
        if what == 0:
            lapse_claims(at=self.now)
            lapse_vouchers(at=self.now)
        elif what == 1 and charge is not None:
            adjust_charge(charge.public_id, self.random.randint(-5000, 5000), "Because.", party, by=by, at=self.now)
        elif what == 2:
            invoice = make_invoice(self.world.lab, self.world.company, "CNY", party, by=by, at=self.now)
            mark_paid(invoice.public_id, party, by=by, at=self.now)
        elif what == 3:
            settle(self.now.date() - timedelta(days=31), "CNY", None, by=SYSTEM, at=self.now)
        else:
            pay_once(
                f"milestone-{self.random.randint(1, 3)}",
                Payment(self.world.home, self.world.lab, Money("CNY", 5000), "mil_1"),
                by=SYSTEM,
                at=self.now,
            )


HAPPENING = {
    *("order", "use", "release", "given up late", "missed", "walk_in", "object", "answered", "adjusted"),
    *("voucher", "decide", "claim", "judge", "rest"),
}


@pytest.mark.parametrize("seed", range(2))
def test_money_adds_up_after_every_step_of_a_random_history(seed):
    history = History(seed)
    for number in range(70):
        history.step()
        if number % 5 == 4:
            check_invariants()
            check_charges()
    check_invariants()
    check_charges()
    assert HAPPENING - history.happened == set()
    if Due.objects.filter(settlement=None).exists():
        settle(history.now.date(), "CNY", None, by=SYSTEM, at=history.now + timedelta(days=40))
    for one in Settlement.objects.all():
        net: dict[int, int] = {}
        for line in SettlementLine.objects.filter(settlement=one):
            sign = 1 if line.kind == "debt" else -1
            net[line.debtor_id] = net.get(line.debtor_id, 0) - sign * line.amount_minor
            net[line.creditor_id] = net.get(line.creditor_id, 0) + sign * line.amount_minor
        assert set(net.values()) <= {0}  # the transfers clear what was owed
    assert sum(Account.objects.filter(kind="clearing").values_list("balance_minor", flat=True)) == 0
    tables = {one.pk: one for one in RateTable.objects.all()}
    versions = {one.pk: one for one in SchemeVersion.objects.select_related("scheme__jurisdiction", "source")}
    for order in Order.objects.all():  # any past decision, made again by the rules of its day
        assert requote(order.quote, versions, tables[order.rate_table_id]).as_json() == order.quote["quote"]


def test_cancelling_everything_restores_every_balance():
    history = History(7)
    before = dict(Account.objects.values_list("key", "balance_minor"))
    for _number in range(8):
        try:
            history.order()
        except Refused:
            continue
    assert Order.objects.count() > 2
    for order in Order.objects.all():
        release_order(order.subject, by=SYSTEM, at=NOW)
    after = dict(Account.objects.values_list("key", "balance_minor"))
    assert {key: after[key] for key in before} == before
    assert {minor for key, minor in after.items() if key not in before} <= {0}
    assert set(CapUse.objects.values_list("used_minor", flat=True)) == {0}


# The database has the last word ----------------------------------------------------------------------------------
@pytest.fixture
def budget():
    world = make_world()
    make_budget(make_scheme(world.country), world.home, 1000)
    return Account.objects.get(kind="budget")


def refused_by_the_database(write) -> None:
    @transaction.atomic
    def write_and_check() -> None:
        write()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError):
        write_and_check()


def entry() -> Entry:
    return Entry.objects.create(at=NOW, what="budget", subject="x")


def test_entry_that_does_not_add_up_is_refused(budget):
    refused_by_the_database(lambda: Posting.objects.create(entry=entry(), account=budget, amount_minor=5))


def test_balance_below_nothing_is_refused(budget):
    other = Account.objects.get(kind="treasury")

    def overdraw():
        one = entry()
        Posting.objects.bulk_create(
            [
                Posting(entry=one, account=budget, amount_minor=-1001),
                Posting(entry=one, account=other, amount_minor=1001),
            ]
        )

    refused_by_the_database(overdraw)


def test_balance_can_t_be_written_past_the_postings(budget):
    refused_by_the_database(lambda: Account.objects.filter(pk=budget.pk).update(balance_minor=10**9))


@pytest.mark.parametrize("model", [Posting, Entry, SchemeVersion, RateTable])
def test_what_is_written_stays(budget, model):
    refused_by_the_database(lambda: model.objects.all().update(id=F("id")))
    refused_by_the_database(lambda: model.objects.all()._raw_delete("default"))


def test_unbalanced_post_is_refused_before_the_database(budget):
    with pytest.raises(ValueError, match="does not add up"):
        ledger.post("budget", "x", ((budget, 5),), by=SYSTEM, at=NOW)


# Once-only payments ----------------------------------------------------------------------------------------------
def test_payment_by_the_same_key_is_made_once():
    world = make_world()
    payment = Payment(world.home, world.lab, Money("CNY", 500), "mil_1")
    first = pay_once("key", payment, by=SYSTEM, at=NOW)
    assert pay_once("key", payment, by=SYSTEM, at=NOW) == first
    assert Account.objects.get(kind="bank").balance_minor == 500
    with pytest.raises(Refused) as refused:
        pay_once("key", Payment(world.home, world.lab, Money("CNY", 501), "mil_1"), by=SYSTEM, at=NOW)
    assert refused.value.decision.codes == ("pay.key_reused",)


@pytest.mark.parametrize("minor", [0, -5])
def test_payment_of_nothing_is_refused(minor):
    world = make_world()
    with pytest.raises(Refused) as refused:
        pay_once("key", Payment(world.home, world.lab, Money("CNY", minor), "mil_1"), by=SYSTEM, at=NOW)
    assert refused.value.decision.codes == ("pay.nothing",)
