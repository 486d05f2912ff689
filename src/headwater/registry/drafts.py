"""An instrument as somebody wants it to be: plain values with codes, from a form, the API or a file."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentDraft:
    """All that may be written of an instrument.

    ``owner`` and ``facility`` are public ids, ``city`` and ``techniques`` codes, ``class_code`` is
    ``vocabulary:version:code``; ``value_minor`` is in minor units of ``currency``.
    """

    owner: str
    name_zh: str = ""
    name_en: str = ""
    original_language: str = ""
    facility: str = ""
    city: str = ""
    local_id: str = ""
    techniques: tuple[str, ...] = ()
    class_code: str = ""
    manufacturer_zh: str = ""
    manufacturer_en: str = ""
    manufacturer_id: str = ""
    manufacturer_country: str = ""
    model: str = ""
    model_id: str = ""
    serial_number: str = ""
    description_zh: str = ""
    description_en: str = ""
    measured_zh: tuple[str, ...] = ()
    measured_en: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    value_minor: int | None = None
    currency: str = ""
    access: str = "booking"
    visibility: str = "public"
    status: str = "operating"
    commissioned: date | None = None
    decommissioned: date | None = None
    location_zh: str = ""
    location_en: str = ""
    lat: float | None = None
    lon: float | None = None
    location_accuracy: str = ""
    sharing_zh: str = ""
    sharing_en: str = ""
    fee_zh: str = ""
    fee_en: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    landing_page: str = ""
    pid: str = ""
    pid_type: str = ""
    related_ids: tuple[dict[str, Any], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


DRAFT_FIELDS = tuple(one.name for one in fields(InstrumentDraft))
REFERENCES = ("owner", "facility", "city", "techniques", "class_code")
COLUMNS = tuple(name for name in DRAFT_FIELDS if name not in REFERENCES)
