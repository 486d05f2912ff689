"""What the forms share."""

from __future__ import annotations

from django import forms
from django.utils.translation import get_language, gettext_lazy as _

from headwater.accounts import words
from headwater.core.decision import Decision

LANGUAGES = [("en", "English"), ("zh-hans", "中文")]
DAY = forms.DateInput(attrs={"type": "date"})


class Told:
    """A form that can be told what stands in the way."""

    def refuse(self, decision: Decision) -> None:
        """Show each reason at its field, or above the form."""
        for reason in decision.reasons:
            about = str(reason.facts.get("field", ""))
            where = about if about in self.fields else None  # type: ignore[attr-defined]
            self.add_error(where, words.sentence(reason))  # type: ignore[attr-defined]


def own_language() -> str:
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


class PersonForm(Told, forms.Form):
    """Somebody by her address."""

    email = forms.EmailField(label=_("E-mail address"))


class ReasonForm(Told, forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500)


class FileForm(Told, forms.Form):
    file = forms.FileField(label=_("File"))


class GroundForm(Told, forms.Form):
    ground = forms.CharField(label=_("Ground for passing a rule"), required=False, max_length=500)
