"""A record of three cities with a timetable between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.catalogue import timetable
from tests.factories import AT, make_city, make_jurisdiction, make_organisation, make_region, make_technique

from headwater.accounts.audit import SYSTEM
from headwater.catalogue import vocabulary
from headwater.catalogue.actions.timetables import load_timetable


@pytest.fixture(autouse=True)
def _vocabulary_read_anew() -> Iterator[None]:
    vocabulary.forget()
    yield
    vocabulary.forget()


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Any]:
    """A region with Hefei, Nanjing, Shanghai and Zhoushan (without a station), an owner in each, a few techniques."""
    made: dict[str, Any] = {"region": make_region()}
    province = make_jurisdiction(code="CN-X")
    for code, zh, en in (
        ("hefei", "合肥市", "Hefei"),
        ("nanjing", "南京市", "Nanjing"),
        ("shanghai", "上海市", "Shanghai"),
        ("zhoushan", "舟山市", "Zhoushan"),
    ):
        made[code] = make_city(code=code, name_zh=zh, name_en=en, jurisdiction=province)
        made[f"lab_{code}"] = make_organisation(
            city=made[code], name_en=f"{en} Lab of Matter", name_zh=f"{zh}物质实验室"
        )
    group = make_technique(code="electron_microscopy", name_zh="电子显微术", name_en="electron microscopy")
    made["cryo"] = make_technique(
        code="cryo_em",
        name_zh="冷冻电子显微术",
        name_en="cryogenic electron microscopy",
        synonyms_zh=["冷冻电镜"],
        synonyms_en=["cryo-EM"],
        parent=group,
    )
    made["sem"] = make_technique(
        code="sem",
        name_zh="扫描电子显微术",
        name_en="scanning electron microscopy",
        synonyms_zh=["扫描电镜"],
        synonyms_en=["SEM"],
        parent=group,
    )
    made["xrd"] = make_technique(
        code="xrd", name_zh="X射线衍射", name_en="X-ray diffraction", synonyms_en=["XRD"], parent=make_technique()
    )
    made["group"] = group
    load_timetable(timetable.write(tmp_path / "rail"), by=SYSTEM, at=AT)
    vocabulary.forget()
    return made
