"""Who may found, lead and end a consortium, and accept its milestones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from headwater.core.decision import Decision, Reason
from headwater.partnering.rules.challenges import signed_writer
from headwater.partnering.rules.sight import BROKER, MANAGING, Viewer
from headwater.partnering.rules.states import may_move


@dataclass(frozen=True, slots=True)
class FoundingFacts:
    """A partnership as asked for."""

    title: str
    kind_known: bool
    members: tuple[int, ...]
    unknown: tuple[str, ...]
    lead_id: int | None
    starts: date | None
    ends: date | None
    challenge_state: str  # empty without a challenge
    chosen_lead: int | None  # who won the challenge's decision
    company_id: int | None
    sees_challenge: bool


def may_found(facts: FoundingFacts, viewer: Viewer) -> Decision:
    """Say whether the partnership may be founded: by a manager of its lead or of the company, or by a broker."""
    decision = signed_writer(viewer)
    found = []
    if facts.challenge_state and not facts.sees_challenge:
        return Decision((Reason("challenge.not_found"),))
    managed = {key for key, role in viewer.memberships.items() if role in MANAGING}
    if viewer.signed_in and BROKER not in viewer.roles and not managed & {facts.lead_id, facts.company_id}:
        found.append(Reason("partnership.not_yours"))
    if not facts.title.strip():
        found.append(Reason("partnership.name_missing"))
    if not facts.kind_known:
        found.append(Reason("partnership.kind_unknown"))
    found += [Reason("partnership.member_unknown", facts={"value": one}) for one in facts.unknown]
    if facts.lead_id is None or facts.lead_id not in facts.members:
        found.append(Reason("partnership.lead_missing"))
    if len(set(facts.members)) < 2:
        found.append(Reason("partnership.too_few"))
    if facts.starts and facts.ends and facts.ends < facts.starts:
        found.append(Reason("partnership.dates_reversed"))
    if facts.challenge_state:
        decision += may_move("challenge", facts.challenge_state, "contract")
        if facts.chosen_lead is not None and facts.chosen_lead not in facts.members:
            found.append(Reason("partnership.winner_missing"))
    return decision + Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class PartnershipFacts:
    """A partnership's members and state."""

    lead_id: int | None
    member_ids: frozenset[int]
    state: str
    invited_ids: frozenset[int] = frozenset()  # members that have not confirmed yet; they read, and do nothing else

    @property
    def confirmed_ids(self) -> frozenset[int]:
        return self.member_ids - self.invited_ids


def is_inside(facts: PartnershipFacts, viewer: Viewer) -> bool:
    """Whether ``viewer`` is of a member organisation, or a broker: they see agreement, money and road map."""
    return bool(set(viewer.memberships) & facts.member_ids) or BROKER in viewer.roles


