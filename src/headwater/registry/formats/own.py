"""Headwater's own table: one column for each thing a record holds, so that nothing is lost on the way out and in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.core.decision import Reason
from headwater.registry.drafts import InstrumentDraft
from headwater.registry.formats import cells
from headwater.registry.formats.cells import CellError

NAME = "headwater"
EMPTY = InstrumentDraft(owner="")

LISTS = ("techniques", "measured_zh", "measured_en", "subjects")
DATES = ("commissioned", "decommissioned")
NUMBERS = ("lat", "lon")
CONTACT = ("contact_name", "contact_email", "contact_phone")
CHOICE_WORDS: Mapping[str, dict[str, str]] = {
    "access": {
        "预约": "booking",
        "预约使用": "booking",
        "外部": "booking",
        "外部共享": "booking",
        "课题申请": "proposal",
        "申请": "proposal",
        "委托服务": "service",
        "服务": "service",
        "委托": "service",
        "内部": "internal",
        "内部共享": "internal",
        "不共享": "internal",
    },
    "status": {
        "正常": "operating",
        "在用": "operating",
        "运行": "operating",
        "待机": "operating",
        "待修": "out_of_service",
        "停用": "out_of_service",
        "停机": "out_of_service",
        "报废": "decommissioned",
        "退役": "decommissioned",
        "在建": "planned",
        "计划": "planned",
    },
    "visibility": {
        "公开": "public",
        "登录可见": "registered",
        "注册用户": "registered",
        "本单位": "organisation",
        "内部": "organisation",
    },
    "location_accuracy": {},
    "original_language": {"中文": "zh", "chinese": "zh", "英文": "en", "english": "en"},
}

# The columns in the order they are written. ``owner_name`` and ``city_name`` are for people and not read back.
COLUMNS = (
    *("public_id", "synthetic", "owner", "owner_name", "local_id", "name_zh", "name_en", "original_language"),
    *("facility", "city", "city_name", "techniques", "class_code"),
    *(
        "manufacturer_zh",
        "manufacturer_en",
        "manufacturer_id",
        "manufacturer_country",
        "model",
        "model_id",
        "serial_number",
    ),
    *("description_zh", "description_en", "measured_zh", "measured_en", "subjects", "value", "currency"),
    *("access", "visibility", "status", "commissioned", "decommissioned"),
    *("location_zh", "location_en", "lat", "lon", "location_accuracy", "sharing_zh", "sharing_en", "fee_zh", "fee_en"),
    *CONTACT,
    *("landing_page", "pid", "pid_type", "related_ids", "extra"),
)
UNREAD = ("owner_name", "city_name")
EITHER = ("name", "manufacturer", "description", "location")  # read into the language of their script
COLUMN_NAMES = frozenset((*COLUMNS, *EITHER, "value_wan"))

# Other names of the columns, as Chinese and English registers write them; compared without blanks and case.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "public_id": ("公开编号", "平台编号"),
    "synthetic": ("合成", "是否合成"),
    "owner": (
        "所属单位",
        "单位名称",
        "所有单位",
        "单位",
        "依托单位",
        "owner organisation",
        "institution",
        "organisation",
    ),
    "owner_name": ("单位全称",),
    "local_id": ("仪器编号", "资产编号", "设备编号", "编号", "固定资产编号", "asset number", "instrument id"),
    "name_zh": ("仪器名称", "中文名称", "仪器中文名称", "设备名称", "名称", "chinese name"),
    "name_en": ("英文名称", "仪器英文名称", "english name"),
    "original_language": ("原文语言",),
    "facility": ("所属设施", "所属装置", "大科学装置"),
    "city": ("城市", "所在城市", "地市"),
    "city_name": ("城市名称",),
    "techniques": ("技术", "分析技术", "technique"),
    "class_code": ("分类代码", "分类编码", "仪器分类"),
    "manufacturer": ("maker", "生产厂商", "制造商", "生产厂家", "厂商", "厂家"),
    "manufacturer_zh": ("制造商中文名称",),
    "manufacturer_en": ("制造商英文名称",),
    "manufacturer_id": ("制造商标识",),
    "manufacturer_country": ("产地国别", "国别", "产地", "country of manufacture"),
    "model": ("规格型号", "型号"),
    "model_id": ("型号标识",),
    "serial_number": ("出厂编号", "序列号", "serial no", "serial"),
    "description_zh": ("主要功能", "功能", "中文简介", "简介", "说明", "技术指标"),
    "description_en": ("英文简介",),
    "measured_zh": ("测量参数", "测量变量"),
    "measured_en": ("measured variables", "英文测量变量"),
    "subjects": ("学科领域", "学科", "subject"),
    "value": ("原值", "原值(元)", "价格", "金额(元)", "purchase price"),
    "value_wan": ("原值(万元)", "价格(万元)", "设备原值(万元)", "金额(万元)", "原值万元"),
    "currency": ("币种",),
    "access": ("共享方式", "共享模式", "使用方式"),
    "visibility": ("可见范围",),
    "status": ("状态", "仪器状态", "运行状态", "使用状态"),
    "commissioned": ("启用日期", "投用日期", "建账日期", "购置日期", "commissioned date", "date commissioned"),
    "decommissioned": ("停用日期", "退役日期", "报废日期", "decommissioned date"),
    "location_zh": ("放置地点", "存放地点", "安放地址", "地址", "详细地址"),
    "location_en": ("英文地址",),
    "lat": ("纬度", "latitude"),
    "lon": ("经度", "longitude", "lng"),
    "location_accuracy": ("位置精度",),
    "sharing_zh": ("共享规定", "开放规定", "开放制度"),
    "sharing_en": ("sharing terms",),
    "fee_zh": ("收费标准", "参考收费标准", "收费"),
    "fee_en": ("fee", "price list"),
    "contact_name": ("联系人", "contact"),
    "contact_email": ("电子邮箱", "邮箱", "联系邮箱", "email"),
    "contact_phone": ("联系电话", "电话", "phone", "telephone"),
    "landing_page": ("网址", "服务网址", "web address", "url"),
    "pid": ("持久标识", "标识符", "doi"),
    "pid_type": ("标识类型",),
    "related_ids": ("相关标识",),
    "extra": ("其他",),
}


def plain_header(text: str) -> str:
    """A column's name as it is compared: without blanks, underscores and case, with half-width brackets."""
    table = str.maketrans({"（": "(", "）": ")", "_": None, "-": None, "\ufeff": None})
    return "".join(text.translate(table).split()).casefold()


