"""Two plans of one call side by side: their worth, what differs for which proposal and why, what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from headwater.useroffice import plans, rounds, wording
from headwater.useroffice.models import Call, Proposal, Scenario


@dataclass(frozen=True, slots=True)
class Place:
    """What a plan gives to a proposal."""

    beamline: Any
    start: date
    last: date
    shifts: int
    merit: float


@dataclass(frozen=True, slots=True)
class Difference:
    """A proposal that the two plans treat differently; ``gain`` is the second plan's merit less the first's."""

    proposal: Proposal
    first: Place | None
    second: Place | None
    first_why: tuple[str, ...]
    second_why: tuple[str, ...]
    gain: float

    @property
    def sides(self) -> tuple[tuple[Place | None, tuple[str, ...]], ...]:
        return ((self.first, self.first_why), (self.second, self.second_why))


@dataclass(frozen=True, slots=True)
class Side:
    """One plan's figures; ``outcomes`` counts proposals, ``asked`` says what was asked in it alone."""

    scenario: Scenario
    objective: float | None
    granted: int
    shifts: int
    outcomes: tuple[tuple[str, int], ...]
    asked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    first: Side
    second: Side
    differences: tuple[Difference, ...]
    same: int

    @property
    def sides(self) -> tuple[Side, Side]:
        return (self.first, self.second)


def compare(first: Scenario, second: Scenario) -> Comparison:
    """Compare two solved plans of one call; the differences that weigh most come first. Six queries."""
    call = first.call
    told = [{line.proposal.public_id: line for line in plans.lines_of(one)} for one in (first, second)]
    weights = [{one["id"]: one["weight"] for one in side.round.get("proposals", ())} for side in (first, second)]
    found, same = [], 0
    for key in dict.fromkeys([*told[0], *told[1]]):
        lines = [side.get(key) for side in told]
        places = [_place(line, weights[k].get(key, 0.0)) for k, line in enumerate(lines)]
        if _where(places[0]) == _where(places[1]):
            same += 1
            continue
        gain = sum(sign * place.merit for sign, place in zip((-1, 1), places, strict=True) if place is not None)
        why = [tuple(line.reasons) if line else (_("It was not in this plan's round."),) for line in lines]
        proposal = next(line.proposal for line in lines if line is not None)
        found.append(Difference(proposal, places[0], places[1], why[0], why[1], gain))
    found.sort(key=lambda one: (-abs(one.gain), one.proposal.number))
    sides = [
        _side(one, other, lines, call) for one, other, lines in ((first, second, told[0]), (second, first, told[1]))
    ]
    return Comparison(sides[0], sides[1], tuple(found), same)


def _place(line: plans.Line | None, weight: float) -> Place | None:
    if line is None or line.shifts is None or line.start is None or line.last is None:
        return None
    return Place(line.beamline, line.start, line.last, line.shifts, weight * line.shifts)


def _where(place: Place | None) -> tuple[Any, ...] | None:
    return None if place is None else (place.beamline, place.start, place.last, place.shifts)


def _side(one: Scenario, other: Scenario, lines: Mapping[str, plans.Line], call: Call) -> Side:
    outcomes = [answer["outcome"] for answer in one.plan.get("answers", {}).values()]
    counted = tuple((str(words), outcomes.count(code)) for code, words in wording.OUTCOMES.items())
    granted = [line.shifts for line in lines.values() if line.shifts]
    objective = one.plan.get("objective")
    names = {key: line.proposal.number for key, line in lines.items()}
    names |= {line.public_id: line.name for line in call.beamlines.all()} | {p.code: p.name for p in call.pools.all()}
    asked = tuple(str(wording.ASKED[code]) % facts for code, facts in _asked(one, other, names, call))
    return Side(one, objective, len(granted), sum(granted), counted, asked)


Told = tuple[str, dict[str, object]]
OF_PROPOSAL = ("pin", "banned", "must", "weight", "requested", "minimum", "beamlines", "blackouts")


def _asked(one: Scenario, other: Scenario, names: Mapping[str, str], call: Call) -> Iterator[Told]:
    """What was asked in one plan's round and not so in the other's, told from the first one's side."""
    mine, theirs = ({each["id"]: each for each in side.round.get("proposals", ())} for side in (one, other))
    for key, each in mine.items():
        name = names.get(key, key)
        if key not in theirs:
            yield "proposal_only", {"proposal": name}
            continue
        for field in OF_PROPOSAL:
            if each[field] != theirs[key][field] and (each[field] or field not in ("pin", "banned", "must")):
                yield field, {"proposal": name, "value": _value(field, each[field], names, call)}
    lines = {each["id"]: each for each in other.round.get("beamlines", ())}
    for each in one.round.get("beamlines", ()):
        past = lines.get(each["id"])
        name = names.get(each["id"], each["id"])
        if past is None or past["beam"] != each["beam"]:
            yield "beam_days", {"beamline": name, "value": len(each["beam"])}
        if past is not None and past["reserve"] != each["reserve"]:
            yield "reserve", {"beamline": name, "value": f"{100 * each['reserve']:.1f} %"}
    shares = {each["id"]: each for each in other.round.get("shares", ())}
    for each in one.round.get("shares", ()):
        if shares.get(each["id"]) != each:
            yield "share", {"share": names.get(each["id"], each["id"])}
    if one.from_published and not other.from_published:
        yield "from_published", {}
    if one.seconds != other.seconds:
        yield "seconds", {"value": f"{one.seconds:g}"}


def _value(field: str, value: Any, names: Mapping[str, str], call: Call) -> str:
    if field == "pin":
        parts = [names.get(value["beamline"], value["beamline"])] if value["beamline"] else []
        if value["start"] is not None:
            parts.append(rounds.day(call, value["start"]).isoformat())
        if value["shifts"] is not None:
            parts.append(_("%(number)s shifts") % {"number": value["shifts"]})
        return ", ".join(parts)
    if isinstance(value, list):
        return ", ".join(names.get(str(each), str(each)) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
