"""The region's own counts as estimates, each from records and with its synthetic share."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import caches
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.estimate import Estimate
from headwater.registry import queries
from headwater.registry.models import City, Facility, Figure, Instrument, Organisation, SourceKind, Zone
from headwater.registry.rules import Viewer

KEPT_S = 60


@dataclass(frozen=True, slots=True)
class Counted:
    """One computed figure: what it counts, where its records are listed, and what others have published."""

    code: str
    label: object
    url_name: str
    estimate: Estimate
    published: tuple[Figure, ...] = ()


# What each count may be compared with: the code of a published figure begins with this.
COUNTS = (
    ("instruments", _("instruments in the record"), "instruments", Instrument, "shared-instruments"),
    ("facilities", _("large research facilities, planned ones included"), "facilities", Facility, "facilities-region"),
    ("organisations", _("organisations"), "organisations", Organisation, ""),
    ("cities", _("cities"), "cities", City, ""),
    ("zones", _("parks, science cities and corridors"), "zones", Zone, ""),
)


def counts() -> list[Counted]:
    """Count the region's records; kept for a minute in each process, as counting grows with the catalogue."""
    kept: list[Counted] | None = caches["local"].get("figures.counts")
    if kept is None:
        kept = [_count(*one) for one in COUNTS]
        caches["local"].set("figures.counts", kept, KEPT_S)
    return kept


def instruments_in_cities(viewer: Viewer) -> dict[int, int]:
    """How many instruments stand in each city, by its key; kept for a minute for whoever is not signed in."""
    if viewer.signed_in:
        return queries.instruments_by_city(viewer)
    kept: dict[int, int] | None = caches["local"].get("figures.by_city")
    if kept is None:
        kept = queries.instruments_by_city(viewer)
        caches["local"].set("figures.by_city", kept, KEPT_S)
    return kept


def _count(code: str, label: object, url_name: str, model: type, published: str) -> Counted:
    row = model._default_manager.aggregate(n=Count("pk"), made=Count("pk", filter=Q(source__kind=SourceKind.SYNTHETIC)))
    estimate = Estimate(
        value=row["n"],
        unit=code,
        records=row["n"],
        synthetic_share=row["made"] / row["n"] if row["n"] else 0.0,
        as_of=timezone.now().date(),
    )
    beside = tuple(Figure.objects.filter(code__startswith=published).order_by("pk")) if published else ()
    return Counted(code, label, url_name, estimate, beside)
