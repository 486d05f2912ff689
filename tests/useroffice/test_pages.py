"""The pages: the main path as people click it, every page in both languages, and what lists cost."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from tests.factories import make_member
from tests.useroffice.builders import AFTER, NOW, by, make_office
from tests.useroffice.groups import BLOCK_PAGES

from headwater.accounts.models import Notice, User
from headwater.useroffice import urls
from headwater.useroffice.actions import assigning, beamcalendar, calls, pools, scheduling, visiting
from headwater.useroffice.models import Call, Feasibility, Proposal, Review, Scenario, Visit

pytestmark = pytest.mark.django_db


def page(user: User | None = None, language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    if user is not None:
        user.language = language
        user.save(update_fields=["language"])
        client.force_login(user)
    return client


def go(client: Client, name: str, *args: Any, data: dict[str, Any] | None = None, status: int = 302) -> Any:
    """Post a form, or with no data read a page."""
    path = reverse(name, args=args)
    answer = client.get(path) if data is None else client.post(path, data)
    assert answer.status_code == status, re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())[:900]
    return answer


@pytest.fixture
def now_office():
    """An office whose call is open today."""
    office = make_office()
    today = timezone.now()
    Call.objects.filter(pk=office.call.pk).update(
        opens_at=today - timedelta(days=1),
        closes_at=today + timedelta(hours=1),
        period_start=date(2031, 6, 2),
        period_end=date(2031, 6, 29),
    )
    office.call.refresh_from_db()
    return office


def applied(office: Any, user: User, **more: Any) -> Proposal:
    data = {
        "title": "Strain in thin films",
        "language": "en",
        "track": "main",
        "organisation": office.home.public_id,
        "abstract": "We follow the strain.",
        "beamline_0": office.lines[0].public_id,
        "requested": "9",
        "minimum": "6",
        "away_0_first": "2031-06-05",
        "away_0_last": "2031-06-06",
        "away_1_first": "2031-06-20",
        "sample_0_name": "film",
        "sample_0_quantity": "3 pieces",
        "sample_0_hazards": ["chemical", "cryogenic"],
        "q_aim": "To know.",
        "q_method": "Maps.",
        "q_equipment": "no",
        "q_figure": SimpleUploadedFile("figure.png", b"\x89PNG\r\n\x1a\n data"),
    } | more
    client = page(user)
    make_member(user, office.home, "member") if not user.person.memberships.filter(
        organisation=office.home
    ).exists() else None
    go(client, "apply", office.call.public_id, data=data)
    return Proposal.objects.order_by("-pk")[0]


def test_main_path_as_people_click_it(now_office):
    office = now_office
    user = office.proposer()
    made = applied(office, user)
    assert [one.hazards for one in made.samples.all()] == [["chemical", "cryogenic"]]
    assert made.blackouts == [["2031-06-05", "2031-06-06"], ["2031-06-20", "2031-06-20"]]
    client = page(user)
    assert b"It may be submitted." in go(client, "proposal", made.public_id, status=200).content
    go(client, "submit_proposal", made.public_id, data={})
    paper = go(client, "proposal_paper", made.public_id, 1, status=200)
    assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    assert go(client, "proposal_file", made.public_id, "figure", status=200).content.endswith(b" data")
    Call.objects.filter(pk=office.call.pk).update(closes_at=timezone.now() - timedelta(seconds=1))

    officer = page(office.officer)
    go(officer, "call_step", office.call.public_id, "check", data={})
    scientist = page(office.scientist)
    assert made.title.encode() in go(scientist, "feasibilities", status=200).content
    line = office.lines[0].public_id
    go(scientist, "feasibility", made.public_id, line, data={"verdict": "feasible", "conditions": "", "shifts": "9"})
    go(officer, "call_step", office.call.public_id, "assign", data={})
    for review in Review.objects.all():
        reviewer = page(review.reviewer)
        scores = {"c_merit": "5", "c_need": "4", "c_team": "4", "for_panel": "Strong.", "for_proposer": "Well done."}
        go(reviewer, "review", review.public_id, data=scores)
    go(officer, "call_step", office.call.public_id, "panel", data={"ground": ""})
    assert b"2025A-0001" in go(officer, "panel", office.call.public_id, status=200).content
    go(officer, "panel", office.call.public_id, data={"recommend": "1", "reason": "Strong case."})
    go(officer, "scenarios", office.call.public_id, data={"name": "First", "seconds": "5"})
    scenario = Scenario.objects.get()
    assert b"every 3s" in go(officer, "scenario", scenario.public_id, status=200).content
    scheduling.solve(scenario.public_id, at=timezone.now())
    assert b"Granted as asked." in go(officer, "scenario", scenario.public_id, status=200).content
    go(officer, "scenario", scenario.public_id, data={"note": "First version"})
    shown = go(page(), "schedule", office.call.public_id, status=200).content.decode()
    assert "2025A-0001" not in shown  # whose it is shows once they are told
    assert "2025A-0001" in go(officer, "schedule", office.call.public_id, status=200).content.decode()
    for name in ("bookings", "beamtime"):
        assert "2031-06" not in go(client, name, status=200).content.decode().split("Open calls")[0]

    assert b"Under review" in go(client, "proposal", made.public_id, status=200).content
    go(officer, "letter", made.public_id, data={"note_en": "Welcome.", "note_zh": "欢迎。"})
    letters = go(officer, "letters", office.call.public_id, status=200).content.decode()
    assert "was granted 9 shifts" in letters
    assert "获得" in letters
    assert "Welcome." in letters
    go(officer, "call_step", office.call.public_id, "letters", data={"ground": ""})
    told = go(client, "proposal", made.public_id, status=200).content.decode()
    assert "Beamtime granted" in told
    assert "Well done." in told
    assert "Strong." not in told
    assert b"2025A-0001" in go(page(), "schedule", office.call.public_id, status=200).content
    assert office.lines[0].name in go(client, "bookings", status=200).content.decode()
    assert Notice.objects.filter(user=user, code="decision.scheduled").count() == 1

    visit = Visit.objects.get()
    go(client, "visit", visit.public_id, data={"act": "visitor", "name": "Second Person"})
    for name in ("Ada Reader", "Second Person"):
        go(scientist, "visit", visit.public_id, data={"act": "visitor", "name": name, "cleared": "on"})
    go(scientist, "visit", visit.public_id, data={"act": "sample", "sample": "film", "state": "approved", "place": ""})
    go(scientist, "visit", visit.public_id, data={"act": "contact", "email": office.scientist.email})
    go(scientist, "visit", visit.public_id, data={"act": "begin", "ground": "Beam came early."})
    done = {"act": "finish", "hours_given": "70", "hours_lost": "2", "lost_reason": "beam", "handover": "Fine."}
    go(scientist, "visit", visit.public_id, data=done)
    go(client, "beamtime_report", made.public_id, data={"text": "We know."})
    go(client, "feedback", made.public_id, data={"rating": "5", "text": ""})
    go(officer, "accept_report", made.public_id, data={"grade": "4", "remark": ""})
    output = {"doi": "https://doi.org/10.1000/ABC", "title": "Strain", "year": "2031"}
    go(client, "link_output", made.public_id, data=output)
    page_ = go(client, "proposal", made.public_id, status=200).content.decode()
    assert "10.1000/abc" in page_
    assert "Completed" in page_
    assert b"User programme in figures" in go(page(), "office_figures", office.facility.public_id, status=200).content


@pytest.fixture
def full():
    """An office with proposals in many states, and who may see which page."""
    office = make_office()
    user = office.proposer()
    draft = office.begun(user)
    waiting = office.submitted(user)
    other = office.submitted(title="Another", samples=[])
    office.checked(waiting, other)
    office.reviewed()
    office.decided(waiting)
    office.decided(other)
    office.published()
    visit = Visit.objects.get(proposal=waiting)
    acting = {"at": AFTER, **by(office.officer)}
    draft_ = pools.PoolDraft("firms", "企业", "Firms", "industry", max_share=0.5)
    pools.set_pool(office.call.public_id, draft_, **acting)
    period = beamcalendar.PeriodDraft("shutdown", date(2025, 6, 9), date(2025, 6, 12))
    beamcalendar.set_periods(office.facility.public_id, [period], **acting)
    late = office.proposer()
    open_ = calls.make_call(
        calls.CallDraft(
            facility=office.facility.public_id,
            code="ROLL",
            name_zh="滚动",
            name_en="Rolling access",
            mode="rolling",
            opens_at=AFTER - timedelta(days=60),
            closes_at=None,
            period_start=date(2025, 9, 1),
            period_end=date(2025, 9, 30),
            beamlines=[office.lines[0].public_id],
        ),
        **acting,
    )
    calls.set_call_stage(open_.public_id, "announced", **acting)
    office.call = open_
    rolling = office.submitted(late, at=AFTER, title="Rolling in")
    acting_scientist = {"at": AFTER, **by(office.scientist)}
    assert rolling.state == "feasibility"
    review_office = make_office()
    mine = review_office.submitted()
    review_office.checked(mine)

    assigning.assign(review_office.call.public_id, at=AFTER, **by(review_office.officer))
    review = Review.objects.filter(proposal=mine)[0]
    visiting.link_output(waiting.public_id, visiting.OutputDraft("10.1/x", "X", 2025), **acting)
    panel, line, facility = office.panel.public_id, office.lines[0].public_id, office.facility.public_id
    run = Call.objects.get(code="2025A", facility=office.facility).public_id
    scenario = Scenario.objects.get(call__public_id=run).public_id
    assert acting_scientist
    return {
        "beamtime": (user, ()),
        "feasibilities": (office.scientist, ()),
        "reviews": (review.reviewer, ()),
        "review": (review.reviewer, (review.public_id,)),
        "decline_review": (review.reviewer, (review.public_id,)),
        "delegate_review": (review.reviewer, (review.public_id,)),
        "proposal": (office.officer, (waiting.public_id,)),
        "edit_proposal": (user, (draft.public_id,)),
        "proposal_team": (user, (draft.public_id,)),
        "withdraw_proposal": (user, (draft.public_id,)),
        "declare_conflict": (office.scientist, (waiting.public_id,)),
        "feasibility": (office.scientist, (rolling.public_id, line)),
        "ask_reviewer": (office.officer, (rolling.public_id,)),
        "proposal_marks": (office.officer, (waiting.public_id,)),
        "decide": (office.officer, (waiting.public_id,)),
        "pin_proposal": (office.officer, (waiting.public_id,)),
        "letter": (office.officer, (waiting.public_id,)),
        "beamtime_report": (user, (waiting.public_id,)),
        "accept_report": (office.officer, (waiting.public_id,)),
        "feedback": (user, (waiting.public_id,)),
        "link_output": (user, (waiting.public_id,)),
        "call": (None, (run,)),
        "apply": (late, (open_.public_id,)),
        "call_desk": (office.officer, (run,)),
        "edit_call": (office.officer, (run,)),
        "edit_form": (office.officer, (run,)),
        "new_form_entry": (office.officer, (run,)),
        "form_entry": (office.officer, (run, "equipment")),
        "preview_form": (office.officer, (run,)),
        "form_versions": (office.officer, (run,)),
        "set_pool": (office.officer, (run,)),
        "tracks": (office.officer, (run,)),
        "set_track": (office.officer, (run,)),
        "discussion": (office.officer, (waiting.public_id,)),
        "compare_plans": (office.officer, (run,)),
        "open_beamlines": (None, ()),
        "choose_beamlines": (user, (draft.public_id,)),
        "panel": (office.officer, (run,)),
        "scenarios": (office.officer, (run,)),
        "schedule": (None, (run,)),
        "letters": (office.officer, (run,)),
        "scenario": (office.officer, (scenario,)),
        "visit": (office.scientist, (visit.public_id,)),
        "visits": (office.scientist, ()),
        "panel_member": (office.officer, (panel,)),
        "set_scientist": (office.officer, (line,)),
        "beamtime_office": (office.officer, (facility,)),
        "new_call": (office.officer, (facility,)),
        "new_panel": (office.officer, (facility,)),
        "beam_calendar": (office.officer, (facility,)),
        "office_outputs": (office.officer, (facility,)),
        "office_figures": (None, (facility,)),
    }


NO_PAGE = {"answer_invitation", "submit_proposal", "reopen_proposal", "proposal_paper", "proposal_file", "call_step"}
NO_PAGE |= {"check_draft", "asked_questions", "form_as_file"}


def test_every_page_answers_in_both_languages(full):
    assert {one.name for one in urls.urlpatterns} == set(full) | NO_PAGE | BLOCK_PAGES | {
        "call_shares",
        "facility_shares",
    }
    for name, (user, args) in full.items():
        for language, lang in (("en", "en"), ("zh-hans", "zh-Hans")):
            answer = page(user, language).get(reverse(name, args=args))
            assert answer.status_code == 200, (name, re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())[:500])
            text = answer.content.decode()
            assert f'<html lang="{lang}">' in text, name


def test_what_is_refused_is_told_beside_the_form(now_office):
    office = now_office
    user = office.proposer()
    made = applied(office, user, beamline_0="", abstract="")
    client = page(user)
    text = go(client, "proposal", made.public_id, status=200).content.decode()
    assert "Before it may be submitted:" in text
    assert "Choose a beamline." in text
    wrong = {"title": "x", "language": "en", "track": "main", "requested": "3", "minimum": "9", "away_0_first": "soon"}
    answer = go(client, "edit_proposal", made.public_id, data=wrong, status=422).content.decode()
    assert "Enter a valid date." in answer
    stale = {**wrong, "away_0_first": "", "minimum": "3", "version": "0"}
    assert (
        "Somebody changed the draft"
        in go(client, "edit_proposal", made.public_id, data=stale, status=422).content.decode()
    )


@pytest.mark.parametrize(
    ("language", "title", "reason"),
    [("en", "It was not submitted:", "Choose a beamline."), ("zh-hans", "未能提交：", "请选择线站。")],
)
def test_refused_submission_comes_back_to_the_proposal_with_its_reasons(now_office, language, title, reason):
    office = now_office
    user = office.proposer()
    made = applied(office, user, beamline_0="", abstract="")
    client = page(user, language)
    text = go(client, "submit_proposal", made.public_id, data={}, status=422).content.decode()
    assert text.count(title) == text.count(reason) == 1
    assert f"<h1>{made.title}</h1>" in text
    assert reverse("submit_proposal", args=[made.public_id]) in text
    made.refresh_from_db()
    assert (made.state, made.code) == ("draft", None)


def test_submitting_twice_says_so_on_the_page_and_tells_nobody_else(now_office):
    office = now_office
    user = office.proposer()
    made = applied(office, user)
    go(page(user), "submit_proposal", made.public_id, data={})
    path = reverse("submit_proposal", args=[made.public_id])
    again = page(user).post(path)
    assert (again.status_code, "It was not submitted:" in again.content.decode()) == (409, True)
    other = page(office.proposer()).post(path)
    assert (other.status_code, made.title in other.content.decode()) == (404, False)


def queries_of(client: Client, name: str, *args: Any) -> int:
    client.get(reverse(name, args=args))  # sessions and caches are warm
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(reverse(name, args=args)).status_code == 200
    return len(seen)


def test_lists_cost_the_same_for_few_and_many():
    office = make_office(members=8)
    costs = {"call_desk": 20, "panel": 24, "letters": 16, "schedule": 15, "beamtime": 16}
    user = office.proposer()
    for number in (1, 5):
        made = [office.submitted(user) for _ in range(number)]
        office.checked(*made)
        office.reviewed()
        office.decided(*made)
        office.published(AFTER + timedelta(hours=number), **({"from_published": True} if number > 1 else {}))
        found = {}
        for name in costs:
            who = user if name == "beamtime" else office.officer
            args = () if name == "beamtime" else (office.call.public_id,)
            found[name] = queries_of(page(who), name, *args)
        assert found == costs
    assert Feasibility.objects.count() == 6


def test_desk_lists_fifty_a_page_and_finds_by_state_track_beamline_and_words():
    office = make_office(members=2)
    user = office.proposer()
    first = office.submitted(user, title="Perovskite under light", beamlines=[office.lines[1].public_id])
    office.submitted(user)
    client, desk_of_call = page(office.officer), reverse("call_desk", args=[office.call.public_id])
    few = queries_of(client, "call_desk", office.call.public_id)
    made_at = {"call": office.call, "track": first.track, "form": first.form, "made_at": NOW, "state_at": NOW}
    Proposal.objects.bulk_create(
        Proposal(public_id=f"pro_desk{n}", code=f"X-{n:03d}", title=f"Title {n}", state="review", **made_at)
        for n in range(60)
    )
    assert few == queries_of(client, "call_desk", office.call.public_id)

    def shown(asked: str) -> int:
        return len(re.findall(r'<td class="short">', client.get(f"{desk_of_call}?{asked}").content.decode()))

    line = office.lines[1].public_id
    found = {
        asked: shown(asked) for asked in ("", "page=2", "page=9", "state=review", "q=Perovskite+light", "track=none")
    }
    assert found == {"": 50, "page=2": 12, "page=9": 12, "state=review": 50, "q=Perovskite+light": 1, "track=none": 50}
    assert (shown(f"beamline={line}"), shown("state=submitted&track=main"), shown("q=X-01&page=1")) == (1, 2, 10)
    assert shown("q=nothing+like+it") == 0
    second = client.get(f"{desk_of_call}?state=review&page=2").content.decode()
    assert "?state=review&amp;page=1" in second


def test_conditional_question_says_when_it_is_asked_in_both_languages():
    office = make_office(members=2)
    Call.objects.update(opens_at=timezone.now() - timedelta(days=1), closes_at=timezone.now() + timedelta(days=9))
    user = office.proposer()
    english = go(page(user), "apply", office.call.public_id, status=200).content.decode()
    chinese = go(page(user, "zh-hans"), "apply", office.call.public_id, status=200).content.decode()
    assert "Only if “Equipment of your own” is answered “We bring equipment”." in english
    assert "仅当“是否自带设备”选择“自带设备”时填写。" in chinese
