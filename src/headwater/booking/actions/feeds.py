"""The secret addresses at which calendar programs read: made, shown once, revoked."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.booking import queries
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.models import Feed
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.rules import Viewer

MOST_FEEDS = 20


def feed_digest(secret: str) -> str:
    """What a feed's secret is stored as; it has 256 random bits, so one plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def open_feed(viewer: Viewer, *, instrument_id: str = "", by: Actor, at: datetime) -> tuple[Feed, str]:
    """Make a secret address for one's own calendar or an instrument's; the secret is returned this once."""
    if by.user is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    instrument = found_instrument(instrument_id, viewer) if instrument_id else None
    User.objects.select_for_update(of=("self",)).get(pk=by.user.pk)  # so that two can't both be the last
    have = queries.feeds_of(by.user.pk).count()
    if have >= MOST_FEEDS:
        raise Refused(Decision((Reason("feed.too_many", facts={"have": have}),)))
    secret = secrets.token_urlsafe(32)
    feed = Feed.objects.create(user=by.user, instrument=instrument, digest=feed_digest(secret), made_at=at)
    about = instrument.public_id if instrument else "own"
    record(Act("feed.opened", f"feed_{feed.pk}", {"calendar": [None, about]}), by=by, at=at)
    return feed, secret


@transaction.atomic
def close_feed(feed_id: int, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Revoke one's own address; a second time changes nothing."""
    closed = Feed.objects.filter(pk=feed_id, user=viewer.user_id, revoked_at=None).update(revoked_at=at)
    if closed:
        record(Act("feed.closed", f"feed_{feed_id}", {}), by=by, at=at)
