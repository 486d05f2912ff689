"""A request that is sent again does its work once, wherever money moves."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from ninja import Status
from ninja.responses import NinjaJSONEncoder

from headwater.accounts.models import User
from headwater.booking.actions.settling import answer_once
from headwater.booking.api.shapes import once

FORM_KEY = "form_key"
KEY = re.compile(r"[A-Za-z0-9_-]{16,60}")


def done_once(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, heeding a POST's ``Idempotency-Key``: sent again it gets the first answer and writes nothing.

    Files are let through as they come: their body is read as a stream, and the same file twice is one document more
    that its owner sees, never money.
    """

    @functools.wraps(view)
    def heeding(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        is_file = request.content_type == "multipart/form-data"
        if request.method != "POST" or is_file or not request.headers.get("Idempotency-Key"):
            return view(request, *args, **kwargs)

        def work() -> tuple[int, Any]:
            made = view(request, *args, **kwargs)
            status, body = (made.status_code, made.value) if isinstance(made, Status) else (200, made)
            return status, json.loads(json.dumps(body, cls=NinjaJSONEncoder))

        return Status(*once(request, work))

    return heeding


class FormOnceMiddleware:
    """Does what a page's form asks for once, however often it is sent: by a double click, or again after going back.

    A form with ``{% form_key %}`` carries a key of its own. Its first sending that did something was answered by a
    redirect; the same form with the same values is sent there again. A form that was refused, or whose values are
    others now, is done: nothing of it was done before.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST" or request.content_type != "application/x-www-form-urlencoded":
            return self.get_response(request)
        key = request.POST.get(FORM_KEY, "")
        if not isinstance(request.user, User) or not KEY.fullmatch(key):
            return self.get_response(request)

        def work() -> tuple[int, Any]:
            response = self.get_response(request)
            if not isinstance(response, HttpResponseRedirect):
                raise _Undone(response)
            return response.status_code, response.url

        asked = f"{request.method} {request.path}\n{json.dumps(sorted(request.POST.lists()))}".encode()
        spot = f"form {hashlib.sha256(asked).hexdigest()}"
        try:
            return HttpResponseRedirect(answer_once(request.user, spot, asked, work, at=timezone.now())[1])
        except _Undone as undone:
            return undone.response


class _Undone(Exception):
    """A form that did nothing: nothing of it is kept."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status_code)
        self.response = response
