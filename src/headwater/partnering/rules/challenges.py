"""What a sound challenge is, and who may write, triage, publish and withdraw one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from headwater.core.decision import Decision, Reason, Weight
from headwater.partnering.rules.sight import (
    LEVELS,
    MANAGING,
    OPERATOR,
    Clearance,
    SightFacts,
    Viewer,
    acts_as_broker,
    clearance,
)
from headwater.partnering.rules.states import WRITABLE, may_move

LONGEST = 20_000
MOST_TARGETS = 20
MOST_WANTED = 12
MOST_FILES = 30
TRIAGE_REASONS: Mapping[str, frozenset[str]] = {
    "ready": frozenset({"clear"}),
    "refine": frozenset({"targets_missing", "test_missing", "too_broad", "context_missing", "duplicate"}),
    "long_term": frozenset({"basic_research", "beyond_horizon"}),
    "not_research": frozenset({"known_solution", "routine_test", "duplicate"}),
}


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """A draft beside what the record knows."""

    title_zh: str
    title_en: str
    texts: Mapping[str, tuple[str, str, str]]  # part: level, Chinese, English
    targets: Sequence[tuple[str, str, str]]  # name, value, test
    wanted: Sequence[tuple[str, bool, int]]  # technique, found, level
    budget_minor: int | None
    currency: str
    months: int | None
    city: str
    city_found: bool
    reach_min: int | None
    max_members: int | None
    min_jurisdictions: int


def is_sound(facts: DraftFacts) -> Decision:
    """Say what of a draft can't be stored."""
    found = []
    if not facts.title_zh.strip() and not facts.title_en.strip():
        found.append(Reason("challenge.title_missing"))
    if max(len(facts.title_zh), len(facts.title_en)) > 300:
        found.append(Reason("challenge.text_too_long", facts={"field": "title", "most": 300}))
    for name, (level, zh, en) in facts.texts.items():
        if level not in LEVELS:
            found.append(Reason("challenge.level_unknown", facts={"field": name, "value": level}))
        if max(len(zh), len(en)) > LONGEST:
            found.append(Reason("challenge.text_too_long", facts={"field": name, "most": LONGEST}))
    if len(facts.targets) > MOST_TARGETS:
        found.append(Reason("challenge.too_many_targets", facts={"have": len(facts.targets), "most": MOST_TARGETS}))
    for number, (name, value, _test) in enumerate(facts.targets, 1):
        if not name.strip() or not value.strip():
            found.append(Reason("challenge.target_incomplete", facts={"number": number}))
    if len(facts.wanted) > MOST_WANTED:
        found.append(Reason("challenge.too_many_wanted", facts={"have": len(facts.wanted), "most": MOST_WANTED}))
    for technique, known, have in facts.wanted:
        if not known:
            found.append(Reason("challenge.technique_unknown", facts={"value": technique}))
        elif not 1 <= have <= 5:
            found.append(Reason("challenge.wanted_level", facts={"value": technique, "level": have}))
    if len({technique for technique, _known, _level in facts.wanted}) < len(facts.wanted):
        found.append(Reason("challenge.wanted_twice"))
    return Decision(tuple(found)) + _sound_limits(facts)


def _sound_limits(facts: DraftFacts) -> Decision:
    found = []
    if facts.budget_minor is not None and not 0 < facts.budget_minor < 2**62:
        found.append(Reason("challenge.budget_wrong"))
    if facts.budget_minor is not None and (len(facts.currency) != 3 or not facts.currency.isupper()):
        found.append(Reason("challenge.currency_unknown", facts={"value": facts.currency}))
    if facts.months is not None and not 1 <= facts.months <= 120:
        found.append(Reason("challenge.months_wrong", facts={"value": facts.months}))
    if facts.city and not facts.city_found:
        found.append(Reason("challenge.city_unknown", facts={"value": facts.city}))
    if facts.reach_min is not None and not 1 <= facts.reach_min <= 1440:
        found.append(Reason("challenge.reach_wrong", facts={"value": facts.reach_min}))
    if facts.max_members is not None and not 1 <= facts.max_members <= 30:
        found.append(Reason("challenge.members_wrong", facts={"value": facts.max_members}))
    if not 1 <= facts.min_jurisdictions <= 10:
        found.append(Reason("challenge.jurisdictions_wrong", facts={"value": facts.min_jurisdictions}))
    return Decision(tuple(found))


