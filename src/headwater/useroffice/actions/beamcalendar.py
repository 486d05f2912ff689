"""The writers of the beam calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.models import Facility
from headwater.useroffice import queries, rules
from headwater.useroffice.actions.calls import facility_of
from headwater.useroffice.models import (
    BeamPeriod,
    BeamPeriodKind,
)


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
    facility = facility_of(facility_id)
    permit(rules.may_manage_calls(facility.pk, desk))
    held = facility.beam_periods.filter(pk=key).first()
    if held is not None:
        changes = {"period": [str(held), None]}
        held.delete()
        record(Act("beam.calendar_set", facility.public_id, changes), by=by, at=at)
