"""Writing challenges: the company's form, the broker's distilling, and the steps that are one button."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.partnering import queries
from headwater.partnering.actions import challenges as actions, files
from headwater.partnering.actions.matching import answer
from headwater.partnering.facts import seen_challenge
from headwater.partnering.forms import ChallengeForm, FileForm, initial_of
from headwater.partnering.rules.challenges import may_write_version
from headwater.partnering.views.parts import acting, own_organisations
from headwater.registry.facts import viewer_of


@login_required
@never_cache
def new_challenge(request: HttpRequest) -> HttpResponse:
    """Write a challenge down for one's organisation."""
    own = own_organisations(viewer_of(request.user))
    if not own:
        raise Refused(Decision((Reason("organisation.not_yours"),)))
    form = ChallengeForm(request.POST or None, organisations=own)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add_challenge(form.cleaned_data["organisation"].public_id, form.draft(), **acting(request))
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("The challenge is written down. Nobody else sees it before you hand it in."))
            return redirect("challenge", made.public_id)
    return render(request, "partnering/challenge_form.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@never_cache
def edit_challenge(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write the next version, as the company or as the broker who distils."""
    viewer = viewer_of(request.user)
    challenge, sight = seen_challenge(public_id, viewer)
    permit(may_write_version(sight, viewer, expected_number=None, number=0))
    version = queries.version_with_all(challenge)
    assert version is not None
    form = ChallengeForm(request.POST or None, initial=initial_of(version))
    if request.method == "POST" and form.is_valid():
        try:
            actions.write_version(
                public_id, form.draft(), expected_number=form.cleaned_data["number"], **acting(request)
            )
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("The new version is stored; the earlier ones are kept."))
            return redirect("challenge", public_id)
    context = {"form": form, "challenge": challenge}
    return render(request, "partnering/challenge_form.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def act(request: HttpRequest, public_id: str) -> HttpResponse:
    """One step that needs no form of its own."""
    who, given = acting(request), request.POST
    match given.get("do", ""):
        case "submit":
            actions.submit(public_id, **who)
        case "agree":
            actions.agree_version(public_id, **who)
        case "withdraw":
            actions.withdraw(public_id, **who)
        case "take_on":
            actions.take_on(public_id, **who)
        case "close":
            actions.close(public_id, given.get("outcome", ""), given.get("lessons", ""), **who)
        case "ask_agreement":
            actions.ask_agreement(public_id, given.get("organisation", ""), **who)
        case "grant" | "refuse" | "end" as move:
            actions.decide_agreement(public_id, given.get("organisation", ""), move, **who)
        case "remove_file":
            files.remove(public_id, given.get("file", ""), **who)
        case "yes" | "later" | "no" as said:
            answer(public_id, given.get("profile", ""), said, given.get("answer", ""), **who)
        case _:
            raise Refused(Decision((Reason("record.not_found"),)))
    messages.success(request, _("Done."))
    return redirect("challenge", public_id)


@login_required
@require_POST
def attach(request: HttpRequest, public_id: str) -> HttpResponse:
    """Attach a file at a level."""
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        seen_challenge(public_id, viewer_of(request.user))
        raise Refused(Decision((Reason("attachment.empty"),)))
    files.attach(public_id, form.cleaned_data["file"], form.cleaned_data["level"], **acting(request))
    messages.success(request, _("The file is attached."))
    return redirect("challenge", public_id)
