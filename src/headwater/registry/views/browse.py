"""Reading the record: lists and pages of instruments, organisations, facilities, places, figures, sources."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from headwater.accounts.queries import trail_of
from headwater.core.decision import permit
from headwater.registry import queries, rules
from headwater.registry.facts import draft_of, instrument_facts, viewer_of
from headwater.registry.figures import counts, instruments_in_cities
from headwater.registry.formats.pidinst import document_of
from headwater.registry.models import City, FacilityStatus, Instrument, OrganisationKind, Source, Zone
from headwater.registry.queries import InstrumentFilter

TRAIL_SHOWN = 50
BESIDE_SHOWN = 8


def _key(request: HttpRequest, name: str) -> int | None:
    """A list's position in the address; anything else than a number begins anew."""
    given = request.GET.get(name, "")
    return int(given) if given.isdigit() and len(given) < 19 else None


def _cut(request: HttpRequest, rows: Any) -> queries.Cut[Any]:
    return queries.cut(rows, after=_key(request, "after"), before=_key(request, "before"))


def _address(request: HttpRequest) -> str:
    """The list's address without its position, ready for one."""
    kept = request.GET.copy()
    for name in ("after", "before"):
        kept.pop(name, None)
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    return kept.urlencode()


def shown_instrument(request: HttpRequest, public_id: str) -> tuple[Instrument, rules.Viewer]:
    """The instrument, if this request's viewer may see it; a hidden one is as if it were not there."""
    viewer = viewer_of(request.user)
    instrument = get_object_or_404(queries.with_all(queries.visible_instruments(viewer)), public_id=public_id)
    permit(rules.may_see_instrument(instrument_facts(instrument), viewer))
    return instrument, viewer


def instrument(request: HttpRequest, public_id: str) -> HttpResponse:
    """One instrument's page."""
    found, viewer = shown_instrument(request, public_id)
    return render(
        request,
        "registry/instrument.html",
        {
            "instrument": found,
            "techniques": [link.technique for link in found.technique_links.all()],
            "sees_contact": rules.may_see_contact(viewer).allowed(),
            "may_change": rules.may_manage(found.owner_id, viewer).allowed(),
            "sees_trail": rules.may_see_trail(found.owner_id, viewer).allowed(),
        },
    )


def instrument_history(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who changed what in one instrument."""
    found, viewer = shown_instrument(request, public_id)
    permit(rules.may_see_trail(found.owner_id, viewer))
    return render(
        request, "registry/history.html", {"instrument": found, "trail": trail_of(found.public_id)[:TRAIL_SHOWN]}
    )


def instrument_pidinst(request: HttpRequest, public_id: str) -> HttpResponse:
    """One instrument as PIDINST 1.0 JSON."""
    found, viewer = shown_instrument(request, public_id)
    return JsonResponse(
        document_of(found, draft_of(found), with_contact=rules.may_see_contact(viewer).allowed()),
        json_dumps_params={"ensure_ascii": False, "indent": 1},
    )


def organisations(request: HttpRequest) -> HttpResponse:
    """The list of organisations, by kind."""
    kind = request.GET.get("kind", "")
    rows = queries.organisations()
    if kind in OrganisationKind.values:
        rows = rows.filter(kind=kind)
    context = {
        "page": _cut(request, rows),
        "address": _address(request),
        "kinds": OrganisationKind.choices,
        "kind": kind,
    }
    return render(request, "registry/organisations.html", context)


def organisation(request: HttpRequest, public_id: str) -> HttpResponse:
    """One organisation's page."""
    viewer = viewer_of(request.user)
    found = get_object_or_404(queries.organisations(), public_id=public_id)
    mine = queries.narrowed(queries.visible_instruments(viewer), InstrumentFilter(owner=public_id))
    return render(
        request,
        "registry/organisation.html",
        {
            "organisation": found,
            "instruments": queries.cut(queries.with_listing(mine), after=None, size=BESIDE_SHOWN),
            "facilities": queries.facilities().filter(operator=found),
            "ties": queries.ties_of(found),
            "figures": queries.figures_about("organisation", found.code),
            "may_manage": rules.may_manage(found.pk, viewer).allowed(),
        },
    )


def facilities(request: HttpRequest) -> HttpResponse:
    """The list of facilities, by status."""
    status = request.GET.get("status", "")
    rows = queries.facilities()
    if status in FacilityStatus.values:
        rows = rows.filter(status=status)
    return render(
        request, "registry/facilities.html", {"facilities": rows, "statuses": FacilityStatus.choices, "status": status}
    )


def facility(request: HttpRequest, public_id: str) -> HttpResponse:
    """One facility's page with its beamlines and stations."""
    found = get_object_or_404(queries.facilities(), public_id=public_id)
    beamlines = queries.visible_instruments(viewer_of(request.user)).filter(facility=found).order_by("local_id")
    return render(
        request,
        "registry/facility.html",
        {
            "facility": found,
            "beamlines": queries.with_listing(beamlines),
            "figures": queries.figures_about("facility", found.code),
        },
    )


def cities(request: HttpRequest) -> HttpResponse:
    """The list of cities with what stands in each."""
    counted = instruments_in_cities(viewer_of(request.user))
    rows = [(city, counted.get(city.pk, 0)) for city in queries.cities()]
    return render(request, "registry/cities.html", {"rows": rows})


def city(request: HttpRequest, code: str) -> HttpResponse:
    """One city's page."""
    found: City = get_object_or_404(queries.cities(), code=code)
    here = queries.narrowed(queries.visible_instruments(viewer_of(request.user)), InstrumentFilter(city=code))
    return render(
        request,
        "registry/city.html",
        {
            "city": found,
            "instruments": queries.cut(queries.with_listing(here), after=None, size=BESIDE_SHOWN),
            "facilities": queries.facilities().filter(city=found),
            "organisations": queries.cut(queries.organisations().filter(city=found), after=None, size=BESIDE_SHOWN),
            "zones": queries.zones().filter(cities=found),
            "figures": queries.figures_about("city", code),
        },
    )


def zones(request: HttpRequest) -> HttpResponse:
    """Parks, science cities and corridors."""
    return render(request, "registry/zones.html", {"zones": queries.zones()})


def zone(request: HttpRequest, code: str) -> HttpResponse:
    """One park's, science city's or corridor's page."""
    found: Zone = get_object_or_404(queries.zones(), code=code)
    counted = instruments_in_cities(viewer_of(request.user))
    members = [(city, counted.get(city.pk, 0)) for city in found.cities.all()]
    return render(
        request,
        "registry/zone.html",
        {"zone": found, "members": members, "figures": queries.figures_about("zone", code)},
    )


def techniques(request: HttpRequest) -> HttpResponse:
    """The vocabulary of techniques, in groups."""
    return render(request, "registry/techniques.html", {"groups": queries.technique_groups()})


def figures(request: HttpRequest) -> HttpResponse:
    """What was published about the region, and what its record counts: never mixed."""
    return render(request, "registry/figures.html", {"figures": queries.figures(), "counts": counts()})


def source(request: HttpRequest, key: str) -> HttpResponse:
    """One source: where facts come from."""
    return render(request, "registry/source.html", {"source": get_object_or_404(Source, key=key)})
