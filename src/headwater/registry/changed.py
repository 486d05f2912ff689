"""Tells the parts built on the record that it was written, inside the writing transaction.

The registry knows none of those parts: each subscribes when its app starts. What a subscriber raises undoes the write,
so that nothing derived from the record is ever out of step with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Subscriber = Callable[[Sequence[int]], object]
_SUBSCRIBERS: list[Subscriber] = []
_ABOUT_NAMES: list[Callable[[], object]] = []


def subscribe(subscriber: Subscriber, *, names: Callable[[], object] | None = None) -> None:
    """Have ``subscriber`` called with the keys of instruments that were added or changed.

    ``names`` is called when owners, facilities, places or techniques may have other names or other parents now.
    """
    if subscriber not in _SUBSCRIBERS:
        _SUBSCRIBERS.append(subscriber)
    if names is not None and names not in _ABOUT_NAMES:
        _ABOUT_NAMES.append(names)


def tell(keys: Sequence[int]) -> None:
    """Say that these instruments were added or changed, before the transaction ends."""
    if keys:
        for subscriber in _SUBSCRIBERS:
            subscriber(keys)


def tell_names() -> None:
    """Say that what instruments are named by may have changed, before the transaction ends."""
    for subscriber in _ABOUT_NAMES:
        subscriber()
