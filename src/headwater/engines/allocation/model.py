"""The words of a round of beamtime: who asks, what there is, which shares must hold, and what comes back."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

SHARE_UNIT = 10_000  # shares are whole ten-thousandths inside, so that they are compared exactly
MOST_DAYS = 4000


class AllocationError(ValueError):
    """A round that cannot be read: a name, a sign or an order is wrong."""


@dataclass(frozen=True, slots=True)
class Beamline:
    """One beamline and its days with beam.

    Attributes
    ----------
    id : str
    beam_days : tuple of int
        Days with beam, ascending, 0 = the round's first day.
    shifts_a_day : int
        Shifts in a day. >= 1. An experiment starts with the first shift of a day.
    change_over : int
        Shifts kept after each experiment to change the set-up. >= 0.
    reserve : float
        Share of the beam days that no experiment may take, for standby. 0 to 1, at most four decimals.
    bridge : int
        Longest run of days without beam, in days, that one experiment may span (weekly maintenance). >= 0.
    """

    id: str
    beam_days: tuple[int, ...]
    shifts_a_day: int = 3
    change_over: int = 1
    reserve: float = 0.0
    bridge: int = 1

    def days_for(self, shifts: int) -> int:
        """Beam days that an experiment of so many shifts takes, its change-over included."""
        return -(-(shifts + self.change_over) // self.shifts_a_day)

    @property
    def most_days(self) -> int:
        """Beam days that experiments may take together."""
        return len(self.beam_days) - math.ceil(len(self.beam_days) * Fraction(str(self.reserve)))


@dataclass(frozen=True, slots=True)
class Pin:
    """What the office has fixed for a proposal. ``None`` leaves it open."""

    beamline: str | None = None
    start: int | None = None
    shifts: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal.

    Attributes
    ----------
    id : str
    weight : float
        Merit of each granted shift, from the panel's rank. Finite, >= 0.
    requested : int
        Shifts asked. >= 1.
    beamlines : tuple of str
        Acceptable beamlines, the preferred first.
    minimum : int, optional
        Fewest useful shifts, 1 to ``requested``. ``None``: all or nothing.
    between : tuple of int
        Further lengths that may be granted, between minimum and requested.
    blackouts : tuple of (int, int)
        Days the users cannot come, first and one past the last.
    tags : frozenset of str
        What shares count it under (industry, region, in-house, a funder).
    must : bool
        Carry-over: the minimum at least has to be granted.
    pin : Pin, optional
        Granted, and as fixed there.
    banned : frozenset of str
        Beamlines it may not have, whatever it accepts.
    """

    id: str
    weight: float
    requested: int
    beamlines: tuple[str, ...]
    minimum: int | None = None
    between: tuple[int, ...] = ()
    blackouts: tuple[tuple[int, int], ...] = ()
    tags: frozenset[str] = frozenset()
    must: bool = False
    pin: Pin | None = None
    banned: frozenset[str] = frozenset()

    @property
    def forced(self) -> bool:
        """Whether a plan has to grant it."""
        return self.must or self.pin is not None

    @property
    def lengths(self) -> tuple[int, ...]:
        """Numbers of shifts that may be granted, the longest first."""
        least = self.requested if self.minimum is None else self.minimum
        return tuple(sorted({self.requested, least, *self.between}, reverse=True))


@dataclass(frozen=True, slots=True)
class Share:
    """A limit on the shifts granted to the proposals with a tag.

    Attributes
    ----------
    id, tag : str
    beamlines : frozenset of str, optional
        Where it counts. ``None``: over all.
    min_share, max_share : float, optional
        Bounds on the tag's part of the shifts granted there. 0 to 1, at most four decimals.
    min_shifts, max_shifts : int, optional
        Bounds on the tag's shifts granted there. >= 0.
    """

    id: str
    tag: str
    beamlines: frozenset[str] | None = None
    min_share: float | None = None
    max_share: float | None = None
    min_shifts: int | None = None
    max_shifts: int | None = None


