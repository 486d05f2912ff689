"""Who somebody is to an owner and to a jurisdiction, and what she may do there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headwater.core.decision import Decision, Reason

MANAGING = frozenset({"manager", "administrator"})


@dataclass(frozen=True, slots=True)
class Party:
    """Whoever asks: her organisations with the role held in each, and the jurisdictions she is an officer of."""

    user_id: int | None = None
    operator: bool = False
    memberships: Mapping[int, str] = field(default_factory=dict)
    offices: frozenset[int] = frozenset()
    may_write: bool = True

    def manages(self, organisation_id: int | None) -> bool:
        return organisation_id is not None and self.memberships.get(organisation_id) in MANAGING

    def belongs(self, organisation_id: int | None) -> bool:
        return organisation_id is not None and organisation_id in self.memberships


NOBODY = Party()


def may_write(party: Party) -> Decision:
    """Say whether she may write at all: signed in, and not by a reading token."""
    if party.user_id is None:
        return Decision((Reason("sign_in.needed"),))
    if not party.may_write:
        return Decision((Reason("token.scope_missing", facts={"scope": "write"}),))
    return Decision()


def when(condition: object, code: str, **facts: object) -> Decision:
    return Decision((Reason(code, facts=facts),)) if condition else Decision()


def may_manage_money(owner_id: int, party: Party) -> Decision:
    """Say whether she may set rates, charge, invoice and read the books of an owner."""
    decision = may_write(party)
    if party.user_id is not None and not party.operator and not party.manages(owner_id):
        decision += Decision((Reason("organisation.not_yours"),))
    return decision


def may_read_money(owner_id: int, party: Party) -> Decision:
    """Say whether she may read the books of an owner."""
    if party.operator or party.manages(owner_id):
        return Decision()
    return Decision((Reason("organisation.not_yours" if party.user_id is not None else "sign_in.needed"),))


def may_office(jurisdiction_id: int, party: Party) -> Decision:
    """Say whether she may act for a jurisdiction: its officers may. The operator runs the node, not the money."""
    decision = may_write(party)
    if party.user_id is not None and jurisdiction_id not in party.offices:
        decision += Decision((Reason("office.not_yours"),))
    return decision


def may_read_office(jurisdiction_id: int, party: Party) -> Decision:
    """Say whether she may read a jurisdiction's queue and books."""
    if jurisdiction_id in party.offices or party.operator:
        return Decision()
    return Decision((Reason("office.not_yours" if party.user_id is not None else "sign_in.needed"),))


def may_register(organisation_id: int, party: Party) -> Decision:
    """Say whether she may declare her organisation's size and standing: its administrators and managers may."""
    decision = may_write(party)
    if party.user_id is not None and not party.manages(organisation_id) and not party.operator:
        decision += Decision((Reason("organisation.not_administrator"),))
    return decision
