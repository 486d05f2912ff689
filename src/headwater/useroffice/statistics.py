"""What an office counts, as estimates: each says how many records it rests on and which part of them is made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Avg, Count, F, Q, Sum

from headwater.core.estimate import Estimate
from headwater.registry.models import Facility, Figure
from headwater.useroffice import programme
from headwater.useroffice.models import Mode, Proposal, Review, SubProject, Visit
from headwater.useroffice.poolshares import parts_by_rule
from headwater.useroffice.programme import UNSEEN, Users, Year, users_of, years_of

# What a published figure of a facility says, by the end of its code, is counted here as this figure.
COUNTED_AS = {"projects": "projects", "users-from-region": "regional_share", "beamtime-met": "beamtime_met"}


@dataclass(frozen=True, slots=True)
class Beside:
    """A published figure, and what the records here give for the same; None where they give nothing."""

    code: str
    published: Figure
    computed: Estimate | None


@dataclass(frozen=True, slots=True)
class OfficeStatistics:
    """The figures of one facility's user programme."""

    figures: dict[str, Estimate]
    years: list[Year]
    users: list[Users]
    beside: list[Beside]
    published: list[Figure]


def statistics_of(facility: Facility, *, today: date) -> OfficeStatistics:
    """All figures of a facility in a fixed number of queries."""
    years = years_of([facility.pk])[facility.pk]
    live = Proposal.objects.filter(call__facility=facility).exclude(state__in=UNSEEN).exclude(call__mode=Mode.WITHIN)
    projects = sum(one.projects for one in years)
    synthetic = sum(one.synthetic for one in years)
    requested, granted = sum(one.requested for one in years), sum(one.granted for one in years)
    shifts, outputs = sum(one.shifts for one in years), sum(one.outputs for one in years)
    decided = live.filter(programme.scheduled())
    here = decided.aggregate(n=Count("pk"), s=Count("pk", filter=Q(call__synthetic=True)))
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
        "beamtime_met": estimate(
            granted / requested if requested else None, "share", here["n"], here["s"] / here["n"] if here["n"] else 0.0
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
        .exclude(proposal__call__mode=Mode.WITHIN)
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
    inside = SubProject.objects.filter(own=False).values("pk")  # their hours are in the visit of their group
    visits = Visit.objects.filter(proposal__call__facility=facility, hours_given__isnull=False)
    hours = visits.exclude(proposal__in=inside).aggregate(
        given=Sum("hours_given"),
        lost=Sum("hours_lost"),
        n=Count("pk"),
        s=Count("pk", filter=Q(proposal__call__synthetic=True)),
    )
    if hours["n"] and hours["given"] + hours["lost"]:
        lost = float(hours["lost"] / (hours["given"] + hours["lost"]))
        found["hours_lost_share"] = estimate(lost, "share", hours["n"], hours["s"] / hours["n"])
    found |= parts_by_rule(facility, today=today)
    published = list(
        Figure.objects.filter(subject_kind="facility", subject=facility.code)
        .prefetch_related("sources")
        .order_by("code")
    )
    figures = {key: one for key, one in found.items() if one is not None}
    beside = [
        Beside(COUNTED_AS[ending], one, figures.get(COUNTED_AS[ending]))
        for one in published
        if (ending := one.code.removeprefix(f"{facility.code}-")) in COUNTED_AS
    ]
    others = [one for one in published if one not in {each.published for each in beside}]
    return OfficeStatistics(figures, years, users_of([facility.pk])[facility.pk], beside, others)
