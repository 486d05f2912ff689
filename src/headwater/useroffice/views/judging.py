"""For those who judge: feasibility, reviews, the panel."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext, pgettext

from headwater.core.decision import permit
from headwater.useroffice import edges, facts, forms, queries, rules
from headwater.useroffice.actions import checking, deciding, discussing, reviewing
from headwater.useroffice.models import Review
from headwater.useroffice.ranking import cut_offs, lines_of, ranking_of
from headwater.useroffice.views.shared import desk_for, form_page


@login_required
def feasibilities(request: HttpRequest) -> HttpResponse:
    """What the beamlines' scientist is asked for, and has said; her load."""
    found = facts.feasibilities_for(desk_for(request))
    rows = [(one, edges.conflicts_in_words(kinds)) for one, kinds in found]
    context = {"rows": rows, "waiting": sum(not one.verdict and not closed for one, closed in rows)}
    return render(request, "useroffice/feasibilities.html", context)


@login_required
def feasibility(request: HttpRequest, public_id: str, beamline: str) -> HttpResponse:
    """Judge one proposal on one beamline."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    line = next((one.instrument for one in held.choices.all() if one.instrument.public_id == beamline), None)
    permit(rules.may_judge(about, desk, beamline_id=line.pk if line else -1))
    form = forms.FeasibilityForm(request.POST or None, initial={"shifts": held.requested})
    if request.method == "POST" and form.is_valid():
        given, acting = dict(form.cleaned_data), edges.acting(request, desk)
        if edges.attempt(form, lambda: checking.judge_feasibility(public_id, beamline, **given, **acting)):
            messages.success(request, _("Your verdict is written down."))
            return redirect("feasibilities")
    title = _("Feasibility of %(proposal)s on %(beamline)s") % {"proposal": held.number, "beamline": line}
    back = reverse("proposal", args=[public_id])
    return form_page(request, form, title=title, back=back, back_title=held.title, submit=_("Write down"))


@login_required
def reviews(request: HttpRequest) -> HttpResponse:
    """One's reviews."""
    return render(request, "useroffice/reviews.html", {"rows": queries.my_reviews(desk_for(request).user_id or 0)})


def _own(public_id: str, desk: rules.Desk) -> Review:
    mine = Review.objects.select_related("stage", "proposal").filter(reviewer_id=desk.user_id)
    found = mine.filter(public_id=public_id).first()
    if found is None:
        raise edges.missing("review.not_found")
    return found


