"""The map of what was found, and of how far one comes: the registry's map with the cities told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from headwater.catalogue.finding import Answer
from headwater.catalogue.journeys import told_minutes
from headwater.catalogue.vocabulary import Labels, Vocabulary
from headwater.registry.maps import Dot, Drawing, draw
from headwater.registry.models import Region
from headwater.timetables.reach import Reached


@dataclass(frozen=True, slots=True)
class Spot:
    """A city with how it stands to the question: ``origin``, ``near``, ``middle``, ``far`` or ``out`` of reach."""

    dot: Dot
    state: str


def of_hits(region: Region, answer: Answer, known: Vocabulary) -> Drawing:
    """The cities where hits stand, sized by their number; each narrows the hits to itself, or back."""
    ask = answer.ask
    places = [
        (
            city.lat,
            city.lon,
            answer.by_city[key],
            city.name,
            f"{reverse('instruments')}?{ask.toggled('city', city.code)}",
        )
        for key, city in known.cities.items()
        if answer.by_city.get(key)
    ]
    return draw((region.west, region.south, region.east, region.north), region.coast, region.rail, places)


def of_reach(
    region: Region, cities: Labels, counts: Mapping[int, int], reached: Mapping[int, Reached], origin: int, limit: int
) -> tuple[Drawing, list[Spot]]:
    """All cities, sized by their instruments, told apart by how far they are; each link asks the same from there."""
    state_of: dict[str, str] = {}
    places = []
    for key, city in cities.items():
        found = reached.get(key)
        url = f"{reverse('reach')}?{urlencode({'from': city.code, 'minutes': limit})}"
        name = city.name if found is None or key == origin else f"{city.name} {told_minutes(found.minutes)}"
        state_of[url] = _state(found, limit, here=key == origin)
        places.append((city.lat, city.lon, counts.get(key, 0), name, url))
    drawing = draw((region.west, region.south, region.east, region.north), region.coast, region.rail, places)
    return drawing, [Spot(dot, state_of[dot.url]) for dot in drawing.dots]


def _state(found: Reached | None, limit: int, *, here: bool) -> str:
    if here:
        return "origin"
    if found is None:
        return "out"
    third = 3 * found.minutes / limit
    return "near" if third <= 1 else "middle" if third <= 2 else "far"
