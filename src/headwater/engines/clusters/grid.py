"""Cells and leaves: which locations can lie within a radius of each other.

A *cell* is a patch of the sphere whose diagonal is at most the radius, so all its locations are neighbours of one
another; cells follow bands of latitude, so that they keep their size from the equator to the poles and across the date
line. A crowded cell is cut into *leaves* of a few locations, and a very crowded one's leaves are gathered into
*blocks*. Each has a ball that holds its locations; balls decide most questions of distance for all of them at once.

Nothing here depends on weights: one grid serves every weighting of the same locations.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headwater.engines.clusters.compiled import balanced_spans, compiled, each_span, even_spans
from headwater.engines.clusters.errors import positive
from headwater.engines.clusters.locations import EARTH_RADIUS_KM, Locations

LEAST_RADIUS_KM = 0.001
MOST_RADIUS_KM = 5000.0

_CROWDED = 24  # locations in a cell from which cutting it into leaves pays
_PER_LEAF = 6
_MOST_CUTS = 64
_BATCH = 1024
_DIGIT_BITS = 11
_MOST_TABLED = 1 << 20  # bands; beyond (radii of a few metres) columns are computed one by one


class Grid(NamedTuple):
    """Locations of the sphere in the order of their cells, for one radius.

    Attributes
    ----------
    order : int32 array, shape (u,)
        Location at each place of the grid; leaves are contiguous in it, and so are blocks and cells.
    lat, lon : float64 arrays, shape (u,)
        Radians, in grid order; read only where two locations are at the radius to within rounding.
    xyz : float64 array, shape (u, 3)
        Unit vectors in grid order.
    cell_start, leaf_start : int32 arrays, shape (cells + 1,), (leaves + 1,)
        First place of each cell and leaf.
    cell_leaf, block_leaf : int32 arrays, shape (cells + 1,), (blocks + 1,)
        First leaf of each cell and block.
    cell_block : int32 array, shape (cells + 1,)
        First block of each cell.
    cell_ball, block_ball, leaf_ball : float64 arrays, shape (cells, 4), (blocks, 4), (leaves, 4)
        Centre (inside the sphere) and radius of a ball that holds the cell's, block's or leaf's locations.
    span_start : int64 array, shape (cells + 1,)
        First entry of each cell in ``span``.
    span : int32 array, shape (spans, 2)
        Runs of cells that may hold a location within the radius, the cell itself among them.
    near, far : float
        Chords below and above which a distance is surely within, surely beyond the radius, whatever the rounding.
    limit : float
        Squared sine of half the radius: what the haversine is compared with.
    """

    order: NDArray[np.int32]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    xyz: NDArray[np.float64]
    cell_start: NDArray[np.int32]
    leaf_start: NDArray[np.int32]
    cell_leaf: NDArray[np.int32]
    block_leaf: NDArray[np.int32]
    cell_block: NDArray[np.int32]
    cell_ball: NDArray[np.float64]
    block_ball: NDArray[np.float64]
    leaf_ball: NDArray[np.float64]
    span_start: NDArray[np.int64]
    span: NDArray[np.int32]
    near: float
    far: float
    limit: float


def build_grid(locations: Locations, radius_km: float, threads: int) -> Grid:
    """Sort locations into cells and leaves for one radius.

    Parameters
    ----------
    locations : Locations
        Distinct coordinates, degrees.
    radius_km : float
        Great-circle radius, 0.001..5000 km.
    threads : int
        The result doesn't depend on it.

    Returns
    -------
    Grid
        About 60 bytes a location and at most 100 bytes a cell; never more cells than locations.

    Raises
    ------
    ClusterError
        The radius is outside its range.
    """
    eps = positive("radius_km", radius_km, least=LEAST_RADIUS_KM, most=MOST_RADIUS_KM, unit="km") / EARTH_RADIUS_KM
    chord = 2.0 * math.sin(0.5 * eps)
    # A box of this side has a diagonal below the radius: chord² <= side² (latitude) + side² (longitude, at its widest).
    side = chord / math.sqrt(2.0) * (1.0 - 1e-6)
    bands = math.ceil(math.pi / side)
    side = math.pi / bands
    columns = math.ceil(2.0 * math.pi / side)

    u = locations.size
    quarters = even_spans(u, threads * 4)
    across = _columns_of_bands(bands, side, columns) if bands <= _MOST_TABLED else np.empty(0, np.int32)

    order, cell_start, cell_key = _sorted_cells(locations, side, bands, columns, across, quarters, threads)
    cells = cell_key.size
    spans = balanced_spans(cell_start[1:].astype(np.int64), threads * 8)

    lat, lon, xyz = np.empty(u), np.empty(u), np.empty((u, 3))
    heads = np.zeros(u, np.uint8)
    box = np.empty((cells, 4))
    each_span(
        lambda low, high: _take_radians(locations.lat, locations.lon, order, lat, lon, low, high), quarters, threads
    )
    each_span(lambda low, high: _cut_cells(cell_start, order, lat, lon, box, heads, low, high), spans, threads)
    leaf_start = np.append(np.flatnonzero(heads), u).astype(np.int32)
    block_start = np.append(np.flatnonzero(heads > 1), u).astype(np.int32)
    cell_leaf = np.searchsorted(leaf_start, cell_start).astype(np.int32)
    block_leaf = np.searchsorted(leaf_start, block_start).astype(np.int32)
    cell_block = np.searchsorted(block_start, cell_start).astype(np.int32)
    each_span(lambda low, high: _take_vectors(lat, lon, xyz, low, high), quarters, threads)
    leaf_ball, block_ball, cell_ball = (
        _all_balls(start, xyz, threads) for start in (leaf_start, block_start, cell_start)
    )

    cell_spans = even_spans(cells, threads * 4)
    found = each_span(
        lambda low, high: _reach(cell_key, box, eps, side, bands, columns, across, low, high), cell_spans, threads
    )
    counts = np.concatenate([part[0] for part in found]) if found else np.empty(0, np.int32)
    span = np.concatenate([part[1] for part in found]) if found else np.empty((0, 2), np.int32)
    span_start = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int64)
    # Unit vectors carry an absolute error near 1e-16, the haversine a relative one: both stay far inside this margin.
    margin = 1e-14 + 1e-9 * chord
    limit = math.sin(0.5 * eps)
    return Grid(
        order,
        lat,
        lon,
        xyz,
        cell_start,
        leaf_start,
        cell_leaf,
        block_leaf,
        cell_block,
        cell_ball,
        block_ball,
        leaf_ball,
        span_start,
        span,
        chord - margin,
        chord + margin,
        limit * limit,
    )


def _columns_of_bands(bands: int, side: float, columns: int) -> NDArray[np.int32]:
    south = -0.5 * np.pi + side * np.arange(bands)
    widest = np.where((south <= 0) & (south + side >= 0), 1.0, np.cos(np.minimum(abs(south), abs(south + side))))
    return np.clip(np.ceil(2.0 * np.pi * widest / side), 1, columns).astype(np.int32)


def _all_balls(start: NDArray[np.int32], xyz: NDArray[np.float64], threads: int) -> NDArray[np.float64]:
    ball = np.empty((start.size - 1, 4))
    each_span(lambda low, high: _balls(start, xyz, ball, low, high), even_spans(start.size - 1, threads * 4), threads)
    return ball


def _sorted_cells(
    locations: Locations,
    side: float,
    bands: int,
    columns: int,
    across: NDArray[np.int32],
    spans: list[tuple[int, int]],
    threads: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Locations in the order of their cells, where each cell starts, and its key."""
    u = locations.size
    key = np.empty(u, np.int64)
    each_span(
        lambda low, high: _cell_keys(locations.lat, locations.lon, side, bands, columns, across, key, low, high),
        spans,
        threads,
    )
    rising, order = _sorted_keys(key, bands * columns)
    starts = np.flatnonzero(rising[1:] != rising[:-1]) + 1 if u else np.empty(0, np.int64)
    cell_start = np.concatenate([[0], starts, [u]] if u else [[0]]).astype(np.int32)
    return order, cell_start, rising[cell_start[:-1]]


