"""Plans that the office compares, what it has fixed, and the versions it published."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.registry.models import Instrument
from headwater.registry.models.base import JSON, known
from headwater.useroffice.models.calls import Call
from headwater.useroffice.models.proposals import Proposal


class ScenarioState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    SOLVED = "solved", pgettext_lazy("of a plan", "planned")
    IMPOSSIBLE = "impossible", _("no plan possible")
    FAILED = "failed", _("failed")


class Scenario(models.Model):
    """One plan of a call's beamtime: what was asked of the engine, and what it answered."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    call = models.ForeignKey(Call, models.CASCADE, related_name="scenarios")
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=12, choices=ScenarioState, default=ScenarioState.QUEUED)
    seconds = models.FloatField(default=30)
    from_published = models.BooleanField(default=False)
    made_from = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    open_from = models.DateField(null=True)
    round: JSON = models.JSONField(default=dict)
    plan: JSON = models.JSONField(default=dict)
    merit = models.FloatField(null=True)
    bound = models.FloatField(null=True)
    gap = models.FloatField(null=True)
    conflict: JSON = models.JSONField(default=list)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    solved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [known("state", ScenarioState, "scenario")]

    def __str__(self) -> str:
        return self.name

    @property
    def gap_shown(self) -> str:
        """How far the plan can be from the best, as per cent; nothing before it is planned."""
        if self.gap is None:
            return ""
        return "0 %" if self.gap < 5e-6 else f"{100 * self.gap:.3f} %"


class Pin(models.Model):
    """What the office fixed for a proposal: a beamline, a day, a number of shifts, or beamlines it may not have."""

    proposal = models.OneToOneField(Proposal, models.CASCADE, related_name="pin")
    instrument = models.ForeignKey(Instrument, models.PROTECT, null=True, related_name="+")
    day = models.DateField(null=True)
    shifts = models.PositiveSmallIntegerField(null=True)
    banned = ArrayField(models.BigIntegerField(), default=list)
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="pin_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.proposal}"


class ScheduleVersion(models.Model):
    """A published schedule of a call. Never changed (see the migration): what changes is a new version."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    call = models.ForeignKey(Call, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    scenario = models.ForeignKey(Scenario, models.PROTECT, related_name="versions")
    differences: JSON = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["call", "number"], name="schedule_version_once")]

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


class Award(models.Model):
    """Shifts granted in one version of a schedule; ``end`` is one past the last day, change-over included."""

    version = models.ForeignKey(ScheduleVersion, models.PROTECT, related_name="awards")
    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="awards")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    start = models.DateField()
    end = models.DateField()
    shifts = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["instrument_id", "start"]
        constraints = [
            models.UniqueConstraint(fields=["version", "proposal"], name="award_once"),
            models.CheckConstraint(condition=Q(end__gt=F("start")) & ~Q(shifts=0), name="award_in_order"),
            ExclusionConstraint(
                name="award_alone_on_its_beamline",
                expressions=[
                    (Func(F("version_id"), F("version_id"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("instrument_id"), F("instrument_id"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("start"), F("end"), function="daterange"), "&&"),
                ],
            ),
        ]
        indexes = [models.Index(fields=["proposal"], name="award_by_proposal")]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.start}"

    @property
    def last(self) -> date:
        """The last day; ``end`` is the day after."""
        return self.end - timedelta(days=1)
