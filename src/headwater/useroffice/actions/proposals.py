"""The writers of proposals: drafting, the team, submitting, withdrawing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.registry.models import Instrument, Organisation
from headwater.registry.queries import node_prefix
from headwater.registry.rules import CONTROL, EMAIL
from headwater.useroffice import blocks, facts, papers, queries, rules
from headwater.useroffice.actions.checking import begin_check
from headwater.useroffice.actions.steps import locked_call, locked_proposal, step, tell_team
from headwater.useroffice.models import (
    BeamlineChoice,
    Call,
    DeclaredConflict,
    FormVersion,
    Mode,
    Proposal,
    ProposalFile,
    Sample,
    State,
    Submission,
    TeamMember,
    Track,
)
from headwater.useroffice.rules.forms import MOST_FILE_MB
from headwater.useroffice.rules.states import AT_ONCE

FILE_KINDS = {b"%PDF": "pdf", b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg"}


@dataclass(frozen=True, slots=True)
class SampleDraft:
    name: str
    hazards: Sequence[str] = ()
    quantity: str = ""


@dataclass(frozen=True, slots=True)
class ProposalDraft:
    """A proposal as its team wants it; beamlines, organisation and earlier proposals by public id."""

    title: str
    abstract: str = ""
    language: str = "en"
    track: str = ""
    organisation: str = ""
    beamlines: Sequence[str] = ()
    requested: int = 3
    minimum: int = 3
    blackouts: Sequence[tuple[date, date]] = ()
    answers: dict[str, str] = field(default_factory=dict)
    samples: Sequence[SampleDraft] = ()
    earlier: Sequence[str] = ()
    earlier_results: str = ""


@transaction.atomic
def start_proposal(call_id: str, draft: ProposalDraft, desk: rules.Desk, *, by: Actor, at: datetime) -> Proposal:
    """Begin a draft in an open call; whoever begins is the proposer."""
    # locked: a form that is published meanwhile reaches this draft too
    rows = Call.objects.select_for_update(of=("self",)).select_related("facility", "form")
    call = rows.filter(public_id=call_id).first()
    if call is None or call not in queries.visible_calls(desk):
        raise Refused(Decision((Reason("call.not_found"),)))
    if not desk.signed_in or by.user is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    if not desk.may_write:
        raise Refused(Decision((Reason("token.scope_missing", facts={"scope": "write"}),)))
    if not facts.call_is_open(call, at):
        raise Refused(Decision((Reason("call.not_open"),)))
    track = call.tracks.filter(code=draft.track).first() or call.tracks.order_by("pk").first()
    assert track is not None
    proposal = begin_draft(call, track, draft.title, by=by, at=at)
    write_draft(proposal, draft)
    return proposal


def begin_draft(call: Call, track: Track, title: str, *, by: Actor, at: datetime) -> Proposal:
    """A draft with nothing but a title and its proposer; in the caller's transaction, which has decided who may."""
    assert by.user is not None
    proposal = Proposal.objects.create(
        public_id=new_id(Proposal.KIND, node_prefix()),
        call=call,
        track=track,
        form=call.form,
        state_at=at,
        made_at=at,
        title=title[:300],
    )
    TeamMember.objects.create(
        proposal=proposal,
        user=by.user,
        email=by.user.email,
        name=str(by.user),
        proposer=True,
        may_edit=True,
        may_submit=True,
        accepted_at=at,
    )
    record(Act("proposal.begun", proposal.public_id, {"call": [None, call.code]}), by=by, at=at)
    return proposal


@transaction.atomic
def change_proposal(
    public_id: str, draft: ProposalDraft, desk: rules.Desk, *, expected_version: int | None, by: Actor, at: datetime
) -> Proposal:
    """Change a draft. An unfinished draft is kept too; `check_draft` tells what the call's rules have against it."""
    proposal = locked_proposal(public_id)
    decision = rules.may_change_proposal(
        facts.proposal_facts(proposal, desk, at=at), desk, expected_version=expected_version
    )
    permit(decision)
    write_draft(proposal, draft)
    proposal.version += 1
    proposal.save(update_fields=["version"])
    record(
        Act("proposal.changed", proposal.public_id, {"version": [proposal.version - 1, proposal.version]}), by=by, at=at
    )
    return proposal


@dataclass(frozen=True, slots=True)
class _Named:
    """The records that a draft names."""

    track: Track | None
    organisation: Organisation | None
    beamlines: Sequence[Instrument]
    earlier: Sequence[Proposal]


