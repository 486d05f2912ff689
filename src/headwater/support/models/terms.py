"""Terms: schemes and rates in versions that never change, recognition between jurisdictions, who a company is."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import Instrument, Jurisdiction, Organisation, SizeClass, Source
from headwater.registry.models.base import JSON, Named, in_language, known, named


def in_order(model: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name=f"{model}_dates_in_order"
    )


class Scheme(Named):
    """A jurisdiction's scheme of support; what it says stands in its versions."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    code = models.CharField(max_length=60, unique=True)
    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="schemes")

    class Meta:
        constraints = [named("scheme")]


class SchemeVersion(models.Model):
    """One version of a scheme's terms. The database refuses to change or delete one.

    In force on a day: the highest number valid from that day or before, unless it has ended.
    """

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    terms: JSON = models.JSONField()
    article_zh = models.TextField(blank=True)
    article_en = models.TextField(blank=True)
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    verified = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scheme", "number"], name="scheme_version_once"),
            in_order("scheme_version"),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.number}"

    @property
    def article(self) -> str:
        return in_language(self.article_zh, self.article_en)[0]

    @property
    def note(self) -> str:
        return in_language(self.note_zh, self.note_en)[0]

    @property
    def synthetic(self) -> bool:
        return self.source.synthetic


class RateTable(models.Model):
    """An owner's rates, for one instrument or for all that have none of their own. Versions like a scheme's."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="rate_tables")
    instrument = models.ForeignKey(Instrument, models.PROTECT, null=True, related_name="rate_tables")
    number = models.PositiveIntegerField()
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    rates: JSON = models.JSONField()
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "instrument", "number"], nulls_distinct=False, name="rate_table_once"
            ),
            in_order("rate_table"),
        ]
        indexes = [models.Index(fields=["instrument"], name="rate_table_by_instrument", condition=~Q(instrument=None))]

    def __str__(self) -> str:
        return self.public_id

    @property
    def synthetic(self) -> bool:
        return self.source.synthetic

    @property
    def verified(self) -> bool:
        return True


class RecognitionKind(models.TextChoices):
    QUALIFICATION = "qualification", _("qualification")
    SAFETY_COURSE = "safety_course", _("safety course")
    CONTRACT_TEMPLATE = "contract_template", _("contract template")


class Recognition(models.Model):
    """What was granted in one jurisdiction counts in another: kinds, codes (none: all), days, source."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    code = models.CharField(max_length=60, unique=True)
    kind = models.CharField(max_length=20, choices=RecognitionKind)
    granted_in = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    counts_in = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    codes = ArrayField(models.CharField(max_length=80), default=list)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    article_zh = models.TextField(blank=True)
    article_en = models.TextField(blank=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    verified = models.BooleanField(default=False)

    class Meta:
        constraints = [known("kind", RecognitionKind, "recognition"), in_order("recognition")]

    def __str__(self) -> str:
        return self.code

    @property
    def article(self) -> str:
        return in_language(self.article_zh, self.article_en)[0]

    @property
    def synthetic(self) -> bool:
        return self.source.synthetic


class Registration(models.Model):
    """What a company declares of itself where schemes ask: size, sectors, high-tech status, until when it holds."""

    organisation = models.OneToOneField(Organisation, models.CASCADE, related_name="registration")
    size_class = models.CharField(_("Size"), max_length=10, choices=SizeClass, blank=True)
    high_tech = models.BooleanField(_("High-tech enterprise"), null=True)
    sectors = ArrayField(models.CharField(max_length=60), default=list)
    founded = models.DateField(null=True)
    valid_to = models.DateField(null=True)
    declared_at = models.DateTimeField()
    declared_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [known("size_class", SizeClass, "registration", blank=True)]

    def __str__(self) -> str:
        return f"{self.organisation_id}: {self.size_class}"


class AssessmentFormula(Named):
    """How a jurisdiction assesses its managing units: a formula as data, in versions."""

    code = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    from_year = models.PositiveSmallIntegerField()
    value_from_minor = models.BigIntegerField(default=0)
    formula: JSON = models.JSONField()
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    verified = models.BooleanField(default=False)
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)

    class Meta:
        constraints = [
            named("formula"),
            models.UniqueConstraint(fields=["code", "number"], name="assessment_formula_once"),
        ]

    @property
    def note(self) -> str:
        return in_language(self.note_zh, self.note_en)[0]

    @property
    def synthetic(self) -> bool:
        return self.source.synthetic
