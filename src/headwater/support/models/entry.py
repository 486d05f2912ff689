"""What an owner asks of people before they come: safety courses and contracts; and who has what, from where."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import Instrument, Jurisdiction, Organisation
from headwater.registry.models.base import Named, known, named


class EntryKind(models.TextChoices):
    """Codes as in `RecognitionKind`, which says where each of them counts too."""

    SAFETY_COURSE = "safety_course", _("safety course")
    CONTRACT_TEMPLATE = "contract_template", _("contract template")


class Requirement(Named):
    """What an owner asks of people first, on one instrument or on all: a safety course, a contract of a template."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    owner = models.ForeignKey(Organisation, models.CASCADE, related_name="entry_requirements")
    instrument = models.ForeignKey(Instrument, models.CASCADE, null=True, related_name="entry_requirements")
    kind = models.CharField(max_length=20, choices=EntryKind)
    code = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("kind", EntryKind, "entry_requirement"),
            named("entry_requirement"),
            models.UniqueConstraint(
                fields=["owner", "instrument", "kind", "code"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="entry_requirement_once",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("made_at")), name="entry_requirement_in_order"
            ),
        ]


class Proof(models.Model):
    """A person passed a safety course, or an organisation signed a contract of a template: where, when, how long."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=EntryKind)
    code = models.CharField(max_length=80)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="entry_proofs")
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="entry_proofs")
    granted_by = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    granted_in = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    granted_on = models.DateField()
    valid_to = models.DateField(null=True)
    reference = models.CharField(max_length=120, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("kind", EntryKind, "entry_proof"),
            models.CheckConstraint(
                condition=Q(kind="safety_course", user__isnull=False, organisation=None)
                | Q(kind="contract_template", user=None, organisation__isnull=False),
                name="entry_proof_of_one_holder",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("granted_on")), name="entry_proof_dates_in_order"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "kind"], name="entry_proof_by_user", condition=Q(revoked_at=None)),
            models.Index(
                fields=["organisation", "kind"], name="entry_proof_by_organisation", condition=Q(revoked_at=None)
            ),
            models.Index(fields=["granted_by", "-id"], name="entry_proof_by_granter"),
        ]

    def __str__(self) -> str:
        return self.public_id
