"""The writers of who does what in a user office: panels, their members, beamline scientists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Instrument
from headwater.registry.queries import node_prefix
from headwater.useroffice import rules
from headwater.useroffice.actions.calls import facility_of
from headwater.useroffice.models import (
    BeamlineScientist,
    Panel,
    PanelMember,
    Track,
)


@transaction.atomic
def make_panel(facility_id: str, name_zh: str, name_en: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Panel:
    """Found a panel; tracks of the facility without one take it."""
    facility = facility_of(facility_id)
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
    """Somebody on a panel, by her address; ``expertise`` is in her words; ``leaves`` ends her place."""

    email: str
    chair: bool = False
    max_load: int = 20
    fields: Sequence[str] = ()
    languages: Sequence[str] = ()
    expertise: str = ""
    leaves: bool = False


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
                "expertise": member.expertise.strip()[:10_000],
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
