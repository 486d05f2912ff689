"""The forms of partnering. The rules decide; these only read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.accounts import words
from headwater.core.decision import Decision
from headwater.core.money import Money
from headwater.partnering.drafts import (
    CallDraft,
    ChallengeDraft,
    MilestoneDraft,
    PartDraft,
    ProfileDraft,
    ProposalDraft,
    TargetDraft,
    WantedDraft,
)
from headwater.partnering.models import Form, Level, PartName, Profile, ResultKind, Triage, TriageOutcome, Version
from headwater.registry.forms import Day, LongSelect, Words, city_choices, technique_choices
from headwater.registry.models import Organisation

TARGET_ROWS, WANTED_ROWS = 4, 6
WITH_TEXT = (
    PartName.PROBLEM, PartName.PRESENT, PartName.TRIED, PartName.CONSTRAINTS, PartName.RIGHTS, PartName.PLACE,
)  # fmt: skip
HELP = {
    PartName.PROBLEM: _("What can't you do, and why does it matter? One problem only."),
    PartName.PRESENT: _("What do you reach today, by which way?"),
    PartName.TRIED: _("What has been tried, by whom, and with what result?"),
    PartName.CONSTRAINTS: _("Materials, cost, standards, safety: what must not change?"),
    PartName.RIGHTS: _("Who shall own what comes of it?"),
    PartName.PLACE: _("Where may the work be done, and until when?"),
}
LEVEL_HELP = _("Who may read it once the challenge is published")


class Refusable(forms.Form):
    """A form that shows a refusal's sentences above its fields."""

    def refuse(self, decision: Decision) -> None:
        for reason in decision.reasons:
            if not Decision((reason,)).allowed():
                self.add_error(None, words.sentence(reason))


def _minor(amount: Decimal | None, currency: str = "CNY") -> int | None:
    return None if amount is None else Money.parse(amount, currency).minor


