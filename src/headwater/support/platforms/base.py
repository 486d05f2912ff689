"""What a platform is: fields with their limits, mappings of our records, a way to send."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import requests

from headwater.core.decision import Reason
from headwater.registry.models import Instrument
from headwater.support.models import ServiceRecord

Payload = dict[str, Any]
WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a platform's record: needed or not, at most so long, of these values, of this form."""

    name: str
    needed: bool = False
    most: int | None = None
    among: frozenset[str] = frozenset()
    form: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A platform's answer to one record."""

    code: str
    accepted: bool
    message: str = ""


class Unreachable(Exception):
    """The platform does not answer, or not in a way that can be read."""


Send = Callable[[requests.Session, str, str, Payload, str], Reply]


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform. ``send`` takes session, address, kind (``instrument`` or ``service``), payload and the key by which
    the same version is known when it is sent again."""

    code: str
    title_zh: str
    title_en: str
    instrument_fields: Sequence[Field]
    service_fields: Sequence[Field]
    instrument: Callable[[Instrument], Payload]
    service: Callable[[ServiceRecord], Payload]
    send: Send
    prepare: Callable[[requests.Session, str], None] = lambda _session, _address: None

    def fields(self, kind: str) -> Sequence[Field]:
        return self.instrument_fields if kind == "instrument" else self.service_fields

    def faults(self, kind: str, payload: Mapping[str, Any]) -> list[Reason]:
        """What in a payload does not fit the platform's form."""
        found = []
        for one in self.fields(kind):
            value = payload.get(one.name)
            text = "" if value is None else str(value)
            if not text:
                if one.needed:
                    found.append(Reason("report.field_missing", facts={"field": one.name}))
                continue
            if one.most is not None and len(text) > one.most:
                facts = {"field": one.name, "have": len(text), "most": one.most}
                found.append(Reason("report.field_too_long", facts=facts))
            if (one.among and text not in one.among) or (one.form and not re.fullmatch(one.form, text)):
                found.append(Reason("report.field_wrong", facts={"field": one.name, "value": text[:60]}))
        return found


def digest_of(payload: Mapping[str, Any]) -> str:
    """The version of a payload: the same content gives the same digest."""
    return hashlib.sha256(json.dumps(payload, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def post(session: requests.Session, address: str, **more: Any) -> requests.Response:
    """POST, or raise `Unreachable`; a server error is one too: the record is sent again later."""
    try:
        answer = session.post(address, timeout=WAIT_S, **more)
    except requests.RequestException as error:
        raise Unreachable(type(error).__name__) from error
    if answer.status_code >= 500 or answer.status_code == 429:
        raise Unreachable(f"HTTP {answer.status_code}")
    return answer


# What records say, in common -------------------------------------------------------------------------------------
def worth_wan(one: Instrument) -> str:
    """The value in units of 10,000 CNY with two digits; empty where it is not known in CNY."""
    if one.value_minor is None or one.currency != "CNY":
        return ""
    return f"{one.value_minor / 1_000_000:.2f}"


def class_code(one: Instrument) -> str:
    """The six-digit class; a shorter one is filled with 00: not told apart further."""
    code = one.class_code.code if one.class_code_id and one.class_code else ""
    return code.ljust(6, "0") if code.isdigit() else code


def local(record: ServiceRecord, name: str, form: str) -> str:
    """An instant of a record by the clock of the owner."""
    zone = ZoneInfo(record.owner.city.timezone)
    return str(getattr(record, name).astimezone(zone).strftime(form))


def major(minor: int) -> str:
    return f"{minor / 100:.2f}"


def number(value: Any) -> str:
    return f"{value.normalize():f}"
