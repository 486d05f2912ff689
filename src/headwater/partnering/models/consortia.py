"""Consortia and joint centres: members, shared time, milestones, payments, results."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.partnering.models.challenges import Challenge
from headwater.partnering.models.profiles import Profile
from headwater.registry.models import Instrument, Organisation
from headwater.registry.models.base import Record, in_language, known


class PartnershipKind(models.TextChoices):
    CONSORTIUM = "consortium", _("innovation consortium")
    JOINT_CENTRE = "joint_centre", _("joint innovation centre")
    PROJECT = "project", _("contract project")


class PartnershipState(models.TextChoices):
    FORMING = "forming", _("forming")
    RUNNING = "running", _("running")
    RENEWED = "renewed", _("renewed")
    ENDED = "ended", _("ended")


class Partnership(Record):
    """A consortium, joint centre or project: who works together, on what terms, until when."""

    KIND = "ptn"
    kind = models.CharField(max_length=14, choices=PartnershipKind)
    state = models.CharField(max_length=10, choices=PartnershipState, default=PartnershipState.FORMING)
    field_zh = models.CharField(max_length=300, blank=True)
    field_en = models.CharField(max_length=300, blank=True)
    agreement = models.TextField(blank=True)
    agreed_on = models.DateField(null=True)
    starts = models.DateField(null=True)
    ends = models.DateField(null=True)
    road_map = models.TextField(blank=True)
    challenges = models.ManyToManyField(Challenge, related_name="partnerships")
    created_at = models.DateTimeField()
    ended_on = models.DateField(null=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name_zh="", name_en=""), name="partnership_named"),
            known("kind", PartnershipKind, "partnership"),
            known("state", PartnershipState, "partnership"),
            models.CheckConstraint(
                condition=Q(starts=None) | Q(ends=None) | Q(ends__gte=F("starts")), name="partnership_in_order"
            ),
            models.CheckConstraint(
                condition=~Q(state="ended") | Q(ended_on__isnull=False), name="partnership_end_dated"
            ),
        ]
        indexes = [models.Index(fields=["kind", "id"], name="partnership_by_kind")]

    @property
    def confirmed_members(self) -> list[PartnershipMember]:
        return [one for one in self.members.all() if one.standing == PartnershipMember.Standing.CONFIRMED]

    @property
    def field(self) -> str:
        return in_language(self.field_zh, self.field_en)[0]


class PartnershipMember(models.Model):
    """An organisation in it, and as what.

    Whoever founds a partnership speaks for her own side alone: the others stand as invited until they confirm, or until
    a broker has the document in which they did (``document`` says which).
    """

    class Role(models.TextChoices):
        LEAD = "lead", _("lead")
        MEMBER = "member", _("member")
        SPONSOR = "sponsor", _("pays")

    class Standing(models.TextChoices):
        INVITED = "invited", pgettext_lazy("member", "invited")
        CONFIRMED = "confirmed", pgettext_lazy("member", "confirmed")

    partnership = models.ForeignKey(Partnership, models.CASCADE, related_name="members")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="partnership_links")
    profile = models.ForeignKey(Profile, models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    task = models.CharField(max_length=300, blank=True)
    standing = models.CharField(max_length=10, choices=Standing, default=Standing.CONFIRMED)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    document = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partnership", "organisation"], name="partnership_member_once"),
            models.UniqueConstraint(fields=["partnership"], condition=Q(role="lead"), name="partnership_one_lead"),
            models.CheckConstraint(
                condition=Q(role__in=["lead", "member", "sponsor"]), name="partnership_member_role_known"
            ),
            models.CheckConstraint(
                condition=Q(standing="confirmed") | Q(standing="invited", confirmed_at=None, document=""),
                name="partnership_member_standing_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.role}"


class PartnershipInstrument(models.Model):
    """An instrument its owner puts in, with the hours a year that are shared."""

    partnership = models.ForeignKey(Partnership, models.CASCADE, related_name="instruments")
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    hours_a_year = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partnership", "instrument"], name="partnership_instrument_once")
        ]

    def __str__(self) -> str:
        return f"{self.instrument}: {self.hours_a_year} h"


class SharedUse(models.Model):
    """Shared hours that a member took."""

    instrument = models.ForeignKey(PartnershipInstrument, models.CASCADE, related_name="uses")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    on = models.DateField()
    hours = models.PositiveIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(hours__gt=0), name="shared_use_takes_time")]

    def __str__(self) -> str:
        return f"{self.organisation}, {self.on}: {self.hours} h"


class MilestoneState(models.TextChoices):
    PLANNED = "planned", _("planned")
    HANDED_IN = "handed_in", _("handed in")
    SENT_BACK = "sent_back", _("sent back")
    ACCEPTED = "accepted", pgettext_lazy("milestone", "accepted")
    DROPPED = "dropped", _("dropped")


class Milestone(models.Model):
    """A dated step with the test that accepts it and the payment that acceptance releases."""

    KIND = "mil"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    partnership = models.ForeignKey(Partnership, models.CASCADE, related_name="milestones")
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=300)
    due = models.DateField()
    test = models.TextField()
    amount_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    payer = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    payee = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=MilestoneState, default=MilestoneState.PLANNED)
    report = models.TextField(blank=True)
    handed_in_at = models.DateTimeField(null=True)
    judgement = models.TextField(blank=True)
    judged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    judged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partnership", "number"], name="milestone_number_once"),
            known("state", MilestoneState, "milestone"),
            models.CheckConstraint(condition=~Q(test=""), name="milestone_has_test"),
            models.CheckConstraint(
                condition=Q(amount_minor=0)
                | (
                    Q(amount_minor__gt=0, payer__isnull=False, payee__isnull=False)
                    & ~Q(currency="")
                    & ~Q(payer=F("payee"))
                ),
                name="milestone_payment_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.title}"


class Payment(models.Model):
    """What a milestone's acceptance released: once, whatever happens; ``key`` is what the ledger knows it by."""

    milestone = models.OneToOneField(Milestone, models.PROTECT, related_name="payment")
    key = models.CharField(max_length=80, unique=True)
    payer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    payee = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_positive")]

    def __str__(self) -> str:
        return self.key


class ResultKind(models.TextChoices):
    PAPER = "paper", _("paper")
    PATENT = "patent", _("patent")
    PRODUCT = "product", _("product")
    STANDARD = "standard", _("standard")
    COMPANY = "company", _("new company")


class Result(models.Model):
    """What came of it."""

    partnership = models.ForeignKey(Partnership, models.CASCADE, related_name="results")
    kind = models.CharField(max_length=10, choices=ResultKind)
    title = models.CharField(max_length=500)
    year = models.PositiveSmallIntegerField()
    identifier = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [known("kind", ResultKind, "result")]

    def __str__(self) -> str:
        return self.title
