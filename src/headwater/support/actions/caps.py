"""The writer of what users and providers have had from a scheme in a year. Rows are made by key and locked by key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from django.db.models import F

from headwater.engines.terms import Offer
from headwater.support.book import terms_of
from headwater.support.models import CapUse, OrderSupport
from headwater.support.quotes import Quoted


def _key(row: CapUse) -> tuple[int, str, int, int]:
    return row.scheme_id, row.who, row.organisation_id, row.year


def _of(quoted: Quoted, offer: Offer) -> list[CapUse]:
    """The rows that count an offer's use: the provider's, and the user's where an organisation is known."""
    version = quoted.versions[offer.scheme]
    terms, year = terms_of(version), quoted.wanted.day.year
    ends = [("provider", quoted.wanted.provider.pk, terms.provider_year_cap)]
    if quoted.wanted.organisation is not None:
        ends.append(("user", quoted.wanted.organisation.pk, terms.user_year_cap))
    return [
        CapUse(scheme_id=version.scheme_id, who=who, organisation_id=key, year=year, most_minor=most)
        for who, key, most in ends
    ]


def locked_caps(asked: Iterable[tuple[Quoted, Sequence[Offer]]], supports: Iterable[OrderSupport] = ()) -> list[CapUse]:
    """The rows that count the year's use of each scheme that may pay, made where missing, and those of ``supports``;
    all locked."""
    wanted = {_key(row): row for quoted, offers in asked for offer in offers for row in _of(quoted, offer)}
    CapUse.objects.bulk_create([wanted[key] for key in sorted(wanted)], ignore_conflicts=True)
    return _locked(wanted.keys() | keys_of(supports))


def _locked(keys: Iterable[tuple[int, str, int, int]]) -> list[CapUse]:
    """The rows of these keys (scheme, who, organisation, year), locked in one order."""
    keys = set(keys)
    if not keys:
        return []
    rows = CapUse.objects.select_for_update().filter(
        scheme_id__in={scheme for scheme, _who, _key, _year in keys},
        organisation_id__in={key for _scheme, _who, key, _year in keys},
        year__in={year for *_more, year in keys},
    )
    return [one for one in rows.order_by("scheme_id", "who", "organisation_id", "year") if _key(one) in keys]


def keys_of(supports: Iterable[OrderSupport]) -> set[tuple[int, str, int, int]]:
    """The keys of the rows that count what supports reserved."""
    found = set()
    for one in supports:
        found.add((one.version.scheme_id, "provider", one.order.provider_id, one.year))
        if one.order.organisation_id is not None:
            found.add((one.version.scheme_id, "user", one.order.organisation_id, one.year))
    return found


def give_back_caps(back: Iterable[tuple[OrderSupport, int]]) -> None:
    """Count less of schemes' use in their supports' years, for the users and the providers."""
    less: Counter[tuple[int, str, int, int]] = Counter()
    for support, minor in back:
        if minor:
            less.update(dict.fromkeys(keys_of([support]), minor))
    for row in _locked(less):
        CapUse.objects.filter(pk=row.pk).update(used_minor=F("used_minor") - less[_key(row)])
