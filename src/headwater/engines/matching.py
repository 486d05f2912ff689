"""Ranking the groups of a region for one challenge: text, structured fit, past work, ties, reach and load, each apart.

What a group can do decides; where it sits, whom it knows and how busy it is only move it among those who can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headwater.engines.relevance import Ranker, build_index, ranker, tokens

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PROFILE_SECTIONS: Mapping[str, float] = {"title": 2.0, "techniques": 1.5, "summary": 1.0, "instruments": 0.5}
WORK_SECTIONS: Mapping[str, float] = {"title": 2.0, "text": 1.0}
DIRECT = ("text", "techniques", "instruments", "past_work")
SUBSTANCE = (*DIRECT, "likeness")
CONTEXT = ("ties", "reach", "load")
PARTS = SUBSTANCE + CONTEXT
BEST_WORKS = 3
MODELS = 3  # how many of the best matches say what else a fitting group masters
FULL_LEVEL = 3.0


class MatchingError(ValueError):
    """Arrays or weights that do not fit together."""


class Thesaurus:
    """The names of things in several languages, ready to be looked for in many texts.

    Parameters
    ----------
    names : sequence of sequences of str
        Each inner one lists the names of one thing. Names of one Latin word of two letters or less are not looked for:
        too many texts hold them by chance.
    """

    def __init__(self, names: Sequence[Sequence[str]]) -> None:
        self._names = [tuple(dict.fromkeys(one)) for one in names]
        self._begins: dict[str, list[tuple[tuple[str, ...], int]]] = {}
        for number, group in enumerate(self._names):
            for name in group:
                split = tuple(tokens(name))
                if split and not (len(split) == 1 and len(split[0]) < 3 and split[0].isascii()):
                    self._begins.setdefault(split[0], []).append((split, number))

    def held(self, text: str) -> list[int]:
        """Which things a text names, ascending. Cost: linear in the text's tokens."""
        split = tokens(text)
        found = {
            number
            for at, token in enumerate(split)
            for name, number in self._begins.get(token, ())
            if tuple(split[at : at + len(name)]) == name
        }
        return sorted(found)

    def others(self, text: str) -> str:
        """All names of the things a text names, apart from each other; empty where it names none."""
        return " 。".join(name for number in self.held(text) for name in self._names[number])


@dataclass(frozen=True, slots=True)
class Groups:
    """Everybody who could be asked, indexed.

    Attributes
    ----------
    own : Ranker
        Over what each group says of itself, sections apart.
    works : Ranker or None
        Over each single output or project; None where there is none.
    work_owner : array of int, shape (works,)
        Whose work it is. Ascending.
    levels : sparse array, shape (techniques, groups)
        Level from 0 to 5 at which each group masters a technique. CSR.
    equipped : sparse array, shape (techniques, groups)
        1 where a group works with an instrument of the technique. CSR.
    profile : sparse array, shape (techniques, groups)
        ``levels`` damped (full from level 3 on), columns of length 1 when weighed by ``rarity``. CSR.
    rarity : array, shape (techniques,)
        How much a technique tells: ``ln((1 + groups) / (1 + holders)) + 1``.
    place, organisation : array of int, shape (groups,)
        Index of the group's place; key of its organisation.
    load : array, shape (groups,)
        Share of time taken, 0 to 1.
    """

    own: Ranker
    works: Ranker | None
    work_owner: IntArray
    levels: sparse.csr_array
    equipped: sparse.csr_array
    profile: sparse.csr_array
    rarity: FloatArray
    place: IntArray
    organisation: IntArray
    load: FloatArray

    @property
    def size(self) -> int:
        """How many groups there are."""
        return int(self.place.shape[0])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a challenge asks.

    Attributes
    ----------
    texts : mapping of float to str
        Weight to text, as `Ranker.scores` takes them: title, problem, targets and so on, and the other names of what
        they name.
    techniques : sequence of (int, int, bool)
        Technique (row of ``levels``), level asked from 1 to 5, whether it is a must.
    minutes : array, shape (places,)
        Travel from each place. nan = no route.
    reach_min : float
        From how many minutes on nearness counts nothing. > 0.
    tied : mapping of int to float
        Organisation's key to the strength of earlier ties with the asking company, 0 to 1.
    """

    texts: Mapping[float, str]
    techniques: Sequence[tuple[int, int, bool]]
    minutes: FloatArray
    reach_min: float = 180.0
    tied: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scores:
    """Each group's score, and the parts it is made of; all from 0 to 1, shape (groups,)."""

    total: FloatArray
    parts: Mapping[str, FloatArray]


