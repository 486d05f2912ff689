"""Documents counted by region, fully and fractionally, and what a region holds of a ranked list."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.statistics.errors import StatisticsError, codes


def full_counts(document: Any, region: Any, *, regions: int) -> NDArray[np.int64]:
    """Documents with at least one address in each region.

    Parameters
    ----------
    document : int array, shape (n,)
        Document of each address, any codes >= 0.
    region : int array, shape (n,)
        Region of each address, 0..regions-1; -1 = elsewhere or not placed.
    regions : int
        Number of regions.

    Returns
    -------
    int64 array, shape (regions,)
        Sums over regions to more than the documents where regions work together.

    Raises
    ------
    StatisticsError
        A code is out of range, or the lengths differ.

    Notes
    -----
    Source: Waltman & van Eck (2015), Journal of Informetrics 9(4), 872-894.

    >>> full_counts([0, 0, 1], [0, 1, 1], regions=2).tolist()
    [1, 2]
    """
    places = codes("region", region, None, -1, regions)
    documents = codes("document", document, places.size, 0, 2**62)
    inside = places >= 0
    pairs = np.unique(np.column_stack([documents[inside], places[inside]]), axis=0)
    return np.bincount(pairs[:, 1], minlength=regions).astype(np.int64)


def fractional_counts(document: Any, region: Any, *, regions: int) -> NDArray[np.float64]:
    """Documents of each region where every document is worth one, divided equally among its addresses.

    Parameters
    ----------
    document : int array, shape (n,)
        Document of each address, any codes >= 0.
    region : int array, shape (n,)
        Region of each address, 0..regions-1; -1 = elsewhere or not placed.
    regions : int
        Number of regions.

    Returns
    -------
    float64 array, shape (regions + 1,)
        The last entry is what addresses of no region hold, so that the entries sum to the number of documents.

    Raises
    ------
    StatisticsError
        A code is out of range, or the lengths differ.

    Notes
    -----
    Source: Waltman & van Eck (2015), Journal of Informetrics 9(4), 872-894.

    >>> fractional_counts([0, 0, 1], [0, -1, 1], regions=2).tolist()
    [0.5, 1.0, 0.5]
    """
    places = codes("region", region, None, -1, regions)
    documents = codes("document", document, places.size, 0, 2**62)
    _known, of, size = np.unique(documents, return_inverse=True, return_counts=True)
    held = np.where(places < 0, regions, places)
    return np.bincount(held, weights=1.0 / size[of], minlength=regions + 1).astype(np.float64)


def listed_share(ranked: Sequence[Any], present: Collection[Any], *, first: int) -> tuple[int, int]:
    """How many of a list's first members are present somewhere, and of how many.

    Parameters
    ----------
    ranked : sequence
        Members of the list, the first first.
    present : collection
        Members that are present.
    first : int
        How far down the list to look, >= 1.

    Returns
    -------
    found, of : int
        ``of`` is less than ``first`` where the list is shorter.

    Raises
    ------
    StatisticsError
        ``first`` is below 1.

    >>> listed_share(["a", "b", "c"], {"a", "c"}, first=2)
    (1, 2)
    """
    if first < 1:
        raise StatisticsError(f"first must be 1 or more, got {first}.")
    top = list(ranked[:first])
    return sum(one in present for one in top), len(top)
