"""Forms in words: their reasons, what changed in one, kinds and limits. The Chinese stands in the site's catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext, gettext_lazy as _, pgettext_lazy

from headwater.accounts.notices import NoticeWording
from headwater.accounts.words import Wording
from headwater.registry.models.base import in_language
from headwater.useroffice.callform.differences import Difference
from headwater.useroffice.rules.forms import SECTION

Entry = Mapping[str, Any]

ACTS = {"form.published": _("form published"), "form.written": _("form changed, not published yet")}

KINDS: Mapping[str, object] = {
    "text": pgettext_lazy("a question's kind", "Short text"),
    "long_text": pgettext_lazy("a question's kind", "Long text"),
    "number": pgettext_lazy("a question's kind", "Number"),
    "date": pgettext_lazy("a question's kind", "Date"),
    "yes_no": pgettext_lazy("a question's kind", "Yes or no"),
    "choice": pgettext_lazy("a question's kind", "One of several choices"),
    "choices": pgettext_lazy("a question's kind", "Any of several choices"),
    "file": pgettext_lazy("a question's kind", "File"),
    SECTION: pgettext_lazy("a question's kind", "Section heading"),
}
KINDS_EXPLAINED: Mapping[str, object] = {
    "text": _("One line, such as a name or a place."),
    "long_text": _("Paragraphs, with the most characters you allow."),
    "number": _("A figure, with its unit and the least and greatest value."),
    "date": _("A day, chosen from a calendar."),
    "yes_no": _("Other questions can be asked on its answer."),
    "choice": _("One is chosen from your list; other questions can be asked on it."),
    "choices": _("As many as fit are ticked; other questions can be asked on each."),
    "file": _("A PDF, PNG or JPEG, up to the size you allow."),
    SECTION: _("Begins a part with a title of its own; the whole part can be asked on an answer alone."),
}
FILE_KINDS = {"pdf": "PDF", "png": "PNG", "jpeg": "JPEG"}


def label_of(entry: Mapping[str, Any], name: str = "label") -> str:
    """The entry's text in the reader's language, the other one where it is missing."""
    return in_language(str(entry.get(f"{name}_zh") or ""), str(entry.get(f"{name}_en") or ""))[0]


def _named(facts: Mapping[str, object]) -> Mapping[str, object]:
    """A question by its text in the reader's language, by its key where it has none; the other one it names too."""
    other = in_language(str(facts.get("other_zh") or ""), str(facts.get("other_en") or ""))[0]
    return {**facts, "question": label_of(facts) or facts["key"], "other": other or facts.get("other_key", "")}


def _about(sentence: object, status: int = 422) -> Wording:
    return Wording(sentence, status, _named)


