"""An instrument's calendar by week and month, and the form that takes time on it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _, ngettext, pgettext
from django.views.decorators.http import require_GET

from headwater.booking import grid, queries
from headwater.booking.actions.reserving import Ask, Repeat, book, book_series, preview
from headwater.booking.entries import Entry, entries
from headwater.booking.facts import limits_left
from headwater.booking.forms import BookForm, WishForm
from headwater.booking.models import Kind, State
from headwater.booking.money import shown_quote
from headwater.booking.policies import in_force
from headwater.booking.views.groups import worded
from headwater.booking.views.shared import ZONE_COOKIE, actor, her_zone, manages, read_instant, said, shown
from headwater.core.decision import Refused
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

MONTHS_AHEAD = 36


def _day(text: str, fallback: date) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return fallback
    return found if 2000 <= found.year < 2200 else fallback


def _bookable(instrument: Instrument) -> bool:
    return instrument.access == "booking" and instrument.status == "operating"


def _block(number: int, one: Entry) -> grid.Block:
    """An entry as the grid shows it, in the reader's language."""
    label = str(Kind(one.kind).label)
    if one.mine:
        label = _("yours: %(state)s") % {"state": State(one.state).label}
    elif one.row is not None and one.row.holder is not None:
        label = f"{one.row.holder} · {State(one.state).label}"
    elif one.kind == Kind.BOOKING:
        label = _("taken")
    if one.kind == Kind.OUTAGE and one.note:
        label = f"{label}: {one.note[:80]}"
    if one.synthetic:
        label = f"{label} · {_('synthetic')}"
    url = f"/bookings/{one.row.public_id}/" if one.row is not None and one.kind != Kind.OUTAGE else ""
    css = "mine" if one.mine else one.kind
    return grid.Block(str(number), one.start, one.end, css, label, url)


@require_GET
def instrument_calendar(request: HttpRequest, public_id: str) -> HttpResponse:
    """The calendar of one instrument, a week or a month of it, by the instrument's clocks or hers."""
    instrument, viewer = shown(request, public_id)
    now, home, hers = timezone.now(), queries.zone_of(instrument), her_zone(request, instrument)
    zone, other = (hers, home) if request.GET.get("clocks") == "mine" else (home, hers)
    today = now.astimezone(zone).date()
    context: dict[str, Any] = {
        "instrument": instrument,
        "zone": zone,
        "other": other,
        "home": home,
        "hers": hers,
        "clocks": "mine" if zone != home else "",
        "manages": manages(instrument, viewer),
        "now": now,
        "can_book": _bookable(instrument),
    }
    if request.GET.get("month"):
        context |= _month(instrument, _day(request.GET["month"], today).replace(day=1), zone, now)
        template = "booking/month.html"
    else:
        context |= _week(instrument, viewer, _day(request.GET.get("week", ""), today), zone, other, now)
        template = "booking/_week.html" if request.htmx else "booking/calendar.html"
    response = render(request, template, context)
    response.headers["Vary"] = "HX-Request, Cookie"
    if request.GET.get("zone"):
        response.set_cookie(ZONE_COOKIE, str(hers), max_age=365 * 86_400, samesite="Lax", httponly=False)
    return response


def _week(
    instrument: Instrument, viewer: Viewer, day: date, zone: ZoneInfo, other: ZoneInfo, now: datetime
) -> dict[str, Any]:
    monday = grid.monday_of(day)
    days = [monday + timedelta(days=number) for number in range(7)]
    start, end = (datetime.combine(one, time(), tzinfo=zone) for one in (monday, monday + timedelta(days=7)))
    held = in_force(instrument, now)
    found = entries(queries.week_of(instrument, start, end), instrument, viewer)
    blocks = [_block(number, one) for number, one in enumerate(found)]
    row_minutes = 30 if held.terms.step_minutes <= 30 else 60
    rows = grid.week(days, zone, other, held.opened(start, end), blocks, now=now, row_minutes=row_minutes)
    head = pgettext("the head of a day's column", "D j.n.")
    return {
        "days": [(one, date_format(one, head), one == now.astimezone(zone).date()) for one in days],
        "rows": rows,
        "monday": monday,
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
        "terms": held.terms,
        "found": found,
        "synthetic": any(one.synthetic for one in found),
    }


