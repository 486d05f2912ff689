"""The readers of the one calendar: small, composable; what they cost does not grow with the calendar's past."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.core.cache import caches
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce, Lower, Power
from numpy.typing import NDArray

from headwater.accounts.models import Grant, Role, User
from headwater.booking import hooks
from headwater.booking.models import (
    OCCUPYING,
    Course,
    Feed,
    Interlock,
    Kind,
    Policy,
    Qualification,
    Reservation,
    Signal,
    SignUp,
    State,
    Usage,
    WaitingWish,
)
from headwater.registry.models import Instrument, Membership, Organisation
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


def policy_of(instrument: Instrument, at: datetime) -> Policy | None:
    """The policy in force on one instrument; None where the house's defaults are."""
    return policies_at(at).filter(Q(instrument=instrument) | Q(owner=instrument.owner_id)).first()


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


def busy_of(
    instrument_ids: Sequence[int], start: datetime, end: datetime, *, most: int
) -> dict[int, tuple[list[int], list[int]]]:
    """The first ``most`` busy spans of each instrument between two instants, in seconds since 1970; one query."""
    with connection.cursor() as cursor:
        # What takes time on one instrument never overlaps, so that its order by end is its order by start too.
        cursor.execute(
            """SELECT wanted.id, found.starts, found.ends FROM unnest(%s::bigint[]) AS wanted(id) CROSS JOIN LATERAL (
                SELECT array_agg(one.begins) AS starts, array_agg(one.finishes) AS ends FROM (
                    SELECT floor(extract(epoch FROM lower(occupied)))::bigint AS begins,
                           ceil(extract(epoch FROM upper(occupied)))::bigint AS finishes
                    FROM booking_reservation
                    WHERE instrument_id = wanted.id AND state IN ('requested', 'confirmed', 'in_use', 'used')
                      AND upper(occupied) > %s AND lower(occupied) < %s
                    ORDER BY upper(occupied) LIMIT %s
                ) AS one
            ) AS found""",
            [list(instrument_ids), start, end, most],
        )
        return {pk: (starts or [], ends or []) for pk, starts, ends in cursor.fetchall()}


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


