"""Finds the known word that a mistyped one is nearest to. Pure.

Words that differ by a few letters share what is left when a few letters are taken out of each: all known words stand
under what is left of them, so a look-up tries some dozen keys, however many words are known (the symmetric delete
method: W. Garbe, SymSpell, 2012). Candidates are then measured by the restricted Damerau-Levenshtein distance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

KEYED = 7  # letters of a word that its keys are made of; the rest is only measured
LONGEST = 40
SHORTEST_LATIN, SHORTEST_HAN = 4, 3


def allowed_distance(word: str) -> int:
    """How many slips are forgiven: none in a short word, one in a usual one, two in a long one."""
    if word.isascii():
        return 0 if len(word) < SHORTEST_LATIN else 1 if len(word) < 8 else 2
    return 0 if len(word) < SHORTEST_HAN else 1 if len(word) < 7 else 2


def distance(one: str, two: str, most: int) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.

    More than ``most`` is returned as ``most + 1``.
    """
    if abs(len(one) - len(two)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        older, before = before, row
        row = [i]
        for j, b in enumerate(two, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def _keys(word: str, deleted: int) -> Iterator[str]:
    """The beginning of the word, and what is left of it when up to ``deleted`` letters are taken out."""
    start = word[:KEYED]
    yield start
    for count in range(1, deleted + 1):
        if count < len(start):
            for gone in combinations(range(len(start)), count):
                yield "".join(letter for place, letter in enumerate(start) if place not in gone)


class Speller:
    """Known words, ready to be asked. Of equally near ones the first known wins."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(dict.fromkeys(word for word in words if allowed_distance(word) and len(word) <= LONGEST))
        self._known = frozenset(self._words)
        self._under: dict[str, list[int]] = {}
        for number, word in enumerate(self._words):
            for key in set(_keys(word, allowed_distance(word))):
                self._under.setdefault(key, []).append(number)

    def __len__(self) -> int:
        return len(self._words)

    def nearest(self, word: str) -> str | None:
        """The known word nearest to ``word``, itself if it is known; None where none is near enough.

        Of equally near ones that with the longer common beginning is taken, then the one that was known first.
        """
        if word in self._known:
            return word
        most = allowed_distance(word)
        if not most or len(word) > LONGEST:
            return None
        seen: set[int] = set()
        best: tuple[int, int, int] | None = None
        for key in set(_keys(word, most)):
            for number in self._under.get(key, ()):
                if number in seen:
                    continue
                seen.add(number)
                other = self._words[number]
                found = distance(word, other, most)
                if found <= min(most, allowed_distance(other)):
                    rank = (found, -_common(word, other), number)
                    best = rank if best is None else min(best, rank)
        return self._words[best[2]] if best else None


def _common(one: str, two: str) -> int:
    """How many letters both words begin with alike."""
    for place, (a, b) in enumerate(zip(one, two, strict=False)):
        if a != b:
            return place
    return min(len(one), len(two))
