"""``headwater clusters --dask``: the same clusters from many Parquet parts, on the workers of a Dask scheduler.

Workers read the parts themselves, so they must see the same paths, and have Headwater installed. What comes back to
this process: the labels of one part after the other, and the locations inside clusters. The rest stays on the workers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from headwater.engines import clusters as engine
from headwater.engines.clusters import tiles
from headwater.site.clusterpoints import Points, Unusable, read_points
from headwater.site.clusterreport import Totals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from headwater.editions import Edition

TILES_PER_WORKER = 4


def parts_of(path: Path) -> list[Path]:
    """The Parquet parts of a folder in the order of their names, or the one file."""
    if path.is_dir():
        found = sorted(one for one in path.rglob("*.parquet") if not one.name.startswith((".", "_")))
        if not found:
            raise Unusable(f"{path} holds no file that ends in .parquet.")
        return found
    if path.suffix.lower() not in (".parquet", ".pq"):
        raise Unusable(f"{path}: --dask reads Parquet, a file or a folder of parts. Convert it, or leave --dask out.")
    return [path]


def digest_of(paths: Sequence[Path]) -> str:
    """SHA-256 over the parts' own, in their order; of one file it is the file's."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


@dataclass
class Part:
    """One part on a worker: its points, their distinct locations, and which of these each tile needs."""

    points: Points
    locations: engine.Locations
    piece: tiles.Piece


@dataclass(frozen=True)
class Found:
    """What came back: clusters over the locations inside them, labels by part, counts, totals."""

    density: engine.Clustering
    merged: engine.Clustering
    weight: NDArray[np.float64]
    labels: Any
    counts: engine.Counts
    totals: Totals
    metrics: tuple[str, ...]
    has_documents: bool
    has_metric: bool


# On the workers -------------------------------------------------------------------------------------------------
def _read(path: str, edition: Edition | None, offset: int) -> Part:
    points = read_points(Path(path), edition)
    locations = engine.collapse_points(points.lat, points.lon, threads=1)
    return Part(points, locations, tiles.piece_of(locations, points.weight, offset))


def _told(part: Part) -> tuple[Any, ...]:
    """What the plan needs to know of a part."""
    points = part.points
    weight = float(part.locations.location_of.size if points.weight is None else points.weight.sum())
    return (
        tiles.histogram(part.piece),
        points.metrics,
        points.document is not None,
        points.metric is not None,
        (part.locations.location_of.size, part.locations.missing, part.locations.out_of_range),
        (weight, float(part.piece.weight.sum())),
    )


def _slice(part: Part, tile: tiles.Tile, radius_km: float) -> tiles.Piece:
    return tiles.split_piece(part.piece, [tile], radius_km)[0]


def _cores(tile: tiles.Tile, radius_km: float, min_weight: float, *pieces: tiles.Piece) -> tiles.TileCores:
    return tiles.tile_cores(tile, pieces, radius_km=radius_km, min_weight=min_weight, threads=1)


def _shared(cores: tiles.TileCores) -> tuple[Any, Any, Any, Any]:
    return cores.earliest, cores.shared_lat, cores.shared_lon, cores.shared_group


def _labelled(cores: tiles.TileCores, cluster: NDArray[np.int32], *pieces: tiles.Piece) -> tiles.TileLabels:
    return tiles.tile_labels(cores, cluster, [piece.lat.size for piece in pieces])


def _members(found: tiles.TileLabels) -> tuple[Any, ...]:
    return found.lat, found.lon, found.weight, found.label, found.core, found.first, found.own


def _of_piece(found: tiles.TileLabels, number: int) -> tuple[Any, Any]:
    return found.by_piece[number]


def _part_labels(
    part: Part, plan: Sequence[tiles.Tile], radius_km: float, into: NDArray[np.int32], *found: tuple[Any, Any]
) -> NDArray[np.int32]:
    """Labels of a part's points, of the merged clusters."""
    label = np.full(part.locations.size, engine.NOISE, np.int32)
    for tile, (mine, of) in zip(plan, found, strict=True):
        entries = np.flatnonzero(tile.near(part.piece.lat, part.piece.lon, 2 * radius_km))
        label[entries[mine]] = of
    return part.locations.spread(np.where(label >= 0, np.append(into, engine.NOISE)[label], engine.NOISE))


