"""What happens around every request: its id and log line, its language, its refusals."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.locale import LocaleMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.encoding import escape_uri_path
from django.utils.http import escape_leading_slashes

from headwater.accounts import words
from headwater.accounts.actions import set_language
from headwater.core.context import REQUEST_ID
from headwater.core.decision import Decision, Reason, Refused
from headwater.site.health import healthz, readyz

Answer = Callable[[HttpRequest], HttpResponse]
ACCESS = logging.getLogger("headwater.access")
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
QUIET = ("/healthz", "/readyz", "/metrics", "/static/")


def own_address(path: str, query: Sequence[tuple[str, str]] = ()) -> str:
    """``path`` as an address of this site alone: one that begins with two slashes would name another host."""
    return str(escape_leading_slashes(escape_uri_path(path))) + (f"?{urlencode(query)}" if query else "")


class HealthMiddleware:
    """Answers a load balancer before the host is looked at: it asks by address, not by name."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = {"/healthz": healthz, "/readyz": readyz}.get(request.path)
        return asked(request) if asked else self.get_response(request)


class RequestIdMiddleware:
    """Gives the request an id (a proxy's own is kept), sends it back, and writes one log line."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        token = REQUEST_ID.set(request_id)
        begun = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            if not request.path.startswith(QUIET):
                ACCESS.info(
                    "%s %s %s",
                    request.method,
                    request.path,
                    response.status_code,
                    extra={
                        "method": request.method,
                        "path": request.path,
                        "status": response.status_code,
                        "ms": round((time.perf_counter() - begun) * 1000, 1),
                    },
                )
        finally:
            REQUEST_ID.reset(token)
        return response


class LanguageMiddleware(LocaleMiddleware):
    """The page's language: `?lang=` chooses and remembers it; else the cookie, the user's own, the browser's."""

    def process_request(self, request: HttpRequest) -> None:
        user = getattr(request, "user", None)
        api = request.path.startswith("/api/")
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if not api and not chosen and user is not None and user.is_authenticated:
            translation.activate(user.language)
            request.LANGUAGE_CODE = translation.get_language()
            return
        super().process_request(request)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        wanted = request.GET.get("lang", "")
        if wanted in dict(settings.LANGUAGES) and request.method == "GET" and not request.path.startswith("/api/"):
            kept = [(key, value) for key, values in request.GET.lists() for value in values if key != "lang"]
            response = HttpResponseRedirect(own_address(request.path, kept))
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                wanted,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                samesite=settings.LANGUAGE_COOKIE_SAMESITE,
                secure=settings.LANGUAGE_COOKIE_SECURE,
            )
            if request.user.is_authenticated:
                set_language(request.user, wanted)
            return response
        return super().__call__(request)


def unwritable(error: BaseException | None) -> bool:
    """Whether text was given that no database takes: with a NUL in it, or with half of a character."""
    if error is None:
        return False
    nul = isinstance(error, DataError | ValueError) and "NUL" in str(error)
    return nul or isinstance(error, UnicodeEncodeError) or unwritable(error.__cause__)


class RefusalMiddleware:
    """Turns a `Refused` that a page's view lets through into a page with all its reasons."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if unwritable(error):
            error = Refused(Decision((Reason("request.unwritable"),)))
        if not isinstance(error, Refused):
            return None
        status = words.status(error.decision)
        if status == 401 and request.user.is_authenticated:
            status = 403  # signing in again would help nobody
        if status == 401:
            to = f"{settings.LOGIN_URL_PATH}?{urlencode({'next': request.get_full_path()})}"
            if request.htmx:  # type: ignore[attr-defined]
                return HttpResponse(headers={"HX-Redirect": to})
            return HttpResponseRedirect(to)
        return render(request, "refused.html", {"decision": error.decision, "status": status}, status=status)
