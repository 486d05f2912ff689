"""Groups that share a limit: the managers' pages, and what a member sees of her own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headwater.accounts import words
from headwater.booking import queries
from headwater.booking.actions.groups import (
    add_members,
    dissolve_group,
    found_group,
    found_owner,
    make_group,
    remove_member,
    rename_group,
)
from headwater.booking.facts import asker_of, group_left
from headwater.booking.forms import LABELS, GroupForm, MembersForm, NamesForm
from headwater.booking.rules import Quota
from headwater.booking.views.shared import actor
from headwater.core.decision import Refused
from headwater.registry.facts import viewer_of

SHOWN = 20


def worded(quotas: Iterable[Quota]) -> list[tuple[object, Quota]]:
    """Limits with what they are called."""
    return [(LABELS[f"{one.who}_{one.when}_minutes"], one) for one in quotas]


def _names(form: NamesForm) -> tuple[str, str]:
    return form.cleaned_data["name_zh"], form.cleaned_data["name_en"]


@login_required
@never_cache
def owner_groups(request: HttpRequest, public_id: str) -> HttpResponse:
    """An owner's groups, and the form that makes one; for the managers of its instruments."""
    viewer = viewer_of(request.user)
    owner = found_owner(public_id, viewer)
    form = GroupForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"owner": owner, "form": form}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            code = form.cleaned_data["code"]
            try:
                made = make_group(public_id, code, _names(form), viewer, by=actor(request), at=timezone.now())
            except Refused as refused:
                status, context["stops"] = words.status(refused.decision), words.sentences(refused.decision)
            else:
                messages.success(request, _("The group is made. Add its members."))
                return redirect("group", made.public_id)
    context["groups"] = queries.groups_of(owner.pk)
    return render(request, "booking/groups.html", context, status=status)


@login_required
@never_cache
def group(request: HttpRequest, public_id: str) -> HttpResponse:
    """One group: who is in it and what is left of its limits; for its members, and for managers who change it."""
    viewer, now = viewer_of(request.user), timezone.now()
    found = found_group(public_id, viewer)
    act = request.POST.get("act", "") if request.method == "POST" else ""
    initial = {"name_zh": found.name_zh, "name_en": found.name_en}
    names = NamesForm(request.POST if act == "rename" else None, initial=initial)
    people = MembersForm(request.POST if act == "add" else None)
    context: dict[str, Any] = {"group": found, "names": names, "people": people}
    status = 200
    if request.method == "POST":
        status = 422
        try:
            if act == "rename" and names.is_valid():
                rename_group(public_id, _names(names), viewer, by=actor(request), at=now)
                messages.success(request, _("Saved."))
                return redirect("group", public_id)
            if act == "add" and people.is_valid():
                count = len(add_members(public_id, people.addresses(), viewer, by=actor(request), at=now))
                text = ngettext("%(count)s person was added.", "%(count)s people were added.", count)
                messages.success(request, text % {"count": count})
                return redirect("group", public_id)
        except Refused as refused:
            status, context["stops"] = words.status(refused.decision), words.sentences(refused.decision)
    pool, left = group_left(found, at=now)
    instruments = list(queries.bookable(viewer).filter(pk__in=pool).order_by("pk")[: SHOWN + 1])
    context |= {
        "members": queries.members_in(found.pk),
        "manages": asker_of(viewer, found.owner_id).manages,
        "instruments": instruments if len(instruments) <= SHOWN else [],
        "count": len(pool),
        "left": [line for week in left for line in worded(week)],
    }
    return render(request, "booking/group.html", context, status=status)


@login_required
@require_POST
def leave_group(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take somebody out of a group."""
    person = request.POST.get("person", "")[:254]
    remove_member(public_id, person, viewer_of(request.user), by=actor(request), at=timezone.now())
    messages.success(request, _("Taken out of the group."))
    return redirect("group", public_id)


@login_required
@require_POST
def end_group(request: HttpRequest, public_id: str) -> HttpResponse:
    """Dissolve a group."""
    viewer = viewer_of(request.user)
    owner = found_group(public_id, viewer).owner
    dissolve_group(public_id, viewer, by=actor(request), at=timezone.now())
    messages.success(request, _("The group is dissolved."))
    return redirect("owner_groups", owner.public_id)
