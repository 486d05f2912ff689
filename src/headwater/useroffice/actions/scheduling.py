"""The writers of what the office fixes, and of plans."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.engines.allocation import NoPlan, Round, check_plan, explain_plan, solve_round
from headwater.registry.queries import node_prefix
from headwater.useroffice import queries, rounds, rules
from headwater.useroffice.actions.steps import locked_call, locked_proposal
from headwater.useroffice.models import (
    Call,
    Pin,
    Scenario,
    ScenarioState,
)

MOST_SECONDS = 3600.0
GAP = 1e-3


@transaction.atomic
def set_pin(
    public_id: str,
    *,
    beamline: str = "",
    day: date | None = None,
    shifts: int | None = None,
    banned: Sequence[str] = (),
    reason: str = "",
    desk: rules.Desk,
    by: Actor,
    at: datetime,
) -> Pin | None:
    """Fix a proposal's beamline, first day or shifts, or keep it from beamlines; with nothing given free it."""
    proposal = locked_proposal(public_id)
    call = proposal.call
    permit(rules.may_manage_calls(call.facility_id, desk))
    if not (beamline or day or shifts or banned):
        Pin.objects.filter(proposal=proposal).delete()
        record(Act("proposal.unpinned", proposal.public_id), by=by, at=at)
        return None
    held = {one.public_id: one for one in call.beamlines.all()}
    lines = {key: one.pk for key, one in held.items()}
    decision = rules.may_pin(
        rules.PinFacts(
            state=proposal.state,
            accepts=frozenset(one.instrument_id for one in proposal.choices.all()),
            beamline_id=lines.get(beamline, -1) if beamline else None,
            day=day,
            period=(call.period_start, call.period_end),
            shifts=shifts,
            range=(proposal.minimum, proposal.requested),
            reason=reason,
            banned=frozenset(lines[one] for one in banned if one in lines),
        )
    )
    permit(decision)
    values = {
        "instrument_id": lines[beamline] if beamline else None,
        "day": day,
        "shifts": shifts,
        "banned": sorted(lines[one] for one in banned if one in lines),
        "reason": reason[:500],
    }
    pin, _new = Pin.objects.update_or_create(proposal=proposal, defaults=values)
    named = held[beamline].name_en if beamline else ""
    changes = {"beamline": [None, named or beamline], "day": [None, str(day or "")], "shifts": [None, shifts]}
    record(Act("proposal.pinned", proposal.public_id, changes, decision, ground=reason[:500]), by=by, at=at)
    return pin


