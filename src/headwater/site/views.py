"""The home page, and pages for what went wrong."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from headwater.accounts.api import problem
from headwater.core.context import REQUEST_ID
from headwater.registry import queries
from headwater.registry.facts import viewer_of
from headwater.registry.figures import counts, instruments_in_cities
from headwater.registry.maps import Drawing, draw
from headwater.registry.models import Region


def region_map(region: Region, request: HttpRequest) -> Drawing:
    """The region with its cities, sized by the instruments that the viewer may see."""
    counted = instruments_in_cities(viewer_of(request.user))
    places = [
        (city.lat, city.lon, counted.get(city.pk, 0), city.name, reverse("city", args=[city.code]))
        for city in queries.cities()
    ]
    return draw((region.west, region.south, region.east, region.north), region.coast, region.rail, places)


def home(request: HttpRequest) -> HttpResponse:
    """What Headwater is, the region on a map, its figures."""
    region = queries.region()
    if region is None:
        return render(request, "empty.html")
    counted = counts()
    made = next(one.estimate.synthetic_share for one in counted if one.code == "instruments")
    return render(
        request,
        "home.html",
        {
            "drawing": region_map(region, request),
            "counts": counted,
            "made_share": made,
            "jurisdictions": queries.jurisdictions().filter(kind="province"),
        },
    )


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """No such page; programs get a problem document."""
    if request.path.startswith("/api/"):
        return problem(404, _("There is no such address in this API; see /api/docs."))
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Something failed on our side; the page says under which id it was written down."""
    return render(request, "500.html", {"request_id": REQUEST_ID.get()}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without its token: an old page, or another site's."""
    return render(request, "csrf.html", {"reason": reason}, status=403)
