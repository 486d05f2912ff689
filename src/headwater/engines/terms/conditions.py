"""Conditions as data: a few words on typed facts, read strictly, evaluated without running anything.

A condition is one of

``{"fact": "user.size", "in": ["micro", "small"]}``      the fact is one of these, or holds one of these
``{"fact": "user.size", "not_in": ["large"]}``           it is none of these, and holds none of these
``{"fact": "user.age_years", "at_least": 1}``            and ``at_most``: numbers, money (major units) and days
``{"fact": "user.high_tech", "is": true}``               yes or no
``{"fact": "user.jurisdiction", "same_as": "provider.jurisdiction"}``  and ``other_than``
``{"all": [...]}``, ``{"any": [...]}``, ``{"not": ...}`` any depth up to 8; an empty ``all`` always holds

A fact that is unknown (None) meets no condition on it, not even ``not_in``: who wants support says who she is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from headwater.core.decision import Decision, Reason
from headwater.core.money import Money

DEEPEST = 8
MOST_WORDS = 500


class FactKind(StrEnum):
    """What a fact holds."""

    WORD = "word"  # one code
    WORDS = "words"  # a set of codes
    NUMBER = "number"
    MONEY = "money"  # minor units of the terms' currency
    DAY = "day"
    YES = "yes"  # true or false


# Everything a condition may look at. A new fact is a new row here, and a line where facts are gathered.
FACTS: Mapping[str, FactKind] = {
    "user.jurisdiction": FactKind.WORD,
    "user.city": FactKind.WORD,
    "user.zones": FactKind.WORDS,
    "user.kind": FactKind.WORD,
    "user.size": FactKind.WORD,
    "user.age_years": FactKind.NUMBER,
    "user.sectors": FactKind.WORDS,
    "user.high_tech": FactKind.YES,
    "user.organisation": FactKind.WORD,
    "provider.jurisdiction": FactKind.WORD,
    "provider.city": FactKind.WORD,
    "provider.zones": FactKind.WORDS,
    "provider.kind": FactKind.WORD,
    "provider.organisation": FactKind.WORD,
    "instrument.value": FactKind.MONEY,
    "order.amount": FactKind.MONEY,
    "order.access": FactKind.WORD,
    "order.techniques": FactKind.WORDS,
    "order.classes": FactKind.WORDS,
    "order.purpose": FactKind.WORD,
    "order.cross_border": FactKind.YES,
    "order.related": FactKind.YES,
    "order.day": FactKind.DAY,
}
OPERATORS: Mapping[FactKind, frozenset[str]] = {
    FactKind.WORD: frozenset({"in", "not_in", "same_as", "other_than"}),
    FactKind.WORDS: frozenset({"in", "not_in"}),
    FactKind.NUMBER: frozenset({"at_least", "at_most"}),
    FactKind.MONEY: frozenset({"at_least", "at_most"}),
    FactKind.DAY: frozenset({"at_least", "at_most"}),
    FactKind.YES: frozenset({"is"}),
}


class TermsError(ValueError):
    """Terms that can't be read; ``decision`` holds one reason a fault."""

    def __init__(self, *reasons: Reason) -> None:
        self.decision = Decision(reasons)
        super().__init__("; ".join(f"{one.code} {dict(one.facts)}" for one in reasons))


@dataclass(frozen=True, slots=True)
class Condition:
    """One node: a group (``how`` is all, any or not) of ``parts``, or a leaf: ``how`` an operator on ``fact``."""

    how: str
    parts: tuple[Condition, ...] = ()
    fact: str = ""
    value: Any = None


ALWAYS = Condition("all")


def fault(code: str, where: str, **more: object) -> Reason:
    """One fault of data: what is wrong, and at which place."""
    return Reason(code, facts={"where": where, **more})


def shown(value: object) -> str:
    """A value of somebody's data, short enough for a sentence."""
    text = str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def read_condition(data: object, currency: str, where: str = "condition") -> Condition:
    """A condition from its data; raises `TermsError` with every fault, each naming its place from ``where`` on."""
    faults: list[Reason] = []
    found = _read(data, currency, where, faults, 0)
    if faults:
        raise TermsError(*faults)
    return found


