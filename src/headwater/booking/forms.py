"""The forms of booking."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.booking.hours import HoursError, read_line, write_line
from headwater.booking.policies import TERMS, InForce
from headwater.booking.rules import LONGEST_CODE, LONGEST_GROUP_NAME, LONGEST_NAME, MOST_BADGE, MOST_PIN, Terms
from headwater.support.vocabulary import Purpose

DAYS = (
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
)
ZONES = available_timezones()
FIRST_YEAR, LAST_YEAR = 2000, 2199


def zone_named(name: str) -> ZoneInfo | None:
    """The time zone of that name; None for what is none."""
    return ZoneInfo(name) if name in ZONES else None


class ClockField(forms.DateTimeField):
    """A time by somebody's clocks; which clocks, the form says."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def to_python(self, value: Any) -> datetime | None:
        found = super().to_python(value)
        if found is not None and not FIRST_YEAR <= found.year <= LAST_YEAR:
            raise forms.ValidationError(_("Give a time from 2000 to 2199."))
        return None if found is None else found.replace(tzinfo=None)


class SpanForm(forms.Form):
    """From when until when, by the clocks of ``zone``."""

    start = ClockField(label=pgettext_lazy("of a booking", "From"))
    end = ClockField(label=pgettext_lazy("of a booking", "Until"))
    zone = forms.CharField(widget=forms.HiddenInput, max_length=60)

    def clean_zone(self) -> ZoneInfo:
        found = zone_named(self.cleaned_data["zone"])
        if found is None:
            raise forms.ValidationError(_("This is no time zone."))
        return found

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        zone = values.get("zone")
        for name in ("start", "end"):
            if zone is not None and values.get(name) is not None:
                values[name] = values[name].replace(tzinfo=zone)
        return values


