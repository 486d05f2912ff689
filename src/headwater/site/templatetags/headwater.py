"""What templates need beyond Django's own."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Any

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext as _

from headwater.accounts import words
from headwater.core.decision import Decision
from headwater.core.money import Money
from headwater.registry.forms import InstrumentForm, RoleForm

register = template.Library()


@register.filter
def grouped(value: float | int | Decimal | None) -> str:
    """A number with a comma every three digits, in both languages; a dash for none."""
    if value is None:
        return "—"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}"


@register.filter
def percent(value: float) -> str:
    """A share as per cent; what is not quite none or all does not round to it."""
    shown = 100 * value
    if 0 < shown < 0.1:
        return "< 0.1 %"
    if 99.9 < shown < 100:
        return "> 99.9 %"
    return f"{shown:.1f}".removesuffix(".0") + " %"


@register.filter
def money(minor: int | None, currency: str) -> str:
    """An amount of minor units with its currency."""
    if minor is None:
        return "—"
    major = Money(currency, minor).major
    return f"{currency} {major:,.0f}" if major == major.to_integral_value() else f"{currency} {major:,}"


@register.filter
def sentences(decision: Decision) -> list[str]:
    """A decision's reasons in the reader's language."""
    return words.sentences(decision)


@register.simple_tag
def form_key() -> SafeString:
    """A key of a form's own: sent twice, the form does its work once (see `headwater.site.once`)."""
    return format_html('<input type="hidden" name="form_key" value="{}">', secrets.token_urlsafe(18))


@register.simple_tag
def web_link(address: str) -> SafeString:
    """A link to a web page; anything else, such as a script, is shown as the text it is."""
    if address.lower().startswith(("https://", "http://")):
        return format_html('<a href="{}" rel="nofollow noopener">{}</a>', address, address)
    return format_html("{}", address)


@register.filter
def short_date(value: Any) -> str:
    return date_format(value, "Y-m-d") if value else "—"


@register.filter
def plain(value: Any) -> str:
    """A value of the audit trail, readable."""
    if value in (None, "", [], {}):
        return "—"
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, list):
        return "; ".join(plain(one) for one in value)
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "…"


@register.filter
def act(code: str) -> str:
    """What was done, in words; its code where it has none yet."""
    return str(words.ACTS.get(code, code))


@register.filter
def way(code: str) -> str:
    """By which way it was done, in words."""
    return str(words.WAYS.get(code, code))


@register.filter
def field_label(name: str) -> str:
    """A field of the audit trail under the name that the form gives it."""
    field = InstrumentForm.base_fields.get(name.removesuffix("_minor")) or RoleForm.base_fields.get(name)
    return str(field.label) if field and field.label else str(words.FIELDS.get(name, name))


@register.simple_tag
def trail_value(act: str, field: str, value: Any) -> str:
    """A value before or after an act, in words where it is a code."""
    named = words.VALUES.get((act.partition(".")[0], field), {})
    return str(named[value]) if isinstance(value, str) and value in named else plain(value)


@register.simple_tag
def name(record: Any) -> SafeString:
    """A record's name, marked with its language where that is not the page's."""
    language = "zh" if (get_language() or "en").startswith("zh") else "en"
    if record.name_language == language:
        return format_html("{}", record.name)
    return format_html('<span lang="{}">{}</span>', "zh-Hans" if record.name_language == "zh" else "en", record.name)


@register.inclusion_tag("_marks.html")
def marks(record: Any) -> dict[str, Any]:
    """The chips every record carries: synthetic, unverified."""
    return {"record": record}


@register.simple_tag
def comparison(code: str) -> str:
    """How a published figure was put."""
    return {
        "gt": _("more than"),
        "lt": _("fewer than"),
        "about": _("about"),
        "nearly": _("nearly"),
    }.get(code, "")