@login_required
def review(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give a review."""
    desk = desk_for(request)
    own = _own(public_id, desk)
    held, _about = edges.seen_proposal(own.proposal.public_id, desk, at=timezone.now())
    given: dict[str, object] = {f"c_{key}": value for key, value in own.scores.items()}
    given |= {"for_panel": own.for_panel, "for_proposer": own.for_proposer}
    form = forms.ReviewForm(request.POST or None, criteria=own.stage.criteria, initial=given)
    if request.method == "POST" and form.is_valid():
        said, acting = form.cleaned_data, edges.acting(request, desk)
        texts = (said["for_panel"], said["for_proposer"])
        if edges.attempt(form, lambda: reviewing.give_review(public_id, form.scores(), *texts, **acting)):
            messages.success(request, _("Your review is given. You see the others' now."))
            return redirect("reviews")
    context = {"form": form, "review": own, "proposal": held}
    return render(request, "useroffice/review.html", context, status=422 if form.errors else 200)


def _review_form(request: HttpRequest, form: object, title: object, submit: object) -> HttpResponse:
    back = reverse("reviews")
    return form_page(request, form, title=title, back=back, back_title=_("My reviews"), submit=submit)


@login_required
def decline_review(request: HttpRequest, public_id: str) -> HttpResponse:
    desk = desk_for(request)
    own = _own(public_id, desk)
    form = forms.DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said, acting = form.cleaned_data, edges.acting(request, desk)
        if edges.attempt(form, lambda: reviewing.decline_review(public_id, **said, **acting)):
            return redirect("reviews")
    title = _("Decline the review of %(proposal)s") % {"proposal": own.proposal.number}
    return _review_form(request, form, title, _("Decline"))


@login_required
def delegate_review(request: HttpRequest, public_id: str) -> HttpResponse:
    desk = desk_for(request)
    own = _own(public_id, desk)
    form = forms.PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        if edges.attempt(form, lambda: reviewing.delegate_review(public_id, email, **edges.acting(request, desk))):
            messages.success(request, _("The review is handed on."))
            return redirect("reviews")
    title = _("Hand on the review of %(proposal)s") % {"proposal": own.proposal.number}
    return _review_form(request, form, title, _("Hand on"))


@login_required
def panel(request: HttpRequest, public_id: str) -> HttpResponse:
    """The panel's table: raw and corrected scores, the order, decisions; cut-offs by beamline."""
    desk = desk_for(request)
    call = edges.seen_call(public_id, desk)
    office = desk.office(call.facility_id)
    if not office and not desk.panels & set(call.tracks.values_list("panel", flat=True)):
        raise edges.missing("panel.not_yours")
    form = forms.RankForm(request.POST or None)
    ranking = ranking_of(call, desk)
    waiting = [row.proposal.public_id for row in ranking.rows if row.proposal.state == "panel"]
    if request.method == "POST" and form.is_valid():
        said, acting = form.cleaned_data, edges.acting(request, desk)
        done = edges.attempt(
            form, lambda: deciding.decide_by_rank(public_id, waiting, said["recommend"], said["reason"], **acting)
        )
        if done is not None:
            messages.success(request, _("%(number)s proposals are decided; nobody is told yet.") % {"number": done})
            if left := len(waiting) - done:
                said = ngettext(
                    "%(n)s is left for others: you have a conflict of interest.",
                    "%(n)s are left for others: you have a conflict of interest.",
                    left,
                )
                messages.info(request, said % {"n": left})
            return redirect("panel", public_id)
    version = queries.published(call)
    context = {
        "call": call,
        "ranking": ranking,
        "lines": lines_of(ranking, office=office),
        "waiting": len(waiting),
        "form": form,
        "is_office": office,
        "cut_offs": cut_offs(ranking, list(queries.awards_of(version))) if version else (),
    }
    return render(request, "useroffice/panel.html", context, status=422 if form.errors else 200)


@login_required
def discussion(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the committee says of a proposal before it is decided; add to it."""
    at, desk = timezone.now(), desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=at)
    permit(rules.may_discuss(about, desk))
    form = forms.RemarkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        text, acting = form.cleaned_data["text"], edges.acting(request, desk)
        if edges.attempt(form, lambda: discussing.add_remark(public_id, text, **acting)):
            return redirect("discussion", public_id)
    context = {
        "proposal": held,
        "zone": edges.facility_zone(held.call.facility),
        "rows": edges.remarks_named(held, about, desk),
        "form": form if rules.may_remark(about, desk, text="x").allowed() else None,
        "names": rules.may_see_reviewers(about, desk).allowed(),
    }
    return render(request, "useroffice/discussion.html", context, status=422 if form.errors else 200)


@login_required
def decide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decide on one proposal."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    if not desk.office(about.facility_id) and about.panel_id not in desk.panels:
        raise edges.missing("panel.not_yours")
    form = forms.DecideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said, acting = form.cleaned_data, edges.acting(request, desk)
        judgement = deciding.Judgement(said["kind"], said["rank"], said["reason"], said["shifts"])
        waive = ("panel.reviews_missing",) if said["ground"] else ()
        if edges.attempt(
            form, lambda: deciding.decide(public_id, judgement, waive=waive, ground=said["ground"], **acting)
        ):
            messages.success(request, _("The decision is written down; nobody is told yet."))
            return redirect("panel", held.call.public_id)
    title = _("Decide on %(proposal)s") % {"proposal": held.number}
    back = reverse("panel", args=[held.call.public_id])
    return form_page(
        request,
        form,
        title=title,
        back=back,
        back_title=_("The panel's table"),
        submit=pgettext("of the panel", "Decide"),
    )
