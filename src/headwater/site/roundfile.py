"""A round of beamtime and a plan as JSON: what `headwater allocate` reads and writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from headwater.engines.allocation import (
    AllocationError,
    Answer,
    Award,
    Beamline,
    Limit,
    Pin,
    Plan,
    Proposal,
    Published,
    Reason,
    Round,
    Share,
)
from headwater.engines.allocation.model import MOST_DAYS
from headwater.site.fileinput import Reader, Unusable, json_of

ROUND_KEYS = ("title", "first_day", "days", "beamlines", "proposals", "shares")
LINE_KEYS = ("id", "name", "beam", "no_beam", "shifts_a_day", "change_over", "reserve", "bridge")
PROPOSAL_KEYS = (
    "id",
    "title",
    "weight",
    "requested",
    "beamlines",
    "minimum",
    "between",
    "blackouts",
    "tags",
    "must",
    "pin",
    "banned",
)
SHARE_KEYS = ("id", "tag", "beamlines", "min_share", "max_share", "min_shifts", "max_shifts")
MOST_WEIGHT = 1e6


class Days:
    """Days of a round, written as numbers from 0 or, where the round has a first day, as dates."""

    def __init__(self, reader: Reader, days: int, first: dt.date | None) -> None:
        self.reader, self.days, self.first = reader, days, first

    def day(self, where: str, value: object, *, most: int) -> int:
        """One day as its number."""
        if isinstance(value, str):
            if self.first is None:
                raise self.reader.wrong(where, "a number of days (dates need first_day)", value)
            try:
                return (dt.date.fromisoformat(value) - self.first).days
            except ValueError:
                raise self.reader.wrong(where, "a date such as 2026-03-01", value) from None
        return self.reader.whole(where, value, -MOST_DAYS, most)

    def span(self, where: str, value: object) -> tuple[int, int]:
        """[first, one past the last]; as dates [first, last]."""
        if not isinstance(value, list) or len(value) != 2:
            raise self.reader.wrong(where, "a pair [first day, one past the last]", value)
        start = self.day(f"{where}[0]", value[0], most=2 * MOST_DAYS)
        end = self.day(f"{where}[1]", value[1], most=2 * MOST_DAYS)
        end += isinstance(value[1], str)
        if end <= start:
            raise self.reader.wrong(where, "a span that ends after it starts", value)
        return start, end

    def days_of(self, where: str, value: object) -> set[int]:
        """Days and spans of days, as a set."""
        found: set[int] = set()
        for k, item in enumerate(self.reader.items(where, value)):
            at = f"{where}[{k}]"
            if isinstance(item, list):
                start, end = self.span(at, item)
            else:
                start = self.day(at, item, most=2 * MOST_DAYS)
                end = start + 1
            if start < 0 or end > self.days:
                raise self.reader.wrong(at, f"within the round's days, 0 to {self.days - 1}", item)
            found.update(range(start, end))
        return found


def read_round(path: Path) -> tuple[Round, dict[str, Any]]:
    """The round, and the file as read (for its title, first day and names)."""
    reader = Reader(path)
    raw = reader.mapping("the round", json_of(path), ROUND_KEYS, ("days", "beamlines", "proposals"))
    if raw.get("title") is not None:
        reader.text("title", raw["title"])
    days = Days(reader, reader.whole("days", raw["days"], 1, MOST_DAYS), _first_day(reader, raw.get("first_day")))
    lines = [_line(reader, days, k, one) for k, one in enumerate(reader.items("beamlines", raw["beamlines"]))]
    proposals = [_proposal(reader, days, k, one) for k, one in enumerate(reader.items("proposals", raw["proposals"]))]
    held = [] if raw.get("shares") is None else reader.items("shares", raw["shares"])
    shares = [_share(reader, k, one) for k, one in enumerate(held)]
    if not lines:
        raise Unusable(f"{path}: beamlines is empty; a round needs at least one.")
    try:
        return Round(days.days, tuple(lines), tuple(proposals), tuple(shares)), raw
    except AllocationError as error:
        raise Unusable(f"{path}: {error}") from None


def _first_day(reader: Reader, value: object) -> dt.date | None:
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(reader.text("first_day", value))
    except ValueError:
        raise reader.wrong("first_day", "a date such as 2026-03-01", value) from None


def _named(where: str, raw: object) -> str:
    name = raw.get("id") if isinstance(raw, dict) else None
    return f'{where} ("{name}")' if isinstance(name, str) and name.strip() else where


def _line(reader: Reader, days: Days, k: int, value: object) -> Beamline:
    where = _named(f"beamlines[{k}]", value)
    raw = reader.mapping(where, value, LINE_KEYS, ("id",))
    beam = days.days_of(f"{where}.beam", raw["beam"]) if "beam" in raw else set(range(days.days))
    beam -= days.days_of(f"{where}.no_beam", raw.get("no_beam", []))
    return Beamline(
        id=reader.text(f"{where}.id", raw["id"]),
        beam_days=tuple(sorted(beam)),
        shifts_a_day=reader.whole(f"{where}.shifts_a_day", raw.get("shifts_a_day", 3), 1, 24),
        change_over=reader.whole(f"{where}.change_over", raw.get("change_over", 1), 0, 1000),
        reserve=reader.number(f"{where}.reserve", raw.get("reserve", 0.0), 0, 1),
        bridge=reader.whole(f"{where}.bridge", raw.get("bridge", 1), 0, MOST_DAYS),
    )


def _proposal(reader: Reader, days: Days, k: int, value: object) -> Proposal:
    where = _named(f"proposals[{k}]", value)
    raw = reader.mapping(where, value, PROPOSAL_KEYS, ("id", "weight", "requested", "beamlines"))
    minimum = raw.get("minimum")
    pin = raw.get("pin")
    between = reader.items(f"{where}.between", raw.get("between", []))
    blackouts = reader.items(f"{where}.blackouts", raw.get("blackouts", []))
    return Proposal(
        id=reader.text(f"{where}.id", raw["id"]),
        weight=reader.number(f"{where}.weight", raw["weight"], 0, MOST_WEIGHT),
        requested=reader.whole(f"{where}.requested", raw["requested"], 1, 100_000),
        beamlines=reader.texts(f"{where}.beamlines", raw["beamlines"]),
        minimum=None if minimum is None else reader.whole(f"{where}.minimum", minimum, 1, 100_000),
        between=tuple(reader.whole(f"{where}.between[{n}]", one, 1, 100_000) for n, one in enumerate(between)),
        blackouts=tuple(days.span(f"{where}.blackouts[{n}]", one) for n, one in enumerate(blackouts)),
        tags=frozenset(reader.texts(f"{where}.tags", raw.get("tags", []))),
        must=reader.yes(f"{where}.must", raw.get("must", False)),
        pin=None if pin is None else _pin(reader, days, f"{where}.pin", pin),
        banned=frozenset(reader.texts(f"{where}.banned", raw.get("banned", []))),
    )


def _pin(reader: Reader, days: Days, where: str, value: object) -> Pin:
    raw = reader.mapping(where, value, ("beamline", "start", "shifts"))
    line, start, shifts = (raw.get(key) for key in ("beamline", "start", "shifts"))
    return Pin(
        beamline=None if line is None else reader.text(f"{where}.beamline", line),
        start=None if start is None else days.day(f"{where}.start", start, most=MOST_DAYS),
        shifts=None if shifts is None else reader.whole(f"{where}.shifts", shifts, 1, 100_000),
    )


def _share(reader: Reader, k: int, value: object) -> Share:
    where = _named(f"shares[{k}]", value)
    raw = reader.mapping(where, value, SHARE_KEYS, ("id", "tag"))
    parts = {
        key: reader.number(f"{where}.{key}", raw[key], 0, 1)
        for key in ("min_share", "max_share")
        if raw.get(key) is not None
    }
    counts = {
        key: reader.whole(f"{where}.{key}", raw[key], 0, 10**7)
        for key in ("min_shifts", "max_shifts")
        if raw.get(key) is not None
    }
    lines = raw.get("beamlines")
    if lines == []:
        raise reader.wrong(f"{where}.beamlines", "a list of beamlines, or left out for all", lines)
    return Share(
        id=reader.text(f"{where}.id", raw["id"]),
        tag=reader.text(f"{where}.tag", raw["tag"]),
        beamlines=None if lines is None else frozenset(reader.texts(f"{where}.beamlines", lines)),
        min_share=parts.get("min_share"),
        max_share=parts.get("max_share"),
        min_shifts=counts.get("min_shifts"),
        max_shifts=counts.get("max_shifts"),
    )


def read_previous(path: Path) -> tuple[Award, ...]:
    """The awards of a plan written before."""
    reader = Reader(path)
    raw = json_of(path)
    if not isinstance(raw, dict) or not isinstance(raw.get("awards"), list):
        raise Unusable(f'{path}: not a plan: it has no list "awards".')
    awards = []
    seen: set[str] = set()
    for k, one in enumerate(raw["awards"]):
        where = f"awards[{k}]"
        if not isinstance(one, dict):
            raise reader.wrong(where, "a JSON object", one)
        for key in ("proposal", "beamline", "start", "end", "shifts"):
            if key not in one:
                raise Unusable(f'{path}: {where} lacks "{key}".')
        award = Award(
            reader.text(f"{where}.proposal", one["proposal"]),
            reader.text(f"{where}.beamline", one["beamline"]),
            reader.whole(f"{where}.start", one["start"], 0, MOST_DAYS),
            reader.whole(f"{where}.end", one["end"], 1, MOST_DAYS),
            reader.whole(f"{where}.shifts", one["shifts"], 1, 100_000),
        )
        if award.end <= award.start:
            raise Unusable(f"{path}: {where} ends on day {award.end} before it starts on day {award.start}.")
        if award.proposal in seen:
            raise Unusable(f'{path}: {where}: proposal "{award.proposal}" is awarded twice.')
        seen.add(award.proposal)
        awards.append(award)
    return tuple(awards)


# Writing


def plan_object(
    asked: Round,
    plan: Plan,
    answers: Sequence[Answer],
    *,
    raw: Mapping[str, Any],
    made: Mapping[str, object],
    published: Published | None,
) -> dict[str, Any]:
    """The plan as it is written."""
    first = dt.date.fromisoformat(raw["first_day"]) if raw.get("first_day") else None
    told: dict[str, Any] = {
        **({"title": raw["title"]} if raw.get("title") else {}),
        "made": dict(made),
        "status": "best" if plan.gap <= 1e-9 else ("stopped" if plan.out_of_time else "near_best"),
        "merit": plan.merit,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "awards": [_award(award, first) for award in plan.awards],
        "answers": [_answer(answer) for answer in answers],
        "beamlines": [_line_sum(asked, plan, line) for line in asked.beamlines],
        "shares": [_share_sum(asked, plan, share) for share in asked.shares],
        "standby": standby_list(asked, answers),
    }
    if published:
        count: dict[str, int] = {"kept": 0, "moved": 0, "dropped": 0, "new": 0}
        for answer in answers:
            if answer.change:
                count[answer.change] += 1
        told["changes"] = count
    return told


def standby_list(asked: Round, answers: Sequence[Answer]) -> list[str]:
    """Proposals without an award in the order of their weight: who is called when beam is left over."""
    weight = {one.id: one.weight for one in asked.proposals}
    left = [answer.proposal for answer in answers if answer.award is None]
    return sorted(left, key=lambda name: (-weight[name], name))


def _award(award: Award, first: dt.date | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "proposal": award.proposal,
        "beamline": award.beamline,
        "start": award.start,
        "end": award.end,
        "shifts": award.shifts,
    }
    if first is not None:
        told["first_date"] = (first + dt.timedelta(days=award.start)).isoformat()
        told["last_date"] = (first + dt.timedelta(days=award.end - 1)).isoformat()
    return told


def _answer(answer: Answer) -> dict[str, Any]:
    reasons = [
        {
            "code": reason.code,
            "text": reason_text(reason),
            "facts": {k: list(v) if isinstance(v, tuple) else v for k, v in reason.facts.items()},
        }
        for reason in answer.reasons
    ]
    told: dict[str, Any] = {"proposal": answer.proposal, "outcome": answer.outcome, "reasons": reasons}
    return {**told, "change": answer.change} if answer.change else told


def _line_sum(asked: Round, plan: Plan, line: Beamline) -> dict[str, Any]:
    weight = {one.id: one.weight for one in asked.proposals}
    mine = [award for award in plan.awards if award.beamline == line.id]
    taken = sum(line.days_for(award.shifts) for award in mine)
    first = [one for one in asked.proposals if one.beamlines[0] == line.id]
    beaten = [one.weight for one in first if one.id not in {award.proposal for award in plan.awards}]
    return {
        "id": line.id,
        "beam_days": len(line.beam_days),
        "most_days": line.most_days,
        "taken_days": taken,
        "requested_shifts": sum(one.requested for one in first),
        "granted_shifts": sum(award.shifts for award in mine),
        "experiments": len(mine),
        "cut_off_weight": min((weight[award.proposal] for award in mine), default=None),
        "best_weight_left_out": max(beaten, default=None),
    }


def _share_sum(asked: Round, plan: Plan, share: Share) -> dict[str, Any]:
    tags = {one.id: one.tags for one in asked.proposals}
    here = [award for award in plan.awards if share.beamlines is None or award.beamline in share.beamlines]
    total = sum(award.shifts for award in here)
    held = sum(award.shifts for award in here if share.tag in tags[award.proposal])
    return {"id": share.id, "shifts": held, "of": total, "share": held / total if total else None}


def reason_text(reason: Reason) -> str:
    """One sentence for a reason."""
    f = dict(reason.facts)
    where = f"{f.get('beamline')}, days {f.get('start')} to {int(str(f.get('end', 1))) - 1}" if "end" in f else ""
    return {
        "as_asked": lambda: "Granted as asked.",
        "alternative": lambda: f"On {f['beamline']}, its alternative to {f['preferred']}.",
        "carry_over": lambda: "It was promised beamtime before.",
        "pinned": lambda: "Fixed by the office.",
        "banned": lambda: f"The office keeps it from {', '.join(f['beamlines'])}.",
        "no_free_run": lambda: (
            f"{f['beamline']} has no run of {f['needed_days']} beam days outside its blackouts; the longest has "
            f"{f['longest_days']}."
        ),
        "full_above": lambda: (
            f"Proposals worth more hold every place; the cheapest is {where} ({', '.join(f['displaced'])}), and "
            f"takes a weight above {f['weight_needed']:.4g}."
        ),
        "held": lambda: f"{f['beamline']} is held by promised or fixed proposals at every place it could have.",
        "share": lambda: f'{where} could be had, but the share "{f["share"]}" ({f["side"]}) would break.',
        "reserve": lambda: f"{where} could be had, but would take days kept for standby.",
        "no_merit": lambda: f"{where} is free, but would add no merit.",
        "not_proved": lambda: f"{where} would gain {f['gain']:.4g}; the search ended before: give it more time.",
        "shorter_would_fit": lambda: f"{f['shifts']} shifts would fit on {f['beamline']} from day {f['start']}.",
    }[reason.code]()


def limit_text(limit: Limit, asked: Round) -> str:
    """A limit that conflicts with others, with its figure."""
    held = {one.id: one for one in (*asked.beamlines, *asked.shares)}
    figure = getattr(held.get(limit.about), limit.kind, None)
    told = "" if figure is None else f" ({figure:g})"
    return {
        "must": f'"{limit.about}" must be granted (carry-over)',
        "pin": f'"{limit.about}" is pinned',
        "blackouts": f'the blackouts of "{limit.about}"',
        "ban": f'the ban of "{limit.about}"',
        "reserve": f'the standby reserve of "{limit.about}"{told}',
        "min_share": f'the least share of "{limit.about}"{told}',
        "max_share": f'the most share of "{limit.about}"{told}',
        "min_shifts": f'the least shifts of "{limit.about}"{told}',
        "max_shifts": f'the most shifts of "{limit.about}"{told}',
    }[limit.kind]
