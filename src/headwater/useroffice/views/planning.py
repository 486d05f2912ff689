"""For the user office: scenarios, pins, the published schedule, letters."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from headwater.accounts import notices, words
from headwater.core.decision import Refused, permit
from headwater.registry.facts import viewer_of
from headwater.useroffice import comparing, edges, forms, plans, queries, rounds, rules
from headwater.useroffice.actions import publishing, scheduling, telling
from headwater.useroffice.models import Scenario
from headwater.useroffice.views.shared import desk_for, form_page


@login_required
def scenarios(request: HttpRequest, public_id: str) -> HttpResponse:
    """A call's plans side by side, and a new one."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    form = forms.ScenarioForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given, acting = form.cleaned_data, edges.acting(request, desk)
        made = edges.attempt(form, lambda: scheduling.make_scenario(public_id, **given, **acting))
        if made is not None:
            messages.success(request, _("The plan is being made."))
            return redirect("scenario", made.public_id)
    rows = list(queries.scenarios_of(call))
    solved = [one for one in rows if one.state == "solved"]
    context = {
        "call": call,
        "form": form,
        "rows": rows,
        "version": queries.published(call),
        "compare": forms.CompareForm(plans=solved) if len(solved) > 1 else None,
        "pins": plans.pins_in_words(call),
    }
    return render(request, "useroffice/scenarios.html", context, status=422 if form.errors else 200)


def _scenario(public_id: str, desk: rules.Desk) -> Scenario:
    found = Scenario.objects.select_related("call__facility", "made_from").filter(public_id=public_id).first()
    if found is None or not desk.office(found.call.facility_id):
        raise edges.missing("scenario.not_found")
    return found


@login_required
def scenario(request: HttpRequest, public_id: str) -> HttpResponse:
    """One plan: its bound and gap, who got what and why; plan again with changes, or publish it."""
    desk = desk_for(request)
    held = _scenario(public_id, desk)
    again = "again" in request.POST
    form = forms.PublishForm(request.POST if request.POST and not again else None)
    start = {"seconds": held.seconds, "from_published": held.from_published}
    anew = forms.ReplanForm(request.POST if again else None, initial=start)
    if again and anew.is_valid():
        given, acting = anew.cleaned_data, edges.acting(request, desk)
        made = edges.attempt(
            anew, lambda: scheduling.replan(public_id, forms.wishes_of(request.POST), **given, **acting)
        )
        if made is not None:
            messages.success(request, _("The plan is being made."))
            return redirect("scenario", made.public_id)
    if request.method == "POST" and form.is_bound and form.is_valid():
        given, acting = form.cleaned_data, edges.acting(request, desk)
        made = edges.attempt(
            form,
            lambda: publishing.publish(
                public_id, given["note"], viewer=viewer_of(request.user), displace=given["displace"], **acting
            ),
        )
        if made is not None:
            messages.success(request, _("The schedule is published. Its beamtime stands in the calendar."))
            return redirect("schedule", held.call.public_id)
    context = {
        "scenario": held,
        "call": held.call,
        "form": form,
        "anew": anew,
        "lines": plans.lines_of(held) if held.state == "solved" else (),
        "clash": plans.clash_of(held) if held.state == "impossible" else (),
        "pins": plans.pins_in_words(held.call),
        "begun": rounds.begun_awards(queries.published(held.call)),
    }
    return render(request, "useroffice/scenario.html", context, status=422 if form.errors or anew.errors else 200)


@login_required
def compare(request: HttpRequest, public_id: str) -> HttpResponse:
    """Two of a call's plans side by side: merit, bound, gap, and what differs for whom and why."""
    call = edges.office_call(public_id, desk_for(request))
    solved = queries.scenarios_of(call).filter(state="solved")
    form = forms.CompareForm(request.GET or None, plans=list(solved))
    context = {"call": call, "form": form, "found": None}
    if form.is_bound and form.is_valid():
        chosen = [call.scenarios.get(public_id=form.cleaned_data[name]) for name in ("first", "second")]
        context["found"] = comparing.compare(*chosen)
    return render(request, "useroffice/compare_plans.html", context, status=422 if form.errors else 200)


