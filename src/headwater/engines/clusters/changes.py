"""What becomes of clusters when the parameters move: kept, joined, split, vanished, appeared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from headwater.engines.clusters.errors import ClusterError


@dataclass(frozen=True, slots=True)
class Change:
    """Clusters of one clustering that became clusters of another.

    Attributes
    ----------
    before, after : tuple of int
        Cluster numbers, rising. None before: appeared; none after: vanished; one and one: kept; several before and one
        after: joined; one before and several after: split; several on both sides: regrouped.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def kind(self) -> str:
        if not self.before:
            return "appeared"
        if not self.after:
            return "vanished"
        if len(self.before) == 1:
            return "kept" if len(self.after) == 1 else "split"
        return "joined" if len(self.after) == 1 else "regrouped"


def compare_labels(
    before: NDArray[np.int32],
    after: NDArray[np.int32],
    weight: NDArray[np.float64],
    *,
    befores: int,
    afters: int,
) -> list[Change]:
    """Compare two clusterings of the same places.

    Each cluster belongs to the one on the other side that holds the most of its weight; equal weights go to the lower
    number. Clusters that are tied by this, in either direction, are one change. A cluster without any weight on the
    other side appeared or vanished.

    Parameters
    ----------
    before, after : int32 arrays, shape (u,)
        Labels of the same locations or points, -1 for noise.
    weight : array, shape (u,)
        Weight of each, 0 or more. Places of no weight decide nothing.
    befores, afters : int
        Numbers of clusters.

    Returns
    -------
    list of Change
        Each cluster of either side in exactly one; by the lowest number before, then those that appeared.

    Raises
    ------
    ClusterError
        The arrays differ in length.
    """
    if not before.shape == after.shape == weight.shape:
        raise ClusterError("Labels before, labels after and weights differ in length.")
    both = (before >= 0) & (after >= 0) & (weight > 0)
    shared = coo_array((weight[both], (before[both], after[both])), shape=(befores, afters))
    shared.sum_duplicates()
    one, other, size = shared.coords[0], shared.coords[1], shared.data
    ties = np.concatenate([_greatest(one, other, size), _greatest(other, one, size)])
    nodes = befores + afters
    graph = coo_array((np.ones(ties.size), (one[ties], befores + other[ties])), shape=(nodes, nodes))
    count, member = connected_components(graph, directed=False)
    found: list[tuple[list[int], list[int]]] = [([], []) for _ in range(count)]
    for node, of in enumerate(member):
        found[of][node >= befores].append(node if node < befores else node - befores)
    changes = [Change(tuple(left), tuple(right)) for left, right in found]
    return sorted(changes, key=lambda change: (not change.before, change.before or change.after))


def _greatest(of: NDArray[np.int32], to: NDArray[np.int32], size: NDArray[np.float64]) -> NDArray[np.int64]:
    """Positions of the greatest entry of each ``of``, the lower ``to`` where entries are equal."""
    order = np.lexsort((to, -size, of))
    first = np.ones(order.size, np.bool_)
    first[1:] = of[order][1:] != of[order][:-1]
    return order[first]