def _buckets(part: Part, path: str, labels: NDArray[np.int32], names: tuple[str, ...], count: int) -> list[Any]:
    """A part's points by document: all points of one document come into one bucket, whatever part they are in."""
    import pyarrow.parquet as pq

    points = part.points
    n = labels.size
    metric = np.zeros(n, np.int64)
    if points.metric is not None:
        metric = np.array([names.index(name) for name in points.metrics], np.int64)[points.metric]
    row = np.where(part.locations.location_of < 0, -2, labels)
    held = set(pq.read_schema(path).names)
    wanted = [name for name in ("document", "person") if name in held]
    table = pq.read_table(path, columns=wanted)
    documents = table["document"].to_pylist()
    persons = table["person"].to_pylist() if "person" in held else None
    weight = np.ones(n) if points.weight is None else points.weight
    given = [
        int.from_bytes(hashlib.blake2b(repr(one).encode(), digest_size=8).digest()) % count if one is not None else 0
        for one in documents
    ]
    found = []
    for bucket in range(count):
        rows = np.flatnonzero(np.array(given, np.int64) == bucket) if n else np.empty(0, np.int64)
        found.append(
            (
                [documents[k] if documents[k] is not None else (path, int(k)) for k in rows],
                [persons[k] if persons[k] is not None else (path, int(k)) for k in rows] if persons else None,
                metric[rows],
                weight[rows],
                row[rows],
            )
        )
    return found


def _bucket(buckets: list[Any], number: int) -> Any:
    return buckets[number]


def _counted(metrics: int, clusters: int, *buckets: Any) -> NDArray[np.float64]:
    """Fractional documents of one bucket by cluster, outside and without a place; and metric."""
    code: dict[Any, int] = {}
    person_code: dict[Any, int] = {}
    document, person = [], []
    for documents, persons, metric, _weight, _row in buckets:
        # A document is an id within a metric.
        document += [code.setdefault((one, int(m)), len(code)) for one, m in zip(documents, metric, strict=True)]
        if persons is not None:
            person += [person_code.setdefault(one, len(person_code)) for one in persons]
    metric, weight, row = (np.concatenate([bucket[k] for bucket in buckets]) for k in (2, 3, 4))
    of = np.zeros(len(code), np.int64)
    of[document] = metric
    credit = engine.divide_documents(
        np.array(document, np.int64),
        of,
        metrics=metrics,
        person=np.array(person, np.int64) if person else None,
        weight=weight,
    ).credit
    counted = np.zeros((clusters + 2, metrics))
    np.add.at(counted, (np.where(row >= 0, row, np.where(row == -1, clusters, clusters + 1)), metric), credit)
    return counted


def _weighed(part: Part, labels: NDArray[np.int32], names: tuple[str, ...], clusters: int) -> NDArray[np.float64]:
    """Without documents each point counts its weight."""
    points, n = part.points, labels.size
    metric = np.zeros(n, np.int64)
    if points.metric is not None:
        metric = np.array([names.index(name) for name in points.metrics], np.int64)[points.metric]
    row = np.where(part.locations.location_of < 0, clusters + 1, np.where(labels >= 0, labels, clusters))
    counted = np.zeros((clusters + 2, len(names)))
    np.add.at(counted, (row, metric), np.ones(n) if points.weight is None else points.weight)
    return counted


