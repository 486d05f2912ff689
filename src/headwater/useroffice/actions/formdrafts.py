"""The writers of a form that is in the making: entry by entry, each on what its writer has seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.useroffice import rules
from headwater.useroffice.actions.callforms import take_form
from headwater.useroffice.actions.steps import locked_call
from headwater.useroffice.callform import work
from headwater.useroffice.callform.files import read_form
from headwater.useroffice.callform.reads import Written, keys_used, written_of
from headwater.useroffice.models import Call, FormDraft, FormVersion
from headwater.useroffice.rules.forms import SECTION, UNFINISHED

Entry = Mapping[str, Any]
Edit = Callable[[Sequence[Entry]], list[Entry]]


def _held(call_id: str, seen: str, desk: rules.Desk) -> Written:
    """The form in the making, its call locked; refused to others, and to whoever saw an older one."""
    call = locked_call(call_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    held = written_of(call)
    permit(rules.seen_last(held.facts(seen)))
    return held


def _kept(
    held: Written, entries: Sequence[Entry], *, by: Actor, at: datetime, base: FormVersion | None = None
) -> FormDraft:
    """Keep what was written; what stood before can be had back."""
    draft = held.draft or FormDraft(call=held.call)
    old = draft.version
    draft.before = None if base is not None else list(held.entries)
    draft.base, draft.questions, draft.version = base or held.base, list(entries), old + 1
    draft.changed_by, draft.changed_at = by.user, at
    draft.save()
    record(Act("form.written", held.call.public_id, {"version": [old, draft.version]}), by=by, at=at)
    return draft


@transaction.atomic
def _edit(call_id: str, edit: Edit, desk: rules.Desk, *, seen: str, by: Actor, at: datetime) -> FormDraft:
    held = _held(call_id, seen, desk)
    entries = edit(held.entries)
    permit(rules.may_change_form(held.entries, entries))
    return _kept(held, entries, by=by, at=at)


def _there(entries: Sequence[Entry], key: str) -> Entry:
    found = work.entry_of(entries, key)
    if found is None:
        raise Refused(Decision((Reason("form.question_gone"),)))
    return found


def add_entry(call_id: str, entry: Entry, after: str | None, desk: rules.Desk, **more: Any) -> str:
    """Put a question or a heading after another entry, first (empty) or last (none); says the key it got."""
    made: list[str] = []

    def edit(entries: Sequence[Entry]) -> list[Entry]:
        key = _new_key(call_id, entry, entries)
        made.append(key)
        return work.added(entries, {"key": key, **entry}, after)

    _edit(call_id, edit, desk, **more)
    return made[-1]


def _new_key(call_id: str, entry: Entry, entries: Sequence[Entry]) -> str:
    facility = Call.objects.values_list("facility", flat=True).get(public_id=call_id)
    taken = keys_used(facility) | {one["key"] for one in entries}
    otherwise = SECTION if entry["kind"] == SECTION else "question"
    return work.key_for(entry.get("label_en", ""), taken, otherwise=otherwise)


def set_entry(
    call_id: str, key: str, entry: Entry, desk: rules.Desk, *, after: str | None = None, **more: Any
) -> FormDraft:
    """Write an entry anew; its key stays. With ``after`` it goes behind that entry, or first where that is empty."""

    def edit(entries: Sequence[Entry]) -> list[Entry]:
        _there(entries, key)
        written = work.replaced(entries, key, {"key": key, **entry})
        return written if after is None else work.placed(written, key, after)

    return _edit(call_id, edit, desk, **more)


def remove_entry(call_id: str, key: str, desk: rules.Desk, **more: Any) -> FormDraft:
    """Take an entry out; refused where another question is asked on its answer."""

    def edit(entries: Sequence[Entry]) -> list[Entry]:
        _there(entries, key)
        return work.removed(entries, key)

    return _edit(call_id, edit, desk, **more)


def move_entry(call_id: str, key: str, up: bool, desk: rules.Desk, **more: Any) -> FormDraft:
    """One place up or down, a heading with its part; refused where a condition would come before its question."""

    def edit(entries: Sequence[Entry]) -> list[Entry]:
        _there(entries, key)
        return work.moved(entries, key, up)

    return _edit(call_id, edit, desk, **more)


def copy_entry(call_id: str, key: str, desk: rules.Desk, **more: Any) -> FormDraft:
    """A question once more, below itself."""

    def edit(entries: Sequence[Entry]) -> list[Entry]:
        return work.copied(entries, key, _new_key(call_id, _there(entries, key), entries))

    return _edit(call_id, edit, desk, **more)


@transaction.atomic
def start_from(call_id: str, source: str, desk: rules.Desk, *, seen: str, by: Actor, at: datetime) -> FormDraft:
    """Write on from ``version:N`` of the facility, or from the form of ``call:ID`` where she works in its office."""
    held = _held(call_id, seen, desk)
    kind, _sep, named = source.partition(":")
    found: FormVersion | None = None
    if kind == "version" and named.isdecimal() and len(named) < 9:
        found = held.call.facility.forms.filter(number=int(named)).first()
    elif kind == "call":
        other = Call.objects.select_related("form").filter(public_id=named, facility__in=desk.offices).first()
        found = other.form if other else None
    if found is None:
        raise Refused(Decision((Reason("form.version_unknown", facts={"field": "source"}),)))
    return _kept(held, found.questions, by=by, at=at)


@transaction.atomic
def import_form(call_id: str, content: bytes, desk: rules.Desk, *, seen: str, by: Actor, at: datetime) -> FormDraft:
    """Take the entries of a JSON file in place of what was written; texts may still be missing, all else is sound."""
    held = _held(call_id, seen, desk)
    entries = read_form(content, keys_used(held.call.facility_id))
    found = [one for one in rules.is_sound_form(entries).reasons if one.code not in UNFINISHED]
    permit(Decision(tuple(found)))
    return _kept(held, entries, by=by, at=at)


@transaction.atomic
def undo_form(call_id: str, desk: rules.Desk, *, seen: str, by: Actor, at: datetime) -> FormDraft:
    """Take the last change back; once more brings it again."""
    held = _held(call_id, seen, desk)
    if held.draft is None or held.draft.before is None:
        raise Refused(Decision((Reason("form.nothing_to_undo"),)))
    return _kept(held, held.draft.before, by=by, at=at)


@transaction.atomic
def discard_form(call_id: str, desk: rules.Desk, *, seen: str, by: Actor, at: datetime) -> FormDraft:
    """Back to the version that is published; undoing brings what was written again."""
    held = _held(call_id, seen, desk)
    if not held.changed:
        raise Refused(Decision((Reason("form.nothing_changed"),)))
    draft = _kept(held, held.call.form.questions, by=by, at=at)
    if held.overtaken:
        draft.base = held.call.form
        draft.save(update_fields=["base"])
    return draft


@transaction.atomic
def keep_written(call_id: str, desk: rules.Desk, *, seen: str, by: Actor, at: datetime) -> FormDraft:
    """Go on with what was written although another version was published since: it will replace that one."""
    held = _held(call_id, seen, desk)
    return _kept(held, held.entries, by=by, at=at, base=held.call.form)


@transaction.atomic
def publish_written(call_id: str, desk: rules.Desk, *, seen: str, by: Actor, at: datetime) -> FormVersion:
    """Make what was written the next version: the call and its drafts take it, what was submitted keeps its own."""
    held = _held(call_id, seen, desk)
    decision = rules.may_publish_form(held.facts(seen), held.entries)
    permit(decision)
    form = take_form(held.call, held.entries, decision, by=by, at=at)
    _kept(held, held.entries, by=by, at=at, base=form)
    return form
