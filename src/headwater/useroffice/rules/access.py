"""Who may see and do what. This is the one place that decides; `queries.visible_proposals` says the same in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from headwater.core.decision import Decision, Reason

IN_COMMITTEE = frozenset({"review", "panel", "recommended", "standby", "declined", "scheduled"})
AFTER_DECISION = frozenset({"scheduled", "running", "reporting", "evaluation", "closed"})
LIVE = frozenset({"assigned", "submitted"})
LONGEST_REMARK = 5_000


@dataclass(frozen=True, slots=True)
class Desk:
    """Whoever looks or asks, with her roles in user offices.

    ``offices`` are keys of the facilities whose user office she works in; ``panels``, ``chairs`` and ``beamlines``
    those of the panels she sits on or chairs and of the beamlines she is scientist of.
    """

    user_id: int | None = None
    offices: frozenset[int] = frozenset()
    panels: frozenset[int] = frozenset()
    chairs: frozenset[int] = frozenset()
    beamlines: frozenset[int] = frozenset()
    may_write: bool = True

    @property
    def signed_in(self) -> bool:
        return self.user_id is not None

    def office(self, facility_id: int) -> bool:
        return facility_id in self.offices


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody's place on a team."""

    accepted: bool = True
    may_edit: bool = False
    may_submit: bool = False


@dataclass(frozen=True, slots=True)
class ProposalFacts:
    """A proposal as the rules look at it. ``conflicts`` are the kinds that bind this viewer."""

    facility_id: int
    mode: str
    state: str
    names_shown: str = "always"
    reviewers_shown: str = "office"
    told_state: str = ""
    team: Mapping[int, Place] = field(default_factory=dict)
    beamlines: frozenset[int] = frozenset()
    panel_id: int | None = None
    reviewers: Mapping[int, str] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    call_open: bool = True
    version: int = 1


def writing(desk: Desk) -> list[Reason]:
    """What stops any writing at all."""
    if not desk.signed_in:
        return [Reason("sign_in.needed")]
    if not desk.may_write:
        return [Reason("token.scope_missing", facts={"scope": "write"})]
    return []


def _on_team(facts: ProposalFacts, desk: Desk) -> bool:
    return desk.user_id is not None and desk.user_id in facts.team


def _judges(facts: ProposalFacts, desk: Desk) -> bool:
    """Whether she looks at it as one who judges: scientist, reviewer or panel member."""
    if desk.user_id is None or facts.state in ("draft", "withdrawn"):
        return False
    if desk.beamlines & facts.beamlines:
        return True
    if facts.reviewers.get(desk.user_id) in LIVE:
        return True
    return facts.panel_id in desk.panels and facts.state in IN_COMMITTEE | AFTER_DECISION


def may_see_proposal(facts: ProposalFacts, desk: Desk) -> Decision:
    """Say whether she may read it. A hidden one is refused as if it were not there; a conflict is named."""
    if _on_team(facts, desk):
        return Decision()
    if desk.office(facts.facility_id) and facts.state != "draft":
        return Decision()
    if not _judges(facts, desk):
        return Decision((Reason("proposal.not_found"),))
    if facts.conflicts:
        return Decision((Reason("proposal.conflict", facts={"kinds": ", ".join(facts.conflicts)}),))
    return Decision()


def may_see_identities(facts: ProposalFacts, desk: Desk) -> Decision:
    """Say whether she may know who proposes: those who judge merit may from the phase on that the call names.

    The office and the beamlines' scientists always may: they answer for safety and conflicts.
    """
    if _on_team(facts, desk) or desk.office(facts.facility_id) or desk.beamlines & facts.beamlines:
        return Decision()
    if facts.names_shown == "always" or facts.state in AFTER_DECISION:
        return Decision()
    with_panel = facts.state in IN_COMMITTEE - {"review"}
    own_given = facts.reviewers.get(desk.user_id or 0) == "submitted"
    if facts.names_shown == "panel" and with_panel:
        return Decision()
    if facts.names_shown == "own_review" and (with_panel or own_given):
        return Decision()
    return Decision((Reason(f"proposal.anonymous_{facts.names_shown}"),))


def may_see_reviewers(facts: ProposalFacts, desk: Desk) -> Decision:
    """Say whether she may know whose a review or a remark is; proposers never may before they are told."""
    if _on_team(facts, desk):
        told = facts.told_state in ("scheduled", "standby", "declined")
        open_ = facts.reviewers_shown == "proposers" and told
    else:
        open_ = desk.office(facts.facility_id) or (
            facts.reviewers_shown in ("committee", "proposers") and not facts.conflicts and _judges(facts, desk)
        )
    return Decision() if open_ else Decision((Reason("review.reviewers_hidden"),))


