"""The names a query may hold, in both languages, and what each of them means. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from headwater.catalogue.spelling import Speller
from headwater.engines.relevance import STOP_WORDS, tokens

# One character of a script that is written without spaces, as the tokeniser sees it.
_HAN = "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003134f"
_PIECES = re.compile(rf"[{_HAN}]|[^\s{_HAN}]+")
HAN = re.compile(rf"[{_HAN}]")
MOST_JOINED = 4  # words that may have been written apart: "cryo EM"


class Kind(StrEnum):
    """What a name is a name of; of equal names the first kind wins."""

    TECHNIQUE = "technique"
    QUANTITY = "quantity"
    CITY = "city"
    ORGANISATION = "organisation"
    MAKER = "maker"


@dataclass(frozen=True, slots=True)
class Atom:
    """The smallest part of a query: one Han character, or one word's token. ``run`` joins what was written together."""

    text: str
    run: int

    @property
    def han(self) -> bool:
        return bool(HAN.match(self.text))


def atoms(text: str) -> list[Atom]:
    """A text as atoms, in order."""
    out: list[Atom] = []
    run = 0
    end = -1
    for match in _PIECES.finditer(unicodedata.normalize("NFKC", text).lower()):
        piece = match.group()
        han = bool(HAN.match(piece))
        if not (han and match.start() == end):
            run += 1
        end = match.end() if han else -1
        out += [Atom(token, run) for token in tokens(piece)]
        if not han:
            run += 1
    return out


@dataclass(frozen=True, slots=True)
class Concept:
    """Something with names: a technique, a measured quantity, a city, an organisation, a maker.

    ``codes`` are what stands in the index for it: none for a maker, those of the techniques that measure a quantity.
    """

    kind: Kind
    codes: tuple[str, ...]
    names: tuple[str, ...]


class Lexicon:
    """Names to concepts; made once from the vocabularies, then only read."""

    def __init__(self, concepts: Iterable[Concept], words: Iterable[str] = ()) -> None:
        self.concepts = tuple(concepts)
        self._by_name: dict[tuple[str, ...], list[int]] = {}
        self._joined: dict[str, tuple[str, ...]] = {}
        self._holding: dict[str, set[int]] = {}
        self._phrases: list[tuple[tuple[str, ...], ...]] = []
        order = {kind: place for place, kind in enumerate(Kind)}
        spelt: list[tuple[int, str]] = [(len(order), word) for word in words]
        for number, concept in enumerate(self.concepts):
            phrases = []
            for name in concept.names:
                parts = atoms(name)
                key = tuple(atom.text for atom in parts)
                if not key:
                    continue
                self._by_name.setdefault(key, []).append(number)
                if len(parts) > 1 and not any(atom.han for atom in parts):
                    self._joined.setdefault("".join(key), key)
                split = tuple(tokens(name))
                phrases.append(split)
                if concept.kind is Kind.TECHNIQUE:
                    for token in split:
                        self._holding.setdefault(token, set()).add(number)
                spelt += [(order[concept.kind], word) for word in spellings(name)]
            self._phrases.append(tuple(dict.fromkeys(phrases)))
        self.tokens = frozenset(self._holding)
        self.longest = max(map(len, self._by_name), default=0)
        self.speller = Speller(word for _kind, word in sorted(spelt, key=lambda one: one[0]))

    def at(self, parts: Sequence[Atom], start: int) -> tuple[int, tuple[int, ...]] | None:
        """The longest name that begins at ``start``: how many atoms it takes, and whose it is."""
        room = len(parts) - start
        for length in range(min(self.longest, room), 0, -1):
            key = tuple(atom.text for atom in parts[start : start + length])
            if key in self._by_name:
                return length, self._chosen(self._by_name[key])
            if 1 < length <= MOST_JOINED and not any(atom.han for atom in parts[start : start + length]):
                together = "".join(key)
                name = self._joined.get(together, (together,))
                if name in self._by_name:
                    return length, self._chosen(self._by_name[name])
        return None

    def _chosen(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """Of the concepts of one name those of the first kind."""
        order = list(Kind)
        first = min(order.index(self.concepts[number].kind) for number in numbers)
        return tuple(dict.fromkeys(number for number in numbers if self.concepts[number].kind is order[first]))

    def phrases(self, number: int) -> tuple[tuple[str, ...], ...]:
        """A concept's names as runs of tokens."""
        return self._phrases[number]

    def techniques_holding(self, phrase: Sequence[str]) -> list[int]:
        """The techniques one of whose names holds these tokens in a row."""
        sets = [self._holding.get(token, set()) for token in phrase]
        if not sets:
            return []
        wanted = tuple(phrase)
        return [
            number
            for number in sorted(set.intersection(*sets))
            if any(holds(name, wanted) for name in self._phrases[number])
        ]


def holds(name: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Whether the tokens of ``phrase`` stand in ``name`` in a row."""
    return any(name[start : start + len(phrase)] == phrase for start in range(len(name) - len(phrase) + 1))


def spellings(name: str) -> list[str]:
    """What a slip may be measured against: a Chinese name whole, each word of another."""
    parts = atoms(name)
    if parts and all(atom.han for atom in parts):
        return ["".join(atom.text for atom in parts)]
    whole = "".join(atom.text for atom in parts)
    words = [atom.text for atom in parts if not atom.han and atom.text not in STOP_WORDS]
    return [*words, whole] if any(atom.han for atom in parts) else words