def _named_in(proposal: Proposal, draft: ProposalDraft) -> _Named:
    """The records that a draft names by key; refused where one is not there, or is not the team's to name."""
    track = proposal.call.tracks.filter(code=draft.track).first() if draft.track else None
    mine = TeamMember.objects.filter(proposal=proposal, user__isnull=False).values("user")
    # a sub-project is its laboratory's, whoever of its people acts
    kept = proposal.organisation_id
    homes = Organisation.objects.all() if proposal.call.mode == Mode.WITHIN else queries.homes_of(mine, kept)
    home = homes.filter(public_id=draft.organisation).first() if draft.organisation else None
    lines = {one.public_id: one for one in Instrument.objects.filter(public_id__in=draft.beamlines, access="proposal")}
    own = TeamMember.objects.filter(user__in=mine).values("proposal")
    before = Proposal.objects.filter(public_id__in=draft.earlier, pk__in=own).exclude(pk=proposal.pk)
    earlier = {one.public_id: one for one in before}
    unknown = [("track", draft.track)] if draft.track and track is None else []
    unknown += [("organisation", draft.organisation)] if draft.organisation and home is None else []
    for field_, given, found in (
        ("beamlines", draft.beamlines, lines),
        ("earlier", draft.earlier, earlier),
        ("answers", draft.answers, {one["key"] for one in proposal.form.questions}),
    ):
        unknown += [(field_, key) for key in given if key not in found]
    if unknown:
        told = [Reason("draft.unknown", facts={"field": about, "value": value[:60]}) for about, value in unknown]
        raise Refused(Decision(tuple(told)))
    return _Named(track, home, [lines[key] for key in dict.fromkeys(draft.beamlines)], list(earlier.values()))


def write_draft(proposal: Proposal, draft: ProposalDraft) -> None:
    """Write what a draft holds; in the caller's transaction, which has decided who may."""
    texts = [draft.title, draft.abstract, draft.earlier_results, *draft.answers.values()]
    if any(CONTROL.search(text) for text in texts):
        raise Refused(Decision((Reason("draft.control_characters"),)))
    if not 1 <= draft.minimum <= draft.requested <= 32_000:
        code = "draft.shifts_out_of_range" if not 1 <= draft.requested <= 32_000 else "draft.minimum_wrong"
        about = "requested" if code.endswith("range") else "minimum"
        raise Refused(Decision((Reason(code, facts={"field": about, "most": draft.requested}),)))
    named = _named_in(proposal, draft)
    proposal.track = named.track or proposal.track
    proposal.title, proposal.abstract, proposal.language = draft.title.strip()[:300], draft.abstract, draft.language
    proposal.organisation = named.organisation
    proposal.requested, proposal.minimum = draft.requested, draft.minimum
    proposal.blackouts = [[start.isoformat(), end.isoformat()] for start, end in draft.blackouts]
    proposal.answers = dict(draft.answers)
    proposal.earlier_results = draft.earlier_results
    proposal.save()
    proposal.files.exclude(question__in=[one["key"] for one in proposal.form.questions]).delete()
    proposal.earlier.set(named.earlier)
    proposal.choices.all().delete()
    BeamlineChoice.objects.bulk_create(
        BeamlineChoice(proposal=proposal, instrument=one, rank=rank) for rank, one in enumerate(named.beamlines)
    )
    proposal.samples.all().delete()
    Sample.objects.bulk_create(
        Sample(proposal=proposal, name=one.name[:200], hazards=list(one.hazards), quantity=one.quantity[:60])
        for one in {one.name: one for one in draft.samples if one.name.strip()}.values()
    )


