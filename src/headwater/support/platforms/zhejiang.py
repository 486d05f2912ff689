"""Zhejiang's platform of large instruments (浙江大仪平台): a token by sign-in, then JSON."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit, urlunsplit

import requests

from headwater.registry.models import Instrument
from headwater.support.models import ServiceRecord
from headwater.support.platforms.base import (
    Field,
    Payload,
    Platform,
    Reply,
    Unreachable,
    class_code,
    local,
    major,
    number,
    post,
    worth_wan,
)
from headwater.support.platforms.nrii import unit_code

SHARE = {"public": "外部共享", "registered": "外部共享", "organisation": "内部共享"}
INSTRUMENT = (
    Field("id", needed=True, most=50),
    Field("name", needed=True, most=100),
    Field("ename", most=200),
    Field("companyId", needed=True, most=50),
    Field("instruId", needed=True, most=100),
    Field("typeCode", needed=True, form=r"\d{6}"),
    Field("source", needed=True, among=frozenset({"购置", "研制", "赠送", "其他"})),
    Field("customs", needed=True, among=frozenset({"是", "否"})),
    Field("price", needed=True, form=r"\d+\.\d\d"),
    Field("country", form=r"[A-Z]{2}"),
    Field("buildCompany", most=100),
    Field("startDate", form=r"\d{4}-\d\d-\d\d"),
    Field("pormat", most=100),
    Field("technology", most=500),
    Field("functionField", most=300),
    Field("share", needed=True, among=frozenset({"外部共享", "内部共享", "不共享"})),
    Field("province", needed=True, most=30),
    Field("city", needed=True, most=30),
    Field("sContact", most=50),
)
SERVICE = (
    Field("orderCode", needed=True, most=50),
    Field("assetCode", needed=True, most=100),
    Field("serviceDate", needed=True, form=r"\d+(\.\d+)?"),
    Field("serviceCost", needed=True, form=r"\d+\.\d\d"),
    Field("serviceContent", most=200),
    Field("servicingTime", needed=True, form=r"\d{4}-\d\d-\d\d"),
    Field("servicingRole", needed=True, among=frozenset({"1", "2"})),
    Field("serviceEnterprise", most=100),
    Field("servicingSource", needed=True, among=frozenset({"1", "2"})),
)


def instrument(one: Instrument) -> Payload:
    return {
        "id": one.public_id,
        "name": one.name_zh or one.name_en,
        "ename": one.name_en,
        "companyId": unit_code(one.owner),
        "instruId": one.local_id or one.public_id,
        "typeCode": class_code(one),
        "source": "购置",
        "customs": "否",
        "price": worth_wan(one),
        "country": one.manufacturer_country,
        "buildCompany": one.manufacturer_zh or one.manufacturer_en,
        "startDate": one.commissioned.isoformat() if one.commissioned else "",
        "pormat": one.model,
        "technology": one.description_zh or one.description_en,
        "functionField": "；".join(one.measured_zh or one.measured_en),
        "share": "不共享" if one.access == "internal" else SHARE[one.visibility],
        "province": one.city.jurisdiction.name_zh or one.city.jurisdiction.name_en,
        "city": one.city.name_zh or one.city.name_en,
        "sContact": one.contact_name,
    }


def service(record: ServiceRecord) -> Payload:
    who = record.organisation
    return {
        "orderCode": record.public_id,
        "assetCode": record.instrument.public_id if record.instrument else "",
        "serviceDate": number(record.hours),
        "serviceCost": major(record.amount_minor),
        "serviceContent": record.content_zh or record.content_en,
        "servicingTime": local(record, "started_at", "%Y-%m-%d"),
        "servicingRole": "1" if who else "2",
        "serviceEnterprise": (who.name_zh or who.name_en) if who else "",
        "servicingSource": "2" if record.outside else "1",
    }


def _bare(address: str) -> str:
    """The address without a user's name and password."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")


def prepare(session: requests.Session, address: str) -> None:
    """Sign in with the name and password of the address; the token goes with every record."""
    parts = urlsplit(address)
    given = {"username": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    answer = post(session, f"{_bare(address)}/login", json=given)
    try:
        session.headers["token"] = str(answer.json()["token"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unreachable("no token") from error


def send(session: requests.Session, address: str, kind: str, payload: Payload, key: str) -> Reply:
    """One record in a list of one; the answer names a code for each."""
    place = "instruments" if kind == "instrument" else "records"
    answer = post(session, f"{_bare(address)}/{place}", json=[payload], headers={"Idempotency-Key": key})
    try:
        said = answer.json()["results"][0]
        code = str(said["code"])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise Unreachable("an answer without a code") from error
    return Reply(code, code == "200", str(said.get("message", ""))[:300])


PLATFORM = Platform(
    "zhejiang",
    "浙江省大型科研仪器平台",
    "Zhejiang's platform",
    INSTRUMENT,
    SERVICE,
    instrument,
    service,
    send,
    prepare,
)