# Here -----------------------------------------------------------------------------------------------------------
def find(
    address: str,
    paths: Sequence[Path],
    edition: Edition | None,
    *,
    radius_km: float,
    min_weight: float,
    merge_km: float,
) -> Found:
    """Find, merge and count the clusters of the parts' points on the workers at a scheduler's address."""
    try:
        from distributed import Client
    except ImportError as problem:
        raise Unusable("--dask needs Dask. Install it with: pip install 'headwater[dask]'.") from problem
    import pyarrow.parquet as pq

    try:
        client = Client(address, timeout="15s")
    except (OSError, ValueError) as problem:
        raise Unusable(f"--dask {address}: no scheduler answers there ({problem}).") from problem
    with client:
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise Unusable(f"--dask {address}: the scheduler has no worker. Start one with: dask worker {address}")
        try:
            sizes = [pq.read_metadata(path).num_rows for path in paths]
        except (OSError, ValueError) as problem:
            raise Unusable(f"A part can't be read: {str(problem).splitlines()[0]}.") from problem
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        names = [str(path.resolve()) for path in paths]
        parts = [
            client.submit(_read, name, edition, int(offset), pure=False)
            for name, offset in zip(names, offsets, strict=False)
        ]
        try:
            told = client.gather(client.map(_told, parts, pure=False))
        except Unusable as problem:
            raise Unusable(problem.message) from problem
        plan = tiles.plan_tiles(sum(one[0] for one in told), tiles=TILES_PER_WORKER * workers)
        pieces = [[client.submit(_slice, part, tile, radius_km, pure=False) for part in parts] for tile in plan]
        cores = [
            client.submit(_cores, tile, radius_km, min_weight, *mine, pure=False)
            for tile, mine in zip(plan, pieces, strict=True)
        ]
        joined = tiles.join_tiles(client.gather(client.map(_shared, cores, pure=False)))
        labelled = [
            client.submit(_labelled, one, cluster, *mine, pure=False)
            for one, cluster, mine in zip(cores, joined.cluster, pieces, strict=True)
        ]
        members = client.gather(client.map(_members, labelled, pure=False))
        density, weight = _clustering(members, joined.count)
        merged, into = density, np.arange(joined.count, dtype=np.int32)
        if merge_km > 0 and joined.count:
            merging = engine.merge_near(density, engine.prepare_locations(density.locations, merge_km))
            merged, into = merging.clustering, merging.into
        labels = [
            client.submit(
                _part_labels,
                part,
                plan,
                radius_km,
                into,
                *[client.submit(_of_piece, one, number, pure=False) for one in labelled],
                pure=False,
            )
            for number, part in enumerate(parts)
        ]
        metrics = tuple(sorted({name for one in told for name in one[1]})) if edition is None else told[0][1]
        has_documents = all(one[2] for one in told)
        if any(one[2] for one in told) != has_documents:
            raise Unusable("Some parts have a column document and some have none. Give it to all, or to none.")
        counted = _counts(client, parts, names, labels, metrics, merged.count, documents=has_documents)
        own = sum(client.gather(client.map(_own_documents, parts, pure=False)))
        totals = Totals(
            sum(one[4][0] for one in told),
            sum(one[6] for one in members),
            sum(one[4][1] for one in told),
            sum(one[4][2] for one in told),
            sum(one[5][0] for one in told),
            sum(one[5][1] for one in told),
            own,
        )
        # One part after the other, so that this process never holds them all twice.
        arrays = [label.result() for label in labels]
    return Found(
        density,
        merged,
        weight,
        arrays,
        engine.Counts(counted[:-2], counted[-2], counted[-1], counted.sum(axis=0)),
        totals,
        metrics,
        has_documents,
        any(one[3] for one in told),
    )


def _own_documents(part: Part) -> int:
    return part.points.own_documents


def _counts(
    client: Any,
    parts: list[Any],
    names: list[str],
    labels: list[Any],
    metrics: tuple[str, ...],
    clusters: int,
    *,
    documents: bool,
) -> NDArray[np.float64]:
    if not documents:
        found = [
            client.submit(_weighed, part, label, metrics, clusters, pure=False)
            for part, label in zip(parts, labels, strict=True)
        ]
        return np.asarray(sum(client.gather(found)))
    buckets = len(parts)
    split = [
        client.submit(_buckets, part, name, label, metrics, buckets, pure=False)
        for part, name, label in zip(parts, names, labels, strict=True)
    ]
    found = [
        client.submit(
            _counted,
            len(metrics),
            clusters,
            *[client.submit(_bucket, one, number, pure=False) for one in split],
            pure=False,
        )
        for number in range(buckets)
    ]
    return np.asarray(sum(client.gather(found)))


def _clustering(members: Sequence[tuple[Any, ...]], count: int) -> tuple[engine.Clustering, NDArray[np.float64]]:
    """The locations inside clusters as one clustering, in the order of their first points."""
    lat, lon, weight, label, core, first = (np.concatenate([one[k] for one in members]) for k in range(6))
    order = np.argsort(first, kind="stable")
    places = engine.Locations(
        lat[order],
        lon[order],
        np.ones(order.size, np.int64),
        first[order],
        np.arange(order.size, dtype=np.int32),
        0,
        0,
    )
    return engine.Clustering(places, label[order].astype(np.int32), core[order], count), weight[order]
