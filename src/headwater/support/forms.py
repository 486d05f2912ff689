"""The forms of terms and money. Each becomes plain values at the door; actions decide."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headwater.accounts import words
from headwater.core.decision import Decision
from headwater.registry.forms import Day
from headwater.registry.models import Jurisdiction, Organisation, OrganisationKind, SizeClass
from headwater.support.models import EntryKind, RecognitionKind
from headwater.support.vocabulary import Delivery, DocumentKind, Payer, Purpose, Reach, Sector

ANY_YES_NO = [("", _("does not matter")), ("yes", _("yes")), ("no", _("no"))]


class Refusable(forms.Form):
    """A form that shows an action's reasons."""

    def refuse(self, decision: Decision) -> None:
        for reason in decision.reasons:
            if Decision((reason,)).allowed():
                continue
            where = str(reason.facts.get("where", "")).split(".")[0].split("[")[0]
            self.add_error(where if where in self.fields else None, words.sentence(reason))


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


class SchemeForm(Refusable):
    """A version of a scheme. Usual conditions have fields of their own; others are written as data."""

    GROUPS = (
        (_("Scheme"), ("code", "jurisdiction", "name_zh", "name_en", "valid_from", "valid_to")),
        (_("Who is eligible"), ("seats", "kinds", "sizes", "high_tech", "age_least", "age_most", "sectors")),
        (
            _("What counts"),
            ("reach", "places", "purposes", "not_purposes", "techniques", "classes", "value_least", "not_related"),
        ),
        (
            _("What it pays"),
            ("delivery", "share", "currency", "order_cap", "user_year_cap", "provider_year_cap", "pays"),
        ),
        (_("Vouchers and claims"), ("voucher_most", "voucher_days", "claim_days", "documents", "four_eyes_above")),
        (_("Together with others, and more"), ("stacks_with", "more_eligible", "more_counts")),
        (_("Where it is written"), ("article_zh", "article_en", "source_title", "source_url", "source_published")),
    )
    code = forms.CharField(label=_("Code"), max_length=60, help_text=_("An old one makes a new version of it."))
    jurisdiction = forms.ChoiceField(label=_("Jurisdiction"))
    name_zh = forms.CharField(label=_("Chinese name"), required=False, max_length=300)
    name_en = forms.CharField(label=_("English name"), required=False, max_length=300)
    valid_from = forms.DateField(label=_("In force from"), widget=Day())
    valid_to = forms.DateField(label=_("Until"), required=False, widget=Day())
    seats = forms.MultipleChoiceField(label=_("Seat of the user"), required=False, widget=forms.CheckboxSelectMultiple)
    kinds = forms.MultipleChoiceField(
        label=_("Kind of user"), required=False, choices=OrganisationKind.choices, widget=forms.CheckboxSelectMultiple
    )
    sizes = forms.MultipleChoiceField(
        label=_("Size of the user"), required=False, choices=SizeClass.choices, widget=forms.CheckboxSelectMultiple
    )
    high_tech = forms.ChoiceField(label=_("High-tech enterprise"), required=False, choices=ANY_YES_NO)
    age_least = forms.IntegerField(label=_("Founded at least … years ago"), required=False, min_value=0)
    age_most = forms.IntegerField(label=_("Founded at most … years ago"), required=False, min_value=0)
    sectors = forms.MultipleChoiceField(
        label=_("Sectors"), required=False, choices=Sector.choices, widget=forms.CheckboxSelectMultiple
    )
    reach = forms.ChoiceField(label=_("Inside or across the border"), choices=Reach.choices, initial=Reach.BOTH)
    places = forms.MultipleChoiceField(
        label=_("Place of the instrument"), required=False, widget=forms.CheckboxSelectMultiple
    )
    purposes = forms.MultipleChoiceField(
        label=_("Purposes that count"), required=False, choices=Purpose.choices, widget=forms.CheckboxSelectMultiple
    )
    not_purposes = forms.MultipleChoiceField(
        label=_("Purposes that are excluded"),
        required=False,
        choices=Purpose.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    techniques = forms.CharField(label=_("Techniques that count"), required=False, help_text=_("Codes, with commas."))
    classes = forms.CharField(label=_("Classes that count"), required=False, help_text=_("Codes, with commas."))
    value_least = forms.CharField(label=_("Value of the instrument at least"), required=False)
    not_related = forms.BooleanField(label=_("Not between related organisations"), required=False)
    delivery = forms.ChoiceField(label=_("How it is paid"), choices=Delivery.choices)
    share = forms.CharField(label=_("Share"), required=False, help_text=_("Such as 50 %. Empty: not known yet."))
    currency = forms.CharField(label=_("Currency"), max_length=3)
    order_cap = forms.CharField(label=_("At most for one order"), required=False)
    user_year_cap = forms.CharField(label=_("At most for one user in a year"), required=False)
    provider_year_cap = forms.CharField(label=_("At most for one provider in a year"), required=False)
    pays = forms.ChoiceField(label=_("Who pays"), choices=[*Payer.choices, ("halves", _("both homes, half each"))])
    voucher_most = forms.CharField(label=_("A voucher is at most"), required=False)
    voucher_days = forms.IntegerField(label=_("A voucher is good for … days"), required=False, min_value=1)
    claim_days = forms.IntegerField(label=_("Claims within … days"), required=False, min_value=1)
    documents = forms.MultipleChoiceField(
        label=_("Documents"), required=False, choices=DocumentKind.choices, widget=forms.CheckboxSelectMultiple
    )
    four_eyes_above = forms.CharField(label=_("Two officers above"), required=False)
    stacks_with = forms.CharField(
        label=_("May be combined with"), required=False, help_text=_("Codes of schemes, with commas; “any” for all.")
    )
    more_eligible = forms.CharField(
        label=_("More conditions on the user, as data"), required=False, widget=forms.Textarea
    )
    more_counts = forms.CharField(
        label=_("More conditions on the order, as data"), required=False, widget=forms.Textarea
    )
    article_zh = forms.CharField(label=_("Article, in Chinese"), required=False, widget=forms.Textarea)
    article_en = forms.CharField(label=_("Article, in English"), required=False, widget=forms.Textarea)
    source_title = forms.CharField(label=_("Legal source"), required=False, max_length=500)
    source_url = forms.CharField(label=_("Its address"), required=False, max_length=1000)
    source_published = forms.CharField(label=_("Its date"), required=False, max_length=40)
    try_year = forms.IntegerField(label=_("Try it on the year"), required=False, min_value=2000, max_value=2100)

    def __init__(
        self, *args: Any, offices: Iterable[Jurisdiction], places: Iterable[Jurisdiction], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["jurisdiction"].choices = [(one.code, one.name) for one in offices]
        there = [(one.code, one.name) for one in places]
        self.fields["seats"].choices = self.fields["places"].choices = there

    @property
    def groups(self) -> list[tuple[Any, list[Any]]]:
        return [(title, [self[name] for name in names]) for title, names in self.GROUPS]

    def _more(self, name: str) -> list[Any]:
        text = self.cleaned_data.get(name, "").strip()
        if not text:
            return []
        try:
            return [json.loads(text)]
        except json.JSONDecodeError as error:
            self.add_error(name, _("This is not JSON: it breaks in line %(line)s.") % {"line": error.lineno})
            return []

    def terms(self) -> dict[str, Any]:
        """The terms as data; faults of the extra conditions are the form's."""
        given = self.cleaned_data

        def among(fact: str, name: str) -> list[Any]:
            value = given[name]
            value = [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value
            return [{"fact": fact, "in": list(value)}] if value else []

        def bound(fact: str, test: str, name: str) -> list[Any]:
            return [{"fact": fact, test: str(given[name])}] if given[name] not in (None, "") else []

        eligible = (
            among("user.jurisdiction", "seats")
            + among("user.kind", "kinds")
            + among("user.size", "sizes")
            + among("user.sectors", "sectors")
            + bound("user.age_years", "at_least", "age_least")
            + bound("user.age_years", "at_most", "age_most")
            + ([{"fact": "user.high_tech", "is": given["high_tech"] == "yes"}] if given["high_tech"] else [])
            + self._more("more_eligible")
        )
        counts = (
            among("provider.jurisdiction", "places")
            + among("order.purpose", "purposes")
            + among("order.techniques", "techniques")
            + among("order.classes", "classes")
            + bound("instrument.value", "at_least", "value_least")
            + self._more("more_counts")
        )
        excludes = [{"fact": "order.related", "is": True}] if given["not_related"] else []
        excludes += among("order.purpose", "not_purposes")
        stacks = given["stacks_with"].strip()
        terms = {
            "eligible": {"all": eligible},
            "counts": {"all": counts},
            "excludes": excludes,
            "pays": {"user_home": "0.5", "provider_home": "0.5"} if given["pays"] == "halves" else given["pays"],
            "documents": given["documents"],
            "stacks_with": "any" if stacks == "any" else [one.strip() for one in stacks.split(",") if one.strip()],
        }
        plain = ("currency", "share", "reach", "delivery", "order_cap", "user_year_cap", "provider_year_cap")
        terms |= {name: given[name] for name in (*plain, "voucher_most", "four_eyes_above") if given[name]}
        terms |= {name: given[name] for name in ("voucher_days", "claim_days") if given[name]}
        return terms

    @staticmethod
    def initial_of(version: Any) -> dict[str, Any]:
        """An old version as the form shows it: what has no field of its own stands as data."""
        terms = dict(version.terms)
        found: dict[str, Any] = {
            "code": version.scheme.code,
            "jurisdiction": version.scheme.jurisdiction.code,
            "name_zh": version.scheme.name_zh,
            "name_en": version.scheme.name_en,
            "article_zh": version.article_zh,
            "article_en": version.article_en,
            "source_title": str(version.source),
            "source_url": version.source.url,
            "source_published": version.source.published,
        }
        for name in ("currency", "share", "reach", "delivery", "order_cap", "user_year_cap", "provider_year_cap"):
            found[name] = terms.get(name) or ""
        for name in ("voucher_most", "voucher_days", "claim_days", "four_eyes_above", "documents"):
            found[name] = terms.get(name) or ""
        found["pays"] = terms["pays"] if isinstance(terms.get("pays"), str) else "halves"
        stacks = terms.get("stacks_with", [])
        found["stacks_with"] = stacks if isinstance(stacks, str) else ", ".join(stacks)
        fields = {
            ("user.jurisdiction", "in"): "seats",
            ("user.kind", "in"): "kinds",
            ("user.size", "in"): "sizes",
            ("user.sectors", "in"): "sectors",
            ("user.age_years", "at_least"): "age_least",
            ("user.age_years", "at_most"): "age_most",
            ("provider.jurisdiction", "in"): "places",
            ("order.purpose", "in"): "purposes",
            ("order.techniques", "in"): "techniques",
            ("order.classes", "in"): "classes",
            ("instrument.value", "at_least"): "value_least",
        }
        for part, rest in (("eligible", "more_eligible"), ("counts", "more_counts")):
            condition = terms.get(part) or {"all": []}
            left = []
            for one in condition.get("all", [condition]):
                test = next((word for word in one if word != "fact"), "")
                name = fields.get((one.get("fact", ""), test), "")
                if name and name not in found:
                    value = one[test]
                    found[name] = ", ".join(value) if name in ("techniques", "classes") else value
                elif (one.get("fact"), test) == ("user.high_tech", "is"):
                    found["high_tech"] = "yes" if one["is"] else "no"
                else:
                    left.append(one)
            if left:
                found[rest] = json.dumps(left[0] if len(left) == 1 else {"all": left}, ensure_ascii=False, indent=1)
        for one in terms.get("excludes", []):
            if one == {"fact": "order.related", "is": True}:
                found["not_related"] = True
            elif one.get("fact") == "order.purpose" and "in" in one:
                found["not_purposes"] = one["in"]
        return found


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
        label=_("Instrument's id"), required=False, max_length=40, help_text=_("Empty: all of your instruments.")
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
