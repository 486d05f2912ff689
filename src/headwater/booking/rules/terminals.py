"""Terminals beside instruments: who may set them up, which PIN is one, and how long a wrong one is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from headwater.booking.rules.terms import Asker, may_manage_time
from headwater.core.decision import Decision, Reason

LEAST_PIN, MOST_PIN = 6, 12
LEAST_BADGE, MOST_BADGE = 8, 64
MOST_TERMINALS = 20
LONGEST_NAME = 100
# After so many wrong PINs in a row none of hers is taken for a while, and for twice as long each time it goes on.
PERSON_TRIES, PERSON_PAUSE, PERSON_LONGEST = 5, timedelta(minutes=15), timedelta(hours=24)
# A terminal takes so many wrong ones within such a time and then none until it is over, whoever was right in between.
TERMINAL_TRIES, TERMINAL_WITHIN = 10, timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """A terminal that somebody wants to set up beside an instrument."""

    asker: Asker
    name: str
    have: int


def may_make_terminal(facts: TerminalFacts) -> Decision:
    found = list(may_manage_time(facts.asker).reasons)
    if not facts.name or len(facts.name) > LONGEST_NAME:
        found.append(Reason("terminal.name", facts={"most": LONGEST_NAME}))
    if facts.have >= MOST_TERMINALS:
        found.append(Reason("terminal.too_many", facts={"have": facts.have}))
    return Decision(tuple(found))


def may_set_pin(pin: str) -> Decision:
    """Say whether a PIN is one that is not guessed first: digits enough, not all alike, not a row up or down."""
    if not pin.isascii() or not pin.isdigit() or not LEAST_PIN <= len(pin) <= MOST_PIN:
        return Decision((Reason("pin.shape", facts={"least": LEAST_PIN, "most": MOST_PIN}),))
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    if (len(steps) == 1 and steps <= {0, 1, 9}) or len(set(pin)) < 3:
        return Decision((Reason("pin.weak"),))
    return Decision()


def may_set_badge(badge: str, *, taken: bool) -> Decision:
    if not badge.isascii() or not badge.isprintable() or not LEAST_BADGE <= len(badge) <= MOST_BADGE:
        return Decision((Reason("badge.shape", facts={"least": LEAST_BADGE, "most": MOST_BADGE}),))
    return Decision((Reason("badge.taken"),) if taken else ())


def pause_after(wrong: int) -> timedelta:
    """How long no PIN of somebody's is taken after so many wrong ones in a row; no time in between.

    >>> pause_after(10)
    datetime.timedelta(seconds=1800)
    """
    times, rest = divmod(wrong, PERSON_TRIES)
    if rest or not times:
        return timedelta(0)
    doubled: int = 2 ** min(times - 1, 20)
    return min(PERSON_PAUSE * doubled, PERSON_LONGEST)


def rests_until(wrong: int, since: datetime | None, *, now: datetime) -> datetime | None:
    """Until when a terminal takes nothing, after so many wrong ones since an instant; None where it takes them."""
    if since is None or wrong < TERMINAL_TRIES or now >= since + TERMINAL_WITHIN:
        return None
    return since + TERMINAL_WITHIN
