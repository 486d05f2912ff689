"""Capability profiles: what a group can do, with what, by whom, and what it did before."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import City, Instrument, Organisation, Person, Technique
from headwater.registry.models.base import Record, in_language, known


class Profile(Record):
    """A group's profile. An organisation has as many as it has groups; it may have one for itself."""

    KIND = "cap"
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="profiles")
    city = models.ForeignKey(City, models.PROTECT, related_name="+")
    local_id = models.CharField(max_length=100, blank=True)
    summary_zh = models.TextField(blank=True)
    summary_en = models.TextField(blank=True)
    sectors = ArrayField(models.CharField(max_length=60), default=list)
    techniques = models.ManyToManyField(Technique, through="ProfileTechnique", related_name="+")
    instruments = models.ManyToManyField(Instrument, through="ProfileInstrument", related_name="+")
    people = models.ManyToManyField(Person, through="ProfilePerson", related_name="+")
    load = models.FloatField(default=0.0)
    price_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    tells = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name_zh="", name_en=""), name="profile_named"),
            models.UniqueConstraint(
                fields=["organisation", "local_id"], condition=~Q(local_id=""), name="profile_local_id_once"
            ),
            models.CheckConstraint(condition=Q(load__gte=0, load__lte=1), name="profile_load_is_a_share"),
            models.CheckConstraint(condition=Q(price_minor__gte=0), name="profile_price_not_negative"),
        ]
        indexes = [models.Index(fields=["organisation", "id"], name="profile_by_organisation")]

    @property
    def summary(self) -> str:
        return in_language(self.summary_zh, self.summary_en)[0]


class ProfileTechnique(models.Model):
    """A technique the group masters, from 1 (tried) to 5 (leading)."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="technique_links")
    technique = models.ForeignKey(Technique, models.PROTECT, related_name="+")
    level = models.PositiveSmallIntegerField(default=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["profile", "technique"], name="profile_technique_once"),
            models.CheckConstraint(condition=Q(level__gte=1, level__lte=5), name="profile_level_one_to_five"),
        ]
        indexes = [models.Index(fields=["technique", "profile"], name="profile_by_technique")]

    def __str__(self) -> str:
        return f"{self.technique} {self.level}"


class ProfileInstrument(models.Model):
    """An instrument of the record that the group works with."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="instrument_links")
    instrument = models.ForeignKey(Instrument, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "instrument"], name="profile_instrument_once")]

    def __str__(self) -> str:
        return str(self.instrument)


class ProfilePerson(models.Model):
    """Somebody of the group."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="person_links")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    leads = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["profile", "person"], name="profile_person_once")]

    def __str__(self) -> str:
        return str(self.person)


class WorkKind(models.TextChoices):
    PAPER = "paper", _("paper")
    PATENT = "patent", _("patent")
    PROJECT = "project", _("project")
    PRODUCT = "product", _("product")
    STANDARD = "standard", _("standard")


class Work(models.Model):
    """Something the group did: an output or a past project, with its partner where it had one."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="works")
    kind = models.CharField(max_length=10, choices=WorkKind)
    title = models.CharField(max_length=500)
    text = models.TextField(blank=True)
    year = models.PositiveSmallIntegerField(null=True)
    identifier = models.CharField(max_length=200, blank=True)
    partner = models.ForeignKey(Organisation, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            known("kind", WorkKind, "work"),
            models.UniqueConstraint(
                fields=["profile", "identifier"], condition=~Q(identifier=""), name="work_identifier_once"
            ),
        ]
        indexes = [models.Index(fields=["profile", "id"], name="work_by_profile")]

    def __str__(self) -> str:
        return self.title


class IndexStamp(models.Model):
    """One row that every write of a profile raises, so that each process knows whether its index is of today."""

    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="index_stamp_is_one_row")]

    def __str__(self) -> str:
        return str(self.number)
