"""What a sound proposal is under the rules of its call."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from headwater.core.decision import Decision, Reason, Weight

HAZARDS = ("none", "chemical", "biological", "radioactive", "laser", "pressure", "cryogenic", "nano", "magnetic")
LONGEST_ABSTRACT = 6_000
MOST_TEAM = 60


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the form; ``when`` is the answer it is asked on, ``part`` the one of its whole section."""

    key: str
    kind: str
    required: bool = False
    most: int = 4_000
    choices: tuple[str, ...] = ()
    when: tuple[str, str] | None = None
    part: tuple[str, str] | None = None
    least: float | None = None
    greatest: float | None = None


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


def chosen(answer: str) -> tuple[str, ...]:
    """The values in an answer that may have several."""
    return tuple(value for part in answer.split(",") if (value := part.strip()))


def questions_shown(questions: Sequence[Question], answers: Mapping[str, str]) -> tuple[Question, ...]:
    """The questions whose conditions hold; a question under a hidden one is hidden too."""
    shown: dict[str, Question] = {}

    def holds(when: tuple[str, str] | None) -> bool:
        if when is None:
            return True
        asked, given = shown.get(when[0]), answers.get(when[0], "")
        if asked is None:
            return False
        return when[1] in chosen(given) if asked.kind == "choices" else given == when[1]

    for one in questions:
        if holds(one.part) and holds(one.when):
            shown[one.key] = one
    return tuple(shown.values())


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
    found += answers_told(facts.questions, facts.answers, facts.files)
    for sample in facts.samples:
        if not sample.hazards:
            refuse("draft.hazards_missing", "samples", name=sample.name)
        for hazard in sample.hazards:
            if hazard not in HAZARDS:
                refuse("draft.hazard_unknown", "samples", value=hazard)
    if facts.invited:
        found.append(Reason("draft.invitations_open", Weight.NOTE, {"field": "team", "number": facts.invited}))
    return Decision(tuple(found))


def answers_told(
    questions: Sequence[Question], answers: Mapping[str, str], files: Collection[str]
) -> tuple[Reason, ...]:
    """What stands against the answers to the questions that are asked; each reason names its field."""
    found: list[Reason] = []
    for one in questions_shown(questions, answers):
        answer = answers.get(one.key, "")
        given = one.key in files if one.kind == "file" else bool(answer.strip())
        told = _of_kind(one, answer) if answer.strip() else []
        if one.required and not given:
            told = [Reason("draft.answer_missing", facts={"key": one.key})]
        if len(answer) > one.most:
            told.append(Reason("draft.text_too_long", facts={"have": len(answer), "most": one.most}))
        found += [Reason(each.code, each.weight, {"field": f"q_{one.key}", **each.facts}) for each in told]
    return tuple(found)


def _of_kind(one: Question, answer: str) -> list[Reason]:
    """What is wrong with an answer that is given, for its kind."""
    if one.kind in ("choice", "choices"):
        given = chosen(answer) if one.kind == "choices" else (answer,)
        return [Reason("draft.answer_unknown", facts={"value": each[:60]}) for each in given if each not in one.choices]
    if one.kind == "date" and not _is_date(answer):
        return [Reason("draft.answer_no_date", facts={"value": answer[:60]})]
    if one.kind == "number":
        value = _number(answer)
        if value is None:
            return [Reason("draft.answer_no_number", facts={"value": answer[:60]})]
        if one.least is not None and value < one.least:
            return [Reason("draft.answer_too_small", facts={"value": answer[:60], "least": f"{one.least:g}"})]
        if one.greatest is not None and value > one.greatest:
            return [Reason("draft.answer_too_great", facts={"value": answer[:60], "most": f"{one.greatest:g}"})]
    return []


def _is_date(text: str) -> bool:
    try:
        return len(text.strip()) == 10 and bool(date.fromisoformat(text.strip()))
    except ValueError:
        return False


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


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
