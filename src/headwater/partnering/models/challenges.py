"""Challenges: what a company can't do and would pay to have solved, in versions, each part with its own level."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import City, Organisation, Technique
from headwater.registry.models.base import Record, in_language, known


class ChallengeState(models.TextChoices):
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("with the broker")
    REFINE = "refine", _("to be refined")
    READY = "ready", _("ready")
    LONG_TERM = "long_term", _("long-term problem")
    NOT_RESEARCH = "not_research", _("not a research problem")
    PUBLISHED = "published", _("published")
    MATCHED = "matched", _("matched")
    CONTRACTED = "contracted", _("under contract")
    ACCEPTED = "accepted", _("result accepted")
    CLOSED = "closed", _("closed")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Level(models.TextChoices):
    """Who may read a part of a challenge that is published."""

    PUBLIC = "public", _("everybody")
    REGISTERED = "registered", _("people who are signed in")
    AGREEMENT = "agreement", _("organisations under agreement")


class Form(models.TextChoices):
    """How the company would like to work."""

    CONTRACT = "contract", _("contract research")
    JOINT = "joint", _("joint development")
    LICENCE = "licence", _("licence of what exists")
    TEST = "test", _("testing only")
    TALENT = "talent", _("people")


class PartName(models.TextChoices):
    """The parts of a challenge that have a level each; the title is always public."""

    PROBLEM = "problem", _("Problem")
    PRESENT = "present", _("Present state")
    TARGETS = "targets", _("Target values")
    TRIED = "tried", _("What was tried")
    CONSTRAINTS = "constraints", _("Constraints")
    WANTED = "wanted", _("Capabilities wanted")
    MONEY = "money", _("Money")
    RIGHTS = "rights", _("Rights")
    PLACE = "place", _("Where and when")
    COMPANY = "company", _("Who asks")


def _tokens() -> ArrayField:
    return ArrayField(models.TextField(), default=list)


class Challenge(Record):
    """One challenge; what it says stands in its versions, what may be searched in ``words_*``, level by level."""

    KIND = "chl"
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="challenges")
    state = models.CharField(max_length=14, choices=ChallengeState, default=ChallengeState.DRAFT)
    broker = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    current = models.OneToOneField("partnering.Version", models.PROTECT, null=True, related_name="+")
    company_level = models.CharField(max_length=10, choices=Level, default=Level.REGISTERED)
    outcome = models.CharField(max_length=10, blank=True)
    lessons = models.TextField(blank=True)
    words_public = _tokens()
    words_registered = _tokens()
    words_agreement = _tokens()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name_zh="", name_en=""), name="challenge_named"),
            known("state", ChallengeState, "challenge"),
            known("company_level", Level, "challenge"),
            models.CheckConstraint(
                condition=Q(outcome__in=["", "solved", "partly", "not_solved"]), name="challenge_outcome_known"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "id"], name="challenge_by_state"),
            models.Index(fields=["organisation", "id"], name="challenge_by_organisation"),
            GinIndex(fields=["words_public"], name="challenge_words_public"),
            GinIndex(fields=["words_registered"], name="challenge_words_registered"),
            GinIndex(fields=["words_agreement"], name="challenge_words_agreement"),
        ]


class Version(models.Model):
    """What a challenge said at one time. Versions are added, never edited."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    by_broker = models.BooleanField(default=False)
    at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    agreed_at = models.DateTimeField(null=True)
    budget_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    willing_to_pay = models.BooleanField(default=False)
    form = models.CharField(max_length=10, choices=Form, default=Form.CONTRACT)
    months = models.PositiveSmallIntegerField(null=True)
    city = models.ForeignKey(City, models.PROTECT, null=True, related_name="+")
    reach_min = models.PositiveSmallIntegerField(null=True)
    max_members = models.PositiveSmallIntegerField(null=True)
    min_jurisdictions = models.PositiveSmallIntegerField(default=1)
    lead_company = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["challenge", "number"], name="version_number_once"),
            known("form", Form, "version"),
            models.CheckConstraint(
                condition=Q(budget_minor=None, currency="") | (Q(budget_minor__gt=0) & ~Q(currency="")),
                name="version_budget_has_currency",
            ),
            models.CheckConstraint(condition=Q(number__gt=0), name="version_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.challenge}, {self.number}"


class Part(models.Model):
    """One part of a version: its text, in either language, and who may read it."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="parts")
    name = models.CharField(max_length=12, choices=PartName)
    level = models.CharField(max_length=10, choices=Level)
    text_zh = models.TextField(blank=True)
    text_en = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "name"], name="part_once"),
            known("name", PartName, "part"),
            known("level", Level, "part"),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.name}"

    @property
    def text(self) -> str:
        return in_language(self.text_zh, self.text_en)[0]

    @property
    def language(self) -> str:
        return in_language(self.text_zh, self.text_en)[1]


class Target(models.Model):
    """A value to be reached, its unit, and how it would be tested."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="targets")
    rank = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200)
    comparison = models.CharField(max_length=2, default="ge")
    value = models.CharField(max_length=60)
    unit = models.CharField(max_length=40, blank=True)
    test = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["version", "rank"], name="target_rank_once"),
            models.CheckConstraint(condition=Q(comparison__in=["ge", "le", "eq"]), name="target_comparison_known"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value} {self.unit}".rstrip()


