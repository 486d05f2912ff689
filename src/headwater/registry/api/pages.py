"""Lists cut by cursor, and whoever asks for them."""

from __future__ import annotations

import base64
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from headwater.accounts.api import scopes_of
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry import queries
from headwater.registry.facts import viewer_of
from headwater.registry.rules import Viewer


def viewer_for(request: HttpRequest) -> Viewer:
    return viewer_of(request.user, token_scopes=scopes_of(request))


class Cursor(Schema):
    cursor: str = Field("", description="`next` of the page before.", max_length=200)
    limit: int = Field(50, ge=1, le=200)


def read_cursor(cursor: str) -> int | None:
    if not cursor:
        return None
    try:
        key = int(base64.urlsafe_b64decode(cursor.encode() + b"==").decode().removeprefix("after:"))
    except (ValueError, UnicodeDecodeError) as error:
        raise Refused(Decision((Reason("cursor.unknown"),))) from error
    if not 0 <= key < 2**63:
        raise Refused(Decision((Reason("cursor.unknown"),)))
    return key


def page(rows: QuerySet[Any], cursor: Cursor, write: Any) -> dict[str, Any]:
    cut = queries.cut(rows, after=read_cursor(cursor.cursor), size=cursor.limit)
    following = (
        base64.urlsafe_b64encode(f"after:{cut.next_key}".encode()).decode().rstrip("=") if cut.next_key else None
    )
    return {
        "items": [write(one) for one in cut.rows],
        "next": following,
        "total": cut.total,
        "total_is_least": cut.more_than,
    }
