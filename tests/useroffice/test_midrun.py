"""Planning again in the middle of a run: what has begun stays, what is gone is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from tests.useroffice.builders import AFTER, NOW, by, make_office
from tests.useroffice.test_office import booked, ready

from headwater.useroffice import programme, rounds
from headwater.useroffice.actions import beamcalendar, pools, telling, visiting
from headwater.useroffice.models import Award, Proposal, Scenario

pytestmark = pytest.mark.django_db


def test_what_has_begun_stays_when_the_plan_is_made_again_in_the_middle_of_the_run():
    office, _made = ready()
    office.published()
    telling.send_letters(office.call.public_id, at=AFTER, **by(office.officer))
    first = Award.objects.order_by("start", "pk").select_related("proposal").first()
    before, visit = booked(), first.proposal.visit
    noon = datetime(first.start.year, first.start.month, first.start.day, 4, tzinfo=UTC)
    host = {"at": noon, **by(office.scientist)}
    visiting.set_visitor(visit.public_id, visit.members.get().name, cleared=True, **host)
    visiting.begin_visit(visit.public_id, waive=("visit.sample_not_approved",), ground="Seen.", **host)
    assert first.proposal.public_id not in {one.id for one in rounds.build_round(office.call).proposals}
    # a plan from nothing, on the second day: nobody gets its days, nor a day that is gone
    later = noon + timedelta(days=1)
    acting = {"at": later, **by(office.officer)}
    free = beamcalendar.PeriodDraft("shutdown", first.start, first.start + timedelta(days=1))
    beamcalendar.set_periods(office.facility.public_id, [free], **acting)  # even where its day lost its beam since
    second = office.published(later)
    assert first.proposal.code in second.differences["kept"]
    assert second.differences["dropped"] == []
    held = second.awards.get(proposal=first.proposal)
    assert (held.instrument, held.start, held.end, held.shifts) == (
        first.instrument,
        first.start,
        first.end,
        first.shifts,
    )
    assert booked()[first.proposal.public_id] == before[first.proposal.public_id]
    others = list(second.awards.exclude(proposal=first.proposal))
    assert len(others) == 2
    assert all(one.start >= later.date() or one.proposal.code in second.differences["kept"] for one in others)
    # ended, it stays counted
    visiting.finish_visit(visit.public_id, Decimal(9), Decimal(0), "", "Fine.", **(host | {"at": later}))
    third = office.published(later + timedelta(hours=1), from_published=True)
    assert third.awards.filter(proposal=first.proposal).exists()
    assert Scenario.objects.order_by("-pk")[0].open_from == later.date()
    years = {one.year: one for one in programme.years_of([office.facility.pk])[office.facility.pk]}
    assert years[2025].granted == sum(one.shifts for one in third.awards.all())
    client = Client()
    client.force_login(office.officer)
    page = client.get(reverse("scenario", args=[Scenario.objects.order_by("-pk")[0].public_id])).content.decode()
    assert "Experiments that have begun stay as they are:" in page


def test_shifts_of_what_has_begun_count_in_its_pools():
    office = make_office()
    pool = pools.PoolDraft("home", "本地", "Home", "region", max_shifts=12, min_shifts=3)
    pools.set_pool(office.call.public_id, pool, at=NOW, **by(office.officer))
    one, two = office.submitted(), office.submitted()
    office.checked(one, two)
    office.reviewed()
    office.decided(one, two)
    office.published()
    held = Award.objects.get(proposal=one)
    assert held.shifts + sum(Award.objects.filter(proposal=two).values_list("shifts", flat=True)) <= 12
    Proposal.objects.filter(pk=one.pk).update(state="running")
    share = rounds.build_round(office.call).shares[0]
    assert (share.min_shifts, share.max_shifts) == (max(0, 3 - held.shifts), 12 - held.shifts)
