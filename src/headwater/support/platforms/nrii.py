"""The national network of large instruments (国家网络管理平台): SOAP, one record a call."""

from __future__ import annotations

from xml.etree import ElementTree as Tree

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

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ACCEPTED = "100"
STATUS = {"operating": "正常", "planned": "待机", "out_of_service": "待修", "decommissioned": "待报废"}
SHARE = {"public": "外部共享", "registered": "外部共享", "organisation": "内部共享"}
DIRECTION = {"research": "135", "development": "136", "teaching": "137"}
INSTRUMENT = (
    Field("insCode", needed=True, most=50),
    Field("innerId", needed=True, most=50),
    Field("cname", needed=True, most=50),
    Field("ename", most=100),
    Field("instrBelongsType", needed=True, among=frozenset({"1", "2", "3", "4"})),
    Field("instrCategory", needed=True, form=r"\d{6}"),
    Field("instrSource", needed=True, among=frozenset({"购置", "研制", "赠送", "其他"})),
    Field("instrSupervise", needed=True, among=frozenset({"是", "否"})),
    Field("worth", needed=True, form=r"\d+\.\d\d"),
    Field("nation", form=r"[A-Z]{2}"),
    Field("manufacturer", most=100),
    Field("beginDate", form=r"\d{4}-\d\d-\d\d"),
    Field("type", needed=True, among=frozenset({"通用", "专用"})),
    Field("model", most=100),
    Field("technical", most=500),
    Field("function", most=300),
    Field("serviceContent", most=200),
    Field("status", needed=True, among=frozenset(STATUS.values())),
    Field("requirement", most=500),
    Field("fee", most=500),
    Field("serviceUrl", most=150),
    Field("province", needed=True, most=30),
    Field("city", needed=True, most=30),
    Field("address", most=200),
    Field("contact", most=50),
    Field("phone", most=30),
    Field("email", most=100),
    Field("shareMode", needed=True, among=frozenset({"外部共享", "内部共享", "不共享"})),
    Field("auditStatus", needed=True, among=frozenset({"-1", "0"})),
)
SERVICE = (
    Field("insCode", needed=True, most=50),
    Field("innerId", needed=True, most=50),
    Field("recordInnerId", needed=True, most=50),
    Field("amounts", needed=True, form=r"\d+\.\d\d"),
    Field("startTime", needed=True, form=r"\d{4}-\d\d-\d\d \d\d"),
    Field("endTime", needed=True, form=r"\d{4}-\d\d-\d\d \d\d"),
    Field("serviceWay", needed=True, among=frozenset({"占用", "技术", "委托", "远程", "其他"})),
    Field("serviceAmount", needed=True, form=r"\d+(\.\d+)?"),
    Field("serviceContent", most=200),
    Field("applicantUnit", needed=True, most=100),
    Field("serviceType", needed=True, among=frozenset({"120", "130"})),
    Field("serviceDirection", needed=True, among=frozenset({"135", "136", "137", "138"})),
)


def unit_code(organisation: object) -> str:
    """The unit as the platform knows it: its credit code; our own id where there is none."""
    return str(getattr(organisation, "uscc", "") or getattr(organisation, "public_id", ""))


def instrument(one: Instrument) -> Payload:
    return {
        "insCode": unit_code(one.owner),
        "innerId": one.public_id,
        "cname": one.name_zh or one.name_en,
        "ename": one.name_en,
        "instrBelongsType": "2" if one.facility_id else "4",
        "instrCategory": class_code(one),
        "instrSource": "购置",
        "instrSupervise": "否",
        "worth": worth_wan(one),
        "nation": one.manufacturer_country,
        "manufacturer": one.manufacturer_zh or one.manufacturer_en,
        "beginDate": one.commissioned.isoformat() if one.commissioned else "",
        "type": "通用",
        "model": one.model,
        "technical": one.description_zh or one.description_en,
        "function": "；".join(one.measured_zh or one.measured_en),
        "serviceContent": "",
        "status": STATUS[one.status],
        "requirement": one.sharing_zh or one.sharing_en,
        "fee": one.fee_zh or one.fee_en,
        "serviceUrl": one.landing_page,
        "province": one.city.jurisdiction.name_zh or one.city.jurisdiction.name_en,
        "city": one.city.name_zh or one.city.name_en,
        "address": one.location_zh or one.location_en,
        "contact": one.contact_name,
        "phone": one.contact_phone,
        "email": one.contact_email,
        "shareMode": "不共享" if one.access == "internal" else SHARE[one.visibility],
        "auditStatus": "0",
    }


def service(record: ServiceRecord) -> Payload:
    who = record.organisation
    return {
        "insCode": unit_code(record.owner),
        "innerId": record.instrument.public_id if record.instrument else "",
        "recordInnerId": record.public_id,
        "amounts": major(record.amount_minor),
        "startTime": local(record, "started_at", "%Y-%m-%d %H"),
        "endTime": local(record, "ended_at", "%Y-%m-%d %H"),
        "serviceWay": "委托" if record.instrument and record.instrument.access == "service" else "占用",
        "serviceAmount": number(record.hours) if record.hours else str(record.samples),
        "serviceContent": record.content_zh or record.content_en,
        "applicantUnit": (who.name_zh or who.name_en) if who else "个人",
        "serviceType": "130" if record.outside else "120",
        "serviceDirection": DIRECTION.get(record.purpose, "138"),
    }


def send(session: requests.Session, address: str, kind: str, payload: Payload, key: str) -> Reply:
    """One record in a SOAP envelope; the answer holds a code: 100 is accepted, the others say what is wrong."""
    envelope = Tree.Element(f"{{{ENVELOPE}}}Envelope")
    body = Tree.SubElement(envelope, f"{{{ENVELOPE}}}Body")
    call = Tree.SubElement(body, "saveInstrument" if kind == "instrument" else "saveServiceRecord")
    for name, value in payload.items():
        Tree.SubElement(call, name).text = str(value)
    answer = post(
        session,
        address,
        data=Tree.tostring(envelope, encoding="utf-8", xml_declaration=True),
        headers={"Content-Type": "text/xml; charset=utf-8", "Idempotency-Key": key},
    )
    code = _text(answer.content, "code")
    if not code:
        raise Unreachable("no code in the answer")
    return Reply(code, code == ACCEPTED, _text(answer.content, "message"))


def _text(content: bytes, name: str) -> str:
    """The text of the first element of a name. Answers are short and hold no document type: one that has is refused."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content or len(content) > 1_000_000:
        raise Unreachable("an answer that can't be read")
    try:
        root = Tree.fromstring(content)  # noqa: S314  # no entities can be in it: see above
    except Tree.ParseError as error:
        raise Unreachable("an answer that is no XML") from error
    found = next((one for one in root.iter() if one.tag.rpartition("}")[2] == name), None)
    return (found.text or "").strip()[:300] if found is not None else ""


PLATFORM = Platform("nrii", "国家网络管理平台", "National network", INSTRUMENT, SERVICE, instrument, service, send)
