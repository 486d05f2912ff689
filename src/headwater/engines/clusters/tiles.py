"""The same clusters from tiles of the sphere, each worked on apart: what goes past one machine's memory.

A tile is a patch of latitudes and longitudes. With a halo of twice the radius it finds exactly which locations within
one radius of it are cores; cores within the radius of each other, at least one of them its own, are joined in it; and
tiles are joined where they share a core. Numbers and borders follow from all tiles together, so that labels are those
of one machine. Pure: who runs the tiles, and where, is the caller's matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.clusters.density import (
    NOISE,
    Prepared,
    count_cores,
    label_cells,
    number_clusters,
    prepare_locations,
)
from headwater.engines.clusters.errors import ClusterError, positive
from headwater.engines.clusters.grid import LEAST_RADIUS_KM, MOST_RADIUS_KM
from headwater.engines.clusters.locations import EARTH_RADIUS_KM, Locations, collapse_points

CELLS_PER_DEGREE = 2
_SLACK = 1e-7  # degrees that a halo is wider than it need be, against rounding
_FIELDS = ("lat", "lon", "weight", "first")


@dataclass(frozen=True, slots=True)
class Tile:
    """A patch of the sphere, in degrees; its south and west edges belong to it, north and east ones at the far ends."""

    south: float
    north: float
    west: float
    east: float

    def holds(self, lat: NDArray[np.float64], lon: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether places belong to the tile itself."""
        up = (lat < self.north) | ((self.north >= 90) & (lat <= 90))
        right = (lon < self.east) | ((self.east >= 180) & (lon <= 180))
        return np.asarray((lat >= self.south) & up & (lon >= self.west) & right)

    def near(self, lat: NDArray[np.float64], lon: NDArray[np.float64], reach_km: float) -> NDArray[np.bool_]:
        """Whether places may lie within a distance of the tile; surely true of those that do."""
        angle = np.degrees(reach_km / EARTH_RADIUS_KM) + _SLACK
        inside = (lat >= self.south - angle) & (lat <= self.north + angle)
        pole = max(abs(self.south), abs(self.north)) + angle
        if pole >= 90 or self.east - self.west >= 360:
            return np.asarray(inside)
        # Places within the angle of a place at latitude p differ from it by at most this in longitude.
        widest = np.cos(np.radians(max(abs(self.south), abs(self.north))))
        ratio = np.sin(np.radians(angle)) / widest
        if angle >= 90 or ratio >= 1:
            return np.asarray(inside)
        side = np.degrees(np.arcsin(ratio)) + _SLACK
        middle, half = (self.west + self.east) / 2, (self.east - self.west) / 2 + side
        away = np.abs((lon - middle + 180) % 360 - 180)
        return np.asarray(inside & (away <= half))


