"""Who sees what: two offices, everybody's kind, something to leak; conflicts bind everywhere."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import pytest
from django.test import Client
from django.urls import reverse
from tests.factories import make_member, make_operator, make_token, make_user
from tests.useroffice.builders import AFTER, NOW, by, desk, make_office

from headwater.core.decision import Refused
from headwater.registry.models import Person
from headwater.useroffice import facts, queries, rules
from headwater.useroffice.actions import (
    assigning,
    calls,
    checking,
    deciding,
    people,
    proposals,
    reviewing,
    scheduling,
    telling,
    visiting,
)
from headwater.useroffice.models import Proposal, Review

pytestmark = pytest.mark.django_db
SECRET = "A secret worth stealing"


def codes(work) -> set[str]:
    """The reasons of a refusal."""
    with pytest.raises(Refused) as refused:
        work()
    return set(refused.value.decision.codes)


@pytest.fixture
def two():
    """Two offices; the first has a proposal in every state that matters."""
    one, other = make_office(), make_office()
    user = one.proposer()
    one.others["draft"] = one.begun(user, title=SECRET)
    first, second = one.submitted(user, title=SECRET), one.submitted(title=SECRET)
    one.checked(first, second)
    assigning.assign(one.call.public_id, at=AFTER, **by(one.officer))
    one.others |= {"user": user, "review": first, "second": second}
    other.submitted()
    return one, other


def everybody(one, other):
    reviewer = Review.objects.filter(proposal=one.others["review"])[0].reviewer
    return {
        "proposer": one.others["user"],
        "officer": one.officer,
        "scientist": one.scientist,
        "reviewer": reviewer,
        "member": one.members[-1],
        "other officer": other.officer,
        "other scientist": other.scientist,
        "other member": other.members[0],
        "operator": make_operator(),
        "stranger": make_user(),
    }


def test_query_and_rule_say_the_same(two):
    one, other = two
    everything = list(queries.with_all(Proposal.objects.all()))
    for name, user in everybody(one, other).items():
        own = desk(user)
        seen = set(queries.visible_proposals(own))
        for proposal in everything:
            decision = rules.may_see_proposal(facts.proposal_facts(proposal, own, at=AFTER), own)
            assert ("proposal.not_found" in decision.codes) == (proposal not in seen), (name, proposal.state)


def test_other_office_sees_nothing(two):
    one, other = two
    for user in (other.officer, other.scientist, other.members[0], make_operator(), make_user(), None):
        client = Client()
        if user is not None:
            client.force_login(user)
        for made in (one.others["draft"], one.others["review"]):
            answer = client.get(reverse("proposal", args=[made.public_id]))
            assert SECRET not in answer.content.decode()
            assert answer.status_code == (302 if user is None else 404)
            assert client.get(reverse("proposal_paper", args=[made.public_id, 1])).status_code in (302, 404)
        for name in ("call_desk", "panel", "scenarios", "letters", "edit_call", "set_pool"):
            answer = client.get(reverse(name, args=[one.call.public_id]))
            assert answer.status_code == (302 if user is None else 403), name
            assert SECRET not in answer.content.decode()
        for name in ("beamtime_office", "beam_calendar", "office_outputs", "new_call"):
            assert client.get(reverse(name, args=[one.facility.public_id])).status_code == (
                302 if user is None else 403
            )
        assert SECRET not in client.get(reverse("beamtime")).content.decode()


def test_api_leaks_nothing_to_another_office(two):
    one, other = two
    _token, key = make_token(other.officer, scopes=("read", "write"))
    client = Client(headers={"Authorization": f"Bearer {key}"})
    assert SECRET not in client.get("/api/v1/proposals").content.decode()
    made = one.others["review"]
    assert client.get(f"/api/v1/proposals/{made.public_id}").status_code == 404
    assert client.get(f"/api/v1/calls/{one.call.public_id}/ranking").status_code == 403
    posts = {
        f"/api/v1/calls/{one.call.public_id}/checks": {},
        f"/api/v1/calls/{one.call.public_id}/assignment": {"seed": 1},
        f"/api/v1/calls/{one.call.public_id}/panel": {"ground": "x"},
        f"/api/v1/calls/{one.call.public_id}/letters": {"ground": "x"},
        f"/api/v1/calls/{one.call.public_id}/stage": {"stage": "done"},
        f"/api/v1/calls/{one.call.public_id}/scenarios": {"name": "x"},
        f"/api/v1/proposals/{made.public_id}/decision": {"kind": "decline", "reason": "x", "ground": "x"},
    }
    for path, body in posts.items():
        answer = client.post(path, body, content_type="application/json")
        assert answer.status_code in (403, 404), (path, answer.content)
        assert SECRET not in answer.content.decode()
    made.refresh_from_db()
    assert made.state == "review"


def test_reading_token_writes_nothing(two):
    one, _other = two
    _token, key = make_token(one.officer, scopes=("read",))
    client = Client(headers={"Authorization": f"Bearer {key}"})
    answer = client.post(
        f"/api/v1/calls/{one.call.public_id}/stage", {"stage": "done"}, content_type="application/json"
    )
    assert answer.json()["reasons"][0]["code"] == "token.scope_missing"
    draft = {"title": "x"}
    answer = client.post(f"/api/v1/calls/{one.call.public_id}/proposals", draft, content_type="application/json")
    assert answer.status_code == 403


def test_draft_is_the_teams_alone_and_states_are_told_in_words(two):
    one, _other = two
    client = Client()
    client.force_login(one.officer)
    assert client.get(reverse("proposal", args=[one.others["draft"].public_id])).status_code == 404
    made = one.others["review"]
    text = client.get(reverse("proposal", args=[made.public_id])).content.decode()
    assert "in review" in text
    client.force_login(one.others["user"])
    text = client.get(reverse("proposal", args=[made.public_id])).content.decode()
    assert "Under review" in text
    assert "in review" not in text
    for reviewer in Review.objects.filter(proposal=made).values_list("reviewer__name", flat=True):
        assert reviewer not in text


def test_reviewer_sees_the_others_after_her_own(two):
    one, _other = two
    made = one.others["review"]
    first, second = Review.objects.filter(proposal=made).order_by("pk")[:2]
    given = {one_["key"]: 4 for one_ in first.stage.criteria}
    reviewing.give_review(first.public_id, given, "Words of the first.", "", at=AFTER, **by(first.reviewer))
    client = Client()
    client.force_login(second.reviewer)
    path = reverse("proposal", args=[made.public_id])
    assert "Words of the first." not in client.get(path).content.decode()
    reviewing.give_review(second.public_id, given, "Words of the second.", "", at=AFTER, **by(second.reviewer))
    assert "Words of the first." in client.get(path).content.decode()


def test_anonymous_call_hides_who_proposes_from_reviewers():
    office = make_office(names_shown="decision")
    user = office.proposer(name="Nadia Nameless")
    made = office.submitted(user)
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    reviewer = Review.objects.filter(proposal=made)[0].reviewer
    client = Client()
    client.force_login(reviewer)
    path = reverse("proposal", args=[made.public_id])
    text = client.get(path).content.decode()
    assert made.title in text
    assert "Nameless" not in text
    assert client.get(reverse("proposal_paper", args=[made.public_id, 1])).status_code == 403
    client.force_login(office.scientist)
    assert "Nameless" in client.get(path).content.decode()


# Conflicts ------------------------------------------------------------------------------------------------------
def kinds(proposal, user):
    return facts.conflicts_between([proposal], [user.pk]).get((proposal.pk, user.pk), ())


def test_each_kind_of_conflict_is_found():
    office = make_office(members=7)
    user = office.proposer()
    home = user.person.organisations.get()
    author, colleague, declared, excluded, old_friend, writer, free = office.members
    earlier = office.begun(user)
    proposals.invite(earlier.public_id, old_friend.email, "", at=NOW, **by(user))
    proposals.answer_invitation(earlier.team.get(proposer=False).pk, True, by=by(old_friend)["by"], at=NOW)
    proposals.submit_proposal(earlier.public_id, at=NOW, **by(user))
    made = office.begun(user)
    proposals.invite(made.public_id, author.email, "", at=NOW, **by(user))
    proposals.answer_invitation(made.team.get(proposer=False).pk, True, by=by(author)["by"], at=NOW)
    make_member(colleague, home, "member")
    proposals.exclude_reviewer(made.public_id, excluded.email, "", at=NOW, **by(user))
    proposals.submit_proposal(made.public_id, at=NOW, **by(user))
    checking.begin_checks(office.call.public_id, at=AFTER, **by(office.officer))
    for one in (earlier, made):
        line = one.choices.get().instrument.public_id
        checking.judge_feasibility(one.public_id, line, "feasible", "", at=AFTER, **by(office.scientist))
    reviewing.declare_conflict(made.public_id, "My former student.", at=AFTER, **by(declared))
    for number, person in enumerate((user, writer)):
        held, _new = Person.objects.get_or_create(user=person, defaults={"public_id": f"per_x{number}", "name_en": "X"})
        held.orcid = f"0000-0000-0000-000{number}"
        held.save()
    authors = [{"name": "A", "orcid": "0000-0000-0000-0000"}, {"name": "B", "orcid": "0000-0000-0000-0001"}]
    paper = visiting.OutputDraft("10.1/joint", "Joint", NOW.year, authors=authors)
    visiting.link_output(earlier.public_id, paper, at=AFTER, **by(user))
    assert kinds(made, author) == ("author",)
    assert kinds(made, colleague) == ("organisation",)
    assert kinds(made, declared) == ("declared",)
    assert kinds(made, excluded) == ("excluded",)
    assert kinds(made, old_friend) == ("coauthor",)
    assert kinds(made, writer) == ("coauthor",)
    assert kinds(made, free) == ()

    # bound everywhere, the chair included
    made.refresh_from_db()
    people.set_member(
        office.panel.public_id, people.Member(colleague.email, chair=True), at=AFTER, **by(office.officer)
    )
    client = Client()
    client.force_login(colleague)
    answer = client.get(reverse("proposal", args=[made.public_id]))
    assert answer.status_code == 403
    assert "conflict of interest" in answer.content.decode()
    assert made.abstract not in answer.content.decode()
    panel = client.get(reverse("panel", args=[office.call.public_id])).content.decode()
    row = re.search(rf"<tr>(?:(?!</tr>).)*{made.code}.*?</tr>", panel, re.DOTALL)[0]
    assert "Closed to you" in row
    judgement = deciding.Judgement("recommend", 1, "x")
    assert "proposal.conflict" in codes(
        lambda: deciding.decide(
            made.public_id, judgement, waive=("panel.reviews_missing",), ground="x", at=AFTER, **by(colleague)
        )
    )
    assert codes(lambda: assigning.ask_reviewer(made.public_id, colleague.email, at=AFTER, **by(office.officer))) == {
        "proposal.conflict"
    }
    # the engine keeps them apart, or says that too few are left
    told = codes(lambda: assigning.assign(office.call.public_id, at=AFTER, **by(office.officer)))
    assert told == {"assign.too_few"}
    assert not Review.objects.filter(proposal=made).exists()


def test_conflict_that_comes_up_later_closes_the_review():
    office = make_office()
    made = office.submitted()
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    review = Review.objects.filter(proposal=made)[0]
    make_member(review.reviewer, made.team.get().user.person.organisations.get(), "member")
    given = {one["key"]: 5 for one in review.stage.criteria}
    work = lambda: reviewing.give_review(review.public_id, given, "x", "", at=AFTER, **by(review.reviewer))  # noqa: E731
    assert codes(work) == {"proposal.conflict"}


def test_office_steps_are_for_the_office_alone(two):
    one, other = two
    call, made = one.call.public_id, one.others["review"].public_id
    for user in (one.others["user"], one.scientist, other.officer):
        acting = {"at": AFTER, **by(user)}
        for work in (
            partial(checking.begin_checks, call, **acting),
            partial(assigning.assign, call, **acting),
            partial(deciding.open_panel, call, **acting),
            partial(telling.send_letters, call, **acting),
            partial(scheduling.make_scenario, call, "x", **acting),
            partial(scheduling.set_pin, made, shifts=6, reason="x", **acting),
            partial(calls.set_call_stage, call, "done", **acting),
            partial(proposals.set_carry_over, made, True, False, **acting),
        ):
            assert "userprogramme.not_yours" in codes(work)


def test_invitation_needs_a_proved_address():
    office = make_office()
    user = office.proposer()
    made = office.begun(user)
    proposals.invite(made.public_id, "new@example.org", "New", may_edit=True, at=NOW, **by(user))
    member = made.team.get(proposer=False)
    invited = make_user("new@example.org")
    from allauth.account.models import EmailAddress

    EmailAddress.objects.filter(user=invited).update(verified=False)
    work = lambda: proposals.answer_invitation(member.pk, True, by=by(invited)["by"], at=NOW)  # noqa: E731
    assert codes(work) == {"invitation.not_found"}
    EmailAddress.objects.filter(user=invited).update(verified=True)
    stranger = make_user()
    assert codes(lambda: proposals.answer_invitation(member.pk, True, by=by(stranger)["by"], at=NOW)) == {
        "invitation.not_found"
    }
    work()
    later = NOW + timedelta(minutes=5)
    proposals.change_proposal(made.public_id, office.draft(title="Hers"), expected_version=1, at=later, **by(invited))
    assert codes(lambda: proposals.submit_proposal(made.public_id, at=later, **by(invited))) == {
        "proposal.not_yours_to_submit"
    }
