"""Whether a charge may be adjusted, objected to and answered."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.core.decision import Decision, Reason
from headwater.support.rules.parties import Party, may_manage_money, may_write, when


@dataclass(frozen=True, slots=True)
class AdjustFacts:
    """A charge an owner wants to adjust by an amount."""

    provider_id: int
    amount_minor: int
    now_minor: int
    ground: str
    is_adjustment: bool


def may_adjust(facts: AdjustFacts, party: Party) -> Decision:
    """Say whether the charge may be adjusted: by its owner, with a reason, never below nothing."""
    decision = may_manage_money(facts.provider_id, party)
    decision += when(facts.is_adjustment, "charge.is_adjustment") + when(not facts.amount_minor, "charge.nothing")
    decision += when(not facts.ground.strip(), "ground.missing")
    return decision + when(facts.now_minor + facts.amount_minor < 0, "charge.below_nothing")


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """An objection to a charge."""

    organisation_id: int | None
    user_id: int | None
    text: str
    is_open: bool


def may_dispute(facts: DisputeFacts, party: Party) -> Decision:
    """Say whether she may object: whoever pays may, with words, once at a time."""
    decision = may_write(party)
    if party.user_id is not None and not party.belongs(facts.organisation_id) and facts.user_id != party.user_id:
        decision += Decision((Reason("order.not_found"),))
    return decision + when(not facts.text.strip(), "ground.missing") + when(facts.is_open, "dispute.open_already")


def may_answer(provider_id: int, answered: bool, text: str, party: Party) -> Decision:
    """Say whether she may answer an objection."""
    decision = may_manage_money(provider_id, party) + when(answered, "dispute.answered_already")
    return decision + when(not text.strip(), "ground.missing")
