"""A day in each role: where her pages lead, what they offer her, what they keep from her."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from tests.factories import make_member, make_user
from tests.useroffice.builders import AFTER, NOW, by, make_office
from tests.useroffice.test_access import codes
from tests.useroffice.test_pages import applied, go, now_office, page, queries_of  # noqa: F401 (a fixture)

from headwater.useroffice import papers, wording
from headwater.useroffice.actions import assigning, proposals, reviewing, telling
from headwater.useroffice.models import Call, PanelMember, Proposal, Review, Visit
from headwater.useroffice.ranking import ranking_of

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def sent(form: str) -> dict[str, list[str] | str]:
    """What a browser sends back of a form as it stands."""
    found: dict[str, list[str] | str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf'{key}="([^"]*)"', tag) for key in ("name", "value"))
        kind = re.search(r'type="(\w+)"', tag)
        if name is None or (kind and kind[1] == "file") or (kind and kind[1] == "checkbox" and "checked" not in tag):
            continue
        if kind and kind[1] == "checkbox":
            found.setdefault(name[1], []).append(value[1] if value else "on")
        else:
            found[name[1]] = value[1] if value else ""
    for name, inside in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected>', inside)
        found[name] = chosen[1] if chosen else re.search(r'<option value="([^"]*)"', inside)[1]
    return found | dict(re.findall(r'<textarea name="(\w+)".*?>\s*(.*?)</textarea>', form, re.S))


def test_colleague_who_edits_keeps_what_the_others_chose(now_office):  # noqa: F811
    office = now_office
    user, colleague = office.proposer(), make_user(name="Co Worker")
    before = office.submitted(user, at=timezone.now(), title="Before")
    made = applied(office, user, earlier=[before.public_id], earlier_results="A paper.")
    proposals.invite(made.public_id, colleague.email, "", may_edit=True, at=NOW, **by(user))
    proposals.answer_invitation(made.team.get(proposer=False).pk, True, by=by(colleague)["by"], at=NOW)
    client = page(colleague)
    path = reverse("edit_proposal", args=[made.public_id])
    form = client.get(path).content.decode().partition("<main")[2]
    assert client.post(path, sent(form)).status_code == 302
    made.refresh_from_db()
    assert made.organisation == office.home
    assert [one.public_id for one in made.earlier.all()] == [before.public_id]
    assert made.blackouts == [["2031-06-05", "2031-06-06"], ["2031-06-20", "2031-06-20"]]
    assert [(one.name, one.quantity, one.hazards) for one in made.samples.all()] == [
        ("film", "3 pieces", ["chemical", "cryogenic"])
    ]
    assert len(papers.paper(made, at=NOW)) > 1000


def test_person_without_an_organisation_is_told_whom_to_ask(now_office):  # noqa: F811
    lonely = page(make_user())
    assert "Ask an administrator of yours to add you" in text(
        go(lonely, "apply", now_office.call.public_id, status=200)
    )


def test_chair_and_members_reach_their_panel_and_everybody_the_schedules_from_the_first_page():
    office = make_office()
    made = office.submitted()
    office.checked(made)
    office.reviewed()
    path = reverse("panel", args=[office.call.public_id])
    first = text(go(page(office.members[0]), "beamtime", status=200))
    assert f'href="{path}"' in first
    assert "1 to decide" in first
    assert path not in text(go(page(office.scientist), "beamtime", status=200))
    office.decided(made)
    office.published()
    Call.objects.update(period_end=timezone.now().date() + timedelta(days=9))
    assert reverse("schedule", args=[office.call.public_id]) in text(go(page(), "beamtime", status=200))


def test_proposal_page_leads_each_judge_to_her_part():
    office = make_office()
    made = office.submitted()
    assigning_by = {"at": AFTER, **by(office.officer)}

    def shown(user) -> str:
        return text(go(page(user), "proposal", made.public_id, status=200))

    line = office.lines[0].public_id
    assert reverse("feasibility", args=[made.public_id, line]) in shown(office.scientist)
    office.checked(made)
    assert reverse("feasibility", args=[made.public_id, line]) not in shown(office.scientist)
    assigning.assign(office.call.public_id, **assigning_by)
    review = Review.objects.first()
    assert reverse("review", args=[review.public_id]) in shown(review.reviewer)
    assert reverse("decide", args=[made.public_id]) not in shown(review.reviewer)
    office.reviewed()
    assert reverse("review", args=[review.public_id]) not in shown(review.reviewer)
    assert reverse("decide", args=[made.public_id]) in shown(review.reviewer)
    assert "pro_" not in re.sub(r'"[^"]*"', "", shown(office.officer))


def test_draft_shows_no_key_and_answers_by_their_words(now_office):  # noqa: F811
    user = now_office.proposer()
    made = applied(now_office, user)
    shown = text(go(page(user), "proposal", made.public_id, status=200)).partition("<main")[2]
    assert made.public_id not in re.sub(r'"[^"]*"', "", shown)
    assert "<p>None</p>" in shown  # “no” stands for “None” in this form
    assert str(wording.NEXT["draft"]) in shown


def test_every_state_that_a_proposer_sees_says_what_comes_next():
    assert set(wording.NEXT) == set(wording.PUBLIC_STATES)


def test_scientist_in_conflict_is_offered_nothing_and_sees_no_title():
    office = make_office()
    made = office.submitted(title="A secret of one's own house")
    other = office.submitted(title="Open to her")
    make_member(office.scientist, office.home, "member")
    other_home = office.proposer().person.memberships.first().organisation
    other.organisation = other_home
    other.save()
    office.checked()
    client = page(office.scientist)
    shown = text(go(client, "feasibilities", status=200))
    assert "A secret of one&#x27;s own house" not in shown
    assert "Closed to you (same organisation)." in shown
    assert "Open to her" in shown
    assert "1 proposal waits for you." in shown
    assert "Feasibility: 1" in text(go(client, "beamtime", status=200))
    go(client, "proposal", made.public_id, status=403)


def test_given_review_is_not_declined_nor_handed_on_but_a_conflict_takes_it_back():
    office = make_office()
    made = office.submitted()
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    first, second = Review.objects.order_by("pk")[:2]
    given = {one["key"]: 5 for one in first.stage.criteria}
    reviewing.give_review(first.public_id, given, "Fine.", "", at=AFTER, **by(first.reviewer))
    acting = {"at": AFTER, **by(first.reviewer)}
    spare = PanelMember.objects.exclude(user__reviews__proposal=made).first().user
    assert codes(lambda: reviewing.decline_review(first.public_id, "Busy", **acting)) == {"review.given_already"}
    assert codes(lambda: reviewing.delegate_review(first.public_id, spare.email, **acting)) == {"review.given_already"}
    page_of = text(go(page(first.reviewer), "reviews", status=200))
    assert reverse("decline_review", args=[first.public_id]) not in page_of
    assert reverse("decline_review", args=[second.public_id]) in text(go(page(second.reviewer), "reviews", status=200))
    reviewing.declare_conflict(made.public_id, "Wrote a paper together.", **acting)
    first.refresh_from_db()
    assert (first.state, first.for_panel) == ("declined", "Fine.")
    assert ranking_of(office.call, by(office.officer)["desk"]).rows[0].raw is None
    assert codes(lambda: reviewing.decline_review(first.public_id, "Busy", **acting)) == {"review.not_asked"}
    reviewing.decline_review(second.public_id, "Busy", at=AFTER, **by(second.reviewer))
    third = Review.objects.get(state="assigned")
    reviewing.delegate_review(third.public_id, spare.email, at=AFTER, **by(third.reviewer))
    assert set(Review.objects.values_list("state", flat=True)) == {"declined", "delegated", "assigned"}


def test_words_of_reviews_visits_and_notices_are_those_of_beamtime_in_chinese():
    office = make_office()
    made = office.submitted()
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    one = Review.objects.first()
    reviewing.decline_review(one.public_id, "没有时间", at=AFTER, **by(one.reviewer))
    assert "已谢绝" in text(go(page(one.reviewer, "zh-hans"), "reviews", status=200))
    assert "您的机时申请" in text(go(page(one.reviewer, "zh-hans"), "notices", status=200))


@pytest.fixture
def visit():
    """A visit that its team was told of."""
    office = make_office()
    user = office.proposer(name="Ada Proposer")
    made = office.submitted(user)
    office.checked(made)
    office.reviewed()
    office.decided(made)
    office.published()
    telling.send_letters(office.call.public_id, at=AFTER, **by(office.officer))
    first = timezone.now().date() + timedelta(days=9)
    Visit.objects.update(start=first, end=first + timedelta(days=5))
    return office, user, Visit.objects.get(proposal=made)


def test_visit_is_run_by_clicking_and_the_team_is_offered_only_what_it_may(visit):
    office, user, held = visit
    team, host = page(user), page(office.scientist)
    seen, run = (text(go(client, "visit", held.public_id, status=200)) for client in (team, host))
    assert f"{held.start} – {held.end - timedelta(days=1)}" in seen
    assert "Confirm her training" not in seen
    assert 'name="state"' not in seen
    assert "Confirm her training" in run
    assert office.scientist.email in run
    add = {"act": "visitor", "name": "Second Person"}
    go(team, "visit", held.public_id, data=add)
    go(team, "visit", held.public_id, data=add | {"leaves": "on"})
    assert [one.name for one in held.members.all()] == ["Ada Proposer"]
    go(host, "visit", held.public_id, data={"act": "visitor", "name": "Ada Proposer", "cleared": "on"})
    go(host, "visit", held.public_id, data={"act": "sample", "sample": "film", "state": "approved", "place": "box 1"})
    early = text(go(host, "visit", held.public_id, data={"act": "begin", "ground": ""}, status=422))
    assert f"The experiment begins on {held.start}." in early
    go(host, "visit", held.public_id, data={"act": "begin", "ground": "Beam came early."})
    done = {"act": "finish", "hours_given": "1", "hours_lost": "100", "lost_reason": "beam", "handover": "Fine."}
    too_many = text(go(host, "visit", held.public_id, data=done, status=422))
    assert "Of 9 shifts at most 72 hours can be lost." in too_many
    go(host, "visit", held.public_id, data=done | {"hours_lost": "16", "hours_given": "56"})
    assert "box 1" in text(go(team, "visit", held.public_id, status=200))


def test_visit_reads_well_in_chinese(visit):
    _office, user, held = visit
    shown = text(go(page(user, "zh-hans"), "visit", held.public_id, status=200))
    for words in ("已安排", "姓名", "9个班次", "尚未指定"):
        assert words in shown, words


def test_office_sees_who_judges_and_why_not_and_asks_by_one_click():
    office = make_office()
    made = office.submitted()
    make_member(office.members[0], office.home, "member")  # of the proposal's own organisation
    lone = text(go(page(office.officer), "proposal", made.public_id, status=200))
    assert "Rea Viewer 0 </td>" in lone or "Rea Viewer 0" in lone
    assert "same organisation" in lone
    desk_before = text(go(page(office.officer), "call_desk", office.call.public_id, status=200))
    assert "Assign reviewers" not in desk_before
    go(page(office.officer), "call_step", office.call.public_id, "check", data={}, status=302)
    waiting = text(go(page(office.officer), "call_desk", office.call.public_id, status=200))
    assert "1 proposal waits for a verdict · Bea Line" in waiting
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    review = Review.objects.first()
    reviewing.decline_review(review.public_id, "On leave.", at=AFTER, **by(review.reviewer))
    shown = text(go(page(office.officer), "proposal", made.public_id, status=200))
    assert "declined: On leave." in shown
    assert f'name="email" value="{office.members[0].email}"' not in shown  # in conflict: can't be asked
    free = re.search(r'name="email" value="([^"]+)"', shown)[1]
    go(page(office.officer), "ask_reviewer", made.public_id, data={"email": free})
    assert Review.objects.filter(reviewer__email=free, state="assigned").exists()
    assert "Who judges it" not in text(go(page(office.members[1]), "proposal", made.public_id, status=200))


def test_refused_step_comes_back_to_the_desk_with_its_reason_and_a_done_one_says_what_it_did():
    office = make_office(members=2)
    made = office.submitted()
    Call.objects.update(chance_cap="0.50")
    client = page(office.officer)
    desk_path = reverse("call_desk", args=[office.call.public_id])
    done = client.post(reverse("call_step", args=[office.call.public_id, "check"]), follow=True)
    assert "1 proposal went to its beamlines." in text(done)
    office.checked(made)
    short = text(go(client, "call_step", office.call.public_id, "assign", data={}, status=409))
    assert "may give 1, as none may be drawn with a greater chance than 0.50." in short
    assert reverse("tracks", args=[office.call.public_id]) in short  # it is the desk, not a dead end
    Call.objects.update(chance_cap=None)
    assert "may give 2. Add members" in text(
        go(client, "call_step", office.call.public_id, "assign", data={}, status=409)
    )
    undone = text(go(client, "call_step", office.call.public_id, "complete", data={}, status=409))
    assert "Proposals of this call that have no outcome yet: 1." in undone
    assert client.get(desk_path).status_code == 200
    empty = text(go(client, "call_step", office.call.public_id, "letters", data={}, status=409))
    assert "No decision waits to be told." in empty
    stranger = page(make_office().officer)
    assert stranger.post(reverse("call_step", args=[office.call.public_id, "assign"])).status_code == 403


def test_trail_reads_as_words():
    office = make_office()
    made = office.submitted()
    office.checked(made)
    shown = text(go(page(office.officer), "proposal", made.public_id, status=200)).partition("History</h2>")[2]
    assert "None:" not in shown
    assert re.search(r"Verdict:</span> — → feasible", shown)
    assert "BL01 Test line" in shown
    assert "ins_" not in shown


def test_last_days_are_shown_as_people_count_them(visit):
    office, _user, held = visit
    award = held.proposal.awards.get()
    shown = text(go(page(office.officer), "schedule", office.call.public_id, status=200))
    assert f'<td class="num">{award.end - timedelta(days=1)}</td>' in shown
    assert f'<td class="num">{award.end}</td>' not in shown
    assert f'<a href="{reverse("proposal", args=[held.proposal.public_id])}">' in shown


def test_wrong_days_of_a_beam_calendar_are_told_line_by_line_and_kinds_are_read_in_chinese():
    office = make_office()
    path = reverse("beam_calendar", args=[office.facility.public_id])
    wrong = "kind,start,end\nrun,2025-06-02,2025-06-31\n维护,soon,2025-06-09\n"
    said = text(page(office.officer).post(path, {"file": SimpleUploadedFile("a.csv", wrong.encode())}))
    assert "Line 2 of the file, column end: “2025-06-31” is no day." in said
    assert "Line 3 of the file, column start: “soon” is no day." in said
    right = "kind,start,end\nrun,2025-06-02,2025-06-30\n维护,2025-06-09,2025-06-09\n"
    assert page(office.officer).post(path, {"file": SimpleUploadedFile("a.csv", right.encode())}).status_code == 302
    shown = text(page(office.officer).get(path))
    assert '<td>maintenance</td><td class="num">2025-06-09</td><td class="num">2025-06-09</td>' in shown


def test_team_page_sets_rights_and_tells_whom_it_keeps_out(now_office):  # noqa: F811
    office = now_office
    user, colleague = office.proposer(), make_user(name="Co Worker")
    made = applied(office, user)
    client = page(user)
    go(client, "proposal_team", made.public_id, data={"invite": "1", "email": colleague.email, "may_submit": "on"})
    place = made.team.get(proposer=False)
    assert (place.may_edit, place.may_submit) == (False, True)
    go(client, "proposal_team", made.public_id, data={"rights": str(place.pk), "may_edit": "on"})
    place.refresh_from_db()
    assert (place.may_edit, place.may_submit) == (True, False)
    rival = office.members[0]
    wrong = {"exclude": "1", "away-email": "nobody@nowhere.example"}
    said = text(go(client, "proposal_team", made.public_id, data=wrong, status=422))
    assert "Nobody with the address “nobody@nowhere.example” has an account here" in said
    go(client, "proposal_team", made.public_id, data={"exclude": "1", "away-email": rival.email})
    shown = text(go(client, "proposal_team", made.public_id, status=200))
    assert f'name="admit" value="{rival.email}"' in shown
    assert made.declared_conflicts.get().person == rival
    go(client, "proposal_team", made.public_id, data={"admit": rival.email})
    assert not made.declared_conflicts.exists()
    stranger = page(office.proposer())
    go(stranger, "proposal_team", made.public_id, data={"rights": str(place.pk)}, status=404)


def test_chair_in_conflict_decides_the_others_and_is_told_what_is_left():
    office = make_office()
    mine, other = office.submitted(title="Of her house"), office.submitted()
    Proposal.objects.filter(pk=other.pk).update(organisation=office.proposer().person.memberships.first().organisation)
    office.checked(mine, other)
    office.reviewed()
    chair = office.members[0]
    make_member(chair, office.home, "member")
    client, path = page(chair), reverse("panel", args=[office.call.public_id])
    said = text(client.post(path, {"recommend": "2", "reason": "Strong."}, follow=True))
    assert "1 proposals are decided; nobody is told yet." in said
    assert "1 is left for others: you have a conflict of interest." in said
    assert set(Proposal.objects.values_list("pk", "state")) == {(mine.pk, "panel"), (other.pk, "recommended")}


def test_urgent_access_is_not_told_of_reviewers_who_never_look():
    office = make_office(mode="urgent")
    user = office.proposer()
    made = office.submitted(user)
    shown = text(go(page(user), "proposal", made.public_id, status=200))
    assert str(wording.NEXT_DIRECT["under_review"]) in shown
    assert str(wording.NEXT["under_review"]) not in shown


def test_her_only_organisation_is_chosen_for_her(now_office):  # noqa: F811
    user = now_office.proposer()
    home = user.person.memberships.get().organisation
    form = text(go(page(user), "apply", now_office.call.public_id, status=200))
    assert f'<option value="{home.public_id}" selected>' in form


def test_everybody_reaches_a_programme_s_figures_from_its_facility():
    office = make_office()
    shown = text(page().get(reverse("facility", args=[office.facility.public_id])))
    assert f'href="{reverse("office_figures", args=[office.facility.public_id])}"' in shown
    assert f'href="{reverse("beamtime")}"' in shown


def test_visits_are_listed_to_come_and_over_for_those_whom_they_concern(visit):
    office, user, held = visit
    for who in (user, office.scientist, office.officer):
        assert f'href="{reverse("visit", args=[held.public_id])}"' in text(go(page(who), "visits", status=200))
        assert reverse("visits") in text(go(page(who), "beamtime", status=200))
    stranger, other = office.proposer(), make_office().officer
    for who in (stranger, other):
        assert held.public_id not in text(go(page(who), "visits", status=200))
    assert held.public_id not in text(page(user).get(reverse("visits") + "?over=1"))
    Visit.objects.update(state="done", hours_given=1)
    assert held.public_id in text(page(user).get(reverse("visits") + "?over=1"))
    assert held.public_id not in text(go(page(user), "beamtime", status=200))


def test_lists_of_visits_cost_the_same_for_few_and_many(visit):
    office, _user, held = visit
    client = page(office.officer)
    few = queries_of(client, "visits")
    for n in range(60):
        made = Proposal.objects.get(pk=held.proposal_id)
        made.pk, made.public_id, made.code = None, f"pro_v{n}", f"V-{n}"
        made.save()
        Visit.objects.create(
            public_id=f"vis_v{n}", proposal=made, instrument=held.instrument, start=held.start, end=held.end, shifts=3
        )
    assert queries_of(client, "visits") == few
    assert len(re.findall(r"V-\d+</a>", text(client.get(reverse("visits") + "?page=2")))) == 11


def test_reviewer_reaches_what_she_gave_as_long_as_it_may_be_changed():
    office = make_office()
    made = office.submitted()
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    review = Review.objects.first()
    given = {one["key"]: 5 for one in review.stage.criteria}
    reviewing.give_review(review.public_id, given, "Fine.", "", at=AFTER, **by(review.reviewer))
    assert f'<a href="{reverse("reviews")}">Reviews: 0</a>' in text(go(page(review.reviewer), "beamtime", status=200))
    assert f'<a href="{reverse("feasibilities")}">' in text(go(page(office.scientist), "beamtime", status=200))


def test_refused_file_is_told_while_the_draft_is_kept_and_can_be_saved_again(now_office):  # noqa: F811
    office = now_office
    user = office.proposer()
    made = applied(office, user, q_figure=SimpleUploadedFile("notes.txt", b"just words"))
    assert made.title == "Strain in thin films"
    assert not made.files.exists()
    client, path = page(user), reverse("edit_proposal", args=[made.public_id])
    form = client.get(path).content.decode().partition("<main")[2]
    wrong = sent(form) | {"q_figure": SimpleUploadedFile("notes.txt", b"just words")}
    answer = client.post(path, wrong, follow=True)
    shown = text(answer)
    assert answer.redirect_chain[-1][0] == path
    assert "The file was not kept." in shown
    assert "PDF, PNG or JPEG" in shown
    again = sent(answer.content.decode().partition("<main")[2])
    again["q_figure"] = SimpleUploadedFile("map.png", b"\x89PNG\r\n\x1a\n data")
    assert client.post(path, again).status_code == 302  # nobody “changed the draft meanwhile”
    assert made.files.get().name == "map.png"
