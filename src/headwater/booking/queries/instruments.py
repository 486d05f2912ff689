"""Instruments, the clocks they go by and the rules they are under."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from django.core.cache import caches
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Power
from numpy.typing import NDArray

from headwater.booking.models import (
    Policy,
)
from headwater.registry.models import Instrument
from headwater.registry.queries import node_prefix, visible_instruments
from headwater.registry.rules import Viewer

KM_A_DEGREE = 111.2


def node() -> str:
    """What this node's public ids begin with after their kind; asked of the database once in a while."""
    known = caches["local"].get("booking.node")
    if known is None:
        known = node_prefix()
        if known != "hw":  # before a region is loaded it is not settled yet
            caches["local"].set("booking.node", known, 60)
    return str(known)


def span_of(start: datetime, end: datetime) -> DateTimeTZRange:
    return DateTimeTZRange(start, end)


def bookable(viewer: Viewer) -> QuerySet[Instrument]:
    """Instruments that ``viewer`` may see, with the clocks they go by."""
    return visible_instruments(viewer).select_related("city__jurisdiction", "owner", "facility")


# What a decision on time looks at; the other forty columns stay in the database.
SLIM = (
    *("public_id", "name_zh", "name_en", "access", "status", "visibility", "lat", "lon", "facility__public_id"),
    *("owner__public_id", "owner__name_zh", "owner__name_en", "city__lat", "city__lon"),
    "city__jurisdiction__timezone",
)


def decided(viewer: Viewer) -> QuerySet[Instrument]:
    """Instruments that ``viewer`` may see, with what a decision on their time looks at and no more."""
    return bookable(viewer).only(*SLIM)


def policies_at(at: datetime) -> QuerySet[Policy]:
    """The policies that have begun at ``at``, the one in force first: an instrument's own before its owner's."""
    return Policy.objects.filter(since__lte=at).order_by(F("instrument").asc(nulls_last=True), "-since", "-pk")


def policy(key: int) -> Policy:
    return Policy.objects.get(pk=key)


def policy_of(instrument: Instrument, at: datetime) -> Policy | None:
    """The policy in force on one instrument; None where the house's defaults are."""
    return policies_at(at).filter(Q(instrument=instrument) | Q(owner=instrument.owner_id)).first()


@dataclass(frozen=True, slots=True)
class Ruling:
    """Which policy is in force, and whether somebody is trained for the instrument, and until when."""

    policy_id: int
    made_at: datetime
    trained: bool
    trained_until: datetime | None


def ruling_of(instrument: Instrument, at: datetime, user_id: int | None) -> Ruling | None:
    """The policy in force on one instrument, by its key; None where the house's defaults are. One query, as SQL."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT one.id, one.made_at, learnt.id IS NOT NULL, learnt.expires_at
            FROM booking_policy AS one LEFT JOIN booking_qualification AS learnt
              ON learnt.instrument_id = %s AND learnt.user_id = %s AND learnt.revoked_at IS NULL
            WHERE one.since <= %s AND (one.instrument_id = %s OR one.owner_id = %s)
            ORDER BY one.instrument_id NULLS LAST, one.since DESC, one.id DESC LIMIT 1""",
            [instrument.pk, user_id, at, instrument.pk, instrument.owner_id],
        )
        row = cursor.fetchone()
    return None if row is None else Ruling(*row)


def ruled(rows: QuerySet[Instrument], at: datetime) -> QuerySet[Instrument]:
    """The same instruments, each with the key of the policy in force on it and when that was made, in one query."""
    theirs = policies_at(at).filter(Q(instrument=OuterRef("pk")) | Q(owner=OuterRef("owner")))
    return rows.annotate(
        ruling=Subquery(theirs.values("pk")[:1]),
        ruling_made=Subquery(theirs.values("made_at")[:1]),
    )


def policies_of(
    instrument_ids: Collection[int], owner_ids: Collection[int], at: datetime
) -> tuple[dict[int, Policy], dict[int, Policy]]:
    """The newest policy begun at ``at`` of each instrument and of each owner that has one; one query."""
    rows = (
        Policy.objects.filter(since__lte=at)
        .filter(Q(instrument__in=list(instrument_ids)) | Q(owner__in=list(owner_ids)))
        .order_by("instrument", "owner", "-since", "-pk")
        .distinct("instrument", "owner")
    )
    found = list(rows)
    own = {one.instrument_id: one for one in found if one.instrument_id is not None}
    return own, {one.owner_id: one for one in found if one.owner_id is not None}


def zones_of(instrument_ids: Collection[int]) -> list[tuple[int, int, str]]:
    """Each instrument's key, its owner's, and the zone of its clocks; one query."""
    return list(
        Instrument.objects.filter(pk__in=list(instrument_ids)).values_list(
            "pk", "owner_id", "city__jurisdiction__timezone"
        )
    )


def keys_of(owner_id: int) -> list[int]:
    """The keys of all of an owner's instruments."""
    return list(Instrument.objects.filter(owner=owner_id).order_by("pk").values_list("pk", flat=True))


def similar(instrument: Instrument, viewer: Viewer, *, most: int) -> list[tuple[Instrument, float]]:
    """Operating instruments of the same chief technique, nearest first, with the kilometres; one query."""
    chief = instrument.technique_links.filter(rank=0).values("technique")[:1]
    spot = instrument if instrument.lat is not None else instrument.city
    here = spot.lat, spot.lon
    lat, lon = Coalesce("lat", "city__lat"), Coalesce("lon", "city__lon")
    narrow = math.cos(math.radians(here[0]))
    # Flat over a region: what is nearest first there is so on the sphere.
    away = Power((lat - here[0]) * KM_A_DEGREE, 2) + Power((lon - here[1]) * KM_A_DEGREE * narrow, 2)
    rows = (
        visible_instruments(viewer)
        .filter(technique_links__technique__in=chief, technique_links__rank=0, access="booking", status="operating")
        .exclude(pk=instrument.pk)
        .annotate(away=away)
        .select_related("city__jurisdiction")
        .order_by("away", "pk")[:most]
    )
    return [(one, math.sqrt(one.away)) for one in rows]


def seconds(rows: Iterable[tuple[datetime, datetime]]) -> NDArray[np.int64]:
    """Spans of instants as the engine reads them."""
    found = [(int(start.timestamp()), int(end.timestamp())) for start, end in rows]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def zone_of(instrument: Instrument) -> ZoneInfo:
    """The clocks an instrument goes by."""
    return ZoneInfo(instrument.city.timezone)


def policies_to_come(instrument: Instrument, at: datetime) -> QuerySet[Policy]:
    """The rules of an instrument, or of its owner's, that come into force later."""
    return (
        Policy.objects.filter(since__gt=at)
        .filter(Q(instrument=instrument) | Q(owner=instrument.owner_id))
        .order_by("since", "pk")
    )
