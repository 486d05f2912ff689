"""Terminals beside instruments: set up by managers, used without a sign-in, and one's own PIN and badge for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headwater.accounts import words
from headwater.booking import queries, rules
from headwater.booking.actions.terminals import (
    Shown,
    drop_pass,
    make_terminal,
    revoke_terminal,
    set_pass,
    terminal_digest,
    use_terminal,
)
from headwater.booking.entries import entries
from headwater.booking.facts import asker_of
from headwater.booking.forms import PassForm, ShowForm, TerminalForm
from headwater.booking.views.shared import actor, said, shown
from headwater.core.decision import Refused, permit
from headwater.registry.facts import viewer_of
from headwater.registry.rules import ANYBODY

AHEAD = timedelta(hours=12)


@never_cache
def terminal(request: HttpRequest, secret: str) -> HttpResponse:
    """The terminal's own page: who is next, and the form that starts and stops. A sign-in here is not looked at."""
    found = queries.terminal(terminal_digest(secret))
    if found is None:
        raise Http404
    instrument, now = found.instrument, timezone.now()
    form = ShowForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"terminal": found, "instrument": instrument, "form": form, "now": now}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            person = Shown(given["person"], given["pin"], given["badge"])
            try:
                use_terminal(secret, request.POST.get("act", ""), person, at=now)
            except Refused as refused:
                status, context["said"] = words.status(refused.decision), said(refused.decision, instrument)
            else:
                stopped = request.POST.get("act") == "stop"
                messages.success(request, _("Stopped. Thank you.") if stopped else _("Started."))
                return redirect("terminal", secret)
    rows = queries.week_of(instrument, now, now + AHEAD)
    context |= {
        "zone": queries.zone_of(instrument),
        "usage": queries.open_usage(instrument.pk),
        "coming": entries(rows, instrument, ANYBODY),
    }
    return render(request, "booking/terminal.html", context, status=status)


@login_required
@never_cache
def instrument_terminals(request: HttpRequest, public_id: str) -> HttpResponse:
    """The terminals of an instrument, and the form that sets one up; its address is shown once."""
    instrument, viewer = shown(request, public_id)
    permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
    form = TerminalForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"instrument": instrument, "form": form, "manages": True}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _made, secret = make_terminal(
                    public_id, form.cleaned_data["name"], viewer, by=actor(request), at=timezone.now()
                )
            except Refused as refused:
                status, context["said"] = words.status(refused.decision), said(refused.decision, instrument)
            else:
                status, context["address"] = 200, request.build_absolute_uri(f"/terminals/{secret}/")
    context |= {"terminals": queries.terminals_of(instrument.pk), "zone": queries.zone_of(instrument)}
    return render(request, "booking/terminals.html", context, status=status)


@login_required
@require_POST
def revoke_instrument_terminal(request: HttpRequest, public_id: str, terminal_id: int) -> HttpResponse:
    instrument, viewer = shown(request, public_id)
    revoke_terminal(instrument.public_id, terminal_id, viewer, by=actor(request), at=timezone.now())
    messages.success(request, _("The terminal's address is revoked."))
    return redirect("instrument_terminals", public_id)


@login_required
@never_cache
def my_pass(request: HttpRequest) -> HttpResponse:
    """By what one is known at terminals: a PIN, a badge, both or nothing."""
    viewer, now = viewer_of(request.user), timezone.now()
    if request.POST.get("act") == "drop":
        drop_pass(viewer, by=actor(request), at=now)
        messages.success(request, _("You are known at no terminal any more."))
        return redirect("my_pass")
    form = PassForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form, "have": queries.pass_of(viewer.user_id or 0), "now": now}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                set_pass(viewer, **form.cleaned_data, by=actor(request), at=now)
            except Refused as refused:
                status, context["stops"] = words.status(refused.decision), words.sentences(refused.decision)
            else:
                messages.success(request, _("Kept. Terminals know you from now on."))
                return redirect("my_pass")
    return render(request, "booking/pass.html", context, status=status)
