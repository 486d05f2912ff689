"""What every page's frame shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from headwater.accounts.queries import unread_of
from headwater.registry.queries import region
from headwater.site.middleware import own_address


def page(request: HttpRequest) -> dict[str, Any]:
    """The region, and the address of this very page in the other language."""
    current = getattr(request, "LANGUAGE_CODE", "en")
    other = "en" if current.startswith("zh") else "zh-hans"
    kept = [(key, value) for key, values in request.GET.lists() for value in values if key != "lang"]
    return {
        "region": SimpleLazyObject(region),
        "other_language": other,
        "other_language_name": dict(settings.LANGUAGES)[other],
        "other_language_url": own_address(request.path, [*kept, ("lang", other)]),
        "demo_mode": not settings.ENVIRONMENT.production,
        "version": settings.HEADWATER_VERSION,
        "unread": SimpleLazyObject(lambda: unread_of(request.user)),
        "sso": settings.ENVIRONMENT.oidc,
    }
