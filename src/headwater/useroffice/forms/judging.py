"""The forms of scientists, reviewers and panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.registry.models.base import in_language
from headwater.useroffice.forms.shared import (
    ReasonForm,
    Told,
)
from headwater.useroffice.models import (
    FeasibilityVerdict,
    VerdictKind,
)


class FeasibilityForm(Told, forms.Form):
    verdict = forms.ChoiceField(label=_("Verdict"), choices=FeasibilityVerdict.choices)
    conditions = forms.CharField(label=_("Conditions or reason"), required=False, widget=forms.Textarea)
    shifts = forms.IntegerField(label=_("Shifts advised"), required=False, min_value=1, max_value=1000)


class ReviewForm(Told, forms.Form):
    """Scores by criteria, and words."""

    for_panel = forms.CharField(label=_("For the panel"), required=False, widget=forms.Textarea)
    for_proposer = forms.CharField(label=_("For the proposers"), required=False, widget=forms.Textarea)

    def __init__(self, *args: Any, criteria: Sequence[Mapping[str, Any]], **more: Any) -> None:
        super().__init__(*args, **more)
        scale = [("", "–"), *((str(k), str(k)) for k in (1, 2, 3, 4, 5))]
        for one in criteria:
            label = in_language(one["label_zh"], one["label_en"])[0]
            self.fields[f"c_{one['key']}"] = forms.ChoiceField(label=label, choices=scale, required=False)
        self.order_fields([*(name for name in self.fields if name.startswith("c_")), "for_panel", "for_proposer"])

    def scores(self) -> dict[str, object]:
        given = {name[2:]: value for name, value in self.cleaned_data.items() if name.startswith("c_")}
        return {key: int(value) if value else None for key, value in given.items()}


class DeclineForm(ReasonForm):
    conflict = forms.BooleanField(label=_("I have a conflict of interest"), required=False)


class RemarkForm(Told, forms.Form):
    text = forms.CharField(label=_("Your remark"), widget=forms.Textarea)


class DecideForm(Told, forms.Form):
    """A panel's decision on one proposal."""

    kind = forms.ChoiceField(label=_("Decision"), choices=VerdictKind.choices)
    rank = forms.IntegerField(label=_("Rank"), required=False, min_value=1)
    shifts = forms.IntegerField(label=_("Most shifts to grant"), required=False, min_value=1, max_value=1000)
    reason = forms.CharField(label=_("Reason, which the proposers read"), required=False, widget=forms.Textarea)
    ground = forms.CharField(
        label=_("Where reviews are missing, why you decide all the same"), required=False, max_length=500
    )


class RankForm(Told, forms.Form):
    recommend = forms.IntegerField(label=_("Recommend the first"), min_value=0)
    reason = forms.CharField(label=_("Reason, which the proposers read"), max_length=500)
