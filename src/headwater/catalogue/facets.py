"""The ways to narrow the hits, each value with the number of hits it would leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext, gettext_lazy as _

from headwater.catalogue.asking import FACETS, PLURAL, Ask
from headwater.catalogue.queries import Found
from headwater.catalogue.vocabulary import Vocabulary
from headwater.catalogue.words import BANDS
from headwater.registry.models import Access, InstrumentStatus, OrganisationKind

SHOWN = {"technique": 8, "city": 8, "class": 4}
MOST_FOLDED = 60
TITLES = {
    "technique": _("Technique"),
    "city": _("City"),
    "jurisdiction": _("Province"),
    "kind": _("Kind of organisation"),
    "access": _("Access"),
    "band": _("Value"),
    "class": _("Class"),
    "status": _("State"),
}


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet, with the number of hits it would leave; ``address`` is the page's with it put on or off."""

    code: str
    label: object
    count: int
    chosen: bool
    address: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A way to narrow the hits."""

    name: str
    title: object
    values: tuple[Value, ...]
    folded: tuple[Value, ...] = ()


def facets_of(found: Found, ask: Ask, known: Vocabulary) -> Iterator[Facet]:
    for name in FACETS:
        counts = dict(found.facets.get(name, {}))
        chosen = ask.filters.get(name, ())
        by_code: dict[str, tuple[object, int]] = {}
        if name in PLURAL:
            labels = getattr(known, PLURAL[name])
            for key, label in labels.items():
                if str(key) in counts or label.code in chosen:
                    by_code[label.code] = (label.name, counts.get(str(key), 0))
        else:
            for code in dict.fromkeys((*counts, *chosen)):
                by_code[code] = (_label(name, code, known.currency), counts.get(code, 0))
        values = [
            Value(code, label, count, code in chosen, ask.toggled(name, code))
            for code, (label, count) in by_code.items()
        ]
        values.sort(key=(lambda one: int(one.code)) if name == "band" else (lambda one: (-one.count, one.code)))
        most = SHOWN.get(name, len(values))
        shown = [one for place, one in enumerate(values) if place < most or one.chosen]
        folded = [one for one in values[most:] if not one.chosen][:MOST_FOLDED]
        if shown:
            yield Facet(name, TITLES[name], tuple(shown), tuple(folded))


def _label(name: str, code: str, currency: str) -> object:
    if name == "kind":
        return OrganisationKind(code).label if code in OrganisationKind.values else code
    if name == "access":
        return Access(code).label if code in Access.values else code
    if name == "status":
        return InstrumentStatus(code).label if code in InstrumentStatus.values else code
    return band_label(int(code), currency)


def band_label(number: int, currency: str) -> str:
    """A band of value in words."""
    low = f"{currency} {BANDS[number]:,}"
    if number + 1 == len(BANDS):
        return gettext("%(low)s and more") % {"low": low}
    high = f"{BANDS[number + 1]:,}"
    if number == 0:
        return gettext("less than %(high)s") % {"high": f"{currency} {high}"}
    return gettext("%(low)s to %(high)s") % {"low": low, "high": high}
