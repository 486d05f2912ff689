"""For the user office: calls, people, pools, the beam calendar, the form."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST

from headwater.accounts import words
from headwater.core.decision import Refused, permit
from headwater.registry.models import Instrument, OrganisationKind
from headwater.useroffice import beamfiles, edges, facts, forms, judges, outputfiles, queries, rules
from headwater.useroffice.actions import (
    assigning,
    beamcalendar,
    calls,
    checking,
    deciding,
    people,
    proposals,
    telling,
    visiting,
)
from headwater.useroffice.desklist import desk_page
from headwater.useroffice.models import Panel, State
from headwater.useroffice.statistics import statistics_of
from headwater.useroffice.views.planning import letters_page
from headwater.useroffice.views.shared import call_form_page, desk_for, form_page


@login_required
def office(request: HttpRequest, public_id: str) -> HttpResponse:
    """A facility's office: its calls, panels, beamlines' scientists."""
    desk = desk_for(request)
    facility = edges.office_of(public_id, desk)
    panels, techniques = list(queries.panels_of(facility)), queries.techniques_of(facility)
    for member in (one for panel in panels for one in panel.members.all()):
        member.words = edges.fields_in_words(member.fields, techniques)
    context = {
        "facility": facility,
        "calls": queries.calls_of(facility),
        "panels": panels,
        "lines": queries.beamlines_of(facility).prefetch_related("scientists__user"),
        "form_version": facility.forms.order_by("-number").first(),
    }
    return render(request, "useroffice/office.html", context)


def _office_form(request: HttpRequest, form: object, facility: object, title: object, submit: object) -> HttpResponse:
    back = reverse("beamtime_office", args=[facility.public_id])  # type: ignore[attr-defined]
    return form_page(request, form, title=title, back=back, back_title=facility, submit=submit)


@login_required
def new_call(request: HttpRequest, public_id: str) -> HttpResponse:
    """Prepare a call."""
    desk = desk_for(request)
    facility = edges.office_of(public_id, desk)
    lines, zone = list(queries.beamlines_of(facility)), edges.facility_zone(facility)
    form = forms.CallForm(request.POST or None, lines=lines, zone=zone)
    if request.method == "POST" and form.is_valid():
        acting = edges.acting(request, desk)
        made = edges.attempt(form, lambda: calls.make_call(form.draft(public_id), **acting))
        if made is not None:
            messages.success(request, _("The call is in preparation. Announce it when it is ready."))
            return redirect("call_desk", made.public_id)
    return _office_form(request, form, facility, _("New call"), _("Save"))


@login_required
def edit_call(request: HttpRequest, public_id: str) -> HttpResponse:
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    lines, zone = list(queries.beamlines_of(call.facility)), edges.facility_zone(call.facility)
    form = forms.CallForm(request.POST or None, lines=lines, zone=zone, initial=forms.initial_of_call(call, zone))
    if request.method == "POST" and form.is_valid():
        acting = edges.acting(request, desk)
        draft = form.draft(call.facility.public_id)
        if edges.attempt(form, lambda: calls.change_call(public_id, draft, **acting)):
            messages.success(request, _("The call is changed."))
            return redirect("call_desk", public_id)
    return call_form_page(request, form, call, _("Change the call"), _("Save"))


@login_required
def call_desk(request: HttpRequest, public_id: str) -> HttpResponse:
    """The office's desk for one call: where each proposal stands, and the next step."""
    return _desk_page(request, public_id)


