"""Calls for proposals: their dates, form, tracks, panels, pools, and the beam calendar they fill."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import Facility, Instrument, Organisation
from headwater.registry.models.base import JSON, Named, in_language, known, named


class Mode(models.TextChoices):
    """How access is got; the table of a proposal's states follows from it.

    A call ``within`` a block is made with the block, for its members' sub-projects alone; no office makes one itself.
    """

    GENERAL = "general", _("general, in rounds")
    ROLLING = "rolling", _("rolling")
    URGENT = "urgent", _("urgent, evaluated afterwards")
    KEY = "key", _("key programme")
    INDUSTRY = "industry", _("industry")
    BLOCK = "block", _("block allocation group")
    PARTNER = "partner", _("partner share")
    WITHIN = "within", _("within a block")


class CallStage(models.TextChoices):
    DRAFT = "draft", _("in preparation")
    ANNOUNCED = "announced", _("announced")
    DONE = "done", _("completed")


class NamesShown(models.TextChoices):
    """From when on those who judge merit see who proposes."""

    ALWAYS = "always", _("at all times")
    OWN_REVIEW = "own_review", _("to a reviewer once her own review is in, to the panel once it has the proposals")
    PANEL = "panel", _("once the panel has the proposals")
    DECISION = "decision", _("after the decision")


class ReviewersShown(models.TextChoices):
    """Who sees a reviewer's name beside her review; the user office always does."""

    OFFICE = "office", _("the user office alone")
    COMMITTEE = "committee", _("the panel and the other reviewers too")
    PROPOSERS = "proposers", _("the proposers too, once they are told")


class FormVersion(models.Model):
    """One version of a facility's form. It is never changed: a new version is another row."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="forms")
    number = models.PositiveIntegerField()
    questions: JSON = models.JSONField(default=list)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["facility", "number"], name="form_version_once")]

    def __str__(self) -> str:
        return f"{self.number}"


class Panel(Named):
    """Reviewers of one field at one facility."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="panels")

    class Meta:
        constraints = [named("panel")]


class PanelMember(models.Model):
    """A reviewer on a panel, with her load, fields and languages."""

    panel = models.ForeignKey(Panel, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="panel_places")
    chair = models.BooleanField(default=False)
    max_load = models.PositiveSmallIntegerField(default=20)
    fields = ArrayField(models.CharField(max_length=80), default=list)
    languages = ArrayField(models.CharField(max_length=10), default=list)
    expertise = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["panel", "user"], name="panel_member_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.panel}"


class BeamlineScientist(models.Model):
    """Who judges feasibility on a beamline and receives its users."""

    instrument = models.ForeignKey(Instrument, models.CASCADE, related_name="scientists")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="beamlines")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instrument", "user"], name="beamline_scientist_once")]

    def __str__(self) -> str:
        return f"{self.user}, {self.instrument}"


class BeamPeriodKind(models.TextChoices):
    RUN = "run", _("run for users")
    STUDIES = "studies", _("machine studies")
    SHUTDOWN = "shutdown", _("shutdown")
    MAINTENANCE = "maintenance", _("maintenance")


class BeamPeriod(models.Model):
    """Days of a facility's beam calendar, for one beamline or for all; ``end`` is one past the last day."""

    facility = models.ForeignKey(Facility, models.CASCADE, related_name="beam_periods")
    instrument = models.ForeignKey(Instrument, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=12, choices=BeamPeriodKind)
    start = models.DateField()
    end = models.DateField()
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            known("kind", BeamPeriodKind, "beam_period"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="beam_period_in_order"),
            models.UniqueConstraint(
                fields=["facility", "instrument", "kind", "start"],
                name="beam_period_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.start} {self.end}"

    @property
    def last(self) -> date:
        """The last day; ``end`` is the day after."""
        return self.end - timedelta(days=1)


class Call(Named):
    """A call for proposals of one facility, for beamtime in one period."""

    KIND = "cal"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="calls")
    code = models.CharField(_("code"), max_length=20)
    mode = models.CharField(_("mode of access"), max_length=10, choices=Mode)
    stage = models.CharField(max_length=10, choices=CallStage, default=CallStage.DRAFT)
    opens_at = models.DateTimeField(_("opens"))
    closes_at = models.DateTimeField(_("closes"), null=True)
    period_start = models.DateField(_("first day of beamtime"))
    period_end = models.DateField(_("last day of beamtime"))
    text_zh = models.TextField(_("text in Chinese"), blank=True)
    text_en = models.TextField(_("text in English"), blank=True)
    form = models.ForeignKey(FormVersion, models.PROTECT, related_name="calls")
    beamlines = models.ManyToManyField(Instrument, related_name="calls")
    most_beamlines = models.PositiveSmallIntegerField(default=2)
    most_shifts = models.PositiveSmallIntegerField(default=36)
    reserve = models.DecimalField(max_digits=5, decimal_places=4, default=0)
    names_shown = models.CharField(max_length=10, choices=NamesShown, default=NamesShown.ALWAYS)
    reviewers_shown = models.CharField(max_length=10, choices=ReviewersShown, default=ReviewersShown.OFFICE)
    see_record = models.BooleanField(default=True)
    chance_cap = models.DecimalField(max_digits=3, decimal_places=2, null=True)
    version = models.PositiveIntegerField(default=1)
    synthetic = models.BooleanField(default=False)

    class Meta:
        constraints = [
            named("call"),
            known("mode", Mode, "call"),
            known("stage", CallStage, "call"),
            known("names_shown", NamesShown, "call"),
            known("reviewers_shown", ReviewersShown, "call"),
            models.UniqueConstraint(fields=["facility", "code"], name="call_code_once"),
            models.CheckConstraint(
                condition=Q(closes_at=None) | Q(closes_at__gt=F("opens_at")), name="call_closes_after_it_opens"
            ),
            models.CheckConstraint(condition=Q(period_end__gte=F("period_start")), name="call_period_in_order"),
            models.CheckConstraint(condition=Q(reserve__gte=0, reserve__lte=1), name="call_reserve_is_a_share"),
            models.CheckConstraint(
                condition=Q(chance_cap=None) | Q(chance_cap__gte="0.05", chance_cap__lte=1), name="call_cap_is_a_chance"
            ),
            models.CheckConstraint(condition=~Q(most_beamlines=0) & ~Q(most_shifts=0), name="call_allows_something"),
        ]

    @property
    def text(self) -> str:
        return in_language(self.text_zh, self.text_en)[0]


