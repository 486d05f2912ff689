"""The broker's pages: triage, publishing, candidates and why, teams, proposals side by side."""

from __future__ import annotations

import time
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headwater.accounts import words
from headwater.core.decision import Decision, Reason, Refused
from headwater.partnering import queries, ranking, teaming
from headwater.partnering.actions import challenges as actions, matching
from headwater.partnering.forms import PublishForm, TeamForm, TriageForm
from headwater.partnering.models import LineOutcome
from headwater.partnering.rules.challenges import may_decide
from headwater.partnering.views.parts import acting, whole

PART_LABELS = {
    "text": gettext_lazy("text"),
    "techniques": gettext_lazy("capabilities"),
    "instruments": gettext_lazy("instruments"),
    "past_work": gettext_lazy("past work"),
    "likeness": gettext_lazy("like the best"),
    "ties": gettext_lazy("earlier ties"),
    "reach": gettext_lazy("reach"),
    "load": gettext_lazy("free time"),
}
CONDITION_LABELS = {
    "capability": gettext_lazy("the capability must be covered"),
    "lead_kinds": gettext_lazy("a company must lead"),
    "lead": gettext_lazy("the company that asks must lead"),
    "max_members": gettext_lazy("most members"),
    "max_cost": gettext_lazy("most money, thousand CNY"),
    "min_jurisdictions": gettext_lazy("fewest jurisdictions"),
    "max_travel_min": gettext_lazy("minutes by rail to the lead, at most"),
    "pinned": gettext_lazy("must be in"),
    "banned": gettext_lazy("who may not be in"),
    "conflicts": gettext_lazy("conflicts of interest"),
}


