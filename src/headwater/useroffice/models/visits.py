"""The visit, and what came of it: hours, reports, outputs, feedback; and the projects of the years before."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.registry.models import Facility, Instrument, Organisation, Source
from headwater.registry.models.base import JSON, known
from headwater.useroffice.models.calls import Mode
from headwater.useroffice.models.proposals import Proposal


class VisitState(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("of a visit", "planned")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")


class LostReason(models.TextChoices):
    BEAM = "beam", _("no beam")
    BEAMLINE = "beamline", _("beamline out of order")
    USER = "user", _("the users")
    OTHER = "other", _("other")


class Visit(models.Model):
    """A team's time at a beamline."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="visit")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    start = models.DateField()
    end = models.DateField()
    shifts = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=VisitState, default=VisitState.PLANNED)
    contact = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    handover = models.TextField(blank=True)
    hours_given = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    hours_lost = models.DecimalField(max_digits=7, decimal_places=2, default=0)
    lost_reason = models.CharField(max_length=10, choices=LostReason, blank=True)
    credited_shifts = models.PositiveSmallIntegerField(default=0)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("state", VisitState, "visit"),
            known("lost_reason", LostReason, "visit", blank=True),
            models.CheckConstraint(
                condition=Q(hours_lost=0) | ~Q(lost_reason=""), name="visit_lost_hours_have_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(hours_lost__gte=0) & (Q(hours_given=None) | Q(hours_given__gte=0)), name="visit_hours_sound"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.start}"

    @property
    def last(self) -> date:
        """Its last day; ``end`` is the day after."""
        return self.end - timedelta(days=1)


class VisitMember(models.Model):
    """Somebody who comes; cleared when her safety training is in order."""

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="members")
    name = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit", "name"], name="visit_member_once")]

    def __str__(self) -> str:
        return self.name


class ReportState(models.TextChoices):
    DUE = "due", _("due")
    SUBMITTED = "submitted", _("submitted")
    ACCEPTED = "accepted", _("accepted")


class Report(models.Model):
    """The report on an experiment; for urgent access also its evaluation afterwards."""

    proposal = models.OneToOneField(Proposal, models.CASCADE, related_name="report")
    due = models.DateField()
    state = models.CharField(max_length=10, choices=ReportState, default=ReportState.DUE)
    text = models.TextField(blank=True)
    submitted_at = models.DateTimeField(null=True)
    grade = models.PositiveSmallIntegerField(null=True)
    remark = models.TextField(blank=True)

    class Meta:
        constraints = [
            known("state", ReportState, "report"),
            models.CheckConstraint(condition=Q(grade=None) | Q(grade__gte=1, grade__lte=5), name="report_grade_1_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.state}"


class Feedback(models.Model):
    """What the users thought of the facility."""

    proposal = models.OneToOneField(Proposal, models.CASCADE, related_name="feedback")
    rating = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="feedback_rating_1_to_5")]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.rating}"


class Output(models.Model):
    """A publication that beamtime led to; once a facility, by DOI."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="outputs")
    doi = models.CharField(max_length=200)
    title = models.CharField(max_length=1000)
    year = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=40, blank=True)
    venue = models.CharField(max_length=300, blank=True)
    authors: JSON = models.JSONField(default=list)
    source = models.ForeignKey(Source, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["facility", "doi"], name="output_doi_once"),
            models.CheckConstraint(condition=~Q(doi="") & ~Q(title=""), name="output_named"),
        ]

    def __str__(self) -> str:
        return self.title


class OutputLink(models.Model):
    """An output of a proposal."""

    output = models.ForeignKey(Output, models.CASCADE, related_name="links")
    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="output_links")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["output", "proposal"], name="output_link_once")]

    def __str__(self) -> str:
        return f"{self.output}: {self.proposal}"


class PastProject(models.Model):
    """A project of the years before the platform, as history for statistics."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="past_projects")
    code = models.CharField(max_length=30)
    year = models.PositiveSmallIntegerField()
    mode = models.CharField(max_length=10, choices=Mode)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    regional = models.BooleanField()
    industry = models.BooleanField(default=False)
    instrument = models.ForeignKey(Instrument, models.PROTECT, null=True, related_name="+")
    requested = models.PositiveSmallIntegerField()
    granted = models.PositiveSmallIntegerField()
    outputs = models.PositiveSmallIntegerField(default=0)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["facility", "code"], name="past_project_once"),
            known("mode", Mode, "past_project"),
        ]
        indexes = [models.Index(fields=["facility", "year"], name="past_project_by_year")]

    def __str__(self) -> str:
        return self.code