class Requirement(models.Model):
    """A capability that is wanted: a technique, at a level from 1 to 5, as a must or as nice to have."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="requirements")
    technique = models.ForeignKey(Technique, models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(default=3)
    must = models.BooleanField(default=True)
    rank = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["version", "technique"], name="requirement_once"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="requirement_level_one_to_five"),
        ]

    def __str__(self) -> str:
        return f"{self.technique} {self.level}"


class TriageOutcome(models.TextChoices):
    READY = "ready", _("ready")
    REFINE = "refine", _("to be refined")
    LONG_TERM = "long_term", _("long-term problem")
    NOT_RESEARCH = "not_research", _("not a research problem")


class Triage(models.Model):
    """A broker's judgement of one version, with its reasons."""

    REASONS = {
        "clear": _("the problem, the values and the test are clear"),
        "targets_missing": _("target values or units are missing"),
        "test_missing": _("nothing says how a result would be tested"),
        "too_broad": _("several problems in one; split it"),
        "context_missing": _("present state or constraints are missing"),
        "known_solution": _("a solution can be bought"),
        "routine_test": _("a routine test or service is enough"),
        "basic_research": _("basic research is missing first"),
        "beyond_horizon": _("not to be solved within three years"),
        "duplicate": _("another challenge asks the same"),
    }
    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="triages")
    version = models.ForeignKey(Version, models.CASCADE, related_name="triages")
    outcome = models.CharField(max_length=14, choices=TriageOutcome)
    reasons = ArrayField(models.CharField(max_length=20))
    note = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            known("outcome", TriageOutcome, "triage"),
            models.CheckConstraint(condition=Q(reasons__len__gt=0), name="triage_has_reasons"),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.outcome}"

    @property
    def reason_labels(self) -> list[str]:
        return [str(self.REASONS.get(code, code)) for code in self.reasons]


class AgreementState(models.TextChoices):
    ASKED = "asked", _("asked for")
    IN_FORCE = "in_force", _("in force")
    REFUSED = "refused", _("refused")
    ENDED = "ended", _("ended")


class Agreement(models.Model):
    """An organisation's promise to keep a challenge to itself; in force it opens the parts under agreement."""

    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="agreements")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=AgreementState)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["challenge", "organisation"], name="agreement_once"),
            known("state", AgreementState, "agreement"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.challenge} ({self.state})"


class Attachment(models.Model):
    """A file of a challenge; it is kept under a name nobody can guess and leaves by one view alone."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    challenge = models.ForeignKey(Challenge, models.CASCADE, related_name="attachments")
    level = models.CharField(max_length=10, choices=Level)
    file = models.FileField(upload_to="partnering/", max_length=200)
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("level", Level, "attachment"),
            models.CheckConstraint(
                condition=Q(removed_at=None) | Q(removed_at__gte=F("at")), name="attachment_in_order"
            ),
        ]

    def __str__(self) -> str:
        return self.name
