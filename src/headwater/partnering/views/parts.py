"""What the pages share."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from headwater.accounts.audit import Actor
from headwater.core.decision import Decision, Reason, Refused
from headwater.partnering.facts import seen_challenge
from headwater.partnering.models import Challenge
from headwater.partnering.rules.sight import BROKER, MANAGING, SightFacts, may_see_whole
from headwater.registry.facts import viewer_of
from headwater.registry.models import Organisation
from headwater.registry.rules import Viewer


def acting(request: HttpRequest) -> dict[str, Any]:
    """Who looks, who acts, and when, for an action."""
    return {"viewer": viewer_of(request.user), "by": Actor(request.user, "page"), "at": timezone.now()}


def whole(request: HttpRequest, public_id: str) -> tuple[Challenge, SightFacts, Viewer]:
    """The challenge for somebody who may read it whole; else refused."""
    viewer = viewer_of(request.user)
    challenge, sight = seen_challenge(public_id, viewer)
    decision = may_see_whole(sight, viewer)
    if not decision.allowed():
        raise Refused(decision)
    return challenge, sight, viewer


def own_organisations(viewer: Viewer) -> Any:
    """The organisations for which the viewer may act here."""
    return Organisation.objects.filter(
        pk__in=[key for key, role in viewer.memberships.items() if role in MANAGING]
    ).order_by("pk")


def is_broker(viewer: Viewer) -> bool:
    return BROKER in viewer.roles


def day(text: str, field: str) -> date:
    """A day as browsers send it; anything else is refused."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.get_default_timezone()).date()
    except ValueError as error:
        raise Refused(
            Decision((Reason("profiles.row_unreadable", facts={"field": field, "value": text[:40]}),))
        ) from error


def whole_number(text: str, field: str) -> int:
    """A whole number of a form; anything else is refused."""
    if not (text.strip().isdigit() and len(text.strip()) < 12):
        raise Refused(Decision((Reason("profiles.row_unreadable", facts={"field": field, "value": text[:40]}),)))
    return int(text)
