"""Who is let in: by password, and again with every request of an open session."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.conf import settings

from headwater.accounts.models import User


def may_come_in(user: User) -> bool:
    """Whether the account is active and, in production, no demonstration's: a demo's password is public."""
    return user.is_active and not (user.is_demo and settings.ENVIRONMENT.production)


class Backend(AuthenticationBackend):
    """Allauth's, with `may_come_in` asked at sign-in and at each request."""

    def user_can_authenticate(self, user: Any) -> bool:
        return may_come_in(user)
