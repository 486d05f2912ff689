"""The forms of an instrument and of a role."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import forms
from django.core.cache import caches
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy as _

from headwater.accounts import words
from headwater.core.decision import Decision
from headwater.core.money import Money
from headwater.registry import queries
from headwater.registry.drafts import InstrumentDraft
from headwater.registry.figures import KEPT_S
from headwater.registry.models import Access, Instrument, InstrumentStatus, MembershipRole, Organisation, Visibility

SELECTED = mark_safe(" selected")


class Offered(forms.TextInput):
    """A field to type in that offers values by their names, as many browsers' users pick from a list."""

    offered: Iterable[tuple[str, str]] = ()

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        key = f"offered_{name}"
        typed = super().render(name, value, {**(attrs or {}), "list": key, "autocomplete": "off"}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', self.offered)
        return format_html('{}<datalist id="{}">{}</datalist>', typed, key, options)


def _grouped(pairs: list[tuple[str, str, str]]) -> list[Any]:
    """Choices under headings, in the order met: heading, value, label."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for heading, value, label in pairs:
        groups.setdefault(heading, []).append((value, label))
    return [("", "—"), *groups.items()]


def _kept(name: str, make: Callable[[], list[Any]]) -> list[Any]:
    """Choices from the record, made once a minute, process and language: they are hundreds and change with a load."""
    key = f"choices.{name}.{get_language()}"
    choices: list[Any] | None = caches["local"].get(key)
    if choices is None:
        choices = make()
        caches["local"].set(key, choices, KEPT_S)
    return choices


def city_choices() -> list[Any]:
    """Cities under their jurisdictions."""
    return _kept(
        "cities", lambda: _grouped([(city.jurisdiction.name, city.code, city.name) for city in queries.cities()])
    )


def technique_choices() -> list[Any]:
    """Techniques under their groups."""

    def make() -> list[Any]:
        return _grouped([(one.parent.name, one.code, one.name) for one in queries.techniques() if one.parent])

    return _kept("techniques", make)


class LongSelect(forms.Select):
    """A select of hundreds of choices, written at once: Django renders a template for each choice, for 30 ms a page."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = str(value or "")

        def options(pairs: Iterable[tuple[Any, Any]]) -> SafeString:
            return format_html_join(
                "",
                '<option value="{}"{}>{}</option>',
                ((key, SELECTED if str(key) == chosen else "", label) for key, label in pairs),
            )

        written = format_html_join(
            "",
            "{}",
            (
                (format_html('<optgroup label="{}">{}</optgroup>', key, options(label)),)
                if isinstance(label, (list, tuple))
                else (options([(key, label)]),)
                for key, label in self.choices
            ),
        )
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs(self.attrs, {**(attrs or {}), "name": name})), written
        )


class Day(forms.DateInput):
    """A browser's own date field: it takes the ISO form alone, whatever the page's language writes."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class Words(forms.CharField):
    """Short texts, one a line."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> tuple[str, ...]:
        return tuple(line.strip() for line in (super().to_python(value) or "").splitlines() if line.strip())

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) or value is None else "\n".join(value)


