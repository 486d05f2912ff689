"""A panel's ranking: raw and corrected scores side by side, ties by a named rule, and each beamline's cut-off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from django.urls import reverse

from headwater.engines.scores import correct_scores
from headwater.registry.models import Instrument
from headwater.useroffice import facts, queries
from headwater.useroffice.models import Award, Call, Proposal, Stage, State, Verdict, VerdictKind
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
    beamlines: Sequence[Instrument] = ()


@dataclass(frozen=True, slots=True)
class Severity:
    """How severe a reviewer is beside her colleagues; below 0 she is lenient."""

    reviewer: Any
    reviews: int
    severity: float
    error: float
    stage: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """A call's table, the reviewers' severities, and how widely merit, severity and noise spread."""

    rows: Sequence[Ranked]
    severities: Sequence[Severity]
    spreads: tuple[float, float, float]


def ranking_of(call: Call, desk: Desk) -> Ranking:
    """Rank by corrected score, then by earlier submission, then by number; the same queries however many proposals.

    The scores of a track's stages are corrected stage by stage, each over the whole call, and weighed.
    """
    proposals = list(queries.ranked_proposals(call, HIDDEN))
    given = queries.scores_of(call)
    choices = queries.choices_of(call)
    stages = queries.stages_of(call)
    verdicts = queries.latest_verdicts([one.pk for one in proposals])
    remarks = queries.remark_counts(call)
    conflicts = facts.conflicts_between(proposals, [desk.user_id]) if desk.user_id is not None else {}
    merits = _merits([one.pk for one in proposals], given, stages)
    needed: dict[int, int] = {}
    for stage in stages.values():
        needed[stage.track_id] = needed.get(stage.track_id, 0) + stage.needed
    done: dict[int, int] = {}
    for one in given:
        done[one.proposal_id] = done.get(one.proposal_id, 0) + 1
    merit, error, scored = merits.merit, merits.error, merits.scored
    order = sorted(
        range(len(proposals)),
        key=lambda k: (not scored[k], -merit[k] if scored[k] else 0.0, proposals[k].submitted_at, proposals[k].code),
    )
    rows: list[Ranked] = []
    above: int | None = None
    for position, k in enumerate(order, 1):
        proposal = proposals[k]
        is_near = above is not None and scored[k] and scored[above]
        rows.append(
            Ranked(
                proposal=proposal,
                rank=position,
                raw=merits.raw[k] if scored[k] else None,
                merit=merit[k] if scored[k] else None,
                error=error[k] if scored[k] else None,
                given=done.get(proposal.pk, 0),
                due=needed.get(proposal.track_id, 0),
                near_above=bool(
                    is_near and merit[above or 0] - merit[k] < NEAR * math.hypot(error[above or 0], error[k])
                ),
                conflict=conflicts.get((proposal.pk, desk.user_id or 0), ()),
                verdict=verdicts.get(proposal.pk),
                remarks=remarks.get(proposal.pk, 0),
                beamlines=choices.get(proposal.pk, ()),
            )
        )
        above = k
    return Ranking(rows, merits.severities, merits.spreads)


@dataclass(frozen=True, slots=True)
class _Merits:
    """Scores of the proposals in the order they were given, over all stages."""

    raw: list[float]
    merit: list[float]
    error: list[float]
    scored: list[bool]
    severities: list[Severity]
    spreads: tuple[float, float, float]


def _merits(keys: Sequence[int], given: Sequence[queries.Score], stages: Mapping[int, Stage]) -> _Merits:
    place = {key: k for k, key in enumerate(keys)}
    by_rank: dict[int, list[queries.Score]] = {}
    for one in given:
        if one.proposal_id in place:
            by_rank.setdefault(stages[one.stage_id].rank, []).append(one)
    n = len(keys)
    weights, merit, raw, variance = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    severities: list[Severity] = []
    spreads = (0.0, 0.0, 0.0)
    names = queries.people_of({one.reviewer_id for one in given})
    for rank in sorted(by_rank):
        rows = by_rank[rank]
        people = {user: k for k, user in enumerate(sorted({one.reviewer_id for one in rows}))}
        who = np.array([people[one.reviewer_id] for one in rows], np.int64)
        what = np.array([place[one.proposal_id] for one in rows], np.int64)
        found = correct_scores(what, who, [one.score for one in rows], n_proposals=n, n_reviewers=len(people))
        heavy = np.zeros(n)
        heavy[what] = [float(stages[one.stage_id].weight) for one in rows]
        weights += heavy
        merit += heavy * np.nan_to_num(found.merit)
        raw += heavy * np.nan_to_num(found.raw_mean)
        variance += (heavy * np.nan_to_num(found.merit_error)) ** 2
        loads = np.bincount(who, minlength=len(people))
        severities += [
            Severity(names[user], int(loads[k]), float(found.severity[k]), float(found.severity_error[k]), rank + 1)
            for user, k in people.items()
        ]
        spreads = (found.merit_spread, found.severity_spread, found.noise)
    safe = np.where(weights > 0, weights, 1.0)
    return _Merits(
        (raw / safe).tolist(),
        (merit / safe).tolist(),
        (np.sqrt(variance) / safe).tolist(),
        (weights > 0).tolist(),
        sorted(severities, key=lambda one: -one.severity),
        spreads,
    )


class Line(NamedTuple):
    """A row of the panel's table with all its words and addresses ready: hundreds are shown at once."""

    place: str
    number: str
    path: str
    title: str
    beamline: str
    shifts: int
    reviews: str
    raw: str
    corrected: str
    remarks: int
    discussion: str
    verdict: str
    decide: str
    closed: bool


