"""The writers of feasibility, reviews, decisions and letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction

from headwater.accounts.actions.notices import tell
from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id
from headwater.engines.assignment import Conflicts, TooFewReviewers, assign_reviewers
from headwater.registry.queries import node_prefix
from headwater.useroffice import facts, queries, rules
from headwater.useroffice.actions.steps import locked_call, locked_proposal, names_of, step, tell_team
from headwater.useroffice.models import (
    BeamlineScientist,
    Call,
    DeclaredConflict,
    Feasibility,
    Letter,
    PanelMember,
    Proposal,
    Review,
    State,
    Verdict,
)
from headwater.useroffice.rules.access import LIVE

DIRECT = ("industry", "partner", "urgent")
SPREAD = 2  # reviews above the mean that a member may get before others are asked


# Feasibility ----------------------------------------------------------------------------------------------------
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
    changes = {"beamline": [None, beamline], "verdict": [None, verdict]}
    record(Act("feasibility.judged", proposal.public_id, changes, decision), by=by, at=at)
    if proposal.state == State.FEASIBILITY:
        said = list(proposal.feasibilities.values_list("verdict", flat=True))
        if all(said):
            fit = any(one in ("feasible", "conditional") for one in said)
            step(proposal, "feasible" if fit else "infeasible", by=by, at=at)
    return held


# Assigning ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Assigned:
    """What the engine gave."""

    reviews: int
    floor: float | None
    total: float
    pairs_in_conflict: int


def affinity_of(proposals: Sequence[Proposal], members: Sequence[PanelMember]) -> Any:
    """Fit from 0 to 1: the part of a proposal's techniques that a member names among her fields."""
    fit = np.zeros((len(proposals), len(members)))
    fields = [frozenset(word.casefold() for word in one.fields) for one in members]
    for p, one in enumerate(proposals):
        wanted = frozenset(
            word.casefold()
            for choice in one.choices.all()
            for link in choice.instrument.technique_links.all()
            for word in (link.technique.code, link.technique.name_en, link.technique.name_zh)
            if word
        )
        techniques = len(
            {link.technique_id for choice in one.choices.all() for link in choice.instrument.technique_links.all()}
        )
        for m, own in enumerate(fields):
            fit[p, m] = min(1.0, len(wanted & own) / techniques) if techniques else 0.0
    return fit


