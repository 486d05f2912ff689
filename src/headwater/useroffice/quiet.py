"""What the calendar keeps off people's own pages: beamtime that its team was not told of yet."""

from __future__ import annotations

from collections.abc import Iterable

from headwater.booking.hooks import Listener
from headwater.useroffice import queries


class Telling(Listener):
    """Decided now, told together: until then a schedule is no news to those on it."""

    def untold(self, user_id: int) -> Iterable[str]:
        return queries.untold_references(user_id)
