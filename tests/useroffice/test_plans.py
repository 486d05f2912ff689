"""Plans beside one another, and planning again with what the office fixes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from tests.factories import make_token
from tests.useroffice.builders import AFTER, by, make_office
from tests.useroffice.test_access import codes

from headwater.useroffice import comparing
from headwater.useroffice.actions import beamcalendar, pools, scheduling
from headwater.useroffice.models import Pin, Scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready():
    """An office with three recommended proposals, the third without room when a week is lost, and its first plan."""
    office = make_office(lines=2, days=14)
    both = [one.public_id for one in office.lines]
    asked = [(both, 15), (both[:1], 18), (both[:1], 15)]
    made = [
        office.submitted(title=f"P{k}", beamlines=lines, requested=n, minimum=9) for k, (lines, n) in enumerate(asked)
    ]
    office.checked(*made)
    office.reviewed()
    office.decided(*made)
    return office, made, office.planned()


def again(office, wishes, **more):
    scenario = Scenario.objects.order_by("-pk")[0]
    given = {"reason": "With a guest.", "seconds": 5.0, "queue": False, "at": AFTER} | more
    made = scheduling.replan(
        scenario.public_id, [scheduling.Wish(*one) for one in wishes], **given, **by(office.officer)
    )
    return scheduling.solve(made.public_id, at=AFTER)


def test_replanning_keeps_bars_and_frees_and_says_what_differs(ready):
    office, (one, two, three), first = ready
    places = {row[0]: row[1:] for row in first.plan["awards"]}
    assert set(places) == {one.public_id, two.public_id, three.public_id}
    barred = next(line for line in office.lines if line.public_id == places[two.public_id][0])
    second = again(office, [(one.public_id, "keep"), (two.public_id, "away"), (three.public_id, "keep")])
    assert second.made_from == first
    pin = Pin.objects.get(proposal=one)
    assert (pin.instrument.public_id, pin.shifts, pin.reason) == (places[one.public_id][0], 15, "With a guest.")
    assert Pin.objects.get(proposal=two).banned == [barred.pk]
    now = {row[0]: row[1:] for row in second.plan["awards"]}
    assert now[one.public_id] == places[one.public_id]
    assert two.public_id not in now

    found = comparing.compare(first, second)
    assert [each.proposal for each in found.differences] == [two]
    assert found.same == 2
    lost = found.differences[0]
    assert (lost.first.shifts, lost.second) == (18, None)
    assert lost.gain == pytest.approx(second.merit - first.merit)
    assert lost.second_why == (f"The office keeps it from {barred.name}.",)
    assert found.first.asked == ("It was searched for 10 seconds.",)
    assert [said.split(":")[0] for said in found.second.asked] == [
        f"{one.code} is fixed in it",
        f"{two.code} is kept from {barred.name}.",
        f"{three.code} is fixed in it",
        "It was searched for 5 seconds.",
    ]
    assert (found.first.granted, found.second.granted) == (3, 2)

    third = again(office, [(each.public_id, "free") for each in (one, two, three)], reason="")
    assert not Pin.objects.exists()
    assert third.merit == pytest.approx(first.merit)


def test_comparison_names_what_was_asked_otherwise(ready):
    office, (one, *_rest), first = ready
    acting = {"at": AFTER, **by(office.officer)}
    line = office.lines[0]
    week = beamcalendar.PeriodDraft("shutdown", date(2025, 6, 2), date(2025, 6, 9), line.public_id)
    beamcalendar.set_periods(office.facility.public_id, [week], **acting)
    pools.set_pool(office.call.public_id, pools.PoolDraft("own", "自用", "Own", "region", max_shifts=30), **acting)
    second = office.planned()
    found = comparing.compare(first, second)
    assert found.second.asked == (f"{line.name} has 7 days with beam.", "The pool “Own” has other limits.")
    assert found.first.asked == (f"{line.name} has 14 days with beam.",)
    assert found.differences
    assert sum(each.gain for each in found.differences) == pytest.approx(second.merit - first.merit)
    assert all(each.first_why and each.second_why for each in found.differences)
    assert one


def test_wish_without_a_place_or_a_reason_is_refused_and_changes_nothing(ready):
    office, (one, two, _three), _first = ready
    again(office, [(two.public_id, "away")])
    refused = codes(lambda: again(office, [(two.public_id, "keep"), (one.public_id, "keep")]))
    assert refused == {"scenario.wish_without_place"}
    assert codes(lambda: again(office, [(one.public_id, "keep")], reason="")) == {"pin.reason_missing"}
    assert not Pin.objects.filter(proposal=one).exists()
    assert Scenario.objects.count() == 2


def test_pages_compare_and_plan_again(ready):
    office, (one, two, three), first = ready
    client = Client()
    client.force_login(office.officer)
    path = reverse("scenario", args=[first.public_id])
    text = client.get(path).content.decode()
    assert "not on this beamline" in text
    data = {"again": "1", f"do_{one.public_id}": "keep", f"do_{two.public_id}": "away", f"do_{three.public_id}": "keep"}
    data["seconds"] = "5"
    assert "Write down why it is fixed." in client.post(path, data).content.decode()
    assert client.post(path, {**data, "reason": "With a guest."}).status_code == 302
    second = Scenario.objects.order_by("-pk")[0]
    assert second.state == "queued"
    scheduling.solve(second.public_id, at=AFTER)
    text = client.get(reverse("scenario", args=[second.public_id])).content.decode()
    assert "Fixed by the office" in text
    assert "Show both side by side" in text
    compare = reverse("compare_plans", args=[office.call.public_id])
    chosen = {"first": first.public_id, "second": second.public_id}
    text = client.get(compare, chosen).content.decode()
    assert two.code in text
    assert "2 proposals are treated alike." in text
    assert "not granted" in text
    assert client.get(compare, {"first": "scn_none", "second": first.public_id}).status_code == 422
    assert "Plans side by side" in client.get(reverse("scenarios", args=[office.call.public_id])).content.decode()

    other = make_office()
    client.force_login(other.officer)
    for name, args in (("scenario", [first.public_id]), ("compare_plans", [office.call.public_id])):
        answer = client.get(reverse(name, args=args), chosen)
        assert answer.status_code in (403, 404)
        assert two.code not in answer.content.decode()
    assert client.post(path, {**data, "reason": "x"}).status_code == 404
    _token, key = make_token(other.officer, scopes=("read", "write"))
    api = Client(headers={"Authorization": f"Bearer {key}"})
    where = f"/api/v1/scenarios/{first.public_id}"
    assert api.get(f"{where}/comparison", {"other": second.public_id}).status_code == 404
    assert api.post(f"{where}/replan", {"reason": "x"}, "application/json").status_code == 403
    _token, key = make_token(office.officer, scopes=("read", "write"))
    api = Client(headers={"Authorization": f"Bearer {key}"})
    told = api.get(f"{where}/comparison", {"other": second.public_id}).json()
    assert [each["number"] for each in told["differences"]] == [two.code]
    assert told["first"]["granted"] == 3
    wish = {"wishes": [{"proposal": two.public_id, "kind": "free"}], "seconds": 5}
    assert api.post(f"{where}/replan", wish, "application/json").json()["state"] == "queued"
    assert not Pin.objects.filter(proposal=two).exists()


def test_comparing_costs_the_same_for_few_and_many(django_assert_num_queries):
    office = make_office(days=28)
    made = [office.submitted(title="P0")]
    office.checked(*made)
    office.reviewed()
    office.decided(*made)
    first, second = office.planned(), office.planned(AFTER + timedelta(minutes=1))
    with django_assert_num_queries(12):
        comparing.compare(first, second)
    more = [office.submitted(title=f"Q{k}", requested=3, minimum=3) for k in range(8)]
    office.checked(*more)
    office.reviewed()
    office.decided(*more)
    first = office.planned(AFTER + timedelta(minutes=2))
    scheduling.set_pin(more[0].public_id, shifts=3, reason="x", at=AFTER, **by(office.officer))
    second = office.planned(AFTER + timedelta(minutes=3))
    with django_assert_num_queries(12):
        comparing.compare(first, second)