HEADERS: dict[str, str] = {
    plain_header(word): column
    for column in (*COLUMNS, *EITHER, "value_wan")
    for word in (column, *ALIASES.get(column, ()))
}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a row says: the fields it has, and what is wrong with cells of it."""

    fields: dict[str, Any]
    problems: tuple[Reason, ...] = ()


def _reader(column: str) -> Callable[[str], Any]:
    if column in LISTS:
        return lambda cell: cells.read_list(cell, column)
    if column in DATES:
        return lambda cell: cells.read_date(cell, column)
    if column in NUMBERS:
        return lambda cell: cells.read_number(cell, column)
    if column in CHOICE_WORDS:
        words, default = CHOICE_WORDS[column], getattr(EMPTY, column)
        return lambda cell: cells.read_choice(cell, words, default)
    if column == "related_ids":
        return _related
    if column == "extra":
        return lambda cell: cells.read_json(cell, column, dict)
    if column == "synthetic":
        return lambda cell: cells.read_mark(cell, column)
    return cells.unguarded


def _related(cell: str) -> tuple[dict[str, Any], ...]:
    found = cells.read_json(cell, "related_ids", list)
    if not all(isinstance(one, dict) for one in found):
        raise CellError("import.shape_wrong", "related_ids", want="[{…}, …]")
    return tuple(found)


READERS = {column: _reader(column) for column in COLUMNS if column not in (*UNREAD, "value", "currency")}


def parse(row: Mapping[str, str], *, currency: str) -> Parsed:
    """Read the cells of a row, by column. Columns that are not there keep what is stored."""
    fields: dict[str, Any] = {}
    problems = []
    for column, cell in row.items():
        reader = READERS.get(column)
        if reader is not None:
            try:
                fields[column] = reader(cell)
            except CellError as error:
                problems.append(error.reason)
    for stem in EITHER:
        if stem in row:
            text = cells.unguarded(row[stem])
            fields.setdefault(f"{stem}_{cells.by_script(text)}", text)
    for column, times in (("value", 1), ("value_wan", 10_000)):
        if column in row and not fields.get("currency"):
            stated = cells.unguarded(row.get("currency", "")).upper()
            try:
                fields["value_minor"], fields["currency"] = cells.read_amount(
                    row[column], "value", currency=stated, default=currency, times=times
                )
            except CellError as error:
                problems.append(error.reason)
    return Parsed(fields, tuple(problems))


def _mark(value: bool) -> str:
    return "yes" if value else "no"


def _related_text(value: Any) -> str:
    return cells.write_json(list(value))


def _write_by(column: str) -> tuple[str, Callable[[Any], str]]:
    """Which field a column shows, and how it is written."""
    if column in LISTS:
        return column, cells.write_list
    if column in DATES:
        return column, cells.write_date
    if column in NUMBERS:
        return column, cells.write_number
    return column, {"related_ids": _related_text, "extra": cells.write_json, "synthetic": _mark}.get(
        column, cells.guarded
    )


WRITERS = {column: _write_by(column) for column in COLUMNS if column != "value"}


def writer(columns: Sequence[str]) -> Callable[[Mapping[str, Any]], list[str]]:
    """A writer of rows: the cells of ``columns`` of a record, which `parse` reads back as the same fields."""
    plan = [WRITERS.get(column) for column in columns]

    def write_row(fields: Mapping[str, Any]) -> list[str]:
        return [
            cells.write_amount(fields["value_minor"], fields["currency"]) if step is None else step[1](fields[step[0]])
            for step in plan
        ]

    return write_row


_ALL = tuple(column for column in COLUMNS if column not in UNREAD)
_WRITE_ALL = writer(_ALL)


def write(fields: Mapping[str, Any]) -> dict[str, str]:
    """The cells of a record, by column, without those that are for people only."""
    return dict(zip(_ALL, _WRITE_ALL(fields), strict=True))
