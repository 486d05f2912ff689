"""The writer of a facility's form: each version is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.models import Facility
from headwater.useroffice import rules
from headwater.useroffice.actions.steps import locked_call
from headwater.useroffice.models import (
    FormVersion,
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


def new_form(facility: Facility, questions: Sequence[Mapping[str, Any]], *, by: Actor, at: datetime) -> FormVersion:
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
    form = new_form(facility, questions, by=by, at=at)
    if call:
        held = locked_call(call)
        held.form = form
        held.save(update_fields=["form"])
        held.proposals.filter(state="draft").update(form=form)
    record(Act("form.published", facility.public_id, {"number": [None, form.number]}, decision), by=by, at=at)
    return form
