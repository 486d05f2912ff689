"""The forms of blocks and of their sub-projects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from headwater.registry.models import Instrument
from headwater.useroffice.actions.blocks import BlockDraft
from headwater.useroffice.actions.parts import PartDraft, Place
from headwater.useroffice.forms.rows import WithRows, add_rows, initial_rows, samples_of, spans_of, tables_of
from headwater.useroffice.forms.shared import DAY, LANGUAGES, Told
from headwater.useroffice.models import Block, BlockMember, SubProject


class BlockForm(Told, forms.Form):
    """A block's shifts and life."""

    shifts = forms.IntegerField(label=_("Shifts of the block"), min_value=1, max_value=10_000)
    first_day = forms.DateField(label=_("First day of its life"), widget=DAY)
    last_day = forms.DateField(label=_("Last day of its life"), widget=DAY)
    samples_open = forms.BooleanField(label=_("Members see one another's sub-projects and samples"), required=False)

    def draft(self) -> BlockDraft:
        given = self.cleaned_data
        return BlockDraft(given["shifts"], given["first_day"], given["last_day"], given["samples_open"])


class ChangeBlockForm(BlockForm):
    reason = forms.CharField(label=_("Reason"), max_length=500)


class BlockMemberForm(Told, forms.Form):
    """A laboratory of a block."""

    name = forms.CharField(label=_("Laboratory or team"), max_length=200)
    organisation = forms.CharField(
        label=_("Organisation"), help_text=_("Its public id or its whole name."), max_length=300
    )
    email = forms.EmailField(label=_("E-mail address of the person who answers for it"))


class DivideForm(Told, forms.Form):
    """One share for each member."""

    reason = forms.CharField(label=_("Reason"), max_length=500)

    def __init__(self, *args: Any, members: Sequence[BlockMember], **more: Any) -> None:
        super().__init__(*args, **more)
        shares = {}
        for one in members:
            label = _("Share of %(name)s, of which %(used)s are used") % {"name": one.name, "used": one.used}
            shares[f"share_{one.pk}"] = forms.IntegerField(
                label=label, min_value=0, max_value=10_000, initial=one.share
            )
        self.fields = {**shares, **self.fields}

    def shares(self) -> dict[int, int]:
        """The shares as given, by members' keys."""
        found = {name: share for name, share in self.cleaned_data.items() if name.startswith("share_")}
        return {int(name.removeprefix("share_")): share for name, share in found.items()}