def signed_writer(viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may write anything at all."""
    if not viewer.signed_in:
        return Decision((Reason("sign_in.needed"),))
    if not viewer.may_write:
        return Decision((Reason("token.scope_missing", facts={"scope": "write"}),))
    return Decision()


def may_write_for(organisation_id: int, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may act for the organisation: its managers and administrators may."""
    decision = signed_writer(viewer)
    if viewer.signed_in and viewer.memberships.get(organisation_id) not in MANAGING:
        decision += Decision((Reason("organisation.not_yours"),))
    return decision


def _hidden(facts: SightFacts, viewer: Viewer) -> Decision | None:
    if clearance(facts, viewer) is Clearance.HIDDEN:
        return Decision((Reason("challenge.not_found"),))
    return None


def may_write_version(facts: SightFacts, viewer: Viewer, *, expected_number: int | None, number: int) -> Decision:
    """Say whether ``viewer`` may write a new version: the company's managers, or the broker who distils."""
    if hidden := _hidden(facts, viewer):
        return hidden
    decision = signed_writer(viewer)
    if not acts_as_broker(facts, viewer):
        decision = may_write_for(facts.organisation_id, viewer)
    if facts.state not in WRITABLE:
        decision += Decision((Reason("challenge.wrong_state", facts={"state": facts.state}),))
    if expected_number is not None and expected_number != number:
        decision += Decision((Reason("challenge.changed_meanwhile", facts={"yours": expected_number, "now": number}),))
    return decision


def may_move_as_company(facts: SightFacts, viewer: Viewer, move: str) -> Decision:
    """Say whether ``viewer`` may submit, agree, withdraw or close for the company."""
    if hidden := _hidden(facts, viewer):
        return hidden
    return may_write_for(facts.organisation_id, viewer) + may_move("challenge", facts.state, move)


def may_act_as_broker(facts: SightFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may do a broker's work on this challenge."""
    if hidden := _hidden(facts, viewer):
        return hidden
    decision = signed_writer(viewer)
    if viewer.signed_in and not acts_as_broker(facts, viewer):
        has_side = bool(set(viewer.memberships) & facts.proposing)
        decision += Decision((Reason("broker.has_a_side" if has_side else "broker.needed"),))
    if facts.organisation_id in viewer.memberships:
        decision += Decision((Reason("broker.own_company"),))
    return decision


def may_decide(facts: SightFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may invite, award or grant agreements: the company's managers and the broker may."""
    if hidden := _hidden(facts, viewer):
        return hidden
    if viewer.memberships.get(facts.organisation_id) in MANAGING:
        return signed_writer(viewer)
    return may_act_as_broker(facts, viewer)


@dataclass(frozen=True, slots=True)
class TriageFacts:
    """The version in question, and what is said of it."""

    outcome: str
    reasons: tuple[str, ...]
    agreed: bool
    willing_to_pay: bool
    targets: int
    tests: int
    wanted: int
    problem: bool


def may_triage(facts: TriageFacts, sight: SightFacts, viewer: Viewer) -> Decision:
    """Say whether the outcome may be given.

    Ready needs what the programme calls a true need: the company agreed to this wording and is willing to pay, the
    problem is told, capabilities are named, and at least one target says how it is tested.
    """
    decision = may_act_as_broker(sight, viewer)
    if not decision.allowed():
        return decision
    decision += may_move("challenge", sight.state, f"triage_{facts.outcome}")
    found = []
    allowed = TRIAGE_REASONS.get(facts.outcome, frozenset())
    if not facts.reasons:
        found.append(Reason("triage.reason_missing"))
    found += [
        Reason("triage.reason_wrong", facts={"value": one, "outcome": facts.outcome})
        for one in facts.reasons
        if one not in allowed
    ]
    if facts.outcome == "ready":
        if not facts.agreed:
            found.append(Reason("triage.not_agreed"))
        if not facts.willing_to_pay:
            found.append(Reason("triage.not_willing_to_pay"))
        if not facts.problem:
            found.append(Reason("triage.problem_missing"))
        if not facts.wanted:
            found.append(Reason("triage.wanted_missing"))
        if not facts.tests:
            found.append(Reason("triage.test_missing", Weight.BLOCKS, {"targets": facts.targets}))
    return decision + Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class CallFacts:
    """An open call as asked for."""

    closes_at: datetime | None
    race_teams: int
    gate: str
    gate_on: date | None


def may_publish(facts: CallFacts, sight: SightFacts, viewer: Viewer, *, now: datetime) -> Decision:
    """Say whether the challenge may be published, and as which kind of call."""
    decision = may_act_as_broker(sight, viewer)
    if not decision.allowed():
        return decision
    decision += may_move("challenge", sight.state, "publish")
    found = []
    if facts.closes_at is None and facts.race_teams > 1:
        found.append(Reason("opencall.end_missing"))
    if facts.closes_at is not None and facts.closes_at <= now:
        found.append(Reason("opencall.end_past"))
    if not 1 <= facts.race_teams <= 5:
        found.append(Reason("opencall.race_teams_wrong", facts={"value": facts.race_teams}))
    if facts.race_teams > 1 and (not facts.gate.strip() or facts.gate_on is None):
        found.append(Reason("opencall.gate_missing"))
    if facts.gate_on is not None and facts.closes_at is not None and facts.gate_on <= facts.closes_at.date():
        found.append(Reason("opencall.gate_before_end"))
    return decision + Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file on its way in."""

    name: str
    size: int
    most: int
    level: str
    have: int


def may_attach(facts: FileFacts, sight: SightFacts, viewer: Viewer) -> Decision:
    """Say whether the file may be attached, by the company's managers or the broker."""
    decision = may_decide(sight, viewer)
    if "challenge.not_found" in decision.codes:
        return decision
    found = []
    if facts.level not in LEVELS:
        found.append(Reason("challenge.level_unknown", facts={"field": "file", "value": facts.level}))
    if facts.size == 0:
        found.append(Reason("attachment.empty"))
    if facts.size > facts.most:
        mb = 1024**2
        found.append(Reason("attachment.too_large", facts={"have": facts.size // mb, "most": facts.most // mb}))
    if facts.have >= MOST_FILES:
        found.append(Reason("attachment.too_many", facts={"most": MOST_FILES}))
    if not facts.name.strip():
        found.append(Reason("attachment.name_missing"))
    return decision + Decision(tuple(found))


def may_ask_agreement(sight: SightFacts, organisation_id: int, company_id: int, viewer: Viewer, state: str) -> Decision:
    """Say whether ``viewer`` may promise confidentiality for her organisation."""
    if hidden := _hidden(sight, viewer):
        return hidden
    decision = may_write_for(organisation_id, viewer) + may_move("agreement", state, "ask")
    if organisation_id == company_id:
        decision += Decision((Reason("agreement.own_challenge"),))
    return decision


def may_set_weights(weights: Mapping[str, float], viewer: Viewer) -> Decision:
    """Say whether new weights may hold from now on: brokers and operators give them."""
    decision = signed_writer(viewer)
    if viewer.signed_in and not viewer.roles & {"broker", OPERATOR}:
        decision += Decision((Reason("broker.needed"),))
    wrong = [name for name, value in weights.items() if not 0 <= value <= 100]
    found = [Reason("weights.out_of_range", facts={"field": name}) for name in wrong]
    if not wrong and not sum(weights.get(name, 0.0) for name in ("text", "techniques", "instruments", "past_work")):
        found.append(Reason("weights.all_zero"))
    return decision + Decision(tuple(found))
