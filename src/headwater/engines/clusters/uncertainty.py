"""How far a ranking can be trusted: documents resampled, and parameters moved.

Coordinates don't change between resamples or minima, so cells and candidates are built once (``prepare``) and each
further clustering costs a fraction of the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.clusters.compiled import compiled
from headwater.engines.clusters.counting import Credits, Join, count_documents, rank_clusters
from headwater.engines.clusters.density import Clustering, Prepared, prepare_locations
from headwater.engines.clusters.errors import ClusterError, positive, weight_column
from headwater.engines.clusters.locations import Locations
from headwater.engines.clusters.merging import merge_near


@dataclass(frozen=True, slots=True)
class Method:
    """Parameters of one clustering: minimum, merge distance and how shares are joined.

    Attributes
    ----------
    min_weight : float
        Weight within the radius that makes a core.
    merge : Prepared or None
        The locations prepared at the merge distance; None merges nothing.
    join : {"sum", "mean"}
        How shares become a score.
    """

    min_weight: float
    merge: Prepared | None = None
    join: Join = "sum"


def cluster_and_merge(
    prepared: Prepared, weight: NDArray[np.float64] | None, method: Method, *, skip_weightless: bool = False
) -> Clustering:
    """Cluster locations and merge near clusters, as a method says.

    Parameters
    ----------
    prepared : Prepared
        The locations, their cells and pairs.
    weight : array, shape (u,), or None
        Weight of each location; None counts the points that stand there.
    method : Method
        Minimum weight, and how near clusters are merged, if at all.
    skip_weightless : bool
        Whether locations of no weight are as if they were not there.

    Returns
    -------
    Clustering
        Labels of locations and points; merged clusters are numbered by their first member.
    """
    found = prepared.cluster(weight, min_weight=method.min_weight, skip_weightless=skip_weightless)
    return found if method.merge is None else merge_near(found, method.merge).clustering


def cluster_weights(clustering: Clustering, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Total weight of each cluster's locations, shape (clusters,)."""
    inside = clustering.location_label >= 0
    return np.bincount(clustering.location_label[inside], weights=weight[inside], minlength=clustering.count).astype(
        np.float64
    )


def match_clusters(
    base: NDArray[np.int32], other: NDArray[np.int32], weight: NDArray[np.float64], bases: int, others: int
) -> NDArray[np.int64]:
    """Find each base cluster again among other clusters of the same locations, one to one.

    Parameters
    ----------
    base, other : int32 arrays, shape (u,)
        Labels of the same locations, -1 for noise.
    weight : array, shape (u,)
        Weight of each location: overlap is shared weight.
    bases, others : int
        Numbers of clusters.

    Returns
    -------
    match : int64 array, shape (bases,)
        The other cluster with the greatest overlap, taken greedily from the greatest down; -1 where none is left. Equal
        overlaps go to the lower base number, then to the lower other number.
    """
    match = np.full(bases, -1, np.int64)
    both = (base >= 0) & (other >= 0)
    if not both.any():
        return match
    code = base[both].astype(np.int64) * others + other[both]
    if bases * others <= 1 << 22:
        overlap = np.bincount(code, weights=weight[both], minlength=1)
        pairs = np.flatnonzero(overlap)
        shared = overlap[pairs]
    else:
        pairs, inverse = np.unique(code, return_inverse=True)
        shared = np.bincount(inverse, weights=weight[both])
    taken = np.zeros(others, np.bool_)
    for k in np.lexsort((pairs, -shared)):
        one, another = divmod(int(pairs[k]), others)
        if match[one] < 0 and not taken[another]:
            match[one] = another
            taken[another] = True
    return match