@login_required
def pin(request: HttpRequest, public_id: str) -> HttpResponse:
    """Fix what a proposal gets, or keep it from a beamline."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_manage_calls(about.facility_id, desk))
    lines = [one.instrument for one in held.choices.all()]
    now = getattr(held, "pin", None)
    initial = {}
    if now is not None:
        initial = {
            "beamline": now.instrument.public_id if now.instrument else "",
            "day": now.day.isoformat() if now.day else "",
            "shifts": now.shifts,
            "banned": [one.public_id for one in lines if one.pk in now.banned],
            "reason": now.reason,
        }
    form = forms.PinForm(request.POST or None, lines=lines, initial=initial)
    if request.method == "POST" and form.is_valid():
        given, acting = form.cleaned_data, edges.acting(request, desk)
        if edges.attempt(form, lambda: [scheduling.set_pin(public_id, **given, **acting)]):
            messages.success(request, _("The next plan keeps to it."))
            return redirect("scenarios", held.call.public_id)
    back = reverse("proposal", args=[public_id])
    title = _("Fix %(proposal)s") % {"proposal": held.number}
    return form_page(request, form, title=title, back=back, back_title=held.title, submit=_("Save"))


def schedule(request: HttpRequest, public_id: str) -> HttpResponse:
    """The published schedule: beamlines and days for everybody, numbers of proposals, no names; all its versions."""
    desk = desk_for(request)
    call = edges.seen_call(public_id, desk)
    version = queries.published(call)
    awards = edges.awards_shown(call, version, desk)
    lines = list(call.beamlines.order_by("name_en"))
    periods = list(queries.beam_periods(call.facility))
    context = {
        "call": call,
        "version": version,
        "zone": edges.facility_zone(call.facility),
        "versions": queries.versions_of(call),
        "awards": awards,
        "picture": plans.picture_of(call, lines, awards, periods),
        "is_office": desk.office(call.facility_id),
    }
    if desk.office(call.facility_id):
        context["standby"] = queries.standby_of(call)
    return render(request, "useroffice/schedule.html", context)


@login_required
def letters(request: HttpRequest, public_id: str) -> HttpResponse:
    """Decisions that wait to be told, as they will read in both languages."""
    return letters_page(request, public_id)


def letters_page(request: HttpRequest, public_id: str, *, refused: Refused | None = None) -> HttpResponse:
    """The letters; what sending them was refused for stands above."""
    desk = desk_for(request)
    call = edges.office_call(public_id, desk)
    pending = list(queries.pending_letters(call))
    verdicts = queries.latest_verdicts([one.pk for one in pending])
    awards = {one.proposal_id: one for one in queries.awards_of(queries.published(call))}
    rows = []
    for one in pending:
        letter = next((each for each in one.waiting if each.state == one.state), None)
        facts = telling.letter_facts(one, letter, verdicts.get(one.pk), awards.get(one.pk))
        said = {}
        for language in ("en", "zh-hans"):
            with translation.override(language):
                said[language] = notices.in_words(telling.NOTICE_OF[one.state], facts)
        rows.append((one, said["en"], said["zh-hans"], letter))
    context = {"call": call, "rows": rows, "undecided": queries.undecided_of(call), "refused": refused}
    status = words.status(refused.decision) if refused else 200
    return render(request, "useroffice/letters.html", context, status=status)


@login_required
def letter(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add a sentence to a letter, in both languages."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_manage_calls(about.facility_id, desk))
    written = held.letters.filter(sent_at=None, state=held.state).first()
    notes = {"note_zh": written.note_zh, "note_en": written.note_en} if written else {}
    form = forms.LetterForm(request.POST or None, initial=notes)
    if request.method == "POST" and form.is_valid():
        given, acting = form.cleaned_data, edges.acting(request, desk)
        if edges.attempt(form, lambda: telling.note_letter(public_id, given["note_zh"], given["note_en"], **acting)):
            return redirect("letters", held.call.public_id)
    back = reverse("letters", args=[held.call.public_id])
    title = _("Letter to the proposers of %(proposal)s") % {"proposal": held.number}
    return form_page(request, form, title=title, back=back, back_title=_("Letters"), submit=_("Save"))
