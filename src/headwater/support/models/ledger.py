"""The ledger: double entry, append-only. Its triggers stand in the first migration:

- entries and postings can't be changed, deleted or truncated;
- at commit, the postings of each entry add up to nothing in each currency;
- a posting moves its account's balance, and a balance that may not go below nothing is held by a check.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import Jurisdiction, Organisation
from headwater.registry.models.base import known


class AccountKind(models.TextChoices):
    TREASURY = "treasury", _("treasury")
    BUDGET = "budget", _("budget, free")
    VOUCHER = "voucher", _("voucher")
    RESERVED = "reserved", _("reserved by orders")
    CLAIMABLE = "claimable", _("used, to be claimed")
    PAID = "paid", _("paid out")
    PAYABLE = "payable", _("owed to other jurisdictions")
    RECEIVABLE = "receivable", _("due from other jurisdictions")
    CLEARING = "clearing", _("cleared between jurisdictions")
    CUSTOMER = "customer", _("owed by users")
    SUPPORT_DUE = "support_due", _("to come from schemes")
    INCOME = "income", _("income from services")
    BANK = "bank", _("received")
    GRANT = "grant", _("paid by once-only payments")


# Kinds that may go below nothing: sources of money, and what is counted as owed.
MAY_OVERDRAW = (
    *(AccountKind.TREASURY, AccountKind.PAYABLE, AccountKind.CLEARING, AccountKind.INCOME, AccountKind.CUSTOMER),
    *(AccountKind.BANK, AccountKind.SUPPORT_DUE, AccountKind.GRANT, AccountKind.PAID),
)


class Account(models.Model):
    """One account; ``key`` says in words of ours whose and for what. The balance is moved by postings alone."""

    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=20, choices=AccountKind)
    jurisdiction = models.ForeignKey(Jurisdiction, models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+")
    scheme = models.ForeignKey("support.Scheme", models.PROTECT, null=True, related_name="+")
    year = models.PositiveSmallIntegerField(null=True)
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            known("kind", AccountKind, "account"),
            models.CheckConstraint(
                condition=Q(balance_minor__gte=0) | Q(kind__in=[str(kind) for kind in MAY_OVERDRAW]),
                name="account_not_overdrawn",
            ),
        ]
        indexes = [models.Index(fields=["scheme", "kind"], name="account_by_scheme")]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One thing that happened to money: its postings add up to nothing."""

    at = models.DateTimeField()
    what = models.CharField(max_length=40)
    subject = models.CharField(max_length=40)
    key = models.CharField(max_length=120, unique=True, null=True)
    ground = models.TextField(blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(subject=""), name="entry_subject_named")]
        indexes = [models.Index(fields=["subject", "id"], name="entry_by_subject")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.what} {self.subject}"


class Posting(models.Model):
    """An amount into an account (above nothing) or out of it (below)."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, models.PROTECT, related_name="postings")
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount_minor=0), name="posting_moves_something")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.amount_minor}"
