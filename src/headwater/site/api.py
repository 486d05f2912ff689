"""The JSON API: one router an app, one way to fail."""

from __future__ import annotations

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.docs import Swagger

from headwater import __version__
from headwater.accounts.api import identify, problem, refusal
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.api import router as registry

api = NinjaAPI(
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
api.add_router("", registry)
LOG = logging.getLogger("headwater.api")


@api.exception_handler(Refused)
def _refused(_request: HttpRequest, error: Refused) -> HttpResponse:
    return refusal(error.decision)


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    reasons = tuple(
        Reason("request.invalid", facts={"field": ".".join(str(part) for part in one["loc"][1:] or one["loc"]), "what": one["msg"]})
        for one in error.errors
    )
    return refusal(Decision(reasons))


@api.exception_handler(HttpError)
def _http(_request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, str(error.message))


@api.exception_handler(Http404)
def _missing(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return refusal(Decision((Reason("record.not_found"),)))


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    LOG.error("%s %s failed", request.method, request.path, exc_info=error)
    return problem(500, _("Something went wrong on our side. It is written down under this request's id."))


def docs(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """A page to try the API at."""
    return Swagger(settings={"persistAuthorization": False}).render_page(request, api)
