"""The writers of letters: what was decided is told together, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.useroffice import queries, rules
from headwater.useroffice.actions.steps import locked_call, locked_proposal, names_of, tell_team
from headwater.useroffice.models import (
    Letter,
    Mode,
    Proposal,
    State,
    Verdict,
)

NOTICE_OF = {
    "scheduled": "decision.scheduled",
    "standby": "decision.standby",
    "declined": "decision.declined",
    "infeasible": "decision.infeasible",
}


def letter_facts(proposal: Proposal, letter: Letter | None, verdict: Verdict | None, award: Any) -> dict[str, Any]:
    """What a letter's words name."""
    note = {"zh": letter.note_zh if letter else "", "en": letter.note_en if letter else ""}
    told: dict[str, Any] = {
        "proposal": proposal.number,
        "title": proposal.title,
        "call": names_of(proposal.call),
        "note": note,
        "reason": verdict.reason if verdict else "",
    }
    if award is not None:
        told |= {
            "shifts": award.shifts,
            "beamline": names_of(award.instrument),
            "start": award.start.isoformat(),
            "end": award.end.isoformat(),
        }
    return told


@transaction.atomic
def note_letter(public_id: str, note_zh: str, note_en: str, desk: rules.Desk, *, by: Actor, at: datetime) -> Letter:
    """Add a sentence of the office to a letter that waits, in both languages."""
    proposal = locked_proposal(public_id)
    permit(rules.may_manage_calls(proposal.call.facility_id, desk))
    if bool(note_zh.strip()) != bool(note_en.strip()):
        raise Refused(Decision((Reason("letters.one_language", facts={"field": "note_zh"}),)))
    letter, _new = Letter.objects.update_or_create(
        proposal=proposal,
        state=proposal.state,
        sent_at=None,
        defaults={"note_zh": note_zh.strip()[:1000], "note_en": note_en.strip()[:1000], "by": by.user},
    )
    record(Act("letter.noted", proposal.public_id, {"note": [None, note_en.strip()[:200]]}), by=by, at=at)
    return letter


@transaction.atomic
def send_letters(
    call_id: str, desk: rules.Desk, *, waive: Sequence[str] = (), ground: str = "", by: Actor, at: datetime
) -> int:
    """Tell everybody together what was decided; each letter goes once, whatever is pressed twice."""
    call = locked_call(call_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    pending = list(queries.pending_letters(call))
    decision = rules.may_send_letters(pending=len(pending), undecided=queries.undecided_of(call))
    permit(decision, waive=waive, ground=ground)
    verdicts = queries.latest_verdicts([one.pk for one in pending])
    awards = {one.proposal_id: one for one in queries.awards_of(queries.published(call))}
    for proposal in pending:
        letter = next((one for one in proposal.waiting if one.state == proposal.state), None) or Letter(
            proposal=proposal, state=proposal.state
        )
        named = letter_facts(proposal, letter, verdicts.get(proposal.pk), awards.get(proposal.pk))
        letter.sent_at, letter.by = at, by.user
        letter.save()
        proposal.told_state, proposal.told_at = proposal.state, at
        proposal.save(update_fields=["told_state", "told_at"])
        tell_team(proposal, NOTICE_OF[proposal.state], named, at=at, key=f"decision:{letter.pk}")
    record(
        Act("letters.sent", call.public_id, {"letters": [None, len(pending)]}, decision, tuple(waive), ground),
        by=by,
        at=at,
    )
    return len(pending)


# Within a block -------------------------------------------------------------------------------------------------
def is_part(proposal: Proposal) -> bool:
    """Whether it is a sub-project of a block."""
    return proposal.call.mode == Mode.WITHIN


def tell_state(proposal: Proposal, code: str, named: Mapping[str, object], *, at: datetime) -> None:
    """Tell a sub-project's people of its state at once: within a block no letters wait. In a transaction."""
    proposal.told_state, proposal.told_at = proposal.state, at
    proposal.save(update_fields=["told_state", "told_at"])
    tell_team(proposal, code, named, at=at)


def tell_verdict(proposal: Proposal, *, at: datetime) -> None:
    """Tell a sub-project's people what the scientists found. In a transaction."""
    fit = proposal.state == State.RECOMMENDED
    tell_state(proposal, "decision.accepted" if fit else "decision.infeasible", {"note": ""}, at=at)
