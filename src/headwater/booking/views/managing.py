"""The manager's pages: rules and what they would do, outages, training, what the time was used for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headwater.accounts import words
from headwater.booking import queries, rules
from headwater.booking.actions.interlocks import set_interlock
from headwater.booking.actions.managing import PolicyDraft, end_outage, record_outage, set_policy
from headwater.booking.actions.training import (
    cancel_course,
    disqualify,
    give_course,
    leave_course,
    qualify,
    settle_course,
    sign_up,
)
from headwater.booking.facts import asker_of
from headwater.booking.forms import (
    DAYS,
    LABELS,
    CourseForm,
    InterlockForm,
    OutageForm,
    PolicyForm,
    QualifyForm,
    policy_initial,
)
from headwater.booking.models import Kind
from headwater.booking.policies import DEFAULT_WEEK, in_force_of
from headwater.booking.replay import replayed
from headwater.booking.utilisation import utilisation_of
from headwater.booking.views.shared import actor, manages, said, shown
from headwater.core.decision import Refused, permit
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

SHOWN = 50
WINDOWS = (7, 30, 90)


def _managed(request: HttpRequest, public_id: str) -> tuple[Instrument, Viewer]:
    instrument, viewer = shown(request, public_id)
    permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
    return instrument, viewer


# Rules ----------------------------------------------------------------------------------------------------------
def _draft(form: PolicyForm, instrument: Instrument, now: Any) -> PolicyDraft:
    given = form.cleaned_data
    return PolicyDraft(
        instrument.public_id,
        given["since"] or now,
        form.terms(),
        given["open_week"],
        given["closed_days"],
        given["qualification_days"],
        form.peak,
        given["for_owner"],
    )


def instrument_rules(request: HttpRequest, public_id: str) -> HttpResponse:
    """The rules in force, for everybody; for a manager the form that sets them, with their effect on last month."""
    instrument, viewer = shown(request, public_id)
    now, zone = timezone.now(), queries.zone_of(instrument)
    policy = queries.policy_of(instrument, now)
    held = in_force_of(policy, zone)
    week, peak = (policy.hours, policy.peak) if policy else (DEFAULT_WEEK, [])
    closed = policy.closed_days if policy else []
    is_manager = manages(instrument, viewer)
    initial = policy_initial(held, week, peak, closed)
    form = PolicyForm(request.POST if request.method == "POST" else None, initial=initial) if is_manager else None
    context: dict[str, Any] = {
        "instrument": instrument,
        "zone": zone,
        "held": held,
        "own": policy is not None and policy.instrument_id is not None,
        "since": policy.since if policy else None,
        "week": [(day, initial[f"open_{number}"], initial[f"peak_{number}"]) for number, day in enumerate(DAYS)],
        "closed": [day for day in sorted(closed) if day >= now.astimezone(zone).date()][:SHOWN],
        "lengths": [(label, getattr(held.terms, name)) for name, label in LABELS.items()],
        "manages": is_manager,
        "form": form,
        "coming": queries.policies_to_come(instrument, now),
    }
    status = 200
    if request.method == "POST":
        permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
        assert form is not None
        status = 422
        if form.is_valid():
            draft = _draft(form, instrument, now)
            try:
                if request.POST.get("act") == "save":
                    set_policy(draft, viewer, by=actor(request), at=now)
                    messages.success(request, _("The rules are set."))
                    return redirect("instrument_rules", public_id)
                found = replayed(draft, viewer, at=now)
            except Refused as refused:
                context["said"] = said(refused.decision, instrument)
            else:
                status = 200
                context["trial"] = found
                context["trial_refused"] = [(row, words.sentences(why)) for row, why in found.refused[:SHOWN]]
    if form is not None:
        context["week_fields"] = [(form[f"open_{number}"], form[f"peak_{number}"]) for number in range(7)]
        context["length_fields"] = [form[name] for name in LABELS]
    return render(request, "booking/rules.html", context, status=status)


# Outages --------------------------------------------------------------------------------------------------------
@login_required
@never_cache
def instrument_outages(request: HttpRequest, public_id: str) -> HttpResponse:
    """Outages to come, and the form that records one; those booked are told and offered new times."""
    instrument, viewer = _managed(request, public_id)
    zone, now = queries.zone_of(instrument), timezone.now()
    start = now.astimezone(zone).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    initial = {"start": start, "end": start + timedelta(hours=4), "zone": str(zone)}
    form = OutageForm(request.POST if request.method == "POST" else None, initial=initial)
    context: dict[str, Any] = {"instrument": instrument, "zone": zone, "form": form}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = form.cleaned_data
            try:
                _row, displaced = record_outage(
                    public_id, given["start"], given["end"], given["note"], viewer, by=actor(request), at=now
                )
            except Refused as refused:
                status, context["said"] = 409, said(refused.decision, instrument)
            else:
                count = len(displaced)
                text = ngettext(
                    "Recorded. %(count)s booking was cancelled, its holder told.",
                    "Recorded. %(count)s bookings were cancelled, their holders told.",
                    count,
                )
                messages.success(request, text % {"count": count})
                return redirect("instrument_outages", public_id)
    ahead = queries.occupying(instrument.pk, now, now + timedelta(days=3660)).filter(kind=Kind.OUTAGE)
    context["outages"] = ahead[:SHOWN]
    return render(request, "booking/outages.html", context, status=status)


@login_required
@require_POST
def end_instrument_outage(request: HttpRequest, public_id: str) -> HttpResponse:
    """End an outage now, or take back one that has not begun."""
    now = timezone.now()
    row = end_outage(public_id, viewer_of(request.user), until=now, by=actor(request), at=now)
    messages.success(request, _("The outage is over."))
    return redirect("instrument_outages", row.instrument.public_id)


# Training -------------------------------------------------------------------------------------------------------
@never_cache
def instrument_training(request: HttpRequest, public_id: str) -> HttpResponse:
    """Courses to sign up for; for managers also who is qualified, and the forms that announce and grant."""
    instrument, viewer = shown(request, public_id)
    now, zone = timezone.now(), queries.zone_of(instrument)
    is_manager = manages(instrument, viewer)
    start = (now + timedelta(days=7)).astimezone(zone).replace(tzinfo=None, hour=9, minute=0, second=0, microsecond=0)
    initial = {"start": start, "end": start + timedelta(hours=3), "zone": str(zone), "places": 6}
    form = CourseForm(request.POST if request.POST.get("act") == "announce" else None, initial=initial)
    grant = QualifyForm(request.POST if request.POST.get("act") == "grant" else None)
    context: dict[str, Any] = {"instrument": instrument, "zone": zone, "manages": is_manager}
    if request.method == "POST":
        permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
        try:
            if form.is_bound and form.is_valid():
                given = form.cleaned_data
                give_course(
                    public_id,
                    given["start"],
                    given["end"],
                    given["places"],
                    viewer,
                    room=given["room"],
                    note=given["note"],
                    by=actor(request),
                    at=now,
                )
                messages.success(request, _("The course is announced."))
                return redirect("instrument_training", public_id)
            if grant.is_bound and grant.is_valid():
                qualify(public_id, **_person(grant), viewer=viewer, by=actor(request), at=now)
                messages.success(request, _("Granted."))
                return redirect("instrument_training", public_id)
        except Refused as refused:
            context["said"] = said(refused.decision, instrument)
    courses = list(queries.courses(instrument.pk, after=now - timedelta(days=30) if is_manager else now))
    mine = queries.my_sign_ups(viewer.user_id, [one.pk for one in courses])
    context |= {
        "courses": [(one, one.places - one.taken, mine.get(one.pk), one.starts_at <= now) for one in courses],
        "form": form,
        "grant": grant,
        "qualified": queries.qualified_people(instrument.pk)[:MOST_QUALIFIED] if is_manager else None,
        "mine": queries.qualification_of(viewer.user_id, instrument.pk) if viewer.user_id else None,
        "now": now,
    }
    failed = "said" in context or form.errors or grant.errors
    return render(request, "booking/training.html", context, status=422 if failed else 200)


MOST_QUALIFIED = 500


def _person(form: QualifyForm) -> dict[str, str]:
    return {"email": form.cleaned_data["person"], "note": form.cleaned_data["note"]}


@login_required
@require_POST
def take_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a qualification back."""
    _instrument, viewer = _managed(request, public_id)
    disqualify(public_id, request.POST.get("person", "")[:254], viewer, by=actor(request), at=timezone.now())
    messages.success(request, _("Taken back."))
    return redirect("instrument_training", public_id)


