"""Editions: published cluster methods as data, each parameter with its source and standing.

One JSON file an edition. A parameter that no source settles is left open (``null``), and whoever runs the edition must
give it: the files state what could be read, never a guess.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

Standing = Literal["publisher", "secondary", "inferred", "chosen", "open"]
"""Who says so: the publisher itself; somebody reporting it; an inference from published figures; a choice made here
where the method leaves it to the maker; nobody whom we could read."""

FOLDER = Path(__file__).parent
PARAMETERS = ("radius_km", "min_weight", "merge_km", "join")


class EditionError(ValueError):
    """An edition doesn't exist, or its file isn't in the form of one."""


@dataclass(frozen=True, slots=True)
class Sourced:
    """A parameter with its standing and source; value None where it is open."""

    value: float | str | None
    standing: Standing
    source: str


@dataclass(frozen=True, slots=True)
class Metric:
    """What an edition counts: the code used in the points' ``metric`` column, a label, what a point is, the window."""

    id: str
    label: str
    point: str
    window: Sourced


@dataclass(frozen=True, slots=True)
class Edition:
    """One published method."""

    id: str
    title: str
    publisher: str
    parameters: Mapping[str, Sourced]
    metrics: tuple[Metric, ...]
    notes: tuple[str, ...]

    @property
    def verified(self) -> bool:
        """Whether every parameter was read in the publisher's own words."""
        return all(one.standing == "publisher" for one in self.parameters.values())

    @property
    def open(self) -> tuple[str, ...]:
        """Names of the parameters that no source settles."""
        return tuple(name for name, one in self.parameters.items() if one.value is None)

    def number(self, name: str) -> float | None:
        """A numeric parameter, None where it is open."""
        value = self.parameters[name].value
        return None if value is None else float(value)


def shipped() -> list[str]:
    """Ids of the editions that ship, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load(name: str) -> Edition:
    """Load a shipped edition by its id, or one from a JSON file by its path.

    Raises
    ------
    EditionError
        There is no such edition or file, or the file isn't in the form of an edition.
    """
    path = FOLDER / f"{name}.json"
    if name not in shipped():
        path = Path(name)
        if path.suffix != ".json" or not path.is_file():
            raise EditionError(
                f"There is no edition {name!r}. Editions: {', '.join(shipped())}; or a path to a .json file."
            )
    try:
        return _edition(json.loads(path.read_text("utf-8")))
    except json.JSONDecodeError as problem:
        raise EditionError(f"{path}, line {problem.lineno}, column {problem.colno}: {problem.msg}.") from problem
    except UnicodeDecodeError as problem:
        raise EditionError(f"{path} is not UTF-8 text.") from problem
    except (KeyError, TypeError, AttributeError) as problem:
        raise EditionError(
            f"{path}: {type(problem).__name__} {problem}; compare it with a shipped edition."
        ) from problem


def _edition(raw: Mapping[str, Any]) -> Edition:
    parameters = {name: _sourced(f"parameters.{name}", raw["parameters"][name]) for name in PARAMETERS}
    for name in ("radius_km", "min_weight", "merge_km"):
        value = parameters[name].value
        if value is not None and (isinstance(value, (str, bool)) or not math.isfinite(value) or value < 0):
            raise EditionError(f"Edition {raw['id']}: {name} must be a number of 0 or more, or null, got {value!r}.")
    if parameters["join"].value not in ("sum", "mean"):
        raise EditionError(f'Edition {raw["id"]}: join must be "sum" or "mean", got {parameters["join"].value!r}.')
    metrics = tuple(
        Metric(one["id"], one["label"], one["point"], _sourced(f"metric {one['id']}", one["window"]))
        for one in raw["metrics"]
    )
    if not metrics or len({one.id for one in metrics}) != len(metrics):
        raise EditionError(f"Edition {raw['id']}: metrics must be one or more, with different ids.")
    return Edition(raw["id"], raw["title"], raw["publisher"], parameters, metrics, tuple(raw["notes"]))


def _sourced(name: str, raw: Mapping[str, Any]) -> Sourced:
    one = Sourced(raw["value"], raw["standing"], raw["source"])
    if one.standing not in get_args(Standing):
        raise EditionError(f"{name}: standing must be one of {', '.join(get_args(Standing))}, got {one.standing!r}.")
    if (one.value is None) != (one.standing == "open"):
        raise EditionError(f'{name}: a value is null exactly where its standing is "open", got {one.value!r}.')
    return one
