"""What counts against limits, and the groups that share one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, QuerySet

from headwater.booking.models import Group, GroupMember
from headwater.registry.models import Organisation


@dataclass(frozen=True, slots=True)
class Spender:
    """Whose time is counted: somebody's, her organisation's, her group's; keys of the database, None for nobody's.

    ``pool`` is the owner all of whose instruments count that have such rules in force; None: the one instrument.
    """

    person: int | None
    organisation: int | None
    group: int | None = None
    pool: int | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """Time as a decision looks at it: ``shared`` counts against limits, and whose it is; else it is in the way."""

    shared: bool
    kind: str
    start: datetime
    end: datetime
    held_until: datetime | None = None
    person: bool = False
    organisation: bool = False
    group: bool = False


# What follows SELECT, so that the calls below say what they are.
IN_THE_WAY = """false, kind, lower(occupied), upper(occupied), held_until, false, false, false
    FROM booking_reservation WHERE instrument_id = %(instrument)s
    AND state IN ('requested', 'confirmed', 'in_use', 'used')
    AND upper(occupied) > %(first)s AND lower(occupied) < %(last)s"""
SHARED = """true, kind, lower(span), upper(span), NULL::timestamptz,
    COALESCE(holder_id = %(person)s::bigint, false), COALESCE(organisation_id = %(organisation)s::bigint, false),
    holder_id = ANY(ARRAY(SELECT user_id FROM booking_groupmember WHERE group_id = %(group)s::bigint))
    FROM booking_reservation WHERE kind IN ('booking', 'hold')
    AND state IN ('requested', 'confirmed', 'in_use', 'used', 'missed')
    AND upper(span) > %(begins)s AND lower(span) < %(ends)s AND id IS DISTINCT FROM %(but)s::bigint
    AND (holder_id = %(person)s::bigint OR organisation_id = %(organisation)s::bigint
         OR holder_id = ANY(ARRAY(SELECT user_id FROM booking_groupmember WHERE group_id = %(group)s::bigint)))"""
# An owner's instruments whose rules in force say that their limits count together: their own rules, else the owner's.
POOL = """one.id FROM registry_instrument AS one WHERE one.owner_id = %(pool)s AND COALESCE(
    (SELECT own.limits_together FROM booking_policy AS own WHERE own.instrument_id = one.id AND own.since <= %(at)s
     ORDER BY own.since DESC, own.id DESC LIMIT 1),
    (SELECT all_of.limits_together FROM booking_policy AS all_of
     WHERE all_of.owner_id = %(pool)s AND all_of.since <= %(at)s
     ORDER BY all_of.since DESC, all_of.id DESC LIMIT 1))"""


def _shared(spender: Spender) -> str:
    """What counts, as SQL. People's time is found by its holders; for a whole organisation's each instrument of a pool
    is looked up by itself, in the index by the end of the time: ``OFFSET 0`` keeps the planner from joining them."""
    if spender.pool is None:
        return f"{SHARED} AND instrument_id = %(instrument)s"
    each = f"SELECT {SHARED} AND instrument_id = pool.id{'' if spender.organisation is None else ' OFFSET 0'}"
    return f"found.* FROM (SELECT {POOL}) AS pool CROSS JOIN LATERAL ({each}) AS found"


def _read(what: str, values: dict[str, object]) -> list[Spent]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {what}", values)
        return sorted((Spent(*row) for row in cursor.fetchall()), key=lambda one: (one.shared, one.start))


def _values(
    instrument_id: int, weeks: tuple[datetime, datetime], spender: Spender, at: datetime, but: int | None
) -> dict[str, object]:
    return {
        "instrument": instrument_id,
        "begins": weeks[0],
        "ends": weeks[1],
        "person": spender.person,
        "organisation": spender.organisation,
        "group": spender.group,
        "pool": spender.pool,
        "at": at,
        "but": but,
    }


def spent_around(
    instrument_id: int,
    around: tuple[datetime, datetime],
    weeks: tuple[datetime, datetime] | None,
    spender: Spender,
    *,
    at: datetime,
) -> list[Spent]:
    """What is in the way of a span with its set-up and clean-up, and what counts against limits in its weeks.

    One query, as SQL: it is asked at each booking while everybody else waits for the instrument.
    """
    values: dict[str, object] = {"instrument": instrument_id, "first": around[0], "last": around[1]}
    if weeks is None:
        return _read(IN_THE_WAY, values)
    values |= _values(instrument_id, weeks, spender, at, None)
    return _read(f"{IN_THE_WAY} UNION ALL SELECT {_shared(spender)}", values)


def spent_by(
    instrument_id: int,
    weeks: tuple[datetime, datetime],
    spender: Spender,
    *,
    at: datetime,
    but: int | None = None,
) -> list[Spent]:
    """What counts against limits between two instants: bookings and holds that stand, were used, or were missed.

    One query. ``but`` is a reservation that is left out, since it is about to move.
    """
    return _read(_shared(spender), _values(instrument_id, weeks, spender, at, but))


def pool_of(owner_id: int, at: datetime) -> list[int]:
    """The keys of an owner's instruments whose limits count together at an instant; one query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {POOL} ORDER BY one.id", {"pool": owner_id, "at": at})
        return [pk for (pk,) in cursor.fetchall()]


# Groups ---------------------------------------------------------------------------------------------------------
def group_of(user_id: int, owner_id: int) -> Group | None:
    """The group that somebody is in with an owner."""
    found = GroupMember.objects.filter(user=user_id, owner=owner_id).select_related("group").first()
    return None if found is None else found.group


def membership_in(owner_id: int) -> dict[int, Group]:
    """In which of an owner's groups each user is, by her key; one query."""
    rows = GroupMember.objects.filter(owner=owner_id).select_related("group")
    return {one.user_id: one.group for one in rows}


def members_in(group_id: int) -> QuerySet[GroupMember]:
    return GroupMember.objects.filter(group=group_id).select_related("user").order_by("user__email")


def is_in_group(group_id: int, user_id: int) -> bool:
    return GroupMember.objects.filter(group=group_id, user=user_id).exists()


def group(public_id: str) -> Group | None:
    return Group.objects.filter(public_id=public_id).select_related("owner").first()


def groups_of(owner_id: int) -> QuerySet[Group]:
    """An owner's groups with how many are in each; one query."""
    return Group.objects.filter(owner=owner_id).select_related("owner").annotate(size=Count("members")).order_by("code")


def group_codes(owner_id: int) -> set[str]:
    return set(Group.objects.filter(owner=owner_id).values_list("code", flat=True))


def my_groups(user_id: int) -> QuerySet[Group]:
    """The groups that somebody is in, one an owner at most."""
    return Group.objects.filter(members__user=user_id).select_related("owner").order_by("owner", "pk")


def owner(public_id: str) -> Organisation | None:
    """The organisation whose instruments a group books."""
    return Organisation.objects.filter(public_id=public_id).first()
