"""The readers of the observatory: the region's record as a snapshot, and the runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.utils import timezone

from headwater.observatory.models import Run, RunKind, RunState
from headwater.observatory.records import Records, Snapshot, open_records
from headwater.observatory.store import Part
from headwater.registry.models import (
    City,
    Facility,
    Figure,
    Jurisdiction,
    Organisation,
    Source,
    SourceKind,
    Tie,
    Zone,
)
from headwater.registry.queries import region, visible_instruments
from headwater.registry.rules import ANYBODY

KEPT_S = 60


class NoRegionError(LookupError):
    """No region is loaded, so there is nothing to measure."""


def root() -> Path:
    """The folder of the micro-records."""
    return Path(settings.OBSERVATORY_ROOT)


def _made() -> Any:
    return Case(When(source__kind=SourceKind.SYNTHETIC, then=Value(True)), default=Value(False))


def _listed(rows: Any, *names: str) -> list[dict[str, Any]]:
    return list(rows.annotate(synthetic=_made()).order_by("pk").values(*names, "synthetic"))


def snapshot(as_of: date | None = None) -> Snapshot:
    """The region's record as plain rows; eleven queries, whatever it holds."""
    held = region()
    if held is None:
        raise NoRegionError
    zones: dict[str, dict[str, Any]] = {}
    for row in _listed(
        Zone.objects, "code", "kind", "name_zh", "name_en", "area_km2", "area_as_of", "area_verified", "lat", "lon"
    ):
        zones[row["code"]] = {**row, "cities": []}
    for code, city in Zone.cities.through.objects.order_by("zone_id", "city_id").values_list(
        "zone__code", "city__code"
    ):
        zones[code]["cities"].append(city)
    return Snapshot(
        region={
            "code": held.code,
            "name_zh": held.name_zh,
            "name_en": held.name_en,
            "country": held.country,
            "currency": held.currency,
            "bounds": [held.west, held.south, held.east, held.north],
            "rail": held.rail,
            "coast": held.coast,
            "digest": held.digest,
        },
        jurisdictions=_listed(Jurisdiction.objects, "code", "kind", "name_zh", "name_en"),
        cities=[
            {**row, "jurisdiction": row.pop("jurisdiction__code")}
            for row in _listed(
                City.objects,
                "code",
                "name_zh",
                "name_en",
                "jurisdiction__code",
                "lat",
                "lon",
                "population",
                "population_year",
                "area_km2",
            )
        ],
        zones=list(zones.values()),
        facilities=[
            {**row, "city": row.pop("city__code")}
            for row in _listed(
                Facility.objects,
                "code",
                "name_zh",
                "name_en",
                "city__code",
                "status",
                "field",
                "lat",
                "lon",
                "verified",
            )
        ],
        organisations=[
            {**row, "city": row.pop("city__code")}
            for row in _listed(
                Organisation.objects, "code", "name_zh", "name_en", "kind", "city__code", "lat", "lon", "ror"
            )
        ],
        instruments=_instruments(),
        ties=[
            {
                **row,
                **{side: row.pop(f"{side}__code") for side in ("start", "end")},
                **{f"{side}_kind": row.pop(f"{side}__kind") for side in ("start", "end")},
                **{f"{side}_city": row.pop(f"{side}__city__code") for side in ("start", "end")},
            }
            for row in _listed(
                Tie.objects,
                "kind",
                "name_zh",
                "name_en",
                "role",
                "since",
                "until",
                "verified",
                *(f"{side}__{name}" for side in ("start", "end") for name in ("code", "kind", "city__code")),
            )
        ],
        figures=_figures(),
        as_of=(as_of or timezone.now().date()).isoformat(),
    )


def _instruments() -> list[dict[str, Any]]:
    """Counts of the instruments that everybody may see, by city, access and status."""
    rows = (
        visible_instruments(ANYBODY)
        .order_by()
        .annotate(synthetic=_made())
        .values("city__code", "access", "status", "synthetic")
        .annotate(count=Count("pk"))
        .order_by("city__code", "access", "status", "synthetic")
    )
    return [{**row, "city": row.pop("city__code")} for row in rows]


def _figures() -> list[dict[str, Any]]:
    names = (
        "code",
        "subject_kind",
        "subject",
        "statement_zh",
        "statement_en",
        "claimed",
        "value",
        "comparison",
        "unit_zh",
        "unit_en",
        "as_of",
        "verdict",
        "note_zh",
        "note_en",
    )
    found = {row["code"]: {**row, "sources": []} for row in Figure.objects.order_by("pk").values(*names)}
    links = Figure.sources.through.objects.order_by("pk").values_list(
        "figure__code", "source__key", "source__title_zh", "source__title_en", "source__url", "source__published"
    )
    for code, *source in links:
        found[code]["sources"].append(
            dict(zip(("key", "title_zh", "title_en", "url", "published"), source, strict=True))
        )
    return list(found.values())


def kept_snapshot() -> Snapshot:
    """The snapshot, at most a minute old in each process: counting instruments grows with the catalogue."""
    kept: Snapshot | None = caches["local"].get("observatory.snapshot")
    if kept is None:
        kept = snapshot()
        caches["local"].set("observatory.snapshot", kept, KEPT_S)
    return kept


def records() -> Records:
    """Everything that figures are computed from, as it is now."""
    run = standing_clusters()
    return open_records(kept_snapshot(), root(), cluster_run=run.result if run is not None else None)


def runs(kind: str) -> QuerySet[Run]:
    return Run.objects.filter(kind=kind).select_related("by").order_by("-pk")


def latest(kind: str) -> Run | None:
    """The newest run of a kind that is done."""
    return runs(kind).filter(state=RunState.DONE).first()


def standing_clusters() -> Run | None:
    """The newest cluster run that figures and reports rest on: not one that only tries other parameters."""
    return runs(RunKind.CLUSTERS).filter(state=RunState.DONE).exclude(parameters__has_key="beside").first()


def tried_clusters() -> QuerySet[Run, dict[str, Any]]:
    """Runs that try other parameters beside a standing one, the newest first; without their results."""
    return (
        runs(RunKind.CLUSTERS)
        .filter(parameters__has_key="beside")
        .values("public_id", "state", "parameters", "asked_at", "problem")
    )


def cluster_run(public_id: str) -> Run | None:
    return runs(RunKind.CLUSTERS).filter(public_id=public_id).first()


def done(kind: str) -> QuerySet[Run]:
    return runs(kind).filter(state=RunState.DONE)


def under_way(kind: str) -> int:
    return Run.objects.filter(kind=kind, state__in=[RunState.QUEUED, RunState.RUNNING]).count()


def has_region() -> bool:
    return region() is not None


def parts_of_reports() -> set[str]:
    """Files of the store that a report names, so that it can be made again."""
    held = Run.objects.filter(kind=RunKind.REPORT, state=RunState.DONE).values_list(
        "manifest__inputs__store", flat=True
    )
    return {Part(**part).file for parts in held for part in parts or ()}


def open_runs_of(user_id: int) -> int:
    """How many runs somebody has asked for that have not ended."""
    return Run.objects.filter(by_id=user_id).filter(Q(state=RunState.QUEUED) | Q(state=RunState.RUNNING)).count()


def figure_sources(keys: list[str]) -> QuerySet[Source]:
    return Source.objects.filter(key__in=keys).order_by("pk")
