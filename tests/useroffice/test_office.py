"""The office's work: schedules and versions, letters once, what is kept for ever, files, other modes of access."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import Error, connection, transaction
from django.db.models import Count
from tests.factories import make_organisation, make_user
from tests.useroffice.builders import AFTER, NOW, by, desk, make_office

from headwater.accounts.audit import SYSTEM, Actor
from headwater.accounts.models import Notice
from headwater.booking.models import Reservation
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of
from headwater.useroffice import beamfiles, outputfiles, papers, rounds
from headwater.useroffice.actions import (
    assigning,
    beamcalendar,
    callforms,
    calls,
    checking,
    deciding,
    history,
    pools,
    proposals,
    publishing,
    reviewing,
    scheduling,
    telling,
    visiting,
)
from headwater.useroffice.models import (
    Award,
    Call,
    FormVersion,
    OutputLink,
    PastProject,
    Pool,
    Review,
    ScheduleVersion,
    Submission,
    Verdict,
)
from headwater.useroffice.ranking import ranking_of
from headwater.useroffice.statistics import statistics_of

pytestmark = pytest.mark.django_db


def refused(work) -> set[str]:
    with pytest.raises(Refused) as caught:
        work()
    return set(caught.value.decision.codes)


def ready(count=3, **more):
    """An office with so many recommended proposals."""
    office = make_office(**more)
    made = [office.submitted(title=f"Proposal {k}", requested=9, minimum=6) for k in range(count)]
    office.checked(*made)
    office.reviewed()
    office.decided(*made)
    return office, made


def booked():
    return {
        row.reference: (row.instrument_id, row.start, row.end)
        for row in Reservation.objects.filter(kind="beamtime", state="confirmed")
    }


def test_versions_differ_as_they_say_and_those_touched_are_told():
    office, (one, two, three) = ready()
    office.published()
    telling.send_letters(office.call.public_id, at=AFTER, **by(office.officer))
    before = booked()
    assert set(before) == {one.public_id, two.public_id, three.public_id}
    lost = Award.objects.get(proposal=two)
    acting = {"at": AFTER, **by(office.officer)}
    # the beam fails on that beamline while the second is there, and the third is fixed where it is
    period = beamcalendar.PeriodDraft("shutdown", lost.start, lost.start + timedelta(days=1), lost.instrument.public_id)
    beamcalendar.set_periods(office.facility.public_id, [period], **acting)
    later = AFTER + timedelta(hours=2)
    second = office.published(later, from_published=True)
    assert second.number == 2
    assert second.differences["moved"] == [two.code]
    assert second.differences["kept"] == sorted([one.code, three.code])
    after = booked()
    assert {key for key in after if after[key] != before[key]} == {two.public_id}
    told = {notice.facts["proposal"] for notice in Notice.objects.filter(code="schedule.moved")}
    assert told == {two.code}
    assert Reservation.objects.get(reference=two.public_id, state="confirmed").sequence > 0


def test_overtaken_or_broken_plan_is_not_published():
    office, (one, *_rest) = ready(2)
    stale = office.planned()
    office.published(AFTER + timedelta(hours=1))
    publish = lambda: publishing.publish(  # noqa: E731
        stale.public_id,
        "",
        desk(office.officer),
        viewer_of(office.officer),
        by=Actor(office.officer, "page"),
        at=AFTER + timedelta(hours=2),
    )
    assert refused(publish) == {"schedule.overtaken"}
    later = office.planned(AFTER + timedelta(hours=3))
    scheduling.set_pin(one.public_id, shifts=6, reason="Less is enough.", at=AFTER, **by(office.officer))
    again = lambda: publishing.publish(  # noqa: E731
        later.public_id,
        "",
        desk(office.officer),
        viewer_of(office.officer),
        by=Actor(office.officer, "page"),
        at=AFTER + timedelta(hours=4),
    )
    assert refused(again) == {"schedule.fault"}
    assert ScheduleVersion.objects.count() == 1


def test_publishing_is_all_or_none():
    office, made = ready(2)
    scenario = office.planned()
    row = scenario.plan["awards"][0]
    line = next(one for one in office.lines if one.public_id == row[1])
    from headwater.booking.queries import span_of

    day = rounds.day(office.call, row[2])
    start = publishing._begins(line, day)
    Reservation.objects.create(
        public_id="res_tx",
        instrument=line,
        span=span_of(start, start + timedelta(hours=4)),
        occupied=span_of(start, start + timedelta(hours=4)),
        kind="outage",
        state="confirmed",
        created_at=NOW,
        updated_at=NOW,
    )
    publish = lambda: publishing.publish(  # noqa: E731
        scenario.public_id,
        "",
        desk(office.officer),
        viewer_of(office.officer),
        by=Actor(office.officer, "page"),
        at=AFTER,
    )
    assert refused(publish) == {"beamtime.stands"}
    assert (booked(), ScheduleVersion.objects.count()) == ({}, 0)
    for one in made:
        one.refresh_from_db()
        assert one.state == "recommended"


def test_pins_and_bans_bind_and_a_clash_is_an_irreducible_set():
    office, (one, two, _three) = ready()
    line = office.lines[0].public_id
    acting = {"at": AFTER, **by(office.officer)}
    scheduling.set_pin(one.public_id, beamline=line, day=date(2025, 6, 10), shifts=9, reason="With a guest.", **acting)
    scenario = office.planned()
    award = next(row for row in scenario.plan["awards"] if row[0] == one.public_id)
    assert award[:3] == [one.public_id, line, 8]
    assert [reason["code"] for reason in scenario.plan["answers"][one.public_id]["reasons"]] == ["pinned"]
    scheduling.set_pin(two.public_id, beamline=line, day=date(2025, 6, 10), shifts=9, reason="A mistake.", **acting)
    clash = office.planned()
    assert clash.state == "impossible"
    assert clash.conflict == [{"kind": "pin", "about": one.public_id}, {"kind": "pin", "about": two.public_id}]
    assert scheduling.set_pin(two.public_id, **acting) is None
    assert refused(lambda: scheduling.set_pin(two.public_id, shifts=30, reason="x", **acting)) == {"pin.shifts_wrong"}


def test_pools_count_whom_they_say():
    office, made = ready(2)
    firm = make_organisation(kind="company", city=office.home.city)
    one = made[0]
    one.organisation = firm
    one.save(update_fields=["organisation"])
    acting = {"at": AFTER, **by(office.officer)}
    drafts = (
        pools.PoolDraft("firms", "企业", "Firms", "industry", max_share=Decimal("0.5")),
        pools.PoolDraft("own", "自用", "In-house", "in_house", max_shifts=3),
        pools.PoolDraft("funder", "出资", "Funder", "funder", funder=office.home.public_id, min_share=Decimal("0.1")),
        pools.PoolDraft("director", "主任", "Director", "discretionary", max_share=Decimal("0.1")),
    )
    for draft in drafts:
        pools.set_pool(office.call.public_id, draft, **acting)
    proposals.set_carry_over(made[1].public_id, True, True, **acting)
    asked = {one_.id: one_ for one_ in rounds.build_round(office.call).proposals}
    assert asked[one.public_id].tags == {"firms"}
    assert asked[made[1].public_id].tags == {"funder", "director"}
    assert asked[made[1].public_id].must
    assert refused(
        lambda: pools.set_pool(office.call.public_id, pools.PoolDraft("x", "x", "x", "funder"), **acting)
    ) == {
        "pool.funder_missing",
        "pool.limits_nothing",
    }
    assert Pool.objects.count() == 4


@pytest.mark.parametrize("model", [Submission, Verdict, FormVersion, ScheduleVersion])
def test_database_keeps_every_version(model):
    office, _made = ready(1)
    office.published()
    table = model._meta.db_table
    for sql in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
        with pytest.raises(Error, match="keeps every version"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_taken_back_and_submitted_again_it_keeps_its_number_and_both_papers():
    office = make_office()
    user = office.proposer()
    made = office.submitted(user)
    proposals.reopen_proposal(made.public_id, at=NOW, **by(user))
    draft = office.draft(title="Better title")
    proposals.change_proposal(made.public_id, draft, expected_version=1, at=NOW, **by(user))
    proposals.submit_proposal(made.public_id, at=NOW + timedelta(hours=1), **by(user))
    made.refresh_from_db()
    papers_ = list(made.submissions.all())
    assert [one.number for one in papers_] == [1, 2]
    assert [one.content["title"] for one in papers_] == ["Strain in thin films", "Better title"]
    assert [hashlib.sha256(bytes(one.paper)).hexdigest() for one in papers_] == [one.sha256 for one in papers_]
    assert made.code == "2025A-0001"
    assert Notice.objects.filter(code="proposal.received").count() == 2
    # the paper can be made again, to the byte
    again = papers.frozen(made, at=NOW + timedelta(hours=1))[1]
    assert again == bytes(papers_[1].paper)
    late = {"at": AFTER, **by(user)}
    assert refused(lambda: proposals.reopen_proposal(made.public_id, **late)) == {"call.not_open"}


def test_new_form_reaches_drafts_and_leaves_what_was_submitted():
    office = make_office()
    done, draft = office.submitted(), office.begun()
    asked = [{"key": "why", "kind": "text", "label_zh": "原因", "label_en": "Why", "required": True}]
    acting = {"at": NOW, **by(office.officer)}
    form = callforms.publish_form(office.call.public_id, asked, **acting)
    done.refresh_from_db()
    draft.refresh_from_db()
    assert (done.form.number, draft.form.number, form.number) == (1, 2, 2)
    assert "draft.answer_missing" in proposals.check_draft(draft, at=NOW).codes


def test_infeasible_everywhere_it_ends_and_is_told_why():
    office = make_office()
    user = office.proposer()
    made = office.submitted(user, beamlines=[one.public_id for one in office.lines])
    checking.begin_checks(office.call.public_id, at=AFTER, **by(office.officer))
    first, second = (one.public_id for one in office.lines)
    acting = {"at": AFTER, **by(office.scientist)}
    checking.judge_feasibility(made.public_id, first, "unsafe", "Explosive.", **acting)
    made.refresh_from_db()
    assert made.state == "feasibility"
    assert refused(lambda: checking.judge_feasibility(made.public_id, second, "infeasible", "", **acting)) == {
        "feasibility.reason_missing"
    }
    checking.judge_feasibility(made.public_id, second, "infeasible", "Too few photons.", **acting)
    made.refresh_from_db()
    assert made.state == "infeasible"
    assert telling.send_letters(office.call.public_id, at=AFTER, **by(office.officer)) == 1
    assert Notice.objects.filter(user=user, code="decision.infeasible").count() == 1


def test_review_is_declined_delegated_and_asked_for_by_hand():
    office = make_office(members=6)
    made = office.submitted()
    office.checked(made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    first, second, third = Review.objects.filter(proposal=made).order_by("pk")
    free = [one for one in office.members if one.pk not in {first.reviewer_id, second.reviewer_id, third.reviewer_id}]
    reviewing.decline_review(first.public_id, "My rival.", conflict=True, at=AFTER, **by(first.reviewer))
    reviewing.delegate_review(second.public_id, free[0].email, at=AFTER, **by(second.reviewer))
    acting = {"at": AFTER, **by(office.officer)}
    assert refused(lambda: assigning.ask_reviewer(made.public_id, first.reviewer.email, **acting)) == {
        "proposal.conflict"
    }
    stranger = make_user()
    asked = refused(lambda: assigning.ask_reviewer(made.public_id, stranger.email, **acting))
    assert asked == {"review.not_on_panel", "review.load_full"}
    assigning.assign(office.call.public_id, **acting)
    live = Review.objects.filter(proposal=made, state="assigned").values_list("reviewer", flat=True)
    assert len(set(live)) == 3
    assert first.reviewer_id not in live
    assert refused(lambda: deciding.open_panel(office.call.public_id, **acting)) == {"panel.proposals_lack_reviews"}
    passed = {"waive": ("panel.reviews_missing",), "ground": "The field is small."}
    assert deciding.open_panel(office.call.public_id, **passed, **acting) == 1


def test_decision_is_taken_up_again_and_every_version_kept():
    office, (one, two) = ready(2)
    change = deciding.Judgement("decline", None, "On second thoughts.")
    deciding.decide(one.public_id, change, at=AFTER, **by(office.officer))
    one.refresh_from_db()
    assert one.state == "declined"
    assert list(one.verdicts.order_by("pk").values_list("kind", flat=True)) == ["recommend", "decline"]
    assert two.verdicts.count() == 1
    assert refused(lambda: telling.send_letters(office.call.public_id, at=AFTER, **by(office.officer))) == {
        "letters.undecided"
    }


def test_severe_reviewer_does_not_sink_a_proposal():
    office = make_office(members=9)
    made = [office.submitted(title=f"P{k}") for k in range(9)]
    office.checked(*made)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    severe = Review.objects.order_by("pk")[0].reviewer
    for review in Review.objects.select_related("reviewer"):
        score = 2 if review.reviewer == severe else 4
        given = {one["key"]: score for one in review.stage.criteria}
        reviewing.give_review(review.public_id, given, "x", "", at=AFTER, **by(review.reviewer))
    ranking = ranking_of(office.call, desk(office.officer))
    assert ranking.severities[0].reviewer == severe
    assert ranking.severities[0].severity > 1
    loads = Review.objects.values_list("reviewer").annotate(n=Count("pk")).values_list("n", flat=True)
    assert max(loads) <= 5  # three on average: the load is spread
    raws = [row.raw for row in ranking.rows]
    merits = [row.merit for row in ranking.rows]
    assert max(raws) - min(raws) > 0.6
    assert max(merits) - min(merits) < 0.2


@pytest.mark.parametrize(("mode", "end"), [("urgent", "evaluation"), ("industry", "closed"), ("partner", "closed")])
def test_direct_modes_skip_review_and_urgent_access_is_evaluated(mode, end):
    office = make_office(mode=mode)
    user = office.proposer()
    made = office.submitted(user)
    assert made.state == "feasibility"
    line = made.choices.get().instrument.public_id
    checking.judge_feasibility(made.public_id, line, "feasible", "", at=NOW, **by(office.scientist))
    office.decided(made)
    office.published()
    telling.send_letters(office.call.public_id, at=AFTER, **by(office.officer))
    visit = made.awards.get() and made.__class__.objects.get(pk=made.pk).visit
    host = {"at": AFTER, **by(office.scientist)}
    visiting.set_visitor(visit.public_id, visit.members.get().name, cleared=True, **host)
    visiting.set_sample_state(visit.public_id, "film", "arrived", "", **host)
    visiting.begin_visit(visit.public_id, waive=("visit.too_early",), ground="Beam came early.", **host)
    visiting.finish_visit(visit.public_id, Decimal(72), Decimal(0), "", "Fine.", **host)
    visiting.submit_report(made.public_id, "We know.", at=AFTER, **by(user))
    officer = {"at": AFTER, **by(office.officer)}
    if end == "evaluation":
        assert refused(lambda: visiting.accept_report(made.public_id, **officer)) == {"report.grade_wrong"}
    visiting.accept_report(made.public_id, grade=4, **officer)
    made.refresh_from_db()
    assert (made.state, made.report.grade) == ("closed", 4)


def test_late_proposal_is_refused_and_completing_a_call_closes_the_standby_list():
    office = make_office()
    draft = office.begun()
    user = draft.team.get().user
    assert refused(lambda: proposals.submit_proposal(draft.public_id, at=AFTER, **by(user))) == {"call.not_open"}
    made = office.submitted()
    office.checked(made)
    office.reviewed()
    office.decided(made, kind="reserve")
    calls.set_call_stage(office.call.public_id, "done", at=AFTER, **by(office.officer))
    made.refresh_from_db()
    assert made.state == "declined"
    assert Call.objects.get(pk=office.call.pk).stage == "done"


# Files ----------------------------------------------------------------------------------------------------------
CROSSREF = {
    "status": "ok",
    "message": {
        "items": [
            {
                "DOI": "10.1000/CR",
                "title": ["A film"],
                "issued": {"date-parts": [[2025, 4]]},
                "type": "journal-article",
                "container-title": ["Films"],
                "author": [{"given": "A", "family": "B", "ORCID": "http://orcid.org/0000-0001-2345-6789"}],
                "funder": [{"name": "SSRF", "award": ["2025A-0001"]}],
            }
        ]
    },
}
OPENALEX = {
    "doi": "https://doi.org/10.1000/OA",
    "display_name": "Another film",
    "publication_year": 2025,
    "type": "article",
    "primary_location": {"source": {"display_name": "Films"}},
    "authorships": [{"author": {"display_name": "C D", "orcid": None}}],
    "grants": [{"award_id": "2025A-0001"}],
}


def test_outputs_are_taken_in_from_both_shapes_and_linked():
    office = make_office()
    made = office.submitted()
    acting = {"at": AFTER, **by(office.officer)}
    lines = "\n".join(json.dumps(one) for one in (OPENALEX, CROSSREF["message"]["items"][0]))
    drafts = outputfiles.read_outputs(json.dumps(CROSSREF).encode())
    assert (drafts[0].doi, drafts[0].year, drafts[0].authors[0]["orcid"]) == ("10.1000/cr", 2025, "0000-0001-2345-6789")
    assert visiting.import_outputs(office.facility.public_id, drafts, "c.json", **acting) == 1
    assert (
        visiting.import_outputs(
            office.facility.public_id, outputfiles.read_outputs(lines.encode()), "l.jsonl", **acting
        )
        == 2
    )
    assert OutputLink.objects.filter(proposal=made).count() == 2
    for wrong, code in (
        (b"\xff", "output.unreadable"),
        (b"{", "output.unreadable"),
        (b"[1]", "output.record_wrong"),
        (b'[{"DOI": "10.1/x"}]', "output.record_wrong"),
    ):
        assert refused(lambda wrong=wrong: outputfiles.read_outputs(wrong)) == {code}


CSV = "kind,start,end,beamline,note\nrun,2025-06-02,2025-06-29,,\nmaintenance,2025-06-09,2025-06-09,BL01,weekly\n"
ICAL = """BEGIN:VCALENDAR\r
BEGIN:VEVENT\r
SUMMARY:User run\r
DTSTART;VALUE=DATE:20250602\r
DTEND;VALUE=DATE:20250630\r
END:VEVENT\r
BEGIN:VEVENT\r
SUMMARY:Weekly main\r
 tenance BL01\r