@login_required
@never_cache
def course(request: HttpRequest, public_id: str) -> HttpResponse:
    """One course: for those who sign up, and for the manager who writes down who passed."""
    found = queries.course(public_id)
    instrument, viewer = shown(request, found.instrument.public_id if found else "")
    assert found is not None
    now = timezone.now()
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act == "results":
            passed = {int(one) for one in request.POST.getlist("passed") if one.isdigit() and len(one) < 18}
            made = settle_course(public_id, passed, viewer, by=actor(request), at=now)
            text = ngettext("%(count)s person is qualified.", "%(count)s people are qualified.", len(made))
            messages.success(request, text % {"count": len(made)})
        elif act == "cancel":
            cancel_course(public_id, viewer, by=actor(request), at=now)
            messages.success(request, _("The course is cancelled, and those who signed up are told."))
        elif act == "leave":
            leave_course(public_id, viewer, by=actor(request), at=now)
            messages.success(request, _("Your place is given back."))
        else:
            sign_up(public_id, viewer, by=actor(request), at=now)
            messages.success(request, _("You have a place."))
        return redirect("instrument_training", instrument.public_id)
    permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
    context = {
        "course": found,
        "instrument": instrument,
        "zone": queries.zone_of(instrument),
        "people": queries.sign_ups(found.pk),
    }
    return render(request, "booking/course.html", context)


# What the time was used for; the interlock ----------------------------------------------------------------------
@login_required
@never_cache
def instrument_use(request: HttpRequest, public_id: str) -> HttpResponse:
    """Utilisation, idle booked time, the share of outsiders, the last uses, and the interlock."""
    instrument, viewer = _managed(request, public_id)
    now = timezone.now()
    form = InterlockForm(
        request.POST if request.method == "POST" else None, initial={"url": queries.interlock_url(instrument.pk)}
    )
    context: dict[str, Any] = {"instrument": instrument, "zone": queries.zone_of(instrument), "form": form}
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            _made, context["secret"] = set_interlock(
                public_id, form.cleaned_data["url"], viewer, by=actor(request), at=now
            )
        except Refused as refused:
            status, context["said"] = 409, said(refused.decision, instrument)
    context["windows"] = [
        (days, utilisation_of(instrument, now - timedelta(days=days), now, at=now)) for days in WINDOWS
    ]
    context["usages"] = (
        queries.usages_in([instrument.pk], now - timedelta(days=90), now)
        .select_related("user", "reservation")
        .order_by("-started_at")[:SHOWN]
    )
    context["waiting_signals"] = queries.signals_waiting(instrument.pk)
    return render(request, "booking/use.html", context, status=status)
