"""At the instrument: the kiosk page, which starts and stops; and the calendars that programs read."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from headwater.booking import feeds, queries
from headwater.booking.actions.feeds import feed_digest
from headwater.booking.actions.using import start_use, stop_use
from headwater.booking.entries import entries
from headwater.booking.views.shared import actor, manages, said, shown
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of

AHEAD = timedelta(hours=12)


@login_required
@never_cache
def kiosk(request: HttpRequest, public_id: str) -> HttpResponse:
    """A page for a screen beside the instrument: who has it, who is next, and one big button."""
    instrument, viewer = shown(request, public_id)
    now = timezone.now()
    context = {"instrument": instrument, "zone": queries.zone_of(instrument), "now": now}
    status = 200
    if request.method == "POST":
        try:
            if request.POST.get("act") == "stop":
                stop_use(public_id, viewer, by=actor(request), at=now)
                messages.success(request, _("Stopped. Thank you."))
            else:
                start_use(public_id, viewer, by=actor(request), at=now)
                messages.success(request, _("Started."))
            return redirect("kiosk", public_id)
        except Refused as refused:
            status, context["said"] = 409, said(refused.decision, instrument)
    usage = queries.open_usage(instrument.pk)
    rows = queries.week_of(instrument, now, now + AHEAD)
    context |= {
        "usage": usage,
        "mine": usage is not None and usage.user_id == viewer.user_id,
        "manages": manages(instrument, viewer),
        "coming": entries(rows, instrument, viewer),
    }
    return render(request, "booking/kiosk.html", context, status=status)


def _calendar(text: bytes) -> HttpResponse:
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


@require_GET
def feed(_request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar behind a secret address; a revoked one is as if it had never been."""
    found = queries.live_feed(feed_digest(secret))
    if found is None or not found.user.is_active:
        raise Http404
    now, viewer = timezone.now(), viewer_of(found.user)
    if found.instrument is None:
        return _calendar(feeds.own_calendar(queries.feed_rows(found.user_id, now), at=now))
    instrument = queries.bookable(viewer).filter(pk=found.instrument_id).first()
    if instrument is None:
        raise Http404
    rows = queries.instrument_feed_rows(instrument, now)
    return _calendar(feeds.instrument_calendar(entries(rows, instrument, viewer), instrument, at=now))


@require_GET
def freebusy(request: HttpRequest, public_id: str) -> HttpResponse:
    """When an instrument is taken, without names; for whoever may see the instrument."""
    instrument, _viewer = shown(request, public_id)
    now = timezone.now()
    spans = queries.occupying(instrument.pk, now - timedelta(days=1), now + timedelta(days=90))
    return _calendar(feeds.free_busy(spans.values_list("occupied", flat=True), instrument, at=now))
