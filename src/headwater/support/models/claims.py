"""Vouchers, claims with their documents and decisions, and settlement between jurisdictions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import Jurisdiction, Organisation
from headwater.registry.models.base import JSON, known


class VoucherState(models.TextChoices):
    APPLIED = "applied", _("applied for")
    ISSUED = "issued", _("issued")
    REFUSED = "refused", _("refused")
    LAPSED = "lapsed", _("lapsed")


class Voucher(models.Model):
    """Money of a scheme kept for one organisation; what is left of it is its account's balance."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    version = models.ForeignKey("support.SchemeVersion", models.PROTECT, related_name="vouchers")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="vouchers")
    payer = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    account = models.OneToOneField("support.Account", models.PROTECT, null=True, related_name="of_voucher")
    state = models.CharField(max_length=10, choices=VoucherState, default=VoucherState.APPLIED)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    purpose = models.TextField(blank=True)
    decision: JSON = models.JSONField()
    ground = models.TextField(blank=True)
    applied_at = models.DateTimeField()
    applied_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    valid_to = models.DateField(null=True)

    class Meta:
        constraints = [
            known("state", VoucherState, "voucher"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="voucher_is_something"),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(ground=""), name="voucher_refused_with_reason"),
        ]
        indexes = [models.Index(fields=["organisation", "state"], name="voucher_by_organisation")]

    def __str__(self) -> str:
        return self.public_id


class ClaimState(models.TextChoices):
    DRAFT = "draft", _("gathering documents")
    SUBMITTED = "submitted", _("submitted")
    SECOND = "second", _("approved once, a second officer must look")
    RETURNED = "returned", _("returned for changes")
    PAID = "paid", _("approved and paid")
    REFUSED = "refused", _("refused")


class Claim(models.Model):
    """A claim on what one payer of a scheme pays for one order."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    support = models.OneToOneField("support.OrderSupport", models.PROTECT, related_name="claim")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="claims")
    office = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=ClaimState, default=ClaimState.DRAFT)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    due_by = models.DateField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            known("state", ClaimState, "claim"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="claim_is_something"),
        ]
        indexes = [
            models.Index(fields=["office", "state", "id"], name="claim_by_office"),
            models.Index(fields=["organisation", "-id"], name="claim_by_organisation"),
        ]

    def __str__(self) -> str:
        return self.public_id


class ClaimDocument(models.Model):
    """A paper of a claim: contract, invoice, report."""

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=20)
    file = models.FileField(upload_to="claims/")
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return self.name


class ClaimStep(models.Model):
    """One officer's word on a claim."""

    class Verdict(models.TextChoices):
        APPROVE = "approve", _("approve")
        REFUSE = "refuse", _("refuse")
        RETURN = "return", _("return for changes")

    claim = models.ForeignKey(Claim, models.PROTECT, related_name="steps")
    verdict = models.CharField(max_length=10, choices=Verdict)
    ground = models.TextField(blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=["approve", "refuse", "return"]), name="claim_step_verdict_known"
            ),
            models.CheckConstraint(condition=Q(verdict="approve") | ~Q(ground=""), name="claim_step_no_with_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}: {self.verdict}"


class Settlement(models.Model):
    """A month's settlement between the jurisdictions."""

    public_id = models.CharField(max_length=40, unique=True, editable=False)
    month = models.DateField()
    currency = models.CharField(max_length=3)
    debts = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    entry = models.ForeignKey("support.Entry", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "currency"], name="settlement_once_a_month")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.currency}"


class SettlementLine(models.Model):
    """What one owes the other of the month (``debt``), or the transfer that clears net positions (``transfer``)."""

    settlement = models.ForeignKey(Settlement, models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=10)
    debtor = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    creditor = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["debt", "transfer"]), name="settlement_line_kind_known"),
            models.CheckConstraint(condition=~Q(debtor=F("creditor")), name="settlement_line_joins_two"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="settlement_line_is_something"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.debtor_id} to {self.creditor_id} {self.amount_minor}"


class Due(models.Model):
    """What one jurisdiction owes another because the other paid out for it; settled once."""

    support = models.OneToOneField("support.OrderSupport", models.PROTECT, related_name="due")
    debtor = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    creditor = models.ForeignKey(Jurisdiction, models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    on = models.DateField()
    settlement = models.ForeignKey(Settlement, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(debtor=F("creditor")), name="due_joins_two"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="due_is_something"),
        ]
        indexes = [models.Index(fields=["on"], name="due_open", condition=Q(settlement=None))]

    def __str__(self) -> str:
        return f"{self.debtor_id} to {self.creditor_id} {self.amount_minor}"
