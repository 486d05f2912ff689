"""The rules of instruments, dated; and who has been trained for what."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.booking.models.base import USER
from headwater.registry.models import Instrument, Organisation
from headwater.registry.models.base import known


class Policy(models.Model):
    """The rules of one instrument, or of all of an owner's, from an instant on; later rows replace it, none is changed.

    ``hours`` holds for each weekday from Monday its opening spans as ``["08:00", "18:00"]``, on the instrument's own
    clocks; an end that is not after its start is on the next day. ``peak`` holds the busy hours in the same form, or
    nothing; what lies outside them is off-peak. ``limits_together``: the limits a week count what somebody has on all
    of the owner's instruments whose rules in force say so too, not on each instrument alone.
    """

    instrument = models.ForeignKey(Instrument, models.CASCADE, null=True, related_name="policies")
    owner = models.ForeignKey(Organisation, models.CASCADE, null=True, related_name="policies")
    since = models.DateTimeField()
    hours: Any = models.JSONField()
    closed_days = ArrayField(models.DateField(), default=list)
    peak: Any = models.JSONField(default=list)
    min_minutes = models.PositiveIntegerField()
    max_minutes = models.PositiveIntegerField()
    step_minutes = models.PositiveSmallIntegerField()
    notice_minutes = models.PositiveIntegerField()
    horizon_days = models.PositiveSmallIntegerField()
    setup_minutes = models.PositiveSmallIntegerField()
    cleanup_minutes = models.PositiveSmallIntegerField()
    person_week_minutes = models.PositiveIntegerField(null=True)
    person_peak_minutes = models.PositiveIntegerField(null=True)
    person_off_peak_minutes = models.PositiveIntegerField(null=True)
    organisation_week_minutes = models.PositiveIntegerField(null=True)
    organisation_peak_minutes = models.PositiveIntegerField(null=True)
    organisation_off_peak_minutes = models.PositiveIntegerField(null=True)
    group_week_minutes = models.PositiveIntegerField(null=True)
    group_peak_minutes = models.PositiveIntegerField(null=True)
    group_off_peak_minutes = models.PositiveIntegerField(null=True)
    limits_together = models.BooleanField(default=False)
    approval_for = ArrayField(models.CharField(max_length=12), default=list)
    needs_qualification = models.BooleanField()
    qualification_days = models.PositiveSmallIntegerField(null=True)
    late_cancel_minutes = models.PositiveIntegerField()
    no_show_minutes = models.PositiveIntegerField(null=True)
    most_missed = models.PositiveSmallIntegerField(null=True)
    hold_minutes = models.PositiveIntegerField()
    forgotten_minutes = models.PositiveIntegerField()
    made_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(instrument=None, owner__isnull=False) | Q(instrument__isnull=False, owner=None),
                name="policy_about_one",
            ),
            models.CheckConstraint(
                condition=Q(min_minutes__gt=0, step_minutes__gt=0, max_minutes__gte=F("min_minutes")),
                name="policy_lengths_sound",
            ),
            models.CheckConstraint(condition=Q(hold_minutes__gt=0), name="policy_hold_positive"),
        ]
        indexes = [
            models.Index(fields=["instrument", "-since"], name="policy_of_instrument"),
            models.Index(fields=["owner", "-since"], name="policy_of_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument or self.owner} from {self.since:%Y-%m-%d}"


class Qualification(models.Model):
    """Somebody may use one instrument until it expires or is taken back."""

    user = models.ForeignKey(USER, models.CASCADE, related_name="qualifications")
    instrument = models.ForeignKey(Instrument, models.CASCADE, related_name="qualifications")
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    granted_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "instrument"], name="qualification_once"),
            models.CheckConstraint(
                condition=Q(expires_at=None) | Q(expires_at__gt=F("granted_at")), name="qualification_lasts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.instrument}"


class CourseState(models.TextChoices):
    OPEN = "open", _("open for sign-up")
    HELD = "held", _("held")
    CANCELLED = "cancelled", _("cancelled")


class Course(models.Model):
    """A training on one instrument, with so many places; who passes it is qualified."""

    KIND = "crs"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    instrument = models.ForeignKey(Instrument, models.CASCADE, related_name="courses")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    places = models.PositiveSmallIntegerField()
    room = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=CourseState, default=CourseState.OPEN)
    made_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("state", CourseState, "course"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="course_ends_after_start"),
            models.CheckConstraint(condition=Q(places__gt=0), name="course_has_places"),
        ]
        indexes = [models.Index(fields=["instrument", "starts_at"], name="course_of_instrument")]

    def __str__(self) -> str:
        return self.public_id


class SignUpState(models.TextChoices):
    SIGNED_UP = "signed_up", _("signed up")
    PASSED = "passed", _("passed")
    FAILED = "failed", _("not passed")
    WITHDRAWN = "withdrawn", _("withdrawn")


class SignUp(models.Model):
    """Somebody's place in a course."""

    course = models.ForeignKey(Course, models.CASCADE, related_name="sign_ups")
    user = models.ForeignKey(USER, models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=SignUpState, default=SignUpState.SIGNED_UP)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("state", SignUpState, "sign_up"),
            models.UniqueConstraint(fields=["course", "user"], name="sign_up_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.course}"
