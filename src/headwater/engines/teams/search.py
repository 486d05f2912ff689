"""The search for the smallest able team: place by place, exact, with every condition."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from headwater.engines.teams.cover import (
    MEMBER,
    NEVER,
    PARENT,
    cover_labels,
    cover_prices,
    join_leads,
    lead_bounds,
    outside_prices,
    undominated,
)
from headwater.engines.teams.problem import (
    MOST_JURISDICTIONS,
    PRICE_SCALE,
    Candidates,
    Challenge,
    ConditionPrice,
    FloatArray,
    IntArray,
    Plan,
    Team,
    TeamError,
    Weights,
    checked_candidates,
    checked_challenge,
)

_NO_LIMIT = int(NEVER)
_SITES_KEPT = 64  # places whose prices are kept rather than computed again; bounds the memory
_MOST_PRICE = 1e12  # in the unit of cost; a thousand such prices still add up without overflow


@dataclass(frozen=True, slots=True)
class _Ground:
    """A question in whole numbers: what does not change while conditions are dropped and members banned."""

    candidates: Candidates
    mask: IntArray  # (n,) capabilities held at the needed level, as bits
    own_price: IntArray  # (n,) price without travel and ties
    travel_price: IntArray  # (p, p) to the lead's place
    travel_min: FloatArray  # (p, p) nan = no route
    tie_start: IntArray  # (n + 1,)
    tie_end: IntArray
    tie_saving: int


@dataclass(frozen=True, slots=True)
class _Found:
    price: int
    lead: int
    members: frozenset[int]
    bounds: dict[int, int]  # lower bound of each place in the search that found it


@dataclass(frozen=True, slots=True)
class _Sides:
    """One challenge with its bans worked in."""

    give_up: IntArray
    holders: IntArray
    pinned: IntArray
    leads_at: dict[int, IntArray]
    most_money: int
    most_count: int
    n_homes: int
    money: IntArray  # (n,) 0 where money has no limit
    bit: IntArray  # (n,) 0 where jurisdictions do not matter
    home: IntArray  # (n,)


def smallest_team(
    candidates: Candidates, challenge: Challenge, travel_min: FloatArray, weights: Weights | None = None
) -> Team | None:
    """The able team of least total price, over all leads; None if no team keeps every condition.

    Parameters
    ----------
    candidates : Candidates
        Who may take part.
    challenge : Challenge
        What is asked, and the limits.
    travel_min : array, shape (p, p)
        Minutes from a member's place (row) to the lead's (column). >= 0, nan = no route.
    weights : Weights or None
        The prices of members, travel, load and ties; None takes the defaults.

    Returns
    -------
    Team or None

    Raises
    ------
    TeamError
        Shapes, signs or indices disagree.

    Notes
    -----
    Computed, not estimated: the price is the exact minimum. Everyone but the lead and the pinned holds at least one
    asked capability at its level.

    Why it is exact. A member's price depends on the lead only through the lead's place and an earlier tie, so one
    search a place serves all leads there. At a place, the least price to cover each set of capabilities is a dynamic
    programme over subsets (the leader-distance objective of Kargar & An 2011, CIKM, with shared costs); limits on
    money, number and jurisdictions are carried as labels that are dropped only if another covers the same with no more
    of anything. Tied partners, cheaper for one lead alone, are enumerated with that lead. Lower bounds end only
    branches that cannot be below the best team found. Conflicts are split: without one of the two, or without the
    other. Prices are whole thousandths, so sums do not depend on their order. Of teams of equal price one is returned,
    for the same input always the same.

    Cost: O(3**k) a place for k capabilities, labels beyond it only near the optimum; memory O(n + labels).
    """
    ground = _ground(candidates, challenge, travel_min, weights or Weights())
    found = _solve(ground, checked_challenge(challenge, ground.mask.shape[0]))
    return None if found is None else _team(ground, challenge, found)


def plan_team(
    candidates: Candidates,
    challenge: Challenge,
    travel_min: FloatArray,
    weights: Weights | None = None,
    *,
    n_alternatives: int = 3,
) -> Plan:
    """The best team, the next best, what each condition costs; or which conditions clash.

    An alternative is the best team that does not contain all members of the best team or of an earlier alternative, so
    that each differs by who is in it, never only by an idle extra member. The clash is irreducible: drop any
    one of its conditions and a team exists that keeps the others. It is one such set (found by deletion), there may be
    more; `condition_prices` then says what the best team costs without each of them.

    Condition names: ``capability:c``, ``lead_kinds``, ``lead``, ``max_members``, ``max_cost``, ``min_jurisdictions``,
    ``max_travel_min``, ``pinned:i``, ``banned``, ``conflicts``.

    Errors and exactness are those of `smallest_team`; an alternative or a condition costs a few searches each.

    Parameters
    ----------
    candidates : Candidates
        Who may take part.
    challenge : Challenge
        What is asked, and the limits.
    travel_min : array, shape (p, p)
        Minutes from a member's place (row) to the lead's (column). >= 0, nan = no route.
    weights : Weights or None
        The prices of members, travel, load and ties; None takes the defaults.
    n_alternatives : int
        How many next best teams. >= 0.

    Returns
    -------
    Plan
        The best team, the alternatives and the conditions' prices; or the clash.
    """
    if n_alternatives < 0:
        raise TeamError(f"n_alternatives must be >= 0, got {n_alternatives}.")
    ground = _ground(candidates, challenge, travel_min, weights or Weights())
    asked = checked_challenge(challenge, ground.mask.shape[0])
    teams = [_team(ground, asked, found) for found in _ranked(ground, asked, 1 + n_alternatives)]
    if not teams:
        clash = _clash(ground, asked)
        prices = tuple(_condition_price(ground, asked, name, None) for name in clash)
        return Plan(None, (), prices, clash)
    limits = [name for name in _conditions(ground, asked) if not name.startswith("capability:")]
    prices = tuple(_condition_price(ground, asked, name, teams[0].price) for name in limits)
    return Plan(teams[0], tuple(teams[1:]), prices, ())


def _ground(candidates: Candidates, challenge: Challenge, travel_min: FloatArray, weights: Weights) -> _Ground:
    k = int(np.asarray(challenge.need).shape[0]) if np.asarray(challenge.need).ndim == 1 else 0
    who = checked_candidates(candidates, k)
    asked = checked_challenge(challenge, who.cost.shape[0])
    travel = np.ascontiguousarray(travel_min, np.float64)
    if travel.ndim != 2 or travel.shape[0] != travel.shape[1]:
        raise TeamError(f"travel_min must be (places, places), got {travel.shape}.")
    if int(who.place.max()) >= travel.shape[0]:
        raise TeamError(f"place must be below {travel.shape[0]}, the size of travel_min, got {int(who.place.max())}.")
    if (travel < 0).any() or np.isinf(travel).any():
        raise TeamError("travel_min must be >= 0, and nan (not inf) where there is no route.")
    if asked.min_jurisdictions > 1 and int(who.jurisdiction.max()) > MOST_JURISDICTIONS:
        raise TeamError(f"jurisdiction must be at most {MOST_JURISDICTIONS}, got {int(who.jurisdiction.max())}.")
    for name in ("cost", "travel_min", "member", "load", "tie", "strength"):
        value = getattr(weights, name)
        if not (np.isfinite(value) and value >= 0):
            raise TeamError(f"weight {name} must be finite and >= 0, got {value}.")
    holds = who.level >= asked.need
    mask = (holds.astype(np.int64) << np.arange(k)).sum(axis=1)
    surplus = np.where(holds, who.level - asked.need, 0.0).sum(axis=1) / np.maximum(1, holds.sum(axis=1))
    load = cast(FloatArray, who.load)
    own = weights.cost * who.cost + weights.member + weights.load * load - weights.strength * surplus
    ties = np.unique(np.concatenate([who.ties, who.ties[:, ::-1]]), axis=0) if weights.tie else who.ties[:0]
    return _Ground(
        candidates=who,
        mask=mask,
        own_price=_thousandths(np.maximum(own, 0.0)),
        travel_price=_thousandths(np.nan_to_num(weights.travel_min * travel)),
        travel_min=travel,
        tie_start=np.searchsorted(ties[:, 0], np.arange(mask.shape[0] + 1)).astype(np.int64),
        tie_end=np.ascontiguousarray(ties[:, 1]),
        tie_saving=round(weights.tie * PRICE_SCALE),
    )


def _thousandths(values: FloatArray) -> IntArray:
    if values.size and float(values.max()) > _MOST_PRICE:
        raise TeamError(f"a price of {values.max():g} is beyond {_MOST_PRICE:g}. A larger unit for money?")
    return np.rint(values * PRICE_SCALE).astype(np.int64)


def _sides(ground: _Ground, asked: Challenge, bans: frozenset[int]) -> _Sides | None:
    """Gather what a search needs; None where the pinned alone already break a condition."""
    who, n = ground.candidates, ground.mask.shape[0]
    out = np.zeros(n, bool)
    out[list(bans | set(asked.banned))] = True
    pinned = np.array(sorted({*asked.pinned, *(() if asked.lead is None else (asked.lead,))}), np.int64)
    if out[pinned].any():
        return None
    may_lead = ~out
    if asked.lead is not None:
        may_lead &= np.arange(n) == asked.lead
    if asked.lead_kinds is not None:
        may_lead &= np.isin(who.kind, list(asked.lead_kinds))
    leads = np.flatnonzero(may_lead)
    leads_at = {int(a): leads[who.place[leads] == a] for a in np.unique(who.place[leads])}
    free = (ground.mask != 0) & ~out
    free[pinned] = False
    worth = cast(FloatArray, asked.worth)
    give_up = np.array([NEVER if np.isinf(w) else round(w * PRICE_SCALE) for w in worth], np.int64)
    n_homes = asked.min_jurisdictions
    most = asked.max_members if asked.max_members is not None else _NO_LIMIT
    if most >= len(worth) + n_homes + len(pinned) + 1:
        most = _NO_LIMIT  # no irredundant team is larger: the limit never binds
    capped = asked.max_cost is not None
    return _Sides(
        give_up=give_up,
        holders=np.flatnonzero(free),
        pinned=pinned,
        leads_at=leads_at,
        most_money=int(asked.max_cost) if asked.max_cost is not None else _NO_LIMIT,
        most_count=most,
        n_homes=n_homes,
        money=who.cost if capped else np.zeros(n, np.int64),
        bit=np.left_shift(np.int64(1), who.jurisdiction) if n_homes > 1 else np.zeros(n, np.int64),
        home=who.jurisdiction if n_homes > 1 else np.zeros(n, np.int64),
    )


@dataclass(frozen=True, slots=True)
class _Site:
    """One place where a lead may sit, with what everyone costs from there."""

    leads: IntArray
    start_mask: IntArray
    start_price: IntArray
    start_money: IntArray
    start_homes: IntArray
    start_count: IntArray
    holders: IntArray
    member_price: IntArray  # (n,) -1 = not to be had
    total: IntArray
    start: IntArray
    bound: int


def _site(ground: _Ground, asked: Challenge, sides: _Sides, place: int) -> _Site | None:
    """Price everything from one place; None where a pinned member cannot reach it."""
    who = ground.candidates
    minutes = ground.travel_min[:, place]
    near = ~np.isnan(minutes)
    if asked.max_travel_min is not None:
        near &= minutes <= asked.max_travel_min
    leads = sides.leads_at[place]
    for p in sides.pinned:
        leads = leads[(leads == p) | near[who.place[p]]]
    if leads.size == 0:
        return None
    holders = sides.holders[near[who.place[sides.holders]]]
    price = np.full(ground.mask.shape[0], -1, np.int64)
    price[holders] = ground.own_price[holders] + ground.travel_price[who.place[holders], place]
    start_mask, start_price = ground.mask[leads].copy(), ground.own_price[leads].copy()
    start_money, start_homes = sides.money[leads].copy(), sides.bit[leads].copy()
    start_count = np.ones(leads.size, np.int64)
    for p in sides.pinned:
        beside = leads != p
        full_price = int(ground.own_price[p] + ground.travel_price[who.place[p], place])
        tied = np.isin(leads, ground.tie_end[ground.tie_start[p] : ground.tie_start[p + 1]])
        start_price += beside * np.where(tied, max(0, full_price - ground.tie_saving), full_price)
        start_mask |= np.where(beside, ground.mask[p], 0)
        start_money += beside * sides.money[p]
        start_count += beside
        start_homes |= np.where(beside, sides.bit[p], 0)
    total = cover_prices(ground.mask[holders], price[holders], sides.give_up)
    bound, start = lead_bounds(
        leads,
        start_mask,
        start_price,
        ground.mask,
        price,
        ground.tie_start,
        ground.tie_end,
        ground.tie_saving,
        total,
    )
    return _Site(
        leads, start_mask, start_price, start_money, start_homes, start_count, holders, price, total, start, int(bound)
    )


def _search_site(ground: _Ground, sides: _Sides, site: _Site, limit: int) -> _Found | None:
    """Best team led from this place that is cheaper than ``limit``."""
    held, price = ground.mask[site.holders], site.member_price[site.holders]
    money, home = sides.money[site.holders], sides.home[site.holders]
    order = np.lexsort((money, price))
    kept = undominated(order, held, money, home, int(home.max(initial=0)) + 1, sides.give_up.shape[0])
    labels, head = cover_labels(
        held[kept],
        price[kept],
        money[kept],
        sides.bit[site.holders][kept],
        sides.give_up,
        site.total,
        outside_prices(site.start, site.total),
        limit,
        sides.most_money - int(site.start_money.min()),
        sides.most_count - int(site.start_count.min()) if sides.most_count < _NO_LIMIT else _NO_LIMIT,
        sides.n_homes,
    )
    best, lead, label, partners = join_leads(
        site.leads,
        site.start_mask,
        site.start_price,
        site.start_money,
        site.start_homes,
        site.start_count,
        ground.mask,
        site.member_price,
        sides.money,
        sides.bit,
        ground.tie_start,
        ground.tie_end,
        ground.tie_saving,
        site.total,
        labels,
        head,
        limit,
        sides.most_money,
        sides.most_count,
        sides.n_homes,
    )
    if lead < 0:
        return None
    members = {int(site.leads[lead]), *sides.pinned.tolist(), *partners.tolist()}
    while label >= 0:
        item = int(labels[label, MEMBER])
        if item >= 0:
            members.add(int(site.holders[kept[item]]))
        label = int(labels[label, PARENT])
    return _Found(int(best), int(site.leads[lead]), frozenset(members), {})


def _search(
    ground: _Ground, asked: Challenge, bans: frozenset[int], parent: _Found | None = None, limit: int = _NO_LIMIT
) -> _Found | None:
    """Best team cheaper than ``limit`` without the banned, conflicts left aside.

    ``parent`` is the best team with fewer bans: its price and its bounds can only rise. Places are taken in order of
    their bound, and first only teams within a few per cent of the least bound are looked for: labels stay few. Where
    there is none, any team that keeps the conditions (`_any_team`) gives the limit for the rest, and if there is none
    either, that ends the search.
    """
    sides = _sides(ground, asked, bans)
    if sides is None:
        return None
    known = parent.bounds if parent is not None else {}
    bounds = {place: known.get(place, 0) for place in sides.leads_at}
    kept: dict[int, _Site | None] = {}
    exact: set[int] = set()

    def site_at(place: int) -> _Site | None:
        if place in kept:
            return kept[place]
        site = _site(ground, asked, sides, place)
        if len(kept) < _SITES_KEPT:
            kept[place] = site
        return site

    def exact_sites() -> Iterator[tuple[int, _Site]]:
        queue = [(bound, place) for place, bound in bounds.items()]
        heapq.heapify(queue)
        while queue:
            bound, place = heapq.heappop(queue)
            site = site_at(place)
            if place not in exact:
                exact.add(place)
                bounds[place] = max(bound, _NO_LIMIT if site is None else site.bound)
                heapq.heappush(queue, (bounds[place], place))
            elif site is not None:
                yield bound, site

    least = next(exact_sites(), None)
    if least is None or least[0] >= min(limit, _NO_LIMIT):
        return None
    margin = least[0] // 50 + 2
    if parent is not None:
        margin = max(margin, parent.price - least[0] + margin // 2)
    bounded = limit < _NO_LIMIT
    while True:
        ceiling = min(limit, least[0] + margin)
        best: _Found | None = None
        for bound, site in exact_sites():
            if bound >= (best.price if best else ceiling):
                break
            best = _search_site(ground, sides, site, best.price if best else ceiling) or best
        if best is not None or ceiling == limit:
            return None if best is None else replace(best, bounds=bounds)
        if not bounded:
            some = _any_team(ground, asked, bans)
            if some is None:
                return None
            bounded, limit = True, _price_of(ground, asked, some) + 1
        margin *= 2


def _bare(ground: _Ground, asked: Challenge) -> tuple[_Ground, Challenge, int]:
    """The same conditions with another price: money where money is limited, otherwise heads.

    The limit that is priced needs no labels then, and its lower bound ends most of a search at once.
    """
    worth = np.where(np.isinf(cast(FloatArray, asked.worth)), np.inf, 0.0)
    asked = replace(asked, worth=worth)
    limit = ground.mask.shape[0] + 1
    price = np.ones_like(ground.own_price)
    if asked.max_cost is not None:
        price, limit, asked = ground.candidates.cost, asked.max_cost + 1, replace(asked, max_cost=None)
    elif asked.max_members is not None:
        limit, asked = asked.max_members + 1, replace(asked, max_members=None)
    bare = replace(
        ground,
        own_price=price,
        travel_price=np.zeros_like(ground.travel_price),
        tie_saving=0,
        tie_start=np.zeros_like(ground.tie_start),
        tie_end=ground.tie_end[:0],
    )
    return bare, asked, limit


def _any_team(ground: _Ground, asked: Challenge, bans: frozenset[int]) -> _Found | None:
    """Some team that keeps every condition but the conflicts; None if there is none."""
    bare, asked, limit = _bare(ground, asked)
    return _search(bare, asked, bans, None, limit)


def _feasible(ground: _Ground, asked: Challenge) -> bool:
    """Whether any team keeps every condition."""
    bare, asked, limit = _bare(ground, asked)
    return _solve(bare, asked, limit=limit) is not None


def _price_of(ground: _Ground, asked: Challenge, found: _Found) -> int:
    """Total price of these members under this lead."""
    place = ground.candidates.place
    lead = found.lead
    tied = set(ground.tie_end[ground.tie_start[lead] : ground.tie_start[lead + 1]].tolist())
    total: int = int(ground.own_price[lead])
    held = int(ground.mask[lead])
    for i in found.members - {lead}:
        price = int(ground.own_price[i] + ground.travel_price[place[i], place[lead]])
        total += max(0, price - ground.tie_saving) if i in tied else price
        held |= int(ground.mask[i])
    worth = cast(FloatArray, asked.worth)
    missing = [round(w * PRICE_SCALE) for c, w in enumerate(worth.tolist()) if not held >> c & 1]
    return total + int(sum(missing))


def _clashing(ground: _Ground, members: frozenset[int]) -> tuple[int, int] | None:
    for one, other in ground.candidates.conflicts.tolist():
        if one in members and other in members:
            return one, other
    return None


def _solve(
    ground: _Ground,
    asked: Challenge,
    bans: frozenset[int] = frozenset(),
    parent: _Found | None = None,
    limit: int = _NO_LIMIT,
) -> _Found | None:
    """Best team, conflicts kept: each pair found is split into "without the one" and "without the other"."""
    first = _search(ground, asked, bans, parent, limit)
    queue = [] if first is None else [(first.price, 0, bans, first)]
    serial = 0
    seen = {bans}
    while queue:
        _, _, banned, found = heapq.heappop(queue)
        pair = _clashing(ground, found.members)
        if pair is None:
            return found
        for member in pair:
            fewer = banned | {member}
            if fewer in seen:
                continue
            seen.add(fewer)
            child = _search(ground, asked, fewer, found, limit)
            if child is not None:
                serial += 1
                heapq.heappush(queue, (child.price, serial, fewer, child))
    return None


def _ranked(ground: _Ground, asked: Challenge, n: int) -> list[_Found]:
    """The ``n`` best teams of which none contains an earlier one.

    Whatever does not contain a team lacks one of its members, so each team that leaves the queue is followed by one
    question per member: the best without that one. Such a question waits with its parent's price as lower bound and,
    when its turn comes, is asked only below the best answer already in the queue, which is quick.
    """
    first = _solve(ground, asked)
    if first is None:
        return []
    # (price or lower bound, 0 answered or 1 open, serial, bans, team: the answer or the parent)
    queue: list[tuple[int, int, int, frozenset[int], _Found]] = [(first.price, 0, 0, frozenset(), first)]
    seen: set[frozenset[int]] = {frozenset()}
    teams: list[_Found] = []
    serial = 0
    while queue:
        lower, is_open, _, bans, found = heapq.heappop(queue)
        if is_open:
            limit = min((entry[0] for entry in queue if not entry[1]), default=_NO_LIMIT)
            answer = _solve(ground, asked, bans, found, limit) if lower < limit else None
            if answer is not None:
                heapq.heappush(queue, (answer.price, 0, serial, bans, answer))
            elif limit < _NO_LIMIT:
                heapq.heappush(queue, (limit, 1, serial, bans, found))
            serial += 1
            continue
        if not any(team.members <= found.members for team in teams):
            teams.append(found)
            if len(teams) == n:
                break
        for member in sorted(found.members):
            fewer = bans | {member}
            if fewer not in seen:
                seen.add(fewer)
                serial += 1
                heapq.heappush(queue, (found.price, 1, serial, fewer, found))
    return teams


def _conditions(ground: _Ground, asked: Challenge) -> tuple[str, ...]:
    """Names of the conditions in force."""
    worth = cast(FloatArray, asked.worth)
    names = [f"capability:{c}" for c in range(worth.shape[0]) if np.isinf(worth[c])]
    names += [name for name in ("lead_kinds", "lead", "max_members", "max_cost") if getattr(asked, name) is not None]
    if asked.min_jurisdictions > 1:
        names.append("min_jurisdictions")
    if asked.max_travel_min is not None:
        names.append("max_travel_min")
    names += [f"pinned:{i}" for i in asked.pinned]
    if asked.banned:
        names.append("banned")
    if ground.candidates.conflicts.shape[0]:
        names.append("conflicts")
    return tuple(names)


def _without(ground: _Ground, asked: Challenge, name: str) -> tuple[_Ground, Challenge]:
    kind, _, which = name.partition(":")
    if kind == "capability":
        worth = cast(FloatArray, asked.worth).copy()
        worth[int(which)] = 0.0
        return ground, replace(asked, worth=worth)
    if kind == "pinned":
        return ground, replace(asked, pinned=tuple(i for i in asked.pinned if i != int(which)))
    if kind == "banned":
        return ground, replace(asked, banned=())
    if kind == "min_jurisdictions":
        return ground, replace(asked, min_jurisdictions=1)
    if kind == "conflicts":
        none = ground.candidates.conflicts[:0]
        return replace(ground, candidates=replace(ground.candidates, conflicts=none)), asked
    changed: dict[str, None] = {kind: None}
    return ground, replace(asked, **changed)  # type: ignore[arg-type]


def _condition_price(ground: _Ground, asked: Challenge, name: str, price: float | None) -> ConditionPrice:
    found = _solve(*_without(ground, asked, name))
    if found is None:
        return ConditionPrice(name, None, None)
    without = found.price / PRICE_SCALE
    return ConditionPrice(name, without, None if price is None else round(price - without, 3))


def _clash(ground: _Ground, asked: Challenge) -> tuple[str, ...]:
    """One irreducible set of conditions that no team keeps together, by deletion; empty if a team exists.

    Dropping a pin (or the named lead) also takes away that member's leave to join without an asked capability, so what
    was found before may change; passes go on until one changes nothing.
    """
    if _feasible(ground, asked):
        return ()
    names = _conditions(ground, asked)
    while True:
        admits = bool(asked.pinned) or asked.lead is not None
        kept = []
        for name in names:
            fewer = _without(ground, asked, name)
            if _feasible(*fewer):
                kept.append(name)
            else:
                ground, asked = fewer
        if not admits or len(kept) == len(names):
            return tuple(kept)
        names = tuple(kept)


def _team(ground: _Ground, asked: Challenge, found: _Found) -> Team:
    who = ground.candidates
    lead = found.lead
    rest = sorted(found.members - {lead})
    members = (lead, *rest)
    tied = set(ground.tie_end[ground.tie_start[lead] : ground.tie_start[lead + 1]].tolist())
    k = len(asked.need)
    held_by = tuple(tuple(i for i in members if ground.mask[i] >> c & 1) for c in range(k))
    minutes = [float(ground.travel_min[who.place[i], who.place[lead]]) for i in rest]
    return Team(
        lead=lead,
        members=members,
        price=found.price / PRICE_SCALE,
        cost=int(who.cost[list(members)].sum()),
        longest_travel_min=max(minutes, default=0.0),
        jurisdictions=tuple(sorted({int(who.jurisdiction[i]) for i in members})),
        held_by=held_by,
        missing=tuple(c for c in range(k) if not held_by[c]),
        ties=sum(i in tied for i in rest),
    )
