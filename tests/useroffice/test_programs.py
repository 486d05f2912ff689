"""The same day for a program: what it may ask, and what it is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from tests.factories import make_member, make_organisation, make_user
from tests.useroffice.builders import AFTER, by, make_office

from headwater.useroffice.actions import assigning, checking
from headwater.useroffice.models import Call, DeclaredConflict, Proposal, Review

pytestmark = pytest.mark.django_db


def asked(user: Any, method: str, path: str, body: Any = None, *, language: str = "en", status: int = 200) -> Any:
    client = Client(headers={"Accept-Language": language})
    client.force_login(user)
    send = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    answer = getattr(client, method)(f"/api/v1{path}", **send)
    assert answer.status_code == status, answer.content.decode()[:600]
    return answer.json()


@pytest.fixture
def office():
    found = make_office()
    Call.objects.update(opens_at=timezone.now() - timedelta(days=1), closes_at=timezone.now() + timedelta(days=9))
    found.call.refresh_from_db()
    return found


def test_what_a_draft_names_and_is_not_there_is_told_and_nothing_is_kept(office):
    user = office.proposer()
    path = f"/calls/{office.call.public_id}/proposals"
    wrong = {"title": "x", "beamlines": ["ins_nope"], "organisation": "org_nope", "track": "nope"}
    said = asked(user, "post", path, wrong | {"answers": {"nokey": "1"}, "earlier": ["pro_nope"]}, status=422)
    assert {one["facts"]["field"] for one in said["reasons"]} == {
        "track",
        "organisation",
        "beamlines",
        "earlier",
        "answers",
    }
    assert "beamlines: “ins_nope” is not known here, or is not yours." in said["detail"]
    assert not Proposal.objects.exists()
    other = office.submitted(at=timezone.now())
    asked(user, "post", path, {"title": "x", "earlier": [other.public_id]}, status=422)  # not hers to refer to


def test_team_applies_for_an_organisation_of_its_own(office):
    """Pools hold shares for organisations: nobody takes from them by naming one that is not hers."""
    user = office.proposer()
    path, others = f"/calls/{office.call.public_id}/proposals", make_organisation()
    told = asked(user, "post", path, {"title": "x", "organisation": others.public_id}, status=422)
    assert [one["facts"]["field"] for one in told["reasons"]] == ["organisation"]
    own = user.person.memberships.get().organisation
    made = asked(user, "post", path, {"title": "x", "organisation": own.public_id}, status=201)
    draft = {"title": "x", "organisation": others.public_id}
    asked(user, "patch", f"/proposals/{made['id']}", draft, status=422)
    make_member(user, others, "member")
    asked(user, "patch", f"/proposals/{made['id']}", draft)
    user.person.memberships.filter(organisation=others).delete()
    asked(user, "patch", f"/proposals/{made['id']}", draft)  # what stands in the draft stays


def test_draft_tells_a_program_its_reasons_in_sentences_and_has_no_number_yet(office):
    user = office.proposer()
    path = f"/calls/{office.call.public_id}/proposals"
    made = asked(user, "post", path, {"title": "x"}, language="zh-hans", status=201)
    assert made["number"] is None
    assert "请选择线站。" in [one["sentence"] for one in made["check"]["reasons"]]
    day = asked(user, "post", path, {"title": "x", "blackouts": [["2031-02-30", "x"]]}, language="zh-hans", status=422)
    assert "Input should" not in json.dumps(day)


def test_program_invites_takes_back_and_submits_again_under_one_number(office):
    user = office.proposer()
    made = office.submitted(user, at=timezone.now())
    number = asked(user, "get", f"/proposals/{made.public_id}")["number"]
    opened = asked(user, "post", f"/proposals/{made.public_id}/reopening", {})
    assert opened["state"] == "draft"
    body = {"email": "new@example.org", "may_edit": True}
    team = asked(user, "post", f"/proposals/{made.public_id}/team", body, status=201)["team"]
    assert [(one["email"], one["accepted"], one["may_edit"]) for one in team][1:] == [("new@example.org", False, True)]
    asked(user, "post", f"/proposals/{made.public_id}/team", body, status=422)
    again = asked(user, "post", f"/proposals/{made.public_id}/submission", {}, status=201)
    assert (again["number"], again["submission"]) == (number, 2)
    stranger = office.proposer()
    for path in ("reopening", "team", "submission"):
        asked(stranger, "post", f"/proposals/{made.public_id}/{path}", body if path == "team" else {}, status=404)
    assert asked(office.officer, "get", f"/proposals/{made.public_id}")["team"] is None


def test_judges_see_what_is_asked_decline_hand_on_and_declare(office):
    made, closed = office.submitted(at=timezone.now()), office.submitted(at=timezone.now(), title="Of her own house")
    home = office.proposer().person.memberships.first().organisation
    Proposal.objects.filter(pk=made.pk).update(organisation=home)
    make_member(office.scientist, office.home, "member")
    Call.objects.update(closes_at=timezone.now() - timedelta(minutes=1))
    checking.begin_checks(office.call.public_id, at=timezone.now(), **by(office.officer))
    rows = {one["proposal"]: one for one in asked(office.scientist, "get", "/feasibility")}
    assert rows[made.public_id]["title"] == made.title
    assert (rows[closed.public_id]["title"], rows[closed.public_id]["conflicts"]) == (None, ["organisation"])
    assert asked(office.members[0], "get", "/feasibility") == []
    Proposal.objects.update(state="review")
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    first, second, third = Review.objects.filter(proposal=made).order_by("pk")
    asked(first.reviewer, "post", f"/reviews/{first.public_id}/decline", {}, status=422)
    declined = asked(
        first.reviewer, "post", f"/reviews/{first.public_id}/decline", {"reason": "Busy", "conflict": True}
    )
    assert declined["state"] == "declined"
    assert DeclaredConflict.objects.get().person == first.reviewer
    busy = {one.reviewer_id for one in Review.objects.filter(proposal=made)}
    spare = next(one for one in office.members if one.pk not in busy)
    asked(second.reviewer, "post", f"/reviews/{second.public_id}/hand-on", {"email": spare.email})
    assert Review.objects.filter(proposal=made, reviewer=spare, state="assigned").exists()
    asked(third.reviewer, "post", f"/proposals/{made.public_id}/conflict", {"reason": "We wrote a paper."})
    asked(third.reviewer, "get", f"/proposals/{made.public_id}", status=403)
    asked(make_user(), "post", f"/reviews/{third.public_id}/decline", {"reason": "x"}, status=404)
