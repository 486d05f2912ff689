"""The form of a track: its panel, and its stages of review, each with rows of criteria."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.useroffice.actions.tracks import FIRST_CRITERIA, FIRST_STAGE, StageDraft, TrackDraft
from headwater.useroffice.forms.shared import Told
from headwater.useroffice.models import Panel, Track
from headwater.useroffice.rules.tracks import MOST_CRITERIA, MOST_STAGES, WITHOUT_REVIEW

LEAST_ROWS = 4
HEADS = {"en": _("English name"), "zh": _("Chinese name"), "weight": _("Weight")}
STAGE = ("name_en", "name_zh", "weight", "needed")


def key_of(name: str, taken: Iterable[str]) -> str:
    """A key for a criterion: from its English name, another than those there are."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    base = (plain if plain[:1].isalpha() else f"c_{plain}").rstrip("_")[:36]
    used, number = set(taken), 1
    found = base
    while found in used:
        number += 1
        found = f"{base}_{number}"
    return found


class TrackForm(Told, forms.Form):
    """A way through review: its panel, and its weighted stages, each with criteria; an empty stage is left out."""

    code = forms.CharField(label=_("Code"), max_length=20)
    name_en = forms.CharField(label=_("English name"), max_length=300)
    name_zh = forms.CharField(label=_("Chinese name"), max_length=300)
    panel = forms.ChoiceField(label=_("Panel"), required=False)

    def __init__(self, *args: Any, panels: Sequence[Panel], mode: str, stages: int, **more: Any) -> None:
        super().__init__(*args, **more)
        self.stages = 0 if mode in WITHOUT_REVIEW else min(stages, MOST_STAGES)
        self.fields["panel"].choices = [("", "–"), *((one.public_id, one.name) for one in panels)]  # type: ignore[attr-defined]
        self.rows = [self._add_stage(k) for k in range(self.stages)]

    def _add_stage(self, k: int) -> int:
        """The fields of one stage; says how many rows of criteria it has."""
        self.fields |= {
            f"s{k}_name_en": forms.CharField(label=_("English name"), required=False, max_length=300),
            f"s{k}_name_zh": forms.CharField(label=_("Chinese name"), required=False, max_length=300),
            f"s{k}_weight": forms.DecimalField(label=_("Weight"), required=False, initial=1, decimal_places=2),
            f"s{k}_needed": forms.IntegerField(label=_("Reviews needed"), required=False, initial=3),
        }
        given = self.data if self.is_bound else self.initial
        there = [int(found[1]) + 1 for name in given if (found := re.fullmatch(rf"s{k}_c(\d{{1,2}})_\w+", name))]
        rows = min(max(LEAST_ROWS, max(there, default=0) + (0 if self.is_bound else 1)), MOST_CRITERIA + 1)
        for j in range(rows):
            at = f"s{k}_c{j}"
            for part in ("en", "zh"):
                self.fields[f"{at}_{part}"] = forms.CharField(label=HEADS[part], required=False, max_length=200)
            self.fields[f"{at}_weight"] = forms.DecimalField(label=HEADS["weight"], required=False, decimal_places=2)
            self.fields[f"{at}_key"] = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
        return rows

    @property
    def groups(self) -> list[tuple[object, list[Any], Mapping[str, Any] | None]]:
        """The fields under their headings, a stage each, with the rows of its criteria."""
        first = [self[name] for name in ("code", "name_en", "name_zh", "panel")]
        found: list[tuple[object, list[Any], Mapping[str, Any] | None]] = [(_("Track"), first, None)]
        for k, rows in enumerate(self.rows):
            table = {
                "title": _("Criteria, scored from 1 to 5"),
                "heads": HEADS.values(),
                "rows": [[self[f"s{k}_c{j}_{part}"] for part in HEADS] for j in range(rows)],
                "help": _("An empty weight is 1. Save the track to get more rows."),
            }
            title = _("Stage %(number)s of review") % {"number": k + 1}
            found.append((title, [self[f"s{k}_{part}"] for part in STAGE], table))
        return found

    def _criteria(self, k: int) -> list[dict[str, Any]]:
        given = self.cleaned_data
        found: list[dict[str, Any]] = []
        kept = {given.get(f"s{k}_c{j}_key") for j in range(self.rows[k])}
        for j in range(self.rows[k]):
            english, chinese, weight, key = (given.get(f"s{k}_c{j}_{part}") for part in ("en", "zh", "weight", "key"))
            if not (english or chinese):
                continue
            number = float(1 if weight is None else weight)
            found.append(
                {
                    "key": key or key_of(english or "", kept | {one["key"] for one in found}),
                    "weight": int(number) if number.is_integer() else number,
                    "label_en": english or "",
                    "label_zh": chinese or "",
                }
            )
        return found

    def draft(self) -> TrackDraft:
        given = self.cleaned_data
        stages = []
        for k in range(self.stages):
            one = {name: given.get(f"s{k}_{name}") for name in STAGE}
            if one["name_en"] or one["name_zh"]:
                stages.append(
                    StageDraft(
                        one["name_zh"] or "",
                        one["name_en"] or "",
                        one["weight"] if one["weight"] is not None else Decimal(1),
                        one["needed"] if one["needed"] is not None else 3,
                        self._criteria(k),
                    )
                )
        return TrackDraft(given["code"], given["name_zh"], given["name_en"], given["panel"], stages)


def _initial_criteria(k: int, criteria: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for j, one in enumerate(criteria):
        names = {"en": one["label_en"], "zh": one["label_zh"], "weight": one.get("weight", 1), "key": one["key"]}
        found |= {f"s{k}_c{j}_{part}": value for part, value in names.items()}
    return found


FIRST_TRACK = {
    "s0_name_en": FIRST_STAGE.name_en,
    "s0_name_zh": FIRST_STAGE.name_zh,
    **_initial_criteria(0, FIRST_CRITERIA),
}


def initial_of_track(track: Track | None) -> dict[str, Any]:
    if track is None:
        return {}
    found: dict[str, Any] = {name: getattr(track, name) for name in ("code", "name_en", "name_zh")}
    found["panel"] = track.panel.public_id if track.panel else ""
    for k, one in enumerate(track.stages.all()):
        found |= {f"s{k}_{name}": getattr(one, name) for name in STAGE} | _initial_criteria(k, one.criteria)
    return found
