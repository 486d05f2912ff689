"""Readers of forms: what is being written, its versions, where they are used, and whom a change touches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from headwater.registry.models import Facility
from headwater.useroffice import rules
from headwater.useroffice.facts import questions_in
from headwater.useroffice.models import Call, FormDraft, FormVersion, Proposal, ProposalFile, State
from headwater.useroffice.rules.forms import ASKABLE, SECTION

Entry = Mapping[str, Any]
VERSIONS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Written:
    """A call's form as it is being written; without a change it is the published one.

    ``base`` is the version it was begun from; ``stamp`` changes with every change and every publication.
    """

    call: Call
    base: FormVersion
    entries: Sequence[Entry]
    stamp: str
    draft: FormDraft | None

    @property
    def changed(self) -> bool:
        return list(self.entries) != self.base.questions

    @property
    def overtaken(self) -> bool:
        """Whether another version was published since this was begun."""
        return self.base.number != self.call.form.number

    @property
    def may_undo(self) -> bool:
        return self.draft is not None and self.draft.before is not None

    def facts(self, seen: str) -> rules.FormFacts:
        who = str(self.draft.changed_by) if self.draft and self.draft.changed_by else ""
        return rules.FormFacts(seen, self.stamp, who, self.changed, self.call.form.number, self.base.number)


def written_of(call: Call, draft: FormDraft | None = None) -> Written:
    """What the office has of a call's form; one query, or none where the draft is given."""
    held = draft or FormDraft.objects.select_related("base", "changed_by").filter(call=call).first()
    stamp = f"{held.version if held else 0}.{call.form.number}"
    if held is None or held.questions == held.base.questions:  # nothing of its own: it follows what is published
        return Written(call, call.form, call.form.questions, stamp, held)
    return Written(call, held.base, held.questions, stamp, held)


def keys_used(facility_id: int) -> set[str]:
    """Every key that a form of the facility ever had: a new question takes none of them, nor answers kept under it."""
    forms = FormVersion.objects.filter(facility=facility_id).values_list("questions", flat=True)
    drafts = FormDraft.objects.filter(call__facility=facility_id).values_list("questions", "before")
    lists = [*forms, *(each for pair in drafts for each in pair if each)]
    return {one["key"] for entries in lists for one in entries}


def versions_of(facility: Facility) -> QuerySet[FormVersion]:
    """The facility's versions, the newest first, with who made them and the calls they stand in.

    Version 0, which asks nothing, belongs to the blocks.
    """
    return facility.forms.exclude(number=0).select_related("made_by").prefetch_related("calls").order_by("-number")


def proposals_by_version(facility: Facility) -> dict[int, int]:
    """How many proposals answer each version, drafts too."""
    rows = Proposal.objects.filter(form__facility=facility).values_list("form").annotate(Count("pk"))
    return dict(rows)


def other_calls(call: Call, offices: Collection[int]) -> QuerySet[Call]:
    """Calls whose form may be started from: of the facilities whose office she works in."""
    rows = Call.objects.filter(facility__in=offices).exclude(pk=call.pk).exclude(mode="within")
    return rows.select_related("facility", "form").order_by("facility", "-opens_at", "pk")[:VERSIONS_SHOWN]


@dataclass(frozen=True, slots=True)
class Effects:
    """Whom a publication touches: drafts take the new version, what was submitted keeps its own.

    ``losing`` drafts answered a question that goes, ``unfit`` chose what is no choice any more, ``asked_more`` have
    no answer yet to what must be answered then and need not now.
    """

    drafts: int
    submitted: int
    losing: int = 0
    unfit: int = 0
    asked_more: int = 0


def effects_of(call: Call, old: Sequence[Entry], new: Sequence[Entry]) -> Effects:
    """Count it; three queries."""
    rows = dict(call.proposals.filter(state=State.DRAFT).values_list("pk", "answers"))
    submitted = call.proposals.exclude(state__in=(State.DRAFT, State.WITHDRAWN)).count()
    there = {one["key"]: one for one in new}
    gone = {one["key"] for one in old if one["kind"] != SECTION} - set(there)
    files = ProposalFile.objects.filter(proposal__call=call, proposal__state=State.DRAFT)
    attached = set(files.values_list("proposal", "question"))
    before, after = questions_in(old), questions_in(new)
    losing = unfit = more = 0
    for pk, answers in rows.items():
        losing += any(answers.get(key) or (pk, key) in attached for key in gone)
        unfit += any(_unfit(there[key], text) for key, text in answers.items() if text and key in there)
        more += bool(_missing(after, answers) - _missing(before, answers))
    return Effects(len(rows), submitted, losing, unfit, more)


def _unfit(entry: Entry, text: str) -> bool:
    if entry["kind"] not in ASKABLE:
        return False
    can = rules.answers_of(entry) or ()
    given = rules.chosen(text) if entry["kind"] == "choices" else (text,)
    return any(value not in can for value in given)


def _missing(questions: Sequence[rules.Question], answers: Mapping[str, str]) -> set[str]:
    """Questions that must be answered and are not; files aside, which are kept elsewhere."""
    shown = rules.questions_shown(questions, answers)
    return {one.key for one in shown if one.required and one.kind != "file" and not answers.get(one.key, "").strip()}
