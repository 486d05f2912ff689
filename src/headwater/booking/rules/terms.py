"""A policy in plain values, who asks, and what stands in the calendar; how spans are told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from headwater.core.decision import Decision, Reason

LONGEST_PROJECT = 200
LONGEST_NOTE = 5_000


@dataclass(frozen=True, slots=True)
class Terms:
    """A policy in plain values; lengths in minutes, None where there is no limit."""

    min_minutes: int = 30
    max_minutes: int = 480
    step_minutes: int = 15
    notice_minutes: int = 0
    horizon_days: int = 60
    setup_minutes: int = 0
    cleanup_minutes: int = 0
    person_week_minutes: int | None = None
    person_peak_minutes: int | None = None
    person_off_peak_minutes: int | None = None
    organisation_week_minutes: int | None = None
    organisation_peak_minutes: int | None = None
    organisation_off_peak_minutes: int | None = None
    group_week_minutes: int | None = None
    group_peak_minutes: int | None = None
    group_off_peak_minutes: int | None = None
    limits_together: bool = False
    approval_for: frozenset[str] = frozenset()
    needs_qualification: bool = False
    late_cancel_minutes: int = 0
    no_show_minutes: int | None = None
    most_missed: int | None = None
    hold_minutes: int = 120
    forgotten_minutes: int = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands on the instrument already; whose it is stays out of it."""

    kind: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Asker:
    """Whoever asks: signed in, allowed to write, manager of the instrument; ``kind`` is own, company or outside."""

    signed_in: bool
    may_write: bool
    manages: bool
    kind: str = "outside"


def shown(at: datetime, zone: tzinfo) -> str:
    """An instant as the instrument's clocks show it."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def span_facts(start: datetime, end: datetime, zone: tzinfo) -> dict[str, object]:
    """A span for people and for programs."""
    return {
        "start": shown(start, zone),
        "end": shown(end, zone),
        "zone": str(zone),
        "start_at": start.isoformat(),
        "end_at": end.isoformat(),
    }


def minutes(length: timedelta) -> int:
    """Whole minutes, rounded up."""
    return -(-length // timedelta(minutes=1))


def may_write(asker: Asker) -> Decision:
    """Say whether ``asker`` may change anything at all."""
    if not asker.signed_in:
        return Decision((Reason("sign_in.needed"),))
    if not asker.may_write:
        return Decision((Reason("token.scope_missing", facts={"scope": "write"}),))
    return Decision()


def may_waive(asker: Asker, waived: Collection[str]) -> Decision:
    """Say whether ``asker`` may pass rules on a written ground: the instrument's managers may."""
    return Decision() if asker.manages or not waived else Decision((Reason("waiver.not_yours"),))


def may_manage_time(asker: Asker) -> Decision:
    """Say whether ``asker`` may set the rules, approve, and record outages."""
    if not asker.signed_in or not asker.may_write:
        return may_write(asker)
    return Decision() if asker.manages else Decision((Reason("organisation.not_yours"),))
