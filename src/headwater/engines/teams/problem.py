"""The words of a team question: who could join, what is asked, what it costs, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

MOST_CAPABILITIES = 16
MOST_JURISDICTIONS = 60
PRICE_SCALE = 1000  # prices are whole thousandths inside, so that sums are exact and do not depend on their order


class TeamError(ValueError):
    """A team question that cannot be read: shapes, signs or indices disagree."""


def _pairs() -> IntArray:
    return np.empty((0, 2), np.int64)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everyone who could be in the team.

    Attributes
    ----------
    cost : array of int, shape (n,)
        Money each asks. Finite, >= 0. Unit: any, the same as the challenge's ``max_cost``.
    place, kind, jurisdiction : array of int, shape (n,)
        Index of the place (row of the travel matrix), of the kind of body, of the jurisdiction. >= 0.
    level : array, shape (n, k)
        Level held in each asked capability. 0 = not held. Finite, >= 0.
    load : array, shape (n,), optional
        Share of time already taken. Finite, >= 0. Default 0.
    ties, conflicts : array of int, shape (t, 2), (c, 2), optional
        Unordered pairs who worked together before; who may not be in one team.
    """

    cost: IntArray
    place: IntArray
    kind: IntArray
    jurisdiction: IntArray
    level: FloatArray
    load: FloatArray | None = None
    ties: IntArray = field(default_factory=_pairs)
    conflicts: IntArray = field(default_factory=_pairs)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is asked. ``None`` switches a condition off.

    Attributes
    ----------
    need : array, shape (k,)
        Least level of each capability. > 0. At most 16 capabilities.
    worth : array, shape (k,), optional
        What it costs to go without: ``inf`` = must have (the default), a finite value >= 0 = nice to have.
        Unit: cost.
    lead_kinds : frozenset of int, optional
        Kinds that may lead.
    lead : int, optional
        The one candidate who leads.
    max_members : int, optional
        Most members, the lead counted. >= 1.
    max_cost : int, optional
        Most money, summed over members.
    min_jurisdictions : int
        Fewest different jurisdictions. 1 = no condition.
    max_travel_min : float, optional
        Longest travel from a member to the lead. Unit: min.
    pinned, banned : tuple of int
        Candidates who must, and who may not, be members.
    """

    need: FloatArray
    worth: FloatArray | None = None
    lead_kinds: frozenset[int] | None = None
    lead: int | None = None
    max_members: int | None = None
    max_cost: int | None = None
    min_jurisdictions: int = 1
    max_travel_min: float | None = None
    pinned: tuple[int, ...] = ()
    banned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    """What a team's total is made of; all in the unit of cost. Finite, >= 0.

    A member's price is ``cost * cost_i + member + load * load_i - strength * surplus_i``, where the surplus is the mean
    of level above need over the asked capabilities the member holds; a member who does not lead adds
    ``travel_min`` per minute to the lead and saves ``tie`` if the two worked together before. No price falls below 0,
    so nobody is added for a bonus. Prices are rounded to a thousandth.
    """

    cost: float = 1.0
    travel_min: float = 0.1
    member: float = 5.0
    load: float = 10.0
    tie: float = 5.0
    strength: float = 0.0


@dataclass(frozen=True, slots=True)
class Team:
    """One able team.

    Attributes
    ----------
    lead : int
        Candidate who leads.
    members : tuple of int
        All members: the lead, then the others ascending.
    price : float
        What was minimised (see `Weights`), the worth of missing nice-to-haves included. Unit: cost.
    cost : int
        Money asked by the members together.
    longest_travel_min : float
        Longest travel to the lead. 0 for a team of one.
    jurisdictions : tuple of int
        Different jurisdictions, ascending.
    held_by : tuple of tuple of int
        For each capability the members who hold it at the needed level.
    missing : tuple of int
        Nice-to-have capabilities nobody in the team holds.
    ties : int
        Members with an earlier tie to the lead.
    """

    lead: int
    members: tuple[int, ...]
    price: float
    cost: int
    longest_travel_min: float
    jurisdictions: tuple[int, ...]
    held_by: tuple[tuple[int, ...], ...]
    missing: tuple[int, ...]
    ties: int


@dataclass(frozen=True, slots=True)
class ConditionPrice:
    """What one condition costs: ``price_without`` is the best total when it alone is dropped.

    ``added`` is the total with all conditions less that. Both are None if there is still no team;
    ``added`` is None if there is none with all conditions.
    """

    condition: str
    price_without: float | None
    added: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer: the best team, its alternatives, what conditions cost, or which of them clash."""

    best: Team | None
    alternatives: tuple[Team, ...]
    condition_prices: tuple[ConditionPrice, ...]
    clash: tuple[str, ...]


