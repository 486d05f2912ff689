"""Whether vouchers and claims may be asked for, decided and settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from headwater.core.decision import Decision, Reason, Weight
from headwater.support.rules.parties import Party, may_office, may_write, when

MOST_DOCUMENT_BYTES = 20 * 1024 * 1024
MOST_DOCUMENTS = 20

# (state, what is done) → the state after it.
CLAIM_MOVES = {
    ("draft", "submit"): "submitted",
    ("returned", "submit"): "submitted",
    ("submitted", "approve"): "paid",
    ("submitted", "approve_first"): "second",
    ("second", "approve"): "paid",
    ("submitted", "refuse"): "refused",
    ("second", "refuse"): "refused",
    ("submitted", "return"): "returned",
    ("second", "return"): "returned",
    ("draft", "lapse"): "refused",
    ("returned", "lapse"): "refused",
}
VOUCHER_MOVES = {
    ("applied", "issue"): "issued",
    ("applied", "refuse"): "refused",
    ("issued", "lapse"): "lapsed",
}


@dataclass(frozen=True, slots=True)
class VoucherFacts:
    """A voucher somebody applies for."""

    organisation_id: int
    delivery: str
    amount_minor: int
    most_minor: int | None
    eligible: tuple[Reason, ...]
    in_force: bool
    open_applications: int


def may_apply(facts: VoucherFacts, party: Party) -> Decision:
    """Say whether she may apply for a voucher for her organisation."""
    decision = may_write(party)
    if party.user_id is not None and not party.belongs(facts.organisation_id):
        decision += Decision((Reason("order.not_a_member"),))
    decision += when(not facts.in_force, "voucher.scheme_not_in_force")
    decision += when(facts.delivery != "voucher", "voucher.not_by_voucher")
    decision += when(facts.amount_minor <= 0, "voucher.nothing")
    if facts.most_minor is not None and facts.amount_minor > facts.most_minor:
        decision += Decision((Reason("voucher.too_much", facts={"most": f"{facts.most_minor / 100:,.2f}"}),))
    decision += when(facts.open_applications, "voucher.applied_already")
    return decision + Decision(facts.eligible)


@dataclass(frozen=True, slots=True)
class VoucherDecisionFacts:
    """An application an officer decides on."""

    payer_id: int
    state: str
    issue: bool
    ground: str
    organisation_id: int
    amount_minor: int
    budget_minor: int


def may_decide_voucher(facts: VoucherDecisionFacts, party: Party) -> Decision:
    """Say whether the officer may issue or refuse the voucher."""
    decision = may_office(facts.payer_id, party)
    move = "issue" if facts.issue else "refuse"
    decision += when((facts.state, move) not in VOUCHER_MOVES, "voucher.decided_already")
    decision += when(party.belongs(facts.organisation_id), "office.own_organisation")
    if facts.issue:
        decision += when(facts.amount_minor > facts.budget_minor, "voucher.budget_spent")
    else:
        decision += when(not facts.ground.strip(), "ground.missing")
    return decision


@dataclass(frozen=True, slots=True)
class SubmitFacts:
    """A claim somebody hands in."""

    organisation_id: int
    state: str
    due_by: date
    today: date
    wanted: tuple[str, ...]
    have: frozenset[str]


def may_submit(facts: SubmitFacts, party: Party) -> Decision:
    """Say whether the claim may be handed in, with each document that is missing."""
    decision = may_write(party)
    if party.user_id is not None and not party.belongs(facts.organisation_id):
        decision += Decision((Reason("claim.not_found"),))
    decision += when((facts.state, "submit") not in CLAIM_MOVES, "claim.not_yours_to_change", state=facts.state)
    decision += when(facts.today > facts.due_by, "claim.too_late", day=facts.due_by.isoformat())
    for kind in facts.wanted:
        decision += when(kind not in facts.have, "claim.document_missing", document=kind)
    return decision


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """A document to be added to a claim."""

    organisation_id: int
    state: str
    kind_known: bool
    size: int
    have: int


def may_add_document(facts: DocumentFacts, party: Party) -> Decision:
    """Say whether a document may be added."""
    decision = may_write(party)
    if party.user_id is not None and not party.belongs(facts.organisation_id):
        decision += Decision((Reason("claim.not_found"),))
    decision += when((facts.state, "submit") not in CLAIM_MOVES, "claim.not_yours_to_change", state=facts.state)
    decision += when(not facts.kind_known, "claim.document_unknown")
    decision += when(facts.size == 0, "claim.document_empty")
    decision += when(facts.size > MOST_DOCUMENT_BYTES, "claim.document_too_large", most=MOST_DOCUMENT_BYTES // 1024**2)
    return decision + when(facts.have >= MOST_DOCUMENTS, "claim.too_many_documents", most=MOST_DOCUMENTS)


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """A claim an officer decides on."""

    office_id: int
    state: str
    verdict: str
    ground: str
    organisation_id: int
    amount_minor: int
    four_eyes_above: int | None
    approved_by: frozenset[int]

    @property
    def needs_second(self) -> bool:
        return (
            self.verdict == "approve"
            and self.state == "submitted"
            and self.four_eyes_above is not None
            and self.amount_minor > self.four_eyes_above
        )

    @property
    def move(self) -> str:
        return "approve_first" if self.needs_second else self.verdict


def may_decide_claim(facts: ClaimFacts, party: Party) -> Decision:
    """Say whether the officer may approve, refuse or return the claim. Above the threshold two officers must approve;
    a note says when hers is the first of two."""
    decision = may_office(facts.office_id, party)
    decision += when((facts.state, facts.move) not in CLAIM_MOVES, "claim.not_to_decide", state=facts.state)
    decision += when(party.belongs(facts.organisation_id), "office.own_organisation")
    decision += when(facts.verdict != "approve" and not facts.ground.strip(), "ground.missing")
    if facts.verdict == "approve":
        decision += when(party.user_id in facts.approved_by, "claim.same_eyes")
        if facts.needs_second:
            decision += Decision((Reason("claim.second_needed", Weight.NOTE),))
    return decision


@dataclass(frozen=True, slots=True)
class SettleFacts:
    """A month to be settled."""

    month_end: date
    today: date
    settled: bool
    debts: int


def may_settle(facts: SettleFacts, party: Party, *, command: bool = False) -> Decision:
    """Say whether the month may be settled: by an officer or the operator's command, once, when it is over."""
    decision = Decision() if command else may_write(party)
    if not command and party.user_id is not None and not party.offices:
        decision += Decision((Reason("office.not_yours"),))
    decision += when(facts.today <= facts.month_end, "settlement.month_not_over", day=facts.month_end.isoformat())
    decision += when(facts.settled, "settlement.done_already")
    return decision + when(not facts.debts, "settlement.nothing")
