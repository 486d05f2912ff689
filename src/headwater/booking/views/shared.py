"""What the pages of booking share: the instrument, whose clocks, and a decision with what helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest
from django.urls import reverse

from headwater.accounts import words
from headwater.accounts.audit import Actor
from headwater.booking import queries
from headwater.booking.facts import asker_of
from headwater.booking.forms import zone_named
from headwater.core.decision import Decision
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

ZONE_COOKIE = "zone"


def shown(request: HttpRequest, public_id: str) -> tuple[Instrument, Viewer]:
    """The instrument if the request's viewer may see it; a hidden one is as if it were not there."""
    viewer = viewer_of(request.user)
    instrument = queries.bookable(viewer).filter(public_id=public_id).first()
    if instrument is None:
        raise Http404
    return instrument, viewer


def manages(instrument: Instrument, viewer: Viewer) -> bool:
    return asker_of(viewer, instrument.owner_id).manages


def actor(request: HttpRequest) -> Actor:
    return Actor(request.user if request.user.is_authenticated else None, "page")


def her_zone(request: HttpRequest, instrument: Instrument) -> ZoneInfo:
    """The clocks she goes by: as asked for, as her browser said, else the instrument's."""
    asked = request.GET.get("zone") or request.COOKIES.get(ZONE_COOKIE, "")
    return zone_named(asked) or queries.zone_of(instrument)


@dataclass(frozen=True, slots=True)
class Said:
    """One reason in words, with the way to what it names."""

    sentence: str
    url: str = ""


def said(decision: Decision, instrument: Instrument) -> dict[str, Any]:
    """A decision for a page: what stands in the way, and what would help, each help with its link."""
    stops, helps, notes = [], [], []
    for reason in decision.reasons:
        sentence = words.sentence(reason)
        facts: dict[str, Any] = dict(reason.facts)
        if not Decision((reason,)).allowed():
            stops.append(Said(sentence))
        elif reason.code in ("booking.free_instead", "booking.shorter_instead"):
            helps.append(Said(sentence, book_url(instrument.public_id, facts["start_at"], facts["end_at"])))
        elif reason.code.startswith("booking.similar_"):
            helps.append(Said(sentence, book_url(facts["instrument"], facts["start_at"], facts["end_at"])))
        elif reason.code == "booking.next_course":
            helps.append(Said(sentence, reverse("instrument_training", args=[instrument.public_id])))
        else:
            notes.append(Said(sentence))
    return {"allowed": decision.allowed(), "stops": stops, "helps": helps, "notes": notes}


def book_url(public_id: str, start: str | datetime, end: str | datetime) -> str:
    """The booking form with a span filled in."""
    given = {name: _iso(at) for name, at in (("start", start), ("end", end))}
    return reverse("book", args=[public_id]) + "?" + urlencode(given)


def _iso(at: str | datetime) -> str:
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(text: str) -> datetime | None:
    """An instant of an address; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None and 2000 <= found.year < 2200 else None


def versions(given: Sequence[str]) -> list[tuple[str, int | None]]:
    """What a list of ticked boxes says: each an id and the version that was looked at."""
    found = []
    for one in given[:200]:
        public_id, _colon, version = one.partition(":")
        found.append((public_id[:40], int(version) if version.isdigit() and len(version) < 9 else None))
    return found
