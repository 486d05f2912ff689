"""What an office counts, as estimates: each says how many records it rests on and which part of them is made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Avg, Count, F, Q, Sum

from headwater.core.estimate import Estimate
from headwater.registry.models import Facility, Figure
from headwater.useroffice import queries
from headwater.useroffice.models import (
    Award,
    Output,
    PastProject,
    Proposal,
    Review,
    State,
    Visit,
)
from headwater.useroffice.rounds import home_jurisdictions

UNSEEN = (State.DRAFT, State.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Year:
    """One year of a facility; ``requested`` and ``granted`` are of calls here, ``shifts`` of all projects."""

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
class OfficeStatistics:
    """The figures of one facility's user programme."""

    figures: dict[str, Estimate]
    years: list[Year]
    published: list[Figure]


def statistics_of(facility: Facility, *, today: date) -> OfficeStatistics:
    """All figures of a facility; nine queries."""
    years = _years(facility)
    live = Proposal.objects.filter(call__facility=facility).exclude(state__in=UNSEEN)
    projects = sum(one.projects for one in years)
    synthetic = sum(one.synthetic for one in years)
    requested, granted = sum(one.requested for one in years), sum(one.granted for one in years)
    shifts, outputs = sum(one.shifts for one in years), sum(one.outputs for one in years)
    here = live.aggregate(n=Count("pk"), s=Count("pk", filter=Q(call__synthetic=True)))
    regional = sum(one.regional for one in years)
    made_up = synthetic / projects if projects else 0.0

    def estimate(value: float | None, unit: str, records: int, share: float = made_up) -> Estimate | None:
        return None if value is None else Estimate(value, unit, records, share, today)

    found = {
        "projects": estimate(projects, "projects", projects),
        "regional_share": estimate(regional / projects if projects else None, "share", projects),
        "oversubscription": estimate(
            requested / granted if granted else None, "ratio", here["n"], here["s"] / here["n"] if here["n"] else 0.0
        ),
        "outputs_per_shift": estimate(outputs / shifts if shifts else None, "1/shift", projects),
    }
    told = live.filter(told_at__isnull=False, call__closes_at__isnull=False)
    waits = told.aggregate(
        mean=Avg(F("told_at") - F("call__closes_at")), n=Count("pk"), s=Count("pk", filter=Q(call__synthetic=True))
    )
    if waits["n"]:
        days = waits["mean"].total_seconds() / 86400
        found["days_to_decision"] = estimate(days, "d", waits["n"], waits["s"] / waits["n"])
    beams = (
        Visit.objects.filter(proposal__call__facility=facility, began_at__isnull=False)
        .filter(proposal__submitted_at__isnull=False)
        .aggregate(
            mean=Avg(F("began_at") - F("proposal__submitted_at")),
            n=Count("pk"),
            s=Count("pk", filter=Q(proposal__call__synthetic=True)),
        )
    )
    if beams["n"]:
        found["days_to_beam"] = estimate(
            beams["mean"].total_seconds() / 86400, "d", beams["n"], beams["s"] / beams["n"]
        )
    reviews = Review.objects.filter(proposal__call__facility=facility, state="submitted").aggregate(
        n=Count("pk"), people=Count("reviewer", distinct=True), s=Count("pk", filter=Q(proposal__call__synthetic=True))
    )
    if reviews["people"]:
        found["reviews_per_reviewer"] = estimate(
            reviews["n"] / reviews["people"], "reviews", reviews["n"], reviews["s"] / reviews["n"]
        )
    hours = Visit.objects.filter(proposal__call__facility=facility, hours_given__isnull=False).aggregate(
        given=Sum("hours_given"),
        lost=Sum("hours_lost"),
        n=Count("pk"),
        s=Count("pk", filter=Q(proposal__call__synthetic=True)),
    )
    if hours["n"] and hours["given"] + hours["lost"]:
        lost = float(hours["lost"] / (hours["given"] + hours["lost"]))
        found["hours_lost_share"] = estimate(lost, "share", hours["n"], hours["s"] / hours["n"])
    published = list(
        Figure.objects.filter(subject_kind="facility", subject=facility.code)
        .prefetch_related("sources")
        .order_by("code")
    )
    return OfficeStatistics({key: one for key, one in found.items() if one is not None}, years, published)


def _years(facility: Facility) -> list[Year]:
    """Years of past projects and of those on the platform, by the year of submission."""
    region = list(home_jurisdictions())
    rows: dict[int, dict[str, int]] = {}

    def add(year: int, **values: int) -> None:
        row = rows.setdefault(
            year,
            dict.fromkeys(
                ("projects", "requested", "granted", "shifts", "regional", "industry", "outputs", "synthetic"), 0
            ),
        )
        for key, value in values.items():
            row[key] += value or 0

    past = PastProject.objects.filter(facility=facility).values("year")
    for one in past.annotate(
        projects=Count("pk"),
        shifts=Sum("granted"),
        regional=Count("pk", filter=Q(regional=True)),
        industry=Count("pk", filter=Q(industry=True)),
        outputs=Sum("outputs"),
        synthetic=Count("pk", filter=Q(source__kind="synthetic")),
    ).order_by("year"):
        add(**one)
    live = Proposal.objects.filter(call__facility=facility, submitted_at__isnull=False).exclude(state__in=UNSEEN)
    for one in (
        live.values(year=F("submitted_at__year"))
        .annotate(
            projects=Count("pk"),
            requested=Sum("requested"),
            regional=Count("pk", filter=Q(organisation__city__jurisdiction__in=region)),
            industry=Count("pk", filter=Q(organisation__kind="company")),
            synthetic=Count("pk", filter=Q(call__synthetic=True)),
        )
        .order_by("year")
    ):
        add(**one)
    newest = queries.newest_versions(facility)
    for year, granted in (
        Award.objects.filter(version__in=newest)
        .values_list("proposal__submitted_at__year")
        .annotate(n=Sum("shifts"))
        .order_by("proposal__submitted_at__year")
    ):
        add(year, granted=granted, shifts=granted)
    for year, n in (
        Output.objects.filter(facility=facility).values_list("year").annotate(n=Count("pk")).order_by("year")
    ):
        add(year, outputs=n)
    return [Year(year, **row) for year, row in sorted(rows.items())]
