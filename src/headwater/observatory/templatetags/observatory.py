"""How figures, their units and parts are shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django import template
from django.core.cache import caches
from django.utils.translation import get_language

from headwater.observatory.wording import GROUPS, KINDS, LACKS, PARTS, UNITS
from headwater.registry.figures import KEPT_S
from headwater.registry.models import City
from headwater.registry.models.base import in_language

register = template.Library()


@register.filter
def figure(value: float | None) -> str:
    """A number to three or four places that matter, with a comma every three digits; a dash for none."""
    if value is None or not math.isfinite(value):
        return "—"
    if float(value).is_integer():
        return f"{int(value):,}"
    size = abs(value)
    places = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 4
    return f"{value:,.{places}f}"


@register.filter
def unit(code: str) -> str:
    return str(UNITS[code])


@register.filter
def part(label: str) -> str:
    """A part's label in words, a city's code as its name; a name, year or number as it is."""
    return str(PARTS.get(label) or _cities().get(label, label))


def _cities() -> Mapping[str, str]:
    """The cities' names by code, read once a minute, process and language."""
    key = f"observatory.cities.{get_language()}"
    kept: dict[str, str] | None = caches["local"].get(key)
    if kept is None:
        rows = City.objects.values_list("code", "name_zh", "name_en")
        kept = {code: in_language(zh, en)[0] for code, zh, en in rows}
        caches["local"].set(key, kept, KEPT_S)
    return kept


@register.filter
def lacks(code: str) -> str:
    return str(LACKS[code])


@register.filter
def kind(code: str) -> str:
    return str(KINDS[code])


@register.filter
def group(code: str) -> str:
    return str(GROUPS[code])


@register.filter
def in_words(row: Any, name: str) -> str:
    """A text of a plain row in the reader's language: `name`_zh or `name`_en, the other where one is missing."""
    first, second = ("zh", "en") if (get_language() or "en").startswith("zh") else ("en", "zh")
    return str(_get(row, f"{name}_{first}") or _get(row, f"{name}_{second}") or "")


def _get(row: Any, name: str) -> Any:
    return row.get(name) if isinstance(row, dict) else getattr(row, name, "")
