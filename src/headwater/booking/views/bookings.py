"""One's own time: the list, one reservation, moving, giving up, handing over, waiting, and approving others'."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from headwater.accounts.queries import trail_of
from headwater.booking import queries
from headwater.booking.actions.changing import cancel, decide_many, decide_request, hand_over, move
from headwater.booking.actions.feeds import close_feed, open_feed
from headwater.booking.actions.waiting import Wish, take_hold, wait, withdraw
from headwater.booking.entries import sees_whose
from headwater.booking.forms import HandForm, SpanForm, WishForm
from headwater.booking.models import Kind, Reservation, State
from headwater.booking.money import fee_of, order_of
from headwater.booking.policies import in_force
from headwater.booking.rules import MOVES, is_late
from headwater.booking.views.shared import actor, manages, said, shown, versions
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of
from headwater.registry.rules import Viewer

PAST_SHOWN = timedelta(days=60)
MOST_SHOWN = 200
TRAIL_SHOWN = 30


@login_required
@never_cache
def bookings(request: HttpRequest) -> HttpResponse:
    """What one has ahead, what is held for one, what one waits for, what is over, and the addresses of calendars."""
    now = timezone.now()
    return render(request, "booking/bookings.html", _bookings(request, now))


def _bookings(request: HttpRequest, now: Any) -> dict[str, Any]:
    rows = list(queries.reservations_of(request.user.pk, since=now - PAST_SHOWN)[:MOST_SHOWN])
    gone = (State.CANCELLED, State.DECLINED, State.EXPIRED)
    viewer = viewer_of(request.user)
    return {
        "ahead": [one for one in rows if one.end > now and one.state not in gone and one.kind != Kind.HOLD],
        "holds": [one for one in rows if one.kind == Kind.HOLD and one.state == State.CONFIRMED],
        "past": [one for one in rows if one.end <= now or one.state in gone],
        "wishes": [one for one in queries.wishes_of(request.user.pk) if one.state == "waiting"],
        "feeds": queries.feeds_of(request.user.pk),
        "groups": queries.my_groups(request.user.pk),
        "approves": bool(viewer.managed or viewer.operator),
    }


def _found(request: HttpRequest, public_id: str) -> tuple[Reservation, Viewer]:
    viewer, row = viewer_of(request.user), queries.reservation(public_id)
    if row is None or not sees_whose(row, row.instrument, viewer):
        raise Http404
    return row, viewer


def _page(row: Reservation, viewer: Viewer, **more: Any) -> dict[str, Any]:
    zone = queries.zone_of(row.instrument)
    is_manager = manages(row.instrument, viewer)
    acts = {act for state, act in MOVES if state == row.state}
    movable = row.kind == Kind.BOOKING and "change" in acts
    mine = row.holder_id == viewer.user_id
    initial = {
        "start": row.start.astimezone(zone).replace(tzinfo=None),
        "end": row.end.astimezone(zone).replace(tzinfo=None),
        "zone": str(zone),
    }
    may_cancel = "cancel" in acts and row.kind in (Kind.BOOKING, Kind.HOLD)
    order = order_of(row.public_id) if mine or is_manager else None
    gives_up = mine and may_cancel and row.kind == Kind.BOOKING
    now = timezone.now()
    return {
        "row": row,
        "instrument": row.instrument,
        "order": order,
        "fee": fee_of(order, row.start, at=now) if gives_up and row.state == State.CONFIRMED else 0,
        "late": gives_up and is_late(row.start, in_force(row.instrument, row.created_at).terms, now=now),
        "zone": zone,
        "mine": mine,
        "manages": is_manager,
        "may_move": movable,
        "may_cancel": may_cancel,
        "may_take": row.kind == Kind.HOLD and row.state == State.CONFIRMED,
        "may_decide": is_manager and row.state == State.REQUESTED,
        "move_form": SpanForm(initial=initial, auto_id="move_%s"),
        "hand_form": HandForm(initial={"version": row.version}, auto_id="hand_%s"),
        "trail": trail_of(row.public_id)[:TRAIL_SHOWN],
    } | more


@login_required
@never_cache
@require_GET
def booking(request: HttpRequest, public_id: str) -> HttpResponse:
    """One reservation, with what may be done to it."""
    row, viewer = _found(request, public_id)
    return render(request, "booking/booking.html", _page(row, viewer))


def _version(request: HttpRequest) -> int | None:
    given = request.POST.get("version", "")
    return int(given) if given.isdigit() and len(given) < 9 else None


@login_required
@require_POST
def move_booking(request: HttpRequest, public_id: str) -> HttpResponse:
    """Move, shorten or lengthen a booking."""
    row, viewer = _found(request, public_id)
    form = SpanForm(request.POST, auto_id="move_%s")
    context: dict[str, Any] = {"move_form": form}
    status = 422
    if form.is_valid():
        try:
            move(
                public_id,
                form.cleaned_data["start"],
                form.cleaned_data["end"],
                viewer,
                expected_version=_version(request),
                by=actor(request),
                at=timezone.now(),
            )
        except Refused as refused:
            status = 409
            context["said"] = said(refused.decision, row.instrument)
        else:
            messages.success(request, _("Moved."))
            return redirect("booking", public_id)
    return render(request, "booking/booking.html", _page(row, viewer, **context), status=status)


@login_required
@require_POST
def hand_booking(request: HttpRequest, public_id: str) -> HttpResponse:
    """Hand a booking over to somebody who may use the instrument."""
    row, viewer = _found(request, public_id)
    form = HandForm(request.POST, auto_id="hand_%s")
    context: dict[str, Any] = {"hand_form": form}
    status = 422
    if form.is_valid():
        try:
            hand_over(
                public_id,
                form.cleaned_data["to"],
                viewer,
                expected_version=form.cleaned_data["version"],
                by=actor(request),
                at=timezone.now(),
            )
        except Refused as refused:
            status = 409
            context["said"] = said(refused.decision, row.instrument)
        else:
            messages.success(request, _("Handed over."))
            return redirect("bookings")
    return render(request, "booking/booking.html", _page(row, viewer, **context), status=status)


@login_required
@require_POST
def cancel_booking(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give time up."""
    row = cancel(
        public_id,
        viewer_of(request.user),
        expected_version=_version(request),
        by=actor(request),
        at=timezone.now(),
    )
    late, done = _("Cancelled late, which counts."), _("Cancelled. The time is free again.")
    messages.success(request, late if row.late else done)
    return redirect("bookings")


