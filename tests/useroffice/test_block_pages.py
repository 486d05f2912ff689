"""A block's pages and API: what each of its people does there and sees there, with something to leak."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.factories import make_token, make_user
from tests.useroffice.builders import AFTER, by, desk, make_office
from tests.useroffice.groups import BLOCK_PAGES, LAST, days, make_bag, make_group
from tests.useroffice.test_pages import go, page, queries_of

from headwater.useroffice import blocks as readers, queries, rules
from headwater.useroffice.actions import blocks
from headwater.useroffice.models import Block, Call, Proposal, SubProject

pytestmark = pytest.mark.django_db
SECRET, SAMPLE = "A secret worth stealing", "sample of gold"


@pytest.fixture
def group():
    """A group whose block is open today, with a sub-project of each member."""
    held = make_group(shares=(8, 4))
    held.first = held.judged(held.asked(0, shifts=2, title=SECRET, samples=[sample(SAMPLE)]))
    held.second = held.asked(1, shifts=1, title="Something else")
    Call.objects.filter(pk=held.block.call_id).update(closes_at=timezone.now() + timedelta(days=90))
    return held


def sample(name: str):
    from headwater.useroffice.actions.proposals import SampleDraft

    return SampleDraft(name, ("none",))


def test_everybody_works_on_the_block_as_she_may(group):
    key, line = group.block.public_id, group.office.lines[0].public_id
    one, two = group.members
    leader, member, officer = page(group.leader), page(group.users[0]), page(group.office.officer)
    home = group.users[1].person.memberships.get().organisation.public_id
    new = {"name": "East lab", "organisation": home, "email": group.users[1].email}
    go(leader, "block_member", key, data=new)
    east = group.block.members.get(name="East lab")
    shares = {f"share_{one.pk}": "6", f"share_{two.pk}": "4", f"share_{east.pk}": "2", "reason": "East joins."}
    go(leader, "divide_block", key, data=shares)
    assert group.held()[3] == [(6, 2), (4, 1), (2, 0)]
    too_many = shares | {f"share_{one.pk}": "60"}
    text = go(leader, "divide_block", key, data=too_many, status=422).content.decode()
    assert "The shares come to 66 shifts; the block has 12." in text
    go(member, "pass_on", key, data={"giver": one.pk, "taker": two.pk, "shifts": "1", "reason": "Later."})
    go(leader, "give_back", key, data={"member": "", "shifts": "1", "reason": "Spare."}, status=422)  # all divided
    go(member, "give_back", key, data={"member": one.pk, "shifts": "1", "reason": "Spare."})
    change = {"shifts": "20", "first_day": "2025-06-02", "last_day": "2036-01-01", "reason": "More beam."}
    text = go(officer, "change_block", key, data=change, status=422).content.decode()
    assert "A block lives for at most" in text
    more = change | {"last_day": str(timezone.now().date() + timedelta(days=60))}
    go(officer, "change_block", key, data=more)
    assert group.held()[0] == 20

    asked = {"member": one.pk, "title": "Second look", "language": "en", "abstract": "Again.", "beamlines": [line]}
    asked |= {"shifts": "3", "away_0_first": "soon", "sample_0_name": "salt", "sample_0_hazards": ["none"]}
    text = go(member, "new_part", key, data=asked, status=422).content.decode()
    assert "Enter a valid date." in text
    days_wished = {"away_0_first": "2025-06-04", "away_0_last": "2025-06-08"}
    go(member, "new_part", key, data=asked | days_wished)
    made = Proposal.objects.order_by("-pk")[0]
    assert b"has 2 left" in go(member, "proposal", made.public_id, status=200).content
    go(member, "edit_proposal", made.public_id, data={})  # the short form is its form
    assert made.part.wished == [["2025-06-04", "2025-06-08"]]
    short = {name: text for name, text in asked.items() if name != "member"}
    go(member, "edit_part", made.public_id, data=short | days_wished | {"shifts": "2"})
    go(member, "submit_proposal", made.public_id, data={})
    scientist = page(group.office.scientist)
    go(scientist, "feasibility", made.public_id, line, data={"verdict": "feasible", "conditions": "", "shifts": ""})
    shown = go(member, "proposal", made.public_id, status=200).content.decode()
    assert "Accepted; its days follow" in shown
    place = {"beamline": line, "day": "2025-06-02", "shift": "2", "own": "no"}
    go(scientist, "place_part", made.public_id, data=place)
    assert "16:00" in go(member, "block", key, status=200).content.decode()
    go(scientist, "unplace_part", made.public_id, data={"reason": "Detector."})
    assert SubProject.objects.get(proposal=made).own is None
    go(member, "place_part", made.public_id, status=403)


def test_members_see_totals_and_their_own_others_samples_stay_hidden(group):
    key = group.block.public_id

    def seen(user, language="en") -> str:
        return go(page(user, language), "block", key, status=200).content.decode()

    for user in (group.users[0], group.office.officer, group.office.scientist):
        assert SECRET in seen(user)
        assert SAMPLE in seen(user)
    assert SECRET in seen(group.leader)
    assert SAMPLE not in seen(group.leader)
    other = seen(group.users[1])
    assert SECRET not in other
    assert SAMPLE not in other
    assert "not shown to you" in other
    assert "不予显示" in seen(group.users[1], "zh-hans")
    assert go(page(group.users[1]), "proposal", group.first.public_id, status=404)
    for user in (make_user(), make_office().officer):
        assert SECRET not in go(page(user), "block", key, status=404).content.decode()
        assert SECRET not in go(page(user), "beamtime", status=200).content.decode()
    draft = blocks.BlockDraft(12, group.block.call.period_start, LAST, samples_open=True)
    blocks.change_block(key, draft, "All agreed.", at=AFTER, **by(group.office.officer))
    assert SAMPLE in seen(group.users[1])


def test_query_and_rule_say_the_same_of_blocks(group):
    other = make_group()
    people = (*group.users, group.leader, group.office.officer, group.office.scientist, group.office.members[0])
    for user in (*people, other.leader, make_user()):
        own = desk(user)
        listed = set(readers.my_blocks(own))
        for block in Block.objects.all():
            allowed = rules.may_see_block(readers.block_facts(block, at=AFTER), own).allowed()
            assert allowed == (block in listed), user


def test_call_of_a_block_is_run_from_the_block_alone(group):
    inner = group.block.call
    officer = page(group.office.officer)
    assert inner.code == group.bag.code
    for name in ("call", "call_desk", "edit_call", "scenarios", "letters", "apply", "set_pool"):
        go(officer, name, inner.public_id, status=404)
    assert inner not in queries.calls_of(group.office.facility)
    assert inner not in queries.open_calls(timezone.now())
    shown = go(page(), "beamtime", status=200).content.decode()
    assert inner.code not in shown
    assert inner not in {one for line in queries.lines_of_calls([group.office.call]) for one in line.taking}
    assert "within a block" not in go(officer, "new_call", group.office.facility.public_id, status=200).content.decode()


def test_pages_of_the_block_in_both_languages(group):
    office, bag = make_bag()
    draft = group.begun(0)
    group.placed(group.first, days(0))
    key = group.block.public_id
    shown = {
        "open_block": (office.officer, bag.public_id),
        "edit_part": (group.users[0], draft.public_id),
        "place_part": (group.office.officer, group.first.public_id),
        "unplace_part": (group.office.scientist, group.first.public_id),
        "block": (group.users[0], key),
        "change_block": (group.office.officer, key),
        "block_member": (group.leader, key),
        "divide_block": (group.leader, key),
        "pass_on": (group.users[0], key),
        "give_back": (group.leader, key),
        "new_part": (group.users[1], key),
    }
    assert set(shown) == BLOCK_PAGES
    for name, (user, one) in shown.items():
        for language, lang in (("en", "en"), ("zh-hans", "zh-Hans")):
            text = go(page(user, language), name, one, status=200).content.decode()
            assert f'<html lang="{lang}">' in text, name
    go(page(office.officer), "open_block", bag.public_id, data={"shifts": "0"}, status=422)


def test_block_costs_the_same_for_few_and_many(group):
    few = queries_of(page(group.leader), "block", group.block.public_id)
    for number in range(6):
        group.asked(0, shifts=1, title=f"Number {number}")
    assert (few, queries_of(page(group.leader), "block", group.block.public_id)) == (21, 21)


def client_of(user) -> Client:
    _token, key = make_token(user, scopes=("read", "write"))
    return Client(headers={"Authorization": f"Bearer {key}"})


def sent(client: Client, method: str, path: str, body: object, status: int = 200):
    send = getattr(client, method)
    answer = send(f"/api/v1{path}", json.dumps(body), content_type="application/json")
    assert answer.status_code == status, answer.content.decode()[:600]
    return answer.json()


def test_api_does_what_the_pages_do():
    office, bag = make_bag()
    officer, leader = client_of(office.officer), client_of(office.others["leader"])
    last = str(timezone.now().date() + timedelta(days=60))
    body = {"shifts": 9, "first_day": "2025-06-02", "last_day": last}
    sent(leader, "post", f"/proposals/{bag.public_id}/block", body, 403)
    made = sent(officer, "post", f"/proposals/{bag.public_id}/block", body, 201)
    path = f"/blocks/{made['id']}"
    users = [office.proposer(), office.proposer()]
    for name, user in zip(("North", "South"), users, strict=True):
        home = user.person.memberships.get().organisation.public_id
        made = sent(leader, "post", f"{path}/members", {"name": name, "organisation": home, "email": user.email})
    one, two = (each["id"] for each in made["members"])
    shares = [{"member": one, "share": 6}, {"member": two, "share": 2}]
    sent(leader, "put", f"{path}/division", {"shares": shares}, 422)
    sent(leader, "put", f"{path}/division", {"shares": shares, "reason": "As agreed."})
    north = client_of(users[0])
    part = {"member": one, "title": SECRET, "abstract": "We look.", "beamlines": [office.lines[0].public_id]}
    part |= {"shifts": 3, "samples": [{"name": SAMPLE, "hazards": ["none"]}], "wished": [["2025-06-02", "2025-06-04"]]}
    begun = sent(north, "post", f"{path}/parts", part, 201)
    assert begun["check"]["allowed"]
    assert begun["part"]["wished"] == [["2025-06-02", "2025-06-04"]]
    assert (begun["part"]["member"], begun["part"]["own"]) == (one, None)
    del part["member"]
    sent(north, "put", f"/proposals/{begun['id']}/part", part | {"shifts": 2})
    receipt = sent(north, "post", f"/proposals/{begun['id']}/submission", {}, 201)
    assert receipt["number"] == f"{bag.code}-0001"
    sent(north, "post", f"{path}/passing", {"giver": one, "taker": two, "shifts": 1, "reason": "Later."})
    sent(leader, "post", f"{path}/return", {"member": None, "shifts": 1, "reason": "Spare."})
    judged = {"beamline": office.lines[0].public_id, "verdict": "feasible"}
    scientist = client_of(office.scientist)
    sent(scientist, "post", f"/proposals/{begun['id']}/feasibility", judged)
    place = {"beamline": office.lines[0].public_id, "day": "2025-06-02", "shift": 1}
    found = sent(scientist, "put", f"/proposals/{begun['id']}/days", place)
    assert (found["own"], found["starts_at"]) == (False, "2025-06-02T00:00:00Z")
    sent(scientist, "post", f"/proposals/{begun['id']}/days/off", {"reason": "Detector."})
    sent(officer, "patch", path, body | {"shifts": 12, "samples_open": False, "reason": "More."})
    whole = north.get(f"/api/v1{path}").json()
    assert [(each["share"], each["used"], each["left"]) for each in whole["members"]] == [(5, 2, 3), (3, 0, 3)]
    assert (whole["shifts"], whole["divided"], whole["used"], whole["returned"]) == (12, 8, 2, 1)
    assert [each["kind"] for each in whole["entries"]][:4] == ["changed", "returned", "passed", "taken"]
    assert whole["parts"][0]["title"] == SECRET
    south = client_of(users[1])
    hidden = south.get(f"/api/v1{path}")
    assert SECRET not in hidden.content.decode()
    assert SAMPLE not in hidden.content.decode()
    assert (hidden.json()["parts"][0]["title"], hidden.json()["parts"][0]["samples"]) == (None, None)
    assert [each["id"] for each in south.get("/api/v1/blocks").json()["items"]] == [whole["id"]]
    stranger = client_of(make_user())
    assert stranger.get(f"/api/v1{path}").status_code == 404
    assert stranger.get("/api/v1/blocks").json()["items"] == []
    for method, end in (("put", "division"), ("post", "passing"), ("post", "return"), ("post", "parts")):
        bodies = {"division": {"shares": shares, "reason": "x"}, "parts": {"member": one, "title": "x"}}
        bodies |= {"passing": {"giver": one, "taker": two, "shifts": 1, "reason": "x"}}
        bodies |= {"return": {"member": one, "shifts": 1, "reason": "x"}}
        sent(stranger, method, f"{path}/{end}", bodies[end], 404)
    assert reverse("block", args=[whole["id"]])
