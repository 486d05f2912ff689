"""The writers of visits, reports, feedback and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.booking.facts import qualified
from headwater.booking.queries import zone_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Facility, Source
from headwater.registry.queries import node_prefix
from headwater.useroffice import facts, rules
from headwater.useroffice.actions.shares import credit_pools, credited_inside
from headwater.useroffice.actions.steps import locked_proposal, step, tell_team
from headwater.useroffice.models import (
    Feedback,
    LostReason,
    Output,
    OutputLink,
    Proposal,
    Report,
    State,
    SubProject,
    Visit,
    VisitMember,
)
from headwater.useroffice.models.proposals import SampleState
from headwater.useroffice.rules.visits import HOURS_A_SHIFT

REPORT_WITHIN = timedelta(days=60)


def _visit(public_id: str, desk: rules.Desk, *, at: datetime) -> tuple[Visit, Proposal]:
    """A visit that she may run, locked."""
    visit = (
        Visit.objects.select_for_update(of=("self",)).select_related("instrument").filter(public_id=public_id).first()
    )
    if visit is None:
        raise Refused(Decision((Reason("visit.not_found"),)))
    proposal = locked_proposal(visit.proposal.public_id)
    seen = facts.proposal_facts(proposal, desk, at=at)
    permit(rules.may_visit(seen, desk, contact=visit.contact_id == desk.user_id))
    return visit, proposal


@transaction.atomic
def set_contact(public_id: str, email: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Visit:
    """Name the local contact."""
    visit, proposal = _visit(public_id, desk, at=at)
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if user is None:
        raise Refused(Decision((Reason("person.not_found", facts={"field": "email", "email": email}),)))
    visit.contact = user
    visit.save(update_fields=["contact"])
    record(Act("visit.contact_set", proposal.public_id, {"person": [None, user.email]}), by=by, at=at)
    return visit


@transaction.atomic
def set_visitor(
    public_id: str, name: str, desk: rules.Desk, *, cleared: bool, leaves: bool = False, by: Actor, at: datetime
) -> Visit:
    """Add somebody who comes, clear her safety training, or take her off; the team may add, the hosts clear."""
    visit = Visit.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
    if visit is None:
        raise Refused(Decision((Reason("visit.not_found"),)))
    proposal = locked_proposal(visit.proposal.public_id)
    seen = facts.proposal_facts(proposal, desk, at=at)
    hosts = rules.may_visit(seen, desk, contact=visit.contact_id == desk.user_id)
    mine = desk.user_id in seen.team and desk.may_write
    if cleared or not mine:
        permit(hosts)
    if visit.state != "planned":
        raise Refused(Decision((Reason("visit.wrong_state"),)))
    if not name.strip():
        raise Refused(Decision((Reason("visit.name_missing", facts={"field": "name"}),)))
    if leaves:
        visit.members.filter(name=name).delete()
    else:
        member, _new = VisitMember.objects.get_or_create(visit=visit, name=name.strip()[:200])
        if cleared and member.cleared_at is None:
            member.cleared_at, member.cleared_by = at, by.user
            member.save(update_fields=["cleared_at", "cleared_by"])
    changes = {"name": [None, name[:200]], "cleared": [None, cleared]}
    record(Act("visit.visitor_set", proposal.public_id, changes), by=by, at=at)
    return visit


@transaction.atomic
def set_sample_state(
    public_id: str, sample: str, state: str, place: str, desk: rules.Desk, *, by: Actor, at: datetime
) -> None:
    """Approve or refuse a sample, note that it came or went."""
    _own, proposal = _visit(public_id, desk, at=at)
    held = proposal.samples.filter(name=sample).first()
    if held is None or state not in SampleState.values:
        raise Refused(Decision((Reason("sample.unknown", facts={"field": "state"}),)))
    changes = {"sample": [held.name, held.name], "state": [held.state, state], "place": [held.place, place[:100]]}
    held.state, held.place = state, place[:100]
    held.save(update_fields=["state", "place"])
    record(Act("sample.moved", proposal.public_id, changes), by=by, at=at)


def uncleared(visit: Visit, *, at: datetime) -> list[str]:
    """Visitors whose training is not in order: cleared by a host, or qualified for the beamline in the calendar."""
    return [
        one.name
        for one in visit.members.all()
        if one.cleared_at is None
        and not (one.user_id is not None and qualified(one.user_id, visit.instrument_id, at=at)[0])
    ]


@transaction.atomic
def begin_visit(
    public_id: str,
    desk: rules.Desk,
    *,
    waive: Sequence[str] = (),
    ground: str = "",
    by: Actor,
    at: datetime,
) -> Visit:
    """Begin an experiment once everybody is cleared and every sample approved."""
    visit, proposal = _visit(public_id, desk, at=at)
    fine = (SampleState.APPROVED, SampleState.ARRIVED)
    decision = rules.may_begin_visit(
        state=visit.state,
        members=visit.members.count(),
        uncleared=uncleared(visit, at=at),
        samples_open=[one.name for one in proposal.samples.exclude(state__in=fine)],
        early=f"{visit.start}" if at.astimezone(zone_of(visit.instrument)).date() < visit.start else "",
    )
    permit(decision, waive=waive, ground=ground)
    visit.state, visit.began_at = "running", at
    visit.save(update_fields=["state", "began_at"])
    step(proposal, "start", by=by, at=at, decision=decision, waived=tuple(waive), ground=ground)
    return visit


@transaction.atomic
def finish_visit(
    public_id: str,
    hours_given: Decimal,
    hours_lost: Decimal,
    lost_reason: str,
    handover: str,
    desk: rules.Desk,
    *,
    by: Actor,
    at: datetime,
) -> Visit:
    """Write down the hours given and lost. Hours lost to the machine come back to the proposal's pools as shifts."""
    visit, proposal = _visit(public_id, desk, at=at)
    decision = rules.may_finish_visit(
        rules.FinishFacts(visit.state, visit.shifts, hours_given, hours_lost, lost_reason, handover)
    )
    if lost_reason and lost_reason not in LostReason.values:
        decision += Decision((Reason("visit.lost_reason_missing", facts={"field": "lost_reason"}),))
    permit(decision)
    credit = int(hours_lost // HOURS_A_SHIFT) if lost_reason in (LostReason.BEAM, LostReason.BEAMLINE) else 0
    credit = max(0, credit - credited_inside(proposal, visit))
    visit.state, visit.ended_at, visit.handover = "done", at, handover[:10_000]
    visit.hours_given, visit.hours_lost, visit.lost_reason = hours_given, hours_lost, lost_reason
    visit.credited_shifts = credit
    visit.save()
    if credit:
        credit_pools(proposal, {visit.instrument_id}, credit)
    Report.objects.get_or_create(proposal=proposal, defaults={"due": (at + REPORT_WITHIN).date()})
    changes = {"given_h": [None, str(hours_given)], "lost_h": [None, str(hours_lost)], "credited": [None, credit]}
    step(proposal, "finish", by=by, at=at, decision=decision, changes=changes)
    due = {"due": (at + REPORT_WITHIN).date().isoformat()}
    tell_team(proposal, "report.due", due, at=at, key=f"report:{proposal.pk}")
    return visit


# Afterwards -----------------------------------------------------------------------------------------------------
@transaction.atomic
def submit_report(public_id: str, text: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Report:
    """Hand in the report on an experiment, or a better one while it was not accepted."""
    proposal = locked_proposal(public_id)
    permit(rules.may_submit_for(facts.proposal_facts(proposal, desk, at=at), desk))
    report = Report.objects.filter(proposal=proposal).first()
    decision = rules.may_report(state=report.state if report else "", proposal_state=proposal.state, text=text)
    permit(decision)
    assert report is not None
    report.text, report.state, report.submitted_at = text, "submitted", at
    report.save(update_fields=["text", "state", "submitted_at"])
    record(Act("report.submitted", proposal.public_id, {}, decision), by=by, at=at)
    return report


@transaction.atomic
def accept_report(
    public_id: str, desk: rules.Desk, *, grade: int | None = None, remark: str = "", by: Actor, at: datetime
) -> Report:
    """Accept a report; urgent access is evaluated with it, which a later review may see."""
    proposal = locked_proposal(public_id)
    permit(rules.may_manage_calls(proposal.call.facility_id, desk))
    report = Report.objects.filter(proposal=proposal, state="submitted").first()
    found = []
    if report is None:
        found.append(Reason("report.not_submitted"))
    if grade is not None and not 1 <= grade <= 5:
        found.append(Reason("report.grade_wrong", facts={"field": "grade"}))
    if proposal.call.mode == "urgent" and grade is None:
        found.append(Reason("report.grade_wrong", facts={"field": "grade"}))
    permit(Decision(tuple(found)))
    assert report is not None
    report.state, report.grade, report.remark = "accepted", grade, remark[:5000]
    report.save(update_fields=["state", "grade", "remark"])
    step(proposal, "accept_report", by=by, at=at)
    if proposal.state == State.EVALUATION:
        step(proposal, "evaluate", by=by, at=at, changes={"grade": [None, grade]})
    return report


@transaction.atomic
def give_feedback(public_id: str, rating: int, text: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Feedback:
    """What the team thought of its visit; given again it replaces the one before."""
    proposal = locked_proposal(public_id)
    permit(rules.may_submit_for(facts.proposal_facts(proposal, desk, at=at), desk))
    found = []
    if proposal.state not in ("reporting", "evaluation", "closed"):
        found.append(Reason("report.not_due"))
    if not 1 <= rating <= 5:
        found.append(Reason("feedback.rating_wrong", facts={"field": "rating"}))
    permit(Decision(tuple(found)))
    held, _new = Feedback.objects.update_or_create(
        proposal=proposal, defaults={"rating": rating, "text": text[:5000], "at": at}
    )
    record(Act("feedback.given", proposal.public_id, {"rating": [None, rating]}), by=by, at=at)
    return held


@dataclass(frozen=True, slots=True)
class OutputDraft:
    """A publication: DOI in lower case without its resolver, authors with ORCID where they have one."""

    doi: str
    title: str
    year: int
    kind: str = ""
    venue: str = ""
    authors: Sequence[Mapping[str, Any]] = ()
    proposals: Sequence[str] = ()


@transaction.atomic
def add_output(facility: Facility, draft: OutputDraft, *, source: Source | None, by: Actor, at: datetime) -> Output:
    """Keep an output once, by its DOI, and link it; the caller has decided who may. In the caller's transaction."""
    output, is_new = Output.objects.update_or_create(
        facility=facility,
        doi=draft.doi,
        defaults={
            "title": draft.title[:1000],
            "year": draft.year,
            "kind": draft.kind[:40],
            "venue": draft.venue[:300],
            "authors": [dict(one) for one in draft.authors],
            "source": source,
        },
        create_defaults={
            "public_id": new_id("out", node_prefix()),
            "title": draft.title[:1000],
            "year": draft.year,
            "kind": draft.kind[:40],
            "venue": draft.venue[:300],
            "authors": [dict(one) for one in draft.authors],
            "source": source,
            "made_at": at,
        },
    )
    linked = Q(call__facility=facility, code__in=draft.proposals)
    groups = SubProject.objects.filter(proposal__call__facility=facility, proposal__code__in=draft.proposals)
    linked |= Q(pk__in=groups.values("member__block__proposal"))  # a sub-project's result is its group's too
    OutputLink.objects.bulk_create(
        [OutputLink(output=output, proposal=one) for one in Proposal.objects.filter(linked)], ignore_conflicts=True
    )
    if is_new:
        record(Act("output.added", output.public_id, {"doi": [None, draft.doi]}), by=by, at=at)
    return output


@transaction.atomic
def link_output(public_id: str, draft: OutputDraft, desk: rules.Desk, *, by: Actor, at: datetime) -> Output:
    """The team or the office links a publication to a proposal."""
    proposal = locked_proposal(public_id)
    seen = facts.proposal_facts(proposal, desk, at=at)
    if not desk.office(seen.facility_id):
        permit(rules.may_submit_for(seen, desk))
    elif not desk.may_write:
        raise Refused(Decision((Reason("token.scope_missing", facts={"scope": "write"}),)))
    permit(sound_output(draft))
    linked = OutputDraft(
        draft.doi, draft.title, draft.year, draft.kind, draft.venue, draft.authors, (proposal.code or "",)
    )
    return add_output(proposal.call.facility, linked, source=None, by=by, at=at)


def sound_output(draft: OutputDraft) -> Decision:
    """Say whether a publication's record can be kept."""
    found = []
    if not draft.doi.startswith("10.") or "/" not in draft.doi or len(draft.doi) > 200:
        found.append(Reason("output.doi_wrong", facts={"field": "doi", "value": draft.doi[:60]}))
    if not draft.title.strip():
        found.append(Reason("output.title_missing", facts={"field": "title"}))
    if not 1900 <= draft.year <= 2200:
        found.append(Reason("output.year_wrong", facts={"field": "year", "value": draft.year}))
    return Decision(tuple(found))


@transaction.atomic
def import_outputs(
    facility_id: str, drafts: Sequence[OutputDraft], title: str, desk: rules.Desk, *, by: Actor, at: datetime
) -> int:
    """Take in many outputs from one file, all or none; each is linked to the proposals that its record names."""
    facility = Facility.objects.filter(public_id=facility_id).first()
    if facility is None:
        raise Refused(Decision((Reason("facility.not_found"),)))
    permit(rules.may_manage_calls(facility.pk, desk))
    decision = Decision()
    for draft in drafts:
        decision += sound_output(draft)
    permit(decision)
    source = Source.objects.create(
        key=f"outputs-{new_id('imp', node_prefix())}"[:100],
        kind="import",
        title_zh=title[:500],
        title_en=title[:500],
        accessed=at.date().isoformat(),
    )
    for draft in drafts:
        add_output(facility, draft, source=source, by=by, at=at)
    record(Act("outputs.imported", facility.public_id, {"outputs": [None, len(drafts)]}, decision), by=by, at=at)
    return len(drafts)