class ChallengeForm(Refusable):
    """A challenge, asked for in the order in which brokers ask."""

    organisation = forms.ModelChoiceField(
        queryset=None, to_field_name="public_id", label=_("Company"), empty_label=None
    )
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=300, required=False)
    title_en = forms.CharField(label=_("Title in English"), max_length=300, required=False)
    number = forms.IntegerField(required=False, widget=forms.HiddenInput)
    budget = forms.DecimalField(label=_("Budget, CNY"), required=False, max_digits=15, decimal_places=2)
    willing_to_pay = forms.BooleanField(label=_("We would pay to have this solved"), required=False)
    form = forms.ChoiceField(label=_("Form of work"), choices=Form.choices, initial=Form.CONTRACT)
    months = forms.IntegerField(label=_("Months"), required=False)
    city = forms.ChoiceField(label=_("City of the work"), required=False, widget=LongSelect)
    reach_min = forms.IntegerField(label=_("Within minutes by rail"), required=False)
    max_members = forms.IntegerField(label=_("Most members of a team"), required=False)
    min_jurisdictions = forms.IntegerField(label=_("Fewest jurisdictions"), required=False, initial=1)
    lead_company = forms.BooleanField(label=_("A company must lead"), required=False)
    note = forms.CharField(label=_("What is new in this version"), max_length=500, required=False)

    def __init__(self, *args: Any, organisations: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if organisations is None:
            del self.fields["organisation"]
        else:
            self.fields["organisation"].queryset = organisations
        self.fields["city"].choices = city_choices()
        for name, label in PartName.choices:
            level = forms.ChoiceField(label=LEVEL_HELP, choices=Level.choices, initial=Level.REGISTERED, required=False)
            self.fields[f"{name}_level"] = level
            if name in WITH_TEXT:
                for language, what in (("zh", _("in Chinese")), ("en", _("in English"))):
                    self.fields[f"{name}_{language}"] = forms.CharField(
                        label=what, required=False, widget=forms.Textarea(attrs={"rows": 3})
                    )
                    self.fields[f"{name}_{language}"].part_label = label
        for row in range(TARGET_ROWS):
            for name, label in (
                ("name", _("Quantity")), ("value", _("Value")), ("unit", _("Unit")), ("test", _("How it is tested")),
            ):  # fmt: skip
                self.fields[f"target{row}_{name}"] = forms.CharField(label=label, required=False, max_length=500)
            self.fields[f"target{row}_comparison"] = forms.ChoiceField(
                label=_("Compare"), choices=(("ge", "≥"), ("le", "≤"), ("eq", "=")), required=False
            )
        choices = technique_choices()
        for row in range(WANTED_ROWS):
            self.fields[f"wanted{row}_technique"] = forms.ChoiceField(
                label=_("Technique"), required=False, widget=LongSelect, choices=choices
            )
            self.fields[f"wanted{row}_level"] = forms.TypedChoiceField(
                label=_("Level"), choices=[(n, n) for n in range(1, 6)], coerce=int, initial=3, required=False,
                empty_value=3,
            )  # fmt: skip
            self.fields[f"wanted{row}_must"] = forms.ChoiceField(
                label=_("Need"), choices=(("must", _("must have")), ("nice", _("nice to have"))), required=False
            )

    def part_rows(self) -> Iterator[tuple[Any, Any, list[Any], Any]]:
        """Each part for the template: its name, help, text fields and level field."""
        for name, label in PartName.choices:
            texts = [self[f"{name}_{language}"] for language in ("zh", "en")] if name in WITH_TEXT else []
            yield label, HELP.get(name, ""), texts, self[f"{name}_level"]

    def target_rows(self) -> list[list[Any]]:
        return [
            [self[f"target{row}_{name}"] for name in ("name", "comparison", "value", "unit", "test")]
            for row in range(TARGET_ROWS)
        ]

    def wanted_rows(self) -> list[list[Any]]:
        return [[self[f"wanted{row}_{name}"] for name in ("technique", "level", "must")] for row in range(WANTED_ROWS)]

    def frame(self) -> list[Any]:
        """The fields about money, time and place."""
        names = (
            "budget",
            "willing_to_pay",
            "form",
            "months",
            "city",
            "reach_min",
            "max_members",
            "min_jurisdictions",
            "lead_company",
            "note",
        )
        return [self[name] for name in names]

    def draft(self) -> ChallengeDraft:
        data = self.cleaned_data
        parts = {
            name: PartDraft(
                data.get(f"{name}_level") or Level.REGISTERED, data.get(f"{name}_zh", ""), data.get(f"{name}_en", "")
            )
            for name in PartName.values
        }
        targets = []
        for row in range(TARGET_ROWS):
            name, value, unit, test = (data[f"target{row}_{key}"].strip() for key in ("name", "value", "unit", "test"))
            if name or value:
                targets.append(TargetDraft(name, value, unit, test, data[f"target{row}_comparison"] or "ge"))
        wanted = [
            WantedDraft(
                data[f"wanted{row}_technique"], data[f"wanted{row}_level"] or 3, data[f"wanted{row}_must"] != "nice"
            )
            for row in range(WANTED_ROWS)
            if data[f"wanted{row}_technique"]
        ]
        return ChallengeDraft(
            title_zh=data["title_zh"], title_en=data["title_en"], parts=parts, targets=tuple(targets),
            wanted=tuple(wanted), budget_minor=_minor(data["budget"]), willing_to_pay=data["willing_to_pay"],
            form=data["form"], months=data["months"], city=data["city"], reach_min=data["reach_min"],
            max_members=data["max_members"], min_jurisdictions=data["min_jurisdictions"] or 1,
            lead_company=data["lead_company"], note=data["note"],
        )  # fmt: skip


def initial_of(version: Version) -> dict[str, Any]:
    """What the form shows of a version that is written anew."""
    out: dict[str, Any] = {
        "title_zh": version.challenge.name_zh, "title_en": version.challenge.name_en, "number": version.number,
        "willing_to_pay": version.willing_to_pay, "form": version.form, "months": version.months,
        "city": version.city.code if version.city else "", "reach_min": version.reach_min,
        "max_members": version.max_members, "min_jurisdictions": version.min_jurisdictions,
        "lead_company": version.lead_company,
    }  # fmt: skip
    if version.budget_minor:
        out["budget"] = Money(version.currency, version.budget_minor).major
    for part in version.parts.all():
        out |= {f"{part.name}_level": part.level, f"{part.name}_zh": part.text_zh, f"{part.name}_en": part.text_en}
    for row, target in enumerate(version.targets.all()[:TARGET_ROWS]):
        out |= {
            f"target{row}_{name}": getattr(target, name) for name in ("name", "value", "unit", "test", "comparison")
        }
    for row, one in enumerate(version.requirements.all()[:WANTED_ROWS]):
        out |= {
            f"wanted{row}_technique": one.technique.code,
            f"wanted{row}_level": one.level,
            f"wanted{row}_must": "must" if one.must else "nice",
        }
    return out


class TriageForm(Refusable):
    outcome = forms.ChoiceField(label=_("Outcome"), choices=TriageOutcome.choices)
    reasons = forms.MultipleChoiceField(
        label=_("Reasons"), choices=list(Triage.REASONS.items()), widget=forms.CheckboxSelectMultiple, required=False
    )
    note = forms.CharField(
        label=_("In words, for the company"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class PublishForm(Refusable):
    closes_on = forms.DateField(label=_("Call ends on (empty: no open call)"), widget=Day, required=False)
    sealed = forms.BooleanField(label=_("Proposals stay sealed until then"), required=False, initial=True)
    race_teams = forms.IntegerField(label=_("Teams that may race"), initial=1, required=False)
    gate = forms.CharField(label=_("What decides at the gate"), max_length=1000, required=False)
    gate_on = forms.DateField(label=_("Gate on"), widget=Day, required=False)

    def draft(self) -> CallDraft:
        data = self.cleaned_data
        ends = data["closes_on"] and datetime.combine(data["closes_on"], time(23, 59), UTC)
        return CallDraft(ends, data["sealed"], data["race_teams"] or 1, data["gate"], data["gate_on"])


class FileForm(Refusable):
    file = forms.FileField(label=_("File"), allow_empty_file=True)
    level = forms.ChoiceField(label=LEVEL_HELP, choices=Level.choices, initial=Level.AGREEMENT)


class ProfileForm(Refusable):
    """A group's profile; techniques, people and works one a line."""

    organisation = forms.ModelChoiceField(
        queryset=None, to_field_name="public_id", label=_("Organisation"), empty_label=None
    )
    name_zh = forms.CharField(label=_("Group's name in Chinese"), max_length=300, required=False)
    name_en = forms.CharField(label=_("Group's name in English"), max_length=300, required=False)
    summary_zh = forms.CharField(
        label=_("What the group does, in Chinese"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    summary_en = forms.CharField(
        label=_("What the group does, in English"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    city = forms.ChoiceField(label=_("City"), required=False, widget=LongSelect)
    sectors = Words(label=_("Sectors served"), required=False, help_text=_("One a line."))
    techniques = Words(
        label=_("Techniques"),
        required=False,
        help_text=_("One a line, with the level from 1 to 5: X-ray diffraction: 4"),
    )
    instruments = Words(
        label=_("Instruments"), required=False, help_text=_("Identifiers of your instruments, one a line.")
    )
    people = Words(
        label=_("People"), required=False, help_text=_("One a line, the leader first: Li Ming <0000-0002-1825-0097>")
    )
    works = Words(
        label=_("Outputs and past projects"), required=False,
        help_text=_("One a line: paper, patent, project, product or standard | year | title | DOI or number | partner"),
    )  # fmt: skip
    load = forms.DecimalField(label=_("Share of time taken, %"), required=False, min_value=0, max_value=100)
    price = forms.DecimalField(
        label=_("Usual price of a project, CNY"), required=False, max_digits=15, decimal_places=2
    )
    tells = forms.BooleanField(label=_("Tell us of fitting challenges"), required=False, initial=True)
    active = forms.BooleanField(label=_("Show this group"), required=False, initial=True)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, organisations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = organisations
        self.fields["city"].choices = city_choices()

    def draft(self, local_id: str = "") -> ProfileDraft:
        from headwater.partnering.profilelines import people_of, techniques_of, works_of

        data = self.cleaned_data
        return ProfileDraft(
            organisation=data["organisation"].public_id, local_id=local_id,
            **{name: data[name] for name in ("name_zh", "name_en", "summary_zh", "summary_en", "city")},
            sectors=data["sectors"], techniques=techniques_of(data["techniques"]), instruments=data["instruments"],
            people=people_of(data["people"]), works=works_of(data["works"]), load=float(data["load"] or 0) / 100,
            price_minor=_minor(data["price"]) or 0, tells=data["tells"], active=data["active"],
        )  # fmt: skip


def profile_initial(profile: Profile) -> dict[str, Any]:
    from headwater.partnering.profilelines import lines_of

    names = ("name_zh", "name_en", "summary_zh", "summary_en", "sectors", "tells", "active", "version")
    out = {name: getattr(profile, name) for name in names}
    out |= {
        "organisation": profile.organisation.public_id,
        "city": profile.city.code,
        "load": round(100 * profile.load),
    }
    out["price"] = Money(profile.currency, profile.price_minor).major
    return out | lines_of(profile)


class ProposalForm(Refusable):
    lead = forms.ModelChoiceField(
        queryset=None, to_field_name="public_id", label=_("Group that leads"), empty_label=None
    )
    title = forms.CharField(label=_("Title"), max_length=300)
    plan = forms.CharField(label=_("How you would solve it"), required=False, widget=forms.Textarea)
    promised = forms.CharField(
        label=_("Target values you promise"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    evidence = forms.CharField(
        label=_("What shows that you can"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    price = forms.DecimalField(label=_("Price, CNY"), max_digits=15, decimal_places=2)
    months = forms.IntegerField(label=_("Months"))
    members = Words(
        label=_("Other groups"), required=False, help_text=_("Identifier and task, one a line: cap_…: testing")
    )

    def __init__(self, *args: Any, profiles: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lead"].queryset = profiles

    def draft(self) -> ProposalDraft:
        data = self.cleaned_data
        members = [tuple(part.strip() for part in line.partition(":")[::2]) for line in data["members"]]
        return ProposalDraft(
            lead=data["lead"].public_id, title=data["title"], price_minor=_minor(data["price"]) or 0,
            months=data["months"], plan=data["plan"], evidence=data["evidence"], promised=data["promised"],
            members=tuple((name, task) for name, task in members),
        )  # fmt: skip


class TeamForm(forms.Form):
    """The conditions of a team; sent by GET, so that an address says all of it."""

    lead = forms.ChoiceField(
        label=_("Who leads"), required=False,
        choices=(("company", _("a company")), ("challenger", _("the company that asks")), ("anybody", _("anybody"))),
    )  # fmt: skip
    max_members = forms.IntegerField(label=_("Most members"), required=False, min_value=1, max_value=30)
    max_cost = forms.IntegerField(label=_("Most money, thousand CNY"), required=False, min_value=0, max_value=10**9)
    min_jurisdictions = forms.IntegerField(label=_("Fewest jurisdictions"), required=False, min_value=1, max_value=10)
    max_travel_min = forms.IntegerField(
        label=_("Minutes by rail to the lead, at most"), required=False, min_value=0, max_value=3000
    )
    pin = forms.CharField(label=_("Must be in"), required=False, help_text=_("Identifiers of groups, parted by spaces"))
    ban = forms.CharField(
        label=_("May not be in"), required=False, help_text=_("Identifiers of groups, parted by spaces")
    )


class ConflictForm(Refusable):
    one = forms.CharField(label=_("Organisation"), max_length=300, help_text=_("Its identifier or its exact name."))
    other = forms.CharField(
        label=_("The other organisation"), max_length=300, help_text=_("Its identifier or its exact name.")
    )
    ground = forms.CharField(label=_("Why these two may not meet"), max_length=500)


class MilestoneForm(Refusable):
    title = forms.CharField(label=_("Title"), max_length=300)
    due = forms.DateField(label=_("Due"), widget=Day)
    test = forms.CharField(label=_("Acceptance test"), widget=forms.Textarea(attrs={"rows": 2}))
    amount = forms.DecimalField(label=_("Payment, CNY"), required=False, max_digits=15, decimal_places=2)
    payer = forms.ChoiceField(label=_("Who pays"), required=False)
    payee = forms.ChoiceField(label=_("Who is paid"), required=False)

    def __init__(self, *args: Any, members: list[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("payer", "payee"):
            self.fields[name].choices = [("", "—"), *((one.public_id, one.name) for one in members)]

    def draft(self) -> MilestoneDraft:
        data = self.cleaned_data
        return MilestoneDraft(
            data["title"], data["due"], data["test"], _minor(data["amount"]) or 0, "CNY", data["payer"], data["payee"]
        )


class ResultForm(Refusable):
    kind = forms.ChoiceField(label=_("Kind"), choices=ResultKind.choices)
    title = forms.CharField(label=_("Title"), max_length=500)
    year = forms.IntegerField(label=_("Year"), min_value=1990, max_value=2100)
    identifier = forms.CharField(label=_("DOI or number"), max_length=200, required=False)
