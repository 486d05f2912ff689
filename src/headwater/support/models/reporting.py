"""Reports to national and provincial platforms: batches, and one item for each version of each record."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import Organisation
from headwater.registry.models.base import JSON, known


class BatchState(models.TextChoices):
    OPEN = "open", _("being sent")
    DONE = "done", _("done")


class ReportBatch(models.Model):
    """One run of a report for one unit to one platform; its receipt."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    target = models.CharField(max_length=20)
    owner = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    receiver = models.CharField(max_length=300)
    state = models.CharField(max_length=6, choices=BatchState, default=BatchState.OPEN)
    made_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [known("state", BatchState, "report_batch")]

    def __str__(self) -> str:
        return self.public_id


class ItemState(models.TextChoices):
    READY = "ready", _("ready to send")
    REJECTED = "rejected", _("rejected here: does not fit the form")
    ACCEPTED = "accepted", _("accepted")
    REFUSED = "refused", _("refused by the platform")


class ReportItem(models.Model):
    """One version of one record in a platform's shape. The same version is taken into one batch only."""

    batch = models.ForeignKey(ReportBatch, models.PROTECT, related_name="items")
    target = models.CharField(max_length=20)
    kind = models.CharField(max_length=12)
    record = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    payload: JSON = models.JSONField()
    faults: JSON = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=ItemState)
    code = models.CharField(max_length=20, blank=True)
    message = models.CharField(max_length=300, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("state", ItemState, "report_item"),
            models.UniqueConstraint(
                fields=["target", "record", "digest"], condition=~Q(state="refused"), name="report_item_once"
            ),
        ]
        indexes = [models.Index(fields=["batch", "state", "id"], name="report_item_by_state")]

    def __str__(self) -> str:
        return f"{self.target} {self.record}"
