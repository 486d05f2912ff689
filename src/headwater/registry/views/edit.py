"""Writing the record: adding and changing instruments, giving roles."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.accounts import words
from headwater.accounts.audit import Actor
from headwater.accounts.queries import trail_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry import queries, rules
from headwater.registry.actions.instruments import add_instrument, change_instrument
from headwater.registry.actions.people import set_role
from headwater.registry.facts import draft_of, viewer_of
from headwater.registry.forms import InstrumentForm, RoleForm, initial_of
from headwater.registry.models import Organisation
from headwater.registry.views.browse import TRAIL_SHOWN, shown_instrument


@login_required
def new_instrument(request: HttpRequest) -> HttpResponse:
    """Add an instrument to an organisation one manages."""
    viewer = viewer_of(request.user)
    owners = list(queries.managed_organisations(viewer))
    if not owners:
        raise Refused(Decision((Reason("organisation.none_managed"),)))
    form = InstrumentForm(request.POST or None, owners=owners, initial={"owner": request.GET.get("owner", "")})
    if request.method == "POST" and form.is_valid():
        try:
            made = add_instrument(form.draft(), viewer, by=Actor(request.user, "page"), at=timezone.now())
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("The instrument is in the record."))
            return redirect("instrument", made.public_id)
    return render(request, "registry/instrument_form.html", {"form": form}, status=422 if form.errors else 200)


@login_required
def edit_instrument(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change an instrument of an organisation one manages."""
    instrument, viewer = shown_instrument(request, public_id)
    permit(rules.may_manage(instrument.owner_id, viewer))
    owners = list(queries.managed_organisations(viewer))
    draft = draft_of(instrument)
    form = InstrumentForm(request.POST or None, owners=owners, initial=initial_of(instrument, draft))
    if request.method == "POST" and form.is_valid():
        try:
            change_instrument(
                public_id,
                form.draft(draft),
                viewer,
                expected_version=form.cleaned_data["version"],
                by=Actor(request.user, "page"),
                at=timezone.now(),
            )
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("Your changes are in the record."))
            return redirect("instrument", public_id)
    context = {"form": form, "instrument": instrument}
    return render(request, "registry/instrument_form.html", context, status=422 if form.errors else 200)


@login_required
def people(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who has which role in an organisation; its administrators give them."""
    organisation: Organisation = get_object_or_404(queries.organisations(), public_id=public_id)
    viewer = viewer_of(request.user)
    permit(rules.may_see_trail(organisation.pk, viewer))
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            set_role(
                organisation.pk, **form.cleaned_data, viewer=viewer, by=Actor(request.user, "page"), at=timezone.now()
            )
        except Refused as refused:
            for reason in refused.decision.reasons:
                form.add_error("email" if reason.code.startswith("person.") else None, words.sentence(reason))
        else:
            messages.success(request, _("The role is set."))
            return redirect("organisation_people", public_id)
    context = {
        "form": form,
        "organisation": organisation,
        "members": queries.members_of(organisation),
        "trail": trail_of(organisation.public_id)[:TRAIL_SHOWN],
    }
    return render(request, "registry/people.html", context, status=422 if form.errors else 200)
