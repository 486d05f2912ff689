"""Runs of an import: what was asked, what happened, what was rejected."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from headwater.registry.models.base import JSON
from headwater.registry.models.organisations import Organisation


class ImportRun(models.Model):
    """One file on its way in. The counts are of rows; ``rejects`` is a file, rows with their reasons."""

    class State(models.TextChoices):
        CHECKED = "checked", _("checked, nothing written yet")
        QUEUED = "queued", _("waiting for its turn")
        DONE = "done", _("done")
        FAILED = "failed", _("not done")

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="+")
    file_name = models.CharField(max_length=255)
    file_format = models.CharField(max_length=20)
    file_digest = models.CharField(max_length=64)
    file = models.FileField(upload_to="imports/")
    rejects = models.FileField(upload_to="imports/", blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.CHECKED)
    rows = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    first_rejects: JSON = models.JSONField(default=list)
    failure: JSON = models.JSONField(null=True)
    at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.file_name}, {self.at:%Y-%m-%d %H:%M}"
