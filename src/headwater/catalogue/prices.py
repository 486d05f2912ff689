"""What hits cost after support: `support`'s prices as an offer of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _, gettext_lazy

from headwater.catalogue.offers import Offer, Offered
from headwater.core.money import Money
from headwater.registry.models import Organisation
from headwater.registry.rules import Viewer
from headwater.support.prices import hour_prices


def _amount(currency: str, minor: int) -> str:
    return f"{currency} {Money(currency, minor).major:,}"


def fetch(keys: Sequence[int], viewer: Viewer, at: datetime) -> Mapping[int, Offered]:
    """An hour's price for whoever looks, after the schemes that pay for her first organisation."""
    organisation = None
    if viewer.memberships:
        rows = Organisation.objects.select_related("city__jurisdiction", "registration")
        organisation = rows.filter(pk=min(viewer.memberships)).first()
    found = {}
    for key, one in hour_prices(keys, organisation, day=at.date()).items():
        note = ""
        if one.after_minor != one.gross_minor:
            note = _("instead of %(gross)s") % {"gross": _amount(one.currency, one.gross_minor)}
        if one.synthetic:
            note = f"{note} ({_('synthetic')})".strip()
        value = str(Money(one.currency, one.after_minor).major)
        found[key] = Offered(
            rank=float(one.after_minor), text=_amount(one.currency, one.after_minor), note=note, value=value
        )
    return found


OFFER = Offer("price", gettext_lazy("An hour, after support"), gettext_lazy("by price after support"), fetch)