@dataclass(frozen=True, slots=True)
class Award:
    """Shifts granted: the first calendar day, and one past the last, change-over and bridged days included."""

    proposal: str
    beamline: str
    start: int
    end: int
    shifts: int


@dataclass(frozen=True, slots=True)
class Published:
    """A plan people already know, and what changing it costs.

    Attributes
    ----------
    awards : tuple of Award
    change_cost, drop_cost : float
        Merit that a plan must gain to give a published proposal another place, time or length; to leave it out. >= 0.
    open_from : int
        Nothing new may start before this day, and what began before it stays if it can.
    """

    awards: tuple[Award, ...]
    change_cost: float
    drop_cost: float
    open_from: int = 0


@dataclass(frozen=True, slots=True)
class Round:
    """One round of beamtime.

    Raises
    ------
    AllocationError
        On the first name, sign or order that is wrong; the message says where.
    """

    days: int
    beamlines: tuple[Beamline, ...]
    proposals: tuple[Proposal, ...]
    shares: tuple[Share, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MOST_DAYS:
            raise AllocationError(f"days must be from 1 to {MOST_DAYS}, got {self.days}. Another unit than days?")
        lines = _unique("beamlines", [line.id for line in self.beamlines])
        _unique("proposals", [one.id for one in self.proposals])
        _unique("shares", [share.id for share in self.shares])
        for line in self.beamlines:
            _check_line(line, self.days)
        for one in self.proposals:
            _check_proposal(one, lines, self.days)
        tags = {tag for one in self.proposals for tag in one.tags}
        for share in self.shares:
            _check_share(share, lines, tags)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a proposal got what it got: a stable code and the facts behind it."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one proposal.

    Attributes
    ----------
    proposal : str
    outcome : str
        ``granted``, ``shortened``, ``elsewhere`` (an alternative beamline), ``not``.
    award : Award or None
    reasons : tuple of Reason
        Which limits bit, and what would have to change.
    change : str or None
        Against the published plan: ``kept``, ``moved``, ``new``, ``dropped``; ``None`` without one.
    """

    proposal: str
    outcome: str
    award: Award | None
    reasons: tuple[Reason, ...]
    change: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan and its proof.

    Attributes
    ----------
    awards : tuple of Award
        By beamline as in the round, then by start.
    merit : float
        Sum of weight x shifts granted.
    objective : float
        What was maximised: the merit, less the cost of changes to the published plan.
    bound : float
        No plan within the limits has a higher objective.
    trace : tuple of (str, float, float, float)
        Step, clock, objective (-inf before the first plan), bound.
    out_of_time : bool
        Whether the clock ended the search; then another run may end elsewhere.
    """

    awards: tuple[Award, ...]
    merit: float
    objective: float
    bound: float
    trace: tuple[tuple[str, float, float, float], ...]
    out_of_time: bool

    @property
    def gap(self) -> float:
        """How far the objective can be from the best, relative to the bound. 0 = proved best."""
        return max(0.0, self.bound - self.objective) / max(abs(self.bound), 1e-9)


def _unique(what: str, ids: Sequence[str]) -> frozenset[str]:
    seen: set[str] = set()
    for one in ids:
        if not one:
            raise AllocationError(f"{what}: an id is empty. Give each a text of its own.")
        if one in seen:
            raise AllocationError(f'{what}: the id "{one}" is used twice. Give each its own.')
        seen.add(one)
    return frozenset(seen)


def _is_share(value: float) -> bool:
    if not 0 <= value <= 1:
        return False
    return (Fraction(str(value)) * SHARE_UNIT).denominator == 1


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(one) for one in sorted(numbers))