REASONS = {
    "form.too_long": Wording(_("A form may have at most %(most)s questions and sections."), 422),
    "form.key_wrong": Wording(
        _(
            "Entry %(number)s: “%(value)s” is no key of its own. Use small letters, digits and underscores, or leave it out."
        ),
        422,
    ),
    "form.kind_unknown": _about(_("“%(question)s”: its kind must be one of %(kinds)s.")),
    "form.field_unknown": _about(_("“%(question)s”: %(value)s is none of its fields. It may have %(fields)s.")),
    "form.text_wrong": _about(
        _(
            "“%(question)s”: %(field)s must be a text of at most %(most)s characters, without characters that can't be stored."
        )
    ),
    "form.label_missing": _about(_("“%(question)s” needs its text in Chinese and in English.")),
    "form.choices_missing": _about(_("“%(question)s” needs choices.")),
    "form.choices_wrong": _about(
        _(
            "“%(question)s”: its choices must be a list of at most 60, each with a value of its own and a label in Chinese and in English; where several may be chosen, no value has a comma."
        )
    ),
    "form.choice_untranslated": _about(
        _("“%(question)s”: the choice “%(choice)s” needs its text in Chinese and in English.")
    ),
    "form.required_wrong": _about(_("“%(question)s”: “required” must be true or false.")),
    "form.most_wrong": _about(
        _("“%(question)s”: its longest answer must be a whole number of characters from 1 to %(most)s.")
    ),
    "form.unit_wrong": _about(_("“%(question)s”: its unit must be a text of at most %(most)s characters.")),
    "form.bounds_wrong": _about(_("“%(question)s”: its least and greatest value must be numbers.")),
    "form.bounds_reversed": _about(
        _("“%(question)s”: the least value, %(low)s, is above the greatest, %(high)s. Exchange them.")
    ),
    "form.file_kinds_wrong": _about(_("“%(question)s”: the kinds of file it takes must be some of %(kinds)s.")),
    "form.file_size_wrong": _about(
        _("“%(question)s”: the largest file must be a whole number of megabytes from 1 to %(most)s.")
    ),
    "form.condition_unknown": _about(
        _("“%(question)s”: its condition must name an earlier question and the answer on which it is asked.")
    ),
    "form.condition_answer": _about(
        _("“%(question)s” is asked on the answer “%(answer)s” to “%(other)s”, which has no such answer.")
    ),
    "form.needed_by": _about(
        _(
            "“%(question)s” is asked on an answer to “%(other)s”, so that one must stand before it and can't go. Change the condition of “%(question)s” first."
        ),
        409,
    ),
    "form.answer_needed_by": _about(
        _(
            "“%(question)s” is asked on the answer “%(answer)s” to “%(other)s”, so that answer can't go. Change the condition of “%(question)s” first."
        ),
        409,
    ),
    "form.changed_meanwhile": Wording(
        _("The form was changed while you worked on it, last by %(who)s. Look at it as it stands now, then try again."),
        409,
        lambda facts: {**facts, "who": facts.get("who") or gettext("a program")},
    ),
    "form.published_meanwhile": Wording(
        _(
            "Version %(number)s of the form was published since yours was begun from version %(yours)s. Look at what it changed, then go on with yours or go back to it."
        ),
        409,
    ),
    "form.nothing_changed": Wording(_("Nothing in the form has changed."), 409),
    "form.nothing_to_undo": Wording(_("There is no change to take back."), 409),
    "form.empty": Wording(_("The form has no question."), 422),
    "form.question_gone": Wording(_("The form has no such question any more."), 404),
    "form.version_unknown": Wording(_("There is no such form, or it is not shown to you."), 404),
    "form.file_missing": Wording(_("Choose a file."), 422),
    "form.file_too_large": Wording(_("The file is larger than %(most)s KB. A form's file is a few KB."), 422),
    "form.file_unreadable": Wording(_("Line %(line)s of the file is no JSON in UTF-8."), 422),
    "form.file_shape": Wording(
        _("The file must hold a list of questions, or an object whose “questions” is such a list."), 422
    ),
    "form.entry_wrong": Wording(_("Entry %(number)s of the file must be an object with a kind and texts."), 422),
}

NOTICES = {
    "proposal.form_changed": NoticeWording(
        _("The questions of the call for “%(title)s” changed"),
        _(
            "The user office changed the form of the call “%(call)s”. Your draft “%(title)s” has the new questions; answers to those that stayed are kept. Look at it before you submit it."
        ),
    ),
}

# What changed in a form, by the codes of `differences`.
CHANGES: Mapping[str, object] = {
    "added": _("“%(question)s” is new."),
    "removed": _("“%(question)s” is gone."),
    "section_added": _("The section “%(question)s” is new."),
    "section_removed": _("The section “%(question)s” is gone."),
    "moved": _("“%(question)s” stands after “%(other)s” now."),
    "moved_first": _("“%(question)s” stands first now."),
    "label_zh": _("The Chinese text “%(was)s” reads “%(now)s” now."),
    "label_en": _("The English text “%(was)s” reads “%(now)s” now."),
    "help_zh": _("“%(question)s”: the Chinese explanation is another one."),
    "help_en": _("“%(question)s”: the English explanation is another one."),
    "kind": _("“%(question)s” is of the kind “%(kind)s” now; it was of the kind “%(old_kind)s”."),
    "required": _("“%(question)s” must be answered now."),
    "optional": _("“%(question)s” need not be answered any more."),
    "limits": _("“%(question)s”: limits are now “%(limits)s”; they were “%(old_limits)s”."),
    "choice_added": _("“%(question)s” has the new choice “%(choice)s”."),
    "choice_removed": _("“%(question)s” has the choice “%(choice)s” no more."),
    "choice_renamed": _("“%(question)s”: the choice “%(old_choice)s” reads “%(choice)s” now."),
    "choices_reordered": _("“%(question)s”: its choices stand in another order."),
    "asked_when": _("“%(question)s” is asked only if “%(other)s” is answered “%(answer)s” now."),
    "asked_always": _("“%(question)s” no longer depends on the answer to “%(other)s”."),
}


