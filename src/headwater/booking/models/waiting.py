"""Who waits for time, at which secret address a calendar is read, and what a retried request was answered."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from headwater.booking.models.base import USER, range_sound
from headwater.booking.models.reservations import Reservation
from headwater.registry.models import Instrument
from headwater.registry.models.base import known


class WishState(models.TextChoices):
    WAITING = "waiting", _("waiting")
    HELD = "held", _("time is held")
    BOOKED = "booked", _("booked")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("expired")


class WaitingWish(models.Model):
    """Somebody waits for so much time within a window; the earliest wish that fits freed time gets a hold on it."""

    KIND = "wsh"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="wishes")
    user = models.ForeignKey(USER, models.PROTECT, related_name="wishes")
    window = DateTimeRangeField()
    minutes = models.PositiveIntegerField()
    project = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=WishState, default=WishState.WAITING)
    hold = models.OneToOneField(Reservation, models.PROTECT, null=True, related_name="wish")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("state", WishState, "wish"),
            range_sound("window", "wish_window_sound"),
            models.CheckConstraint(condition=Q(minutes__gt=0), name="wish_minutes_positive"),
            models.CheckConstraint(
                condition=~Q(state=WishState.HELD) | Q(hold__isnull=False), name="wish_held_has_hold"
            ),
        ]
        indexes = [
            models.Index(fields=["instrument", "made_at"], name="wish_queue", condition=Q(state=WishState.WAITING))
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.state}"


class Feed(models.Model):
    """A secret address at which a calendar program reads somebody's or an instrument's reservations."""

    user = models.ForeignKey(USER, models.CASCADE, related_name="feeds")
    instrument = models.ForeignKey(Instrument, models.CASCADE, null=True, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"feed {self.pk}"


class Answered(models.Model):
    """What a request with an ``Idempotency-Key`` was answered: sent again, it is answered so again and does nothing."""

    user = models.ForeignKey(USER, models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body: Any = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="answered_once")]

    def __str__(self) -> str:
        return self.key