def _month(instrument: Instrument, first: date, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    begins = grid.monday_of(first)
    start = datetime.combine(begins, time(), tzinfo=zone)
    end = datetime.combine(begins + timedelta(days=42), time(), tzinfo=zone)
    held = in_force(instrument, now)
    spans = queries.occupying(instrument.pk, start, end).values_list("occupied", flat=True)
    taken = queries.seconds((one.lower, one.upper) for one in spans)
    return {
        "weeks": grid.month(first, zone, held.opened(start, end), taken, now=now),
        "first": first,
        "title": date_format(first, "YEAR_MONTH_FORMAT"),
        "before": (first - timedelta(days=1)).replace(day=1),
        "after": (first + timedelta(days=32)).replace(day=1),
        "terms": held.terms,
    }


# Taking time ----------------------------------------------------------------------------------------------------
def _initial(request: HttpRequest, zone: ZoneInfo, held_minutes: int) -> dict[str, Any]:
    """The form's first values: what the address says, else the next full hour."""
    now = timezone.now()
    start = read_instant(request.GET.get("start", "")) or (now + timedelta(hours=1)).replace(
        minute=0, second=0, microsecond=0
    )
    end = read_instant(request.GET.get("end", "")) or start + timedelta(minutes=held_minutes)
    return {
        "start": start.astimezone(zone).replace(tzinfo=None),
        "end": end.astimezone(zone).replace(tzinfo=None),
        "zone": str(zone),
        "purpose": request.GET.get("purpose", ""),
        "times": 1,
        "every_days": 7,
    }


def _ask(form: BookForm, instrument: Instrument) -> Ask:
    given = form.cleaned_data
    return Ask(
        instrument.public_id,
        given["start"],
        given["end"],
        given["project"],
        given["note"],
        given.get("holder") or "",
        {"purpose": given["purpose"]} if given.get("purpose") else {},
    )


def book_form(request: HttpRequest, public_id: str) -> HttpResponse:
    """The form that takes time; sent, it books at once, or says all that stands in the way and what would help."""
    instrument, viewer = shown(request, public_id)
    zone = her_zone(request, instrument) if request.GET.get("clocks") == "mine" else queries.zone_of(instrument)
    held = in_force(instrument, timezone.now())
    form = BookForm(
        request.POST if request.method == "POST" else None,
        initial=_initial(request, zone, max(60, held.terms.min_minutes)),
    )
    context: dict[str, Any] = {
        "instrument": instrument,
        "form": form,
        "zone": zone,
        "terms": held.terms,
        "manages": manages(instrument, viewer),
        "can_book": _bookable(instrument),
    }
    status = 200
    if request.method == "POST":
        if not request.user.is_authenticated:
            return redirect(f"/accounts/login/?next={request.path}")
        status = 422
        if form.is_valid():
            try:
                return _booked(request, form, instrument, viewer)
            except Refused as refused:
                status = 409
                context["said"] = said(refused.decision, instrument)
                if context["can_book"]:
                    context["wish"] = _wish_form(form)
    elif viewer.signed_in and request.GET.get("start"):
        given = {name: form.initial[name] for name in ("start", "end")}
        purpose = form.initial["purpose"]
        span = (given[name].replace(tzinfo=zone) for name in ("start", "end"))
        ask = Ask(instrument.public_id, *span, terms={"purpose": purpose} if purpose else {})
        context["said"] = said(preview(ask, viewer, by=actor(request), at=timezone.now()), instrument)
        context["quoted"] = shown_quote(instrument, viewer, ask.start, ask.end, ask.terms)
    sent = form.cleaned_data["start"] if form.is_bound and form.is_valid() else None
    week = sent or read_instant(request.GET.get("start", ""))
    now = timezone.now()
    context["left"] = worded(limits_left(instrument, held, viewer, week or now, at=now))
    return render(request, "booking/book.html", context, status=status)


def _wish_form(form: BookForm) -> WishForm:
    given = form.cleaned_data
    start, end = given["start"], given["end"]
    return WishForm(
        initial={
            "start": start.replace(tzinfo=None),
            "end": (end + timedelta(days=0)).replace(tzinfo=None),
            "zone": str(given["zone"]),
            "minutes": max(1, int((end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() // 60)),
            "project": given["project"],
        },
        auto_id="wish_%s",
    )


def _booked(request: HttpRequest, form: BookForm, instrument: Instrument, viewer: Viewer) -> HttpResponse:
    given, now = form.cleaned_data, timezone.now()
    ask = _ask(form, instrument)
    if (given.get("times") or 1) > 1:
        repeat = Repeat(given.get("every_days") or 7, given["times"], given["without"], given["skip_conflicts"])
        made = book_series(ask, repeat, viewer, by=actor(request), at=now)
        count = len(made.booked)
        messages.success(
            request, ngettext("%(count)s booking is made.", "%(count)s bookings are made.", count) % {"count": count}
        )
        if made.skipped:
            left = ", ".join(day.isoformat() for day, _why in made.skipped)
            messages.warning(request, _("Left out, as they were not to be had: %(days)s.") % {"days": left})
        return redirect("bookings")
    waived: tuple[str, ...] = ()
    if given["waive"]:
        said_now = preview(ask, viewer, by=actor(request), at=now)
        waived = tuple(one.code for one in said_now.reasons if one.weight == "waivable")
    row = book(ask, viewer, by=actor(request), at=now, waive=waived, ground=given["ground"])
    if row.state == State.REQUESTED:
        messages.success(request, _("Asked for. The time is kept for you until a manager decides."))
    else:
        messages.success(request, _("Booked."))
    return redirect("booking", row.public_id)


@login_required
@require_GET
def book_decision(request: HttpRequest, public_id: str) -> HttpResponse:
    """The decision on what the form holds now, as a part of the page."""
    instrument, viewer = shown(request, public_id)
    form = BookForm(request.GET)
    context: dict[str, Any] = {"instrument": instrument}
    if form.is_valid():
        decision = preview(_ask(form, instrument), viewer, by=actor(request), at=timezone.now())
        context["said"] = said(decision, instrument)
        ask = _ask(form, instrument)
        context["quoted"] = shown_quote(instrument, viewer, ask.start, ask.end, ask.terms)
    else:
        context["form"] = form
    return render(request, "booking/_decision.html", context)
