"""The tables that states move along. A move off the table is refused."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.core.decision import Decision, Reason

Table = Mapping[tuple[str, str], str]

CHALLENGE: Table = {
    ("draft", "submit"): "submitted",
    ("refine", "submit"): "submitted",
    ("long_term", "submit"): "submitted",
    ("not_research", "submit"): "submitted",
    ("submitted", "triage_ready"): "ready",
    ("submitted", "triage_refine"): "refine",
    ("submitted", "triage_long_term"): "long_term",
    ("submitted", "triage_not_research"): "not_research",
    ("ready", "triage_refine"): "refine",
    ("ready", "publish"): "published",
    ("published", "award"): "matched",
    ("published", "race"): "published",
    ("published", "close"): "closed",
    ("matched", "reopen"): "published",
    ("matched", "contract"): "contracted",
    ("contracted", "accept"): "accepted",
    ("contracted", "close"): "closed",
    ("accepted", "close"): "closed",
    **{
        (state, "withdraw"): "withdrawn"
        for state in ("draft", "submitted", "refine", "ready", "long_term", "not_research", "published", "matched")
    },
}
# A challenge's text may be written anew while it is here.
WRITABLE = frozenset({"draft", "submitted", "refine", "long_term", "not_research"})

APPROACH: Table = {
    (state, answer): answer
    for state in ("open", "later", "yes", "no")
    for answer in ("yes", "later", "no")
    if state != answer
}

PROPOSAL: Table = {
    ("draft", "submit"): "submitted",
    ("withdrawn", "submit"): "submitted",
    ("draft", "withdraw"): "withdrawn",
    ("submitted", "withdraw"): "withdrawn",
    ("submitted", "choose"): "chosen",
    ("submitted", "race"): "racing",
    ("submitted", "turn_down"): "not_chosen",
    ("racing", "choose"): "chosen",
    ("racing", "turn_down"): "not_chosen",
}

AGREEMENT: Table = {
    ("", "ask"): "asked",
    ("refused", "ask"): "asked",
    ("ended", "ask"): "asked",
    ("asked", "grant"): "in_force",
    ("asked", "refuse"): "refused",
    ("in_force", "end"): "ended",
}

PARTNERSHIP: Table = {
    ("forming", "start"): "running",
    ("running", "renew"): "renewed",
    ("renewed", "renew"): "renewed",
    ("forming", "end"): "ended",
    ("running", "end"): "ended",
    ("renewed", "end"): "ended",
}

MILESTONE: Table = {
    ("planned", "hand_in"): "handed_in",
    ("sent_back", "hand_in"): "handed_in",
    ("handed_in", "accept"): "accepted",
    ("handed_in", "send_back"): "sent_back",
    ("planned", "drop"): "dropped",
    ("sent_back", "drop"): "dropped",
}

TABLES: Mapping[str, Table] = {
    "challenge": CHALLENGE,
    "approach": APPROACH,
    "proposal": PROPOSAL,
    "agreement": AGREEMENT,
    "partnership": PARTNERSHIP,
    "milestone": MILESTONE,
}


WRONG = {
    "challenge": "challenge.wrong_state",
    "approach": "approach.wrong_state",
    "proposal": "bid.wrong_state",
    "agreement": "agreement.wrong_state",
    "partnership": "partnership.wrong_state",
    "milestone": "milestone.wrong_state",
}


def may_move(kind: str, state: str, move: str) -> Decision:
    """Say whether something of ``kind`` may go from ``state`` by ``move``."""
    if (state, move) in TABLES[kind]:
        return Decision()
    return Decision((Reason(WRONG[kind], facts={"state": state}),))


def after(kind: str, state: str, move: str) -> str:
    """Where a permitted move leads."""
    return TABLES[kind][state, move]


def moves(kind: str, state: str) -> frozenset[str]:
    """What may be done from here."""
    return frozenset(move for (start, move) in TABLES[kind] if start == state)
