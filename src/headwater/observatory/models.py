"""What the observatory keeps: runs of long work with their parameters, manifest and result."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models.base import known

JSON = Any


class RunKind(models.TextChoices):
    WORLD = "world", _("made-up world")
    CLUSTERS = "clusters", _("cluster run")
    REPORT = "report", _("report")
    SNAPSHOT = "snapshot", _("snapshot of the platform's records")


class RunState(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("under way")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class Run(models.Model):
    """One piece of long work: what was asked, what it was computed from, what came of it.

    ``parameters`` is what was asked; ``manifest`` the inputs' hashes, versions and seed; ``result`` what pages show.
    Files lie in the folder of its public id.
    """

    KIND = "run"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=RunKind)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.QUEUED)
    parameters: JSON = models.JSONField(default=dict)
    manifest: JSON = models.JSONField(default=dict)
    result: JSON = models.JSONField(default=dict)
    problem = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("kind", RunKind, "run"),
            known("state", RunState, "run"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at=None)
                | Q(state__in=["done", "failed"], finished_at__isnull=False),
                name="run_finished_when_ended",
            ),
        ]
        indexes = [models.Index(fields=["kind", "state", "-id"], name="run_by_kind")]

    def __str__(self) -> str:
        return self.public_id
