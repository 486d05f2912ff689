"""The forms of plans, schedules and letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.registry.models import Instrument
from headwater.useroffice.actions.scheduling import Wish
from headwater.useroffice.forms.shared import (
    DAY,
    Told,
)


class ScenarioForm(Told, forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    seconds = forms.FloatField(label=_("Seconds to search"), initial=30, min_value=1, max_value=3600)
    from_published = forms.BooleanField(label=_("Change the published schedule as little as possible"), required=False)
    open_from = forms.DateField(label=_("Keep all before this day"), required=False, widget=DAY)


class ReplanForm(Told, forms.Form):
    """How to plan again; what is wished of each proposal stands in the plan's rows."""

    reason = forms.CharField(label=_("Reason for what is fixed"), required=False, max_length=500)
    seconds = forms.FloatField(label=_("Seconds to search"), initial=30, min_value=1, max_value=3600)
    from_published = forms.BooleanField(label=_("Change the published schedule as little as possible"), required=False)


def wishes_of(posted: Mapping[str, str]) -> list[Wish]:
    """What the rows of a plan's table say: fields named do_ and the proposal's public id."""
    kinds = ("keep", "away", "free")
    return [Wish(name[3:], str(kind)) for name, kind in posted.items() if name.startswith("do_") and kind in kinds]


class CompareForm(Told, forms.Form):
    first = forms.ChoiceField(label=_("This plan"))
    second = forms.ChoiceField(label=_("and this plan"))

    def __init__(self, *args: Any, plans: Sequence[Any], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(one.public_id, f"{one.name} ({one.made_at:%Y-%m-%d %H:%M})") for one in plans]
        for name, shown in (("first", choices[1:2] or choices), ("second", choices)):
            self.fields[name].choices = choices  # type: ignore[attr-defined]
            self.fields[name].initial = shown[0][0] if shown else None


class PinForm(Told, forms.Form):
    """What the office fixes for a proposal; with nothing given it is free again."""

    beamline = forms.ChoiceField(label=_("Beamline"), required=False)
    day = forms.DateField(label=_("First day"), required=False, widget=DAY)
    shifts = forms.IntegerField(label=_("Shifts"), required=False, min_value=1)
    banned = forms.MultipleChoiceField(label=_("Keep it from"), required=False)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    def __init__(self, *args: Any, lines: Sequence[Instrument], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(one.public_id, one.name) for one in lines]
        self.fields["beamline"].choices = [("", "–"), *choices]  # type: ignore[attr-defined]
        self.fields["banned"].choices = choices  # type: ignore[attr-defined]


class PublishForm(Told, forms.Form):
    note = forms.CharField(label=_("What is new in this version"), required=False, max_length=500)
    displace = forms.BooleanField(
        label=_("Cancel bookings that stand in the way; their holders are told"), required=False
    )


class LetterForm(Told, forms.Form):
    note_en = forms.CharField(label=_("A sentence in English"), required=False, max_length=1000)
    note_zh = forms.CharField(label=_("A sentence in Chinese"), required=False, max_length=1000)