def _sorted_keys(key: NDArray[np.int64], bound: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Keys in rising order and the stable permutation that sorts them: a radix sort, linear in the keys."""
    order = np.arange(key.size, dtype=np.int32)
    spare_key, spare_order = np.empty_like(key), np.empty_like(order)
    digits = max(1, math.ceil(max(1, bound - 1).bit_length() / _DIGIT_BITS))
    for digit in range(digits):
        _radix_pass(key, order, spare_key, spare_order, digit * _DIGIT_BITS)
        key, spare_key, order, spare_order = spare_key, key, spare_order, order
    return key, order


@compiled
def _take_radians(lat_deg: Any, lon_deg: Any, order: Any, lat: Any, lon: Any, low: Any, high: Any) -> None:
    """Coordinates in the grid's order, in radians as ``numpy.radians`` gives them."""
    for place in range(low, high):
        lat[place] = np.radians(lat_deg[order[place]])
        lon[place] = np.radians(lon_deg[order[place]])


@compiled
def sine_cosine(angle: Any) -> Any:
    """Sine and cosine of an angle within ±2π, to 1e-15: enough for chords, whose margin is ten times wider.

    Taylor series about the nearest quarter turn, so that a loop over it becomes vector instructions; the library's
    functions are exact to the last bit and take six times as long.
    """
    turns = np.floor(angle * (2.0 / np.pi) + 0.5)
    x = (angle - turns * 1.5707963267948966) - turns * 6.123233995736766e-17
    z = x * x
    sine = -1.0 / 1307674368000.0 + z * (1.0 / 355687428096000.0)
    sine = x + x * z * (
        -1.0 / 6.0
        + z
        * (
            1.0 / 120.0
            + z * (-1.0 / 5040.0 + z * (1.0 / 362880.0 + z * (-1.0 / 39916800.0 + z * (1.0 / 6227020800.0 + z * sine))))
        )
    )
    cosine = 1.0 / 20922789888000.0 - z * (1.0 / 6402373705728000.0)
    cosine = 1.0 + z * (
        -0.5
        + z
        * (
            1.0 / 24.0
            + z
            * (
                -1.0 / 720.0
                + z
                * (
                    1.0 / 40320.0
                    + z * (-1.0 / 3628800.0 + z * (1.0 / 479001600.0 + z * (-1.0 / 87178291200.0 + z * cosine)))
                )
            )
        )
    )
    odd = turns - 2.0 * np.floor(turns * 0.5)  # 0: a half or no turn, 1: a quarter
    flip = 1.0 - (turns - odd - 4.0 * np.floor((turns - odd) * 0.25))  # 1, or -1 past half a turn
    return flip * (sine + odd * (cosine - sine)), flip * (cosine - odd * (cosine + sine))


@compiled
def _take_vectors(lat: Any, lon: Any, xyz: Any, low: Any, high: Any) -> None:
    """Unit vectors of a span, by the batch: loops this plain become vector instructions."""
    lat, lon, xyz = lat[low:high], lon[low:high], xyz[low:high]
    held = np.empty((4, _BATCH))
    for begin in range(0, lat.size, _BATCH):
        count = min(_BATCH, lat.size - begin)
        for k in range(count):
            held[0, k], held[1, k] = sine_cosine(lat[begin + k])
        for k in range(count):
            held[2, k], held[3, k] = sine_cosine(lon[begin + k])
        for k in range(count):
            xyz[begin + k, 0] = held[1, k] * held[3, k]
            xyz[begin + k, 1] = held[1, k] * held[2, k]
            xyz[begin + k, 2] = held[0, k]


@compiled
def haversine(lat_a: Any, lon_a: Any, lat_b: Any, lon_b: Any) -> Any:
    """Squared sine of half the angle between two places (radians), in the operations and order scikit-learn uses."""
    half_lat = np.sin(0.5 * (lat_a - lat_b))
    half_lon = np.sin(0.5 * (lon_a - lon_b))
    return half_lat * half_lat + np.cos(lat_a) * np.cos(lat_b) * half_lon * half_lon


@compiled
def within(xyz: Any, lat: Any, lon: Any, near: Any, far: Any, limit: Any, i: Any, j: Any) -> Any:
    """Whether the locations at two places of the grid are within the radius, exactly as the haversine says.

    Arguments are the grid's own arrays: passing the grid itself would count references in the innermost loops.
    """
    dx, dy, dz = xyz[i, 0] - xyz[j, 0], xyz[i, 1] - xyz[j, 1], xyz[i, 2] - xyz[j, 2]
    square = dx * dx + dy * dy + dz * dz
    if square < near * near:
        return True
    if square > far * far:
        return False
    return haversine(lat[i], lon[i], lat[j], lon[j]) <= limit


@compiled
def ball_test(near: Any, far: Any, ball: Any, a: Any, other: Any, b: Any) -> Any:
    """1: every pair of two balls is within the radius; 0: no pair is; 2: some may be."""
    dx, dy, dz = ball[a, 0] - other[b, 0], ball[a, 1] - other[b, 1], ball[a, 2] - other[b, 2]
    square = dx * dx + dy * dy + dz * dz
    both = ball[a, 3] + other[b, 3]
    out = far + both
    if square > out * out:
        return 0
    inside = near - both
    if inside > 0.0 and square < inside * inside:
        return 1
    return 2


@compiled
def point_test(near: Any, far: Any, xyz: Any, i: Any, ball: Any, b: Any) -> Any:
    """1: the location at place i is within the radius of all a ball holds; 0: of none; 2: of some, perhaps."""
    dx, dy, dz = xyz[i, 0] - ball[b, 0], xyz[i, 1] - ball[b, 1], xyz[i, 2] - ball[b, 2]
    square = dx * dx + dy * dy + dz * dz
    out = far + ball[b, 3]
    if square > out * out:
        return 0
    inside = near - ball[b, 3]
    if inside > 0.0 and square < inside * inside:
        return 1
    return 2


@compiled
def _columns_of(band: Any, side: Any, columns: Any, across: Any) -> Any:
    """Columns of a band of latitude: so many that none is wider than the side at its widest latitude."""
    if across.size > 0:
        return np.int64(across[band])
    south = -0.5 * np.pi + side * band
    widest = 1.0
    if south > 0.0:
        widest = np.cos(south)
    elif south + side < 0.0:
        widest = np.cos(south + side)
    return min(max(np.int64(1), np.int64(np.ceil(2.0 * np.pi * widest / side))), columns)


@compiled
def _cell_keys(
    lat: Any, lon: Any, side: Any, bands: Any, columns: Any, across: Any, key: Any, low: Any, high: Any
) -> None:
    for i in range(low, high):
        band = min(max(np.int64((np.radians(lat[i]) + 0.5 * np.pi) / side), 0), bands - 1)
        count = _columns_of(band, side, columns, across)
        column = min(max(np.int64((np.radians(lon[i]) + np.pi) / (2.0 * np.pi) * count), 0), count - 1)
        key[i] = band * columns + column


@compiled
def _radix_pass(key: Any, order: Any, out_key: Any, out_order: Any, shift: Any) -> None:
    """Move keys and their permutation to the order of one digit, keeping ties in place."""
    buckets = 1 << _DIGIT_BITS
    mask = buckets - 1
    at = np.zeros(buckets + 1, np.int64)
    for i in range(key.size):
        at[((key[i] >> shift) & mask) + 1] += 1
    for bucket in range(buckets):
        at[bucket + 1] += at[bucket]
    for i in range(key.size):
        digit = (key[i] >> shift) & mask
        to = at[digit]
        at[digit] = to + 1
        out_key[to] = key[i]
        out_order[to] = order[i]


@compiled
def _step(position: Any, cuts: Any) -> Any:
    return min(np.int64(position), np.int64(cuts - 1))


@compiled
def _cut_cells(cell_start: Any, order: Any, lat: Any, lon: Any, box: Any, heads: Any, low: Any, high: Any) -> None:
    """Order the locations of crowded cells by block and leaf; mark where leaves (1) and blocks and cells (2) begin."""
    bucket = np.zeros(_MOST_CUTS * _MOST_CUTS + 1, np.int64)
    held = np.empty(16, np.int32)
    leaf = np.empty(16, np.int32)
    place_lat, place_lon = np.empty(16), np.empty(16)
    for cell in range(low, high):
        begin, end = cell_start[cell], cell_start[cell + 1]
        heads[begin] = 2
        count = end - begin
        south, north, west, east = lat[begin], lat[begin], lon[begin], lon[begin]
        for place in range(begin + 1, end):
            south, north = min(south, lat[place]), max(north, lat[place])
            west, east = min(west, lon[place]), max(east, lon[place])
        box[cell, 0], box[cell, 1], box[cell, 2], box[cell, 3] = south, north, west, east
        if count < _CROWDED:
            continue
        cuts = 2
        while cuts < _MOST_CUTS and cuts * cuts * _PER_LEAF < count:
            cuts *= 2
        # Half of the cuts, on a logarithmic scale, make blocks; where there are few leaves, the cell is the block.
        per_block = 1
        while per_block * per_block < cuts:
            per_block *= 2
        if cuts < 8:
            per_block = cuts
        wide = cuts // per_block
        up = cuts / (north - south) if north > south else 0.0
        right = cuts / (east - west) if east > west else 0.0
        if held.size < count:
            held, leaf = np.empty(2 * count, np.int32), np.empty(2 * count, np.int32)
            place_lat, place_lon = np.empty(2 * count), np.empty(2 * count)
        bucket[: cuts * cuts + 1] = 0
        for k in range(count):
            held[k], place_lat[k], place_lon[k] = order[begin + k], lat[begin + k], lon[begin + k]
            row = _step((place_lat[k] - south) * up, cuts)
            column = _step((place_lon[k] - west) * right, cuts)
            block = (row // per_block) * wide + column // per_block
            leaf[k] = (block * per_block + row % per_block) * per_block + column % per_block
            bucket[leaf[k] + 1] += 1
        block = -1
        for k in range(cuts * cuts):
            if bucket[k + 1] > 0:
                heads[begin + bucket[k]] = 1 if block == k // (per_block * per_block) else 2
                block = k // (per_block * per_block)
            bucket[k + 1] += bucket[k]
        for k in range(count):
            to = begin + bucket[leaf[k]]
            order[to], lat[to], lon[to] = held[k], place_lat[k], place_lon[k]
            bucket[leaf[k]] += 1


@compiled
def _balls(start: Any, xyz: Any, ball: Any, low: Any, high: Any) -> None:
    """Balls around the mean of each group's unit vectors; the margin keeps rounding on the safe side."""
    for group in range(low, high):
        x = y = z = 0.0
        count = start[group + 1] - start[group]
        for place in range(start[group], start[group + 1]):
            x += xyz[place, 0]
            y += xyz[place, 1]
            z += xyz[place, 2]
        x, y, z = x / count, y / count, z / count
        square = 0.0
        for place in range(start[group], start[group + 1]):
            dx, dy, dz = xyz[place, 0] - x, xyz[place, 1] - y, xyz[place, 2] - z
            square = max(square, dx * dx + dy * dy + dz * dz)
        ball[group, 0], ball[group, 1], ball[group, 2] = x, y, z
        ball[group, 3] = np.sqrt(square) * (1.0 + 1e-12) + 1e-15


@compiled
def _first_at_least(key: Any, value: Any, hint: Any) -> Any:
    """First index whose key is >= value. Looks ahead from the hint first: neighbours ask for neighbours."""
    low, high = np.int64(0), np.int64(key.size)
    if hint < high and (hint == 0 or key[hint - 1] < value):
        low = hint
        step = np.int64(1)
        while low + step < high and key[low + step] < value:
            low += step
            step *= 2
        high = min(high, low + step + 1)
    while low < high:
        middle = (low + high) >> 1
        if key[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def grown_pairs(pairs: Any, used: Any) -> Any:
    """A table of pairs twice as long with the first rows copied, one by one (slices compile twenty times slower)."""
    larger = np.empty((2 * pairs.shape[0], 2), np.int32)
    for k in range(used):
        larger[k, 0], larger[k, 1] = pairs[k, 0], pairs[k, 1]
    return larger


@compiled
def _reach(
    cell_key: Any, box: Any, eps: Any, side: Any, bands: Any, columns: Any, across: Any, low: Any, high: Any
) -> Any:
    """Runs of cells that may hold a neighbour, for each cell of a span: at most two in each of five bands.

    The reach in longitude of a cap of radius eps centred at latitude p is asin(sin eps / cos p); where the cap
    holds a pole it is everything.
    """
    counts = np.zeros(high - low, np.int32)
    runs = np.empty((max(16, 6 * (high - low)), 2), np.int32)
    used = 0
    hints = np.zeros((5, 4), np.int64)
    for cell in range(low, high):
        if used + 10 > runs.shape[0]:
            runs = grown_pairs(runs, used)
        band = cell_key[cell] // columns
        south, north, west, east = box[cell, 0], box[cell, 1], box[cell, 2], box[cell, 3]
        steepest = max(abs(south), abs(north))
        everywhere = steepest + eps >= 0.5 * np.pi - 1e-9
        reach = 0.0
        if not everywhere:
            reach = np.arcsin(min(1.0, np.sin(eps) / np.cos(steepest))) * (1.0 + 1e-9) + 1e-12
        before = used
        for offset in range(-2, 3):
            other = band + offset
            if other < 0 or other >= bands:
                continue
            count = _columns_of(other, side, columns, across)
            first = np.int64(np.floor((west - reach + np.pi) / (2.0 * np.pi) * count))
            last = np.int64(np.floor((east + reach + np.pi) / (2.0 * np.pi) * count))
            hint = hints[offset + 2]
            if everywhere or last - first + 1 >= count:
                first, last = np.int64(0), count - 1
            if first >= 0 and last < count:
                hint[0] = _first_at_least(cell_key, other * columns + first, hint[0])
                hint[1] = _first_at_least(cell_key, other * columns + last + 1, hint[1])
                if hint[1] > hint[0]:
                    runs[used, 0], runs[used, 1] = hint[0], hint[1]
                    used += 1
            else:
                first, last = first % count, last % count
                hint[0] = _first_at_least(cell_key, other * columns, hint[0])
                hint[1] = _first_at_least(cell_key, other * columns + last + 1, hint[1])
                if hint[1] > hint[0]:
                    runs[used, 0], runs[used, 1] = hint[0], hint[1]
                    used += 1
                hint[2] = _first_at_least(cell_key, other * columns + first, hint[2])
                hint[3] = _first_at_least(cell_key, other * columns + count, hint[3])
                if hint[3] > hint[2]:
                    runs[used, 0], runs[used, 1] = hint[2], hint[3]
                    used += 1
        counts[cell - low] = used - before
    return counts, runs[:used].copy()
