"""What the demo's made-up round says: calls, proposals, scores. Pure, the same each time, marked wherever it is read.

True of nothing: titles, teams, verdicts and scores follow from a proposal's number alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

PROPOSALS, PROPOSERS = 24, 12
DISCUSSED, DECIDED, DECLINED = 6, 12, 2
WAIT = 2  # the last proposals wait for their feasibility check
INFEASIBLE = (19,)
SEVERITY = (-0.9, -0.4, 0.0, 0.2, 0.5, 0.9)  # what each reviewer adds to what she scores

PLAN = "合成的方案 Synthetic plan"
PANEL = ("合成的评审组", "Synthetic panel")
REASON = "合成的决定。Synthetic decision: the panel's order was followed."
FOR_PANEL = "合成的评审意见。Synthetic review: sound, with a clear plan."
FOR_PROPOSER = "合成的评语。Synthetic comment: say why this beamline is needed."
REMARKS = (
    "合成的讨论发言：评分相差较大，建议讨论。Synthetic remark: the scores lie far apart.",
    "合成的讨论发言：样品已备好。Synthetic remark: the samples are ready.",
    "合成的讨论发言：所需班次偏多。Synthetic remark: many shifts are asked for.",
)
ANSWERS = (
    "合成的答复：已核对严格程度。Synthetic answer: the reviewers' severity was looked at.",
    "合成的答复：最少班次也可接受。Synthetic answer: the fewest useful shifts would do.",
)
CONDITIONS = {
    "conditional": "合成的条件：须提前两周寄送样品。Synthetic condition: send the samples two weeks ahead.",
    "infeasible": "合成的理由：能量范围不符。Synthetic reason: the energy is out of range.",
}
CALL_TEXT = (
    "本征集及其全部申请、评审均由程序生成，不对应真实事物。",
    "This call, its proposals and its reviews were made up by a generator and are true of nothing.",
)
TRACKS = (
    ("main", "合成的主通道", "Synthetic main track"),
    ("first", "合成的首次用户通道", "Synthetic first-time users"),
)
POOL: Mapping[str, Any] = {
    "code": "region",
    "name_zh": "合成的区域份额",
    "name_en": "Synthetic share of the region",
    "rule": "region",
    "min_share": Decimal("0.3"),
}
# What the open call asks besides: a part with a condition, for the office to look at and change.
MORE_QUESTIONS: tuple[Mapping[str, Any], ...] = (
    {"key": "safety", "kind": "section", "label_en": "Synthetic: safety", "label_zh": "合成的：安全"},
    {
        "key": "gases",
        "kind": "choices",
        "label_en": "Gases used at the beamline",
        "label_zh": "在线站使用的气体",
        "choices": [
            {"value": "inert", "label_en": "Inert", "label_zh": "惰性气体"},
            {"value": "flammable", "label_en": "Flammable", "label_zh": "可燃气体"},
            {"value": "toxic", "label_en": "Toxic", "label_zh": "有毒气体"},
        ],
    },
    {
        "key": "toxic_gas",
        "kind": "section",
        "label_en": "Synthetic: toxic gas",
        "label_zh": "合成的：有毒气体",
        "when": {"key": "gases", "is": "toxic"},
    },
    {
        "key": "gas_flow",
        "kind": "number",
        "required": True,
        "label_en": "Highest flow",
        "label_zh": "最大流量",
        "unit": "mL/min",
        "min": 0,
        "max": 500,
    },
    {
        "key": "gas_arrives",
        "kind": "date",
        "label_en": "Day on which the bottle arrives",
        "label_zh": "气瓶到达日期",
    },
)
GROUP_TITLE = "Synthetic group: crystals of many laboratories"
GROUP_ABSTRACT = "Synthetic, true of nothing: several laboratories share one block of shifts."
LABORATORIES = ("合成的实验室 Synthetic laboratory", "合成的团队 Synthetic team")
SHARE_REASON = "合成的分配。Synthetic division: as the members agreed."
PART_TITLE = "Synthetic sub-project: a first crystal"
PART_ABSTRACT = "Synthetic, true of nothing: one crystal is looked at."
FIRMS: Mapping[str, Any] = {
    "code": "firms",
    "name_zh": "合成的企业份额",
    "name_en": "Synthetic share of companies",
    "rule": "industry",
    "min_share": Decimal("0.06"),
    "max_share": Decimal("0.15"),
}
DRAFT_TITLE = "Synthetic draft: strain in a growing film"
DRAFT_ABSTRACT = "Synthetic: a draft for you to finish. Its page says what is still missing."


@dataclass(frozen=True, slots=True)
class CallWords:
    """A call's code and names."""

    code: str
    zh: str
    en: str


