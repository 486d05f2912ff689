"""Vocabularies: techniques in two levels, and class codes in versions with crosswalks."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from headwater.registry.models.base import Named, in_language, named


def _words() -> ArrayField:
    return ArrayField(models.CharField(max_length=200), default=list)


class ClassCode(Named):
    """One class of one version of a classification of instruments."""

    vocabulary = models.CharField(max_length=60)
    version = models.CharField(max_length=40)
    code = models.CharField(max_length=20)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")
    source = models.ForeignKey("registry.Source", models.PROTECT, related_name="+")
    verified = models.BooleanField(default=True)

    class Meta:
        constraints = [
            named("class_code"),
            models.UniqueConstraint(fields=["vocabulary", "version", "code"], name="class_code_once"),
        ]


class ClassCrosswalk(models.Model):
    """How a class of one version reads in another."""

    RELATIONS = ("exact", "broader", "narrower", "related")
    start = models.ForeignKey(ClassCode, models.CASCADE, related_name="crosswalks")
    end = models.ForeignKey(ClassCode, models.CASCADE, related_name="+")
    relation = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["start", "end"], name="crosswalk_once"),
            models.CheckConstraint(condition=~Q(start=F("end")), name="crosswalk_leaves"),
            models.CheckConstraint(
                condition=Q(relation__in=["exact", "broader", "narrower", "related"]), name="crosswalk_relation_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start} → {self.end} ({self.relation})"


class Technique(Named):
    """What an instrument does: a group, or a leaf of one, with the words people use for it."""

    code = models.CharField(max_length=80, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="leaves")
    synonyms_zh = _words()
    synonyms_en = _words()
    measures_zh = _words()
    measures_en = _words()
    class_codes = models.ManyToManyField(ClassCode, related_name="techniques")

    class Meta:
        constraints = [named("technique")]

    @property
    def measures(self) -> list[str]:
        zh, en = self.measures_zh, self.measures_en
        return zh if in_language("zh", "en")[0] == "zh" and zh else en
