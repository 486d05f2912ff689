"""What counts where: recognition between jurisdictions, and what an owner asks of people before they come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from headwater.core.decision import Decision, Reason, Weight
from headwater.support.rules.parties import Party, may_manage_money, when

MOST_CODE = 80
MISSING = {
    "safety_course": "entry.safety_course_missing",
    "contract_template": "entry.contract_template_missing",
}


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


@dataclass(frozen=True, slots=True)
class WantedProof:
    """Something an owner asks of people before they come."""

    kind: str
    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class ProofFacts:
    """A safety course that somebody passed, a contract that was signed. ``counts_in`` are the codes of the jurisdiction
    it was granted in and of those that lie within."""

    kind: str
    code: str
    granted_in: str
    counts_in: frozenset[str]
    granted_by: int
    granted_on: date
    valid_to: date | None

    def lives(self, day: date) -> bool:
        return self.granted_on <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """Somebody who wants to use an instrument on a day, and what she has of what its owner asks."""

    owner_id: int
    jurisdiction: str
    day: date
    wanted: tuple[WantedProof, ...]
    proofs: tuple[ProofFacts, ...]
    recognitions: tuple[RecognitionFacts, ...]


def may_enter(facts: EntryFacts) -> Decision:
    """Say whether she has all that the owner asks: from here, or from elsewhere where a rule lets it count.

    What counts by a rule is a note with the rule and its source. What is missing can be waived by the owner's managers,
    in writing; with it stands what she has from elsewhere and why that does not count.
    """
    decision = Decision()
    for wanted in facts.wanted:
        have = [one for one in facts.proofs if (one.kind, one.code) == (wanted.kind, wanted.code)]
        decision += _has(facts, wanted, have)
    return decision


def _has(facts: EntryFacts, wanted: WantedProof, have: list[ProofFacts]) -> Decision:
    living = [
        one for one in have if one.granted_on <= facts.day and (one.valid_to is None or facts.day <= one.valid_to)
    ]
    if any(one.granted_by == facts.owner_id or facts.jurisdiction in one.counts_in for one in living):
        return Decision()
    why: tuple[Reason, ...] = ()
    for one in living:
        told = is_recognised(
            wanted.kind, wanted.code, one.granted_in, facts.jurisdiction, facts.day, facts.recognitions
        )
        if told.allowed():
            return told
        why += tuple(replace(reason, weight=Weight.NOTE) for reason in told.reasons)
    lapsed = max((one.valid_to for one in have if one.valid_to is not None and one.valid_to < facts.day), default=None)
    if lapsed is not None and not living:
        why += (Reason("entry.lapsed", Weight.NOTE, {"day": lapsed.isoformat()}),)
    what = {"zh": wanted.name_zh, "en": wanted.name_en}
    missing = Reason(MISSING[wanted.kind], Weight.WAIVABLE, {"what": what, "code": wanted.code})
    return Decision((missing, *why))


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """A proof that an organisation wants to write down."""

    granted_by: int
    teaches: bool
    kind_known: bool
    code: str
    holder_known: bool
    is_itself: bool
    granted_on: date
    valid_to: date | None
    today: date


def may_grant(facts: GrantFacts, party: Party) -> Decision:
    """Say whether a proof may be written down: by the managers of a university, an institute, a hospital or an owner of
    instruments, for what has happened."""
    decision = may_manage_money(facts.granted_by, party)
    decision += when(not facts.teaches, "entry.granter_not_trusted")
    decision += when(not facts.kind_known, "entry.kind_unknown") + when(not sound_code(facts.code), "entry.code_wrong")
    decision += when(not facts.holder_known, "entry.holder_not_found") + when(facts.is_itself, "entry.with_itself")
    decision += when(facts.granted_on > facts.today, "entry.in_the_future")
    reversed_ = facts.valid_to is not None and facts.valid_to < facts.granted_on
    return decision + when(reversed_, "version.dates_reversed")


def sound_code(code: str) -> bool:
    """Whether a course's or a template's code is one: letters, digits and hyphens."""
    return bool(code) and len(code) <= MOST_CODE and code.isascii() and code.replace("-", "").isalnum()


@dataclass(frozen=True, slots=True)
class RequireFacts:
    """Something an owner wants to ask of people."""

    owner_id: int
    kind_known: bool
    code: str
    named: bool
    own_instrument: bool
    asked_already: bool


def may_require(facts: RequireFacts, party: Party) -> Decision:
    """Say whether an owner may ask it: her managers decide, once for each thing."""
    decision = may_manage_money(facts.owner_id, party)
    decision += when(not facts.kind_known, "entry.kind_unknown") + when(not sound_code(facts.code), "entry.code_wrong")
    decision += when(not facts.named, "entry.name_missing") + when(not facts.own_instrument, "instrument.not_found")
    return decision + when(facts.asked_already, "entry.asked_already")


def may_end(owner_id: int, ended: bool, party: Party) -> Decision:
    """Say whether a requirement may be ended, or a proof taken back."""
    return may_manage_money(owner_id, party) + when(ended, "entry.ended_already")
