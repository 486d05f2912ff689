"""A form's list: what makes it sound, what an edit may do to it, what changed between two, and what is asked."""

from __future__ import annotations

import json
from itertools import combinations, permutations

import pytest
from django.utils.translation import override
from hypothesis import given, strategies as st

from headwater.core.decision import Refused
from headwater.useroffice import rules
from headwater.useroffice.callform import work
from headwater.useroffice.callform.differences import differences
from headwater.useroffice.callform.files import form_file, read_form
from headwater.useroffice.callform.shown import answers_shown, parts_shown
from headwater.useroffice.callform.wording import CHANGES, change_said
from headwater.useroffice.facts import questions_in

YES = {"value": "a", "label_zh": "甲", "label_en": "A"}
NO = {"value": "b", "label_zh": "乙", "label_en": "B"}


def asked(key, kind="text", **more):
    return {"key": key, "kind": kind, "label_zh": f"题{key}", "label_en": f"Q {key}", **more}


def on(key, answer):
    return {"when": {"key": key, "is": answer}}


OWN = asked("own", "choice", choices=[YES, NO])
MANY = asked("many", "choices", choices=[YES, NO])
FORM = [asked("head", "section"), OWN, asked("which", **on("own", "a")), asked("part", "section"), asked("end")]


@pytest.mark.parametrize(
    ("questions", "codes"),
    [
        (FORM, []),
        ([asked("n", "number", unit="mg", min=0, max=2.5), asked("d", "date"), asked("y", "yes_no")], []),
        ([asked("f", "file", kinds=["pdf"], most_mb=2, required=True)], []),
        ([asked("x", required="yes")], ["form.required_wrong"]),
        ([asked("x", unit="mg")], ["form.field_unknown"]),
        ([asked("x", requird=True)], ["form.field_unknown"]),
        ([asked("n", "number", unit="u" * 21)], ["form.unit_wrong"]),
        ([asked("n", "number", min="low")], ["form.bounds_wrong"]),
        ([asked("n", "number", max=True)], ["form.bounds_wrong"]),
        ([asked("n", "number", max=float("nan"))], ["form.bounds_wrong"]),
        ([asked("n", "number", max=10**400)], ["form.bounds_wrong"]),
        ([asked("n", "number", min=2, max=1)], ["form.bounds_reversed"]),
        ([asked("f", "file", kinds=["doc"])], ["form.file_kinds_wrong"]),
        ([asked("f", "file", kinds=[])], ["form.file_kinds_wrong"]),
        ([asked("f", "file", most_mb=6)], ["form.file_size_wrong"]),
        ([asked("x", help_en=3)], ["form.text_wrong"]),
        ([asked("x", help_zh="长" * 1001)], ["form.text_wrong"]),
        ([asked("x", help_zh="\x00")], ["form.text_wrong"]),
        ([asked("x", help_zh="\ud800")], ["form.text_wrong"]),
        ([asked("c", "choices", choices=[{**YES, "value": "a,b"}])], ["form.choices_wrong"]),
        ([asked("c", "choice", choices=[{**YES, "value": "a,b"}])], []),
        ([asked("c", "choice", choices=[{**YES, "label_zh": ""}])], ["form.choice_untranslated"]),
        ([OWN, asked("x", **on("own", "z"))], ["form.condition_answer"]),
        ([asked("y", "yes_no"), asked("x", **on("y", "maybe"))], ["form.condition_answer"]),
        ([asked("t"), asked("x", **on("t", "any text"))], []),
        ([asked("f", "file"), asked("x", **on("f", "a"))], ["form.condition_unknown"]),
        ([asked("s", "section"), asked("x", **on("s", "a"))], ["form.condition_unknown"]),
        ([asked("x", when="own")], ["form.condition_unknown"]),
        ([asked("x", when={"key": ["own"], "is": 1})], ["form.condition_unknown"]),
        ([asked("x", **on("x", "a"))], ["form.condition_unknown"]),
    ],
)
def test_form_is_told_all_that_is_wrong_with_its_question(questions, codes):
    found = rules.is_sound_form(questions)
    assert list(found.codes) == codes
    assert all(one.facts["label_zh"].startswith("题") for one in found.reasons)


