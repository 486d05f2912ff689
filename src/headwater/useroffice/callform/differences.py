"""What changed between two states of a form, one by one, for `wording` to say."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headwater.useroffice.rules.forms import SECTION

Entry = Mapping[str, Any]
LIMITS = ("most", "unit", "min", "max", "kinds", "most_mb")


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: its code, the entry it is about as it is now (or was), the same before, and what else it names."""

    code: str
    entry: Entry
    before: Entry | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def differences(old: Sequence[Entry], new: Sequence[Entry]) -> list[Difference]:
    """Every change from ``old`` to ``new``, in the order of the new form, what is gone first."""
    before = {one["key"]: one for one in old}
    after = {one["key"]: one for one in new}
    found = [
        Difference("section_removed" if one["kind"] == SECTION else "removed", one)
        for key, one in before.items()
        if key not in after
    ]
    elsewhere = _elsewhere([key for key in before if key in after], [key for key in after if key in before])
    last: Entry | None = None
    for key, one in after.items():
        held = before.get(key)
        if held is None:
            found.append(Difference("section_added" if one["kind"] == SECTION else "added", one))
        else:
            if key in elsewhere:
                told = {"other": last} if last else {}
                found.append(Difference("moved" if last else "moved_first", one, held, told))
            found += _inside(held, one, before, after)
        last = one
    return found


def _elsewhere(old: Sequence[str], new: Sequence[str]) -> set[str]:
    """The fewest keys that have to move for the old order to be the new one: all but a longest run in order."""
    place = {key: n for n, key in enumerate(old)}
    tails: list[int] = []
    last: list[str] = []
    before: dict[str, str | None] = {}
    for key in new:
        at = bisect_left(tails, place[key])
        before[key] = last[at - 1] if at else None
        tails[at : at + 1] = [place[key]]
        last[at : at + 1] = [key]
    kept, key_ = set(), last[-1] if last else None
    while key_ is not None:
        kept.add(key_)
        key_ = before[key_]
    return set(new) - kept


def _inside(old: Entry, new: Entry, before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Iterator[Difference]:
    """What changed in one entry."""
    for name in ("label_zh", "label_en"):
        if old.get(name, "") != new.get(name, ""):
            told = {"was": old.get(name) or "–", "now": new.get(name) or "–"}
            yield Difference(name, new, old, told)
    for name in ("help_zh", "help_en"):
        if old.get(name, "") != new.get(name, ""):
            yield Difference(name, new, old)
    if old["kind"] != new["kind"]:
        yield Difference("kind", new, old)
    if bool(old.get("required")) != bool(new.get("required")):
        yield Difference("required" if new.get("required") else "optional", new, old)
    if any(old.get(name) != new.get(name) for name in LIMITS):
        yield Difference("limits", new, old)
    yield from _choices(old, new)
    if old.get("when") != new.get("when"):
        when = new.get("when")
        if when:
            yield Difference("asked_when", new, old, {"other": after.get(when["key"], {}), "answer": when["is"]})
        else:
            yield Difference("asked_always", new, old, {"other": before.get(old["when"]["key"], {})})


def _choices(old: Entry, new: Entry) -> Iterator[Difference]:
    was = {one["value"]: one for one in old.get("choices") or ()}
    now = {one["value"]: one for one in new.get("choices") or ()}
    for value, one in was.items():
        if value not in now:
            yield Difference("choice_removed", new, old, {"choice": one})
    for value, one in now.items():
        if value not in was:
            yield Difference("choice_added", new, old, {"choice": one})
        elif any(was[value].get(name) != one.get(name) for name in ("label_zh", "label_en")):
            yield Difference("choice_renamed", new, old, {"choice": one, "old_choice": was[value]})
    if [value for value in was if value in now] != [value for value in now if value in was]:
        yield Difference("choices_reordered", new, old)