@dataclass(frozen=True, slots=True)
class Piece:
    """Distinct locations of some points: coordinates, weight, and the number of the first point over all parts."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    weight: NDArray[np.float64]
    first: NDArray[np.int64]

    def take(self, chosen: NDArray[Any]) -> Piece:
        return Piece(*(getattr(self, name)[chosen] for name in _FIELDS))


def piece_of(locations: Locations, weight: Any, offset: int) -> Piece:
    """The distinct locations of one part of the points.

    Parameters
    ----------
    locations : Locations
        Of the part's points.
    weight : array, shape (points,), or None
        Weight of each point; 1 when None.
    offset : int
        Number of points in the parts before this one.

    Returns
    -------
    Piece
    """
    return Piece(locations.lat, locations.lon, locations.gather(weight), locations.first + offset)


def histogram(piece: Piece) -> NDArray[np.int64]:
    """Locations of a piece by half-degree cells, shape (360, 720): what tiles are planned from."""
    counted = np.zeros((180 * CELLS_PER_DEGREE, 360 * CELLS_PER_DEGREE), np.int64)
    up = np.clip(((piece.lat + 90) * CELLS_PER_DEGREE).astype(np.int64), 0, counted.shape[0] - 1)
    right = np.clip(((piece.lon + 180) * CELLS_PER_DEGREE).astype(np.int64), 0, counted.shape[1] - 1)
    np.add.at(counted, (up, right), 1)
    return counted


def plan_tiles(counted: NDArray[np.int64], *, tiles: int) -> list[Tile]:
    """Cut the sphere into tiles that hold about as many locations each.

    Parameters
    ----------
    counted : int array, shape (360, 720)
        Sum of the pieces' ``histogram``.
    tiles : int
        How many, at most; fewer where locations crowd in few cells.

    Returns
    -------
    list of Tile
        They cover the sphere and don't overlap.

    Raises
    ------
    ClusterError
        ``tiles`` is below 1.
    """
    if tiles < 1:
        raise ClusterError(f"tiles must be 1 or more, got {tiles}")
    bands = max(1, round(np.sqrt(tiles)))
    found = []
    rows = _cuts(counted.sum(axis=1), bands)
    for low, high in pairwise(rows):
        columns = _cuts(counted[low:high].sum(axis=0), max(1, tiles // bands))
        found += [
            Tile(
                low / CELLS_PER_DEGREE - 90,
                high / CELLS_PER_DEGREE - 90,
                left / CELLS_PER_DEGREE - 180,
                right / CELLS_PER_DEGREE - 180,
            )
            for left, right in pairwise(columns)
        ]
    return found


def _cuts(counted: NDArray[np.int64], pieces: int) -> list[int]:
    """Where to cut a row of cells into pieces of about equal count: first and last edge included."""
    total = np.cumsum(counted)
    wanted = total[-1] * np.arange(1, pieces) / pieces
    inner = {int(cut) + 1 for cut in np.searchsorted(total, wanted)} if total[-1] else set()
    return sorted({0, counted.size} | {cut for cut in inner if 0 < cut < counted.size})


def split_piece(piece: Piece, tiles: Sequence[Tile], radius_km: float) -> list[Piece]:
    """The locations of a piece that each tile needs: its own and those within twice the radius of it.

    Parameters
    ----------
    piece : Piece
        Distinct locations of one part.
    tiles : sequence of Tile
        The plan.
    radius_km : float
        Great-circle radius, km.

    Returns
    -------
    list of Piece, one a tile
    """
    reach = positive("radius_km", radius_km, least=LEAST_RADIUS_KM, most=MOST_RADIUS_KM, unit="km")
    return [piece.take(tile.near(piece.lat, piece.lon, 2 * reach)) for tile in tiles]


@dataclass(frozen=True, slots=True)
class TileCores:
    """A tile's cores joined among themselves, ready to be labelled once all tiles are joined.

    Attributes
    ----------
    prepared : Prepared
        The tile's locations, its own and its halo's.
    weight : float64 array, shape (u,)
        Weight of each location.
    own : bool array, shape (u,)
        Whether a location belongs to the tile itself.
    core : bool array, shape (u,)
        In grid order; exact within one radius of the tile, off beyond.
    group : int32 array, shape (cells,)
        Group of cores of each cell; -1 without cores.
    earliest : int64 array, shape (groups,)
        First point of each group.
    shared_lat, shared_lon, shared_group : arrays
        The cores that other tiles may hold too, with their groups.
    where : int32 array
        Location of each entry of the pieces, one piece after the other.
    """

    prepared: Prepared
    weight: NDArray[np.float64]
    own: NDArray[np.bool_]
    core: NDArray[np.bool_]
    group: NDArray[np.int32]
    earliest: NDArray[np.int64]
    shared_lat: NDArray[np.float64]
    shared_lon: NDArray[np.float64]
    shared_group: NDArray[np.int32]
    where: NDArray[np.int32]


def tile_cores(
    tile: Tile, pieces: Sequence[Piece], *, radius_km: float, min_weight: float, threads: int | None = None
) -> TileCores:
    """Find a tile's cores and join those within the radius of each other.

    Parameters
    ----------
    tile : Tile
        The tile.
    pieces : sequence of Piece
        What ``split_piece`` gave for this tile, one of each part, in the order of the parts.
    radius_km : float
        Great-circle radius, km.
    min_weight : float
        Weight within the radius, the location itself included, that makes a core. > 0.
    threads : int, optional
        All processors when not given.

    Returns
    -------
    TileCores

    Raises
    ------
    ClusterError
        A parameter is out of range.

    Notes
    -----
    Weights of one location are summed in the order of the parts: whole numbers exactly, fractions to rounding.
    """
    whole = Piece(*(np.concatenate([getattr(one, name) for one in pieces]) for name in _FIELDS))
    merged = collapse_points(whole.lat, whole.lon, threads=threads)
    first = np.full(merged.size, np.iinfo(np.int64).max, np.int64)
    np.minimum.at(first, merged.location_of, whole.first)
    places = Locations(merged.lat, merged.lon, merged.count, first, merged.location_of, 0, 0)
    prepared = prepare_locations(places, radius_km, threads=threads)
    weight = merged.gather(whole.weight)
    grid = prepared.grid
    clustering = prepared.cluster(weight, min_weight=min_weight)
    order = grid.order
    close = tile.near(places.lat, places.lon, radius_km)
    core = (clustering.location_core & close)[order]
    leaf_core, cell_core = _counted(prepared, core)
    parent = prepared.join(core, leaf_core, cell_core)
    group, groups = number_clusters(grid, core, cell_core, parent, first)
    earliest = np.full(groups, np.iinfo(np.int64).max, np.int64)
    cell_of = np.repeat(np.arange(cell_core.size), np.diff(grid.cell_start))
    np.minimum.at(earliest, group[cell_of[core]], first[order[core]])
    own = tile.holds(places.lat, places.lon)
    # Cores of the tile that lie near its edge are in another's halo; those of its halo are another's own.
    lat, lon = places.lat[order], places.lon[order]
    shared = core & (~own[order] | _near_edge(tile, lat, lon, radius_km))
    return TileCores(
        prepared,
        weight,
        own,
        core,
        group,
        earliest,
        lat[shared],
        lon[shared],
        group[cell_of[shared]],
        merged.location_of,
    )


def _counted(prepared: Prepared, core: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    grid = prepared.grid
    leaf_core = np.zeros(grid.leaf_start.size - 1, np.int32)
    cell_core = np.zeros(grid.cell_start.size - 1, np.int32)
    count_cores(grid, core, leaf_core, cell_core, 0, cell_core.size)
    return leaf_core, cell_core


def _near_edge(tile: Tile, lat: NDArray[np.float64], lon: NDArray[np.float64], radius_km: float) -> NDArray[np.bool_]:
    """Whether places of a tile may lie within the radius of another tile."""
    edges = [Tile(-90, tile.south, -180, 180), Tile(tile.north, 90, -180, 180)]
    found = np.zeros(lat.size, np.bool_)
    for edge, there in zip(edges, (tile.south > -90, tile.north < 90), strict=True):
        if there:
            found |= edge.near(lat, lon, radius_km)
    if tile.east - tile.west < 360:
        for side in (tile.west, tile.east):
            found |= Tile(tile.south, tile.north, side, side).near(lat, lon, radius_km)
    return found


@dataclass(frozen=True, slots=True)
class Joined:
    """Cluster of each tile's groups, and how many clusters there are."""

    cluster: list[NDArray[np.int32]]
    count: int


