"""Orders, what supports them, what was used, what was charged."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import Instrument, Jurisdiction, Organisation
from headwater.registry.models.base import JSON, known


class OrderState(models.TextChoices):
    RESERVED = "reserved", _("money reserved")
    CHARGED = "charged", _("used and charged")
    RELEASED = "released", _("cancelled")


class Order(models.Model):
    """The money of one thing ordered: a reservation, a beamtime, a service; ``subject`` is that thing's public id.

    A thing that is changed gets a new order in the place of the old one, which is released.

    ``quote`` holds the facts, the rates and the schemes' versions as they were, and what was decided on them.
    """

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    subject = models.CharField(max_length=40)
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="orders")
    provider = models.ForeignKey(Organisation, models.PROTECT, related_name="provided_orders")
    instrument = models.ForeignKey(Instrument, models.PROTECT, null=True, related_name="orders")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    rate_table = models.ForeignKey("support.RateTable", models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=OrderState, default=OrderState.RESERVED)
    day = models.DateField()
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField()
    quote: JSON = models.JSONField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("state", OrderState, "order"),
            models.CheckConstraint(condition=Q(gross_minor__gte=0), name="order_gross_not_negative"),
            models.CheckConstraint(condition=~Q(subject=""), name="order_subject_named"),
            models.UniqueConstraint(
                fields=["subject"], condition=~Q(state="released"), name="order_open_once_a_subject"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="order_by_organisation"),
            models.Index(fields=["provider", "-id"], name="order_by_provider"),
            models.Index(fields=["subject", "-id"], name="order_by_subject"),
        ]

    def __str__(self) -> str:
        return self.public_id


class SupportState(models.TextChoices):
    RESERVED = "reserved", _("reserved")
    USED = "used", _("used, not claimed yet")
    CLAIMED = "claimed", _("claimed")
    PAID = "paid", _("paid")
    REFUSED = "refused", _("refused")
    RELEASED = "released", _("released")
    LAPSED = "lapsed", _("lapsed: not claimed in time")


class OrderSupport(models.Model):
    """What one payer of one scheme pays for one order; ``account`` is where the money was taken from."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="supports")
    version = models.ForeignKey("support.SchemeVersion", models.PROTECT, related_name="+")
    payer = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    account = models.ForeignKey("support.Account", models.PROTECT, related_name="+")
    voucher = models.ForeignKey("support.Voucher", models.PROTECT, null=True, related_name="uses")
    delivery = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    reserved_minor = models.BigIntegerField()
    used_minor = models.BigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=SupportState, default=SupportState.RESERVED)

    class Meta:
        constraints = [
            known("state", SupportState, "order_support"),
            models.UniqueConstraint(fields=["order", "version", "payer"], name="order_support_once"),
            models.CheckConstraint(
                condition=Q(used_minor__gte=0, used_minor__lte=F("reserved_minor")),
                name="order_support_within_reserved",
            ),
            models.CheckConstraint(condition=Q(reserved_minor__gt=0), name="order_support_is_something"),
        ]
        indexes = [models.Index(fields=["state", "id"], name="order_support_by_state")]

    def __str__(self) -> str:
        return f"{self.order_id}: {self.reserved_minor}"


class CapOf(models.TextChoices):
    """Whose use of a scheme is counted."""

    USER = "user", _("user")
    PROVIDER = "provider", _("provider")


class CapUse(models.Model):
    """What a user or a provider has had from a scheme in a year; the database holds it under the cap."""

    scheme = models.ForeignKey("support.Scheme", models.PROTECT, related_name="+")
    who = models.CharField(max_length=10, choices=CapOf)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField()
    used_minor = models.BigIntegerField(default=0)
    most_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            known("who", CapOf, "cap_use"),
            models.UniqueConstraint(fields=["scheme", "who", "organisation", "year"], name="cap_use_once"),
            models.CheckConstraint(condition=Q(used_minor__gte=0), name="cap_use_not_negative"),
            models.CheckConstraint(
                condition=Q(most_minor=None) | Q(used_minor__lte=F("most_minor")), name="cap_use_within_cap"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme_id} {self.who} {self.organisation_id} {self.year}: {self.used_minor}"


class ServiceRecord(models.Model):
    """What was really done for an order: what charges, assessments and the national reports rest on."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    order = models.OneToOneField(Order, models.PROTECT, related_name="service")
    instrument = models.ForeignKey(Instrument, models.PROTECT, null=True, related_name="service_records")
    owner = models.ForeignKey(Organisation, models.PROTECT, related_name="service_records")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    hours = models.DecimalField(max_digits=12, decimal_places=4)
    samples = models.PositiveIntegerField(default=0)
    outside = models.BooleanField()
    cross_border = models.BooleanField()
    purpose = models.CharField(max_length=30, blank=True)
    content_zh = models.CharField(max_length=200, blank=True)
    content_en = models.CharField(max_length=200, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ended_at__gte=F("started_at")), name="service_record_in_order"),
            models.CheckConstraint(condition=Q(hours__gte=0), name="service_record_hours_not_negative"),
        ]
        indexes = [models.Index(fields=["owner", "ended_at"], name="service_record_by_owner")]

    def __str__(self) -> str:
        return self.public_id


class ChargeKind(models.TextChoices):
    USAGE = "usage", _("usage")
    LATE_CANCEL = "late_cancel", _("late cancellation")
    ADJUSTMENT = "adjustment", _("adjustment")


class Charge(models.Model):
    """What an order costs the user. Never changed: an adjustment is a charge of its own, with its reason."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="charges")
    kind = models.CharField(max_length=12, choices=ChargeKind)
    adjusts = models.ForeignKey("self", models.PROTECT, null=True, related_name="adjustments")
    currency = models.CharField(max_length=3)
    gross_minor = models.BigIntegerField()
    supported_minor = models.BigIntegerField(default=0)
    user_minor = models.BigIntegerField()
    lines: JSON = models.JSONField(default=list)
    ground = models.TextField(blank=True)
    entry = models.ForeignKey("support.Entry", models.PROTECT, null=True, related_name="+")
    issued_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            known("kind", ChargeKind, "charge"),
            models.CheckConstraint(
                condition=Q(user_minor=F("gross_minor") - F("supported_minor")), name="charge_adds_up"
            ),
            models.CheckConstraint(condition=~Q(kind="adjustment") | ~Q(ground=""), name="charge_adjusted_with_reason"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(kind__in=["usage", "late_cancel"]), name="charge_once_an_order"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Dispute(models.Model):
    """A user's objection to a charge, and the owner's answer."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    charge = models.ForeignKey(Charge, models.PROTECT, related_name="disputes")
    text = models.TextField()
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answer = models.TextField(blank=True)
    upheld = models.BooleanField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["charge"], condition=Q(upheld=None), name="dispute_open_once"),
            models.CheckConstraint(condition=~Q(text=""), name="dispute_says_something"),
            models.CheckConstraint(condition=Q(upheld=None) | ~Q(answer=""), name="dispute_answered_in_words"),
        ]

    def __str__(self) -> str:
        return self.public_id


class Invoice(models.Model):
    """Charges of one user organisation by one owner, numbered without a gap."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    provider = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="invoices")
    number = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    issued_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    paid_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "number"], name="invoice_numbered_once")]

    def __str__(self) -> str:
        return f"{self.issued_at:%Y}-{self.number:05}"


class InvoiceLine(models.Model):
    """A charge stands on one invoice."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    charge = models.OneToOneField(Charge, models.PROTECT, related_name="invoice_line")

    def __str__(self) -> str:
        return f"{self.invoice_id}: {self.charge_id}"
