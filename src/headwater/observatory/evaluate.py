"""Indicators evaluated: for a subject and a period, with the published figures that they stand beside."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from headwater.observatory.indicators import CATALOGUE, Answer, Indicator
from headwater.observatory.records import Records, Row
from headwater.observatory.subjects import Period, Subject, SubjectError, spans

__all__ = ["Evaluated", "Statement", "as_json", "evaluate", "period_of", "statements", "usual_period"]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One indicator for one subject and period; ``published`` was computed by others and is never part of it."""

    indicator: Indicator
    subject: Subject
    period: Period
    answer: Answer
    published: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A published figure, and what the records here give for it, by one or several indicators."""

    figure: Row
    computed: tuple[Evaluated, ...]


def evaluate(records: Records, code: str, subject: Subject, period: Period) -> Evaluated:
    """Evaluate one indicator.

    Raises
    ------
    SubjectError
        There is no such indicator, or it isn't defined for subjects of this kind.
    """
    indicator = CATALOGUE.get(code)
    if indicator is None:
        raise SubjectError("indicator.unknown", given=code)
    if subject.kind not in indicator.subjects:
        raise SubjectError("indicator.not_for_subject", kind=subject.kind, kinds=", ".join(indicator.subjects))
    key = (code, subject.key, period)
    if key not in records.kept:
        records.kept[key] = indicator.compute(records, subject, period)
    beside = tuple(
        row
        for row in records.snapshot.figures
        if row["code"] in indicator.figures and (row["subject_kind"], row["subject"]) == (subject.kind, subject.code)
    )
    return Evaluated(indicator, subject, period, records.kept[key], beside)


def statements(records: Records) -> Iterator[Statement]:
    """Each published figure with all indicators that stand beside it, over the year up to the day it is of."""
    for figure in records.snapshot.figures:
        computed = []
        for indicator in CATALOGUE.values():
            if figure["code"] not in indicator.figures:
                continue
            try:
                subject = records.subject(f"{figure['subject_kind']}:{figure['subject']}")
                computed.append(evaluate(records, indicator.code, subject, period_of(figure, records.as_of)))
            except SubjectError:
                continue  # the figure is about something that the record doesn't hold
        yield Statement(figure, tuple(computed))


def period_of(figure: Row, today: date) -> Period:
    """The year up to the day that a published figure is of."""
    found = re.match(r"\d{4}(-\d{2}){0,2}", figure["as_of"] or "")
    if found is None:
        return Period(date(today.year, 1, 1), date(today.year + 1, 1, 1))
    end = spans(found[0])[1]
    year = int(found[0][:4])
    return Period(date(year, 1, 1), end)


def usual_period(records: Records) -> Period:
    """The last calendar year of which the store holds documents; else the year before the snapshot's."""
    last = records.one("SELECT max(date) FROM documents")[0]
    year = last.year if last is not None else records.as_of.year - 1
    return Period(date(year, 1, 1), date(year + 1, 1, 1))


def all_for(records: Records, subject: Subject, period: Period) -> Sequence[Evaluated]:
    """Every indicator that is defined for the subject."""
    return [
        evaluate(records, code, subject, period)
        for code, indicator in CATALOGUE.items()
        if subject.kind in indicator.subjects
    ]


def figure_json(row: Row) -> dict[str, Any]:
    names = ("code", "statement_zh", "statement_en", "claimed", "value", "comparison", "unit_en", "as_of", "verdict")
    return {**{name: row[name] for name in names}, "sources": row["sources"]}


def as_json(found: Evaluated) -> dict[str, Any]:
    """An evaluation as plain values, the same on every page, in every file and answer."""
    made = found.answer.estimate
    return {
        "indicator": found.indicator.code,
        "subject": found.subject.key,
        "subject_name_zh": found.subject.name_zh,
        "subject_name_en": found.subject.name_en,
        "period": str(found.period),
        "unit": found.indicator.unit,
        "estimate": None
        if made is None
        else {
            "value": made.value,
            "low": made.low,
            "high": made.high,
            "records": made.records,
            "synthetic_share": made.synthetic_share,
            "as_of": made.as_of.isoformat(),
        },
        "lacks": found.answer.lacks if made is None else None,
        "parts": [{"label": part.label, "value": part.value} for part in found.answer.parts],
        "published": [figure_json(row) for row in found.published],
    }
