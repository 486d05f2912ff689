"""Forms of accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.accounts.models import Scope


class SignupForm(forms.Form):
    """What signing up asks beside address and password."""

    name = forms.CharField(label=_("Your name"), max_length=200)

    def signup(self, _request: Any, _user: Any) -> None:
        """Nothing more: the adapter keeps the name."""


class TokenForm(forms.Form):
    """A new personal token."""

    name = forms.CharField(label=_("What is it for?"), max_length=80)
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"), choices=Scope.choices, initial=[Scope.READ], widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        label=_("For how long?"),
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("one year"))],
        initial=90,
        coerce=int,
    )