DTSTART;VALUE=DATE:20250609\r
DTEND;VALUE=DATE:20250610\r
END:VEVENT\r
END:VCALENDAR\r
"""


@pytest.mark.parametrize("text", [CSV, ICAL])
def test_beam_calendar_is_read_from_csv_and_ical_alike(text):
    office = make_office()
    drafts = beamfiles.read_periods(text.encode())
    acting = {"at": NOW, **by(office.officer)}
    assert beamcalendar.set_periods(office.facility.public_id, drafts, replace=True, **acting) == 2
    first, second = (line.beam_days for line in rounds.build_round(office.call).beamlines)
    assert (len(first), len(second)) == (27, 28)
    assert 7 not in first


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a,b\n1,2\n", "beam.unreadable"),
        ("kind,start,end\nrun,soon,2025-01-01\nrun,2025-01-01,2025-02-30\n", "beam.day_wrong"),
        ("kind,start,end\nparty,2025-01-01,2025-01-02\n", "beam.kind_unknown"),
        ("kind,start,end\nrun,2025-01-05,2025-01-02\n", "beam.ends_before_start"),
        ("kind,start,end,beamline\nrun,2025-01-01,2025-01-02,BL99\n", "beam.beamline_unknown"),
    ],
)
def test_wrong_beam_calendar_is_told_and_changes_nothing(text, code):
    office = make_office()
    acting = {"at": NOW, **by(office.officer)}
    work = lambda: beamcalendar.set_periods(  # noqa: E731
        office.facility.public_id, beamfiles.read_periods(text.encode()), replace=True, **acting
    )
    assert refused(work) == {code}
    assert not office.facility.beam_periods.exists()


def test_made_up_past_is_marked_repeatable_and_loaded_once():
    office = make_office()
    assert history.load_past(office.facility, projects=400, by=SYSTEM, at=NOW) == 400
    assert history.load_past(office.facility, projects=400, by=SYSTEM, at=NOW) == 0
    rows = PastProject.objects.filter(facility=office.facility)
    assert rows.count() == 400
    assert set(rows.values_list("source__kind", flat=True)) == {"synthetic"}
    found = statistics_of(office.facility, today=date(2025, 12, 1))
    figures = found.figures
    assert (figures["projects"].value, figures["projects"].synthetic_share) == (400, 1.0)
    assert 0.35 < figures["regional_share"].value < 0.6
    assert [one.year for one in found.years] == list(range(2009, 2026))