@transaction.atomic
def add_file(
    public_id: str, question: str, name: str, content: bytes, desk: rules.Desk, *, by: Actor, at: datetime
) -> ProposalFile:
    """Answer a question of the form by a file: a PDF, PNG or JPEG."""
    proposal = locked_proposal(public_id)
    permit(rules.may_change_proposal(facts.proposal_facts(proposal, desk, at=at), desk))
    asked = next((one for one in proposal.form.questions if (one["key"], one["kind"]) == (question, "file")), None)
    found = []
    if asked is None:
        found.append(Reason("file.question_unknown", facts={"field": f"q_{question}"}))
    most, kinds = (asked or {}).get("most_mb") or MOST_FILE_MB, (asked or {}).get("kinds") or rules.FILE_KINDS
    if not content or len(content) > most * 1024**2:
        found.append(Reason("file.size", facts={"field": f"q_{question}", "most": most}))
    if not any(content.startswith(head) and kind in kinds for head, kind in FILE_KINDS.items()):
        told = ", ".join(kind.upper() for kind in kinds)
        found.append(Reason("file.kind", facts={"field": f"q_{question}", "kinds": told}))
    permit(Decision(tuple(found)))
    digest = hashlib.sha256(content).hexdigest()
    held, _new = ProposalFile.objects.update_or_create(
        proposal=proposal, question=question, defaults={"name": name[:200], "content": content, "sha256": digest}
    )
    record(Act("proposal.file_added", proposal.public_id, {"file": [None, name[:200]]}), by=by, at=at)
    return held


def check_draft(proposal: Proposal, *, at: datetime) -> Decision:
    """What the call's rules, and for a sub-project its share, say of a draft as it stands; nothing is written."""
    decision = rules.is_sound_proposal(facts.draft_facts(proposal, at=at))
    if proposal.call.mode == Mode.WITHIN:
        decision += rules.may_take(blocks.take_facts(proposal))
    return decision


def check_written(
    call: Call, form: FormVersion, draft: ProposalDraft, proposal: Proposal | None, *, at: datetime
) -> Decision:
    """The same of a draft that is not kept yet; nothing is written."""
    lines = {one.public_id: one for one in Instrument.objects.filter(public_id__in=draft.beamlines, access="proposal")}
    return rules.is_sound_proposal(
        facts.facts_as_written(
            call,
            form,
            title=draft.title,
            abstract=draft.abstract,
            organisation=Organisation.objects.filter(public_id=draft.organisation).exists(),
            choices=[lines[key] for key in dict.fromkeys(draft.beamlines) if key in lines],
            requested=draft.requested,
            minimum=draft.minimum,
            blackouts=draft.blackouts,
            answers=draft.answers,
            files=proposal.files.values_list("question", flat=True) if proposal else (),
            samples=[rules.SampleFacts(one.name, tuple(one.hazards)) for one in draft.samples],
            invited=sum(one.accepted_at is None for one in proposal.team.all()) if proposal else 0,
            at=at,
        )
    )


@transaction.atomic
def choose_beamline(
    public_id: str, beamline: str, place: str, desk: rules.Desk, *, by: Actor, at: datetime
) -> Proposal:
    """Put a beamline of the call ``first`` among a draft's choices or ``last``, or take it ``off``."""
    proposal = locked_proposal(public_id)
    permit(rules.may_change_proposal(facts.proposal_facts(proposal, desk, at=at), desk))
    line = proposal.call.beamlines.filter(public_id=beamline).first()
    chosen = [one.instrument for one in proposal.choices.all()]
    rest = [one for one in chosen if one.public_id != beamline]
    found = []
    if place not in ("first", "last", "off") or (line is None and place != "off"):
        found.append(Reason("draft.beamlines_missing", facts={"field": "beamlines"}))
    if place != "off" and len(rest) >= proposal.call.most_beamlines:
        most = proposal.call.most_beamlines
        found.append(Reason("draft.too_many_beamlines", facts={"field": "beamlines", "most": most}))
    permit(Decision(tuple(found)))
    added = [line] if line is not None and place != "off" else []
    kept = [*added, *rest] if place == "first" else [*rest, *added]
    proposal.choices.all().delete()
    BeamlineChoice.objects.bulk_create(
        BeamlineChoice(proposal=proposal, instrument=one, rank=rank) for rank, one in enumerate(kept)
    )
    proposal.version += 1
    proposal.save(update_fields=["version"])
    changes = {"beamlines": [[one.name for one in chosen], [one.name for one in kept]]}
    record(Act("proposal.changed", proposal.public_id, changes), by=by, at=at)
    return proposal


