"""What a sound track is: a way through review with weighted stages, each with its criteria."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from headwater.core.decision import Decision, Reason

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
CODE = re.compile(r"[A-Za-z0-9-]{1,20}")
MOST_STAGES, MOST_CRITERIA, MOST_REVIEWS = 6, 12, 12
WITHOUT_REVIEW = ("industry", "partner", "urgent", "within")


@dataclass(frozen=True, slots=True)
class CriterionFacts:
    key: str
    weight: float
    named: bool


@dataclass(frozen=True, slots=True)
class StageFacts:
    """One stage as the office wants it; ``named`` says that it has a name in both languages."""

    named: bool
    weight: float
    needed: int
    criteria: tuple[CriterionFacts, ...]


@dataclass(frozen=True, slots=True)
class TrackFacts:
    """A track as the office wants it, beside what is there."""

    code: str
    named: bool
    mode: str
    panel_found: bool
    stages: Sequence[StageFacts]
    stages_change: bool
    reviews_asked: bool


def is_sound_track(facts: TrackFacts) -> Decision:
    """Say whether the track may be set so, with every reason against it."""
    found = []
    if not CODE.fullmatch(facts.code):
        found.append(Reason("call.code_wrong", facts={"field": "code", "value": facts.code}))
    if not facts.named:
        found.append(Reason("call.name_missing", facts={"field": "name_en"}))
    if not facts.panel_found:
        found.append(Reason("track.panel_foreign", facts={"field": "panel"}))
    if facts.stages_change and facts.reviews_asked:
        found.append(Reason("track.in_use"))
    if facts.mode in WITHOUT_REVIEW and facts.stages:
        found.append(Reason("track.mode_without_review"))
    if facts.mode not in WITHOUT_REVIEW and not facts.stages:
        found.append(Reason("track.stages_missing"))
    if len(facts.stages) > MOST_STAGES:
        found.append(Reason("track.too_many_stages", facts={"most": MOST_STAGES}))
    for number, one in enumerate(facts.stages, 1):
        found += _stage(number, one)
    return Decision(tuple(found))


def _stage(number: int, one: StageFacts) -> list[Reason]:
    found = []
    if not one.named:
        found.append(Reason("stage.name_missing", facts={"field": f"s{number - 1}_name_en", "number": number}))
    if not 0 < one.weight < 1000:
        found.append(Reason("stage.weight_wrong", facts={"field": f"s{number - 1}_weight", "number": number}))
    if not 1 <= one.needed <= MOST_REVIEWS:
        about = {"field": f"s{number - 1}_needed", "number": number, "most": MOST_REVIEWS}
        found.append(Reason("stage.needed_wrong", facts=about))
    about = {"field": f"s{number - 1}_criteria", "number": number}
    if not 1 <= len(one.criteria) <= MOST_CRITERIA:
        found.append(Reason("stage.criteria_number", facts={**about, "most": MOST_CRITERIA}))
    keys = [each.key for each in one.criteria]
    for k, each in enumerate(one.criteria):
        if not KEY.fullmatch(each.key) or each.key in keys[:k]:
            found.append(Reason("stage.key_wrong", facts={**about, "value": each.key[:40]}))
        if not 0 < each.weight < 1000 or not each.named:
            found.append(Reason("stage.criterion_wrong", facts={**about, "value": each.key[:40]}))
    return found


def may_drop(*, proposals: int, last: bool) -> Decision:
    """Say whether a track may go: never the last one, nor one that proposals take."""
    found = []
    if proposals:
        found.append(Reason("track.has_proposals", facts={"number": proposals}))
    if last:
        found.append(Reason("track.is_last"))
    return Decision(tuple(found))
