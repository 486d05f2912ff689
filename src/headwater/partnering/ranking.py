"""Ranking a region's groups for a challenge, saying why, and why another group is not among the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from headwater.core.decision import Decision
from headwater.engines.matching import PARTS, SUBSTANCE, Scores, Wanted, best_first, score_groups
from headwater.engines.relevance import ranking_terms
from headwater.partnering import queries, reach, schemes
from headwater.partnering.facts import candidate_facts
from headwater.partnering.indexing import ProfileIndex, profile_index
from headwater.partnering.models import Challenge, PartName, Profile, Version, Weighting, Work
from headwater.partnering.reading import may_use, text_for
from headwater.partnering.rules.matching import AbsenceFacts, CandidateFacts, may_be_candidate, why_absent
from headwater.partnering.rules.sight import Clearance
from headwater.registry.models import Organisation

SHOWN = 20
# How much each part of a challenge weighs as a question; the names of what it names, in the other language, least.
QUESTION = {
    1.0: (PartName.PROBLEM, PartName.TARGETS),
    0.5: (PartName.PRESENT, PartName.CONSTRAINTS, PartName.TRIED),
}
TITLE, NAMED, OTHER_NAMES = 2.0, 1.5, 0.4


@dataclass(frozen=True, slots=True)
class Candidate:
    """One group in a ranking, with all that speaks for it and against it."""

    rank: int
    profile: Profile
    score: float
    parts: Mapping[str, float]
    techniques: tuple[tuple[str, int], ...]  # name, level held
    missing: tuple[str, ...]
    instruments: tuple[str, ...]
    works: tuple[Work, ...]
    ties: tuple[tuple[str, str], ...]
    minutes: float | None
    by_rail: bool
    words: tuple[str, ...]
    schemes: tuple[schemes.SchemeThatPays, ...]
    notes: Decision
    approach: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """A challenge's first candidates."""

    candidates: tuple[Candidate, ...]
    considered: int
    fitting: int
    weights: Mapping[str, float]
    milliseconds: float = 0.0
    excluded: int = 0
    extra: Mapping[str, object] = field(default_factory=dict)


def weights_of(weighting: Weighting) -> dict[str, float]:
    return {name: float(getattr(weighting, name)) for name in PARTS}


def question_texts(
    title: str, texts: Mapping[str, str], wanted: Sequence[str], index: ProfileIndex
) -> dict[float, str]:
    """A challenge's words as the engine takes them: by weight, with the other names of what they name."""
    out = {TITLE: title, NAMED: " 。".join(wanted)}
    for weight, names in QUESTION.items():
        out[weight] = " 。".join(filter(None, (texts.get(name, "") for name in names)))
    out[OTHER_NAMES] = index.thesaurus.others(" 。".join(out.values()))
    return out


def wanted_of(
    challenge: Challenge,
    version: Version,
    clearance: Clearance,
    index: ProfileIndex,
    travel: reach.Travel,
    ties: Mapping[int, object],
) -> Wanted:
    """A version as a question, made of what somebody with ``clearance`` may read and of nothing else."""
    asked = list(version.requirements.all()) if may_use(version, PartName.WANTED, clearance) else []
    names = [f"{one.technique.name_zh} {one.technique.name_en}" for one in asked]
    title = f"{challenge.name_zh} 。{challenge.name_en}"
    here = version.city_id if version.city_id and may_use(version, PartName.PLACE, clearance) else None
    if here is None and clearance >= Clearance.AGREEMENT:
        here = challenge.organisation.city_id
    minutes = travel.minutes[:, travel.row[here]] if here else np.full(len(travel.row), np.nan)
    strengths = {
        key: max(queries.TIE_STRENGTH.get(kind, 0.0) for kind, _name in rows)  # type: ignore[attr-defined]
        for key, rows in ties.items()
    }
    return Wanted(
        texts=question_texts(title, text_for(version, clearance), names, index),
        techniques=[(index.technique_row[one.technique_id], one.level, one.must) for one in asked],
        minutes=minutes,
        reach_min=float(version.reach_min or 180),
        tied=strengths,
    )


@dataclass(frozen=True, slots=True)
class _Scored:
    index: ProfileIndex
    wanted: Wanted
    scores: Scores
    allowed: NDArray[np.bool_]
    ties: dict[int, list[tuple[str, str]]]
    conflicts: dict[int, str]
    owned: set[int]
    city: int | None
    travel: reach.Travel
    day: date
    weights: dict[str, float]
    extra: dict[str, object] = field(default_factory=dict)


