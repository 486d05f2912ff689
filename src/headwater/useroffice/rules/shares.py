"""What a pool was promised beside what its proposals got, in words."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from headwater.core.decision import Decision, Reason, Weight


@dataclass(frozen=True, slots=True)
class Promise:
    """A pool's limits: parts of the shifts that are allocated where it counts, and numbers of shifts.

    ``credit`` raises the most in shifts, as in the plan: it is what the machine lost of earlier beamtime.
    """

    min_share: float | None = None
    max_share: float | None = None
    min_shifts: int | None = None
    max_shifts: int | None = None
    credit: int = 0

    def least(self, total: int) -> int | None:
        """The fewest shifts that keep the promise, of so many allocated in all; None where none is promised."""
        found = [] if self.min_share is None else [-int(-_exact(self.min_share) * total // 1)]
        found += [] if self.min_shifts is None else [self.min_shifts]
        return max(found, default=None)

    def most(self, total: int) -> int | None:
        """The most shifts it may have, of so many allocated in all; None where there is no most."""
        found = [] if self.max_share is None else [int(_exact(self.max_share) * total // 1)]
        found += [] if self.max_shifts is None else [self.max_shifts + self.credit]
        return min(found, default=None)


def _exact(share: float) -> Fraction:
    return Fraction(str(share))


def judge_share(promise: Promise, *, total: int, allocated: int, asked: bool) -> Decision:
    """Say whether a pool got what it was promised: a note each, never a refusal."""

    def said(code: str, **about: object) -> Decision:
        return Decision((Reason(code, Weight.NOTE, about),))

    if not total:
        return said("share.nothing_yet")
    least, most = promise.least(total), promise.most(total)
    if least is not None and allocated < least:
        code = "share.under_least" if asked else "share.nobody_asked"
        return said(code, short=least - allocated, least=least)
    if most is not None and allocated > most:
        return said("share.over_most", over=allocated - most, most=most)
    if most is not None:
        return said("share.within_most", room=most - allocated, most=most)
    return said("share.within_least", above=allocated - (least or 0), least=least or 0)
