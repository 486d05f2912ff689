"""The forms of terms and money. Each becomes plain values at the door; actions decide."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.accounts import words
from headwater.core.decision import Decision
from headwater.registry.forms import Day, Offered
from headwater.registry.models import Jurisdiction, Organisation, SizeClass
from headwater.registry.models.base import in_language
from headwater.support.models import EntryKind, RecognitionKind
from headwater.support.vocabulary import DocumentKind, Purpose, Sector

MOST_OFFERED = 500
ANY_YES_NO = [("", _("does not matter")), ("yes", _("yes")), ("no", _("no"))]


class Refusable(forms.Form):
    """A form that shows an action's reasons."""

    def refuse(self, decision: Decision) -> None:
        for reason in decision.reasons:
            if Decision((reason,)).allowed():
                continue
            where = str(reason.facts.get("where", "")).split(".")[0].split("[")[0]
            self.add_error(where if where in self.fields else None, words.sentence(reason))

    def offer_instruments(self, owner: Organisation) -> None:
        """Have the field ``instrument`` offer those of an owner by their names."""
        rows = owner.instruments.order_by("pk").values_list("public_id", "name_zh", "name_en", "local_id")
        self.fields["instrument"].widget.offered = [
            (key, f"{in_language(zh, en)[0]} {local}".strip()) for key, zh, en, local in rows[:MOST_OFFERED]
        ]


