"""Near clusters merged: density clusters with members within a given distance of each other become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.clusters.compiled import balanced_spans, compiled, each_span
from headwater.engines.clusters.density import (
    NOISE,
    Clustering,
    Prepared,
    count_cores,
    find_root,
    settle_roots,
    touch,
    unite,
)
from headwater.engines.clusters.errors import ClusterError
from headwater.engines.clusters.grid import ball_test, grown_pairs

_ROUND = 1 << 14


@dataclass(frozen=True, slots=True)
class Merging:
    """Which density cluster went into which merged one.

    Attributes
    ----------
    clustering : Clustering
        The merged clusters; ``location_core`` is unchanged.
    into : int32 array, shape (density clusters,)
        Merged cluster of each density cluster.
    """

    clustering: Clustering
    into: NDArray[np.int32]


def merge_near(clustering: Clustering, prepared: Prepared) -> Merging:
    """Merge clusters that come within a distance of each other.

    Parameters
    ----------
    clustering : Clustering
        Density clusters; border locations are members, noise is not.
    prepared : Prepared
        The same locations prepared at the merge distance (``prepare_locations(locations, merge_km)``);
        reusable.

    Returns
    -------
    Merging
        Merged clusters are numbered in the order of the first core point of the clusters in them (the lowest number
        among them), so that labels stay as they were where nothing merges.

    Raises
    ------
    ClusterError
        The two were made from different locations.

    Notes
    -----
    Two clusters merge when some member of one lies within the distance (inclusive, great circle) of some member of the
    other, and so on transitively: single linkage, which can chain. No member is gained or lost.
    """
    if prepared.locations is not clustering.locations:
        raise ClusterError("prepared must be made from the clustering's own locations. Use prepare_locations.")
    grid, threads = prepared.grid, prepared.threads
    parent = np.arange(clustering.count, dtype=np.int32)
    if clustering.count > 1:
        label = clustering.location_label[grid.order]
        member = label >= 0
        cells = grid.cell_start.size - 1
        leaf_members, cell_members = np.zeros(grid.leaf_start.size - 1, np.int32), np.zeros(cells, np.int32)
        each_span(
            lambda low, high: count_cores(grid, member, leaf_members, cell_members, low, high),
            balanced_spans(grid.cell_start[1:].astype(np.int64), threads * 8),
            threads,
        )
        cell_cluster = _unite_cells(grid, label, parent)
        pairs = _unite_sure(grid, cell_cluster, parent)
        for begin in range(0, len(pairs), _ROUND):
            some = _apart(pairs[begin : begin + _ROUND], cell_cluster, parent)
            touching = np.zeros(len(some), np.bool_)
            touch(grid, member, leaf_members, some, touching, 0, len(some))
            _unite_touching(some, touching, cell_cluster, parent)
        settle_roots(parent)
    # A root is the lowest number of its set, so counting roots upwards keeps the order of first core points.
    roots = parent == np.arange(parent.size)
    into = (np.cumsum(roots) - 1).astype(np.int32)[parent]
    merged = np.full(clustering.locations.size, NOISE, np.int32)
    inside = clustering.location_label >= 0
    merged[inside] = into[clustering.location_label[inside]]
    return Merging(Clustering(clustering.locations, merged, clustering.location_core, int(roots.sum())), into)


@compiled
def _unite_cells(grid: Any, label: Any, parent: Any) -> Any:
    """Join the clusters that share a cell; return one cluster of each cell, -1 where there is none."""
    cell_cluster = np.full(grid.cell_start.size - 1, -1, np.int32)
    for cell in range(cell_cluster.size):
        for place in range(grid.cell_start[cell], grid.cell_start[cell + 1]):
            if label[place] >= 0:
                if cell_cluster[cell] < 0:
                    cell_cluster[cell] = label[place]
                elif cell_cluster[cell] != label[place]:
                    unite(parent, cell_cluster[cell], label[place])
    return cell_cluster


@compiled
def _unite_sure(grid: Any, cell_cluster: Any, parent: Any) -> Any:
    """Join clusters whose cells' balls settle it; return the pairs of cells that need distances."""
    near, far, cell_ball, span_start, span = grid.near, grid.far, grid.cell_ball, grid.span_start, grid.span
    pairs = np.empty((1024, 2), np.int32)
    used = 0
    for cell in range(cell_cluster.size):
        if cell_cluster[cell] < 0:
            continue
        for run in range(span_start[cell], span_start[cell + 1]):
            for other in range(max(span[run, 0], cell + 1), span[run, 1]):
                if cell_cluster[other] < 0 or cell_cluster[other] == cell_cluster[cell]:
                    continue
                if find_root(parent, cell_cluster[cell]) == find_root(parent, cell_cluster[other]):
                    continue
                answer = ball_test(near, far, cell_ball, cell, cell_ball, other)
                if answer == 1:
                    unite(parent, cell_cluster[cell], cell_cluster[other])
                elif answer == 2:
                    if used == pairs.shape[0]:
                        pairs = grown_pairs(pairs, used)
                    pairs[used, 0], pairs[used, 1] = cell, other
                    used += 1
    return pairs[:used]


@compiled
def _apart(pairs: Any, cell_cluster: Any, parent: Any) -> Any:
    kept = np.empty_like(pairs)
    used = 0
    for k in range(pairs.shape[0]):
        a, b = cell_cluster[pairs[k, 0]], cell_cluster[pairs[k, 1]]
        if find_root(parent, a) != find_root(parent, b):
            kept[used, 0], kept[used, 1] = pairs[k, 0], pairs[k, 1]
            used += 1
    return kept[:used]


@compiled
def _unite_touching(pairs: Any, touching: Any, cell_cluster: Any, parent: Any) -> None:
    for k in range(pairs.shape[0]):
        if touching[k]:
            unite(parent, cell_cluster[pairs[k, 0]], cell_cluster[pairs[k, 1]])
