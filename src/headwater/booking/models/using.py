"""An instrument in somebody's hands, and what is told to the device that locks it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q

from headwater.booking.models.base import USER
from headwater.booking.models.reservations import Reservation
from headwater.registry.models import Instrument


class Usage(models.Model):
    """An instrument in somebody's hands, from start to stop, against a reservation or without one."""

    KIND = "use"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="usages")
    user = models.ForeignKey(USER, models.PROTECT, related_name="usages")
    reservation = models.ForeignKey(Reservation, models.PROTECT, null=True, related_name="usages")
    started_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    settled = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instrument"], condition=Q(stopped_at=None), name="usage_one_at_once"),
            models.CheckConstraint(
                condition=Q(stopped_at=None) | Q(stopped_at__gte=F("started_at")), name="usage_in_order"
            ),
        ]
        indexes = [models.Index(fields=["instrument", "started_at"], name="usage_by_instrument")]

    def __str__(self) -> str:
        return f"{self.public_id} of {self.instrument}"


class Interlock(models.Model):
    """The device that locks an instrument: where it is told of every start and stop, signed with its secret."""

    instrument = models.OneToOneField(Instrument, models.CASCADE, related_name="interlock")
    url = models.CharField(max_length=500)
    secret = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"interlock of {self.instrument}"


class Signal(models.Model):
    """One thing an interlock is to be told; kept until it was."""

    KIND = "sig"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    interlock = models.ForeignKey(Interlock, models.CASCADE, related_name="signals")
    event = models.CharField(max_length=20)
    body: Any = models.JSONField()
    made_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["interlock", "id"], name="signal_waiting", condition=Q(delivered_at=None))]

    def __str__(self) -> str:
        return f"{self.public_id} {self.event}"
