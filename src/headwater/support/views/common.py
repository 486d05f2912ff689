"""What the pages of terms and money share."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest

from headwater.accounts.audit import Actor
from headwater.core.decision import Decision, Reason, Refused
from headwater.core.money import Money, MoneyError
from headwater.registry.models import Jurisdiction, Organisation
from headwater.support.book import home_currency
from headwater.support.facts import party_of
from headwater.support.rules import Party


def party_for(request: HttpRequest) -> Party:
    return party_of(request.user)


def by_page(request: HttpRequest) -> Actor:
    return Actor(request.user, "page")


def minor(text: str, currency: str = "") -> int:
    """An amount from a form in minor units; refused in words where it is none."""
    try:
        found = Money.parse(text, currency or home_currency()).minor
    except MoneyError as error:
        raise Refused(Decision((Reason("amount.unreadable", facts={"value": text[:60]}),))) from error
    if abs(found) > 10**15:
        raise Refused(Decision((Reason("amount.unreadable", facts={"value": text[:60]}),)))
    return found


def organisation_or_refuse(public_id: str) -> Organisation:
    found = (
        Organisation.objects.select_related("city__jurisdiction", "registration", "source")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise Refused(Decision((Reason("organisation.not_found"),)))
    return found


def jurisdiction_or_refuse(code: str) -> Jurisdiction:
    found = Jurisdiction.objects.filter(code=code).first()
    if found is None:
        raise Refused(Decision((Reason("jurisdiction.not_found", facts={"value": code}),)))
    return found


def zone_of(place: Any) -> ZoneInfo:
    return ZoneInfo(place.city.timezone)


def page_after(request: HttpRequest) -> int | None:
    """The key a list goes on after, from the address."""
    text = request.GET.get("after", "")
    return int(text) if text.isdigit() and len(text) < 19 else None