def may_see_inside(facts: PartnershipFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may read the agreement, milestones' reports and the money."""
    if is_inside(facts, viewer):
        return Decision()
    return Decision((Reason("partnership.not_yours" if viewer.signed_in else "sign_in.needed"),))


def may_run(facts: PartnershipFacts, viewer: Viewer, *, move: str = "") -> Decision:
    """Say whether ``viewer`` may write the partnership's plan: the lead's managers and brokers, until it has ended."""
    decision = signed_writer(viewer)
    leads = facts.lead_id is not None and viewer.memberships.get(facts.lead_id) in MANAGING
    if viewer.signed_in and not leads and BROKER not in viewer.roles:
        decision += Decision((Reason("partnership.not_yours"),))
    elif leads and BROKER not in viewer.roles:
        decision += _confirmed(facts.lead_id, facts)
    if move == "start" and facts.invited_ids:
        decision += Decision((Reason("partnership.members_waiting", facts={"count": len(facts.invited_ids)}),))
    if move:
        decision += may_move("partnership", facts.state, move)
    elif facts.state == "ended":
        decision += Decision((Reason("partnership.wrong_state", facts={"state": facts.state}),))
    return decision


def _confirmed(organisation_id: int | None, facts: PartnershipFacts) -> Decision:
    if organisation_id in facts.invited_ids:
        return Decision((Reason("partnership.confirm_first"),))
    return Decision()


def may_confirm(organisation_id: int, document: str, facts: PartnershipFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may confirm a member: its own managers, or a broker by the document that says so."""
    decision = signed_writer(viewer)
    own = viewer.memberships.get(organisation_id) in MANAGING
    if viewer.signed_in and not own:
        if BROKER not in viewer.roles:
            decision += Decision((Reason("organisation.not_yours"),))
        elif not document.strip():
            decision += Decision((Reason("partnership.document_missing"),))
    return decision + _waits(organisation_id, facts)


def may_decline(organisation_id: int, facts: PartnershipFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may decline for an invited member: its own managers, and nobody for them."""
    decision = signed_writer(viewer)
    if viewer.signed_in and viewer.memberships.get(organisation_id) not in MANAGING:
        decision += Decision((Reason("organisation.not_yours"),))
    return decision + _waits(organisation_id, facts)


def _waits(organisation_id: int, facts: PartnershipFacts) -> Decision:
    if organisation_id not in facts.invited_ids:
        return Decision((Reason("partnership.not_invited"),))
    if facts.state == "ended":
        return Decision((Reason("partnership.wrong_state", facts={"state": facts.state}),))
    return Decision()


@dataclass(frozen=True, slots=True)
class MilestoneDraftFacts:
    """A milestone as asked for."""

    title: str
    test: str
    amount_minor: int
    currency: str
    payer_id: int | None
    payee_id: int | None
    payer_inside: bool
    payee_inside: bool


def is_sound_milestone(facts: MilestoneDraftFacts) -> Decision:
    """Say what of a milestone can't be stored."""
    found = []
    if not facts.title.strip():
        found.append(Reason("milestone.title_missing"))
    if not facts.test.strip():
        found.append(Reason("milestone.test_missing"))
    if not 0 <= facts.amount_minor < 2**62:
        found.append(Reason("milestone.amount_wrong"))
    if facts.amount_minor > 0:
        if facts.payer_id is None or facts.payee_id is None or facts.payer_id == facts.payee_id:
            found.append(Reason("milestone.sides_missing"))
        elif not (facts.payer_inside and facts.payee_inside):
            found.append(Reason("milestone.sides_outside"))
        if len(facts.currency) != 3 or not facts.currency.isupper():
            found.append(Reason("challenge.currency_unknown", facts={"value": facts.currency}))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class MilestoneFacts:
    """A milestone at the moment of a move; ``judge_id`` pays, or leads where nobody pays; ``doer_id`` delivers."""

    state: str
    judge_id: int | None
    doer_id: int | None
    partnership: PartnershipFacts
    text: str


def may_hand_in(facts: MilestoneFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may hand the result in: managers of whoever delivers it."""
    decision = signed_writer(viewer)
    doers = facts.partnership.member_ids if facts.doer_id is None else {facts.doer_id}
    if viewer.signed_in and not any(viewer.memberships.get(one) in MANAGING for one in doers):
        decision += Decision((Reason("milestone.not_yours"),))
    elif viewer.signed_in and not any(
        viewer.memberships.get(one) in MANAGING and one not in facts.partnership.invited_ids for one in doers
    ):
        decision += Decision((Reason("partnership.confirm_first"),))
    if not facts.text.strip():
        decision += Decision((Reason("milestone.report_missing"),))
    return decision + may_move("milestone", facts.state, "hand_in") + _alive(facts)


def may_judge(facts: MilestoneFacts, move: str, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may accept or send back: managers of whoever pays, and nobody of whoever is paid."""
    decision = signed_writer(viewer)
    if viewer.signed_in and (facts.judge_id is None or viewer.memberships.get(facts.judge_id) not in MANAGING):
        decision += Decision((Reason("milestone.not_judge"),))
    else:
        decision += _confirmed(facts.judge_id, facts.partnership)
    if facts.doer_id is not None and facts.doer_id in viewer.memberships:
        decision += Decision((Reason("milestone.own_work"),))
    if not facts.text.strip():
        decision += Decision((Reason("milestone.judgement_missing"),))
    return decision + may_move("milestone", facts.state, move) + _alive(facts)


def _alive(facts: MilestoneFacts) -> Decision:
    state = facts.partnership.state
    return Decision() if state != "ended" else Decision((Reason("partnership.wrong_state", facts={"state": state}),))


def may_use_shared(hours: int, left: int, organisation_id: int, facts: PartnershipFacts, viewer: Viewer) -> Decision:
    """Say whether a member may take shared hours: no more than the year has left."""
    decision = signed_writer(viewer)
    if viewer.signed_in and viewer.memberships.get(organisation_id) not in MANAGING:
        decision += Decision((Reason("organisation.not_yours"),))
    if organisation_id not in facts.member_ids:
        decision += Decision((Reason("partnership.not_yours"),))
    decision += _confirmed(organisation_id, facts)
    if hours < 1:
        decision += Decision((Reason("shared.hours_wrong"),))
    elif hours > left:
        decision += Decision((Reason("shared.over_year", facts={"asked": hours, "left": left}),))
    return decision