@dataclass(frozen=True, slots=True)
class RankIntervals:
    """Ranks and scores of the base clusters over resamples.

    Attributes
    ----------
    rank_low, rank_high : int64 arrays, shape (clusters,)
        Best and worst rank of the central share of resamples in which the cluster was found; 0 where it never was.
    score_low, score_high : float64 arrays, shape (clusters,)
        The same for scores; nan where it never was found.
    found : float64 array, shape (clusters,)
        Share of resamples in which the cluster was found, 0..1.
    ranks : int32 array, shape (resamples, clusters)
        Rank in each resample; 0 = not found.
    level : float
        Central share that the intervals hold.
    """

    rank_low: NDArray[np.int64]
    rank_high: NDArray[np.int64]
    score_low: NDArray[np.float64]
    score_high: NDArray[np.float64]
    found: NDArray[np.float64]
    ranks: NDArray[np.int32]
    level: float


def bootstrap_ranks(
    prepared: Prepared,
    base: Clustering,
    credits_: Credits,
    point_weight: Any,
    method: Method,
    *,
    resamples: int,
    rng: np.random.Generator,
    level: float = 0.95,
) -> RankIntervals:
    """Rank intervals by resampling documents.

    In each resample every metric's documents are drawn with replacement, as many as there are; their points take the
    drawn multiplicity; clusters are found, merged, counted and ranked anew, and each base cluster is found again by
    overlap (``match_clusters``).

    Parameters
    ----------
    prepared : Prepared
        Locations and radius.
    base : Clustering
        The clusters whose ranks are asked for, on the same locations.
    credits_ : Credits
        Documents divided among points.
    point_weight : array, shape (n,), or None
        Weight of each point in the density step; 1 when None.
    method : Method
        Minimum, merging and joining, as for the base.
    resamples : int
        Number of resamples, >= 1. 200 gives 95 % intervals that are steady to about a rank in the upper table.
    rng : numpy.random.Generator
        Source of randomness; the same generator state gives the same intervals.
    level : float
        Central share, between 0 and 1.

    Returns
    -------
    RankIntervals

    Raises
    ------
    ClusterError
        A parameter is out of range or lengths differ.

    Notes
    -----
    Reflects which documents happened to be in the window; not geocoding error or missing records. A cluster that a
    resample doesn't find has no rank there: read ``found`` beside the interval.
    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap; for rankings of institutions Goldstein &
    Spiegelhalter (1996), JRSS A 159(3), 385-443.
    """
    if int(resamples) < 1:
        raise ClusterError(f"resamples must be 1 or more, got {resamples}")
    if not 0 < level < 1:
        raise ClusterError(f"level must lie between 0 and 1, got {level}")
    if base.locations is not prepared.locations:
        raise ClusterError("base must be a clustering of the prepared locations")
    places = prepared.locations
    n = places.location_of.size
    weight = np.ones(n) if point_weight is None else weight_column("point_weight", point_weight, n)
    if credits_.document.size != n:
        raise ClusterError(f"credits_ must cover every point: needed {n}, got {credits_.document.size}")
    base_weight = places.gather(weight)
    ranks = np.zeros((int(resamples), base.count), np.int32)
    scores = np.full((int(resamples), base.count), np.nan)
    members = [np.flatnonzero(credits_.document_metric == metric) for metric in range(credits_.metrics)]
    for resample in range(int(resamples)):
        times = np.zeros(credits_.document_metric.size, np.int64)
        for documents in members:
            if documents.size:
                drawn = rng.integers(0, documents.size, documents.size)
                times[documents] = np.bincount(drawn, minlength=documents.size)
        drawn_weight = np.zeros(places.size)
        _weigh(places.location_of, weight, credits_.document, times, drawn_weight)
        again = cluster_and_merge(prepared, drawn_weight, method, skip_weightless=True)
        counts = count_documents(credits_, places.location_of, again.location_label, again.count, times=times)
        ranking = rank_clusters(counts, cluster_weights(again, drawn_weight), join=method.join)
        match = match_clusters(base.location_label, again.location_label, base_weight, base.count, again.count)
        hit = match >= 0
        ranks[resample, hit] = ranking.rank[match[hit]]
        scores[resample, hit] = ranking.score[match[hit]]
    return _intervals(ranks, scores, level)


