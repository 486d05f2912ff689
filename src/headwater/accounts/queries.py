"""The readers of accounts."""

from __future__ import annotations

from django.db.models import QuerySet

from headwater.accounts.models import AuditEntry, Notice, NoticeChoice, Token, User


def tokens_of(user: User) -> QuerySet[Token]:
    return Token.objects.filter(user=user, revoked_at=None).order_by("-created_at")


def trail_of(subject: str) -> QuerySet[AuditEntry]:
    """What was done to one record, newest first."""
    return AuditEntry.objects.filter(subject=subject).order_by("-id")


def demo_users() -> QuerySet[User]:
    return User.objects.filter(is_demo=True, is_active=True)


def notices_of(user: User, *, before: int | None = None, unread: bool = False) -> QuerySet[Notice]:
    """What somebody was told, newest first, from below the notice ``before`` on."""
    found = Notice.objects.filter(user=user).order_by("-id")
    if unread:
        found = found.filter(read_at=None)
    return found if before is None else found.filter(pk__lt=before)


def unread_of(user: User, *, most: int = 100) -> int:
    """How many notices somebody has not read, counted up to ``most``."""
    return Notice.objects.filter(user=user, read_at=None)[:most].count()


def unmailed_topics(user: User) -> set[str]:
    """The topics of which somebody wants no mails."""
    return set(NoticeChoice.objects.filter(user=user, by_mail=False).values_list("topic", flat=True))
