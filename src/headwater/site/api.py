"""The JSON API: one router an app, one way to fail."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _, gettext_lazy
from ninja.errors import HttpError, ValidationError
from ninja.openapi.docs import Swagger

from headwater import __version__
from headwater.accounts.api import identify, problem, refusal
from headwater.accounts.api.notices import router as notices
from headwater.booking.api import router as booking
from headwater.catalogue.api import router as catalogue
from headwater.core.decision import Decision, Reason, Refused
from headwater.observatory.api import router as observatory
from headwater.partnering.api import router as partnering
from headwater.registry.api import router as registry
from headwater.site.described import DescribedAPI
from headwater.site.middleware import unwritable
from headwater.site.once import done_once
from headwater.support.api import router as support
from headwater.useroffice.api import router as useroffice

api = DescribedAPI(
    title="Headwater",
    version=__version__,
    description=(
        "All that a page shows, for programs. Reading what is public needs no token. Send `Authorization: Bearer …` "
        "with a token from your account page for the rest, and `Accept-Language: zh-Hans` or `en` for the language of "
        "names and messages. Lists are cut by cursor: pass `next` back as `cursor`. Errors are RFC 9457 problem "
        "documents whose `reasons` say all that stood in the way."
    ),
    auth=identify,
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
support.add_decorator(done_once, mode="operation")
api.add_router("", registry)
api.add_router("", useroffice)
api.add_router("", booking)
api.add_router("", catalogue)
api.add_router("", support)
api.add_router("", observatory)
api.add_router("", partnering)
api.add_router("", notices)
LOG = logging.getLogger("headwater.api")

# What is wrong with one value of a request, by pydantic's name for it; what is not here is told in pydantic's English.
FAULTS: dict[str, object] = {
    "missing": gettext_lazy("This is missing and must be given."),
    "extra_forbidden": gettext_lazy("There is no such field."),
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), gettext_lazy("This must be a whole number.")),
    **dict.fromkeys(("float_parsing", "float_type"), gettext_lazy("This must be a number.")),
    **dict.fromkeys(("bool_parsing", "bool_type"), gettext_lazy("This must be true or false.")),
    "string_type": gettext_lazy("This must be text."),
    "model_type": gettext_lazy("This must be an object with named fields."),
    **dict.fromkeys(
        ("date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        gettext_lazy("This must be a day such as 2026-05-31."),
    ),
    **dict.fromkeys(
        ("datetime_parsing", "datetime_from_date_parsing"),
        gettext_lazy("This must be a date or a time such as 2026-05-31T09:00:00+08:00."),
    ),
    "datetime_type": gettext_lazy("This must be a date or a time such as 2026-05-31T09:00:00+08:00."),
    "date_type": gettext_lazy("This must be a day such as 2026-05-31."),
    "list_type": gettext_lazy("This must be a list."),
    "string_too_long": gettext_lazy("This may have at most %(max_length)s characters."),
    "too_long": gettext_lazy("This may have at most %(max_length)s entries."),
    "greater_than_equal": gettext_lazy("This must be at least %(ge)s."),
    "less_than_equal": gettext_lazy("This must be at most %(le)s."),
    "literal_error": gettext_lazy("This must be one of: %(expected)s."),
}


def _fault(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors in the reader's language."""
    if error["type"] not in FAULTS:
        return str(error["msg"])
    facts = dict(error.get("ctx") or {})
    if "expected" in facts:  # pydantic joins the words in English: "'yes' or 'no'"
        facts["expected"] = ", ".join(filter(None, re.findall(r"'([^']*)'", facts["expected"])))
    sentence = str(FAULTS[error["type"]])
    return sentence % facts if facts else sentence


@api.exception_handler(Refused)
def _refused(_request: HttpRequest, error: Refused) -> HttpResponse:
    return refusal(error.decision)


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    found: dict[str, str] = {}
    for one in error.errors:
        found.setdefault(_field(one["loc"]), _fault(one))
    reasons = (Reason("request.invalid", facts={"field": field, "what": what}) for field, what in found.items())
    return refusal(Decision(tuple(reasons)))


def _field(place: Sequence[str | int]) -> str:
    """The field as the caller wrote it: without where it stood, our parameter's name and a union's branches."""
    parts = [str(part) for part in place if "[" not in str(part)]
    return ".".join(parts[2:] or parts[-1:])


@api.exception_handler(HttpError)
def _http(_request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 400:  # ninja's own, for a body that it can't parse
        return refusal(Decision((Reason("request.unreadable"),)))
    return problem(error.status_code, str(error.message))


@api.exception_handler(Http404)
def _missing(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return refusal(Decision((Reason("record.not_found"),)))


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    if unwritable(error):
        return refusal(Decision((Reason("request.unwritable"),)))
    LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, _("Something went wrong on our side. It is written down under this request's id."))


def docs(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """A page to try the API at."""
    return Swagger(settings={"persistAuthorization": False}).render_page(request, api)
