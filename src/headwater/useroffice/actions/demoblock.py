"""A made-up block allocation group for the demo's user office: a block, two members, a sub-project; all marked."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from headwater.accounts.audit import COMMAND, Act, Actor, record
from headwater.accounts.models import User
from headwater.registry.facts import viewer_of
from headwater.registry.models import Facility
from headwater.useroffice import demo, queries
from headwater.useroffice.actions import (
    blocks,
    checking,
    deciding,
    parts,
    people,
    pools,
    proposals,
    publishing,
    scheduling,
    telling,
)
from headwater.useroffice.actions.demo import DECIDED, LINES, PLAN_SECONDS, REVIEWED, Round, make_call, review
from headwater.useroffice.models import Block, Call, Proposal

OPENED, CLOSED = -80, -30
FIRST = 60  # days from the load to the group's beamtime: between the periods of the made-up calls
LIFE = 400
SHIFTS, SHARES, ASKED = 24, (14, 8), 3


@transaction.atomic
def load_synthetic_block(
    facility: Facility, office: User, researcher: User, domain: str, *, at: datetime
) -> Block | None:
    """Give the made-up round's facility an accepted group with its block; None where it has one, or has no round.

    The first member is of the round's made-up people and has a sub-project with days in the group's beamtime; the
    demo's ``researcher`` answers for the second, so that she can ask for shifts, and ``office`` judges them too.
    """
    panel = facility.panels.order_by("pk").first()
    by_mail = {one.email: one for one in User.objects.filter(email__endswith=f"@{domain}")}
    scientist = by_mail.get(f"synthetic-scientist@{domain}")
    if panel is None or scientist is None or Call.objects.filter(facility=facility, mode="block").exists():
        return None
    lines = list(queries.beamlines_of(facility)[:LINES])
    reviewers = [by_mail[f"synthetic-reviewer{n}@{domain}"] for n in range(1, len(demo.SEVERITY) + 1)]
    proposers = [by_mail[f"synthetic-proposer{n}@{domain}"] for n in (1, 2)]
    it = Round(facility, lines, office, at, scientist, reviewers, proposers)
    it.panel = panel
    call = make_call(it, demo.GROUPS, OPENED, CLOSED, first=FIRST, mode="block")
    pools.set_pool(call.public_id, pools.PoolDraft(**demo.FIRMS), **it.by(office, OPENED))
    bag = _accepted(it, call)
    draft = blocks.BlockDraft(SHIFTS, it.when(FIRST).date(), it.when(FIRST + LIFE).date())
    block = blocks.open_block(bag.public_id, draft, **it.by(office, DECIDED))
    homes = list(queries.homes_of([researcher.pk])[:1]) or [facility.operator]
    leader = it.by(proposers[0], DECIDED)
    organisations = (bag.organisation or facility.operator, homes[0])
    users = (proposers[1], researcher)
    shares = {}
    for name, home, user, share in zip(demo.LABORATORIES, organisations, users, SHARES, strict=True):
        member = blocks.name_member(block.public_id, name, home.public_id, user.email, **leader)
        shares[member.pk] = share
    blocks.divide(block.public_id, shares, demo.SHARE_REASON, **leader)
    _sub_project(it, block, min(shares))
    # the demo's manager is of the researcher's organisation and may not judge what she asks for
    people.set_scientist(lines[0].public_id, office.email, **it.by(office, DECIDED))
    record(Act("round.made_up", facility.public_id, {"synthetic": [None, True]}), by=COMMAND, at=at)
    block.refresh_from_db()
    return block


def _accepted(it: Round, call: Call) -> Proposal:
    """The group's proposal: reviewed, recommended, scheduled, told."""
    leader = it.proposers[0]
    homes = list(Proposal.objects.filter(team__user=leader).exclude(organisation=None)[:1])
    organisation = homes[0].organisation if homes else it.facility.operator
    assert organisation is not None
    draft = proposals.ProposalDraft(
        title=demo.GROUP_TITLE,
        abstract=demo.GROUP_ABSTRACT,
        organisation=organisation.public_id,
        beamlines=[it.lines[0].public_id],
        requested=SHIFTS,
        minimum=SHIFTS // 2,
        answers={"aim": demo.GROUP_ABSTRACT, "method": demo.GROUP_ABSTRACT, "equipment": "no"},
        samples=[proposals.SampleDraft("synthetic", ("none",))],
    )
    bag = proposals.start_proposal(call.public_id, draft, **it.by(leader, OPENED + 1))
    proposals.submit_proposal(bag.public_id, **it.by(leader, OPENED + 2))
    checking.begin_checks(call.public_id, **it.by(it.office, CLOSED + 3))
    line = it.lines[0].public_id
    checking.judge_feasibility(bag.public_id, line, "feasible", "", **it.by(it.scientist, REVIEWED))
    review(it, call)
    office = it.by(it.office, DECIDED)
    deciding.decide(bag.public_id, deciding.Judgement("recommend", 1, demo.REASON), **office)
    plan = scheduling.make_scenario(call.public_id, demo.PLAN, seconds=PLAN_SECONDS, queue=False, **office)
    scheduling.solve(plan.public_id, at=it.when(DECIDED))
    publishing.publish(
        plan.public_id, demo.PLAN, office["desk"], viewer_of(it.office), by=office["by"], at=office["at"]
    )
    telling.send_letters(call.public_id, **office)
    bag.refresh_from_db()
    return bag


def _sub_project(it: Round, block: Block, member: int) -> None:
    """One sub-project, found feasible and placed at the start of the group's beamtime."""
    line, user = it.lines[0].public_id, it.proposers[1]
    award = block.proposal.awards.order_by("-pk")[0]
    draft = parts.PartDraft(
        title=demo.PART_TITLE,
        abstract=demo.PART_ABSTRACT,
        beamlines=[line],
        shifts=ASKED,
        wished=[(award.start, award.start + timedelta(days=2))],
        samples=[proposals.SampleDraft("synthetic crystal", ("biological",))],
    )
    made = parts.begin_part(block.public_id, member, draft, **it.by(user, DECIDED))
    proposals.submit_proposal(made.public_id, **it.by(user, DECIDED))
    checking.judge_feasibility(made.public_id, line, "feasible", "", **it.by(it.scientist, DECIDED))
    place = parts.Place(line, award.start)
    desk = it.by(it.scientist, DECIDED)["desk"]
    acting = {"by": Actor(it.scientist, COMMAND.way), "at": it.when(DECIDED)}
    parts.place_part(made.public_id, place, desk, viewer_of(it.scientist), **acting)
