"""People who sign in, what they may do across the platform, their tokens, and the audit trail."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager):
    """Finds users by address, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in with an e-mail address."""

    email = models.EmailField(_("e-mail address"), max_length=254)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class Role(models.TextChoices):
    """Roles on the whole platform; roles in an organisation are `registry.Membership`'s."""

    BROKER = "broker", _("technology broker")
    ANALYST = "analyst", _("analyst")
    USER_OFFICE = "user_office", _("user office")
    JURISDICTION_OFFICER = "jurisdiction_officer", _("jurisdiction's officer")
    OPERATOR = "operator", _("operator of the node")


class Grant(models.Model):
    """A platform role given to somebody; ``scope`` is a facility's public id where the role is for one."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=Role)
    scope = models.CharField(max_length=40, blank=True)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "scope"], name="grant_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="grant_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} {self.scope}".rstrip()


class Scope(models.TextChoices):
    """What a token may do at most; never more than its owner may."""

    READ = "read", _("read what I may read")
    WRITE = "write", _("change what I may change")


class Token(models.Model):
    """A personal key to the API. The key is shown once; only its digest is stored."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(_("name"), max_length=80)
    hint = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class Mail(models.TextChoices):
    """What became of a notice's mail."""

    UNWANTED = "unwanted", _("not wanted")
    DUE = "due", _("on its way")
    SENT = "sent", _("sent")
    REFUSED = "refused", _("refused by the mail server")


class Notice(models.Model):
    """Something somebody was told, on her page and by mail where she wants that; its words are made when it is read."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    code = models.CharField(max_length=80)
    facts: Any = models.JSONField(default=dict)
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=10, choices=Mail)
    mailed_at = models.DateTimeField(null=True)
    mail_fault = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], condition=~models.Q(key=""), name="notice_once"),
            models.CheckConstraint(condition=models.Q(mail__in=Mail.values), name="notice_mail_known"),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_newest"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.code} to {self.user}"


class NoticeChoice(models.Model):
    """Whether somebody wants mails of one topic; without a row she does."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notice_choices")
    topic = models.CharField(max_length=40)
    by_mail = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "topic"], name="notice_choice_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.topic} {self.by_mail}"


class AuditEntry(models.Model):
    """Who did what to which record, when, by which way, from which decision.

    The database itself refuses to change, delete or truncate these rows (see the first migration).
    """

    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    actor_name = models.CharField(max_length=200)
    act = models.CharField(max_length=60)
    subject = models.CharField(max_length=40)
    changes: Any = models.JSONField(default=dict)
    decision: Any = models.JSONField(null=True)
    waived = ArrayField(models.CharField(max_length=80), default=list)
    ground = models.TextField(blank=True)
    way = models.CharField(max_length=20)
    request_id = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [models.Index(fields=["subject", "-id"], name="audit_by_subject")]
        constraints = [models.CheckConstraint(condition=~models.Q(subject=""), name="audit_subject_named")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name}: {self.act} {self.subject}"
