"""Which research groups people belong to, as other parts of the house know them.

The user office keeps no groups of its own. A part that does adds a reader when its app starts; from then on two people
of one group don't judge each other. Without any, organisations alone count.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

Reader = Callable[[Collection[int]], Mapping[int, Collection[str]]]
_READERS: list[Reader] = []


def add(reader: Reader) -> None:
    """Have conflicts know of more groups: users' keys to the names of their groups, in a fixed number of queries."""
    if reader not in _READERS:
        _READERS.append(reader)


def groups_of(users: Collection[int]) -> dict[int, frozenset[str]]:
    """All groups of each user, over all readers."""
    found: dict[int, frozenset[str]] = {}
    for reader in _READERS:
        for user, names in reader(users).items():
            found[user] = found.get(user, frozenset()) | frozenset(names)
    return found
