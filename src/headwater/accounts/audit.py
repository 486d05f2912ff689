"""The one audit trail: `record` and `record_many` are its only writers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from psycopg.types.json import Jsonb

from headwater.accounts.models import AuditEntry, User
from headwater.core.context import REQUEST_ID
from headwater.core.decision import Decision


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts and by which way: ``page``, ``api``, ``import``, ``command`` or ``system``."""

    user: User | None
    way: str

    @property
    def name(self) -> str:
        return str(self.user) if self.user else "Headwater"


SYSTEM = Actor(None, "system")
COMMAND = Actor(None, "command")


@dataclass(frozen=True, slots=True)
class Act:
    """One thing done to one record; ``changes`` maps a field to its old and new value."""

    act: str
    subject: str
    changes: Mapping[str, object] = field(default_factory=dict)
    decision: Decision | None = None
    waived: tuple[str, ...] = ()
    ground: str = ""


def _entry(act: Act, by: Actor, at: datetime) -> AuditEntry:
    return AuditEntry(
        at=at,
        actor=by.user,
        actor_name=by.name,
        act=act.act,
        subject=act.subject,
        changes=dict(act.changes),
        decision=act.decision.as_json() if act.decision else None,
        waived=list(act.waived),
        ground=act.ground,
        way=by.way,
        request_id=REQUEST_ID.get(),
    )


def record(act: Act, *, by: Actor, at: datetime) -> None:
    """Write one entry in the caller's transaction."""
    _entry(act, by, at).save(force_insert=True)


def record_many(acts: Iterable[Act], *, by: Actor, at: datetime) -> None:
    """Write many entries in the caller's transaction."""
    columns = (
        *("at", "actor_id", "actor_name", "act", "subject", "changes", "decision", "waived"),
        *("ground", "way", "request_id"),
    )
    name, request_id, actor_id = by.name, REQUEST_ID.get(), by.user.pk if by.user else None
    sql = f"COPY {AuditEntry._meta.db_table} ({', '.join(columns)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(sql) as copy:  # some ten times faster than inserts
        for act in acts:
            decision = None if act.decision is None else Jsonb(act.decision.as_json())
            copy.write_row(
                (
                    *(at, actor_id, name, act.act, act.subject, Jsonb(dict(act.changes)), decision, list(act.waived)),
                    *(act.ground, by.way, request_id),
                )
            )