def _score(challenge: Challenge, version: Version, clearance: Clearance, *, at: datetime) -> _Scored:
    index, travel = profile_index(), reach.travel()
    ties = queries.earlier_ties(challenge.organisation_id) if clearance >= Clearance.AGREEMENT else {}
    conflicts = queries.conflicts_with(challenge.organisation_id)
    wanted = wanted_of(challenge, version, clearance, index, travel, ties)
    weights = weights_of(queries.weighting(at))
    scores = score_groups(index.groups, wanted, weights)
    barred = np.array([challenge.organisation_id, *conflicts], np.int64)
    allowed = ~np.isin(index.groups.organisation, barred)
    owned = {key for key, rows in ties.items() if any(kind == "ownership" for kind, _name in rows)}
    city = version.city_id or challenge.organisation.city_id
    return _Scored(index, wanted, scores, allowed, ties, conflicts, owned, city, travel, at.date(), weights)


def rank(
    challenge: Challenge,
    version: Version,
    *,
    at: datetime,
    clearance: Clearance = Clearance.WHOLE,
    count: int = SHOWN,
    explain: bool = True,
) -> Ranking:
    """The first ``count`` groups for a challenge, each with why.

    Everything is computed from what ``clearance`` may read, so that a ranking made for people outside can't tell what
    is kept from them.
    """
    scored = _score(challenge, version, clearance, at=at)
    first = best_first(scored.scores.total, scored.allowed, count)
    keys = [int(key) for key in scored.index.profiles[first]]
    found = {one.pk: one for one in queries.profiles().filter(pk__in=keys, active=True)}
    candidates = [
        _candidate(place, found[key], int(group), challenge, version, scored)
        for place, (key, group) in enumerate(zip(keys, first, strict=True), 1)
        if key in found
    ]
    if explain and candidates:
        candidates = _explained(candidates, challenge, scored)
    return Ranking(
        tuple(candidates),
        considered=scored.index.groups.size,
        fitting=int((scored.allowed & (scored.scores.total > 0)).sum()),
        weights=scored.weights,
        excluded=int((~scored.allowed).sum()),
    )


def _facts(profile: Profile, challenge: Challenge, version: Version, scored: _Scored) -> tuple[CandidateFacts, bool]:
    travel = scored.travel
    minutes, by_rail = None, False
    if scored.city is not None:
        minutes = travel.between(profile.city_id, scored.city)
        by_rail = bool(travel.by_rail[travel.row[profile.city_id], travel.row[scored.city]])
    facts = candidate_facts(
        profile,
        challenge,
        conflicts=scored.conflicts,
        owned=scored.owned,
        minutes=minutes,
        reach_min=version.reach_min,
    )
    return facts, by_rail


def _candidate(
    place: int, profile: Profile, group: int, challenge: Challenge, version: Version, scored: _Scored
) -> Candidate:
    facts, by_rail = _facts(profile, challenge, version, scored)
    asked = {scored.index.technique_keys[row]: level for row, level, _must in scored.wanted.techniques}
    held = {link.technique_id: link for link in profile.technique_links.all()}
    return Candidate(
        rank=place,
        profile=profile,
        score=float(scored.scores.total[group]),
        parts={name: float(scored.scores.parts[name][group]) for name in PARTS},
        techniques=tuple((held[key].technique.name, held[key].level) for key in asked if key in held),
        missing=tuple(
            one.technique.name
            for one in version.requirements.all()
            if one.technique_id in asked and one.technique_id not in held
        ),
        instruments=(),
        works=(),
        ties=tuple(scored.ties.get(profile.organisation_id, ())[:3]),
        minutes=facts.travel_min,
        by_rail=by_rail,
        words=(),
        schemes=(),
        notes=may_be_candidate(facts),
    )