WAITING = CallWords("DEMO-1", "合成的征集：评审中", "Synthetic call under review")
GROUPS = CallWords("DEMO-3", "合成的征集：机时组", "Synthetic call for groups")
OPEN = CallWords("DEMO-2", "合成的征集：开放申请", "Synthetic call open now")


@dataclass(frozen=True, slots=True)
class Words:
    """One thing in both languages."""

    zh: str
    en: str

    def said(self, language: str) -> str:
        return self.en if language == "en" else self.zh


TOPICS = (
    Words("钙钛矿薄膜", "perovskite films"),
    Words("锂电池正极", "cathodes of lithium batteries"),
    Words("膜蛋白晶体", "crystals of a membrane protein"),
    Words("高温合金", "high-temperature alloys"),
    Words("铜基催化剂", "copper catalysts"),
    Words("古陶瓷釉层", "glazes of old ceramics"),
    Words("水泥水化产物", "hydrates of cement"),
    Words("量子点", "quantum dots"),
    Words("土壤中的砷", "arsenic in soil"),
    Words("碳纤维", "carbon fibres"),
    Words("磁性多层膜", "magnetic multilayers"),
    Words("骨组织", "bone tissue"),
)
METHODS = (Words("升温过程中的结构演化", "structure while heated"), Words("微区成像", "imaging of small regions"))


@dataclass(frozen=True, slots=True)
class Asked:
    """One made-up proposal; ``lines`` are places among the call's beamlines, ``verdict`` empty where it waits."""

    number: int
    language: str
    title: str
    abstract: str
    track: str
    lines: tuple[int, ...]
    requested: int
    minimum: int
    sample: str
    answers: Mapping[str, str]
    verdict: str


def asked(lines: int) -> Iterator[Asked]:
    """The proposals, for so many beamlines."""
    for number in range(PROPOSALS):
        language = "en" if number % 2 else "zh-hans"
        topic, method = TOPICS[number % len(TOPICS)], METHODS[number // len(TOPICS) % len(METHODS)]
        about = f"{topic.said(language)}{', ' if language == 'en' else ' '}{method.said(language)}"
        head = "Synthetic proposal: " if language == "en" else "合成的申请："
        requested = 6 + 3 * (number % 5)
        waits = number >= PROPOSALS - WAIT
        first = 0 if waits else number % lines
        verdict = "infeasible" if number in INFEASIBLE else "conditional" if number % 7 == 3 else "feasible"
        made_up = "Synthetic, true of nothing." if language == "en" else "合成，不对应真实事物。"
        yield Asked(
            number=number,
            language=language,
            title=head + about,
            abstract=f"{about}. {made_up}" if language == "en" else f"{about}。{made_up}",
            track=TRACKS[number % 4 == 1][0],
            lines=(first, (first + 1) % lines) if number % 3 == 0 else (first,),
            requested=requested,
            minimum=requested // 2,
            sample=f"{'synthetic' if language == 'en' else '合成的样品'} {number + 1}",
            answers={"aim": made_up, "method": made_up, "equipment": "no"},
            verdict="" if waits else verdict,
        )


def quality(number: int) -> float:
    """How good the proposal of that number is, from 2 to 4.6; each differs."""
    return 2 + 2.6 * (number * 7 % PROPOSALS) / (PROPOSALS - 1)


def score(number: int, criterion: int, severity: float) -> int:
    """What a reviewer of that severity gives for the criterion, from 1 to 5."""
    wobble = ((number * 5 + criterion * 3) % 7 - 3) / 6
    return min(5, max(1, round(quality(number) + severity + wobble)))
