"""Block allocation groups: a block of shifts that several laboratories share, and the sub-projects that use it.

The sub-projects of a block are proposals in a call of its own (mode ``within``), which only its members take part in:
so the check by scientists, the visit, the report and the outputs are those of every proposal.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import pgettext_lazy

from headwater.registry.models import Instrument, Organisation
from headwater.registry.models.base import JSON, known
from headwater.useroffice.models.calls import Call
from headwater.useroffice.models.proposals import Proposal


class Block(models.Model):
    """The shifts of one accepted group over its life, which is the period of its ``call``.

    ``divided`` is the sum of its members' shares, ``used`` what their sub-projects hold; a deferred trigger holds both
    to the members' rows (see the migration). ``returned`` went back to the pools for good.
    """

    KIND = "blk"
    public_id = models.CharField(max_length=40, unique=True, editable=False)
    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="block")
    call = models.OneToOneField(Call, models.PROTECT, related_name="block")
    shifts = models.PositiveIntegerField()
    divided = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0)
    samples_open = models.BooleanField(default=False)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(divided__lte=F("shifts")), name="block_divides_what_it_has"),
            models.CheckConstraint(condition=Q(used__lte=F("shifts")), name="block_uses_what_it_has"),
        ]

    def __str__(self) -> str:
        return self.proposal.number

    @property
    def undivided(self) -> int:
        return self.shifts - self.divided


class BlockMember(models.Model):
    """A laboratory or team in a block, with the person who answers for it and its share of the shifts."""

    block = models.ForeignKey(Block, models.PROTECT, related_name="members")
    name = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="block_places")
    share = models.PositiveIntegerField(default=0)
    used = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["block", "name"], name="block_member_once"),
            models.CheckConstraint(condition=Q(used__lte=F("share")), name="block_member_uses_its_share"),
            models.CheckConstraint(condition=~Q(name=""), name="block_member_named"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def left(self) -> int:
        return self.share - self.used


class EntryKind(models.TextChoices):
    """What happened to shifts of a block."""

    OPENED = "opened", pgettext_lazy("shifts of a block", "granted to the block")
    CHANGED = "changed", pgettext_lazy("shifts of a block", "block made larger or smaller")
    DIVIDED = "divided", pgettext_lazy("shifts of a block", "share changed")
    TAKEN = "taken", pgettext_lazy("shifts of a block", "taken by a sub-project")
    GIVEN_BACK = "given_back", pgettext_lazy("shifts of a block", "given back by a sub-project")
    CREDITED = "credited", pgettext_lazy("shifts of a block", "lost to the machine and credited")
    PASSED = "passed", pgettext_lazy("shifts of a block", "passed on")
    RETURNED = "returned", pgettext_lazy("shifts of a block", "returned to the facility")


class BlockEntry(models.Model):
    """One change of a block's shifts: how many, whose, by whom, when and why. Never changed (see the migration)."""

    block = models.ForeignKey(Block, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=EntryKind)
    member = models.ForeignKey(BlockMember, models.PROTECT, null=True, related_name="+")
    to_member = models.ForeignKey(BlockMember, models.PROTECT, null=True, related_name="+")
    proposal = models.ForeignKey(Proposal, models.PROTECT, null=True, related_name="+")
    shifts = models.IntegerField()
    reason = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            known("kind", EntryKind, "block_entry"),
            models.CheckConstraint(
                condition=~Q(kind__in=["changed", "divided", "passed", "returned"]) | ~Q(reason=""),
                name="block_entry_has_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(kind="passed") | (Q(member__isnull=False) & Q(to_member__isnull=False)),
                name="block_entry_passes_between_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.shifts}"


class SubProject(models.Model):
    """What makes a proposal part of a block: whose share it takes, the wished days, and where in the calendar it is.

    ``shifts`` is what it holds of its member's share: nothing before it is submitted and after it gave them back. It
    is placed inside of beamtime that the group has (``own`` is false), to the shift, or as beamtime of its own.
    """

    proposal = models.OneToOneField(Proposal, models.PROTECT, related_name="part", primary_key=True)
    member = models.ForeignKey(BlockMember, models.PROTECT, related_name="parts")
    shifts = models.PositiveIntegerField(default=0)
    wished: JSON = models.JSONField(default=list)
    instrument = models.ForeignKey(Instrument, models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    own = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(instrument=None, starts_at=None, ends_at=None, own=None)
                | (Q(instrument__isnull=False, own__isnull=False) & Q(ends_at__gt=F("starts_at"))),
                name="part_placed_whole",
            ),
            ExclusionConstraint(
                name="part_alone_on_its_beamline",
                expressions=[
                    (Func(F("instrument_id"), F("instrument_id"), Value("[]"), function="int8range"), "&&"),
                    (Func(F("starts_at"), F("ends_at"), function="tstzrange"), "&&"),
                ],
                condition=Q(own__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proposal}"