def _desk_page(request: HttpRequest, public_id: str, *, refused: Refused | None = None) -> HttpResponse:
    """The desk; what a step was refused for stands above it."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    counts = queries.state_counts(call)
    tracks, lines = list(call.tracks.order_by("pk")), list(call.beamlines.order_by("name_en", "pk"))
    asked = forms.DeskFilterForm(request.GET, tracks=tracks, lines=lines)
    page = desk_page(call, asked.wanted())
    context = {
        "call": call,
        "zone": edges.facility_zone(call.facility),
        "is_open": facts.call_is_open(call, timezone.now()),
        "counts": [(one, one.label, counts.get(one.value, 0)) for one in State if one != State.DRAFT],
        "at": {one.name.lower(): counts.get(one.value, 0) for one in State},
        "waiting": judges.waiting_for_verdict(call),
        "refused": refused,
        "asked": asked,
        "page": page,
        "submitted": sum(number for state, number in counts.items() if state != State.DRAFT),
        "address": asked.address(),
        "pools": call.pools.all(),
        "pending": queries.pending_letters(call).count(),
        "loads": queries.loads_with_names(call),
        "form": forms.GroundForm(),
    }
    status = words.status(refused.decision) if refused else 200
    return render(request, "useroffice/call_desk.html", context, status=status)


STEPS = {
    "announce": lambda call, acting, _ground: calls.set_call_stage(call, "announced", **acting),
    "complete": lambda call, acting, _ground: calls.set_call_stage(call, "done", **acting),
    "check": lambda call, acting, _ground: checking.begin_checks(call, **acting),
    "assign": lambda call, acting, _ground: (
        assigning.assign(call, seed=int(acting["at"].timestamp()), **acting).reviews
    ),
    "panel": lambda call, acting, ground: deciding.open_panel(
        call, waive=("panel.reviews_missing",) if ground else (), ground=ground, **acting
    ),
    "letters": lambda call, acting, ground: telling.send_letters(
        call, waive=("letters.undecided",) if ground else (), ground=ground, **acting
    ),
}


@login_required
@require_POST
def call_step(request: HttpRequest, public_id: str, step: str) -> HttpResponse:
    """One of the office's steps with a whole call."""
    work = STEPS.get(step)
    if work is None:
        raise edges.missing("call.not_found")
    ground = request.POST.get("ground", "").strip()[:500]
    try:
        done = work(public_id, edges.acting(request, desk_for(request)), ground)
    except Refused as refused:
        back = letters_page if step == "letters" else _desk_page
        return back(request, public_id, refused=refused)
    messages.success(request, _step_done(step, done))
    return redirect("letters" if step == "letters" else "call_desk", public_id)


def _step_done(step: str, done: object) -> str:
    """What a step did, in a sentence."""
    if step == "announce":
        return _("The call is announced.")
    if step == "complete":
        return _("The call is completed. What stayed on the standby list is declined; its letters wait.")
    number = int(str(done))
    said = {
        "check": ngettext("%(n)s proposal went to its beamlines.", "%(n)s proposals went to their beamlines.", number),
        "assign": ngettext("%(n)s review is asked for.", "%(n)s reviews are asked for.", number)
        if number
        else _("Every proposal in review has its reviewers; nothing more is asked for."),
        "panel": ngettext("%(n)s proposal is with the panel.", "%(n)s proposals are with the panel.", number),
        "letters": ngettext("%(n)s letter went out.", "%(n)s letters went out.", number),
    }[step]
    return said % {"n": number}


