"""How figures, their units and parts are shown."""

from __future__ import annotations

import math
from typing import Any

from django import template
from django.utils.translation import get_language

from headwater.observatory.wording import CHANGES, GROUPS, KINDS, LACKS, PARTS, UNCOMPUTED, UNITS
from headwater.registry.models import City
from headwater.registry.names import names_by_code

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
    return str(PARTS.get(label) or names_by_code(City).get(label, label))


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
def change(code: str) -> str:
    return str(CHANGES[code])


@register.filter
def uncomputed(code: str) -> str:
    """Why nothing is computed beside a published figure, if that is known of it; else nothing."""
    return str(UNCOMPUTED.get(code, ""))


@register.filter
def in_words(row: Any, name: str) -> str:
    """A text of a plain row in the reader's language: `name`_zh or `name`_en, the other where one is missing."""
    first, second = ("zh", "en") if (get_language() or "en").startswith("zh") else ("en", "zh")
    return str(_get(row, f"{name}_{first}") or _get(row, f"{name}_{second}") or "")


def _get(row: Any, name: str) -> Any:
    return row.get(name) if isinstance(row, dict) else getattr(row, name, "")