class PassForm(Told, forms.Form):
    """Shifts from one member to another."""

    giver = forms.TypedChoiceField(label=pgettext_lazy("passing shifts", "From"), coerce=int)
    taker = forms.TypedChoiceField(label=pgettext_lazy("passing shifts", "To"), coerce=int)
    shifts = forms.IntegerField(label=_("Shifts"), min_value=1, max_value=10_000)
    reason = forms.CharField(label=_("Reason"), max_length=500)

    def __init__(self, *args: Any, givers: Sequence[BlockMember], takers: Sequence[BlockMember], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["giver"].choices = [(one.pk, f"{one.name} ({one.left})") for one in givers]  # type: ignore[attr-defined]
        self.fields["taker"].choices = [(one.pk, one.name) for one in takers]  # type: ignore[attr-defined]


class ReturnForm(Told, forms.Form):
    """Unused shifts back to the facility."""

    member = forms.TypedChoiceField(label=_("Of the share of"), coerce=int, required=False, empty_value=None)
    shifts = forms.IntegerField(label=_("Shifts"), min_value=1, max_value=10_000)
    reason = forms.CharField(label=_("Reason"), max_length=500)

    def __init__(self, *args: Any, givers: Sequence[BlockMember], undivided: int | None, **more: Any) -> None:
        super().__init__(*args, **more)
        choices: list[tuple[Any, Any]] = [(one.pk, f"{one.name} ({one.left})") for one in givers]
        if undivided is not None:
            choices.append(("", _("nobody: undivided shifts (%(left)s)") % {"left": undivided}))
        self.fields["member"].choices = choices  # type: ignore[attr-defined]


class PartForm(Told, WithRows):
    """A short sub-project; its rows are wished days and samples."""

    title = forms.CharField(label=_("Title"), max_length=300)
    language = forms.ChoiceField(label=_("Language of the proposal"), choices=LANGUAGES)
    abstract = forms.CharField(label=_("What will be measured, and why"), widget=forms.Textarea, required=False)
    beamlines = forms.MultipleChoiceField(label=_("Beamlines"), widget=forms.CheckboxSelectMultiple, required=False)
    shifts = forms.IntegerField(label=_("Shifts asked"), min_value=1, max_value=300, initial=1)

    def __init__(
        self, *args: Any, lines: Sequence[Instrument], members: Sequence[BlockMember] = (), **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.fields["beamlines"].choices = [(one.public_id, one.name) for one in lines]  # type: ignore[attr-defined]
        self.members = bool(members)
        if members:
            choices = [(one.pk, f"{one.name} ({one.left})") for one in members]
            self.fields["member"] = forms.TypedChoiceField(label=_("From the share of"), coerce=int, choices=choices)
        add_rows(self)

    @property
    def groups(self) -> list[tuple[object, list[Any], Mapping[str, Any] | None]]:
        """The fields under their headings, and the rows that follow them."""
        tables = tables_of(self)
        wished = tables["away"] | {"title": _("Wished days")}
        asked = [*(["member"] if self.members else []), "beamlines", "shifts"]
        named = (
            (_("What it is about"), ["title", "language", "abstract"], None),
            (_("Beamtime"), asked, wished),
            (_("Samples"), [], tables["samples"]),
        )
        return [(title, [self[name] for name in names], rows) for title, names, rows in named]

    def draft(self) -> PartDraft:
        given = self.cleaned_data
        return PartDraft(
            title=given["title"],
            abstract=given["abstract"],
            language=given["language"],
            beamlines=given["beamlines"],
            shifts=given["shifts"],
            wished=spans_of(self),
            samples=samples_of(self),
        )


def initial_of_part(part: SubProject) -> dict[str, Any]:
    proposal = part.proposal
    rows = dict(initial_rows(proposal))
    for k, (first, last) in enumerate(part.wished):
        rows |= {f"away_{k}_first": first, f"away_{k}_last": last}
    return {
        **rows,
        "title": proposal.title,
        "language": proposal.language,
        "abstract": proposal.abstract,
        "beamlines": [one.instrument.public_id for one in proposal.choices.select_related("instrument")],
        "shifts": proposal.requested,
    }


def initial_of_block(block: Block) -> dict[str, Any]:
    call = block.call
    return {
        "shifts": block.shifts,
        "first_day": call.period_start,
        "last_day": call.period_end,
        "samples_open": block.samples_open,
    }


SHIFTS = [(1, _("first, from 8:00")), (2, _("second, from 16:00")), (3, _("third, from 0:00"))]


class PlaceForm(Told, forms.Form):
    """Days for a sub-project."""

    beamline = forms.ChoiceField(label=_("Beamline"))
    day = forms.DateField(label=pgettext_lazy("of beamtime", "Day"), widget=DAY)
    shift = forms.TypedChoiceField(
        label=_("Shift of the day"),
        help_text=_("Inside of the group's beamtime; beamtime of its own begins with the first shift."),
        coerce=int,
        choices=SHIFTS,
    )
    own = forms.ChoiceField(
        label=pgettext_lazy("of beamtime", "Where"),
        choices=[("no", _("inside of the group's beamtime")), ("yes", _("beamtime of its own in the calendar"))],
    )

    def __init__(self, *args: Any, lines: Sequence[Instrument], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["beamline"].choices = [(one.public_id, one.name) for one in lines]  # type: ignore[attr-defined]

    def place(self) -> Place:
        given = self.cleaned_data
        return Place(given["beamline"], given["day"], given["shift"], given["own"] == "yes")
