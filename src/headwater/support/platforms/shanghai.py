"""Shanghai's platform of R&D services (上海研发公共服务平台): JSON, one record a call."""

from __future__ import annotations

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
)
from headwater.support.platforms.nrii import unit_code

STATUS = {"operating": "正常", "planned": "待机", "out_of_service": "维修", "decommissioned": "报废"}
INSTRUMENT = (
    Field("name", needed=True, most=100),
    Field("engName", most=200),
    Field("ownerName", needed=True, most=100),
    Field("propMngNum", needed=True, most=100),
    Field("newcode", needed=True, form=r"\d{6}"),
    Field("yqsize", most=100),
    Field("equipSource", needed=True, among=frozenset({"购置", "研制", "赠送", "其他"})),
    Field("instruProp", needed=True, among=frozenset({"进口", "国产"})),
    Field("nation", form=r"[A-Z]{2}"),
    Field("factory", most=100),
    Field("location", most=200),
    Field("relName", most=50),
    Field("relEmail", most=100),
    Field("bDate", form=r"\d{4}-\d\d-\d\d"),
    Field("tRmb", needed=True, form=r"\d+\.\d\d"),
    Field("useStatus", needed=True, among=frozenset(STATUS.values())),
)
SERVICE = (
    Field("recordId", needed=True, most=50),
    Field("propMngNum", needed=True, most=100),
    Field("beginTime", needed=True, form=r"\d{4}-\d\d-\d\d \d\d:\d\d"),
    Field("endTime", needed=True, form=r"\d{4}-\d\d-\d\d \d\d:\d\d"),
    Field("hours", needed=True, form=r"\d+(\.\d+)?"),
    Field("cost", needed=True, form=r"\d+\.\d\d"),
    Field("userUnit", needed=True, most=100),
    Field("outer", needed=True, among=frozenset({"0", "1"})),
)


def instrument(one: Instrument) -> Payload:
    abroad = bool(one.manufacturer_country) and one.manufacturer_country != "CN"
    return {
        "name": one.name_zh or one.name_en,
        "engName": one.name_en,
        "ownerName": one.owner.name_zh or one.owner.name_en,
        "ownerCode": unit_code(one.owner),
        "propMngNum": one.public_id,
        "newcode": class_code(one),
        "yqsize": one.model,
        "equipSource": "购置",
        "instruProp": "进口" if abroad else "国产",
        "nation": one.manufacturer_country,
        "factory": one.manufacturer_zh or one.manufacturer_en,
        "location": one.location_zh or one.location_en,
        "relName": one.contact_name,
        "relEmail": one.contact_email,
        "bDate": one.commissioned.isoformat() if one.commissioned else "",
        "tRmb": major(one.value_minor) if one.value_minor is not None and one.currency == "CNY" else "",
        "useStatus": STATUS[one.status],
    }


def service(record: ServiceRecord) -> Payload:
    who = record.organisation
    return {
        "recordId": record.public_id,
        "propMngNum": record.instrument.public_id if record.instrument else "",
        "beginTime": local(record, "started_at", "%Y-%m-%d %H:%M"),
        "endTime": local(record, "ended_at", "%Y-%m-%d %H:%M"),
        "hours": number(record.hours),
        "cost": major(record.amount_minor),
        "userUnit": (who.name_zh or who.name_en) if who else "个人",
        "outer": "1" if record.outside else "0",
    }


def send(session: requests.Session, address: str, kind: str, payload: Payload, key: str) -> Reply:
    """One record as JSON; the answer is an object with a code: 0 is accepted."""
    place = "instrument" if kind == "instrument" else "serviceRecord"
    answer = post(session, f"{address.rstrip('/')}/{place}", json=payload, headers={"Idempotency-Key": key})
    try:
        said = answer.json()
        code = str(said["code"])
    except (ValueError, KeyError, TypeError) as error:
        raise Unreachable("an answer without a code") from error
    return Reply(code, code == "0", str(said.get("message", ""))[:300])


PLATFORM = Platform(
    "shanghai", "上海研发公共服务平台", "Shanghai's platform", INSTRUMENT, SERVICE, instrument, service, send
)
