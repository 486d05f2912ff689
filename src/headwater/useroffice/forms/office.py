"""The office's forms: calls, people, pools, the beam calendar, the form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import Instrument
from headwater.useroffice.actions.beamcalendar import PeriodDraft
from headwater.useroffice.actions.calls import CallDraft
from headwater.useroffice.actions.pools import PoolDraft
from headwater.useroffice.desklist import Wanted
from headwater.useroffice.forms.shared import (
    DAY,
    LANGUAGES,
    PersonForm,
    Told,
)
from headwater.useroffice.models import (
    BeamPeriodKind,
    Call,
    Mode,
    NamesShown,
    PanelMember,
    Pool,
    PoolRule,
    ReviewersShown,
    State,
    Track,
)


class CallForm(Told, forms.Form):
    """A call. Times are on the facility's clocks."""

    code = forms.CharField(label=_("Code"), max_length=20)
    mode = forms.ChoiceField(label=_("Mode of access"), choices=[one for one in Mode.choices if one[0] != Mode.WITHIN])
    name_en = forms.CharField(label=_("English name"), max_length=300)
    name_zh = forms.CharField(label=_("Chinese name"), max_length=300)
    opens_at = forms.DateTimeField(label=_("Opens"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    closes_at = forms.DateTimeField(
        label=_("Closes"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    period_start = forms.DateField(label=_("First day of beamtime"), widget=DAY)
    period_end = forms.DateField(label=_("Last day of beamtime"), widget=DAY)
    beamlines = forms.MultipleChoiceField(label=_("Beamlines"), widget=forms.CheckboxSelectMultiple)
    most_beamlines = forms.IntegerField(label=_("Most beamlines a proposal may accept"), initial=2)
    most_shifts = forms.IntegerField(label=_("Most shifts a proposal may ask for"), initial=36)
    reserve = forms.DecimalField(
        label=_("Part of the beam days kept for standby"), initial=0, min_value=0, max_value=1, decimal_places=4
    )
    chance_cap = forms.DecimalField(
        label=_("Draw reviewers; greatest chance of a pair"),
        help_text=_("From 0.05 to 1, against collusion. Empty: the best assignment, nothing drawn."),
        required=False,
        min_value=0.05,
        max_value=1,
        decimal_places=2,
    )
    names_shown = forms.ChoiceField(
        label=_("Reviewers and panel see who proposes"), choices=NamesShown.choices, initial=NamesShown.ALWAYS
    )
    reviewers_shown = forms.ChoiceField(
        label=_("Reviewers' names are seen by"), choices=ReviewersShown.choices, initial=ReviewersShown.OFFICE
    )
    see_record = forms.BooleanField(label=_("Reviewers see the team's record"), required=False, initial=True)
    text_en = forms.CharField(label=_("Text in English"), required=False, widget=forms.Textarea)
    text_zh = forms.CharField(label=_("Text in Chinese"), required=False, widget=forms.Textarea)

    def __init__(self, *args: Any, lines: Sequence[Instrument], zone: ZoneInfo, **more: Any) -> None:
        super().__init__(*args, **more)
        self.zone = zone
        self.fields["beamlines"].choices = [(one.public_id, one.name) for one in lines]  # type: ignore[attr-defined]

    def draft(self, facility: str) -> CallDraft:
        given = dict(self.cleaned_data)
        for name in ("opens_at", "closes_at"):
            if given[name] is not None:
                given[name] = given[name].replace(tzinfo=self.zone)
        return CallDraft(facility=facility, **given)


def initial_of_call(call: Call, zone: ZoneInfo) -> dict[str, Any]:
    names = [name for name in CallForm.base_fields if name != "beamlines"]
    given = {name: getattr(call, name) for name in names}
    for name in ("opens_at", "closes_at"):
        if given[name] is not None:
            given[name] = f"{given[name].astimezone(zone):%Y-%m-%dT%H:%M}"
    for name in ("period_start", "period_end"):
        given[name] = given[name].isoformat()
    return given | {"beamlines": list(call.beamlines.values_list("public_id", flat=True))}


class DeskFilterForm(forms.Form):
    """Which proposals of a call the desk lists; what can't be read asks for nothing."""

    q = forms.CharField(label=_("Number, title or organisation"), required=False, max_length=100)
    state = forms.ChoiceField(label=_("State"), required=False)
    track = forms.ChoiceField(label=_("Track"), required=False)
    beamline = forms.ChoiceField(label=_("Beamline"), required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, tracks: Sequence[Track], lines: Sequence[Instrument], **more: Any) -> None:
        super().__init__(*args, **more)
        everything = [("", _("all"))]
        states = [(one.value, one.label) for one in State if one != State.DRAFT]
        self.fields["state"].choices = everything + states  # type: ignore[attr-defined]
        self.fields["track"].choices = everything + [(one.code, one.name) for one in tracks]  # type: ignore[attr-defined]
        self.fields["beamline"].choices = everything + [(one.public_id, one.name) for one in lines]  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        self.is_valid()
        given = self.cleaned_data
        texts = (given.get(name, "") for name in ("q", "state", "track", "beamline"))
        return Wanted(*texts, page=given.get("page") or 1)

    def address(self) -> str:
        """What is asked for, as an address keeps it from page to page."""
        self.is_valid()
        names = ("q", "state", "track", "beamline")
        return urlencode({name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name)})


class MemberForm(PersonForm):
    chair = forms.BooleanField(label=_("Chairs the panel"), required=False)
    max_load = forms.IntegerField(label=_("Most reviews"), initial=20, min_value=0, max_value=500)
    fields_of = forms.MultipleChoiceField(
        label=_("Techniques she knows"), required=False, widget=forms.CheckboxSelectMultiple
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages read"),
        help_text=_("None ticked: all."),
        choices=LANGUAGES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    expertise = forms.CharField(
        label=_("What she works on"),
        help_text=_("In her words: proposals are given to whom their text fits. Her own publications count too."),
        required=False,
        widget=forms.Textarea,
    )
    leaves = forms.BooleanField(label=_("Leaves the panel"), required=False)

    def __init__(self, *args: Any, techniques: Sequence[tuple[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        known = {code for code, _name in techniques}
        written = [one for one in self.initial.get("fields_of", ()) if one not in known]
        self.fields["fields_of"].choices = [*techniques, *((one, one) for one in written)]  # type: ignore[attr-defined]


def initial_of_member(member: PanelMember | None) -> dict[str, Any]:
    if member is None:
        return {}
    names = ("chair", "max_load", "languages", "expertise")
    found = {name: getattr(member, name) for name in names}
    return found | {"email": member.user.email, "fields_of": list(member.fields)}


class ScientistForm(PersonForm):
    leaves = forms.BooleanField(label=_("Is no longer its scientist"), required=False)


class PanelForm(Told, forms.Form):
    name_en = forms.CharField(label=_("English name"), max_length=300)
    name_zh = forms.CharField(label=_("Chinese name"), max_length=300)


class PoolForm(Told, forms.Form):
    """A pool of a call."""

    code = forms.CharField(label=_("Code"), max_length=20)
    name_en = forms.CharField(label=_("English name"), max_length=300)
    name_zh = forms.CharField(label=_("Chinese name"), max_length=300)
    rule = forms.ChoiceField(label=_("Counts proposals"), choices=PoolRule.choices)
    funder = forms.CharField(
        label=_("Funder"), help_text=_("Its name or public id, for a funder's pool."), required=False, max_length=300
    )
    beamlines = forms.MultipleChoiceField(
        label=_("On these beamlines alone"),
        help_text=_("None ticked: on all."),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    min_share = forms.DecimalField(
        label=_("Least share"), help_text=_("0.06 is 6 %."), required=False, decimal_places=4
    )
    max_share = forms.DecimalField(label=_("Most share"), required=False, decimal_places=4)
    min_shifts = forms.IntegerField(label=_("Least shifts"), required=False, min_value=0)
    max_shifts = forms.IntegerField(label=_("Most shifts"), required=False, min_value=0)

    def __init__(self, *args: Any, lines: Sequence[Instrument], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["beamlines"].choices = [(one.public_id, one.name) for one in lines]  # type: ignore[attr-defined]

    def draft(self) -> PoolDraft:
        return PoolDraft(**self.cleaned_data)


def initial_of_pool(pool: Pool | None) -> dict[str, Any]:
    if pool is None:
        return {}
    names = ("code", "name_en", "name_zh", "rule", "min_share", "max_share", "min_shifts", "max_shifts")
    return {
        **{name: getattr(pool, name) for name in names},
        "funder": pool.funder.public_id if pool.funder else "",
        "beamlines": [one.public_id for one in pool.beamlines.all()],
    }


class PeriodForm(Told, forms.Form):
    """Days of the beam calendar, the last one inside."""

    kind = forms.ChoiceField(label=_("Kind"), choices=BeamPeriodKind.choices)
    start = forms.DateField(label=_("First day"), widget=DAY)
    last = forms.DateField(label=_("Last day"), widget=DAY)
    beamline = forms.ChoiceField(label=_("Beamline"), required=False)
    note = forms.CharField(label=_("Remark"), required=False, max_length=200)

    def __init__(self, *args: Any, lines: Sequence[Instrument], **more: Any) -> None:
        super().__init__(*args, **more)
        everywhere = [("", _("all beamlines"))]
        self.fields["beamline"].choices = everywhere + [(one.public_id, one.name) for one in lines]  # type: ignore[attr-defined]

    def draft(self) -> PeriodDraft:
        given = self.cleaned_data
        return PeriodDraft(
            given["kind"], given["start"], given["last"] + timedelta(days=1), given["beamline"], given["note"]
        )


class AskForm(PersonForm):
    ground = forms.CharField(
        label=_("Where her load is full, why you ask her all the same"), required=False, max_length=500
    )


class MarksForm(Told, forms.Form):
    carry_over = forms.BooleanField(label=_("Carried over: at least its minimum has to be granted"), required=False)
    discretionary = forms.BooleanField(label=_("At the director's discretion"), required=False)
