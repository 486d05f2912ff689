"""What the pages and the API share: whoever asks, and how a refusal becomes a form's errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest
from django.utils import timezone

from headwater.accounts.audit import Actor
from headwater.booking.queries import zone_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.models import Facility, Instrument
from headwater.useroffice import facts, queries, rules, wording
from headwater.useroffice.models import Call, Proposal

T = TypeVar("T")


def acting(request: HttpRequest, desk: rules.Desk) -> dict[str, Any]:
    """Keywords of an action: at which desk, by whom, when."""
    return {"desk": desk, "by": Actor(request.user, "page"), "at": timezone.now()}  # type: ignore[arg-type]


def attempt(form: Any, work: Callable[[], T]) -> T | None:
    """Do it, or tell the form what stands in the way."""
    try:
        return work()
    except Refused as refused:
        form.refuse(refused.decision)
        return None


def missing(code: str) -> Refused:
    return Refused(Decision((Reason(code),)))


def seen_call(public_id: str, desk: rules.Desk) -> Call:
    """The call, where she may see it."""
    call = queries.visible_calls(desk).select_related("facility", "form").filter(public_id=public_id).first()
    if call is None:
        raise missing("call.not_found")
    return call


def office_call(public_id: str, desk: rules.Desk) -> Call:
    """The call, for its office alone."""
    call = seen_call(public_id, desk)
    permit(rules.may_manage_calls(call.facility_id, desk))
    return call


def office_of(public_id: str, desk: rules.Desk) -> Facility:
    """The facility, for its office alone."""
    facility = Facility.objects.filter(public_id=public_id).first()
    if facility is None:
        raise missing("facility.not_found")
    permit(rules.may_manage_calls(facility.pk, desk))
    return facility


def seen_proposal(public_id: str, desk: rules.Desk, *, at: datetime) -> tuple[Proposal, rules.ProposalFacts]:
    """The proposal and its facts, where she may read it."""
    proposal = queries.with_all(Proposal.objects.filter(public_id=public_id)).first()
    if proposal is None:
        raise missing("proposal.not_found")
    about = facts.proposal_facts(proposal, desk, at=at)
    permit(rules.may_see_proposal(about, desk))
    return proposal, about


def facility_zone(facility: Facility) -> Any:
    """The clocks of the facility: those of its first beamline's city."""
    line: Instrument | None = queries.beamlines_of(facility).select_related("city__jurisdiction").first()
    from zoneinfo import ZoneInfo

    return zone_of(line) if line is not None else ZoneInfo("UTC")


def shown_state(proposal: Proposal) -> object:
    """The state in the proposer's words."""
    return wording.PUBLIC_STATES[rules.public_state(proposal.state, proposal.told_state)]


def figure_words(code: str) -> tuple[object, object]:
    """A figure's name and unit."""
    return wording.FIGURES[code]