@login_required
@require_POST
def take_booking(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take time that is held for one."""
    row = take_hold(public_id, viewer_of(request.user), by=actor(request), at=timezone.now())
    messages.success(request, _("Booked."))
    return redirect("booking", row.public_id)


# The waiting list -----------------------------------------------------------------------------------------------
@login_required
def join_waiting(request: HttpRequest, public_id: str) -> HttpResponse:
    """Wait for time on an instrument."""
    instrument, viewer = shown(request, public_id)
    zone = queries.zone_of(instrument)
    now = timezone.now().astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    initial = {"start": now, "end": now + timedelta(days=7), "zone": str(zone), "minutes": 60}
    form = WishForm(request.POST if request.method == "POST" else None, initial=initial, auto_id="wish_%s")
    context: dict[str, Any] = {"instrument": instrument, "form": form, "zone": zone}
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        wish = Wish(instrument.public_id, given["start"], given["end"], given["minutes"], given["project"])
        try:
            row = wait(wish, viewer, by=actor(request), at=timezone.now())
        except Refused as refused:
            context["said"] = said(refused.decision, instrument)
        else:
            held = row.state == "held"
            messages.success(
                request,
                _("There is free time, and it is held for you. Take it below.")
                if held
                else _("You wait. When time becomes free it is held for you, and you are told."),
            )
            return redirect("bookings")
    return render(
        request, "booking/wait.html", context, status=409 if "said" in context else 422 if form.errors else 200
    )


@login_required
@require_POST
def leave_waiting(request: HttpRequest, public_id: str) -> HttpResponse:
    """Wait no longer."""
    withdraw(public_id, viewer_of(request.user), by=actor(request), at=timezone.now())
    messages.success(request, _("You wait for it no longer."))
    return redirect("bookings")


# Approving ------------------------------------------------------------------------------------------------------
@login_required
@never_cache
def approvals(request: HttpRequest) -> HttpResponse:
    """What awaits one's approval; ticked ones are approved or declined together, each by itself."""
    viewer = viewer_of(request.user)
    refused: list[Any] = []
    if request.method == "POST":
        approve = request.POST.get("act") == "approve"
        done, left = decide_many(
            versions(request.POST.getlist("chosen")), viewer, approve=approve, by=actor(request), at=timezone.now()
        )
        count = len(done)
        if approve:
            text = ngettext("%(count)s booking is approved.", "%(count)s bookings are approved.", count)
        else:
            text = ngettext("%(count)s booking is declined.", "%(count)s bookings are declined.", count)
        messages.success(request, text % {"count": count})
        if not left:
            return redirect("approvals")
        refused = left
    rows = queries.awaiting(None if viewer.operator else viewer.managed)[:MOST_SHOWN]
    return render(request, "booking/approvals.html", {"rows": rows, "refused": refused}, status=409 if refused else 200)


@login_required
@require_POST
def decide_booking(request: HttpRequest, public_id: str) -> HttpResponse:
    """Approve or decline one booking."""
    approve = request.POST.get("act") == "approve"
    row = decide_request(
        public_id,
        viewer_of(request.user),
        approve=approve,
        expected_version=_version(request),
        by=actor(request),
        at=timezone.now(),
    )
    messages.success(request, _("Approved.") if approve else _("Declined."))
    return redirect("booking", row.public_id)


# Addresses of calendars -----------------------------------------------------------------------------------------
@login_required
@never_cache
@require_POST
def make_feed(request: HttpRequest) -> HttpResponse:
    """Make a secret calendar address; it is shown this once."""
    _feed, secret = open_feed(
        viewer_of(request.user),
        instrument_id=request.POST.get("instrument", "")[:40],
        by=actor(request),
        at=timezone.now(),
    )
    address = request.build_absolute_uri(f"/calendars/{secret}.ics")
    return render(request, "booking/bookings.html", _bookings(request, timezone.now()) | {"address": address})


@login_required
@require_POST
def revoke_feed(request: HttpRequest, feed_id: int) -> HttpResponse:
    close_feed(feed_id, viewer_of(request.user), by=actor(request), at=timezone.now())
    messages.success(request, _("The calendar address is revoked; nothing reads there any more."))
    return redirect("bookings")
