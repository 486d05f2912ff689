"""Cluster rankings as others have published them: beside ours, never mixed with them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

REGIONS = Path(__file__).resolve().parent.parent / "regions"


@lru_cache(maxsize=8)
def cluster_tables(region: str) -> Mapping[str, list[dict[str, Any]]]:
    """Published rows by edition, as a region's folder holds them; a blank share was not found, it is not zero."""
    path = REGIONS / region / "gii_clusters.csv"
    tables: dict[str, list[dict[str, Any]]] = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                tables.setdefault(row["edition"], []).append({**row, "sources": row["source"].split(";")})
    return tables
