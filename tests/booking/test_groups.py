"""Groups that share a limit: made and filled by managers, seen by members; on pages, by program, from a file."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from click.testing import CliRunner
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.booking.made import NOW, acting, refused, shanghai
from tests.booking.shared import House, make_house
from tests.factories import make_instrument, make_operator, make_token, make_user

from headwater.accounts.models import AuditEntry, Notice
from headwater.booking import rules
from headwater.booking.actions.groups import Line, add_members, dissolve_group, load_groups, make_group, remove_member
from headwater.booking.models import Group, GroupMember, Policy
from headwater.site.commands.booking import command

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return make_house()


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


def made(house: House, code: str = "CAT", *people) -> Group:
    group = make_group(house.owner.public_id, code, ("催化组", "Catalysis"), **acting(house.manager), at=NOW)
    if people:
        add_members(group.public_id, [one.email for one in people], **acting(house.manager), at=NOW)
    return group


# Rules ----------------------------------------------------------------------------------------------------------
MANAGER = rules.Asker(signed_in=True, may_write=True, manages=True)
STRANGER = rules.Asker(signed_in=True, may_write=True, manages=False)


@pytest.mark.parametrize(
    ("asker", "given", "codes"),
    [
        (MANAGER, ("A", ("", "A"), False, 0), ()),
        (STRANGER, ("A", ("", "A"), False, 0), ("organisation.not_yours",)),
        (MANAGER, ("", ("", ""), False, 0), ("group.code", "group.name")),
        (MANAGER, ("a\nb", ("", "x" * 301), False, 0), ("group.code", "group.name")),
        (MANAGER, ("A" * 41, ("甲", ""), True, 1000), ("group.code", "group.code_taken", "group.too_many")),
    ],
)
def test_what_a_group_may_be(asker, given, codes):
    assert rules.may_have_group(rules.GroupFacts(asker, *given)).codes == codes


def test_all_that_is_wrong_with_members_is_told_at_once():
    facts = rules.JoinFacts(STRANGER, ("a@x",), (("b@x", "B"),), 1001)
    codes = ("organisation.not_yours", "person.not_found", "group.elsewhere", "group.too_large")
    assert rules.may_join_group(facts).codes == codes
    assert rules.may_join_group(rules.JoinFacts(MANAGER, members=1000)).allowed()


@pytest.mark.parametrize(
    ("asker", "is_member", "seen"),
    [(MANAGER, False, True), (STRANGER, True, True), (STRANGER, False, False)],
)
def test_who_sees_a_group(asker, is_member, seen):
    assert rules.may_see_group(asker, is_member=is_member).allowed() == seen


# Actions --------------------------------------------------------------------------------------------------------
def test_people_are_added_all_or_none_told_and_written_down(house):
    one, other = make_user(), make_user()
    group = made(house, "CAT", one)
    beside = made(house, "BIO", other)
    more = {**acting(house.manager), "at": NOW}
    codes = refused(add_members, group.public_id, ["nobody@x", other.email, make_user().email], **more)
    assert codes == ("person.not_found", "group.elsewhere")
    assert [row.user for row in group.members.all()] == [one]
    assert add_members(group.public_id, [one.email.upper(), " "], **more) == []
    assert remove_member(beside.public_id, other.email, **more) is None
    remove_member(beside.public_id, other.email, **more)
    add_members(group.public_id, [other.email], **more)
    told = [(row.code, row.user) for row in Notice.objects.order_by("pk")]
    assert told == [("group.joined", one), ("group.joined", other), ("group.left", other), ("group.joined", other)]
    acts = [row.act for row in AuditEntry.objects.filter(act__startswith="group.").order_by("pk")]
    assert acts == ["group.made", "group.joined", "group.made", "group.joined", "group.left", "group.joined"]
    dissolve_group(group.public_id, **more)
    assert GroupMember.objects.count() == 0


def test_only_the_owner_s_managers_change_groups_and_strangers_do_not_know_them(house):
    member, stranger = make_user(), make_user()
    group = made(house, "CAT", member)
    for user, codes in ((member, ("organisation.not_yours",)), (stranger, ("group.not_found",))):
        assert refused(add_members, group.public_id, [stranger.email], **acting(user), at=NOW) == codes
        assert refused(remove_member, group.public_id, member.email, **acting(user), at=NOW) == codes
        assert refused(dissolve_group, group.public_id, **acting(user), at=NOW) == codes
    args = (house.owner.public_id, "X", ("", "X"))
    assert refused(make_group, *args, **acting(member), at=NOW) == ("organisation.not_yours",)
    assert make_group(*args, **acting(make_operator()), at=NOW).code == "X"
    assert refused(make_group, *args, **acting(house.manager), at=NOW) == ("group.code_taken",)


def test_a_file_is_taken_whole_or_not_at_all_and_each_line_s_fault_is_told(house):
    one, other = make_user(), make_user()
    made(house, "OLD", one)
    more = {**acting(house.manager), "at": NOW}
    lines = [
        Line(2, "NEW", ("", "New"), other.email),
        Line(3, "OLD", ("", "Old"), other.email),
        Line(4, "BAD", ("", ""), "nobody@x"),
        Line(5, "NEW", ("", "New"), one.email),
    ]
    codes = refused(load_groups, house.owner.public_id, lines, **more)
    assert set(codes) == {"group.line", "group.line_twice", "group.name", "group.elsewhere"}
    assert Group.objects.count() == 1
    done = load_groups(house.owner.public_id, [lines[0], Line(3, "OLD", ("", ""), "")], **more)
    assert (done.groups, done.members) == (1, 1)
    assert load_groups(house.owner.public_id, lines[:1], **more).members == 0


# Pages ----------------------------------------------------------------------------------------------------------
def test_a_manager_makes_fills_renames_and_dissolves_a_group_on_pages(house):
    client, user = signed_in(house.manager), make_user(name="Ada Member")
    path = f"/organisations/{house.owner.public_id}/groups/"
    assert client.post(path, {"code": "CAT"}).status_code == 422
    made_at = client.post(path, {"code": "CAT", "name_en": "Catalysis"})["Location"]
    assert "Catalysis" in text_of(client.get(path))
    page = client.post(made_at, {"act": "add", "people": "nobody@x"})
    assert page.status_code == 422
    assert "nobody@x" in text_of(page)
    page = client.post(made_at, {"act": "add", "people": f"{user.email}\n"}, follow=True)
    assert "1 person was added." in text_of(page)
    assert "Ada Member" in text_of(page)
    assert client.post(made_at, {"act": "rename", "name_zh": "催化组"}).status_code == 302
    assert "催化组" in text_of(client.get(made_at))
    assert "Taken out" in text_of(client.post(f"{made_at}remove/", {"person": user.email}, follow=True))
    assert "dissolved" in text_of(client.post(f"{made_at}dissolve/", follow=True))
    assert Group.objects.count() == 0


def test_a_member_sees_her_group_and_what_is_left_and_a_stranger_sees_neither(house):
    mate, member, stranger = make_user(name="Mo Mate"), make_user(name="Ada Member"), make_user()
    group = made(house, "CAT", mate, member)
    at = NOW.replace(year=2020)
    house.policy(since=at, group_week_minutes=6000, limits_together=True)
    paths = f"/groups/{group.public_id}/", f"/api/v1/groups/{group.public_id}"
    page = signed_in(member).get(paths[0])
    said = text_of(page)
    assert "Mo Mate" in said
    assert mate.email not in page.content.decode()
    assert "6000" in said
    assert house.instruments[2].name in said
    type(member).objects.filter(pk=mate.pk).update(language="zh-hans")
    mate.refresh_from_db()
    assert "剩余额度" in text_of(signed_in(mate).get(paths[0]))
    assert "My groups" in text_of(signed_in(member).get("/bookings/"))
    hidden = [
        signed_in(stranger).get(paths[0]),
        signed_in(stranger).get(f"/organisations/{house.owner.public_id}/groups/"),
    ]
    _row, key = make_token(stranger, scopes=("read", "write"))
    hidden += [
        Client(headers={"authorization": f"Bearer {key}"}).get(one)
        for one in (paths[1], f"/api/v1/organisations/{house.owner.public_id}/groups")
    ]
    assert [one.status_code for one in hidden] == [404, 403, 404, 403]
    for one in hidden:
        assert "Mo Mate" not in one.content.decode()
        assert "Catalysis" not in one.content.decode()
    assert "My groups" not in text_of(signed_in(stranger).get("/bookings/"))


def test_the_booking_form_shows_what_is_left_to_oneself(house):
    user, other = make_user(), make_user()
    made(house, "CAT", user, other)
    house.policy(person_week_minutes=300, group_week_minutes=500, limits_together=True)
    house.book(user, 1, shanghai(2, 9), shanghai(2, 11))
    house.book(other, 0, shanghai(2, 12), shanghai(2, 15))
    path = f"/instruments/{house.instruments[2].public_id}/book/?start=2026-06-02T01:00:00Z"
    said = text_of(signed_in(user).get(path))
    assert "A person, a week (minutes) 2026-06-01 300 120 180" in said
    assert "A group, a week (minutes) · Catalysis 2026-06-01 500 300 200" in said
    assert "What is left to you" not in text_of(Client().get(path))


def test_pages_of_groups_cost_the_same_for_1_and_20(house):
    client = signed_in(house.manager)
    house.policy(group_week_minutes=500, limits_together=True)
    group = made(house, "CAT", make_user())
    paths = f"/organisations/{house.owner.public_id}/groups/", f"/groups/{group.public_id}/"

    def counts():
        found = []
        for path in paths:
            with CaptureQueriesContext(connection) as caught:
                assert client.get(path).status_code == 200
            found.append(len(caught))
        return found

    counts()
    few = counts()
    for number in range(20):
        made(house, f"G{number}", make_user())
        make_instrument(owner=house.owner)
    add_members(group.public_id, [make_user().email for _one in range(20)], **acting(house.manager), at=NOW)
    assert counts() == few


# By program, and from a file ------------------------------------------------------------------------------------
def test_a_program_does_all_of_it(house):
    user = make_user(name="Ada Member")
    _row, key = make_token(house.manager, scopes=("read", "write"))
    _row, own = make_token(user, scopes=("read", "write"))
    manager, member = (Client(headers={"authorization": f"Bearer {one}"}) for one in (key, own))
    path = f"/api/v1/organisations/{house.owner.public_id}/groups"

    def send(client, method, where, body=None):
        return getattr(client, method)(where, json.dumps(body), content_type="application/json")

    answer = send(manager, "post", path, {"code": "CAT", "name_zh": "催化组"})
    assert answer.status_code == 201
    group = f"/api/v1/groups/{answer.json()['id']}"
    assert send(manager, "post", path, {"code": "CAT", "name_zh": "催化组"}).status_code == 409
    assert [one["code"] for one in manager.get(path).json()] == ["CAT"]
    whole = send(manager, "post", f"{group}/members", {"people": [user.email]}).json()
    assert whole["members"] == [{"name": "Ada Member", "email": user.email}]
    assert member.get(group).json()["members"] == [{"name": "Ada Member", "email": None}]
    assert [one["code"] for one in member.get("/api/v1/groups").json()] == ["CAT"]
    house.policy(group_week_minutes=500, limits_together=True)
    house.book(user, 1, shanghai(2, 9), shanghai(2, 11))
    limits = f"/api/v1/instruments/{house.instruments[0].public_id}/limits"
    assert member.get(limits, {"at": "2026-06-03T00:00:00Z"}).json() == [
        {
            "who": "group",
            "when": "week",
            "week": "2026-06-01",
            "until": "2026-06-08",
            "most": 500,
            "have": 120,
            "left": 380,
            "group": "催化组",
            "owner": "The Laboratory",
        }
    ]
    assert manager.get(limits).json() == []
    assert Client().get(limits).status_code == 401
    assert send(manager, "patch", group, {"name_en": "Catalysis"}).json()["name_en"] == "Catalysis"
    assert send(member, "post", f"{group}/members/remove", {"person": user.email}).status_code == 403
    assert send(manager, "post", f"{group}/members/remove", {"person": user.email}).status_code == 204
    assert member.get(group).status_code == 404
    assert send(manager, "delete", group).status_code == 204


def test_groups_from_a_file_by_command(house, tmp_path):
    user = make_user()
    path = tmp_path / "groups.csv"
    arguments = ["groups", str(path), "--owner", house.owner.public_id, "--as", house.manager.email]
    path.write_text(f"group,person,name_zh,name_en\nCAT,{user.email},催化组,\n", encoding="utf-8")
    done = CliRunner().invoke(command, arguments)
    assert (done.exit_code, done.output) == (0, "1 groups made, 1 people added.\n")
    path.write_text("group,person\nBIO,nobody@x\n", encoding="utf-8")
    failed = CliRunner().invoke(command, arguments)
    assert failed.exit_code == 1
    assert "In line 2 the group BIO cannot be taken in." in failed.output
    assert "A group needs a Chinese or an English name" in failed.output
    path.write_text("code,person\n", encoding="utf-8")
    assert "has no column group" in CliRunner().invoke(command, arguments).output
    path.write_bytes(b"group,person\n\xff\xfe,x\n")
    assert CliRunner().invoke(command, arguments).exit_code == 2
    assert Group.objects.count() == 1


def test_rules_with_group_limits_are_set_by_form_and_read_by_program(house):
    client = signed_in(house.manager)
    path = f"/instruments/{house.instruments[0].public_id}/rules/"
    page = client.get(path)
    fields = {one.name: one.value() for one in page.context["form"]}
    given = {name: value for name, value in fields.items() if value is not None and value is not False}
    given |= {"act": "save", "group_week_minutes": "20000", "for_owner": "on"}
    assert client.post(path, given).status_code == 422  # more than a week on one instrument
    assert client.post(path, given | {"limits_together": "on"}).status_code == 302
    row = Policy.objects.get()
    assert (row.owner, row.group_week_minutes, row.limits_together) == (house.owner, 20000, True)
    said = text_of(client.get(path.replace(house.instruments[0].public_id, house.instruments[1].public_id)))
    assert "The limits a week count together over the instruments of The Laboratory" in said
    shown = Client().get(f"/api/v1{path.replace('/rules/', '/policy')}").json()
    assert (shown["group_week_minutes"], shown["limits_together"]) == (20000, True)
