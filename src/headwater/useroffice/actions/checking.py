"""The writers of feasibility: asking the beamlines' scientists, and what they say."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.useroffice import facts, queries, rules
from headwater.useroffice.actions.steps import locked_call, locked_proposal, names_of, step
from headwater.useroffice.actions.telling import is_part, tell_verdict
from headwater.useroffice.models import (
    BeamlineScientist,
    Feasibility,
    Proposal,
    State,
)


def begin_check(proposal: Proposal, *, by: Actor, at: datetime) -> None:
    """Ask the scientists of the beamlines it chose; in the caller's transaction."""
    step(proposal, "check", by=by, at=at)
    choices = list(proposal.choices.all())
    Feasibility.objects.bulk_create(
        [Feasibility(proposal=proposal, instrument=one.instrument) for one in choices], ignore_conflicts=True
    )
    scientists = BeamlineScientist.objects.filter(instrument__in=[one.instrument for one in choices])
    for place in scientists.select_related("user", "instrument"):
        named = {"proposal": proposal.number, "beamline": names_of(place.instrument)}
        key = f"feasibility:{proposal.pk}:{place.instrument_id}:{proposal.submitted_at:%s}"
        tell(place.user, "feasibility.asked", named, path="/beamtime/feasibility/", at=at, key=key)


@transaction.atomic
def begin_checks(call_id: str, desk: rules.Desk, *, by: Actor, at: datetime) -> int:
    """Send everything submitted to a closed call to the beamlines' scientists; says how many."""
    call = locked_call(call_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    if facts.call_is_open(call, at):
        raise Refused(Decision((Reason("call.still_open"),)))
    waiting = list(queries.with_all(call.proposals.select_for_update(of=("self",)).filter(state=State.SUBMITTED)))
    for proposal in waiting:
        begin_check(proposal, by=by, at=at)
    return len(waiting)


@transaction.atomic
def judge_feasibility(
    public_id: str,
    beamline: str,
    verdict: str,
    conditions: str,
    desk: rules.Desk,
    *,
    shifts: int | None = None,
    by: Actor,
    at: datetime,
) -> Feasibility:
    """Write a scientist's verdict; with the last one the proposal goes on, or is told to be infeasible."""
    proposal = locked_proposal(public_id)
    choice = next((one for one in proposal.choices.all() if one.instrument.public_id == beamline), None)
    decision = rules.may_judge(
        facts.proposal_facts(proposal, desk, at=at), desk, beamline_id=choice.instrument_id if choice else -1
    )
    if verdict not in ("feasible", "conditional", "infeasible", "unsafe"):
        decision += Decision((Reason("feasibility.unknown", facts={"field": "verdict"}),))
    if verdict != "feasible" and not conditions.strip():
        decision += Decision((Reason("feasibility.reason_missing", facts={"field": "conditions"}),))
    permit(decision)
    assert choice is not None
    held, _new = Feasibility.objects.update_or_create(
        proposal=proposal,
        instrument=choice.instrument,
        defaults={"verdict": verdict, "conditions": conditions[:5000], "shifts": shifts, "judge": by.user, "at": at},
    )
    changes = {"beamline": [None, choice.instrument.name_en or beamline], "verdict": [None, verdict]}
    record(Act("feasibility.judged", proposal.public_id, changes, decision), by=by, at=at)
    if proposal.state == State.FEASIBILITY:
        said = list(proposal.feasibilities.values_list("verdict", flat=True))
        if all(said):
            fit = any(one in ("feasible", "conditional") for one in said)
            step(proposal, "feasible" if fit else "infeasible", by=by, at=at)
            if is_part(proposal):
                tell_verdict(proposal, at=at)
    return held
