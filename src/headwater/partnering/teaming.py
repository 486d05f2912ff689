"""The smallest able consortium on the real record: a challenge's wants, today's profiles, and the engine of teams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

import numpy as np

from headwater.core.decision import Decision, Reason, Refused
from headwater.core.money import minor_digits
from headwater.engines.teams import Candidates, Challenge as Question, Plan, Team, Weights, plan_team
from headwater.partnering import queries, reach
from headwater.partnering.indexing import ProfileIndex, profile_index
from headwater.partnering.models import Challenge, Profile, Version
from headwater.registry.models import Organisation

NICE_WORTH = 20.0
COMPANY, OTHER = 0, 1


@dataclass(frozen=True, slots=True)
class TeamWish:
    """What the broker asks of the team. Public ids of profiles for pins and bans; money in thousands."""

    lead: str = "company"  # "challenger", "company" or "anybody"
    max_members: int | None = 6
    max_cost: int | None = None
    min_jurisdictions: int = 1
    max_travel_min: int | None = None
    pinned: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a team on the page; ``profile`` is None for the asking company itself."""

    organisation: Organisation
    profile: Profile | None
    leads: bool
    brings: tuple[str, ...]
    minutes: float
    cost: int


@dataclass(frozen=True, slots=True)
class TeamReading:
    """A team, with what it lacks beside the best one."""

    members: tuple[Member, ...]
    total: float
    cost: int
    longest_min: float
    jurisdictions: tuple[str, ...]
    ties: int
    missing: tuple[str, ...] = ()
    more: float = 0.0
    without: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    dearer: int = 0
    farther: float = 0.0


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition, what it adds to the total, and the total without it; None where there is still no team."""

    code: str
    value: str
    added: float | None
    without: float | None


@dataclass(frozen=True, slots=True)
class TeamAnswer:
    """The best team, the next best, what each condition costs; or the conditions that clash."""

    best: TeamReading | None
    alternatives: tuple[TeamReading, ...]
    conditions: tuple[Condition, ...]
    clash: tuple[Condition, ...]
    candidates: int
    wish: TeamWish
    extra: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Board:
    """Who can be asked: groups of the index by their number, the asking company last."""

    index: ProfileIndex
    groups: np.ndarray
    cost: np.ndarray
    places: np.ndarray
    organisations: np.ndarray
    jurisdictions: np.ndarray
    level: np.ndarray
    profiles: list[int]  # profile keys; 0 for the asking company
    load: np.ndarray


def thousands(minor: int, currency: str) -> int:
    """An amount in thousands of the currency, rounded up, so that a limit is never overstepped."""
    return ceil(minor / 10 ** minor_digits(currency) / 1000)


def _board(challenge: Challenge, version: Version, must: set[int]) -> _Board:
    index = profile_index()
    groups = index.groups
    rows = [index.technique_row[one.technique_id] for one in version.requirements.all()]
    level = groups.levels[rows].toarray().T if rows else np.zeros((groups.size, 0))
    barred = [challenge.organisation_id, *queries.conflicts_with(challenge.organisation_id)]
    able = (level > 0).any(axis=1) & ~np.isin(groups.organisation, barred)
    for key in must:
        if key in index.group_of:
            able[index.group_of[key]] = True
    chosen = np.flatnonzero(able)
    travel = reach.travel()
    here = travel.row[version.city_id or challenge.organisation.city_id]
    digits = 10 ** minor_digits(version.currency or "CNY") * 1000
    return _Board(
        index,
        chosen,
        np.append(-(-index.prices[chosen] // digits), 0).astype(np.int64),
        np.append(groups.place[chosen], here).astype(np.int64),
        np.append(groups.organisation[chosen], challenge.organisation_id).astype(np.int64),
        np.append(index.jurisdictions[chosen], challenge.organisation.city.jurisdiction_id).astype(np.int64),
        np.vstack([level[chosen], np.zeros((1, level.shape[1]))]),
        [*index.profiles[chosen].tolist(), 0],
        np.append(groups.load[chosen], 0.0),
    )


def _pairs(board: _Board, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """Pairs of organisations as pairs of candidates."""
    of: dict[int, list[int]] = {}
    for at, organisation in enumerate(board.organisations.tolist()):
        of.setdefault(organisation, []).append(at)
    rows = [(a, b) for one, other in pairs for a in of.get(one, ()) for b in of.get(other, ())]
    return np.array(rows, np.int64).reshape(-1, 2)


def _numbers(board: _Board, names: Sequence[str], keys: dict[str, int]) -> tuple[int, ...]:
    at = {key: number for number, key in enumerate(board.profiles)}
    out = []
    for name in names:
        if name not in keys:
            raise Refused(Decision((Reason("profile.not_found", facts={"value": name}),)))
        if keys[name] in at:
            out.append(at[keys[name]])
    return tuple(out)


def plan(challenge: Challenge, version: Version, wish: TeamWish, *, at: datetime) -> TeamAnswer:
    """The smallest able consortium for a challenge under a broker's conditions; exact over all leads."""
    wants = list(version.requirements.all())
    if not wants:
        raise Refused(Decision((Reason("team.wanted_missing"),)))
    named = {*wish.pinned, *wish.banned}
    keys = dict(Profile.objects.filter(public_id__in=named, active=True).values_list("public_id", "pk"))
    board = _board(challenge, version, {keys[one] for one in wish.pinned if one in keys})
    company = len(board.profiles) - 1
    code = {key: number for number, key in enumerate(sorted(set(board.jurisdictions.tolist())))}
    kind = np.append(np.where(board.index.companies[board.groups], COMPANY, OTHER), COMPANY)
    if challenge.organisation.kind != "company":
        kind[-1] = OTHER
    candidates = Candidates(
        cost=board.cost,
        place=board.places,
        kind=kind.astype(np.int64),
        jurisdiction=np.array([code[key] for key in board.jurisdictions.tolist()], np.int64),
        level=board.level,
        load=board.load,
        ties=_pairs(board, {(a, b) for a, b, tie in queries.tied_pairs() if tie != "ownership"}),
        conflicts=_pairs(board, queries.all_conflicts()),
    )
    question = Question(
        need=np.array([float(one.level) for one in wants]),
        worth=np.array([np.inf if one.must else NICE_WORTH for one in wants]),
        lead_kinds=frozenset({COMPANY}) if wish.lead == "company" else None,
        lead=company if wish.lead == "challenger" else None,
        max_members=wish.max_members,
        max_cost=wish.max_cost,
        min_jurisdictions=wish.min_jurisdictions,
        max_travel_min=wish.max_travel_min,
        pinned=_numbers(board, wish.pinned, keys),
        banned=_numbers(board, wish.banned, keys),
    )
    weights = Weights(**queries.weighting(at).team)
    answer = plan_team(candidates, question, reach.travel().minutes, weights)
    return _told(answer, board, challenge, version, wish)


