"""Puts an accepted block allocation group into the test's database: its block, two laboratories, sub-projects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.useroffice.builders import AFTER, Office, by, desk, make_office

from headwater.accounts.audit import Actor
from headwater.accounts.models import User
from headwater.registry.facts import viewer_of
from headwater.useroffice.actions import blocks, checking, parts, proposals
from headwater.useroffice.models import Block, BlockMember, Proposal, SubProject

# Looked at in tests/useroffice/test_block_pages.py.
BLOCK_PAGES = {"open_block", "edit_part", "place_part", "unplace_part", "block", "change_block", "block_member"}
BLOCK_PAGES |= {"divide_block", "pass_on", "give_back", "new_part"}
EARLY = ("visit.sample_not_approved", "visit.too_early")  # what a test passes to begin a visit at once
FIRST, LAST = date(2025, 6, 2), date(2026, 6, 30)


@dataclass
class Group:
    """A group with its block: a leader, and two members, each with somebody who answers for it."""

    office: Office
    leader: User
    bag: Proposal
    block: Block
    users: list[User]
    members: list[BlockMember]

    def draft(self, **more: Any) -> parts.PartDraft:
        given: dict[str, Any] = {
            "title": "A small crystal",
            "abstract": "We look at it.",
            "beamlines": [self.office.lines[0].public_id],
            "shifts": 2,
            "samples": [proposals.SampleDraft("crystal", ("biological",))],
        } | more
        return parts.PartDraft(**given)

    def begun(self, which: int = 0, **more: Any) -> Proposal:
        acting = {"at": AFTER, **by(self.users[which])}
        return parts.begin_part(self.block.public_id, self.members[which].pk, self.draft(**more), **acting)

    def asked(self, which: int = 0, **more: Any) -> Proposal:
        made = self.begun(which, **more)
        proposals.submit_proposal(made.public_id, at=AFTER, **by(self.users[which]))
        made.refresh_from_db()
        return made

    def judged(self, made: Proposal, verdict: str = "feasible") -> Proposal:
        for one in made.choices.select_related("instrument"):
            more = {"at": AFTER, **by(self.office.scientist)}
            said = "" if verdict == "feasible" else "Seen."
            checking.judge_feasibility(made.public_id, one.instrument.public_id, verdict, said, **more)
        made.refresh_from_db()
        return made

    def placed(self, made: Proposal, day: date, *, who: User | None = None, **more: Any) -> SubProject:
        user = who or self.office.officer
        place = parts.Place(self.office.lines[0].public_id, day, **more)
        acting = {"by": Actor(user, "page"), "at": AFTER}
        found = parts.place_part(made.public_id, place, desk(user), viewer_of(user), **acting)
        made.refresh_from_db()
        return found

    def held(self) -> tuple[int, int, int, list[tuple[int, int]]]:
        """The block's shifts, divided and used; each member's share and used."""
        self.block.refresh_from_db()
        rows = list(BlockMember.objects.filter(block=self.block).order_by("pk").values_list("share", "used"))
        return self.block.shifts, self.block.divided, self.block.used, rows


def make_bag(*, requested: int = 24, minimum: int = 12, publish: bool = True, **more: Any) -> tuple[Office, Proposal]:
    """A group's proposal, accepted by the panel and, with ``publish``, scheduled from the call's first day."""
    office = make_office(mode="block", **more)
    leader = office.proposer(name="Lea Leader")
    bag = office.submitted(leader, requested=requested, minimum=minimum, title="Crystals together")
    office.checked(bag)
    office.reviewed()
    office.decided(bag)
    if publish:
        office.published()
    bag.refresh_from_db()
    office.others["leader"] = leader
    return office, bag


def make_group(*, shares: tuple[int, int] = (6, 4), shifts: int = 12, **more: Any) -> Group:
    """An open block with two members and their shares."""
    office, bag = make_bag(**more)
    leader = office.others["leader"]
    draft = blocks.BlockDraft(shifts, FIRST, LAST)
    block = blocks.open_block(bag.public_id, draft, at=AFTER, **by(office.officer))
    users, members = [], []
    for name in ("North lab", "South lab"):
        user = office.proposer(name=f"{name}'s head")
        home = user.person.memberships.get().organisation
        acting = {"at": AFTER, **by(leader)}
        members.append(blocks.name_member(block.public_id, name, home.public_id, user.email, **acting))
        users.append(user)
    wanted = {one.pk: share for one, share in zip(members, shares, strict=True)}
    blocks.divide(block.public_id, wanted, "As agreed.", at=AFTER, **by(leader))
    return Group(office, leader, bag, block, users, members)


def days(number: int) -> date:
    """A day of the call's period, from its first."""
    return FIRST + timedelta(days=number)
