"""What one was told, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from headwater.accounts import notices as words, queries
from headwater.accounts.actions.notices import mark_read
from headwater.accounts.api import scopes_of
from headwater.accounts.models import Notice, User
from headwater.core.decision import Decision, Reason, Refused

router = Router(tags=["accounts"])


class NoticeOut(Schema):
    """Something one was told, in the language asked for."""

    id: int
    code: str
    subject: str
    sentence: str
    path: str
    at: datetime
    read_at: datetime | None
    mail: str


class NoticePage(Schema):
    items: list[NoticeOut]
    next: int | None


class NoticeQuery(Schema):
    before: int | None = Field(None, ge=1, lt=2**63, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=200)
    unread: bool = False


class Read(Schema):
    """Which notices were read; all, where none are named."""

    ids: list[int] | None = Field(None, max_length=1000)


class HowMany(Schema):
    read: int


def _reader(request: HttpRequest) -> User:
    if not request.user.is_authenticated:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    return request.user


def _out(one: Notice) -> dict[str, Any]:
    subject, sentence = words.in_words(one.code, one.facts)
    plain = {name: getattr(one, name) for name in ("id", "code", "path", "at", "read_at", "mail")}
    return {**plain, "subject": subject, "sentence": sentence}


@router.get("/notices", response=NoticePage, summary="List what you were told")
def list_notices(request: HttpRequest, wanted: Query[NoticeQuery]) -> Any:
    found = queries.notices_of(_reader(request), before=wanted.before, unread=wanted.unread)
    rows = list(found[: wanted.limit + 1])
    kept = rows[: wanted.limit]
    return {"items": [_out(one) for one in kept], "next": kept[-1].pk if len(rows) > wanted.limit else None}


@router.post("/notices/read", response=HowMany, summary="Mark notices as read")
def read_notices(request: HttpRequest, body: Read) -> Any:
    reader, scopes = _reader(request), scopes_of(request)
    if scopes is not None and "write" not in scopes:
        raise Refused(Decision((Reason("token.scope_missing", facts={"scope": "write"}),)))
    return {"read": mark_read(reader, at=timezone.now(), only=body.ids)}
