"""Tells the parts built on the record that a region was loaded, inside the loading transaction.

The registry knows none of those parts: each subscribes when its app starts, and reads what it keeps in the region's
folder itself. What a subscriber raises undoes the load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from headwater.accounts.audit import Actor
from headwater.registry.models import Region
from headwater.registry.regionfiles import RegionFiles


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded (``files.folder`` is where from), by whom and when."""

    files: RegionFiles
    region: Region
    by: Actor
    at: datetime


Subscriber = Callable[[Loaded], None]
_SUBSCRIBERS: list[Subscriber] = []


def subscribe(subscriber: Subscriber) -> None:
    """Have ``subscriber`` called when a region was written, before the transaction ends."""
    if subscriber not in _SUBSCRIBERS:
        _SUBSCRIBERS.append(subscriber)


def tell(loaded: Loaded) -> None:
    """Say that the region is written."""
    for subscriber in _SUBSCRIBERS:
        subscriber(loaded)