@pytest.mark.parametrize(
    ("edit", "codes"),
    [
        (lambda form: work.removed(form, "own"), ["form.needed_by"]),
        (lambda form: work.moved(form, "which", True), ["form.needed_by"]),
        (lambda form: work.moved(form, "own", False), ["form.needed_by"]),
        (lambda form: work.replaced(form, "own", asked("own", "choice", choices=[NO])), ["form.answer_needed_by"]),
        (lambda form: work.replaced(form, "own", asked("own", "section")), ["form.needed_by"]),
        (lambda form: work.replaced(form, "own", {**OWN, "kind": "choices"}), []),
        (lambda form: work.removed(form, "which"), []),
        (lambda form: work.removed(form, "head"), []),
        (lambda form: work.moved(form, "part", True), []),
        (lambda form: work.added(form, asked("new"), "end"), []),
        (lambda form: [*form, *(asked(f"n{k}") for k in range(60))], ["form.too_long"]),
    ],
)
def test_edit_that_would_break_a_condition_is_refused_and_names_who_needs_it(edit, codes):
    found = rules.may_change_form(FORM, edit(FORM))
    assert list(found.codes) == codes
    if codes and codes[0] != "form.too_long":
        assert [one.facts["key"] for one in found.reasons] == ["which"]
        assert found.reasons[0].facts["other_en"] == "Q own"


def test_what_was_broken_before_stops_no_edit_but_publishing():
    broken = [asked("x", **on("gone", "a")), asked("y")]
    assert rules.may_change_form(broken, work.moved(broken, "y", True)).codes == ()
    facts = rules.FormFacts("1.1", "1.1", changed=True, published_number=1, base_number=1)
    assert rules.may_publish_form(facts, broken).codes == ("form.condition_unknown",)


def test_publishing_says_every_reason_at_once():
    facts = rules.FormFacts("1.1", "2.3", "Olive", changed=False, published_number=3, base_number=1)
    assert rules.may_publish_form(facts, [asked("s", "section")]).codes == (
        "form.changed_meanwhile",
        "form.nothing_changed",
        "form.published_meanwhile",
        "form.empty",
    )


@pytest.mark.parametrize(
    ("text", "taken", "key"),
    [
        ("Scientific aim and why this is", (), "scientific_aim_and_why"),
        ("Aim", ("aim",), "aim_2"),
        ("Aim", ("aim", "aim_2"), "aim_3"),
        ("科学目标", (), "question_1"),
        ("科学目标", ("question_1",), "question_2"),
        ("3 samples", (), "question_1"),
        ("", (), "question_1"),
        ("x" * 90, (), "x" * 30),
    ],
)
def test_key_is_made_from_the_text_and_is_nobody_else_s(text, taken, key):
    assert work.key_for(text, taken) == key


def test_heading_moves_with_its_part_and_a_question_across_it():
    def keys(form):
        return " ".join(one["key"] for one in form)

    assert keys(work.moved(FORM, "part", True)) == "part end head own which"
    assert keys(work.moved(FORM, "head", True)) == keys(FORM)
    assert keys(work.moved(FORM, "end", True)) == "head own which end part"
    assert keys(work.moved(FORM, "end", False)) == keys(work.moved(FORM, "none", True)) == keys(FORM)
    assert keys(work.copied(FORM, "own", "own_2")) == "head own own_2 which part end"
    assert work.copied(FORM, "own", "own_2")[2]["label_zh"] == "题own（副本）"
    assert work.copied(FORM, "none", "x") == FORM
    assert (
        keys(work.added(FORM, asked("new"), None)) == keys(work.added(FORM, asked("new"), "x")) == f"{keys(FORM)} new"
    )
    assert keys(work.added(FORM, asked("new"), "")) == f"new {keys(FORM)}"
    assert keys(work.placed(FORM, "end", "own")) == "head own end which part"
    assert keys(work.placed(FORM, "end", "")) == "end head own which part"
    assert work.placed(FORM, "end", "gone") == work.placed(FORM, "gone", "end") == FORM
    assert [work.before_it(FORM, key) for key in ("head", "which", "gone")] == ["", "own", "end"]
    assert [len(part.rows) for part in parts_shown(FORM)] == [2, 1]


