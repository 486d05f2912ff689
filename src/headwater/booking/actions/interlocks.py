"""The devices that lock instruments: named by a manager, told of every start and stop until they took it."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import datetime
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.booking import queries, rules
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.actions.settling import settled
from headwater.booking.facts import asker_of
from headwater.booking.models import Interlock, Signal, Usage
from headwater.core.decision import permit
from headwater.core.identity import new_id
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

PATIENCE_S = 5
MOST_AT_ONCE = 100


def allowed_hosts() -> frozenset[str]:
    """The hosts that the operator lets interlocks stand on; nothing else in the network can be reached through them."""
    return frozenset(
        host.strip().lower() for host in settings.ENVIRONMENT["HEADWATER_INTERLOCK_HOSTS"].split(",") if host.strip()
    )


@settled
def set_interlock(
    instrument_id: str, url: str, viewer: Viewer, *, by: Actor, at: datetime
) -> tuple[Interlock | None, str]:
    """Name the address that starts and stops are told to; its secret is returned this once. Empty takes it away."""
    instrument = found_instrument(instrument_id, viewer)
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
        readable = not url.strip() or (parts.scheme in ("http", "https") and bool(host) and parts.username is None)
        _ = parts.port
    except ValueError:
        host, readable = "", False
    permit(
        rules.may_set_interlock(
            asker_of(viewer, instrument.owner_id),
            host=host,
            allowed=not url.strip() or host in allowed_hosts(),
            readable=readable and len(url) <= 500,
        )
    )
    Interlock.objects.filter(instrument=instrument).delete()
    made, secret = None, ""
    if url.strip():
        secret = secrets.token_urlsafe(32)
        made = Interlock.objects.create(
            instrument=instrument, url=url.strip(), secret=secret, made_at=at, made_by=by.user
        )
    record(Act("interlock.set", instrument.public_id, {"address": [None, url.strip() or None]}), by=by, at=at)
    return made, secret


def signal(event: str, usage: Usage, instrument: Instrument, *, at: datetime) -> None:
    """Queue what an instrument's interlock is to be told, in the caller's transaction; nothing where it has none."""
    interlock = Interlock.objects.filter(instrument=instrument).first()
    if interlock is None:
        return
    from headwater.booking.tasks import deliver_signals  # procrastinate's models load after this app's

    until = usage.reservation.end.isoformat() if usage.reservation else None
    public_id = new_id(Signal.KIND, queries.node())
    Signal.objects.create(
        public_id=public_id,
        interlock=interlock,
        event=event,
        body={
            "id": public_id,
            "event": event,
            "at": at.isoformat(),
            "instrument": instrument.public_id,
            "usage": usage.public_id,
            "reservation": usage.reservation.public_id if usage.reservation else None,
            "reserved_until": until,
        },
        made_at=at,
    )
    deliver_signals.defer(interlock_id=interlock.pk)


def signature(secret: str, body: bytes) -> str:
    """What the header ``Headwater-Signature`` holds: the SHA-256 HMAC of the body under the interlock's secret."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Undelivered(RuntimeError):
    """An interlock did not take what it was told; it is told again later."""


def deliver(interlock_id: int, *, at: datetime) -> int:
    """Tell an interlock, oldest first, all it does not know; says how many it took. Raises `Undelivered`.

    A signal that was told and not yet written down is told again with the same id, so that the device can know it.
    """
    told = 0
    for _one in range(MOST_AT_ONCE):
        with transaction.atomic():
            row = queries.next_signal(interlock_id)
            if row is None:
                return told
            fault = _post(row)
            row.tries, row.error = min(row.tries + 1, 30_000), fault[:300]
            row.delivered_at = None if fault else at
            row.save(update_fields=["tries", "error", "delivered_at"])
        if fault:
            raise Undelivered(fault)
        told += 1
    return told


def _post(row: Signal) -> str:
    """Send one signal; empty where the device took it, else what went wrong."""
    body = json.dumps(row.body, ensure_ascii=False, sort_keys=True).encode()
    headers = {
        "Content-Type": "application/json",
        "Headwater-Event": row.event,
        "Headwater-Signature": signature(row.interlock.secret, body),
    }
    try:
        answer = requests.post(row.interlock.url, data=body, headers=headers, timeout=PATIENCE_S, allow_redirects=False)
    except requests.RequestException as error:
        return f"{type(error).__name__}: {error}"
    return "" if 200 <= answer.status_code < 300 else f"HTTP {answer.status_code}"
