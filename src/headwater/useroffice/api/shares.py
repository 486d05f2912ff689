"""Pools beside what they got."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from ninja import Schema

from headwater.accounts.api import scopes_of
from headwater.registry.api.shapes import PROBLEMS
from headwater.registry.facts import viewer_of
from headwater.useroffice import poolshares
from headwater.useroffice.api.shapes import desk_of_request, router
from headwater.useroffice.models import Call


class ShareOut(Schema):
    """A pool's share, in shifts, in all where `beamline` is null; `standing` says how it stands to its promise."""

    pool: str
    rule: str
    funder: str | None
    beamline: str | None
    min_share: Decimal | None
    max_share: Decimal | None
    min_shifts: int | None
    max_shifts: int | None
    total: int
    allocated: int
    part: float | None
    delivered: float
    lost: float
    credited: int
    left: int
    standing: dict[str, Any] | None


class RunOut(Schema):
    call: str
    code: str
    first_day: date
    last_day: date
    synthetic: bool
    shares: list[ShareOut]


def _share_out(row: poolshares.ShareRow) -> dict[str, Any]:
    pool = row.pool
    (said,) = row.judged.reasons if row.judged else (None,)
    return {
        "pool": pool.code,
        "rule": pool.rule,
        "funder": pool.funder.public_id if pool.funder else None,
        "beamline": row.beamline.public_id if row.beamline else None,
        **{name: getattr(pool, name) for name in ("min_share", "max_share", "min_shifts", "max_shifts")},
        **{name: getattr(row, name) for name in ("total", "allocated", "part", "credited", "left")},
        **{name: float(getattr(row, name)) for name in ("delivered", "lost")},
        "standing": {"code": said.code, "facts": dict(said.facts)} if said else None,
    }


def _run_out(call: Call, rows: list[poolshares.ShareRow]) -> dict[str, Any]:
    return {
        "call": call.public_id,
        "code": call.code,
        "first_day": call.period_start,
        "last_day": call.period_end,
        "synthetic": call.synthetic,
        "shares": [_share_out(one) for one in rows],
    }


@router.get("/calls/{public_id}/shares", response={200: RunOut, **PROBLEMS}, summary="A call's pools and what they got")
def call_shares(request: HttpRequest, public_id: str) -> Any:
    """For the office all pools; for those who manage a funding organisation its own."""
    viewer = viewer_of(request.user, token_scopes=scopes_of(request))
    return _run_out(*poolshares.seen_shares(public_id, desk_of_request(request), viewer))


@router.get("/facilities/{facility}/shares", response={200: list[RunOut], **PROBLEMS}, summary="Pools, run by run")
def facility_shares(request: HttpRequest, facility: str) -> Any:
    """The newest calls with pools; each pool in all, its beamlines in the call's own answer."""
    viewer = viewer_of(request.user, token_scopes=scopes_of(request))
    _held, runs = poolshares.seen_runs(facility, desk_of_request(request), viewer)
    return [_run_out(call, rows) for call, rows in runs]
