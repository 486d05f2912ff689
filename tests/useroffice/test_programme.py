"""Figures of a user programme: published beside counted, and plain counts for readers across facilities."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from tests.factories import make_figure, make_organisation, make_source
from tests.useroffice.builders import AFTER, NOW, by, make_office

from headwater.accounts.audit import SYSTEM
from headwater.useroffice import programme, wording
from headwater.useroffice.actions import history, visiting
from headwater.useroffice.models import Call, Proposal
from headwater.useroffice.statistics import COUNTED_AS, statistics_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def running():
    """An office with a made-up past, two proposals, one with beamtime and a paper; one comes from a company."""
    office = make_office()
    history.load_past(office.facility, projects=300, by=SYSTEM, at=NOW)
    firm = make_organisation(kind="company", city=office.home.city)
    one = office.submitted(title="One")
    two = office.submitted(title="Two", organisation=firm.public_id, requested=27, minimum=27)
    office.checked(one, two)
    office.reviewed()
    office.decided(one)
    office.decided(two, kind="decline")
    office.published()
    visiting.link_output(one.public_id, visiting.OutputDraft("10.1/x", "X", 2025), at=AFTER, **by(office.officer))
    return office


def test_published_figures_stand_beside_counted_ones_with_the_synthetic_part(running):
    office = running
    code = office.facility.code
    given = {"subject_kind": "facility", "subject": code, "sources": [make_source(title_en="A newspaper")]}
    for ending, value, comparison, unit in (
        ("projects", 20_000, "gt", "projects"),
        ("users-from-region", 50, "nearly", "%"),
        ("beamtime-met", 25, "about", "%"),
        ("staff", 900, "", "people"),
    ):
        make_figure(code=f"{code}-{ending}", value=value, comparison=comparison, unit_en=unit, **given)
    found = statistics_of(office.facility, today=date(2025, 12, 1))
    beside = {one.code: one for one in found.beside}
    assert set(beside) == {"projects", "regional_share", "beamtime_met"}
    assert beside["projects"].computed.value == 302
    assert beside["projects"].published.value == 20_000
    assert beside["projects"].computed.synthetic_share == pytest.approx(300 / 302)
    assert beside["beamtime_met"].computed.value == pytest.approx(9 / 36)
    assert (beside["beamtime_met"].computed.records, beside["beamtime_met"].computed.synthetic_share) == (2, 0.0)
    assert [one.code for one in found.published] == [f"{code}-staff"]
    for language, said in (("en", "more than 20,000 projects"), ("zh-hans", "超过 20,000")):
        client = Client(headers={"Accept-Language": language})
        text = client.get(reverse("office_figures", args=[office.facility.public_id])).content.decode()
        assert said in text
        assert "99.3 %" in text
        assert "A newspaper" in text or language != "en"
    with translation.override("zh-hans"):
        assert all(str(wording.BESIDE[one]).startswith("统计口径") for one in COUNTED_AS.values())


def test_counts_are_by_year_and_by_people(running):
    office = running
    years = {one.year: one for one in programme.years_of([office.facility.pk])[office.facility.pk]}
    assert sorted(years) == list(range(2009, 2026))
    now = years[2025]
    assert (now.requested, now.granted) == (36, 9)
    assert now.industry >= 1
    users = programme.users_of([office.facility.pk])[office.facility.pk]
    assert {(one.kind, one.regional, one.people, one.synthetic) for one in users} == {
        ("company", True, 1, 0),
        (office.home.kind, True, 1, 0),
    }


def test_reading_many_facilities_costs_what_reading_one_does(running, django_assert_num_queries):
    offices = [running, make_office(), make_office()]
    for office in offices[1:]:
        office.submitted()
    keys = [one.facility.pk for one in offices]
    for facilities in (keys[:1], keys):
        with django_assert_num_queries(6):
            years = programme.years_of(facilities)
        with django_assert_num_queries(2):
            users = programme.users_of(facilities)
        assert list(years) == list(users) == facilities
    assert [len(programme.years_of(keys)[key]) for key in keys] == [17, 1, 1]
    assert programme.years_of([]) == {}


def test_what_no_schedule_has_decided_is_not_counted_as_unmet(running):
    office = running
    was = statistics_of(office.facility, today=date(2025, 12, 1)).figures
    held = Proposal.objects.filter(call=office.call).first()
    later = Call.objects.get(pk=office.call.pk)
    later.pk, later.public_id, later.code = None, "cal_later", "LATER"
    later.save()
    held.pk, held.public_id, held.code, held.call, held.state, held.requested = (
        None,
        "pro_l",
        "L-1",
        later,
        "review",
        30,
    )
    held.save()
    now = statistics_of(office.facility, today=date(2025, 12, 1)).figures
    assert now["projects"].value == was["projects"].value + 1
    for code in ("oversubscription", "beamtime_met"):
        assert (now[code].value, now[code].records) == (was[code].value, was[code].records)


def test_shares_stand_as_per_cent_and_projects_are_grouped(running):
    text = Client().get(reverse("office_figures", args=[running.facility.public_id])).content.decode()
    assert '<b class="num">25 % </b>' in text  # beamtime met: 9 of 36 shifts
    assert "0.250" not in text
