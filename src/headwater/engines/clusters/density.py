"""Density clusters (DBSCAN) of weighted locations on the sphere, exactly.

Source: Ester, Kriegel, Sander & Xu (1996), KDD-96, 226-231; revisited by Schubert et al. (2017), ACM TODS 42(3), 19.
The grid follows Gunawan (2013) and Wang, Gu & Shun (2020), SIGMOD: cells whose locations are all neighbours need no
distances among themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.clusters.compiled import available_threads, balanced_spans, compiled, each_span
from headwater.engines.clusters.errors import ClusterError, positive, weight_column
from headwater.engines.clusters.grid import Grid, ball_test, build_grid, grown_pairs, point_test, within
from headwater.engines.clusters.locations import Locations, collapse_points

NOISE = -1
_ROUND = 1 << 16


@dataclass(frozen=True, slots=True)
class Clustering:
    """Clusters of locations, and of the points at them.

    Attributes
    ----------
    locations : Locations
        What was clustered.
    location_label : int32 array, shape (u,)
        Cluster of each location, 0..count-1; -1 is noise.
    location_core : bool array, shape (u,)
        Whether a location has at least ``min_weight`` within the radius, itself included.
    count : int
        Number of clusters.
    """

    locations: Locations
    location_label: NDArray[np.int32]
    location_core: NDArray[np.bool_]
    count: int

    def labels(self) -> NDArray[np.int32]:
        """Cluster of each point, in input order, shape (n,); -1 for noise and for points without a place."""
        return self.locations.spread(self.location_label)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Locations with the grid of one radius, ready to be clustered under any weights and minimum.

    Attributes
    ----------
    locations : Locations
        Distinct coordinates.
    radius_km : float
        Great-circle radius, km.
    grid : Grid
        Cells, leaves and candidate cells; independent of weights.
    threads : int
        Threads used; results don't depend on it.
    """

    locations: Locations
    radius_km: float
    grid: Grid
    threads: int

    def cluster(self, weight: Any = None, *, min_weight: float, skip_weightless: bool = False) -> Clustering:
        """Find the density clusters under one weighting.

        Parameters
        ----------
        weight : array, shape (u,), optional
            Weight of each **location** (``Locations.gather`` sums those of points). Finite, >= 0. The number of points
            at each location when not given.
        min_weight : float
            Weight within the radius, the location itself included, that makes it a core. > 0.
        skip_weightless : bool
            Treat locations of weight zero as absent: they are noise and connect nothing. Without it they count as
            scikit-learn counts a sample of weight zero: present, adding nothing to the density.

        Returns
        -------
        Clustering
            Numbered by the first core point in input order; a border location within reach of several clusters
            belongs to the lowest-numbered. That makes labels equal to those of scikit-learn's
            ``DBSCAN(metric="haversine")`` on the points.

        Raises
        ------
        ClusterError
            A weight is negative or not finite, the length differs, or ``min_weight`` is not above zero.

        Notes
        -----
        Exact: "within" is decided by the haversine in float64 with scikit-learn's operations, a location exactly at the
        radius included. Sums of whole-number weights are exact; sums of fractional ones are rounded, so that a location
        whose total equals the minimum to within rounding may fall on either side.
        """
        least = positive("min_weight", min_weight)
        u = self.locations.size
        by_location = self.locations.gather() if weight is None else weight_column("weight", weight, u)
        grid, threads = self.grid, self.threads
        if u == 0:
            return Clustering(self.locations, np.empty(0, np.int32), np.empty(0, np.bool_), 0)
        spans = balanced_spans(grid.cell_start[1:].astype(np.int64), threads * 32)
        w = by_location[grid.order]
        cells = grid.cell_start.size - 1
        leaf_weight, block_weight = np.empty(grid.leaf_start.size - 1), np.empty(grid.block_leaf.size - 1)
        cell_weight = np.empty(cells)
        core = np.zeros(u, np.bool_)
        each_span(lambda low, high: _sums(grid, w, leaf_weight, block_weight, cell_weight, low, high), spans, threads)
        each_span(
            lambda low, high: _find_cores(grid, w, leaf_weight, block_weight, cell_weight, least, core, low, high),
            spans,
            threads,
        )
        if skip_weightless:
            core &= w > 0
        leaf_core, cell_core = np.zeros(leaf_weight.size, np.int32), np.zeros(cells, np.int32)
        each_span(lambda low, high: count_cores(grid, core, leaf_core, cell_core, low, high), spans, threads)
        parent = self.join(core, leaf_core, cell_core)
        cell_label, count = number_clusters(grid, core, cell_core, parent, self.locations.first)
        label = np.full(u, NOISE, np.int32)
        each_span(
            lambda low, high: label_cells(grid, core, leaf_core, cell_core, cell_label, label, low, high),
            spans,
            threads,
        )
        if skip_weightless:
            label[w == 0] = NOISE
        location_label, location_core = np.empty(u, np.int32), np.empty(u, np.bool_)
        location_label[grid.order] = label
        location_core[grid.order] = core
        return Clustering(self.locations, location_label, location_core, int(count))

    def join(
        self, core: NDArray[np.bool_], leaf_core: NDArray[np.int32], cell_core: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """Join marked locations that are within the radius of each other.

        Parameters
        ----------
        core : bool array, shape (u,)
            The marked locations, in grid order; they need not be all cores (a tile of the sphere joins its own).
        leaf_core, cell_core : int32 arrays, shape (leaves,), (cells,)
            Marked locations of each leaf and cell, as ``count_cores`` counts them.

        Returns
        -------
        root : int32 array, shape (cells,)
            A cell that stands for the connected set of each cell's marked locations.
        """
        grid = self.grid
        parent = np.arange(cell_core.size, dtype=np.int32)
        open_pairs = _join_sure(grid, cell_core, parent)
        # In rounds: pairs that earlier rounds have joined need no distances.
        for begin in range(0, len(open_pairs), _ROUND):
            pairs = _still_apart(open_pairs[begin : begin + _ROUND], parent)
            touching = np.zeros(len(pairs), np.bool_)
            step = max(64, len(pairs) // (self.threads * 8))
            rows = [(low, min(low + step, len(pairs))) for low in range(0, len(pairs), step)]
            each_span(
                lambda low, high, p=pairs, t=touching: touch(grid, core, leaf_core, p, t, low, high),  # type: ignore[misc]
                rows,
                self.threads,
            )
            _join_touching(pairs, touching, parent)
        settle_roots(parent)
        return parent


def prepare(lat: Any, lon: Any, radius_km: float, *, threads: int | None = None) -> Prepared:
    """Collapse points and build the grid of a radius, once for many weightings.

    Parameters
    ----------
    lat, lon : arrays, shape (n,)
        Degrees. nan or out of range = no place: such points get label -1 and are counted in ``Locations``.
    radius_km : float
        Great-circle radius, 0.001..5000 km, on a sphere of radius 6371.0088 km.
    threads : int, optional
        All processors when not given.

    Returns
    -------
    Prepared
        Call ``cluster`` on it for each weighting and minimum.

    Raises
    ------
    ClusterError
        Shapes disagree, or the radius is out of range.

    Notes
    -----
    Linear in the points. Memory beyond the input: 28 bytes a point while collapsing (4 after), then about 130 bytes a
    location at most.

    >>> world = prepare([31.20, 31.20, 31.25, 48.9], [121.5, 121.5, 121.5, 2.3], radius_km=13)
    >>> world.cluster(min_weight=3).labels().tolist()
    [0, 0, 0, -1]
    """
    return prepare_locations(collapse_points(lat, lon, threads=threads), radius_km, threads=threads)


def prepare_locations(locations: Locations, radius_km: float, *, threads: int | None = None) -> Prepared:
    """Build the grid of another radius over locations that are already collapsed; see ``prepare``."""
    if not isinstance(locations, Locations):
        raise ClusterError(f"locations must be Locations, got {type(locations).__name__}. Pass coordinates to prepare.")
    threads = available_threads() if threads is None else max(1, threads)
    return Prepared(locations, float(radius_km), build_grid(locations, radius_km, threads), threads)


@compiled
def _sums(grid: Any, w: Any, leaf_weight: Any, block_weight: Any, cell_weight: Any, low: Any, high: Any) -> None:
    for cell in range(low, high):
        total = 0.0
        for block in range(grid.cell_block[cell], grid.cell_block[cell + 1]):
            gathered = 0.0
            for leaf in range(grid.block_leaf[block], grid.block_leaf[block + 1]):
                part = 0.0
                for place in range(grid.leaf_start[leaf], grid.leaf_start[leaf + 1]):
                    part += w[place]
                leaf_weight[leaf] = part
                gathered += part
            block_weight[block] = gathered
            total += gathered
        cell_weight[cell] = total


@compiled
def _room(values: Any, used: Any, more: Any) -> Any:
    """The buffer itself, or a larger copy of it when it hasn't room for more."""
    if used + more <= values.size:
        return values
    larger = np.empty(2 * (used + more), values.dtype)
    for k in range(used):
        larger[k] = values[k]
    return larger


@compiled
def _open_parts(
    near: Any,
    far: Any,
    ball: Any,
    a: Any,
    groups: Any,
    group_count: Any,
    begin: Any,
    other: Any,
    weight: Any,
    parts: Any,
) -> Any:
    """Test ball ``a`` against the parts of groups: weight surely within, weight perhaps within, and the parts open.

    Parts of group g are ``begin[g]..begin[g + 1]``; the open ones are written to ``parts``, which may be replaced.
    """
    sure, maybe, used = 0.0, 0.0, 0
    for k in range(group_count):
        first, last = begin[groups[k]], begin[groups[k] + 1]
        parts = _room(parts, used, last - first)
        for part in range(first, last):
            answer = ball_test(near, far, ball, a, other, part)
            if answer == 1:
                sure += weight[part]
            elif answer == 2:
                parts[used] = part
                used += 1
                maybe += weight[part]
    return sure, maybe, used, parts


@compiled
def _find_cores(
    grid: Any, w: Any, leaf_weight: Any, block_weight: Any, cell_weight: Any, least: Any, core: Any, low: Any, high: Any
) -> None:
    """Mark the locations with at least the minimum within the radius: by cell, by block, by leaf, then one by one.

    ``sure`` is weight known to be within the radius, ``maybe`` weight that may be: as soon as the two decide for a
    whole cell, block or leaf, nothing finer is looked at. The margin on "cannot reach" covers the rounding of
    fractional weights.
    """
    near, far, limit = grid.near, grid.far, grid.limit
    lat, lon, xyz = grid.lat, grid.lon, grid.xyz
    cell_start, leaf_start, cell_block, block_leaf = grid.cell_start, grid.leaf_start, grid.cell_block, grid.block_leaf
    cell_ball, block_ball, leaf_ball = grid.cell_ball, grid.block_ball, grid.leaf_ball
    span_start, span = grid.span_start, grid.span
    cells = np.empty(256, np.int32)
    blocks, near_blocks = np.empty(256, np.int32), np.empty(256, np.int32)
    leaves = np.empty(1024, np.int32)
    reached = least * (1.0 - 1e-9)
    for cell in range(low, high):
        begin, end = cell_start[cell], cell_start[cell + 1]
        own = cell_weight[cell]
        if own >= least:
            core[begin:end] = True
            continue
        total = 0.0
        for run in range(span_start[cell], span_start[cell + 1]):
            for other in range(span[run, 0], span[run, 1]):
                total += cell_weight[other]
        if total < reached:
            continue
        sure, maybe, kept = own, 0.0, 0
        for run in range(span_start[cell], span_start[cell + 1]):
            cells = _room(cells, kept, span[run, 1] - span[run, 0])
            for other in range(span[run, 0], span[run, 1]):
                if other == cell:
                    continue
                answer = ball_test(near, far, cell_ball, cell, cell_ball, other)
                if answer == 1:
                    sure += cell_weight[other]
                elif answer == 2:
                    cells[kept] = other
                    kept += 1
                    maybe += cell_weight[other]
        if sure >= least:
            core[begin:end] = True
            continue
        if sure + maybe < reached:
            continue
        for block in range(cell_block[cell], cell_block[cell + 1]):
            first, last = leaf_start[block_leaf[block]], leaf_start[block_leaf[block + 1]]
            more, maybe, open_blocks, blocks = _open_parts(
                near, far, block_ball, block, cells, kept, cell_block, block_ball, block_weight, blocks
            )
            block_sure = sure + more
            if block_sure >= least:
                core[first:last] = True
                continue
            if block_sure + maybe < reached:
                continue
            for leaf in range(block_leaf[block], block_leaf[block + 1]):
                first, last = leaf_start[leaf], leaf_start[leaf + 1]
                leaf_sure, leaf_maybe, open_near = block_sure, 0.0, 0
                near_blocks = _room(near_blocks, 0, open_blocks)
                for k in range(open_blocks):
                    answer = ball_test(near, far, leaf_ball, leaf, block_ball, blocks[k])
                    if answer == 1:
                        leaf_sure += block_weight[blocks[k]]
                    elif answer == 2:
                        near_blocks[open_near] = blocks[k]
                        open_near += 1
                        leaf_maybe += block_weight[blocks[k]]
                if leaf_sure < least and leaf_sure + leaf_maybe >= reached:
                    more, leaf_maybe, open_leaves, leaves = _open_parts(
                        near, far, leaf_ball, leaf, near_blocks, open_near, block_leaf, leaf_ball, leaf_weight, leaves
                    )
                    leaf_sure += more
                if leaf_sure >= least:
                    core[first:last] = True
                    continue
                if leaf_sure + leaf_maybe < reached:
                    continue
                for place in range(first, last):
                    got, left = leaf_sure, leaf_maybe
                    for k in range(open_leaves):
                        part = leaves[k]
                        left -= leaf_weight[part]
                        answer = point_test(near, far, xyz, place, leaf_ball, part)
                        if answer == 1:
                            got += leaf_weight[part]
                        elif answer == 2:
                            for other in range(leaf_start[part], leaf_start[part + 1]):
                                if within(xyz, lat, lon, near, far, limit, place, other):
                                    got += w[other]
                        if got >= least or got + left < reached:
                            break
                    core[place] = got >= least


@compiled
def count_cores(grid: Any, core: Any, leaf_core: Any, cell_core: Any, low: Any, high: Any) -> None:
    """Count the marked locations of each leaf and cell."""
    for cell in range(low, high):
        total = 0
        for leaf in range(grid.cell_leaf[cell], grid.cell_leaf[cell + 1]):
            part = 0
            for place in range(grid.leaf_start[leaf], grid.leaf_start[leaf + 1]):
                if core[place]:
                    part += 1
            leaf_core[leaf] = part
            total += part
        cell_core[cell] = total


@compiled
def find_root(parent: Any, node: Any) -> Any:
    """Root of a node, halving the path on the way."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@compiled
def unite(parent: Any, a: Any, b: Any) -> None:
    """Join the sets of two nodes under the smaller root."""
    a, b = find_root(parent, a), find_root(parent, b)
    if a < b:
        parent[b] = a
    elif b < a:
        parent[a] = b


@compiled
def _join_sure(grid: Any, cell_core: Any, parent: Any) -> Any:
    """Join cells whose balls settle it; return the pairs that need distances."""
    near, far, cell_ball, span_start, span = grid.near, grid.far, grid.cell_ball, grid.span_start, grid.span
    pairs = np.empty((1024, 2), np.int32)
    used = 0
    for cell in range(cell_core.size):
        if cell_core[cell] == 0:
            continue
        for run in range(span_start[cell], span_start[cell + 1]):
            for other in range(max(span[run, 0], cell + 1), span[run, 1]):
                if cell_core[other] == 0 or find_root(parent, cell) == find_root(parent, other):
                    continue
                answer = ball_test(near, far, cell_ball, cell, cell_ball, other)
                if answer == 1:
                    unite(parent, cell, other)
                elif answer == 2:
                    if used == pairs.shape[0]:
                        pairs = grown_pairs(pairs, used)
                    pairs[used, 0], pairs[used, 1] = cell, other
                    used += 1
    return pairs[:used]


@compiled
def _still_apart(pairs: Any, parent: Any) -> Any:
    kept = np.empty_like(pairs)
    used = 0
    for k in range(pairs.shape[0]):
        if find_root(parent, pairs[k, 0]) != find_root(parent, pairs[k, 1]):
            kept[used, 0], kept[used, 1] = pairs[k, 0], pairs[k, 1]
            used += 1
    return kept[:used]


@compiled
def touch(grid: Any, core: Any, leaf_core: Any, pairs: Any, touching: Any, low: Any, high: Any) -> None:
    """Find which pairs of cells have marked locations within the radius of each other."""
    for k in range(low, high):
        touching[k] = _cells_touch(grid, core, leaf_core, pairs[k, 0], pairs[k, 1])


@compiled
def _cells_touch(grid: Any, core: Any, leaf_core: Any, a: Any, b: Any) -> Any:
    """Whether some core of one cell is within the radius of some core of the other."""
    near, far, cell_ball, leaf_ball = grid.near, grid.far, grid.cell_ball, grid.leaf_ball
    for leaf in range(grid.cell_leaf[a], grid.cell_leaf[a + 1]):
        if leaf_core[leaf] == 0:
            continue
        answer = ball_test(near, far, leaf_ball, leaf, cell_ball, b)
        if answer == 0:
            continue
        if answer == 1:
            return True
        for other in range(grid.cell_leaf[b], grid.cell_leaf[b + 1]):
            if leaf_core[other] == 0:
                continue
            fine = ball_test(near, far, leaf_ball, leaf, leaf_ball, other)
            if fine == 1:
                return True
            if fine == 2 and _leaves_touch(grid, core, leaf, other):
                return True
    return False


@compiled
def _leaves_touch(grid: Any, core: Any, a: Any, b: Any) -> Any:
    near, far, limit, leaf_ball, leaf_start = grid.near, grid.far, grid.limit, grid.leaf_ball, grid.leaf_start
    lat, lon, xyz = grid.lat, grid.lon, grid.xyz
    for place in range(leaf_start[a], leaf_start[a + 1]):
        if not core[place] or point_test(near, far, xyz, place, leaf_ball, b) == 0:
            continue
        for other in range(leaf_start[b], leaf_start[b + 1]):
            if core[other] and within(xyz, lat, lon, near, far, limit, place, other):
                return True
    return False


@compiled
def _join_touching(pairs: Any, touching: Any, parent: Any) -> None:
    for k in range(pairs.shape[0]):
        if touching[k]:
            unite(parent, pairs[k, 0], pairs[k, 1])


@compiled
def settle_roots(parent: Any) -> None:
    """Point every node straight at its root."""
    for node in range(parent.size):
        parent[node] = find_root(parent, node)


def number_clusters(
    grid: Grid,
    core: NDArray[np.bool_],
    cell_core: NDArray[np.int32],
    parent: NDArray[np.int32],
    first: NDArray[np.int64],
) -> tuple[NDArray[np.int32], int]:
    """Number connected sets of cores in the order of each one's first core point.

    Parameters
    ----------
    grid : Grid
        The locations' cells.
    core : bool array, shape (u,)
        The cores, in grid order.
    cell_core : int32 array, shape (cells,)
        Cores of each cell.
    parent : int32 array, shape (cells,)
        Root cell of each cell, as ``Prepared.join`` gives it.
    first : int64 array, shape (u,)
        Index of the first point at each location.

    Returns
    -------
    number : int32 array, shape (cells,)
        Cluster of each cell; -1 without cores.
    count : int
        Number of clusters.
    """
    earliest: NDArray[np.int64] = _earliest(grid, core, parent, first)
    roots = np.flatnonzero((parent == np.arange(parent.size)) & (cell_core > 0))
    roots = roots[np.argsort(earliest[roots], kind="stable")]
    number = np.full(parent.size, NOISE, np.int32)
    number[roots] = np.arange(roots.size, dtype=np.int32)
    return number[parent], roots.size


@compiled
def _earliest(grid: Any, core: Any, parent: Any, first: Any) -> Any:
    earliest = np.full(parent.size, np.iinfo(np.int64).max, np.int64)
    for cell in range(parent.size):
        root = parent[cell]
        for place in range(grid.cell_start[cell], grid.cell_start[cell + 1]):
            if core[place]:
                earliest[root] = min(earliest[root], first[grid.order[place]])
    return earliest


@compiled
def label_cells(
    grid: Any, core: Any, leaf_core: Any, cell_core: Any, cell_label: Any, label: Any, low: Any, high: Any
) -> None:
    """Give cores their cell's cluster, and other locations the lowest cluster that has a core within the radius."""
    near, far, cell_ball, span_start, span = grid.near, grid.far, grid.cell_ball, grid.span_start, grid.span
    for cell in range(low, high):
        begin, end = grid.cell_start[cell], grid.cell_start[cell + 1]
        # A core in the same cell is within reach, whichever it is.
        label[begin:end] = cell_label[cell]
        if cell_core[cell] == end - begin:
            continue
        for run in range(span_start[cell], span_start[cell + 1]):
            for other in range(span[run, 0], span[run, 1]):
                if cell_core[other] == 0 or other == cell:
                    continue
                found = cell_label[other]
                if cell_label[cell] >= 0 and found >= cell_label[cell]:
                    continue
                if ball_test(near, far, cell_ball, cell, cell_ball, other) != 0:
                    _label_from(grid, core, leaf_core, label, cell, other, found)


@compiled
def _label_from(grid: Any, core: Any, leaf_core: Any, label: Any, cell: Any, other: Any, found: Any) -> None:
    """Offer one cell's cluster to the non-core locations of another."""
    near, far, cell_ball, leaf_ball = grid.near, grid.far, grid.cell_ball, grid.leaf_ball
    for leaf in range(grid.cell_leaf[cell], grid.cell_leaf[cell + 1]):
        begin, end = grid.leaf_start[leaf], grid.leaf_start[leaf + 1]
        if leaf_core[leaf] == end - begin:
            continue
        if ball_test(near, far, leaf_ball, leaf, cell_ball, other) == 0:
            continue
        for place in range(begin, end):
            if core[place] or (0 <= label[place] <= found):
                continue
            if _core_within(grid, core, leaf_core, place, other):
                label[place] = found


@compiled
def _core_within(grid: Any, core: Any, leaf_core: Any, place: Any, cell: Any) -> Any:
    near, far, limit, leaf_ball, leaf_start = grid.near, grid.far, grid.limit, grid.leaf_ball, grid.leaf_start
    lat, lon, xyz = grid.lat, grid.lon, grid.xyz
    for leaf in range(grid.cell_leaf[cell], grid.cell_leaf[cell + 1]):
        if leaf_core[leaf] == 0:
            continue
        answer = point_test(near, far, xyz, place, leaf_ball, leaf)
        if answer == 1:
            return True
        if answer == 2:
            for other in range(leaf_start[leaf], leaf_start[leaf + 1]):
                if core[other] and within(xyz, lat, lon, near, far, limit, place, other):
                    return True
    return False
