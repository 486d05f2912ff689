"""Pools beside what they got, against cases counted by hand; who sees them; and plans that heed them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.factories import make_member, make_organisation, make_user
from tests.useroffice.builders import AFTER, by, make_office
from tests.useroffice.groups import EARLY, days, make_group
from tests.useroffice.test_block_pages import client_of
from tests.useroffice.test_pages import go, page

from headwater.useroffice import plans, poolshares, rules
from headwater.useroffice.actions import pools, visiting
from headwater.useroffice.models import Award, Call, Visit
from headwater.useroffice.statistics import statistics_of

pytestmark = pytest.mark.django_db


def pool(office, code: str, rule: str, **more):
    draft = pools.PoolDraft(code, code, code, rule, **more)
    return pools.set_pool(office.call.public_id, draft, at=AFTER, **by(office.officer))


def finished(proposal, office, given: int, lost: int = 0, reason: str = "") -> None:
    visit = Visit.objects.get(proposal=proposal)
    acting = {"at": AFTER, **by(office.officer)}
    visiting.set_visitor(visit.public_id, visit.members.get().name, cleared=True, **acting)
    visiting.begin_visit(visit.public_id, waive=EARLY, ground="Seen.", **acting)
    visiting.finish_visit(visit.public_id, Decimal(given), Decimal(lost), reason, "Done.", **acting)


def told(row) -> tuple:
    (one,) = row.judged.reasons
    return one.code.removeprefix("share."), *one.facts.values()


@pytest.fixture
def funded():
    """One beamline with a funder's 35 % and industry's 6 to 15 %, another without; three proposals with beam.

    Counted by hand: on the first line the funder's university has 9 shifts and a firm 3, on the second somebody 9.
    """
    office = make_office(days=28)
    first, second = office.lines
    funder, firm = make_organisation(city=office.home.city), make_organisation(kind="company", city=office.home.city)
    pool(office, "funder", "funder", funder=funder.public_id, beamlines=[first.public_id], min_share=Decimal("0.35"))
    pool(office, "firms", "industry", min_share=Decimal("0.06"), max_share=Decimal("0.15"))
    asked = {"requested": 9, "minimum": 9}
    own = office.submitted(organisation=funder.public_id, **asked)
    company = office.submitted(organisation=firm.public_id, requested=3, minimum=3)
    other = office.submitted(beamlines=[second.public_id], **asked)
    office.checked(own, company, other)
    office.reviewed()
    office.decided(own, company, other)
    office.published()
    office.others |= {"own": own, "company": company, "other": other, "funder": funder}
    return office


def test_rows_are_what_a_hand_counts(funded):
    finished(funded.others["own"], funded, 48, 24, "beam")
    finished(funded.others["company"], funded, 24)
    rows = poolshares.share_rows([funded.call])[funded.call.pk]
    first, second = funded.lines
    found = [
        (
            *(row.pool.code, row.beamline and row.beamline.name, row.allocated, row.total),
            *(row.delivered, row.lost, row.credited, row.left),
        )
        for row in rows
    ]
    assert found == [
        ("funder", None, 9, 12, 6, 3, 3, 0),
        ("funder", first.name, 9, 12, 6, 3, 3, 0),
        ("firms", None, 3, 21, 3, 0, 0, 0),
        ("firms", first.name, 3, 12, 3, 0, 0, 0),
        ("firms", second.name, 0, 9, 0, 0, 0, 0),
    ]
    assert [told(row) for row in rows if row.judged] == [("within_least", 4, 5), ("within_most", 0, 3)]
    assert rows[0].part == 0.75
    figures = statistics_of(funded.facility, today=AFTER.date()).figures
    assert (figures["part_funder"].value, figures["part_funder"].records) == (9 / 12, 2)
    assert (figures["part_industry"].value, figures["part_industry"].records) == (3 / 21, 3)


@pytest.mark.parametrize(
    ("promise", "total", "allocated", "asked", "said"),
    [
        (rules.Promise(min_share=0.35), 20, 7, True, ("within_least", 0, 7)),
        (rules.Promise(min_share=0.35), 20, 6, True, ("under_least", 1, 7)),
        (rules.Promise(min_share=0.35), 21, 7, True, ("under_least", 1, 8)),
        (rules.Promise(min_share=0.35), 20, 0, False, ("nobody_asked", 7, 7)),
        (rules.Promise(min_share=0.35, min_shifts=9), 20, 8, True, ("under_least", 1, 9)),
        (rules.Promise(min_share=0.06, max_share=0.15), 100, 16, True, ("over_most", 1, 15)),
        (rules.Promise(min_share=0.06, max_share=0.15), 100, 5, True, ("under_least", 1, 6)),
        (rules.Promise(min_share=0.06, max_share=0.15), 100, 15, True, ("within_most", 0, 15)),
        (rules.Promise(max_share=0.15), 99, 14, True, ("within_most", 0, 14)),
        (rules.Promise(max_shifts=10, credit=3), 50, 13, True, ("within_most", 0, 13)),
        (rules.Promise(max_shifts=10, credit=3), 50, 14, True, ("over_most", 1, 13)),
        (rules.Promise(min_share=0.35), 0, 0, True, ("nothing_yet",)),
    ],
)
def test_standing_is_told_as_counted_by_hand(promise, total, allocated, asked, said):
    (one,) = rules.judge_share(promise, total=total, allocated=allocated, asked=asked).reasons
    assert (one.code.removeprefix("share."), *one.facts.values()) == said


def test_a_sub_project_counts_for_its_group_once():
    group = make_group()
    office = group.office
    pool(office, "region", "region", max_share=Decimal(1))
    inside, apart = group.judged(group.asked(0, shifts=3)), group.judged(group.asked(1, shifts=4))
    group.placed(inside, days(0))
    group.placed(apart, days(20), own=True)
    finished(apart, office, 24, 8, "beam")
    row = poolshares.share_rows([office.call])[office.call.pk][0]
    award = group.bag.awards.get().shifts
    assert (row.allocated, row.total, row.delivered, row.lost, row.left) == (award + 4, award + 4, 3, 1, award)


def test_plan_keeps_floors_and_caps():
    office = make_office(days=7, lines=1)
    funder = make_organisation(city=office.home.city)
    pool(office, "funder", "funder", funder=funder.public_id, min_share=Decimal("0.35"))
    weak = office.submitted(organisation=funder.public_id, requested=6, minimum=6)
    strong = [office.submitted(requested=6, minimum=3) for _ in range(3)]
    office.checked(weak, *strong)
    office.reviewed()
    office.decided(*strong, weak)  # the funder's own is ranked last
    office.published()
    row = poolshares.share_rows([office.call])[office.call.pk][0]
    assert row.allocated == 6
    assert row.part >= 0.35
    pools.drop_pool(office.call.public_id, "funder", at=AFTER, **by(office.officer))
    free = office.planned()
    assert weak.public_id not in {award[0] for award in free.plan["awards"]}
    pool(office, "funder", "funder", funder=funder.public_id, max_shifts=3)
    capped = office.planned()
    assert weak.public_id not in {award[0] for award in capped.plan["awards"]}


def test_floor_that_cannot_be_met_is_named_with_its_figure():
    office = make_office(days=7, lines=1)
    funder = make_organisation(city=office.home.city)
    pool(office, "funder", "funder", funder=funder.public_id, min_share=Decimal("0.35"))
    pool(office, "region", "region", min_shifts=12)
    own = office.submitted(organisation=funder.public_id, requested=3, minimum=3)
    others = [office.submitted(requested=9, minimum=9)]
    office.checked(own, *others)
    office.reviewed()
    office.decided(own, *others)
    scenario = office.planned()
    assert scenario.state == "impossible"
    assert plans.clash_of(scenario) == [
        "the least share of the pool funder (35 %)",
        "the least shifts of the pool region (12)",
    ]
    text = go(page(office.officer), "scenario", scenario.public_id, status=200).content.decode()
    assert "the least share of the pool funder (35 %)" in text
    # alone too large: no other limit can help it
    pools.drop_pool(office.call.public_id, "funder", at=AFTER, **by(office.officer))
    pool(office, "region", "region", min_shifts=99)
    alone = office.planned()
    assert plans.clash_of(alone) == ["the least shifts of the pool region (99)"]
    text = go(page(office.officer), "scenario", alone.public_id, status=200).content.decode()
    assert "No plan can keep this limit, even with every other dropped." in text


def test_floor_that_nobody_asked_for_is_left_out_and_said():
    office = make_office()
    pool(office, "firms", "industry", min_share=Decimal("0.06"))
    one = office.submitted()
    office.checked(one)
    office.reviewed()
    office.decided(one)
    office.published()
    row = poolshares.share_rows([office.call])[office.call.pk][0]
    assert told(row) == ("nobody_asked", 1, 1)


def test_office_sees_all_a_funder_its_own_and_nobody_else_any(funded):
    manager, other = make_user(), make_user()
    make_member(manager, funded.others["funder"], "manager")
    make_member(other, make_organisation(), "manager")
    for name, key in (("call_shares", funded.call.public_id), ("facility_shares", funded.facility.public_id)):
        whole = go(page(funded.officer), name, key, status=200).content.decode()
        assert ">funder " in whole.replace("\n", " ")
        assert ">firms " in whole.replace("\n", " ")
        own = go(page(manager), name, key, status=200).content.decode()
        assert ">funder " in own.replace("\n", " ")
        assert ">firms " not in own.replace("\n", " ")
        for user in (other, make_user(), funded.scientist, make_office().officer):
            go(page(user), name, key, status=403)
        chinese = go(page(funded.officer, "zh-hans"), name, key, status=200).content.decode()
        assert "符合约定" in chinese
    run = client_of(manager).get(f"/api/v1/calls/{funded.call.public_id}/shares").json()
    assert {one["pool"] for one in run["shares"]} == {"funder"}
    whole = client_of(funded.officer).get(f"/api/v1/calls/{funded.call.public_id}/shares").json()
    assert [(one["pool"], one["beamline"] is None, one["allocated"]) for one in whole["shares"]] == [
        ("funder", True, 9),
        ("funder", False, 9),
        ("firms", True, 3),
        ("firms", False, 3),
        ("firms", False, 0),
    ]
    assert whole["shares"][0]["standing"] == {"code": "share.within_least", "facts": {"above": 4, "least": 5}}
    runs = client_of(funded.officer).get(f"/api/v1/facilities/{funded.facility.public_id}/shares").json()
    assert [(one["code"], len(one["shares"])) for one in runs] == [("2025A", 2)]
    assert client_of(other).get(f"/api/v1/facilities/{funded.facility.public_id}/shares").status_code == 403


def test_rows_cost_the_same_for_few_and_many(funded, django_assert_num_queries):
    def rows(calls):
        return poolshares.share_rows(calls)

    calls = list(Call.objects.select_related("facility"))
    with django_assert_num_queries(9):
        rows(calls)
    pool(funded, "outside", "outside", max_share=Decimal("0.12"))
    pool(funded, "home", "in_house", max_share=Decimal("0.12"))
    assert Award.objects.count() == 3
    with django_assert_num_queries(9):
        rows(calls)
