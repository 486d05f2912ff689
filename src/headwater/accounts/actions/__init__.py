"""The writers of accounts: users, grants, tokens."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from headwater.accounts import rules
from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.backends import may_come_in
from headwater.accounts.models import Grant, Role, Token, User
from headwater.core.decision import Decision, Reason, Refused, permit

TOKEN_PREFIX = "hw_"
USED_EVERY = timedelta(minutes=10)


def digest_of(key: str) -> str:
    """The digest a key is stored as. Keys have 256 random bits, so one plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def make_token(
    user: User, *, name: str, scopes: Sequence[str], expires_at: datetime | None, by: Actor, at: datetime
) -> tuple[Token, str]:
    """Make a token; the key is returned this once and never again."""
    User.objects.select_for_update().get(pk=user.pk)
    have = Token.objects.filter(user=user, revoked_at=None).count()
    permit(rules.may_make_token(rules.TokenFacts(name.strip(), tuple(scopes), have)))
    key = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = Token.objects.create(
        user=user, name=name.strip(), hint=key[:8], digest=digest_of(key), scopes=list(scopes), expires_at=expires_at
    )
    record(
        Act("token.made", f"tok_{token.pk}", {"name": [None, token.name], "scopes": [None, token.scopes]}), by=by, at=at
    )
    return token, key


@transaction.atomic
def revoke_token(user: User, token_id: int, *, by: Actor, at: datetime) -> None:
    """Revoke one's own token; a second time changes nothing."""
    token = Token.objects.select_for_update().filter(user=user, pk=token_id).first()
    if token is None:
        raise Refused(Decision((Reason("token.unknown"),)))
    if token.revoked_at is None:
        token.revoked_at = at
        token.save(update_fields=["revoked_at"])
        record(Act("token.revoked", f"tok_{token.pk}", {"name": [token.name, token.name]}), by=by, at=at)


def use_token(key: str, *, at: datetime) -> Token:
    """The live token of ``key``; raises `Refused` where there is none."""
    token = Token.objects.select_related("user").filter(digest=digest_of(key)).first()
    permit(
        rules.may_use_token(
            token and rules.UseFacts(token.revoked_at, token.expires_at, may_come_in(token.user)), now=at
        )
    )
    assert token is not None
    if token.used_at is None or at - token.used_at > USED_EVERY:
        # A note for the owner, kept coarse so that reading through the API writes next to nothing.
        Token.objects.filter(pk=token.pk).update(used_at=at)
    return token


@transaction.atomic
def grant(user: User, role: Role, *, scope: str = "", by: Actor, at: datetime) -> Grant:
    """Give a platform role; given twice it is there once."""
    made, is_new = Grant.objects.get_or_create(user=user, role=role, scope=scope)
    if is_new:
        record(
            Act("role.granted", f"usr_{user.pk}", {"role": [None, role.value], "scope": [None, scope]}), by=by, at=at
        )
    return made


@transaction.atomic
def make_user(
    email: str, *, name: str, password: str | None, language: str = "en", is_demo: bool = False, by: Actor, at: datetime
) -> User:
    """A user whose address is taken as confirmed; found again by address, its password then set anew."""
    from allauth.account.models import EmailAddress  # allauth's models load after this app's

    user = User.objects.filter(email__iexact=email).first()
    is_new = user is None
    if user is None:
        user = User(email=email.lower())
    user.name, user.language, user.is_demo = name, language, is_demo
    if password is None:
        user.set_unusable_password()
    else:
        user.set_password(password)
    user.save()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    if is_new:
        record(Act("user.made", f"usr_{user.pk}", {"email": [None, user.email]}), by=by, at=at)
    return user


def demo_user(email: str) -> User | None:
    """The demo's user of that address, where there is one."""
    return User.objects.filter(email__iexact=email, is_demo=True).first()


def set_language(user: User, language: str) -> None:
    """Keep the language somebody chose for pages and mails."""
    User.objects.filter(pk=user.pk).exclude(language=language).update(language=language)