def test_language_that_lacks_a_text_is_named():
    assert work.lacking(OWN) == []
    assert work.lacking({**OWN, "label_zh": ""}) == ["zh"]
    assert work.lacking({**OWN, "help_zh": "说明"}) == ["en"]
    assert work.lacking({**OWN, "choices": [{**YES, "label_en": ""}]}) == ["en"]


# What changed ---------------------------------------------------------------------------------------------------
CHANGED = [
    ("added", [asked("new")], []),
    ("removed", [], [asked("old")]),
    ("section_added", [asked("new", "section")], []),
    ("section_removed", [], [asked("old", "section")]),
    ("label_zh", [asked("x", label_zh="新")], [asked("x")]),
    ("label_en", [asked("x", label_en="")], [asked("x")]),
    ("help_zh", [asked("x", help_zh="说明")], [asked("x")]),
    ("help_en", [asked("x")], [asked("x", help_en="Help")]),
    ("kind", [asked("x", "long_text")], [asked("x")]),
    ("required", [asked("x", required=True)], [asked("x", required=False)]),
    ("optional", [asked("x")], [asked("x", required=True)]),
    ("limits", [asked("x", "number", min=0, unit="mg")], [asked("x", "number", max=4)]),
    ("choice_added", [OWN], [{**OWN, "choices": [YES]}]),
    ("choice_removed", [{**OWN, "choices": [YES]}], [OWN]),
    ("choice_renamed", [{**OWN, "choices": [{**YES, "label_en": "Z"}, NO]}], [OWN]),
    ("choices_reordered", [{**OWN, "choices": [NO, YES]}], [OWN]),
    ("asked_when", [OWN, asked("x", **on("own", "a"))], [OWN, asked("x")]),
    ("asked_always", [OWN, asked("x")], [OWN, asked("x", **on("own", "a"))]),
    ("moved", [asked("a"), asked("b"), asked("x")], [asked("x"), asked("a"), asked("b")]),
    ("moved_first", [asked("x"), asked("a"), asked("b")], [asked("a"), asked("b"), asked("x")]),
]


@pytest.mark.parametrize(("code", "new", "old"), CHANGED, ids=[one[0] for one in CHANGED])
def test_change_is_found_and_said_in_both_languages(code, new, old):
    found = differences(old, new)
    assert [one.code for one in found] == [code]
    for language, sign in (("en", "Q "), ("zh-hans", "题")):
        with override(language):
            said = change_said(found[0])
        assert "%(" not in said
        assert sign in said or code in ("label_zh", "label_en")


def test_every_change_has_words_that_are_tried():
    assert {one[0] for one in CHANGED} == set(CHANGES)


def test_fewest_moves_are_told():
    old = [asked(key) for key in "abcd"]
    for order in permutations("abcd"):
        moves = [one for one in differences(old, [asked(key) for key in order]) if one.code.startswith("moved")]
        in_order = max(n for n in range(1, 5) for kept in combinations(order, n) if list(kept) == sorted(kept))
        assert len(moves) == 4 - in_order


EDITS = st.lists(st.tuples(st.sampled_from(["up", "down", "remove", "copy"]), st.integers(0, 5)), max_size=12)


@given(EDITS)
def test_edits_keep_keys_apart_and_what_changed_is_nothing_for_the_same_form(edits):
    form = list(FORM)
    for number, (act, at) in enumerate(edits):
        if not form:
            break
        key = form[at % len(form)]["key"]
        new = {
            "up": lambda key=key, form=form: work.moved(form, key, True),
            "down": lambda key=key, form=form: work.moved(form, key, False),
            "remove": lambda key=key, form=form: work.removed(form, key),
            "copy": lambda key=key, form=form, number=number: work.copied(form, key, f"copy_{number}"),
        }[act]()
        form = new if rules.may_change_form(form, new).allowed() else form
    keys = [one["key"] for one in form]
    assert len(keys) == len(set(keys))
    assert rules.is_sound_form(form).codes == ()  # what is let through never breaks a sound form
    assert differences(form, form) == []
    assert bool(differences(FORM, form)) == (form != FORM)


