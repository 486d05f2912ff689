"""A proposal as its readers see it: team, reviewers, scientists, panel and office each their part."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.accounts import words
from headwater.accounts.queries import trail_of
from headwater.core.decision import Refused, permit
from headwater.useroffice import edges, forms, judges, queries, rules, wording
from headwater.useroffice.actions import proposals as actions, reviewing
from headwater.useroffice.callform.shown import answers_shown
from headwater.useroffice.models import Proposal, Submission
from headwater.useroffice.rules.access import LIVE
from headwater.useroffice.rules.states import AT_ONCE
from headwater.useroffice.views.blocks import block_of, part_shown
from headwater.useroffice.views.proposing import proposal_form
from headwater.useroffice.views.shared import desk_for

TRAIL_SHOWN = 50


@login_required
def proposal(request: HttpRequest, public_id: str) -> HttpResponse:
    """A proposal for whoever may read it."""
    return _page(request, public_id)


@login_required
@require_POST
def submit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Submit a draft; what stands in the way is told on the proposal's page."""
    try:
        actions.submit_proposal(public_id, **edges.acting(request, desk_for(request)))
    except Refused as refused:
        return _page(request, public_id, refused=refused)
    messages.success(request, _("The proposal is submitted. Its paper is on this page."))
    return redirect("proposal", public_id)


def _page(request: HttpRequest, public_id: str, *, refused: Refused | None = None) -> HttpResponse:
    """The proposal's page; what its team was refused stands above it, whoever else was refused gets the plain page."""
    at, desk = timezone.now(), desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=at)
    mine = desk.user_id in about.team
    office = desk.office(about.facility_id) and not mine
    named = rules.may_see_identities(about, desk).allowed()
    visit = getattr(held, "visit", None)
    context = {
        "proposal": held,
        "zone": edges.facility_zone(held.call.facility),
        "mine": mine,
        "office": office,
        "named": named,
        "state": edges.shown_state(held) if mine else held.get_state_display(),
        "answers": answers_shown(held.form.questions, held.answers),
        "samples": [
            (one, [wording.HAZARDS[each] for each in one.hazards if each in wording.HAZARDS])
            for one in held.samples.all()
        ],
        "submissions": held.submissions.defer("content", "paper") if mine or (named and not mine) else (),
        "files": held.files.defer("content"),
        "visit": visit if visit is not None and (not mine or held.told_state == "scheduled") else None,
        "outputs": [link.output for link in held.output_links.select_related("output")],
        "report": getattr(held, "report", None),
        "judges": not mine and not office,
        "feedback": getattr(held, "feedback", None) if mine or office or desk.beamlines & about.beamlines else None,
    }
    if mine:
        context |= _for_team(held, about, desk)
    if held.call.mode == "block":
        context |= block_of(held)
    if refused is not None:
        if not mine:
            raise refused
        context["refused"] = edges.told_of_draft(refused.decision, held.form)
    own = about.reviewers.get(desk.user_id or 0, "")
    if rules.may_see_reviews(about, desk, own=own).allowed():
        context["reviews"] = held.reviews.filter(state="submitted").select_related("reviewer", "stage")
        context["feasibilities"] = held.feasibilities.exclude(verdict="").select_related("instrument", "judge")
    context["names_of_reviewers"] = rules.may_see_reviewers(about, desk).allowed()
    if not mine:
        context |= _for_judges(held, about, desk)
    if not mine and named and held.call.see_record:
        context["record"] = queries.record_of(held, today=at.date())
    if held.call.mode == "within":
        context |= part_shown(held, about, desk)
    elif rules.may_discuss(about, desk).allowed():
        context["remarks"] = held.remarks.count()
        context["discusses"] = True
    if office:
        context["committee"] = [(one, edges.conflicts_in_words(one.conflicts)) for one in judges.judges_of(held)]
        context["checkers"] = [(one, edges.conflicts_in_words(one.conflicts)) for one in judges.checkers_of(held)]
        context["trail"] = trail_of(held.public_id)[:TRAIL_SHOWN]
        context["verdicts"] = held.verdicts.select_related("by").order_by("-pk")
    status = words.status(refused.decision) if refused is not None else 200
    return render(request, "useroffice/proposal.html", context, status=status)