class QuoteForm(Refusable):
    """What somebody wants a price for."""

    organisation = forms.ChoiceField(label=_("For"), required=False)
    starts = forms.DateTimeField(
        label=_("From"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    ends = forms.DateTimeField(
        label=_("To"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    hours = forms.DecimalField(
        label=_("Hours"),
        required=False,
        min_value=0,
        max_value=100_000,
        decimal_places=2,
        help_text=_("Where no times are given."),
    )
    samples = forms.IntegerField(label=_("Samples"), required=False, min_value=0, max_value=100_000)
    setups = forms.IntegerField(label=_("Set-ups"), required=False, min_value=0, max_value=1000)
    purpose = forms.ChoiceField(label=_("Purpose"), required=False, choices=[("", "—"), *Purpose.choices])

    def __init__(self, *args: Any, organisations: Iterable[Organisation], zone: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["organisation"].choices = [
            *((one.public_id, one.name) for one in organisations),
            ("", _("myself, for no organisation")),
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in ("starts", "ends"):
            if given.get(name) is not None:  # a browser gives the clock of the instrument, which has no zone in it
                given[name] = given[name].replace(tzinfo=self.zone)
        starts, ends = given.get("starts"), given.get("ends")
        if (starts is None) != (ends is None) or (starts and ends and ends < starts):
            self.add_error("ends", _("The end must come after the start. Give both."))
        given["hours"] = given.get("hours") or Decimal(0)
        for name in ("samples", "setups"):
            given[name] = given.get(name) or 0
        return given


class VoucherForm(Refusable):
    organisation = forms.ChoiceField(label=_("For"))
    scheme = forms.ChoiceField(label=_("Scheme"))
    amount = forms.CharField(label=_("Amount"), max_length=40, help_text=_("Such as 20000.00"))
    purpose = forms.CharField(label=_("What for?"), required=False, max_length=2000, widget=forms.Textarea)

    def __init__(
        self, *args: Any, organisations: Iterable[Organisation], schemes: Iterable[Any], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].choices = [(one.public_id, one.name) for one in organisations]
        self.fields["scheme"].choices = [(one.code, one.name) for one in schemes]


class RegistrationForm(Refusable):
    size_class = forms.ChoiceField(label=_("Size"), required=False, choices=[("", "—"), *SizeClass.choices])
    high_tech = forms.ChoiceField(label=_("High-tech enterprise"), required=False, choices=[("", "—"), *ANY_YES_NO[1:]])
    sectors = forms.MultipleChoiceField(
        label=_("Sectors"), required=False, choices=Sector.choices, widget=forms.CheckboxSelectMultiple
    )
    founded = forms.DateField(label=_("Founded on"), required=False, widget=Day())
    valid_to = forms.DateField(label=_("This holds until"), required=False, widget=Day())


class DocumentForm(Refusable):
    kind = forms.ChoiceField(label=_("Kind of document"), choices=DocumentKind.choices)
    file = forms.FileField(label=_("File"))


class SchemeFileForm(Refusable):
    file = forms.FileField(label=_("CSV or JSON of schemes"))


class BudgetForm(Refusable):
    payer = forms.ChoiceField(label=_("Who pays"))
    year = forms.IntegerField(label=_("Year"), min_value=2000, max_value=2100)
    amount = forms.CharField(label=_("Amount"), max_length=40, help_text=_("Below nothing: free money is taken out."))
    ground = forms.CharField(label=_("Reason"), required=False, max_length=2000)

    def __init__(self, *args: Any, offices: Iterable[Jurisdiction], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["payer"].choices = [(one.code, one.name) for one in offices]


class VerdictForm(Refusable):
    verdict = forms.ChoiceField(
        label=_("Decision"),
        choices=[("approve", _("approve")), ("return", _("return for changes")), ("refuse", _("refuse"))],
    )
    ground = forms.CharField(label=_("Reason"), required=False, max_length=2000, widget=forms.Textarea)


class MonthForm(Refusable):
    month = forms.CharField(label=_("Month"), max_length=7, help_text=_("Such as 2026-03"))
    currency = forms.CharField(label=_("Currency"), max_length=3)


class RatesForm(Refusable):
    """The usual rates by fields; peak hours and late cancellation too. Services are written a line each."""

    instrument = forms.CharField(
        label=_("Instrument's id"),
        required=False,
        max_length=40,
        widget=Offered(),
        help_text=_("Empty: all that have no rates of their own."),
    )
    valid_from = forms.DateField(label=_("In force from"), widget=Day())
    valid_to = forms.DateField(label=_("Until"), required=False, widget=Day())
    currency = forms.CharField(label=_("Currency"), max_length=3)
    lines = forms.CharField(
        label=_("Rates"),
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("One a line: unit, kind of user, price, peak price, service. Such as: hour, company, 600, 720"),
    )
    minimum = forms.CharField(label=_("At least for each use"), required=False)
    peak_days = forms.CharField(label=_("Peak days"), required=False, help_text=_("1 is Monday: 1,2,3,4,5"))
    peak_from = forms.CharField(label=_("Peak from"), required=False, help_text=_("Such as 09:00"))
    peak_to = forms.CharField(label=_("Peak to"), required=False, help_text=_("Such as 17:00"))
    late_hours = forms.IntegerField(label=_("Cancelling costs within … hours"), required=False, min_value=0)
    late_share = forms.CharField(label=_("and costs the share"), required=False, help_text=_("Such as 50 %"))
    no_show = forms.CharField(label=_("Not coming costs the share"), required=False, help_text=_("Such as 100 %"))

    def rates(self) -> dict[str, Any]:
        given = self.cleaned_data
        lines = []
        for text in given["lines"].splitlines():
            cells = [one.strip() for one in text.replace("，", ",").split(",")]
            if not any(cells):
                continue
            names = ("per", "for", "price", "peak", "service")
            line = {name: cell for name, cell in zip(names, cells, strict=False) if cell}
            lines.append(line | ({"more": cells[5]} if len(cells) > 5 else {}))
        data: dict[str, Any] = {"currency": given["currency"], "lines": lines}
        if given["minimum"]:
            data["minimum"] = given["minimum"]
        if given["peak_days"]:
            days: list[Any] = [one.strip() for one in given["peak_days"].split(",")]
            data["peak"] = {
                "days": [int(day) if day.isdigit() else day for day in days],
                "from": given["peak_from"],
                "to": given["peak_to"],
            }
        if given["late_hours"] is not None:
            data["late_cancel"] = {"within_hours": given["late_hours"], "share": given["late_share"] or "1"}
        if given["no_show"]:
            data["no_show"] = given["no_show"]
        return data

    @staticmethod
    def initial_of(table: Any) -> dict[str, Any]:
        rates = table.rates
        names = ("per", "for", "price", "peak", "service")
        lines = "\n".join(", ".join(str(line.get(name, "")) for name in names).rstrip(", ") for line in rates["lines"])
        peak, late = rates.get("peak") or {}, rates.get("late_cancel") or {}
        return {
            "instrument": table.instrument.public_id if table.instrument else "",
            "currency": rates["currency"],
            "lines": lines,
            "minimum": rates.get("minimum", ""),
            "peak_days": ",".join(map(str, peak.get("days", []))),
            "peak_from": peak.get("from", ""),
            "peak_to": peak.get("to", ""),
            "late_hours": late.get("within_hours"),
            "late_share": late.get("share", ""),
            "no_show": rates.get("no_show", ""),
        }


class AdjustForm(Refusable):
    amount = forms.CharField(label=_("By how much"), max_length=40, help_text=_("Below nothing is a reduction."))
    ground = forms.CharField(label=_("Reason"), max_length=2000)


class DisputeForm(Refusable):
    text = forms.CharField(label=_("What is wrong with the charge?"), max_length=5000, widget=forms.Textarea)


class AnswerForm(Refusable):
    upheld = forms.ChoiceField(
        label=_("Decision"), choices=[("no", _("the charge stands")), ("yes", _("the objection is right"))]
    )
    answer = forms.CharField(label=_("Answer"), max_length=5000, widget=forms.Textarea)


class RequirementForm(Refusable):
    """What an owner asks of people before they come."""

    kind = forms.ChoiceField(label=_("What"), choices=EntryKind.choices)
    code = forms.CharField(label=_("Code"), max_length=80, help_text=_("Such as laser-safety"))
    name_zh = forms.CharField(label=_("Chinese name"), required=False, max_length=300)
    name_en = forms.CharField(label=_("English name"), required=False, max_length=300)
    instrument = forms.CharField(
        label=_("Instrument's id"),
        required=False,
        max_length=40,
        widget=Offered(),
        help_text=_("Empty: all of your instruments."),
    )


class ProofForm(Refusable):
    """A course that somebody passed, or a contract that an organisation signed."""

    kind = forms.ChoiceField(label=_("What"), choices=EntryKind.choices)
    code = forms.CharField(label=_("Code"), max_length=80)
    holder = forms.CharField(
        label=_("Who has it"),
        max_length=254,
        help_text=_("A course: the person's e-mail address. A contract: the organisation's id."),
    )
    granted_on = forms.DateField(label=_("Passed or signed on"), widget=Day())
    valid_to = forms.DateField(label=_("Until"), required=False, widget=Day())
    reference = forms.CharField(label=_("Certificate or contract number"), required=False, max_length=120)


class RecognitionForm(Refusable):
    """A rule by which what was granted in one jurisdiction counts in the officer's own."""

    code = forms.CharField(label=_("Code of the rule"), max_length=60)
    kind = forms.ChoiceField(label=_("What"), choices=RecognitionKind.choices)
    granted_in = forms.ChoiceField(label=_("Granted in"))
    counts_in = forms.ChoiceField(label=_("Counts in"))
    codes = forms.CharField(
        label=_("Codes"),
        required=False,
        max_length=2000,
        help_text=_("Of courses, templates or techniques, with commas. Empty: all of the kind."),
    )
    valid_from = forms.DateField(label=_("In force from"), widget=Day())
    valid_to = forms.DateField(label=_("Until"), required=False, widget=Day())
    article_zh = forms.CharField(label=_("Article, in Chinese"), required=False, max_length=500)
    article_en = forms.CharField(label=_("Article, in English"), required=False, max_length=500)

    def __init__(
        self, *args: Any, offices: Iterable[Jurisdiction], others: Iterable[Jurisdiction], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["counts_in"].choices = [(one.code, one.name) for one in offices]
        self.fields["granted_in"].choices = [(one.code, one.name) for one in others]


class RatesFileForm(Refusable):
    file = forms.FileField(label=_("File"), help_text=_("CSV or XLSX, a rate a row, as your rates are exported."))
    check_only = forms.BooleanField(label=_("Only say what would happen"), required=False)
