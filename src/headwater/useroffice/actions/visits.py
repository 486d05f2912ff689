"""The visit that an award or a place in a block comes with."""

from __future__ import annotations

from datetime import date

from headwater.core.identity import new_id
from headwater.registry.models import Instrument
from headwater.registry.queries import node_prefix
from headwater.useroffice.models import Proposal, Visit, VisitMember, VisitState


def keep_visit(proposal: Proposal, instrument: Instrument, start: date, end: date, shifts: int) -> Visit:
    """The proposal's visit on those days, made with its team or moved; one that began stays. In a transaction."""
    values = {"instrument": instrument, "start": start, "end": end, "shifts": shifts}
    visit = Visit.objects.filter(proposal=proposal).first()
    if visit is None:
        visit = Visit.objects.create(public_id=new_id("vis", node_prefix()), proposal=proposal, **values)
        VisitMember.objects.bulk_create(
            [
                VisitMember(visit=visit, name=str(member)[:200], user=member.user)
                for member in {str(place): place for place in proposal.team.all()}.values()
                if member.accepted_at is not None
            ]
        )
    elif visit.state in (VisitState.PLANNED, VisitState.CANCELLED):
        Visit.objects.filter(pk=visit.pk).update(state=VisitState.PLANNED, **values)
    return visit
