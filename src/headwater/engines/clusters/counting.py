"""Documents counted fractionally by cluster, shares of the world, and the ranking.

A document (a patent application, a paper, a deal) is worth one. It is divided equally among its points, or first
equally among its persons and then equally among each person's points where persons are known; points with a weight take
proportionally more. A cluster's count in a metric is the sum of what its points hold. Noise and points without a place
keep their part: it stays in the world's total and goes to no cluster.

Source of fractional counting: Waltman & van Eck (2015), Journal of Informetrics 9(4), 872-894.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headwater.engines.clusters.compiled import compiled
from headwater.engines.clusters.errors import ClusterError, code_column, weight_column

Join = Literal["sum", "mean"]


@dataclass(frozen=True, slots=True)
class Credits:
    """What part of which document each point holds.

    Attributes
    ----------
    document : int64 array, shape (n,)
        Code of each point's document, 0..documents-1.
    document_metric : int64 array, shape (documents,)
        Metric of each document, 0..metrics-1.
    metrics : int
        Number of metrics.
    credit : float64 array, shape (n,)
        Part of its document that a point holds. Sums to 1 over each document that has any weight, else to 0.
    """

    document: NDArray[np.int64]
    document_metric: NDArray[np.int64]
    metrics: int
    credit: NDArray[np.float64]


def divide_documents(
    document: Any, document_metric: Any, *, metrics: int = 1, person: Any = None, weight: Any = None
) -> Credits:
    """Divide each document among its points.

    Parameters
    ----------
    document : int array, shape (n,)
        Document of each point, codes 0..documents-1.
    document_metric : int array, shape (documents,)
        Metric of each document, codes 0..metrics-1.
    metrics : int
        Number of metrics, >= 1.
    person : int array, shape (n,), optional
        Person of each point, any codes >= 0. With it, a document is divided equally among its persons first.
    weight : array, shape (n,), optional
        Weight of each point within its document (and person), finite, >= 0. 1 when not given.

    Returns
    -------
    Credits
        Conserves documents: the credits of a document with any weight sum to 1.

    Raises
    ------
    ClusterError
        A code is out of range, lengths differ, or a weight is negative or not finite.

    >>> divide_documents([0, 0, 1], [0, 0]).credit.tolist()
    [0.5, 0.5, 1.0]
    """
    kinds = np.ascontiguousarray(document_metric)
    documents = kinds.size
    kinds = code_column("document_metric", kinds, documents, max(1, int(metrics)))
    n = int(np.size(document))
    codes = code_column("document", document, n, documents)
    part = np.ones(n) if weight is None else weight_column("weight", weight, n).copy()
    if person is None:
        total = np.bincount(codes, weights=part, minlength=documents)
    else:
        persons = np.ascontiguousarray(person)
        people = code_column("person", persons, n, int(persons.max()) + 1 if persons.size else 1)
        width = int(people.max()) + 1 if people.size else 1
        if documents * width >= 2**62:
            raise ClusterError(
                f"documents × persons must stay below 2**62, got {documents} × {width}. Renumber persons."
            )
        pairs, pair = np.unique(codes * width + people, return_inverse=True)
        by_pair = np.bincount(pair, weights=part, minlength=pairs.size)
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(by_pair[pair] > 0, part / by_pair[pair], 0.0)
        total = np.bincount(pairs // width, weights=(by_pair > 0).astype(np.float64), minlength=documents)
    with np.errstate(invalid="ignore", divide="ignore"):
        credit = np.where(total[codes] > 0, part / total[codes], 0.0)
    return Credits(codes, kinds, max(1, int(metrics)), credit)


@dataclass(frozen=True, slots=True)
class Counts:
    """Documents by cluster and metric.

    Attributes
    ----------
    cluster : float64 array, shape (clusters, metrics)
        Fractional documents in each cluster.
    noise, unlocated : float64 arrays, shape (metrics,)
        Fractional documents at located points outside all clusters; at points without a place.
    world : float64 array, shape (metrics,)
        All documents. ``cluster.sum(0) + noise + unlocated == world`` up to rounding.
    """

    cluster: NDArray[np.float64]
    noise: NDArray[np.float64]
    unlocated: NDArray[np.float64]
    world: NDArray[np.float64]


def count_documents(
    credits_: Credits,
    location_of: NDArray[np.int32],
    location_label: NDArray[np.int32],
    clusters: int,
    *,
    times: NDArray[np.int64] | None = None,
) -> Counts:
    """Count documents fractionally by cluster and metric.

    Parameters
    ----------
    credits_ : Credits
        From ``divide_documents``.
    location_of : int32 array, shape (n,)
        Location of each point, -1 without a place.
    location_label : int32 array, shape (u,)
        Cluster of each location, -1 for noise.
    clusters : int
        Number of clusters.
    times : int array, shape (documents,), optional
        How often each document counts (a resample); once each when not given.

    Returns
    -------
    Counts

    Raises
    ------
    ClusterError
        Lengths differ.
    """
    n = credits_.document.size
    if location_of.size != n:
        raise ClusterError(f"location_of must have one entry per point: needed {n}, got {location_of.size}")
    if times is None:
        times = np.ones(credits_.document_metric.size, np.int64)
    elif times.size != credits_.document_metric.size:
        raise ClusterError(f"times must have {credits_.document_metric.size} entries, got {times.size}")
    rows = np.zeros((clusters + 2, credits_.metrics))
    _tally_documents(
        location_of,
        location_label,
        credits_.document,
        credits_.document_metric,
        credits_.credit,
        np.ascontiguousarray(times, dtype=np.int64),
        rows,
    )
    return Counts(rows[:clusters], rows[clusters], rows[clusters + 1], rows.sum(axis=0))


@dataclass(frozen=True, slots=True)
class Ranking:
    """Clusters by their shares of the world.

    Attributes
    ----------
    share : float64 array, shape (clusters, metrics)
        Part of the world's documents, 0..1; 0 in a metric that has none.
    score : float64 array, shape (clusters,)
        Sum or mean of the shares; higher is better.
    rank : int64 array, shape (clusters,)
        1 is the highest. Ties end in the larger weight, then in the lower cluster number, so ranks never repeat.
    """

    share: NDArray[np.float64]
    score: NDArray[np.float64]
    rank: NDArray[np.int64]

    @property
    def order(self) -> NDArray[np.int64]:
        """Clusters from rank 1 down."""
        return np.argsort(self.rank, kind="stable")


def rank_clusters(counts: Counts, weight: NDArray[np.float64], *, join: Join = "sum") -> Ranking:
    """Rank clusters by their joined shares of the world.

    Parameters
    ----------
    counts : Counts
        Documents by cluster and metric.
    weight : array, shape (clusters,)
        Weight (addresses) of each cluster: the first tie-break, larger first. The second is the lower number.
    join : {"sum", "mean"}
        How shares of several metrics become a score; the ranks are the same either way.

    Returns
    -------
    Ranking

    Raises
    ------
    ClusterError
        ``join`` is something else, or the lengths differ.
    """
    if join not in ("sum", "mean"):
        raise ClusterError(f'join must be "sum" or "mean", got {join!r}')
    clusters, metrics = counts.cluster.shape
    if weight.size != clusters:
        raise ClusterError(f"weight must have one entry per cluster: needed {clusters}, got {weight.size}")
    world = counts.world
    share = np.divide(counts.cluster, world, out=np.zeros_like(counts.cluster), where=world > 0)
    score = share.sum(axis=1)
    if join == "mean":
        score = score / metrics
    order = np.lexsort((np.arange(clusters), -weight, -score))
    rank = np.empty(clusters, np.int64)
    rank[order] = np.arange(1, clusters + 1)
    return Ranking(share, score, rank)


@compiled
def _tally_documents(
    location_of: Any, location_label: Any, document: Any, document_metric: Any, credit: Any, times: Any, rows: Any
) -> None:
    clusters = rows.shape[0] - 2
    for i in range(document.size):
        code = document[i]
        row = clusters + 1
        if location_of[i] >= 0:
            row = location_label[location_of[i]]
            if row < 0:
                row = clusters
        rows[row, document_metric[code]] += credit[i] * times[code]
