"""The one place that decides who reads what of a challenge, a proposal, a file, an approach.

Pages, API, search, ranking, exports, feeds, notices and the trail ask here; `queries.visible_challenges` says the same
in SQL, and a test holds both together over all kinds of viewers and states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Protocol

from headwater.core.decision import Decision, Reason

BROKER = "broker"
ANALYST = "analyst"
OPERATOR = "operator"
MANAGING = frozenset({"manager", "administrator"})
# States in which a challenge is shown beyond the company and the brokers.
OPEN = frozenset({"published", "matched", "contracted", "accepted", "closed"})


class Viewer(Protocol):
    """Whoever looks or asks: nobody in particular, or a user with her roles and memberships."""

    @property
    def user_id(self) -> int | None: ...
    @property
    def roles(self) -> frozenset[str]: ...
    @property
    def memberships(self) -> Mapping[int, str]: ...
    @property
    def may_write(self) -> bool: ...
    @property
    def signed_in(self) -> bool: ...


class Clearance(IntEnum):
    """How much of a challenge somebody may read; each includes the one before."""

    HIDDEN = 0
    PUBLIC = 1
    REGISTERED = 2
    AGREEMENT = 3
    WHOLE = 4  # the company's own people and the brokers: versions, triage, candidates, proposals


LEVELS: Mapping[str, Clearance] = {
    "public": Clearance.PUBLIC,
    "registered": Clearance.REGISTERED,
    "agreement": Clearance.AGREEMENT,
}


@dataclass(frozen=True, slots=True)
class SightFacts:
    """What decides over a challenge's sight.

    ``bound`` are organisations with an agreement in force; ``proposing`` those that lead or join a proposal: a broker
    who is one of their people is no broker here.
    """

    organisation_id: int
    state: str
    was_published: bool
    bound: frozenset[int] = frozenset()
    proposing: frozenset[int] = frozenset()


def clearance(facts: SightFacts, viewer: Viewer) -> Clearance:
    """How much ``viewer`` may read. An operator runs the machine and reads no more than anybody."""
    mine = set(viewer.memberships)
    if facts.organisation_id in mine:
        return Clearance.WHOLE
    if acts_as_broker(facts, viewer):
        return Clearance.WHOLE
    if facts.state not in OPEN or not facts.was_published:
        return Clearance.HIDDEN
    if mine & facts.bound:
        return Clearance.AGREEMENT
    return Clearance.REGISTERED if viewer.signed_in else Clearance.PUBLIC


def acts_as_broker(facts: SightFacts, viewer: Viewer) -> bool:
    """Whether ``viewer`` is a broker for this challenge: not before it is handed in, not beside a side of her own."""
    return BROKER in viewer.roles and facts.state != "draft" and not set(viewer.memberships) & facts.proposing


def may_see_challenge(facts: SightFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may see that the challenge exists. A hidden one is refused as if it were not there."""
    if clearance(facts, viewer) is Clearance.HIDDEN:
        return Decision((Reason("challenge.not_found"),))
    return Decision()


def may_read_level(facts: SightFacts, level: str, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may read a part or a file of this level."""
    have = clearance(facts, viewer)
    if have is Clearance.HIDDEN:
        return Decision((Reason("challenge.not_found"),))
    if have < LEVELS[level]:
        code = "challenge.agreement_needed" if viewer.signed_in else "sign_in.needed"
        return Decision((Reason(code),))
    return Decision()


def may_see_whole(facts: SightFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may read versions, triage, candidates, approaches and the trail."""
    have = clearance(facts, viewer)
    if have is Clearance.HIDDEN:
        return Decision((Reason("challenge.not_found"),))
    if have is not Clearance.WHOLE:
        return Decision((Reason("challenge.not_yours" if viewer.signed_in else "sign_in.needed"),))
    return Decision()


@dataclass(frozen=True, slots=True)
class ProposalSight:
    """What decides over a proposal's sight; ``sealed_until`` is the end of a sealed call."""

    challenge: SightFacts
    state: str
    lead_id: int
    member_ids: frozenset[int]
    sealed_until: datetime | None = None


def may_see_proposal(facts: ProposalSight, viewer: Viewer, *, now: datetime) -> Decision:
    """Say whether ``viewer`` may read a proposal: its team; and the company and broker once handed in and unsealed."""
    mine = set(viewer.memberships)
    if facts.lead_id in mine or (facts.state != "draft" and mine & facts.member_ids):
        return Decision()
    whole = clearance(facts.challenge, viewer) is Clearance.WHOLE
    if not whole or facts.state == "draft":
        return Decision((Reason("bid.not_found"),))
    if facts.sealed_until is not None and now < facts.sealed_until:
        return Decision((Reason("bid.sealed", facts={"until": f"{facts.sealed_until:%Y-%m-%d %H:%M}"}),))
    return Decision()


def may_see_programme(viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may read the funnel by organisation: analysts, brokers and operators; counts only."""
    if not viewer.signed_in:
        return Decision((Reason("sign_in.needed"),))
    if not viewer.roles & {BROKER, ANALYST, OPERATOR}:
        return Decision((Reason("programme.not_yours"),))
    return Decision()
