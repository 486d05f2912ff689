"""Who may see whose time it is, and who is in a group: decided here alone."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.booking.rules.terms import Asker
from headwater.core.decision import Decision, Reason


@dataclass(frozen=True, slots=True)
class SeeFacts:
    """One reservation beside whoever looks at it."""

    asker: Asker
    is_holder: bool


def may_see_whose(facts: SeeFacts) -> Decision:
    """Say whether holder, project and note are shown: to the holder and the instrument's managers, to nobody else."""
    if facts.is_holder or facts.asker.manages:
        return Decision()
    return Decision((Reason("reservation.not_found"),))


def may_see_group(asker: Asker, *, is_member: bool) -> Decision:
    """Say whether a group and who is in it are shown: to its members and the instruments' managers, to nobody else."""
    if is_member or asker.manages:
        return Decision()
    return Decision((Reason("group.not_found"),))
