"""What ``headwater clusters`` writes: labels, clusters, report."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from headwater.site.clusterpoints import Points, Unusable

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from headwater.editions import Edition
    from headwater.engines import clusters as engine

SHOWN = 30


@dataclass(frozen=True)
class Settings:
    """The parameters of a run, with where they come from."""

    radius_km: float
    min_weight: float
    merge_km: float
    join: Literal["sum", "mean"]
    edition: Edition | None


@dataclass
class Result:
    """Everything a report says."""

    settings: Settings
    points: Points | None
    density_count: int
    clustering: engine.Clustering
    weights: NDArray[np.float64]
    total_weight: float
    located_weight: float
    counts: engine.Counts | None = None
    ranking: engine.Ranking | None = None
    shapes: list[engine.Shape] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    attribution: str = ""
    intervals: engine.RankIntervals | None = None
    grid: engine.StabilityGrid | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    totals: Totals | None = None
    label_parts: list[NDArray[np.int32]] | None = None
    metrics: tuple[str, ...] = ()
    has_documents: bool = False
    has_metric: bool = False

    def __post_init__(self) -> None:
        """Take over what a report needs of the points where they are here."""
        if self.points is None:
            return
        places, points = self.clustering.locations, self.points
        self.metrics = points.metrics
        self.has_documents, self.has_metric = points.document is not None, points.metric is not None
        self.totals = Totals(
            int(places.location_of.size),
            places.size,
            places.missing,
            places.out_of_range,
            self.total_weight,
            self.located_weight,
            points.own_documents,
        )

    @property
    def all(self) -> Totals:
        assert self.totals is not None
        return self.totals


@dataclass(frozen=True)
class Totals:
    """Counts over all points, wherever they were read."""

    points: int
    locations: int
    missing: int
    out_of_range: int
    weight: float
    located_weight: float
    own_documents: int


def write_results(result: Result, outs: Sequence[Path], labels_file: Path | None, report_file: str | None) -> None:
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    meta = {"headwater": json.dumps(result.provenance, sort_keys=True)}
    try:
        if labels_file is not None:
            schema = pa.schema({"cluster": pa.int32()}, metadata=meta)
            with pq.ParquetWriter(labels_file, schema) as writer:
                for labels in result.label_parts or [result.clustering.labels()]:
                    writer.write_table(pa.table([_int32(labels)], schema=schema))
        if outs:
            table = _cluster_table(result).replace_schema_metadata(meta)
        for path in outs:
            if path.suffix.lower() == ".parquet":
                pq.write_table(table, path)
            elif path.suffix.lower() == ".csv":
                pa_csv.write_csv(table, path)
            else:
                path.write_text(json.dumps(_features(result, table), ensure_ascii=False, allow_nan=False), "utf-8")
        if report_file is not None:
            is_json = report_file.lower().endswith(".json")
            text = json.dumps(_as_json(result), ensure_ascii=False, indent=2) if is_json else _as_markdown(result)
            if report_file == "-":
                click.echo(text)
            else:
                Path(report_file).write_text(text + "\n", "utf-8")
    except OSError as problem:
        raise Unusable(
            f"{problem.filename or 'A result'} cannot be written: {problem.strerror or problem}."
        ) from problem
    if report_file != "-":
        click.echo(" ".join(_summary(result)))


def _int32(labels: NDArray[np.int32]) -> pa.Array:
    """Labels as a column that shares their memory."""
    import numpy as np
    import pyarrow as pa

    held = np.ascontiguousarray(labels, np.int32)
    return pa.Array.from_buffers(pa.int32(), held.size, [None, pa.py_buffer(held)])


def _cluster_table(result: Result) -> pa.Table:
    import pyarrow as pa

    assert result.ranking is not None
    assert result.counts is not None
    order = result.ranking.order
    shapes = [result.shapes[k] for k in order]
    total = result.total_weight
    columns: dict[str, Any] = {
        "rank": result.ranking.rank[order],
        "cluster": pa.array(order, pa.int32()),
        "name": [result.names[k] for k in order],
        **{
            name: [getattr(shape, name) for shape in shapes]
            for name in ("lat", "lon", "reach_km", "area_km2", "locations")
        },
        "weight": result.weights[order],
        "weight_share": result.weights[order] / total if total > 0 else result.weights[order],
    }
    for k, metric in enumerate(result.metrics):
        columns[f"count_{metric}"] = result.counts.cluster[order, k]
        columns[f"share_{metric}"] = result.ranking.share[order, k]
    columns["score"] = result.ranking.score[order]
    if result.intervals is not None:
        for name in ("rank_low", "rank_high", "score_low", "score_high", "found"):
            columns[name] = getattr(result.intervals, name)[order]
    types = {"name": pa.string(), "locations": pa.int64()}
    plain = {"lat", "lon", "reach_km", "area_km2"}
    return pa.table(
        {
            name: pa.array(values, types.get(name, pa.float64() if name in plain else None), from_pandas=name in plain)
            for name, values in columns.items()
        }
    )


def _features(result: Result, table: pa.Table) -> dict[str, Any]:
    rows = table.to_pylist()
    return {
        "type": "FeatureCollection",
        "headwater": result.provenance,
        "features": [
            {
                "type": "Feature",
                "geometry": result.shapes[row["cluster"]].geometry,
                "properties": {
                    name: None if isinstance(value, float) and math.isnan(value) else value
                    for name, value in row.items()
                },
            }
            for row in rows
        ],
    }


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _summary(result: Result) -> list[str]:
    held = result.all
    lost = held.missing + held.out_of_range
    merged = f" ({result.density_count:,} before merging)" if result.settings.merge_km > 0 else ""
    inside = float(result.weights.sum())
    share = inside / result.located_weight if result.located_weight > 0 else 0.0
    clusters = _counted(result.clustering.count, "cluster")
    return [
        f"{_counted(held.points, 'point')} at {_counted(held.locations, 'location')}: {clusters}{merged}",
        f"with {share:.1%} of the located weight.",
        f"Without a place: {lost:,} ({held.missing:,} missing, {held.out_of_range:,} out of range).",
    ]


def _as_json(result: Result) -> dict[str, Any]:
    held = result.all
    assert result.counts is not None
    report: dict[str, Any] = {
        "provenance": result.provenance,
        "points": held.points,
        "locations": held.locations,
        "unlocated": {"missing": held.missing, "out_of_range": held.out_of_range},
        "own_documents": held.own_documents,
        "density_clusters": result.density_count,
        "clusters": _features(result, _cluster_table(result))["features"],
        "metrics": {
            metric: {
                "world": float(result.counts.world[k]),
                "in_clusters": float(result.counts.cluster[:, k].sum()),
                "noise": float(result.counts.noise[k]),
                "unlocated": float(result.counts.unlocated[k]),
            }
            for k, metric in enumerate(result.metrics)
        },
        "choices": _choices(result),
        "attribution": result.attribution,
    }
    for feature in report["clusters"]:
        del feature["geometry"], feature["type"]
    report["clusters"] = [feature["properties"] for feature in report["clusters"]]
    if result.grid is not None:
        report["grid"] = {
            name: getattr(result.grid, name).tolist() for name in ("radii_km", "minima", "clusters", "inside", "rank")
        }
    return report


def _choices(result: Result) -> list[str]:
    """What was decided where a method leaves it open, and what the figures don't say."""
    settings = result.settings
    lines = [
        f"Radius {settings.radius_km:g} km, minimum {settings.min_weight:g} within it, Earth radius 6371.0088 km.",
        f"Clusters within {settings.merge_km:g} km merged." if settings.merge_km > 0 else "No clusters merged.",
        "Clusters are found over all points of all metrics together.",
        "A border point in reach of two clusters belongs to the lower-numbered.",
        "Shares are of all documents in the input, those outside clusters and without a place included.",
        f"Score: {settings.join} of the shares. Ties end in the larger weight, then the lower number.",
    ]
    if not result.has_documents:
        lines.append("There is no column document: each point counts its weight.")
    elif result.all.own_documents:
        lines.append(f"{result.all.own_documents:,} points without a document id count as documents of their own.")
    edition = settings.edition
    if edition is not None:
        lines.append(f"Edition {edition.id}: {edition.title}.")
        for name, sourced in edition.parameters.items():
            used = getattr(settings, name)
            if sourced.value is None or sourced.value != used:
                said = "open" if sourced.value is None else sourced.value
                lines.append(f"{name}: {used:g} given here; the edition's is {said}.")
            elif sourced.standing != "publisher":
                lines.append(f"{name}: {sourced.standing}, not in the publisher's own words. {sourced.source}")
        if not result.has_metric and len(edition.metrics) > 1:
            lines.append(
                "There is no column metric: all documents count as one metric, though the edition has several."
            )
        lines.extend(edition.notes)
    assert result.counts is not None
    for k, metric in enumerate(result.metrics):
        if not result.counts.world[k] > 0:
            lines.append(f"The input has no {metric}: that share is 0 everywhere.")
    return lines


