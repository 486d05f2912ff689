"""Points collapsed to distinct coordinates.

Geocodes repeat: an address register of millions of lines holds a fifth as many coordinates. Everything after this step
works on distinct coordinates ("locations") and on the total weight that each carries.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.engines.clusters.compiled import available_threads, compiled, each_span, even_spans
from headwater.engines.clusters.errors import ClusterError, column, weight_column

EARTH_RADIUS_KM = 6371.0088
"""Mean Earth radius of the International Union of Geodesy and Geophysics, km."""

_POINTS_PER_PART = 8192  # a part's table of twice that many entries stays in a core's own cache
_MOST_BITS = 12


@dataclass(frozen=True, slots=True)
class Locations:
    """Distinct coordinates and the way from each point to its own.

    Attributes
    ----------
    lat, lon : float64 arrays, shape (u,)
        Degrees. -0.0 counts as 0.0; 180 and -180 stay two locations (their distance is zero all the same).
    count : int64 array, shape (u,)
        Points at each location; sums to the number of located points.
    first : int64 array, shape (u,)
        Index of the first point at each location: the order in which clusters are numbered.
    location_of : int32 array, shape (n,)
        Location of each point; -1 for a point without a place.
    missing : int
        Points whose latitude or longitude is nan.
    out_of_range : int
        Points with a latitude beyond ±90, a longitude beyond ±180, or an infinite one.
    """

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    count: NDArray[np.int64]
    first: NDArray[np.int64]
    location_of: NDArray[np.int32]
    missing: int
    out_of_range: int

    @property
    def size(self) -> int:
        """Number of distinct locations."""
        return int(self.lat.size)

    @property
    def unlocated(self) -> int:
        """Points without a usable place."""
        return self.missing + self.out_of_range

    def gather(self, point_weight: Any = None) -> NDArray[np.float64]:
        """Total weight at each location, shape (u,); the number of points where no weight is given.

        Parameters
        ----------
        point_weight : array, shape (n,), optional
            One weight per point, finite and >= 0. Those of points without a place are left out.

        Raises
        ------
        ClusterError
            The length differs, or a weight is negative or not finite.
        """
        if point_weight is None:
            return self.count.astype(np.float64)
        weight = weight_column("point_weight", point_weight, self.location_of.size)
        total = np.zeros(self.size)
        _add_by_location(self.location_of, weight, total)
        return total

    def spread(self, location_label: NDArray[np.int32]) -> NDArray[np.int32]:
        """Labels of locations carried to the points, in input order; -1 for a point without a place."""
        if location_label.size != self.size:
            raise ClusterError(f"location_label must have {self.size} entries, got {location_label.size}")
        labels = np.empty(self.location_of.size, np.int32)
        threads = available_threads()
        source = np.ascontiguousarray(location_label, dtype=np.int32)
        each_span(
            lambda low, high: _spread(self.location_of, source, labels, low, high),
            even_spans(labels.size, threads),
            threads,
        )
        return labels


def collapse_points(lat: Any, lon: Any, *, threads: int | None = None) -> Locations:
    """Collapse points to distinct coordinates.

    Parameters
    ----------
    lat, lon : arrays, shape (n,)
        Degrees, WGS 84. nan = no place. Outside ±90, ±180 = no place either, counted apart.
    threads : int, optional
        All processors when not given. The result doesn't depend on it.

    Returns
    -------
    Locations
        Conserves points: ``count.sum() + missing + out_of_range == n``.

    Raises
    ------
    ClusterError
        Shapes disagree, or there are 2**31 points or more.

    Notes
    -----
    Exact: two points share a location when both coordinates are the same numbers. Linear in n: points are dealt into
    parts by a hash of their coordinates, and each part is collapsed by a table that fits a processor's cache. Beyond
    the input it holds 28 bytes a point and 32 bytes a location.

    >>> collapse_points([31.2, 31.2, 30.3, float("nan")], [121.5, 121.5, 120.2, 120.0]).location_of.tolist()
    [0, 0, 1, -1]
    """
    lat_deg = column("lat", lat)
    lon_deg = column("lon", lon, lat_deg.size)
    n = lat_deg.size
    if n >= 2**31 - 1:
        raise ClusterError(f"at most 2,147,483,646 points fit one run, got {n}. Split the world.")
    threads = available_threads() if threads is None else max(1, threads)
    bits = int(np.clip(math.ceil(math.log2(max(n, 1) / _POINTS_PER_PART)), 0, _MOST_BITS))
    parts = 1 << bits

    lat_bits, lon_bits = lat_deg.view(np.uint64), lon_deg.view(np.uint64)
    spans = even_spans(n, threads)
    tallies = each_span(lambda low, high: _tally(lat_deg, lon_deg, lat_bits, lon_bits, bits, low, high), spans, threads)
    missing = int(sum(tally[parts] for tally in tallies))
    out_of_range = int(sum(tally[parts + 1] for tally in tallies))
    start = np.zeros(parts + 1, np.int64)
    np.cumsum(sum((tally[:parts] for tally in tallies), np.zeros(parts, np.int64)), out=start[1:])
    cursors, running = {}, start[:-1].copy()
    for span, tally in zip(spans, tallies, strict=True):
        cursors[span] = running.copy()
        running += tally[:parts]

    located = int(start[-1])
    dealt_lat, dealt_lon = np.empty(located, np.uint64), np.empty(located, np.uint64)
    dealt_from, local = np.empty(located, np.int32), np.empty(located, np.int32)
    location_of = np.full(n, -1, np.int32)
    each_span(
        lambda low, high: _deal(
            lat_deg, lon_deg, lat_bits, lon_bits, bits, low, high, cursors[low, high], dealt_lat, dealt_lon, dealt_from
        ),
        spans,
        threads,
    )
    distinct = np.zeros(parts, np.int64)
    part_spans = even_spans(parts, threads * 8)
    each_span(lambda low, high: _collapse(start, dealt_lat, dealt_lon, local, distinct, low, high), part_spans, threads)
    base = np.zeros(parts + 1, np.int64)
    np.cumsum(distinct, out=base[1:])
    u = int(base[-1])
    out_lat, out_lon = np.empty(u, np.uint64), np.empty(u, np.uint64)
    count, first = np.zeros(u, np.int64), np.empty(u, np.int64)
    each_span(
        lambda low, high: _settle(
            start, base, dealt_lat, dealt_lon, dealt_from, local, location_of, out_lat, out_lon, count, first, low, high
        ),
        part_spans,
        threads,
    )
    return Locations(
        out_lat.view(np.float64), out_lon.view(np.float64), count, first, location_of, missing, out_of_range
    )


@compiled
def _mix(lat_bits: Any, lon_bits: Any) -> Any:
    """Hash of two coordinates' bits (the finaliser of SplitMix64); -0.0 hashes as 0.0 because callers clear it."""
    value = lat_bits * np.uint64(0x9E3779B97F4A7C15) ^ (lon_bits + (lat_bits >> np.uint64(29)))
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@compiled
def _unsigned_zero(bits: Any) -> Any:
    """Bits of 0.0 for -0.0; any other bits as they are."""
    if bits == np.uint64(0x8000000000000000):
        return np.uint64(0)
    return bits


