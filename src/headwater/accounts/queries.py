"""The readers of accounts."""

from __future__ import annotations

from django.db.models import QuerySet

from headwater.accounts.models import AuditEntry, Token, User


def tokens_of(user: User) -> QuerySet[Token]:
    return Token.objects.filter(user=user, revoked_at=None).order_by("-created_at")


def trail_of(subject: str) -> QuerySet[AuditEntry]:
    """What was done to one record, newest first."""
    return AuditEntry.objects.filter(subject=subject).order_by("-id")


def demo_users() -> QuerySet[User]:
    return User.objects.filter(is_demo=True, is_active=True)
