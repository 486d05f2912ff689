"""Conflicts of interest: who may not meet over a challenge, and the form that declares it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from headwater.core.decision import Refused
from headwater.partnering import queries
from headwater.partnering.actions.matching import declare_conflict, withdraw_conflict
from headwater.partnering.forms import ConflictForm
from headwater.partnering.views.parts import acting, is_broker, own_organisations
from headwater.registry.facts import Lookups, viewer_of

SHOWN = 200


@login_required
@never_cache
def conflicts(request: HttpRequest) -> HttpResponse:
    """Declare a conflict of interest, as one of the two or as a broker, and read those one may read."""
    viewer = viewer_of(request.user)
    own = own_organisations(viewer).first()
    given = {"one": request.GET.get("one", own.public_id if own else ""), "other": request.GET.get("other", "")}
    if request.POST.get("do") == "withdraw":
        return _withdrawn(request)
    form = ConflictForm(request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        data, lookups = form.cleaned_data, Lookups()
        sides = [lookups.organisation(data[name]) for name in ("one", "other")]
        keys = [place.public_id if place else data[name] for place, name in zip(sides, ("one", "other"), strict=True)]
        try:
            declare_conflict(*keys, data["ground"], **acting(request))
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("The conflict of interest is declared; neither is proposed to the other."))
            return redirect("conflicts")
    context = {
        "form": form,
        "may_declare": own is not None or is_broker(viewer),
        "sees_all": is_broker(viewer),
        "rows": queries.conflicts_seen(viewer)[:SHOWN],
    }
    return render(request, "partnering/conflicts.html", context, status=422 if form.errors else 200)


def _withdrawn(request: HttpRequest) -> HttpResponse:
    withdraw_conflict(*(request.POST.get(name, "") for name in ("one", "other", "ground")), **acting(request))
    messages.success(request, _("The conflict of interest is withdrawn; the two may meet again."))
    return redirect("conflicts")
