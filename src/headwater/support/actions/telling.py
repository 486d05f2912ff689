"""Whom the writers of money tell: an organisation's people, a jurisdiction's officers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from headwater.accounts.actions.notices import tell
from headwater.accounts.models import Grant, Role, User
from headwater.core.money import Money
from headwater.registry.models import Jurisdiction, Organisation


def amount_text(currency: str, minor: int) -> str:
    return f"{currency} {Money(currency, minor).major:,}"


def tell_members(
    organisation: Organisation, code: str, facts: dict[str, Any], path: str, at: datetime, key: str
) -> None:
    """Tell an organisation's people who may act for it."""
    for user in User.objects.filter(person__memberships__organisation=organisation, person__memberships__until=None):
        tell(user, code, facts, path=path, at=at, key=key)


def tell_office(office: Jurisdiction, code: str, facts: dict[str, Any], path: str, at: datetime, key: str) -> None:
    """Tell a jurisdiction's officers."""
    grants = Grant.objects.filter(role=Role.JURISDICTION_OFFICER, scope=office.public_id).select_related("user")
    for grant in grants:
        tell(grant.user, code, facts, path=path, at=at, key=key)