def occupying(instrument_ids: Collection[int] | int, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """What takes time on the instruments between ``start`` and ``end``, by instrument and time."""
    which = {"instrument": instrument_ids} if isinstance(instrument_ids, int) else {"instrument__in": instrument_ids}
    return Reservation.objects.filter(
        **which, state__in=OCCUPYING, occupied__endswith__gt=start, occupied__startswith__lt=end
    ).order_by("instrument", "occupied")


def everywhere(start: datetime, end: datetime) -> QuerySet[Reservation]:
    """What takes time on any instrument between ``start`` and ``end``; for calendars of many instruments."""
    return Reservation.objects.filter(state__in=OCCUPYING, occupied__overlap=span_of(start, end))


def taken_everywhere(
    viewer: Viewer, start: datetime, end: datetime, *, instrument: str = ""
) -> QuerySet[Reservation, tuple[Any, ...]]:
    """What is taken on every instrument that ``viewer`` may see, or on one: its id, span, kind and state; one query."""
    seen = visible_instruments(viewer)
    if instrument:
        rows = everywhere(start, end).filter(instrument=seen.filter(public_id=instrument).values("pk")[:1])
    else:
        rows = everywhere(start, end)
        rows = rows if viewer.operator else rows.filter(instrument__in=seen.values("pk"))
    return rows.order_by("instrument", "occupied").values_list("instrument__public_id", "occupied", "kind", "state")


def seconds(rows: Iterable[tuple[datetime, datetime]]) -> NDArray[np.int64]:
    """Spans of instants as the engine reads them."""
    found = [(int(start.timestamp()), int(end.timestamp())) for start, end in rows]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def shared_in(instrument_id: int, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """What counts against quotas between two instants: bookings that stand, were used, or were missed."""
    return Reservation.objects.filter(
        instrument=instrument_id,
        kind__in=(Kind.BOOKING, Kind.HOLD),
        state__in=(*OCCUPYING, State.MISSED),
        span__overlap=span_of(start, end),
    )


def qualification_of(user_id: int, instrument_id: int) -> Qualification | None:
    """Somebody's living qualification for an instrument; it may have expired."""
    return Qualification.objects.filter(user=user_id, instrument=instrument_id, revoked_at=None).first()


def missed_by(user_id: int, owner_id: int, *, since: datetime) -> int:
    """How many bookings on an owner's instruments somebody did not turn up for, or gave up too late."""
    return (
        Reservation.objects.filter(holder=user_id, instrument__owner=owner_id, span__endswith__gt=since)
        .filter(Q(state=State.MISSED) | Q(state=State.CANCELLED, late=True))
        .count()
    )


def managers_of(owner_id: int) -> QuerySet[User]:
    """Who manages an organisation's instruments."""
    return User.objects.filter(
        person__memberships__organisation=owner_id,
        person__memberships__until=None,
        person__memberships__role__in=("manager", "administrator"),
        is_active=True,
    ).distinct()


# Training -------------------------------------------------------------------------------------------------------
def courses(instrument_id: int, *, after: datetime) -> QuerySet[Course]:
    """An instrument's courses from ``after`` on, soonest first, with the places that are taken."""
    return (
        Course.objects.filter(instrument=instrument_id, starts_at__gt=after)
        .annotate(taken=Count("sign_ups", filter=Q(sign_ups__state__in=("signed_up", "passed", "failed"))))
        .order_by("starts_at", "pk")
    )


def sign_ups(course_id: int) -> QuerySet[SignUp]:
    return SignUp.objects.filter(course=course_id).select_related("user").order_by("pk")


def course(public_id: str) -> Course | None:
    return Course.objects.filter(public_id=public_id).select_related("instrument").first()


def my_sign_ups(user_id: int | None, course_ids: Collection[int]) -> dict[int, str]:
    """In which state somebody is in each of some courses; one query."""
    return dict(SignUp.objects.filter(user=user_id, course__in=list(course_ids)).values_list("course", "state"))


def qualified_people(instrument_id: int) -> QuerySet[Qualification]:
    """Who is qualified for an instrument, or was until it expired."""
    return (
        Qualification.objects.filter(instrument=instrument_id, revoked_at=None)
        .select_related("user")
        .order_by("user__email")
    )


def expiring(start: datetime, end: datetime) -> QuerySet[Qualification]:
    """Living qualifications that end between two instants."""
    return (
        Qualification.objects.filter(revoked_at=None, expires_at__gt=start, expires_at__lte=end)
        .select_related("user", "instrument__city__jurisdiction")
        .order_by("pk")
    )


def next_course(instrument_id: int, *, after: datetime) -> tuple[str, datetime, int] | None:
    """The next course with a free place: its id, its start, the places left."""
    open_ones = courses(instrument_id, after=after).filter(state="open", taken__lt=F("places"))
    found = open_ones.values_list("public_id", "starts_at", "places", "taken").first()
    return None if found is None else (found[0], found[1], found[2] - found[3])


def beamtime_of(references: Collection[str]) -> QuerySet[Reservation]:
    """The beamtime that stands for some references; a reference has at most one."""
    return (
        Reservation.objects.filter(kind=Kind.BEAMTIME, state__in=OCCUPYING, reference__in=list(references))
        .select_related("instrument__city__jurisdiction", "instrument__owner", "instrument__facility", "holder")
        .order_by("pk")
    )


def people(emails: Collection[str]) -> QuerySet[User]:
    """Active users by address, whatever its case."""
    wanted = [one.strip().lower() for one in emails]
    return User.objects.annotate(lower=Lower("email")).filter(lower__in=wanted, is_active=True)


def offices_of(user_id: int | None) -> frozenset[str]:
    """The facilities whose user office somebody is, by public id; an empty one stands for all."""
    rows = Grant.objects.filter(user=user_id, role=Role.USER_OFFICE)
    return frozenset(rows.values_list("scope", flat=True)) if user_id is not None else frozenset()


def zone_of(instrument: Instrument) -> ZoneInfo:
    """The clocks an instrument goes by."""
    return ZoneInfo(instrument.city.timezone)


def is_company(organisation_ids: Collection[int]) -> bool:
    return Organisation.objects.filter(pk__in=organisation_ids, kind="company").exists()


def reservations_of(user_id: int, *, since: datetime) -> QuerySet[Reservation]:
    """Somebody's reservations that end after ``since``, in order of time, but beamtime she was not told of yet."""
    rows = Reservation.objects.filter(holder=user_id, span__endswith__gt=since)
    for references in hooks.untold(user_id):
        rows = rows.exclude(kind=Kind.BEAMTIME, reference__in=references)
    return rows.select_related(
        "instrument__city__jurisdiction", "instrument__owner", "holder", "organisation", "series"
    ).order_by("span", "pk")


def reservation(public_id: str) -> Reservation | None:
    return (
        Reservation.objects.filter(public_id=public_id)
        .select_related("instrument__city__jurisdiction", "instrument__owner", "holder", "organisation", "series")
        .first()
    )


def week_of(instrument: Instrument, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """One instrument's reservations between two instants, with what a calendar shows of each."""
    return occupying(instrument.pk, start, end).select_related("holder", "organisation", "series")


def awaiting(owner_ids: Collection[int] | None) -> QuerySet[Reservation]:
    """What awaits approval on the instruments of some owners, or (None) of all; soonest first."""
    rows = Reservation.objects.filter(state=State.REQUESTED)
    if owner_ids is not None:
        rows = rows.filter(instrument__owner__in=owner_ids)
    return rows.select_related("instrument__city__jurisdiction", "holder", "organisation").order_by("span", "pk")


def wishes_waiting(instrument_id: int, start: datetime, end: datetime) -> QuerySet[WaitingWish]:
    """The waiting list for a span, first come first."""
    return (
        WaitingWish.objects.filter(instrument=instrument_id, state="waiting", window__overlap=span_of(start, end))
        .select_related("user")
        .order_by("made_at", "pk")
    )


def wishes_of(user_id: int) -> QuerySet[WaitingWish]:
    """Somebody's wishes that are not settled yet."""
    return (
        WaitingWish.objects.filter(user=user_id, state__in=("waiting", "held"))
        .select_related("instrument__city__jurisdiction", "hold")
        .order_by("made_at", "pk")
    )


def open_usage(instrument_id: int) -> Usage | None:
    """Who has the instrument in hands now."""
    return Usage.objects.filter(instrument=instrument_id, stopped_at=None).select_related("reservation").first()


def feeds_of(user_id: int) -> QuerySet[Feed]:
    return Feed.objects.filter(user=user_id, revoked_at=None).select_related("instrument").order_by("pk")


def next_signal(interlock_id: int) -> Signal | None:
    """The oldest signal that an interlock does not know, locked."""
    return (
        Signal.objects.select_for_update(of=("self",))
        .select_related("interlock")
        .filter(interlock=interlock_id, delivered_at=None)
        .order_by("pk")
        .first()
    )


def lapsed_holds(at: datetime) -> QuerySet[Reservation]:
    return Reservation.objects.filter(kind=Kind.HOLD, state=State.CONFIRMED, held_until__lte=at).order_by("pk")


def begun(at: datetime, *, within: timedelta) -> QuerySet[Reservation]:
    """Bookings that have begun in the time before ``at`` and wait for an approval or a user still."""
    return (
        Reservation.objects.filter(
            kind=Kind.BOOKING,
            state__in=(State.REQUESTED, State.CONFIRMED),
            span__startswith__lte=at,
            span__startswith__gt=at - within,
        )
        .select_related("instrument__city__jurisdiction", "policy")
        .order_by("pk")
    )


def usages_open() -> QuerySet[Usage]:
    return Usage.objects.filter(stopped_at=None).select_related("reservation", "instrument__city__jurisdiction")


def usages_in(instrument_ids: Sequence[int], start: datetime, end: datetime) -> QuerySet[Usage]:
    """Use of some instruments that was going on between two instants."""
    return (
        Usage.objects.filter(instrument__in=instrument_ids, started_at__lt=end)
        .filter(Q(stopped_at=None) | Q(stopped_at__gt=start))
        .order_by("instrument", "started_at")
    )


# Looking back ---------------------------------------------------------------------------------------------------
def booked_between(instrument_id: int, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """Bookings that stood, were used or were missed between two instants, as they were made."""
    return (
        Reservation.objects.filter(
            instrument=instrument_id,
            kind=Kind.BOOKING,
            state__in=(*OCCUPYING, State.MISSED),
            span__overlap=span_of(start, end),
        )
        .select_related("holder", "organisation")
        .order_by("created_at", "pk")
    )


def counted_between(instrument_id: int, start: datetime, end: datetime) -> QuerySet[Reservation]:
    """All that took an instrument's time between two instants, and what was missed."""
    return Reservation.objects.filter(
        instrument=instrument_id, state__in=(*OCCUPYING, State.MISSED), span__overlap=span_of(start, end)
    ).order_by("span")


def kinds_of(user_ids: Collection[int], owner_id: int) -> dict[int, str]:
    """What kind of user each of some people is to an instrument's owner; one query."""
    rows = Membership.objects.filter(person__user__in=list(user_ids), until=None).values_list(
        "person__user", "organisation", "organisation__kind"
    )
    found: dict[int, str] = {}
    for user_id, organisation_id, kind in rows:
        if organisation_id == owner_id:
            found[user_id] = "own"
        elif kind == "company":
            found.setdefault(user_id, "company")
    return found


def trained_for(instrument_id: int) -> dict[int, tuple[datetime, datetime | None]]:
    """Who is qualified for an instrument, since when and until when; one query."""
    rows = Qualification.objects.filter(instrument=instrument_id, revoked_at=None)
    return {user: (since, until) for user, since, until in rows.values_list("user", "granted_at", "expires_at")}


def members_of(owner_id: int) -> set[int]:
    """The users who belong to an organisation now."""
    rows = Membership.objects.filter(organisation=owner_id, until=None, person__user__isnull=False)
    return set(rows.values_list("person__user", flat=True))


def policies_to_come(instrument: Instrument, at: datetime) -> QuerySet[Policy]:
    """The rules of an instrument, or of its owner's, that come into force later."""
    return (
        Policy.objects.filter(since__gt=at)
        .filter(Q(instrument=instrument) | Q(owner=instrument.owner_id))
        .order_by("since", "pk")
    )


# Feeds ----------------------------------------------------------------------------------------------------------
FEED_BACK, FEED_AHEAD = timedelta(days=90), timedelta(days=400)
MOST_IN_FEED = 2000


def live_feed(digest: str) -> Feed | None:
    return Feed.objects.filter(digest=digest, revoked_at=None).select_related("user", "instrument").first()


def feed_rows(user_id: int, at: datetime) -> QuerySet[Reservation]:
    """What one's own feed tells: from three months back on, given-up ones among them."""
    return reservations_of(user_id, since=at - FEED_BACK)[:MOST_IN_FEED]


def instrument_feed_rows(instrument: Instrument, at: datetime) -> QuerySet[Reservation]:
    return week_of(instrument, at - FEED_BACK, at + FEED_AHEAD)[:MOST_IN_FEED]


def interlock_url(instrument_id: int) -> str:
    return Interlock.objects.filter(instrument=instrument_id).values_list("url", flat=True).first() or ""


def signals_waiting(instrument_id: int) -> int:
    """How many starts and stops an instrument's interlock was not told of yet."""
    return Signal.objects.filter(interlock__instrument=instrument_id, delivered_at=None).count()
