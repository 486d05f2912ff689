"""A scenario's plan in words: who got what, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from headwater.useroffice import queries, rounds, wording
from headwater.useroffice.models import Call, Proposal, Scenario


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one proposal in a plan."""

    proposal: Proposal
    outcome: str
    change: str
    beamline: Any
    start: date | None
    last: date | None
    shifts: int | None
    reasons: Sequence[str]
    codes: Sequence[str]


def lines_of(scenario: Scenario) -> list[Line]:
    """The plan by proposal, the granted first; three queries."""
    call = scenario.call
    rows = {one.public_id: one for one in call.proposals.filter(public_id__in=list(scenario.plan.get("answers", ())))}
    lines = {one.public_id: one for one in call.beamlines.all()}
    numbers = {key: one.number for key, one in rows.items()}
    pools = {one.code: one for one in call.pools.all()}
    awards = {row[0]: row for row in scenario.plan.get("awards", ())}
    found = []
    for key, answer in scenario.plan.get("answers", {}).items():
        if key not in rows:
            continue
        award = awards.get(key)
        found.append(
            Line(
                proposal=rows[key],
                outcome=str(wording.OUTCOMES[answer["outcome"]]),
                change=str(wording.CHANGES[answer["change"]]) if answer["change"] else "",
                beamline=lines.get(award[1]) if award else None,
                start=rounds.day(call, award[2]) if award else None,
                last=rounds.day(call, award[3]) - timedelta(days=1) if award else None,
                shifts=award[4] if award else None,
                reasons=[reason_text(call, one, lines, numbers, pools) for one in answer["reasons"]],
                codes=[one["code"] for one in answer["reasons"]],
            )
        )
    return sorted(found, key=lambda one: (one.shifts is None, one.proposal.number))


def reason_text(
    call: Call,
    reason: Mapping[str, Any],
    lines: Mapping[str, Any],
    numbers: Mapping[str, str],
    pools: Mapping[str, Any],
) -> str:
    """One of the engine's reasons, its ids and days as people know them."""
    told = dict(reason["facts"])
    for key in ("beamline", "preferred"):
        if key in told:
            told[key] = lines[told[key]].name if told[key] in lines else told[key]
    for key in ("start", "end"):
        if key in told:
            told[key] = rounds.day(call, told[key]).isoformat()
    if "displaced" in told:
        told["displaced"] = ", ".join(numbers.get(one, one) for one in told["displaced"])
    if "beamlines" in told:
        told["beamlines"] = ", ".join(lines[one].name if one in lines else one for one in told["beamlines"])
    if "share" in told:
        told["share"] = pools[told["share"]].name if told["share"] in pools else told["share"]
    if "weight_needed" in told:
        told["weight_needed"] = f"{told['weight_needed']:.1f}"
    return str(wording.PLAN_REASONS[reason["code"]]) % told


def clash_of(scenario: Scenario) -> list[str]:
    """The limits that can't all hold, in words."""
    call = scenario.call
    names = {one.public_id: one.number for one in call.proposals.all()}
    names |= {one.public_id: one.name for one in call.beamlines.all()}
    names |= {one.code: one.name for one in call.pools.all()}
    figures = {
        (kind, one["id"]): one[kind]
        for one in (*scenario.round["shares"], *scenario.round["beamlines"])
        for kind in ("min_share", "max_share", "min_shifts", "max_shifts", "reserve")
        if one.get(kind) is not None
    }
    return [
        str(wording.LIMITS[one["kind"]]) % {"about": names.get(one["about"], one["about"])}
        + _figure(one["kind"], figures.get((one["kind"], one["about"])))
        for one in scenario.conflict
    ]


def _figure(kind: str, value: float | None) -> str:
    """A limit's figure behind its words; nothing for one that has none."""
    if value is None:
        return ""
    return f" ({value})" if kind.endswith("shifts") else f" ({100 * value:g} %)"


def pins_in_words(call: Call) -> list[tuple[Proposal, str, str]]:
    """What the office fixed: proposal, what, and why; two queries."""
    lines = {one.pk: one.name for one in call.beamlines.all()}
    found = []
    for pin in queries.pins_of(call):
        parts = [pin.instrument.name] if pin.instrument else []
        if pin.day:
            parts.append(pin.day.isoformat())
        if pin.shifts:
            parts.append(_("%(number)s shifts") % {"number": pin.shifts})
        if pin.banned:
            names = ", ".join(lines[key] for key in pin.banned if key in lines)
            parts.append(_("not on %(beamlines)s") % {"beamlines": names})
        found.append((pin.proposal, "; ".join(parts), pin.reason))
    return found


@dataclass(frozen=True, slots=True)
class Bar:
    """One block of a beamline's row in the schedule's picture; positions in hundredths of the width."""

    x: float
    width: float
    kind: str
    label: str


def picture_of(
    call: Call, lines: Sequence[Any], awards: Sequence[Any], periods: Sequence[Any]
) -> list[tuple[Any, list[Bar]]]:
    """Each beamline's days without beam and its experiments, for the schedule's picture; no query."""
    n = rounds.days_of(call)
    found = []
    for line in lines:
        open_days = set(rounds.beam_days(call, line.pk, periods, ()))
        bars = []
        start = None
        for day in range(n + 1):
            closed = day < n and day not in open_days
            if closed and start is None:
                start = day
            elif not closed and start is not None:
                bars.append(Bar(100 * start / n, 100 * (day - start) / n, "shut", ""))
                start = None
        for one, number in awards:
            if one.instrument_id == line.pk:
                first = (one.start - call.period_start).days
                width = (one.end - one.start).days
                bars.append(Bar(100 * first / n, 100 * width / n, "beam", number))
        found.append((line, bars))
    return found