class BookForm(SpanForm):
    """Time asked for, once or as a series."""

    project = forms.CharField(label=_("Project"), required=False, max_length=200)
    note = forms.CharField(
        label=_("Note for the manager"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    purpose = forms.ChoiceField(label=_("Purpose"), required=False, choices=[("", "—"), *Purpose.choices])
    holder = forms.EmailField(label=_("For somebody else (e-mail address)"), required=False)
    times = forms.IntegerField(label=_("How often"), required=False, min_value=1, max_value=60, initial=1)
    every_days = forms.IntegerField(
        label=_("Every so many days"), required=False, min_value=1, max_value=366, initial=7
    )
    without = forms.CharField(
        label=_("Without these days"), required=False, max_length=1000, help_text=_("Such as 2026-10-01, 2026-10-08.")
    )
    skip_conflicts = forms.BooleanField(label=_("Leave out what is taken, instead of booking nothing"), required=False)
    waive = forms.BooleanField(label=_("Pass the rules that a manager may pass"), required=False)
    ground = forms.CharField(label=_("On what ground"), required=False, max_length=2000)

    def clean_without(self) -> frozenset[date]:
        found = set()
        for part in self.cleaned_data["without"].replace("，", ",").split(","):
            if part.strip():
                try:
                    found.add(date.fromisoformat(part.strip()))
                except ValueError:
                    raise forms.ValidationError(
                        _("“%(value)s” is not a day. Write it as 2026-10-01."), params={"value": part.strip()[:40]}
                    ) from None
        return frozenset(found)


class WishForm(SpanForm):
    """A window in which somebody wants so many minutes."""

    minutes = forms.IntegerField(label=_("Minutes needed"), min_value=1, max_value=86_400)
    project = forms.CharField(label=_("Project"), required=False, max_length=200)


class HandForm(forms.Form):
    to = forms.EmailField(label=_("E-mail address of your colleague"))
    version = forms.IntegerField(widget=forms.HiddenInput)


class OutageForm(SpanForm):
    note = forms.CharField(
        label=_("Why; everybody can read it"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )


class CourseForm(SpanForm):
    places = forms.IntegerField(label=_("Places"), min_value=1, max_value=500)
    room = forms.CharField(label=_("Where"), required=False, max_length=200)
    note = forms.CharField(label=_("What to know"), required=False, max_length=500)


class QualifyForm(forms.Form):
    person = forms.EmailField(label=_("E-mail address"))
    note = forms.CharField(label=_("Note"), required=False, max_length=300)


class TerminalForm(forms.Form):
    """A terminal that a manager sets up."""

    name = forms.CharField(
        label=_("Where it stands"), max_length=LONGEST_NAME, help_text=_("Such as: left of the door.")
    )


class PassForm(forms.Form):
    """By what one wants to be known at terminals; what is left empty stays as it is."""

    pin = forms.CharField(
        label=_("New PIN"),
        required=False,
        max_length=MOST_PIN,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "inputmode": "numeric"}),
        help_text=_("6 to 12 digits; at the terminal you give your e-mail address with it."),
    )
    badge = forms.CharField(
        label=_("Badge code"),
        required=False,
        max_length=MOST_BADGE,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("What a reader types when you hold your badge to it."),
    )


class ShowForm(forms.Form):
    """What somebody shows at a terminal."""

    badge = forms.CharField(
        label=_("Badge"),
        required=False,
        max_length=MOST_BADGE,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    person = forms.CharField(
        label=_("or your e-mail address"),
        required=False,
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )
    pin = forms.CharField(
        label=_("and your PIN"),
        required=False,
        max_length=MOST_PIN,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )


class InterlockForm(forms.Form):
    url = forms.CharField(
        label=_("Address that is told of starts and stops"),
        required=False,
        max_length=500,
        help_text=_("Empty takes the interlock away."),
    )


class NamesForm(forms.Form):
    """What a group is called."""

    name_zh = forms.CharField(label=_("Chinese name"), required=False, max_length=LONGEST_GROUP_NAME)
    name_en = forms.CharField(label=_("English name"), required=False, max_length=LONGEST_GROUP_NAME)


class GroupForm(NamesForm):
    """A group of people who share a limit; its code stays what it is."""

    code = forms.CharField(label=_("Code"), max_length=LONGEST_CODE, help_text=_("Short, such as CAT-3; it stays."))
    field_order = ("code", "name_zh", "name_en")


class MembersForm(forms.Form):
    """People to be added to a group, by their addresses."""

    people = forms.CharField(
        label=_("E-mail addresses, one on each line"),
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def addresses(self) -> list[str]:
        return re.split(r"[\s,;，；]+", self.cleaned_data["people"].strip())


LABELS = {
    "min_minutes": _("Least length (minutes)"),
    "max_minutes": _("Greatest length (minutes)"),
    "step_minutes": _("Times are multiples of (minutes)"),
    "notice_minutes": _("Notice (minutes ahead)"),
    "horizon_days": _("Horizon (days ahead)"),
    "setup_minutes": _("Set-up before (minutes)"),
    "cleanup_minutes": _("Clean-up after (minutes)"),
    "person_week_minutes": _("A person, a week (minutes)"),
    "person_peak_minutes": _("A person, a week, busy hours (minutes)"),
    "person_off_peak_minutes": _("A person, a week, outside the busy hours (minutes)"),
    "organisation_week_minutes": _("An organisation, a week (minutes)"),
    "organisation_peak_minutes": _("An organisation, a week, busy hours (minutes)"),
    "organisation_off_peak_minutes": _("An organisation, a week, outside the busy hours (minutes)"),
    "group_week_minutes": _("A group, a week (minutes)"),
    "group_peak_minutes": _("A group, a week, busy hours (minutes)"),
    "group_off_peak_minutes": _("A group, a week, outside the busy hours (minutes)"),
    "late_cancel_minutes": _("A cancellation is late when it comes less than so many minutes ahead"),
    "no_show_minutes": _("A booking is missed when nobody starts within (minutes)"),
    "most_missed": _("Nobody books who missed or gave up too late so many in 90 days"),
    "hold_minutes": _("Freed time is held for who waits (minutes)"),
    "forgotten_minutes": _("A use nobody stopped is ended after (minutes)"),
}
OPTIONAL = {name for name in LABELS if getattr(Terms(), name) is None}
KINDS = (("own", _("the owner's people")), ("company", _("people from companies")), ("outside", _("all others")))


class PolicyForm(forms.Form):
    """The rules of an instrument from an instant on."""

    since = ClockField(label=_("In force from"), required=False, help_text=_("Empty: from now on."))
    zone = forms.CharField(widget=forms.HiddenInput, max_length=60)
    for_owner = forms.BooleanField(
        label=_("For all of the owner's instruments that have no rules of their own"), required=False
    )
    limits_together = forms.BooleanField(
        label=_("These limits count together over the owner's instruments"),
        required=False,
        help_text=_(
            "What somebody has on any of the owner's instruments whose rules say so counts on all of them. "
            "Otherwise each instrument has limits of its own."
        ),
    )
    needs_qualification = forms.BooleanField(label=_("Only for people who have been trained on it"), required=False)
    qualification_days = forms.IntegerField(
        label=_("A qualification lasts (days)"), required=False, min_value=1, max_value=36_500
    )
    approval_for = forms.MultipleChoiceField(
        label=_("A manager approves bookings of"), required=False, choices=KINDS, widget=forms.CheckboxSelectMultiple
    )
    closed_days = forms.CharField(
        label=_("Closed on these days"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Such as 2026-10-01, 2026-10-02; a span as 2026-10-01..2026-10-07."),
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name, label in LABELS.items():
            self.fields[name] = forms.IntegerField(
                label=label, required=name not in OPTIONAL, min_value=0, max_value=10**6
            )
        for number, day in enumerate(DAYS):
            self.fields[f"open_{number}"] = forms.CharField(label=day, required=False, max_length=200)
            self.fields[f"peak_{number}"] = forms.CharField(label=day, required=False, max_length=200)

    def clean_zone(self) -> ZoneInfo:
        found = zone_named(self.cleaned_data["zone"])
        if found is None:
            raise forms.ValidationError(_("This is no time zone."))
        return found

    def clean_closed_days(self) -> tuple[date, ...]:
        found: set[date] = set()
        for part in self.cleaned_data["closed_days"].replace("，", ",").replace("\n", ",").split(","):
            text = part.strip()
            if not text:
                continue
            try:
                first, last = (date.fromisoformat(one.strip()) for one in (*text.split(".."), text)[:2])
            except ValueError:
                raise forms.ValidationError(
                    _("“%(value)s” is not a day. Write it as 2026-10-01."), params={"value": text[:40]}
                ) from None
            if ".." not in text:
                last = first
            if not timedelta(0) <= last - first <= timedelta(days=366):
                raise forms.ValidationError(
                    _("“%(value)s” is not a span of up to a year. Write 2026-10-01..2026-10-07."),
                    params={"value": text[:40]},
                )
            found |= {first + timedelta(days=number) for number in range((last - first).days + 1)}
        return tuple(sorted(found))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        for kind in ("open", "peak"):
            week = []
            for number in range(7):
                try:
                    week.append(read_line(values.get(f"{kind}_{number}", "")))
                except HoursError as error:
                    self.add_error(
                        f"{kind}_{number}",
                        forms.ValidationError(
                            _("“%(value)s” is not a span of hours. Write 08:00-12:00, 13:00-18:00."),
                            params={"value": error.value[:40]},
                        ),
                    )
            values[f"{kind}_week"] = week
        if values.get("since") is not None and values.get("zone") is not None:
            values["since"] = values["since"].replace(tzinfo=values["zone"])
        return values

    def terms(self) -> Terms:
        given: Mapping[str, Any] = self.cleaned_data
        return Terms(**({name: given[name] for name in TERMS} | {"approval_for": frozenset(given["approval_for"])}))

    @property
    def peak(self) -> list[list[list[str]]]:
        week: list[list[list[str]]] = self.cleaned_data["peak_week"]
        return week if any(week) else []


def policy_initial(held: InForce, week: Any, peak: Any, closed: Any) -> dict[str, Any]:
    """The rules in force as the form shows them."""
    values: dict[str, Any] = {name: getattr(held.terms, name) for name in TERMS}
    values |= {"approval_for": sorted(held.terms.approval_for), "zone": str(held.zone)}
    values |= {"qualification_days": held.qualification_days}
    values |= {"closed_days": ", ".join(day.isoformat() for day in sorted(closed))}
    for number in range(7):
        values[f"open_{number}"] = write_line(week[number])
        values[f"peak_{number}"] = write_line(peak[number]) if peak else ""
    return values
