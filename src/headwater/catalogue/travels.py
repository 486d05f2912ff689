"""What the calendar is told of the way between two cities, where the timetable knows both."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from headwater.booking.hooks import Listener
from headwater.catalogue.journeys import MOST_MINUTES, Trip, laid, within
from headwater.catalogue.vocabulary import vocabulary


class Travels(Listener):
    """Door-to-door minutes by the timetable in force, the fastest journey of the day."""

    def minutes_away(self, city_id: int, others: Collection[int]) -> Mapping[int, int]:
        held = laid(vocabulary().cities)
        if held is None or city_id not in held.name_of:
            return {}
        reached = within(held, city_id, Trip(minutes=MOST_MINUTES))
        return {key: reached[key].minutes for key in others if key in reached}
