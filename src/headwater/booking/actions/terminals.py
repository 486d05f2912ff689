"""Terminals beside instruments: made and revoked by managers, used by people who show a PIN or a badge."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import SYSTEM, Act, Actor, record
from headwater.accounts.models import User
from headwater.booking import queries, rules
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.actions.using import start_use, stop_use
from headwater.booking.facts import asker_of
from headwater.booking.models import Pass, Terminal, Usage
from headwater.booking.telling import instant, name_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.facts import viewer_of
from headwater.registry.rules import Viewer


def terminal_digest(secret: str) -> str:
    """What a terminal's secret is stored as; it has 256 random bits, so one plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def badge_digest(badge: str) -> str:
    """What a badge is stored as. Its number is short: without the site's own secret nobody can try them all."""
    return hmac.new(settings.SECRET_KEY.encode(), f"badge:{badge}".encode(), hashlib.sha256).hexdigest()


# For managers ---------------------------------------------------------------------------------------------------
@transaction.atomic
def make_terminal(instrument_id: str, name: str, viewer: Viewer, *, by: Actor, at: datetime) -> tuple[Terminal, str]:
    """Set a terminal up beside an instrument; its secret is returned this once."""
    instrument = found_instrument(instrument_id, viewer, locked=True)  # so that two can't both be the last
    have = queries.terminals_of(instrument.pk).count()
    name = name.strip()
    permit(rules.may_make_terminal(rules.TerminalFacts(asker_of(viewer, instrument.owner_id), name, have)))
    secret = secrets.token_urlsafe(32)
    made = Terminal.objects.create(
        instrument=instrument, name=name, digest=terminal_digest(secret), made_at=at, made_by=by.user
    )
    record(Act("terminal.made", instrument.public_id, {"terminal": [None, name]}), by=by, at=at)
    return made, secret


