"""``headwater team``: the smallest able consortium, from two files."""

from __future__ import annotations

import csv
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from headwater.engines.teams import Candidates, Challenge, Plan, Team, Weights
    from headwater.engines.teams.problem import FloatArray

SPEED_KMH = 100.0
EARTH_KM = 6371.0
HUNDREDTHS = 100  # money is counted in hundredths, so that two decimals are exact
MOST_PLACES = 1500
WORTH = 20.0
COLUMNS = ("id", "cost", "capabilities")
MORE_COLUMNS = ("name", "kind", "jurisdiction", "city", "lat", "lon", "ties", "load")
WEIGHTS = {"cost": 1.0, "travel_minute": 0.1, "member": 5.0, "load": 10.0, "tie": 5.0, "strength": 0.0}


class Unusable(click.ClickException):
    """Input that cannot be read: one sentence with the place, exit code 2."""

    exit_code = 2


@dataclass(frozen=True)
class _Row:
    """One candidate as written."""

    line: int
    id: str
    name: str
    kind: str
    jurisdiction: str
    city: str
    position: tuple[float, float] | None
    cost: int  # hundredths
    load: float
    held: dict[str, float]
    ties: tuple[str, ...]


@dataclass(frozen=True)
class _Asked:
    """The challenge file, checked, with names still as written."""

    title: str
    names: tuple[str, ...]
    levels: tuple[float, ...]
    worths: tuple[float, ...]
    limits: Mapping[str, Any]
    pin: tuple[str, ...]
    ban: tuple[str, ...]
    conflicts: tuple[tuple[str, str], ...]
    weights: Mapping[str, float]


@click.command("team", short_help="The smallest able consortium, from two files.")
@click.argument("challenge_file", metavar="CHALLENGE.json", type=click.Path(path_type=Path))
@click.argument("candidates_file", metavar="CANDIDATES.csv", type=click.Path(path_type=Path))
@click.option(
    "--travel",
    "travel_file",
    type=click.Path(path_type=Path),
    help="Minutes between cities: CSV with from, to, minutes.",
)
@click.option(
    "--speed",
    type=click.FloatRange(1, 10_000),
    default=SPEED_KMH,
    show_default=True,
    help="Without --travel: km/h along the great circle.",
)
@click.option(
    "--alternatives", type=click.IntRange(0, 20), default=3, show_default=True, help="How many next best teams."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    challenge_file: Path,
    candidates_file: Path,
    travel_file: Path | None,
    speed: float,
    alternatives: int,
    as_json: bool,
) -> None:
    """Find the team that can do all that CHALLENGE.json asks, at the least total, among CANDIDATES.csv.

    The answer is the exact optimum over all who may lead, the next best teams and what each lacks, and what each
    condition costs; where no team keeps every condition, a set of conditions that clash. No team is an answer too: exit
    code 0.

    \b
    CHALLENGE.json
      capabilities   list of {"name", "level": 1, "need": "must"|"nice",
                     "worth": 20}; worth (nice only) is what going without
                     adds to the total. At most 16.
      limits         lead_kinds (list), lead (id), max_members, max_cost,
                     min_jurisdictions, max_travel_minutes (each member to
                     the lead); all optional
      pin, ban       lists of ids
      conflicts      list of [id, id]: not in one team
      weights        cost 1, travel_minute 0.1, member 5, load 10, tie 5,
                     strength 0
    \b
    CANDIDATES.csv (UTF-8)
      id             unique
      cost           money asked, at most two decimals
      capabilities   name:level;name:level (level 1 if left out)
      name, kind, jurisdiction, city, load (0 = free, 1 = fully busy)
      lat, lon       degrees; a city stands at the mean of its rows
      ties           id;id of those it worked with before
    Columns after capabilities may be missing; others are ignored.
    \b
    --travel CSV
      from, to, minutes   cities; the way back is the same unless given;
                          a pair left out has no route; within a city 0

    The total: for each member cost, member, load x its load, less strength x its mean level above need; for each but
    the lead travel_minute x minutes to the lead, less tie if the two worked together before; for each missing
    nice-to-have its worth. No member counts less than 0. Everyone but the lead and the pinned holds an asked capability
    at its level.
    """
    from headwater.engines.teams import TeamError, plan_team

    asked = _read_challenge(challenge_file)
    rows = _read_candidates(candidates_file, asked)
    candidates, challenge, weights, strangers = _arrays(asked, rows, challenge_file)
    place_names, place = _places(rows, travel_file is not None, candidates_file)
    travel = (
        _read_travel(travel_file, place_names) if travel_file else _great_circle(rows, place, len(place_names), speed)
    )
    candidates = _placed(candidates, place)
    try:
        plan = plan_team(candidates, challenge, travel, weights, n_alternatives=alternatives)
    except TeamError as error:
        raise Unusable(f"{challenge_file}: {error}") from error
    able = int((candidates.level >= challenge.need).any(axis=1).sum())
    answer = _answer(plan, asked, rows, able)
    if strangers:
        answer["notes"] = [f"{strangers} ties name nobody in {candidates_file.name}; they count for nothing."]
    click.echo(json.dumps(answer, ensure_ascii=False, indent=1) if as_json else _as_text(answer))


