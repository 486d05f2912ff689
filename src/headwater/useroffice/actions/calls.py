"""The writers of calls: their form, tracks, panels, pools and beam calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Facility, Instrument, Organisation
from headwater.registry.queries import node_prefix
from headwater.useroffice import queries, rules
from headwater.useroffice.actions.steps import locked_call
from headwater.useroffice.models import (
    BeamlineScientist,
    BeamPeriod,
    BeamPeriodKind,
    Call,
    CallStage,
    FormVersion,
    Panel,
    PanelMember,
    Pool,
    Stage,
    Track,
)

# The form a facility begins with; an office publishes versions of its own.
FIRST_FORM = [
    {
        "key": "aim",
        "kind": "long_text",
        "required": True,
        "most": 6000,
        "label_en": "Scientific aim and why this beamline is needed",
        "label_zh": "科学目标以及为何需要该线站",
    },
    {
        "key": "method",
        "kind": "long_text",
        "required": True,
        "most": 4000,
        "label_en": "Measurements planned, shift by shift",
        "label_zh": "实验方案（按班次安排）",
    },
    {
        "key": "equipment",
        "kind": "choice",
        "required": True,
        "label_en": "Equipment of your own",
        "label_zh": "是否自带设备",
        "choices": [
            {"value": "no", "label_en": "None", "label_zh": "不自带"},
            {"value": "yes", "label_en": "We bring equipment", "label_zh": "自带设备"},
        ],
    },
    {
        "key": "equipment_kind",
        "kind": "text",
        "required": True,
        "most": 300,
        "label_en": "Which equipment, with its power and gas",
        "label_zh": "设备名称及其用电、用气要求",
        "when": {"key": "equipment", "is": "yes"},
    },
    {
        "key": "figure",
        "kind": "file",
        "required": False,
        "label_en": "A figure or earlier data (PDF, PNG or JPEG)",
        "label_zh": "图件或前期数据（PDF、PNG 或 JPEG）",
    },
]
FIRST_CRITERIA = [
    {"key": "merit", "weight": 3, "label_en": "Scientific merit", "label_zh": "科学价值"},
    {"key": "need", "weight": 1, "label_en": "Need of this beamline", "label_zh": "使用该线站的必要性"},
    {"key": "team", "weight": 1, "label_en": "Team and earlier results", "label_zh": "团队与前期成果"},
]


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
    anonymous: bool = False
    see_record: bool = True
    chance_cap: Decimal | None = None


def _facility(public_id: str) -> Facility:
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
    *("text_en", "most_beamlines", "most_shifts", "reserve", "anonymous", "see_record", "chance_cap"),
)


@transaction.atomic
def make_call(draft: CallDraft, desk: rules.Desk, *, by: Actor, at: datetime, synthetic: bool = False) -> Call:
    """Prepare a call with the facility's newest form, one track and, in modes with review, one stage of review."""
    facility = _facility(draft.facility)
    permit(rules.may_manage_calls(facility.pk, desk))
    beamlines = list(Instrument.objects.filter(public_id__in=draft.beamlines))
    decision = _sound(draft, facility, beamlines, other_than=None)
    permit(decision)
    form = facility.forms.order_by("-number").first() or _new_form(facility, FIRST_FORM, by=by, at=at)
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
    if draft.mode not in ("industry", "partner", "urgent"):
        Stage.objects.create(track=track, rank=0, name_zh="专家评审", name_en="Peer review", criteria=FIRST_CRITERIA)
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
    from headwater.useroffice.actions.reviewing import close_standby

    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    table = {CallStage.DRAFT: {CallStage.ANNOUNCED}, CallStage.ANNOUNCED: {CallStage.DONE}}
    if stage not in table.get(CallStage(call.stage), set()):
        raise Refused(Decision((Reason("call.wrong_stage"),)))
    old, call.stage = call.stage, stage
    call.save(update_fields=["stage"])
    record(Act("call.stage", call.public_id, {"stage": [old, stage]}), by=by, at=at)
    if stage == CallStage.DONE:
        close_standby(call, by=by, at=at)
    return call


def _new_form(facility: Facility, questions: Sequence[Mapping[str, Any]], *, by: Actor, at: datetime) -> FormVersion:
    last = facility.forms.order_by("-number").first()
    return FormVersion.objects.create(
        facility=facility,
        number=last.number + 1 if last else 1,
        questions=list(questions),
        made_by=by.user,
        made_at=at,
    )