def join_tiles(found: Sequence[tuple[Any, Any, Any, Any]]) -> Joined:
    """Join tiles where they share cores, and number the clusters by their first core point.

    Parameters
    ----------
    found : sequence of tuples, one a tile
        ``earliest``, ``shared_lat``, ``shared_lon`` and ``shared_group`` of its ``TileCores``.

    Returns
    -------
    Joined
    """
    base = np.concatenate([[0], np.cumsum([len(one[0]) for one in found])]).astype(np.int64)
    parent = np.arange(base[-1])

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = int(parent[node])
        return node

    lat = np.concatenate([np.asarray(one[1]) for one in found]) if found else np.empty(0)
    lon = np.concatenate([np.asarray(one[2]) for one in found]) if found else np.empty(0)
    node = np.concatenate([np.asarray(one[3], np.int64) + base[k] for k, one in enumerate(found)])
    order = np.lexsort((node, lon, lat))
    same = (lat[order][1:] == lat[order][:-1]) & (lon[order][1:] == lon[order][:-1])
    pairs = np.unique(np.column_stack([node[order][:-1][same], node[order][1:][same]]), axis=0)
    for one, other in pairs.tolist():
        a, b = root(one), root(other)
        if a != b:
            parent[max(a, b)] = min(a, b)
    roots = np.array([root(k) for k in range(parent.size)], np.int64)
    earliest = np.full(parent.size, np.iinfo(np.int64).max, np.int64)
    every = np.concatenate([np.asarray(one[0], np.int64) for one in found])
    np.minimum.at(earliest, roots, every)
    alone = np.unique(roots)
    number = np.full(parent.size, NOISE, np.int32)
    number[alone[np.argsort(earliest[alone], kind="stable")]] = np.arange(alone.size, dtype=np.int32)
    cluster = number[roots] if parent.size else np.empty(0, np.int32)
    return Joined([cluster[base[k] : base[k + 1]] for k in range(len(found))], int(alone.size))