# Reading


@lru_cache(maxsize=100_000)
def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Unusable(f"{path}: there is no such file.") from None
    except IsADirectoryError:
        raise Unusable(f"{path} is a folder; name a file.") from None
    except UnicodeDecodeError as error:
        raise Unusable(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8.") from None
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from None


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _read_challenge(path: Path) -> _Asked:
    try:
        loaded = json.loads(_text_of(path))
    except json.JSONDecodeError as error:
        raise Unusable(f"{path}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}).") from None
    except RecursionError:
        raise Unusable(f"{path}: nested too deeply to be a challenge.") from None
    known = {"title", "capabilities", "limits", "pin", "ban", "conflicts", "weights"}
    asked = _object(path, "the challenge", loaded, known)
    items = asked.get("capabilities")
    if not isinstance(items, list) or not 1 <= len(items) <= 16:
        raise Unusable(f"{path}: capabilities must be a list of 1 to 16 objects with a name.")
    names: list[str] = []
    levels: list[float] = []
    worths: list[float] = []
    for at, item in enumerate(items):
        where = f"capabilities[{at}]"
        entry = _object(path, where, item, {"name", "level", "need", "worth"})
        name = entry.get("name")
        if not isinstance(name, str) or not name.strip():
            raise Unusable(f"{path}: {where}.name must be a text that is not empty.")
        if _key(name) in {_key(n) for n in names}:
            raise Unusable(f'{path}: capability "{name}" is asked twice; keep the higher level.')
        level = _number(path, f"{where}.level", entry.get("level", 1))
        if level <= 0:
            raise Unusable(f"{path}: {where}.level must be above 0, got {level:g}.")
        need = entry.get("need", "must")
        if need not in ("must", "nice"):
            raise Unusable(
                f'{path}: {where}.need must be "must" or "nice", got {json.dumps(need, ensure_ascii=False)}.'
            )
        worth = _number(path, f"{where}.worth", entry.get("worth", WORTH))
        if need == "must" and "worth" in entry:
            raise Unusable(f'{path}: {where}.worth is for what is nice to have; add "need": "nice" or leave it out.')
        names.append(name.strip())
        levels.append(level)
        worths.append(math.inf if need == "must" else worth)
    weights = {**WEIGHTS}
    for name, value in _object(path, "weights", asked.get("weights", {}), set(WEIGHTS)).items():
        weights[name] = _number(path, f"weights.{name}", value)
    title = asked.get("title", "")
    if not isinstance(title, str):
        raise Unusable(f"{path}: title must be a text.")
    return _Asked(
        title=title,
        names=tuple(names),
        levels=tuple(levels),
        worths=tuple(worths),
        limits=_limits(path, asked.get("limits", {})),
        pin=_ids(path, "pin", asked.get("pin", [])),
        ban=_ids(path, "ban", asked.get("ban", [])),
        conflicts=_conflicts(path, asked.get("conflicts", [])),
        weights=weights,
    )


def _object(path: Path, where: str, value: object, known: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unusable(f"{path}: {where} must be a JSON object.")
    if strange := sorted(set(value) - known):
        raise Unusable(f'{path}: {where} has an unknown key "{strange[0]}"; known are {", ".join(sorted(known))}.')
    return value


def _number(path: Path, where: str, value: object) -> float:
    if not _is_number(value) or float(value) < 0:  # type: ignore[arg-type]
        raise Unusable(f"{path}: {where} must be a number of at least 0, got {json.dumps(value, ensure_ascii=False)}.")
    return float(value)  # type: ignore[arg-type]


def _ids(path: Path, where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise Unusable(f"{path}: {where} must be a list of ids (texts).")
    return tuple(value)


def _conflicts(path: Path, value: object) -> tuple[tuple[str, str], ...]:
    pairs = []
    for pair in value if isinstance(value, list) else [None]:
        if not (
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(i, str) for i in pair) and pair[0] != pair[1]
        ):
            raise Unusable(f'{path}: conflicts must be a list of pairs of different ids, such as [["a", "b"]].')
        pairs.append((pair[0], pair[1]))
    return tuple(pairs)


def _limits(path: Path, value: object) -> dict[str, Any]:
    known = {"lead_kinds", "lead", "max_members", "max_cost", "min_jurisdictions", "max_travel_minutes"}
    limits = {k: v for k, v in _object(path, "limits", value, known).items() if v is not None}
    for name in ("max_members", "min_jurisdictions"):
        if name in limits and (not isinstance(limits[name], int) or isinstance(limits[name], bool) or limits[name] < 1):
            raise Unusable(
                f"{path}: limits.{name} must be a whole number of at least 1, got {json.dumps(limits[name])}."
            )
    for name in ("max_cost", "max_travel_minutes"):
        if name in limits:
            _number(path, f"limits.{name}", limits[name])
    if "max_cost" in limits:
        limits["max_cost"] = _money(str(limits["max_cost"]), f"{path}: limits.max_cost")
    if "lead_kinds" in limits and not _ids(path, "limits.lead_kinds", limits["lead_kinds"]):
        raise Unusable(f"{path}: limits.lead_kinds must name at least one kind; leave it out if anyone may lead.")
    if "lead" in limits and not isinstance(limits["lead"], str):
        raise Unusable(f"{path}: limits.lead must be an id (a text).")
    return limits


def _money(text: str, where: str) -> int:
    try:
        hundredths = Decimal(text.strip()) * HUNDREDTHS
    except InvalidOperation:
        raise Unusable(f'{where} must be an amount such as 120 or 99.50, got "{text}".') from None
    if not hundredths.is_finite() or hundredths < 0 or hundredths > 10**12:
        raise Unusable(f'{where} must be from 0 to 10000000000, got "{text}".')
    if hundredths != hundredths.to_integral_value():
        raise Unusable(f'{where} must have at most two decimals, got "{text}".')
    return int(hundredths)


def _read_candidates(path: Path, asked: _Asked) -> list[_Row]:
    wanted = {_key(name) for name in asked.names}
    reader = csv.DictReader(_text_of(path).splitlines(keepends=True), restkey="", restval="")
    try:
        header = [name.strip().lower() for name in reader.fieldnames or []]
        if not header:
            raise Unusable(
                f"{path} is empty; its first line must name the columns: {', '.join(COLUMNS + MORE_COLUMNS)}."
            )
        if missing := [name for name in COLUMNS if name not in header]:
            raise Unusable(
                f"{path}, line 1: column {missing[0]} is missing; the columns there are {', '.join(header)}."
            )
        reader.fieldnames = header
        rows = [_row(path, reader.line_num, record, wanted) for record in reader]
    except csv.Error as error:
        raise Unusable(f"{path}, line {reader.line_num}: not CSV ({error}).") from None
    if not rows:
        raise Unusable(f"{path} has a header but no candidates.")
    lines: dict[str, int] = {}
    for row in rows:
        if row.id in lines:
            raise Unusable(f'{path}, line {row.line}: id "{row.id}" was used in line {lines[row.id]} already.')
        lines[row.id] = row.line
    return rows


def _row(path: Path, line: int, record: Mapping[str, Any], wanted: set[str]) -> _Row:
    where = f"{path}, line {line}"
    if record.get(""):
        raise Unusable(f"{where}: more values than columns; put values that hold a comma in quotes.")
    text = {name: (record.get(name) or "").strip() for name in (*COLUMNS, *MORE_COLUMNS)}
    if not text["id"]:
        raise Unusable(f"{where}: id is empty.")
    held: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text["capabilities"].split(";"))):
        name, colon, level = part.rpartition(":")
        name, level = (name, level) if colon else (part, "1")
        key = _key(name)
        value = _decimal(level, f"{where}: the level in capability {part!r}", 0.0, 1e9)
        if key in wanted:
            if key in held:
                raise Unusable(f'{where}: capability "{name.strip()}" is given twice.')
            held[key] = value
    if bool(text["lat"]) != bool(text["lon"]):
        raise Unusable(f"{where}: lat and lon must both be given or both be empty.")
    position = None
    if text["lat"]:
        position = (_decimal(text["lat"], f"{where}: lat", -90, 90), _decimal(text["lon"], f"{where}: lon", -180, 180))
    return _Row(
        line=line,
        id=text["id"],
        name=text["name"] or text["id"],
        kind=text["kind"],
        jurisdiction=text["jurisdiction"],
        city=text["city"],
        position=position,
        cost=_money(text["cost"], f"{where}: cost"),
        load=_decimal(text["load"], f"{where}: load", 0, 1e6) if text["load"] else 0.0,
        held=held,
        ties=tuple(filter(None, (t.strip() for t in text["ties"].split(";")))),
    )


