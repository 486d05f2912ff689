"""The writer of reports: records in a platform's shape, checked here, sent once for each version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

import requests
from django.db import transaction
from django.db.models import QuerySet

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Instrument, Organisation
from headwater.registry.queries import node_prefix
from headwater.support import rules
from headwater.support.models import BatchState, ItemState, ReportBatch, ReportItem, ServiceRecord
from headwater.support.platforms import PLATFORMS, Platform
from headwater.support.platforms.base import Unreachable, digest_of
from headwater.support.rules import Party

AT_ONCE = 500


def platform_or_refuse(code: str) -> Platform:
    if code not in PLATFORMS:
        facts = {"value": code, "want": ", ".join(PLATFORMS)}
        raise Refused(Decision((Reason("report.target_unknown", facts=facts),)))
    return PLATFORMS[code]


def _instruments(owner: Organisation | None) -> QuerySet[Instrument]:
    rows = Instrument.objects.exclude(status="planned").select_related(
        "owner", "city__jurisdiction", "class_code", "source"
    )
    return (rows if owner is None else rows.filter(owner=owner)).order_by("pk")


def _services(owner: Organisation | None) -> QuerySet[ServiceRecord]:
    rows = ServiceRecord.objects.select_related(
        "owner__city__jurisdiction", "organisation", "instrument__source", "instrument__owner"
    )
    return (rows if owner is None else rows.filter(owner=owner)).order_by("pk")


def _items(platform: Platform, owner: Organisation | None, *, synthetic: bool) -> Iterator[ReportItem]:
    for kind, rows in (("instrument", _instruments(owner)), ("service", _services(owner))):
        for one in rows.iterator(chunk_size=AT_ONCE):
            instrument = one if isinstance(one, Instrument) else one.instrument
            made_up = instrument is not None and instrument.synthetic
            payload = platform.instrument(one) if isinstance(one, Instrument) else platform.service(one)
            faults = platform.faults(kind, payload)
            if made_up and not synthetic:
                faults = [Reason("report.synthetic")]
            yield ReportItem(
                target=platform.code,
                kind=kind,
                record=one.public_id,
                digest=digest_of(payload),
                payload=payload,
                faults=[fault.as_json() for fault in faults],
                state=ItemState.REJECTED if faults else ItemState.READY,
            )


@transaction.atomic
def make_report(
    target: str, owner: Organisation | None, party: Party | None, *, synthetic: bool = False, by: Actor, at: datetime
) -> ReportBatch:
    """Put every record of an owner (None: of all) that the platform does not have in this version into a batch.

    What does not fit the platform's form is kept with its faults and not sent. Made-up records are rejected unless
    ``synthetic``. ``party`` None: the operator's command.
    """
    platform = platform_or_refuse(target)
    if party is not None:
        permit(rules.may_manage_money(owner.pk, party) if owner else Decision((Reason("organisation.not_found"),)))
    batch = ReportBatch.objects.create(
        public_id=new_id("rep", node_prefix()), target=target, owner=owner, receiver="", made_at=at, by=by.user
    )
    known = set(
        ReportItem.objects.filter(target=target).exclude(state=ItemState.REFUSED).values_list("record", "digest")
    )
    waiting: list[ReportItem] = []
    for item in _items(platform, owner, synthetic=synthetic):
        if (item.record, item.digest) in known:
            continue
        item.batch = batch
        waiting.append(item)
        if len(waiting) == AT_ONCE:
            ReportItem.objects.bulk_create(waiting)
            waiting = []
    ReportItem.objects.bulk_create(waiting)
    record(Act("report.made", batch.public_id, {"target": [None, target]}), by=by, at=at)
    return batch


def bare_address(address: str) -> str:
    """An address without the name and password in it: what is stored and shown."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def send_report(
    public_id: str,
    receiver: str,
    *,
    by: Actor,
    clock: Callable[[], datetime],
    progress: Callable[[int], None] = lambda _done: None,
) -> ReportBatch:
    """Send what is ready, one record after the other, each answer written down before the next goes.

    Ended in the middle, the next call goes on where it stopped; a record that was sent and not written down is sent
    again with the same key, by which the platform knows it. Two senders never send the same record at once. Raises
    `Refused` where the platform does not answer; what was sent by then stays sent.
    """
    batch = ReportBatch.objects.filter(public_id=public_id).first()
    if batch is None:
        raise Refused(Decision((Reason("report.not_found"),)))
    if urlsplit(receiver).scheme not in ("http", "https") or not urlsplit(receiver).hostname:
        raise Refused(Decision((Reason("report.receiver_missing"),)))
    platform = platform_or_refuse(batch.target)
    ReportBatch.objects.filter(pk=batch.pk).update(receiver=bare_address(receiver)[:300])
    done = 0
    with requests.Session() as session:
        try:
            platform.prepare(session, receiver)
            while _send_next(batch, platform, session, receiver, at=clock()):
                done += 1
                progress(done)
        except Unreachable as error:
            raise Refused(Decision((Reason("report.unreachable", facts={"why": str(error)}),))) from error
    _finish(batch, done, by=by, at=clock())
    return batch


@transaction.atomic
def _finish(batch: ReportBatch, done: int, *, by: Actor, at: datetime) -> None:
    if not batch.items.filter(state=ItemState.READY).exists():
        ReportBatch.objects.filter(pk=batch.pk, done_at=None).update(state=BatchState.DONE, done_at=at)
    record(Act("report.sent", batch.public_id, {"sent": [None, done]}), by=by, at=at)
    batch.refresh_from_db()


@transaction.atomic
def _send_next(
    batch: ReportBatch, platform: Platform, session: requests.Session, receiver: str, *, at: datetime
) -> bool:
    item = (
        batch.items.select_for_update(skip_locked=True, of=("self",))
        .filter(state=ItemState.READY)
        .order_by("pk")
        .first()
    )
    if item is None:
        return False
    key = f"{item.target}:{item.record}:{item.digest}"
    reply = platform.send(session, receiver, item.kind, item.payload, key)
    item.state = ItemState.ACCEPTED if reply.accepted else ItemState.REFUSED
    item.code, item.message, item.answered_at = reply.code[:20], reply.message, at
    item.tries += 1
    item.save(update_fields=["state", "code", "message", "answered_at", "tries"])
    return True
