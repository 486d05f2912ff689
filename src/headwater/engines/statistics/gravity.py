"""What a flow is beside what size and distance lead one to expect: a gravity model by Poisson pseudo-likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.statistics.errors import StatisticsError, square

_ROUNDS = 200
_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class Gravity:
    """A fitted gravity model.

    Attributes
    ----------
    expected : float64 array, shape (regions, regions)
        Flow that the two regions' sizes and their distance lead one to expect; nan where a region has no flow at all.
    ratio : float64 array, shape (regions, regions)
        Flow over expected; above 1 = more than expected.
    decay : float
        How fast flow falls with distance: the exponent of 1/distance.
    decay_low, decay_high : float
        Its 95 % interval, robust to over-dispersion.
    used : bool array, shape (regions,)
        Regions with any flow.
    """

    expected: NDArray[np.float64]
    ratio: NDArray[np.float64]
    decay: float
    decay_low: float
    decay_high: float
    used: NDArray[np.bool_]


def gravity(flow: Any, distance_km: Any, *, least_km: float = 1.0) -> Gravity:
    """Fit ``E[flow_ab] = exp(s_a + s_b - decay * ln distance_ab)`` over all pairs, zero flows included.

    Parameters
    ----------
    flow : array, shape (regions, regions)
        Symmetric, >= 0; the diagonal is not looked at.
    distance_km : array, shape (regions, regions)
        Distances, km.
    least_km : float
        Shorter distances count as this long. > 0.

    Returns
    -------
    Gravity

    Raises
    ------
    StatisticsError
        Shapes disagree, the flow is not symmetric, fewer than four regions have any flow, or the fit does not settle.

    Notes
    -----
    Each pair is one observation, with one effect a region. Conserves sums: each region's expected flow equals its flow.
    The interval is the sandwich over pairs; pairs that share a region are not independent, so it is on the narrow side.
    Sources: Santos Silva & Tenreyro (2006), The Review of Economics and Statistics 88(4), 641-658; for collaboration
    Hoekman, Frenken & Tijssen (2010), Research Policy 39(5), 662-673.
    """
    table, far = square("flow", flow), square("distance_km", distance_km)
    if table.shape != far.shape or not np.allclose(table, table.T):
        raise StatisticsError("flow must be symmetric and of the shape of distance_km.")
    if not least_km > 0:
        raise StatisticsError(f"least_km must be above 0, got {least_km}.")
    table = table.copy()
    np.fill_diagonal(table, 0.0)
    used = table.sum(axis=1) > 0
    m = int(used.sum())
    if m < 4:
        raise StatisticsError(f"A gravity model needs four regions with any flow, got {m}.")
    one, other = np.triu_indices(m, 1)
    seen = table[np.ix_(used, used)][one, other]
    log_far = np.log(np.maximum(far[np.ix_(used, used)][one, other], least_km))
    centred = log_far - log_far.mean()
    design = np.zeros((seen.size, m + 1))
    rows = np.arange(seen.size)
    design[rows, one] = 1.0
    design[rows, other] = 1.0
    design[:, m] = -centred
    estimate, fitted = _poisson(design, seen)
    bread = np.linalg.pinv(design.T @ (design * fitted[:, None]))
    meat = design.T @ (design * ((seen - fitted) ** 2)[:, None])
    error = float(np.sqrt(max(0.0, (bread @ meat @ bread)[m, m])))
    expected = np.full(table.shape, np.nan)
    block = np.full((m, m), np.nan)
    block[one, other] = block[other, one] = fitted
    expected[np.ix_(used, used)] = block
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = table / expected
    decay = float(estimate[m])
    return Gravity(expected, ratio, decay, decay - 1.96 * error, decay + 1.96 * error, used)


def _poisson(design: NDArray[np.float64], seen: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Iteratively reweighted least squares of a Poisson regression with a log link."""
    log_mean = np.log(np.maximum(seen, seen.mean() / 10))
    before = np.inf
    for _round in range(_ROUNDS):
        mean = np.exp(np.clip(log_mean, -40, 40))
        working = log_mean + (seen - mean) / mean
        root = np.sqrt(mean)
        estimate = np.linalg.lstsq(design * root[:, None], working * root, rcond=None)[0]
        log_mean = np.clip(design @ estimate, -40, 40)
        mean = np.exp(log_mean)
        with np.errstate(invalid="ignore", divide="ignore"):
            deviance = 2 * float(np.sum(np.where(seen > 0, seen * np.log(seen / mean), 0.0) - (seen - mean)))
        if abs(before - deviance) <= _TOLERANCE * (abs(deviance) + 1):
            return estimate, mean
        before = deviance
    raise StatisticsError("The gravity model does not settle: some regions' flow is separated from the rest.")
