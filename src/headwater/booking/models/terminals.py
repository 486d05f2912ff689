"""The screens beside instruments at which nobody signs in, and by what people are known there."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from headwater.booking.models.base import USER
from headwater.registry.models import Instrument


class Terminal(models.Model):
    """A screen or badge reader beside one instrument: a secret address that a manager made and may revoke."""

    instrument = models.ForeignKey(Instrument, models.CASCADE, related_name="terminals")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    wrong = models.PositiveIntegerField(default=0)
    wrong_since = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["instrument"], name="terminal_living", condition=Q(revoked_at=None))]

    def __str__(self) -> str:
        return f"{self.name} of {self.instrument}"


class Pass(models.Model):
    """By what somebody is known at terminals: a PIN beside her address, a badge alone, or both. Kept as hashes."""

    user = models.OneToOneField(USER, models.CASCADE, related_name="terminal_pass")
    pin = models.CharField(max_length=128, blank=True)
    badge = models.CharField(max_length=64, null=True, unique=True)
    set_at = models.DateTimeField()
    wrong = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"pass of {self.user}"