def _explained(candidates: list[Candidate], challenge: Challenge, scored: _Scored) -> list[Candidate]:
    """The same with instruments, works, common words and schemes: four queries however many there are."""
    index = scored.index
    keys = [one.profile.pk for one in candidates]
    asked = [int(index.technique_keys[row]) for row, _level, _must in scored.wanted.techniques]
    tools: dict[int, list[str]] = {}
    through = Profile.instruments.through.objects.filter(
        profile_id__in=keys, instrument__technique_links__technique_id__in=asked, instrument__visibility="public"
    )
    for link in through.select_related("instrument").order_by("pk").distinct():
        tools.setdefault(link.profile_id, []).append(link.instrument.name)
    best = _best_works(scored, [index.group_of[key] for key in keys])
    works = {one.pk: one for one in Work.objects.filter(pk__in=[key for rows in best.values() for key in rows])}
    providers: list[Organisation] = [one.profile.organisation for one in candidates]
    pays = schemes.paying(challenge.organisation, providers, day=scored.day)
    approached = dict(queries.approaches_of(challenge).values_list("profile_id", "state"))
    terms = {term for text in scored.wanted.texts.values() for term in ranking_terms(text, pairs=False)}
    out = []
    for one in candidates:
        own = ranking_terms(
            f"{one.profile.name_zh} {one.profile.name_en} {one.profile.summary_zh} {one.profile.summary_en}",
            pairs=False,
        )
        common = tuple(term for term in dict.fromkeys(own) if term in terms)[:6]
        out.append(
            Candidate(
                one.rank, one.profile, one.score, one.parts, one.techniques, one.missing,
                tuple(tools.get(one.profile.pk, ())[:3]),
                tuple(works[key] for key in best.get(index.group_of[one.profile.pk], ()) if key in works),
                one.ties, one.minutes, one.by_rail, common,
                tuple(pays.get(one.profile.organisation_id, ())), one.notes,
                approached.get(one.profile.pk, ""),
            )
        )  # fmt: skip
    return out


def _best_works(scored: _Scored, groups: Sequence[int], most: int = 2) -> dict[int, list[int]]:
    engine = scored.index.groups
    if engine.works is None:
        return {}
    scores = engine.works.scores(scored.wanted.texts)
    out = {}
    for group in groups:
        low, high = np.searchsorted(engine.work_owner, [group, group + 1])
        order = np.argsort(-scores[low:high], kind="stable")[:most] + low
        out[group] = [int(scored.index.works[at]) for at in order if scores[at] > 0]
    return out


def by_organisation(ranking: Ranking) -> list[tuple[Organisation, list[Candidate]]]:
    """The same candidates by their organisation, in the order of each one's best group."""
    out: dict[int, tuple[Organisation, list[Candidate]]] = {}
    for one in ranking.candidates:
        out.setdefault(one.profile.organisation_id, (one.profile.organisation, []))[1].append(one)
    return list(out.values())


def absence(challenge: Challenge, version: Version, profile: Profile, *, at: datetime, shown: int = SHOWN) -> Decision:
    """All that keeps a group from the first ``shown``; an empty decision means that it is among them."""
    scored = _score(challenge, version, Clearance.WHOLE, at=at)
    facts, _by_rail = _facts(profile, challenge, version, scored)
    group = scored.index.group_of.get(profile.pk)
    first = best_first(scored.scores.total, scored.allowed, shown)
    last = int(first[-1]) if first.size else None
    score = float(scored.scores.total[group]) if group is not None else 0.0
    least = float(scored.scores.total[last]) if last is not None else 0.0
    place = None
    if group is not None:
        eligible = scored.scores.total[scored.allowed]
        place = int((eligible > score).sum()) + 1
        if group in first:
            place = int(np.flatnonzero(first == group)[0]) + 1
    held = {link.technique_id: link.level for link in profile.technique_links.all()}
    wanted = list(version.requirements.all())
    weakest = []
    if group is not None and last is not None:
        for name in PARTS:
            own, other = (float(scored.scores.parts[name][at]) for at in (group, last))
            if own < other and scored.weights.get(name) and (name in SUBSTANCE or other - own > 0.2):
                weakest.append((name, own, other))
    return why_absent(
        AbsenceFacts(
            candidate=facts,
            indexed=group is not None,
            rank=place,
            shown=shown,
            score=score,
            least_shown=least,
            missing=tuple(one.technique.name for one in wanted if one.technique_id not in held),
            below=tuple(
                (one.technique.name, held[one.technique_id], one.level)
                for one in wanted
                if held.get(one.technique_id, 9) < one.level
            ),
            weakest=tuple(weakest),
        )
    )