def change_said(change: Difference) -> str:
    """The change in one sentence, in the reader's language."""
    entry, old = change.entry, change.before or change.entry
    other = change.facts.get("other") or {}
    facts = {
        "question": label_of(entry) or entry["key"],
        "other": label_of(other) or other.get("key", ""),
        "kind": KINDS.get(entry["kind"], entry["kind"]),
        "old_kind": KINDS.get(old["kind"], old["kind"]),
        "limits": limits_said(entry) or gettext("none"),
        "old_limits": limits_said(old) or gettext("none"),
        "answer": answer_said(other, str(change.facts.get("answer", ""))),
        "choice": _both(change.facts.get("choice", {})),
        "old_choice": _both(change.facts.get("old_choice", {})),
        "was": change.facts.get("was", ""),
        "now": change.facts.get("now", ""),
    }
    return str(CHANGES[change.code]) % facts


def _both(entry: Mapping[str, Any]) -> str:
    return " / ".join(entry[name] for name in ("label_zh", "label_en") if entry.get(name))


def answer_said(asked: Mapping[str, Any], value: str) -> str:
    """An answer to a question that has a list of them, as it reads there; any other as it is."""
    if asked.get("kind") == "yes_no" and value in ("yes", "no"):
        return gettext("yes") if value == "yes" else gettext("no")
    for each in asked.get("choices") or ():
        if each["value"] == value:
            return label_of(each) or value
    return value


def answer_text(asked: Mapping[str, Any], answer: str) -> str:
    """A whole answer as its readers read it: choices by their texts, a number with its unit."""
    if not answer:
        return ""
    if asked["kind"] == "choices":
        given = (part.strip() for part in answer.split(","))
        return "; ".join(answer_said(asked, value) for value in given if value)
    if asked["kind"] == "number" and asked.get("unit"):
        return f"{answer} {asked['unit']}"
    return answer_said(asked, answer)


def condition_said(entry: Mapping[str, Any], entries: list[Entry] | tuple[Entry, ...]) -> str:
    """On which answer to which question the entry is asked; nothing where it is always asked."""
    when = entry.get("when")
    asked = next((each for each in entries if when and each["key"] == when["key"]), None)
    if not when or asked is None:
        return ""
    facts = {"question": label_of(asked), "answer": answer_said(asked, str(when["is"]))}
    return gettext("Only if “%(question)s” is answered “%(answer)s”.") % facts


def limits_said(entry: Mapping[str, Any]) -> str:
    """What an answer must keep to, in a few words; nothing where there is no limit."""
    low, high, unit = entry.get("min"), entry.get("max"), entry.get("unit") or ""
    facts = {"low": low, "high": high, "unit": unit, "most": entry.get("most"), "mb": entry.get("most_mb") or 5}
    if entry["kind"] in ("text", "long_text") and entry.get("most"):
        return gettext("at most %(most)s characters") % facts
    if entry["kind"] == "number":
        bounds = ""
        if low is not None and high is not None:
            bounds = gettext("from %(low)s to %(high)s %(unit)s") % facts
        elif low is not None:
            bounds = gettext("at least %(low)s %(unit)s") % facts
        elif high is not None:
            bounds = gettext("at most %(high)s %(unit)s") % facts
        elif unit:
            bounds = gettext("in %(unit)s") % facts
        return bounds.strip()
    if entry["kind"] == "file":
        kinds = ", ".join(FILE_KINDS[kind] for kind in entry.get("kinds") or FILE_KINDS)
        return gettext("%(kinds)s, at most %(mb)s MB") % {**facts, "kinds": kinds}
    return ""
