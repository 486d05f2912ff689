"""The visit: people, samples, hours, handover, report."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from headwater.core.decision import permit
from headwater.useroffice import edges, forms, queries, rules, wording
from headwater.useroffice.actions import visiting as actions
from headwater.useroffice.models import Visit
from headwater.useroffice.models.proposals import SampleState
from headwater.useroffice.views.shared import desk_for, form_page

VISITS_PAGE = 50
DONE = {
    "visitor": gettext_lazy("The list of who comes is changed."),
    "contact": gettext_lazy("The local contact is named."),
    "sample": gettext_lazy("The sample's state is written down."),
    "begin": gettext_lazy("The experiment has begun."),
    "finish": gettext_lazy("The experiment is finished; the team is asked for its report."),
}


@login_required
def visits(request: HttpRequest) -> HttpResponse:
    """The visits that somebody runs, hosts or makes; fifty a page."""
    desk, over = desk_for(request), "over" in request.GET
    rows = queries.visits_of(desk.offices, desk.beamlines, desk.user_id or 0, over=over)
    pages = Paginator(rows, VISITS_PAGE)
    page = pages.get_page(request.GET.get("page"))
    return render(request, "useroffice/visits.html", {"page": page, "over": over})


@login_required
def visit(request: HttpRequest, public_id: str) -> HttpResponse:
    """A visit for its team and its hosts."""
    at, desk = timezone.now(), desk_for(request)
    found = Visit.objects.select_related("proposal", "instrument", "contact").filter(public_id=public_id).first()
    if found is None:
        raise edges.missing("visit.not_found")
    held, about = edges.seen_proposal(found.proposal.public_id, desk, at=at)
    mine = desk.user_id in about.team
    if mine and held.told_state != "scheduled":
        raise edges.missing("visit.not_found")
    hosts = rules.may_visit(about, desk, contact=found.contact_id == desk.user_id).allowed()
    forms_of = {
        "visitor": forms.VisitorForm,
        "contact": forms.PersonForm,
        "sample": forms.SampleForm,
        "begin": forms.BeginForm,
        "finish": forms.FinishForm,
    }
    asked = request.POST.get("act", "")
    shown = {name: kind(request.POST if name == asked else None) for name, kind in forms_of.items()}
    form = shown.get(asked)
    if request.method == "POST" and form is not None and form.is_valid():
        given, acting = dict(form.cleaned_data), edges.acting(request, desk)
        work = {
            "visitor": lambda: actions.set_visitor(public_id, **given, **acting),
            "contact": lambda: actions.set_contact(public_id, **given, **acting),
            "sample": lambda: [actions.set_sample_state(public_id, **given, **acting)],
            "begin": lambda: actions.begin_visit(
                public_id,
                waive=("visit.sample_not_approved", "visit.too_early") if given["ground"] else (),
                ground=given["ground"],
                **acting,
            ),
            "finish": lambda: actions.finish_visit(public_id, **given, **acting),
        }[asked]
        if edges.attempt(form, work):
            messages.success(request, DONE[asked])
            return redirect("visit", public_id)
    not_cleared = set(actions.uncleared(found, at=at))
    context = {
        "visit": found,
        "proposal": held,
        "hosts": hosts,
        "mine": mine,
        "forms": shown,
        "members": [(one, one.name not in not_cleared) for one in found.members.order_by("pk")],
        "samples": [
            (one, ", ".join(str(wording.HAZARDS.get(each, each)) for each in one.hazards))
            for one in held.samples.order_by("pk")
        ],
        "states": SampleState.choices,
        "scientists": [user for _line, user in queries.scientists_of([found.instrument])] if hosts else (),
    }
    failed = any(one.errors for one in shown.values())
    return render(request, "useroffice/visit.html", context, status=422 if failed else 200)


@login_required
def accept_report(request: HttpRequest, public_id: str) -> HttpResponse:
    """The office accepts a report, with a grade where access was urgent."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_manage_calls(about.facility_id, desk))
    form = forms.AcceptForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given, acting = form.cleaned_data, edges.acting(request, desk)
        if edges.attempt(form, lambda: actions.accept_report(public_id, **given, **acting)):
            messages.success(request, _("The report is accepted."))
            return redirect("proposal", public_id)
    back = reverse("proposal", args=[public_id])
    title = _("Accept the report on %(proposal)s") % {"proposal": held.number}
    text = getattr(getattr(held, "report", None), "text", "")
    return form_page(request, form, title=title, back=back, back_title=held.title, submit=_("Accept"), text=text)
