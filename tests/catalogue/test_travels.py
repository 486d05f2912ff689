"""What the calendar is told of the way to another city, and the refusal that says it."""

from __future__ import annotations

import pytest
from tests.booking.made import Lab, shanghai
from tests.factories import make_instrument, make_user

from headwater.booking import hooks
from headwater.core.decision import Refused

pytestmark = pytest.mark.django_db


def test_minutes_are_told_where_the_timetable_knows_both_cities(places):
    cities = {name: places[name].pk for name in ("hefei", "nanjing", "zhoushan")}
    # One hour by D3 and one to and from the doors; Zhoushan has no station.
    assert hooks.minutes_away(cities["hefei"], [cities["nanjing"], cities["zhoushan"]]) == {cities["nanjing"]: 120}
    assert hooks.minutes_away(cities["zhoushan"], [cities["hefei"]]) == {}


def test_refusal_names_minutes_by_rail_and_kilometres_where_no_train_goes(places):
    asked, near, island = (
        make_instrument(owner=places[f"lab_{city}"], city=places[city], techniques=(places["cryo"],))
        for city in ("hefei", "nanjing", "zhoushan")
    )
    island.lat, island.lon = 30.0, 122.2
    island.save()
    lab = Lab(asked, make_user(), make_user())
    lab.book(make_user(), shanghai(2, 9), shanghai(2, 11))
    with pytest.raises(Refused) as caught:
        lab.book(lab.guest, shanghai(2, 9), shanghai(2, 11))
    said = {one.code: one.facts for one in caught.value.decision.reasons}
    assert said["booking.similar_by_rail"]["instrument"] == near.public_id
    assert said["booking.similar_by_rail"]["minutes"] == 120
    assert said["booking.similar_instead"]["instrument"] == island.public_id
