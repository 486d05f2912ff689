"""The questions of a call's form as fields: for whoever proposes, and for the office's preview."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext, gettext_lazy as _

from headwater.useroffice.callform.wording import condition_said, label_of, limits_said
from headwater.useroffice.callform.work import parts_of
from headwater.useroffice.facts import questions_in
from headwater.useroffice.rules import questions_shown
from headwater.useroffice.rules.forms import SECTION

YES_NO = [("yes", _("yes")), ("no", _("no"))]
# A field that stays as it is typed while the questions around it are asked or no longer asked.
KEPT = {"hx-preserve": "true"}


def joined(said: Sequence[str]) -> str:
    """Sentences after one another; Chinese has no space between them."""
    return ("" if (get_language() or "").startswith("zh") else " ").join(filter(None, said))


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the form: each field with whether it is hidden, as its condition does not hold."""

    title: object
    help: str
    fields: Sequence[tuple[Any, bool]]

    @property
    def hidden(self) -> bool:
        return all(hidden for _field, hidden in self.fields)


class Asking:
    """Gives a form the fields of a call's questions, and reads their answers."""

    entries: Sequence[Mapping[str, Any]]
    needed: frozenset[str]  # keys of the questions on whose answers others are asked

    def ask(self, entries: Sequence[Mapping[str, Any]], answers: Mapping[str, str]) -> None:
        self.entries = list(entries)
        self.needed = frozenset(one["when"]["key"] for one in self.entries if one.get("when"))
        for one in self.entries:
            if one["kind"] != SECTION:
                self.fields[f"q_{one['key']}"] = self._field(one, answers.get(one["key"], ""))  # type: ignore[attr-defined]

    def _field(self, one: Mapping[str, Any], answer: str) -> forms.Field:
        must = gettext("Must be answered.") if one.get("required") else ""
        told = (condition_said(one, tuple(self.entries)), label_of(one, "help"), must, self._limits(one))
        given: dict[str, Any] = {
            "label": self._label(one),
            "required": False,
            "initial": answer,
            "help_text": joined(told),
        }
        kept = {**KEPT, "class": "asks"} if one["key"] in self.needed else KEPT
        options = [(each["value"], label_of(each)) for each in one.get("choices") or ()]
        match one["kind"]:
            case "choice":
                return forms.ChoiceField(choices=[("", "–"), *options], widget=forms.Select(kept), **given)
            case "yes_no":
                return forms.ChoiceField(choices=[("", "–"), *YES_NO], widget=forms.Select(kept), **given)
            case "choices":
                given["initial"] = [part.strip() for part in answer.split(",") if part.strip()]
                return forms.MultipleChoiceField(choices=options, widget=forms.CheckboxSelectMultiple(kept), **given)
            case "long_text":
                return forms.CharField(widget=forms.Textarea(kept), **given)
            case "date":
                return forms.CharField(widget=forms.TextInput({**kept, "type": "date"}), **given)
            case "number":
                return forms.CharField(widget=forms.TextInput({**kept, "inputmode": "decimal"}), **given)
            case "file":
                del given["initial"]
                kinds = ",".join(f".{kind}" for kind in one.get("kinds") or ("pdf", "png", "jpeg", "jpg"))
                return forms.FileField(widget=forms.FileInput({**kept, "accept": kinds}), **given)
        return forms.CharField(widget=forms.TextInput(kept), **given)

    def _label(self, one: Mapping[str, Any]) -> str:
        label = label_of(one)
        if not one.get("unit"):
            return label
        return gettext("%(question)s (%(unit)s)") % {"question": label, "unit": one["unit"]}

    def _limits(self, one: Mapping[str, Any]) -> str:
        said = limits_said(one)
        return said[:1].upper() + said[1:]

    def answers(self) -> dict[str, str]:
        """The answers given, several choices of one question parted by commas; files are kept elsewhere."""
        found = {}
        for one in self.entries:
            if one["kind"] not in (SECTION, "file"):
                given = self.cleaned_data.get(f"q_{one['key']}") or ""  # type: ignore[attr-defined]
                found[one["key"]] = ",".join(given) if isinstance(given, list) else str(given)
        return found

    def asked(self, answers: Mapping[str, str]) -> frozenset[str]:
        """Keys of the questions that these answers lead to."""
        return frozenset(one.key for one in questions_shown(questions_in(self.entries), answers))

    def parts(self, asked: Collection[str] | None = None, title: object = "") -> list[Part]:
        """The questions by sections, those before the first under ``title``; with ``asked`` the others are hidden."""
        found = []
        for entries in parts_of(self.entries):
            head = entries[0] if entries[0]["kind"] == SECTION else None
            rows = entries[1:] if head else entries
            fields = [(self[f"q_{one['key']}"], asked is not None and one["key"] not in asked) for one in rows]  # type: ignore[index]
            said = joined((condition_said(head, tuple(self.entries)), label_of(head, "help"))) if head else ""
            if fields:
                found.append(Part(label_of(head) if head else title, said, fields))
        return found

    @property
    def shown_parts(self) -> list[Part]:
        """All questions, each that depends on an answer with words that say so: for a page without JavaScript."""
        return self.parts(None, _("Questions of the call"))
