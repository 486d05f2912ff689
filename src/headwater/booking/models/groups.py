"""Groups of users that share a limit on an owner's instruments."""

from __future__ import annotations

from django.db import models

from headwater.booking.models.base import USER
from headwater.registry.models import Organisation
from headwater.registry.models.base import Named, named


class Group(Named):
    """People who share one limit on an owner's instruments, such as a research group; no organisation of its own."""

    KIND = "grp"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    owner = models.ForeignKey(Organisation, models.CASCADE, related_name="user_groups")
    code = models.CharField(max_length=40)
    made_by = models.ForeignKey(USER, models.SET_NULL, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "code"], name="group_code_once"),
            # What a member's row points at, so that nobody is in a group of another owner than the row says.
            models.UniqueConstraint(fields=["id", "owner"], name="group_with_its_owner"),
            named("group"),
        ]


class GroupMember(models.Model):
    """Somebody is in a group; with one owner she is in one at most. The migration ties ``owner`` to the group's."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="members")
    owner = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    user = models.ForeignKey(USER, models.CASCADE, related_name="group_memberships")
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "user"], name="group_member_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.group}"
