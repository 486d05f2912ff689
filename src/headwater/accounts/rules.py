"""Who may make and use a token. Facts in, decisions out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headwater.core.decision import Decision, Reason

MOST_TOKENS = 20


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What is asked of a new token, and how many live ones its owner has."""

    name: str
    scopes: tuple[str, ...]
    have: int


@dataclass(frozen=True, slots=True)
class UseFacts:
    """The state of a token that was shown."""

    revoked_at: datetime | None
    expires_at: datetime | None
    owner_active: bool


def may_make_token(facts: TokenFacts) -> Decision:
    """Say whether the token may be made, and why not."""
    found = []
    if not facts.name:
        found.append(Reason("token.name_missing"))
    if not facts.scopes:
        found.append(Reason("token.scopes_missing"))
    if facts.have >= MOST_TOKENS:
        found.append(Reason("token.too_many", facts={"have": facts.have}))
    return Decision(tuple(found))


def may_use_token(facts: UseFacts | None, *, now: datetime) -> Decision:
    """Say whether a shown token opens anything. An unknown and a revoked one are not told apart."""
    if facts is None or facts.revoked_at is not None or not facts.owner_active:
        return Decision((Reason("token.unknown"),))
    if facts.expires_at is not None and facts.expires_at <= now:
        return Decision((Reason("token.expired", facts={"day": f"{facts.expires_at:%Y-%m-%d}"}),))
    return Decision()