def _intervals(ranks: NDArray[np.int32], scores: NDArray[np.float64], level: float) -> RankIntervals:
    clusters = ranks.shape[1]
    low, high = np.zeros(clusters, np.int64), np.zeros(clusters, np.int64)
    score_low, score_high = np.full(clusters, np.nan), np.full(clusters, np.nan)
    tails = [(1 - level) / 2, (1 + level) / 2]
    for cluster in range(clusters):
        hit = ranks[:, cluster] > 0
        if hit.any():
            low[cluster] = np.quantile(ranks[hit, cluster], tails[0], method="lower")
            high[cluster] = np.quantile(ranks[hit, cluster], tails[1], method="higher")
            score_low[cluster], score_high[cluster] = np.quantile(scores[hit, cluster], tails)
    found = (ranks > 0).mean(axis=0) if clusters else np.empty(0)
    return RankIntervals(low, high, score_low, score_high, found, ranks, level)


@dataclass(frozen=True, slots=True)
class StabilityGrid:
    """What becomes of the clusters when radius and minimum move.

    Attributes
    ----------
    radii_km, minima : float64 arrays, shape (r,), (m,)
        The parameters tried.
    clusters : int64 array, shape (r, m)
        Number of clusters, after merging.
    inside : float64 array, shape (r, m)
        Share of the located weight that lies in clusters, 0..1.
    rank : int64 array, shape (r, m, base clusters)
        Rank of each base cluster's match; 0 where it has none.
    """

    radii_km: NDArray[np.float64]
    minima: NDArray[np.float64]
    clusters: NDArray[np.int64]
    inside: NDArray[np.float64]
    rank: NDArray[np.int64]


def stability_grid(
    base: Clustering,
    credits_: Credits,
    point_weight: Any,
    radii_km: Sequence[float],
    minima: Sequence[float],
    *,
    merge: Prepared | None = None,
    join: Join = "sum",
    threads: int | None = None,
) -> StabilityGrid:
    """Cluster and rank under every pair of radius and minimum.

    Parameters
    ----------
    base : Clustering
        The clusters to follow.
    credits_ : Credits
        Documents divided among points.
    point_weight : array, shape (n,), or None
        Weight of each point in the density step; 1 when None.
    radii_km, minima : sequences of float
        Parameters to try, each > 0. One grid is built per radius and serves all minima.
    merge : Prepared, optional
        Locations prepared at the merge distance.
    join : {"sum", "mean"}
        How shares become a score.
    threads : int, optional
        All processors when not given.

    Returns
    -------
    StabilityGrid

    Raises
    ------
    ClusterError
        A sequence is empty or a parameter out of range.
    """
    if not len(radii_km) or not len(minima):
        raise ClusterError("radii_km and minima must each hold at least one value")
    places: Locations = base.locations
    weight = places.gather(point_weight)
    total = float(weight.sum())
    shape = (len(radii_km), len(minima))
    clusters, inside = np.zeros(shape, np.int64), np.zeros(shape)
    rank = np.zeros((*shape, base.count), np.int64)
    for r, radius in enumerate(radii_km):
        prepared = prepare_locations(places, radius, threads=threads)
        for m, least in enumerate(minima):
            found = cluster_and_merge(prepared, weight, Method(positive("minimum", least), merge, join))
            counts = count_documents(credits_, places.location_of, found.location_label, found.count)
            sizes = cluster_weights(found, weight)
            ranking = rank_clusters(counts, sizes, join=join)
            match = match_clusters(base.location_label, found.location_label, weight, base.count, found.count)
            clusters[r, m] = found.count
            inside[r, m] = float(sizes.sum()) / total if total > 0 else 0.0
            rank[r, m, match >= 0] = ranking.rank[match[match >= 0]]
    return StabilityGrid(np.asarray(radii_km, np.float64), np.asarray(minima, np.float64), clusters, inside, rank)


@compiled
def _weigh(location_of: Any, weight: Any, document: Any, times: Any, total: Any) -> None:
    for i in range(location_of.size):
        if location_of[i] >= 0:
            total[location_of[i]] += weight[i] * times[document[i]]
