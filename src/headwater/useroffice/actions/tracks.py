"""The writers of a call's tracks: the ways through review, with their panels and weighted stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.useroffice import rules
from headwater.useroffice.actions.steps import locked_call
from headwater.useroffice.models import Panel, Stage, Track

FIRST_CRITERIA = [
    {"key": "merit", "weight": 3, "label_en": "Scientific merit", "label_zh": "科学价值"},
    {"key": "need", "weight": 1, "label_en": "Need of this beamline", "label_zh": "使用该线站的必要性"},
    {"key": "team", "weight": 1, "label_en": "Team and earlier results", "label_zh": "团队与前期成果"},
]


@dataclass(frozen=True, slots=True)
class StageDraft:
    """One stage as the office wants it; criteria are mappings with key, weight, label_zh and label_en."""

    name_zh: str
    name_en: str
    weight: Decimal = Decimal(1)
    needed: int = 3
    criteria: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class TrackDraft:
    """A track as the office wants it, found again by its code; ``panel`` by public id, empty for none yet."""

    code: str
    name_zh: str
    name_en: str
    panel: str = ""
    stages: Sequence[StageDraft] = ()


FIRST_STAGE = StageDraft("专家评审", "Peer review", criteria=FIRST_CRITERIA)


def _as_kept(stages: Sequence[StageDraft]) -> list[dict[str, Any]]:
    return [
        {**asdict(one), "weight": Decimal(one.weight), "criteria": [dict(each) for each in one.criteria]}
        for one in stages
    ]


def _as_they_are(track: Track | None) -> list[dict[str, Any]]:
    names = ("name_zh", "name_en", "weight", "needed", "criteria")
    return list(track.stages.order_by("rank").values(*names)) if track else []


def _facts(call: Any, draft: TrackDraft, track: Track | None, panel: Panel | None) -> rules.TrackFacts:
    wanted, there = _as_kept(draft.stages), _as_they_are(track)
    return rules.TrackFacts(
        code=draft.code,
        named=bool(draft.name_zh.strip() and draft.name_en.strip()),
        mode=call.mode,
        panel_found=panel is not None or not draft.panel,
        stages=[
            rules.StageFacts(
                bool(one.name_zh.strip() and one.name_en.strip()),
                float(one.weight),
                one.needed,
                tuple(
                    rules.CriterionFacts(
                        str(each.get("key", "")),
                        float(each.get("weight", 0)),
                        bool(each.get("label_zh") and each.get("label_en")),
                    )
                    for each in one.criteria
                ),
            )
            for one in draft.stages
        ],
        stages_change=wanted != there,
        reviews_asked=track is not None and track.stages.filter(reviews__isnull=False).exists(),
    )


@transaction.atomic
def set_track(public_id: str, draft: TrackDraft, desk: rules.Desk, *, by: Actor, at: datetime) -> Track:
    """Set a way through review. Its stages and their weights are fixed once somebody was asked for a review."""
    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    track = call.tracks.filter(code=draft.code).first()
    panel = Panel.objects.filter(facility=call.facility, public_id=draft.panel).first() if draft.panel else None
    facts = _facts(call, draft, track, panel)
    decision = rules.is_sound_track(facts)
    permit(decision)
    values = {"name_zh": draft.name_zh.strip()[:300], "name_en": draft.name_en.strip()[:300], "panel": panel}
    track, _new = Track.objects.update_or_create(call=call, code=draft.code, defaults=values)
    if facts.stages_change:
        track.stages.all().delete()
        for rank, values in enumerate(_as_kept(draft.stages)):
            Stage.objects.create(track=track, rank=rank, **values)
    weights = ", ".join(f"{one.name_en} {one.weight}" for one in draft.stages)
    changes = {"track": [None, track.code], "stages": [None, weights], "panel": [None, draft.panel]}
    record(Act("track.set", call.public_id, changes, decision), by=by, at=at)
    return track


@transaction.atomic
def drop_track(public_id: str, code: str, desk: rules.Desk, *, by: Actor, at: datetime) -> None:
    """Take away a track that no proposal takes."""
    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    track = call.tracks.filter(code=code).first()
    if track is None:
        raise Refused(Decision((Reason("track.not_found"),)))
    decision = rules.may_drop(proposals=track.proposals.count(), last=call.tracks.count() == 1)
    permit(decision)
    track.delete()
    record(Act("track.dropped", call.public_id, {"track": [code, None]}, decision), by=by, at=at)