@transaction.atomic
def revoke_terminal(instrument_id: str, terminal_id: int, viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Take a terminal's address back; a second time changes nothing."""
    instrument = found_instrument(instrument_id, viewer)
    permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
    row = queries.all_terminals_of(instrument.pk).select_for_update(of=("self",)).filter(pk=terminal_id).first()
    if row is None:
        raise Refused(Decision((Reason("record.not_found"),)))
    if row.revoked_at is None:
        row.revoked_at = at
        row.save(update_fields=["revoked_at"])
        record(Act("terminal.revoked", instrument.public_id, {"terminal": [row.name, None]}), by=by, at=at)


# For everybody: one's own PIN and badge -------------------------------------------------------------------------
@transaction.atomic
def set_pass(viewer: Viewer, *, pin: str = "", badge: str = "", by: Actor, at: datetime) -> Pass:
    """Set one's PIN, one's badge or both; what is empty stays as it was. A new PIN ends a pause that is running."""
    if by.user is None or not viewer.signed_in:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    if not viewer.may_write:
        raise Refused(Decision((Reason("token.scope_missing", facts={"scope": "write"}),)))
    User.objects.select_for_update(of=("self",)).get(pk=by.user.pk)
    pin, badge = pin.strip(), badge.strip()
    decision = rules.may_set_pin(pin) if pin or not badge else Decision()
    digest = badge_digest(badge) if badge else None
    if badge:
        decision += rules.may_set_badge(badge, taken=queries.badge_taken(str(digest), but=by.user.pk))
    permit(decision)
    row = Pass.objects.filter(user=by.user).first() or Pass(user=by.user)
    row.set_at = at
    if pin:
        row.pin, row.wrong, row.paused_until = make_password(pin), 0, None
    if digest is not None:
        row.badge = digest
    row.save()
    changes = {"pin": [None, bool(pin)], "badge": [None, bool(badge)]}
    record(Act("pass.set", f"usr_{by.user.pk}", changes), by=by, at=at)
    return row


@transaction.atomic
def drop_pass(viewer: Viewer, *, by: Actor, at: datetime) -> None:
    """Be known at no terminal any more."""
    if Pass.objects.filter(user=viewer.user_id).delete()[0]:
        record(Act("pass.dropped", f"usr_{viewer.user_id}", {}), by=by, at=at)


# At the terminal ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Shown:
    """What somebody shows at a terminal: a badge, or her address and her PIN."""

    person: str = ""
    pin: str = ""
    badge: str = ""


def use_terminal(secret: str, act: str, shown: Shown, *, at: datetime) -> Usage:
    """Start or stop at a terminal as the person who showed a PIN or a badge; refused as a start or a stop is."""
    terminal, user, refusal = _known(secret, shown, at=at)
    if user is None:
        raise Refused(refusal)
    viewer, by = viewer_of(user), Actor(user, "terminal")
    work = stop_use if act == "stop" else start_use
    return work(terminal.instrument.public_id, viewer, by=by, at=at)


@transaction.atomic
def _known(secret: str, shown: Shown, *, at: datetime) -> tuple[Terminal, User | None, Decision]:
    """Who shows this, told or refused without an exception: what was wrong must be counted, not undone.

    The terminal's row is locked, so that guesses come one after the other. Whoever is unknown, has no PIN, or shows a
    wrong one gets the same answer after the same work.
    """
    terminal = queries.terminal(terminal_digest(secret), locked=True)
    if terminal is None:
        raise Refused(Decision((Reason("terminal.unknown"),)))
    until = rules.rests_until(terminal.wrong, terminal.wrong_since, now=at)
    if until is not None:
        local = until.astimezone(queries.zone_of(terminal.instrument))
        return terminal, None, Decision((Reason("terminal.rests", facts={"until": f"{local:%H:%M}"}),))
    badge = shown.badge.strip()
    row = queries.shown_pass(badge_digest(badge) if badge else "", shown.person)
    terminal.used_at = at
    if _right(row, shown, at):
        assert row is not None
        terminal.save(update_fields=["used_at"])
        if row.wrong:
            row.wrong, row.paused_until = 0, None
            row.save(update_fields=["wrong", "paused_until"])
        return terminal, row.user, Decision()
    if terminal.wrong_since is None or at >= terminal.wrong_since + rules.TERMINAL_WITHIN:
        terminal.wrong, terminal.wrong_since = 0, at
    terminal.wrong += 1
    terminal.save(update_fields=["used_at", "wrong", "wrong_since"])
    if terminal.wrong == rules.TERMINAL_TRIES:
        changes = {"terminal": [terminal.name, terminal.name]}
        record(Act("terminal.rested", terminal.instrument.public_id, changes), by=SYSTEM, at=at)
    if row is not None and not badge and not _paused(row, at):
        _count_wrong(row, terminal, at)
    return terminal, None, Decision((Reason("terminal.not_known"),))


def _paused(row: Pass, at: datetime) -> bool:
    return row.paused_until is not None and at < row.paused_until


def _right(row: Pass | None, shown: Shown, at: datetime) -> bool:
    """Whether it is hers. A PIN is hashed in any case, so that time does not tell who has one."""
    if not shown.badge.strip():
        pin = shown.pin.strip()[: rules.MOST_PIN + 1]
        fits = check_password(pin, row.pin) if row is not None and row.pin else not make_password(pin)
        return row is not None and fits and row.user.is_active and not _paused(row, at)
    return row is not None and row.user.is_active


def _count_wrong(row: Pass, terminal: Terminal, at: datetime) -> None:
    """One wrong PIN more for a person; she is told when no other is taken for a while."""
    row.wrong += 1
    pause = rules.pause_after(row.wrong)
    row.paused_until = at + pause if pause else None
    row.save(update_fields=["wrong", "paused_until"])
    if pause:
        instrument = terminal.instrument
        facts = {
            "instrument": name_of(instrument),
            "wrong": row.wrong,
            "until": instant(at + pause, instrument),
        }
        key = f"pass.paused:{row.pk}:{at.isoformat()}"
        tell(row.user, "booking.pin_paused", facts, path="/bookings/pass/", at=at, key=key)