@login_required
def ask_reviewer(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask one person for a review of one proposal."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_manage_calls(about.facility_id, desk))
    form = forms.AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email, ground = form.cleaned_data["email"], form.cleaned_data["ground"]
        waive = ("review.load_full",) if ground else ()
        acting = edges.acting(request, desk)
        if edges.attempt(form, lambda: assigning.ask_reviewer(public_id, email, waive=waive, ground=ground, **acting)):
            messages.success(request, _("The review is asked for."))
            return redirect("proposal", public_id)
    back = reverse("proposal", args=[public_id])
    title = _("Ask for a review of %(proposal)s") % {"proposal": held.number}
    return form_page(request, form, title=title, back=back, back_title=held.title, submit=_("Ask"))


@login_required
def marks(request: HttpRequest, public_id: str) -> HttpResponse:
    """The office's marks on a proposal: carried over, discretionary."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_manage_calls(about.facility_id, desk))
    initial = {"carry_over": held.carry_over, "discretionary": held.discretionary}
    form = forms.MarksForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        proposals.set_carry_over(public_id, **given, **edges.acting(request, desk))
        return redirect("proposal", public_id)
    back = reverse("proposal", args=[public_id])
    title = _("Marks on %(proposal)s") % {"proposal": held.number}
    return form_page(request, form, title=title, back=back, back_title=held.title, submit=_("Save"))


@login_required
def new_panel(request: HttpRequest, public_id: str) -> HttpResponse:
    desk = desk_for(request)
    facility = edges.office_of(public_id, desk)
    form = forms.PanelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given, acting = form.cleaned_data, edges.acting(request, desk)
        if edges.attempt(form, lambda: people.make_panel(public_id, given["name_zh"], given["name_en"], **acting)):
            return redirect("beamtime_office", public_id)
    return _office_form(request, form, facility, _("New panel"), _("Save"))


@login_required
def member(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give or change a place on a panel."""
    desk = desk_for(request)
    panel = Panel.objects.select_related("facility").filter(public_id=public_id).first()
    if panel is None:
        raise edges.missing("panel.not_found")
    permit(rules.may_manage_calls(panel.facility_id, desk))
    now = queries.member_of(panel, request.GET.get("email", ""))
    techniques = [(one.code, one.name) for one in queries.techniques_of(panel.facility)]
    form = forms.MemberForm(request.POST or None, techniques=techniques, initial=forms.initial_of_member(now))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        draft = people.Member(
            given["email"],
            given["chair"],
            given["max_load"],
            given["fields_of"],
            given["languages"],
            given["expertise"],
            given["leaves"],
        )
        acting = edges.acting(request, desk)
        if edges.attempt(form, lambda: [people.set_member(public_id, draft, **acting)]):
            messages.success(request, _("The panel is changed."))
            return redirect("beamtime_office", panel.facility.public_id)
    return _office_form(request, form, panel.facility, _("A place on the panel"), _("Save"))


@login_required
def scientist(request: HttpRequest, public_id: str) -> HttpResponse:
    """Name a beamline's scientist."""
    desk = desk_for(request)
    line = Instrument.objects.select_related("facility").filter(public_id=public_id, facility__isnull=False).first()
    if line is None or line.facility is None:
        raise edges.missing("instrument.not_found")
    permit(rules.may_manage_calls(line.facility.pk, desk))
    form = forms.ScientistForm(request.POST or None, initial={"email": request.GET.get("email", "")})
    if request.method == "POST" and form.is_valid():
        given, acting = form.cleaned_data, edges.acting(request, desk)
        if edges.attempt(form, lambda: [people.set_scientist(public_id, **given, **acting)]):
            messages.success(request, _("The beamline's scientists are changed."))
            return redirect("beamtime_office", line.facility.public_id)
    title = _("Scientist of %(beamline)s") % {"beamline": line}
    return _office_form(request, form, line.facility, title, _("Save"))


@login_required
def calendar(request: HttpRequest, public_id: str) -> HttpResponse:
    """The beam calendar: by form, by CSV or iCal file."""
    desk = desk_for(request)
    facility = edges.office_of(public_id, desk)
    lines = list(queries.beamlines_of(facility))
    form = forms.PeriodForm(request.POST if "add" in request.POST else None, lines=lines)
    upload = forms.FileForm(request.POST or None, request.FILES or None) if request.FILES else forms.FileForm()
    if request.method == "POST":
        acting = edges.acting(request, desk)
        done: object = None
        if request.POST.get("drop", "").isdigit():
            beamcalendar.drop_period(public_id, int(request.POST["drop"]), **acting)
            done = True
        elif upload.is_bound and upload.is_valid():
            content = upload.cleaned_data["file"].read()
            load = partial(beamcalendar.set_periods, public_id, replace=True, **acting)
            done = edges.attempt(upload, lambda: [load(beamfiles.read_periods(content))])
        elif form.is_bound and form.is_valid():
            done = edges.attempt(form, lambda: [beamcalendar.set_periods(public_id, [form.draft()], **acting)])
        if done is not None:
            messages.success(request, _("The beam calendar is set."))
            return redirect("beam_calendar", public_id)
    context = {"facility": facility, "rows": queries.beam_periods(facility), "form": form, "upload": upload}
    return render(request, "useroffice/calendar.html", context, status=422 if form.errors or upload.errors else 200)


@login_required
def outputs(request: HttpRequest, public_id: str) -> HttpResponse:
    """The facility's publications; more from a Crossref- or OpenAlex-shaped file."""
    desk = desk_for(request)
    facility = edges.office_of(public_id, desk)
    form = forms.FileForm(request.POST or None, request.FILES or None) if request.method == "POST" else forms.FileForm()
    if request.method == "POST" and form.is_valid():
        file, acting = form.cleaned_data["file"], edges.acting(request, desk)
        content = file.read()
        done = edges.attempt(
            form,
            lambda: [visiting.import_outputs(public_id, outputfiles.read_outputs(content), str(file.name), **acting)],
        )
        if done is not None:
            messages.success(request, _("%(number)s publications are in the record.") % {"number": done[0]})
            return redirect("office_outputs", public_id)
    context = {"facility": facility, "form": form, "rows": queries.outputs_of(facility)[:200]}
    return render(request, "useroffice/outputs.html", context, status=422 if form.errors else 200)


def statistics(request: HttpRequest, public_id: str) -> HttpResponse:
    """A facility's user programme in figures, for everybody; published figures stand beside."""
    from headwater.registry.models import Facility

    facility = Facility.objects.filter(public_id=public_id).first()
    if facility is None:
        raise edges.missing("facility.not_found")
    found = statistics_of(facility, today=timezone.now().date())
    most = max((one.projects for one in found.years), default=1)
    context = {
        "facility": facility,
        "figures": [(edges.figure_words(code), one) for code, one in found.figures.items()],
        "years": [(one, 100 * one.projects / most, 100 * one.regional / most) for one in found.years],
        "published": found.published,
        "beside": [(edges.figure_words(one.code)[0], edges.beside_words(one.code), one) for one in found.beside],
        "users": [(OrganisationKind(one.kind).label, one) for one in found.users],
    }
    return render(request, "useroffice/statistics.html", context)
