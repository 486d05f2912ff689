"""Places: jurisdictions, cities, zones."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models.base import JSON, LocationAccuracy, Record, in_language, known, named, on_earth


class JurisdictionKind(models.TextChoices):
    COUNTRY = "country", _("country")
    PROVINCE = "province", _("province")


class Jurisdiction(Record):
    """A country or a province, nested, with the time zone its clocks show."""

    KIND = "jur"
    code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, choices=JurisdictionKind)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="parts")
    timezone = models.CharField(max_length=60)

    class Meta:
        constraints = [named("jurisdiction"), known("kind", JurisdictionKind, "jurisdiction")]


class City(Record):
    """A prefecture-level city: its centre, its people, its land, each with year and source."""

    KIND = "cty"
    code = models.CharField(max_length=60, unique=True)
    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="cities")
    lat = models.FloatField()
    lon = models.FloatField()
    population = models.PositiveIntegerField(null=True)
    population_year = models.PositiveSmallIntegerField(null=True)
    population_verified = models.BooleanField(default=False)
    population_source = models.ForeignKey("registry.Source", models.PROTECT, null=True, related_name="+")
    area_km2 = models.FloatField(null=True)
    area_year = models.PositiveSmallIntegerField(null=True)
    area_verified = models.BooleanField(default=False)
    area_source = models.ForeignKey("registry.Source", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            named("city"),
            on_earth("city"),
            models.CheckConstraint(condition=Q(area_km2=None) | Q(area_km2__gt=0), name="city_area_positive"),
        ]

    @property
    def timezone(self) -> str:
        return self.jurisdiction.timezone


class ZoneKind(models.TextChoices):
    PARK = "park", _("park")
    SCIENCE_CITY = "science_city", _("science city")
    CORRIDOR = "corridor", _("corridor")
    DEMONSTRATION_ZONE = "demonstration_zone", _("demonstration zone")
    HIGH_TECH_ZONE = "high_tech_zone", _("high-tech zone")


class Zone(Record):
    """A park, science city or corridor: by its member cities, or by a polygon."""

    KIND = "zon"
    code = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20, choices=ZoneKind)
    cities = models.ManyToManyField(City, related_name="zones")
    area_km2 = models.FloatField(null=True)
    area_as_of = models.CharField(max_length=60, blank=True)
    area_verified = models.BooleanField(default=False)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    location_accuracy = models.CharField(max_length=12, choices=LocationAccuracy, default=LocationAccuracy.UNKNOWN)
    polygon: JSON = models.JSONField(null=True)
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)

    class Meta:
        constraints = [
            named("zone"),
            on_earth("zone"),
            known("kind", ZoneKind, "zone"),
            known("location_accuracy", LocationAccuracy, "zone"),
            models.CheckConstraint(condition=Q(area_km2=None) | Q(area_km2__gt=0), name="zone_area_positive"),
        ]

    @property
    def note(self) -> str:
        return in_language(self.note_zh, self.note_en)[0]
