"""Feasibility, reviews, conflicts, and what panels decide."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.registry.models import Instrument
from headwater.registry.models.base import JSON, known
from headwater.useroffice.models.calls import Stage
from headwater.useroffice.models.proposals import Proposal


class FeasibilityVerdict(models.TextChoices):
    FEASIBLE = "feasible", _("feasible")
    CONDITIONAL = "conditional", _("feasible under conditions")
    INFEASIBLE = "infeasible", _("not feasible")
    UNSAFE = "unsafe", _("not safe")


class Feasibility(models.Model):
    """What a beamline scientist says of a proposal on her beamline; asked for without a verdict."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="feasibilities")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=12, choices=FeasibilityVerdict, blank=True)
    conditions = models.TextField(blank=True)
    shifts = models.PositiveSmallIntegerField(null=True)
    judge = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "instrument"], name="feasibility_once"),
            known("verdict", FeasibilityVerdict, "feasibility", blank=True),
            models.CheckConstraint(
                condition=Q(verdict="") | (~Q(judge=None) & ~Q(at=None)), name="feasibility_has_a_judge"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proposal}, {self.instrument}: {self.verdict}"


class ReviewState(models.TextChoices):
    ASSIGNED = "assigned", _("asked for")
    SUBMITTED = "submitted", _("given")
    DECLINED = "declined", pgettext_lazy("of a review", "declined")
    DELEGATED = "delegated", _("delegated")


class Review(models.Model):
    """One reviewer's view of one proposal in one stage."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="reviews")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="reviews")
    state = models.CharField(max_length=10, choices=ReviewState, default=ReviewState.ASSIGNED)
    scores: JSON = models.JSONField(default=dict)
    score = models.FloatField(null=True)
    for_panel = models.TextField(blank=True)
    for_proposer = models.TextField(blank=True)
    reason = models.CharField(max_length=500, blank=True)
    delegated_to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    affinity = models.FloatField(default=0)
    chance = models.FloatField(null=True)
    assigned_at = models.DateTimeField()
    given_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "stage", "reviewer"], name="review_once"),
            known("state", ReviewState, "review"),
            models.CheckConstraint(
                condition=~Q(state="submitted") | (~Q(score=None) & ~Q(given_at=None)), name="review_given_has_score"
            ),
        ]
        indexes = [models.Index(fields=["reviewer", "state"], name="review_by_reviewer")]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.proposal}"


class DeclaredConflict(models.Model):
    """Somebody said that a person should not judge a proposal."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="declared_conflicts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    by_reviewer = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "person", "by_reviewer"], name="declared_conflict_once")
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.proposal}"


class Remark(models.Model):
    """What somebody of the committee says of a proposal before it is decided. Never changed (see the migration)."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="remarks")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="remark_says_something")]

    def __str__(self) -> str:
        return f"{self.by}: {self.proposal}"


class VerdictKind(models.TextChoices):
    RECOMMEND = "recommend", _("recommend")
    RESERVE = "reserve", _("standby list")
    DECLINE = "decline", _("decline")


class Verdict(models.Model):
    """A panel's decision with its reason. The latest counts; none is ever changed (see the migration)."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="verdicts")
    kind = models.CharField(max_length=10, choices=VerdictKind)
    rank = models.PositiveIntegerField(null=True)
    shifts = models.PositiveSmallIntegerField(null=True)
    reason = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [known("kind", VerdictKind, "verdict")]
        indexes = [models.Index(fields=["proposal", "-id"], name="verdict_latest")]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.kind}"


class Letter(models.Model):
    """What a proposer is told of a decision: reviewed by the office in both languages, sent once."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="letters")
    state = models.CharField(max_length=12)
    note_zh = models.CharField(max_length=1000, blank=True)
    note_en = models.CharField(max_length=1000, blank=True)
    sent_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "state"], condition=Q(sent_at=None), name="letter_pending_once")
        ]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.state}"
