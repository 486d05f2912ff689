"""Whether an order may be placed, seen, used or given back."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.core.decision import Decision, Reason
from headwater.support.rules.parties import Party, may_write, when

ORDER_MOVES = {("reserved", "use"): "charged", ("reserved", "release"): "released"}


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What an order asks for, beside what a quote said."""

    organisation_id: int | None
    priced: Decision
    expected_minor: int | None
    now_minor: int
    unknown_schemes: tuple[str, ...]
    not_paying: tuple[str, ...]


def says_order(facts: OrderFacts) -> Decision:
    """Say what stands against the order itself: prices that are missing or have changed, schemes that don't pay."""
    decision = facts.priced
    for code in facts.unknown_schemes:
        decision += Decision((Reason("scheme.not_found", facts={"value": code}),))
    for code in facts.not_paying:
        decision += Decision((Reason("order.scheme_does_not_pay", facts={"scheme": code}),))
    if facts.expected_minor is not None and facts.expected_minor != facts.now_minor:
        decision += Decision((Reason("order.price_changed"),))
    return decision


def may_order(facts: OrderFacts, party: Party) -> Decision:
    """Say whether the order's money may be reserved: by a member of the organisation that pays."""
    decision = may_write(party)
    if party.user_id is not None and facts.organisation_id is not None and not party.belongs(facts.organisation_id):
        decision += Decision((Reason("order.not_a_member"),))
    return decision + says_order(facts)


def may_see_order(
    organisation_id: int | None, provider_id: int, payers: frozenset[int], user_id: int | None, party: Party
) -> Decision:
    """Say whether she may see an order: who asked for it, either side's people that manage or belong, payers' officers.

    A hidden one is refused as if it were not there.
    """
    seen = (
        party.operator
        or (party.user_id is not None and user_id == party.user_id)
        or party.belongs(organisation_id)
        or party.manages(provider_id)
        or bool(payers & party.offices)
    )
    return Decision() if seen else Decision((Reason("order.not_found"),))


def may_move_order(state: str, move: str) -> Decision:
    """Say whether an order in ``state`` may be used or released."""
    return when((state, move) not in ORDER_MOVES, "order.not_open", state=state)


@dataclass(frozen=True, slots=True)
class UsageFacts:
    """What is said to have been used."""

    hours: float
    ended_after_start: bool
    in_the_future: bool
    samples: int


def is_sound_usage(facts: UsageFacts) -> Decision:
    """Say whether the usage can be charged."""
    found = when(not facts.ended_after_start, "usage.reversed") + when(facts.in_the_future, "usage.in_the_future")
    return found + when(facts.hours < 0 or facts.samples < 0, "usage.negative")
