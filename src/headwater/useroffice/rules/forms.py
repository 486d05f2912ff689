"""What a sound form of a call is, and which changes to one may be made.

A form is one list in the order it is asked: questions, and headings of kind ``section`` that begin a part. An entry
may be asked on an earlier answer alone (``when``); under a section with a condition all of the part is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headwater.core.decision import Decision, Reason

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
SECTION = "section"
KINDS = ("text", "long_text", "number", "date", "yes_no", "choice", "choices", "file", SECTION)
ASKABLE = ("yes_no", "choice", "choices")  # on whose answers a condition is chosen from a list
FILE_KINDS = ("pdf", "png", "jpeg")
TEXTS = ("label_zh", "label_en", "help_zh", "help_en")
COMMON = ("key", "kind", "when", *TEXTS)
# What each kind has beside what all have.
OWN: Mapping[str, tuple[str, ...]] = {
    "text": ("required", "most"),
    "long_text": ("required", "most"),
    "number": ("required", "unit", "min", "max"),
    "date": ("required",),
    "yes_no": ("required",),
    "choice": ("required", "choices"),
    "choices": ("required", "choices"),
    "file": ("required", "kinds", "most_mb"),
    SECTION: (),
}
MOST_QUESTIONS = 60
MOST_CHOICES = 60
LONGEST_ANSWER = 20_000
LONGEST_TEXT = 1_000
LONGEST_UNIT = 20
MOST_FILE_MB = 5
FARTHEST = 10**15  # a bound is no farther from nought
# Reasons that a form that is being written may have for a while; it can't be published with them.
UNFINISHED = frozenset({"form.label_missing", "form.choices_missing", "form.choice_untranslated"})

Entry = Mapping[str, object]


def _about(one: Entry, **more: object) -> dict[str, object]:
    """An entry as a reason names it: by its text in both languages, and by its key for programs."""
    texts = {name: str(one.get(name) or "")[:200] for name in ("label_zh", "label_en")}
    return {"key": str(one.get("key")), **texts, **more}


def is_sound_form(questions: Sequence[Entry]) -> Decision:
    """Say whether the entries make a form, with every reason against it, each naming its question."""
    found = []
    seen: dict[str, Entry] = {}
    if len(questions) > MOST_QUESTIONS:
        found.append(Reason("form.too_long", facts={"most": MOST_QUESTIONS}))
    for number, one in enumerate(questions, 1):
        key = one.get("key")
        if not isinstance(key, str) or not KEY.fullmatch(key) or key in seen:
            found.append(Reason("form.key_wrong", facts={"number": number, "value": str(key)[:40]}))
            continue
        kind = one.get("kind")
        if kind not in KINDS:
            found.append(Reason("form.kind_unknown", facts=_about(one, kinds=", ".join(KINDS))))
        else:
            own = (*COMMON, *OWN[str(kind)])
            unknown = [name for name in one if name not in own]
            if unknown:
                told = _about(one, value=", ".join(map(str, unknown))[:80], fields=", ".join(own))
                found.append(Reason("form.field_unknown", facts=told))
        found += _texts(one)
        found += _choices(one) if kind in ("choice", "choices") else []
        found += _limits(one)
        found += _condition(one, seen)
        seen[key] = one
    return Decision(tuple(found))


def _texts(one: Entry) -> list[Reason]:
    for name in TEXTS:
        text = one.get(name, "")
        if not isinstance(text, str) or len(text) > LONGEST_TEXT or CONTROL.search(text):
            return [Reason("form.text_wrong", facts=_about(one, field=name, most=LONGEST_TEXT))]
    if not one.get("label_zh") or not one.get("label_en"):
        return [Reason("form.label_missing", facts=_about(one))]
    return []


def _choices(one: Entry) -> list[Reason]:
    """What is wrong with the choices of a question: each has a value of its own and a label in both languages."""
    choices = one.get("choices")
    if not choices:
        return [Reason("form.choices_missing", facts=_about(one))]
    wrong = [Reason("form.choices_wrong", facts=_about(one))]
    if not isinstance(choices, list) or len(choices) > MOST_CHOICES:
        return wrong
    values: set[str] = set()
    lacking = []
    for each in choices:
        if not isinstance(each, Mapping):
            return wrong
        value, *labels = (each.get(name) or "" for name in ("value", "label_zh", "label_en"))
        texts_are = all(isinstance(text, str) and len(text) <= LONGEST_TEXT for text in (value, *labels))
        if not texts_are or not value or value in values or any(CONTROL.search(text) for text in (value, *labels)):
            return wrong
        if one.get("kind") == "choices" and "," in value:
            return wrong
        values.add(value)
        if not all(labels):
            told = _about(one, choice=labels[0] or labels[1] or value)
            lacking.append(Reason("form.choice_untranslated", facts=told))
    return lacking


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -FARTHEST <= value <= FARTHEST


def _is_whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _limits(one: Entry) -> list[Reason]:
    found = []
    if not isinstance(one.get("required", False), bool):
        found.append(Reason("form.required_wrong", facts=_about(one)))
    most = one.get("most")
    if most is not None and not _is_whole(most, LONGEST_ANSWER):
        found.append(Reason("form.most_wrong", facts=_about(one, most=LONGEST_ANSWER)))
    unit = one.get("unit", "")
    if not isinstance(unit, str) or len(unit) > LONGEST_UNIT or CONTROL.search(unit):
        found.append(Reason("form.unit_wrong", facts=_about(one, most=LONGEST_UNIT)))
    low, high = one.get("min"), one.get("max")
    if any(value is not None and not _is_number(value) for value in (low, high)):
        found.append(Reason("form.bounds_wrong", facts=_about(one)))
    elif low is not None and high is not None and low > high:  # type: ignore[operator]
        found.append(Reason("form.bounds_reversed", facts=_about(one, low=low, high=high)))
    kinds = one.get("kinds")
    if kinds is not None and not (isinstance(kinds, list) and kinds and all(kind in FILE_KINDS for kind in kinds)):
        found.append(Reason("form.file_kinds_wrong", facts=_about(one, kinds=", ".join(FILE_KINDS))))
    size = one.get("most_mb")
    if size is not None and not _is_whole(size, MOST_FILE_MB):
        found.append(Reason("form.file_size_wrong", facts=_about(one, most=MOST_FILE_MB)))
    return found


def answers_of(one: Entry) -> tuple[str, ...] | None:
    """The answers that a question can be given; None where any text can be one."""
    if one.get("kind") == "yes_no":
        return ("yes", "no")
    if one.get("kind") in ("choice", "choices"):
        choices = one.get("choices")
        given = choices if isinstance(choices, list) else []
        return tuple(str(each.get("value")) for each in given if isinstance(each, Mapping))
    return None


def _condition(one: Entry, seen: Mapping[str, Entry]) -> list[Reason]:
    when = one.get("when")
    if when is None:
        return []
    asked = seen.get(str(when.get("key"))) if isinstance(when, Mapping) else None
    wrong = not isinstance(when, Mapping) or "is" not in when or asked is None
    if wrong or asked is None or asked.get("kind") in ("file", SECTION):
        return [Reason("form.condition_unknown", facts=_about(one))]
    can = answers_of(asked)
    if can is not None and str(when["is"]) not in can:  # type: ignore[index]
        told = {"other_zh": asked.get("label_zh"), "other_en": asked.get("label_en")}
        return [Reason("form.condition_answer", facts=_about(one, answer=str(when["is"])[:60], **told))]  # type: ignore[index]
    return []


def _needed(one: Entry, asked: Entry | None) -> dict[str, object]:
    """The entry that depends, and the one it depends on."""
    on = asked or {}
    return _about(one, other_zh=on.get("label_zh", ""), other_en=on.get("label_en", ""), other_key=on.get("key", ""))


def may_change_form(old: Sequence[Entry], new: Sequence[Entry]) -> Decision:
    """Say whether a form that is being written may become ``new``: no condition that held loses what it looks at.

    Each reason names the question that depends. What was broken before stays for publishing to refuse.
    """
    found = []
    if len(new) > MOST_QUESTIONS and len(new) > len(old):
        found.append(Reason("form.too_long", facts={"most": MOST_QUESTIONS}))
    before = {str(one.get("key")): one for one in old}
    codes = ("form.condition_unknown", "form.condition_answer")
    was = {(reason.code, reason.facts["key"]) for reason in is_sound_form(old).reasons if reason.code in codes}
    entries = {str(one.get("key")): one for one in new}
    for reason in is_sound_form(new).reasons:
        if reason.code not in codes or (reason.code, reason.facts["key"]) in was:
            continue
        one = entries[str(reason.facts["key"])]
        when = one.get("when")
        needed = str(when.get("key")) if isinstance(when, Mapping) else ""
        told = _needed(one, entries.get(needed) or before.get(needed))
        if reason.code == "form.condition_answer":
            told["answer"] = _answer_shown(before.get(needed), str(reason.facts["answer"]))
            found.append(Reason("form.answer_needed_by", facts=told))
        else:
            found.append(Reason("form.needed_by", facts=told))
    return Decision(tuple(found))


def _answer_shown(asked: Entry | None, value: str) -> str:
    choices = (asked or {}).get("choices")
    for each in choices if isinstance(choices, list) else []:
        if isinstance(each, Mapping) and each.get("value") == value:
            return " / ".join(str(each[name]) for name in ("label_zh", "label_en") if each.get(name)) or value
    return value


@dataclass(frozen=True, slots=True)
class FormFacts:
    """A form that is being written, beside the one that is published.

    ``seen`` and ``now`` are stamps: what the reader looked at, and what stands. ``who`` changed it last.
    """

    seen: str
    now: str
    who: str = ""
    changed: bool = True
    published_number: int = 0
    base_number: int = 0


def may_publish_form(facts: FormFacts, questions: Sequence[Entry]) -> Decision:
    """Say whether what is written may become the next version."""
    found = list(is_sound_form(questions).reasons)
    if not facts.changed:
        found.append(Reason("form.nothing_changed"))
    if facts.base_number != facts.published_number:
        told = {"number": facts.published_number, "yours": facts.base_number}
        found.append(Reason("form.published_meanwhile", facts=told))
    if not any(one.get("kind") != SECTION for one in questions):
        found.append(Reason("form.empty"))
    return seen_last(facts) + Decision(tuple(found))


def seen_last(facts: FormFacts) -> Decision:
    """Say whether she looked at what stands: nothing is written over what she has not seen."""
    if facts.seen == facts.now:
        return Decision()
    return Decision((Reason("form.changed_meanwhile", facts={"who": facts.who}),))