def _told(answer: Plan, board: _Board, challenge: Challenge, version: Version, wish: TeamWish) -> TeamAnswer:
    teams = [one for one in (answer.best, *answer.alternatives) if one is not None]
    keys = {board.profiles[at] for team in teams for at in team.members} - {0}
    profiles = {one.pk: one for one in queries.profiles().filter(pk__in=keys)}
    names = {board.profiles.index(key): str(one) for key, one in profiles.items()}
    names[len(board.profiles) - 1] = str(challenge.organisation)
    wants = [one.technique.name for one in version.requirements.all()]
    readings = [_team(team, board, profiles, challenge, wants) for team in teams]
    best = readings[0] if readings else None
    beside = tuple(
        _beside(reading, team, readings[0], teams[0], names)
        for reading, team in zip(readings[1:], teams[1:], strict=True)
    )
    prices = tuple(
        _condition(one.condition, wish, wants, board, one.added, one.price_without) for one in answer.condition_prices
    )
    told = {one.condition: one for one in answer.condition_prices}
    clash = tuple(
        _condition(name, wish, wants, board, None, told[name].price_without if name in told else None)
        for name in answer.clash
    )
    return TeamAnswer(best, beside, () if clash else prices, clash, len(board.profiles) - 1, wish)


def _team(
    team: Team, board: _Board, profiles: dict[int, Profile], challenge: Challenge, wants: list[str]
) -> TeamReading:
    minutes = reach.travel().minutes
    members = []
    for at in team.members:
        profile = profiles.get(board.profiles[at])
        members.append(
            Member(
                profile.organisation if profile else challenge.organisation,
                profile,
                at == team.lead,
                tuple(name for name, who in zip(wants, team.held_by, strict=True) if at in who),
                float(minutes[board.places[at], board.places[team.lead]]),
                int(board.cost[at]),
            )
        )
    places = list(dict.fromkeys(one.organisation.city.jurisdiction.name for one in members))
    return TeamReading(
        tuple(members),
        team.price,
        team.cost,
        team.longest_travel_min,
        tuple(places),
        team.ties,
        tuple(wants[at] for at in team.missing),
    )


def _beside(reading: TeamReading, team: Team, best: TeamReading, first: Team, names: dict[int, str]) -> TeamReading:
    return TeamReading(
        reading.members, reading.total, reading.cost, reading.longest_min, reading.jurisdictions, reading.ties,
        reading.missing, reading.total - best.total,
        tuple(names[at] for at in first.members if at not in team.members),
        tuple(names[at] for at in team.members if at not in first.members),
        reading.cost - best.cost, reading.longest_min - best.longest_min,
    )  # fmt: skip


def _condition(
    name: str, wish: TeamWish, wants: list[str], board: _Board, added: float | None, without: float | None
) -> Condition:
    code, _colon, number = name.partition(":")
    value = ""
    if code == "capability":
        value = wants[int(number)]
    elif code == "pinned":
        key = board.profiles[int(number)]
        value = str(Profile.objects.filter(pk=key).first() or "")
    elif code in ("max_members", "max_cost", "min_jurisdictions", "max_travel_min"):
        value = str(getattr(wish, code))
    return Condition(code, value, added, without)
