"""Indicators of reach: suppliers within a distance, within a rail time, within both; instruments within reach."""

from __future__ import annotations

import numpy as np
from django.utils.translation import gettext_lazy as _

from headwater.engines import statistics
from headwater.observatory import catchments
from headwater.observatory.indicators.definition import Answer, Indicator, Part, estimate
from headwater.observatory.records import Records
from headwater.observatory.subjects import Period, Subject

LIMIT_KM, LIMIT_MIN = 400.0, 180.0


def _suppliers(records: Records, subject: Subject, which: str) -> Answer:
    key = ("suppliers", subject.code)
    if key not in records.kept:
        records.kept[key] = None
        if subject.lat is not None and subject.lon is not None and subject.cities:
            places = catchments.places_of(records, "suppliers", subject.code)
            origin = (subject.lat, subject.lon, subject.cities[0])
            records.kept[key] = catchments.catchment(records, origin, places, limit_km=LIMIT_KM, limit_min=LIMIT_MIN)
    found: catchments.Catchment | None = records.kept[key]
    if found is None or not found.overlap.total:
        return Answer(None, lacks="suppliers")
    share = found.shares[which]
    count = len(found.reached)
    low, high = statistics.share_interval(share * count, count)
    parts = [Part(name, round(100 * value, 2)) for name, value in found.shares.items()]
    return estimate(
        records,
        "%",
        100 * share,
        count=count,
        made=round(found.synthetic_share * count),
        interval=(100 * low, 100 * high),
        parts=[*parts, Part("unplaced", found.unplaced)],
        lacks="suppliers",
    )


def suppliers_by_distance(records: Records, subject: Subject, period: Period) -> Answer:
    return _suppliers(records, subject, "distance")


def suppliers_by_rail(records: Records, subject: Subject, period: Period) -> Answer:
    return _suppliers(records, subject, "rail")


def suppliers_by_both(records: Records, subject: Subject, period: Period) -> Answer:
    return _suppliers(records, subject, "both")


def instruments_in_reach(records: Records, subject: Subject, period: Period) -> Answer:
    rows = [row for row in catchments.instrument_access(records, limit_min=LIMIT_MIN) if row["city"] in subject.cities]
    people = sum(row["people"] for row in rows)
    value = sum(row["people"] * row["per_million"] for row in rows) / people if people else None
    mine = [row for row in records.snapshot.instruments if row["access"] != "internal" and row["status"] == "operating"]
    parts = [Part(row["city"], round(row["per_million"], 1)) for row in sorted(rows, key=lambda r: -r["per_million"])]
    return estimate(
        records,
        "per_million",
        None if value is None or np.isnan(value) else float(value),
        count=sum(row["count"] for row in mine),
        made=sum(row["count"] for row in mine if row["synthetic"]),
        parts=parts,
        lacks="rail",
    )


_CAVEAT = _("A circle and a rail time are two different sets: look at both and at their overlap on the reach page.")
INDICATORS = (
    Indicator(
        "suppliers-within-distance",
        _("Suppliers within 400 km"),
        _("Weight of the plant's suppliers within 400 km, great circle ÷ weight of all."),
        _("each supplier with its weight; one without a place counts as outside"),
        "%",
        _CAVEAT,
        "Geurs & van Wee (2004), Journal of Transport Geography 12(2), 127-140",
        ("zone",),
        suppliers_by_distance,
        "suppliers",
        ("aircraft-suppliers-rail",),
        "reach",
    ),
    Indicator(
        "suppliers-within-rail-time",
        _("Suppliers within three hours by rail"),
        _("Weight of the plant's suppliers in cities within 180 minutes by rail, door to door ÷ weight of all."),
        _("each supplier with its weight, by the trains of its city; fastest journey of the day"),
        "%",
        _CAVEAT,
        "Geurs & van Wee (2004), Journal of Transport Geography 12(2), 127-140",
        ("zone",),
        suppliers_by_rail,
        "suppliers",
        ("aircraft-suppliers-rail",),
        "reach",
    ),
    Indicator(
        "suppliers-within-both",
        _("Suppliers within 400 km and within three hours by rail"),
        _("Weight of the plant's suppliers that are in both sets ÷ weight of all."),
        _("each supplier with its weight"),
        "%",
        _CAVEAT,
        "Geurs & van Wee (2004), Journal of Transport Geography 12(2), 127-140",
        ("zone",),
        suppliers_by_both,
        "suppliers",
        ("aircraft-suppliers-rail",),
        "reach",
    ),
    Indicator(
        "instruments-in-reach",
        _("Shared instruments per million people within three hours by rail"),
        _(
            "Two-step floating catchment: each city's instruments ÷ people within 180 minutes, summed over cities in reach."
        ),
        _("each instrument shared among all who can reach it; cities weighted by people"),
        "per_million",
        _("No decay with time and no choice behaviour; the limit is a cliff."),
        "Luo & Wang (2003), Environment and Planning B 30(6), 865-884",
        ("region", "jurisdiction", "city"),
        instruments_in_reach,
        "instruments",
        (),
        "reach",
    ),
)
