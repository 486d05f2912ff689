"""Who may use instruments: qualifications, courses, managers, memberships."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Lower

from headwater.accounts.models import Grant, Role, User
from headwater.booking.models import (
    Course,
    Qualification,
    Reservation,
    SignUp,
    State,
)
from headwater.registry.models import Membership, Organisation


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


def people(emails: Collection[str]) -> QuerySet[User]:
    """Active users by address, whatever its case."""
    wanted = [one.strip().lower() for one in emails]
    return User.objects.annotate(lower=Lower("email")).filter(lower__in=wanted, is_active=True)


def offices_of(user_id: int | None) -> frozenset[str]:
    """The facilities whose user office somebody is, by public id; an empty one stands for all."""
    rows = Grant.objects.filter(user=user_id, role=Role.USER_OFFICE)
    return frozenset(rows.values_list("scope", flat=True)) if user_id is not None else frozenset()


def is_company(organisation_ids: Collection[int]) -> bool:
    return Organisation.objects.filter(pk__in=organisation_ids, kind="company").exists()


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
