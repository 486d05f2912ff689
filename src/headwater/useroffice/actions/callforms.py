"""The writer of a facility's form: each version is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, permit
from headwater.registry.models import Facility
from headwater.useroffice import facts, queries, rules
from headwater.useroffice.actions.steps import locked_call, names_of, tell_team
from headwater.useroffice.models import Call, FormVersion, State

# The form a facility begins with; an office publishes versions of its own.
FIRST_FORM = [
    {"key": "science", "kind": "section", "label_en": "The science", "label_zh": "科学内容"},
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
    {"key": "on_site", "kind": "section", "label_en": "At the beamline", "label_zh": "现场条件"},
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


def take_form(
    call: Call, questions: Sequence[Mapping[str, Any]], decision: Decision, *, by: Actor, at: datetime
) -> FormVersion:
    """Give a locked call a new version of its facility's form. Its drafts take it, and their teams are told.

    The facility is locked too: two calls never make a version of one number.
    """
    facility = Facility.objects.select_for_update(of=("self",)).get(pk=call.facility_id)
    form = new_form(facility, questions, by=by, at=at)
    call.form = form
    call.save(update_fields=["form"])
    drafts = queries.with_all(call.proposals.filter(state=State.DRAFT))
    told = list(drafts) if facts.call_is_open(call, at) else []
    call.proposals.filter(state=State.DRAFT).update(form=form)
    for one in told:
        tell_team(one, "proposal.form_changed", {"call": names_of(call)}, at=at, key=f"form:{one.pk}:{form.pk}")
    record(Act("form.published", facility.public_id, {"number": [None, form.number]}, decision), by=by, at=at)
    return form


@transaction.atomic
def publish_form(
    call_id: str,
    questions: Sequence[Mapping[str, Any]],
    desk: rules.Desk,
    *,
    seen_number: int | None = None,
    by: Actor,
    at: datetime,
) -> FormVersion:
    """Make a new version of a call's form at once, for programs; ``seen_number`` is the version that was read."""
    call = locked_call(call_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    now = call.form.number
    seen = now if seen_number is None else seen_number
    changed = list(questions) != call.form.questions
    about = rules.FormFacts("", "", changed=changed, published_number=now, base_number=seen)
    decision = rules.may_publish_form(about, questions)
    permit(decision)
    return take_form(call, questions, decision, by=by, at=at)
