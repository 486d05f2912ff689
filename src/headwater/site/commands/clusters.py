"""``headwater clusters``: innovation clusters from a file of points."""

from __future__ import annotations

import hashlib
import math
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from headwater.site.clusterpoints import Points, Unusable, read_cities, read_points
from headwater.site.clusterreport import Result, Settings, write_results

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GRID_RADII = (0.75, 1.0, 1.25)
GRID_MINIMA = (0.5, 1.0, 2.0)


def _grid_option(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value not in (None, "auto"):
        _grid_values(str(value), 1.0, 1.0)
    return value


def _show_editions(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from headwater import editions

    for name in editions.shipped():
        one = editions.load(name)
        click.echo(f"{name}: {one.title}. {'Verified.' if one.verified else 'Not verified against the publisher.'}")
        for parameter, sourced in one.parameters.items():
            shown = "open" if sourced.value is None else f"{sourced.value} ({sourced.standing})"
            click.echo(f"  {parameter}: {shown}{'  ' + sourced.source if sourced.source else ''}")
    ctx.exit()


@click.command("clusters", short_help="Innovation clusters from a file of points.")
@click.argument("points_file", metavar="POINTS", type=click.Path(path_type=Path))
@click.option("--edition", "edition_name", metavar="NAME", help="A published method, or a path to an edition's .json.")
@click.option(
    "--editions",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_editions,
    help="List editions and stop.",
)
@click.option("--radius-km", type=float, help="Great-circle radius (Earth radius 6371.0088 km), 0.001 to 5000.")
@click.option("--min-weight", type=float, help="Weight within the radius, itself included, that makes a core.")
@click.option("--merge-km", type=float, help="Merge clusters this near each other; 0 merges none.")
@click.option(
    "--out",
    "outs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Clusters: .parquet, .csv or .geojson; repeatable.",
)
@click.option("--labels", "labels_file", type=click.Path(path_type=Path), help="Label of each point, Parquet.")
@click.option("--report", "report_file", metavar="FILE", help="Report: .json, else Markdown; - prints it.")
@click.option(
    "--bootstrap", type=click.IntRange(0, 100_000), default=0, help="Resamples for rank intervals; 200 is usual."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the resamples.")
@click.option(
    "--grid",
    metavar="[RADIIxMINIMA]",
    is_flag=False,
    flag_value="auto",
    callback=_grid_option,
    help="Stability over parameters, as 10,13,15x2000,4500. Alone: 3/4, 1, 5/4 of the radius by half, 1, 2 minima.",
)
@click.option("--dask", "dask", metavar="ADDRESS", help="Work on a Dask scheduler's workers, such as tcp://host:8786.")
@click.option("--places", "places_file", type=click.Path(path_type=Path), help="Cities to name clusters by, CSV.")
def command(
    points_file: Path,
    edition_name: str | None,
    radius_km: float | None,
    min_weight: float | None,
    merge_km: float | None,
    outs: tuple[Path, ...],
    labels_file: Path | None,
    report_file: str | None,
    bootstrap: int,
    seed: int,
    grid: str | None,
    dask: str | None,
    places_file: Path | None,
) -> None:
    """Find density clusters in POINTS, merge near ones, count documents, rank by shares of the world.

    With --radius-km and --min-weight alone the labels are those of scikit-learn's DBSCAN(metric="haversine"), number by
    number. Needs no database.

    \b
    POINTS (Parquet, or CSV in UTF-8 with a header)
      lat, lon    degrees; empty, nan or out of range = no place: counted
                  apart, label -1
      weight      >= 0, adds to the density (1 if left out)
      document    id; a document counts 1, divided among its points (left
                  out: each point counts its weight); empty = one of its own
      metric      what is counted: one share of the world per metric
      person      id; with it a document is divided among persons first
    \b
    --labels (Parquet)
      cluster     int32, one row per point in input order; -1 = noise or no
                  place. Without merging the density cluster's number, by
                  first core point; with merging the merged cluster's, in
                  the order of the first density cluster in it.
    \b
    --out (one row or feature per cluster, by rank)
      rank, cluster, name, lat, lon, reach_km, area_km2, locations, weight,
      weight_share, count_METRIC, share_METRIC, score; with --bootstrap
      rank_low, rank_high, score_low, score_high (95 %), found
    \b
    --places (CSV): name, lat, lon, population

    --radius-km, --min-weight and --merge-km stand in for an edition's. --grid and --bootstrap show in --report (and the
    intervals in --out). Write POINTS before a bare --grid. An --out without one of these endings is a folder; it gets
    clusters.parquet and clusters.geojson.

    With --dask, POINTS is a Parquet file or a folder of parts, taken in the order of their names, that the workers see
    under the same path; labels are those of one machine. --bootstrap and --grid need one machine.
    """
    settings = _settings(edition_name, radius_km, min_weight, merge_km)
    outs = _named(outs)
    if dask and (bootstrap or grid):
        raise Unusable("--dask goes with neither --bootstrap nor --grid: they resample on one machine.")
    if (bootstrap or grid) and not report_file and not (bootstrap and outs and not grid):
        raise Unusable("--bootstrap needs --report or --out, and --grid needs --report: their figures show there.")
    if dask:
        from headwater.site.clustersdask import digest_of, parts_of

        parts = parts_of(points_file)
        result = _run_on_dask(dask, parts, settings, bool(outs or report_file), places_file)
        result.provenance = _provenance(points_file, digest_of(parts), settings, seed, bootstrap)
        write_results(result, outs, labels_file, report_file)
        return
    points = read_points(points_file, settings.edition)
    from headwater.engines import clusters as engine

    try:
        result = _run(engine, settings, points, seed, bootstrap, grid, bool(outs or report_file), places_file)
    except engine.ClusterError as problem:
        raise Unusable(f"{points_file}: {problem}.") from problem
    with points_file.open("rb") as held:
        digest = hashlib.file_digest(held, "sha256").hexdigest()
    result.provenance = _provenance(points_file, digest, settings, seed, bootstrap)
    write_results(result, outs, labels_file, report_file)


def _named(outs: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files to write: a name without an ending is a folder, which gets both forms."""
    named: list[Path] = []
    for path in outs:
        if path.suffix.lower() in (".parquet", ".csv", ".geojson"):
            named.append(path)
        elif path.is_dir() or not path.suffix:
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise Unusable(f"--out {path}: {problem.strerror}.") from problem
            named += [path / "clusters.parquet", path / "clusters.geojson"]
        else:
            raise Unusable(f"--out {path}: the name must end in .parquet, .csv or .geojson.")
    return tuple(named)


def _settings(
    edition_name: str | None, radius_km: float | None, min_weight: float | None, merge_km: float | None
) -> Settings:
    from headwater import editions

    edition = None
    if edition_name is not None:
        try:
            edition = editions.load(edition_name)
        except editions.EditionError as problem:
            raise Unusable(str(problem)) from problem

    def settled(name: str, given: float | None, otherwise: float | None = None) -> float:
        value = given if given is not None else edition.number(name) if edition is not None else otherwise
        option = "--" + name.replace("_", "-")
        if value is None and edition is not None:
            raise Unusable(f"Edition {edition.id} leaves {name} open, because no source settles it: give {option}.")
        if value is None:
            raise Unusable(f"{option} is missing: give it, or --edition.")
        if not math.isfinite(value) or value < 0 or (value == 0 and name != "merge_km"):
            raise Unusable(f"{option} must be {'0 or more' if name == 'merge_km' else 'above 0'}, got {value}.")
        return value

    join = cast("Literal['sum', 'mean']", edition.parameters["join"].value if edition is not None else "sum")
    return Settings(
        settled("radius_km", radius_km),
        settled("min_weight", min_weight),
        settled("merge_km", merge_km, 0.0),
        join,
        edition,
    )


def _run(
    engine: Any,
    settings: Settings,
    points: Points,
    seed: int,
    bootstrap: int,
    grid: str | None,
    described: bool,
    places_file: Path | None,
) -> Result:
    import numpy as np

    prepared = engine.prepare(points.lat, points.lon, settings.radius_km)
    places = prepared.locations
    weight = places.gather(points.weight)
    density = prepared.cluster(weight, min_weight=settings.min_weight)
    merge = engine.prepare_locations(places, settings.merge_km) if settings.merge_km > 0 else None
    clustering = density if merge is None else engine.merge_near(density, merge).clustering
    total = float(places.location_of.size if points.weight is None else points.weight.sum())
    result = Result(
        settings,
        points,
        density.count,
        clustering,
        engine.cluster_weights(clustering, weight),
        total,
        float(weight.sum()),
    )
    if described or bootstrap or grid:
        credits_ = _credits(engine, points)
        result.counts = engine.count_documents(
            credits_, places.location_of, clustering.location_label, clustering.count
        )
        result.ranking = engine.rank_clusters(result.counts, result.weights, join=settings.join)
    if described:
        result.shapes = engine.cluster_shapes(clustering, weight)
        cities, result.attribution = read_cities(places_file)
        result.names = engine.name_clusters(clustering, *cities)
    if bootstrap:
        result.intervals = engine.bootstrap_ranks(
            prepared,
            clustering,
            credits_,
            points.weight,
            engine.Method(settings.min_weight, merge, settings.join),
            resamples=bootstrap,
            rng=np.random.default_rng(seed),
        )
    if grid:
        radii, minima = _grid_values(grid, settings.radius_km, settings.min_weight)
        result.grid = engine.stability_grid(
            clustering, credits_, points.weight, radii, minima, merge=merge, join=settings.join
        )
    return result


def _run_on_dask(
    address: str, parts: list[Path], settings: Settings, described: bool, places_file: Path | None
) -> Result:
    from headwater.engines import clusters as engine
    from headwater.site import clustersdask

    found = clustersdask.find(
        address,
        parts,
        settings.edition,
        radius_km=settings.radius_km,
        min_weight=settings.min_weight,
        merge_km=settings.merge_km,
    )
    weights = engine.cluster_weights(found.merged, found.weight)
    result = Result(
        settings,
        None,
        found.density.count,
        found.merged,
        weights,
        found.totals.weight,
        found.totals.located_weight,
        totals=found.totals,
        label_parts=found.labels,
        metrics=found.metrics,
        has_documents=found.has_documents,
        has_metric=found.has_metric,
    )
    result.counts = found.counts
    result.ranking = engine.rank_clusters(found.counts, weights, join=settings.join)
    if described:
        result.shapes = engine.cluster_shapes(found.merged, found.weight)
        cities, result.attribution = read_cities(places_file)
        result.names = engine.name_clusters(found.merged, *cities)
    return result


def _credits(engine: Any, points: Points) -> Any:
    """Documents divided among points; without documents each point counts its weight."""
    import numpy as np

    n = points.lat.size
    metric = np.zeros(n, np.int64) if points.metric is None else points.metric
    if points.document is None:
        counted = np.ones(n) if points.weight is None else points.weight
        return engine.Credits(np.arange(n), metric, len(points.metrics), counted)
    of = np.zeros(int(points.document.max()) + 1 if n else 0, np.int64)
    of[points.document] = metric
    return engine.divide_documents(
        points.document, of, metrics=len(points.metrics), person=_persons(points.person), weight=points.weight
    )


def _persons(person: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
    """Person codes; each empty one becomes a person of its own."""
    import numpy as np

    if person is None or not (person < 0).any():
        return person
    filled = person.copy()
    filled[person < 0] = person.max() + 1 + np.arange(int((person < 0).sum()))
    return filled


def _grid_values(text: str, radius_km: float, min_weight: float) -> tuple[list[float], list[float]]:
    if text == "auto":
        return [radius_km * by for by in GRID_RADII], [min_weight * by for by in GRID_MINIMA]
    try:
        radii, minima = ([float(number) for number in part.split(",")] for part in text.split("x"))
    except ValueError as problem:
        raise Unusable(f"--grid {text}: write radii, an x, and minima, such as 10,13,15x2000,4500.") from problem
    if not all(math.isfinite(number) and number > 0 for number in (*radii, *minima)):
        raise Unusable(f"--grid {text}: radii and minima must be above 0.")
    return radii, minima


def _provenance(path: Path, digest: str, settings: Settings, seed: int, bootstrap: int) -> dict[str, Any]:
    import numpy as np

    from headwater import __version__

    edition = settings.edition
    return {
        "program": f"headwater {__version__}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "input": path.name,
        "input_sha256": digest,
        "edition": edition.id if edition else None,
        "radius_km": settings.radius_km,
        "min_weight": settings.min_weight,
        "merge_km": settings.merge_km,
        "join": settings.join,
        "earth_radius_km": 6371.0088,
        "resamples": bootstrap,
        "seed": seed if bootstrap else None,
    }