def _check_line(line: Beamline, days: int) -> None:
    name = f'beamline "{line.id}"'
    if any(b <= a for a, b in pairwise(line.beam_days)):
        raise AllocationError(f"{name}: beam_days must ascend without repeats.")
    if line.beam_days and not (line.beam_days[0] >= 0 and line.beam_days[-1] < days):
        raise AllocationError(f"{name}: beam_days must lie in 0 to {days - 1}, got {line.beam_days[-1]}. Days from 1?")
    if line.shifts_a_day < 1 or line.change_over < 0 or line.bridge < 0:
        raise AllocationError(f"{name}: shifts_a_day must be >= 1, change_over and bridge >= 0.")
    if not _is_share(line.reserve):
        raise AllocationError(f"{name}: reserve must be from 0 to 1 with four decimals, got {line.reserve}. Per cent?")


def _check_proposal(one: Proposal, lines: frozenset[str], days: int) -> None:
    name = f'proposal "{one.id}"'
    if not (math.isfinite(one.weight) and one.weight >= 0):
        raise AllocationError(f"{name}: weight must be a number >= 0, got {one.weight}.")
    if one.requested < 1:
        raise AllocationError(f"{name}: requested must be >= 1 shift, got {one.requested}.")
    least = one.requested if one.minimum is None else one.minimum
    if not 1 <= least <= one.requested:
        raise AllocationError(f"{name}: minimum must be from 1 to requested ({one.requested}), got {least}.")
    if any(not least <= length <= one.requested for length in one.between):
        got = _listed(one.between)
        raise AllocationError(f"{name}: lengths between must be from {least} to {one.requested}, got {got}.")
    if not one.beamlines:
        raise AllocationError(f"{name}: beamlines is empty; name at least one.")
    for line in (*one.beamlines, *sorted(one.banned)):
        if line not in lines:
            raise AllocationError(f'{name}: beamline "{line}" is not in the round.')
    if len(set(one.beamlines)) != len(one.beamlines):
        raise AllocationError(f"{name}: a beamline is named twice.")
    if any(end <= start for start, end in one.blackouts):
        raise AllocationError(f"{name}: a blackout must end after it starts, got {one.blackouts}.")
    if one.pin is None:
        return
    if one.pin.beamline is not None and one.pin.beamline not in one.beamlines:
        raise AllocationError(f'{name}: pinned to "{one.pin.beamline}", which it does not accept.')
    if one.pin.shifts is not None and one.pin.shifts not in one.lengths:
        raise AllocationError(f"{name}: pinned to {one.pin.shifts} shifts; it may have {_listed(one.lengths)}.")
    if one.pin.start is not None and not 0 <= one.pin.start < days:
        raise AllocationError(f"{name}: pinned to day {one.pin.start}; the round has 0 to {days - 1}.")


def _check_share(share: Share, lines: frozenset[str], tags: set[str]) -> None:
    name = f'share "{share.id}"'
    for line in sorted(share.beamlines or ()):
        if line not in lines:
            raise AllocationError(f'{name}: beamline "{line}" is not in the round.')
    bounds = (share.min_share, share.max_share, share.min_shifts, share.max_shifts)
    if all(bound is None for bound in bounds):
        raise AllocationError(f"{name}: it limits nothing; give min_share, max_share, min_shifts or max_shifts.")
    for bound in (share.min_share, share.max_share):
        if bound is not None and not _is_share(bound):
            raise AllocationError(f"{name}: a share must be from 0 to 1 with four decimals, got {bound}. Per cent?")
    if any(bound is not None and bound < 0 for bound in (share.min_shifts, share.max_shifts)):
        raise AllocationError(f"{name}: min_shifts and max_shifts must be >= 0.")
    low, high = share.min_share, share.max_share
    if (low is not None and high is not None and low > high) or (
        share.min_shifts is not None and share.max_shifts is not None and share.min_shifts > share.max_shifts
    ):
        raise AllocationError(f"{name}: its least is above its most.")
    if share.tag not in tags and (share.min_share or share.min_shifts):
        raise AllocationError(f'{name}: no proposal has the tag "{share.tag}". Misspelt?')
