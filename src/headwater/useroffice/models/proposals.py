"""Proposals: who asks for what, in which state, and every version that was submitted."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.registry.models import Instrument, Organisation
from headwater.registry.models.base import JSON, known
from headwater.useroffice.models.calls import Call, FormVersion, Track


class State(models.TextChoices):
    """The one state of a proposal; what its proposer sees is a function of it (`wording.PUBLIC_STATES`)."""

    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    WITHDRAWN = "withdrawn", _("withdrawn")
    FEASIBILITY = "feasibility", _("feasibility check")
    INFEASIBLE = "infeasible", _("not feasible")
    REVIEW = "review", _("in review")
    PANEL = "panel", _("with the panel")
    RECOMMENDED = "recommended", _("recommended")
    STANDBY = "standby", _("on the standby list")
    DECLINED = "declined", _("declined")
    SCHEDULED = "scheduled", _("scheduled")
    RUNNING = "running", _("experiment running")
    REPORTING = "reporting", _("report due")
    EVALUATION = "evaluation", _("evaluated afterwards")
    CLOSED = "closed", pgettext_lazy("a proposal", "closed")


class Proposal(models.Model):
    """A request for beamtime."""

    KIND = "pro"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    call = models.ForeignKey(Call, models.PROTECT, related_name="proposals")
    track = models.ForeignKey(Track, models.PROTECT, related_name="proposals")
    form = models.ForeignKey(FormVersion, models.PROTECT, related_name="+")
    code = models.CharField(max_length=30, null=True)
    state = models.CharField(max_length=12, choices=State, default=State.DRAFT)
    state_at = models.DateTimeField()
    told_state = models.CharField(max_length=12, choices=State, blank=True)
    told_at = models.DateTimeField(null=True)
    language = models.CharField(max_length=10, default="en")
    title = models.CharField(_("title"), max_length=300)
    abstract = models.TextField(_("abstract"), blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="proposals")
    answers: JSON = models.JSONField(default=dict)
    requested = models.PositiveSmallIntegerField(default=3)
    minimum = models.PositiveSmallIntegerField(default=3)
    blackouts: JSON = models.JSONField(default=list)
    earlier = models.ManyToManyField("self", symmetrical=False, related_name="later")
    earlier_results = models.TextField(blank=True)
    carry_over = models.BooleanField(default=False)
    discretionary = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("state", State, "beamtime_proposal"),
            known("told_state", State, "proposal_told", blank=True),
            models.UniqueConstraint(fields=["call", "code"], name="proposal_code_once"),
            models.CheckConstraint(
                condition=Q(minimum__gte=1, requested__gte=F("minimum")), name="proposal_minimum_within_request"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "withdrawn"]) | ~Q(code=None), name="proposal_submitted_has_code"
            ),
        ]
        indexes = [models.Index(fields=["call", "state"], name="proposal_by_state")]

    def __str__(self) -> str:
        return self.title

    @property
    def number(self) -> str:
        """The code where it has one, else the public id."""
        return self.code or self.public_id


class TeamMember(models.Model):
    """Somebody on a proposal; without a user she is invited by her address. Exactly one is the proposer."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="team")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="proposal_places")
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=200, blank=True)
    proposer = models.BooleanField(default=False)
    may_edit = models.BooleanField(default=False)
    may_submit = models.BooleanField(default=False)
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-proposer", "pk"]
        constraints = [
            models.UniqueConstraint(F("proposal"), Lower("email"), name="team_member_once"),
            models.UniqueConstraint(fields=["proposal"], condition=Q(proposer=True), name="one_proposer"),
            models.CheckConstraint(condition=Q(accepted_at=None) | ~Q(user=None), name="team_member_accepts_as_user"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class BeamlineChoice(models.Model):
    """A beamline that a proposal accepts; rank 0 is the preferred one."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="choices")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    rank = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["proposal", "instrument"], name="beamline_choice_once"),
            models.UniqueConstraint(fields=["proposal", "rank"], name="beamline_choice_rank_once"),
        ]
        indexes = [models.Index(fields=["instrument"], name="beamline_choice_by_line")]

    def __str__(self) -> str:
        return f"{self.rank}: {self.instrument}"


class SampleState(models.TextChoices):
    DECLARED = "declared", _("declared")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")
    ARRIVED = "arrived", _("arrived")
    RETURNED = "returned", _("returned")
    DISPOSED = "disposed", _("disposed of")


class Sample(models.Model):
    """A sample with its hazards, tracked from declaration to return."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="samples")
    name = models.CharField(max_length=200)
    quantity = models.CharField(max_length=60, blank=True)
    hazards = ArrayField(models.CharField(max_length=20), default=list)
    state = models.CharField(max_length=10, choices=SampleState, default=SampleState.DECLARED)
    place = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "name"], name="sample_once"),
            known("state", SampleState, "sample"),
        ]

    def __str__(self) -> str:
        return self.name


class Submission(models.Model):
    """One submission as it was: what was asked and the paper made of it. Never changed (see the migration)."""

    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="submissions")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    language = models.CharField(max_length=10)
    content: JSON = models.JSONField()
    paper = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["proposal", "number"], name="submission_once")]

    def __str__(self) -> str:
        return f"{self.proposal} {self.number}"


class ProposalFile(models.Model):
    """A file that answers a question of the form."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="files")
    question = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "question"], name="proposal_file_once")]

    def __str__(self) -> str:
        return self.name
