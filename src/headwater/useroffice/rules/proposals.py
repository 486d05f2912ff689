"""What a sound proposal is under the rules of its call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from headwater.core.decision import Decision, Reason, Weight

HAZARDS = ("none", "chemical", "biological", "radioactive", "laser", "pressure", "cryogenic", "nano", "magnetic")
LONGEST_ABSTRACT = 6_000
MOST_TEAM = 60


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the form."""

    key: str
    kind: str
    required: bool = False
    most: int = 4_000
    choices: tuple[str, ...] = ()
    when: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SampleFacts:
    name: str
    hazards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """A proposal beside the rules of its call."""

    title: str
    abstract: str
    organisation: bool
    beamlines: tuple[str, ...]
    foreign_beamlines: tuple[str, ...]
    most_beamlines: int
    requested: int
    minimum: int
    most_shifts: int
    period: tuple[date, date]
    blackouts: tuple[tuple[date, date], ...]
    longest_run_days: int
    needed_days: int
    questions: tuple[Question, ...]
    answers: Mapping[str, str]
    files: frozenset[str]
    samples: tuple[SampleFacts, ...]
    invited: int
    call_stage: str
    call_open: bool


def questions_shown(questions: Sequence[Question], answers: Mapping[str, str]) -> tuple[Question, ...]:
    """The questions whose condition holds; a question under a hidden one is hidden too."""
    shown: list[Question] = []
    seen: set[str] = set()
    for one in questions:
        if one.when is None or (one.when[0] in seen and answers.get(one.when[0], "") == one.when[1]):
            shown.append(one)
            seen.add(one.key)
    return tuple(shown)


def is_sound_proposal(facts: DraftFacts) -> Decision:
    """Say whether the proposal may be submitted, with every reason against it; each names its field."""
    found: list[Reason] = []

    def refuse(code: str, about: str, **more: object) -> None:
        found.append(Reason(code, facts={"field": about, **more}))

    if facts.call_stage != "announced" or not facts.call_open:
        found.append(Reason("call.not_open"))
    if not facts.title.strip():
        refuse("draft.title_missing", "title")
    if not facts.abstract.strip():
        refuse("draft.abstract_missing", "abstract")
    if len(facts.abstract) > LONGEST_ABSTRACT:
        refuse("draft.text_too_long", "abstract", have=len(facts.abstract), most=LONGEST_ABSTRACT)
    if not facts.organisation:
        refuse("draft.organisation_missing", "organisation")
    if not facts.beamlines:
        refuse("draft.beamlines_missing", "beamlines")
    if len(facts.beamlines) > facts.most_beamlines:
        refuse("draft.too_many_beamlines", "beamlines", most=facts.most_beamlines)
    for name in facts.foreign_beamlines:
        refuse("draft.beamline_not_in_call", "beamlines", name=name)
    if not 1 <= facts.requested <= facts.most_shifts:
        refuse("draft.shifts_out_of_range", "requested", most=facts.most_shifts)
    if not 1 <= facts.minimum <= facts.requested:
        refuse("draft.minimum_wrong", "minimum", most=facts.requested)
    for start, end in facts.blackouts:
        if end < start:
            refuse("draft.blackout_reversed", "blackouts", day=f"{start}")
    if facts.beamlines and 0 < facts.longest_run_days < facts.needed_days:
        found.append(
            Reason(
                "draft.no_free_run",
                Weight.NOTE,
                {"field": "blackouts", "needed": facts.needed_days, "longest": facts.longest_run_days},
            )
        )
    found += _answers(facts)
    for sample in facts.samples:
        if not sample.hazards:
            refuse("draft.hazards_missing", "samples", name=sample.name)
        for hazard in sample.hazards:
            if hazard not in HAZARDS:
                refuse("draft.hazard_unknown", "samples", value=hazard)
    if facts.invited:
        found.append(Reason("draft.invitations_open", Weight.NOTE, {"field": "team", "number": facts.invited}))
    return Decision(tuple(found))


def _answers(facts: DraftFacts) -> list[Reason]:
    found = []
    for one in questions_shown(facts.questions, facts.answers):
        answer = facts.answers.get(one.key, "")
        given = one.key in facts.files if one.kind == "file" else bool(answer.strip())
        if one.required and not given:
            found.append(Reason("draft.answer_missing", facts={"field": f"q_{one.key}", "key": one.key}))
        if one.kind == "choice" and answer and answer not in one.choices:
            found.append(Reason("draft.answer_unknown", facts={"field": f"q_{one.key}", "value": answer[:60]}))
        if one.kind == "number" and answer and not _is_number(answer):
            found.append(Reason("draft.answer_no_number", facts={"field": f"q_{one.key}", "value": answer[:60]}))
        if len(answer) > one.most:
            found.append(
                Reason("draft.text_too_long", facts={"field": f"q_{one.key}", "have": len(answer), "most": one.most})
            )
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def may_invite(*, email_sound: bool, email: str, there: bool, size: int) -> Decision:
    """Say whether somebody may be asked onto the team."""
    found = []
    if not email_sound:
        found.append(Reason("team.email_wrong", facts={"field": "email", "value": email[:100]}))
    if there:
        found.append(Reason("team.there_already", facts={"field": "email", "value": email[:100]}))
    if size >= MOST_TEAM:
        found.append(Reason("team.full", facts={"most": MOST_TEAM}))
    return Decision(tuple(found))
