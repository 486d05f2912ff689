"""The annual assessment of a managing unit: figures from records, points by the formulas of its jurisdictions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Q, QuerySet, Sum

from headwater.core.decision import Decision, Reason, Refused
from headwater.core.money import Money
from headwater.engines.terms import Assessment, assess, read_formula
from headwater.registry.models import Instrument, Organisation
from headwater.support.models import AssessmentFormula, ServiceRecord

IN_TIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Assessed:
    """One formula's result for a unit and year, and the figures and numbers of records it rests on."""

    formula: AssessmentFormula
    result: Assessment
    figures: dict[str, Decimal]
    instruments: int
    records: int
    synthetic: int

    def as_json(self) -> dict[str, Any]:
        return {
            "formula": self.formula.code,
            "version": self.formula.number,
            "verified": self.formula.verified,
            "points": str(self.result.points),
            "grade": self.result.grade,
            "parts": [
                {
                    "code": part.code,
                    "measure": part.measure,
                    "over": part.over,
                    "value": None if value is None else str(round(value, 6)),
                    "target": str(part.target),
                    "weight": str(part.weight),
                    "points": str(points),
                }
                for part, value, points in self.result.parts
            ],
            "figures": {name: str(value) for name, value in self.figures.items()},
            "instruments": self.instruments,
            "records": self.records,
            "synthetic_instruments": self.synthetic,
        }


def _year(owner: Organisation, year: int) -> tuple[datetime, datetime]:
    zone = ZoneInfo(owner.city.timezone)
    return (
        datetime(year, 1, 1, tzinfo=zone).astimezone(UTC),
        datetime(year + 1, 1, 1, tzinfo=zone).astimezone(UTC),
    )


def instruments_of(owner: Organisation, year: int, value_from: int) -> QuerySet[Instrument]:
    """The instruments a unit answers for in a year: worth at least so much, in use before its end, not planned."""
    _begin, end = _year(owner, year)
    return (
        Instrument.objects.filter(owner=owner, value_minor__gte=value_from)
        .exclude(status="planned")
        .filter(Q(commissioned=None) | Q(commissioned__lt=end.date()))
        .filter(Q(decommissioned=None) | Q(decommissioned__year__gte=year))
    )


def records_of(owner: Organisation, year: int) -> QuerySet[ServiceRecord]:
    """What was done for orders that ended in the year, by the owner's clock."""
    begin, end = _year(owner, year)
    return ServiceRecord.objects.filter(owner=owner, ended_at__gte=begin, ended_at__lt=end)


def figures_of(owner: Organisation, year: int, value_from: int) -> tuple[dict[str, Decimal], int]:
    """Every figure a formula may measure, and how many of the instruments are made up; two queries."""
    begin, _end = _year(owner, year)
    counted = instruments_of(owner, year, value_from).aggregate(
        instruments=Count("pk"),
        open_instruments=Count("pk", filter=Q(visibility="public") & ~Q(access="internal")),
        instruments_updated=Count("pk", filter=Q(updated_at__gte=begin)),
        synthetic=Count("pk", filter=Q(source__kind="synthetic")),
    )
    outside = Q(outside=True)
    summed = records_of(owner, year).aggregate(
        sum_hours=Sum("hours"),
        sum_outside_hours=Sum("hours", filter=outside),
        records=Count("pk"),
        outside_records=Count("pk", filter=outside),
        users=Count("organisation", distinct=True),
        outside_users=Count("organisation", filter=outside, distinct=True),
        cross_border_records=Count("pk", filter=Q(cross_border=True)),
        records_in_time=Count("pk", filter=Q(recorded_at__lte=F("ended_at") + IN_TIME)),
        income_minor=Sum("amount_minor"),
    )
    income = summed.pop("income_minor") or 0
    synthetic = counted.pop("synthetic")
    figures = {name.removeprefix("sum_"): Decimal(value or 0) for name, value in (counted | summed).items()}
    figures["income"] = Money("CNY", income).major
    return figures, synthetic


def assess_unit(owner: Organisation, year: int) -> list[Assessed]:
    """What the formulas of the owner's jurisdiction and of those it lies in say; the newest version of each that holds
    for the year. Refused where there is none."""
    home = owner.city.jurisdiction
    homes = {home.pk, home.parent_id}
    newest: dict[str, AssessmentFormula] = {}
    rows = AssessmentFormula.objects.filter(jurisdiction_id__in=homes - {None}, from_year__lte=year)
    for one in rows.select_related("source", "jurisdiction").order_by("number"):
        newest[one.code] = one
    if not newest:
        raise Refused(Decision((Reason("assessment.no_formula"),)))
    found = []
    for formula in sorted(newest.values(), key=lambda one: one.code):
        figures, synthetic = figures_of(owner, year, formula.value_from_minor)
        result = assess(read_formula(formula.formula), figures)
        found.append(
            Assessed(formula, result, figures, int(figures["instruments"]), int(figures["records"]), synthetic)
        )
    return found
