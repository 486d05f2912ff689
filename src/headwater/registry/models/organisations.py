"""Organisations, their facilities, their people, and the ties between them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models.base import LocationAccuracy, Named, Record, in_language, known, named, on_earth
from headwater.registry.models.places import City


class OrganisationKind(models.TextChoices):
    UNIVERSITY = "university", _("university")
    RESEARCH_INSTITUTE = "research_institute", _("research institute")
    LABORATORY = "laboratory", _("laboratory")
    HOSPITAL = "hospital", _("hospital")
    COMPANY = "company", _("company")
    GOVERNMENT = "government", _("government body")
    NONPROFIT = "nonprofit", _("non-profit organisation")
    EDUCATION = "education", _("school or college")
    PLATFORM = "platform", _("platform")
    OTHER = "other", _("other")


class SizeClass(models.TextChoices):
    MICRO = "micro", _("micro")
    SMALL = "small", _("small")
    MEDIUM = "medium", _("medium")
    LARGE = "large", _("large")


class Organisation(Record):
    """A university, institute, company, hospital or office, once."""

    KIND = "org"
    code = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=20, choices=OrganisationKind)
    city = models.ForeignKey(City, models.PROTECT, related_name="organisations")
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    location_accuracy = models.CharField(max_length=12, choices=LocationAccuracy, default=LocationAccuracy.UNKNOWN)
    ror = models.CharField(max_length=9, unique=True, null=True)
    uscc = models.CharField(max_length=18, unique=True, null=True)
    size_class = models.CharField(max_length=10, choices=SizeClass, blank=True)
    founded = models.CharField(max_length=10, blank=True)
    listed_on = models.CharField(max_length=60, blank=True)
    website = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            named("organisation"),
            on_earth("organisation"),
            known("kind", OrganisationKind, "organisation"),
            known("size_class", SizeClass, "organisation", blank=True),
            known("location_accuracy", LocationAccuracy, "organisation"),
            models.CheckConstraint(condition=~Q(ror="") & ~Q(uscc=""), name="organisation_ids_null_or_real"),
        ]
        indexes = [
            models.Index(fields=["city", "id"], name="organisation_by_city"),
            models.Index(fields=["kind", "id"], name="organisation_by_kind"),
        ]


class FacilityField(models.TextChoices):
    LIGHT_SOURCE = "light_source", _("light source")
    LASER = "laser", _("high-power laser")
    FUSION = "fusion", _("fusion")
    HIGH_FIELD = "high_field", _("high magnetic field")
    LIFE_SCIENCE = "life_science", _("life science")
    COMPUTING = "computing", _("computing and networks")
    OCEAN = "ocean", _("ocean")
    ENERGY = "energy", _("energy")
    EARTH_ENVIRONMENT = "earth_environment", _("earth and environment")
    AGRICULTURE = "agriculture", _("agriculture")
    MECHANICS = "mechanics", _("mechanics")
    METROLOGY = "metrology", _("metrology")
    MATERIALS = "materials", _("materials")
    OTHER = "other", _("other")


class FacilityStatus(models.TextChoices):
    PLANNED = "planned", _("planned")
    CONSTRUCTION = "construction", _("under construction")
    OPERATING = "operating", _("operating")


class Facility(Record):
    """A large research facility; its beamlines and stations are instruments."""

    KIND = "fac"
    code = models.CharField(max_length=100, unique=True)
    city = models.ForeignKey(City, models.PROTECT, related_name="facilities")
    operator = models.ForeignKey(Organisation, models.PROTECT, related_name="facilities")
    field = models.CharField(max_length=20, choices=FacilityField)
    status = models.CharField(max_length=20, choices=FacilityStatus)
    since = models.CharField(max_length=10, blank=True)
    description_zh = models.TextField(blank=True)
    description_en = models.TextField(blank=True)
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    location_accuracy = models.CharField(max_length=12, choices=LocationAccuracy, default=LocationAccuracy.UNKNOWN)
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)

    class Meta:
        constraints = [
            named("facility"),
            on_earth("facility"),
            known("field", FacilityField, "facility"),
            known("status", FacilityStatus, "facility"),
            known("location_accuracy", LocationAccuracy, "facility"),
        ]

    @property
    def description(self) -> str:
        return in_language(self.description_zh, self.description_en)[0]

    @property
    def note(self) -> str:
        return in_language(self.note_zh, self.note_en)[0]


class TieKind(models.TextChoices):
    OWNERSHIP = "ownership", _("belongs to")
    PARTNERSHIP = "partnership", _("partner of")
    CONSORTIUM = "consortium", _("member of the consortium")
    JOINT_CENTRE = "joint_centre", _("in the joint centre")


class Tie(Named):
    """A dated tie from one organisation to another; ``name_*`` names the consortium or centre, where it has one."""

    start = models.ForeignKey(Organisation, models.CASCADE, related_name="ties_out")
    end = models.ForeignKey(Organisation, models.CASCADE, related_name="ties_in")
    kind = models.CharField(max_length=20, choices=TieKind)
    role = models.CharField(max_length=60, blank=True)
    since = models.CharField(max_length=10, blank=True)
    until = models.CharField(max_length=10, blank=True)
    source = models.ForeignKey("registry.Source", models.PROTECT, related_name="+")
    verified = models.BooleanField(default=True)

    class Meta:
        constraints = [
            known("kind", TieKind, "tie"),
            models.CheckConstraint(condition=~Q(start=F("end")), name="tie_joins_two"),
            models.UniqueConstraint(fields=["start", "end", "kind", "role", "name_en", "since"], name="tie_once"),
        ]


class Person(Named):
    """Somebody in the record; with a user where she signs in."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="person")
    orcid = models.CharField(max_length=19, unique=True, null=True)
    organisations = models.ManyToManyField(Organisation, through="Membership", related_name="people")

    class Meta:
        constraints = [
            named("person"),
            models.CheckConstraint(condition=~Q(orcid=""), name="person_orcid_null_or_real"),
        ]


class MembershipRole(models.TextChoices):
    """Roles in an organisation; each may do what the one before may."""

    MEMBER = "member", _("member")
    MANAGER = "manager", _("instrument manager")
    ADMINISTRATOR = "administrator", _("administrator")


class Membership(models.Model):
    """A person's role in an organisation."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=MembershipRole)
    since = models.DateField(null=True)
    until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "organisation"], name="membership_once"),
            known("role", MembershipRole, "membership"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(since=None) | Q(until__gte=F("since")), name="membership_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}, {self.organisation}: {self.role}"
