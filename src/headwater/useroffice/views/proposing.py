"""For those who propose: open calls, drafting, submitting."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.accounts import words
from headwater.core.decision import Decision, Refused, permit
from headwater.registry.models import Instrument
from headwater.useroffice import blocks, edges, facts, finding, forms, queries, rules
from headwater.useroffice.actions import proposals as actions, visiting
from headwater.useroffice.models import Call, Proposal
from headwater.useroffice.views.shared import desk_for, form_page

VISITS_SHOWN = 10


def home(request: HttpRequest) -> HttpResponse:
    """Open calls for everybody; one's proposals, invitations and work for whoever signed in."""
    at, desk = timezone.now(), desk_for(request)
    context = {"open": queries.open_calls(at), "coming": queries.coming_calls(at), "desk": desk}
    context["scheduled"] = queries.scheduled_calls(at.date())
    if desk.user_id is not None:
        mine = list(queries.my_proposals(desk.user_id))
        context |= {
            "mine": [(one, edges.shown_state(one)) for one in mine],
            "invitations": queries.invitations(request.user),  # type: ignore[arg-type]
            "reviews": queries.review_counts(desk.user_id),
            "checks": sum(not kinds for _one, kinds in facts.feasibilities_for(desk, waiting=True)),
            "visits": queries.visits_of(desk.offices, desk.beamlines, desk.user_id, over=False)[:VISITS_SHOWN],
            "panels": queries.panel_calls(desk.panels) if desk.panels else (),
            "offices": queries.offices(desk),
            "blocks": list(blocks.my_blocks(desk)),
        }
    return render(request, "useroffice/home.html", context)


def call(request: HttpRequest, public_id: str) -> HttpResponse:
    """A call as everybody reads it."""
    at, desk = timezone.now(), desk_for(request)
    held = edges.seen_call(public_id, desk)
    context = {
        "call": held,
        "zone": edges.facility_zone(held.facility),
        "beamlines": held.beamlines.order_by("name_en"),
        "pools": held.pools.all(),
        "is_open": facts.call_is_open(held, at),
        "is_office": desk.office(held.facility_id),
        "version": queries.published(held),
    }
    return render(request, "useroffice/call.html", context)


def open_beamlines(request: HttpRequest) -> HttpResponse:
    """Beamlines that take proposals now, by technique or by words; with ``beamline`` the calls of that one."""
    at = timezone.now()
    only = Instrument.objects.filter(public_id=request.GET.get("beamline", ""), access="proposal").first()
    calls = list(queries.open_calls(at))
    lines = queries.lines_of_calls(calls)
    context = _lines_found(request, lines)
    if only is not None:
        coming = queries.coming_calls(at).filter(beamlines=only)
        context |= {"only": only, "rows": [one for one in lines if one.pk == only.pk], "coming": coming}
    return render(request, "useroffice/beamlines.html", context)


def _lines_found(request: HttpRequest, lines: Sequence[Instrument]) -> dict[str, object]:
    text, technique = request.GET.get("q", "")[:200], request.GET.get("technique", "")[:80]
    rows = finding.found_lines(lines, text=text, technique=technique)
    shown = {"facets": finding.facets_of(lines), "q": text, "technique": technique, "searched": bool(text or technique)}
    return {**shown, "rows": rows}


@login_required
def choose_beamlines(request: HttpRequest, public_id: str) -> HttpResponse:
    """Choose a draft's beamlines among the call's, by technique or by words."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_change_proposal(about, desk))
    if held.call.mode == "within":
        return redirect("edit_part", public_id)
    form = forms.GroundForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        place = next((name for name in ("first", "last", "off") if name in request.POST), "")
        line, acting = request.POST.get(place, ""), edges.acting(request, desk)
        if edges.attempt(form, lambda: actions.choose_beamline(public_id, line, place, **acting)):
            return redirect(request.get_full_path())
    context = _lines_found(request, queries.lines_of_calls([held.call]))
    chosen = [one.instrument for one in held.choices.all()]
    context |= {"proposal": held, "chosen": chosen, "most": held.call.most_beamlines, "form": form}
    return render(request, "useroffice/choose_beamlines.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def check(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the call's rules say of a draft as it is being written; nothing is kept."""
    desk, at = desk_for(request), timezone.now()
    held, proposal = _written_in(request, public_id, desk)
    form = _form(request, held, proposal)
    version = proposal.form if proposal else held.form
    if not form.is_valid():
        said = [(str(field.label), error) for field in form for error in field.errors]
        return render(request, "useroffice/_check.html", {"ready": False, "check": said})
    draft = edges.attempt(form, form.draft)
    decision = actions.check_written(held, version, draft, proposal, at=at) if draft else Decision()
    told = edges.told_of_draft(decision, version)
    said = told if draft else [("", error) for errors in form.errors.values() for error in errors]
    ready = draft is not None and decision.allowed()
    return render(request, "useroffice/_check.html", {"ready": ready, "check": said})