def build_groups(
    profiles: Sequence[Mapping[str, str]],
    works: Sequence[tuple[int, Mapping[str, str]]],
    levels: sparse.csr_array,
    equipped: sparse.csr_array,
    place: IntArray,
    organisation: IntArray,
    load: FloatArray,
) -> Groups:
    """Index the groups once for many challenges.

    Parameters
    ----------
    profiles : sequence of mappings
        Section to text (`PROFILE_SECTIONS`), one a group.
    works : sequence of (int, mapping)
        Owner and text (`WORK_SECTIONS`) of each output or project.
    levels, equipped : sparse array, shape (techniques, groups)
    place, organisation : array of int, shape (groups,)
    load : array, shape (groups,)
        See `Groups`.

    Returns
    -------
    Groups

    Raises
    ------
    MatchingError
        Lengths disagree, or an owner is no group.
    """
    n = len(profiles)
    if not (levels.shape == equipped.shape and levels.shape[1] == n):
        raise MatchingError(
            f"levels and equipped must be (techniques, {n}), got {levels.shape} and {equipped.shape}. Transposed?"
        )
    for name, array in (("place", place), ("organisation", organisation), ("load", load)):
        if np.shape(array) != (n,):
            raise MatchingError(f"{name} must have shape ({n},), got {np.shape(array)}.")
    ordered = sorted(works, key=lambda work: work[0])
    owner = np.array([who for who, _text in ordered], np.int64)
    if owner.size and not (owner[0] >= 0 and owner[-1] < n):
        raise MatchingError(f"works must be owned by groups 0..{n - 1}, got {owner[0]}..{owner[-1]}.")
    own = ranker(build_index(profiles, list(PROFILE_SECTIONS)), PROFILE_SECTIONS)
    texts = [text for _who, text in ordered]
    past = ranker(build_index(texts, list(WORK_SECTIONS)), WORK_SECTIONS) if texts else None
    mastered = sparse.csr_array(levels)
    holders = np.diff(mastered.indptr)
    rarity = np.log((1 + n) / (1 + holders)) + 1
    profile = mastered.copy()
    profile.data = np.minimum(1.0, profile.data / FULL_LEVEL)
    weighed = profile.data * np.repeat(rarity, holders)
    length = np.sqrt(np.bincount(profile.indices, weighed**2, minlength=n))
    profile.data /= np.maximum(length, 1e-12)[profile.indices]
    return Groups(
        own,
        past,
        owner,
        mastered,
        sparse.csr_array(equipped),
        profile,
        rarity,
        np.asarray(place, np.int64),
        np.asarray(organisation, np.int64),
        np.asarray(load, np.float64),
    )


def score_groups(groups: Groups, wanted: Wanted, weights: Mapping[str, float]) -> Scores:
    """Score every group for one challenge.

    Parameters
    ----------
    groups : Groups
    wanted : Wanted
    weights : mapping of str to float
        Weight of each of `PARTS`; one left out counts nothing. Finite, >= 0, one of `DIRECT` above 0.

    Returns
    -------
    Scores

    Raises
    ------
    MatchingError
        A weight is unknown, negative or not finite, or none of `DIRECT` is above 0; places have no travel time.

    Notes
    -----
    ``text`` and ``past_work`` are cosines over the best of this challenge (so the best is 1), ``past_work`` the mean
    of a group's best three works, of fewer as if the others scored 0. ``techniques`` is the share of what is asked
    that the group masters (nice-to-have counts half; a level below the asked one counts in part), ``instruments`` the
    share it has an instrument for. ``likeness`` is relevance feedback (Rocchio 1971) on techniques: how far a group
    masters what the three best by the other parts master, rare techniques counting more; it needs no common words. A
    part that the challenge gives no ground for (no technique asked, no route known) is left out of the mean rather
    than counted as 0.

    total = S * (sum of w_s + sum of w_c c) / (sum of w_s + sum of w_c), S the weighted mean of substance, c each part
    of context: where and who a group is can never lift it above 0 when there is nothing it can do.

    Cost: the postings of the challenge's terms; some 20 ms over 50,000 groups with two works each.
    """
    _check(groups, wanted, weights)
    n = groups.size
    text = groups.own.scores(wanted.texts)
    parts: dict[str, FloatArray] = {"text": _over_best(text), "past_work": _over_best(_past(groups, wanted))}
    used = ["text"]
    if groups.works is not None:
        used.append("past_work")
    mastered, equipped = np.zeros(n), np.zeros(n)
    asked = 0.0
    for row, level, must in wanted.techniques:
        worth = 1.0 if must else 0.5
        asked += worth
        for matrix, out in ((groups.levels, mastered), (groups.equipped, equipped)):
            span = slice(matrix.indptr[row], matrix.indptr[row + 1])
            out[matrix.indices[span]] += worth * np.minimum(
                1.0, matrix.data[span] / (level if matrix is groups.levels else 1)
            )
    if asked:
        used += ["techniques", "instruments"]
        mastered /= asked
        equipped /= asked
    parts["techniques"], parts["instruments"] = mastered, equipped
    near = np.clip(1.0 - wanted.minutes / wanted.reach_min, 0.0, 1.0)
    parts["reach"] = np.nan_to_num(near)[groups.place]
    known = np.zeros(n)
    for organisation, strength in wanted.tied.items():
        known[groups.organisation == organisation] = strength
    parts["ties"] = known
    parts["load"] = 1.0 - groups.load
    substance_weight = sum(weights.get(name, 0.0) for name in used)
    if not substance_weight:
        parts["likeness"] = np.zeros(n)
        return Scores(np.zeros(n), parts)
    substance = np.zeros(n)
    for name in used:
        substance += weights.get(name, 0.0) * parts[name]
    parts["likeness"] = _likeness(groups, substance)
    if groups.levels.nnz and weights.get("likeness", 0.0):
        substance += weights["likeness"] * parts["likeness"]
        substance_weight += weights["likeness"]
    substance /= substance_weight
    context = np.full(n, float(substance_weight))
    context_weight = sum(weights.get(name, 0.0) for name in CONTEXT)
    for name in CONTEXT:
        context += weights.get(name, 0.0) * parts[name]
    return Scores(substance * context / (substance_weight + context_weight), parts)


