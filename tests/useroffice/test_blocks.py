"""A group's block: opened, divided, used once, passed on, returned; its sub-projects from draft to result."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from pypdf import PdfReader
from tests.useroffice.builders import AFTER, by, desk, make_office
from tests.useroffice.groups import EARLY, FIRST, LAST, days, make_bag, make_group

from headwater.accounts.audit import Actor
from headwater.accounts.models import Notice
from headwater.booking.models import Reservation
from headwater.core.decision import Refused
from headwater.observatory import live
from headwater.registry.facts import viewer_of
from headwater.useroffice import blocks as readers, programme, rounds
from headwater.useroffice.actions import blocks, parts, proposals, scheduling, visiting
from headwater.useroffice.models import Block, BlockEntry, BlockMember, Pool, SubProject, Visit
from headwater.useroffice.statistics import statistics_of

pytestmark = pytest.mark.django_db


def codes(work) -> tuple[str, ...]:
    with pytest.raises(Refused) as refused:
        work()
    return refused.value.decision.codes


def opened(bag, office, shifts=12, last=LAST, user=None):
    draft = blocks.BlockDraft(shifts, FIRST, last)
    return blocks.open_block(bag.public_id, draft, at=AFTER, **by(user or office.officer))


def test_block_opens_once_for_an_accepted_group():
    office, bag = make_bag(publish=False)
    assert codes(lambda: opened(bag, office, 25)) == ("block.shifts_above_granted",)
    assert codes(lambda: opened(bag, office, last=FIRST - timedelta(days=1))) == ("call.period_reversed",)
    assert codes(lambda: opened(bag, office, user=office.others["leader"])) == ("userprogramme.not_yours",)
    made = opened(bag, office)
    assert (made.shifts, made.divided, made.used, made.call.mode) == (12, 0, 0, "within")
    assert codes(lambda: opened(bag, office)) == ("block.there_already",)
    other = make_office()
    plain = other.submitted()
    assert codes(lambda: opened(plain, other, 3)) == ("block.other_mode",)
    waiting = office.call.proposals.create(
        public_id="pro_x", call=office.call, track=bag.track, form=bag.form, state_at=AFTER, made_at=AFTER, title="W"
    )
    assert codes(lambda: opened(waiting, office, 3)) == ("block.not_accepted", "block.no_beamline")


def test_leader_divides_and_each_change_is_kept():
    group = make_group()
    one, two = group.members
    leader = {"at": AFTER, **by(group.leader)}
    key = group.block.public_id
    assert group.held() == (12, 10, 0, [(6, 0), (4, 0)])
    assert codes(lambda: blocks.divide(key, {one.pk: 9}, "More.", **leader)) == ("block.shares_above_block",)
    assert codes(lambda: blocks.divide(key, {one.pk: 7}, " ", **leader)) == ("block.reason_missing",)
    assert codes(lambda: blocks.divide(key, {0: 7}, "Who?", **leader)) == ("block.member_unknown",)
    mine = {"at": AFTER, **by(group.users[0])}
    assert codes(lambda: blocks.divide(key, {one.pk: 7}, "Mine.", **mine)) == ("block.not_yours",)
    group.asked(0, shifts=5)
    assert codes(lambda: blocks.divide(key, {one.pk: 4}, "Less.", **leader)) == ("block.share_below_used",)
    blocks.divide(key, {one.pk: 5, two.pk: 7}, "South runs first.", **leader)
    assert group.held() == (12, 12, 5, [(5, 5), (7, 0)])
    kept = BlockEntry.objects.filter(block=group.block, kind="divided").values_list("member__name", "shifts", "reason")
    assert list(kept)[2:] == [("North lab", -1, "South runs first."), ("South lab", 3, "South runs first.")]
    assert Notice.objects.filter(user=group.users[1], code="block.share").count() == 2


def test_sub_project_goes_by_its_scientist_alone_and_counts_once():
    group = make_group()
    made = group.begun(shifts=2)
    assert group.held()[2] == 0
    line, wished = group.office.lines[0].public_id, [(FIRST - timedelta(days=9), FIRST)]
    acting = {"at": AFTER, **by(group.users[0])}
    parts.change_part(made.public_id, group.draft(shifts=7, wished=wished, samples=()), **acting)
    assert codes(lambda: proposals.submit_proposal(made.public_id, **acting)) == (
        "part.share_too_small",
        "part.samples_missing",
        "part.wish_outside",
    )
    parts.change_part(made.public_id, group.draft(shifts=3, wished=[(days(2), days(5))]), **acting)
    receipt = proposals.submit_proposal(made.public_id, **acting)
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(bytes(receipt.paper))).pages)
    assert ("North lab" in text, "2025-06-04 – 2025-06-07" in text) == (True, True)
    assert (receipt.content["member"], receipt.content["wished"]) == ("North lab", [["2025-06-04", "2025-06-07"]])
    assert Notice.objects.filter(user=group.leader, code="block.taken").get().facts["left"] == 3
    made.refresh_from_db()
    assert (made.code, made.state) == (f"{group.bag.code}-0001", "feasibility")
    assert group.held() == (12, 10, 3, [(6, 3), (4, 0)])
    group.judged(made, "conditional")
    assert (made.state, made.told_state) == ("recommended", "recommended")
    assert Notice.objects.filter(user=group.users[0], code="decision.accepted").count() == 1
    # into the group's own beamtime, by the scientist
    part = group.placed(made, days(0), shift=2, who=group.office.scientist)
    assert (part.own, (part.ends_at - part.starts_at).total_seconds() / 3600) == (False, 24)
    assert (made.state, made.visit.start, made.visit.end) == ("scheduled", days(0), days(2))
    assert group.held()[2] == 3
    assert Reservation.objects.filter(kind="beamtime").count() == 1  # the group's own
    visit = made.visit
    visiting.set_visitor(visit.public_id, visit.members.get().name, cleared=True, at=AFTER, **by(group.office.officer))
    fine = {
        "waive": EARLY,
        "ground": "Seen.",
        "at": AFTER,
        **by(group.office.scientist),
    }
    visiting.begin_visit(visit.public_id, **fine)
    more = {"at": AFTER, **by(group.office.scientist)}
    visiting.finish_visit(visit.public_id, Decimal(16), Decimal(8), "beam", "Dump.", **more)
    assert group.held() == (12, 10, 2, [(6, 2), (4, 0)])
    totals = readers.totals_of(group.block)
    assert (totals.done, totals.credited, totals.hours_given, totals.hours_lost) == (2, 1, 16, 8)
    visiting.submit_report(made.public_id, "A structure.", **acting)
    visiting.accept_report(made.public_id, at=AFTER, **by(group.office.officer))
    draft = visiting.OutputDraft("10.1000/crystal", "A crystal", 2025)
    output = visiting.link_output(made.public_id, draft, **acting)
    assert {link.proposal for link in output.links.all()} == {made, group.bag}
    assert list(readers.outputs_of(group.block)) == [output]
    kinds = list(BlockEntry.objects.filter(proposal=made).values_list("kind", "shifts"))
    assert kinds == [("taken", 3), ("credited", -1)]
    assert line == part.instrument.public_id


def test_withdrawn_or_unfit_shifts_come_back():
    group = make_group()
    gone, unfit = group.asked(0, shifts=4), group.asked(1, shifts=4)
    assert group.held() == (12, 10, 8, [(6, 4), (4, 4)])
    proposals.withdraw_proposal(gone.public_id, "Sample lost.", at=AFTER, **by(group.users[0]))
    group.judged(unfit, "unsafe")
    assert (unfit.state, unfit.told_state) == ("infeasible", "infeasible")
    assert group.held() == (12, 10, 0, [(6, 0), (4, 0)])
    assert set(SubProject.objects.values_list("shifts", flat=True)) == {0}


def test_beamtime_of_its_own_stands_in_the_calendar():
    group = make_group()
    made = group.judged(group.asked(shifts=5))
    office = group.office
    assert codes(lambda: group.placed(made, days(1), own=True)) == ("part.no_beam",)  # the group's own time
    assert codes(lambda: group.placed(made, days(-1), own=True)) == ("part.outside_life", "part.no_beam")
    with pytest.raises(Refused, match=r"beamtime\."):
        group.placed(made, days(20), own=True, who=office.scientist)
    part = group.placed(made, days(20), own=True)
    booked = Reservation.objects.get(reference=made.public_id)
    assert (booked.start, booked.end) == (part.starts_at, part.ends_at)
    assert (part.ends_at - part.starts_at).days == 2  # five shifts and the change-over
    round_now = rounds.build_round(office.call)
    line = next(one for one in round_now.beamlines if one.id == office.lines[0].public_id)
    assert {20, 21} & set(line.beam_days) == set()
    other = group.judged(group.asked(1, shifts=1))
    assert codes(lambda: group.placed(other, days(21), own=True)) == ("part.no_beam", "part.in_the_way")
    # into the group's time instead: the calendar's own entry goes
    moved = group.placed(made, days(0))
    assert (moved.own, made.state) == (False, "scheduled")
    assert Reservation.objects.get(reference=made.public_id).state == "cancelled"
    acting = {"by": Actor(office.officer, "page"), "at": AFTER}
    free = parts.unplace_part(made.public_id, "Later.", desk(office.officer), viewer_of(office.officer), **acting)
    made.refresh_from_db()
    assert (free.own, made.state, made.visit.state, group.held()[2]) == (None, "recommended", "cancelled", 6)


def test_group_time_holds_no_more_than_it_has():
    group = make_group(requested=6, minimum=6, shifts=6, shares=(4, 2))
    award = group.bag.awards.get()
    first, second = group.judged(group.asked(0, shifts=4)), group.judged(group.asked(1, shifts=2))
    group.placed(first, award.start)
    assert codes(lambda: group.placed(second, award.start, shift=3)) == ("part.in_the_way",)
    group.placed(second, award.start + timedelta(days=1), shift=2)
    assert codes(lambda: group.placed(second, award.end)) == ("part.outside_group_time",)
    # a new version that moves the group takes them off their days
    free = {"desk": desk(group.office.officer), "by": Actor(group.office.officer, "page"), "at": AFTER}
    scheduling.set_pin(group.bag.public_id, day=days(14), reason="Cryostat.", **free)
    group.office.published()
    states = SubProject.objects.order_by("pk").values_list("proposal__state", "own")
    assert list(states) == [("recommended", None), ("recommended", None)]
    assert Notice.objects.filter(code="decision.unplaced").count() == 2
    assert group.held()[2] == 6
    group.placed(first, days(14))


def test_unused_shifts_are_passed_on_or_returned_with_a_record():
    group = make_group()
    pool = Pool.objects.create(
        call=group.office.call, code="home", name_en="Home", name_zh="本地", rule="region", max_shifts=100
    )
    one, two = group.members
    group.asked(0, shifts=4)
    key, mine = group.block.public_id, {"at": AFTER, **by(group.users[0])}
    assert codes(lambda: blocks.pass_on(key, one.pk, two.pk, 3, "Yours.", **mine)) == ("block.not_so_many_left",)
    assert codes(lambda: blocks.pass_on(key, two.pk, one.pk, 1, "Mine.", **mine)) == ("block.not_your_share",)
    assert codes(lambda: blocks.pass_on(key, one.pk, one.pk, 1, "?", **mine)) == ("block.passes_to_itself",)
    blocks.pass_on(key, one.pk, two.pk, 1, "Our sample is late.", **mine)
    assert group.held() == (12, 10, 4, [(5, 4), (5, 0)])
    assert codes(lambda: blocks.give_back(key, None, 1, "Spare.", **mine)) == ("block.not_yours",)
    assert codes(lambda: blocks.give_back(key, one.pk, 2, "Spare.", **mine)) == ("block.not_so_many_left",)
    blocks.give_back(key, one.pk, 1, "Not needed.", **mine)
    blocks.give_back(key, None, 2, "Not needed.", at=AFTER, **by(group.leader))
    assert group.held() == (9, 9, 4, [(4, 4), (5, 0)])
    group.block.refresh_from_db()
    pool.refresh_from_db()
    assert (group.block.returned, pool.credit_shifts) == (3, 3)
    kinds = ("passed", "returned")
    kept = BlockEntry.objects.filter(kind__in=kinds).values_list("kind", "shifts", "member__name", "to_member__name")
    assert list(kept) == [
        ("passed", 1, "North lab", "South lab"),
        ("returned", -1, "North lab", None),
        ("returned", -2, None, None),
    ]
    assert Notice.objects.filter(user=group.office.officer, code="block.returned").count() == 2
    assert Notice.objects.filter(user=group.users[1], code="block.passed").count() == 1


def test_office_changes_the_block_but_not_below_what_is_divided():
    group = make_group()
    acting = {"at": AFTER, **by(group.office.officer)}
    smaller = blocks.BlockDraft(9, FIRST, LAST, samples_open=True)
    key = group.block.public_id
    assert codes(lambda: blocks.change_block(key, smaller, "Less beam.", **acting)) == ("block.below_divided",)
    draft = blocks.BlockDraft(18, FIRST, LAST + timedelta(days=60), samples_open=True)
    assert codes(lambda: blocks.change_block(key, draft, "", **acting)) == ("block.reason_missing",)
    made = blocks.change_block(key, draft, "A second year.", **acting)
    assert (made.shifts, made.samples_open, made.call.period_end) == (18, True, LAST + timedelta(days=60))
    late = {"at": AFTER, **by(group.leader)}
    assert codes(lambda: blocks.change_block(key, draft, "Mine.", **late)) == ("userprogramme.not_yours",)


def test_database_holds_the_block_to_its_members():
    group = make_group()
    group.asked(0, shifts=3)

    def refused(work) -> None:
        def whole() -> None:
            with transaction.atomic():
                work()
                connection.check_constraints()

        with pytest.raises(IntegrityError):
            whole()

    refused(lambda: Block.objects.filter(pk=group.block.pk).update(used=13))
    refused(lambda: Block.objects.filter(pk=group.block.pk).update(used=4))
    refused(lambda: Block.objects.filter(pk=group.block.pk).update(divided=13))
    refused(lambda: BlockMember.objects.filter(pk=group.members[0].pk).update(share=2))
    refused(lambda: BlockMember.objects.filter(pk=group.members[0].pk).update(share=7))
    refused(lambda: SubProject.objects.update(shifts=2))
    with pytest.raises(Exception, match="keeps every version"), transaction.atomic():
        BlockEntry.objects.update(shifts=1)
    assert group.held() == (12, 10, 3, [(6, 3), (4, 0)])


def test_visit_of_the_group_credits_only_what_its_sub_projects_did_not():
    group = make_group()
    pool = Pool.objects.create(
        call=group.office.call, code="home", name_en="Home", name_zh="本地", rule="region", max_shifts=100
    )
    made = group.judged(group.asked(shifts=3))
    group.placed(made, days(0))
    for proposal, lost in ((made, 8), (group.bag, 24)):
        visit = Visit.objects.get(proposal=proposal)
        acting = {"at": AFTER, **by(group.office.officer)}
        visiting.set_visitor(visit.public_id, visit.members.get().name, cleared=True, **acting)
        fine = {"waive": EARLY, "ground": "Seen."}
        visiting.begin_visit(visit.public_id, **fine, **acting)
        visiting.finish_visit(visit.public_id, Decimal(16), Decimal(lost), "beam", "Dump.", **acting)
    pool.refresh_from_db()
    assert (pool.credit_shifts, group.held()[2]) == (2, 2)  # three lost, one of them within the sub-project


def test_statistics_count_the_group_once():
    group = make_group()
    inside, apart = group.judged(group.asked(0, shifts=3)), group.judged(group.asked(1, shifts=4))
    group.placed(inside, days(0))
    group.placed(apart, days(20), own=True)
    (year,) = programme.years_of([group.office.facility.pk])[group.office.facility.pk]
    award = group.bag.awards.get().shifts
    # one project that asked once; its award and the sub-project's beamtime apart from it
    assert (year.projects, year.requested, year.granted, year.shifts) == (1, 24, award + 4, award + 4)
    figures = statistics_of(group.office.facility, today=AFTER.date()).figures
    assert (figures["projects"].value, figures["oversubscription"].value) == (1, 24 / (award + 4))
    (row,) = live.projects()
    assert (row["id"], row["hours"]) == (group.bag.public_id, 8.0 * (award + 4))
