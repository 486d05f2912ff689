"""Who may do what with terms and money. Facts in, decisions out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from headwater.core.decision import Decision, Reason, Weight

MANAGING = frozenset({"manager", "administrator"})
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
ORDER_MOVES = {("reserved", "use"): "charged", ("reserved", "release"): "released"}


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


def _when(condition: object, code: str, **facts: object) -> Decision:
    return Decision((Reason(code, facts=facts),)) if condition else Decision()


# Owners ---------------------------------------------------------------------------------------------------------
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


@dataclass(frozen=True, slots=True)
class DatesFacts:
    """When a new version is to hold."""

    valid_from: date
    valid_to: date | None
    today: date
    last_from: date | None


def may_publish(facts: DatesFacts) -> Decision:
    """Say whether a version may be published: never for days gone by, whose decisions stand."""
    found = _when(facts.valid_from < facts.today, "version.in_the_past", day=facts.valid_from.isoformat())
    if facts.valid_to is not None and facts.valid_to < facts.valid_from:
        found += Decision((Reason("version.dates_reversed"),))
    if facts.last_from is not None and facts.valid_from < facts.last_from:
        found += Decision((Reason("version.before_the_last", facts={"day": facts.last_from.isoformat()}),))
    return found


# Officers -------------------------------------------------------------------------------------------------------
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


@dataclass(frozen=True, slots=True)
class FundFacts:
    """Money to be put into a budget, or taken out of it."""

    jurisdiction_id: int
    amount_minor: int
    balance_minor: int


def may_fund(facts: FundFacts, party: Party) -> Decision:
    """Say whether a budget may be changed by so much."""
    decision = may_office(facts.jurisdiction_id, party)
    decision += _when(facts.amount_minor == 0, "budget.nothing")
    return decision + _when(
        facts.balance_minor + facts.amount_minor < 0, "budget.too_little", have=facts.balance_minor / 100
    )


# Orders ---------------------------------------------------------------------------------------------------------
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
    return _when((state, move) not in ORDER_MOVES, "order.not_open", state=state)


@dataclass(frozen=True, slots=True)
class UsageFacts:
    """What is said to have been used."""

    hours: float
    ended_after_start: bool
    in_the_future: bool
    samples: int


def is_sound_usage(facts: UsageFacts) -> Decision:
    """Say whether the usage can be charged."""
    found = _when(not facts.ended_after_start, "usage.reversed") + _when(facts.in_the_future, "usage.in_the_future")
    return found + _when(facts.hours < 0 or facts.samples < 0, "usage.negative")


# Vouchers and claims --------------------------------------------------------------------------------------------
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
    decision += _when(not facts.in_force, "voucher.scheme_not_in_force")
    decision += _when(facts.delivery != "voucher", "voucher.not_by_voucher")
    decision += _when(facts.amount_minor <= 0, "voucher.nothing")
    if facts.most_minor is not None and facts.amount_minor > facts.most_minor:
        decision += Decision((Reason("voucher.too_much", facts={"most": f"{facts.most_minor / 100:,.2f}"}),))
    decision += _when(facts.open_applications, "voucher.applied_already")
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
    decision += _when((facts.state, move) not in VOUCHER_MOVES, "voucher.decided_already")
    decision += _when(party.belongs(facts.organisation_id), "office.own_organisation")
    if facts.issue:
        decision += _when(facts.amount_minor > facts.budget_minor, "voucher.budget_spent")
    else:
        decision += _when(not facts.ground.strip(), "ground.missing")
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
    decision += _when((facts.state, "submit") not in CLAIM_MOVES, "claim.not_yours_to_change", state=facts.state)
    decision += _when(facts.today > facts.due_by, "claim.too_late", day=facts.due_by.isoformat())
    for kind in facts.wanted:
        decision += _when(kind not in facts.have, "claim.document_missing", document=kind)
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
    decision += _when((facts.state, "submit") not in CLAIM_MOVES, "claim.not_yours_to_change", state=facts.state)
    decision += _when(not facts.kind_known, "claim.document_unknown")
    decision += _when(facts.size == 0, "claim.document_empty")
    decision += _when(facts.size > MOST_DOCUMENT_BYTES, "claim.document_too_large", most=MOST_DOCUMENT_BYTES // 1024**2)
    return decision + _when(facts.have >= MOST_DOCUMENTS, "claim.too_many_documents", most=MOST_DOCUMENTS)


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
    decision += _when((facts.state, facts.move) not in CLAIM_MOVES, "claim.not_to_decide", state=facts.state)
    decision += _when(party.belongs(facts.organisation_id), "office.own_organisation")
    decision += _when(facts.verdict != "approve" and not facts.ground.strip(), "ground.missing")
    if facts.verdict == "approve":
        decision += _when(party.user_id in facts.approved_by, "claim.same_eyes")
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
    decision += _when(facts.today <= facts.month_end, "settlement.month_not_over", day=facts.month_end.isoformat())
    decision += _when(facts.settled, "settlement.done_already")
    return decision + _when(not facts.debts, "settlement.nothing")


# Charges --------------------------------------------------------------------------------------------------------
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
    decision += _when(facts.is_adjustment, "charge.is_adjustment") + _when(not facts.amount_minor, "charge.nothing")
    decision += _when(not facts.ground.strip(), "ground.missing")
    return decision + _when(facts.now_minor + facts.amount_minor < 0, "charge.below_nothing")


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
    return decision + _when(not facts.text.strip(), "ground.missing") + _when(facts.is_open, "dispute.open_already")


def may_answer(provider_id: int, answered: bool, text: str, party: Party) -> Decision:
    """Say whether she may answer an objection."""
    decision = may_manage_money(provider_id, party) + _when(answered, "dispute.answered_already")
    return decision + _when(not text.strip(), "ground.missing")


# Recognition ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class RecognitionFacts:
    """A rule by which something granted in one jurisdiction counts in another."""

    code: str
    kind: str
    granted_in: str
    counts_in: str
    codes: frozenset[str]
    valid_from: date
    valid_to: date | None
    source: str
    verified: bool


def is_recognised(
    kind: str, code: str, granted_in: str, wanted_in: str, day: date, rules: tuple[RecognitionFacts, ...]
) -> Decision:
    """Say whether ``code`` of ``kind``, granted in one jurisdiction, counts in another on ``day``.

    It counts by a rule, which is named as a note with its source. A rule that nobody has verified opens nothing: it is
    told as the reason instead.
    """
    unverified = None
    for one in rules:
        if (one.kind, one.granted_in, one.counts_in) != (kind, granted_in, wanted_in):
            continue
        if one.codes and code not in one.codes:
            continue
        if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to):
            facts = {"rule": one.code, "from": granted_in, "to": wanted_in}
            if one.verified:
                return Decision((Reason("recognition.by_rule", Weight.NOTE, facts, one.source),))
            unverified = Reason("recognition.unverified", Weight.BLOCKS, facts, one.source)
    nothing = Reason("recognition.none", facts={"from": granted_in, "to": wanted_in})
    return Decision((unverified or nothing,))


def may_register(organisation_id: int, party: Party) -> Decision:
    """Say whether she may declare her organisation's size and standing: its administrators and managers may."""
    decision = may_write(party)
    if party.user_id is not None and not party.manages(organisation_id) and not party.operator:
        decision += Decision((Reason("organisation.not_administrator"),))
    return decision
