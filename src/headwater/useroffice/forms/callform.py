"""The office's forms for writing a call's form: one question at a time, both languages side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from headwater.useroffice.callform.wording import FILE_KINDS, KINDS, condition_said, label_of
from headwater.useroffice.callform.work import before_it, key_for, place_of
from headwater.useroffice.forms.asking import Asking
from headwater.useroffice.forms.shared import Told
from headwater.useroffice.models import Call, FormVersion
from headwater.useroffice.rules import answers_of
from headwater.useroffice.rules.forms import (
    ASKABLE,
    LONGEST_ANSWER,
    LONGEST_TEXT,
    LONGEST_UNIT,
    MOST_CHOICES,
    MOST_FILE_MB,
    SECTION,
)

Entry = Mapping[str, Any]
# Kinds that a question may change to later: what was answered stays an answer.
LIKE = {
    "text": ("text", "long_text"),
    "long_text": ("text", "long_text"),
    "choice": ("choice", "choices"),
    "choices": ("choice", "choices"),
}
BLANK_CHOICES = 3
LONGEST = {"text": 300, "long_text": 4_000}


class EntryForm(Told, forms.Form):
    """One question, or the heading of a section, of a kind; its key is none of its fields.

    ``seen`` is what its writer has seen of the whole form.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)

    label_zh = forms.CharField(
        label=pgettext_lazy("of a question", "Text in Chinese"), required=False, max_length=LONGEST_TEXT
    )
    label_en = forms.CharField(
        label=pgettext_lazy("of a question", "Text in English"), required=False, max_length=LONGEST_TEXT
    )
    help_zh = forms.CharField(
        label=_("Explanation in Chinese"), required=False, max_length=LONGEST_TEXT, widget=forms.Textarea({"rows": 2})
    )
    help_en = forms.CharField(
        label=_("Explanation in English"), required=False, max_length=LONGEST_TEXT, widget=forms.Textarea({"rows": 2})
    )

    def __init__(
        self,
        data: Any = None,
        *,
        kind: str,
        entries: Sequence[Entry],
        entry: Entry | None,
        seen: str,
        after: str | None = None,
        rows: int = 0,
    ) -> None:
        super().__init__(data, initial={"seen": seen, **_initial(entry or {}, kind)})
        self.kind, self.entry = kind, entry or {}
        if kind in LIKE:
            options = [(one, KINDS[one]) for one in LIKE[kind]]
            self.fields["kind"] = forms.ChoiceField(
                label=_("Kind of answer"), choices=options, initial=kind, required=False
            )
        self._limits(kind)
        self.rows = self._choice_rows(rows) if kind in ("choice", "choices") else 0
        if kind != SECTION:
            self.fields["required"] = forms.BooleanField(label=_("Must be answered"), required=False)
            others = [(one["key"], label_of(one)) for one in entries if one["key"] != self.entry.get("key")]
            self.fields["after"] = forms.ChoiceField(
                label=_("Stands after"),
                choices=[("", _("nothing, it is the first")), *others],
                required=False,
                initial=before_it(entries, self.entry.get("key", "")) if after is None else after,
            )
        earlier = earlier_than(entries, self.entry.get("key", ""), after)
        conditions = _conditions(earlier, self.entry.get("when"))
        self.fields["when"] = forms.ChoiceField(
            label=pgettext_lazy("when a question is", "Asked"),
            choices=[("", pgettext_lazy("a question is asked", "always")), *conditions],
            required=False,
        )

    def _limits(self, kind: str) -> None:
        if kind in LONGEST:
            self.fields["most"] = forms.IntegerField(
                label=_("Most characters"), min_value=1, max_value=LONGEST_ANSWER, initial=LONGEST[kind], required=False
            )
        if kind == "number":
            self.fields |= {
                "unit": forms.CharField(
                    label=_("Unit"), help_text=_("Such as mg or keV."), required=False, max_length=LONGEST_UNIT
                ),
                "min": forms.FloatField(label=_("Least value"), required=False),
                "max": forms.FloatField(label=_("Greatest value"), required=False),
            }
        if kind == "file":
            self.fields |= {
                "kinds": forms.MultipleChoiceField(
                    label=_("Kinds of file"), choices=list(FILE_KINDS.items()), widget=forms.CheckboxSelectMultiple
                ),
                "most_mb": forms.IntegerField(
                    label=_("Largest file, in MB"), min_value=1, max_value=MOST_FILE_MB, initial=MOST_FILE_MB
                ),
            }

    def _choice_rows(self, more: int) -> int:
        """Fields for the choices that are there, and some blank ones."""
        there = list(self.entry.get("choices") or ())
        rows = min(MOST_CHOICES, max(len(there) + BLANK_CHOICES, more))
        for k in range(rows):
            held = there[k] if k < len(there) else {}
            texts = {"required": False, "max_length": LONGEST_TEXT}
            self.fields |= {
                f"c{k}_value": forms.CharField(
                    required=False, widget=forms.HiddenInput, initial=held.get("value", ""), max_length=LONGEST_TEXT
                ),
                f"c{k}_zh": forms.CharField(
                    label=pgettext_lazy("a language", "Chinese"), initial=held.get("label_zh", ""), **texts
                ),
                f"c{k}_en": forms.CharField(
                    label=pgettext_lazy("a language", "English"), initial=held.get("label_en", ""), **texts
                ),
                f"c{k}_place": forms.IntegerField(
                    label=pgettext_lazy("in an order", "Place"),
                    required=False,
                    initial=k + 1,
                    min_value=0,
                    max_value=999,
                ),
            }
        return rows

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """What stands side by side: Chinese and English."""
        return [(self[f"{name}_zh"], self[f"{name}_en"]) for name in ("label", "help")]

    @property
    def choices(self) -> list[tuple[Any, ...]]:
        return [tuple(self[f"c{k}_{part}"] for part in ("zh", "en", "place", "value")) for k in range(self.rows)]

    @property
    def rest(self) -> list[Any]:
        """What stands below: kind, limits, whether it must be answered, when it is asked."""
        names = ("kind", "most", "unit", "min", "max", "kinds", "most_mb", "required", "when", "after")
        return [self[name] for name in names if name in self.fields]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if not given.get("label_zh") and not given.get("label_en"):
            self.add_error("label_zh", gettext("Write the text in at least one language; both are needed to publish."))
        return given

    def written(self) -> dict[str, Any]:
        """The entry as it was written, without its key."""
        given = self.cleaned_data
        found: dict[str, Any] = {"kind": given.get("kind") or self.kind}
        names = ("label_zh", "label_en", "help_zh", "help_en", "most", "unit", "min", "max", "kinds", "most_mb")
        for name in names:
            value = given.get(name)
            if value is not None and value not in ("", []):
                found[name] = _plain(value)
        if given.get("required"):
            found["required"] = True
        if self.rows:
            found["choices"] = self._written_choices()
        if given.get("when"):
            key, _sep, answer = given["when"].partition("=")
            found["when"] = {"key": key, "is": answer}
        return found

    def _written_choices(self) -> list[dict[str, str]]:
        """The choices by their places; one without a text is left out, a new one gets its value from its text."""
        given = self.cleaned_data
        rows = []
        for k in range(self.rows):
            texts = {"label_zh": given.get(f"c{k}_zh") or "", "label_en": given.get(f"c{k}_en") or ""}
            if any(texts.values()):
                place = given.get(f"c{k}_place")
                rows.append((place if place is not None else k + 1, given.get(f"c{k}_value") or "", texts))
        rows.sort(key=lambda row: row[0])
        there = {one["value"] for one in self.entry.get("choices") or ()}
        taken = {value for _place, value, _texts in rows} | there
        found = []
        for _place, value, texts in rows:
            if value not in there:  # values are made here alone
                value = key_for(texts["label_en"], taken, otherwise="choice")
            taken.add(value)
            found.append({"value": value, **texts})
        return found