def _read(data: object, currency: str, where: str, faults: list[Reason], depth: int) -> Condition:
    if not isinstance(data, Mapping):
        faults.append(fault("terms.not_a_condition", where, got=shown(data)))
        return ALWAYS
    if depth > DEEPEST:
        faults.append(fault("terms.too_deep", where, most=DEEPEST))
        return ALWAYS
    words = set(data)
    if len(words) == 1 and words <= {"all", "any"}:
        how = next(iter(words))
        parts = data[how]
        if not isinstance(parts, list):
            faults.append(fault("terms.not_a_list", f"{where}.{how}", got=shown(parts)))
            return ALWAYS
        if how == "any" and not parts:
            faults.append(fault("terms.empty_any", where))
        read = (_read(part, currency, f"{where}.{how}[{n}]", faults, depth + 1) for n, part in enumerate(parts))
        return Condition(how, tuple(read))
    if words == {"not"}:
        return Condition("not", (_read(data["not"], currency, f"{where}.not", faults, depth + 1),))
    if "fact" in words and len(words) == 2:
        return _read_leaf(data, currency, where, faults)
    faults.append(fault("terms.not_a_condition", where, got=shown(", ".join(map(str, data)))))
    return ALWAYS


def _read_leaf(data: Mapping[str, Any], currency: str, where: str, faults: list[Reason]) -> Condition:
    fact = data["fact"]
    operator = next(word for word in data if word != "fact")
    if not isinstance(fact, str) or fact not in FACTS:
        faults.append(fault("terms.unknown_fact", where, got=shown(fact), want=", ".join(FACTS)))
        return ALWAYS
    kind = FACTS[fact]
    if operator not in OPERATORS[kind]:
        want = ", ".join(sorted(OPERATORS[kind]))
        faults.append(fault("terms.unknown_operator", where, got=shown(operator), fact=fact, want=want))
        return ALWAYS
    try:
        value = _read_value(data[operator], operator, kind, currency)
    except (ValueError, TypeError, InvalidOperation):
        faults.append(fault("terms.wrong_value", f"{where}.{operator}", got=shown(data[operator]), want=kind.value))
        return ALWAYS
    return Condition(operator, (), fact, value)


def _read_value(value: Any, operator: str, kind: FactKind, currency: str) -> Any:
    if operator in ("in", "not_in"):
        if not isinstance(value, list) or not value or len(value) > MOST_WORDS:
            raise ValueError(value)
        if not all(isinstance(one, str) and one for one in value):
            raise ValueError(value)
        return frozenset(value)
    if operator in ("same_as", "other_than"):
        if not isinstance(value, str) or FACTS.get(value) is not FactKind.WORD:
            raise ValueError(value)
        return value
    if kind is FactKind.YES:
        if not isinstance(value, bool):
            raise ValueError(value)
        return value
    if isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004  # one kind of fault
    if kind is FactKind.DAY:
        return date.fromisoformat(value)
    if kind is FactKind.MONEY:
        return Money.parse(str(value), currency).minor
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(value)
    return number


def as_data(condition: Condition, currency: str) -> dict[str, Any]:
    """The condition as data that `read_condition` reads again as the same."""
    if condition.how in ("all", "any"):
        return {condition.how: [as_data(part, currency) for part in condition.parts]}
    if condition.how == "not":
        return {"not": as_data(condition.parts[0], currency)}
    value = condition.value
    if isinstance(value, frozenset):
        value = sorted(value)
    elif isinstance(value, date):
        value = value.isoformat()
    elif FACTS[condition.fact] is FactKind.MONEY:
        value = str(Money(currency, value).major)
    elif isinstance(value, Decimal):
        value = str(value)
    return {"fact": condition.fact, condition.how: value}


# Evaluation -----------------------------------------------------------------------------------------------------
Facts = Mapping[str, Any]


def holds(condition: Condition, facts: Facts) -> bool:
    """Whether the condition holds for these facts."""
    how = condition.how
    if how == "all":
        return all(holds(part, facts) for part in condition.parts)
    if how == "any":
        return any(holds(part, facts) for part in condition.parts)
    if how == "not":
        return not holds(condition.parts[0], facts)
    return compiled(condition)(facts)