class FormDraft(models.Model):
    """A call's form as the office is writing it, begun from the version ``base``; ``before`` undoes one change.

    The row stays once it is there, so that ``version`` never counts one number twice.
    """

    call = models.OneToOneField(Call, models.CASCADE, related_name="form_draft")
    base = models.ForeignKey(FormVersion, models.PROTECT, related_name="+")
    questions: JSON = models.JSONField(default=list)
    before: JSON = models.JSONField(null=True)
    version = models.PositiveIntegerField(default=0)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.call} {self.version}"


class Track(Named):
    """A way through review inside a call, with its panel."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="tracks")
    code = models.CharField(max_length=20)
    panel = models.ForeignKey(Panel, models.PROTECT, null=True, related_name="tracks")

    class Meta:
        constraints = [named("track"), models.UniqueConstraint(fields=["call", "code"], name="track_code_once")]


class Stage(Named):
    """One weighted stage of review in a track; ``criteria`` are scored from 1 to 5, each with its weight."""

    track = models.ForeignKey(Track, models.CASCADE, related_name="stages")
    rank = models.PositiveSmallIntegerField()
    weight = models.DecimalField(max_digits=5, decimal_places=2, default=1)
    needed = models.PositiveSmallIntegerField(default=3)
    criteria: JSON = models.JSONField(default=list)

    class Meta:
        ordering = ["rank"]
        constraints = [
            named("stage"),
            models.UniqueConstraint(fields=["track", "rank"], name="stage_rank_once"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="stage_weighs_something"),
        ]

    @property
    def criteria_shown(self) -> list[tuple[str, float]]:
        """The criteria in the reader's language, each with its weight."""
        return [(in_language(one["label_zh"], one["label_en"])[0], one.get("weight", 1)) for one in self.criteria]


class PoolRule(models.TextChoices):
    """Which proposals count in a pool."""

    FUNDER = "funder", _("of one funder")
    INDUSTRY = "industry", _("from companies")
    REGION = "region", _("from the region")
    OUTSIDE = "outside", _("from outside the region")
    IN_HOUSE = "in_house", _("from the facility itself")
    DISCRETIONARY = "discretionary", _("at the director's discretion")


class Pool(Named):
    """A share of the shifts that a call grants; ``beamlines`` empty means everywhere."""

    call = models.ForeignKey(Call, models.CASCADE, related_name="pools")
    code = models.CharField(max_length=20)
    rule = models.CharField(max_length=14, choices=PoolRule)
    funder = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    beamlines = models.ManyToManyField(Instrument, related_name="+")
    min_share = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    max_share = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    min_shifts = models.PositiveIntegerField(null=True)
    max_shifts = models.PositiveIntegerField(null=True)
    credit_shifts = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            named("pool"),
            known("rule", PoolRule, "pool"),
            models.UniqueConstraint(fields=["call", "code"], name="pool_code_once"),
            models.CheckConstraint(condition=~Q(rule="funder", funder=None), name="pool_of_a_funder_names_it"),
            models.CheckConstraint(
                condition=(Q(min_share=None) | Q(min_share__gte=0, min_share__lte=1))
                & (Q(max_share=None) | Q(max_share__gte=0, max_share__lte=1)),
                name="pool_shares_are_shares",
            ),
        ]
