"""Who may start long work. Facts in, decisions out; everybody may read what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.core.decision import Decision, Reason

MOST_OPEN = 3


@dataclass(frozen=True, slots=True)
class AskerFacts:
    """Who asks for a run: signed in or not, an analyst or not, by a token that may write, with how many runs open."""

    signed_in: bool
    analyst: bool
    may_write: bool
    open_runs: int


def may_ask_report(facts: AskerFacts) -> Decision:
    """Say whether somebody may have a report made."""
    found = []
    if not facts.signed_in:
        found.append(Reason("run.sign_in"))
    if facts.signed_in and not facts.may_write:
        found.append(Reason("run.reading_token"))
    if facts.open_runs >= MOST_OPEN:
        found.append(Reason("run.too_many_open", facts={"have": facts.open_runs}))
    return Decision(tuple(found))


def may_ask_clusters(facts: AskerFacts) -> Decision:
    """Say whether somebody may have clusters found: what holds for a report, and the role of an analyst or operator."""
    reasons = may_ask_report(facts).reasons
    if facts.signed_in and not facts.analyst:
        reasons = (*reasons, Reason("run.analysts"))
    return Decision(reasons)


def may_read_parts(facts: AskerFacts) -> Decision:
    """Say whether somebody may read the store's own files: they hold more than figures show."""
    if not facts.signed_in:
        return Decision((Reason("data.sign_in"),))
    return Decision(() if facts.analyst else (Reason("data.analysts"),))