# What is asked --------------------------------------------------------------------------------------------------
def keys_asked(form, answers):
    return [one.key for one in rules.questions_shown(questions_in(form), answers)]


def test_part_and_ticked_choice_decide_what_is_asked():
    form = [MANY, asked("x", **on("many", "b")), asked("part", "section", **on("many", "a")), asked("y"), OWN]
    assert keys_asked(form, {}) == ["many"]
    assert keys_asked(form, {"many": "b"}) == ["many", "x"]
    assert keys_asked(form, {"many": "b, a"}) == ["many", "x", "y", "own"]
    shown = answers_shown(form, {"many": "a,b", "x": "text", "own": "b"})
    assert shown == [
        ("", [("Q many", "A; B"), ("Q x", "text")]),
        ("Q part", [("Q y", ""), ("Q own", "B")]),
    ]


@pytest.mark.parametrize(
    ("question", "answer", "codes"),
    [
        (asked("d", "date"), "2026-02-30", ["draft.answer_no_date"]),
        (asked("d", "date"), "20260228", ["draft.answer_no_date"]),
        (asked("d", "date"), "2026-02-28", []),
        (asked("n", "number", min=0, max=5), "-1", ["draft.answer_too_small"]),
        (asked("n", "number", min=0, max=5), "6", ["draft.answer_too_great"]),
        (asked("n", "number", min=0, max=5), "0", []),
        (asked("n", "number"), "nan", ["draft.answer_no_number"]),
        (MANY, "a,z", ["draft.answer_unknown"]),
        (MANY, "a,b", []),
        (MANY, "", []),
        ({**MANY, "required": True}, " ", ["draft.answer_missing"]),
        (asked("t", most=3), "four", ["draft.text_too_long"]),
    ],
)
def test_answer_is_checked_for_its_kind(question, answer, codes):
    found = rules.answers_told(questions_in([question]), {question["key"]: answer}, ())
    assert [one.code for one in found] == codes
    assert all(one.facts["field"] == f"q_{question['key']}" for one in found)


# The file -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "code", "facts"),
    [
        (b"[1,\n2,\n}", "form.file_unreadable", {"line": 3}),
        (b"[\n\xff]", "form.file_unreadable", {"line": 2}),
        (b'["\\ud800"]', "form.file_unreadable", {"line": 1}),
        (b"[" * 100_000, "form.file_unreadable", {"line": 1}),
        (b"[" + b"9" * 5000 + b"]", "form.file_unreadable", {"line": 1}),
        (b"", "form.file_unreadable", {"line": 1}),
        (b'{"a": 1}', "form.file_shape", {}),
        (b'[{"kind": "text"}, 3]', "form.entry_wrong", {"number": 2}),
        (b" " * (1024 * 1024 + 1), "form.file_too_large", {"most": 1024}),
    ],
)
def test_bad_file_is_refused_in_one_sentence(content, code, facts):
    with pytest.raises(Refused) as refused:
        read_form(content, ())
    (reason,) = refused.value.decision.reasons
    assert (reason.code, reason.facts) == (code, {"field": "file", **facts})


def test_file_is_read_back_as_it_was_and_gets_the_keys_it_lacks():
    assert read_form(form_file(FORM, version=3), {"own"}) == FORM
    nameless = [
        {"kind": "text", "label_en": "Own"},
        {"kind": "section", "label_zh": "节"},
        {"key": "own", "kind": "text"},
    ]
    given = json.dumps(nameless).encode()
    assert [one["key"] for one in read_form(given, {"own_2"})] == ["own_3", "section_1", "own"]
