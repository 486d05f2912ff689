"""How far one comes by rail from a city, and who comes to an instrument: map, slider, table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from headwater.accounts import words
from headwater.catalogue import maps
from headwater.catalogue.asking import Ask, Parameters, read
from headwater.catalogue.journeys import LEAST_MINUTES, Asked, asked_reach
from headwater.catalogue.vocabulary import Vocabulary, vocabulary
from headwater.core.decision import Decision, Refused
from headwater.registry.facts import viewer_of
from headwater.registry.figures import instruments_in_cities
from headwater.registry.forms import LongSelect, city_choices
from headwater.registry.queries import region, visible_instruments, with_all

SLIDER = (LEAST_MINUTES, 480, 15)


def _context(request: HttpRequest, ask: Ask, known: Vocabulary, *, towards: bool, wrong: list[Any]) -> dict[str, Any]:
    """What page and fragment show; the map where there are a start and a timetable."""
    found: Asked | None = None
    context: dict[str, Any] = {"ask": ask, "towards": towards, "slider": SLIDER}
    context["origin_field"] = LongSelect(choices=city_choices()).render("from", ask.origin, {"id": "id_from"})
    if ask.origin:
        try:
            found = asked_reach(known, ask.origin, ask.trip, towards=towards)
        except Refused as refused:
            wrong += refused.decision.reasons
    held = region()
    if found is not None and held is not None:
        counts = instruments_in_cities(viewer_of(request.user))
        keys = {key: one.found for key, one in found.rows.items()}
        context["drawing"], context["spots"] = maps.of_reach(
            held, known.cities, counts, keys, found.origin.key, ask.trip.minutes
        )
        context["rows"] = [(one, counts.get(key, 0)) for key, one in found.rows.items()]
    return {**context, "found": found, "wrong": words.sentences(Decision(tuple(wrong)))}


@require_GET
@vary_on_headers("HX-Request")
def reach(request: HttpRequest) -> HttpResponse:
    """Which cities are within reach of one, or it of them."""
    known = vocabulary()
    values = Parameters(dict(request.GET.lists()))
    ask = read(values, known)
    context = _context(request, ask, known, towards=values.one("towards") == "1", wrong=list(ask.wrong))
    template = "catalogue/_reach.html" if request.htmx else "catalogue/reach.html"
    return render(request, template, context, status=422 if ask.wrong and not request.htmx else 200)


@require_GET
@vary_on_headers("HX-Request")
def instrument_reach(request: HttpRequest, public_id: str) -> HttpResponse:
    """From which cities one comes to an instrument within a time."""
    viewer = viewer_of(request.user)
    instrument = get_object_or_404(with_all(visible_instruments(viewer)), public_id=public_id)
    known = vocabulary()
    values = Parameters(dict(request.GET.lists()))
    ask = read(values, known)
    wrong = tuple(reason for reason in ask.wrong if reason.code != "reach.origin_unknown")
    ask = replace(ask, origin=instrument.city.code, wrong=wrong)
    context = _context(request, ask, known, towards=True, wrong=list(wrong)) | {"instrument": instrument}
    template = "catalogue/_reach.html" if request.htmx else "catalogue/instrument_reach.html"
    return render(request, template, context, status=422 if ask.wrong and not request.htmx else 200)
