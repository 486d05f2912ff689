"""The proposers' forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.registry.models import Instrument, Organisation
from headwater.useroffice.actions.proposals import ProposalDraft
from headwater.useroffice.forms.asking import Asking
from headwater.useroffice.forms.rows import WithRows, add_rows, initial_rows, samples_of, spans_of, tables_of
from headwater.useroffice.forms.shared import (
    LANGUAGES,
    PersonForm,
    Told,
)
from headwater.useroffice.models import (
    Call,
    Proposal,
)


class ProposalForm(Told, Asking, WithRows):
    """A proposal with the questions of its call's form."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(label=_("Title"), max_length=300)
    language = forms.ChoiceField(label=_("Language of the proposal"), choices=LANGUAGES)
    track = forms.ChoiceField(label=_("Track"))
    organisation = forms.ChoiceField(label=_("Organisation you apply for"), required=False)
    abstract = forms.CharField(label=_("Abstract"), required=False, widget=forms.Textarea)
    requested = forms.IntegerField(label=_("Shifts asked"), min_value=1, max_value=1000)
    minimum = forms.IntegerField(label=_("Fewest useful shifts"), min_value=1, max_value=1000)
    earlier = forms.MultipleChoiceField(
        label=_("Earlier proposals of the team"), required=False, widget=forms.CheckboxSelectMultiple
    )
    earlier_results = forms.CharField(label=_("Results of earlier beamtime"), required=False, widget=forms.Textarea)

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
        nothing = [("", "–")]
        choices = [(one.public_id, one.name) for one in lines]
        for rank in range(call.most_beamlines):
            label = _("Preferred beamline") if rank == 0 else _("Alternative beamline")
            self.fields[f"beamline_{rank}"] = forms.ChoiceField(label=label, choices=nothing + choices, required=False)
        self.fields["track"].choices = [(one.code, one.name) for one in tracks]  # type: ignore[attr-defined]
        if not homes:
            self.fields["organisation"].help_text = _(
                "Nobody on the team belongs to an organisation here yet. Ask an administrator of yours to add you; "
                "until then the draft is kept."
            )
        self.fields["organisation"].choices = nothing + [(one.public_id, one.name) for one in homes]  # type: ignore[attr-defined]
        self.fields["earlier"].choices = [(one.public_id, f"{one.number} {one.title}") for one in earlier]  # type: ignore[attr-defined]
        if not earlier:
            del self.fields["earlier"]
        self.ask(questions, answers)
        add_rows(self)

    @property
    def groups_before(self) -> list[tuple[object, list[Any], Mapping[str, Any] | None]]:
        """The fields that stand before the call's questions under their headings, and the rows that follow them."""
        lines = [name for name in self.fields if name.startswith("beamline_")]
        first = ["title", "language", "track", "organisation", "abstract"]
        named = (
            (_("What it is about"), first, None),
            (_("Beamtime"), [*lines, "requested", "minimum"], tables_of(self)["away"]),
        )
        return [(title, [self[name] for name in names], rows) for title, names, rows in named]

    @property
    def groups_after(self) -> list[tuple[object, list[Any], Mapping[str, Any] | None]]:
        """The fields that stand after them."""
        last = [name for name in ("earlier", "earlier_results") if name in self.fields]
        return [(_("Earlier beamtime and samples"), [self[name] for name in last], tables_of(self)["samples"])]

    def draft(self) -> ProposalDraft:
        """The draft."""
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
            blackouts=spans_of(self),
            answers=self.answers(),
            samples=samples_of(self),
            earlier=given.get("earlier", []),
            earlier_results=given["earlier_results"],
        )


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
        "earlier": [one.public_id for one in proposal.earlier.all()],
        "earlier_results": proposal.earlier_results,
        **lines,
        **initial_rows(proposal),
    }


class InviteForm(PersonForm):
    name = forms.CharField(label=pgettext_lazy("of a person", "Name"), required=False, max_length=200)
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
