"""The writers of saved searches: keep, forget, and tell of what newly fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qs

from django.db import transaction

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.catalogue import finding
from headwater.catalogue.asking import Ask, Parameters, read
from headwater.catalogue.models import Fit, SavedSearch
from headwater.catalogue.rules import LONGEST_NAME, MOST_FITS, may_save_search
from headwater.catalogue.vocabulary import vocabulary
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer

TOLD_BY_NAME = 3  # a notice names this many of the new instruments


def ask_of(address: str) -> Ask:
    """What an address asks; its position in the list, how it is shown and the day of the journey are left out."""
    ask = read(Parameters(parse_qs(address[:4000])), vocabulary())
    return Ask(
        text=ask.text,
        filters=ask.filters,
        origin=ask.origin,
        trip=replace(ask.trip, date=None),
        exact=ask.exact,
        wrong=ask.wrong,
    )


def name_of(ask: Ask) -> str:
    """A name for a search whose keeper gave none: its words, then its filters."""
    known = vocabulary()
    parts = [ask.text] if ask.text else []
    for name, values in ask.filters.items():
        for value in values:
            label = known.label_of(name, value)
            parts.append(label.name if label else value)
    if ask.origin and (start := known.by_code("cities", ask.origin)):
        parts.append(f"≤ {ask.trip.minutes} min ← {start.name}")
    return ", ".join(parts)[:LONGEST_NAME]


@transaction.atomic
def save_search(address: str, name: str, viewer: Viewer, *, by: Actor, at: datetime) -> SavedSearch:
    """Keep a search. What fits it now is known; one that is kept already is given back as it is."""
    ask = ask_of(address)
    user = by.user
    if user is not None:
        User.objects.select_for_update(of=("self",)).get(pk=user.pk)  # so that nobody passes the most by asking twice
        old = SavedSearch.objects.filter(user=user, address=ask.address).first()
        if old is not None:
            return old
    fitting = [] if ask.nothing else finding.keys_that_fit(ask, viewer, most=MOST_FITS)
    name = name.strip() or name_of(ask)
    decision = Decision(ask.wrong) + may_save_search(
        signed_in=viewer.signed_in,
        may_write=viewer.may_write,
        asks=not ask.nothing,
        fits=len(fitting),
        kept=SavedSearch.objects.filter(user=user).count() if user else 0,
        name=name,
    )
    permit(decision)
    assert user is not None
    search = SavedSearch.objects.create(
        public_id=new_id("sea", node_prefix()),
        user=user,
        name=name,
        address=ask.address,
        created_at=at,
        looked_at=at,
    )
    Fit.objects.bulk_create([Fit(search=search, instrument_id=key, found_at=at) for key in fitting])
    record(Act("search.saved", search.public_id, {"address": [None, ask.address]}), by=by, at=at)
    return search


@transaction.atomic
def delete_search(public_id: str, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Keep one of one's own searches no longer."""
    found = SavedSearch.objects.select_for_update().filter(public_id=public_id, user_id=viewer.user_id).first()
    if found is None:
        raise Refused(Decision((Reason("search.not_found"),)))
    if not viewer.may_write:
        raise Refused(Decision((Reason("token.scope_missing", facts={"scope": "write"}),)))
    record(Act("search.deleted", found.public_id, {"address": [found.address, None]}), by=by, at=at)
    found.delete()


def look_again(*, at: datetime) -> int:
    """Look for new fits of every saved search and tell its keeper; says how many notices went out.

    Each search is a transaction of its own: what it newly found and the notice of it are written together, once.
    """
    keys = list(SavedSearch.objects.filter(user__is_active=True).order_by("pk").values_list("pk", flat=True))
    return sum(look_at(key, at=at) for key in keys)


@transaction.atomic
def look_at(key: int, *, at: datetime) -> bool:
    """Look for new fits of one saved search; whether somebody was told of some."""
    search = SavedSearch.objects.select_for_update(of=("self",)).select_related("user").filter(pk=key).first()
    if search is None:
        return False
    SavedSearch.objects.filter(pk=key).update(looked_at=at)
    try:
        fitting = finding.keys_that_fit(ask_of(search.address), viewer_of(search.user), most=MOST_FITS)
    except Refused:  # the timetable, or the city's station, is gone: nothing can be said until it is back
        return False
    known = set(Fit.objects.filter(search=search).values_list("instrument_id", flat=True))
    new = sorted(set(fitting) - known)
    if not new:
        return False
    Fit.objects.bulk_create([Fit(search=search, instrument_id=one, found_at=at) for one in new])
    names = Instrument.objects.filter(pk__in=new[:TOLD_BY_NAME]).order_by("pk").values_list("name_zh", "name_en")
    facts = {
        "search": search.name,
        "count": len(new),
        "names": {
            "zh": "、".join(zh or en for zh, en in names),
            "en": ", ".join(en or zh for zh, en in names),
        },
    }
    tell(search.user, "search.new_fits", facts, path=f"/instruments/?{search.address}", at=at)
    return True
