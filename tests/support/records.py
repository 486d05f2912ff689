"""Records of terms and money for tests: two jurisdictions, a provider, a company, schemes, budgets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.factories import (
    make_city,
    make_instrument,
    make_jurisdiction,
    make_member,
    make_organisation,
    make_region,
    make_source,
    make_technique,
    make_user,
    number,
)

from headwater.accounts.audit import SYSTEM, Actor
from headwater.accounts.models import Grant, Role, User
from headwater.core.money import Money
from headwater.engines.terms import rates_as_data, read_rates, read_terms, terms_as_data
from headwater.registry.models import Instrument, Jurisdiction, Organisation
from headwater.support.actions.claims import add_document
from headwater.support.actions.orders import place_order
from headwater.support.actions.terms import fund_budget
from headwater.support.actions.usage import Usage, use_order
from headwater.support.actions.vouchers import apply_for_voucher, decide_voucher
from headwater.support.facts import party_of
from headwater.support.models import Order, RateTable, Scheme, SchemeVersion, Voucher
from headwater.support.quotes import OrderWanted
from headwater.support.rules import Party

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
DAY = NOW.date()
RATES = {
    "currency": "CNY",
    "lines": [
        {"per": "hour", "for": "any", "price": "500.00"},
        {"per": "hour", "for": "academic", "price": "300.00"},
        {"per": "sample", "price": "80.00"},
    ],
    "late_cancel": {"within_hours": 24, "share": "0.5"},
}
VOUCHER = {
    "currency": "CNY",
    "share": "0.5",
    "delivery": "voucher",
    "pays": "user_home",
    "reach": "cross_border",
    "eligible": {"fact": "user.size", "in": ["micro", "small", "medium"]},
    "user_year_cap": "300000.00",
}


@dataclass(slots=True)
class World:
    """A company at home, a laboratory abroad in the same country, and officers of both."""

    country: Jurisdiction
    home: Jurisdiction
    abroad: Jurisdiction
    company: Organisation
    lab: Organisation
    instrument: Instrument
    engineer: User
    manager: User
    officer: User
    second: User
    other_officer: User

    def party(self, user: User) -> Party:
        return party_of(user)

    @property
    def by(self) -> Actor:
        return Actor(self.engineer, "api")

    def wanted(self, hours: str = "4", **more: Any) -> OrderWanted:
        given: dict[str, Any] = {
            "provider": self.lab,
            "instrument": self.instrument,
            "organisation": self.company,
            "day": DAY,
            "hours": Decimal(hours),
        } | more
        return OrderWanted(**given)


def officer_of(jurisdiction: Jurisdiction, **more: Any) -> User:
    user = make_user(**more)
    Grant.objects.create(user=user, role=Role.JURISDICTION_OFFICER, scope=jurisdiction.public_id)
    return user


def make_world(*, region: bool = True) -> World:
    if region:
        make_region(code=f"region{number()}")
    source = make_source()
    country = make_jurisdiction(kind="country", source=source)
    home, abroad = (make_jurisdiction(parent=country, source=source) for _side in range(2))
    company = make_organisation(city=make_city(jurisdiction=home), kind="company", size_class="small", founded="2015")
    lab = make_organisation(city=make_city(jurisdiction=abroad), kind="university")
    instrument = make_instrument(
        owner=lab, techniques=(make_technique(parent=make_technique()),), value_minor=80_000_000, currency="CNY"
    )
    engineer, manager = make_user(), make_user()
    make_member(engineer, company, "member")
    make_member(manager, lab, "manager")
    make_rates(lab)
    return World(
        country,
        home,
        abroad,
        company,
        lab,
        instrument,
        engineer,
        manager,
        officer_of(home),
        officer_of(home),
        officer_of(abroad),
    )


def make_rates(
    owner: Organisation, rates: Any = None, *, instrument: Instrument | None = None, valid_from: date = date(2020, 1, 1)
) -> RateTable:
    return RateTable.objects.create(
        public_id=f"rat_t{number()}",
        owner=owner,
        instrument=instrument,
        number=RateTable.objects.filter(owner=owner, instrument=instrument).count() + 1,
        valid_from=valid_from,
        rates=rates_as_data(read_rates(rates or RATES)),
        source=owner.source,
        made_at=NOW,
    )


def make_scheme(jurisdiction: Jurisdiction, terms: Any = None, **more: Any) -> SchemeVersion:
    code = more.pop("code", f"scheme-{number()}")
    scheme = Scheme.objects.filter(code=code).first() or Scheme.objects.create(
        public_id=f"sch_t{number()}", code=code, jurisdiction=jurisdiction, name_zh="方案", name_en=f"Scheme {code}"
    )
    given = {"valid_from": date(2020, 1, 1), "verified": True, "source": jurisdiction.source} | more
    return SchemeVersion.objects.create(
        scheme=scheme,
        number=scheme.versions.count() + 1,
        terms=terms_as_data(read_terms(VOUCHER | (terms or {}))),
        made_at=NOW,
        **given,
    )


def make_budget(version: SchemeVersion, payer: Jurisdiction, minor: int, *, year: int = DAY.year) -> None:
    fund_budget(version.scheme, payer, year, Money("CNY", minor), None, by=SYSTEM, at=NOW)


def make_voucher(world: World, version: SchemeVersion, minor: int) -> Voucher:
    voucher = apply_for_voucher(
        version.scheme.code, world.company, minor, "", world.party(world.engineer), by=world.by, at=NOW
    )
    return decide_voucher(
        voucher.public_id,
        issue=True,
        ground="",
        party=world.party(world.officer),
        by=Actor(world.officer, "page"),
        at=NOW,
    )


def add_papers(world: World, claim: Any, kinds: tuple[str, ...] = ("contract", "invoice", "report")) -> None:
    for kind in kinds:
        add_document(claim.public_id, kind, f"{kind}.pdf", b"paper", world.party(world.engineer), by=world.by, at=NOW)


def later(**more: float) -> datetime:
    return NOW + timedelta(**more)


def used_order(world: World) -> Order:
    placed = place_order(world.wanted(), world.party(world.engineer), by=world.by, at=later())
    return use_order(
        placed.subject,
        Usage(later(), later(hours=4)),
        by=Actor(world.manager, "page"),
        at=later(hours=5),
    )
