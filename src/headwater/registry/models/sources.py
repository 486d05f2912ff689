"""Where facts come from, and the figures others have published."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models.base import JSON, in_language, known


class Region(models.Model):
    """The region that this node holds: loaded from a folder, known by the digest of its files."""

    code = models.CharField(max_length=40, unique=True)
    name_zh = models.CharField(max_length=100, blank=True)
    name_en = models.CharField(max_length=100, blank=True)
    node = models.CharField(max_length=8)
    country = models.CharField(max_length=2)
    currency = models.CharField(max_length=3)
    west, south, east, north = (models.FloatField() for _side in range(4))
    coast: JSON = models.JSONField(default=dict)
    rail: JSON = models.JSONField(default=list)
    digest = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    def __str__(self) -> str:
        return in_language(self.name_zh, self.name_en)[0]


class SourceKind(models.TextChoices):
    """What kind of thing a source is."""

    PUBLICATION = "publication", _("publication")
    DATASET = "dataset", _("open data set")
    GENERAL_KNOWLEDGE = "general_knowledge", _("general knowledge, unverified")
    IMPORT = "import", _("imported file")
    DECLARATION = "declaration", _("declared by the organisation")
    SYNTHETIC = "synthetic", _("synthetic: made by a generator")


class Source(models.Model):
    """A publication with its address and date, an import, a declaration, or a generator with its seed."""

    key = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20, choices=SourceKind)
    title_zh = models.CharField(max_length=500, blank=True)
    title_en = models.CharField(max_length=500, blank=True)
    publisher = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    published = models.CharField(max_length=40, blank=True)
    accessed = models.CharField(max_length=40, blank=True)
    licence = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    parameters: JSON = models.JSONField(default=dict)

    class Meta:
        constraints = [known("kind", SourceKind, "source")]

    def __str__(self) -> str:
        return in_language(self.title_zh, self.title_en)[0] or self.key

    @property
    def synthetic(self) -> bool:
        return self.kind == SourceKind.SYNTHETIC


class Figure(models.Model):
    """A figure somebody published about the region; never one that Headwater computed."""

    code = models.CharField(max_length=100, unique=True)
    subject_kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=100)
    statement_zh = models.CharField(max_length=500, blank=True)
    statement_en = models.CharField(max_length=500, blank=True)
    claimed = models.FloatField(null=True)
    value = models.FloatField(null=True)
    comparison = models.CharField(max_length=10, blank=True)
    unit_zh = models.CharField(max_length=60, blank=True)
    unit_en = models.CharField(max_length=60, blank=True)
    as_of = models.CharField(max_length=40, blank=True)
    verdict = models.CharField(max_length=20)
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)
    sources = models.ManyToManyField(Source, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["confirmed", "partly_confirmed", "near", "not_located"]),
                name="figure_verdict_known",
            )
        ]

    def __str__(self) -> str:
        return self.statement

    @property
    def statement(self) -> str:
        return in_language(self.statement_zh, self.statement_en)[0]

    @property
    def note(self) -> str:
        return in_language(self.note_zh, self.note_en)[0]

    @property
    def unit(self) -> str:
        return in_language(self.unit_zh, self.unit_en)[0]