def _whole(name: str, values: object, n: int) -> IntArray:
    array = np.asarray(values)
    if array.shape != (n,):
        raise TeamError(f"{name} must be one value a candidate, shape ({n},), got {array.shape}.")
    if not np.issubdtype(array.dtype, np.integer):
        raise TeamError(f"{name} must be whole numbers, got {array.dtype}. Money goes in minor units.")
    if array.size and int(array.min()) < 0:
        raise TeamError(f"{name} must be >= 0, got {int(array.min())} at candidate {int(array.argmin())}.")
    return np.ascontiguousarray(array, np.int64)


def _real(name: str, values: object, shape: tuple[int, ...]) -> FloatArray:
    array = np.ascontiguousarray(values, np.float64)
    if array.shape != shape:
        raise TeamError(f"{name} must have shape {shape}, got {array.shape}. Transposed?")
    if array.size and not (np.isfinite(array).all() and float(array.min()) >= 0):
        raise TeamError(f"{name} must be finite and >= 0.")
    return array


def _pair_array(name: str, values: object, n: int) -> IntArray:
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[1] != 2:
        raise TeamError(f"{name} must be pairs, shape (m, 2), got {array.shape}.")
    array = np.ascontiguousarray(array, np.int64)
    if array.size and (int(array.min()) < 0 or int(array.max()) >= n):
        raise TeamError(f"{name} must name candidates 0..{n - 1}, got {int(array.min())}..{int(array.max())}.")
    if (array[:, 0] == array[:, 1]).any():
        raise TeamError(f"{name} must join two different candidates; one is paired with itself.")
    return array


def checked_candidates(candidates: Candidates, n_capabilities: int) -> Candidates:
    """Return the candidates with plain contiguous arrays, or raise `TeamError`."""
    n = int(np.asarray(candidates.cost).shape[0]) if np.asarray(candidates.cost).ndim == 1 else -1
    if n < 1:
        raise TeamError("cost must be a line of at least one candidate, got none.")
    load = np.zeros(n) if candidates.load is None else candidates.load
    return Candidates(
        cost=_whole("cost", candidates.cost, n),
        place=_whole("place", candidates.place, n),
        kind=_whole("kind", candidates.kind, n),
        jurisdiction=_whole("jurisdiction", candidates.jurisdiction, n),
        level=_real("level", candidates.level, (n, n_capabilities)),
        load=_real("load", load, (n,)),
        ties=_pair_array("ties", candidates.ties, n),
        conflicts=_pair_array("conflicts", candidates.conflicts, n),
    )


def checked_challenge(challenge: Challenge, n: int) -> Challenge:
    """Return the challenge with plain arrays, or raise `TeamError`; ``n`` is the number of candidates."""
    need = np.asarray(challenge.need, np.float64)
    if need.ndim != 1 or not 1 <= need.shape[0] <= MOST_CAPABILITIES:
        raise TeamError(f"need must hold 1 to {MOST_CAPABILITIES} capabilities, got shape {need.shape}.")
    if not (np.isfinite(need).all() and float(need.min()) > 0):
        raise TeamError("need must be finite and > 0: a level of 0 asks for nothing.")
    worth = np.full(need.shape, np.inf) if challenge.worth is None else np.asarray(challenge.worth, np.float64)
    if worth.shape != need.shape or np.isnan(worth).any() or float(worth.min()) < 0:
        raise TeamError(f"worth must be >= 0 (inf = must), shape {need.shape}, got {worth.shape}.")
    for name, least in (("max_members", 1), ("max_cost", 0), ("min_jurisdictions", 1), ("max_travel_min", 0)):
        value = getattr(challenge, name)
        if value is not None and not value >= least:
            raise TeamError(f"{name} must be >= {least}, got {value}.")
    named = (*challenge.pinned, *challenge.banned, *(() if challenge.lead is None else (challenge.lead,)))
    for i in named:
        if not 0 <= i < n:
            raise TeamError(f"pinned, banned and lead must name candidates 0..{n - 1}, got {i}.")
    return Challenge(
        need=need,
        worth=worth,
        lead_kinds=challenge.lead_kinds,
        lead=challenge.lead,
        max_members=challenge.max_members,
        max_cost=challenge.max_cost,
        min_jurisdictions=challenge.min_jurisdictions,
        max_travel_min=challenge.max_travel_min,
        pinned=tuple(dict.fromkeys(challenge.pinned)),
        banned=tuple(dict.fromkeys(challenge.banned)),
    )
