"""Reviewers and panels: when names show, who discusses, conflicts of a group, fit by text, the team's record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from tests.factories import make_token, make_user
from tests.useroffice.builders import AFTER, NOW, by, make_office
from tests.useroffice.test_access import codes, kinds
from tests.useroffice.test_rules import DESKS, FACTS

from headwater.registry.models import Person
from headwater.useroffice import groups, queries, rules
from headwater.useroffice.actions import assigning, deciding, discussing, people, reviewing, telling, visiting
from headwater.useroffice.affinity import affinity_of, text_fit
from headwater.useroffice.models import PanelMember, Remark, Review

pytestmark = pytest.mark.django_db


# When names show ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("shown", "state", "own", "sees"),
    [
        ("always", "review", "assigned", True),
        ("own_review", "review", "assigned", False),
        ("own_review", "review", "submitted", True),
        ("own_review", "panel", "assigned", True),
        ("panel", "review", "submitted", False),
        ("panel", "panel", "assigned", True),
        ("panel", "declined", "submitted", True),
        ("decision", "panel", "submitted", False),
        ("decision", "scheduled", "submitted", True),
    ],
)
def test_names_show_from_the_phase_on_that_the_call_names(shown, state, own, sees):
    about = replace(FACTS, names_shown=shown, state=state, reviewers={9: own})
    decision = rules.may_see_identities(about, DESKS["reviewer"])
    assert decision.allowed() == sees
    assert decision.codes == (() if sees else (f"proposal.anonymous_{shown}",))
    for free in ("proposer", "office", "scientist"):
        assert rules.may_see_identities(about, DESKS[free]).allowed()


@pytest.mark.parametrize(
    ("shown", "told", "who"),
    [
        ("office", "scheduled", {"office"}),
        ("committee", "scheduled", {"office", "reviewer", "member", "scientist"}),
        ("proposers", "", {"office", "reviewer", "member", "scientist"}),
        ("proposers", "declined", {"office", "reviewer", "member", "scientist", "proposer", "co-proposer"}),
    ],
)
def test_reviewers_names_are_for_whom_the_call_says(shown, told, who):
    about = replace(FACTS, reviewers_shown=shown, told_state=told)
    assert {name for name, one in DESKS.items() if rules.may_see_reviewers(about, one).allowed()} == who
    in_conflict = replace(about, conflicts=("group",))
    assert not rules.may_see_reviewers(in_conflict, DESKS["reviewer"]).allowed()


def test_names_appear_on_the_page_when_the_own_review_is_in():
    office = make_office(names_shown="own_review")
    user = office.proposer(name="Nadia Nameless")
    made = office.submitted(user)
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    review = Review.objects.filter(proposal=made).select_related("reviewer")[0]
    client = Client()
    client.force_login(review.reviewer)
    path = reverse("proposal", args=[made.public_id])
    assert "Nameless" not in client.get(path).content.decode()
    assert client.get(f"/api/v1/proposals/{made.public_id}").json()["proposers"] is None
    given = {one["key"]: 4 for one in review.stage.criteria}
    reviewing.give_review(review.public_id, given, "Sound.", "", at=AFTER, **by(review.reviewer))
    assert "Nameless" in client.get(path).content.decode()
    assert client.get(f"/api/v1/proposals/{made.public_id}").json()["proposers"] == ["Nadia Nameless"]


# Discussion -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("state", "who"),
    [
        ("review", {"office", "member"}),
        ("panel", {"office", "member", "reviewer"}),
        ("scheduled", {"office", "member", "reviewer"}),
    ],
)
def test_who_reads_the_discussion(state, who):
    about = replace(FACTS, state=state)
    assert {name for name, one in DESKS.items() if rules.may_discuss(about, one).allowed()} == who
    bound = replace(about, conflicts=("group",))
    assert {name for name, one in DESKS.items() if rules.may_discuss(bound, one).allowed()} == {"office"}


def test_remark_needs_words_a_right_and_an_open_proposal():
    given = replace(FACTS, state="panel")
    assert rules.may_remark(given, DESKS["member"], text="Sound.").codes == ()
    assert rules.may_remark(given, DESKS["member"], text=" ").codes == ("discussion.empty",)
    assert rules.may_remark(given, DESKS["member"], text="x" * 5001).codes == ("draft.text_too_long",)
    closed = replace(FACTS, state="closed")
    assert rules.may_remark(closed, DESKS["member"], text="x").codes == ("discussion.closed",)
    assert rules.may_remark(given, DESKS["proposer"], text="x").codes == ("discussion.not_yours",)
    assert rules.may_remark(given, replace(DESKS["member"], may_write=False), text="x").codes == (
        "token.scope_missing",
    )


def test_discussion_is_kept_and_read_by_the_committee_alone():
    office = make_office()
    user = office.proposer()
    made = office.submitted(user)
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    review = Review.objects.filter(proposal=made).select_related("reviewer")[0]
    asked = review.reviewer
    member = next(one for one in office.members if not Review.objects.filter(reviewer=one).exists())
    discussing.add_remark(made.public_id, "The dose is too high.", at=AFTER, **by(member))
    path = reverse("discussion", args=[made.public_id])
    client = Client()
    client.force_login(asked)
    assert client.get(path).status_code == 403  # her own review first
    assert "too high" not in client.get(reverse("proposal", args=[made.public_id])).content.decode()
    given = {one["key"]: 4 for one in review.stage.criteria}
    reviewing.give_review(review.public_id, given, "Sound.", "", at=AFTER, **by(asked))
    assert client.post(path, {"text": "It can be lowered."}).status_code == 302
    text = client.get(path).content.decode()
    assert "The dose is too high." in text
    assert "Member 1" in text  # names are the office's alone in this call
    assert member.name not in text
    for stranger in (user, office.scientist, make_user()):
        client.force_login(stranger)
        answer = client.get(path)
        assert answer.status_code in (403, 404)
        assert "too high" not in answer.content.decode()
    client.force_login(office.officer)
    assert member.name in client.get(path).content.decode()
    _token, key = make_token(office.officer, scopes=("read", "write"))
    api = Client(headers={"Authorization": f"Bearer {key}"})
    rows = api.post(f"/api/v1/proposals/{made.public_id}/discussion", {"text": "Noted."}, "application/json").json()
    assert [row["text"] for row in rows] == ["The dose is too high.", "It can be lowered.", "Noted."]
    deciding.open_panel(
        office.call.public_id, waive=("panel.reviews_missing",), ground="x", at=AFTER, **by(office.officer)
    )
    assert Remark.objects.count() == 3


# Conflicts ------------------------------------------------------------------------------------------------------
def test_people_of_one_group_do_not_judge_each_other(monkeypatch):
    office = make_office(members=4)
    user = office.proposer()
    made = office.submitted(user)
    mate = office.members[0]
    known = {user.pk: {"cap_one"}, mate.pk: {"cap_one", "cap_two"}}
    monkeypatch.setattr(groups, "_READERS", [lambda users: {key: known[key] for key in users if key in known}])
    assert kinds(made, mate) == ("group",)
    assert kinds(made, office.members[1]) == ()
    # the chair too, and everywhere
    people.set_member(office.panel.public_id, people.Member(mate.email, chair=True), at=AFTER, **by(office.officer))
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    assert mate.pk not in set(Review.objects.values_list("reviewer", flat=True))
    passed = {"waive": ("panel.reviews_missing",), "ground": "x", "at": AFTER}
    deciding.open_panel(office.call.public_id, **passed, **by(office.officer))
    judgement = deciding.Judgement("recommend", 1, "x")
    assert "proposal.conflict" in codes(lambda: deciding.decide(made.public_id, judgement, **passed, **by(mate)))
    assert "proposal.conflict" in codes(lambda: discussing.add_remark(made.public_id, "x", at=AFTER, **by(mate)))
    done = deciding.decide_by_rank(office.call.public_id, [made.public_id], 1, "x", at=AFTER, **by(mate))
    assert done == 0
    made.refresh_from_db()
    assert made.state == "panel"
    client = Client()
    client.force_login(mate)
    assert "same research group" in client.get(reverse("proposal", args=[made.public_id])).content.decode()


def test_groups_come_from_the_capability_profiles():
    from tests.partnering.makers import make_lab

    from headwater.partnering.queries import groups_of

    user, other = make_user(), make_user()
    profile, _manager = make_lab()
    for number, one in enumerate((user, other)):
        person = Person.objects.create(user=one, public_id=f"per_g{number}", name_en="G")
        profile.person_links.create(person=person)
    assert groups_of([user.pk, other.pk]) == {one.pk: {profile.public_id} for one in (user, other)}
    assert groups.groups_of([user.pk])[user.pk] == {profile.public_id}


# Fit ------------------------------------------------------------------------------------------------------------
def test_fit_is_by_techniques_and_by_what_a_member_wrote():
    office = make_office(members=3)
    film = office.submitted(title="Strain in thin films", abstract="Strain while a thin film grows on silicon.")
    cell = office.submitted(title="Protein crystals", abstract="Structure of a membrane protein in a crystal.")
    films, proteins, plain = office.members
    acting = {"at": NOW, **by(office.officer)}
    code = office.lines[0].technique_links.get().technique.code
    for user, words in ((films, "Growth of thin films, strain and stress"), (proteins, ""), (plain, "")):
        draft = people.Member(user.email, fields=(code,), expertise=words)
        people.set_member(office.panel.public_id, draft, **acting)
    person = Person.objects.get_or_create(user=proteins, defaults={"public_id": "per_p", "name_en": "P"})[0]
    person.orcid = "0000-0001-0000-0001"
    person.save()
    paper = visiting.OutputDraft(
        "10.1/p", "Membrane protein structure", 2024, authors=[{"name": "P", "orcid": person.orcid}]
    )
    visiting.add_output(office.facility, paper, source=None, by=acting["by"], at=NOW)
    members = list(PanelMember.objects.filter(panel=office.panel).select_related("user").order_by("pk"))
    proposals = list(
        queries.with_all(office.call.proposals.all())
        .prefetch_related("choices__instrument__technique_links__technique")
        .order_by("pk")
    )
    assert proposals == [film, cell]
    texts = queries.texts_of_members(members, office.facility)
    near = text_fit(proposals, members, texts)
    assert near.max() == 1
    assert near[0].argmax() == 0
    assert near[1].argmax() == 1
    assert list(near[:, 2]) == [0, 0]
    fit = affinity_of(proposals, members, texts)
    assert (fit >= 0.5).all()  # all name the technique
    assert fit[0, 0] > fit[0, 1]
    assert affinity_of(proposals, members, {})[0].tolist() == [0.5, 0.5, 0.5]


# The team's record ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shown", [True, False])
def test_reviewers_see_the_teams_record_where_the_call_says_so(shown):
    office = make_office(see_record=shown)
    user = office.proposer()
    earlier = office.submitted(user, title="Done before")
    office.checked(earlier)
    office.reviewed()
    office.decided(earlier)
    office.published()
    made = office.submitted(user, title="Next one")
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    reviewer = Review.objects.filter(proposal=made)[0].reviewer
    client = Client()
    client.force_login(reviewer)
    text = client.get(reverse("proposal", args=[made.public_id])).content.decode()
    assert ("Done before" in text) == shown
    assert ("The team&#x27;s record" in text or "The team's record" in text) == shown
    # the team sees what reviewers would, and nothing it was not told of
    client.force_login(user)
    draft = office.begun(user, title="A third")
    path = reverse("proposal", args=[draft.public_id])
    assert "Done before" not in client.get(path).content.decode()
    telling.send_letters(
        office.call.public_id, waive=("letters.undecided",), ground="x", at=AFTER, **by(office.officer)
    )
    assert ("Done before" in client.get(path).content.decode()) == shown


def test_chance_cap_holds_through_the_app_and_repeats_with_its_seed():
    office = make_office(members=9, chance_cap=0.5)
    made = [office.submitted(title=f"P{k}") for k in range(6)]
    office.checked(*made)
    found = assigning.assign(office.call.public_id, seed=7, at=AFTER, **by(office.officer))
    assert found.reviews == 18
    rows = list(Review.objects.values_list("proposal__code", "reviewer__email", "chance").order_by("pk"))
    assert all(0 < chance <= 0.5 for _code, _email, chance in rows)
    first = {row[:2] for row in rows}
    Review.objects.all().delete()
    assigning.assign(office.call.public_id, seed=7, at=AFTER, **by(office.officer))
    assert {row[:2] for row in Review.objects.values_list("proposal__code", "reviewer__email")} == first
    Review.objects.all().delete()
    assigning.assign(office.call.public_id, seed=8, at=AFTER, **by(office.officer))
    assert {row[:2] for row in Review.objects.values_list("proposal__code", "reviewer__email")} != first
