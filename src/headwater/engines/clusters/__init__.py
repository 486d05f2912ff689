"""Density clusters on the sphere: found exactly, merged, counted, ranked, with their uncertainty and shapes.

Read in the order of the work: ``locations`` (points collapse to distinct coordinates), ``grid`` (cells and leaves),
``density`` (DBSCAN), ``merging``, ``counting`` (fractional documents, shares, ranks), ``uncertainty`` (bootstrap and
stability), ``changes`` (two clusterings compared), ``shapes`` (hulls, GeoJSON, names).
"""

from headwater.engines.clusters.changes import Change, compare_labels
from headwater.engines.clusters.counting import (
    Counts,
    Credits,
    Ranking,
    count_documents,
    divide_documents,
    rank_clusters,
)
from headwater.engines.clusters.density import NOISE, Clustering, Prepared, prepare, prepare_locations
from headwater.engines.clusters.errors import ClusterError
from headwater.engines.clusters.grid import LEAST_RADIUS_KM, MOST_RADIUS_KM
from headwater.engines.clusters.locations import EARTH_RADIUS_KM, Locations, collapse_points
from headwater.engines.clusters.merging import Merging, merge_near
from headwater.engines.clusters.shapes import Shape, cluster_shapes, name_clusters
from headwater.engines.clusters.uncertainty import (
    Method,
    RankIntervals,
    StabilityGrid,
    bootstrap_ranks,
    cluster_and_merge,
    cluster_weights,
    match_clusters,
    stability_grid,
)

__all__ = [
    "EARTH_RADIUS_KM",
    "LEAST_RADIUS_KM",
    "MOST_RADIUS_KM",
    "NOISE",
    "Change",
    "ClusterError",
    "Clustering",
    "Counts",
    "Credits",
    "Locations",
    "Merging",
    "Method",
    "Prepared",
    "RankIntervals",
    "Ranking",
    "Shape",
    "StabilityGrid",
    "bootstrap_ranks",
    "cluster_and_merge",
    "cluster_shapes",
    "cluster_weights",
    "collapse_points",
    "compare_labels",
    "count_documents",
    "divide_documents",
    "match_clusters",
    "merge_near",
    "name_clusters",
    "prepare",
    "prepare_locations",
    "rank_clusters",
    "stability_grid",
]