@transaction.atomic
def make_scenario(
    call_id: str,
    name: str,
    desk: rules.Desk,
    *,
    seconds: float = 30.0,
    from_published: bool = False,
    open_from: date | None = None,
    made_from: Scenario | None = None,
    queue: bool = True,
    by: Actor,
    at: datetime,
) -> Scenario:
    """Keep the round as it is now, to be planned by the worker; with ``from_published`` the schedule changes little."""
    from headwater.useroffice.tasks import solve_scenario

    call = locked_call(call_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    today = rounds.today_of(call, at)
    asked = rounds.build_round(call, today=today)
    if from_published and open_from is None and rounds.in_run(call, today):
        open_from = today  # what began before stays
    found = []
    if not asked.proposals:
        found.append(Reason("scenario.nobody_asks"))
    if not 1 <= seconds <= MOST_SECONDS:
        found.append(Reason("scenario.seconds_wrong", facts={"field": "seconds", "most": int(MOST_SECONDS)}))
    if from_published and queries.published(call) is None:
        found.append(Reason("scenario.nothing_published", facts={"field": "from_published"}))
    permit(Decision(tuple(found)))
    scenario = Scenario.objects.create(
        public_id=new_id("scn", node_prefix()),
        call=call,
        name=name.strip()[:120] or f"{call.scenarios.count() + 1}",
        seconds=seconds,
        from_published=from_published,
        open_from=open_from if from_published else None,
        made_from=made_from,
        round=rounds.round_json(asked),
        made_by=by.user,
        made_at=at,
    )
    record(Act("scenario.made", call.public_id, {"scenario": [None, scenario.public_id]}), by=by, at=at)
    if queue:
        solve_scenario.defer(public_id=scenario.public_id)
    return scenario


@dataclass(frozen=True, slots=True)
class Wish:
    """What the office wants of one proposal in the next plan: ``keep`` its place, ``away`` from it, or ``free``."""

    proposal: str
    kind: str


@transaction.atomic
def replan(
    scenario_id: str,
    wishes: Sequence[Wish],
    reason: str,
    desk: rules.Desk,
    *,
    seconds: float = 30.0,
    from_published: bool = False,
    queue: bool = True,
    by: Actor,
    at: datetime,
) -> Scenario:
    """Fix what a plan gave to some proposals or keep them from it, and plan again; all of it or nothing."""
    scenario = Scenario.objects.select_related("call").filter(public_id=scenario_id, state="solved").first()
    if scenario is None:
        raise Refused(Decision((Reason("scenario.not_found"),)))
    call = locked_call(scenario.call.public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    awards = {row[0]: row for row in scenario.plan.get("awards", ())}
    held = {one.proposal.public_id: one for one in queries.pins_of(call)}
    names = {one.pk: one.public_id for one in call.beamlines.all()}
    found = []
    for wish in wishes:
        award, pin = awards.get(wish.proposal), held.get(wish.proposal)
        if wish.kind != "free" and award is None:
            found.append(Reason("scenario.wish_without_place", facts={"proposal": wish.proposal}))
            continue
        fixed = _fixed(call, wish, award, pin, names)
        set_pin(wish.proposal, **fixed, reason=reason if fixed else "", desk=desk, by=by, at=at)
    permit(Decision(tuple(found)))
    more = {"seconds": seconds, "from_published": from_published, "made_from": scenario, "queue": queue}
    number = call.scenarios.count() + 1
    return make_scenario(call.public_id, f"{scenario.name[:100]} → {number}", desk, by=by, at=at, **more)


def _fixed(
    call: Call, wish: Wish, award: Sequence[Any] | None, pin: Pin | None, names: Mapping[int, str]
) -> dict[str, Any]:
    """The keywords of `set_pin` that a wish comes to; none where the proposal shall be free."""
    if wish.kind == "free" or award is None:
        return {}
    line = award[1]
    banned = [names[key] for key in pin.banned if key in names] if pin else []
    if wish.kind == "keep":
        free = [one for one in banned if one != line]
        return {"beamline": line, "day": rounds.day(call, award[2]), "shifts": award[4], "banned": free}
    return {"banned": sorted({*banned, line})}


def solve(public_id: str, *, at: datetime) -> Scenario | None:
    """Plan a scenario that waits, outside of any transaction; the answer is written whole."""
    scenario = Scenario.objects.select_related("call__facility").filter(public_id=public_id, state="queued").first()
    if scenario is None:
        return None
    call = scenario.call
    asked = round_of(scenario.round)
    version = queries.published(call) if scenario.from_published else None
    published = rounds.published_of(call, version, asked, scenario.open_from)
    try:
        plan = solve_round(asked, published=published, seconds=scenario.seconds, clock=time.monotonic, target_gap=GAP)
    except NoPlan as error:
        clash = [{"kind": limit.kind, "about": limit.about} for limit in error.conflict]
        return _answer(scenario, ScenarioState.IMPOSSIBLE, at=at, conflict=clash)
    if check_plan(asked, plan.awards):
        return _answer(scenario, ScenarioState.FAILED, at=at)
    answers = explain_plan(asked, plan.awards, published=published)
    told = {
        "awards": [[one.proposal, one.beamline, one.start, one.end, one.shifts] for one in plan.awards],
        "answers": {
            one.proposal: {
                "outcome": one.outcome,
                "change": one.change,
                "reasons": [{"code": reason.code, "facts": _plain(reason.facts)} for reason in one.reasons],
            }
            for one in answers
        },
        "base": version.number if version else None,
        "objective": plan.objective,
    }
    return _answer(scenario, ScenarioState.SOLVED, at=at, plan=told, merit=plan.merit, bound=plan.bound, gap=plan.gap)


def _plain(facts: Mapping[str, object]) -> dict[str, object]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in facts.items()}


@transaction.atomic
def _answer(scenario: Scenario, state: str, *, at: datetime, **values: Any) -> Scenario:
    """Write an answer unless another worker was first."""
    Scenario.objects.filter(pk=scenario.pk, state=ScenarioState.QUEUED).update(state=state, solved_at=at, **values)
    scenario.refresh_from_db()
    return scenario


def round_of(raw: Mapping[str, Any]) -> Round:
    """A stored round as the engine reads it."""
    from headwater.engines.allocation import Beamline, Pin as Fixed, Proposal as Asked, Share

    return Round(
        raw["days"],
        tuple(
            Beamline(
                one["id"],
                tuple(one["beam"]),
                one["shifts_a_day"],
                one["change_over"],
                one["reserve"],
                one["bridge"],
            )
            for one in raw["beamlines"]
        ),
        tuple(
            Asked(
                one["id"],
                one["weight"],
                one["requested"],
                tuple(one["beamlines"]),
                one["minimum"],
                tuple(one["between"]),
                tuple((start, end) for start, end in one["blackouts"]),
                frozenset(one["tags"]),
                one["must"],
                Fixed(**one["pin"]) if one["pin"] else None,
                frozenset(one["banned"]),
            )
            for one in raw["proposals"]
        ),
        tuple(
            Share(**{**one, "beamlines": frozenset(one["beamlines"]) if one["beamlines"] else None})
            for one in raw["shares"]
        ),
    )