class InstrumentForm(forms.Form):
    """All that a manager writes of an instrument. The rules decide; this form only reads."""

    GROUPS = (
        (_("What it is"), ("name_zh", "name_en", "techniques", "class_code", "status", "access", "visibility")),
        (
            _("Maker and model"),
            ("manufacturer_zh", "manufacturer_en", "manufacturer_country", "model", "serial_number", "local_id"),
        ),
        (_("What it does"), ("description_zh", "description_en", "measured_zh", "measured_en")),
        (_("Value and dates"), ("value", "currency", "commissioned", "decommissioned")),
        (_("Where it stands"), ("owner", "facility", "city", "location_zh", "location_en", "lat", "lon")),
        (_("Sharing"), ("sharing_zh", "sharing_en", "fee_zh", "fee_en")),
        (_("Contact"), ("contact_name", "contact_email", "contact_phone", "landing_page")),
        (_("Identifier"), ("pid", "pid_type")),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    owner = forms.ChoiceField(label=_("Owner"))
    facility = forms.ChoiceField(label=_("Facility"), required=False)
    city = forms.ChoiceField(label=_("City"), required=False, help_text=_("Empty: the owner's."))
    name_zh = forms.CharField(label=_("Chinese name"), required=False)
    name_en = forms.CharField(label=_("English name"), required=False)
    techniques = forms.MultipleChoiceField(
        label=_("Techniques"), required=False, widget=forms.SelectMultiple(attrs={"size": 8})
    )
    class_code = forms.ChoiceField(label=_("Class"), required=False)
    status = forms.ChoiceField(label=_("Status"), choices=InstrumentStatus.choices, initial=InstrumentStatus.OPERATING)
    access = forms.ChoiceField(label=_("Access"), choices=Access.choices, initial=Access.BOOKING)
    visibility = forms.ChoiceField(label=_("Shown to"), choices=Visibility.choices, initial=Visibility.PUBLIC)
    manufacturer_zh = forms.CharField(label=_("Maker, in Chinese"), required=False)
    manufacturer_en = forms.CharField(label=_("Maker, in English"), required=False)
    manufacturer_country = forms.CharField(
        label=_("Maker's country"), required=False, help_text=_("Two letters, such as CN.")
    )
    model = forms.CharField(label=_("Model"), required=False)
    serial_number = forms.CharField(label=_("Serial number"), required=False)
    local_id = forms.CharField(label=_("Your own number"), required=False)
    description_zh = forms.CharField(label=_("Description in Chinese"), required=False, widget=forms.Textarea)
    description_en = forms.CharField(label=_("Description in English"), required=False, widget=forms.Textarea)
    measured_zh = Words(label=_("What it measures, in Chinese"), required=False, help_text=_("One a line."))
    measured_en = Words(label=_("What it measures, in English"), required=False, help_text=_("One a line."))
    value = forms.DecimalField(label=_("Value"), required=False, max_digits=20, decimal_places=3)
    currency = forms.CharField(label=_("Currency"), required=False, help_text=_("Three letters, such as CNY."))
    commissioned = forms.DateField(label=_("In use since"), required=False, widget=Day())
    decommissioned = forms.DateField(label=_("Out of use since"), required=False, widget=Day())
    location_zh = forms.CharField(label=_("Room or address, in Chinese"), required=False)
    location_en = forms.CharField(label=_("Room or address, in English"), required=False)
    lat = forms.FloatField(label=_("Latitude"), required=False)
    lon = forms.FloatField(label=_("Longitude"), required=False)
    sharing_zh = forms.CharField(label=_("Terms of sharing, in Chinese"), required=False, widget=forms.Textarea)
    sharing_en = forms.CharField(label=_("Terms of sharing, in English"), required=False, widget=forms.Textarea)
    fee_zh = forms.CharField(label=_("Price, in Chinese"), required=False)
    fee_en = forms.CharField(label=_("Price, in English"), required=False)
    contact_name = forms.CharField(label=_("Contact"), required=False)
    contact_email = forms.CharField(label=_("Contact's e-mail"), required=False)
    contact_phone = forms.CharField(label=_("Contact's telephone"), required=False)
    landing_page = forms.URLField(label=_("Web page"), required=False, assume_scheme="https")
    pid = forms.CharField(label=_("Persistent identifier"), required=False)
    pid_type = forms.CharField(label=_("Kind of identifier"), required=False, help_text=_("Such as DOI or Handle."))

    def __init__(self, *args: Any, owners: list[Organisation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].choices = [(one.public_id, one.name) for one in owners]
        facilities = queries.facilities().filter(operator__in=owners)
        self.fields["facility"].choices = [("", "—"), *((one.public_id, one.name) for one in facilities)]
        self.fields["city"].choices = city_choices()
        self.fields["techniques"].choices = technique_choices()[1:]
        self.fields["class_code"].choices = [
            ("", "—"),
            *(
                (f"{one.vocabulary}:{one.version}:{one.code}", f"{one.code} {one.name} ({one.version})")
                for one in queries.class_codes()
            ),
        ]

    @property
    def groups(self) -> list[tuple[Any, list[Any]]]:
        return [(title, [self[name] for name in names]) for title, names in self.GROUPS]

    def draft(self, base: InstrumentDraft | None = None) -> InstrumentDraft:
        """What the form says, over what it does not show."""
        given = {
            name: value for name, value in self.cleaned_data.items() if name not in ("version", "value", "currency")
        }
        given["techniques"] = tuple(given["techniques"])
        value: Decimal | None = self.cleaned_data["value"]
        currency = self.cleaned_data["currency"].strip().upper()
        sound = len(currency) == 3 and currency.isalpha() and currency.isascii()
        given["value_minor"] = None if value is None else Money.parse(value, currency if sound else "XXX").minor
        given["currency"] = currency
        return replace(base, **given) if base else InstrumentDraft(**given)

    def refuse(self, decision: Decision) -> None:
        """Show each reason beside the field it is about."""
        for reason in decision.reasons:
            about = str(reason.facts.get("field", ""))
            if about not in self.fields:
                self.add_error(None, words.sentence(reason))
                continue
            shown = replace(reason, facts={**reason.facts, "field": self.fields[about].label})
            self.add_error(about, words.sentence(shown))


def initial_of(instrument: Instrument, draft: InstrumentDraft) -> dict[str, Any]:
    """What the form shows first."""
    shown = {
        name: getattr(draft, name)
        for names in (names for _title, names in InstrumentForm.GROUPS)
        for name in names
        if name != "value"
    }
    value = None if draft.value_minor is None else Money(draft.currency, draft.value_minor).major
    return {**shown, "value": value, "techniques": list(draft.techniques), "version": instrument.version}


class RoleForm(forms.Form):
    """A role in an organisation."""

    email = forms.CharField(label=_("E-mail address"))
    role = forms.ChoiceField(
        label=_("Role"), choices=[*MembershipRole.choices, ("", _("none: end it"))], required=False
    )
