"""The one table of all that takes time on an instrument, and what the database itself guarantees about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.booking.models.base import SYNTHETIC, USER, range_sound
from headwater.booking.models.policies import Policy
from headwater.registry.models import Instrument, Organisation
from headwater.registry.models.base import known


class Kind(models.TextChoices):
    """What takes the time."""

    BOOKING = "booking", _("booking")
    BEAMTIME = "beamtime", _("beamtime")
    OUTAGE = "outage", _("outage")
    HOLD = "hold", _("held for the waiting list")


class State(models.TextChoices):
    REQUESTED = "requested", _("awaiting approval")
    CONFIRMED = "confirmed", pgettext_lazy("of a booking", "confirmed")
    IN_USE = "in_use", _("in use")
    USED = "used", _("used")
    MISSED = "missed", _("missed")
    CANCELLED = "cancelled", _("cancelled")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("expired")


OCCUPYING = (State.REQUESTED, State.CONFIRMED, State.IN_USE, State.USED)
OVER = (State.USED, State.MISSED, State.CANCELLED, State.DECLINED, State.EXPIRED)


class Series(models.Model):
    """Bookings that were made together, such as every Tuesday of a term."""

    KIND = "ser"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="+")
    holder = models.ForeignKey(USER, models.PROTECT, related_name="+")
    every_days = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.public_id


class Reservation(models.Model):
    """Time on one instrument: the one table of all that takes it.

    ``span`` is the time asked for; ``occupied`` is that with set-up and clean-up, cut short where use ended early. Two
    that occupy an instrument at once are refused by the database, whoever writes. ``reference`` is what it was given
    for, such as an award's public id; ``terms`` is what was said about paying, kept for whoever reckons it.
    """

    KIND = "res"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    instrument = models.ForeignKey(Instrument, models.PROTECT, related_name="reservations")
    span = DateTimeRangeField()
    occupied = DateTimeRangeField()
    kind = models.CharField(max_length=10, choices=Kind)
    state = models.CharField(max_length=10, choices=State)
    holder = models.ForeignKey(USER, models.PROTECT, null=True, related_name="reservations")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="reservations")
    made_by = models.ForeignKey(USER, models.PROTECT, null=True, related_name="+")
    project = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    reference = models.CharField(max_length=60, blank=True)
    terms: Any = models.JSONField(default=dict)
    series = models.ForeignKey(Series, models.PROTECT, null=True, related_name="reservations")
    policy = models.ForeignKey(Policy, models.SET_NULL, null=True, related_name="+")
    held_until = models.DateTimeField(null=True)
    late = models.BooleanField(default=False)
    sequence = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("kind", Kind, "reservation"),
            known("state", State, "reservation"),
            range_sound("span", "reservation_span_sound"),
            range_sound("occupied", "reservation_occupied_sound"),
            models.CheckConstraint(
                condition=Q(kind=Kind.OUTAGE) | Q(holder__isnull=False), name="reservation_has_holder"
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.HOLD, held_until__isnull=False) | (~Q(kind=Kind.HOLD) & Q(held_until=None)),
                name="reservation_hold_ends",
            ),
            models.UniqueConstraint(
                fields=["reference"],
                condition=Q(kind=Kind.BEAMTIME, state__in=OCCUPYING) & ~Q(reference=""),
                name="reservation_reference_once",
            ),
            # Written with int8range, which core PostgreSQL can index beside a time range without an extension.
            ExclusionConstraint(
                name="reservation_never_twice",
                expressions=[
                    (
                        Func(
                            F("instrument"),
                            F("instrument"),
                            Value("[]"),
                            function="int8range",
                            output_field=BigIntegerRangeField(),
                        ),
                        "&&",
                    ),
                    ("occupied", "&&"),
                ],
                condition=Q(state__in=OCCUPYING),
            ),
        ]
        indexes = [
            # What occupies one instrument never overlaps, so that its order by end is its order by start.
            models.Index(
                F("instrument"),
                Func(F("occupied"), function="upper", output_field=models.DateTimeField()),
                name="reservation_by_end",
                condition=Q(state__in=OCCUPYING),
            ),
            models.Index(
                F("holder"),
                Func(F("span"), function="upper", output_field=models.DateTimeField()),
                name="reservation_by_holder",
            ),
            # What counts against quotas, by the end of the time that was asked for.
            models.Index(
                F("instrument"),
                Func(F("span"), function="upper", output_field=models.DateTimeField()),
                name="reservation_shared",
                condition=Q(kind__in=("booking", "hold"), state__in=(*OCCUPYING, State.MISSED)),
            ),
            models.Index(fields=["reference"], name="reservation_by_reference", condition=~Q(reference="")),
            models.Index(
                fields=["instrument", "state"],
                name="reservation_asked",
                condition=Q(state=State.REQUESTED),
            ),
            models.Index(
                fields=["held_until"], name="reservation_holds", condition=Q(kind=Kind.HOLD, state=State.CONFIRMED)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.kind} {self.state}"

    @property
    def start(self) -> datetime:
        return self.span.lower

    @property
    def end(self) -> datetime:
        return self.span.upper

    @property
    def synthetic(self) -> bool:
        """Whether it was made up, so that a demo looks like a region at work."""
        return self.reference == SYNTHETIC

    @property
    def uid(self) -> str:
        """The calendar entry's identity: the same however often it moves."""
        return f"{self.public_id}@headwater"