# The team -------------------------------------------------------------------------------------------------------
@transaction.atomic
def invite(
    public_id: str,
    email: str,
    name: str,
    desk: rules.Desk,
    *,
    may_edit: bool = False,
    may_submit: bool = False,
    by: Actor,
    at: datetime,
) -> TeamMember:
    """Ask somebody onto the team. Without an account she gets a mail and finds the invitation once she has one."""
    from headwater.useroffice.tasks import mail_invitation

    proposal = locked_proposal(public_id)
    permit(rules.may_change_proposal(facts.proposal_facts(proposal, desk, at=at), desk))
    email = email.strip()
    team = list(proposal.team.all())
    permit(
        rules.may_invite(
            email_sound=bool(EMAIL.fullmatch(email)) and len(email) <= 254,
            email=email,
            there=any(one.email.lower() == email.lower() for one in team),
            size=len(team),
        )
    )
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    member = TeamMember.objects.create(
        proposal=proposal, email=email, name=name[:200], may_edit=may_edit, may_submit=may_submit
    )
    record(Act("proposal.invited", proposal.public_id, {"person": [None, email]}), by=by, at=at)
    if user is not None:
        named = {"proposal": proposal.number, "title": proposal.title, "by": by.name}
        tell(user, "proposal.invitation", named, path="/beamtime/", at=at, key=f"invitation:{member.pk}")
    else:
        mail_invitation.defer(member_id=member.pk)
    return member


@transaction.atomic
def answer_invitation(member_id: int, accept: bool, *, by: Actor, at: datetime) -> Proposal:
    """Accept a place on a team, or decline it: whoever signs in with the invited address may."""
    member = TeamMember.objects.select_for_update(of=("self",)).filter(pk=member_id, accepted_at=None).first()
    if member is None or by.user is None or member.email.lower() != by.user.email.lower() or not _confirmed(by.user):
        raise Refused(Decision((Reason("invitation.not_found"),)))
    proposal = locked_proposal(member.proposal.public_id)
    if accept:
        member.user, member.accepted_at, member.name = by.user, at, str(by.user)
        member.save(update_fields=["user", "accepted_at", "name"])
    else:
        member.delete()
    record(Act("proposal.invitation_answered", proposal.public_id, {"accepted": [None, accept]}), by=by, at=at)
    return proposal


def _confirmed(user: User) -> bool:
    """Whether the address is proved to be hers: an unproved one opens nobody's invitation."""
    from allauth.account.models import EmailAddress

    return EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists()


@transaction.atomic
def remove_member(public_id: str, member_id: int, desk: rules.Desk, *, by: Actor, at: datetime) -> None:
    """Take somebody but the proposer off a draft's team."""
    proposal = locked_proposal(public_id)
    permit(rules.may_change_proposal(facts.proposal_facts(proposal, desk, at=at), desk))
    member = proposal.team.filter(pk=member_id, proposer=False).first()
    if member is not None:
        email = member.email
        member.delete()
        record(Act("proposal.member_removed", proposal.public_id, {"person": [email, None]}), by=by, at=at)


@transaction.atomic
def set_rights(
    public_id: str,
    member_id: int,
    desk: rules.Desk,
    *,
    may_edit: bool,
    may_submit: bool,
    by: Actor,
    at: datetime,
) -> None:
    """Change what somebody on a draft's team may do; the proposer may always do all."""
    proposal = locked_proposal(public_id)
    permit(rules.may_change_proposal(facts.proposal_facts(proposal, desk, at=at), desk))
    member = proposal.team.filter(pk=member_id, proposer=False).first()
    if member is None:
        return
    changes = {
        "person": [member.email, member.email],
        "may_edit": [member.may_edit, may_edit],
        "may_submit": [member.may_submit, may_submit],
    }
    member.may_edit, member.may_submit = may_edit, may_submit
    member.save(update_fields=["may_edit", "may_submit"])
    record(Act("proposal.rights_set", proposal.public_id, changes), by=by, at=at)


@transaction.atomic
def exclude_reviewer(public_id: str, email: str, reason: str, desk: rules.Desk, *, by: Actor, at: datetime) -> None:
    """Name somebody who should not judge the proposal. Whoever has no account can't be asked to, which is told."""
    proposal = locked_proposal(public_id)
    permit(rules.may_change_proposal(facts.proposal_facts(proposal, desk, at=at), desk))
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        raise Refused(Decision((Reason("team.nobody_to_exclude", facts={"field": "email", "value": email.strip()}),)))
    DeclaredConflict.objects.get_or_create(
        proposal=proposal, person=user, by_reviewer=False, defaults={"reason": reason[:500], "at": at}
    )
    record(Act("proposal.reviewer_excluded", proposal.public_id, {"person": [None, user.email]}), by=by, at=at)


