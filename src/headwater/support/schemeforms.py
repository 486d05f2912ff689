"""The form that writes a version of a scheme: terms as fields, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from headwater.registry.forms import Day
from headwater.registry.models import (
    Access,
    ClassCode,
    Jurisdiction,
    Organisation,
    OrganisationKind,
    SizeClass,
    Technique,
    Zone,
)
from headwater.support.forms import ANY_YES_NO, Refusable
from headwater.support.models import Scheme
from headwater.support.vocabulary import Delivery, DocumentKind, Payer, Purpose, Reach, Sector


class Several(forms.SelectMultiple):
    """A list of which several may be chosen, a few lines high."""

    def __init__(self) -> None:
        super().__init__(attrs={"size": 8})


class SchemeForm(Refusable):
    """A version of a scheme. Usual conditions have fields of their own; others are written as data."""

    GROUPS = (
        (_("Scheme"), ("code", "jurisdiction", "name_zh", "name_en", "valid_from", "valid_to")),
        (
            _("Who is eligible"),
            ("seats", "kinds", "sizes", "sectors", "user_zones", "high_tech", "age_least", "age_most"),
        ),
        (
            _("What counts"),
            (
                *(
                    "reach",
                    "places",
                    "access",
                    "purposes",
                    "not_purposes",
                    "techniques",
                    "classes",
                    "zones",
                    "providers",
                ),
                *("value_least", "not_related"),
            ),
        ),
        (
            _("What it pays"),
            ("delivery", "share", "currency", "order_cap", "user_year_cap", "provider_year_cap", "pays"),
        ),
        (_("Vouchers and claims"), ("voucher_most", "voucher_days", "claim_days", "documents", "four_eyes_above")),
        (_("Together with others, and more"), ("stacks_all", "stacks_with", "more_eligible", "more_counts")),
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
    access = forms.MultipleChoiceField(
        label=_("Ways of access that count"),
        required=False,
        choices=Access.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    techniques = forms.MultipleChoiceField(label=_("Techniques that count"), required=False, widget=Several())
    classes = forms.MultipleChoiceField(label=_("Classes that count"), required=False, widget=Several())
    user_zones = forms.MultipleChoiceField(label=_("Zone of the user"), required=False, widget=Several())
    zones = forms.MultipleChoiceField(label=_("Zone of the instrument"), required=False, widget=Several())
    providers = forms.CharField(
        label=_("Only these providers"),
        required=False,
        widget=forms.Textarea,
        help_text=_("Names or ids of organisations, one a line."),
    )
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
    stacks_all = forms.BooleanField(label=_("May be combined with every scheme"), required=False)
    stacks_with = forms.MultipleChoiceField(
        label=_("May be combined with"), required=False, widget=forms.CheckboxSelectMultiple
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

    def __init__(self, *args: Any, offices: Iterable[Jurisdiction], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        provinces = [(one.code, one.name) for one in Jurisdiction.objects.filter(kind="province").order_by("pk")]
        zones = [(one.code, one.name) for one in Zone.objects.order_by("pk")]
        groups = Technique.objects.select_related("parent").order_by(F("parent__pk").asc(nulls_first=True), "pk")
        given: dict[str, list[tuple[str, str]]] = {
            "jurisdiction": [(one.code, one.name) for one in offices],
            "seats": provinces,
            "places": provinces,
            "user_zones": zones,
            "zones": zones,
            "techniques": [(one.code, f"{one.parent.name}: {one.name}" if one.parent else one.name) for one in groups],
            "classes": [(one.code, f"{one.code} {one.name}") for one in ClassCode.objects.order_by("code", "-version")],
            "stacks_with": [(one.code, one.name) for one in Scheme.objects.order_by("code")],
        }
        for name, choices in given.items():
            self.fields[name].choices = list(dict(choices).items())

    def clean_providers(self) -> list[str]:
        """The providers' public ids; each line is one, or a name that only one organisation bears."""
        found = []
        for line in filter(None, map(str.strip, self.cleaned_data["providers"].splitlines())):
            rows = Organisation.objects.filter(Q(public_id=line) | Q(name_zh=line) | Q(name_en=line))
            keys = list(rows.values_list("public_id", flat=True)[:2])
            if len(keys) != 1:
                said = _("“%(line)s” is the name of several organisations. Give the id of the one you mean.")
                if not keys:
                    said = _("There is no organisation “%(line)s”. Give its full name or its id.")
                raise forms.ValidationError(said, params={"line": line[:100]})
            found += keys
        return found

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
            return [{"fact": fact, "in": list(given[name])}] if given[name] else []

        def bound(fact: str, test: str, name: str) -> list[Any]:
            return [{"fact": fact, test: str(given[name])}] if given[name] not in (None, "") else []

        eligible = (
            among("user.jurisdiction", "seats")
            + among("user.kind", "kinds")
            + among("user.size", "sizes")
            + among("user.sectors", "sectors")
            + among("user.zones", "user_zones")
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
            + among("order.access", "access")
            + among("provider.zones", "zones")
            + among("provider.organisation", "providers")
            + bound("instrument.value", "at_least", "value_least")
            + self._more("more_counts")
        )
        excludes = [{"fact": "order.related", "is": True}] if given["not_related"] else []
        excludes += among("order.purpose", "not_purposes")
        terms = {
            "eligible": {"all": eligible},
            "counts": {"all": counts},
            "excludes": excludes,
            "pays": {"user_home": "0.5", "provider_home": "0.5"} if given["pays"] == "halves" else given["pays"],
            "documents": given["documents"],
            "stacks_with": "any" if given["stacks_all"] else given["stacks_with"],
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
        found |= {"stacks_all": True} if stacks == "any" else {"stacks_with": stacks}
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
            ("order.access", "in"): "access",
            ("user.zones", "in"): "user_zones",
            ("provider.zones", "in"): "zones",
            ("provider.organisation", "in"): "providers",
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
                    found[name] = "\n".join(value) if name == "providers" else value
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
