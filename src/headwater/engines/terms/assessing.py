"""The annual assessment of a managing unit: formulas as data on figures of a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from headwater.core.decision import Reason
from headwater.engines.terms.conditions import TermsError, fault, shown
from headwater.engines.terms.schemes import _Reader

# What a formula may measure; each is counted from records.
MEASURES = (
    *("instruments", "open_instruments", "hours", "outside_hours", "records", "outside_records", "users"),
    *("outside_users", "cross_border_records", "records_in_time", "instruments_updated", "income"),
)
POINTS = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Measure:
    """One part of a formula: a figure (``over`` another where it is a share) against its target, worth ``weight``."""

    code: str
    measure: str
    over: str
    target: Decimal
    weight: Decimal
    title_zh: str = ""
    title_en: str = ""


@dataclass(frozen=True, slots=True)
class Formula:
    """Weights add up to 100. ``grades`` are (name, least points), best first; below all of them: fail."""

    measures: tuple[Measure, ...]
    grades: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """Points of each part (None where there is nothing to divide by, which counts 0), their sum and the grade."""

    parts: tuple[tuple[Measure, Decimal | None, Decimal], ...]
    points: Decimal
    grade: str


def _number(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError(value)
    found = Decimal(str(value))
    if not found.is_finite() or found <= 0:
        raise ValueError(value)
    return found


def _known(value: Any) -> str:
    if value not in MEASURES:
        raise ValueError(value)
    return str(value)


def read_formula(data: object) -> Formula:
    """A formula from its data; raises `TermsError` with one reason for each fault."""
    if not isinstance(data, Mapping):
        raise TermsError(fault("terms.not_terms", "formula", got=shown(data)))
    form = _Reader(data, "")

    def measures(value: Any) -> tuple[Measure, ...]:
        if not isinstance(value, list) or not value:
            raise ValueError(value)
        found, faults = [], list[Reason]()
        for number, one in enumerate(value):
            part = _Reader(one if isinstance(one, Mapping) else {}, f"measures[{number}]")
            found.append(
                Measure(
                    part.need("code", str, "", "a code"),
                    part.need("measure", _known, "hours", ", ".join(MEASURES)),
                    part.take("over", _known, "", ", ".join(MEASURES)),
                    part.need("target", _number, Decimal(1), "a number above 0"),
                    part.need("weight", _number, Decimal(1), "a number above 0"),
                    part.take("title_zh", str, "", "text"),
                    part.take("title_en", str, "", "text"),
                )
            )
            try:
                part.finish()
            except TermsError as error:
                faults.extend(error.decision.reasons)
        total = sum(one.weight for one in found)
        if not faults and total != 100:
            faults.append(fault("formula.weights", "measures", got=str(total)))
        if faults:
            raise TermsError(*faults)
        return tuple(found)

    def grades(value: Any) -> tuple[tuple[str, Decimal], ...]:
        pairs = sorted(
            ((str(name), Decimal(str(least))) for name, least in dict(value).items()), key=lambda one: -one[1]
        )
        if not pairs or any(not 0 <= least <= 100 for _name, least in pairs):
            raise ValueError(value)
        return tuple(pairs)

    found = Formula(
        form.need("measures", measures, (), "a list of measures"),
        form.need("grades", grades, (), '{"excellent": 85, "good": 70, "pass": 60}'),
    )
    form.finish()
    return found


def assess(formula: Formula, figures: Mapping[str, Decimal]) -> Assessment:
    """Points by ``formula`` for a year's ``figures``: each part gives its weight times value over target, at most its
    weight, rounded half to even to hundredths."""
    parts, total = [], Decimal(0)
    for one in formula.measures:
        value: Decimal | None = figures.get(one.measure, Decimal(0))
        if one.over:
            base = figures.get(one.over, Decimal(0))
            try:
                value = value / base if value is not None and base else None
            except InvalidOperation:
                value = None
        reached = Decimal(0) if value is None else min(Decimal(1), max(Decimal(0), value / one.target))
        points = (reached * one.weight).quantize(POINTS, rounding=ROUND_HALF_EVEN)
        parts.append((one, value, points))
        total += points
    grade = next((name for name, least in formula.grades if total >= least), "fail")
    return Assessment(tuple(parts), total, grade)
