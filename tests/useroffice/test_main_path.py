"""From a call to a published result, through the actions."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.useroffice.builders import AFTER, by, desk, make_office

from headwater.accounts.models import Notice
from headwater.booking.models import Reservation
from headwater.useroffice.actions import telling, visiting
from headwater.useroffice.models import Pool, Submission, Visit
from headwater.useroffice.ranking import cut_offs, ranking_of
from headwater.useroffice.statistics import statistics_of

pytestmark = pytest.mark.django_db


def test_a_call_becomes_a_schedule_and_a_result():
    office = make_office()
    user = office.proposer()
    one = office.submitted(user)
    two = office.submitted(requested=12, minimum=6)
    paper = Submission.objects.get(proposal=one)
    assert (one.code, one.state, bytes(paper.paper)[:5]) == ("2025A-0001", "submitted", b"%PDF-")
    office.checked(one, two)
    office.reviewed({one.public_id: 5, two.public_id: 2})
    ranking = ranking_of(office.call, desk(office.officer))
    assert [row.proposal for row in ranking.rows] == [one, two]
    assert [row.given for row in ranking.rows] == [3, 3]
    office.decided(one, two)
    version = office.published()
    assert version.differences == {"kept": [], "moved": [], "new": ["2025A-0001", "2025A-0002"], "dropped": []}
    booked = Reservation.objects.filter(kind="beamtime")
    assert {row.reference for row in booked} == {one.public_id, two.public_id}
    assert all(row.start.hour == 0 for row in booked)  # eight o'clock in Shanghai

    # decided now, told together
    one.refresh_from_db()
    assert (one.state, one.told_state) == ("scheduled", "")
    assert not Notice.objects.filter(code__startswith="decision.").exists()
    assert telling.send_letters(office.call.public_id, at=AFTER, **by(office.officer)) == 2
    told = Notice.objects.get(user=user, code="decision.scheduled")
    assert told.facts["shifts"] == 9
    with pytest.raises(Exception, match=r"letters\.none"):
        telling.send_letters(office.call.public_id, at=AFTER, **by(office.officer))

    # the visit
    visit = Visit.objects.get(proposal=one)
    visiting.set_visitor(visit.public_id, visit.members.get().name, cleared=True, at=AFTER, **by(office.scientist))
    with pytest.raises(Exception, match=r"visit\.sample_not_approved"):
        visiting.begin_visit(visit.public_id, at=AFTER, **by(office.scientist))
    visiting.set_sample_state(visit.public_id, "film", "approved", "cupboard 2", at=AFTER, **by(office.scientist))
    with pytest.raises(Exception, match=r"visit\.too_early"):
        visiting.begin_visit(visit.public_id, at=AFTER, **by(office.scientist))
    passed = {"waive": ("visit.too_early",), "ground": "Beam came early."}
    visiting.begin_visit(visit.public_id, at=AFTER, **passed, **by(office.scientist))
    visiting.finish_visit(
        visit.public_id, Decimal(56), Decimal(17), "beam", "All maps taken.", at=AFTER, **by(office.scientist)
    )
    visit.refresh_from_db()
    one.refresh_from_db()
    assert (visit.credited_shifts, one.state, one.report.due) == (2, "reporting", AFTER.date() + timedelta(days=60))
    visiting.submit_report(one.public_id, "We know now.", at=AFTER, **by(user))
    visiting.give_feedback(one.public_id, 5, "Good beam.", at=AFTER, **by(user))
    visiting.accept_report(one.public_id, at=AFTER, **by(office.officer))
    one.refresh_from_db()
    assert one.state == "closed"
    draft = visiting.OutputDraft("10.1000/strain", "Strain in thin films", 2025)
    output = visiting.link_output(one.public_id, draft, at=AFTER, **by(user))
    assert [link.proposal for link in output.links.all()] == [one]
    figures = statistics_of(office.facility, today=date(2025, 12, 1)).figures
    assert figures["projects"].value == 2
    assert figures["outputs_per_shift"].value == pytest.approx(1 / 21)
    assert figures["hours_lost_share"].value == pytest.approx(17 / 73)
    lines = cut_offs(ranking_of(office.call, desk(office.officer)), list(version.awards.all()))
    print(
        [(line.requested, line.granted, line.experiments, line.beamline) for line in lines],
        version.awards.values_list("shifts", "instrument"),
    )
    assert [(line.requested, line.granted) for line in lines] == [(21, 21)]


def test_hours_lost_to_the_machine_come_back_to_the_pool():
    office = make_office()
    Pool.objects.create(call=office.call, code="home", name_en="Home", name_zh="本地", rule="region", max_shifts=100)
    there, elsewhere = (
        Pool.objects.create(call=office.call, code=code, name_en=code, name_zh="线站", rule="region", max_shifts=9)
        for code in ("there", "elsewhere")
    )
    there.beamlines.set([office.lines[0]])
    elsewhere.beamlines.set([office.lines[1]])
    one = office.submitted()
    office.checked(one)
    office.reviewed()
    office.decided(one)
    office.published()
    visit = Visit.objects.get(proposal=one)
    visiting.set_visitor(visit.public_id, visit.members.get().name, cleared=True, at=AFTER, **by(office.officer))
    passed = {"waive": ("visit.sample_not_approved", "visit.too_early"), "ground": "Seen at the door."}
    visiting.begin_visit(visit.public_id, at=AFTER, **passed, **by(office.officer))
    visiting.finish_visit(
        visit.public_id, Decimal(40), Decimal(25), "beam", "Dump at night.", at=AFTER, **by(office.officer)
    )
    credited = dict(office.call.pools.values_list("code", "credit_shifts"))
    assert credited == {"home": 3, "there": 3, "elsewhere": 0}  # only where the hours were lost