def lines_of(ranking: Ranking, *, office: bool) -> list[Line]:
    """The table's rows; what is closed to the reader keeps its place and number alone."""
    kinds = {key: str(label) for key, label in VerdictKind.choices}
    paths = {name: reverse(name, args=["PRO"]) for name in ("proposal", "discussion", "decide")}
    names: dict[int, str] = {}
    found = []
    for row in ranking.rows:
        proposal = row.proposal
        key, number = proposal.public_id, proposal.number
        place = f"{row.rank} ≈" if row.near_above else str(row.rank)
        if row.conflict and not office:
            found.append(Line(place, number, "", "", "", 0, "", "", "", 0, "", "", "", closed=True))
            continue
        line = row.beamlines[0] if row.beamlines else None
        if line is not None and line.pk not in names:
            names[line.pk] = line.name
        error = "" if row.error is None else f" ± {row.error:.2f}"
        found.append(
            Line(
                place=place,
                number=number,
                path=paths["proposal"].replace("PRO", key),
                title=proposal.title,
                beamline=names[line.pk] if line is not None else "",
                shifts=proposal.requested,
                reviews=f"{row.given}/{row.due}",
                raw="" if row.raw is None else f"{row.raw:.2f}",
                corrected="" if row.merit is None else f"{row.merit:.2f}{error}",
                remarks=row.remarks,
                discussion=paths["discussion"].replace("PRO", key),
                verdict=kinds[row.verdict.kind] if row.verdict else "",
                decide=paths["decide"].replace("PRO", key) if proposal.state == State.PANEL else "",
                closed=False,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class CutOff:
    """What it took to get beam on one beamline."""

    beamline: Any
    requested: int
    granted: int
    experiments: int
    worst_in: Ranked | None
    best_out: Ranked | None

    @property
    def edge(self) -> tuple[Ranked | None, Ranked | None]:
        return (self.worst_in, self.best_out)

    @property
    def oversubscription(self) -> float | None:
        return self.requested / self.granted if self.granted else None


def cut_offs(ranking: Ranking, awards: Sequence[Award]) -> list[CutOff]:
    """For each beamline the last proposal that got beam and the first that got none, by the panel's order; no query.

    A proposal counts at the beamline it prefers; shifts granted are those given on the beamline.
    """
    got = {one.proposal_id: one for one in awards}
    lines: dict[int, Any] = {}
    rows: dict[int, list[Ranked]] = {}
    for row in ranking.rows:
        if row.beamlines:
            lines[row.beamlines[0].pk] = row.beamlines[0]
            rows.setdefault(row.beamlines[0].pk, []).append(row)
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
                inside[-1] if inside else None,
                outside[0] if outside else None,
            )
        )
    return found