@login_required
@require_POST
def asked_questions(request: HttpRequest, public_id: str) -> HttpResponse:
    """The call's questions again, those hidden that the answers given so far don't lead to; nothing is kept."""
    desk = desk_for(request)
    held, proposal = _written_in(request, public_id, desk)
    form = _form(request, held, proposal)
    form.is_valid()
    parts = form.parts(form.asked(form.answers()), _("Questions of the call"))
    return render(request, "useroffice/_questions.html", {"parts": parts})


def _written_in(request: HttpRequest, public_id: str, desk: rules.Desk) -> tuple[Call, Proposal | None]:
    """The call that a draft is being written in, and the draft where it is kept already."""
    held = edges.seen_call(public_id, desk)
    if key := request.POST.get("proposal"):
        proposal, about = edges.seen_proposal(key, desk, at=timezone.now())
        permit(rules.may_change_proposal(about, desk))
        return proposal.call, proposal
    return held, None


def _form(request: HttpRequest, held: Call, proposal: Proposal | None) -> forms.ProposalForm:
    form = proposal.form if proposal else held.form
    first = {"language": forms.own_language(), "requested": 9, "minimum": 6}
    first |= {"beamline_0": request.GET.get("beamline", "")}
    # of the whole team: what one of them chose stays a choice for whoever edits after her
    team = {one.user_id for one in proposal.team.all() if one.user_id} if proposal else {request.user.pk}
    homes = list(queries.homes_of(team, proposal.organisation_id if proposal else None))
    if len(homes) == 1:
        first["organisation"] = homes[0].public_id
    return forms.ProposalForm(
        request.POST or None,
        request.FILES or None,
        call=held,
        questions=form.questions,
        lines=list(held.beamlines.order_by("name_en")),
        homes=homes,
        earlier=list(queries.earlier_of(team, proposal)),
        tracks=list(held.tracks.order_by("pk")),
        answers=proposal.answers if proposal else {},
        initial=forms.initial_of_proposal(proposal) if proposal else first,
    )


def _keep_files(
    request: HttpRequest, form: forms.ProposalForm, proposal: Proposal, desk: rules.Desk, said: str
) -> HttpResponse:
    """Keep the files of a draft that is kept; one that is refused is told, and the draft's form comes back afresh."""
    refused = []
    for name, file in request.FILES.items():
        question, content = name.removeprefix("q_"), file.read()
        try:
            actions.add_file(proposal.public_id, question, str(file.name), content, **edges.acting(request, desk))
        except Refused as error:
            about = str(form[name].label) if name in form.fields else question
            refused += [f"{about}: {sentence}" for sentence in words.sentences(error.decision)]
    messages.success(request, said)
    for sentence in refused:
        messages.error(request, _("The file was not kept. %(why)s") % {"why": sentence})
    return redirect("edit_proposal" if refused else "proposal", proposal.public_id)


@login_required
def apply(request: HttpRequest, public_id: str) -> HttpResponse:
    """Begin a draft."""
    desk = desk_for(request)
    held = edges.seen_call(public_id, desk)
    form = _form(request, held, None)
    if request.method == "POST" and form.is_valid():
        acting = edges.acting(request, desk)
        made = edges.attempt(form, lambda: actions.start_proposal(held.public_id, form.draft(), **acting))
        if made is not None:
            said = _("The draft is kept. Check it, and submit it before the deadline.")
            return _keep_files(request, form, made, desk, said)
    context = {"form": form, "call": held}
    return render(request, "useroffice/proposal_form.html", context, status=422 if form.errors else 200)


@login_required
def edit_proposal(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change a draft; what the call's rules have against it stands on its page."""
    desk = desk_for(request)
    proposal, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_change_proposal(about, desk))
    if proposal.call.mode == "within":
        return redirect("edit_part", public_id)
    form = _form(request, proposal.call, proposal)
    if request.method == "POST" and form.is_valid():
        version, acting = form.cleaned_data["version"], edges.acting(request, desk)
        done = edges.attempt(
            form, lambda: actions.change_proposal(public_id, form.draft(), expected_version=version, **acting)
        )
        if done is not None:
            return _keep_files(request, form, proposal, desk, _("The draft is kept."))
    context = {"form": form, "call": proposal.call, "proposal": proposal}
    return render(request, "useroffice/proposal_form.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def reopen(request: HttpRequest, public_id: str) -> HttpResponse:
    actions.reopen_proposal(public_id, **edges.acting(request, desk_for(request)))
    messages.success(request, _("The proposal is a draft again. Submit it before the deadline."))
    return redirect("proposal", public_id)


def proposal_form(request: HttpRequest, form: object, held: Proposal, title: object, submit: object) -> HttpResponse:
    back = reverse("proposal", args=[held.public_id])
    return form_page(request, form, title=title, back=back, back_title=held.title, submit=submit)


def _for_team(request: HttpRequest, public_id: str) -> tuple[Proposal, rules.Desk]:
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_submit_for(about, desk))
    return held, desk


