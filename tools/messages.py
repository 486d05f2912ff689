"""Keeps the catalogue of page texts: gathers what the source says, merges it, compiles it, checks it.

    python tools/messages.py            bring the catalogue up to date and list what still lacks words
    python tools/messages.py --check    change nothing; fail, naming each fault

Needs no GNU gettext. A catalogue is sorted by message and bears no line numbers and no dates, so that two branches
that add different texts merge, and an unchanged source leaves it unchanged.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "headwater"
LOCALE = SOURCE / "site" / "locale"

# Where the message, its plural and its context stand in a call.
_ONE, _COUNTED = (1,), (1, 2)
_ONE_OF, _COUNTED_OF = ((1, "c"), 2), ((1, "c"), 2, 3)
CALLS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), _ONE),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), _COUNTED),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), _ONE_OF),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), _COUNTED_OF),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)")
HEADER = {
    "Project-Id-Version": "Headwater",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}
PLURALS = {"zh_Hans": "nplurals=1; plural=0;"}


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """What the source asks to be translated: the text, its plural and its context, both empty where it has none."""

    text: str
    plural: str = ""
    context: str = ""

    def __str__(self) -> str:
        return f"“{self.text}”" + (f" (context “{self.context}”)" if self.context else "")


# What Django or a package of ours says and leaves without words, or without good ones, in one of our languages.
BORROWED = frozenset(
    map(
        Message,
        (
            ":",
            ":?.!",
            "Are you sure you want to sign out?",
            "Email Addresses",
            "Passkey",
            "Sign Out",
        ),
    )
)


def in_python(source: bytes) -> Iterator[Message]:
    """The messages of a Python file."""
    for _line, found, _comments, context in extract("python", io.BytesIO(source), CALLS):
        text, plural = found if isinstance(found, tuple) else (found, "")
        if text:
            yield Message(text, plural, context or "")


def in_template(source: str, origin: str = "template") -> Iterator[Message]:
    """The messages of a Django template."""
    calls = templatize(source, origin=origin)
    # What is left of the markup may be indented anyhow, and Python's tokenizer minds.
    return in_python("\n".join(line.strip() for line in calls.splitlines()).encode())


def in_tree(folder: Path) -> set[Message]:
    """The messages of all Python files and templates below a folder."""
    found: set[Message] = set()
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".py":
            found.update(in_python(path.read_bytes()))
        elif "templates" in path.parts and path.suffix in (".html", ".txt"):
            found.update(in_template(path.read_text(encoding="utf-8"), str(path)))
    return found


def of_entry(entry: polib.POEntry) -> Message:
    return Message(entry.msgid, entry.msgid_plural or "", entry.msgctxt or "")


def texts_of(entry: polib.POEntry) -> list[str]:
    """The translated forms of an entry; an untranslated one gives an empty text."""
    return list(entry.msgstr_plural.values()) or [""] if entry.msgid_plural else [entry.msgstr]


def merged(catalogue: Iterable[polib.POEntry], messages: Iterable[Message], language: str) -> polib.POFile:
    """The catalogue of exactly these messages, with the words the old one had for them."""
    known = {of_entry(entry): entry for entry in catalogue if not entry.obsolete}
    made = polib.POFile(wrapwidth=0)
    made.metadata = {**HEADER, "Language": language, "Plural-Forms": PLURALS[language]}
    for message in sorted(set(messages)):
        entry = polib.POEntry(msgid=message.text, msgctxt=message.context or None)
        old = known.get(message)
        if message.plural:
            entry.msgid_plural = message.plural
            entry.msgstr_plural = dict(old.msgstr_plural) if old else {0: ""}
        elif old:
            entry.msgstr = old.msgstr
        if old:
            entry.tcomment = old.tcomment
            entry.flags = [flag for flag in old.flags if flag == "fuzzy"]
        made.append(entry)
    return made


def faults(catalogue: polib.POFile, messages: Iterable[Message], compiled: bytes | None) -> list[str]:
    """What is wrong with a catalogue, one sentence a fault; none when it is complete and in step with the source."""
    wanted = set(messages)
    entries = {of_entry(entry): entry for entry in catalogue if not entry.obsolete}
    found = [f"{message} is not in the catalogue." for message in sorted(wanted - entries.keys())]
    found += [f"{message} is obsolete: the source has it no more." for message in sorted(entries.keys() - wanted)]
    found += [f"{of_entry(entry)} is obsolete: it is commented out." for entry in catalogue.obsolete_entries()]
    for message in sorted(wanted & entries.keys()):
        entry = entries[message]
        if not all(texts_of(entry)):
            found.append(f"{message} has no translation.")
        elif entry.fuzzy:
            found.append(f"{message} is marked fuzzy: read its translation and take the mark away.")
        else:
            found += [f"{message} {fault}" for text in texts_of(entry) if (fault := _unlike(message, text))]
    if compiled != catalogue.to_binary():
        found.append("The compiled catalogue (.mo) is not what the .po says.")
    return found


def _unlike(message: Message, text: str) -> str:
    """How the placeholders of a translation differ from those of its message."""
    want = set(PLACEHOLDER.findall(message.text + message.plural))
    have = set(PLACEHOLDER.findall(text))
    if want != have:
        return f"has the placeholders {sorted(want)}, its translation {sorted(have)}."
    try:
        _ = text % dict.fromkeys(want, 1) if want else ""
    except (TypeError, ValueError):
        return "has a translation that can't be filled in: a placeholder ends in s or d, a per cent sign is written %%."
    return ""


def _catalogues() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po")) or [LOCALE / "zh_Hans" / "LC_MESSAGES" / "django.po"]


def _read(path: Path) -> polib.POFile:
    return polib.pofile(str(path), wrapwidth=0) if path.exists() else polib.POFile(wrapwidth=0)


def check() -> int:
    """Print each fault of each catalogue; 1 when there is one."""
    messages, worst = in_tree(SOURCE) | BORROWED, 0
    for path in _catalogues():
        compiled = path.with_suffix(".mo")
        found = faults(_read(path), messages, compiled.read_bytes() if compiled.exists() else None)
        for fault in found:
            print(f"{path.relative_to(ROOT)}: {fault}", file=sys.stderr)
        if found:
            print(f"Run python {Path(__file__).relative_to(ROOT)}, then fill in what it names.", file=sys.stderr)
            worst = 1
    return worst


def update() -> int:
    """Bring each catalogue up to date, compile it, and list what it lacks."""
    messages = in_tree(SOURCE) | BORROWED
    for path in _catalogues():
        old = _read(path)
        for message in sorted({of_entry(entry) for entry in old} - messages):
            print(f"dropped: {message}")
        catalogue = merged(old, messages, path.parts[-3])
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue.save(str(path))
        catalogue = _read(path)
        compiled = catalogue.to_binary()
        path.with_suffix(".mo").write_bytes(compiled)
        for fault in faults(catalogue, messages, compiled):
            print(fault)
        done = sum(entry.translated() for entry in catalogue)
        print(f"{path.relative_to(ROOT)}: {done} of {len(catalogue)} messages have words.")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 and name each fault")
    sys.exit(check() if parser.parse_args().check else update())