def _as_markdown(result: Result) -> str:
    assert result.counts is not None
    assert result.ranking is not None
    metrics = result.metrics
    lines = ["# Clusters", "", " ".join(_summary(result)), "", "## Where the documents are", ""]
    lines += _rows(
        ["metric", "world", "in clusters", "outside", "without a place"],
        [
            [
                metric,
                *(
                    f"{value:,.1f}"
                    for value in (
                        result.counts.world[k],
                        result.counts.cluster[:, k].sum(),
                        result.counts.noise[k],
                        result.counts.unlocated[k],
                    )
                ),
            ]
            for k, metric in enumerate(metrics)
        ],
    )
    lines += ["", f"## Clusters by score (first {min(SHOWN, result.clustering.count)})", ""]
    head = ["rank", "cluster", "name", *(f"{metric}, % of world" for metric in metrics), "score, %", "weight", "km²"]
    if result.intervals is not None:
        head[1:1] = ["95 %", "found"]
    body = []
    for k in result.ranking.order[:SHOWN]:
        row = [
            str(result.ranking.rank[k]),
            str(k),
            result.names[k].replace("|", "/"),
            *(f"{100 * share:.3f}" for share in result.ranking.share[k]),
            f"{100 * result.ranking.score[k]:.3f}",
            f"{result.weights[k]:,.0f}",
            f"{result.shapes[k].area_km2:,.0f}",
        ]
        if result.intervals is not None:
            low, high, found = (getattr(result.intervals, name)[k] for name in ("rank_low", "rank_high", "found"))
            row[1:1] = [f"{low}–{high}" if found > 0 else "–", f"{found:.0%}"]
        body.append(row)
    lines += _rows(head, body)
    if result.grid is not None:
        lines += _grid_lines(result)
    lines += ["", "## Method and choices", "", *(f"- {line}" for line in _choices(result))]
    lines += ["", "## Provenance", "", *(f"- {name}: {value}" for name, value in result.provenance.items())]
    return "\n".join([*lines, "", result.attribution])


def _grid_lines(result: Result) -> list[str]:
    assert result.grid is not None
    assert result.ranking is not None
    grid = result.grid
    lines = ["", "## Stability: clusters (share of located weight inside)", ""]
    lines += _rows(
        ["radius, km", *(f"minimum {least:g}" for least in grid.minima)],
        [
            [f"{radius:g}", *(f"{grid.clusters[r, m]:,} ({grid.inside[r, m]:.1%})" for m in range(grid.minima.size))]
            for r, radius in enumerate(grid.radii_km)
        ],
    )
    lines += ["", "Ranks of the first ten over that grid:", ""]
    body = []
    for k in result.ranking.order[:10]:
        ranks = grid.rank[:, :, k]
        found = ranks[ranks > 0]
        span = f"{found.min()}–{found.max()}" if found.size else "–"
        body.append(
            [
                str(result.ranking.rank[k]),
                result.names[k] if result.names else str(k),
                span,
                f"{found.size} of {ranks.size}",
            ]
        )
    return lines + _rows(["rank", "cluster", "over the grid", "found"], body)


def _rows(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body)]
