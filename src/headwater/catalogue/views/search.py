"""Finding an instrument: results as one types, narrowed, on a map, as a table; several side by side."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from headwater.accounts import words
from headwater.catalogue import finding, maps, offers, tables
from headwater.catalogue.asking import VIEWS, Ask, Parameters, read
from headwater.catalogue.journeys import MINUTES_OFFERED
from headwater.catalogue.rules import MOST_LETTERS, may_compare
from headwater.catalogue.vocabulary import Vocabulary, vocabulary
from headwater.catalogue.wording import REMARKS
from headwater.core.decision import Decision, Refused, permit
from headwater.registry.facts import viewer_of
from headwater.registry.forms import LongSelect, city_choices
from headwater.registry.queries import region, visible_instruments, with_all


def asked(request: HttpRequest) -> tuple[Ask, Vocabulary]:
    """What the address asks."""
    known = vocabulary()
    return read(Parameters(dict(request.GET.lists())), known), known


TRIP = ("from", "minutes", "date", "leave", "back", "stay", "door")


def orders(ask: Ask) -> list[tuple[str, object]]:
    """The orders that work for this question, with their names."""
    found: list[tuple[str, object]] = [("relevance", _("relevance"))]
    if ask.origin:
        found.append(("reach", _("reach")))
    return [*found, *((offer.code, offer.sort_title) for offer in offers.known())]


def trip_fields(ask: Ask) -> dict[str, Any]:
    """What the form of where she is and how far she goes shows."""
    minutes = ask.trip.minutes
    return {
        "origin_field": LongSelect(choices=city_choices()).render("from", ask.origin, {"id": "id_from"}),
        "minutes": [(one, one == minutes) for one in sorted({*MINUTES_OFFERED, minutes})],
    }


@require_GET
@vary_on_headers("HX-Request")
def find(request: HttpRequest) -> HttpResponse:
    """The page for finding an instrument; htmx gets the results alone."""
    ask, known = asked(request)
    viewer = viewer_of(request.user)
    wrong = [*ask.wrong]
    answer = None
    try:
        answer = finding.answer(ask, viewer, at=timezone.now())
    except Refused as refused:
        wrong += refused.decision.reasons
    context: dict[str, Any] = {
        "ask": ask,
        "answer": answer,
        "wrong": words.sentences(Decision(tuple(wrong))),
        "asked_filters": [pair for pair in ask.pairs() if pair[0] in ask.filters],
        "orders": [(code, title, ask.but(sort=code)) for code, title in orders(ask)],
        "without_synthetic": ("no" in ask.filters.get("synthetic", ()), ask.toggled("synthetic", "no")),
        "views": [ask.but(view=view) for view in VIEWS],
        "trip_pairs": [pair for pair in ask.pairs() if pair[0] in TRIP],
        "remarks": [REMARKS[code] for code in answer.remarks if code in REMARKS] if answer else [],
        "most_letters": MOST_LETTERS,
        "may_add": bool(viewer.managed or viewer.operator),
    }
    if answer is not None and ask.view == "map" and (held := region()) is not None:
        context["drawing"] = maps.of_hits(held, answer, known)
    if request.htmx:
        return render(request, "catalogue/_results.html", context)
    context |= trip_fields(ask)
    return render(request, "catalogue/find.html", context, status=200 if answer is not None else 422)


@require_GET
def found_table(request: HttpRequest) -> HttpResponse:
    """The results as CSV, in their order."""
    ask, _known = asked(request)
    pieces = tables.results(ask, viewer_of(request.user), at=timezone.now())
    return StreamingHttpResponse(
        pieces,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="found-{timezone.now():%Y-%m-%d}.csv"'},
    )


@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Up to five instruments side by side."""
    picked = list(dict.fromkeys(one for one in request.GET.getlist("pick") if one))
    viewer = viewer_of(request.user)
    shown = {one.public_id: one for one in with_all(visible_instruments(viewer).filter(public_id__in=picked[:20]))}
    permit(may_compare(len(picked), len(shown)))
    ask, _known = asked(request)
    columns = finding.side_by_side([shown[one] for one in picked], ask, viewer, at=timezone.now())
    return render(
        request,
        "catalogue/compare.html",
        {
            "columns": columns,
            "offered_rows": [
                (offer, [one.offered[place] for one in columns]) for place, offer in enumerate(offers.known())
            ],
            "ask": ask,
            "wrong": words.sentences(Decision(ask.wrong)),
        },
    )
