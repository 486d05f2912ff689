"""What goes out: the shapes of records in JSON, and how they are filled."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Model
from ninja import Schema
from pydantic import Field

from headwater.core.money import Money
from headwater.registry import rules
from headwater.registry.models import Facility, Instrument, Organisation, Source
from headwater.registry.rules import Viewer


class SourceOut(Schema):
    """Where a record comes from; `synthetic` says that the record is made up."""

    key: str
    kind: str
    title: str
    url: str
    published: str
    synthetic: bool


class RecordOut(Schema):
    """What every record has. `name` is in the language asked for, or the one there is (`name_language`)."""

    id: str
    name: str
    name_language: str
    name_zh: str
    name_en: str
    verified: bool
    synthetic: bool
    source: SourceOut


class Named(Schema):
    """A record named by another."""

    id: str
    name: str


class InstrumentOut(RecordOut):
    """An instrument as lists give it."""

    owner: Named
    facility: Named | None
    city: str
    jurisdiction: str
    techniques: list[str]
    class_code: str
    manufacturer: str
    model: str
    access: str
    status: str
    visibility: str
    value: str | None = Field(description="In major units, exact.")
    currency: str
    commissioned: date | None
    lat: float | None
    lon: float | None
    location_accuracy: str
    version: int


class InstrumentDetail(InstrumentOut):
    """An instrument whole; the contact is empty for whoever is not signed in."""

    local_id: str
    original_language: str
    manufacturer_zh: str
    manufacturer_en: str
    manufacturer_id: str
    manufacturer_country: str
    model_id: str
    serial_number: str
    description_zh: str
    description_en: str
    measured_zh: list[str]
    measured_en: list[str]
    subjects: list[str]
    decommissioned: date | None
    location_zh: str
    location_en: str
    sharing_zh: str
    sharing_en: str
    fee_zh: str
    fee_en: str
    contact_name: str
    contact_email: str
    contact_phone: str
    landing_page: str
    pid: str
    pid_type: str
    related_ids: list[dict[str, Any]]


class OrganisationOut(RecordOut):
    kind: str
    city: str
    lat: float | None
    lon: float | None
    location_accuracy: str
    ror: str | None
    uscc: str | None
    size_class: str
    founded: str
    listed_on: str
    website: str


class FacilityOut(RecordOut):
    city: str
    operator: Named
    field: str
    status: str
    since: str
    description: str
    lat: float | None
    lon: float | None
    location_accuracy: str


class JurisdictionOut(RecordOut):
    code: str
    kind: str
    parent: str | None
    timezone: str


class CityOut(RecordOut):
    code: str
    jurisdiction: str
    timezone: str
    lat: float
    lon: float
    population: int | None
    population_year: int | None
    population_verified: bool
    area_km2: float | None
    area_year: int | None
    area_verified: bool


class ZoneOut(RecordOut):
    code: str
    kind: str
    cities: list[str]
    area_km2: float | None
    area_as_of: str
    area_verified: bool
    note: str


class TechniqueOut(Schema):
    code: str
    parent: str | None
    name: str
    name_zh: str
    name_en: str
    synonyms_zh: list[str]
    synonyms_en: list[str]
    measures_zh: list[str]
    measures_en: list[str]


class FigureOut(Schema):
    """A figure that somebody published; Headwater did not compute it."""

    code: str
    subject_kind: str
    subject: str
    statement: str
    claimed: float | None
    value: float | None = Field(description="What a second source says.")
    comparison: str
    unit: str
    as_of: str
    verdict: str
    note: str
    sources: list[SourceOut]


class EntryOut(Schema):
    """One entry of the audit trail."""

    at: str
    actor: str
    way: str
    act: str
    changes: dict[str, Any]
    decision: dict[str, Any] | None
    ground: str


class Me(Schema):
    """Who a token is."""

    name: str
    email: str
    roles: list[str]
    may_write: bool
    manages: list[Named]


class PageOut(Schema):
    """One page of a list. Pass `next` back as `cursor`; it is null on the last page."""

    next: str | None
    total: int
    total_is_least: bool = Field(description="True where there are more than were counted.")


class InstrumentPage(PageOut):
    items: list[InstrumentOut]


class OrganisationPage(PageOut):
    items: list[OrganisationOut]


class Problem(Schema):
    """An RFC 9457 problem document."""

    type: str
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    reasons: list[dict[str, Any]] | None = None


PROBLEMS = {401: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


def named(record: Organisation | Facility) -> dict[str, str]:
    return {"id": record.public_id, "name": record.name}


def source_out(source: Source) -> dict[str, Any]:
    return {
        "key": source.key,
        "kind": source.kind,
        "title": str(source),
        "url": source.url,
        "published": source.published,
        "synthetic": source.synthetic,
    }


def record_out(record: Any) -> dict[str, Any]:
    return {
        "id": record.public_id,
        "name": record.name,
        "name_language": record.name_language,
        "name_zh": record.name_zh,
        "name_en": record.name_en,
        "verified": record.verified,
        "synthetic": record.synthetic,
        "source": source_out(record.source),
    }


def columns(record: Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


LISTED = (
    "access",
    "status",
    "visibility",
    "model",
    "currency",
    "commissioned",
    "lat",
    "lon",
    "location_accuracy",
    "version",
)
DETAILED = tuple(
    name
    for name in InstrumentDetail.model_fields
    if name not in InstrumentOut.model_fields and not name.startswith("contact_")
)


def instrument_out(one: Instrument) -> dict[str, Any]:
    """An instrument as lists give it; no query when read `with_listing`."""
    code = one.class_code if one.class_code_id else None
    return {
        **record_out(one),
        **columns(one, LISTED),
        "owner": named(one.owner),
        "facility": named(one.facility) if one.facility else None,
        "city": one.city.code,
        "jurisdiction": one.city.jurisdiction.code,
        "techniques": [link.technique.code for link in one.technique_links.all()],
        "class_code": f"{code.vocabulary}:{code.version}:{code.code}" if code else "",
        "manufacturer": one.manufacturer,
        "value": None if one.value_minor is None else str(Money(one.currency, one.value_minor).major),
    }


def instrument_detail(one: Instrument, viewer: Viewer) -> dict[str, Any]:
    sees = rules.may_see_contact(viewer).allowed()
    contact = {name: getattr(one, name) if sees else "" for name in ("contact_name", "contact_email", "contact_phone")}
    return {**instrument_out(one), **columns(one, DETAILED), **contact, "pid": one.pid or ""}
