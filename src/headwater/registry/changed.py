"""Tells the parts built on the record that instruments were written, inside the writing transaction.

The registry knows none of those parts: each subscribes when its app starts. What a subscriber raises undoes the write,
so that nothing derived from the record is ever out of step with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Subscriber = Callable[[Sequence[int]], None]
_SUBSCRIBERS: list[Subscriber] = []


def subscribe(subscriber: Subscriber) -> None:
    """Have ``subscriber`` called with the keys of instruments that were added or changed."""
    if subscriber not in _SUBSCRIBERS:
        _SUBSCRIBERS.append(subscriber)


def tell(keys: Sequence[int]) -> None:
    """Say that these instruments were added or changed, before the transaction ends."""
    if keys:
        for subscriber in _SUBSCRIBERS:
            subscriber(keys)