def _decimal(text: str, where: str, least: float, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise Unusable(f'{where} must be a number from {least:g} to {most:g}, got "{text}".')
    return value


def _arrays(asked: _Asked, rows: list[_Row], path: Path) -> tuple[Candidates, Challenge, Weights, int]:
    import numpy as np

    from headwater.engines.teams import Candidates, Challenge, Weights

    number = {row.id: i for i, row in enumerate(rows)}

    def find(one: str, where: str) -> int:
        if one not in number:
            raise Unusable(f'{path}: {where} names "{one}", who is not among the candidates.')
        return number[one]

    kinds = {kind: i for i, kind in enumerate(sorted({row.kind for row in rows}))}
    homes = {home: i for i, home in enumerate(sorted({row.jurisdiction for row in rows}))}
    limits = asked.limits
    if strange := [kind for kind in limits.get("lead_kinds", ()) if kind not in kinds]:
        raise Unusable(
            f'{path}: limits.lead_kinds names "{strange[0]}"; kinds there are {", ".join(filter(None, kinds))}.'
        )
    if limits.get("min_jurisdictions", 1) > 1 and len(homes) > 61:
        raise Unusable(
            f"{path}: min_jurisdictions works with at most 61 jurisdictions; the candidates have {len(homes)}."
        )
    level = np.zeros((len(rows), len(asked.names)))
    keys = [_key(name) for name in asked.names]
    for i, row in enumerate(rows):
        if row.held:
            level[i] = [row.held.get(key, 0.0) for key in keys]
    ties = [(i, number[tie]) for i, row in enumerate(rows) for tie in row.ties if number.get(tie, i) != i]
    strangers = sum(tie not in number for row in rows for tie in row.ties)
    conflicts = [(find(a, "conflicts"), find(b, "conflicts")) for a, b in asked.conflicts]
    candidates = Candidates(
        cost=np.array([row.cost for row in rows], np.int64),
        place=np.zeros(len(rows), np.int64),
        kind=np.array([kinds[row.kind] for row in rows], np.int64),
        jurisdiction=np.array([homes[row.jurisdiction] for row in rows], np.int64),
        level=level,
        load=np.array([row.load for row in rows]),
        ties=np.array(ties, np.int64).reshape(-1, 2),
        conflicts=np.array(conflicts, np.int64).reshape(-1, 2),
    )
    challenge = Challenge(
        need=np.array(asked.levels),
        worth=np.array(asked.worths),
        lead_kinds=frozenset(kinds[k] for k in limits["lead_kinds"]) if "lead_kinds" in limits else None,
        lead=find(limits["lead"], "limits.lead") if "lead" in limits else None,
        max_members=limits.get("max_members"),
        max_cost=limits.get("max_cost"),
        min_jurisdictions=limits.get("min_jurisdictions", 1),
        max_travel_min=limits.get("max_travel_minutes"),
        pinned=tuple(find(i, "pin") for i in asked.pin),
        banned=tuple(find(i, "ban") for i in asked.ban),
    )
    w = asked.weights
    weights = Weights(w["cost"] / HUNDREDTHS, w["travel_minute"], w["member"], w["load"], w["tie"], w["strength"])
    return candidates, challenge, weights, strangers


def _placed(candidates: Candidates, place: list[int]) -> Candidates:
    from dataclasses import replace

    import numpy as np

    return replace(candidates, place=np.array(place, np.int64))


def _places(rows: list[_Row], by_name: bool, path: Path) -> tuple[list[str], list[int]]:
    """Give each row its place: its city, or its own position where it names none."""
    index: dict[object, int] = {}
    names: list[str] = []
    place = []
    for row in rows:
        if by_name and not row.city:
            raise Unusable(f"{path}, line {row.line}: city is empty, and --travel goes by cities.")
        if not by_name and not row.city and row.position is None:
            raise Unusable(f"{path}, line {row.line}: give lat and lon, or a city that has them in another line.")
        key: object = _key(row.city) or row.position
        if key not in index:
            index[key] = len(names)
            names.append(row.city or str(row.position))
        place.append(index[key])
    if len(names) > MOST_PLACES:
        raise Unusable(f"{path}: {len(names)} different places; at most {MOST_PLACES} work, so give rows a city.")
    return names, place


def _great_circle(rows: list[_Row], place: list[int], n: int, speed_kmh: float) -> FloatArray:
    import numpy as np

    total, count = np.zeros((n, 3)), np.zeros(n)
    for row, at in zip(rows, place, strict=True):
        if row.position is not None:
            lat, lon = np.radians(row.position)
            total[at] += (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
            count[at] += 1
    for row, at in zip(rows, place, strict=True):
        if count[at] == 0:
            raise Unusable(
                f'Line {row.line} of the candidates: city "{row.city}" has lat and lon in no line; or use --travel.'
            )
    unit = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    chord = np.linalg.norm(unit[:, None] - unit[None], axis=2)
    km = 2 * EARTH_KM * np.arcsin(np.clip(chord / 2, 0, 1))
    minutes: FloatArray = np.rint(km / speed_kmh * 60)
    return minutes


def _read_travel(path: Path, names: list[str]) -> FloatArray:
    import numpy as np

    index = {_key(name): i for i, name in enumerate(names)}
    minutes = np.full((len(names), len(names)), np.nan)
    reader = csv.DictReader(_text_of(path).splitlines(keepends=True), restval="")
    given: set[tuple[int, int]] = set()
    try:
        header = [name.strip().lower() for name in reader.fieldnames or []]
        if missing := [name for name in ("from", "to", "minutes") if name not in header]:
            raise Unusable(f"{path}, line 1: column {missing[0]} is missing; it needs from, to, minutes.")
        reader.fieldnames = header
        for record in reader:
            start, end = index.get(_key(record["from"] or "")), index.get(_key(record["to"] or ""))
            value = _decimal((record["minutes"] or "").strip(), f"{path}, line {reader.line_num}: minutes", 0, 1e6)
            if start is None or end is None:
                continue  # a matrix of more cities than the candidates live in
            minutes[start, end] = value
            given.add((start, end))
            if (end, start) not in given:
                minutes[end, start] = value
    except csv.Error as error:
        raise Unusable(f"{path}, line {reader.line_num}: not CSV ({error}).") from None
    known = {i for pair in given for i in pair}
    if len(names) > 1 and (lost := [name for i, name in enumerate(names) if i not in known]):
        raise Unusable(f'{path}: no line names the city "{lost[0]}"; add its minutes or correct the spelling.')
    same = np.arange(len(names))
    minutes[same, same] = np.where(np.isnan(minutes[same, same]), 0.0, minutes[same, same])
    return minutes


# Answering


def _answer(plan: Plan, asked: _Asked, rows: list[_Row], able: int) -> dict[str, Any]:
    best = plan.best
    return {
        "title": asked.title,
        "candidates": len(rows),
        "able_for_something": able,
        "optimal": best is not None,
        "best": None if best is None else _team_as_json(best, asked, rows),
        "alternatives": [
            {**_team_as_json(team, asked, rows), **_beside(team, best, asked, rows)}
            for team in plan.alternatives
            if best is not None
        ],
        "conditions": [
            {
                "condition": _condition(item.condition, asked, rows),
                "total_without": item.price_without,
                "adds": item.added,
            }
            for item in plan.condition_prices
        ],
        "clash": [_condition(name, asked, rows) for name in plan.clash],
    }


def _team_as_json(team: Team, asked: _Asked, rows: list[_Row]) -> dict[str, Any]:
    homes = sorted({rows[i].jurisdiction for i in team.members})
    return {
        "total": team.price,
        "cost": team.cost / HUNDREDTHS,
        "lead": rows[team.lead].id,
        "members": [
            {
                "id": rows[i].id,
                "name": rows[i].name,
                "kind": rows[i].kind,
                "city": rows[i].city,
                "jurisdiction": rows[i].jurisdiction,
                "cost": rows[i].cost / HUNDREDTHS,
                "brings": [name for name, holders in zip(asked.names, team.held_by, strict=True) if i in holders],
            }
            for i in team.members
        ],
        "jurisdictions": homes,
        "longest_travel_minutes": team.longest_travel_min,
        "ties_to_lead": team.ties,
        "held_by": {
            name: [rows[i].id for i in holders] for name, holders in zip(asked.names, team.held_by, strict=True)
        },
        "missing_nice": [asked.names[c] for c in team.missing],
    }


def _beside(team: Team, best: Team, asked: _Asked, rows: list[_Row]) -> dict[str, Any]:
    """Say what an alternative lacks beside the best team."""
    lacks = []
    if lost := sorted(set(team.missing) - set(best.missing)):
        lacks.append(f"lacks {', '.join(asked.names[c] for c in lost)}")
    if team.cost > best.cost:
        lacks.append(f"costs {_plain((team.cost - best.cost) / HUNDREDTHS)} more")
    if len(team.members) > len(best.members):
        lacks.append(f"is {len(team.members) - len(best.members)} larger")
    if team.longest_travel_min > best.longest_travel_min:
        lacks.append(f"has {_plain(team.longest_travel_min - best.longest_travel_min)} min more of longest travel")
    if team.ties < best.ties:
        lacks.append(f"has {best.ties - team.ties} earlier ties fewer")
    if len(team.jurisdictions) < len(best.jurisdictions):
        lacks.append(f"spans {len(best.jurisdictions) - len(team.jurisdictions)} jurisdictions fewer")
    return {
        "total_more": round(team.price - best.price, 3),
        "without": [rows[i].id for i in sorted(set(best.members) - set(team.members))],
        "instead": [rows[i].id for i in sorted(set(team.members) - set(best.members))],
        "lacks": lacks,
    }


def _condition(name: str, asked: _Asked, rows: list[_Row]) -> str:
    kind, _, which = name.partition(":")
    limits = asked.limits
    if kind == "capability":
        c = int(which)
        return f"must have {asked.names[c]} at level {_plain(asked.levels[c])}"
    if kind == "pinned":
        return f"{rows[int(which)].id} must be a member"
    return {
        "lead_kinds": f"lead must be {' or '.join(limits.get('lead_kinds', ()))}",
        "lead": f"lead must be {limits.get('lead')}",
        "max_members": f"at most {limits.get('max_members')} members",
        "max_cost": f"at most {_plain(limits.get('max_cost', 0) / HUNDREDTHS)} of cost",
        "min_jurisdictions": f"at least {limits.get('min_jurisdictions')} jurisdictions",
        "max_travel_min": f"within {_plain(limits.get('max_travel_minutes', 0))} min of the lead",
        "banned": f"without {', '.join(asked.ban)}",
        "conflicts": "conflicts kept",
    }[kind]


def _plain(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _as_text(answer: Mapping[str, Any]) -> str:
    lines = [answer["title"]] if answer["title"] else []
    lines.append(
        f"{answer['candidates']} candidates, {answer['able_for_something']} able to do something that is asked."
    )
    if answer["best"] is None:
        lines += [
            "",
            "No team keeps every condition. These clash; drop any one and the others of this list can be kept:",
        ]
        for item in answer["conditions"]:
            without = item["total_without"]
            rest = "still no team, other conditions clash too" if without is None else f"best total {_plain(without)}"
            lines.append(f"  {item['condition']}  (all else kept, without it: {rest})")
        return "\n".join([*lines, *_notes(answer)])
    best = answer["best"]
    lines += ["", f"Best team: total {_plain(best['total'])} (proved least), cost {_plain(best['cost'])}"]
    lines += _team_lines(best)
    for at, team in enumerate(answer["alternatives"], 1):
        lines += ["", f"Alternative {at}: total {_plain(team['total'])} ({_plain(team['total_more'])} more)"]
        lines.append(f"  without {', '.join(team['without'])}; instead {', '.join(team['instead']) or 'nobody'}")
        if team["lacks"]:
            lines.append(f"  beside the best it {', '.join(team['lacks'])}")
        lines += _team_lines(team)
    if answer["conditions"]:
        lines += ["", "What each condition adds to the total:"]
        for item in answer["conditions"]:
            if item["adds"] is None:
                lines.append(f"  {'-':>10}  {item['condition']}  (without it no team: it also admits someone)")
            else:
                adds, without = _plain(item["adds"]), _plain(item["total_without"])
                lines.append(f"  {adds:>10}  {item['condition']}  (without it {without})")
    return "\n".join([*lines, *_notes(answer)])


def _team_lines(team: Mapping[str, Any]) -> Iterable[str]:
    for at, member in enumerate(team["members"]):
        where = ", ".join(filter(None, (member["kind"], member["city"], member["jurisdiction"])))
        what = ", ".join(member["brings"]) or "nothing of what is asked"
        label = f"{member['id']} {member['name']}" if member["name"] != member["id"] else member["id"]
        yield f"  {'lead  ' if at == 0 else 'member'}  {label} ({where}), cost {_plain(member['cost'])}: {what}"
    far = _plain(team["longest_travel_minutes"])
    yield f"  longest travel to the lead {far} min, earlier ties to the lead {team['ties_to_lead']}"
    if team["missing_nice"]:
        yield f"  nice to have, not in the team: {', '.join(team['missing_nice'])}"


def _notes(answer: Mapping[str, Any]) -> list[str]:
    return ["", *answer["notes"]] if "notes" in answer else []
