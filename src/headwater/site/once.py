"""A request that is sent again does its work once, wherever money moves."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja import Status
from ninja.responses import NinjaJSONEncoder

from headwater.booking.api.shapes import once


def done_once(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, heeding a POST's ``Idempotency-Key``: sent again it gets the first answer and writes nothing.

    Files are let through as they come: their body is read as a stream, and the same file twice is one document more
    that its owner sees, never money.
    """

    @functools.wraps(view)
    def heeding(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "POST" or request.content_type == "multipart/form-data":
            return view(request, *args, **kwargs)

        def work() -> tuple[int, Any]:
            made = view(request, *args, **kwargs)
            status, body = (made.status_code, made.value) if isinstance(made, Status) else (200, made)
            return status, json.loads(json.dumps(body, cls=NinjaJSONEncoder))

        if not request.headers.get("Idempotency-Key"):
            return view(request, *args, **kwargs)
        return Status(*once(request, work))

    return heeding
