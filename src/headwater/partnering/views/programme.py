"""The programme's manager: funnel, money, network, brokerage; and the weights of the ranking."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.cache import never_cache

from headwater.core.decision import Decision, Reason, Refused
from headwater.engines.matching import PARTS
from headwater.partnering import network, queries, ranking
from headwater.partnering.actions.matching import set_weights
from headwater.partnering.models import ChallengeState, MilestoneState
from headwater.partnering.rules.sight import may_see_programme
from headwater.partnering.views.broker import PART_LABELS
from headwater.partnering.views.parts import acting, is_broker
from headwater.registry.facts import viewer_of
from headwater.registry.queries import figures

STEP_LABELS = {
    "challenges": gettext_lazy("challenges written down"),
    "ready": gettext_lazy("ready"),
    "published": gettext_lazy("published"),
    "matched": gettext_lazy("matched"),
    "contracted": gettext_lazy("contracted"),
    "accepted": gettext_lazy("result accepted"),
}
PUBLISHED = ("consortia", "nice-universities", "nice-joint-centres")


@login_required
@never_cache
def programme(request: HttpRequest) -> HttpResponse:
    """The funnel, the money, the network: counts, with their synthetic share, beside what was published."""
    viewer = viewer_of(request.user)
    decision = may_see_programme(viewer)
    if not decision.allowed():
        raise Refused(decision)
    today = timezone.now().date()
    found = network.network(today)
    names = network.jurisdiction_names(found.jurisdictions)
    most = max((step.estimate.value for step in network.funnel(today)), default=0) or 1
    states = dict(ChallengeState.choices)
    return render(
        request,
        "partnering/programme.html",
        {
            "steps": [
                (STEP_LABELS[step.code], step, round(600 * step.estimate.value / most), 30 * at)
                for at, step in enumerate(network.funnel(today))
            ],
            "triage": [(states[code], count, share) for code, count, share in network.triage_shares()],
            "money": [
                (currency, MilestoneState(state).label, count, amount)
                for currency, state, count, amount in queries.milestone_sums()
            ],
            "network": found,
            "names": names,
            "matrix": [(names[at], row) for at, (_code, row) in enumerate(found.matrix)],
            "brokers": network.named_brokers(found),
            "published": figures().filter(code__in=PUBLISHED),
            "may_weigh": is_broker(viewer),
            "today": today,
        },
    )


@login_required
@never_cache
def weights(request: HttpRequest) -> HttpResponse:
    """What counts how much in the ranking: the weights in force, the earlier ones, and new ones."""
    viewer = viewer_of(request.user)
    decision = may_see_programme(viewer)
    if not decision.allowed():
        raise Refused(decision)
    if request.method == "POST":
        given = {}
        for name in PARTS:
            try:
                given[name] = float(request.POST.get(name, ""))
            except ValueError as error:
                raise Refused(Decision((Reason("weights.out_of_range", facts={"field": name}),))) from error
        set_weights(given, request.POST.get("ground", ""), **acting(request))
        messages.success(request, _("These weights hold from now on."))
        return redirect("weights")
    now = timezone.now()
    held = ranking.weights_of(queries.weighting(now))
    return render(
        request,
        "partnering/weights.html",
        {
            "weights": [(name, PART_LABELS[name], value) for name, value in held.items()],
            "earlier": queries.weightings()[:20],
            "may_weigh": is_broker(viewer),
        },
    )
