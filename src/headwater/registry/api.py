"""The registry's JSON API: reading for everybody, writing for managers."""

from __future__ import annotations

import base64
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from headwater.accounts.api import caller, scopes_of
from headwater.accounts.queries import trail_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.money import Money
from headwater.registry import queries, rules
from headwater.registry.actions.instruments import add_instrument, change_instrument
from headwater.registry.drafts import InstrumentDraft
from headwater.registry.facts import draft_of, instrument_facts, viewer_of
from headwater.registry.models import City, Facility, Figure, Instrument, Jurisdiction, Organisation, Source, Technique, Zone
from headwater.registry.queries import InstrumentFilter
from headwater.registry.rules import Viewer

router = Router(tags=["registry"])
TRAIL_SHOWN = 100


def viewer_for(request: HttpRequest) -> Viewer:
    return viewer_of(request.user, token_scopes=scopes_of(request))


# What goes out --------------------------------------------------------------------------------------------------
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


def _named(record: Organisation | Facility) -> dict[str, str]:
    return {"id": record.public_id, "name": record.name}


def _source(source: Source) -> dict[str, Any]:
    return {
        "key": source.key,
        "kind": source.kind,
        "title": str(source),
        "url": source.url,
        "published": source.published,
        "synthetic": source.synthetic,
    }


def _record(record: Any) -> dict[str, Any]:
    return {
        "id": record.public_id,
        "name": record.name,
        "name_language": record.name_language,
        "name_zh": record.name_zh,
        "name_en": record.name_en,
        "verified": record.verified,
        "synthetic": record.synthetic,
        "source": _source(record.source),
    }