def best_first(scores: FloatArray, allowed: NDArray[np.bool_], count: int) -> IntArray:
    """The ``count`` best of the ``allowed`` with a score above 0, the best first; equal ones in the order given."""
    candidates = np.flatnonzero(allowed & (scores > 0))
    if candidates.size > count:
        least = np.partition(scores[candidates], candidates.size - count)[candidates.size - count]
        candidates = candidates[scores[candidates] >= least]
    order = np.lexsort((candidates, -scores[candidates]))
    return candidates[order][:count].astype(np.int64)


def _check(groups: Groups, wanted: Wanted, weights: Mapping[str, float]) -> None:
    if unknown := sorted(set(weights) - set(PARTS)):
        raise MatchingError(f"weights name {unknown[0]!r}; the parts are {', '.join(PARTS)}.")
    if not all(np.isfinite(weight) and weight >= 0 for weight in weights.values()):
        raise MatchingError(f"weights must be finite and >= 0, got {dict(weights)}.")
    if not any(weights.get(name, 0.0) > 0 for name in DIRECT):
        raise MatchingError(f"one weight of {', '.join(DIRECT)} must be above 0.")
    if not wanted.reach_min > 0:
        raise MatchingError(f"reach_min must be > 0, got {wanted.reach_min}.")
    if groups.size and int(groups.place.max()) >= wanted.minutes.shape[0]:
        raise MatchingError(f"minutes must have a value for each place, got {wanted.minutes.shape[0]}.")


def _over_best(scores: FloatArray) -> FloatArray:
    best = scores.max(initial=0.0)
    return scores / best if best > 0 else scores


def _likeness(groups: Groups, scores: FloatArray) -> FloatArray:
    """How far a group masters what the best matches master, over the best: it reaches groups of another language."""
    best = best_first(scores, np.ones(groups.size, bool), MODELS)
    if not best.size:
        return np.zeros(groups.size)
    wanted = (groups.levels[:, best] / 5) @ scores[best] * groups.rarity
    return _over_best(np.asarray(wanted @ groups.profile).ravel())


def _past(groups: Groups, wanted: Wanted) -> FloatArray:
    """The mean of each group's best works, of fewer as if the others scored 0."""
    out = np.zeros(groups.size)
    if groups.works is None:
        return out
    scores = groups.works.scores(wanted.texts)
    hits = np.flatnonzero(scores)
    if not hits.size:
        return out
    owner = groups.work_owner[hits]
    order = np.lexsort((-scores[hits], owner))
    owner, values = owner[order], scores[hits][order]
    first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    place = np.arange(owner.size) - np.repeat(first, np.diff(np.r_[first, owner.size]))
    taken = place < BEST_WORKS
    np.add.at(out, owner[taken], values[taken] / BEST_WORKS)
    return out
