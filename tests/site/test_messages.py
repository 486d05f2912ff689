"""The catalogue of page texts: complete, in step with the source, and nothing said in one language alone."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path

import allauth
import django
import polib
import pytest
from django.utils.translation import gettext, override

from headwater.accounts import words
from tools import messages

Message = messages.Message
CATALOGUES = sorted(messages.LOCALE.glob("*/LC_MESSAGES/django.po"))
TEMPLATES = sorted(path for path in messages.SOURCE.rglob("templates/**/*") if path.is_file())
HAN = re.compile(r"[\u4e00-\u9fff]")

# Names that are the same in every language.
SAME_EVERYWHERE = {"API", "CSV", "Headwater", "JSON", "PDF", "PIDINST", "ROR", "UTC", "XLSX", "km"}
UNTRANSLATED_BY_DESIGN = (
    r"\{% comment %\}.*?\{% endcomment %\}",
    r"\{% blocktrans(?:late)?\b.*?\{% endblocktrans(?:late)? %\}",
    r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}",
    r"<!--.*?-->",
    r"<(script|style|pre|code)\b.*?</\1>",
)
SHOWN_ATTRIBUTE = re.compile(r"""\b(?:title|alt|aria-label|placeholder)=(["'])(.*?)\1""", re.DOTALL)
WORD = re.compile(r"[A-Za-z]{2,}|[\u4e00-\u9fff]+")


def bare_words(template: str) -> list[str]:
    """The words a template shows without asking for their translation."""
    for pattern in UNTRANSLATED_BY_DESIGN:
        template = re.sub(pattern, " ", template, flags=re.DOTALL)
    shown = [value for _quote, value in SHOWN_ATTRIBUTE.findall(template)]
    shown.append(re.sub(r"<[^>]*>", " ", template))
    return [word for word in WORD.findall(html.unescape(" ".join(shown))) if word not in SAME_EVERYWHERE]


def catalogue_of(*entries: polib.POEntry) -> polib.POFile:
    catalogue = polib.POFile()
    catalogue.metadata = dict(messages.HEADER)
    catalogue.extend(entries)
    return catalogue


def faults_of(entry: polib.POEntry, *, wanted: Iterable[Message]) -> list[str]:
    catalogue = catalogue_of(entry)
    return messages.faults(catalogue, wanted, catalogue.to_binary())


# The catalogues as they are ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_catalogue_has_words_for_every_message_of_the_source(path):
    wanted = messages.in_tree(messages.SOURCE) | messages.BORROWED
    assert messages.faults(polib.pofile(str(path)), wanted, path.with_suffix(".mo").read_bytes()) == []


def test_catalogues_are_those_of_the_languages_offered(settings):
    folders = {code.replace("hans", "Hans").replace("-", "_") for code, _name in settings.LANGUAGES} - {"en"}
    assert {path.parts[-3] for path in CATALOGUES} == folders


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_catalogue_is_written_the_one_way(path, tmp_path):
    again = messages.merged(
        polib.pofile(str(path)), messages.in_tree(messages.SOURCE) | messages.BORROWED, path.parts[-3]
    )
    again.save(str(tmp_path / "again.po"))
    assert (tmp_path / "again.po").read_text(encoding="utf-8") == path.read_text(encoding="utf-8")


def test_compiled_catalogue_is_not_left_out_of_the_repository():
    patterns = (messages.ROOT / ".gitignore").read_text().split()
    assert [pattern for pattern in patterns if Path("django.mo").match(pattern)] == []


def test_no_message_rewords_what_django_itself_says():
    ours = {
        messages.of_entry(entry): entry.msgstr
        for entry in polib.pofile(str(messages.LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.po"))
    }
    theirs = polib.pofile(
        str(Path(django.__file__).parent / "conf" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po")
    )
    reworded = {
        entry.msgid: (ours[key], entry.msgstr)
        for entry in theirs
        if (key := messages.of_entry(entry)) in ours.keys() - messages.BORROWED and ours[key] != entry.msgstr
    }
    assert reworded == {}


def test_glossary_and_catalogue_use_the_same_words():
    glossary = (messages.ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    pairs = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", glossary, re.MULTILINE))
    words_of = {
        entry.msgid: entry.msgstr
        for entry in polib.pofile(str(messages.LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.po"))
        if not entry.msgctxt
    }
    assert {"instrument manager", "by proposal", "decommissioned"} <= pairs.keys() & words_of.keys()
    assert {
        english: words_of[english] for english in pairs.keys() & words_of.keys() if words_of[english] != pairs[english]
    } == {}


# What is said in both languages --------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(words.WORDINGS))
def test_reason_is_a_sentence_in_chinese_too(code):
    with override("en"):
        english = str(words.WORDINGS[code].sentence)
    with override("zh-hans"):
        chinese = str(words.WORDINGS[code].sentence)
    placeholders = set(messages.PLACEHOLDER.findall(english))
    facts = {name: f"<{name}>" for name in placeholders}
    assert chinese != english
    assert HAN.search(chinese) or english == "%(field)s: %(what)s"
    assert set(messages.PLACEHOLDER.findall(chinese)) == placeholders
    assert all(fact in chinese % facts and fact in english % facts for fact in facts.values())


@pytest.mark.parametrize("code", sorted({**words.ACTS, **words.WAYS}))
def test_audit_trail_is_worded_in_chinese_too(code):
    with override("zh-hans"):
        assert HAN.search(str({**words.ACTS, **words.WAYS}[code]))


def test_every_act_of_the_source_is_worded():
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(messages.SOURCE.rglob("*.py")))
    acts = set(re.findall(r"""\bAct\(\s*"([a-z_]+\.[a-z_]+)\"""", source))
    assert acts
    assert acts - words.ACTS.keys() == set()


def test_ways_are_those_that_actors_come_by():
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(messages.SOURCE.rglob("*.py")))
    ways = set(re.findall(r"""\bActor\([^()]*?"([a-z]+)"\)""", source))
    assert ways == words.WAYS.keys()


@pytest.mark.parametrize("app", ["account", "mfa", "socialaccount"])
def test_sign_in_pages_are_in_chinese_too(app):
    folder = Path(allauth.__file__).parent / "templates" / app
    pages = [path for path in sorted(folder.rglob("*")) if path.suffix in (".html", ".txt")]
    said = {one for page in pages for one in messages.in_template(page.read_text(encoding="utf-8"), str(page))}
    with override("zh-hans"):
        missing = sorted(one.text for one in said if not one.context and not HAN.search(gettext(one.text)))
    assert said
    assert missing == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_says_nothing_in_one_language_alone(path):
    assert bare_words(path.read_text(encoding="utf-8")) == []


# The tool ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello there</p>", ["Hello", "there"]),
        ("<p>{% translate 'Hello' %} {{ name }} {# note #}</p>", []),
        ("{% blocktranslate trimmed %}Hello <b>you</b>{% endblocktranslate %} later", ["later"]),
        ('<a title="Close it" class="button">{{ x }}</a>', ["Close", "it"]),
        ("<pre>headwater load</pre><code>x y</code> km² &amp; API", []),
        ("<p>你好</p>", ["你好"]),
    ],
)
def test_scan_finds_bare_words(template, found):
    assert bare_words(template) == found


HELLO = Message("Hello %(who)s")


@pytest.mark.parametrize(
    ("entry", "wanted", "fault"),
    [
        (polib.POEntry(msgid="Hello %(who)s", msgstr="%(who)s，你好"), [HELLO], None),
        (polib.POEntry(msgid="Hello %(who)s", msgstr=""), [HELLO], "“Hello %(who)s” has no translation."),
        (
            polib.POEntry(msgid="Hello %(who)s", msgstr="%(who)s，你好", flags=["fuzzy"]),
            [HELLO],
            "“Hello %(who)s” is marked fuzzy: read its translation and take the mark away.",
        ),
        (
            polib.POEntry(msgid="Hello %(who)s", msgstr="%(name)s，你好"),
            [HELLO],
            "“Hello %(who)s” has the placeholders ['who'], its translation ['name'].",
        ),
        (
            polib.POEntry(msgid="Hello %(who)s", msgstr="%(who)，你好"),
            [HELLO],
            (
                "“Hello %(who)s” has a translation that can't be filled in: "
                "a placeholder ends in s or d, a per cent sign is written %%."
            ),
        ),
        (polib.POEntry(msgid="Bye", msgstr="再见"), [], "“Bye” is obsolete: the source has it no more."),
        (polib.POEntry(msgid="Bye", msgstr="再见", obsolete=True), [], "“Bye” is obsolete: it is commented out."),
        (
            polib.POEntry(msgid="May", msgctxt="month", msgstr="五月"),
            [Message("May", context="month"), Message("May")],
            "“May” is not in the catalogue.",
        ),
        (
            polib.POEntry(msgid="%(n)s day", msgid_plural="%(n)s days", msgstr_plural={0: "若干天"}),
            [Message("%(n)s day", "%(n)s days")],
            "“%(n)s day” has the placeholders ['n'], its translation [].",
        ),
        (
            polib.POEntry(msgid="%(n)s day", msgid_plural="%(n)s days", msgstr_plural={0: ""}),
            [Message("%(n)s day", "%(n)s days")],
            "“%(n)s day” has no translation.",
        ),
    ],
)
def test_check_names_each_fault(entry, wanted, fault):
    assert faults_of(entry, wanted=wanted) == ([fault] if fault else [])


@pytest.mark.parametrize("compiled", [None, b"", catalogue_of(polib.POEntry(msgid="Bye", msgstr="回见")).to_binary()])
def test_check_names_a_compiled_catalogue_that_is_behind(compiled):
    catalogue = catalogue_of(polib.POEntry(msgid="Bye", msgstr="再见"))
    assert messages.faults(catalogue, [Message("Bye")], compiled) == [
        "The compiled catalogue (.mo) is not what the .po says."
    ]


def test_merge_keeps_words_drops_what_is_gone_and_sorts():
    old = catalogue_of(
        polib.POEntry(msgid="b", msgstr="乙", occurrences=[("page.html", "3")]),
        polib.POEntry(msgid="gone", msgstr="无"),
        polib.POEntry(msgid="c", msgstr="丙", flags=["fuzzy"], tcomment="third of ten"),
    )
    made = messages.merged(old, [Message("c"), Message("b"), Message("a", "as")], "zh_Hans")
    assert [(one.msgid, one.msgstr, one.msgstr_plural, one.flags, one.tcomment, one.occurrences) for one in made] == [
        ("a", "", {0: ""}, [], "", []),
        ("b", "乙", {}, [], "", []),
        ("c", "丙", {}, ["fuzzy"], "third of ten", []),
    ]
    assert made.metadata["Plural-Forms"] == "nplurals=1; plural=0;"


def test_merge_does_not_lend_words_to_another_context():
    old = catalogue_of(polib.POEntry(msgid="May", msgctxt="month", msgstr="五月"))
    assert [one.msgstr for one in messages.merged(old, [Message("May")], "zh_Hans")] == [""]


def test_python_messages_are_found_in_every_form():
    source = b"""
a = _("one " "sentence")
b = gettext_lazy("lazy"), gettext("now"), other("not this"), _(variable)
c = ngettext("%(n)s day", "%(n)s days", n), pgettext("month", "May")
"""
    assert sorted(messages.in_python(source)) == [
        Message("%(n)s day", "%(n)s days"),
        Message("May", context="month"),
        Message("lazy"),
        Message("now"),
        Message("one sentence"),
    ]


def test_template_messages_are_found_in_every_form():
    template = """{% load i18n %}
      <p title="{% translate 'title' %}">{% translate "May" context "month" %} {{ _("filter") }} not this
    {% blocktranslate trimmed with who=user.name %}
        Hello
        {{ who }}
    {% endblocktranslate %}
   {% blocktranslate trimmed count n=total %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}
      {% comment %}{% translate "commented out" %}{% endcomment %}"""
    assert sorted(messages.in_template(template)) == [
        Message("%(n)s day", "%(n)s days"),
        Message("Hello %(who)s"),
        Message("May", context="month"),
        Message("filter"),
        Message("title"),
    ]


def test_tool_brings_a_catalogue_up_to_date_and_checks_it(tmp_path, monkeypatch, capsys):
    source, locale = tmp_path / "src", tmp_path / "src" / "locale"
    source.mkdir()
    (source / "page.py").write_text('title = _("Title")\n')
    for name, value in (("SOURCE", source), ("LOCALE", locale), ("ROOT", tmp_path), ("BORROWED", frozenset())):
        monkeypatch.setattr(messages, name, value)
    monkeypatch.setattr(messages, "__file__", str(tmp_path / "tools" / "messages.py"))
    path = locale / "zh_Hans" / "LC_MESSAGES" / "django.po"
    place = "src/locale/zh_Hans/LC_MESSAGES/django.po"

    assert messages.update() == 0
    assert capsys.readouterr().out == f"“Title” has no translation.\n{place}: 0 of 1 messages have words.\n"
    assert messages.check() == 1
    assert capsys.readouterr().err == (
        f"{place}: “Title” has no translation.\nRun python tools/messages.py, then fill in what it names.\n"
    )

    path.write_text(path.read_text(encoding="utf-8").removesuffix('msgstr ""\n') + 'msgstr "标题"\n', encoding="utf-8")
    assert messages.check() == 1
    assert "The compiled catalogue (.mo) is not what the .po says." in capsys.readouterr().err
    assert messages.update() == 0
    assert messages.check() == 0
    before = path.read_bytes(), path.with_suffix(".mo").read_bytes()
    assert messages.update() == 0
    assert (path.read_bytes(), path.with_suffix(".mo").read_bytes()) == before

    (source / "page.py").write_text("")
    assert messages.check() == 1
    assert "“Title” is obsolete: the source has it no more." in capsys.readouterr().err
    assert messages.update() == 0
    assert capsys.readouterr().out == f"dropped: “Title”\n{place}: 0 of 0 messages have words.\n"
