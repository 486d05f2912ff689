"""An independent look at a plan: it knows the round and the awards, and nothing of how the plan was made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from headwater.engines.allocation.model import Award, Beamline, Proposal, Round, Share


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken limit: a stable code, what it is about, and the figures."""

    code: str
    about: str
    text: str


def check_plan(asked: Round, awards: Iterable[Award]) -> tuple[Fault, ...]:
    """All limits of the round that the awards break.

    Computed day by day with sets and exact fractions, apart from the solver's arrays.

    Parameters
    ----------
    asked : Round
    awards : iterable of Award

    Returns
    -------
    tuple of Fault
        Empty for a plan within all limits. Codes: ``unknown``, ``twice``, ``beamline``, ``banned``, ``length``,
        ``span``, ``no_beam``, ``gap``, ``blackout``, ``overlap``, ``reserve``, ``must``, ``pin``, ``share``.

    Notes
    -----
    Cost: linear in the days granted.
    """
    awards = tuple(awards)
    proposals = {one.id: one for one in asked.proposals}
    lines = {line.id: line for line in asked.beamlines}
    faults: list[Fault] = []
    granted: dict[str, Award] = {}
    taken: dict[str, dict[int, str]] = {line.id: {} for line in asked.beamlines}
    for award in awards:
        if award.proposal not in proposals or award.beamline not in lines:
            faults.append(Fault("unknown", award.proposal, f"{award.proposal} on {award.beamline}: not in the round"))
            continue
        if award.proposal in granted:
            faults.append(Fault("twice", award.proposal, "granted twice"))
        granted[award.proposal] = award
        line = lines[award.beamline]
        faults += _one_award(award, proposals[award.proposal], line)
        for day in set(line.beam_days) & set(range(award.start, award.end)):
            other = taken[line.id].setdefault(day, award.proposal)
            if other != award.proposal:
                faults.append(Fault("overlap", award.proposal, f"{line.id}, day {day}: {other} is there too"))
    for line in asked.beamlines:
        most = (1 - Fraction(str(line.reserve))) * len(line.beam_days)
        if len(taken[line.id]) > most:
            faults.append(
                Fault("reserve", line.id, f"{len(taken[line.id])} days taken of {len(line.beam_days)}, at most {most}")
            )
    faults += _promises(asked, granted)
    for share in asked.shares:
        faults += _one_share(share, proposals, list(granted.values()))
    return tuple(faults)


def _one_award(award: Award, one: Proposal, line: Beamline) -> list[Fault]:
    faults = []

    def fault(code: str, text: str) -> None:
        faults.append(Fault(code, award.proposal, text))

    if award.beamline not in one.beamlines:
        fault("beamline", f"{award.beamline} is not among those it accepts")
    if award.beamline in one.banned:
        fault("banned", f"{award.beamline} is banned for it")
    if award.shifts not in one.lengths:
        fault("length", f"{award.shifts} shifts; it may have {one.lengths}")
    with_beam = sorted(set(line.beam_days) & set(range(award.start, award.end)))
    if not with_beam or with_beam[0] != award.start or with_beam[-1] != award.end - 1:
        fault("no_beam", f"no beam on the first or the last day of {award.start} to {award.end - 1}")
    needed = award.shifts + line.change_over
    room = len(with_beam) * line.shifts_a_day
    if not needed <= room < needed + line.shifts_a_day:
        fault("span", f"{len(with_beam)} beam days for {award.shifts} shifts and {line.change_over} of change-over")
    if any(later - day - 1 > line.bridge for day, later in pairwise(with_beam)):
        fault("gap", f"a gap of more than {line.bridge} days without beam inside {award.start} to {award.end - 1}")
    if any(award.start < end and begin < award.end for begin, end in one.blackouts):
        fault("blackout", f"{award.start} to {award.end - 1} touches a blackout")
    return faults


def _promises(asked: Round, granted: dict[str, Award]) -> list[Fault]:
    faults = []
    for one in asked.proposals:
        award = granted.get(one.id)
        if one.must and award is None:
            faults.append(Fault("must", one.id, "carry-over, and not granted"))
        if one.pin is None:
            continue
        pin = one.pin
        kept = (
            award is not None
            and pin.beamline in (None, award.beamline)
            and pin.start in (None, award.start)
            and pin.shifts in (None, award.shifts)
        )
        if not kept:
            faults.append(Fault("pin", one.id, "not granted as pinned"))
    return faults


def _one_share(share: Share, proposals: dict[str, Proposal], granted: list[Award]) -> list[Fault]:
    here = [award for award in granted if share.beamlines is None or award.beamline in share.beamlines]
    total = sum(award.shifts for award in here)
    held = sum(award.shifts for award in here if share.tag in proposals[award.proposal].tags)
    broken = []
    if share.max_share is not None and held > Fraction(str(share.max_share)) * total:
        broken.append(f"{held} of {total} shifts, above {share.max_share}")
    if share.min_share is not None and held < Fraction(str(share.min_share)) * total:
        broken.append(f"{held} of {total} shifts, below {share.min_share}")
    if share.max_shifts is not None and held > share.max_shifts:
        broken.append(f"{held} shifts, above {share.max_shifts}")
    if share.min_shifts is not None and held < share.min_shifts:
        broken.append(f"{held} shifts, below {share.min_shifts}")
    return [Fault("share", share.id, text) for text in broken]
