"""Who works with whom: flows between regions, the part each plays in them, and who leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headwater.engines.statistics.errors import StatisticsError, amounts, codes, square

EARTH_RADIUS_KM = 6371.0088
Counting = Literal["full", "fractional"]


def great_circles(lat: Any, lon: Any) -> NDArray[np.float64]:
    """Great-circle distances between places, km, on a sphere of radius 6371.0088 km.

    Parameters
    ----------
    lat, lon : arrays, shape (n,)
        Degrees.

    Returns
    -------
    float64 array, shape (n, n)

    Raises
    ------
    StatisticsError
        The lengths differ or a coordinate is no number.

    >>> great_circles([0, 0], [0, 90]).round(1).tolist()
    [[0.0, 10007.6], [10007.6, 0.0]]
    """
    a, b = np.radians(np.asarray(lat, np.float64)), np.radians(np.asarray(lon, np.float64))
    if a.shape != b.shape or a.ndim != 1 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise StatisticsError("lat and lon must be two columns of one length, all of them numbers.")
    half = np.sin((a[:, None] - a) / 2) ** 2 + np.cos(a[:, None]) * np.cos(a) * np.sin((b[:, None] - b) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def shared_documents(document: Any, region: Any, *, regions: int, counting: Counting = "full") -> NDArray[np.float64]:
    """Documents that regions have together.

    Parameters
    ----------
    document : int array, shape (n,)
        Document of each address, any codes >= 0.
    region : int array, shape (n,)
        Region of each address, 0..regions-1; -1 = elsewhere, which is left out.
    regions : int
        Number of regions.
    counting : {"full", "fractional"}
        Full: a document of k regions adds 1 to each of its k(k-1)/2 pairs. Fractional: it adds 2/(k(k-1)) to each,
        so that it weighs one whatever k is.

    Returns
    -------
    float64 array, shape (regions, regions)
        Symmetric, zero on the diagonal. With fractional counting half of its sum is the number of documents that two
        or more regions share.

    Raises
    ------
    StatisticsError
        A code is out of range, the lengths differ, or ``counting`` is something else.

    Notes
    -----
    Source: Perianes-Rodriguez, Waltman & van Eck (2016), Journal of Informetrics 10(4), 1178-1195.

    >>> shared_documents([0, 0, 1], [0, 1, 0], regions=2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if counting not in ("full", "fractional"):
        raise StatisticsError(f'counting must be "full" or "fractional", got {counting!r}.')
    held, size = _incidence(document, region, regions)
    weight = np.ones(size.size) if counting == "full" else 2.0 / np.maximum(size * (size - 1), 1)
    from scipy.sparse import diags

    together = np.asarray((held.T @ diags(weight * (size > 1)) @ held).todense())
    np.fill_diagonal(together, 0.0)
    return together


def led_documents(document: Any, region: Any, leads: Any, *, regions: int) -> NDArray[np.float64]:
    """Documents that one region leads with another in them.

    Parameters
    ----------
    document : int array, shape (n,)
        Document of each address, any codes >= 0.
    region : int array, shape (n,)
        Region of each address, 0..regions-1; -1 = elsewhere, which is left out.
    leads : bool array, shape (n,)
        Whether the address is a leading one: of the first or corresponding author, of the applicant.
    regions : int
        Number of regions.

    Returns
    -------
    float64 array, shape (regions, regions)
        Entry a, b: documents with a leading address in a and any address in b; zero on the diagonal. A document led
        from two regions counts in both.

    Raises
    ------
    StatisticsError
        A code is out of range or the lengths differ.

    >>> led_documents([0, 0, 1, 1], [0, 1, 0, 1], [True, False, True, False], regions=2).tolist()
    [[0.0, 2.0], [0.0, 0.0]]
    """
    first = np.asarray(leads, np.bool_)
    places = np.asarray(region)
    if first.shape != places.shape:
        raise StatisticsError(f"leads must have one entry per address: needed {places.size}, got {first.size}.")
    held, _size = _incidence(document, region, regions)
    led, _size = _incidence(document, np.where(first, places, -1), regions)
    flows = np.asarray((led.T @ held).todense())
    np.fill_diagonal(flows, 0.0)
    return flows


def _incidence(document: Any, region: Any, regions: int) -> tuple[Any, NDArray[np.float64]]:
    """Documents by regions, one where a document has an address there; and each document's number of regions."""
    from scipy.sparse import csr_array

    places = codes("region", region, None, -1, regions)
    documents = codes("document", document, places.size, 0, 2**62)
    known, row = np.unique(documents, return_inverse=True)
    inside = places >= 0
    held = csr_array((np.ones(int(inside.sum())), (row[inside], places[inside])), shape=(known.size, regions))
    held.sum_duplicates()
    held.data[:] = 1.0
    return held, np.asarray(held.sum(axis=1), np.float64).ravel()


@dataclass(frozen=True, slots=True)
class Centrality:
    """The place of each region in a symmetric flow.

    Attributes
    ----------
    degree : int64 array, shape (regions,)
        Regions it has any flow with.
    strength : float64 array, shape (regions,)
        Its flow with all others.
    betweenness : float64 array, shape (regions,)
        Share of shortest paths between others that lead through it, 0 to 1; a strong flow is a short edge (1/flow).
    """

    degree: NDArray[np.int64]
    strength: NDArray[np.float64]
    betweenness: NDArray[np.float64]


def centrality(flow: Any) -> Centrality:
    """Degree, strength and betweenness in a symmetric flow.

    Parameters
    ----------
    flow : array, shape (regions, regions)
        Symmetric, >= 0; the diagonal is not looked at.

    Returns
    -------
    Centrality

    Raises
    ------
    StatisticsError
        It is not square or not symmetric.

    Notes
    -----
    Betweenness by Brandes' algorithm (networkx). Under full counting a few documents of very many regions can dominate
    it. Source: Freeman (1977), Sociometry 40(1), 35-41.
    """
    import networkx as nx

    table = square("flow", flow)
    if not np.allclose(table, table.T):
        raise StatisticsError("flow must be symmetric. Add its transpose.")
    table = table.copy()
    np.fill_diagonal(table, 0.0)
    graph = nx.Graph()
    graph.add_nodes_from(range(len(table)))
    for a, b in zip(*np.nonzero(np.triu(table)), strict=True):
        graph.add_edge(int(a), int(b), length=1.0 / float(table[a, b]))
    between = nx.betweenness_centrality(graph, weight="length", normalized=True)
    return Centrality(
        (table > 0).sum(axis=1).astype(np.int64),
        table.sum(axis=1),
        np.array([between[k] for k in range(len(table))], np.float64),
    )


@dataclass(frozen=True, slots=True)
class Leading:
    """Who leads and how far.

    Attributes
    ----------
    share : float64 array, shape (regions,)
        Led by it with others, over that and what others lead with it; 0.5 = as much as is led with it; nan without any.
    net : float64 array, shape (regions,)
        Led by it less led by others with it; sums to 0.
    reach_km : float64 array, shape (regions,)
        Mean distance to the partners of what it leads; nan where it leads nothing.
    partners : int64 array, shape (regions,)
        Regions it leads with.
    """

    share: NDArray[np.float64]
    net: NDArray[np.float64]
    reach_km: NDArray[np.float64]
    partners: NDArray[np.int64]


def leading(led: Any, distance_km: Any) -> Leading:
    """Leading share, net lead and how far a region radiates.

    Parameters
    ----------
    led : array, shape (regions, regions)
        Entry a, b: documents led from a with b in them (``led_documents``), or money from a to b.
    distance_km : array, shape (regions, regions)
        Distances, km.

    Returns
    -------
    Leading

    Raises
    ------
    StatisticsError
        Shapes disagree.

    Notes
    -----
    There is no standard name; defined here in full. Directed and counted, not modelled.
    """
    table, far = square("led", led), square("distance_km", distance_km)
    if table.shape != far.shape:
        raise StatisticsError(f"led and distance_km must have one shape: {table.shape} and {far.shape}.")
    table = table.copy()
    np.fill_diagonal(table, 0.0)
    out, into = table.sum(axis=1), table.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Leading(out / (out + into), out - into, (table * far).sum(axis=1) / out, (table > 0).sum(axis=1))


def strongest(flow: Any, *, most: int) -> NDArray[np.int64]:
    """The pairs with the largest flow, largest first; ties in the order of the regions.

    Parameters
    ----------
    flow : array, shape (regions, regions)
        A symmetric flow is read above its diagonal; any other pair by pair.
    most : int
        How many pairs at most.

    Returns
    -------
    int64 array, shape (pairs, 2)
    """
    table = amounts("flow", flow, ndim=2).copy()
    np.fill_diagonal(table, 0.0)
    if np.array_equal(table, table.T):
        table = np.triu(table)
    pairs = np.argwhere(table > 0)
    order = np.argsort(-table[pairs[:, 0], pairs[:, 1]], kind="stable")
    return pairs[order[:most]]