def _plain(value: Any) -> Any:
    """A number without a fraction as a whole one."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 10**15 else value


def _initial(entry: Entry, kind: str) -> dict[str, Any]:
    found = {name: value for name, value in entry.items() if name not in ("choices", "when", "key")}
    if kind == "file":
        found = {"kinds": list(FILE_KINDS), **found}
    when = entry.get("when")
    return {**found, "when": f"{when['key']}={when['is']}"} if when else found


def _conditions(earlier: Sequence[Entry], held: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Each answer to each earlier question that has a list of them, in a sentence; a condition from a file as well."""
    pairs = [(one["key"], value) for one in earlier if one["kind"] in ASKABLE for value in answers_of(one) or ()]
    if held and (held["key"], str(held["is"])) not in pairs:
        pairs.append((held["key"], str(held["is"])))
    return [
        (f"{key}={value}", condition_said({"when": {"key": key, "is": value}}, tuple(earlier)) or f"{key} = {value}")
        for key, value in pairs
    ]


def earlier_than(entries: Sequence[Entry], key: str, after: str | None) -> list[Entry]:
    """The entries before this one; before a new one all up to where it goes."""
    if key or after == "":
        return list(entries[: place_of(entries, key)] if key else ())
    return list(entries[: place_of(entries, after or "") + 1])


class SourceForm(forms.Form):
    """Another form to start from."""

    source = forms.ChoiceField(label=pgettext_lazy("of a call", "Form"))

    def __init__(self, *args: Any, calls: Sequence[Call], versions: Sequence[FormVersion], **more: Any) -> None:
        super().__init__(*args, **more)
        of_calls = [(f"call:{one.public_id}", f"{one.name} ({one.code}, {one.facility.name})") for one in calls]
        earlier = [
            (
                f"version:{one.number}",
                gettext("version %(number)s of %(day)s") % {"number": one.number, "day": f"{one.made_at:%Y-%m-%d}"},
            )
            for one in versions
        ]
        groups = [(_("Another call's form"), of_calls), (_("A version of this facility"), earlier)]
        self.fields["source"].choices = [group for group in groups if group[1]]  # type: ignore[attr-defined]


class PreviewForm(Asking, forms.Form):
    """The questions of a call alone, to try."""

    def __init__(self, data: Any = None, *, entries: Sequence[Entry]) -> None:
        super().__init__(data)
        self.ask(entries, {})
