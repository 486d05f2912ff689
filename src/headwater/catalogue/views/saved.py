"""Searches that somebody keeps, to be told of new fits."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from headwater.accounts import words
from headwater.accounts.audit import Actor
from headwater.catalogue.actions.saved import delete_search, save_search
from headwater.catalogue.queries import searches_of
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def searches(request: HttpRequest) -> HttpResponse:
    """The searches one keeps; posting an address keeps one more."""
    wrong: list[str] = []
    if request.method == "POST":
        given = (request.POST.get("address", ""), request.POST.get("name", ""))
        try:
            save_search(*given, viewer_of(request.user), by=Actor(request.user, "page"), at=timezone.now())
        except Refused as refused:
            wrong = words.sentences(refused.decision)
        else:
            messages.success(request, _("The search is kept; you are told when something new fits it."))
            return redirect("saved_searches")
    context = {"rows": searches_of(request.user.pk), "wrong": wrong}
    return render(request, "catalogue/searches.html", context, status=422 if wrong else 200)


@login_required
@require_POST
def delete(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep a search no longer."""
    delete_search(public_id, viewer_of(request.user), by=Actor(request.user, "page"), at=timezone.now())
    return redirect("saved_searches")