def compiled(condition: Condition) -> Callable[[Facts], bool]:
    """The condition as one function of facts: for asking it of hundreds of instruments."""
    how, fact, value = condition.how, condition.fact, condition.value
    parts = tuple(compiled(part) for part in condition.parts)
    if how == "all":
        return lambda facts: all(part(facts) for part in parts)
    if how == "any":
        return lambda facts: any(part(facts) for part in parts)
    if how == "not":
        inner = parts[0]
        return lambda facts: not inner(facts)
    return _leaf(how, fact, value)


def _leaf(how: str, fact: str, value: Any) -> Callable[[Facts], bool]:
    if how in ("in", "not_in"):
        wanted = how == "in"
        if FACTS[fact] is FactKind.WORDS:
            return lambda facts: (have := facts.get(fact)) is not None and value.isdisjoint(have) is not wanted
        return lambda facts: (have := facts.get(fact)) is not None and (have in value) is wanted
    if how == "at_least":
        return lambda facts: (have := facts.get(fact)) is not None and have >= value
    if how == "at_most":
        return lambda facts: (have := facts.get(fact)) is not None and have <= value
    if how == "is":
        return lambda facts: facts.get(fact) is value
    same = how == "same_as"
    return lambda facts: (
        (have := facts.get(fact)) is not None and (other := facts.get(value)) is not None and (have == other) is same
    )


def facts_of(condition: Condition) -> frozenset[str]:
    """Every fact that the condition looks at."""
    own = {condition.fact} if condition.fact else set()
    if condition.how in ("same_as", "other_than"):
        own.add(condition.value)
    return frozenset(own).union(*(facts_of(part) for part in condition.parts))


def why_not(condition: Condition, facts: Facts) -> tuple[Reason, ...]:
    """Every reason why the condition does not hold; none when it does.

    Of an ``any`` that fails, the alternative with the fewest reasons is told: it is the nearest to being met.
    """
    how = condition.how
    if how == "all":
        return tuple(reason for part in condition.parts for reason in why_not(part, facts))
    if how == "any":
        found = [why_not(part, facts) for part in condition.parts]
        return min(found, key=len) if all(found) else ()
    if how == "not":
        return _why_excluded(condition.parts[0], facts) if holds(condition.parts[0], facts) else ()
    if compiled(condition)(facts):
        return ()
    return (_why_leaf(condition, facts),)


def _why_leaf(condition: Condition, facts: Facts) -> Reason:
    fact, have, want = condition.fact, _plain(facts.get(condition.fact)), _plain(condition.value)
    if have is None:
        return Reason("terms.fact_unknown", facts={"fact": fact, "want": want, "how": condition.how})
    told = {"fact": fact, "have": have, "want": want}
    code = {
        "in": "terms.fact_not_among",
        "not_in": "terms.fact_among",
        "at_least": "terms.fact_too_small",
        "at_most": "terms.fact_too_large",
        "is": "terms.fact_not_so",
        "same_as": "terms.fact_not_same",
        "other_than": "terms.fact_same",
    }[condition.how]
    if condition.how in ("same_as", "other_than"):
        told |= {"other": condition.value, "want": _plain(facts.get(condition.value))}
    return Reason(code, facts=told)


def _why_excluded(condition: Condition, facts: Facts) -> tuple[Reason, ...]:
    """What made a condition hold that must not: its leaves that do."""
    if condition.parts:
        return tuple(
            reason for part in condition.parts if holds(part, facts) for reason in _why_excluded(part, facts)
        ) or (Reason("terms.excluded", facts={"fact": "", "have": ""}),)
    return (Reason("terms.excluded", facts={"fact": condition.fact, "have": _plain(facts.get(condition.fact))}),)


def _plain(value: Any) -> Any:
    """A fact's value as JSON keeps it."""
    if isinstance(value, frozenset | set | tuple | list):
        return sorted(map(str, value))
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    return value.isoformat() if isinstance(value, date) else value
