"""A decision and all its reasons; what every rule returns.

Reasons carry stable codes and facts, never sentences: words are added at the edge, in the reader's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Weight(StrEnum):
    """How much a reason weighs."""

    BLOCKS = "blocks"  # nobody may pass
    WAIVABLE = "waivable"  # a named role may pass, with a written ground
    NOTE = "note"  # shown, never stops


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: a stable code, its weight, the facts it looked at, and the rule's source."""

    code: str
    weight: Weight = Weight.BLOCKS
    facts: Mapping[str, object] = field(default_factory=dict)
    source: str = ""

    def as_json(self) -> dict[str, object]:
        """Plain values, as the API and the audit trail keep them."""
        return {"code": self.code, "weight": self.weight.value, "facts": dict(self.facts), "source": self.source}


@dataclass(frozen=True, slots=True)
class Decision:
    """An outcome with all its reasons."""

    reasons: tuple[Reason, ...] = ()

    def allowed(self, *, waived: Iterable[str] = ()) -> bool:
        """Whether nothing stands in the way once the codes in ``waived`` are passed."""
        passed = set(waived)
        return not any(
            reason.weight is Weight.BLOCKS or (reason.weight is Weight.WAIVABLE and reason.code not in passed)
            for reason in self.reasons
        )

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(reason.code for reason in self.reasons)

    def __add__(self, other: Decision) -> Decision:
        return Decision(self.reasons + other.reasons)

    def as_json(self) -> dict[str, object]:
        """Plain values, as the API and the audit trail keep them."""
        return {"allowed": self.allowed(), "reasons": [reason.as_json() for reason in self.reasons]}


class Refused(Exception):
    """An action did not happen; ``decision`` says why, with all reasons."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        super().__init__(", ".join(decision.codes))


def permit(decision: Decision, *, waive: Iterable[str] = (), ground: str = "") -> None:
    """Go on, or raise `Refused` with every reason. A waiver needs a written ground."""
    waived = tuple(waive)
    if not decision.allowed(waived=waived):
        raise Refused(decision)
    if waived and not ground.strip():
        raise Refused(decision + Decision((Reason("waiver.ground_missing"),)))
