"""A cluster run over the store's addresses: table, intervals, shapes and what changes when the parameters move."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from headwater import __version__, editions
from headwater.engines import clusters as engine
from headwater.observatory.records import Records

METRICS = {"publication": "publications", "patent": "patents", "deal": "deals"}
GRID_RADII = (0.75, 1.0, 1.25)
GRID_MINIMA = (0.5, 1.0, 2.0)
SHOWN, SHOWN_CHANGES = 100, 300
CHANGE_KINDS = ("kept", "joined", "split", "regrouped", "vanished", "appeared")


@dataclass(frozen=True, slots=True)
class Asked:
    """What to find: an edition by name, or a radius, minimum and merge distance of one's own beside it.

    ``beside`` names the run that this one is compared with, ``against`` its radius, minimum and merge distance.
    """

    edition: str = "gii-2024"
    radius_km: float | None = None
    min_weight: float | None = None
    merge_km: float | None = None
    resamples: int = 200
    seed: int = 20250901
    beside: str = ""
    against: tuple[float, float, float] | None = None

    def settled(self) -> tuple[float, float, float, str]:
        """Radius, minimum, merge distance and how shares are joined; one's own numbers go before the edition's."""
        edition = editions.load(self.edition)

        def number(name: str, given: float | None) -> float:
            value = given if given is not None else edition.number(name)
            if value is None:
                raise editions.EditionError(f"Edition {edition.id} leaves {name} open: give it.")
            return float(value)

        return (
            number("radius_km", self.radius_km),
            number("min_weight", self.min_weight),
            number("merge_km", self.merge_km),
            str(edition.parameters["join"].value),
        )


def run(records: Records, asked: Asked) -> tuple[dict[str, Any], dict[str, Any]]:
    """Find the clusters; gives the result that pages show, and the manifest that it can be made again from."""
    radius, least, merge_km, join = asked.settled()
    held = records.columns(
        """SELECT lat, lon, document, kind, city, synthetic FROM addresses
           WHERE kind IN ('publication', 'patent', 'deal') ORDER BY document, lat, lon, person"""
    )
    lat, lon = (np.ma.filled(held[name].astype(np.float64), np.nan) for name in ("lat", "lon"))
    kinds = np.asarray(held["kind"], dtype=str)
    present = [kind for kind in METRICS if (kinds == kind).any()]
    metric = np.zeros(kinds.size, np.int64)
    for number, kind in enumerate(present):
        metric[kinds == kind] = number
    _known, document = np.unique(np.asarray(held["document"], np.int64), return_inverse=True)
    of = np.zeros(_known.size, np.int64)
    of[document] = metric
    credits_ = engine.divide_documents(document, of, metrics=max(1, len(present)))
    prepared = engine.prepare(lat, lon, radius)
    places = prepared.locations
    weight = places.gather(None)
    merge = engine.prepare_locations(places, merge_km) if merge_km > 0 else None
    method = engine.Method(least, merge, join)  # type: ignore[arg-type]
    found = engine.cluster_and_merge(prepared, weight, method)
    counts = engine.count_documents(credits_, places.location_of, found.location_label, found.count)
    sizes = engine.cluster_weights(found, weight)
    ranking = engine.rank_clusters(counts, sizes, join=join)  # type: ignore[arg-type]
    intervals = None
    if asked.resamples and found.count:
        intervals = engine.bootstrap_ranks(
            prepared, found, credits_, None, method, resamples=asked.resamples, rng=np.random.default_rng(asked.seed)
        )
    radii, minima = [radius * by for by in GRID_RADII], [least * by for by in GRID_MINIMA]
    grid = engine.stability_grid(found, credits_, None, radii, minima, merge=merge, join=join) if found.count else None  # type: ignore[arg-type]
    shapes = engine.cluster_shapes(found, weight)
    names = engine.name_clusters(found, *_cities()) if found.count else []
    labels = found.labels()
    rows = [_row(k, present, counts, ranking, intervals, sizes, shapes[k], names[k]) for k in ranking.order[:SHOWN]]
    synthetic = np.asarray(held["synthetic"])
    changes = None
    if asked.against is not None:
        changes = {"beside": asked.beside, **_changes(lat, lon, asked.against, join, credits_, found, ranking, names)}
    result = {
        "parameters": {
            "edition": asked.edition,
            "radius_km": radius,
            "min_weight": least,
            "merge_km": merge_km,
            "join": join,
        },
        "metrics": [METRICS[kind] for kind in present],
        "points": int(kinds.size),
        "unplaced": int(places.unlocated),
        "locations": int(places.size),
        "noise": int((labels < 0).sum() - places.unlocated),
        "world": {METRICS[kind]: float(counts.world[k]) for k, kind in enumerate(present)},
        "outside": {METRICS[kind]: float(counts.noise[k]) for k, kind in enumerate(present)},
        "without_place": {METRICS[kind]: float(counts.unlocated[k]) for k, kind in enumerate(present)},
        "synthetic_share": float(synthetic.mean()) if synthetic.size else 0.0,
        "clusters": rows,
        "city_cluster": _city_clusters(np.asarray(held["city"], dtype=str), labels),
        "grid": None
        if grid is None
        else {
            "radii_km": list(map(float, grid.radii_km)),
            "minima": list(map(float, grid.minima)),
            "clusters": grid.clusters.tolist(),
            "inside": grid.inside.round(4).tolist(),
            "rank": {str(int(k)): grid.rank[:, :, k].tolist() for k in ranking.order[:SHOWN]},
        },
        "changes": changes,
        "seed": asked.seed,
        "resamples": asked.resamples,
        "last_day": str(records.one("SELECT max(date) FROM addresses")[0] or ""),
        "labels_sha256": _digest(labels),
    }
    manifest = {
        "program": f"headwater {__version__}",
        "numpy": np.__version__,
        "asked": asdict(asked),
        "inputs": [part.file for part in records.parts if part.table == "addresses"],
        "result_sha256": hashlib.sha256(json.dumps(result, sort_keys=True).encode()).hexdigest(),
    }
    return result, manifest


def _digest(labels: Any) -> str:
    return hashlib.sha256(labels.astype("<i4").tobytes()).hexdigest()


def _changes(
    lat: Any,
    lon: Any,
    against: tuple[float, float, float],
    join: Any,
    credits_: Any,
    found: Any,
    ranking: Any,
    names: list[str],
) -> dict[str, Any]:
    """What became of the clusters that other parameters find among the same points, by the best rank on either side."""
    radius, least, merge_km = against
    prepared = engine.prepare(lat, lon, radius)
    places = prepared.locations
    weight = places.gather(None)
    merge = engine.prepare_locations(places, merge_km) if merge_km > 0 else None
    base = engine.cluster_and_merge(prepared, weight, engine.Method(least, merge, join))
    counts = engine.count_documents(credits_, places.location_of, base.location_label, base.count)
    ranks = engine.rank_clusters(counts, engine.cluster_weights(base, weight), join=join).rank
    called = engine.name_clusters(base, *_cities()) if base.count else []

    def listed(numbers: tuple[int, ...], rank: Any, name: list[str]) -> list[dict[str, Any]]:
        held = [{"cluster": k, "rank": int(rank[k]), "name": name[k]} for k in numbers]
        return sorted(held, key=lambda one: (one["rank"], one["cluster"]))

    rows = [
        {"kind": one.kind, "before": listed(one.before, ranks, called), "after": listed(one.after, ranking.rank, names)}
        for one in engine.compare_labels(
            base.location_label, found.location_label, weight, befores=base.count, afters=found.count
        )
    ]
    rows.sort(key=lambda row: min(one["rank"] for side in ("before", "after") for one in row[side]))
    kinds = [row["kind"] for row in rows]
    return {
        "parameters": {"radius_km": radius, "min_weight": least, "merge_km": merge_km},
        "labels_sha256": _digest(base.labels()),
        "counts": {kind: kinds.count(kind) for kind in CHANGE_KINDS},
        "moved": sum(row["kind"] == "kept" and row["before"][0]["rank"] != row["after"][0]["rank"] for row in rows),
        "rows": rows[:SHOWN_CHANGES],
    }


def _row(
    k: int, present: list[str], counts: Any, ranking: Any, intervals: Any, sizes: Any, shape: Any, name: str
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "rank": int(ranking.rank[k]),
        "cluster": int(k),
        "name": name,
        "lat": _number(shape.lat),
        "lon": _number(shape.lon),
        "area_km2": _number(shape.area_km2),
        "weight": float(sizes[k]),
        "counts": {METRICS[kind]: float(counts.cluster[k, m]) for m, kind in enumerate(present)},
        "shares": {METRICS[kind]: float(ranking.share[k, m]) for m, kind in enumerate(present)},
        "score": float(ranking.score[k]),
        "geometry": shape.geometry,
    }
    if intervals is not None:
        row |= {
            "rank_low": int(intervals.rank_low[k]),
            "rank_high": int(intervals.rank_high[k]),
            "score_low": _number(intervals.score_low[k]),
            "score_high": _number(intervals.score_high[k]),
            "found": float(intervals.found[k]),
        }
    return row


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _city_clusters(city: Any, labels: Any) -> dict[str, int]:
    """The cluster that holds most of each city's clustered points; cities without any are left out."""
    inside = (labels >= 0) & (city != "") & (city != "None")
    if not inside.any():
        return {}
    names, place = np.unique(city[inside], return_inverse=True)
    counted = np.zeros((names.size, int(labels.max()) + 1), np.int64)
    np.add.at(counted, (place, labels[inside]), 1)
    return {str(name): int(counted[k].argmax()) for k, name in enumerate(names)}


def _cities() -> tuple[list[str], list[float], list[float], list[float]]:
    from headwater.observatory.geocode import gazetteer

    held = gazetteer()
    return held.names, held.lat.tolist(), held.lon.tolist(), held.population.tolist()
