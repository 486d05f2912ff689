"""Capability profiles: the list, one profile, its form, files in."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.cache import never_cache

from headwater.accounts import words
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.partnering import queries
from headwater.partnering.actions import importing, profiles as actions
from headwater.partnering.forms import ProfileForm, Refusable, profile_initial
from headwater.partnering.rules.challenges import may_write_for
from headwater.partnering.views.browse import _address, _key
from headwater.partnering.views.parts import acting, own_organisations
from headwater.registry import queries as registry
from headwater.registry.facts import viewer_of
from headwater.registry.models import Organisation
from headwater.registry.rules import OPERATOR


def profiles(request: HttpRequest) -> HttpResponse:
    """The list of groups, by name, organisation and technique."""
    given = {name: request.GET.get(name, "") for name in ("q", "organisation", "technique")}
    rows = queries.profiles_found(given["q"], given["organisation"], given["technique"])
    page = registry.cut(rows, after=_key(request, "after"), before=_key(request, "before"))
    viewer = viewer_of(request.user)
    return render(
        request,
        "partnering/profiles.html",
        {
            "page": page,
            "address": _address(request),
            "q": given["q"],
            "may_add": viewer.signed_in and own_organisations(viewer).exists(),
        },
    )


def profile(request: HttpRequest, public_id: str) -> HttpResponse:
    """One group's profile."""
    found = queries.profile_with_all(public_id)
    viewer = viewer_of(request.user)
    if found is None:
        raise Http404
    may_change = may_write_for(found.organisation_id, viewer).allowed()
    if not found.active and not may_change:
        raise Http404
    seen = registry.visible_instruments(viewer).filter(pk__in=[one.pk for one in found.instruments.all()])
    return render(
        request,
        "partnering/profile.html",
        {
            "profile": found,
            "instruments": seen.select_related("city").order_by("pk"),
            "people": found.person_links.all() if viewer.signed_in else [],
            "may_change": may_change,
        },
    )


@login_required
@never_cache
def new_profile(request: HttpRequest) -> HttpResponse:
    """Add a group to one's organisation."""
    own = own_organisations(viewer_of(request.user))
    if not own:
        raise Refused(Decision((Reason("organisation.not_yours"),)))
    form = ProfileForm(request.POST or None, organisations=own)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add_profile(form.draft(), **acting(request))
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("The profile is kept; fitting challenges will be told."))
            return redirect("profile", made.public_id)
    return render(request, "partnering/profile_form.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@never_cache
def edit_profile(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change a group's profile."""
    found = queries.profile_with_all(public_id)
    if found is None:
        raise Http404
    permit(may_write_for(found.organisation_id, viewer_of(request.user)))
    own = Organisation.objects.filter(pk=found.organisation_id)
    form = ProfileForm(request.POST or None, organisations=own, initial=profile_initial(found))
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_profile(
                public_id, form.draft(found.local_id), expected_version=form.cleaned_data["version"], **acting(request)
            )
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("Your changes are kept."))
            return redirect("profile", public_id)
    context = {"form": form, "profile": found}
    return render(request, "partnering/profile_form.html", context, status=422 if form.errors else 200)


class UploadForm(Refusable):
    """A file of profiles, and whose it is where its records don't say."""

    organisation = forms.ModelChoiceField(
        queryset=None, to_field_name="public_id", label=gettext_lazy("Organisation"), empty_label=None
    )
    file = forms.FileField(label=gettext_lazy("File"), allow_empty_file=True)
    dry_run = forms.BooleanField(label=gettext_lazy("Only check it, write nothing"), required=False)

    def __init__(self, *args: object, organisations: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations


@login_required
@never_cache
def import_file(request: HttpRequest) -> HttpResponse:
    """Take profiles in from a file: sound ones go in, the others come back with all their reasons."""
    viewer = viewer_of(request.user)
    own = Organisation.objects.order_by("pk") if OPERATOR in viewer.roles else own_organisations(viewer)
    if not own.exists():
        raise Refused(Decision((Reason("organisation.not_yours"),)))
    form = UploadForm(request.POST or None, request.FILES or None, organisations=own)
    outcome = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            rows = importing.read(data["file"].read(importing.MOST_BYTES + 1), data["organisation"].public_id)
            outcome = importing.import_profiles(rows, dry_run=data["dry_run"], **acting(request))
        except Refused as refused:
            form.refuse(refused.decision)
    rejects = [
        (line, label, [words.sentence(reason) for reason in reasons])
        for line, label, reasons in (outcome.rejects[:200] if outcome else ())
    ]
    return render(
        request,
        "partnering/profile_import.html",
        {"form": form, "outcome": outcome, "rejects": rejects, "dry_run": bool(request.POST.get("dry_run"))},
        status=422 if form.errors else 200,
    )
