"""Rows of a proposal's form: days the team can't come, and samples; a few empty ones stand ready each time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.useroffice import wording
from headwater.useroffice.actions.proposals import SampleDraft
from headwater.useroffice.forms.shared import DAY
from headwater.useroffice.models import Proposal

LEAST, SPARE, MOST = 3, 2, 60
AWAY = {"first": _("First day"), "last": _("Last day")}
SAMPLE = {
    "name": pgettext_lazy("of a sample", "Name"),
    "quantity": pgettext_lazy("of a sample", "Quantity"),
    "hazards": _("Hazards"),
}


def _rows_in(kind: str, given: Iterable[str]) -> int:
    """How many rows of a kind the names of fields speak of."""
    numbers = [int(found[1]) + 1 for name in given if (found := re.fullmatch(rf"{kind}_(\d{{1,3}})_[a-z]+", name))]
    return min(max(numbers, default=0), MOST)


def add_rows(form: Any) -> None:
    """Give a form its fields of rows: as many as were sent, or those kept and some to spare."""
    given = form.data if form.is_bound else form.initial
    spare = 0 if form.is_bound else SPARE
    form.away = range(max(_rows_in("away", given) + spare, LEAST))
    form.sampled = range(max(_rows_in("sample", given) + spare, LEAST))
    for k in form.away:
        for part, label in AWAY.items():
            form.fields[f"away_{k}_{part}"] = forms.DateField(label=label, required=False, widget=DAY)
    hazards = list(wording.HAZARDS.items())
    for k in form.sampled:
        name, quantity, dangers = (f"sample_{k}_{part}" for part in SAMPLE)
        form.fields[name] = forms.CharField(label=SAMPLE["name"], required=False, max_length=200)
        form.fields[quantity] = forms.CharField(label=SAMPLE["quantity"], required=False, max_length=60)
        form.fields[dangers] = forms.MultipleChoiceField(
            label=SAMPLE["hazards"], required=False, choices=hazards, widget=forms.CheckboxSelectMultiple
        )


def check_rows(form: Any) -> None:
    """Tell of rows that are filled in half."""
    given = form.cleaned_data
    for k in form.away:
        if given.get(f"away_{k}_last") and not given.get(f"away_{k}_first") and not form[f"away_{k}_first"].errors:
            form.add_error(f"away_{k}_first", _("Give the first day too."))
    for k in form.sampled:
        if (given.get(f"sample_{k}_quantity") or given.get(f"sample_{k}_hazards")) and not given.get(
            f"sample_{k}_name"
        ):
            form.add_error(f"sample_{k}_name", _("Give the sample a name."))


class WithRows(forms.Form):
    """A form to which `add_rows` gave rows: they are looked at with the rest of it."""

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        check_rows(self)
        return given


def tables_of(form: Any) -> dict[str, dict[str, Any]]:
    """The rows as a page shows them, by kind."""
    return {
        "away": {
            "title": _("Days the team cannot come"),
            "heads": AWAY.values(),
            "rows": [[form[f"away_{k}_{part}"] for part in AWAY] for k in form.away],
            "help": _("The last day may stay empty where it is one day. Save the draft to get more rows."),
        },
        "samples": {
            "title": _("Samples"),
            "heads": SAMPLE.values(),
            "rows": [[form[f"sample_{k}_{part}"] for part in SAMPLE] for k in form.sampled],
            "help": _("Tick at least one hazard for each, or “none”. Save the draft to get more rows."),
        },
    }


def spans_of(form: Any) -> list[tuple[date, date]]:
    """The days away, both ends inside."""
    given = form.cleaned_data
    ends = [(given[f"away_{k}_first"], given[f"away_{k}_last"]) for k in form.away]
    return [(first, last or first) for first, last in ends if first]


def samples_of(form: Any) -> list[SampleDraft]:
    given = form.cleaned_data
    rows = [[given[f"sample_{k}_{part}"] for part in SAMPLE] for k in form.sampled]
    return [SampleDraft(name.strip(), hazards, quantity.strip()) for name, quantity, hazards in rows if name.strip()]


def initial_rows(proposal: Proposal) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for k, (first, last) in enumerate(proposal.blackouts):
        found |= {f"away_{k}_first": first, f"away_{k}_last": last}
    for k, one in enumerate(proposal.samples.order_by("pk")):
        found |= {f"sample_{k}_name": one.name, f"sample_{k}_quantity": one.quantity}
        found[f"sample_{k}_hazards"] = list(one.hazards)
    return found
