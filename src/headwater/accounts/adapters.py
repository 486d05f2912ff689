"""How allauth meets our users."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest
from django.utils.translation import get_language, override

from headwater.accounts.backends import may_come_in
from headwater.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):
    """Keeps the name and the language somebody signs up with, and writes to people in theirs.

    Demo people can't sign in to production.
    """

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        user.name = form.cleaned_data.get("name", "").strip()
        user.language = get_language() or "en"
        return super().save_user(request, user, form, commit)

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        if not may_come_in(user):
            return self.respond_user_inactive(request, user)
        return super().pre_login(request, user, **kwargs)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the language of whoever has the address, not of whoever asked for the mail."""
        reader = context.get("user") or User.objects.filter(email__iexact=email).first()
        with override(reader.language if isinstance(reader, User) else get_language()):
            super().send_mail(template_prefix, email, context)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Takes the name an OpenID Connect provider gives."""

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:
        user = super().populate_user(request, sociallogin, data)
        given = sociallogin.account.extra_data
        claims = given.get("userinfo") or given.get("id_token") or given
        user.name = str(claims.get("name") or data.get("name") or "")[:200]
        user.language = get_language() or "en"
        return user
