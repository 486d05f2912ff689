"""Instruments, beamlines among them: PIDINST's properties and what sharing needs."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models.base import JSON, LocationAccuracy, Record, in_language, known, named, on_earth
from headwater.registry.models.organisations import Facility, Organisation
from headwater.registry.models.places import City
from headwater.registry.models.vocabularies import ClassCode, Technique


class Access(models.TextChoices):
    """How somebody from outside gets time on it."""

    BOOKING = "booking", _("by booking")
    PROPOSAL = "proposal", _("by proposal")
    SERVICE = "service", _("as a service")
    INTERNAL = "internal", _("internal use only")


class InstrumentStatus(models.TextChoices):
    PLANNED = "planned", _("planned")
    OPERATING = "operating", _("operating")
    OUT_OF_SERVICE = "out_of_service", _("out of service")
    DECOMMISSIONED = "decommissioned", _("decommissioned")


class Visibility(models.TextChoices):
    """Who may see the record at all."""

    PUBLIC = "public", _("everybody")
    REGISTERED = "registered", _("people who are signed in")
    ORGANISATION = "organisation", _("the owner's people")


class Instrument(Record):
    """One instrument. A beamline is one of a facility, with access by proposal."""

    KIND = "ins"
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="instruments")
    facility = models.ForeignKey(Facility, models.PROTECT, null=True, related_name="instruments")
    city = models.ForeignKey(City, models.PROTECT, related_name="instruments")
    local_id = models.CharField(_("owner's own number"), max_length=200, blank=True)
    original_language = models.CharField(max_length=2, default="zh")
    techniques = models.ManyToManyField(Technique, through="InstrumentTechnique", related_name="instruments")
    class_code = models.ForeignKey(ClassCode, models.PROTECT, null=True, related_name="+")
    manufacturer_zh = models.CharField(max_length=200, blank=True)
    manufacturer_en = models.CharField(max_length=200, blank=True)
    manufacturer_id = models.CharField(max_length=200, blank=True)
    manufacturer_country = models.CharField(max_length=2, blank=True)
    model = models.CharField(_("model"), max_length=200, blank=True)
    model_id = models.CharField(max_length=200, blank=True)
    serial_number = models.CharField(max_length=200, blank=True)
    description_zh = models.TextField(blank=True)
    description_en = models.TextField(blank=True)
    measured_zh = ArrayField(models.CharField(max_length=300), default=list)
    measured_en = ArrayField(models.CharField(max_length=300), default=list)
    subjects = ArrayField(models.CharField(max_length=100), default=list)
    value_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, blank=True)
    access = models.CharField(max_length=12, choices=Access)
    visibility = models.CharField(max_length=14, choices=Visibility, default=Visibility.PUBLIC)
    status = models.CharField(max_length=20, choices=InstrumentStatus, default=InstrumentStatus.OPERATING)
    commissioned = models.DateField(null=True)
    decommissioned = models.DateField(null=True)
    location_zh = models.CharField(max_length=300, blank=True)
    location_en = models.CharField(max_length=300, blank=True)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    location_accuracy = models.CharField(max_length=12, choices=LocationAccuracy, default=LocationAccuracy.UNKNOWN)
    sharing_zh = models.TextField(blank=True)
    sharing_en = models.TextField(blank=True)
    fee_zh = models.CharField(max_length=500, blank=True)
    fee_en = models.CharField(max_length=500, blank=True)
    contact_name = models.CharField(max_length=200, blank=True)
    contact_email = models.CharField(max_length=254, blank=True)
    contact_phone = models.CharField(max_length=60, blank=True)
    landing_page = models.CharField(max_length=500, blank=True)
    pid = models.CharField(max_length=200, unique=True, null=True)
    pid_type = models.CharField(max_length=20, blank=True)
    related_ids: JSON = models.JSONField(default=list)
    extra: JSON = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            named("instrument"),
            on_earth("instrument"),
            known("access", Access, "instrument"),
            known("status", InstrumentStatus, "instrument"),
            known("visibility", Visibility, "instrument"),
            known("location_accuracy", LocationAccuracy, "instrument"),
            models.UniqueConstraint(
                fields=["owner", "local_id"], condition=~Q(local_id=""), name="instrument_local_id_once"
            ),
            models.CheckConstraint(condition=~Q(pid=""), name="instrument_pid_null_or_real"),
            models.CheckConstraint(
                condition=Q(value_minor=None, currency="") | (Q(value_minor__gte=0) & ~Q(currency="")),
                name="instrument_value_has_currency",
            ),
            models.CheckConstraint(
                condition=Q(commissioned=None) | Q(decommissioned=None) | Q(decommissioned__gte=F("commissioned")),
                name="instrument_dates_in_order",
            ),
            models.CheckConstraint(condition=Q(original_language__in=["zh", "en"]), name="instrument_language_known"),
        ]
        indexes = [
            models.Index(fields=["city", "id"], name="instrument_by_city"),
            models.Index(fields=["owner", "id"], name="instrument_by_owner"),
            models.Index(fields=["access", "id"], name="instrument_by_access"),
            models.Index(fields=["status", "id"], name="instrument_by_status"),
            models.Index(fields=["facility", "id"], name="instrument_by_facility", condition=~Q(facility=None)),
        ]

    @property
    def manufacturer(self) -> str:
        return in_language(self.manufacturer_zh, self.manufacturer_en)[0]

    @property
    def description(self) -> str:
        return in_language(self.description_zh, self.description_en)[0]

    @property
    def description_language(self) -> str:
        return in_language(self.description_zh, self.description_en)[1]

    @property
    def location(self) -> str:
        return in_language(self.location_zh, self.location_en)[0]

    @property
    def sharing(self) -> str:
        return in_language(self.sharing_zh, self.sharing_en)[0]

    @property
    def fee(self) -> str:
        return in_language(self.fee_zh, self.fee_en)[0]

    @property
    def measured(self) -> list[str]:
        chinese = in_language("zh", "en")[0] == "zh"
        return (self.measured_zh or self.measured_en) if chinese else (self.measured_en or self.measured_zh)


class InstrumentTechnique(models.Model):
    """A technique an instrument does; rank 0 is the chief one."""

    instrument = models.ForeignKey(Instrument, models.CASCADE, related_name="technique_links")
    technique = models.ForeignKey(Technique, models.PROTECT, related_name="instrument_links")
    rank = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.UniqueConstraint(fields=["technique", "instrument"], name="instrument_technique_once"),
            models.UniqueConstraint(fields=["instrument", "rank"], name="instrument_technique_rank_once"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument}: {self.technique}"