@dataclass(frozen=True, slots=True)
class TileLabels:
    """A tile's own locations with their clusters, and the labels of the pieces' entries that are its own.

    Attributes
    ----------
    lat, lon, weight : float64 arrays
        Own locations that lie in a cluster.
    label : int32 array
        Their clusters.
    core : bool array
        Whether they are cores.
    first : int64 array
        First point of each.
    by_piece : list of (int64 array, int32 array)
        For each piece: which of its entries are the tile's own, and their labels (-1 noise).
    own : int
        Number of distinct locations of the tile itself, noise among them.
    """

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    weight: NDArray[np.float64]
    label: NDArray[np.int32]
    core: NDArray[np.bool_]
    first: NDArray[np.int64]
    by_piece: list[tuple[NDArray[np.int64], NDArray[np.int32]]]
    own: int


def tile_labels(cores: TileCores, cluster: NDArray[np.int32], sizes: Sequence[int]) -> TileLabels:
    """Label a tile's own locations once its groups' clusters are known.

    Parameters
    ----------
    cores : TileCores
        From ``tile_cores``.
    cluster : int32 array, shape (groups,)
        From ``join_tiles``.
    sizes : sequence of int
        Length of each piece of the tile.

    Returns
    -------
    TileLabels
    """
    grid, places = cores.prepared.grid, cores.prepared.locations
    leaf_core, cell_core = _counted(cores.prepared, cores.core)
    cell_label = np.where(cores.group >= 0, np.append(cluster, NOISE)[cores.group], NOISE).astype(np.int32)
    label = np.full(places.size, NOISE, np.int32)
    if places.size:
        label_cells(grid, cores.core, leaf_core, cell_core, cell_label, label, 0, cell_core.size)
    by_location, core = np.empty(places.size, np.int32), np.empty(places.size, np.bool_)
    by_location[grid.order], core[grid.order] = label, cores.core
    inside = cores.own & (by_location >= 0)
    by_piece, begin = [], 0
    for size in sizes:
        where = cores.where[begin : begin + size]
        mine = np.flatnonzero(cores.own[where])
        by_piece.append((mine, by_location[where[mine]]))
        begin += size
    return TileLabels(
        places.lat[inside],
        places.lon[inside],
        cores.weight[inside],
        by_location[inside],
        core[inside],
        places.first[inside],
        by_piece,
        int(cores.own.sum()),
    )
