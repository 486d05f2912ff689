"""What lies within reach: shares of weighted places, the overlap of two reaches, and fair shares of supply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.statistics.errors import StatisticsError, amounts


@dataclass(frozen=True, slots=True)
class Overlap:
    """Weight within two reaches: by distance and by travel time, say.

    Attributes
    ----------
    both, only_first, only_second, neither : float
        They sum to the whole weight.
    """

    both: float
    only_first: float
    only_second: float
    neither: float

    @property
    def first(self) -> float:
        return self.both + self.only_first

    @property
    def second(self) -> float:
        return self.both + self.only_second

    @property
    def total(self) -> float:
        return self.both + self.only_first + self.only_second + self.neither


def overlap(weight: Any, in_first: Any, in_second: Any) -> Overlap:
    """Weight within the first, the second, both and neither of two sets.

    Parameters
    ----------
    weight : array, shape (n,)
        Weight of each place, >= 0.
    in_first, in_second : bool arrays, shape (n,)
        Whether the place lies in the set.

    Returns
    -------
    Overlap

    Raises
    ------
    StatisticsError
        The lengths differ or a weight is negative.

    >>> overlap([1, 2, 4], [True, True, False], [False, True, False])
    Overlap(both=2.0, only_first=1.0, only_second=0.0, neither=4.0)
    """
    held = amounts("weight", weight)
    a, b = np.asarray(in_first, np.bool_), np.asarray(in_second, np.bool_)
    if a.shape != held.shape or b.shape != held.shape:
        raise StatisticsError(f"weight, in_first and in_second must have one length: {held.size}, {a.size}, {b.size}.")
    return Overlap(*(float(held[mask].sum()) for mask in (a & b, a & ~b, ~a & b, ~a & ~b)))


def float_catchment(supply: Any, demand: Any, travel_min: Any, *, limit_min: float) -> NDArray[np.float64]:
    """Supply each place can reach, shared fairly among rivals (two-step floating catchment).

    Computed, not modelled: no decay, no choice behaviour.

    Parameters
    ----------
    supply : array, shape (m,)
        Supply at each site, >= 0; instruments or hours.
    demand : array, shape (n,)
        Potential users of each place, >= 0.
    travel_min : array, shape (n, m)
        Time from each place to each site, minutes. nan or infinite = no route.
    limit_min : float
        Reach, minutes; inclusive, >= 0.

    Returns
    -------
    float64 array, shape (n,)
        Supply per user. 0 where nothing is in reach.

    Raises
    ------
    StatisticsError
        Shapes disagree, or a value is negative.

    Notes
    -----
    Conserves supply: ``demand @ result`` = supply of the sites with a user in reach.
    Source: Luo & Wang (2003), Environment and Planning B 30(6), 865-884.

    >>> float_catchment([100.0], [1.0, 3.0], [[10.0], [20.0]], limit_min=30).tolist()
    [25.0, 25.0]
    """
    offered, asked = amounts("supply", supply), amounts("demand", demand)
    travel = np.asarray(travel_min, np.float64)
    if travel.shape != (asked.size, offered.size):
        raise StatisticsError(
            f"travel_min must be (places, sites) = ({asked.size}, {offered.size}), got {travel.shape}. Transposed?"
        )
    if not limit_min >= 0:
        raise StatisticsError(f"limit_min must be 0 or more, got {limit_min}.")
    with np.errstate(invalid="ignore"):
        near = (travel <= limit_min).astype(np.float64)
    rivals = near.T @ asked
    each = np.divide(offered, rivals, out=np.zeros_like(offered), where=rivals > 0)
    return np.asarray(near @ each)
