"""A user programme as plain counts, for statistics here and for whoever reads across facilities.

Each reader takes any number of facilities and asks the database a fixed number of times. Years are of submission; past
projects count in the year they are recorded for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Q, Sum

from headwater.useroffice import queries
from headwater.useroffice.models import (
    Award,
    Mode,
    Output,
    PastProject,
    Proposal,
    ScheduleVersion,
    State,
    SubProject,
    TeamMember,
)
from headwater.useroffice.rounds import home_jurisdictions

UNSEEN = (State.DRAFT, State.WITHDRAWN)
COUNTED = ("projects", "requested", "granted", "shifts", "regional", "industry", "outputs", "synthetic")


@dataclass(frozen=True, slots=True)
class Year:
    """One year of a facility; ``shifts`` are of all projects.

    ``requested`` and ``granted`` are of calls here with a published schedule: what is not decided yet is not unmet.
    """

    year: int
    projects: int
    requested: int
    granted: int
    shifts: int
    regional: int
    industry: int
    outputs: int
    synthetic: int

    @property
    def oversubscription(self) -> float | None:
        return self.requested / self.granted if self.granted else None

    @property
    def regional_share(self) -> float | None:
        return self.regional / self.projects if self.projects else None


@dataclass(frozen=True, slots=True)
class Users:
    """How many people were on teams of a facility's proposals, by the proposal's organisation."""

    kind: str
    regional: bool
    people: int
    synthetic: int


def scheduled() -> Exists:
    """Whether a proposal's call has a published schedule."""
    return Exists(ScheduleVersion.objects.filter(call=OuterRef("call")))


def years_of(facilities: Collection[int]) -> dict[int, list[Year]]:
    """Each facility's years, past projects and those on the platform together; six queries.

    A block's sub-projects are no projects of their own. What they hold inside of their group's beamtime is in the
    group's award; beamtime of their own counts beside it, for the group.
    """
    region = list(home_jurisdictions())
    rows: dict[tuple[int, int], dict[str, int]] = {}

    def add(facility: int, year: int, values: Mapping[str, int | None]) -> None:
        row = rows.setdefault((facility, year), dict.fromkeys(COUNTED, 0))
        for name, value in values.items():
            row[name] += value or 0

    past = PastProject.objects.filter(facility__in=facilities).values("facility", "year")
    for one in past.annotate(
        projects=Count("pk"),
        shifts=Sum("granted"),
        regional=Count("pk", filter=Q(regional=True)),
        industry=Count("pk", filter=Q(industry=True)),
        outputs=Sum("outputs"),
        synthetic=Count("pk", filter=Q(source__kind="synthetic")),
    ):
        add(one.pop("facility"), one.pop("year"), one)
    live = Proposal.objects.filter(call__facility__in=facilities, submitted_at__isnull=False)
    live = (
        live.exclude(state__in=UNSEEN)
        .exclude(call__mode=Mode.WITHIN)
        .annotate(scheduled=scheduled())
        .values(at=F("call__facility"), year=F("submitted_at__year"))
    )
    for one in live.annotate(
        projects=Count("pk"),
        requested=Sum("requested", filter=Q(scheduled=True)),
        regional=Count("pk", filter=Q(organisation__city__jurisdiction__in=region)),
        industry=Count("pk", filter=Q(organisation__kind="company")),
        synthetic=Count("pk", filter=Q(call__synthetic=True)),
    ):
        add(one.pop("at"), one.pop("year"), one)
    newest = queries.newest_versions(facilities)
    awards = Award.objects.filter(version__in=newest).values_list(
        "version__call__facility", "proposal__submitted_at__year"
    )
    for facility, year, granted in awards.annotate(n=Sum("shifts")):
        add(facility, year, {"granted": granted, "shifts": granted})
    apart = SubProject.objects.filter(own=True, proposal__call__facility__in=facilities).values_list(
        "proposal__call__facility", "member__block__proposal__submitted_at__year"
    )
    for facility, year, granted in apart.annotate(n=Sum("proposal__requested")):
        add(facility, year, {"granted": granted, "shifts": granted})
    outputs = Output.objects.filter(facility__in=facilities).values_list("facility", "year")
    for facility, year, n in outputs.annotate(n=Count("pk")):
        add(facility, year, {"outputs": n})
    found: dict[int, list[Year]] = {facility: [] for facility in facilities}
    for (facility, year), row in sorted(rows.items()):
        found[facility].append(Year(year, **row))
    return found


def users_of(facilities: Collection[int]) -> dict[int, list[Users]]:
    """The people on teams by kind of organisation and by region, the most first; two queries.

    Somebody on proposals of two kinds of organisation counts in both. The past has projects, no people.
    """
    region = list(home_jurisdictions())
    rows = TeamMember.objects.filter(
        proposal__call__facility__in=facilities,
        accepted_at__isnull=False,
        proposal__submitted_at__isnull=False,
        proposal__organisation__isnull=False,
    ).exclude(proposal__state__in=UNSEEN)
    counted = (
        rows.annotate(inside=Q(proposal__organisation__city__jurisdiction__in=region))
        .values_list("proposal__call__facility", "proposal__organisation__kind", "inside")
        .annotate(
            people=Count("user", distinct=True),
            made_up=Count("user", distinct=True, filter=Q(proposal__call__synthetic=True)),
        )
    )
    found: dict[int, list[Users]] = {facility: [] for facility in facilities}
    for facility, kind, inside, people, made_up in counted.order_by("-people", "proposal__organisation__kind"):
        found[facility].append(Users(kind, inside, people, made_up))
    return found
