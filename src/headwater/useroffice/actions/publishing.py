"""The writer of published schedules: a version, its beamtime in the calendar, visits, and telling whom it touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from headwater.accounts.audit import Act, Actor, record
from headwater.booking.actions.placing import Beamtime, Placed, place_beamtime
from headwater.booking.actions.settling import settled
from headwater.booking.queries import zone_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.engines.allocation import Award as Planned, check_plan
from headwater.registry.models import Instrument
from headwater.registry.queries import node_prefix
from headwater.registry.rules import Viewer
from headwater.useroffice import queries, rounds, rules
from headwater.useroffice.actions.parts import follow_schedule
from headwater.useroffice.actions.steps import locked_call, names_of, step, tell_team
from headwater.useroffice.actions.visits import keep_visit
from headwater.useroffice.models import (
    Award,
    Call,
    Mode,
    Proposal,
    Scenario,
    ScheduleVersion,
    State,
    TeamMember,
    Visit,
    VisitState,
)


@settled
def publish(
    public_id: str,
    note: str,
    desk: rules.Desk,
    viewer: Viewer,
    *,
    displace: bool = False,
    by: Actor,
    at: datetime,
) -> ScheduleVersion:
    """Publish a plan as the next version: its beamtime stands in the one calendar, all or none.

    The plan is checked against the round as it is at this moment, not as it was when it was asked. Experiments that
    have begun stay in the schedule and in the calendar as they are. Those whose beamtime a later version changes are
    told at once; those of the first are told by the office's letters.
    """
    seen = Scenario.objects.select_related("call").filter(public_id=public_id).first()
    if seen is None:
        raise Refused(Decision((Reason("scenario.not_found"),)))
    call = locked_call(seen.call.public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    scenario = Scenario.objects.select_for_update(of=("self",)).get(pk=seen.pk)
    planned = [Planned(*row) for row in scenario.plan.get("awards", ())]
    last = queries.published(call)
    rows = {
        one.public_id: one
        for one in queries.with_all(call.proposals.select_for_update(of=("self",)).filter(state__in=rounds.IN_ROUND))
    }
    begun = rounds.begun_awards(last)
    now = rounds.build_round(call, today=rounds.today_of(call, at))
    known = {one.id for one in now.proposals}
    decision = rules.may_publish(
        rules.PublishFacts(
            state=scenario.state,
            faults=[
                f"{fault.about}: {fault.text}" for fault in check_plan(now, [p for p in planned if p.proposal in known])
            ],
            stale=[one.proposal for one in planned if one.proposal not in known],
            newer_version=last is not None
            and scenario.plan.get("base") != last.number
            and scenario.made_at < last.published_at,
        )
    )
    permit(decision)
    lines = {one.public_id: one for one in call.beamlines.all()}
    version = ScheduleVersion.objects.create(
        public_id=new_id("sch", node_prefix()),
        call=call,
        number=last.number + 1 if last else 1,
        scenario=scenario,
        note=note[:500],
        differences=_differences(call, last, planned, rows, begun),
        published_by=by.user,
        published_at=at,
    )
    awards = [
        Award(
            version=version,
            proposal=rows[one.proposal],
            instrument=lines[one.beamline],
            start=rounds.day(call, one.start),
            end=rounds.day(call, one.end),
            shifts=one.shifts,
        )
        for one in planned
    ]
    stays = [
        Award(
            version=version,
            proposal=one.proposal,
            instrument=one.instrument,
            start=one.start,
            end=one.end,
            shifts=one.shifts,
        )
        for one in begun
    ]
    Award.objects.bulk_create([*awards, *stays])
    _place(last, awards, viewer, displace=displace, by=by, at=at)
    _move_states(awards, rows, by=by, at=at)
    _plan_visits(call, awards)
    if call.mode == Mode.BLOCK:
        follow_schedule(version, by=by, at=at)
    if last is not None:
        _tell_changes(version, rows, awards, at=at)
    changes = {"number": [last.number if last else None, version.number], "awards": [None, len(awards) + len(stays)]}
    record(Act("schedule.published", call.public_id, changes, decision, ground=note[:500]), by=by, at=at)
    return version


def _differences(
    call: Call,
    last: ScheduleVersion | None,
    planned: Sequence[Planned],
    rows: Mapping[str, Proposal],
    begun: Sequence[Award],
) -> dict[str, list[str]]:
    """Which proposals a version keeps, moves, adds and drops, by number."""
    before = {
        one.proposal.public_id: (one.instrument.public_id, one.start, one.end, one.shifts)
        for one in queries.awards_of(last)
    }
    after = {
        one.proposal: (one.beamline, rounds.day(call, one.start), rounds.day(call, one.end), one.shifts)
        for one in planned
    }
    after |= {one.proposal.public_id: before[one.proposal.public_id] for one in begun}
    numbers = {one.proposal.public_id: one.proposal.number for one in queries.awards_of(last)}
    numbers |= {key: one.number for key, one in rows.items()}
    kept = [key for key in after if before.get(key) == after[key]]
    moved = [key for key in after if key in before and before[key] != after[key]]
    return {
        "kept": sorted(numbers[key] for key in kept),
        "moved": sorted(numbers[key] for key in moved),
        "new": sorted(numbers[key] for key in after if key not in before),
        "dropped": sorted(numbers[key] for key in before if key not in after),
    }


def _place(
    last: ScheduleVersion | None,
    awards: Sequence[Award],
    viewer: Viewer,
    *,
    displace: bool,
    by: Actor,
    at: datetime,
) -> Placed:
    """The version as reservations of kind beamtime; the version before is replaced in the same transaction."""
    proposers = dict(
        TeamMember.objects.filter(proposal__in=[one.proposal for one in awards], proposer=True).values_list(
            "proposal", "email"
        )
    )
    wanted = [
        Beamtime(
            reference=one.proposal.public_id,
            instrument=one.instrument.public_id,
            start=_begins(one.instrument, one.start),
            end=_begins(one.instrument, one.end),
            holder=proposers[one.proposal_id],
            project=one.proposal.number,
        )
        for one in awards
    ]
    instead_of = [one.proposal.public_id for one in queries.awards_of(last) if one.proposal.state not in rounds.BEGUN]
    return place_beamtime(wanted, viewer, instead_of=instead_of, displace=displace, by=by, at=at)


def _begins(instrument: Instrument, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, rounds.FIRST_HOUR, tzinfo=zone_of(instrument))


def _move_states(awards: Sequence[Award], rows: Mapping[str, Proposal], *, by: Actor, at: datetime) -> None:
    granted = {one.proposal.public_id for one in awards}
    for key, proposal in rows.items():
        if key in granted and proposal.state != State.SCHEDULED:
            step(proposal, "schedule", by=by, at=at)
        elif key not in granted and proposal.state == State.SCHEDULED:
            step(proposal, "unschedule", by=by, at=at)
        elif key not in granted and proposal.state == State.RECOMMENDED:
            step(proposal, "left_over", by=by, at=at)


def _plan_visits(call: Call, awards: Sequence[Award]) -> None:
    """A visit for each award; one whose award went is cancelled, one that moved follows."""
    granted = {one.proposal_id for one in awards}
    Visit.objects.filter(proposal__call=call, state=VisitState.PLANNED).exclude(proposal__in=granted).update(
        state=VisitState.CANCELLED
    )
    for one in awards:
        keep_visit(one.proposal, one.instrument, one.start, one.end, one.shifts)


def _tell_changes(
    version: ScheduleVersion, rows: Mapping[str, Proposal], awards: Sequence[Award], *, at: datetime
) -> None:
    """Tell those whom a later version touches and who know of their beamtime already."""
    by_number = {one.proposal.number: one for one in awards}
    for proposal in rows.values():
        award = by_number.get(proposal.number)
        if proposal.told_state != "scheduled" or proposal.number in version.differences["kept"]:
            continue
        key = f"schedule:{version.pk}:{proposal.pk}"
        if proposal.number in version.differences["moved"] and award is not None:
            named = {
                "beamline": names_of(award.instrument),
                "start": award.start.isoformat(),
                "end": (award.end - timedelta(days=1)).isoformat(),
                "shifts": award.shifts,
            }
            tell_team(proposal, "schedule.moved", named, at=at, key=key)
        elif proposal.number in version.differences["dropped"]:
            tell_team(proposal, "schedule.dropped", {}, at=at, key=key)
            proposal.told_state, proposal.told_at = proposal.state, at
            proposal.save(update_fields=["told_state", "told_at"])