@transaction.atomic
def publish_form(
    facility_id: str,
    questions: Sequence[Mapping[str, Any]],
    desk: rules.Desk,
    *,
    call: str = "",
    by: Actor,
    at: datetime,
) -> FormVersion:
    """Make a new version of the facility's form; with ``call`` its drafts take it too, those submitted keep theirs."""
    facility = Facility.objects.select_for_update(of=("self",)).filter(public_id=facility_id).first()
    if facility is None:
        raise Refused(Decision((Reason("facility.not_found"),)))
    permit(rules.may_manage_calls(facility.pk, desk))
    decision = rules.is_sound_form(questions)
    permit(decision)
    form = _new_form(facility, questions, by=by, at=at)
    if call:
        held = locked_call(call)
        held.form = form
        held.save(update_fields=["form"])
        held.proposals.filter(state="draft").update(form=form)
    record(Act("form.published", facility.public_id, {"number": [None, form.number]}, decision), by=by, at=at)
    return form


@transaction.atomic
def set_stages(
    public_id: str, track_code: str, stages: Sequence[Mapping[str, Any]], desk: rules.Desk, *, by: Actor, at: datetime
) -> Track:
    """Set the weighted stages of a track, before anybody was asked for a review."""
    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    track = call.tracks.filter(code=track_code).first()
    if track is None or track.stages.filter(reviews__isnull=False).exists():
        raise Refused(Decision((Reason("track.in_use" if track else "track.not_found"),)))
    track.stages.all().delete()
    for rank, one in enumerate(stages):
        Stage.objects.create(
            track=track,
            rank=rank,
            name_zh=one["name_zh"],
            name_en=one["name_en"],
            weight=Decimal(str(one.get("weight", 1))),
            needed=one.get("needed", 3),
            criteria=list(one.get("criteria") or FIRST_CRITERIA),
        )
    record(Act("track.staged", call.public_id, {"stages": [None, len(stages)]}), by=by, at=at)
    return track


@transaction.atomic
def add_track(
    public_id: str, code: str, name_zh: str, name_en: str, panel: str, desk: rules.Desk, *, by: Actor, at: datetime
) -> Track:
    """Add a way through review to a call, or give an existing one another panel."""
    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    if not (name_zh and name_en and code):
        raise Refused(Decision((Reason("call.name_missing", facts={"field": "name_en"}),)))
    held = Panel.objects.filter(facility=call.facility, public_id=panel).first()
    track, is_new = Track.objects.update_or_create(
        call=call, code=code[:20], defaults={"name_zh": name_zh, "name_en": name_en, "panel": held}
    )
    if is_new and call.mode not in ("industry", "partner", "urgent"):
        Stage.objects.create(track=track, rank=0, name_zh="专家评审", name_en="Peer review", criteria=FIRST_CRITERIA)
    record(Act("track.set", call.public_id, {"track": [None, track.code]}), by=by, at=at)
    return track


