"""How an action on the calendar runs: in one transaction, its instrument locked first, anew where the database asks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F, Func, IntegerField, QuerySet, TextField, Value
from django.db.models.functions import Cast, Mod

from headwater.accounts.models import User
from headwater.booking.models import Answered
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.models import Instrument

P = ParamSpec("P")
T = TypeVar("T")
TRIES = 6
# The three families of locks; no other part takes these. Whoever takes several takes an answer's, then calendars by
# their keys, then pools by theirs, and only then what listeners lock: nobody waits in a circle.
ANSWERS, CALENDARS, POOLS = 0x6877_616E, 0x6877_6361, 0x6877_706F
# Serialisation failure, deadlock, exclusion and unique violation: the work done anew sees what stood in its way.
AGAIN = frozenset({"40001", "40P01", "23P01", "23505"})


def _state(error: BaseException) -> str:
    return getattr(error.__cause__, "sqlstate", None) or ""


def settled(work: Callable[P, T]) -> Callable[P, T]:
    """Run ``work`` in a transaction of its own; done anew where it collided with another, refused if that goes on.

    Inside a transaction of the caller's it is part of that, and the caller's to do anew.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        nested = connection.in_atomic_block
        for left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    return work(*args, **kwargs)
            except (OperationalError, IntegrityError) as error:
                if nested or _state(error) not in AGAIN:
                    raise
                if not left:
                    raise Refused(Decision((Reason("booking.collided"),))) from error
        raise AssertionError("unreachable")

    return run


def _lock(family: int, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [family, number])


def lock_calendar(instrument_id: int) -> None:
    """Take one instrument's calendar until the transaction ends: before reading what is free, and before any quota.

    The exclusion constraint alone would do for overlap, yet two that collide in it wait for each other until the
    deadlock is found; queues and quotas need the lock anyhow. Where the limits of its owner's instruments count
    together their pool is taken too.
    """
    lock_calendars([instrument_id])


def lock_calendars(instrument_ids: Iterable[int]) -> None:
    """Take the calendars of several instruments, and the pools of those whose limits count together, in one order."""
    pools = {_lock_one(pk) for pk in sorted(set(instrument_ids))} - {None}
    for owner_id in sorted(pools):
        _lock(POOLS, owner_id % 2**31)


def _lock_one(instrument_id: int) -> int | None:
    """Take one calendar; says whose pool its instrument may be in, by what rules that began or will begin say."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT pg_advisory_xact_lock(%s, %s), (
                SELECT one.owner_id FROM registry_instrument AS one WHERE one.id = %s AND EXISTS (
                    SELECT FROM booking_policy AS rules WHERE rules.limits_together
                    AND (rules.instrument_id = one.id OR rules.owner_id = one.owner_id)))""",
            [CALENDARS, instrument_id % 2**31, instrument_id],
        )
        return cursor.fetchone()[1]


def lock_pool(owner_id: int, *, together: bool) -> None:
    """Where limits count ``together``, take the pool of an owner's instruments: before what was spent is counted.

    The instrument's calendar is taken first. Taken twice it is taken once.
    """
    if together:
        _lock(POOLS, owner_id % 2**31)


def locking(rows: QuerySet[Instrument]) -> QuerySet[Instrument]:
    """The same instruments, each's calendar taken as `lock_calendar` does when its row is read."""
    key = Cast(Mod(F("pk"), Value(2**31)), IntegerField())
    taken = Func(Value(CALENDARS), key, function="pg_advisory_xact_lock", output_field=TextField())
    return rows.annotate(taken=taken)


@settled
def answer_once(
    user: User, key: str, request: bytes, work: Callable[[], tuple[int, Any]], *, at: datetime
) -> tuple[int, Any]:
    """Do ``work`` once for a user's key: a retried request gets the first one's status and body and does nothing.

    The same key with another request is refused. A refusal is not kept: what stood in the way may be gone.
    """
    digest = hashlib.sha256(request).hexdigest()
    spot = hashlib.sha256(f"{user.pk}\x1f{key}".encode()).digest()
    _lock(ANSWERS, int.from_bytes(spot[:4]) >> 1)
    known = Answered.objects.filter(user=user, key=key).first()
    if known is not None:
        if known.digest != digest:
            raise Refused(Decision((Reason("request.key_used", facts={"key": key}),)))
        return known.status, known.body
    status, body = work()
    Answered.objects.create(user=user, key=key, digest=digest, status=status, body=body, at=at)
    return status, body