@login_required
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    held, desk = _for_team(request, public_id)
    form = forms.ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if edges.attempt(form, lambda: actions.withdraw_proposal(public_id, reason, **edges.acting(request, desk))):
            messages.success(request, _("The proposal is withdrawn."))
            return redirect("proposal", public_id)
    return proposal_form(request, form, held, _("Withdraw the proposal"), _("Withdraw"))


@login_required
def team(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who is on the team; invite, take off, and name reviewers to keep out."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_change_proposal(about, desk))
    form = forms.InviteForm(request.POST if "invite" in request.POST else None)
    away = forms.PersonForm(request.POST if "exclude" in request.POST else None, prefix="away")
    if request.method == "POST":
        acting = edges.acting(request, desk)
        if request.POST.get("remove", "").isdigit():
            actions.remove_member(public_id, int(request.POST["remove"]), **acting)
            return redirect("proposal_team", public_id)
        if request.POST.get("rights", "").isdigit():
            rights = {name: name in request.POST for name in ("may_edit", "may_submit")}
            actions.set_rights(public_id, int(request.POST["rights"]), **rights, **acting)
            messages.success(request, _("The rights are changed."))
            return redirect("proposal_team", public_id)
        if "admit" in request.POST:
            actions.admit_reviewer(public_id, request.POST["admit"], **acting)
            return redirect("proposal_team", public_id)
        if form.is_bound and form.is_valid():
            given = form.cleaned_data
            if edges.attempt(form, lambda: actions.invite(public_id, **given, **acting)):
                messages.success(request, _("The invitation is on its way."))
                return redirect("proposal_team", public_id)
        if away.is_bound and away.is_valid():
            email = away.cleaned_data["email"]
            if edges.attempt(away, lambda: [actions.exclude_reviewer(public_id, email, "", **acting)]):
                messages.success(request, _("This person will not be asked to judge the proposal."))
                return redirect("proposal_team", public_id)
    kept_out = queries.kept_out_of(held)
    context = {"proposal": held, "form": form, "away": away, "kept_out": kept_out}
    return render(request, "useroffice/team.html", context, status=422 if form.errors or away.errors else 200)


@login_required
@require_POST
def answer(request: HttpRequest, number: int) -> HttpResponse:
    """Accept or decline a place on a team."""
    acting = edges.acting(request, desk_for(request))
    del acting["desk"]
    accept = request.POST.get("answer") == "yes"
    held = actions.answer_invitation(number, accept, **acting)
    return redirect("proposal", held.public_id) if accept else redirect("beamtime")


@login_required
def report(request: HttpRequest, public_id: str) -> HttpResponse:
    """Hand in the report."""
    held, desk = _for_team(request, public_id)
    form = forms.ReportForm(request.POST or None, initial={"text": getattr(getattr(held, "report", None), "text", "")})
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"]
        if edges.attempt(form, lambda: visiting.submit_report(public_id, text, **edges.acting(request, desk))):
            messages.success(request, _("The report is handed in."))
            return redirect("proposal", public_id)
    return proposal_form(request, form, held, _("Report on the experiment"), _("Hand in"))


@login_required
def feedback(request: HttpRequest, public_id: str) -> HttpResponse:
    held, desk = _for_team(request, public_id)
    form = forms.FeedbackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        if edges.attempt(form, lambda: visiting.give_feedback(public_id, **given, **edges.acting(request, desk))):
            messages.success(request, _("Thank you."))
            return redirect("proposal", public_id)
    return proposal_form(request, form, held, _("Feedback on your visit"), _("Send"))


@login_required
def link_output(request: HttpRequest, public_id: str) -> HttpResponse:
    """Link a publication."""
    from headwater.useroffice.outputfiles import plain_doi

    desk = desk_for(request)
    held, _about = edges.seen_proposal(public_id, desk, at=timezone.now())
    form = forms.OutputForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        draft = visiting.OutputDraft(plain_doi(given["doi"]), given["title"], given["year"])
        if edges.attempt(form, lambda: visiting.link_output(public_id, draft, **edges.acting(request, desk))):
            messages.success(request, _("The publication is linked."))
            return redirect("proposal", public_id)
    return proposal_form(request, form, held, _("Link a publication"), _("Link"))
