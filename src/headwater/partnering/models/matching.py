"""Bringing both sides together: weights, approaches, open calls, proposals, awards."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.partnering.models.challenges import Challenge
from headwater.partnering.models.profiles import Profile
from headwater.registry.models import Organisation
from headwater.registry.models.base import JSON, known


def team_weights() -> dict[str, float]:
    """What a consortium's total is made of where nobody said otherwise; in thousands of the currency."""
    return {"cost": 1.0, "travel_min": 0.1, "member": 5.0, "load": 10.0, "tie": 5.0, "strength": 2.0}


class Weighting(models.Model):
    """How much each part of a match counts; rows are added, the newest that has begun holds."""

    PARTS = ("text", "techniques", "instruments", "past_work", "likeness", "ties", "reach", "load")
    since = models.DateTimeField()
    text = models.FloatField(default=1.0)
    techniques = models.FloatField(default=1.0)
    instruments = models.FloatField(default=0.3)
    past_work = models.FloatField(default=0.6)
    likeness = models.FloatField(default=0.5)
    ties = models.FloatField(default=0.15)
    reach = models.FloatField(default=0.15)
    load = models.FloatField(default=0.1)
    team: JSON = models.JSONField(default=team_weights)
    ground = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    text__gte=0,
                    techniques__gte=0,
                    instruments__gte=0,
                    past_work__gte=0,
                    likeness__gte=0,
                    ties__gte=0,
                    reach__gte=0,
                    load__gte=0,
                ),
                name="weighting_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d}"


class TravelTable(models.Model):
    """Door-to-door minutes by rail between the region's cities, one matrix from one timetable; the newest holds."""

    cities: JSON = models.JSONField()
    minutes: JSON = models.JSONField()
    source = models.CharField(max_length=300)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.source


class ApproachOrigin(models.TextChoices):
    TOLD = "told", _("told of it because it fits")
    INVITED = "invited", _("invited by the broker")
    OWN = "own", _("came by itself")


class ApproachState(models.TextChoices):
    OPEN = "open", _("no answer yet")
    YES = "yes", _("yes")
    LATER = "later", _("later")
    NO = "no", _("no")


class Approach(models.Model):
    """A group that was told of a challenge, invited, or came by itself; and what it said."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="approaches")
    profile = models.ForeignKey(Profile, models.CASCADE, related_name="approaches")
    origin = models.CharField(max_length=10, choices=ApproachOrigin)
    state = models.CharField(max_length=10, choices=ApproachState, default=ApproachState.OPEN)
    note = models.CharField(max_length=1000, blank=True)
    answer = models.CharField(max_length=1000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["challenge", "profile"], name="approach_once"),
            known("origin", ApproachOrigin, "approach"),
            known("state", ApproachState, "approach"),
            models.CheckConstraint(
                condition=Q(state="open", answered_at=None) | (~Q(state="open") & Q(answered_at__isnull=False)),
                name="approach_answer_dated",
            ),
        ]
        indexes = [models.Index(fields=["profile", "state"], name="approach_by_profile")]

    def __str__(self) -> str:
        return f"{self.profile}: {self.challenge} ({self.state})"


class Conflict(models.Model):
    """A declared conflict of interest: these two organisations may not meet over a challenge."""

    one = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    other = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    ground = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="conflict_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="conflict_in_one_order"),
        ]

    def __str__(self) -> str:
        return f"{self.one} / {self.other}"


class Call(models.Model):
    """An open call: whoever can solves it. With ``race_teams`` above one, that many run in parallel to a gate."""

    challenge = models.OneToOneField(Challenge, models.CASCADE, related_name="call")
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    sealed = models.BooleanField(default=True)
    race_teams = models.PositiveSmallIntegerField(default=1)
    gate = models.CharField(max_length=1000, blank=True)
    gate_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(closes_at__gt=F("opens_at")), name="call_in_order"),
            models.CheckConstraint(
                condition=Q(race_teams=1) | (Q(race_teams__gt=1) & Q(gate_on__isnull=False) & ~Q(gate="")),
                name="call_race_has_gate",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.challenge}: {self.opens_at:%Y-%m-%d} – {self.closes_at:%Y-%m-%d}"


class ProposalState(models.TextChoices):
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    WITHDRAWN = "withdrawn", _("withdrawn")
    RACING = "racing", _("in the race")
    CHOSEN = "chosen", _("chosen")
    NOT_CHOSEN = "not_chosen", _("not chosen")


class Proposal(models.Model):
    """How a team would solve a challenge, for what, and by when."""

    KIND = "ppl"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    challenge = models.ForeignKey(Challenge, models.PROTECT, related_name="proposals")
    lead = models.ForeignKey(Profile, models.PROTECT, related_name="proposals")
    state = models.CharField(max_length=12, choices=ProposalState, default=ProposalState.DRAFT)
    title = models.CharField(max_length=300)
    plan = models.TextField(blank=True)
    evidence = models.TextField(blank=True)
    promised = models.TextField(blank=True)
    price_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    months = models.PositiveSmallIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["challenge", "lead"], name="proposal_once"),
            known("state", ProposalState, "proposal"),
            models.CheckConstraint(condition=Q(price_minor__gte=0) & ~Q(currency=""), name="proposal_has_price"),
            models.CheckConstraint(condition=Q(months__gte=1), name="proposal_takes_time"),
        ]

    def __str__(self) -> str:
        return self.title


class ProposalMember(models.Model):
    """Another group in the team, beside the lead."""

    proposal = models.ForeignKey(Proposal, models.CASCADE, related_name="members")
    profile = models.ForeignKey(Profile, models.PROTECT, related_name="+")
    task = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "profile"], name="proposal_member_once")]

    def __str__(self) -> str:
        return str(self.profile)


class AwardKind(models.TextChoices):
    CHOICE = "choice", _("one team is chosen")
    RACE = "race", _("teams race to the gate")
    GATE = "gate", _("the gate's result")
    NONE = "none", _("nobody is chosen")


class Award(models.Model):
    """A decision over the proposals, with its reasons. Decisions are added, never edited."""

    challenge = models.ForeignKey(Challenge, models.PROTECT, related_name="awards")
    kind = models.CharField(max_length=10, choices=AwardKind)
    reasons = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            known("kind", AwardKind, "award"),
            models.CheckConstraint(condition=~Q(reasons=""), name="award_has_reasons"),
        ]

    def __str__(self) -> str:
        return f"{self.challenge}: {self.kind}"


class LineOutcome(models.TextChoices):
    CHOSEN = "chosen", _("chosen")
    RACING = "racing", _("in the race")
    NOT_CHOSEN = "not_chosen", _("not chosen")


class AwardLine(models.Model):
    """What the decision says of one proposal; who is turned down is told why."""

    award = models.ForeignKey(Award, models.CASCADE, related_name="lines")
    proposal = models.ForeignKey(Proposal, models.PROTECT, related_name="lines")
    outcome = models.CharField(max_length=12, choices=LineOutcome)
    reason = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["award", "proposal"], name="award_line_once"),
            known("outcome", LineOutcome, "award_line"),
            models.CheckConstraint(condition=~Q(reason=""), name="award_line_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.proposal}: {self.outcome}"
