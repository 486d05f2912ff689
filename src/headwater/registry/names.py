"""What records are called by their codes, in the reader's language; kept for a minute, process and language."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.cache import caches
from django.utils.translation import get_language

from headwater.registry.figures import KEPT_S
from headwater.registry.models import City, Jurisdiction, Technique, Zone
from headwater.registry.models.base import in_language


def names_by_code(model: type[Jurisdiction | City | Zone | Technique]) -> Mapping[str, str]:
    """The names of all records of a kind by code; a query at most once a minute, process and language."""
    key = f"names.{model._meta.label}.{get_language()}"
    kept: dict[str, str] | None = caches["local"].get(key)
    if kept is None:
        rows = model.objects.values_list("code", "name_zh", "name_en")
        kept = {code: in_language(zh, en)[0] for code, zh, en in rows}
        caches["local"].set(key, kept, KEPT_S)
    return kept
