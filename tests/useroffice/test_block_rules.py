"""The rules of blocks: reason codes in, reason codes out; no database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from headwater.useroffice import rules
from headwater.useroffice.rules import blocks
from headwater.useroffice.rules.access import Desk

FIRST, LAST = date(2025, 6, 2), date(2026, 6, 1)
LEADER, MEMBER, OTHER, TEAM, STRANGER = 1, 2, 3, 4, 9
FACTS = rules.BlockFacts(
    facility_id=7,
    leaders=frozenset({LEADER}),
    team=frozenset({LEADER, TEAM}),
    members={MEMBER: frozenset({20}), OTHER: frozenset({30})},
    beamlines=frozenset({5}),
    shifts=12,
    divided=10,
)
OFFICE, SCIENTIST = Desk(100, offices=frozenset({7})), Desk(101, beamlines=frozenset({5}))


def codes(decision) -> set[str]:
    return set(decision.codes)


@pytest.mark.parametrize(
    ("desk", "sees", "leads"),
    [
        (Desk(LEADER), True, True),
        (Desk(TEAM), True, False),
        (Desk(MEMBER), True, False),
        (OFFICE, True, True),
        (SCIENTIST, True, False),
        (Desk(STRANGER), False, False),
        (Desk(STRANGER, offices=frozenset({8})), False, False),
        (Desk(STRANGER, beamlines=frozenset({6})), False, False),
        (Desk(), False, False),
        (Desk(LEADER, may_write=False), True, False),
    ],
)
def test_who_sees_and_who_leads(desk, sees, leads):
    assert rules.may_see_block(FACTS, desk).allowed() == sees
    assert rules.may_lead_block(FACTS, desk).allowed() == leads


@pytest.mark.parametrize(
    ("desk", "open_", "shown"),
    [
        (Desk(MEMBER), False, "whole"),
        (Desk(OTHER), False, "counts"),
        (Desk(OTHER), True, "whole"),
        (Desk(LEADER), False, "title"),
        (Desk(TEAM), False, "counts"),
        (OFFICE, False, "whole"),
        (SCIENTIST, False, "whole"),
        (Desk(55), False, "whole"),
    ],
)
def test_how_much_of_a_sub_project_shows(desk, open_, shown):
    facts = rules.BlockFacts(**{name: getattr(FACTS, name) for name in FACTS.__slots__} | {"samples_open": open_})
    found = rules.part_shown(facts, desk, member_id=20, team=frozenset({55}), lines=frozenset({5}))
    assert found == shown


OPEN = {
    "mode": "block",
    "state": "scheduled",
    "has_block": False,
    "shifts": 12,
    "granted": 12,
    "first_day": FIRST,
    "last_day": LAST,
    "today": FIRST,
    "beamlines": 1,
}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, set()),
        ({"mode": "general"}, {"block.other_mode"}),
        ({"state": "panel"}, {"block.not_accepted"}),
        ({"has_block": True}, {"block.there_already"}),
        ({"shifts": 0}, {"block.shifts_above_granted"}),
        ({"shifts": 13}, {"block.shifts_above_granted"}),
        ({"last_day": FIRST - timedelta(days=1)}, {"call.period_reversed"}),
        ({"today": LAST + timedelta(days=1)}, {"block.life_past"}),
        ({"last_day": FIRST + timedelta(days=2200)}, {"block.life_too_long"}),
        ({"beamlines": 0}, {"block.no_beamline"}),
        ({"mode": "key", "has_block": True, "shifts": 99}, {"block.other_mode", "block.there_already"}),
    ],
)
def test_opening(change, found):
    assert found <= codes(rules.may_open_block(rules.OpenFacts(**OPEN | change)))
    assert rules.may_open_block(rules.OpenFacts(**OPEN | change)).allowed() == (not found)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, set()),
        ({"shifts": 10}, set()),
        ({"shifts": 9}, {"block.below_divided"}),
        ({"shifts": 10_001}, {"block.below_divided"}),
        ({"latest": LAST + timedelta(days=1)}, {"block.ends_before_placed"}),
        ({"reason": "  "}, {"block.reason_missing"}),
    ],
)
def test_changing(change, found):
    given = {"shifts": 12, "first_day": FIRST, "last_day": LAST, "today": FIRST, "latest": None, "reason": "Beam."}
    assert codes(rules.may_change_block(FACTS, **given | change)) == found


def test_naming_tells_all_that_is_wrong():
    given = {"name": "", "taken": True, "organisation_found": False, "person_found": False, "email": "x"}
    assert codes(rules.may_name_member(**given, members=100)) == {
        *("visit.name_missing", "block.member_there", "block.organisation_unknown", "person.not_found"),
        "block.too_many_members",
    }


def test_more_shifts_never_turn_a_yes_into_a_no():
    shares = [rules.ShareFacts("A", 6, 2), rules.ShareFacts("B", 6, 0)]
    allowed = [rules.may_divide(shares, shifts=n, reason="So.").allowed() for n in range(20)]
    assert allowed == [n >= 12 for n in range(20)]
    taken = [rules.may_take(rules.TakeFacts("A", 3, left, 1, (FIRST, LAST))).allowed() for left in range(6)]
    assert taken == [left >= 3 for left in range(6)]


@pytest.mark.parametrize(
    ("desk", "change", "found"),
    [
        (Desk(MEMBER), {}, set()),
        (Desk(LEADER), {}, set()),
        (OFFICE, {}, set()),
        (Desk(OTHER), {}, {"block.not_your_share"}),
        (SCIENTIST, {}, {"block.not_your_share"}),
        (Desk(STRANGER), {}, {"block.not_found"}),
        (Desk(), {}, {"block.not_found", "sign_in.needed"}),
        (Desk(MEMBER, may_write=False), {}, {"token.scope_missing"}),
        (Desk(MEMBER), {"same": True}, {"block.passes_to_itself"}),
        (Desk(MEMBER), {"shifts": 0}, {"block.not_so_many_left"}),
        (Desk(MEMBER), {"shifts": 5}, {"block.not_so_many_left"}),
        (Desk(MEMBER), {"reason": ""}, {"block.reason_missing"}),
    ],
)
def test_passing(desk, change, found):
    given = {"member_id": 20, "same": False, "name": "A", "shifts": 2, "left": 4, "reason": "Late."} | change
    assert codes(rules.may_pass_on(FACTS, desk, **given)) == found


@pytest.mark.parametrize(
    ("desk", "member", "shifts", "found"),
    [
        (Desk(MEMBER), 20, 2, set()),
        (Desk(MEMBER), 20, 5, {"block.not_so_many_left"}),
        (Desk(MEMBER), 30, 2, {"block.not_your_share"}),
        (Desk(MEMBER), None, 2, {"block.not_yours"}),
        (Desk(LEADER), None, 5, {"block.not_so_many_undivided"}),
        (OFFICE, None, 4, set()),
        (Desk(STRANGER), None, 4, {"block.not_found", "block.not_yours"}),
    ],
)
def test_returning(desk, member, shifts, found):
    said = codes(rules.may_return(FACTS, desk, member_id=member, name="A", shifts=shifts, left=4, reason="Not needed."))
    assert said == found - ({"block.not_yours"} if "block.not_found" in found else set())


def test_beginning_needs_a_share_and_a_living_block():
    assert rules.may_begin_part(FACTS, Desk(MEMBER), member_id=20).allowed()
    assert codes(rules.may_begin_part(FACTS, Desk(LEADER), member_id=20)) == {"block.not_your_share"}
    over = rules.BlockFacts(**{name: getattr(FACTS, name) for name in FACTS.__slots__} | {"over": True})
    assert codes(rules.may_begin_part(over, Desk(MEMBER), member_id=20)) == {"block.over"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, ()),
        ({"asked": 4}, ("part.share_too_small",)),
        ({"samples": 0}, ("part.samples_missing",)),
        ({"wished": ((LAST, FIRST),)}, ("part.wish_reversed",)),
        ({"wished": ((FIRST, LAST + timedelta(days=1)),)}, ("part.wish_outside",)),
        ({"wished": ((FIRST, LAST),) * 21}, ("part.too_many_wishes",)),
    ],
)
def test_taking(change, found):
    given = {"member": "A", "asked": 3, "left": 3, "samples": 1, "period": (FIRST, LAST)} | change
    decision = rules.may_take(rules.TakeFacts(**given))
    assert decision.codes == found
    if found == ("part.share_too_small",):
        assert decision.reasons[0].facts["left"] == 3


PLACE = {"state": "recommended", "own": False, "shifts": 3, "beamline_fits": True, "inside_life": True}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"group_shifts": 3}, set()),
        ({"own": True}, set()),
        ({"state": "scheduled", "own": True}, set()),
        ({"state": "feasibility", "own": True}, {"part.not_ready"}),
        ({"own": True, "beamline_fits": False}, {"part.beamline_unfit"}),
        ({"own": True, "inside_life": False}, {"part.outside_life"}),
        ({"own": True, "dark": FIRST}, {"part.no_beam"}),
        ({}, {"part.outside_group_time"}),
        ({"group_shifts": 2}, {"part.group_time_full"}),
        ({"group_shifts": 9, "in_the_way": ("X-1",)}, {"part.in_the_way"}),
    ],
)
def test_placing(change, found):
    assert codes(rules.may_place_part(rules.PlaceFacts(**PLACE | change))) == found


def test_limits_are_what_the_document_says():
    assert (blocks.LONGEST_LIFE_DAYS, blocks.MOST_MEMBERS, blocks.MOST_WISHES) == (2200, 100, 20)