@transaction.atomic
def make_panel(facility_id: str, name_zh: str, name_en: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Panel:
    """Found a panel; tracks of the facility without one take it."""
    facility = _facility(facility_id)
    permit(rules.may_manage_calls(facility.pk, desk))
    if not (name_zh and name_en):
        raise Refused(Decision((Reason("call.name_missing", facts={"field": "name_en"}),)))
    panel = Panel.objects.create(
        public_id=new_id("pan", node_prefix()), facility=facility, name_zh=name_zh, name_en=name_en
    )
    Track.objects.filter(call__facility=facility, panel=None).update(panel=panel)
    record(Act("panel.made", panel.public_id, {"name": [None, name_en]}), by=by, at=at)
    return panel


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on a panel, by her address; ``leaves`` ends her place."""

    email: str
    chair: bool = False
    max_load: int = 20
    fields: Sequence[str] = ()
    languages: Sequence[str] = ()
    leaves: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def set_member(panel_id: str, member: Member, desk: rules.Desk, *, by: Actor, at: datetime) -> None:
    """Give, change or end a place on a panel."""
    panel = Panel.objects.select_for_update(of=("self",)).filter(public_id=panel_id).first()
    if panel is None:
        raise Refused(Decision((Reason("panel.not_found"),)))
    user = User.objects.filter(email__iexact=member.email.strip(), is_active=True).first()
    permit(rules.may_name_somebody(panel.facility_id, desk, email=member.email, found=user is not None))
    assert user is not None
    if member.leaves:
        PanelMember.objects.filter(panel=panel, user=user).delete()
    else:
        PanelMember.objects.update_or_create(
            panel=panel,
            user=user,
            defaults={
                "chair": member.chair,
                "max_load": member.max_load,
                "fields": list(member.fields),
                "languages": list(member.languages),
            },
        )
    changes = {"person": [None, user.email], "stays": [None, not member.leaves]}
    record(Act("panel.member_set", panel.public_id, changes), by=by, at=at)


@transaction.atomic
def set_scientist(
    instrument_id: str, email: str, desk: rules.Desk, *, leaves: bool = False, by: Actor, at: datetime
) -> None:
    """Name a beamline's scientist, or end that."""
    instrument = Instrument.objects.filter(public_id=instrument_id, facility__isnull=False).first()
    if instrument is None:
        raise Refused(Decision((Reason("instrument.not_found"),)))
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    permit(rules.may_name_somebody(instrument.facility_id or 0, desk, email=email, found=user is not None))
    assert user is not None
    if leaves:
        BeamlineScientist.objects.filter(instrument=instrument, user=user).delete()
    else:
        BeamlineScientist.objects.get_or_create(instrument=instrument, user=user)
    changes = {"person": [None, user.email], "stays": [None, not leaves]}
    record(Act("beamline.scientist_set", instrument.public_id, changes), by=by, at=at)


@dataclass(frozen=True, slots=True)
class PoolDraft:
    """A pool as the office wants it."""

    code: str
    name_zh: str
    name_en: str
    rule: str
    funder: str = ""
    beamlines: Sequence[str] = ()
    min_share: Decimal | None = None
    max_share: Decimal | None = None
    min_shifts: int | None = None
    max_shifts: int | None = None


@transaction.atomic
def set_pool(public_id: str, draft: PoolDraft, desk: rules.Desk, *, by: Actor, at: datetime) -> Pool:
    """Set a pool of a call, found again by its code."""
    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    funder = Organisation.objects.filter(public_id=draft.funder).first() if draft.funder else None
    shares = tuple(None if one is None else float(one) for one in (draft.min_share, draft.max_share))
    decision = rules.may_set_pool(
        rules.PoolFacts(draft.rule, funder is not None, (shares[0], shares[1]), (draft.min_shifts, draft.max_shifts))
    )
    permit(decision)
    values = {
        "name_zh": draft.name_zh or draft.code,
        "name_en": draft.name_en or draft.code,
        "rule": draft.rule,
        "funder": funder,
        "min_share": draft.min_share,
        "max_share": draft.max_share,
        "min_shifts": draft.min_shifts,
        "max_shifts": draft.max_shifts,
    }
    pool, _new = Pool.objects.update_or_create(call=call, code=draft.code[:20], defaults=values)
    pool.beamlines.set(call.beamlines.filter(public_id__in=draft.beamlines))
    record(Act("pool.set", call.public_id, {"pool": [None, pool.code]}, decision), by=by, at=at)
    return pool


@dataclass(frozen=True, slots=True)
class PeriodDraft:
    """Days of the beam calendar; ``end`` is one past the last. ``beamline`` is a public id, empty for all."""

    kind: str
    start: date
    end: date
    beamline: str = ""
    note: str = ""


@transaction.atomic
def set_periods(
    facility_id: str,
    drafts: Sequence[PeriodDraft],
    desk: rules.Desk,
    *,
    replace: bool = False,
    by: Actor,
    at: datetime,
) -> int:
    """Add days to the beam calendar, all or none; with ``replace`` they stand instead of those before."""
    facility = Facility.objects.select_for_update(of=("self",)).filter(public_id=facility_id).first()
    if facility is None:
        raise Refused(Decision((Reason("facility.not_found"),)))
    permit(rules.may_manage_calls(facility.pk, desk))
    lines = {one.public_id: one for one in queries.beamlines_of(facility)}
    lines |= {one.name_en.split(" ")[0]: one for one in lines.values() if one.name_en}
    decision = Decision()
    for draft in drafts:
        decision += rules.may_set_period(
            rules.PeriodFacts(
                draft.kind,
                tuple(BeamPeriodKind.values),
                draft.start,
                draft.end,
                draft.beamline,
                draft.beamline in lines,
            )
        )
    permit(decision)
    if replace:
        facility.beam_periods.all().delete()
    for draft in drafts:
        BeamPeriod.objects.update_or_create(
            facility=facility,
            instrument=lines[draft.beamline] if draft.beamline else None,
            kind=draft.kind,
            start=draft.start,
            defaults={"end": draft.end, "note": draft.note[:200]},
        )
    record(Act("beam.calendar_set", facility.public_id, {"periods": [None, len(drafts)]}), by=by, at=at)
    return len(drafts)


@transaction.atomic
def drop_period(facility_id: str, key: int, desk: rules.Desk, *, by: Actor, at: datetime) -> None:
    """Take days out of the beam calendar."""
    facility = _facility(facility_id)
    permit(rules.may_manage_calls(facility.pk, desk))
    held = facility.beam_periods.filter(pk=key).first()
    if held is not None:
        changes = {"period": [str(held), None]}
        held.delete()
        record(Act("beam.calendar_set", facility.public_id, changes), by=by, at=at)
