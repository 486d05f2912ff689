"""The writers of calls: dates, limits, stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Facility, Instrument
from headwater.registry.queries import node_prefix
from headwater.useroffice import queries, rules
from headwater.useroffice.actions.callforms import FIRST_FORM, new_form
from headwater.useroffice.actions.steps import locked_call
from headwater.useroffice.actions.tracks import FIRST_STAGE
from headwater.useroffice.models import (
    Call,
    CallStage,
    Stage,
    Track,
)


@dataclass(frozen=True, slots=True)
class CallDraft:
    """A call as somebody wants it; beamlines by public id."""

    facility: str
    code: str
    name_zh: str
    name_en: str
    mode: str
    opens_at: datetime
    closes_at: datetime | None
    period_start: date
    period_end: date
    beamlines: Sequence[str]
    text_zh: str = ""
    text_en: str = ""
    most_beamlines: int = 2
    most_shifts: int = 36
    reserve: Decimal = Decimal(0)
    names_shown: str = "always"
    reviewers_shown: str = "office"
    see_record: bool = True
    chance_cap: Decimal | None = None


def facility_of(public_id: str) -> Facility:
    found = Facility.objects.filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("facility.not_found"),)))
    return found


def _sound(
    draft: CallDraft, facility: Facility, beamlines: Sequence[Instrument], *, other_than: int | None
) -> Decision:
    return rules.is_sound_call(
        rules.CallFacts(
            code=draft.code,
            code_taken=Call.objects.filter(facility=facility, code=draft.code).exclude(pk=other_than).exists(),
            name_zh=draft.name_zh,
            name_en=draft.name_en,
            mode=draft.mode,
            opens_at=draft.opens_at,
            closes_at=draft.closes_at,
            period_start=draft.period_start,
            period_end=draft.period_end,
            beamlines=len(beamlines),
            foreign_beamlines=tuple(one.name for one in beamlines if one.facility_id != facility.pk),
            most_beamlines=draft.most_beamlines,
            most_shifts=draft.most_shifts,
            days=(draft.period_end - draft.period_start).days + 1,
        )
    )


COPIED = (
    *("code", "name_zh", "name_en", "mode", "opens_at", "closes_at", "period_start", "period_end", "text_zh"),
    *("text_en", "most_beamlines", "most_shifts", "reserve", "names_shown", "reviewers_shown", "see_record"),
    "chance_cap",
)


@transaction.atomic
def make_call(draft: CallDraft, desk: rules.Desk, *, by: Actor, at: datetime, synthetic: bool = False) -> Call:
    """Prepare a call with the facility's newest form, one track and, in modes with review, one stage of review."""
    facility = facility_of(draft.facility)
    permit(rules.may_manage_calls(facility.pk, desk))
    beamlines = list(Instrument.objects.filter(public_id__in=draft.beamlines))
    decision = _sound(draft, facility, beamlines, other_than=None)
    permit(decision)
    form = facility.forms.order_by("-number").first() or new_form(facility, FIRST_FORM, by=by, at=at)
    call = Call.objects.create(
        public_id=new_id(Call.KIND, node_prefix()),
        facility=facility,
        form=form,
        synthetic=synthetic,
        **{name: getattr(draft, name) for name in COPIED},
    )
    call.beamlines.set(beamlines)
    panel = facility.panels.order_by("pk").first()
    track = Track.objects.create(call=call, code="main", name_zh="主通道", name_en="Main track", panel=panel)
    if draft.mode not in rules.WITHOUT_REVIEW:
        first = FIRST_STAGE
        Stage.objects.create(
            track=track, rank=0, name_zh=first.name_zh, name_en=first.name_en, criteria=list(first.criteria)
        )
    record(Act("call.made", call.public_id, {"code": [None, call.code]}, decision), by=by, at=at)
    return call


@transaction.atomic
def change_call(public_id: str, draft: CallDraft, desk: rules.Desk, *, by: Actor, at: datetime) -> Call:
    """Change a call's dates and limits."""
    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    beamlines = list(Instrument.objects.filter(public_id__in=draft.beamlines))
    decision = _sound(draft, call.facility, beamlines, other_than=call.pk)
    permit(decision)
    changes = {
        name: [str(getattr(call, name)), str(getattr(draft, name))]
        for name in COPIED
        if getattr(call, name) != getattr(draft, name)
    }
    for name in COPIED:
        setattr(call, name, getattr(draft, name))
    call.version += 1
    call.save()
    call.beamlines.set(beamlines)
    record(Act("call.changed", call.public_id, changes, decision), by=by, at=at)
    return call


@transaction.atomic
def set_call_stage(public_id: str, stage: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Call:
    """Announce a call, or say that it is completed. Completing closes what stayed on the standby list."""
    from headwater.useroffice.actions.deciding import close_standby

    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    table = {CallStage.DRAFT: {CallStage.ANNOUNCED}, CallStage.ANNOUNCED: {CallStage.DONE}}
    if stage not in table.get(CallStage(call.stage), set()):
        raise Refused(Decision((Reason("call.wrong_stage"),)))
    if stage == CallStage.DONE:
        permit(rules.may_complete_call(undecided=queries.undecided_of(call)))
    old, call.stage = call.stage, stage
    call.save(update_fields=["stage"])
    record(Act("call.stage", call.public_id, {"stage": [old, stage]}), by=by, at=at)
    if stage == CallStage.DONE:
        close_standby(call, by=by, at=at)
    return call
