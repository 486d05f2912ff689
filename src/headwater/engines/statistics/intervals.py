"""Intervals for shares, rates and quotients."""

from __future__ import annotations

import math

from scipy.stats import chi2, norm

from headwater.engines.statistics.errors import StatisticsError


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise StatisticsError(f"level must lie between 0 and 1, got {level}.")
    return float(level)


def share_interval(hits: float, of: float, *, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share.

    Parameters
    ----------
    hits : float
        Count of the part, 0 .. of. Fractional counts are taken as they are.
    of : float
        Count of the whole, >= 0. With nothing to count the interval is 0 to 1.
    level : float
        Confidence, between 0 and 1.

    Returns
    -------
    low, high : float
        Within 0 and 1.

    Raises
    ------
    StatisticsError
        A count is out of range.

    Notes
    -----
    Source: Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.

    >>> tuple(round(one, 4) for one in share_interval(5, 10))
    (0.2366, 0.7634)
    """
    if not (math.isfinite(hits) and math.isfinite(of) and 0 <= hits <= of):
        raise StatisticsError(f"hits must lie within 0 and of, got {hits} of {of}.")
    z = float(norm.ppf(0.5 + _level(level) / 2))
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = share + z * z / (2 * of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    whole = 1 + z * z / of
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def rate_interval(count: int, exposure: float, *, level: float = 0.95) -> tuple[float, float]:
    """Exact Poisson interval of a rate.

    Parameters
    ----------
    count : int
        Events seen, >= 0.
    exposure : float
        What they are divided by, such as days; > 0.
    level : float
        Confidence, between 0 and 1.

    Returns
    -------
    low, high : float
        Events per unit of exposure.

    Raises
    ------
    StatisticsError
        An argument is out of range.

    Notes
    -----
    Source: Garwood (1936), Biometrika 28(3/4), 437-442.

    >>> tuple(round(one, 3) for one in rate_interval(10, 1))
    (4.795, 18.39)
    """
    if count < 0 or not exposure > 0:
        raise StatisticsError(f"count must be 0 or more and exposure above 0, got {count} and {exposure}.")
    tail = (1 - _level(level)) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    high = float(chi2.ppf(1 - tail, 2 * count + 2)) / 2
    return low / exposure, high / exposure


def quotient_interval(part: float, whole: float, base_part: float, base_whole: float) -> tuple[float, float]:
    """A 95 % interval of a location quotient, by the normal approximation of its logarithm.

    Parameters
    ----------
    part : float
        The class within the region, > 0.
    whole : float
        All within the region, >= part.
    base_part : float
        The class within the base, > 0.
    base_whole : float
        All within the base, >= base_part.

    Returns
    -------
    low, high : float
        Around ``(part / whole) / (base_part / base_whole)``; 0 and infinity where the class is empty.

    Raises
    ------
    StatisticsError
        A count is negative, or a part exceeds its whole.

    Notes
    -----
    Source: Katz, Baptista, Azen & Pike (1978), Biometrics 34(3), 469-474 (ratio of two proportions).

    >>> tuple(round(one, 3) for one in quotient_interval(10, 100, 100, 1000))
    (0.54, 1.853)
    """
    if min(part, base_part) < 0 or part > whole or base_part > base_whole:
        raise StatisticsError("Counts must be 0 or more, and a part no more than its whole.")
    if part == 0 or base_part == 0:
        return 0.0, math.inf
    middle = (part / whole) / (base_part / base_whole)
    spread = 1.959963984540054 * math.sqrt(1 / part - 1 / whole + 1 / base_part - 1 / base_whole)
    return middle * math.exp(-spread), middle * math.exp(spread)