@compiled
def _fault(lat: Any, lon: Any) -> Any:
    """0: a place; 1: nan; 2: out of range."""
    if lat != lat or lon != lon:
        return 1
    if abs(lat) <= 90.0 and abs(lon) <= 180.0:
        return 0
    return 2


@compiled
def _tally(lat: Any, lon: Any, lat_bits: Any, lon_bits: Any, bits: Any, low: Any, high: Any) -> Any:
    """Points of a span in each part, then without a place, then out of range."""
    parts = 1 << bits
    tally = np.zeros(parts + 2, np.int64)
    shift = np.uint64(64 - bits)
    for i in range(low, high):
        fault = _fault(lat[i], lon[i])
        if fault:
            tally[parts + fault - 1] += 1
        elif bits == 0:
            tally[0] += 1
        else:
            tally[np.int64(_mix(_unsigned_zero(lat_bits[i]), _unsigned_zero(lon_bits[i])) >> shift)] += 1
    return tally


@compiled
def _deal(
    lat: Any,
    lon: Any,
    lat_bits: Any,
    lon_bits: Any,
    bits: Any,
    low: Any,
    high: Any,
    cursor: Any,
    dealt_lat: Any,
    dealt_lon: Any,
    dealt_from: Any,
) -> None:
    """Copy the located points of a span to their parts, keeping their order."""
    shift = np.uint64(64 - bits)
    for i in range(low, high):
        if _fault(lat[i], lon[i]):
            continue
        la, lo = _unsigned_zero(lat_bits[i]), _unsigned_zero(lon_bits[i])
        part = np.int64(0)
        if bits > 0:
            part = np.int64(_mix(la, lo) >> shift)
        at = cursor[part]
        cursor[part] = at + 1
        dealt_lat[at] = la
        dealt_lon[at] = lo
        dealt_from[at] = i


@compiled
def _collapse(start: Any, dealt_lat: Any, dealt_lon: Any, local: Any, distinct: Any, low: Any, high: Any) -> None:
    """Number the distinct coordinates of each part in the order in which they first occur."""
    largest = 1
    for part in range(low, high):
        largest = max(largest, start[part + 1] - start[part])
    size = 16
    while size < 2 * largest:
        size *= 2
    table = np.empty(size, np.int32)
    for part in range(low, high):
        begin, end = start[part], start[part + 1]
        slots = 16
        while slots < 2 * (end - begin):
            slots *= 2
        table[:slots] = -1
        mask = np.uint64(slots - 1)
        seen = 0
        for at in range(begin, end):
            la, lo = dealt_lat[at], dealt_lon[at]
            slot = np.int64(_mix(la, lo) & mask)
            while True:
                held = table[slot]
                if held < 0:
                    table[slot] = at - begin
                    local[at] = seen
                    seen += 1
                    break
                if dealt_lat[begin + held] == la and dealt_lon[begin + held] == lo:
                    local[at] = local[begin + held]
                    break
                slot = (slot + 1) & (slots - 1)
        distinct[part] = seen


@compiled
def _settle(
    start: Any,
    base: Any,
    dealt_lat: Any,
    dealt_lon: Any,
    dealt_from: Any,
    local: Any,
    location_of: Any,
    out_lat: Any,
    out_lon: Any,
    count: Any,
    first: Any,
    low: Any,
    high: Any,
) -> None:
    """Write the locations of each part and the way from its points to them."""
    for part in range(low, high):
        fresh = base[part]
        for at in range(start[part], start[part + 1]):
            to = base[part] + local[at]
            if to == fresh:
                out_lat[to] = dealt_lat[at]
                out_lon[to] = dealt_lon[at]
                first[to] = dealt_from[at]
                fresh += 1
            count[to] += 1
            location_of[dealt_from[at]] = to


@compiled
def _add_by_location(location_of: Any, weight: Any, total: Any) -> None:
    for i in range(location_of.size):
        if location_of[i] >= 0:
            total[location_of[i]] += weight[i]


@compiled
def _spread(location_of: Any, source: Any, labels: Any, low: Any, high: Any) -> None:
    for i in range(low, high):
        at = location_of[i]
        labels[i] = source[at] if at >= 0 else -1