def _for_judges(held: Proposal, about: rules.ProposalFacts, desk: rules.Desk) -> dict[str, object]:
    """What is asked of whoever reads: her review, a verdict on feasibility, the panel's decision."""
    found: dict[str, object] = {}
    if about.reviewers.get(desk.user_id or 0) in LIVE and held.state == "review":
        found["own_review"] = held.reviews.filter(reviewer=desk.user_id, state__in=LIVE).order_by("state", "pk").first()
    lines = [one.instrument for one in held.choices.all()]
    found["to_judge"] = [one for one in lines if rules.may_judge(about, desk, beamline_id=one.pk).allowed()]
    on_panel = desk.office(about.facility_id) or about.panel_id in desk.panels
    if on_panel and not about.conflicts and held.state in ("panel", "recommended", "standby", "declined"):
        found["may_decide"] = True
    return found


def _for_team(held: Proposal, about: rules.ProposalFacts, desk: rules.Desk) -> dict[str, object]:
    """What the team may do, and what the call's rules have against the draft."""
    place = about.team[desk.user_id or 0]
    table = rules.STEPS[held.call.mode]
    found: dict[str, object] = {
        "next": edges.next_words(held),
        "may_edit": held.state == "draft" and place.may_edit,
        "may_submit": held.state == "draft" and place.may_submit,
        "may_reopen": place.may_submit
        and held.state == "submitted"
        and about.call_open
        and held.call.mode not in AT_ONCE,
        "may_withdraw": place.may_submit and (held.state, "withdraw") in table,
        "may_report": place.may_submit and held.state == "reporting",
    }
    if held.call.see_record and held.state in ("draft", "submitted"):
        found["own_record"] = [
            one for one in queries.record_of(held, today=timezone.now().date()) if one.proposal.told_state
        ]
    if held.state == "draft":
        decision = actions.check_draft(held, at=timezone.now())
        found["check"] = edges.told_of_draft(decision, held.form)
        found["ready"] = decision.allowed()
    if held.told_state:
        found["verdict"] = queries.latest_verdicts([held.pk]).get(held.pk)
        found["comments"] = held.reviews.filter(state="submitted").exclude(for_proposer="").select_related("reviewer")
    if held.told_state == "infeasible":
        found["feasibilities"] = held.feasibilities.exclude(verdict="").select_related("instrument")
    return found


@login_required
def paper(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """The paper as it was submitted."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_see_identities(about, desk))
    found = Submission.objects.filter(proposal=held, number=number).first()
    if found is None:
        raise edges.missing("proposal.not_found")
    answer = HttpResponse(bytes(found.paper), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{held.number}-{number}.pdf"'
    answer["X-Content-SHA256"] = found.sha256
    return answer


@login_required
def file(request: HttpRequest, public_id: str, question: str) -> HttpResponse:
    """A file that answers a question of the form."""
    held, _about = edges.seen_proposal(public_id, desk_for(request), at=timezone.now())
    found = held.files.filter(question=question).first()
    if found is None:
        raise edges.missing("proposal.not_found")
    answer = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    kind = next(kind for head, kind in actions.FILE_KINDS.items() if bytes(found.content).startswith(head))
    answer["Content-Disposition"] = f'attachment; filename="{held.public_id}-{question}.{kind}"'
    return answer


@login_required
def declare(request: HttpRequest, public_id: str) -> HttpResponse:
    """Declare a conflict of one's own."""
    desk = desk_for(request)
    held, _about = edges.seen_proposal(public_id, desk, at=timezone.now())
    form = forms.ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reviewing.declare_conflict(public_id, form.cleaned_data["reason"], **edges.acting(request, desk))
        messages.success(request, _("Your conflict is written down; the proposal is closed to you."))
        return redirect("beamtime")
    return proposal_form(request, form, held, _("Declare a conflict of interest"), _("Declare"))
