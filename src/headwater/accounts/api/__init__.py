"""Who calls the API, and how it refuses: RFC 9457 problem documents that carry the reasons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.errors import HttpError
from ninja.utils import check_csrf

from headwater.accounts import actions, words
from headwater.accounts.audit import Actor
from headwater.accounts.models import Token, User
from headwater.core.context import REQUEST_ID
from headwater.core.decision import Decision

PROBLEM = "application/problem+json"


def identify(request: HttpRequest) -> Token | User | bool:
    """The token or signed-in user behind a request; True for nobody in particular, who may read what is public.

    A wrong token is refused, never taken for nobody. A page's session must bring its CSRF token to write.
    """
    header = request.headers.get("Authorization", "")
    if header:
        scheme, _space, key = header.partition(" ")
        token = actions.use_token(key.strip() if scheme.lower() == "bearer" else "", at=timezone.now())
        request.user = token.user
        return token
    if request.user.is_authenticated:
        if request.method not in ("GET", "HEAD", "OPTIONS") and check_csrf(request):
            raise HttpError(403, _("The CSRF token is missing or wrong. Programs send a bearer token instead."))
        return request.user
    return True


def scopes_of(request: HttpRequest) -> list[str] | None:
    """The scopes of the token in use; None where no token limits its owner."""
    auth = getattr(request, "auth", None)
    return auth.scopes if isinstance(auth, Token) else None


def caller(request: HttpRequest) -> Actor:
    return Actor(request.user if request.user.is_authenticated else None, "api")


def told(decision: Decision) -> list[dict[str, Any]]:
    """A decision's reasons for a program, each with its sentence in the reader's language."""
    return [{**reason.as_json(), "sentence": words.sentence(reason)} for reason in decision.reasons]


def problem(
    status: int,
    title: str,
    *,
    detail: str = "",
    decision: Decision | None = None,
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """An RFC 9457 problem document; ``reasons`` hold code, weight, facts and the sentence in the reader's language."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if REQUEST_ID.get():
        body["instance"] = f"urn:request:{REQUEST_ID.get()}"
    if decision is not None:
        body["reasons"] = told(decision)
    body |= more or {}
    response = HttpResponse(json.dumps(body, ensure_ascii=False, default=str), content_type=PROBLEM, status=status)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Headwater"'
    return response


def refusal(decision: Decision) -> HttpResponse:
    """The problem document of a refused action."""
    sentences = words.sentences(decision)
    return problem(
        words.status(decision), sentences[0] if sentences else "Refused", decision=decision, detail=" ".join(sentences)
    )
