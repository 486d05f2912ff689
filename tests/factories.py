"""Plain functions that put one record into the test's database, with defaults for all a test does not look at."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.utils import timezone

from headwater.accounts import actions
from headwater.accounts.audit import SYSTEM
from headwater.accounts.models import Grant, Role, Token, User
from headwater.registry import changed
from headwater.registry.models import (
    City,
    Facility,
    Figure,
    Instrument,
    InstrumentTechnique,
    Jurisdiction,
    Membership,
    Organisation,
    Person,
    Region,
    Source,
    Technique,
    Zone,
)

PASSWORD = "a long enough pass phrase"
AT = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)
_numbers = count(1)


def number() -> int:
    """A number that no other record of this run has."""
    return next(_numbers)


def make_user(email: str = "", *, password: str | None = PASSWORD, language: str = "en", **more: Any) -> User:
    email = email or f"user{number()}@example.org"
    return actions.make_user(
        email, name=more.pop("name", "Ada Reader"), password=password, language=language, by=SYSTEM, at=AT, **more
    )


def make_operator(**more: Any) -> User:
    user = make_user(**more)
    Grant.objects.create(user=user, role=Role.OPERATOR)
    return user


def make_token(user: User, *, scopes: tuple[str, ...] = ("read",), **more: Any) -> tuple[Token, str]:
    given = {"name": f"token {number()}", "expires_at": None, "by": SYSTEM, "at": timezone.now()} | more
    return actions.make_token(user, scopes=scopes, **given)


def make_source(*, kind: str = "publication", **more: Any) -> Source:
    key = more.pop("key", f"source-{number()}")
    return Source.objects.create(key=key, kind=kind, **({"title_zh": "来源", "title_en": "A source"} | more))


def make_jurisdiction(**more: Any) -> Jurisdiction:
    n = number()
    given = {
        "public_id": f"jur_t{n}",
        "code": f"XX-{n}",
        "kind": "province",
        "name_zh": f"省{n}",
        "name_en": f"Province {n}",
        "timezone": "Asia/Shanghai",
    } | more
    given.setdefault("source", None)
    given["source"] = given["source"] or make_source()
    return Jurisdiction.objects.create(**given)


def make_city(**more: Any) -> City:
    n = number()
    given = {
        "public_id": f"cty_t{n}",
        "code": f"city-{n}",
        "name_zh": f"城{n}",
        "name_en": f"City {n}",
        "lat": 31.0,
        "lon": 121.0,
    } | more
    if "jurisdiction" not in given:
        given["jurisdiction"] = make_jurisdiction()
    given.setdefault("source", given["jurisdiction"].source)
    return City.objects.create(**given)


def make_organisation(**more: Any) -> Organisation:
    n = number()
    given = {
        "public_id": f"org_t{n}",
        "code": f"org-{n}",
        "kind": "university",
        "name_zh": f"大学{n}",
        "name_en": f"University {n}",
    } | more
    if "city" not in given:
        given["city"] = make_city()
    given.setdefault("source", given["city"].source)
    return Organisation.objects.create(**given)


def make_facility(**more: Any) -> Facility:
    n = number()
    given = {
        "public_id": f"fac_t{n}",
        "code": f"facility-{n}",
        "field": "light_source",
        "status": "operating",
        "name_zh": f"装置{n}",
        "name_en": f"Facility {n}",
    } | more
    if "operator" not in given:
        given["operator"] = make_organisation()
    given.setdefault("city", given["operator"].city)
    given.setdefault("source", given["operator"].source)
    return Facility.objects.create(**given)


def make_zone(*cities: City, **more: Any) -> Zone:
    n = number()
    given = {
        "public_id": f"zon_t{n}",
        "code": f"zone-{n}",
        "kind": "park",
        "name_zh": f"园区{n}",
        "name_en": f"Park {n}",
    } | more
    given.setdefault("source", cities[0].source if cities else None)
    given["source"] = given["source"] or make_source()
    zone = Zone.objects.create(**given)
    zone.cities.set(cities)
    return zone


def make_technique(*, parent: Technique | None = None, **more: Any) -> Technique:
    n = number()
    given = {"code": f"technique_{n}", "name_zh": f"技术{n}", "name_en": f"Technique {n}"} | more
    return Technique.objects.create(parent=parent, **given)


def make_instrument(*, techniques: tuple[Technique, ...] = (), **more: Any) -> Instrument:
    n = number()
    given = {
        "public_id": f"ins_t{n}",
        "name_zh": f"仪器{n}",
        "name_en": f"Instrument {n}",
        "access": "booking",
        "created_at": AT,
        "updated_at": AT,
    } | more
    if "owner" not in given:
        given["owner"] = make_organisation()
    given.setdefault("city", given["owner"].city)
    given.setdefault("source", given["owner"].source)
    instrument = Instrument.objects.create(**given)
    for rank, technique in enumerate(techniques):
        InstrumentTechnique.objects.create(instrument=instrument, technique=technique, rank=rank)
    changed.tell([instrument.pk])  # as every action does
    return instrument


def make_figure(**more: Any) -> Figure:
    n = number()
    sources = more.pop("sources", None) or [make_source()]
    given = {
        "code": f"figure-{n}",
        "subject_kind": "region",
        "subject": "test",
        "statement_zh": f"说法{n}",
        "statement_en": f"Statement {n}",
        "verdict": "confirmed",
        "value": 12.0,
    } | more
    figure = Figure.objects.create(**given)
    figure.sources.set(sources)
    return figure


def make_region(**more: Any) -> Region:
    given = {
        "code": "test",
        "name_zh": "试验区",
        "name_en": "Test region",
        "node": "tst",
        "country": "CN",
        "currency": "CNY",
        "west": 115.0,
        "south": 27.0,
        "east": 123.0,
        "north": 35.0,
        "digest": "0" * 64,
        "loaded_at": AT,
    } | more
    return Region.objects.create(**given)


def make_member(user: User, organisation: Organisation, role: str = "manager") -> Membership:
    person, _new = Person.objects.get_or_create(
        user=user, defaults={"public_id": f"per_t{number()}", "name_en": user.name or user.email}
    )
    return Membership.objects.create(person=person, organisation=organisation, role=role)
