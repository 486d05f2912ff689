"""What templates of terms and money need beyond the site's."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.utils.translation import gettext as _, pgettext

from headwater.accounts import words
from headwater.core.decision import Decision
from headwater.core.money import Money
from headwater.registry.models.base import in_language
from headwater.support import vocabulary
from headwater.support.models import AccountKind
from headwater.support.wording import value_label

register = template.Library()


@register.filter
def fact_label(name: str) -> str:
    return str(vocabulary.FACT_LABELS.get(name, name))


@register.filter
def fact_value(pair: tuple[str, Any]) -> str:
    """The value of a fact beside its name."""
    return value_label(*pair)


@register.filter
def event(code: str) -> str:
    """What an entry of the ledger is about."""
    return str(vocabulary.ACCOUNT_EVENTS.get(code, code))


@register.filter
def account_label(kind: str) -> str:
    return str(AccountKind(kind).label) if kind in AccountKind.values else kind


@register.filter
def unit(code: str) -> str:
    return str(vocabulary.Unit(code).label) if code in vocabulary.Unit.values else code


@register.filter
def user_kind(code: str) -> str:
    return str(vocabulary.UserKind(code).label) if code in vocabulary.UserKind.values else code


@register.filter
def document(code: str) -> str:
    return str(vocabulary.DocumentKind(code).label) if code in vocabulary.DocumentKind.values else code


@register.filter
def delivery(code: str) -> str:
    return str(vocabulary.Delivery(code).label) if code in vocabulary.Delivery.values else code


@register.filter
def reach(code: str) -> str:
    return str(vocabulary.Reach(code).label) if code in vocabulary.Reach.values else code


@register.filter
def stands(decision: Decision) -> list[str]:
    """The reasons that stand in the way."""
    return [words.sentence(one) for one in decision.reasons if not Decision((one,)).allowed()]


@register.filter
def notes(decision: Decision) -> list[str]:
    """The reasons that stop nothing."""
    return [words.sentence(one) for one in decision.reasons if Decision((one,)).allowed()]


@register.filter
def exact(minor: int, currency: str) -> str:
    """An amount with all its digits."""
    return f"{currency} {Money(currency, minor).major:,}"


@register.filter
def spaced(amount: str) -> str:
    """An amount that stands as text, such as 300000.00, with its thousands apart."""
    return f"{Decimal(amount):,}"


def _condition(data: Mapping[str, Any]) -> str:
    """A condition as a reader reads it."""
    if "all" in data:
        return pgettext("between conditions that must all hold", "; ").join(_condition(one) for one in data["all"])
    if "any" in data:
        return _("one of: %(those)s") % {"those": " / ".join(_condition(one) for one in data["any"])}
    if "not" in data:
        return _("not: %(that)s") % {"that": _condition(data["not"])}
    fact = str(data["fact"])
    test = next(word for word in data if word != "fact")
    value = data[test]
    shown = fact_label(str(value)) if test in ("same_as", "other_than") else value_label(fact, value)
    templates = {
        "in": _("%(fact)s: %(value)s"),
        "not_in": _("%(fact)s: not %(value)s"),
        "at_least": _("%(fact)s: at least %(value)s"),
        "at_most": _("%(fact)s: at most %(value)s"),
        "is": _("%(fact)s: %(value)s"),
        "same_as": _("%(fact)s: the same as %(value)s"),
        "other_than": _("%(fact)s: another than %(value)s"),
    }
    return templates[test] % {"fact": fact_label(fact), "value": shown}


@register.filter
def condition(data: Mapping[str, Any] | None) -> str:
    """A condition's data in words; a dash for one that always holds."""
    return (_condition(data) if data else "") or "—"


@register.filter
def share(text: str | None) -> str:
    """A share such as 0.5 as per cent."""

    return f"{(Decimal(text) * 100).normalize():f} %" if text else "—"


@register.filter
def grade(name: str) -> str:
    """A grade of an assessment; one a formula calls otherwise is shown as it is."""
    return {"excellent": _("excellent"), "good": _("good"), "pass": _("pass"), "fail": _("fail")}.get(name, name)


@register.filter
def part_title(part: Any) -> str:
    """The title of an assessment's part in the reader's language."""
    return in_language(part.title_zh, part.title_en)[0] or str(part.code)
