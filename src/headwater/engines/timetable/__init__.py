"""Earliest arrivals, full-day profiles and journeys over a railway timetable.

The timetable is a list of *hops*: one train going from one stop to its next stop. All questions are answered by one
pass over the hops (the Connection Scan of Dibbelt, Pajor, Strasser and Wagner): sorted by departure for "when can I
be there if I leave at eight", sorted by arrival for "all sensible departures of the whole day". A question asked
backwards (who can reach me, when must I leave) is the same question on the timetable mirrored in time.

What a traveller may do, and what it costs:

- stay on a train: nothing;
- change trains within a station: ``interchange_min`` of that station, between the arrival and the next departure;
  walking out and back is no way round it;
- walk (or take a bus) between two stations: the minutes of that walk, which include finding the platform. Walks may be
  chained; they are closed under chaining when the timetable is built;
- step on the first train and off the last one: nothing. Access, security and egress are for the caller to add.

Times are whole minutes after midnight of the day asked for; they may be negative or over 1440.

Sources: J. Dibbelt, T. Pajor, B. Strasser, D. Wagner, "Intriguingly Simple and Fast Transit Routing", SEA 2013, LNCS
7933, 43-54; the same, "Connection Scan Algorithm", ACM Journal of Experimental Algorithmics 23 (2018), 1.7.
"""

from headwater.engines.timetable.arrivals import Arrivals, earliest_arrivals, latest_departures
from headwater.engines.timetable.journeys import Leg
from headwater.engines.timetable.network import (
    DAY_MIN,
    Hops,
    Timetable,
    TimetableError,
    build_timetable,
    hops_on_days,
    mirrored,
)
from headwater.engines.timetable.profile import Profile, departure_profile, travel_minutes

__all__ = [
    "DAY_MIN",
    "Arrivals",
    "Hops",
    "Leg",
    "Profile",
    "Timetable",
    "TimetableError",
    "build_timetable",
    "departure_profile",
    "earliest_arrivals",
    "hops_on_days",
    "latest_departures",
    "mirrored",
    "travel_minutes",
]
