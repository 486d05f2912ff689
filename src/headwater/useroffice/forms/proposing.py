"""The proposers' forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _, override

from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.models import Instrument, Organisation
from headwater.registry.models.base import in_language
from headwater.useroffice import wording
from headwater.useroffice.actions.proposals import ProposalDraft, SampleDraft
from headwater.useroffice.forms.shared import (
    LANGUAGES,
    PersonForm,
    Told,
)
from headwater.useroffice.models import (
    Call,
    Proposal,
)


def read_spans(text: str, *, about: str = "blackouts") -> list[tuple[date, date]]:
    """One span a line: two ISO dates, both inside; a single date is one day."""
    found = []
    for line in text.splitlines():
        parts = line.replace(",", " ").replace("–", " ").split()
        if not parts:
            continue
        try:
            days = [date.fromisoformat(part) for part in parts]
        except ValueError:
            days = []
        if len(days) not in (1, 2):
            reason = Reason("draft.date_wrong", facts={"field": about, "value": line[:60]})
            raise Refused(Decision((reason,)))
        found.append((days[0], days[-1]))
    return found


class ProposalForm(Told, forms.Form):
    """A proposal with the questions of its form; conditional ones show once their condition holds."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(label=_("Title"), max_length=300)
    language = forms.ChoiceField(label=_("Language of the proposal"), choices=LANGUAGES)
    track = forms.ChoiceField(label=_("Track"))
    organisation = forms.ChoiceField(label=_("Organisation you apply for"), required=False)
    abstract = forms.CharField(label=_("Abstract"), required=False, widget=forms.Textarea)
    requested = forms.IntegerField(label=_("Shifts asked"), min_value=1, max_value=1000)
    minimum = forms.IntegerField(label=_("Fewest useful shifts"), min_value=1, max_value=1000)
    blackouts = forms.CharField(
        label=_("Days the team cannot come"),
        help_text=_("One span a line, such as 2026-03-01 2026-03-07."),
        required=False,
        widget=forms.Textarea,
    )
    earlier = forms.MultipleChoiceField(label=_("Earlier proposals of yours"), required=False)
    earlier_results = forms.CharField(label=_("Results of earlier beamtime"), required=False, widget=forms.Textarea)
    samples = forms.CharField(
        label=_("Samples"),
        help_text=_("One a line: name; quantity; hazards, such as none, chemical, biological, radioactive, cryogenic."),
        required=False,
        widget=forms.Textarea,
    )

    def __init__(
        self,
        *args: Any,
        call: Call,
        questions: Sequence[Mapping[str, Any]],
        lines: Sequence[Instrument],
        homes: Sequence[Organisation],
        earlier: Sequence[Proposal],
        tracks: Sequence[Any],
        answers: Mapping[str, str],
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.questions = list(questions)
        nothing = [("", "–")]
        choices = [(one.public_id, one.name) for one in lines]
        for rank in range(call.most_beamlines):
            label = _("Preferred beamline") if rank == 0 else _("Alternative beamline")
            self.fields[f"beamline_{rank}"] = forms.ChoiceField(label=label, choices=nothing + choices, required=False)
        self.fields["track"].choices = [(one.code, one.name) for one in tracks]  # type: ignore[attr-defined]
        self.fields["organisation"].choices = nothing + [(one.public_id, one.name) for one in homes]  # type: ignore[attr-defined]
        self.fields["earlier"].choices = [(one.public_id, f"{one.number} {one.title}") for one in earlier]  # type: ignore[attr-defined]
        if not earlier:
            del self.fields["earlier"]
        for one in self.questions:
            self._ask(one, answers)

    def _ask(self, one: Mapping[str, Any], answers: Mapping[str, str]) -> None:
        name = f"q_{one['key']}"
        given = {
            "label": in_language(one["label_zh"], one["label_en"])[0],
            "required": False,
            "initial": answers.get(one["key"], ""),
            "help_text": " ".join(filter(None, (self._asked_when(one), self._help(one)))),
        }
        kind = one["kind"]
        if kind == "choice":
            options = [(each["value"], in_language(each["label_zh"], each["label_en"])[0]) for each in one["choices"]]
            self.fields[name] = forms.ChoiceField(choices=[("", "–"), *options], **given)
        elif kind == "yes_no":
            self.fields[name] = forms.ChoiceField(choices=[("", "–"), ("yes", _("yes")), ("no", _("no"))], **given)
        elif kind == "long_text":
            self.fields[name] = forms.CharField(widget=forms.Textarea, **given)
        elif kind == "file":
            del given["initial"]
            self.fields[name] = forms.FileField(**given)
        else:
            self.fields[name] = forms.CharField(**given)

    def _help(self, one: Mapping[str, Any]) -> str:
        return in_language(one.get("help_zh", ""), one.get("help_en", ""))[0]

    def _asked_when(self, one: Mapping[str, Any]) -> str:
        """On which answer to which question this one is asked, in words; nothing where it is always asked."""
        when = one.get("when")
        asked = next((each for each in self.questions if when and each["key"] == when["key"]), None)
        if not when or asked is None:
            return ""
        words = {"yes": str(_("yes")), "no": str(_("no"))} if asked["kind"] == "yes_no" else {}
        for each in asked.get("choices") or ():
            words[each["value"]] = in_language(each["label_zh"], each["label_en"])[0]
        answer = words.get(str(when["is"]), str(when["is"]))
        label = in_language(asked["label_zh"], asked["label_en"])[0]
        return str(_("Only if “%(question)s” is answered “%(answer)s”.") % {"question": label, "answer": answer})

    @property
    def groups(self) -> list[tuple[object, list[Any]]]:
        """The fields under their headings."""
        lines = [name for name in self.fields if name.startswith("beamline_")]
        first = ["title", "language", "track", "organisation", "abstract"]
        last = [name for name in ("earlier", "earlier_results") if name in self.fields]
        asked = [f"q_{one['key']}" for one in self.questions]
        named = (
            (_("What it is about"), first),
            (_("Beamtime"), [*lines, "requested", "minimum", "blackouts"]),
            (_("Questions of the call"), asked),
            (_("Samples and earlier beamtime"), ["samples", *last]),
        )
        return [(title, [self[name] for name in names]) for title, names in named]

    def draft(self) -> ProposalDraft:
        """The draft; refused where a date or a sample can't be read."""
        given = self.cleaned_data
        return ProposalDraft(
            title=given["title"],
            abstract=given["abstract"],
            language=given["language"],
            track=given["track"],
            organisation=given["organisation"],
            beamlines=[given[name] for name in given if name.startswith("beamline_") and given[name]],
            requested=given["requested"],
            minimum=given["minimum"],
            blackouts=read_spans(given["blackouts"]),
            answers={
                one["key"]: str(given.get(f"q_{one['key']}") or "") for one in self.questions if one["kind"] != "file"
            },
            samples=read_samples(given["samples"]),
            earlier=given.get("earlier", []),
            earlier_results=given["earlier_results"],
        )


def read_samples(text: str) -> list[SampleDraft]:
    """One sample a line: name; quantity; hazards, by their words in any of the site's languages."""
    words_of = {}
    for code, _name in LANGUAGES:
        with override(code):
            words_of |= {str(label).lower(): key for key, label in wording.HAZARDS.items()}
    found = []
    for line in text.splitlines():
        name, _sep, rest = line.replace("；", ";").partition(";")
        quantity, _sep, hazards = rest.partition(";")
        marks = [each.strip() for each in hazards.replace("，", ",").replace("、", ",").split(",") if each.strip()]
        if name.strip():
            found.append(
                SampleDraft(name.strip(), [words_of.get(each.lower(), each) for each in marks], quantity.strip())
            )
    return found


def initial_of_proposal(proposal: Proposal) -> dict[str, Any]:
    lines = {f"beamline_{one.rank}": one.instrument.public_id for one in proposal.choices.all()}
    return {
        "version": proposal.version,
        "title": proposal.title,
        "language": proposal.language,
        "track": proposal.track.code,
        "organisation": proposal.organisation.public_id if proposal.organisation else "",
        "abstract": proposal.abstract,
        "requested": proposal.requested,
        "minimum": proposal.minimum,
        "blackouts": "\n".join(" ".join(span) for span in proposal.blackouts),
        "earlier": [one.public_id for one in proposal.earlier.all()],
        "earlier_results": proposal.earlier_results,
        "samples": "\n".join(f"{one.name}; {one.quantity}; {', '.join(one.hazards)}" for one in proposal.samples.all()),
        **lines,
    }


class InviteForm(PersonForm):
    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    may_edit = forms.BooleanField(label=_("May edit"), required=False)
    may_submit = forms.BooleanField(label=_("May submit and withdraw"), required=False)


class ReportForm(Told, forms.Form):
    text = forms.CharField(label=_("Report"), widget=forms.Textarea)


class FeedbackForm(Told, forms.Form):
    rating = forms.IntegerField(label=_("Rating, 1 to 5"), min_value=1, max_value=5)
    text = forms.CharField(label=_("Remark"), required=False, widget=forms.Textarea)


class OutputForm(Told, forms.Form):
    doi = forms.CharField(label="DOI", max_length=200)
    title = forms.CharField(label=_("Title"), max_length=1000)
    year = forms.IntegerField(label=_("Year"))
