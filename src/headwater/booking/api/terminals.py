"""Terminals by program: set up by managers, and used by badge readers that are signed in as nobody."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from headwater.accounts.api import caller
from headwater.booking import queries
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.actions.terminals import (
    Shown,
    drop_pass,
    make_terminal,
    revoke_terminal,
    set_pass,
    use_terminal,
)
from headwater.booking.api.shapes import PROBLEMS, Body, PublicId, text
from headwater.booking.api.using import UsageOut, usage_out
from headwater.booking.facts import asker_of
from headwater.booking.models import Terminal
from headwater.booking.rules import LONGEST_NAME, MOST_BADGE, MOST_PIN, may_manage_time
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.api.pages import viewer_for
from headwater.registry.api.shapes import Problem

router = Router(tags=["booking"])


class TerminalIn(Body):
    name: str = Field(max_length=LONGEST_NAME, description="Where it stands.")


class TerminalOut(Schema):
    id: int
    name: str
    made_at: str
    used_at: str | None


class TerminalMade(TerminalOut):
    """The secret is told this once: it is the end of the page's address, and what `POST /terminals/use` asks for."""

    secret: str
    path: str


def _out(row: Terminal) -> dict[str, Any]:
    used = text(row.used_at) if row.used_at else None
    return {"id": row.pk, "name": row.name, "made_at": text(row.made_at), "used_at": used}


@router.post(
    "/instruments/{public_id}/terminals", response={201: TerminalMade, **PROBLEMS}, summary="Set up a terminal"
)
def post_terminal(request: HttpRequest, public_id: PublicId, body: TerminalIn) -> Any:
    made, secret = make_terminal(public_id, body.name, viewer_for(request), by=caller(request), at=timezone.now())
    return Status(201, {**_out(made), "secret": secret, "path": f"/terminals/{secret}/"})


@router.get(
    "/instruments/{public_id}/terminals", response={200: list[TerminalOut], **PROBLEMS}, summary="List terminals"
)
def list_terminals(request: HttpRequest, public_id: PublicId) -> Any:
    """For the instrument's managers."""
    viewer = viewer_for(request)
    instrument = found_instrument(public_id, viewer)
    permit(may_manage_time(asker_of(viewer, instrument.owner_id)))
    return [_out(one) for one in queries.terminals_of(instrument.pk)]


@router.delete(
    "/instruments/{public_id}/terminals/{terminal_id}", response={204: None, **PROBLEMS}, summary="Revoke a terminal"
)
def delete_terminal(request: HttpRequest, public_id: PublicId, terminal_id: int) -> Any:
    if not 0 <= terminal_id < 2**63:
        raise Refused(Decision((Reason("record.not_found"),)))
    revoke_terminal(public_id, terminal_id, viewer_for(request), by=caller(request), at=timezone.now())
    return Status(204, None)


class UseIn(Body):
    """What a terminal saw: a badge, or somebody's address and PIN."""

    terminal: str = Field(max_length=100, description="The terminal's secret.")
    act: Literal["start", "stop"]
    badge: str = Field("", max_length=MOST_BADGE)
    person: str = Field("", max_length=254, description="An e-mail address.")
    pin: str = Field("", max_length=MOST_PIN)


@router.post(
    "/terminals/use",
    response={200: UsageOut, **PROBLEMS, 429: Problem},
    summary="Start or stop at a terminal",
)
def post_terminal_use(request: HttpRequest, body: UseIn) -> Any:  # noqa: ARG001  ninja gives it
    """Needs no token: the terminal's secret and what the person shows are enough. Ten wrong ones an hour are taken."""
    row = use_terminal(body.terminal, body.act, Shown(body.person, body.pin, body.badge), at=timezone.now())
    return usage_out(row, row.instrument.public_id)


class PassIn(Body):
    """A new PIN, a new badge, or both; what is empty stays as it was."""

    pin: str = Field("", max_length=MOST_PIN)
    badge: str = Field("", max_length=MOST_BADGE)


class PassOut(Schema):
    pin: bool
    badge: bool


@router.put("/terminals/pass", response={200: PassOut, **PROBLEMS}, summary="Set my PIN and badge for terminals")
def put_pass(request: HttpRequest, body: PassIn) -> Any:
    row = set_pass(viewer_for(request), pin=body.pin, badge=body.badge, by=caller(request), at=timezone.now())
    return {"pin": bool(row.pin), "badge": row.badge is not None}


@router.delete("/terminals/pass", response={204: None, **PROBLEMS}, summary="Give my PIN and badge up")
def delete_pass(request: HttpRequest) -> Any:
    viewer = viewer_for(request)
    if not viewer.signed_in:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    drop_pass(viewer, by=caller(request), at=timezone.now())
    return Status(204, None)