def may_discuss(facts: ProposalFacts, desk: Desk) -> Decision:
    """Say whether she may read and add to the discussion: the office, the panel, and reviewers after their own review.

    The team never may, nor anybody in conflict, chairs included.
    """
    judges = desk.office(facts.facility_id) or facts.panel_id in desk.panels
    own = facts.reviewers.get(desk.user_id or 0, "")
    if _on_team(facts, desk) or not (judges or own in LIVE) or facts.state in ("draft", "withdrawn"):
        return Decision((Reason("discussion.not_yours"),))
    found = []
    if facts.conflicts and not desk.office(facts.facility_id):
        found.append(Reason("proposal.conflict", facts={"kinds": ", ".join(facts.conflicts)}))
    if own == "assigned" and facts.state == "review" and not desk.office(facts.facility_id):
        found.append(Reason("review.own_first"))
    return Decision(tuple(found))


def may_remark(facts: ProposalFacts, desk: Desk, *, text: str) -> Decision:
    """Say whether she may add a remark: whoever may read them, while the proposal is with reviewers or the panel."""
    decision = may_discuss(facts, desk)
    found = writing(desk)
    if decision.allowed() and facts.state not in IN_COMMITTEE:
        found.append(Reason("discussion.closed"))
    if not text.strip():
        found.append(Reason("discussion.empty", facts={"field": "text"}))
    if len(text) > LONGEST_REMARK:
        found.append(Reason("draft.text_too_long", facts={"field": "text", "have": len(text), "most": LONGEST_REMARK}))
    return decision + Decision(tuple(found))


def may_see_reviews(facts: ProposalFacts, desk: Desk, *, own: str) -> Decision:
    """Say whether she may read the others' reviews; ``own`` is the state of her own, empty where she has none."""
    if desk.office(facts.facility_id) and not _on_team(facts, desk):
        return Decision()
    if _on_team(facts, desk) or facts.conflicts or not _judges(facts, desk):
        return Decision((Reason("review.hidden"),))
    if own == "assigned":
        return Decision((Reason("review.own_first"),))
    if facts.panel_id in desk.panels or own == "submitted":
        return Decision()
    return Decision((Reason("review.hidden"),))


def may_change_proposal(facts: ProposalFacts, desk: Desk, *, expected_version: int | None = None) -> Decision:
    """Say whether she may change the draft."""
    if not _on_team(facts, desk):
        return Decision((Reason("proposal.not_found"),))
    found = writing(desk)
    place = facts.team[desk.user_id or 0]
    if not (place.accepted and place.may_edit):
        found.append(Reason("proposal.not_yours_to_edit"))
    if facts.state != "draft":
        found.append(Reason("proposal.no_draft"))
    if expected_version is not None and expected_version != facts.version:
        found.append(Reason("proposal.changed_meanwhile", facts={"yours": expected_version, "now": facts.version}))
    return Decision(tuple(found))


def may_submit_for(facts: ProposalFacts, desk: Desk) -> Decision:
    """Say whether she may submit, withdraw or take back for the team."""
    if not _on_team(facts, desk):
        return Decision((Reason("proposal.not_found"),))
    found = writing(desk)
    place = facts.team[desk.user_id or 0]
    if not (place.accepted and place.may_submit):
        found.append(Reason("proposal.not_yours_to_submit"))
    return Decision(tuple(found))


def may_manage_calls(facility_id: int, desk: Desk) -> Decision:
    """Say whether she works in the facility's user office."""
    found = writing(desk)
    if desk.signed_in and not desk.office(facility_id):
        found.append(Reason("userprogramme.not_yours"))
    return Decision(tuple(found))


def may_name_somebody(facility_id: int, desk: Desk, *, email: str, found: bool) -> Decision:
    """Say whether the office may give that person a place (panel, beamline, contact)."""
    decision = may_manage_calls(facility_id, desk)
    if not found:
        decision += Decision((Reason("person.not_found", facts={"email": email}),))
    return decision


def may_judge(facts: ProposalFacts, desk: Desk, *, beamline_id: int) -> Decision:
    """Say whether she may judge feasibility on a beamline."""
    found = writing(desk)
    if beamline_id not in facts.beamlines or facts.state == "draft":
        return Decision((Reason("proposal.not_found"),))
    if beamline_id not in desk.beamlines:
        found.append(Reason("beamline.not_yours"))
    if facts.conflicts:
        found.append(Reason("proposal.conflict", facts={"kinds": ", ".join(facts.conflicts)}))
    if facts.state not in ("submitted", "feasibility"):
        found.append(Reason("feasibility.too_late"))
    return Decision(tuple(found))


def may_visit(facts: ProposalFacts, desk: Desk, *, contact: bool) -> Decision:
    """Say whether she may run the visit: its local contact, the beamline's scientists and the office."""
    found = writing(desk)
    if desk.signed_in and not (contact or desk.office(facts.facility_id) or desk.beamlines & facts.beamlines):
        found.append(Reason("visit.not_yours"))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """A review that is asked of somebody."""

    reviewer_id: int
    state: str
    proposal_state: str
    conflicts: tuple[str, ...] = ()
