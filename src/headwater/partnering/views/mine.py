"""A lab's side: what fits its groups, its answers, its proposals."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from headwater.core.decision import Decision, Reason, Refused
from headwater.core.money import Money
from headwater.partnering import queries
from headwater.partnering.actions import matching
from headwater.partnering.facts import seen_challenge, sight_of
from headwater.partnering.forms import ProposalForm
from headwater.partnering.models import Proposal
from headwater.partnering.reading import read
from headwater.partnering.views.parts import acting, own_organisations
from headwater.registry.facts import viewer_of

SHOWN = 100


@login_required
@never_cache
def matches(request: HttpRequest) -> HttpResponse:
    """What one's groups were told of or invited to, and one's proposals; the titles are public."""
    viewer = viewer_of(request.user)
    rows = [one for one in queries.approaches_to(viewer.memberships)[:SHOWN] if one.challenge.state != "withdrawn"]
    own = Proposal.objects.filter(lead__organisation_id__in=list(viewer.memberships))
    return render(
        request,
        "partnering/matches.html",
        {
            "rows": rows,
            "proposals": queries.with_team(own).order_by("-pk")[:SHOWN],
            "profiles": queries.profiles().filter(organisation_id__in=list(viewer.memberships))[:SHOWN],
        },
    )


@login_required
@never_cache
def propose(request: HttpRequest, public_id: str) -> HttpResponse:
    """Write a proposal, keep it as a draft, hand it in."""
    viewer = viewer_of(request.user)
    challenge, sight = seen_challenge(public_id, viewer)
    profiles = queries.profiles().filter(organisation__in=own_organisations(viewer), active=True)
    if not profiles:
        raise Refused(Decision((Reason("organisation.not_yours"),)))
    draft = Proposal.objects.filter(challenge=challenge, lead__in=profiles, state__in=("draft", "withdrawn")).first()
    form = ProposalForm(request.POST or None, profiles=profiles, initial=_initial(draft) if draft else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = matching.propose(public_id, form.draft(), hand_in="hand_in" in request.POST, **acting(request))
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            done = _("The proposal is handed in.") if made.state == "submitted" else _("The draft is kept.")
            messages.success(request, done)
            return redirect("bid", made.public_id)
    context = {"form": form, "challenge": challenge, "reading": read(challenge, sight, viewer)}
    return render(request, "partnering/proposal_form.html", context, status=422 if form.errors else 200)


def _initial(draft: Proposal) -> dict[str, Any]:
    out = {name: getattr(draft, name) for name in ("title", "plan", "promised", "evidence", "months")}
    out["lead"] = draft.lead.public_id
    out["price"] = Money(draft.currency, draft.price_minor).major
    out["members"] = [f"{one.profile.public_id}: {one.task}" for one in draft.members.select_related("profile")]
    return out


@login_required
@never_cache
def proposal(request: HttpRequest, public_id: str) -> HttpResponse:
    """One proposal, for its team, and for the company and broker once it is handed in and unsealed."""
    viewer = viewer_of(request.user)
    if request.method == "POST":
        matching.withdraw_proposal(public_id, **acting(request))
        messages.success(request, _("The proposal is withdrawn."))
        return redirect("bid", public_id)
    found = queries.with_team(Proposal.objects.filter(public_id=public_id)).first()
    if found is None:
        raise Refused(Decision((Reason("bid.not_found"),)))
    decision = matching.sees_proposal(found, sight_of(found.challenge), viewer, at=timezone.now())
    if not decision.allowed():
        raise Refused(decision)
    leads = found.lead.organisation_id in viewer.memberships
    return render(
        request,
        "partnering/proposal.html",
        {
            "proposal": found,
            "lines": found.lines.select_related("award").order_by("pk"),
            "may_withdraw": leads and found.state in ("draft", "submitted"),
            "may_change": leads and found.state in ("draft", "withdrawn"),
        },
    )
