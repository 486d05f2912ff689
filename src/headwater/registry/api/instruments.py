"""Instruments: reading for everybody, writing for managers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from headwater.accounts.api import caller
from headwater.accounts.queries import trail_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.money import Money
from headwater.registry import queries, rules
from headwater.registry.actions.instruments import add_instrument, change_instrument
from headwater.registry.api.pages import Cursor, page, viewer_for
from headwater.registry.api.shapes import (
    PROBLEMS,
    EntryOut,
    InstrumentDetail,
    InstrumentPage,
    instrument_detail,
    instrument_out,
)
from headwater.registry.drafts import InstrumentDraft
from headwater.registry.facts import draft_of, instrument_facts
from headwater.registry.models import Instrument
from headwater.registry.queries import InstrumentFilter
from headwater.registry.rules import Viewer

router = Router(tags=["registry"])
TRAIL_SHOWN = 100

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
    return page(queries.with_all(rows), wanted, instrument_out)


def _seen(request: HttpRequest, public_id: str) -> tuple[Instrument, Viewer]:
    viewer = viewer_for(request)
    one = queries.with_all(queries.visible_instruments(viewer)).filter(public_id=public_id).first()
    if one is None:
        raise Refused(Decision((Reason("instrument.not_found"),)))
    permit(rules.may_see_instrument(instrument_facts(one), viewer))
    return one, viewer


@router.get(
    "/instruments/{public_id}",
    response={200: InstrumentDetail, **PROBLEMS},
    summary="Read an instrument",
    url_name="get_instrument",
)
def get_instrument(request: HttpRequest, public_id: str) -> Any:
    return instrument_detail(*_seen(request, public_id))


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
        values["value_minor"] = (
            None
            if exact is None
            else Money.parse(exact, currency if rules.CURRENCY.fullmatch(currency) else "XXX").minor
        )
    return values


@router.post("/instruments", response={201: InstrumentDetail, **PROBLEMS}, summary="Add an instrument")
def post_instrument(request: HttpRequest, body: InstrumentIn) -> Any:
    viewer = viewer_for(request)
    draft = InstrumentDraft(**_draft_values(body.dict()))
    made = add_instrument(draft, viewer, by=caller(request), at=timezone.now())
    return Status(201, instrument_detail(queries.with_all(Instrument.objects.filter(pk=made.pk)).get(), viewer))


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
    return instrument_detail(*_seen(request, public_id))
