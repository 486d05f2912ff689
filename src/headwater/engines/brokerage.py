"""Who stands between others in a network of ties: brokerage by kind, within and across groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

IntArray = NDArray[np.int64]


class BrokerageError(ValueError):
    """Ties or groups that do not fit together."""


@dataclass(frozen=True, slots=True)
class Brokerage:
    """For each node how many pairs it stands between, by where the three belong. All of shape (nodes,).

    Attributes
    ----------
    coordinator : array of int
        Both others are of the broker's own group.
    gatekeeper : array of int
        One other is of the broker's group, one of another (representative and gatekeeper: ties here have no direction).
    consultant : array of int
        Both others are of one group that is not the broker's.
    liaison : array of int
        All three are of different groups.
    """

    coordinator: IntArray
    gatekeeper: IntArray
    consultant: IntArray
    liaison: IntArray

    @property
    def total(self) -> IntArray:
        """All pairs a node stands between."""
        total: IntArray = self.coordinator + self.gatekeeper + self.consultant + self.liaison
        return total

    @property
    def across(self) -> IntArray:
        """Pairs of two different groups a node stands between."""
        across: IntArray = self.gatekeeper + self.liaison
        return across


def brokerage(nodes: int, ties: Sequence[tuple[int, int]], group: ArrayLike) -> Brokerage:
    """Count the pairs that are tied to a node and not to each other.

    Parameters
    ----------
    nodes : int
    ties : sequence of (int, int)
        Unordered pairs of different nodes; one given twice counts once.
    group : array of int, shape (nodes,)
        What each node belongs to, such as its jurisdiction. >= 0.

    Returns
    -------
    Brokerage

    Raises
    ------
    BrokerageError
        A tie names no node, or joins a node to itself; shapes disagree.

    Notes
    -----
    Source: Gould & Fernandez (1989), Sociological Methodology 19, 89-126, for ties without direction. Cost: O(sum of
    squared degrees).

    >>> brokerage(3, [(0, 1), (1, 2)], [0, 1, 2]).liaison
    array([0, 1, 0])
    """
    of = np.asarray(group, np.int64)
    if of.shape != (nodes,):
        raise BrokerageError(f"group must have shape ({nodes},), got {of.shape}.")
    pairs = np.array([(min(pair), max(pair)) for pair in ties], np.int64).reshape(-1, 2)
    if pairs.size and not (pairs.min() >= 0 and pairs.max() < nodes and (pairs[:, 0] != pairs[:, 1]).all()):
        raise BrokerageError(f"ties must join two different nodes of 0..{nodes - 1}.")
    pairs = np.unique(pairs, axis=0)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    tied = sparse.csr_array((np.ones(len(both), np.int64), (both[:, 0], both[:, 1])), (nodes, nodes))
    counts = np.zeros((4, nodes), np.int64)
    for node in range(nodes):
        near = tied.indices[tied.indptr[node] : tied.indptr[node + 1]]
        if near.size < 2:
            continue
        open_pair = np.triu(tied[near][:, near].toarray() == 0, 1)
        one, other = np.nonzero(open_pair)
        a, b, own = of[near[one]], of[near[other]], of[node]
        counts[0, node] = ((a == own) & (b == own)).sum()
        counts[1, node] = ((a == own) != (b == own)).sum()
        counts[2, node] = ((a == b) & (a != own)).sum()
        counts[3, node] = ((a != b) & (a != own) & (b != own)).sum()
    return Brokerage(*counts)
