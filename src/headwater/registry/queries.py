"""The readers of the registry: small, composable; every list reads a fixed number of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import Count, Model, Prefetch, Q, QuerySet

from headwater.registry.models import (
    City,
    ClassCode,
    Facility,
    Figure,
    ImportRun,
    Instrument,
    InstrumentTechnique,
    Jurisdiction,
    Membership,
    Organisation,
    Region,
    Source,
    Technique,
    Tie,
    Zone,
)
from headwater.registry.rules import Viewer

M = TypeVar("M", bound=Model)
PAGE = 30
COUNTED_TO = 10_000


def region() -> Region | None:
    """The region this node holds; None before one is loaded."""
    return Region.objects.order_by("-loaded_at").first()


def node_prefix() -> str:
    """What this node's public ids begin with after their kind."""
    if settings.ENVIRONMENT["HEADWATER_NODE"]:
        return str(settings.ENVIRONMENT["HEADWATER_NODE"])
    held = region()
    return held.node if held else "hw"


# Who somebody is ------------------------------------------------------------------------------------------------
def standing_of(user_id: int) -> tuple[frozenset[str], dict[int, str]]:
    """Somebody's platform roles, and the organisations she belongs to with her role in each; one query.

    Written as SQL: every page and every call of a signed-in user asks it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT NULL, role FROM accounts_grant WHERE user_id = %s
            UNION ALL SELECT one.organisation_id, one.role FROM registry_membership AS one
            JOIN registry_person AS person ON person.id = one.person_id
            WHERE person.user_id = %s AND one.until IS NULL""",
            [user_id, user_id],
        )
        rows = cursor.fetchall()
    return frozenset(role for key, role in rows if key is None), {key: role for key, role in rows if key is not None}


# Who may see what -----------------------------------------------------------------------------------------------
def visible_instruments(viewer: Viewer) -> QuerySet[Instrument]:
    """The instruments that `rules.may_see_instrument` lets ``viewer`` see."""
    if viewer.operator:
        return Instrument.objects.all()
    seen = Q(visibility="public")
    if viewer.signed_in:
        seen |= Q(visibility="registered")
    if viewer.memberships:
        seen |= Q(owner_id__in=list(viewer.memberships))
    return Instrument.objects.filter(seen)


# Lists ----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Cut(Generic[M]):
    """One page of a list, cut by key, so that the millionth row costs what the first does."""

    rows: Sequence[M]
    next_key: int | None
    previous_key: int | None
    total: int
    more_than: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


def cut(rows: QuerySet[M], *, after: int | None, before: int | None = None, size: int = PAGE) -> Cut[M]:
    """Cut one page of ``rows`` by primary key: two queries, plus those of its prefetches.

    The total is counted up to `COUNTED_TO`, so that counting does not grow with the catalogue either.
    """
    counted = rows.order_by().values("pk")[: COUNTED_TO + 1].count()
    if before is not None:
        found = list(reversed(rows.filter(pk__lt=before).order_by("-pk")[: size + 1]))
        has_more, found = len(found) > size, found[-size:]
        return Cut(
            found,
            found[-1].pk if found else None,
            found[0].pk if has_more else None,
            min(counted, COUNTED_TO),
            counted > COUNTED_TO,
        )
    found = list((rows if after is None else rows.filter(pk__gt=after)).order_by("pk")[: size + 1])
    has_more, found = len(found) > size, found[:size]
    return Cut(
        found,
        found[-1].pk if has_more else None,
        found[0].pk if after is not None and found else None,
        min(counted, COUNTED_TO),
        counted > COUNTED_TO,
    )


@dataclass(frozen=True, slots=True)
class InstrumentFilter:
    """What a list of instruments is narrowed to; empty means all."""

    city: str = ""
    jurisdiction: str = ""
    technique: str = ""
    owner: str = ""
    facility: str = ""
    access: str = ""
    status: str = ""
    synthetic: str = ""


