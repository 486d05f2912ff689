"""A panel's ranking: raw and corrected scores side by side, ties by a named rule, and each beamline's cut-off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from headwater.engines.scores import correct_scores
from headwater.useroffice import facts, queries
from headwater.useroffice.models import Award, Call, Proposal, Review, State, Verdict
from headwater.useroffice.rules.access import Desk

HIDDEN = (State.DRAFT, State.SUBMITTED, State.WITHDRAWN, State.FEASIBILITY, State.INFEASIBLE)
NEAR = 1.0  # proposals closer than this many standard errors of their difference are told to be near


@dataclass(slots=True)
class Ranked:
    """One proposal in the panel's table."""

    proposal: Proposal
    rank: int
    raw: float | None
    merit: float | None
    error: float | None
    given: int
    due: int
    near_above: bool
    conflict: tuple[str, ...]
    verdict: Verdict | None
    remarks: int
    reviews: Sequence[Review] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Severity:
    """How severe a reviewer is beside her colleagues; below 0 she is lenient."""

    reviewer: Any
    reviews: int
    severity: float
    error: float


@dataclass(frozen=True, slots=True)
class Ranking:
    """A call's table, the reviewers' severities, and how widely merit, severity and noise spread."""

    rows: Sequence[Ranked]
    severities: Sequence[Severity]
    spreads: tuple[float, float, float]


def ranking_of(call: Call, desk: Desk) -> Ranking:
    """Rank by corrected score, then by earlier submission, then by number. Nine queries however many proposals.

    The scores of a track's stages are corrected stage by stage, each over the whole call, and weighed.
    """
    proposals = list(
        queries.with_all(call.proposals.exclude(state__in=HIDDEN))
        .prefetch_related("track__stages")
        .order_by("submitted_at", "code")
    )
    reviews = queries.reviews_of(call)
    verdicts = queries.latest_verdicts([one.pk for one in proposals])
    remarks = queries.remark_counts(call)
    conflicts = facts.conflicts_between(proposals, [desk.user_id]) if desk.user_id is not None else {}
    place = {one.pk: k for k, one in enumerate(proposals)}
    by_rank: dict[int, list[Review]] = {}
    for review in reviews:
        if review.proposal_id in place:
            by_rank.setdefault(review.stage.rank, []).append(review)
    n = len(proposals)
    weights = np.zeros(n)
    merit, raw, variance = np.zeros(n), np.zeros(n), np.zeros(n)
    severities: list[Severity] = []
    spreads = (0.0, 0.0, 0.0)
    for rank in sorted(by_rank):
        given = [one for one in by_rank[rank] if one.state == "submitted"]
        people = sorted({one.reviewer_id for one in given})
        found = correct_scores(
            np.array([place[one.proposal_id] for one in given], np.int64),
            np.array([people.index(one.reviewer_id) for one in given], np.int64),
            [one.score for one in given],
            n_proposals=n,
            n_reviewers=len(people),
        )
        there = found.reviews > 0
        heavy = np.zeros(n)
        for one in given:
            heavy[place[one.proposal_id]] = float(one.stage.weight)
        weights += np.where(there, heavy, 0.0)
        merit += np.where(there, heavy * np.nan_to_num(found.merit), 0.0)
        raw += np.where(there, heavy * np.nan_to_num(found.raw_mean), 0.0)
        variance += np.where(there, (heavy * np.nan_to_num(found.merit_error)) ** 2, 0.0)
        loads = np.bincount([people.index(one.reviewer_id) for one in given], minlength=len(people))
        names = {one.reviewer_id: one.reviewer for one in given}
        severities += [
            Severity(names[user], int(loads[k]), float(found.severity[k]), float(found.severity_error[k]))
            for k, user in enumerate(people)
        ]
        spreads = (found.merit_spread, found.severity_spread, found.noise)
    scored = weights > 0
    safe = np.where(scored, weights, 1.0)
    merit, raw, error = merit / safe, raw / safe, np.sqrt(variance) / safe
    order = sorted(
        range(n),
        key=lambda k: (not scored[k], -merit[k] if scored[k] else 0.0, proposals[k].submitted_at, proposals[k].code),
    )
    by_proposal: dict[int, list[Review]] = {}
    for review in reviews:
        by_proposal.setdefault(review.proposal_id, []).append(review)
    rows: list[Ranked] = []
    above: int | None = None
    for position, k in enumerate(order, 1):
        one = proposals[k]
        mine = by_proposal.get(one.pk, [])
        done, due = facts.reviews_due(one, mine)
        near = (
            above is not None
            and bool(scored[k])
            and merit[above] - merit[k] < NEAR * float(np.hypot(error[above], error[k]))
        )
        hidden = conflicts.get((one.pk, desk.user_id or 0), ())
        rows.append(
            Ranked(
                one,
                position,
                float(raw[k]) if scored[k] else None,
                float(merit[k]) if scored[k] else None,
                float(error[k]) if scored[k] else None,
                done,
                due,
                near,
                hidden,
                verdicts.get(one.pk),
                remarks.get(one.pk, 0),
                mine,
            )
        )
        above = k
    return Ranking(rows, sorted(severities, key=lambda one: -one.severity), spreads)


@dataclass(frozen=True, slots=True)
class CutOff:
    """What it took to get beam on one beamline."""

    beamline: Any
    requested: int
    granted: int
    experiments: int
    worst_in: Proposal | None
    best_out: Proposal | None

    @property
    def oversubscription(self) -> float | None:
        return self.requested / self.granted if self.granted else None


def cut_offs(ranking: Ranking, awards: Sequence[Award]) -> list[CutOff]:
    """For each beamline the last proposal that got beam and the first that got none, by the panel's order; no query."""
    got = {one.proposal_id: one for one in awards}
    lines: dict[int, Any] = {}
    rows: dict[int, list[Ranked]] = {}
    for row in ranking.rows:
        choices = list(row.proposal.choices.all())
        if choices:
            lines[choices[0].instrument_id] = choices[0].instrument
            rows.setdefault(choices[0].instrument_id, []).append(row)
    found = []
    for key, line in sorted(lines.items(), key=lambda item: item[1].name):
        inside = [row for row in rows[key] if row.proposal.pk in got]
        outside = [row for row in rows[key] if row.proposal.pk not in got]
        here = [one for one in awards if one.instrument_id == key]
        found.append(
            CutOff(
                line,
                sum(row.proposal.requested for row in rows[key]),
                sum(one.shifts for one in here),
                len(here),
                inside[-1].proposal if inside else None,
                outside[0].proposal if outside else None,
            )
        )
    return found
