"""The writers of who reviews what: by the engine, and by hand."""

from __future__ import annotations

from collections.abc import Sequence
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
from headwater.useroffice.actions.steps import locked_call, locked_proposal, names_of
from headwater.useroffice.affinity import affinity_of
from headwater.useroffice.models import (
    Call,
    PanelMember,
    Proposal,
    Review,
    State,
)
from headwater.useroffice.rules.access import LIVE

SPREAD = 2  # reviews above the mean that a member may get before others are asked


@dataclass(frozen=True, slots=True)
class Assigned:
    """What the engine gave."""

    reviews: int
    floor: float | None
    total: float
    pairs_in_conflict: int


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
        fit = affinity_of(mine, members, queries.texts_of_members(members, call.facility))
        for rank in range(ranks):
            found = _assign_stage(call, mine, members, held, fit, rank, seed, at=at)
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
    fit: Any,
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
            if call.chance_cap is not None:
                told["cap"] = f"{call.chance_cap:.2f}"
            code = "assign.too_few" if call.chance_cap is None else "assign.too_few_drawn"
            short = Decision((Reason(code, facts=told),))
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
    return ask(proposal, email, waive=waive, ground=ground, by=by, at=at)


def ask(
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