def _columns(record: Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


LISTED = ("access", "status", "visibility", "model", "currency", "commissioned", "lat", "lon", "location_accuracy", "version")
DETAILED = tuple(
    name for name in InstrumentDetail.model_fields if name not in InstrumentOut.model_fields and not name.startswith("contact_")
)


def instrument_out(one: Instrument) -> dict[str, Any]:
    """An instrument as lists give it; no query when read `with_listing`."""
    code = one.class_code if one.class_code_id else None
    return {
        **_record(one),
        **_columns(one, LISTED),
        "owner": _named(one.owner),
        "facility": _named(one.facility) if one.facility else None,
        "city": one.city.code,
        "jurisdiction": one.city.jurisdiction.code,
        "techniques": [link.technique.code for link in one.technique_links.all()],
        "class_code": f"{code.vocabulary}:{code.version}:{code.code}" if code else "",
        "manufacturer": one.manufacturer,
        "value": None if one.value_minor is None else str(Money(one.currency, one.value_minor).major),
    }


def _detail(one: Instrument, viewer: Viewer) -> dict[str, Any]:
    sees = rules.may_see_contact(viewer).allowed()
    contact = {name: getattr(one, name) if sees else "" for name in ("contact_name", "contact_email", "contact_phone")}
    return {**instrument_out(one), **_columns(one, DETAILED), **contact, "pid": one.pid or ""}


# Cutting lists --------------------------------------------------------------------------------------------------
class Cursor(Schema):
    cursor: str = Field("", description="`next` of the page before.", max_length=200)
    limit: int = Field(50, ge=1, le=200)


def _read_cursor(cursor: str) -> int | None:
    if not cursor:
        return None
    try:
        key = int(base64.urlsafe_b64decode(cursor.encode() + b"==").decode().removeprefix("after:"))
    except (ValueError, UnicodeDecodeError) as error:
        raise Refused(Decision((Reason("cursor.unknown"),))) from error
    if not 0 <= key < 2**63:
        raise Refused(Decision((Reason("cursor.unknown"),)))
    return key


def _page(rows: QuerySet[Any], cursor: Cursor, write: Any) -> dict[str, Any]:
    cut = queries.cut(rows, after=_read_cursor(cursor.cursor), size=cursor.limit)
    following = base64.urlsafe_b64encode(f"after:{cut.next_key}".encode()).decode().rstrip("=") if cut.next_key else None
    return {
        "items": [write(one) for one in cut.rows],
        "next": following,
        "total": cut.total,
        "total_is_least": cut.more_than,
    }


# Instruments ----------------------------------------------------------------------------------------------------
AccessWord = Literal["booking", "proposal", "service", "internal"]
StatusWord = Literal["planned", "operating", "out_of_service", "decommissioned"]


class InstrumentQuery(Cursor):
    """Filters; each narrows the list."""

    city: str = Field("", description="A city's code.", max_length=60)
    jurisdiction: str = Field("", description="A jurisdiction's code, e.g. `CN-SH`.", max_length=20)
    technique: str = Field("", description="A technique's or its group's code.", max_length=80)
    owner: str = Field("", description="An organisation's id.", max_length=40)
    facility: str = Field("", description="A facility's id.", max_length=40)
    access: AccessWord | Literal[""] = ""
    status: StatusWord | Literal[""] = ""
    synthetic: Literal["", "yes", "no"] = Field("", description="`no` leaves made-up records out.")


@router.get("/instruments", response={200: InstrumentPage, **PROBLEMS}, summary="List instruments")
def list_instruments(request: HttpRequest, wanted: Query[InstrumentQuery]) -> Any:
    narrow = InstrumentFilter(**wanted.dict(exclude={"cursor", "limit"}))
    rows = queries.narrowed(queries.visible_instruments(viewer_for(request)), narrow)
    return _page(queries.with_all(rows), wanted, instrument_out)


def _seen(request: HttpRequest, public_id: str) -> tuple[Instrument, Viewer]:
    viewer = viewer_for(request)
    one = queries.with_all(queries.visible_instruments(viewer)).filter(public_id=public_id).first()
    if one is None:
        raise Refused(Decision((Reason("instrument.not_found"),)))
    permit(rules.may_see_instrument(instrument_facts(one), viewer))
    return one, viewer


@router.get("/instruments/{public_id}", response={200: InstrumentDetail, **PROBLEMS}, summary="Read an instrument", url_name="get_instrument")
def get_instrument(request: HttpRequest, public_id: str) -> Any:
    return _detail(*_seen(request, public_id))


@router.get("/instruments/{public_id}/trail", response={200: list[EntryOut], **PROBLEMS}, summary="Who changed what")
def get_trail(request: HttpRequest, public_id: str) -> Any:
    one, viewer = _seen(request, public_id)
    permit(rules.may_see_trail(one.owner_id, viewer))
    return [
        {
            "at": entry.at.isoformat(),
            "actor": entry.actor_name,
            "way": entry.way,
            "act": entry.act,
            "changes": entry.changes,
            "decision": entry.decision,
            "ground": entry.ground,
        }
        for entry in trail_of(public_id)[:TRAIL_SHOWN]
    ]


Text = Annotated[str, Field(max_length=20_000)]


class InstrumentIn(Schema):
    """What may be written of an instrument. `owner` and `facility` are ids, `city` and `techniques` codes."""

    model_config = ConfigDict(extra="forbid")

    owner: str = Field(max_length=300)
    name_zh: Text = ""
    name_en: Text = ""
    original_language: Literal["", "zh", "en"] = ""
    facility: str = Field("", max_length=100)
    city: str = Field("", max_length=100)
    local_id: Text = ""
    techniques: list[str] = Field([], max_length=20)
    class_code: str = Field("", max_length=130, description="`vocabulary:version:code`")
    manufacturer_zh: Text = ""
    manufacturer_en: Text = ""
    manufacturer_id: Text = ""
    manufacturer_country: str = ""
    model: Text = ""
    model_id: Text = ""
    serial_number: Text = ""
    description_zh: Text = ""
    description_en: Text = ""
    measured_zh: list[str] = Field([], max_length=100)
    measured_en: list[str] = Field([], max_length=100)
    subjects: list[str] = Field([], max_length=100)
    value: str | None = Field(None, description="In major units, e.g. `1250000.00`.", max_length=40)
    currency: str = ""
    access: AccessWord = "booking"
    visibility: Literal["public", "registered", "organisation"] = "public"
    status: StatusWord = "operating"
    commissioned: date | None = None
    decommissioned: date | None = None
    location_zh: Text = ""
    location_en: Text = ""
    lat: float | None = None
    lon: float | None = None
    location_accuracy: Literal["", "site", "approximate", "city", "unknown"] = ""
    sharing_zh: Text = ""
    sharing_en: Text = ""
    fee_zh: Text = ""
    fee_en: Text = ""
    contact_name: Text = ""
    contact_email: Text = ""
    contact_phone: Text = ""
    landing_page: Text = ""
    pid: Text = ""
    pid_type: Text = ""


class InstrumentChange(InstrumentIn):
    """The fields to change, and the version that was read; others stay as they are."""

    owner: str = Field("", max_length=300)
    version: int = Field(ge=1, description="`version` as you read it; a newer one in the record is a conflict.")


def _draft_values(given: dict[str, Any]) -> dict[str, Any]:
    """Values as a draft keeps them; an amount that is none is refused."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    if "value" in values:
        value, currency = values.pop("value"), str(values.get("currency", ""))
        try:
            exact = None if value is None else Decimal(value)
            if exact is not None and (not exact.is_finite() or abs(exact) > Decimal(10) ** 18):
                raise InvalidOperation
        except InvalidOperation as error:
            facts = {"field": "value", "value": value}
            raise Refused(Decision((Reason("instrument.amount_unreadable", facts=facts),))) from error
        values["value_minor"] = None if exact is None else Money.parse(exact, currency if rules.CURRENCY.fullmatch(currency) else "XXX").minor
    return values


@router.post("/instruments", response={201: InstrumentDetail, **PROBLEMS}, summary="Add an instrument")
def post_instrument(request: HttpRequest, body: InstrumentIn) -> Any:
    viewer = viewer_for(request)
    draft = InstrumentDraft(**_draft_values(body.dict()))
    made = add_instrument(draft, viewer, by=caller(request), at=timezone.now())
    return Status(201, _detail(queries.with_all(Instrument.objects.filter(pk=made.pk)).get(), viewer))


@router.patch("/instruments/{public_id}", response={200: InstrumentDetail, **PROBLEMS}, summary="Change an instrument")
def patch_instrument(request: HttpRequest, public_id: str, body: InstrumentChange) -> Any:
    one, viewer = _seen(request, public_id)
    given = body.dict(exclude_unset=True)
    version = given.pop("version")
    base = draft_of(one)
    if "value" in given and "currency" not in given:
        given["currency"] = base.currency
    known = {name: getattr(base, name) for name in InstrumentDraft.__dataclass_fields__}
    draft = InstrumentDraft(**(known | _draft_values(given)))
    change_instrument(public_id, draft, viewer, expected_version=version, by=caller(request), at=timezone.now())
    return _detail(*_seen(request, public_id))


# Everything else ------------------------------------------------------------------------------------------------
ORGANISATION = tuple(name for name in OrganisationOut.model_fields if name not in RecordOut.model_fields and name != "city")
CITY = tuple(name for name in CityOut.model_fields if name not in RecordOut.model_fields and name != "jurisdiction")
ZONE = tuple(name for name in ZoneOut.model_fields if name not in RecordOut.model_fields and name != "cities")
FACILITY = tuple(name for name in FacilityOut.model_fields if name not in RecordOut.model_fields and name not in ("city", "operator"))


class OrganisationQuery(Cursor):
    kind: str = Field("", max_length=20)
    city: str = Field("", description="A city's code.", max_length=60)


def _organisation(one: Organisation) -> dict[str, Any]:
    return {**_record(one), **_columns(one, ORGANISATION), "city": one.city.code}


@router.get("/organisations", response={200: OrganisationPage, **PROBLEMS}, summary="List organisations")
def list_organisations(request: HttpRequest, wanted: Query[OrganisationQuery]) -> Any:  # noqa: ARG001
    rows = queries.organisations()
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.city:
        rows = rows.filter(city__code=wanted.city)
    return _page(rows, wanted, _organisation)


@router.get("/organisations/{public_id}", response={200: OrganisationOut, **PROBLEMS}, summary="Read an organisation")
def get_organisation(request: HttpRequest, public_id: str) -> Any:  # noqa: ARG001
    return _organisation(get_object_or_404(queries.organisations(), public_id=public_id))


def _facility(one: Facility) -> dict[str, Any]:
    return {**_record(one), **_columns(one, FACILITY), "city": one.city.code, "operator": _named(one.operator)}


@router.get("/facilities", response=list[FacilityOut], summary="List facilities")
def list_facilities(request: HttpRequest) -> Any:  # noqa: ARG001
    return [_facility(one) for one in queries.facilities()]


@router.get("/facilities/{public_id}", response={200: FacilityOut, **PROBLEMS}, summary="Read a facility")
def get_facility(request: HttpRequest, public_id: str) -> Any:  # noqa: ARG001
    return _facility(get_object_or_404(queries.facilities(), public_id=public_id))


@router.get("/jurisdictions", response=list[JurisdictionOut], summary="List jurisdictions")
def list_jurisdictions(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: Jurisdiction) -> dict[str, Any]:
        return {**_record(one), "code": one.code, "kind": one.kind, "parent": one.parent and one.parent.code, "timezone": one.timezone}

    return [write(one) for one in queries.jurisdictions().select_related("parent")]


@router.get("/cities", response=list[CityOut], summary="List cities")
def list_cities(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: City) -> dict[str, Any]:
        return {**_record(one), **_columns(one, CITY), "jurisdiction": one.jurisdiction.code}

    return [write(one) for one in queries.cities()]


@router.get("/zones", response=list[ZoneOut], summary="List parks, science cities and corridors")
def list_zones(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: Zone) -> dict[str, Any]:
        return {**_record(one), **_columns(one, ZONE), "cities": [city.code for city in one.cities.all()]}

    return [write(one) for one in queries.zones()]


@router.get("/techniques", response=list[TechniqueOut], summary="List techniques")
def list_techniques(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: Technique) -> dict[str, Any]:
        return {**_columns(one, tuple(name for name in TechniqueOut.model_fields if name != "parent")), "parent": one.parent and one.parent.code}

    return [write(one) for one in queries.techniques()]


@router.get("/figures", response=list[FigureOut], summary="List published figures")
def list_figures(request: HttpRequest) -> Any:  # noqa: ARG001
    def write(one: Figure) -> dict[str, Any]:
        columns = tuple(name for name in FigureOut.model_fields if name != "sources")
        return {**_columns(one, columns), "sources": [_source(source) for source in one.sources.all()]}

    return [write(one) for one in queries.figures()]


@router.get("/me", response={200: Me, **PROBLEMS}, summary="Who am I here?")
def me(request: HttpRequest) -> Any:
    viewer = viewer_for(request)
    if not viewer.signed_in:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    managed = queries.managed_organisations(viewer) if viewer.managed else []
    return {
        "name": str(request.user),
        "email": request.user.email,
        "roles": sorted(viewer.roles),
        "may_write": viewer.may_write,
        "manages": [_named(one) for one in managed],
    }


