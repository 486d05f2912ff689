"""For the user office: a call's tracks with their weighted stages, and its pools."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from headwater.useroffice import edges, forms, queries
from headwater.useroffice.actions import pools as pool_actions, tracks as track_actions
from headwater.useroffice.rules import WITHOUT_REVIEW
from headwater.useroffice.views.shared import desk_for

BLANK_STAGES = 2


@login_required
def tracks(request: HttpRequest, public_id: str) -> HttpResponse:
    """A call's ways through review, with panels, stages and their weights; take one away."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    form = forms.GroundForm(request.POST or None)
    if request.method == "POST":
        code, acting = request.POST.get("drop", ""), edges.acting(request, desk)
        if form.is_valid() and edges.attempt(form, lambda: [track_actions.drop_track(public_id, code, **acting)]):
            messages.success(request, _("The track is taken away."))
            return redirect("tracks", public_id)
    context = {"call": call, "rows": queries.tracks_of(call), "form": form, "reviewed": call.mode not in WITHOUT_REVIEW}
    return render(request, "useroffice/tracks.html", context, status=422 if form.errors else 200)


@login_required
def track(request: HttpRequest, public_id: str) -> HttpResponse:
    """Set one track, new or found by its code."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    held = queries.tracks_of(call).filter(code=request.GET.get("code", "")).first()
    stages = (len(held.stages.all()) if held else 0) + BLANK_STAGES
    panels = list(queries.panels_of(call.facility))
    initial = forms.initial_of_track(held) or forms.FIRST_TRACK
    form = forms.TrackForm(request.POST or None, panels=panels, mode=call.mode, stages=stages, initial=initial)
    if request.method == "POST" and form.is_valid():
        acting = edges.acting(request, desk)
        if edges.attempt(form, lambda: track_actions.set_track(public_id, form.draft(), **acting)):
            messages.success(request, _("The track is set."))
            return redirect("tracks", public_id)
    context = {"call": call, "form": form, "held": held}
    return render(request, "useroffice/track_form.html", context, status=422 if form.errors else 200)


@login_required
def pools(request: HttpRequest, public_id: str) -> HttpResponse:
    """A call's pools beside what its published schedule grants them; set one, or take it away."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    held = queries.pools_of(call).filter(code=request.GET.get("code", "")).first()
    lines = list(call.beamlines.order_by("name_en", "pk"))
    bound = request.POST if "drop" not in request.POST else None
    form = forms.PoolForm(bound or None, lines=lines, initial=forms.initial_of_pool(held))
    if request.method == "POST":
        acting = edges.acting(request, desk)
        if "drop" in request.POST:
            pool_actions.drop_pool(public_id, request.POST["drop"], **acting)
            messages.success(request, _("The pool is taken away."))
            return redirect("set_pool", public_id)
        if form.is_valid() and edges.attempt(form, lambda: pool_actions.set_pool(public_id, form.draft(), **acting)):
            messages.success(request, _("The pool is set."))
            return redirect("set_pool", public_id)
    context = {"call": call, "form": form, "held": held, "rows": edges.pools_with_use(call)}
    return render(request, "useroffice/pools.html", context, status=422 if form.errors else 200)
