"""The forms of a visit and of what follows."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.useroffice.forms.shared import (
    Told,
)
from headwater.useroffice.models import (
    LostReason,
)
from headwater.useroffice.models.proposals import SampleState


class VisitorForm(Told, forms.Form):
    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), max_length=200)
    cleared = forms.BooleanField(label=_("Safety training is in order"), required=False)
    leaves = forms.BooleanField(required=False)


class SampleForm(Told, forms.Form):
    sample = forms.CharField(label=_("Sample"), max_length=200)
    state = forms.ChoiceField(label=_("State"), choices=SampleState.choices)
    place = forms.CharField(label=_("Where it is"), required=False, max_length=100)


class BeginForm(Told, forms.Form):
    ground = forms.CharField(
        label=_("Before its first day, or with a sample that is not approved: why"), required=False, max_length=500
    )


class FinishForm(Told, forms.Form):
    hours_given = forms.DecimalField(label=_("Hours given"), min_value=0, max_digits=7, decimal_places=2)
    hours_lost = forms.DecimalField(label=_("Hours lost"), min_value=0, max_digits=7, decimal_places=2, initial=0)
    lost_reason = forms.ChoiceField(label=_("Lost by"), required=False, choices=[("", "–"), *LostReason.choices])
    handover = forms.CharField(label=_("Handover"), widget=forms.Textarea)


class AcceptForm(Told, forms.Form):
    grade = forms.IntegerField(label=_("Grade, 1 to 5"), required=False, min_value=1, max_value=5)
    remark = forms.CharField(label=_("Remark"), required=False, widget=forms.Textarea)