@login_required
@require_POST
def triage(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give the triage's outcome with its reasons."""
    form = TriageForm(request.POST)
    whole(request, public_id)
    if not form.is_valid():
        raise Refused(Decision((Reason("triage.reason_missing"),)))
    data = form.cleaned_data
    actions.triage(public_id, data["outcome"], tuple(data["reasons"]), data["note"], **acting(request))
    messages.success(request, _("The outcome is recorded; the company is told."))
    return redirect("challenge", public_id)


@login_required
@require_POST
def publish(request: HttpRequest, public_id: str) -> HttpResponse:
    """Publish the challenge, as an open call where an end is given."""
    form = PublishForm(request.POST)
    whole(request, public_id)
    if not form.is_valid():
        raise Refused(Decision((Reason("opencall.end_missing"),)))
    actions.publish(public_id, form.draft(), **acting(request))
    messages.success(request, _("The challenge is published; fitting groups are told."))
    return redirect("challenge", public_id)


@login_required
@never_cache
def candidates(request: HttpRequest, public_id: str) -> HttpResponse:
    """The ranking with why, the answer to “why is that group not there”, and invitations."""
    challenge, sight, viewer = whole(request, public_id)
    if request.method == "POST":
        for key in request.POST.getlist("profile"):
            matching.invite(public_id, key, request.POST.get("note", ""), **acting(request))
        messages.success(request, _("Invited and told."))
        return redirect("challenge_candidates", public_id)
    version = queries.version_with_all(challenge)
    assert version is not None
    now = timezone.now()
    begun = time.perf_counter()
    found = ranking.rank(challenge, version, at=now)
    took = 1000 * (time.perf_counter() - begun)
    asked, absent, choices = request.GET.get("why", "").strip(), None, []
    profile = None
    if asked:
        profile = queries.profiles().filter(public_id=asked).first()
        if profile is None:
            choices = list(queries.profiles_found(asked)[:10])
            profile = choices[0] if len(choices) == 1 else None
        if profile is not None:
            absent = ranking.absence(challenge, version, profile, at=now)
    return render(
        request,
        "partnering/candidates.html",
        {
            "challenge": challenge,
            "ranking": found,
            "organisations": ranking.by_organisation(found) if request.GET.get("by") == "organisation" else None,
            "took": round(took),
            "rows": [
                (one, [(PART_LABELS[name], value, found.weights[name]) for name, value in one.parts.items()])
                for one in found.candidates
            ],
            "why": asked,
            "profile": profile,
            "choices": choices if profile is None else [],
            "absent": [words.sentence(reason) for reason in absent.reasons] if absent is not None else None,
            "among": absent is not None and not absent.reasons,
            "may_invite": may_decide(sight, viewer).allowed() and challenge.state == "published",
        },
    )


def _wish(data: dict[str, Any]) -> teaming.TeamWish:
    return teaming.TeamWish(
        lead=data["lead"] or "company",
        max_members=data["max_members"],
        max_cost=data["max_cost"],
        min_jurisdictions=data["min_jurisdictions"] or 1,
        max_travel_min=data["max_travel_min"],
        pinned=tuple(data["pin"].split()),
        banned=tuple(data["ban"].split()),
    )


@login_required
@never_cache
def team(request: HttpRequest, public_id: str) -> HttpResponse:
    """The smallest able consortium under conditions that stand in the address; pin, ban, ask again."""
    challenge, _sight, _viewer = whole(request, public_id)
    version = queries.version_with_all(challenge)
    assert version is not None
    start = {
        "lead": "company" if version.lead_company else "challenger",
        "max_members": version.max_members or 6,
        "max_cost": teaming.thousands(version.budget_minor, version.currency) if version.budget_minor else None,
        "min_jurisdictions": version.min_jurisdictions,
        "max_travel_min": version.reach_min,
    }
    form = TeamForm(request.GET if "lead" in request.GET else start)
    answer, refused = None, None
    if form.is_valid():
        try:
            answer = teaming.plan(challenge, version, _wish(form.cleaned_data), at=timezone.now())
        except Refused as error:
            refused = error.decision
    kept = request.GET.copy()
    if "lead" not in kept:
        for name, value in start.items():
            kept[name] = "" if value is None else str(value)
    addresses = {}
    for one in answer.best.members if answer and answer.best else ():
        if one.profile is not None:
            for name in ("pin", "ban"):
                changed = kept.copy()
                changed[name] = f"{kept.get(name, '')} {one.profile.public_id}".strip()
                addresses[f"{name} {one.profile.public_id}"] = changed.urlencode()
    return render(
        request,
        "partnering/team.html",
        {
            "challenge": challenge,
            "form": form,
            "answer": answer,
            "refused": refused,
            "members": [
                (one, addresses.get(f"pin {one.profile.public_id}", "") if one.profile else "",
                 addresses.get(f"ban {one.profile.public_id}", "") if one.profile else "")
                for one in (answer.best.members if answer and answer.best else ())
            ],
            "conditions": [(CONDITION_LABELS[one.code], one) for one in (answer.conditions if answer else ())],
            "clash": [(CONDITION_LABELS[one.code], one) for one in (answer.clash if answer else ())],
        },
    )  # fmt: skip


@login_required
@never_cache
def proposals(request: HttpRequest, public_id: str) -> HttpResponse:
    """All proposals side by side, as far as they are unsealed; and the decision over them."""
    challenge, sight, viewer = whole(request, public_id)
    if request.method == "POST":
        lines = {
            key.removeprefix("outcome-"): (value, request.POST.get(f"reason-{key.removeprefix('outcome-')}", ""))
            for key, value in request.POST.items()
            if key.startswith("outcome-")
        }
        matching.award(public_id, lines, request.POST.get("reasons", ""), **acting(request))
        messages.success(request, _("The decision is recorded, and everybody is told their part."))
        return redirect("challenge_proposals", public_id)
    now = timezone.now()
    rows, sealed = [], 0
    for one in queries.proposals_of(challenge):
        decision = matching.sees_proposal(one, sight, viewer, at=now)
        if decision.allowed():
            rows.append(one)
        elif "bid.sealed" in decision.codes:
            sealed += 1
    return render(
        request,
        "partnering/proposals.html",
        {
            "challenge": challenge,
            "wanted": queries.version_with_all(challenge),
            "rows": rows,
            "sealed": sealed,
            "call": getattr(challenge, "call", None),
            "awards": queries.awards_of(challenge),
            "outcomes": LineOutcome.choices,
            "open": [one for one in rows if one.state in ("submitted", "racing")],
            "may_decide": may_decide(sight, viewer).allowed() and challenge.state == "published",
        },
    )
