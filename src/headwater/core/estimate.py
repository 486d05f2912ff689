"""A figure with what it rests on; what every indicator returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Estimate:
    """A computed value, never a published one.

    Attributes
    ----------
    value : float or int
        The figure, in ``unit``.
    unit : str
        A stable unit code, e.g. ``"instruments"`` or ``"1/km2"``.
    records : int
        How many records it was computed from.
    synthetic_share : float
        The share of those records that is synthetic, 0 to 1; 0 where there are none.
    as_of : date
        The day of the records.
    low, high : float or None
        An interval where one makes sense.
    """

    value: float | int
    unit: str
    records: int
    synthetic_share: float
    as_of: date
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.synthetic_share <= 1.0:
            raise ValueError(f"synthetic_share must be within 0 and 1, got {self.synthetic_share}.")
        if self.records < 0:
            raise ValueError(f"records must not be negative, got {self.records}.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"The interval is upside down: {self.low} > {self.high}.")
