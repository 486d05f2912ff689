"""What regions are good at: location quotients, specialisation, relatedness, complexity.

Relatedness and complexity are those of the library ``econcomplex``; tests hold them to a second library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.statistics.errors import StatisticsError, amounts


def location_quotients(counts: Any) -> NDArray[np.float64]:
    """Share of each class in each region over its share in all regions (Balassa's index).

    Parameters
    ----------
    counts : array, shape (regions, classes)
        Counts, full or fractional, >= 0.

    Returns
    -------
    float64 array, shape (regions, classes)
        1 = as common as everywhere; nan for an empty region or class.

    Raises
    ------
    StatisticsError
        A count is negative or not finite.

    Notes
    -----
    Explodes for rare classes: read it with ``quotient_interval``.
    Source: Balassa (1965), The Manchester School 33(2), 99-123.

    >>> location_quotients([[3, 1], [1, 3]]).tolist()
    [[1.5, 0.5], [0.5, 1.5]]
    """
    table = amounts("counts", counts, ndim=2)
    total = table.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((table / table.sum(axis=1, keepdims=True)) / (table.sum(axis=0, keepdims=True) / total))


def krugman_index(counts: Any) -> NDArray[np.float64]:
    """How far each region's mix lies from that of all regions: the sum of absolute differences of shares, 0 to 2.

    Parameters
    ----------
    counts : array, shape (regions, classes)
        Counts, >= 0.

    Returns
    -------
    float64 array, shape (regions,)
        0 = the same mix; nan for an empty region. Not halved.

    Raises
    ------
    StatisticsError
        A count is negative or not finite.

    Notes
    -----
    Source: Krugman (1991), Geography and Trade, MIT Press.

    >>> krugman_index([[1, 0], [0, 1]]).tolist()
    [1.0, 1.0]
    """
    table = amounts("counts", counts, ndim=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = table / table.sum(axis=1, keepdims=True)
        everywhere = table.sum(axis=0) / table.sum()
    return np.asarray(np.abs(own - everywhere).sum(axis=1))


@dataclass(frozen=True, slots=True)
class Complexity:
    """Regions and classes by what comes together.

    Attributes
    ----------
    region : float64 array, shape (regions,)
        Economic complexity index, mean 0 and deviation 1 over the regions kept; nan for regions left out.
    kind : float64 array, shape (classes,)
        Product (class) complexity index, mean 0 and deviation 1; nan for classes left out.
    relatedness : float64 array, shape (regions, classes)
        Density of related classes around each class, 0 to 1, the class itself left out; nan where left out.
    """

    region: NDArray[np.float64]
    kind: NDArray[np.float64]
    relatedness: NDArray[np.float64]


def complexity(counts: Any) -> Complexity:
    """Complexity of regions and classes, and how near each region's mix is to each class.

    Parameters
    ----------
    counts : array, shape (regions, classes)
        Counts, >= 0. A region is taken to hold a class where its location quotient is 1 or more.

    Returns
    -------
    Complexity
        Regions that hold nothing, and classes that nobody or everybody holds, say nothing and are left out (nan).

    Raises
    ------
    StatisticsError
        A count is negative, or fewer than three regions or classes are left.

    Notes
    -----
    The sign is fixed so that complexity rises with the number of classes held. Not comparable across periods.
    Sources: Hidalgo & Hausmann (2009), PNAS 106(26), 10570-10575; Hidalgo, Klinger, Barabási & Hausmann (2007), Science
    317(5837), 482-487 (proximity and density).
    """
    import econcomplex as ec

    table = amounts("counts", counts, ndim=2)
    holds = np.nan_to_num(location_quotients(table)) >= 1
    rows, columns = np.ones(table.shape[0], np.bool_), np.ones(table.shape[1], np.bool_)
    while True:
        held = holds & rows[:, None] & columns
        keep_rows = rows & held.any(axis=1)
        keep_columns = columns & held.any(axis=0) & (held.sum(axis=0) < keep_rows.sum())
        if (keep_rows == rows).all() and (keep_columns == columns).all():
            break
        rows, columns = keep_rows, keep_columns
    if rows.sum() < 3 or columns.sum() < 3:
        raise StatisticsError(
            f"Complexity needs three regions and three classes that differ, got {rows.sum()} and {columns.sum()}."
        )
    matrix = holds[np.ix_(rows, columns)].astype(np.float64)
    plain = {"use_rca": False, "threshold": 0.5}
    regions, kinds = ec.eci_pci(matrix, trim=False, **plain)
    near = ec.proximity(matrix, compute="product", **plain)["product"]
    density = ec.relatedness_density(matrix, phi=near, **plain) / 100
    return Complexity(
        _spread(np.asarray(regions, np.float64).ravel(), rows),
        _spread(np.asarray(kinds, np.float64).ravel(), columns),
        _spread_both(np.asarray(density, np.float64), rows, columns),
    )


def _spread(values: NDArray[np.float64], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    whole = np.full(kept.size, np.nan)
    whole[kept] = values
    return whole


def _spread_both(
    values: NDArray[np.float64], rows: NDArray[np.bool_], columns: NDArray[np.bool_]
) -> NDArray[np.float64]:
    whole = np.full((rows.size, columns.size), np.nan)
    whole[np.ix_(rows, columns)] = values
    return whole
