"""The user office's forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import get_language, gettext_lazy as _

from headwater.accounts import words
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.models import Instrument, Organisation
from headwater.registry.models.base import in_language
from headwater.useroffice import wording
from headwater.useroffice.actions.calls import CallDraft, PeriodDraft, PoolDraft
from headwater.useroffice.actions.proposals import ProposalDraft, SampleDraft
from headwater.useroffice.models import (
    BeamPeriodKind,
    Call,
    FeasibilityVerdict,
    LostReason,
    Mode,
    PoolRule,
    Proposal,
    VerdictKind,
)
from headwater.useroffice.models.proposals import SampleState

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


class CallForm(Told, forms.Form):
    """A call. Times are on the facility's clocks."""

    code = forms.CharField(label=_("Code"), max_length=20)
    mode = forms.ChoiceField(label=_("Mode of access"), choices=Mode.choices)
    name_en = forms.CharField(label=_("English name"), max_length=300)
    name_zh = forms.CharField(label=_("Chinese name"), max_length=300)
    opens_at = forms.DateTimeField(label=_("Opens"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    closes_at = forms.DateTimeField(
        label=_("Closes"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    period_start = forms.DateField(label=_("First day of beamtime"), widget=DAY)
    period_end = forms.DateField(label=_("Last day of beamtime"), widget=DAY)
    beamlines = forms.MultipleChoiceField(label=_("Beamlines"), widget=forms.CheckboxSelectMultiple)
    most_beamlines = forms.IntegerField(label=_("Most beamlines a proposal may accept"), initial=2)
    most_shifts = forms.IntegerField(label=_("Most shifts a proposal may ask for"), initial=36)
    reserve = forms.DecimalField(
        label=_("Part of the beam days kept for standby"), initial=0, min_value=0, max_value=1, decimal_places=4
    )
    chance_cap = forms.DecimalField(
        label=_("Draw reviewers; greatest chance of a pair"),
        help_text=_("From 0.05 to 1, against collusion. Empty: the best assignment, nothing drawn."),
        required=False,
        min_value=0.05,
        max_value=1,
        decimal_places=2,
    )
    anonymous = forms.BooleanField(label=_("Reviewers do not see who proposes"), required=False)
    see_record = forms.BooleanField(label=_("Reviewers see the team's record"), required=False, initial=True)
    text_en = forms.CharField(label=_("Text in English"), required=False, widget=forms.Textarea)
    text_zh = forms.CharField(label=_("Text in Chinese"), required=False, widget=forms.Textarea)

    def __init__(self, *args: Any, lines: Sequence[Instrument], zone: ZoneInfo, **more: Any) -> None:
        super().__init__(*args, **more)
        self.zone = zone
        self.fields["beamlines"].choices = [(one.public_id, one.name) for one in lines]  # type: ignore[attr-defined]

    def draft(self, facility: str) -> CallDraft:
        given = dict(self.cleaned_data)
        for name in ("opens_at", "closes_at"):
            if given[name] is not None:
                given[name] = given[name].replace(tzinfo=self.zone)
        return CallDraft(facility=facility, **given)


def initial_of_call(call: Call, zone: ZoneInfo) -> dict[str, Any]:
    names = [name for name in CallForm.base_fields if name != "beamlines"]
    given = {name: getattr(call, name) for name in names}
    for name in ("opens_at", "closes_at"):
        if given[name] is not None:
            given[name] = f"{given[name].astimezone(zone):%Y-%m-%dT%H:%M}"
    for name in ("period_start", "period_end"):
        given[name] = given[name].isoformat()
    return given | {"beamlines": list(call.beamlines.values_list("public_id", flat=True))}


def read_spans(text: str) -> list[tuple[date, date]]:
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
            reason = Reason("draft.date_wrong", facts={"field": "blackouts", "value": line[:60]})
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
            "help_text": in_language(one.get("help_zh", ""), one.get("help_en", ""))[0],
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
    """One sample a line: name; quantity; hazards."""
    words_of = {str(label): key for key, label in wording.HAZARDS.items()}
    found = []
    for line in text.splitlines():
        name, _sep, rest = line.replace("；", ";").partition(";")
        quantity, _sep, hazards = rest.partition(";")
        marks = [each.strip() for each in hazards.replace("，", ",").split(",") if each.strip()]
        if name.strip():
            found.append(SampleDraft(name.strip(), [words_of.get(each, each) for each in marks], quantity.strip()))
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


def own_language() -> str:
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


class PersonForm(Told, forms.Form):
    """Somebody by her address."""

    email = forms.EmailField(label=_("E-mail address"))


class InviteForm(PersonForm):
    name = forms.CharField(label=_("Name"), required=False, max_length=200)
    may_edit = forms.BooleanField(label=_("May edit"), required=False)
    may_submit = forms.BooleanField(label=_("May submit and withdraw"), required=False)


class MemberForm(PersonForm):
    chair = forms.BooleanField(label=_("Chairs the panel"), required=False)
    max_load = forms.IntegerField(label=_("Most reviews"), initial=20, min_value=0, max_value=500)
    fields_of = forms.CharField(
        label=_("Fields"), help_text=_("Codes or names of techniques, separated by semicolons."), required=False
    )
    languages = forms.MultipleChoiceField(label=_("Languages read"), choices=LANGUAGES, required=False)


class PanelForm(Told, forms.Form):
    name_en = forms.CharField(label=_("English name"), max_length=300)
    name_zh = forms.CharField(label=_("Chinese name"), max_length=300)


class PoolForm(Told, forms.Form):
    """A pool of a call."""

    code = forms.CharField(label=_("Code"), max_length=20)
    name_en = forms.CharField(label=_("English name"), max_length=300)
    name_zh = forms.CharField(label=_("Chinese name"), max_length=300)
    rule = forms.ChoiceField(label=_("Counts proposals"), choices=PoolRule.choices)
    funder = forms.CharField(label=_("Funder's public id"), required=False, max_length=40)
    min_share = forms.DecimalField(label=_("Least share"), required=False, decimal_places=4)
    max_share = forms.DecimalField(label=_("Most share"), required=False, decimal_places=4)
    min_shifts = forms.IntegerField(label=_("Least shifts"), required=False, min_value=0)
    max_shifts = forms.IntegerField(label=_("Most shifts"), required=False, min_value=0)

    def draft(self) -> PoolDraft:
        return PoolDraft(**self.cleaned_data)


class PeriodForm(Told, forms.Form):
    """Days of the beam calendar, the last one inside."""

    kind = forms.ChoiceField(label=_("Kind"), choices=BeamPeriodKind.choices)
    start = forms.DateField(label=_("First day"), widget=DAY)
    last = forms.DateField(label=_("Last day"), widget=DAY)
    beamline = forms.ChoiceField(label=_("Beamline"), required=False)
    note = forms.CharField(label=_("Remark"), required=False, max_length=200)

    def __init__(self, *args: Any, lines: Sequence[Instrument], **more: Any) -> None:
        super().__init__(*args, **more)
        everywhere = [("", _("all beamlines"))]
        self.fields["beamline"].choices = everywhere + [(one.public_id, one.name) for one in lines]  # type: ignore[attr-defined]

    def draft(self) -> PeriodDraft:
        given = self.cleaned_data
        return PeriodDraft(
            given["kind"], given["start"], given["last"] + timedelta(days=1), given["beamline"], given["note"]
        )


class FileForm(Told, forms.Form):
    file = forms.FileField(label=_("File"))


class FormForm(Told, forms.Form):
    """The questions of a form, as JSON."""

    questions = forms.JSONField(label=_("Questions (JSON)"))


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


class ReasonForm(Told, forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500)


class DeclineForm(ReasonForm):
    conflict = forms.BooleanField(label=_("I have a conflict of interest"), required=False)


class DecideForm(Told, forms.Form):
    """A panel's decision on one proposal."""

    kind = forms.ChoiceField(label=_("Decision"), choices=VerdictKind.choices)
    rank = forms.IntegerField(label=_("Rank"), required=False, min_value=1)
    shifts = forms.IntegerField(label=_("Most shifts to grant"), required=False, min_value=1, max_value=1000)
    reason = forms.CharField(label=_("Reason, which the proposers read"), required=False, widget=forms.Textarea)
    ground = forms.CharField(label=_("Ground for passing a rule"), required=False, max_length=500)


class RankForm(Told, forms.Form):
    recommend = forms.IntegerField(label=_("Recommend the first"), min_value=0)
    reason = forms.CharField(label=_("Reason, which the proposers read"), max_length=500)


class ScenarioForm(Told, forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    seconds = forms.FloatField(label=_("Seconds to search"), initial=30, min_value=1, max_value=3600)
    from_published = forms.BooleanField(label=_("Change the published schedule as little as possible"), required=False)
    open_from = forms.DateField(label=_("Keep all before this day"), required=False, widget=DAY)


class PinForm(Told, forms.Form):
    """What the office fixes for a proposal; with nothing given it is free again."""

    beamline = forms.ChoiceField(label=_("Beamline"), required=False)
    day = forms.DateField(label=_("First day"), required=False, widget=DAY)
    shifts = forms.IntegerField(label=_("Shifts"), required=False, min_value=1)
    banned = forms.MultipleChoiceField(label=_("Keep it from"), required=False)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=500)

    def __init__(self, *args: Any, lines: Sequence[Instrument], **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(one.public_id, one.name) for one in lines]
        self.fields["beamline"].choices = [("", "–"), *choices]  # type: ignore[attr-defined]
        self.fields["banned"].choices = choices  # type: ignore[attr-defined]


class PublishForm(Told, forms.Form):
    note = forms.CharField(label=_("What is new in this version"), required=False, max_length=500)
    displace = forms.BooleanField(
        label=_("Cancel bookings that stand in the way; their holders are told"), required=False
    )


class LetterForm(Told, forms.Form):
    note_en = forms.CharField(label=_("A sentence in English"), required=False, max_length=1000)
    note_zh = forms.CharField(label=_("A sentence in Chinese"), required=False, max_length=1000)


class VisitorForm(Told, forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    cleared = forms.BooleanField(label=_("Safety training is in order"), required=False)


class SampleForm(Told, forms.Form):
    sample = forms.CharField(label=_("Sample"), max_length=200)
    state = forms.ChoiceField(label=_("State"), choices=SampleState.choices)
    place = forms.CharField(label=_("Where it is"), required=False, max_length=100)


class FinishForm(Told, forms.Form):
    hours_given = forms.DecimalField(label=_("Hours given"), min_value=0, max_digits=7, decimal_places=2)
    hours_lost = forms.DecimalField(label=_("Hours lost"), min_value=0, max_digits=7, decimal_places=2, initial=0)
    lost_reason = forms.ChoiceField(label=_("Lost by"), required=False, choices=[("", "–"), *LostReason.choices])
    handover = forms.CharField(label=_("Handover"), widget=forms.Textarea)


class ReportForm(Told, forms.Form):
    text = forms.CharField(label=_("Report"), widget=forms.Textarea)


class AcceptForm(Told, forms.Form):
    grade = forms.IntegerField(label=_("Grade, 1 to 5"), required=False, min_value=1, max_value=5)
    remark = forms.CharField(label=_("Remark"), required=False, widget=forms.Textarea)


class FeedbackForm(Told, forms.Form):
    rating = forms.IntegerField(label=_("Rating, 1 to 5"), min_value=1, max_value=5)
    text = forms.CharField(label=_("Remark"), required=False, widget=forms.Textarea)


class OutputForm(Told, forms.Form):
    doi = forms.CharField(label="DOI", max_length=200)
    title = forms.CharField(label=_("Title"), max_length=1000)
    year = forms.IntegerField(label=_("Year"))


class GroundForm(Told, forms.Form):
    ground = forms.CharField(label=_("Ground for passing a rule"), required=False, max_length=500)


class AskForm(PersonForm):
    ground = forms.CharField(label=_("Ground for passing a rule"), required=False, max_length=500)


class MarksForm(Told, forms.Form):
    carry_over = forms.BooleanField(label=_("Carried over: at least its minimum has to be granted"), required=False)
    discretionary = forms.BooleanField(label=_("At the director's discretion"), required=False)