@transaction.atomic
def admit_reviewer(public_id: str, email: str, desk: rules.Desk, *, by: Actor, at: datetime) -> None:
    """Take back that somebody should not judge a draft."""
    proposal = locked_proposal(public_id)
    permit(rules.may_change_proposal(facts.proposal_facts(proposal, desk, at=at), desk))
    held = proposal.declared_conflicts.filter(by_reviewer=False, person__email__iexact=email.strip()).first()
    if held is not None:
        held.delete()
        record(Act("proposal.reviewer_excluded", proposal.public_id, {"person": [email.strip(), None]}), by=by, at=at)


# Submitting -----------------------------------------------------------------------------------------------------
def _locked_in_call(public_id: str) -> tuple[Call, Proposal]:
    """The proposal and its call, the call locked first."""
    seen = Proposal.objects.select_related("call").filter(public_id=public_id).first()
    if seen is None:
        raise Refused(Decision((Reason("proposal.not_found"),)))
    call = locked_call(seen.call.public_id, within=True)
    return call, locked_proposal(public_id)


@transaction.atomic
def submit_proposal(public_id: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Submission:
    """Submit a draft: a receipt, a number, and a frozen paper in its language.

    The call is locked first, so that numbers follow the order of submission and the deadline is one for all.
    """
    call, proposal = _locked_in_call(public_id)
    permit(rules.may_submit_for(facts.proposal_facts(proposal, desk, at=at), desk))
    permit(rules.may_move(call.mode, proposal.state, "submit"))
    decision = check_draft(proposal, at=at)
    permit(decision)
    if proposal.code is None:
        taken = call.proposals.exclude(code=None).count()
        proposal.code = f"{call.code}-{taken + 1:04d}"
    proposal.submitted_at = at
    proposal.save(update_fields=["code", "submitted_at"])
    content, paper = papers.frozen(proposal, at=at)
    number = proposal.submissions.count() + 1
    submission = Submission.objects.create(
        proposal=proposal,
        number=number,
        at=at,
        by=by.user,
        language=proposal.language,
        content=content,
        paper=paper,
        sha256=hashlib.sha256(paper).hexdigest(),
    )
    changes = {"paper": [None, submission.sha256], "number": [None, number]}
    step(proposal, "submit", by=by, at=at, decision=decision, changes=changes)
    tell_team(proposal, "proposal.received", {}, at=at, key=f"received:{proposal.pk}:{number}")
    if call.mode in AT_ONCE:
        begin_check(proposal, by=by, at=at)
    return submission


@transaction.atomic
def withdraw_proposal(public_id: str, reason: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Proposal:
    """Take a proposal out of the call for good."""
    proposal = locked_proposal(public_id)
    permit(rules.may_submit_for(facts.proposal_facts(proposal, desk, at=at), desk))
    step(proposal, "withdraw", by=by, at=at, ground=reason[:500])
    return proposal


@transaction.atomic
def reopen_proposal(public_id: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Proposal:
    """Take a submitted proposal back to a draft of the call's newest form, while the call is open."""
    _call, proposal = _locked_in_call(public_id)
    permit(rules.may_submit_for(facts.proposal_facts(proposal, desk, at=at), desk))
    if not facts.call_is_open(proposal.call, at):
        raise Refused(Decision((Reason("call.not_open"),)))
    step(proposal, "reopen", by=by, at=at)
    if proposal.form_id != proposal.call.form_id:
        proposal.form = proposal.call.form
        proposal.save(update_fields=["form"])
    return proposal


@transaction.atomic
def set_carry_over(
    public_id: str, carry_over: bool, discretionary: bool, desk: rules.Desk, *, by: Actor, at: datetime
) -> None:
    """The office's two marks: it must be granted at least its minimum; it counts in the director's pool."""
    proposal = locked_proposal(public_id)
    permit(rules.may_manage_calls(proposal.call.facility_id, desk))
    changes: dict[str, Any] = {
        "carry_over": [proposal.carry_over, carry_over],
        "discretionary": [proposal.discretionary, discretionary],
    }
    proposal.carry_over, proposal.discretionary = carry_over, discretionary
    proposal.save(update_fields=["carry_over", "discretionary"])
    record(Act("proposal.marked", proposal.public_id, changes), by=by, at=at)


def mark_invited(member_id: int) -> TeamMember | None:
    """The invitation that still waits, for the mail; None where it was answered or taken back."""
    return (
        TeamMember.objects.filter(pk=member_id, accepted_at=None)
        .exclude(proposal__state=State.WITHDRAWN)
        .select_related("proposal__call__facility")
        .first()
    )
