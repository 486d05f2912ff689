"""The writer of what users and providers have had from a scheme in a year."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import F

from headwater.engines.terms import Offer
from headwater.support.facts import Quoted, terms_of
from headwater.support.models import CapUse, OrderSupport


def locked_caps(quoted: Quoted, offers: Sequence[Offer]) -> list[CapUse]:
    """The rows that count the year's use of each scheme that pays, made where missing and locked."""
    wanted = []
    for offer in offers:
        version = quoted.versions[offer.scheme]
        terms = terms_of(version)
        ends = [("provider", quoted.wanted.provider.pk, terms.provider_year_cap)]
        if quoted.wanted.organisation is not None:
            ends.append(("user", quoted.wanted.organisation.pk, terms.user_year_cap))
        for who, organisation_id, most in ends:
            row = CapUse(
                scheme_id=version.scheme_id,
                who=who,
                organisation_id=organisation_id,
                year=quoted.wanted.day.year,
                most_minor=most,
            )
            wanted.append(row)
    CapUse.objects.bulk_create(wanted, ignore_conflicts=True)
    keys = {(one.scheme_id, one.who, one.organisation_id) for one in wanted}
    rows = (
        CapUse.objects.select_for_update()
        .filter(
            scheme_id__in={one.scheme_id for one in wanted},
            organisation_id__in={one.organisation_id for one in wanted},
            year=quoted.wanted.day.year,
        )
        .order_by("pk")
    )
    return [one for one in rows if (one.scheme_id, one.who, one.organisation_id) in keys]


def give_back_caps(support: OrderSupport, minor: int) -> None:
    """Count ``minor`` less of a scheme's use in the support's year, for the user and the provider."""
    if not minor:
        return
    order = support.order
    ends = {("provider", order.provider_id), ("user", order.organisation_id)}
    rows = CapUse.objects.select_for_update().filter(
        scheme_id=support.version.scheme_id,
        year=support.year,
        organisation_id__in=[order.provider_id, order.organisation_id],
    )
    for row in rows.order_by("pk"):
        if (row.who, row.organisation_id) in ends:
            CapUse.objects.filter(pk=row.pk).update(used_minor=F("used_minor") - minor)
