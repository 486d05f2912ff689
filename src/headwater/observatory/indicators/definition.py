"""What an indicator is: a definition with its method, and a function from records to an answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from headwater.core.estimate import Estimate
from headwater.observatory.records import Records
from headwater.observatory.subjects import Period, Subject


@dataclass(frozen=True, slots=True)
class Part:
    """One piece that an answer is made of, such as a status, city or year; ``label`` is a code, name or number."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out: an estimate, or the kind of records that lack; and the parts it is made of."""

    estimate: Estimate | None
    parts: tuple[Part, ...] = ()
    lacks: str = ""


Compute = Callable[[Records, Subject, Period], Answer]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A definition. All texts are lazy translations; ``figures`` are codes of published figures it stands beside."""

    code: str
    title: object
    formula: object
    counting: object
    unit: str
    caveat: object
    reference: str
    subjects: tuple[str, ...]
    compute: Compute = field(repr=False)
    needs: str
    figures: tuple[str, ...] = ()
    group: str = ""


def estimate(
    records: Records,
    unit: str,
    value: float | None,
    *,
    count: int,
    made: int,
    interval: tuple[float, float] | None = None,
    parts: Sequence[Part] = (),
    lacks: str = "",
) -> Answer:
    """An answer from a value and the records it rests on; without records or a value it says what lacks."""
    if value is None or not count or not math.isfinite(value):
        return Answer(None, tuple(parts), lacks)
    low, high = interval if interval is not None and all(map(math.isfinite, interval)) else (None, None)
    number = int(value) if float(value).is_integer() else float(value)
    return Answer(
        Estimate(
            value=number,
            unit=unit,
            records=int(count),
            synthetic_share=made / count,
            as_of=records.as_of,
            low=low,
            high=high,
        ),
        tuple(parts),
    )