def narrowed(instruments: QuerySet[Instrument], wanted: InstrumentFilter) -> QuerySet[Instrument]:
    """``instruments`` that fit ``wanted``; codes and public ids, as in addresses."""
    if wanted.city:
        instruments = instruments.filter(city_id__in=City.objects.filter(code=wanted.city).values("pk"))
    if wanted.jurisdiction:
        instruments = instruments.filter(
            city_id__in=City.objects.filter(jurisdiction__code=wanted.jurisdiction).values("pk")
        )
    if wanted.technique:
        techniques = Technique.objects.filter(Q(code=wanted.technique) | Q(parent__code=wanted.technique))
        links = InstrumentTechnique.objects.filter(technique__in=techniques)
        instruments = instruments.filter(pk__in=links.values("instrument_id"))
    if wanted.owner:
        instruments = instruments.filter(owner_id__in=Organisation.objects.filter(public_id=wanted.owner).values("pk"))
    if wanted.facility:
        instruments = instruments.filter(
            facility_id__in=Facility.objects.filter(public_id=wanted.facility).values("pk")
        )
    if wanted.access:
        instruments = instruments.filter(access=wanted.access)
    if wanted.status:
        instruments = instruments.filter(status=wanted.status)
    if wanted.synthetic:
        made = Source.objects.filter(kind="synthetic").values("pk")
        instruments = (
            instruments.filter(source_id__in=made)
            if wanted.synthetic == "yes"
            else instruments.exclude(source_id__in=made)
        )
    return instruments


def with_listing(instruments: QuerySet[Instrument]) -> QuerySet[Instrument]:
    """What a row of a list shows: owner, city, source, techniques; one query more."""
    links = InstrumentTechnique.objects.select_related("technique").order_by("rank")
    return instruments.select_related("owner", "city__jurisdiction", "source", "facility").prefetch_related(
        Prefetch("technique_links", queryset=links)
    )


def with_all(instruments: QuerySet[Instrument]) -> QuerySet[Instrument]:
    """What an instrument's own page and its exports show."""
    return with_listing(instruments).select_related("class_code", "facility__operator")


def organisations() -> QuerySet[Organisation]:
    return Organisation.objects.select_related("city__jurisdiction", "source")


def facilities() -> QuerySet[Facility]:
    return Facility.objects.select_related("city__jurisdiction", "source", "operator").order_by(
        "city__jurisdiction_id", "pk"
    )


def cities() -> QuerySet[City]:
    return City.objects.select_related("jurisdiction", "source", "population_source", "area_source").order_by("pk")


def zones() -> QuerySet[Zone]:
    return Zone.objects.select_related("source").prefetch_related("cities").order_by("kind", "pk")


def jurisdictions() -> QuerySet[Jurisdiction]:
    return Jurisdiction.objects.select_related("source").order_by("pk")


def technique_groups() -> QuerySet[Technique]:
    return (
        Technique.objects.filter(parent=None)
        .prefetch_related(Prefetch("leaves", queryset=Technique.objects.order_by("pk")))
        .order_by("pk")
    )


def techniques() -> QuerySet[Technique]:
    return Technique.objects.select_related("parent").order_by("pk")


def figures() -> QuerySet[Figure]:
    return Figure.objects.prefetch_related("sources").order_by("pk")


def ties_of(organisation: Organisation) -> QuerySet[Tie]:
    return (
        Tie.objects.filter(Q(start=organisation) | Q(end=organisation))
        .select_related("start", "end", "source")
        .order_by("kind", "pk")
    )


# Counts ---------------------------------------------------------------------------------------------------------
def instruments_by_city(viewer: Viewer) -> dict[int, int]:
    """How many instruments stand in each city, by the city's key."""
    rows = visible_instruments(viewer).order_by().values_list("city_id").annotate(n=Count("pk"))
    return dict(rows)


def class_codes() -> QuerySet[ClassCode]:
    return ClassCode.objects.select_related("parent", "source").order_by("vocabulary", "version", "code")


def managed_organisations(viewer: Viewer) -> QuerySet[Organisation]:
    """The organisations whose instruments ``viewer`` may write; an operator may write everyone's."""
    rows = Organisation.objects.order_by("pk")
    return rows if viewer.operator else rows.filter(pk__in=viewer.managed)


def import_runs() -> QuerySet[ImportRun]:
    """Runs of imports, newest first."""
    return ImportRun.objects.select_related("by", "organisation").order_by("-pk")


def members_of(organisation: Organisation) -> QuerySet[Membership]:
    return Membership.objects.filter(organisation=organisation).select_related("person__user").order_by("-role", "pk")


def figures_about(subject_kind: str, subject: str) -> QuerySet[Figure]:
    """What was published about one record."""
    return figures().filter(subject_kind=subject_kind, subject=subject)