@transaction.atomic
def assign(call_id: str, desk: rules.Desk, *, seed: int = 0, by: Actor, at: datetime) -> Assigned:
    """Let the engine give every proposal in review the reviewers it still lacks, within loads, without conflicts.

    Those asked already stay. Where the call asks for it the pairs are drawn, none with a greater chance than its cap.
    """
    call = locked_call(call_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    waiting = list(
        queries.with_all(call.proposals.filter(state=State.REVIEW))
        .prefetch_related("choices__instrument__technique_links__technique", "track__stages")
        .order_by("code")
    )
    held = queries.reviews_of(call)
    made, total, floor, barred = 0, 0.0, None, 0
    for panel_id in sorted({one.track.panel_id for one in waiting if one.track.panel_id}):
        members = list(PanelMember.objects.filter(panel=panel_id).select_related("user").order_by("pk"))
        mine = [one for one in waiting if one.track.panel_id == panel_id]
        ranks = max((len(one.track.stages.all()) for one in mine), default=0)
        for rank in range(ranks):
            found = _assign_stage(call, mine, members, held, rank, seed, at=at)
            made += len(found[0])
            held += found[0]
            total += found[1]
            floor = found[2] if floor is None else min(floor, found[2] if found[2] is not None else floor)
            barred = max(barred, found[3])
    if any(one.track.panel_id is None for one in waiting):
        raise Refused(Decision((Reason("assign.no_panel"),)))
    changes = {"reviews": [None, made], "seed": [None, seed]}
    record(Act("reviews.assigned", call.public_id, changes), by=by, at=at)
    counted: dict[int, int] = {}
    for one in held:
        if one.assigned_at == at:
            counted[one.reviewer_id] = counted.get(one.reviewer_id, 0) + 1
    for user in User.objects.filter(pk__in=counted):
        named = {"number": counted[user.pk], "call": names_of(call)}
        tell(user, "review.asked", named, path="/beamtime/reviews/", at=at, key=f"reviews:{call.pk}:{at:%s}")
    return Assigned(made, floor, total, barred)


def _assign_stage(
    call: Call,
    proposals: Sequence[Proposal],
    members: Sequence[PanelMember],
    held: Sequence[Review],
    rank: int,
    seed: int,
    *,
    at: datetime,
) -> tuple[list[Review], float, float | None, int]:
    """One stage of one panel: the engine over what is lacking."""
    stages = [next((s for s in one.track.stages.all() if s.rank == rank), None) for one in proposals]
    have: dict[tuple[int, int], set[int]] = {}
    loads: dict[int, int] = {}
    for review in held:
        have.setdefault((review.proposal_id, review.stage_id), set()).add(review.reviewer_id)
        loads[review.reviewer_id] = loads.get(review.reviewer_id, 0) + 1
    need = np.array(
        [
            max(0, stage.needed - len(have.get((one.pk, stage.pk), ()))) if stage else 0
            for one, stage in zip(proposals, stages, strict=True)
        ],
        np.int64,
    )
    if not need.any():
        return [], 0.0, None, 0
    users = [one.user_id for one in members]
    room = np.array([max(0, one.max_load - loads.get(one.user_id, 0)) for one in members], np.int64)
    conflicts = facts.conflicts_between(proposals, users)
    refused = set(
        Review.objects.filter(proposal__in=proposals).exclude(state__in=LIVE).values_list("proposal", "reviewer")
    )
    asked = {(review.proposal_id, review.reviewer_id) for review in held}
    barred = []
    for p, one in enumerate(proposals):
        for m, member in enumerate(members):
            pair = (one.pk, member.user_id)
            speaks = not member.languages or one.language in member.languages
            if pair in conflicts or pair in refused or pair in asked or not speaks:
                barred.append((p, m))
    table = np.array(barred, np.int64).reshape(-1, 2)
    fit = affinity_of(proposals, members)
    # where many fit alike the load is spread; those with more than a fair part are asked only if it can't be
    fair = -(-int(need.sum()) // max(len(members), 1)) + SPREAD
    rooms = [np.minimum(room, fair), room]
    given: dict[str, Any] = {
        "per_proposal": need,
        "conflicts": Conflicts(table[:, 0], table[:, 1], np.zeros(len(table), np.int64)),
        "cap": float(call.chance_cap) if call.chance_cap is not None else None,
    }
    found = None
    for most in rooms:
        rng = np.random.default_rng(seed) if call.chance_cap is not None else None
        try:
            found = assign_reviewers(fit, max_load=most, rng=rng, **given)
        except TooFewReviewers as error:
            codes = ", ".join(proposals[p].number for p in error.proposals[:10])
            told = {"proposals": codes, "needed": error.needed, "room": error.room}
            short = Decision((Reason("assign.too_few", facts=told),))
        else:
            break
    if found is None:
        raise Refused(short)
    made = [
        Review(
            public_id=new_id("rev", node_prefix()),
            proposal=proposals[p],
            stage=stages[p],
            reviewer=members[m].user,
            affinity=float(fit[p, m]),
            chance=float(found.probability[k]) if found.probability is not None else None,
            assigned_at=at,
        )
        for k, (p, m) in enumerate(found.pairs.tolist())
    ]
    Review.objects.bulk_create(made)
    return made, found.total, found.floor if np.isfinite(found.floor) else None, len(conflicts)


@transaction.atomic
def ask_reviewer(
    public_id: str,
    email: str,
    desk: rules.Desk,
    *,
    waive: Sequence[str] = (),
    ground: str = "",
    by: Actor,
    at: datetime,
) -> Review:
    """The office asks one person for one review; a conflict can't be passed."""
    proposal = locked_proposal(public_id)
    permit(rules.may_manage_calls(proposal.call.facility_id, desk))
    return _ask(proposal, email, waive=waive, ground=ground, by=by, at=at)


def _ask(
    proposal: Proposal, email: str, *, waive: Sequence[str] = (), ground: str = "", by: Actor, at: datetime
) -> Review:
    call = locked_call(proposal.call.public_id)
    user = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    stage = proposal.track.stages.order_by("rank").first()
    if user is None or stage is None:
        code = "person.not_found" if user is None else "track.not_found"
        raise Refused(Decision((Reason(code, facts={"field": "email", "email": email}),)))
    member = PanelMember.objects.filter(panel=proposal.track.panel_id, user=user).first()
    conflicts = facts.conflicts_between([proposal], [user.pk]).get((proposal.pk, user.pk), ())
    decision = rules.may_assign(
        conflicts=conflicts,
        load=queries.loads_of(call).get(user.pk, 0),
        most=member.max_load if member else 0,
        state=proposal.state,
        on_panel=member is not None,
    )
    permit(decision, waive=waive, ground=ground)
    review, is_new = Review.objects.get_or_create(
        proposal=proposal,
        stage=stage,
        reviewer=user,
        defaults={"public_id": new_id("rev", node_prefix()), "assigned_at": at},
    )
    if not is_new and review.state in ("declined", "delegated"):
        review.state, review.assigned_at = "assigned", at
        review.save(update_fields=["state", "assigned_at"])
    record(
        Act("review.asked", proposal.public_id, {"person": [None, user.email]}, decision, tuple(waive), ground),
        by=by,
        at=at,
    )
    named = {"number": 1, "call": names_of(call)}
    tell(user, "review.asked", named, path="/beamtime/reviews/", at=at, key=f"review:{review.pk}:{at:%s}")
    return review


# Reviewing ------------------------------------------------------------------------------------------------------
def _held_review(public_id: str) -> tuple[Review, Proposal, rules.ReviewFacts]:
    review = Review.objects.select_for_update(of=("self",)).select_related("stage").filter(public_id=public_id).first()
    if review is None:
        raise Refused(Decision((Reason("review.not_found"),)))
    proposal = locked_proposal(review.proposal.public_id)
    conflicts = facts.conflicts_between([proposal], [review.reviewer_id]).get((proposal.pk, review.reviewer_id), ())
    return review, proposal, rules.ReviewFacts(review.reviewer_id, review.state, proposal.state, conflicts)


@transaction.atomic
def give_review(
    public_id: str,
    scores: Mapping[str, object],
    for_panel: str,
    for_proposer: str,
    desk: rules.Desk,
    *,
    by: Actor,
    at: datetime,
) -> Review:
    """Give a review, or change it while the proposal is in review."""
    review, proposal, about = _held_review(public_id)
    criteria = {one["key"]: float(one.get("weight", 1)) for one in review.stage.criteria}
    given = rules.GivenReview(scores, for_panel, for_proposer)
    decision = rules.may_give_review(about, desk, given=given, criteria=tuple(criteria))
    permit(decision)
    kept = {key: int(str(scores[key])) for key in criteria}
    review.scores, review.for_panel, review.for_proposer = kept, for_panel, for_proposer
    review.score = sum(criteria[key] * kept[key] for key in criteria) / sum(criteria.values())
    review.state, review.given_at = "submitted", at
    review.save()
    record(Act("review.given", proposal.public_id, {"review": [None, review.public_id]}, decision), by=by, at=at)
    return review


@transaction.atomic
def decline_review(
    public_id: str, reason: str, desk: rules.Desk, *, conflict: bool = False, by: Actor, at: datetime
) -> Review:
    """Decline a review with a reason; with ``conflict`` that is declared too, and binds from now on."""
    review, proposal, about = _held_review(public_id)
    if about.reviewer_id != desk.user_id:
        raise Refused(Decision((Reason("review.not_found"),)))
    if not reason.strip():
        raise Refused(Decision((Reason("review.reason_missing", facts={"field": "reason"}),)))
    review.state, review.reason = "declined", reason[:500]
    review.save(update_fields=["state", "reason"])
    if conflict:
        DeclaredConflict.objects.get_or_create(
            proposal=proposal, person=review.reviewer, by_reviewer=True, defaults={"reason": reason[:500], "at": at}
        )
    changes = {"review": [review.public_id, None], "conflict": [None, conflict]}
    record(Act("review.declined", proposal.public_id, changes, ground=reason[:500]), by=by, at=at)
    return review


@transaction.atomic
def delegate_review(public_id: str, email: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Review:
    """Hand a review on to another member of the panel who may give it."""
    review, proposal, about = _held_review(public_id)
    permit(rules.may_give_review(about, desk))
    if email.strip().lower() == review.reviewer.email.lower():
        raise Refused(Decision((Reason("review.to_herself", facts={"field": "email"}),)))
    made = _ask(proposal, email, by=by, at=at)
    review.state, review.delegated_to = "delegated", made.reviewer
    review.save(update_fields=["state", "delegated_to"])
    return made


@transaction.atomic
def declare_conflict(public_id: str, reason: str, desk: rules.Desk, *, by: Actor, at: datetime) -> None:
    """Declare a conflict of one's own with a proposal one would judge; a review asked for is taken back."""
    proposal = locked_proposal(public_id)
    seen = rules.may_see_proposal(facts.proposal_facts(proposal, desk, at=at), desk)
    if "proposal.not_found" in seen.codes or by.user is None:
        raise Refused(seen if seen.reasons else Decision((Reason("sign_in.needed"),)))
    DeclaredConflict.objects.get_or_create(
        proposal=proposal, person=by.user, by_reviewer=True, defaults={"reason": reason[:500], "at": at}
    )
    proposal.reviews.filter(reviewer=by.user, state="assigned").update(state="declined", reason=reason[:500])
    record(
        Act("conflict.declared", proposal.public_id, {"person": [None, by.user.email]}, ground=reason[:500]),
        by=by,
        at=at,
    )


# Deciding -------------------------------------------------------------------------------------------------------
@transaction.atomic
def open_panel(
    call_id: str, desk: rules.Desk, *, waive: Sequence[str] = (), ground: str = "", by: Actor, at: datetime
) -> int:
    """Hand everything in review to the panel; reviews that are missing can be passed with a ground."""
    call = locked_call(call_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    waiting = list(
        queries.with_all(call.proposals.select_for_update(of=("self",)).filter(state=State.REVIEW)).prefetch_related(
            "track__stages", "reviews"
        )
    )
    missing = [one for one in waiting if (due := facts.reviews_due(one, one.reviews.all()))[0] < due[1]]
    if missing and "panel.reviews_missing" not in waive:
        told = {"have": len(waiting) - len(missing), "need": len(waiting)}
        permit(Decision((Reason("panel.proposals_lack_reviews", facts=told),)))
    if missing and not ground.strip():
        raise Refused(Decision((Reason("waiver.ground_missing"),)))
    for proposal in waiting:
        passed = tuple(waive) if proposal in missing else ()
        step(proposal, "reviewed", by=by, at=at, waived=passed, ground=ground if passed else "")
    return len(waiting)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a panel decides of one proposal."""

    kind: str
    rank: int | None = None
    reason: str = ""
    shifts: int | None = None


ACT_OF = {"recommend": "recommend", "reserve": "reserve", "decline": "decline"}


@transaction.atomic
def decide(
    public_id: str,
    judgement: Judgement,
    desk: rules.Desk,
    *,
    waive: Sequence[str] = (),
    ground: str = "",
    by: Actor,
    at: datetime,
) -> Verdict:
    """Write the panel's decision. Decided before, it goes back first: every version is kept, none is told yet."""
    proposal = locked_proposal(public_id)
    seen = facts.proposal_facts(proposal, desk, at=at)
    own = list(proposal.reviews.all())
    given, due = facts.reviews_due(proposal, own)
    if judgement.kind not in ACT_OF:
        raise Refused(Decision((Reason("panel.kind_unknown", facts={"field": "kind"}),)))
    decision = rules.may_decide(
        office=desk.office(proposal.call.facility_id),
        on_panel=proposal.track.panel_id in desk.panels,
        conflicts=seen.conflicts,
        reviews_in=given,
        reviews_due=0 if proposal.call.mode in DIRECT else due,
        reason=judgement.reason,
        kind=judgement.kind,
    )
    if not desk.may_write:
        decision += Decision((Reason("token.scope_missing", facts={"scope": "write"}),))
    permit(decision, waive=waive, ground=ground)
    if proposal.state in ("recommended", "standby", "declined"):
        step(proposal, "back", by=by, at=at)
    verdict = Verdict.objects.create(
        proposal=proposal,
        kind=judgement.kind,
        rank=judgement.rank,
        shifts=judgement.shifts,
        reason=judgement.reason[:5000],
        by=by.user,
        at=at,
    )
    changes = {"rank": [None, judgement.rank], "kind": [None, judgement.kind]}
    step(
        proposal,
        ACT_OF[judgement.kind],
        by=by,
        at=at,
        decision=decision,
        changes=changes,
        waived=(passed := tuple(code for code in waive if code in decision.codes)),
        ground=ground if passed else "",
    )
    return verdict


@transaction.atomic
def decide_by_rank(
    call_id: str, order: Sequence[str], recommend: int, reason: str, desk: rules.Desk, *, by: Actor, at: datetime
) -> int:
    """Decide a whole list in one pass: the first ``recommend`` are recommended, the rest go to the standby list.

    Proposals in conflict with whoever decides are left for somebody else.
    """
    call = locked_call(call_id)
    done = 0
    rows = {one.public_id: one for one in call.proposals.filter(public_id__in=order, state=State.PANEL)}
    if by.user is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    conflicts = facts.conflicts_between(rows.values(), [by.user.pk])
    for rank, public_id in enumerate(order, 1):
        held = rows.get(public_id)
        if held is None or (held.pk, by.user.pk) in conflicts:
            continue
        kind = "recommend" if rank <= recommend else "reserve"
        waive = ("panel.reviews_missing",)
        decide(public_id, Judgement(kind, rank, reason), desk, waive=waive, ground=reason, by=by, at=at)
        done += 1
    return done


def close_standby(call: Call, *, by: Actor, at: datetime) -> None:
    """When a call is completed, what stayed on the standby list is declined; in the caller's transaction."""
    for proposal in queries.with_all(call.proposals.filter(state=State.STANDBY)):
        step(proposal, "close", by=by, at=at)


# Telling --------------------------------------------------------------------------------------------------------
NOTICE_OF = {
    "scheduled": "decision.scheduled",
    "standby": "decision.standby",
    "declined": "decision.declined",
    "infeasible": "decision.infeasible",
}


def letter_facts(proposal: Proposal, letter: Letter | None, verdict: Verdict | None, award: Any) -> dict[str, Any]:
    """What a letter's words name."""
    note = {"zh": letter.note_zh if letter else "", "en": letter.note_en if letter else ""}
    told: dict[str, Any] = {
        "proposal": proposal.number,
        "title": proposal.title,
        "call": names_of(proposal.call),
        "note": note,
        "reason": verdict.reason if verdict else "",
    }
    if award is not None:
        told |= {
            "shifts": award.shifts,
            "beamline": names_of(award.instrument),
            "start": award.start.isoformat(),
            "end": award.end.isoformat(),
        }
    return told


@transaction.atomic
def note_letter(public_id: str, note_zh: str, note_en: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Letter:
    """Add a sentence of the office to a letter that waits, in both languages."""
    proposal = locked_proposal(public_id)
    permit(rules.may_manage_calls(proposal.call.facility_id, desk))
    if bool(note_zh.strip()) != bool(note_en.strip()):
        raise Refused(Decision((Reason("letters.one_language", facts={"field": "note_zh"}),)))
    letter, _new = Letter.objects.update_or_create(
        proposal=proposal,
        state=proposal.state,
        sent_at=None,
        defaults={"note_zh": note_zh.strip()[:1000], "note_en": note_en.strip()[:1000], "by": by.user},
    )
    record(Act("letter.noted", proposal.public_id, {"note": [None, note_en.strip()[:200]]}), by=by, at=at)
    return letter


@transaction.atomic
def send_letters(
    call_id: str, desk: rules.Desk, *, waive: Sequence[str] = (), ground: str = "", by: Actor, at: datetime
) -> int:
    """Tell everybody together what was decided; each letter goes once, whatever is pressed twice."""
    call = locked_call(call_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    pending = list(queries.pending_letters(call))
    undecided = call.proposals.filter(
        state__in=[State.SUBMITTED, State.FEASIBILITY, State.REVIEW, State.PANEL, State.RECOMMENDED]
    ).count()
    decision = rules.may_send_letters(pending=len(pending), undecided=undecided)
    permit(decision, waive=waive, ground=ground)
    verdicts = queries.latest_verdicts([one.pk for one in pending])
    awards = {one.proposal_id: one for one in queries.awards_of(queries.published(call))}
    for proposal in pending:
        letter = next((one for one in proposal.waiting if one.state == proposal.state), None) or Letter(
            proposal=proposal, state=proposal.state
        )
        named = letter_facts(proposal, letter, verdicts.get(proposal.pk), awards.get(proposal.pk))
        letter.sent_at, letter.by = at, by.user
        letter.save()
        proposal.told_state, proposal.told_at = proposal.state, at
        proposal.save(update_fields=["told_state", "told_at"])
        tell_team(proposal, NOTICE_OF[proposal.state], named, at=at, key=f"decision:{letter.pk}")
    record(
        Act("letters.sent", call.public_id, {"letters": [None, len(pending)]}, decision, tuple(waive), ground),
        by=by,
        at=at,
    )
    return len(pending)
